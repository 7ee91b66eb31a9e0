"""The pipeline as a graph of stages or of tasks."""

from __future__ import annotations

from provstore.model.drawing import Drawing, Edge, Node
from provstore.model.remembered import stage_names
from provstore.model.verdict import FAILED, FRESH, NEW, RESTORABLE, STALE, WAITING
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.targets import stage_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.pipeline import Pipeline
    from provstore.model.task import Plan
    from provstore.model.values import DataId
    from provstore.operations.assess import Assessment
    from provstore.operations.targets import Targets
    from provstore.project import Project

WORST_FIRST = (FAILED, STALE, NEW, WAITING, RESTORABLE, FRESH)
"""A stage has the state of its task that comes first here."""


class Step(NamedTuple):
    """A stage or a task.

    Attributes:
        name: As the command line spells it.
        data_id: Of a task; None for a stage.
        tasks: Number of its tasks; 0 while they are not known yet.
        state: "" where nothing was ever recorded; of a stage: that of the task which needs most.
        inputs: What it reads that no stage makes: of a stage as declared, of a task as it lies on the disk.
        outputs: What it makes, likewise.
    """

    name: str
    stage: str
    data_id: DataId | None
    tasks: int
    state: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


class GraphReport(NamedTuple):
    """Steps, each behind those it takes data from, and what flows from one to the other.

    Attributes:
        edges: With the paths that flow, as they lie on the disk; without any where the second only has to
            come after the first.
    """

    title: str
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]

    def drawing(self) -> Drawing:
        """What a picture shows of it."""
        nodes = [Node(step.name, _note(step), step.state, step.inputs, step.outputs) for step in self.steps]
        return Drawing(self.title, nodes, self.edges)


def _note(step: Step) -> str:
    if step.data_id is not None or step.tasks == 1:
        return ""
    return f"{step.tasks} tasks" if step.tasks else "tasks not known yet"


def graph(project: Project, targets: Targets, *, tasks: bool) -> GraphReport:
    """The graph of what the targets name and all that they need; everything where they name nothing.

    Args:
        tasks: Its steps are tasks; else stages.

    Raises:
        PipelinefileError, TargetError: As in `assess`.
    """
    found = assess(project, targets, {})
    if not tasks:
        return graph_of_stages(project, found, is_known=project.store is not None)
    title = project.pipeline({}).name or "pipeline"
    return GraphReport(title, *_of_tasks(found, is_known=project.store is not None))


def graph_of_stages(project: Project, found: Assessment, *, is_known: bool = True) -> GraphReport:
    """The graph of the stages of what was assessed already.

    Args:
        is_known: Say in which state each is.
    """
    pipeline = project.pipeline({})
    title = pipeline.name or "pipeline"
    return GraphReport(title, *_of_stages(found, pipeline, is_known=is_known))


def _of_tasks(found: Assessment, *, is_known: bool) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    plan, positions = found.plan, found.selection.positions
    made = _makers(plan)
    steps = [
        Step(
            plan.name(position),
            plan.stage_of(position).name,
            plan.data_id(position),
            1,
            found.verdicts.of[position].state if is_known else "",
            tuple(dict.fromkeys(plan.known_as(path) for path in plan.inputs(position) if not made.of(path))),
            tuple(plan.outputs(position)),
        )
        for position in positions
    ]
    selected = set(positions)
    edges = [
        Edge(plan.name(source), plan.name(position), inputs.made_by(source))
        for position in positions
        for inputs in [_Inputs(plan, position)]
        for source in plan.tasks[position].upstream
        if source in selected
    ]
    return tuple(steps), tuple(edges)


class _Inputs:
    """The inputs of one task, to be asked which of them another task makes: it may gather those of thousands."""

    def __init__(self, plan: Plan, position: int) -> None:
        self._plan = plan
        self._place: dict[str, int] = {}
        self._below: dict[str, list[str]] = {}
        for path in plan.inputs(position):
            self._place.setdefault(path, len(self._place))
            for folder in _folders(path):
                self._below.setdefault(folder, []).append(path)

    def made_by(self, source: int) -> tuple[str, ...]:
        """Those that a task makes, whole or in part."""
        found: set[str] = set()
        for output in self._plan.outputs(source):
            found.update(path for path in (output, *_folders(output)) if path in self._place)
            found.update(self._below.get(output, ()))
        return tuple(sorted(found, key=self._place.__getitem__))


class _Makers:
    """What the tasks of a plan make, to be asked which paths come from none of them."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._made = set(paths)
        self._above = {folder for path in self._made for folder in _folders(path)}

    def of(self, path: str) -> bool:
        """A task makes the path, the folder that it lies in, or something in it."""
        return path in self._made or path in self._above or any(folder in self._made for folder in _folders(path))


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _makers(plan: Plan) -> _Makers:
    return _Makers(plan.paths[number] for task in plan.tasks for number in task.outputs)


def _of_stages(found: Assessment, pipeline: Pipeline, *, is_known: bool) -> tuple[tuple[Step, ...], tuple[Edge, ...]]:
    plan = found.plan
    links = stage_links(plan)
    members: dict[str, list[int]] = {}
    for position in found.selection.positions:
        members.setdefault(plan.stage_of(position).name, []).append(position)
    chosen = set(members) | found.selection.unresolved
    links = {stage: [source for source in sources if source in chosen] for stage, sources in links.items()
             if stage in chosen}  # fmt: skip
    made = _makers(plan)
    steps = []
    for stage in _in_order(links):
        positions = members.get(stage, [])
        declared = pipeline.stages[stage]
        sources = _source_roles(found, positions, made)
        steps.append(
            Step(
                stage,
                stage,
                None,
                len(positions),
                _worst(found, positions) if is_known else "",
                tuple(
                    dict.fromkeys(
                        spec.template or f"({spec.dataset})" for spec in declared.inputs if spec.role in sources
                    )
                ),
                tuple(spec.template for spec in declared.outputs),
            )
        )
    flows = _stage_flows(plan, found.selection.positions)
    edges = [
        Edge(source, stage, tuple(flows.get((source, stage), ())))
        for stage, sources in links.items()
        for source in sources
    ]
    return tuple(steps), tuple(edges)


def _in_order(links: Mapping[str, Sequence[str]]) -> list[str]:
    """Each stage behind those it takes data from; where tasks of two read from each other, the order of the file."""
    from provstore import graph as graphs

    try:
        return graphs.ordered(links)
    except graphs.CycleError:
        return list(links)


def _source_roles(found: Assessment, positions: Sequence[int], made: _Makers) -> set[str]:
    """Roles under which tasks read what no stage makes."""
    return {role for position in positions for role, path in found.verdicts.inputs_of(position) if not made.of(path)}


def _worst(found: Assessment, positions: Sequence[int]) -> str:
    states = {found.verdicts.of[position].state for position in positions}
    return next((state for state in WORST_FIRST if state in states), WAITING)


def _stage_flows(plan: Plan, positions: Iterable[int]) -> dict[tuple[str, str], dict[str, None]]:
    """(stage, stage) → the paths that flow from the first to the second, in the order in which they are read."""
    flows: dict[tuple[str, str], dict[str, None]] = {}
    names = stage_names(plan)
    for position in positions:
        inputs = _Inputs(plan, position)
        for source in plan.tasks[position].upstream:
            flows.setdefault((names[source], names[position]), {}).update(dict.fromkeys(inputs.made_by(source)))
    return flows
