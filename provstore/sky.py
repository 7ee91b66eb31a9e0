"""Regions on the sky: their text, the box around each, and whether two of them overlap.

Rules: a region is a text of the query language, in degrees (ICRS): ``CIRCLE(ra, dec, radius)``,
``BOX(ra1, ra2, dec1, dec2)``, ``POLYGON(ra, dec, …)``, ``POINT(ra, dec)``. Its border belongs to it, so what touches
overlaps; `TOUCH` says how near that is. This is the only file that imports `lsst.sphgeom`, which is an extra: it
decides wherever it is exact. It is not where a box is concerned (it compares a polygon's own box with it, takes
boxes that share a pole for apart, and errs by milliarcseconds beside a pole) nor for two circles (which it lets
overlap across 12 milliarcseconds): these pairs are decided here.
"""

from __future__ import annotations

import functools
import math
import re

from provstore.errors import MissingLibraryError
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    Vector: TypeAlias = "tuple[float, float, float]"
    Bounds: TypeAlias = "tuple[float, float, float, float, float, float]"

TOUCH = 1e-13
"""Radians (2e-8 arcseconds) between regions that still touch: more than rounding makes out of nothing."""
MARGIN = 1e-7
"""By how much a box is larger than it need be: lsst-sphgeom's boxes of circles about a pole are too small by up to
2e-8, since it takes the cosine of a declination from the rounded sine."""
WIDEST = 120.0
"""Degrees: a wider box is looked at in parts, each of which lies on one half of the sky."""
FORMS = {
    "CIRCLE": "CIRCLE(ra, dec, radius)",
    "BOX": "BOX(ra1, ra2, dec1, dec2)",
    "POLYGON": "POLYGON(ra, dec, …) of three corners or more",
    "POINT": "POINT(ra, dec)",
}
REGION = re.compile(r"\s*([A-Za-z]+)\s*\(([^()_]*)\)\s*")


class Region(NamedTuple):
    """A region as it is written.

    Attributes:
        shape: A key of `FORMS`.
        numbers: Degrees; right ascensions from 0 to less than 360, but for a box all around: 0, 360.
    """

    shape: str
    numbers: tuple[float, ...]

    @property
    def text(self) -> str:
        """Its one spelling."""
        return f"{self.shape}({', '.join(map(_spelled, self.numbers))})"

    @property
    def corners(self) -> list[Vector]:
        """Of a polygon; of a point, its place; of a circle, its centre."""
        places = self.numbers if self.shape == "POLYGON" else self.numbers[:2]
        return [_vector(ra, dec) for ra, dec in zip(places[::2], places[1::2], strict=True)]


def canonical(text: str) -> str:
    """The one spelling of a region: words in capitals, right ascensions from 0 to less than 360.

    Raises:
        ValueError: It is no region, or none that there can be; says what was found and what was expected.
    """
    return region(text).text


def box(text: str) -> Bounds:
    """The box around a region within the unit sphere, a little larger: x from, to, y from, to, z from, to.

    Raises:
        ValueError: As `canonical`.
        MissingLibraryError: lsst-sphgeom is not installed.
    """
    around = _shape(canonical(text)).getBoundingBox3d()
    sides = [(side.getA() - MARGIN, side.getB() + MARGIN) for side in (around.x(), around.y(), around.z())]
    return (*sides[0], *sides[1], *sides[2])


def overlap(a: str, b: str) -> bool:
    """Some place is in both regions.

    Raises:
        ValueError: As `canonical`.
        MissingLibraryError: lsst-sphgeom is not installed.
    """
    one, other = sorted((region(a), region(b)), key=lambda found: list(PAIRED).index(found.shape))
    return PAIRED[one.shape](one, other)


