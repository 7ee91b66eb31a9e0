"""What the operating system says about processes: from /proc, or from `ps` where there is none.

Everything here is a snapshot: a process may be gone before the answer is read. So nothing raises for a
process that does not exist; it has no command, no execution and no start.
"""

from __future__ import annotations

import os
import sys
import time
from contextlib import suppress

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "PROVSTORE_EXECUTION"
"""The environment variable by which a process is known to belong to an execution."""

HAS_PROC = os.path.exists("/proc/self/environ")

COMMAND_LIMIT = 200
"""Characters of a command line that a message shows."""

PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 36, 37


class Process(NamedTuple):
    """One process, living or zombie.

    Attributes:
        parent: Process id of its parent.
        group: Its process group.
        zombie: It has ended and only waits for its parent to notice.
    """

    pid: int
    parent: int
    group: int
    zombie: bool


def table() -> dict[int, Process]:
    """All processes by process id. Costs about 20 microseconds for each of the machine's processes."""
    found = _table_from_proc() if HAS_PROC else _table_from_ps()
    return {process.pid: process for process in found}


def _table_from_proc() -> list[Process]:
    found = []
    for name in os.listdir("/proc"):
        # The second field is the program's name in parentheses and may itself hold spaces and parentheses.
        if name.isdigit() and (fields := _read(f"/proc/{name}/stat").rpartition(b")")[2].split()):
            found.append(Process(int(name), int(fields[1]), int(fields[2]), fields[0] in b"ZX"))
    return found


def _table_from_ps() -> list[Process]:
    rows = [line.split() for line in _ps("-A", "-o", "pid=,ppid=,pgid=,stat=").splitlines()]
    return [Process(int(pid), int(parent), int(group), state[0] in "ZX") for pid, parent, group, state in rows]


def with_descendants(processes: Mapping[int, Process], owners: Mapping[int, str]) -> dict[int, str]:
    """`owners` (process id → whose it is), and everything that those processes started, whose it is too."""
    all_owners = dict(owners)
    while new := {
        process.pid: all_owners[process.parent]
        for process in processes.values()
        if process.parent in all_owners and process.pid not in all_owners
    }:
        all_owners.update(new)
    return all_owners


def execution_of(pid: int) -> str:
    """The execution in a process's first environment; empty if it names none or may not be read."""
    return variable_of(pid, MARK)


def variable_of(pid: int, name: str) -> str:
    """A variable of a process's first environment; empty if it has none of the name, or may not be read."""
    environment = b"\0" + _read(f"/proc/{pid}/environ")
    return os.fsdecode(environment.partition(f"\0{name}=".encode())[2].partition(b"\0")[0])


def is_becoming_another(pid: int) -> bool:
    """Whether a process is in the middle of an exec: its arguments and environment are not in place yet (Linux)."""
    with suppress(OSError), open(f"/proc/{pid}/cmdline", "rb", buffering=0) as file:
        return not file.read(1) and _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])
    return False


def command_of(pid: int) -> str:
    """A process's command line for a message, in one line; its program's name where it hides the rest."""
    if HAS_PROC:
        line = _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ") or _read(f"/proc/{pid}/comm")
        text = line.decode(errors="replace")
    else:
        text = _ps("-p", str(pid), "-ww", "-o", "command=")
    text = " ".join(text.split())
    return text if len(text) <= COMMAND_LIMIT else text[: COMMAND_LIMIT - 1] + "…"


def output_of(pid: int) -> set[tuple[int, int]]:
    """Device and inode of a process's standard output and standard error; empty without /proc."""
    found = set()
    for number in (1, 2):
        with suppress(OSError):  # closed, gone, or somebody else's
            status = os.stat(f"/proc/{pid}/fd/{number}")
            found.add((status.st_dev, status.st_ino))
    return found


def started_at(pid: int) -> float:
    """When a process started, in seconds since 1970, to the second and by `ps`; 0 if it is gone."""
    text = _ps("-p", str(pid), "-o", "lstart=").strip()
    return time.mktime(time.strptime(text)) if text else 0.0


def boot_id() -> str:
    """What tells this start of the machine from the one before; "-" where the system has no such thing."""
    return _read("/proc/sys/kernel/random/boot_id").decode().strip() or "-"


def group_lives(group: int) -> bool:
    """Whether a process group has a member, which may be a zombie."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # there is one, under another user
        return True
    return True


def adopt_strays(adopt: bool) -> bool:
    """Says whether processes that lose their parent below this one become its own children (Linux).

    Returns:
        What held before. False, and nothing changes, where the system has no such thing.
    """
    if sys.platform != "linux":
        return False
    try:
        import ctypes  # 3 ms, and only when something is really run

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return False
    before = ctypes.c_int(0)
    zero = ctypes.c_ulong(0)
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.byref(before), zero, zero, zero)
    prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(adopt), zero, zero, zero)
    return bool(before.value)


def _read(path: str) -> bytes:
    """A file of /proc; empty when its process is gone or belongs to somebody else."""
    with suppress(OSError), open(path, "rb", buffering=0) as file:
        return file.readall()
    return b""


def _ps(*arguments: str) -> str:
    import subprocess

    environment = {**os.environ, "LC_ALL": "C"}  # `lstart` is a date in English
    done = subprocess.run(("ps", *arguments), capture_output=True, env=environment, check=False)
    return done.stdout.decode(errors="replace")
