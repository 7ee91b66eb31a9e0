"""Files that change before, during and at the very end of a task, time stamps that lie, clocks that jump.

The law of all of them: whatever was edited, once the dust has settled one plain run leaves exactly the outputs of
a clean run, and the next one does nothing; no recorded execution claims an input that it did not read.
"""

from __future__ import annotations

import mmap
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from e2e.project import Project, stage

from provstore.digest import digest_bytes
from provstore.watch import workspace as module
from provstore.watch.signature import SECOND, Signature, settles_at, signature_of
from provstore.watch.workspace import Workspace

from . import aftermath

YEAR = 365 * 86400
PATIENCE = 30.0


def edited(data: bytes) -> bytes:
    """Other bytes of the same size."""
    return bytes(reversed(data[:-1])) + bytes([data[-1] ^ 1])


# --- ways to edit a file: each leaves other bytes of the same size, most the same time of modification ------


def in_place(path: Path) -> None:
    data = path.read_bytes()
    with path.open("r+b") as file:
        file.write(edited(data))


def in_place_stamp_back(path: Path) -> None:
    stat = path.stat()
    in_place(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def append_and_truncate(path: Path) -> None:
    stat, data = path.stat(), path.read_bytes()
    with path.open("ab") as file:
        file.write(edited(data))
    with path.open("r+b") as file:
        file.write(edited(data))
        file.truncate(len(data))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def twin_of(path: Path) -> Path:
    """Another file with other bytes, of equal size and time, on the same file system.

    It has a new name each time: the last one may be what the path links to by now.
    """
    stat = path.stat()
    twin = path.parent.parent / f"twin-{time.monotonic_ns()}-of-{path.name}"
    twin.write_bytes(edited(path.read_bytes()))
    twin.chmod(stat.st_mode)
    os.utime(twin, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return twin


def moved_over(path: Path) -> None:
    os.replace(twin_of(path), path)


def removed_and_moved(path: Path) -> None:
    twin = twin_of(path)
    path.unlink()
    twin.rename(path)


def copied_over(path: Path) -> None:
    twin = twin_of(path)
    subprocess.run(["cp", "-p", twin, path], check=True)
    twin.unlink()


def mapped(path: Path) -> None:
    stat, data = path.stat(), path.read_bytes()
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as memory:
        memory[:] = edited(data)
        memory.flush()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def through_hard_link(path: Path) -> None:
    alias = path.parent.parent / f"alias-of-{path.name}"
    os.link(path, alias)
    in_place_stamp_back(alias)
    alias.unlink()


def became_a_link(path: Path) -> None:
    twin = twin_of(path)
    path.unlink()
    path.symlink_to(twin)


FILE_EDITS = {
    edit.__name__: edit
    for edit in (
        *(in_place, in_place_stamp_back, append_and_truncate, moved_over, removed_and_moved, copied_over),
        *(mapped, through_hard_link, became_a_link),
    )
}

# --- ways to edit a directory ---------------------------------------------------------------------------------


def swap(one: Path, other: Path) -> None:
    """Two names change places, their time stamps too."""
    spare = one.with_name("spare")
    one.rename(spare)
    other.rename(one)
    spare.rename(other)


def replaced_whole(path: Path) -> None:
    twin = path.parent.parent / f"twin-of-{path.name}"
    shutil.copytree(path, twin, symlinks=True)
    in_place_stamp_back(twin / "a")
    old = path.parent.parent / f"old-{path.name}"
    path.rename(old)
    twin.rename(path)
    shutil.rmtree(old)


def link_retargeted(path: Path) -> None:
    (path / "link").unlink()
    (path / "link").symlink_to("b")


def file_became_folder(path: Path) -> None:
    (path / "a").unlink()
    (path / "a").mkdir()


DIRECTORY_EDITS: dict[str, Callable[[Path], object]] = {
    "member_edited": lambda path: in_place_stamp_back(path / "a"),
    "member_replaced": lambda path: moved_over(path / "a"),
    "nested_edited": lambda path: in_place_stamp_back(path / "sub/deep/c"),
    "member_added": lambda path: (path / "sub/new").write_bytes(b""),
    "member_removed": lambda path: (path / "b").unlink(),
    "member_renamed": lambda path: (path / "b").rename(path / "z"),
    "members_swapped": lambda path: swap(path / "a", path / "b"),
    "folder_renamed": lambda path: (path / "sub/deep").rename(path / "sub/other"),
    "empty_folder_added": lambda path: (path / "sub/void").mkdir(),
    "mode_changed": lambda path: (path / "sub/deep/c").chmod(0o755),
    "link_retargeted": link_retargeted,
    "replaced_whole": replaced_whole,
    "file_became_folder": file_became_folder,
}

DESCRIBE = """
if test -d "$1"; then
  cd "$1"
  find . | LC_ALL=C sort
  find . -type f -perm -u+x | LC_ALL=C sort
  for path in $(find . -type l | LC_ALL=C sort); do readlink "$path"; done
  for path in $(find . -type f | LC_ALL=C sort); do cat "$path"; done
else
  cat "$1"
fi
"""
WAITS = ": > started/{0}; until test -e go; do sleep 0.05; done; "


def every_kind(folder: Path) -> Project:
    """A project with one task for each way to edit its input; the tasks wait for a file `go`."""
    files: dict[str, str | bytes] = {"describe.sh": DESCRIBE, "started/": "", "side/": ""}
    stages = []
    for name in (*FILE_EDITS, "target_of_link", "link_elsewhere"):
        files[f"in/{name}"] = f"first of {name}\n"
    for name in DIRECTORY_EDITS:
        for member in ("a", "b", "sub/deep/c", "sub/d"):
            files[f"in/{name}/{member}"] = f"{member[0]} of {name}\n"
    for name in (*FILE_EDITS, "target_of_link", "link_elsewhere", *DIRECTORY_EDITS):
        command = WAITS.format(name) + f"sh describe.sh in/{name} > out/{name}"
        stages.append(stage(name, command, f"in/{name} describe.sh", f"out/{name}"))
    project = Project(folder, {**files, "Pipelinefile.toml": "".join(stages)})
    for name in DIRECTORY_EDITS:
        (project.root / "in" / name / "link").symlink_to("a")
    for name in ("target_of_link", "link_elsewhere"):
        for number in "12":
            project.write(f"side/{name}{number}", f"{number} of {name}\n")
        project.remove(f"in/{name}")
        (project.root / "in" / name).symlink_to(f"../side/{name}1")
    return project


def edit_every_kind(project: Project) -> list[str]:
    """Edits each input in its own way; returns their names."""
    inputs = project.root / "in"
    for name, edit in (*FILE_EDITS.items(), *DIRECTORY_EDITS.items()):
        edit(inputs / name)
    in_place_stamp_back(project.root / "side" / "target_of_link1")
    (inputs / "link_elsewhere").unlink()
    (inputs / "link_elsewhere").symlink_to("../side/link_elsewhere2")
    return sorted([*FILE_EDITS, *DIRECTORY_EDITS, "target_of_link", "link_elsewhere"])


def outputs(root: Path) -> dict[str, bytes]:
    """Every file in `out`, by name."""
    return {path.name: path.read_bytes() for path in sorted((root / "out").iterdir())}


def outputs_of_a_clean_run(project: Project, folder: Path) -> dict[str, bytes]:
    """What a run makes of the present inputs where nothing was ever run."""
    shutil.copytree(project.root, folder, symlinks=True, ignore=shutil.ignore_patterns(".provstore", "out"))
    clean = Project(folder, {"go": ""})
    clean.run()
    return outputs(folder)


def claim_settled(project: Project, folder: Path) -> None:
    """One plain run leaves what a clean run on the present inputs makes, the next one does nothing."""
    project.run()
    assert outputs(project.root) == outputs_of_a_clean_run(project, folder)
    claim_nothing_to_do(project)
    aftermath.claim_sound(project)


def claim_nothing_to_do(project: Project) -> None:
    """A run does nothing and writes nothing."""
    before = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == before


@pytest.fixture
def kinds(tmp_path: Path) -> Iterator[Project]:
    project = every_kind(tmp_path / "p")
    yield project
    project.kill_all()


def test_an_edit_of_any_kind_before_a_run_is_noticed(kinds: Project, tmp_path: Path, tally: Callable) -> None:
    """Whatever was edited and however: its task runs, and no other; once it is recorded, back and forth restores."""
    kinds.write("go")
    every = kinds.run().executed
    first = outputs(kinds.root)
    kept = {name: (kinds.root / "in" / name).read_bytes() for name in FILE_EDITS}

    assert edit_every_kind(kinds) == every
    assert kinds.run().executed == every
    claim_settled(kinds, tmp_path / "clean")
    tally("edits of an input before a run, of every kind", len(every))

    for name, data in kept.items():
        (kinds.root / "in" / name).write_bytes(data)
    assert kinds.run().restored == sorted(kept)
    assert {name: outputs(kinds.root)[name] for name in kept} == {name: first[name] for name in kept}


def test_an_edit_of_any_kind_under_way_taints_its_task(kinds: Project, tmp_path: Path, tally: Callable) -> None:
    """The run ends with 1 and names the input; nothing of it is left in place, and the next run does it all again."""
    process = kinds.start("run", "--json", "-k", "-j64")
    names = sorted(os.listdir(kinds.root / "in"))
    kinds.wait_for(lambda: len(os.listdir(kinds.root / "started")) == len(names), PATIENCE)
    assert edit_every_kind(kinds) == names
    kinds.write("go")
    done = kinds.finish(process, 1)

    assert set(done.outcomes.values()) == {"failed"}
    for name in names:
        assert f"input in/{name} changed while it ran" in done.err
        assert not kinds.exists(f"out/{name}")
    assert set(kinds.rows("SELECT outcome FROM execution")) == {("tainted",)}
    assert kinds.rows("SELECT count(*) FROM usage") == [(2 * len(names),)]
    claim_settled(kinds, tmp_path / "clean")
    tally("edits of an input while its task ran, of every kind", len(names))


def test_an_edit_under_way_leaves_the_last_good_version(kinds: Project, tmp_path: Path, tally: Callable) -> None:
    """The output of the run before is in its place again, and known as out of date."""
    kinds.write("go")
    names = kinds.run().executed
    before = outputs(kinds.root)
    kinds.remove("go")
    kinds.remove("started")
    kinds.write("started/")
    process = kinds.start("run", "--json", "-k", "-j64", "--force")
    kinds.wait_for(lambda: len(os.listdir(kinds.root / "started")) == len(names), PATIENCE)
    edit_every_kind(kinds)
    kinds.write("go")
    kinds.finish(process, 1)

    assert outputs(kinds.root) == before
    assert "fresh" not in kinds.status().outcomes.values()
    claim_settled(kinds, tmp_path / "clean")
    tally("edits of an input while its task ran, of every kind", len(names))


def test_what_was_changed_and_changed_back_under_way_is_noticed(tmp_path: Path, tally: Callable) -> None:
    """The command may have read what was there in between: only a new attempt is a result."""
    project = Project(
        tmp_path / "p",
        {"Pipelinefile.toml": stage("go", WAITS.format("go") + "cat in > seen; cat in > out", "in", "out"),
         "in": "right\n", "started/": ""},
    )  # fmt: skip
    try:
        process = project.start("run", "--json")
        project.wait_for(lambda: project.exists("started/go"), PATIENCE)
        stat = (project.root / "in").stat()
        project.write("in", "wrong\n")
        project.write("go")
        project.wait_for(lambda: project.exists("seen"), PATIENCE)
        project.write("in", "right\n")
        os.utime(project.root / "in", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        done = project.finish(process, None)
        project.run()
        assert project.read("out") == "right\n"
        assert done.status == 1 or project.rows("SELECT count(*) FROM execution") == [(1,)]
        claim_nothing_to_do(project)
        tally("edits of an input while its task ran, of every kind")
    finally:
        project.kill_all()


# --- at the very end ------------------------------------------------------------------------------------------

MANY = 40
READ, SIGNAL = "cat {inputs} > {outputs}; ", ": > end/{n}; "
AT_THE_END = {"after the last reading": READ + SIGNAL, "while it reads": SIGNAL + READ}


def many(folder: Path, command: str) -> Project:
    """A project with many tasks that copy a file each, and say when they are about to end."""
    text = (
        f"[dimensions]\nn = '0..{MANY - 1}'\n[stages.copy]\ndimensions = ['n']\nrun = '''{command}'''\n"
        "inputs = ['in/{n}']\noutputs = ['out/{n}']\n"
    )
    files = {f"in/{number}": f"{number:04d} start\n" for number in range(MANY)}
    return Project(folder, {"Pipelinefile.toml": text, "end/": "", **files})


def inputs(project: Project) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((project.root / "in").iterdir())}


LIES = """
    SELECT e.id FROM execution AS e JOIN dataset AS o ON o.execution = e.id
     WHERE e.outcome = 'succeeded'
       AND NOT EXISTS (SELECT 1 FROM usage AS u JOIN dataset AS i ON i.id = u.dataset
                        WHERE u.execution = e.id AND i.digest = o.digest)
"""
"""Successes of a command that copies its input, whose record says that it made something else."""


def edit_at_the_end(project: Project, chance: random.Random) -> int:
    """Runs; edits each input as soon as its task says that it ends. Returns how many edits came in time."""
    edits = list(FILE_EDITS.values())
    gone: set[int] = set()
    for marker in os.listdir(project.root / "end"):
        project.remove(f"end/{marker}")
    process = project.start("run", "--json", "-k", "-j2")
    seen: set[str] = set()
    while process.poll() is None:
        for name in set(os.listdir(project.root / "end")) - seen:
            seen.add(name)
            until = time.monotonic() + chance.choice([0, 0, 0.0005, 0.001, 0.002, 0.004])
            while time.monotonic() < until:
                pass
            edit = chance.choice(edits)
            edit(project.root / "in" / name)
            if edit in (removed_and_moved, became_a_link):
                gone.add(int(name))  # for a moment there is nothing to read: the command itself may fail
    done = project.finish(process, None)
    failed = {task["data_id"]["n"] for task in done.report["tasks"] if task["outcome"] == "failed"}
    named = {int(number) for number in re.findall(r"input in/(\d+) changed while it ran", done.err)}
    assert named <= failed <= named | gone
    assert done.status == (1 if failed else 0)
    return len(seen)


@pytest.mark.parametrize("when", AT_THE_END)
def test_an_edit_at_the_very_end_of_a_task_is_never_lost(
    tmp_path: Path, when: str, effort: int, tally: Callable
) -> None:
    """Between the last action of a command and its record: noticed now, or stale the next time."""
    project = many(tmp_path / "p", AT_THE_END[when])
    chance = random.Random(when)
    try:
        for _ in range(2 * effort):
            hits = edit_at_the_end(project, chance)
            project.run()
            assert outputs(project.root) == inputs(project)
            assert project.rows(LIES) == []
            claim_nothing_to_do(project)
            tally("edits of an input at the very end of its task", hits)
            for number in range(MANY):
                in_place_stamp_back(project.root / "in" / str(number))
        aftermath.claim_sound(project)
    finally:
        project.kill_all()


RESTLESS = (
    stage("file", "cat in/file > out/file", "in/file", "out/file")
    + stage("folder", "cat in/folder/* > out/folder", "in/folder", "out/folder")
    + stage("glob", "cat {inputs} > out/glob", "in/folder/*", "out/glob")
    + stage("all", "cat out/file out/folder out/glob > out/all", "out/file out/folder out/glob", "out/all")
)


class Restless(threading.Thread):
    """Edits a file and a folder without a pause: members come, go, change, and change their names."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(daemon=True)
        self.folder, self.chance, self.stop = folder, random.Random(seed), threading.Event()
        self.edits = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self.edit(self.chance.randrange(6))
            self.edits += 1
            time.sleep(0.0002)

    def edit(self, what: int) -> None:
        name = self.folder / "folder" / f"m{self.chance.randrange(8)}"
        if what == 0:
            name.unlink(missing_ok=True)
        elif what == 1 and name.exists():
            name.rename(self.folder / "folder" / f"m{self.chance.randrange(8)}")
        elif what == 2:
            in_place_stamp_back(self.folder / "file")
        else:
            name.write_text(f"{self.chance.random()}\n")


def test_runs_while_somebody_edits_all_the_time(tmp_path: Path, effort: int, tally: Callable) -> None:
    """Each run ends with a plain message or well; when the edits stop, one plain run makes all of it right."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": RESTLESS, "in/file": "0123\n", "in/folder/always": "x\n"})
    restless = Restless(project.root / "in", 5)
    restless.start()
    try:
        for _ in range(8 * effort):
            assert project.run("-k", status=None).status in (0, 1, 2)
    finally:
        restless.stop.set()
        restless.join()
        project.kill_all()
    tally("edits by somebody who edits all the time, while runs go on", restless.edits)
    claim_settled(project, tmp_path / "clean")


