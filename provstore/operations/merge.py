"""Adds the facts of another store to this project's."""

from __future__ import annotations

import os
import tempfile
import time

from provstore.errors import UsageError
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.operations.circumstances import user_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.facts import Row
    from provstore.store.unite import Taken

STORE = "store.db"


class MergeReport(NamedTuple):
    """What came in.

    Attributes:
        file: The other store, absolute.
        store: Its id.
    """

    file: str
    store: str
    taken: Taken


def merge(project: Project, current: str, other: str, observe: Observer, *, wait: bool = True) -> MergeReport:
    """Adds the facts of another store, and the objects that lie beside it. Waits while a run holds the project.

    Args:
        current: Folder that `other` is relative to.
        other: A store's file, or a folder of a project that has one.

    Raises:
        UsageError: There is no other store.
        StoreLockedError: A run holds the project, and waiting was not wanted.
        StoreError: One of the two can't be used, or they contradict each other; nothing was added.
    """
    from provstore.operations.announced import clear
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted
    from provstore.project import make_folder

    path = _store_at(current, other)
    make_folder(project.folder)
    running = os.path.join(project.folder, "running")
    with hold(project.root, f"provstore merge {other}", "add to its store", observe, wait=wait):
        project.renew_store()
        end_interrupted(project, observe)
        os.makedirs(running, exist_ok=True)  # should this be killed, the next run cleans up behind it
        try:
            return _merge(project, path, tempfile.mkdtemp(dir=running))
        finally:
            clear(project.root, project.store, running)


def merge_row(source: str) -> Row:
    """What is known of a merge before it is done.

    Args:
        source: How a person would call the other store.
    """
    return {
        "id": new_id(),
        "merged": utc_text(time.time()),
        "user": user_name(),
        "host": os.uname().nodename,
        "source": source.encode("utf-8", "backslashreplace").decode(),  # a name may hold any bytes
    }


def _merge(project: Project, path: str, folder: str) -> MergeReport:
    from provstore.store import facts
    from provstore.store.unite import Other, copied, unite

    with copied(path, folder) as theirs:
        ours = project.writable_store(time.time())
        other = Other(theirs, path, os.path.join(os.path.dirname(path), "objects"))
        taken = unite(ours, other, merge_row(path))
        return MergeReport(path, theirs.ask(facts.origin), taken)


def _store_at(current: str, named: str) -> str:
    """Absolute path of the store that a file or a folder stands for.

    Raises:
        UsageError: There is none.
    """
    path = os.path.realpath(os.path.join(current, named))
    if not named:  # as from a variable that is not set; it would be this very store
        raise UsageError("'': expected a store's file, or the folder of a project")
    if not os.path.lexists(path):
        raise UsageError(f"{named}: there is no such file or folder")
    if not os.path.isdir(path):
        return path
    for place in (os.path.join(path, ".provstore", STORE), os.path.join(path, STORE)):
        if os.path.lexists(place):
            return place
    raise UsageError(
        f"{named}: there is no store in this folder", hint="name a store's file, or the folder of a project"
    )
