"""The rows of a table, binary or ASCII, some MB at a time, decoded by column."""

from __future__ import annotations

from typing import NamedTuple

from provstore.plugin import Expansion, Unavailable
from provstore_fits.ascii import ascii_columns_of
from provstore_fits.columns import columns_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO, Any

    from provstore_fits.columns import Column
    from provstore_fits.layout import Hdu

BLOCK = 1 << 22
"""Bytes of rows that are decoded in one go, with what they have in the heap."""
MOST_OF_BLOCK = 1 << 28
"""Bytes that the rows of a block may have in the heap, where one has far more than others."""


class Table(NamedTuple):
    """A table and its columns."""

    path: Path
    hdu: Hdu
    columns: tuple[Column, ...]

    @property
    def rows(self) -> int:
        """How many."""
        return self.hdu.shape[0]

    def rows_of_block(self) -> int:
        """Rows that make up a block, on average."""
        each = self.hdu.shape[1] + (self.hdu.size // max(1, self.rows) if self._has_heap() else 0)
        return max(1, BLOCK // max(1, each))

    def _has_heap(self) -> bool:
        return any(column.variable is not None for column in self.columns)

    def blocks(self, rows: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows in order, so many at a time: for each column the arrays that `Column.decode` gives.

        Of variable-length arrays: the lengths first, then the elements of all rows one after the other.
        """
        expansion = Expansion(self.path.stat().st_size, f"HDU {self.hdu.position}")
        with self.path.open("rb") as file:
            for start in range(0, self.rows, rows):
                count = min(rows, self.rows - start)
                block = self._stored(file, start, count)
                yield [self._decoded(file, column, block[:, _span(column)], expansion) for column in self.columns]

    def _stored(self, file: IO[bytes], start: int, count: int) -> Any:
        """So many rows as bytes."""
        import numpy

        width = self.hdu.shape[1]
        file.seek(self.hdu.start + start * width)
        data = file.read(count * width)
        if len(data) != count * width:
            raise Unavailable(f"HDU {self.hdu.position}: the file ends within the rows")
        return numpy.frombuffer(data, "u1").reshape(count, width)

    def _decoded(self, file: IO[bytes], column: Column, cells: Any, expansion: Expansion) -> tuple[Any, ...]:
        import numpy

        base, shape = column.stored.base, column.stored.shape
        stored = numpy.ascontiguousarray(cells).view(base) if cells.size else numpy.empty(0, base)
        stored = stored.reshape(len(cells), *shape)
        if column.variable is None:
            return column.decode(stored)
        lengths = stored[:, 0].astype("<i8")
        data = self._from_heap(file, lengths, stored[:, 1].astype("<i8"), column.variable.itemsize, expansion)
        return lengths, *column.decode(numpy.frombuffer(data, column.variable))

    def _from_heap(self, file: IO[bytes], lengths: Any, offsets: Any, itemsize: int, expansion: Expansion) -> bytes:
        """The bytes of variable-length arrays, one after the other."""
        start = self.hdu.integer("THEAP", self.hdu.shape[0] * self.hdu.shape[1])
        room = self.hdu.size - start
        is_used = lengths != 0
        lengths, offsets = lengths[is_used], offsets[is_used]
        if not lengths.size:
            return b""
        is_inside = (lengths >= 0) & (lengths <= room // itemsize) & (offsets >= 0) & (offsets <= room)
        sizes = lengths * itemsize  # does not overflow where it is inside
        if not bool((is_inside & (offsets + sizes <= room)).all()):
            raise Unavailable(f"HDU {self.hdu.position}: variable-length arrays lie outside of the heap")
        total = int(sizes.sum())
        expansion.add(total)
        if total > max(MOST_OF_BLOCK, int(sizes.max())):
            raise Unavailable(f"HDU {self.hdu.position}: {total:,} bytes of variable-length arrays in a few rows")
        return _gathered(file, self.hdu.start + start, sizes, offsets)


def _span(column: Column) -> slice:
    return slice(column.offset, column.offset + column.stored.itemsize)


def _gathered(file: IO[bytes], start: int, sizes: Any, offsets: Any) -> bytes:
    """Pieces of a file, in the order of their rows, in one read where they lie together."""
    first, end, total = int(offsets.min()), int((offsets + sizes).max()), int(sizes.sum())
    if end - first > 2 * total + BLOCK:
        return b"".join([_read(file, start + offset, size) for offset, size in _pairs(offsets, sizes)])
    data = _read(file, start + first, end - first)
    if total == end - first and bool((offsets[1:] == (offsets + sizes)[:-1]).all()):
        return data
    view = memoryview(data)
    return b"".join([view[offset - first : offset - first + size] for offset, size in _pairs(offsets, sizes)])


def _pairs(offsets: Any, sizes: Any) -> Iterator[tuple[int, int]]:
    return zip(offsets.tolist(), sizes.tolist(), strict=True)


def _read(file: IO[bytes], start: int, size: int) -> bytes:
    file.seek(start)
    data = file.read(size)
    if len(data) != size:
        raise Unavailable("the file ends within the heap")
    return data


def table_of(path: Path, hdu: Hdu) -> Table:
    """The table of an HDU of the kind "table" or "ASCII table".

    Raises:
        Unavailable: Its columns can't be decoded.
    """
    if hdu.kind == "table" and hdu.integer("THEAP", hdu.shape[0] * hdu.shape[1]) < hdu.shape[0] * hdu.shape[1]:
        raise Unavailable(f"HDU {hdu.position}: the heap begins within the rows")
    columns = ascii_columns_of(hdu) if hdu.kind == "ASCII table" else columns_of(hdu)
    return Table(path, hdu, tuple(columns))
