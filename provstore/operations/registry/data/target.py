"""Where a dataset of a type goes in the project: by the type's path template, else into a folder of the type's name."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.formats import BUILT_IN
from provstore.operations.registry.names import normal_path
from provstore.pipelinefile import templates
from provstore.pipelinefile.templates import TemplateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import Value
    from provstore.operations.registry.types.definitions import TypeDefinition
    from provstore.project import Project


class Target:
    """The places of one dataset type."""

    def __init__(self, project: Project, definition: TypeDefinition) -> None:
        self._type = definition.name
        self.template = definition.path or own_template(definition, _suffix(project, definition.format))

    def of(self, values: Mapping[str, Value]) -> str:
        """The path of a data ID, relative to the project.

        Raises:
            UsageError: A value can't be part of a path, or the template has a dimension that has no value.
        """
        missing = [name for name in templates.fields(self.template) if name not in values]
        if missing:
            raise UsageError(
                f"{self._type}: its path '{self.template}' has the dimension '{missing[0]}', of which no value is given"
            )
        try:
            return normal_path(templates.write(self.template, values))
        except TemplateError as error:
            raise UsageError(f"{self._type}: {error}") from None


def own_template(definition: TypeDefinition, suffix: str) -> str:
    """Path template of a type that declares none: ``metrics/{visit}/{detector}.json``; one folder for each dimension.

    So no two data IDs have one path.
    """
    return "/".join([definition.name, *(f"{{{name}}}" for name in definition.dimensions)]) + suffix


def _suffix(project: Project, format: str) -> str:
    """The first ending that files of a format have; "": they have none."""
    if format in BUILT_IN:
        suffixes = tuple(BUILT_IN[format])
    else:
        known = project.plugins().formats().get(format)
        suffixes = known.suffixes if known is not None else ()
    return suffixes[0] if suffixes else ""
