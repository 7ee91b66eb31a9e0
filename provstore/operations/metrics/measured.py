"""Outputs that hold measures: which are meant, what made them, and what is in them. For `metrics`, its diff and plot.

What was recorded without its measures, because it was made before its output was marked, is read now from the bytes
that are kept; nothing is written for it.
"""

from __future__ import annotations

import os
import tempfile

from provstore.apart.client import AskingError
from provstore.claims import DEFAULT
from provstore.digest import digest_bytes
from provstore.errors import FileError, UsageError
from provstore.model.measures import NO_MEASURES, stem_of
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.operations.targets import Targets, select
from provstore.project import relative_path
from provstore.store import metrics as facts
from provstore.store.proof import prove_all
from provstore.store.records import any_merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.measures import Measures
    from provstore.model.pipeline import PathSpec
    from provstore.model.task import Plan
    from provstore.model.values import Value
    from provstore.project import Project
    from provstore.store.metrics import Made, Place
    from provstore.store.store import Store

LARGEST = 1 << 22
"""Bytes of a file in the project that is read because its bytes are not kept."""
LISTED = 8
"""Names that a message lists."""


class Wanted(NamedTuple):
    """The outputs that a question is about.

    Attributes:
        tasks: (stage, data ID as the store spells it) of tasks with outputs that are marked as metrics.
        roles: Stage → roles of these outputs.
        marked: Paths of these outputs: in older executions they may have had other roles, or these roles other paths.
        paths: Paths that were named one by one, whether they are marked or not.
        plan: What the tasks are from.
    """

    tasks: Sequence[tuple[str, str]]
    roles: Mapping[str, frozenset[str]]
    marked: frozenset[str]
    paths: frozenset[str]
    plan: Plan

    def has(self, made: Made) -> bool:
        """An output is one of them."""
        if made.path in self.paths or made.path in self.marked:
            return True
        return made.stage is not None and made.role in self.roles.get(made.stage, ())


# --- which --------------------------------------------------------------------------------------------------


def wanted(project: Project, current: str, words: Sequence[str]) -> Wanted:
    """What the words of a command line name; without any, all outputs that the Pipelinefile marks as metrics.

    Args:
        current: Folder that paths are relative to.

    Raises:
        TargetError: A word names no target, and no file that was ever made.
        PipelinefileError: It is wrong.
    """
    pipeline, plan = project.pipeline({}), project.plan({}).plan
    project.declare_formats(plan)
    marked = {
        stage.name: sorted(stage.outputs, key=lambda spec: spec.role)
        for stage in pipeline.stages.values()
        if any(map(_is_metric, stage.outputs))
    }
    if not words:
        return _of_tasks(plan, range(len(plan.tasks)), marked, frozenset())
    positions: set[int] = set()
    paths: set[str] = set()
    for word in words:
        path = _made_path(project, plan, current, word)
        if path is not None:
            paths.add(path)
        else:
            positions.update(select(plan, Targets((word,), current, only=True), project.root).named)
    return _of_tasks(plan, sorted(positions), marked, frozenset(paths))


def _of_tasks(
    plan: Plan, positions: Iterable[int], marked: Mapping[str, Sequence[PathSpec]], paths: frozenset[str]
) -> Wanted:
    """The marked outputs of tasks, and paths that were named.

    Args:
        marked: Stage → all its outputs in the order of their roles, as in a plan; only of stages with a metric.
    """
    numbers = {number: stage.name for number, stage in enumerate(plan.stages) if stage.name in marked}
    tasks: dict[tuple[str, str], None] = {}
    made: set[str] = set()
    for task in [plan.tasks[position] for position in positions] if numbers else ():
        stage = numbers.get(task.stage)
        if stage is not None:
            tasks[stage, task.data_id] = None
            outputs = zip(marked[stage], task.outputs, strict=True)
            made.update([plan.paths[number] for spec, number in outputs if _is_metric(spec)])
    roles = {stage: frozenset([spec.role for spec in marked[stage] if _is_metric(spec)]) for stage, _ in tasks}
    return Wanted(list(tasks), roles, frozenset(made), paths, plan)


def _is_metric(spec: PathSpec) -> bool:
    return bool(spec.extra.get("metric"))


