"""`diff` of runs, executions and versions, through the real command: in what they differ, exactly."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provstore.cli.main import run_command
from provstore.operations.diff.executions import MOST

from .project import Done, Project, stage

PIPELINE = """
[project]
secret_env = ["TOKEN"]

[params]
seed = 1
unused = 0

[stages.sample]
run = "sh {inputs.code} {params.seed} > {outputs.csv}"
inputs.code = "sample.sh"
outputs.csv = "sample.csv"
env = ["TOKEN", "LEVEL"]

[stages.left]
run = "tail -n 1 {inputs[0]} > {outputs[0]}"
inputs = ["sample.csv"]
outputs = ["left.txt"]

[stages.right]
run = "wc -c < {inputs[0]} > {outputs[0]}"
inputs = ["sample.csv"]
outputs = ["right.txt"]

[stages.join]
run = "cat {inputs} > {outputs[0]}"
inputs = ["left.txt", "right.txt"]
outputs = ["joined.txt"]

[stages.listing]
run = "ls {inputs[0]} > {outputs[0]}"
inputs = ["data"]
outputs = ["listing.txt"]
"""
CODE = 'echo "x,y"\necho "1,$1"\n'
GIT = ("git", "-c", "user.name=ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")


def git(project: Project, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=project.root, check=True, capture_output=True)


def call(project: Project, *words: str, status: int = 0) -> Done:
    """``diff`` in this process, which takes less time."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        found = run_command(["diff", *words, "-C", str(project.root)])
    assert found == status, err.getvalue() + out.getvalue()
    return Done(found, out.getvalue(), err.getvalue())


