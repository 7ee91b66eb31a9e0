"""The folders in which jobs run, one after the other, and the two files in each that the executor writes."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

RECORD_SIZE = 100
"""Bytes of `process`: a record filled with spaces, or spaces only. Cutting the file off and filling it
again would cost the file system more than all else that is done for a job."""

LOWEST_DESCRIPTOR = 10
"""Below are the standard ones, which may have been closed, and what a shell takes for itself."""


def out_of_the_way(descriptor: int) -> int:
    """The same open file under a number of 10 or more, closed on exec; the given number is closed."""
    try:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR)
    finally:
        os.close(descriptor)


class Slot:
    """A folder with its `log` and `process` kept open, so that the next job in it opens nothing.

    Attributes:
        log: Descriptor to which the job's output is appended.
        suspect: Something may still hold the log open; the next job gets a new one.
    """

    __slots__ = ("_log_inode", "_log_path", "_process", "_process_path", "log", "suspect")

    def __init__(self, folder: str) -> None:
        self._log_path = folder + "/log"
        self._process_path = folder + "/process"
        self._process = self.log = -1
        self._open()

    def make_ready(self) -> None:
        """Empties the log for the next job.

        It is opened anew if somebody moved it away, and after a job that left processes behind.
        """
        try:
            found = os.lstat(self._log_path)
        except FileNotFoundError:
            found = None
        if self.suspect or found is None or found.st_ino != self._log_inode:
            self.close()
            self._open()
        elif found.st_size:
            os.ftruncate(self.log, 0)

    def note(self, text: str) -> None:
        """Says in `process` what runs here; `text` is one line of ASCII, "" when nothing does any more.

        A full disk is no reason to give up a command that has just been started: what it leaves behind is
        found by its environment too.
        """
        with suppress(OSError):
            os.pwrite(self._process, text.ljust(RECORD_SIZE - 1).encode("ascii") + b"\n", 0)

    def log_size(self) -> int:
        """Size of the log in bytes; 0 if the job has removed it."""
        log = os.fstat(self.log)
        return log.st_size if log.st_nlink else 0

    def close(self) -> None:
        """Closes both files; a closed slot may be closed again."""
        for descriptor in (self.log, self._process):
            if descriptor >= 0:
                os.close(descriptor)
        self.log = self._process = -1
        self._log_inode = 0

    def _open(self) -> None:
        # A new file each time: whoever holds the old one writes to the old one only.
        with suppress(FileNotFoundError):
            os.unlink(self._log_path)
        flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
        self.log = out_of_the_way(os.open(self._log_path, flags | os.O_APPEND | os.O_EXCL, 0o666))
        self._log_inode = os.fstat(self.log).st_ino
        self._process = out_of_the_way(os.open(self._process_path, flags | os.O_TRUNC, 0o666))
        self.suspect = False
