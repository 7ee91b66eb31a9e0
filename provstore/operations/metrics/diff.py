"""How measures differ: between two runs, executions or versions of a file, or from what lies there now."""

from __future__ import annotations

import os

from provstore.apart.client import AskingError
from provstore.digest import canonical_json
from provstore.errors import UsageError
from provstore.model.measures import change
from provstore.noun import NamedTuple
from provstore.operations.identify import NO_STORE, RUN_FIRST, identify, shortener
from provstore.operations.metrics.measured import Found, Grouped, Names, as_of, chosen, wanted, with_measures
from provstore.store import metrics as facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON, Value
    from provstore.operations.metrics.measured import Wanted
    from provstore.project import Project
    from provstore.store.metrics import Made, Place
    from provstore.store.store import Store

PRESENT = "present files"
"""Label of what lies in the project now."""


class MetricsDiffRequest(NamedTuple):
    """What to compare.

    Attributes:
        a, b: Ids of runs, executions or datasets. Without b: what is newest. Without both: the last run that measured
            something, and what there was before it.
        present: In the place of b, the files that lie in the project now; without a, against what is newest.
        only: Names of measures; empty: all.
    """

    a: str | None = None
    b: str | None = None
    present: bool = False
    only: tuple[str, ...] = ()


class MeasureChange(NamedTuple):
    """One measure on both sides.

    Attributes:
        name: As in the table of `metrics`.
        a, b: None where a side does not have it.
        change: b - a; None where that is no number.
        relative: That as a part of a.
    """

    name: str
    stage: str | None
    data_id: Mapping[str, JSON]
    a: Value | None
    b: Value | None
    change: float | int | None
    relative: float | None

    @property
    def is_equal(self) -> bool:
        """Nothing changed; 1 and true are two."""
        return self.a == self.b and isinstance(self.a, bool) == isinstance(self.b, bool)


class MetricsDiffReport(NamedTuple):
    """Measures of two sides.

    Attributes:
        a, b: What they are: "run ID", "execution ID", "dataset ID", "before run ID", or `PRESENT`.
        short_a, short_b: The same with ids as far as they have to be typed.
        measures: All that one of them has, those that are equal too.
    """

    a: str
    b: str
    short_a: str
    short_b: str
    measures: tuple[MeasureChange, ...]
    remarks: tuple[str, ...]


class _Side(NamedTuple):
    """One side of the comparison."""

    label: str
    short: str
    found: Found


def metrics_diff(project: Project, request: MetricsDiffRequest) -> MetricsDiffReport:
    """What measures changed.

    Raises:
        UnknownIdError: An id names nothing, or several things.
        UsageError: There is nothing to compare, or no measure of a name that was asked for.
        PipelinefileError: It is wrong.
        StoreDamagedError: One of the records is not what was recorded.
    """
    store = project.store
    if store is None:
        raise UsageError(f"metrics diff: {NO_STORE}", hint=RUN_FIRST)
    sides = _Sides(project, store)
    if request.a is None and not request.present:
        a, b = sides.last_two()
    else:
        a = sides.of(request.a) if request.a is not None else sides.newest()
        b = sides.present() if request.present else sides.of(request.b) if request.b is not None else sides.newest()
    measures = _compared(a.found.made, b.found.made)
    names = chosen(sorted({entry.name for entry in measures}), request.only) if measures else []
    kept = tuple([entry for entry in measures if entry.name in names])
    remarks = dict.fromkeys([*a.found.remarks, *b.found.remarks, *_by_hand(a.found, b.found)])
    return MetricsDiffReport(a.label, b.label, a.short, b.short, kept, tuple(remarks))


def _by_hand(*sides: Found) -> list[str]:
    """What no task has measured."""
    made = Grouped()
    for path in {entry.dataset: entry.path for side in sides for entry in side.made if entry.by_hand}.values():
        made.add(path, "nothing ran")
    return made.remarks("put there by hand and accepted", "put there by hand and accepted")


