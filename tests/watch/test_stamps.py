"""A file system is trusted at once only where it has shown that it tells any two changes apart."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest

from provstore.watch import stamps
from provstore.watch.stamps import CHANGES, device_with_fine_stamps


def coarse(tick):
    """Looks at files whose stamps count in ticks."""

    def look(descriptor):
        now = os.fstat(descriptor).st_mtime_ns // tick * tick
        return SimpleNamespace(st_mtime_ns=now, st_ctime_ns=now)

    return look


@pytest.mark.parametrize("tick", [1_000_000, 4_000_000, 10_000_000, 1_000_000_000, 2_000_000_000])
def test_a_clock_that_ticks_is_never_taken_for_a_fine_one(tick, tmp_path):
    """However often it is tried, and wherever in a tick the test begins."""
    assert {device_with_fine_stamps(str(tmp_path / "stamps"), coarse(tick)) for _ in range(200)} == {None}


def test_a_fine_clock_is_recognised(tmp_path, monkeypatch):
    """Each change has stamps of its own."""
    moments = iter(range(1000))

    def look(descriptor):
        now = next(moments)
        return SimpleNamespace(st_mtime_ns=now, st_ctime_ns=now)

    monkeypatch.setattr(time, "monotonic_ns", lambda: 0)

    assert device_with_fine_stamps(str(tmp_path / "stamps"), look) == os.stat(tmp_path).st_dev
    assert not os.listdir(tmp_path)


def test_a_test_that_took_too_long_proves_nothing(tmp_path, monkeypatch):
    """Between its changes a clock that ticks would have ticked."""
    moments = iter(range(0, 10**12, stamps.SHORTEST_TICK))
    monkeypatch.setattr(time, "monotonic_ns", lambda: next(moments))

    assert device_with_fine_stamps(str(tmp_path / "stamps")) is None


def test_where_nothing_can_be_written_nothing_is_known(tmp_path):
    """And that is no error."""
    assert device_with_fine_stamps(str(tmp_path / "no folder" / "stamps")) is None


def test_where_it_says_so_an_edit_after_a_look_always_shows(tmp_path):
    """The claim itself, on this machine's file system: change, look, change, a few thousand times."""
    device = device_with_fine_stamps(str(tmp_path / "stamps"))
    if device is None:
        pytest.skip("this file system's clock ticks")
    descriptor = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        seen = set()
        for number in range(1000 * CHANGES):
            os.pwrite(descriptor, b"%d" % (number % 10), 0)
            status = os.fstat(descriptor)
            seen.add((status.st_mtime_ns, status.st_ctime_ns))
    finally:
        os.close(descriptor)

    assert len(seen) == 1000 * CHANGES
