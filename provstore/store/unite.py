"""Adds the facts of another store to this one.

Rules: the other file is only read, in one moment, and checked before; nothing comes in that its chain does not prove.
A fact is known by its kind and id: what both have is left as it is here. Facts, objects and the record of the merge
itself are one transaction; only the files of objects are copied before, and nothing refers to them until then.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections import Counter
from contextlib import closing

from provstore.digest import canonical_json, digest_bytes
from provstore.errors import StoreDamagedError, StoreError, StoreForeignError, StoreUnwritableError
from provstore.noun import NamedTuple
from provstore.store import facts, merges, migrate
from provstore.store.backup import SETTINGS
from provstore.store.connection import connect, explained, transaction
from provstore.store.facts import ExecutionFact
from provstore.store.fsck import problems
from provstore.store.objects import CONTENT
from provstore.store.rivals import rivals
from provstore.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.store.facts import Row
    from provstore.store.merges import Record
    from provstore.store.rivals import Rival

COPY = "other.db"
"""Name of the copy that is read instead of the other file."""

MEND_THERE = "there, 'provstore fsck' lists all damage, 'provstore recover' writes what is whole anew"

NO_HINDRANCE = frozenset(
    {"object-damaged", "missing-text", "memory-damaged", "wrong-memory", "wrong-sky", "wrong-values"}
)
"""What may be wrong with a store whose facts can be taken all the same: none of this comes in."""

RECORDED_AT = {"dimension_record": "inserted", "dataset_type": "registered"}
"""Kind of a fact that two stores may each have by themselves → its time."""
RECORDS = "SELECT origin, kind, subject, digest FROM record ORDER BY position"
OURS = "SELECT position, origin, digest FROM record WHERE subject = ? AND kind = ?"
LAST_LINK = "SELECT chain FROM record ORDER BY position DESC LIMIT 1"
COLLECTIONS = "SELECT name, type FROM collection ORDER BY name"
OBJECTS_INSIDE = "SELECT digest, size FROM object WHERE content IS NOT NULL ORDER BY digest"
OBJECTS_BESIDE = "SELECT digest, size FROM object WHERE content IS NULL ORDER BY digest"
CONSTRAINTS_OFF = "PRAGMA foreign_keys = OFF"
CONSTRAINTS_ON = "PRAGMA foreign_keys = ON"


class Other(NamedTuple):
    """A store whose facts are to be added.

    Attributes:
        store: A copy of it, whole and of today's schema.
        path: Where it lies, for messages.
        objects: Folder with the files of its objects; None: they are in use here already, or in another clone of
            the project, and are taken as known.
    """

    store: Store
    path: str
    objects: str | None


class Taken(NamedTuple):
    """What came in.

    Attributes:
        merge: Id of the merge's own record; None where no fact was new, and none was added.
        facts: Number of new facts by kind; a dataset that an execution made counts as one, too.
        kept: (kind, id) of what both have with different content: what was here stays.
        rivals: What was taken out of collections that both put data into.
        objects: Number of objects that came along.
        size: Their bytes.
        missing: Objects that the other knows and whose bytes are not there, nor here.
    """

    merge: str | None
    facts: Mapping[str, int]
    kept: Sequence[tuple[str, str]]
    rivals: Sequence[Rival]
    objects: int
    size: int
    missing: int

    @property
    def is_anything(self) -> bool:
        """Something was written."""
        return self.merge is not None or self.objects > 0


@contextlib.contextmanager
def copied(path: str, folder: str) -> Iterator[Store]:
    """Another store as it is in this moment, checked: a copy, so that whoever uses it goes on.

    Args:
        folder: Empty; gets the copy.

    Raises:
        StoreError: It is no store, is damaged, or is of a newer provstore.
    """
    made = os.path.join(folder, COPY)
    with _elsewhere(), closing(connect(path)) as conn, explained(path):
        migrate.check_version(conn, path)
        with closing(sqlite3.connect(made, isolation_level=None)) as copy:
            for setting in SETTINGS:
                copy.execute(setting)
            _back_up(conn, copy, made)
    with Store(made) as store:
        for problem in problems(store, objects=False, files=False):
            if problem.check not in NO_HINDRANCE:
                raise StoreDamagedError(
                    f"{path}: not merged, as it is damaged: {problem.subject}: {problem.text}",
                    hint=MEND_THERE,
                )
        yield store


@contextlib.contextmanager
def _elsewhere() -> Iterator[None]:
    """What is wrong with the other file is not to be mended here."""
    try:
        yield
    except StoreForeignError as error:
        error.hint = "name a store's file, or the folder of a project"
        raise
    except StoreDamagedError as error:
        error.hint = MEND_THERE
        raise


def _back_up(conn: sqlite3.Connection, copy: sqlite3.Connection, made: str) -> None:
    """Copies a store; that there is no space for it is not said of the other file."""
    try:
        conn.backup(copy)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_FULL":
            raise StoreUnwritableError(f"{made}: {error}", hint="free space on the disk") from error
        raise


def unite(store: Store, other: Other, row: Row) -> Taken:
    """Adds all that is new: whole or not at all.

    Args:
        row: What is known of the merge before it: the columns of its row but `store`, `added`, `records`, `chain`.

    Raises:
        StoreError: It could not be written, or what both say can't stand side by side.
    """
    store.ledger()  # from now on the connection may write
    conn = store.conn
    bytes_taken = _Bytes(store, other)
    with explained(store.path):
        _refuse_other_types(conn, other)
        bytes_taken.copy_files()
        conn.execute(CONSTRAINTS_OFF)  # what a fact refers to may be lost, and said to be so
        try:
            with transaction(conn):
                union = _Union(conn, other)
                if union.is_news:
                    union.add_all(row)
                bytes_taken.write()
        finally:
            conn.execute(CONSTRAINTS_ON)
    merge = str(row["id"]) if union.is_news else None
    counted = bytes_taken.number, bytes_taken.size, bytes_taken.missing
    return Taken(merge, union.added, union.kept, union.rivals, *counted)


def _refuse_other_types(conn: sqlite3.Connection, other: Other) -> None:
    """Refuses collections that are of one type there and of another one here, and could not hold what comes in."""
    for name, theirs in other.store.conn.execute(COLLECTIONS):
        ours = facts.collection_type(conn, name)
        if ours not in (None, theirs):
            raise StoreError(
                f"{other.path}: not merged: collection {name} is of type {theirs} there, and of type {ours} here",
                hint="a name keeps its type, also when the collection was removed; nothing was changed",
            )


class _New(NamedTuple):
    """A record that is not here."""

    origin: str
    kind: str
    subject: str


class _Union:
    """Facts of both stores, inside one transaction.

    Attributes:
        is_news: There are new facts. That the other store merged this one before is none: two stores that are
            merged back and forth would never come to rest.
        added, kept, rivals: See `Taken`.
    """

    def __init__(self, conn: sqlite3.Connection, other: Other) -> None:
        self._conn, self._other = conn, other
        self._new: list[_New] = []
        self.added: Counter[str] = Counter()
        self.kept: list[tuple[str, str]] = []
        self.rivals: list[Rival] = []
        self._records = merges.in_words(self._places())
        self.is_news = any(new.kind != "merge" for new in self._new)

    def _places(self) -> Iterator[int | Record]:
        """Where each record of the other store is here, or will be."""
        end = facts.last_position(self._conn)
        for origin, kind, subject, digest in self._other.store.conn.execute(RECORDS):
            ours = self._conn.execute(OURS, (subject, kind)).fetchone()
            if ours is None:
                self._new.append(_New(origin, kind, subject))
                yield end + len(self._new)
            elif ours[1:] == (origin, digest):
                yield ours[0]
            else:
                if ours[2] != digest and not self._says_the_same(kind, subject):
                    self.kept.append((kind, subject))
                yield origin, digest

    def _says_the_same(self, kind: str, subject: str) -> bool:
        """Both have the fact, and it differs in nothing but the time at which it was recorded."""
        time = RECORDED_AT.get(kind)
        if time is None:
            return False
        pair = [facts.read(conn, kind, subject) for conn in (self._conn, self._other.store.conn)]
        plain = [
            {name: value for name, value in fact.items() if name != time} for fact in pair if isinstance(fact, dict)
        ]
        return len(plain) == 2 and plain[0] == plain[1]

    def add_all(self, row: Row) -> None:
        """Appends what is new in the other's order, then the merge, then what it leaves no place for."""
        chain = facts.Chain(self._conn)
        theirs = self._other.store.conn
        for new in self._new:
            fact = facts.read(theirs, new.kind, new.subject)
            if fact is None:
                raise AssertionError(f"{new.kind} {new.subject} is in no table, though all records were checked")
            try:
                chain.add(new.kind, fact, new.origin)
            except sqlite3.IntegrityError as error:
                raise self._clash(f"{new.kind} {new.subject}", str(error)) from error
            self.added[new.kind] += 1
            if isinstance(fact, ExecutionFact) and fact.made:
                self.added["dataset"] += len(fact.made)
        chain.add("merge", self._merge(row))
        self.rivals = rivals(self._conn, [new.subject for new in self._new if new.kind == "tag"])
        for rival in self.rivals:
            chain.add("tag_removal", {"tag": rival.tag, "removed": row["merged"]})

    def _merge(self, row: Row) -> Row:
        theirs = self._other.store.conn
        return {
            **row,
            "store": canonical_json(facts.store_row(theirs)),
            "added": len(self._new),
            "records": self._records,
            "chain": theirs.execute(LAST_LINK).fetchone()[0],
        }

    def _clash(self, subject: str, text: str) -> StoreError:
        return StoreDamagedError(
            f"{self._other.path}: not merged: {subject} and what is here can't both be: {text}",
            hint="'provstore fsck' in both places says which of the two is not what was recorded",
        )