def _made_path(project: Project, plan: Plan, current: str, word: str) -> str | None:
    """The path that a word names, if something was ever made there; names of stages and subsets come first."""
    if word in plan.settings.subsets or any(stage.name == word for stage in plan.stages) or project.store is None:
        return None
    try:
        path = relative_path(project.root, current, word)
    except FileError:
        return None
    return path if project.store.ask(facts.makers_of_path, path) else None


# --- what was made ------------------------------------------------------------------------------------------


class Found(NamedTuple):
    """Outputs with their measures.

    Attributes:
        made: Newest execution first; those whose measures can't be known are left out.
        more: There are older ones.
        remarks: What a person should know.
    """

    made: Sequence[Made]
    more: bool
    remarks: tuple[str, ...]


def versions(project: Project, store: Store, wanted: Wanted, limit: int | None) -> Found:
    """The last versions of outputs, with their measures.

    Args:
        limit: Of so many executions at most; None: all.

    Raises:
        StoreDamagedError: One of the records is not what was recorded.
    """
    most = -1 if limit is None else limit + 1
    executions = store.ask(facts.last_successes, wanted.tasks, most) if wanted.tasks else []
    for path in sorted(wanted.paths):
        found = store.ask(facts.makers_of_path, path)
        executions += found if limit is None else found[:most]
    made = [entry for entry in store.ask(facts.made, executions) if wanted.has(entry)]
    if store.ask(any_merge):  # what was recorded in several stores has no other order than that of time
        made.sort(key=lambda entry: entry.execution, reverse=True)
    shown = list(dict.fromkeys([entry.execution for entry in made]))[:limit]
    more = len(shown) < len({entry.execution for entry in made})
    kept = set(shown)
    return with_measures(project, store, [entry for entry in made if entry.execution in kept])._replace(more=more)


def as_of(project: Project, store: Store, wanted: Wanted, bound: Place | None) -> Found:
    """The newest version of each output in front of a place among the executions; None: of all."""
    executions = store.ask(facts.last_successes, wanted.tasks, -1, bound=bound, each=1) if wanted.tasks else []
    for path in sorted(wanted.paths):
        executions += store.ask(facts.makers_of_path, path, bound)[:1]
    return with_measures(project, store, [entry for entry in store.ask(facts.made, executions) if wanted.has(entry)])


def with_measures(project: Project, store: Store, made: Sequence[Made]) -> Found:
    """Proves what was recorded, and reads the measures that were not.

    Raises:
        StoreDamagedError: One of the records is not what was recorded.
    """
    prove_all(store, "execution", dict.fromkeys([entry.execution for entry in made]))
    prove_all(store, "metric", [entry.metric for entry in made if entry.metric is not None])
    if all(entry.measures is not None for entry in made):
        return Found(made, False, ())
    with tempfile.TemporaryDirectory(prefix="provstore-") as folder:
        reader = _Reader(project, store, folder)
        read = [entry if entry.measures is not None else reader.read(entry) for entry in made]
        return Found([entry for entry in read if entry.measures is not None], False, tuple(reader.remarks()))


class Grouped:
    """What is to be said of files: of thousands with one reason there is one remark."""

    def __init__(self) -> None:
        self._paths: dict[str, list[str]] = {}

    def add(self, path: str, reason: str) -> None:
        """A file, or one version of it."""
        self._paths.setdefault(reason, []).append(path)

    def remarks(self, one: str, several: str) -> list[str]:
        """A line for each reason, with the first file that has it.

        Args:
            one: What is so, if it is of one.
            several: The same of more, with `{}` for their number.
        """
        found = []
        for reason, paths in self._paths.items():
            others = len(set(paths)) - 1
            first = f"{paths[0]} and {others} more" if others else paths[0]
            what = several.format(len(paths)) if len(paths) > 1 else one
            found.append(f"{first}: {what}: {reason}")
        return found


