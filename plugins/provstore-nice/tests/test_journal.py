"""What a run leaves in a journal, and what the command and the exporter make of it."""

from __future__ import annotations

import json

import pytest

from provstore.testing import Project

PIPELINE = """
[stages.one]
run = "echo 1 > {outputs.a}"
outputs.a = "a.txt"

[stages.two]
run = "cat {inputs.a} > {outputs.b}"
inputs.a = "a.txt"
outputs.b = "b, c.txt"
"""


@pytest.fixture
def pair(project: Project) -> Project:
    """Two stages, one after the other."""
    project.write("Pipelinefile.toml", PIPELINE)
    return project


def test_a_journal_tells_a_run_in_order(pair: Project) -> None:
    """Its start, each task's start and end, its end."""
    pair.provstore("run", "-j1", env={"PROVSTORE_JOURNAL": "runs.jsonl"})
    entries = [json.loads(line) for line in pair.read("runs.jsonl").splitlines()]

    assert [entry["what"] for entry in entries] == [
        "run started", "task started", "task finished", "task started", "task finished", "run finished",
    ]  # fmt: skip
    assert [entry.get("task") for entry in entries] == [None, "one", "one", "two", "two", None]
    assert entries[1]["reasons"] == ["never run"]
    assert entries[-1]["outcome"] == "succeeded"


def test_nobody_who_wants_none_gets_a_journal(pair: Project) -> None:
    """Without the variable nothing is written."""
    before = set(pair.files())
    pair.provstore("run")

    assert set(pair.files()) - before == {"a.txt", "b, c.txt"}


def test_a_journal_that_can_not_be_written_does_no_harm(pair: Project) -> None:
    """It is said once, and the run succeeds."""
    done = pair.provstore("run", "--json", env={"PROVSTORE_JOURNAL": "no/such/folder/runs.jsonl"})

    assert done.report["outcome"] == "succeeded"
    assert done.err.count("plug-in nice") == 1


def test_the_slowest_tasks_come_first(pair: Project) -> None:
    """By what the journal says; only so many as are asked for."""
    facts = [("quick", 0.5), ("slow", 12.25), ("slow", 3.0)]
    lines = [{"what": "task finished", "task": task, "outcome": "executed", "seconds": took} for task, took in facts]
    pair.write("runs.jsonl", "".join(json.dumps(line) + "\n" for line in lines))

    assert pair.provstore("slowest", "runs.jsonl").out == "   12.25 s  slow\n    0.50 s  quick\n"
    assert pair.provstore("slowest", "-n1", "runs.jsonl").out == "   12.25 s  slow\n"
    assert "slowest" in pair.provstore("--help").out


def test_edges_are_a_table(pair: Project) -> None:
    """By the name of the form, and by the ending of the file."""
    expected = "source,target,path\none,two,a.txt\n"
    pair.provstore("graph", "-o", "edges.csv")

    assert pair.provstore("graph", "--format", "csv").out == expected
    assert pair.read("edges.csv") == expected
