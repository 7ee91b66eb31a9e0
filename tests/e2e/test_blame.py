"""`diff --blame`: where two lineages part, exactly there and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project import Project, stage
from .test_diff_records import call, differences, git, ids


def causes(project: Project, *words: str) -> set[tuple[str, ...]]:
    """(what, name, tasks…) of each cause."""
    return {(one["what"], one["name"], *one["tasks"]) for one in differences(project, "--blame", *words)}


GRAPH = {
    "a": (), "b": (), "c": ("a",), "d": ("a", "b"), "e": ("c", "d"), "f": ("b",), "g": ("e", "d"), "h": ("f", "g"),
    "i": ("a",),
}  # fmt: skip
"""Stages and what they read: diamonds in diamonds; nothing of "i" comes to "h"."""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Each stage has a parameter and a source of its own, and its output changes with all that goes into it."""
    stages = "".join(
        f"[stages.{name}]\nrun = 'cat {{inputs}} | cksum > {{outputs}}; echo {{params.{name}}} >> {{outputs}}'\n"
        f"inputs = {[f'{one}.txt' for one in reads] + [f'{name}.in']}\noutputs = ['{name}.txt']\n"
        for name, reads in GRAPH.items()
    )
    params = "".join(f"{name} = 0\n" for name in GRAPH)
    files = {f"{name}.in": "0\n" for name in GRAPH}
    project = Project(tmp_path_factory.mktemp("blame") / "p",
                      {"Pipelinefile.toml": f"[params]\n{params}{stages}", **files})  # fmt: skip
    project.run()
    project.run("-P", "a=1")
    project.run("-P", "a=1", "-P", "d=1", "-P", "i=1")
    project.write("b.in", "1\n")
    project.run("-P", "a=1", "-P", "d=2")
    return project


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (0, 1, {("param", "a", "a")}),
        (1, 2, {("param", "d", "d")}),
        (2, 3, {("param", "d", "d"), ("input", "b.in", "b")}),
        (0, 3, {("param", "a", "a"), ("param", "d", "d"), ("input", "b.in", "b")}),
        (3, 0, {("param", "a", "a"), ("param", "d", "d"), ("input", "b.in", "b")}),
        (2, 2, set()),
    ],
)
def test_every_cause_is_named_once_and_nothing_else(
    first: int, second: int, expected: set[tuple[str, ...]], graph: Project
) -> None:
    """However many ways lead there; not what only lies beside, nor what follows from a cause."""
    runs = ids(graph, "run")

    assert causes(graph, "h.txt", runs[first], runs[second]) == expected


def test_the_present_version_is_compared_with_the_one_before(graph: Project) -> None:
    """With its ids in the answer, and how much was walked."""
    report = call(graph, "--json", "--blame", "h.txt").report
    datasets = ids(graph, "dataset", "path = 'h.txt'")

    assert (report["kind"], report["path"], report["a"], report["b"]) == ("dataset", "h.txt", *datasets[-2:])
    assert report["walked"] == 6  # h, f, g, b, d, e; of c and a nothing differs
    assert causes(graph, "h.txt", f"h.txt@{datasets[0]}") == causes(graph, "h.txt", datasets[0], datasets[-1])


