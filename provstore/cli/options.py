"""Options that all commands share: before or after the command's name."""

from __future__ import annotations

import os
from typing import NamedTuple

import click

from provstore.errors import UsageError
from provstore.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Command = TypeVar("Command", bound=Callable[..., Any])


class Place(NamedTuple):
    """Where a command works.

    Attributes:
        folder: What `-C` named; else the current one.
        file: What `-f` named, without what follows `#`.
        targets: What follows `#`.
    """

    folder: str
    file: str | None
    targets: tuple[str, ...]

    def project(self) -> Project:
        """Opens the project."""
        return Project.find(self.folder, self.file)


def place_options(command: Command) -> Command:
    """Adds `-C` and `-f`; they arrive as `folder` and `file`, for `place_of`."""
    for option in (
        click.option("-f", "file", metavar="FILE", help="Use this Pipelinefile; FILE#a,b also selects targets."),
        click.option("-C", "folder", metavar="DIR", help="Work in DIR."),
    ):
        command = option(command)
    return command


def json_option(command: Command) -> Command:
    """Adds `--json`, which arrives as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="The report as JSON.")(command)


def place_of(ctx: click.Context, folder: str | None, file: str | None) -> Place:
    """Where to work, from the options before and after the command's name; `-C` twice adds up, as in make."""
    before = ctx.find_root().obj or {}
    parts = [part for part in (before.get("folder"), folder) if part]
    where = os.path.join(os.getcwd(), *parts)
    if not os.path.isdir(where):
        raise UsageError(f"-C {os.path.join(*parts)}: there is no such folder")
    named = file or before.get("file")
    if named is None:
        return Place(where, None, ())
    name, _, selected = named.partition("#")
    return Place(where, name or None, tuple(part for part in selected.split(",") if part))
