"""The state of every task, and why. `check` and `run -n` are the same question."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from provstore.errors import PipelinefileError
from provstore.model.remembered import stage_names
from provstore.model.values import data_id_from
from provstore.model.verdict import FRESH, STATES, WAITING, Reason
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.registry.types.concerns import type_problems

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.task import Plan
    from provstore.model.values import DataId
    from provstore.operations.assess import Assessment
    from provstore.operations.targets import Targets
    from provstore.project import Project


class TaskState(NamedTuple):
    """One task; `state` is one of `verdict.STATES`."""

    stage: str
    data_id: DataId
    state: str
    reasons: tuple[Reason, ...]
    outputs: tuple[str, ...]


class Alike(NamedTuple):
    """Tasks of one stage of which a person reads the same; `reasons` are their texts."""

    stage: str
    state: str
    reasons: tuple[str, ...]


class Group(NamedTuple):
    """What the tasks that share a line have in common."""

    stage: str
    state: str
    reasons: tuple[Reason, ...]

    @property
    def alike(self) -> Alike:
        """The same for all that read alike: the execution that a reason is about is not shown."""
        return Alike(self.stage, self.state, tuple([reason.text for reason in self.reasons]))


class StatusReport:
    """States of all selected tasks, in the order of the plan; stages whose tasks are not known yet come last.

    Args:
        tasks: May be made when they are asked for: of thousands that are fresh nobody asks for one.

    Attributes:
        groups: What each of the tasks has in common with others.
    """

    def __init__(self, tasks: Sequence[TaskState], remarks: Sequence[str], groups: Sequence[Group] = ()) -> None:
        self.tasks, self.remarks = tasks, remarks
        self.groups = groups or [Group(task.stage, task.state, task.reasons) for task in tasks]

    @cached_property
    def summary(self) -> dict[str, int]:
        """Number of tasks by state."""
        counts = dict.fromkeys(STATES, 0)
        for group in self.groups:
            counts[group.state] += 1
        return counts

    @property
    def is_fresh(self) -> bool:
        """There is nothing to do."""
        return self.summary[FRESH] == len(self.groups)


def status(
    project: Project,
    targets: Targets,
    overrides: Mapping[str, str],
    *,
    force: bool = False,
    register_types: bool | None = None,
) -> StatusReport:
    """Judges all selected tasks; writes nothing.

    Args:
        force: As if the named targets were to run whatever their state.
        register_types: The question is what a run would do, with this said: see `RunRequest`. None: it is not.

    Raises:
        PipelinefileError, TargetError: As in `assess`. Dataset types with which a run would be refused are remarks,
            unless that is the question.
    """

    def forced(plan: Plan, position: int) -> bool:
        del plan, position
        return force

    found = assess(project, targets, overrides, forced)
    if register_types is None:
        return states_of(project, found, refused_types(project, found))
    problems = type_problems(project, found, register=register_types)
    if problems:
        raise PipelinefileError(problems)
    return states_of(project, found)


def states_of(project: Project, found: Assessment, remarks: Sequence[str] = ()) -> StatusReport:
    """The report on what was assessed already.

    Args:
        remarks: Said before those of the plan.
    """
    tasks = _States(found)
    return StatusReport(tasks, (*remarks, *found.plan.remarks, *project.take_remarks()), tasks.groups())


def refused_types(project: Project, found: Assessment) -> list[str]:
    """Why a run would be refused for its dataset types."""
    return [f"run would be refused: {problem}" for problem in type_problems(project, found, register=False)]


class _States(Sequence[TaskState]):
    """The tasks of an assessment, each made when it is asked for."""

    def __init__(self, found: Assessment) -> None:
        self._plan, self._positions, self._verdicts = found.plan, found.selection.positions, found.verdicts.of
        self._unresolved = [
            TaskState(entry.stage, (), WAITING, (Reason("dimension", entry.dimension, text),), ())
            for entry in found.plan.unresolved
            if entry.stage in found.selection.unresolved
            for text in [f"{entry.dimension} is known once {entry.gate} is fresh"]
        ]

    def __len__(self) -> int:
        return len(self._positions) + len(self._unresolved)

    def __getitem__(self, number: int) -> TaskState:  # type: ignore[override]  # nobody takes slices, or counts from the end
        if number >= len(self._positions):
            return self._unresolved[number - len(self._positions)]
        plan, position = self._plan, self._positions[number]
        task, verdict = plan.tasks[position], self._verdicts[position]
        stage = plan.stages[task.stage]
        data_id = data_id_from(task.data_id, stage.dimensions)
        return TaskState(stage.name, data_id, verdict.state, verdict.reasons, tuple(plan.outputs(position)))

    def groups(self) -> list[Group]:
        """What each of them has in common with others; without making any."""
        names, verdicts = stage_names(self._plan), self._verdicts
        fresh = {name: Group(name, FRESH, ()) for name in dict.fromkeys(names)}
        found = [
            Group(names[position], *verdicts[position]) if position in verdicts else fresh[names[position]]
            for position in self._positions
        ]
        return found + [Group(task.stage, task.state, task.reasons) for task in self._unresolved]
