"""Adding facts, and reading them as they were added. Each fact gets a row in `record`: its digest, chained.

Rules: facts are added, never updated and never deleted; only this file adds them; it is called inside a
transaction. A fact's canonical JSON is `{table: row}` with all columns. Some tables belong to others:

    run        {"run": row, "run_source": [[file, digest], …]}, sorted by file
    execution  {"execution": row, "usage": [[role, position, dataset], …], "dataset": [row, …]} with what it read,
               sorted by role and position, and what it made

The chain begins with the digest of `{"store": row}`.
"""

from __future__ import annotations

import json
import sqlite3
from operator import itemgetter

from provstore.digest import Spelling, canonical_json, digest_json, digest_text
from provstore.noun import NamedTuple
from provstore.store.connection import only_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    Row: TypeAlias = Mapping[str, str | int | float | None]

INSERT = {
    "run": """
        INSERT INTO run (id, started, arguments, params, collection, user, host, system, python, provstore)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "run_code": """
        INSERT INTO run_code (run, commit_id, branch, dirty, diff_digest)
        VALUES (?, ?, ?, ?, ?)
    """,
    "run_end": """
        INSERT INTO run_end (run, ended, outcome, summary) VALUES (?, ?, ?, ?)
    """,
    "execution": """
        INSERT INTO execution (id, run, stage, data_id, key, command, shell, cwd, params, environment, outputs, started,
                               ended, outcome, exit_status, signal, message, cpu_seconds, peak_memory, log, log_size,
                               attempt, name, description, site, configuration)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "dataset": """
        INSERT INTO dataset (id, type, data_id, run, path, kind, executable, size, digest, semantic_digest, format,
                             created, execution, role, name, version, owner, owner_type, description, location, url,
                             contact, overwritable, iteration, replaces, metadata)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "collection": """
        INSERT INTO collection (name, type, created, description) VALUES (?, ?, ?, ?)
    """,
    "chain_member": """
        INSERT INTO chain_member (id, chain, child, position, added) VALUES (?, ?, ?, ?, ?)
    """,
    "chain_removal": """
        INSERT INTO chain_removal (member, removed) VALUES (?, ?)
    """,
    "tag": """
        INSERT INTO tag (id, collection, dataset, valid_from, valid_to, tagged) VALUES (?, ?, ?, ?, ?, ?)
    """,
    "tag_removal": """
        INSERT INTO tag_removal (tag, removed) VALUES (?, ?)
    """,
    "dataset_deletion": """
        INSERT INTO dataset_deletion (dataset, deleted, user, kept_bytes) VALUES (?, ?, ?, ?)
    """,
    "dataset_change": """
        INSERT INTO dataset_change (id, dataset, field, value, changed, user) VALUES (?, ?, ?, ?, ?, ?)
    """,
    "keyword": """
        INSERT INTO keyword (dataset, word) VALUES (?, ?)
    """,
    "alias": """
        INSERT INTO alias (id, name, target, created) VALUES (?, ?, ?, ?)
    """,
    "dataset_type": """
        INSERT INTO dataset_type (name, dimensions, format, path, description, registered) VALUES (?, ?, ?, ?, ?, ?)
    """,
    "dimension": """
        INSERT INTO dimension (id, name, definition, registered) VALUES (?, ?, ?, ?)
    """,
    "dimension_record": """
        INSERT INTO dimension_record (dimension, key, value, record, time_begin, time_end, region, box, inserted)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "equality": """
        INSERT INTO equality (id, dataset, other, ignored, recorded) VALUES (?, ?, ?, ?, ?)
    """,
    "acceptance": """
        INSERT INTO acceptance (id, stage, data_id, key, execution, user, accepted, message)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "verification": """
        INSERT INTO verification (id, execution, verified, verdict, host, user, details) VALUES (?, ?, ?, ?, ?, ?, ?)
    """,
    "metric": """
        INSERT INTO metric (id, dataset, measures, recorded) VALUES (?, ?, ?, ?)
    """,
    "merge": """
        INSERT INTO merge (id, merged, user, host, source, store, added, records, chain)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    """,
    "recovery": """
        INSERT INTO recovery (id, recovered, source, source_digest, kept, unproved, lost)
        VALUES (?, ?, ?, ?, ?, ?, ?)
    """,
}


def _values(insert: str) -> Callable[[Row], tuple[str | int | float | None, ...]]:
    """What takes a row's values in the order of a statement's columns: by their names SQLite takes them slowly."""
    columns = insert.partition("(")[2].partition(")")[0]
    return itemgetter(*[name.strip() for name in columns.split(",")])


VALUES = {kind: _values(insert) for kind, insert in INSERT.items()}
READ = {
    "run": "SELECT * FROM run WHERE id = ?",
    "run_code": "SELECT * FROM run_code WHERE run = ?",
    "run_end": "SELECT * FROM run_end WHERE run = ?",
    "execution": "SELECT * FROM execution WHERE id = ?",
    "dataset": "SELECT * FROM dataset WHERE id = ?",
    "collection": "SELECT * FROM collection WHERE name = ?",
    "chain_member": "SELECT * FROM chain_member WHERE id = ?",
    "chain_removal": "SELECT * FROM chain_removal WHERE member = ?",
    "tag": "SELECT * FROM tag WHERE id = ?",
    "tag_removal": "SELECT * FROM tag_removal WHERE tag = ?",
    "dataset_deletion": "SELECT * FROM dataset_deletion WHERE dataset = ?",
    "dataset_change": "SELECT * FROM dataset_change WHERE id = ?",
    "keyword": """
        SELECT * FROM keyword
         WHERE (word, dataset) IN (SELECT substr(s, 38), substr(s, 1, 36) FROM (SELECT ? AS s))
    """,
    "alias": "SELECT * FROM alias WHERE id = ?",
    "dataset_type": "SELECT * FROM dataset_type WHERE name = ?",
    "dimension": "SELECT * FROM dimension WHERE id = ?",
    "dimension_record": """
        SELECT * FROM dimension_record
         WHERE (dimension, key) IN (
            SELECT substr(s, 1, instr(s, ' ') - 1), substr(s, instr(s, ' ') + 1) FROM (SELECT ? AS s))
    """,
    "equality": "SELECT * FROM equality WHERE id = ?",
    "acceptance": "SELECT * FROM acceptance WHERE id = ?",
    "verification": "SELECT * FROM verification WHERE id = ?",
    "metric": "SELECT * FROM metric WHERE id = ?",
    "merge": "SELECT * FROM merge WHERE id = ?",
    "recovery": "SELECT * FROM recovery WHERE id = ?",
}
SUBJECT = {
    "run": "id",
    "run_code": "run",
    "run_end": "run",
    "execution": "id",
    "dataset": "id",
    "collection": "name",
    "chain_member": "id",
    "chain_removal": "member",
    "tag": "id",
    "tag_removal": "tag",
    "dataset_deletion": "dataset",
    "dataset_change": "id",
    "keyword": "dataset word",
    "alias": "id",
    "dataset_type": "name",
    "dimension": "id",
    "dimension_record": "dimension key",
    "equality": "id",
    "acceptance": "id",
    "verification": "id",
    "metric": "id",
    "merge": "id",
    "recovery": "id",
}
"""Column of each table that its record is known by; where it takes two, both with a space between."""

WITHOUT_ROWID = frozenset({"keyword", "dimension_record"})
"""Kinds of facts whose rows have no number."""

INSERT_SKY = """
    INSERT INTO sky (x_min, x_max, y_min, y_max, z_min, z_max, dimension, key)
    SELECT json_extract(box, '$[0]'), json_extract(box, '$[1]'), json_extract(box, '$[2]'), json_extract(box, '$[3]'),
           json_extract(box, '$[4]'), json_extract(box, '$[5]'), dimension, key
      FROM dimension_record WHERE dimension = ? AND key = ? AND box IS NOT NULL
"""
"""Keeps the index of regions: a trigger could not, as SQLite trusts none that a file brings along with its JSON."""
INSERT_VALUES = """
    WITH given (data_id) AS (SELECT value FROM json_each(:data_ids) WHERE value GLOB '{*}' AND json_valid(value))
    INSERT OR IGNORE INTO data_id_value (type, dimension, value, kind)
    SELECT :type, j.key, coalesce(j.atom, ''), j.type FROM given AS g CROSS JOIN json_each(g.data_id) AS j
     UNION ALL
    SELECT :type, '', coalesce((SELECT group_concat(j.key, '"') FROM json_each(g.data_id) AS j), ''), 'names'
      FROM given AS g
     UNION ALL
    SELECT :type, '', j.key, 'odd' FROM given AS g CROSS JOIN json_each(g.data_id) AS j
     WHERE j.type NOT IN ('integer', 'text', 'true', 'false') OR typeof(j.atom) = 'real'
"""
"""Keeps what is remembered of the values in data IDs. With a trigger SQLite copies all pages that an insert changes,
for each row anew, as that could still fail: bulk took half as long again."""
INSERT_USAGE = "INSERT INTO usage (execution, role, position, dataset) VALUES (?, ?, ?, ?)"
INSERT_SOURCE = "INSERT INTO run_source (run, file, digest) VALUES (?, ?, ?)"
INSERT_RECORD = "INSERT INTO record (position, origin, kind, subject, digest, chain) VALUES (?, ?, ?, ?, ?, ?)"
INSERT_OBJECT = "INSERT OR IGNORE INTO object (digest, size, content) VALUES (?, ?, ?)"
KEEP_OBJECT = """
    INSERT INTO object (digest, size, content) VALUES (?, ?, ?)
    ON CONFLICT (digest) DO UPDATE SET content = excluded.content WHERE content IS NULL
"""
PUT_OBJECT = "INSERT OR REPLACE INTO object (digest, size, content) VALUES (?, ?, ?)"
SOURCES = "SELECT file, digest FROM run_source WHERE run = ? ORDER BY file"
USAGE = "SELECT role, position, dataset FROM usage WHERE execution = ? ORDER BY role, position"
MADE = """
    SELECT * FROM dataset AS d
     WHERE execution = ? AND NOT EXISTS (SELECT 1 FROM record WHERE subject = d.id AND kind = 'dataset')
     ORDER BY rowid
"""
ALL_DATASETS = "SELECT d.* FROM json_each(?) AS r CROSS JOIN dataset AS d ON d.id = r.value"
ALL_EXECUTIONS = "SELECT e.* FROM json_each(?) AS r CROSS JOIN execution AS e ON e.id = r.value"
ALL_USAGE = """
    SELECT u.execution, u.role, u.position, u.dataset
      FROM json_each(:ids) AS r CROSS JOIN usage AS u ON u.execution = r.value ORDER BY u.role, u.position
"""
ALL_MADE = """
    SELECT d.* FROM json_each(?) AS r CROSS JOIN dataset AS d ON d.execution = r.value
     WHERE NOT EXISTS (SELECT 1 FROM record WHERE subject = d.id AND kind = 'dataset')
     ORDER BY d.rowid
"""
STORE = "SELECT * FROM store"
HEAD = "SELECT coalesce(min(position), 1) - 1 FROM chain_member WHERE chain = ?"
LAST_RECORD = "SELECT position, chain FROM record ORDER BY position DESC LIMIT 1"
ORIGIN = "SELECT id FROM store"
COLLECTION_TYPE = "SELECT type FROM collection WHERE name = ?"
REMOVED = "(removed)"
"""The chain whose children are the collections that were removed, until they are made again."""

REMOVAL_OF = """
    SELECT m.id FROM chain_member AS m
     WHERE m.child = :name AND m.chain = :removed
       AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
"""


class ExecutionFact(NamedTuple):
    """An execution with what it read and what it made.

    Attributes:
        usage: (role, position, dataset id), in order.
        made: Rows of `dataset`, in the order of the declared outputs.
    """

    row: Row
    usage: Sequence[tuple[str, int, str]]
    made: Sequence[Row]


def origin(conn: sqlite3.Connection) -> str:
    """Id of the store."""
    found: str = only_row(conn, ORIGIN)[0]
    return found


def head_of(conn: sqlite3.Connection, chain: str) -> int:
    """The position before a CHAINED collection's first child."""
    found: int = conn.execute(HEAD, (chain,)).fetchone()[0]
    return found


def collection_type(conn: sqlite3.Connection, name: str) -> str | None:
    """Type of a collection; None when there is none of this name."""
    row = conn.execute(COLLECTION_TYPE, (name,)).fetchone()
    return None if row is None else row[0]


def removals_of(conn: sqlite3.Connection, name: str) -> list[str]:
    """Ids of the facts that a collection was removed: several in stores that were merged; without any, it was not."""
    return [row[0] for row in conn.execute(REMOVAL_OF, {"name": name, "removed": REMOVED})]


class RunFact(NamedTuple):
    """A run with the files it was made from.

    Attributes:
        sources: (file, digest), sorted.
    """

    row: Row
    sources: Sequence[tuple[str, str]]


def subject_of(kind: str, row: Row) -> str:
    """What the record of a row is known by."""
    return " ".join([str(row[column]) for column in SUBJECT[kind].split(" ")])


def content_of(kind: str, fact: Row | ExecutionFact | RunFact) -> dict[str, object]:
    """What a fact's digest covers."""
    if isinstance(fact, ExecutionFact):
        usage = sorted([list(used) for used in fact.usage])
        return {"execution": fact.row, "usage": usage, "dataset": list(fact.made)}
    if isinstance(fact, RunFact):
        return {"run": fact.row, "run_source": [list(source) for source in fact.sources]}
    return {kind: fact}


def next_link(link: str, origin: str, digest: str) -> str:
    """The chain's value after a record, from that before it."""
    return digest_text(f"{link} {origin} {digest}")


def read(conn: sqlite3.Connection, kind: str, subject: str) -> Row | ExecutionFact | RunFact | None:
    """A fact as it was added; None where its row is missing, or no such kind of fact is known."""
    found = _rows(conn, READ[kind], subject) if kind in READ else []
    if not found:
        return None
    if kind == "execution":
        return ExecutionFact(found[0], list(conn.execute(USAGE, (subject,))), _rows(conn, MADE, subject))
    if kind == "run":
        return RunFact(found[0], list(conn.execute(SOURCES, (subject,))))
    return found[0]


def read_datasets(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, Row]:
    """What `read` gives for each of many datasets, in one question; those that are missing are left out."""
    return {str(row["id"]): row for row in _rows(conn, ALL_DATASETS, json.dumps(ids))}


def read_executions(conn: sqlite3.Connection, ids: Sequence[str]) -> dict[str, ExecutionFact]:
    """What `read` gives for each of many executions, in three questions; those that are missing are left out."""
    wanted = json.dumps(ids)
    usage: dict[str, list[tuple[str, int, str]]] = {}
    for execution, *used in conn.execute(ALL_USAGE, {"ids": wanted}):
        usage.setdefault(execution, []).append((used[0], used[1], used[2]))
    made: dict[str, list[Row]] = {}
    for row in _rows(conn, ALL_MADE, wanted):
        made.setdefault(str(row["execution"]), []).append(row)
    return {
        id: ExecutionFact(row, usage.get(id, []), made.get(id, []))
        for row in _rows(conn, ALL_EXECUTIONS, wanted)
        for id in [str(row["id"])]
    }


def first_link(conn: sqlite3.Connection) -> str:
    """What the chain begins with."""
    return digest_json({"store": store_row(conn)})


def store_row(conn: sqlite3.Connection) -> Row:
    """The row of the store itself, with which the chain begins."""
    return _rows(conn, STORE)[0]


def last_position(conn: sqlite3.Connection) -> int:
    """Position of the last record; 0 before the first."""
    row = conn.execute(LAST_RECORD).fetchone()
    return 0 if row is None else int(row[0])


def _rows(conn: sqlite3.Connection, question: str, *parameters: str) -> list[dict[str, str | int | float | None]]:
    cursor = conn.execute(question, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


class Chain:
    """Appends facts to the store, inside one transaction."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._origin = origin(conn)
        last: tuple[int, str] = conn.execute(LAST_RECORD).fetchone() or (0, first_link(conn))
        self._position, self._link = last

    def add(self, kind: str, fact: Row | ExecutionFact | RunFact, origin: str | None = None) -> None:
        """Adds a fact: one row, or a row with those that belong to it.

        Args:
            origin: The store in which it was recorded first; None: this one.
        """
        row = fact.row if isinstance(fact, (ExecutionFact, RunFact)) else fact
        subject = subject_of(kind, row)
        self._conn.execute(INSERT[kind], VALUES[kind](row))
        if isinstance(fact, ExecutionFact):
            self._conn.executemany(INSERT["dataset"], map(VALUES["dataset"], fact.made))
            self._conn.executemany(INSERT_USAGE, [(subject, *used) for used in fact.usage])
            self._remember_values(fact.made)
        elif isinstance(fact, RunFact):
            self._conn.executemany(INSERT_SOURCE, [(subject, *source) for source in fact.sources])
        else:
            self._index(kind, [fact])
        self._record(kind, subject, digest_json(content_of(kind, fact)), origin or self._origin)

    def add_many(self, kind: str, rows: Sequence[Row], shared: Row = {}) -> None:  # noqa: B006 - is never changed
        """Adds facts of one row each: the records that `add` gives one by one, in a fraction of the time.

        Args:
            rows: All with the same columns.
            shared: The other columns, which have one value in all rows.
        """
        self._conn.executemany(INSERT[kind], (VALUES[kind]({**shared, **row}) for row in rows))
        self._index(kind, ({**shared, **row} for row in rows))
        self._conn.executemany(INSERT_RECORD, self._records(kind, rows, shared))

    def _records(self, kind: str, rows: Sequence[Row], shared: Row) -> Iterator[tuple[int, str, str, str, str, str]]:
        spelling = Spelling(rows[0] if rows else (), shared, kind)
        for row in rows:
            digest = digest_text(spelling.of(row))
            self._link = next_link(self._link, self._origin, digest)
            self._position += 1
            yield self._position, self._origin, kind, subject_of(kind, row), digest, self._link

    def _index(self, kind: str, rows: Iterable[Row]) -> None:
        """Keeps what can be made again from rows that were added, and is there to find them fast."""
        if kind == "dimension_record":
            self._conn.executemany(INSERT_SKY, [(row["dimension"], row["key"]) for row in rows if row["box"]])
        elif kind == "dataset":
            self._remember_values(rows)

    def _remember_values(self, datasets: Iterable[Row]) -> None:
        by_type: dict[object, list[object]] = {}
        for row in datasets:
            by_type.setdefault(row["type"], []).append(row["data_id"])
        for type, data_ids in by_type.items():
            self._conn.execute(INSERT_VALUES, {"type": type, "data_ids": canonical_json(data_ids)})

    @property
    def position(self) -> int:
        """Position of the last record."""
        return self._position

    def bring_back(self, collection: str, now: str) -> None:
        """Undoes the removal of a collection that was removed; it is empty."""
        for member in removals_of(self._conn, collection):
            self.add("chain_removal", {"member": member, "removed": now})

    def _record(self, kind: str, subject: str, digest: str, origin: str) -> None:
        self._link = next_link(self._link, origin, digest)
        self._position += 1
        self._conn.execute(INSERT_RECORD, (self._position, origin, kind, subject, digest, self._link))
