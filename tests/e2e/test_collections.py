"""Collections on the command line and in Python: the same operations, whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provstore import Store
from provstore.api import Dataset
from provstore.api.collections import Removal
from provstore.errors import UnknownIdError, UsageError

from .project import PATIENCE, PROVSTORE, Project, stage

FLATS = """
[dimensions]
n = [1, 2]
[stages.flat]
dimensions = ["n"]
run = "cat source > {outputs.flat}; echo {n} >> {outputs.flat}"
inputs = ["source"]
outputs.flat = "flat/{n}.txt"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """With two flats in one run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": FLATS, "source": "s\n"})
    project.run()
    return project


def flats(project: Project, n: int = 1) -> list[str]:
    """Ids of the flats with this number, oldest first."""
    rows = project.rows(f"SELECT id FROM dataset WHERE type = 'flat.flat' AND data_id = '{{\"n\":{n}}}' ORDER BY rowid")
    return [row[0] for row in rows]


def names(project: Project, *words: str) -> list[str]:
    return [entry["name"] for entry in project.json("collection", "ls", *words)["collections"]]


def test_a_run_is_the_head_of_its_chain(project: Project) -> None:
    """Each run makes a RUN collection at the head of `main`, where a search finds the newest."""
    project.write("source", "t\n")
    project.run()
    (main,) = project.json("collection", "ls", "main")["collections"]

    assert main["type"] == "CHAINED"
    assert main["children"] == sorted(names(project, "main/*"), reverse=True)
    assert names(project, "main", "--flatten") == main["children"]
    assert names(project, "--type", "chained") == ["main"]
    with Store.open(project.root) as store:
        newest = store.find_dataset("flat.flat", n=1)
        oldest = store.find_dataset("flat.flat", {"n": 1}, collections=main["children"][1])
        assert isinstance(newest, Dataset)
        assert isinstance(oldest, Dataset)
        assert [oldest.id, newest.id] == flats(project)
        assert newest.run == main["children"][0]
        assert store.find_dataset("flat.flat", n=3) is None
        with pytest.raises(UsageError, match="mian: there is no such collection"):
            store.find_dataset("flat.flat", n=1, collections=["main", "mian"])


def test_the_commands_do_what_the_reference_shows(project: Project) -> None:
    """Made, tagged, chained, certified, cut, taken out: each says what it did, and the store stays sound."""
    one, two = flats(project, 1)[0], flats(project, 2)[0]
    assert project.provstore("collection", "create", "best").out == "best  TAGGED\n"
    assert project.provstore("collection", "associate", "best", one, two).out == "best: 2 datasets put in\n"
    again = project.provstore("dataset", "tag", one, "best").out
    assert again == "best: 0 datasets put in, 1 was in it before\n"
    assert project.provstore("collection", "chain", "all", "best", "main").out == "all: best, main\n"
    assert project.provstore("collection", "chain", "all", "main", "--prepend").out == "all: main, best\n"
    assert project.json("collection", "chain", "all", "best", "--remove")["children"] == ["main"]
    assert project.provstore("collection", "disassociate", "best", two).out == "best: 1 dataset taken out\n"
    project.provstore("collection", "create", "calib", "--type", "CALIBRATION")
    span = ("--begin", "2026-01-01", "--end", "2026-02-01T00:00:00+00:00")
    assert (
        "1 dataset is valid for 2026-01-01T00:00:00Z until 2026-02-01T00:00:00Z"
        in project.provstore("collection", "certify", "calib", one, *span).out
    )
    cut = project.json("collection", "decertify", "calib", "flat.flat", "--begin", "2026-01-10", "--end", "2026-01-12")
    assert project.json("collection", "decertify", "calib", "flat.flat", "n=2")["cut"] == []
    assert [list(part.values()) for part in cut["cut"][0]["left"]] == [
        ["2026-01-01T00:00:00.000000Z", "2026-01-10T00:00:00.000000Z"],
        ["2026-01-12T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z"],
    ]

    assert "sound" in project.provstore("fsck").out
    assert project.status().report["summary"]["fresh"] == 2


def test_what_is_wrong_is_exit_status_2_and_changes_nothing(project: Project) -> None:
    """An unknown id, type or collection, a range that overlaps, a chain in a circle: named, and not a byte changed."""
    one = flats(project)[0]
    project.provstore("collection", "create", "calib", "--type", "CALIBRATION")
    project.provstore("collection", "certify", "calib", one, "--begin", "2026-01-01")
    project.provstore("collection", "chain", "all", "main")
    before = project.store_bytes()
    for words, said in (
        (("associate", "main", one), "main: this collection is of type CHAINED, expected TAGGED"),
        (("associate", "nowhere", one), "nowhere: there is no such collection"),
        (("certify", "calib", "0000"), "0000: "),
        (("certify", "calib", flats(project, 2)[0], one), "can't be valid for"),
        (("decertify", "calib", "flta"), "flta: there is no such dataset type"),
        (("chain", "main", "all"), "main > all > main"),
        (("chain", "all", "main", "main"), "twice"),
        (("chain", "all"), "Missing argument 'CHILD...'"),  # nobody empties a chain by asking for it
        (("create", "main"), "main: this collection is of type CHAINED"),
        (("remove", "main"), "chain all"),
        (("remove", "sources"), "can't be removed"),
        (("ls", "nowhere"), "nowhere: there is no such collection"),
    ):
        assert said in project.provstore("collection", *words, status=2).err, words

    assert project.store_bytes() == before


def test_a_run_goes_as_a_whole_and_its_records_stay(project: Project) -> None:
    """Refused while something refers to it, tried without a change, done with --unlink: files and history are there."""
    run = names(project, "main/*")[0]
    one = flats(project)[0]
    project.provstore("collection", "create", "best")
    project.provstore("collection", "associate", "best", one)
    before, files = project.store_bytes(), project.files()
    refused = project.provstore("collection", "remove", run, status=2).err
    assert "chain main" in refused
    assert f"collection best holds flat/1.txt (dataset {one})" in refused
    preview = project.json("collection", "remove", "-n", "--unlink", run)
    assert preview == {"dry_run": True, "name": run, "type": "RUN", "datasets": 2, "chains": ["main"],
                       "tags": [{"collection": "best", "dataset": one}]}  # fmt: skip
    assert project.store_bytes() == before
    done = project.json("collection", "remove", "--unlink", run)

    assert done == {**preview, "dry_run": False}
    assert run not in names(project)
    assert project.files() == files
    assert project.rows("SELECT count(*) FROM v_dataset WHERE status = 'deleted'") == [(2,)]
    assert project.json("show", one)["id"] == one
    assert "sound" in project.provstore("fsck").out
    with Store.open(project.root) as store:
        assert store.find_dataset("flat.flat", n=1) is None
        assert store.find_dataset("flat.flat", n=1, collections="best") is None
        with pytest.raises(UsageError, match="was deleted"):
            store.associate("best", [one])


def test_on_a_terminal_a_removal_is_a_question(project: Project) -> None:
    """With what would be done; no changes nothing, yes removes, and --yes is not asked."""
    for name in ("one", "two"):
        project.provstore("collection", "create", name)
    before = project.store_bytes()
    assert asked(project, "n\n", "collection", "remove", "one") == 1
    assert project.store_bytes() == before
    assert asked(project, "y\n", "collection", "remove", "one") == 0
    assert asked(project, "", "collection", "remove", "--yes", "two") == 0

    assert not {"one", "two"} & set(names(project))


def asked(project: Project, answer: str, *words: str) -> int:
    """Exit status of a command that is answered on a terminal."""
    ours, theirs = os.openpty()
    try:
        os.write(ours, answer.encode())
        streams = {"stdin": theirs, "stderr": theirs}
        command = [PROVSTORE, *words]
        done = subprocess.run(
            command, check=False, cwd=project.root, env=project.environment, timeout=PATIENCE, **streams
        )
        shown = os.read(ours, 4096).decode() if answer else ""
        assert ("would remove" in shown) == bool(answer)
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode


def test_bytes_of_a_removed_run_are_freed_once_nothing_needs_them(project: Project) -> None:
    """While the files lie there they are kept; afterwards `gc` frees them, and the other run's stay."""
    run = names(project, "main/*")[0]
    project.write("source", "t\n")
    project.run()
    project.provstore("collection", "remove", "--unlink", run)
    freed = [entry["path"] for entry in project.json("gc")["freed"]]

    assert sorted(freed) == ["flat/1.txt", "flat/2.txt"]
    assert project.status().report["summary"]["fresh"] == 2


