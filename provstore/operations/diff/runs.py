"""In what two runs differ: their circumstances and code, and what their tasks were made of and made.

A run executes only what is out of date. Of a task that one of the two did not execute, the execution counts whose
result held when that run had ended: so two runs are compared as two states of the project.
"""

from __future__ import annotations

import shlex
from collections import Counter
from functools import partial

from provstore.noun import NamedTuple
from provstore.operations.diff import changes
from provstore.operations.diff.changes import Grouped
from provstore.operations.diff.contents import Contents
from provstore.operations.diff.executions import Runs, between_runs, explained
from provstore.operations.diff.report import COMMAND, INPUT, OUTCOME, OUTPUT, PARAM, Change, RecordsReport, Side
from provstore.operations.identify import shortener
from provstore.store import materials, records
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.operations.diff.changes import Pair
    from provstore.project import Project
    from provstore.store.materials import Task
    from provstore.store.store import Store

MOST = 20
"""Inputs and outputs that are compared by their contents: the executions themselves tell of all."""
OF_ONE_STAGE = 3
"""So many of one role of one stage; thousands of tasks must not keep the last one from being told of."""


class Executed(NamedTuple):
    """The tasks of two runs.

    Attributes:
        both: Pairs of executions that are not the same: what each task was at the end of both runs.
        only_a, only_b: Tasks that only one of the runs executed.
    """

    both: Sequence[tuple[str, str]]
    only_a: Sequence[Task]
    only_b: Sequence[Task]


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
        _names(executed.only_a),
        _names(executed.only_b),
        remarks=tuple(project.take_remarks()),
    )


def _side(record: Mapping[str, Any], short: str) -> Side:
    return Side(record["id"], short, shlex.join(record["arguments"]), record["started"], record["outcome"] or "")


def _executed(store: Store, a: str, b: str) -> Executed:
    """Which executions are compared."""
    first, second = store.ask(materials.tasks_of_run, a), store.ask(materials.tasks_of_run, b)
    only_a = [task for task in first if task not in second]
    only_b = [task for task in second if task not in first]
    before = {**store.ask(materials.in_force, a, only_b), **first}
    after = {**store.ask(materials.in_force, b, only_a), **second}
    both = [(before[task], after[task]) for task in before if task in after and before[task] != after[task]]
    return Executed(both, only_a, only_b)


def _of_tasks(store: Store, contents: Contents, executed: Executed) -> list[Change]:
    """What differs between the executions of each task; what is the same in several once."""
    found = store.ask(materials.materials, [id for pair in executed.both for id in pair])
    grouped = Grouped()
    told: Counter[tuple[str, str | None, str]] = Counter()
    for before, after in executed.both:
        a, b = found[before], found[after]
        task = changes.task_of(b)
        for change in changes.outcomes(a, b) + changes.settings(a, b):
            grouped.add(task, change)
        for change, pair in changes.pieces(INPUT, a.inputs, b.inputs) + changes.pieces(OUTPUT, a.outputs, b.outputs):
            if change.what == INPUT and _is_made(pair):  # the task that made it tells in what it differs
                grouped.add(task, change)
            else:
                told[change.what, b.stage, change.role] += 1
                is_one_of_few = told[change.what, b.stage, change.role] <= OF_ONE_STAGE
                grouped.add(task, change, partial(_explained, contents, pair) if is_one_of_few else None)
    return grouped.changes()


def _explained(contents: Contents, pair: Pair, change: Change) -> Change:
    return explained(contents, change, pair)


def _is_made(pair: Pair) -> bool:
    return any(piece is not None and piece.execution is not None for piece in pair)


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


def _names(tasks: Sequence[Task]) -> list[str]:
    import json

    from provstore.model.values import task_name

    return [task_name(stage or "no stage", tuple(json.loads(data_id).items())) for stage, data_id in tasks]
