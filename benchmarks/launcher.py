"""Starts one command after the other and takes its time and memory; a small process, so that both are right.

Linux counts the memory of a process from the moment before exec, when it still has that of its parent. The
benchmark itself holds descriptions of 100,000 tasks; this process holds nothing. It reads a JSON array a line,
`[command, folder, environment, log, limit]`, and answers each with
`[seconds, cpu_seconds, peak_memory, exit_status]`; `exit_status` is null for a command that ran beyond `limit` seconds
and was ended. Runs under `python -I -S`.
"""

import json
import os
import select
import signal
import sys
import time


def run(command: list[str], folder: str, environment: dict[str, str], log: str, limit: float) -> list[object]:
    """Runs one command in `folder` with its output in the file `log`."""
    os.chdir(folder)
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    begin = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, environment, file_actions=actions, setpgroup=0)
    descriptor = os.pidfd_open(pid)
    ended, _, _ = select.select([descriptor], [], [], limit)
    if not ended:
        os.killpg(pid, signal.SIGKILL)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - begin
    os.close(descriptor)
    os.chdir("/")  # the folder may be removed, or unmounted
    exit_status = os.waitstatus_to_exitcode(status) if ended else None
    return [seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, exit_status]


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(*json.loads(line))), flush=True)
