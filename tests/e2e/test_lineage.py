"""`provstore lineage`: the exact datasets, executions and edges that a file came from, and that came from it."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .project import Project, stage

DIAMOND = (
    stage("left", "sort in.txt > left.txt", "in.txt", "left.txt")
    + stage("right", "wc -l < in.txt > right.txt", "in.txt", "right.txt")
    + stage("join", "cat left.txt right.txt > out/top.txt", "left.txt right.txt", "out/top.txt")
)
FILES = {"Pipelinefile.toml": DIAMOND, "in.txt": "b\na\n", "sub/": ""}

FOLDERS = """
[dimensions]
n = [1, 2]
[stages.each]
dimensions = ["n"]
run = "echo {n} > {outputs.o}"
outputs.o = "cal/{n}.txt"
[stages.split]
run = "mkdir parts; cp {inputs.s} parts/x; cp {inputs.s} parts/y"
inputs.s = "src.txt"
outputs.d = "parts/"
[stages.one]
run = "cp {inputs.x} {outputs.o}"
inputs.x = "parts/x"
outputs.o = "one.txt"
[stages.whole]
run = "cat {inputs.p}/* > {outputs.o}"
inputs.p = "parts"
outputs.o = "whole.txt"
[stages.gather]
run = "cat {inputs.c}/* > {outputs.o}"
inputs.c = "cal"
outputs.o = "gather.txt"
"""


@pytest.fixture(scope="module")
def diamond(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Two ways from one file to another, up to date; for tests that change nothing."""
    project = Project(tmp_path_factory.mktemp("diamond") / "p", FILES)
    project.run()
    return project


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Directories: one made and read whole and in part, one gathered from what two tasks put into it."""
    files = {"Pipelinefile.toml": FOLDERS, "src.txt": "s\n"}
    project = Project(tmp_path_factory.mktemp("folders") / "p", files)
    project.run()
    return project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The diamond, up to date, to be changed."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    return project


def graph(project: Project, *words: str, **how: Any) -> tuple[set[str], set[str], set[tuple[str, str, str]]]:
    """Paths, stages with data IDs, and edges between these; each node is there once."""
    report = project.provstore("lineage", "--json", *words, **how).report
    assert list(report) == ["datasets", "executions", "edges"]
    name = {node["id"]: node["path"] for node in report["datasets"]}
    tasks = {node["id"]: node["stage"] + "".join(map(str, node["data_id"].values())) for node in report["executions"]}
    assert len(set(name.values())) == len(report["datasets"])
    assert len(set(tasks.values())) == len(report["executions"])
    both = name | tasks
    edges = [(both[edge["from"]], both[edge["to"]], edge["role"]) for edge in report["edges"]]
    assert len(set(edges)) == len(edges)
    return set(name.values()), set(tasks.values()), set(edges)


def dataset(project: Project, path: str, number: int = -1) -> str:
    """Id of a recorded version of a path; the last one without a number."""
    return str(project.rows(f"SELECT id FROM dataset WHERE path = '{path}' ORDER BY rowid")[number][0])


def execution(project: Project, stage: str, number: int = -1) -> str:
    """Id of an execution of a stage; the last one without a number."""
    return str(project.rows(f"SELECT id FROM execution WHERE stage = '{stage}' ORDER BY rowid")[number][0])


def ids(project: Project, *words: str) -> set[str]:
    """Ids of all nodes."""
    report = project.provstore("lineage", "--json", *words).report
    return {node["id"] for node in (*report["datasets"], *report["executions"])}


# --- exact nodes and edges --------------------------------------------------------------------------------

LEFT = {("in.txt", "left", "0"), ("left", "left.txt", "0")}
RIGHT = {("in.txt", "right", "0"), ("right", "right.txt", "0")}
JOIN = {("left.txt", "join", "0"), ("right.txt", "join", "1"), ("join", "out/top.txt", "0")}
ALL_FILES = {"in.txt", "left.txt", "right.txt", "out/top.txt"}


def test_a_diamond_has_each_node_once(diamond: Project) -> None:
    """From its top, all four files and three executions, and all seven edges in the direction of data."""
    assert graph(diamond, "out/top.txt") == (ALL_FILES, {"left", "right", "join"}, LEFT | RIGHT | JOIN)


def test_down_is_the_same_diamond_from_its_source(diamond: Project) -> None:
    """All that came from the one source is what the top came from."""
    assert graph(diamond, "--down", "in.txt") == graph(diamond, "out/top.txt")


def test_down_has_nothing_beside_the_way(diamond: Project) -> None:
    """What an execution read besides is no part of what came from a file."""
    assert graph(diamond, "--down", "left.txt") == (
        {"left.txt", "out/top.txt"}, {"join"}, {("left.txt", "join", "0"), ("join", "out/top.txt", "0")}
    )  # fmt: skip


def test_a_source_came_from_nothing(diamond: Project) -> None:
    """It is the only node; what nobody read led to nothing either."""
    assert graph(diamond, "in.txt") == ({"in.txt"}, set(), set())
    assert graph(diamond, "--down", "out/top.txt") == ({"out/top.txt"}, set(), set())


def test_depth_counts_executions(diamond: Project) -> None:
    """One: what made it, and what that read. Two is all there is here, and so is a hundred."""
    assert graph(diamond, "out/top.txt", "--depth", "1") == (ALL_FILES - {"in.txt"}, {"join"}, JOIN)
    assert graph(diamond, "out/top.txt", "--depth", "2") == graph(diamond, "out/top.txt", "--depth", "100")
    assert graph(diamond, "in.txt", "--down", "--depth", "1") == (
        {"in.txt", "left.txt", "right.txt"}, {"left", "right"}, LEFT | RIGHT
    )  # fmt: skip
    assert diamond.provstore("lineage", "in.txt", "--depth", "0", status=2).out == ""


def test_the_short_way_counts(tmp_path: Path) -> None:
    """A file that is reached by a long way and a short one is as deep as the short one says."""
    text = (
        stage("a", "cp src a", "src", "a") + stage("b", "cp a b", "a", "b") + stage("c", "cat b src > c", "b src", "c")
        + stage("d", "cat c a > d", "c a", "d")
    )  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "src": ""})
    project.run()

    files, tasks, _ = graph(project, "d", "--depth", "2")
    assert (files, tasks) == ({"d", "c", "a", "b", "src"}, {"d", "c", "a"})


def test_a_gather_comes_from_every_task(tmp_path: Path) -> None:
    """An input that collects has an edge from each file, with one role, and each file its own execution."""
    text = (
        '[dimensions]\nn = [1, 2, 3]\n[stages.a]\ndimensions = ["n"]\nrun = "echo {n} > {outputs.o}"\n'
        'outputs.o = "a_{n}.txt"\n[stages.b]\nrun = "cat {inputs.i} > {outputs.o}"\n'
        'inputs.i = "a_{n}.txt"\noutputs.o = "b.txt"\n'
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    files, tasks, edges = graph(project, "b.txt")

    assert (files, tasks) == ({"b.txt", "a_1.txt", "a_2.txt", "a_3.txt"}, {"b", "a1", "a2", "a3"})
    made = {(f"a{n}", f"a_{n}.txt", "o") for n in (1, 2, 3)}
    assert edges == made | {(f"a_{n}.txt", "b", "i") for n in (1, 2, 3)} | {("b", "b.txt", "o")}
    assert graph(project, "--down", "a_2.txt")[2] == {("a_2.txt", "b", "i"), ("b", "b.txt", "o")}


def test_the_report_is_the_contract(diamond: Project) -> None:
    """Keys of each node and edge, whole ids, JSON values; the same again, byte by byte, and the file's order in it."""
    done = diamond.provstore("lineage", "--json", "out/top.txt")
    for node in done.report["datasets"]:
        assert list(node) == ["id", "path", "type", "data_id", "digest", "execution"]
    for node in done.report["executions"]:
        assert list(node) == ["id", "stage", "data_id", "outcome", "started"]
        assert node["outcome"] == "succeeded"
    assert all(list(edge) == ["from", "to", "role"] for edge in done.report["edges"])
    assert next(node["execution"] for node in done.report["datasets"] if node["path"] == "in.txt") is None
    assert diamond.provstore("lineage", "--format", "json", "out/top.txt").out == done.out


