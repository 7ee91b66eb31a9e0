"""Joining what was found: which data IDs can exist?

A relation is a set of rows, each a value for each of its dimensions; joining two keeps the combinations that
agree on the dimensions they share.
"""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from provstore.model.values import Value


MOST_ROWS = 1_000_000
"""Combinations beyond are a mistake more often than work, and would fill the memory."""


class TooManyError(ValueError):
    """More combinations than anybody can want; the message says so."""


class Relation(NamedTuple):
    """Rows over dimensions, each once; a row's values are in the order of `names`.

    The rows are a set that keeps its order: what is found comes nearly sorted, and so it is sorted in no time.
    """

    names: tuple[str, ...]
    rows: Sequence[tuple[Value, ...]]


EVERYTHING = Relation((), ((),))
"""What nothing has restricted yet: joined with another one, it is that one."""


def relation_of(names: Sequence[str], found: Iterable[tuple[Value, ...]], wanted: Sequence[str]) -> Relation:
    """The relation of all rows that were found, over `names`, restricted to the names that are wanted."""
    places = [names.index(name) for name in wanted]
    return Relation(tuple(wanted), tuple(dict.fromkeys([tuple([row[i] for i in places]) for row in found])))


def joined(one: Relation, other: Relation) -> Relation:
    """The natural join; without shared dimensions, all combinations.

    Raises:
        TooManyError: It has more than `MOST_ROWS` rows.
    """
    if one == EVERYTHING:
        return other
    shared = [name for name in one.names if name in other.names]
    extra = [name for name in other.names if name not in one.names]
    here = [one.names.index(name) for name in shared]
    there = [other.names.index(name) for name in shared]
    added = [other.names.index(name) for name in extra]
    partners: dict[tuple[Value, ...], list[tuple[Value, ...]]] = {}
    for row in other.rows:
        partners.setdefault(tuple([row[i] for i in there]), []).append(tuple([row[i] for i in added]))
    found = [(row, partners.get(tuple([row[i] for i in here]), ())) for row in one.rows]
    number = sum(len(rests) for _, rests in found)
    if number > MOST_ROWS:
        raise TooManyError(f"there are {number:,} combinations of {', '.join((*one.names, *extra))}")
    return Relation((*one.names, *extra), tuple([row + rest for row, rests in found for rest in rests]))


def sorted_rows(relation: Relation, names: Sequence[str]) -> list[tuple[Value, ...]]:
    """The rows in the order of `names`, sorted naturally by them."""
    places = [relation.names.index(name) for name in names]
    rows = [tuple([row[i] for i in places]) for row in relation.rows]
    keys = {value: natural_key(value) for value in dict.fromkeys([value for row in rows for value in row])}
    return sorted(rows, key=lambda row: [keys[value] for value in row])
