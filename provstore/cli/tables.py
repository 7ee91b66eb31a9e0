"""Reports → tables and JSON: `graph`, `init`, `log`, `plugins`, `restore`, `sql`. Pure functions."""

from __future__ import annotations

import math
import shlex
import unicodedata

from provstore.cli.render import plain
from provstore.model.values import harmless
from provstore.operations.report import counts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provstore.cli.render import Style
    from provstore.model.values import JSON
    from provstore.operations.graph import GraphReport
    from provstore.operations.init import InitReport
    from provstore.operations.log import LogReport, RunLine
    from provstore.operations.new_plugin import NewPluginReport
    from provstore.operations.plugins import PluginsReport
    from provstore.operations.restore import RestoreReport
    from provstore.plugin import Format
    from provstore.plugins import Plugin
    from provstore.store.question import Answer, Cell

NARROWEST = 8
"""Columns of the terminal below which a column of a table is not made narrower."""
TIGHTEST = 4
"""The same where the table fits then, and would not otherwise."""

BLOB_BYTES = 16
"""Bytes of a blob that a table shows."""


# --- tables -----------------------------------------------------------------------------------------------


def columns_of(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide character, none for one that joins the one before."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def fitted(text: str, columns: int) -> str:
    """The text, cut at its end if it takes more than `columns`."""
    if columns_of(text) <= columns:
        return text
    while text and columns_of(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int | None,
    *,
    right: frozenset[int] = frozenset(),
    whole: frozenset[int] = frozenset(),
    style: Callable[[int, str], str] | None = None,
) -> str:
    """A table without lines; texts have to be harmless.

    Args:
        width: Columns of the terminal; the widest columns are cut until it fits. None: nothing is cut.
        right: Numbers of the columns that stand at the right.
        whole: Numbers of the columns that are never cut, as half of an id is none.
        style: Colours a cell, by its column, after it was measured.
    """
    widths = [max([columns_of(name), *(columns_of(row[column]) for row in rows)]) for column, name in enumerate(head)]
    if width is not None:
        _narrow(widths, width - 2 * (len(widths) - 1), whole)
    lines = []
    for number, row in enumerate([head, *rows]):
        cells = []
        for column, text in enumerate(row):
            cut = fitted(text, widths[column])
            space = " " * (widths[column] - columns_of(cut))
            last = column == len(row) - 1 and column not in right
            shown = style(column, cut) if style is not None and number else cut
            cells.append(space + shown if column in right else shown + ("" if last else space))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _narrow(widths: list[int], room: int, whole: frozenset[int]) -> None:
    """Takes from the widest column until all fit or none is wide; those in `whole` stay as they are."""
    cut = [column for column in range(len(widths)) if column not in whole]
    least = sum(min(columns, TIGHTEST) if column in cut else columns for column, columns in enumerate(widths))
    narrow = sum(min(columns, NARROWEST) if column in cut else columns for column, columns in enumerate(widths))
    floor = TIGHTEST if least <= room < narrow else NARROWEST
    while sum(widths) > room and (wide := sorted((widths[column], column) for column in cut if widths[column] > floor)):
        columns, widest = wide[-1]
        others = wide[-2][0] if len(wide) > 1 else floor
        widths[widest] -= max(1, min(sum(widths) - room, columns - others))


# --- log --------------------------------------------------------------------------------------------------


def log_json(report: LogReport) -> dict[str, JSON]:
    """The contract of `log`."""
    return {
        "runs": [
            {
                "id": run.id,
                "started": run.started,
                "ended": run.ended,
                "outcome": run.outcome,
                "arguments": list(run.arguments),
                "summary": dict(run.summary) if run.summary is not None else None,
            }
            for run in report.runs
        ]
    }


def log_text(report: LogReport, style: Style = plain) -> str:
    """One line a run."""
    if not report.runs:
        return "no runs yet"
    rows = [_log_row(run) for run in report.runs]

    def coloured(column: int, text: str) -> str:
        return style(text, text.rstrip()) if column == OUTCOME else text

    return table(LOG_HEAD, rows, None, right=frozenset({2}), style=coloured)


LOG_HEAD = ("run", "started", "took", "outcome", "tasks", "arguments")
OUTCOME = 3


def _log_row(run: RunLine) -> tuple[str, ...]:
    return (run.short, moment(run.started), took(run.started, run.ended), run.outcome or "unfinished",
            counted(run.summary or {}) or "-", harmless(shlex.join(run.arguments)))  # fmt: skip


def counted(summary: Mapping[str, int]) -> str:
    """How many tasks fared how, in the order of the last line of a run: ``2 executed, 3 fresh``."""
    return ", ".join(f"{number} {outcome}" for outcome, number in counts(summary))


def moment(text: str) -> str:
    """A time as people read it, to the second: ``2026-11-21 10:02:11Z``."""
    return f"{text[:10]} {text[11:19]}Z"


def took(started: str, ended: str | None) -> str:
    """The time between two moments; "-" while the second is not known."""
    if ended is None:
        return "-"
    from datetime import datetime

    from provstore.cli.duration import exact

    seconds = (datetime.fromisoformat(ended) - datetime.fromisoformat(started)).total_seconds()
    return f"{seconds:.1f} s" if seconds < 10 else exact(seconds)


# --- sql --------------------------------------------------------------------------------------------------


def sql_json(answer: Answer) -> list[JSON]:
    """One object a row."""
    return [dict(zip(answer.columns, map(_cell_json, row), strict=True)) for row in answer.rows]


def _cell_json(cell: Cell) -> JSON:
    """Bytes as hexadecimal digits; numbers that JSON has no word for as text."""
    if isinstance(cell, bytes):
        return cell.hex()
    if isinstance(cell, float) and not math.isfinite(cell):
        return str(cell)
    return cell


def sql_text(answer: Answer, width: int | None) -> str:
    """A table of the rows."""
    rows = [[_cell_text(cell) for cell in row] for row in answer.rows]
    numbers = frozenset(
        column
        for column in range(len(answer.columns))
        if answer.rows and all(isinstance(row[column], (int, float)) for row in answer.rows)
    )
    return table([harmless(name) for name in answer.columns], rows, width, right=numbers)


def _cell_text(cell: Cell) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, bytes):
        return f"x'{cell[:BLOB_BYTES].hex()}'" + (f"… {len(cell)} bytes" if len(cell) > BLOB_BYTES else "")
    return harmless(str(cell))


