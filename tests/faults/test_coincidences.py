"""Two rare things at one moment: a clock that goes back and a kill, a wait and a recovery, a move and a full disk."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from e2e.project import Project, stage

from faults.aftermath import claim_only_added, claim_sound, history
from provstore.operations.outputs import Outputs
from provstore.store.objects import Objects
from provstore.watch.workspace import Workspace

COPY = stage("copy", "cat a.txt > b.txt", "a.txt", "b.txt", "cache = false")


@contextlib.contextmanager
def held(project: Project) -> Iterator[None]:
    """Somebody holds the project's lock."""
    descriptor = os.open(project.root / ".provstore" / "lock", os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("words", [("run",), ("gc",), ("restore", "b.txt")], ids=lambda words: words[0])
def test_who_waited_for_a_recovery_goes_on_with_the_recovered_store(tmp_path: Path, words: tuple[str, ...]) -> None:
    text = COPY.replace("cache = false", "")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    before = history(project)
    project.write("a.txt", "2\n")
    project.write("b.txt", "by hand\n")
    with held(project):
        waiting = project.start(*words)
        assert waiting.stderr is not None
        while b"waiting for" not in waiting.stderr.readline():
            assert waiting.poll() is None
        other = project.store.with_suffix(".other")
        shutil.copyfile(project.store, other)
        other.rename(project.store)  # as `recover` does
    project.finish(waiting)
    claim_only_added(before, history(project))
    project.run()
    assert project.read("b.txt") == "2\n"
    claim_sound(project)


def test_a_task_does_not_wait_for_its_own_end(tmp_path: Path) -> None:
    """Whatever takes the project's lock says so at once."""
    commands = ("run", "gc", "recover", "restore a.txt")
    run = "; ".join(f"timeout 20 provstore {words} || echo {words.split()[0]} $?" for words in commands)
    text = stage("ask", f"{run}; echo x > b.txt", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    printed = project.provstore("logs", "ask").out.splitlines()
    for words in commands:
        assert f"{words.split()[0]} 2" in printed


def test_what_the_last_round_learnt_is_kept(tmp_path: Path) -> None:
    """A round that has nothing to do, since what was found is what was found before, still remembers the files."""
    text = (
        "[dimensions]\npart = { from = 'split/{part}.txt' }\n"
        "[stages.split]\nrun = 'mkdir split; for w in $(cat a.txt); do echo $w > split/$w.txt; done'\n"
        "inputs = ['a.txt']\noutputs = ['split/']\n"
        "[stages.each]\ndimensions = ['part']\nrun = 'cat {inputs[0]} > {outputs[0]}'\n"
        "inputs = ['split/{part}.txt']\noutputs = ['{part}.out']\n"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "x y z\n"})
    project.run()
    project.write("a.txt", "x y\n")
    assert project.run().executed == ["split"]
    bytes_before = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == bytes_before


def test_after_a_kill_that_left_nothing_to_do_the_next_run_writes_nothing(tmp_path: Path) -> None:
    project = Project(tmp_path / "p", {"Pipelinefile.toml": COPY, "a.txt": "1\n"})
    project.run()
    os.utime(project.root / "a.txt")
    project.write(".provstore/running/0/log", "")
    assert project.run().report["run"] is None
    bytes_before = project.store_bytes()
    assert project.run().report["run"] is None
    assert project.store_bytes() == bytes_before


def test_the_last_attempt_is_the_last_whatever_the_clock_said(tmp_path: Path) -> None:
    """An attempt, a clock that is set back, a second attempt, a kill: what the second had moved aside comes back."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": COPY, "a.txt": "1\n"})
    project.run()
    with closing(sqlite3.connect(project.store)) as conn:
        conn.row_factory = sqlite3.Row
        made = dict(conn.execute("SELECT * FROM execution").fetchone())
    for slot, id in (("0", "ffffffff-0000-7000-8000-000000000000"), ("1", "00000000-0000-7000-8000-000000000000")):
        row = {**made, "id": id, "attempt": int(slot) + 1, "outcome": "interrupted", "log": None}
        described = {"execution": id, "record": row, "aside": {"b.txt": f"aside-{id}/0"}}
        project.write(f".provstore/running/{slot}/task.json", json.dumps(described))
        project.write(f".provstore/running/{slot}/aside-{id}/")
    (project.root / "b.txt").rename(project.root / ".provstore" / "running" / "1" / f"aside-{id}" / "0")
    project.write("b.txt", "half")
    project.write("a.txt", "2\n")
    project.provstore("gc")
    assert project.read("b.txt") == "1\n"
    claim_sound(project)


def test_an_output_may_not_lead_into_the_store(tmp_path: Path) -> None:
    """Whoever reads the store by hand loses its locks."""
    text = stage("link", "ln -s .provstore/store.db b.txt", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run(status=1)
    assert not project.exists("b.txt")
    claim_sound(project)


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_move_to_another_file_system_that_is_cut_short_leaves_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    root, place = str(tmp_path / "p"), tmp_path / "p" / ".provstore" / "running" / "0" / "aside" / "0"
    output = tmp_path / "p" / "d"
    names = [output / "one", output / "two"] if kind == "directory" else [output]
    for name in names:
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_text("whole")
    conn = sqlite3.connect(":memory:")
    outputs = Outputs(root, f"{root}/.provstore", Workspace(root, {}, {}), Objects(f"{root}/objects", conn, ""))
    rename = os.rename

    def across(source: str, target: str) -> None:
        if source == str(output):
            raise OSError(errno.EXDEV, "another file system")
        rename(source, target)

    def cut_short(source: str, target: str, **how: object) -> None:
        Path(target).write_text("wh")
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", across)
    monkeypatch.setattr(shutil, "copy2", cut_short)
    monkeypatch.setattr(shutil, "copytree", cut_short)
    with pytest.raises(KeyboardInterrupt):
        outputs.move_aside("d", "", str(place))
    assert not place.exists()
    assert [name.read_text() for name in names] == ["whole"] * len(names)
    conn.close()
