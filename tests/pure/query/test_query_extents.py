"""Regions and time spans in plain Python, and conditions with less depth that mean the same."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given

from provstore.errors import QueryError
from provstore.query import check_where, matches, parse_where, printed
from provstore.query.node import walk
from provstore.query.simplify import height, simplified
from provstore.query.tree import AllOf, AnyOf, Expression, In, Not

from .query_trees import BINDS, conditions, rows


class Line:
    """A sky with one dimension: a circle is from ra - radius to ra + radius, a point is a circle without radius."""

    def canonical(self, text):
        shape, _, numbers = text.rstrip(")").partition("(")
        if shape not in ("CIRCLE", "POINT"):
            raise ValueError(f"found '{text}', expected a region")
        ra, dec, *radius = map(float, numbers.split(","))
        if abs(dec) > 90:
            raise ValueError(f"found the declination {dec}")
        return f"CIRCLE({ra}, {dec}, {radius[0] if radius else 0.0})"

    def overlap(self, a, b):
        (at, _, near), (there, _, far) = (map(float, text[7:-1].split(",")) for text in (a, b))
        return abs(at - there) <= near + far


DAYS = [f"2026-11-2{day}T00:00:00.000000Z" for day in range(6)]
ROW = {
    "v.region": "CIRCLE(10, 0, 2)",
    "t.region": None,
    "v.timespan": (DAYS[1], DAYS[3]),
    "w.timespan": (DAYS[3], None),
    "x.timespan": None,
    "v.begin": DAYS[1],
    "v.end": DAYS[3],
    "x.end": None,
    "ra": 12,
}


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("v.region OVERLAPS CIRCLE(15, 0, 3)", True),
        ("v.region OVERLAPS CIRCLE(15, 0, 2)", False),
        ("v.region OVERLAPS POINT(ra, 0)", True),
        ("POINT(ra + 1, 0) OVERLAPS v.region", False),
        ("v.region OVERLAPS t.region", None),
        ("v.region OVERLAPS CIRCLE(:n, 0, 1)", None),
        ("v.region OVERLAPS POINT(ra, ra * 10)", None),
        ("v.region OVERLAPS POINT(ra / 0, 0)", None),
        ("v.region OVERLAPS :region", True),
        ("POINT(1, 1) OVERLAPS POINT(1, 1)", True),
        ("v.timespan OVERLAPS (T'2026-11-22', T'2026-11-24')", True),
        ("v.timespan OVERLAPS (T'2026-11-23', T'2026-11-24')", False),
        ("v.timespan OVERLAPS (T'2026-11-20', T'2026-11-21')", False),
        ("v.timespan OVERLAPS (NULL, T'2026-11-21T00:00:00.000001')", True),
        ("v.timespan OVERLAPS (:n, :n)", True),
        ("v.timespan OVERLAPS w.timespan", False),
        ("w.timespan OVERLAPS (:t, NULL)", True),
        ("(:u, :t) OVERLAPS v.timespan", True),
        ("v.timespan OVERLAPS T'2026-11-21'", True),
        ("T'2026-11-23' OVERLAPS v.timespan", False),
        ("w.timespan OVERLAPS :t", True),
        ("w.timespan OVERLAPS :u", False),
        ("v.timespan OVERLAPS :n", None),
        ("v.timespan OVERLAPS x.timespan", None),
        ("v.timespan OVERLAPS (v.begin, v.end)", True),
        ("v.timespan OVERLAPS (v.end, v.begin)", None),
        ("v.timespan OVERLAPS (v.begin, x.end)", None),
        ("v.timespan OVERLAPS (v.begin, NULL)", True),
        ("v.region != NULL AND v.timespan != NULL AND t.region = NULL AND x.timespan = NULL", True),
    ],
)
def test_overlaps(text, outcome):
    """Spans are half open, what touches on the sky overlaps, and what is missing is neither."""
    bind = {"n": None, "t": datetime(2026, 11, 25), "u": "2026-11-22", "region": "POINT(9, 0)"}

    assert matches(parse_where(text), ROW, bind, Line()) is (outcome is True)
    assert matches(parse_where(f"NOT ({text})"), ROW, bind, Line()) is (outcome is False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v.region OVERLAPS POINT(0, 91)", "column 19: found the declination"),
        ("v.region OVERLAPS BOX(1, 2, 3, 4)", "column 19: found 'BOX"),
        ("v.region OVERLAPS v.timespan", "column 10: a region overlaps regions"),
        ("v.timespan OVERLAPS (T'2026-11-22', :u)", "column 21: the time span from 2026-11-22"),
        ("v.timespan OVERLAPS (T'2026-11-22', :name)", "'yesterday' is no time"),
        ("v.region OVERLAPS :name", "column 19: found 'yesterday'"),
    ],
)
def test_what_is_no_region_or_time_span_is_an_error(text, message):
    """With its place."""
    with pytest.raises(QueryError) as caught:
        matches(parse_where(text), ROW, {"u": "2026-11-22", "name": "yesterday"}, Line())

    assert message in caught.value.message


@given(conditions, rows)
def test_less_depth_means_the_same(condition, row):
    """The condition and its opposite are true of the same rows; NOT stands before comparisons only."""
    flat, opposite = simplified(condition), simplified(condition, negated=True)

    assert matches(Expression("", flat), row, BINDS) == matches(Expression("", condition), row, BINDS)
    assert matches(Expression("", opposite), row, BINDS) == matches(Expression("", Not(0, condition)), row, BINDS)
    for node in walk(flat):
        if isinstance(node, Not):
            assert not isinstance(node.part, (Not, AllOf, AnyOf, In))
        if isinstance(node, (AllOf, AnyOf)):
            assert type(node) not in map(type, node.parts)
            assert height(node) == 1 + max(map(height, node.parts))


def test_parentheses_and_not_of_any_kind_are_no_depth():
    """What is written around one condition is gone."""
    tree = parse_where("not (not ((a = 1 and (b = 2 and c = 3)) and not (d in (1) or e = 1)))")
    flat = printed(Expression("", simplified(tree.condition)))

    assert flat == "a = 1 AND b = 2 AND c = 3 AND d NOT IN (1) AND NOT e = 1"


def test_the_caret_stands_below_wide_characters():
    """A terminal draws some characters in two cells, and accents in none; columns count characters."""
    with pytest.raises(QueryError) as caught:
        parse_where("x = '全角e\u0301' == 1")

    assert caught.value.column == 12
    assert caught.value.message.split("\n")[2] == " " * 14 + "^"


def test_of_many_names_the_nearest_are_listed():
    """So that what was meant is among them."""
    kinds = {**dict.fromkeys(f"n{number:03d}" for number in range(100)), "visit.exposure_time": "number"}

    with pytest.raises(QueryError, match=r"names are: visit\.exposure_time, .*81 more"):
        check_where(parse_where("exposure = 1"), kinds)
