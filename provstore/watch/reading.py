"""Reads files that may be changing, each once where it does not."""

from __future__ import annotations

import os
import stat
import time

from provstore.digest import digest_bytes, digest_descriptor
from provstore.errors import FileError
from provstore.model.files import SMALL
from provstore.noun import NamedTuple
from provstore.watch.signature import Signature, settles_at, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.ports import Keeper

READINGS = 5
SETTLE_LIMIT = 100_000_000
"""Nanoseconds to wait at most until a file can be trusted; one from the future is read each time instead."""

HOW = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


class Reading(NamedTuple):
    """A file as it was read.

    Attributes:
        data: The bytes of a file of at most `SMALL` bytes.
        mode, signature: How it looked before and, unless it never stopped changing, after.
        began: The moment (nanoseconds) at which reading it began.
        descriptor: Still open: for `Outgoing`, or to be closed.
    """

    digest: str
    data: bytes | None
    mode: int
    signature: Signature
    began: int
    descriptor: int


def read_file(
    full: str, mode: int, signature: Signature, fine_device: int | None, keeper: Keeper | None = None
) -> Reading:
    """Reads a file that may be changing: again, until it looks the same before and after.

    One that never stops changing is given up after some readings; its last time stamp is then newer than
    the beginning of the reading, so that it is not trusted.

    Args:
        mode, signature: How it looked just now.
        fine_device: See `settles_at`.
        keeper: Keeps the bytes of a file of more than `SMALL` bytes as they are read.

    Raises:
        OSError: It can't be read, or is no file.
    """
    descriptor = os.open(full, HOW)
    try:
        for _ in range(READINGS):
            reading = _read_once(descriptor, mode, signature, fine_device, keeper)
            status = os.fstat(descriptor)
            mode, signature = status.st_mode, signature_of(status)
            if signature == reading.signature:
                break
            os.lseek(descriptor, 0, os.SEEK_SET)
        return reading
    except BaseException:
        os.close(descriptor)
        raise


def _read_once(
    descriptor: int, mode: int, before: Signature, fine_device: int | None, keeper: Keeper | None
) -> Reading:
    if not stat.S_ISREG(mode):
        raise OSError(0, f"found a {kind_of(mode)}, expected a file or a directory")
    if before.size <= SMALL:
        began = time.time_ns()
        data = _read_all(descriptor, before.size)
        return Reading(digest_bytes(data), data, mode, before, began, descriptor)
    rest = settles_at(before, fine_device) - time.time_ns()
    if 0 < rest <= SETTLE_LIMIT:
        time.sleep(rest / 1e9)
    began = time.time_ns()
    if keeper is None or rest > SETTLE_LIMIT:  # in the latter case a change might not be seen, see `Keeper`
        digest = digest_descriptor(descriptor, before.size)
    else:
        digest = keeper.take_in(descriptor, before.size, lambda: signature_of(os.fstat(descriptor)) == before)
    return Reading(digest, None, mode, before, began, descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while data:
        data = os.read(descriptor, SMALL)
        pieces.append(data)
    return b"".join(pieces)


def kind_of(mode: int) -> str:
    """What neither a file nor a link is, for messages."""
    names = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return names.get(stat.S_IFMT(mode), "directory" if stat.S_ISDIR(mode) else "special file")


def unreadable(path: str, error: Exception) -> FileError:
    """The error that says so."""
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return FileError(f"{path}: can't be read: {reason}", hint="give permission to read it, or replace it")
