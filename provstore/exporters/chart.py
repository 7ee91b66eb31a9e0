"""Charts as SVG: small panels beside each other, in one scale of colours, for light and dark viewers.

Rules: no script, no font of its own, nothing from elsewhere; all text is escaped. Colours stand in a style sheet, so
that a viewer in a dark surrounding takes others (docs/decisions/0033-own-svg.md). Pure.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from provstore.exporters.ticks import ticks
from provstore.model.values import harmless
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.exporters.ticks import Ticks
    from provstore.model.chart import Axis, Chart, Line, Panel, Point

LIGHT = ("#0969da", "#d4691b", "#1a7f37", "#8250df", "#cf222e", "#1b7c83", "#bf3989", "#9a6700")
DARK = ("#58a6ff", "#f0883e", "#3fb950", "#bc8cff", "#ff7b72", "#39c5cf", "#f778ba", "#d29922")
PALE = "p"
"""Class of the lines where there are more than colours."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
CHARACTER = 6.4
"""Width of one, about."""
MARGIN = 24
HEAD, FOOT = 44, 30
"""Above and below the panels."""
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 30
"""Of the plotting area, in its panel."""
DOTTED = 60
"""Points of a line, up to which each has a dot."""
TOLD = 3_000
"""Points of a chart, up to which each says what it is when it is pointed at."""
TICKS = 7
"""Of an axis, at most, about."""
ROOM = 0.06
"""Above and below the values, as a part of the plotting area."""


STYLE = (
    ".back{fill:#fff}.title{font-size:15px;font-weight:600}.name{font-weight:600}text{fill:#1f2328}.dim{fill:#636c76}"
    ".grid{stroke:#d8dee4}.axis{stroke:#8c959f}.told{fill:transparent;stroke:none}"
    "polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.2}"
)
DARK_STYLE = ".back{fill:#0d1117}text{fill:#e6edf3}.dim{fill:#8d96a0}.grid{stroke:#262c36}.axis{stroke:#656d76}"


class Size(NamedTuple):
    """Of a panel."""

    columns: int
    width: float
    height: float


