"""`backup` makes a copy that is a store; `fsck` says whether the store is what was written; no command shows damage."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .project import Project, stage

BIG = "head -c 100000 /dev/zero | tr '\\\\0' b > big"
TEXT = stage("copy", "cat in.txt > out.txt; echo printed", "in.txt", "out.txt") + stage("big", BIG, "out.txt", "big")
GATED = stage("a", "cat in.txt > a", "in.txt", "a") + stage(
    "b", "touch ../began; while ! test -e ../go; do sleep 0.01; done; cat a > b", "a", "b"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two tasks that ran."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "in.txt": "1\n"})
    project.run()
    return project


def change(project: Project, sql: str) -> None:
    """Changes the store behind its records."""
    with closing(sqlite3.connect(project.store)) as conn, conn:
        conn.execute(sql)


def beside(project: Project) -> set[str]:
    """Names of the files beside the project."""
    return {path.name for path in project.root.parent.iterdir() if path.is_file() and "trace" not in path.name}


# --- backup ---------------------------------------------------------------------------------------------


def test_a_backup_in_place_of_the_store_is_the_store(project: Project) -> None:
    """It answers the same, is sound, and nothing is run again."""
    log = project.provstore("log", "--json").out
    assert project.provstore("backup", "../saved.db").out.startswith("backed up: ")
    assert beside(project) == {"saved.db"}
    os.unlink(project.store)
    shutil.copy(project.root.parent / "saved.db", project.store)

    assert project.provstore("log", "--json").out == log
    assert project.run().report["run"] is None
    project.provstore("fsck", "--objects")


def test_a_backup_says_what_is_not_in_it(project: Project) -> None:
    """Big objects lie beside the store."""
    done = project.provstore("backup", "../saved.db")
    assert done.out.splitlines()[1] == "not in it: 1 object (97.7 KiB) in .provstore/objects: copy that folder, too"
    report = project.provstore("backup", "--json", "--replace", "../saved.db").report
    saved = project.root.parent / "saved.db"

    assert report["beside"] == {"folder": str(project.root / ".provstore/objects"), "objects": 1, "bytes": 100000}
    assert (report["file"], report["bytes"]) == (str(saved), saved.stat().st_size)
    assert list(report) == ["file", "bytes", "records", "objects", "beside"]


def test_a_backup_is_made_while_a_run_is_under_way(tmp_path: Path) -> None:
    """It holds what was recorded by then, and the run does not notice."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": GATED, "in.txt": "1\n"})
    process = project.start("run")
    try:
        project.wait_for((tmp_path / "began").exists)
        project.wait_for(lambda: bool(project.store.exists() and project.rows("SELECT 1 FROM execution")))
        project.finish(project.start("backup", "../saved.db"))
        project.finish(project.start("fsck", "--objects"))
        (tmp_path / "go").touch()
        project.finish(process)
    finally:
        project.kill_all()
    after = project.rows("SELECT position, digest, chain FROM record ORDER BY position")
    with closing(sqlite3.connect(tmp_path / "saved.db")) as conn:
        saved = list(conn.execute("SELECT position, digest, chain FROM record ORDER BY position"))

    assert saved
    assert saved == after[: len(saved)]
    assert len(saved) < len(after)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("there.db", "is there already"),
        ("missing/saved.db", "there is no folder"),
        (".", "is a folder"),
        (".provstore/store.db", "lies beside the store itself"),
        (".provstore/saved.db", "lies beside the store itself"),
        ("other", "belongs to another file"),
        ("/proc/saved.db", "error[file]: /proc/saved.db: "),
    ],
)
def test_a_place_that_is_no_place_for_a_backup_is_refused(project: Project, target: str, said: str) -> None:
    """Nothing is written, whatever is there stays."""
    project.write("there.db", "mine")
    project.write("other-journal", "not mine")
    files, store = project.files(), project.store_bytes()

    assert said in project.provstore("backup", target, status=2).err
    assert project.files() == files
    assert project.store_bytes() == store


