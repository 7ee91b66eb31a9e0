"""The values that dimensions have in the data IDs of a type: an order, and comparisons, without reading all data IDs.

The table `data_id_value` is memory, kept up to date when datasets are added. Of a type whose data IDs all have the same
dimensions, with one value each, it says all; of any other one nothing is told here, and a search goes through all of
its data IDs.
"""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.noun import NamedTuple
from provstore.store import record_order
from provstore.store.depth import limited_depth
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.model.values import Value
    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.store.condition_names import Bind
    from provstore.store.conditions import Condition
    from provstore.store.record_order import Said

IS_PLAIN = """
    SELECT (SELECT count(*) FROM (SELECT 1 FROM data_id_value WHERE type = :type AND dimension = '' LIMIT 2)) = 1
       AND EXISTS (SELECT 1 FROM data_id_value WHERE type = :type AND dimension = :dimension)
"""
UPWARDS = "SELECT value, kind FROM data_id_value WHERE type = :type AND dimension = :dimension ORDER BY value"
DOWNWARDS = "SELECT value, kind FROM data_id_value WHERE type = :type AND dimension = :dimension ORDER BY value DESC"
ONLY_UPWARDS = """
    SELECT value, kind FROM data_id_value
     WHERE type = :type AND dimension = :dimension AND value IN (SELECT o.value FROM json_each(:only) AS o)
     ORDER BY value
"""
ONLY_DOWNWARDS = """
    SELECT value, kind FROM data_id_value
     WHERE type = :type AND dimension = :dimension AND value IN (SELECT o.value FROM json_each(:only) AS o)
     ORDER BY value DESC
"""
NAMES = "SELECT value, kind FROM data_id_value WHERE type = :type AND dimension = '' LIMIT 2"
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


class Lead(NamedTuple):
    """What data IDs are sorted by: the values of a dimension, or what the records of these values say.

    Attributes:
        said: None: the values themselves.
    """

    dimension: str
    downwards: bool
    said: Said | None = None


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
    with limited_depth():
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


def groups(
    conn: sqlite3.Connection, type: str, lead: Lead, only: frozenset[str] | None = None
) -> Iterator[list[frozenset[str]]]:
    """All values of a dimension in the order of a lead, as they stand in data IDs; equal ones together.

    They are few at first, then more at once.

    Args:
        only: The only values that are asked for, as JSON; None: all.
    """
    name, downwards, said = lead
    found: Iterator[tuple[Value | None, str]] = (
        _values(conn, type, name, only, downwards=downwards)
        if said is None
        else record_order.values(conn, type, name, said, only, downwards=downwards)
    )
    for group in record_order.grouped(found):
        yield [frozenset(texts) for texts in group]


def allowed(conn: sqlite3.Connection, type: str, wanted: Needed, most: int) -> list[str] | None:
    """The data IDs that a type can have, of those that are wanted, in the order of their texts.

    None: there are more than `most`, or not all values are known here. There need not be a dataset of each.
    """
    names = _names(conn, type)
    if not names or not all(name in names for name in wanted):
        return None
    found = ["{"]
    for place, name in enumerate(names):
        texts = _texts(conn, type, name, wanted.get(name), most // len(found))
        if not 0 < len(found) * len(texts) <= most:
            return None if texts or name not in wanted else []
        begin = ("," if place else "") + canonical_json(name) + ":"
        found = [head + begin + text for head in found for text in texts]
    return sorted([text + "}" for text in found])


def _names(conn: sqlite3.Connection, type: str) -> list[str]:
    """The dimensions that each data ID of a type has, in their order; none: they differ."""
    rows = conn.execute(NAMES, {"type": type}).fetchall()
    names = rows[0][0].split('"') if len(rows) == 1 and rows[0][1] == "names" else []
    return names if len(set(names)) == len(names) else []


def _texts(conn: sqlite3.Connection, type: str, name: str, only: frozenset[str] | None, most: int) -> list[str]:
    """Values of a dimension as they stand in data IDs: one more than `most` of them at most."""
    from itertools import islice

    return [text for _, text in islice(_values(conn, type, name, only), most + 1)]


def _values(
    conn: sqlite3.Connection, type: str, dimension: str, only: frozenset[str] | None, *, downwards: bool = False
) -> Iterator[tuple[int | str, str]]:
    """Values of a dimension in their order, each as it is sorted and as it stands in data IDs."""
    asked = {"type": type, "dimension": dimension}
    if only is None:
        rows = conn.execute(DOWNWARDS if downwards else UPWARDS, asked)
    else:
        asked["only"] = "[" + ",".join(sorted(only)) + "]"
        rows = conn.execute(ONLY_DOWNWARDS if downwards else ONLY_UPWARDS, asked)
    for value, kind in rows:
        text = canonical_json(_value(value, kind))
        if only is None or text in only:
            yield value, text


def _value(value: int | str, kind: str) -> Value:
    return bool(value) if kind in ("true", "false") else value
