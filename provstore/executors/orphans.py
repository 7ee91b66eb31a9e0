"""Finds and ends what outlived the runner that started it.

The watchdog of a killed runner does that at once, the next run does it again before it starts anything.
Both read the folders of jobs under `.provstore/running`: `task.json`, written before a job starts, names
its execution, and `process`, written just after, its process.

Rule: a process is ended only if it is known for certain to be of such an execution: it carries the
execution's id in its environment (where no environment can be read: it is the process that `process`
names, of this boot and that moment), it is in the process group of one that is, or one that is started it.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

from provstore.executors import processes
from provstore.ports import Orphan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SECONDS_TO_END = 2.0
"""How long `end_orphans` tries. Only a process that hangs in the kernel takes longer than milliseconds."""

START_TOLERANCE = 2.0
"""Seconds that `ps`, which knows no fractions, may differ from the recorded start."""


def find_orphans(running: str) -> list[Orphan]:
    """Living processes of executions that have a folder in `running`, by process id. Changes nothing.

    Only meaningful while no runner is at work there. Looks at every process of the machine, unless no
    folder names an execution.
    """
    jobs = _jobs(running)
    if not jobs:
        return []
    table = processes.table()
    owners = _owners(jobs, table)
    return [Orphan(owners[pid], pid, processes.command_of(pid)) for pid in sorted(owners) if not table[pid].zombie]


def end_orphans(running: str) -> list[Orphan]:
    """Kills what `find_orphans` finds until nothing is left; at most about two seconds.

    Returns:
        All that was found, by the order in which it was.
    """
    ended: dict[int, Orphan] = {}
    until = time.monotonic() + SECONDS_TO_END
    while (found := find_orphans(running)) and time.monotonic() < until:
        for orphan in found:
            ended.setdefault(orphan.pid, orphan)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(orphan.pid, signal.SIGKILL)
        time.sleep(0.005)  # for the kernel to end them; what they forked meanwhile is found by the next look
    return list(ended.values())


class _Recorded:
    """What the folder of a job says of its process; `pid` 0: nothing that holds for this boot."""

    __slots__ = ("pid", "started")

    def __init__(self, pid: int = 0, started: float = 0.0) -> None:
        self.pid, self.started = pid, started


def _jobs(running: str) -> dict[str, _Recorded]:
    """Execution → its process, for every folder in `running` that names an execution."""
    jobs = {}
    boot = processes.boot_id()
    with suppress(OSError):
        for folder in os.listdir(running):
            if execution := _execution(os.path.join(running, folder, "task.json")):
                jobs[execution] = _recorded(os.path.join(running, folder, "process"), boot)
    return jobs


def _execution(path: str) -> str:
    with suppress(OSError, ValueError), open(path, "rb") as file:
        content = json.load(file)
        execution = content.get("execution") if isinstance(content, dict) else None
        return execution if isinstance(execution, str) else ""
    return ""


def _recorded(path: str, boot: str) -> _Recorded:
    with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        recorded_boot, pid, started = file.read().split()
        if recorded_boot == boot:
            return _Recorded(int(pid), float(started))
    return _Recorded()


def _owners(jobs: Mapping[str, _Recorded], table: Mapping[int, processes.Process]) -> dict[int, str]:
    """Process id → its execution, for all processes that are of one; never this process or what it runs in."""
    spared = _ancestors(table)
    others = {pid: process for pid, process in table.items() if pid not in spared}
    owners = _owners_by_environment(jobs, others) if processes.HAS_PROC else _owners_by_start(jobs, others)
    groups = {
        jobs[execution].pid: execution for pid, execution in owners.items() if others[pid].group == jobs[execution].pid
    }
    for pid, process in others.items():
        if process.group in groups:
            owners.setdefault(pid, groups[process.group])
    return processes.with_descendants(others, owners)


def _owners_by_environment(jobs: Mapping[str, _Recorded], table: Mapping[int, processes.Process]) -> dict[int, str]:
    executions = ((pid, processes.execution_of(pid)) for pid in table)
    return {pid: execution for pid, execution in executions if execution in jobs}


def _owners_by_start(jobs: Mapping[str, _Recorded], table: Mapping[int, processes.Process]) -> dict[int, str]:
    return {
        job.pid: execution
        for execution, job in jobs.items()
        if job.pid in table and abs(processes.started_at(job.pid) - job.started) <= START_TOLERANCE
    }


def _ancestors(table: Mapping[int, processes.Process]) -> set[int]:
    """The process ids of this process, its parent, and so on."""
    found: set[int] = set()
    pid = os.getpid()
    while pid in table and pid not in found:
        found.add(pid)
        pid = table[pid].parent
    return found
