"""A verification when its disk is full, and while somebody kills it: the project and the store are as before."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from e2e.project import Project, stage

from .mounts import tmpfs

BIG = 300_000
FILES = {
    "Pipelinefile.toml": stage("big", "head -c 100 big.bin > b", "big.bin", "b")
    + stage("small", "sleep 0.2; echo > s", "", "s"),
    "big.bin": bytes(BIG),
}


def test_a_full_disk_ends_it_and_says_nothing_about_the_task(tmp_path: Path) -> None:
    """One message, exit status 3, nothing left; what has room is verified."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    with tmpfs(tmp_path / "scratch", "96k") as scratch:
        done = project.provstore("verify", "big", "--scratch", str(scratch), status=3)
        left = os.listdir(scratch)
        project.provstore("verify", "small", "--scratch", str(scratch))

    assert "input big.bin: can't be copied: No space left on device" in done.err
    assert left == []
    assert project.rows("SELECT verdict FROM verification") == [("identical",)]


@pytest.mark.parametrize("moment", [0.1, 0.25, 0.35])
def test_whoever_kills_it_finds_project_and_store_as_before(tmp_path: Path, moment: float) -> None:
    """After SIGKILL nothing of it lives, the store is sound, nothing has to be run, and the next one leaves nothing."""
    project = Project(tmp_path / "p", FILES)
    project.run()
    files = project.files()
    (tmp_path / "tmp").mkdir()
    project.environment["TMPDIR"] = str(tmp_path / "tmp")
    process = project.start("verify")
    time.sleep(moment)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    project.wait_for(lambda: project.alive() == [])

    assert project.files() == files
    assert project.run().executed == []
    project.provstore("verify")
    assert [name for name in os.listdir(tmp_path / "tmp") if _has_owner(tmp_path / "tmp" / name)] == []
    project.provstore("fsck")


def _has_owner(folder: Path) -> bool:
    """It is known for the folder of a verification; in the moment before it is not, and is left to whoever cleans."""
    return (folder / "owner").exists()
