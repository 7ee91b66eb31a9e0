"""What lies in the workspace: real files, and changes that try not to be seen."""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import closing

import pytest

from provstore.digest import digest_bytes, digest_text
from provstore.errors import FileError
from provstore.model.files import SMALL, DirectoryMemo, Memo
from provstore.watch.signature import COARSE_TICK, SECOND, TICK, Signature, settles_at
from provstore.watch.workspace import Workspace

YEAR = 365 * 86400 * SECOND


class Files:
    """A folder, and the workspace over it; `again` is what a later run would make of the memory."""

    def __init__(self, root):
        self.root = root
        self.workspace = Workspace(str(root), {}, {})

    def write(self, name, data, *, stamp=None):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("r+b" if path.exists() else "wb") as file:
            file.truncate(0)
            file.write(data)
        if stamp is not None:
            os.utime(path, ns=(stamp, stamp))
        return path

    def settled(self):
        """Remembers all it has seen."""
        self.workspace.settle(wait=True)
        return self.workspace.take_noted()

    def again(self):
        """A workspace that knows only what the store would have kept."""
        files, directories = self.settled()
        self.workspace = Workspace(str(self.root), dict(files), dict(directories))
        return self.workspace


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)


def readings(monkeypatch):
    """A list that every file which is read from now on is added to."""
    read = []
    original = os.open

    def wrapper(path, *rest):
        read.append(path)
        return original(path, *rest)

    monkeypatch.setattr(os, "open", wrapper)
    return read


def unreadable(monkeypatch):
    """From now on no file can be read."""
    monkeypatch.setattr(os, "open", lambda path, *_: pytest.fail(f"{path} was read"))


def settle_clock():
    """Lets the file system's clock move on by a tick."""
    time.sleep(2 * TICK / SECOND)


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL])
def test_an_identity_is_the_digest_of_the_bytes(files, size):
    """However large the file is."""
    data = os.urandom(size)
    files.write("f", data)

    assert files.workspace.identity("f") == digest_bytes(data)
    assert files.workspace.identity(str(files.root / "f")) == digest_bytes(data)


def test_nothing_has_no_identity(files):
    """Nor has what would lie below a file, nor a link that leads nowhere."""
    files.write("f", b"x")
    (files.root / "gone").symlink_to("nowhere")

    assert [files.workspace.identity(path) for path in ("a", "f/b", "gone", "a/b/c")] == [""] * 4


def test_a_link_is_what_it_leads_to(files):
    """As a command would read it."""
    files.write("f", b"x")
    (files.root / "link").symlink_to("f")

    assert files.workspace.identity("link") == digest_bytes(b"x")


@pytest.mark.parametrize("stamp", [None, YEAR, 50 * YEAR + 1, 1_700_000_000 * SECOND, 1_700_000_000 * SECOND + 1])
def test_200_edits_of_equal_size_with_the_time_put_back_are_all_noticed(files, stamp):
    """In place, as fast as they come, with memory: `touch -d`, `cp -p`, `rsync -t`."""
    path = files.write("f", b"%08d" % 0, stamp=stamp)
    stamp = path.stat().st_mtime_ns
    for number in range(200):
        data = b"%08d" % number
        files.write("f", data, stamp=stamp)
        assert files.workspace.identity("f") == digest_bytes(data)
        if number % 10 == 0:
            files.workspace.settle(wait=number % 20 == 0)


def test_200_replacements_of_equal_size_and_time_are_all_noticed(files):
    """By renaming another file over it, which may get the inode that was freed just now."""
    stamp = files.write("f", b"%08d" % 0).stat().st_mtime_ns
    for number in range(200):
        data = b"%08d" % number
        files.write("new", data, stamp=stamp).rename(files.root / "f")
        assert files.workspace.identity("f") == digest_bytes(data)
        if number % 20 == 0:
            files.again()


