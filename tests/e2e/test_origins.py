"""`why` and `history`: what made a file, and what became of it."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provstore.cli.origins import why_text
from provstore.operations.why import why as ask_why
from provstore.project import Project as Opened

from .project import Done, Project, stage

PIPELINE = (
    '[project]\nname = "demo"\n[params]\ntop = 2\n'
    + stage("sort", "sort names.txt > out/sorted.txt", "names.txt", "out/sorted.txt")
    + '[stages.head]\nrun = "head -n {params.top} {inputs.0} > {outputs.0}"\ninputs = ["out/sorted.txt"]\n'
    + 'outputs = ["out/head.txt"]\nenv = ["MODE"]\n'
    + stage("count", "wc -l < out/sorted.txt > out/count.txt", "out/sorted.txt", "out/count.txt")
    + stage("join", "cat out/head.txt out/count.txt names.txt > out/joined.txt",
            "out/head.txt out/count.txt names.txt", "out/joined.txt")
    + stage("split", "mkdir -p parts/deep; cp names.txt parts/one.txt; cp out/count.txt parts/deep/two.txt",
            "names.txt out/count.txt", "parts/")
)  # fmt: skip
FILES = {"Pipelinefile.toml": PIPELINE, "names.txt": "c\na\nb\n"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A diamond and a directory, up to date."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    return project


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same, for tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("shared") / "p", FILES)
    project.environment["MODE"] = "fast"
    project.run()
    return project


def why(project: Project, path: str, status: int = 0, **how: Any) -> dict[str, Any]:
    """What ``why --json`` says."""
    return project.provstore("why", "--json", path, status=status, **how).report


def versions(project: Project, path: str, *words: str) -> list[dict[str, Any]]:
    """What ``history --json`` says."""
    found = project.provstore("history", "--json", path, *words).report
    assert found["path"] == path
    return list(found["versions"])


def marks(project: Project, path: str) -> list[tuple[bool, bool]]:
    """Of each version, newest first: does it lie there, are its bytes kept?"""
    return [(version["current"], version["kept"]) for version in versions(project, path)]


def executions(project: Project, stage: str) -> list[str]:
    """Ids of the executions of a stage, oldest first."""
    return [row[0] for row in project.rows(f"SELECT id FROM execution WHERE stage = '{stage}' ORDER BY rowid")]


def shown(project: Project, path: str) -> str:
    """What ``why`` prints, which fits on a screen."""
    out = project.provstore("why", path, status=None).out
    assert len(out.splitlines()) <= 24
    return out


# --- why ------------------------------------------------------------------------------------------------


def test_why_names_what_made_a_file_and_from_what(shared: Project) -> None:
    """Where ways meet, each input has its own origin; the records are those of `show`."""
    found = why(shared, "out/joined.txt")
    made = {entry["path"]: entry["origin"] and entry["origin"]["stage"] for entry in found["inputs"]}
    (execution,) = executions(shared, "join")

    assert found["state"] == "current"
    assert made == {"out/head.txt": "head", "out/count.txt": "count", "names.txt": None}
    assert found["execution"]["id"] == execution
    for kind in ("dataset", "execution", "run"):
        whole = shared.provstore("show", "--json", found[kind]["id"]).report
        assert {"record": kind, **found[kind]} == whole
    head = next(entry for entry in found["inputs"] if entry["path"] == "out/head.txt")
    assert head["origin"]["execution"] == executions(shared, "head")[0]
    assert head["origin"]["ended"].endswith("Z")
    assert head["digest"] == why(shared, "out/head.txt")["dataset"]["digest"]


def test_why_is_one_screen_for_people(shared: Project) -> None:
    """Task, time, machine, person, command, parameters, variables and inputs."""
    out = shown(shared, "out/head.txt")

    assert out.startswith("current  out/head.txt\n  made by      head, 20")
    assert "  command      head -n 2 out/sorted.txt > out/head.txt\n" in out
    assert "  params       top = 2\n" in out
    assert "  environment  MODE = fast\n" in out
    assert "  inputs       out/sorted.txt  made by sort on 20" in out
    assert f"@{os.uname().nodename}, " in out


def test_a_source_has_no_maker(shared: Project) -> None:
    """What nobody made has no execution and no inputs; who read it is said."""
    found = why(shared, "names.txt")

    assert (found["state"], found["execution"], found["inputs"], found["run"]) == ("current", None, [], None)
    assert found["dataset"]["path"] == "names.txt"
    assert {reader["stage"] for reader in found["dataset"]["readers"]} == {"sort", "join", "split"}
    assert "made by   nobody that is known: a source\n" in shown(shared, "names.txt")


def test_a_file_in_a_directory_is_answered_by_that_directory(project: Project) -> None:
    """Also a folder in it; who changes one file has modified that one alone."""
    answers = {path: why(project, path) for path in ("parts", "parts/one.txt", "parts/deep", "parts/deep/two.txt")}
    project.write("parts/one.txt", "edited\n")
    after = {path: why(project, path)["state"] for path in answers}

    assert {found["execution"]["stage"] for found in answers.values()} == {"split"}
    assert {found["dataset"]["path"] for found in answers.values()} == {"parts"}
    assert {found["state"] for found in answers.values()} == {"current"}
    assert after == {
        "parts": "modified", "parts/one.txt": "modified", "parts/deep": "current", "parts/deep/two.txt": "current",
    }  # fmt: skip


def test_an_edited_file_is_modified(project: Project) -> None:
    """What follows is how the recorded version was made."""
    project.write("out/count.txt", "99\n")
    found = why(project, "out/count.txt")

    assert (found["state"], found["agrees"]) == ("modified", None)
    assert found["execution"]["id"] == executions(project, "count")[0]
    assert "not what was recorded: its bytes differ" in shown(project, "out/count.txt")


def test_an_edited_source_is_modified(project: Project) -> None:
    """Until a run has read it; and when older bytes are back, until a run has found that these are as good."""
    project.write("names.txt", "z\n")
    edited = why(project, "names.txt")["state"]
    project.run()
    read = why(project, "names.txt")["state"]
    project.write("names.txt", "c\na\nb\n")
    back = why(project, "names.txt")
    project.run()

    assert (edited, read, back["state"], why(project, "names.txt")["state"]) == (
        "modified", "current", "modified", "current",
    )  # fmt: skip
    assert back["agrees"] == "bytes"
    assert back["latest"] is not None


def test_the_executable_bit_counts(project: Project) -> None:
    """The same bytes with another bit are modified, and that is said."""
    full = project.root / "out/count.txt"
    full.chmod(full.stat().st_mode | stat.S_IXUSR)
    found = why(project, "out/count.txt")

    assert (found["state"], found["agrees"]) == ("modified", "mode")
    assert "its executable bit differs" in shown(project, "out/count.txt")


def test_a_missing_file_is_said_to_be_missing(project: Project) -> None:
    """With all that is known of it, and that it may be restored."""
    project.remove("out/count.txt")
    found = why(project, "out/count.txt")

    assert (found["state"], found["execution"]["stage"]) == ("missing", "count")
    assert "provstore restore out/count.txt" in shown(project, "out/count.txt")


def test_what_nobody_knows_is_unknown(project: Project) -> None:
    """Exit status 1: a file of another's, a name that is mistyped, and what a task has yet to make."""
    project.write("mine.txt", "mine\n")
    project.write("Pipelinefile.toml", PIPELINE + stage("late", "date > late.txt", "", "late.txt"))
    found = why(project, "mine.txt", status=1)

    assert found["state"] == "unknown"
    assert (found["dataset"], found["execution"], found["run"], found["inputs"]) == (None, None, None, [])
    assert why(project, "out/joind.txt", status=1)["state"] == "unknown"
    assert "did you mean 'out/joined.txt'?" in shown(project, "out/joind.txt")
    assert "a task is to make it, and none has done so yet" in shown(project, "late.txt")