def test_only_a_store_is_replaced(project: Project) -> None:
    """`--replace` is for older backups."""
    project.write("text", "mine")
    with closing(sqlite3.connect(project.root / "theirs.db")) as conn, conn:
        conn.execute("CREATE TABLE t (x)")
    files = project.files()
    for name in ("text", "theirs.db"):
        assert "is no store" in project.provstore("backup", "--replace", name, status=2).err
    assert project.files() == files

    project.provstore("backup", "../saved.db")
    project.write("in.txt", "2\n")
    project.run()
    project.provstore("backup", "../saved.db", status=2)
    project.provstore("backup", "--replace", "../saved.db")
    with closing(sqlite3.connect(project.root.parent / "saved.db")) as conn:
        assert conn.execute("SELECT count(*) FROM run").fetchone() == (2,)


def test_a_damaged_store_is_not_backed_up(project: Project) -> None:
    """One message that says what is damaged, and no file."""
    change(project, "UPDATE execution SET command = 'x'")
    done = project.provstore("backup", "../saved.db", status=3)

    assert "not backed up, since it is damaged: execution" in done.err
    assert ", and 1 more problem\n" in done.err
    assert "provstore recover" in done.err
    assert beside(project) == set()


def test_what_a_killed_backup_left_is_taken_over(project: Project) -> None:
    """Nobody has to remove anything."""
    leftover = project.root.parent / "saved.db.provstore-new"
    leftover.write_bytes(b"half")
    project.provstore("backup", "../saved.db")

    assert beside(project) == {"saved.db"}


def test_a_backup_is_as_private_as_the_store(project: Project) -> None:
    """It has the same permissions."""
    os.chmod(project.store, 0o600)
    project.provstore("backup", "../saved.db")

    assert (project.root.parent / "saved.db").stat().st_mode & 0o777 == 0o600


def test_without_a_store_there_is_nothing_to_copy(tmp_path: Path) -> None:
    """And nothing to check."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "in.txt": "1\n"})
    project.provstore("backup", "../saved.db", status=2)

    assert project.provstore("fsck").out == "there is no store: nothing was recorded yet\n"
    assert project.provstore("fsck", "--json").report["ok"]
    assert not project.exists(".provstore")


# --- fsck -----------------------------------------------------------------------------------------------


def test_a_sound_store_is_said_to_be_sound(project: Project) -> None:
    """With the numbers of what was checked; nothing is written."""
    before = project.store_bytes()
    done = project.provstore("fsck", "--objects", "--json")
    assert list(done.report) == ["ok", "checked", "problems"]
    assert done.report["ok"]
    assert done.report["problems"] == []
    checked = done.report["checked"]

    said = project.provstore("fsck").out
    assert said.startswith(f"the store is sound: {checked['records']} records, {checked['objects']} objects (")
    assert project.store_bytes() == before


def test_damage_is_one_line_each_and_exit_status_1(project: Project) -> None:
    """On standard output, with a summary; the hint is a message."""
    change(project, "UPDATE execution SET message = 'a' || char(10) || 'b'")
    done = project.provstore("fsck", status=1)
    lines = done.out.splitlines()
    problems = project.provstore("fsck", "--json", status=1).report["problems"]

    assert [line.partition(":")[0] for line in lines[:-1]] == ["record-damaged", "record-damaged"]
    assert " of copy (record " in lines[0]
    assert lines[-1].startswith("2 problems in ")
    assert "provstore recover" in done.err
    assert [list(problem) for problem in problems] == [["check", "subject", "text"]] * 2


def test_a_damaged_record_is_not_shown(project: Project) -> None:
    """Nor its log, nor is a version put back that it names."""
    (execution, run) = project.rows("SELECT id, run FROM execution WHERE stage = 'copy'")[0]
    for words in (("show", execution), ("show", run), ("logs", "copy"), ("restore", "out.txt")):
        project.provstore(*words)
    change(project, "UPDATE execution SET cpu_seconds = 7")
    change(project, "UPDATE run_end SET summary = '{}'")
    project.write("out.txt", "mine")

    for words in (("show", execution), ("show", run), ("logs", "copy"), ("restore", "out.txt")):
        done = project.provstore(*words, status=3)
        assert "is not what was recorded" in done.err
        assert done.out == ""
    assert project.read("out.txt") == "mine"


def test_a_damaged_log_is_not_printed(project: Project) -> None:
    """Its digest is checked before the first byte."""
    change(project, "UPDATE object SET content = CAST('Printed' || char(10) AS BLOB) WHERE size = 8")
    done = project.provstore("logs", "copy", status=1)

    assert done.out == ""
    assert "provstore fsck" in done.err
