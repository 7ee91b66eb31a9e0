"""Data that somebody registers: in its place and recorded, or neither; through Python and the command line alike."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from provstore import Store
from provstore.errors import FileError, ProvstoreError, UnknownIdError, UsageError

from .project import Project, stage

FIELDS = [
    "id", "type", "data_id", "run", "path", "kind", "size", "digest", "semantic_digest", "format", "created",
    "execution", "name", "version", "owner", "owner_type", "description", "status", "iteration", "replaces",
    "keywords", "metadata",
]  # fmt: skip


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Where data come from: a table, and a directory with a big file and a small one."""
    folder = tmp_path / "src"
    (folder / "images").mkdir(parents=True)
    (folder / "stars.csv").write_text("name,mag\nAtlas,3.6\n")
    (folder / "images" / "1.dat").write_bytes(b"\0" * 40_000)
    (folder / "images" / "2.dat").write_bytes(b"two")
    return folder


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new project."""
    with Store.create(tmp_path / "p") as made:
        yield made


def tree(root: str | Path) -> dict[str, object]:
    """Every file but those of the tool, with its content; folders too."""
    found: dict[str, object] = {}
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name != ".provstore"]
        found |= {os.path.join(folder, name): None for name in folders}
        found |= {full: Path(full).read_bytes() for full in (os.path.join(folder, name) for name in names)}
    return found


def records(store: Store) -> list[tuple[object, ...]]:
    """Every fact that was recorded."""
    with closing(sqlite3.connect(Path(store.root) / ".provstore" / "store.db")) as conn:
        return list(conn.execute("SELECT kind, subject FROM record")) + list(conn.execute("SELECT digest FROM object"))


def project_of(store: Store) -> Project:
    """The same project for the command line."""
    return Project(Path(store.root), {})


# --- registering ------------------------------------------------------------------------------------------------


def test_the_dependency_of_executions_follows_from_the_data(store: Store, source: Path) -> None:
    """What the second execution read, the first has made; lineage goes from one to the other."""
    first = store.register_execution("pipeline-stage-1", description="The first stage")
    images = store.register_dataset("my/images/", "0.0.1", old_location=source / "images", execution_id=first)
    second = store.register_execution("pipeline-stage-2", input_datasets=[images])
    stars = store.register_dataset("my/stars.csv", old_location=source / "stars.csv", execution_id=second)
    lineage = project_of(store).provstore("lineage", "my/stars.csv", "--json").report

    assert store.get_execution(second).inputs == (images,)
    assert store.get_execution(first).outputs == (images,)
    assert {node["id"] for node in lineage["datasets"]} == {images, stars}
    assert {node["id"] for node in lineage["executions"]} == {first, second}


def test_data_are_copied_to_their_place_and_described(store: Store, source: Path) -> None:
    """The copy holds what the source holds, the source stays, and the record says what was said."""
    id = store.register_dataset(
        "./my//images/", "1.10.0", old_location=source / "images", name="Pleiades, 3 images", owner="ann",
        keywords=["Sky", "sky", "raw"], metadata={"telescope": {"mirror": 0.5}}, description="raw",
    )  # fmt: skip
    found = store.get_dataset(id)

    assert (Path(store.root) / "my/images/2.dat").read_bytes() == b"two"
    assert (source / "images" / "2.dat").exists()
    assert (found.path, found.name, found.version, found.kind) == (
        "my/images",
        "Pleiades, 3 images",
        "1.10.0",
        "directory",
    )
    assert (found.keywords, found.metadata) == (("raw", "sky"), {"telescope": {"mirror": 0.5}})
    assert (found.run, found.status, found.size, found.owner) == ("registered", "valid", 40_003, "ann")
    project_of(store).provstore("fsck", "--objects")


def test_without_a_name_it_is_called_by_its_path(store: Store, source: Path) -> None:
    """The last part of the path without its ending."""
    id = store.register_dataset("my/bright_stars.csv", old_location=source / "stars.csv")

    assert store.get_dataset(id).name == "bright_stars"


def test_data_that_lie_there_are_taken_as_they_are(store: Store, source: Path) -> None:
    """Without a source, and with one that holds the same."""
    place = Path(store.root) / "a.csv"
    place.write_bytes((source / "stars.csv").read_bytes())
    (Path(store.root) / "b.csv").write_text("b")
    inode = place.stat().st_ino
    store.register_dataset("a.csv", old_location=source / "stars.csv")
    store.register_dataset("b.csv")

    assert place.stat().st_ino == inode


TABLE = "stars.csv"
FAILING: dict[str, tuple[Callable[[Store, Path], object], type[ProvstoreError], str]] = {
    "an empty owner": (lambda s, d: s.register_dataset("x", old_location=d / TABLE, owner=""), UsageError, "owner"),
    "no collection": (lambda s, d: s.register_dataset("x", location="meta", collection=""), UsageError, "collection"),
    "above": (lambda s, d: s.register_dataset("../x", old_location=d / TABLE), UsageError, "leaves the project"),
    "absolute": (lambda s, d: s.register_dataset(str(d / "x"), old_location=d / TABLE), UsageError, "absolute"),
    "store": (lambda s, d: s.register_dataset(".provstore/x", old_location=d / TABLE), UsageError, "may lie"),
    "whole project": (lambda s, d: s.register_dataset("a/..", old_location=d / "images"), UsageError, "may lie there"),
    "through a link": (lambda s, d: s.register_dataset("out/new/x", old_location=d / TABLE), FileError, "symbolic"),
    "no source": (lambda s, d: s.register_dataset("x", old_location=d / "none"), FileError, "there is no such"),
    "nothing there": (lambda s, d: s.register_dataset("x"), FileError, "nothing lies there"),
    "linked source": (lambda s, d: s.register_dataset("x", old_location=d / "link"), FileError, "symbolic link"),
    "link within": (lambda s, d: s.register_dataset("x", old_location=d / "linked"), FileError, "linked/it"),
    "pipe within": (lambda s, d: s.register_dataset("x", old_location=d / "piped"), FileError, "piped/it"),
    "other data": (lambda s, d: s.register_dataset("taken", old_location=d / TABLE), FileError, "other data"),
    "living": (lambda s, d: s.register_dataset("known.csv", old_location=d / TABLE), UsageError, "('known' 1.0.0 of"),
    "inside a living": (lambda s, d: s.register_dataset("all/3.dat", old_location=d / TABLE), UsageError, "at all"),
    "around a living": (lambda s, d: s.register_dataset("deep", old_location=d / "images"), UsageError, "at deep/er/x"),
    "version": (
        lambda s, d: s.register_dataset("y", "1.0.0", name="known", old_location=d / TABLE), UsageError, "'known' 1"),
    "no version": (lambda s, d: s.register_dataset("y", "1.02.0", old_location=d / TABLE), UsageError, "1.10.0"),
    "empty name": (lambda s, d: s.register_dataset("y", name=" ", old_location=d / TABLE), UsageError, "not empty"),
    "long name": (lambda s, d: s.register_dataset("y", name="n" * 256, old_location=d / TABLE), UsageError, "255"),
    "control": (lambda s, d: s.register_dataset("y", name="a\nb", old_location=d / TABLE), UsageError, "control"),
    "execution": (lambda s, d: s.register_dataset("y", execution_id="0", old_location=d / TABLE), UnknownIdError, "0"),
    "owner type": (
        lambda s, d: s.register_dataset("y", owner_type="users", old_location=d / TABLE), UsageError, "did you|one of"),
    "production": (
        lambda s, d: s.register_dataset("y", owner_type="production", overwritable=True, old_location=d / TABLE),
        UsageError, "overwritable"),
    "metadata": (
        lambda s, d: s.register_dataset("y", metadata={"a": float("nan")}, old_location=d / TABLE), UsageError, "JSON"),
    "external": (lambda s, d: s.register_dataset("y", location="external"), UsageError, "url or a contact"),
    "a chain": (lambda s, d: s.register_dataset("y", collection="main", old_location=d / TABLE), UsageError, "CHAINED"),
    "itself": (lambda s, d: s.register_dataset("y", old_location=s.root), UsageError, "lies in it"),
    "unknown input": (lambda s, d: s.register_execution("e", input_datasets=["best"]), UnknownIdError, "best"),
    "no text": (lambda s, d: s.register_execution("e", description=7), UsageError, "found 7"),  # type: ignore[arg-type]
    "not overwritable": (lambda s, d: s.replace_dataset("fixed", old_location=d / TABLE), UsageError, "overwritable"),
    "unknown dataset": (lambda s, d: s.delete_dataset("nobody"), UnknownIdError, "nobody"),
    "nothing to change": (lambda s, d: s.modify_dataset("fixed"), UsageError, "nothing to change"),
    "another name of its place": (
        lambda s, d: s.register_dataset("inner/er/x", old_location=d / TABLE), UsageError, "lies at deep/er/x"),
    "the store itself": (
        lambda s, d: s.register_dataset("y", old_location=f"{s.root}/.provstore/store.db", transfer="move"),
        UsageError, "data of your own"),
    "the Pipelinefile": (
        lambda s, d: s.register_dataset("y", old_location=f"{s.root}/Pipelinefile.toml", transfer="move"),
        UsageError, "which the project needs"),
    "another's data": (
        lambda s, d: s.register_dataset("y", old_location=f"{s.root}/known.csv", transfer="move"),
        UsageError, "would lose its data"),
    "no UTF-8": (
        lambda s, d: s.register_dataset("y", old_location=os.fsdecode(bytes(d) + b"/\xff"), transfer="symlink"),
        UsageError, "is not UTF-8"),
    "removed": (
        lambda s, d: s.register_dataset("y", old_location=d / TABLE, collection="(removed)"), UsageError, "removed"),
    "neither yes nor no": (
        lambda s, d: s.register_dataset("y", old_location=d / TABLE, overwritable="no"),  # type: ignore[arg-type]
        UsageError, "expected True or False"),
    "a blank contact": (
        lambda s, d: s.register_dataset("y", location="external", contact=" "), UsageError, "url or a contact"),
    "nowhere any more": (lambda s, d: s.modify_dataset("elsewhere", url=""), UsageError, "url or a contact"),
    "no object": (
        lambda s, d: s.modify_dataset("fixed", metadata=[1]), UsageError, "found [1]"),  # type: ignore[arg-type]
    "no path": (
        lambda s, d: s.register_dataset("y", old_location=5), UsageError, "old_location: found 5"),  # type: ignore[arg-type]
    "bytes": (
        lambda s, d: s.replace_dataset("fixed", old_location=b"y"), UsageError, "found b'y'"),  # type: ignore[arg-type]
    "no words": (
        lambda s, d: s.register_dataset("y", old_location=d / TABLE, keywords=5),  # type: ignore[arg-type]
        UsageError, "keywords: found 5"),
    "no ids": (
        lambda s, d: s.register_execution("e", input_datasets=None),  # type: ignore[arg-type]
        UsageError, "input_datasets: found None"),
    "no file": (
        lambda s, d: s.register_execution("e", configuration=b"y"), UsageError, "found b'y'"),  # type: ignore[arg-type]
    "no id": (lambda s, d: s.delete_dataset(None), UnknownIdError, "None"),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("how", FAILING)
def test_what_is_refused_leaves_neither_file_nor_row(store: Store, source: Path, how: str) -> None:
    """The error names the thing, and all is as it was."""
    root = Path(store.root)
    (root / "taken").write_text("mine")
    (root / "out").symlink_to(source)
    (source / "link").symlink_to(source / "stars.csv")
    (source / "linked").mkdir()
    (source / "linked" / "it").symlink_to("/etc/passwd")
    (source / "piped").mkdir()
    os.mkfifo(source / "piped" / "it")
    fixed = store.register_dataset("known.csv", "1.0.0", old_location=source / "stars.csv")
    store.alias("fixed", fixed)
    store.register_dataset("all", old_location=source / "images")
    store.register_dataset("deep/er/x", old_location=source / "stars.csv")
    (root / "inner").symlink_to("deep")
    (source / os.fsdecode(b"\xff")).write_text("its name is no text")
    store.alias("elsewhere", store.register_dataset("z", location="external", url="https://example.org"))
    store.alias("None", fixed)
    os.unlink(source / "piped" / "it") if how == "through a link" else None
    before = tree(root), records(store), sorted(os.listdir(root / ".provstore"))
    call, kind, text = FAILING[how]
    with pytest.raises(kind, match=re.escape(text).replace(r"\|", "|")):
        call(store, source)

    assert (tree(root), records(store), sorted(os.listdir(root / ".provstore"))) == before


def test_a_failure_behind_the_last_check_is_undone(store: Store, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The data are in their place and the rows on their way when the disk fails."""
    from provstore.operations.registry.by_hand import register

    def failing(*_: object) -> None:
        raise OSError(28, "No space left on device")

    fixed = store.register_dataset("a", old_location=source / "images", overwritable=True)
    before = tree(store.root), records(store)
    for name in ("add_dataset",):
        monkeypatch.setattr(register, name, failing)
    with pytest.raises(ProvstoreError, match="No space"):
        store.register_dataset("b/c/d", old_location=source / "images")
    monkeypatch.undo()
    monkeypatch.setattr("provstore.operations.registry.data.placing.Placing.put", failing)
    with pytest.raises(ProvstoreError, match="No space"):
        store.replace_dataset(fixed, old_location=source / "stars.csv")

    assert tree(store.root) == before[0]
    assert [row for row in records(store) if len(row) == 2] == [row for row in before[1] if len(row) == 2]


