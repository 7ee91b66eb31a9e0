"""A small grey picture of an image, written as PNG by hand."""

from __future__ import annotations

import struct
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore_fits.images import Image

LONGEST = 256
"""Pixels of the longer side."""
MOST_READ = 1 << 26
"""Pixels that are decoded at most; beyond them, only the first part of the image is shown."""


def picture_of(image: Image) -> bytes | None:
    """The first plane of an image, every n-th pixel, north (the last row) up; None for what is no plane.

    Grey values are stretched by the inverse hyperbolic sine between two percentiles, as astronomers do to see faint and
    bright things at once.
    """
    import numpy

    if len(image.shape) < 2 or 0 in image.shape:
        return None
    height, width = image.shape[-2:]
    height = max(1, min(height, MOST_READ // width))
    step = max(1, -(-max(height, width) // LONGEST))
    plane = _thinned(image, height, width, step)
    if plane is None:
        return None
    finite = plane[numpy.isfinite(plane)]
    if not finite.size:
        return _png(numpy.zeros(plane.shape, "u1"))
    low, high = numpy.percentile(finite, [1, 99.5])
    scaled = numpy.clip((plane - low) / ((high - low) or 1.0), 0, 1)
    grey = numpy.arcsinh(10 * scaled) / numpy.arcsinh(10)
    return _png((numpy.nan_to_num(grey) * 255).astype("u1")[::-1])


def _thinned(image: Image, height: int, width: int, step: int) -> Any:
    """Every n-th row and column of the first plane as float64; pixels are read from the front and dropped."""
    import numpy

    wanted = numpy.arange(0, height, step)
    columns = numpy.arange(0, width, step)
    indices = (wanted[:, None] * width + columns[None, :]).reshape(-1)
    found = numpy.full(indices.size, numpy.nan)
    done = 0
    for block in image.blocks():
        first, last = numpy.searchsorted(indices, [done, done + block.size])
        found[first:last] = block[indices[first:last] - done]
        done += block.size
        if done >= height * width:
            break
    return found.reshape(wanted.size, columns.size)


def _png(grey: Any) -> bytes:
    """A picture of one byte for each pixel."""
    height, width = grey.shape
    rows = b"".join([b"\0" + row.tobytes() for row in grey])
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
