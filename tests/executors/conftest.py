"""A place to run jobs in, and the claim that no test leaves a process behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from provstore.executors import processes
from provstore.executors.local import LocalExecutor
from provstore.ports import Finished, Job

PATH = "/usr/local/bin:/usr/bin:/bin"
PYTHON = sys.executable

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="strays are only adopted on Linux")


class Bench:
    """An executor with folders for its jobs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.running = root / "running"
        self.running.mkdir()
        self.name = f"test-{os.getpid()}-{time.time_ns()}"
        self.count = 0
        self.executor = LocalExecutor(str(self.running))
        self.ended: list[Finished] = []

    def job(
        self,
        *argv: str,
        slot: str = "0",
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Job:
        self.count += 1
        execution = f"{self.name}-{self.count}"
        folder = self.running / slot
        folder.mkdir(exist_ok=True)
        (folder / "task.json").write_text(f'{{"execution": "{execution}"}}')
        environment = {"PATH": PATH, "PROVSTORE_EXECUTION": execution} if environment is None else environment
        return Job(execution, argv, str(cwd or self.root), environment, str(folder), timeout)

    def start(self, script: str, **details: object) -> Job:
        job = self.job("sh", "-e", "-c", script, **details)  # type: ignore[arg-type]
        self.executor.start(job)
        return job

    def one(self, seconds: float = 20.0) -> Finished:
        """The next job that ends."""
        until = time.monotonic() + seconds
        while not self.ended and time.monotonic() < until:
            self.ended.extend(self.executor.wait(until - time.monotonic()))
        assert self.ended, "no job has ended"
        return self.ended.pop(0)

    def run(self, script: str, **details: object) -> Finished:
        self.start(script, **details)
        return self.one()

    def log(self, slot: str = "0") -> bytes:
        return (self.running / slot / "log").read_bytes()

    def living(self) -> list[str]:
        return living(self.name)


def living(name: str) -> list[str]:
    """Processes, but for zombies, that carry an execution id which begins with `name`."""
    table = processes.table()
    return [
        f"pid {pid} ({processes.command_of(pid)})"
        for pid, process in table.items()
        if not process.zombie and processes.execution_of(pid).startswith(name)
    ]


def eventually(claim: Callable[[], object], seconds: float = 5.0) -> bool:
    until = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    handler = signal.getsignal(signal.SIGCHLD)
    bench = Bench(tmp_path)
    yield bench
    bench.executor.close()

    assert bench.living() == []
    assert signal.getsignal(signal.SIGCHLD) == handler
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
