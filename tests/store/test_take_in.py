"""A big file is kept in the pass that digests it; an object is what its digest says, whoever writes meanwhile."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import time

import pytest
from faults.mounts import call, need_root, unmount

from provstore.digest import digest_bytes
from provstore.errors import FileError, StoreUnwritableError
from provstore.model.files import SMALL
from provstore.store import objects as module
from provstore.store.objects import Objects
from provstore.watch.signature import SECOND, TICK
from provstore.watch.workspace import Workspace

SIZE = 3 * SMALL + 7


@pytest.fixture(scope="module", params=["here", "btrfs", "xfs"])
def place(request, tmp_path_factory):
    """A folder on the file system of the tests, and on two that have reflinks."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "here":
        yield folder
        return
    need_root()
    if shutil.which(f"mkfs.{request.param}") is None:
        pytest.skip(f"mkfs.{request.param} is missing")
    image, disk = folder / "image", folder / "disk"
    with image.open("wb") as file:
        file.truncate(400 << 20)
    call(f"mkfs.{request.param}", "-q", image)
    disk.mkdir()
    call("mount", "-o", "loop", image, disk)
    try:
        yield disk
    finally:
        unmount(disk)


class Kept:
    """A project with one big file that has settled, and the objects beside it.

    Attributes:
        has_reflinks: What the file system can.
    """

    def __init__(self, root, store, path, *, has_reflinks):
        self.root, self.has_reflinks = root, has_reflinks
        self.file = root / "big"
        self.file.write_bytes(os.urandom(SIZE))
        self.objects = Objects(str(root / "objects"), store.conn, str(path))
        self.workspace = Workspace(str(root), {}, {})
        time.sleep(2 * TICK / SECOND)

    def read(self):
        return self.workspace.read("big", self.objects)[0]

    def files(self):
        """Content of each file among the objects, by name."""
        found = (self.root / "objects").rglob("*")
        return {file.parent.name + file.name: file.read_bytes() for file in found if file.is_file()}

    def expected(self, *contents):
        return {digest_bytes(content).removeprefix("blake3:"): content for content in contents}


@pytest.fixture
def kept(place, request, store, path):
    root = place / str(abs(hash(request.node.name)))
    (root / "objects").mkdir(parents=True)
    return Kept(root, store, path, has_reflinks=place.name == "disk")


def test_a_big_file_is_read_once_and_written_at_most_once(kept, monkeypatch):
    """Not written at all where there are reflinks."""
    read, written = [], []
    original_read, original_write = os.readv, os.write
    monkeypatch.setattr(os, "readv", lambda *of: (read.append(original_read(*of)), read[-1])[1])
    monkeypatch.setattr(os, "write", lambda *of: (written.append(original_write(*of)), written[-1])[1])
    content = kept.read()
    monkeypatch.undo()

    assert sum(read) == SIZE
    assert sum(written) == (0 if kept.has_reflinks else SIZE)
    assert content.digest == digest_bytes(kept.file.read_bytes())
    assert kept.files() == kept.expected(kept.file.read_bytes())
    assert kept.objects.has(content.digest)
    assert kept.objects.keep_file(content.digest, "not read again", SIZE)


def test_what_is_kept_already_is_not_kept_twice(kept):
    """An output that came out as before."""
    kept.read()
    kept.workspace.forget("big")
    before = [file.stat().st_ino for file in (kept.root / "objects").rglob("*")]
    kept.read()

    assert [file.stat().st_ino for file in (kept.root / "objects").rglob("*")] == before
    assert len(kept.files()) == 1