# --- the others -------------------------------------------------------------------------------------------


def graph_json(report: GraphReport) -> dict[str, JSON]:
    """Nodes, each behind those it takes data from, and edges in the direction in which data flow."""
    return {
        "nodes": [
            {
                "id": step.name,
                "stage": step.stage,
                "data_id": None if step.data_id is None else dict(step.data_id),
                "tasks": step.tasks,
                "state": step.state or None,
                "inputs": list(step.inputs),
                "outputs": list(step.outputs),
            }
            for step in report.steps
        ],
        "edges": [{"from": edge.source, "to": edge.target, "paths": list(edge.paths)} for edge in report.edges],
    }


def init_text(report: InitReport) -> str:
    """What was made, and what to do next."""
    made = "made " + ", ".join(report.made) if report.made else "nothing to make: this is a project already"
    lines = [harmless(f"{made} in {report.root}" if report.made else made)]
    if report.above:
        lines.append(harmless(f"remark: it lies in another project, {report.above}, and does not belong to it"))
    pipelinefile = next((name for name in report.made if name.endswith(".toml")), "")
    lines.append(f"next: read {harmless(pipelinefile)}, then type: provstore run" if pipelinefile
                 else "next: provstore run")  # fmt: skip
    return "\n".join(lines)


def restore_text(report: RestoreReport) -> str:
    """What became of it, in a line."""
    place = report.to if report.to == report.path else f"{report.to}, a version of {report.path},"
    if report.outcome == "restored":
        return harmless(f"{place} is restored from dataset {report.dataset}")
    if report.outcome == "already there":
        return harmless(f"{place} is that version already")
    return harmless(f"{report.path}: the bytes of dataset {report.dataset} are not kept; it can't be restored")


def plugins_json(report: PluginsReport) -> dict[str, JSON]:
    """What is plugged in, and what is not."""
    return {
        "plugins": [
            {
                "name": plugin.name,
                "origin": plugin.origin,
                "formats": [
                    {"name": format.name, "suffixes": list(format.suffixes), "digest": format.has_digest}
                    for format in plugin.formats
                ],
                "others": list(report.others.get(plugin.name, ())),
            }
            for plugin in report.plugged
        ],
        "failures": [failure._asdict() for failure in report.failures],
        "clashes": report.clashes.splitlines(),
    }


def plugins_text(report: PluginsReport) -> str:
    """A line for each plug-in, then what is wrong."""
    rows = [[harmless(plugin.name), harmless(plugin.origin), _offers(plugin, report)] for plugin in report.plugged]
    lines = [table(("plug-in", "from", "offers"), rows, None)]
    lines += [harmless(f"can't be used: {failure.name} ({failure.origin}): {failure.reason}")
              for failure in report.failures]  # fmt: skip
    lines += [f"clash: {harmless(line)}" for line in report.clashes.splitlines()]
    return "\n".join(lines)


def _offers(plugin: Plugin, report: PluginsReport) -> str:
    offers = [*map(_offer, plugin.formats), *report.others.get(plugin.name, ())]
    return harmless(", ".join(offers)) or "nothing"


def new_plugin_text(report: NewPluginReport) -> str:
    """What was written, and what to do next."""
    return (
        f"wrote {report.folder}: a package with the format {report.format} ({report.suffix})\n"
        f"next:  pip install -e './{report.folder}[test]' && pytest {report.folder}"
    )


def _offer(format: Format) -> str:
    endings = f" ({' '.join(format.suffixes)})" if format.suffixes else ""
    return f"format {format.name}{endings}"
