"""The measures in the outputs that are marked as metrics, over runs."""

from __future__ import annotations

from provstore.model.measures import number_of
from provstore.noun import NamedTuple
from provstore.operations.identify import shortener
from provstore.operations.measured import Names, chosen, versions, wanted
from provstore.operations.run_params import Depending, params_behind
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.measured import Wanted
    from provstore.project import Project
    from provstore.store.metrics import Made


class MetricsRequest(NamedTuple):
    """Which measures to show.

    Attributes:
        words: Targets or paths; empty: all outputs that are marked.
        current: Folder that paths are relative to.
        only: Names of measures; empty: all.
        limit: Of so many executions, the newest; None: of all.
    """

    words: tuple[str, ...] = ()
    current: str = "."
    only: tuple[str, ...] = ()
    limit: int | None = None


class MetricsRow(NamedTuple):
    """The measures in what one execution made.

    Attributes:
        run: None for an execution that belongs to none.
        short: Id of the run, or of the execution, as far as it has to be typed.
        created: When it was recorded.
        params: That its stage, or a stage upstream, depends on.
        commit: None where there is no git.
        dirty: Files that git tracks differed from the commit.
        measures: Column → value.
    """

    run: str | None
    execution: str
    short: str
    created: str
    stage: str | None
    data_id: Mapping[str, JSON]
    params: Mapping[str, JSON]
    commit: str | None
    dirty: bool
    measures: Mapping[str, Value]


class MetricsReport(NamedTuple):
    """Measures over runs.

    Attributes:
        columns: Names of the measures: first those that are numbers and differ from row to row.
        rows: Newest first.
        more: There are older ones.
        is_marked: The question was about some output.
    """

    columns: tuple[str, ...]
    rows: tuple[MetricsRow, ...]
    more: bool
    is_marked: bool
    remarks: tuple[str, ...]


def metrics(project: Project, request: MetricsRequest) -> MetricsReport:
    """The measures of the last executions.

    Raises:
        TargetError: A word names no target, and no file that was ever made.
        UsageError: There is no measure of a name that was asked for.
        PipelinefileError: It is wrong.
        StoreDamagedError: One of the records is not what was recorded.
    """
    meant = wanted(project, request.current, request.words)
    store = project.store
    if store is None:
        return MetricsReport((), (), False, _is_any(meant), ())
    found = versions(project, store, meant, request.limit)
    rows = _rows(found.made)
    depending = [Depending(row.execution, row.run, row.stage, row.params) for row in rows]
    params = params_behind(store, project.pipeline({}), meant.plan, depending)
    known = _ordered(rows)
    columns = chosen(known, request.only) if known else []
    shortened = shortener(store)
    shown = [
        row._replace(
            short=shortened(row.run or row.execution),
            params=params[row.execution],
            measures={name: row.measures[name] for name in columns if name in row.measures},
        )
        for row in rows
    ]
    kept = tuple([row for row in shown if row.measures or not request.only])
    return MetricsReport(tuple(columns), kept, found.more, _is_any(meant), found.remarks)


def _is_any(meant: Wanted) -> bool:
    return bool(meant.tasks or meant.paths)


def _rows(made: Sequence[Made]) -> list[MetricsRow]:
    """A row for each execution, with the measures of all its outputs."""
    names = Names(made)
    rows: dict[str, MetricsRow] = {}
    for entry in made:
        row = rows.get(entry.execution)
        if row is None:
            row = MetricsRow(entry.run, entry.execution, "", entry.created, entry.stage, entry.data_id, entry.params,
                             entry.commit, entry.dirty, {})  # fmt: skip
        rows[entry.execution] = row._replace(measures={**row.measures, **names.of(entry)})
    return list(rows.values())


def _ordered(rows: Sequence[MetricsRow]) -> list[str]:
    """All names, the most telling first: numbers that differ from row to row, other numbers, then the rest."""
    values: dict[str, list[Value]] = {}
    for row in rows:
        for name, value in row.measures.items():
            values.setdefault(name, []).append(value)

    def rank(name: str) -> tuple[int, tuple[tuple[int, float, str], ...]]:
        found = values[name]
        if all(number_of(value) is None for value in found):
            return 2, natural_key(name)
        return int(all(value == found[0] for value in found)), natural_key(name)

    return sorted(values, key=rank)