# --- directories ------------------------------------------------------------------------------------------


def test_a_file_read_from_inside_a_directory_came_from_its_execution(folders: Project) -> None:
    """Not from the directory as a whole, nor from nobody."""
    assert graph(folders, "one.txt") == (
        {"one.txt", "parts/x", "src.txt"},
        {"one", "split"},
        {("src.txt", "split", "s"), ("split", "parts/x", "d/x"), ("parts/x", "one", "x"), ("one", "one.txt", "o")},
    )


def test_all_that_came_from_a_directory(folders: Project) -> None:
    """What was made of the whole of it, and what was made of a file in it."""
    assert graph(folders, "--down", "parts") == (
        {"parts", "parts/x", "one.txt", "whole.txt"},
        {"one", "whole"},
        {("parts", "parts/x", "x"), ("parts", "whole", "p"), ("parts/x", "one", "x"),
         ("whole", "whole.txt", "o"), ("one", "one.txt", "o")},
    )  # fmt: skip
    assert graph(folders, "--down", "parts/") == graph(folders, "--down", "parts")


def test_all_that_came_from_a_file_in_a_directory(folders: Project) -> None:
    """What read it, and what read the directory; not what read its neighbour."""
    assert graph(folders, "--down", "parts/x")[0] == {"parts/x", "parts", "one.txt", "whole.txt"}
    assert graph(folders, "--down", "parts/y")[0] == {"parts", "whole.txt"}
    assert "part of the directory parts" in folders.provstore("lineage", "parts/y").err


