"""Where data come from: versions by path or by content, and what made each. Rows become `Version`.

"Last" is the order in which facts were recorded (rowid), as in `provstore.store.history`.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.model.files import DirectoryMemo
from provstore.noun import NamedTuple
from provstore.store.connection import MISSING_ROW
from provstore.store.data_ids import DataIds
from provstore.store.memory import is_whole
from provstore.store.registered import may_be_under_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.model.files import FileRow
    from provstore.model.values import JSON

UNDER_WAY = "under way"
"""Stands for the outcome of a task that has registered something and has not ended."""

AT_PATH = """
    SELECT d.id, d.path, d.digest, d.semantic_digest, d.kind, d.executable, d.size, d.created, d.execution,
           e.run, e.stage, e.data_id, e.outcome
      FROM (SELECT rowid AS number FROM dataset WHERE path = :path ORDER BY rowid DESC LIMIT :limit OFFSET :after) AS i
      CROSS JOIN dataset AS d ON d.rowid = i.number LEFT JOIN execution AS e ON e.id = d.execution
     ORDER BY i.number DESC
"""
WAS_MADE = "SELECT 1 FROM dataset WHERE path = ? AND execution IS NOT NULL LIMIT 1"
WITH_BYTES = """
    SELECT d.id, d.path, d.digest, d.semantic_digest, d.kind, d.executable, d.size, d.created, d.execution,
           e.run, e.stage, e.data_id, e.outcome
      FROM dataset AS d LEFT JOIN execution AS e ON e.id = d.execution
     WHERE d.digest = ? ORDER BY d.rowid DESC LIMIT 50
"""
WITH_DATA = """
    SELECT d.id, d.path, d.digest, d.semantic_digest, d.kind, d.executable, d.size, d.created, d.execution,
           e.run, e.stage, e.data_id, e.outcome
      FROM dataset AS d LEFT JOIN execution AS e ON e.id = d.execution
     WHERE d.semantic_digest = ? ORDER BY d.rowid DESC LIMIT 50
"""
LAST_READ = """
    SELECT d.id
      FROM dataset AS d JOIN execution AS e ON e.id = (SELECT max(u.execution) FROM usage AS u WHERE u.dataset = d.id)
     WHERE d.path = ? ORDER BY e.rowid DESC LIMIT 1
"""
READ_BY_A_LAST_SUCCESS = """
    SELECT t.stage, t.data_id, t.key, t.execution, t.outputs, t.seal
      FROM usage AS u JOIN execution AS e ON e.id = u.execution
      JOIN task_memo AS t ON t.stage = e.stage AND t.data_id = e.data_id AND t.execution = e.id
     WHERE u.dataset = ? ORDER BY u.execution DESC LIMIT 1
"""
LAST_ATTEMPT = """
    SELECT id, outcome, ended, message FROM execution
     WHERE stage = (SELECT stage FROM execution WHERE id = :id)
       AND data_id = (SELECT data_id FROM execution WHERE id = :id)
     ORDER BY rowid DESC LIMIT 1
"""
INPUTS_AND_MAKERS = """
    SELECT u.role, d.path, d.id, d.digest, d.type, d.run, d.execution, m.stage, m.data_id, m.id, m.ended,
           m.run IS NULL AND m.name = 'accepted'
      FROM usage AS u LEFT JOIN dataset AS d ON d.id = u.dataset LEFT JOIN execution AS m ON m.id = d.execution
     WHERE u.execution = ? ORDER BY u.role, u.position
"""
FIRST_BELOW = "SELECT min(path) FROM dataset WHERE path >= :folder || '/' AND path < :folder || '0'"
FILE_MEMO = """
    SELECT path, device, inode, size, mtime, ctime, identity, dataset, seal FROM file_memo WHERE path = ?
"""
DIRECTORY_MEMO = """
    SELECT path, signature, identity, dataset, members, seal FROM directory_memo WHERE path = ?
"""

WITH_MEMBER = """
    SELECT path, signature, identity, dataset, members, seal FROM directory_memo WHERE instr(members, :digest)
