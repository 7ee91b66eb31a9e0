"""Which values dimensions can have where a condition is true: told by the records, before any dataset is looked at.

``band = 'i'``, ``visit.exposure_time > 30`` or ``visit.region OVERLAPS CIRCLE(…)`` speak of the record of a visit, and
``visit > 990 and visit < 1010`` of its value alone. There are far fewer of these than datasets, so they are asked
first, and a search jumps over the data IDs of all other visits.
Rule: a value is left out only where the condition can't be true of it, whatever is recorded or not.
"""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.noun import NamedTuple
from provstore.query.narrow import MOST
from provstore.query.node import walk
from provstore.query.tree import AllOf, Comparison, Expression, Glob, In, Literal, Name, Overlaps
from provstore.store import data_id_values
from provstore.store.combinations import combinations
from provstore.store.conditions import compiled
from provstore.store.data_id_values import ValueNames
from provstore.store.datasets import RANGED
from provstore.store.record_names import RecordNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.model.values import Value
    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.query.node import Node
    from provstore.query.tree import Bind
    from provstore.store.adding import Connection
    from provstore.store.condition_names import Names
    from provstore.store.conditions import Condition


class About(NamedTuple):
    """What is asked of data whose data IDs have some dimensions.

    Attributes:
        own: These dimensions.
        data_id: Values that dimensions must have.
        is_joined: Other dimensions than these and those that they require or imply are joined by their regions.
    """

    own: Sequence[str]
    tree: Expression
    bind: Bind
    data_id: Mapping[str, Value]
    is_joined: bool


def narrowed(conn: Connection, universe: Dimensions, about: About) -> Needed:
    """The only values that dimensions can have, where these are few."""
    found: dict[str, frozenset[str]] = {}
    names = RecordNames(universe, {}, [*universe.required(about.own), *universe.implied(about.own)])
    for name in about.own:
        if name in universe:
            parts, given = _relevant(universe, names, about, name)
            values = _values(conn, universe, about, name, parts, given) if parts or given else None
            if values is not None:
                found[name] = values
    return found


def limited(
    conn: Connection, type: str, tree: Expression, bind: Bind, kinds: Mapping[str, Kind | None], known: Needed
) -> Needed:
    """Which values of a dimension, among those in the data IDs of a type, fulfil all conditions on it alone.

    Args:
        kinds: Of all names, as the query takes them.
        known: What is known already; of these dimensions nothing more is asked.
    """
    alone: dict[str, list[Node]] = {}
    for part in top_parts(tree.condition):
        nodes = list(walk(part))
        said = {node.text for node in nodes if isinstance(node, Name)}
        if len(said) == 1 and not said.intersection(known) and not any(isinstance(node, Overlaps) for node in nodes):
            alone.setdefault(said.pop(), []).append(part)
    found: dict[str, frozenset[str]] = {}
    for name, parts in alone.items():
        whole = Expression(tree.text, parts[0] if len(parts) == 1 else AllOf(0, tuple(parts)))
        if name in kinds and data_id_values.is_known(conn, type, name):
            condition = compiled(whole, ValueNames(name, kinds[name]), bind)
            values = data_id_values.fulfilling(conn, type, name, condition, MOST)
            if values is not None:
                found[name] = frozenset(map(canonical_json, values))
    return found


def ranges_of(tree: Expression, bind: Bind, names: Names) -> dict[str, Condition]:
    """The parts of a condition that speak of one field of datasets alone, by which an index has these in order.

    They are true of no dataset for which it is missing.
    """
    alone: dict[str, list[Node]] = {}
    for part in top_parts(tree.condition):
        said = {node.text for node in walk(part) if isinstance(node, Name)}
        if len(said) == 1 and said <= set(RANGED) and _rejects_missing(part):
            alone.setdefault(said.pop(), []).append(part)
    return {name: compiled(Expression(tree.text, AllOf(0, tuple(parts))), names, bind) for name, parts in alone.items()}


def _values(
    conn: Connection, universe: Dimensions, about: About, name: str, parts: list[Node], given: dict[str, Value]
) -> frozenset[str] | None:
    """The values of a dimension whose records fulfil some conditions; None: these are many."""
    from provstore.operations.registry.queries.data_ids import DataIdQuery, Question

    tree = Expression(about.tree.text, parts[0] if len(parts) == 1 else AllOf(0, tuple(parts)))
    question = Question(universe, (), {}, DataIdQuery((name,), data_id=given, bind=about.bind), tree)
    place = question.result.index(name)
    rows = combinations(conn, question.join, question.wanted(conn)._replace(limit=MOST + 1))
    return frozenset([canonical_json(row[place]) for row in rows]) if len(rows) <= MOST else None


def _relevant(universe: Dimensions, names: RecordNames, about: About, name: str) -> tuple[list[Node], dict[str, Value]]:
    """The parts of the condition, and the given values, that speak of the record of one dimension only."""
    parts = []
    for part in top_parts(about.tree.condition):
        said = [node.text for node in walk(part) if isinstance(node, Name)]
        if _rejects_missing(part) and said and all(text in names.kinds for text in said):
            dimensions, fields = names.involved(said)
            if (name in fields or dimensions.difference(about.own)) and _speaks_of(universe, about, name, dimensions):
                parts.append(part)
    given = {
        other: value
        for other, value in about.data_id.items()
        if other not in about.own and _speaks_of(universe, about, name, {other})
    }
    return parts, given


def top_parts(node: Node) -> Iterator[Node]:
    """The conditions that all have to be true."""
    if isinstance(node, AllOf):
        for part in node.parts:
            yield from top_parts(part)
    else:
        yield node


def _rejects_missing(part: Node) -> bool:
    """It is true of no data for which a value that it names is missing."""
    if any(isinstance(node, Literal) and node.value is None for node in walk(part)):
        return False
    return isinstance(part, (Comparison, Glob, Overlaps)) or (isinstance(part, In) and not part.negated)


def _speaks_of(universe: Dimensions, about: About, name: str, dimensions: set[str]) -> bool:
    """Of the dimensions of the data, only this one's record says the values of some others."""
    if not dimensions.intersection(about.own) <= {name}:
        return False
    for other in dimensions.difference(about.own):
        telling = [one for one in about.own if other in universe.required([one]) or other in universe.implied([one])]
        if telling and telling != [name]:
            return False
        if not telling and not (about.is_joined and [one for one in about.own if _has_region(universe, one)] == [name]):
            return False
    return True


def _has_region(universe: Dimensions, name: str) -> bool:
    return name in universe and universe[name].region
