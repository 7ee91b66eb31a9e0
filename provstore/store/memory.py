"""What saves work: the plan, how files looked, each task's last success. May be emptied at any time."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from provstore.model.files import DirectoryMemo, Memo
from provstore.store.connection import only_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILES = "SELECT path, device, inode, size, mtime, ctime, identity, dataset FROM file_memo"
DIRECTORIES = "SELECT path, signature, identity, dataset, members FROM directory_memo"
TASKS = "SELECT stage, data_id, key, execution, outputs FROM task_memo"
PLAN = "SELECT fingerprint, content FROM plan"
WORK = "SELECT work FROM plan_task WHERE position = ?"

PUT_FILE = """
    INSERT OR REPLACE INTO file_memo (path, device, inode, size, mtime, ctime, identity, dataset)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
PUT_DIRECTORY = """
    INSERT OR REPLACE INTO directory_memo (path, signature, identity, dataset, members) VALUES (?, ?, ?, ?, ?)
"""
PUT_TASK = "INSERT OR REPLACE INTO task_memo (stage, data_id, key, execution, outputs) VALUES (?, ?, ?, ?, ?)"
PUT_PLAN = "INSERT OR REPLACE INTO plan (id, fingerprint, content) VALUES (1, ?, ?)"
PUT_WORK = "INSERT INTO plan_task (position, work) VALUES (?, ?)"
DATA_VERSION = "PRAGMA data_version"
EMPTY_WORK = "DELETE FROM plan_task"


class TaskMemo(NamedTuple):
    """The last success of a task.

    Attributes:
        outputs: Identities of what it made, with spaces between.
    """

    key: str
    execution: str
    outputs: str


def data_version(conn: sqlite3.Connection) -> int:
    """A number that changes when another process writes."""
    return int(conn.execute(DATA_VERSION).fetchone()[0])


def plan(conn: sqlite3.Connection) -> tuple[str, str] | None:
    """Fingerprint and content of the remembered plan."""
    row: tuple[str, str] | None = conn.execute(PLAN).fetchone()
    return row


def work(conn: sqlite3.Connection, position: int) -> str:
    """What it takes to run a task of the remembered plan, as JSON."""
    return only_row(conn, WORK, (position,))[0]


def file_memos(conn: sqlite3.Connection) -> dict[str, Memo]:
    """How each file looked when it was read last, by path."""
    return {row[0]: Memo._make(row[1:]) for row in conn.execute(FILES)}


def directory_memos(conn: sqlite3.Connection) -> dict[str, DirectoryMemo]:
    """The same for directories."""
    return {row[0]: DirectoryMemo._make(row[1:]) for row in conn.execute(DIRECTORIES)}


def task_memos(conn: sqlite3.Connection) -> dict[tuple[str, str], TaskMemo]:
    """Each task's last success, by stage and canonical data ID."""
    return {(row[0], row[1]): TaskMemo(row[2], row[3], row[4]) for row in conn.execute(TASKS)}


def put_memos(conn: sqlite3.Connection, files: Mapping[str, Memo], directories: Mapping[str, DirectoryMemo]) -> None:
    """Keeps what was learnt of files."""
    conn.executemany(PUT_FILE, [(path, *memo) for path, memo in files.items()])
    conn.executemany(PUT_DIRECTORY, [(path, *memo) for path, memo in directories.items()])


def put_plan(conn: sqlite3.Connection, fingerprint: str, content: str, works: Iterable[str]) -> None:
    """Keeps a plan in the place of the one before; `works` are in the order of its tasks."""
    conn.execute(PUT_PLAN, (fingerprint, content))
    conn.execute(EMPTY_WORK)
    conn.executemany(PUT_WORK, enumerate(works))
