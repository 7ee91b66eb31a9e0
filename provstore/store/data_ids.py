"""Data IDs as people read them: in the order in which the stage declares its dimensions.

A record holds a data ID as canonical JSON, whose names are sorted. The order that was declared is what the remembered
plan says; where there is none, or it is about other dimensions, the names stay sorted. Nothing is decided by the order.
"""

from __future__ import annotations

import json

from provstore.model.remembered import stages_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON

STAGES = "SELECT stages, stage_facts FROM plan"


class DataIds:
    """Reads the data IDs of one answer. What was declared is looked up once, and only where there is an order."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._declared: Mapping[str, Sequence[str]] | None = None

    def read(self, stage: str | None, text: str) -> dict[str, JSON]:
        """A data ID out of its canonical JSON."""
        values: dict[str, JSON] = json.loads(text)
        if not isinstance(values, dict) or len(values) < 2:
            return values
        if self._declared is None:
            self._declared = _declared(self._conn)
        dimensions = self._declared.get(stage or "", ())
        return {name: values[name] for name in dimensions} if set(dimensions) == values.keys() else values


def _declared(conn: sqlite3.Connection) -> Mapping[str, Sequence[str]]:
    """Stage → its dimensions; empty where no plan is remembered, or it can't be read."""
    row = conn.execute(STAGES).fetchone()
    try:
        return {stage.name: tuple(map(str, stage.dimensions)) for stage in stages_from(*row)} if row is not None else {}
    except (ValueError, TypeError, IndexError, RecursionError):
        return {}


def read_all(conn: sqlite3.Connection, tasks: Sequence[tuple[str | None, str]]) -> list[dict[str, JSON]]:
    """The data ID of each (stage, canonical JSON)."""
    data_ids = DataIds(conn)
    return [data_ids.read(stage, text) for stage, text in tasks]
