"""Reads small files at once; thousands of them in a second process, while their reader does something else."""

from __future__ import annotations

import os
import stat
from collections import deque

from provstore.digest import digest_bytes
from provstore.model.files import SMALL, Content
from provstore.watch.readers import BATCH, HOW, PAYS, SecondReader, look_of, processors
from provstore.watch.signature import is_executable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType


def read_small(full: str) -> Content | None:
    """A file of at most `SMALL` bytes; None: this is something else, or it changes while it is read.

    Args:
        full: Absolute path; a link is not followed.
    """
    try:
        descriptor = os.open(full, HOW | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > SMALL:
            return None
        data = os.read(descriptor, status.st_size + 1)
        look = [status.st_dev, status.st_ino, len(data), status.st_mtime_ns, status.st_ctime_ns]
        if look != look_of(descriptor):
            return None
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return Content("file", len(data), digest_bytes(data), is_executable(status.st_mode), data)


class SmallFiles:
    """Files that are going to be read, of which nobody needs the bytes. A context manager.

    Where there are many, a second process reads them from the moment on that they are expected, and what it has not
    begun with when they are asked for is shared with it. What it read counts if the file looked so before.

    Args:
        number: How many there are going to be.
    """

    def __init__(self, number: int) -> None:
        self._second = SecondReader() if number >= PAYS and processors() > 1 else None
        self._expected: list[tuple[str, tuple[int, ...], bool]] = []
        self._batch: list[int] = []
        self._batches: deque[list[int]] = deque()
        self._read: dict[str, Content | None] = {}

    def __enter__(self) -> SmallFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._second is not None:
            self._second.close()

    def expect(self, full: str) -> None:
        """A file is going to be asked for.

        Args:
            full: Absolute path.
        """
        if self._second is None:
            return
        try:
            status = os.lstat(full)
        except (OSError, ValueError):  # whoever asks for it is told
            return
        if not stat.S_ISREG(status.st_mode) or status.st_size > SMALL:
            return
        look = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        self._batch.append(len(self._expected))
        self._expected.append((full, look, is_executable(status.st_mode)))
        if len(self._batch) == BATCH:
            self._batches.append(self._batch)
            self._batch = []
            self._keep_at_work(self._second)

    def read(self, full: str) -> Content | None:
        """What `read_small` gives, but for the bytes, which are left out where the file was expected."""
        second = self._second
        if second is None:
            return read_small(full)
        if self._batch:
            self._batches.append(self._batch)
            self._batch = []
        while full not in self._read:
            if self._batches and self._expected[self._batches[0][0]][0] == full:
                for place in self._batches.popleft():
                    self._note(place, read_small(self._expected[place][0]))
            elif second.is_at_work:
                self._take_answers(second)
            else:
                break
            self._keep_at_work(second)
        return self._read.pop(full, None) or read_small(full)

    def _keep_at_work(self, second: SecondReader) -> None:
        """Takes the answers that are there, and hands over what is asked for last."""
        while second.has_answered(wait=False):
            self._take_answers(second)
        while second.has_room and self._batches:
            batch = self._batches.pop()
            second.hand_over(batch, [self._expected[place][0] for place in batch])

    def _take_answers(self, second: SecondReader) -> None:
        for place, look, digest in second.answers():
            full, expected, executable = self._expected[place]
            self._read[full] = Content("file", look[2], digest, executable, None) if tuple(look) == expected else None

    def _note(self, place: int, content: Content | None) -> None:
        """Puts down what was read here, without its bytes: they would wait in memory."""
        self._read[self._expected[place][0]] = content if content is None else Content(*content[:4], None)
