"""Commands under `nice` and `ionice`: last in line for the processors and for the disk."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provstore.plugin import Executor, Finished, Job

LEAST = 19
"""The niceness of what has to wait for all others."""
IDLE = 3
"""The class of `ionice` that reads and writes only while nobody else does."""


def make_nice(folder: str, local: Callable[[], Executor]) -> Executor:
    """The executor of a run.

    Raises:
        FileNotFoundError: There is no program `nice`.
    """
    del folder
    return NiceExecutor(local(), words_before())


def words_before() -> tuple[str, ...]:
    """What stands before every command. By full paths: a job has a ``PATH`` of its own."""
    nice, ionice = shutil.which("nice"), shutil.which("ionice")
    if nice is None:
        raise FileNotFoundError("there is no program 'nice' on this machine")
    words = (nice, "-n", str(LEAST))
    return (*words, ionice, "-c", str(IDLE), "-t") if ionice else words


class NiceExecutor:
    """Puts words before each command, and leaves all else to another executor.

    `nice` and `ionice` become the command that they start: it has the process, the signals and the exit status.
    """

    def __init__(self, inner: Executor, before: Sequence[str]) -> None:
        self._inner, self._before = inner, tuple(before)

    def start(self, job: Job) -> None:
        """Starts a job; one without a command is left for the other executor to refuse."""
        self._inner.start(job._replace(argv=(*self._before, *job.argv)) if job.argv else job)

    def wait(self, seconds: float | None) -> Sequence[Finished]:
        """Jobs that ended."""
        return self._inner.wait(seconds)

    def stop(self, number: int) -> None:
        """Sends a signal to all that runs."""
        self._inner.stop(number)

    def kill(self) -> None:
        """Kills all that runs."""
        self._inner.kill()

    def close(self) -> None:
        """Frees what the other executor holds."""
        self._inner.close()
