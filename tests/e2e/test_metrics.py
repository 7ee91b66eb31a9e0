"""Metrics: measures are recorded with what a task made, shown over runs, compared and drawn."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from provstore.project import Project as Opened

from .project import Project, stage

TRAIN = """
import json, sys
rate = float(sys.argv[1])
test = {"n": 3, "ok": True, "f1": float("nan")}
json.dump({"accuracy": 0.9 + rate / 10, "loss": 1 - rate, "test": test}, open(sys.argv[2], "w"))
"""
PIPELINEFILE = """
[project]
name = "demo"
[params]
rate = 0.1
[stages.train]
run = 'echo train >> "$TRACE"; python3 train.py {params.rate} {outputs.score}'
inputs.code = "train.py"
outputs.score = { path = "out/score.json", metric = true }
"""
FOLDS = """
[dimensions]
fold = [1, 2]
[stages.each]
dimensions = ["fold"]
run = "echo name,value > {outputs}; echo loss,{fold}.5 >> {outputs}"
outputs.table = { path = "out/{fold}.csv", metric = true }
"""
PLUGIN = """
from provstore.plugin import Format, hookimpl

class KeyValue(Format):
    name = "kv"
    suffixes = (".kv",)
    python_type = dict

    def read(self, path, component=None, **parameters):
        pairs = [line.split(": ") for line in path.read_text().splitlines()]
        return {name: float(value) for name, value in pairs}

    def write(self, value, path):
        path.write_text("".join(f"{name}: {number}" for name, number in value.items()))

@hookimpl
def provstore_formats():
    return [KeyValue()]
"""
UNMARKED = PIPELINEFILE.replace(", metric = true", "")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A stage with a metric; nothing has run."""
    return Project(tmp_path / "p", {"Pipelinefile.toml": PIPELINEFILE, "train.py": TRAIN})


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same after three runs, for tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("shared") / "p", {"Pipelinefile.toml": PIPELINEFILE, "train.py": TRAIN})
    for rate in (0.1, 0.2, 0.3):
        project.run("-P", f"rate={rate}")
    return project


def recorded(project: Project) -> list[Any]:
    """What the store has in the table of metrics, in order."""
    return [json.loads(row[0]) for row in project.rows("SELECT measures FROM metric ORDER BY rowid")]


def metrics(project: Project, *words: str) -> dict[str, Any]:
    """``provstore metrics --json``."""
    report: dict[str, Any] = project.provstore("metrics", *words, "--json").report
    return report


def run_ids(project: Project) -> list[str]:
    """Ids of the runs, newest first."""
    return [run["id"] for run in project.provstore("log", "--json").report["runs"]]


# --- recording ------------------------------------------------------------------------------------------------


def test_a_success_records_the_measures_of_its_metrics(project: Project) -> None:
    """One fact for each new dataset, part of the chain."""
    project.run()

    assert recorded(project) == [{"accuracy": 0.91, "loss": 0.9, "test.n": 3, "test.ok": True, "test.f1": "nan"}]
    assert project.rows("SELECT count(*) FROM record WHERE kind = 'metric'") == [(1,)]
    project.provstore("fsck")


def test_a_file_without_measures_is_named_and_its_task_succeeds(project: Project) -> None:
    """Nothing is recorded of it; whatever the file is."""
    project.write("train.py", "import sys; open(sys.argv[2], 'w').write('{')")
    done = project.run()

    assert done.report["outcome"] == "succeeded"
    assert "out/score.json: no measures are recorded of it" in done.err
    assert recorded(project) == []
    assert metrics(project)["rows"] == []


def test_a_failed_task_records_none(project: Project) -> None:
    """What it had written is no result."""
    project.write("train.py", TRAIN + "sys.exit(1)")
    project.run(status=1)

    assert recorded(project) == []
    assert project.provstore("metrics").out == "no measures yet\n"


