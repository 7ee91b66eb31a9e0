"""Objects: bytes that are kept come back bit for bit, or not at all."""

from __future__ import annotations

import os
import stat

import pytest

from provstore.digest import canonical_json, digest_bytes
from provstore.errors import StoreError
from provstore.operations.outputs import Outputs
from provstore.store import objects as module
from provstore.store.history import Made
from provstore.store.objects import INSIDE
from provstore.watch.workspace import Workspace

SIZES = [0, 1, INSIDE, INSIDE + 1, (1 << 20) + 7]


def keep(store, data):
    digest = digest_bytes(data)
    store.objects.keep_bytes(digest, data)
    return digest


def written(store):
    """What waits is in the store."""
    store.ledger().write({}, {})
    assert not store.objects.pending


def files_beside(path):
    folder = path.parent / "objects"
    return sorted(file for file in folder.rglob("*") if file.is_file()) if folder.exists() else []


def given_back(store, digest, target, *, executable=False):
    return store.objects.write_to(digest, str(target), executable=executable)


@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back(store, path, tmp_path, size, waiting):
    """Small ones from the store, bigger ones from a file of their own; also before they were written."""
    data = os.urandom(size)
    digest = keep(store, data)
    if not waiting:
        written(store)

    assert store.objects.has(digest)
    assert store.objects.read(digest) == data
    assert b"".join(store.objects.pieces(digest, 1)) == data[1:]
    assert given_back(store, digest, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == data
    assert bool(files_beside(path)) == (size > INSIDE)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("reflink", [True, False])
def test_files_come_back(store, path, tmp_path, monkeypatch, size, reflink):
    """By whatever way they are copied; the file itself stays, and is no hard link to what is kept."""
    if not reflink:
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    digest = digest_bytes(source.read_bytes())
    assert store.objects.keep_file(digest, str(source), size)
    written(store)
    assert source.stat().st_nlink == 1

    assert given_back(store, digest, tmp_path / "x")
    assert (tmp_path / "x").read_bytes() == source.read_bytes()
    assert (tmp_path / "x").stat().st_nlink == 1


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_file_that_is_not_what_was_digested_is_not_kept(store, path, tmp_path, size):
    """It changed in between; nothing of it stays behind."""
    source = tmp_path / "source"
    source.write_bytes(os.urandom(size))
    digest = digest_bytes(b"something else")

    assert not store.objects.keep_file(digest, str(source), size)
    store.objects.keep_bytes_of(digest, source.read_bytes())
    assert not store.objects.has(digest)
    assert not store.objects.pending
    assert files_beside(path) == []


@pytest.mark.parametrize("executable", [True, False])
@pytest.mark.parametrize("size", [1, INSIDE + 1])
def test_the_executable_bit_is_as_asked_for(store, tmp_path, size, executable):
    """With what the user's mask leaves of it; the kept object is read-only."""
    digest = keep(store, os.urandom(size))
    written(store)
    given_back(store, digest, tmp_path / "x", executable=executable)

    mode = (tmp_path / "x").stat().st_mode
    assert bool(mode & stat.S_IXUSR) == executable
    assert mode & stat.S_IWUSR


def test_what_is_kept_twice_is_kept_once(store, path):
    """By its digest."""
    data = os.urandom(INSIDE + 1)
    for _ in range(3):
        keep(store, data)
        written(store)

    assert len(files_beside(path)) == 1
    assert store.conn.execute("SELECT count(*), sum(size) FROM object").fetchone() == (1, len(data))


def test_an_object_file_is_named_by_its_digest_and_read_only(store, path):
    """Anybody can check it with `b3sum`."""
    data = os.urandom(INSIDE + 1)
    digest = keep(store, data)
    (file,) = files_beside(path)

    assert f"blake3:{file.parent.name}{file.name}" == digest
    assert file.read_bytes() == data
    assert not file.stat().st_mode & 0o222


def test_an_object_without_its_row_is_not_there(store, path):
    """The fact that needs it was never recorded; it is kept again, and nothing is in the way."""
    data = os.urandom(INSIDE + 1)
    digest = keep(store, data)
    store.objects.pending.clear()
    assert not store.objects.has(digest)

    keep(store, data)
    written(store)
    assert store.objects.read(digest) == data


# --- damage -------------------------------------------------------------------------------------------


def flip(path):
    path.chmod(0o644)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def damage(store, path, digest, how):
    """Spoils an object where it lies."""
    beside = files_beside(path)
    if beside:
        {"flip": flip, "cut": lambda file: os.truncate(file, 5), "remove": os.unlink}[how](beside[0])
        return
    store.conn.execute("PRAGMA query_only = OFF")
    sql = {
        "flip": "UPDATE object SET content = x'00' WHERE digest = ?",
        "cut": "UPDATE object SET content = substr(content, 1, 3) WHERE digest = ?",
        "remove": "DELETE FROM object WHERE digest = ?",
    }[how]
    store.conn.execute(sql, (digest,))


@pytest.mark.parametrize("how", ["flip", "cut", "remove"])
@pytest.mark.parametrize("size", [100, INSIDE + 100])
def test_a_damaged_object_is_never_given_back(store, path, tmp_path, size, how):
    """A flipped bit, a cut, a loss: it counts as not kept."""
    digest = keep(store, os.urandom(size))
    written(store)
    damage(store, path, digest, how)

    assert not given_back(store, digest, tmp_path / "x")
    with pytest.raises(KeyError):
        store.objects.read(digest)
    if how == "remove":
        assert not store.objects.has(digest)


@pytest.mark.parametrize("how", ["flip", "cut", "remove"])
@pytest.mark.parametrize("members", [3, 2000], ids=["inside", "beside"])
def test_a_directory_with_a_damaged_manifest_is_not_at_hand(store, path, how, members):
    """It is no traceback either."""
    entries = [[f"f{number:05}", "empty", "", 0] for number in range(members)]
    digest = keep(store, canonical_json(entries).encode())
    written(store)
    assert store.objects.has_all(digest, "directory")
    damage(store, path, digest, how)

    assert not store.objects.has_all(digest, "directory")


def test_an_object_that_cannot_be_written_is_an_error_that_leaves_nothing(store, path, monkeypatch):
    """Half an object is never there under its name."""

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module.os, "fsync", full)
    with pytest.raises(StoreError, match="No space"):
        keep(store, os.urandom(INSIDE + 1))

    assert files_beside(path) == []
    assert not store.objects.pending


