"""What is plugged in, from where, what it offers, and what could not be."""

from __future__ import annotations

from provstore.errors import NoProjectError, PluginError
from provstore.noun import NamedTuple
from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from provstore.plugins import Failure, Plugin, Plugins


class PluginsReport(NamedTuple):
    """Plug-ins.

    Attributes:
        plugged: In the order in which they were found.
        others: Plug-in → what it offers besides formats: "executor nice".
        failures: Those that can't be used.
        clashes: Names and suffixes that several plug-ins claim, a line each; "" for none.
    """

    plugged: tuple[Plugin, ...]
    others: Mapping[str, tuple[str, ...]]
    failures: tuple[Failure, ...]
    clashes: str


def plugins(folder: str, file: str | None, new_group: Callable[[], Any], taken: Sequence[str]) -> PluginsReport:
    """The plug-ins of a project; outside of one, those of installed packages.

    Args:
        new_group: Makes the group that a plug-in adds its commands to.
        taken: Names of our own commands.

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
    others, clashes = _others(found, new_group, taken)
    try:
        found.formats()
    except PluginError as error:
        clashes = [*error.message.splitlines(), *clashes]
    return PluginsReport(found.plugged, others, tuple(dict.fromkeys(found.failures)), "\n".join(clashes))


def _others(
    plugins: Plugins, new_group: Callable[[], Any], taken: Sequence[str]
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    from provstore.offers.commands import commands
    from provstore.offers.executors import executors
    from provstore.offers.exporters import exporters
    from provstore.offers.observers import HOOKS

    found: dict[str, tuple[str, ...]] = {}
    clashes: list[str] = []
    for offers in (executors(plugins), exporters(plugins), commands(plugins, new_group, taken)):
        clashes += offers.clashes()
        for plugin, text in offers.texts():
            found[plugin.name] = (*found.get(plugin.name, ()), text)
    observers = {plugin.name for hook in HOOKS.values() for plugin, _ in plugins.implementing(hook)}
    for name in observers:
        found[name] = (*found.get(name, ()), "observer of runs")
    return found, clashes
