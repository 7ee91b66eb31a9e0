"""The values of a dataset, block by block in C order, whatever its chunks are.

Rules: memory is bounded by some blocks and one chunk. Each chunk is unpacked once, or twice at most: where its shape
is at odds with the order of the values (chunks of one column), the values go through a temporary file that is no
larger than one row of chunks.
"""

from __future__ import annotations

import itertools
import tempfile
from math import prod
from typing import NamedTuple

from provstore.formats.hdf5.files import CACHE, with_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.formats.hdf5.kinds import Kind

BLOCK = 1 << 23
"""Bytes that are read at a time."""
SPILLED = 1 << 25
"""The same, where values go through a file: fewer and larger parts."""
MOST_OBJECTS = 1 << 30
"""Bytes that values of any length in one block may take, were each as long as the file."""


class Box(NamedTuple):
    """A part of a dataset: its first corner and its shape."""

    start: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many values it has."""
        return prod(self.shape)

    def common(self, other: Box) -> Box | None:
        """What both have."""
        start = tuple(map(max, self.start, other.start))
        ends = [min(a + n, b + m) for a, n, b, m in zip(self.start, self.shape, other.start, other.shape, strict=True)]
        shape = tuple(end - first for first, end in zip(start, ends, strict=True))
        return Box(start, shape) if min(shape) > 0 else None

    def within(self, outer: Box) -> tuple[slice, ...]:
        """Where it lies in an array of the values of `outer`."""
        return tuple(slice(a - b, a - b + n) for a, b, n in zip(self.start, outer.start, self.shape, strict=True))


def blocks(dataset: Any, kind: Kind, file_size: int) -> Iterator[Any]:
    """The values of a dataset in C order, as arrays whose first axis counts them.

    An array of numbers is good until the next is asked for: its memory is used again.

    Args:
        dataset: Of h5py's low level.
        file_size: Bytes of the file, which no value of any length can exceed.
    """
    shape = dataset.shape
    if not prod(shape):
        return
    if not shape:
        yield read_box(dataset, kind, None, 1)
    elif not kind.is_flat:
        yield from _objects(dataset, kind, file_size)
    else:
        yield from _numbers(dataset, kind, Box((0,) * len(shape), tuple(shape)))


def read_box(dataset: Any, kind: Kind, box: Box | None, count: int, buffer: Any = None) -> Any:
    """Reads a part, or all (None), as an array of `count` values."""
    import numpy
    from h5py import h5s

    # HDF5 may leave memory as it is where nothing was written and no fill value is to be: then zeros count.
    found = numpy.zeros(count, kind.dtype) if buffer is None else buffer[:count]
    if box is None:
        dataset.read(h5s.ALL, h5s.ALL, found, kind.memory)
        return found
    space = dataset.get_space()
    space.select_hyperslab(box.start, box.shape)
    # Of the same shape in memory: HDF5 copies value by value where the shapes differ.
    dataset.read(h5s.create_simple(box.shape), space, found, kind.memory)
    return found


def chunk_of(dataset: Any) -> tuple[int, ...] | None:
    """The shape of a dataset's chunks; None where it has none."""
    from h5py import h5d

    properties = dataset.get_create_plist()
    return tuple(properties.get_chunk()) if properties.get_layout() == h5d.CHUNKED else None


def is_never_filled(dataset: Any) -> bool:
    """What was never written has no value: the dataset was made so, to save time."""
    from h5py import h5d

    return bool(dataset.get_create_plist().get_fill_time() == h5d.FILL_TIME_NEVER)


# --- order ------------------------------------------------------------------------------------------------


