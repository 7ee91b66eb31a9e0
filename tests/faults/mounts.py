"""File systems of a test's own: a small tmpfs, and an ext4 image whose power can be cut.

All that is mounted is unmounted at the end, whatever happens. Where mounting is not possible the test is skipped.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from e2e.project import Project

IMAGE_SIZE = 16 << 20
COPIES = 40
"""So many times an image is copied at most, until two copies are equal."""


def call(*words: str | Path) -> str:
    """Runs a program of the system and returns what it printed; one that fails skips the test."""
    try:
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        pytest.skip(f"{words[0]} can't be run here: {error.strerror}")
    if done.returncode:
        pytest.skip(f"{words[0]} does not work here: {done.stderr.strip()}")
    return done.stdout.strip()


def need_root() -> None:
    """Skips the test for who may not mount."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")


@contextlib.contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[Path]:
    """A tmpfs of this size (such as "4m") in `folder`, which anybody may enter."""
    need_root()
    folder.mkdir()
    call("mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder)
    try:
        yield folder
    finally:
        unmount(folder)


def unmount(folder: Path) -> None:
    """Unmounts, as soon as nobody looks into it any more."""
    for _ in range(100):
        if subprocess.run(["umount", str(folder)], capture_output=True, timeout=60, check=False).returncode == 0:
            return
        time.sleep(0.05)
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, timeout=60, check=False)


class Disk:
    """An ext4 file system on a loop device over an image in memory.

    `cut` takes what a power cut at this moment would leave, `insert` puts such a state back into the same device
    and mounts it at the same place, so that device and inode numbers are what they were.

    Why a copy of the image is a state that a disk can have after a power cut: it holds what ext4 has handed over
    to the device, and nothing of what still waits in the kernel's memory for its being written. It belongs to one
    point in time: all processes of the project stand still while it is copied, and since the kernel may write
    on its own account meanwhile, it is copied until two copies in a row are equal, so that each block had its
    content at the moment between the two.
    """

    def __init__(self, folder: Path, device: str, options: str) -> None:
        self.image, self.place = folder / "image", folder / "disk"
        self._device, self._options = device, options
        self._is_mounted = False

    def mount(self) -> None:
        """Mounts what the image holds; ext4 goes through its journal as after any power cut."""
        call("mount", "-t", "ext4", "-o", self._options, self._device, self.place)
        self._is_mounted = True

    def unmount(self) -> None:
        """Unmounts, if it is mounted."""
        if self._is_mounted:
            unmount(self.place)
            self._is_mounted = False

    def settle(self) -> None:
        """Writes all that waits: what was done so far is on the disk."""
        call("sync", "-f", self.place)

    def cut(self, project: Project) -> bytes | None:
        """What the disk holds now; None when that could not be had, as the kernel went on writing."""
        stopped = _stop(project)
        try:
            before = self.image.read_bytes()
            for _ in range(COPIES):
                after = self.image.read_bytes()
                if after == before:
                    return after
                before = after
            return None
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def insert(self, state: bytes) -> None:
        """Unmounts what is there, and mounts a state that `cut` gave in its place."""
        self.unmount()
        with self.image.open("r+b") as file:
            file.write(state)
        call("blockdev", "--flushbufs", self._device)
        self.mount()


def _stop(project: Project) -> set[int]:
    """Stops all processes of a project, those too that are started meanwhile."""
    stopped: set[int] = set()
    while fresh := set(project.alive()) - stopped:
        for pid in fresh:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        stopped |= fresh
    return stopped


@contextlib.contextmanager
def disk(folder: Path, options: str = "defaults") -> Iterator[Disk]:
    """An empty, mounted `Disk`; its image lies in a tmpfs in `folder`.

    Args:
        options: Of the mount, such as "noauto_da_alloc".
    """
    for program in ("mkfs.ext4", "losetup", "blockdev"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing")
    with tmpfs(folder, f"{IMAGE_SIZE + (1 << 20)}") as memory:
        (memory / "disk").mkdir()
        with (memory / "image").open("wb") as file:
            file.truncate(IMAGE_SIZE)
        call("mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4", "-m", "0", memory / "image")
        device = call("losetup", "--find", "--show", memory / "image")
        found = Disk(memory, device, options)
        try:
            found.mount()
            yield found
        finally:
            found.unmount()
            subprocess.run(["losetup", "--detach", device], capture_output=True, timeout=60, check=False)
