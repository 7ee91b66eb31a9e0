"""Reports as text: what many tasks have in common is said once, and a failure is not lost among them."""

from collections.abc import Sequence

from provstore.cli import render
from provstore.model.verdict import Reason
from provstore.operations.report import RunReport, TaskReport
from provstore.operations.status import Group, StatusReport, TaskState

NEVER = (Reason("never-run", "", "never run"),)


def states(number: int, state: str, reasons: tuple[Reason, ...]) -> StatusReport:
    """A report of one stage's tasks, all alike."""
    return StatusReport(tuple(TaskState("a", (("x", x),), state, reasons, ()) for x in range(number)), ())


def test_many_tasks_alike_share_a_line() -> None:
    """Beyond a few, tasks of one stage in one state for one reason are counted."""
    assert render.status_text(states(300, "new", NEVER)).splitlines() == [
        "new         a (300 tasks)  (never run)",
        "300 new",
    ]


def test_a_few_tasks_have_a_line_each() -> None:
    """Their names are worth reading."""
    assert render.status_text(states(2, "new", NEVER)).splitlines()[:2] == [
        "new         a@x=0  (never run)",
        "new         a@x=1  (never run)",
    ]


class Unasked(Sequence[TaskState]):
    """Tasks that are only counted."""

    def __len__(self) -> int:
        return 300

    def __getitem__(self, number: int) -> TaskState:  # type: ignore[override]
        raise AssertionError(f"task {number} was made")


def test_tasks_that_share_a_line_are_not_made() -> None:
    """Of a hundred thousand that are fresh, none is asked for its data ID."""
    found = StatusReport(Unasked(), (), [Group("a", "fresh", ())] * 300)

    assert render.status_text(found).splitlines() == ["fresh       a (300 tasks)", "300 fresh"]
    assert found.is_fresh


def report(outcomes: list[str]) -> RunReport:
    """A run whose tasks fared so."""
    tasks = tuple(TaskReport("a", (("x", x),), outcome, None, None, ()) for x, outcome in enumerate(outcomes))
    return RunReport("r", "failed", 0, len(tasks), lambda: tasks)


def test_a_failure_among_many_tasks_is_named_at_the_end() -> None:
    """Its own lines have scrolled away by then."""
    text = render.run_text(report(["executed"] * 40 + ["failed"]))

    assert text.splitlines()[1:] == ["failed: a@x=40", "hint: provstore logs 'a@x=40'"]


def test_a_failure_among_few_tasks_is_not_repeated() -> None:
    """It still stands on the screen."""
    assert render.run_text(report(["executed", "failed"])) == "failed: 1 executed, 1 failed"