def test_all_that_came_from_the_source_of_a_directory(folders: Project) -> None:
    """The execution stands between; the directory and the file in it are its two outputs."""
    files, tasks, edges = graph(folders, "--down", "src.txt")

    assert files == {"src.txt", "parts", "parts/x", "one.txt", "whole.txt"}
    assert tasks == {"split", "one", "whole"}
    assert {("split", "parts", "d"), ("split", "parts/x", "d/x")} <= edges
    assert ("parts", "parts/x", "x") not in edges


def test_a_directory_that_several_tasks_filled_came_from_its_files(folders: Project) -> None:
    """It has no execution of its own; the files in it have."""
    expected = (
        {"gather.txt", "cal", "cal/1.txt", "cal/2.txt"},
        {"gather", "each1", "each2"},
        {("each1", "cal/1.txt", "o"), ("each2", "cal/2.txt", "o"), ("cal/1.txt", "cal", "1.txt"),
         ("cal/2.txt", "cal", "2.txt"), ("cal", "gather", "c"), ("gather", "gather.txt", "o")},
    )  # fmt: skip
    assert graph(folders, "gather.txt") == expected
    assert graph(folders, "--down", "cal/1.txt")[0] == {"cal/1.txt", "cal", "gather.txt"}
    assert graph(folders, "gather.txt", "--depth", "1")[1] == {"gather"}


def test_a_gathered_directory_keeps_its_version(tmp_path: Path) -> None:
    """After a file in it was made anew, the old result still came from the old file, the new one from the new."""
    text = FOLDERS.replace('"echo {n} >', '"echo {params.v} {n} >')
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "[params]\nv = 1\n" + text, "src.txt": ""})
    project.run("gather.txt")
    project.run("gather.txt", "-P", "v=2")
    old, new = dataset(project, "gather.txt", 0), dataset(project, "gather.txt", 1)

    for number, id in ((0, old), (1, new)):
        found = ids(project, id)
        assert {dataset(project, f"cal/{n}.txt", number) for n in (1, 2)} <= found
        assert not {dataset(project, f"cal/{n}.txt", 1 - number) for n in (1, 2)} & found
    assert old in ids(project, "--down", dataset(project, "cal/1.txt", 0))
    assert new not in ids(project, "--down", dataset(project, "cal/1.txt", 0))


