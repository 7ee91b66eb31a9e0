"""Regions on the sky: their spelling, and whether they overlap, against points that are known to be inside."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from provstore import sky
from provstore.errors import MissingLibraryError

# --- a second opinion: which places are in a region, by nothing but the definitions ---------------------------


def vector(ra, dec):
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def degrees_of(x, y, z):
    return math.degrees(math.atan2(y, x)) % 360, math.degrees(math.atan2(z, math.hypot(x, y)))


def dot(a, b):
    return sum(p * q for p, q in zip(a, b, strict=True))


def cross(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def apart(a, b):
    """Degrees between two vectors."""
    return math.degrees(math.atan2(math.hypot(*cross(a, b)), dot(a, b)))


def holds(text, place, margin):
    """A place is in a region, or within so many degrees of it (inside of it, where `margin` is negative)."""
    found = sky.region(text)
    numbers = found.numbers
    if found.shape in ("CIRCLE", "POINT"):
        return apart(vector(*numbers[:2]), place) <= (*numbers, 0.0)[2] + margin
    if found.shape == "BOX":
        west, east, south, north = numbers
        ra, dec = degrees_of(*place)
        wide = margin / max(math.cos(math.radians(dec)), 1e-9)
        inside = (ra - west + wide) % 360 <= (east - west if west <= east else east - west + 360) + 2 * wide
        return south - margin <= dec <= north + margin and (inside or abs(dec) >= 90 - abs(margin))
    corners = [vector(*place_) for place_ in zip(numbers[::2], numbers[1::2], strict=True)]
    sides = zip(corners, corners[1:] + corners[:1], strict=True)
    return all(dot(cross(a, b), place) >= -math.radians(margin) for a, b in sides)


# --- regions, many of them small, beside each other, at the poles and at RA 0 ---------------------------------

SIZES = (0.01, 1.0, 20.0, 60.0)
FRACTION = st.floats(0, 1)


def clipped(dec):
    return max(-90.0, min(90.0, dec))


@st.composite
def regions(draw, ra, dec, size):
    """The text of a region about so large, not far from a place."""
    shape = draw(st.sampled_from(("CIRCLE", "BOX", "POLYGON", "POINT")))
    ra += draw(st.floats(-2, 2)) * size / max(0.05, math.cos(math.radians(dec)))
    dec = clipped(dec + draw(st.floats(-1, 1)) * size)
    if shape == "POINT":
        return f"POINT({ra!r}, {dec!r})"
    if shape == "CIRCLE":
        return f"CIRCLE({ra!r}, {dec!r}, {draw(st.sampled_from((0, 0.3, 1, 2.5))) * size!r})"
    if shape == "BOX":
        width = draw(st.sampled_from((0.0, size, 130.0, 250.0, 360.0)))
        low, high = clipped(dec - draw(FRACTION) * size), clipped(dec + draw(FRACTION) * size)
        return f"BOX({ra!r}, {ra + width!r}, {low!r}, {high!r})"
    angles = sorted(draw(st.lists(st.integers(0, 35), min_size=3, max_size=6, unique=True)))
    centre, radius = vector(ra, dec), math.radians(size)
    east = (-math.sin(math.radians(ra)), math.cos(math.radians(ra)), 0.0)
    north = cross(centre, east)
    corners = []
    for angle in (math.radians(10 * step) for step in angles):
        around = [math.cos(angle) * e + math.sin(angle) * n for e, n in zip(east, north, strict=True)]
        place = [math.cos(radius) * c + math.sin(radius) * a for c, a in zip(centre, around, strict=True)]
        corners += [repr(number) for number in degrees_of(*place)]
    return f"POLYGON({', '.join(corners)})"


@st.composite
def pairs(draw):
    """Two regions about the same place, and that place and size."""
    ra = draw(st.sampled_from((0.0, 77.7, 359.99)))
    dec = draw(st.sampled_from((-90.0, -30.0, 0.0, 60.0, 89.9, 90.0)))
    size = draw(st.sampled_from(SIZES))
    return draw(regions(ra, dec, size)), draw(regions(ra, dec, size)), (ra, dec, size)


def places_about(ra, dec, size):
    """Places in a net about a place: the place itself, and rings around it."""
    centre = vector(ra, dec)
    east = (-math.sin(math.radians(ra)), math.cos(math.radians(ra)), 0.0)
    north = cross(centre, east)
    for ring in range(12):
        radius = math.radians(min(ring * size / 3, 180))
        for step in range(24 if ring else 1):
            angle = math.radians(15 * step + 4 * ring)
            around = [math.cos(angle) * e + math.sin(angle) * n for e, n in zip(east, north, strict=True)]
            yield tuple(math.cos(radius) * c + math.sin(radius) * a for c, a in zip(centre, around, strict=True))


def corners_of(text):
    """Places on the border or in the middle of a region."""
    found = sky.region(text)
    numbers = found.numbers
    if found.shape == "BOX":
        west, east, south, north = numbers
        width = east - west if west <= east else east - west + 360
        return [vector(west + width * a, south + (north - south) * b) for a in (0, 0.4, 1) for b in (0, 0.5, 1)]
    return [vector(*place) for place in zip(numbers[::2], numbers[1::2], strict=False)]


# --- laws -----------------------------------------------------------------------------------------------------


@settings(max_examples=250, deadline=None)
@given(pairs())
def test_a_place_in_both_means_overlap(pair):
    """Overlap is symmetric; and where no place within reach is near both, there is none."""
    one, other, (ra, dec, size) = pair
    places = [*places_about(ra, dec, size), *corners_of(one), *corners_of(other)]
    found = sky.overlap(one, other)

    assert found == sky.overlap(other, one)
    if any(holds(one, place, 1e-9) and holds(other, place, -1e-9) for place in places):
        assert found
    if found:
        around = [sky.box(text) for text in (one, other)]
        assert all(a[k] <= b[k + 1] and b[k] <= a[k + 1] for a, b in (around,) for k in (0, 2, 4))


@settings(max_examples=100, deadline=None)
@given(pairs())
@example(("CIRCLE(0, -89.99999999994, 60)", "POINT(70, -29.99999999997948)", (0.0, -90.0, 60.0)))
@example(("CIRCLE(0, -89.999999, 60)", "POINT(0, -29.9999991)", (0.0, -90.0, 60.0)))
def test_a_region_overlaps_itself_and_lies_in_its_box(pair):
    """In whatever spelling; its one spelling is spelled so again."""
    text, other, (ra, dec, size) = pair
    again = sky.canonical(text)

    assert sky.canonical(again) == again
    assert sky.overlap(text, again)
    x0, x1, y0, y1, z0, z1 = sky.box(text)
    for x, y, z in [*places_about(ra, dec, size), *corners_of(text), *corners_of(other)]:
        if holds(text, (x, y, z), 0):
            assert x0 <= x <= x1
            assert y0 <= y <= y1
            assert z0 <= z <= z1


@settings(max_examples=150, deadline=None)
@given(regions(0.0, 89.0, 5.0), st.floats(0, 360), st.floats(-90, 90), st.floats(1e-7, 1.0))
def test_a_circle_reaches_a_region_when_its_radius_does(text, ra, dec, more):
    """The nearest place is found to better than a milliarcsecond: by halving, there is one radius that decides."""
    low, high = 0.0, 180.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if sky.overlap(f"CIRCLE({ra}, {dec}, {middle})", text) else (middle, high)
    nearest = min(apart(vector(ra, dec), place) for place in corners_of(text)) - (
        sky.region(text).numbers[2] if text.startswith("CIRCLE") else 0
    )

    assert high <= max(nearest, 0) + 1e-6
    assert sky.overlap(f"CIRCLE({ra}, {dec}, {min(180, high + more)})", text)
    if low > more:
        assert not sky.overlap(f"CIRCLE({ra}, {dec}, {low - more})", text)


# --- cases ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("CIRCLE(0, 0, 10)", "CIRCLE(20, 0, 10)", True),
        ("CIRCLE(0, 0, 10)", "CIRCLE(20.00001, 0, 10)", False),
        ("CIRCLE(0, 0, 10)", "CIRCLE(20.000001, 0, 10)", False),
        ("CIRCLE(359, 0, 1)", "CIRCLE(1, 0, 1)", True),
        ("CIRCLE(0, 0, 180)", "POINT(180, 0)", True),
        ("CIRCLE(0, 0, 90)", "CIRCLE(180, 0, 90)", True),
        ("CIRCLE(0, 0, 90)", "CIRCLE(180, 0, 89.9999)", False),
        ("CIRCLE(0, 90, 1)", "CIRCLE(180, 89, 0.001)", True),
        ("POINT(10, 90)", "POINT(200, 90)", True),
        ("POINT(0, 0)", "POINT(360, 0)", True),
        ("POINT(0, 0)", "POINT(0.000001, 0)", False),
        ("BOX(0, 10, 0, 10)", "BOX(10, 20, 0, 10)", True),
        ("BOX(0, 10, 0, 10)", "BOX(10.0000001, 20, 0, 10)", False),
        ("BOX(0, 10, 0, 10)", "BOX(0, 10, 10, 20)", True),
        ("BOX(350, 10, -1, 1)", "BOX(5, 6, 0, 2)", True),
        ("BOX(350, 10, -1, 1)", "BOX(11, 349, -1, 1)", False),
        ("BOX(0, 10, 80, 90)", "BOX(180, 190, 80, 90)", True),
        ("BOX(0, 10, 80, 89.9)", "BOX(180, 190, 80, 90)", False),
        ("BOX(0, 360, -1, 1)", "POINT(222, 0)", True),
        ("BOX(0, 10, -10, 10)", "CIRCLE(11, 0, 1)", True),
        ("BOX(0, 10, -10, 10)", "CIRCLE(11, 0, 0.99999)", False),
        ("BOX(306.7225, 306.7285, -90, -89.9977)", "POINT(306.74907, -89.9978)", False),
        # A side of a polygon bulges towards the pole, away from the parallel between its corners.
        ("POLYGON(0, 60, 90, 60, 45, 80)", "BOX(40, 50, 50, 66)", False),
        ("POLYGON(0, 60, 90, 60, 45, 80)", "BOX(40, 50, 50, 68)", True),
        ("POLYGON(0, 60, 45, 40, 90, 60)", "BOX(350, 100, 67.7, 70)", True),
        ("POLYGON(0, 60, 45, 40, 90, 60)", "BOX(350, 100, 67.8, 70)", False),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 10)", "BOX(2, 8, 10.02, 11)", True),
        # Both meridians of a narrow box go on beyond the poles.
        ("POLYGON(175, -5, 185, -5, 180, 5)", "BOX(0, 0, -10, 10)", False),
        ("POLYGON(175, -5, 185, -5, 180, 5)", "BOX(180, 180, -10, 10)", True),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 10)", "BOX(2, 8, 10.05, 11)", False),
        ("POLYGON(0, 80, 120, 80, 240, 80)", "BOX(100, 101, 89, 90)", True),
        ("POLYGON(0, 80, 120, 80, 240, 80)", "BOX(0, 360, -90, 79)", False),
        ("POLYGON(0, 90, 0, 80, 10, 80)", "BOX(180, 190, 85, 90)", True),
        ("POLYGON(355, -5, 5, -5, 5, 5, 355, 5)", "BOX(359, 1, -1, 1)", True),
        ("POLYGON(355, -5, 5, -5, 5, 5, 355, 5)", "BOX(0, 360, -0.1, 0.1)", True),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 10)", "POLYGON(10, 0, 20, 0, 20, 10, 10, 10)", True),
        ("POLYGON(0, 0, 10, 0, 5, 1)", "POLYGON(4, -5, 6, -5, 5, 5)", True),
        ("POLYGON(0, 0, 10, 0, 5, 1)", "POLYGON(0, 3, 10, 3, 5, 5)", False),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 10)", "POINT(0, 0)", True),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 10)", "POINT(5, 0)", True),
    ],
)
def test_regions_overlap(one, other, expected):
    """At RA 0, at the poles, where they touch, and where sides bulge."""
    assert sky.overlap(one, other) is expected
    assert sky.overlap(other, one) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" circle ( -10, 2 ,.75 )", "CIRCLE(350, 2, 0.75)"),
        ("CIRCLE(1e1, -0.0, 180)", "CIRCLE(10, 0, 180)"),
        ("POINT(360, 90)", "POINT(0, 90)"),
        ("POINT(510.1, 0)", "POINT(150.1, 0)"),
        ("POINT(-0.1, 0)", "POINT(359.9, 0)"),
        ("POINT(-1e-20, 0)", "POINT(0, 0)"),
        ("BOX(-10, 10, 1, 2)", "BOX(350, 10, 1, 2)"),
        ("BOX(0, 360, 1, 2)", "BOX(0, 360, 1, 2)"),
        ("BOX(-180, 180, 1, 2)", "BOX(0, 360, 1, 2)"),
        ("BOX(5, 5, 1, 1)", "BOX(5, 5, 1, 1)"),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 0)", "POLYGON(0, 0, 10, 0, 10, 10)"),
        ("POLYGON(0, 0, 5, 0, 10, 0, 10, 10)", "POLYGON(0, 0, 5, 0, 10, 0, 10, 10)"),
    ],
)
def test_a_region_has_one_spelling(text, expected):
    """Right ascensions from 0 to less than 360; a polygon is closed by itself."""
    assert sky.canonical(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a region: CIRCLE"),
        ("CIRCLE", "expected a region"),
        ("SQUARE(1, 2)", "expected a region"),
        ("CIRCLE(1, 2, 3) or 1", "expected a region"),
        ("CIRCLE(1, 2)", "CIRCLE has 2 numbers, expected CIRCLE"),
        ("CIRCLE(1, 2, x)", "expected numbers in CIRCLE"),
        ("CIRCLE(1_0, 2, 3)", "expected a region"),
        ("CIRCLE(1, 2, nan)", "not finite"),
        ("CIRCLE(inf, 2, 1)", "not finite"),
        ("CIRCLE(1, 90.1, 1)", "declination 90.1, expected -90 to 90"),
        ("CIRCLE(1, 2, -1)", "radius -1, expected 0 to 180"),
        ("CIRCLE(1, 2, 181)", "radius 181, expected 0 to 180"),
        ("BOX(1, 2, 4, 3)", "dec1 4 above dec2 3"),
        ("POLYGON(1, 2, 3, 4)", "POLYGON has 4 numbers"),
        ("POLYGON(1, 2, 3, 4, 1, 2)", "2 corners, expected three or more"),
        ("POLYGON(0, 0, 10, 10, 10, 0)", "clockwise"),
        ("POLYGON(0, 0, 10, 0, 1, 1, 0, 10)", "not convex"),
        ("POLYGON(0, 0, 10, 10, 10, 0, 0, 10)", "crosses itself"),
        ("POLYGON(0, 0, 4, 8, 8, 0, -1, 5, 9, 5)", "crosses itself"),
        ("POLYGON(0, 0, 5, 0, 10, 0)", "great circle"),
        ("POLYGON(0, 0, 0, 0, 10, 0, 10, 10)", "the same, or opposite"),
        ("POLYGON(0, 0, 180, 0, 90, 80)", "the same, or opposite"),
        ("POLYGON(0, 0, 10, 0, 10, 10, 0, 0, 10, 0, 10, 10)", "corners are the same"),
    ],
)
def test_what_is_no_region_is_refused(text, message):
    """With what was found and expected."""
    with pytest.raises(ValueError, match=message):
        sky.canonical(text)


def test_without_the_library_there_is_a_hint(monkeypatch):
    """Regions are checked and spelled without it."""
    monkeypatch.setitem(sys.modules, "lsst", None)

    assert sky.canonical("POINT(1,2)") == "POINT(1, 2)"
    with pytest.raises(MissingLibraryError) as caught:
        sky.box("POINT(17, 23.4567)")
    assert caught.value.hint == "pip install 'provstore[sky]'"
