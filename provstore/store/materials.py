"""What executions were made of and what they made, many at once: for comparing them.

"Before" and "last" are the order in which facts were recorded (rowid), as in `provstore.store.history`; in a store
with merges they are that of time, as in `provstore.store.records`: what was recorded in several stores has no other.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.noun import NamedTuple
from provstore.store.connection import MISSING_ROW
from provstore.store.data_ids import DataIds
from provstore.store.records import any_merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, TypeAlias

    from provstore.model.values import JSON

    Task: TypeAlias = tuple[str | None, str]
    """Stage, and data ID as canonical JSON."""

EXECUTIONS = """
    SELECT e.id, e.run, e.stage, e.data_id, e.command, e.shell, e.cwd, e.params, e.environment, e.started, e.outcome,
           e.exit_status, e.signal, e.message
      FROM json_each(:ids) AS r CROSS JOIN execution AS e ON e.id = r.value
"""
INPUTS = """
    SELECT u.execution, d.id, d.path, u.role, d.kind, d.digest, d.semantic_digest, d.executable, d.size, d.format,
           d.execution, d.created
      FROM json_each(:ids) AS r CROSS JOIN usage AS u ON u.execution = r.value
      LEFT JOIN dataset AS d ON d.id = u.dataset
     ORDER BY u.execution, u.role, u.position
"""
OUTPUTS = """
    SELECT d.execution, d.id, d.path, d.role, d.kind, d.digest, d.semantic_digest, d.executable, d.size, d.format,
           d.execution, d.created
      FROM json_each(:ids) AS r CROSS JOIN dataset AS d ON d.execution = r.value ORDER BY d.rowid
"""
PIECES = """
    SELECT NULL, d.id, d.path, d.role, d.kind, d.digest, d.semantic_digest, d.executable, d.size, d.format,
           d.execution, d.created
      FROM json_each(:ids) AS r CROSS JOIN dataset AS d ON d.id = r.value ORDER BY r.key
"""
COMMITS = """
    SELECT DISTINCT c.commit_id FROM execution AS e JOIN run_code AS c ON c.run = e.run
     WHERE e.id IN ((SELECT min(execution) FROM usage WHERE dataset = :dataset),
                    (SELECT max(execution) FROM usage WHERE dataset = :dataset))
"""
OF_RUN = "SELECT id, stage, data_id FROM execution WHERE run = ? ORDER BY rowid"
IN_FORCE = """
    SELECT json_extract(r.value, '$[0]'), json_extract(r.value, '$[1]'),
           (SELECT e.id FROM execution AS e CROSS JOIN run AS n ON n.id = e.run
             WHERE e.stage = json_extract(r.value, '$[0]') AND e.data_id = json_extract(r.value, '$[1]')
               AND e.outcome = 'succeeded' AND n.rowid <= (SELECT rowid FROM run WHERE id = :run)
             ORDER BY e.rowid DESC LIMIT 1)
      FROM json_each(:tasks) AS r
"""
IN_FORCE_BY_TIME = """
    SELECT json_extract(r.value, '$[0]'), json_extract(r.value, '$[1]'),
           (SELECT e.id FROM execution AS e
             WHERE e.stage = json_extract(r.value, '$[0]') AND e.data_id = json_extract(r.value, '$[1]')
               AND e.outcome = 'succeeded' AND e.run <= :run
             ORDER BY e.id DESC LIMIT 1)
      FROM json_each(:tasks) AS r
"""
RESTORING = """
    SELECT n.id, json_extract(x.summary, '$.restored') FROM run AS n JOIN run_end AS x ON x.run = n.id
     WHERE n.rowid <= (SELECT max(rowid) FROM run WHERE id IN (:a, :b))
       AND n.rowid > (SELECT min(f.rowid) FROM run AS f
                       WHERE f.id IN (:a, :b)
                          OR f.id IN (SELECT e.run FROM json_each(:executions) AS r CROSS JOIN execution AS e
                                       ON e.id = r.value))
       AND json_extract(x.summary, '$.restored') > 0
     ORDER BY n.rowid
"""
RESTORING_BY_TIME = """
    SELECT n.id, json_extract(x.summary, '$.restored') FROM run AS n JOIN run_end AS x ON x.run = n.id
     WHERE n.id <= max(:a, :b)
       AND n.id > (SELECT min(f.id) FROM run AS f
                    WHERE f.id IN (:a, :b)
                       OR f.id IN (SELECT e.run FROM json_each(:executions) AS r CROSS JOIN execution AS e
                                    ON e.id = r.value))
       AND json_extract(x.summary, '$.restored') > 0
     ORDER BY n.id