def test_a_restored_file_in_a_gathered_directory_is_the_one_that_was_read(tmp_path: Path) -> None:
    """What was recorded last at a path is not what lay there, when an older version had come back."""
    text = FOLDERS.replace('"echo {n} >', '"echo {params.v} {n} >').replace("cat {inputs.c}/*", "cat {inputs.c}/* k")
    text = text.replace('inputs.c = "cal"', 'inputs.c = "cal"\ninputs.k = "k"')
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "[params]\nv = 1\n" + text, "src.txt": "", "k": "1"})
    project.run("cal/1.txt")
    project.run("each", "-P", "v=2")
    project.run("cal/1.txt")
    project.run("gather.txt")

    assert dataset(project, "cal/1.txt", 0) in ids(project, "gather.txt")
    assert dataset(project, "cal/1.txt", 1) not in ids(project, "gather.txt")


def test_a_made_directory_in_a_gathered_one_stands_for_its_files(tmp_path: Path) -> None:
    """The whole came from the directory in it, up and down alike, also where a file of that was read by itself."""
    text = """
        [stages.make]
        run = "mkdir -p all/sub; echo 1 > all/sub/x"
        outputs.d = "all/sub/"
        [stages.other]
        run = "echo 2 > all/y"
        outputs.o = "all/y"
        [stages.one]
        run = "cp all/sub/x one"
        inputs.x = "all/sub/x"
        outputs.o = "one"
        [stages.top]
        run = "cat all/y one > top"
        inputs.a = "all"
        inputs.b = "one"
        outputs.o = "top"
    """
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    gathered = {("all/sub", "all", "sub"), ("all/y", "all", "y")}

    files, _, edges = graph(project, "top")
    assert files == {"top", "all", "one", "all/sub", "all/sub/x", "all/y"}
    assert {edge for edge in edges if edge[1] == "all"} == gathered
    files, _, edges = graph(project, "--down", execution(project, "make"))
    assert files == {"top", "all", "one", "all/sub", "all/sub/x"}
    assert {edge for edge in edges if edge[1] == "all"} == {("all/sub", "all", "sub")}