def write_in_place(file, data, stamp):
    """Changes bytes in the middle and puts the time back."""
    with file.open("r+b") as opened:
        opened.seek(SIZE // 2)
        opened.write(data)
    os.utime(file, ns=(stamp, stamp))


@pytest.mark.parametrize("moment", ["before the clone", "after the clone", "after the digest"])
def test_a_writer_in_between_is_noticed(kept, monkeypatch, moment):
    """Also with size and time put back: it is read again, and what is kept is what was digested."""
    stamp = kept.file.stat().st_mtime_ns
    times = []

    def interfere():
        if not times:
            times.append(write_in_place(kept.file, b"changed", stamp))

    clone, digest = module.clone, module.digest_descriptor

    def cloned(*of):
        if moment == "before the clone":
            interfere()
        done = clone(*of)
        if moment == "after the clone":
            interfere()
        return done

    def digested(*of):
        found = digest(*of)
        if moment == "after the digest":
            interfere()
        return found

    monkeypatch.setattr(module, "clone", cloned)
    monkeypatch.setattr(module, "digest_descriptor", digested)
    content = kept.read()

    assert times
    assert b"changed" in kept.file.read_bytes()
    assert content.digest == digest_bytes(kept.file.read_bytes())
    assert kept.files() == kept.expected(kept.file.read_bytes())


def test_a_writer_by_a_mapping_never_spoils_an_object(kept, monkeypatch):
    """A page that was written before can be written once more without a new time stamp, until it is written out."""
    with kept.file.open("r+b") as opened, mmap.mmap(opened.fileno(), 0) as mapped:
        mapped[SIZE // 2] ^= 1
        time.sleep(2 * TICK / SECOND)
        clone, times = module.clone, []

        def cloned(*of):
            done = clone(*of)
            if not times:
                times.append(mapped[SIZE // 2])
                mapped[SIZE // 2] ^= 2
            return done

        monkeypatch.setattr(module, "clone", cloned)
        content = kept.read()

    assert times
    assert content.digest == digest_bytes(kept.file.read_bytes())
    assert kept.files() == kept.expected(kept.file.read_bytes())


def test_what_never_stops_changing_is_not_kept(kept, monkeypatch):
    """Nor is anything left beside it."""
    digest = module.digest_descriptor

    def digested(*of):
        found = digest(*of)
        write_in_place(kept.file, os.urandom(8), kept.file.stat().st_mtime_ns)
        return found

    monkeypatch.setattr(module, "digest_descriptor", digested)
    kept.read()

    assert kept.files() == {}
    assert not kept.objects.pending


def test_a_file_from_the_future_is_kept_by_reading_the_copy(kept, monkeypatch):
    """A change to it might not show; so what is kept is digested itself."""
    stamp = time.time_ns() + 10**15
    os.utime(kept.file, ns=(stamp, stamp))
    monkeypatch.setattr(kept.objects, "take_in", lambda *_: pytest.fail("taken in"))
    content = kept.read()
    assert kept.files() == {}

    assert kept.objects.keep_file(content.digest, str(kept.file), SIZE)
    assert kept.files() == kept.expected(kept.file.read_bytes())


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_fails_is_the_stores_fault(kept, monkeypatch, number, call):
    """Not that of the file that is read; half an object is never there, and the next time it is kept."""
    if call == "write" and kept.has_reflinks:
        pytest.skip("nothing is written here")
    original, count = getattr(os, call), []

    def failing(*of):
        count.append(of)
        if call == "fsync" or len(count) > 1:
            raise OSError(number, os.strerror(number))
        return original(*of)

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(StoreUnwritableError, match=r"objects/.*\.new: "):
        kept.read()
    monkeypatch.undo()

    assert kept.files() == {}
    assert not kept.objects.pending
    assert kept.objects.has(kept.read().digest)


def test_a_file_that_cannot_be_read_to_its_end_is_named(kept, monkeypatch):
    """It is not the store's fault, and nothing of it is kept."""
    original, count = os.readv, []

    def failing(*of):
        count.append(of)
        if len(count) > 2:
            raise OSError(errno.EIO, "Input/output error")
        return original(*of)

    monkeypatch.setattr(os, "readv", failing)
    with pytest.raises(FileError, match="big: can't be read: Input/output error"):
        kept.read()

    assert kept.files() == {}
    assert not kept.objects.pending


def test_files_of_a_directory_are_kept_as_they_are_read(kept, monkeypatch):
    """Small and big ones; those that are remembered are not read, and kept later."""
    (kept.root / "d").mkdir()
    contents = [os.urandom(size) for size in (5, module.INSIDE + 1, SMALL + 1)]
    for number, content in enumerate(contents):
        (kept.root / "d" / str(number)).write_bytes(content)
    time.sleep(2 * TICK / SECOND)
    kept.workspace.read("d", kept.objects)
    (kept.root / "d").rename(kept.root / "gone")

    assert set(kept.objects.pending) == {digest_bytes(content) for content in contents}
    assert kept.files() == kept.expected(*contents[1:])
