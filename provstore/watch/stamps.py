"""Whether a file system tells any two changes apart by their time stamps, found out by trying.

Most file systems stamp a change with a clock that ticks every few milliseconds: two changes within a tick leave
the same stamps, so what was read just after a change can't be trusted yet (see `signature`). Linux from 6.13 on
takes a finer clock for a change to a file that somebody has looked at since the last one, on ext4, xfs, btrfs
and tmpfs; there a file that was looked at, read, and still looks the same was read as it is.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Look: TypeAlias = Callable[[int], os.stat_result]

CHANGES = 5
"""Changes with a look after each. A clock that ticks can tell two of them apart by chance, not all."""

SHORTEST_TICK = 1_000_000
"""Nanoseconds: no clock that ticks does so more often. Only a test that took less time proves anything."""

TRIES = 3
"""A busy machine may interrupt a test."""


def device_with_fine_stamps(scratch: str, look: Look = os.fstat) -> int | None:
    """The device (`st_dev`) that `scratch` lies on, if all of its changes can be told apart; None if not.

    Args:
        scratch: Absolute path of a file to write; it is removed. Where it can't be written the answer is None.
        look: How an open file looks.
    """
    with suppress(OSError):
        descriptor = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            if any(_all_differ(descriptor, look) for _ in range(TRIES)):
                return os.fstat(descriptor).st_dev
        finally:
            os.close(descriptor)
            os.unlink(scratch)
    return None


def _all_differ(descriptor: int, look: Look) -> bool:
    """Changes an open file a few times, in less than a tick of any clock, and compares the stamps."""
    stamps = set()
    began = time.monotonic_ns()
    for _ in range(CHANGES):
        os.pwrite(descriptor, b".", 0)
        status = look(descriptor)
        stamps.add((status.st_mtime_ns, status.st_ctime_ns))
    return len(stamps) == CHANGES and time.monotonic_ns() - began < SHORTEST_TICK
