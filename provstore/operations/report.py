"""How the tasks of a run fared."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

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
