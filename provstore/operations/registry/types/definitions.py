"""Dataset types: what a Pipelinefile declares and what is registered, and how one becomes registered.

Rules: a type is what its first registration says of dimensions and format, for ever; another definition is refused
wherever something is written. Where data are put, and how a type is described, the Pipelinefile may change.
"""

from __future__ import annotations

import time

from provstore.claims import DEFAULT, Claims
from provstore.digest import canonical_json
from provstore.errors import PipelinefileError, UsageError
from provstore.model.values import nearest, utc_text
from provstore.noun import NamedTuple
from provstore.operations.recording import UNKNOWN_KIND
from provstore.operations.registry.dimensions.universe import Noting, universe
from provstore.pipelinefile.tables import spot
from provstore.store import collections, datasets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.dimensions import Dimensions
    from provstore.model.pipeline import DatasetType as DeclaredType
    from provstore.model.pipeline import Pipeline, Place
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection


class TypeDefinition(NamedTuple):
    """What a dataset type is.

    Attributes:
        dimensions: What its data IDs hold, in the order in which they were declared, which means nothing.
        format: Name of the format of its files.
        path: Path template, relative to the project; None: it has none.
        place: Where the Pipelinefile declares it; None: it does not.
    """

    name: str
    dimensions: tuple[str, ...]
    format: str
    path: str | None = None
    description: str = ""
    place: Place | None = None


def type_named(project: Project, conn: Connection | None, name: str) -> TypeDefinition:
    """A dataset type as the Pipelinefile declares it, else as it is registered.

    Args:
        conn: Of the store; None: there is none.

    Raises:
        UsageError: There is none of this name.
    """
    found = type_if_known(project, conn, name)
    if found is not None:
        return found
    known = [*project.pipeline({}).dataset_types, *(datasets.registered_types(conn) if conn is not None else ())]
    near = nearest(str(name), known)
    hint = f"did you mean '{near}'?" if near else f"declare it under [datasets], or: provstore type register {name} …"
    raise UsageError(f"{name}: there is no such dataset type", hint=hint)


def type_if_known(project: Project, conn: Connection | None, name: str) -> TypeDefinition | None:
    """A dataset type that is declared or registered; None: it is neither, whether or not there are data of it."""
    pipeline = project.pipeline({})
    recorded = None if conn is None else registered_type(conn, name)
    kind = pipeline.dataset_types.get(name)
    if kind is None:
        return recorded
    format = recorded.format if recorded is not None and kind.format is None else None
    return declared_type(kind, format or format_of_type(_claims(project, pipeline), kind))


def readable_type(project: Project, conn: Connection | None, name: str) -> TypeDefinition:
    """A dataset type of which data are looked for: declared, registered, or as its datasets show it.

    Raises:
        UsageError: There is none of this name, and no dataset of it.
    """
    found = type_if_known(project, conn, name)
    if found is None and conn is not None and name != UNKNOWN_KIND and datasets.format_of(conn, name):
        return TypeDefinition(name, tuple(sorted(datasets.dimensions(conn, name))), datasets.format_of(conn, name))
    return found or type_named(project, conn, name)


def sought_type(conn: Connection, project: Project, name: str) -> TypeDefinition | None:
    """A dataset type of which data are looked for; None: there are data of it, and nothing else says what it is.

    Raises:
        UsageError: Nothing has this name.
    """
    found = type_if_known(project, conn, name)
    if found is None and not collections.type_is_known(conn, name):
        near = nearest(name, [*declared_types(project), *datasets.types(conn)])
        hint = f"did you mean '{near}'?" if near else "'provstore type ls' shows all"
        raise UsageError(f"{name}: there is no such dataset type", hint=hint)
    return found


def registered_type(conn: Connection, name: str) -> TypeDefinition | None:
    """A dataset type as it was registered; None: it was not."""
    found = datasets.declared(conn, name)
    return None if found is None else TypeDefinition(name, tuple(found[0]), *found[1:])