def test_50_edits_in_a_directory_with_the_time_put_back_are_all_noticed(files):
    """Its members are remembered by the same rule."""
    stamp = files.write("d/f", b"%08d" % 0).stat().st_mtime_ns
    files.write("d/other", b"x")
    seen = set()
    for number in range(50):
        files.write("d/f", b"%08d" % number, stamp=stamp)
        seen.add(files.workspace.identity("d"))
        if number % 10 == 0:
            files.again()

    assert len(seen) == 50


def test_what_is_remembered_is_not_read_again(files, monkeypatch):
    """A look is enough, in this run and in the next."""
    files.write("f", b"x")
    files.write("d/e", b"y")
    expected = [files.workspace.identity("f"), files.workspace.identity("d")]
    workspace = files.again()
    unreadable(monkeypatch)

    assert [workspace.identity("f"), workspace.identity("d")] == expected
    assert not workspace.has_news


def test_what_was_written_just_now_is_not_remembered(files, monkeypatch):
    """A second change within one tick of the clock would leave the same stamps."""
    path = files.write("f", b"x")
    now = path.stat().st_ctime_ns
    monkeypatch.setattr(time, "time_ns", lambda: now + TICK)
    files.workspace.look("f")
    assert files.workspace.take_noted() == ({}, {})

    monkeypatch.setattr(time, "time_ns", lambda: now + TICK + 1)
    files.workspace.look("f")
    assert set(files.workspace.take_noted()[0]) == {"f"}


def test_settling_makes_what_is_new_trusted(files):
    """It waits for milliseconds at most, and keeps which dataset it is."""
    files.write("f", b"x")
    memo = files.workspace.look("f")
    files.workspace.assign("f", memo, "d1")
    files.workspace.settle(wait=False)
    began = time.monotonic()
    known, _ = files.settled()

    assert time.monotonic() - began < 1
    assert known["f"].dataset == "d1"
    assert known["f"].identity == digest_bytes(b"x")


def test_settling_does_not_take_a_change_for_what_was_read(files):
    """The dataset belongs to the content, not to the path."""
    files.write("f", b"x")
    files.workspace.assign("f", files.workspace.look("f"), "d1")
    files.write("f", b"y")
    settle_clock()
    known, _ = files.settled()

    assert (known["f"].identity, known["f"].dataset) == (digest_bytes(b"y"), None)


def test_a_file_from_the_future_is_read_each_time(files):
    """And is neither waited for nor taken for changed."""
    stamp = time.time_ns() + YEAR
    files.write("f", b"1", stamp=stamp)
    began = time.monotonic()
    assert files.workspace.identity("f") == digest_bytes(b"1")
    assert files.settled() == ({}, {})
    files.write("f", b"2", stamp=stamp)

    assert files.workspace.identity("f") == digest_bytes(b"2")
    assert files.workspace.identity("f") == digest_bytes(b"2")
    assert time.monotonic() - began < 1
    assert not files.workspace.has_news


def test_a_touched_file_is_the_same_and_memory_follows(files):
    """The new stamps are kept, with the dataset, so that the next look is enough again."""
    path = files.write("f", b"x")
    files.workspace.assign("f", files.workspace.look("f"), "d1")
    workspace = files.again()
    os.utime(path, ns=(YEAR, YEAR))
    settle_clock()

    memo = workspace.look("f")
    assert (memo.identity, memo.dataset, memo.mtime) == (digest_bytes(b"x"), "d1", YEAR)
    assert workspace.has_news
    assert workspace.take_noted()[0]["f"] == memo
    assert not workspace.has_news


def test_the_executable_bit_is_part_of_an_identity(files):
    """The owner's; the others make no difference."""
    path = files.write("f", b"x")
    plain = files.workspace.identity("f")
    path.chmod(0o744)
    assert files.workspace.identity("f") == plain + "+x"
    path.chmod(0o655)
    assert files.workspace.identity("f") == plain


