"""Anybody's question in SQL: read-only, whatever it says.

SQLite asks before it compiles a statement (`set_authorizer`): reading is allowed, and pragmas that only tell
what there is. So a question can't write, attach another file, or change a setting of the connection.
"""

from __future__ import annotations

import contextlib
import sqlite3

from provstore.errors import QueryError
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Cell: TypeAlias = "str | int | float | bytes | None"

OPEN_SKY = "SELECT 1 FROM sky LIMIT 0"
ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})
TELLING = frozenset(
    {
        *("table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"),
        *("database_list", "function_list", "collation_list", "pragma_list", "compile_options"),
        *("integrity_check", "quick_check", "foreign_key_check"),
    }
)
"""Pragmas that change nothing, with any argument."""

ASKING = frozenset({"user_version", "application_id", "page_count", "page_size", "freelist_count", "encoding"})
"""Pragmas that change nothing without an argument."""

FAULTS_OF_A_QUERY = frozenset(
    {"", "SQLITE_ERROR", "SQLITE_AUTH", "SQLITE_MISMATCH", "SQLITE_TOOBIG", "SQLITE_RANGE", "SQLITE_NOMEM"}
)
"""SQLite's names of errors that the question itself is to blame for; others are the file's."""

STEPS_BETWEEN_SIGNALS = 100_000
"""SQLite's instructions after which Python may notice Ctrl-C: some milliseconds."""


class Answer(NamedTuple):
    """What SQLite answered.

    Attributes:
        columns: Names; one that occurs twice has a number behind it (`id`, `id:1`).
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def answer(conn: sqlite3.Connection, text: str) -> Answer:
    """Asks one question.

    Raises:
        QueryError: SQLite does not understand it, or it would do more than read.
        sqlite3.Error: The file can't be read.
    """
    if "sky" in text.lower():
        with contextlib.suppress(sqlite3.Error):
            conn.execute(OPEN_SKY)  # to open its index SQLite prepares to write it, which a question may not
    conn.set_authorizer(_authorize)
    conn.set_progress_handler(_go_on, STEPS_BETWEEN_SIGNALS)
    conn.text_factory = _text
    try:
        cursor = conn.execute(text)
        if cursor.description is None:
            raise QueryError("found no question, expected SELECT …", text=text)
        return Answer(_unique([column[0] for column in cursor.description]), tuple(cursor.fetchall()))
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        name = getattr(error, "sqlite_errorname", "")
        if name == "SQLITE_INTERRUPT":
            raise KeyboardInterrupt from None
        if name not in FAULTS_OF_A_QUERY:
            raise
        raise _explained(error, text) from error
    finally:
        conn.set_authorizer(None)
        conn.set_progress_handler(None, 0)
        conn.text_factory = str


def _authorize(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
    del database, trigger
    if action in ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and (first in TELLING or (first in ASKING and second is None)):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


def _go_on() -> int:
    """Called now and then, so that a question without an end can be given up by Ctrl-C."""
    return 0


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _unique(names: list[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        number = seen[name] = seen.get(name, -1) + 1
        found.append(f"{name}:{number}" if number else name)
    return tuple(found)


def _explained(error: Exception, text: str) -> QueryError:
    message = str(error)
    name = getattr(error, "sqlite_errorname", "")
    if name == "SQLITE_AUTH" or "not authorized" in message or "prohibited" in message:
        return QueryError(f"the query would do more than read: {message}", text=text, hint="sql only reads")
    if "one statement" in message:
        return QueryError("found more than one statement, expected one", text=text)
    hint = "SELECT name FROM sqlite_schema lists tables and views" if "no such table" in message else ""
    if "no such column" in message:
        hint = "PRAGMA table_info(NAME) lists the columns of a table or view"
    return QueryError(f"SQLite does not understand the query: {message}", text=text, hint=hint)