@pytest.mark.parametrize("transfer", ["copy", "move", "hardlink", "symlink", "relsymlink"])
def test_data_come_by_every_way(store: Store, source: Path, transfer: str) -> None:
    """A file and a directory are readable at their place; what is moved is gone where it was."""
    for name in ("stars.csv", "images"):
        store.register_dataset(f"in/{name}", old_location=source / name, transfer=transfer)
    place = Path(store.root) / "in"

    assert (place / "images" / "2.dat").read_bytes() == b"two"
    assert (place / "stars.csv").is_symlink() == ("symlink" in transfer)
    assert (source / "stars.csv").exists() == (source / "images").exists() == (transfer != "move")
    project_of(store).provstore("fsck")


def test_what_a_link_led_to_may_be_gone(store: Store, source: Path) -> None:
    """The link gives way to new data, and is removed with its dataset."""
    (source / "old.csv").write_text("old")
    linked = {"old_location": source / "old.csv", "transfer": "symlink", "overwritable": True}
    one, two = store.register_dataset("one", **linked), store.register_dataset("two", **linked)  # type: ignore[arg-type]
    os.unlink(source / "old.csv")
    store.replace_dataset(one, old_location=source / "stars.csv")
    store.delete_dataset(two)

    assert (Path(store.root) / "one").read_bytes() == (source / "stars.csv").read_bytes()
    assert not os.path.lexists(Path(store.root) / "two")


