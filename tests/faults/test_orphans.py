"""What a killed run had started ends, by its watchdog or by the next run; what it writes is never taken for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from e2e.project import MARK, Project, stage

from faults.aftermath import claim_repaired

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="/proc is not there")

Tally = Callable[[str, int], None]

LATE = f"""sh -c 'while :; do echo late >> b.txt; sleep 0.02; done' late-${MARK}"""
"""Writes for ever to the output of the task. Its last word names it, also where it has no environment."""

NO_ENVIRONMENT = 'env -i PATH="$PATH"'
WAYS = {
    "a plain command": f"touch started; {LATE}",
    "in place of the shell": f"touch started; exec {LATE}",
    "in place of the shell, without environment": f"touch started; exec {NO_ENVIRONMENT} {LATE}",
    "in the background": f"{LATE} & touch started; wait",
    "deaf to signals": f"trap '' TERM INT HUP; touch started; {LATE}",
    "in a session of its own": f"setsid {LATE} & touch started; sleep 1000",
    "a daemon": f"(setsid {LATE} &) ; touch started; sleep 1000",
    "a daemon without environment": f"({NO_ENVIRONMENT} setsid {LATE} &) ; touch started; sleep 1000",
    "a daemon without standard streams": f"(setsid {LATE} < /dev/null > /dev/null 2>&1 &) ; touch started; sleep 1000",
}
WHEN_ASKED = "echo late > b.txt; while :; do if test -e now; then echo late >> b.txt; rm now; fi; sleep 0.02; done"
ONCE = f"sh -c '{WHEN_ASKED}' late-${MARK}"
HIDDEN = f"({NO_ENVIRONMENT} setsid {ONCE} < /dev/null > /dev/null 2>&1 &) ; touch started; sleep 1000"
"""Gives up everything by which a process can be known. Writes once for each file `now`."""

WHOLE = {"b.txt": b"whole\n", "quick": b"", "started": b""}


def project_of(folder: Path, way: str) -> Project:
    """A project whose one task ends at once where there is a file `quick`."""
    text = stage("go", f"test ! -e quick || {{ echo whole > b.txt; exit 0; }}; {way}", "", "b.txt")
    return Project(folder, {"Pipelinefile.toml": text})


def late(project: Project) -> list[int]:
    """Processes that write late."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            words = Path(f"/proc/{entry}/cmdline").read_bytes().split(b"\0") if entry.isdigit() else []
        except OSError:
            continue
        if f"late-{project.mark}".encode() in words and not any(b"provstore" in word for word in words[:2]):
            found.append(int(entry))
    return found


def at_work(project: Project) -> subprocess.Popen[bytes]:
    """A run whose task writes."""
    process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    project.wait_for(lambda: project.exists("started") and project.exists("b.txt") and late(project) != [])
    return process


