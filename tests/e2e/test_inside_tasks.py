"""What the code of a task registers is made by that task: a result after a success, and none after a failure."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provstore import Store

from .project import Project, stage

BEGIN = """
import json, os, pathlib, sys, time
import provstore
from provstore.errors import ProvstoreError
path = pathlib.Path
store = provstore.Store.open()
"""
DATASETS = """
    SELECT d.path, e.stage, e.outcome, EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id), d.run
      FROM dataset AS d LEFT JOIN execution AS e ON e.id = d.execution WHERE d.role = '' AND d.run <> 'sources'
     ORDER BY d.rowid
"""
READ = "SELECT d.id FROM usage AS u JOIN dataset AS d ON d.id = u.dataset WHERE d.path = '{}' ORDER BY u.execution DESC"


def code(name: str, inputs: str = "", outputs: str = "", more: str = "") -> str:
    """A stage that runs NAME.py."""
    return stage(name, f"{shlex.quote(sys.executable)} {name}.py", f"{name}.py {inputs}", outputs, more)


def project(folder: Path, stages: str, **scripts: str) -> Project:
    """A project whose stages run these scripts; a source is there for all."""
    files = {f"{name}.py": BEGIN + textwrap.dedent(text) for name, text in scripts.items()}
    return Project(folder / "p", {"Pipelinefile.toml": stages, "raw.txt": "raw\n", **files})


def whole(one: Project) -> None:
    """Nothing in the store contradicts anything."""
    one.provstore("fsck", "--objects")


# --- after a success --------------------------------------------------------------------------------------------


def test_what_a_task_registers_is_made_by_it(tmp_path: Path) -> None:
    """It stands in the run's own collection; lineage, `why` and `show` lead from it to what the task read, and back."""
    make = """
        id = store.register_dataset("own.txt", "1.0.0", old_location="raw.txt")
        path("lying.txt").write_text("lies there")
        store.register_dataset("lying.txt", collection="mine", execution_id=os.environ["PROVSTORE_EXECUTION"])
        other = store.register_execution("elsewhere")
        store.register_dataset("other.txt", old_location="raw.txt", execution_id=other)
        assert store.get_dataset(id).execution == os.environ["PROVSTORE_EXECUTION"]
        path("done").touch()
    """
    stages = code("make", "raw.txt", "done") + stage("use", "cat own.txt > used.txt", "done own.txt", "used.txt")
    one = project(tmp_path, stages, make=make)
    one.run("make")
    one.run()
    (run,) = one.rows("SELECT collection FROM run ORDER BY id LIMIT 1")[0]
    made = [("own.txt", "make", "succeeded", 0, run), ("lying.txt", "make", "succeeded", 0, "mine")]
    up = one.provstore("lineage", "used.txt", "--json").report
    down = one.provstore("lineage", "--down", "raw.txt", "--json").report

    assert one.rows(DATASETS) == [*made, ("other.txt", None, "succeeded", 0, run)]
    assert {"own.txt", "raw.txt", "make.py"} < {node["path"] for node in up["datasets"]}
    assert {"own.txt", "lying.txt", "used.txt"} < {node["path"] for node in down["datasets"]}
    assert one.provstore("why", "own.txt", "--json").report["execution"]["stage"] == "make"
    assert one.run().executed == []
    whole(one)


def test_a_later_task_of_the_same_run_has_read_the_very_dataset(tmp_path: Path) -> None:
    """Also in the first run of all, within the tenth of a second before anything is written; also inside a folder."""
    make = """
        store.register_dataset("own.txt", old_location="raw.txt")
        store.register_dataset("folder")
        path("done").touch()
    """
    more = 'after = ["make"]'
    stages = code("make", "raw.txt", "done")
    use = stage("use", "cat own.txt folder/in.txt > used.txt", "done own.txt folder/in.txt", "used.txt", more)
    one = project(tmp_path, stages + use, make=make)
    one.write("own.txt", "raw\n")
    one.write("folder/in.txt", "in")
    one.run("-j1")
    (maker,) = one.rows("SELECT id FROM execution WHERE stage = 'make'")
    own = one.rows("SELECT id FROM dataset WHERE path = 'own.txt' AND run <> 'sources'")

    assert one.rows(READ.format("own.txt")) == own
    assert one.rows("SELECT execution FROM dataset WHERE path = 'folder/in.txt'") == [maker]
    whole(one)


