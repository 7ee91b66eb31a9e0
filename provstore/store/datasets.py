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
from provstore.query.narrow import passed_over
from provstore.store import data_id_values
from provstore.store.collections import CHAINED, RUN, UNTYPED
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.store.conditions import Condition
    from provstore.store.names import Parameter

TYPES = """
    WITH RECURSIVE t (type) AS (
        SELECT min(type) FROM dataset
         UNION ALL
        SELECT (SELECT min(type) FROM dataset WHERE type > t.type) FROM t WHERE t.type IS NOT NULL
    )
    SELECT type FROM t WHERE type IS NOT NULL UNION SELECT name FROM dataset_type ORDER BY 1
"""
NEXT = """
    WITH RECURSIVE k (data_id) AS (
        SELECT min(data_id) FROM dataset WHERE type = :type AND data_id >= :start
         UNION ALL
        SELECT (SELECT min(data_id) FROM dataset WHERE type = :type AND data_id > k.data_id)
          FROM k WHERE k.data_id IS NOT NULL
         LIMIT :size
    )
    SELECT data_id FROM k WHERE data_id IS NOT NULL
"""
LAST = "SELECT max(data_id) FROM dataset WHERE type = :type"
HAS_DIMENSION = """
    SELECT json_extract(data_id, :path) FROM dataset
     WHERE type = :type AND json_type(data_id, :path) IS NOT NULL LIMIT 1
"""
CHILDREN = """
    SELECT c.name, c.type FROM chain_member AS m CROSS JOIN collection AS c ON c.name = m.child
     WHERE m.chain = ? AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
     ORDER BY m.position, m.id DESC
"""
BY_TYPE = """
    SELECT d.id /* keys */ FROM dataset AS d
     WHERE d.type = :type AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
BY_ID = """
    SELECT d.id /* keys */ FROM dataset AS d
     WHERE +d.type = :type AND instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1
       AND /* more */ 1 AND /* where */ 1
     /* order */ LIMIT :limit
"""
WALKED = {"d.created": BY_TYPE, "d.id": BY_ID}
"""What may be sorted by along an index."""
NUMBER_IN = """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:collections) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
         UNION ALL
        SELECT 1 FROM json_each(:collections) AS c CROSS JOIN tag AS t ON t.collection = c.value
         LIMIT :most + 1)
"""
MOST_SORTED = 10_000
"""Datasets in the collections that are searched up to which they are all sorted."""
BY_DATA_ID = """
    SELECT d.id /* keys */ FROM json_each(:data_ids) AS k
     CROSS JOIN dataset AS d ON d.type = :type AND d.data_id = k.value
     WHERE instr(d.role, '/') = 0 AND /* status */ 1 AND /* place */ 1 AND /* first */ 1 AND /* more */ 1
       AND /* where */ 1
     /* order */ LIMIT :limit
"""
FIRST = """
    SELECT d.id /* keys */ FROM json_each(:data_ids) AS k CROSS JOIN dataset AS d
        ON d.rowid = (SELECT o.rowid FROM dataset AS o
                       WHERE o.type = :type AND o.data_id = k.value AND instr(o.role, '/') = 0
                         AND /* other status */ 1 AND /* other place */ 1
                       ORDER BY /* rank */ 1, o.rowid DESC LIMIT 1)
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
DATA_IDS = """
    SELECT d.data_id FROM json_each(:collections) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
     UNION
    SELECT d.data_id FROM json_each(:collections) AS c CROSS JOIN tag AS t ON t.collection = c.value
     CROSS JOIN dataset AS d ON d.id = t.dataset AND d.type = :type
     ORDER BY 1
"""
DECLARED = "SELECT name, dimensions, format, path, description FROM dataset_type WHERE name = ?"
REGISTERED = "SELECT name FROM dataset_type ORDER BY name"
FORMAT = """
    SELECT d.format FROM (SELECT max(data_id) AS data_id FROM dataset WHERE type = :type) AS k
     CROSS JOIN dataset AS d ON d.type = :type AND d.data_id = k.data_id
     ORDER BY d.rowid DESC LIMIT 1
"""

# What fills the marked places.

STATUS = """(:status = 'all' OR :status =
    CASE WHEN EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = {0}.id) THEN 'deleted'
         WHEN EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = {0}.id) THEN 'replaced' ELSE 'valid' END)"""
RANK = """min(provstore_place({0}.run), coalesce((
    SELECT min(provstore_place(t.collection)) FROM tag AS t
     WHERE t.dataset = {0}.id AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)), 1e9))"""
