"""The dataset type of what somebody registers by hand: what it says of the data ID and of the format.

A type that is declared or registered is kept to. Of any other name nothing is known, and any data ID goes with it; with
``[registry] register = "explicit"`` such a name is taken for a typing error.
"""

from __future__ import annotations

from functools import partial

from provstore.digest import canonical_json
from provstore.errors import PipelinefileError, UsageError
from provstore.operations.registry.dimensions.universe import Noting, universe, universe_in_words
from provstore.operations.registry.dimensions.values import possible
from provstore.operations.registry.names import checked_data_id
from provstore.operations.registry.types.data_ids import checked, from_words
from provstore.operations.registry.types.definitions import (
    REGISTER,
    UNREGISTERED,
    TypeDefinition,
    check_use,
    is_explicit,
    sought_type,
    type_if_known,
    use_type,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.registry.types.data_ids import Ask
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection


def kept_type(
    conn: Connection, project: Project, name: str | None, data_id: Mapping[str, JSON] | None
) -> tuple[TypeDefinition | None, str | None]:
    """The dataset type, and the data ID as the store spells it; None: nothing is known of it.

    Args:
        name: None: it has none.

    Raises:
        UsageError: The data ID is not one of this type, or the type can't be used.
    """
    definition = None if name is None else type_if_known(project, conn, name)
    if definition is None:
        if name is not None and is_explicit(project):
            raise UsageError(f"{name}: {UNREGISTERED}", hint=f"if the name is right: {REGISTER}")
        return None, None
    check_use(conn, definition, project)
    values = checked(universe(project, conn), definition, data_id or {}, lambda ask, *said: ask(conn, *said))
    return definition, canonical_json(values)


def data_id_of_words(project: Project, words: Sequence[str]) -> dict[str, Value] | None:
    """The data ID that words of the command line say, by what the project's dimensions are; None: there are none.

    Raises:
        UsageError: A word says none.
    """
    if not words:
        return None
    known = universe(project, None) if project.store is None else project.store.ask(partial(universe_in_words, project))
    return from_words(known, None, words)


def sought_data_id(ask: Ask, project: Project, name: str, data_id: Mapping[str, JSON]) -> str:
    """The data ID of a dataset that is looked for, as the store spells it.

    A Pipelinefile that is wrong hinders nobody from looking; then nothing is known of the type.

    Raises:
        UsageError: It is none of this type, or there is no such type.
    """
    try:
        definition = ask(sought_type, project, name)
        known = ask(lambda conn: universe(project, conn))
    except PipelinefileError:
        return checked_data_id(dict(data_id))
    if definition is None:
        return checked_data_id(dict(data_id))
    return canonical_json(checked(known, definition, data_id, ask, is_written=False))


def add_kept(added: Adding, project: Project, name: str | None, data_id: Mapping[str, JSON] | None, now: str) -> None:
    """Registers the type on its first use, and the values of the data ID, where that is to be by itself."""
    definition = None if name is None else added.ask(lambda conn: type_if_known(project, conn, name))
    if definition is not None:
        use_type(added, definition, project)
    if data_id:
        dimensions = added.ask(lambda conn: universe(project, conn))
        Noting(added, dimensions, now).note([possible(dimensions, data_id)])
