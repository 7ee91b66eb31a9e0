"""Is the store what was written? Every check of it; nothing is changed.

Rules: each check is guarded on its own, so that a page that can't be read hides nothing else; no statement runs for
long, since a reader holds back whoever writes; what another process records meanwhile is left for the next time.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections import Counter
from contextlib import closing
from functools import lru_cache
from itertools import pairwise
from types import NoneType

from provstore.digest import canonical_json, digest_bytes, digest_descriptor, digest_json, entries_from_manifest
from provstore.errors import StoreError
from provstore.model.values import task_name
from provstore.noun import NamedTuple
from provstore.store import facts, memory, merges, migrate
from provstore.store.checks import CHECKS, REFERENCES, UNRECORDED
from provstore.store.connection import PATIENCE, READ_ONLY, connect
from provstore.store.facts import ExecutionFact, RunFact
from provstore.store.objects import Objects

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    from provstore.store.store import Store

PIECE = 500
"""Records that are read at once."""

INTEGRITY = "PRAGMA integrity_check"
TRY_TO_WRITE = ("PRAGMA busy_timeout = 0", "PRAGMA query_only = OFF", "BEGIN IMMEDIATE", "ROLLBACK")
PATIENT = f"PRAGMA busy_timeout = {PATIENCE * 1000:.0f}"
SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
SKY = "SELECT rtreecheck('main', 'sky')"
STORES = "SELECT count(*) FROM store"
LAST = "SELECT coalesce(max(position), 0) FROM record"
RECORDS = """
    SELECT position, origin, kind, subject, digest, chain FROM record
     WHERE position > ? AND position <= ? ORDER BY position LIMIT ?
"""
LOST = "SELECT lost FROM recovery"
OBJECTS = """
    SELECT o.digest, o.size, o.content,
           EXISTS (SELECT 1 FROM dataset AS d WHERE d.digest = o.digest AND d.kind = 'directory')
      FROM object AS o WHERE o.digest > ? ORDER BY o.digest LIMIT ?
"""
OBJECT = "SELECT 1 FROM object WHERE digest = ?"
PATH = "SELECT path FROM dataset WHERE digest = ? ORDER BY rowid DESC LIMIT 1"
MEMORY = {
    "file_memo": "SELECT * FROM file_memo",
    "directory_memo": "SELECT * FROM directory_memo",
    "task_memo": "SELECT * FROM task_memo",
    "plan": "SELECT * FROM plan",
    "plan_task": "SELECT * FROM plan_task",
}

JSON_COLUMNS = {
    "arguments": list,
    "box": list,
    "data_id": dict,
    "definition": dict,
    "details": dict,
    "dimension_record.key": dict,
    "dimensions": list,
    "environment": dict,
    "ignored": list,
    "lost": list,
    "measures": dict,
    "metadata": dict,
    "outputs": list,
    "params": dict,
    "record": dict,
    "records": list,
    "store": dict,
    "summary": dict,
}
"""Column of a fact, in any table or in one → what its JSON has to be."""


SLUGS = {
    "sqlite": "what SQLite's own check finds: a damaged page, an index that does not fit its table, a missing value",
    "schema": "a table, an index or a view is missing, or is not what the migrations make",
    "chain-gap": "the records are not numbered 1, 2, 3, …: some are gone",
    "chain-broken": "a record does not follow from the one before it",
    "record-damaged": "a fact is missing, or is not what was recorded",
    "wrong-json": "a column that holds JSON holds something else, or another spelling than the canonical one",
    "unrecorded": "a fact that no record proves: it was put in beside the chain",
    "missing-fact": "something refers to a fact that is not there",
    "merged-chain-broken": "the chain of a store that was merged can't be made again from what is here",
    "memory-damaged": "something that saves work is not what was written; provstore does the work again",
    "object-damaged": "a kept object is missing, has another size, or its bytes are not those of its digest",
    "wrong-manifest": "the list of a directory's files is no such list",
    "unreadable": "a check could not be finished, since something can't be read",
    **{slug: check.meaning for slug, check in CHECKS.items()},
}
"""What each check finds."""


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        check: Slug of what found it.
        subject: What it is about: "execution 0193… of calibrate@visit=1 (record 12)".
        text: What is wrong with it.
    """

    check: str
    subject: str
    text: str


