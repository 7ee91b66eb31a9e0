"""The lock file, for people and programs: what `lock` and `check --locked` do and print."""

from __future__ import annotations

import sys

from provstore.cli import render
from provstore.cli.plain import PlainView
from provstore.cli.style import style_for
from provstore.model.values import harmless, task_name
from provstore.operations.lock.check import LockedReport
from provstore.operations.lock.check import check_locked as compare
from provstore.operations.lock.resolve import WHOLE
from provstore.operations.lock.resolve import resolve as take_conflicts_out
from provstore.operations.lock.write import REFUSED
from provstore.operations.lock.write import lock as write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.cli.ci import Announcer
    from provstore.cli.place import Place
    from provstore.cli.render import Style
    from provstore.model.lock import LockedTask
    from provstore.model.values import JSON, Value
    from provstore.operations.lock.resolve import ResolveReport
    from provstore.operations.lock.write import LockReport
    from provstore.operations.targets import Targets

SHOWN = 20
"""Tasks that are named, at most."""


def check_locked(place: Place, targets: Targets, announcer: Announcer | None, *, as_json: bool) -> int:
    """`provstore check --locked`; returns the exit status."""
    with place.project() as project:
        report = compare(project, targets)
    if announcer is not None:
        announcer.take_status(report.status)
        if report.gone:
            from provstore.cli.ci import Check

            announcer.take([Check(report.file, "", "failed", message=_gone_text(report.gone), word="gone")])
    if as_json:
        print(render.to_json(locked_json(report)))
    else:
        print(locked_text(report, style_for(sys.stdout)))
    return 0 if report.is_ok else 1


def lock(place: Place, *, as_json: bool) -> int:
    """`provstore lock`; returns the exit status."""
    with place.project() as project:
        report = write(project, PlainView())
    print(render.to_json(lock_json(report)) if as_json else lock_text(report, style_for(sys.stdout)))
    return 1 if report.outcome == REFUSED else 0


def resolve(place: Place, *, as_json: bool) -> int:
    """`provstore lock --resolve`; returns the exit status."""
    with place.project() as project:
        report = take_conflicts_out(project, PlainView())
    print(render.to_json(resolve_json(report)) if as_json else resolve_text(report, style_for(sys.stdout)))
    return 0


def locked_text(report: LockedReport, style: Style = render.plain) -> str:
    """The state of every task, and one line on the lock file."""
    found = []
    if report.gone:
        found.append(f"{style('gone', 'missing')} from the Pipelinefile: {_gone_text(report.gone)}")
    number = len(report.status.groups) - report.status.summary["fresh"]
    if number:
        found.append(f"{_counted(number, 'task')} not as locked, or not fresh")
    if report.absent:
        found.append(f"{_counted(report.absent, 'output')} not here")
    line = "; ".join([*(["as locked"] if report.is_ok else []), *found])
    return f"{render.status_text(report.status, style)}\n{harmless(report.file)}: {line}"


def locked_json(report: LockedReport) -> dict[str, JSON]:
    """The contract of `check`, with what is to say of the lock file besides."""
    gone: list[JSON] = [{"stage": task.stage, "data_id": dict(_values(task))} for task in report.gone]
    remarks = list(report.status.remarks)
    locked: JSON = {"file": report.file, "gone": gone, "absent": report.absent, "remarks": remarks}
    return {**render.status_json(report.status, ok=report.is_ok), "locked": locked}


def lock_text(report: LockReport, style: Style = render.plain) -> str:
    """What became of the lock file."""
    lines = [f"{style('remark:', 'remark')} {harmless(remark)}" for remark in report.remarks]
    if report.outcome == REFUSED:
        for task in report.not_fresh[:SHOWN]:
            name = harmless(task_name(task.stage, task.data_id))
            reasons = harmless(render.reasons_text(task.reasons))
            lines.append(f"{style(task.state.ljust(10), task.state)}  {name}{f'  ({reasons})' if reasons else ''}")
        if len(report.not_fresh) > SHOWN:
            lines.append(f"and {len(report.not_fresh) - SHOWN} more")
        what = f"{_counted(len(report.not_fresh), 'task')} not fresh"
        lines.append(f"{harmless(report.file)} is not written: {what} (provstore run)")
        return "\n".join(lines)
    counts = f"{_number(report.tasks, 'task')}, {_number(report.outputs, 'output')}"
    lines.append(f"{harmless(report.file)} is {report.outcome}: {counts}")
    return "\n".join(lines)


def lock_json(report: LockReport) -> dict[str, JSON]:
    """The report as JSON."""
    not_fresh: list[JSON] = [
        {
            "stage": task.stage,
            "data_id": dict(task.data_id),
            "state": task.state,
            "reasons": render.reasons_json(task.reasons),
        }
        for task in report.not_fresh
    ]
    return {
        "file": report.file,
        "outcome": report.outcome,
        "tasks": report.tasks,
        "outputs": report.outputs,
        "not_fresh": not_fresh,
        "remarks": list(report.remarks),
    }


def resolve_text(report: ResolveReport, style: Style = render.plain) -> str:
    """What became of the conflicts."""
    lines = [f"{style('remark:', 'remark')} {harmless(remark)}" for remark in report.remarks]
    if report.outcome == WHOLE:
        return "\n".join([*lines, f"{harmless(report.file)} has no conflicts in it"])
    lines.append(f"{harmless(report.file)} is resolved: {_number(report.tasks, 'task')}")
    if report.decided:
        lines.append(f"changed by both, and decided by the sources: {_names(report.decided)}")
    if report.left_out:
        lines.append(f"{style('left out', 'stale')}, as neither side fits: {_names(report.left_out)}")
        lines.append("'provstore run' makes them, and their entries")
    return "\n".join(lines)


def resolve_json(report: ResolveReport) -> dict[str, JSON]:
    """The report as JSON."""
    return {
        "file": report.file,
        "outcome": report.outcome,
        "tasks": report.tasks,
        "decided": list(report.decided),
        "left_out": list(report.left_out),
        "remarks": list(report.remarks),
    }


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join([harmless(name) for name in names[:SHOWN]]) + more


def _gone_text(tasks: Sequence[LockedTask]) -> str:
    return _names([task_name(task.stage, tuple(_values(task).items())) for task in tasks])


def _values(task: LockedTask) -> dict[str, Value]:
    import json

    values: dict[str, Value] = json.loads(task.data_id)
    return values


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def _counted(number: int, word: str) -> str:
    return f"{_number(number, word)} {'is' if number == 1 else 'are'}"
