"""What lies about: versions that executions made, by their exact content; and every path that was ever recorded."""

from __future__ import annotations

import sqlite3

MADE_EXACTLY = """
    SELECT d.id FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND d.digest = :digest AND d.kind = :kind AND d.executable = :executable
       AND e.outcome = 'succeeded'
     ORDER BY d.rowid DESC LIMIT 1
"""
LAST_MADE = """
    SELECT digest, kind FROM dataset
     WHERE rowid = (SELECT max(rowid) FROM dataset WHERE path = ? AND execution IS NOT NULL)
"""
NEXT_PATH = "SELECT path FROM dataset WHERE path > ? ORDER BY path LIMIT 1"


def made_exactly(conn: sqlite3.Connection, path: str, digest: str, kind: str, executable: bool) -> str | None:
    """The last dataset with these very bytes that an execution made at a path; None: none did."""
    what = {"path": path, "digest": digest, "kind": kind, "executable": int(executable)}
    row = conn.execute(MADE_EXACTLY, what).fetchone()
    return None if row is None else row[0]


def last_made(conn: sqlite3.Connection, path: str) -> tuple[str, str] | None:
    """Digest and kind of what was made last at a path; None: nothing ever was."""
    found: tuple[str, str] | None = conn.execute(LAST_MADE, (path,)).fetchone()
    return found


def paths(conn: sqlite3.Connection) -> list[str]:
    """Every path that was ever recorded, in order, folders before what is in them: one step in the index for each."""
    found = []
    row = conn.execute(NEXT_PATH, ("",)).fetchone()
    while row is not None:
        found.append(row[0])
        row = conn.execute(NEXT_PATH, row).fetchone()
    return found
