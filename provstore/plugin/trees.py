"""Values nested in each other (JSON, TOML, headers), and texts: where two of them differ.

Rules: what `Hasher.add` tells apart is different, and nothing else. A list of single values, or of such lists, is one
place, with its count and its largest distance: a million numbers are one difference.
"""

from __future__ import annotations

import math
import reprlib
from decimal import Decimal, InvalidOperation, Overflow

from provstore.plugin.difference import STRUCTURE, VALUES, Difference, Numbers, Tolerance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any

LONGEST = 80
"""Characters of a value that are shown."""
MOST = 1000
"""Differences that are told one by one; the others are counted."""
AXES = 8
"""Of lists in each other that are one place, at most: to look for more at each level takes long."""
MISSING = object()
ALIKE = {str, int, bool, bytes, type(None)}
"""Types of which values are one if they are equal. Of times, some that are equal are two (by their offset)."""
ALIKE_BUT_ZERO = {float, Decimal}
"""Types of which that is so, but for 0.0 and -0.0."""


# --- for a person -----------------------------------------------------------------------------------------


class _Short(reprlib.Repr):
    """Shows values whose full text might take all memory, or be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = LONGEST
        self.maxlevel, self.maxdict, self.maxlist, self.maxtuple = 3, 8, 12, 12

    def repr_int(self, value: int, level: int) -> str:
        return super().repr_int(value, level) if value.bit_length() < 10_000 else f"{hex(value)[:20]}…"

    def repr_Decimal(self, value: Decimal, level: int) -> str:  # noqa: N802 - found by the name of the type
        return str(value)


def shown(value: Any) -> str:
    """A value for a person, on one line and not too long."""
    text = value[: LONGEST + 1] if isinstance(value, str) else _Short().repr(value)
    text = "".join([character if character.isprintable() else _escaped(character) for character in text])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _escaped(character: str) -> str:
    return repr(character)[1:-1]


def limited(differences: Iterable[Difference], most: int = MOST) -> Iterator[Difference]:
    """The first of many differences, and a last one that counts the others by their kind."""
    rest: dict[str, int] = {}
    for number, entry in enumerate(differences):
        if number < most:
            yield entry
        else:
            rest[entry.kind] = rest.get(entry.kind, 0) + 1
    for kind, count in rest.items():
        yield Difference(kind, (), f"{count:,} more")


# --- trees ------------------------------------------------------------------------------------------------


def compare_trees(
    a: Any, b: Any, place: tuple[str, ...] = (), tolerance: Tolerance | None = None, kind: str = VALUES
) -> Iterator[Difference]:
    """Where two plain values differ: mappings by key, lists by position, the rest as `Hasher.add` tells them apart.

    Beyond `MOST` places, a last difference counts the others.

    Args:
        kind: Of differences of single values; what only one of the two has is of the kind `STRUCTURE`, unless this
            is something else than `VALUES`.
    """
    return limited(_compare(a, b, place, tolerance, kind))


def _compare(a: Any, b: Any, place: tuple[str, ...], tolerance: Tolerance | None, kind: str) -> Iterator[Difference]:
    if a is MISSING or b is MISSING:
        what = "added" if a is MISSING else "missing"
        left, right = ("" if value is MISSING else shown(value) for value in (a, b))
        yield Difference(_structure(kind), place, what, left, right)
    elif _is_mapping(a) and _is_mapping(b):
        for key, left, right in by_key(a, b):
            if left is not right and not _are_alike(left, right):
                yield from _compare(left, right, (*place, str(key)), tolerance, kind)
    elif _is_list(a) and _is_list(b):
        yield from _compare_lists(a, b, place, tolerance, kind)
    elif not _are_equal(a, b, tolerance):
        yield _difference_of_values(a, b, place, kind)


def by_key(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Keys of both in order, those of the first before the others, with what each has there or `MISSING`."""
    for key in [*a, *(key for key in b if key not in a)]:
        yield key, a.get(key, MISSING), b.get(key, MISSING)


def _structure(kind: str) -> str:
    return STRUCTURE if kind == VALUES else kind


