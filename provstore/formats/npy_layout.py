"""The layout of a .npy file: a magic text, a header in Python's syntax, the values. For `npy`, and members of `npz`.

Nothing of it runs code: the header is a literal (`ast.literal_eval`) of a limited length, and arrays of Python objects,
which are pickles, are refused. The announced size is compared with what is there before anything of it is read.

Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
"""

from __future__ import annotations

import ast
import math
import struct
from typing import NamedTuple

from provstore.plugin import STORAGE, Difference, Unavailable, shown, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Any

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
"""Bytes of a header, numpy's own limit: a longer one may crash Python's parser."""
MOST_DIMENSIONS = 64
BLOCK = 1 << 23
"""Bytes of values that are read in one go."""
PANEL = 1 << 27
"""Bytes of values in Fortran order that are gathered in one go."""
PIECE = 1 << 25
"""Bytes of such a file that are mapped into memory at a time."""
TILE = 256
"""Columns that are transposed at a time, so that what is read and written fits into a processor's cache."""
LENGTHS = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
"""How the length of the header is written, by version."""


class Header(NamedTuple):
    """What stands in front of the values.

    Attributes:
        dtype: The type, as it is stored; never of Python objects.
        is_fortran: The first index runs fastest. Never so for less than two dimensions, where there is one order.
        start: Offset of the first value, in bytes.
        size: Bytes of all values.
        text: The header itself, without its padding.
    """

    dtype: Any
    shape: tuple[int, ...]
    is_fortran: bool
    version: tuple[int, int]
    start: int
    size: int
    text: str

    def descr(self) -> str:
        """The type as the file spells it, with byte order, offsets and titles."""
        return repr(self.dtype.descr if self.dtype.names is not None else self.dtype.str)


def read_header(file: IO[bytes], available: int) -> Header:
    """The header of a file that is open at its start; afterwards it is at the first value.

    Args:
        available: Bytes of the whole file.

    Raises:
        Unavailable: It is no .npy, holds Python objects, or has another size than the header says.
    """
    start = read_exactly(file, 8, "the magic text")
    version = (start[6], start[7])
    if start[:6] != MAGIC or version not in LENGTHS:
        raise Unavailable(f"found {shown(repr(start))}, expected the start of a .npy file of version 1 to 3")
    coded = read_exactly(file, struct.calcsize(LENGTHS[version]), "the length of the header")
    length = struct.unpack(LENGTHS[version], coded)[0]
    if length > LONGEST_HEADER:
        raise Unavailable(f"a header of {length:,} bytes; the limit is {LONGEST_HEADER:,}")
    text = read_exactly(file, length, "the header").decode("utf-8" if version == (3, 0) else "latin-1").rstrip()
    header = _header(_parsed(text, version), text, version, len(start) + len(coded) + length)
    if header.start + header.size != available:
        raise Unavailable(f"holds {available - header.start:,} bytes of values, its header says {header.size:,}")
    return header


def read_exactly(file: IO[bytes], length: int, what: str) -> bytes:
    """So many bytes.

    Raises:
        Unavailable: The file ends before.
    """
    data = file.read(length)
    if len(data) != length:
        raise Unavailable(f"ends within {what}")
    return data


def _parsed(text: str, version: tuple[int, int]) -> dict[str, Any]:
    try:
        found = ast.literal_eval(_without_long(text) if version < (3, 0) else text)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError) as error:
        raise Unavailable(f"the header is no literal of Python: {shown(text)}") from error
    if not isinstance(found, dict) or set(found) != {"descr", "fortran_order", "shape"}:
        raise Unavailable(f"found the header {shown(text)}, expected descr, fortran_order and shape")
    return found


def _without_long(text: str) -> str:
    """Without the L that Python 2 wrote behind some integers of a shape: ``(10L, 3L)``."""
    before, key, after = text.rpartition("'shape':")
    if not key:
        return text
    shape, bracket, rest = after.partition(")")
    return before + key + shape.replace("L", "") + bracket + rest


def _header(found: dict[str, Any], text: str, version: tuple[int, int], start: int) -> Header:
    shape, is_fortran = found["shape"], found["fortran_order"]
    if not isinstance(shape, tuple) or not all(type(length) is int and length >= 0 for length in shape):
        raise Unavailable(f"found the shape {shown(repr(shape))}, expected a tuple of integers from 0")
    if len(shape) > MOST_DIMENSIONS:
        raise Unavailable(f"{len(shape)} dimensions; the limit is {MOST_DIMENSIONS}")
    if not isinstance(is_fortran, bool):
        raise Unavailable(f"found fortran_order {shown(repr(is_fortran))}, expected True or False")
    dtype = _type(found["descr"])
    return Header(dtype, shape, is_fortran and len(shape) > 1, version, start, math.prod(shape) * dtype.itemsize, text)


def _type(descr: Any) -> Any:
    import numpy

    try:
        dtype = numpy.lib.format.descr_to_dtype(descr)
    except Exception as error:  # numpy raises many kinds for what is no type
        raise Unavailable(f"{shown(repr(descr))} is no type of numpy") from error
    if dtype.hasobject:
        raise Unavailable("holds Python objects (a pickle), which are never loaded")
    if dtype.subdtype is not None:
        raise Unavailable(f"{shown(repr(descr))} is a type that no array has")
    return dtype


