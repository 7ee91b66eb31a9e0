"""What can be known to be wrong before any value is seen.

A tree that passes has conditions where conditions belong and values where values belong, and nothing in it
compares two kinds of value that can't be compared. Names and bound values have unknown kinds unless the caller
says them; what those turn out to be is checked when they are seen.
"""

from __future__ import annotations

from provstore.query.bound import bound, in_list, kind, scalar, scalars
from provstore.query.node import walk
from provstore.query.place import listed, meant, query_error
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
    from collections.abc import Mapping
    from typing import Literal as OneOf
    from typing import TypeAlias

    from provstore.errors import QueryError
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Scalar

    Kind: TypeAlias = OneOf["number", "text", "boolean", "time", "region", "time span"]
    """What a value is. None: not known before it is seen."""

_ARGUMENTS = {"CIRCLE": "ra, dec, radius", "BOX": "ra1, ra2, dec1, dec2", "POINT": "ra, dec"}
_POLYGON = "three or more pairs of ra, dec"
_SPREAD: tuple[Kind, ...] = ("region", "time span")
_SUCH_AS = "such as CIRCLE(ra, dec, radius), or (T'2026-11-21', NULL)"


def check_where(tree: Expression, kinds: Mapping[str, Kind | None] | None = None, bind: Bind | None = None) -> None:
    """Refuses a tree that can have no meaning.

    Args:
        tree: What `parse_where` gave (which has called this without `kinds`).
        kinds: All names that exist, and what their values are. None: any name may exist.
        bind: Values for ``:name``. None: they come later.

    Raises:
        QueryError: The first thing that is wrong.
    """
    if kinds is not None:
        _check_names(tree, kinds)
    _Checker(tree.text, kinds or {}, bind).condition(tree.condition)


def _check_names(tree: Expression, kinds: Mapping[str, Kind | None]) -> None:
    found = sorted((node for node in walk(tree.condition) if isinstance(node, Name)), key=lambda name: name.at)
    for name in found:
        if name.text not in kinds:
            raise query_error(
                tree.text,
                name.at,
                f"there is no name '{name.text}', names are: {listed(kinds, name.text)}",
                meant(name.text, kinds),
            )


def mismatch(left: str, right: str) -> tuple[str, str] | None:
    """Message and hint if values of these kinds can't be compared."""
    if left == right:
        return None
    a, b = sorted((left, right))
    if (a, b) == ("number", "text"):
        hint = 'numbers stand without quotes and text within; a found dimension is text unless it says type = "int"'
    elif (a, b) == ("text", "time"):
        hint = "write a time as T'2026-11-21T10:00:00'"
    elif "boolean" in (a, b):
        hint = "truth values are TRUE and FALSE, without quotes"
    else:
        hint = ""
    return f"{_ARTICLE.get(left, left)} is compared with {_ARTICLE.get(right, right)}", hint


_ARTICLE = {
    "number": "a number",
    "boolean": "a truth value",
    "time": "a time",
    "region": "a region",
    "time span": "a time span",
}


