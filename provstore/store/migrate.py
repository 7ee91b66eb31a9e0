"""The schema: numbered SQL files, each applied whole or not at all.

Shipped files never change; `tests/stores/` keeps a small store of every released schema.
"""

from __future__ import annotations

import os
import sqlite3

from provstore import __version__
from provstore.errors import SchemaTooNewError, StoreDamagedError
from provstore.model.values import utc_text
from provstore.store.connection import APPLICATION_ID, READ_ONLY, RECOVER, VERSION, explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOLDER = os.path.join(os.path.dirname(__file__), "migrations")
NEWEST = 5
"""Number of the last file in `migrations/`; a test compares them, so that opening a store lists no folder."""

INSERT_STORE = "INSERT INTO store (id, created, provstore) VALUES (:id, :created, :provstore)"
WRITER = "SELECT provstore FROM run ORDER BY rowid DESC LIMIT 1"


def migrations() -> Mapping[int, str]:
    """SQL of each migration by its number, ascending."""
    found = {}
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".sql"):
            with open(os.path.join(FOLDER, name), encoding="utf-8") as file:
                found[int(name[:4])] = file.read()
    return found


def schema_version(conn: sqlite3.Connection) -> int:
    """Number of the last migration that was applied."""
    return int(conn.execute(VERSION).fetchone()[0])


def create(path: str, now: float, store_id: str) -> None:
    """Makes an empty store of a given id: under another name first, so that a kill never leaves half a store."""
    from contextlib import suppress

    from provstore.store.objects import synchronise_folder
    from provstore.store.shrink import SHRINKABLE

    fresh = path + ".new"
    with explained(fresh):
        for leftover in (fresh, fresh + "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(leftover)
        conn = sqlite3.connect(fresh, isolation_level=None)
        try:
            conn.execute(SHRINKABLE)
            _apply(conn, store_id, now)
            conn.close()
            os.rename(fresh, path)
        except BaseException:
            conn.close()
            with suppress(OSError):
                os.unlink(fresh)  # a full disk has no use for it
            raise
        synchronise_folder(os.path.dirname(path))


def upgrade(conn: sqlite3.Connection, path: str, now: float) -> None:
    """Brings an older store up to date, after a copy of it was put beside it (`store.db.before-<number>`).

    Raises:
        StoreDamagedError: It only says that it is older: a flipped bit in its number must not make it lose its tables.
    """
    with explained(path):
        _check_age(conn, path)
    backup = f"{path}.before-{NEWEST:04d}"
    with explained(backup):
        target = sqlite3.connect(backup)
        try:
            conn.backup(target)
        finally:
            target.close()
    with explained(path):
        _apply(conn, None, now)


def upgraded_copy(conn: sqlite3.Connection, path: str) -> sqlite3.Connection:
    """A copy in memory, of today's schema, of a store that can't be written where it lies; closes `conn`."""
    with explained(path):
        _check_age(conn, path)
    copy = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with explained(path):
            conn.backup(copy)
            conn.close()
            _apply(copy, None, 0.0)
            copy.execute(READ_ONLY)
    except BaseException:
        copy.close()
        raise
    return copy


TABLES = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL"


def _check_age(conn: sqlite3.Connection, path: str) -> None:
    """Refuses a store that has tables of a later schema than its number says."""
    from contextlib import closing

    conn.execute("BEGIN")  # number and tables of one moment: another process may be migrating just now
    version, there = schema_version(conn), dict(conn.execute(TABLES))
    conn.execute("ROLLBACK")
    with closing(sqlite3.connect(":memory:")) as fresh:
        for number, sql in migrations().items():
            fresh.executescript(sql)
            if number == version:
                expected = dict(fresh.execute(TABLES))
        later = dict(fresh.execute(TABLES))
    if any(there.get(name) == sql for name, sql in later.items() if expected.get(name) != sql):
        raise StoreDamagedError(f"{path}: it says that its schema is {version}, and its tables are later", hint=RECOVER)


def _apply(conn: sqlite3.Connection, store_id: str | None, now: float) -> None:
    """Applies all newer migrations in one transaction; another process may have done that by the time it begins.

    Statement by statement, as `executescript` would commit what is open.
    """
    from contextlib import suppress

    conn.execute("BEGIN IMMEDIATE")
    try:
        found = schema_version(conn)
        for number, sql in migrations().items():
            for statement in _statements(sql) if number > found else ():
                conn.execute(statement)
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        conn.execute(f"PRAGMA user_version = {NEWEST}")
        if store_id is not None:
            conn.execute(INSERT_STORE, {"id": store_id, "created": utc_text(now), "provstore": __version__})
        conn.execute("COMMIT")
    except sqlite3.Error:
        with suppress(sqlite3.Error):
            conn.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """The statements of a migration, each with the comments before it."""
    statement = ""
    for piece in script.split(";")[:-1]:  # behind the last one there is nothing
        statement += piece + ";"  # also one in a comment, which ends no statement
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def check_version(conn: sqlite3.Connection, path: str) -> bool:
    """Says whether the store is of today's schema; an older one wants `upgrade`.

    Raises:
        SchemaTooNewError: It is of a newer one.
        StoreDamagedError: It is of none that there ever was.
    """
    found = schema_version(conn)
    if found < 1:
        raise StoreDamagedError(f"{path}: the store has schema {found}, which there never was", hint=RECOVER)
    if found > NEWEST:
        row = conn.execute(WRITER).fetchone() if _has_runs(conn) else None
        raise SchemaTooNewError(path, found, NEWEST, row[0] if row else "unknown", __version__)
    return found == NEWEST


HAS_RUNS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'run'"


def _has_runs(conn: sqlite3.Connection) -> bool:
    return conn.execute(HAS_RUNS).fetchone() is not None
