"""After any kill the next plain run works: nothing to unlock, nothing lost, nothing half-written taken for good.

Kills come after something has happened (a command has begun, a file is there), never after a time alone, so that most
of them hit, on any machine. One that comes too late is not counted.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from e2e.project import Project, stage

from faults.aftermath import claim_only_added, claim_repaired, claim_sound, history, outputs_of_a_clean_run

PATIENCE = 20.0
"""Seconds for what takes a second at most: how busy the machine is must not matter."""

NAMED = 'echo "$PROVSTORE_STAGE {n}" >> "$TRACE"; '
CHAIN = "".join(
    stage(f"s{n}", f"cat {n}.txt > {n + 1}.txt; sleep 0.005; echo {n} >> {n + 1}.txt", f"{n}.txt", f"{n + 1}.txt")
    for n in range(20)
)
WIDE = (
    "[dimensions]\nn = '1..14'\n"
    "[stages.make]\ndimensions = ['n']\n"
    f"run = '''{NAMED} cat 0.txt > {{outputs.a}}; mkdir {{outputs.d}}; sleep 0.02; "
    "echo {n} >> {outputs.a}; cat 0.txt > {outputs.d}/one; head -c 40000 /dev/zero > {outputs.d}/two'''\n"
    "inputs = ['0.txt']\noutputs = { a = 'out/{n}.txt', d = 'dir/{n}/' }\n"
    + stage("all", "cat out/1.txt out/14.txt > all.txt", "out/{n}.txt", "all.txt")
)
SUCCEEDED = "SELECT id, stage, data_id FROM execution WHERE outcome = 'succeeded'"
CONTENT = b"@content@"
"""Stands for what is in `0.txt`, which every output has in it."""


# --- kills at random moments ------------------------------------------------------------------------------


@pytest.fixture(params=["chain", "wide"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project that takes half a second."""
    text = {"chain": CHAIN, "wide": WIDE}[request.param]
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "0.txt": "start\n"})
    yield project
    project.kill_all()


def began(project: Project) -> int:
    """How many commands have begun so far, by their own traces."""
    return project.trace.read_bytes().count(b"\n") if project.trace.exists() else 0


def killed(project: Project, commands: int, seconds: float, *, children: bool) -> bool:
    """Kills a run some time after so many commands have begun in it. Says whether it was still at work.

    Args:
        children: Kills at the same time all that it had started, its watchdog too.
    """
    goal = began(project) + commands
    process = project.start("run", "-j2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    project.wait_for(lambda: process.poll() is not None or began(project) >= goal, PATIENCE)
    time.sleep(seconds)
    at_work = process.poll() is None
    for pid in [process.pid, *(project.alive() if children else ())]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    project.wait_for(lambda: not project.alive(), PATIENCE)
    return at_work


def succeeded(project: Project) -> set[tuple[str, ...]]:
    """What a reader of the store sees as done."""
    return set(project.rows(SUCCEEDED)) if project.store.exists() else set()


def wanted_with(clean: dict[str, bytes], content: str) -> dict[str, bytes]:
    """What a clean run makes when `0.txt` has this content."""
    return {path: data.replace(CONTENT, content.encode()) for path, data in clean.items()}


def test_kills_at_random_moments(project: Project, tmp_path: Path, effort: int, tally) -> None:
    """Killed once or several times in a row, with edits in between or without, then a plain run: all as if nothing was.

    What a reader saw recorded before the last kill is not executed again; what was recorded is there for ever.
    """
    text = project.read("Pipelinefile.toml")
    clean = outputs_of_a_clean_run(tmp_path / "clean", {"Pipelinefile.toml": text, "0.txt": f"{CONTENT.decode()}\n"})
    chance = random.Random(20)
    for number in range(8 * effort):
        content = f"content {number}"
        project.write("0.txt", f"{content}\n")
        seen: set[tuple[str, ...]] = set()
        for turn in range(1 + number % 4):
            before = history(project)
            if turn and number % 3 == 0:
                content = f"content {number} {turn}"
                project.write("0.txt", f"{content}\n")
            known = succeeded(project)
            commands = chance.randrange(20) if turn == 0 else chance.randrange(4)
            hit = killed(project, commands, chance.uniform(0, 0.03), children=chance.random() < 0.5)
            tally("kills of a run at a random moment", int(hit))
            seen = succeeded(project) - known if number % 2 else set()
            if number % 2:
                claim_only_added(before, history(project))
        first = began(project)
        done = claim_repaired(project, wanted_with(clean, content), "-j2")
        assert set(done.outcomes.values()) <= {"executed", "fresh", "restored"}
        assert began(project) - first == len(done.executed)
        names = {name if data == "{}" else f"{name}@n={data.partition(':')[2].rstrip('}')}" for _, name, data in seen}
        assert not names & set(done.executed)


# --- kills at a chosen moment -----------------------------------------------------------------------------

WAITS = "echo half > b.txt; touch started; until test -e go; do sleep 0.02; done; cat a.txt > b.txt"


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Project]:
    """A task at work that waits for a file `go`; it has succeeded before, with other content."""
    text = stage("quick", "cat a.txt > q.txt", "a.txt", "q.txt") + stage("go", WAITS, "a.txt q.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n", "go": ""})
    project.run()
    project.remove("go")
    project.remove("started")
    project.write("a.txt", "2\n")
    yield project
    project.kill_all()


