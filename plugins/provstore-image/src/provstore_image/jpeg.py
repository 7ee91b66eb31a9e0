"""JPEG pictures.

Rules. What counts: size, kind of samples, the pixels as libjpeg decodes them; resolution (JFIF), colour profile (ICC),
EXIF data with orientation, place and time of the photograph, XMP, comments, and application data of other kinds.

What does not: Huffman tables and their optimisation, progressive or not, restart markers, sampling and quantisation
where the pixels are the same; byte order and layout of EXIF data; by what and when the file was written (Software,
DateTime, see `tags.WRITTEN_BY`); the version of JFIF.

Decoders may round differently: on a machine with another libjpeg equal files may get another digest, never different
ones the same.

Source: ITU-T T.81, annex B; ITU-T T.871 (JFIF).
"""

from __future__ import annotations

import re
import struct
import zlib
from functools import partial
from typing import NamedTuple

from provstore.plugin import Expansion, Unavailable
from provstore_image.exif import read_exif
from provstore_image.picture import BAND, Frame, Picture

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

SOI, EOI, SOS, COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
FRAMES = {0xC0: "baseline", 0xC1: "sequential", 0xC2: "progressive", 0xC9: "arithmetic", 0xCA: "arithmetic progressive"}
"""Markers that begin a frame, and what it is."""
REFUSED = {0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF}
"""Those of lossless and hierarchical frames, which libjpeg does not read."""
MARKER = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""The next marker behind compressed data."""
COLOURS = {1: ("grey", "L", "L"), 3: ("RGB", "RGB", "RGB"), 4: ("CMYK", "CMYK", "CMYK;I")}
"""Samples of a pixel: what they are, Pillow's mode, and the order in which libjpeg gives them."""
EXIF, XMP, MORE_XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
ICC, ADOBE = b"ICC_PROFILE\0", b"Adobe"


class Segment(NamedTuple):
    """A marker and what it holds."""

    marker: int
    content: bytes


def segments(data: bytes) -> tuple[list[Segment], list[bytes]]:
    """The segments of a JPEG file, and its compressed data, one for each scan.

    Raises:
        Unavailable: It is damaged, or cut, or has something behind its end.
    """
    if data[:3] != b"\xff\xd8\xff":
        raise Unavailable("no JPEG: it does not start as one")
    found: list[Segment] = []
    scans: list[bytes] = []
    place = 2
    while True:
        place, marker = _marker(data, place)
        if marker == EOI:
            break
        length = struct.unpack(">H", data[place : place + 2].ljust(2, b"\0"))[0]
        if length < 2 or place + length > len(data):
            raise Unavailable(f"the file is cut at {place:,}")
        found.append(Segment(marker, data[place + 2 : place + length]))
        place += length
        if marker == SOS:
            behind = MARKER.search(data, place)
            if behind is None:
                raise Unavailable("the file is cut in its pixels")
            scans.append(data[place : behind.start()])
            place = behind.start()
    if data[place:].strip(b"\0"):
        raise Unavailable("there is something behind the end of the picture")
    return found, scans


def _marker(data: bytes, place: int) -> tuple[int, int]:
    """The marker at a place, and the place behind it."""
    start = place
    while data[place : place + 1] == b"\xff":
        place += 1
    if place == start or place >= len(data):
        raise Unavailable(f"the file is cut or damaged at {start:,}: a marker is missing")
    return place + 1, data[place]


def open_jpeg(data: bytes) -> Picture:
    """What a JPEG file says; pixels are decoded when they are asked for.

    Raises:
        Unavailable: It is damaged, of a kind that libjpeg does not read, or expands too far.
    """
    found, scans = segments(data)
    marker, (height, width, samples) = _size(found)
    if samples not in COLOURS or not width or not height or not scans:
        raise Unavailable(f"the header says {width}×{height} pixels of {samples} samples")
    Expansion(len(data), "the picture").add(width * height * samples)
    has_adobe = any(part.marker == 0xEE and part.content.startswith(ADOBE) for part in found)
    metadata, storage = _metadata(found)
    storage["encoding"] = f"{FRAMES[marker]}, scans of {sum(map(len, scans)):,} bytes, {_crc(scans)}"
    storage["tables"] = _crc([part.content for part in found if part.marker in (0xDB, 0xC4, marker)])
    frame = Frame(
        shape=(height, width, samples),
        type="uint8",
        facts={"colours": COLOURS[samples][0]},
        bands=partial(_bands, data, (width, height), samples, has_adobe),
    )
    return Picture(frames=[frame], metadata=metadata, storage=storage)