"""
LAST_RUNS = "SELECT id FROM run ORDER BY rowid DESC LIMIT 2"
LAST_RUNS_BY_TIME = "SELECT id FROM run ORDER BY id DESC LIMIT 2"
RUN_BEFORE = """
    SELECT id FROM run WHERE rowid < (SELECT rowid FROM run WHERE id = ?) ORDER BY rowid DESC LIMIT 1
"""
RUN_BEFORE_BY_TIME = "SELECT id FROM run WHERE id < ? ORDER BY id DESC LIMIT 1"
SUCCESS_BEFORE = """
    SELECT f.id FROM execution AS e JOIN execution AS f
        ON f.stage = e.stage AND f.data_id = e.data_id AND f.outcome = 'succeeded' AND f.rowid < e.rowid
     WHERE e.id = ? ORDER BY f.rowid DESC LIMIT 1
"""
SUCCESS_BEFORE_BY_TIME = """
    SELECT f.id FROM execution AS e JOIN execution AS f
        ON f.stage = e.stage AND f.data_id = e.data_id AND f.outcome = 'succeeded' AND f.id < e.id
     WHERE e.id = ? ORDER BY f.id DESC LIMIT 1
"""
ATTEMPT_BEFORE = """
    SELECT f.id FROM execution AS e JOIN execution AS f
        ON f.stage = e.stage AND f.data_id = e.data_id AND f.rowid < e.rowid
     WHERE e.id = ? ORDER BY f.rowid DESC LIMIT 1
"""
ATTEMPT_BEFORE_BY_TIME = """
    SELECT f.id FROM execution AS e JOIN execution AS f
        ON f.stage = e.stage AND f.data_id = e.data_id AND f.id < e.id
     WHERE e.id = ? ORDER BY f.id DESC LIMIT 1
"""
DATA_IDS = "SELECT DISTINCT data_id FROM execution WHERE stage = ?"
LAST_OF_TASKS = """
    SELECT e.id FROM json_each(:data_ids) AS r CROSS JOIN execution AS e ON e.stage = :stage AND e.data_id = r.value
     ORDER BY e.rowid DESC LIMIT 1
"""
LAST_OF_TASKS_BY_TIME = """
    SELECT e.id FROM json_each(:data_ids) AS r CROSS JOIN execution AS e ON e.stage = :stage AND e.data_id = r.value
     ORDER BY e.id DESC LIMIT 1
