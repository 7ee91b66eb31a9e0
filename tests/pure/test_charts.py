"""Charts: ticks, SVG and bars."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.cli.sparkline import chart_text, sparkline
from provstore.exporters.chart import DOTTED, LIGHT, TOLD, svg
from provstore.exporters.ticks import clipped, ticks
from provstore.model.chart import Axis, Chart, Line, Panel, Point

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SVG = "{http://www.w3.org/2000/svg}"
MARKS = Axis("runs (UTC)", [(1.0, "2026-11-01"), (2.0, "2026-11-22")])


def line(*values: float | None, label: str = "") -> Line:
    """A line through values at 1, 2, 3, ..."""
    return Line(label, [Point(place, value, f"is {value}") for place, value in enumerate(values, 1)])


def chart(*lines: Line, panels: int = 1, axis: Axis = MARKS, name: str = "loss") -> Chart:
    """The same lines in so many panels."""
    return Chart("demo: 3 runs", axis, [Panel(name, lines) for _ in range(panels)])


def all_of(document: str, kind: str) -> list[ElementTree.Element]:
    """All elements of one kind; what is no XML is an error."""
    return list(ElementTree.fromstring(document).iter(SVG + kind))


@given(st.lists(FLOATS, min_size=1, max_size=5), st.sampled_from([0.0, 0.06]))
def test_ticks_are_few_rise_and_lie_on_the_axis(values: list[float], room: float) -> None:
    """Whatever the values are, each has its place between the ends."""
    found = ticks(values, 5, room=room)

    assert 1 <= len(found.values) <= 12
    assert len(found.values) == len(found.texts)
    assert list(found.values) == sorted(found.values)
    assert all(found.low <= clipped(value) <= found.high for value in values)
    assert all(0 <= found.share(value) <= 1 for value in (*values, *found.values))


@given(FLOATS, FLOATS)
def test_ticks_can_be_told_apart(a: float, b: float) -> None:
    """No two have the same text, and none is long."""
    found = ticks([a, b], 5)

    assert len(set(found.texts)) == len(found.texts)
    assert max(map(len, found.texts)) <= 9


@pytest.mark.parametrize(
    ("values", "texts", "note"),
    [
        ((0.0, 1.0), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], ""),
        ((1e-9, 2e-9), ["1.0", "1.2", "1.4", "1.6", "1.8", "2.0"], "×10⁻⁹"),
        ((0.0, 1e12), ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"], "×10¹²"),
        ((-50.0, 50.0), ["−40", "−20", "0", "20", "40"], ""),
        ((1e9, 1e9 + 4), ["+0", "+1", "+2", "+3", "+4"], "+ 1000000000"),
        ((5.0, 5.0), ["4.6", "4.8", "5.0", "5.2", "5.4"], ""),
        ((0.0, 0.0), ["−1.0", "−0.5", "0.0", "0.5", "1.0"], ""),
    ],
)
def test_ticks_are_round_and_short(values: tuple[float, float], texts: list[str], note: str) -> None:
    """What they have in common stands aside."""
    found = ticks(values, 5)

    assert (list(found.texts), found.note) == (texts, note)


@pytest.mark.parametrize("panels", [0, 1, 2, 4, 5, 12])
def test_a_chart_is_a_document_with_all_its_lines(panels: int) -> None:
    """Well-formed, with nothing from elsewhere."""
    document = svg(chart(line(1.0, 3.0, 2.0), panels=panels))

    assert len(all_of(document, "polyline")) == panels
    assert not re.search(r"href|url\(|<script|@import", document)


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    """A value between two gaps is a dot."""
    document = svg(chart(line(1.0, 2.0, None, 3.0, None, 4.0, 5.0)))

    assert [len(found.attrib["points"].split()) for found in all_of(document, "polyline")] == [2, 2]
    assert len(all_of(document, "circle")) == 5


def test_many_points_have_no_dots_but_say_what_they_are() -> None:
    """And of very many, nothing is said."""
    many = svg(chart(line(*map(float, range(DOTTED + 1)))))
    most = svg(chart(line(*map(float, range(TOLD + 1)))))

    assert {found.attrib["class"] for found in all_of(many, "circle")} == {"told"}
    assert "is 7.0" in {found.text for found in all_of(many, "title")}
    assert not all_of(most, "circle")


@pytest.mark.parametrize("number", [2, len(LIGHT), len(LIGHT) + 1])
def test_lines_have_a_legend_as_long_as_there_are_colours(number: int) -> None:
    """Beyond that their number is told."""
    document = svg(chart(*[line(1.0, 2.0, label=f"fold={place}") for place in range(number)]))

    assert ("fold=1" in document) == (number <= len(LIGHT))
    assert (f"{number} lines, one for each task" in document) == (number > len(LIGHT))


def test_names_can_do_no_harm() -> None:
    """Neither to the document nor to who looks at it."""
    document = svg(chart(line(1.0, label="<a>&\x1b[0m"), line(2.0), name="</svg><script>"))

    assert not all_of(document, "script")
    assert "<a>&\\x1b[0m" in {found.text for found in all_of(document, "text")}


def test_colours_are_there_for_light_and_for_dark() -> None:
    """The dark ones only where the surrounding is."""
    light, _, dark = svg(chart(line(1.0))).partition("@media (prefers-color-scheme:dark)")

    assert ".back{fill:#fff}" in light
    assert ".back{fill:#0d1117}" in dark


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ((1.0, 2.0, 3.0), "▁▅█"), ((1.0, 1.0), "▄▄"), ((0.0, None, 1.0), "▁ █"), ((-1e308, 1e308), "▁█"), ((), ""),
    ],
)  # fmt: skip
def test_bars_go_from_the_least_to_the_most(values: tuple[float | None, ...], bars: str) -> None:
    """A missing value is a space."""
    assert sparkline(line(*values).points, 60) == bars


@given(st.lists(FLOATS | st.none(), max_size=200), st.integers(1, 60))
def test_there_are_never_more_bars_than_fit(values: list[float | None], bars: int) -> None:
    """Of more points, the last one is always there."""
    found = sparkline(line(*values).points, bars)

    assert len(found) == min(bars, len(values))
    assert not values or (found[-1] == " ") == (values[-1] is None)


def test_a_chart_as_text_fits_a_terminal() -> None:
    """With the label of each line, where there are some."""
    shown = chart_text(chart(line(*map(float, range(100)), label="fold=1")), 80)

    assert "fold=1" in shown
    assert all(len(text) <= 80 for text in shown.split("\n"))
