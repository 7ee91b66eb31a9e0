"""What `gc` frees and what it never frees, as somebody at the command line sees it."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from provstore.digest import digest_bytes

from .project import TRACED, Project, stage

INSIDE = 1 << 15
TEXT = """
[params]
n = 1
[stages.make]
run = '''
TRACED mkdir dir
cat {inputs.source} > {outputs.file}; echo {params.n} >> {outputs.file}
echo same > dir/same; echo {params.n} > dir/small; head -c 40000 /dev/zero | tr '\\0' {params.n} > dir/big
'''
inputs.source = "source.txt"
outputs.file = "file.txt"
outputs.dir = "dir/"
[stages.next]
run = "tr s t < {inputs} > {outputs}; echo next"
inputs = ["file.txt"]
outputs = ["next.txt"]
""".replace("TRACED", TRACED)
OLD = ["dir", "dir/big", "dir/small", "file.txt", "next.txt"]
"""Paths of what a second version leaves without need."""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two versions, the second one current."""
    found = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "source.txt": "s\n"})
    found.run()
    edit(found, 2)
    found.run()
    return found


def edit(project: Project, n: int) -> None:
    project.write("Pipelinefile.toml", TEXT.replace("n = 1", f"n = {n}"))


def gc(project: Project, *words: str, **how: Any) -> dict[str, Any]:
    return project.provstore("gc", "--json", *words, **how).report


def paths(report: dict[str, Any]) -> list[str]:
    """What was freed, or would be."""
    return sorted(entry["path"] or "" for entry in report["freed"])


def objects(project: Project) -> dict[str, int]:
    return dict(project.rows("SELECT digest, size FROM object"))  # type: ignore[arg-type]


def files(project: Project) -> set[str]:
    folder = project.root / ".provstore" / "objects"
    return {f"blake3:{file.parent.name}{file.name}" for file in folder.rglob("*") if file.is_file()}


def facts(project: Project) -> list[Any]:
    tables = ("record", "run", "run_end", "run_source", "execution", "dataset", "usage", "collection", "chain_member")
    return [project.rows(f"SELECT * FROM {table} ORDER BY 1, 2, 3") for table in tables]


def execute(project: Project, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(project.store, isolation_level=None)) as conn:
        conn.execute(sql, values)


def state(project: Project) -> tuple[bytes, set[str], set[str]]:
    """All that a preview must leave alone."""
    return project.store_bytes(), files(project), {entry.name for entry in os.scandir(project.root / ".provstore")}


def claim_whole(project: Project) -> None:
    """The store passes every check, and every file of an object belongs to a row."""
    project.provstore("fsck", "--objects")
    assert files(project) == {row[0] for row in project.rows("SELECT digest FROM object WHERE content IS NULL")}


# --- what is freed ----------------------------------------------------------------------------------------


def test_the_old_version_is_freed_and_nothing_else(project: Project) -> None:
    """The preview names just that, and changes nothing; the records stay; the sums add up; again frees nothing."""
    before, recorded, kept = state(project), facts(project), objects(project)
    preview = gc(project, "-n")
    assert (preview["dry_run"], paths(preview), state(project)) == (True, OLD, before)

    report = gc(project)
    assert {**preview, "dry_run": False, "shrunk_bytes": 0} == {**report, "shrunk_bytes": 0}
    freed = {entry["digest"]: entry["size"] for entry in report["freed"]}
    assert objects(project) == {digest: size for digest, size in kept.items() if digest not in freed}
    assert report["freed_bytes"] == sum(freed.values())
    assert report["kept"]["objects"] == len(objects(project))
    assert report["kept"]["bytes"] == sum(objects(project).values())
    assert facts(project) == recorded
    claim_whole(project)
    at_rest = state(project)
    assert paths(gc(project)) == []
    assert state(project) == at_rest


def test_what_was_freed_is_said_to_be_not_kept(project: Project) -> None:
    """Restoring it leaves what lies there; the present version comes back; the records are shown as ever."""
    old = project.rows("SELECT id, execution FROM dataset WHERE path = 'file.txt' ORDER BY rowid")[0]
    gc(project)
    there = project.files()

    done = project.provstore("restore", f"file.txt@{old[0]}", status=1)
    assert "not kept" in done.out + done.err
    assert project.files() == there
    for id in old:
        project.provstore("show", str(id))
    for path in ("file.txt", "dir"):
        project.remove(path)
        project.provstore("restore", path)
    assert project.files() == there
    for path in ("file.txt", "dir", "next.txt"):
        project.remove(path)
    assert project.run().restored == ["make", "next"]
    assert project.files() == there


