"""Reports of measures → text, CSV and JSON. Pure functions."""

from __future__ import annotations

from provstore.cli.tables import columns_of, fitted, moment, table
from provstore.model.measures import change, shown
from provstore.model.values import harmless, spelled, task_name
from provstore.noun import NamedTuple
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.metrics.diff import MeasureChange, MetricsDiffReport
    from provstore.operations.metrics.rows import MetricsReport, MetricsRow

NOTHING_MARKED = "no output is marked as a metric: write outputs.score = { path = 'score.json', metric = true }"
NOTHING_MADE = "no measures yet"
NO_NUMBERS = "nothing to draw: none of these measures is a number"
COMMIT = 7
"""Characters of a commit."""
LONGEST_CELL = 24
"""Characters of a value in a table."""
LONGEST_HEAD = 32
"""Characters of a name above a column."""
NAMED = 12
"""Columns that are named where they find no room."""
FIRST = 2
"""Measures that find room before parameters do."""


def metrics_json(report: MetricsReport) -> dict[str, JSON]:
    """The contract of `metrics`."""
    return {
        "columns": list(report.columns),
        "rows": [
            {
                "run": row.run,
                "execution": row.execution,
                "created": row.created,
                "stage": row.stage,
                "data_id": row.data_id,
                "params": row.params,
                "commit": row.commit,
                "dirty": row.dirty,
                "measures": row.measures,
                "by_hand": row.by_hand,
            }
            for row in report.rows
        ],
        "more": report.more,
    }


def metrics_csv(report: MetricsReport) -> str:
    """A row for each execution; data ID and parameters have columns of their own, named `data_id.X` and `params.X`."""
    import csv
    import io

    dimensions = sorted({name for row in report.rows for name in row.data_id})
    params = sorted({name for row in report.rows for name in row.params})
    head = ["run", "execution", "created", "stage", "commit", *(f"data_id.{name}" for name in dimensions),
            *(f"params.{name}" for name in params), *report.columns]  # fmt: skip
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    for row in report.rows:
        cells = [row.run, row.execution, row.created, row.stage, row.commit, *map(row.data_id.get, dimensions),
                 *map(row.params.get, params), *map(row.measures.get, report.columns)]  # fmt: skip
        writer.writerow(["" if cell is None else spelled(cell) for cell in cells])
    return text.getvalue()


# --- the table ----------------------------------------------------------------------------------------------


class _Line(NamedTuple):
    """One line of the table: what one run measured at one data ID, by whichever stages."""

    row: MetricsRow
    stages: tuple[str, ...]
    params: Mapping[str, JSON]
    measures: Mapping[str, Value]


class _Column(NamedTuple):
    """One column of the table."""

    head: str
    cells: Sequence[str]

    @property
    def width(self) -> int:
        """With the space before it."""
        return 2 + max(map(columns_of, (fitted(self.head, LONGEST_HEAD), *self.cells)))


def metrics_text(report: MetricsReport, width: int | None) -> str:
    """A line for each run, and each data ID; columns that find no room are named below.

    Args:
        width: Columns of the terminal; None: as many as it takes.
    """
    if not report.rows:
        return NOTHING_MADE if report.is_marked else NOTHING_MARKED
    lines = _in_order(_lines(report.rows))
    given = [_Column("run", list(map(_run, lines))), _Column("made", [_minute(line) for line in lines])]
    tasks = _Column("task", _tasks(lines))
    if len(set(tasks.cells)) > 1 or lines[0].row.data_id:
        given.append(tasks)
    measures = [_measure(lines, name) for name in _in_turn(report)]
    others = [*_differing(lines), *_commits(lines)]
    columns = _fitting(given, measures, others, width)
    right = frozenset(place for place, column in enumerate(columns) if place >= 2 and column is not tasks)
    rows = list(zip(*[column.cells for column in columns], strict=True))
    text = [table([fitted(column.head, LONGEST_HEAD) for column in columns], rows, width, right=right)]
    missing = [column.head for column in (*measures, *others) if column not in columns]
    if missing:
        named = ", ".join(missing[:NAMED]) + (f" and {len(missing) - NAMED} more" if len(missing) > NAMED else "")
        text.append(f"not shown: {named}  (--all shows all, --only NAME some)")
    if report.more:
        text.append("there are older ones; -n N shows more")
    return "\n".join(text)


def _lines(rows: Sequence[MetricsRow]) -> list[_Line]:
    """What different stages measured in one run, at one data ID, shares a line."""
    lines: list[_Line] = []
    places: dict[tuple[str, str], int] = {}
    for row in rows:
        key = row.run or row.execution, repr(sorted(row.data_id.items()))
        place = places.get(key)
        if place is not None and not row.measures.keys() & lines[place].measures.keys():
            line = lines[place]
            lines[place] = line._replace(
                stages=(*line.stages, row.stage or ""),
                params={**line.params, **row.params},
                measures={**line.measures, **row.measures},
            )
        else:
            places[key] = len(lines)
            lines.append(_Line(row, (row.stage or "",), row.params, row.measures))
    return lines


def _in_turn(report: MetricsReport) -> list[str]:
    """Names of the measures, so that each stage has one of its own among the first, and all the others behind."""
    places: dict[str | None, int] = {}
    turn = {}
    for name in report.columns:
        stage = next(row.stage for row in report.rows if name in row.measures)
        turn[name] = places[stage] = places.get(stage, -1) + 1
    return sorted(report.columns, key=turn.__getitem__)


