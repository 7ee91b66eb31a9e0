"""Calls of the registry that do not come to their end: refused late, interrupted, disturbed, in another thread.

Whatever stops them, files, rows and objects are as before, and the next call works.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest

from provstore import Store
from provstore.errors import FileError, ProvstoreError, StoreUnwritableError, UsageError
from provstore.model.files import Content
from provstore.operations import copies
from provstore.operations.announced import Announced
from provstore.operations.outputs import Outputs, unfinished
from provstore.operations.registry.data import placing
from provstore.store import functions
from provstore.store.connection import transaction
from provstore.watch.workspace import Workspace

PIPELINEFILE = """
[dimensions.visit]
type = "int"
region = true
[datasets.raw]
dimensions = ["visit"]
format = "bytes"
path = "raw/{visit}.dat"
[datasets.seen]
dimensions = ["visit"]
format = "json"
path = "seen/{visit}.json"
"""
BIG = "x" * 40_000
"""More than lies inside of the store's file: it is kept in a file of its own."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A project in which the test works, with a file and a folder that are not registered."""
    root = tmp_path / "p"
    (root / "folder" / "sub").mkdir(parents=True)
    (root / "folder" / "sub" / "b").write_text(BIG[1:])
    (root / "file").write_text(BIG)
    (root / "Pipelinefile.toml").write_text(PIPELINEFILE)
    monkeypatch.chdir(root)
    with Store.create(root) as made:
        made.register_execution("first", configuration="file")
        yield made


def everything(store: Store) -> object:
    """All files of the project, kept ones too, but the store's own; and all its facts and objects."""
    own = ("store.db", "lock")
    files = {path: path.read_bytes() for path in Path(store.root).rglob("*") if path.is_file() and path.name not in own}
    with closing(sqlite3.connect(Path(store.root, ".provstore", "store.db"))) as conn:
        return files, [list(conn.execute(f"SELECT * FROM {table}")) for table in ("record", "object")]


def refused(store: Store, call: Callable[[], object], error: type[BaseException]) -> BaseException:
    """What a call raises that changes nothing."""
    before = everything(store)
    with pytest.raises(error) as caught:
        call()
    assert everything(store) == before
    return caught.value


# --- files ------------------------------------------------------------------------------------------------------


def test_a_call_that_fails_takes_back_what_it_has_kept(store: Store) -> None:
    """Of several values the last can't be written: the first was kept in a file of its own, which is gone again."""
    values = [(BIG + "1", {"visit": 1}), ({"no JSON": object()}, {"visit": 2})]

    refused(store, lambda: store.put_many(values, "seen"), UsageError)


def test_what_was_kept_before_stays_when_a_call_fails(store: Store) -> None:
    """The same bytes are those of a configuration."""
    Path("given").mkdir()
    Path("given/1.dat").write_text(BIG)
    Path("given/2.dat").symlink_to("1.dat")

    refused(store, lambda: store.ingest("given/*.dat", "raw", template="{visit}.dat"), FileError)
    store.register_dataset("given/1.dat")


@pytest.mark.parametrize("is_seen", [True, False])
@pytest.mark.parametrize(("source", "transfer"), [("file", "copy"), ("folder", "copy"), ("file", "symlink")])
def test_what_appears_at_the_place_meanwhile_stays(store: Store, source: str, transfer: str, is_seen: bool) -> None:
    """Somebody writes there between the last look and the renaming, which would replace it; or before that look."""
    note, meanwhile = Announced.note, pytest.MonkeyPatch()

    def noted(self: Announced, *said: object) -> None:
        note(self, *said)  # type: ignore[arg-type]
        Path("place").write_text("somebody's")
        if not is_seen:
            meanwhile.setattr(placing.Placing, "is_taken", False)

    with meanwhile.context() as during:
        during.setattr(Announced, "note", noted)
        with pytest.raises(FileError, match="place"):
            store.register_dataset("place", old_location=source, transfer=transfer)
    meanwhile.undo()

    assert Path("place").read_text() == "somebody's"
    assert not store.query_datasets()


