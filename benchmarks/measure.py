"""Running one command and taking its measure."""

from __future__ import annotations

import os
import subprocess
import time
from typing import NamedTuple

REPORTED_BYTES = 2000  # of what a command printed, when it fails


class Measure(NamedTuple):
    """What one command took.

    Attributes:
        seconds: Wall time.
        cpu_seconds: User and system time of the command and all it waited for.
        peak_memory: Bytes, of the largest process among them. Linux counts the moment before exec too, when
            the child still has the memory of its parent, so this is never below `floor()`.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int


class FailedError(Exception):
    """A measured command did not do its work; a benchmark of failures says nothing."""


def environment() -> dict[str, str]:
    """The caller's, without what changes how the tools behave."""
    dropped = {"MAKEFLAGS", "MFLAGS", "NINJA_STATUS", "PROVSTORE_TASK"}
    return {**{name: value for name, value in os.environ.items() if name not in dropped}, "LC_ALL": "C"}


def measured(command: list[str], folder: str) -> Measure:
    """Runs a command in `folder` and waits for it.

    Raises:
        FailedError: It ended with anything but 0; the message holds the end of what it printed.
    """
    log = os.path.join(folder, "benchmark.log")
    with open(log, "wb") as output:
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        _, wait_status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(wait_status)
    with open(log, "rb") as printed:
        text = printed.read()[-REPORTED_BYTES:].decode("utf-8", "replace")
    os.remove(log)
    if process.returncode != 0:
        raise FailedError(f"{' '.join(command)}: exit status {process.returncode}\n{text}")
    return Measure(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def floor(folder: str) -> int:
    """Peak memory that is measured for a program that needs next to none, in bytes."""
    return measured(["/bin/true"], folder).peak_memory
