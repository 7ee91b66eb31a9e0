"""A damaged, cut, empty or foreign store: one clear message and an offer: `recover` keeps all that is whole.

Whatever happened to the file, and wherever `recover` itself is killed: the damaged file's bytes are kept, the new store
is sound, no task runs again of which the record survived.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from e2e.project import Project, stage

from faults.aftermath import claim_sound, history
from faults.tracing import Call, at_each, calls_of, killed_at, why_not
from provstore.digest import digest_bytes

WHY_NOT = why_not()
NUMBER = 5
PIPELINE = "".join(
    stage(
        f"s{task}",
        f"cat in{task} > out{task}; head -c 40000 /dev/zero >> out{task}; echo done {task}",
        f"in{task}" + (f" out{task - 1}" if task else ""),
        f"out{task}",
    )
    for task in range(NUMBER)
)
FILES = {"Pipelinefile.toml": PIPELINE, **{f"in{task}": f"{task}\n" for task in range(NUMBER)}}
OFFER = "hint: 'provstore recover' writes a new file with all that is whole, and keeps this one"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Project:
    """A project whose store has two runs, one of them with a failed task; everything is up to date."""
    folder = tmp_path_factory.mktemp("prepared")
    project = Project(folder / "p", FILES)
    project.run()
    project.write("in2", "changed\n")
    project.run()
    return project


@pytest.fixture
def project(prepared, tmp_path) -> Project:
    """A copy of it."""
    shutil.copytree(prepared.root, tmp_path / "p", symlinks=True)
    return Project(tmp_path / "p", {})


def kept_files(project: Project) -> list[Path]:
    """Damaged stores that were kept."""
    found = sorted(project.store.parent.glob("store.db.damaged-*"))
    return [path for path in found if not path.name.endswith("-journal")]


def recovered(project: Project, *, status: int | None = None) -> dict:
    """Recovers the store; what lay there is moved out of the project once its bytes were found kept."""
    before = project.store_bytes() if project.store.is_file() else None
    done = project.finish(project.start("recover", "--json"), status)
    assert done.status in (0, 1), done
    assert done.report["ok"] == (done.status == 0)
    (kept,) = kept_files(project)
    assert str(kept.relative_to(project.root)) == done.report["kept_as"]
    if before is not None:
        assert kept.read_bytes() == before
    kept.rename(project.root.parent / "kept")
    return done.report


def claim_offer(project: Project) -> None:
    """Every command that needs the store says in one message what is wrong, and what to do."""
    for words in (["status"], ["run"], ["log"]):
        done = project.finish(project.start(*words), 3)
        assert done.out == ""
        message, offer = done.err.splitlines()
        assert message.startswith(("error[store-damaged]: ", "error[store-foreign]: "))
        assert str(project.store) in message
        assert offer == OFFER


def claim_good(project: Project) -> int:
    """The new store is sound, answers, and the next run brings all up to date; how many tasks that took."""
    claim_sound(project)
    before = history(project)
    project.provstore("log")
    number = len(project.run().executed)
    assert set(project.status().outcomes.values()) == {"fresh"}
    assert [new[: len(old)] for old, new in zip(before, history(project), strict=True)] == before
    for run in project.provstore("log", "--json").report["runs"]:
        project.provstore("show", run["id"])
    claim_sound(project)
    return number


def overwrite(project: Project, place: int, data: bytes) -> None:
    with open(project.store, "r+b") as file:
        file.seek(place)
        file.write(data)


def test_a_sound_store_is_left_alone(project, tally):
    """It is said so, and not a byte is written."""
    before = project.store_bytes()
    done = project.provstore("recover")

    assert done.out == "the store is sound: nothing to recover\n"
    assert project.store_bytes() == before
    assert project.provstore("recover", "--json").report == {
        "ok": True, "damage": None, "kept_as": None, "recovered": None,
    }  # fmt: skip
    tally("recoveries of a sound store", 1)


def test_without_a_first_page_nothing_is_lost(project, tally):
    """No task runs again, all history is there; a broken Pipelinefile is no obstacle."""
    before = history(project)
    overwrite(project, 0, os.urandom(4096))
    claim_offer(project)
    project.write("Pipelinefile.toml", "[stages.")
    report = recovered(project, status=0)
    project.write("Pipelinefile.toml", PIPELINE)

    assert report["recovered"]["lost"] == []
    assert [new[: len(old)] for old, new in zip(before[1:], history(project)[1:], strict=True)] == before[1:]
    assert claim_good(project) == 0
    tally("stores whose first page is noise", 1)


@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(8192)], ids=["empty", "text", "zeros"])
def test_what_is_no_store_is_kept(project, tally, content):
    """An empty store is made, all tasks run again, and nothing of what lay there is thrown away."""
    project.store.write_bytes(content)
    claim_offer(project)
    report = recovered(project, status=1)

    assert report["recovered"]["kept"] == {}
    assert claim_good(project) == NUMBER
    tally("store files that are empty or foreign", 1)


def test_another_programs_database_is_kept(project, tally):
    """As any other file that is no store."""
    project.store.unlink()
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("CREATE TABLE t (a, b, c)")
        conn.execute("INSERT INTO t VALUES ('a', 'b', 'c')")
        conn.commit()
    claim_offer(project)
    recovered(project, status=1)

    assert claim_good(project) == NUMBER
    tally("store files that are empty or foreign", 1)


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_kept(project, tally, kind):
    """A folder with something in it, a link that leads nowhere."""
    project.store.unlink()
    if kind == "folder":
        project.store.mkdir()
        (project.store / "thing").write_text("kept")
    else:
        project.store.symlink_to("nowhere")
    claim_offer(project)
    recovered(project, status=1)
    kept = project.root.parent / "kept"

    assert (kept / "thing").read_text() == "kept" if kind == "folder" else os.readlink(kept) == "nowhere"
    assert claim_good(project) == NUMBER
    tally("store files that are empty or foreign", 1)


def test_a_link_to_the_store_stays_a_link(project, tally):
    """The new file and the kept one lie where the store lies."""
    elsewhere = project.root.parent / "elsewhere"
    elsewhere.mkdir()
    project.store.rename(elsewhere / "s.db")
    project.store.symlink_to(elsewhere / "s.db")
    overwrite(project, 0, os.urandom(4096))
    done = project.finish(project.start("recover"), 0)

    assert project.store.is_symlink()
    assert sorted(path.name.partition("-")[0] for path in elsewhere.iterdir()) == ["s.db", "s.db.damaged"]
    assert "s.db.damaged-" in done.out
    claim_sound(project)
    assert project.run().executed == []
    tally("stores behind a link", 1)


def test_damage_anywhere_is_recovered(project, prepared, tally, effort):
    """Noise, flipped bits, cuts, a number that belongs to no schema: found, and good again by two commands."""
    good = prepared.store_bytes()
    noise = random.Random(5)
    number = 0
    for turn in range(4 * effort):
        data = bytearray(good)
        if turn % 3 == 0:
            place = noise.randrange(len(good) - 4096)
            data[place : place + 4096] = noise.randbytes(4096)
        elif turn % 3 == 1:
            data[noise.choice((60, 63, 68, 100, 103, noise.randrange(4096, len(good))))] ^= 1
        else:
            del data[noise.randrange(1, len(good) // 512) * 512 :]
        shutil.rmtree(project.root)
        shutil.copytree(prepared.root, project.root, symlinks=True)
        project.store.write_bytes(data)
        with suppress(FileNotFoundError):
            (project.root.parent / "kept").unlink()
        found = project.finish(project.start("fsck"), None)
        assert found.status in (0, 1, 3), found
        if found.status == 0:
            continue  # a byte that means nothing
        recovered(project)
        claim_good(project)
        number += 1
    tally("damaged stores recovered", number)


def test_a_run_whose_end_is_lost_is_not_called_interrupted(project, tally):
    """Nothing is recorded that did not happen."""
    ((run,),) = project.rows("SELECT run FROM run_end ORDER BY rowid DESC LIMIT 1")
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute("UPDATE run_end SET outcome = 'failed' WHERE run = ?", (run,))
        conn.commit()
    report = recovered(project, status=1)

    assert [lost["kind"] for lost in report["recovered"]["lost"]] == ["run_end"]
    project.write("in0", "again\n")
    assert claim_good(project) == 2  # the task itself, and the one that reads its output
    assert project.rows(f"SELECT * FROM run_end WHERE run = '{run}'") == []
    tally("damaged stores recovered", 1)


def test_lost_bytes_are_named(tmp_path, tally):
    """Of a result, of a file in a directory: the records are whole, and yet something is gone for good."""
    pipeline = stage("a", "seq 2000 > out", "in", "out") + stage("b", "mkdir d; seq 3000 5000 > d/part", "in", "d")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": pipeline, "in": "1\n"})
    project.run()
    for path in ("out", "d/part"):
        content = (project.root / path).read_bytes()
        digest = digest_bytes(content)
        overwrite(project, project.store_bytes().index(content[:60]), b"X")
        assert digest in project.finish(project.start("fsck"), 1).out
        shutil.copytree(project.root, tmp_path / "other")
        other = Project(tmp_path / "other", {})
        said = other.finish(other.start("recover"), 1).out
        assert f"lost: the bytes of {path}@{digest[:19]}\n" in said
        shutil.rmtree(tmp_path / "other")
        assert {"kind": "object", "subject": digest, "digest": digest} in recovered(project, status=1)["recovered"][
            "lost"
        ]
        assert claim_good(project) == 0
        (tmp_path / "kept").unlink()
    tally("damaged stores recovered", 2)


@pytest.mark.parametrize("harm", ["flip", "cut", "gone"])
def test_a_damaged_object_file_is_no_dead_end(project, tally, harm):
    """What `fsck --objects` finds, `recover` mends: the object is not taken for kept any more."""
    digest = digest_bytes(project.read("out1").encode())
    file = project.store.parent / "objects" / digest[7:9] / digest[9:]
    data = bytearray(file.read_bytes())
    data[100] ^= 1
    file.unlink()
    if harm != "gone":
        file.write_bytes(data if harm == "flip" else data[:100])
    assert f"object {digest}" in project.finish(project.start("fsck", "--objects"), 1).out
    assert {"kind": "object", "subject": digest, "digest": digest} in recovered(project, status=1)["recovered"]["lost"]
    project.finish(project.start("fsck", "--objects"), 0)
    assert claim_good(project) == 0
    (project.root / "out1").unlink()
    assert len(project.run().executed) == 1
    project.finish(project.start("fsck", "--objects"), 0)
    tally("objects damaged and recovered", 1)


def test_a_journal_that_is_no_use_does_no_harm(project, tally):
    """It is kept beside the damaged file, and never applied to the new one."""
    journal = project.store.with_name("store.db-journal")
    good = project.store_bytes()
    project.store.write_bytes(b"")
    journal.write_bytes(bytes.fromhex("d9d505f920a163d7") + os.urandom(5000))
    text = journal.read_bytes()
    recovered(project, status=1)
    (kept,) = project.store.parent.glob("store.db.damaged-*-journal")

    assert kept.read_bytes() == text
    assert not journal.exists()
    kept.unlink()
    assert claim_good(project) == NUMBER
    assert good != project.store_bytes()
    tally("journals left beside a damaged store", 1)


@pytest.mark.parametrize("part", [0, 0.5, 0.99])
def test_a_recovery_without_room_leaves_all_as_it_was(project, tally, part):
    """The file may not get as big as it has to: exit status 3, nothing lies about, and with room it succeeds."""
    overwrite(project, 0, os.urandom(4096))
    before, beside = project.store_bytes(), sorted(os.listdir(project.store.parent))
    limit = int(part * len(before))
    limited = ["prlimit", f"--fsize={limit}:{limit}", "--"]
    done = project.finish(project.start("recover", before=limited), 3)

    assert done.err.count("error[store-unwritable]: ") == 1
    assert project.store_bytes() == before
    assert sorted(os.listdir(project.store.parent)) == beside
    recovered(project, status=0)
    assert claim_good(project) == 0
    tally("recoveries without room", 1)


def test_there_is_no_name_that_is_taken_twice(project, tally):
    """Recovering again and again keeps every damaged file."""
    for number in range(1, 4):
        overwrite(project, 0, bytes([number]) * 4096)
        project.finish(project.start("recover"), 0)
        assert {path.read_bytes()[0] for path in kept_files(project)} == set(range(1, number + 1))
    for path in kept_files(project):
        path.unlink()
    claim_sound(project)
    tally("damaged stores recovered", 3)


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
def test_a_recovery_that_is_killed_is_done_again(prepared, tmp_path, tally, effort):
    """At whichever call: there is a store at every moment, the damaged one or the new one, and its bytes are kept."""
    damaged = os.urandom(4096) + prepared.store_bytes()[4096:]
    wanted = history(prepared)
    start = tmp_path / "start"
    shutil.copytree(prepared.root, start / "p", symlinks=True)
    project = Project(start / "p", {})
    project.store.write_bytes(damaged)
    shutil.copytree(project.root, start / "traced")
    calls = calls_of(Project(start / "traced", {}), "recover")
    shutil.rmtree(start / "traced")

    def attempt(project: Project, call: Call) -> int:
        killed = killed_at(project, call, "recover")
        bytes_now = project.store_bytes()
        if bytes_now != damaged:
            assert damaged in [path.read_bytes() for path in kept_files(project)]
            project.finish(project.start("fsck"))
        project.finish(project.start("recover"))
        (kept,) = kept_files(project)
        assert kept.read_bytes() == damaged
        kept.unlink()
        claim_sound(project)
        assert [new[: len(old)] for old, new in zip(wanted[1:], history(project)[1:], strict=True)] == wanted[1:]
        return len(killed.hit)

    swap = [call for call in calls if call.name.startswith(("link", "rename"))]
    swap += [call for call in calls if call.name == "fsync"][-2:]
    order = swap + [call for first in range(11) for call in calls[first::11]]
    hits = at_each(order[: 24 * effort], project, tmp_path, 7.0 * effort, attempt)
    tally("kills of a recovery at a system call", hits)