class Check(NamedTuple):
    """What a check needs.

    Attributes:
        conn: Of its own: text that is no UTF-8 keeps its bytes.
        path: Of the store.
        objects: Those in files.
        folder: Where they lie.
        files, contents: These files are looked at; they are read as well.
        counted: What was checked; see `problems`.
    """

    conn: sqlite3.Connection
    path: str
    objects: Objects
    folder: str
    files: bool
    contents: bool
    counted: Counter[str]


def problems(
    store: Store, *, objects: bool, files: bool = True, counted: Counter[str] | None = None
) -> Iterator[Problem]:
    """All that is wrong in a store.

    Args:
        objects: Read the objects that lie in files, too.
        files: Look at these files at all; not for a copy of the store's file alone.
        counted: Gets the numbers of "records" and "objects", and of their "bytes"; likewise "beside" and "bytes beside"
            of the objects among them that lie in files; of files of objects that no row knows ("unknown"), which is
            no problem: a killed run leaves them, and `gc` takes them away.
    """
    counted = Counter() if counted is None else counted
    with closing(connect(store.path)) as conn:
        conn.text_factory = _text
        folder = os.path.join(os.path.dirname(store.path), "objects")
        check = Check(conn, store.path, Objects(folder, conn, store.path), folder, files, objects, counted)
        for name, function in PARTS_OF_THE_FILE.items():
            yield from _guarded(name, function, check)
        with closing(_of_today(store.path)) as today:
            check = check._replace(conn=today)
            for name, function in PARTS.items():
                yield from _guarded(name, function, check)


def _of_today(path: str) -> sqlite3.Connection:
    """A connection to tables of today's schema; those of an older store that can't be written are a copy."""
    conn = connect(path)
    with contextlib.suppress(sqlite3.Error, StoreError):
        if migrate.schema_version(conn) < migrate.NEWEST:
            conn = migrate.upgraded_copy(conn, path)
    conn.text_factory = _text
    return conn


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _guarded(name: str, function: Callable[[Check], Iterator[Problem]], check: Check) -> Iterator[Problem]:
    """What a check finds; when it can't go on, that is a problem, too."""
    try:
        yield from function(check)
    except (sqlite3.Error, ValueError, TypeError, LookupError, RecursionError) as error:
        yield Problem("unreadable", name, f"could not be checked to the end: {error}")


def _integrity(check: Check) -> Iterator[Problem]:
    """What SQLite finds: pages, order, indexes, types."""
    for (line,) in check.conn.execute(INTEGRITY):
        if line != "ok":
            for part in str(line).splitlines():
                if not part.startswith("*** in database"):
                    yield Problem("sqlite", "the file", part)
    yield from _writable(check)


def _writable(check: Check) -> Iterator[Problem]:
    """A file that may be written can be: SQLite takes one whose header is of a later version for readers only."""
    if not os.access(check.path, os.W_OK):
        return
    try:
        for statement in TRY_TO_WRITE:
            check.conn.execute(statement)
    except sqlite3.OperationalError as error:  # whoever writes just now shows that it can be written
        if error.sqlite_errorname.startswith("SQLITE_READONLY"):
            yield Problem("sqlite", "the file", "its header says that it can't be written")
    finally:
        check.conn.execute(READ_ONLY)
        check.conn.execute(PATIENT)


def _schema(check: Check) -> Iterator[Problem]:
    """Tables, indexes and views are as the migrations make them; those that a user added are left alone.

    An older store that can't be written is still as the migrations up to its own left it.
    """
    version = migrate.schema_version(check.conn)
    with closing(sqlite3.connect(":memory:")) as fresh:
        for number, sql in migrate.migrations().items():
            if number <= version:
                fresh.executescript(sql)
        expected = {(row[0], row[1]): row for row in fresh.execute(SCHEMA)}
    found = {(row[0], row[1]): row for row in check.conn.execute(SCHEMA)}
    for key, row in expected.items():
        if key not in found:
            yield Problem("schema", f"{key[0]} {key[1]}", "is missing")
        elif found[key] != row:
            yield Problem("schema", f"{key[0]} {key[1]}", "is not what the migrations make")
    number = check.conn.execute(STORES).fetchone()[0]
    if number != 1:
        yield Problem("schema", "table store", f"has {number} rows, expected 1")


