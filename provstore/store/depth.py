"""How deep a condition may be nested: SQLite has limits of its own."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager

from provstore.errors import QueryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TOO_DEEP = ("parser stack overflow", "Expression tree is too large")
SHALLOWER = (
    "AND, OR, NOT and + may be as many as you like, but a calculation has some thirty parentheses in each other at most"
)


@contextmanager
def limited_depth() -> Iterator[None]:
    """For whatever asks SQLite a question that holds a condition.

    Raises:
        QueryError: The condition is nested deeper than SQLite can read.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if any(limit in str(error) for limit in TOO_DEEP):
            raise QueryError("the condition is nested deeper than SQLite can read", hint=SHALLOWER) from error
        raise