# --- after a failure --------------------------------------------------------------------------------------------


def failed(one: Project, name: str) -> Path:
    """Where the last failure of a stage left a file."""
    return one.failed_folder("make") / name


def test_what_a_failed_task_registered_is_no_result(tmp_path: Path) -> None:
    """Its files are put away and its records deleted, so that the next attempt has its places; others' data stay."""
    make = """
        attempt = len(list(path("attempts").iterdir()))
        path("attempts", str(attempt)).touch()
        assert not path("own/deep.txt").exists() and not path("lying.txt").exists(), os.listdir()
        store.register_dataset("own/deep.txt", "patch", name="Own", old_location="raw.txt")
        path("lying.txt").write_text(str(attempt))
        store.register_dataset("lying.txt")
        store.register_dataset("before.txt", execution_id=None)
        store.register_dataset("of-another", location="meta", name="meta")
        path("out.txt").write_text("out")
        sys.exit(attempt < 2)
    """
    one = project(tmp_path, code("make", "raw.txt", "out.txt", "retries = 1"), make=make)
    one.write("before.txt", "lay there before")
    one.write("of-a-person.txt", "a person's")
    one.write("attempts/.keep", "")
    os.remove(one.root / "attempts/.keep")
    one.provstore("dataset", "register", "of-a-person.txt")
    one.run(status=1)
    whole(one)
    gone = [(path, "make", "failed", 1) for path in ("own/deep.txt", "lying.txt", "before.txt", "of-another")]
    first = [row[:4] for row in one.rows(DATASETS)]
    (put_away,) = [failed(one, name).read_text() for name in ("own/deep.txt",)]
    lying, out = failed(one, "lying.txt").read_text(), failed(one, "out.txt").read_text()
    one.run()
    second = [row[:4] for row in one.rows(DATASETS)][9:]

    assert first == [("of-a-person.txt", None, None, 0), *gone, *gone]
    assert (put_away, lying, out) == ("raw\n", "1", "out")
    assert one.read("before.txt") == "lay there before"
    assert one.read("of-a-person.txt") == "a person's"
    assert second == [(path, "make", "succeeded", 0) for path, *_ in gone]
    assert one.rows("SELECT version FROM dataset WHERE name = 'Own'") == [("0.0.1",), ("0.0.2",), ("0.0.3",)]
    whole(one)


def test_what_a_failed_task_replaced_comes_back(tmp_path: Path) -> None:
    """The bytes, and a dataset as it was then, under its alias: it can be replaced again."""
    make = """
        id = "given"
        for text in ("one", "two"):
            path("new.txt").write_text(text)
            id = store.replace_dataset(id, old_location="new.txt", description=text)
        path("done").touch()
        sys.exit(path("bad").exists())
    """
    one = project(tmp_path, code("make", "raw.txt", "done"), make=make)
    one.write("given.txt", "given")
    one.write("bad", "")
    id = one.provstore("dataset", "register", "given.txt", "1.0.0", "--overwritable", "--keyword", "word").out.strip()
    one.provstore("dataset", "modify", id, "--description", "Given")
    with Store.open(one.root) as store:
        store.alias("given", id)
    one.run(status=1)
    statuses = "SELECT iteration, status, description FROM v_dataset WHERE path = 'given.txt' ORDER BY iteration"
    rows = one.rows(statuses)
    given = one.read("given.txt")
    listed = one.provstore("dataset", "ls", "--json").report["datasets"]
    (back,) = [row["id"] for row in listed if row["path"] == "given.txt"]
    with Store.open(one.root) as store:
        keywords = store.get_dataset(back).keywords
    one.remove("bad")
    one.run()

    assert (given, list(keywords)) == ("given", ["word"])
    assert rows == [(0, "replaced", ""), (1, "deleted", "one"), (2, "deleted", "two"), (3, "valid", "Given")]
    assert one.rows(statuses)[4:] == [(4, "replaced", "one"), (5, "valid", "two")]
    assert one.read("given.txt") == "two"
    whole(one)


