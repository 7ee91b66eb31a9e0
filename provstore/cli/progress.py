"""How far a run is, and how long it may still take.

Rules: no input or output, and no clock of its own: every moment is passed in, in seconds of a monotonic clock.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.events import TaskEnded

BAD = ("failed", "different")
"""How a task of a run, or of a verification, ends that did not end well."""

LEARNING = 2.0
"""Seconds after which the pace of this run says more than the number of tasks that run at once."""


class Running:
    """A task that runs now.

    Attributes:
        expected: Seconds that it took the last time; None: not known.
    """

    __slots__ = ("began", "expected", "name")

    def __init__(self, name: str, began: float, expected: float | None) -> None:
        self.name, self.began, self.expected = name, began, expected


class Progress:
    """What has ended, what runs, and what that says about the rest.

    Args:
        tasks: Number of tasks that are to be brought up to date.
        seconds: How long tasks took the last time, by name.
        now: The moment at which the run began.

    Attributes:
        ended: Number of tasks that have ended, well or not.
        failed: Number of those that failed.
    """

    def __init__(self, tasks: int, seconds: Mapping[str, float], now: float) -> None:
        self.tasks, self.ended, self.failed = tasks, 0, 0
        self.began = now
        self._expected = dict(seconds)
        self._known = sum(seconds.values())
        self._recorded = (self._known, len(seconds))
        self._running: dict[str, Running] = {}
        self._worked = 0.0
        self._executed = 0

    @property
    def running(self) -> list[Running]:
        """What runs now; what has run longest comes first."""
        return list(self._running.values())

    @property
    def share(self) -> float:
        """Of all tasks, those that have ended; 0 to 1."""
        return min(1.0, self.ended / self.tasks) if self.tasks else 0.0

    def add(self, tasks: int, seconds: Mapping[str, float]) -> None:
        """More tasks came to light."""
        self.tasks += tasks
        for name, expected in seconds.items():
            self._known += expected - self._expected.get(name, 0.0)
            self._expected[name] = expected

    def start(self, execution: str, name: str, now: float) -> None:
        """A task starts."""
        self._running[execution] = Running(name, now, self._expected.get(name))

    def end(self, event: TaskEnded) -> None:
        """A task has ended, or an attempt at it."""
        self._running.pop(event.execution, None)
        self._worked += event.seconds
        self._executed += event.seconds > 0
        if event.will_retry:
            return
        self._known -= self._expected.pop(event.task, 0.0)
        self.ended = event.ended
        self.tasks = max(self.tasks, event.ended)
        self.failed += event.outcome in BAD

    def seconds_left(self, now: float) -> float | None:
        """An estimate, from what tasks took the last time and from the pace of this run; None: nothing is known."""
        usual = self._usual()
        if usual is None or self.ended >= self.tasks:
            return None
        unknown = self.tasks - self.ended - len(self._expected)
        work = self._known + max(0, unknown) * usual
        longest = elapsed_sum = 0.0
        for task in self._running.values():
            elapsed, expected = now - task.began, usual if task.expected is None else task.expected
            elapsed_sum += elapsed
            work -= min(elapsed, expected)
            longest = max(longest, expected - elapsed)
        pace = float(max(1, len(self._running)))
        since = now - self.began
        if since > LEARNING and self._worked + elapsed_sum > 0:
            pace = (self._worked + elapsed_sum) / since or pace  # of next to nothing, nothing is left
        return max(longest, work / pace, 0.0)

    def _usual(self) -> float | None:
        """Seconds of a task of which nothing is known: the mean of those that ran now, or else the last time."""
        if self._executed:
            return self._worked / self._executed
        total, number = self._recorded
        return total / number if number else None
