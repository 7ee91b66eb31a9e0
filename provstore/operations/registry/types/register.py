"""Registers a dataset type that somebody defines by hand."""

from __future__ import annotations

from provstore.claims import Claims
from provstore.errors import UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.model.pipeline import Dimension, Place
from provstore.noun import NamedTuple
from provstore.operations.recording import UNKNOWN_KIND
from provstore.operations.registry import names
from provstore.operations.registry.dimensions.universe import nearest_dimension, universe
from provstore.operations.registry.types.data_ids import spelled_names
from provstore.operations.registry.types.definitions import (
    TypeDefinition,
    add_type,
    check_alike,
    declared_type,
    difference,
    registered_type,
)
from provstore.operations.registry.writing import writing
from provstore.pipelinefile.check_paths import Paths
from provstore.pipelinefile.expect import UnexpectedError, UnknownNameError
from provstore.pipelinefile.tables import Source, spot
from provstore.pipelinefile.templates import TemplateError, fields
from provstore.store.adding import adding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.events import Observer
    from provstore.model.dimensions import Definition, Dimensions
    from provstore.project import Project
    from provstore.store.adding import Adding


class TypeRequest(NamedTuple):
    """What somebody says of a dataset type; see `provstore.Store.register_dataset_type`."""

    name: str
    dimensions: Sequence[str]
    format: str
    path: str | None = None
    description: str = ""


def register_type(project: Project, request: TypeRequest, observe: Observer) -> None:
    """Registers a dataset type; the same definition once more is no error. Waits while a run holds the project.

    Raises:
        UsageError: A name, a dimension, the format or the path can't be, or the type is known as something else.
        PipelinefileError, StoreError: The project can't be used.
    """
    project.forget_pipeline()
    known = universe(project, project.store.conn if project.store is not None else None)
    definition = _checked(project, request, known)
    with (
        writing(project, "provstore type register", "register dataset types", observe) as store,
        adding(store) as added,
    ):
        _register(project, added, definition)


def _register(project: Project, added: Adding, definition: TypeDefinition) -> None:
    """Adds the type, unless it is there. What is not said of one that the Pipelinefile declares is taken from there."""
    kind = project.pipeline({}).dataset_types.get(definition.name)
    if kind is not None:
        declared = declared_type(kind, kind.format or definition.format)
        different = difference(definition, declared, "declared")
        if different:
            raise UsageError(f"{definition.name}: {different}", hint=f"it is declared at {spot(kind.place)}")
        _check_path(definition, declared, f"declared at {spot(kind.place)}")
        path, description = definition.path or declared.path, definition.description or declared.description
        definition = definition._replace(path=path, description=description)
    recorded = added.ask(registered_type, definition.name)
    if recorded is None:
        add_type(added, definition, added.ask(lambda conn: universe(project, conn)))
        return
    check_alike(definition, recorded)
    if kind is None:
        _check_path(definition, recorded, "registered")


def _check_path(definition: TypeDefinition, other: TypeDefinition, how: str) -> None:
    """A path that somebody names is the one where data of the type will be put."""
    if definition.path is not None and definition.path != other.path:
        found = f"'{other.path}'" if other.path is not None else "none"
        raise UsageError(
            f"{definition.name}: found the path '{definition.path}', {how} is {found}",
            hint="what the Pipelinefile says under [datasets] of the path of a type holds from then on",
        )


# --- checking ---------------------------------------------------------------------------------------------------


def _checked(project: Project, request: TypeRequest, known: Dimensions) -> TypeDefinition:
    """The definition, if it can be one.

    Raises:
        UsageError: It can't.
    """
    name = names.checked_type(request.name)
    if name == UNKNOWN_KIND:
        raise UsageError(f"{name}: this name is that of datasets without a type", hint="choose another")
    dimensions = _checked_dimensions(name, request.dimensions, known)
    if not isinstance(request.format, str) or not request.format:
        raise UsageError(f"{name}: format: found {request.format!r}, expected the name of a format")
    pipeline = project.pipeline({})
    for _, error in Claims(project.root, pipeline.plugins, pipeline.format_choices).check({0: request.format}):
        raise UsageError(f"{name}: {error.message}", hint=error.hint)
    path = None if request.path is None else _checked_path(project, name, request.path, dimensions, known)
    description = names.checked_text("description", request.description)
    return TypeDefinition(name, dimensions, request.format, path, description)


def _checked_dimensions(name: str, given: object, known: Dimensions) -> tuple[str, ...]:
    if isinstance(given, (str, bytes)) or not hasattr(given, "__iter__"):
        raise UsageError(f"{name}: dimensions: found {given!r}, expected a list of names")
    found = tuple(given)
    for dimension in found:
        if dimension not in known:
            hint = nearest_dimension(dimension, known.names())
            raise UsageError(f"{name}: there is no dimension {dimension!r}", hint=hint)
        if found.count(dimension) > 1:
            raise UsageError(f"{name}: dimension '{dimension}' is there twice")
    return found


def _checked_path(project: Project, name: str, written: object, own: Sequence[str], known: Dimensions) -> str:
    """A path template in its one spelling: in the project, with fields for the dimensions of its type alone."""
    if not isinstance(written, str) or "\0" in written:
        raise UsageError(f"{name}: path: found {written!r}, expected one relative to the project")
    paths = Paths(project.root, {dimension: _axis(known[dimension]) for dimension in own}, {})
    try:
        normal = paths.normal(written, "")
        for field in fields(normal.path):
            if field not in own:
                raise UsageError(
                    f"{name}: path '{written}' has the field '{{{field}}}', its dimensions are {spelled_names(own)}"
                )
        paths.fields(normal.path)
    except TemplateError as error:
        raise UsageError(f"{name}: {error}") from None
    except UnexpectedError as error:
        hint = error.hint if not isinstance(error, UnknownNameError) else ""
        raise UsageError(f"{name}: {error.text}", hint=hint) from None
    if normal.external or normal.path.partition("/")[0] in TOOL_FOLDERS:
        raise UsageError(f"{name}: path '{written}': no data may lie there", hint="write it relative to the project")
    return normal.path


def _axis(definition: Definition) -> Dimension:
    """A dimension as a Pipelinefile would declare it, to try formats on its values."""
    values: tuple[str | int | float | bool, ...] = tuple(definition.values)  # type: ignore[arg-type]  # as checked
    return Dimension(definition.name, Place(Source("", "", {}), ()), values or None, None, definition.type)
