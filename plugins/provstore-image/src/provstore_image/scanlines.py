"""The pixels of a PNG file: what its compressed stream says, row by row.

Rules: a band of rows is in memory at a time (of an interlaced picture: all rows). Filters are undone by Pillow, on the
bytes of whole pixels, so that sixteen bits stay sixteen: Pillow alone would cut pictures in colour down to eight.

Source: Portable Network Graphics, third edition, sections 7 to 10.
"""

from __future__ import annotations

import zlib

from provstore.plugin import Unavailable
from provstore_image.chunks import PIECE, Header
from provstore_image.picture import BAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

    Places = list[tuple[int, int]]

PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Of an interlaced picture: first column and row, and the steps to the next ones."""
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}
"""Bytes of a pixel: a mode of Pillow whose pixels are as large."""
HALVES = {6: "RGB", 8: "RGBA"}
"""The same where Pillow has none: it reads the upper half of each sample, or the lower one."""


class Inflated:
    """What a compressed stream says, as many bytes as are asked for at a time.

    Args:
        file: In which it stands.
        places: Offset and length of each piece of it, in order.
    """

    def __init__(self, file: BinaryIO, places: Places) -> None:
        self._pieces = pieces(file, places)
        self._stream = zlib.decompressobj()

    def read(self, length: int) -> bytes:
        """The next bytes, exactly so many.

        Raises:
            Unavailable: The stream is damaged, or ends before.
        """
        parts = []
        while length:
            part = self._some(length)
            if not part and self._stream.eof:
                raise Unavailable("the pixels end too early")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def _some(self, length: int) -> bytes:
        data = self._stream.unconsumed_tail
        if not data and not self._stream.eof:
            data = next(self._pieces, b"")
            if not data:
                raise Unavailable("the pixels' stream is cut")
        try:
            return self._stream.decompress(data, length)
        except zlib.error as error:
            raise Unavailable(f"the pixels' stream is damaged: {error}") from error

    def finish(self) -> None:
        """Checks that nothing is left.

        Raises:
            Unavailable: There are more bytes than pixels.
        """
        while not self._stream.eof:
            if self._some(1):
                raise Unavailable("there are more pixels than the header says")
        if self._stream.unused_data or any(self._pieces):
            raise Unavailable("there is something behind the pixels' stream")


def pieces(file: BinaryIO, places: Places) -> Iterator[bytes]:
    """The bytes at some places of a file, in pieces of moderate size."""
    for offset, length in places:
        for start in range(offset, offset + length, PIECE):
            file.seek(start)
            piece = file.read(min(PIECE, offset + length - start))
            if not piece:
                raise Unavailable("the file is cut")
            yield piece


def samples(file: BinaryIO, places: Places, header: Header) -> Iterator[Any]:
    """The samples of a picture as bands of rows: arrays of (rows, columns, samples), of uint8 or uint16."""
    stream = Inflated(file, places)
    if header.is_interlaced:
        yield _interlaced(stream, header)
    else:
        yield from _rows(stream, header, header.width, header.height)
    stream.finish()


def _interlaced(stream: Inflated, header: Header) -> Any:
    import numpy

    whole = numpy.empty((header.height, header.width, header.samples), "u2" if header.bits == 16 else "u1")
    for column, row, across, down in PASSES:
        part = whole[row::down, column::across]
        if part.size:
            done = 0
            for band in _rows(stream, header, part.shape[1], part.shape[0]):
                part[done : done + len(band)] = band
                done += len(band)
    return whole


def _rows(stream: Inflated, header: Header, width: int, height: int) -> Iterator[Any]:
    """The rows of a picture, or of one pass of it."""
    bits = header.bits * header.samples
    length = (width * bits + 7) // 8
    previous = bytes(length)
    step = max(1, BAND // length)
    for start in range(0, height, step):
        rows = min(step, height - start)
        lines = _unfiltered(stream.read(rows * (length + 1)), previous, length, max(1, bits // 8))
        previous = lines[-1].tobytes()
        yield _unpacked(lines, width, header)


def _unfiltered(lines: bytes, previous: bytes, length: int, pixel: int) -> Any:
    """Rows of bytes without their filters.

    Pillow does it as part of reading compressed rows, so the rows are wrapped again as a stream (that does not
    compress), behind the row before them, on which the first filter builds.

    Args:
        lines: Rows, each with the number of its filter in front.
        previous: The row before them, without.
        length: Of a row, in bytes.
        pixel: Bytes of a pixel: a filter takes the difference to what lies so far to the left.
    """
    import numpy
    from PIL import Image

    rows = len(lines) // (length + 1)
    size = length // pixel, rows + 1
    data = zlib.compress(b"\0" + previous + lines, 0)
    try:
        if pixel in MODES:
            mode = MODES[pixel]
            return numpy.asarray(Image.frombytes(mode, size, data, "zip", mode, 0)).reshape(rows + 1, length)[1:]
        mode = HALVES[pixel]
        halves = [Image.frombytes(mode, size, data, "zip", f"{mode};16{half}", 0) for half in "BL"]
    except ValueError as error:
        raise Unavailable(f"the pixels are damaged: {error}") from error
    return numpy.stack([numpy.asarray(half) for half in halves], axis=-1).reshape(rows + 1, length)[1:]


def _unpacked(lines: Any, width: int, header: Header) -> Any:
    """Samples from rows of bytes; what is smaller than a byte is made one."""
    import numpy

    shape = len(lines), width, header.samples
    if header.bits == 16:
        return numpy.ascontiguousarray(lines).view(">u2").astype("u2").reshape(shape)
    if header.bits == 8:
        return lines.reshape(shape)
    bits = numpy.unpackbits(lines, axis=1).reshape(len(lines), -1, header.bits)[:, :width]
    weights = 1 << numpy.arange(header.bits - 1, -1, -1, dtype="u1")
    return (bits * weights).sum(axis=2, dtype="u1").reshape(shape)
