"""What `diff` found → text for people and JSON for programs. Pure functions; colour is added last, by `style`.

Two contents are shown as `comparison` shows them. Two records have a head of two lines, then a paragraph for each kind
of change, in which one line is one change; below it, indented, in what a text or a content differs.
"""

from __future__ import annotations

from itertools import groupby

from provstore.cli.comparison import comparison_lines, diff_json, difference_json, wrapped
from provstore.cli.render import plain
from provstore.cli.tables import columns_of, fitted, moment
from provstore.model.comparison import IDENTICAL
from provstore.model.values import harmless
from provstore.operations.diff.phrases import is_command, is_file, is_in_the_value, tasks_text, told
from provstore.operations.diff.report import COMMAND, INPUT, OUTPUT, RecordsReport
from provstore.operations.diff.text import SHOWN
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.cli.render import Style
    from provstore.model.comparison import Comparison
    from provstore.model.values import JSON
    from provstore.operations.diff.report import Change, DiffReport

WIDE = max(map(len, (COMMAND, "outcome", "content", "executed")))
INDENT = WIDE + 4
LINES_IN_RUNS = 12
"""Lines of a text or a content that are shown of two runs; two executions show all that there are."""
ALIKE = 3
"""Files of one stage that share a line when there are more of them."""
SHOWN_OF = {"run": 12, "execution": 100, "dataset": 50}
"""Changes of one kind that are shown of two runs, two executions, two lineages."""
INSIDE = 12
"""Files of a directory, or of a commit, that are shown."""
NARROWEST = 24


# --- JSON -------------------------------------------------------------------------------------------------


def report_json(report: DiffReport | RecordsReport) -> dict[str, JSON]:
    """The contract of `diff`."""
    if isinstance(report, RecordsReport):
        return _records_json(report)
    found = diff_json(report)
    if report.kind == "dataset":
        differences = found["differences"]
        assert isinstance(differences, list)
        found["differences"] = [*differences, *map(change_json, report.changes)]
        found["text"] = report.text or None
    return found


def _records_json(report: RecordsReport) -> dict[str, JSON]:
    found: dict[str, JSON] = {"kind": report.kind, "a": report.a.id, "b": report.b.id}
    if report.path:
        found |= {"path": report.path, "walked": report.walked}
    found["differences"] = [change_json(change) for change in report.differences]
    if report.kind == "run":
        found |= {"only_a": list(report.only_a), "only_b": list(report.only_b)}
    return found


def change_json(change: Change) -> dict[str, JSON]:
    """One difference."""
    content = change.comparison
    return {
        "what": change.what,
        "name": change.name,
        "a": change.a,
        "b": change.b,
        "role": change.role or None,
        "tasks": list(change.tasks),
        "text": change.text or None,
        "comparison": None if content is None else _comparison_json(content),
        "inside": [change_json(part) for part in change.inside],
        "remark": change.remark or None,
    }


def _comparison_json(found: Comparison) -> dict[str, JSON]:
    return {
        "verdict": found.verdict,
        "format": found.format,
        "unavailable": found.unavailable or None,
        "truncated": found.truncated,
        "differences": [difference_json(entry) for entry in found.differences],
    }


# --- two contents -----------------------------------------------------------------------------------------


def report_text(report: DiffReport | RecordsReport, style: Style = plain, width: int | None = None) -> str:
    """What differs, on a screen.

    Args:
        width: Columns of the terminal; None: lines are as long as they are.
    """
    if isinstance(report, RecordsReport):
        return _records_text(report, style, width)
    lines = [
        _fit(f"{style(mark, mark)} {harmless(heading)}", width)
        for mark, heading in zip("-+", report.headings, strict=False)
    ]
    if report.text:
        verdict = report.comparison.verdict
        lines += [f"{style(verdict, verdict)}:", *_text_lines(report.text, style, width, 0)]
    elif report.changes:
        verdict = report.comparison.verdict
        lines.append(f"{style(verdict, verdict)} by its digest alone")
        shower = _Shower(style, width, None)
        lines += [line for change in report.changes for line in shower.lines_of(change)]
    else:
        lines += comparison_lines(report.comparison, style, width)
    return "\n".join(lines)


