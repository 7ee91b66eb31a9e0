"""How the tasks of a run fared."""

from __future__ import annotations

from functools import cached_property

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.model.values import DataId
    from provstore.model.verdict import Reason

OUTCOMES = ("executed", "restored", "fresh", "failed", "blocked", "cancelled")
UP_TO_DATE = frozenset({"executed", "restored", "fresh"})


def counts(summary: Mapping[str, int]) -> list[tuple[str, int]]:
    """The outcomes that there were, in their order, with the number of tasks that fared so; of a run that has ended."""
    return [(outcome, summary[outcome]) for outcome in OUTCOMES if summary.get(outcome)]


class Fared(NamedTuple):
    """What a run notes of a task until its end: a report without what the plan knows as well."""

    outcome: str
    execution: str | None
    seconds: float | None
    reasons: tuple[Reason, ...]


class TaskReport(NamedTuple):
    """How one task fared; `outcome` is one of `OUTCOMES`."""

    stage: str
    data_id: DataId
    outcome: str
    execution: str | None
    seconds: float | None
    reasons: tuple[Reason, ...]


class Replacement(NamedTuple):
    """What became of the run whose place a new one took.

    Attributes:
        collection: Its RUN collection.
        outcome: "replaced" (it is in the chain no longer), "removed" (its collection is, too) or "kept" (it stays in
            the chain, behind the new one, with what that did not make again).
        deleted: How many of its datasets were deleted.
    """

    collection: str
    outcome: str
    deleted: int


class RunReport:
    """How a run fared.

    Attributes:
        run: Its id; None when nothing had to be done.
        outcome: "succeeded", "failed" or "cancelled".
        signal: What ended it; 0: nothing did.
        number: Number of selected tasks.
        replaced: The run whose place it took; None: there is none.
    """

    def __init__(
        self,
        run: str | None,
        outcome: str,
        signal: int,
        number: int,
        tasks: Callable[[], tuple[TaskReport, ...]],
        counts: Mapping[str, int] | None = None,
        replaced: Replacement | None = None,
    ) -> None:
        """`counts`: the number of tasks by outcome where that is known without listing them."""
        self.run, self.outcome, self.signal, self.number = run, outcome, signal, number
        self.replaced = replaced
        self._tasks, self._counts = tasks, counts

    @cached_property
    def tasks(self) -> tuple[TaskReport, ...]:
        """In the order of the plan. Made when asked for: a run with nothing to do need not list ten thousand."""
        return self._tasks()

    @property
    def summary(self) -> dict[str, int]:
        """Number of tasks by outcome."""
        if self._counts is not None:
            return {**dict.fromkeys(OUTCOMES, 0), **self._counts}
        counts = dict.fromkeys(OUTCOMES, 0)
        for task in self.tasks:
            counts[task.outcome] += 1
        return counts