def differences(project: Project, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = call(project, "--json", *words).report["differences"]
    return found


def told(project: Project, *words: str) -> set[tuple[str, str, Any, Any]]:
    """(what, name, a, b), digests as true."""

    def plain(value: Any) -> Any:
        return True if isinstance(value, str) and value.startswith("blake3:") else value

    return {(one["what"], one["name"], plain(one["a"]), plain(one["b"])) for one in differences(project, *words)}


def ids(project: Project, table: str, where: str = "1") -> list[str]:
    return [row[0] for row in project.rows(f"SELECT id FROM {table} WHERE {where} ORDER BY rowid")]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Four runs: the first, one with another seed and secret, one with other code, one that failed."""
    found = Project(tmp_path_factory.mktemp("records") / "p", {"Pipelinefile.toml": PIPELINE, "sample.sh": CODE,
                                                               "data/a": "1", "data/b": "2"})  # fmt: skip
    git(found, "init", "-q")
    git(found, "add", "Pipelinefile.toml", "sample.sh", "data")
    git(found, "commit", "-qm", "first")
    found.environment |= {"TOKEN": "hunter2-hunter2"}
    found.run()
    found.environment |= {"TOKEN": "correct-horse", "LEVEL": "3"}
    found.run("-P", "seed=2")
    found.write("sample.sh", CODE + 'echo "2,$1"\n')
    found.write("data/b", "3")
    found.write("data/c", "")
    git(found, "commit", "-qam", "more rows")
    found.run("-P", "seed=2")
    found.write("Pipelinefile.toml", PIPELINE.replace("sh {inputs.code}", "exit 7; sh {inputs.code}"))
    found.run("-P", "seed=2", status=1)
    return found


# --- runs -------------------------------------------------------------------------------------------------


def test_two_runs_differ_in_what_was_given_and_in_what_came_of_it(project: Project) -> None:
    """Each change once, with the tasks that have it; what the two have in common is not told."""
    first, second = ids(project, "run")[:2]
    report = call(project, "--json", first, second).report
    found = {(one["what"], one["name"]): one for one in report["differences"]}

    assert (report["kind"], report["a"], report["b"]) == ("run", first, second)
    assert set(found) == {
        ("command", "arguments"), ("command", "command"), ("param", "seed"), ("env", "TOKEN"), ("env", "LEVEL"),
        ("input", "sample.csv"), ("input", "left.txt"),
        ("output", "sample.csv"), ("output", "left.txt"), ("output", "joined.txt"),
    }  # fmt: skip
    assert (found["param", "seed"]["a"], found["param", "seed"]["b"]) == (1, 2)
    assert found["param", "seed"]["tasks"] == ["sample"]
    assert found["input", "sample.csv"]["tasks"] == ["left", "right"]
    assert report["only_a"] == ["join", "listing"] or report["only_a"] == ["listing"]


def test_a_run_is_compared_with_the_one_before_and_without_a_word_the_last_two(project: Project) -> None:
    """The older one first."""
    runs = ids(project, "run")
    of_one, of_none = call(project, "--json", runs[2]).report, call(project, "--json").report

    assert (of_one["a"], of_one["b"]) == (runs[1], runs[2])
    assert (of_none["a"], of_none["b"]) == (runs[2], runs[3])
    assert ("outcome", "run", "succeeded", "failed") in told(project)
    assert "there is no run before it" in call(project, runs[0], status=2).err


def test_a_run_that_put_outputs_back_is_remarked_on(tmp_path: Path) -> None:
    """Nobody recorded which tasks it restored, so what held after it can't be told; later runs say nothing."""
    text = "[params]\nseed = 1\n" + stage("a", "echo {params.seed} > {outputs[0]}", "", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    project.run("-P", "seed=2")
    assert "put back" not in call(project).err
    project.run()
    third = ids(project, "run")[2]
    assert f"run {third[:8]}" in call(project).err
    assert "put back outputs of 1 task without executing them" in call(project).err
    project.run("-P", "seed=3")
    assert "put back" in call(project, ids(project, "run")[1], ids(project, "run")[3]).err
    project.run("-P", "seed=4")

    assert "put back" not in call(project).err


def test_what_failed_in_one_run_and_was_not_tried_in_the_next_did_not_succeed_there(tmp_path: Path) -> None:
    """Its last success lies there before and after; what failed in the later one is told."""
    text = stage("a", "test -s in && cp in {outputs[0]}", "in", "a.txt") + stage(
        "b", "cp in2 {outputs[0]}", "in2", "b.txt"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1", "in2": "1"})
    project.run()
    project.write("in", "")
    project.run("a", status=1)
    assert ("outcome", "outcome", "succeeded", "failed") in told(project)
    project.write("in2", "2")
    project.run("b")
    second, third = ids(project, "run")[1:]

    assert {name for _, name, _, _ in told(project)} == {"run", "arguments", "in2", "b.txt"}
    assert {name for _, name, _, _ in told(project, third, second)} == {"run", "arguments", "in2", "b.txt"}


def test_a_folder_that_the_store_does_not_know_may_be_called_as_a_stage_is(tmp_path: Path) -> None:
    """It is the stage's last execution that is meant; one that never ran is said to have none."""
    text = stage("out", "cp in {outputs[0]}", "in", "out/a.txt") + stage("later", "false", "in", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1"})
    project.run("out")
    project.write("in", "2")
    project.run("out")

    assert call(project, "out", "--json").report["kind"] == "execution"
    assert call(project, "out/a.txt", "--json").report["kind"] == "dataset"
    assert "later: no execution of this is recorded" in call(project, "later", status=2).err


def test_an_input_that_was_put_there_by_hand_is_told_with_its_difference(tmp_path: Path) -> None:
    """No execution of a run tells of it."""
    text = stage("a", "cp in {outputs[0]}", "in", "a.txt") + stage("b", "wc -l {inputs} > {outputs}", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n"})
    project.run()
    project.write("a.txt", "1\nmine\n")
    project.provstore("accept", "a")
    project.run()
    [change] = [one for one in differences(project) if one["what"] == "input"]

    assert (change["name"], change["tasks"], change["text"]) == ("a.txt", ["b"], "@@ -1 +1,2 @@\n 1\n+mine")


def test_code_differs_by_the_pipelinefile_and_by_commit(project: Project) -> None:
    """With the difference of the one, and the files that changed between the others; their lines if that is asked."""
    runs = ids(project, "run")
    commit = next(one for one in differences(project, runs[1], runs[2]) if one["name"] == "commit")
    text = next(one for one in differences(project, runs[2], runs[3]) if one["name"] == "Pipelinefile.toml")["text"]

    assert [(one["name"], one["a"], one["b"]) for one in commit["inside"]] == [("data/b", 1, 1), ("sample.sh", 0, 1)]
    assert commit["text"] is None
    assert '+echo "2,$1"' in next(
        one["text"] for one in differences(project, "-p", runs[1], runs[2]) if one["name"] == "commit"
    )
    assert '+run = "exit 7; sh {inputs.code}' in text


def test_a_run_that_executed_less_is_compared_by_what_was_in_force(tmp_path: Path) -> None:
    """Of a task that only one run executed, its last result before counts for the other."""
    text = stage("a", "cp in {outputs[0]}", "in", "a.txt") + stage("b", "cp in2 {outputs[0]}", "in2", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1", "in2": "1"})
    project.run()
    project.write("in", "2")
    project.run()
    project.write("in2", "2")
    project.run()
    runs = ids(project, "run")
    report = call(project, "--json", runs[0], runs[2]).report

    assert (report["only_a"], report["only_b"]) == (["a"], [])
    assert {(one["what"], one["name"], *one["tasks"]) for one in report["differences"]} == {
        ("input", "in", "a"), ("output", "a.txt", "a"), ("input", "in2", "b"), ("output", "b.txt", "b"),
    }  # fmt: skip
    last = call(project, "--json", runs[1], runs[2]).report
    assert (last["only_a"], last["only_b"]) == (["a"], ["b"])
    assert {one["name"] for one in last["differences"]} == {"in2", "b.txt"}


def test_many_tasks_with_one_change_share_a_line(tmp_path: Path) -> None:
    """A parameter of thirty tasks is told once, with their number; so are outputs, and the word of their commands."""
    text = """
[params]
level = 1
[dimensions]
n = "1..30"
[stages.make]
dimensions = ["n"]
run = "echo {params.level} {n} > {outputs.x}"
outputs.x = "out/{n}.txt"
"""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    project.run("-P", "level=5")
    [param] = [one for one in differences(project) if one["what"] == "param"]
    [command] = [one for one in differences(project) if one["name"] == "command"]
    lines = call(project).out.splitlines()

    assert len(param["tasks"]) == len(command["tasks"]) == 30
    assert lines[2:4] == [
        "  param     level: 1 → 5  (make (30 tasks))",
        "  command   1 → 5 (by its parameters)  (make (30 tasks))",
    ]
    assert lines[4] == "  output    out/1.txt, out/2.txt and 28 more: other bytes  (make (30 tasks))"
    assert len(lines) == 5


# --- executions -------------------------------------------------------------------------------------------


def test_two_executions_differ_in_all_that_was_recorded(project: Project) -> None:
    """A stage stands for its last execution, which is compared with its last success before."""
    found = told(project, "sample")

    assert {one for one in found if one[0] in ("outcome", "command", "output")} == {
        ("outcome", "outcome", "succeeded", "failed"),
        ("outcome", "exit status", 0, 7),
        ("outcome", "message", None, "exit status 7"),
        ("command", "command", "sh sample.sh 2 > sample.csv", "exit 7; sh sample.sh 2 > sample.csv"),
        ("output", "sample.csv", True, None),
    }


def test_secrets_stay_secret(project: Project) -> None:
    """Another value of a secret variable is told as such; neither of the values is anywhere."""
    first, second = ids(project, "execution", "stage = 'sample'")[:2]
    [token] = [one for one in differences(project, first, second) if one["name"] == "TOKEN"]
    done = call(project, first, second)

    assert token["a"].startswith("salted-blake3:")
    assert token["b"] != token["a"]
    assert "TOKEN: another value, which is secret\n" in done.out
    assert "LEVEL: not set → 3" in done.out
    assert "hunter2" not in done.out + done.err
    assert "horse" not in done.out + done.err


def test_inputs_differ_down_to_the_file_in_a_directory(project: Project) -> None:
    """What was added and what changed, each by its path in the directory."""
    last = ids(project, "execution", "stage = 'listing'")[-1]
    [data] = [one for one in differences(project, last) if one["what"] == "input"]

    assert (data["name"], data["role"]) == ("data", "0")
    assert [(one["name"], one["a"] is None, one["text"]) for one in data["inside"]] == [
        ("b", False, "@@ -1 +1 @@\n-2\\ no newline at the end\n+3\\ no newline at the end"),
        ("c", True, None),
    ]


def test_a_folder_of_sources_is_taken_from_git(tmp_path: Path) -> None:
    """In a project below the repository's root, with links, executable files and bytes; only if it is what was read."""
    text = stage("a", "ls -R {inputs} > {outputs}", "data", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "data/b": b"\0\1", "data/sub/c d": "1", "data/e": ""})
    subprocess.run([*GIT, "init", "-q", str(tmp_path)], check=True)
    (project.root / "data/l").symlink_to("b")
    (project.root / "data/e").chmod(0o755)
    git(project, "add", "data")
    git(project, "commit", "-qm", "first")
    project.run()
    project.write("data/b", b"\0\2")
    (project.root / "data/l").unlink()
    (project.root / "data/e").chmod(0o644)
    project.run()
    [change] = [one for one in differences(project) if one["what"] == "input"]
    assert [one["name"] for one in change["inside"]] == ["b", "e", "l"]
    (project.root / "data/b").write_bytes(b"\0\3")
    project.run()
    [change] = [one for one in differences(project) if one["what"] == "input"]

    assert (change["inside"], change["remark"]) == ([], "the bytes of the first are not at hand")


def test_sources_differ_line_by_line(project: Project) -> None:
    """What nobody kept is taken from git, if it has the very bytes that were read."""
    second, third = ids(project, "execution", "stage = 'sample'")[1:3]
    [code] = [one for one in differences(project, second, third) if one["what"] == "input"]

    assert code["name"] == "sample.sh"
    assert '+echo "2,$1"' in code["text"].split("\n")


def test_outputs_differ_as_data_of_their_format(project: Project) -> None:
    """Down to the column."""
    first, second = ids(project, "execution", "stage = 'sample'")[:2]
    [output] = [one for one in differences(project, first, second) if one["what"] == "output"]

    assert output["comparison"]["verdict"] == "different"
    assert output["comparison"]["differences"][0]["name"] == "column y"
    assert output["comparison"]["differences"][0]["numbers"]["absolute"] == 1.0


def test_an_output_of_many_inputs_is_told_with_its_difference(tmp_path: Path) -> None:
    """However many of these differ."""
    text = stage("a", "cat in/* | wc -c > {outputs[0]}", "in/*", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, **{f"in/{n}": "1" for n in range(MOST + 1)}})
    project.run()
    for n in range(MOST + 1):
        project.write(f"in/{n}", "22")
    project.run()
    [output] = [one for one in differences(project, "a") if one["what"] == "output"]

    assert output["text"] == f"@@ -1 +1 @@\n-{MOST + 1}\n+{2 * (MOST + 1)}"


def test_a_task_is_compared_with_its_last_success(tmp_path: Path) -> None:
    """Not with an attempt that failed in between; with the attempt where it never succeeded."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "test -s in && cp in {outputs[0]}", "in", "x"),
                                       "in": ""})  # fmt: skip
    project.run(status=1)
    project.write("in", "1")
    project.run()
    project.write("in", "")
    project.run(status=1)
    project.write("in", "2")
    project.run()
    executions = ids(project, "execution")

    def before(execution: str) -> str:
        found: str = call(project, "--json", execution).report["a"]
        return found

    assert before(executions[3]) == executions[1]
    assert before(executions[2]) == executions[1]
    assert before(executions[1]) == executions[0]
    assert call(project, "--json", "a").report["b"] == executions[3]


def test_executions_of_two_tasks_can_be_compared(project: Project) -> None:
    """What a task is, is told first."""
    found = differences(project, "left", "right")

    assert ("task", "left", "right") in {(one["name"], one["a"], one["b"]) for one in found}


# --- versions ---------------------------------------------------------------------------------------------


def test_versions_are_compared_with_each_other_and_with_the_disk(project: Project) -> None:
    """By the id of a dataset, and by PATH@ID with the beginning of that of a dataset, an execution or a run."""
    first, second = ids(project, "dataset", "path = 'sample.csv'")[:2]
    run = ids(project, "run")[0]
    by_id = call(project, "--json", first, second).report
    with_disk = call(project, "--json", f"sample.csv@{run}", "joined.txt").report

    assert (by_id["kind"], by_id["a"], by_id["b"], by_id["verdict"]) == ("dataset", first, second, "different")
    assert by_id["differences"][0]["what"] == "content"
    assert by_id["differences"][0]["name"] == "column y"
    assert (with_disk["kind"], with_disk["a"], with_disk["b"]) == ("dataset", first, "joined.txt")
    assert call(project, "--json", first, f"sample.csv@{run}").report["verdict"] == "identical"
    assert call(project, "--json", second).report["a"] == first


def test_a_file_is_compared_with_what_was_recorded_and_that_with_the_one_before(tmp_path: Path) -> None:
    """With the recorded version if it was changed by hand, or is gone, and with the last other one if it was not."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cat in > {outputs[0]}", "in", "a.txt"),
                                       "in": "1\n"})  # fmt: skip
    project.run()
    assert "no version before it" in call(project, "a.txt", status=2).err
    project.write("in", "2\n")
    project.run()
    first, second = ids(project, "dataset", "path = 'a.txt'")
    unchanged = call(project, "--json", "a.txt").report
    project.write("a.txt", "by hand\n")
    changed = call(project, "--json", "a.txt").report
    (project.root / "a.txt").unlink()
    gone = call(project, "a.txt", "--json")

    assert (unchanged["a"], unchanged["b"], unchanged["text"]) == (first, second, "@@ -1 +1 @@\n-1\n+2")
    assert (changed["a"], changed["b"], changed["text"]) == (second, "a.txt", "@@ -1 +1 @@\n-2\n+by hand")
    assert (gone.report["a"], gone.report["b"]) == (first, second)
    assert "a.txt: nothing lies there now; this is the last version that is known" in gone.err


def test_a_file_that_only_became_executable_is_said_to_be_so(tmp_path: Path) -> None:
    """Its bytes are those of the version, whichever of the two is named first."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cp in {outputs[0]}", "in", "a.txt"), "in": "1"})
    project.run()
    (project.root / "a.txt").chmod(0o755)
    dataset = ids(project, "dataset", "path = 'a.txt'")[0]

    assert "a.txt: executable now" in call(project, "a.txt").err
    assert "no longer executable" in call(project, "a.txt", f"a.txt@{dataset}").err
    (project.root / "a.txt").chmod(0o644)
    assert "executable" not in call(project, "a.txt", f"a.txt@{dataset}").err


def test_a_version_whose_bytes_are_not_kept_says_so(tmp_path: Path) -> None:
    """It is different by its digest; nothing is made up."""
    text = '[store]\nobjects = "none"\n' + stage("a", "cat in > {outputs[0]}", "in", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n"})
    project.run()
    project.write("in", "2\n")
    project.run()
    done = call(project, "a.txt")

    assert "different by its digest alone" in done.out
    assert "the bytes of the first are not at hand" in done.out
    assert "not at hand" in call(project, f"a.txt@{ids(project, 'run')[0]}", "in").out
    assert "the bytes of the first are not at hand" in call(project, "a").out


def test_directories_differ_by_their_files(tmp_path: Path) -> None:
    """Links and executable files too; only what differs is brought back for it."""
    text = stage("a", "mkdir {outputs[0]}; cp in {outputs[0]}/same; cp in2 {outputs[0]}/x; ln -s x {outputs[0]}/l",
                 "in in2", "out")  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n", "in2": "[1, 2]"})
    project.run()
    project.write("in2", "[1, 3]")
    project.run()
    report = call(project, "--json", "out").report

    assert [one["name"] for one in report["differences"]] == ["x/byte 4"]
    [output] = [one for one in differences(project, "a") if one["what"] == "output"]
    assert [(one["name"], one["text"]) for one in output["inside"]] == [
        ("x", "@@ -1 +1 @@\n-[1, 2]\\ no newline at the end\n+[1, 3]\\ no newline at the end")
    ]


def test_a_file_that_was_read_from_a_directory_is_no_output_of_its_own(tmp_path: Path) -> None:
    """What makes the directory again makes nothing less, although nobody has read the file since."""
    text = stage("make", "mkdir {outputs[0]}; echo 1 > {outputs[0]}/x; cat in > /dev/null", "in", "out")
    text += stage("use", "cat {inputs} > {outputs}", "out/x", "used.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n"})
    project.run()
    project.write("in", "2\n")
    project.run()

    assert [(one["what"], one["name"]) for one in differences(project)] == [("input", "in")]


def test_a_file_that_became_a_directory_is_another_one(tmp_path: Path) -> None:
    """What it was and is; the bytes of both are there."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo 1 > {outputs[0]}", "", "out")})
    project.run()
    project.write("Pipelinefile.toml", stage("a", "mkdir -p {outputs[0]}; echo 1 > {outputs[0]}/x", "", "out"))
    project.run()
    [output] = [one for one in differences(project, "a") if one["what"] == "output"]

    assert output["remark"] == "file → directory"
    assert call(project, "--json", "out").report["verdict"] == "different"
    assert causes_of(project, "out") == ["command"]


