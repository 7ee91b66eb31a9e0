"""The last run, and what failed."""

from __future__ import annotations

import os
from datetime import datetime

from provstore.digest import canonical_json
from provstore.model.values import task_name
from provstore.model.verdict import FAILED
from provstore.operations.identify import shortener
from provstore.operations.overview.sections import Code, Executed, Failure, Failures, LastRun, StageTime
from provstore.store import findings, records
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from provstore.operations.assess import Assessment
    from provstore.operations.diff.report import RecordsReport
    from provstore.operations.log import LogReport
    from provstore.project import Project
    from provstore.store.store import Store

MOST_EXECUTED = 60
"""Executions of a run that are listed one by one: those that failed, and the longest."""

MOST_FAILURES = 20
MOST_INPUTS = 30
LOG_TAIL = 8 << 10
"""Bytes at the end of a log that are shown."""

SUCCEEDED = "succeeded"


def last_run(project: Project) -> LastRun | None:
    """The last run, also one that is under way.

    Raises:
        StoreDamagedError: A record that is shown is not what was recorded.
    """
    store = project.store
    found = store.ask(records.runs, 1) if store is not None else []
    if store is None or not found:
        return None
    prove_all(store, "run", [found[0]["id"]])
    record = store.ask(records.run, found[0]["id"])
    rows = record["executions"]
    begun = seconds_of(record["started"])
    attempts = _attempts(rows)
    first = sorted(rows, key=lambda row: (row["outcome"] == SUCCEEDED, -_seconds(row)))
    shown = sorted(first[:MOST_EXECUTED], key=lambda row: row["started"])
    prove_all(store, "execution", [row["id"] for row in shown])
    shortened = shortener(store)
    executed = tuple(_executed(row, begun, attempts[row["id"]], shortened) for row in shown)
    ended = [row["ended"] for row in rows if row["ended"]]
    last = record["ended"] or max(ended, default=record["started"])
    return LastRun(
        record["id"], shortened(record["id"]), record["started"], record["ended"], record["outcome"],
        max(0.0, seconds_of(last) - begun), tuple(record["arguments"]), record["summary"] or {}, record["params"],
        record["user"], record["host"], record["system"], record["python"], record["provstore"], _code(record),
        executed, len(rows) - len(executed), _stage_times(rows),
    )  # fmt: skip


def seconds_of(time: str) -> float:
    """A time of the store as seconds since 1970."""
    return datetime.fromisoformat(time).timestamp()


def _seconds(row: Mapping[str, Any]) -> float:
    return max(0.0, seconds_of(row["ended"]) - seconds_of(row["started"])) if row["ended"] else 0.0