class _Bytes:
    """Objects of the other store.

    Attributes:
        number, size: Of the objects that came along.
        missing: Objects whose bytes are neither there nor here.
    """

    def __init__(self, store: Store, other: Other) -> None:
        self._conn, self._ours = store.conn, store.objects
        self._theirs, self._folder = other.store.conn, other.objects
        self.number = self.size = self.missing = 0

    def copy_files(self) -> None:
        """Copies files that are not here. Should this end half-way, `gc` removes them: no row knows them."""
        if self._folder is None:
            return
        for digest, size in self._theirs.execute(OBJECTS_BESIDE):
            name = digest.partition(":")[2]
            path = os.path.join(self._folder, name[:2], name[2:])
            if self._ours.has(digest):
                continue
            if os.path.isfile(path) and self._ours.keep_file(digest, path, size):
                self._count(size)
            else:
                self.missing += 1

    def write(self) -> None:
        """Writes the rows, inside the transaction."""
        self._conn.executemany(facts.KEEP_OBJECT, self._ours.pending.values())
        self._ours.forget_pending()
        for digest, size in self._theirs.execute(OBJECTS_INSIDE):
            if not self._ours.has(digest):
                (data,) = self._theirs.execute(CONTENT, (digest,)).fetchone()
                if digest_bytes(data) == digest:
                    self._conn.execute(facts.KEEP_OBJECT, (digest, size, data))
                    self._count(size)
                else:
                    self.missing += 1
        if self._folder is None:
            for row in self._theirs.execute(OBJECTS_BESIDE):
                self._conn.execute(facts.INSERT_OBJECT, (*row, None))

    def _count(self, size: int) -> None:
        self.number += 1
        self.size += size
