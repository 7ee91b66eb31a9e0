"""Data IDs that the records of dimensions allow, or that datasets have: one statement, or one for each batch of them.

`record_join` says how records stand beside each other. With dataset types, the data IDs of the first of them come in
batches, in the order of the index, and are joined with records; of each other type there has to be a dataset too.
"""

from __future__ import annotations

import itertools
import json

from provstore.digest import canonical_json
from provstore.noun import NamedTuple
from provstore.query.narrow import passed_over
from provstore.store import record_order
from provstore.store.collections import CALIBRATION, RUN
from provstore.store.data_id_walk import along, are_small, data_ids, data_ids_in, known_leads, some
from provstore.store.datasets import FEW, FIRST_BATCH, LARGEST_BATCH
from provstore.store.depth import limited_depth
from provstore.store.first_found import PLACED, RANK, RANK_OF_RUN, STATUS, places, rows_of
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from provstore.model.values import Value
    from provstore.query.narrow import Needed
    from provstore.store.condition_names import Parameter
    from provstore.store.conditions import Condition
    from provstore.store.data_id_values import Lead
    from provstore.store.record_join import RecordJoin
    from provstore.store.record_order import RecordLead

QUESTION = """
    SELECT DISTINCT /* columns */ 1 FROM (SELECT 1) AS start /* joins */
     WHERE /* conditions */ 1 /* order */ LIMIT :limit
"""
HAS_DATASET = """EXISTS (
    SELECT 1 FROM dataset AS d INDEXED BY dataset_type_data_id
     WHERE d.type = {0} AND d.data_id = {1} AND instr(d.role, '/') = 0 AND {2} AND {3})"""
CERTIFIED = """EXISTS (
    SELECT 1 FROM tag AS t
     WHERE t.dataset = d.id AND t.collection IN (SELECT value FROM json_each({0})) AND {1}
       AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id))"""
EITHER = "({} OR {})"
AMONG_ROWS = "{} AND d.rowid BETWEEN {} AND {}"
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
        leads: What data IDs of the first type tell of the terms that `order` begins with.
        record_lead: Where there are no types: what the records of one dimension tell of them; None: nothing.
    """

    result: Sequence[str]
    where: Condition
    types: Sequence[tuple[str, Sequence[str]]]
    needed: Needed
    collections: Sequence[tuple[str, str]] | None
    order: Sequence[tuple[str, bool]]
    limit: int | None
    leads: Sequence[Lead] = ()
    record_lead: RecordLead | None = None


class Batch(NamedTuple):
    """What one statement is asked of.

    Attributes:
        data_ids: Of the first type, as a JSON array; None: there is no type.
        keys: Of the records of the dimension that leads, as a JSON array; None: none does.
        is_equal: All that is found is equal in the order.
    """

    data_ids: str | None = None
    keys: str | None = None
    is_equal: bool = False

    @property
    def values(self) -> dict[str, Parameter]:
        """Its parameters."""
        return {"data_ids": self.data_ids, "keys": self.keys}


def combinations(conn: sqlite3.Connection, join: RecordJoin, wanted: Wanted) -> list[tuple[Value, ...]]:
    """The values of the result's dimensions, each combination once."""
    register(conn)
    conn.create_function("provstore_data_id", -1, _data_id, deterministic=True)
    conn.create_function("provstore_place", 1, places(_apart(join, wanted)[0]), deterministic=True)
    question = _filled(conn, join, wanted)
    unsorted = _filled(conn, join, wanted._replace(order=())) if wanted.record_lead is not None else question
    found: dict[tuple[Value, ...], None] = {}
    for batch in _batches(conn, wanted):
        left = -1 if wanted.limit is None else wanted.limit
        asked: dict[str, Parameter] = {"status": "valid", "limit": left, **batch.values}
        text = unsorted if batch.is_equal else question
        with limited_depth():
            found.update(dict.fromkeys(conn.execute(text, {**asked, **join.values, **wanted.where.values})))
        if wanted.limit is not None and len(found) >= wanted.limit:
            break
    return list(found)[: wanted.limit]


