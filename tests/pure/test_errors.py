"""What the operating system says, in words of this program."""

from __future__ import annotations

import errno
import os
import tempfile

import pytest

from provstore.errors import (
    DISK_FAULTS,
    FileError,
    PipelinefileError,
    Problem,
    StoreUnwritableError,
    error_from_os,
)


@pytest.mark.parametrize(
    ("number", "hint"),
    [(errno.ENOSPC, "free space"), (errno.EROFS, "can only be read"), (errno.EIO, "has a fault")],
)
def test_each_fault_of_the_disk_has_its_own_hint(number: int, hint: str) -> None:
    """A file system that can only be read has space enough."""
    found = error_from_os(OSError(number, os.strerror(number), "out/a"), "a file")

    assert isinstance(found, StoreUnwritableError)
    assert hint in found.hint
    assert number in DISK_FAULTS


def test_of_two_files_the_disk_refuses_the_one_that_is_to_be_made() -> None:
    """A link, or a renaming: where it comes from is not what is full."""
    found = error_from_os(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "in/a", None, "out/a"), "a file")

    assert found.message == "out/a: No space left on device"


def test_without_a_place_for_temporary_files_it_is_said_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python says it, which names no file."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/nowhere/a", "/nowhere/b"])
    with pytest.raises(FileNotFoundError) as raised:
        tempfile.gettempdir()
    found = error_from_os(raised.value, "a file")

    assert isinstance(found, FileError)
    assert found.message == "no folder for temporary files can be written: ['/nowhere/a', '/nowhere/b']"
    assert "TMPDIR" in found.hint


def test_one_line_of_a_pipelinefile_has_ten_problems_shown_at_most() -> None:
    """A line that stands for thousands of tasks may have one for each; the error itself knows all of them."""
    problems = [Problem("Pipelinefile.toml", 4, "stage 'a'", f"input {number}: found none") for number in range(25)]
    error = PipelinefileError([*problems, Problem("Pipelinefile.toml", 9, "stage 'b'", "unknown key 'x'")])
    lines = error.message.split("\n")

    assert len(lines) == 12
    assert lines[-2] == "Pipelinefile.toml:9: stage 'b': unknown key 'x'"
    assert lines[-1] == "Pipelinefile.toml:4: stage 'a': 15 more problems of this line"
    assert len(error.problems) == 26
