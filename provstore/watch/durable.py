"""What is remembered of a file has to be true of the disk: a power cut takes what only the kernel's memory holds.

A file system may keep a file's new size and time stamps and lose the bytes that were written last: those written
in their place, and those of a file that got its size before its bytes. It would then look as it is remembered
and hold something else. So bytes are written out before they are remembered. The transaction that follows has
the device empty its own cache.
"""

from __future__ import annotations

import errno
import functools
import os
import sys
from contextlib import suppress

from provstore.errors import error_from_os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

START = 2
WAIT = 1 | 2 | 4
"""Flags of Linux's `sync_file_range`: begins to write; writes and waits. Bytes alone: a tenth of what fsync takes."""

AT_ONCE = 64
"""Files that are held open at a time."""

NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.ESPIPE, errno.EOPNOTSUPP})
"""There is no such call, or nothing to be written."""


class Outgoing:
    """Files that were read, held open until their bytes are on the disk: opening them once more would cost as much.

    They are sent on their way together, when there are many or somebody waits: each alone would wake the disk.
    """

    def __init__(self) -> None:
        self._opened: list[tuple[str, int]] = []

    def __del__(self) -> None:
        """Closes the files for which nobody waits, as nothing is remembered of them: a process may live for days."""
        self._close()

    def take(self, path: str, descriptor: int) -> None:
        """Takes over an open file, and closes it when it has been waited for.

        Args:
            path: For messages.

        Raises:
            StoreUnwritableError: The disk has failed or is full.
        """
        self._opened.append((path, descriptor))
        if len(self._opened) >= AT_ONCE:
            self.wait()

    def wait(self) -> None:
        """Has all that was handed over written, and waits until it is on the disk.

        Raises:
            StoreUnwritableError: The disk has failed or is full.
        """
        write = _writer()
        try:
            for how in (START, WAIT):
                for path, descriptor in self._opened:
                    _write(write, path, descriptor, how)
        finally:
            self._close()

    def _close(self) -> None:
        while self._opened:
            os.close(self._opened.pop()[1])


def write_out(paths: Iterable[str]) -> None:
    """Has the bytes of files written to the disk, where they still wait; what is no longer there is passed over.

    Args:
        paths: Absolute.

    Raises:
        StoreUnwritableError: The disk has failed or is full.
    """
    outgoing = Outgoing()
    for path in paths:
        descriptor = _open(path)
        if descriptor >= 0:
            outgoing.take(path, descriptor)
    outgoing.wait()


def _open(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return -1


def _write(write: Callable[[int, int], None], path: str, descriptor: int, how: int) -> None:
    try:
        write(descriptor, how)
    except OSError as error:
        if error.errno not in NOT_HERE:
            raise error_from_os(error, path) from error
        with suppress(OSError):
            _synchronise(descriptor, how)


@functools.cache
def _writer() -> Callable[[int, int], None]:
    """What writes an open file's bytes out; to look the call up takes longer than to make it."""
    if sys.platform != "linux":
        return _synchronise
    try:
        import ctypes

        range_of = ctypes.CDLL(None, use_errno=True).sync_file_range
    except (ImportError, OSError, AttributeError):
        return _synchronise
    zero = ctypes.c_int64(0)

    def write(descriptor: int, how: int) -> None:
        if range_of(descriptor, zero, zero, how):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    return write


def _synchronise(descriptor: int, how: int) -> None:
    if how == WAIT:
        os.fsync(descriptor)
