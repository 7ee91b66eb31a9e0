"""Recorded datasets that answer a query: of one type after the other, with a `where` as `conditions` compiles it.

Rules: a question is one of the constants below, in which marked places (``/* where */``) are filled with constants of
this file and with what `conditions` made of its own; all values are bound. Data IDs are gone through in the order of
the index, and those that `where` can't mean are jumped over, so that a question with a limit reads little of a big
store. What lies inside of a directory is found with the directory.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.errors import QueryError
from provstore.noun import NamedTuple
from provstore.query.bound import kind
from provstore.store.collections import CALIBRATION, RUN, UNTYPED
from provstore.store.data_id_walk import (
    MOST_SORTED,
    NEXT,
    along,
    are_made_again,
    are_small,
    data_ids,
    data_ids_in,
    has_few,
    have_few,
    is_small,
    known_leads,
    some,
)
from provstore.store.depth import limited_depth
from provstore.store.first_found import PLACED, STATUS, FirstFound
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.model.values import JSON
    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.store.condition_names import Parameter
    from provstore.store.conditions import Condition
    from provstore.store.data_id_values import Lead

TYPES = """
    WITH RECURSIVE t (type) AS (
        SELECT min(type) FROM dataset
         UNION ALL
        SELECT (SELECT min(type) FROM dataset WHERE type > t.type) FROM t WHERE t.type IS NOT NULL
    )
    SELECT type FROM t WHERE type IS NOT NULL UNION SELECT name FROM dataset_type ORDER BY 1
"""
LAST = "SELECT max(data_id) FROM dataset WHERE type = :type"
HAS_DIMENSION = """
    SELECT json_extract(data_id, :path) FROM dataset
     WHERE type = :type AND json_type(data_id, :path) IS NOT NULL LIMIT 1
"""
BY_TYPE = """
    SELECT d.id /* keys */ FROM dataset AS d /* index */
     WHERE d.type = :type AND /* indexed */ 1 AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1
       AND /* first */ 1 AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
BY_ID = """
    SELECT d.id /* keys */ FROM dataset AS d
     WHERE +d.type = :type AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
NUMBER_WITHIN = """
    SELECT count(*) FROM (
        SELECT 1 FROM dataset AS d /* index */ WHERE d.type = :type AND /* indexed */ 1 AND /* where */ 1
         LIMIT :most + 1)
"""
BY_FIELD = {
    "dataset.id": """
    SELECT d.id /* keys */ FROM json_each(:values) AS c CROSS JOIN dataset AS d ON d.id = c.value
     WHERE +d.type = :type AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit""",
    "dataset.path": """
    SELECT d.id /* keys */ FROM json_each(:values) AS c
     CROSS JOIN dataset AS d INDEXED BY dataset_path ON d.path = c.value
     WHERE d.type = :type AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit""",
    "dataset.run": """
    SELECT d.id /* keys */ FROM json_each(:values) AS c
     CROSS JOIN dataset AS d INDEXED BY dataset_run ON d.run = c.value AND d.type = :type
     WHERE instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit""",
}
"""Field with an index of its own → the question for datasets with some of its values."""
NUMBER_WITH = {
    "dataset.id": "SELECT json_array_length(:values)",
    "dataset.path": """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:values) AS c CROSS JOIN dataset AS d ON d.path = c.value LIMIT :most + 1)""",
    "dataset.run": """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:values) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
         LIMIT :most + 1)""",
}
BY_DATA_ID = """
    SELECT d.id /* keys */ FROM json_each(:data_ids) AS k
     CROSS JOIN dataset AS d ON d.type = :type AND d.data_id = k.value
     WHERE instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1 AND /* more */ 1
       AND /* where */ 1
     /* order */ LIMIT :limit
"""
SOME_OF_DATA_ID = """
    SELECT d.id /* keys */ FROM json_each(:data_ids) AS k CROSS JOIN dataset AS d
        ON d.rowid IN (
            SELECT d.rowid FROM dataset AS d
             WHERE d.type = :type AND d.data_id = k.value AND instr(d.role, '/') = 0 AND /* status */ 1
               AND /* place */ 1 AND /* more */ 1 AND /* where */ 1
             LIMIT :limit)
     /* order */ LIMIT :limit
