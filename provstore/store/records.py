"""Questions that people ask: runs, executions, datasets. Rows become mappings with the columns' names."""

from __future__ import annotations

import json
import sqlite3

from provstore.store import registered
from provstore.store.connection import MISSING_ROW
from provstore.store.data_ids import read_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

LAST_RUN = """
    SELECT r.id FROM run AS r
     WHERE r.rowid = (SELECT max(rowid) FROM run) AND NOT EXISTS (SELECT 1 FROM run_end AS e WHERE e.run = r.id)
       AND NOT EXISTS (SELECT 1 FROM recovery, json_each(lost) AS l
                        WHERE json_extract(l.value, '$[0]') = 'run_end' AND json_extract(l.value, '$[1]') = r.id)
       AND NOT EXISTS (  -- one that came by a merge is another store's, which may go on with it
           SELECT 1 FROM merge AS m CROSS JOIN record AS j ON j.subject = m.id AND j.kind = 'merge'
             JOIN record AS f ON f.subject = r.id AND f.kind = 'run' WHERE f.position < j.position)
"""
COLLECTION_OF_RUN = "SELECT collection FROM run WHERE id = ?"
RUN_EXISTS = "SELECT 1 FROM run WHERE id = ?"
RUNS = """
    SELECT r.id, r.started, e.ended, e.outcome, r.arguments, e.summary
      FROM run AS r LEFT JOIN run_end AS e ON e.run = r.id
     ORDER BY r.rowid DESC LIMIT :limit
"""
RUNS_BY_TIME = """
    SELECT r.id, r.started, e.ended, e.outcome, r.arguments, e.summary
      FROM run AS r LEFT JOIN run_end AS e ON e.run = r.id
     ORDER BY r.id DESC LIMIT :limit
"""
ANY_MERGE = "SELECT 1 FROM merge LIMIT 1"
RUN = """
    SELECT r.*, e.ended, e.outcome, e.summary, c.commit_id, c.branch, c.dirty, c.diff_digest
      FROM run AS r LEFT JOIN run_end AS e ON e.run = r.id LEFT JOIN run_code AS c ON c.run = r.id
     WHERE r.id = ?
"""
EXECUTION = """
    SELECT e.*, r.user, r.host, r.system, r.python, r.provstore, c.commit_id, c.branch, c.dirty, c.diff_digest
      FROM execution AS e LEFT JOIN run AS r ON r.id = e.run LEFT JOIN run_code AS c ON c.run = e.run
     WHERE e.id = ?
"""
DATASET = """
    SELECT d.*, v.status, v.stage, v.outcome FROM dataset AS d JOIN v_dataset AS v ON v.id = d.id WHERE d.id = ?
"""
EQUAL_TO = "SELECT other AS dataset, ignored FROM equality WHERE dataset = ? ORDER BY rowid"
READERS_OF = """
    SELECT u.role, e.id AS execution, e.stage, e.data_id, e.outcome
      FROM usage AS u JOIN execution AS e ON e.id = u.execution
     WHERE u.dataset = ? ORDER BY e.rowid
"""
EXECUTIONS_OF_RUN = """
    SELECT id, stage, data_id, outcome, started, ended, log, log_size, message
      FROM execution WHERE run = ? ORDER BY rowid
"""
EXECUTIONS_OF_STAGE = """
    SELECT id, run, stage, data_id, outcome, started, ended, log, log_size FROM execution
     WHERE stage = :stage ORDER BY rowid DESC LIMIT :limit
"""
SOURCES_OF_RUN = "SELECT file, digest FROM run_source WHERE run = ? ORDER BY file"
INPUTS_OF = """
    SELECT u.role, d.path, d.id AS dataset, d.digest
      FROM usage AS u JOIN dataset AS d ON d.id = u.dataset
     WHERE u.execution = ? ORDER BY u.role, u.position
"""
OUTPUTS_OF = "SELECT role, path, id AS dataset, digest, size FROM dataset WHERE execution = ? ORDER BY rowid"
IDS = {
    "run": "SELECT id FROM run WHERE id >= :prefix AND id < :prefix || '~' LIMIT 5",
    "execution": "SELECT id FROM execution WHERE id >= :prefix AND id < :prefix || '~' LIMIT 5",
    "dataset": "SELECT id FROM dataset WHERE id >= :prefix AND id < :prefix || '~' LIMIT 5",
}
NEIGHBOURS = """
    SELECT (SELECT max(id) FROM run WHERE id < :id), (SELECT min(id) FROM run WHERE id > :id),
           (SELECT max(id) FROM execution WHERE id < :id), (SELECT min(id) FROM execution WHERE id > :id),
           (SELECT max(id) FROM dataset WHERE id < :id), (SELECT min(id) FROM dataset WHERE id > :id)
"""
VERSIONS = """
    SELECT d.id, d.path, d.digest, d.kind, d.executable, d.size, d.execution, e.run, d.created
      FROM dataset AS d LEFT JOIN execution AS e ON e.id = d.execution
     WHERE d.path = ? ORDER BY d.rowid DESC
"""


def last_run_without_end(conn: sqlite3.Connection) -> str | None:
    """The last run, when nothing says that it ended, nor that its end was lost with a damaged store.

    Runs come one after the other, so no other can be under way.
    """
    row = conn.execute(LAST_RUN).fetchone()
    return None if row is None else row[0]


