"""What every executor keeps to: subclass `ExecutorContract`, give it a fixture, and get all of these tests.

```python
from provstore.testing import ExecutorContract


class TestNice(ExecutorContract):
    @pytest.fixture
    def executor(self, folder):
        executor = NiceExecutor(str(folder))
        yield executor
        executor.close()
```
"""

from __future__ import annotations

import json
import os
import signal
import time
from itertools import count

import pytest

from provstore.plugin import Executor, Finished, Job

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

PATH = os.environ.get("PATH", os.defpath)
PATIENCE = 20.0
"""Seconds that a job may take here."""

numbers = count(1)


class ExecutorContract:
    """Tests of an executor, by small scripts for `sh`."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        """The folder that holds the folders of jobs."""
        folder = tmp_path / "running"
        folder.mkdir()
        return folder

    @pytest.fixture
    def executor(self, folder: Path) -> Executor:
        """The executor, made for `folder`; close it afterwards."""
        pytest.fail("give a fixture 'executor' that yields yours, made for the fixture 'folder'")

    def test_a_job_ends_with_its_exit_status(self, executor: Executor, folder: Path) -> None:
        """Nought or another; nothing else is set then."""
        for status in (0, 3):
            executor.start(job(folder, f"exit {status}"))
            (finished,) = ended(executor, 1)

            assert (finished.exit_status, finished.signal, finished.error) == (status, None, "")
            assert (finished.timed_out, finished.stopped) == (False, False)

    def test_what_a_job_prints_is_its_log(self, executor: Executor, folder: Path) -> None:
        """Standard output and standard error, in their order, with their size."""
        started = job(folder, "echo one; echo two >&2; echo three")
        executor.start(started)
        (finished,) = ended(executor, 1)

        assert log_of(started) == b"one\ntwo\nthree\n"
        assert finished.log_size == len(b"one\ntwo\nthree\n")

    def test_a_job_works_in_its_folder_with_its_variables(self, executor: Executor, folder: Path) -> None:
        """The working folder and the whole environment are the job's own; standard input is empty."""
        started = job(folder, 'pwd; echo "$WORD"; cat; echo "${HOME-none}"', WORD="two  words")
        executor.start(started)
        ended(executor, 1)

        assert log_of(started).decode().splitlines() == [os.path.realpath(started.cwd), "two  words", "none"]

    def test_words_reach_the_program_as_they_are(self, executor: Executor, folder: Path) -> None:
        """No second shell reads them."""
        started = job(folder, "")._replace(argv=("printf", "%s\n", "a b", "$HOME", "*", "'", "-x"))
        executor.start(started)
        ended(executor, 1)

        assert log_of(started).decode().splitlines() == ["a b", "$HOME", "*", "'", "-x"]

    def test_times_are_those_of_the_job(self, executor: Executor, folder: Path) -> None:
        """Seconds since 1970, the end after the start."""
        before = time.time()
        executor.start(job(folder, "sleep 0.05"))
        (finished,) = ended(executor, 1)

        assert before - 1 <= finished.started <= finished.ended <= time.time() + 1

    def test_several_jobs_run_at_once_and_each_is_reported_once(self, executor: Executor, folder: Path) -> None:
        """Under the id of its execution, whatever the order in which they end."""
        jobs = [job(folder, f"exit {number}") for number in range(5)]
        for started in jobs:
            executor.start(started)
        found = {finished.execution: finished.exit_status for finished in ended(executor, 5)}

        assert found == {started.execution: number for number, started in enumerate(jobs)}
        assert list(executor.wait(0)) == []

    def test_waiting_for_nothing_returns_at_once(self, executor: Executor) -> None:
        """Also without a limit of time."""
        assert list(executor.wait(None)) == []

    def test_what_can_not_be_started_is_reported_not_raised(self, executor: Executor, folder: Path) -> None:
        """As an error, or by the exit status of the program that could not start it; never as a success."""
        executor.start(job(folder, "")._replace(argv=("no-such-program-anywhere",)))
        (finished,) = ended(executor, 1)

        assert finished.error or finished.exit_status

    def test_a_job_that_takes_too_long_is_ended(self, executor: Executor, folder: Path) -> None:
        """Its report says so."""
        executor.start(job(folder, "sleep 100")._replace(timeout=0.2))
        (finished,) = ended(executor, 1)

        assert finished.timed_out

    @pytest.mark.parametrize("how", ["stop", "kill"])
    def test_all_that_runs_can_be_ended(self, executor: Executor, folder: Path, how: str) -> None:
        """Each job is reported as stopped, and the executor takes others."""
        for _ in range(2):
            executor.start(job(folder, "sleep 100"))
        if how == "stop":
            executor.stop(signal.SIGTERM)
        else:
            executor.kill()
        found = ended(executor, 2)
        executor.start(job(folder, "exit 0"))

        assert [finished.stopped for finished in found] == [True, True]
        assert [finished.exit_status for finished in ended(executor, 1)] == [0]


def local_executor(folder: Path) -> Executor:
    """Makes provstore's own executor, as a plug-in gets it. Whoever makes one closes it."""
    from provstore.executors.local import LocalExecutor

    return LocalExecutor(str(folder))


def job(folder: Path, script: str, **variables: str) -> Job:
    """A job that runs a script, in a folder of its own below `folder`."""
    execution = f"test-{os.getpid()}-{next(numbers)}"
    own = folder / execution
    own.mkdir()
    (own / "task.json").write_text(json.dumps({"execution": execution}), encoding="utf-8")
    environment = {"PATH": PATH, "PROVSTORE_EXECUTION": execution, **variables}
    return Job(execution, ("sh", "-e", "-c", script), str(folder.parent), environment, str(own), None)


def ended(executor: Executor, number: int) -> list[Finished]:
    """The next jobs that end, so many."""
    found: list[Finished] = []
    until = time.monotonic() + PATIENCE
    while len(found) < number:
        left = until - time.monotonic()
        assert left > 0, f"{len(found)} of {number} jobs ended within {PATIENCE} seconds"
        found += executor.wait(left)
    return found


def log_of(job: Job) -> bytes:
    """What a job printed."""
    with open(os.path.join(job.folder, "log"), "rb") as file:
        return file.read()
