"""`check --locked`: is everything as the lock file says, and, where there is a store, fresh?"""

from __future__ import annotations

from provstore.model.lock import FROZEN
from provstore.model.values import data_id_text
from provstore.model.verdict import FRESH, WAITING
from provstore.noun import NamedTuple
from provstore.operations.lock.compare import Comparer
from provstore.operations.lock.file import read_lock
from provstore.operations.lock.members import absent_members
from provstore.operations.status import StatusReport, TaskState, status
from provstore.operations.targets import select, with_upstream
from provstore.store import history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from provstore.model.lock import Lock, LockedTask
    from provstore.model.task import Plan
    from provstore.model.verdict import Material
    from provstore.operations.lock.compare import Compared
    from provstore.operations.targets import Targets
    from provstore.project import Project


class LockedReport(NamedTuple):
    """How a project compares with its lock file.

    Attributes:
        file: The lock file, relative to the project.
        status: All tasks: the state is "fresh" where a task is as locked and, by the store, fresh.
        gone: Locked tasks that the Pipelinefile no longer has.
        absent: Number of locked outputs that do not lie here.
    """

    file: str
    status: StatusReport
    gone: tuple[LockedTask, ...]
    absent: int

    @property
    def is_ok(self) -> bool:
        """Everything is as locked, and fresh."""
        return self.status.is_fresh and not self.gone


def check_locked(project: Project, targets: Targets) -> LockedReport:
    """Compares a project with its lock file; writes nothing.

    Raises:
        UsageError: There is no lock file.
        LockfileError: It can't be understood.
        PipelinefileError, TargetError: As in `assess`.
    """
    lock = read_lock(project)
    by_store = status(project, targets, {}) if project.store is not None else None
    project.imagined = absent_members(project, lock)
    planned = project.plan({})
    plan = planned.plan
    project.declare_formats(plan)
    comparer = Comparer(plan, planned.work, project.workspace(), lock, project.lock_file, _past(project))
    positions = select(plan, targets, project.root).positions
    compared = {position: comparer.compare(position) for position in with_upstream(plan, positions)}
    chosen = [compared[position] for position in positions]
    tasks = [_state(plan, found) for found in chosen]
    remarks = [*plan.remarks, *_secret_remarks(plan, chosen)]
    if by_store is not None:
        tasks = _united(by_store.tasks, tasks)
        remarks = [*by_store.remarks, *remarks]
    gone = () if targets.texts else tuple(_gone(plan, lock))
    remarks = list(dict.fromkeys([*remarks, *project.take_remarks()]))
    return LockedReport(project.lock_file, StatusReport(tasks, remarks), gone, comparer.absent)


def _past(project: Project) -> Callable[[str], Material | None]:
    """What the store knows of the success that a locked key is of."""
    store = project.store

    def past(key: str) -> Material | None:
        if store is None or key == FROZEN:
            return None
        success = store.ask(history.success, key, [])
        return store.ask(history.material, success.execution) if success is not None else None

    return past


def _state(plan: Plan, found: Compared) -> TaskState:
    outputs = tuple(plan.outputs(found.position))
    return TaskState(
        plan.stage_of(found.position).name, plan.data_id(found.position), found.state, found.reasons, outputs
    )


def _united(by_store: Iterable[TaskState], by_lock: Iterable[TaskState]) -> list[TaskState]:
    """One verdict of two: fresh where both say so, else all that the two say, each reason once."""
    states = {(task.stage, data_id_text(task.data_id)): task for task in by_lock}
    united = []
    for task in by_store:
        locked = states.pop((task.stage, data_id_text(task.data_id)), None)
        if locked is not None and locked.state != FRESH:
            said = {reason.text for reason in task.reasons}
            waits = any(reason.kind == WAITING for reason in task.reasons)
            new = [reason for reason in locked.reasons if reason.text not in said]
            more = tuple([reason for reason in new if not (waits and reason.kind == WAITING)])
            state = locked.state if task.state == FRESH else task.state
            united.append(task._replace(state=state, reasons=(*task.reasons, *more)))
        else:
            united.append(task)
    return united + list(states.values())


def _gone(plan: Plan, lock: Lock) -> Iterable[LockedTask]:
    known = {(plan.stage_of(number).name, plan.tasks[number].data_id) for number in range(len(plan.tasks))}
    return [task for id, task in sorted(lock.tasks.items()) if id not in known]


def _secret_remarks(plan: Plan, compared: Iterable[Compared]) -> list[str]:
    found = {plan.stage_of(entry.position).name: entry.secrets for entry in compared if entry.secrets}
    return [
        f"{stage}: the value of {', '.join(secrets)} is secret, and not compared" for stage, secrets in found.items()
    ]
