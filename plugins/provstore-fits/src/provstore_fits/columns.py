"""The columns of a binary table: what TFORM and its like say, and how stored values are decoded.

Counts: names, types, dimensions, values. Does not count: what fills up a text (NULs or spaces), unused bits, the width
of the descriptors of variable-length arrays, where their values lie in the heap. Where a column has a value for
"nothing" (TNULL), which cells are nothing counts, and not which value says so. Numbers are scaled as in images.

Source: FITS Standard 4.0, section 7.3.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from provstore.plugin import Unavailable
from provstore_fits.scaling import decoding, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from provstore_fits.layout import Hdu

FORM = re.compile(r"(\d*)([LXBIJKAEDCM])(.*)")
VARIABLE = re.compile(r"([01]?)([PQ])([LXBIJKAEDCM])(?:\(\d*\))?")
STORED = {
    "L": "u1", "X": "u1", "B": "u1", "A": "u1", "I": ">i2", "J": ">i4", "K": ">i8",
    "E": ">f4", "D": ">f8", "C": ">c8", "M": ">c16",
}  # fmt: skip
"""Types of numpy by the letter of a form, as stored."""
BITS = {"B": 8, "I": 16, "J": 32, "K": 64, "E": -32, "D": -64}
NAMED = {"C": "complex64", "M": "complex128"}


class Column(NamedTuple):
    """One column.

    Attributes:
        comment: Of the card with its name.
        type: Of what is decoded: "int16", "text of 5", "variable float32", "int32 or nothing".
        shape: Of one cell; () for a single value.
        offset, stored: Where a cell lies in its row, and its type there.
        decode: Takes cells as stored, of shape (rows, …); gives arrays of rows: the values, and which are nothing.
        variable: The type of a stored element, where cells are descriptors of variable-length arrays.
    """

    name: str
    comment: str
    type: str
    shape: tuple[int, ...]
    offset: int
    stored: Any
    decode: Callable[[Any], tuple[Any, ...]]
    variable: Any = None

    @property
    def text(self) -> str:
        """Type and shape for a person."""
        return f"{self.type} ({'×'.join(map(str, self.shape))})" if self.shape else self.type


def columns_of(hdu: Hdu) -> list[Column]:
    """The columns of a binary table, in order.

    Raises:
        Unavailable: They are no table, or do not make up its rows.
    """
    found: list[Column] = []
    offset = 0
    for position in range(1, hdu.integer("TFIELDS") + 1):
        column = _column(hdu, position, offset)
        offset += column.stored.itemsize
        found.append(column)
    if offset != hdu.shape[1]:
        raise Unavailable(f"HDU {hdu.position}: columns of {offset:,} bytes in rows of {hdu.shape[1]:,}")
    return found


def name_and_comment(hdu: Hdu, position: int) -> tuple[str, str]:
    """What the card with the name of a column says; it may be missing."""
    card = next((card for card in hdu.cards if card.keyword == f"TTYPE{position}"), None)
    if card is None:
        return "", ""
    if type(card.value) is not str:
        raise Unavailable(f"HDU {hdu.position}: found TTYPE{position} {card.value!r}, expected text")
    return card.value, card.comment


def _column(hdu: Hdu, position: int, offset: int) -> Column:
    import numpy

    form = hdu.value(f"TFORM{position}")
    text = form.strip().upper() if isinstance(form, str) else ""
    name, comment = name_and_comment(hdu, position)
    variable = VARIABLE.fullmatch(text)
    if variable is not None:
        return _variable_column(hdu, position, offset, variable)
    match = FORM.fullmatch(text)
    if match is None or (match[3] and match[2] != "A"):
        raise Unavailable(f"HDU {hdu.position}: found TFORM{position} {form!r}, which is no form of a column")
    repeat, letter = int(match[1] or 1), match[2]
    if repeat > hdu.shape[1] * 8:
        raise Unavailable(f"HDU {hdu.position}: TFORM{position} {form!r} is wider than a row")
    stored = numpy.dtype((STORED[letter], (-(-repeat // 8) if letter == "X" else repeat,)))
    shape = _dimensions(hdu, position, repeat, letter, match[3])
    if letter == "A":
        width = shape[-1] if shape else repeat
        return Column(name, comment, f"text of {width}", shape[:-1], offset, stored, _text_decoder(width))
    if letter == "X":
        return Column(name, comment, "bits", (repeat,), offset, stored, _bits_decoder(repeat))
    kind, decode = _values(hdu, position, letter)
    return Column(name, comment, kind, shape, offset, stored, decode)


def _dimensions(hdu: Hdu, position: int, repeat: int, letter: str, width: str) -> tuple[int, ...]:
    """The shape of a cell, slowest axis first; of texts its last length is that of a text.

    The form ``20A5`` is four texts of five (FITS Standard 4.0, C.2), unless TDIM says otherwise.
    """
    dimensions = hdu.value(f"TDIM{position}")
    if dimensions is None and width.isdecimal() and int(width) and repeat % int(width) == 0 and int(width) < repeat:
        return repeat // int(width), int(width)
    if dimensions is None:
        return (repeat,) if letter == "A" or repeat != 1 else ()
    if not isinstance(dimensions, str) or not re.fullmatch(r"\s*\(\s*\d+\s*(,\s*\d+\s*)*\)\s*", dimensions):
        raise Unavailable(f"HDU {hdu.position}: found TDIM{position} {dimensions!r}, expected (n, …)")
    shape = tuple(map(int, reversed(re.findall(r"\d+", dimensions))))
    if math.prod(shape) != repeat:
        raise Unavailable(f"HDU {hdu.position}: TDIM{position} {dimensions} does not make up {repeat} values")
    return shape


def _variable_column(hdu: Hdu, position: int, offset: int, form: re.Match[str]) -> Column:
    import numpy

    name, comment = name_and_comment(hdu, position)
    if form[1] == "0":
        raise Unavailable(f"HDU {hdu.position}: column {position} has no descriptors")
    if hdu.value(f"TDIM{position}") is not None:
        raise Unavailable(f"HDU {hdu.position}: TDIM{position} of variable-length arrays, which is not read")
    letter = form[3]
    if letter == "X":
        raise Unavailable(f"HDU {hdu.position}: variable-length arrays of bits, which are not read")
    kind, decode = ("text", lambda stored: (stored,)) if letter == "A" else _values(hdu, position, letter)
    descriptors = numpy.dtype((">i4" if form[2] == "P" else ">i8", (2,)))
    element = numpy.dtype(STORED[letter])
    return Column(name, comment, f"variable {kind}", (), offset, descriptors, decode, element)


# --- decoding ---------------------------------------------------------------------------------------------


def _values(hdu: Hdu, position: int, letter: str) -> tuple[str, Callable[[Any], tuple[Any, ...]]]:
    """Type and decoder of numbers and truth values."""
    if letter == "L":
        return "truth", _truth
    scale = number(hdu.value(f"TSCAL{position}"), f"TSCAL{position}", 1)
    zero = number(hdu.value(f"TZERO{position}"), f"TZERO{position}", 0)
    if letter in NAMED:
        is_scaled = (scale, zero) != (1, 0)
        kind = NAMED[letter]
        return (f"{kind} scaled by {float(scale)!r} from {float(zero)!r}" if is_scaled else kind), _as_stored
    nothing = hdu.value(f"TNULL{position}") if BITS[letter] > 0 else None
    if nothing is not None and type(nothing) is not int:
        raise Unavailable(f"HDU {hdu.position}: found TNULL{position} {nothing!r}, expected an integer")
    plain = decoding(BITS[letter], scale, zero, None, "f8")
    if nothing is None:
        return plain.type, lambda stored: (plain.decode(stored),)
    if plain.type.startswith("float"):
        scaled = decoding(BITS[letter], scale, zero, nothing, "f8")
        return scaled.type, lambda stored: (scaled.decode(stored),)
    return f"{plain.type} or nothing", lambda stored: _with_nothing(stored, nothing, plain.decode)


def _as_stored(stored: Any) -> tuple[Any, ...]:
    return (stored,)


def _with_nothing(stored: Any, nothing: int, decode: Callable[[Any], Any]) -> tuple[Any, ...]:
    is_nothing = stored == nothing
    values = decode(stored).copy()
    values[is_nothing] = 0
    return values, is_nothing


def _truth(stored: Any) -> tuple[Any, ...]:
    """T and F as 1 and 0; 2 where a NUL says that there is nothing."""
    import numpy

    table = numpy.full(256, 3, "u1")
    table[[ord("T"), ord("F"), 0]] = 1, 0, 2
    found = table[stored]
    if (found == 3).any():
        raise Unavailable("a truth value that is neither T, F nor NUL")
    return (found,)


def _bits_decoder(count: int) -> Callable[[Any], tuple[Any, ...]]:
    def decode(stored: Any) -> tuple[Any, ...]:
        import numpy

        return (numpy.unpackbits(stored, axis=1, count=count),)

    return decode


def _text_decoder(width: int) -> Callable[[Any], tuple[Any, ...]]:
    def decode(stored: Any) -> tuple[Any, ...]:
        return (trimmed(stored.reshape(len(stored), -1, width)) if stored.size else stored,)

    return decode


def trimmed(characters: Any) -> Any:
    """Texts up to their first NUL, without the spaces behind them.

    Args:
        characters: Bytes, of shape (…, width).
    """
    import numpy

    behind = numpy.logical_or.accumulate(characters == 0, axis=-1)
    blank = behind | (characters == 0x20)
    trailing = numpy.logical_and.accumulate(blank[..., ::-1], axis=-1)[..., ::-1]
    found = numpy.where(trailing, numpy.uint8(0), characters)
    return found.view(f"S{characters.shape[-1]}")[..., 0]
