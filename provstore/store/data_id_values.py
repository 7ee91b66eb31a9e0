"""The values that dimensions have in the data IDs of a type: an order, and comparisons, without reading all data IDs.

The table `data_id_value` is memory that a trigger fills. Of a type whose data IDs all have the same dimensions, with
one value each, it says all; of any other one nothing is told here, and a search goes through all of its data IDs.
"""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.model.values import Value
    from provstore.query.check import Kind
    from provstore.store.conditions import Condition
    from provstore.store.names import Bind

IS_PLAIN = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM data_id_value WHERE type = :type AND dimension = '' LIMIT 2)) = 1
       AND EXISTS (SELECT 1 FROM data_id_value WHERE type = :type AND dimension = :dimension)
"""
UPWARDS = "SELECT value, kind FROM data_id_value WHERE type = :type AND dimension = :dimension ORDER BY value"
DOWNWARDS = "SELECT value, kind FROM data_id_value WHERE type = :type AND dimension = :dimension ORDER BY value DESC"
NUMBER = """
    SELECT count(*) FROM (SELECT 1 FROM data_id_value WHERE type = :type AND dimension = :dimension LIMIT :most + 1)
"""
FULFILLING = """
    SELECT v.value, v.kind FROM data_id_value AS v
     WHERE v.type = :type AND v.dimension = :dimension AND /* where */ 1 LIMIT :most + 1
"""
OF_KIND = {
    "number": "CASE WHEN v.kind = 'integer' THEN v.value END",
    "text": "CASE WHEN v.kind = 'text' THEN v.value END",
    "boolean": "CASE WHEN v.kind IN ('true', 'false') THEN v.value END",
}
MOST = 20_000
"""Values of a dimension that are looked at one by one for a comparison."""
LARGEST_GROUP = 1024


def is_known(conn: sqlite3.Connection, type: str, dimension: str) -> bool:
    """All values of a dimension in the data IDs of a type are known here."""
    return bool(conn.execute(IS_PLAIN, {"type": type, "dimension": dimension}).fetchone()[0])


def fulfilling(
    conn: sqlite3.Connection, type: str, dimension: str, condition: Condition, most: int
) -> list[Value] | None:
    """The values of which a condition over `v` is true; None: they are not known here, or many."""
    asked = {"type": type, "dimension": dimension, "most": MOST}
    if not is_known(conn, type, dimension) or conn.execute(NUMBER, asked).fetchone()[0] > MOST:
        return None
    register(conn)
    question = FULFILLING.replace("/* where */ 1", condition.sql)
    rows = conn.execute(question, {**asked, **condition.values, "most": most}).fetchall()
    return [_value(*row) for row in rows] if len(rows) <= most else None


class ValueNames:
    """The name of one dimension in a condition on it alone, for rows of `data_id_value`, which are called `v`."""

    def __init__(self, name: str, kind: Kind | None) -> None:
        self.kinds: Mapping[str, Kind | None] = {name: kind}
        self.ambiguous: Mapping[str, Sequence[str]] = {}

    def value(self, name: str, kind: Kind | None, bind: Bind) -> str:
        """The SQL of the value."""
        del name, bind
        return OF_KIND.get(kind or "", "v.value")

    def span(self, name: str, bind: Bind) -> tuple[str, str]:
        """No dimension is a time span."""
        raise TypeError(name)


def groups(conn: sqlite3.Connection, type: str, dimension: str, *, downwards: bool) -> Iterator[frozenset[str]]:
    """All values in their order, as they stand in data IDs: few at first, then more at once; equal ones together."""
    size = 1
    group: dict[Value, list[str]] = {}
    for row in conn.execute(DOWNWARDS if downwards else UPWARDS, {"type": type, "dimension": dimension}):
        if row[0] not in group and len(group) == size:
            yield frozenset([text for texts in group.values() for text in texts])
            size, group = min(size * 4, LARGEST_GROUP), {}
        group.setdefault(row[0], []).append(canonical_json(_value(*row)))
    if group:
        yield frozenset([text for texts in group.values() for text in texts])


def _value(value: int | str, kind: str) -> Value:
    return bool(value) if kind in ("true", "false") else value
