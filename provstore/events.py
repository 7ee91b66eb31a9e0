"""What happens during a run, as data. The engine makes events; terminal, log and plug-ins listen."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from provstore.model.verdict import Reason
    from provstore.model.verification import TaskVerdict


class RunStarted(NamedTuple):
    """The run knows what there is to do.

    Attributes:
        tasks: Number of selected tasks that are not fresh, or may turn out not to be.
        seconds: How long the work took the last time, for those tasks that ran before; by task name.
            Empty unless the run's request asks for estimates.
    """

    run: str
    tasks: int
    seconds: dict[str, float]


class TasksFound(NamedTuple):
    """More tasks came to light: a dimension was found in what a stage has made. Fields as in `RunStarted`."""

    tasks: int
    seconds: dict[str, float]


class TaskStarted(NamedTuple):
    """A task's command was started. `log` is the absolute path of what it prints."""

    task: str
    execution: str
    reasons: Sequence[Reason]
    attempt: int
    log: str


class TaskEnded(NamedTuple):
    """A task needs nothing more, or its attempt failed.

    Attributes:
        outcome: "executed", "restored", "fresh", "failed", "blocked" or "cancelled"; of a verification, its verdict.
        message: Why it failed; empty otherwise.
        log_tail: The end of what it printed, for failures.
        will_retry: Another attempt follows.
        ended: Number of tasks of the run that have ended by now.
        verified: What came of doing its work again; None in a run.
    """

    task: str
    execution: str
    outcome: str
    seconds: float
    message: str
    log_tail: bytes
    will_retry: bool
    ended: int
    reasons: Sequence[Reason] = ()
    verified: TaskVerdict | None = None


class Remark(NamedTuple):
    """Something that a person should know, not about one task's end."""

    text: str


class RunEnded(NamedTuple):
    """The run is over; its last facts are written."""

    run: str
    outcome: str


if TYPE_CHECKING:
    Event: TypeAlias = "RunStarted | TasksFound | TaskStarted | TaskEnded | Remark | RunEnded"
    Observer: TypeAlias = "Callable[[Event], None]"