class _Checker:
    def __init__(self, text: str, kinds: Mapping[str, Kind | None], bind: Bind | None) -> None:
        self.text = text
        self.kinds = kinds
        self.bind = bind

    def wrong(self, node: Node, message: str, hint: str = "") -> QueryError:
        return query_error(self.text, node.at, message, hint)

    def condition(self, node: Node) -> None:
        match node:
            case AllOf() | AnyOf():
                for part in node.parts:
                    self.condition(part)
            case Not():
                self.condition(node.part)
            case Comparison():
                self.comparison(node)
            case In():
                self.membership(node)
            case Glob():
                self.glob(node)
            case Overlaps():
                self.overlap(node)
            case _:
                self.value(node)
                hint = "compare it with something: visit = 1"
                raise self.wrong(node, "found a value alone, expected a condition", hint)

    def value(self, node: Node) -> Kind | None:
        """The kind of a value, whose parts are checked."""
        match node:
            case Literal():
                return kind_of_literal(node)
            case Time():
                return "time"
            case Name():
                return self.kinds.get(node.text)
            case BoundName():
                return self.bound(node)
            case Negative() | Arithmetic():
                return self.calculation(node)
            case Region():
                return self.region(node)
            case TimeSpan():
                return self.time_span(node)
        self.condition(node)
        raise self.wrong(node, "found a condition, expected a value")

    def bound(self, node: BoundName) -> Kind | None:
        if self.bind is None:
            return None
        value = scalar(self.text, node, bound(self.text, node, self.bind))
        return None if value is None else kind(value)

    def comparison(self, node: Comparison) -> None:
        nulls = _is_null(node.left) + _is_null(node.right)
        left, right = self.value(node.left), self.value(node.right)
        if nulls:
            if nulls == 2 or node.operator not in ("=", "!="):
                raise self.wrong(node, "NULL is compared by = and != only, with something else", "write x = NULL")
            return
        if left in _SPREAD or right in _SPREAD:
            raise self.wrong(node, f"found '{node.operator}', expected OVERLAPS between regions or time spans")
        self.comparable(node, node.left, left, node.right, right)
        if "boolean" in (left, right) and node.operator not in ("=", "!="):
            raise self.wrong(node, f"found '{node.operator}', truth values are compared by = and != only")

    def comparable(self, node: Node, left: Node, left_kind: Kind | None, right: Node, right_kind: Kind | None) -> None:
        if left_kind is None or right_kind is None:
            return
        # The text that a name stands for may well be a time; one that stands in the query is a slip.
        text = left if left_kind == "text" else right
        if {left_kind, right_kind} == {"text", "time"} and isinstance(text, (Name, BoundName)):
            return
        if found := mismatch(left_kind, right_kind):
            raise self.wrong(node, *found)

    def membership(self, node: In) -> None:
        value = self.value(node.value)
        if _is_null(node.value) or value in _SPREAD:
            raise self.wrong(node, "IN needs a text, number, truth value or time before it")
        first: tuple[Node, Kind] | None = None
        for item in node.items:
            if _is_null(item):
                raise self.wrong(item, "found NULL in a list", "write x = NULL OR x IN (1, 2)")
            for item_kind in self.item(item):
                self.comparable(item, node.value, value, item, item_kind)
                if first:
                    self.comparable(item, *first, item, item_kind)
                elif item_kind:
                    first = item, item_kind

    def item(self, item: Node) -> list[Kind | None]:
        """The kinds of what stands in a list: several where it is bound to several values."""
        if isinstance(item if self.bind is None else in_list(item, self.bind), Range):
            return ["number"]
        if not isinstance(item, BoundName) or self.bind is None:
            return [self.value(item)]
        return [None if each is None else kind(each) for each in scalars(self.text, item, self.bind)]

    def glob(self, node: Glob) -> None:
        if not isinstance(node.name, Name):
            raise self.wrong(node.name, "GLOB needs a name before the comma: GLOB(field, 'pat*')")
        if self.kinds.get(node.name.text) not in (None, "text"):
            raise self.wrong(node.name, f"GLOB is for text, '{node.name.text}' is a {self.kinds[node.name.text]}")
        pattern = self.value(node.pattern)
        if pattern != "text" and not (isinstance(node.pattern, BoundName) and pattern is None):
            raise self.wrong(node.pattern, "GLOB needs a text after the comma: GLOB(field, 'pat*')")

    def overlap(self, node: Overlaps) -> None:
        left, right = self.value(node.left), self.value(node.right)
        left, right = self.extent(node.left, left, right), self.extent(node.right, right, left)
        if self.bind is not None and not {left, right} & {*_SPREAD}:
            raise self.wrong(node.left, "OVERLAPS needs regions or time spans", _SUCH_AS)
        if left and right and left != right and {left, right} != {"time", "time span"}:
            raise self.wrong(node, "a region overlaps regions, and a time span time spans and times, only")

    def extent(self, node: Node, kind: Kind | None, other: Kind | None) -> Kind | None:
        """What stands beside OVERLAPS: a text that is bound may be a region, or a time in a time span."""
        if kind == "text" and isinstance(node, BoundName) and other in (None, *_SPREAD):
            return "time" if other == "time span" else other
        in_time = kind == "time" and other in (None, "time span")
        if not (in_time or kind in (None, *_SPREAD)) or _is_null(node):
            raise self.wrong(node, "OVERLAPS needs regions or time spans", _SUCH_AS)
        return kind

    def calculation(self, node: Negative | Arithmetic) -> Kind:
        parts = (node.part,) if isinstance(node, Negative) else (node.left, node.right)
        sign = "-" if isinstance(node, Negative) else node.operator
        for part in parts:
            if self.value(part) not in (None, "number") or _is_null(part):
                raise self.wrong(part, f"'{sign}' is for numbers")
            if sign == "%" and isinstance(self.said(part), float):
                raise self.wrong(part, "'%' is for whole numbers")
        return "number"

    def said(self, node: Node) -> Scalar:
        """The value that the query says, itself or by what is bound; None where rows say it."""
        if isinstance(node, BoundName) and self.bind is not None:
            return scalar(self.text, node, bound(self.text, node, self.bind))
        return node.value if isinstance(node, Literal) else None

    def region(self, node: Region) -> Kind:
        for argument in node.arguments:
            if self.value(argument) not in (None, "number") or _is_null(argument):
                raise self.wrong(argument, f"{node.shape} needs numbers, in degrees")
        count = len(node.arguments)
        expected = _ARGUMENTS.get(node.shape)
        fits = count == expected.count(",") + 1 if expected else count >= 6 and count % 2 == 0
        if not fits:
            raise self.wrong(node, f"{node.shape} has {count} numbers, expected {expected or _POLYGON}")
        return "region"

    def time_span(self, node: TimeSpan) -> Kind:
        for end in (node.begin, node.end):
            kind = self.value(end)
            is_time = kind in (None, "time") or (kind == "text" and isinstance(end, BoundName))
            if not is_time and not _is_null(end):
                raise self.wrong(end, "a time span has two times: (T'2026-11-21', T'2026-11-22')", "NULL is open")
        return "time span"


def kind_of_literal(node: Literal) -> Kind | None:
    """What a literal is; None for NULL, which is of any kind."""
    if isinstance(node.value, bool):
        return "boolean"
    if isinstance(node.value, str):
        return "text"
    return None if node.value is None else "number"


def _is_null(node: Node) -> bool:
    return isinstance(node, Literal) and node.value is None
