"""What is put into the store by hand, killed or failed by the disk at a call: all of it is there, or nothing is."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from e2e.project import Project, stage

from provstore import Store
from provstore.cli.main import run_command
from provstore.operations.announced import Announced

from .aftermath import claim_sound
from .tracing import Call, at_each, calls_of, failed_once, killed_at, why_not

SECONDS = 2
TEXT = """
[dimensions.visit]
type = "int"
[datasets.raw]
dimensions = ["visit"]
format = "bytes"
path = "raw/{visit}.dat"
"""
NEXT = ("execution", "register", "next")
"""A call that has nothing to do with what was killed."""


def to_ingest(project: Project) -> list[str]:
    """One of the two files takes the place of an earlier version."""
    words = ["dataset", "ingest", "raw", "in/1.dat", "in/2.dat", "--template", "{visit}.dat"]
    project.write("in/1.dat", "first")
    project.provstore(*words[:4], *words[5:])
    project.write("in/1.dat", "second")
    project.write("in/2.dat", "other")
    return words


def to_link(project: Project) -> list[str]:
    """A directory of which each file is shared."""
    project.provstore(*NEXT)
    project.write("new/a", "first")
    project.write("new/b/c", "second")
    return ["dataset", "register", "deep/er", "1.0.0", "--old-location", "new", "--transfer", "hardlink"]


def to_replace(project: Project) -> list[str]:
    """A directory, of which somebody has edited a file since."""
    words = ["--old-location", "new"]
    project.write("new/a", "first")
    id = project.provstore("dataset", "register", "deep/er", "1.0.0", "--overwritable", *words).out.strip()
    project.write("deep/er/a", "edited")
    project.write("new/a", "second")
    return ["dataset", "replace", id, *words]


def to_delete(project: Project) -> list[str]:
    """A dataset whose bytes are kept nowhere."""
    project.write("Pipelinefile.toml", '[store]\nobjects = "none"\n' + TEXT)
    project.write("given.txt", "given")
    return ["dataset", "delete", project.provstore("dataset", "register", "given.txt", "1.0.0").out.strip()]


def datasets(project: Project) -> list[tuple[object, ...]]:
    return project.rows("SELECT path, digest, status FROM v_dataset ORDER BY rowid")


@pytest.mark.parametrize("prepare", [to_ingest, to_link, to_replace, to_delete])
def test_a_call_that_is_killed_is_done_or_undone(
    prepare: Callable[[Project], list[str]], tmp_path: Path, effort: int, tally: Callable[[str, int], None]
) -> None:
    """The next call, whichever it is, finds neither a file without its row nor a row without its file."""
    if why_not():
        pytest.skip(why_not())
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT})
    words = prepare(project)
    shutil.copytree(project.root, tmp_path / "twin" / "p")
    twin = Project(tmp_path / "twin" / "p", {})
    before = project.files(), datasets(project)
    calls = calls_of(twin, *words)
    after = twin.files(), datasets(twin)
    first = next(number for number, call in enumerate(calls) if "changes.json" in call.text)

    def attempt(one: Project, point: tuple[str, Call]) -> int:
        how, call = point
        spoiled = killed_at(one, call, *words) if how == "kill" else failed_once(one, call, how, *words)
        one.provstore(*NEXT)
        assert (one.files(), datasets(one)) in (before, after)
        claim_sound(one)
        return len(spoiled.hit)

    points = [(how, call) for call in calls[first:] for how in ("kill", "ENOSPC") if how == "kill" or call.is_write]
    random.Random(7).shuffle(points)
    hits = at_each(points, project, tmp_path / "points", SECONDS * effort, attempt)
    tally("kills and faults of calls that put data into their place", hits)

    assert hits


def test_what_somebody_puts_there_after_a_kill_stays(tmp_path: Path) -> None:
    """And what had given way is not lost either."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "given.txt": "given"})
    id = project.provstore("dataset", "register", "given.txt", "1.0.0").out.strip()
    note_deletion(project, id, "given.txt")
    project.write("given.txt", "somebody's")
    project.provstore(*NEXT)

    assert project.read("given.txt") == "somebody's"
    assert (project.root / ".provstore" / "failed" / "killed" / "given.txt").read_text() == "given"


@pytest.mark.parametrize("words", [("run",), ("merge", "../other"), ("restore", "made"), ("clean",)])
def test_what_the_disk_refuses_to_undo_is_undone_later(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much is done meanwhile: the note stays, and so does what it speaks of."""
    other = Project(tmp_path / "other", {"Pipelinefile.toml": TEXT})
    other.provstore(*NEXT)
    files = {"Pipelinefile.toml": TEXT + stage("make", "cat read > made", "read", "made"), "read": "1", "given": "2"}
    project = Project(tmp_path / "p", files)
    project.run()
    id = project.provstore("dataset", "register", "given", "1.0.0").out.strip()
    note_deletion(project, id, "given")
    project.write("read", "3")
    with monkeypatch.context() as refused:
        refused.setattr("provstore.operations.announced.move", refuse)
        refused.chdir(project.root)
        run_command([*words])

    assert "given" not in project.files()
    project.provstore(*NEXT)
    assert project.read("given") == "2"


def note_deletion(project: Project, id: str, path: str) -> None:
    """Leaves what a deletion leaves that is killed before it is recorded."""
    folder = project.root / ".provstore" / "running" / "killed"
    step = {"path": path, "digest": "", "fresh": "", "aside": "deleted", "folders": []}
    folder.mkdir(parents=True)
    (folder / "changes.json").write_text(json.dumps({"deletes": id, "execution": None, "steps": [step]}))
    os.rename(project.root / path, folder / "deleted")


def refuse(*_: object) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_what_is_recorded_is_not_undone_by_a_later_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a call has come to its end is told by the store: an interrupt may come after its commit."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT})
    leave = Announced.__exit__

    def interrupted(self: Announced, *_: object) -> None:
        leave(self, KeyboardInterrupt, KeyboardInterrupt(), None)
        raise KeyboardInterrupt

    with Store.open(project.root) as store:
        monkeypatch.setattr(Announced, "__exit__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.put(b"bytes", "raw", visit=1)
        monkeypatch.undo()

        assert store.get("raw", visit=1) == b"bytes"
    assert project.read("raw/1.dat") == "bytes"