def test_a_renamed_or_copied_file_is_found_by_its_bytes(project: Project, tmp_path: Path) -> None:
    """Within the project, and from outside of it."""
    shutil.copy(project.root / "out/joined.txt", tmp_path / "elsewhere.dat")
    (project.root / "out/joined.txt").rename(project.root / "final.txt")
    inside, outside = why(project, "final.txt"), why(project, str(tmp_path / "elsewhere.dat"))

    for found in (inside, outside):
        assert (found["state"], found["recorded_path"], found["execution"]["stage"]) == (
            "current", "out/joined.txt", "join",
        )  # fmt: skip
    assert "the store does not know this path; it has the bytes of out/joined.txt" in shown(project, "final.txt")
    assert why(project, "out/joined.txt")["state"] == "missing"


def test_a_renamed_directory_is_found_by_its_content(project: Project) -> None:
    """As a file is."""
    (project.root / "parts").rename(project.root / "moved")
    found = why(project, "moved")

    assert (found["state"], found["recorded_path"], found["dataset"]["kind"]) == ("current", "parts", "directory")


def test_a_file_taken_out_of_a_directory_is_found_by_its_bytes(project: Project, tmp_path: Path) -> None:
    """The directory's manifest knows it, under whatever name it lies elsewhere."""
    shutil.copy(project.root / "parts/deep/two.txt", tmp_path / "mine")
    project.write("names.txt", "d\n")
    (project.root / "parts/one.txt").rename(project.root / "moved.txt")

    assert why(project, str(tmp_path / "mine"))["execution"]["stage"] in ("split", "count")
    moved = why(project, "moved.txt")
    assert (moved["dataset"]["path"], moved["execution"]["stage"]) == ("parts", "split")
    project.write("parts/new", "x")
    made = project.provstore("lineage", "--json", str(tmp_path / "mine"))
    assert {node["stage"] for node in made.report["executions"]} >= {"count", "sort"}


