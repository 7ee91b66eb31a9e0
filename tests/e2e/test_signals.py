"""Signals, floods, closed pipes, and two runs at once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .project import PROVSTORE, TRACED, Project, stage

WAITS = "echo half > b.txt; touch started; while test ! -e go; do sleep 0.02; done; echo whole > b.txt"
FILES = {
    "Pipelinefile.toml": stage("go", WAITS, "a.txt", "b.txt") + stage("then", "cat b.txt > c.txt", "b.txt", "c.txt"),
    "a.txt": "1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose first task waits for a file `go`."""
    project = Project(tmp_path / "p", FILES)
    yield project
    project.kill_all()


def started(project: Project, *words: str, **how: object) -> subprocess.Popen[bytes]:
    """A run whose first task is at work."""
    process = project.start("run", "--json", *words, **how)  # type: ignore[arg-type]
    project.wait_for(lambda: project.exists("started"))
    return process


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=lambda v: str(int(v))
)
def test_a_signal_ends_the_whole_task(project: Project, number: int, status: int) -> None:
    """It is recorded as cancelled, nothing is left running, what it wrote is put away; the next run goes on."""
    process = started(project)
    process.send_signal(number)
    done = project.finish(process, status)
    project.claim_rest()
    assert done.outcomes == {"go": "cancelled", "then": "blocked"} or set(done.outcomes.values()) == {"cancelled"}
    assert done.report["outcome"] == "cancelled"
    assert project.rows("SELECT stage, outcome FROM execution") == [("go", "cancelled")]
    assert project.rows("SELECT outcome FROM run_end") == [("cancelled",)]
    assert not project.exists("b.txt")
    assert (project.failed_folder("go") / "b.txt").read_text() == "half\n"
    project.write("go")
    assert project.run().executed == ["go", "then"]
    assert project.run().report["run"] is None


def test_a_cancelled_task_gets_its_last_good_version_back(project: Project) -> None:
    """Known as out of date."""
    project.write("go")
    project.run()
    for name in ("go", "started"):
        project.remove(name)
    project.write("a.txt", "2\n")
    process = started(project)
    process.send_signal(signal.SIGINT)
    project.finish(process, 130)
    assert project.read("b.txt") == "whole\n"
    assert project.status().outcomes["go"] == "stale"


