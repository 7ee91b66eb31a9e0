"""PNG pictures.

Rules. What counts: size, kind of samples (grey, grey and alpha, RGB, RGBA, palette) and their bits; the pixels, of a
palette picture the colours that it shows, with their transparency; every chunk that changes what they mean: gamma and
colour space (gAMA, cHRM, sRGB, cICP, iCCP, mDCV, cLLI), tRNS, sBIT, bKGD, pHYs, EXIF data; frames, delays and the
other rules of an animation; texts, and chunks that PNG does not know.

What does not: compression, filters, interlacing, how the stream is cut into chunks, their order; order, unused colours
and bits of a palette; how a text is packed (tEXt, zTXt, iTXt); the time of the last change (tIME), and texts that say
by what and when the file was written (`WRITTEN_BY`): matplotlib and others write them into every figure.

Source: Portable Network Graphics, third edition, section 11.
"""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from provstore.plugin import Expansion, Unavailable
from provstore_image.chunks import PALETTE, Chunk, Header, header, scan, unpacked
from provstore_image.exif import read_exif
from provstore_image.picture import Frame, Picture
from provstore_image.scanlines import samples

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGBA"}
TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
WRITTEN_BY = {
    "software": "software",
    "creation time": "time",
    "date:create": "time",
    "date:modify": "time",
    "date:timestamp": "time",
}
"""Keywords, in lower case, of texts that do not count: by what and when the file was written."""
NUMBERS = {b"gAMA": ">I", b"cHRM": ">8I", b"sRGB": ">B", b"cICP": ">4B", b"pHYs": ">IIB", b"mDCV": ">8H2I",
           b"cLLI": ">2I", b"acTL": ">II"}  # fmt: skip
"""Chunks that are a few numbers."""
PICTURE = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fdAT"}
"""Chunks that are the picture itself."""
HANDLED = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"fcTL", b"fdAT", b"tIME", *TEXTS}
"""Chunks that are no metadata as they are."""


class Animated(NamedTuple):
    """A frame of an animation: its header, where its pixels are, and the rules for showing it."""

    header: Header
    places: list[tuple[int, int]]
    rules: dict[str, Any]


def open_png(file: BinaryIO, size: int, *, is_whole: bool = True) -> Picture:
    """What a PNG file says. Pixels are read when they are asked for; the file stays open for that.

    Args:
        file: At its start.
        size: Of the file in bytes.
        is_whole: Check all of the file first; otherwise only what stands beside the pixels.

    Raises:
        Unavailable: It is damaged, or expands too far.
    """
    chunks = scan(file, size, is_whole=is_whole)
    head = header(chunks)
    expansion = Expansion(size, "the picture")
    texts, written_by = _texts(chunks, expansion)
    metadata = _metadata(chunks, head, expansion)
    if texts:
        metadata["texts"] = texts
    frames = [_frame(file, *part, chunks) for part in _parts(chunks, head)]
    for frame in frames:
        expansion.add(frame.shape[0] * frame.shape[1] * frame.shape[2] * (2 if frame.type == "uint16" else 1))
    return Picture(frames=frames, metadata=metadata, storage={**_storage(chunks, head), **written_by})


# --- pixels -----------------------------------------------------------------------------------------------


def _parts(chunks: list[Chunk], head: Header) -> list[Animated]:
    """The picture itself, and the frames of an animation behind it."""
    first = [(chunk.offset, chunk.length) for chunk in chunks if chunk.name == b"IDAT"]
    parts = [Animated(head, first, {})]
    if not any(chunk.name == b"acTL" for chunk in chunks):
        return parts
    is_first, number = True, 0
    for chunk in chunks:
        if chunk.name in (b"fcTL", b"fdAT"):
            found = struct.unpack(">I", chunk.content[:4])[0] if len(chunk.content) >= 4 else -1
            if found != number:
                raise Unavailable(f"the animation's chunk {number} is missing")
            number += 1
        if chunk.name == b"fcTL":
            rules, frame_head = _rules(chunk, head)
            if is_first:
                parts[0] = Animated(head, first, {"animation": rules})
            else:
                parts.append(Animated(frame_head, [], {"animation": rules}))
        elif chunk.name == b"fdAT":
            if len(parts) < 2:
                raise Unavailable("the animation has pixels without a frame")
            parts[-1].places.append((chunk.offset + 4, chunk.length - 4))
        is_first = is_first and chunk.name != b"IDAT"
    return parts


def _rules(chunk: Chunk, head: Header) -> tuple[dict[str, Any], Header]:
    """Where and for how long a frame is shown, and its size."""
    if len(chunk.content) != 26:
        raise Unavailable(f"a frame's rules have {len(chunk.content)} bytes, expected 26")
    _, width, height, left, top, over, under, disposal, blending = struct.unpack(">5I2H2B", chunk.content)
    if not (0 < width <= head.width - left and 0 < height <= head.height - top):
        raise Unavailable("a frame of the animation is larger than the picture")
    delay = Fraction(over, under or 100)
    rules = {"place": [left, top], "delay": [delay.numerator, delay.denominator], "disposal": disposal}
    return {**rules, "blending": blending}, head._replace(width=width, height=height)


def _frame(file: BinaryIO, head: Header, places: list[tuple[int, int]], rules: dict[str, Any], all_: Any) -> Frame:
    facts = {"colours": COLOURS[head.colour]}
    if head.colour == PALETTE:
        bands = partial(_coloured, file, places, head, _palette(all_))
        return Frame(shape=(head.height, head.width, 4), type="uint8", facts=facts, metadata=rules, bands=bands)
    return Frame(
        shape=(head.height, head.width, head.samples),
        type="uint16" if head.bits == 16 else "uint8",
        facts={**facts, "bits": head.bits},
        metadata=rules,
        bands=partial(samples, file, places, head),
    )