def test_a_chain_that_was_removed_comes_back_with_the_next_run(project: Project) -> None:
    """A run's own chain may be removed; whoever records into it again makes it again."""
    project.provstore("collection", "remove", "main")
    assert "main" not in names(project)
    project.run("--force")
    (main,) = project.json("collection", "ls", "main")["collections"]

    assert len(main["children"]) == 1
    assert "sound" in project.provstore("fsck").out
    refused = project.provstore("run", "--force", "-o", "(removed)", status=2).err
    assert "stands for the collections that were removed" in refused


def test_python_does_what_the_commands_do(project: Project) -> None:
    """Each call of the reference, with datasets, ids and times of all kinds."""
    one, two = flats(project, 1)[0], flats(project, 2)[0]
    with Store.open(project.root) as store:
        ref = store.find_dataset("flat.flat", {"n": 1})
        assert ref is not None
        best = store.register_collection("best", "TAGGED", description="the best")
        assert (best.name, best.type, best.children, best.description) == ("best", "TAGGED", (), "the best")
        store.associate("best", [ref, two])
        store.disassociate("best", [two])
        store.register_collection("all", "CHAINED")
        assert store.redefine("all", ["best", "main"]) == ("best", "main")
        assert store.extend("all", ["best"]) == ("main", "best")
        assert store.prepend("all", ["best"]) == ("best", "main")
        assert store.remove_from_chain("all", ["main"]) == ("best",)
        store.register_collection("calib", "CALIBRATION")
        store.certify("calib", [ref], begin="2026-01-01T00:00:00Z", end=None)
        assert store.find_dataset("flat.flat", n=1, collections=["calib"], timespan=("2027-01-01", None)) == ref
        assert store.find_dataset("flat.flat", n=1, collections="calib", timespan=(None, "2026-01-01")) is None
        assert store.find_dataset("flat.flat", n=1, collections="calib") == ref
        store.decertify("calib", "flat.flat", "2026-06-01", None)
        assert store.find_dataset("flat.flat", n=1, collections="calib", timespan=("2027-01-01", None)) is None
        with pytest.raises(UnknownIdError, match="nothing"):
            store.associate("best", [one, "nothing"])
        assert [found.name for found in store.query_collections("*a*", type="CHAINED")] == ["all", "main"]
        assert [found.name for found in store.query_collections("all", flatten=True)] == ["best"]
        preview = store.remove_collection("best", unlink=True, preview=True)
        assert preview == Removal(name="best", type="TAGGED", done=False, datasets=1, chains=("all",), tags=())
        assert store.remove_collection("best", unlink=True).done
        assert store.query_collections("all")[0].children == ()