@pytest.mark.parametrize(
    ("name", "text", "measures"),
    [
        ("a.toml", "[test]\nf1 = 0.5", {"test.f1": 0.5}),
        ("a.csv", "accuracy,loss\n1,0.5", {"accuracy": 1, "loss": 0.5}),
        ("a.jsonl", '{"loss": 2}\n{"loss": 1}', {"0.loss": 2, "1.loss": 1}),
        ("a.txt", "0.5", {"a": 0.5}),
    ],
)
def test_any_format_of_plain_values_has_measures(tmp_path: Path, name: str, text: str, measures: object) -> None:
    """TOML, CSV, lines of JSON, a number in a text file."""
    body = f'[stages.a]\nrun = "cp in {{outputs}}"\ninputs = ["in"]\noutputs.a = {{ path = "{name}", metric = true }}\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body, "in": text})
    project.run()

    assert recorded(project) == [measures]


def test_a_format_of_a_plugin_has_measures(tmp_path: Path) -> None:
    """Whatever it reads as plain values, without knowing of metrics."""
    body = '[project]\nplugins = ["kv.py"]\n[stages.a]\nrun = "echo loss: 0.5 > {outputs}"\n'
    body += 'outputs.a = { path = "a.kv", metric = true }\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body, "kv.py": PLUGIN})
    project.run()

    assert recorded(project) == [{"loss": 0.5}]


def test_to_mark_an_output_makes_nothing_stale(project: Project) -> None:
    """What was made before is read from its kept bytes; the store stays as it is."""
    project.write("Pipelinefile.toml", UNMARKED)
    project.run()
    project.run("-P", "rate=0.2")
    project.write("Pipelinefile.toml", PIPELINEFILE)
    project.run("-P", "rate=0.2")
    before = project.store_bytes()
    report = metrics(project)

    assert project.count() == {"train": 2}
    assert [row["measures"]["accuracy"] for row in report["rows"]] == [0.92, 0.91]
    assert recorded(project) == []
    assert project.store_bytes() == before


def test_the_next_run_after_marking_records(project: Project) -> None:
    """The remembered plan knows of the mark."""
    project.write("Pipelinefile.toml", UNMARKED)
    project.run()
    project.write("Pipelinefile.toml", PIPELINEFILE)
    project.run()
    project.run("--force")

    assert len(recorded(project)) == 1


def test_versions_whose_bytes_are_gone_are_counted(project: Project) -> None:
    """The present file stands in for the one that it still is."""
    project.write("Pipelinefile.toml", "[store]\nobjects = 'none'\n" + UNMARKED)
    project.run()
    project.run("-P", "rate=0.2")
    project.write("Pipelinefile.toml", PIPELINEFILE)
    done = project.provstore("metrics", "--json")

    assert [row["measures"]["accuracy"] for row in done.report["rows"]] == [0.92]
    assert "remark: out/score.json: a version has no measures: its bytes are not kept" in done.err


def test_of_many_files_that_can_not_be_read_there_is_one_remark(tmp_path: Path) -> None:
    """One for each reason, in the table and in differences."""
    body = FOLDS.replace("[1, 2]", "'1..9'").replace("name,value", "x")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body + "[stages.good]\nrun = 'echo 1 > a.txt'\n"
                                       "outputs.a = { path = 'a.txt', metric = true }\n"})  # fmt: skip
    project.run()
    table, present = project.provstore("metrics"), project.provstore("metrics", "diff", "--present")
    unread = "no measures: row 2 has 2 cells, expected 1 as in the first one"

    assert re.fullmatch(rf"remark: out/\d\.csv and 8 more: 9 versions have {unread}\n", table.err)
    assert table.err == present.err


