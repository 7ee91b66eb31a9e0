"""A store from its first record to its last: what `git diff` shows of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from provstore.digest import digest_json
from provstore.noun import NamedTuple
from provstore.store import facts, migrate
from provstore.store.connection import connect, explained
from provstore.store.facts import ExecutionFact, RunFact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.store.facts import Row

RECORDS = "SELECT kind, subject, digest FROM record ORDER BY position"
READ_BY = """
    SELECT u.role, d.path, d.digest FROM usage AS u JOIN dataset AS d ON d.id = u.dataset
     WHERE u.execution = ? ORDER BY u.role, u.position
"""


class Told(NamedTuple):
    """One fact.

    Attributes:
        kind: Its table; "store" for the store itself, which comes first.
        subject: Its id.
        row: None: it is not what was recorded.
        read: (role, path, digest) of what an execution read.
        made: Rows of what it made.
    """

    kind: str
    subject: str
    row: Row | None
    read: Sequence[tuple[str, str, str]] = ()
    made: Sequence[Row] = ()


def told(path: str) -> Iterator[Told]:
    """Every fact in the order of the records, each proved by its own. The file is only read, of whatever schema.

    Raises:
        StoreError: It is no store, damaged, or of a newer provstore.
    """
    with closing(_opened(path)) as conn, explained(path):
        store = facts.store_row(conn)
        yield Told("store", str(store["id"]), store)
        for kind, subject, digest in conn.execute(RECORDS):
            yield _told(conn, kind, subject, digest)


def _opened(path: str) -> sqlite3.Connection:
    """A connection to tables of today's schema; those of an older store are a copy in memory."""
    conn = connect(path)
    try:
        with explained(path):
            return conn if migrate.check_version(conn, path) else migrate.upgraded_copy(conn, path)
    except BaseException:
        conn.close()
        raise


def _told(conn: sqlite3.Connection, kind: str, subject: str, digest: str) -> Told:
    fact = facts.read(conn, kind, subject)
    try:
        is_whole = fact is not None and digest_json(facts.content_of(kind, fact)) == digest
    except (TypeError, ValueError):  # a number may have become bytes
        is_whole = False
    if fact is None or not is_whole:
        return Told(kind, subject, None)
    if isinstance(fact, ExecutionFact):
        return Told(kind, subject, fact.row, conn.execute(READ_BY, (subject,)).fetchall(), fact.made)
    return Told(kind, subject, fact.row if isinstance(fact, RunFact) else fact)
