"""A full disk: one plain message, what is finished stays, and after space is freed a plain run goes on."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from e2e.project import Done, Project, stage

from .aftermath import claim_only_added, claim_repaired, claim_sound, history, outputs_of_a_clean_run
from .mounts import tmpfs

SIZE = 12 << 20  # what failed attempts leave is kept, from all runs of a test
BIG = 300_000
FILES = {
    "Pipelinefile.toml": "".join(
        [
            stage("small", "tr a-z A-Z < in.txt > small.txt", "in.txt", "small.txt"),
            stage("big", f"yes $(cat small.txt) | head -c {BIG} > big.bin", "small.txt", "big.bin"),
            stage("loud", f"yes $(cat small.txt) | head -c {BIG}; cp small.txt quiet.txt", "small.txt", "quiet.txt"),
            stage("folder", "mkdir -p f/g; cp big.bin f/b; cp small.txt f/g/s", "small.txt big.bin", "f/"),
            stage("last", "cat f/g/s quiet.txt > last.txt", "f/ quiet.txt", "last.txt"),
        ]
    ),
    "in.txt": "first text\n",
}
ALL = ["big", "folder", "last", "loud", "small"]
FILLER = "filler"


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Project]:
    """A project on a small disk, with nothing run yet."""
    with tmpfs(tmp_path / "disk", str(SIZE)) as place:
        project = Project(place / "p", FILES, home=tmp_path / "h")
        project.trace = tmp_path / "trace"
        project.environment["TRACE"] = str(project.trace)
        yield project
        project.kill_all()


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a clean run makes."""
    return outputs_of_a_clean_run(tmp_path_factory.mktemp("clean") / "p", FILES)


def fill(project: Project, free: int) -> None:
    """Fills the disk until at most `free` bytes are left."""
    with (project.root.parent / FILLER).open("ab", buffering=0) as file:
        status = os.statvfs(project.root)
        block = status.f_frsize
        try:
            for _ in range(max(0, (status.f_bavail * block - free) // block)):
                file.write(b"\0" * block)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def free_all(project: Project) -> None:
    """Makes space again."""
    (project.root.parent / FILLER).unlink(missing_ok=True)


def claim_plain(done: Done) -> None:
    """A run on a full disk ended well, with 1 for the tasks' own failures, or with 3 and one message on a file."""
    assert done.status in (0, 1, 3), f"{done.status}: {done.err}"
    if done.status == 3:
        errors = [line for line in done.err.splitlines() if line.startswith("error")]
        assert len(errors) == 1, done.err
        assert "/" in errors[0], done.err


def fail_when_full(project: Project, free: int, *words: str) -> Done:
    """A run on a disk with so much space; what it says and what it leaves is as promised."""
    before = history(project)
    fill(project, free)
    done = project.finish(project.start("run", *words), None)
    claim_plain(done)
    assert project.alive() == []
    claim_only_added(before, history(project))
    return done


@pytest.mark.parametrize("words", [("-j1",), ("-k", "-j2")])
def test_a_first_run_on_a_full_disk_goes_on_when_there_is_space(
    full: Project, wanted: dict[str, bytes], effort: int, tally: Callable[[str, int], None], words: tuple[str, ...]
) -> None:
    """Whatever the disk is too small for: the store, the first record, an object, a log, an output."""
    step = 96 // effort
    failures = 0
    for kilobytes in range(0, 2000, max(4, step)):
        done = fail_when_full(full, kilobytes << 10, *words)
        if done.status == 0:
            break
        failures += 1
        if kilobytes % 384 == 0:
            free_all(full)
            claim_repaired(full, wanted)
            full.remove(".provstore")
            for path in ("small.txt", "big.bin", "quiet.txt", "f", "last.txt"):
                if full.exists(path):
                    full.remove(path)
        else:
            free_all(full)
    free_all(full)
    claim_repaired(full, wanted)
    tally("runs on a full disk", failures)


def test_finished_tasks_are_kept_when_the_disk_is_full(full: Project, wanted: dict[str, bytes]) -> None:
    """What was recorded before the disk was full is not repeated afterwards."""
    full.run("small")
    fail_when_full(full, 0, "-k")
    free_all(full)
    done = claim_repaired(full, wanted)
    assert "small" not in done.executed
    assert full.count()["small"] == 1


def test_a_full_disk_and_nothing_to_do(full: Project) -> None:
    """Not one byte is free, and a run says that everything is up to date; so it does after everything was touched."""
    full.run()
    fill(full, 0)
    assert "up to date" in full.provstore("run").err
    for path in full.files():
        os.utime(full.root / path)
    assert full.run().report["run"] is None
    for words in (["status"], ["check"], ["log"], ["sql", "SELECT count(*) FROM execution"]):
        full.provstore(*words)
    claim_sound(full)


def test_a_restore_on_a_full_disk_changes_nothing(
    full: Project, wanted: dict[str, bytes], effort: int, tally: Callable[[str, int], None]
) -> None:
    """The outputs are gone or edited by hand, and there is too little space to bring them back: nothing is lost."""
    full.run()
    for kilobytes in range(0, 400, 128 // min(effort, 16)):
        full.write("big.bin", "edited by hand\n" * 5000)
        full.remove("f")
        done = fail_when_full(full, kilobytes << 10)
        assert done.status in (0, 1, 3)
        free_all(full)
        claim_repaired(full, wanted)
        tally("restores on a full disk", 1)
    assert full.count() == dict.fromkeys(ALL, 1)


def test_a_file_size_limit_is_one_plain_message(tmp_path: Path, tally: Callable[[str, int], None]) -> None:
    """Under `ulimit -f` too: exit status 1 or 3, a file is named, and without the limit a plain run goes on."""
    wanted = outputs_of_a_clean_run(tmp_path / "clean", FILES)
    for limit in (0, 1000, 20_000, 70_000, 120_000, 200_000, 299_000):
        project = Project(tmp_path / f"{limit}" / "p", FILES, home=tmp_path / "h")
        done = limited(project, limit)
        claim_plain(done)
        assert done.status != 0
        claim_repaired(project, wanted)
        tally("runs under a limit of the file size", 1)


def limited(project: Project, limit: int, **how: Any) -> Done:
    """A run that may write no file beyond `limit` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    words = ["prlimit", f"--fsize={limit}:{limit}", "--"]
    assert before[0] == resource.RLIM_INFINITY or before[0] > BIG
    return project.finish(project.start("run", "-j1", before=words, **how), None)
