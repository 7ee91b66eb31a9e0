"""Sub-commands of the command line that plug-ins have added."""

from __future__ import annotations

import os

from provstore.errors import ProvstoreError
from provstore.noun import NamedTuple
from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from provstore.claims import Claims


class CommandsReport(NamedTuple):
    """Commands of plug-ins.

    Attributes:
        commands: By name; those that only one plug-in has.
        problems: What is wrong with plug-ins, a sentence each.
    """

    commands: Mapping[str, Any]
    problems: tuple[str, ...]


def plugin_commands(
    folder: str, file: str | None, new_group: Callable[[], Any], taken: Sequence[str]
) -> CommandsReport:
    """Commands of plug-ins: of packages, and of the project that the folder lies in, if it can be read.

    Args:
        folder, file: What `-C` and `-f` name.
        new_group: Makes the group that a plug-in adds its commands to.
        taken: Names of our own commands.
    """
    plugins = _claims(folder, file).plugins
    if plugins is None:
        return CommandsReport({}, ())
    from provstore.offers.commands import commands

    offers = commands(plugins, new_group, taken)
    failures = [f"plug-in {failure.name} ({failure.origin}): {failure.reason}" for failure in plugins.failures]
    return CommandsReport(offers.unique(), (*failures, *offers.clashes()))


def _claims(folder: str, file: str | None) -> Claims:
    from provstore.claims import Claims

    try:
        name = (file or "").partition("#")[0] or None
        with Project.find(os.path.abspath(folder), name) as project:
            pipeline = project.pipeline({})
            return Claims(project.root, pipeline.plugins, pipeline.format_choices)
    except (ProvstoreError, OSError):  # no project, or a broken one: a command that needs it says what is wrong
        return Claims(os.path.abspath(folder), (), {})