def test_going_back_runs_the_task_again_and_gives_the_same(tmp_path: Path) -> None:
    """What nothing needed can be made again: that is what the records are for."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "source.txt": "s\n"})
    project.run()
    first = project.files()
    edit(project, 2)
    project.run()
    gc(project)
    edit(project, 1)

    assert project.run().executed == ["make", "next"]
    assert project.files() == first
    claim_whole(project)


def test_logs_and_texts_of_pipelinefiles_stay(project: Project) -> None:
    """They belong to the history."""
    texts = {row[0] for row in project.rows("SELECT log FROM execution WHERE log IS NOT NULL")}
    texts |= {row[0] for row in project.rows("SELECT digest FROM run_source")}
    assert len(texts) == 3

    report = gc(project)
    assert texts <= set(objects(project))
    assert report["kept"]["by"]["history"]["objects"] == 3


def test_what_a_kill_leaves_is_freed(project: Project) -> None:
    """Files without rows, files that were being written, rows that nothing refers to; other people's files stay."""
    gc(project)
    folder = project.root / ".provstore" / "objects"
    (folder / "ab").mkdir(exist_ok=True)
    (folder / "ab" / ("c" * 62)).write_bytes(b"x" * 100)
    (folder / "123.new").write_bytes(b"x" * 10)
    (folder / "README").write_text("mine")
    (folder / "ab" / "notes").write_text("mine")
    execute(project, "INSERT INTO object VALUES (?, 3, ?)", nobodys := digest_bytes(b"xyz"), b"xyz")

    for words in (["-n"], []):
        report = gc(project, *words)
        assert (len(report["freed"]), report["freed_bytes"]) == (3, 113)
    assert {file.name for file in folder.rglob("*") if file.is_file()} - {name[9:] for name in files(project)} == {
        "README"
    }
    assert (folder / "ab" / "notes").exists()
    assert nobodys not in objects(project)


def test_the_store_s_file_gets_smaller(tmp_path: Path) -> None:
    """When a good part of it has become free; "last" is still the last."""
    text = "[dimensions]\ni = '1..6'\n[params]\nn = 0\n[stages.s]\ndimensions = ['i']\noutputs = ['o/{i}']\n"
    text += f"run = \"head -c {INSIDE - 10} /dev/zero | tr '\\\\0' {{params.n}}{{i}} > {{outputs}}; echo {{params.n}}{{i}} >> {{outputs}}\"\n"  # noqa: E501
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for n in range(3):
        project.write("Pipelinefile.toml", text.replace("n = 0", f"n = {n}"))
        project.run()
    order = project.rows("SELECT rowid, id FROM dataset ORDER BY rowid")
    size = project.store.stat().st_size

    report = gc(project)
    assert report["shrunk_bytes"] == size - project.store.stat().st_size > 2 * 6 * INSIDE * 0.9
    assert project.rows("SELECT rowid, id FROM dataset ORDER BY rowid") == order
    assert project.run().report["run"] is None
    claim_whole(project)


def test_what_people_read(project: Project) -> None:
    """A line for each dataset, what is kept and why; without anything to do, that."""
    preview = project.provstore("gc", "-n").out.splitlines()
    assert preview[0].startswith("would free 5 objects of 3 datasets, ")
    assert [line.split()[0] for line in preview[1:4]] == ["dir", "file.txt", "next.txt"]
    assert preview[4].startswith("would keep ")
    assert preview[5].startswith("  needed by: workspace 6, ")
    assert preview[5].endswith(" (some by several)")

    assert project.provstore("gc").out.startswith("freed 5 objects of 3 datasets, ")
    assert project.provstore("gc").out.startswith("there is nothing to free\nkept ")


# --- what is never freed ----------------------------------------------------------------------------------


def test_wishes_are_kept(project: Project) -> None:
    """A number of versions, an age, both; what they mean is said when they mean nothing."""
    edit(project, 3)
    project.run()
    everything = len(objects(project))
    wishes = {
        ("3",): 0, ("1", "52w"): 0, ("2",): 5, ("1",): 10, ("0.001s",): 10, ("0",): 10, ("1", "2"): 5, (): 10,
    }  # fmt: skip
    for wish, freed in wishes.items():
        words = [word for what in wish for word in ("--keep", what)]
        report = gc(project, "-n", *words)
        assert (words, len(report["freed"])) == (words, freed)
        assert report["kept"]["objects"] == everything - freed
    for wrong in ("", "5x", "-1", "1.5", "d"):
        assert "--keep" in project.provstore("gc", "--keep", wrong, status=2).err