def test_a_file_that_was_made_anew_with_its_directory(tmp_path: Path) -> None:
    """What lies there is the new directory's, although the file was read by itself in the old one only."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": FOLDERS, "src.txt": "s\n"})
    project.run("one.txt")
    project.write("src.txt", "t\n")
    project.run("parts")
    done = project.provstore("lineage", "--json", "parts/x")

    assert {node["id"] for node in done.report["datasets"]} == {dataset(project, "parts"), dataset(project, "src.txt")}
    assert "never recorded" not in done.err


# --- which version ----------------------------------------------------------------------------------------


def test_a_restored_version_has_its_own_lineage(project: Project) -> None:
    """The file at a path is what lies there now, not what was recorded last."""
    first = {dataset(project, path) for path in ALL_FILES}
    project.write("in.txt", "c\n")
    project.run()
    second = {dataset(project, path) for path in ALL_FILES}
    assert second <= ids(project, "out/top.txt")
    assert not first & ids(project, "out/top.txt")

    project.provstore("restore", f"out/top.txt@{dataset(project, 'out/top.txt', 0)}")
    found = project.provstore("lineage", "--json", "out/top.txt")
    assert {node["id"] for node in found.report["datasets"]} == first
    assert found.err == ""


def test_an_edited_file_is_said_to_be_one(project: Project) -> None:
    """The last version that is known is shown, with a remark; so for a file that was removed."""
    whole = ids(project, "out/top.txt")
    project.write("out/top.txt", "by hand\n")
    edited = project.provstore("lineage", "--json", "out/top.txt")
    project.remove("out/top.txt")
    missing = project.provstore("lineage", "--json", "out/top.txt")

    assert "what lies there now was never recorded" in edited.err
    assert "nothing lies there now" in missing.err
    assert edited.out == missing.out
    assert ids(project, "out/top.txt") == whole


def test_another_version_is_named_by_an_id(project: Project) -> None:
    """By its dataset, its execution, its run and its digest, each shortened; none and several are errors."""
    old = {dataset(project, path) for path in ALL_FILES} | {execution(project, name) for name in ("left", "join")}
    run = str(project.rows("SELECT id FROM run")[0][0])
    digest = str(project.rows("SELECT digest FROM dataset WHERE path = 'out/top.txt'")[0][0])
    project.write("in.txt", "c\n")
    project.run()

    for name in (dataset(project, "out/top.txt", 0), execution(project, "join", 0), run, digest, digest[7:20]):
        assert old <= ids(project, f"out/top.txt@{name}")
    assert "no version has an id" in project.provstore("lineage", "out/top.txt@ffff", status=2).err
    assert "several versions" in project.provstore("lineage", f"out/top.txt@{run[:2]}", status=2).err


def test_ids_stand_for_themselves(diamond: Project) -> None:
    """A dataset and an execution; an execution counts for the depth, and a run is neither."""
    assert graph(diamond, dataset(diamond, "out/top.txt")) == graph(diamond, "out/top.txt")
    join = execution(diamond, "join")
    assert graph(diamond, join) == (ALL_FILES - {"out/top.txt"}, {"left", "right", "join"},
                                    (LEFT | RIGHT | JOIN) - {("join", "out/top.txt", "0")})  # fmt: skip
    assert graph(diamond, join, "--depth", "1")[1] == {"join"}
    assert graph(diamond, join, "--down") == ({"out/top.txt"}, {"join"}, {("join", "out/top.txt", "0")})
    run = str(diamond.rows("SELECT id FROM run")[0][0])
    assert "this is a run" in diamond.provstore("lineage", run, status=2).err


def test_what_came_from_a_file_that_was_made_twice(project: Project) -> None:
    """When the same bytes were made again, what was made of the first ones came from this file all the same."""
    project.run("--force", "--only", "left")
    report = project.provstore("lineage", "--json", "--down", "left.txt").report
    files = {node["path"] for node in report["datasets"]}
    edges = {(edge["from"], edge["role"]) for edge in report["edges"]}

    assert len(project.rows("SELECT 1 FROM dataset WHERE path = 'left.txt'")) == 2
    assert files == {"left.txt", "out/top.txt"}
    assert (dataset(project, "left.txt", 0), "0") in edges


def test_a_failure_between_successes_leads_nowhere(tmp_path: Path) -> None:
    """An attempt that failed made nothing, so that nothing came from it; both successes are there."""
    text = "[params]\nv = 1\n" + stage("a", "test {params.v} != 2; cat in > out; echo {params.v} >> out", "in", "out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": ""})
    for value, status in (("1", 0), ("2", 1), ("3", 0)):
        project.run("-P", f"v={value}", status=status)
    report = project.provstore("lineage", "--json", "--down", "in").report

    assert [node["id"] for node in report["executions"]] == [execution(project, "a", 0), execution(project, "a", 2)]
    assert [node["path"] for node in report["datasets"]] == ["in", "out", "out"]
    assert ids(project, "out") == {dataset(project, "in"), dataset(project, "out"), execution(project, "a")}


def test_a_renamed_or_copied_file_is_found_by_its_bytes(project: Project) -> None:
    """Inside the project and outside of it; the remark says by what name it is known."""
    shutil.copy(project.root / "out/top.txt", project.root.parent / "elsewhere.txt")
    os.rename(project.root / "out/top.txt", project.root / "renamed.txt")

    for name in ("renamed.txt", "../elsewhere.txt", str(project.root.parent / "elsewhere.txt")):
        done = project.provstore("lineage", "--json", name)
        assert "these are the bytes of out/top.txt" in done.err
        assert len(done.report["executions"]) == 3


def test_an_external_input_is_a_leaf(tmp_path: Path) -> None:
    """It is known by its way from the project, from any folder; what came from it is found."""
    text = stage("a", "cp ../ext.txt out", "../ext.txt", "out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "sub/": ""})
    (tmp_path / "ext.txt").write_text("e", encoding="utf-8")
    project.run()
    expected = ({"../ext.txt", "out"}, {"a"}, {("../ext.txt", "a", "0"), ("a", "out", "0")})

    assert graph(project, "out") == expected
    assert graph(project, "--down", "../ext.txt") == expected
    assert graph(project, "--down", "../../ext.txt", cwd=project.root / "sub") == expected
    assert graph(project, "--down", str(tmp_path / "ext.txt")) == expected


def test_paths_are_relative_to_the_current_folder(diamond: Project) -> None:
    """Also with -C before or after the command."""
    assert graph(diamond, "../out/top.txt", cwd=diamond.root / "sub") == graph(diamond, "out/top.txt")
    assert graph(diamond, "top.txt", "-C", "out") == graph(diamond, "out/top.txt")


def test_names_of_all_kinds(tmp_path: Path) -> None:
    """Spaces, quotes, a newline, an @ and a leading dash are only names; the tree spells out what steers a terminal."""
    names = ["a b", 'q"uote', "new\nline", "at@0193", "-dash", "\x1b[31mred"]
    text = ""
    for number, name in enumerate(names):
        literal = "".join(f"\\u{ord(char):04x}" for char in name)
        text += f'[stages.s{number}]\nargv = ["touch", "--", "{{outputs}}"]\noutputs = ["{literal}"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()

    for number, name in enumerate(names):
        assert graph(project, "--", name) == ({name}, {f"s{number}"}, {(f"s{number}", name, "0")})
        assert len(project.provstore("lineage", "--", name).out.splitlines()) == 1
    assert "\x1b" not in project.provstore("lineage", "\x1b[31mred").out


# --- what is asked of every question ----------------------------------------------------------------------


def test_an_unknown_path_is_a_usage_error(project: Project) -> None:
    """Exit status 2, with the nearest output; a file that was never recorded likewise; nothing on standard output."""
    done = project.provstore("lineage", "out/tip.txt", status=2)
    assert done.err.startswith("error[unknown-id]: out/tip.txt")
    assert "did you mean 'out/top.txt'?" in done.err
    assert done.out == ""
    project.write("strange.txt", "strange")
    assert "nor these bytes" in project.provstore("lineage", "strange.txt", status=2).err
    project.write("Pipelinefile.toml", "broken [")
    assert "Traceback" not in project.provstore("lineage", "out/tip.txt", status=2).err
    assert graph(project, "out/top.txt")[1] == {"left", "right", "join"}


def test_without_a_store_nothing_is_known(tmp_path: Path) -> None:
    """Exit status 2, and none is made."""
    project = Project(tmp_path / "p", FILES)

    assert "nothing was recorded yet" in project.provstore("lineage", "in.txt", status=2).err
    assert not project.exists(".provstore")


def test_a_question_writes_nothing(project: Project) -> None:
    """The store keeps its bytes, also where files look otherwise than remembered."""
    os.utime(project.root / "out/top.txt")
    before = project.store_bytes()
    graph(project, "out/top.txt")

    assert project.store_bytes() == before


def test_it_is_answered_while_a_run_is_under_way(tmp_path: Path) -> None:
    """And knows what was recorded by then."""
    text = DIAMOND + stage("slow", "touch began; sleep 60", "out/top.txt", "", "always = true")
    project = Project(tmp_path / "p", {**FILES, "Pipelinefile.toml": text})
    project.run("join")
    process = project.start("run", "slow")
    try:
        project.wait_for(lambda: project.exists("began"))
        done = super(Project, project).provstore("lineage", "--json", "out/top.txt")
        assert len(done.report["executions"]) == 3
    finally:
        process.terminate()
        process.communicate(timeout=60)
    project.claim_rest()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE dataset SET digest = 'blake3:00' WHERE path = 'left.txt'",
        "UPDATE dataset SET path = 'other.txt' WHERE path = 'in.txt'",
        "DELETE FROM usage WHERE dataset = (SELECT id FROM dataset WHERE path = 'right.txt')",
        "UPDATE execution SET stage = 'other' WHERE stage = 'left'",
        "DELETE FROM dataset WHERE path = 'in.txt'",
        "UPDATE dataset SET execution = NULL WHERE path = 'out/top.txt'",
    ],
)
def test_a_damaged_record_is_never_shown(project: Project, damage: str) -> None:
    """Whatever record of the answer is not what was recorded: exit status 3, and no answer."""
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("PRAGMA foreign_keys = OFF")
        conn.execute(damage)
        conn.commit()
    done = project.provstore("lineage", "out/top.txt", status=3)

    assert done.out == ""
    assert "error[store-damaged]" in done.err


# --- how it looks -----------------------------------------------------------------------------------------


def test_the_tree(diamond: Project) -> None:
    """A line for each file with its digest and what made it; what was shown already is named only."""
    digest = dict(diamond.rows("SELECT path, substr(digest, 1, 19) FROM dataset"))
    day = dict(diamond.rows("SELECT stage, substr(started, 1, 10) FROM execution"))

    assert diamond.provstore("lineage", "out/top.txt").out.splitlines() == [
        f"out/top.txt  {digest['out/top.txt']}  by join on {day['join']}",
        f"├─ left.txt  {digest['left.txt']}  by left on {day['left']}",
        f"│  ╰─ in.txt  {digest['in.txt']}  source",
        f"╰─ right.txt  {digest['right.txt']}  by right on {day['right']}",
        "   ╰─ in.txt  (above)",
    ]
    assert diamond.provstore("lineage", "in.txt", "--down").out.splitlines()[-1] == "   ╰─ out/top.txt  (above)"


def test_a_task_that_makes_nothing_stands_in_the_tree_itself(tmp_path: Path) -> None:
    """It came from the file all the same."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("look", "cat in", "in"), "in": ""})
    project.run()

    assert "╰─ look  succeeded on " in project.provstore("lineage", "in", "--down").out
    assert graph(project, "in", "--down") == ({"in"}, {"look"}, {("in", "look", "0")})