def declared_type(kind: DeclaredType, format: str) -> TypeDefinition:
    """A dataset type of the Pipelinefile.

    Args:
        format: What its files are; see `format_of_type`.
    """
    return TypeDefinition(kind.name, kind.dimensions, format, kind.path, kind.description, kind.place)


def format_of_type(claims: Claims, kind: DeclaredType, path: str = "") -> str:
    """The format of a declared type: as it says, else by the ending of its path.

    Args:
        path: Of an output of this type, where the type itself has none.
    """
    return kind.format or (claims.name_of(kind.path or path) if kind.path or path else DEFAULT)


def _claims(project: Project, pipeline: Pipeline) -> Claims:
    """Which format claims which ending, without a plan of the whole project."""
    return Claims(project.root, pipeline.plugins, pipeline.format_choices)


def declared_types(project: Project) -> Mapping[str, DeclaredType]:
    """What the Pipelinefile declares; nothing where it is wrong: whoever asks the store did not ask about that."""
    try:
        return project.pipeline({}).dataset_types
    except PipelinefileError:
        return {}


# --- registering ------------------------------------------------------------------------------------------------


def is_explicit(project: Project) -> bool:
    """Unknown dataset types are refused: `[registry] register = "explicit"`."""
    return project.pipeline({}).registry.get("register") == "explicit"


def use_type(adding: Adding, definition: TypeDefinition, project: Project) -> None:
    """Registers a dataset type if this is its first use. Inside of the transaction that records data of it.

    Raises:
        UsageError: What is registered has other dimensions or another format; or it is not registered, and has to be.
    """
    if not adding.ask(check_use, definition, project):
        add_type(adding, definition, adding.ask(lambda conn: universe(project, conn)))


def check_use(conn: Connection, definition: TypeDefinition, project: Project) -> bool:
    """Whether a dataset type is registered; else it may become so.

    Raises:
        UsageError: As `use_type`.
    """
    recorded = registered_type(conn, definition.name)
    if recorded is not None:
        check_alike(definition, recorded)
        return True
    if is_explicit(project):
        raise UsageError(f"{definition.name}: {UNREGISTERED}", hint=f"if the name is right: {REGISTER}")
    return False


UNREGISTERED = "this dataset type is not registered, and [registry] register is 'explicit'"
REGISTER = "'provstore type register'"


def add_type(adding: Adding, definition: TypeDefinition, dimensions: Dimensions) -> None:
    """Adds the fact that a dataset type is this, and what its dimensions are."""
    now = utc_text(time.time())
    noting = Noting(adding, dimensions, now)
    for name in (*dimensions.required(definition.dimensions), *dimensions.implied(definition.dimensions)):
        if name in dimensions:
            noting.define(name)
    row = {
        "name": definition.name,
        "dimensions": canonical_json(list(definition.dimensions)),
        "format": definition.format,
        "path": definition.path,
        "description": definition.description,
        "registered": now,
    }
    adding.add("dataset_type", row)


def check_alike(definition: TypeDefinition, recorded: TypeDefinition) -> None:
    """Two definitions of one type have the same dimensions and the same format.

    Raises:
        UsageError: They differ.
    """
    different = difference(definition, recorded)
    if different:
        where = f"{spot(definition.place)}: " if definition.place is not None else ""
        raise UsageError(f"{where}dataset type '{definition.name}': {different}", hint=ANOTHER_NAME)


ANOTHER_NAME = "data of it may be recorded already: choose another name for the new kind of data"


def difference(definition: TypeDefinition, other: TypeDefinition, how: str = "registered") -> str:
    """What differs in dimensions and format, as a message says it; "": nothing. Their order is no difference.

    Args:
        how: How the other one is known.
    """
    texts = []
    if set(definition.dimensions) != set(other.dimensions):
        texts.append(f"found the dimensions {_spelled(definition)}, {how} are {_spelled(other)}")
    if definition.format != other.format:
        texts.append(f"found the format '{definition.format}', {how} is '{other.format}'")
    return "; ".join(texts)


def _spelled(definition: TypeDefinition) -> str:
    return ", ".join(sorted(definition.dimensions)) or "none"
