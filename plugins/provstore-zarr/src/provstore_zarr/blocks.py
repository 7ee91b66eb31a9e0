"""The values of an array in C order, in blocks that fit into memory, whatever its chunks.

Rules: each chunk is decoded once. Where a row of chunks is too large for memory it goes through a temporary file. What
is declared is held against `Expansion` before it is read.
"""

from __future__ import annotations

import itertools
import math
import mmap
import tempfile
from contextlib import contextmanager

from provstore.plugin import type_name
from provstore_zarr.hierarchy import chunk_shape
from provstore_zarr.packing import check_chunks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Node

BLOCK = 1 << 25
"""Bytes of an array that are decoded in one go."""
LARGEST = 1 << 27
"""Bytes of a row of chunks, at most, that is decoded in memory."""


class Array:
    """An array of a store.

    Attributes:
        type: Its type in one spelling; text of any length is "text", be it in Zarr 2 or 3.
        shape: In C order.
    """

    def __init__(self, files: Files, node: Node) -> None:
        import zarr

        self._node, self._files = node, files
        version: Any = node.version
        self._array: Any = zarr.open_array(files.store, path=node.path, mode="r", zarr_format=version)
        self.shape: tuple[int, ...] = tuple(self._array.shape)
        self.dtype = self._array.dtype
        self.type = self._type()

    def _type(self) -> str:
        if self.dtype.kind == "T":
            return "text"
        if self.dtype.kind != "O":
            return type_name(self.dtype)
        filters = [codec.get("id") for codec in self._node.metadata.get("filters") or ()]
        names = {"vlen-utf8": "text", "vlen-bytes": "bytes"}
        if self._node.metadata.get("data_type") in ("bytes", "variable_length_bytes"):
            return "bytes"
        return next((names[name] for name in filters if name in names), "objects")

    def check_size(self) -> None:
        """Holds the declared size of the array, and of all that its chunks unpack to, against the limits.

        Raises:
            Unavailable: It expands to more than the limit for the size of the store, or a chunk to more than it has.
        """
        chunk = math.prod(chunk_shape(self._node.metadata)) * self._itemsize
        self._files.expansion.add(max(math.prod(self.shape) * self._itemsize, len(self._node.chunks) * chunk))
        fill = self._node.metadata.get("fill_value")
        if self.dtype.hasobject and isinstance(fill, (str, list)):  # any length, and it may stand in every place
            self._files.expansion.add(math.prod(self.shape) * len(fill))
        check_chunks(self._files, self._node, self._itemsize, self.dtype.hasobject)

    @property
    def _itemsize(self) -> int:
        return max(1, self.dtype.itemsize)

    def blocks(self) -> Iterator[Any]:
        """All values in C order, as arrays whose first axis is the array's, or of what is in one row of chunks."""
        if not self.shape:
            yield self._read(())
            return
        if not math.prod(self.shape):
            return
        row = math.prod(self.shape[1:]) * self._itemsize
        chunk = self._chunk_rows(row)
        for start in range(0, self.shape[0], self._rows(row, chunk)):
            stop = min(self.shape[0], start + self._rows(row, chunk))
            if (stop - start) * row > LARGEST and not self.dtype.hasobject:
                yield from self._spilled(start, stop)
            else:
                yield self._read(slice(start, stop))

    def whole(self) -> Any:
        """All values as one array."""
        return self._read(...)

    def _chunk_rows(self, row: int) -> int:
        """Rows of a shard where those fit into memory, otherwise of a chunk."""
        shards = self._array.shards
        if shards is not None and shards[0] * row <= LARGEST:
            return int(shards[0])
        return int(self._array.chunks[0])

    def _rows(self, row: int, chunk: int) -> int:
        return chunk * max(1, BLOCK // (row * chunk))

    def _read(self, selection: Any) -> Any:
        import numpy

        return numpy.asarray(self._array[selection])

    def _spilled(self, start: int, stop: int) -> Iterator[Any]:
        """A row of chunks that is too large for memory: decoded one after the other into a temporary file."""
        import numpy

        shape = (stop - start, *self.shape[1:])
        dtype = self.dtype.newbyteorder("=")
        with tempfile.TemporaryFile() as file:
            file.truncate(math.prod(shape) * dtype.itemsize)
            with _mapped(file, dtype, shape) as (values, forget):
                for place in self._places(shape, start):
                    inner = (slice(place[0].start - start, place[0].stop - start), *place[1:])
                    values[inner] = self._array[place]
                    forget()
                flat = values.reshape(-1)
                length = max(1, BLOCK // dtype.itemsize)
                for begin in range(0, flat.size, length):
                    yield numpy.array(flat[begin : begin + length])
                    forget()
                del flat, values

    def _places(self, shape: tuple[int, ...], start: int) -> Iterator[tuple[slice, ...]]:
        """Selections of some chunks each, within a row of chunks; what one of them gives fits into memory."""
        rows, lengths, steps = slice(start, start + shape[0]), shape[1:], self._steps(shape)
        for begins in itertools.product(*(range(0, length, step) for length, step in zip(lengths, steps, strict=True))):
            ends = [min(begin + step, end) for begin, step, end in zip(begins, steps, lengths, strict=True)]
            yield (rows, *map(slice, begins, ends))

    def _steps(self, shape: tuple[int, ...]) -> list[int]:
        """Along each axis but the first as many chunks as fit into memory: zarr decodes them side by side."""
        steps = [int(chunk) for chunk in self._array.chunks[1:]]
        size = shape[0] * math.prod(steps) * self._itemsize
        for axis in reversed(range(len(steps))):
            times = max(1, min(LARGEST // size, -(-shape[axis + 1] // steps[axis])))
            steps[axis] *= times
            size *= times
        return steps


@contextmanager
def _mapped(file: Any, dtype: Any, shape: tuple[int, ...]) -> Iterator[tuple[Any, Any]]:
    """A file as an array, and a function that frees the memory of what was touched of it."""
    import numpy

    mapped = mmap.mmap(file.fileno(), 0)
    values = numpy.frombuffer(mapped, dtype).reshape(shape)

    def forget() -> None:
        if hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)

    yield values, forget
