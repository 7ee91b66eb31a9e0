"""Data in and out: what is put or ingested comes back bit for bit, and what is refused leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provstore import Store
from provstore.errors import (
    DataChangedError,
    DataDeletedError,
    DataNotKeptError,
    FileError,
    PluginError,
    ProvstoreError,
    UnknownIdError,
    UsageError,
)
from provstore.operations.registry.data import intake
from provstore.operations.registry.data.placing import Placing

from .project import Project

PIPELINEFILE = """
[project]
name = "survey"
plugins = ["tools/faulty.py"]

[dimensions]
band = ["g", "r"]
[dimensions.visit]
type = "int"
[dimensions.detector]
type = "int"

[datasets.metrics]
dimensions = ["visit"]
format = "json"

[datasets.raw]
dimensions = ["visit", "detector"]
format = "text"
path = "raw/{visit}_{detector:02d}.txt"

[datasets.image]
dimensions = ["visit"]
format = "hdf5"
path = "images/{visit}.h5"

[datasets."image.header"]
dimensions = ["visit"]
format = "text"

[datasets.part]
dimensions = ["visit", "band"]
format = "text"
path = "parts/{visit}.txt"

[datasets.bad]
dimensions = ["visit"]
format = "faulty"
"""

FAULTY = """
from provstore.plugin import Format, hookimpl

class Faulty(Format):
    name = "faulty"
    python_type = str
    def read(self, path, component=None, **parameters):
        text = path.read_text()
        return 7 if text == "number" else 1 / 0
    def write(self, value, path):
        path.write_text(value)
        if value == "fails":
            raise RuntimeError("half written")

@hookimpl
def provstore_formats():
    return [Faulty()]
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A new project, in which the test works."""
    root = tmp_path / "p"
    (root / "tools").mkdir(parents=True)
    (root / "Pipelinefile.toml").write_text(PIPELINEFILE)
    (root / "tools" / "faulty.py").write_text(FAULTY)
    monkeypatch.chdir(root)
    with Store.create(root) as made:
        yield made


def incoming(tmp_path: Path, *names: str) -> list[Path]:
    """Files outside of the project, each with its name in it."""
    folder = tmp_path / "incoming"
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_text(name)
    return [folder / name for name in names]


def everything(store: Store) -> object:
    """All files of the project but the store's own, what is under way in it, and all facts and objects."""
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(store.root):
        folders[:] = [name for name in folders if name not in (".provstore", "__pycache__")]
        files |= {os.path.join(folder, name): Path(folder, name).read_bytes() for name in names}
        files |= {os.path.join(folder, name): b"" for name in folders}
    under_way = Path(store.root, ".provstore", "running")
    with closing(sqlite3.connect(Path(store.root, ".provstore", "store.db"))) as conn:
        facts = list(conn.execute("SELECT kind, subject FROM record"))
        objects = list(conn.execute("SELECT digest FROM object"))
    return files, facts, objects, sorted(under_way.iterdir()) if under_way.exists() else []


@contextlib.contextmanager
def refused(store: Store, kind: type[ProvstoreError], *parts: str) -> Iterator[None]:
    """What is done inside raises this error, which names these parts; after it all is as before."""
    before = everything(store)
    with pytest.raises(kind) as caught:
        yield
    told = f"{caught.value.message}\n{caught.value.hint}"
    assert all(part in told for part in parts), told
    assert everything(store) == before


def objects(store: Store, said: str) -> None:
    """Writes how many bytes are kept into the Pipelinefile."""
    Path("Pipelinefile.toml").write_text(PIPELINEFILE + f'[store]\nobjects = "{said}"\n')


# --- put and get ------------------------------------------------------------------------------------------------


