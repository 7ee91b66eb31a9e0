"""What stored numbers mean: scaled integers, unsigned integers, integers that stand for "nothing".

Decoded as astropy does, which is what programs see; but two stored values never become one:

- without scaling they are what they are;
- the offsets by which FITS writes unsigned integers (and signed bytes) give those: BZERO 32768 with 16 bits is uint16;
- integers with a scale, an offset or a BLANK are floats, and BLANK is NaN: they equal a float image of those values.
  Of 8 and 16 bits they are float32 (float64 in tables), or float64 where that would make one of two, else float64;
- where even float64 can't tell them apart, they are not decoded;
- floats with a scale stay as they are stored, and the scale counts.

Source: FITS Standard 4.0, sections 4.4.2.5 and 5.3; astropy.io.fits.hdu.image.
"""

from __future__ import annotations

from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TYPES = {8: "u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}
"""By BITPIX, as stored."""
UNSIGNED = {(8, -128): "i1", (16, 1 << 15): "u2", (32, 1 << 31): "u4", (64, 1 << 63): "u8"}
"""By bits and offset, what an offset stands for."""
EXACT = 1 << 51
"""Integers of 64 bits up to which scaling is exact enough to tell them apart."""


class Decoding(NamedTuple):
    """How stored values are decoded.

    Attributes:
        type: What they are then: "uint16", "float32", "float32 scaled by 2.0 from 0.0".
        decode: Takes an array as stored.
    """

    type: str
    decode: Callable[[Any], Any]


def decoding(bits: int, scale: float, zero: float, blank: int | None, narrow: str = "f4") -> Decoding:
    """How values of so many bits (BITPIX) are decoded.

    Args:
        blank: The stored integer that stands for nothing.
        narrow: The type of scaled integers of 8 and 16 bits.

    Raises:
        Unavailable: Scaling would make one value of several.
    """
    import numpy

    plain = numpy.dtype(TYPES[bits]).name
    if bits < 0:
        text = plain if (scale, zero) == (1, 0) else f"{plain} scaled by {float(scale)!r} from {float(zero)!r}"
        return Decoding(text, lambda stored: stored)
    if scale == 1 and (bits, zero) in UNSIGNED:
        return _unsigned(bits, zero, blank)
    if (scale, zero) == (1, 0) and blank is None:
        return Decoding(plain, lambda stored: stored)
    kind = _float_type(bits, scale, zero, narrow)
    return Decoding(numpy.dtype(kind).name, lambda stored: _scaled(stored, kind, scale, zero, blank))


def _unsigned(bits: int, zero: float, blank: int | None) -> Decoding:
    """Adding the offset is turning the highest bit over. Programs do not take a blank value for one here."""
    import numpy

    target = numpy.dtype(UNSIGNED[bits, int(zero)])
    unsigned = numpy.dtype(f"u{target.itemsize}")
    highest = unsigned.type(1 << (bits - 1))

    def decode(stored: Any) -> Any:
        native = stored.astype(stored.dtype.newbyteorder("="))
        return (native.view(unsigned) ^ highest).view(target)

    return Decoding(target.name if blank is None else f"{target.name} with blank {blank + int(zero)}", decode)


def _float_type(bits: int, scale: float, zero: float, narrow: str) -> str:
    if bits <= 16 and _tells_all_apart(bits, scale, zero, narrow):
        return narrow
    if bits <= 16 and _tells_all_apart(bits, scale, zero, "f8"):
        return "f8"
    if bits > 16 and _is_wide(min(1 << (bits - 1), EXACT), scale, zero):
        return "f8"
    raise Unavailable(f"scaling by {scale!r} from {zero!r} makes one value of several")


def _tells_all_apart(bits: int, scale: float, zero: float, kind: str) -> bool:
    import numpy

    every = numpy.arange(1 << bits) - (0 if bits == 8 else 1 << (bits - 1))
    found = _scaled(every, kind, scale, zero, None)
    return bool(numpy.isfinite(found).all()) and numpy.unique(found).size == every.size


def _is_wide(largest: int, scale: float, zero: float) -> bool:
    """Neighbours are far enough apart at the largest value that there can be."""
    import numpy

    end = abs(zero) + abs(scale) * largest
    return bool(numpy.isfinite(end)) and abs(scale) >= 2 * float(numpy.spacing(end))


def _scaled(stored: Any, kind: str, scale: float, zero: float, blank: int | None) -> Any:
    import numpy

    nothing = stored == blank if blank is not None else None
    if stored.dtype.itemsize == 8 and stored.dtype.byteorder == ">":
        _check_exact(stored if nothing is None else stored[~nothing])
    with numpy.errstate(over="ignore"):
        values = stored.astype(kind)
        if scale != 1:
            values *= values.dtype.type(scale)
        if zero != 0:
            values += values.dtype.type(zero)
    if nothing is not None:
        values[nothing] = numpy.nan
    return values


def _check_exact(stored: Any) -> None:
    if stored.size and (int(stored.max()) > EXACT or int(stored.min()) < -EXACT):
        raise Unavailable("integers of 64 bits that are scaled and too large for it")


def number(value: Any, keyword: str, default: float) -> float:
    """The value of a card that has to be a number.

    Raises:
        Unavailable: It is something else.
    """
    if value is None:
        return default
    if type(value) not in (int, float):
        raise Unavailable(f"found {keyword} {value!r}, expected a number")
    return float(value) if isinstance(value, float) else int(value)
