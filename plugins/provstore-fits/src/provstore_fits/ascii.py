"""The columns of an ASCII table: numbers and texts written out.

Counts: names, types (integer, float, text of a width), values. Does not count: where columns begin, and how a number is
written (F, E or D, its width and digits), but as far as its value depends on it.

Source: FITS Standard 4.0, section 7.2.
"""

from __future__ import annotations

import re

from provstore.plugin import Unavailable
from provstore_fits.columns import Column, name_and_comment, trimmed
from provstore_fits.scaling import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from provstore_fits.layout import Hdu

FORM = re.compile(r"([AIFED])(\d+)(?:\.(\d+))?")


def ascii_columns_of(hdu: Hdu) -> list[Column]:
    """The columns of an ASCII table, in order.

    Raises:
        Unavailable: They lie outside of their rows, or are of an unknown form.
    """
    return [_column(hdu, position) for position in range(1, hdu.integer("TFIELDS") + 1)]


def _column(hdu: Hdu, position: int) -> Column:
    import numpy

    form = hdu.value(f"TFORM{position}")
    match = FORM.fullmatch(form.strip().upper()) if isinstance(form, str) else None
    if match is None:
        raise Unavailable(f"HDU {hdu.position}: found TFORM{position} {form!r}, which is no form of an ASCII column")
    letter, width = match[1], int(match[2])
    offset = hdu.integer(f"TBCOL{position}") - 1
    if offset < 0 or not width or offset + width > hdu.shape[1]:
        raise Unavailable(f"HDU {hdu.position}: column {position} lies outside of its row")
    stored = numpy.dtype(("u1", (width,)))
    name, comment = name_and_comment(hdu, position)
    if letter == "A":
        return Column(name, comment, f"text of {width}", (), offset, stored, lambda cells: (trimmed(cells),))
    kind = "integer" if letter == "I" else "float"
    return Column(name, comment, _scaled(hdu, position, kind), (), offset, stored, _decoder(hdu, position, letter))


def _scaled(hdu: Hdu, position: int, kind: str) -> str:
    scale = number(hdu.value(f"TSCAL{position}"), f"TSCAL{position}", 1)
    zero = number(hdu.value(f"TZERO{position}"), f"TZERO{position}", 0)
    return kind if (scale, zero) == (1, 0) else f"{kind} scaled by {float(scale)!r} from {float(zero)!r}"


def _decoder(hdu: Hdu, position: int, letter: str) -> Callable[[Any], tuple[Any, ...]]:
    """Values, and which are nothing: blank, or the text of TNULL."""
    nothing = hdu.value(f"TNULL{position}")
    null = str(nothing).strip().encode() if nothing is not None else b""

    def decode(cells: Any) -> tuple[Any, ...]:
        import numpy

        texts = numpy.char.strip(numpy.ascontiguousarray(cells).view(f"S{cells.shape[1]}").reshape(-1))
        is_nothing = (texts == b"") | (texts == null)
        texts = numpy.where(is_nothing, b"0", texts)
        return _numbers(texts, is_nothing, letter), is_nothing

    return decode


def _numbers(texts: Any, is_nothing: Any, letter: str) -> Any:
    import numpy

    if letter == "I":
        return texts.astype("i8")
    if (~is_nothing & (numpy.char.find(texts, b".") < 0)).any():
        raise Unavailable("a number without a decimal point, whose place follows from its form")
    return numpy.char.replace(numpy.char.upper(texts), b"D", b"E").astype("f8")
