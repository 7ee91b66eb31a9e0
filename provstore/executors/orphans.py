"""Finds and ends what outlived the runner that started it.

The watchdog of a killed runner does that at once, the next run does it again before it starts anything.
Both read the folders of jobs under `.provstore/running`: `task.json`, written before a job starts, names
its execution, and `process`, written just after, its process.

Rule: a process is ended only if it is known for certain to be of such an execution: it carries the
execution's id in its environment, or its standard output or error is the execution's log (where there is no
/proc: it is the process that `process` names, of this boot and that moment), it is in the process group of
one that is, or one that is started it. A daemon that gave up all of these can't be known.
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
    owners = _owners(jobs, {pid: process for pid, process in table.items() if not _is_elsewhere(pid, running)})
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
    """What the folder of a job says of its process; `pid` 0: nothing that holds for this boot.

    Attributes:
        log: Device and inode of its log.
    """

    __slots__ = ("log", "pid", "started")

    def __init__(self, log: tuple[int, int], pid: int = 0, started: float = 0.0) -> None:
        self.log, self.pid, self.started = log, pid, started


def _jobs(running: str) -> dict[str, _Recorded]:
    """Execution → its process, for every folder in `running` that names an execution."""
    jobs = {}
    boot = processes.boot_id()
    with suppress(OSError):
        for folder in os.listdir(running):
            if execution := _execution(os.path.join(running, folder, "task.json")):
                jobs[execution] = _recorded(os.path.join(running, folder), boot)
    return jobs


def _execution(path: str) -> str:
    with suppress(OSError, ValueError), open(path, "rb") as file:
        content = json.load(file)
        execution = content.get("execution") if isinstance(content, dict) else None
        return execution if isinstance(execution, str) else ""
    return ""


def _recorded(folder: str, boot: str) -> _Recorded:
    log = (0, 0)
    with suppress(OSError):
        status = os.stat(folder + "/log")
        log = status.st_dev, status.st_ino
    with suppress(OSError, ValueError), open(folder + "/process", encoding="ascii") as file:
        recorded_boot, pid, started = file.read().split()
        if recorded_boot == boot:
            return _Recorded(log, int(pid), float(started))
    return _Recorded(log)


def _owners(jobs: Mapping[str, _Recorded], table: Mapping[int, processes.Process]) -> dict[int, str]:
    """Process id → its execution, for all processes that are of one; never this process or what it runs in."""
    spared = _ancestors(table)
    others = {pid: process for pid, process in table.items() if pid not in spared}
    owners = _owners_by_what_they_inherited(jobs, others) if processes.HAS_PROC else _owners_by_start(jobs, others)
    groups = {
        jobs[execution].pid: execution for pid, execution in owners.items() if others[pid].group == jobs[execution].pid
    }
    for pid, process in others.items():
        if process.group in groups:
            owners.setdefault(pid, groups[process.group])
    return processes.with_descendants(others, owners)


def _is_elsewhere(pid: int, running: str) -> bool:
    """Whether a process is of the original of which `running` is a copy, made while a run was under way."""
    folder = os.path.dirname(os.path.dirname(processes.variable_of(pid, "PROVSTORE_TASK")))
    with suppress(OSError):
        return bool(folder) and not os.path.samefile(folder, running)
    return False


def _owners_by_what_they_inherited(
    jobs: Mapping[str, _Recorded], table: Mapping[int, processes.Process]
) -> dict[int, str]:
    """By environment and by output. A runner holds the logs of its jobs too, but never as its own output."""
    logs = {job.log: execution for execution, job in jobs.items()}
    owners = {}
    for pid in table:
        execution = processes.execution_of(pid)
        if execution in jobs:
            owners[pid] = execution
        elif not execution and (known := processes.output_of(pid) & logs.keys()):
            owners[pid] = logs[known.pop()]
    return owners


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