def test_owners_are_put_apart_by_the_layout(tmp_path: Path, source: Path) -> None:
    """`[registry] layout` says where, `[project] owner` whose; the same path of two owners is no clash."""
    (tmp_path / "p").mkdir()
    text = '[project]\nowner = "lab"\n[registry]\nlayout = "{owner_type}/{owner}/{relpath}"\n'
    (tmp_path / "p" / "Pipelinefile.toml").write_text(text)
    with Store.create(tmp_path / "p") as store:
        one = store.register_dataset("x.csv", "1.0.0", old_location=source / "images" / "2.dat")
        two = store.register_dataset(
            "x.csv", "1.0.0", old_location=source / "images" / "2.dat", owner="ann", owner_type="group"
        )

        assert (store.get_dataset(one).path, store.get_dataset(two).path) == ("user/lab/x.csv", "group/ann/x.csv")
        with pytest.raises(UsageError, match="folder"):
            store.register_dataset("x.csv", old_location=source / "images", owner="..")


def test_what_has_no_data_is_recorded_without(store: Store) -> None:
    """It has no bytes to restore, and takes no place."""
    external = store.register_dataset("far.fits", location="external", url="https://example.org/far.fits")
    meta = store.register_dataset("idea", location="meta")
    (Path(store.root) / "idea").write_text("data")
    there = store.register_dataset("idea")
    project = project_of(store)

    assert [store.get_dataset(id).size for id in (external, meta, there)] == [0, 0, 4]
    assert "without data" in project.provstore("dataset", "path", external, status=2).err
    project.provstore("restore", "far.fits", status=1)
    project.provstore("fsck")


