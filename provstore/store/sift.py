"""Sorts the rows of a damaged store into tables: what a row could be is told by its columns and by how they look.

Nothing in here says that a row is true; `salvage` proves that.
"""

from __future__ import annotations

import json
import re
import sqlite3

from provstore.digest import TAG, canonical_json
from provstore.noun import NamedTuple
from provstore.store import facts, migrate
from provstore.store.connection import transaction
from provstore.store.pages import Cell, Shape, shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TABLES = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table'"
COLUMNS = """
    SELECT name, type, "notnull" = 0 AND pk = 0, pk FROM pragma_table_info(?) ORDER BY iif(? AND pk, pk, 100 + cid)
"""
INDEX_OF_DIGESTS = "CREATE INDEX record_digest ON record (digest)"
INSERT_STORE = "INSERT OR IGNORE INTO store (rowid, id, created, provstore) VALUES (:rowid, :id, :created, :provstore)"

USAGE_INDEX = ("dataset", "execution", "role", "position")
"""Columns of the index `usage_dataset`: it holds all of `usage` once more."""

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
DIGEST = re.compile(TAG + "[0-9a-f]{64}")
ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
LOOKS = {
    **dict.fromkeys(("started", "ended", "created", "added", "recovered", "recorded"), TIME),
    **dict.fromkeys(("accepted", "verified", "merged", "deleted", "changed", "removed", "tagged"), TIME),
    **dict.fromkeys(("valid_from", "valid_to", "registered", "inserted", "time_begin", "time_end"), TIME),
    **dict.fromkeys(("digest", "log", "configuration", "diff_digest"), DIGEST),
    **dict.fromkeys(
        ("metric.dataset", "id", "run_code.run", "run_end.run", "chain_removal.member", "tag_removal.tag"), ID
    ),
    "commit_id": re.compile("[0-9a-f]{40,64}"),
    "collection.type": re.compile("RUN|TAGGED|CHAINED|CALIBRATION"),
    "alias.target": re.compile(r'(?!\{").*', re.DOTALL),  # a row of `dimension` looks like an alias but for this
    **dict.fromkeys(("dimension.name", "dimension_record.dimension"), re.compile(r"[A-Za-z_]\w*")),
    "dimension_record.key": re.compile(r'\{".+\}', re.DOTALL),
    "box": re.compile(r"\[[-+.,0-9e]+\]"),
    "outcome": re.compile("succeeded|failed|tainted|timed-out|cancelled|interrupted"),
}
"""Column of a fact, in any table or in one → how its text looks."""

JSONS = frozenset(
    {"arguments", "params", "summary", "data_id", "environment", "outputs", "metadata", "lost", "ignored", "details"}
    | {"measures", "records", "dimensions", "definition", "box", "dimension_record.key", "dimension_record.record"}
)


class Table(NamedTuple):
    """A table as its rows are stored.

    Attributes:
        columns: In the order in which they are stored.
        types: (type, may be NULL) of each.
    """

    name: str
    columns: tuple[str, ...]
    types: tuple[tuple[str, bool], ...]
    shape: Shape
    insert: str

    def fits(self, cell: Cell) -> bool:
        """A row could be one of this table."""
        return (
            len(cell.values) == len(self.columns)
            and cell.is_index == self.shape.is_index
            and all(_is_of(value, *kind) for value, kind in zip(cell.values, self.types, strict=True))
        )


STORED_AS: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (int, float),
    "BLOB": (bytes,),
    "ANY": (int, str),
    "ROWID": (),
}
"""Type of a column → how its values are stored. A rowid that has a name is stored as NULL."""


def _is_of(value: object, kind: str, optional: bool) -> bool:
    return optional or kind == "ROWID" if value is None else isinstance(value, STORED_AS[kind])


def _with_rowid(insert: str) -> str:
    """A statement that adds a row, with its rowid, unless there is one like it, with names for its question marks."""
    return _named(insert).replace(" (", " (rowid, ", 1).replace("VALUES (", "VALUES (:rowid, ")


