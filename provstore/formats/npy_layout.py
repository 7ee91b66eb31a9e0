"""The layout of a .npy file: a magic text, a header in Python's syntax, the values. For `npy`, and members of `npz`.

Nothing of it runs code: the header is a literal (`ast.literal_eval`) of a limited length, and arrays of Python objects,
which are pickles, are refused. The announced size is compared with what is there before anything of it is read.

Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
"""

from __future__ import annotations

import ast
import math
import os
import struct
from typing import NamedTuple

from provstore.plugin import STORAGE, Difference, Unavailable, shown, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import ThreadPoolExecutor
    from typing import IO, Any

MAGIC = b"\x93NUMPY"
LONGEST_HEADER = 10_000
"""Bytes of a header, numpy's own limit: a longer one may crash Python's parser."""
MOST_DIMENSIONS = 64
BLOCK = 1 << 23
"""Bytes of values that are read in one go."""
PANEL = 1 << 24
"""Bytes of values in Fortran order that are gathered in one go; more where a column has less than `RUN` of them."""
LARGEST_PANEL = 1 << 27
RUN = 512
"""Bytes that lie together in the file, below which to gather them takes longer than to write and read them again."""
PIECE = 1 << 27
"""Bytes of such a file that are mapped into memory at a time."""
THREADS = 4
"""That gather them, at most."""
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
    """The values of an array in Fortran order, in C order.

    A row (all values of one index of the first axis) is spread over the whole file. So as many rows as make up a panel
    are gathered at once, from pieces of the file that are mapped one after the other. Where rows are too long for
    that, they are written one by one into a file.
    """
    from concurrent.futures import ThreadPoolExecutor

    if not header.size:
        return
    length, itemsize = header.shape[0], header.dtype.itemsize
    row = header.size // length
    rows = min(length, max(PANEL, min(RUN // itemsize * row, LARGEST_PANEL)) // row)
    if rows < length and rows * itemsize < RUN:
        yield from _row_by_row(file, header)
        return
    # numpy lets other threads run while it copies; what they wait for is memory, and two wait for twice as much.
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        yield from _panels(file, header, max(1, rows), pool)


def _panels(file: IO[bytes], header: Header, rows: int, pool: ThreadPoolExecutor) -> Iterator[Any]:
    import numpy

    from provstore.plugin import blocks

    length, *rest = header.shape
    row = math.prod(rest)
    space = numpy.empty((rows, row), header.dtype)  # for all panels: new memory costs as much as filling it
    step = max(1, PIECE // (length * header.dtype.itemsize))
    for start in range(0, length, rows):
        panel = space[: min(rows, length - start)]
        for position in range(0, row, step):
            piece = _mapped(file, header, position * length, (min(step, row - position), length))
            _turn(piece[:, start : start + rows], panel[:, position : position + step], pool)
        axes = (0, *range(len(rest), 0, -1))
        yield from blocks(panel.reshape((len(panel), *reversed(rest))).transpose(axes))


def _turn(source: Any, target: Any, pool: ThreadPoolExecutor) -> None:
    """Copies columns to rows, some at a time."""

    def copy(column: int) -> None:
        target[:, column : column + TILE] = source[column : column + TILE].transpose()

    columns = range(0, len(source), TILE)
    for _done in pool.map(copy, columns) if len(columns) > 1 else map(copy, columns):
        pass


def _row_by_row(file: IO[bytes], header: Header) -> Iterator[Any]:
    """The same by a temporary file, in which each row lies together, in Fortran order."""
    from tempfile import TemporaryFile

    length, *rest = header.shape
    row = math.prod(rest)
    step = max(1, PIECE // (length * header.dtype.itemsize))
    with TemporaryFile(prefix="provstore-npy-") as turned:
        for position in range(0, row, step):
            piece = _mapped(file, header, position * length, (min(step, row - position), length))
            for index in range(length):
                turned.seek((index * row + position) * header.dtype.itemsize)
                turned.write(piece[:, index].tobytes())
        turned.flush()
        for index in range(length):
            inner = header._replace(shape=tuple(rest), is_fortran=len(rest) > 1, size=header.size // length)
            turned.seek(index * inner.size)
            yield from values_of(turned, inner._replace(start=index * inner.size))


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
