"""The fake behaves like an executor."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.ports import Executor, Finished, Job
from provstore.testing.executor import FakeExecutor


def job(name: str, folder: str = "") -> Job:
    return Job(name, ("sh",), "/", {}, folder or f"/nowhere/{name}", None)


def test_work_is_done_when_a_job_ends(tmp_path: Path) -> None:
    """A job's function runs in `wait`; its result is the exit status and what it wrote is the log."""

    def work(job: Job) -> int:
        (Path(job.folder) / "log").write_text("hello")
        return 3

    executor = FakeExecutor(work)
    executor.start(job("a", str(tmp_path)))
    assert (tmp_path / "log").read_bytes() == b""
    (finished,) = executor.wait(None)

    assert (finished.execution, finished.exit_status, finished.log_size) == ("a", 3, 5)
    assert not executor.wait(None)


def test_several_at_once() -> None:
    """All that was started runs at once, `choose` says what ends first, and all is remembered."""
    executor: Executor = (fake := FakeExecutor(choose=lambda jobs: jobs[-1]))
    for name in "abc":
        executor.start(job(name))
    ended = [finished.execution for _ in range(3) for finished in executor.wait(1)]

    assert ended == ["c", "b", "a"]
    assert [job.execution for job in fake.started] == ["a", "b", "c"]
    assert fake.most_at_once == 3


def test_any_ending() -> None:
    """The function may say in full how a job ends."""

    def work(job: Job) -> Finished:
        return executor.ending(job)._replace(exit_status=None, signal=9, timed_out=True, survivors=("pid 1 (x)",))

    executor = FakeExecutor(work)
    executor.start(job("a"))
    (finished,) = executor.wait(None)

    assert (finished.signal, finished.timed_out, finished.survivors) == (9, True, ("pid 1 (x)",))


def test_stop() -> None:
    """`stop` ends all that runs, held or not, without doing its work."""
    executor = FakeExecutor(lambda job: pytest.fail("the work was done"))
    executor.hold = True
    executor.start(job("a"))
    executor.start(job("b"))
    assert not executor.wait(1)
    executor.stop(15)
    ended = executor.wait(1)

    assert [(finished.signal, finished.stopped) for finished in ended] == [(15, True)] * 2
    assert executor.signals == [15]
    executor.close()
    assert executor.closed


def test_wrong_use_is_an_error() -> None:
    """A folder used twice at once, a start after close, a close with running jobs: the fake says so."""
    executor = FakeExecutor()
    executor.start(job("a", "/nowhere"))
    with pytest.raises(AssertionError):
        executor.start(job("b", "/nowhere"))
    with pytest.raises(AssertionError):
        executor.close()
    executor.wait(None)
    executor.close()
    with pytest.raises(AssertionError):
        executor.start(job("c"))
