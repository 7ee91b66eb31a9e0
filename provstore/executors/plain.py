"""A script that is one plain command is started without a shell in between, as make does.

A shell that is given one command replaces itself by it: same process, same group, same files. Starting the shell
first takes as long as a small command itself. Rules:

1. Only what every shell reads alike: words of characters that mean nothing to it, then at most one ``< file`` and one
   ``> file``. A quote, a ``$``, a ``*``, a second line: the shell's.
2. Only for ``sh -e -c`` by the system's own ``sh``, and only if the first word can be nothing but a program: no
   builtin, no keyword of any shell, no assignment, and no functions come in through the environment.
3. Whatever is in doubt or goes wrong is left to the shell, which says what is wrong in its own words.
"""

from __future__ import annotations

import os
import re
import stat

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.ports import Job

SHELL = ("sh", "-e", "-c")
SHELLS = frozenset({"/bin/sh", "/usr/bin/sh"})

WORD = "[A-Za-z0-9_@+,./:=-][A-Za-z0-9_@%+,./:=-]*"
COMMAND = re.compile(
    rf"[ \t\n]*(?P<words>{WORD}(?:[ \t]+{WORD})*)"
    rf"(?:[ \t]+<[ \t]*(?P<input>{WORD}))?(?:[ \t]+>[ \t]*(?P<output>{WORD}))?[ \t\n]*"
)

POSIX = """
    . : break continue eval exec exit export readonly return set shift times trap unset
    alias bg cd command false fc fg getopts hash jobs kill newgrp pwd read true type ulimit umask unalias wait
    case do done elif else esac fi for function if in select then time until while
"""
OTHERS = """
    [ test echo printf local let source typeset declare builtin caller bind complete compgen compopt coproc dirs disown
    enable help history logout mapfile popd pushd readarray shopt suspend chdir print whence hist redirect sleep inlib
    noglob nocorrect repeat foreach end limit unlimit rehash sched setopt unsetopt vared zle autoload emulate float
    integer log bye where which zmodload
"""
NO_PROGRAMS = frozenset((POSIX + OTHERS).split())
"""First words that a shell may take for its own: builtins and keywords of POSIX, bash, dash, ksh and zsh."""

FUNCTION = "BASH_FUNC_"
"""Beginning of a variable by which bash hands on a function, which may have any name."""


class Plain(NamedTuple):
    """One command.

    Attributes:
        program: The file to start.
        words: Its arguments, the first its name as it was written.
        input, output: What it reads and writes instead of the standard ones; None: nothing.
    """

    program: str
    words: tuple[str, ...]
    input: str | None
    output: str | None


def plain_command(job: Job, shell: str) -> Plain | None:
    """The one plain command that a job's script is; None: it is more, or may be.

    Args:
        shell: The file that the job's first word names.
    """
    if job.argv[:3] != SHELL or len(job.argv) != 4 or shell not in SHELLS:
        return None
    match = COMMAND.fullmatch(job.argv[3])
    if match is None:
        return None
    words = tuple(match["words"].split())
    if "=" in words[0] or words[0] in NO_PROGRAMS or any(name.startswith(FUNCTION) for name in job.environment):
        return None
    program = _program(words[0], job.environment, job.cwd)
    if program is None or not all(_may_open(job.cwd, place) for place in (match["input"], match["output"])):
        return None
    return Plain(program, words, match["input"], match["output"])


def _program(name: str, environment: Mapping[str, str], cwd: str) -> str | None:
    """The file that a name stands for in the folder `cwd`; looked for anew each time: a task may have made it."""
    if "/" in name:
        return name
    for folder in environment.get("PATH", os.defpath).split(os.pathsep):
        file = os.path.join(folder, name)  # a script gets to know by which name it was started
        full = os.path.join(cwd, file)
        if os.access(full, os.X_OK) and os.path.isfile(full):
            return file
    return None


def _may_open(cwd: str, place: str | None) -> bool:
    """Opening it can't take long: a named pipe would hold up the runner instead of a shell."""
    if place is None:
        return True
    try:
        return stat.S_ISREG(os.stat(os.path.join(cwd, place)).st_mode)
    except FileNotFoundError:
        return True
    except OSError:
        return False
