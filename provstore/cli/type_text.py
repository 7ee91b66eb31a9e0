"""Dataset types → text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.tables import table
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.values import JSON
    from provstore.operations.registry.queries.types import TypeLine


def type_json(line: TypeLine) -> dict[str, JSON]:
    """The contract of a dataset type in JSON."""
    return {**line._asdict(), "dimensions": list(line.dimensions)}


def types_json(found: Sequence[TypeLine]) -> dict[str, JSON]:
    """The contract of `type ls`."""
    return {"types": [type_json(line) for line in found]}


def types_text(found: Sequence[TypeLine], width: int | None) -> str:
    """One line for each type."""
    if not found:
        return "no dataset types"
    rows = [(line.name, ", ".join(line.dimensions), line.format, line.path or "") for line in found]
    return table(("name", "dimensions", "format", "path"), [[harmless(cell) for cell in row] for row in rows], width)


def type_text(line: TypeLine) -> str:
    """One type in full."""
    fields = [
        ("dimensions", ", ".join(line.dimensions) or "none"),
        ("format", line.format),
        ("path", line.path or ""),
        ("description", line.description),
    ]
    wide = max(len(name) for name, value in fields if value)
    lines = [f"  {name:<{wide}}  {harmless(value)}" for name, value in fields if value]
    return "\n".join([f"type {harmless(line.name)}", *lines])