def test_a_changed_fact_is_not_shown(project: Project) -> None:
    """No record is shown without proof."""
    project.run()
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("UPDATE metric SET measures = ?", ('{"accuracy":1}',))
        conn.commit()

    assert "is not what was recorded" in project.provstore("metrics", status=3).err


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ('inputs.a = { path = "a", metric = true }', "has 'metric', which is for outputs"),
        ('outputs.a = { path = "a/", metric = true }', "path 'a/' is a folder, expected a file for a metric"),
        ('outputs.a = { path = "a", metrics = true }', "unknown key 'metrics' (did you mean 'metric'?)"),
        ('outputs.a = { path = "a", metric = "yes" }', "metric"),
    ],
)
def test_only_files_that_are_made_are_metrics(tmp_path: Path, declared: str, found: str) -> None:
    """Anything else is an error before a command is run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": f"[stages.x]\nrun = 'touch a'\n{declared}\n"})

    assert found in project.run(status=2).err


# --- the table ------------------------------------------------------------------------------------------------


def test_the_table_has_a_line_for_each_run(shared: Project) -> None:
    """Newest first, with what differs, and how it changed since the line below."""
    head, *lines = shared.provstore("metrics").out.splitlines()

    assert head.split() == ["run", "made", "rate", "accuracy", "loss", "test.n", "test.f1", "test.ok"]
    assert [line.split()[3:] for line in lines] == [
        ["0.3", "0.93", "↑", "0.7", "↓", "3", "nan", "true"],
        ["0.2", "0.92", "↑", "0.8", "↓", "3", "nan", "true"],
        ["0.1", "0.91", "0.9", "3", "nan", "true"],
    ]


def test_the_json_is_a_contract(shared: Project) -> None:
    """These keys; ids and times whole."""
    report = metrics(shared)

    assert list(report) == ["columns", "rows", "more"]
    assert report["columns"] == ["accuracy", "loss", "test.n", "test.f1", "test.ok"]
    assert [row["run"] for row in report["rows"]] == run_ids(shared)
    for row in report["rows"]:
        assert list(row) == [
            "run", "execution", "created", "stage", "data_id", "params", "commit", "dirty", "measures",
            "by_hand",
        ]  # fmt: skip
        assert (row["stage"], row["data_id"], row["commit"]) == ("train", {}, None)
    assert [row["params"] for row in report["rows"]] == [{"rate": 0.3}, {"rate": 0.2}, {"rate": 0.1}]
    assert report["rows"][0]["measures"]["test.f1"] == "nan"


def test_csv_is_a_row_for_each_execution(shared: Project) -> None:
    """As a program reads it."""
    rows = list(csv.DictReader(io.StringIO(shared.provstore("metrics", "--csv").out)))

    assert [(row["params.rate"], row["loss"], row["test.ok"]) for row in rows] == [
        ("0.3", "0.7", "true"), ("0.2", "0.8", "true"), ("0.1", "0.9", "true"),
    ]  # fmt: skip


def test_names_and_numbers_narrow_the_table(shared: Project) -> None:
    """A level stands for all below it."""
    assert metrics(shared, "--only", "test", "--only", "loss")["columns"] == ["test.n", "test.f1", "test.ok", "loss"]
    assert len(metrics(shared, "-n", "2")["rows"]) == 2
    assert metrics(shared, "-n", "2")["more"]
    assert metrics(shared, "train") == metrics(shared, "out/score.json") == metrics(shared, "show")
    assert "did you mean 'accuracy'?" in shared.provstore("metrics", "--only", "acuracy", status=2).err
    assert "did you mean 'train'?" in shared.provstore("metrics", "trian", status=2).err


def test_a_measure_is_found_behind_many_others(tmp_path: Path) -> None:
    """The last executions are those that have it."""
    body = FOLDS.replace("[1, 2]", "'1..30'") + "inputs.rate = 'a.txt'\n"
    first = "[stages.first]\nrun = 'echo 1 > a.txt'\noutputs.alone = { path = 'a.txt', metric = true }\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body + first})
    project.run()

    assert project.provstore("metrics", "--only", "a").out.splitlines()[1].split()[-1] == "1"
    assert len(project.provstore("metrics", "--only", "loss").out.splitlines()) == 22
    assert "no measure of this name" in project.provstore("metrics", "--only", "zz", status=2).err


def test_the_folder_may_stand_anywhere(shared: Project) -> None:
    """Before the command, behind it, and behind the command in it."""
    wanted = shared.provstore("metrics", "--csv").out
    root = str(shared.root)
    for words in (("-C", root, "metrics"), ("metrics", "-C", root), ("metrics", "-C", root, "show"),
                  ("metrics", "show", "-C", root)):  # fmt: skip
        assert shared.provstore(*words, "--csv", cwd="/").out == wanted


def test_questions_write_nothing(shared: Project) -> None:
    """Not a byte."""
    before = shared.store_bytes()
    for words in ((), ("diff",), ("plot",)):
        shared.provstore("metrics", *words)

    assert shared.store_bytes() == before


@pytest.mark.parametrize(("output", "name"), [("outputs.score", "score"), ("outputs", "each")])
def test_a_single_value_has_one_name_at_all_data_ids(tmp_path: Path, output: str, name: str) -> None:
    """That of the output, or of the stage: the files have one each."""
    spec = '{ path = "out/{fold}.txt", metric = true }'
    text = (
        "[dimensions]\nfold = [1, 2]\n[stages.each]\ndimensions = ['fold']\nrun = 'echo {fold}.5 > {outputs}'\n"
        f"{output} = {spec if '.' in output else f'[{spec}]'}\n"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()

    assert metrics(project)["columns"] == [name]
    assert {row["measures"][name] for row in metrics(project)["rows"]} == {1.5, 2.5}


def test_what_was_accepted_by_hand_is_marked(project: Project) -> None:
    """No task has measured it with these parameters."""
    project.run()
    project.write("out/score.json", '{"accuracy": 1}')
    project.provstore("accept", "train")
    lines = project.provstore("metrics").out.splitlines()
    difference = project.provstore("metrics", "diff")

    assert [row["by_hand"] for row in metrics(project)["rows"]] == [True, False]
    assert ["(by hand)" in line for line in lines] == [False, True, False]
    assert difference.err == "remark: out/score.json: put there by hand and accepted: nothing ran\n"


def test_each_data_id_has_its_line(tmp_path: Path) -> None:
    """And measures of different stages in one run share one."""
    body = FOLDS + stage("sum", "echo 7 > sum.txt", "out/1.csv out/2.csv")
    body = body.replace("outputs = []", 'outputs.sum = { path = "sum.txt", metric = true }')
    other = '[stages.more]\nrun = "echo 8 > more.txt"\noutputs.more = { path = "more.txt", metric = true }\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body + other})
    project.run()
    lines = project.provstore("metrics").out.splitlines()

    assert lines[0].split() == ["run", "made", "task", "loss", "more", "sum"]
    assert sorted([line.split()[3:] for line in lines[1:]]) == [
        ["each@fold=1", "1.5", "-", "-"], ["each@fold=2", "2.5", "-", "-"], ["more+sum", "-", "8", "7"],
    ]  # fmt: skip
    assert {row["execution"] for row in metrics(project, "each@fold=2")["rows"]} < {
        row["execution"] for row in metrics(project, "each")["rows"]
    }


def test_measures_of_one_name_are_told_apart_by_their_stage(tmp_path: Path) -> None:
    """And by the role, where a stage has two."""
    body = "".join(
        f'[stages.{name}]\nrun = "echo loss,{number} > {{outputs}}"\n'
        f'outputs.o = {{ path = "{name}.csv", metric = true }}\n'
        for number, name in enumerate(("a", "b"))
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body})
    project.run()

    assert metrics(project)["columns"] == ["a:loss", "b:loss"]
    assert metrics(project, "--only", "loss")["columns"] == ["a:loss", "b:loss"]
    assert metrics(project, "a")["columns"] == ["loss"]


def test_parameters_of_stages_upstream_are_shown_too(tmp_path: Path) -> None:
    """From `-P`, or from the other executions of the run; a run that found the stage upstream fresh knows none."""
    body = (
        "[params]\nrate = 1\nother = 1\n"
        + stage("draw", "echo {params.other} > unrelated", "", "unrelated")
        + stage("a", "echo {params.rate} > a", "", "a")
        + stage("b", "echo 1 > b.txt", "a").replace("outputs = []", 'outputs.b = { path = "b.txt", metric = true }')
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body})
    project.run()
    project.run("-P", "rate=2", "-P", "other=5")
    project.run("--force", "--only", "b", "-P", "rate=2")
    project.run("--force", "--only", "b")

    assert [row["params"] for row in metrics(project)["rows"]] == [{}, {"rate": 2}, {"rate": 2}, {"rate": 1}]


def test_an_output_that_gets_a_name_is_the_same_one(project: Project) -> None:
    """Its role changes when a plain array becomes a table, as marking it takes; its path does not."""
    body = PIPELINEFILE.replace(
        'outputs.score = { path = "out/score.json", metric = true }', 'outputs = ["out/score.json"]'
    )
    project.write("Pipelinefile.toml", body.replace("{outputs.score}", "{outputs}"))
    project.run()
    project.write("Pipelinefile.toml", PIPELINEFILE)
    project.run()

    assert len(metrics(project, "--only", "loss")["rows"]) == 2


def test_a_plan_of_another_spelling_is_made_anew(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was remembered before outputs had marks does not say which have one."""
    project.run()
    with Opened.find(str(project.root)) as opened:
        remembered = not opened.plan({}).is_news
    monkeypatch.setattr("provstore.project.SPELLING", -1)
    with Opened.find(str(project.root)) as opened:
        assert remembered
        assert opened.plan({}).is_news


