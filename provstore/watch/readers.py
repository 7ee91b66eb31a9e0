"""Reads small files that are expected to look as they were seen: thousands of them by two processes.

The second process only reads. What it read counts if the file looks as expected, judged by the one that asked; that
one reads again whatever the other could not, or found otherwise, and writes out and remembers all of them.
"""

from __future__ import annotations

import os
import struct
import sys

from provstore.digest import digest_bytes, spawn_apart
from provstore.model.files import SMALL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HOW = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY

BATCH = 128
"""Files that are handed over at a time."""
AHEAD = 4
"""Batches that the second process has at a time, so that it is never without; fewer where a pipe takes less."""
PAYS = 4096
"""Files from which on a second process pays: it starts in the time in which a thousand are read."""

BYTE_ORDER = sys.byteorder
LENGTH = 8
"""Bytes that say how long a request is."""
ANSWER = struct.Struct("=5q71s")
"""The answer for one file: the numbers of its `Signature` and its digest; all zeros where it could not be read."""
NOTHING = bytes(ANSWER.size)


def read_as_seen(full: str, look: Sequence[int]) -> tuple[str, int] | None:
    """Digest of a file and its descriptor, still open; None if it looks otherwise than expected when it has been read.

    This is all that is done for each of thousands of files, so it makes no noun.

    Args:
        look: The values of its `Signature`, found before.

    Raises:
        OSError: It can't be read.
    """
    descriptor = os.open(full, HOW)
    try:
        data = os.read(descriptor, look[2] + 1)
        if len(data) == look[2] and look == look_of(descriptor):
            return digest_bytes(data), descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def processors() -> int:
    """Those that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def look_of(descriptor: int) -> list[int]:
    """How an open file looks: the values of its `Signature`."""
    status = os.fstat(descriptor)
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


class SecondReader:
    """A second process that reads files while this one does.

    Whatever becomes of it, what it did not answer is still to be read.
    """

    def __init__(self) -> None:
        self._pending: list[list[int]] = []
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        self._ahead = batches_ahead(pipe_size(answers))
        try:
            self._pid = spawn_apart("provstore.watch.readers", "answer_requests", requests, answers)
        finally:
            os.close(requests)
            os.close(answers)

    @property
    def has_room(self) -> bool:
        """It can get one more batch."""
        return bool(self._pid) and len(self._pending) < self._ahead

    @property
    def is_at_work(self) -> bool:
        """It has not answered everything."""
        return bool(self._pending)

    def hand_over(self, batch: list[int], paths: Sequence[str]) -> None:
        """Gives it files to read.

        Args:
            batch: What the caller knows them by.
            paths: Absolute, in the same order.
        """
        self._pending.append(batch)
        request = os.fsencode("\0".join(paths))
        try:
            _write_all(self._requests, len(request).to_bytes(LENGTH, BYTE_ORDER) + request)
        except BrokenPipeError:  # it has ended, which shows when its answer is read
            pass

    def has_answered(self, *, wait: bool) -> bool:
        """There are answers to a batch; where none was handed over there never are."""
        import select

        if not self._pending:
            return False
        if not self._pid or wait:
            return True
        ready = select.poll()
        ready.register(self._answers, select.POLLIN)
        return bool(ready.poll(0))

    def answers(self) -> Iterator[tuple[int, list[int], str]]:
        """Of the oldest batch: each file, how it looked after it was read, and its digest. Waits for it."""
        batch = self._pending.pop(0)
        size = len(batch) * ANSWER.size
        data = _read_exactly(self._answers, size) if self._pid else b""
        if len(data) < size:
            data = NOTHING * len(batch)
            self.close()
        for file, answer in zip(batch, ANSWER.iter_unpack(data), strict=True):
            yield file, list(answer[:-1]), answer[-1].decode()

    def close(self) -> None:
        """Ends it, whatever it does."""
        import signal

        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
        for descriptor in (self._requests, self._answers):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._answers = -1


def batches_ahead(pipe: int) -> int:
    """Batches whose answers fit into a pipe of so many bytes, `AHEAD` at most and one at least.

    So the second process never waits for somebody to read its answers while that one waits to hand over more.
    """
    return max(1, min(AHEAD, pipe // (BATCH * ANSWER.size)))


def pipe_size(descriptor: int) -> int:
    """Bytes that a pipe takes; 0 where that can't be known. A user who has very many of them gets small ones."""
    import fcntl

    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (AttributeError, OSError):
        return 0


def answer_requests() -> None:
    """What the second process does, until nobody asks any more. It ends with the one that started it."""
    parent = os.getppid()
    piece = memoryview(bytearray(SMALL + 1))
    while length := int.from_bytes(_read_exactly(0, LENGTH), BYTE_ORDER):
        answer = bytearray()
        for path in _read_exactly(0, length).split(b"\0"):
            if os.getppid() != parent:
                return
            answer += _answer(path, piece)
        _write_all(1, answer)


def _answer(path: bytes, piece: memoryview) -> bytes:
    try:
        descriptor = os.open(path, HOW)
        try:
            length = os.readv(descriptor, [piece])
            look = look_of(descriptor)
        finally:
            os.close(descriptor)
        if length == look[2]:
            return ANSWER.pack(*look, digest_bytes(piece[:length]).encode())
    except (OSError, struct.error):  # the latter where a number is beyond what the answer can hold
        pass
    return NOTHING


def _read_exactly(descriptor: int, size: int) -> bytes:
    """So many bytes, fewer only at the end."""
    data = bytearray()
    while len(data) < size and (piece := os.read(descriptor, size - len(data))):
        data += piece
    return bytes(data)


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
