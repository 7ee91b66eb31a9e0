"""provstore's own executor and the fake keep to the contract that authors of others are given."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore.plugin import Executor, Finished, Job
from provstore.testing import ExecutorContract, FakeExecutor, local_executor


class TestLocal(ExecutorContract):
    """Processes of this machine."""

    @pytest.fixture
    def executor(self, folder: Path) -> Iterator[Executor]:
        executor = local_executor(folder)
        yield executor
        executor.close()


class TestFake(ExecutorContract):
    """The fake, whose work is to run the command after all."""

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        executor = FakeExecutor(self.work)
        yield executor
        executor.close()

        assert executor.closed

    def work(self, job: Job) -> int | Finished:
        """Runs a command to its end."""
        with open(os.path.join(job.folder, "log"), "wb") as log:
            try:
                return subprocess.run(
                    job.argv, cwd=job.cwd, env=dict(job.environment), stdin=subprocess.DEVNULL, stdout=log,
                    stderr=log, timeout=job.timeout, check=False,
                ).returncode  # fmt: skip
            except FileNotFoundError as error:
                return self.fake.ending(job)._replace(exit_status=None, error=str(error))
            except subprocess.TimeoutExpired:
                return self.fake.ending(job)._replace(exit_status=None, signal=9, timed_out=True)

    @pytest.fixture(autouse=True)
    def _remember(self, executor: FakeExecutor) -> None:
        self.fake = executor