def test_a_file_that_became_a_directory_is_one(files):
    """And the other way round, with memory of what it was."""
    path = files.write("p", b"x")
    files.workspace.look("p")
    files.again()
    path.unlink()
    files.write("p/a", b"x")
    assert isinstance(files.workspace.look("p"), DirectoryMemo)
    files.again()
    (path / "a").unlink()
    path.rmdir()
    assert files.workspace.identity("p") == ""
    files.write("p", b"y")
    assert isinstance(files.workspace.look("p"), Memo)
    known, directories = files.settled()
    assert (set(known), set(directories)) == ({"p"}, set())


def test_whether_a_path_looks_the_same_is_told_without_reading(files, monkeypatch):
    """Before and after a task."""
    files.write("f", b"x")
    files.write("d/a", b"x")
    files.workspace.look("d")
    files.workspace.look("f")
    files.workspace.settle(wait=True)
    before = {path: files.workspace.look(path) for path in ("f", "d", "none")}
    with monkeypatch.context() as patch:
        unreadable(patch)
        assert all(files.workspace.looks_like(path, memo) for path, memo in before.items())

    files.write("f", b"y")
    files.write("d/b", b"")
    files.write("none", b"")
    assert not any(files.workspace.looks_like(path, memo) for path, memo in before.items())
    (files.root / "f").unlink()
    assert not files.workspace.looks_like("f", before["f"])
    assert not files.workspace.looks_like("d", before["f"])


def test_a_forgotten_path_is_read_again(files, monkeypatch):
    """It is about to be rewritten."""
    files.write("f", b"x")
    files.workspace.look("f")
    files.settled()
    files.workspace.forget("f")
    read = readings(monkeypatch)
    files.workspace.look("f")

    assert len(read) == 1


# --- files that change while they are read ------------------------------------------------------------


def interfering(monkeypatch, action, times):
    """Calls `action` in the middle of each of the first `times` readings."""
    original, count = os.read, iter(range(times))

    def wrapper(descriptor, size):
        data = original(descriptor, size)
        if next(count, None) is not None:
            action()
        return data

    monkeypatch.setattr(os, "read", wrapper)


def test_a_file_that_changes_while_it_is_read_is_read_again(files, monkeypatch):
    """What is reported is what lies there."""
    files.write("f", b"old")
    settle_clock()
    interfering(monkeypatch, lambda: files.write("f", b"new"), 1)

    assert files.workspace.identity("f") == digest_bytes(b"new")


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(files, monkeypatch):
    """Also by far more than was expected."""
    files.write("f", b"old")
    settle_clock()
    interfering(monkeypatch, lambda: files.write("f", b"x" * (2 * SMALL)), 1)

    assert files.workspace.identity("f") == digest_bytes(b"x" * (2 * SMALL))


def test_a_file_that_never_stops_changing_is_not_remembered(files, monkeypatch):
    """It is given up after some readings, and does not hang."""
    files.write("f", b"0")
    settle_clock()
    interfering(monkeypatch, lambda: files.write("f", os.urandom(8)), 10**9)
    files.workspace.look("f")
    monkeypatch.undo()
    known, _ = files.settled()

    assert known.get("f") is None or known["f"].identity == digest_bytes((files.root / "f").read_bytes())
    assert files.workspace.identity("f") == digest_bytes((files.root / "f").read_bytes())


def test_a_file_that_vanishes_while_a_directory_is_read_is_an_error(files, monkeypatch):
    """With its name, not a traceback; nothing is remembered of it."""
    files.write("d/a", b"x")
    files.write("d/b", b"x")
    interfering(monkeypatch, lambda: [(files.root / "d" / name).unlink() for name in "ab"], 1)

    with pytest.raises(FileError, match=r"d/[ab]: can't be read"):
        files.workspace.look("d")


# --- directories --------------------------------------------------------------------------------------


def manifest(files, path):
    content, _ = files.workspace.read(path)
    return [(entry.path, entry.kind) for entry in content.entries]


