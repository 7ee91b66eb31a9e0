"""Two runs at once never run a task twice and never corrupt anything; questions neither wait nor disturb."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from e2e.project import TRACED, Project, stage

from faults.aftermath import claim_repaired, claim_sound, outputs_of_a_clean_run

Tally = Callable[[str, int], None]

TEXT = (
    "[dimensions]\nn = '1..6'\n[stages.go]\ndimensions = ['n']\n"
    f"run = '''{TRACED} echo {{n}} >> \"$TRACE.n\"; cat a.txt > {{outputs}}; sleep 0.01; echo {{n}} >> {{outputs}}'''\n"
    "inputs = ['a.txt']\noutputs = ['out/{n}']\n"
) + stage("other", "cat a.txt > o.txt; sleep 0.02", "a.txt", "o.txt")
TEXT += (
    "[stages.all]\nrun = '''" + TRACED + " cat {inputs.o} {inputs.n} > {outputs}'''\n"
    "inputs = { o = 'o.txt', n = 'out/{n}' }\noutputs = ['all.txt']\n"
)
ONCE = {"go": 6, "other": 1, "all": 1}
PARTS = (["go"], ["other"], ["all"], ["out/3"], ["go@n=2", "other"], [])


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Eight short tasks, none of which has run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "a.txt": "0\n"})
    yield project
    project.kill_all()


def claim_once(project: Project, turns: int = 1) -> None:
    """Each task was executed once in each turn, by its own trace."""
    assert project.count() == {name: number * turns for name, number in ONCE.items()}
    by_n = sorted((project.trace.parent / f"{project.trace.name}.n").read_text().split())
    assert by_n == sorted([str(n) for n in range(1, 7)] * turns)


def finished(project: Project, processes: list[subprocess.Popen[bytes]], *statuses: int) -> list[int]:
    """Waits for all; each ends with one of the statuses."""
    found = [project.finish(process, None) for process in processes]
    for done in found:
        assert done.status in statuses, done
    return [done.status for done in found]


def test_pairs_started_at_the_same_moment(project: Project, effort: int, tally: Tally) -> None:
    """Each task is executed once, whichever of the two gets it; both say that all is well."""
    for turn in range(1, 18 * effort + 1):
        project.write("a.txt", f"{turn}\n")
        finished(project, [project.start("run", "-j2"), project.start("run", "--json")], 0)
        claim_once(project, turn)
        tally("pairs of runs at once", 1)
    assert project.run().report["run"] is None
    claim_sound(project)


def test_pairs_that_give_up(project: Project, effort: int, tally: Tally) -> None:
    """`--no-wait`: one at least does the work, who gives up says so with exit status 3."""
    for turn in range(1, 8 * effort + 1):
        project.write("a.txt", f"{turn}\n")
        statuses = finished(project, [project.start("run", "--no-wait") for _ in range(2)], 0, 3)
        assert 0 in statuses
        claim_once(project, turn)
        tally("pairs of runs at once", 1)
    claim_sound(project)


def test_pairs_with_targets_that_overlap(project: Project, effort: int, tally: Tally) -> None:
    """What both need is executed once."""
    chance = random.Random(1)
    for turn in range(1, 6 * effort + 1):
        project.write("a.txt", f"{turn}\n")
        pair = [project.start("run", *chance.choice(PARTS)) for _ in range(2)]
        time.sleep(chance.uniform(0, 0.05))
        finished(project, [*pair, project.start("run")], 0)
        claim_once(project, turn)
        tally("runs at once with targets that overlap", 3)
    claim_sound(project)


def test_pairs_of_which_one_is_killed(project: Project, tmp_path: Path, effort: int, tally: Tally) -> None:
    """The other one goes on by itself; what was in flight at the kill is all that is executed again."""
    wanted = outputs_of_a_clean_run(tmp_path / "clean", {"Pipelinefile.toml": TEXT, "a.txt": "end\n"})
    chance = random.Random(2)
    for turn in range(4 * effort):
        project.write("a.txt", f"{turn}\n")
        pair = [project.start("run", "-j2"), project.start("run", "-j2")]
        time.sleep(chance.uniform(0.05, 0.4))
        victim = chance.randrange(2)
        hit = pair[victim].poll() is None
        pair[victim].kill()
        pair[victim].communicate()
        project.finish(pair[1 - victim], 0)
        assert set(project.status().outcomes.values()) == {"fresh"}
        tally("pairs of runs of which one was killed", int(hit))
    project.write("a.txt", "end\n")
    claim_repaired(project, wanted)


def test_a_run_beside_one_whose_tasks_are_stopped_by_a_signal(project: Project, effort: int, tally: Tally) -> None:
    """One of two is interrupted: the other does what is left."""
    chance = random.Random(3)
    for turn in range(2 * effort):
        project.write("a.txt", f"{turn}\n")
        pair = [project.start("run"), project.start("run")]
        time.sleep(chance.uniform(0.15, 0.35))
        pair[0].send_signal(signal.SIGTERM)
        assert project.finish(pair[0], None).status in (0, 143, -signal.SIGTERM)
        project.finish(pair[1], 0)
        project.claim_rest()
        assert set(project.status().outcomes.values()) == {"fresh"}
        tally("pairs of runs of which one was interrupted", 1)
    claim_sound(project)


def test_a_restore_beside_a_run(project: Project, effort: int, tally: Tally) -> None:
    """Both end well, in whichever order; afterwards a plain run makes everything right."""
    project.run()
    first = project.read("all.txt")
    for turn in range(1, 3 * effort + 1):
        project.write("a.txt", f"{turn}\n")
        version = project.rows("SELECT id FROM dataset WHERE path = 'all.txt' ORDER BY rowid LIMIT 1")[0][0]
        pair = [project.start("run"), project.start("restore", f"all.txt@{version}")]
        finished(project, pair, 0)
        assert project.read("all.txt") in (first, _now(turn))
        project.run()
        assert project.read("all.txt") == _now(turn)
        tally("restores beside a run", 1)
    assert project.count() == {name: number * (3 * effort + 1) for name, number in ONCE.items()}
    claim_sound(project)


def _now(turn: int) -> str:
    return f"{turn}\n" + "".join(f"{turn}\n{n}\n" for n in range(1, 7))


# --- questions while a run is under way -----------------------------------------------------------------

MANY = (
    "[dimensions]\nn = '1..60'\n[stages.go]\ndimensions = ['n']\n"
    f"run = '''{TRACED} echo {{n}}; until test -e {{n}}.go -o -e go; do sleep 0.01; done; echo {{n}} > {{outputs}}'''\n"
    "outputs = ['out/{n}']\n"
)
QUESTIONS = (
    ["status"],
    ["check", "--json"],
    ["log", "--json"],
    ["show"],
    ["logs", "go"],
    ["graph", "--tasks"],
    ["sql", "SELECT count(*) FROM execution"],
    ["run", "-n"],
    ["fsck"],
    ["backup", "../copy.db"],
)


def release(project: Project, over: threading.Event) -> None:
    """Lets all tasks of `MANY` but the last end one by one until the questions are over, then all at once."""
    for n in range(1, 60):
        if over.wait(0.1):
            break
        project.write(f"{n}.go")
    over.wait()
    project.write("go")


def test_questions_during_a_run_neither_fail_nor_disturb(tmp_path: Path, effort: int, tally: Tally) -> None:
    """Each is answered while tasks start, end and are recorded; the run ends well, each task was executed once."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": MANY})
    project.write("1.go")
    over = threading.Event()
    process = project.start("run", "-j2", "--json")
    releaser = threading.Thread(target=release, args=(project, over))
    try:
        project.wait_for(lambda: project.store.exists() and project.rows("SELECT 1 FROM execution") != [])
        releaser.start()
        shown = project.rows("SELECT id FROM execution")[0][0]
        for question in QUESTIONS * effort:
            words = [*question, shown] if question == ["show"] else question
            (tmp_path / "copy.db").unlink(missing_ok=True)
            done = project.finish(project.start(*words), None)
            assert done.status in ((0, 1) if words[0] == "check" else (0,)), (words, done)
            assert process.poll() is None, "the run should be under way for this test to mean anything"
            tally("questions during a run", 1)
        follower = project.start("logs", "-f", "go@n=60")
    finally:
        over.set()
        project.write("go")
    done = project.finish(process)
    assert set(done.outcomes.values()) == {"executed"}
    follower.kill()
    follower.communicate()
    releaser.join()
    assert project.count() == {"go": 60}
    project.claim_rest()
    assert project.run().report["run"] is None
    claim_sound(project)


