"""How a file looks without reading it, and when that is enough.

Rules: a remembered digest is trusted only if the whole signature is equal *and* the file was read later than
its last change by more than the tick of the file system's clock: two changes within one tick leave the same
time stamps. A time stamp from the future is never trusted. Times are compared with this moment only, never
with each other.
"""

from __future__ import annotations

import stat
import time
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os

SECOND = 1_000_000_000


class Signature(NamedTuple):
    """Stat of a file, times in nanoseconds since 1970."""

    device: int
    inode: int
    size: int
    mtime: int
    ctime: int


def signature_of(status: os.stat_result) -> Signature:
    """The signature in a stat result."""
    return Signature(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _clock_tick() -> int:
    """Nanoseconds between two ticks of the clock that stamps files, with a margin."""
    try:
        resolution = time.clock_getres(time.CLOCK_REALTIME_COARSE)  # type: ignore[attr-defined,unused-ignore]
    except (AttributeError, OSError):
        resolution = 0.01
    return int(resolution * 2 * SECOND)


TICK = max(_clock_tick(), 10_000_000)
COARSE_TICK = 2 * SECOND
"""FAT counts in two seconds, HFS+ and ext3 in one: both leave stamps of whole seconds."""


def settles_at(signature: Signature) -> int:
    """The moment (nanoseconds since 1970) after which a reading of the file can be trusted."""
    whole_seconds = signature.mtime % SECOND == 0 and signature.ctime % SECOND == 0
    return max(signature.mtime, signature.ctime) + (COARSE_TICK if whole_seconds else TICK)


def is_executable(status: os.stat_result) -> bool:
    """The owner may execute it: what git and make call executable."""
    return bool(status.st_mode & stat.S_IXUSR)
