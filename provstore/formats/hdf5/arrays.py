"""Where two arrays of HDF5 files differ: datasets, and attributes."""

from __future__ import annotations

from dataclasses import dataclass

from provstore.formats.hdf5 import storage
from provstore.formats.hdf5.content import is_list_of_users, named_type, read_attribute, read_blocks
from provstore.formats.hdf5.links import Places, shown_name, walk
from provstore.plugin import METADATA, STRUCTURE, ArrayComparison, Difference, Expansion, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeAlias

    from provstore.formats.hdf5.content import Array
    from provstore.plugin import Tolerance

    Sided: TypeAlias = "tuple[Array, Side]"
    Attributes: TypeAlias = "tuple[list[tuple[bytes, Array]], Side]"


@dataclass(slots=True)
class Side:
    """One of the two files.

    Attributes:
        file: Open.
        size: Its bytes.
        places: Of its objects.
        limit: For what is read of it.
    """

    file: Any
    size: int
    places: Places
    limit: Expansion

    @classmethod
    def of(cls, file: Any, size: int) -> Side:
        """An open file, with the places of all its objects."""
        places = Places(file)
        for _visit in walk(file, places, Expansion(size, "the file")):
            pass
        return cls(file, size, places, Expansion(size, "the file"))


def compare_values(place: tuple[str, ...], a: Sided, b: Sided, tolerance: Tolerance | None) -> Iterator[Difference]:
    """How two datasets differ: in shape, in type, in where their values lie, in their values."""
    yield from _compare_descriptions(place, a, b)
    array_a, array_b = a[0], b[0]
    if array_a.elsewhere or array_b.elsewhere:
        if array_a.elsewhere != array_b.elsewhere:
            yield Difference(STRUCTURE, place, "where values lie", _where(array_a), _where(array_b))
        return
    facts = [storage.of_dataset(each.id, each.kind) for each in (array_a, array_b)]
    yield from storage.differences(place, *facts)
    if _are_comparable(array_a, array_b):
        pairs = _aligned(read_blocks(array_a, a[1].size, a[1].limit), read_blocks(array_b, b[1].size, b[1].limit))
        yield from _compare_blocks(place, a, b, pairs, tolerance)


def _compare_descriptions(place: tuple[str, ...], a: Sided, b: Sided) -> Iterator[Difference]:
    array_a, array_b = a[0], b[0]
    if array_a.shape != array_b.shape:
        yield Difference(STRUCTURE, place, "shape", shape_text(array_a), shape_text(array_b))
    if array_a.kind.name != array_b.kind.name:
        yield Difference(STRUCTURE, place, "type", shown(array_a.kind.name), shown(array_b.kind.name))
    names = [named_type(array, side.places) for array, side in (a, b)]
    if names[0] != names[1]:
        yield Difference(STRUCTURE, place, "named type", names[0] or "none", names[1] or "none")


def shape_text(array: Array) -> str:
    """A shape, for a person."""
    return "null" if array.shape is None else "×".join(map(str, array.shape)) or "scalar"


def _where(array: Array) -> str:
    if not array.elsewhere:
        return "in the file"
    kind, entries, *_rest = array.elsewhere
    names = [entry[0] if isinstance(entry[0], str) else shown_name(entry[0]) for entry in entries]
    return shown(f"{kind}: {', '.join(names)}")


def _are_comparable(a: Array, b: Array) -> bool:
    """Their values can be laid side by side: of one type, or numbers of two."""
    are_numbers = all(array.kind.dtype.kind in "iufc" and array.kind.is_flat for array in (a, b))
    return a.shape == b.shape and a.has_values and (a.kind.name == b.kind.name or are_numbers)


def _aligned(a: Iterable[Any], b: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The blocks of two arrays, cut at the same places."""
    others = iter(b)
    right: Any = None
    for left in a:
        while len(left):
            if right is None or not len(right):
                right = next(others)
            length = min(len(left), len(right))
            yield left[:length], right[:length]
            left, right = left[length:], right[length:]  # noqa: PLW2901


def _compare_blocks(
    place: tuple[str, ...],
    a: Sided,
    b: Sided,
    pairs: Iterable[tuple[Any, Any]],
    tolerance: Tolerance | None,
) -> Iterator[Difference]:
    """One difference for each column."""
    found: dict[tuple[str, ...], ArrayComparison] = {}
    for block_a, block_b in pairs:
        columns_a = a[0].kind.columns(block_a, a[1].places)
        columns_b = b[0].kind.columns(block_b, b[1].places)
        for (name, shape, left), (_name, _shape, right) in zip(columns_a, columns_b, strict=True):
            if name not in found:
                found[name] = ArrayComparison(((a[0].shape or ()) + shape), (*place, *name), tolerance)
            found[name].add(left, right)
    for comparison in found.values():
        yield from comparison.differences()


# --- attributes -------------------------------------------------------------------------------------------


def compare_attributes(
    place: tuple[str, ...], a: Attributes, b: Attributes, tolerance: Tolerance | None
) -> Iterator[Difference]:
    """How the attributes of two objects differ."""
    of_a, of_b = dict(a[0]), dict(b[0])
    for name in sorted({*of_a, *of_b}):
        what = f"attribute {shown_name(name)}"
        if name in of_a and name in of_b:
            yield from _compare_attribute(place, name, (of_a[name], a[1]), (of_b[name], b[1]), tolerance)
        elif name in of_a:
            yield Difference(METADATA, place, what, text_of_attribute(of_a[name], a[1].places, a[1].limit), "")
        else:
            yield Difference(METADATA, place, what, "", text_of_attribute(of_b[name], b[1].places, b[1].limit))


def _compare_attribute(
    place: tuple[str, ...], name: bytes, a: Sided, b: Sided, tolerance: Tolerance | None
) -> Iterator[Difference]:
    what = f"attribute {shown_name(name)}"
    for entry in _compare_descriptions(place, a, b):
        yield Difference(METADATA, place, f"{what}: {entry.what}", entry.a, entry.b)
    yield from storage.differences(place, *(_layout(array) for array, _side in (a, b)))
    if not _are_comparable(a[0], b[0]):
        return
    pair = tuple(_block(name, array, side) for array, side in (a, b))
    for entry in _compare_blocks(place, a, b, [(pair[0], pair[1])], tolerance):
        yield Difference(METADATA, place, what, entry.a, entry.b, entry.numbers)


def _layout(array: Array) -> dict[str, str]:
    return storage.of_type(array.id.get_type())


def _block(name: bytes, array: Array, side: Side) -> Any:
    """The values of an attribute; in a fixed order where they have none."""
    block = read_attribute(array, side.limit)
    if is_list_of_users(name, array):
        rows = array.kind.rows(block, side.places)
        return block[sorted(range(len(rows)), key=lambda index: repr(rows[index]))]
    return block


def text_of_attribute(array: Array, places: Places, limit: Expansion) -> str:
    """The value of an attribute, for a person."""
    if not array.has_values:
        return shape_text(array)
    block = read_attribute(array, limit)[:10]
    columns = [values[:10].tolist() for _name, _shape, values in array.kind.columns(block, places)]
    values = columns[0] if len(columns) == 1 else columns
    if len(values) == 1:
        values = values[0]
    return shown(values.decode("utf-8", "backslashreplace") if isinstance(values, bytes) else str(values))