def _named(insert: str) -> str:
    """A statement that adds a row, unless there is one like it, with names for its question marks."""
    columns = re.findall(r"\w+", insert.partition("(")[2].partition(")")[0])
    head = insert.replace("INSERT INTO", "INSERT OR IGNORE INTO").partition("VALUES")[0]
    return head + "VALUES (" + ", ".join(f":{column}" for column in columns) + ")"


UNNUMBERED = facts.WITHOUT_ROWID | {"chain_removal", "tag_removal"}
"""Kinds of facts that are taken without the number of their row. Removals of two kinds look alike and have the same
numbers, so that each is taken into both tables, where one must not keep the other out."""

PARTS = {
    **{kind: (_named if kind in UNNUMBERED else _with_rowid)(sql) for kind, sql in facts.INSERT.items()},
    "store": INSERT_STORE,
    "usage": _named(facts.INSERT_USAGE),
    "run_source": _named(facts.INSERT_SOURCE),
    "record": _named(facts.INSERT_RECORD),
}
"""Table whose rows make facts → what takes one."""


class Rows:
    """Tables that take every row that fits, in a file that nobody sees and that ends with its connection."""

    def __init__(self) -> None:
        self.conn = sqlite3.connect("", isolation_level=None)
        for sql in migrate.migrations().values():
            self.conn.executescript(sql)
        self.conn.execute(INDEX_OF_DIGESTS)
        self.tables = [
            self._table(name, bool(without_rowid))
            for name, without_rowid in self.conn.execute(TABLES).fetchall()
            if name in PARTS
        ]

    def close(self) -> None:
        """Nothing of it is left."""
        self.conn.close()

    def _table(self, name: str, without_rowid: bool) -> Table:
        rows = self.conn.execute(COLUMNS, (name, without_rowid)).fetchall()
        types = tuple(
            ("ROWID" if kind == "INTEGER" and pk and not without_rowid else kind, bool(optional))
            for _, kind, optional, pk in rows
        )
        looks = shape(types, is_index=without_rowid)
        return Table(name, tuple(row[0] for row in rows), types, looks, PARTS[name])

    def take(self, cells: Iterable[Cell]) -> None:
        """Takes each row into the table that it is of; where it could be of several, the look of its values decides."""
        with transaction(self.conn):
            for cell in cells:
                fitting = [table for table in self.tables if table.fits(cell)]
                if len(fitting) > 1:
                    fitting = [table for table in fitting if looks_right(table.name, _row(table, cell))] or fitting
                for table in fitting:
                    self._insert(table.insert, {**_row(table, cell), "rowid": cell.rowid or None})

    def take_index(self, cells: Iterable[Cell]) -> None:
        """Takes the rows of `usage` from its index."""
        with transaction(self.conn):
            for cell in cells:
                if cell.is_index and [type(value) for value in cell.values] == [str, str, str, int]:
                    row = dict(zip(USAGE_INDEX, cell.values, strict=True))
                    if ID.fullmatch(str(row["dataset"])) and ID.fullmatch(str(row["execution"])):
                        self._insert(PARTS["usage"], row)

    def _insert(self, sql: str, row: Mapping[str, object]) -> None:
        try:
            self.conn.execute(sql, row)
        except sqlite3.IntegrityError:
            pass  # it is of another type after all


def _row(table: Table, cell: Cell) -> dict[str, object]:
    """The row with the names of its columns; the rowid is one of them where it has a name."""
    row: dict[str, object] = dict(zip(table.columns, cell.values, strict=True))
    for name, (kind, _) in zip(table.columns, table.types, strict=True):
        if kind == "ROWID":
            row[name] = cell.rowid
    return row


def looks_right(table: str, row: Mapping[str, object]) -> bool:
    """The values of a row are such as are written there."""
    for name, value in row.items():
        look = LOOKS.get(f"{table}.{name}") or LOOKS.get(name)
        if look is not None and value is not None and not look.fullmatch(str(value)):
            return False
        is_json = name in JSONS or f"{table}.{name}" in JSONS
        if is_json and value is not None and not _is_canonical(value):
            return False
    return True


def _is_canonical(text: object) -> bool:
    try:
        return canonical_json(json.loads(str(text))) == text
    except (ValueError, RecursionError):
        return False