def test_a_directory_is_its_sorted_manifest(files):
    """Files, executable files, links as they are, and folders with nothing in them."""
    files.write("d/b", b"1")
    files.write("d/a/deep/c", b"22").chmod(0o755)
    (files.root / "d/link").symlink_to("../outside")
    (files.root / "d/loop").symlink_to("loop")
    (files.root / "d/empty/er").mkdir(parents=True)
    (files.root / "d/folder").symlink_to("a")
    content, memo = files.workspace.read("d")

    assert content.kind == "directory"
    assert sorted(content.entries) == [
        ("a/deep/c", "executable", digest_bytes(b"22"), 2),
        ("b", "file", digest_bytes(b"1"), 1),
        ("empty/er", "empty", "", 0),
        ("folder", "link", digest_text("a"), 0),
        ("link", "link", digest_text("../outside"), 0),
        ("loop", "link", digest_text("loop"), 0),
    ]
    assert content.size == 3
    assert content.digest == memo.identity == digest_bytes(content.data)
    assert [row[0] for row in json.loads(content.data)] == sorted(entry.path for entry in content.entries)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_bytes(b"y"),
        lambda root: (root / "new").write_bytes(b""),
        lambda root: (root / "a").rename(root / "z"),
        lambda root: (root / "a").unlink(),
        lambda root: (root / "a").chmod(0o755),
        lambda root: (root / "sub/empty").rmdir(),
        lambda root: (root / "sub/empty/more").mkdir(),
        lambda root: (root / "sub/empty/f").write_bytes(b""),
        lambda root: ((root / "l").unlink(), (root / "l").symlink_to("b")),
        lambda root: ((root / "l").unlink(), (root / "l").write_bytes(b"a")),
    ],
    ids=["content", "new", "renamed", "gone", "executable", "no folder", "folder", "filled", "link", "link to file"],
)
def test_every_change_in_a_directory_is_noticed(files, change):
    """With a settled memory of what was there."""
    files.write("d/a", b"x")
    (files.root / "d/sub/empty").mkdir(parents=True)
    (files.root / "d/l").symlink_to("a")
    before = files.workspace.identity("d")
    workspace = files.again()
    assert workspace.identity("d") == before
    change(files.root / "d")

    assert workspace.identity("d") != before


def test_one_changed_file_is_all_that_is_read_of_a_directory(files, monkeypatch):
    """The others are remembered one by one."""
    for number in range(20):
        files.write(f"d/{number}", b"%d" % number)
    files.workspace.look("d")
    workspace = files.again()
    settle_clock()
    files.write("d/7", b"new")
    read = readings(monkeypatch)
    workspace.look("d")

    assert [os.path.basename(path) for path in read] == ["7"]


def test_a_look_into_a_directory_opens_no_file_and_reads_no_memory_of_members(files, monkeypatch):
    """A run with nothing to do costs one walk."""
    for number in range(20):
        files.write(f"d/{number % 3}/{number}", b"%d" % number)
    expected = files.workspace.identity("d")
    workspace = files.again()
    listed = []
    original = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: (listed.append(path), original(path))[1])
    monkeypatch.setattr(os, "open", lambda *_: pytest.fail("opened"))
    monkeypatch.setattr(json, "loads", lambda *_: pytest.fail("parsed"))

    assert workspace.identity("d") == expected
    assert len(listed) == 4


def test_each_file_of_a_touched_directory_is_read_once(files, monkeypatch):
    """And not at all afterwards."""
    for number in range(20):
        files.write(f"d/{number}", b"%d" % number)
    before = files.workspace.identity("d")
    workspace = files.again()
    for number in range(20):
        os.utime(files.root / f"d/{number}", ns=(YEAR, YEAR))
    settle_clock()
    read = readings(monkeypatch)

    assert workspace.identity("d") == before
    assert len(read) == 20
    assert files.again().identity("d") == before
    assert len(read) == 20