def _in_order(lines: Sequence[_Line]) -> list[_Line]:
    """The newest run first; in a run, by stage and data ID: which of its tasks ended first tells nothing."""
    runs = {run: place for place, run in enumerate(dict.fromkeys([line.row.run for line in lines]))}

    def key(line: _Line) -> tuple[object, ...]:
        data_id = [(name, natural_key(spelled(value))) for name, value in sorted(line.row.data_id.items())]
        return runs[line.row.run], "+".join(sorted(line.stages)), data_id

    return sorted(lines, key=key)


def _run(line: _Line) -> str:
    return f"{line.row.short} (by hand)" if line.row.by_hand else line.row.short


def _minute(line: _Line) -> str:
    return f"{moment(line.row.created)[:16]}Z"


def _tasks(lines: Sequence[_Line]) -> list[str]:
    """Tasks by their names; of stages that measure in turn, the stage too."""
    several = len({stages for line in lines for stages in line.stages}) > len(lines[0].stages)
    found = []
    for line in lines:
        data_id = tuple([(name, spelled(value)) for name, value in line.row.data_id.items()])
        stage = "+".join(sorted(line.stages))
        labels = ",".join(f"{name}={value}" for name, value in data_id)
        found.append(harmless(task_name(stage, data_id) if several or not labels else labels))
    return found


def _differing(lines: Sequence[_Line]) -> list[_Column]:
    """Parameters that are not the same in all lines."""
    found = []
    for name in sorted({name for line in lines for name in line.params}):
        cells = [_cell(spelled(line.params[name])) if name in line.params else "-" for line in lines]
        if len({cell for cell in cells if cell != "-"}) > 1:
            found.append(_Column(harmless(name), cells))
    return found


def _commits(lines: Sequence[_Line]) -> list[_Column]:
    cells = [(line.row.commit or "-")[:COMMIT] + ("*" if line.row.dirty else "") for line in lines]
    return [_Column("commit", cells)] if any(line.row.commit for line in lines) else []


def _measure(lines: Sequence[_Line], name: str) -> _Column:
    """A column of values, each with how it changed since the line below of the same task."""
    before: dict[str, Value] = {}
    cells = []
    for line in reversed(lines):
        task = repr(sorted(line.row.data_id.items()))
        value = line.measures.get(name)
        mark = "" if value is None or task not in before else change_mark(before[task], value)
        if value is not None:
            before[task] = value
        cells.append((_cell(shown(value)), mark))
    marked = any(mark for _, mark in cells)
    shown_cells = [text + (f" {mark or ' '}" if marked else "") for text, mark in reversed(cells)]
    return _Column(harmless(name), shown_cells)


def change_mark(a: Value, b: Value) -> str:
    """How a value changed, as one character; "" for not at all."""
    if a == b and isinstance(a, bool) == isinstance(b, bool):
        return ""
    absolute, _ = change(a, b)
    return "*" if not absolute else "↑" if absolute > 0 else "↓"


def _cell(text: str) -> str:
    text = harmless(text)
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _fitting(
    given: Sequence[_Column], measures: Sequence[_Column], others: Sequence[_Column], width: int | None
) -> list[_Column]:
    """The columns that find room: some measures first, then parameters and the commit, then what else is measured."""
    if width is None:
        return [*given, *others, *measures]
    room = width + 2 - sum(column.width for column in given)
    kept: list[_Column] = []
    for column in (*measures[:FIRST], *others, *measures[FIRST:]):
        if column.width <= room or not kept:
            kept.append(column)
            room -= column.width
    return [*given, *(column for column in (*others, *measures) if column in kept)]


# --- differences --------------------------------------------------------------------------------------------


def metrics_diff_json(report: MetricsDiffReport) -> dict[str, JSON]:
    """The contract of `diff`, with the stage, the data ID and the change of each measure that differs."""
    return {
        "kind": "metrics",
        "a": report.a,
        "b": report.b,
        "differences": [
            {
                "what": "metric",
                "name": entry.name,
                "a": entry.a,
                "b": entry.b,
                "stage": entry.stage,
                "data_id": entry.data_id,
                "change": entry.change,
                "relative": entry.relative,
            }
            for entry in report.measures
            if not entry.is_equal
        ],
        "equal": sum(entry.is_equal for entry in report.measures),
    }


def metrics_diff_text(report: MetricsDiffReport, width: int | None, *, everything: bool = False) -> str:
    """A line for each measure that differs; with `everything`, for the others too."""
    shown_ones = [entry for entry in report.measures if everything or not entry.is_equal]
    equal = sum(entry.is_equal for entry in report.measures)
    lines = [f"a: {report.short_a}", f"b: {report.short_b}"]
    if shown_ones:
        has_tasks = any(entry.data_id for entry in shown_ones)
        head = (*(("task",) if has_tasks else ()), "measure", "a", "b", "change", "")
        rows = [(*((_task_of(entry),) if has_tasks else ()), *_change_cells(entry)) for entry in shown_ones]
        right = frozenset(range(len(head) - 4, len(head)))
        lines.append(table(head, rows, width, right=right))
    if not report.measures:
        lines.append("no measures")
    elif equal and not everything:
        lines.append(f"{equal} {'measure is' if equal == 1 else 'measures are'} the same")
    return "\n".join(lines)


def _task_of(entry: MeasureChange) -> str:
    return harmless(",".join(f"{name}={spelled(value)}" for name, value in entry.data_id.items()))


def _change_cells(entry: MeasureChange) -> tuple[str, str, str, str, str]:
    absolute = "" if not entry.change else _signed(shown(entry.change), entry.change)
    relative = "" if not entry.relative else _signed(f"{entry.relative * 100:.3g} %", entry.relative)
    return harmless(entry.name), _cell(shown(entry.a)), _cell(shown(entry.b)), absolute, relative


def _signed(text: str, value: float) -> str:
    return f"+{text}" if value > 0 else text
