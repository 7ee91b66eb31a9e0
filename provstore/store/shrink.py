"""Makes the store's file smaller after objects were freed in it.

Not by VACUUM: that may number the rows of a table anew (https://sqlite.org/lang_vacuum.html), and "last" is a row's
number. Moving free pages to the end of the file and cutting them off leaves every row as it is; a store allows it from
its making on. Where it does not, free pages are used for what is recorded next.
"""

from __future__ import annotations

import sqlite3

SHRINKABLE = "PRAGMA auto_vacuum = INCREMENTAL"
"""Has to come before the first table."""

PAGES = "PRAGMA page_count"
FREE_PAGES = "PRAGMA freelist_count"
PAGE_SIZE = "PRAGMA page_size"
AUTO_VACUUM = "PRAGMA auto_vacuum"
CUT = "PRAGMA incremental_vacuum(4096)"
"""Some pages at a time: what is moved lies in the journal until the end of each transaction."""

INCREMENTAL = 2
WORTH = 4
"""The file is made smaller when a part of it that is at least one in so many is free."""


def shrink(conn: sqlite3.Connection) -> int:
    """Cuts free pages off the file, if they are a good part of it; returns the bytes.

    Raises:
        sqlite3.Error: There is no room for the journal, say; what was cut off is, and no row is lost.
    """
    before, free = _number(conn, PAGES), _number(conn, FREE_PAGES)
    if _number(conn, AUTO_VACUUM) != INCREMENTAL or free * WORTH < before or not free:
        return 0
    while free:
        conn.execute(CUT).fetchall()  # one page for each step
        left = _number(conn, FREE_PAGES)
        if left >= free:
            break
        free = left
    return (before - _number(conn, PAGES)) * _number(conn, PAGE_SIZE)


def _number(conn: sqlite3.Connection, pragma: str) -> int:
    return int(conn.execute(pragma).fetchone()[0])
