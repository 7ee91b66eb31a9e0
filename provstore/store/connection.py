"""Opening the store: settings of the connection, each with its reason, and errors that name the file.

The journal is SQLite's rollback journal: at rest the store is one file, readers never write, nothing needs
shared memory, and it works on network file systems (docs/decisions/ has the figures against WAL).
"""

from __future__ import annotations

import os
import sqlite3
import stat

from provstore.errors import StoreDamagedError, StoreError, StoreForeignError, StoreLockedError, StoreUnwritableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

APPLICATION_ID = 0x70726F76
"""The letters "prov": tells `file` and us whose file it is."""

MISSING_ROW = "a row is missing that others refer to"

FUNCTION_RAISED = "user-defined function raised exception"
"""SQLite's word for an exception in a function of ours."""

PATIENCE = 60.0
"""Seconds to wait for another process's transaction; each takes milliseconds."""

SETTINGS = (
    "PRAGMA foreign_keys = ON",  # a fact can't refer to one that is not there
    "PRAGMA trusted_schema = OFF",  # a store may come from anyone: its views can't call functions with effects
    "PRAGMA synchronous = EXTRA",  # what a run reported when it ended survives a power cut
    "PRAGMA cell_size_check = ON",  # a damaged page is an error, not an answer
)
RECOVER = "'provstore recover' writes a new file with all that is whole, and keeps this one"
"""Hint of every message about a file that is damaged."""

TIDY = ("PRAGMA journal_mode = PERSIST", "PRAGMA journal_mode = DELETE")
"""Removes a journal that a killed writer left before there was anything to roll back; none that is in use."""

READ_ONLY = "PRAGMA query_only = ON"
WRITABLE = "PRAGMA query_only = OFF"
BEGIN = "BEGIN IMMEDIATE"
"""Takes the write lock at once, so that what is read inside is still true at the end."""

COMMIT = "COMMIT"
APPLICATION = "PRAGMA application_id"
VERSION = "PRAGMA user_version"


def connect(path: str) -> sqlite3.Connection:
    """Opens an existing store file, for questions only (`query_only`) until somebody lifts that.

    Readers open the file for writing too, where they may: should a killed run have left a journal, whoever
    comes first rolls it back, as SQLite means it.

    Raises:
        StoreError: It is no store, damaged, or can't be opened.
    """
    with explained(path):
        _check_file(path)
        mode = "rw" if os.access(path, os.W_OK) else "ro"
        escaped = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
        conn = sqlite3.connect(
            f"file:{escaped}?mode={mode}", uri=True, isolation_level=None, timeout=PATIENCE, cached_statements=256
        )
        try:
            _check_owner(conn, path)
            for setting in SETTINGS:
                conn.execute(setting)
            if mode == "rw" and os.path.exists(f"{path}-journal"):
                for setting in TIDY:
                    conn.execute(setting)
            conn.execute(READ_ONLY)
        except BaseException:
            conn.close()
            raise
        return conn


def _check_file(path: str) -> None:
    """SQLite makes a new store of an empty file, waits for a pipe, and has no word for the others."""
    if not os.path.exists(path) and os.path.islink(path):
        raise StoreForeignError(f"{path}: found a symbolic link that leads nowhere, expected a store", hint=RECOVER)
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        found = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise StoreForeignError(f"{path}: found {found}, expected a store", hint=RECOVER)
    if status.st_size == 0:
        raise StoreDamagedError(f"{path}: the file is empty, expected a store", hint=RECOVER)


def _check_owner(conn: sqlite3.Connection, path: str) -> None:
    found = conn.execute(APPLICATION).fetchone()[0]
    if found != APPLICATION_ID:
        raise StoreForeignError(
            f"{path}: this is another program's SQLite file (application id {found:#x}, expected {APPLICATION_ID:#x})",
            hint=RECOVER,
        )


class explained:  # noqa: N801 - read as a verb: `with explained(path):`
    """Turns what SQLite and the operating system raise into a `StoreError` that names the file.

    A class, not a generator: `contextlib` costs more to import than all of this file, and this stands around
    every question.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        path = self._path
        if isinstance(error, sqlite3.Error):
            if str(error) == FUNCTION_RAISED:
                from provstore.store.functions import forgotten

                raise forgotten() from None
            raise _store_error(path, error) from error
        if isinstance(error, OSError):
            named = error.filename if isinstance(error.filename, str) else path
            text = f"{named}: {error.strerror or error}"
            raise StoreUnwritableError(text, hint="free space or give permission") from error
        if isinstance(error, ValueError):
            import json  # takes 2 ms, and only damage needs it here

            if isinstance(error, (UnicodeDecodeError, json.JSONDecodeError)):
                raise StoreDamagedError(f"{path}: {error}", hint=RECOVER) from error


def _store_error(path: str, error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", "")
    text = f"{path}: {error}"
    if name == "SQLITE_IOERR_SHORT_READ":
        return StoreDamagedError(f"{path}: the file is cut", hint=RECOVER)
    if name == "SQLITE_READONLY_DBMOVED":
        return StoreUnwritableError(f"{path}: the file was replaced or removed while it was in use", hint="try again")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return StoreUnwritableError(text, hint="free space on the disk or give permission; finished tasks are kept")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreLockedError(text, hint="another program holds the store's file; try again when it has ended")
    if name.startswith("SQLITE_NOTADB"):
        return StoreForeignError(f"{path}: this is no SQLite file, or its beginning is damaged", hint=RECOVER)
    if name.startswith("SQLITE_CORRUPT"):
        return StoreDamagedError(f"{path}: the file is cut or damaged (SQLite: {error})", hint=RECOVER)
    return StoreDamagedError(text, hint=RECOVER)


def only_row(conn: sqlite3.Connection, question: str, parameters: tuple[object, ...] = ()) -> tuple[str, ...]:
    """The row of text that must be there.

    Raises:
        sqlite3.DatabaseError: It is not: an index and its table disagree, or a table is empty.
    """
    row: tuple[str, ...] | None = conn.execute(question, parameters).fetchone()
    if row is None:
        raise sqlite3.DatabaseError(MISSING_ROW)
    return row


class transaction:  # noqa: N801 - `with transaction(conn):`
    """All or nothing. Takes the write lock at once, so that what is read inside is still true at the end."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def __enter__(self) -> None:
        try:
            self._conn.execute(BEGIN)
        except KeyboardInterrupt:
            roll_back(self._conn)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            roll_back(self._conn)
            return
        try:
            self._conn.execute(COMMIT)
        except BaseException:  # an interrupt, too: the next transaction must not find this one open
            roll_back(self._conn)
            raise


class undone:  # noqa: N801 - `with undone(conn):`
    """One state of the store for several questions; whatever is written inside is undone."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    def __enter__(self) -> None:
        self._conn.execute("BEGIN")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        roll_back(self._conn)


def roll_back(conn: sqlite3.Connection) -> None:
    """Undoes the open transaction, if there is one."""
    try:
        conn.execute("ROLLBACK")
    except sqlite3.Error:
        pass
