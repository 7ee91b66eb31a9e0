"""`clean` and `accept` killed at a call that changes something: an output is whole or gone, a word given or not."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.project import Project, stage

from .aftermath import claim_sound
from .tracing import Call, at_each, calls_of, failed_once, killed_at, why_not

SECONDS = 0.6
"""For each kind of fault."""
ERRORS = ("ENOSPC", "EIO")
TEXT = (
    stage("make", "mkdir dir; for i in 1 2 3; do echo $i > dir/$i; done; chmod 555 dir", "in.txt", "dir/")
    + stage("big", "head -c 100000 /dev/zero > out/big", "in.txt", "out/big")
    + stage("small", "cat dir/2 > out/deep/small", "dir", "out/deep/small")
)

pytestmark = pytest.mark.skipif(why_not() != "", reason=why_not() or "strace works")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Everything made; one output is edited by hand."""
    project = Project(tmp_path_factory.mktemp("clean") / "p", {"Pipelinefile.toml": TEXT, "in.txt": "in\n"})
    project.run()
    project.write("out/deep/small", "edit\n")
    return project


def some(calls: list[Call]) -> list[tuple[Call]]:
    """Calls in any order, the same one each time; those that only read or lock are left out."""
    changing = [call for call in calls if call.is_write]
    return [(call,) for call in random.Random(3).sample(changing, len(changing))]


def claim_all_comes_back(project: Project, files: dict[str, bytes]) -> None:
    """What lies there is whole; the edit is still there; the rest is restored, and nothing has to be executed."""
    assert {path: files[path] for path in project.files()} == project.files()
    assert project.read("out/deep/small") == "edit\n"
    done = project.run("big", "make")
    assert done.executed == []
    assert project.files() == files
    claim_sound(project)


def test_a_kill_of_clean_leaves_each_output_whole_or_gone(
    prepared: Project, tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """And the next run puts back what it takes, without executing anything."""
    files = prepared.files()
    sample = Project(tmp_path / "sample", {"Pipelinefile.toml": TEXT, "in.txt": "in\n"})
    sample.run()

    def attempt(project: Project, point: tuple[Call]) -> int:
        hit = killed_at(project, *point, "clean").hit
        claim_all_comes_back(project, files)
        return len(hit)

    tally("kills of clean", at_each(some(calls_of(sample, "clean")), prepared, tmp_path, SECONDS * effort, attempt))


def test_a_disk_that_fails_any_call_of_clean(
    prepared: Project, tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """It says so, or leaves what it can't remove; nothing is lost."""
    files = prepared.files()
    sample = Project(tmp_path / "sample", {"Pipelinefile.toml": TEXT, "in.txt": "in\n"})
    sample.run()

    def attempt(project: Project, point: tuple[Call]) -> int:
        spoiled = failed_once(project, *point, ERRORS[point[0].number % 2], "clean")
        assert spoiled.done.status in (0, 3)
        claim_all_comes_back(project, files)
        return len(spoiled.hit)

    points = some(calls_of(sample, "clean"))
    tally("calls of clean that a disk failed", at_each(points, prepared, tmp_path, SECONDS * effort, attempt))


def test_a_kill_of_accept_leaves_all_of_it_or_nothing(
    prepared: Project, tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """Two tasks are accepted in one transaction; the same again does the rest."""
    files = {**prepared.files(), "Pipelinefile.toml": TEXT.replace("mkdir dir", "mkdir  dir").encode()}
    sample = Project(tmp_path / "sample", {"Pipelinefile.toml": TEXT, "in.txt": "in\n"})
    sample.run()
    for path in ("Pipelinefile.toml", "out/deep/small"):
        sample.write(path, files[path])

    def attempt(project: Project, point: tuple[Call]) -> int:
        project.write("Pipelinefile.toml", files["Pipelinefile.toml"])
        hit = killed_at(project, *point, "accept", "make", "small").hit
        there = project.status().outcomes
        assert (there["make"], there["small"]) in {("stale", "waiting"), ("fresh", "fresh")}
        project.provstore("accept", "make", "small")
        assert project.status().outcomes == {"make": "fresh", "big": "fresh", "small": "fresh"}
        assert project.files() == files
        claim_sound(project)
        return len(hit)

    points = some(calls_of(sample, "accept", "make", "small"))
    tally("kills of accept", at_each(points, prepared, tmp_path, SECONDS * effort, attempt))