def _attempts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Execution → the how manyth attempt at its task it was; rows are in the order in which they were recorded."""
    count: dict[str, int] = {}
    found = {}
    for row in rows:
        name = _task(row)
        found[row["id"]] = count[name] = count.get(name, 0) + 1
    return found


def _task(row: Mapping[str, Any]) -> str:
    return task_name(row["stage"] or "", tuple(row["data_id"].items()))


def _executed(row: Mapping[str, Any], begun: float, attempt: int, shortened: Callable[[str], str]) -> Executed:
    start = max(0.0, seconds_of(row["started"]) - begun)
    seconds = _seconds(row) if row["ended"] else None
    return Executed(shortened(row["id"]), _task(row), row["outcome"], start, seconds, attempt, row["message"])


def _code(record: Mapping[str, Any]) -> Code | None:
    if record["commit_id"] is None:
        return None
    return Code(record["commit_id"], record["branch"], bool(record["dirty"]))


def _stage_times(rows: Iterable[Mapping[str, Any]]) -> tuple[StageTime, ...]:
    """What each stage took, the longest first."""
    by_stage: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_stage.setdefault(row["stage"] or "", []).append(row)
    times = [
        StageTime(
            stage,
            len(members),
            sum(row["outcome"] != SUCCEEDED for row in members),
            sum(map(_seconds, members)),
            max(map(_seconds, members)),
        )
        for stage, members in by_stage.items()
    ]
    return tuple(sorted(times, key=lambda time: -time.seconds))


def differences(project: Project, listed: LogReport) -> RecordsReport | None:
    """In what the last run that has ended differs from the one before; None: there are no two.

    Raises:
        StoreDamagedError: What they executed is not what was recorded.
    """
    from provstore.operations.diff.runs import diff_runs

    ended = [line.id for line in listed.runs if line.ended is not None]
    return diff_runs(project, ended[1], ended[0]) if len(ended) > 1 else None


# --- failures ---------------------------------------------------------------------------------------------


def failures(project: Project, found: Assessment, last: LastRun | None, *, is_whole: bool) -> Failures:
    """The last attempt at each task that failed: of those in this state now, and of those in the last run.

    What was cut short belongs to it too: a task that hangs until CI gives up is one that somebody wants to know of.

    Args:
        is_whole: Of the last run all count; else only those that are selected.

    Raises:
        StoreDamagedError: A record that is shown is not what was recorded.
    """
    store = project.store
    if store is None:
        return Failures((), 0)
    ids = dict.fromkeys(_of_states(store, found))
    ids |= dict.fromkeys(_of_run(store, last, None if is_whole else _selected(found)))
    shown = list(ids)[:MOST_FAILURES]
    prove_all(store, "execution", shown)
    shortened = shortener(store)
    return Failures(tuple(_failure(project, store, id, shortened) for id in shown), len(ids) - len(shown))


def _of_states(store: Store, found: Assessment) -> Iterable[str]:
    plan = found.plan
    for position in found.active:
        if found.verdicts.of[position].state == FAILED:
            attempt = store.ask(findings.last_attempt_at, plan.stage_of(position).name, plan.tasks[position].data_id)
            if attempt is not None:
                yield attempt


def _selected(found: Assessment) -> set[tuple[str, str]]:
    plan = found.plan
    return {(plan.stage_of(position).name, plan.tasks[position].data_id) for position in found.selection.positions}


def _of_run(store: Store, last: LastRun | None, selected: set[tuple[str, str]] | None) -> Iterable[str]:
    """Attempts of the last run that did not succeed, and after which no other one at the task came."""
    rows: Sequence[Mapping[str, Any]] = store.ask(records.run, last.id)["executions"] if last is not None else []
    for row in rows:
        task = (row["stage"], canonical_json(row["data_id"]))
        if row["outcome"] != SUCCEEDED and row["stage"] is not None and (selected is None or task in selected):
            newest = store.ask(findings.last_attempt_at, *task)
            if newest == row["id"]:
                yield row["id"]


def _failure(project: Project, store: Store, id: str, shortened: Callable[[str], str]) -> Failure:
    record = store.ask(records.execution, id)
    log, before = _log_tail(store, record)
    inputs = [(entry["role"], entry["path"]) for entry in record["inputs"]]
    folder = os.path.join(project.folder, "failed", id)
    return Failure(
        id, shortened(id), record["stage"] or "", _task(record), record["outcome"], record["message"],
        record["exit_status"], record["signal"], record["command"], record["started"],
        _seconds(record) if record["ended"] else None, log, before,
        tuple(inputs[:MOST_INPUTS]), len(inputs[MOST_INPUTS:]),
        os.path.relpath(folder, project.root) if os.path.isdir(folder) else "",
    )  # fmt: skip


def _log_tail(store: Store, record: Mapping[str, Any]) -> tuple[bytes | None, int]:
    """The end of what an execution printed, and how many bytes came before."""
    if record["log"] is None:
        return b"", 0
    start = max(0, record["log_size"] - LOG_TAIL)
    try:
        return b"".join(store.objects.pieces(record["log"], start)), start
    except KeyError:
        return None, record["log_size"]