def test_what_is_put_is_found_by_its_data_id(store: Store) -> None:
    """It lies at a path of its own, in a new RUN collection at the head of `main`."""
    made = store.put({"seeing": 0.7}, "metrics", visit=101)

    assert store.get("metrics", visit=101) == store.get(made) == store.get(made.id) == {"seeing": 0.7}
    assert (made.path, made.data_id, made.format, made.execution) == ("metrics/101.json", {"visit": 101}, "json", None)
    assert made.run.startswith("manual/")
    assert store.query_collections("main")[0].children == (made.run,)
    assert store.get_dataset(made) == made
    assert store.find_dataset("metrics", visit=101) == made


def test_a_newer_put_is_found_first_and_the_earlier_one_can_be_asked_for(store: Store) -> None:
    """Each call makes a collection; the earlier bytes are kept, and every way to get them gives them."""
    first = store.put(1, "metrics", visit=1)
    second = store.put(2, "metrics", visit=1)

    assert (first.run, first.path) < (second.run, second.path)
    assert first.path == second.path
    assert store.get("metrics", visit=1) == 2
    assert store.get(first) == store.get("metrics", {"visit": 1}, collections=first.run) == 1
    assert {first.id, second.id} == {found.id for found in store.query_datasets("metrics")}


def test_one_collection_holds_one_of_each_data_id(store: Store) -> None:
    """A second one is refused, and the collection that is named is made where it is missing."""
    made = store.put(1, "metrics", visit=1, run="mine")
    with refused(store, UsageError, "mine", "metrics visit=1", made.id):
        store.put(2, "metrics", visit=1, run="mine")
    store.delete_dataset(made)
    again = store.put(3, "metrics", visit=1, run="mine")

    assert store.get("metrics", {"visit": 1}, collections="mine") == 3
    assert again.run == "mine"
    assert "main" not in [found.name for found in store.query_collections()]


@pytest.mark.parametrize("run", ["sources", "tagged", "", "a\nb"])
def test_only_a_run_collection_takes_data(store: Store, run: str) -> None:
    """One of another type, that of what nobody made, and what is no name are refused."""
    store.register_collection("tagged", "TAGGED")

    with refused(store, UsageError):
        store.put(1, "metrics", visit=1, run=run)


def test_the_bytes_are_the_recorded_ones_whatever_became_of_the_file(store: Store) -> None:
    """Edited, deleted, or replaced by a folder: the kept object is read."""
    made = store.put([1, 2], "metrics", visit=1)
    path = Path(made.path)
    path.write_text("[3]")
    edited = store.get(made)
    path.unlink()
    gone = store.get(made)
    path.mkdir()

    assert edited == gone == store.get(made) == [1, 2]


def test_what_is_not_at_hand_has_one_of_four_errors(store: Store, tmp_path: Path) -> None:
    """Changed, deleted, never kept and unknown are told apart, and each names the dataset."""
    objects(store, "none")
    changed, deleted, gone = [store.put(visit, "metrics", visit=visit) for visit in (1, 2, 3)]
    Path(changed.path).write_text("other")
    store.delete_dataset(deleted)
    Path(gone.path).unlink()
    meta = store.register_dataset("far", location="external", url="https://example.org/far")

    with refused(store, DataChangedError, changed.id, changed.path):
        store.get(changed)
    with refused(store, DataDeletedError, deleted.id, "deleted"):
        store.get(deleted)
    with refused(store, DataNotKeptError, gone.id, "never kept"):
        store.get(gone)
    with refused(store, DataNotKeptError, meta, "https://example.org/far"):
        store.get(meta)
    with refused(store, UnknownIdError, "metrics visit=9"):
        store.get("metrics", visit=9)
    with refused(store, UnknownIdError, "metric", "did you mean 'metrics'"):
        store.get("metric", visit=1)
    with refused(store, UnknownIdError, "019310a4-77e2-7d01-8c22-1a2b3c4d5e6f"):
        store.get("019310a4-77e2-7d01-8c22-1a2b3c4d5e6f")