def killed_at_work(project: Project) -> None:
    """Kills the runner while the task waits, once a reader sees that the one before it is recorded."""
    sql = "SELECT count(*) FROM execution WHERE stage = 'quick' AND outcome = 'succeeded'"
    before = project.rows(sql)
    process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    project.wait_for(lambda: project.exists("started"), PATIENCE)
    project.wait_for(lambda: project.rows(sql) != before, PATIENCE)
    process.kill()
    process.wait()


def test_what_was_under_way_is_marked_interrupted(waiting: Project) -> None:
    """The next run says so, keeps what had ended, puts the half-written file away and does the rest."""
    killed_at_work(waiting)
    waiting.wait_for(lambda: not waiting.alive(), PATIENCE)
    waiting.write("go")
    done = waiting.run()
    assert done.executed == ["go"]
    assert done.outcomes["quick"] == "fresh"
    assert "interrupted" in done.err
    sql = "SELECT stage, outcome FROM execution ORDER BY rowid"
    assert waiting.rows(sql)[-2:] == [("go", "interrupted"), ("go", "succeeded")]
    assert (waiting.failed_folder("go") / "b.txt").read_text() == "half\n"
    assert waiting.read("b.txt") == "2\n"
    assert waiting.run().report["run"] is None


def test_what_a_killed_runner_had_started_ends_by_itself(waiting: Project) -> None:
    """Without another run: the watchdog ends the command and all that it had started."""
    killed_at_work(waiting)
    waiting.wait_for(lambda: not waiting.alive(), PATIENCE)
    assert waiting.read("b.txt") == "half\n"


def test_a_kill_does_not_lose_the_last_good_version(waiting: Project) -> None:
    """Undoing the edit after the kill brings the good version back without running anything."""
    killed_at_work(waiting)
    waiting.write("a.txt", "1\n")
    done = waiting.run()
    assert done.executed == []
    assert waiting.read("b.txt") == "1\n"
    assert waiting.run().report["run"] is None


def test_questions_after_a_kill(waiting: Project) -> None:
    """`status` and `check` answer, and write nothing."""
    killed_at_work(waiting)
    waiting.wait_for(lambda: not waiting.alive(), PATIENCE)
    before = waiting.store_bytes()
    for words in (["status"], ["check"], ["run", "-n"], ["log"]):
        done = waiting.finish(waiting.start(*words), None)
        assert done.status in (0, 1)
    assert waiting.store_bytes() == before
    waiting.write("go")
    waiting.run()


