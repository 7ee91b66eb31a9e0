"""why, history and lineage say the same of folders, of what is in them, and of a store whose indexes are damaged."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from .project import Project, stage

GATHER = stage("a", "mkdir -p mid; cp s mid/a", "s", "mid/a") + stage("ls", "ls mid > ls.txt", "mid", "ls.txt")
MADE = (
    stage("mk", "mkdir -p d/sub; cp s d/sub/x; cp s d/y", "s", "d")
    + stage("use", "cp d/sub/x use", "d/sub/x", "use")
    + stage("mark", "touch done", "s", "done")
)


def test_gathered_is_no_source(tmp_path: Path) -> None:
    """A folder that several tasks fill is made by them, whoever is asked."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": GATHER, "s": "1\n"})
    project.run()
    assert "source" not in project.provstore("why", "mid", status=0).out
    assert "mid  gathered" in project.provstore("why", "ls.txt", status=0).out
    assert "gathered" in project.provstore("history", "mid", status=0).out
    assert "source" not in project.provstore("lineage", "--down", "mid", status=0).out


def test_directories_to_the_file(tmp_path: Path) -> None:
    """A folder is linked to what it held, file by file, and to nothing else."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": MADE, "s": "1\n"})
    project.run()
    found = project.provstore("lineage", "--json", "--down", "d/sub", status=0).report
    assert {node["path"] for node in found["datasets"]} == {"d", "d/sub/x", "use"}
    (project.root / "empty").touch()
    assert project.provstore("why", "--json", "empty", status=1).report["state"] == "unknown"
    os.remove(project.root / "d/sub/x")
    project.provstore("restore", "d", status=0)  # keeps the version without d/sub/x
    found = project.provstore("lineage", "--json", "--down", "d/sub/x", status=0).report
    assert len([node for node in found["datasets"] if node["path"] == "d"]) == 1


def test_index_of_digests_is_not_believed(tmp_path: Path) -> None:
    """A damaged index is found out, or does not change the answer."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": MADE, "s": "1\n"})
    project.run()
    before = project.provstore("history", "use", status=0).out
    with closing(sqlite3.connect(project.root / ".provstore/store.db")) as conn:
        digest = conn.execute("SELECT digest FROM dataset WHERE path = 'use'").fetchone()[0].encode()
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file = project.root / ".provstore/store.db"
    data = file.read_bytes()
    assert b"use" + digest in data
    file.write_bytes(data.replace(b"use" + digest, b"use" + digest[:-1] + b"z"))
    done = project.provstore("history", "use")
    assert (done.status, done.out) == (0, before) or done.status == 3
