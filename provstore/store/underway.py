"""The task that has started this process, as its runner has described it.

A command inherits the variables of its task, and so may a daemon that outlives it, or a person who copies them. They
are believed only as long as the description that they name is that of this execution, and its runner lives.
"""

from __future__ import annotations

import os

from provstore.errors import STORE_FOLDER
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

REGISTERED = "registered"
"""File beside a task's description: the task has registered something, and its runner has to look."""


class Surrounding(NamedTuple):
    """The task that this process belongs to.

    Attributes:
        root: Absolute path of the folder that stands for the project.
        place: Absolute path of the task's description.
        files: The Pipelinefile, relative to the root, and all that it includes.
        stage, data_id: Of the task, as its execution records them.
        run: The run that waits for it; None: it is a verification that does the work again.
        verifies: Absolute path of the project that is verified; None: it is a run.
    """

    root: str
    execution: str
    place: str
    files: tuple[str, ...]
    stage: str
    data_id: str
    run: str | None
    verifies: str | None

    def includes(self, place: str) -> bool:
        """A Pipelinefile, by its absolute path, is one of this task's, so that its folder is no project of its own."""
        return os.path.relpath(place, self.root) in self.files

    def originals_of(self, root: str) -> Callable[[str], bytes | None] | None:
        """Gives what the files of a project say that has no copy of them; None: it has them itself."""
        return self._original if root == self.root and self.verifies is not None else None

    def _original(self, file: str) -> bytes | None:
        """What a Pipelinefile says in the project that is verified."""
        if self.verifies is None or file not in self.files:
            return None
        try:
            with open(os.path.join(self.verifies, file), "rb") as opened:
                return opened.read()
        except OSError:
            return None

    def note(self) -> None:
        """Tells the runner that the task has registered something."""
        with open(os.path.join(os.path.dirname(self.place), REGISTERED), "wb"):
            pass


def surrounding() -> Surrounding | None:
    """The task that this process belongs to; None: it belongs to none that is under way."""
    root, place = os.environ.get("PROVSTORE_ROOT"), os.environ.get("PROVSTORE_TASK")
    if not (root and place):
        return None
    description = _read(place)
    if description is None or description.get("execution") != os.environ.get("PROVSTORE_EXECUTION"):
        return None
    try:
        verifies = description.get("verifies")
        record = {} if verifies is not None else description["record"]
        files, stage = tuple(map(str, description["files"])), str(description["stage"])
        execution, data_id = str(description["execution"]), str(record.get("data_id", "{}"))
        found = Surrounding(root, execution, place, files, stage, data_id, record.get("run"), verifies)
    except (AttributeError, KeyError, TypeError):  # its command has spoiled it
        return None
    return found if verifies is not None or _is_under_way(found) else None


def was_told(folder: str) -> bool:
    """Whether the task of a folder has told its runner that it has registered something. It is told once."""
    try:
        os.unlink(os.path.join(folder, REGISTERED))
    except OSError:
        return False
    return True


def is_waited_for(root: str) -> bool:
    """A run of a project waits for this process: it belongs to a task of it, so far as can be told."""
    if os.environ.get("PROVSTORE_ROOT") != root or not _runner_lives(root):
        return False
    place = os.environ.get("PROVSTORE_TASK")
    if place is None:
        return True
    description = _read(place)
    if description is None:
        return os.path.lexists(place)  # where it is gone, so is its run; what its command has spoiled is still there
    is_verified = description.get("verifies") is not None  # by a process that holds no lock there
    return not is_verified and description.get("execution") == os.environ.get("PROVSTORE_EXECUTION")


def _is_under_way(task: Surrounding) -> bool:
    running = os.path.join(task.root, STORE_FOLDER, "running")
    return os.path.dirname(os.path.dirname(task.place)) == running and _runner_lives(task.root)


def _runner_lives(root: str) -> bool:
    from provstore.store.lock import is_held

    return is_held(os.path.join(root, STORE_FOLDER, "lock"))


def _read(place: str) -> Mapping[str, Any] | None:
    """A task's description; None where it can't be read."""
    import json  # takes 2 ms, and most commands are in no task

    try:
        with open(place, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
