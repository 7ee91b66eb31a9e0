"""The pixels of an image, plain or compressed in tiles, block by block.

Counts: the shape, and type and values as `scaling` decodes them. How an image is compressed does not count; one that
was compressed with loss is what it decodes to. A primary image that was moved into an extension to be compressed
(ZSIMPLE, as fpack does) is the primary image.
"""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple

from provstore.plugin import Expansion, Unavailable
from provstore_fits.scaling import TYPES, Decoding, decoding, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from provstore_fits.layout import Hdu

BLOCK = 1 << 23
"""Bytes of pixels that are decoded in one go."""
LARGEST_TILE = 1 << 28
"""Bytes of one tile of a compressed image."""


class Image(NamedTuple):
    """An image and how its pixels are decoded.

    Attributes:
        shape: Slowest axis first.
        bitpix: Of the pixels as they are stored; of a compressed image, once it is unpacked.
    """

    path: Path
    hdu: Hdu
    shape: tuple[int, ...]
    bitpix: int
    decoding: Decoding

    def blocks(self) -> Iterator[Any]:
        """All pixels in C order, as flat arrays; each may be overwritten by the next one."""
        stored = _unpacked(self) if self.hdu.kind == "compressed image" else _stored(self)
        for block in stored:
            yield self.decoding.decode(block)


def image_of(path: Path, hdu: Hdu) -> Image:
    """The image of an HDU of the kind "image" or "compressed image".

    Raises:
        Unavailable: Its scaling can't be decoded, or it expands too far.
    """
    is_compressed = hdu.kind == "compressed image"
    bitpix = hdu.value("ZBITPIX") if is_compressed else hdu.bitpix
    shape = _compressed_shape(path, hdu) if is_compressed else hdu.shape
    if type(bitpix) is not int or bitpix not in TYPES:
        raise Unavailable(f"HDU {hdu.position}: found ZBITPIX {bitpix!r}, expected one of {sorted(TYPES)}")
    blank = hdu.value("BLANK") if bitpix > 0 else None
    if blank is not None and type(blank) is not int:
        raise Unavailable(f"HDU {hdu.position}: found BLANK {blank!r}, expected an integer")
    scale, zero = number(hdu.value("BSCALE"), "BSCALE", 1), number(hdu.value("BZERO"), "BZERO", 0)
    return Image(path, hdu, shape, bitpix, decoding(bitpix, scale, zero, blank))


def _stored(image: Image) -> Iterator[Any]:
    """The pixels of a plain image, as stored."""
    import numpy

    dtype = numpy.dtype(TYPES[image.bitpix])
    count = image.hdu.size // dtype.itemsize
    buffer: Any = numpy.empty(min(count, BLOCK // dtype.itemsize), dtype)
    with image.path.open("rb") as file:
        file.seek(image.hdu.start)
        for start in range(0, count, max(1, buffer.size)):
            block = buffer[: count - start]
            if file.readinto(memoryview(block.view("u1"))) != block.nbytes:
                raise Unavailable("the file ends within the pixels")
            yield block


# --- compressed -------------------------------------------------------------------------------------------


def _compressed_shape(path: Path, hdu: Hdu) -> tuple[int, ...]:
    """The shape of a compressed image, of a size that its file can have."""
    axes = hdu.integer("ZNAXIS")
    if axes > 999:
        raise Unavailable(f"HDU {hdu.position}: {axes} axes; the limit is 999")
    shape = tuple(hdu.integer(f"ZNAXIS{axis}") for axis in range(axes, 0, -1))
    tile = _tile_shape(hdu, shape)
    bits = hdu.value("ZBITPIX")
    itemsize = abs(bits) // 8 if type(bits) is int else 8
    Expansion(path.stat().st_size, f"HDU {hdu.position}").add(math.prod(shape) * itemsize)
    if math.prod(tile) * itemsize > LARGEST_TILE:
        raise Unavailable(f"HDU {hdu.position}: a tile of {math.prod(tile):,} pixels")
    tiles = math.prod([-(-length // size) for length, size in zip(shape, tile, strict=True)]) if all(shape) else 0
    if tiles != hdu.shape[0]:
        raise Unavailable(f"HDU {hdu.position}: {hdu.shape[0]:,} tiles, its shape needs {tiles:,}")
    return shape


def _tile_shape(hdu: Hdu, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Rows, where the header does not say otherwise."""
    axes = len(shape)
    sizes = [hdu.integer(f"ZTILE{axis}", shape[-1] if axis == 1 else 1) for axis in range(axes, 0, -1)]
    if 0 in sizes:
        raise Unavailable(f"HDU {hdu.position}: tiles without pixels")
    return tuple(map(min, sizes, shape))


def _unpacked(image: Image) -> Iterator[Any]:
    """The pixels of a compressed image, before scaling: as many whole rows of tiles at a time as make up a block."""
    from astropy.io import fits

    if not math.prod(image.shape):
        return
    tile = _tile_shape(image.hdu, image.shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            image.path.open("rb") as file,  # which astropy would leave open, should it fail to read the headers
            fits.open(file, memmap=True, do_not_scale_image_data=True, uint=False) as hdus,
        ):
            for part in _slabs(image.shape, tile, abs(image.bitpix) // 8):
                pixels = _section(hdus, image.hdu.position, part)
                if pixels.dtype.newbyteorder(">") != TYPES[image.bitpix]:
                    raise Unavailable(f"HDU {image.hdu.position} decodes to {pixels.dtype}, not to its ZBITPIX")
                yield pixels.reshape(-1)


def _section(hdus: Any, position: int, part: tuple[slice | int, ...]) -> Any:
    try:
        return hdus[position].section[part]
    except Exception as error:  # of any kind, for tables that hold no tiles
        raise Unavailable(f"HDU {position}: its tiles can't be unpacked: {error}") from error


def _slabs(shape: tuple[int, ...], tile: tuple[int, ...], itemsize: int) -> Iterator[tuple[slice | int, ...]]:
    """Indices of parts of an array that follow each other in C order, cut between tiles."""
    row = math.prod(shape[1:]) * itemsize
    if len(shape) > 1 and row > BLOCK and tile[0] == 1:
        for index in range(shape[0]):
            for rest in _slabs(shape[1:], tile[1:], itemsize):
                yield index, *rest
        return
    rows = max(1, BLOCK // max(1, row * tile[0])) * tile[0]
    for start in range(0, shape[0], rows):
        yield (slice(start, min(start + rows, shape[0])),)