# --- outputs --------------------------------------------------------------------------------------------------


def test_an_output_edited_in_any_way_is_kept_and_comes_back(tmp_path: Path, tally: Callable) -> None:
    """What was made is restored without running anything; what a person wrote is kept, and can be had again."""
    project = many(tmp_path / "p", READ)
    project.run()
    made, by_hand = outputs(project.root), {}
    ways = [edit for name, edit in FILE_EDITS.items() if name != "became_a_link"]
    for number in range(MANY):
        path = project.root / "out" / str(number)
        ways[number % len(ways)](path)
        by_hand[str(number)] = path.read_bytes()

    done = project.run()
    assert (done.executed, len(done.restored)) == ([], MANY)
    assert outputs(project.root) == made
    for name, data in by_hand.items():
        assert data != made[name]
        assert project.rows(f"SELECT count(*) FROM object WHERE digest = '{digest_bytes(data)}'") == [(1,)]
    tally("outputs edited by hand, of every kind", MANY)
    project.provstore("restore", f"out/7@{digest_bytes(by_hand['7'])}")
    assert (project.root / "out/7").read_bytes() == by_hand["7"]
    project.run()
    assert outputs(project.root) == made
    claim_nothing_to_do(project)
    aftermath.claim_sound(project)


def test_an_output_edited_between_two_tasks_is_noticed(tmp_path: Path, tally: Callable) -> None:
    """Made by one task, edited while the next one reads it: a plain run puts right it and all that came of it."""
    text = (
        stage("a", "cat in > a", "in", "a")
        + stage("pause", WAITS.format("pause") + "cat a > p", "a", "p")
        + stage("b", "cat a > b", "a p", "b")
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in": "right\n", "started/": ""})
    try:
        process = project.start("run", "--json", "-j1")
        project.wait_for(lambda: project.exists("started/pause"), PATIENCE)
        in_place_stamp_back(project.root / "a")
        project.write("go")
        done = project.finish(process, 1)
        assert "input a changed while it ran" in done.err
        project.run()
        assert [project.read(path) for path in "apb"] == ["right\n"] * 3
        claim_nothing_to_do(project)
        tally("outputs edited by hand, of every kind")
    finally:
        project.kill_all()


# --- equal time stamps ----------------------------------------------------------------------------------------

EQUAL = "edits that leave size and time of modification as they were"
INVISIBLE = "edits that leave every time stamp as it was"


def test_200_edits_with_size_and_time_put_back_are_all_noticed(tmp_path: Path, effort: int, tally: Callable) -> None:
    """Each at once after the run that recorded what was there: all are executed, and nothing else ever is."""
    project = many(tmp_path / "p", READ)
    ways = [edit for name, edit in FILE_EDITS.items() if name not in ("in_place", "became_a_link")]
    project.run()
    for turn in range(5 * effort):
        for number in range(MANY):
            path = project.root / "in" / str(number)
            before = path.stat()
            path.write_bytes(b"%04d %05d\n" % (number, turn))
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            ways[(number + turn) % len(ways)](path)
            assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
        assert len(project.run().executed) == MANY
        assert outputs(project.root) == inputs(project)
        tally(EQUAL, MANY)
    claim_nothing_to_do(project)
    assert project.rows(LIES) == []


class CoarseEntry:
    """An entry of a folder on a `CoarseDisk`."""

    def __init__(self, disk: CoarseDisk, entry: os.DirEntry) -> None:
        self.name, self.is_dir, self.is_symlink = entry.name, entry.is_dir, entry.is_symlink
        self._disk, self._entry = disk, entry

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return self._disk.coarse(self._entry.stat(follow_symlinks=follow_symlinks))


class CoarseDisk:
    """The module `os` over a file system whose clock ticks every `tick` nanoseconds."""

    def __init__(self, tick: int) -> None:
        self.tick = tick

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def coarse(self, status: os.stat_result) -> SimpleNamespace:
        times = {name: getattr(status, name) // self.tick * self.tick for name in ("st_mtime_ns", "st_ctime_ns")}
        same = {name: getattr(status, name) for name in ("st_mode", "st_dev", "st_ino", "st_size")}
        return SimpleNamespace(**same, **times)

    def stat(self, *arguments: object, **options: object) -> SimpleNamespace:
        return self.coarse(os.stat(*arguments, **options))

    def fstat(self, descriptor: int) -> SimpleNamespace:
        return self.coarse(os.fstat(descriptor))

    @contextmanager
    def scandir(self, path: str) -> Iterator[list[CoarseEntry]]:
        with os.scandir(path) as found:
            yield [CoarseEntry(self, entry) for entry in found]


TICKS = [4_000_000, 10_000_000, SECOND, 2 * SECOND]


@pytest.mark.parametrize("tick", TICKS)
def test_edits_within_one_tick_of_a_coarse_clock_are_all_noticed(
    tmp_path: Path, tick: int, monkeypatch: pytest.MonkeyPatch, effort: int, tally: Callable
) -> None:
    """A clock that ticks rarely leaves all stamps equal: of a file, in a directory, with memory or without."""
    disk = CoarseDisk(tick)
    monkeypatch.setattr(module, "os", disk)
    (tmp_path / "d").mkdir()
    workspace = Workspace(str(tmp_path), {}, {})
    chance, unseen = random.Random(tick), 0
    for path in (tmp_path / "f", tmp_path / "d" / "f"):
        path.write_bytes(b"%08d" % 0)
    for number in range(100 * effort):
        for path in (tmp_path / "f", tmp_path / "d" / "f"):
            before = disk.stat(path)
            with path.open("r+b") as file:
                file.write(b"%08d" % number)
            os.utime(path, ns=(before.st_mtime_ns, before.st_mtime_ns))
            unseen += disk.stat(path) == before
        assert workspace.identity("f") == digest_bytes(b"%08d" % number)
        assert [entry.digest for entry in workspace.read("d")[0].entries] == [digest_bytes(b"%08d" % number)]
        assert workspace.identity("d") == Workspace(str(tmp_path), {}, {}).identity("d")
        if chance.random() < 0.1:
            workspace.settle(wait=chance.random() < 0.5)
            files, directories = workspace.take_noted()
            workspace = Workspace(str(tmp_path), dict(files), dict(directories))
    if tick >= SECOND:
        assert unseen > 0
    tally(EQUAL, 200 * effort)
    tally(INVISIBLE, unseen)


@pytest.mark.parametrize("tick", TICKS)
@pytest.mark.parametrize("name", ["f", "d"])
def test_an_edit_within_the_tick_in_which_an_input_was_looked_at_is_noticed(
    tmp_path: Path, tick: int, name: str, monkeypatch: pytest.MonkeyPatch, tally: Callable
) -> None:
    """Looks alone can't tell that the input changed while its task ran: then the content does, settled since or not."""
    disk = CoarseDisk(tick)
    monkeypatch.setattr(module, "os", disk)
    (tmp_path / "d").mkdir()
    path = tmp_path / ("f" if name == "f" else "d/f")
    for number in range(20):
        path.write_bytes(b"%08d" % number)
        workspace = Workspace(str(tmp_path), {}, {})
        look = workspace.look(name)
        assert workspace.looks_like(name, look)
        before = disk.stat(path)
        in_place_stamp_back(path)
        tally(INVISIBLE, int(disk.stat(path) == before))
        if number % 2:
            workspace.settle(wait=number % 4 == 1)
        assert not workspace.looks_like(name, look)


@pytest.mark.parametrize(
    ("mtime", "ctime", "is_trusted"),
    [
        (5, 5, True),
        (-(2**63) * 4, 5, False),
        (2**63, 5, False),
        ("now", "now", False),
        (5, "now", False),
        ("now", 5, False),
        ("future", 5, False),
        (5, "future", False),
    ],
)
def test_a_stamp_of_the_moment_of_the_reading_or_later_is_not_trusted(
    mtime: int | str, ctime: int | str, is_trusted: bool
) -> None:
    """Nor one that the store can't hold."""
    now = 1_700_000_000 * SECOND + 1
    moments = {"now": now, "future": now + YEAR * SECOND}
    signature = Signature(1, 2, 3, moments.get(mtime, mtime), moments.get(ctime, ctime))

    assert (now > settles_at(signature)) == is_trusted


@contextmanager
def whole_seconds(folder: Path) -> Iterator[Path]:
    """A file system that counts in whole seconds: ext4 with small inodes, in a file."""
    if os.geteuid() != 0 or not shutil.which("mkfs.ext4"):
        pytest.skip("only root can mount a file system, and mkfs.ext4 makes it")
    image, place = folder / "image", folder / "mounted"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    place.mkdir()
    made = subprocess.run(["mkfs.ext4", "-q", "-I", "128", "-F", image], capture_output=True, check=False)
    words = ["mount", "-o", "loop", image, place]
    if made.returncode or subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def test_edits_on_a_file_system_of_whole_seconds_are_all_noticed(tmp_path: Path, tally: Callable) -> None:
    """Between two runs and under way: every time stamp is as it was, and still nothing is missed."""
    with whole_seconds(tmp_path) as place:
        project = many(place / "p", READ)
        waits = stage("waits", WAITS.format("waits") + "cat in/0 > waited", "in/0", "waited")
        project.write("Pipelinefile.toml", project.read("Pipelinefile.toml") + waits)
        project.write("started/")
        project.write("go")
        try:
            project.run()
            for turn in range(3):
                for number in range(MANY):
                    path = project.root / "in" / str(number)
                    before = path.stat()
                    with path.open("r+b") as file:
                        file.write(b"%04d" % (9000 + turn))
                    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
                    tally(INVISIBLE, int(signature_of(path.stat()) == signature_of(before)))
                assert len(project.run().executed) == MANY + 1
                assert outputs(project.root) == inputs(project)
            for path in ("go", "started/waits"):
                project.remove(path)
            in_place_stamp_back(project.root / "in" / "0")
            process = project.start("run", "--json", "waits")
            project.wait_for(lambda: project.exists("started/waits"), PATIENCE)
            before = (project.root / "in" / "0").stat()
            in_place_stamp_back(project.root / "in" / "0")
            tally(INVISIBLE, int(signature_of((project.root / "in" / "0").stat()) == signature_of(before)))
            project.write("go")
            assert "input in/0 changed while it ran" in project.finish(process, 1).err
            project.run()
            assert project.read("waited") == project.read("in/0")
            assert project.run().report["run"] is None
            assert project.rows(LIES) == []
        finally:
            project.kill_all()


# --- clocks ---------------------------------------------------------------------------------------------------

CLOCK = """
import os, time
real = time.time_ns
def time_ns():
    with open(os.environ["TEST_CLOCK"]) as file:
        text = file.read()
    return int(text[1:]) if text.startswith("=") else real() + int(text or 0)
time.time_ns = time_ns
time.time = lambda: time_ns() / 1e9
"""
SHIFTS = [0, -20 * YEAR, 5 * YEAR, -1, -50 * YEAR, 100 * YEAR, 0, 1, -YEAR, 300 * YEAR, 0]


class Clock:
    """The clock of the runner alone: files keep the time of the machine."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(CLOCK)
        self.file = folder / "clock"
        self.environment = {"PYTHONPATH": str(folder), "TEST_CLOCK": str(self.file)}
        self.shift(0)

    def shift(self, seconds: int) -> None:
        self.file.write_text(str(seconds * SECOND))

    def stop(self, seconds: int) -> None:
        self.file.write_text(f"={seconds * SECOND}")


COPY = stage("a", "tr a-z A-Z < in > a; ! grep -q FAIL a", "in", "a") + stage("b", "cat a a > b", "a", "b")


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def timed(tmp_path: Path, clock: Clock) -> Iterator[Project]:
    """A chain of two tasks whose runner sees `clock`."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": COPY, "in": "start\n"})
    project.environment |= clock.environment
    words = [sys.executable, "-c", "import time; print(time.time_ns.__module__)"]
    seen = subprocess.run(words, env=project.environment, capture_output=True, text=True, check=False)
    if "sitecustomize" not in seen.stdout:
        pytest.skip("the clock of a program can't be set here")
    yield project
    project.kill_all()


