"""Verifications → text for people, JSON for programs, checks for CI. Pure; colour is added last, by `style`."""

from __future__ import annotations

from provstore.cli.ci.checks import Check
from provstore.cli.comparison import comparison_lines, difference_json, wrapped
from provstore.cli.plain import log_lines
from provstore.cli.render import plain
from provstore.model.comparison import EQUIVALENT, IDENTICAL
from provstore.model.values import harmless, task_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.cli.render import Style
    from provstore.events import TaskEnded
    from provstore.model.values import JSON
    from provstore.model.verification import OutputVerdict, TaskVerdict
    from provstore.operations.verify import VerifyReport

WORD = 10
"""Columns of most verdicts."""
STEP = 4
SHOWN_LINES = 30
"""Of the differences of one output; `--json` has all."""
LISTED_BAD = 5
"""Tasks that are named again at the end, where there are many."""
SCREEN = 20


# --- JSON -------------------------------------------------------------------------------------------------


def verify_json(report: VerifyReport) -> dict[str, JSON]:
    """The contract of `verify`."""
    return {
        "ok": report.is_good,
        "tasks": [_task_json(task) for task in report.tasks],
        "summary": {**report.summary, "cancelled": report.cancelled},
        "sample": report.sample._asdict() if report.sample is not None else None,
        "recorded": report.recorded,
        "scratch": report.scratch or None,
    }


def _task_json(task: TaskVerdict) -> dict[str, JSON]:
    return {
        "stage": task.stage,
        "data_id": dict(task.data_id),
        "verdict": task.verdict,
        "outputs": [_output_json(output) for output in task.outputs],
        "execution": task.execution,
        "seconds": task.seconds,
        "message": task.message or None,
        "undeclared": list(task.undeclared),
        "folder": task.folder or None,
    }


def _output_json(output: OutputVerdict) -> dict[str, JSON]:
    found = output.comparison
    return {
        "path": output.path,
        "verdict": output.verdict,
        "expected": output.expected,
        "found": output.found,
        "differences": [difference_json(entry) for entry in found.differences] if found is not None else [],
        "format": found.format if found is not None else None,
        "message": output.message or (found.unavailable if found is not None else "") or None,
        "truncated": found.truncated if found is not None else False,
    }


# --- text -------------------------------------------------------------------------------------------------


def verified_lines(event: TaskEnded, style: Style = plain, width: int | None = None) -> list[str]:
    """How a task ended: its verdict, then what differs, or the end of its log.

    Args:
        width: Columns of the terminal; None: lines are as long as they are.
    """
    task = event.verified
    again = "; trying again" if event.will_retry else ""
    seconds = f"  {event.seconds:.1f} s" if event.seconds else ""
    note = event.message or (_ignored(task.outputs) if task is not None else "")
    message = f"  ({harmless(note)})" if note else ""
    head = f"{event.outcome.ljust(WORD)}  {harmless(event.task)}{seconds}{message}{again}"
    first, *others = wrapped(head, width, WORD + 2)
    lines = [style(event.outcome, event.outcome) + first.removeprefix(event.outcome), *others]
    for output in task.outputs if task is not None else ():
        lines += _output_lines(output, style, width)
    return [*lines, *log_lines(event.log_tail)]


def _ignored(outputs: Sequence[OutputVerdict]) -> str:
    """In what equivalent outputs differ all the same, in a few words."""
    found = dict.fromkeys(
        entry.what
        for output in outputs
        if output.verdict == EQUIVALENT and output.comparison is not None
        for entry in output.comparison.differences
    )
    return f"except: {', '.join(list(found)[:LISTED_BAD])}" if found else ""


def _output_lines(output: OutputVerdict, style: Style, width: int | None) -> list[str]:
    """An output that is not just equal, indented below its task."""
    if output.verdict in (IDENTICAL, EQUIVALENT) or not (output.found or output.message):
        return []
    indent = " " * STEP
    inner = None if width is None else max(1, width - 2 * STEP)
    said = f": {harmless(output.message)}" if output.message else ""
    lines = wrapped(f"{harmless(output.path)}{said}", width, 2 * STEP, STEP)
    found = comparison_lines(output.comparison, style, inner) if output.comparison is not None else []
    if len(found) > SHOWN_LINES:
        found = [*found[: SHOWN_LINES - 1], f"… and {len(found) - SHOWN_LINES + 1} more lines, which --json has"]
    return [*lines, *(f"{indent}{indent}{line}" for line in found)]


def verify_text(report: VerifyReport, style: Style = plain) -> str:
    """The last lines: numbers, and what has to be looked at where it has scrolled away."""
    counts = [f"{number} {verdict}" for verdict, number in report.summary.items() if number]
    if report.cancelled:
        counts.append(f"{report.cancelled} cancelled")
    word = ("reproduced", "identical") if report.is_good else ("not reproduced", "different")
    if report.signal:
        word = ("interrupted", "cancelled")
    lines = [f"{style(*word)}: {', '.join(counts)}" if counts else "There is nothing to verify: no tasks."]
    bad = [harmless(task_name(task.stage, task.data_id)) for task in report.tasks if not task.is_good]
    if bad and len(report.tasks) > SCREEN:
        more = f" and {len(bad) - LISTED_BAD} more" if len(bad) > LISTED_BAD else ""
        lines.append(f"see: {'; '.join(bad[:LISTED_BAD])}{more}")
    if report.scratch:
        lines.append(f"kept: {harmless(report.scratch)}")
    return "\n".join(lines)


# --- CI ---------------------------------------------------------------------------------------------------


def verify_checks(report: VerifyReport, tails: Mapping[str, bytes]) -> list[Check]:
    """A check for each task.

    Args:
        tails: The end of the log of tasks that failed, by name.
    """
    return [_check(task, tails) for task in report.tasks]


def _check(task: TaskVerdict, tails: Mapping[str, bytes]) -> Check:
    name = task_name(task.stage, task.data_id)
    details = [line for output in task.outputs for line in _output_lines(output, plain, None)]
    details += log_lines(tails.get(name, b""))
    outcome = "passed" if task.is_good else "failed"
    differing = ", ".join(output.path for output in task.outputs if output.found and output.verdict == task.verdict)
    message = task.message or ("" if task.is_good else f"{differing} came out {task.verdict}")
    return Check(name, task.stage, outcome, task.seconds or 0.0, message, "\n".join(details), task.verdict)
