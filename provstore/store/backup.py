"""A copy of the store's file, at any time: complete and checked before it gets its name.

SQLite copies it in one go: whoever writes waits for that, and the copy is the store as it was between two
transactions. It has another name until it is checked and on the disk, so that a kill leaves no half copy; what a kill
does leave has a name of our own, and the next backup to the same place takes it over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections import Counter
from contextlib import closing

from provstore.errors import StoreDamagedError, StoreError, StoreLockedError, UsageError, error_from_os
from provstore.store.connection import connect, explained
from provstore.store.fsck import problems
from provstore.store.objects import synchronise_folder
from provstore.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

FRESH = ".provstore-new"
"""Ending of a copy that is not finished."""

COMPANIONS = ("-journal", "-wal", "-shm")
"""Endings of what SQLite would take for a part of the file beside which it lies."""

SETTINGS = ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF")
"""Of the copy while it is made: nobody else sees it, and it is synchronised at the end."""


def copy(store: Store, target: str, *, replace: bool) -> Counter[str]:
    """Copies a store's file.

    Args:
        target: Absolute path; gets the copy in one moment.
        replace: A store may lie there already.

    Returns:
        What was counted when the copy was checked, as `problems` does.

    Raises:
        UsageError: It can't go there.
        StoreDamagedError: The store is damaged; there is no copy then.
        StoreError: The copy could not be written.
    """
    _check_place(store, target, replace=replace)
    with _fresh_file(target) as descriptor:
        with explained(target), closing(sqlite3.connect(target + FRESH, isolation_level=None)) as conn:
            for setting in SETTINGS:
                conn.execute(setting)
            store.conn.backup(conn)
        counted = _checked(store, target + FRESH)
        try:
            os.fchmod(descriptor, os.stat(store.path).st_mode & 0o777)
            os.fsync(descriptor)
            os.rename(target + FRESH, target)
            synchronise_folder(os.path.dirname(target))
        except OSError as error:
            raise error_from_os(error, target) from error
    return counted


def _check_place(store: Store, target: str, *, replace: bool) -> None:
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise UsageError(f"{target}: there is no folder {folder}")
    if f"{os.path.realpath(folder)}/".startswith(f"{os.path.realpath(os.path.dirname(store.path))}/"):
        raise UsageError(f"{target}: lies beside the store itself", hint="name a place outside of .provstore")
    for ending in COMPANIONS:
        if os.path.lexists(target + ending):
            raise UsageError(f"{target}{ending}: belongs to another file of this name", hint="move it away")
    if not os.path.lexists(target):
        return
    if os.path.isdir(target):
        raise UsageError(f"{target}: is a folder, expected the name of a file")
    if not replace:
        raise UsageError(
            f"{target}: is there already", hint="--replace puts the new backup in the place of an older one"
        )
    try:
        connect(target).close()
    except StoreError as error:
        raise UsageError(f"{target}: is no store, so it is not replaced", hint="move it away") from error


@contextlib.contextmanager
def _fresh_file(target: str) -> Iterator[int]:
    """An empty file beside `target` that is only ours, removed at the end if it has not got another name."""
    path = target + FRESH
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise error_from_os(OSError(error.errno, error.strerror), target) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(descriptor), os.stat(path))
        except OSError:
            is_ours = False
        if not is_ours:
            raise StoreLockedError(f"{path}: another backup is being written there", hint="wait for its end")
        try:
            os.ftruncate(descriptor, 0)
            yield descriptor
        finally:
            with contextlib.suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), os.stat(path)):
                    os.unlink(path)
    finally:
        os.close(descriptor)


def _checked(store: Store, path: str) -> Counter[str]:
    """Checks a copy as `fsck` does, but for what lies beside the store.

    Raises:
        StoreDamagedError: Something is wrong with it, and so with the store.
    """
    counted: Counter[str] = Counter()
    with Store(path) as made:
        found = list(problems(made, objects=False, files=False, counted=counted))
    if found:
        others = len(found) - 1
        more = f", and {others} more problem{'s' if others > 1 else ''}" if others else ""
        raise StoreDamagedError(
            f"{store.path}: not backed up, since it is damaged: {found[0].subject}: {found[0].text}{more}",
            hint="'provstore fsck' lists all damage, 'provstore recover' writes a new store with all that is whole",
        )
    return counted
