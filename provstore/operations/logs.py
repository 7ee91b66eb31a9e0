"""What tasks printed: from the store, and of those that run now from the folders in which they run."""

from __future__ import annotations

import json
import os
import time

from provstore.errors import TargetError
from provstore.model.values import nearest, spelled, task_name
from provstore.noun import NamedTuple
from provstore.operations.identify import identify, records_like
from provstore.store import history, records
from provstore.store.lock import holder_is_alive
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from provstore.project import Project

PIECE = 1 << 20
INTERVAL = 0.1
"""Seconds between two looks at a log that grows."""


class Printed(NamedTuple):
    """What one execution printed.

    Attributes:
        task: As the command line spells it.
        outcome: As in the table `execution`; "running" while it runs; in words where nothing ran.
        log: Digest of what it printed; None: nothing, or it still runs.
        size: Bytes; 0 while it runs.
        folder: Where it runs; "" when it has ended.
    """

    execution: str
    task: str
    outcome: str
    log: str | None
    size: int
    folder: str


class LogsRequest(NamedTuple):
    """What a user wants to read.

    Attributes:
        text: A stage, a task, or the id of a run, an execution or a dataset.
        number: Executions of each task at most, counted from the last.
        failed: Only those that did not succeed.
    """

    text: str
    number: int = 1
    failed: bool = False


def logs(project: Project, request: LogsRequest) -> tuple[Printed, ...]:
    """The last executions that a text stands for, oldest first; those that run now are the last.

    Raises:
        TargetError: No stage or task of this name ever ran.
        UnknownIdError: There is no such id.
    """
    stage, values = _stage_and_values(request.text)
    running = [] if request.failed else _running(project, stage, values)
    rows = project.store.ask(records.executions_of_stage, stage, -1) if project.store is not None and stage else []
    if not rows and not running:
        rows = _rows_of_id(project, request.text)
    rows = [row for row in rows if _fits(row["data_id"], values)]
    chosen = _last_of_each(rows, request.number, failed=request.failed)
    if not chosen and not running and not (rows and request.failed):
        raise TargetError(f"{request.text}: no task of this name was ever run")
    alive = {printed.task for printed in running} if request.number == 1 else set()
    return (*(printed for printed in map(_printed, reversed(chosen)) if printed.task not in alive), *running)


def _stage_and_values(text: str) -> tuple[str, Mapping[str, str]]:
    """The stage that a text may name, and the values of a task; "" when it can name none."""
    from provstore.query import parse_task

    if "@" in text:
        return parse_task(text)
    return text, {}


def _fits(data_id: Mapping[str, object], values: Mapping[str, str]) -> bool:
    return all(name in data_id and spelled(data_id[name]) == value for name, value in values.items())


def _rows_of_id(project: Project, text: str) -> list[dict[str, Any]]:
    """Executions that an id stands for, newest first.

    Raises:
        TargetError: It is neither a stage that ever ran nor an id.
        UnknownIdError: Several ids begin so.
    """
    store = project.store
    if store is None or not records_like(store, text):
        raise _unknown(project, text)
    kind, id = identify(store, text)
    if kind == "run":
        rows: list[dict[str, Any]] = store.ask(records.run, id)["executions"]
        return rows[::-1]
    if kind == "dataset":
        id = store.ask(records.dataset, id)["execution"]
        if id is None:
            raise TargetError(f"{text}: no task made this dataset, so none printed anything")
    return [store.ask(records.execution, id)]


def _unknown(project: Project, text: str) -> TargetError:
    from provstore.operations.names import target_names

    names = target_names(project)
    if text.partition("@")[0] in names:
        return TargetError(f"{text}: was never run", hint=f"provstore run '{text}'")
    near = nearest(text, names)
    hint = f"did you mean '{near}'?" if near else "'provstore log' shows the runs"
    return TargetError(f"{text}: no stage, task or id has this name", hint=hint)


def _last_of_each(rows: list[dict[str, Any]], number: int, *, failed: bool) -> list[dict[str, Any]]:
    """The last `number` executions of each task; rows are newest first and stay so."""
    count: dict[str, int] = {}
    chosen = []
    for row in rows:
        if failed and row["outcome"] == "succeeded":
            continue
        name = _name(row)
        count[name] = count.get(name, 0) + 1
        if count[name] <= number:
            chosen.append(row)
    return chosen


