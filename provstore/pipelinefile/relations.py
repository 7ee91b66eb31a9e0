"""Joining what was found: which data IDs can exist?

A relation is a set of rows, each a value for each of its dimensions; joining two keeps the combinations that
agree on the dimensions they share.
"""

from __future__ import annotations

from typing import NamedTuple

from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.values import Value


MOST_ROWS = 1_000_000
"""Combinations beyond are a mistake more often than work, and would fill the memory."""


class TooManyError(ValueError):
    """More combinations than anybody can want; the message says so."""


class Relation(NamedTuple):
    """Rows over dimensions; a row's values are in the order of `names`."""

    names: tuple[str, ...]
    rows: frozenset[tuple[Value, ...]]


def relation_of(names: Iterable[str], found: Iterable[Mapping[str, Value]]) -> Relation:
    """The relation of all that was found, restricted to `names`."""
    order = tuple(names)
    return Relation(order, frozenset(tuple(values[name] for name in order) for values in found))


def joined(one: Relation, other: Relation) -> Relation:
    """The natural join; without shared dimensions, all combinations.

    Raises:
        TooManyError: It has more than `MOST_ROWS` rows.
    """
    shared = [name for name in one.names if name in other.names]
    extra = [name for name in other.names if name not in one.names]
    here = [one.names.index(name) for name in shared]
    there = [other.names.index(name) for name in shared]
    added = [other.names.index(name) for name in extra]
    partners: dict[tuple[Value, ...], list[tuple[Value, ...]]] = {}
    for row in other.rows:
        partners.setdefault(tuple(row[i] for i in there), []).append(tuple(row[i] for i in added))
    found = [(row, partners.get(tuple(row[i] for i in here), ())) for row in one.rows]
    number = sum(len(rests) for _, rests in found)
    if number > MOST_ROWS:
        raise TooManyError(f"there are {number:,} combinations of {', '.join((*one.names, *extra))}")
    rows = (row + rest for row, rests in found for rest in rests)
    return Relation((*one.names, *extra), frozenset(rows))


def sorted_rows(relation: Relation, names: Sequence[str]) -> list[dict[str, Value]]:
    """The rows as mappings in the order of `names`, sorted naturally by them."""
    places = [relation.names.index(name) for name in names]
    ordered = sorted(
        (tuple(row[i] for i in places) for row in relation.rows), key=lambda row: [natural_key(v) for v in row]
    )
    return [dict(zip(names, row, strict=True)) for row in ordered]
