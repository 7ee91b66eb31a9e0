"""TIFF pictures, of one page or many.

Rules. What counts: the pages in their order, with those below them (sub-directories); of each its size, the samples
of a pixel and what they are, their type and bits, the pixels, of a palette picture the colours that it shows; every
tag that is not named below: resolution, orientation, description, artist, GeoTIFF, EXIF, colour profile, and those
that nobody knows. A tag that has the value which holds without it is as if it were not there.

What does not: byte order, BigTIFF or not, compression, predictor, strips or tiles, planes or not, order of bits and
directories, the width of an integer; black or white as zero, where the picture is the same; by what and when the file
was written (`tags.WRITTEN_BY`: Software, DateTime, HostComputer).

JPEG data in a TIFF file count as the pixels that libjpeg decodes, see `jpeg`.

Source: TIFF 6.0; the BigTIFF design.
"""

from __future__ import annotations

import re
from functools import partial

from provstore.plugin import Expansion, Unavailable
from provstore_image.picture import Frame, Picture
from provstore_image.segments import FAX, JPEG, Layout, bands
from provstore_image.tags import SUB_PAGES, WRITTEN_BY, Directory, TagFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR = 256, 257, 258, 259, 262, 277, 284
ROWS, OFFSETS, COUNTS, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS = 278, 273, 279, 322, 323, 324, 325
FILL_ORDER, PREDICTOR, COLOURS, EXTRA, SAMPLE_FORMAT = 266, 317, 320, 338, 339
T4_OPTIONS, T6_OPTIONS, JPEG_TABLES, SUBSAMPLING = 292, 293, 347, 530
LAYOUT = {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, ROWS, OFFSETS, COUNTS, TILE_WIDTH,
          TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, FILL_ORDER, PREDICTOR, COLOURS, EXTRA, SAMPLE_FORMAT, T4_OPTIONS,
          T6_OPTIONS, JPEG_TABLES, SUBSAMPLING, SUB_PAGES, 280, 281, 288, 289, 326, 327, 328, 340, 341}  # fmt: skip
"""Tags that say how pixels lie in the file and what they are: those count as such, if at all. 280, 281, 340 and 341 are
the least and largest samples, 288 and 289 unused bytes, 326 to 328 what a fax machine could not read."""
DEFAULTS = {"254": [0], "255": [1], "263": [1], "274": [1], "296": [2]}
"""Values that hold where a tag is missing: NewSubfileType, SubfileType, Threshholding, Orientation, ResolutionUnit."""
NO_RESOLUTION = {"282": [[1, 1]], "283": [[1, 1]], "296": [1]}
"""Square pixels, of which no more is known: some writers say so, and others say nothing."""
DEPTH, TILE_DEPTH = 32997, 32998
DESCRIPTION, STACK = "270", "33629"
"""Tags by which ImageJ, tifffile and MetaMorph say that there are more pictures than pages."""
IMAGES, TRUNCATED = re.compile(r"^images=(\d{1,9})", re.MULTILINE), re.compile(r'"truncated": *true')
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, YCBCR = 0, 1, 2, 3, 6
KINDS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "separated", 6: "YCbCr", 8: "CIELab",
         9: "ICCLab", 10: "ITULab", 32803: "colour filter array", 34892: "linear raw"}  # fmt: skip
"""What the samples of a pixel are."""
TYPES = {1: "uint", 2: "int", 3: "float", 4: "uint", 6: "complex"}


