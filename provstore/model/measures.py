"""Measures: the numbers, texts and truths in a file marked `metric = true`, each with a name. Plain, for JSON."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from provstore.model.values import Value

    Measures: TypeAlias = "dict[str, Value]"
    """Name, with dots between its levels → value. NaN and infinities are the texts of `NOT_FINITE`."""

NOT_FINITE = frozenset({"nan", "inf", "-inf"})
"""How numbers are written that JSON has no word for."""
DIGITS = 6
"""Of a number, that a person sees."""
LONGEST_INTEGER = 15
"""Digits of an integer, up to which a person sees all of them."""
NO_MEASURES = "its format is bytes, which has no measures; give the output another one by 'format'"
"""Why there are none in a file of which nothing more is known."""


def stem_of(path: str) -> str:
    """The name of a file without its ending: that of a value which has no other."""
    name = path.rpartition("/")[2]
    return name.partition(".")[0] or name


def number_of(value: Value | None) -> float | int | None:
    """A value as a number that can be drawn or subtracted; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # an integer beyond all floats
        return None


def shown(value: Value | None) -> str:
    """A value for a person: numbers with six digits, integers with all of them, "-" for none."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _shown_integer(value)
    if isinstance(value, float):
        return f"{value:.{DIGITS}g}"
    return value


def _shown_integer(value: int) -> str:
    if abs(value) < 10**LONGEST_INTEGER:
        return str(value)
    try:
        return f"{float(value):.{DIGITS}g}"
    except OverflowError:
        return f"{'-' if value < 0 else ''}(more than 308 digits)"


def change(a: Value | None, b: Value | None) -> tuple[float | int | None, float | None]:
    """How far b is from a: their difference, and that as a part of a. None where that is no number."""
    first, second = number_of(a), number_of(b)
    if first is None or second is None:
        return None, None
    try:
        absolute = second - first
        relative = absolute / abs(first) if first else None
    except OverflowError:  # of an integer that no float can hold
        return None, None
    if not math.isfinite(absolute):
        return None, None
    return absolute, relative if relative is not None and math.isfinite(relative) else None
