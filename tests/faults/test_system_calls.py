"""Whichever system call a run dies at, and whichever the disk refuses: the next plain run makes it good.

Every call that changes a file gets its turn, as far as the time goes; `--faults N` gives N times as much of it.
What is spoiled differs from run to run by a call or two: what was not hit is not counted.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from e2e.project import Project, stage

from faults.aftermath import claim_only_added, claim_sound, history, outputs_of_a_clean_run
from faults.tracing import Call, Spoiled, at_each, calls_of, failed_from_then_on, failed_once, killed_at, why_not

WHY_NOT = why_not()
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

SIX = (
    stage("small", "cat a.txt > small.txt", "a.txt", "small.txt")
    + stage("big", "cat a.txt > big.bin; head -c 40000 /dev/zero >> big.bin", "a.txt", "big.bin")
    + stage("tree", "mkdir -p tree/sub; cat a.txt > tree/one; cp big.bin tree/sub/two", "a.txt big.bin", "tree/")
    + stage("kept", "cat small.txt > kept.txt", "small.txt", "kept.txt", "keep = true")
    + stage("hand", "cat small.txt kept.txt > hand.txt", "small.txt kept.txt", "hand.txt")
    + stage("back", "cat c.txt > back.bin; head -c 50000 /dev/zero >> back.bin", "c.txt", "back.bin")
)
"""Small and big outputs, a directory, one that its command goes on with, one edited by hand, one to be restored."""

INPUTS = {"a.txt": "2\n", "c.txt": "c\n"}
BY_HAND = b"written by hand\n"
DONE = re.compile(r"^done\s+(\S+)", re.MULTILINE)

STRIDE = 7
"""Every seventh point comes first, then those in between: what there is no time for is spread evenly."""


class Prepared:
    """A project in which a command has something to do.

    Attributes:
        words: The command.
        wanted: The files after the next plain run.
        edited: Where a person wrote `BY_HAND`, which the command replaces; it is never lost.
        before: What was recorded before.
    """

    def __init__(self, project: Project, words: tuple[str, ...], wanted: dict[str, bytes], edited: str = "") -> None:
        self.project, self.words, self.wanted, self.edited = project, words, wanted, edited
        self.before = history(project)

    def calls(self, folder: Path) -> list[Call]:
        """What the command changes."""
        found: list[Call] = []

        def listen(project: Project, point: tuple[str]) -> int:
            found.extend(calls_of(project, *self.words))
            self.claim_mended(project, look_first=True)
            return 0

        at_each([("undisturbed",)], self.project, folder, 60, listen)
        return found

    def claim_mended(self, project: Project, *, look_first: bool, done_before: frozenset[str] = frozenset()) -> None:
        """The next plain run makes it good, and repeats nothing that was recorded.

        Args:
            look_first: A reader of the store comes before the run, so that it is not the run that rolls back.
            done_before: Tasks that must not be executed again.
        """
        before = history(project) if look_first else self.before
        claim_only_added(self.before, before)
        done = project.run("-j1")
        assert project.files() == self.wanted
        after = history(project)
        claim_only_added(before, after)
        recorded = {row[2] for row in before[1][len(self.before[1]) :] if row[5] == "succeeded"}
        repeated = (recorded | done_before) & set(done.executed)
        assert not repeated, f"{repeated} had been recorded, and were repeated"
        assert not self.edited or _holds(project, BY_HAND), f"what was written by hand into {self.edited} is lost"
        edits = [line for line in done.err.splitlines() if "no task made" in line]
        blamed = [line for line in edits if not self.edited or f" {self.edited} " not in line]
        assert not blamed, f"taken for somebody's edit: {blamed}"
        assert project.run("-j1").report["run"] is None
        assert history(project) == after
        assert list(project.root.rglob("*.new")) == []
        claim_sound(project)


def _holds(project: Project, data: bytes) -> bool:
    """Whether bytes are in the store, or in a file that is not removed with the next success."""
    kept = project.rows(f"SELECT 1 FROM object WHERE content = x'{data.hex()}'")
    return bool(kept) or any(path.read_bytes() == data for path in project.root.rglob("*") if path.is_file())


def claim_told(spoiled: Spoiled, project: Project, wanted: dict[str, bytes]) -> None:
    """Exit status 3 and one plain message that names a file, unless what was refused made no difference."""
    done, hit = spoiled
    if done.status == 0:
        assert project.files() == wanted
        return
    assert done.status == 3, f"ended with {done.status}: {hit[0]}\n{done.err}"
    messages = [line for line in done.err.splitlines() if line.startswith("error")]
    if any(line.startswith("write(2<") for line in hit):
        return  # the message itself was refused
    assert len(messages) == 1, f"{hit[0]}\n{done.err}"
    if not any(line.startswith("write(1<") for line in hit):
        assert re.search(r"[\w.-]+/[\w.-]+|\w+\.\w+", messages[0]), f"names no file: {messages[0]}"


@pytest.fixture(scope="module")
def six(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """A run in which six tasks ask for all that a run can do."""
    folder = tmp_path_factory.mktemp("six")
    wanted = outputs_of_a_clean_run(folder / "clean", {"Pipelinefile.toml": SIX, **INPUTS})
    project = Project(folder / "p", {"Pipelinefile.toml": SIX, **INPUTS, "a.txt": "1\n"})
    project.run("-j1")
    project.write("a.txt", INPUTS["a.txt"])
    project.write("hand.txt", BY_HAND)
    project.remove("back.bin")
    return Prepared(project, ("run", "--json", "-j1"), wanted, "hand.txt")


@pytest.fixture(scope="module")
def calls(six: Prepared, tmp_path_factory: pytest.TempPathFactory) -> list[Call]:
    """What a run of the six tasks changes."""
    found = six.calls(tmp_path_factory.mktemp("calls"))
    assert len(found) > 100
    return found


@pytest.fixture
def first_run(tmp_path: Path) -> Prepared:
    """The first run of a project, which makes the store."""
    text = stage("big", "cat a.txt > big.bin; head -c 40000 /dev/zero >> big.bin", "a.txt", "big.bin")
    files = {"Pipelinefile.toml": text, "a.txt": "1\n"}
    wanted = outputs_of_a_clean_run(tmp_path / "clean", files)
    return Prepared(Project(tmp_path / "p", files), ("run", "--json", "-j1"), wanted)


def restoring(folder: Path, path: str) -> Prepared:
    """A `restore` of an output in whose place somebody wrote something else."""
    files = {"Pipelinefile.toml": SIX, **INPUTS}
    project = Project(folder / "p", files)
    project.run("-j1")
    wanted = project.files()
    project.write("tree/one" if path == "tree" else path, BY_HAND)
    return Prepared(project, ("restore", "--json", path), wanted, path)


def spread(calls: list[Call]) -> list[tuple[int, Call]]:
    """All calls with their numbers, in an order of which every beginning is spread evenly.

    SQLite's journal comes last: half of all calls write to it, and before it is synchronised one is like the other.
    """
    points = list(enumerate(calls))
    journal = [point for point in points if point[1].name == "pwrite64" and "store.db-journal>" in point[1].text]
    rest = [point for point in points if point not in journal]
    return [point for part in (rest, journal) for first in range(STRIDE) for point in part[first::STRIDE]]


def kill_at(prepared: Prepared, points: list[tuple[int, Call]], folder: Path, seconds: float) -> int:
    """Kills the command at each of the calls, and claims that the next plain run makes it good."""

    def attempt(project: Project, point: tuple[int, Call]) -> int:
        number, call = point
        spoiled = killed_at(project, call, *prepared.words)
        prepared.claim_mended(project, look_first=number % 2 == 0)
        return len(spoiled.hit)

    return at_each(points, prepared.project, folder, seconds, attempt)


def refuse_at(prepared: Prepared, points: list[tuple[int, Call]], folder: Path, seconds: float, *, once: bool) -> int:
    """Refuses each of the calls, as a full disk does once, or as a broken disk does from then on."""

    def attempt(project: Project, point: tuple[int, Call]) -> int:
        number, call = point
        fault = failed_once if once else failed_from_then_on
        spoiled = fault(project, call, "ENOSPC" if once else "EIO", *prepared.words)
        if spoiled.hit:
            claim_told(spoiled, project, prepared.wanted)
        kept = frozenset(DONE.findall(spoiled.done.err)) if once else frozenset()
        prepared.claim_mended(project, look_first=number % 2 == 0, done_before=kept)
        return bool(spoiled.hit)

    return at_each([point for point in points if point[1].is_write], prepared.project, folder, seconds, attempt)


def test_a_kill_at_every_call(six: Prepared, calls: list[Call], tmp_path: Path, effort: int, tally) -> None:
    """Killed before or in the midst of any call, nothing is lost, repeated or left behind."""
    hits = kill_at(six, spread(calls), tmp_path, 32 * effort)
    assert hits, "no call was hit"
    tally("kills of a run at a system call", hits)


def test_a_full_disk_at_every_call(six: Prepared, calls: list[Call], tmp_path: Path, effort: int, tally) -> None:
    """Refused with "no space left" once, a run says which file; what it called done is not done again."""
    hits = refuse_at(six, spread(calls), tmp_path, 9 * effort, once=True)
    assert hits, "no call was hit"
    tally("system calls of a run refused as on a full disk", hits)


def test_a_broken_disk_from_any_call_on(six: Prepared, calls: list[Call], tmp_path: Path, effort: int, tally) -> None:
    """Refused with an input/output error from then on, a run says which file; after the repair all goes on."""
    hits = refuse_at(six, spread(calls), tmp_path, 9 * effort, once=False)
    assert hits, "no call was hit"
    tally("disks that break at a system call of a run", hits)


def test_a_kill_while_recovering_from_a_kill(
    six: Prepared, calls: list[Call], tmp_path: Path, effort: int, tally
) -> None:
    """The run that cleans up after a kill may be killed too, at any call, and so may the one after it."""
    recovery: list[Call] = []

    def listen(project: Project, point: tuple[int, Call]) -> int:
        killed_at(project, point[1], *six.words)
        recovery.extend(calls_of(project, *six.words))
        return 0

    at_each([(0, calls[len(calls) // 2])], six.project, tmp_path / "listen", 60, listen)

    def attempt(project: Project, point: tuple[int, Call]) -> int:
        number, call = point
        hits = len(killed_at(project, call, *six.words).hit)
        for turn in (3, 5):
            hits += len(killed_at(project, recovery[number * turn % len(recovery)], *six.words).hit)
        six.claim_mended(project, look_first=number % 2 == 0)
        return hits

    hits = at_each(spread(calls), six.project, tmp_path, 9 * effort, attempt)
    assert hits, "no call was hit"
    tally("kills of a run and of those that recover from it", hits)


def test_the_first_run_at_every_call(first_run: Prepared, tmp_path: Path, effort: int, tally) -> None:
    """The making of the store may be killed or refused at any call: the next run makes it, or goes on with it."""
    points = spread(first_run.calls(tmp_path / "calls"))
    tally("kills of a first run at a system call", kill_at(first_run, points, tmp_path / "kills", 5 * effort))
    hits = refuse_at(first_run, points, tmp_path / "full", 4 * effort, once=True)
    tally("system calls of a first run refused as on a full disk", hits)


@pytest.mark.parametrize("path", ["hand.txt", "big.bin", "tree"])
def test_a_restore_at_every_call(path: str, tmp_path: Path, effort: int, tally) -> None:
    """A `restore` may be killed or refused at any call: what lay there, or what was to come back, is never lost."""
    prepared = restoring(tmp_path, path)
    points = spread(prepared.calls(tmp_path / "calls"))
    tally("kills of a restore at a system call", kill_at(prepared, points, tmp_path / "kills", 2 * effort))
    hits = refuse_at(prepared, points, tmp_path / "full", 2 * effort, once=True)
    tally("system calls of a restore refused as on a full disk", hits)
