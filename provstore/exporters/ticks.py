"""Ticks of an axis: round numbers between two values, written as short as can be. Pure."""

from __future__ import annotations

import math

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = (1.0, 2.0, 5.0, 10.0)
SMALLEST, LARGEST = 1e-290, 1e290
"""Beyond these, floats lose what is needed to calculate with them; such values stand at zero or at the edge."""
SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
FINEST = 1e-4
"""Part of the largest value below which a step is written as what is added to the first tick."""


class Ticks(NamedTuple):
    """The ticks of an axis.

    Attributes:
        low, high: Where the axis begins and ends.
        note: What all texts have in common: "×10⁹", "+ 1000000000".
    """

    low: float
    high: float
    values: Sequence[float]
    texts: Sequence[str]
    note: str

    def share(self, value: float) -> float:
        """Place of a value on the axis: 0 at its beginning, 1 at its end; what lies beyond stands at the edge."""
        return max(0.0, min(1.0, (value - self.low) / (self.high - self.low)))


def clipped(value: float) -> float:
    """The value, or the next one that can be calculated with."""
    if abs(value) < SMALLEST:
        return 0.0
    return max(-LARGEST, min(LARGEST, value))


def ticks(values: Sequence[float], number: int, *, room: float = 0.0) -> Ticks:
    """At most about so many ticks for values, of which there is one at least.

    Args:
        room: Left at both ends of the axis, as a part of it.
    """
    low, high = clipped(min(values)), clipped(max(values))
    if high - low <= 1e-12 * max(abs(low), abs(high)):  # one value: it lies in the middle
        around = abs(low) * 0.1 or 1.0
        low, high = low - around, high + around
    low, high = low - room * (high - low), high + room * (high - low)
    step = _step((high - low) / number)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    found = [place * step for place in range(first, last + 1)] or [low]
    texts, note = labels(found, step)
    return Ticks(low, high, found, texts, note)


def _step(least: float) -> float:
    """The next round number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next((step * power for step in STEPS if step * power >= least * (1 - 1e-9)), 10 * power)


def labels(values: Sequence[float], step: float) -> tuple[list[str], str]:
    """Texts of ticks, and what they have in common."""
    largest = max(map(abs, values))
    if largest and step / largest < FINEST:
        texts, note = labels([value - values[0] for value in values], step)
        return [f"+{text}" for text in texts], f"{note} + {values[0]:.12g}".strip()
    exponent = math.floor(math.log10(largest)) if largest else 0
    power = 0 if -2 <= exponent <= 4 else 3 * (exponent // 3)
    unit = 10.0**power
    decimals = max(0, -math.floor(math.log10(step / unit) + 1e-9))
    texts = [f"{value / unit + 0.0:.{decimals}f}".replace("-", "−") for value in values]
    return texts, "×10" + str(power).translate(SUPERSCRIPTS) if power else ""
