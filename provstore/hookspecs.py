"""The hooks: where plug-ins come in. A hook finds things, a class does the work.

A plug-in implements a hook by a function of the same name under `provstore.plugin.hookimpl`. It may take fewer
arguments than are specified here. A function under that mark whose name is no hook, or which wants other
arguments, makes the plug-in one that can't be used; it is named with the reason, and provstore goes on without it.
"""

from __future__ import annotations

import pluggy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import click

    from provstore.plugin import Executor, Exporter, Format, RunEnded, RunStarted, TaskEnded, TaskStarted

hookspec = pluggy.HookspecMarker("provstore")


@hookspec
def provstore_formats() -> Iterable[Format]:  # type: ignore[empty-body]
    """Offer formats that provstore should understand.

    Called at most once in each process that has to know formats, in its main thread: in the one that was started,
    when something first asks for a format, and in the one apart in which formats work. A run with nothing to do
    calls it in neither. Do no I/O here, and import heavy libraries inside the methods of the format, not at the top
    of the plug-in: whoever has your package installed pays for its import.

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
    """Add sub-commands to the command line, by ``@group.command()`` or ``group.add_command(…)``.

    Called at most once, in the main thread of the process that was started, and only for ``provstore --help``, for a
    command that is none of provstore's own, and when a shell completes a word: provstore's own commands do not pay
    for it. Plug-ins that a project names take part where provstore works in that project. Define the commands here
    and nothing more; they import what they need when they are called.

    The group holds the commands of this plug-in alone. ``click.get_current_context().obj`` is a mapping with what
    ``-C`` and ``-f`` before the command's name say, as "folder" and "file", or None. A command opens its project by
    ``provstore.plugin.Store``. It returns its exit status, or None for 0; what it raises is an error that names it, and
    what `Store` raises is shown as errors of provstore's own commands are.

    The name of a command of provstore's own is refused. A name that two plug-ins have belongs to neither of them.
    Both are named on standard error, where commands are listed, and everything else goes on.

    Raises:
        Whatever is raised is named on standard error, and the commands of this plug-in are left out.

    Since 0.1. Examples: ``plugins/provstore-nice``, ``plugins/provstore-simulated``.
    """


@hookspec
def provstore_executors() -> Mapping[str, Callable[[str, Callable[[], Executor]], Executor]]:  # type: ignore[empty-body]
    """Offer places to run tasks, for ``provstore run --executor NAME``.

    Called at most once, in the main thread of the process that was started, and only where an executor other than
    "local" is asked for, or plug-ins are listed. Do no I/O here; the executor itself is made when the run begins to
    run tasks, and used, in the same thread, by nobody else.

    provstore's own executor, "local", comes through this hook too. No plug-in can take its name; one that two
    plug-ins have is an error that names both.

    Returns:
        Name (letters, digits and ``-``) → what makes the executor of a run. It is called with the absolute path of
        the folder in which each job has a folder of its own, and with a function without arguments that makes
        provstore's own executor for it, for those who only change what is started and leave the rest to that.

    Raises:
        Whatever is raised is reported with the plug-in's name, and what it would have offered is left out. What
        making or using an executor raises ends the run with an error that names it.

    Since 0.1. Example: ``plugins/provstore-nice``; its contract is `provstore.testing.ExecutorContract`.
    """


@hookspec
def provstore_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Offer ways to write the pipeline for others, for ``provstore graph --format NAME``.

    Called at most once, in the main thread of the process that was started, and only where a format is asked for
    that is none of provstore's own, or plug-ins are listed. Do no I/O here, and import heavy libraries inside
    `Exporter.export`.

    provstore's own ("text", "dot", "svg", "png", "mermaid") come through this hook too. No plug-in can take their
    names and endings, nor "json" and ".json"; a name or an ending that two plug-ins have is an error that names both.

    Returns:
        Zero or more `Exporter` objects.

    Raises:
        Whatever is raised is reported with the plug-in's name, and what it would have offered is left out. What
        `Exporter.export` raises is an error of the command that names the exporter.

    Since 0.1. Example: ``plugins/provstore-nice``; provstore's own are in ``provstore/exporters/offered.py``.
    """


@hookspec
def provstore_run_started(event: RunStarted, root: str) -> None:
    """Hear that a run begins to bring tasks up to date.

    Called once for each run that has something to do, before its first task, in the runner's process and main
    thread. A run with nothing to do calls no hook and loads no plug-in. The run waits until the hook returns: put
    what takes long elsewhere. Write nothing to standard output, which belongs to ``--json``, do not change the
    working folder or the environment, and start nothing that outlives the run.

    All plug-ins are called, in the order in which ``provstore plugins`` lists them; none can stop the others.

    Args:
        event: What there is to do.
        root: Absolute path of the project.

    Raises:
        Whatever is raised is reported once. The plug-in's observers are not called again in this run; results, exit
        status and other observers are not touched by it.

    Since 0.1. Example: ``plugins/provstore-nice``.
    """


@hookspec
def provstore_run_finished(event: RunEnded, root: str) -> None:
    """Hear that a run is over, whatever its outcome.

    Called once for each run that `provstore_run_started` told of, when its last facts are written to the store, in
    the runner's process and main thread. It is not called for a run that an error of the store or of the
    Pipelinefile broke off, nor for one that was killed.

    All plug-ins are called, in the order in which ``provstore plugins`` lists them; none can stop the others.

    Args:
        event: The run, and its outcome.
        root: Absolute path of the project.

    Raises:
        Whatever is raised is reported once; see `provstore_run_started`, which also says what is forbidden.

    Since 0.1. Example: ``plugins/provstore-nice``.
    """


@hookspec
def provstore_task_started(event: TaskStarted, root: str) -> None:
    """Hear that the command of a task is about to be started.

    Called for each attempt at a task that is run, not for one that is restored, in the runner's process and main
    thread; of tasks that run at once, one after the other. Other tasks are not started before it returns.

    All plug-ins are called, in the order in which ``provstore plugins`` lists them; none can stop the others.

    Args:
        event: The task, its execution, and the reasons why it must run.
        root: Absolute path of the project.

    Raises:
        Whatever is raised is reported once; see `provstore_run_started`, which also says what is forbidden.

    Since 0.1. Example: ``plugins/provstore-nice``.
    """


@hookspec
def provstore_task_finished(event: TaskEnded, root: str) -> None:
    """Hear that a task needs nothing more in this run, or that an attempt at it failed.

    Called for each attempt that ended, and for each task that was restored, blocked or cancelled or found fresh on
    the way, in the runner's process and main thread. The record of an execution may not be in the store yet.

    All plug-ins are called, in the order in which ``provstore plugins`` lists them; none can stop the others.

    Args:
        event: The task, its outcome, and why it failed.
        root: Absolute path of the project.

    Raises:
        Whatever is raised is reported once; see `provstore_run_started`, which also says what is forbidden.

    Since 0.1. Example: ``plugins/provstore-nice``.
    """
