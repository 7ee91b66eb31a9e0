"""The JSON of `status`, `run -n`, `run` and `check` is a contract: these keys, with these types."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .project import Project, stage

STATES = ["fresh", "restorable", "new", "stale", "failed", "waiting"]
OUTCOMES = ["executed", "restored", "fresh", "failed", "blocked", "cancelled"]
KINDS = {"forced", "always", "frozen", "accepted", "command", "param", "env", "input", "output", "attempt",
         "never-run", "waiting", "dimension"}  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TEXT = """
[params]
x = 1
[dimensions]
n = [1, 2]
s = ["a", "b"]
part = { from = "parts/{part}" }
[stages.grid]
dimensions = ["n", "s"]
run = "echo {params.x} > {outputs}; test {n}{s} != 2b -o ! -e no"
outputs = ["grid/{n}{s}"]
[stages.split]
run = "mkdir parts; cp list parts/one"
inputs = ["list"]
outputs = ["parts/"]
[stages.each]
dimensions = ["part"]
run = "cp {inputs} {outputs}"
inputs = ["parts/{part}"]
outputs = ["each/{part}"]
""" + stage("sum", "cat grid/2b > sum", "grid/2b", "sum")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Stages with and without dimensions, one of them found."""
    return Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "list": "1\n"})


def claim_reasons(reasons: Any) -> None:
    assert isinstance(reasons, list)
    for reason in reasons:
        assert list(reason) == ["kind", "subject", "text"]
        assert all(isinstance(value, str) for value in reason.values())
        assert reason["kind"] in KINDS
        assert reason["text"]


def claim_task(task: dict[str, Any], keys: list[str]) -> None:
    assert list(task) == keys
    assert isinstance(task["stage"], str)
    assert isinstance(task["data_id"], dict)
    assert all(isinstance(value, (str, int, float)) for value in task["data_id"].values())
    claim_reasons(task["reasons"])


def claim_status(report: dict[str, Any], *, ok: bool | None = None) -> None:
    """`{"tasks", "summary"}`, with "ok" for `check`."""
    assert list(report) == (["tasks", "summary"] if ok is None else ["ok", "tasks", "summary"])
    for task in report["tasks"]:
        claim_task(task, ["stage", "data_id", "state", "reasons", "outputs"])
        assert task["state"] in STATES
        assert task["reasons"] or task["state"] == "fresh"
        assert all(isinstance(path, str) for path in task["outputs"])
    assert list(report["summary"]) == STATES
    for state, number in report["summary"].items():
        assert number == sum(task["state"] == state for task in report["tasks"])
    if ok is not None:
        assert report["ok"] is ok


def claim_run(report: dict[str, Any]) -> None:
    """`{"run", "outcome", "tasks", "summary"}`."""
    assert list(report) == ["run", "outcome", "tasks", "summary"]
    assert report["run"] is None or UUID.fullmatch(report["run"])
    assert report["outcome"] in ("succeeded", "failed", "cancelled")
    for task in report["tasks"]:
        claim_task(task, ["stage", "data_id", "outcome", "execution", "seconds", "reasons"])
        assert task["outcome"] in OUTCOMES
        has_execution = task["outcome"] in ("executed", "restored", "failed")
        assert (task["execution"] is not None and bool(UUID.fullmatch(task["execution"]))) == has_execution
        assert task["seconds"] is None or (isinstance(task["seconds"], float) and task["seconds"] >= 0)
        assert (task["seconds"] is not None) == (task["outcome"] in ("executed", "failed"))
    assert list(report["summary"]) == OUTCOMES
    for outcome, number in report["summary"].items():
        assert number == sum(task["outcome"] == outcome for task in report["tasks"])


def test_status_run_n_and_check_in_every_state(project: Project) -> None:
    """New, waiting, fresh, stale, restorable, failed: one shape."""

    def ask(*, ok: bool) -> set[str]:
        report = project.status().report
        claim_status(report)
        claim_status(project.run("-n").report)
        claim_status(project.provstore("check", "--json", status=0 if ok else 1).report, ok=ok)
        return {task["state"] for task in report["tasks"]}

    assert ask(ok=False) == {"new", "waiting"}
    project.run()
    assert ask(ok=True) == {"fresh"}
    project.remove("grid/1a")
    project.write("list", "2\n")
    assert ask(ok=False) >= {"fresh", "restorable", "stale", "waiting"}
    project.write("no")
    project.write("Pipelinefile.toml", TEXT.replace("x = 1", "x = 2"))
    project.run("-k", status=1)
    assert ask(ok=False) >= {"fresh", "failed", "waiting"}


def test_run_in_every_outcome(project: Project) -> None:
    """Executed, restored, fresh, failed, blocked, cancelled: one shape; `run` is null when nothing had to be done."""
    seen = set()
    steps: list[tuple[list[str], int, Any]] = [
        ([], 0, lambda: None),
        ([], 0, lambda: None),
        ([], 0, lambda: project.remove("sum")),
        (["-k", "-P", "x=3"], 1, lambda: project.write("no")),
        (["-j1", "-P", "x=4"], 1, lambda: project.write("Pipelinefile.toml", TEXT.replace("! -e no", "-e yes"))),
        (["--force", "split"], 0, lambda: None),
    ]
    for words, status, change in steps:
        change()
        report = project.run(*words, status=status).report
        claim_run(report)
        seen |= {task["outcome"] for task in report["tasks"]}
        if report["run"] is None:
            assert {task["outcome"] for task in report["tasks"]} == {"fresh"}
        else:
            assert project.rows("SELECT id FROM run ORDER BY id DESC LIMIT 1") == [(report["run"],)]
            assert project.rows("SELECT outcome FROM run_end ORDER BY run DESC LIMIT 1") == [(report["outcome"],)]
    assert seen == set(OUTCOMES)


def test_data_ids_keep_their_types(project: Project) -> None:
    """Numbers are numbers, and no dimension is `{}`."""
    ids = {(task["stage"], str(task["data_id"])) for task in project.status().report["tasks"]}
    assert ("grid", "{'n': 1, 's': 'a'}") in ids
    assert ("sum", "{}") in ids


def test_results_go_to_standard_output_and_messages_to_standard_error(project: Project) -> None:
    """With --json standard output is JSON and nothing else, also when a task fails or the command line is wrong."""
    project.write("no")
    done = project.run("-k", status=1)
    claim_run(done.report)
    assert "failed" in done.err
    for words in (["run", "--json", "nothing"], ["status", "--json", "nothing"], ["check", "--json", "nothing"]):
        wrong = project.provstore(*words, status=2)
        assert wrong.out == ""
        assert "nothing" in wrong.err


def test_no_colour_without_a_terminal(project: Project) -> None:
    """Nor with NO_COLOR or TERM=dumb."""
    for env in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "xterm-256color"}):
        for words in (["status"], ["run"], ["check"]):
            done = project.provstore(*words, env=env) if words != ["check"] else project.provstore("check", status=None)
            assert "\x1b" not in done.out + done.err


def test_every_time_that_is_recorded_is_utc(project: Project) -> None:
    """ISO 8601, ending in Z, whatever the time zone says."""
    project.run(env={"TZ": "Asia/Kathmandu"})
    times = project.rows("SELECT started, ended FROM execution") + project.rows("SELECT started, started FROM run")
    for pair in times:
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment) for moment in pair)