def test_a_long_chain_is_no_trouble(tmp_path: Path) -> None:
    """A hundred and fifty steps, one below the other."""
    text = "".join(stage(f"s{n}", f"cp f{n} f{n + 1}", f"f{n}", f"f{n + 1}") for n in range(150))
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "f0": ""})
    project.run()

    assert len(project.provstore("lineage", "f150").out.splitlines()) == 151
    assert len(graph(project, "f150")[2]) == 300
    assert len(graph(project, "f150", "--depth", "7")[1]) == 7


def test_pictures_have_the_same_nodes_and_edges(diamond: Project) -> None:
    """Seven nodes and seven edges, as DOT and as Mermaid, each node with its name."""
    mermaid = diamond.provstore("lineage", "out/top.txt", "--format", "mermaid").out.splitlines()
    nodes = [line for line in mermaid if '["' in line]
    assert len(nodes) == 7
    assert sum("-->" in line for line in mermaid) == 7
    assert {line.partition('["')[2].partition("<br/>")[0] for line in nodes} == ALL_FILES | {"left", "right", "join"}
    dot = diamond.provstore("lineage", "out/top.txt", "--format", "dot").out
    assert dot.startswith("digraph")
    assert dot.count(" -> ") == 7


def test_two_versions_of_a_path_are_two_nodes_of_a_picture(project: Project) -> None:
    """Their ids tell them apart."""
    project.write("in.txt", "c\n")
    project.run()
    project.write("Pipelinefile.toml", DIAMOND.replace("left.txt right.txt >", "right.txt left.txt >"))
    project.run()
    lines = project.provstore("lineage", "in.txt", "--down", "--format", "mermaid").out.splitlines()

    assert sum("out/top.txt " in line for line in lines) == 2


