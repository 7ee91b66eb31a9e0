"""What saves work: the plan, how files looked, each task's last success. May be emptied at any time."""

from __future__ import annotations

import sqlite3

from provstore.model.files import DirectoryMemo, Memo
from provstore.model.remembered import PlanText
from provstore.model.verdict import Success
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.files import FileRow

FILES = "SELECT device, inode, size, mtime, ctime, identity, dataset, path FROM file_memo"
DIRECTORIES = "SELECT path, signature, identity, dataset, members, seal FROM directory_memo"
TASKS = "SELECT stage, data_id, key, execution, outputs FROM task_memo"
MADE_BY_KEY = "SELECT key, outputs FROM task_memo"
PLAN = """
    SELECT fingerprint, meaning, files, environment, paths, formats, stages, stage_facts, task_stages, data_ids,
           statics, inputs, outputs, upstream, rest, seal FROM plan
"""
WORK = "SELECT position, work, seal FROM plan_task WHERE position = ?"
FILE = "SELECT * FROM file_memo WHERE path = ?"
TASK = "SELECT * FROM task_memo WHERE stage = ? AND data_id = ?"

PUT_FILE = """
    INSERT OR REPLACE INTO file_memo (path, device, inode, size, mtime, ctime, identity, dataset, seal)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
PUT_DIRECTORY = """
    INSERT OR REPLACE INTO directory_memo (path, signature, identity, dataset, members, seal)
    VALUES (?, ?, ?, ?, ?, ?)
"""
PUT_TASK = """
    INSERT OR REPLACE INTO task_memo (stage, data_id, key, execution, outputs, seal) VALUES (?, ?, ?, ?, ?, ?)
"""
PUT_PLAN = """
    INSERT OR REPLACE INTO plan (id, fingerprint, meaning, files, environment, paths, formats, stages, stage_facts,
                                 task_stages, data_ids, statics, inputs, outputs, upstream, rest, seal)
    VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
PUT_WORK = "INSERT INTO plan_task (position, work, seal) VALUES (?, ?, ?)"
SEPARATOR = "\x1f"
ACCEPTED = "accepted"
"""Stands in a task's memory before the identities of outputs that a person took for right."""
EMPTY_WORK = "DELETE FROM plan_task"


class TaskMemo(NamedTuple):
    """The last success of a task.

    Attributes:
        outputs: Identities of what it made, with spaces between. What a person has accepted begins with `ACCEPTED`: so
            it never is what lies there to the letter, and such a task is told from one that is fresh without a remark.
    """

    key: str
    execution: str
    outputs: str

    @classmethod
    def of(cls, key: str, success: Success) -> TaskMemo:
        """What is remembered of a success with this key."""
        identities = (ACCEPTED, *success.outputs) if success.accepted else success.outputs
        return cls(key, success.execution, " ".join(identities))

    @property
    def success(self) -> Success:
        """The inverse of `of`."""
        identities = tuple(self.outputs.split(" ")) if self.outputs else ()
        accepted = identities[:1] == (ACCEPTED,)
        return Success(self.execution, identities[1:] if accepted else identities, accepted)


def sealed(row: Sequence[object]) -> tuple[object, ...]:
    """The columns of a row of memory with their seal behind."""
    from zlib import crc32

    text = SEPARATOR.join(["" if value is None else str(value) for value in row])
    return (*row, crc32(text.encode("utf-8", "surrogatepass")))


def is_whole(row: Sequence[object]) -> bool:
    """Whether the last column of a row of memory is the seal of the others."""
    return sealed(row[:-1])[-1] == row[-1]


def _seal_of_texts(texts: Sequence[str]) -> int:
    """The seal of a plan, which is `sealed`'s for the whole row; one text after the other, as they may be huge."""
    from zlib import crc32

    seal = crc32(b"1")
    for text in texts:
        seal = crc32(text.encode("utf-8", "surrogatepass"), crc32(SEPARATOR.encode(), seal))
    return seal


def plan(conn: sqlite3.Connection) -> tuple[str, PlanText] | None:
    """Fingerprint and text of the remembered plan; None where there is none, or it is damaged."""
    row = conn.execute(PLAN).fetchone()
    return (row[0], PlanText(*row[1:-1])) if row is not None and _seal_of_texts(row[:-1]) == row[-1] else None


def work(conn: sqlite3.Connection, position: int) -> str | None:
    """What it takes to run a task of the remembered plan, as JSON; None where it is damaged."""
    row = conn.execute(WORK, (position,)).fetchone()
    return row[1] if row is not None and is_whole(row) else None


def is_sound(conn: sqlite3.Connection, path: str) -> bool:
    """What is remembered of a file is as it was written."""
    row = conn.execute(FILE, (path,)).fetchone()
    return row is None or is_whole(row)


def file_memos(conn: sqlite3.Connection) -> dict[str, FileRow]:
    """How each file looked when it was read last, by path: the values of a `Memo`, and the path.

    As SQLite gives them: a noun for each of thousands would take longer than reading them.
    """
    return {row[7]: row for row in conn.execute(FILES)}


def directory_memos(conn: sqlite3.Connection) -> dict[str, DirectoryMemo]:
    """The same for directories; only what is whole, as the digests of their members are taken from it."""
    return {row[0]: DirectoryMemo._make(row[1:-1]) for row in conn.execute(DIRECTORIES) if is_whole(row)}


def made_by_key(conn: sqlite3.Connection) -> dict[str, str]:
    """Key of each task's last success → identities of what it made, with spaces between."""
    return dict(conn.execute(MADE_BY_KEY))


def task_memo(conn: sqlite3.Connection, stage: str, data_id: str) -> TaskMemo | None:
    """The last success of a task; None where none is remembered, or what is remembered is damaged."""
    row = conn.execute(TASK, (stage, data_id)).fetchone()
    return TaskMemo(*row[2:5]) if row is not None and is_whole(row) else None


def task_memos(conn: sqlite3.Connection) -> dict[tuple[str, str], TaskMemo]:
    """Each task's last success, by stage and canonical data ID."""
    return {(row[0], row[1]): TaskMemo(row[2], row[3], row[4]) for row in conn.execute(TASKS)}


def put_memos(conn: sqlite3.Connection, files: Mapping[str, Memo], directories: Mapping[str, DirectoryMemo]) -> None:
    """Keeps what was learnt of files."""
    conn.executemany(PUT_FILE, [sealed((path, *memo)) for path, memo in files.items()])
    conn.executemany(PUT_DIRECTORY, [sealed((path, *memo)) for path, memo in directories.items()])


def put_tasks(conn: sqlite3.Connection, tasks: Mapping[tuple[str, str], TaskMemo]) -> None:
    """Keeps each task's last success, by stage and canonical data ID."""
    conn.executemany(PUT_TASK, [sealed((*task, *memo)) for task, memo in tasks.items()])


def put_plan(conn: sqlite3.Connection, fingerprint: str, text: PlanText, works: Iterable[str] | None) -> None:
    """Keeps a plan in the place of the one before.

    Args:
        works: In the order of its tasks, one after the other; None: those that are kept are its own.
    """
    texts = (fingerprint, *text)
    conn.execute(PUT_PLAN, (*texts, _seal_of_texts(texts)))
    if works is None:
        return
    conn.execute(EMPTY_WORK)
    conn.executemany(PUT_WORK, map(sealed, enumerate(works)))
