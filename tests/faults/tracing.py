"""Faults at system calls: `strace` follows the runner alone, and kills it, or spoils one of its calls, at a chosen one.

What a run does is listed once; then call after call gets its turn, each in a fresh copy of the project.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from e2e.project import Done, Project

WRITES = (
    *("write", "pwrite64", "writev", "pwritev", "rename", "renameat", "renameat2", "fsync", "fdatasync"),
    *("unlink", "unlinkat", "mkdir", "mkdirat", "rmdir", "ftruncate", "link", "linkat", "symlink", "symlinkat"),
    *("copy_file_range", "sendfile", "ioctl", "openat"),
)
"""Calls that change files; of `openat` those that make a file, of `ioctl` the reflink."""

STEPS = ("clone", "clone3", "vfork", "wait4", "flock")
"""Calls between which a kill finds another state of affairs, and that a full disk can't fail."""

STRACE = "strace"
HANDS = 2
"""Points that are tried at once."""

CALL = re.compile(r"^(\w+)\(")


class Call(NamedTuple):
    """A system call of a traced command.

    Attributes:
        number: It is the command's so many-th of this name, from 1.
        seen: How many of each name had been made before it.
        text: The line of `strace`.
    """

    name: str
    number: int
    seen: dict[str, int]
    text: str

    def __str__(self) -> str:
        return f"{self.name} {self.number}: {self.text}"

    @property
    def is_write(self) -> bool:
        return self.name in WRITES


class Spoiled(NamedTuple):
    """How a command went of which a call was spoiled.

    Attributes:
        hit: Lines of `strace` of what was spoiled; empty: the call did not come, or was another one.
    """

    done: Done
    hit: list[str]


def why_not() -> str:
    """Why no process can be traced here; "" where one can."""
    if shutil.which(STRACE) is None:
        return "strace is not installed"
    tried = subprocess.run(
        [STRACE, "-o", "/dev/null", "-y", "-e", "trace=?fsync,write", "-e", "inject=write:error=EIO:when=900", "true"],
        capture_output=True,
        check=False,
    )
    return "" if tried.returncode == 0 else f"strace can't trace here: {tried.stderr.decode().strip()}"


def calls_of(project: Project, *words: str) -> list[Call]:
    """What a command changes, call by call, from the first one that is about the project.

    The number of calls differs a little from run to run: what is spoiled is looked up afterwards.
    """
    done, lines = _traced(project, [], words)
    assert done.status == 0, done
    seen: Counter[str] = Counter()
    calls = []
    for line in lines:
        found = CALL.match(line)
        if found is None:
            continue
        name = found[1]
        before = dict(seen)
        seen[name] += 1
        if _matters(name, line, project):
            calls.append(Call(name, seen[name], before, line))
    return calls


def _matters(name: str, line: str, project: Project) -> bool:
    if name == "openat":
        return "O_CREAT" in line and str(project.root) in line
    if name == "ioctl":
        return "FICLONE" in line
    return name in STEPS or name == "write" or str(project.root) in line


def killed_at(project: Project, call: Call, *words: str) -> Spoiled:
    """Runs a command that is killed as it makes a call."""
    done, lines = _traced(project, [f"{call.name}:signal=SIGKILL:when={call.number}"], words)
    if done.status != -9:
        return Spoiled(done, [])
    project.wait_for(lambda: not project.alive())
    return Spoiled(done, [line for line in lines if CALL.match(line)][-1:])


def failed_once(project: Project, call: Call, error: str, *words: str) -> Spoiled:
    """Runs a command of which a call fails."""
    return _failed(project, [f"{call.name}:error={error}:when={call.number}"], words)


def failed_from_then_on(project: Project, call: Call, error: str, *words: str) -> Spoiled:
    """Runs a command of which a call fails, and every later one that changes a file.

    But for `write`, which also tells the user, unless it is the call itself; and for `openat` and `ioctl`, which
    also read.
    """
    spared = {"write", "openat", "ioctl"} - {call.name}
    left = [name for name in WRITES if name not in spared]
    faults = [f"?{name}:error={error}:when={call.seen.get(name, 0) + 1}+" for name in left]
    return _failed(project, faults, words)


def _failed(project: Project, faults: Sequence[str], words: Sequence[str]) -> Spoiled:
    done, lines = _traced(project, faults, words)
    hit = [line for line in lines if line.endswith("(INJECTED)")]
    if hit and not _matters(CALL.match(hit[0])[1], hit[0], project):  # type: ignore[index]
        hit = []
    return Spoiled(done, hit)


def _traced(project: Project, faults: Sequence[str], words: Sequence[str]) -> tuple[Done, list[str]]:
    log = project.root.parent / f"{project.root.name}.strace"
    names = ",".join(f"?{name}" for name in (*WRITES, *STEPS))
    options = [part for fault in faults for part in ("-e", f"inject={fault}")]
    program = shutil.which(STRACE) or STRACE
    done = project.traced([program, "-o", str(log), "-y", "-s", "16", "-e", f"trace={names}", *options], *words)
    return done, log.read_text(encoding="utf-8", errors="replace").splitlines()


# --- many points ------------------------------------------------------------------------------------------


def at_each(
    points: Sequence[Any], prepared: Project, folder: Path, seconds: float, attempt: Callable[[Project, Any], int]
) -> int:
    """Tries points, each in a copy of a prepared project, as many as there is time for.

    Args:
        attempt: Tries one point and claims what has to be true; returns how many faults hit.

    Returns:
        How many faults hit. All that was wrong is told at once.
    """
    until = time.monotonic() + seconds
    wrong: list[str] = []

    def one(number: int) -> int:
        if time.monotonic() > until:
            return 0
        place = folder / f"point-{number}"
        shutil.copytree(prepared.root, place / "p", symlinks=True)
        project = Project(place / "p", {})
        try:
            return attempt(project, points[number])
        except Exception as error:
            wrong.append(f"point {number}: {points[number][-1]}\n{error}")
            return 0
        finally:
            for pid in project.alive():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(place, ignore_errors=True)

    with ThreadPoolExecutor(HANDS) as hands:
        hits = sum(hands.map(one, range(len(points))))
    assert not wrong, f"{len(wrong)} points went wrong:\n\n" + "\n\n".join(wrong[:9])
    return hits