# --- two records ------------------------------------------------------------------------------------------


def _records_text(report: RecordsReport, style: Style, width: int | None) -> str:
    lines = [*_head(report, style, width)]
    shower = _Shower(style, width, LINES_IN_RUNS if report.kind == "run" else None)
    told = [change for change in report.differences if change.name != "arguments"]  # which the head says
    for what, changes in groupby(told, key=lambda change: change.what):
        lines += _labelled(what, list(_paragraph(_folded(list(changes)), shower, SHOWN_OF[report.kind])))
    for label, tasks in (("only -", report.only_a), ("only +", report.only_b)):
        if tasks:
            lines += _labelled(label, list(shower.wrapped(f"executed {tasks_text(tasks)}")))
    if report.is_equal:
        lines.append("  " + _nothing(report))
    return "\n".join(lines)


def _head(report: RecordsReport, style: Style, width: int | None) -> Iterator[str]:
    """What is compared: a line for each."""
    wide = max(columns_of(harmless(side.name)) for side in (report.a, report.b))
    letters = max(len(side.short) for side in (report.a, report.b))
    for mark, side in (("-", report.a), ("+", report.b)):
        name = harmless(side.name)
        name += " " * (wide - columns_of(name))
        outcome = harmless(side.outcome)
        text = f"{report.kind} {side.short.ljust(letters)}  {moment(side.started)}  {name}"
        rest = f"  {outcome}" if outcome else ""
        yield f"{style(mark, mark)} {_fit(text, None if width is None else width - 2 - len(rest)).rstrip()}" + (
            f"  {style(outcome, outcome)}" if outcome else ""
        )


def _paragraph(changes: Sequence[Change], shower: _Shower, most: int) -> Iterator[str]:
    """The changes of one kind; those that a screen has no room for are counted."""
    for change in changes[:most]:
        yield from shower.lines_of(change)
    if len(changes) > most:
        yield f"… and {len(changes) - most:,} more, which --json lists"


def _nothing(report: RecordsReport) -> str:
    if report.kind == "dataset":
        return "no cause was found" if report.walked else "nothing differs: the two have the same bytes"
    return f"nothing that was recorded of the two {report.kind}s differs"


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    """Lines of which the first bears a label."""
    return [f"  {(label if number == 0 else '').ljust(WIDE)}  {line}".rstrip() for number, line in enumerate(lines)]


class _Shower:
    """Shows changes.

    Args:
        width: Of the terminal.
        most: Lines of a text or a content; None: all.
    """

    def __init__(self, style: Style, width: int | None, most: int | None) -> None:
        self._style, self._most = style, most
        self._width = None if width is None else max(width - INDENT, NARROWEST)

    def wrapped(self, text: str) -> list[str]:
        """A sentence on as many lines as it takes."""
        return wrapped(text, self._width, 2)

    def lines_of(self, change: Change) -> list[str]:
        """One change: a line, or some if it is long; below them in what texts and contents differ."""
        tasks = f"  ({tasks_text(change.tasks)})" if change.tasks else ""
        if self._most is not None and change.what == OUTPUT:
            return self.wrapped(f"{_in_short(change)}{tasks}")
        remark = f" ({harmless(change.remark)})" if change.remark and not is_in_the_value(change) else ""
        if is_command(change) and not (change.text or change.remark or len(change.tasks) > 1):
            lines = [*self._both_commands(change), *(self.wrapped(tasks.strip()) if tasks else [])]
        else:
            line = f"{harmless(change.name)}: other bytes" if self._is_made_elsewhere(change) else told(change)
            lines = self.wrapped(f"{line}{remark}{tasks}")
        return lines + [f"  {line}" for line in self._below(change)]

    def _is_made_elsewhere(self, change: Change) -> bool:
        """An input that another task made: of two runs its output tells the rest."""
        has_more = bool(change.text or change.inside or change.comparison or change.remark)
        return self._most is not None and is_file(change) and None not in (change.a, change.b) and not has_more

    def _both_commands(self, change: Change) -> Iterator[str]:
        for mark, command in (("-", change.a), ("+", change.b)):
            first, *others = wrapped(f"{mark} {harmless(str(command).strip())}", self._width, 4)
            yield self._style(first, mark)
            yield from (self._style(line, mark) for line in others)

    def _below(self, change: Change) -> list[str]:
        room = None if self._width is None else self._width - 2
        lines = [line for part in change.inside[:INSIDE] for line in self._inside(part)]
        if len(change.inside) > INSIDE:
            lines.append(f"… and {len(change.inside) - INSIDE:,} more")
        differing = list(_text_lines(change.text, self._style, room, 0))
        content = change.comparison
        if content is not None and content.verdict != IDENTICAL:
            differing += comparison_lines(content, self._style, room)
        return lines + _shortened(differing, SHOWN if change.name == "commit" else self._most, "lines")

    def _inside(self, part: Change) -> list[str]:
        """A file of a directory, or of a commit; of what nothing explains, a circumstance."""
        lines = wrapped(told(part), None if self._width is None else self._width - 2, 2)
        text = _text_lines(part.text, self._style, None if self._width is None else self._width - 4, 0)
        return lines + [f"  {line}" for line in _shortened(list(text), self._most, "lines")]