def _is_mapping(value: Any) -> bool:
    return type(value) is dict or hasattr(value, "keys")


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _compare_lists(
    a: Sequence[Any], b: Sequence[Any], place: tuple[str, ...], tolerance: Tolerance | None, kind: str
) -> Iterator[Difference]:
    if len(a) != len(b):
        yield Difference(_structure(kind), place, "length", str(len(a)), str(len(b)))
    elif all(map(_are_alike, a, b)):
        return
    shape = _shape(a)
    if shape and shape == _shape(b):
        comparison = PairComparison(place, tolerance, kind, math.prod(shape))
        comparison.add_nested(a, b, ())
        yield from comparison.differences()
        return
    for position, (left, right) in enumerate(zip(a, b, strict=False)):
        if left is not right and not _are_alike(left, right):
            yield from _compare(left, right, (*place, f"[{position}]"), tolerance, kind)


def _shape(values: Any, levels: int = AXES) -> tuple[int, ...]:
    """Lengths of lists in each other that hold single values and are all of one length; () for what is no such list."""
    if not any(_is_list(value) or _is_mapping(value) for value in values):
        return (len(values),)
    if not _is_list(values[0]) or levels == 1:
        return ()
    shapes = {_shape(value, levels - 1) if _is_list(value) else () for value in values}
    inner = shapes.pop()
    return (len(values), *inner) if inner and not shapes else ()


def _difference_of_values(a: Any, b: Any, place: tuple[str, ...], kind: str) -> Difference:
    if type(a) is not type(b):
        names = _type_names(a, b)
        return Difference(kind, place, "type", f"{shown(a)} ({names[0]})", f"{shown(b)} ({names[1]})")
    comparison = PairComparison(place, None, kind, 1)
    comparison.add(a, b, ())
    left, right, numbers = shown(a), shown(b), comparison.numbers()
    return Difference(kind, place, "value", left, right, numbers if is_number(a) else None)


def _type_names(a: Any, b: Any) -> tuple[str, str]:
    names = {"dict": "mapping", "NoneType": "null", "str": "text", "Decimal": "float"}
    return names.get(type(a).__name__, type(a).__name__), names.get(type(b).__name__, type(b).__name__)


def _are_alike(a: Any, b: Any) -> bool:
    """Quickly: they are one. Most values are, so that this decides how long a comparison takes."""
    kind = type(a)
    if kind is not type(b):
        return False
    return (kind in ALIKE and a == b) or (kind in ALIKE_BUT_ZERO and a == b and bool(a))


def _are_equal(a: Any, b: Any, tolerance: Tolerance | None) -> bool:
    if _are_alike(a, b):
        return True
    from provstore.plugin.hasher import Hasher

    if Hasher().add(a).digest == Hasher().add(b).digest:
        return True
    return tolerance is not None and is_number(a) and is_number(b) and is_near(a, b, tolerance)


# --- numbers ----------------------------------------------------------------------------------------------


def is_number(value: Any) -> bool:
    """A number, and not a truth value."""
    import numbers

    return isinstance(value, (numbers.Number, Decimal)) and not isinstance(value, (bool, complex))


def is_near(a: Any, b: Any, tolerance: Tolerance) -> bool:
    """Two numbers count as equal, see `Tolerance`; 0.0 and -0.0 do so only with an absolute one."""
    left, right = _decimal(a), _decimal(b)
    if left.is_nan() or right.is_nan():
        return left.is_nan() and right.is_nan()
    if left == right:
        return bool(left) or bool(tolerance.absolute) or left.is_signed() == right.is_signed()
    distance, largest = _distance(left, right)
    return distance < math.inf and distance <= tolerance.absolute + tolerance.relative * largest


def _decimal(value: Any) -> Decimal:
    """Any number exactly: as floats, many that differ are one."""
    import numbers

    if isinstance(value, (int, float, Decimal)):
        return Decimal(value)
    return Decimal(int(value) if isinstance(value, numbers.Integral) else float(value))


