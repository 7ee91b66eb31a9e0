"""`gc` killed, or failed by the disk, at every call that changes something: nothing that is needed is ever lost."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.project import Project

from .aftermath import claim_sound, history
from .mounts import need_root
from .tracing import Call, at_each, calls_of, failed_once, killed_at, why_not

SECONDS = 3
OTHER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
VERSIONS = 3
TEXT = """
[params]
n = 1
[stages.make]
run = '''
mkdir dir; cat in.txt > file.txt; echo {params.n} >> file.txt
for i in 1 2 3; do echo {params.n}$i > dir/$i; done
for i in 1 2; do head -c 40000 /dev/zero | tr '\\0' {params.n} > dir/big$i; echo $i >> dir/big$i; done
head -c 30000 /dev/zero | tr '\\0' {params.n} > inside.bin
'''
inputs = ["in.txt"]
outputs = ["dir/", "file.txt", "inside.bin"]
"""


class Prepared:
    """A project with versions that nothing needs.

    Attributes:
        needed: Digests of the objects that have to be there, whatever happens.
        files: What lies in the workspace.
    """

    def __init__(self, folder: Path) -> None:
        self.project = Project(folder / "p", {"in.txt": "in\n"})
        for n in range(1, VERSIONS + 1):
            self.project.write("Pipelinefile.toml", TEXT.replace("n = 1", f"n = {n}"))
            self.project.run()
        freed = self.project.provstore("gc", "-n", "--json").report["freed"]
        rows = {str(row[0]) for row in self.project.rows("SELECT digest FROM object")}
        self.needed = rows - {entry["digest"] for entry in freed}
        self.files = self.project.files()
        self.history = history(self.project)
        assert len(freed) >= 6 * (VERSIONS - 1)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("gc"))


def copy(source: Project, target: Project) -> None:
    shutil.copytree(source.root, target.root, symlinks=True, dirs_exist_ok=True)


def objects(project: Project) -> tuple[set[str], set[str]]:
    """Digests of rows whose bytes are at hand, and of files."""
    folder = project.root / ".provstore" / "objects"
    files = {f"blake3:{file.parent.name}{file.name}" for file in folder.rglob("*") if file.is_file()}
    rows = project.rows("SELECT digest, content IS NULL FROM object")
    return {str(digest) for digest, beside in rows if not beside or digest in files}, files


def claim_nothing_needed_is_lost(project: Project, prepared: Prepared) -> None:
    """At once; and the next call frees the rest, after which everything comes back that was there."""
    assert objects(project)[0] >= prepared.needed
    assert project.rows("PRAGMA integrity_check") == [("ok",)]
    project.provstore("gc")
    rows, files = objects(project)
    assert rows == prepared.needed
    assert files <= rows
    assert history(project) == prepared.history
    claim_sound(project)
    for path in ("dir", "file.txt", "inside.bin"):
        project.remove(path)
    assert project.run().restored == ["make"]
    assert project.files() == prepared.files


def at_calls(prepared: Prepared, folder: Path, seconds: float, attempt: Callable[[Project, Call], list[str]]) -> int:
    """Tries calls of `gc`, as many as there is time for; those to SQLite's journal, which are alike, come last."""
    sample = Project(folder / "sample", {})
    copy(prepared.project, sample)
    calls = calls_of(sample, "gc")
    journal = [call for call in calls if call.name == "pwrite64" and "-journal>" in call.text]
    rest = [call for call in calls if call not in journal]
    order = [call for part in (rest, journal) for call in random.Random(8).sample(part, len(part))]

    def one(project: Project, point: tuple[Call]) -> int:
        hit = attempt(project, *point)
        claim_nothing_needed_is_lost(project, prepared)
        return len(hit)

    return at_each([(call,) for call in order], prepared.project, folder, seconds, one)


@pytest.mark.skipif(why_not() != "", reason=why_not() or "strace works")
def test_a_kill_at_any_call_of_gc(
    prepared: Prepared, tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """Before the rows are deleted, in between, and while files are removed."""
    hits = at_calls(prepared, tmp_path, SECONDS * effort, lambda project, call: killed_at(project, call, "gc").hit)
    tally("kills of gc at a system call", hits)


@pytest.mark.skipif(why_not() != "", reason=why_not() or "strace works")
@pytest.mark.parametrize("error", ["ENOSPC", "EIO"])
def test_a_disk_that_fails_any_call_of_gc(
    prepared: Prepared, tmp_path: Path, error: str, effort: int, tally: Callable[[str, int], None]
) -> None:
    """It says so with exit status 3, or goes on without what it can do without."""

    def attempt(project: Project, call: Call) -> list[str]:
        if not call.is_write:
            return []
        spoiled = failed_once(project, call, error, "gc")
        assert spoiled.done.status in (0, 3)
        return spoiled.hit

    hits = at_calls(prepared, tmp_path, SECONDS / 2 * effort, attempt)
    tally("calls of gc that a disk failed", hits)


def test_a_kill_of_gc_at_a_random_moment(
    prepared: Prepared, tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """Some milliseconds after it has taken the lock."""
    chance, hits = random.Random(17), 0
    for number in range(4 * effort):
        project = Project(tmp_path / f"p{number}", {})
        copy(prepared.project, project)
        process = project.start("gc", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        project.wait_for(lambda: holds_lock(project) or process.poll() is not None)  # noqa: B023
        time.sleep(chance.uniform(0, 0.015))
        hits += process.poll() is None
        process.kill()
        process.wait()
        assert objects(project)[0] >= prepared.needed
        claim_nothing_needed_is_lost(project, prepared)
    tally("kills of gc at a random moment", hits)


def holds_lock(project: Project) -> bool:
    """Somebody has written his name into the project's lock."""
    lock = project.root / ".provstore" / "lock"
    return lock.exists() and lock.stat().st_size > 0


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_objects_that_may_not_be_removed(
    prepared: Prepared, open_folder: Path, tally: Callable[[str, int], None]
) -> None:
    """Somebody else's folders: it names the file; nothing needed is lost, the next call frees the rest."""
    need_root()
    project = Project(open_folder / "p", {})
    copy(prepared.project, project)
    for path in (project.root, *project.root.rglob("*")):
        if path.parent.name != "objects":
            os.chown(path, 65534, 65534)
    try:
        done = project.finish(project.start("gc", before=OTHER), None)
    except OSError as error:
        pytest.skip(f"can't be another user here: {error}")
    if "provstore" not in done.out + done.err or done.status not in (0, 3):
        pytest.skip("another user can't start provstore here")
    assert done.status == 3
    assert ".provstore/objects/" in done.err
    tally("calls of gc that may not remove files", 1)
    claim_nothing_needed_is_lost(project, prepared)
