"""How a file looks without reading it, and when that is enough.

Rules: a remembered digest is trusted only if the whole signature is equal *and* the file was read later than
its last change by more than the tick of the file system's clock: two changes within one tick leave the same
time stamps. A time stamp from the future is never trusted. Times are compared with this moment only, never
with each other.
"""

from __future__ import annotations

import stat
import time

from provstore.noun import NamedTuple

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


def _clock_lag() -> int:
    """Nanoseconds by which the clock that stamps files may be behind the one that is read here: one tick of it."""
    try:
        resolution = time.clock_getres(time.CLOCK_REALTIME_COARSE)  # type: ignore[attr-defined,unused-ignore]
    except (AttributeError, OSError):
        resolution = 0.01
    return int(resolution * SECOND)


TICK = max(10_000_000, _clock_lag()) + _clock_lag()
"""Most file systems count as finely as that clock ticks, some in hundredths of a second."""
COARSE_TICK = 2 * SECOND + _clock_lag()
"""FAT counts in two seconds, HFS+ and ext3 in one: both leave stamps of whole seconds."""

LARGEST = 2**63 - 1
"""What the store can hold: tmpfs and btrfs know years before 1678 and after 2262, NFS inodes beyond it."""
NEVER = 2**127
"""A moment that does not come."""


def settles_at(signature: Signature, fine_device: int | None = None) -> int:
    """The moment (nanoseconds since 1970) after which a reading of the file can be trusted.

    Args:
        fine_device: Where any two changes can be told apart, if the file was looked at between them: see `stamps`.
    """
    if max(signature) > LARGEST or min(signature) < -LARGEST:
        return NEVER
    if signature.device == fine_device:
        return max(signature.mtime, signature.ctime)
    whole_seconds = signature.mtime % SECOND == 0 and signature.ctime % SECOND == 0
    return max(signature.mtime, signature.ctime) + (COARSE_TICK if whole_seconds else TICK)


def is_executable(mode: int) -> bool:
    """The owner may execute it: what git and make call executable."""
    return bool(mode & stat.S_IXUSR)
