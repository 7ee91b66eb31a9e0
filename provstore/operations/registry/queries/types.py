"""Asking for dataset types."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE, RUN_FIRST
from provstore.operations.registry.datasets import dimensions_in_order
from provstore.operations.registry.names import WILD, pattern_of
from provstore.operations.registry.transact import has_store, readable
from provstore.operations.registry.types.definitions import declared_types
from provstore.pipelinefile.tables import spot
from provstore.query.place import listed, nearest
from provstore.store import datasets
from provstore.store.connection import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.project import Project
    from provstore.store.store import Store


class TypeLine(NamedTuple):
    """A dataset type; of one that is used but not registered, what its datasets show."""

    name: str
    dimensions: tuple[str, ...]
    format: str
    path: str | None
    description: str


def query_dataset_types(project: Project, glob: str = "*") -> list[TypeLine]:
    """Dataset types that are registered or used, by name.

    Raises:
        UsageError: `glob` is a name without wild cards, and no type has it.
    """
    if not has_store(project):
        return []
    store = readable(project)
    with explained(store.path):
        return [_type_line(project, store, name) for name in types_like(store, glob)]


def dataset_type(project: Project, name: str) -> TypeLine:
    """One dataset type.

    Raises:
        UsageError: There is none of this name.
    """
    if not has_store(project):
        raise UsageError(f"{name}: there is no such dataset type: {NO_STORE}", hint=_not_used(project, name, RUN_FIRST))
    store = readable(project)
    with explained(store.path):
        if name not in (known := datasets.types(store.conn)):
            error = _unknown(name, known)
            error.hint = _not_used(project, name, error.hint)
            raise error
        return _type_line(project, store, name)


def _not_used(project: Project, name: str, hint: str) -> str:
    """The hint for a type of which nothing is known here; the Pipelinefile may know it."""
    kind = declared_types(project).get(name)
    if kind is None:
        return hint
    return f"{spot(kind.place)} declares it; it is registered when data of it are first recorded"


def _type_line(project: Project, store: Store, name: str) -> TypeLine:
    """Where data of a type go, and what it is, the Pipelinefile may say anew."""
    recorded = datasets.declared(store.conn, name)
    if recorded is not None:
        dimensions, format, path, description = recorded
        kind = declared_types(project).get(name)
        if kind is not None:
            path, description = kind.path, kind.description
        return TypeLine(name, tuple(dimensions), format, path, description)
    found = datasets.dimensions(store.conn, name)
    order = dimensions_in_order(project, store, name)
    shown = order if set(order) == found.keys() else sorted(found)
    return TypeLine(name, tuple(shown), datasets.format_of(store.conn, name), None, "")


def _unknown(name: str, known: Sequence[str]) -> UsageError:
    hint = nearest(name, known) or f"types are: {listed(known)}"
    return UsageError(f"{name}: there is no such dataset type", hint=hint)


def types_asked(project: Project, store: Store, glob: str) -> list[str]:
    """As `types_like`; of a type that only the Pipelinefile declares there just are no data yet."""
    recorded = glob in datasets.types(store.conn)
    return [glob] if not recorded and glob in declared_types(project) else types_like(store, glob)


def types_like(store: Store, glob: str) -> list[str]:
    """Types that are registered or used: the one of this name, or those that a glob matches.

    Raises:
        UsageError: There is none of a name without wild cards.
    """
    known = datasets.types(store.conn)
    if not WILD.search(glob):
        if glob not in known:
            raise _unknown(glob, known)
        return [glob]
    pattern = pattern_of(glob)
    return [name for name in known if pattern.fullmatch(name)]
