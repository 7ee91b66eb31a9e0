"""In what two runs differ: their circumstances and code, and what their tasks were made of and made.

A run executes only what is out of date. Of a task that one of the two did not execute, the execution counts whose
result held when that run had ended: so two runs are compared as two states of the project.
"""

from __future__ import annotations

import shlex
from collections import Counter
from functools import partial

from provstore.model.values import task_name
from provstore.noun import NamedTuple
from provstore.operations.diff import changes
from provstore.operations.diff.changes import Grouped
from provstore.operations.diff.contents import Contents
from provstore.operations.diff.executions import Runs, between_runs, explained
from provstore.operations.diff.report import COMMAND, INPUT, OUTCOME, OUTPUT, PARAM, Change, RecordsReport, Side
from provstore.operations.diff.templates import Templates
from provstore.operations.identify import shortener
from provstore.store import data_ids, materials, records
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any

    from provstore.operations.diff.changes import Pair
    from provstore.project import Project
    from provstore.store.materials import Material, Task
    from provstore.store.store import Store

MOST = 20
"""Inputs and outputs that are compared by their contents: the executions themselves tell of all."""
OF_ONE_STAGE = 3
"""So many of one role of one stage; thousands of tasks must not keep the last one from being told of."""


TOLD = 3
"""Runs that are named of those that restored something."""


class Executed(NamedTuple):
    """The tasks of two runs.

    Attributes:
        both: Pairs of executions that are not the same: what each task was at the end of both runs.
        only_a, only_b: Tasks that only one of the runs executed.
        restoring: Runs that put outputs back since what is compared was executed, and of how many tasks.
    """

    both: Sequence[tuple[str, str]]
    only_a: Sequence[Task]
    only_b: Sequence[Task]
    restoring: Sequence[tuple[str, int]]


def diff_runs(project: Project, a: str, b: str, *, patch: bool = False) -> RecordsReport:
    """In what two runs differ.

    Args:
        a, b: Whole ids.
        patch: Show line by line what changed between their commits.

    Raises:
        StoreDamagedError: They, or what they executed, are not what was recorded.
    """
    store = project.store
    assert store is not None, "it has the runs"
    prove_all(store, "run", [a, b])
    runs = Runs(store.ask(records.run_alone, a), store.ask(records.run_alone, b))
    executed = _executed(store, a, b)
    prove_all(store, "execution", [id for pair in executed.both for id in pair])
    with Contents(project, store, most=MOST) as contents:
        of_tasks = _of_tasks(store, contents, executed)
    told = [*_of_runs(runs, of_tasks), *of_tasks, *between_runs(project, store, runs, patch=patch)]
    short = shortener(store)
    first, second = (_side(record, short(record["id"])) for record in runs if record is not None)
    return RecordsReport(
        "run",
        first,
        second,
        changes.in_order(told),
        _names(store, executed.only_a),
        _names(store, executed.only_b),
        remarks=(*_of_restored(executed.restoring, short), *project.take_remarks()),
    )


def _of_restored(restoring: Sequence[tuple[str, int]], short: Callable[[str], str]) -> Iterator[str]:
    """Which tasks a run restored is not recorded, so that what held afterwards can't be told."""
    for run, number in restoring[:TOLD]:
        tasks = "1 task" if number == 1 else f"{number:,} tasks"
        yield (
            f"run {short(run)} put back outputs of {tasks} without executing them; a task that was not executed "
            "again is compared as it was executed last, not as it was put back"
        )
    if len(restoring) > TOLD:
        yield f"so did {len(restoring) - TOLD:,} more runs"


def _side(record: Mapping[str, Any], short: str) -> Side:
    return Side(record["id"], short, shlex.join(record["arguments"]), record["started"], record["outcome"] or "")


def _executed(store: Store, a: str, b: str) -> Executed:
    """Which executions are compared."""
    first, second = store.ask(materials.tasks_of_run, a), store.ask(materials.tasks_of_run, b)
    only_a = [task for task in first if task not in second]
    only_b = [task for task in second if task not in first]
    held_a, held_b = (store.ask(materials.in_force, run, [*only_a, *only_b]) for run in (a, b))
    before = {**{task: held_a[task] for task in only_b if task in held_a}, **first}
    after = {**{task: held_b[task] for task in only_a if task in held_b}, **second}
    # What failed in the earlier one and was not tried again by the other did not come to be what it was before that.
    untried = {task for task in (only_a if a < b else only_b) if held_a.get(task) == held_b.get(task)}
    both = [
        (before[task], after[task])
        for task in before
        if task in after and task not in untried and before[task] != after[task]
    ]
    restoring = store.ask(materials.restoring_runs, a, b, [*held_a.values(), *held_b.values()])
    return Executed(both, only_a, only_b, restoring)


def _of_tasks(store: Store, contents: Contents, executed: Executed) -> list[Change]:
    """What differs between the executions of each task; what is the same in several once."""
    found = store.ask(materials.materials, [id for pair in executed.both for id in pair])
    grouped = Grouped()
    is_same = Templates(store).are_same
    told: Counter[tuple[str, str | None, str]] = Counter()
    for before, after in executed.both:
        a, b = found[before], found[after]
        task = changes.task_of(b)
        for change in changes.outcomes(a, b) + changes.settings(a, b, is_same):
            grouped.add(task, change)
        for change, pair in changes.pieces(INPUT, a.inputs, b.inputs) + changes.pieces(OUTPUT, a.outputs, b.outputs):
            if change.what == INPUT and _is_told(pair, found):
                grouped.add(task, change)
            else:
                told[change.what, b.stage, change.role] += 1
                is_one_of_few = told[change.what, b.stage, change.role] <= OF_ONE_STAGE
                grouped.add(task, change, partial(_explained, contents, pair) if is_one_of_few else None)
    return grouped.changes()


def _explained(contents: Contents, pair: Pair, change: Change) -> Change:
    return explained(contents, change, pair)


def _is_told(pair: Pair, executions: Mapping[str, Material]) -> bool:
    """The tasks that made it tell in what it differs: their executions are compared, too."""
    made = {piece.execution for piece in pair if piece is not None and piece.execution is not None}
    return bool(made) and made <= executions.keys()


def _of_runs(runs: Runs, of_tasks: Sequence[Change]) -> list[Change]:
    """How the runs were called and ended; overrides of parameters only where no task tells of them."""
    a, b = runs
    assert a is not None, "a run has a record"
    assert b is not None, "a run has a record"
    found = []
    if a["outcome"] != b["outcome"]:
        found.append(Change(OUTCOME, "run", a["outcome"], b["outcome"]))
    if a["arguments"] != b["arguments"]:
        found.append(Change(COMMAND, "arguments", shlex.join(a["arguments"]), shlex.join(b["arguments"])))
    before, after = (record["collection"].rpartition("/")[0] for record in (a, b))  # behind it is the time of the run
    if before != after:
        found.append(Change(COMMAND, "collection", before, after))
    told = {change.name for change in of_tasks if change.what == PARAM}
    for name in dict.fromkeys([*a["params"], *b["params"]]):
        values = (a["params"].get(name), b["params"].get(name))
        if values[0] != values[1] and name not in told:
            found.append(Change(PARAM, name, *values, remark="by -P"))
    return found


def _names(store: Store, tasks: Sequence[Task]) -> list[str]:
    values = store.ask(data_ids.read_all, tasks)
    named = zip(tasks, values, strict=True)
    return [task_name(stage or "no stage", tuple(found.items())) for (stage, _), found in named]  # type: ignore[arg-type]
