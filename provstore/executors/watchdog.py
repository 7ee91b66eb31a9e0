"""Ends what a killed runner leaves behind.

The watchdog is a shell that waits for the end of a pipe whose other end only the runner holds: it takes
no time and a megabyte, and no message is sent for a job. When the pipe ends, the runner is dead, whatever
killed it, and the shell becomes a Python that calls `end_orphans`. A runner that ends properly kills its
watchdog first.

It sits in its own session, so that what ends the runner's group does not reach it.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from contextlib import suppress

from provstore.executors.processes import MARK

SCRIPT = "trap '' INT TERM HUP; cd /; read -r word; exec \"$@\""

AFTERWARDS = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from provstore.executors.orphans import end_orphans; end_orphans(sys.argv[2])"
)

LOCK_DESCRIPTOR = 9
"""Where the watchdog finds its lock; the shell leaves one digit alone."""

SECONDS_FOR_THE_LAST = 3.0
"""How long the watchdog of a killed runner may need; `end_orphans` gives up before."""


class Watchdog:
    """The watchdog of this process, at work from construction to `end`.

    It holds a lock on the folder `running`. The next runner's watchdog waits for that lock, and so does
    its first job: else the last watchdog, still at work, could take that job for an orphan.

    Args:
        running: Absolute path of the folder that holds the folders of jobs.
        null: Descriptor of /dev/null, above 9.
    """

    def __init__(self, running: str, null: int) -> None:
        lock = _locked(running)
        pipe, self._pipe = os.pipe()
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        command = (sys.executable, "-IBS", "-c", AFTERWARDS, root, running)
        high_pipe = fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, LOCK_DESCRIPTOR + 1)
        try:
            self.pid = _spawn(("sh", "-c", SCRIPT, "provstore-watchdog", *command), (high_pipe, null, lock))
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            for descriptor in (pipe, high_pipe, lock):
                os.close(descriptor)

    def end(self) -> None:
        """Ends the watchdog without its doing anything."""
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._pipe)  # not before: its end is what sets the watchdog off


def _spawn(command: tuple[str, ...], descriptors: tuple[int, int, int]) -> int:
    pipe, null, lock = descriptors
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    actions = [(os.POSIX_SPAWN_DUP2, source, to) for source, to in ((pipe, 0), (null, 1), (null, 2))]
    actions.append((os.POSIX_SPAWN_DUP2, lock, LOCK_DESCRIPTOR))
    try:
        return os.posix_spawn("/bin/sh", command, environment, file_actions=actions, setsigmask=(), setsid=True)
    except NotImplementedError:  # a C library without POSIX_SPAWN_SETSID
        return os.posix_spawn("/bin/sh", command, environment, file_actions=actions, setsigmask=(), setpgroup=0)


def _locked(running: str) -> int:
    """A descriptor above 9 of the folder `running`, locked as soon as the last watchdog there is done.

    A file system that can't lock folders, and a watchdog that never ends, must not keep a run from its work.
    """
    folder = os.open(running, os.O_RDONLY | os.O_DIRECTORY)
    try:
        descriptor = fcntl.fcntl(folder, fcntl.F_DUPFD_CLOEXEC, LOCK_DESCRIPTOR + 1)
    finally:
        os.close(folder)
    until = time.monotonic() + SECONDS_FOR_THE_LAST
    while time.monotonic() < until:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            break
        else:
            break
    return descriptor
