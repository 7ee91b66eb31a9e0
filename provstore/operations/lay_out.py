"""Puts recorded bytes where a task reads them, for datasets that do not lie at their path by now."""

from __future__ import annotations

import os

from provstore.errors import FileError
from provstore.finder import LAID_OUT, holds
from provstore.operations.outputs import build, discard, disk_or_file_error, unfinished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.model.task import LookedUp
    from provstore.operations.attempt import Circumstances


def lay_out(around: Circumstances, paths: Iterable[str]) -> None:
    """Sees to it that each of a task's inputs that was looked up in the registry is what was recorded.

    Raises:
        FileError: It is not, and can't be.
    """
    for path in dict.fromkeys(paths):
        found = around.looked_up.get(path)
        if found is None or holds(around.workspace, path, found):
            continue
        if not path.startswith(f"{LAID_OUT}/"):
            raise FileError(f"input {path} is no longer what was recorded as dataset {found.dataset}", hint="run again")
        is_first = not os.path.isdir(around.workspace.full(LAID_OUT))
        _write(around, path, found)
        if is_first and not holds(around.workspace, found.content.path, found):
            recorded = f"{found.content.path} holds something else by now"
            around.tell(f"{recorded}: dataset {found.dataset} is read from a copy, as are others of which this is true")


def _write(around: Circumstances, path: str, found: LookedUp) -> None:
    full, objects, content = around.workspace.full(path), around.store.objects, found.content
    around.workspace.forget(path)
    fresh = unfinished(full)
    try:
        _clear(full, fresh)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        if content.kind == "directory":
            whole = objects.has_all(content.digest, "directory") and build(objects, fresh, content.digest)
        else:
            whole = objects.write_to(content.digest, fresh, executable=content.executable)
        if whole:
            os.rename(fresh, full)
    except OSError as error:
        raise disk_or_file_error(error, f"{path}: can't be written") from error
    if not whole:
        raise FileError(f"the kept bytes of dataset {found.dataset} ({content.path}) are damaged")


def _clear(*places: str) -> None:
    for place in places:
        if os.path.islink(place) or os.path.isfile(place):
            os.unlink(place)
        else:
            discard([place])