"""
FIRST = """
    SELECT d.id /* keys */ FROM json_each(:data_ids) AS k CROSS JOIN dataset AS d ON d.rowid = /* first of key */ 1
     WHERE /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
BY_RUN = """
    SELECT d.id /* keys */ FROM json_each(:collections) AS c
     CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
     WHERE instr(d.role, '/') = 0 AND /* status */ 1 AND /* first */ 1 AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
FIRST_IN_RUNS = """
    SELECT d.id /* keys */ FROM (
        SELECT o.rowid AS dataset,
               row_number() OVER (PARTITION BY o.data_id ORDER BY /* rank */ 1, o.rowid DESC) AS place
          FROM json_each(:collections) AS c CROSS JOIN dataset AS o ON o.run = c.value AND o.type = :type
         WHERE instr(o.role, '/') = 0 AND /* other status */ 1
    ) AS k CROSS JOIN dataset AS d ON d.rowid = k.dataset
     WHERE k.place = 1 AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
DECLARED = "SELECT name, dimensions, format, path, description FROM dataset_type WHERE name = ?"
REGISTERED = "SELECT name FROM dataset_type ORDER BY name"
FORMAT = """
    SELECT d.format FROM (SELECT max(data_id) AS data_id FROM dataset WHERE type = :type) AS k
     CROSS JOIN dataset AS d ON d.type = :type AND d.data_id = k.data_id
     ORDER BY d.rowid DESC LIMIT 1
"""

# What fills the marked places.

OF_KEY = "k.value"
INDEXES = {
    "dataset.created": ("INDEXED BY dataset_type_created", "1"),
    "dataset.size": ("INDEXED BY dataset_type_size", "1"),
    "dataset.version": ("INDEXED BY dataset_type_version", "d.version IS NOT NULL"),
    "dataset.run": ("INDEXED BY dataset_run", "1"),
    "dataset.path": ("INDEXED BY dataset_path", "1"),
}
"""Field → the index that has it in order, and what is true of the rows in it."""
RANGED = ("dataset.created", "dataset.size", "dataset.version")
"""Fields that their indexes have in order for each type."""
WALKED = {
    "d.created": "dataset.created",
    "d.size": "dataset.size",
    "d.run": "dataset.run",
    "d.path": "dataset.path",
    "d.id": "dataset.id",
}
"""What may be sorted by along an index."""
MORE = {
    "owner": "d.owner = :owner",
    "keywords": "NOT EXISTS (SELECT 1 FROM json_each(:keywords) AS w WHERE NOT EXISTS ("
    "SELECT 1 FROM keyword AS k WHERE k.word = w.value AND k.dataset = d.id))",
}
ORDER = "ORDER BY {}, d.rowid"
OLDEST_FIRST = "ORDER BY d.created, d.rowid"
ASCENDING, DESCENDING = "{} ASC", "{} DESC"

FEW = 50
"""Collections up to which it is better to go through them than through all of a type."""
SAMPLED = 50
"""Data IDs of a type by which its dimensions are known."""
FIRST_BATCH, LARGEST_BATCH = 64, 16_384


class Wanted(NamedTuple):
    """What a query asks for.

    Attributes:
        status: "valid", "replaced", "deleted" or "all".
        where: The condition.
        needed: What it needs of single dimensions, to be true.
        collections: (name, type) of those that are searched, in order, without chains; None: all there are.
        find_first: Of each type and data ID the one in the first of the collections only.
        more: Values of `MORE` that must hold.
        order: SQL of what the results are sorted by, and whether downwards.
        limit: None: all.
        leads: What data IDs tell of the terms that `order` begins with.
        fields: Field → the only values that it can have.
        ranges: Field → between which others its values are: the parts of the condition that say so.
    """

    status: str
    where: Condition
    needed: Needed
    collections: Sequence[tuple[str, str]] | None
    find_first: bool
    more: Mapping[str, str]
    order: Sequence[tuple[str, bool]]
    limit: int | None
    leads: Sequence[Lead] = ()
    fields: Mapping[str, Sequence[JSON]] = {}
    ranges: Mapping[str, Condition] = {}


def types(conn: sqlite3.Connection) -> list[str]:
    """All dataset types that are registered, or of which there is a dataset."""
    return [row[0] for row in conn.execute(TYPES)]


