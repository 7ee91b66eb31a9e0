"""Power cuts: an ext4 image is taken as it is at some moment, and what it holds is opened again.

`mounts.Disk` says why such a copy is a state that a disk can have. Every state is put back into the same device
and mounted at the same place: device and inode numbers are those that the store remembers.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from e2e.project import Done, Project, stage

from .aftermath import claim_only_added, claim_repaired, claim_sound, history, outputs_of_a_clean_run
from .mounts import Disk, disk

BIG = 100_000
"""Bytes that lie in an object beside the store."""

EDITED = b"edited by hand, and nobody else has it\n"

PIPELINE = "".join(
    [
        stage("small", "tr a-z A-Z < in.txt > small.txt; sleep 0.1", "in.txt", "small.txt"),
        stage("big", f"yes $(cat in.txt) | head -c {BIG} > big.bin", "in.txt", "big.bin"),
        stage("folder", "mkdir -p f/g; cp big.bin f/b; cp small.txt f/g/s; sleep 0.1", "small.txt big.bin", "f/"),
        # Written in its place, always of one size: only its bytes tell one version from another.
        stage(
            "place",
            f"test -e place.bin || truncate -s {BIG} place.bin; sleep 0.05; "
            "dd if=in.txt of=place.bin conv=notrunc status=none",
            "in.txt",
            "place.bin",
            "keep = true",
        ),
        # Has its size before it has its bytes, and is written once more after these are on the disk.
        stage(
            "filled",
            f"truncate -s {BIG} filled.bin; sync filled.bin; sleep 0.05; "
            "dd if=small.txt of=filled.bin conv=notrunc status=none",
            "small.txt",
            "filled.bin",
        ),
        stage("unkept", "cat small.txt f/g/s > unkept.txt; sleep 0.1", "small.txt f/", "unkept.txt", "cache = false"),
    ]
)
TEXTS = ("first text\n", "other text\n", "third text\n")
OPTIONS = ("defaults", "data=writeback,noauto_da_alloc,commit=1")
"""As ext4 is mounted by default, and as it holds back the most."""


class Cut(NamedTuple):
    """What a power cut left.

    Attributes:
        reported: Ids of the executions that an exited run had said to be recorded.
    """

    state: bytes
    reported: tuple[str, ...] = ()


Wanted = Callable[[str], dict[str, bytes]]


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Wanted:
    """What a clean run makes of an input."""
    known: dict[str, dict[str, bytes]] = {}

    def find(text: str) -> dict[str, bytes]:
        if text not in known:
            folder = tmp_path_factory.mktemp("clean") / "p"
            known[text] = outputs_of_a_clean_run(folder, {"Pipelinefile.toml": PIPELINE, "in.txt": text})
        return known[text]

    return find


@contextlib.contextmanager
def project_on_a_disk(tmp_path: Path, options: str = "defaults") -> Iterator[tuple[Disk, Project]]:
    """A project on a disk; nothing of it runs at the end."""
    with disk(tmp_path / "memory", options) as found:
        project = Project(found.place / "p", {"Pipelinefile.toml": PIPELINE, "in.txt": TEXTS[0]}, home=tmp_path / "h")
        project.trace = tmp_path / "trace"
        project.environment["TRACE"] = str(project.trace)
        try:
            yield found, project
        finally:
            project.kill_all()


def cuts_of_a_run(found: Disk, project: Project, most: int, chance: random.Random) -> list[Cut]:
    """Starts a run, cuts it at random moments, and once more right after its end."""
    process = project.start("run", "--json", "-j2")
    cuts = []
    pause = 0.15
    while len(cuts) < most:
        try:
            process.wait(chance.uniform(0, pause))
            break
        except subprocess.TimeoutExpired:
            state = found.cut(project)
        if state is not None:
            cuts.append(Cut(state))
    done = project.finish(process)
    state = found.cut(project)
    if state is not None:
        cuts.append(Cut(state, _recorded(done)))
    return cuts


def _recorded(done: Done) -> tuple[str, ...]:
    tasks = done.report["tasks"]
    assert all(task["outcome"] in ("executed", "restored", "fresh") for task in tasks)
    return tuple(task["execution"] for task in tasks if task["outcome"] == "executed")


def claim_survived(project: Project, cut: Cut, before: list[list[tuple[object, ...]]], wanted: Wanted) -> None:
    """What was reported is recorded, what was recorded is unchanged, and a plain run makes what a clean run makes."""
    claim_only_added(before, history(project))
    if cut.reported:
        succeeded = {row[0] for row in project.rows("SELECT id FROM execution WHERE outcome = 'succeeded'")}
        assert set(cut.reported) <= succeeded
    claim_repaired(project, wanted(project.read("in.txt")))


@pytest.mark.parametrize("options", OPTIONS)
def test_a_cut_at_any_moment_of_a_run_is_repaired_by_the_next(
    tmp_path: Path, wanted: Wanted, effort: int, tally: Callable[[str, int], None], options: str
) -> None:
    """The first run, and one after an edit: during it and right after it, with no time for the kernel to write.

    What the exited run had reported is there. Among the outputs are one that is rewritten in its place, one that
    had its size before its bytes, a directory, and one that is not kept.
    """
    chance = random.Random(options)
    with project_on_a_disk(tmp_path, options) as (found, project):
        for text in TEXTS[: 1 + effort]:
            project.write("in.txt", text)
            found.settle()
            before = history(project)
            cuts = cuts_of_a_run(found, project, 4 * effort, chance)
            for cut in cuts:
                found.insert(cut.state)
                claim_survived(project, cut, before, wanted)
            tally("power cuts during a run and right after it", len(cuts))


def test_a_cut_while_a_cut_is_repaired_is_repaired(
    tmp_path: Path, wanted: Wanted, effort: int, tally: Callable[[str, int], None]
) -> None:
    """The power fails once more during the run after a power cut, and again right after that run."""
    chance = random.Random(2)
    with project_on_a_disk(tmp_path) as (found, project):
        project.run()
        project.write("in.txt", TEXTS[1])
        found.settle()
        before = history(project)
        for first in cuts_of_a_run(found, project, 2 * effort, chance)[:-1][-effort:]:
            found.insert(first.state)
            second = cuts_of_a_run(found, project, 3 * effort, chance)
            for cut in second:
                found.insert(cut.state)
                claim_survived(project, cut, before, wanted)
            tally("power cuts during the run after a power cut", len(second))


def test_a_hand_edited_output_survives_a_cut(tmp_path: Path, effort: int, tally: Callable[[str, int], None]) -> None:
    """Whenever the power fails while its task runs again: the edited bytes are at their place, or can be restored."""
    chance = random.Random(3)
    edited = ("small.txt", "unkept.txt", "f/g/s", "place.bin")
    with project_on_a_disk(tmp_path) as (found, project):
        project.run()
        for path in edited:
            project.write(path, EDITED + path.encode())
        project.write("in.txt", TEXTS[1])
        found.settle()
        cuts = cuts_of_a_run(found, project, 4 * effort, chance)
        for cut in cuts:
            found.insert(cut.state)
            project.run()
            for path in edited:
                assert _is_somewhere(project, EDITED + path.encode()), path
        tally("power cuts while hand-edited outputs were replaced", len(cuts))


def _is_somewhere(project: Project, data: bytes) -> bool:
    """The bytes are in the project or in its store: nothing has destroyed them."""
    return any(data in path.read_bytes() for path in project.root.rglob("*") if path.is_file())


def test_the_last_good_version_survives_a_cut(tmp_path: Path, tally: Callable[[str, int], None]) -> None:
    """Moved aside while its task runs again, not kept, and then the power fails: after a failure it is back.

    The file system has written the move and not yet what says to which task it belongs.
    """
    run = "while test -e wait; do sleep 0.05; done; test ! -e broken; cat in.txt > unkept.txt"
    with project_on_a_disk(tmp_path, OPTIONS[1]) as (found, project):
        project.write("Pipelinefile.toml", stage("slow", run, "in.txt", "unkept.txt", "cache = false"))
        project.run()
        for path in ("wait", "broken"):
            project.write(path)
        project.write("in.txt", TEXTS[1])
        found.settle()
        process = project.start("run")
        project.wait_for(lambda: project.count() == {"slow": 2})
        time.sleep(2.5)  # the journal is written each second; should it not have been, nothing is shown
        state = found.cut(project)
        project.kill_all()
        project.finish(process, None)
        if state is None:
            pytest.skip("the disk never came to rest")
        found.insert(state)
        project.remove("wait")
        assert project.run(status=1).outcomes == {"slow": "failed"}
        assert project.read("unkept.txt") == TEXTS[0]
        tally("power cuts while the only copy of a version was out of its place", 1)


def test_what_a_person_changes_between_two_runs_is_noticed_after_a_cut(
    tmp_path: Path, wanted: Wanted, tally: Callable[[str, int], None]
) -> None:
    """An input and an output that were rewritten in their place: whatever of that reached the disk, results fit it."""
    with project_on_a_disk(tmp_path, OPTIONS[1]) as (found, project):
        project.run()
        found.settle()
        before = history(project)
        for text in TEXTS[1:]:
            for path in ("in.txt", "filled.bin"):
                with (project.root / path).open("r+b") as file:
                    file.write(text.encode())
            cuts = [found.cut(project)]
            project.run()
            cuts.append(found.cut(project))
            for state in cuts:
                if state is not None:
                    found.insert(state)
                    claim_survived(project, Cut(state), before, wanted)
                    tally("power cuts after edits in place", 1)


def test_a_copy_that_was_taken_during_a_run_leaves_the_run_alone(
    tmp_path: Path, tally: Callable[[str, int], None]
) -> None:
    """Opened at another place while that run goes on: it repairs itself, and touches nothing but itself."""
    gate = tmp_path / "gate"
    gate.touch()
    run = 'while test -e "$GATE"; do sleep 0.02; done; cat in.txt > unkept.txt'
    files = {"Pipelinefile.toml": stage("slow", run, "in.txt", "unkept.txt", "cache = false"), "in.txt": TEXTS[0]}
    project = Project(tmp_path / "p", files)
    try:
        project.run()
        project.write("in.txt", TEXTS[1])
        project.environment["GATE"] = str(gate)
        process = project.start("run", "--json")
        project.wait_for(lambda: project.count() == {"slow": 2})
        shutil.copytree(project.root, tmp_path / "q")
        copy = Project(tmp_path / "q", {})
        copy.write("in.txt", TEXTS[0])
        assert copy.run().executed == []
        assert copy.read("unkept.txt") == TEXTS[0]
        gate.unlink()
        assert project.finish(process).executed == ["slow"]
        assert project.read("unkept.txt") == TEXTS[1]
        claim_sound(copy)
        claim_sound(project)
        tally("copies of a project that were opened while its run went on", 1)
    finally:
        project.kill_all()


def test_a_cut_between_two_runs_leaves_nothing_to_do(tmp_path: Path, tally: Callable[[str, int], None]) -> None:
    """Some time after a run: everything is up to date."""
    with project_on_a_disk(tmp_path) as (found, project):
        project.run()
        found.settle()
        state = found.cut(project)
        if state is None:
            pytest.skip("the disk never came to rest")
        found.insert(state)
        assert project.run().report["run"] is None
        tally("power cuts between two runs", 1)