@contextmanager
def under_way(one: Project, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose task has registered what it wanted, and sleeps."""
    process = one.start("run", *words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        one.wait_for((one.root / "ready").exists)
        yield process
    finally:
        process.kill()
        process.wait()
        one.wait_for(lambda: one.alive() == [])


SLEEPY = """
    if path("slow").exists():
        store.register_dataset("own.txt", old_location="raw.txt")
        path("ready").touch()
        time.sleep(100)
    store.register_dataset("own.txt", old_location="raw.txt")
    path("done").touch()
"""


def test_a_killed_run_leaves_nothing_of_what_its_task_registered(tmp_path: Path) -> None:
    """While it is under way, and after it was killed, all questions have an answer; the next run cleans up."""
    one = project(tmp_path, code("make", "raw.txt", "done"), make=SLEEPY)
    one.write("slow", "")
    asked = (["fsck"], ["why", "own.txt"], ["lineage", "own.txt"], ["dataset", "ls"], ["history", "own.txt"])
    with under_way(one) as process:
        ((id, execution),) = one.rows("SELECT id, execution FROM dataset WHERE path = 'own.txt'")
        words = (*asked, ["show", id], ["dataset", "show", id], ["backup", str(tmp_path / "copy.db")])
        alive = [super(Project, one).provstore(*word) for word in words]
        refused = [
            super(Project, one).provstore(*word, execution, status=2) for word in (["show"], ["execution", "show"])
        ]
        process.kill()
    dead = [super(Project, one).provstore(*word) for word in (*asked, ["show", id])]
    os.remove(one.root / "slow")
    one.run()

    assert all("a task that is under way" in alive[number].out for number in (1, 2, 4, 5)), alive
    assert all("this execution is under way" in done.err for done in refused)
    assert [row[1:4] for row in one.rows(DATASETS)] == [("make", "interrupted", 1), ("make", "succeeded", 0)]
    assert len(dead) == 6
    whole(one)

    other = Project(tmp_path / "other", {"Pipelinefile.toml": ""})
    other.provstore("merge", str(tmp_path / "copy.db"))
    whole(other)
    assert other.rows(DATASETS)[0][1:4] == (None, None, 0)
    other.provstore("merge", str(one.store))
    assert other.rows(DATASETS) == one.rows(DATASETS)
    whole(other)


def test_what_is_left_of_a_task_without_its_description_is_deleted(tmp_path: Path) -> None:
    """A power cut may take the description: what was registered is no result all the same."""
    one = project(tmp_path, code("make", "raw.txt", "done"), make=SLEEPY)
    one.write("slow", "")
    with under_way(one):
        pass
    shutil.rmtree(one.root / ".provstore" / "running")
    one.remove("slow")
    one.remove("own.txt")
    one.run()

    assert [row[1:4] for row in one.rows(DATASETS)] == [(None, "interrupted", 1), ("make", "succeeded", 0)]
    one.provstore("log")
    one.provstore("show", str(one.rows("SELECT id FROM run ORDER BY id LIMIT 1")[0][0]))
    whole(one)


def test_tasks_that_time_out_or_are_stopped_leave_nothing(tmp_path: Path) -> None:
    """Nor what another task registers is touched, at the same moment in the same run."""
    stages = code("make", "raw.txt", "done", 'timeout = "3s"') + code("other", "raw.txt", "other.txt")
    other = """
        for number in range(20):
            store.register_dataset(f"other/{number}.txt", "patch", name="one of all", old_location="raw.txt")
        path("other.txt").touch()
    """
    one = project(tmp_path, stages, make=SLEEPY, other=other)
    one.write("slow", "")
    one.run("-j2", "-k", status=1)
    rows = one.rows(DATASETS)

    assert [row[1:4] for row in rows if row[0] == "own.txt"] == [("make", "timed-out", 1)]
    assert [row[1:4] for row in rows if row[0] != "own.txt"] == [("other", "succeeded", 0)] * 20
    assert len(one.rows("SELECT DISTINCT version FROM dataset WHERE name = 'one of all'")) == 20
    assert failed(one, "own.txt").read_text() == "raw\n"
    whole(one)


def test_what_a_task_registers_again_takes_the_place_of_what_it_registered(tmp_path: Path) -> None:
    """As its outputs do: with the same name and version, and the bytes of before kept; others' places are refused."""
    make = """
        path("text.txt").write_text(path("raw.txt").read_text() * 2)
        store.register_dataset("own.txt", "1.0.0", old_location="text.txt")
        store.register_dataset("text.txt", "1.0.0", name="in its place")
        try:
            store.register_dataset("given.txt", old_location="raw.txt")
        except ProvstoreError as error:
            path("done").write_text(error.message)
        sys.exit(path("raw.txt").read_text() == "bad")
    """
    one = project(tmp_path, code("make", "raw.txt", "done"), make=make)
    one.write("given.txt", "given")
    one.provstore("dataset", "register", "given.txt")
    one.run()
    one.write("raw.txt", "new\n")
    one.write("own.txt", "edited")
    one.run()
    one.write("raw.txt", "bad")
    one.run(status=1)
    statuses = "SELECT path, iteration, status FROM v_dataset WHERE version = '1.0.0' ORDER BY path, iteration"

    became = [(0, "replaced"), (1, "replaced"), (2, "deleted"), (3, "valid")]

    assert one.rows(statuses) == [(path, *each) for path in ("own.txt", "text.txt") for each in became]
    assert one.read("own.txt") == one.read("text.txt") == "new\nnew\n"
    assert "lies there" in one.read("done")
    assert one.rows("SELECT 1 FROM object WHERE content = CAST('edited' AS BLOB)") == [(1,)]
    whole(one)


# --- where a task is --------------------------------------------------------------------------------------------


def test_the_project_of_a_task_is_that_of_its_run(tmp_path: Path) -> None:
    """In the folder of a file that is included, and where `-f` has named one; but not in a project below."""
    main = '[project]\ninclude = ["part/Pipelinefile.toml"]\n'
    make = """
        store.register_dataset("own.txt", old_location="raw.txt")
        with provstore.Store.create("below") as below:
            below.register_dataset("own.txt", old_location="raw.txt")
            assert below.get_dataset(below.register_dataset("two.txt", old_location="raw.txt")).execution is None
        path("done").touch()
    """
    files = {"main.toml": main, "part/Pipelinefile.toml": code("make", "raw.txt", "done"), "part/raw.txt": "raw\n"}
    one = Project(tmp_path / "p", {**files, "part/make.py": BEGIN + textwrap.dedent(make)})
    one.provstore("run", "-f", "main.toml")

    assert [row[:4] for row in one.rows(DATASETS)] == [("own.txt", "make", "succeeded", 0)]
    assert one.read("own.txt") == "raw\n"
    assert one.exists("part/below/own.txt")
    one.provstore("fsck", "-f", "main.toml")


def test_a_verification_leaves_the_store_alone(tmp_path: Path) -> None:
    """What the task registers there goes to a store of its own, by the same rules, and is thrown away with it."""
    make = """
        id = store.register_dataset("own.txt", "1.0.0", old_location="raw.txt")
        path("out.txt").write_text(store.get_dataset(id).path + path("own/root/own.txt").read_text())
        try:
            with provstore.Store.open({root!r}) as real:
                real.register_dataset("other.txt", location="meta")
        except ProvstoreError as error:
            assert os.environ["PROVSTORE_ROOT"] != {root!r} and "verification" in error.message
    """
    text = make.format(root=str(tmp_path / "p")).replace("own/root", "users/root")
    layout = '[project]\nowner = "root"\n[registry]\nlayout = "users/{owner}/{relpath}"\n'
    one = project(tmp_path, layout + code("make", "raw.txt", "out.txt"), make=text)
    one.run()
    before = one.rows("SELECT kind, subject FROM record WHERE kind <> 'verification'")
    verified = one.provstore("verify", "--json").report

    assert verified["ok"], verified
    assert one.rows("SELECT kind, subject FROM record WHERE kind <> 'verification'") == before


def test_variables_without_a_task_mean_nothing(tmp_path: Path) -> None:
    """Whoever has copied them, or outlived the run, records by hand, and is told so."""
    one = project(
        tmp_path,
        code("make", "raw.txt", "done"),
        make='path("environment").write_text(json.dumps(dict(os.environ))); path("done").touch()',
    )
    one.run()
    environment = json.loads(one.read("environment"))
    copied = {name: environment[name] for name in environment if name.startswith("PROVSTORE_")}
    done = one.provstore("dataset", "register", "raw.txt", env=copied)
    one.provstore("run", "--force", env=copied)

    assert "no task is under way" in done.err
    assert one.rows("SELECT execution, run FROM dataset WHERE role = '' AND run <> 'sources'") == [(None, "registered")]
