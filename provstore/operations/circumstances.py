"""Where and by whom a run is done: what is recorded of user, machine and code."""

from __future__ import annotations

import os
import sys

from provstore import __version__
from provstore.digest import digest_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.store.facts import Row

GIT = """
commit=$(git rev-parse --verify -q HEAD) || exit 0
echo "$commit"
git symbolic-ref -q --short HEAD || echo
git diff HEAD --binary --no-ext-diff --no-color 2>/dev/null
"""
"""Prints commit, branch (an empty line when detached), and the difference of the tracked files."""


def user_name() -> str:
    """Login name of whoever runs this; the number of the user where there is no name."""
    for variable in ("LOGNAME", "USER"):
        if os.environ.get(variable):
            return os.environ[variable]
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def machine() -> dict[str, str]:
    """User, host, system, Python and provstore, as columns of `run`."""
    system = os.uname()
    return {
        "user": user_name(),
        "host": system.nodename,
        "system": f"{system.sysname} {system.release} {system.machine}",
        "python": sys.version.split()[0],
        "provstore": __version__,
    }


class CodeState:
    """The project's git state, asked for beside the first tasks, since git may take its time.

    Args:
        root: Absolute path of the project.
        scratch: Absolute path of a file to write to; it is removed.
    """

    def __init__(self, root: str, scratch: str) -> None:
        self._scratch = scratch
        self._pid = 0
        if not _is_in_git(root):
            return
        here = os.open(".", os.O_RDONLY | os.O_CLOEXEC)
        os.chdir(root)
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        try:
            self._pid = os.posix_spawn("/bin/sh", ["sh", "-c", GIT], environment, file_actions=actions)
        finally:
            os.fchdir(here)
            os.close(here)

    def row(self, run: str, *, wait: bool) -> Row | None:
        """The row of `run_code`, once; None where there is no commit, git failed or, without `wait`, is still at it."""
        if not self._pid:
            return None
        pid, status = os.waitpid(self._pid, 0 if wait else os.WNOHANG)
        if not pid:
            return None
        self._pid = 0
        try:
            with open(self._scratch, "rb") as file:
                commit, branch, difference = (file.read() + b"\n\n").split(b"\n", 2)
            os.unlink(self._scratch)
        except (OSError, ValueError):
            return None
        difference = difference[:-2]
        if status or not commit:
            return None
        return {
            "run": run,
            "commit_id": commit.decode("ascii", "replace"),
            "branch": branch.decode("utf-8", "replace") or None,
            "dirty": int(bool(difference)),
            "diff_digest": digest_bytes(difference) if difference else None,
        }


def _is_in_git(folder: str) -> bool:
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above
    return True