# --- versions ---------------------------------------------------------------------------------------------------


def test_the_next_version_is_behind_all_that_were_ever_used(store: Store, source: Path) -> None:
    """Deleted ones count, other owners do not; living versions are unique, a deleted one's is free."""
    for number, (bump, version) in enumerate(
        [
            ("patch", "0.0.1"),
            ("minor", "0.1.0"),
            ("patch", "0.1.1"),
            ("major", "1.0.0"),
            ("1.10.0", "1.10.0"),
            ("patch", "1.10.1"),
        ]
    ):
        id = store.register_dataset(f"{number}", bump, name="stars", old_location=source / "stars.csv")
        assert store.get_dataset(id).version == version
    store.delete_dataset(id)
    after = store.register_dataset("6", "patch", name="stars", old_location=source / "stars.csv")
    again = store.register_dataset("7", "1.10.1", name="stars", old_location=source / "stars.csv")
    other = store.register_dataset("8", "patch", name="stars", owner="b", old_location=source / "stars.csv")

    assert [store.get_dataset(id).version for id in (after, again, other)] == ["1.10.2", "1.10.1", "0.0.1"]


# --- what becomes of them ---------------------------------------------------------------------------------------


def test_a_replaced_dataset_can_be_restored(store: Store, source: Path) -> None:
    """The new one has the next iteration and all else of the old one; both contents come back bit for bit."""
    old = store.register_dataset("s", "1.0.0", old_location=source / "images", overwritable=True, keywords=["k"])
    new = store.replace_dataset(old, old_location=source / "stars.csv", description="a table")
    found, project = store.get_dataset(new), project_of(store)
    place = Path(store.root) / "s"

    assert store.get_dataset(old).status == "replaced"
    assert (found.iteration, found.replaces, found.version, found.name) == (1, old, "1.0.0", "s")
    assert (found.keywords, found.overwritable, found.kind) == (("k",), True, "file")
    with pytest.raises(UsageError, match="it was replaced"):
        store.replace_dataset(old, old_location=source / "images")
    project.provstore("gc")
    project.provstore("restore", f"s@{old}")
    assert (place / "1.dat").read_bytes() == b"\0" * 40_000
    project.provstore("restore", f"s@{new}")
    assert place.read_bytes() == (source / "stars.csv").read_bytes()
    assert [row["id"] for row in project.provstore("dataset", "ls", "--json").report["datasets"]] == [new]


