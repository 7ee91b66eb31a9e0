"""Which data IDs a `where` can be true of, told from their text alone: where a search may jump over the others.

The store keeps a data ID as canonical JSON with sorted keys, and has them in order. A `where` that says
``visit = 101`` at its top level can be true of no text in which another value stands behind ``"visit":``, and all
texts with the same beginning stand together.
"""

from __future__ import annotations

import functools
from bisect import bisect_right

from provstore.digest import canonical_json
from provstore.query import bound as bounds
from provstore.query.tree import AllOf, BoundName, Comparison, In, Literal, Name, Range, Time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeAlias

    from provstore.model.values import JSON
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Expression

    Needed: TypeAlias = "Mapping[str, frozenset[str]]"
    """Dimension → the only values that it can have, as JSON."""

TURNED = {">": "<", "<": ">"}
INFINITE = float("inf")
MOST = 1000
"""Values of one dimension: for more it is not worth while."""


def needed(tree: Expression, bind: Bind) -> Needed:
    """What a `where` needs of single dimensions, to be true."""
    return {name: values for name, values in _needed(tree, bind).items() if "." not in name}


def needed_fields(tree: Expression, bind: Bind) -> Mapping[str, list[JSON]]:
    """Field (``dataset.run``) → the only values that it can have where a `where` is true."""
    import json

    fields = {name: values for name, values in _needed(tree, bind).items() if name.startswith("dataset.")}
    return {name: [json.loads(text) for text in sorted(values)] for name, values in fields.items()}


def has_bound(tree: Expression, name: str) -> str | None:
    """The operator with which a `where` bounds a value on one side by a constant: ``>`` or ``<``; None: it does not."""
    for part in _parts(tree.condition):
        if isinstance(part, Comparison) and part.operator[0] in TURNED:
            for side, other, operator in (
                (part.left, part.right, part.operator[0]),
                (part.right, part.left, TURNED[part.operator[0]]),
            ):
                if isinstance(side, Name) and side.text == name and isinstance(other, (Literal, BoundName, Time)):
                    return operator
    return None


def _needed(tree: Expression, bind: Bind) -> Needed:
    found: dict[str, frozenset[str]] = {}
    for part in _parts(tree.condition):
        limited = _limited(tree.text, part, bind)
        if limited is not None:
            name, values = limited
            found[name] = found[name] & values if name in found else values
    return found


def _parts(node: Node) -> Iterator[Node]:
    if isinstance(node, AllOf):
        for part in node.parts:
            yield from _parts(part)
    else:
        yield node


def _limited(text: str, part: Node, bind: Bind) -> tuple[str, frozenset[str]] | None:
    """The name that a condition limits to some values, and these."""
    if isinstance(part, Comparison) and part.operator == "=":
        left, right = part.left, part.right
        name, other = (left, right) if isinstance(left, Name) else (right, left)
        items: tuple[Node, ...] = (other,)
    elif isinstance(part, In) and not part.negated:
        name, items = part.value, part.items
    else:
        return None
    if not isinstance(name, Name):
        return None
    values: set[str] = set()
    for item in items:
        more = _spelled(text, item, bind)
        if more is None:
            return None
        values |= more
    return (name.text, frozenset(values)) if len(values) <= 3 * MOST else None


def _spelled(text: str, item: Node, bind: Bind) -> set[str] | None:
    """All spellings in JSON of the values that an item stands for; None where they are too many, or not known."""
    given: list[object]
    item = bounds.in_list(item, bind)
    if isinstance(item, Literal):
        given = [item.value]
    elif isinstance(item, Range) and (item.last - item.first) // item.stride < MOST:
        given = list(range(item.first, item.last + 1, item.stride))
    elif isinstance(item, BoundName):
        given = list(bounds.scalars(text, item, bind))
    else:
        return None
    return spelled(given)


def spelled(values: Iterable[object]) -> set[str] | None:
    """All spellings in JSON of some values; None where one is neither a text, a number nor a truth value."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, (str, bool)):
            found.add(canonical_json(value))
        elif isinstance(value, (int, float)):
            found |= _numbers(value)
        else:
            return None
    return found


def _numbers(value: float) -> set[str]:
    """A number as integer and with a point, where both are the same number; an infinite one is in no JSON."""
    if value in (INFINITE, -INFINITE):
        return set()
    found = {canonical_json(value)}
    try:
        found.add(canonical_json(float(value)))
        if int(value) == value:
            found.add(canonical_json(int(value)))
    except (OverflowError, ValueError):
        return found
    return found | {"0", "0.0", "-0.0"} if value == 0 else found


def passed_over(data_id: str, wanted: Needed) -> str | None:
    """Where to go on behind a data ID that can't be meant: no text that is meant stands before. None: it may be.

    Args:
        data_id: Canonical JSON of an object with texts, numbers and truth values.
    """
    if not wanted:
        return None
    import json

    decoder = json.JSONDecoder()
    at, met = 1, 0
    while data_id[at] != "}":
        at += data_id[at] == ","
        key, at = decoder.raw_decode(data_id, at)
        begin = at + 1
        _, at = decoder.raw_decode(data_id, begin)
        if key in wanted:
            met += 1
            if data_id[begin:at] not in wanted[key]:
                return _next(data_id, data_id[:begin], wanted[key])
    return None if met == len(wanted) else data_id


def _next(data_id: str, prefix: str, values: frozenset[str]) -> str:
    ends = _with_ends(values)
    place = bisect_right(ends, data_id[len(prefix) :])
    # ';' follows ':', with which the prefix ends: it stands behind all that begins so.
    return prefix + ends[place] if place < len(ends) else prefix[:-1] + ";"


@functools.lru_cache(maxsize=64)
def _with_ends(values: frozenset[str]) -> list[str]:
    """Values in the order of their texts, each with what may stand behind it in a data ID."""
    return sorted([value + end for value in values for end in ",}"])
