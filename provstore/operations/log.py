"""The runs, newest first."""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.operations.identify import shortener
from provstore.store import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.project import Project


class RunLine(NamedTuple):
    """One run.

    Attributes:
        short: Its id as far as it has to be typed.
        started, ended: UTC text; `ended` is None for a run that is under way or was killed.
        outcome: None likewise.
        arguments: The words after "provstore".
        summary: Number of tasks by outcome; None likewise.
    """

    id: str
    short: str
    started: str
    ended: str | None
    outcome: str | None
    arguments: tuple[str, ...]
    summary: Mapping[str, int] | None


class LogReport(NamedTuple):
    """Runs, newest first."""

    runs: tuple[RunLine, ...]


def log(project: Project, number: int | None) -> LogReport:
    """The last runs; all of them where `number` is None. Without a store there are none."""
    store = project.store
    if store is None:
        return LogReport(())
    shortened = shortener(store)
    found = store.ask(records.runs, -1 if number is None else number)
    return LogReport(
        tuple(
            RunLine(
                row["id"],
                shortened(row["id"]),
                row["started"],
                row["ended"],
                row["outcome"],
                tuple(row["arguments"]),
                row["summary"],
            )
            for row in found
        )
    )