def runs_of(project: Project) -> list[str]:
    """Ids of the runs as `log` lists them."""
    return [run["id"] for run in project.provstore("log", "--json").report["runs"]]


def test_a_clock_that_goes_back_and_forth_decides_nothing(timed: Project, clock: Clock, tally: Callable) -> None:
    """Neither a missed change nor an endless rerun; what is newest is what was recorded last."""
    done = []
    for number, shift in enumerate(SHIFTS):
        clock.shift(shift)
        stat = (timed.root / "in").stat()
        timed.write("in", f"v{number:03d}\n")
        os.utime(timed.root / "in", ns=(stat.st_atime_ns, stat.st_mtime_ns))
        report = timed.run()
        assert report.executed == ["a", "b"]
        done.insert(0, report.report["run"])
        assert timed.read("b") == f"V{number:03d}\n" * 2
        assert timed.run().report["run"] is None
        assert runs_of(timed) == done
        timed.remove("a")
        timed.provstore("restore", "a")
        assert timed.read("a") == f"V{number:03d}\n"
        tally("clocks set years back or forth between runs")
    timed.write("in", "v000\n")
    assert timed.run().restored == ["a", "b"]
    clock.shift(-30 * YEAR)
    assert timed.run().report["run"] is None
    aftermath.claim_sound(timed)


