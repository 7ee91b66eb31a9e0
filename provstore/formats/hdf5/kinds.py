"""Kinds of values: how those of a type of HDF5 are hashed, compared and shown.

Blocks of values are numpy arrays whose first axis counts the values; further axes are those of arrays inside them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import prod

from provstore.formats.hdf5.selections import describe_selection
from provstore.plugin import Hasher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    from provstore.formats.hdf5.links import Places

    Column: TypeAlias = "tuple[tuple[str, ...], tuple[int, ...], Any]"

DANGLING = b"dangling"
"""What stands for the path of an object that is gone; bytes, so that no path is equal to it."""


@dataclass(frozen=True, slots=True)
class Kind(ABC):
    """What is known of a type.

    Attributes:
        name: What counts of it, and nothing else: two types with one name are the same.
        dtype: Of numpy, for values in memory.
        memory: The type of HDF5 that is laid down as `dtype` says.
    """

    name: str
    dtype: Any
    memory: Any

    @property
    def is_flat(self) -> bool:
        """The bytes of a block are its values: it holds neither Python objects nor addresses."""
        return False

    @property
    def has_references(self) -> bool:
        """Its values point to objects."""
        return False

    @property
    def named_dtype(self) -> Any:
        """`dtype` with the names that fields have in the file."""
        return self.dtype

    @abstractmethod
    def rows(self, block: Any, places: Places) -> list[Any]:
        """One plain value for each, of which the digests are equal where the values are."""

    def columns(self, block: Any, places: Places) -> Iterator[Column]:
        """The parts that are compared one by one: name of the field, shape inside of a value, and values."""
        import numpy

        rows = self.rows(block.reshape(-1), places)
        yield (), (), numpy.fromiter(rows, object, len(rows))

    def held(self, block: Any) -> int:
        """Bytes that the Python objects in a block hold."""
        del block
        return 0

    def hash_into(self, hasher: Hasher, block: Any, places: Places) -> None:
        """Adds a block; how values are cut into blocks does not count."""
        if self.is_flat:
            hasher.part(block)
        else:
            hasher.add(*self.rows(block, places))


@dataclass(frozen=True, slots=True)
class Flat(Kind):
    """Numbers, strings of fixed length, opaque bytes: what numpy holds by itself."""

    @property
    def is_flat(self) -> bool:
        """Always."""
        return True

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The bytes of each, in their one spelling."""
        del places
        return bytes_of_rows(block)

    def columns(self, block: Any, places: Places) -> Iterator[Column]:
        """The values."""
        del places
        yield (), (), block.reshape(-1)


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """Strings of any length, as bytes."""

    def held(self, block: Any) -> int:
        """Their lengths."""
        return sum(map(len, block.reshape(-1)))

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The bytes."""
        del places
        block = block.reshape(-1)
        return [value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value for value in block]


@dataclass(frozen=True, slots=True)
class Pointer(Kind):
    """References to objects: in memory their addresses, or h5py's objects inside of values of any length."""

    @property
    def has_references(self) -> bool:
        """Always."""
        return True

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The path of each; None for what points to nothing, `DANGLING` for what points to an object that is gone."""
        is_object = block.dtype.hasobject
        addresses = [places.address_of(value) for value in block.reshape(-1)] if is_object else block.tolist()
        paths = {address: places.path(address) or DANGLING if address else None for address in set(addresses)}
        return [paths[address] for address in addresses]


@dataclass(frozen=True, slots=True)
class Region(Kind):
    """References to parts of datasets."""

    @property
    def has_references(self) -> bool:
        """Always."""
        return True

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The path and the selection of each."""
        return [self._row(value, places) for value in block.reshape(-1)]

    def _row(self, value: Any, places: Places) -> Any:
        from h5py import h5r

        address = places.address_of(value)
        if not address:
            return None
        path = places.path(address)
        return DANGLING if path is None else (path, describe_selection(h5r.get_region(value, places.file)))


