"""Builds a new store from what is whole in a damaged one.

Rules: a row counts only as part of a fact, and a fact only when it is proved: its digest is in a record, or the chain
says so. A fact without any record is taken over as *unproved* when it lay on a page that is whole and nothing in it
contradicts itself. Facts come in the order in which they were recorded. Memory is not taken over, it is made anew.
The damaged file is only read.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import sqlite3
import stat
from collections import Counter
from contextlib import closing
from types import NoneType

from provstore.digest import canonical_json, digest_bytes, digest_descriptor, digest_json, digest_text
from provstore.errors import StoreError
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.store import facts, migrate
from provstore.store.checks import CHECKS, REFERENCES
from provstore.store.connection import READ_ONLY, WRITABLE, connect, explained, transaction
from provstore.store.facts import ExecutionFact, RunFact
from provstore.store.objects import Objects
from provstore.store.pages import Pages, shape
from provstore.store.sift import INDEX_OF_DIGESTS, Rows, looks_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from provstore.digest import Entry
    from provstore.store.facts import Row

    Fact: TypeAlias = Row | ExecutionFact | RunFact

SCHEMA = "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL"
STORE_IDS = "SELECT id, created FROM store ORDER BY rowid"
RECORDS = "SELECT position, origin, kind, subject, digest, chain FROM record WHERE position > 0 ORDER BY position"
MERGED_STORES = "SELECT store FROM merge"
RECORD_OF = "SELECT position FROM record WHERE subject = ? AND kind = ?"
RECORD_WITH = "SELECT position FROM record WHERE digest = ?"
NAME_RECORD = "UPDATE record SET kind = ?, subject = ? WHERE position = ?"
KEPT_OBJECTS = "SELECT digest FROM object ORDER BY digest"
IS_KEPT = "SELECT 1 FROM object WHERE digest = ?"
VERSIONS = "SELECT digest, path, kind FROM dataset ORDER BY path, rowid"
CONSTRAINTS_OFF = "PRAGMA foreign_keys = OFF"

REMOVALS = {"chain_removal": ("member", "chain_member"), "tag_removal": ("tag", "tag")}
"""Kind of a removal → column that names what was removed, and its kind."""


def is_of_our_schema(path: str) -> bool:
    """Whether a file that says that it is of a newer schema is of ours all the same: then its number is damaged."""
    with closing(connect(path)) as conn, closing(Rows()) as ours:
        try:
            found = set(conn.execute(SCHEMA))
        except sqlite3.Error:
            return True  # not the number alone is damaged
        return found >= set(ours.conn.execute(SCHEMA)) - {(INDEX_OF_DIGESTS,)}


class Source(NamedTuple):
    """The damaged store.

    Attributes:
        path: Where it lies.
        kept_as: Name under which it will be kept.
        digest: Of its bytes; "" for what is no file.
        objects: Folder with the files of objects.
    """

    path: str
    kept_as: str
    digest: str
    objects: str


class Salvage(NamedTuple):
    """What was taken over and what was not.

    Attributes:
        kept: Number of facts by kind, unproved ones included.
        unproved: Of these: facts whose record is lost, so that nothing proves them.
        lost: (kind, subject, digest) of what is known to have been there; "" where the digest is not known. Of an
            object, the digest is the subject too.
        paths: Digest of a lost object → the path that had these bytes.
        missing: Records of which nothing is known but that they were there.
        cut: Bytes that the file should have had beyond its end.
        objects: Number of kept objects.
        is_same_store: Its id could be read.
    """

    kept: Mapping[str, int]
    unproved: Mapping[str, int]
    lost: tuple[tuple[str, str, str], ...]
    paths: Mapping[str, str]
    missing: int
    cut: int
    objects: int
    is_same_store: bool

    @property
    def is_complete(self) -> bool:
        """All that is known to have been there was taken over."""
        return self.is_same_store and not (self.lost or self.missing or self.cut)


def build(source: Source, fresh: str, now: float) -> Salvage:
    """Makes a new store in the file `fresh` out of what is whole in a damaged one.

    Args:
        now: Seconds since 1970.

    Raises:
        StoreError: The new file can't be written.
    """
    with explained(fresh), _pages(source.path) as pages, closing(Rows()) as sure, closing(Rows()) as all_rows:
        sure.take(pages.whole() if pages is not None else ())
        sure.conn.backup(all_rows.conn)
        if pages is not None:
            all_rows.take(pages.scraps(table.shape for table in all_rows.tables))
            all_rows.take_index(pages.whole())
        store_id = _store_id(all_rows.conn)
        migrate.create(fresh, now, store_id or new_id())
        with closing(connect(fresh)) as conn:
            conn.execute(CONSTRAINTS_OFF)  # what a whole fact refers to may be lost
            conn.execute(WRITABLE)
            with transaction(conn):
                objects = _keep_objects(conn, source.objects, pages)
                builder = _Builder(sure.conn, all_rows.conn, conn)
                builder.add_all()
                paths = _lost_objects(conn, source.objects, _known_objects(source.path, pages))
                named = (*builder.lost, *(("object", digest, digest) for digest in paths))
                lost = (*named, *_missed(conn, named))
                builder.add_recovery(source, lost, utc_text(now))
            conn.execute(READ_ONLY)
        cut = pages.missing_bytes() if pages is not None else 0
        kept, unproved = Counter(builder.kept), Counter(builder.unproved)
        return Salvage(kept, unproved, lost, paths, builder.missing, cut, objects, store_id is not None)


@contextlib.contextmanager
def _pages(path: str) -> Iterator[Pages | None]:
    """The pages of a file; None for what is no file."""
    if not os.path.isfile(path):
        yield None
        return
    with open(path, "rb", buffering=0) as file:
        yield Pages(file.fileno())


# --- the store itself, and objects ------------------------------------------------------------------------


def _store_id(conn: sqlite3.Connection) -> str | None:
    """The store's id: the one that its records name, else the one of its own row."""
    origins = Counter(str(row[1]) for row in conn.execute(RECORDS) if looks_right("record", {"digest": row[4]}))
    named = [str(name) for name, created in conn.execute(STORE_IDS) if looks_right("store", {"created": created})]
    for name in (*named, *(name for name, _ in origins.most_common(1))):
        if name in origins:
            return name
    return named[0] if named else None


