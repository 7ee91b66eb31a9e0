"""A chart that is to be drawn: some panels beside each other, each with lines of points."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Point(NamedTuple):
    """One value.

    Attributes:
        y: None: there is none here, and the line has a gap.
        note: What it is, in a few words, for whoever points at it.
    """

    x: float
    y: float | None
    note: str


class Line(NamedTuple):
    """Values that belong together, in the order of their x.

    Attributes:
        label: What tells it from other lines of its panel; may be empty.
    """

    label: str
    points: Sequence[Point]


class Panel(NamedTuple):
    """One quantity."""

    name: str
    lines: Sequence[Line]


class Axis(NamedTuple):
    """What all panels have below.

    Attributes:
        marks: (x, text) of what is written there; empty: the axis is one of numbers, and writes its own.
    """

    name: str
    marks: Sequence[tuple[float, str]] = ()


class Chart(NamedTuple):
    """Panels with one axis. All panels have the same lines in the same order."""

    title: str
    axis: Axis
    panels: Sequence[Panel]
