"""Data IDs of a type one after the other: in the order of their texts, or in that of their dimensions' values.

Those that a condition can't mean are not met: where the few that it can mean are known they are named, else the index
is gone along and what lies between is jumped over.
"""

from __future__ import annotations

import json

from provstore.query.narrow import passed_over
from provstore.store import data_id_values, record_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from provstore.query.narrow import Needed
    from provstore.store.data_id_values import Lead

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
NUMBER_IN = """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:collections) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
         UNION ALL
        SELECT 1 FROM json_each(:collections) AS c CROSS JOIN tag AS t ON t.collection = c.value
         LIMIT :most + 1)
"""
NUMBER_OF = """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:data_ids) AS k CROSS JOIN dataset AS d ON d.type = :type AND d.data_id = k.value
         LIMIT :most + 1)
"""
NUMBER = "SELECT count(*) FROM (SELECT 1 FROM dataset AS d WHERE d.type = :type LIMIT :most + 1)"
MADE_AGAIN = """
    SELECT count(*) FROM (SELECT 1 FROM dataset AS d WHERE d.type = :type AND d.data_id = :data_id LIMIT :most + 1)
"""
DATA_IDS = """
    SELECT d.data_id FROM json_each(:collections) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
     UNION
    SELECT d.data_id FROM json_each(:collections) AS c CROSS JOIN tag AS t ON t.collection = c.value
     CROSS JOIN dataset AS d ON d.id = t.dataset AND d.type = :type
     ORDER BY 1
"""
MOST_SORTED = 10_000
"""Datasets up to which they are all sorted, whatever they are sorted by."""
MOST_NAMED = 2048
"""Data IDs that are named one by one, whether there is such a one or not; and that are sorted at once."""
FIRST_EQUAL = 4
"""Of data IDs that may come in any order, how many come first: they may be enough."""
SAMPLED, FEW_TIMES = 50, 3
"""Data IDs by which it is told whether those of a type were made again and again; how often is not yet that."""


def data_ids(conn: sqlite3.Connection, type: str, wanted: Needed) -> Iterator[str]:
    """Data IDs of a type that a `where` may mean, in the order of their texts, each once.

    Where few may be meant, there need not be a dataset of each.
    """
    if wanted:
        named = data_id_values.allowed(conn, type, wanted, MOST_NAMED)
        if named is not None:
            yield from named
            return
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


def along(
    conn: sqlite3.Connection, type: str, leads: Sequence[Lead], wanted: Needed, *, is_told: bool
) -> Iterator[list[str]]:
    """Data IDs in the order of some leads: of each batch all stand before those of the next one.

    Args:
        leads: Of dimensions of which all values are known; see `known_leads`.
        is_told: Nothing else is sorted by: data IDs that are equal in all of them may come in any order.
    """
    lead, *others = leads
    name = lead.dimension
    for values in data_id_values.groups(conn, type, lead, wanted.get(name)):
        meant = {**wanted, name: frozenset().union(*values)}
        named = data_id_values.allowed(conn, type, meant, MOST_NAMED)
        if named is not None:
            yield from _batches(iter(named), is_equal=is_told and not others and len(values) == 1)
            continue
        for texts in values:
            if others:
                yield from along(conn, type, others, {**wanted, name: texts}, is_told=is_told)
            else:
                yield from _batches(data_ids(conn, type, {**wanted, name: texts}), is_equal=is_told)


def _batches(keys: Iterator[str], *, is_equal: bool) -> Iterator[list[str]]:
    """All at once; few at first, where any of them will do."""
    size = FIRST_EQUAL if is_equal else None
    while batch := some(keys, size):
        yield batch
        size = size and min(size * 4, MOST_NAMED)


def known_leads(conn: sqlite3.Connection, type: str, leads: Sequence[Lead]) -> Sequence[Lead]:
    """Those at the beginning of which all values are known, and what is said of these."""
    for place, (name, _, said) in enumerate(leads):
        if not data_id_values.is_known(conn, type, name):
            return leads[:place]
        if said is not None and (is_small(conn, type) or not record_order.is_certain(conn, type, name, said)):
            return leads[:place]
    return leads


def data_ids_in(conn: sqlite3.Connection, type: str, collections: str) -> list[str]:
    """Data IDs of a type in some collections, whose names are a JSON array: in the order of their texts, each once."""
    return [row[0] for row in conn.execute(DATA_IDS, {"collections": collections, "type": type})]


def are_small(conn: sqlite3.Connection, type: str, collections: str) -> bool:
    """Some collections hold so few datasets of a type that it is best to look at all of them."""
    asked = {"collections": collections, "type": type, "most": MOST_SORTED}
    return bool(conn.execute(NUMBER_IN, asked).fetchone()[0] <= MOST_SORTED)


def is_small(conn: sqlite3.Connection, type: str) -> bool:
    """There are so few datasets of a type that a walk along those of all types would hardly meet one."""
    return bool(conn.execute(NUMBER, {"type": type, "most": MOST_NAMED}).fetchone()[0] <= MOST_NAMED // 2)


def have_few(conn: sqlite3.Connection, type: str, wanted: Needed) -> bool:
    """The data IDs of a type that a `where` may mean are few, and so are their datasets."""
    keys = some(data_ids(conn, type, wanted), MOST_NAMED + 1)
    asked = {"type": type, "data_ids": json.dumps(keys), "most": MOST_NAMED}
    return len(keys) <= MOST_NAMED and bool(conn.execute(NUMBER_OF, asked).fetchone()[0] <= MOST_NAMED)


def has_few(conn: sqlite3.Connection, type: str) -> bool:
    """There are few data IDs of a type."""
    return len(some(data_ids(conn, type, {}), MOST_NAMED + 1)) <= MOST_NAMED


def are_made_again(conn: sqlite3.Connection, type: str) -> bool:
    """Data IDs of a type have many datasets each, as far as some of them tell."""
    asked = [{"type": type, "data_id": text, "most": FEW_TIMES} for text in some(data_ids(conn, type, {}), SAMPLED)]
    return any(conn.execute(MADE_AGAIN, one).fetchone()[0] > FEW_TIMES for one in asked)


def some(keys: Iterator[str], number: int | None) -> list[str]:
    """The next of the keys; None: all that are left."""
    from itertools import islice

    return list(islice(keys, number))