def _chain(check: Check) -> Iterator[Problem]:
    """Every record: it follows from the one before, and its fact is what was recorded."""
    links: set[str] = set()
    try:
        links.add(facts.first_link(check.conn))
    except (sqlite3.Error, LookupError, TypeError) as error:
        yield Problem("record-damaged", "store", f"can't be read: {error}")
    position, last = 0, check.conn.execute(LAST).fetchone()[0]
    while rows := check.conn.execute(RECORDS, (position, last, PIECE)).fetchall():
        if not all(later[0] == row[0] + 1 for row, later in pairwise([(position,), *rows])):
            yield Problem("chain-gap", f"records {position + 1} to {rows[-1][0]}", "some are missing or out of order")
        if rows[-1][0] <= position:
            return
        for number, origin, kind, subject, digest, chain in rows:
            expected = {facts.next_link(link, origin, digest) for link in links}
            if chain not in expected:
                text = "does not follow from what was recorded before it"
                yield Problem("chain-broken", f"record {number} ({kind} {subject})", text)
            links = {chain} if chain in expected else {chain, *sorted(expected)[:1]}
            yield from _fact(check.conn, number, kind, subject, digest)
        position = rows[-1][0]
        check.counted["records"] += len(rows)


def _fact(conn: sqlite3.Connection, number: int, kind: str, subject: str, digest: str) -> Iterator[Problem]:
    """One fact is what was recorded, and its JSON is canonical."""
    name = f"{kind} {subject} (record {number})"
    try:
        fact = facts.read(conn, kind, subject)
        found = "" if fact is None else digest_json(facts.content_of(kind, fact))
    except (sqlite3.Error, TypeError, ValueError) as error:  # a number may have become bytes
        yield Problem("record-damaged", name, f"can't be read: {error}")
        return
    if fact is None:
        yield Problem("record-damaged", name, "is missing")
        return
    row: Any = fact.row if isinstance(fact, (ExecutionFact, RunFact)) else fact
    kinds = {column: JSON_COLUMNS.get(column) or JSON_COLUMNS.get(f"{kind}.{column}") for column in row}
    wrong = [
        Problem("wrong-json", name, f"{column} is no canonical JSON {expected.__name__}")
        for column, expected in kinds.items()
        if expected is not None and not _is_canonical(row[column], expected)
    ]
    if found != digest:
        text = f"is not what was recorded: digest {found}, expected {digest}"
        wrong.insert(0, Problem("record-damaged", name, text))
    for problem in wrong:
        yield problem._replace(subject=_named(kind, row, number))


def _named(kind: str, row: Mapping[str, Any], number: int) -> str:
    """A fact as people know it, with its record."""
    subject = facts.subject_of(kind, row)
    if kind == "dataset":
        subject = f"{subject} of {row['path']}"
    elif kind == "execution":
        subject = f"{subject} of {_task(row)}"
    return f"{kind} {subject} (record {number})"


def _task(row: Mapping[str, Any]) -> str:
    """The task of an execution's row, as far as it can be told."""
    try:
        return task_name(str(row["stage"]), tuple(json.loads(row["data_id"]).items()))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return f"{row['stage']}@{row['data_id']}"


@lru_cache(maxsize=1 << 14)
def _is_canonical(text: object, kind: type) -> bool:
    if text is None or text in ("{}", "[]"):
        return text is None or (text == "{}") == (kind is dict)
    try:
        value = json.loads(str(text))
        return isinstance(value, kind) and canonical_json(value) == text
    except (ValueError, TypeError, RecursionError):
        return False


def _unrecorded(check: Check) -> Iterator[Problem]:
    """Facts that were put in beside the chain."""
    for kind, subject in check.conn.execute(UNRECORDED):
        yield Problem("unrecorded", f"{kind} {subject}", "no record proves it")


def _references(check: Check) -> Iterator[Problem]:
    """What refers to a fact that is not there, but for those that a recovery could not save."""
    lost: set[tuple[str, str]] = set()
    for (text,) in check.conn.execute(LOST):
        lost |= {(kind, subject) for kind, subject, _ in json.loads(text)}
    for subject, kind, missing in check.conn.execute(REFERENCES):
        if (kind, missing) not in lost:
            yield Problem("missing-fact", str(subject), f"refers to {kind} {missing}, which is not in the store")


def _merges(check: Check) -> Iterator[Problem]:
    """The chains of other stores whose facts came in."""
    for fault in merges.faults(check.conn):
        yield Problem("merged-chain-broken", f"merge {fault.merge}", fault.text)


