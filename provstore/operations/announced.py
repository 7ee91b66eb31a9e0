"""What a call is about to change in the project, noted before: a failure or a kill in the middle is undone.

The note lies in a folder of its own in `.provstore/running`, with what was taken out of the way. Whether the call has
come to its end is told by the store alone: by the fact that it was to add.
"""

from __future__ import annotations

import contextlib
import json
import os

from provstore.errors import FileError, StoreError, naming
from provstore.model.values import new_id
from provstore.noun import NamedTuple
from provstore.operations.outputs import discard, move
from provstore.store import records, registered
from provstore.store.underway import surrounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from provstore.project import Project
    from provstore.store.adding import Connection
    from provstore.store.store import Store

NOTE = "changes.json"
REGISTERS, DELETES = "registers", "deletes"


class Step(NamedTuple):
    """One change in the project.

    Attributes:
        path: Relative to the root.
        digest: Of what is put there; "": nothing is.
        fresh: Where that lies before, relative to the root or absolute; "": nowhere.
        aside: Name, in the folder of the note, of what gives way; "": nothing does.
        folders: Those that are made for it, relative to the root, the outermost first.
        link: Text of the symbolic link that is put there; "": it is none.
    """

    path: str
    digest: str
    fresh: str
    aside: str
    folders: Sequence[str]
    link: str = ""


class Announced:
    """The changes of one call. A context manager: those of a call that failed are undone.

    What can't be undone now is noted until somebody writes to the project again.
    """

    def __init__(self, project: Project, store: Store) -> None:
        self._project, self._store = project, store
        self.folder = os.path.join(project.folder, "running", new_id())

    def note(self, kind: str, dataset: str, steps: Sequence[Step]) -> None:
        """Notes what is changed next.

        Args:
            kind: `REGISTERS` or `DELETES`, which is done once the store knows of it.

        Raises:
            StoreUnwritableError: The disk is full, or has failed.
        """
        task = surrounding()
        execution = None if task is None else task.execution
        said = {kind: dataset, "execution": execution, "steps": [step._asdict() for step in steps]}
        place = os.path.join(self.folder, NOTE)
        with naming(place):
            os.makedirs(self.folder)
            with open(place, "x", encoding="utf-8") as file:
                json.dump(said, file)
                file.flush()
                os.fsync(file.fileno())  # a power cut must not find the changes without it

    def aside(self, step: Step) -> str:
        """Absolute path of where goes what gives way."""
        return os.path.join(self.folder, step.aside)

    def __enter__(self) -> Announced:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            discard([self.folder])
            return
        self._store.roll_back()
        with contextlib.suppress(StoreError):
            if undo(self._project.root, self._store, self.folder):
                discard([self.folder])  # also one without a note, which could not be written


def undo_all(root: str, store: Store, running: str, execution: str | None = None) -> bool:
    """Undoes what calls had begun that were killed; False while the disk does not let all of it.

    Args:
        running: Absolute path of `.provstore/running`.
        execution: Only what processes of this task had begun; None: whoever it was.
    """
    folders = [os.path.join(running, name) for name in os.listdir(running)]
    begun = [folder for folder in folders if execution is None or _read(folder).get("execution") == execution]
    return all([undo(root, store, folder) for folder in begun])


def clear(root: str, store: Store | None, running: str) -> None:
    """Removes `.provstore/running` at the end of what used it; not while something in it is still to be undone."""
    with contextlib.suppress(StoreError):  # then nobody knows whether something is
        if store is None or not os.path.isdir(running) or undo_all(root, store, running):
            discard([running])


def undo(root: str, store: Store, folder: str) -> bool:
    """Undoes what a note says, unless the store knows of it; False, and the note stays, while that is impossible."""
    said = _read(folder)
    if not said:
        return True
    if not store.ask(_is_recorded, said):
        steps = [Step(**step) for step in reversed(said["steps"])]
        if not all([_is_undone(root, folder, step) for step in steps]):
            return False
    discard([folder])
    return True


def _is_recorded(conn: Connection, said: dict[str, str]) -> bool:
    if DELETES in said:
        return registered.deletion(conn, said[DELETES]) is not None
    return bool(records.ids_with_prefix(conn, "dataset", said[REGISTERS]))


def _is_undone(root: str, folder: str, step: Step) -> bool:
    """Undoes one change; False where the disk does not let it. What somebody has put there since stays."""
    full = os.path.join(root, step.path)
    aside = os.path.join(folder, step.aside) if step.aside else ""
    try:
        if step.digest:
            from provstore.operations.copies import clear_unfinished

            clear_unfinished(full)
            if _is_ours(root, step):
                remove(full)
        if aside and os.path.lexists(aside):
            if os.path.lexists(full):
                return _is_saved(root, folder, step)
            move(aside, full)
    except (OSError, FileError):
        return False
    for made in reversed(step.folders):
        with contextlib.suppress(OSError):  # there is something in it by now
            os.rmdir(os.path.join(root, made))
    return True


def _is_ours(root: str, step: Step) -> bool:
    """What lies at the place was put there by the call."""
    if not os.path.lexists(os.path.join(root, step.path)):
        return False
    full, fresh = os.path.join(root, step.path), os.path.join(root, step.fresh)
    if step.link:
        return os.path.islink(full) and os.readlink(full) == step.link
    if step.fresh and os.path.lexists(fresh) and os.lstat(fresh).st_dev == os.lstat(full).st_dev:
        return os.path.samestat(os.lstat(fresh), os.lstat(full))  # else it had not been put there yet
    from provstore.watch.workspace import Workspace

    return Workspace(root, {}, {}).read(step.path)[0].digest == step.digest


def _is_saved(root: str, folder: str, step: Step) -> bool:
    """Something else lies at the place by now: what gave way goes to `.provstore/failed`."""
    target = os.path.join(os.path.dirname(os.path.dirname(folder)), "failed", os.path.basename(folder), step.path)
    os.makedirs(os.path.dirname(target), exist_ok=True)
    move(os.path.join(folder, step.aside), target)
    return True


def _read(folder: str) -> dict[str, Any]:
    """What a note says; nothing where there is none, or it was not finished: then nothing had been changed yet."""
    try:
        with open(os.path.join(folder, NOTE), encoding="utf-8") as file:
            said = json.load(file)
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def remove(full: str) -> None:
    """Removes a file, or a folder with all in it; of a link, the link."""
    if os.path.isdir(full) and not os.path.islink(full):
        import shutil

        shutil.rmtree(full)
    else:
        os.unlink(full)
