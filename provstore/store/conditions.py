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
from provstore.query.check import check_where, kind_of_literal
from provstore.query.place import listed, nearest, query_error
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
    Range,
    Time,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from provstore.query.check import Kind
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Expression, Scalar

    Parameter: TypeAlias = "str | int | float | None"

FIELDS: dict[str, tuple[str, Kind]] = {
    "created": ("d.created", "time"),
    "format": ("d.format", "text"),
    "id": ("d.id", "text"),
    "iteration": ("d.iteration", "number"),
    "kind": ("d.kind", "text"),
    "name": ("d.name", "text"),
    "owner": ("d.owner", "text"),
    "owner_type": ("d.owner_type", "text"),
    "path": ("d.path", "text"),
    "run": ("d.run", "text"),
    "size": ("d.size", "number"),
    "type": ("d.type", "text"),
    "version": ("d.version", "text"),
}
"""What a dataset has besides its data ID, asked for as ``dataset.field``."""

OF_TYPE = "CASE WHEN d.type = {} THEN {} END"
DIMENSION = {
    "number": "CASE WHEN json_type(d.data_id, {0}) IN ('integer', 'real') THEN json_extract(d.data_id, {0}) END",
    "text": "CASE WHEN json_type(d.data_id, {0}) = 'text' THEN json_extract(d.data_id, {0}) END",
    "boolean": "CASE json_type(d.data_id, {0}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 END",
    None: "json_extract(d.data_id, {0})",
}
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

MOST_VALUES = 30_000
"""Values that one question may bind; those of lists count as one."""
LONGEST_PATTERN = 50_000
"""Bytes of a pattern, as in SQLite."""


class Condition(NamedTuple):
    """A `where` as SQL.

    Attributes:
        sql: What stands behind WHERE; the table of datasets is called `d`.
        values: Its parameters, by name.
    """

    sql: str
    values: Mapping[str, Parameter]


def register(conn: sqlite3.Connection) -> None:
    """Adds the functions that conditions call."""
    conn.create_function("provstore_remainder", 2, _remainder, deterministic=True)
    conn.create_function("provstore_moment", 1, _moment, deterministic=True)


def _remainder(a: object, b: object) -> int | None:
    """The remainder of whole numbers with the sign of the dividend; missing for all others."""
    if not isinstance(a, int) or not isinstance(b, int) or b == 0:
        return None
    rest = abs(a) % abs(b)
    return -rest if a < 0 else rest


def _moment(text: object) -> str | None:
    """A text as the time it says; missing where it is none."""
    from provstore.query.times import canonical

    try:
        return canonical(text) if isinstance(text, str) else None
    except ValueError:
        return None


def compiled(tree: Expression, kinds: Mapping[str, Kind | None], bind: Bind) -> Condition:
    """A `where` as SQL.

    Args:
        tree: What `parse_where` gave.
        kinds: Of the dimensions that there are; None for one of several kinds, or of none that is known.
        bind: Values for ``:name``.

    Raises:
        QueryError: It can have no meaning with these names and values, or needs what datasets don't have.
    """
    all_names: dict[str, Kind | None] = {**kinds, **{f"dataset.{name}": kind for name, (_, kind) in FIELDS.items()}}
    for node in _names(tree):
        first, _, rest = node.text.partition(".")
        if rest.startswith("dataset.") and rest in all_names and first != "dataset":
            all_names[node.text] = all_names[rest]
    check_where(tree, all_names, bind)
    compiler = _Compiler(tree.text, all_names, bind)
    sql = compiler.condition(tree.condition)
    if len(compiler.values) > MOST_VALUES:
        raise QueryError(f"the query has more than {MOST_VALUES} values", text=tree.text, hint="bind a list for IN")
    return Condition(sql, compiler.values)


def ordered(terms: Sequence[str], kinds: Mapping[str, Kind | None]) -> tuple[list[tuple[str, bool]], Condition]:
    """What results are sorted by, as (SQL, downwards), and a condition that holds its parameters only.

    Args:
        terms: Names, each with ``-`` in front where it is downwards.
        kinds: Of the dimensions that there are.

    Raises:
        QueryError: One is not known, or named twice.
    """
    compiler = _Compiler("", kinds, {}, prefix="o")
    known = [*kinds, *(f"dataset.{name}" for name in FIELDS)]
    found: list[tuple[str, bool]] = []
    seen: set[str] = set()
    for term in terms:
        name = term.removeprefix("-").strip()
        if name not in known:
            hint = nearest(name, known) or (f"did you mean 'dataset.{name}'?" if name in FIELDS else "")
            raise query_error(
                term, len(term) - len(name), f"there is no name '{name}', names are: {listed(known)}", hint
            )
        if name in seen:
            raise query_error(term, len(term) - len(name), f"'{name}' is named twice in what is sorted by")
        seen.add(name)
        found.append((compiler.name(Name(0, name), None), term.startswith("-")))
    return found, Condition(TRUE, compiler.values)


