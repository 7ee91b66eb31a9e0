"""What git calls for lock files: unites two of them, task by task."""

from __future__ import annotations

import os

from provstore.errors import FileError, LockfileError, error_from_os
from provstore.noun import NamedTuple
from provstore.operations.git.call import git


class Versions(NamedTuple):
    """Three versions of a lock file, each a file.

    Attributes:
        ours: Gets the result.
        path: Of the lock file in the worktree, for messages.
    """

    base: str
    ours: str
    theirs: str
    path: str


def merge_locks(versions: Versions) -> bool:
    """Unites what both sides changed; what both changed differently is left to a person, with git's marks.

    Returns:
        Nothing is left to do.

    Raises:
        FileError: A version can't be read or written.
        MissingProgramError, UsageError: git could not put its marks.
    """
    from provstore.pipelinefile.lock_merge import merged

    base, ours, theirs = [_read(file, versions.path) for file in versions[:3]]
    try:
        text, conflicts = merged(base, ours, theirs, versions.path)
    except LockfileError:
        return _mark(versions)
    try:
        with open(versions.ours, "wb") as file:
            file.write(text.encode())
    except OSError as error:
        raise error_from_os(error, versions.path) from error
    return not conflicts


def _read(file: str, path: str) -> str:
    """The text of one version."""
    try:
        with open(file, "rb") as opened:
            return opened.read().decode()
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: is not UTF-8") from error
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}") from error


def _mark(versions: Versions) -> bool:
    """Has git unite the text, and mark what both sides changed."""
    labels = ("-L", "ours", "-L", "base", "-L", "theirs")
    files = [os.path.abspath(file) for file in (versions.ours, versions.base, versions.theirs)]
    status, _ = git(os.getcwd(), "merge-file", "-q", *labels, *files, accept=tuple(range(128)))
    return status == 0