"""


class Piece(NamedTuple):
    """A dataset as something that was read or made.

    Attributes:
        id: Of the dataset; of a file in a recorded directory: that of the directory.
        execution: What made it; None: nobody that is known.
        created: When it was recorded.
    """

    id: str
    path: str
    role: str
    kind: str
    digest: str
    semantic: str | None
    executable: bool
    size: int
    format: str
    execution: str | None
    created: str = ""

    @property
    def bytes_identity(self) -> str:
        """Equal for two pieces with the same bytes, which are both executable or both not."""
        return self.digest + ("+x" if self.executable else "")

    @property
    def identity(self) -> str:
        """What decides whether two pieces count as one."""
        return (self.semantic or self.digest) + ("+x" if self.executable else "")


class Material(NamedTuple):
    """All that one execution was made of, how it ended, and what it made.

    Attributes:
        run: None: it was registered by hand.
    """

    id: str
    run: str | None
    stage: str | None
    data_id: dict[str, JSON]
    command: str
    shell: str
    cwd: str
    params: dict[str, JSON]
    environment: dict[str, JSON]
    started: str
    outcome: str
    exit_status: int | None
    signal: int | None
    message: str
    inputs: Sequence[Piece]
    outputs: Sequence[Piece]

    @property
    def is_by_hand(self) -> bool:
        """Nothing ran: a person put there what the task makes, or registered it."""
        return self.run is None


def materials(conn: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Material]:
    """Executions by their ids; what the store lacks is left out.

    Raises:
        sqlite3.DatabaseError: What one of them has read is not there.
    """
    wanted = {"ids": json.dumps(sorted(set(ids)))}
    read, made = _by_execution(conn.execute(INPUTS, wanted)), _by_execution(conn.execute(OUTPUTS, wanted))
    data_ids, found = DataIds(conn), {}
    for row in conn.execute(EXECUTIONS, wanted):
        id, run, stage, data_id, command, shell, cwd, params, environment, started, outcome, status, signal, said = row
        found[id] = Material(
            id, run, stage, data_ids.read(stage, data_id), command, shell, cwd, json.loads(params),
            json.loads(environment),
            started, outcome, status, signal, said, read.get(id, ()), _wholes(made.get(id, ())),
        )  # fmt: skip
    return found


def pieces(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Piece]:
    """Datasets by their ids, in the order of these; what the store lacks is left out."""
    return [_piece(row) for row in conn.execute(PIECES, {"ids": json.dumps(ids)})]


def commits_of(conn: sqlite3.Connection, dataset: str) -> list[str]:
    """Commits that git had checked out when a dataset was read first, and last."""
    return [row[0] for row in conn.execute(COMMITS, {"dataset": dataset})]


def tasks_of_run(conn: sqlite3.Connection, run: str) -> dict[Task, str]:
    """The last execution of each task that a run has executed."""
    return {(stage, data_id): id for id, stage, data_id in conn.execute(OF_RUN, (run,))}


def in_force(conn: sqlite3.Connection, run: str, tasks: Iterable[Task]) -> dict[Task, str]:
    """Of each task the execution whose result held when a run had ended; without tasks that had not succeeded yet."""
    question = IN_FORCE_BY_TIME if any_merge(conn) else IN_FORCE
    rows = conn.execute(question, {"run": run, "tasks": json.dumps(list(tasks))})
    return {(stage, data_id): id for stage, data_id, id in rows if id is not None}


def restoring_runs(conn: sqlite3.Connection, a: str, b: str, executions: Iterable[str]) -> list[tuple[str, int]]:
    """Runs that put recorded outputs back, and of how many tasks, up to the later of two runs.

    Args:
        executions: From the earlier of the two on, and from the runs of these.
    """
    question = RESTORING_BY_TIME if any_merge(conn) else RESTORING
    return conn.execute(question, {"a": a, "b": b, "executions": json.dumps(list(executions))}).fetchall()


def last_runs(conn: sqlite3.Connection) -> list[str]:
    """The last two runs, newest first, in the order of `log`; fewer where there are not so many."""
    return [row[0] for row in conn.execute(LAST_RUNS_BY_TIME if any_merge(conn) else LAST_RUNS)]


def run_before(conn: sqlite3.Connection, run: str) -> str | None:
    """The run before another one, in the order of `log`."""
    return _id(conn.execute(RUN_BEFORE_BY_TIME if any_merge(conn) else RUN_BEFORE, (run,)))


def execution_before(conn: sqlite3.Connection, execution: str) -> str | None:
    """The last success of a task before one of its executions; where there is none, the last attempt."""
    questions = (SUCCESS_BEFORE, ATTEMPT_BEFORE)
    if any_merge(conn):
        questions = (SUCCESS_BEFORE_BY_TIME, ATTEMPT_BEFORE_BY_TIME)
    success, attempt = questions
    return _id(conn.execute(success, (execution,))) or _id(conn.execute(attempt, (execution,)))


def data_ids(conn: sqlite3.Connection, stage: str) -> list[str]:
    """Data IDs for which a stage was ever executed."""
    return [row[0] for row in conn.execute(DATA_IDS, (stage,))]


def last_execution(conn: sqlite3.Connection, stage: str, data_ids: Sequence[str]) -> str | None:
    """The last execution of a stage for any of some data IDs."""
    question = LAST_OF_TASKS_BY_TIME if any_merge(conn) else LAST_OF_TASKS
    return _id(conn.execute(question, {"stage": stage, "data_ids": json.dumps(data_ids)}))


def _id(rows: sqlite3.Cursor) -> str | None:
    row = rows.fetchone()
    return None if row is None else row[0]


def _by_execution(rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Piece]]:
    found: dict[str, list[Piece]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(_piece(row))
    return found


def _wholes(made: Sequence[Piece]) -> Sequence[Piece]:
    """What was made, without files in a directory that was made: each is a dataset by itself only if it was read so."""
    folders = {piece.path for piece in made if piece.kind == "directory"}
    return [piece for piece in made if not folders or not any(above in folders for above in _folders(piece.path))]


def _folders(path: str) -> list[str]:
    """The folders around a path."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _piece(row: tuple[Any, ...]) -> Piece:
    _, id, path, role, kind, digest, semantic, executable, *others = row
    if id is None:
        raise sqlite3.DatabaseError(MISSING_ROW)
    return Piece(id, path, role, kind, digest, semantic, bool(executable), *others)