def test_what_was_edited_since_is_kept_when_it_is_replaced(store: Store, source: Path) -> None:
    """Nobody's only copy is destroyed."""
    old = store.register_dataset("s.csv", old_location=source / "stars.csv", overwritable=True)
    (Path(store.root) / "s.csv").write_text("by hand")
    store.replace_dataset(old, old_location=source / "images" / "2.dat")
    versions = project_of(store).provstore("history", "s.csv", "--json").report["versions"]
    edited = next(version for version in versions if version["size"] == 7)
    project_of(store).provstore("restore", f"s.csv@{edited['dataset']}")

    assert (Path(store.root) / "s.csv").read_text() == "by hand"


def test_what_is_deleted_leaves_its_record(store: Store, source: Path) -> None:
    """The data go, the path is free, a second time is an error, and `gc` frees what was kept."""
    id = store.register_dataset("d", old_location=source / "images")
    project = project_of(store)
    done = project.provstore("dataset", "delete", id, "--json").report

    assert (done["removed"], (Path(store.root) / "d").exists()) == (True, False)
    with pytest.raises(UsageError, match=f"{id}: it was deleted"):
        store.delete_dataset(id)
    assert project.provstore("dataset", "ls", "--json").report == {"datasets": []}
    listed = project.provstore("dataset", "ls", "--status", "all", "--json").report["datasets"]
    assert [(row["id"], row["status"]) for row in listed] == [(id, "deleted")]
    project.provstore("gc")
    project.provstore("restore", f"d@{id}", status=1)
    store.register_dataset("d", old_location=source / "stars.csv")
    project.provstore("fsck", "--objects")


def test_bytes_may_be_kept_on_deletion(store: Store, source: Path) -> None:
    """Then they stay where they are, and `gc` leaves what is kept."""
    id = store.register_dataset("d", old_location=source / "images")
    store.delete_dataset(id, keep_bytes=True)
    (Path(store.root) / "d" / "2.dat").unlink()
    project = project_of(store)
    project.provstore("gc")
    project.provstore("restore", f"d@{id}")

    assert (Path(store.root) / "d" / "2.dat").read_bytes() == b"two"


def test_deletion_leaves_what_is_not_the_dataset(store: Store, source: Path) -> None:
    """What somebody has put into its place is somebody's."""
    id = store.register_dataset("d", old_location=source / "stars.csv")
    (Path(store.root) / "d").write_text("mine")
    done = project_of(store).provstore("dataset", "delete", id)

    assert "other data" in done.out
    assert (Path(store.root) / "d").read_text() == "mine"


