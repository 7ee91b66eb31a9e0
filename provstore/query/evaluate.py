"""What a `where` means, in plain Python: the specification that the store's SQL is compared with.

A condition is true, false, or unknown (None) where a value is missing; NOT, AND and OR treat the unknown as SQL
does, and what is unknown in the end does not match. An expression is compiled once, to functions of (values,
bind) that call one another.
"""

from __future__ import annotations

import functools
import operator
import re

from provstore.query.bound import bound, kind, scalar, scalars
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
    Range,
    Time,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    from provstore.errors import QueryError
    from provstore.model.values import Value
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Scalar

    Values: TypeAlias = "Mapping[str, Value | None]"
    Test: TypeAlias = "Callable[[Values, Bind], bool | None]"
    Get: TypeAlias = "Callable[[Values, Bind], Scalar]"

_NOTHING: Bind = {}
_COMPARE: dict[str, Callable[..., bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def matches(tree: Expression, values: Values, bind: Bind = _NOTHING) -> bool:
    """The expression is true for these values; not if it is false or unknown.

    Takes a microsecond or two per comparison; the first call with an expression compiles it.

    Args:
        tree: What `parse_where` gave.
        values: By name; one that is not there, or None, is missing.
        bind: By name, without the colon.

    Raises:
        QueryError: Text meets a number, a ``:name`` has no value, or there is something that only a store knows.
    """
    return _compiled(tree, tree.text)(values, bind) is True


@functools.lru_cache(maxsize=64)
def _compiled(tree: Expression, text: str) -> Test:
    """One function for a tree and its text: equal trees may have texts that differ, and errors show the text."""
    return _Compiler(text).condition(tree.condition)


class _Compiler:
    """Makes a function of each node of one expression."""

    def __init__(self, text: str) -> None:
        self.text = text

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
            given = [each for item in bounds for each in scalars(self.text, item, bind)]
            if not (known or ranges or given):
                return negated  # of an empty list this is so even if the value is missing
            if value is None:
                return None
            here = self.pair(node, value, sample)[0] if sample is not None else value
            if here in known or any(self.in_range(node, value, each) for each in ranges):
                return not negated
            outcome = self.among(node, value, given)
            return outcome if outcome is None else outcome is not negated

        return is_in

    def in_range(self, node: Node, value: Scalar, range_: Range) -> bool:
        first = range_.first
        self.pair(node, value, first)  # refuses all but numbers
        inside = isinstance(value, (int, float)) and first <= value <= range_.last
        return inside and (value - first) % range_.stride == 0  # type: ignore[operator]

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
        value = values.get(name)
        return value if value == value else None  # noqa: PLR0124  only NaN differs from itself

    return get


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