def cut(box: Box, most: int, chunk: tuple[int, ...] | None = None) -> tuple[int, int]:
    """How to cut a box into parts of at most `most` values that lie one after the other in C order.

    Returns:
        The axis that is cut, and how many indices of it make up a part, by whole chunks where that can be. Of all
        axes before it a part has one index.
    """
    inner = 1
    for axis in reversed(range(len(box.shape))):
        if inner * box.shape[axis] > most:
            rows = max(1, most // inner)
            return axis, rows - rows % chunk[axis] if chunk and rows >= chunk[axis] else rows
        inner *= box.shape[axis]
    return 0, box.shape[0]


def parts(box: Box, axis: int, rows: int) -> Iterator[Box]:
    """The parts of a box that was cut, in C order."""
    for before in itertools.product(
        *(range(first, first + n) for first, n in zip(box.start[:axis], box.shape, strict=False))
    ):
        for row in range(0, box.shape[axis], rows):
            length = min(rows, box.shape[axis] - row)
            yield Box(
                (*before, box.start[axis] + row, *box.start[axis + 1 :]),
                (*(1 for _ in before), length, *box.shape[axis + 1 :]),
            )


def times_unpacked(box: Box, chunk: tuple[int, ...], axis: int, rows: int) -> int:
    """How many parts of a box need a value of the same chunk."""
    before = prod(map(min, chunk[:axis], box.shape[:axis]))
    return before * -(-min(chunk[axis], box.shape[axis]) // rows)


# --- reading ----------------------------------------------------------------------------------------------


def _numbers(dataset: Any, kind: Kind, whole: Box) -> Iterator[Any]:
    """Values that numpy holds by itself."""
    import numpy

    chunk = chunk_of(dataset)
    most = max(1, BLOCK // kind.dtype.itemsize)
    if chunk is not None:
        # A row of chunks is read in one go where that is not too much, so that each is unpacked once.
        most = max(most, min(prod(chunk[:1]) * prod(whole.shape[1:]), 8 * most))
    axis, rows = cut(whole, most, chunk)
    if chunk is not None and times_unpacked(whole, chunk, axis, rows) > 2:
        for band in parts(whole, 0, chunk[0]):
            yield from _through_a_file(dataset, kind, band, chunk)
        return
    size = min(whole.size, rows * prod(whole.shape[axis + 1 :]))
    buffer = None if is_never_filled(dataset) else numpy.empty(size, kind.dtype)
    for part in parts(whole, axis, rows):
        yield read_box(dataset, kind, part, part.size, buffer)


def _objects(dataset: Any, kind: Kind, file_size: int) -> Iterator[Any]:
    """Values with Python objects: few at a time, for each may be long."""
    whole = Box((0,) * len(dataset.shape), tuple(dataset.shape))
    chunk = chunk_of(dataset)
    if chunk is not None:
        dataset = with_cache(dataset, max(CACHE, 2 * prod(chunk) * dataset.get_type().get_size()))
    most = max(256, min(MOST_OBJECTS // max(1, file_size), (BLOCK >> 3) // kind.dtype.itemsize))
    for part in parts(whole, *cut(whole, most)):
        yield read_box(dataset, kind, part, part.size)


def _through_a_file(dataset: Any, kind: Kind, band: Box, chunk: tuple[int, ...]) -> Iterator[Any]:
    """The values of a row of chunks, by a temporary file.

    They are read by whole chunks; what belongs to one block of the result is written to the file as it comes, and is
    gathered from there when all chunks have been read.
    """
    import numpy

    most = max(1, SPILLED // kind.dtype.itemsize)
    targets = list(parts(band, *cut(band, most)))
    pieces: list[list[tuple[int, Box]]] = [[] for _ in targets]
    with tempfile.TemporaryFile() as file:
        for source in _by_chunks(band, chunk, most):
            values = read_box(dataset, kind, source, source.size)
            values = values.reshape(*source.shape, *values.shape[1:])
            for target, found in zip(targets, pieces, strict=True):
                common = source.common(target)
                if common is not None:
                    found.append((file.tell(), common))
                    numpy.ascontiguousarray(values[common.within(source)]).tofile(file)
        for target, found in zip(targets, pieces, strict=True):
            yield _gathered(file, kind, target, found)


def _by_chunks(band: Box, chunk: tuple[int, ...], most: int) -> Iterator[Box]:
    """The parts of a box, each of whole chunks: as many along the last axes as make up `most` values, at least one."""
    shape = list(map(min, chunk, band.shape))
    for axis in reversed(range(len(shape))):
        times = max(1, most // prod(shape))
        shape[axis] = min(band.shape[axis], shape[axis] * times)
    corners = (range(a, a + n, step) for a, n, step in zip(band.start, band.shape, shape, strict=True))
    for start in itertools.product(*corners):
        ends = [a + n for a, n in zip(band.start, band.shape, strict=True)]
        yield Box(start, tuple(min(step, end - a) for a, step, end in zip(start, shape, ends, strict=True)))


def _gathered(file: Any, kind: Kind, target: Box, pieces: list[tuple[int, Box]]) -> Any:
    """A block of the result, from its pieces in the temporary file."""
    import numpy

    found = numpy.empty(target.shape, kind.dtype)
    inner = found.shape[len(target.shape) :]
    for place, box in pieces:
        file.seek(place)
        values = numpy.fromfile(file, found.dtype, box.size * prod(inner))
        found[box.within(target)] = values.reshape(*box.shape, *inner)
    return found.reshape(target.size, *inner)