@functools.lru_cache(maxsize=4096)
def region(text: str) -> Region:
    """A region out of its text, checked.

    Raises:
        ValueError: As `canonical`.
    """
    found = REGION.fullmatch(text)
    shape = found[1].upper() if found else ""
    if found is None or shape not in FORMS:
        raise ValueError(f"found '{text}', expected a region: {', '.join(FORMS.values())}")
    try:
        numbers = [float(part) for part in found[2].split(",")]
    except ValueError:
        raise ValueError(f"found '{text}', expected numbers in {FORMS[shape]}") from None
    return from_numbers(shape, numbers)


def from_numbers(shape: str, numbers: Sequence[float]) -> Region:
    """A region out of its degrees, checked.

    Args:
        shape: A key of `FORMS`.

    Raises:
        ValueError: As `canonical`.
    """
    count = len(numbers)
    fits = count >= 6 and count % 2 == 0 if shape == "POLYGON" else count == FORMS[shape].count(",") + 1
    if not fits:
        raise ValueError(f"{shape} has {count} numbers, expected {FORMS[shape]}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{shape}: found a number that is not finite")
    return Region(shape, {"BOX": _box, "POLYGON": _polygon}.get(shape, _around)(numbers))


# --- what is written ------------------------------------------------------------------------------------------


def _around(numbers: Sequence[float]) -> tuple[float, ...]:
    """A place, and perhaps a radius."""
    for radius in numbers[2:]:
        if not 0 <= radius <= 180:
            raise ValueError(f"CIRCLE: found the radius {_spelled(radius)}, expected 0 to 180 degrees")
    return (_ra(numbers[0]), _dec(numbers[1]), *(radius + 0.0 for radius in numbers[2:]))


def _box(numbers: Sequence[float]) -> tuple[float, ...]:
    west, east, south, north = numbers
    if _dec(south) > _dec(north):
        raise ValueError(f"BOX: found dec1 {_spelled(south)} above dec2 {_spelled(north)}, expected dec1 <= dec2")
    if east - west >= 360:
        return 0.0, 360.0, _dec(south), _dec(north)
    return _ra(west), _ra(east), _dec(south), _dec(north)


def _polygon(numbers: Sequence[float]) -> tuple[float, ...]:
    places = [(_ra(ra), _dec(dec)) for ra, dec in zip(numbers[::2], numbers[1::2], strict=True)]
    if places[0] == places[-1]:
        places.pop()  # written as a closed line
    _check_corners([_vector(*place) for place in places])
    return tuple([number for place in places for number in place])


def _ra(degrees: float) -> float:
    if 0 <= degrees < 360:
        return degrees + 0.0
    turned = round(degrees % 360.0, 12)  # 510.1 is 150.1: without what the division leaves behind it
    return turned if turned < 360.0 else 0.0


def _dec(degrees: float) -> float:
    if not -90 <= degrees <= 90:
        raise ValueError(f"found the declination {_spelled(degrees)}, expected -90 to 90 degrees")
    return degrees + 0.0  # no minus before a zero


