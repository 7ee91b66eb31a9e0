"""Writes the lock file: because somebody asks for it, and as the last step of each run where there is one."""

from __future__ import annotations

import contextlib
import os

from provstore.apart.client import StoppedError
from provstore.errors import FileError, LockfileError, ProvstoreError, StoreLockedError, UsageError
from provstore.events import Remark
from provstore.model.lock import EMPTY
from provstore.model.verdict import FRESH
from provstore.noun import NamedTuple
from provstore.operations.assess import assess
from provstore.operations.hold import hold, refuse_tasks
from provstore.operations.lock.entries import lock_from
from provstore.operations.lock.file import read_lock, write_text
from provstore.operations.status import states_of
from provstore.operations.targets import Targets
from provstore.pipelinefile.lock import text_of
from provstore.store.lock import RunLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from provstore.events import Observer
    from provstore.model.lock import Lock
    from provstore.operations.assess import Assessment
    from provstore.operations.status import TaskState
    from provstore.project import Project

WRITTEN, UNCHANGED, REFUSED = "written", "unchanged", "refused"


class LockReport(NamedTuple):
    """What became of the lock file.

    Attributes:
        file: Relative to the project.
        outcome: "written", "unchanged", or "refused": some tasks are not fresh.
        tasks, outputs: Numbers of what it says.
        not_fresh: What has to be run before.
        remarks: What a person should know besides.
    """

    file: str
    outcome: str
    tasks: int
    outputs: int
    not_fresh: tuple[TaskState, ...]
    remarks: tuple[str, ...]


def lock(project: Project, observe: Observer) -> LockReport:
    """Writes the lock file from what is fresh, which everything has to be. Waits while a run holds the project.

    Raises:
        PipelinefileError: The Pipelinefile is wrong.
        FileError: The file can't be written.
        StoreError: The store can't be used.
    """
    with held(project, "provstore lock", observe):
        project.renew_store()
        assessment = _assess(project)
        report = states_of(project, assessment)
        not_fresh = tuple(task for task in report.tasks if task.state != FRESH)
        if not_fresh or (project.store is None and report.tasks):
            return LockReport(project.lock_file, REFUSED, 0, 0, not_fresh, tuple(report.remarks))
        old = _old_lock(project)
        new = lock_from(assessment, project.store, old or EMPTY, lambda _: True) if project.store else EMPTY
        if new != old:
            write_text(project, text_of(new))
    outputs = sum([len(task.outputs) for task in new.tasks.values()])
    outcome = UNCHANGED if new == old else WRITTEN
    return LockReport(project.lock_file, outcome, len(new.tasks), outputs, (), tuple(report.remarks))


def keep_up_to_date(
    project: Project,
    assessment: Assessment,
    params: Mapping[str, str],
    is_fresh: Callable[[int], bool],
    observe: Observer,
    *,
    is_held: bool,
) -> bool:
    """After a run: the lock file says what is fresh now. What keeps it from that is told, and does no harm.

    The caller has seen that there is one. It is written only where it is to say something else.

    Args:
        params: Overrides of parameters; what they lead to is for one run alone, and not locked.
        is_fresh: Says of a task, by its position, that it is fresh by now.
        is_held: The caller holds the project.

    Returns:
        The file says what is fresh now.
    """
    name, store = project.lock_file, project.store
    if store is None:
        return False
    if params:
        observe(Remark(f"{name} is left as it is: -P is for this run alone"))
        return False
    try:
        old = read_lock(project)
        new = lock_from(assessment, store, old, is_fresh)
        if new == old:
            return True
        with contextlib.nullcontext() if is_held else _held_at_once(project):
            if read_lock(project) != old:
                return False  # somebody was quicker; the next run compares again
            write_text(project, text_of(new))
        return True
    except (StoreLockedError, StoppedError):
        return False  # the run that is under way does the same at its end; or this one was told to end at once
    except ProvstoreError as error:
        what = error.message if error.message.startswith(name) else f"{name}: {error.message}"
        hint = f" ({error.hint})" if error.hint else ""
        observe(Remark(f"{what}; it is left as it is{hint}"))
        return False


WRITE = "write its lock file"


@contextlib.contextmanager
def held(project: Project, command: str, observe: Observer) -> Iterator[None]:
    """Holds the project; without a store there is nobody to keep out.

    Raises:
        UsageError: One of its tasks asks for that, and would wait for its own end.
    """
    refuse_tasks(project.root, WRITE)
    if project.store is None:
        yield
        return
    with hold(project.root, command, WRITE, observe):
        yield


@contextlib.contextmanager
def _held_at_once(project: Project) -> Iterator[None]:
    """Holds the project, if nobody else does."""
    lock = RunLock(os.path.join(project.folder, "lock"), "provstore run", wait=False, on_wait=lambda _: None)
    try:
        yield
    finally:
        lock.release()


def _assess(project: Project) -> Assessment:
    """The state of all tasks; those that always run are fresh by what they did last."""
    plan = project.plan({}).plan
    always = {number for number, stage in enumerate(plan.stages) if stage.always}
    tasks = plan.tasks if always else ()
    done = frozenset((plan.stages[task.stage].name, task.data_id) for task in tasks if task.stage in always)
    return assess(project, Targets(everything=True), {}, done=done)


def _old_lock(project: Project) -> Lock | None:
    """What is locked already; None: there is none, or what there is can't be understood and is written anew."""
    try:
        return read_lock(project)
    except (UsageError, FileError, LockfileError):
        return None
