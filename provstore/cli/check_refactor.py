"""`provstore check --refactor`: the report as text and JSON."""

from __future__ import annotations

import sys
from itertools import groupby

from provstore.cli.render import plain, reasons_json, reasons_text, to_json
from provstore.cli.style import style_for
from provstore.errors import UsageError
from provstore.model.values import harmless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.cli.place import Place
    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.refactor.compare import Changed, RefactorReport, TaskId

SHOWN_TASKS = 5
"""Tasks of one stage that are shown one by one; of the others their number."""

SHOWN_LINES = 12
"""Lines in which two commands differ that are shown."""


def check_refactor(place: Place, name: str, *, as_json: bool) -> int:
    """Prints in what a Pipelinefile and another one differ; returns the exit status."""
    from provstore.operations.refactor.compare import refactor
    from provstore.operations.refactor.old_pipelinefile import find_old
    from provstore.project import locate

    if place.targets:
        raise UsageError("--refactor compares all tasks", hint="leave out the targets")
    given = sys.stdin.buffer.read() if name == "-" else None
    root, file = locate(place.folder, place.file)
    report = refactor(root, file, find_old(place.folder, name, given))
    print(to_json(refactor_json(report)) if as_json else refactor_text(report, style_for(sys.stdout)))
    return 0 if report.is_same else 1


def refactor_json(report: RefactorReport) -> JSON:
    """The contract of `check --refactor`."""
    return {
        "ok": report.is_same,
        "same": report.same,
        "renamed": [{"from": _id_json(old), "to": _id_json(new)} for old, new in report.renamed],
        "changed": [
            {
                "from": _id_json(entry.before),
                "to": _id_json(entry.now),
                "reasons": reasons_json(entry.reasons),
                "commands": list(entry.commands),
            }
            for entry in report.changed
        ],
        "removed": [_id_json(task) for task in report.removed],
        "added": [_id_json(task) for task in report.added],
        "declared": [{"stage": stage, "differences": list(what)} for stage, what in report.declared],
        "remarks": list(report.remarks),
    }


def _id_json(task: TaskId) -> dict[str, JSON]:
    return {"stage": task.stage, "data_id": dict(task.data_id)}


def refactor_text(report: RefactorReport, style: Style = plain) -> str:
    """What differs, stage by stage, and how much is the same."""
    lines = [
        *_renamed_lines(report, style),
        *_changed_lines(report.changed, style),
        *_only_lines("removed", report.removed, style),
        *_only_lines("added", report.added, style),
    ]
    for stage, what in report.declared:
        lines.append(_line("changed", f"{stage}  ({'; '.join(what)}; no tasks yet)", style))
    lines += [f"{style('remark:', 'remark')} {harmless(text)}" for text in report.remarks]
    counts = {
        f"the same ({len(report.renamed)} of them renamed)" if report.renamed else "the same": report.same,
        "changed": len(report.changed) + len(report.declared),
        "removed": len(report.removed),
        "added": len(report.added),
    }
    if report.is_same:
        told = f"the same {report.same} task{'s' if report.same != 1 else ''}"
        lines.append(f"{told}, {len(report.renamed)} of them renamed" if report.renamed else told)
    else:
        lines.append(", ".join(f"{number} {word}" for word, number in counts.items() if number))
    return "\n".join(lines)


def _line(word: str, text: str, style: Style) -> str:
    return f"{style(word.ljust(10), COLOURED_AS[word])}{harmless(text)}"


COLOURED_AS = {"renamed": "restored", "changed": "stale", "removed": "-", "added": "+"}


def _renamed_lines(report: RefactorReport, style: Style) -> Iterator[str]:
    """A line for each pair of stages; where only data IDs changed, tasks."""
    for (before, now), group in groupby(report.renamed, key=lambda pair: (pair[0].stage, pair[1].stage)):
        tasks = list(group)
        if before != now and len(tasks) > 1:
            yield _line("renamed", f"{before} → {now}  ({len(tasks)} tasks)", style)
            continue
        for old, new in tasks[:SHOWN_TASKS]:
            yield _line("renamed", f"{old.name} → {new.name}", style)
        yield from _more(len(tasks), now)


def _changed_lines(changed: Sequence[Changed], style: Style) -> Iterator[str]:
    for stage, group in groupby(changed, key=lambda entry: entry.now.stage):
        tasks = list(group)
        for entry in tasks[:SHOWN_TASKS]:
            name = entry.now.name if entry.before == entry.now else f"{entry.before.name} → {entry.now.name}"
            yield _line("changed", f"{name}  ({reasons_text(entry.reasons)})", style)
            yield from _command_lines(entry.commands, style)
        yield from _more(len(tasks), stage)


def _command_lines(commands: Sequence[str], style: Style) -> Iterator[str]:
    """The lines in which two commands differ."""
    import difflib

    if not commands:
        return
    old, new = (command.strip("\n").split("\n") for command in commands)
    differing = [line for line in difflib.unified_diff(old, new, n=0, lineterm="")][2:]
    lines = [line for line in differing if not line.startswith("@@")]
    for line in lines[:SHOWN_LINES]:
        yield "    " + style(harmless(f"{line[0]} {line[1:]}"), line[0])
    if len(lines) > SHOWN_LINES:
        yield f"    and {len(lines) - SHOWN_LINES} more lines"


def _only_lines(word: str, tasks: Sequence[TaskId], style: Style) -> Iterator[str]:
    for stage, group in groupby(tasks, key=lambda task: task.stage):
        found = list(group)
        if len(found) > SHOWN_TASKS:
            yield _line(word, f"{stage}  ({len(found)} tasks)", style)
        else:
            yield from (_line(word, task.name, style) for task in found)


def _more(number: int, stage: str) -> Iterator[str]:
    if number > SHOWN_TASKS:
        yield f"          and {number - SHOWN_TASKS} more of {harmless(stage)}"