def test_a_source_is_told_with_its_difference(tmp_path: Path) -> None:
    """A file by its lines, as git has them or as they lie there."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cat in in2 > {outputs[0]}", "in in2", "a.txt"),
                                       "in": "1\n2\n", "in2": ""})  # fmt: skip
    git(project, "init", "-q")
    git(project, "add", "in")
    git(project, "commit", "-qm", "first")
    project.run()
    project.write("in", "1\n3\n")
    project.run()
    [cause] = differences(project, "--blame", "a.txt")

    assert (cause["what"], cause["name"], cause["tasks"]) == ("input", "in", ["a"])
    assert cause["text"] == "@@ -1,2 +1,2 @@\n 1\n-2\n+3"


def test_what_nothing_explains_is_not_reproducible(tmp_path: Path) -> None:
    """It is named as such, with the commit that changed meanwhile if one did; what came of it is not blamed."""
    text = stage("noise", "cat tool >/dev/null; cat /proc/sys/kernel/random/uuid > {outputs[0]}", "", "noise.txt")
    text += stage("use", "cat {inputs} > {outputs}", "noise.txt", "used.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "tool": "1\n"})
    git(project, "init", "-q")
    git(project, "add", "tool")
    git(project, "commit", "-qm", "first")
    project.run()
    project.run("--force", "noise")
    project.run()
    [cause] = differences(project, "--blame", "used.txt")
    assert (cause["what"], cause["name"], cause["tasks"], cause["inside"]) == ("output", "noise.txt", ["noise"], [])
    assert "noise.txt" in call(project, "--blame", "used.txt").out
    assert "nothing recorded differs: not reproducible" in call(project, "--blame", "used.txt").out
    project.write("tool", "2\n")
    git(project, "commit", "-qam", "second")
    project.run("--force", "noise")
    project.run()
    [cause] = differences(project, "--blame", "used.txt")

    assert [(one["name"], [part["name"] for part in one["inside"]]) for one in cause["inside"]] == [
        ("commit", ["tool"])
    ]


def test_commands_and_inputs_that_came_and_went_are_causes(tmp_path: Path) -> None:
    """A command that differs by more than its parameters; an input that only one execution read."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cat in > {outputs[0]}", "in", "a.txt"),
                                       "in": "1\n", "in2": "2\n"})  # fmt: skip
    project.run()
    project.write("Pipelinefile.toml", stage("a", "cat in in2 > {outputs[0]}", "in in2", "a.txt"))
    project.run()

    assert causes(project, "a.txt") == {("command", "command", "a"), ("input", "in2", "a")}


def test_what_is_only_written_into_a_command_is_no_cause_of_its_own(tmp_path: Path) -> None:
    """Of a gather the file that came, and of a formatted placeholder the parameter: not that the command has them."""
    text = """
[params]
level = 0.5
[dimensions]
n = { from = "raw/{n}.txt" }
[stages.all]
run = "cat {inputs.raw} > {outputs.x}; echo {params.level:.2f} >> {outputs.x}"
inputs.raw = "raw/{n}.txt"
outputs.x = "all.txt"
"""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "raw/1.txt": "1\n"})
    project.run()
    project.write("raw/2.txt", "2\n")
    project.run()
    assert causes(project, "all.txt") == {("input", "raw/2.txt", "all")}
    assert "nothing → raw/2.txt (by its inputs)" in call(project).out
    project.run("-P", "level=0.25")
    assert causes(project, "all.txt") == {("param", "level", "all")}
    project.run("-P", "level=0.25")
    project.write("Pipelinefile.toml", text.replace("cat {inputs.raw}", "cat -s {inputs.raw}"))
    (project.root / "raw/2.txt").unlink()
    project.run("-P", "level=0.25")

    assert causes(project, "all.txt") == {("input", "raw/2.txt", "all"), ("command", "command", "all")}


def test_an_input_at_another_path_is_a_cause(tmp_path: Path) -> None:
    """Also with the same bytes; the command merely follows."""
    text = stage("a", "cat {inputs} > {outputs}; echo {inputs} >> {outputs}", "in", "a.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n", "new": "1\n"})
    project.run()
    project.write("Pipelinefile.toml", text.replace('"in"', '"new"'))
    project.run()

    assert [(one["what"], one["a"], one["b"], one["remark"]) for one in differences(project, "--blame", "a.txt")] == [
        ("input", "in", "new", "another path, the same bytes")
    ]


