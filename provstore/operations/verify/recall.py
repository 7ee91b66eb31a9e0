"""What belongs into a directory that others look into, though it is not there: as the store or a lock file knows it.

Rules: the tasks that are found in a directory are those of its recorded version, whatever lies there and whatever
comes of making it again. Where the list of its files is kept nowhere, they are known once it was made again as it is
recorded; where nothing is recorded for what it would be made from now, they are not.
"""

from __future__ import annotations

import os
import stat

from provstore.model.verdict import FRESH, WAITING
from provstore.model.verification import EXACT
from provstore.operations.lock.members import locked_members
from provstore.operations.targets import with_upstream
from provstore.store import history
from provstore.store.proof import prove
from provstore.watch.directory import Listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.lock import Lock
    from provstore.model.task import Plan
    from provstore.model.verification import TaskVerdict
    from provstore.operations.assess import Recall
    from provstore.operations.verdicts import Verdicts
    from provstore.operations.verify.agenda import Agenda
    from provstore.project import Project
    from provstore.store.store import Store


def recall_by_store(store: Store) -> Recall:
    """What the store knows, by the lists of files that it keeps."""

    def recall(plan: Plan, verdicts: Verdicts, gates: Sequence[str]) -> dict[str, dict[str, Sequence[str]]]:
        tasks = _tasks_of(plan, gates)
        executions = _recorded(plan, verdicts, store, [position for found in tasks.values() for position in found])
        return _known(
            (gate, [_kept_directories(plan, store, number, executions.get(number)) for number in positions])
            for gate, positions in tasks.items()
        )

    return recall


def recall_by_lock(project: Project, lock: Lock) -> Recall:
    """What a lock file knows; of a directory that lies there as locked, all is known."""

    def recall(plan: Plan, verdicts: Verdicts, gates: Sequence[str]) -> dict[str, dict[str, Sequence[str]]]:
        del verdicts  # those are the store's
        workspace, tasks = project.workspace(), _tasks_of(plan, gates)

        def of(position: int) -> dict[str, Sequence[str]] | None:
            task = lock.of(plan.stage_of(position).name, plan.tasks[position].data_id)
            if task is None:
                return None
            directories = [output for output in task.outputs if output.kind == "directory"]
            wanted = {output.path for output in directories if workspace.identity(output.path) != output.identity}
            found = locked_members(project, lock, wanted)
            return found if found.keys() == wanted else None

        return _known((gate, [of(position) for position in positions]) for gate, positions in tasks.items())

    return recall


def or_found(recall: Recall, made: Mapping[str, Mapping[str, Sequence[str]]]) -> Recall:
    """The same, and what was found in directories that were made again."""

    def recall_both(plan: Plan, verdicts: Verdicts, gates: Sequence[str]) -> Mapping[str, Mapping[str, Sequence[str]]]:
        others = [gate for gate in gates if gate not in made]
        return {**{gate: made[gate] for gate in gates if gate in made}, **recall(plan, verdicts, others)}

    return recall_both


def found_again(todo: Agenda, verdicts: Mapping[int, TaskVerdict]) -> dict[str, dict[str, Sequence[str]]]:
    """What lies in directories that others look into, and that came out of this round as they are recorded."""
    plan, again = todo.assessment.plan, todo.sources.again
    waited_for = {entry.gate for entry in plan.unresolved} if todo.unknown else set()
    found: dict[str, dict[str, Sequence[str]]] = {}
    for gate, positions in _tasks_of(plan, sorted(waited_for)).items():
        if positions and all(number in verdicts and verdicts[number].verdict in EXACT for number in positions):
            outputs = [path for number in positions for path in plan.outputs(number)]
            found[gate] = {path: _listed(f"{again[path]}/{path}", path) for path in outputs if path in again}
    return found


def _listed(full: str, path: str) -> list[str]:
    if not os.path.isdir(full):
        return []
    return [member + ("/" if stat.S_ISDIR(mode) else "") for member, mode, _ in Listing(full, path).members()]


def _tasks_of(plan: Plan, gates: Sequence[str]) -> dict[str, list[int]]:
    tasks: dict[str, list[int]] = {gate: [] for gate in gates}
    for position in range(len(plan.tasks)):
        stage = plan.stage_of(position).name
        if stage in tasks:
            tasks[stage].append(position)
    return tasks


def _known(
    found: Iterable[tuple[str, Sequence[Mapping[str, Sequence[str]] | None]]],
) -> dict[str, dict[str, Sequence[str]]]:
    """The stages of which all tasks are known."""
    return {
        gate: {folder: members for task in tasks if task for folder, members in task.items()}
        for gate, tasks in found
        if None not in tasks
    }


def _recorded(plan: Plan, verdicts: Verdicts, store: Store, positions: Sequence[int]) -> dict[int, str]:
    """The executions of which the tasks are to have the result.

    The key of a task that reads a part of what is not there is not known: its last success counts if nothing that it
    waits for is out of date.
    """
    executions: dict[int, str] = {}
    up_to_date: set[int] = set()
    for position in with_upstream(plan, positions):
        task, verdict, success = plan.tasks[position], verdicts.of[position], verdicts.success.get(position)
        execution = success.execution if success is not None else None
        if verdict.state == WAITING and up_to_date.issuperset(task.upstream):
            execution = store.ask(history.last_success, plan.stage_of(position).name, task.data_id)
        if execution is not None:
            executions[position] = execution
        if execution is not None or verdict.state == FRESH:
            up_to_date.add(position)
    return executions


def _kept_directories(
    plan: Plan, store: Store, position: int, execution: str | None
) -> dict[str, Sequence[str]] | None:
    """What an execution recorded in the directories that a task makes; None where that is not kept.

    Raises:
        StoreDamagedError: It is not what was recorded.
    """
    if execution is None:
        return None
    prove(store, "execution", execution)
    made = store.ask(history.made_by, execution)
    found: dict[str, Sequence[str]] = {}
    for path in plan.outputs(position):
        if path not in made:
            return None
        if made[path].kind == "directory":
            members = _members(store, made[path].digest)
            if members is None:
                return None
            found[path] = members
    return found


def _members(store: Store, digest: str) -> list[str] | None:
    try:
        entries = store.objects.entries_if_kept(digest)
    except KeyError:  # damaged
        return None
    if entries is None:
        return None
    return [entry.path + ("/" if entry.kind == "empty" else "") for entry in entries]
