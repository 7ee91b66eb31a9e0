"""Data IDs that the records of dimensions allow, or that datasets have: one statement, or one for each batch of them.

`record_join` says how records stand beside each other. With dataset types, the data IDs of the first of them come in
batches, in the order of the index, and are joined with records; of each other type there has to be a dataset too.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.digest import canonical_json
from provstore.errors import QueryError
from provstore.noun import NamedTuple
from provstore.store import data_id_values
from provstore.store.collections import RUN
from provstore.store.datasets import (
    FEW,
    FIRST_BATCH,
    LARGEST_BATCH,
    PLACED,
    RANK,
    RANK_OF_RUN,
    SHALLOWER,
    STATUS,
    TOO_DEEP,
    are_small,
    data_ids,
    data_ids_in,
    places,
    some,
)
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.model.values import Value
    from provstore.query.narrow import Needed
    from provstore.store.conditions import Condition
    from provstore.store.names import Parameter
    from provstore.store.record_join import RecordJoin

QUESTION = """
    SELECT DISTINCT /* columns */ 1 FROM (SELECT 1) AS start /* joins */
     WHERE /* conditions */ 1 /* order */ LIMIT :limit
"""
HAS_DATASET = """EXISTS (
    SELECT 1 FROM dataset AS d
     WHERE d.type = {0} AND d.data_id = {1} AND instr(d.role, '/') = 0 AND {2} AND {3})"""
COLUMN = "{}"
SOURCE = "k.value"
ORDER = "ORDER BY {}"
ASCENDING, DESCENDING = "{} ASC", "{} DESC"


class Wanted(NamedTuple):
    """Which data IDs are asked for.

    Attributes:
        result: Their dimensions.
        where: The condition.
        types: Dataset types with their dimensions; the data IDs of the first come in batches.
        needed: What the condition needs of single dimensions of the first type.
        collections: (name, type) of those in which the datasets are; None: anywhere.
        order: SQL of what the results are sorted by, and whether downwards.
        limit: None: all.
        lead: The dimension that `order` begins with, and whether downwards; None: it begins otherwise.
    """

    result: Sequence[str]
    where: Condition
    types: Sequence[tuple[str, Sequence[str]]]
    needed: Needed
    collections: Sequence[tuple[str, str]] | None
    order: Sequence[tuple[str, bool]]
    limit: int | None
    lead: tuple[str, bool] | None = None


def combinations(conn: sqlite3.Connection, join: RecordJoin, wanted: Wanted) -> list[tuple[Value, ...]]:
    """The values of the result's dimensions, each combination once."""
    register(conn)
    conn.create_function("provstore_data_id", -1, _data_id, deterministic=True)
    conn.create_function("provstore_place", 1, places(wanted.collections), deterministic=True)
    question = _filled(join, wanted)
    found: dict[tuple[Value, ...], None] = {}
    for batch in _batches(conn, wanted):
        left = -1 if wanted.limit is None else wanted.limit
        asked = {"status": "valid", "limit": left, "data_ids": batch, **join.values, **wanted.where.values}
        found.update(dict.fromkeys(_rows(conn, question, asked)))
        if wanted.limit is not None and len(found) >= wanted.limit:
            break
    return list(found)[: wanted.limit]


def _rows(conn: sqlite3.Connection, question: str, asked: dict[str, Parameter]) -> list[tuple[Value, ...]]:
    try:
        return conn.execute(question, asked).fetchall()
    except sqlite3.OperationalError as error:
        if any(limit in str(error) for limit in TOO_DEEP):
            raise QueryError("the condition is nested deeper than SQLite can read", hint=SHALLOWER) from error
        raise


def _batches(conn: sqlite3.Connection, wanted: Wanted) -> Iterator[str | None]:
    """JSON arrays of data IDs of the first type, small ones first; None where there is no type."""
    if not wanted.types:
        yield None
        return
    type, own = wanted.types[0]
    if wanted.lead is not None and wanted.lead[0] in own and data_id_values.is_known(conn, type, wanted.lead[0]):
        yield from _walk(conn, type, *wanted.lead, wanted.needed)
        return
    names = json.dumps([name for name, _ in wanted.collections or ()])
    if wanted.collections is not None and len(wanted.collections) <= FEW and are_small(conn, type, names):
        keys = iter(data_ids_in(conn, type, names))
    else:
        keys = data_ids(conn, type, wanted.needed)
    size = FIRST_BATCH if wanted.limit is not None else LARGEST_BATCH
    while batch := some(keys, None if wanted.order else size):
        yield json.dumps(batch)
        size = min(size * 4, LARGEST_BATCH)


def _walk(conn: sqlite3.Connection, type: str, name: str, downwards: bool, needed: Needed) -> Iterator[str]:
    """Data IDs in the order of one dimension's values."""
    for texts in data_id_values.groups(conn, type, name, downwards=downwards):
        meant = texts & needed[name] if name in needed else texts
        keys = list(data_ids(conn, type, {**needed, name: meant})) if meant else []
        if keys:
            yield json.dumps(keys)


def _filled(join: RecordJoin, wanted: Wanted) -> str:
    """The question with its marked places filled."""
    conditions = [*join.conditions, *join.known(wanted.result), wanted.where.sql]
    for place, (type, dimensions) in enumerate(wanted.types):
        data_id = SOURCE if place == 0 else join.data_id(dimensions)
        conditions.append(HAS_DATASET.format(join.bind(type), data_id, STATUS.format("d"), _place(wanted)))
    order = [(DESCENDING if down else ASCENDING).format(sql) for sql, down in wanted.order]
    columns = [COLUMN.format(join.value(name)) for name in wanted.result] or ["1"]
    return (
        QUESTION.replace("/* columns */ 1", ", ".join(columns))
        .replace("/* joins */", " ".join(join.joins))
        .replace("/* conditions */ 1", " AND ".join(conditions))
        .replace("/* order */", ORDER.format(", ".join(order)) if order else "")
    )


def _place(wanted: Wanted) -> str:
    if wanted.collections is None:
        return "1"
    only_runs = all(type == RUN for _, type in wanted.collections)
    return PLACED.format((RANK_OF_RUN if only_runs else RANK).format("d"))


def _data_id(*parts: Value | None) -> str | None:
    """The text of a data ID, of its names and values in turn; missing where a value is."""
    values = dict(zip(parts[::2], parts[1::2], strict=True))
    return None if None in values.values() else canonical_json(values)