def _questions(check: Check) -> Iterator[Problem]:
    """The checks that are SQL."""
    for slug, (_, sentence, sql) in CHECKS.items():
        try:
            for subject, *values in check.conn.execute(sql):
                yield Problem(slug, str(subject), sentence.format(*values))
        except sqlite3.Error as error:
            yield Problem("unreadable", slug, f"could not be checked to the end: {error}")


def _memory(check: Check) -> Iterator[Problem]:
    """Rows of what saves work that are not as they were written."""
    for table, sql in MEMORY.items():
        for row in check.conn.execute(sql):
            if not memory.is_whole(row):
                yield Problem(
                    "memory-damaged", f"{table} {row[0]}", "is not what was written; it is made anew when needed"
                )


def _sky(check: Check) -> Iterator[Problem]:
    """The R*Tree fits together; of what is in it, `CHECKS` asks."""
    for line in str(check.conn.execute(SKY).fetchone()[0]).splitlines():
        if line != "ok":
            yield Problem("sqlite", "table sky", line)


def _objects(check: Check) -> Iterator[Problem]:
    """Objects in the table and in files."""
    after, known = "", set()
    while rows := check.conn.execute(OBJECTS, (after, PIECE)).fetchall():
        for digest, size, content, is_directory in rows:
            check.counted["objects"] += 1
            if not (isinstance(digest, str) and isinstance(size, int) and isinstance(content, (bytes, NoneType))):
                yield Problem("object-damaged", f"object {digest!r}", "its row holds what no object's row can hold")
                continue
            check.counted["bytes"] += size
            if content is None:
                known.add(digest)
                check.counted["beside"] += 1
                check.counted["bytes beside"] += size
                text = _wrong_file(check, digest, size) if check.files else ""
            else:
                text = _wrong_content(digest, size, content)
            if text and check.conn.execute(OBJECT, (digest,)).fetchone():  # else it was freed just now
                yield Problem("object-damaged", f"object {digest}", text + _bytes_of(check.conn, digest))
            elif is_directory and content is not None and not _is_manifest(content):
                yield Problem("wrong-manifest", f"object {digest}", "is a directory's, but no list of files")
        if not rows[-1][0] > after:
            yield Problem("unreadable", "table object", "its digests are out of order")
            return
        after = rows[-1][0]
    if check.files:
        check.counted["unknown"] += sum(file.digest not in known for file in check.objects.files())


def _bytes_of(conn: sqlite3.Connection, digest: str) -> str:
    """Whose bytes an object is, as far as that is known."""
    with contextlib.suppress(sqlite3.Error):
        for (path,) in conn.execute(PATH, (digest,)):
            return f" (bytes of {path})"
    return ""


def _wrong_content(digest: str, size: int, content: bytes) -> str:
    """What is wrong with an object that lies in the table; "" when nothing is."""
    if len(content) != size:
        return f"has {len(content)} bytes, expected {size}"
    return "" if digest_bytes(content) == digest else "its bytes are not those of its digest"


def _wrong_file(check: Check, digest: str, size: int) -> str:
    """What is wrong with an object that lies in a file; "" when nothing is."""
    name = digest.partition(":")[2]
    path = os.path.join(check.folder, name[:2], name[2:])
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return "its file is missing"
    except (OSError, ValueError) as error:
        return f"its file can't be read: {error}"
    try:
        found = os.fstat(descriptor).st_size
        if found != size:
            return f"its file has {found} bytes, expected {size}"
        if check.contents and digest_descriptor(descriptor, size) != digest:
            return "the bytes of its file are not those of its digest"
    except OSError as error:
        return f"its file can't be read: {error}"
    finally:
        os.close(descriptor)
    return ""


def _is_manifest(content: bytes) -> bool:
    try:
        return all(
            isinstance(path, str) and kind in ("file", "executable", "link", "empty")
            for path, kind, _, _ in entries_from_manifest(content.decode())
        )
    except (ValueError, TypeError, RecursionError):
        return False


PARTS_OF_THE_FILE: dict[str, Callable[[Check], Iterator[Problem]]] = {"the file": _integrity, "the schema": _schema}
"""What is checked of the file as it is, in this order."""

PARTS: dict[str, Callable[[Check], Iterator[Problem]]] = {
    "the records": _chain,
    "facts without records": _unrecorded,
    "references": _references,
    "merges": _merges,
    "facts": _questions,
    "what is remembered": _memory,
    "what is on the sky": _sky,
    "objects": _objects,
}
"""What is checked then, of tables as they are today."""
