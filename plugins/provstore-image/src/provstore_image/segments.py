"""The pixels of a page of a TIFF file: its strips or tiles, decoded, as bands of rows.

Rules: a strip, or a row of tiles, is in memory at a time; what is not compressed is read in smaller bands. Every type
of sample stays as it is (Pillow alone would cut colours of sixteen bits down to eight, and float64 to float32). What
libtiff has to decode (LZW, fax, JPEG and others) is handed to Pillow strip by strip, as a small TIFF file of its own.

Source: TIFF 6.0, sections 7 to 15; Adobe Photoshop TIFF Technical Note 3 (floating point predictor).
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass

from provstore.plugin import Unavailable
from provstore_image.picture import BAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_image.tags import TagFile

NONE, JPEG = 1, 7
DEFLATE = {8, 32946}
FAX = {2, 3, 4}
BYTEWISE = {5: "LZW", 32773: "PackBits", 34925: "LZMA", 50000: "Zstandard"}
"""Compressions of bytes, whatever they are, that Pillow's libtiff undoes."""
PREDICTED = {5, 8, 32946, 34925, 50000}
"""Compressions that go with a predictor."""
REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the pixels of a page lie in the file.

    Attributes:
        width, height, samples: Of the page.
        bits, type: Of a sample; `type` is that of numpy which holds it, without byte order.
        compression, predictor, is_reversed: How a segment is packed; `is_reversed`: the lowest bit of a byte is first.
        is_planar: Each sample of a pixel has segments of its own.
        is_tiled, tile: Tiles and their columns and rows; strips are as wide as the page.
        offsets, counts: Where the segments are.
        order: Of bytes: "<" or ">".
        hints: Tags that the decoder of JPEG and fax data needs: the kind of samples, tables, options.
    """

    width: int
    height: int
    samples: int
    bits: int
    type: str
    compression: int
    predictor: int
    is_reversed: bool
    is_planar: bool
    is_tiled: bool
    tile: tuple[int, int]
    offsets: list[int]
    counts: list[int]
    order: str
    hints: dict[int, Any]

    @property
    def across(self) -> int:
        """Tiles beside each other."""
        return -(-self.width // self.tile[0])

    @property
    def down(self) -> int:
        """Tiles, or strips, below each other."""
        return -(-self.height // self.tile[1])

    @property
    def planes(self) -> int:
        """Sets of segments: one for each sample, or one for all."""
        return self.samples if self.is_planar else 1

    @property
    def together(self) -> int:
        """Samples of a pixel in one segment."""
        return 1 if self.is_planar else self.samples


def bands(file: TagFile, layout: Layout) -> Iterator[Any]:
    """The pixels of a page from the top, as arrays of (rows, columns, samples).

    Raises:
        Unavailable: A segment is missing, cut, or damaged, or packed in a way that is not known.
    """
    import numpy

    if len(layout.offsets) != len(layout.counts) or len(layout.offsets) < layout.across * layout.down * layout.planes:
        raise Unavailable(f"found {len(layout.offsets)} strips or tiles, expected more")
    if layout.compression == NONE and not layout.is_tiled and not layout.is_planar:
        yield from _plain_bands(file, layout)
        return
    for number in range(layout.down):
        rows = min(layout.tile[1], layout.height - number * layout.tile[1])
        planes = [_band(file, layout, plane, number, rows) for plane in range(layout.planes)]
        yield planes[0] if len(planes) == 1 else numpy.concatenate(planes, axis=2)


def _band(file: TagFile, layout: Layout, plane: int, number: int, rows: int) -> Any:
    """One row of tiles of a plane, or one strip."""
    import numpy

    first = (plane * layout.down + number) * layout.across
    parts = []
    for position in range(first, first + layout.across):
        columns, high = layout.tile[0], layout.tile[1] if layout.is_tiled else rows
        data = _segment(file, layout, position)
        parts.append(_samples(layout, data, high, columns)[:rows])
    whole = parts[0] if len(parts) == 1 else numpy.concatenate(parts, axis=1)
    return whole[:, : layout.width]


def _segment(file: TagFile, layout: Layout, position: int) -> bytes:
    offset, count = layout.offsets[position], layout.counts[position]
    if not offset or not count:
        raise Unavailable(f"the strip or tile {position} is not in the file")
    data = file.bytes_at(offset, count)
    return data.translate(REVERSED) if layout.is_reversed else data


def _plain_bands(file: TagFile, layout: Layout) -> Iterator[Any]:
    """Strips that are not compressed, in bands of moderate size."""
    length = (layout.width * layout.samples * layout.bits + 7) // 8
    step = max(1, BAND // length)
    for number in range(layout.down):
        rows = min(layout.tile[1], layout.height - number * layout.tile[1])
        if layout.counts[number] < rows * length:
            raise Unavailable(f"the strip {number} has {layout.counts[number]:,} bytes, expected {rows * length:,}")
        for row in range(0, rows, step):
            high = min(step, rows - row)
            data = file.bytes_at(layout.offsets[number] + row * length, high * length)
            data = data.translate(REVERSED) if layout.is_reversed else data
            yield _numbers(data, layout, high, layout.width)


# --- decoding ---------------------------------------------------------------------------------------------


def _samples(layout: Layout, data: bytes, rows: int, columns: int) -> Any:
    """A segment decoded, as an array of (rows, columns, samples)."""
    import numpy

    if layout.compression in {JPEG} | FAX:
        return _by_libtiff(layout, data, rows, columns)
    length = (columns * layout.together * layout.bits + 7) // 8
    data = _unpacked(layout.compression, data, rows, length)
    if layout.compression not in PREDICTED or layout.predictor == 1:
        return _numbers(data, layout, rows, columns)
    if layout.predictor == 2 and layout.bits in (8, 16, 32, 64) and layout.type[0] != "c":
        found = _numbers(data, layout, rows, columns)
        whole = found.view(f"u{found.itemsize}")
        return numpy.cumsum(whole, axis=1, dtype=whole.dtype).view(found.dtype)
    if layout.predictor == 3 and layout.type.startswith("float"):
        return _floats(data, layout, rows, columns)
    raise Unavailable(f"found the predictor {layout.predictor} for {layout.type}")


def _unpacked(compression: int, data: bytes, rows: int, length: int) -> bytes:
    """The bytes of a segment, as many as its rows have."""
    size = rows * length
    if compression in DEFLATE:
        try:
            found = zlib.decompressobj().decompress(data, size)
        except zlib.error as error:
            raise Unavailable(f"a strip or tile is damaged: {error}") from error
    elif compression in BYTEWISE:
        tags = {256: length, 257: rows, 258: 8, 259: compression, 262: 1, 277: 1, 278: rows}
        found = _decoded_by_pillow(tags, data).tobytes()
    elif compression == NONE:
        found = data[:size]
    else:
        raise Unavailable(f"the compression {compression} of TIFF is not known here")
    if len(found) != size:
        raise Unavailable(f"a strip or tile has {len(found):,} bytes, expected {size:,}")
    return found


def _numbers(data: bytes, layout: Layout, rows: int, columns: int) -> Any:
    """Samples from bytes; those that are no whole number of bytes are made the next larger type."""
    import numpy

    shape = rows, columns, layout.together
    kind: Any = numpy.dtype(layout.type)
    if layout.bits == 8 * kind.itemsize:
        return numpy.frombuffer(data, kind.newbyteorder(layout.order)).astype(kind, copy=False).reshape(shape)
    bits = numpy.unpackbits(numpy.frombuffer(data, "u1").reshape(rows, -1), axis=1)
    bits = bits[:, : columns * layout.together * layout.bits].reshape(*shape, layout.bits)
    found = numpy.zeros(shape, kind)
    for position in range(layout.bits):
        found = (found << 1) | bits[..., position]
    return found.astype(kind)


def _floats(data: bytes, layout: Layout, rows: int, columns: int) -> Any:
    """Floating point numbers whose bytes stand apart, the highest of all numbers first, as differences."""
    import numpy

    kind = numpy.dtype(layout.type)
    lines = numpy.frombuffer(data, "u1").reshape(rows, -1, layout.together)
    lines = numpy.cumsum(lines, axis=1, dtype="u1").reshape(rows, kind.itemsize, -1)
    whole = numpy.ascontiguousarray(lines.transpose(0, 2, 1)).view(kind.newbyteorder(">"))
    return whole.astype(kind).reshape(rows, columns, layout.together)


def _by_libtiff(layout: Layout, data: bytes, rows: int, columns: int) -> Any:
    """A segment of JPEG or fax data."""
    import numpy

    if layout.bits != (1 if layout.compression in FAX else 8):
        raise Unavailable(f"found samples of {layout.bits} bits in the compression {layout.compression}")
    tags = {256: columns, 257: rows, 258: [layout.bits] * layout.together, 259: layout.compression,
            277: layout.together, 278: rows, **layout.hints}  # fmt: skip
    found = numpy.asarray(_decoded_by_pillow(tags, data)).astype("u1", copy=False)
    if found.size != rows * columns * layout.together:
        raise Unavailable("a strip or tile has another number of samples than its page")
    return found.reshape(rows, columns, layout.together)


def _decoded_by_pillow(tags: dict[int, Any], data: bytes) -> Any:
    """A small picture, from a TIFF file that is made for it of these tags and one strip."""
    from PIL import Image

    file = _small_file(tags, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(io.BytesIO(file), formats=["TIFF"])
            image.load()
        except Exception as error:  # Pillow and libtiff raise what they like
            raise Unavailable(f"a strip or tile can't be decoded: {error}") from error
    return image


def _small_file(tags: dict[int, Any], data: bytes) -> bytes:
    """A TIFF file of one strip."""
    tags = {**tags, 273: 8, 279: len(data)}
    entries, more = [], b""
    start = 8 + len(data) + len(data) % 2
    behind = start + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        value = tags[tag]
        if isinstance(value, bytes):
            kind, count, packed = 7, len(value), value
        else:
            values = value if isinstance(value, list) else [value]
            kind, count, packed = 4, len(values), struct.pack(f"<{len(values)}I", *values)
            if tag in (258, 259, 262, 277, 338, 530):
                kind, packed = 3, struct.pack(f"<{len(values)}H", *values)
        if len(packed) > 4:
            where = behind + len(more)
            more += packed + b"\0" * (len(packed) % 2)
            packed = struct.pack("<I", where)
        entries.append(struct.pack("<HHI4s", tag, kind, count, packed))
    head = b"II*\0" + struct.pack("<I", start) + data + b"\0" * (len(data) % 2)
    return head + struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4) + more
