"""The state of a project: its plan, the tasks that are asked about, and their verdicts."""

from __future__ import annotations

import gc

from provstore.errors import FileError, PipelinefileError, Problem, ProvstoreError, QueryError, TargetError
from provstore.model.values import nearest
from provstore.model.verdict import FRESH
from provstore.noun import NamedTuple
from provstore.operations.targets import Selection, Targets, select, with_upstream
from provstore.operations.verdicts import Verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from provstore.model.task import Plan
    from provstore.project import Planned, Project
    from provstore.watch.workspace import Workspace

    Recall: TypeAlias = Callable[[Plan, Verdicts, Sequence[str]], Mapping[str, Mapping[str, Sequence[str]]]]
    """Stages that others look into and that are not fresh → those whose result is known, each with its directories
    and what belongs into these; a directory that lies there as it should may be left out."""


MOST_SHOWN = 20
"""Inputs that were looked up in vain and are listed: ten thousand tasks may lack one calibration each."""


class Assessment(NamedTuple):
    """What is known before anything runs. `forced`: positions that run whatever their state."""

    planned: Planned
    selection: Selection
    verdicts: Verdicts
    workspace: Workspace
    forced: frozenset[int]

    @property
    def plan(self) -> Plan:
        """The plan that was judged."""
        return self.planned.plan

    @property
    def active(self) -> list[int]:
        """Selected tasks that are not fresh, or may turn out not to be."""
        stale = [position for position, verdict in self.verdicts.of.items() if verdict.state != FRESH]
        return sorted(set(stale).intersection(self.selection.positions)) if stale else []


def assess(
    project: Project,
    targets: Targets,
    overrides: Mapping[str, str],
    forced: Callable[[Plan, int], bool] | None = None,
    done: frozenset[tuple[str, str]] = frozenset(),
    recall: Recall | None = None,
) -> Assessment:
    """Judges all selected tasks.

    What is found in the output directory of a stage counts only while that stage is fresh. So the plan is
    made as if all were, and made again where that turns out to be wrong.

    Args:
        forced: Says of a named task whether it is to run whatever its state.
        done: Tasks that this run has executed already, as (stage, data ID): those that always run have done so.
        recall: Knows what belongs into the output directories of stages that are not fresh.

    Raises:
        PipelinefileError: The Pipelinefile is wrong, its default too, or an input is missing that nothing makes.
        TargetError: A target names nothing.
    """
    # What is read now stays until the end: to look for garbage in it, again and again while it grows, would take a
    # third of the time at ten thousand tasks. What is frozen is still freed when nobody refers to it.
    gc.disable()
    try:
        return _assess(project, targets, overrides, forced, done, recall)
    finally:
        gc.freeze()
        gc.enable()


def _assess(
    project: Project,
    targets: Targets,
    overrides: Mapping[str, str],
    forced: Callable[[Plan, int], bool] | None,
    done: frozenset[tuple[str, str]],
    recall: Recall | None,
) -> Assessment:
    workspace = project.workspace()
    settled: frozenset[str] | None = None
    while True:
        planned = project.plan(overrides, settled)
        plan = planned.plan
        project.declare_formats(plan)
        verdicts = Verdicts(plan, workspace, project.store, planned.work, done)
        gates = [number for number in range(len(plan.tasks)) if plan.gates and plan.stage_of(number).name in plan.gates]
        try:
            selection = select(plan, targets, project.root)
        except (TargetError, QueryError, FileError) as error:
            verdicts.judge(with_upstream(plan, gates), frozenset())
            known = _settled_otherwise(project, plan, verdicts, recall)
            if known is None:
                raise (error if targets.texts else _wrong_default(project, error)) from None
            settled = known  # what was named may come to light later
            continue
        force = frozenset(position for position in selection.named if forced is not None and forced(plan, position))
        verdicts.judge(with_upstream(plan, {*gates, *selection.positions}) if gates else selection.positions, force)
        known = _settled_otherwise(project, plan, verdicts, recall)
        if known is None:
            break
        settled = known
    if verdicts.missing:
        raise PipelinefileError(_missing_inputs(project, plan, verdicts, overrides))
    return Assessment(planned, selection, verdicts, workspace, force)


def _settled_otherwise(
    project: Project, plan: Plan, verdicts: Verdicts, recall: Recall | None
) -> frozenset[str] | None:
    """The gates whose output directories are known; None: they are, as the plan has taken them to be."""
    fresh = _fresh_gates(plan, verdicts)
    recalled: Mapping[str, Mapping[str, Sequence[str]]] = {}
    if recall is not None and len(fresh) < len(plan.gates):
        recalled = recall(plan, verdicts, [gate for gate in plan.gates if gate not in fresh])
    before = project.imagined
    members = {folder: found for folders in recalled.values() for folder, found in folders.items()}
    project.imagined = {**before, **members}
    known = fresh.union(recalled)
    return None if len(known) == len(plan.gates) and project.imagined == before else known


def _fresh_gates(plan: Plan, verdicts: Verdicts) -> frozenset[str]:
    stale = {plan.stage_of(position).name for position, verdict in verdicts.of.items() if verdict.state != FRESH}
    return frozenset(gate for gate in plan.gates if gate not in stale)


def _wrong_default(project: Project, error: ProvstoreError) -> PipelinefileError:
    """The Pipelinefile, and not the command line, names what there is not."""
    text = f"default: {error.message.partition(chr(10))[0]}"
    return PipelinefileError([Problem(project.file, 0, "[project]", text, error.hint)])


def _missing_inputs(project: Project, plan: Plan, verdicts: Verdicts, overrides: Mapping[str, str]) -> list[Problem]:
    """One problem for each missing path, at the line that declares it."""
    stages = project.pipeline(overrides).stages
    problems: dict[str, Problem] = {}
    for position, path in verdicts.missing:
        if path in problems:
            continue
        stage = stages[plan.stage_of(position).name]
        role = next(role for role, read in verdicts.inputs_of(position) if read == path)
        makers = [plan.name(source) for source in plan.tasks[position].upstream if _makes(plan, source, path)]
        if path in plan.unfound:
            text, hint = plan.unfound[path]
            text = f"input '{role}': {text}"
        elif makers:
            text, hint = f"input '{path}' is missing; {makers[0]} is to make it", "run that first, or leave out --only"
        else:
            text, hint = f"input '{path}' is missing, and no stage makes it", _nearest(project, path)
        line = stage.place.line_of("inputs", role)
        problems[path] = Problem(stage.place.file, line, f"stage '{stage.name}'", text, hint)
    unfound = [problems[path] for path in plan.unfound if path in problems]
    return [problem for problem in problems.values() if problem not in unfound[MOST_SHOWN:]]


def _makes(plan: Plan, task: int, path: str) -> bool:
    return any(path == made or path.startswith(made + "/") for made in plan.outputs(task))


def _nearest(project: Project, path: str) -> str:
    """A file of nearly this name in the same folder."""
    import os

    folder, _, name = path.rpartition("/")
    try:
        names = os.listdir(os.path.join(project.root, folder))
    except OSError:
        return f"there is no folder '{folder}'" if folder else ""
    near = nearest(name, names)
    return f"did you mean '{folder + '/' if folder else ''}{near}'?" if near else ""