@dataclass(frozen=True, slots=True)
class Ragged(Kind):
    """Arrays of any length, each with its own.

    Attributes:
        base: Of their elements.
        is_turned: h5py says that they are little endian, which they are not.
    """

    base: Kind
    is_turned: bool

    def held(self, block: Any) -> int:
        """Their elements."""
        elements = sum(len(value) for value in block.reshape(-1) if value is not None)
        return elements * int(self.base.dtype.itemsize)

    @property
    def has_references(self) -> bool:
        """Its elements do."""
        return self.base.has_references

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The elements of each."""
        return [self._row(value, places) for value in block.reshape(-1)]

    def columns(self, block: Any, places: Places) -> Iterator[Column]:
        """The arrays, where a person can read them; else as any values."""
        import numpy

        block = block.reshape(-1)
        if not isinstance(self.base, Flat):
            yield from Kind.columns(self, block, places)
            return
        empty = numpy.empty(0, self.base.dtype)
        found = numpy.empty(len(block), object)
        for number, value in enumerate(block):
            found[number] = empty if value is None or not len(value) else self._turned(value)
        yield (), (), found

    def _turned(self, value: Any) -> Any:
        return value.view(value.dtype.newbyteorder(">")) if self.is_turned else value

    def _row(self, value: Any, places: Places) -> Any:
        from provstore.plugin.arrays import canonical

        if value is None or not len(value):
            return b"" if self.base.is_flat else []
        value = self._turned(value)
        return bytes(canonical(value)) if self.base.is_flat else self.base.rows(value, places)


@dataclass(frozen=True, slots=True)
class Fixed(Kind):
    """Arrays of one shape inside of each value.

    Attributes:
        base: Of their elements.
        shape: Of each.
    """

    base: Kind
    shape: tuple[int, ...]

    def held(self, block: Any) -> int:
        """That of their elements."""
        return self.base.held(block)

    @property
    def is_flat(self) -> bool:
        """Its elements are."""
        return self.base.is_flat

    @property
    def has_references(self) -> bool:
        """Its elements do."""
        return self.base.has_references

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The elements of each."""
        if self.is_flat:
            return bytes_of_rows(block)
        size = prod(self.shape)
        elements = self.base.rows(block.reshape(-1, *block.shape[1 + len(self.shape) :]), places)
        return [elements[start : start + size] for start in range(0, len(elements), size)]

    def columns(self, block: Any, places: Places) -> Iterator[Column]:
        """Those of the elements, with the axes of the arrays."""
        for name, shape, values in self.base.columns(block, places):
            yield name, (*self.shape, *shape), values


@dataclass(frozen=True, slots=True)
class Record(Kind):
    """Values of several named fields.

    Attributes:
        fields: Name and kind of each, in their order.
    """

    fields: tuple[tuple[str, Kind], ...]

    def held(self, block: Any) -> int:
        """That of all fields."""
        return sum(kind.held(values) for _name, kind, values in self._parts(block))

    @property
    def is_flat(self) -> bool:
        """All fields are."""
        return all(kind.is_flat for _name, kind in self.fields)

    @property
    def has_references(self) -> bool:
        """A field does."""
        return any(kind.has_references for _name, kind in self.fields)

    @property
    def named_dtype(self) -> Any:
        """`dtype` with the names that fields have in the file."""
        import numpy

        layout = [self.dtype.fields[name] for name in self.dtype.names]
        return numpy.dtype(
            {
                "names": [name for name, _kind in self.fields],
                "formats": [kind.named_dtype for _name, kind in self.fields],
                "offsets": [entry[1] for entry in layout],
                "itemsize": self.dtype.itemsize,
            }
        )

    def _parts(self, block: Any) -> Iterator[tuple[str, Kind, Any]]:
        """By position: h5py and this package have other names for the fields in numpy."""
        for (name, kind), key in zip(self.fields, block.dtype.names, strict=True):
            yield name, kind, block[key]

    def rows(self, block: Any, places: Places) -> list[Any]:
        """The fields of each."""
        if self.is_flat:
            return bytes_of_rows(block)
        return list(zip(*(kind.rows(values, places) for _name, kind, values in self._parts(block)), strict=True))

    def columns(self, block: Any, places: Places) -> Iterator[Column]:
        """Those of all fields."""
        for field, kind, part in self._parts(block):
            for name, shape, values in kind.columns(part, places):
                yield (field, *name), shape, values


def bytes_of_rows(block: Any) -> list[bytes]:
    """The bytes of each value of a flat block, in their one spelling."""
    from provstore.plugin.arrays import canonical

    count = len(block)
    data = bytes(canonical(block)) if count else b""
    size = len(data) // max(1, count)
    return [data[start : start + size] for start in range(0, len(data), size or 1)]
