"""What a run under way runs is what its own plan says, whatever others remember meanwhile."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from e2e.project import Project
from provstore.store import memory

FILES = {
    "Pipelinefile.toml": "[params]\nseed = 1\n[stages.x]\nrun = 'echo {params.seed} | cat {inputs.a} - > {outputs.o}'\n"
    "inputs.a = 'a'\noutputs.o = 'x'\n[stages.z]\nrun = 'echo z > {outputs.o}'\noutputs.o = 'z'\n",
    "a": "1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose plan is remembered."""
    made = Project(tmp_path / "p", FILES)
    made.run()
    made.run()
    made.write("a", "2\n")
    return made


def put_works_of_another_seed(project: Project) -> None:
    """Writes, with their seals, the works that a plan with another parameter would have."""
    with closing(sqlite3.connect(project.root / ".provstore/store.db")) as conn, conn:
        rows = conn.execute("SELECT position, work FROM plan_task").fetchall()
        conn.execute(memory.EMPTY_WORK)
        other = [(position, work.replace("echo 1 ", "echo 2 ")) for position, work in rows]
        assert other != rows
        conn.executemany(memory.PUT_WORK, map(memory.sealed, other))


def test_works_of_another_plan_are_not_taken_for_its_own(project: Project) -> None:
    """They are whole, and in the right place; but they are not what the plan's keys were made from."""
    put_works_of_another_seed(project)
    project.run()

    assert project.read("x") == "2\n1\n"


def test_a_plan_is_replaced_under_the_lock_alone(project: Project) -> None:
    """A run with nothing to do, of another plan, leaves alone what a run under way may be reading."""
    from fcntl import LOCK_EX, flock

    with open(project.root / ".provstore/lock", "r+b") as lock:
        flock(lock, LOCK_EX)
        before = project.store_bytes()
        report = json.loads(project.provstore("run", "--json", "-P", "seed=2", "z").out)
        assert report["run"] is None
        assert project.store_bytes() == before