def test_a_type_called_so_comes_before_a_component(store: Store) -> None:
    """`image.header` is a type here; `image.data` is a component, and one that is not there lists those that are."""
    store.put({"data": 1.5, "header": {"gain": 2}}, "image", visit=1)
    store.put("of its own", "image.header", visit=1)

    assert store.get("image.header", visit=1) == "of its own"
    assert store.get("image.data", visit=1) == 1.5
    assert store.get("image", visit=1, component="header")["gain"] == 2  # type: ignore[index]
    with refused(store, UsageError, "nothing", "data, header"):
        store.get("image.nothing", visit=1)
    with refused(store, UsageError, "speed"):
        store.get("image", {"visit": 1}, parameters={"speed": 1})


def test_a_calibration_is_got_for_a_time(store: Store) -> None:
    """The one that is valid; none is an error, and so are several, which are listed."""
    early, late = store.put("early", "raw", visit=1, detector=3), store.put("late", "raw", visit=1, detector=3)
    store.register_collection("calib", "CALIBRATION")
    store.certify("calib", [early], begin="2026-01-01", end="2026-02-01")
    store.certify("calib", [late], begin="2026-02-01", end="2026-03-01")

    def at(begin: str, end: str) -> object:
        return store.get("raw", visit=1, detector=3, collections="calib", timespan=(begin, end))

    assert (at("2026-01-05", "2026-01-06"), at("2026-02-01", "2026-02-01")) == ("early", "late")
    with refused(store, UnknownIdError, "raw visit=1, detector=3"):
        at("2027-01-01", "2027-01-02")
    with refused(store, UsageError, early.id, late.id):
        at("2026-01-05", "2026-02-05")


@pytest.mark.parametrize(
    ("value", "type", "data_id", "kind", "part"),
    [
        (["no text"], "raw", {"visit": 1, "detector": 1}, UsageError, "found a value of type list, expected str"),
        ({1: object()}, "metrics", {"visit": 1}, UsageError, "metrics/1.json"),
        (1, "metrics", {}, UsageError, "lacks 'visit'"),
        (1, "metrics", ["visit"], UsageError, "['visit']"),
        ("a", "part", {"visit": -(2**70), "band": "g"}, UsageError, "64 bits"),
        (1, "metrics", {"visit": "1"}, UsageError, "expected a whole number"),
        (1, "metrics", {"visit": 1, "detektor": 2}, UsageError, "detektor"),
        (1, "metric", {"visit": 1}, UsageError, "did you mean 'metrics'"),
        ("", "part", {"visit": 1, "band": "z"}, UsageError, "'z'"),
        ("fails", "bad", {"visit": 1}, UsageError, "bad visit=1: format faulty: bad/1"),
    ],
)
def test_what_can_not_be_put_leaves_nothing(
    store: Store, value: object, type: str, data_id: dict[str, object], kind: type[ProvstoreError], part: str
) -> None:
    """Neither a file, nor a folder, nor a row; the message says what was expected."""
    with refused(store, kind, part):
        store.put(value, type, data_id)  # type: ignore[arg-type]


def test_a_format_that_fails_or_gives_something_else_is_named(store: Store) -> None:
    """With the dataset and its file."""
    fails, other = store.put("any", "bad", visit=1), store.put("number", "bad", visit=2)

    with refused(store, FileError, fails.id, "format faulty", "bad/1", "ZeroDivisionError"):
        store.get(fails)
    with refused(store, FileError, other.id, "format faulty", "bad/2", "type int"):
        store.get(other)


def test_many_are_put_as_one(store: Store) -> None:
    """All of them in one collection, or, with one that can't be, none."""
    made = store.put_many([(visit * 2, {"visit": visit}) for visit in range(20)], "metrics")
    with refused(store, UsageError, "found a value of type object"):
        store.put_many([("1", {"visit": 1, "detector": 1}), (object(), {"visit": 1, "detector": 2})], "raw")
    with refused(store, UsageError, "metrics visit=40"):
        store.put_many([(1, {"visit": 40}), (2, {"visit": 40})], "metrics")
    with refused(store, UsageError, "half written"):
        store.put_many([("fine", {"visit": 50}), ("fails", {"visit": 51})], "bad")

    assert len({found.run for found in made}) == 1
    assert [store.get(found) for found in made] == [visit * 2 for visit in range(20)]
    assert store.put_many([], "metrics") == []


