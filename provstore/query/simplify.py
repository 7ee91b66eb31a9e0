"""The same condition with less depth: for readers, such as SQLite's parser, that can't go as deep as ours."""

from __future__ import annotations

from provstore.query.tree import AllOf, AnyOf, In, Not

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.query.node import Node


def simplified(node: Node, negated: bool = False) -> Node:
    """A condition in which NOT stands before comparisons only, and no AND directly in an AND, nor OR in an OR.

    It is true, false or unknown for the same values: De Morgan's laws hold for what is unknown, too.

    Args:
        negated: The opposite is wanted.
    """
    match node:
        case Not():
            return simplified(node.part, not negated)
        case AllOf() | AnyOf():
            kind = AllOf if isinstance(node, AllOf) is not negated else AnyOf
            parts: list[Node] = []
            for part in node.parts:
                found = simplified(part, negated)
                parts += found.parts if type(found) is kind else (found,)
            return kind(node.at, tuple(parts))
        case In() if negated:
            return In(node.at, node.value, node.items, not node.negated)
    return Not(node.at, node) if negated else node


def height(node: Node) -> int:
    """How many AND and OR stand inside of each other."""
    return 1 + max(map(height, node.parts), default=0) if isinstance(node, (AllOf, AnyOf)) else 0
