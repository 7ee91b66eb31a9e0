"""`merge` adds what another store knows; what was fresh stays fresh, and questions find both."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provstore import Store

from .project import Project, stage

NOISY = stage("noisy", "cat in.txt > out.txt; date +%N >> out.txt; echo printed", "in.txt", "out.txt")
BIG = stage("big", "head -c 100000 /dev/urandom > big.bin", "out.txt", "big.bin")
FILES = {"Pipelinefile.toml": NOISY + BIG, "in.txt": "1\n"}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of two projects that ran, each by itself; each test gets copies."""
    folder = tmp_path_factory.mktemp("templates")
    for name in ("here", "there"):
        Project(folder / name, FILES).run()
    return folder


@pytest.fixture
def here(tmp_path: Path, templates: Path) -> Project:
    """A project that ran."""
    return copied(templates / "here", tmp_path / "here")


@pytest.fixture
def there(tmp_path: Path, templates: Path) -> Project:
    """The same work done elsewhere, with other bytes."""
    return copied(templates / "there", tmp_path / "there")


def copied(source: Path, folder: Path) -> Project:
    """A copy of a project with its store."""
    shutil.copytree(source, folder, copy_function=shutil.copy)
    return Project(folder, {})


def test_what_is_new_comes_in_once(here: Project, there: Project) -> None:
    """Runs, executions, datasets and objects; a second time there is nothing, and nothing is written."""
    done = here.provstore("merge", "../there")
    assert done.out.splitlines()[0] == "1 run, 2 executions, 3 datasets came in"
    assert done.out.splitlines()[1].startswith("2 objects came along, 97.")
    before = here.store_bytes()

    assert here.provstore("merge", "../there").out == f"nothing new in {there.store}\n"
    assert here.store_bytes() == before
    here.provstore("fsck", "--objects")


def test_what_was_fresh_stays_fresh(here: Project, there: Project) -> None:
    """The other store has later successes with the same keys and other bytes; ours lie here."""
    here.provstore("merge", "../there")

    assert here.run().report["run"] is None
    assert here.json("why", "out.txt")["state"] == "current"


def test_what_was_fresh_stays_fresh_without_memory(here: Project, there: Project) -> None:
    """Also when nothing is remembered, so that the past decides."""
    here.provstore("merge", "../there")
    with closing(sqlite3.connect(here.store)) as conn, conn:
        conn.executescript("DELETE FROM task_memo; DELETE FROM file_memo; DELETE FROM plan")

    assert here.run().report["run"] is None


def test_what_is_gone_comes_back_from_the_result_that_is_kept(here: Project, there: Project) -> None:
    """Of two results with one key, the other's bytes did not come along: ours are restored, nothing runs."""
    here.provstore("merge", "../there")
    mine = (here.root / "big.bin").read_bytes()
    with closing(sqlite3.connect(here.store)) as conn, conn:
        conn.executescript("DELETE FROM task_memo; DELETE FROM file_memo; DELETE FROM plan")
    (digest,) = there.rows("SELECT digest FROM dataset WHERE path = 'big.bin'")[0]
    (here.root / ".provstore" / "objects" / digest[7:9] / digest[9:]).unlink()
    here.remove("big.bin")

    assert here.run().restored == ["big"]
    assert (here.root / "big.bin").read_bytes() == mine


def test_branches_come_together_from_both_sides(here: Project) -> None:
    """Two copies of one store went on; merged to and fro they come to rest, with the same facts."""
    other = copied(here.root, here.root.parent / "other")
    for project, text in ((here, "2\n"), (other, "3\n"), (other, "4\n")):
        project.write("in.txt", text)
        project.run()
    here.provstore("merge", "../other")
    other.provstore("merge", "../here")
    for project in (here, other):
        assert project.provstore("merge", "../other" if project is here else "../here").out.startswith("nothing new")
        assert len(project.json("log")["runs"]) == 4
        project.provstore("fsck", "--objects")
        assert project.run().report["run"] is None
    digests = [{row["digest"] for row in project.json("history", "out.txt")["versions"]} for project in (here, other)]

    assert digests[0] == digests[1]
    assert len(digests[0]) == 4


def test_the_log_is_in_the_order_of_time(here: Project, there: Project) -> None:
    """Whichever store was merged into the other."""
    here.write("in.txt", "2\n")
    here.run()
    here.provstore("merge", "../there")
    started = [run["started"] for run in here.json("log")["runs"]]

    assert started == sorted(started, reverse=True)
    assert len(started) == 3


