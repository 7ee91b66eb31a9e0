"""Many small files are read by two processes; whatever happens to the second one, the same is found."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from provstore.digest import digest_bytes
from provstore.errors import FileError, StoreUnwritableError
from provstore.model.files import SMALL
from provstore.watch import durable, members, readers
from provstore.watch.readers import AHEAD, ANSWER, BATCH, SecondReader, batches_ahead, look_of, read_as_seen
from provstore.watch.workspace import Workspace

FILES = 300
YEAR = 365 * 86400 * 1_000_000_000


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory of old files; two processes read it, few files at a time."""
    monkeypatch.setattr(members, "PAYS", 2)
    monkeypatch.setattr(members, "BATCH", 7)
    monkeypatch.setattr(members, "processors", lambda: 2)
    folder = tmp_path / "d"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number:03d}").write_bytes(b"%d" % number * number)
        os.utime(folder / f"{number:03d}", ns=(YEAR, YEAR))
    time.sleep(0.05)
    return folder


@pytest.fixture
def second():
    reader = SecondReader()
    yield reader
    reader.close()


def identity(folder):
    """What a workspace without memory makes of the directory."""
    workspace = Workspace(str(folder.parent), {}, {})
    found = workspace.identity("d")
    workspace.take_noted()
    return found


def identity_by_one(folder, monkeypatch):
    """The same by this process alone."""
    with monkeypatch.context() as patch:
        patch.setattr(members, "PAYS", 10**9)
        return identity(folder)


def opened(monkeypatch):
    """A list of all that this process opens from now on."""
    paths, original = [], os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: (paths.append(path), original(path, *rest))[1])
    return paths


def look(path):
    with open(path, "rb") as file:
        return look_of(file.fileno())


def test_two_processes_read_what_one_reads(folder, monkeypatch):
    """Each file once, or once more to have it written out."""
    expected = identity_by_one(folder, monkeypatch)
    paths = opened(monkeypatch)

    assert identity(folder) == expected
    assert len(set(paths)) == len(paths) == FILES


def test_what_two_processes_read_is_not_read_again(folder, monkeypatch):
    """All of it is remembered."""
    workspace = Workspace(str(folder.parent), {}, {})
    expected = workspace.identity("d")
    workspace.settle(wait=True)
    files, directories = workspace.take_noted()
    paths = opened(monkeypatch)
    os.utime(folder / "007", ns=(0, 0))

    assert Workspace(str(folder.parent), dict(files), dict(directories)).identity("d") == expected
    assert [os.path.basename(path) for path in paths] == ["007"]


def test_few_files_and_kept_ones_are_read_by_one_process(folder, monkeypatch):
    """To start another one takes longer, and only this process writes objects."""
    monkeypatch.setattr(members, "SecondReader", lambda: pytest.fail("a second process was started"))

    class Nothing:
        def keep_bytes(self, digest, data):
            pass

    Workspace(str(folder.parent), {}, {}).read("d", Nothing())
    monkeypatch.setattr(members, "PAYS", FILES + 1)
    identity(folder)


@pytest.mark.parametrize("is_started", [False, True])
def test_without_a_second_process_all_is_read(folder, monkeypatch, is_started):
    """Whether it can't be started or is killed at once."""
    expected = identity_by_one(folder, monkeypatch)
    original = readers.spawn_apart

    def spawn(*words):
        pid = original(*words) if is_started else 0
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    monkeypatch.setattr(readers, "spawn_apart", spawn)
    count = len(os.listdir("/proc/self/fd"))

    assert identity(folder) == expected
    assert len(os.listdir("/proc/self/fd")) == count


def test_a_second_process_that_ends_in_the_middle_is_done_without(folder, monkeypatch):
    """What it has read counts, what it has not is read here."""
    expected = identity_by_one(folder, monkeypatch)
    original, handed = SecondReader.hand_over, []

    def hand_over(self, batch, paths):
        handed.append(batch)
        original(self, batch, paths)
        if len(handed) == 1:
            while not self.has_answered(wait=False):
                time.sleep(0.001)
        elif len(handed) == 2:
            os.kill(self._pid, signal.SIGKILL)

    monkeypatch.setattr(SecondReader, "hand_over", hand_over)

    assert identity(folder) == expected
    assert len(handed) >= 2