def _batches(conn: sqlite3.Connection, wanted: Wanted) -> Iterator[Batch]:
    """All that is asked of, small batches first; where there is an order, each stands before the next one in it."""
    if wanted.types:
        yield from (Batch(data_ids=json.dumps(some)) for some in _data_ids(conn, wanted))
        return
    lead = wanted.record_lead
    if lead is None:
        yield Batch()
        return
    is_told = len(lead.terms) == len(wanted.order)
    for groups in record_order.keys(conn, lead):
        yield Batch(keys=json.dumps(list(itertools.chain(*groups))), is_equal=is_told and len(groups) == 1)


def _data_ids(conn: sqlite3.Connection, wanted: Wanted) -> Iterator[list[str]]:
    """Data IDs of the first type."""
    type, _ = wanted.types[0]
    leads = known_leads(conn, type, wanted.leads)
    if leads:
        yield from along(conn, type, leads, wanted.needed, is_told=len(leads) == len(wanted.order))
        return
    names = json.dumps([name for name, _ in wanted.collections or ()])
    if wanted.collections is not None and len(wanted.collections) <= FEW and are_small(conn, type, names):
        inside = data_ids_in(conn, type, names)
        keys: Iterator[str] = iter([text for text in inside if passed_over(text, wanted.needed) is None])
    else:
        keys = data_ids(conn, type, wanted.needed)
    size = FIRST_BATCH if wanted.limit is not None else LARGEST_BATCH
    while batch := some(keys, None if wanted.order else size):
        yield batch
        size = min(size * 4, LARGEST_BATCH)


def _filled(conn: sqlite3.Connection, join: RecordJoin, wanted: Wanted) -> str:
    """The question with its marked places filled."""
    conditions = [*join.conditions, *join.known(wanted.result), wanted.where.sql]
    for place, (type, dimensions) in enumerate(wanted.types):
        data_id = SOURCE if place == 0 else join.data_id(dimensions)
        there = _place(conn, join, type, wanted)
        conditions.append(HAS_DATASET.format(join.bind(type), data_id, there, STATUS.format("d")))
    order = [(DESCENDING if down else ASCENDING).format(sql) for sql, down in wanted.order]
    columns = [COLUMN.format(join.value(name)) for name in wanted.result] or ["1"]
    return (
        QUESTION.replace("/* columns */ 1", ", ".join(columns))
        .replace("/* joins */", " ".join(join.joins))
        .replace("/* conditions */ 1", " AND ".join(conditions))
        .replace("/* order */", ORDER.format(", ".join(order)) if order else "")
    )


def _place(conn: sqlite3.Connection, join: RecordJoin, type: str, wanted: Wanted) -> str:
    """The condition that a dataset is in the collections; where these are few, only their rows are looked at."""
    if wanted.collections is None:
        return "1"
    if not all(of == RUN for _, of in wanted.collections):
        placed = PLACED.format(RANK.format("d"))
        calibrations = _apart(join, wanted)[1]
        if not calibrations:
            return placed
        at_time = join.at_time("t.valid_from", "t.valid_to")
        return EITHER.format(placed, CERTIFIED.format(join.bind(json.dumps(calibrations)), at_time))
    placed = PLACED.format(RANK_OF_RUN.format("d"))
    if len(wanted.collections) > FEW:
        return placed
    rows = rows_of(conn, type, [name for name, _ in wanted.collections]).values()
    begin, end = min((one.begin for one in rows), default=0), max((one.end for one in rows), default=0)
    return AMONG_ROWS.format(placed, join.bind(begin), join.bind(end))


def _apart(join: RecordJoin, wanted: Wanted) -> tuple[Sequence[tuple[str, str]] | None, list[str]]:
    """The collections in which a dataset is for all times, and those in which the time of the data ID counts."""
    if wanted.collections is None or not join.timed:
        return wanted.collections, []
    always = [(name, of) for name, of in wanted.collections if of != CALIBRATION]
    return always, [name for name, of in wanted.collections if of == CALIBRATION]


def _data_id(*parts: Value | None) -> str | None:
    """The text of a data ID, of its names and values in turn; missing where a value is."""
    values = dict(zip(parts[::2], parts[1::2], strict=True))
    return None if None in values.values() else canonical_json(values)
