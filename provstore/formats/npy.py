"""The format `npy`: one array of numpy.

Counts: type (also field names, their order, units of times), shape, values. Does not count: byte order, Fortran order,
version and padding of the header, alignment and titles of fields; every NaN is the same. Arrays of Python objects are
never loaded.
"""

from __future__ import annotations

from contextlib import contextmanager

from provstore.formats.npy_layout import Header, facts, read_header, storage_differences, values_of
from provstore.plugin import (
    STRUCTURE,
    ArrayComparison,
    Difference,
    Format,
    Hasher,
    Preview,
    hookimpl,
    in_step,
    type_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import IO, Any, Literal

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance


class Npy(Format):
    """One array, as ``numpy.save`` writes it."""

    name = "npy"
    suffixes = (".npy",)
    python_type = "numpy.ndarray"

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """The array, in memory.

        Raises:
            LookupError: A component or a parameter was asked for; an array has none.
        """
        if component is not None or parameters:
            raise LookupError(f"an array has no {component or ', '.join(parameters)}")
        import numpy

        with opened(path):
            return numpy.load(path, allow_pickle=False)

    def write(self, value: object, path: Path) -> None:
        """Writes an array.

        Raises:
            TypeError: It is of a class that says more than its values (a mask, a unit), or of Python objects.
        """
        import numpy

        check_writable(value)
        with path.open("wb") as file:
            numpy.save(file, value, allow_pickle=False)  # type: ignore[arg-type]

    def digest(self, path: Path) -> str:
        """By type, shape and values."""
        with opened(path) as (file, header):
            return add_array(Hasher(), file, header).digest

    def describe(self, path: Path) -> dict[str, JSON]:
        """Type, shape and size, from the header."""
        with opened(path) as (_, header):
            return facts(header)

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Shape, type, values; then how they are stored."""
        with opened(a) as left, opened(b) as right:
            yield from compare_stored(left, right, (), tolerance)

    def preview(self, path: Path) -> Preview:
        """Type and shape, the first and last values."""
        import numpy

        with opened(path) as (_, header):
            if not header.size:
                return Preview("text", heading(header).encode())
            order: Literal["F", "C"] = "F" if header.is_fortran else "C"
            values: Any = numpy.memmap(path, header.dtype, "r", header.start, header.shape, order)
            return Preview("text", f"{heading(header)}\n{shown_values(values)}".encode())


@contextmanager
def opened(path: Path) -> Iterator[tuple[IO[bytes], Header]]:
    """An array's file at its first value, and its header.

    Raises:
        Unavailable: It is no .npy, or holds Python objects.
    """
    with path.open("rb") as file:
        yield file, read_header(file, path.stat().st_size)


def add_array(hasher: Hasher, file: IO[bytes], header: Header) -> Hasher:
    """Adds the array that a file holds, as `Hasher.array` would."""
    hasher.begin_array(type_name(header.dtype), header.shape)
    for block in values_of(file, header):
        hasher.part(block)
    return hasher


def compare_stored(
    a: tuple[IO[bytes], Header], b: tuple[IO[bytes], Header], place: tuple[str, ...], tolerance: Tolerance | None
) -> Iterable[Difference]:
    """How two arrays differ that are open at their first values."""
    (file_a, header_a), (file_b, header_b) = a, b
    types = type_name(header_a.dtype), type_name(header_b.dtype)
    if header_a.shape != header_b.shape:
        yield Difference(STRUCTURE, place, "shape", shape_text(header_a.shape), shape_text(header_b.shape))
    if types[0] != types[1]:
        yield Difference(STRUCTURE, place, "type", *types)
    if header_a.shape == header_b.shape and header_a.dtype.itemsize and header_b.dtype.itemsize:
        comparison = ArrayComparison(header_a.shape, place, tolerance)
        for block_a, block_b in in_step(values_of(file_a, header_a), values_of(file_b, header_b)):
            comparison.add(block_a, block_b)
        yield from comparison.differences()
    yield from storage_differences(header_a, header_b, place) if types[0] == types[1] else ()


def check_writable(value: object) -> None:
    """Refuses what a .npy can't hold.

    Raises:
        TypeError: It is no plain array.
    """
    import numpy

    plain = (numpy.ndarray, numpy.memmap, numpy.recarray)
    if type(value) not in plain:
        raise TypeError(f"found {type(value).__name__}, expected a plain numpy.ndarray")
    if value.dtype.hasobject:  # type: ignore[attr-defined]
        raise TypeError("found an array of Python objects, which would be written as a pickle")


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape for a person."""
    return "×".join(map(str, shape)) or "scalar"


def heading(header: Header) -> str:
    """Type and shape on one line."""
    return f"{type_name(header.dtype)}, {shape_text(header.shape)}"


def shown_values(values: Any) -> str:
    """The first and last values, on at most thirty lines."""
    import numpy

    lines = numpy.array2string(values, threshold=100, edgeitems=3, max_line_width=100).splitlines()
    return "\n".join(lines if len(lines) <= 30 else [*lines[:29], "…"])


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Npy()]