def test_somebody_elses_file_is_left_alone(store: Store) -> None:
    """What nobody recorded, what was edited since, and another dataset stay; equal bytes are taken as they are."""
    Path("raw").mkdir()
    Path("raw/1_01.txt").write_text("mine")
    with refused(store, FileError, "raw/1_01.txt"):
        store.put("other", "raw", visit=1, detector=1)
    made = store.put("mine", "raw", visit=1, detector=1)
    Path(made.path).write_text("edited")
    with refused(store, FileError, "raw/1_01.txt"):
        store.put("next", "raw", visit=1, detector=1)
    store.put("g", "part", visit=1, band="g")

    with refused(store, UsageError, "parts/1.txt"):
        store.put("r", "part", visit=1, band="r")


def test_the_only_copy_gives_way_to_nothing(store: Store) -> None:
    """Where no objects are kept, a newer put at the same path is refused, and says why."""
    objects(store, "none")
    made = store.put(1, "metrics", visit=1)

    with refused(store, FileError, made.id, "kept nowhere else"):
        store.put(2, "metrics", visit=1)


def test_the_files_of_a_removed_run_give_way(store: Store) -> None:
    """They are nobody's data any more, but not lost either; what was deleted with its bytes kept is left alone."""
    gone = store.put("a", "raw", visit=1, detector=1, run="first")
    store.remove_collection("first")
    again = store.put("b", "raw", visit=1, detector=1, run="first")
    kept = store.put("c", "raw", visit=2, detector=1)
    store.delete_dataset(kept, keep_bytes=True)

    assert store.get(again) == Path(again.path).read_text() == "b"
    with refused(store, FileError, "other data lie there"):
        store.put("d", "raw", visit=2, detector=1)
    project = Project(Path(store.root), {})
    project.provstore("restore", f"{gone.path}@{gone.id}")
    assert Path(gone.path).read_text() == "a"
    assert project.provstore("fsck", "--objects").status == 0


def test_each_version_at_a_path_is_replaced_and_deleted_for_itself(store: Store) -> None:
    """Deleting an older one leaves the file of the newer; deleting the newer frees the path; fsck finds no fault."""
    first, second = store.put("a", "raw", visit=1, detector=1), store.put("b", "raw", visit=1, detector=1)
    third = store.put("b", "raw", visit=1, detector=1)
    store.delete_dataset(first)
    store.delete_dataset(second)
    left = Path(third.path).read_text()
    project = Project(Path(store.root), {})
    history = project.provstore("history", third.path, "--json").report
    store.delete_dataset(third)
    is_free = not Path(third.path).exists()
    store.register_dataset(third.path, old_location=incoming(Path(store.root).parent, "x")[0])

    assert left == "b"
    assert is_free
    assert [version["current"] for version in history["versions"]].count(True) == 1
    assert project.provstore("fsck", "--objects").status == 0


def test_a_failure_in_the_middle_puts_everything_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was placed is taken away, what gave way comes back, and what was to be moved is where it was."""
    made = store.put("old", "raw", visit=1, detector=1)
    files = incoming(tmp_path, "1_01.txt", "1_02.txt", "1_03.txt")
    put = Placing.put

    def fails_at_the_third(placing: Placing) -> None:
        if placing.path == "raw/1_03.txt":
            raise FileError("no more")
        put(placing)

    monkeypatch.setattr(Placing, "put", fails_at_the_third)
    with refused(store, FileError, "no more"):
        store.ingest(files, "raw", template="{visit}_{detector:02d}.txt", transfer="move")

    assert all(file.exists() for file in files)
    assert Path(made.path).read_text() == "old"


def test_what_does_not_fit_into_memory_is_kept_all_the_same(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes beyond the limit are read again, those of files in their place as well."""
    monkeypatch.setattr(intake, "HELD_AT_MOST", 10)
    files = incoming(tmp_path, "1_01.txt", "1_02.txt", "1_03.txt")
    copied = store.ingest(files, "raw", template="{visit}_{detector:02d}.txt").ingested
    there = store.ingest("raw/*", "raw", transfer="auto", run="again").ingested
    for found in copied:
        Path(found.path).unlink()

    assert [store.get(found) for found in (*copied, *there)] == [file.name for file in files] * 2