def kill_watchdog(project: Project) -> None:
    """Kills the watchdog of the run at work."""
    found = [pid for pid in project.alive() if b"provstore-watchdog" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    assert len(found) == 1
    os.kill(found[0], signal.SIGKILL)


def end(project: Project) -> None:
    """Leaves nothing behind, whatever became of the test."""
    project.kill_all()
    for pid in late(project):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(params=WAYS, ids=lambda way: way.replace(" ", "-"))
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """One for each way in which a command can live on."""
    project = project_of(tmp_path / "p", WAYS[request.param])
    yield project
    end(project)


def test_a_killed_runner_takes_all_it_started_with_it(project: Project, tally: Tally) -> None:
    """The watchdog ends it, with no other run's help; the next run starts from a clean place."""
    files = project.files()
    process = at_work(project)
    process.kill()
    process.wait()
    project.wait_for(lambda: not late(project) and not project.alive())
    project.write("quick")
    claim_repaired(project, {**files, **WHOLE})
    tally("kills of a runner whose task would live on", 1)


def test_without_a_watchdog_the_next_run_names_and_ends_it(project: Project, tally: Tally) -> None:
    """Watchdog and runner are killed, in this order: before the task is started again nothing of it lives."""
    files = project.files()
    process = at_work(project)
    kill_watchdog(project)
    process.kill()
    process.wait()
    orphans = late(project)
    assert orphans, "the orphan should be alive for this test to mean anything"
    project.write("quick")
    done = project.finish(project.start("run"))
    assert any(f"ended what an earlier run had left running: pid {pid} " in done.err for pid in orphans)
    assert late(project) == []
    claim_repaired(project, {**files, **WHOLE})
    tally("kills of runner and watchdog", 1)


def test_an_orphan_that_nobody_can_know_spoils_nothing(tmp_path: Path, tally: Tally) -> None:
    """Without environment, group, streams and parent it lives on. What it writes to the output of a later run is
    noticed by its content, and a plain run makes it right."""
    project = project_of(tmp_path / "p", HIDDEN)
    try:
        files = project.files()
        process = at_work(project)
        process.kill()
        process.wait()
        project.wait_for(lambda: not project.alive())
        project.write("quick")
        claim_repaired(project, {**files, **WHOLE})
        for _ in range(3):
            project.write("now")
            project.wait_for(lambda: not project.exists("now"))
            assert project.read("b.txt") == "whole\nlate\n"
            assert project.status().outcomes["go"] != "fresh"
            claim_repaired(project, {**files, **WHOLE})
            tally("writes of an orphan into an output of a later run", 1)
        assert late(project) != []
    finally:
        end(project)


@pytest.mark.parametrize("way", ["{} &", "setsid {} &", "(setsid {} &) ;", f"({NO_ENVIRONMENT} setsid {{}} &) ;"])
def test_a_process_that_outlives_its_command_is_named_and_ended(tmp_path: Path, way: str, tally: Tally) -> None:
    """It makes the task fail, with its pid and command, and what it wrote is no output."""
    text = stage("go", f"{way.format(LATE)} until test -e b.txt; do sleep 0.01; done", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    try:
        done = project.run(status=1)
        assert "left running: pid " in done.err
        assert "while :; do echo late" in done.err
        assert late(project) == []
        assert not project.exists("b.txt")
        tally("tasks whose background process outlives them", 1)
    finally:
        end(project)


WRITER = """
import os, sys, time
path, way, ready = sys.argv[1:]
number = 0
while True:
    number += 1
    try:
        if way == "append":
            with open(path, "a") as file:
                file.write("late\\n")
        elif way == "rename":
            with open(ready + ".new", "w") as file:
                file.write(f"late {number}\\n")
            os.rename(ready + ".new", path)
        elif way == "remove":
            os.unlink(path)
    except OSError:
        pass
    if not os.path.exists(ready):
        open(ready, "w").close()
    time.sleep(0.002)
"""

LATE_WRITES = [(path, way) for path in ("a.txt", "b.txt", "d/late") for way in ("append", "rename")]
LATE_WRITES += [("b.txt", "remove"), ("d/one", "remove"), ("d/one", "append")]


@pytest.mark.parametrize(("path", "way"), LATE_WRITES, ids=lambda v: v.replace("/", "-"))
def test_somebody_else_who_writes_all_the_time_is_never_believed(
    tmp_path: Path, path: str, way: str, effort: int, tally: Tally
) -> None:
    """To an input, an output, into an output directory: a run may fail, but what is said to be fresh is as recorded."""
    made = "cat a.txt > b.txt; mkdir d; cat a.txt > d/one; sleep 0.01"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", made, "a.txt", "b.txt d/"), "a.txt": "1\n"})
    ready = tmp_path / "ready"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(project.root / path), way, str(ready)])
    try:
        project.wait_for(ready.exists)
        for _ in range(3 * effort):
            assert project.run(status=None).status in (0, 1, 2)  # 2: could not be read to its end in five attempts
            tally("runs beside somebody who writes to their files", 1)
    finally:
        writer.kill()
        writer.wait()
    project.write("a.txt", "end\n")
    wanted = {
        "Pipelinefile.toml": project.read("Pipelinefile.toml").encode(),
        "a.txt": b"end\n",
        "b.txt": b"end\n",
        "d/one": b"end\n",
    }
    claim_repaired(project, wanted)
    for outcome, text in project.rows(
        "SELECT e.outcome, d.digest FROM dataset d JOIN execution e ON e.id = d.execution WHERE d.path = 'b.txt'"
    ):
        assert outcome == "succeeded"
        assert text.startswith("blake3:")