class Frame(NamedTuple):
    """The plotting area of one panel."""

    x: Ticks
    y: Ticks
    size: Size

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is."""
        width, height = self.size.width - LEFT - RIGHT, self.size.height - TOP - BOTTOM
        return LEFT + width * self.x.share(x), TOP + height * (1 - self.y.share(y))


def svg(chart: Chart) -> str:
    """The chart as a document."""
    size = _size(len(chart.panels))
    rows = -(-len(chart.panels) // size.columns)
    labels = [line.label for line in chart.panels[0].lines] if chart.panels else []
    legend = list(_legend(labels, size.columns * size.width))
    head = HEAD + 20 * (1 + max((row for row, _ in legend), default=-1))
    width = 2 * MARGIN + size.columns * size.width
    height = head + rows * size.height + FOOT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" font-family="{FONT}" font-size="11">\n<title>{_text(chart.title)}</title>\n'
        f"<style>{_style()}</style>\n"
        f'<rect class="back" width="{width:g}" height="{height:g}"/>\n'
        f'<text class="title" x="{MARGIN}" y="28">{_text(_cut(chart.title, width - 2 * MARGIN))}</text>\n'
    ]
    parts += [text for _, text in legend]
    told = sum(len(line.points) for panel in chart.panels for line in panel.lines) <= TOLD
    xs = _extent(chart)
    for number, panel in enumerate(chart.panels):
        row, column = divmod(number, size.columns)
        x, y = MARGIN + column * size.width, head + row * size.height
        parts.append(f'<g transform="translate({x:g} {y:g})">\n{_panel(panel, chart.axis, xs, size, told)}</g>\n')
    name = _text(f"{chart.axis.name}  {xs.note}".rstrip() if not chart.axis.marks else chart.axis.name)
    parts.append(
        f'<text class="dim" x="{width / 2:g}" y="{height - 12:g}" text-anchor="middle">{name}</text>\n</svg>\n'
    )
    return "".join(parts)


def _size(panels: int) -> Size:
    if panels <= 1:
        return Size(1, 720, 340)
    return Size(2, 400, 230) if panels <= 4 else Size(3, 330, 200)


def _style() -> str:
    """Colours for a light surrounding, and for a dark one."""
    dark = f"{DARK_STYLE}{_colours(DARK)}"
    return f"{STYLE}{_colours(LIGHT)}@media (prefers-color-scheme:dark){{{dark}}}"


def _colours(colours: Sequence[str]) -> str:
    lines = "".join(
        f".c{number}{{stroke:{colour}}}circle.c{number},rect.c{number}{{fill:{colour};stroke:none}}"
        for number, colour in enumerate(colours)
    )
    first = colours[0]
    return (
        f"{lines}.{PALE}{{stroke:{first};stroke-opacity:.35}}circle.{PALE}{{fill:{first};fill-opacity:.35;stroke:none}}"
    )


def _legend(labels: Sequence[str], width: float) -> Iterator[tuple[int, str]]:
    """What the colours mean, in rows; of more lines than colours their number is told."""
    if len(labels) > len(LIGHT):
        yield 0, f'<text class="dim" x="{MARGIN}" y="{HEAD + 6}">{len(labels)} lines, one for each task</text>\n'
        return
    row, x = 0, 0.0
    for number, label in enumerate(labels):
        if not label:
            continue
        text = _cut(label, width / 2)
        needed = 34 + CHARACTER * len(text)
        if x and x + needed > width:
            row, x = row + 1, 0.0
        left, y = MARGIN + x, HEAD + 6 + 20 * row
        yield row, (f'<rect class="c{number}" x="{left:g}" y="{y - 6:g}" width="14" height="3" rx="1.5"/>'
                    f'<text x="{left + 20:g}" y="{y:g}">{_text(text)}</text>\n')  # fmt: skip
        x += needed


# --- one panel ----------------------------------------------------------------------------------------------


def _extent(chart: Chart) -> Ticks:
    """The axis below, the same for all panels."""
    xs = [point.x for panel in chart.panels for line in panel.lines for point in line.points]
    return ticks(xs or [0.0], TICKS)


def _panel(panel: Panel, axis: Axis, xs: Ticks, size: Size, told: bool) -> str:
    values = [point.y for line in panel.lines for point in line.points if point.y is not None]
    frame = Frame(xs, ticks(values or [0.0], TICKS, room=ROOM), size)
    parts = [_heading(panel, frame), *_grid(frame), *_below(frame, axis)]
    for number, line in enumerate(panel.lines):
        kind = f"c{number}" if len(panel.lines) <= len(LIGHT) else PALE
        parts += _curve(line, frame, kind, told)
    return "".join(parts)


def _heading(panel: Panel, frame: Frame) -> str:
    note = f"  {frame.y.note}" if frame.y.note else ""
    name = _cut(panel.name, frame.size.width - LEFT - RIGHT - CHARACTER * len(note))
    whole = f"<title>{_text(panel.name)}</title>" if name != panel.name else ""
    return (f'<text x="{LEFT}" y="20"><tspan class="name">{_text(name)}</tspan>'
            f'<tspan class="dim">{_text(note)}</tspan>{whole}</text>\n')  # fmt: skip


def _grid(frame: Frame) -> Iterator[str]:
    right = frame.size.width - RIGHT
    for value, text in zip(frame.y.values, frame.y.texts, strict=True):
        _, y = frame.place(frame.x.low, value)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{right:g}"/>'
        yield f'<text class="dim" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{_text(text)}</text>\n'


def _below(frame: Frame, axis: Axis) -> Iterator[str]:
    """The axis of x, with what is written there; what would run into its neighbour is left out."""
    bottom, right = frame.size.height - BOTTOM, frame.size.width - RIGHT
    yield f'<path class="axis" d="M{LEFT} {bottom:g}H{right:g}"/>\n'
    marks = list(axis.marks or zip(frame.x.values, frame.x.texts, strict=True))
    end = -float("inf")
    for place, (value, text) in enumerate(marks):
        x, _ = frame.place(value, frame.y.low)
        half = CHARACTER * len(text) / 2
        x_text = max(LEFT - 20 + half, min(right + 8 - half, x))
        is_last = place == len(marks) - 1
        if x_text - half < end or (not is_last and _runs_into_last(frame, marks, x_text + half)):
            continue
        end = x_text + half + 8
        yield f'<path class="axis" d="M{x:.1f} {bottom:g}v4"/>'
        yield f'<text class="dim" x="{x_text:.1f}" y="{bottom + 17:g}" text-anchor="middle">{_text(text)}</text>\n'


def _runs_into_last(frame: Frame, marks: Sequence[tuple[float, str]], end: float) -> bool:
    value, text = marks[-1]
    x, _ = frame.place(value, frame.y.low)
    half = CHARACTER * len(text) / 2
    return end + 8 > min(frame.size.width - RIGHT + 8 - half, x) - half


def _curve(line: Line, frame: Frame, kind: str, told: bool) -> Iterator[str]:
    """A line, with gaps where there is no value; its points as dots where they are few or stand alone."""
    dotted = len(line.points) <= DOTTED
    for piece in _pieces(line.points):
        places = [frame.place(point.x, point.y) for point in piece if point.y is not None]
        if len(places) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            yield f'<polyline class="{kind}{"" if dotted else " thin"}" points="{path}"/>\n'
        for point, (x, y) in zip(piece, places, strict=True):
            shows = dotted or len(places) == 1
            if shows or told:
                title = f"<title>{_text(point.note)}</title>" if told else ""
                dot = f'class="{kind}" r="3"' if shows else 'class="told" r="5"'
                yield f'<circle {dot} cx="{x:.1f}" cy="{y:.1f}">{title}</circle>\n'


def _pieces(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Points without a gap between."""
    piece: list[Point] = []
    for point in points:
        if point.y is not None:
            piece.append(point)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _cut(text: str, width: float) -> str:
    room = max(4, int(width / CHARACTER))
    return text if len(text) <= room else text[: room - 1] + "…"


def _text(text: str) -> str:
    """Text for a document: harmless, and escaped."""
    return escape(harmless(text), {'"': "&quot;"})