def test_a_stamp_beyond_what_the_store_can_hold_is_seen_but_not_remembered(files):
    """Some file systems know years after 2262."""
    path = files.write("d/f", b"1")
    files.write("d/g", b"1")
    os.utime(path, ns=(2**63 + YEAR, 2**63 + YEAR))
    if path.stat().st_mtime_ns < 2**63:
        pytest.skip("this file system does not know such years")
    before = files.workspace.identity("d")
    assert files.settled() == ({}, {})
    files.write("d/f", b"2", stamp=2**63 + YEAR)

    assert files.workspace.identity("d") != before


def test_a_small_file_takes_four_system_calls(files, monkeypatch):
    """To open, read, look again and close it, after the look that shows that it has to be read."""
    files.write("f", b"x")
    settle_clock()
    calls = []

    def counted(name):
        original = getattr(os, name)
        return lambda *of: (calls.append(name), original(*of))[1]

    for name in ("open", "read", "fstat", "lseek", "close"):
        monkeypatch.setattr(os, name, counted(name))
    files.workspace.look("f")
    files.workspace.take_noted()
    monkeypatch.undo()

    assert calls == ["open", "read", "fstat", "close"]


def test_an_empty_directory_has_an_identity(files):
    """It is something, and not the same as nothing."""
    (files.root / "d").mkdir()

    assert files.workspace.identity("d") == digest_bytes(b"[]")
    assert files.again().identity("d") == digest_bytes(b"[]")


def test_the_time_of_a_directory_does_not_count(files):
    """Nor that of its members; memory follows."""
    path = files.write("d/a", b"x")
    before = files.workspace.look("d")
    files.workspace.assign("d", before, "d1")
    workspace = files.again()
    os.utime(path, ns=(YEAR, YEAR))
    os.utime(files.root / "d", ns=(YEAR, YEAR))

    memo = workspace.look("d")
    assert (memo.identity, memo.dataset) == (before.identity, "d1")


def test_names_are_taken_as_they_are(files):
    """Spaces, newlines, both normal forms of Unicode, a dash, a dot in front."""
    names = ["a b", "a\nb", "é", "e\u0301", "-n", ".hidden", "#", "{x}", "*"]
    for name in names:
        files.write(f"d/{name}", name.encode())

    assert sorted(path for path, _ in manifest(files, "d")) == sorted(names)


def test_a_deep_directory_is_read(files):
    """Without recursion."""
    path = files.root / "d"
    for _ in range(300):
        path = path / "x"
    path.mkdir(parents=True)

    assert manifest(files, "d") == [("/".join(["x"] * 300), "empty")]


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [False, True])
def test_a_named_pipe_is_refused_at_once(files, inside):
    """Reading it would wait for ever."""
    (files.root / "d").mkdir()
    os.mkfifo(files.root / "d/p")

    with pytest.raises(FileError, match=r"d/p: .*found a named pipe, expected a file"):
        files.workspace.look("d" if inside else "d/p")


@pytest.mark.parametrize("inside", [False, True])
def test_a_socket_is_refused(files, inside, monkeypatch):
    """By its name."""
    (files.root / "d").mkdir()
    monkeypatch.chdir(files.root / "d")
    with closing(socket.socket(socket.AF_UNIX)) as opened:
        opened.bind("s")
        with pytest.raises(FileError, match="d/s: "):
            files.workspace.look("d" if inside else "d/s")


@pytest.mark.parametrize("name", [b"\xff", b"a\xe9.txt"])
@pytest.mark.parametrize("kind", ["file", "folder", "empty folder"])
def test_a_name_that_is_not_utf8_is_refused_by_name(files, name, kind):
    """A digest over it could not be written down."""
    folder = os.fsencode(files.root / "d")
    os.mkdir(folder)
    if kind == "file":
        with open(folder + b"/" + name, "wb"):
            pass
    else:
        os.mkdir(folder + b"/" + name)
    if kind == "folder":
        with open(folder + b"/" + name + b"/x", "wb"):
            pass

    with pytest.raises(FileError, match=r"d/.*\\udc.*: the file name is not UTF-8"):
        files.workspace.look("d")