def _keep_objects(conn: sqlite3.Connection, folder: str, pages: Pages | None) -> int:
    """Takes over objects whose bytes are whole: from the table, and files."""
    table = ("TEXT", False), ("INTEGER", False), ("BLOB", True)
    before = conn.total_changes
    if pages is not None:
        for cells in (pages.whole(), pages.scraps([shape(table, is_index=False)])):
            for cell in cells:
                if not cell.is_index and len(cell.values) == len(table) and isinstance(cell.values[2], bytes):
                    _keep_object(conn, cell.values[0], cell.values[2])
    for file in Objects(folder, conn, "").files():
        if file.digest and file_digest(file.path) == file.digest:
            conn.execute(facts.INSERT_OBJECT, (file.digest, file.size, None))
    return conn.total_changes - before


def _keep_object(conn: sqlite3.Connection, digest: object, content: bytes) -> None:
    if digest_bytes(content) == digest:
        conn.execute(facts.INSERT_OBJECT, (digest, len(content), content))


def _known_objects(path: str, pages: Pages | None) -> set[str]:
    """Digests of what the damaged store kept: what its index says; where that is damaged too, what is left of rows."""
    known = set()
    try:
        with closing(connect(path)) as conn:
            for (digest,) in conn.execute(KEPT_OBJECTS):
                known.add(str(digest))
    except (StoreError, sqlite3.Error):
        for cell in pages.whole() if pages is not None else ():
            if not cell.is_index and len(cell.values) == 3 and isinstance(cell.values[2], (bytes, NoneType)):
                known.add(str(cell.values[0]))
    return known


def _lost_objects(conn: sqlite3.Connection, folder: str, known: set[str]) -> dict[str, str]:
    """Of the objects that were known, those that some dataset needs and that are not kept any more, with its path."""
    lost: dict[str, str] = {}
    for digest, path, kind in conn.execute(VERSIONS).fetchall():
        wanted = [(digest, path)]
        if kind == "directory":
            wanted += [(entry.digest, f"{path}/{entry.path}") for entry in _entries(conn, folder, digest)]
        for one, where in wanted:
            if one in known and conn.execute(IS_KEPT, (one,)).fetchone() is None:
                lost.setdefault(one, where)
    return lost


