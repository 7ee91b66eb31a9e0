"""The state of every task, and why. `check` and `run -n` are the same question."""

from __future__ import annotations

from provstore.model.values import data_id_from
from provstore.model.verdict import FRESH, STATES, WAITING, Reason, Verdict
from provstore.noun import NamedTuple
from provstore.operations.assess import assess

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.task import Plan
    from provstore.model.values import DataId
    from provstore.operations.targets import Targets
    from provstore.project import Project


class TaskState(NamedTuple):
    """One task; `state` is one of `verdict.STATES`."""

    stage: str
    data_id: DataId
    state: str
    reasons: tuple[Reason, ...]
    outputs: tuple[str, ...]


class StatusReport(NamedTuple):
    """States of all selected tasks, in the order of the plan; stages whose tasks are not known yet come last."""

    tasks: tuple[TaskState, ...]
    remarks: tuple[str, ...]

    @property
    def summary(self) -> dict[str, int]:
        """Number of tasks by state."""
        counts = dict.fromkeys(STATES, 0)
        for task in self.tasks:
            counts[task.state] += 1
        return counts

    @property
    def is_fresh(self) -> bool:
        """There is nothing to do."""
        return all(task.state == FRESH for task in self.tasks)


def status(project: Project, targets: Targets, overrides: Mapping[str, str], *, force: bool = False) -> StatusReport:
    """Judges all selected tasks; writes nothing.

    Args:
        force: As if the named targets were to run whatever their state.

    Raises:
        PipelinefileError, TargetError: As in `assess`.
    """

    def forced(plan: Plan, position: int) -> bool:
        del plan, position
        return force

    found = assess(project, targets, overrides, forced)
    plan = found.plan
    tasks = [_state(plan, position, found.verdicts.of[position]) for position in found.selection.positions]
    for entry in plan.unresolved:
        if entry.stage in found.selection.unresolved:
            text = f"{entry.dimension} is known once {entry.gate} is fresh"
            tasks.append(TaskState(entry.stage, (), WAITING, (Reason("dimension", entry.dimension, text),), ()))
    return StatusReport(tuple(tasks), tuple(plan.remarks))


def _state(plan: Plan, position: int, verdict: Verdict) -> TaskState:
    task = plan.tasks[position]
    stage = plan.stages[task.stage]
    outputs = tuple([plan.paths[number] for number in task.outputs])
    return TaskState(stage.name, data_id_from(task.data_id, stage.dimensions), verdict.state, verdict.reasons, outputs)