def test_only_a_directory_holds_a_file_that_is_asked_about(tmp_path: Path) -> None:
    """No dataset has these bytes by itself."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("split", "mkdir -p d; echo one > d/a", "", "d/")})
    project.run()
    shutil.copy(project.root / "d/a", project.root / "b")

    found = why(project, "b")
    assert (found["state"], found["dataset"]["path"], found["execution"]["stage"]) == ("current", "d", "split")
    assert [node["path"] for node in project.provstore("lineage", "--json", "b").report["datasets"]] == ["d"]


def test_a_way_through_a_link_leads_to_the_same_file(project: Project) -> None:
    """A link to a folder of the project, and one to a file."""
    (project.root / "latest").symlink_to("out")
    (project.root / "best.txt").symlink_to("out/head.txt")

    for path in ("latest/head.txt", "best.txt"):
        assert why(project, path)["path"] == "out/head.txt"


def test_one_output_copied_over_another_is_noticed(project: Project) -> None:
    """The path is known and its bytes are those of another: both are said."""
    shutil.copy(project.root / "out/head.txt", project.root / "out/count.txt")
    found = why(project, "out/count.txt")

    assert (found["state"], found["execution"]["stage"], found["elsewhere"]) == (
        "modified", "count", ["out/head.txt"],
    )  # fmt: skip
    assert "these are the bytes of out/head.txt" in shown(project, "out/count.txt")


def test_data_are_found_after_a_recompression(tmp_path: Path) -> None:
    """In its place, and under another name: equal as data where only bytes differ."""
    text = stage("pack", "gzip -n -9 -c a.txt > b.txt.gz", "a.txt", "b.txt.gz")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "some text\n" * 99})
    project.run()
    again = gzip.compress(project.read("a.txt").encode(), 1, mtime=7)
    (tmp_path / "c.txt.gz").write_bytes(again)
    project.write("b.txt.gz", again)

    for path in ("b.txt.gz", str(tmp_path / "c.txt.gz")):
        found = why(project, path)
        assert (found["state"], found["agrees"], found["execution"]["stage"]) == ("modified", "data", "pack")
        assert found["recorded_path"] == "b.txt.gz"
    assert "equal as data to what was recorded; only bytes differ" in shown(project, "b.txt.gz")


def test_data_at_several_paths_are_not_said_to_have_these_bytes(tmp_path: Path) -> None:
    """They are equal as data there, too."""
    files = {"Pipelinefile.toml": stage("copy", "cp a.json b.json", "a.json", "b.json"), "a.json": '{"a":1}'}
    project = Project(tmp_path / "p", files)
    project.run()
    project.write("again.json", '{ "a" : 1}')
    told = shown(project, "again.json")

    assert "equal as data (not in its bytes) to b.json" in told
    assert "also equal as data to a.json" in told
    assert "these bytes" not in told


def test_an_older_version_is_recognised(project: Project) -> None:
    """What made it is said, and that a newer one was recorded; after `restore`, and of a copy."""
    before = project.read("out/sorted.txt")
    project.write("names.txt", "x\ny\nz\n")
    project.run()
    first, second = executions(project, "sort")
    project.write("out/sorted.txt", before)
    project.write("copy.txt", before)

    for path in ("out/sorted.txt", "copy.txt"):
        found = why(project, path)
        assert (found["state"], found["agrees"], found["execution"]["id"]) == ("modified", "bytes", first)
        newer = project.provstore("show", "--json", found["latest"]).report
        assert newer["execution"] == second
        assert "another version: recorded last is that of 20" in shown(project, path)


def test_what_a_run_restored_is_current(project: Project) -> None:
    """The last success of a task is the one that was restored, though another was recorded later."""
    project.write("names.txt", "x\n")
    project.run()
    project.write("names.txt", "c\na\nb\n")
    assert "sort" in project.run().restored
    found = why(project, "out/sorted.txt")

    assert (found["state"], found["execution"]["id"]) == ("current", executions(project, "sort")[0])
    assert marks(project, "out/sorted.txt") == [(False, True), (True, True)]


def test_memory_that_is_lost_changes_no_answer(project: Project) -> None:
    """What is remembered saves work, and is no fact."""
    before = {path: why(project, path) for path in ("names.txt", "out/joined.txt", "parts", "parts/one.txt")}
    with closing(sqlite3.connect(project.store)) as conn:
        for table in ("file_memo", "directory_memo", "task_memo", "plan", "plan_task"):
            conn.execute(f"DELETE FROM {table}")
        conn.commit()

    assert {path: why(project, path) for path in before} == before


def test_a_failure_since_is_told(project: Project) -> None:
    """The file is that of the last success; that a later attempt failed is said."""
    project.write("Pipelinefile.toml", PIPELINE.replace("wc -l < out/sorted.txt", "false; wc -l < out/sorted.txt"))
    project.run("count", status=1)
    first, second = executions(project, "count")
    found = why(project, "out/count.txt")

    assert found["execution"]["id"] == first
    assert (found["later"]["execution"], found["later"]["outcome"]) == (second, "failed")
    assert "  since then  failed 20" in shown(project, "out/count.txt")


def test_an_external_input_is_known_by_any_way_to_it(tmp_path: Path) -> None:
    """From the project, from a folder in it, and by its absolute name."""
    (tmp_path / "given.txt").write_text("given\n", encoding="utf-8")
    text = stage("copy", "cp ../given.txt a.txt", "../given.txt", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "sub/": ""})
    project.run()
    ways = [why(project, "../given.txt"), why(project, str(tmp_path / "given.txt")),
            why(project, "../../given.txt", cwd=project.root / "sub")]  # fmt: skip

    assert [(found["path"], found["state"], found["execution"]) for found in ways] == [
        ("../given.txt", "current", None)
    ] * 3


def test_each_input_of_a_gather_has_its_own_origin(tmp_path: Path) -> None:
    """In the order in which it was read, each by its own task; only the one that changed has a new origin."""
    text = "[dimensions]\nv = { from = 'in/{v}.txt', type = 'int' }\n"
    text += stage("one", "cat in/{v}.txt > mid/{v}.txt", "in/{v}.txt", "mid/{v}.txt", "dimensions = ['v']")
    text += stage("all", "cat mid/*.txt > all.txt", "mid/{v}.txt", "all.txt")
    names = {f"in/{number}.txt": f"{number}\n" for number in (9, 10, 11)}
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **names})
    project.run()
    before = {entry["path"]: entry["origin"]["execution"] for entry in why(project, "all.txt")["inputs"]}
    project.write("in/10.txt", "ten\n")
    project.run()
    found = why(project, "all.txt")
    after = {entry["path"]: entry["origin"]["execution"] for entry in found["inputs"]}

    assert list(after) == ["mid/9.txt", "mid/10.txt", "mid/11.txt"]
    assert [entry["origin"]["data_id"] for entry in found["inputs"]] == [{"v": 9}, {"v": 10}, {"v": 11}]
    assert [path for path in after if after[path] != before[path]] == ["mid/10.txt"]
    assert "mid/10.txt  made by one@v=10 on 20" in shown(project, "all.txt")
    assert "made by  one@v=9, 20" in shown(project, "mid/9.txt")


def test_long_lists_are_cut_for_people_and_whole_for_programs(tmp_path: Path) -> None:
    """A task with many inputs, a long command and many parameters still fits on a screen."""
    names = [f"in/{number}.txt" for number in range(40)]
    params = "".join(f"p{number} = {number}\n" for number in range(9))
    use = " ".join(f"{{params.p{number}}}" for number in range(9))
    text = f"[params]\n{params}[stages.all]\nrun = '''\n" + f"echo {use}\n" * 30 + "cat in/*.txt > {outputs.0}\n'''\n"
    text += f'inputs = {json.dumps(names)}\noutputs = ["all.txt"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **dict.fromkeys(names, "x\n")})
    project.run()

    assert len(why(project, "all.txt")["inputs"]) == 40
    out = shown(project, "all.txt")
    assert "… 36 more\n" in out
    assert "… 29 more\n" in out


def test_a_folder_of_outputs_is_no_dataset(project: Project) -> None:
    """It is unknown as a whole, without being read; a file in it that is known is named."""
    found = why(project, "out", status=1)

    assert (found["state"], found["within"]) == ("unknown", "out/count.txt")
    assert "the store knows files in it, such as out/count.txt" in shown(project, "out")


def test_lines_fit_the_terminal(shared: Project, tmp_path: Path) -> None:
    """Sentences are wrapped and other lines cut at its width."""
    shutil.copy(shared.root / "out/joined.txt", tmp_path / f"{'long' * 30}.txt")
    with Opened.find(str(shared.root)) as opened:
        report = ask_why(opened, str(tmp_path), f"{'long' * 30}.txt")
    lines = why_text(report, width=60).splitlines()

    assert max(map(len, lines)) == 60
    assert "out/joined.txt" in " ".join(lines[1:4])


def test_ids_are_not_cut(shared: Project) -> None:
    """Where they find no room beside each other, each has its own line: half of one is of no use."""
    with Opened.find(str(shared.root)) as opened:
        report = ask_why(opened, str(shared.root), "out/joined.txt")
    ids = why_text(report).partition("  records  ")[2].split(", ")

    assert len(ids) == 3
    assert [line[11:].strip() for line in why_text(report, width=40).splitlines()[-3:]] == ids


def test_names_can_not_steer_the_terminal(tmp_path: Path) -> None:
    """Control characters in names are spelled out, on every line."""
    name = "a\x1b[31mb.txt"
    text = (
        f'[stages.one]\nrun = "cp {{inputs.0}} {{outputs.0}}"\ninputs = [{json.dumps(name)}]\noutputs = ["out.txt"]\n'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, name: "x\n"})
    project.run()
    outputs = [project.provstore(*words).out for words in (("why", name), ("why", "out.txt"), ("history", name))]

    assert all("\x1b" not in out for out in outputs)
    assert "a\\x1b[31mb.txt" in outputs[0]


def test_code_is_named(tmp_path: Path) -> None:
    """Commit, branch, and that files had changes."""
    project = Project(tmp_path / "p", FILES)
    _git(project)
    project.write("names.txt", "changed\n")
    project.run()
    found = why(project, "out/sorted.txt")

    assert found["execution"]["branch"] == "work"
    assert f"commit {found['execution']['commit_id'][:12]} on work, with changes" in shown(project, "out/sorted.txt")


# --- history --------------------------------------------------------------------------------------------


def test_history_lists_every_version_newest_first(project: Project) -> None:
    """What lies there and what is kept; each version's own run and execution."""
    project.write("names.txt", "x\ny\n")
    project.run()
    found = versions(project, "out/sorted.txt")

    assert [version["execution"] for version in found] == executions(project, "sort")[::-1]
    assert [version["size"] for version in found] == [4, 6]
    assert [version["change"] for version in found] == ["bytes", "first"]
    assert marks(project, "out/sorted.txt") == [(True, True), (False, True)]
    assert found[0]["run"] != found[1]["run"]
    assert [version["current"] for version in versions(project, "names.txt")] == [True, False]


