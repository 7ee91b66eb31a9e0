"""Going forth and back between versions: what lies there, what comes back, and the reasons that are given."""

from __future__ import annotations

from pathlib import Path

import pytest

from .project import Project

FILES = {
    "Pipelinefile.toml": """
[params]
n = 1
[stages.make]
run = "cat {inputs.s} > {outputs.o}; echo {params.n} >> {outputs.o}"
inputs.s = "s.txt"
outputs.o = "o.txt"
""",
    "s.txt": "s\n",
}
SPLIT = {
    "Pipelinefile.toml": """
[dimensions]
part = { from = "parts/{part}.txt" }
[stages.other]
run = "echo other > other.txt"
outputs = ["other.txt"]
[stages.split]
run = "mkdir parts; echo a > parts/a.txt; echo b > parts/b.txt"
outputs.parts = "parts/"
[stages.each]
dimensions = ["part"]
run = "cat {inputs.p} {inputs.o} > {outputs.e}"
inputs.p = "parts/{part}.txt"
inputs.o = "other.txt"
outputs.e = "each/{part}.txt"
[stages.all]
run = "cat {inputs.e} > {outputs.a}"
inputs.e = "each/{part}.txt"
outputs.a = "all.txt"
[project]
default = ["all"]
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One stage with a parameter, run with 1, with 2, and with 1 again."""
    found = Project(tmp_path / "p", FILES)
    found.run()
    found.run("-P", "n=2")
    return found


def test_going_back_names_what_was_changed_back(project: Project) -> None:
    """A restored task says by what its version differs from the one that lay there, not only that its output did."""
    done = project.run()

    assert done.restored == ["make"]
    assert done.reasons("make") == ["param n: 2 → 1", "command changed", "output o.txt changed"]


def test_reasons_compare_with_what_lies_there(project: Project) -> None:
    """After going back, an edit is the only reason: the version in between is no part of the story."""
    project.run()
    project.write("s.txt", "t\n")

    assert project.status().reasons("make") == ["input s.txt changed"]


def test_a_failure_leaves_the_version_that_lay_there(project: Project) -> None:
    """Not the last one that was executed, when an earlier one had been brought back."""
    project.run()
    assert project.read("o.txt") == "s\n1\n"
    project.write("Pipelinefile.toml", FILES["Pipelinefile.toml"].replace('run = "', 'run = "false; '))

    project.run(status=1)

    assert project.read("o.txt") == "s\n1\n"


def test_a_secret_is_never_recorded_but_decides(tmp_path: Path) -> None:
    """Its value stands nowhere in the store nor in a reason; another value makes the task stale."""
    text = '[project]\nsecret_env = ["TOKEN"]\n[stages.a]\nrun = "echo done > o"\nenv = ["TOKEN"]\noutputs = ["o"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})

    project.run(env={"TOKEN": "hunter2"})

    assert b"hunter2" not in project.store_bytes()
    assert project.run(env={"TOKEN": "hunter2"}).report["run"] is None
    assert project.status(env={"TOKEN": "other"}).reasons("a") == ["env TOKEN changed"]
    assert project.status(env={"TOKEN": None}).reasons("a") == ["env TOKEN: a secret value → not set"]


def test_a_collection_that_is_no_chain_gets_nothing(project: Project) -> None:
    """A name without letters, or of a collection of another type, is refused before anything runs."""
    for name in ("", "sources"):
        done = project.provstore("run", "--force", "-o", name, status=2)

        assert "-o" in done.err


def test_before_the_first_run_the_plan_holds_all_that_can_be_known(tmp_path: Path) -> None:
    """Stages whose tasks wait for a gate bring what they need into the plan, by name, path and selection."""
    project = Project(tmp_path / "p", SPLIT)

    for words in ((), ("all.txt",), ("other..all",), ("--downstream", "other")):
        report = project.provstore("run", "-n", "--json", *words).report
        found = {task["stage"]: task["state"] for task in report["tasks"]}
        assert found == {"other": "new", "split": "new", "each": "waiting", "all": "waiting"}, words

    links = {(edge["from"], edge["to"]) for edge in project.provstore("graph", "--format", "json").report["edges"]}
    assert links == {("other", "each"), ("split", "each"), ("each", "all")}


def test_a_target_downstream_of_a_gate_is_run_whole(tmp_path: Path) -> None:
    """`--downstream` of a stage reaches those whose tasks only come to light on the way."""
    project = Project(tmp_path / "p", SPLIT)

    project.provstore("run", "--downstream", "other")

    assert project.read("all.txt") == "a\nother\nb\nother\n"