@pytest.mark.parametrize("path", ["out.txt", "dir/part"])
def test_history_is_in_the_order_of_time(tmp_path: Path, path: str) -> None:
    """Of a file and of a part of a directory; the version that lies there is the same one in both stores."""
    text = stage("make", "mkdir -p dir; date +%N > dir/part; date +%N > out.txt", "in.txt", "dir/ out.txt")
    projects = [Project(tmp_path / name, {"Pipelinefile.toml": text, "in.txt": name}) for name in ("a", "b")]
    for project in projects:
        project.run()
    projects[0].write("in.txt", "again")
    projects[0].run()
    projects[1].provstore("merge", "../a")
    projects[0].provstore("merge", "../b")
    seen = [project.json("history", path)["versions"] for project in projects]
    times = [version["created"] for version in seen[0]]

    assert times == sorted(times, reverse=True)
    assert [version["dataset"] for version in seen[0]] == [version["dataset"] for version in seen[1]]
    assert [[version["current"] for version in listed] for listed in seen] == [
        [True, False, False],
        [False, True, False],
    ]


def test_a_version_of_the_other_can_be_restored(here: Project, there: Project) -> None:
    """Its objects came along, and lineage leads to its execution."""
    here.provstore("merge", "../there")
    (dataset,) = there.rows("SELECT id FROM dataset WHERE path = 'big.bin'")[0]
    here.provstore("restore", f"big.bin@{dataset}")

    assert (here.root / "big.bin").read_bytes() == (there.root / "big.bin").read_bytes()
    found = here.json("why", "big.bin", status=None)
    assert found["dataset"]["id"] == dataset


def test_the_report_is_json(here: Project, there: Project) -> None:
    """What came in by kind, and what did not come along."""
    shutil.rmtree(there.root / ".provstore" / "objects")
    report = here.json("merge", "../there/.provstore/store.db")

    assert report["file"] == str(there.store)
    assert report["added"] == {"collection": 1, "chain_member": 1, "run": 1, "execution": 2, "dataset": 3, "run_end": 1}
    assert report["objects"]["missing"] == 1
    assert {entry["id"] for entry in report["kept"]} == {"main", "sources"}


def test_a_project_without_a_store_gets_one(tmp_path: Path, there: Project) -> None:
    """A fresh checkout knows at once what was done elsewhere."""
    fresh = Project(tmp_path / "fresh", FILES)
    fresh.provstore("merge", "../there")

    assert len(fresh.json("log")["runs"]) == 1
    assert fresh.run().restored == ["big", "noisy"]


def test_a_store_is_read_while_its_project_runs(tmp_path: Path, here: Project) -> None:
    """The other store is copied in one moment; whoever writes it goes on, and its end comes with the next merge."""
    gate = stage("gate", "touch ../began; while ! test -e ../go; do sleep 0.01; done; cat in.txt > g", "in.txt", "g")
    busy = Project(tmp_path / "busy", {"Pipelinefile.toml": NOISY + gate, "in.txt": "1\n"})
    running = busy.start("run", "-j1")
    busy.wait_for((tmp_path / "began").exists)
    here.provstore("merge", "../busy")
    assert here.run().report["run"] is None  # nothing is made up of how that run ended
    (tmp_path / "go").touch()
    busy.finish(running)
    here.provstore("merge", "../busy")

    assert [run["outcome"] for run in here.json("log")["runs"]] == ["succeeded", "succeeded"]
    here.provstore("fsck", "--objects")


def test_a_merge_waits_for_a_run_or_not(tmp_path: Path, there: Project) -> None:
    """The project is held by a run: `--no-wait` gives up at once."""
    gate = stage("gate", "touch ../began; while ! test -e ../go; do sleep 0.01; done; touch g", "in.txt", "g")
    busy = Project(tmp_path / "busy", {"Pipelinefile.toml": gate, "in.txt": "1\n"})
    running = busy.start("run")
    busy.wait_for((tmp_path / "began").exists)
    assert "another run holds this project" in busy.finish(busy.start("merge", "../there", "--no-wait"), 3).err
    (tmp_path / "go").touch()
    busy.finish(running)

    busy.provstore("merge", "../there", "--no-wait")


# --- what can't be merged ---------------------------------------------------------------------------------


