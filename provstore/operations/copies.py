"""Copies of outputs: where a rename can't do. Imported only there, as `shutil` takes 3 ms."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat

from provstore.operations.outputs import discard, unfinished
from provstore.store.objects import clone
from provstore.watch.durable import write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def copy(source: str, target: str, put: Callable[[str, str], None] = os.rename) -> None:
    """Copies what is no link; the copy has another name until it is whole, and is removed when that fails.

    Args:
        put: Gives it its name.
    """
    fresh = unfinished(target)
    clear_unfinished(target)  # of somebody who was killed
    try:
        if os.path.isdir(source):
            copy_folder(source, fresh, _copy_file)
        else:
            _copy_file(source, fresh)
        write_out(_files_of(fresh))
        put(fresh, target)
    except BaseException:
        clear_unfinished(target)
        raise


def clear_unfinished(target: str) -> None:
    """Removes the copy that was begun for a place."""
    fresh = unfinished(target)
    if os.path.isdir(fresh):
        discard([fresh])
    else:
        with contextlib.suppress(OSError):
            os.unlink(fresh)


def copy_folder(source: str, target: str, copy_file: Callable[[str, str], object]) -> None:
    """Copies a folder with its links. The first error ends it: `shutil.copytree` goes on, and forgets which they were.

    Args:
        copy_file: Called with a file and the place of its copy.
    """
    os.mkdir(target)
    with os.scandir(source) as found:
        for entry in found:
            place = os.path.join(target, entry.name)
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), place)
                shutil.copystat(entry.path, place, follow_symlinks=False)
            elif entry.is_dir():
                copy_folder(entry.path, place, copy_file)
            else:
                copy_file(entry.path, place)
    shutil.copystat(source, target)


def _copy_file(source: str, target: str) -> None:
    """Shares the blocks until one side is written, where the file system can; else copies the bytes."""
    if stat.S_ISREG(os.stat(source).st_mode):
        with open(source, "rb") as original, open(target, "xb") as fresh:
            is_shared = clone(original.fileno(), fresh.fileno())
        if is_shared:
            shutil.copystat(source, target)
            return
    shutil.copy2(source, target)


def copy_and_remove(source: str, target: str) -> None:
    """Moves to another file system: whoever is killed leaves a whole one in one of two places."""
    if os.path.islink(source):
        shutil.move(source, target)
        return
    copy(source, target)
    if os.path.isdir(source):
        shutil.rmtree(source)
    else:
        os.unlink(source)


def _files_of(full: str) -> Iterable[str]:
    """Every file of a directory; a file itself."""
    if not os.path.isdir(full):
        return [full]
    return [os.path.join(folder, name) for folder, _, names in os.walk(full) for name in names]
