"""Reports → text for people and JSON for programs. Pure functions; colour is added last, by `style`."""

from __future__ import annotations

from collections import Counter

from provstore.model.values import harmless, task_name
from provstore.model.verdict import STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from provstore.model.values import JSON
    from provstore.model.verdict import Reason
    from provstore.operations.report import Replacement, RunReport
    from provstore.operations.status import StatusReport

    Style = Callable[[str, str], str]

COLOURS = {
    "fresh": "green",
    "executed": "green",
    "restorable": "cyan",
    "restored": "cyan",
    "new": "yellow",
    "stale": "yellow",
    "waiting": "blue",
    "failed": "red",
    "blocked": "red",
    "cancelled": "magenta",
    "succeeded": "green",
    "remark": "yellow",
    "identical": "green",
    "equivalent": "green",
    "within tolerance": "yellow",
    "different": "red",
    "structure": "red",
    "values": "red",
    "metadata": "magenta",
    "storage": "cyan",
    "current": "green",
    "modified": "yellow",
    "missing": "red",
    "unknown": "red",
    "-": "red",
    "+": "green",
}


SCREEN = 20
"""Tasks whose lines fit on a screen."""

SHOWN_FAILURES = 5

ALIKE = 10
"""Tasks of one stage, in one state for the same reasons: more of them share a line."""


def plain(text: str, state: str) -> str:
    """The style without colour."""
    del state
    return text


def to_json(value: JSON) -> str:
    """JSON as it is printed: indented, characters as they are.

    But for the beginning of a workflow command of GitHub, which is obeyed anywhere in a line (`cli.ci.github`).
    """
    import json

    return json.dumps(value, ensure_ascii=False, indent=2).replace("##[", "#\\u0023[")


def status_text(report: StatusReport, style: Style = plain) -> str:
    """One line a task, with its reasons; fresh tasks of one stage, and many that are alike, share a line."""
    lines = []
    kinds = [group.alike if group.reasons else group for group in report.groups]
    alike = Counter(kinds)
    listed = set()
    for number, (group, kind) in enumerate(zip(report.groups, kinds, strict=True)):
        if alike[kind] > (1 if group.state == "fresh" else ALIKE):
            if kind in listed:
                continue
            listed.add(kind)
            name = f"{group.stage} ({alike[kind]} tasks)"
        else:
            name = task_name(group.stage, report.tasks[number].data_id)
        reasons = f"  ({reasons_text(group.reasons)})" if group.reasons else ""
        lines.append(f"{style(group.state.ljust(10), group.state)}  {harmless(name + reasons)}")
    lines += [f"{style('remark:', 'remark')} {harmless(remark)}" for remark in report.remarks]
    counts = [f"{number} {state}" for state, number in report.summary.items() if number]
    lines.append(", ".join(counts) if counts else "no tasks")
    return "\n".join(lines)


def reasons_text(reasons: Sequence[Reason], limit: int = 5) -> str:
    """All reasons in one line; beyond `limit` their number."""
    texts = [reason.text for reason in reasons[:limit]]
    if len(reasons) > limit:
        texts.append(f"and {len(reasons) - limit} more")
    return "; ".join(texts)


def reasons_json(reasons: Sequence[Reason]) -> list[JSON]:
    """Reasons as every report lists them."""
    return [reason._asdict() for reason in reasons]


def status_json(report: StatusReport, *, ok: bool | None = None) -> dict[str, JSON]:
    """The contract of `status` and `run -n`; with `ok`, that of `check`."""
    found: dict[str, JSON] = {} if ok is None else {"ok": ok}
    found["tasks"] = [
        {
            "stage": task.stage,
            "data_id": dict(task.data_id),
            "state": task.state,
            "reasons": reasons_json(task.reasons),
            "outputs": list(task.outputs),
        }
        for task in report.tasks
    ]
    summary = report.summary
    found["summary"] = {state: summary[state] for state in STATES}
    return found


def run_json(report: RunReport) -> dict[str, JSON]:
    """The contract of `run`."""
    return {
        "run": report.run,
        "outcome": report.outcome,
        "tasks": [
            {
                "stage": task.stage,
                "data_id": dict(task.data_id),
                "outcome": task.outcome,
                "execution": task.execution,
                "seconds": task.seconds,
                "reasons": reasons_json(task.reasons),
            }
            for task in report.tasks
        ],
        "summary": dict(report.summary),
    }


def replaced_json(replacement: Replacement | None) -> JSON:
    """What `run --replace-run` has in its JSON as well."""
    return None if replacement is None else dict(replacement._asdict())


def run_text(report: RunReport, style: Style = plain) -> str:
    """The last line of a run."""
    if report.run is None:
        return "Everything is up to date." if report.number else "There is nothing to do: no tasks."
    counts = [f"{number} {outcome}" for outcome, number in report.summary.items() if number]
    lines = [f"{style(report.outcome, report.outcome)}: {', '.join(counts) if counts else 'no tasks'}"]
    failed = [task for task in report.tasks if task.outcome == "failed"]
    if failed and report.number > SCREEN:  # else the failure can still be seen above
        names = [harmless(task_name(task.stage, task.data_id)) for task in failed[:SHOWN_FAILURES]]
        more = f" and {len(failed) - SHOWN_FAILURES} more" if len(failed) > SHOWN_FAILURES else ""
        lines.append(f"failed: {'; '.join(names)}{more}")
        lines.append(f"hint: provstore logs '{names[0]}'")
    return "\n".join(lines)