WRONG = {
    "no name": ("", 2, "'': expected a store's file"),
    "nothing": ("../nowhere", 2, "../nowhere: there is no such file or folder"),
    "no store": ("..", 2, "..: there is no store in this folder"),
    "text": ("in.txt", 3, "in.txt: this is no SQLite file"),
    "newer": ("../newer.db", 3, "newer.db: the store has schema 99"),
    "cut": ("../cut.db", 3, "cut.db: the file is cut"),
    "foreign": ("../foreign.db", 3, "foreign.db: this is another program's SQLite file"),
    "empty": ("../empty.db", 3, "empty.db: the file is empty"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_store_is_refused(here: Project, name: str) -> None:
    """One message that names the file; nothing was written."""
    word, status, message = WRONG[name]
    top = here.root.parent
    (top / "empty.db").touch()
    (top / "cut.db").write_bytes(here.store_bytes()[: len(here.store_bytes()) // 2])
    shutil.copy(here.store, top / "newer.db")
    with closing(sqlite3.connect(top / "newer.db")) as conn:
        conn.execute("PRAGMA user_version = 99")
    with closing(sqlite3.connect(top / "foreign.db")) as conn:
        conn.execute("CREATE TABLE t (x)")
    before = here.store_bytes()
    done = here.provstore("merge", word, status=status)

    assert "this one" not in done.err  # what is wrong over there is not to be mended here
    assert message in done.err
    assert here.store_bytes() == before


def test_names_of_any_kind_can_be_merged(tmp_path: Path, here: Project) -> None:
    """Spaces, quotes, `%`, `?`, `#` and what steers a terminal; the message spells it out."""
    odd = Project(tmp_path / 'o\'d %41?#\x1b[1m "x"', FILES)
    odd.run()
    here.provstore("merge", f"../{odd.root.name}")
    done = here.provstore("merge", f"../{odd.root.name}")

    assert "\x1b" not in done.out
    assert done.out.startswith("nothing new in ")


def test_the_last_runs_are_those_of_the_log(here: Project, there: Project) -> None:
    """What `diff` compares without ids, and the rows of `metrics`: a run that came later by a merge is not newer."""
    text = here.read("Pipelinefile.toml").replace('outputs = ["out.txt"]', 'outputs.m = "out.txt"')
    here.write("Pipelinefile.toml", text)
    here.write("in.txt", "2\n")
    here.run()
    here.provstore("merge", "../there")
    runs = [run["id"] for run in here.json("log")["runs"]]
    found = here.json("diff")
    rows = here.json("metrics", "out.txt")["rows"]

    assert [found["b"], found["a"]] == runs[:2]
    assert here.json("diff", runs[1])["a"] == runs[2]
    assert here.json("show", here.json("diff", "noisy")["b"])["run"] == runs[0]
    assert here.json("show", here.json("diff", "noisy")["a"])["run"] == runs[1]
    assert [row["run"] for row in rows] == runs
    assert [row["run"] for row in here.json("metrics", "out.txt", "-n", "1")["rows"]] == runs[:1]


def test_records_of_dimensions_are_counted(tmp_path: Path) -> None:
    """As is what they say otherwise here."""
    declared = '[dimensions.visit]\ntype = "int"\nmetadata = { seeing = "float" }\n'
    here, there = (Project(tmp_path / name, {"Pipelinefile.toml": declared}) for name in ("here", "there"))
    here.provstore("dimension", "insert", "visit", "visit=1", "seeing=0.7")
    for visit in (1, 2):
        there.provstore("dimension", "insert", "visit", f"visit={visit}", "seeing=0.9")

    assert here.provstore("merge", "../there").out.splitlines() == [
        "1 dimension record came in",
        'left as it is here: dimension_record visit {"visit":1}',
    ]
    here.provstore("fsck")


def test_a_calibration_that_has_no_place_is_named_with_its_time(tmp_path: Path) -> None:
    """It overlaps one that was put in before, in part, and is taken out as a whole; the report says for which time."""
    here, there = (Project(tmp_path / name, {"Pipelinefile.toml": "[dimensions]\nn = [1]\n"}) for name in "ab")
    ids, spans = [], (("2026-01-01", None), ("2025-12-01", "2026-01-02"))
    for project, span in zip((here, there), spans, strict=True):
        with Store.create(project.root) as store:
            store.register_collection("flats", "CALIBRATION")
            about = {"dataset_type": "flat", "data_id": {"n": 1}, "location": "meta"}
            ids.append(store.register_dataset("flat", **about))
            store.certify("flats", ids[-1:], *span)
    shutil.copytree(here.root, tmp_path / "c")
    told = here.provstore("merge", "../b").out.splitlines()[-1]
    (out,) = Project(tmp_path / "c", {}).json("merge", "../b")["taken_out"]

    when = "2025-12-01T00:00:00Z until 2026-01-02T00:00:00Z"
    assert told.startswith(f"taken out of flats: dataset {ids[1]} for {when}, as dataset {ids[0]} of its type")
    assert out["dataset"] == ids[1]
    assert (out["begin"], out["end"]) == ("2025-12-01T00:00:00.000000Z", "2026-01-02T00:00:00.000000Z")
