"""Copies of outputs: where a rename can't do. Imported only there, as `shutil` takes 3 ms."""

from __future__ import annotations

import os
import shutil

from provstore.watch.durable import write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def copy(source: str, target: str) -> None:
    """Copies what is no link; the copy has another name until it is whole."""
    fresh = f"{target}.new"
    if os.path.isdir(source):
        shutil.copytree(source, fresh, symlinks=True)
    else:
        shutil.copy2(source, fresh)
    write_out(_files_of(fresh))
    os.rename(fresh, target)


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
