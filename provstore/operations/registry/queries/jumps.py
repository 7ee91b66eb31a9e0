"""What a condition needs of single dimensions, because of what their records say.

Where ``band = 'i'`` is known by the visits' records, it can be true of datasets of some visits only; these are looked
up once, and the search jumps over all others.
"""

from __future__ import annotations

from provstore import sky
from provstore.errors import QueryError
from provstore.query import constants, matches, narrow
from provstore.query.narrow import MOST
from provstore.query.simplify import simplified
from provstore.query.tree import AllOf, Expression, Name, Overlaps, names
from provstore.store import record_jumps
from provstore.store.conditions import compiled
from provstore.store.dimension_names import DimensionNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.dimensions import Label
    from provstore.operations.registry.queries.names import QueryNames
    from provstore.query.narrow import Needed
    from provstore.query.tree import Bind
    from provstore.store.store import Store


def needed(store: Store, tree: Expression, bind: Bind, known: QueryNames) -> Needed:
    """Dimension → the only values that it can have in a dataset that fulfils a condition, as JSON.

    Args:
        tree: A condition that `compiled` has taken.
    """
    found = dict(narrow.needed(tree, bind))
    root = simplified(tree.condition)
    for condition in root.parts if isinstance(root, AllOf) else (root,):
        part = Expression(tree.text, condition)
        dimension = _decided_by(part, known)
        if dimension is None or _holds_of_nothing(part, bind):
            continue
        values = _values(store, dimension, part, bind, known)
        if values is not None:
            spelled = frozenset(narrow.spelled(values) or ())
            found[dimension] = found[dimension] & spelled if dimension in found else spelled
    return found


def _decided_by(part: Expression, known: QueryNames) -> str | None:
    """The dimension in data IDs whose records alone decide about a condition."""
    homes = {known.names.home(name) for name in names(part)}
    return homes.pop() if len(homes) == 1 else None


def _holds_of_nothing(part: Expression, bind: Bind) -> bool:
    """A condition is true, or may be, where there is no record."""
    try:
        return matches(part, {}, bind, sky)
    except QueryError:
        return True


def _values(store: Store, dimension: str, part: Expression, bind: Bind, known: QueryNames) -> list[Label] | None:
    region = _region(part, bind, known)
    if region is not None:
        return record_jumps.values_near(store.conn, dimension, region, MOST)
    condition = compiled(part, DimensionNames(known.dimensions, dimension), bind)
    return record_jumps.values_where(store.conn, dimension, condition, MOST)


def _region(part: Expression, bind: Bind, known: QueryNames) -> str | None:
    """The constant that the region of a dimension has to overlap, where that is the condition."""
    node = part.condition
    if not isinstance(node, Overlaps):
        return None
    constant, name = sorted((node.left, node.right), key=lambda side: isinstance(side, Name))
    if not isinstance(name, Name) or known.names.kinds[name.text] != "region" or not constants.is_constant(constant):
        return None
    return constants.region(part.text, constant, bind, sky)