def test_the_last_attempt_is_the_one_recorded_last(timed: Project, clock: Clock) -> None:
    """A failure in the future does not outlive the success that came after it, nor the other way round."""
    clock.shift(10 * YEAR)
    timed.write("in", "fail\n")
    timed.run(status=1)
    assert timed.status().outcomes["a"] == "failed"
    clock.shift(-10 * YEAR)
    timed.write("Pipelinefile.toml", COPY.replace("FAIL", "NONE"))
    timed.run()
    timed.write("Pipelinefile.toml", COPY)
    assert timed.status().outcomes["a"] == "failed"
    timed.run(status=1)
    assert timed.read("a") == "FAIL\n"
    assert [run["outcome"] for run in timed.provstore("log", "--json").report["runs"]] == [
        "failed", "succeeded", "failed",
    ]  # fmt: skip


def test_a_run_that_was_killed_in_the_future_is_found(timed: Project, clock: Clock, tally: Callable) -> None:
    """Which run did not end is a question of order, not of time."""
    timed.run()
    timed.write(
        "Pipelinefile.toml", COPY.replace("cat a a", ": > started; until test -e go; do sleep 0.05; done; cat a")
    )
    for shift in (10 * YEAR, -10 * YEAR):
        clock.shift(shift)
        timed.write("in", f"{shift}\n")
        process = timed.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        timed.wait_for(lambda: timed.exists("started"), PATIENCE)
        process.kill()
        process.wait()
        timed.wait_for(lambda: not timed.alive(), PATIENCE)
        clock.shift(0)
        timed.write("go")
        assert "interrupted" in timed.run().err
        assert "interrupted" not in timed.run().err
        for path in ("go", "started"):
            timed.remove(path)
        tally("clocks set years back or forth between runs")
    assert [run["outcome"] for run in timed.provstore("log", "--json").report["runs"]] == [
        "succeeded", "interrupted", "succeeded", "interrupted", "succeeded",
    ]  # fmt: skip