def _entries(conn: sqlite3.Connection, folder: str, directory: str) -> Sequence[Entry]:
    """What is in a directory, where that is known."""
    try:
        return Objects(folder, conn, "").entries_if_kept(directory) or ()
    except (KeyError, OSError):
        return ()


def file_digest(path: str) -> str:
    """Of a file's bytes; "" for what is no file, or can't be read to its end."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        status = os.fstat(descriptor)
        return digest_descriptor(descriptor, status.st_size) if stat.S_ISREG(status.st_mode) else ""
    except OSError:
        return ""
    finally:
        os.close(descriptor)


# --- facts ------------------------------------------------------------------------------------------------


class _Builder:
    """Adds all facts that are whole to the new store.

    Args:
        sure: Rows from where the pages' own headers lead to.
        rows: These, and whatever else looks like a row.
        conn: The new store.
    """

    def __init__(self, sure: sqlite3.Connection, rows: sqlite3.Connection, conn: sqlite3.Connection) -> None:
        self._sure, self._rows, self._conn = sure, rows, conn
        self._chain = facts.Chain(conn)
        self._origins = _merged_stores(rows)
        self.kept: Counter[str] = Counter()
        self.unproved: Counter[str] = Counter()
        self.lost: list[tuple[str, str, str]] = []
        self.missing = 0

    def add_all(self) -> None:
        """Adds proved facts in the order of their records; unproved ones behind their like from before."""
        strays = sorted(self._strays(), reverse=True)
        last, number, link = 0, 0, _first_link(self._rows)
        for position, origin, kind, subject, digest, chain in self._rows.execute(RECORDS):
            while strays and strays[-1][0] < position:
                self._add_stray(*strays.pop()[3:])
            linked = link if position == last + 1 else None
            fact = self._proved(kind, subject, digest) or self._linked(kind, subject, linked, origin, chain)
            if fact is None or not self._add(kind, subject, fact, origin if origin in self._origins else None):
                self.lost.append((kind, subject, digest))
            last, number, link = position, number + 1, chain
        while strays:
            self._add_stray(*strays.pop()[3:])
        self.missing = max(0, last - number - self.unproved.total())

    def add_recovery(self, source: Source, lost: Iterable[tuple[str, str, str]], now: str) -> None:
        """Adds what was done here, as a fact of its own."""
        row: Row = {
            "id": new_id(),
            "recovered": now,
            "source": source.kept_as,
            "source_digest": source.digest,
            "kept": self.kept.total(),
            "unproved": self.unproved.total(),
            "lost": canonical_json([list(entry) for entry in lost]),
        }
        self._chain.add("recovery", row)

    def _proved(self, kind: str, subject: str, digest: str) -> Fact | None:
        """The fact that a record is of; None where it is not as it was recorded."""
        for conn in (self._sure, self._rows):
            fact = facts.read(conn, kind, subject)
            if fact is not None and digest_json(facts.content_of(kind, fact)) == digest:
                return fact
        return None

    def _linked(self, kind: str, subject: str, link: str | None, origin: str, chain: str) -> Fact | None:
        """The fact whose record has a damaged digest: the chain shows what it was."""
        fact = facts.read(self._sure, kind, subject)
        if fact is None or link is None:
            return None
        digest = digest_json(facts.content_of(kind, fact))
        return fact if facts.next_link(link, origin, digest) == chain else None

    def _strays(self) -> Iterator[tuple[int, int, int, str, str]]:
        """Facts without any record, as (position to come after, number of the kind, order within, kind, subject).

        A record whose kind or subject is damaged gets them back.
        """
        for number, (kind, question) in enumerate(facts.READ.items()):
            after = 0
            every = question.partition(" WHERE ")[0] + ("" if kind in facts.WITHOUT_ROWID else " ORDER BY rowid")
            for order, row in enumerate(_dicts(self._sure, every)):
                subject = facts.subject_of(kind, row)
                record = self._rows.execute(RECORD_OF, (subject, kind)).fetchone()
                if record is not None:
                    after = record[0]
                    continue
                if kind == "dataset" and row["execution"] is not None:
                    continue  # part of the execution that made it
                fact = facts.read(self._sure, kind, subject)
                if fact is None or not self._is_of(kind, row):
                    continue
                record = self._rows.execute(RECORD_WITH, (digest_json(facts.content_of(kind, fact)),)).fetchone()
                if record is not None:
                    self._rows.execute(NAME_RECORD, (kind, subject, record[0]))
                elif _is_consistent(kind, fact) and fact == facts.read(self._rows, kind, subject):
                    yield after, number, order, kind, subject

    def _is_of(self, kind: str, row: Row) -> bool:
        """What a removal says was removed was there: removals of two kinds look alike."""
        if kind not in REMOVALS:
            return True
        column, removed = REMOVALS[kind]
        return facts.read(self._rows, removed, str(row[column])) is not None

    def _add_stray(self, kind: str, subject: str) -> None:
        fact = facts.read(self._sure, kind, subject)
        if fact is not None and self._add(kind, subject, fact):
            self.unproved[kind] += 1

    def _add(self, kind: str, subject: str, fact: Fact, origin: str | None = None) -> bool:
        """Adds a fact; False when something of it is in the new store already.

        Args:
            origin: See `facts.Chain.add`.
        """
        made = [str(row["id"]) for row in fact.made] if isinstance(fact, ExecutionFact) else []
        wanted = [(kind, subject), *(("dataset", dataset) for dataset in made)]
        if any(facts.read(self._conn, *known) is not None for known in wanted):
            return False
        self._chain.add(kind, fact, origin)
        self.kept[kind] += 1
        return True


def _first_link(conn: sqlite3.Connection) -> str:
    """What the chain began with; "" where the store's own row is lost."""
    return facts.first_link(conn) if conn.execute(STORE_IDS).fetchone() else ""


