"""The scratch folder of a verification: one folder for each task, laid out like the project.

Rules: it is known for ours by a file that its maker holds locked, so that a later verification can tell the folder of
one that was killed (the kernel has let go of the lock) from one that is in use, and leaves alone all it can't tell.
"""

from __future__ import annotations

import fcntl
import os
import tempfile

from provstore.errors import UsageError
from provstore.operations.outputs import discard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PREFIX = "provstore-verify-"
OWNER = "owner"
"""File in the folder, locked by whoever works there."""


class Scratch:
    """A folder for one verification, made empty and private.

    Args:
        root: Absolute path of the project.
        parent: Where it is made; "": the system's folder for temporary files. Not in the project: a command that looks
            upward from there, as git does, must not find what it does not declare.

    Attributes:
        path: Absolute, without symbolic links.
        jobs: Folder in it for the logs and descriptions of tasks.

    Raises:
        UsageError: It can't be made there.
    """

    def __init__(self, root: str, parent: str) -> None:
        place = os.path.realpath(parent or tempfile.gettempdir())
        if f"{place}/".startswith(f"{root.rstrip('/')}/"):
            hint = "--scratch names a folder outside of the project"
            raise UsageError(f"{place}: lies in the project, expected a folder outside of it", hint=hint)
        _remove_killed(place)
        try:
            self.path = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        except OSError as error:
            hint = "--scratch names a folder that exists and can be written"
            raise UsageError(f"{place}: no scratch folder can be made: {error.strerror}", hint=hint) from error
        self.jobs = os.path.join(self.path, "jobs")
        os.mkdir(self.jobs)
        self._owner = _lock_new(os.path.join(self.path, OWNER))
        self._made = 0

    def folder(self, root: str, paths: Iterable[str]) -> str:
        """A new folder that stands for the project, for one attempt at a task.

        Args:
            root: Absolute path of the project.
            paths: All that the task reads, makes and works in, relative to the root: for what lies above it,
                there are as many folders above this one, of the same names.

        Returns:
            Its absolute path.
        """
        self._made += 1
        levels = max((path.split("/").count("..") for path in paths if not path.startswith("/")), default=0)
        names = [name for name in root.split("/") if name][-1 - levels :]
        beyond = ["beyond"] * (levels + 1 - len(names))  # above "/" lies "/" again: none may lead out of here
        full = os.path.join(self.path, str(self._made), *beyond, *names)
        os.makedirs(full)
        return full

    def drop(self, folder: str) -> None:
        """Removes the folder of a task, with what stands above it."""
        number = os.path.relpath(folder, self.path).partition(os.sep)[0]
        discard([os.path.join(self.path, number)])

    def close(self, *, keep: bool) -> None:
        """Removes all of it, or gives it to the user, so that no later verification removes it."""
        if keep:
            discard([self.jobs])
            os.unlink(os.path.join(self.path, OWNER))
        else:
            discard([self.path])
        os.close(self._owner)


def _lock_new(path: str) -> int:
    """A new locked file, which has its name only when it is locked."""
    fresh = path + ".new"
    descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.rename(fresh, path)
    return descriptor


def _remove_killed(place: str) -> None:
    """Removes folders of verifications that are no more."""
    try:
        with os.scandir(place) as entries:
            found = [entry.path for entry in entries if entry.name.startswith(PREFIX) and _is_mine(entry)]
    except OSError:  # who makes a folder there says why it can't be
        return
    for folder in found:
        try:
            descriptor = os.open(os.path.join(folder, OWNER), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            discard([folder])
        except OSError:  # somebody works there
            continue
        finally:
            os.close(descriptor)


def _is_mine(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_uid == os.getuid()