@pytest.mark.parametrize("call", ["delete", "replace"])
def test_what_is_written_while_data_are_taken_away_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The bytes that were read are kept, those that came since are not: the call is refused, and they stay."""
    id = store.register_dataset("file", overwritable=True)
    calls: dict[str, Callable[[], object]] = {
        "delete": lambda: store.delete_dataset(id),
        "replace": lambda: store.replace_dataset(id, old_location="folder"),
    }
    note = Announced.note

    def edited(self: Announced, *said: object) -> None:
        note(self, *said)  # type: ignore[arg-type]
        Path("file").write_text("edited")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Announced, "note", edited)
        with pytest.raises(FileError, match="file: changes while"):
            calls[call]()

    assert Path("file").read_text() == "edited"
    assert store.get_dataset(id).status == "valid"


@pytest.mark.parametrize("transfer", ["hardlink", "symlink"])
def test_a_file_that_goes_while_its_bytes_are_kept_is_said_to_change(
    store: Store, monkeypatch: pytest.MonkeyPatch, transfer: str
) -> None:
    """It was digested before, and is read once more where it lies."""
    keep = Outputs.keep

    def gone(self: Outputs, path: str, content: Content) -> bool:
        Path("folder/sub/b").unlink()
        return keep(self, path, content)

    monkeypatch.setattr(Outputs, "keep", gone)
    with pytest.raises(FileError, match="place: changes while"):
        store.register_dataset("place", old_location="folder", transfer=transfer)

    assert not os.path.lexists("place")


def test_a_disk_that_is_full_inside_of_a_folder_is_said_to_be_full(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not that a list of files could not be copied."""

    def full(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)

    monkeypatch.setattr(copies, "_copy_file", full)

    error = refused(store, lambda: store.register_dataset("place", old_location="folder"), StoreUnwritableError)
    assert "No space left" in str(error)


def test_a_call_leaves_no_file_open(store: Store) -> None:
    """Whether it has been done or refused: a program that registers thousands of files would come to its limit."""
    for name in ("first", "second"):
        Path(name).write_text(name)
        os.utime(name, (1_700_000_000, 1_700_000_000))
    time.sleep(0.02)  # they are older than the clock's tick
    store.register_dataset("file")
    before = os.listdir("/dev/fd")
    store.register_dataset("first")
    with pytest.raises(UsageError):
        store.register_dataset("first", old_location="second")
    store.register_dataset("folder")

    assert os.listdir("/dev/fd") == before


@pytest.mark.parametrize("transfer", ["copy", "move", "hardlink"])
def test_a_name_may_be_as_long_as_the_file_system_lets_it_be(store: Store, transfer: str) -> None:
    """What has another name before is no longer than that."""
    name = "n" * 255
    store.register_dataset(name, old_location="file", transfer=transfer)
    store.register_dataset(f"in/{name}", old_location="folder", transfer=transfer)

    assert Path(name).read_text() == BIG
    assert Path("in", name, "sub", "b").read_text() == BIG[1:]


# --- other file systems -----------------------------------------------------------------------------------------


