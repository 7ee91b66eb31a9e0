"""After any kill the next plain run works: nothing to unlock, nothing lost, nothing half-written taken for good.

`PROVSTORE_TEST_KILLS` says how often each of them kills (default 8).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .project import TRACED, Project, stage

KILLS = int(os.environ.get("PROVSTORE_TEST_KILLS", "8"))
CHAIN = "".join(
    stage(f"s{n}", f"cat {n}.txt > {n + 1}.txt; for i in 1 2 3; do sleep 0.01; echo {n} $i >> {n + 1}.txt; done",
          f"{n}.txt", f"{n + 1}.txt")
    for n in range(8)
)  # fmt: skip
WIDE = (
    "[dimensions]\nn = '1..14'\n"
    "[stages.make]\ndimensions = ['n']\n"
    f"run = '''{TRACED} cat 0.txt > {{outputs.a}}; mkdir {{outputs.d}}; sleep 0.02; "
    "echo {n} >> {outputs.a}; echo {n} > {outputs.d}/one; head -c 40000 /dev/zero > {outputs.d}/two'''\n"
    "inputs = ['0.txt']\noutputs = { a = 'out/{n}.txt', d = 'dir/{n}/' }\n"
    "[stages.all]\nrun = 'cat {inputs[0]} > {outputs}'\ninputs = ['out/{n}.txt']\noutputs = ['all.txt']\n"
)
HISTORY = (
    "SELECT id, run, stage, outcome, message, ended FROM execution ORDER BY id",
    "SELECT id, path, digest, execution FROM dataset ORDER BY id",
    "SELECT run, outcome FROM run_end ORDER BY run",
    "SELECT id, started FROM run ORDER BY id",
)


def history(project: Project) -> list[list[tuple[object, ...]]]:
    """All that was recorded."""
    return [project.rows(sql) for sql in HISTORY] if project.store.exists() else [[] for _ in HISTORY]


def outputs_of_a_clean_run(folder: Path, text: str, start: str) -> dict[str, bytes]:
    """What a run makes that nobody disturbs."""
    project = Project(folder / "clean", {"Pipelinefile.toml": text, "0.txt": start})
    project.run()
    return project.files()


def killed(project: Project, seconds: float, *words: str) -> bool:
    """Starts a run and kills it after so many seconds. Says whether it was still at work."""
    process = project.start("run", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    alive = process.poll() is None
    process.kill()
    process.wait()
    return alive


@pytest.fixture(params=["chain", "wide"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Project]:
    """A project that takes half a second."""
    text = {"chain": CHAIN, "wide": WIDE}[request.param]
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "0.txt": "start\n"})
    yield project
    project.kill_all()


def test_a_kill_at_any_moment(project: Project, tmp_path: Path) -> None:
    """Killed again and again, with edits in between; then a plain run, and everything is as after a clean run."""
    wanted = outputs_of_a_clean_run(tmp_path, project.read("Pipelinefile.toml"), "edited\n")
    chance = random.Random(20)
    hits = 0
    for number in range(KILLS):
        before = history(project)
        hits += killed(project, chance.uniform(0.04, 0.36), "-j2")
        project.wait_for(lambda: not project.alive(), 3)
        if number % 2:
            project.write("0.txt", f"edited {number}\n")
        for old, new in zip(before, history(project), strict=True):
            assert new[: len(old)] == old or set(old) <= set(new)
    project.write("0.txt", "edited\n")
    assert hits > KILLS // 4
    project.run("-j2")
    assert project.files() == wanted
    before_bytes = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == before_bytes
    project.claim_rest()
    assert project.rows("PRAGMA integrity_check") == [("ok",)]
    assert project.rows("PRAGMA foreign_key_check") == []
    assert project.rows("SELECT count(*) FROM run WHERE id NOT IN (SELECT run FROM run_end)") == [(0,)]


def test_each_run_after_a_kill_is_plain(project: Project, tmp_path: Path) -> None:
    """One kill, one plain run: at most what was in flight and what had just ended is repeated."""
    wanted = outputs_of_a_clean_run(tmp_path, project.read("Pipelinefile.toml"), "start\n")
    for seconds in (0.15, 0.25, 0.35):
        killed(project, seconds, "-j2")
        project.wait_for(lambda: not project.alive(), 3)
        done = project.run("-j2")
        assert set(done.outcomes.values()) <= {"executed", "fresh", "restored"}
        assert project.files() == wanted
        assert project.run().report["run"] is None
        shutil.rmtree(project.root / ".provstore")
        for path in set(wanted) - {"Pipelinefile.toml", "0.txt"}:
            project.remove(path)
        for path in ("out", "dir"):
            shutil.rmtree(project.root / path, ignore_errors=True)


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
    """Kills the runner while the task waits, and waits for the watchdog to do its work."""
    process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    project.wait_for(lambda: project.exists("started"))
    time.sleep(0.25)
    process.kill()
    process.wait()


def test_what_was_under_way_is_marked_interrupted(waiting: Project) -> None:
    """The next run says so, keeps what had ended, puts the half-written file away and does the rest."""
    killed_at_work(waiting)
    began = time.monotonic()
    waiting.wait_for(lambda: not waiting.alive(), 3)
    assert time.monotonic() - began < 1.5
    waiting.write("go")
    done = waiting.run()
    assert done.executed == ["go"]
    assert done.outcomes["quick"] == "fresh"
    assert "interrupted" in done.err
    sql = "SELECT stage, outcome FROM execution ORDER BY id"
    assert waiting.rows(sql)[-2:] == [("go", "interrupted"), ("go", "succeeded")]
    assert (waiting.failed_folder("go") / "b.txt").read_text() == "half\n"
    assert waiting.read("b.txt") == "2\n"
    assert waiting.run().report["run"] is None


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
    waiting.wait_for(lambda: not waiting.alive(), 3)
    before = waiting.store_bytes()
    for words in (["status"], ["check"], ["run", "-n"]):
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
        project.wait_for(lambda: project.exists("started"))
        for pid in project.alive():
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"provstore-watchdog" in command:
                os.kill(pid, signal.SIGKILL)
        process.kill()
        process.wait()
        time.sleep(0.1)
        assert project.alive(), "the orphan should be alive for this test to mean anything"
        project.write("quick")
        project.write("started")
        done = project.finish(project.start("run", "--json"), 0)
        assert done.executed == ["go"] or done.restored == ["go"]
        assert project.alive() == []
        content = project.read("b.txt")
        time.sleep(0.1)
        assert project.read("b.txt") == content
        assert project.run().report["run"] is None
    finally:
        project.kill_all()


def test_a_hand_edited_output_survives_a_kill(waiting: Project) -> None:
    """It was kept, or is still in its place, whenever the kill came: it can be found in the store or on the disk."""
    waiting.write("b.txt", "by hand\n")
    killed_at_work(waiting)
    waiting.wait_for(lambda: not waiting.alive(), 3)
    waiting.write("go")
    waiting.run()
    sql = "SELECT count(*) FROM object WHERE content = CAST('by hand\n' AS BLOB)"
    places = [path for path in waiting.root.rglob("*") if path.is_file() and path.read_bytes() == b"by hand\n"]
    assert waiting.rows(sql) == [(1,)] or places
    assert waiting.read("b.txt") == "2\n"


def test_the_kill_of_a_waiting_run_disturbs_nobody(waiting: Project) -> None:
    """Locks are the kernel's."""
    process = waiting.start("run", "--json")
    waiting.wait_for(lambda: waiting.exists("started"))
    second = waiting.start("run")
    time.sleep(0.3)
    second.kill()
    second.communicate()
    waiting.write("go")
    assert "go" in waiting.finish(process).executed
    assert waiting.run().report["run"] is None
