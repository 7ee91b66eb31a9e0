"""What has to be true after a fault, whichever it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from e2e.project import Done, Project

from provstore.store import fsck
from provstore.store.store import Store

HISTORY = (
    "SELECT position, kind, subject, digest, chain FROM record ORDER BY position",
    "SELECT id, run, stage, data_id, key, outcome, message, ended FROM execution ORDER BY rowid",
    "SELECT id, path, digest, execution FROM dataset ORDER BY rowid",
    "SELECT run, outcome FROM run_end ORDER BY rowid",
)


def history(project: Project) -> list[list[tuple[object, ...]]]:
    """All that was recorded, in its order."""
    if not project.store.exists():
        return [[] for _ in HISTORY]
    with closing(sqlite3.connect(f"file:{project.store}?mode=rw", uri=True)) as conn:
        return [list(conn.execute(sql)) for sql in HISTORY]


def claim_only_added(before: list[list[tuple[object, ...]]], after: list[list[tuple[object, ...]]]) -> None:
    """History from before the fault is the beginning of the history after it."""
    for old, new in zip(before, after, strict=True):
        assert new[: len(old)] == old


def claim_sound(project: Project) -> None:
    """The store passes every check of `fsck --objects`: of the function, as the command takes ten times as long."""
    with Store(str(project.store)) as store:
        assert list(fsck.problems(store, objects=True)) == []
    project.claim_rest()


def claim_repaired(project: Project, wanted: dict[str, bytes], *words: str) -> Done:
    """A plain run makes everything as a clean run does, the next one does nothing and writes nothing.

    Args:
        wanted: What `outputs_of_a_clean_run` gave.

    Returns:
        How the plain run went.
    """
    before = history(project)
    done = project.run(*words)
    assert project.files() == wanted
    claim_only_added(before, history(project))
    bytes_before = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == bytes_before
    claim_sound(project)
    return done


def outputs_of_a_clean_run(folder: Path, files: dict[str, str]) -> dict[str, bytes]:
    """What a run makes that nobody disturbs."""
    project = Project(folder, files)
    project.run()
    return project.files()