def test_former_values_stay_in_the_history(store: Store, source: Path) -> None:
    """Each change is a fact; `show` says what holds now, the record proves both."""
    id = store.register_dataset("d", old_location=source / "stars.csv", description="one")
    store.modify_dataset(id, description="two", metadata={"a": 1})
    store.modify_dataset(id, description="three")
    store.modify_dataset(id, description="three")
    changes = store.dataset_changes(id)

    assert [(change.field, change.before, change.value) for change in changes] == [
        ("description", "one", "two"), ("metadata", {}, {"a": 1}), ("description", "two", "three"),
    ]  # fmt: skip
    assert store.get_dataset(id).description == "three"
    assert project_of(store).provstore("show", id, "--json").report["description"] == "three"


def test_aliases_lead_to_datasets_and_never_in_circles(store: Store, source: Path) -> None:
    """An alias of an alias follows it when that is superseded."""
    one = store.register_dataset("1", old_location=source / "stars.csv")
    two = store.register_dataset("2", old_location=source / "stars.csv")
    store.alias("best", one)
    store.alias("shown", "best")
    with pytest.raises(UsageError, match=f"it stands for {one}"):
        store.alias("best", two)
    store.alias("best", two, supersede=True)
    with pytest.raises(UsageError, match="best → shown → best"):
        store.alias("best", "shown", supersede=True)
    with pytest.raises(UsageError, match="looks like an id"):
        store.alias(one, two)

    assert store.get_dataset("shown").id == two


# --- with pipelines ---------------------------------------------------------------------------------------------

INSIDE = """
import provstore
with provstore.Store.open() as store:
    done = store.register_execution("inside")
    id = store.register_dataset("given.txt", "patch", old_location="raw.txt", execution_id=done)
    assert store.get_dataset(id).version == "0.0.1"
"""


def test_a_task_can_register_while_its_run_is_under_way(tmp_path: Path) -> None:
    """It does not wait for its own run; who reads the dataset later in that run has read what was registered."""
    text = stage("give", f"{sys.executable} inside.py && echo done > done.txt", "inside.py raw.txt", "done.txt")
    text += stage("read", "cat given.txt > copy.txt || true", "done.txt", "copy.txt")
    files = {"Pipelinefile.toml": text, "inside.py": INSIDE, "raw.txt": "raw\n"}
    project = Project(tmp_path / "p", files)
    project.run("read")
    project.write("Pipelinefile.toml", text + stage("use", "cat given.txt > used.txt", "given.txt", "used.txt"))
    project.run()
    used = "SELECT d.run FROM usage AS u JOIN dataset AS d ON d.id = u.dataset WHERE d.path = 'given.txt'"

    assert project.read("copy.txt") == project.read("used.txt") == "raw\n"
    assert project.rows(used) == project.rows("SELECT collection FROM run ORDER BY id LIMIT 1")
    project.provstore("fsck")