def test_a_clock_that_stands_still_makes_no_two_things_one(timed: Project, clock: Clock) -> None:
    """Runs within one moment have ids and collections of their own, in the order in which they were recorded."""
    clock.stop(1_700_000_000)
    done = []
    for number in range(6):
        timed.write("in", f"{number}\n")
        done.insert(0, timed.run().report["run"])
    assert runs_of(timed) == done
    assert len(set(done)) == 6
    members = timed.rows("SELECT child FROM chain_member WHERE chain = 'main' ORDER BY position DESC")
    assert [child for (child,) in members] == [
        name for (name,) in timed.rows("SELECT collection FROM run ORDER BY rowid")
    ]
    assert len(set(members)) == 6
    sql = "SELECT run, count(DISTINCT execution) FROM dataset WHERE execution IS NOT NULL GROUP BY run"
    assert [count for _, count in timed.rows(sql)] == [2] * 6


@pytest.mark.parametrize("shift", [-40 * YEAR, 40 * YEAR])
def test_a_clock_that_jumps_under_way_neither_ends_nor_lengthens_a_task(
    timed: Project, clock: Clock, shift: int, tally: Callable
) -> None:
    """Timeouts and durations are of a clock that is never set; what was recorded stays in order."""
    text = stage("a", f"echo {shift * SECOND} > $TEST_CLOCK; cat in > a", "in", "a", 'timeout = "1h"')
    timed.write("Pipelinefile.toml", text)
    done = timed.run()
    assert done.executed == ["a"]
    assert 0 <= done.report["tasks"][0]["seconds"] < 3600
    ((seconds,),) = timed.rows("SELECT seconds FROM v_execution")
    assert 0 <= seconds < 3600
    assert timed.run().report["run"] is None
    tally("clocks set years back or forth while a task runs")