def _in_short(change: Change) -> str:
    """How an output differs, in a line."""
    content = change.comparison
    if content is not None:
        headline = comparison_lines(content)[0].removeprefix(f"different as {content.format} data: ")
        return f"{harmless(change.name)}: {headline}"
    if change.text:
        lines = change.text.split("\n")
        added, removed = (sum(line.startswith(mark) for line in lines) for mark in "+-")
        more = "more than " if lines[-1].startswith("…") else ""
        return f"{harmless(change.name)}: {more}+{added} −{removed} lines"
    if change.inside:
        return f"{harmless(change.name)}: {len(change.inside):,} of its files"
    remark = f" ({harmless(change.remark)})" if change.remark else ""
    return f"{told(change)}{remark}"


# --- many alike -------------------------------------------------------------------------------------------


def _folded(changes: list[Change]) -> list[Change]:
    """The changes; files that differ in the same way in tasks of the same stage share a line when they are many."""
    groups: dict[object, list[Change]] = {}
    for number, change in enumerate(changes):
        groups.setdefault(_likeness(change) or number, []).append(change)
    return [shown for group in groups.values() for shown in (group if len(group) <= ALIKE else [_together(group)])]


def _likeness(change: Change) -> tuple[object, ...] | None:
    """What changes share that may share a line; None: nothing."""
    if not change.tasks or change.what not in (INPUT, OUTPUT) or change.inside:
        return None
    stages = tuple(dict.fromkeys(task.partition("@")[0] for task in change.tasks))
    return change.what, change.role, stages, change.remark, change.a is None, change.b is None


def _together(group: Sequence[Change]) -> Change:
    """One change that stands for many files."""
    first, second, *others = sorted(group, key=lambda change: natural_key(change.name))
    tasks = tuple(dict.fromkeys(task for change in group for task in change.tasks))
    name = f"{first.name}, {second.name} and {len(others):,} more"
    shown = first._replace(name=name, tasks=tasks, text="", comparison=None)
    return shown._replace(a="", b="") if first.a is not None and first.b is not None else shown


# --- lines ------------------------------------------------------------------------------------------------


def _text_lines(text: str, style: Style, width: int | None, indent: int) -> Iterator[str]:
    """The lines of a difference as `diff -u` writes it."""
    for line in text.split("\n") if text else ():
        shown = " " * indent + harmless(line.expandtabs())
        mark = line[:1]
        yield style(_fit(shown, width), mark) if mark in ("-", "+") else _fit(shown, width)


def _shortened(lines: list[str], most: int | None, what: str) -> list[str]:
    if most is None or len(lines) <= most:
        return lines
    return [*lines[: most - 1], f"… and {len(lines) - most + 1:,} more {what}"]


def _fit(text: str, width: int | None) -> str:
    return text if width is None else fitted(text, max(width, NARROWEST))