class _Reader:
    """Reads measures that were not recorded.

    Args:
        folder: For the kept bytes, while a format reads them.
    """

    def __init__(self, project: Project, store: Store, folder: str) -> None:
        self._project, self._store, self._folder = project, store, folder
        self._known: dict[tuple[str, str, str], Measures | str] = {}
        self._unread = Grouped()

    def read(self, made: Made) -> Made:
        """An output with its measures, as far as they can be told."""
        what = (made.path, made.digest, made.format)
        found = self._known.get(what)
        if found is None:
            found = self._known[what] = self._measures(made)
        if isinstance(found, str):
            self._unread.add(made.path, found)
            return made
        return made._replace(measures=found)

    def remarks(self) -> list[str]:
        """What could not be read, and why."""
        return self._unread.remarks("a version has no measures", "{} versions have no measures")

    def _measures(self, made: Made) -> Measures | str:
        """The measures, or why there are none."""
        if made.kind != "file":
            return "found a directory, expected a file of measures"
        format = made.format if made.format != DEFAULT else self._project.format_of(made.path)  # it was given one since
        if format == DEFAULT:  # nobody has to be asked for that
            return NO_MEASURES
        file = os.path.join(self._folder, str(len(self._known)))
        if not self._store.objects.write_to(made.digest, file, executable=False) and not self._lies_there(made, file):
            return "its bytes are not kept"
        try:
            found = self._project.apart().ask("measures", path=file, name=made.path, format=format)
        except AskingError as error:
            return str(error)
        finally:
            os.unlink(file)
        measures: Measures = found["measures"]
        return measures

    def _lies_there(self, made: Made, file: str) -> bool:
        """Copies what lies in the project now, if it is this version."""
        try:
            with open(os.path.join(self._project.root, made.path), "rb") as opened:
                data = opened.read(LARGEST + 1)
        except OSError:
            return False
        if digest_bytes(data) != made.digest:
            return False
        with open(file, "wb") as copy:
            copy.write(data)
        return True


# --- names --------------------------------------------------------------------------------------------------


class Names:
    """What the measures of several outputs are called together.

    A measure has its own name; where several outputs have one of that name, they are told apart by the stage in front,
    and by the role where the stage has several. An output that moved, or whose stage has another name by now, is the
    same one if its path or its place in the stage is.
    """

    def __init__(self, made: Iterable[Made]) -> None:
        self._source: dict[str, tuple[str, str]] = {}
        self._sources: dict[str, set[tuple[str, str]]] = {}
        self._roles: dict[str, set[str]] = {}
        for entry in made:
            stage, role = self._source.setdefault(entry.path, (entry.stage or "", entry.role))
            self._roles.setdefault(stage, set()).add(role)
            for name in _own(entry):
                self._sources.setdefault(name, set()).add((stage, role))

    def of(self, made: Made) -> dict[str, Value]:
        """The measures of one output by what they are called."""
        stage, role = self._source[made.path]
        place = f"{stage}.{role}" if len(self._roles[stage]) > 1 else stage
        return {
            f"{place}:{name}" if len(self._sources[name]) > 1 else name: value for name, value in _own(made).items()
        }


def _own(made: Made) -> Measures:
    """Its measures. One that is named like its file, and so otherwise at each data ID, is called like the output."""
    measures = made.measures or {}
    stem = stem_of(made.path)
    if made.data_id and list(measures) == [stem]:
        return {made.stage or stem if made.role.isdigit() else made.role: measures[stem]}
    return measures


def chosen(known: Sequence[str], only: Sequence[str]) -> list[str]:
    """Those of the known names that were asked for, in the order in which they were; all without a question.

    Args:
        only: Names; that of a level stands for all below it, and one without its stage for those of all stages.

    Raises:
        UsageError: One of them is none.
    """
    if not only:
        return list(known)
    found: dict[str, None] = {}
    for name in only:
        fitting = [entry for entry in known if is_named(entry, name)]
        if not fitting:
            near = nearest(name, known)
            listed = ", ".join(known[:LISTED]) + (", …" if len(known) > LISTED else "")
            hint = f"did you mean '{near}'?" if near else f"there are: {listed or 'none'}"
            raise UsageError(f"{name}: there is no measure of this name", hint=hint)
        found |= dict.fromkeys(fitting)
    return list(found)


def is_named(entry: str, name: str) -> bool:
    """A measure is meant by a name: its own, with its stage or without, or that of a level above."""
    return any(own == name or own.startswith(f"{name}.") for own in (entry, entry.partition(":")[2]))