def test_without_metrics_it_is_said_how_to_mark_them(tmp_path: Path) -> None:
    """In a table, a comparison and a picture; also where there is no store."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo 1 > b", "", "b")})

    assert "no output is marked as a metric" in project.provstore("metrics").out
    project.run()
    assert "no output is marked as a metric" in project.provstore("metrics").out
    assert "no output is marked as a metric" in project.provstore("metrics", "diff", status=2).err
    assert "no output is marked as a metric" in project.provstore("metrics", "plot", status=2).err


def test_a_file_that_is_not_marked_is_read_when_it_is_named(project: Project) -> None:
    """Of every version; names in it can't steer the terminal."""
    project.write("Pipelinefile.toml", UNMARKED)
    project.write("train.py", TRAIN.replace("loss", "\\x1b[31m"))
    project.run()
    done = project.provstore("metrics", "out/score.json")

    assert "\\x1b[31m" in done.out
    assert "\x1b" not in done.out


# --- differences ----------------------------------------------------------------------------------------------


def test_the_last_run_is_compared_with_what_was_there_before(shared: Project) -> None:
    """With the change, also relative."""
    last, before, _ = run_ids(shared)
    report = shared.provstore("metrics", "diff", "--json").report
    text = shared.provstore("metrics", "diff").out.splitlines()

    assert {key: report[key] for key in ("kind", "a", "b", "equal")} == {
        "kind": "metrics", "a": f"before run {last}", "b": f"run {last}", "equal": 3,
    }  # fmt: skip
    assert [(entry["what"], entry["name"], entry["a"], entry["b"]) for entry in report["differences"]] == [
        ("metric", "accuracy", 0.92, 0.93), ("metric", "loss", 0.8, 0.7),
    ]  # fmt: skip
    assert text[3].split() == ["accuracy", "0.92", "0.93", "+0.01", "+1.09", "%"]
    assert text[-1] == "3 measures are the same"
    same = shared.provstore("metrics", "diff", before, last, "--json").report
    assert same["differences"] == report["differences"]