# --- values -----------------------------------------------------------------------------------------------


def values_of(file: IO[bytes], header: Header) -> Iterator[Any]:
    """All values in C order, as flat arrays, from a file that is open at the first one and lies on a disk.

    A block is overwritten by the next one. No more than a few blocks are in memory, whatever the order of storage.

    Raises:
        Unavailable: The file ends before the last value.
    """
    if header.is_fortran:
        yield from _transposed(file, header)
    else:
        yield from stored_values(file, header)


def stored_values(file: IO[bytes], header: Header) -> Iterator[Any]:
    """All values in the order in which they are stored, as flat arrays; each is overwritten by the next one."""
    import numpy

    itemsize = header.dtype.itemsize
    count = math.prod(header.shape)
    if not itemsize:
        return  # texts of no length: all of them are equal, and none takes a byte
    length = max(1, min(count, BLOCK // itemsize))
    buffer: Any = numpy.empty(length, header.dtype)
    for start in range(0, count, length):
        block = buffer[: min(length, count - start)]
        fill(file, memoryview(block.view("u1")))
        yield block


def fill(file: IO[bytes], target: memoryview) -> None:
    """Reads so many bytes as there is room for.

    Raises:
        Unavailable: The file ends before.
    """
    done = 0
    while done < len(target):
        count = file.readinto(target[done:])  # type: ignore[attr-defined]
        if not count:
            raise Unavailable("ends within the values")
        done += count


def _transposed(file: IO[bytes], header: Header) -> Iterator[Any]:
    from provstore.plugin import blocks

    if not header.size:
        return
    for panel in _panels(file, header, 0, 1, 0):
        yield from blocks(panel)


def _panels(file: IO[bytes], header: Header, axis: int, stride: int, first: int) -> Iterator[Any]:
    """The values, one after the other in C order, as arrays over `axis` and those behind it, of some MB each.

    In Fortran order a row (all values of one index of the first axis) is spread over the whole file. So as many
    rows as make up a panel are gathered at once, from pieces of the file that are mapped one after the other; rows
    that are larger than a panel are gathered by the next axis.

    Args:
        stride: Values between two neighbours along `axis`.
        first: Where the values with the fixed indices of the axes before begin.
    """
    import numpy

    length, rest = header.shape[axis], header.shape[axis + 1 :]
    row = math.prod(rest)
    if row * header.dtype.itemsize > PANEL:
        for index in range(length):
            yield from _panels(file, header, axis + 1, stride * length, first + index * stride)
        return
    rows = min(length, max(1, PANEL // (max(row, stride) * header.dtype.itemsize)))
    step = max(1, PIECE // (length * stride * header.dtype.itemsize))
    space = numpy.empty((rows, row), header.dtype)  # for all panels: new memory costs as much as filling it
    for start in range(0, length, rows):
        count = min(rows, length - start)
        panel = space[:count]
        for position in range(0, row, step):
            many = min(step, row - position)
            piece = _mapped(file, header, position * length * stride, (many, length, stride))
            for tile in range(0, many, TILE):
                target = panel[:, position + tile : position + min(tile + TILE, many)]
                target[...] = piece[tile : tile + TILE, start : start + count, first].transpose()
        yield panel.reshape((count, *reversed(rest))).transpose((0, *range(len(rest), 0, -1)))


def _mapped(file: IO[bytes], header: Header, start: int, shape: tuple[int, ...]) -> Any:
    import numpy

    return numpy.memmap(file, header.dtype, "r", header.start + start * header.dtype.itemsize, shape)


# --- differences of storage -------------------------------------------------------------------------------

STORED: dict[str, Callable[[Header], str]] = {
    "order in memory": lambda header: "Fortran" if header.is_fortran else "C",
    "header version": lambda header: ".".join(map(str, header.version)),
    "byte order": lambda header: ", ".join(sorted(_byte_orders(header.dtype))),
    "alignment": lambda header: _offsets(header.dtype),
    "padding": lambda header: f"values from byte {header.start}",
}
"""What of a header does not count, and its text."""


def storage_differences(a: Header, b: Header, place: tuple[str, ...] = ()) -> Iterator[Difference]:
    """In what two arrays differ that are equal as data."""
    for what, text in STORED.items():
        if text(a) != text(b):
            yield Difference(STORAGE, place, what, text(a), text(b))


def _byte_orders(dtype: Any) -> set[str]:
    if dtype.subdtype is not None:
        return _byte_orders(dtype.base)
    if dtype.names is not None:
        return set().union(*[_byte_orders(dtype.fields[name][0]) for name in dtype.names])
    return {"big endian" if dtype.str[0] == ">" else "little endian"} if dtype.str[0] in "<>" else set()


def _offsets(dtype: Any) -> str:
    if dtype.names is None:
        return ""
    offsets = [str(dtype.fields[name][1]) for name in dtype.names]
    return f"{dtype.itemsize} bytes, fields at {', '.join(offsets)}"


def facts(header: Header) -> dict[str, Any]:
    """Type, shape and size, for a description."""
    found = {"type": type_name(header.dtype), "shape": list(header.shape), "bytes": header.size}
    return {**found, "order": "Fortran"} if header.is_fortran else found
