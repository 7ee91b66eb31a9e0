"""Dimensions and their records → text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.records import number_of
from provstore.cli.tables import table
from provstore.model.values import harmless, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.dimensions import Definition
    from provstore.model.values import JSON
    from provstore.operations.registry.dimensions.records import DimensionLine, DimensionReport, Inserted
    from provstore.store.dimensions import RecordRow

LISTED = 10
"""Values of a dimension that a person sees; the others are counted."""


def _definition_json(definition: Definition) -> dict[str, JSON]:
    return {"name": definition.name, **definition.to_json(), "values": list(definition.values)}


def list_json(found: Sequence[DimensionLine]) -> dict[str, JSON]:
    """The contract of `dimension ls`."""
    return {"dimensions": [{**_definition_json(line.definition), "number": line.records} for line in found]}


def show_json(report: DimensionReport) -> dict[str, JSON]:
    """The contract of `dimension show`."""
    records: list[JSON] = [record_json(report.definition, record) for record in report.records]
    return {**_definition_json(report.definition), "records": records}


def record_json(definition: Definition, record: RecordRow) -> dict[str, JSON]:
    """A record, as it can be inserted again; what is not known is null."""
    found: dict[str, JSON] = {**record.key, **record.record}
    if definition.timespan:
        found.update(begin=record.begin, end=record.end)
    if definition.region:
        found.update(region=record.region)
    return found


def inserted_json(done: Inserted) -> dict[str, JSON]:
    """The contract of `dimension insert`."""
    return {"dimension": done.dimension, "inserted": done.inserted, "known": done.known}


def inserted_text(done: Inserted) -> str:
    """How many are new."""
    known = f", {done.known} known already" if done.known else ""
    return f"{harmless(done.dimension)}: {number_of(done.inserted, 'record')} inserted{known}"


def list_text(found: Sequence[DimensionLine], width: int | None) -> str:
    """One line for each dimension; columns in which nothing stands are left out."""
    if not found:
        return "no dimensions"
    head = ("name", "type", "requires", "implies", "metadata", "more", "records")
    rows = [_line(line) for line in found]
    shown = [column for column in range(len(head)) if any(row[column] for row in rows)]
    cells = [[harmless(row[column]) for column in shown] for row in rows]
    return table([head[column] for column in shown], cells, width, right=frozenset({len(shown) - 1}))


def _line(line: DimensionLine) -> tuple[str, ...]:
    definition = line.definition
    related = (", ".join(definition.requires), ", ".join(definition.implies), ", ".join(definition.metadata))
    return definition.name, definition.type or "", *related, ", ".join(_more(definition)), str(line.records)


def _more(definition: Definition) -> list[str]:
    parts = {"time span": definition.timespan, "region": definition.region, "listed": bool(definition.values)}
    return [name for name, is_so in parts.items() if is_so]


def show_text(report: DimensionReport, most: int | None, width: int | None) -> str:
    """What the dimension is, and a table of its records.

    Args:
        most: Records that are shown; None: all.
    """
    definition = report.definition
    values = ", ".join(spelled(value) for value in definition.values[:LISTED])
    if len(definition.values) > LISTED:
        values += f", … ({len(definition.values) - LISTED} more)"
    holds = {"a time span": definition.timespan, "a region on the sky": definition.region}
    fields = [
        ("type", definition.type or "int or str"),
        ("values", values),
        ("requires", ", ".join(definition.requires)),
        ("implies", ", ".join(definition.implies)),
        ("metadata", ", ".join(f"{name} ({kind})" for name, kind in definition.metadata.items())),
        ("records", " and ".join(f"with {name}" for name, is_so in holds.items() if is_so)),
    ]
    lines = [f"  {name:<8}  {harmless(value)}" for name, value in fields if value]
    records = _records_text(definition, report.records[:most], width) if report.records else "no records"
    return "\n".join([f"dimension {harmless(definition.name)}", *lines, "", records])


def _records_text(definition: Definition, records: Sequence[RecordRow], width: int | None) -> str:
    rows = [record_json(definition, record) for record in records]
    names = dict.fromkeys(name for row in rows for name in row)
    head = [name for name in names if any(row.get(name) is not None for row in rows)]
    numbers = {
        place
        for place, name in enumerate(head)
        if any(_is_number(row.get(name)) for row in rows)
        and all(row.get(name) is None or _is_number(row.get(name)) for row in rows)
    }
    cells = [[_cell(name, row.get(name)) for name in head] for row in rows]
    return table([harmless(name) for name in head], cells, width, right=frozenset(numbers))


def _is_number(value: JSON) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(name: str, value: JSON) -> str:
    text = "" if value is None else harmless(spelled(value))
    return text.replace(".000000Z", "Z") if name in ("begin", "end") else text
