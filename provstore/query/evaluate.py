"""What a `where` means, in plain Python: the specification that the store's SQL is compared with.

A condition is true, false, or unknown (None) where a value is missing; NOT, AND and OR treat the unknown as SQL
does, and what is unknown in the end does not match. An expression is compiled once, to functions of (values,
bind) that call one another.
"""

from __future__ import annotations

import functools
import operator
import re

from provstore.query import constants
from provstore.query.bound import bound, in_list, kind, scalar, scalars
from provstore.query.check import mismatch
from provstore.query.place import query_error
from provstore.query.tree import (
    AllOf,
    AnyOf,
    Arithmetic,
    BoundName,
    Comparison,
    Expression,
    Glob,
    In,
    Literal,
    Name,
    Negative,
    Not,
    Overlaps,
    Range,
    Region,
    Time,
    TimeSpan,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from provstore.errors import QueryError
    from provstore.model.values import Value
    from provstore.query.constants import Sky
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Scalar

    Values: TypeAlias = "Mapping[str, Value | tuple[str | None, str | None] | None]"
    Test: TypeAlias = "Callable[[Values, Bind], bool | None]"
    Get: TypeAlias = "Callable[[Values, Bind], Scalar]"
    Extent: TypeAlias = "Callable[[Values, Bind], str | tuple[str, str] | None]"

_NOTHING: Bind = {}
_COMPARE: dict[str, Callable[..., bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(tree: Expression, values: Values, bind: Bind = _NOTHING, sky: Sky | None = None) -> bool:
    """The expression is true for these values; not if it is false or unknown.

    Takes a microsecond or two per comparison; the first call with an expression compiles it.

    Args:
        tree: What `parse_where` gave.
        values: By name; one that is not there, or None, is missing. A region is its text; a time span is its begin
            and its end, as the store spells times, None where it is open.
        bind: By name, without the colon.
        sky: What knows regions. None: there are neither regions nor time spans.

    Raises:
        QueryError: Text meets a number, a ``:name`` has no value, or there is something that only a store knows.
    """
    return _compiled(tree, tree.text, sky)(values, bind) is True  # type: ignore[arg-type]  # modules have a hash


def computed(text: str, node: Node, bind: Bind) -> Scalar:
    """The value of a node in which there is no name.

    Raises:
        QueryError: As `matches`.
    """
    return _Compiler(text).value(node)({}, bind)


@functools.lru_cache(maxsize=64)
def _compiled(tree: Expression, text: str, sky: Sky | None) -> Test:
    """One function for a tree and its text: equal trees may have texts that differ, and errors show the text."""
    return _Compiler(text, sky).condition(tree.condition)


class _Compiler:
    """Makes a function of each node of one expression."""

    def __init__(self, text: str, sky: Sky | None = None) -> None:
        self.text = text
        self.sky = sky

    def wrong(self, node: Node, message: str, hint: str = "") -> QueryError:
        return query_error(self.text, node.at, message, hint)

    def condition(self, node: Node) -> Test:
        match node:
            case AllOf():
                return _all_of([self.condition(part) for part in node.parts])
            case AnyOf():
                return _any_of([self.condition(part) for part in node.parts])
            case Not():
                return _opposite(self.condition(node.part))
            case Comparison():
                return self.comparison(node)
            case In():
                return self.membership(node)
            case Glob():
                return self.glob(node)
            case Overlaps() if self.sky is not None:
                return self.overlap(node, self.sky)
        hint = "query a store for data IDs by region or time span"
        raise self.wrong(node, "OVERLAPS needs the records of a store; here names are dimensions and have values", hint)

    def value(self, node: Node) -> Get:
        match node:
            case Literal():
                constant = node.value
                return lambda values, bind: constant
            case Time():
                moment = _moment(node.text)
                return lambda values, bind: moment
            case Name():
                return _named(node.text)
            case BoundName():
                return self.bound_value(node)
            case Negative():
                return self.arithmetic(Arithmetic(node.at, Literal(node.at, 0), "-", node.part))
            case Arithmetic():
                return self.arithmetic(node)
        raise self.wrong(node, "regions and time spans stand beside OVERLAPS only")

    def comparison(self, node: Comparison) -> Test:
        for part, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(part, Literal) and part.value is None:
                return _missing(self.value(other), node.operator == "=")
        left, right = self.value(node.left), self.value(node.right)
        holds = _COMPARE[node.operator]
        ordering = node.operator not in ("=", "!=")

        def compare(values: Values, bind: Bind) -> bool | None:
            a, b = left(values, bind), right(values, bind)
            if a is None or b is None:
                return None
            if type(a) is not type(b) or type(a) is bool:
                a, b = self.pair(node, a, b, ordering)
            return holds(a, b)

        return compare

    def pair(self, node: Node, a: Scalar, b: Scalar, ordering: bool = False) -> tuple[Scalar, Scalar]:
        """Two values as what can be compared: text that meets a time is read as one."""
        kinds = kind(a), kind(b)
        try:
            if kinds == ("text", "time"):
                return _moment(str(a)), b
            if kinds == ("time", "text"):
                return a, _moment(str(b))
        except ValueError as error:
            raise self.wrong(node, str(error)) from None
        if found := mismatch(*kinds):
            raise self.wrong(node, f"{found[0]}: {_shown(a)} with {_shown(b)}", found[1])
        if ordering and kinds[0] == "boolean":
            raise self.wrong(node, "truth values are compared by = and != only")
        return a, b

    def membership(self, node: In) -> Test:
        get = self.value(node.value)
        fixed = [item for item in node.items if isinstance(item, (Literal, Time))]
        known = frozenset(self.value(item)({}, {}) for item in fixed)
        sample = next(iter(known), None)  # all are of one kind, as was checked
        ranges = [item for item in node.items if isinstance(item, Range)]
        bounds = [item for item in node.items if isinstance(item, BoundName)]
        negated = node.negated

        def is_in(values: Values, bind: Bind) -> bool | None:
            value = get(values, bind)
            items = [in_list(item, bind) for item in bounds]
            given = [each for item in items if isinstance(item, BoundName) for each in scalars(self.text, item, bind)]
            within = [*ranges, *[item for item in items if isinstance(item, Range)]]
            if not (known or within or given):
                return negated  # of an empty list this is so even if the value is missing
            if value is None:
                return None
            here = self.pair(node, value, sample)[0] if sample is not None else value
            if here in known or any(self.in_range(node, value, each) for each in within):
                return not negated
            outcome = self.among(node, value, given)
            return outcome if outcome is None else outcome is not negated

        return is_in

    def in_range(self, node: Node, value: Scalar, range_: Range) -> bool:
        first = range_.first
        self.pair(node, value, first)  # refuses all but numbers
        inside = isinstance(value, (int, float)) and first <= value <= range_.last
        return inside and value == int(value) and (int(value) - first) % range_.stride == 0  # type: ignore[arg-type]

    def among(self, node: Node, value: Scalar, given: list[Scalar]) -> bool | None:
        """The value is one of some bound values; unknown if it is none, and one of them is missing."""
        for each in given:
            if each is not None:
                a, b = self.pair(node, value, each)
                if a == b:
                    return True
        return None if None in given else False

    def glob(self, node: Glob) -> Test:
        get, pattern = self.value(node.name), self.value(node.pattern)

        def fits(values: Values, bind: Bind) -> bool | None:
            text, wanted = get(values, bind), pattern(values, bind)
            if text is None or wanted is None:
                return None
            for each in (text, wanted):
                if not isinstance(each, str):
                    raise self.wrong(node, f"GLOB is for text, found {_shown(each)}")
            return _regex(str(wanted)).fullmatch(str(text)) is not None

        return fits

    def overlap(self, node: Overlaps, sky: Sky) -> Test:
        left, right = self.extent(node.left, sky), self.extent(node.right, sky)

        def meet(values: Values, bind: Bind) -> bool | None:
            a, b = left(values, bind), right(values, bind)
            if a is None or b is None:
                return None
            if isinstance(a, str) and isinstance(b, str):
                return sky.overlap(a, b)
            if isinstance(a, str) or isinstance(b, str):
                raise self.wrong(node, "a region overlaps regions, and a time span time spans, only")
            return _meet(a, b)

        return meet

    def extent(self, node: Node, sky: Sky) -> Extent:
        """Gets a region's text; or the first time and the one after the last; of a time, twice that."""
        if isinstance(node, Region):
            return self.region(node, sky)
        if isinstance(node, TimeSpan):
            return self.time_span(node)
        if isinstance(node, Name):
            return lambda values, bind: _spread(values.get(node.text))
        return lambda values, bind: self.constant_extent(node, bind, sky)

    def constant_extent(self, node: Node, bind: Bind, sky: Sky) -> str | tuple[str, str] | None:
        """A time, or what is bound: a text that is no time is a region."""
        value = scalar(self.text, node, bound(self.text, node, bind)) if isinstance(node, BoundName) else None
        if isinstance(value, str) and not constants.is_moment(value):
            return constants.region(self.text, node, bind, sky)
        moment = constants.moment(self.text, node, bind)
        return None if moment is None else (moment, moment)

    def region(self, node: Region, sky: Sky) -> Extent:
        if constants.is_constant(node):
            return lambda values, bind: constants.region(self.text, node, bind, sky)
        numbers = [self.value(argument) for argument in node.arguments]

        def region(values: Values, bind: Bind) -> str | None:
            try:
                return constants.region_of(node.shape, [number(values, bind) for number in numbers], sky)
            except (ValueError, OverflowError):
                return None

        return region

    def time_span(self, node: TimeSpan) -> Extent:
        begin, end = self.end(node.begin, constants.FIRST), self.end(node.end, constants.LAST)

        def span(values: Values, bind: Bind) -> tuple[str, str] | None:
            constants.check_span(self.text, node, bind)
            first, last = begin(values, bind), end(values, bind)
            return (first, last) if first is not None and last is not None and first < last else None

        return span

    def end(self, node: Node, open: str) -> Callable[[Values, Bind], str | None]:
        """Gets one end of a time span; what is written as NULL, or bound to None, is open."""
        if constants.is_constant(node):
            return lambda values, bind: constants.moment(self.text, node, bind) or open
        get = self.value(node)
        return lambda values, bind: _spelled(get(values, bind))

    def arithmetic(self, node: Arithmetic) -> Get:
        left, right = self.value(node.left), self.value(node.right)
        calculate = _CALCULATE[node.operator]

        def result(values: Values, bind: Bind) -> Scalar:
            a, b = left(values, bind), right(values, bind)
            if a is None or b is None:
                return None
            if not _is_number(a) or not _is_number(b):
                raise self.wrong(node, f"'{node.operator}' is for numbers, found {_shown(b if _is_number(a) else a)}")
            try:
                number = calculate(a, b)
            except ZeroDivisionError:
                return None  # as in SQL
            except (OverflowError, TypeError) as error:
                raise self.wrong(node, f"{_shown(a)} {node.operator} {_shown(b)}: {error}") from None
            return number if number == number else None  # noqa: PLR0124  only NaN differs from itself

        return result

    def bound_value(self, node: BoundName) -> Get:
        return lambda values, bind: scalar(self.text, node, bound(self.text, node, bind))


# Three-valued logic.


def _all_of(tests: list[Test]) -> Test:
    def all_of(values: Values, bind: Bind) -> bool | None:
        result: bool | None = True
        for test in tests:
            outcome = test(values, bind)
            if outcome is False:
                return False
            if outcome is None:
                result = None
        return result

    return all_of


def _any_of(tests: list[Test]) -> Test:
    return _opposite(_all_of([_opposite(test) for test in tests]))


def _opposite(test: Test) -> Test:
    def opposite(values: Values, bind: Bind) -> bool | None:
        outcome = test(values, bind)
        return None if outcome is None else not outcome

    return opposite


def _meet(a: tuple[str, str], b: tuple[str, str]) -> bool:
    """Two time spans, or a time span and a time (whose ends are the same), have a time in common."""
    for one, other in ((a, b), (b, a)):
        if one[0] == one[1]:
            return other[0] <= one[0] < other[1]
    return a[0] < b[1] and b[0] < a[1]


def _missing(get: Get, wanted: bool) -> Test:
    return lambda values, bind: (get(values, bind) is None) is wanted


# Values.


def _shown(value: Scalar) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _named(name: str) -> Get:
    def get(values: Values, bind: Bind) -> Scalar:
        value: Any = values.get(name)
        return value if value == value else None  # noqa: PLR0124  only NaN differs from itself

    return get


def _spread(value: object) -> str | tuple[str, str] | None:
    """A region, or a time span as a row has it."""
    if isinstance(value, tuple):
        begin, end = value
        return begin or constants.FIRST, end or constants.LAST
    return value if isinstance(value, str) else None


def _spelled(value: Scalar) -> str | None:
    """A time as the store spells it; None for what is none."""
    return None if value is None else constants.spelled_moment(value)


def _moment(text: str) -> Scalar:
    from provstore.query.times import moment  # most expressions have no time

    return moment(text)


@functools.lru_cache(maxsize=64)
def _regex(pattern: str) -> re.Pattern[str]:
    """A pattern as a regular expression that never goes back, so that none takes long."""
    parts = [re.escape(part).replace(r"\?", ".") for part in pattern.split("*")]
    if len(parts) == 1:
        return re.compile(parts[0], re.DOTALL)
    middle = "".join(f"(?>.*?{part})" for part in parts[1:-1])
    return re.compile(f"{parts[0]}{middle}.*{parts[-1]}", re.DOTALL)


def _remainder(a: object, b: object) -> int:
    """The remainder with the sign of the dividend."""
    if not isinstance(a, int) or not isinstance(b, int):
        raise TypeError("'%' is for whole numbers")
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


_CALCULATE: dict[str, Callable[..., int | float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": _remainder,
}
