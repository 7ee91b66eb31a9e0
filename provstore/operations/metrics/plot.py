"""Measures over runs, over time or over a parameter, as a chart."""

from __future__ import annotations

from datetime import datetime

from provstore.errors import UsageError
from provstore.model.chart import Axis, Chart, Line, Panel, Point
from provstore.model.measures import number_of, shown
from provstore.model.values import nearest, spelled
from provstore.noun import NamedTuple
from provstore.operations.metrics.rows import MetricsRequest, metrics
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.metrics.rows import MetricsReport, MetricsRow
    from provstore.project import Project

RUNS, TIME = "run", "time"
"""What x may be besides a parameter."""
MOST = 60
"""Measures in one picture."""
NAMED = 5
"""Measures that a remark names."""


class MetricsPlot(NamedTuple):
    """A chart, and what is not in it.

    Attributes:
        chart: Without panels where there is nothing to draw.
        is_marked: Some output is a metric.
        is_any: There are measures, numbers or not.
    """

    chart: Chart
    is_marked: bool
    is_any: bool
    remarks: tuple[str, ...]


def metrics_plot(project: Project, request: MetricsRequest, x: str) -> MetricsPlot:
    """A panel for each measure that is a number, with a line for each data ID.

    Args:
        x: `RUNS`, `TIME`, or the name of a parameter ("params." in front, where it is called like one of these).

    Raises:
        UsageError: In no execution such a parameter is a number, or there is no such measure.
        TargetError, PipelinefileError, StoreDamagedError: See `metrics`.
    """
    report = metrics(project, request)
    rows = tuple(reversed(report.rows))
    places, axis, remarks = _across(rows, x)
    drawn = [name for name in report.columns if any(number_of(row.measures.get(name)) is not None for row in rows)]
    others = [name for name in report.columns if name not in drawn]
    if others:
        more = ", …" if len(others) > NAMED else ""
        remarks.append(f"left out, as there are no numbers in them: {', '.join(others[:NAMED])}{more}")
    if len(drawn) > MOST:
        remarks.append(f"{len(drawn) - MOST} more measures are not drawn: name those that are to be")
    tasks: dict[str, list[MetricsRow]] = {}
    for row in rows:
        tasks.setdefault(_label(row), []).append(row)
    lines = [(label, tasks[label]) for label in sorted(tasks, key=natural_key)]
    is_sorted = x not in (RUNS, TIME)
    panels = [
        Panel(name, [Line(label, _points(name, of_task, places, is_sorted)) for label, of_task in lines])
        for name in drawn[:MOST]
    ]
    chart = Chart(_title(project, report), axis, panels)
    return MetricsPlot(chart, report.is_marked, bool(report.columns), (*report.remarks, *remarks))


def _title(project: Project, report: MetricsReport) -> str:
    name = project.pipeline({}).name
    runs = len({row.run or row.execution for row in report.rows})
    counted = "1 run" if runs == 1 else f"{runs} runs"
    last = "the last run" if runs == 1 else f"the last {runs} runs"
    return f"{f'{name}: ' if name else ''}{last if report.more else counted}"


def _label(row: MetricsRow) -> str:
    return ", ".join(f"{name}={spelled(value)}" for name, value in row.data_id.items())


# --- the axis -----------------------------------------------------------------------------------------------


def _across(rows: Sequence[MetricsRow], x: str) -> tuple[dict[str, float], Axis, list[str]]:
    """Where each execution stands, by its id; and what is to be said of those that stand nowhere."""
    moments = {row.execution: datetime.fromisoformat(row.created) for row in rows}
    if x == TIME:
        seconds = {execution: moment.timestamp() for execution, moment in moments.items()}
        return seconds, Axis("time (UTC)", _dates([(seconds[id], moment) for id, moment in moments.items()])), []
    if x == RUNS:
        runs = {run: place for place, run in enumerate(dict.fromkeys([row.run or row.execution for row in rows]), 1)}
        order = {row.execution: float(runs[row.run or row.execution]) for row in rows}
        marks = _dates([(order[id], moment) for id, moment in moments.items()])
        return order, Axis("runs (UTC)", marks), []
    name = x.removeprefix("params.")
    known = {param for row in rows for param in row.params}
    if rows and name not in known:
        near = nearest(name, known)
        hint = (
            f"did you mean '{near}'?" if near else f"expected run, time, or one of: {', '.join(sorted(known)) or '-'}"
        )
        raise UsageError(f"-x {x}: no execution here depends on a parameter of this name", hint=hint)
    return _by_param(rows, name)


def _by_param(rows: Sequence[MetricsRow], name: str) -> tuple[dict[str, float], Axis, list[str]]:
    values = {row.execution: _number(row.params.get(name)) for row in rows}
    places = {execution: value for execution, value in values.items() if value is not None}
    lost = len(values) - len(places)
    if rows and not places:
        raise UsageError(
            f"-x {name}: it is no number in any execution", hint="expected run, time, or another parameter"
        )
    which = "1 execution is left out: its" if lost == 1 else f"{lost} executions are left out: their"
    remarks = [f"{which} {name} is no number"] if lost else []
    return places, Axis(name), remarks


def _number(value: JSON) -> float | None:
    found = number_of(value) if isinstance(value, (int, float)) else None
    return None if found is None else float(found)


def _dates(moments: Sequence[tuple[float, datetime]]) -> list[tuple[float, str]]:
    """The first, the middle and the last moment, as dates, or as times of one day."""
    if not moments:
        return []
    first, last = moments[0][1], moments[-1][1]
    seconds = abs((last - first).total_seconds())
    form = "%Y-%m-%d" if seconds > 4 * 86_400 else "%m-%d %H:%M" if first.date() != last.date() else "%H:%M:%S"
    chosen = dict.fromkeys((moments[0], moments[len(moments) // 2], moments[-1]))
    return [(x, moment.strftime(form)) for x, moment in chosen]


# --- the lines ----------------------------------------------------------------------------------------------


def _points(name: str, rows: Sequence[MetricsRow], places: dict[str, float], is_sorted: bool) -> list[Point]:
    """The values of one measure in the rows of one data ID; at each x of a parameter the newest one counts."""
    points = [
        _point(row, name, places[row.execution], row.measures[name])
        for row in rows
        if row.execution in places and name in row.measures
    ]
    if is_sorted:
        points = sorted({point.x: point for point in points}.values(), key=lambda point: point.x)
    return points


def _point(row: MetricsRow, name: str, x: float, value: Value) -> Point:
    number = number_of(value)
    note = f"{name} = {shown(value)}, {row.created[:16].replace('T', ' ')}Z, run {row.short}"
    return Point(x, None if number is None else float(number), note)
