"""Values of a dimension whose records can fulfil a condition: where a search for datasets may jump over the others."""

from __future__ import annotations

from provstore.store.conditions import OVERLAP
from provstore.store.depth import limited_depth
from provstore.store.functions import register

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from provstore.model.dimensions import Label
    from provstore.store.conditions import Condition

FEW = "SELECT count(*) FROM (SELECT 1 FROM dimension_record WHERE dimension = :dimension LIMIT :most + 1)"
FULFILLED = """
    SELECT DISTINCT r.value FROM dimension_record AS r WHERE r.dimension = :dimension AND /* where */ 1 LIMIT :most + 1
"""
NEAR = """
    SELECT DISTINCT r.value FROM sky AS s
     CROSS JOIN dimension_record AS r ON r.dimension = s.dimension AND r.key = s.key
     WHERE s.dimension = :dimension AND s.x_min <= :x_max AND s.x_max >= :x_min
       AND s.y_min <= :y_max AND s.y_max >= :y_min AND s.z_min <= :z_max AND s.z_max >= :z_min
       AND /* exact */ 1
     LIMIT :most + 1
"""
SIDES = ("x_min", "x_max", "y_min", "y_max", "z_min", "z_max")

EXACT = OVERLAP.format("r.region", ":region")

MOST_RECORDS = 20_000
"""Of a dimension with more, the records are not gone through for each query."""


def values_where(conn: sqlite3.Connection, dimension: str, condition: Condition, most: int) -> list[Label] | None:
    """Values whose records fulfil a condition over `r`; None where these are many, or there are many records."""
    asked = {"dimension": dimension, "most": MOST_RECORDS}
    if conn.execute(FEW, asked).fetchone()[0] > MOST_RECORDS:
        return None
    register(conn)
    question = FULFILLED.replace("/* where */ 1", condition.sql)
    with limited_depth():
        rows = conn.execute(question, {**asked, **condition.values, "most": most}).fetchall()
    return [row[0] for row in rows] if len(rows) <= most else None


def values_near(conn: sqlite3.Connection, dimension: str, region: str, most: int) -> list[Label] | None:
    """Values whose records have a region that overlaps this one; None where these are many."""
    from provstore import sky

    register(conn)
    asked = {"dimension": dimension, "region": region, "most": most, **dict(zip(SIDES, sky.box(region), strict=True))}
    rows = conn.execute(NEAR.replace("/* exact */ 1", EXACT), asked).fetchall()
    return [row[0] for row in rows] if len(rows) <= most else None