def declared(conn: sqlite3.Connection, type: str) -> tuple[list[str], str, str | None, str] | None:
    """Dimensions, format, path and description of a registered type."""
    row = conn.execute(DECLARED, (type,)).fetchone()
    return None if row is None else (json.loads(row[1]), row[2], row[3], row[4])


def registered_types(conn: sqlite3.Connection) -> list[str]:
    """Names of the registered types."""
    return [row[0] for row in conn.execute(REGISTERED)]


def format_of(conn: sqlite3.Connection, type: str) -> str:
    """Format of a dataset of a type that is used, but not registered."""
    row = conn.execute(FORMAT, {"type": type}).fetchone()
    return "" if row is None else row[0]


def dimensions(conn: sqlite3.Connection, type: str) -> dict[str, set[Kind]]:
    """The dimensions of a type, as its registration and some data IDs of it say, with the kinds of their values."""
    registered = declared(conn, type)
    found: dict[str, set[Kind]] = {name: set() for name in (registered[0] if registered else ())}
    texts = [row[0] for row in conn.execute(NEXT, {"type": type, "start": "", "size": SAMPLED})]
    texts += [row[0] for row in conn.execute(LAST, {"type": type}) if row[0] is not None]
    for text in texts:
        for name, value in json.loads(text).items():
            kinds = found.setdefault(name, set())
            if value is not None:
                kinds.add(kind(value))
    return found


def has_dimension(conn: sqlite3.Connection, type: str, path: str) -> bool:
    """Some dataset of a type has a value at this path of its data ID. Reads all of them, if none has."""
    return conn.execute(HAS_DIMENSION, {"type": type, "path": path}).fetchone() is not None


def found(conn: sqlite3.Connection, type: str, wanted: Wanted) -> list[tuple[str, ...]]:
    """The datasets of one type that answer a query: id, and what they are sorted by.

    They are sorted by `order`, the first `limit` of them; without an order they are any that answer it.

    Raises:
        QueryError: The condition is nested deeper than SQLite can read.
    """
    register(conn)
    try:
        with limited_depth():
            return _rows(conn, type, wanted)
    except QueryError:
        if not wanted.leads:  # going along them asks a question within a question: now all are sorted instead
            raise
    return found(conn, type, wanted._replace(leads=()))


def _rows(conn: sqlite3.Connection, type: str, wanted: Wanted) -> list[tuple[str, ...]]:
    first = FirstFound(conn, type, wanted.collections, is_asked=wanted.find_first)
    rows: list[tuple[str, ...]] = []
    for question, parameters in _questions(conn, type, wanted):
        left = -1 if wanted.limit is None else wanted.limit - len(rows)
        asked = {"type": type, "status": wanted.status, **wanted.more, **wanted.where.values, **first.values}
        rows += conn.execute(filled(question, wanted, first), {**asked, **parameters, "limit": left})
        if wanted.limit is not None and len(rows) >= wanted.limit:
            break
    return rows


def _questions(conn: sqlite3.Connection, type: str, wanted: Wanted) -> Iterator[tuple[str, dict[str, Parameter]]]:
    """Statements and their parameters, one after the other, that together find all."""
    collections = wanted.collections
    few = collections is not None and len(collections) <= FEW
    only_runs = few and all(of == RUN for _, of in collections or ())
    names = json.dumps([name for name, _ in collections or ()])
    by_key = _is_one_of_key(type, wanted)
    field = _selective_field(conn, type, wanted)
    is_small = few and are_small(conn, type, names)
    if field is not None:
        yield BY_FIELD[field], {"values": json.dumps(wanted.fields[field])}
    elif (ranged := _selective_range(conn, type, wanted)) is not None:
        question = _along_index(BY_TYPE, ranged)
        yield question if wanted.order else question.replace("/* order */", OLDEST_FIRST), {}
    elif not is_small and (walk := _walk(conn, type, wanted)) is not None:
        yield from walk
    elif only_runs and not wanted.needed and not by_key:
        yield BY_RUN, {"collections": names}
    elif only_runs and by_key and is_small:
        yield FIRST_IN_RUNS, {"collections": names}
    elif not (few or wanted.needed or by_key):
        yield _along_index(BY_TYPE, "dataset.created"), {}
    else:
        inside = few and not wanted.needed
        keys = iter(data_ids_in(conn, type, names)) if inside else data_ids(conn, type, wanted.needed)
        # What is sorted is sorted by SQLite, in one go.
        size = FIRST_BATCH if wanted.limit is not None and not wanted.order else LARGEST_BATCH
        while batch := some(keys, None if wanted.order else size):
            yield FIRST if by_key else BY_DATA_ID, {"data_ids": json.dumps(batch)}
            size = min(size * 4, LARGEST_BATCH)


