"""Writing what a person or a program says, in a project that no run is changing meanwhile.

Outside of a run it waits for the run to end. A task of the project can't wait for its own run, and need not: the run
holds the project while the task works, and keeps no lock of the store between its writes. What several tasks do at
once, the store's write lock puts into an order: see `provstore.store.adding`.

What a task registers is made by its execution, which is recorded when it has ended: see `provstore.operations.retract`
for what becomes of it after a failure.
"""

from __future__ import annotations

import contextlib
import os
import time

from provstore.errors import UsageError
from provstore.events import Remark
from provstore.operations.registry.names import normal_path
from provstore.operations.retract import beginning, was_put_there_since
from provstore.project import make_folder
from provstore.store import history, records, registered
from provstore.store.adding import unbound
from provstore.store.underway import Surrounding, is_waited_for, surrounding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from provstore.events import Event, Observer
    from provstore.project import Project
    from provstore.store.adding import Connection
    from provstore.store.store import Store


def unobserved(event: Event) -> None:
    """Tells nobody what happens."""
    del event


def is_task_of(root: str) -> bool:
    """A task of the project that is under way has started this process."""
    return is_waited_for(root)


def task_of(project: Project) -> Surrounding | None:
    """The task of the project that this process belongs to; None: none that is under way.

    Raises:
        UsageError: A task waits for it, and it can't be told which; or it has outlived its task.
    """
    task = surrounding()
    if task is not None and task.root == project.root and task.run is not None:
        if project.store is not None:
            project.store.ask(_refuse_ended, task)
        return task
    if is_waited_for(project.root):
        raise UsageError(
            f"{os.environ.get('PROVSTORE_TASK', 'PROVSTORE_TASK')}: it does not describe the task that runs here",
            hint="leave this file and the variables that begin with PROVSTORE_ as they are",
        )
    return None


def task_run_collection(project: Project) -> str | None:
    """The RUN collection of the run that waits for this process, as a task of it; None: it is no task."""
    task = task_of(project)
    if task is None or task.run is None or project.store is None:
        return None
    return project.store.ask(records.collection_of_run, task.run)


def task_execution(project: Project, conn: Connection) -> str | None:
    """The execution that makes what this process registers, as a task; None: it is no task. Inside a transaction.

    Raises:
        UsageError: The task has ended meanwhile, so that it makes nothing any more.
    """
    task = task_of(project)
    if task is None:
        return None
    _refuse_ended(conn, task)
    return task.execution


def maker_of_lying(conn: Connection, project: Project, path: str, digest: str, execution: str | None) -> str | None:
    """The execution that made data which lay at their place before they were registered; None: nobody that is known.

    Args:
        execution: That of the task that registers them, which made them if they came there since it began.
    """
    if execution is not None:
        task = surrounding()
        full = os.path.join(project.root, path)
        if task is not None and was_put_there_since(full, beginning(task.place)):
            return execution
    return registered.maker_of(conn, path, digest) or execution


def _refuse_ended(conn: Connection, task: Surrounding) -> None:
    if history.outcome_of(conn, task.execution) is not None:
        raise UsageError(
            f"the task that has started this, {task.execution}, has ended: it makes nothing any more",
            hint="let the command of the task wait for all that it starts",
        )


@contextlib.contextmanager
def writing(project: Project, command: str, what: str, observe: Observer) -> Iterator[Store]:
    """The store, made where there is none, which nobody but tasks of one run writes to.

    Args:
        command: What is done meanwhile, for whoever waits.
        what: What is done, as in "can't free its objects".

    Raises:
        StoreError: It can't be used.
        UsageError: This is a verification of the project.
    """
    project.forget_pipeline()
    _refuse_verification(project, what)
    task = task_of(project)
    make_folder(project.folder)
    if task is not None:
        store = project.writable_store(time.time())
        with unbound(store):
            task.note()
            yield store
        return
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted

    if os.environ.get("PROVSTORE_ROOT") == project.root and surrounding() is None:
        observe(Remark("PROVSTORE_ROOT is set, but no task is under way that has started this: recorded as by hand"))
    with hold(project.root, command, what, observe):
        project.renew_store()
        store = project.writable_store(time.time())
        end_interrupted(project, observe)
        with store.objects.tentative():
            yield store


def _refuse_verification(project: Project, what: str) -> None:
    task = surrounding()
    if task is not None and task.verifies == project.root:
        raise UsageError(
            f"a verification of {project.root} can't {what}: it leaves the project alone",
            hint="open the project in the folder of the task: Store.open()",
        )


def placed_by_layout(project: Project, relpath: str, owner: str, owner_type: str) -> str:
    """Where registered data lie in the project: what `[registry] layout` makes of their path."""
    layout = project.pipeline({}).registry.get("layout") or "{relpath}"
    parts = {"relpath": normal_path(relpath), "owner": owner, "owner_type": owner_type}
    return normal_path(str(layout).format(**parts))
