"""Somebody who may not read or write everything: questions work, a run names what it can't write, nothing is lost.

Root passes every check of permissions, so all of this is tried as another user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.project import PROVSTORE, Done, Project, stage

from .aftermath import claim_repaired, outputs_of_a_clean_run
from .mounts import need_root

OTHER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
BIG = 100_000
FILES = {
    "Pipelinefile.toml": stage("first", "tr a-z A-Z < a.txt > b.txt", "a.txt", "b.txt")
    + stage("big", f"yes $(cat a.txt) | head -c {BIG} > big.bin", "a.txt", "big.bin")
    + stage("second", "cat b.txt d.txt > out/e.txt", "b.txt d.txt", "out/e.txt"),
    "a.txt": "abcdef\n",
    "d.txt": "delta\n",
}
EDIT = "xyz\n"
ALL = ["big", "first", "second"]


@pytest.fixture
def project() -> Iterator[Project]:
    """A project that is up to date, in a folder that anybody may enter; all of it is root's."""
    need_root()
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        found = Project(folder / "p", FILES)
        try:
            able = subprocess.run(
                [*OTHER, PROVSTORE, "--version"], env=found.environment, cwd=folder, capture_output=True, check=False
            ).returncode
        except OSError:
            able = 1
        if able:
            pytest.skip("another user can't start provstore here")
        found.trace.touch()
        found.trace.chmod(0o666)
        assert found.run().executed == ALL
        yield found
        found.kill_all()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a clean run makes after the edit."""
    return outputs_of_a_clean_run(tmp_path_factory.mktemp("clean") / "p", {**FILES, "a.txt": EDIT})


def give(project: Project) -> None:
    """Makes everything the other user's."""
    for path in (project.root, *project.root.rglob("*")):
        os.chown(path, 65534, 65534)


def look(project: Project) -> dict[str, tuple[int, int, bytes]]:
    """All that is in a project, the store too: bytes, modes and times."""
    found = {}
    for path in sorted(project.root.rglob("*")):
        status = path.lstat()
        data = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (status.st_mtime_ns if path.is_file() else 0, status.st_mode, data)
    return found


def claim_named(done: Done, status: int, *names: str) -> None:
    """One error, of this exit status, that names the file and says why."""
    assert done.status == status, done.err
    errors = [line for line in done.err.splitlines() if line.startswith("error")]
    assert len(errors) == 1, done.err
    assert any(name in errors[0] for name in names), done.err
    assert any(word in errors[0].lower() for word in ("permission", "readonly", "read-only")), done.err


def test_a_read_only_checkout_answers_every_question(project: Project, tally: Callable[[str, int], None]) -> None:
    """A run with nothing to do as well; not one byte, mode or time stamp of a file changes. Also after a touch."""
    run = project.provstore("log", "--json").report["runs"][0]["id"]
    questions = (
        ["run"], ["run", "--json"], ["run", "-n"], ["status"], ["check"], ["graph"], ["log"], ["show", run],
        ["lineage", "out/e.txt"], ["logs", "first"], ["sql", "SELECT count(*) FROM execution"], ["fsck"],
        ["fsck", "--objects"],
    )  # fmt: skip
    for _ in range(2):
        before = look(project)
        for words in questions:
            project.provstore(*words, before=OTHER)
            tally("questions to a read-only checkout", 1)
        assert look(project) == before
        for path in project.files():
            os.utime(project.root / path)


def test_a_run_that_has_to_write_into_a_read_only_checkout_names_what_it_cannot(project: Project) -> None:
    """Exit status 3, and nothing was changed."""
    project.write("a.txt", EDIT)
    before = look(project)
    claim_named(project.provstore("run", before=OTHER, status=None), 3, ".provstore")
    assert look(project) == before
    assert project.count() == dict.fromkeys(ALL, 1)


def test_a_first_run_in_a_read_only_checkout_names_what_it_cannot_make(project: Project) -> None:
    """There is no store yet: exit status 3, and nothing was run."""
    shutil.rmtree(project.root / ".provstore")
    before = look(project)
    claim_named(project.provstore("run", before=OTHER, status=None), 3, ".provstore")
    assert look(project) == before


