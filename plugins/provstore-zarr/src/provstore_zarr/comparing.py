"""How two stores differ, node by node."""

from __future__ import annotations

import json

from provstore.plugin import METADATA, STORAGE, STRUCTURE, ArrayComparison, Difference, Tolerance, compare_trees, shown
from provstore_zarr.blocks import Array
from provstore_zarr.storage import storage_of, storage_of_array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Hierarchy, Node


class Side:
    """One of the two stores."""

    def __init__(self, files: Files, hierarchy: Hierarchy) -> None:
        self.nodes, self.hierarchy, self.files = hierarchy.nodes, hierarchy, files
        self.arrays = {path: Array(files, node) for path, node in hierarchy.nodes.items() if node.is_array}
        for array in self.arrays.values():
            array.check_size()


def differences(a: Side, b: Side, tolerance: Tolerance | None) -> Iterator[Difference]:
    """All differences of two stores."""
    for path in sorted({*a.nodes, *b.nodes}):
        place = tuple(path.split("/")) if path else ()
        if path not in b.nodes:
            yield Difference(STRUCTURE, place, "missing", _kind(a, path), "")
        elif path not in a.nodes:
            yield Difference(STRUCTURE, place, "added", "", _kind(b, path))
        else:
            yield from _of_node(a, b, path, place, tolerance)
    yield from _of_storage(storage_of(a.files, a.hierarchy), storage_of(b.files, b.hierarchy), ())


def _kind(side: Side, path: str) -> str:
    if path not in side.arrays:
        return "group"
    array = side.arrays[path]
    return f"array of {array.type}, {_shape(array)}"


def _shape(array: Array) -> str:
    return "×".join(map(str, array.shape)) or "scalar"


def _of_node(a: Side, b: Side, path: str, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    left, right = a.nodes[path], b.nodes[path]
    if left.is_array != right.is_array:
        yield Difference(STRUCTURE, place, "kind", _kind(a, path), _kind(b, path))
    yield from compare_trees(left.attributes, right.attributes, (*place, "@"), kind=METADATA)
    if left.dimensions != right.dimensions:
        yield Difference(METADATA, place, "dimension names", _names(left), _names(right))
    if left.is_array and right.is_array:
        yield from _of_arrays(a.arrays[path], b.arrays[path], place, tolerance)
        yield from _of_storage(storage_of_array(left), storage_of_array(right), place)


def _names(node: Node) -> str:
    return json.dumps(node.dimensions, ensure_ascii=False) if node.dimensions else ""


def _of_arrays(a: Array, b: Array, place: tuple[str, ...], tolerance: Tolerance | None) -> Iterator[Difference]:
    if a.type != b.type:
        yield Difference(STRUCTURE, place, "type", a.type, b.type)
    if a.shape != b.shape:
        yield Difference(STRUCTURE, place, "shape", _shape(a), _shape(b))
    elif _class_of(a) == _class_of(b):
        comparison = ArrayComparison(a.shape, place, tolerance)
        for left, right in _aligned(a.blocks(), b.blocks()):
            _add(comparison, left, right)
        yield from comparison.differences()


def _class_of(array: Array) -> str:
    """Arrays of one class have values that can be compared, whatever their types."""
    kind = array.dtype.kind
    if kind in "OT":
        return "objects"
    if kind == "V":
        return "records" if array.dtype.names is not None else array.type
    return "numbers" if kind in "biufc" else str(kind)


def _add(comparison: ArrayComparison, a: Any, b: Any) -> None:
    """Compares two blocks; Python objects are looked at one by one only where numpy finds that some differ."""
    import numpy

    is_object = [block.dtype.kind in "OT" for block in (a, b)]
    if all(is_object):
        a, b = a.astype(object), b.astype(object)
        if a.tolist() == b.tolist() and all(type(value) in (str, bytes) for value in a.tolist()):
            a = b = numpy.zeros(a.shape, "S1")  # equal, and no numbers
    comparison.add(a, b)


def _aligned(a: Iterator[Any], b: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """Blocks of two arrays of one shape as flat arrays, cut at the same places."""
    left = right = None
    while True:
        left = _next(a) if left is None or not left.size else left
        right = _next(b) if right is None or not right.size else right
        if left is None or right is None:
            return
        length = min(left.size, right.size)
        yield left[:length], right[:length]
        left, right = left[length:], right[length:]


def _next(blocks: Iterator[Any]) -> Any:
    block = next(blocks, None)
    return None if block is None else block.reshape(-1)


def _of_storage(a: dict[str, str], b: dict[str, str], place: tuple[str, ...]) -> Iterator[Difference]:
    for what, text in a.items():
        if text != b[what]:
            yield Difference(STORAGE, place, what, shown(text), shown(b[what]))
