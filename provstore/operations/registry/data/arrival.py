"""A dataset that is to be taken in: what it is, where its data come from, and where they go."""

from __future__ import annotations

import os

from provstore.errors import UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.noun import NamedTuple
from provstore.operations.registry.data.placing import AUTO, DIRECT, Source
from provstore.operations.registry.names import normal_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.model.values import Value
    from provstore.project import Project


class Arrival(NamedTuple):
    """A dataset that is to be taken in.

    Attributes:
        values: Its data ID.
        data_id: The same as the store spells it.
        path: Where it goes, relative to the project; absolute: it stays there, as external.
        named: What it is, for messages.
        source: Where its data come from.
        write: Writes its data to an absolute path; with neither, they lie at the path already.
        said: What was given of the dimensions that those of its data ID require or imply.
    """

    values: Mapping[str, Value]
    data_id: str
    path: str
    named: str
    source: Source | None = None
    write: Callable[[str], None] | None = None
    said: Mapping[str, Value] = {}


def source_named(file: object, transfer: str, current: str, argument: str = "") -> Source:
    """A file as somebody named it, relative to a folder.

    Args:
        argument: What it was said as, for messages.

    Raises:
        UsageError: It names no file.
    """
    if not isinstance(file, str) or not file or "\0" in file:
        said = f"{argument}: " if argument else ""
        raise UsageError(f"{said}found {file!r}, expected the path of a file or a directory")
    try:
        file.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{file!r}: the name is not UTF-8") from None
    return Source(os.path.normpath(os.path.join(current, file)), transfer, file)


def arrival_of(
    project: Project, source: Source, values: Mapping[str, Value], data_id: str, target: Callable[[], str]
) -> Arrival:
    """A file that is to be taken in.

    Args:
        values, data_id: As in `Arrival`.
        target: Gives the place for it, relative to the project, where one is needed.

    Raises:
        UsageError: It can't lie where it goes.
    """
    if source.transfer == DIRECT:
        return Arrival(values, data_id, source.path, source.named)
    inside = _inside(project.root, source.path)
    if source.transfer == AUTO:
        if inside is not None:
            return Arrival(values, data_id, normal_path(inside), source.named)
        source = source._replace(transfer="copy")
    path = target()
    if path == inside:
        return Arrival(values, data_id, path, source.named)
    return Arrival(values, data_id, path, source.named, source)


def _inside(root: str, full: str) -> str | None:
    """A path relative to the project that it lies in; None: it lies outside, or in a folder of a tool."""
    prefix = root.rstrip("/") + "/"
    if not full.startswith(prefix):
        full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
    path = full.removeprefix(prefix)
    return path if full.startswith(prefix) and path.partition("/")[0] not in TOOL_FOLDERS else None