def test_the_log_of_a_running_task_is_followed_to_its_end(tmp_path: Path) -> None:
    """`logs -f` ends with the task, and shows all that it printed."""
    text = stage("go", "echo first; touch started; until test -e go; do sleep 0.01; done; echo last", "", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    process = project.start("run")
    try:
        project.wait_for(lambda: project.exists("started"))
        follower = project.start("logs", "-f", "go")
        time.sleep(0.2)
        project.write("go")
        assert project.finish(follower).out.splitlines()[-2:] == ["first", "last"]
        project.finish(process)
    finally:
        project.write("go")


def test_questions_write_nothing(project: Project) -> None:
    """The store's bytes are the same before and after, and no second file appears beside it."""
    project.run()
    project.write("a.txt", "2\n")
    before = project.store_bytes()
    shown = project.rows("SELECT id FROM execution")[0][0]
    for question in (*QUESTIONS[:-1], ["logs", "-f", "all"], ["gc", "-n"]):
        words = [*question, shown] if question == ["show"] else question
        project.provstore(*words, status=None)
        assert project.store_bytes() == before, words


@pytest.mark.parametrize("kind", ["reader", "writer"])
def test_another_programs_transaction_delays_and_breaks_nothing(project: Project, kind: str, tally: Tally) -> None:
    """A second-long reader or writer of the store, again and again during a run: it waits, and ends well."""
    project.run()
    project.write("a.txt", "2\n")
    process = project.start("run", "-j2", "--json")
    with closing(sqlite3.connect(project.store, timeout=30, isolation_level=None)) as conn:
        while process.poll() is None:
            conn.execute("BEGIN" if kind == "reader" else "BEGIN IMMEDIATE")
            conn.execute("SELECT count(*) FROM execution").fetchone()
            time.sleep(0.6)
            conn.execute("ROLLBACK")
            tally("transactions of another program during a run", 1)
            time.sleep(0.05)
    done = project.finish(process)
    assert json.loads(done.out)["outcome"] == "succeeded"
    project.claim_rest()
    claim_once(project, 2)
    claim_sound(project)