def test_tags_keep(project: Project) -> None:
    """As long as they are there: a file, and a directory with all that is in it."""
    rows = project.rows("SELECT path, id FROM dataset WHERE path IN ('dir', 'file.txt') ORDER BY rowid LIMIT 2")
    old = {str(path): str(id) for path, id in rows}
    tag(project, *old.values())

    assert paths(gc(project)) == ["next.txt"]
    for path, id in old.items():
        project.provstore("restore", f"{path}@{id}", "--to", f"old/{path}")
    assert project.read("old/file.txt") == "s\n1\n"
    assert (project.root / "old/dir/big").read_bytes() == b"1" * 40000
    project.remove("old")
    for id in old.values():
        execute(project, "INSERT INTO tag_removal VALUES (?, '2026-11-21T10:00:00.000000Z')", f"tag of {id}")
    assert paths(gc(project)) == [path for path in OLD if path != "next.txt"]


def test_what_was_edited_by_hand_stays(project: Project) -> None:
    """Nobody can make it again."""
    project.write("file.txt", "by hand\n")
    project.run("--force", "make")
    by_hand = str(project.rows("SELECT id FROM dataset WHERE run = 'sources' AND path = 'file.txt'")[0][0])
    assert paths(gc(project)) == OLD

    project.provstore("restore", f"file.txt@{by_hand}")
    assert project.read("file.txt") == "by hand\n"


def test_what_lies_in_the_workspace_stays(project: Project) -> None:
    """An old version that was put back, whatever is newer."""
    old = project.rows("SELECT id FROM dataset WHERE path = 'dir' ORDER BY rowid")[0][0]
    project.provstore("restore", f"dir@{old}")
    assert paths(gc(project)) == ["file.txt", "next.txt"]
    project.remove("dir")

    project.provstore("restore", f"dir@{old}")
    assert (project.root / "dir" / "big").read_bytes() == b"1" * 40000


def test_what_can_be_restored_stays(tmp_path: Path) -> None:
    """The result of the present key is needed while it is not in its place, though a newer one is found first."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "source.txt": "s\n"})
    project.run()
    first = project.files()
    project.run("-P", "n=2")
    for path in ("file.txt", "dir", "next.txt"):
        project.remove(path)

    assert paths(gc(project)) == []
    assert project.run().restored == ["make", "next"]
    assert project.files() == first


def test_every_chain_is_searched_and_what_stands_in_none_is_kept(project: Project) -> None:
    """The newest version in each is needed; a run that was taken out of its chain keeps all that it made."""
    project.run("-o", "other", "-P", "n=5")
    project.run("-P", "n=6")
    project.run("-P", "n=7")
    assert paths(gc(project, "-n")) == sorted(OLD * 2)  # 1 and 6; 2 lies in no place, but is what the tasks want back
    member = project.rows("SELECT id FROM chain_member WHERE chain = 'main' ORDER BY rowid")[0][0]
    execute(project, "INSERT INTO chain_removal VALUES (?, '2026-11-21T10:00:00.000000Z')", member)

    report = gc(project)
    assert paths(report) == OLD
    made = {str(row[0]) for row in project.rows("SELECT id FROM dataset WHERE path = 'dir' ORDER BY rowid LIMIT 1")}
    project.provstore("restore", f"dir@{made.pop()}", "--to", "old")
    assert (project.root / "old" / "big").read_bytes() == b"1" * 40000


def tag(project: Project, *datasets: str) -> None:
    """Tags datasets."""
    now = "2026-11-21T10:00:00.000000Z"
    execute(project, "INSERT INTO collection VALUES ('best', 'TAGGED', ?, '')", now)
    for dataset in datasets:
        execute(project, "INSERT INTO tag VALUES (?, 'best', ?, NULL, NULL, ?)", f"tag of {dataset}", dataset, now)


# --- when it can't be told ---------------------------------------------------------------------------------


def test_a_wrong_pipelinefile_is_refused(project: Project) -> None:
    """Nobody knows what the tasks need; nothing is freed."""
    project.write("Pipelinefile.toml", "[stages.make\n")
    before = state(project)
    for words in (["-n"], []):
        project.provstore("gc", *words, status=2)
    assert state(project)[:2] == before[:2]


@pytest.mark.parametrize("how", ["flip", "remove"])
def test_a_damaged_list_of_files_keeps_everything(tmp_path: Path, how: str) -> None:
    """Of a needed directory: what was in it can't be told. It is said so."""
    text = TEXT.replace("echo same", "for i in $(seq 400); do echo > dir/$i; done; echo same")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "source.txt": "s\n"})
    project.run()
    project.write("Pipelinefile.toml", text.replace("n = 1", "n = 2"))
    project.run()
    digest = str(project.rows("SELECT digest FROM dataset WHERE path = 'dir' ORDER BY rowid DESC")[0][0])
    place = project.root / ".provstore" / "objects" / digest[7:9] / digest[9:]
    if how == "flip":
        place.chmod(0o600)
        place.write_bytes(place.read_bytes()[:-1] + b" ")
    else:
        place.unlink()
    kept = objects(project), files(project)

    done = project.provstore("gc", "--json")
    assert done.report["freed"] == []
    assert "damaged" in done.err
    assert (objects(project), files(project)) == kept


