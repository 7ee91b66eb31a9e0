"""Holding a project, so that no run of it is under way: for whoever writes to its store or puts files into it."""

from __future__ import annotations

import contextlib
import os

from provstore.errors import STORE_FOLDER, UsageError
from provstore.events import Remark
from provstore.store.lock import RunLock
from provstore.store.underway import is_waited_for

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from provstore.events import Observer


@contextlib.contextmanager
def hold(root: str, command: str, what: str, observe: Observer, *, wait: bool = True) -> Iterator[RunLock]:
    """Holds a project that has a folder for its store.

    Args:
        root: Absolute path of the project.
        command: What is done meanwhile, for whoever waits.
        what: What is done, as in "can't free its objects".
        wait: Wait for a run to end; else give up at once.

    Raises:
        UsageError: A task of the project asks for that: it would wait for its own run.
        StoreLockedError: A run holds the project, and waiting was not wanted.
    """
    refuse_tasks(root, what)
    lock = RunLock(
        os.path.join(root, STORE_FOLDER, "lock"),
        command,
        wait=wait,
        on_wait=lambda holder: observe(Remark(f"waiting for a run of this project: {holder}")),
    )
    try:
        yield lock
    finally:
        lock.release()


def refuse_tasks(root: str, what: str) -> None:
    """Refuses what a task of the project asks for; see `hold`."""
    if is_waited_for(root):
        raise UsageError(f"a task of this project can't {what}: that waits for the run's end")
