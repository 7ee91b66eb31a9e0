"""Where a command works."""

from __future__ import annotations

import os

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.project import Project


class Place(NamedTuple):
    """Where a command works.

    Attributes:
        folder: Absolute; what `-C` named, else the current one.
        file: What `-f` named, without what follows `#`.
        targets: What follows `#`.
        inputs, chain: As in `Project`.
    """

    folder: str
    file: str | None = None
    targets: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    chain: str = "main"

    def project(self) -> Project:
        """Opens the project."""
        project = Project.find(self.folder, self.file)
        project.inputs, project.chain = self.inputs, self.chain
        return project


def place_from(folders: list[str], file: str | None) -> Place:
    """The place that `-C` (twice adds up, as in make) and `-f` name.

    Raises:
        UsageError: There is no such folder.
    """
    where = os.path.join(os.getcwd(), *folders)
    if not os.path.isdir(where):
        named = f"-C {os.path.join(*folders)}" if folders else where
        raise UsageError(f"{named}: there is no such folder, or it can't be entered")
    name, _, selected = (file or "").partition("#")
    return Place(where, name or None, tuple(part for part in selected.split(",") if part))