def test_a_damaged_store_keeps_everything(project: Project) -> None:
    """Whatever was changed in a record might have been what needs an object."""
    execute(project, "UPDATE dataset SET path = 'filf.txt' WHERE path = 'file.txt'")
    kept = objects(project), files(project)

    for words in (["gc", "-n"], ["gc", "--json"]):
        done = project.provstore(*words, status=3)
        assert "nothing is freed" in done.err
        assert "recover" in done.err
    assert (objects(project), files(project)) == kept


def test_a_damaged_memory_frees_nothing_that_is_needed(project: Project) -> None:
    """What is remembered of a file is read again where its seal is broken."""
    needed = set(objects(project)) - {entry["digest"] for entry in gc(project, "-n")["freed"]}
    execute(project, "UPDATE file_memo SET identity = replace(identity, '1', '2')")
    execute(project, "UPDATE task_memo SET key = 'x', outputs = ''")

    gc(project)
    assert set(objects(project)) == needed


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_path_that_cannot_be_read_keeps_its_versions(tmp_path: Path) -> None:
    """Of a stage that is no more: nobody can say which version lies there."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "source.txt": "s\n"})
    for n in (1, 2, 3):
        edit(project, n)
        project.run()
    project.write("Pipelinefile.toml", TEXT.partition("[stages.next]")[0].replace("n = 1", "n = 3"))
    project.remove("next.txt")
    os.mkfifo(project.root / "next.txt")

    assert paths(gc(project)) == sorted([path for path in OLD if path != "next.txt"] * 2)


# --- around it --------------------------------------------------------------------------------------------


def test_without_a_store_there_is_nothing_to_free(tmp_path: Path) -> None:
    """And nothing is made."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT, "source.txt": "s\n"})
    for words in (["-n"], []):
        assert gc(project, *words)["freed"] == []
    assert not project.exists(".provstore")


def test_it_waits_for_a_run(tmp_path: Path) -> None:
    """Saying for whom, or gives up at once; a preview waits for nobody."""
    text = "[stages.s]\nrun = 'touch started; until test -e go; do sleep 0.02; done; echo > o'\noutputs = ['o']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    run = project.start("run")
    try:
        project.wait_for(lambda: project.exists("started"))
        assert project.finish(project.start("gc", "-n")).status == 0
        assert "process" in project.finish(project.start("gc", "--no-wait"), 3).err
        waiting = project.start("gc", "--json")
        assert waiting.stderr is not None
        assert b"waiting for a run of this project" in waiting.stderr.readline()
        assert waiting.poll() is None
        project.write("go")
        project.finish(run)
        assert json.loads(project.finish(waiting).out)["freed"] == []
    finally:
        project.write("go")
        project.kill_all()


def test_a_task_cannot_call_it(tmp_path: Path) -> None:
    """It would wait for its own end."""
    text = "[stages.s]\nrun = 'provstore gc && echo 0 > o || echo $? > o'\noutputs = ['o']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    assert project.read("o") == "2\n"


def test_a_journal_that_a_kill_left_is_taken_away(project: Project) -> None:
    """One that was begun and holds nothing: any command removes it, but none that somebody is writing."""
    journal = project.root / ".provstore" / "store.db-journal"
    for words in (["status"], ["run"], ["gc"], ["gc", "-n"]):
        journal.write_bytes(bytes(512))
        project.provstore(*words)
    with closing(sqlite3.connect(project.store, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("DELETE FROM file_memo")
        project.finish(project.start("status"))
        assert journal.exists()
        conn.execute("ROLLBACK")
    project.provstore("fsck", "--objects")


def test_what_was_freed_and_put_back_by_hand_is_kept_again(tmp_path: Path) -> None:
    """A version whose bytes gc has freed lies in the workspace once more: it is not thrown away by the next run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("one", "cat a > b", "a", "b"), "a": "old\n"})
    project.run()
    project.write("a", "new\n")
    project.run()
    project.provstore("gc")
    project.write("b", "old\n")

    project.write("a", "third\n")
    project.run()

    project.provstore("restore", "b@" + project.rows("SELECT id FROM dataset WHERE path = 'b' ORDER BY rowid")[0][0])
    assert project.read("b") == "old\n"


def test_a_store_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    """Nothing is begun anew without a word where objects show that there was a history."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("one", "head -c 40000 /dev/zero > b", "", "b")})
    assert "gone" not in project.run().err
    project.remove(".provstore/store.db")

    done = project.run()

    assert "store.db is gone, and the history with it: a new one begins" in done.err
    assert done.executed == ["one"]
