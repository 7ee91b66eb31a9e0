"""Which part of a condition excluded everything."""

from __future__ import annotations

from provstore.operations.registry.queries.narrowing import top_parts
from provstore.query.spell import printed
from provstore.query.tree import Expression

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def excluded(what: str, tree: Expression, alone: Callable[[Expression], bool], is_found: bool) -> str:
    """Says why a condition leaves nothing of what is there without it.

    Args:
        what: Was asked for, in words: "data ID".
        alone: Whether a condition finds something by itself; asked for each part.
        is_found: All parts together, and what else was asked for, find something.
    """
    parts = [Expression(tree.text, part) for part in top_parts(tree.condition)]
    never = [printed(part) for part in parts if not alone(part)]
    if never:
        return f"no {what} fulfils: {'; nor: '.join(never)}"
    if is_found:
        return "something is found"
    return f"each condition holds for some {what}, but all of them hold for none"
