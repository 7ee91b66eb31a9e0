"""Starting a process as a job: its group, its signals, its three first files."""

from __future__ import annotations

import os
import signal
from contextlib import suppress

from provstore.executors.plain import Plain, plain_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from provstore.ports import Job

    FileAction: TypeAlias = "tuple[int, int, int] | tuple[int, int, str, int, int]"

DEFAULT_SIGNALS = tuple(
    getattr(signal, name)
    for name in (
        *("SIGPIPE", "SIGXFSZ", "SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGCHLD", "SIGALRM"),
        *("SIGUSR1", "SIGUSR2", "SIGTSTP", "SIGTTIN", "SIGTTOU"),
    )
)
"""What a command finds at its default, though Python or whoever started the runner may ignore it."""


def spawn(job: Job, program: str, null: int, log: int) -> int:
    """Starts a job in the present folder, which is the job's; returns its process id.

    Args:
        program: The file that the job's first word names.
        null, log: Descriptors for its standard input, and for its standard output and error.

    Raises:
        OSError, ValueError: It can't be started.
    """
    actions: list[FileAction] = [
        (os.POSIX_SPAWN_DUP2, null, 0),
        (os.POSIX_SPAWN_DUP2, log, 1),
        (os.POSIX_SPAWN_DUP2, log, 2),
    ]
    plain = plain_command(job, program)
    if plain is not None:
        with suppress(OSError):  # the shell says what is wrong
            environment = _with_present_folder(job.environment, job.cwd)
            return _spawned(plain.program, plain.words, environment, [*actions, *_opened(plain)])
    return _spawned(program, job.argv, job.environment, actions)


def _with_present_folder(environment: Mapping[str, str], cwd: str) -> Mapping[str, str]:
    """The environment as a shell hands it on: its PWD is a name of the present folder, the one it had if that is."""
    said = environment.get("PWD", "")
    if said == cwd:
        return environment
    with suppress(OSError):
        if said.startswith("/") and os.path.samefile(said, cwd):
            return environment
    return {**environment, "PWD": os.getcwd()}


def _opened(plain: Plain) -> Sequence[FileAction]:
    """What takes the place of standard input and output, opened by the command's own process as a shell would."""
    actions: list[FileAction] = []
    if plain.input is not None:
        actions.append((os.POSIX_SPAWN_OPEN, 0, plain.input, os.O_RDONLY, 0))
    if plain.output is not None:
        actions.append((os.POSIX_SPAWN_OPEN, 1, plain.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666))
    return actions


def _spawned(
    program: str, words: tuple[str, ...], environment: Mapping[str, str], actions: Sequence[FileAction]
) -> int:
    return os.posix_spawn(
        program,
        words,
        environment,
        file_actions=actions,
        setpgroup=0,
        setsigmask=(),
        setsigdef=DEFAULT_SIGNALS,
    )
