"""Asks for the records of one dimension that fulfil a condition."""

from __future__ import annotations

from provstore.store.depth import limited_depth
from provstore.store.dimensions import record_from
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from provstore.store.condition_names import Parameter
    from provstore.store.conditions import Condition
    from provstore.store.dimension_names import DimensionNames
    from provstore.store.dimensions import RecordRow

FOUND = """
    SELECT r.dimension, r.key, r.value, r.record, r.time_begin, r.time_end, r.region FROM dimension_record AS r
     WHERE r.dimension = :dimension AND /* condition */ 1 ORDER BY /* order */ 1 LIMIT :limit
"""
ASCENDING, DESCENDING = "{} ASC", "{} DESC"


def found(
    conn: sqlite3.Connection,
    names: DimensionNames,
    where: Condition,
    order: Sequence[tuple[str, bool]],
    limit: int | None,
) -> list[RecordRow]:
    """The records of a dimension that fulfil a condition.

    Args:
        where: With the parameters of `order`.
        order: SQL of what they are sorted by, and whether downwards; then by what is in the key.
    """
    register(conn)
    values: dict[str, Parameter] = {}

    def bind(value: Parameter) -> str:
        values[f"k{len(values)}"] = value
        return f":k{len(values) - 1}"

    terms = [*order, *((names.value(name, None, bind), False) for name in names.key)]
    sorted_by = ", ".join((DESCENDING if down else ASCENDING).format(sql) for sql, down in terms)
    question = FOUND.replace("/* condition */ 1", where.sql).replace("/* order */ 1", sorted_by)
    asked = {"dimension": names.dimension, "limit": -1 if limit is None else limit, **values, **where.values}
    with limited_depth():
        return [record_from(row) for row in conn.execute(question, asked)]
