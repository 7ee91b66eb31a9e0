"""Finding one dataset: collections are searched in their order, and the first that has it decides."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.model.ranges import is_valid_in
from provstore.noun import NamedTuple
from provstore.operations.registry.ranges import checked_range, spelled_range
from provstore.operations.registry.transact import collection_named, has_store, readable
from provstore.operations.registry.types.by_hand import sought_data_id
from provstore.store import collections
from provstore.store.connection import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON
    from provstore.operations.registry.collections.calibrations import Span
    from provstore.operations.registry.ranges import Range
    from provstore.project import Project
    from provstore.store.collections import Collection, Found

DEFAULT = ("main",)
"""Collections that are searched when none is named."""


class FindRequest(NamedTuple):
    """What to look for.

    Attributes:
        collections: Searched first to last; chains are searched in their own order.
        span: CALIBRATION collections have what is valid at some time of it; None: at any time.
    """

    type: str
    data_id: Mapping[str, JSON]
    collections: Sequence[str] = DEFAULT
    span: Span | None = None


def find_dataset(project: Project, request: FindRequest) -> str | None:
    """Id of the first dataset of a type and data ID; None: no collection has one.

    In a RUN collection the last that was recorded at its path counts, unless it was replaced; what was deleted is
    never found.

    Raises:
        UsageError: The data ID is not one of this type; a collection is not there, or has several: which one is meant
            has to be said by its id.
    """
    if not request.collections:
        raise UsageError("collections: found an empty list, expected those that are to be searched")
    span = None if request.span is None else checked_range(*request.span, may_be_moment=True)
    if not has_store(project) and tuple(request.collections) == DEFAULT:
        return None
    store = readable(project)
    data_id = sought_data_id(store.ask, project, request.type, request.data_id)
    with explained(store.path):
        named = [collection_named(store, name) for name in request.collections]
        leaves = collections.searched(store.conn, named)
        searched = collections.search(store.conn, leaves, request.type, data_id)
    for leaf, found in zip(leaves, searched, strict=True):
        valid = [entry for entry in found if leaf.type != collections.CALIBRATION or _is_valid(entry, span)]
        ids = {entry.dataset for entry in valid}
        if len(ids) > 1:
            _refuse(leaf, valid, f"{request.type} {data_id}")
        if ids:
            return ids.pop()
    return None


def _is_valid(entry: Found, span: Range | None) -> bool:
    return span is None or is_valid_in((entry.begin, entry.end), span)


def _refuse(leaf: Collection, found: Sequence[Found], what: str) -> None:
    is_calibration = leaf.type == collections.CALIBRATION
    lines = [
        f"\n  dataset {entry.dataset} ({entry.path})"
        + (f" for {spelled_range((entry.begin, entry.end))}" if is_calibration else "")
        for entry in found
    ]
    shown = "".join(lines[:LISTED]) + (f"\n  and {len(lines) - LISTED} more" if len(lines) > LISTED else "")
    hint = "ask for a time span in which one of them is valid" if is_calibration else "name the one you mean by its id"
    raise UsageError(f"{leaf.name}: found several of {what}, expected one:{shown}", hint=hint)


LISTED = 10