RANK_OF_RUN = "provstore_place({0}.run)"
PLACED = "{} < 1e9"
FIRST_OF_DATA_ID = """d.rowid = (
    SELECT o.rowid FROM dataset AS o
     WHERE o.type = d.type AND o.data_id = d.data_id AND instr(o.role, '/') = 0
       AND /* other status */ 1 AND /* other place */ 1
     ORDER BY /* rank */ 1, o.rowid DESC LIMIT 1)"""
FIRST_AT_PATH = """d.rowid = (
    SELECT o.rowid FROM dataset AS o
     WHERE o.path = d.path AND o.type = d.type AND o.data_id = d.data_id AND instr(o.role, '/') = 0
       AND /* other status */ 1 AND /* other place */ 1
     ORDER BY /* rank */ 1, o.rowid DESC LIMIT 1)"""
MORE = {
    "owner": "d.owner = :owner",
    "keyword": "EXISTS (SELECT 1 FROM keyword AS w WHERE w.word = :keyword AND w.dataset = d.id)",
}
ORDER = "ORDER BY {}, d.rowid"
ASCENDING, DESCENDING = "{} ASC", "{} DESC"

TOO_DEEP = ("parser stack overflow", "Expression tree is too large")
SHALLOWER = (
    "AND, OR, NOT and + may be as many as you like, but a calculation has some thirty parentheses in each other at most"
)
NOWHERE = 1e9
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
        lead: The dimension of data IDs that `order` begins with, and whether downwards; None: it begins otherwise.
    """

    status: str
    where: Condition
    needed: Needed
    collections: Sequence[tuple[str, str]] | None
    find_first: bool
    more: Mapping[str, str]
    order: Sequence[tuple[str, bool]]
    limit: int | None
    lead: tuple[str, bool] | None = None


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


def searched(conn: sqlite3.Connection, named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The collections that are searched for these, as (name, type): each once, chains by what they hold."""
    found: dict[str, str] = {}
    seen: set[str] = set()
    waiting = list(reversed(named))
    while waiting:
        name, type = waiting.pop()
        if type != CHAINED:
            found.setdefault(name, type)
        elif name not in seen:
            seen.add(name)
            waiting += reversed(list(conn.execute(CHILDREN, (name,))))
    return list(found.items())


def found(conn: sqlite3.Connection, type: str, wanted: Wanted) -> list[tuple[str, ...]]:
    """The datasets of one type that answer a query: id, and what they are sorted by.

    They are sorted by `order`, the first `limit` of them; without an order they are any that answer it.
    """
    register(conn)
    conn.create_function("provstore_place", 1, places(wanted.collections), deterministic=True)
    rows: list[tuple[str, ...]] = []
    for question, parameters in _questions(conn, type, wanted):
        left = -1 if wanted.limit is None else wanted.limit - len(rows)
        asked = {"type": type, "status": wanted.status, **wanted.more, **wanted.where.values, **parameters}
        try:
            rows += conn.execute(question, {**asked, "limit": left})
        except sqlite3.OperationalError as error:
            if any(limit in str(error) for limit in TOO_DEEP):
                raise QueryError("the condition is nested deeper than SQLite can read", hint=SHALLOWER) from error
            raise
        if wanted.limit is not None and len(rows) >= wanted.limit:
            break
    return rows


def places(collections: Sequence[tuple[str, str]] | None) -> Callable[[str], float]:
    """Gives a collection's place among those that are searched; `NOWHERE` where it is none of them."""
    if collections is None:
        return lambda name: 0.0
    ranks = {name: float(rank) for rank, (name, _) in enumerate(collections)}
    return lambda name: ranks.get(name, NOWHERE)


def _questions(conn: sqlite3.Connection, type: str, wanted: Wanted) -> Iterator[tuple[str, dict[str, Parameter]]]:
    """Statements and their parameters, one after the other, that together find all."""
    collections = wanted.collections
    few = collections is not None and len(collections) <= FEW
    only_runs = few and all(of == RUN for _, of in collections or ())
    names = json.dumps([name for name, _ in collections or ()])
    by_key = wanted.find_first and type != UNTYPED
    if _is_walked(conn, type, wanted, names if few else None):
        yield from _walk(conn, type, wanted)
        return
    if only_runs and not wanted.needed and not by_key:
        yield filled(BY_RUN, type, wanted), {"collections": names}
        return
    if only_runs and by_key and are_small(conn, type, names):
        yield filled(FIRST_IN_RUNS, type, wanted), {"collections": names}
        return
    if not (few or wanted.needed or by_key):
        yield filled(BY_TYPE, type, wanted), {}
        return
    inside = few and not wanted.needed
    keys = iter(data_ids_in(conn, type, names)) if inside else data_ids(conn, type, wanted.needed)
    question = filled(FIRST if by_key else BY_DATA_ID, type, wanted)
    # What is sorted is sorted by SQLite, in one go.
    size = FIRST_BATCH if wanted.limit is not None and not wanted.order else LARGEST_BATCH
    while batch := some(keys, None if wanted.order else size):
        yield question, {"data_ids": json.dumps(batch)}
        size = min(size * 4, LARGEST_BATCH)