def open_tiff(file: BinaryIO, size: int) -> Picture:
    """What a TIFF file says. Pixels are read when they are asked for; the file stays open for that.

    Raises:
        Unavailable: It is damaged, of a kind that is not known, or expands too far.
    """
    found = TagFile(file, size)
    expansion = Expansion(size, "the picture")
    frames = []
    for directory in found.directories():
        for page in _with_sub_pages(found, directory, 0):
            expansion.add_member()
            frame = _frame(found, page)
            expansion.add(frame.shape[0] * frame.shape[1] * frame.shape[2] * int(_digits(frame.type)) // 8)
            expansion.add(_padding(found, page))
            frames.append(frame)
    if not frames:
        raise Unavailable("there is no page")
    _check_pages(frames)
    variant = "BigTIFF" if found.is_big else "TIFF"
    return Picture(
        frames=frames,
        storage={"byte order": {"<": "little endian", ">": "big endian"}[found.order], "variant": variant},
    )


def _check_pages(frames: list[Frame]) -> None:
    """Some programs write one page for many pictures, and say so beside it: the others lie where no page leads."""
    text = str(frames[0].metadata.get(DESCRIPTION, ""))
    images = IMAGES.search(text) if text.startswith("ImageJ=") else None
    if (images and int(images[1]) > len(frames)) or TRUNCATED.search(text) or STACK in frames[0].metadata:
        raise Unavailable("there are more pictures than pages, which only the program that wrote them can find")


def _digits(type_name: str) -> str:
    return "".join(filter(str.isdigit, type_name))


def _padding(file: TagFile, page: Directory) -> int:
    """Samples of one row of tiles: they are decoded together, even where the page is smaller."""
    if TILE_OFFSETS not in page:
        return 0
    across = -(-file.number(page, WIDTH, 1) // max(1, file.number(page, TILE_WIDTH, 1)))
    size = file.number(page, TILE_WIDTH, 1) * file.number(page, TILE_HEIGHT, 1)
    return across * size * file.number(page, SAMPLES, 1) * max(file.numbers(page, BITS, [1])) // 8


def _with_sub_pages(file: TagFile, directory: Directory, depth: int) -> Iterator[Directory]:
    """A page, and the pages below it."""
    if depth > 8:
        raise Unavailable("pages are nested more than 8 deep")
    yield directory
    if SUB_PAGES in directory:
        for offset in file.numbers(directory, SUB_PAGES, []):
            for page in file.directories(offset):
                yield from _with_sub_pages(file, page, depth + 1)


def _frame(file: TagFile, page: Directory) -> Frame:
    layout, photometric = _layout(file, page)
    metadata = file.plain(page, dict.fromkeys(LAYOUT) | WRITTEN_BY)
    metadata = {tag: value for tag, value in metadata.items() if DEFAULTS.get(tag) != value}
    if {tag: metadata.get(tag) for tag in NO_RESOLUTION} == NO_RESOLUTION:
        metadata = {tag: value for tag, value in metadata.items() if tag not in NO_RESOLUTION}
    facts = {"colours": KINDS[photometric], "bits": layout.bits, "extra": _extra(file, page)}
    if file.numbers(page, SAMPLE_FORMAT, [1])[0] == 4:
        facts["samples"] = "of no type"
    shape, kind = (layout.height, layout.width, layout.samples), layout.type
    read = partial(bands, file, layout)
    if layout.compression == JPEG and photometric == YCBCR:
        facts["colours"] = "RGB"
    elif photometric == WHITE_IS_ZERO and kind in ("uint8", "uint16"):
        read = partial(_inverted, read, layout)
    elif photometric == PALETTE and layout.samples == 1:
        colours = file.numbers(page, COLOURS, [0])
        if len(colours) != 3 << layout.bits:
            raise Unavailable(f"the palette has {len(colours)} values, expected {3 << layout.bits}")
        read, shape, kind = partial(_coloured, read, colours), (*shape[:2], 3), "uint16"
        del facts["bits"]
    return Frame(
        shape=shape, type=kind, facts=facts, metadata=metadata, storage=_storage(file, page, layout), bands=read
    )


def _extra(file: TagFile, page: Directory) -> list[int]:
    """What the samples are that a pixel has beside its colours; nothing where that is not said of any."""
    found = file.numbers(page, EXTRA, [])
    return found if any(found) else []


def _layout(file: TagFile, page: Directory) -> tuple[Layout, int]:
    """How the pixels of a page lie in the file, and what they are."""
    width, height = file.number(page, WIDTH, 0), file.number(page, HEIGHT, 0)
    samples, compression = file.number(page, SAMPLES, 1), file.number(page, COMPRESSION, 1)
    photometric = file.number(page, PHOTOMETRIC, BLACK_IS_ZERO)
    if not (0 < width < 1 << 31 and 0 < height < 1 << 31 and 0 < samples < 1 << 16) or photometric not in KINDS:
        raise Unavailable(f"found {width}×{height} pixels of {samples} samples of the kind {photometric}")
    if file.number(page, DEPTH, 1) != 1 or file.number(page, TILE_DEPTH, 1) != 1:
        raise Unavailable("volumes in one page are not known here")
    subsampling = file.numbers(page, SUBSAMPLING, [2, 2])
    if photometric == YCBCR and compression != JPEG and subsampling != [1, 1]:
        raise Unavailable("colours that are stored at another resolution than brightness are not known here")
    bits, kind = _type(file, page, samples)
    is_tiled = TILE_OFFSETS in page
    tile = (file.number(page, TILE_WIDTH, 0), file.number(page, TILE_HEIGHT, 0)) if is_tiled else (
        width, min(file.number(page, ROWS, height), height))  # fmt: skip
    if min(tile) < 1 or max(tile) > 1 << 31:
        raise Unavailable(f"found strips or tiles of {tile[0]}×{tile[1]} pixels")
    layout = Layout(
        width=width, height=height, samples=samples, bits=bits, type=kind, compression=compression,
        predictor=file.number(page, PREDICTOR, 1), is_reversed=file.number(page, FILL_ORDER, 1) == 2,
        is_planar=file.number(page, PLANAR, 1) == 2 and samples > 1, is_tiled=is_tiled, tile=tile,
        offsets=file.numbers(page, TILE_OFFSETS if is_tiled else OFFSETS, [0]),
        counts=file.numbers(page, TILE_COUNTS if is_tiled else COUNTS, [0]),
        order=file.order, hints=_hints(file, page, compression, photometric),
    )  # fmt: skip
    return layout, photometric


def _type(file: TagFile, page: Directory, samples: int) -> tuple[int, str]:
    """Bits of a sample, and the type of numpy that holds it."""
    bits = set(file.numbers(page, BITS, [1]))
    formats = set(file.numbers(page, SAMPLE_FORMAT, [1]))
    if len(bits) != 1 or len(formats) != 1 or not formats <= set(TYPES):
        raise Unavailable("the samples of a pixel have different types, or one that is not known")
    size, kind = bits.pop(), TYPES[formats.pop()]
    sizes = {"uint": (8, 16, 32, 64), "int": (8, 16, 32, 64), "float": (16, 32, 64), "complex": (64, 128)}[kind]
    if size in sizes:
        return size, f"{kind}{size}"
    if kind == "uint" and 0 < size < 16:
        return size, "uint8" if size < 8 else "uint16"
    raise Unavailable(f"found samples of the type {kind}{size}")


def _hints(file: TagFile, page: Directory, compression: int, photometric: int) -> dict[int, Any]:
    """What a decoder of JPEG or fax data needs besides."""
    if compression not in {JPEG} | FAX:
        return {}
    hints: dict[int, Any] = {PHOTOMETRIC: BLACK_IS_ZERO if photometric == WHITE_IS_ZERO else photometric}
    if file.number(page, PLANAR, 1) == 2:
        hints[PHOTOMETRIC] = BLACK_IS_ZERO
    for tag in (T4_OPTIONS, T6_OPTIONS, JPEG_TABLES, SUBSAMPLING, EXTRA):
        if tag in page:
            hints[tag] = file.value(page[tag])
    return hints


def _inverted(read: Any, layout: Layout) -> Iterator[Any]:
    """Pixels with white as zero, as if black were."""
    for band in read():
        yield (1 << layout.bits) - 1 - band


def _coloured(read: Any, colours: list[int]) -> Iterator[Any]:
    """The pixels of a palette picture as colours."""
    import numpy

    table = numpy.array(colours, "u2").reshape(3, -1).T
    for band in read():
        yield table[band[:, :, 0]]


def _storage(file: TagFile, page: Directory, layout: Layout) -> dict[str, str]:
    columns, rows = layout.tile
    return {
        "compression": f"{layout.compression}, predictor {layout.predictor}, {sum(layout.counts):,} bytes",
        "layout": f"{'tiles' if layout.is_tiled else 'strips'} of {columns}×{rows}",
        "planes": "apart" if layout.is_planar else "together",
        "order of bits": "reversed" if layout.is_reversed else "as usual",
        **file.texts(page, WRITTEN_BY),
    }
