"""Charts as text for a terminal: a row of small bars for each line. Pure functions."""

from __future__ import annotations

from provstore.cli.tables import table
from provstore.model.measures import shown
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.chart import Chart, Line, Point

BARS = "▁▂▃▄▅▆▇█"
WIDEST, NARROWEST = 60, 10
"""Bars of one line."""
UTC = " (UTC)"
OTHERS = 56
"""Columns of the terminal for what stands beside the bars."""


def chart_text(chart: Chart, width: int | None) -> str:
    """A line for each measure, and each data ID, from the first value to the last."""
    bars = WIDEST if width is None else max(NARROWEST, min(WIDEST, width - OTHERS))
    labelled = any(line.label for panel in chart.panels for line in panel.lines)
    rows = []
    for panel in chart.panels:
        for line in panel.lines:
            cells = _cells(line, bars)
            if cells is not None:
                rows.append((harmless(panel.name), *((harmless(line.label),) if labelled else ()), *cells))
    head = (
        "measure",
        *(("task",) if labelled else ()),
        f"over {harmless(chart.axis.name.removesuffix(UTC))}",
        "first",
        "last",
        "least",
        "most",
    )
    right = frozenset(range(len(head) - 4, len(head)))
    return f"{harmless(chart.title)}\n" + table(head, rows, width, right=right)


def _cells(line: Line, bars: int) -> tuple[str, str, str, str, str] | None:
    """The bars, first, last, least and most; None: there is no value."""
    values = [point.y for point in line.points if point.y is not None]
    if not values:
        return None
    numbers = (values[0], values[-1], min(values), max(values))
    first, last, least, most = map(_shown, numbers)
    return sparkline(line.points, bars), first, last, least, most


def _shown(value: float) -> str:
    """A value as the table of `metrics` has it, where integers have no fraction."""
    return shown(int(value) if value.is_integer() else value)


def sparkline(points: Sequence[Point], bars: int) -> str:
    """The values as bars, a space where there is none; of more points than bars, the last one in each share."""
    if len(points) > bars:
        points = [points[(place + 1) * len(points) // bars - 1] for place in range(bars)]
    values = [point.y for point in points if point.y is not None]
    low, high = min(values, default=0.0), max(values, default=0.0)
    half = high / 2 - low / 2  # the whole may be more than a float can hold
    return "".join([" " if point.y is None else _bar(point.y / 2 - low / 2, half) for point in points])


def _bar(above: float, whole: float) -> str:
    return BARS[len(BARS) // 2 - 1] if not whole else BARS[min(len(BARS) - 1, int(above / whole * len(BARS)))]