@pytest.mark.parametrize("path", ["a\0b", "x" * 300, "loop"])
def test_a_path_that_cannot_be_looked_at_is_an_error_that_names_it(files, path):
    """Never a traceback."""
    (files.root / "loop").symlink_to("loop")

    with pytest.raises(FileError, match="can't be read"):
        files.workspace.look(path)


def test_reading_what_is_not_there_is_an_error(files):
    """To look at it is not."""
    with pytest.raises(FileError, match="none: can't be read: No such file"):
        files.workspace.read("none")


# --- when a look is enough ----------------------------------------------------------------------------


def signature(*, mtime, ctime):
    return Signature(1, 2, 3, mtime, ctime)


def test_a_stamp_is_trusted_a_tick_after_the_later_of_both_times():
    """Whichever was set last."""
    assert settles_at(signature(mtime=5, ctime=9)) == 9 + TICK
    assert settles_at(signature(mtime=9, ctime=5)) == 9 + TICK
    assert TICK >= 10_000_000


def test_stamps_of_whole_seconds_are_trusted_two_seconds_later():
    """The file system may count no finer."""
    whole = signature(mtime=7 * SECOND, ctime=8 * SECOND)

    assert settles_at(whole) == 8 * SECOND + COARSE_TICK
    assert settles_at(whole._replace(ctime=8 * SECOND + 1)) == 8 * SECOND + 1 + TICK
    assert COARSE_TICK >= 2 * SECOND


def test_a_link_that_leads_out_of_a_directory_counts_as_what_it_leads_to(files):
    """A file as the file, a directory as all that is in it; what stays within, or leads nowhere, is a link."""
    files.write("shared/a", b"1")
    files.write("shared/more/b", b"22").chmod(0o755)
    files.write("shared/more/.git/config", b"no data")
    files.write("d/own", b"own")
    for name, target in {
        "file": "../shared/a",
        "folder": "../shared/more",
        "again": "../shared/more",
        "inside": "own",
        "nowhere": "../nothing",
        "up": "..",
        "tool": "../.git",
        "device": "/dev/null",
    }.items():
        (files.root / "d" / name).symlink_to(target)
    files.write(".git/x", b"")

    assert sorted(manifest(files, "d")) == [
        ("again", "link"),
        ("device", "link"),
        ("file", "file"),
        ("folder/b", "executable"),
        ("inside", "link"),
        ("nowhere", "link"),
        ("own", "file"),
        ("tool", "link"),
        ("up", "link"),
    ]


@pytest.mark.parametrize("path", ["shared/a", "shared/more/b", "shared/more/new"])
def test_a_change_behind_a_link_is_noticed(files, path):
    """Whatever a reader of the directory would see otherwise."""
    files.write("shared/a", b"1")
    files.write("shared/more/b", b"2")
    files.write("d/own", b"own")
    (files.root / "d/file").symlink_to("../shared/a")
    (files.root / "d/folder").symlink_to(files.root / "shared/more")
    before = files.workspace.identity("d")
    assert files.again().identity("d") == before

    files.write(path, b"3")

    assert files.again().identity("d") != before


def test_links_between_directories_come_to_an_end(files):
    """Each directory is walked once, however many links lead to it, in circles too."""
    for number in range(30):
        files.write(f"ring/{number}/file", b"x")
        for name in ("left", "right"):
            (files.root / f"ring/{number}/{name}").symlink_to(f"../{(number + 1) % 30}")
    (files.root / "d").mkdir()
    (files.root / "d/in").symlink_to("../ring/0")

    assert sum(kind == "file" for _, kind in manifest(files, "d")) == 30