@pytest.mark.parametrize("folder", ["/dev/shm", ""])
@pytest.mark.parametrize("year", [1, 1901, 1969, 2300, 5000])
def test_files_from_another_age_are_files(tmp_path: Path, folder: str, year: int, tally: Callable) -> None:
    """Stamps thousands of years away, of inputs and of outputs: no fault, no missed change, no endless rerun."""
    if folder and not os.access(folder, os.W_OK):
        pytest.skip(f"there is no {folder}")
    moment = int((year - 1970) * 365.2425 * 86400)
    text = stage("a", f"cat in/f > a; mkdir d; cat in/f > d/f; touch -d @{moment} a d/f d", "in", "a d")
    place = Path(tempfile.mkdtemp(dir=folder or tmp_path))
    try:
        project = Project(place / "p", {"Pipelinefile.toml": text, "in/f": "0000\n"})
        for number in range(3):
            project.write("in/f", f"{number:04d}\n")
            os.utime(project.root / "in/f", (moment, moment))
            os.utime(project.root / "in", (moment, moment))
            assert project.run().executed == ["a"]
            assert project.read("a") == project.read("d/f") == f"{number:04d}\n"
            claim_nothing_to_do(project)
        project.remove("a")
        assert project.run().restored == ["a"]
        claim_nothing_to_do(project)
        tally("files from another age", 3)
    finally:
        shutil.rmtree(place)