def test_runs_executions_and_datasets_are_compared(shared: Project) -> None:
    """By their ids or beginnings of these."""
    wanted = shared.provstore("metrics", "diff", *run_ids(shared)[:2], "--json").report["differences"]
    executions = [row[0] for row in shared.rows("SELECT id FROM execution ORDER BY rowid DESC LIMIT 2")]
    datasets = [row[0] for row in shared.rows("SELECT dataset FROM metric ORDER BY rowid DESC LIMIT 2")]

    assert wanted
    for ids in (executions, datasets):
        assert shared.provstore("metrics", "diff", *ids, "--json").report["differences"] == wanted


def test_what_lies_there_is_compared_with_the_last_record(project: Project) -> None:
    """Edited by hand, broken, and gone."""
    project.run()
    project.write("out/score.json", '{"accuracy": 0.5}')
    report = project.provstore("metrics", "diff", "--present", "--only", "accuracy", "--json").report
    project.write("out/score.json", "{")
    broken = project.provstore("metrics", "diff", "--present")
    os.unlink(project.root / "out/score.json")
    gone = project.provstore("metrics", "diff", "--present")

    assert [(entry["a"], entry["b"]) for entry in report["differences"]] == [(0.91, 0.5)]
    assert "remark: out/score.json: no measures now: line 1" in broken.err
    assert "remark: out/score.json: no measures now: there is no such file" in gone.err


