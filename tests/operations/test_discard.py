"""What is removed with a folder of the program's own: what lies in it, and nothing that a link in it leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.operations.outputs import discard


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder of somebody else."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "precious").write_text("1\n")
    return folder


def test_a_folder_goes_with_all_in_it(tmp_path: Path, elsewhere: Path) -> None:
    """Also where a command has taken the permission to write; a link goes, and what it leads to stays."""
    folder = tmp_path / "aside"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner/file").write_text("")
    (folder / "link").symlink_to(elsewhere)
    (folder / "inner").chmod(0o500)

    discard([str(folder), str(tmp_path / "missing")])

    assert not folder.exists()
    assert (elsewhere / "precious").exists()


def test_a_folder_behind_a_link_is_not_emptied(tmp_path: Path, elsewhere: Path) -> None:
    """Somebody may have put a link in the place of `.provstore/running`."""
    (tmp_path / "running").symlink_to(elsewhere)

    discard([str(tmp_path / "running")])

    assert (elsewhere / "precious").exists()