def _names(tree: Expression) -> list[Name]:
    from provstore.query.node import walk

    return [node for node in walk(tree.condition) if isinstance(node, Name)]


class _Compiler:
    """Makes the SQL of each node of one expression, and collects its values."""

    def __init__(self, text: str, kinds: Mapping[str, Kind | None], bind: Bind, prefix: str = "v") -> None:
        self.text, self.kinds, self.bind, self.prefix = text, kinds, bind, prefix
        self.values: dict[str, Parameter] = {}
        self._paths: dict[str, str] = {}

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

    # --- conditions -----------------------------------------------------------------------------------------

    def condition(self, node: Node) -> str:
        match node:
            case AllOf():
                return _joined(AND, [self.condition(part) for part in node.parts]) if node.parts else TRUE
            case AnyOf():
                return _joined(OR, [self.condition(part) for part in node.parts])
            case Not():
                return NOT.format(self.condition(node.part))
            case Comparison():
                return self.comparison(node)
            case In():
                found = self.membership(node)
                return NOT.format(found) if node.negated else found
            case Glob():
                return self.glob(node)
        hint = "compare dimensions and fields of datasets"
        raise self.wrong(node, "OVERLAPS needs records of dimensions, and datasets have none", hint)

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
        for item in node.items:
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
        numbers = [int(value) if isinstance(value, bool) else value for value in values]
        text = json.dumps(numbers).replace("Infinity", "1e999") if _has_infinity(numbers) else json.dumps(numbers)
        return AMONG.format(x, self.bound(given[0][0], text))

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
        if len(text.encode("utf-8", "replace")) > LONGEST_PATTERN:
            raise self.wrong(pattern, f"the pattern is longer than {LONGEST_PATTERN} bytes")
        return GLOB.format(self.value(node.name, "text"), self.bound(pattern, text))

    # --- values ---------------------------------------------------------------------------------------------

    def kind(self, node: Node) -> Kind | None:
        """What a value is; None where that is not known, or it is missing."""
        match node:
            case Literal():
                return kind_of_literal(node)
            case Time():
                return "time"
            case Name():
                return self.kinds.get(node.text)
            case BoundName():
                value = self.scalars(node)[0]
                return None if value is None else bounds.kind(value)
        return "number"

    def value(self, node: Node, kind: Kind | None, other: Kind | None = None) -> str:
        """The SQL of a value.

        Args:
            kind: What it is taken as.
            other: What it is compared with: a text that meets a time is read as one.
        """
        match node:
            case Name():
                text = kind if kind != "time" or "." in node.text else "text"
                sql = self.name(node, text)
                return MOMENT.format(sql) if other == "time" and self.kinds.get(node.text) != "time" else sql
            case Literal():
                return UNKNOWN if node.value is None else self.bound(node, node.value)
            case Time():
                return self.bound(node, node.text)
            case BoundName():
                value = self.scalars(node)[0]
                if other == "time" and isinstance(value, str):
                    value = self.time(node, value)
                return self.bound(node, value if isinstance(value, (str, int, float)) else _time_text(value))
            case Negative():
                return NEGATIVE.format(self.value(node.part, "number"))
            case Arithmetic():
                left, right = self.value(node.left, "number"), self.value(node.right, "number")
                if isinstance(node.left, Arithmetic) and node.operator + node.left.operator in LEVEL:
                    left = left[1:-1]  # a long sum is no deep one: SQLite's parser limits the depth of parentheses
                return CALCULATE[node.operator].format(left, right)
        raise self.wrong(node, "regions and time spans stand beside OVERLAPS only")

    def name(self, node: Name, kind: Kind | None) -> str:
        """A field of the dataset, or a value of its data ID."""
        first, _, rest = node.text.partition(".")
        if first == "dataset":
            return FIELDS[rest][0]
        if rest:
            return OF_TYPE.format(self.bound(node, first), FIELDS[rest.partition(".")[2]][0])
        if node.text not in self._paths:
            self._paths[node.text] = self.bound(node, path_of(node.text))
        return DIMENSION.get(kind, DIMENSION[None]).format(self._paths[node.text])

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


def path_of(dimension: str) -> str:
    """Where a dimension's value stands in a data ID, in SQLite's spelling."""
    return f'$."{dimension}"'


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
