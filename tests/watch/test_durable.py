"""Bytes are on the disk before they are remembered (what a power cut makes of it: tests/faults/test_power.py)."""

from __future__ import annotations

import errno
import os

import pytest

from provstore.errors import StoreUnwritableError
from provstore.watch import durable
from provstore.watch.durable import AT_ONCE, START, WAIT, Outgoing, write_out
from provstore.watch.workspace import Workspace


class FakeDisk:
    """Remembers how each open file was written; fails with `errno` where that is set."""

    def __init__(self):
        self.errno = 0
        self.done = []

    def __call__(self, descriptor, how):
        self.done.append((os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")), how))
        if self.errno:
            raise OSError(self.errno, os.strerror(self.errno))


@pytest.fixture
def disk(monkeypatch):
    """Takes the place of the system call."""
    fake = FakeDisk()
    monkeypatch.setattr(durable, "_writer", lambda: fake)
    return fake


def test_all_files_are_on_their_way_before_one_is_waited_for(tmp_path, disk):
    """So many small files take hardly longer than one."""
    paths = [str(tmp_path / name) for name in "abc"]
    for path in paths:
        (tmp_path / path).write_bytes(b"x")
    write_out(paths)

    assert disk.done == [(name, how) for how in (START, WAIT) for name in "abc"]


def test_what_is_no_longer_there_is_passed_over(tmp_path):
    """Nor does a directory, a pipe or an empty file do harm; the real system call is used."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "file").write_bytes(b"x" * 10_000)

    before = os.listdir("/dev/fd")
    write_out([str(tmp_path / name) for name in ("missing", "pipe", "empty", "file", ".")])

    assert os.listdir("/dev/fd") == before  # nothing was left open on the way
    assert (tmp_path / "file").read_bytes() == b"x" * 10_000


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fails_is_named(tmp_path, disk, number):
    """What is not on the disk must not be remembered."""
    (tmp_path / "a").write_bytes(b"x")
    disk.errno = number

    with pytest.raises(StoreUnwritableError, match="/a: "):
        write_out([str(tmp_path / "a")])


def test_what_was_read_is_held_open_until_it_is_on_the_disk(tmp_path, disk):
    """All of it on its way at once, and not too many at a time."""
    outgoing = Outgoing()
    descriptors = []
    for number in range(AT_ONCE + 1):
        (tmp_path / f"{number}").write_bytes(b"x")
        descriptors.append(os.open(tmp_path / f"{number}", os.O_RDONLY))
        outgoing.take(f"{number}", descriptors[-1])
    assert disk.done[: 2 * AT_ONCE] == [(f"{number}", how) for how in (START, WAIT) for number in range(AT_ONCE)]
    assert len(disk.done) == 2 * AT_ONCE
    outgoing.wait()
    outgoing.wait()

    assert disk.done[2 * AT_ONCE :] == [(f"{AT_ONCE}", START), (f"{AT_ONCE}", WAIT)]
    assert not any(os.path.exists(f"/proc/self/fd/{descriptor}") for descriptor in descriptors)


def test_what_was_read_is_closed_also_when_the_disk_fails(tmp_path, disk):
    """And the disk is named."""
    (tmp_path / "a").write_bytes(b"x")
    descriptor = os.open(tmp_path / "a", os.O_RDONLY)
    outgoing = Outgoing()
    outgoing.take("in/a", descriptor)
    disk.errno = errno.EIO
    with pytest.raises(StoreUnwritableError, match="in/a: "):
        outgoing.wait()

    assert not os.path.exists(f"/proc/self/fd/{descriptor}")
    outgoing.wait()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_where_there_is_no_such_call_the_file_is_synchronised(tmp_path, disk, monkeypatch, number):
    """That takes longer, and does as well."""
    (tmp_path / "a").write_bytes(b"x")
    disk.errno = number
    synchronised = []
    monkeypatch.setattr(os, "fsync", synchronised.append)
    write_out([str(tmp_path / "a")])

    assert len(synchronised) == 1


def test_what_a_workspace_hands_over_is_on_the_disk(tmp_path, disk):
    """Files, and every file in a directory."""
    (tmp_path / "d" / "e").mkdir(parents=True)
    for path in ("a", "d/b", "d/e/c"):
        (tmp_path / path).write_bytes(b"x")
        os.utime(tmp_path / path)
    workspace = Workspace(str(tmp_path), {}, {})
    for path in ("a", "d"):
        workspace.look(path)
    workspace.settle(wait=True)
    files, directories = workspace.take_noted()

    assert [*files, *directories] == ["a", "d"]
    assert {name for name, how in disk.done if how == WAIT} == {"a", "b", "c"}
