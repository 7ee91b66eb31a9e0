"""What was found out about tasks and their results besides how they were made: attempts, verifications, metrics."""

from __future__ import annotations

import json
import sqlite3

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.values import JSON

LAST_ATTEMPT_AT = "SELECT id FROM execution WHERE stage = ? AND data_id = ? ORDER BY rowid DESC LIMIT 1"
LAST_VERIFICATIONS = """
    SELECT v.id, v.execution, v.verified, v.verdict, v.host, v.user, v.details, e.stage, e.data_id
      FROM verification AS v JOIN execution AS e ON e.id = v.execution
     WHERE v.rowid > (SELECT max(rowid) FROM verification) - :limit
     ORDER BY v.rowid DESC
"""
LAST_METRICS = """
    SELECT m.id, m.dataset, m.measures, m.recorded, d.path
      FROM metric AS m JOIN dataset AS d ON d.id = m.dataset
     WHERE m.rowid > (SELECT max(rowid) FROM metric) - :limit
     ORDER BY m.rowid DESC
"""


class Verification(NamedTuple):
    """The work of an execution was done again and compared; `verdict` as in the table `verification`.

    Attributes:
        details: What the operation that recorded it says of it.
        stage, data_id: Of the execution; the data ID is canonical JSON.
    """

    id: str
    execution: str
    verified: str
    verdict: str
    host: str
    user: str
    details: dict[str, JSON]
    stage: str | None
    data_id: str


class Metric(NamedTuple):
    """What was read from one version of an output; `measures` by name, with dots between its levels."""

    id: str
    dataset: str
    measures: dict[str, JSON]
    recorded: str
    path: str


def last_attempt_at(conn: sqlite3.Connection, stage: str, data_id: str) -> str | None:
    """The last execution of a task, however it ended.

    Args:
        data_id: Canonical JSON.
    """
    row = conn.execute(LAST_ATTEMPT_AT, (stage, data_id)).fetchone()
    return None if row is None else row[0]


def last_verifications(conn: sqlite3.Connection, limit: int) -> list[Verification]:
    """The last verifications, newest first."""
    rows = conn.execute(LAST_VERIFICATIONS, {"limit": limit})
    return [fact._replace(details=json.loads(row[6])) for row in rows for fact in [Verification(*row)]]


def last_metrics(conn: sqlite3.Connection, limit: int) -> list[Metric]:
    """What was read last from outputs that are metrics, newest first."""
    rows = conn.execute(LAST_METRICS, {"limit": limit})
    return [fact._replace(measures=json.loads(row[2])) for row in rows for fact in [Metric(*row)]]
