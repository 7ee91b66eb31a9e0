"""One run at a time: the kernel's lock, between real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from provstore.errors import StoreLockedError, StoreUnwritableError
from provstore.store.lock import RunLock

HOLDER = """
import sys
from provstore.store.lock import RunLock
lock = RunLock(sys.argv[1], "provstore run é", wait=False, on_wait=print)
print("held", flush=True)
sys.stdin.read()
lock.release()
print("released", flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@pytest.fixture
def holder(path):
    """Another process that holds the lock; it ends when its input does."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, path], stdin=-1, stdout=-1, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.stdin.close()
    process.stdout.close()
    process.wait()


def taken(path, *, wait=False, on_wait=pytest.fail):
    return RunLock(path, "test", wait=wait, on_wait=on_wait)


def test_a_lock_that_nobody_holds_is_taken_at_once(path):
    """Also one that was released."""
    for _ in range(2):
        lock = taken(path, wait=True)
        assert lock.waited is False
        lock.release()


def test_an_interrupt_while_it_is_released_does_not_keep_it(path, monkeypatch):
    """The process would wait for itself."""

    def interrupted(*_):
        raise KeyboardInterrupt

    lock = taken(path)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(os, "ftruncate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lock.release()

    taken(path).release()


def test_the_message_names_the_holder(path, holder):
    """Its process, since when, and what it does."""
    with pytest.raises(StoreLockedError) as caught:
        taken(path)

    expected = rf"another run holds this project: process {holder.pid} since \d\d:\d\d:\d\d \(provstore run é\)"
    assert re.fullmatch(expected, caught.value.message)
    assert caught.value.exit_status == 3
    assert caught.value.hint


def test_giving_up_leaves_the_holders_name(path, holder):
    """For the next one who asks."""
    for _ in range(3):
        with pytest.raises(StoreLockedError, match=str(holder.pid)):
            taken(path)


def test_a_second_process_waits_and_says_for_whom(path, holder):
    """Once; it goes on when the first one lets it in."""
    said = []

    def on_wait(text):
        said.append(text)
        holder.stdin.close()

    lock = taken(path, wait=True, on_wait=on_wait)
    assert lock.waited
    assert len(said) == 1
    assert f"process {holder.pid}" in said[0]
    lock.release()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_death_of_the_holder_frees_it(path, holder, number):
    """Nothing has to be removed by hand, and the name of the dead is no obstacle."""
    os.kill(holder.pid, number)
    holder.wait()
    lock = taken(path)

    assert lock.waited is False
    lock.release()


def test_who_waits_is_let_in_by_the_holders_death(path, holder):
    """Without asking again."""
    said = []
    timer = threading.Timer(0.2, holder.kill)
    timer.start()
    lock = taken(path, wait=True, on_wait=said.append)
    timer.join()

    assert lock.waited
    lock.release()


def test_a_child_does_not_inherit_the_lock(path):
    """A process that outlives the run holds nobody up."""
    lock = taken(path)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        lock.release()
        again = taken(path)

        assert child.poll() is None
        assert not again.waited
        again.release()
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("text", [b"", b"garbage \xff", b"[]", b"{}", b"null"])
def test_a_lock_file_that_says_nothing_is_no_obstacle(path, holder, text):
    """Its text is for messages only."""
    with open(path, "r+b") as file:
        file.truncate(0)
        file.write(text)

    with pytest.raises(StoreLockedError, match=r"process"):
        taken(path)


def test_a_place_that_cannot_be_written_is_an_error(tmp_path):
    """With its name."""
    with pytest.raises(StoreUnwritableError, match="none/lock"):
        taken(str(tmp_path / "none/lock"))


def test_no_descriptor_is_lost(path, holder):
    """However often it was asked in vain."""
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        with pytest.raises(StoreLockedError):
            taken(path)

    assert not before or len(os.listdir("/proc/self/fd")) == before


def test_a_forked_process_does_not_go_on_holding_what_was_released(path):
    """It has the file open, as it was forked by another thread meanwhile; and it lets nobody in by ending its copy."""
    lock = RunLock(path, "one", wait=False, on_wait=print)
    ready, done = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(done[1])
        other = os.dup(lock._descriptor)
        lock.release()
        os.write(ready[1], b"." if other else b"")
        os.read(done[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        with pytest.raises(StoreLockedError, match=f"process {os.getpid()} "):
            RunLock(path, "two", wait=False, on_wait=print)
        lock.release()

        RunLock(path, "two", wait=False, on_wait=print).release()
    finally:
        os.close(done[1])
        os.waitpid(child, 0)
        for descriptor in (*ready, done[0]):
            os.close(descriptor)