@pytest.fixture(params=[errno.EXDEV, errno.EPERM], ids=["a mount", "no hard links"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """All but `.provstore` lies on a file system of its own; or there are no hard links."""
    link, rename, number = os.link, os.rename, request.param

    def is_between(source: str, target: str) -> bool:
        return ("/.provstore/" in source) != ("/.provstore/" in target)

    def linked(source: str, target: str) -> None:
        if number == errno.EPERM or is_between(source, target):
            raise OSError(number, os.strerror(number), source, None, target)
        link(source, target)

    def renamed(source: str, target: str) -> None:
        if number == errno.EXDEV and is_between(source, target):
            raise OSError(number, os.strerror(number), source, None, target)
        rename(source, target)

    monkeypatch.setattr(os, "link", linked)
    monkeypatch.setattr(os, "rename", renamed)
    return int(number)


@pytest.mark.parametrize("source", ["file", "folder"])
@pytest.mark.parametrize("transfer", ["copy", "move"])
@pytest.mark.usefixtures("elsewhere")
def test_data_come_to_another_file_system(store: Store, source: str, transfer: str) -> None:
    """And nothing but the data."""
    before = Workspace(store.root, {}, {}).read(source)[0].digest
    id = store.register_dataset("place", old_location=source, transfer=transfer)

    assert store.get_dataset(id).digest == before == Workspace(store.root, {}, {}).read("place")[0].digest
    assert sorted(os.listdir()) == sorted(
        {".provstore", "Pipelinefile.toml", "file", "folder", "place"} - ({source} if transfer == "move" else set())
    )


@pytest.mark.usefixtures("elsewhere")
def test_what_appears_on_another_file_system_meanwhile_stays(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renaming would replace it."""
    monkeypatch.setattr(placing.Placing, "is_taken", False)
    Path("place").symlink_to("nowhere")

    refused(store, lambda: store.register_dataset("place", old_location="file"), FileError)
    assert os.readlink("place") == "nowhere"


@pytest.mark.parametrize("elsewhere", [errno.EXDEV], indirect=True)
@pytest.mark.parametrize("source", ["file", "folder"])
@pytest.mark.usefixtures("elsewhere")
def test_a_disk_that_is_full_there_keeps_nothing_of_a_copy(
    store: Store, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    """Neither the copy that was begun nor the folders that were made for it."""
    copy_file = copies._copy_file

    def full(source: str, target: str) -> None:
        copy_file(source, target)
        if "/.provstore/" not in target:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), target)

    monkeypatch.setattr(copies, "_copy_file", full)

    refused(store, lambda: store.register_dataset("new/place", old_location=source), StoreUnwritableError)
    assert sorted(os.listdir()) == [".provstore", "Pipelinefile.toml", "file", "folder"]


@pytest.mark.parametrize("source", ["file", "folder"])
def test_a_copy_that_fails_leaves_nothing_nor_does_one_that_was_killed(store: Store, source: str) -> None:
    """Who copies may have noted nothing. The next copy to the same place takes the place of what a kill has left."""

    def fail(fresh: str, target: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), target)

    with pytest.raises(OSError, match="place"):
        copies.copy(source, "place", fail)
    assert sorted(os.listdir()) == [".provstore", "Pipelinefile.toml", "file", "folder"]
    Path(unfinished("place")).write_text("half")
    copies.copy(source, "place")

    assert sorted(os.listdir()) == [".provstore", "Pipelinefile.toml", "file", "folder", "place"]


@pytest.mark.parametrize("elsewhere", [errno.EXDEV], indirect=True)
@pytest.mark.usefixtures("elsewhere")
def test_what_a_killed_call_had_begun_to_copy_there_goes_with_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its note says where it was to lie."""
    with monkeypatch.context() as killed:
        killed.setattr(copies, "clear_unfinished", lambda target: None)
        killed.setattr("provstore.operations.announced.undo", lambda *_: False)
        killed.setattr(copies, "write_out", lambda files: 1 / 0 if "/.provstore/" not in next(iter(files)) else None)
        with pytest.raises(ZeroDivisionError):
            store.register_dataset("new/place", old_location="file")
    assert os.listdir("new")
    store.register_execution("next")

    assert not os.path.exists("new")


@pytest.mark.parametrize("source", ["file", "folder"])
@pytest.mark.parametrize("elsewhere", [errno.EPERM], indirect=True)
@pytest.mark.usefixtures("elsewhere")
def test_a_hard_link_that_can_not_be_is_refused_with_what_does_without(store: Store, source: str) -> None:
    """On another file system, or to another user's file."""
    error = refused(store, lambda: store.register_dataset("p", old_location=source, transfer="hardlink"), FileError)

    assert "can't be linked" in str(error)
    assert "copy" in error.hint  # type: ignore[attr-defined]


# --- interrupts -------------------------------------------------------------------------------------------------


def test_an_interrupt_at_the_commit_undoes_all(store: Store) -> None:
    """The next call finds no open transaction, and what was put into the project is gone again."""

    def interrupt(frame: FrameType, event: str, function: object) -> None:
        if event == "c_call" and frame.f_code is transaction.__exit__.__code__:
            sys.setprofile(None)
            raise KeyboardInterrupt

    def register() -> None:
        sys.setprofile(interrupt)
        store.register_dataset("place", old_location="file")

    refused(store, register, KeyboardInterrupt)
    id = store.register_dataset("place", old_location="folder")

    assert store.get_dataset(id).kind == "directory"


def test_an_interrupt_behind_the_commit_leaves_what_was_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bytes in a file of their own belong to what is recorded by then."""
    leave = Announced.__exit__

    def interrupted(self: Announced, *_: object) -> None:
        leave(self, None, None, None)
        raise KeyboardInterrupt

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Announced, "__exit__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            store.put(BIG, "seen", visit=1)
    Path("seen/1.json").unlink()

    assert store.get("seen", visit=1) == BIG


def test_an_interrupt_inside_of_a_condition_is_no_damage(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite only says that a function of ours has failed."""
    store.insert_dimension("visit", [{"visit": 1, "region": "CIRCLE(10, 10, 1)"}])
    store.put([1], "seen", visit=1)

    def interrupted(a: str, b: str) -> bool:
        raise KeyboardInterrupt(a, b)

    functions._overlap.cache_clear()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("provstore.sky.overlap", interrupted)
        with pytest.raises(KeyboardInterrupt, match="CIRCLE"):
            store.query_datasets("seen", where="visit.region OVERLAPS CIRCLE(10, 10, 2)")

    assert len(store.query_datasets("seen", where="visit.region OVERLAPS CIRCLE(10, 10, 2)")) == 1


# --- threads and processes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [Store.query_datasets, Store.close, lambda store: store.put(b"", "raw", visit=1)])
def test_a_store_belongs_to_the_thread_that_opened_it(store: Store, call: Callable[[Store], object]) -> None:
    """Others are told so, and not that the store is damaged; they can open it for themselves."""
    errors: list[ProvstoreError] = []

    def work() -> None:
        try:
            call(store)
        except ProvstoreError as error:
            errors.append(error)
        with Store.open(store.root) as own:
            own.register_execution("by another thread")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert [(type(error), "opened by another thread" in str(error)) for error in errors] == [(UsageError, True)]
    store.register_execution("by this one")


def test_a_store_is_not_used_by_a_process_that_was_forked(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite forbids that; closing it there leaves it open here."""
    with monkeypatch.context() as child:
        child.setattr(os, "getpid", lambda: 1)
        with pytest.raises(UsageError, match="opened by the process that was forked"):
            store.query_datasets()
        store.close()

    assert not store.query_datasets()