UNWRITABLE = {
    ".provstore/store.db": "store.db",
    ".provstore": ".provstore",
    ".provstore/lock": ".provstore/lock",
    ".provstore/objects": ".provstore/objects",
}


@pytest.mark.parametrize("path", UNWRITABLE)
def test_what_of_the_store_cannot_be_written_is_named(
    project: Project, wanted: dict[str, bytes], path: str, tally: Callable[[str, int], None]
) -> None:
    """With nothing to do all is well; else exit status 3; and after the repair a plain run goes on."""
    give(project)
    place = project.root / path
    mode = place.stat().st_mode
    os.chown(place, 0, 0)
    place.chmod(0o555 if place.is_dir() else 0o444)
    if path == ".provstore/objects":
        for folder in place.iterdir():
            os.chown(folder, 0, 0)
    assert project.run(before=OTHER).report["run"] is None
    project.write("a.txt", EDIT)
    done = project.finish(project.start("run", "-j1", before=OTHER), None)
    claim_named(done, 3, UNWRITABLE[path])
    place.chmod(mode)
    give(project)
    claim_repaired_by_other(project, wanted)
    tally("files of the store that can't be written", 1)


def claim_repaired_by_other(project: Project, wanted: dict[str, bytes]) -> None:
    """The other user's plain run brings everything up to date, and root finds nothing wrong with it."""
    project.run(before=OTHER)
    claim_repaired(project, wanted)


@pytest.mark.parametrize("words", [(), ("-k",)])
def test_a_folder_of_outputs_that_cannot_be_written_fails_its_task(
    project: Project, wanted: dict[str, bytes], words: tuple[str, ...]
) -> None:
    """The message names the output, which stays as it is; tasks that do not depend on it are run."""
    give(project)
    os.chown(project.root / "out", 0, 0)
    project.write("a.txt", EDIT)
    done = project.run(*words, before=OTHER, status=1)
    assert done.outcomes == {"first": "executed", "big": "executed", "second": "failed"}
    assert "out/e.txt" in done.err
    assert "ermission" in done.err
    assert project.read("out/e.txt") == "ABCDEF\ndelta\n"
    give(project)
    claim_repaired_by_other(project, wanted)


def test_an_output_that_cannot_be_read_fails_its_task(project: Project) -> None:
    """A command that takes the permission to read from what it makes: the message names the output."""
    give(project)
    text = project.read("Pipelinefile.toml")
    project.write("Pipelinefile.toml", text.replace("> b.txt", "> b.txt; chmod 0 b.txt"))
    done = project.run("-k", before=OTHER, status=1)
    assert done.outcomes["first"] == "failed"
    assert "b.txt" in done.err
    assert "ermission" in done.err
    assert project.read("b.txt") == "ABCDEF\n"
    project.write("Pipelinefile.toml", text)
    assert project.run(before=OTHER).report["run"] is None


def test_an_input_that_cannot_be_read_is_named_before_anything_runs(project: Project, wanted: dict[str, bytes]) -> None:
    """Like one that is missing: exit status 2, and every file stays as it is."""
    give(project)
    project.write("a.txt", EDIT)
    os.chown(project.root / "a.txt", 0, 0)
    (project.root / "a.txt").chmod(0o600)
    before = project.files()
    claim_named(project.provstore("run", before=OTHER, status=None), 2, "a.txt")
    claim_named(project.provstore("status", before=OTHER, status=None), 2, "a.txt")
    assert project.files() == before
    (project.root / "a.txt").chmod(0o644)
    give(project)
    claim_repaired_by_other(project, wanted)


def test_what_a_failed_task_wrote_and_cannot_be_put_away_is_named(project: Project, wanted: dict[str, bytes]) -> None:
    """`.provstore/failed` can't be written: exit status 3, and after the repair a plain run goes on."""
    give(project)
    folder = project.root / ".provstore" / "failed"
    folder.mkdir(mode=0o555)
    text = project.read("Pipelinefile.toml")
    project.write("Pipelinefile.toml", text.replace("> b.txt", "> b.txt; false"))
    claim_named(project.finish(project.start("run", "-j1", before=OTHER), None), 3, ".provstore/failed")
    project.write("Pipelinefile.toml", text)
    project.write("a.txt", EDIT)
    give(project)
    folder.chmod(0o755)
    claim_repaired_by_other(project, wanted)