def _spelled(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


def _check_corners(corners: Sequence[Vector]) -> None:
    """A polygon turns left at every corner: each of its sides has all other corners on its left, or on itself.

    Raises:
        ValueError: It does not.
    """
    if len(corners) < 3:
        raise ValueError(f"POLYGON has {len(corners)} corners, expected three or more")
    sides = [(corner, corners[(place + 1) % len(corners)]) for place, corner in enumerate(corners)]
    turns = []
    for start, end in sides:
        normal = _cross(start, end)
        if _length(normal) < TOUCH:
            raise ValueError("POLYGON: two corners that follow each other are the same, or opposite on the sky")
        turns += [_dot(normal, corner) for corner in corners if corner not in (start, end)]
    if len(set(corners)) < len(corners):
        raise ValueError("POLYGON: two of its corners are the same")
    left, right = any(turn > TOUCH for turn in turns), any(turn < -TOUCH for turn in turns)
    if not left and not right:
        raise ValueError("POLYGON: all of its corners are on one great circle, so nothing is inside of it")
    if left and right:
        raise ValueError("POLYGON: it is not convex, or crosses itself; expected corners that all turn left")
    if right:
        raise ValueError("POLYGON: its corners are clockwise, expected them counter-clockwise: in the other order")


# --- what is computed -----------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def _shape(text: str) -> Any:  # noqa: ANN401 - a Region of lsst.sphgeom
    """A region as the library has it."""
    found, sphgeom = region(text), _library()
    if found.shape == "BOX":
        west, east, south, north = found.numbers
        return sphgeom.Box.fromDegrees(west, south, east, north)
    corners = [sphgeom.UnitVector3d(*corner) for corner in found.corners]
    if found.shape == "POLYGON":
        return sphgeom.ConvexPolygon(corners)
    return sphgeom.Circle(corners[0], sphgeom.Angle(math.radians(_radius(found)) + TOUCH))


def _library() -> Any:  # noqa: ANN401 - a module that may be missing
    try:
        from lsst import sphgeom
    except ImportError as error:
        raise MissingLibraryError(
            "regions on the sky need lsst-sphgeom, which is not installed", hint="pip install 'provstore[sky]'"
        ) from error
    return sphgeom


def _radius(found: Region) -> float:
    return found.numbers[2] if found.shape == "CIRCLE" else 0.0


def _circle_meets(circle: Region, other: Region) -> bool:
    """A circle, or a point, and anything."""
    if other.shape in ("CIRCLE", "POINT"):
        apart = _angle(circle.corners[0], other.corners[0])
        return apart <= math.radians(_radius(circle)) + math.radians(_radius(other)) + TOUCH
    if other.shape == "BOX":
        return _distance_to_box(circle, other) <= math.radians(_radius(circle)) + TOUCH
    return _library_says(circle, other)


def _distance_to_box(circle: Region, box: Region) -> float:
    """Radians from a circle's centre to a box; 0 inside of it.

    Where the centre is between its meridians, the nearest place is straight to the north or south; else on one of them.
    """
    (ra, dec), (west, east, south, north) = circle.numbers[:2], box.numbers
    centre, middle = circle.corners[0], (south + north) / 2
    sides = [
        (_vector(side, low), _vector(side, high))
        for side in (west, east)
        for low, high in ((south, middle), (middle, north))
    ]
    distances = [_distance_to_side(centre, *side) for side in sides]
    if (ra - west) % 360 <= _width(west, east):
        distances.append(math.radians(max(0.0, south - dec, dec - north)))
    return min(distances)


def _distance_to_side(place: Vector, start: Vector, end: Vector) -> float:
    """Radians from a place to the shorter arc between two others."""
    normal = _cross(start, end)
    length = _length(normal)
    if length > TOUCH and _dot(_cross(normal, start), place) >= 0 and _dot(_cross(end, normal), place) >= 0:
        return abs(math.atan2(_dot(normal, place) / length, _length(_cross(normal, place)) / length))
    return min(_angle(place, start), _angle(place, end))


def _polygons_meet(one: Region, other: Region) -> bool:
    return _library_says(one, other)


def _library_says(one: Region, other: Region) -> bool:
    """What the library says of two regions, for pairs that it always decides."""
    found = _shape(one.text).overlaps(_shape(other.text))
    if found is None:
        raise AssertionError(f"lsst-sphgeom can't say whether {one.text} overlaps {other.text}")
    return bool(found)


def _box_meets(box: Region, other: Region) -> bool:
    """A box and another one, or a polygon."""
    west, east, south, north = box.numbers
    if other.shape == "POLYGON":
        parts = [_within(other.corners, start, end) for start, end in _lunes(west, east)]
        return any(_reaches(part, south, north) for part in parts if part)
    first, last, low, high = other.numbers
    if max(south, low) > min(north, high):
        return False
    if min(north, high) == 90 or max(south, low) == -90:
        return True  # all right ascensions meet at a pole
    touch = math.degrees(TOUCH)
    return (first - west) % 360 <= _width(west, east) + touch or (west - first) % 360 <= _width(first, last) + touch


def _width(west: float, east: float) -> float:
    return east - west if west <= east else east - west + 360


def _lunes(west: float, east: float) -> list[tuple[float, float]]:
    """A range of right ascensions in parts that are no wider than `WIDEST`, each from and to."""
    width = _width(west, east)
    number = max(1, math.ceil(width / WIDEST))
    return [(west + width * part / number, west + width * (part + 1) / number) for part in range(number)]


def _within(corners: Sequence[Vector], west: float, east: float) -> list[Vector]:
    """The corners of the part of a polygon between two meridians.

    Both meridians are parts of great circles, so this part is convex as well; the third plane takes away what lies
    between the opposite meridians.
    """
    a, b, middle = math.radians(west), math.radians(east), math.radians((west + east) / 2)
    part = _cut(corners, (math.cos(middle), math.sin(middle), 0.0))
    part = _cut(part, (-math.sin(a), math.cos(a), 0.0))
    return _cut(part, (math.sin(b), -math.cos(b), 0.0))


def _cut(corners: Sequence[Vector], normal: Vector) -> list[Vector]:
    """The part of a convex polygon on one side of a plane through the centre of the sphere."""
    kept: list[Vector] = []
    for place, corner in enumerate(corners):
        before = corners[place - 1]
        here, there = _dot(normal, corner), _dot(normal, before)
        if (here > TOUCH and there < -TOUCH) or (here < -TOUCH and there > TOUCH):
            x, y, z = (abs(there) * p + abs(here) * q for p, q in zip(corner, before, strict=True))
            length = _length((x, y, z))
            kept.append((x / length, y / length, z / length))
        if here >= -TOUCH:
            kept.append(corner)
    return kept


def _reaches(corners: Sequence[Vector], south: float, north: float) -> bool:
    """A convex polygon has a place between two declinations.

    It is in one piece, so that its declinations are all those from its lowest to its highest; and these are at
    corners, or where a side is as far from the equator as its great circle gets. (A pole inside of it would be a
    corner: the meridians that have cut it meet there.)
    """
    heights = [_declination(corner) for corner in corners]
    for place, end in enumerate(corners):
        heights += _turning_points(corners[place - 1], end)
    touch = math.degrees(TOUCH)
    return min(heights) <= north + touch and max(heights) >= south - touch


def _turning_points(start: Vector, end: Vector) -> list[float]:
    """Declinations where the side between two corners turns from north to south, or back; at most one of each."""
    normal = _cross(start, end)
    squared = _dot(normal, normal)
    if squared < TOUCH**2:
        return []
    top = tuple(axis - normal[2] * part / squared for axis, part in zip((0.0, 0.0, 1.0), normal, strict=True))
    forth, back = _cross(normal, start), _cross(end, normal)
    found = []
    for sign in (1.0, -1.0):
        turning = (sign * top[0], sign * top[1], sign * top[2])
        if _dot(forth, turning) >= 0 and _dot(back, turning) >= 0:
            found.append(_declination(turning))
    return found


PAIRED = {"CIRCLE": _circle_meets, "POINT": _circle_meets, "BOX": _box_meets, "POLYGON": _polygons_meet}
"""Shape → what decides whether it overlaps with one that is the same or stands behind it here."""


# --- vectors --------------------------------------------------------------------------------------------------


def _vector(ra: float, dec: float) -> Vector:
    """The place on the unit sphere; one for all right ascensions at a pole."""
    if abs(dec) == 90:
        return 0.0, 0.0, math.copysign(1.0, dec)
    a, d = math.radians(ra), math.radians(dec)
    return math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _length(a: Vector) -> float:
    return math.hypot(*a)


def _angle(a: Vector, b: Vector) -> float:
    """Radians between two directions, exact for small ones too."""
    return math.atan2(_length(_cross(a, b)), _dot(a, b))


def _declination(a: Vector) -> float:
    """Degrees; the vector may have any length."""
    return math.degrees(math.atan2(a[2], math.hypot(a[0], a[1])))
