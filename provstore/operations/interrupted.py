"""After a kill or a power cut: finds what was under way, marks it `interrupted`, and makes its place clean.

Called by a run that holds the lock, so that what it finds belongs to no living run.
"""

from __future__ import annotations

import json
import os
import time

from provstore.errors import FileError
from provstore.events import Remark
from provstore.noun import NamedTuple
from provstore.operations import recording
from provstore.operations.announced import undo_all
from provstore.operations.outputs import Aside, Outputs, discard
from provstore.operations.retract import put_registered_away
from provstore.store import history, records, registered
from provstore.store.facts import ExecutionFact

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.facts import Row
    from provstore.store.ledger import Ledger
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace


def end_interrupted(project: Project, observe: Observer) -> bool:
    """Ends orphans, puts half-written outputs away, brings the last good versions back.

    Returns:
        Whether there was anything to do.
    """
    store = project.store
    if store is None:
        return False
    running = os.path.join(project.folder, "running")
    left_over = os.path.isdir(running)
    unended = store.ask(records.last_run_without_end)
    if not left_over and unended is None:
        return False
    ledger = store.ledger()
    is_clear = True
    if left_over:
        from provstore.executors.orphans import end_orphans

        for orphan in end_orphans(running):
            observe(Remark(f"ended what an earlier run had left running: pid {orphan.pid} ({orphan.command})"))
        is_clear = undo_all(project.root, store, running)
        written = [task for task in _unrecorded(store, running) if _end_task(project, store, ledger, task, observe)]
        if written:
            names = ", ".join(sorted({str(task.row["stage"]) for task in written}))
            observe(Remark(f"interrupted: {names}; what was written is in .provstore/failed"))
    if unended is not None:
        _end_run(store, ledger, unended)
        observe(Remark(f"the run {unended} was interrupted"))
    if not ledger.is_empty:
        ledger.write({}, {})
    if left_over:
        _keep_what_is_left(project, store)
    store.objects.remove_leftovers()
    if is_clear:
        discard([running])
    return True


def _end_run(store: Store, ledger: Ledger, run: str) -> None:
    """Records the end of a run, and of tasks whose description is lost and that had registered something."""
    from provstore.model.values import utc_text

    if not ledger.is_empty:
        ledger.write({}, {})  # those that are described
    for execution in store.ask(registered.unrecorded_since, run):
        ledger.add_execution(ExecutionFact(recording.lost_row(execution, time.time()), (), ()), "", None)
    ended = {"run": run, "ended": utc_text(time.time()), "outcome": "interrupted", "summary": "{}"}
    ledger.add("run_end", ended)


class _Task(NamedTuple):
    """A task that was under way, or had ended and was not written.

    Attributes:
        place: Absolute path of its description.
        inputs: Paths that it reads, relative to the root.
        aside: Where each output that was there before it started was put then, by path.
        is_last: It is the task's last attempt: the files are this one's.
    """

    row: Row
    place: str
    inputs: Sequence[str]
    aside: Mapping[str, str]
    is_last: bool


def _unrecorded(store: Store, running: str) -> list[_Task]:
    """What the store does not know the end of; attempts at one task in their order."""
    found: list[_Task] = []
    for name in os.listdir(running):
        try:
            place = os.path.join(running, name, "task.json")
            with open(place, encoding="utf-8") as file:
                description = json.load(file)
            aside = {path: os.path.join(running, name, place) for path, place in description["aside"].items()}
            task = _Task(description["record"], place, _inputs(description), aside, is_last=False)
            execution, _ = str(task.row["id"]), json.loads(str(task.row["outputs"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # killed while it was being written: nothing had been touched yet; or its command spoiled it
        if store.ask(history.outcome_of, execution) is None:
            found.append(task)
    found.sort(key=lambda task: (int(str(task.row["attempt"])), str(task.row["id"])))  # an id is a time: clocks go back
    last = {(task.row["stage"], task.row["data_id"]): task.row["id"] for task in found}
    return [task._replace(is_last=last[task.row["stage"], task.row["data_id"]] == task.row["id"]) for task in found]


def _inputs(description: Mapping[str, Any]) -> list[str]:
    """Paths that a task reads, relative to the root."""
    cwd, found = str(description["record"]["cwd"]), list[str]()
    for read in description.get("inputs", {}).values():
        found += [read] if isinstance(read, str) else read
    return [os.path.normpath(os.path.join(cwd, path)) for path in found]


def _end_task(project: Project, store: Store, ledger: Ledger, task: _Task, observe: Observer) -> bool:
    """Puts away what a task had written, brings back what was there before. Says whether it had written anything."""
    row = task.row
    if store.ask(records.run_exists, str(row["run"])):
        ledger.add_execution(ExecutionFact(row, (), ()), str(row["stage"]), None)
    if not task.is_last:
        return False
    workspace = project.workspace()
    keeper = Outputs(project.root, project.folder, workspace, store.objects)
    try:
        return _put_right(project, store, workspace, keeper, task)
    except FileError as error:  # the task's own fault: all else goes on
        for place in {os.path.dirname(place) for place in task.aside.values()}:
            keeper.save_aside(place, str(row["id"]))
        observe(Remark(f"{error.message}; what was there before is in .provstore/failed/{row['id']}"))
        return True


def _put_right(project: Project, store: Store, workspace: Workspace, keeper: Outputs, task: _Task) -> bool:
    """Puts away what lies in the place of a task's outputs, brings the last good versions back.

    Returns:
        Whether the task had written anything.

    Raises:
        FileError: A file can't be moved.
    """
    row = task.row

    def is_made(path: str, identity: str) -> bool:
        return store.ask(history.is_made, path, identity)

    aside, outputs = [], []
    had_written = False
    for _, path, _ in json.loads(str(row["outputs"])):
        place = task.aside.get(path)
        if place is not None and not os.path.lexists(place):
            continue  # it had not been moved, or is back again: a kill while this was done the last time
        outputs.append(path)
        if place is not None:
            aside.append(Aside(path, place, _identity(workspace, os.path.relpath(place, project.root))))
        elif is_made(path, _identity(workspace, path)):
            continue  # nothing lay there: this is the last good version, brought back the last time
        had_written |= keeper.put_away([path], str(row["id"]))
    declared = {*task.inputs, *(path for _, path, _ in json.loads(str(row["outputs"])))}
    had_written |= put_registered_away(store, keeper, str(row["id"]), task.place, declared)
    last = store.ask(history.last_success, str(row["stage"]), str(row["data_id"]))
    good = store.ask(history.made_by, last) if last is not None else {}
    keeper.put_back(good, aside, outputs, is_made)
    return had_written


def _identity(workspace: Workspace, path: str) -> str:
    """Identity of what lies at a path; "" also for what no execution can have made, a named pipe, say."""
    try:
        return workspace.identity(path)
    except FileError:
        return ""


def _keep_what_is_left(project: Project, store: Store) -> None:
    """Saves what was put aside by a task whose description is lost, as it may be after a power cut."""
    running = os.path.join(project.folder, "running")
    keeper = Outputs(project.root, project.folder, project.workspace(), store.objects)
    for slot in os.listdir(running):
        for name in os.listdir(os.path.join(running, slot)) if os.path.isdir(os.path.join(running, slot)) else ():
            execution = name.removeprefix("aside-")
            if execution != name and store.ask(history.outcome_of, execution) is None:
                keeper.save_aside(os.path.join(running, slot, name), execution)
