"""Data IDs → text and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.tables import table
from provstore.model.values import harmless, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON


def data_ids_json(found: Sequence[Mapping[str, JSON]]) -> dict[str, JSON]:
    """The contract of `data-id`."""
    return {"data_ids": [dict(data_id) for data_id in found]}


def data_ids_text(found: Sequence[Mapping[str, JSON]], width: int | None) -> str:
    """One line for each data ID, one column for each dimension; numbers stand at the right."""
    if not found:
        return ""
    names = list(found[0])
    rows = [[harmless(spelled(data_id[name])) for name in names] for data_id in found]
    numbers = [all(isinstance(data_id[name], int) for data_id in found) for name in names]
    right = frozenset(place for place, is_number in enumerate(numbers) if is_number)
    return table([harmless(name) for name in names], rows, width, right=right)
