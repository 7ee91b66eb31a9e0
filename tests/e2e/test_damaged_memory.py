"""What the store remembers to save work may be damaged: then the work is done again, and no answer changes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .project import Project, stage

FILES = {
    "Pipelinefile.toml": stage("one", "cat a.txt > b.txt", "a.txt", "b.txt")
    + stage("two", "mkdir d; cat b.txt d.in/x > d/y", "b.txt d.in", "d"),
    "a.txt": "1\n",
    "d.in/x": "x\n",
}
DAMAGE = {
    "file identity": "UPDATE file_memo SET identity = replace(identity, 'blake3:', 'blake3:0')",
    "file dataset": "UPDATE file_memo SET dataset = 'nothing'",
    "file stat": "UPDATE file_memo SET inode = inode + 1, size = size + 1",
    "directory identity": "UPDATE directory_memo SET identity = replace(identity, 'blake3:', 'blake3:0')",
    "directory dataset": "UPDATE directory_memo SET dataset = 'nothing'",
    "directory members": "UPDATE directory_memo SET members = replace(members, 'blake3:', 'blake3:0'), signature = 's'",
    "task key": "UPDATE task_memo SET key = key || '0'",
    "task execution": "UPDATE task_memo SET execution = '0' || execution",
    "task outputs": "UPDATE task_memo SET outputs = replace(outputs, 'blake3:', 'blake3:0')",
    "plan paths": "UPDATE plan SET paths = replace(paths, 'b.txt', 'c.txt')",
    "plan inputs": "UPDATE plan SET inputs = outputs",
    "plan digests": "UPDATE plan SET statics = replace(statics, 'blake3:', 'blake3:0')",
    "plan cut": "UPDATE plan SET outputs = ''",
    "plan not JSON": "UPDATE plan SET rest = '{'",
    "plan fingerprint": "UPDATE plan SET fingerprint = 'f'",
    "command": "UPDATE plan_task SET work = replace(work, 'cat', 'tac')",
    "command not JSON": "UPDATE plan_task SET work = 'x'",
    "commands lost": "DELETE FROM plan_task",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two tasks that are fresh."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    return project


def damage(project: Project, name: str) -> None:
    """Changes memory behind its seals."""
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute(DAMAGE[name])
        conn.commit()


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_fresh_stays_fresh(project: Project, name: str) -> None:
    """Damaged memory makes nothing stale, and nothing runs for it."""
    damage(project, name)

    assert set(project.status().outcomes.values()) == {"fresh"}
    assert project.run().report["run"] is None
    assert project.count() == {"one": 1, "two": 1}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_has_to_run_runs_as_declared(project: Project, name: str) -> None:
    """The right command, with the right inputs; its record tells what a record from undamaged memory would."""
    damage(project, name)
    project.write("a.txt", "2\n")

    done = project.run()

    assert done.executed == ["one", "two"]
    assert project.read("d/y") == "2\nx\n"
    assert project.rows("SELECT DISTINCT command LIKE '%cat %' FROM execution") == [(1,)]
    used = "SELECT count(*) FROM usage AS u JOIN dataset AS d ON d.id = u.dataset"
    assert project.rows(used) == [(6,)]
    assert project.rows("PRAGMA foreign_key_check") == []
    assert project.run().report["run"] is None
    project.write("a.txt", "1\n")
    assert project.run().executed == []
