"""Selections in a dataset, as references to regions and virtual datasets have them."""

from __future__ import annotations

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_BLOCKS = 1_000_000
"""A selection of more parts is not looked at."""


def describe_selection(space: Any) -> list[Any]:
    """A selection, and the shape that it is made in, in plain values.

    Boxes that make up the same elements in the same way are told alike: neighbours are joined. Whether it was made
    of points or of boxes counts.

    Raises:
        Unavailable: It has too many parts.
    """
    from h5py import h5s

    shape = list(space.get_simple_extent_dims())
    kind = space.get_select_type()
    if kind in (h5s.SEL_ALL, h5s.SEL_NONE):
        return [shape, "all" if kind == h5s.SEL_ALL else "nothing"]
    if kind == h5s.SEL_POINTS:
        if space.get_select_elem_npoints() > MOST_BLOCKS:
            raise Unavailable("a selection has too many points")
        return [shape, "points", space.get_select_elem_pointlist().tolist()]
    if space.is_regular_hyperslab():
        return [shape, "boxes", [_joined(*axis) for axis in zip(*space.get_regular_hyperslab(), strict=True)]]
    if space.get_select_hyper_nblocks() > MOST_BLOCKS:
        raise Unavailable("a selection has too many boxes")
    return [shape, "box by box", sorted(space.get_select_hyper_blocklist().tolist())]


def _joined(start: int, stride: int, count: int, block: int) -> list[int]:
    """Start, stride, count and length along an axis; boxes without a gap are one box."""
    start, stride, count, block = int(start), int(stride), int(count), int(block)
    if count == 1 or stride == block:
        return [start, 1, 1, count * block]
    return [start, stride, count, block]