@pytest.mark.parametrize(
    ("name", "beginning"),
    [("l.svg", b"<?xml"), ("l.png", b"\x89PNG\r\n"), ("l.dot", b"digraph"), ("l.json", b"{"), ("l.txt", b"top.txt")],
)
def test_the_ending_of_the_file_says_the_form(project: Project, name: str, beginning: bytes) -> None:
    """`-o` writes relative to the current folder, and nothing to standard output."""
    if name in ("l.svg", "l.png") and shutil.which("dot") is None:
        pytest.skip("Graphviz's program dot is not installed")
    done = project.provstore("lineage", "../out/top.txt", "-o", name, cwd=project.root / "sub")

    assert done.out == ""
    assert (project.root / "sub" / name).read_bytes().removeprefix(b"out/").startswith(beginning)


@pytest.mark.parametrize("words", [("lineage", "out/top.txt"), ("graph",)])
def test_a_dash_is_standard_output(project: Project, words: tuple[str, ...]) -> None:
    """As for `report` and `metrics plot`: no file of that name is made."""
    assert project.provstore(*words, "-o", "-").out == project.provstore(*words).out
    assert not (project.root / "-").exists()


def test_a_plug_in_draws_it_too(tmp_path: Path) -> None:
    """An exporter of a plug-in gets the drawing, each node behind those it takes data from."""
    plugin = (
        "from provstore.plugin import Exporter, hookimpl\n"
        "class Names(Exporter):\n"
        "    name = 'names'\n"
        "    suffixes = ('.names',)\n"
        "    def export(self, drawing):\n"
        "        return ' '.join(node.name for node in drawing.nodes).encode()\n"
        "@hookimpl\n"
        "def provstore_exporters():\n"
        "    return [Names()]\n"
    )
    text = '[project]\nplugins = ["names.py"]\n' + stage("a", "cp in out", "in", "out")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "names.py": plugin, "in": ""})
    project.run()

    assert project.provstore("lineage", "out", "--format", "names").out == "in a out"
    assert "nosuch" in project.provstore("lineage", "out", "--format", "nosuch", status=2).err