def test_a_damaged_store_is_said_to_be_that(store, path):
    """What SQLite raises while an object is looked for names the file."""
    store.conn.set_authorizer(lambda *_: 1)

    with pytest.raises(StoreError, match=r"store\.db"):
        store.objects.has("blake3:x")
    store.conn.set_authorizer(None)


# --- outputs: whole files and directories -------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    root.mkdir()
    return root


@pytest.fixture
def outputs(store, path, project):
    return Outputs(str(project), str(path.parent), Workspace(str(project), {}, {}), store.objects)


def kept(outputs, project, name="out"):
    """Keeps what lies at a path, as a success would; its record."""
    content, memo = Workspace(str(project), {}, {}).read(name)
    assert outputs.keep(name, content)
    return Made(name, memo.identity, content.digest, content.kind, content.executable, "d")


def snapshot(folder):
    """All that counts of a directory."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = ("link", os.readlink(path))
        elif path.is_dir():
            if not any(path.iterdir()):
                found[name] = ("empty",)
        else:
            found[name] = ("file", path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
    return found


def fill(folder):
    folder.mkdir()
    (folder / "small").write_bytes(b"1")
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "sub/big").write_bytes(os.urandom(INSIDE + 1))
    (folder / "sub/run.sh").write_bytes(b"#!/bin/sh\n")
    (folder / "sub/run.sh").chmod(0o755)
    (folder / "empty/er").mkdir(parents=True)
    (folder / "nothing").write_bytes(b"")
    (folder / "link").symlink_to("../../somewhere/else")
    (folder / "loop").symlink_to("loop")
    (folder / "to folder").symlink_to("sub")
    (folder / "a\nb é").write_bytes(b"2")


@pytest.mark.parametrize("there", ["nothing", "file", "directory", "link"])
def test_a_directory_comes_back_as_it_was(store, outputs, project, there):
    """Files, executable bits, links, empty folders, strange names; whatever lies in its place is replaced."""
    fill(project / "out")
    before = snapshot(project / "out")
    made = kept(outputs, project)
    written(store)
    (project / "out").rename(project / "old")
    if there == "file":
        (project / "out").write_bytes(b"x")
    elif there == "directory":
        (project / "out/other").mkdir(parents=True)
    elif there == "link":
        (project / "out").symlink_to("old")
    assert store.objects.has_all(made.digest, made.kind)

    assert outputs.restore(made)
    assert not (project / "out").is_symlink()
    assert snapshot(project / "out") == before == snapshot(project / "old")
    assert Workspace(str(project), {}, {}).identity("out") == made.identity
    assert sorted(entry.name for entry in project.iterdir()) == ["old", "out"]


def test_an_empty_directory_comes_back(store, outputs, project):
    """It is something."""
    (project / "out").mkdir()
    made = kept(outputs, project)
    (project / "out").rmdir()

    assert outputs.restore(made)
    assert (project / "out").is_dir()


@pytest.mark.parametrize("size", [0, 5, INSIDE + 1])
@pytest.mark.parametrize("mode", [0o644, 0o755])
@pytest.mark.parametrize("there", ["nothing", "file", "directory"])
def test_a_file_comes_back_as_it_was(store, outputs, project, size, mode, there):
    """Into a folder that is made for it, with its executable bit."""
    (project / "a").mkdir()
    (project / "a/b").write_bytes(data := os.urandom(size))
    (project / "a/b").chmod(mode)
    made = kept(outputs, project, "a/b")
    written(store)
    (project / "a/b").unlink()
    if there == "nothing":
        (project / "a").rmdir()
    elif there == "file":
        (project / "a/b").write_bytes(b"other")
    else:
        (project / "a/b/c").mkdir(parents=True)

    assert outputs.restore(made)
    assert (project / "a/b").read_bytes() == data
    assert Workspace(str(project), {}, {}).identity("a/b") == made.identity


@pytest.mark.parametrize("lost", ["file", "link", "manifest"])
def test_a_directory_that_is_not_whole_is_not_restored(store, path, outputs, project, lost):
    """What lies in its place stays as it is, and nothing is left beside it."""
    fill(project / "out")
    made = kept(outputs, project)
    written(store)
    entries = {entry.path: entry.digest for entry in store.objects.entries(made.digest)}
    digest = {"file": entries["small"], "link": entries["link"], "manifest": made.digest}[lost]
    store.conn.execute("PRAGMA query_only = OFF")
    store.conn.execute("UPDATE object SET content = x'00' WHERE digest = ?", (digest,))
    (project / "out/small").write_bytes(b"the user's")
    before = snapshot(project / "out")

    assert not outputs.restore(made)
    assert snapshot(project / "out") == before
    assert [entry.name for entry in project.iterdir()] == ["out"]
    assert not [file for file in (path.parent / "running").rglob("*")]