# --- ingest -----------------------------------------------------------------------------------------------------


def test_names_say_what_files_are(store: Store, tmp_path: Path) -> None:
    """Only under the name that the template would write; others are named, and stay what they are."""
    incoming(tmp_path, "1_03.fits", "2_03.fits", "3_3.fits", "readme.md")
    report = store.ingest(tmp_path / "incoming" / "*", "raw", template="{visit}_{detector:02d}.fits")

    assert [found.data_id for found in report.ingested] == [{"visit": 1, "detector": 3}, {"visit": 2, "detector": 3}]
    assert [os.path.basename(name) for name in report.unmatched] == ["3_3.fits", "readme.md"]
    assert store.get("raw", visit=2, detector=3) == "2_03.fits"
    assert Path("raw/2_03.txt").read_text() == "2_03.fits"
    assert {found.run for found in report.ingested} == {report.run}


def test_folders_may_be_part_of_the_template(store: Store, tmp_path: Path) -> None:
    """The last parts of a path are looked at; what the names do not say is said of all."""
    folder = tmp_path / "night" / "101"
    folder.mkdir(parents=True)
    (folder / "7.txt").write_text("seven")
    (folder / "g.txt").write_text("green")
    deep = store.ingest([folder / "7.txt"], "raw", template="{visit}/{detector}.txt")
    said = store.ingest([folder / "g.txt"], "part", template="{band}.txt", data_id={"visit": 5})

    assert deep.ingested[0].data_id == {"visit": 101, "detector": 7}
    assert said.ingested[0].data_id == {"visit": 5, "band": "g"}
    with refused(store, UsageError, "visit=101", "visit=5"):
        store.ingest([folder / "7.txt"], "raw", template="{visit}/{detector}.txt", data_id={"visit": 5})


def test_what_is_known_is_refused_or_passed_over(store: Store, tmp_path: Path) -> None:
    """In a named collection by its data ID; without a name by its bytes along `main`: what changed is new there."""
    files = incoming(tmp_path, "1_01.txt", "1_02.txt")
    template = "{visit}_{detector:02d}.txt"
    first = store.ingest(files, "raw", template=template)
    with refused(store, UsageError, "1_01.txt", first.ingested[0].id):
        store.ingest(files, "raw", template=template)
    files[0].write_text("changed")
    more = incoming(tmp_path, "1_03.txt")
    second = store.ingest([*files, *more], "raw", template=template, skip_existing=True)
    store.ingest(files, "raw", template=template, run="named")
    with refused(store, UsageError, "named"):
        store.ingest(files, "raw", template=template, run="named")
    third = store.ingest(files, "raw", template=template, run="named", skip_existing=True)

    assert [dict(found.data_id)["detector"] for found in second.ingested] == [1, 3]
    assert second.skipped == (str(files[1]),)
    assert (third.run, third.ingested, len(third.skipped)) == (None, (), 2)


