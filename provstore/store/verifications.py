"""What came of doing the work of executions again."""

from __future__ import annotations

import json
import sqlite3

from provstore.model.verification import Verification

OF_EXECUTION = """
    SELECT id, verified, verdict, host, user, details FROM verification
     WHERE execution = :execution ORDER BY verified DESC, rowid DESC LIMIT :limit
"""


def of_execution(conn: sqlite3.Connection, execution: str, limit: int) -> list[Verification]:
    """The last verifications of an execution, the newest first."""
    rows = conn.execute(OF_EXECUTION, {"execution": execution, "limit": limit})
    return [Verification(id, at, verdict, host, user, json.loads(text)) for id, at, verdict, host, user, text in rows]
