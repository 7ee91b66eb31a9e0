"""Runs tasks when nobody else needs the machine, keeps a journal of runs, and tells which tasks are slow.

executor   commands under `nice` and `ionice`
journal    a line of JSON for each run and task
edges      the pipeline's edges as CSV
slowest    the command `provstore slowest`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provstore.plugin import Exporter, RunEnded, RunStarted, TaskEnded, TaskStarted, hookimpl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    from provstore.plugin import Executor


@hookimpl
def provstore_executors() -> Mapping[str, Callable[[str, Callable[[], Executor]], Executor]]:
    """``provstore run --executor nice``."""
    from provstore_nice.executor import make_nice

    return {"nice": make_nice}


@hookimpl
def provstore_exporters() -> list[Exporter]:
    """``provstore graph --format csv``."""
    from provstore_nice.edges import Edges

    return [Edges()]


@hookimpl
def provstore_commands(group: click.Group) -> None:
    """``provstore slowest``."""
    from provstore_nice.slowest import slowest

    group.add_command(slowest)


@hookimpl
def provstore_run_started(event: RunStarted, root: str) -> None:
    """Notes that a run begins."""
    from provstore_nice import journal

    journal.note(root, "run started", run=event.run, tasks=event.tasks)


@hookimpl
def provstore_run_finished(event: RunEnded, root: str) -> None:
    """Notes that a run is over."""
    from provstore_nice import journal

    journal.note(root, "run finished", run=event.run, outcome=event.outcome)


@hookimpl
def provstore_task_started(event: TaskStarted, root: str) -> None:
    """Notes that a task is started, and why."""
    from provstore_nice import journal

    reasons = [reason.text for reason in event.reasons]
    journal.note(root, "task started", task=event.task, execution=event.execution, reasons=reasons)


@hookimpl
def provstore_task_finished(event: TaskEnded, root: str) -> None:
    """Notes how a task fared, and how long it took."""
    from provstore_nice import journal

    journal.note(root, "task finished", task=event.task, outcome=event.outcome, seconds=event.seconds)