def causes_of(project: Project, path: str) -> list[str]:
    return [one["name"] for one in differences(project, "--blame", path)]


def test_directories_that_differ_by_a_mode_say_so(tmp_path: Path) -> None:
    """The bytes are the same, and what may be executed is not."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "mkdir {outputs[0]}; cp in {outputs[0]}/x", "in",
                                                                  "out"), "in": "1"})  # fmt: skip
    project.run()
    (project.root / "in").chmod(0o755)
    project.run()
    [found] = call(project, "--json", "out").report["differences"]

    assert (found["name"], found["a"], found["b"]) == ("x", "file", "executable file")


PLUGIN = """
from provstore.plugin import Difference, Format, Hasher, hookimpl
class Letters(Format):
    name = "letters"
    suffixes = (".letters",)
    python_type = str
    def read(self, path, component=None, **parameters):
        return "".join(sorted(path.read_text()))
    def write(self, value, path):
        path.write_text(value)
    def digest(self, path):
        return Hasher().add(self.read(path)).digest
    def diff(self, a, b, tolerance=None):
        yield Difference("values", ("letters",), "letters", self.read(a), self.read(b))
@hookimpl
def provstore_formats():
    return [Letters()]
"""


def test_a_format_that_is_gone_leaves_the_bytes(tmp_path: Path) -> None:
    """While it is there it tells in what recorded versions differ; afterwards that is said of their bytes."""
    text = stage("a", "cat in > {outputs[0]}", "in", "a.letters")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": '[project]\nplugins = ["letters.py"]\n' + text,
                                       "letters.py": PLUGIN, "in": "abc"})  # fmt: skip
    project.run()
    project.write("in", "abd")
    project.run()
    known = call(project, "--json", "a.letters").report
    project.write("Pipelinefile.toml", text)
    unknown = call(project, "--json", "a.letters").report

    assert [(one["name"], one["a"], one["b"]) for one in known["differences"]] == [("letters", "abc", "abd")]
    assert unknown["verdict"] == "different"
    assert "letters" in unknown["unavailable"]
    assert call(project, "a").out
    project.write("Pipelinefile.toml", "[")
    assert "a.letters" in call(project, "a.letters").out


# --- what a word names ------------------------------------------------------------------------------------


def test_a_file_is_never_taken_for_an_id(project: Project) -> None:
    """It is said if it could be one; other spellings of either leave no doubt."""
    run, before = ids(project, "run")[1], ids(project, "run")[0]
    short = run[:15]
    project.write(short, "x")
    try:
        done = call(project, "--json", short, "sample.sh")
        assert done.report["kind"] == "file"
        assert call(project, "--json", before, run).report["kind"] == "run"
        done = call(project, short, before, status=2)
        assert f"'{short}' is a file" in done.err
    finally:
        (project.root / short).unlink()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nope", "sample.sh"), "nope: there is no such file or directory, nor a recorded version, run"),
        (("sampel",), "did you mean 'sample'?"),
        (("sample@n=1",), "sample@n=1: no execution of this is recorded"),
        (("sample.csv@zz",), "sample.csv@zz: no version has an id that begins so"),
        (("0",), "several ids begin so"),
        (("Pipelinefile.toml",), "Pipelinefile.toml: the store knows no version of it"),
        (("a", "b", "c"), "found 3 words, expected two at most"),
        (("",), "there is no such file"),
        (("a\0b",), "there is no such file"),
        (("--blame", "nope"), "nope: the store knows no version of it"),
        (("--blame", "joined.txt", "zz"), "joined.txt@zz: no version has an id that begins so"),
        (
            ("--blame", "joined.txt", "left.txt@0", "sample.csv@0"),
            "sample.csv@0: this is a version of sample.csv, expected one of joined.txt",
        ),
        (("--format", "nope", "sample.csv"), "there is no format 'nope'"),
        (("--tolerance", "x"), "expected rtol=NUMBER or atol=NUMBER"),
    ],
)
def test_what_names_nothing_is_refused(words: tuple[str, ...], said: str, project: Project) -> None:
    """With exit status 2, and what to do."""
    assert said in call(project, *words, status=2).err


def test_records_of_two_kinds_are_not_compared(project: Project) -> None:
    """It says what was found."""
    run, execution = ids(project, "run")[0], ids(project, "execution")[0]

    assert "is a run" in call(project, run, execution, status=2).err
    assert "is an execution" in call(project, run, execution, status=2).err


def test_without_a_store_or_a_project_there_is_nothing_recorded(tmp_path: Path) -> None:
    """Files are compared all the same."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "true"), "x": "1", "y": "2"})
    assert call(project, "x", "y").out.startswith("different")
    assert "nothing was recorded yet" in call(project, status=2).err
    (project.root / "Pipelinefile.toml").unlink()

    assert "no Pipelinefile.toml" in call(project, status=2).err
    assert "nope: there is no such file" in call(project, "x", "nope", status=2).err


