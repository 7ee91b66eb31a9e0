"""Running one command and taking its measure."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import NamedTuple

REPORTED_BYTES = 2000  # of what a command printed, when it fails
LONGEST = 900.0  # seconds that a command may take
LAUNCHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "launcher.py")


class Measure(NamedTuple):
    """What one command took.

    Attributes:
        seconds: Wall time.
        cpu_seconds: User and system time of the command and all it waited for.
        peak_memory: Bytes, of the largest process among them; about 10 MB at least, what the launcher has itself.
    """

    seconds: float
    cpu_seconds: float
    peak_memory: int


class FailedError(Exception):
    """A measured command did not do its work; a benchmark of failures says nothing."""


class TooLongError(FailedError):
    """A measured command was ended because it took too long."""


def environment() -> dict[str, str]:
    """The caller's, without what changes how the tools behave."""
    dropped = {"MAKEFLAGS", "MFLAGS", "NINJA_STATUS", "PROVSTORE_TASK", "SCONSFLAGS"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "LC_ALL": "C", "DVC_NO_ANALYTICS": "1", "DVC_CHECK_UPDATE": "0"}


class Launcher:
    """The process that starts what is measured, from the first command on."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, command: list[str], folder: str, log: str, limit: float) -> tuple[float, float, int, int | None]:
        """See `launcher.run`."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", LAUNCHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        assert self._process.stdin is not None  # both are pipes
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([command, folder, environment(), log, limit]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise FailedError(f"{' '.join(command)}: could not be started")
        seconds, cpu_seconds, peak_memory, exit_status = json.loads(answer)
        return seconds, cpu_seconds, peak_memory, exit_status

    def stop(self) -> None:
        """Ends the process; the next command starts a new one."""
        if self._process is not None:
            self._process.communicate()  # closes its input, which ends it
            self._process = None


LAUNCH = Launcher()


def measured(command: list[str], folder: str, *, fine: tuple[int, ...] = (0,), limit: float = LONGEST) -> Measure:
    """Runs a command in `folder` and waits for it.

    Args:
        fine: Exit statuses that mean that it did its work.
        limit: Seconds after which it is ended.

    Raises:
        FailedError: It ended with another status; the message holds the end of what it printed.
    """
    log = os.path.abspath(folder).rstrip("/") + ".log"  # beside the folder: no tool sees it come and go
    seconds, cpu_seconds, peak_memory, status = LAUNCH.run(command, os.path.abspath(folder), log, limit)
    with open(log, "rb") as printed:
        text = printed.read()[-REPORTED_BYTES:].decode("utf-8", "replace")
    os.remove(log)
    if status is None:
        raise TooLongError(f"{' '.join(command)}: ended after {limit:.0f} s")
    if status not in fine:
        raise FailedError(f"{' '.join(command)}: exit status {status}\n{text}")
    return Measure(seconds, cpu_seconds, peak_memory)