def _is_one_of_key(type: str, wanted: Wanted) -> bool:
    """What is found first is one dataset of each data ID, and can be looked up by that."""
    return wanted.find_first and type != UNTYPED and all(of != CALIBRATION for _, of in wanted.collections or ())


def _selective_field(conn: sqlite3.Connection, type: str, wanted: Wanted) -> str | None:
    """A field whose values are asked for, and that only few datasets have."""
    for name, values in wanted.fields.items():
        asked = {"values": json.dumps(values), "type": type, "most": MOST_SORTED}
        if name in BY_FIELD and conn.execute(NUMBER_WITH[name], asked).fetchone()[0] <= MOST_SORTED:
            return name
    return None


def _selective_range(conn: sqlite3.Connection, type: str, wanted: Wanted) -> str | None:
    """A field whose values have to be between some others, which they are for few datasets only."""
    for name, condition in wanted.ranges.items():
        question = _along_index(NUMBER_WITHIN, name).replace("/* where */ 1", condition.sql)
        asked = {"type": type, "most": MOST_SORTED, **condition.values}
        if conn.execute(question, asked).fetchone()[0] <= MOST_SORTED:
            return name
    return None


def _walk(conn: sqlite3.Connection, type: str, wanted: Wanted) -> Iterator[tuple[str, dict[str, Parameter]]] | None:
    """Questions whose answers follow each other in the order that is asked for, so that few need to be sorted.

    None: it is better to sort all that is found.
    """
    if wanted.limit is None or not wanted.order or (wanted.find_first and not _is_one_of_key(type, wanted)):
        return None
    leads = known_leads(conn, type, wanted.leads)
    if leads:
        is_told = len(leads) == len(wanted.order)  # by the data ID alone
        question = FIRST if wanted.find_first else SOME_OF_DATA_ID if is_told else BY_DATA_ID
        batches = along(conn, type, leads, wanted.needed, is_told=is_told)
        return ((question, {"data_ids": json.dumps(batch)}) for batch in batches)
    sql, downwards = wanted.order[0]
    if sql not in WALKED or (wanted.needed and have_few(conn, type, wanted.needed)):
        return None
    field = WALKED[sql]
    if field not in RANGED and is_small(conn, type):  # the index is that of all types
        return None
    # What is found first is new: from the oldest on, a walk would meet thousands before the first of them.
    if wanted.find_first and (has_few(conn, type) or (not downwards and are_made_again(conn, type))):
        return None
    return iter([(_along_index(BY_TYPE, field) if field in INDEXES else BY_ID, {})])


def _along_index(question: str, field: str) -> str:
    """A question that is answered along the index of a field."""
    index, indexed = INDEXES[field]
    return question.replace("/* index */", index).replace("/* indexed */ 1", indexed)


def filled(question: str, wanted: Wanted, first: FirstFound) -> str:
    """A question with its marked places filled."""
    order = [(DESCENDING if down else ASCENDING).format(sql) for sql, down in wanted.order]
    more = " AND ".join([MORE[name] for name in wanted.more]) or "1"
    of_dataset = first.condition if wanted.find_first else "1"
    text = question.replace("/* first */ 1", of_dataset).replace("/* first of key */ 1", first.sql(OF_KEY))
    for mark, alias in (("", "d"), ("other ", "o")):
        text = text.replace(f"/* {mark}status */ 1", STATUS.format(alias))
    text = text.replace("/* place */ 1", PLACED.format(first.rank.format("d")))
    text = text.replace("/* rank */ 1", first.rank.format("o"))
    text = text.replace("/* more */ 1", more).replace("/* where */ 1", wanted.where.sql)
    text = text.replace("/* keys */", "".join([f", {sql}" for sql, _ in wanted.order]))
    return text.replace("/* order */", ORDER.format(", ".join(order)) if order else "")