def test_an_accepted_version_is_said_to_be_put_there_by_hand(tmp_path: Path) -> None:
    """It is the cause, with what was changed in it; not a task that would not be reproducible."""
    text = stage("a", "cat in > {outputs[0]}", "in", "a.txt") + stage("b", "cat {inputs} > {outputs}", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "1\n"})
    project.run()
    project.write("a.txt", "1\nmine\n")
    project.provstore("accept", "a")
    project.run()
    [cause] = differences(project, "--blame", "b.txt")
    assert (cause["what"], cause["name"], cause["tasks"]) == ("output", "a.txt", ["a"])
    assert cause["remark"] == "made by the task first, put there by hand now"
    assert cause["text"] == "@@ -1 +1,2 @@\n 1\n+mine"
    assert "made by a (by hand)" in call(project, "a.txt").out
    assert "a (by hand)" in call(project, "a").out
    project.run("--force", "a")

    assert [one["remark"] for one in differences(project, "--blame", "a.txt")] == ["put there by hand first"]


def test_a_folder_that_many_tasks_fill_is_walked_through(tmp_path: Path) -> None:
    """Down to the task whose file in it differs."""
    text = """
[params]
big = 1
small = 1
[stages.one]
run = "echo {params.big} > {outputs.x}"
outputs.x = "parts/one.txt"
[stages.two]
run = "echo {params.small} > {outputs.x}"
outputs.x = "parts/two.txt"
[stages.all]
run = "cat {inputs.parts}/* > {outputs.x}"
inputs.parts = "parts"
outputs.x = "all.txt"
"""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    project.run("-P", "small=2")

    assert causes(project, "all.txt") == {("param", "small", "two")}


def test_what_was_made_once_and_written_by_hand_now_is_said_to_be_so(tmp_path: Path) -> None:
    """A stage that is gone leaves its output as a source."""
    first = stage("make", "echo 1 > {outputs[0]}", "", "x.txt")
    second = stage("use", "cat {inputs} > {outputs}", "x.txt", "y.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": first + second})
    project.run()
    project.write("Pipelinefile.toml", second)
    project.write("x.txt", "2\n")
    project.run()
    [cause] = differences(project, "--blame", "y.txt")

    assert (cause["what"], cause["name"], cause["remark"]) == ("input", "x.txt", "made by a task first, a source now")


def test_what_is_equal_as_data_is_walked_only_if_nothing_else_explains_it(tmp_path: Path) -> None:
    """Laid out anew, a file is no cause beside a parameter; alone it is, as the bytes must come from somewhere."""
    text = """
[params]
level = 1
[stages.layout]
run = "cat in > {outputs.x}"
inputs.raw = "in"
outputs.x = "x.json"
[stages.use]
run = "cat {inputs.x} > {outputs.y}; echo {params.level} >> {outputs.y}"
inputs.x = "x.json"
outputs.y = "y.txt"
"""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": '{"a": 1}'})
    project.run()
    project.write("in", '{"a":  1}')
    project.run("-P", "level=2")
    project.run("-P", "level=2", "--force", "use")
    assert causes(project, "y.txt") == {("param", "level", "use")}
    project.write("in", '{"a":   1}')
    project.run("-P", "level=2", "--force", "use")

    assert causes(project, "y.txt") == {("input", "in", "layout")}


def test_a_version_by_hand_is_said_to_be_one(tmp_path: Path) -> None:
    """It was kept when its task ran again; no task made it."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "cat in > {outputs[0]}", "in", "a.txt"),
                                       "in": "1\n"})  # fmt: skip
    project.run()
    project.write("a.txt", "by hand\n")
    project.run("--force")
    first, second = ids(project, "dataset", "path = 'a.txt'")[:2]
    [cause] = differences(project, "--blame", "a.txt", first, second)

    assert (cause["name"], cause["remark"], cause["tasks"]) == ("a.txt", "made by a task first, by hand now", [])
    assert "by hand" in call(project, "a.txt", f"a.txt@{second}").out
