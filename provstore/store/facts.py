"""Adding facts. Each finished fact gets a row in `record`: its digest, chained to the fact before.

Rules: facts are added, never updated and never deleted; only this file adds them; it is called inside a
transaction. A fact's canonical JSON is `{table: row}` with all columns; an execution's is
`{"execution": row, "usage": [[role, position, dataset], …], "dataset": [row, …]}` with what it made.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from provstore.digest import digest_json, digest_text
from provstore.store.connection import only_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    Row: TypeAlias = Mapping[str, str | int | float | None]

INSERT = {
    "run": """
        INSERT INTO run (id, started, arguments, params, collection, user, host, system, python, provstore)
        VALUES (:id, :started, :arguments, :params, :collection, :user, :host, :system, :python, :provstore)
    """,
    "run_code": """
        INSERT INTO run_code (run, commit_id, branch, dirty, diff_digest)
        VALUES (:run, :commit_id, :branch, :dirty, :diff_digest)
    """,
    "run_end": """
        INSERT INTO run_end (run, ended, outcome, summary) VALUES (:run, :ended, :outcome, :summary)
    """,
    "execution": """
        INSERT INTO execution (id, run, stage, data_id, key, command, shell, cwd, params, environment, outputs, started,
                               ended, outcome, exit_status, signal, message, cpu_seconds, peak_memory, log, log_size,
                               attempt, name, description, site, configuration)
        VALUES (:id, :run, :stage, :data_id, :key, :command, :shell, :cwd, :params, :environment, :outputs, :started,
                :ended, :outcome, :exit_status, :signal, :message, :cpu_seconds, :peak_memory, :log, :log_size,
                :attempt, :name, :description, :site, :configuration)
    """,
    "dataset": """
        INSERT INTO dataset (id, type, data_id, run, path, kind, executable, size, digest, semantic_digest, format,
                             created, execution, role, name, version, owner, owner_type, description, location, url,
                             contact, overwritable, iteration, replaces, metadata)
        VALUES (:id, :type, :data_id, :run, :path, :kind, :executable, :size, :digest, :semantic_digest, :format,
                :created, :execution, :role, :name, :version, :owner, :owner_type, :description, :location, :url,
                :contact, :overwritable, :iteration, :replaces, :metadata)
    """,
}
SUBJECT = {"run": "id", "run_code": "run", "run_end": "run", "execution": "id", "dataset": "id"}
"""Column of each table that its record is known by."""

INSERT_USAGE = "INSERT INTO usage (execution, role, position, dataset) VALUES (?, ?, ?, ?)"
INSERT_SOURCE = "INSERT INTO run_source (run, file, digest) VALUES (?, ?, ?)"
INSERT_RECORD = "INSERT INTO record (position, origin, kind, subject, digest, chain) VALUES (?, ?, ?, ?, ?, ?)"
INSERT_OBJECT = "INSERT OR IGNORE INTO object (digest, size, content) VALUES (?, ?, ?)"
INSERT_COLLECTION = "INSERT OR IGNORE INTO collection (name, type, created, description) VALUES (?, ?, ?, ?)"
INSERT_MEMBER = """
    INSERT INTO chain_member (id, chain, child, position, added)
    SELECT :id, :chain, :child, coalesce(min(position), 1) - 1, :added FROM chain_member WHERE chain = :chain
"""
LAST_RECORD = "SELECT position, chain FROM record ORDER BY position DESC LIMIT 1"
ORIGIN = "SELECT id FROM store"
COLLECTION_TYPE = "SELECT type FROM collection WHERE name = ?"


class ExecutionFact(NamedTuple):
    """An execution with what it read and what it made.

    Attributes:
        usage: (role, position, dataset id), in order.
        made: Rows of `dataset`, in the order of the declared outputs.
    """

    row: Row
    usage: Sequence[tuple[str, int, str]]
    made: Sequence[Row]


def origin(conn: sqlite3.Connection) -> str:
    """Id of the store."""
    found: str = only_row(conn, ORIGIN)[0]
    return found


def collection_type(conn: sqlite3.Connection, name: str) -> str | None:
    """Type of a collection; None when there is none of this name."""
    row = conn.execute(COLLECTION_TYPE, (name,)).fetchone()
    return None if row is None else row[0]


class Chain:
    """Appends facts to the store, inside one transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._origin = origin(conn)
        last: tuple[int, str] = conn.execute(LAST_RECORD).fetchone() or (0, "")
        self._position, self._link = last

    def add(self, table: str, row: Row) -> None:
        """Adds a fact that is one row."""
        self._conn.execute(INSERT[table], row)
        self._record(table, str(row[SUBJECT[table]]), {table: row})

    def add_execution(self, fact: ExecutionFact) -> None:
        """Adds an execution, its usage and its datasets as one fact."""
        execution = fact.row["id"]
        self._conn.execute(INSERT["execution"], fact.row)
        for row in fact.made:
            self._conn.execute(INSERT["dataset"], row)
        self._conn.executemany(INSERT_USAGE, [(execution, *used) for used in fact.usage])
        content = {"execution": fact.row, "usage": [list(used) for used in fact.usage], "dataset": list(fact.made)}
        self._record("execution", str(execution), content)

    def _record(self, kind: str, subject: str, content: object) -> None:
        digest = digest_json(content)
        self._link = digest_text(self._link + digest)
        self._position += 1
        self._conn.execute(INSERT_RECORD, (self._position, self._origin, kind, subject, digest, self._link))