def run_exists(conn: sqlite3.Connection, run: str) -> bool:
    """There is a run of this id."""
    return conn.execute(RUN_EXISTS, (run,)).fetchone() is not None


def collection_of_run(conn: sqlite3.Connection, run: str) -> str | None:
    """The RUN collection that a run records into; None: there is no run of this id."""
    row = conn.execute(COLLECTION_OF_RUN, (run,)).fetchone()
    return None if row is None else row[0]


def runs(conn: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """The last runs, newest first; `limit` -1: all.

    In the order in which they were recorded, whatever the clock said; only what was recorded in several stores has no
    other order than that of time.
    """
    question = RUNS_BY_TIME if any_merge(conn) else RUNS
    return [_parsed(row, "arguments", "summary") for row in _rows(conn, question, {"limit": limit})]


def any_merge(conn: sqlite3.Connection) -> bool:
    """Another store was merged into this one."""
    return conn.execute(ANY_MERGE).fetchone() is not None


def run(conn: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    """The whole record of a run."""
    found = run_alone(conn, run_id)
    found["executions"] = _of_tasks(conn, _rows(conn, EXECUTIONS_OF_RUN, (run_id,)))
    return found


def run_alone(conn: sqlite3.Connection, run_id: str) -> dict[str, Any]:
    """The record of a run without its executions, of which there may be many."""
    found = _parsed(_row(conn, RUN, run_id), "arguments", "params", "summary", "dirty")
    found["pipelinefile"] = {row["file"]: row["digest"] for row in _rows(conn, SOURCES_OF_RUN, (run_id,))}
    return found


def execution(conn: sqlite3.Connection, execution_id: str) -> dict[str, Any]:
    """The whole record of an execution, with what it read and made."""
    (row,) = _of_tasks(conn, [_row(conn, EXECUTION, execution_id)])
    found = _parsed(row, "params", "environment", "declared", "dirty", rename={"outputs": "declared"})
    found["inputs"] = _rows(conn, INPUTS_OF, (execution_id,))
    found["outputs"] = _rows(conn, OUTPUTS_OF, (execution_id,))
    return found


def dataset(conn: sqlite3.Connection, dataset_id: str) -> dict[str, Any]:
    """The whole record of a dataset, with the executions that read it."""
    (row,) = _of_tasks(conn, [_row(conn, DATASET, dataset_id)])
    found = _parsed(row, "metadata", "executable", "overwritable") | registered.changed(conn, dataset_id)
    found["readers"] = _of_tasks(conn, _rows(conn, READERS_OF, (dataset_id,)))
    found["equal_to"] = [_parsed(row, "ignored") for row in _rows(conn, EQUAL_TO, (dataset_id,))]
    return found


def ids_with_prefix(conn: sqlite3.Connection, table: str, prefix: str) -> list[str]:
    """Ids in a table ("run", "execution" or "dataset") that begin with `prefix`; five at most."""
    return [row[0] for row in conn.execute(IDS[table], {"prefix": prefix})]


def neighbours(conn: sqlite3.Connection, id: str) -> list[str]:
    """The ids next to this one in alphabetical order, before and behind, of runs, executions and datasets."""
    return [other for other in conn.execute(NEIGHBOURS, {"id": id}).fetchone() if other is not None]


def executions_of_stage(conn: sqlite3.Connection, stage: str, limit: int) -> list[dict[str, Any]]:
    """The last executions of a stage, newest first; `limit` -1: all."""
    return _of_tasks(conn, _rows(conn, EXECUTIONS_OF_STAGE, {"stage": stage, "limit": limit}))


def versions(conn: sqlite3.Connection, path: str) -> list[dict[str, Any]]:
    """Every dataset recorded at a path, newest first."""
    return _rows(conn, VERSIONS, (path,))


def _row(conn: sqlite3.Connection, sql: str, subject: str) -> dict[str, Any]:
    """The one record of an id that is known to be there."""
    found = _rows(conn, sql, (subject,))
    if not found:
        raise sqlite3.DatabaseError(MISSING_ROW)
    return found[0]


def _rows(
    conn: sqlite3.Connection, sql: str, parameters: tuple[object, ...] | dict[str, object]
) -> list[dict[str, Any]]:
    cursor = conn.execute(sql, parameters)
    names = [column[0].lower() for column in cursor.description]  # SQLite takes a flipped case for the same name
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _of_tasks(conn: sqlite3.Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the data IDs of their stages' tasks parsed."""
    data_ids = read_all(conn, [(row["stage"], row["data_id"]) for row in rows])
    return [{**row, "data_id": data_id} for row, data_id in zip(rows, data_ids, strict=True)]


def _parsed(row: dict[str, Any], *json_columns: str, rename: dict[str, str] | None = None) -> dict[str, Any]:
    """The row with the named columns parsed from JSON; numbers stand for claims, true or false."""
    found = {(rename or {}).get(name, name): value for name, value in row.items()}
    for column in json_columns:
        if isinstance(found[column], int):
            found[column] = bool(found[column])
        elif found[column] is not None:
            found[column] = json.loads(found[column])
    return found