# --- promises ---------------------------------------------------------------------------------------------


def test_a_question_writes_nothing(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in the store, and nothing is left at the temporary place."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = project.store_bytes()
    call(project)
    call(project, "sample")
    call(project, "sample.csv")
    call(project, "--blame", "joined.txt")

    assert project.store_bytes() == before
    assert os.listdir(tmp_path) == []
    project.claim_rest()


def test_the_exit_status_says_that_something_differs_if_that_is_asked(project: Project) -> None:
    """1 then, else 0."""
    first = ids(project, "execution", "stage = 'sample'")[0]

    assert project.provstore("diff", "--exit-code", "sample", status=1).out
    assert call(project, "--exit-code", first, first).out.endswith("that was recorded of the two executions differs\n")


@pytest.fixture
def damaged(project: Project) -> Iterator[str]:
    """The store says of an execution what was never recorded."""
    whole = project.store_bytes()
    id = ids(project, "execution", "stage = 'sample'")[0]
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute("UPDATE execution SET params = ? WHERE id = ?", (json.dumps({"seed": 9}), id))
    yield id
    project.store.write_bytes(whole)


def test_no_record_is_told_of_that_is_not_what_was_recorded(project: Project, damaged: str) -> None:
    """Whether it was named, or belongs to a run or a lineage."""
    runs = ids(project, "run")
    other = ids(project, "execution", "stage = 'sample'")[1]
    for words in ((damaged, other), (runs[0], runs[1]), ("--blame", "sample.csv", f"sample.csv@{damaged}")):
        assert "not what was recorded" in call(project, *words, status=3).err