def _distance(a: Decimal, b: Decimal) -> tuple[float, float]:
    """How far apart two numbers are, and the larger of the two absolute values; infinite where it can't be told."""
    try:
        distance, largest = float(abs(a - b)), float(max(abs(a), abs(b)))
    except (InvalidOperation, Overflow):
        return math.inf, math.inf
    return (distance, largest) if largest < math.inf else (math.inf, math.inf)


class PairComparison:
    """Compares two sets of single values, pair by pair; then `differences` says what there was, as one difference.

    Args:
        total: Of all pairs, also of those that nobody asked it to compare since they are alike.
        are_texts: Texts that both read as numbers are compared as such where there is a tolerance.
    """

    def __init__(
        self, place: tuple[str, ...], tolerance: Tolerance | None, kind: str, total: int, are_texts: bool = False
    ) -> None:
        self._place, self._tolerance, self._kind, self.total = place, tolerance, kind, total
        self._are_texts = are_texts
        self._count = self._gained = self._lost = 0
        self._widest = self._relative = 0.0
        self._are_numbers = True
        self._first: tuple[int, ...] = ()
        self._shown = ("", "")

    def add_nested(self, a: Sequence[Any], b: Sequence[Any], index: tuple[int, ...]) -> None:
        """Compares all single values of two lists of one shape."""
        for position, (left, right) in enumerate(zip(a, b, strict=True)):
            if _is_list(left):
                self.add_nested(left, right, (*index, position))
            elif not _are_alike(left, right):
                self.add(left, right, (*index, position))

    def add(self, a: Any, b: Any, index: tuple[int, ...]) -> None:
        """Compares one pair, at an index."""
        numbers = self._as_numbers(a, b)
        if self._are_texts:
            if a == b or (numbers and self._tolerance is not None and is_near(*numbers, self._tolerance)):
                return
        elif _are_equal(a, b, self._tolerance):
            return
        if not self._count:
            self._first, self._shown = index, (shown(a), shown(b))
            if type(a) is not type(b):
                names = _type_names(a, b)
                self._shown = f"{self._shown[0]} ({names[0]})", f"{self._shown[1]} ({names[1]})"
        self._count += 1
        if numbers is None:
            self._are_numbers = False
        else:
            self._measure(*numbers)

    def _as_numbers(self, a: Any, b: Any) -> tuple[Decimal, Decimal] | None:
        if not self._are_texts:
            return (_decimal(a), _decimal(b)) if is_number(a) and is_number(b) else None
        if "_" in a or "_" in b:  # Python's way to write a number, and nobody else's
            return None
        try:
            return Decimal(a), Decimal(b)
        except InvalidOperation:
            return None

    def _measure(self, a: Decimal, b: Decimal) -> None:
        if a.is_nan() or b.is_nan():
            self._gained += b.is_nan() and not a.is_nan()
            self._lost += a.is_nan() and not b.is_nan()
            return
        distance, largest = _distance(a, b)
        self._widest = max(self._widest, distance)
        if 0.0 < distance < math.inf:
            self._relative = max(self._relative, distance / largest)

    def numbers(self) -> Numbers:
        """How far apart the pairs are."""
        is_known = self._are_numbers and self._widest < math.inf
        absolute, relative = (self._widest, self._relative) if is_known else (None, None)
        return Numbers(self._count, self.total, absolute, relative, None, self._first, self._gained, self._lost)

    def differences(self) -> Iterator[Difference]:
        """The difference of the values, if there is one."""
        if self._count:
            yield Difference(self._kind, self._place, "values", *self._shown, numbers=self.numbers())


# --- texts ------------------------------------------------------------------------------------------------


def compare_texts(
    a: Sequence[str], b: Sequence[str], place: tuple[str, ...] = (), tolerance: Tolerance | None = None
) -> Iterator[Difference]:
    """How two columns of text of one length differ: as one difference, with its count and the first place.

    With a tolerance, texts that both read as numbers are compared as such.
    """
    comparison = PairComparison(place, tolerance, VALUES, len(a), are_texts=True)
    for position, (left, right) in enumerate(zip(a, b, strict=True)):
        if left != right:
            comparison.add(left, right, (position,))
    return comparison.differences()
