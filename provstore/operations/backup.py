"""A backup of the store, also while a run is under way."""

from __future__ import annotations

import os

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE, RUN_FIRST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project


class BackupReport(NamedTuple):
    """What was backed up, and what was not.

    Attributes:
        file: Absolute path of the backup.
        size: Its bytes.
        records: Records of the chain.
        objects: Kept objects that are in it.
        beside: Kept objects that are not: they lie in `folder`.
        beside_size: Their bytes.
        folder: Absolute path of `.provstore/objects`.
    """

    file: str
    size: int
    records: int
    objects: int
    beside: int
    beside_size: int
    folder: str


def backup(project: Project, file: str, *, replace: bool) -> BackupReport:
    """Copies the store's file; the copy is checked before it gets its name.

    Args:
        file: Absolute path of the copy.
        replace: A store that lies there already may go.

    Raises:
        UsageError: There is no store, or the copy can't go there.
        StoreDamagedError: The store is damaged; there is no copy then.
    """
    from provstore.store.backup import copy

    if project.store is None:
        raise UsageError(f"{project.store_path}: there is no store: {NO_STORE}", hint=RUN_FIRST)
    counted = copy(project.store, file, replace=replace)
    return BackupReport(
        file,
        os.path.getsize(file),
        counted["records"],
        counted["objects"] - counted["beside"],
        counted["beside"],
        counted["bytes beside"],
        os.path.join(project.folder, "objects"),
    )
