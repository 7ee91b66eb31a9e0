"""The executor keeps to its contract, and is polite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from provstore_nice.executor import NiceExecutor, make_nice, words_before

from provstore.plugin import Executor, Job
from provstore.testing import ExecutorContract, FakeExecutor, Project, local_executor

PIPELINE = """
[stages.hello]
run = "nice > {outputs.niceness}"
outputs.niceness = "niceness.txt"
"""


class TestNiceExecutor(ExecutorContract):
    """In front of an executor that really runs what it is given: the words before a command change nothing of it."""

    @pytest.fixture
    def executor(self, folder: Path) -> Iterator[Executor]:
        executor = make_nice(str(folder), lambda: local_executor(folder))
        yield executor
        executor.close()


def test_the_words_stand_before_each_command() -> None:
    """By the executor behind it, which remembers what it was given."""
    fake = FakeExecutor()
    NiceExecutor(fake, ["nice", "-n", "5"]).start(Job("e", ("sh", "-c", "true"), "/", {}, "/nowhere", None))

    assert fake.started[0].argv == ("nice", "-n", "5", "sh", "-c", "true")


def test_a_run_can_be_nice(project: Project) -> None:
    """The command's own niceness is that of who has to wait for all others; its results are found fresh by all."""
    project.write("Pipelinefile.toml", PIPELINE)
    project.provstore("run", "--executor", "nice")

    assert project.read("niceness.txt").strip() == "19"
    assert project.json("status")["summary"]["fresh"] == 1


def test_a_machine_without_nice_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """By an error of the executor, not by tasks that fail one after the other."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FileNotFoundError, match="nice"):
        words_before()