def test_a_registered_output_is_what_its_task_has_made(tmp_path: Path) -> None:
    """In its place it keeps its maker, so that what is made of it still comes from the task's inputs."""
    text = stage("make", "cat a.txt > b.txt", "a.txt", "b.txt") + stage("use", "cat b.txt > c.txt", "b.txt", "c.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "a\n"})
    project.run("make")
    id = project.provstore("dataset", "register", "b.txt", "1.0.0", "--name", "The b").out.strip()
    project.run()
    lineage = project.provstore("lineage", "c.txt", "--json").report

    assert project.provstore("dataset", "show", id, "--json").report["execution"] is not None
    assert {node["path"] for node in lineage["datasets"]} == {"a.txt", "b.txt", "c.txt"}
    assert project.run().executed == []
    assert project.count() == {"make": 1, "use": 1}
    project.provstore("fsck")


# --- the command line -------------------------------------------------------------------------------------------


def test_the_command_line_does_the_same(tmp_path: Path, source: Path) -> None:
    """Registering prints the id; lists are narrowed; JSON has the fields of the tables."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": ""})
    done = project.provstore("execution", "register", "stage 1", "--description", "first").out.strip()
    id = project.provstore(
        "dataset", "register", "my/a.dat", "1.0.0", "--old-location", str(source / "images" / "2.dat"), "--execution",
        done[:-4], "--keyword", "Sky", "--owner", "ann", "--type", "image.raw", "--data-id", "visit=101",
        "--metadata", '{"a": [1]}', "--overwritable", "--collection", "mine",
    ).out.strip()  # fmt: skip
    other = project.provstore("dataset", "register", "Pipelinefile.toml", "patch").out.strip()
    second = project.provstore("execution", "register", "stage 2", "--input", id).out.strip()

    def listed(*words: str) -> list[str]:
        return [row["id"] for row in project.provstore("dataset", "ls", "--json", *words).report["datasets"]]

    shown = project.provstore("dataset", "show", id[:-2], "--json").report
    assert list(shown) == sorted(FIELDS) or list(shown) == FIELDS
    assert (shown["data_id"], shown["type"], shown["execution"]) == ({"visit": 101}, "image.raw", done)
    assert listed() == [other, id]
    assert (
        listed("image.*")
        == listed("--owner", "ann")
        == listed("--keyword", "SKY")
        == listed("--collection", "mine")
        == [id]
    )
    assert listed("--limit", "1") == listed("--collection", "main") == [other]
    assert project.provstore("dataset", "path", id).out.strip() == str(project.root / "my/a.dat")
    executions = project.provstore("execution", "ls", "--json").report["executions"]
    assert [(row["id"], row["inputs"]) for row in executions] == [(second, [id]), (done, [])]
    new = project.provstore(
        "dataset", "replace", id, "--old-location", str(project.root / "Pipelinefile.toml")
    ).out.strip()
    project.provstore("dataset", "modify", new, "--description", "d", "--metadata", "{}")
    project.provstore("dataset", "alias", "best", new)
    assert "→ d" in project.provstore("dataset", "show", "best", "--history").out
    assert "my/a.dat" in project.provstore("dataset", "ls").out
    assert "by hand" in project.provstore("execution", "show", second).out
    project.provstore("dataset", "delete", "best")
    assert listed("--status", "replaced") == [id]
    for words in (
        ("show", "nobody"),
        ("ls", "--collection", "none"),
        ("delete", new),
        ("register", "../x"),
        ("ls", "--status", "x"),
    ):
        assert project.provstore("dataset", *words, status=2).err.startswith("error[")


# --- proof ------------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(store: Store, source: Path) -> Store:
    """A store with every kind of fact that is recorded by hand."""
    id = store.register_dataset(
        "a", "1.0.0", old_location=source / "stars.csv", overwritable=True, keywords=["k l", "m"]
    )
    store.modify_dataset(id, description="x")
    store.alias("best", store.replace_dataset(id, old_location=source / "images"))
    store.delete_dataset("best")
    return store


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM keyword WHERE word = 'k l'",
        "UPDATE keyword SET word = 'n' WHERE word = 'm'",
        "INSERT INTO keyword SELECT id, 'o' FROM dataset LIMIT 1",
        "DELETE FROM dataset_deletion",
        "UPDATE dataset_change SET value = '\"y\"'",
        "UPDATE alias SET name = 'worst'",
        "UPDATE dataset_deletion SET user = 'x'",
    ],
)
def test_fsck_finds_every_change_of_what_was_said(filled: Store, change: str) -> None:
    """Each fact has its record; none can be altered, removed or added beside it."""
    project = project_of(filled)
    project.provstore("fsck")
    with closing(sqlite3.connect(project.store)) as conn:
        conn.execute(change)
        conn.commit()

    project.provstore("fsck", status=1)


def test_what_was_said_is_recovered_and_merged(filled: Store, tmp_path: Path) -> None:
    """Every kind of fact comes out of a damaged store, and into another one."""
    project = project_of(filled)
    kinds = "SELECT kind, count(*) FROM record GROUP BY kind ORDER BY kind"
    before = project.rows(kinds)
    other = Project(tmp_path / "other", {"Pipelinefile.toml": ""})
    other.provstore("execution", "register", "e")
    other.provstore("merge", str(project.root))
    filled.close()
    project.provstore("recover")

    assert [row for row in project.rows(kinds) if row[0] != "recovery"] == before
    assert {row for row in other.rows(kinds) if row[0] not in ("merge", "execution")} >= set(before) - {
        ("execution", 1)
    }
    assert other.provstore("dataset", "ls", "--status", "all", "--keyword", "k l", "--json").report["datasets"]
    other.provstore("fsck")