@pytest.mark.parametrize("change", ["rewritten", "grown", "mode"])
def test_a_file_that_changes_after_the_walk_is_read_as_it_is(folder, monkeypatch, change):
    """What the second process found otherwise than expected does not count."""
    original = SecondReader.hand_over

    def hand_over(self, batch, paths):
        for path in paths:
            if change == "mode":
                os.chmod(path, 0o600)
            else:
                with open(path, "wb") as file:
                    file.write(b"new" if change == "rewritten" else b"x" * (SMALL + 2))
            monkeypatch.setattr(SecondReader, "hand_over", original)
            break
        original(self, batch, paths)

    monkeypatch.setattr(SecondReader, "hand_over", hand_over)
    found = identity(folder)
    monkeypatch.undo()

    assert found == identity(folder)


def test_a_file_that_vanishes_is_named(folder, monkeypatch):
    """As when one process reads."""
    original = SecondReader.hand_over

    def hand_over(self, batch, paths):
        os.unlink(paths[0])
        original(self, batch, paths)

    monkeypatch.setattr(SecondReader, "hand_over", hand_over)

    with pytest.raises(FileError, match=r"d/\d{3}: can't be read"):
        identity(folder)


def test_a_disk_that_fails_is_named_whoever_has_read(folder, monkeypatch):
    """What the second process read is written out by the first, which gets the error."""
    last = str(folder / f"{FILES - 1}")

    def write(descriptor, how):
        if os.readlink(f"/proc/self/fd/{descriptor}") == last:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "_writer", lambda: write)

    with pytest.raises(StoreUnwritableError, match=last):
        identity(folder)


@pytest.mark.parametrize("name", [b"a b", b"new\nline", b"-x", b"'\"$", "\u00e9".encode(), b"\xff"])
def test_every_name_can_be_read_by_the_second_process(tmp_path, second, name):
    """A project's own folder may have a name that is not UTF-8."""
    path = os.path.join(os.fsencode(tmp_path), name)
    with open(path, "wb") as file:
        file.write(b"data")
    second.hand_over([7], [os.fsdecode(path)])

    assert list(second.answers()) == [(7, look(path), digest_bytes(b"data"))]


def test_what_can_not_be_read_looks_like_nothing(tmp_path, second):
    """A directory, a missing file and one that is too big; the next one is read."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "big").write_bytes(b"x" * (SMALL + 2))
    names = ["folder", "missing", "big", "file"]
    second.hand_over([0, 1, 2, 3], [str(tmp_path / name) for name in names])
    looks = [found for _, found, _ in second.answers()]

    assert looks == [[0] * 5] * 3 + [look(tmp_path / "file")]


@pytest.mark.parametrize("pipe", [0, 4096, 1 << 14, 1 << 15, 1 << 16, 1 << 20])
def test_answers_never_wait_for_requests(pipe):
    """Else both processes would wait for each other; one batch alone never does that."""
    ahead = batches_ahead(pipe)

    assert ahead == 1 or ahead * BATCH * ANSWER.size <= pipe
    assert 1 <= ahead <= AHEAD


def test_small_pipes_do(folder, monkeypatch):
    """As those of a user who has very many."""
    expected = identity_by_one(folder, monkeypatch)
    original = os.pipe

    def pipe():
        ends = original()
        fcntl.fcntl(ends[0], fcntl.F_SETPIPE_SZ, 4096)
        return ends

    monkeypatch.setattr(os, "pipe", pipe)
    monkeypatch.setattr(members, "BATCH", BATCH)

    assert identity(folder) == expected


def test_the_second_process_ends_with_the_first(tmp_path):
    """However that ends."""
    program = (
        "import os, signal; from provstore.watch.readers import SecondReader; reader = SecondReader()\n"
        "print(reader._pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{done.stdout.strip()}/fd/0") and time.monotonic() < deadline:
        time.sleep(0.01)

    assert not os.path.exists(f"/proc/{done.stdout.strip()}/fd/0")


@pytest.mark.parametrize("change", [b"other", b"longer than before", b"less"])
def test_a_file_that_looks_otherwise_is_not_read_as_seen(tmp_path, change):
    """Nor is it left open."""
    path = tmp_path / "f"
    path.write_bytes(b"bytes")
    before = look(path)
    path.write_bytes(change)
    os.utime(path, ns=(YEAR, YEAR))
    count = len(os.listdir("/proc/self/fd"))

    assert read_as_seen(str(path), before) is None
    assert len(os.listdir("/proc/self/fd")) == count
