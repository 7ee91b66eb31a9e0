"""What a task has registered before it failed: it is no result, so its files are put away as half-made outputs are.

Rules: what lay there before the task began stays, whoever registered it; so does what the task declares, as that has
its own rules (`conclude`). The records are deleted in the transaction that records the execution: `store.ledger`.
"""

from __future__ import annotations

import os

from provstore.store import registered
from provstore.store.retracted import last_before

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from provstore.operations.outputs import Outputs
    from provstore.store.store import Store


def put_registered_away(store: Store, outputs: Outputs, execution: str, task: str, declared: Collection[str]) -> bool:
    """Moves what an execution has put into the project and registered to `.provstore/failed/<execution>/`.

    Args:
        task: Absolute path of the description that was written before it began.
        declared: Paths of what it reads and makes, relative to the root.

    Returns:
        Whether there was anything to move.

    Raises:
        FileError: Something can't be moved; all else was.
    """
    began = beginning(task)
    paths = [
        path
        for path in store.ask(registered.places_of, execution)
        if not _is_declared(path, declared) and was_put_there_since(outputs.full(path), began)
    ]
    moved = False
    for path in paths:
        moved |= outputs.put_away([path], execution)
        before = store.ask(last_before, path, execution)
        if before is not None and store.objects.has_all(before.digest, before.kind):
            outputs.restore(before._replace(executable=bool(before.executable)))
    return moved


def beginning(task: str) -> int:
    """When a task began (nanoseconds since 1970), by the clock of the file system: its description was written."""
    try:
        return os.stat(task).st_ctime_ns
    except OSError:  # it was removed: then nothing is moved, as nothing can be told
        return 1 << 63


def was_put_there_since(full: str, moment: int) -> bool:
    """Whether what lies at a place, or something in it, was written, renamed or linked since a moment."""
    try:
        return any(os.lstat(place).st_ctime_ns >= moment for place in _everything(full))
    except OSError:
        return False


def _everything(full: str) -> Iterator[str]:
    yield full
    for folder, folders, names in os.walk(full):
        yield from (os.path.join(folder, name) for name in (*folders, *names))


def _is_declared(path: str, declared: Collection[str]) -> bool:
    """It is, lies in, or holds what a task reads or makes."""
    return any(f"{path}/".startswith(f"{other}/") or f"{other}/".startswith(f"{path}/") for other in declared)