def _crc(parts: list[bytes]) -> str:
    found = 0
    for part in parts:
        found = zlib.crc32(part, found)
    return f"CRC {found:08x}"


def _size(found: list[Segment]) -> tuple[int, tuple[int, int, int]]:
    """The marker of the frame; rows, columns and samples."""
    frames = [part for part in found if part.marker in FRAMES or part.marker in REFUSED]
    if len(frames) != 1 or frames[0].marker in REFUSED or len(frames[0].content) < 6:
        raise Unavailable("found no frame that libjpeg reads")
    bits, height, width, samples = struct.unpack(">BHHB", frames[0].content[:6])
    if bits != 8:
        raise Unavailable(f"found samples of {bits} bits, expected 8")
    return frames[0].marker, (height, width, samples)


def _bands(data: bytes, size: tuple[int, int], samples: int, has_adobe: bool) -> Iterator[Any]:
    """The pixels. Pillow decodes all of them at once; numpy sees a band at a time."""
    import numpy
    from PIL import Image

    _, mode, raw = COLOURS[samples]
    raw = raw if has_adobe else mode
    try:
        image = Image.frombytes(mode, size, data, "jpeg", raw, "")
    except ValueError as error:
        raise Unavailable(f"the pixels are damaged: {error}") from error
    step = max(1, BAND // (size[0] * samples))
    for row in range(0, size[1], step):
        band = numpy.asarray(image.crop((0, row, size[0], min(row + step, size[1]))))
        yield band.reshape(*band.shape[:2], samples)


# --- beside the pixels ------------------------------------------------------------------------------------


def _metadata(found: list[Segment]) -> tuple[dict[str, Any], dict[str, str]]:
    """What counts, and what says how and by what the file was written; a second of its kind counts byte for byte."""
    metadata: dict[str, Any] = {}
    storage: dict[str, str] = {}
    profile: dict[int, bytes] = {}
    for marker, content in found:
        if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 12 and "JFIF" not in storage:
            storage["JFIF"] = f"{content[5]}.{content[6]:02}"
            metadata.update(_of_jfif(content))
        elif marker == 0xE1 and content.startswith(EXIF) and "EXIF" not in metadata:
            metadata["EXIF"], written_by = read_exif(content[len(EXIF) :])
            storage.update(written_by)
        elif marker == 0xE1 and content.startswith((XMP, MORE_XMP)):
            metadata.setdefault("XMP", []).append(content)
        elif marker == 0xE2 and content.startswith(ICC) and len(content) >= 14 and content[12] not in profile:
            profile[content[12]] = content[14:]
        elif marker == COMMENT:
            metadata.setdefault("comments", []).append(content.decode("utf-8", "surrogateescape"))
        elif 0xE0 <= marker <= 0xEF and not (marker == 0xEE and content.startswith(ADOBE)):
            metadata.setdefault(f"APP{marker - 0xE0}", []).append(content)
    if profile:
        metadata["ICC profile"] = b"".join(profile[number] for number in sorted(profile))
    return metadata, storage


def _of_jfif(content: bytes) -> dict[str, Any]:
    """Resolution and small picture, if there are any."""
    found: dict[str, Any] = {}
    resolution = [*struct.unpack(">BHH", content[7:12])]
    if resolution != [0, 1, 1]:  # square pixels, of which no more is known: as without JFIF
        found["resolution"] = resolution
    if content[12:].strip(b"\0"):
        found["thumbnail"] = content[12:]
    return found