def test_an_edit_by_hand_that_was_kept_is_a_version(project: Project) -> None:
    """It has no execution, and `restore` brings it back; then it is what lies there."""
    project.write("out/count.txt", "99\n")
    project.run()
    found = versions(project, "out/count.txt")
    edit = found[0]

    assert (edit["execution"], edit["run"], edit["current"], edit["kept"]) == (None, None, False, True)
    assert "by hand" in project.provstore("history", "out/count.txt").out
    shown_digest = project.provstore("history", "-n", "1", "out/count.txt").out.splitlines()[1].split()[4]
    project.provstore("restore", f"out/count.txt@{shown_digest}")
    assert project.read("out/count.txt") == "99\n"
    assert marks(project, "out/count.txt")[0] == (True, True)
    back = why(project, "out/count.txt")
    assert (back["state"], back["execution"], back["dataset"]["id"]) == ("modified", None, edit["dataset"])
    assert "an edit by hand that was kept: recorded last is that of 20" in shown(project, "out/count.txt")


def test_a_file_in_a_directory_has_the_versions_of_that(project: Project) -> None:
    """One for each in which it was; one that was not there yet has fewer."""
    project.write("names.txt", "x\n")
    project.write(
        "Pipelinefile.toml", PIPELINE.replace("mkdir -p parts/deep;", "mkdir -p parts/deep; echo > parts/new;")
    )
    project.run()
    whole, part = versions(project, "parts"), versions(project, "parts/one.txt")

    assert [version["dataset"] for version in part] == [version["dataset"] for version in whole]
    assert [version["size"] for version in part] == [2, 6]
    assert marks(project, "parts/one.txt") == [(True, True), (False, True)]
    assert len(versions(project, "parts/new")) == 1