def test_an_orphan_that_goes_on_writing_spoils_nothing(tmp_path: Path) -> None:
    """Runner and watchdog are killed: the next run names and ends the orphan before it starts the task again."""
    text = stage("go", "touch started; while :; do echo late >> b.txt; sleep 0.01; test ! -e quick || exit 0; done",
                 "", "b.txt")  # fmt: skip
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    try:
        process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        project.wait_for(lambda: project.exists("started"), PATIENCE)
        for pid in project.alive():
            if b"provstore-watchdog" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        assert project.alive(), "the orphan should be alive for this test to mean anything"
        project.write("quick")
        done = project.finish(project.start("run", "--json"), 0)
        assert done.executed == ["go"] or done.restored == ["go"]
        assert project.alive() == []
        assert project.run().report["run"] is None
        claim_sound(project)
    finally:
        project.kill_all()


def test_a_hand_edited_output_survives_a_kill(waiting: Project) -> None:
    """It was kept before it was moved: the store has it, and it can be brought back."""
    waiting.write("b.txt", "by hand\n")
    killed_at_work(waiting)
    waiting.wait_for(lambda: not waiting.alive(), PATIENCE)
    waiting.write("go")
    waiting.run()
    assert waiting.read("b.txt") == "2\n"
    by_hand = waiting.rows("SELECT id FROM dataset WHERE path = 'b.txt' AND execution IS NULL")
    assert len(by_hand) == 1
    waiting.provstore("restore", f"b.txt@{by_hand[0][0]}")
    assert waiting.read("b.txt") == "by hand\n"


def test_the_kill_of_a_waiting_run_disturbs_nobody(waiting: Project, tmp_path: Path) -> None:
    """Locks are the kernel's."""
    first = waiting.start("run", "--json")
    waiting.wait_for(lambda: waiting.exists("started"), PATIENCE)
    said = tmp_path / "said"
    with said.open("wb") as file:
        second = waiting.start("run", stdout=subprocess.DEVNULL, stderr=file.fileno())
    waiting.wait_for(lambda: b"waiting for another run" in said.read_bytes(), PATIENCE)
    second.kill()
    second.wait()
    waiting.write("go")
    assert "go" in waiting.finish(first).executed
    assert waiting.run().report["run"] is None


# --- a kill just after a task has ended -------------------------------------------------------------------

ENDS = (
    stage("ends", "cat a.txt > e.txt; echo more >> e.txt; touch ended", "a.txt", "e.txt")
    + stage("later", "cat e.txt > f.txt; touch begun; until test -e go; do sleep 0.01; done", "e.txt", "f.txt")
)  # fmt: skip
KEPT = "SELECT count(*) FROM dataset JOIN object USING (digest) WHERE path = 'e.txt'"


def test_a_result_that_was_not_yet_written(tmp_path: Path, effort: int, tally) -> None:
    """A task has ended, the next one reads what it made, and the runner dies before it has written that down.

    Its output is made again, or found recorded; it is never called somebody's edit, and no version is lost.
    """
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ENDS, "a.txt": "0\n", "go": ""})
    project.run()
    chance = random.Random(3)
    try:
        for number in range(1, 1 + 8 * effort):
            for path in ("go", "ended", "begun"):
                if project.exists(path):
                    project.remove(path)
            project.write("a.txt", f"{number}\n")
            known, before = succeeded(project), history(project)
            process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            sign = ("ended", "begun")[number % 2]
            project.wait_for(partial(project.exists, sign), PATIENCE)
            time.sleep(chance.uniform(0, 0.04))
            process.kill()
            process.wait()
            project.wait_for(lambda: not project.alive(), PATIENCE)
            is_recorded = any(name == "ends" for _, name, _ in succeeded(project) - known)
            claim_only_added(before, history(project))
            project.write("go")
            done = project.run()
            assert "no task made" not in done.err
            assert ("ends" in done.executed) is not is_recorded
            assert project.read("f.txt") == f"{number}\nmore\n"
            assert project.run().report["run"] is None
            tally("kills just after a task had ended", int(not is_recorded))
            assert project.rows(KEPT) == [(number + 1,)]
        claim_sound(project)
    finally:
        project.kill_all()
