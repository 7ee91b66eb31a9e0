"""What is plugged in, from where, and what could not be."""

from __future__ import annotations

from provstore.errors import NoProjectError, PluginError
from provstore.noun import NamedTuple
from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.plugins import Failure, Plugin


class PluginsReport(NamedTuple):
    """Plug-ins.

    Attributes:
        plugged: In the order in which they were found.
        failures: Those that can't be used.
        clashes: Names and suffixes that two formats claim, a line each; "" for none.
    """

    plugged: tuple[Plugin, ...]
    failures: tuple[Failure, ...]
    clashes: str


def plugins(folder: str, file: str | None) -> PluginsReport:
    """The plug-ins of a project; outside of one, those of installed packages.

    Raises:
        PipelinefileError: It is wrong.
        NoProjectError: The named Pipelinefile is not there.
    """
    from provstore.plugins import Plugins

    try:
        with Project.find(folder, file) as project:
            found = project.plugins()
    except NoProjectError:
        if file is not None:
            raise
        found = Plugins(folder, (), {})
    try:
        found.formats()
        clashes = ""
    except PluginError as error:
        clashes = error.message
    return PluginsReport(found.plugged, tuple(found.failures), clashes)