def _name(row: Mapping[str, Any]) -> str:
    return task_name(row["stage"] or "", tuple(row["data_id"].items()))


def _printed(row: Mapping[str, Any]) -> Printed:
    outcome = row["outcome"] if row.get("run", "") is not None else "by hand, not executed"
    return Printed(row["id"], _name(row), outcome, row["log"], row["log_size"], "")


def _running(project: Project, stage: str, values: Mapping[str, str]) -> list[Printed]:
    """Tasks that run now, or have ended and are not yet written, in the order of their ids."""
    running = os.path.join(project.folder, "running")
    if not os.path.isdir(running) or not holder_is_alive(_lock(project)):
        return []
    found = []
    for slot in os.listdir(running):
        folder = os.path.join(running, slot)
        task = _task_in(folder)
        if task is None or not (_is_busy(folder) or _is_unwritten(project, task["execution"])):
            continue
        named = task["stage"] == stage and _fits(task["data_id"], values)
        if named or (len(stage) > 1 and task["execution"].startswith(stage.lower())):
            name = task_name(task["stage"], tuple(task["data_id"].items()))
            found.append(Printed(task["execution"], name, "running", None, 0, folder))
    return sorted(found)


def _lock(project: Project) -> str:
    return os.path.join(project.folder, "lock")


def _task_in(folder: str) -> dict[str, Any] | None:
    """Description of the task that a folder belongs to now; None while it is being written."""
    try:
        with open(os.path.join(folder, "task.json"), "rb") as file:
            task = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return task if isinstance(task, dict) and "execution" in task else None


def _is_busy(folder: str) -> bool:
    """A process runs here: the executor's note is not blank."""
    try:
        with open(os.path.join(folder, "process"), "rb") as file:
            return bool(file.read().strip())
    except OSError:
        return False


def _is_unwritten(project: Project, execution: str) -> bool:
    """The store does not know how an execution ended: what ends within a tenth of a second is written together."""
    return project.store is None or project.store.ask(history.outcome_of, execution) is None


def pieces(project: Project, printed: Printed, *, follow: bool) -> Iterator[bytes]:
    """What an execution printed, piece by piece.

    Args:
        follow: Of one that runs, wait for more until it ends.

    Raises:
        KeyError: It is no longer kept, or damaged.
        StoreDamagedError: The execution is not what was recorded.
    """
    if printed.folder:
        yield from _growing(project, printed, follow=follow)
    elif printed.log is not None and project.store is not None:
        prove(project.store, "execution", printed.execution)
        yield from project.store.objects.pieces(printed.log)


def _growing(project: Project, printed: Printed, *, follow: bool) -> Iterator[bytes]:
    """The log of a task that runs. Its folder may go to the next task at any moment: the store has the rest then."""
    seen = 0
    while True:
        piece = _piece_of(printed, seen)
        if piece:
            seen += len(piece)
            yield piece
            continue
        if piece is None or not follow or not _is_busy(printed.folder) or not holder_is_alive(_lock(project)):
            break
        time.sleep(INTERVAL)
    if follow or piece is None:
        yield from _rest(project, printed, seen)


def _piece_of(printed: Printed, start: int) -> bytes | None:
    """What lies in the log from `start` on; None when the folder is no longer this execution's.

    A folder's description changes before its log is emptied. So what was read while the description still
    was this execution's is its own. Where variables are secret it is empty: they are taken out when the task has ended.
    """
    try:
        with open(os.path.join(printed.folder, "log"), "rb") as file:
            file.seek(start)
            piece = file.read(PIECE)
    except OSError:
        return None
    task = _task_in(printed.folder)
    if task is None or task["execution"] != printed.execution:
        return None
    return b"" if task.get("secrets") else piece


def _rest(project: Project, printed: Printed, start: int) -> Iterator[bytes]:
    """What an execution printed beyond what was seen, once the run that it belongs to has recorded it."""
    store = project.store
    while store is not None:
        alive = holder_is_alive(_lock(project))
        if store.ask(history.outcome_of, printed.execution) is not None:
            log = store.ask(records.execution, printed.execution)["log"]
            if log is not None:
                yield from store.objects.pieces(log, start)
            return
        if not alive:
            return
        time.sleep(INTERVAL)
