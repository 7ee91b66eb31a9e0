"""An executor without processes."""

from __future__ import annotations

import os
import time

from provstore.ports import Finished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provstore.ports import Job


def succeed(job: Job) -> int:
    """Does nothing, successfully."""
    return 0


def first(jobs: Sequence[Job]) -> Job:
    """The job that was started first."""
    return jobs[0]


class FakeExecutor:
    """An `Executor` that runs a Python function instead of each job's command.

    Each `wait` ends one job, so that several started before it run at once. Where a job's folder exists,
    it holds an empty `log` from the start on, to which the function may write.

    Args:
        work: Does what the command would do, when the job ends. It returns the exit status, or how the job
            ended in full (begin with `ending` and `_replace`).
        choose: Which of the running jobs, given in the order of their start, ends next.
        clock: Seconds since 1970.

    Attributes:
        started: Every job that was started, in order.
        most_at_once: How many jobs ran at the same time, at most.
        signals: What `stop` was called with.
        closed: `close` was called.
        hold: While true no job ends by itself, as if all took for ever; `wait` then returns nothing.
    """

    def __init__(
        self,
        work: Callable[[Job], int | Finished] = succeed,
        *,
        choose: Callable[[Sequence[Job]], Job] = first,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.work, self.choose, self.clock = work, choose, clock
        self.started: list[Job] = []
        self.signals: list[int] = []
        self.most_at_once = 0
        self.hold = self.closed = False
        self._running: dict[str, tuple[Job, float]] = {}
        self._finished: list[Finished] = []

    @property
    def running(self) -> tuple[Job, ...]:
        """Jobs that were started and have not ended, in the order of their start."""
        return tuple(job for job, _ in self._running.values())

    def start(self, job: Job) -> None:
        """Remembers the job; its work is done when `wait` ends it."""
        if self.closed or job.folder in {other.folder for other in self.running}:
            raise AssertionError(f"{job.execution}: started after close, or in a folder that is in use")
        if os.path.isdir(job.folder):
            with open(os.path.join(job.folder, "log"), "wb"):
                pass
        self.started.append(job)
        self._running[job.execution] = (job, self.clock())
        self.most_at_once = max(self.most_at_once, len(self._running))

    def wait(self, seconds: float | None) -> Sequence[Finished]:
        """Ends the job that `choose` picks; never sleeps."""
        if self._running and not self._finished and not self.hold:
            job = self.choose(self.running)
            result = self.work(job)
            self._finished.append(self.ending(job, result) if isinstance(result, int) else result)
            del self._running[job.execution]
        finished, self._finished = self._finished, []
        return finished

    def ending(self, job: Job, exit_status: int = 0) -> Finished:
        """How a running job ends that does so now and by itself."""
        log = os.path.join(job.folder, "log")
        return Finished(
            execution=job.execution,
            exit_status=exit_status,
            signal=None,
            error="",
            timed_out=False,
            stopped=False,
            survivors=(),
            started=self._running[job.execution][1],
            ended=self.clock(),
            cpu_seconds=0.0,
            peak_memory=0,
            log_size=os.path.getsize(log) if os.path.exists(log) else 0,
        )

    def stop(self, number: int) -> None:
        """Ends all that runs as if by signal `number`; the work is not done."""
        self.signals.append(number)
        for job in self.running:
            ending = self.ending(job)._replace(exit_status=None, signal=number, stopped=True)
            self._finished.append(ending)
            del self._running[job.execution]

    def kill(self) -> None:
        """Ends all that runs as if by SIGKILL."""
        self.stop(9)

    def close(self) -> None:
        """Remembers that; nothing may be running."""
        if self._running:
            raise AssertionError(f"closed while {len(self._running)} jobs run")
        self.closed = True