def test_bytes_that_were_made_twice_are_said_to_be(project: Project) -> None:
    """A digest names all executions that made them; the answer is about the last, and says so."""
    project.run("--force", "left")
    made = project.provstore("history", "--json", "left.txt").report["versions"]
    digest = made[0]["digest"].removeprefix("blake3:")

    done = project.provstore("lineage", f"left.txt@{digest[:12]}")
    assert "2 executions made these bytes; this is the last of them" in done.err
    assert project.provstore("lineage", f"left.txt@{made[1]['dataset']}").err == ""


def test_a_directory_too_big_to_be_read_is_not_looked_up(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody reads a whole system for a question."""
    from provstore.operations import by_content
    from provstore.operations.why import why
    from provstore.project import Project as Opened

    project.write("strange/a", "1")
    project.write("strange/b", "2")
    monkeypatch.setattr(by_content, "READ", 1)

    with Opened.find(str(project.root)) as opened:
        found = why(opened, str(project.root), "strange")
    assert (found.state, found.present) == ("unknown", None)
    assert "its content is not looked up" in found.remarks[0]


def test_what_lies_there_comes_from_the_sources_that_are_there(tmp_path: Path) -> None:
    """A source goes from a to b and back; its task makes the same of both; a task that reads that runs afterwards."""
    pipeline = stage("left", "head -c1 src > left", "src", "left") + stage("join", "cat left tail > join",
                                                                           "left tail", "join")  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": pipeline, "src": "a1", "tail": "1"})
    project.run()
    for source in ("a2", "a1"):
        project.write("src", source)
        project.run()
    project.write("tail", "2")

    assert project.run().executed == ["join"]
    source = project.rows("SELECT id FROM dataset WHERE path = 'src' ORDER BY rowid")[0][0]
    assert source in ids(project, "join")