def test_one_wrong_file_stops_all(store: Store, tmp_path: Path) -> None:
    """A missing file, a link, a taken target, two of one data ID, a template or a type that can't be."""
    files = incoming(tmp_path, "1_01.txt", "1_02.txt", "1_1.txt")
    template = "{visit}_{detector:02d}.txt"
    (tmp_path / "incoming" / "1_04.txt").symlink_to("1_01.txt")
    Path("raw").mkdir()
    Path("raw/1_02.txt").write_text("somebody's")

    def ingest(*names: str, **more: str) -> None:
        store.ingest([tmp_path / "incoming" / name for name in names], "raw", **{"template": template, **more})  # type: ignore[arg-type]

    with refused(store, FileError, "1_09.txt"):
        ingest("1_01.txt", "1_09.txt")
    with refused(store, FileError, "symbolic link"):
        ingest("1_01.txt", "1_04.txt")
    with refused(store, FileError, "raw/1_02.txt"):
        ingest("1_01.txt", "1_02.txt")
    with refused(store, UsageError, "1_01.txt", "1_01.txt"):
        ingest("1_01.txt", "1_01.txt")
    with refused(store, UsageError, "{band}"):
        ingest("1_01.txt", template="{visit}_{band}.txt")
    with refused(store, UsageError, "lacks 'detector'"):
        ingest("1_01.txt", template="{visit}_01.txt")
    with refused(store, UsageError, "teleport"):
        ingest("1_01.txt", transfer="teleport")
    with refused(store, FileError, "none*.txt"):
        ingest("none*.txt")

    assert all(file.exists() for file in files)


@pytest.mark.parametrize("transfer", ["copy", "move", "hardlink", "symlink", "relsymlink", "direct", "auto"])
def test_every_way_to_take_a_file_in(store: Store, tmp_path: Path, transfer: str) -> None:
    """It is read back; only `move` removes the source, and `direct` leaves it as the only one."""
    [file] = incoming(tmp_path, "1_01.txt")
    [made] = store.ingest(file, "raw", template="{visit}_{detector:02d}.txt", transfer=transfer).ingested
    place = Path(made.path)

    assert store.get(made) == "1_01.txt"
    assert file.exists() == (transfer != "move")
    assert (made.path, made.location) == (
        (str(file), "external") if transfer == "direct" else ("raw/1_01.txt", "project")
    )
    assert place.is_symlink() == (transfer in ("symlink", "relsymlink"))
    if transfer == "hardlink":
        assert place.stat().st_ino == file.stat().st_ino
    if transfer == "relsymlink":
        assert not os.readlink(place).startswith("/")


def test_what_lies_in_the_project_stays_in_its_place(store: Store) -> None:
    """With `auto`; its bytes are kept as others, and with `direct` nobody keeps them."""
    Path("found").mkdir()
    Path("found/1_1.txt").write_text("here")
    Path("found/1_2.txt").write_text("there")
    [here] = store.ingest("found/1_1.txt", "raw", template="{visit}_{detector}.txt", transfer="auto").ingested
    [there] = store.ingest("found/1_2.txt", "raw", template="{visit}_{detector}.txt", transfer="direct").ingested
    Path("found/1_1.txt").write_text("edited")
    Path("found/1_2.txt").write_text("edited")

    assert here.path == "found/1_1.txt"
    assert store.get(here) == "here"
    with refused(store, DataChangedError, there.id):
        store.get(there)


def test_registered_data_may_stay_where_they_are(store: Store, tmp_path: Path) -> None:
    """`direct` and `auto` by hand: digested where they lie, replaced by what lies elsewhere."""
    one, two = incoming(tmp_path, "one.txt", "two.txt")
    first = store.get_dataset(store.register_dataset("a.txt", old_location=one, transfer="direct", overwritable=True))
    second = store.get_dataset(store.replace_dataset(first, old_location=two, transfer="direct"))
    Path("b.txt").write_text("b")
    third = store.get_dataset(store.register_dataset("b.txt", old_location="b.txt", transfer="auto"))
    copied = store.get_dataset(store.register_dataset("c.txt", old_location=one, transfer="auto"))

    assert (first.path, first.location, second.path, second.iteration) == (str(one), "external", str(two), 1)
    assert store.get(second) == b"two.txt" if second.format == "bytes" else store.get(second) == "two.txt"
    assert (third.path, copied.path, one.exists()) == ("b.txt", "c.txt", True)
    with refused(store, UsageError, "direct"):
        store.register_dataset("d.txt", transfer="direct")
    with refused(store, UnknownIdError):
        store.get("d.txt")


