"""Writing what a person or a program says, in a project that no run is changing meanwhile.

Outside of a run it waits for the run to end. A task of the project can't wait for its own run, and need not: the run
holds the project while the task works, and keeps no lock of the store between its writes. What several tasks do at
once, the store's write lock puts into an order: see `provstore.store.adding`.
"""

from __future__ import annotations

import contextlib
import os
import time

from provstore.operations.registry.names import normal_path
from provstore.project import make_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from provstore.events import Event, Observer
    from provstore.project import Project
    from provstore.store.store import Store


def unobserved(event: Event) -> None:
    """Tells nobody what happens."""
    del event


def is_task_of(root: str) -> bool:
    """Whether a task of the project has started this process."""
    return os.environ.get("PROVSTORE_ROOT") == root


@contextlib.contextmanager
def writing(project: Project, command: str, what: str, observe: Observer) -> Iterator[Store]:
    """The store, made where there is none, which nobody but tasks of one run writes to.

    Args:
        command: What is done meanwhile, for whoever waits.
        what: What is done, as in "can't free its objects".

    Raises:
        StoreError: It can't be used.
    """
    project.forget_pipeline()
    make_folder(project.folder)
    if is_task_of(project.root):
        yield project.writable_store(time.time())
        return
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted

    with hold(project.root, command, what, observe):
        project.renew_store()
        store = project.writable_store(time.time())
        end_interrupted(project, observe)
        yield store


def placed_by_layout(project: Project, relpath: str, owner: str, owner_type: str) -> str:
    """Where registered data lie in the project: what `[registry] layout` makes of their path."""
    layout = project.pipeline({}).registry.get("layout") or "{relpath}"
    parts = {"relpath": normal_path(relpath), "owner": owner, "owner_type": owner_type}
    return normal_path(str(layout).format(**parts))