def test_a_run_has_what_was_newest_when_it_ended(tmp_path: Path) -> None:
    """Tasks that were fresh in it, too."""
    body = "".join(
        f'[stages.{name}]\nrun = "echo {name},$(cat {name}.in) > {{outputs}}"\ninputs = ["{name}.in"]\n'
        f'outputs.o = {{ path = "{name}.csv", metric = true }}\n'
        for name in ("a", "b")
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": body, "a.in": "1\n", "b.in": "1\n"})
    project.run()
    project.write("a.in", "2\n")
    project.run()
    second, first = run_ids(project)
    found = project.provstore("metrics", "diff", first, second, "--json").report

    assert [(entry["name"], entry["a"], entry["b"]) for entry in found["differences"]] == [("a", 1, 2)]
    assert found["equal"] == 1


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("zzzz",), "no run, execution or dataset has an id that begins so"),
        (("SOURCE",), "no task has made this dataset"),
        (("a", "b", "--present"), "found --present and b"),
        (("--only", "x"), "there is no measure of this name"),
    ],
)
def test_what_can_not_be_compared_is_said(shared: Project, words: tuple[str, ...], text: str) -> None:
    """In one message, with status 2."""
    source = shared.rows("SELECT id FROM dataset WHERE execution IS NULL")[0][0]

    assert text in shared.provstore("metrics", "diff", *[source if word == "SOURCE" else word for word in words],
                                    status=2).err  # fmt: skip


def test_one_run_has_nothing_to_be_compared_with(project: Project) -> None:
    """Nor has none."""
    assert "nothing was recorded yet" in project.provstore("metrics", "diff", status=2).err
    project.run()
    assert "there is nothing to compare it with" in project.provstore("metrics", "diff", status=2).err


# --- pictures -------------------------------------------------------------------------------------------------


def test_a_picture_has_a_panel_for_each_measure(shared: Project, tmp_path: Path) -> None:
    """What is no number is left out, and named."""
    done = shared.provstore("metrics", "plot", "-o", str(tmp_path / "a.svg"))
    tree = ElementTree.parse(tmp_path / "a.svg")

    assert len(list(tree.iter("{http://www.w3.org/2000/svg}polyline"))) == 3
    assert "remark: left out, as there are no numbers in them: test.f1, test.ok" in done.err
    assert done.out == ""


def test_a_picture_may_go_to_standard_output(shared: Project) -> None:
    """Whole, and nothing else; over a parameter."""
    document = shared.provstore("metrics", "plot", "loss", "-x", "rate", "-o", "-").out
    assert shared.provstore("metrics", "plot", "loss", "-x", "rate").out == document

    assert ElementTree.fromstring(document).tag.endswith("svg")
    assert ">rate<" in document


