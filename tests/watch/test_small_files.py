"""Small files that a second process reads meanwhile: of them is told what `read_small` tells."""

from __future__ import annotations

import os
import signal

import pytest

from provstore.watch import small
from provstore.watch.readers import SecondReader
from provstore.watch.small import SMALL, SmallFiles, read_small

FILES = 40


@pytest.fixture
def paths(tmp_path, monkeypatch):
    """More files than are read by one process, in batches that they do not fill; some are not small, or no files."""
    monkeypatch.setattr(small, "PAYS", FILES)
    monkeypatch.setattr(small, "BATCH", 7)
    monkeypatch.setattr(small, "processors", lambda: 2)
    for number in range(FILES):
        (tmp_path / f"{number:02d}").write_bytes(b"%d" % number * number)
    os.chmod(tmp_path / "03", 0o700)
    (tmp_path / "05").write_bytes(bytes(SMALL + 1))
    (tmp_path / "08").unlink()
    (tmp_path / "08").symlink_to("09")
    (tmp_path / "11").unlink()
    (tmp_path / "13").unlink()
    (tmp_path / "13").mkdir()
    return [str(tmp_path / f"{number:02d}") for number in range(FILES)]


def told(paths, asked=None):
    """What is told of files without their bytes, all of which were expected."""
    with SmallFiles(len(paths)) as files:
        for path in paths:
            files.expect(path)
        found = [files.read(path) for path in (paths if asked is None else asked)]
    return [content and content._replace(data=None) for content in found]


def alone(paths):
    return [content and content._replace(data=None) for content in map(read_small, paths)]


def handed_over(monkeypatch, before=lambda reader, paths: None):
    """The files that are handed to a second process from now on."""
    handed, original = [], SecondReader.hand_over

    def hand_over(self, batch, paths):
        before(self, paths)
        handed.extend(paths)
        original(self, batch, paths)

    monkeypatch.setattr(SecondReader, "hand_over", hand_over)
    return handed


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1), slice(20, None, 3)])
def test_two_processes_tell_what_one_tells(paths, monkeypatch, order):
    """In whichever order they are asked for, and also if some are not; what is no small file is left to others."""
    handed = handed_over(monkeypatch)

    assert told(paths, paths[order]) == alone(paths[order])
    assert handed


def test_few_files_start_no_process(paths, monkeypatch):
    """Ten files are read as one is."""
    monkeypatch.setattr(small, "SecondReader", lambda: pytest.fail("a second process was started"))

    assert told(paths[:10]) == alone(paths[:10])


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_second_process_that_ends_is_done_without(paths, monkeypatch, number):
    """What it has not told is read here."""
    batches = []

    def end(reader, handed):
        batches.append(handed)
        if len(batches) == number:
            os.kill(reader._pid, signal.SIGKILL)

    handed_over(monkeypatch, end)

    assert told(paths) == alone(paths)


def test_a_file_that_changes_after_it_was_expected_is_read_again(paths, monkeypatch):
    """What the second process found does not count, as it may have come in between."""

    def change(reader, handed):
        for path in handed:
            os.chmod(path, 0o700)

    changed = handed_over(monkeypatch, change)
    found = told(paths)

    assert changed
    assert found == alone(paths)


def test_no_descriptor_stays_open(paths):
    """Nor a process, also where nobody asks for what was expected."""
    before = os.listdir("/proc/self/fd")
    told(paths, [])

    assert os.listdir("/proc/self/fd") == before
