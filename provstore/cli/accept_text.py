"""What was accepted → text for people and JSON for programs. Pure functions."""

from __future__ import annotations

from collections import Counter

from provstore.cli.render import ALIKE, plain, reasons_json, reasons_text
from provstore.cli.tables import moment
from provstore.model.values import harmless, task_name
from provstore.model.verdict import FRESH
from provstore.operations.accept import ACCEPTED
from provstore.store import acceptances

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.accept import AcceptedTask, AcceptReport

BY_HAND = "recorded as put there by hand"


def accept_json(report: AcceptReport) -> dict[str, JSON]:
    """The contract of `accept`."""
    return {
        "dry_run": report.dry_run,
        "tasks": [
            {
                "stage": task.stage,
                "data_id": dict(task.data_id),
                "outcome": task.outcome,
                "execution": task.execution,
                "by_hand": task.by_hand,
                "reasons": reasons_json(task.reasons),
                "outputs": list(task.outputs),
            }
            for task in report.tasks
        ],
        "summary": {"accepted": report.number, "fresh": len(report.tasks) - report.number},
    }


def accept_text(report: AcceptReport, style: Style = plain) -> str:
    """One line a task, with what had changed; many of a stage that are alike share a line."""
    words = {ACCEPTED: "would be accepted" if report.dry_run else ACCEPTED, FRESH: FRESH}
    wide = max((len(words[task.outcome]) for task in report.tasks), default=0)
    alike = Counter(map(_kind, report.tasks))
    lines, listed = [], set()
    for task in report.tasks:
        kind = _kind(task)
        name = task_name(task.stage, task.data_id)
        if alike[kind] > ALIKE:
            if kind in listed:
                continue
            listed.add(kind)
            name = f"{task.stage} ({alike[kind]} tasks)"
        reasons = "; ".join(filter(None, (reasons_text(task.reasons), BY_HAND if task.by_hand else "")))
        word = style(words[task.outcome].ljust(wide), FRESH)
        lines.append(f"{word}  {harmless(name)}" + harmless(f"  ({reasons})" if reasons else ""))
    outcomes = Counter(task.outcome for task in report.tasks)
    counts = [f"{outcomes[outcome]} {word}" for outcome, word in words.items() if outcomes[outcome]]
    return "\n".join([*lines, ", ".join(counts) or "no tasks"])


def _kind(task: AcceptedTask) -> tuple[object, ...]:
    """What tasks that share a line have in common."""
    return task.stage, task.outcome, task.by_hand, tuple([reason.text for reason in task.reasons])


def is_by_hand(execution: Mapping[str, Any]) -> bool:
    """Nothing ran: a person put there what the task makes, and accepted it."""
    return acceptances.is_by_hand(execution["run"], execution["name"])


def told(execution: Mapping[str, Any]) -> list[str]:
    """Of an execution's outputs: who took them for right last, when, why, and what had changed since they were made."""
    if not execution["acceptances"]:
        return []
    last = execution["acceptances"][0]
    message = f": {last['message']}" if last["message"] else ""
    not_executed = "not executed" if is_by_hand(execution) else "not executed with another key"
    changed = f": {'; '.join(last['changed'])}" if last["changed"] else ""
    return [f"by {last['user']} on {moment(last['accepted'])}{message}", f"{not_executed}{changed}"]