@pytest.mark.parametrize("place", ["/nowhere/at/all", "/proc"])
def test_no_folder_for_temporary_files_is_needed(project: Project, wanted: dict[str, bytes], place: str) -> None:
    """Neither that nor a home: both are missing, or can't be written."""
    give(project)
    project.write("a.txt", EDIT)
    nowhere = {name: place for name in ("TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR", "HOME", "XDG_CACHE_HOME")}
    assert project.run(before=OTHER, env=nowhere).executed == ALL
    assert project.files() == wanted
    project.provstore("fsck", before=OTHER, env=nowhere)


PROTECTED = "mkdir {0} {0}/in; cat a.txt > {0}/f; cat a.txt > {0}/in/f; chmod {1} {0}/in {0}"


@pytest.mark.parametrize("mode", ["555", "0"])
def test_an_output_that_its_command_protects_is_an_output(
    project: Project, mode: str, tally: Callable[[str, int], None]
) -> None:
    """A directory that nobody may write to is made anew, put away and put back; what is unreadable fails its task."""
    give(project)
    command = PROTECTED.format("d", "$(cat mode)") + "; test ! -e broken"
    text = stage("slow", command, "a.txt", "d/", "cache = false") + stage("other", "cat a.txt > o", "a.txt", "o")
    project.write("Pipelinefile.toml", text)
    project.write("mode", "555")
    assert project.run(before=OTHER).executed == ["other", "slow"]
    project.write("a.txt", EDIT)
    assert project.run(before=OTHER).executed == ["other", "slow"]
    assert project.read("d/in/f") == EDIT

    project.write("a.txt", "more\n")
    project.write("mode", mode)
    project.write("broken")
    done = project.run("-k", before=OTHER, status=1)
    assert done.outcomes == {"other": "executed", "slow": "failed"}
    assert project.read("d/in/f") == EDIT, "the last good version is back"
    project.remove("broken")
    project.write("mode", "555")
    assert project.run(before=OTHER).executed == ["slow"]
    assert project.read("d/in/f") == "more\n"
    assert project.run(before=OTHER).report["run"] is None
    tally("outputs that their commands protect", 1)


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_a_command_made_impossible_to_put_right_fails_its_task_alone(
    project: Project, wanted: dict[str, bytes], is_killed: bool, tally: Callable[[str, int], None]
) -> None:
    """Its folder can't be written any more: the user is told, all else goes on, and what was there before is kept."""
    give(project)
    text = project.read("Pipelinefile.toml")
    end = "touch started; sleep 1000" if is_killed else "false"
    broken = text.replace("> out/e.txt", f"> out/e.txt; chmod 555 out; {end}")
    project.write("Pipelinefile.toml", broken)
    project.write("a.txt", EDIT)
    if is_killed:
        process = project.start("run", "-k", before=OTHER, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        project.wait_for(lambda: project.exists("started"))
        project.kill_all()  # the watchdog too, which may not find its Python as another user
        process.wait()
        project.remove("started")
        project.write("Pipelinefile.toml", text)
    done = project.run("-k", before=OTHER, status=1)
    assert done.outcomes["second"] == "failed"
    assert set(done.outcomes.values()) <= {"executed", "fresh", "failed"}
    assert "out/e.txt: can't be put away" in done.err
    kept = [path.read_text() for path in (project.root / ".provstore" / "failed").rglob("before/*")]
    assert kept == ["ABCDEF\ndelta\n"]
    (project.root / "out").chmod(0o755)
    project.write("Pipelinefile.toml", text)
    claim_repaired_by_other(project, wanted)
    tally("folders of outputs that a command protects", 1)


def test_a_store_that_may_only_be_read_is_merged(project: Project) -> None:
    """Neither the other store's file nor its folder need be writable; nothing of it is touched."""
    folder = project.root.parent / "other"
    folder.mkdir()
    ours = Project(folder, {"Pipelinefile.toml": FILES["Pipelinefile.toml"]}, home=project.home)
    give(ours)
    before = look(project)
    done = ours.finish(ours.start("merge", "../p", before=OTHER))

    assert done.out.startswith("1 run, 3 executions, ")
    assert look(project) == before