def _merged_stores(conn: sqlite3.Connection) -> set[str]:
    """Ids of the stores that were merged: an origin that is none of these is this store, or damaged."""
    found = set()
    for (text,) in conn.execute(MERGED_STORES):
        with contextlib.suppress(ValueError, TypeError, LookupError, RecursionError):
            found.add(str(json.loads(text)["id"]))
    return found


def _is_consistent(kind: str, fact: Fact) -> bool:
    """Nothing in a fact contradicts itself."""
    if isinstance(fact, RunFact):
        return bool(fact.sources) and looks_right(kind, fact.row)
    if not isinstance(fact, ExecutionFact):
        return looks_right(kind, fact)
    if not (looks_right(kind, fact.row) and all(looks_right("dataset", row) for row in fact.made)):
        return False
    if not fact.usage and not _reads_nothing(fact.row):
        return False
    number: Counter[str] = Counter()
    for role, position, _ in sorted(fact.usage):
        if position != number[role]:
            return False
        number[role] += 1
    declared = {path for _, path, _ in json.loads(str(fact.row["outputs"]))}
    return {row["path"] for row in fact.made} == (declared if fact.row["outcome"] == "succeeded" else set())


def _reads_nothing(row: Row) -> bool:
    """An execution's key is that of a task without inputs (`pipelinefile.render` says what a key is made of)."""
    shell, command = str(row["shell"]), str(row["command"])
    try:
        material = {
            "command": [*shell.split(" "), command] if shell else shlex.split(command),
            "cwd": row["cwd"],
            "inputs": [],
            **{name: json.loads(str(row[name])) for name in ("params", "environment", "outputs")},
        }
    except ValueError:
        return False
    return row["key"] == digest_text(digest_json(material))


def _missed(conn: sqlite3.Connection, lost: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str, str]]:
    """What facts refer to, and was not found."""
    known = {(kind, subject) for kind, subject, _ in lost}
    for _, kind, subject in conn.execute(REFERENCES):
        if (kind, subject) not in known:
            known.add((kind, subject))
            yield kind, subject, ""
    for _, _, digest in conn.execute(CHECKS["missing-text"].sql):
        if ("object", digest) not in known:
            known.add(("object", digest))
            yield "object", digest, digest


def _dicts(conn: sqlite3.Connection, question: str) -> Iterator[dict[str, str | int | float | None]]:
    cursor = conn.execute(question)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))