def _palette(chunks: list[Chunk]) -> bytes:
    """The colours of a palette, four bytes each: red, green, blue, alpha."""
    by_name = {chunk.name: chunk.content for chunk in chunks}
    colours, alpha = by_name.get(b"PLTE", b""), by_name.get(b"tRNS", b"")
    count = len(colours) // 3
    if not 0 < count <= 256 or len(colours) % 3 or len(alpha) > count:
        raise Unavailable("the palette is damaged")
    alpha = alpha.ljust(count, b"\xff")
    return b"".join(colours[3 * place : 3 * place + 3] + alpha[place : place + 1] for place in range(count))


def _coloured(file: BinaryIO, places: list[tuple[int, int]], head: Header, palette: bytes) -> Iterator[Any]:
    """The pixels of a palette picture as colours."""
    import numpy

    colours = numpy.frombuffer(palette, "u1").reshape(-1, 4)
    for band in samples(file, places, head):
        if band.max() >= len(colours):
            raise Unavailable("a pixel has a colour that the palette does not have")
        yield colours[band[:, :, 0]]


# --- beside the pixels ------------------------------------------------------------------------------------


def _metadata(chunks: list[Chunk], head: Header, expansion: Expansion) -> dict[str, Any]:
    """What chunks say of the pixels, by name."""
    found: dict[str, Any] = {}
    palette = _palette(chunks) if head.colour == PALETTE else b""
    for chunk in chunks:
        name = chunk.name.decode("latin-1")
        if chunk.name in HANDLED or (palette and chunk.name == b"tRNS"):
            continue
        if chunk.name == b"bKGD" and palette and chunk.content[0] < len(palette) // 4:
            found[name] = [*palette[4 * chunk.content[0] :][:3]]
        elif chunk.name in NUMBERS and struct.calcsize(NUMBERS[chunk.name]) == len(chunk.content):
            found[name] = [*struct.unpack(NUMBERS[chunk.name], chunk.content)]
        elif chunk.name == b"iCCP":
            label, _, packed = chunk.content.partition(b"\0")
            found[name] = [label, unpacked(packed[1:], "the colour profile", expansion)]
        elif chunk.name == b"eXIf":
            found[name] = read_exif(chunk.content)[0]
        else:
            found.setdefault(name, []).append(chunk.content)
    return found


def _texts(chunks: list[Chunk], expansion: Expansion) -> tuple[dict[str, Any], dict[str, str]]:
    """The texts by keyword, and those that say by what and when the file was written."""
    texts: dict[str, list[Any]] = {}
    written_by: dict[str, str] = {}
    for chunk in chunks:
        if chunk.name not in TEXTS:
            continue
        keyword, value = _text(chunk, expansion)
        what = WRITTEN_BY.get(keyword.lower())
        if what:
            written_by[what] = str(value)
        else:
            texts.setdefault(keyword, []).append(value)
    return texts, written_by


def _text(chunk: Chunk, expansion: Expansion) -> tuple[str, Any]:
    """Keyword and text; of a text in a named language a list of that, the keyword in it, and the text."""
    key, _, rest = chunk.content.partition(b"\0")
    keyword = key.decode("latin-1")
    what = f"the text {keyword!r}"
    if chunk.name == b"tEXt":
        return keyword, rest.decode("latin-1")
    if chunk.name == b"zTXt":
        return keyword, unpacked(rest[1:], what, expansion).decode("latin-1")
    language, _, more = rest[2:].partition(b"\0")
    translated, _, data = more.partition(b"\0")
    if rest[:1] == b"\1":
        data = unpacked(data, what, expansion)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Unavailable(f"{what} is no UTF-8") from error
    return keyword, [language, translated, text] if language or translated else text


def _storage(chunks: list[Chunk], head: Header) -> dict[str, str]:
    """How the file is laid down."""
    stream = [chunk for chunk in chunks if chunk.name in (b"IDAT", b"fdAT")]
    counted = [chunk for chunk in chunks if chunk.name != b"tIME" and _keyword(chunk) not in WRITTEN_BY]
    found = {
        "compression": f"{sum(chunk.length for chunk in stream):,} bytes, CRC {_crc(stream):08x}",
        "interlacing": "Adam7" if head.is_interlaced else "none",
        "chunks": " ".join(_names(counted)),
        "bytes of metadata": f"CRC {_crc([chunk for chunk in counted if chunk.name not in PICTURE]):08x}",
    }
    if head.colour == PALETTE:
        colours = len(_palette(chunks)) // 4
        found["palette"] = f"{colours} colours of {head.bits} bits"
    for chunk in chunks:
        if chunk.name == b"tIME" and len(chunk.content) == 7:
            found["time of last change"] = "{}-{:02}-{:02} {:02}:{:02}:{:02}".format(
                *struct.unpack(">H5B", chunk.content)
            )
        if chunk.name == b"eXIf":
            found.update(read_exif(chunk.content)[1])
    return found


def _crc(chunks: list[Chunk]) -> int:
    found = 0
    for chunk in chunks:
        found = zlib.crc32(chunk.crc, found)
    return found


def _keyword(chunk: Chunk) -> str:
    """The keyword of a text, in lower case; "" for other chunks."""
    return chunk.content.partition(b"\0")[0].decode("latin-1").lower() if chunk.name in TEXTS else ""


def _names(chunks: list[Chunk]) -> Iterator[str]:
    """The names of chunks in order, with their number where many follow each other."""
    previous, count = b"", 0
    for name in [*(chunk.name for chunk in chunks), b""]:
        if name == previous:
            count += 1
            continue
        if previous:
            yield previous.decode("latin-1") + (f"×{count}" if count > 1 else "")
        previous, count = name, 1
