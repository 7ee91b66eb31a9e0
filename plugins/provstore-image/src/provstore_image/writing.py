"""Pictures from arrays: PNG and TIFF files of any type of samples that the formats have.

Pillow writes pictures of its own; for arrays it has no colours of sixteen bits, and no float64.
"""

from __future__ import annotations

import struct
import zlib

from provstore_image.chunks import SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, BinaryIO

COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""Samples of a pixel: colour type of PNG."""
STRIP = 1 << 18
"""Bytes of a strip of TIFF before it is compressed."""


def as_pixels(values: Any) -> Any:
    """An array of (rows, columns) as one of (rows, columns, samples).

    Raises:
        TypeError: It has another shape, or no pixels.
    """
    values = values[:, :, None] if values.ndim == 2 else values
    if values.ndim != 3 or not values.size:
        raise TypeError(
            f"found an array of the shape {values.shape}, expected (rows, columns) or (rows, columns, samples)"
        )
    return values


def write_png(values: Any, file: BinaryIO) -> None:
    """Writes uint8, uint16 or bool, of one to four samples: grey, grey and alpha, RGB, RGBA.

    Raises:
        TypeError: The array is something else.
    """
    import numpy

    values = as_pixels(values)
    rows, columns, samples = values.shape
    name = values.dtype.name
    bits = {"bool": 1, "uint8": 8, "uint16": 16}.get(name)
    if bits is None or samples not in COLOURS or (bits == 1 and samples > 1):
        raise TypeError(f"found {samples} samples of {name} for a pixel, which PNG does not have")
    file.write(SIGNATURE)
    _chunk(file, b"IHDR", struct.pack(">IIBBBBB", columns, rows, bits, COLOURS[samples], 0, 0, 0))
    stream = zlib.compressobj(6)
    above = numpy.zeros(0, "u1")
    for row in values:
        line = numpy.packbits(row[:, 0]) if bits == 1 else row.astype(f">u{bits // 8}").reshape(-1).view("u1")
        filtered = b"\2" + (line - above).tobytes() if above.size else b"\0" + line.tobytes()
        above = line
        _chunk(file, b"IDAT", stream.compress(filtered))
    _chunk(file, b"IDAT", stream.flush())
    _chunk(file, b"IEND", b"")


def _chunk(file: BinaryIO, name: bytes, content: bytes) -> None:
    if not content and name == b"IDAT":
        return
    file.write(struct.pack(">I", len(content)) + name + content)
    file.write(struct.pack(">I", zlib.crc32(content, zlib.crc32(name))))


def write_tiff(values: Any, file: BinaryIO) -> None:
    """Writes a page, or pages as an array of (pages, rows, columns, samples), of any type of numbers, as BigTIFF.

    Raises:
        TypeError: The array is something else.
    """
    pages = values if values.ndim == 4 else [as_pixels(values)]
    if not len(pages) or not values.size:
        raise TypeError("found no pages")
    kind = {"u": 1, "b": 1, "i": 2, "f": 3, "c": 6}.get(values.dtype.kind)
    if kind is None or values.dtype.itemsize > 16 or values.dtype.name in ("float128", "longdouble"):
        raise TypeError(f"found an array of {values.dtype.name}, which TIFF does not have")
    file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16))
    for number, page in enumerate(pages):
        _page(file, page, kind, is_last=number == len(pages) - 1)


def _page(file: BinaryIO, page: Any, kind: int, *, is_last: bool) -> None:
    """A directory of fixed length, the lists that it points to, and the pixels."""
    rows, columns, samples = page.shape
    page = page.astype("u1") * 255 if page.dtype.kind == "b" else page
    high = max(1, STRIP // (columns * samples * page.dtype.itemsize))
    strips = -(-rows // high)
    extra = samples - (3 if samples in (3, 4) else 1)
    lists = {258: (3, [8 * page.dtype.itemsize] * samples), 339: (3, [kind] * samples), 273: (16, [0] * strips),
             279: (16, [0] * strips), **({338: (3, [0 if samples > 4 else 2] * extra)} if extra else {})}  # fmt: skip
    tags = {256: (4, [columns]), 257: (4, [rows]), 259: (3, [8]), 262: (3, [2 if samples in (3, 4) else 1]),
            277: (3, [samples]), 278: (4, [high]), **lists}  # fmt: skip
    start = file.tell()
    file.write(bytes(_length(tags)))
    for number in range(strips):
        data = zlib.compress(
            page[number * high : (number + 1) * high].astype(page.dtype.newbyteorder("<")).tobytes(), 6
        )
        tags[273][1][number], tags[279][1][number] = file.tell(), len(data)
        file.write(data)
    file.write(b"\0" * (-file.tell() % 8))
    end = file.tell()
    file.seek(start)
    file.write(_directory(tags, start, 0 if is_last else end))
    file.seek(end)


def _length(tags: dict[int, tuple[int, list[int]]]) -> int:
    """Of a directory and its lists."""
    lists = sum(-(-_size(*entry) // 8) * 8 for entry in tags.values() if _size(*entry) > 8)
    return 8 + 20 * len(tags) + 8 + lists


def _size(kind: int, values: list[int]) -> int:
    return {3: 2, 4: 4, 16: 8}[kind] * len(values)


def _directory(tags: dict[int, tuple[int, list[int]]], start: int, following: int) -> bytes:
    entries, more = b"", b""
    behind = start + 8 + 20 * len(tags) + 8
    for tag in sorted(tags):
        kind, values = tags[tag]
        packed = struct.pack(f"<{len(values)}{ {3: 'H', 4: 'I', 16: 'Q'}[kind] }", *values)
        packed += b"\0" * (-len(packed) % 8)
        if len(packed) > 8:
            where, more = behind + len(more), more + packed
            packed = struct.pack("<Q", where)
        entries += struct.pack("<HHQ8s", tag, kind, len(values), packed)
    return struct.pack("<Q", len(tags)) + entries + struct.pack("<Q", following) + more
