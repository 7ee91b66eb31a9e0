"""Trees as text: the canonical spelling of a `where`, so that parsing it gives the same tree."""

from __future__ import annotations

from provstore.query.tree import (
    AND,
    ATOM,
    COMPARISON,
    LEVELS,
    NOT,
    OR,
    SIGN,
    SUM,
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
    from provstore.query.node import Node


def printed(tree: Expression) -> str:
    """The canonical text; empty for an expression that is always true."""
    return "" if tree.condition == AllOf(0, ()) else _text(tree.condition)


def _text(node: Node) -> str:
    """A node without parentheses around it."""
    match node:
        case AllOf():
            return " AND ".join(_inside(part, AND + 1) for part in node.parts)
        case AnyOf():
            return " OR ".join(_inside(part, OR + 1) for part in node.parts)
        case Not():
            return f"NOT {_inside(node.part, NOT)}"
        case Comparison():
            return f"{_inside(node.left, SUM)} {node.operator} {_inside(node.right, SUM)}"
        case In():
            items = ", ".join(_text(item) for item in node.items)
            return f"{_inside(node.value, SUM)} {'NOT IN' if node.negated else 'IN'} ({items})"
        case Overlaps():
            return f"{_inside(node.left, SUM)} OVERLAPS {_inside(node.right, SUM)}"
    return _value(node)


def _value(node: Node) -> str:
    match node:
        case Glob():
            return f"GLOB({_text(node.name)}, {_text(node.pattern)})"
        case Negative():
            # A number is put in parentheses: "-5" is a number itself.
            lowest = ATOM + 1 if isinstance(node.part, Literal) else SIGN
            return f"-{_inside(node.part, lowest)}"
        case Arithmetic():
            level = LEVELS[node.operator]
            return f"{_inside(node.left, level)} {node.operator} {_inside(node.right, level + 1)}"
        case Region():
            return f"{node.shape}({', '.join(_text(argument) for argument in node.arguments)})"
        case TimeSpan():
            return f"({_text(node.begin)}, {_text(node.end)})"
    return _atom(node)


def _atom(node: Node) -> str:
    match node:
        case Literal():
            return _literal(node)
        case Time():
            return f"T'{_short_time(node.text)}'"
        case Name():
            return node.text
        case BoundName():
            return f":{node.name}"
        case Range():
            return f"{node.first}..{node.last}" + (f":{node.stride}" if node.stride != 1 else "")
    raise TypeError(f"no part of an expression: {node!r}")


def _literal(node: Literal) -> str:
    if node.value is None:
        return "NULL"
    if isinstance(node.value, str):
        return "'" + node.value.replace("'", "''") + "'"
    return str(node.value).upper() if isinstance(node.value, bool) else repr(node.value)


def _short_time(text: str) -> str:
    return text.removesuffix("Z").removesuffix(".000000")


def _inside(node: Node, lowest: int) -> str:
    """A node as a part of another: in parentheses if it binds less than `lowest`."""
    text = _text(node)
    return text if _level(node) >= lowest else f"({text})"


def _level(node: Node) -> int:
    if isinstance(node, Arithmetic):
        return LEVELS[node.operator]
    return _LEVEL_OF.get(type(node), ATOM)


_LEVEL_OF: dict[type[Node], int] = {
    AllOf: AND,
    AnyOf: OR,
    Not: NOT,
    Comparison: COMPARISON,
    In: COMPARISON,
    Overlaps: COMPARISON,
    Negative: SIGN,
}
