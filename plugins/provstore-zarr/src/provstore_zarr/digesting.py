"""The digest of a store and of its arrays.

Rules: of an array count type, shape and values, not how it is cut into chunks and shards and packed; a chunk that was
never written is equal to one that holds the fill value. 0.0 and -0.0 are two values, NaNs are one (`Hasher.part`).
"""

from __future__ import annotations

from provstore.plugin import Hasher
from provstore_zarr.blocks import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Hierarchy

TEXTS = 1 << 16
"""Texts that are looked at in one go."""


def digest_of(files: Files, hierarchy: Hierarchy) -> str:
    """Of all groups and arrays."""
    arrays = {path: Array(files, node) for path, node in hierarchy.nodes.items() if node.is_array}
    for array in arrays.values():
        array.check_size()
    hasher = Hasher()
    for path, node in sorted(hierarchy.nodes.items()):
        hasher.add(path, node.attributes, node.dimensions)
        hasher.add(_digest_of_array(arrays[path]) if node.is_array else "group")
    return hasher.digest


def _digest_of_array(array: Array) -> str:
    import numpy

    values, lengths = Hasher().begin_array(array.type, array.shape), Hasher()
    for block in array.blocks():
        if array.type in ("text", "bytes"):
            for texts in _pieces(block):
                lengths.part(numpy.fromiter(map(len, texts), numpy.int64, len(texts)))
                values.part(numpy.frombuffer(_joined(texts), "u1"))
        else:
            values.part(block)
    return Hasher().add(values.digest, lengths.digest).digest


def _pieces(block: Any) -> Iterator[list[Any]]:
    """The texts of a block as lists of moderate length."""
    flat = block.reshape(-1)
    for start in range(0, flat.size, TEXTS):
        yield flat[start : start + TEXTS].tolist()


def _joined(texts: list[Any]) -> bytes:
    """All texts, or bytes, as bytes; with the lengths of each they are told apart.

    Raises:
        TypeError: One is neither.
    """
    if isinstance(texts[0], str):
        return "".join(texts).encode("utf-8", "surrogatepass")
    return b"".join(texts)