def test_a_type_whose_format_is_missing_is_said(store: Store) -> None:
    """Before anything is written."""
    Path("Pipelinefile.toml").write_text(PIPELINEFILE + '[datasets.page]\ndimensions = []\nformat = "papyrus"\n')

    with refused(store, PluginError, "papyrus"):
        store.put(1, "page")


# --- the command line -------------------------------------------------------------------------------------------


def test_the_command_line_does_the_same(store: Store, tmp_path: Path) -> None:
    """A file is put as it is, its recorded bytes come back, and the reports are those of the contract."""
    incoming(tmp_path, "1_01.txt", "1_02.txt", "no.txt")
    Path("new.json").write_text('{"a":  1}')
    project = Project(Path(store.root), {})
    put = project.provstore("dataset", "put", "metrics", "new.json", "visit=7", "--run", "mine")
    Path("metrics/7.json").write_text("edited")
    got = project.provstore("dataset", "get", "metrics", "visit=7", "--collection", "mine")
    project.provstore("dataset", "get", put.out.strip(), "-o", "out/old.json")
    over = project.provstore("dataset", "get", put.out.strip(), "-o", "new.json", "--json")
    command = ["dataset", "ingest", "raw", "../incoming/*", "--template", "{visit}_{detector:02d}.txt", "--json"]
    ingested = project.provstore(*command)
    again = project.provstore(*command, status=2)

    assert got.out == '{"a":  1}'
    assert Path("out/old.json").read_text() == '{"a":  1}'
    assert over.report["data_id"] == {"visit": 7}
    assert [entry["data_id"] for entry in ingested.report["ingested"]] == [
        {"detector": 1, "visit": 1},
        {"detector": 2, "visit": 1},
    ]
    assert ingested.report["unmatched"] == ["../incoming/no.txt"]
    assert ingested.report["skipped"] == []
    assert "--skip-existing" in again.err
    assert "visit=8" in project.provstore("dataset", "get", "metrics", "visit=8", status=2).err
    assert len(project.provstore("dataset", "ls", "raw", "--json").report["datasets"]) == 2


def test_what_a_task_puts_is_made_by_it(store: Store) -> None:
    """In the collection of its run, by its execution; the task itself reads it back."""
    text = 'run = "python task.py > out.txt"\ninputs.code = "task.py"\noutputs.out = "out.txt"\n'
    Path("Pipelinefile.toml").write_text(f"{PIPELINEFILE}[stages.work]\n{text}")
    Path("task.py").write_text(
        "from provstore import Store\n"
        "with Store.open() as store:\n"
        "    made = store.put([7], 'metrics', visit=7)\n"
        "    print(store.get(made), store.get('metrics', {'visit': 7}, collections=made.run))\n"
    )
    report = Project(Path(store.root), {}).provstore("run", "--json").report
    [made] = store.query_datasets("metrics")

    assert Path("out.txt").read_text() == "[7] [7]\n"
    assert made.execution == report["tasks"][0]["execution"]
    assert made.run.startswith("main/")
    assert store.get("metrics", visit=7) == [7]


def test_a_template_that_no_file_fits_is_told_by_the_exit_status(tmp_path: Path) -> None:
    """A script that takes in a night must not go on with nothing."""
    pipelinefile = (
        '[dimensions]\nvisit = { type = "int" }\n[datasets.raw]\ndimensions = ["visit"]\npath = "raw/{visit}.txt"\n'
    )
    project = Project(tmp_path, {"Pipelinefile.toml": pipelinefile, "in/7.txt": "7", "in/readme.md": ""})
    none = project.provstore("dataset", "ingest", "raw", "in/readme.md", "--template", "{visit}.txt", status=1)
    some = project.provstore("dataset", "ingest", "raw", "in/7.txt", "in/readme.md", "--template", "{visit}.txt")

    assert "ingested 0" in none.out
    assert "ingested 1" in some.out