"""


class Version(NamedTuple):
    """One recorded version of a path.

    Attributes:
        dataset: Its dataset; of what lies in a recorded directory: that of the directory.
        path: What it is a version of.
        semantic: Semantic digest, if there is one.
        execution: What made it; None: nobody that is known.
        run, stage, data_id, outcome: Of that execution; one that is not recorded yet is `UNDER_WAY`.
    """

    dataset: str
    path: str
    digest: str
    semantic: str | None
    kind: str
    executable: bool
    size: int
    created: str
    execution: str | None
    run: str | None
    stage: str | None
    data_id: dict[str, JSON]
    outcome: str | None


class Attempt(NamedTuple):
    """An execution, and how it ended."""

    execution: str
    outcome: str
    ended: str | None
    message: str


class Maker(NamedTuple):
    """The execution that made an input; by hand: nothing ran, a person accepted what lay there."""

    stage: str | None
    data_id: dict[str, JSON]
    execution: str
    ended: str | None
    by_hand: bool


class Input(NamedTuple):
    """What an execution read; `origin` is None for what nothing made.

    Attributes:
        type: Its dataset type.
        run: The RUN collection that it is in.
    """

    role: str
    path: str
    dataset: str
    digest: str
    type: str
    run: str
    origin: Maker | None


def at_path(conn: sqlite3.Connection, path: str, limit: int = -1, after: int = 0) -> list[Version]:
    """Every version recorded at a path, newest first.

    Args:
        limit: So many at most; -1: all.
        after: Leaves out so many of the newest.
    """
    return _versions(conn, AT_PATH, {"path": path, "limit": limit, "after": after})


def was_made(conn: sqlite3.Connection, path: str) -> bool:
    """Some execution made a version of this path."""
    return conn.execute(WAS_MADE, (path,)).fetchone() is not None


def with_bytes(conn: sqlite3.Connection, digest: str) -> list[Version]:
    """The newest versions with these bytes, at any path; fifty at most."""
    return _versions(conn, WITH_BYTES, (digest,))


def with_data(conn: sqlite3.Connection, semantic: str) -> list[Version]:
    """The newest versions with this semantic digest, at any path; fifty at most."""
    return _versions(conn, WITH_DATA, (semantic,))


def last_read(conn: sqlite3.Connection, path: str) -> str | None:
    """The dataset at a path that was read last; None: none ever was."""
    row = conn.execute(LAST_READ, (path,)).fetchone()
    return None if row is None else row[0]


def is_in_use(conn: sqlite3.Connection, dataset: str) -> bool:
    """What is remembered as the last success of some task has read this dataset."""
    row = conn.execute(READ_BY_A_LAST_SUCCESS, (dataset,)).fetchone()
    return row is not None and is_whole(row)


def last_attempt(conn: sqlite3.Connection, execution: str) -> Attempt | None:
    """The last attempt at the task that an execution belongs to; None where it belongs to none."""
    row = conn.execute(LAST_ATTEMPT, {"id": execution}).fetchone()
    return None if row is None else Attempt(*row)


def inputs(conn: sqlite3.Connection, execution: str) -> list[Input]:
    """What an execution read, and what made each of it.

    Raises:
        sqlite3.DatabaseError: Something of it is not there.
    """
    data_ids, found = DataIds(conn), []
    rows = conn.execute(INPUTS_AND_MAKERS, (execution,))
    for role, path, id, digest, type, run, made_by, stage, data_id, maker, ended, by_hand in rows:
        if id is None or (made_by != maker and not may_be_under_way(conn, id)):
            raise sqlite3.DatabaseError(MISSING_ROW)
        origin = Maker(stage, data_ids.read(stage, data_id), maker, ended, bool(by_hand)) if maker is not None else None
        found.append(Input(role, path, id, digest, type, run, origin))
    return found


def first_below(conn: sqlite3.Connection, folder: str) -> str | None:
    """The first path that was recorded below a folder; None where there is none."""
    found: str | None = conn.execute(FIRST_BELOW, {"folder": folder}).fetchone()[0]
    return found


def file_memo(conn: sqlite3.Connection, path: str) -> dict[str, FileRow]:
    """What is remembered of one file, as `memory.file_memos` gives it for all; only what is whole."""
    row = conn.execute(FILE_MEMO, (path,)).fetchone()
    return {path: (*row[1:-1], path)} if row is not None and is_whole(row) else {}


def directory_memo(conn: sqlite3.Connection, path: str) -> dict[str, DirectoryMemo]:
    """The same for a directory."""
    row = conn.execute(DIRECTORY_MEMO, (path,)).fetchone()
    return {path: DirectoryMemo._make(row[1:-1])} if row is not None and is_whole(row) else {}


def members_with(conn: sqlite3.Connection, digest: str) -> list[str]:
    """Paths of files with these bytes in directories, as those were when they were last read; fifty at most."""
    found = []
    for row in conn.execute(WITH_MEMBER, {"digest": digest}):
        if is_whole(row):
            found += [f"{row[0]}/{name}" for name, seen in json.loads(row[4]).items() if seen[-1] == digest]
    return found[:50]


def _versions(conn: sqlite3.Connection, sql: str, parameters: tuple[object, ...] | dict[str, object]) -> list[Version]:
    data_ids = DataIds(conn)
    return [_version(conn, row, data_ids) for row in conn.execute(sql, parameters)]


def _version(conn: sqlite3.Connection, row: tuple[Any, ...], data_ids: DataIds) -> Version:
    found = Version(*row)
    if found.execution is not None and found.outcome is None:
        if not may_be_under_way(conn, found.dataset):
            raise sqlite3.DatabaseError(MISSING_ROW)
        found = found._replace(outcome=UNDER_WAY)
    data_id = data_ids.read(found.stage, row[11]) if row[11] else {}
    return found._replace(executable=bool(found.executable), data_id=data_id)
