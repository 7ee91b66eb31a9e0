"""The hooks: where plug-ins come in. A hook finds things, a class does the work.

A plug-in implements a hook by a function of the same name under `provstore.plugin.hookimpl`. It may take fewer
arguments than are specified here. A function under that mark whose name is no hook, or which wants other
arguments, makes the plug-in one that can't be used; it is named with the reason, and provstore goes on without it.
"""

from __future__ import annotations

import pluggy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    import click

    from provstore.events import RunEnded, RunStarted, TaskEnded, TaskStarted
    from provstore.plugin import Format
    from provstore.ports import Executor

hookspec = pluggy.HookspecMarker("provstore")


@hookspec
def provstore_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Offer formats that provstore should understand.

    Called once for a project, in the main thread, when something first has to know a format: not by a run with
    nothing to do. Do no I/O here, and import heavy libraries inside the methods of the format, not at the top of
    the plug-in: whoever has your package installed pays for its import.

    The results of all plug-ins are put together; their order does not count. provstore's own formats come through
    this hook too, and nothing sets them above yours.

    Two formats of one name are an error that names both plug-ins. So are two that claim one suffix, unless the
    Pipelinefile chooses (``[formats] ".fits" = "fits"``). A result that is no `Format`, or whose name or suffixes
    are not as `Format` says, makes the plug-in one that can't be used.

    Returns:
        Zero or more `Format` objects, which can be pickled.

    Raises:
        Whatever is raised makes the plug-in one that can't be used; others are not touched by it.

    Since 0.1. Example: ``provstore/formats/bytes.py``.
    """


@hookspec
def provstore_commands(group: click.Group) -> None:
    """Add sub-commands to the command line.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called once in a process, in the main thread, when a command is asked for that is none of provstore's own, or
    when all commands are listed; never for a command of provstore's own, which is therefore as fast as without you.
    Import what your command needs inside it.

    Args:
        group: Give it commands by ``group.add_command`` or ``@group.command()``. A name that provstore has itself,
            or that another plug-in has given before, is an error that names both.

    A command reports by its exit status as provstore's do: 0 all is well, 1 a check found what it looks for, 2 the
    command line is wrong, 3 the store can't be used. It raises `click.ClickException` for its own errors; any other
    exception is reported as a fault of the plug-in, by name, without a traceback.

    Since 0.1.
    """


@hookspec
def provstore_executors() -> Iterable[tuple[str, Executor]]:  # type: ignore[empty-body]
    """Offer places in which tasks can run.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called once for a run that has something to do, in the main thread, before its first task. Connect to nothing
    here: an executor that is offered need not be used, and may open what it needs when `Executor.start` is first
    called.

    All calls of an executor come from the one thread that runs the tasks. It sees jobs only: no store, no graph, no
    user. The store is written by the process that runs them and by nobody else, so no executor has to know about locks.

    Two executors of one name are an error that names both plug-ins; ``local`` is provstore's own. Whatever is raised
    makes the plug-in one that can't be used; a run that does not need it goes on.

    Returns:
        Zero or more pairs of a name (letters, digits, ``-``) and an `Executor`.

    Since 0.1. Example: ``provstore/executors/local.py``.
    """


@hookspec
def provstore_run_started(event: RunStarted) -> None:
    """Learn that a run has begun.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called once in a run that has something to do, in the main thread, after its record was written and before its
    first task starts. A run that finds everything up to date calls nothing.

    Tasks wait until this returns: be quick, and hand what takes long to a thread of your own. The order among
    plug-ins is pluggy's (``tryfirst``, ``trylast``).

    Args:
        event: Frozen data. Its id is that of ``provstore show``.

    Whatever is raised is reported once, with the plug-in's name, and changes nothing else: neither the run's outcome
    nor what other plug-ins learn.

    Since 0.1.
    """


@hookspec
def provstore_run_finished(event: RunEnded) -> None:
    """Learn that a run is over.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called once for each call of `provstore_run_started`, in the main thread, after the last fact of the run was
    written: what ``provstore show`` says then is final. Also after a failure and after Ctrl-C; not when the process
    is killed, so nothing may depend on it that has to happen.

    The command does not end before this returns.

    Args:
        event: Frozen data, with the outcome "succeeded", "failed" or "cancelled".

    Whatever is raised is reported once, with the plug-in's name, and changes nothing else: the exit status stays
    that of the run.

    Since 0.1.
    """


@hookspec
def provstore_task_started(event: TaskStarted) -> None:
    """Learn that the command of a task is about to start.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called in the main thread for each attempt, before its command is started; not for tasks that are fresh or
    restored, whose end alone is told. Between two calls any number of tasks may have ended.

    All tasks wait while this is called, so what it costs is paid once for each of them: a plug-in that sends
    something elsewhere collects here and sends from a thread of its own.

    Args:
        event: Frozen data: the task's name, the id of its execution, why it runs, and where its log grows. The
            execution is recorded when it has ended, so ``provstore show`` does not know it yet.

    Whatever is raised is reported once in a run, with the plug-in's name, and does no harm to the task.

    Since 0.1.
    """


@hookspec
def provstore_task_finished(event: TaskEnded) -> None:
    """Learn how a task, or an attempt to run it, ended.

    Reserved: no release calls it yet; what it will be is fixed here.

    Called in the main thread, once for each task of a run that has something to do and for each attempt that is
    followed by another (``event.will_retry``). The outcome is one of "executed", "restored", "fresh", "failed",
    "blocked" and "cancelled".

    The record of the execution may be written up to a tenth of a second later. Who needs it asks in
    `provstore_run_finished`.

    Args:
        event: Frozen data. ``log_tail`` is the end of what a task printed that failed, as bytes of any kind.

    Whatever is raised is reported once in a run, with the plug-in's name, and does no harm to the task.

    Since 0.1.
    """
