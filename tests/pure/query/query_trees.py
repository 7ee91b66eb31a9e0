"""Random expressions for the laws, and what they mean to SQLite."""

from __future__ import annotations

from hypothesis import strategies as st

from provstore.query.node import Node
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

NUMBERS = ("visit", "detector", "visit.airmass")
TEXTS = ("band", "skymap", "image.visit.target")
BINDS = {"low": 3, "name": "r", "many": [1, 2, 3], "gone": None}

integers = st.integers(-9, 9)
floats = st.sampled_from([-1.5, 0.0, 0.25, 2.0, 3.5])
texts = st.text(alphabet="ab*?[]'\\%_ é\n", max_size=3)


def literals(values):
    return values.map(lambda value: Literal(0, value))


def calculations(parts):
    return st.builds(Arithmetic, st.just(0), parts, st.sampled_from("+-*/"), parts) | st.builds(
        Negative, st.just(0), parts
    )


def whole_calculations(parts):
    operators = st.sampled_from("+-*%")
    return st.builds(Arithmetic, st.just(0), parts, operators, parts) | st.builds(Negative, st.just(0), parts)


whole = st.recursive(
    literals(integers) | st.sampled_from([Name(0, "visit"), Name(0, "detector"), BoundName(0, "low")]),
    whole_calculations,
    max_leaves=3,
)
numbers = st.recursive(
    whole | literals(floats) | st.sampled_from([Name(0, name) for name in NUMBERS]), calculations, max_leaves=3
)
words = literals(texts) | st.sampled_from([*(Name(0, name) for name in TEXTS), BoundName(0, "name")])
truths = literals(st.booleans()) | st.just(Name(0, "flag"))
ranges = st.builds(
    lambda first, length, stride: Range(0, first, first + length, stride),
    integers,
    st.integers(0, 9),
    st.integers(1, 3),
)
operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
equalities = st.sampled_from(["=", "!="])
number_items = ranges | literals(integers) | literals(floats) | st.sampled_from([BoundName(0, "many")])
text_items = literals(texts) | st.sampled_from([BoundName(0, "name"), BoundName(0, "gone")])


def some(items):
    return st.lists(items, min_size=1, max_size=3).map(tuple)


simple = st.one_of(
    st.builds(Comparison, st.just(0), numbers, operators, numbers),
    st.builds(Comparison, st.just(0), words, operators, words),
    st.builds(Comparison, st.just(0), truths, equalities, truths),
    st.builds(Comparison, st.just(0), numbers | words, equalities, st.just(Literal(0, None))),
    st.builds(In, st.just(0), numbers, some(number_items), st.booleans()),
    st.builds(In, st.just(0), words, some(text_items), st.booleans()),
    st.builds(Glob, st.just(0), st.sampled_from([Name(0, name) for name in TEXTS]), literals(texts)),
)


def combined(leaves):
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            st.builds(lambda many: AllOf(0, tuple(many)), st.lists(parts, min_size=2, max_size=3)),
            st.builds(lambda many: AnyOf(0, tuple(many)), st.lists(parts, min_size=2, max_size=3)),
            st.builds(Not, st.just(0), parts),
        ),
        max_leaves=5,
    )


times = st.datetimes().map(lambda time: Time(0, time.isoformat(timespec="microseconds") + "Z"))
regions = st.one_of(
    st.builds(lambda a, b, r: Region(0, "CIRCLE", (a, b, r)), numbers, numbers, numbers),
    st.builds(lambda a, b: Region(0, "POINT", (a, b)), literals(floats), literals(integers)),
    st.builds(lambda a: Region(0, "BOX", (a, a, a, a)), literals(floats)),
    st.lists(literals(floats), min_size=3, max_size=4).map(lambda some: Region(0, "POLYGON", (*some, *some))),
)
ends = times | st.just(Literal(0, None))
sky = st.one_of(
    st.builds(Overlaps, st.just(0), regions, regions | st.just(Name(0, "tract.region"))),
    st.builds(Overlaps, st.just(0), st.just(Name(0, "visit.timespan")), st.builds(TimeSpan, st.just(0), ends, ends)),
    st.builds(Comparison, st.just(0), st.just(Name(0, "created")), operators, times),
    st.builds(In, st.just(0), st.just(Name(0, "created")), some(times), st.booleans()),
)

conditions = combined(simple)
"""Conditions that plain values answer."""
expressions = combined(simple | sky).map(lambda condition: Expression("", condition)) | st.just(
    Expression("", AllOf(0, ()))
)
"""All that the language can say."""

rows = st.fixed_dictionaries(
    {
        "visit": st.none() | integers,
        "detector": st.none() | integers,
        "visit.airmass": st.none() | floats,
        **{name: st.none() | texts for name in TEXTS},
        "flag": st.none() | st.booleans(),
    }
)
"""Values for every name, any of them missing."""


class Sql:
    """A condition as SQL, with every value bound: an independent reading of the same tree."""

    def __init__(self, condition: Node) -> None:
        self.values: list[object] = []
        self.text = self.of(condition)

    def bound(self, value: object) -> str:
        self.values.append(value)
        return f"?{len(self.values)}"

    def of(self, node: Node) -> str:
        return getattr(self, type(node).__name__.lower())(node)

    def allof(self, node):
        return "(" + " AND ".join(map(self.of, node.parts)) + ")"

    def anyof(self, node):
        return "(" + " OR ".join(map(self.of, node.parts)) + ")"

    def not_(self, node):
        return f"(NOT {self.of(node.part)})"

    def comparison(self, node):
        if isinstance(node.right, Literal) and node.right.value is None:
            return f"({self.of(node.left)} {'IS' if node.operator == '=' else 'IS NOT'} NULL)"
        return f"({self.of(node.left)} {node.operator} {self.of(node.right)})"

    def in_(self, node):
        value, items = self.of(node.value), []
        for item in node.items:
            if isinstance(item, Range):
                items += map(self.bound, range(item.first, item.last + 1, item.stride))
            elif isinstance(item, BoundName):
                found = BINDS[item.name]
                items += map(self.bound, found if isinstance(found, list) else [found])
            else:
                items.append(self.of(item))
        return f"({value} {'NOT IN' if node.negated else 'IN'} ({', '.join(items)}))"

    def glob(self, node):
        # In SQLite's GLOB brackets are special as well.
        pattern = node.pattern.value.replace("[", "[[]")
        return f"({self.of(node.name)} GLOB {self.bound(pattern)})"

    def literal(self, node):
        return self.bound(node.value)

    def name(self, node):
        return f'"{node.text}"'

    def boundname(self, node):
        return self.bound(BINDS[node.name])

    def negative(self, node):
        return f"(- {self.of(node.part)})"

    def arithmetic(self, node):
        left = f"CAST({self.of(node.left)} AS REAL)" if node.operator == "/" else self.of(node.left)
        return f"({left} {node.operator} {self.of(node.right)})"


for _keyword in ("not", "in"):
    setattr(Sql, _keyword, getattr(Sql, f"{_keyword}_"))
