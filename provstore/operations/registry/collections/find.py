"""Finding one dataset: collections are searched in their order, and the first that has it decides."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.model.ranges import is_valid_in
from provstore.noun import NamedTuple
from provstore.operations.registry.collections.moment import apart
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
    from provstore.store.collections import Found

DEFAULT = ("main",)
"""Collections that are searched when none is named."""


class FindRequest(NamedTuple):
    """What to look for.

    Attributes:
        collections: Searched first to last; chains are searched in their own order.
        span: CALIBRATION collections have what is valid at some time of it; None: at the time that the data ID says,
            where it has dimensions beside those of the type, else at any time.
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
    span = _range(request.span)
    if not has_store(project) and tuple(request.collections) == DEFAULT:
        return None
    store = readable(project)
    with explained(store.path):
        named = [collection_named(store, name) for name in request.collections]
    about = request.data_id
    if span is None:
        about, told = store.ask(apart, project, request.type, about, request.collections)
        span = _range(told)
    data_id = sought_data_id(store.ask, project, request.type, about)
    with explained(store.path):
        leaves = collections.searched(store.conn, named)
        searched = collections.search(store.conn, leaves, request.type, data_id)
    for leaf, found in zip(leaves, searched, strict=True):
        valid = [entry for entry in found if leaf.type != collections.CALIBRATION or _is_valid(entry, span)]
        ids = {entry.dataset for entry in valid}
        if len(ids) > 1:
            is_calibration = leaf.type == collections.CALIBRATION
            hint = IN_TIME if is_calibration else "name the one you mean by its id"
            raise several(leaf.name, valid, f"{request.type} {data_id}", hint, is_calibration=is_calibration)
        if ids:
            return ids.pop()
    return None


def _range(span: Span | None) -> Range | None:
    return None if span is None else checked_range(*span, may_be_moment=True)


def _is_valid(entry: Found, span: Range | None) -> bool:
    return span is None or is_valid_in((entry.begin, entry.end), span)


IN_TIME = "ask for a time span in which one of them is valid"


def several(name: str, found: Sequence[Found], what: str, hint: str, *, is_calibration: bool = True) -> UsageError:
    """The error that a collection has several datasets where one is expected; lists them, with their ranges."""
    lines = [
        f"\n  dataset {entry.dataset} ({entry.path})"
        + (f" for {spelled_range((entry.begin, entry.end))}" if is_calibration else "")
        for entry in found
    ]
    shown = "".join(lines[:LISTED]) + (f"\n  and {len(lines) - LISTED} more" if len(lines) > LISTED else "")
    return UsageError(f"{name}: found several of {what}, expected one:{shown}", hint=hint)


LISTED = 10
