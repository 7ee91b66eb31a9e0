"""The chunks of a PNG file: found, checked, and those beside the pixels read.

Rules: what is damaged is refused: a wrong CRC, a cut file, a critical chunk that is unknown, a chunk twice that may be
there once, pixels in two places, anything but zeros behind the end.

Source: Portable Network Graphics, third edition, sections 5 and 11.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from provstore.plugin import Expansion, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Colour type: samples of a pixel."""
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Colour type: bits of a sample."""
PALETTE = 3
"""The colour type whose samples are places in a palette."""
MANY = {b"IDAT", b"fdAT", b"fcTL", b"tEXt", b"zTXt", b"iTXt", b"sPLT"}
"""Chunks of which there may be more than one, beside those that PNG does not know."""
ONE = {b"IHDR", b"PLTE", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI",
       b"bKGD", b"hIST", b"pHYs", b"eXIf", b"tIME", b"acTL"}  # fmt: skip
LARGEST = 1 << 26
"""Bytes of a chunk beside the pixels, at most."""
PIECE = 1 << 20
"""Bytes read in one go."""
CHUNKS = 1_000_000
"""Chunks of a file, at most."""


class Header(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    bits: int
    colour: int
    is_interlaced: bool

    @property
    def samples(self) -> int:
        """Samples of a pixel, before a palette is applied."""
        return SAMPLES[self.colour]


class Chunk(NamedTuple):
    """A chunk: its name, where its content is, and that, which for pixels stays in the file; its CRC as written."""

    name: bytes
    offset: int
    length: int
    content: bytes
    crc: bytes


def scan(file: BinaryIO, size: int, *, is_whole: bool) -> list[Chunk]:
    """All chunks of a PNG file in order.

    Args:
        file: At its start.
        size: Of the file in bytes.
        is_whole: Check the pixels' chunks too, which reads the whole file.

    Raises:
        Unavailable: It is damaged, or is no PNG.
    """
    if file.read(8) != SIGNATURE:
        raise Unavailable("no PNG: it does not start as one")
    found: list[Chunk] = []
    while not found or found[-1].name != b"IEND":
        found.append(_chunk(file, size, is_whole))
        if len(found) > CHUNKS:
            raise Unavailable(f"more than {CHUNKS:,} chunks")
    _check_end(file)
    _check_order([chunk.name for chunk in found])
    return found


def _chunk(file: BinaryIO, size: int, is_whole: bool) -> Chunk:
    start = file.tell()
    length, name = struct.unpack(">I4s", _exactly(file, 8))
    shown = name.decode("latin-1")
    offset = start + 8
    if offset + length + 4 > size:
        raise Unavailable(f"the file is cut in the chunk {shown!r} at {start:,}")
    if name in (b"IDAT", b"fdAT"):
        content = file.read(4) if name == b"fdAT" and length >= 4 else b""
        if not is_whole:
            file.seek(offset + length)
            return Chunk(name, offset, length, content, _exactly(file, 4))
        file.seek(offset)
        found = _crc(file, name, length)
    elif length > LARGEST:
        raise Unavailable(f"the chunk {shown!r} at {start:,} has {length:,} bytes, the limit is {LARGEST:,}")
    else:
        content = _exactly(file, length)
        found = zlib.crc32(content, zlib.crc32(name))
    crc = _exactly(file, 4)
    if found != int.from_bytes(crc, "big"):
        raise Unavailable(f"the chunk {shown!r} at {start:,} is damaged: its CRC is wrong")
    return Chunk(name, offset, length, content, crc)


def _crc(file: BinaryIO, name: bytes, length: int) -> int:
    found = zlib.crc32(name)
    while length:
        piece = _exactly(file, min(length, PIECE))
        found = zlib.crc32(piece, found)
        length -= len(piece)
    return found


def _exactly(file: BinaryIO, length: int) -> bytes:
    data = file.read(length)
    if len(data) != length:
        raise Unavailable("the file is cut: it has no end chunk")
    return data


def _check_end(file: BinaryIO) -> None:
    while piece := file.read(PIECE):
        if piece.strip(b"\0"):
            raise Unavailable("there is something behind the end of the picture")


def _check_order(names: list[bytes]) -> None:
    if names[0] != b"IHDR":
        raise Unavailable(f"the first chunk is {names[0].decode('latin-1')!r}, expected 'IHDR'")
    for name in ONE:
        if names.count(name) > 1:
            raise Unavailable(f"the chunk {name.decode()!r} is there {names.count(name)} times")
    for name in set(names) - ONE - MANY:
        if name[:1].isupper() or not name.isalpha():
            raise Unavailable(f"the chunk {name.decode('latin-1')!r} is not known, and needed to read the picture")
    if b"IDAT" not in names:
        raise Unavailable("there are no pixels")
    first = names.index(b"IDAT")
    if set(names[first : first + names.count(b"IDAT")]) != {b"IDAT"}:
        raise Unavailable("the pixels' chunks do not follow each other")
    if b"PLTE" in names[first:] or b"tRNS" in names[first:]:
        raise Unavailable("the palette stands behind the pixels")


def header(chunks: list[Chunk]) -> Header:
    """What the first chunk says.

    Raises:
        Unavailable: No PNG has that.
    """
    content = chunks[0].content
    if len(content) != 13:
        raise Unavailable(f"the header has {len(content)} bytes, expected 13")
    width, height, bits, colour, method, filters, interlacing = struct.unpack(">IIBBBBB", content)
    if bits not in DEPTHS.get(colour, ()) or method or filters or interlacing > 1:
        raise Unavailable(f"the header is none of PNG: colour type {colour}, {bits} bits, interlacing {interlacing}")
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31):
        raise Unavailable(f"the header says {width}×{height} pixels")
    return Header(width, height, bits, colour, bool(interlacing))


def unpacked(data: bytes, what: str, expansion: Expansion) -> bytes:
    """What a short compressed text or profile says.

    Raises:
        Unavailable: It is damaged, or grows beyond a limit.
    """
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(data, LARGEST)
    except zlib.error as error:
        raise Unavailable(f"{what} is damaged: {error}") from error
    if not stream.eof:
        raise Unavailable(f"{what} is cut, or has more than {LARGEST:,} bytes")
    expansion.add(len(found))
    return found
