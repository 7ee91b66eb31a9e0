"""The names that a query of datasets may use, from its types, the dimensions and what is recorded of both."""

from __future__ import annotations

from provstore.errors import PipelinefileError
from provstore.model.dimensions import Dimensions
from provstore.noun import NamedTuple
from provstore.operations.registry.dimensions.universe import universe
from provstore.operations.registry.types.definitions import declared_types
from provstore.query.tree import names as names_in
from provstore.store import datasets
from provstore.store import dimensions as recorded
from provstore.store.condition_names import KINDS, path_of
from provstore.store.dataset_names import DatasetNames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.project import Project
    from provstore.query.check import Kind
    from provstore.query.narrow import Needed
    from provstore.query.tree import Expression
    from provstore.store.store import Store


class QueryNames(NamedTuple):
    """What a query of some dataset types may name.

    Attributes:
        names: For the SQL.
        dimensions: All that there are.
        declared: Registered type → the dimensions that each of its data IDs has.
    """

    names: DatasetNames
    dimensions: Dimensions
    declared: Mapping[str, frozenset[str]]

    def needed(self, type: str, wanted: Needed) -> Needed:
        """Of what a condition needs to be true, that by which a type's data IDs can be told from each other.

        A dimension that may be missing there, because records have it, excludes none.
        """
        sure = self.declared.get(type, frozenset())
        return {name: values for name, values in wanted.items() if name in sure or self.names.stands_alone(name)}


def query_names(project: Project, store: Store, types: Sequence[str], tree: Expression) -> QueryNames:
    """The names for a query of these types."""
    dimensions = _dimensions(project, store)
    seen: dict[str, set[Kind]] = {}
    declared: dict[str, frozenset[str]] = {}
    known = datasets.types(store.conn)
    for type in types:
        if type not in known:
            seen.update({name: set() for name in declared_types(project)[type].dimensions})
        for name, kinds in datasets.dimensions(store.conn, type).items():
            seen.setdefault(name, set()).update(kinds)
        if (registered := datasets.declared(store.conn, type)) is not None:
            declared[type] = frozenset(registered[0])
    linked = DatasetNames(dict.fromkeys(seen), dimensions)
    strange = [name for name in names_in(tree) if "." not in name and name not in {*linked.kinds, *linked.ambiguous}]
    for name in strange:
        if any(datasets.has_dimension(store.conn, type, path_of(name)) for type in types if type not in declared):
            seen[name] = set()  # it is in few data IDs, and nothing declares it
    own = {name: _kind(name, kinds, dimensions) for name, kinds in seen.items()}
    always = frozenset.intersection(*[declared.get(type, frozenset()) for type in types]) if types else frozenset()
    names = DatasetNames(own, dimensions, always=always, types=known, asked=names_in(tree))
    return QueryNames(names, dimensions, declared)


def _dimensions(project: Project, store: Store) -> Dimensions:
    try:
        return universe(project, store.conn)
    except PipelinefileError:  # a question is answered whatever is wrong with the file today
        return Dimensions(recorded.definitions(store.conn))


def _kind(name: str, seen: set[Kind], dimensions: Dimensions) -> Kind | None:
    """What the values of a dimension are; None where they are of several kinds, or nothing is known of them."""
    type = dimensions[name].type if name in dimensions else None
    kinds = seen if type is None else {*seen, KINDS[type]}
    return min(kinds) if len(kinds) == 1 else None
