"""A `where` as SQL: fragments that stand in this file, and values that are bound.

Rule 1: nothing of a query's text gets into the SQL but by way of a parameter, names and paths within JSON included;
what varies is which of these fragments stand beside each other. Rule 2: `provstore.query.evaluate` says what a `where`
means, and the SQL finds just that. Values of one dimension may be numbers here and texts there: one of another kind
than what it is compared with is taken for missing.
"""

from __future__ import annotations

import json

from provstore.errors import QueryError
from provstore.noun import NamedTuple
from provstore.query import bound as bounds
from provstore.query import constants
from provstore.query.check import check_where, kind_of_literal
from provstore.query.constants import FIRST, LAST, is_constant
from provstore.query.node import walk
from provstore.query.place import listed, meant, query_error
from provstore.query.simplify import height, simplified
from provstore.query.tree import (
    AllOf,
    AnyOf,
    Arithmetic,
    BoundName,
    Comparison,
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
    from collections.abc import Mapping, Sequence

    from provstore.query.check import Kind
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Expression, Scalar
    from provstore.store.condition_names import Names, Parameter

COMPARE = {
    "=": "({} = {})",
    "!=": "({} <> {})",
    "<": "({} < {})",
    "<=": "({} <= {})",
    ">": "({} > {})",
    ">=": "({} >= {})",
}
ALIKE = "CASE WHEN (typeof({0}) = 'text') = (typeof({1}) = 'text') THEN {2} END"
CALCULATE = {
    "+": "({} + {})",
    "-": "({} - {})",
    "*": "({} * {})",
    "/": "(CAST({} AS REAL) / {})",
    "%": "provstore_remainder({}, {})",
}
TURNED = {"+": "({1} + {0})", "-": "(- {1} + {0})", "*": "({1} * {0})"}
"""The same with the other operand first."""
LEVEL = ("++", "+-", "-+", "--", "**")
"""Operators that are read from the left where they follow each other."""
MISSING = {"=": "({} IS NULL)", "!=": "({} IS NOT NULL)"}
TRUE, FALSE, UNKNOWN = "1", "0", "NULL"
AND, OR, NOT, NEGATIVE = "({} AND {})", "({} OR {})", "(NOT {})", "(- {})"
AMONG = "({} IN (SELECT value FROM json_each({})))"
BETWEEN = "({} BETWEEN {} AND {})"
STEP = "({0} = CAST({0} AS INTEGER) AND ({0} % {1} - {2} % {1}) % {1} = 0)"
GLOB = "({} GLOB {})"
MOMENT = "provstore_moment({})"
REGION = "provstore_region({})"
OVERLAP = "provstore_overlap({}, {})"
SPANS_OVERLAP = "({0} < {3} AND {2} < {1})"
WITHIN = "({0} <= {2} AND {2} < {1})"
BEGIN_OF, END_OF = "CASE WHEN {0} < {1} THEN {0} END", "CASE WHEN {0} < {1} THEN {1} END"

DEEP = 5
"""AND and OR inside of each other, from which on their order is ours; else it is that of the query."""
MOST_VALUES = 30_000
"""Values that one question may bind; those of lists count as one."""
LONGEST_PATTERN = 50_000
"""Bytes of a pattern, as in SQLite."""
END_OF_TEXT = "\0"
"""Where SQLite's GLOB and JSON stop reading. No text that is recorded has one, so that one with it is equal to none."""


class Condition(NamedTuple):
    """A `where` as SQL.

    Attributes:
        sql: What stands behind WHERE; the table of datasets is called `d`.
        values: Its parameters, by name.
    """

    sql: str
    values: Mapping[str, Parameter]


def compiled(tree: Expression, names: Names, bind: Bind) -> Condition:
    """A `where` as SQL.

    Args:
        tree: What `parse_where` gave.
        names: Of the rows that it is asked of.
        bind: Values for ``:name``.

    Raises:
        QueryError: It can have no meaning with these names and values.
        MissingLibraryError: It asks for regions, and what compares them is not installed.
    """
    for node in walk(tree.condition):
        if isinstance(node, Name):
            _refuse_ambiguous(tree.text, node.at, node.text, names)
    check_where(tree, names.kinds, bind)
    compiler = _Compiler(tree.text, names, bind)
    sql = compiler.condition(simplified(tree.condition))
    if len(compiler.values) > MOST_VALUES:
        raise QueryError(f"the query has more than {MOST_VALUES} values", text=tree.text, hint="bind a list for IN")
    return Condition(sql, compiler.values)


def ordered(terms: Sequence[str], names: Names) -> tuple[list[tuple[str, bool]], Condition]:
    """What results are sorted by, as (SQL, downwards), and a condition that holds its parameters only.

    Args:
        terms: Names, each with ``-`` in front where it is downwards.
        names: Of the rows that are sorted.

    Raises:
        QueryError: One is not known, or ambiguous, or named twice, or has no order.
    """
    compiler = _Compiler("", names, {}, prefix="o")
    known = names.kinds
    found: list[tuple[str, bool]] = []
    seen: set[str] = set()
    for term in terms:
        name = term.removeprefix("-").strip()
        at = len(term) - len(name)
        _refuse_ambiguous(term, at, name, names)
        if name not in known:
            message = f"there is no name '{name}', names are: {listed(known, name)}"
            raise query_error(term, at, message, meant(name, known))
        if known[name] in ("region", "time span"):
            hint = f"sort by {name.removesuffix('timespan')}begin" if known[name] == "time span" else ""
            raise query_error(term, at, f"'{name}' is a {known[name]}, which has no order", hint)
        if name in seen:
            raise query_error(term, at, f"'{name}' is named twice in what is sorted by")
        seen.add(name)
        found.append((names.value(name, None, compiler.shared), term.startswith("-")))
    return found, Condition(TRUE, compiler.values)


def _refuse_ambiguous(text: str, at: int, name: str, names: Names) -> None:
    if name in names.ambiguous and name not in names.kinds:
        raise query_error(text, at, f"'{name}' is ambiguous, it may be: {listed(names.ambiguous[name])}")


class _Compiler:
    """Makes the SQL of each node of one expression, and collects its values."""

    def __init__(self, text: str, names: Names, bind: Bind, prefix: str = "v") -> None:
        self.text, self.names, self.bind, self.prefix = text, names, bind, prefix
        self.values: dict[str, Parameter] = {}
        self._shared: dict[Parameter, str] = {}

    def wrong(self, node: Node, message: str, hint: str = "") -> QueryError:
        return query_error(self.text, node.at, message, hint)

    def bound(self, node: Node, value: Parameter) -> str:
        """The name of a parameter with this value."""
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise self.wrong(node, f"the number {value} is beyond 64 bits")
        if isinstance(value, str):
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                raise self.wrong(node, f"the text {value!r} is no Unicode") from None
        name = f"{self.prefix}{len(self.values)}"
        self.values[name] = int(value) if isinstance(value, bool) else value
        return f":{name}"

    def shared(self, value: Parameter) -> str:
        """The name of a parameter with this value, which all that ask for it have together."""
        if value not in self._shared:
            self._shared[value] = self.bound(Literal(0, None), value)
        return self._shared[value]

    # --- conditions -----------------------------------------------------------------------------------------

    def condition(self, node: Node) -> str:
        match node:
            case AllOf():
                return self.joined(AND, node.parts) if node.parts else TRUE
            case AnyOf():
                return self.joined(OR, node.parts)
            case Not():
                return NOT.format(self.condition(node.part))
            case Comparison():
                return self.comparison(node)
            case In():
                found = self.membership(node)
                return NOT.format(found) if node.negated else found
            case Glob():
                return self.glob(node)
            case Overlaps():
                return self.overlap(node)
        raise TypeError(f"no condition: {node!r}")

    def joined(self, between: str, parts: Sequence[Node]) -> str:
        """All parts with AND or OR between them."""
        deepest = max(parts, key=height)
        if height(deepest) < DEEP:
            return _joined(between, [self.condition(part) for part in parts])
        # A parenthesis at the beginning costs SQLite's parser a third of one that stands behind something.
        others = [self.condition(part) for part in parts if part is not deepest]
        return between.format(self.condition(deepest), _joined(between, others))

    def comparison(self, node: Comparison) -> str:
        for part, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(part, Literal) and part.value is None:
                return MISSING[node.operator].format(self.value(other, self.kind(other)))
        left, right = self.kind(node.left), self.kind(node.right)
        a = self.value(node.left, left or right, right)
        b = self.value(node.right, right or left, left)
        compared = COMPARE[node.operator].format(a, b)
        return compared if left or right else ALIKE.format(a, b, compared)

    def membership(self, node: In) -> str:
        given: list[tuple[Node, Scalar | str, Kind]] = []
        ranges, has_missing = [], False
        for item in [bounds.in_list(item, self.bind) for item in node.items]:
            if isinstance(item, Range):
                ranges.append(item)
                continue
            for value in self.scalars(item):
                has_missing |= value is None
                if value is not None:
                    given.append((item, value, "time" if isinstance(item, Time) else bounds.kind(value)))
        if not (given or ranges or has_missing):
            return FALSE
        kind = given[0][2] if given else "number" if ranges else None
        own = self.kind(node.value)
        x = self.value(node.value, own or kind, kind)
        found = [self.range(node, x, item) for item in ranges]
        if given:
            found.append(self.among(x, given, own))
        if has_missing:
            found.append(UNKNOWN)
        return _joined(OR, found)

    def among(self, x: str, given: list[tuple[Node, Scalar | str, Kind]], own: Kind | None) -> str:
        values: list[Parameter] = []
        for node, value, _ in given:
            text = self.time(node, value) if own == "time" and isinstance(value, str) else value
            values.append(text if isinstance(text, (str, int, float)) else _time_text(text))
            self.bound(node, values[-1])  # refuses what SQLite can't hold
            self.values.popitem()
        # In JSON a text would end there, and be another one.
        listed = [value for value in values if not (isinstance(value, str) and END_OF_TEXT in value)]
        numbers = [int(value) if isinstance(value, bool) else value for value in listed]
        text = json.dumps(numbers).replace("Infinity", "1e999") if _has_infinity(numbers) else json.dumps(numbers)
        among = AMONG.format(x, self.bound(given[0][0], text))
        if len(listed) == len(values):
            return among
        return OR.format(among, COMPARE["="].format(x, self.bound(given[0][0], END_OF_TEXT)))

    def range(self, node: Node, x: str, item: Range) -> str:
        first, last = self.bound(item, item.first), self.bound(item, item.last)
        within = BETWEEN.format(x, first, last)
        return AND.format(within, STEP.format(x, self.bound(node, item.stride), first))

    def glob(self, node: Glob) -> str:
        pattern = node.pattern
        value = pattern.value if isinstance(pattern, Literal) else self.scalars(pattern)[0]
        if value is None:
            return UNKNOWN
        text = str(value).replace("[", "[[]")  # brackets are nothing special in ours
        if END_OF_TEXT in text:  # SQLite's GLOB would read no further; no text that is recorded has one
            return COMPARE["="].format(self.value(node.name, "text"), self.bound(pattern, END_OF_TEXT))
        if len(text.encode("utf-8", "replace")) > LONGEST_PATTERN:
            raise self.wrong(pattern, f"the pattern is longer than {LONGEST_PATTERN} bytes")
        return GLOB.format(self.value(node.name, "text"), self.bound(pattern, text))

    # --- overlaps -------------------------------------------------------------------------------------------

    def overlap(self, node: Overlaps) -> str:
        if "time span" in (self.kind(node.left), self.kind(node.right)):
            return self.overlap_in_time(node)
        from provstore import sky

        sky.box("POINT(0, 0)")  # says at once that the library is missing
        if is_constant(node):
            a, b = (constants.region(self.text, side, self.bind, sky) for side in (node.left, node.right))
            return UNKNOWN if a is None or b is None else TRUE if sky.overlap(a, b) else FALSE
        return OVERLAP.format(self.region(node.left), self.region(node.right))

    def region(self, node: Node) -> str:
        """The SQL of a region's text. What can be known to be none is refused before anything is read."""
        if isinstance(node, Name):
            return self.names.value(node.text, "region", self.shared)
        if isinstance(node, Region) and not is_constant(node):
            numbers = [self.value(argument, "number") for argument in node.arguments]
            return REGION.format(", ".join([self.bound(node, node.shape), *numbers]))
        from provstore import sky

        text = constants.region(self.text, node, self.bind, sky)
        return UNKNOWN if text is None else self.bound(node, text)

    def overlap_in_time(self, node: Overlaps) -> str:
        """Two time spans, or a time span and a time in it."""
        (a, b), (c, d) = self.span(node.left), self.span(node.right)
        if self.kind(node.left) == self.kind(node.right):
            return SPANS_OVERLAP.format(a, b, c, d)
        return WITHIN.format(a, b, c) if self.kind(node.left) == "time span" else WITHIN.format(c, d, a)

    def span(self, node: Node) -> tuple[str, str]:
        """The SQL of a time span's begin and end; of a time, twice that."""
        if isinstance(node, TimeSpan):
            constants.check_span(self.text, node, self.bind)
            ends = self.end(node.begin, FIRST), self.end(node.end, LAST)
            return ends if is_constant(node) else (BEGIN_OF.format(*ends), END_OF.format(*ends))
        if isinstance(node, Name) and self.kind(node) == "time span":
            return self.names.span(node.text, self.shared)
        moment = self.value(node, "time", "time")
        return moment, moment

    def end(self, node: Node, open: str) -> str:
        """The SQL of one end of a time span that the query writes; what is written as NULL is open."""
        if is_constant(node):
            moment = constants.moment(self.text, node, self.bind)
            return self.bound(node, open if moment is None else moment)
        return self.value(node, "time", "time")

    # --- values ---------------------------------------------------------------------------------------------

    def kind(self, node: Node) -> Kind | None:
        """What a value is; None where that is not known, or it is missing."""
        match node:
            case Literal():
                return kind_of_literal(node)
            case Time():
                return "time"
            case Name():
                return self.names.kinds[node.text]
            case BoundName():
                value = self.scalars(node)[0]
                return None if value is None else bounds.kind(value)
            case Region():
                return "region"
            case TimeSpan():
                return "time span"
        return "number"

    def value(self, node: Node, kind: Kind | None, other: Kind | None = None) -> str:
        """The SQL of a value.

        Args:
            kind: What it is taken as.
            other: What it is compared with: a text that meets a time is read as one.
        """
        match node:
            case Name():
                sql = self.names.value(node.text, "text" if kind == "time" else kind, self.shared)
                return MOMENT.format(sql) if other == "time" and self.names.kinds[node.text] != "time" else sql
            case Literal():
                return UNKNOWN if node.value is None else self.bound(node, node.value)
            case Time():
                return self.bound(node, node.text)
            case BoundName():
                value = self.scalars(node)[0]
                if other == "time" and isinstance(value, str):
                    value = self.time(node, value)
                return self.bound(node, value if isinstance(value, (str, int, float)) else _time_text(value))
            case Negative() if isinstance(node.part, Negative):
                return self.value(node.part.part, "number")
            case Negative():
                return NEGATIVE.format(self.value(node.part, "number"))
            case Arithmetic():
                left, right = self.value(node.left, "number"), self.value(node.right, "number")
                return _calculated(node, left, right)
        raise self.wrong(node, "regions and time spans stand beside OVERLAPS only")

    def scalars(self, node: Node) -> list[Scalar | str]:
        if isinstance(node, BoundName):
            return list(bounds.scalars(self.text, node, self.bind))
        if isinstance(node, Time):
            return [node.text]
        return [node.value if isinstance(node, Literal) else None]

    def time(self, node: Node, text: str) -> str:
        from provstore.query.times import canonical

        try:
            return canonical(text)
        except ValueError as error:
            raise self.wrong(node, str(error)) from None


def _calculated(node: Arithmetic, left: str, right: str) -> str:
    """The SQL of a calculation; SQLite's parser limits the depth of parentheses, most of all behind an operator."""
    if isinstance(node.left, Arithmetic) and node.operator + node.left.operator in LEVEL:
        left = left[1:-1]  # a long sum is no deep one
    is_deep = isinstance(node.right, Arithmetic) and not isinstance(node.left, Arithmetic)
    return (TURNED if is_deep else CALCULATE).get(node.operator, CALCULATE[node.operator]).format(left, right)


def _joined(between: str, parts: list[str]) -> str:
    """All parts with AND or OR between them, in pairs of pairs: SQLite limits the depth, not the number."""
    while len(parts) > 1:
        pairs = [between.format(*parts[at : at + 2]) for at in range(0, len(parts) - 1, 2)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0]


def _time_text(value: object) -> str | None:
    from datetime import datetime

    if not isinstance(value, datetime):
        return None
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _has_infinity(values: list[Parameter]) -> bool:
    return any(isinstance(value, float) and value in (float("inf"), float("-inf")) for value in values)
