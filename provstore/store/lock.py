"""One run at a time: the kernel's lock, which dies with its holder, so that nobody ever has to remove it."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import time

from provstore.errors import StoreLockedError, StoreUnwritableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class RunLock:
    """The lock of a project, held from its making to `release`.

    Args:
        path: Absolute path of the lock file; its text says who holds it, for messages only.
        command: What the holder is doing.
        wait: Wait for another run to end; else give up at once.
        on_wait: Called once with who holds it, before waiting.

    Raises:
        StoreLockedError: Another run holds it, and waiting was not wanted.
    """

    def __init__(self, path: str, command: str, *, wait: bool, on_wait: Callable[[str], None]) -> None:
        self._process = os.getpid()
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise StoreUnwritableError(f"{path}: {error.strerror}", hint="give permission to write there") from error
        try:
            self.waited = self._take(wait, on_wait)
            note = {"pid": os.getpid(), "since": time.strftime("%H:%M:%S"), "command": command}
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(note).encode("utf-8", "replace"), 0)
        except OSError as error:
            os.close(self._descriptor)
            raise StoreUnwritableError(f"{path}: {error.strerror}") from error
        except BaseException:
            os.close(self._descriptor)
            raise

    def release(self) -> None:
        """Lets the next one in, also while a process that was forked meanwhile has the file open."""
        try:
            if os.getpid() == self._process:  # else it is still held by the one that was forked
                with contextlib.suppress(OSError):  # a broken disk: the name of one that is no more misleads nobody
                    os.ftruncate(self._descriptor, 0)
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:  # also when an interrupt comes: this process would wait for itself
            os.close(self._descriptor)

    def _take(self, wait: bool, on_wait: Callable[[str], None]) -> bool:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
        holder = self._holder()
        if not wait:
            raise StoreLockedError(
                f"another run holds this project: {holder}", hint="wait for it, or leave out --no-wait"
            )
        on_wait(holder)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return True

    def _holder(self) -> str:
        try:
            note = json.loads(os.pread(self._descriptor, 4096, 0))
            return f"process {note['pid']} since {note['since']} ({note['command']})"
        except (ValueError, KeyError, TypeError):
            return "a process that has just started"


def is_held(path: str) -> bool:
    """Whether somebody holds the lock, also where its process can't be seen: in another container, on another host.

    Takes and gives back the lock where nobody does; so `holder_is_alive` is for whoever asks without a reason.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def holder_is_alive(path: str) -> bool:
    """Whether the process that the lock file names is there. The lock itself is left alone, so nobody has to wait."""
    try:
        with open(path, "rb") as file:
            os.kill(int(json.loads(file.read())["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return isinstance(error, PermissionError)  # it is there, and somebody else's
    return True