class _Sides:
    """Finds what is to be compared."""

    def __init__(self, project: Project, store: Store) -> None:
        self._project, self._store = project, store
        self._shortened = shortener(store)
        self._wanted: Wanted | None = None

    @property
    def _marked(self) -> Wanted:
        """The outputs that the Pipelinefile marks as metrics."""
        if self._wanted is None:
            self._wanted = wanted(self._project, self._project.root, ())
            if not self._wanted.tasks:
                raise UsageError(
                    "no output is marked as a metric",
                    hint="in the Pipelinefile, write outputs.score = { path = 'score.json', metric = true }",
                )
        return self._wanted

    def newest(self) -> _Side:
        """What was recorded last."""
        return self._up_to(None, *_named(self._last()))

    def last_two(self) -> tuple[_Side, _Side]:
        """What was there before the last run that measured something, and what there is since."""
        last = self._last()
        span = self._store.ask(facts.span_of_run, last.run) if last.run is not None else None
        first = span[0] if span is not None else self._store.ask(facts.place, last.execution)
        kind, id = _named(last)
        before = self._up_to(first, f"before {kind}", id)
        after = self._up_to(None, kind, id)
        if not before.found.made:
            raise UsageError(f"{after.short} is the first one with measures: there is nothing to compare it with")
        return before, after

    def of(self, text: str) -> _Side:
        """What an id names."""
        kind, id = identify(self._store, text)
        if kind == "run":
            span = self._store.ask(facts.span_of_run, id)
            if span is None:
                raise UsageError(f"{text}: this run has executed nothing", hint="'provstore log' shows the runs")
            return self._up_to(span[1], kind, id)
        execution = id if kind == "execution" else self._store.ask(facts.maker, id)
        if execution is None:
            raise UsageError(f"{text}: no task has made this dataset", hint="name one that holds measures")
        made = self._store.ask(facts.made, [execution])
        if kind == "dataset":
            made = [entry for entry in made if entry.dataset == id]
        else:
            made = [entry for entry in made if self._marked.has(entry)]
        return self._side(kind, id, with_measures(self._project, self._store, made))

    def present(self) -> _Side:
        """What lies in the project now, at the paths of what is newest."""
        unread = Grouped()
        made = []
        for entry in self.newest().found.made:
            file = os.path.join(self._project.root, entry.path)
            if not os.path.isfile(file):
                unread.add(entry.path, "there is no such file")
                continue
            try:
                found = self._project.apart().ask("measures", path=file, name=entry.path, format=entry.format)
            except AskingError as error:
                unread.add(entry.path, str(error))
                continue
            made.append(entry._replace(measures=found["measures"], by_hand=False))
        return _Side(PRESENT, PRESENT, Found(made, False, tuple(unread.remarks("no measures now", "no measures now"))))

    def _up_to(self, bound: Place | None, kind: str, id: str) -> _Side:
        return self._side(kind, id, as_of(self._project, self._store, self._marked, bound))

    def _side(self, kind: str, id: str, found: Found) -> _Side:
        return _Side(f"{kind} {id}", f"{kind} {self._shortened(id)}", found)

    def _last(self) -> Made:
        """The newest output that is marked."""
        executions = self._store.ask(facts.last_successes, self._marked.tasks, 1)
        made = [entry for entry in self._store.ask(facts.made, executions) if self._marked.has(entry)]
        if not made:
            raise UsageError("no measures were recorded yet", hint=RUN_FIRST)
        return made[0]


def _named(made: Made) -> tuple[str, str]:
    """The run that made something, or the execution, if it belongs to none."""
    return ("run", made.run) if made.run is not None else ("execution", made.execution)


def _compared(a: Sequence[Made], b: Sequence[Made]) -> list[MeasureChange]:
    """Every measure of either side, by its task and its name. Two single files are compared whatever made them."""
    if len(a) == len(b) == 1:
        a = [a[0]._replace(path=b[0].path, role=b[0].role, stage=b[0].stage, data_id=b[0].data_id)]
    names = Names([*b, *a])
    tasks: dict[str, Made] = {}
    sides: list[dict[tuple[str, str], Value]] = [{}, {}]
    for side, made in zip(sides, (a, b), strict=True):
        for entry in made:
            task = canonical_json(entry.data_id)
            for name, value in names.of(entry).items():
                side[task, name] = value
                tasks.setdefault(f"{task} {name}", entry)
    found = []
    for task, name in sorted({**sides[0], **sides[1]}):
        one, other = sides[0].get((task, name)), sides[1].get((task, name))
        entry = tasks[f"{task} {name}"]
        found.append(MeasureChange(name, entry.stage, entry.data_id, one, other, *change(one, other)))
    return found