def test_bars_are_shown_where_no_picture_is_wanted(shared: Project) -> None:
    """From the first value to the last."""
    title, _, *lines = shared.provstore("metrics", "plot", "accuracy", "loss", "--text").out.splitlines()

    assert title == "demo: 3 runs"
    assert [line.split() for line in lines] == [
        ["accuracy", "▁▅█", "0.91", "0.93", "0.91", "0.93"], ["loss", "█▅▁", "0.9", "0.7", "0.7", "0.9"],
    ]  # fmt: skip


def test_what_can_not_be_drawn_is_said(shared: Project) -> None:
    """With the nearest name."""
    assert "did you mean 'rate'?" in shared.provstore("metrics", "plot", "-x", "rat", status=2).err
    assert "expected a name that ends in .svg" in shared.provstore("metrics", "plot", "-o", "a.png", status=2).err
    assert "did you mean 'loss'?" in shared.provstore("metrics", "plot", "los", status=2).err
    assert "see whether its folder is there" in shared.provstore("metrics", "plot", "-o", "no/a.svg", status=2).err
    nothing = shared.provstore("metrics", "plot", "test.ok", status=2).err
    assert nothing.startswith("remark: left out")
    assert "nothing to draw: none of these measures is a number" in nothing


def test_a_parameter_that_is_no_number_is_no_axis(tmp_path: Path) -> None:
    """It is said in the place of an empty picture; the newest run alone is called that."""
    text = PIPELINEFILE.replace("{params.rate} ", "{params.rate} {outputs.score} {params.how}; true ")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text.replace("rate =", "how = 'fast'\nrate =", 1),
                                       "train.py": TRAIN})  # fmt: skip
    project.run()
    project.run("-P", "rate=0.2")

    assert "-x how: it is no number in any execution" in project.provstore("metrics", "plot", "-x", "how", status=2).err
    assert project.provstore("metrics", "plot", "-n", "1", "--text").out.splitlines()[0] == "demo: the last run"


def test_what_was_copied_elsewhere_answers_the_same(shared: Project, tmp_path: Path) -> None:
    """From the store alone: neither files nor a place that can be written are needed."""
    copy = tmp_path / "copy"
    (copy / ".provstore").mkdir(parents=True)
    shutil.copy(shared.root / "Pipelinefile.toml", copy)
    shutil.copy(shared.store, copy / ".provstore")
    (copy / "train.py").write_text("", encoding="utf-8")

    assert shared.provstore("metrics", "-C", str(copy), "--json").report == metrics(shared)


def test_what_came_by_a_merge_is_not_the_newest(tmp_path: Path) -> None:
    """What was recorded elsewhere before is compared as it was then, whichever store it is in first."""
    there, here = [
        Project(tmp_path / name, {"Pipelinefile.toml": PIPELINEFILE, "train.py": TRAIN}) for name in ("there", "here")
    ]
    there.run("-P", "rate=0.9")
    here.run("-P", "rate=0.2")
    here.run("-P", "rate=0.3")
    before = metrics(here, "diff")
    here.provstore("merge", "../there")
    runs = run_ids(here)

    assert metrics(here, "diff") == before
    assert [row["run"] for row in metrics(here)["rows"]] == runs
    assert [row["measures"] for row in metrics(here, "-n", "3")["rows"]][2] == recorded(there)[0]
    assert metrics(here, "diff", runs[2], runs[0])["differences"]


def test_versions_without_a_format_are_read_by_the_one_of_now(tmp_path: Path) -> None:
    """Recorded as bytes, and given a format since; what is still bytes has no measures."""
    text = '[stages.a]\nrun = "cp in out.dat"\ninputs = ["in"]\noutputs.m = "out.dat"\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": '{"acc": 0.5}'})
    project.run()
    without = project.provstore("metrics", "out.dat")
    project.write("Pipelinefile.toml", text.replace('"out.dat"\n', '{ path = "out.dat", format = "json" }\n'))

    assert "its format is bytes, which has no measures" in without.err
    assert [row["measures"] for row in metrics(project, "out.dat")["rows"]] == [{"acc": 0.5}]
