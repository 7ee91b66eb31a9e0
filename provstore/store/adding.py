"""One transaction in which somebody adds facts, and asks before what is there.

Whoever holds the project's lock, or is a task of the run that holds it, may come here: the write lock is taken first,
so that what was asked is still true when the facts are added.
"""

from __future__ import annotations

import contextlib

from provstore.digest import canonical_json
from provstore.errors import UsageError
from provstore.model.values import new_id
from provstore.store import facts
from provstore.store.connection import explained, transaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Sequence
    from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

    from provstore.store.facts import ExecutionFact, Row
    from provstore.store.objects import Objects
    from provstore.store.store import Store

    Connection: TypeAlias = sqlite3.Connection
    """For those above, who ask questions and write none."""

    P = ParamSpec("P")
    T = TypeVar("T")

CONSTRAINTS_OFF = "PRAGMA foreign_keys = OFF"
CONSTRAINTS_ON = "PRAGMA foreign_keys = ON"
ROOM = "PRAGMA cache_size = -65536"
"""KiB of pages that may wait in memory for the end of a transaction: SQLite's own 2 MiB are written and read again and
again where a hundred thousand rows go into eight indexes."""
FORGET_FILES = "DELETE FROM file_memo WHERE path IN (SELECT value FROM json_each(?))"
FORGET_DIRECTORIES = "DELETE FROM directory_memo WHERE path IN (SELECT value FROM json_each(?))"
IN_CHAIN = """
    SELECT 1 FROM chain_member AS m
     WHERE m.chain = :chain AND m.child = :child
       AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
"""


class Adding:
    """Facts on their way into the store."""

    def __init__(self, conn: sqlite3.Connection, objects: Objects) -> None:
        self._conn, self._objects = conn, objects
        self._chain = facts.Chain(conn)

    def ask(self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Asks what is true until the facts are added."""
        return question(self._conn, *args, **kwargs)

    def add(self, kind: str, fact: Row | ExecutionFact) -> None:
        """Adds a fact."""
        self._chain.add(kind, fact)

    def add_many(self, kind: str, rows: Sequence[Row], shared: Row = {}) -> None:  # noqa: B006 - is never changed
        """Adds facts of one row each, in their order.

        Args:
            shared: Columns that have one value in all rows; `rows` have the others.
        """
        self._chain.add_many(kind, rows, shared)

    def keep(self) -> None:
        """Writes the objects that wait, so that they need not wait in memory."""
        _write_objects(self._conn, self._objects)

    def bring_back(self, collection: str, now: str) -> None:
        """Undoes the removal of a collection that was removed; it is empty."""
        self._chain.bring_back(collection, now)

    def add_run_collection(self, name: str, now: str, chain: str | None = None) -> None:
        """Adds a RUN collection where there is none of this name; at the head of a chain, which is made if missing.

        Raises:
            UsageError: A collection of this name is of another type.
        """
        self._add_collection(name, "RUN", now)
        if chain is not None:
            self._add_collection(chain, "CHAINED", now)
            if self._conn.execute(IN_CHAIN, {"chain": chain, "child": name}).fetchone() is None:
                position = facts.head_of(self._conn, chain)
                row: Row = {"id": new_id(), "chain": chain, "child": name, "position": position, "added": now}
                self.add("chain_member", row)

    def _add_collection(self, name: str, type: str, now: str) -> None:
        found = facts.collection_type(self._conn, name)
        if found is None:
            self.add("collection", {"name": name, "type": type, "created": now, "description": ""})
        elif found == type:
            self._chain.bring_back(name, now)
        else:
            raise UsageError(f"collection '{name}': its type is {found}, expected {type}")

    def forget(self, path: str) -> None:
        """Lets the next look at a path find out anew which dataset lies there."""
        self.forget_all([path])

    def forget_all(self, paths: Sequence[str]) -> None:
        """The same for many paths."""
        wanted = canonical_json(paths)
        self._conn.execute(FORGET_FILES, (wanted,))
        self._conn.execute(FORGET_DIRECTORIES, (wanted,))


@contextlib.contextmanager
def adding(store: Store) -> Iterator[Adding]:
    """All that is added inside is written at its end, with the objects that wait; or nothing.

    Raises:
        StoreError: It could not be written.
    """
    store.ledger()  # from now on this connection may write
    try:
        with explained(store.path), transaction(store.conn):
            store.conn.execute(ROOM)
            _write_objects(store.conn, store.objects)
            added = Adding(store.conn, store.objects)
            yield added
            added.keep()
    finally:
        store.objects.forget_pending()


@contextlib.contextmanager
def unbound(store: Store) -> Iterator[None]:
    """Inside, what a task makes may refer to its execution, which is recorded when the task has ended."""
    with explained(store.path):
        store.conn.execute(CONSTRAINTS_OFF)
    try:
        yield
    finally:
        store.roll_back()  # inside of a transaction, the next line would do nothing
        with explained(store.path):
            store.conn.execute(CONSTRAINTS_ON)


def _write_objects(conn: sqlite3.Connection, objects: Objects) -> None:
    if objects.pending:
        conn.executemany(facts.KEEP_OBJECT, objects.pending.values())
        conn.executemany(facts.PUT_OBJECT, objects.replaced())
        objects.forget_pending()