def test_a_task_tags_what_was_made_before_it_while_its_run_is_under_way(tmp_path: Path) -> None:
    """It does not wait for its own run, and its facts stand in the chain among those of the run."""
    script = """
from provstore import Store
with Store.open() as store:
    store.register_collection("best")
    store.associate("best", [store.find_dataset("make.output0")])
    try:
        store.remove_collection(store.query_collections("main/*")[0].name, unlink=True)
    except Exception as error:
        print(error)
"""
    text = stage("make", "echo 1 > a", "", "a") + stage("tag", f"sleep 0.3; {sys.executable} tag.py > log", "a", "log")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "tag.py": script})
    project.run("-j2")

    assert "under way" in project.read("log")
    assert project.rows("SELECT collection FROM tag") == [("best",)]
    assert "sound" in project.provstore("fsck").out


def test_removals_survive_a_recovery_and_a_merge(project: Project, tmp_path: Path) -> None:
    """What was taken out stays out, in a store that was written anew and in one that got the facts."""
    one = flats(project)[0]
    project.provstore("collection", "create", "best")
    project.provstore("collection", "associate", "best", one)
    project.provstore("collection", "disassociate", "best", one)
    project.provstore("collection", "create", "gone")
    project.provstore("collection", "chain", "all", "best", "main")
    project.provstore("collection", "chain", "all", "best", "--remove")
    project.provstore("collection", "remove", "gone")
    expected = project.json("collection", "ls")
    other = Project(tmp_path / "q", {"Pipelinefile.toml": FLATS, "source": "other\n"})
    other.run()
    other.provstore("merge", str(project.root))
    assert {"all", "best"} <= set(names(other))
    assert "gone" not in names(other)
    assert "sound" in other.provstore("fsck").out
    damage(project.store)
    project.finish(project.start("recover"), None)
    for kept in (project.root / ".provstore").glob("store.db.damaged-*"):
        kept.unlink()

    assert project.json("collection", "ls") == expected
    tables = ("chain_member", "chain_removal", "tag", "tag_removal")
    assert [project.rows(f"SELECT count(*) FROM {table}")[0][0] for table in tables] == [4, 1, 1, 1]


def damage(store: Path) -> None:
    """The store's first page says nothing of its tables any more."""
    with open(store, "r+b") as file:
        file.seek(100)
        file.write(os.urandom(200))
