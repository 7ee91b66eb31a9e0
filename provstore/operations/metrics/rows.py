"""The measures in the outputs that are marked as metrics, over runs."""

from __future__ import annotations

from provstore.model.measures import number_of
from provstore.noun import NamedTuple
from provstore.operations.identify import shortener
from provstore.operations.metrics.measured import Names, chosen, is_named, versions, wanted
from provstore.operations.metrics.params import Depending, params_behind
from provstore.pipelinefile.templates import natural_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.metrics.measured import Found, Wanted
    from provstore.project import Project
    from provstore.store.metrics import Made
    from provstore.store.store import Store

FURTHER = 8
"""How many times as far is looked back where a measure is not among the last ones."""


class MetricsRequest(NamedTuple):
    """Which measures to show.

    Attributes:
        words: Targets or paths; empty: all outputs that are marked.
        current: Folder that paths are relative to.
        only: Names of measures; empty: all.
        limit: Of so many executions, the newest that have such measures; None: of all.
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
        by_hand: A person put the outputs there and accepted them; nothing ran.
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
    by_hand: bool


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
    found = _found(project, store, meant, request)
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
    fitting = [row for row in shown if row.measures or not request.only]
    kept = fitting[: request.limit]
    columns = [name for name in columns if any(name in row.measures for row in kept)]
    more = found.more or len(kept) < len(fitting)
    return MetricsReport(tuple(columns), tuple(kept), more, _is_any(meant), found.remarks)


def _found(project: Project, store: Store, meant: Wanted, request: MetricsRequest) -> Found:
    """The last versions: so many that as many of them as are asked for have measures of the names that are."""
    number = request.limit
    found = versions(project, store, meant, number)
    while number and found.more and not _has_enough(found, request):
        number *= FURTHER
        found = versions(project, store, meant, number)
    return found


def _has_enough(found: Found, request: MetricsRequest) -> bool:
    names = [list(row.measures) for row in _rows(found.made)]
    having = {only: {place for place, known in enumerate(names) if any(is_named(name, only) for name in known)}
              for only in request.only}  # fmt: skip
    return not having or (all(having.values()) and len(set().union(*having.values())) >= (request.limit or 0))


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
                             entry.commit, entry.dirty, {}, entry.by_hand)  # fmt: skip
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
