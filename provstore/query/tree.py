"""What a `where` text says: conditions, values, and what stands in a list.

`parse` makes these trees, `check` proves that conditions stand where conditions belong and that no text is
compared with a number, `evaluate` and the store's SQL give them their meaning.
"""

from __future__ import annotations

from provstore.query.node import Node, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import TypeAlias

    from provstore.model.values import Value

    Scalar: TypeAlias = "Value | datetime | None"
    Bound: TypeAlias = "Scalar | Sequence[Scalar] | frozenset[Scalar] | set[Scalar]"
    Bind: TypeAlias = "Mapping[str, Bound]"
    """Values for ``:name``. A collection may stand inside IN only; a time without zone is UTC."""

OR, AND, NOT, COMPARISON, SUM, PRODUCT, SIGN, ATOM = range(1, 9)
"""How strongly things bind: `parse` reads and `spell` puts parentheses by these levels."""
LEVELS = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT}


class Expression:
    """A parsed `where`. Equal to any other that says the same in other spelling.

    Attributes:
        text: As it was written; errors point into it.
        condition: The root; ``AllOf(())``, which is always true, for an empty text.
    """

    __slots__ = ("_hash", "condition", "text")

    def __init__(self, text: str, condition: Node) -> None:
        self.text = text
        self.condition = condition
        self._hash = hash(condition)  # evaluation finds compiled expressions by it, once for each data ID

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.condition == other.condition

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Expression({self.condition!r})"


# Conditions: true, false, or unknown where a value is missing.


class AllOf(Node):
    """AND over two or more conditions; over none at the root of an empty text."""

    __slots__ = ("parts",)
    parts: tuple[Node, ...]


class AnyOf(Node):
    """OR over two or more conditions."""

    __slots__ = ("parts",)
    parts: tuple[Node, ...]


class Not(Node):
    """The opposite; unknown stays unknown."""

    __slots__ = ("part",)
    part: Node


class Comparison(Node):
    """Two values compared. With a literal NULL: whether the other one is missing (`=`) or not (`!=`).

    Attributes:
        operator: ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
    """

    __slots__ = ("left", "operator", "right")
    left: Node
    operator: str
    right: Node


class In(Node):
    """A value is one of a list.

    Attributes:
        items: `Literal`, `Time`, `Range`, `BoundName` (a value, or a list that may be empty); at least one.
        negated: It was NOT IN.
    """

    __slots__ = ("value", "items", "negated")  # noqa: RUF023  order of the constructor
    value: Node
    items: tuple[Node, ...]
    negated: bool


class Glob(Node):
    """A name's text has a pattern, in which ``*`` and ``?`` are the only wild cards."""

    __slots__ = ("name", "pattern")
    name: Node
    pattern: Node


class Overlaps(Node):
    """Two regions, or two time spans, have something in common."""

    __slots__ = ("left", "right")
    left: Node
    right: Node


# Values.


class Literal(Node):
    """A text, number or truth value; None is NULL."""

    __slots__ = ("value",)
    value: Value | None


class Time(Node):
    """A moment.

    Attributes:
        text: In UTC, with microseconds: ``2026-11-21T10:00:00.000000Z``.
    """

    __slots__ = ("text",)
    text: str


class Name(Node):
    """A dimension, a field of one, or a dataset's field: up to three parts with dots between."""

    __slots__ = ("text",)
    text: str


class BoundName(Node):
    """``:name``, whose value comes with the question."""

    __slots__ = ("name",)
    name: str


class Negative(Node):
    """``-`` before a value that is no plain number."""

    __slots__ = ("part",)
    part: Node


class Arithmetic(Node):
    """Two numbers combined.

    Attributes:
        operator: ``+``, ``-``, ``*``, ``/`` (exact) or ``%`` (integers, sign of the dividend).
    """

    __slots__ = ("left", "operator", "right")
    left: Node
    operator: str
    right: Node


class Region(Node):
    """A part of the sky, in degrees (ICRS).

    Attributes:
        shape: CIRCLE, BOX, POLYGON or POINT.
    """

    __slots__ = ("shape", "arguments")  # noqa: RUF023  order of the constructor
    shape: str
    arguments: tuple[Node, ...]


class TimeSpan(Node):
    """``(begin, end)``, half open; NULL is open."""

    __slots__ = ("begin", "end")
    begin: Node
    end: Node


# Inside lists only.


class Range(Node):
    """Whole numbers from `first` to `last`, both in it, each `stride` (>= 1) after the one before."""

    __slots__ = ("first", "last", "stride")
    first: int
    last: int
    stride: int


def names(tree: Expression) -> frozenset[str]:
    """All names that occur, with their dots."""
    return frozenset(node.text for node in walk(tree.condition) if isinstance(node, Name))


def bound_names(tree: Expression) -> frozenset[str]:
    """All ``:name`` that occur, without the colon."""
    return frozenset(node.name for node in walk(tree.condition) if isinstance(node, BoundName))