def test_a_task_that_ignores_the_signal_gets_five_seconds(tmp_path: Path) -> None:
    """Then it is killed, with all that it had started."""
    text = stage("go", "trap '' INT TERM; touch started; while :; do sleep 1; done", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    process = started(project)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    project.finish(process, 143)
    project.claim_rest()
    assert 4 < time.monotonic() - began < 8


def test_a_second_ctrl_c_kills(tmp_path: Path) -> None:
    """At once."""
    text = stage("go", "trap '' INT TERM; touch started; while :; do sleep 1; done", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    process = started(project)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    project.finish(process, 130)
    project.claim_rest()
    assert time.monotonic() - began < 2


def test_nohup_is_respected(project: Project) -> None:
    """Under `nohup` the end of the terminal does not end the run."""
    process = started(project, before=["nohup"])
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    project.write("go")
    assert project.finish(process, 0).executed == ["go", "then"]


def test_signals_at_any_moment_leave_order(tmp_path: Path) -> None:
    """SIGINT after 0, 20, 40 … ms: the run ends soon, nothing runs on, and the next one does the rest."""
    text = "[dimensions]\nn = '1..40'\n[stages.go]\ndimensions = ['n']\n"
    text += "run = 'sleep 0.01; echo {n} > {outputs}'\noutputs = ['out/{n}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for number in range(12):
        process = project.start("run", "-j3")
        time.sleep(0.06 + 0.013 * number)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        done = project.finish(process, None)
        assert done.status in (0, 130, -signal.SIGINT)
        assert time.monotonic() - began < 4
        assert project.alive() == []
    project.run()
    assert project.run().report["run"] is None
    assert {path.name: path.read_text() for path in (project.root / "out").iterdir()} == {
        str(n): f"{n}\n" for n in range(1, 41)
    }


# --- output ---------------------------------------------------------------------------------------------


def test_standard_input_is_empty(tmp_path: Path) -> None:
    """A command that reads it finds its end, whatever the user's terminal says."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "cat > b.txt", "", "b.txt")})
    process = subprocess.run(
        [PROVSTORE, "run"], cwd=project.root, env=project.environment, input=b"typed", capture_output=True, check=True
    )
    assert b"executed" in process.stderr
    assert project.read("b.txt") == ""


def test_a_flood_of_output_costs_bounded_memory(tmp_path: Path) -> None:
    """50 MB of lines: all of it is kept, and the runner stays small."""
    text = stage("go", "yes 'a line of the flood' | head -c 50000000; echo x > b.txt", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.provstore("run", before=["prlimit", "--data=50000000"])
    assert project.rows("SELECT log_size FROM execution") == [(50_000_000,)]
    kept = [path.stat().st_size for path in (project.root / ".provstore" / "objects").rglob("*") if path.is_file()]
    assert kept == [50_000_000]


def test_bytes_that_are_no_text_are_shown_and_kept(tmp_path: Path) -> None:
    """Invalid UTF-8, zeros and one endless line: no traceback, and the log holds each byte."""
    text = stage("go", r"printf 'good \377\376\000\200 bad'; head -c 200000 /dev/zero; exit 1", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=1)
    assert "exit status 1" in done.err
    assert len(done.err) < 100_000
    assert project.rows("SELECT log_size FROM execution") == [(200_000 + len(b"good \377\376\000\200 bad"),)]


def test_a_closed_standard_output_changes_nothing(tmp_path: Path) -> None:
    """`| head -1` ends neither the run nor the questions, and their exit status is theirs."""
    text = "[dimensions]\nn = '1..300'\n[stages.go]\ndimensions = ['n']\n"
    text += "run = 'echo {n} > {outputs}; test {n} != 300'\noutputs = ['out/{n}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for words, expected in (
        (["status", "--json"], 0),
        (["check", "--json"], 1),
        (["run", "-k", "-j2"], 1),
        (["run", "-k", "--json"], 1),
    ):
        shell = ["sh", "-c", 'exec 3>&1; { "$@" 2>&1; echo $? >&3; } | head -1 > /dev/null', "sh", PROVSTORE, *words]
        done = subprocess.run(shell, cwd=project.root, env=project.environment, capture_output=True, check=True)
        assert done.stdout.decode().strip() == str(expected), words
        assert done.stderr == b""
    project.claim_rest()
    assert project.rows("SELECT count(*) FROM execution WHERE outcome = 'succeeded'") == [(299,)]


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_descriptors_change_nothing(tmp_path: Path, closed: str) -> None:
    """A run from cron or a daemon may have no standard streams at all."""
    text = stage("go", "cat a.txt > b.txt; echo said", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    for words, expected in (("run", 0), ("run", 0), ("status", 0), ("run nothing", 2)):
        command = f'"{PROVSTORE}" {words} {closed}'
        done = subprocess.run(["sh", "-c", command], cwd=project.root, env=project.environment, check=False)
        assert done.returncode == expected, words
    assert project.read("b.txt") == "1\n"
    assert project.rows("SELECT log_size FROM execution") == [(5,)]
    project.claim_rest()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding(tmp_path: Path, encoding: str) -> None:
    """Arrows and umlauts are shown as well as they can be; no traceback."""
    text = "[params]\nx = 1\n" + stage("gö", "echo {params.x} > b.txt", "", "b.txt")
    text = text.replace("[stages.gö]", '[stages."gö"]') if "gö" in text else text
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text.replace("gö", "go"), "ü.txt": ""})
    project.run(env={"PYTHONIOENCODING": encoding})
    for words in (["status", "-P", "x=2"], ["status", "--json", "-P", "x=2"], ["run", "-P", "x='→ü'"], ["run", "ü"]):
        done = project.provstore(*words, status=None, env={"PYTHONIOENCODING": encoding})

        assert done.status in (0, 2), done.err
        assert done.out or done.err


# --- two at once ----------------------------------------------------------------------------------------


def test_a_second_run_gives_up_with_no_wait(project: Project) -> None:
    """Exit status 3, and it says who holds the project."""
    process = started(project)
    done = project.finish(project.start("run", "--no-wait"), 3)
    assert f"process {process.pid} since" in done.err
    assert "provstore run --json" in done.err
    project.write("go")
    assert project.finish(process).executed == ["go", "then"]
    assert project.run("--no-wait").report["run"] is None


def test_a_second_run_waits_and_does_nothing_twice(project: Project) -> None:
    """It says for whom it waits, and finds all done."""
    process = started(project)
    second = project.start("run", "--json")
    time.sleep(0.4)
    assert second.poll() is None
    project.write("go")
    project.finish(process)
    done = project.finish(second)
    assert f"waiting for another run of this project: process {process.pid}" in done.err
    assert set(done.outcomes.values()) == {"fresh"}
    assert project.count() == {"go": 1, "then": 1}
    project.claim_rest()


def test_many_runs_at_once(tmp_path: Path) -> None:
    """Five runs from nothing: each task is executed once, and all end well."""
    text = "[dimensions]\nn = '1..20'\n[stages.go]\ndimensions = ['n']\n"
    text += f"run = '''{TRACED} echo {{n}} > {{outputs}}'''\noutputs = ['out/{{n}}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    processes = [project.start("run", "--json") for _ in range(5)]
    for process in processes:
        assert project.finish(process).report["outcome"] == "succeeded"
    assert project.count() == {"go": 20}
    project.claim_rest()


def test_questions_are_answered_while_a_run_is_under_way(project: Project) -> None:
    """`status`, `check` and `run -n` neither wait nor disturb."""
    process = started(project)
    for words in (["status"], ["status", "--json"], ["run", "-n"], ["check"]):
        began = time.monotonic()
        project.finish(project.start(*words), None)
        assert time.monotonic() - began < 5
    project.write("go")
    assert project.finish(process).executed == ["go", "then"]
    project.claim_rest()


def test_a_waiting_run_can_be_interrupted(project: Project) -> None:
    """Ctrl-C while it waits: exit status 130, and the other goes on."""
    process = started(project)
    second = project.start("run")
    time.sleep(0.4)
    second.send_signal(signal.SIGINT)
    assert project.finish(second, 130).out == ""
    project.write("go")
    project.finish(process)
    project.claim_rest()


def test_jobs_run_at_once_and_no_more_than_asked(tmp_path: Path) -> None:
    """-j2: two at a time, never three; -j1: one."""
    text = "[dimensions]\nn = '1..6'\n[stages.go]\ndimensions = ['n']\nresources = { cpu = 1 }\n"
    text += "run = '''mkdir -p on; touch on/{n}; sleep 0.15; ls on | wc -l > {outputs}; rm on/{n}'''\n"
    text += "outputs = ['out/{n}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for jobs in (1, 2):
        project.run("--force", f"-j{jobs}")
        seen = {int(path.read_text()) for path in (project.root / "out").iterdir()}
        assert max(seen) == min(jobs, len(os.sched_getaffinity(0)))


def test_a_runs_own_lines(tmp_path: Path) -> None:
    """Without a terminal: one plain line for a start and for an end, no colour, results apart from messages."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "touch b.txt", "", "b.txt")})
    done = project.provstore("run")
    assert done.out == ""
    assert re.search(r"^done +go  \d+\.\d s", done.err, re.MULTILINE)
    assert done.err.endswith("succeeded: 1 executed\n")
    assert "\x1b" not in done.err
    assert json.loads(project.run().out)["run"] is None