def _is_walked(conn: sqlite3.Connection, type: str, wanted: Wanted, collections: str | None) -> bool:
    """It is better to go along the order, until there is enough, than to sort all that is found."""
    if wanted.limit is None or not wanted.order or (wanted.find_first and type == UNTYPED):
        return False
    if wanted.lead is None:
        sql, downwards = wanted.order[0]
        # What is found first is new: from the oldest on, a walk would meet thousands before the first of them.
        if wanted.needed or sql not in WALKED or (wanted.find_first and not downwards):
            return False
    if wanted.lead is not None and not data_id_values.is_known(conn, type, wanted.lead[0]):
        return False
    return collections is None or not are_small(conn, type, collections)


def data_ids_in(conn: sqlite3.Connection, type: str, collections: str) -> list[str]:
    """Data IDs of a type in some collections, whose names are a JSON array: in the order of their texts, each once."""
    return [row[0] for row in conn.execute(DATA_IDS, {"collections": collections, "type": type})]


def are_small(conn: sqlite3.Connection, type: str, collections: str) -> bool:
    """Some collections hold so few datasets of a type that it is best to look at all of them."""
    asked = {"collections": collections, "type": type, "most": MOST_SORTED}
    return bool(conn.execute(NUMBER_IN, asked).fetchone()[0] <= MOST_SORTED)


def _walk(conn: sqlite3.Connection, type: str, wanted: Wanted) -> Iterator[tuple[str, dict[str, Parameter]]]:
    """Questions whose answers follow each other in the order that is asked for."""
    if wanted.lead is None:
        yield filled(WALKED[wanted.order[0][0]], type, wanted), {}
        return
    question = filled(FIRST if wanted.find_first else BY_DATA_ID, type, wanted)
    name, downwards = wanted.lead
    for texts in data_id_values.groups(conn, type, name, downwards=downwards):
        meant = texts & wanted.needed[name] if name in wanted.needed else texts
        keys = list(data_ids(conn, type, {**wanted.needed, name: meant})) if meant else []
        if keys:
            yield question, {"data_ids": json.dumps(keys)}


def some(keys: Iterator[str], number: int | None) -> list[str]:
    """The next of the keys; None: all that are left."""
    from itertools import islice

    return list(islice(keys, number))


def filled(question: str, type: str, wanted: Wanted) -> str:
    """A question with its marked places filled."""
    rank, places = RANK, [of for _, of in wanted.collections or ()]
    if all(of == RUN for of in places):
        rank = "0" if wanted.collections is None else RANK_OF_RUN
    first = "1" if not wanted.find_first else FIRST_AT_PATH if type == UNTYPED else FIRST_OF_DATA_ID
    order = [(DESCENDING if down else ASCENDING).format(sql) for sql, down in wanted.order]
    more = " AND ".join([MORE[name] for name in wanted.more]) or "1"
    text = question.replace("/* first */ 1", first)
    for mark, alias in (("", "d"), ("other ", "o")):
        text = text.replace(f"/* {mark}status */ 1", STATUS.format(alias))
        text = text.replace(f"/* {mark}place */ 1", PLACED.format(rank.format(alias)))
    text = text.replace("/* rank */ 1", rank.format("o"))
    text = text.replace("/* more */ 1", more).replace("/* where */ 1", wanted.where.sql)
    text = text.replace("/* keys */", "".join([f", {sql}" for sql, _ in wanted.order]))
    return text.replace("/* order */", ORDER.format(", ".join(order)) if order else "")


def data_ids(conn: sqlite3.Connection, type: str, wanted: Needed) -> Iterator[str]:
    """Data IDs of a type that a `where` may mean, in the order of their texts, each once."""
    start, size = "", 4 if wanted else 512
    while True:
        found = [row[0] for row in conn.execute(NEXT, {"type": type, "start": start, "size": size})]
        goal = ""
        for text in found:
            if text < goal:
                continue
            beyond = passed_over(text, wanted)
            if beyond is None:
                yield text
            else:
                goal = beyond
        if len(found) < size:
            return
        jumps = goal > found[-1]
        start = goal if jumps else found[-1] + "!"  # no text begins with another one
        size = 4 if jumps else size if goal else min(size * 2, 512)