def test_a_part_that_was_read_by_itself_has_the_versions_of_both(tmp_path: Path) -> None:
    """It was recorded when another task read it; since then its directory was made anew, then edited and accepted."""
    text = stage("split", "mkdir parts; cp in.txt parts/a", "in.txt", "parts/") + stage("use", ":", "parts/a", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in.txt": "1"})
    project.run()
    project.write("in.txt", "2")
    project.run("split")
    assert why(project, "parts/a")["state"] == "current"
    assert marks(project, "parts/a") == [(True, True), (False, True)]
    project.write("parts/a", "mine")
    project.provstore("accept", "split")
    found = why(project, "parts/a")
    assert (found["state"], found["execution"]["run"]) == ("current", None)
    project.remove("parts/a")
    project.provstore("restore", "parts/a")
    assert project.read("parts/a") == "mine"
    project.write("in.txt", "1")
    project.run()

    assert why(project, "parts/a")["state"] == "current"
    assert marks(project, "parts/a") == [(False, True), (False, True), (True, True)]


def test_the_same_bytes_made_again_are_current_once(project: Project) -> None:
    """A forced run records a version of its own; that is the one that lies there."""
    project.run("--force", "count")

    assert marks(project, "out/count.txt") == [(True, True), (False, True)]
    assert [version["change"] for version in versions(project, "out/count.txt")] == [None, "first"]


def test_history_is_cut_at_a_limit(project: Project) -> None:
    """The newest are left, and it is said that there are more."""
    project.write("names.txt", "x\n")
    project.run()
    whole = versions(project, "out/sorted.txt")

    assert versions(project, "out/sorted.txt", "--limit", "1") == whole[:1]
    assert versions(project, "out/sorted.txt", "--limit", "2") == whole
    assert (
        "shown are the last 1 version; there are more" in project.provstore("history", "-n", "1", "out/sorted.txt").out
    )


def test_history_of_what_is_missing_or_edited(project: Project) -> None:
    """No version lies there, which is said."""
    project.write("out/count.txt", "99\n")
    edited = project.provstore("history", "out/count.txt").out
    project.remove("out/count.txt")
    missing = project.provstore("history", "out/count.txt").out

    assert "what lies at out/count.txt now was never recorded" in edited
    assert "out/count.txt is missing" in missing
    assert marks(project, "out/count.txt") == [(False, True)]


def test_a_freed_version_is_not_kept(project: Project) -> None:
    """`kept` says whether `restore` can bring it back."""
    project.write("names.txt", "x\n")
    project.run()
    old = versions(project, "out/sorted.txt")[1]
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("DELETE FROM object WHERE digest = ?", (old["digest"],))
        conn.commit()

    assert marks(project, "out/sorted.txt") == [(True, True), (False, False)]
    assert project.provstore("restore", f"out/sorted.txt@{old['dataset']}", status=1).status == 1


# --- both -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["why", "history"])
def test_questions_write_nothing(shared: Project, command: str) -> None:
    """Neither the store nor anything beside it changes, where nothing may be written either."""
    before, listed = shared.store_bytes(), sorted(os.listdir(shared.root / ".provstore"))
    for path in ("out/joined.txt", "names.txt", "parts/one.txt"):
        shared.provstore(command, path)

    assert shared.store_bytes() == before
    assert sorted(os.listdir(shared.root / ".provstore")) == listed


def test_questions_are_answered_while_a_run_is_under_way(project: Project) -> None:
    """By what was recorded until then."""
    project.write("Pipelinefile.toml", PIPELINE + stage("slow", "touch began; sleep 60", "", "late.txt"))
    process = project.start("run", "slow")
    try:
        project.wait_for(lambda: project.exists("began"))
        ask = super(Project, project).provstore
        answer = ask("why", "--json", "out/joined.txt").report
        assert (answer["state"], answer["execution"]["stage"]) == ("current", "join")
        assert len(ask("history", "--json", "out/joined.txt").report["versions"]) == 1
    finally:
        process.terminate()
        process.communicate(timeout=60)
    project.claim_rest()


@pytest.mark.parametrize("command", ["why", "history"])
def test_a_question_that_can_not_be_answered_is_an_error(project: Project, tmp_path: Path, command: str) -> None:
    """No store, no name, the project itself, and the store's own files: exit status 2."""
    fresh = Project(tmp_path / "fresh", FILES)

    assert "nothing was recorded yet" in fresh.provstore(command, "names.txt", status=2).err
    assert not fresh.exists(".provstore")
    for path in ("", ".", "..", "/", str(project.root), ".provstore/store.db", "/dev/null"):
        assert project.provstore(command, path, status=2).out == ""


def test_history_of_an_unknown_path_is_an_error(project: Project) -> None:
    """It points to `why`, which looks by content."""
    assert "provstore why nothing.txt" in project.provstore("history", "nothing.txt", status=2).err


@pytest.mark.parametrize(
    ("sql", "paths"),
    [
        ("UPDATE dataset SET size = size + 1 WHERE path = 'out/sorted.txt'", ["out/sorted.txt", "out/count.txt"]),
        ("UPDATE execution SET command = 'rm x' WHERE stage = 'sort'", ["out/sorted.txt", "out/head.txt"]),
        ("UPDATE dataset SET created = '2001' || substr(created, 5) WHERE path = 'names.txt'", ["names.txt"]),
        ("UPDATE run SET host = 'nowhere'", ["out/sorted.txt"]),
        ("DELETE FROM usage WHERE role = '0'", ["out/sorted.txt", "out/joined.txt"]),
        ("DELETE FROM dataset WHERE path = 'names.txt'", ["out/sorted.txt", "out/joined.txt"]),
        ("UPDATE dataset SET execution = NULL WHERE path = 'out/sorted.txt'", ["out/sorted.txt", "out/count.txt"]),
        ("UPDATE dataset SET path = 'names.old' WHERE path = 'names.txt'", ["names.old", "out/sorted.txt"]),
    ],
)
def test_a_damaged_record_is_never_shown(project: Project, sql: str, paths: list[str]) -> None:
    """What an answer is made of is proved first, the makers of its inputs too."""
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute(sql)
        conn.commit()

    for path in paths:
        done: Done = project.provstore("why", path, status=3)
        assert done.out == ""
        assert "store-damaged" in done.err


def _git(project: Project) -> None:
    """Commits all files of the project."""
    for words in (["init", "-q", "-b", "work"], ["add", "."],
                  ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "one"]):  # fmt: skip
        subprocess.run(["git", *words], cwd=project.root, env=project.environment, check=True)
