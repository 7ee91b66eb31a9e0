"""What a command found, as CI counts it: one check for each task."""

from __future__ import annotations

from provstore.cli.plain import printed_lines
from provstore.model.values import task_name
from provstore.model.verdict import FRESH
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.errors import ProvstoreError
    from provstore.events import Event, TaskEnded
    from provstore.operations.report import RunReport, TaskReport
    from provstore.operations.status import StatusReport

PASSED, SKIPPED, FAILED, ERROR = OUTCOMES = ("passed", "skipped", "failed", "error")
"""From the best to the worst."""

LOG_LINES = 200
"""Lines at the end of a log."""

OUTCOME_OF = {
    "executed": PASSED,
    "restored": PASSED,
    "fresh": PASSED,
    "failed": FAILED,
    "blocked": SKIPPED,
    "cancelled": SKIPPED,
}
"""What the outcome of a task of a run is for CI."""

NOT_STARTED = {
    "blocked": "not started: a task that it needs failed",
    "cancelled": "not started, or stopped: the run ended before",
}


class Check(NamedTuple):
    """How one task fared, as CI counts it.

    Attributes:
        name: The task as the command line spells it.
        stage: Its stage; "" where it is about the whole command.
        outcome: "passed", "failed", "skipped", or "error" where the command itself could not do its work.
        seconds: How long its command took; 0 where none ran.
        message: Why it did not pass, in one line; of one that passed, why it ran. May be empty.
        details: Several lines to it: the end of a log, differences. May be empty.
        word: What the command calls the outcome: "executed", "stale", "identical".
    """

    name: str
    stage: str
    outcome: str
    seconds: float = 0.0
    message: str = ""
    details: str = ""
    word: str = ""


class Witness:
    """Hears what happens during a run, and remembers what its report does not hold: logs, messages, remarks."""

    def __init__(self) -> None:
        self.remarks: list[str] = []
        self._ended: dict[str, TaskEnded] = {}

    def __call__(self, event: Event) -> None:
        """Takes an event."""
        from provstore.events import Remark, TaskEnded

        if isinstance(event, Remark):
            self.remarks.append(event.text)
        elif isinstance(event, TaskEnded):
            self._ended[event.task] = event

    def checks(self, report: RunReport) -> list[Check]:
        """A check for each task of the run."""
        return [_of_task(task, self._ended) for task in report.tasks]

    def checks_so_far(self) -> list[Check]:
        """A check for each task that ended in a run that has no report, since something stopped it."""
        return [_of_event(event) for event in self._ended.values()]


def status_checks(report: StatusReport) -> list[Check]:
    """A check for each task: what is not fresh fails, with its reasons."""
    return [
        Check(
            task_name(task.stage, task.data_id),
            task.stage,
            PASSED if task.state == FRESH else FAILED,
            message="" if task.state == FRESH else "; ".join(reason.text for reason in task.reasons),
            word=task.state,
        )
        for task in report.tasks
    ]


def of_error(command: str, error: ProvstoreError) -> Check:
    """A command that could not do its work."""
    lines = error.message.split("\n")
    details = "\n".join([*lines, *([f"hint: {error.hint}"] if error.hint else [])])
    more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
    return Check(f"provstore {command}", "", ERROR, 0.0, lines[0] + more, details, ERROR)


def counted(checks: Sequence[Check]) -> dict[str, int]:
    """Number of checks by what the command calls their outcome; what is worst comes first."""
    counts: dict[str, int] = {}
    for check in worst_first(checks):
        counts[check.word or check.outcome] = counts.get(check.word or check.outcome, 0) + 1
    return counts


def worst_first(checks: Sequence[Check]) -> list[Check]:
    """Those that failed, then those that were skipped, then the others; among their like in the order of the plan."""
    return sorted(checks, key=lambda check: -OUTCOMES.index(check.outcome))


def told(checks: Sequence[Check]) -> list[Check]:
    """Those of which more is to be said than how many they are: all but what was fresh from the start."""
    return [check for check in worst_first(checks) if check.outcome != PASSED or check.seconds or check.message]


def _of_task(task: TaskReport, ended: Mapping[str, TaskEnded]) -> Check:
    name = task_name(task.stage, task.data_id)
    if name in ended:
        return _of_event(ended[name])
    return Check(name, task.stage, OUTCOME_OF[task.outcome], task.seconds or 0.0, word=task.outcome)


def _of_event(event: TaskEnded) -> Check:
    did_something = event.outcome in {"executed", "restored"}
    why = "; ".join(reason.text for reason in event.reasons) if did_something else NOT_STARTED.get(event.outcome, "")
    return Check(
        event.task,
        event.task.partition("@")[0],
        OUTCOME_OF[event.outcome],
        event.seconds,
        event.message or why,
        "\n".join(printed_lines(event.log_tail, LOG_LINES)),
        event.outcome,
    )
