"""The files of a store: of a folder, or of a zip archive that has them stored or packed.

Rules: only what lies in the folder is read. A symbolic link is refused, wherever it leads; so are devices and sockets.
"""

from __future__ import annotations

import os
import stat
import zipfile
from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import cached_property

from provstore.plugin import Expansion, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any, BinaryIO

DEEPEST = 100
"""Folders in each other, at most."""
LARGEST_METADATA = 1 << 26
"""Bytes of a file of metadata, at most."""


class Files(ABC):
    """The files of an open store.

    Attributes:
        sizes: Bytes of each file, by its key: the POSIX path within the store.
        expansion: Counts what is read from them.
    """

    def __init__(self, sizes: dict[str, int], packed: int) -> None:
        self.sizes = sizes
        self.expansion = Expansion(packed, "the store")

    @cached_property
    @abstractmethod
    def store(self) -> Any:
        """The same for zarr, read only."""

    @abstractmethod
    def read(self, key: str) -> bytes:
        """The bytes of a file."""

    @abstractmethod
    def piece(self, key: str, start: int, size: int) -> bytes:
        """Some bytes of a file; fewer where it ends."""

    def close(self) -> None:
        """Ends reading."""
        if "store" in self.__dict__:
            self.store.close()


class Folder(Files):
    """A store that is a folder."""

    def __init__(self, path: Path) -> None:
        self._root = os.fspath(path)
        sizes = dict(_files_below(self._root, "", Expansion(0, "the folder"), 0))
        super().__init__(sizes, sum(sizes.values()))

    @cached_property
    def store(self) -> Any:
        """The same for zarr, read only."""
        from zarr.storage import LocalStore

        return LocalStore(self._root, read_only=True)

    def read(self, key: str) -> bytes:
        """The bytes of a file; it is no link, and opening one that became a link fails."""
        with self._opened(key) as file:
            return file.read()

    def piece(self, key: str, start: int, size: int) -> bytes:
        """Some bytes of a file; fewer where it ends."""
        with self._opened(key) as file:
            file.seek(start)
            return file.read(size)

    def _opened(self, key: str) -> BinaryIO:
        return os.fdopen(os.open(os.path.join(self._root, key), os.O_RDONLY | os.O_NOFOLLOW), "rb")


class Archive(Files):
    """A store that is a zip archive."""

    def __init__(self, path: Path) -> None:
        self._path, self._archive = path, zipfile.ZipFile(path)
        sizes: dict[str, int] = {}
        for entry in self._archive.infolist():
            if entry.is_dir():
                continue
            if entry.filename in sizes:
                raise Unavailable(f"the archive has two entries of the name {entry.filename!r}")
            sizes[entry.filename] = entry.file_size
        super().__init__(sizes, os.path.getsize(path))
        self.expansion.add(sum(sizes.values()))

    @cached_property
    def store(self) -> Any:
        """The same for zarr, read only."""
        from zarr.storage import ZipStore

        return ZipStore(self._path, mode="r", read_only=True)

    def read(self, key: str) -> bytes:
        """The bytes of an entry."""
        return self._archive.read(key)

    def piece(self, key: str, start: int, size: int) -> bytes:
        """Some bytes of an entry; fewer where it ends."""
        with self._archive.open(key) as file:
            file.seek(start)
            return file.read(size)

    def close(self) -> None:
        """Ends reading."""
        super().close()
        self._archive.close()


@contextmanager
def opened_files(path: Path) -> Iterator[Files]:
    """The files of a store.

    Raises:
        Unavailable: It is neither a folder nor an archive, or has what is refused.
    """
    files: Files
    if os.path.isdir(path):
        files = Folder(path)
    elif zipfile.is_zipfile(path):
        files = Archive(path)
    else:
        raise Unavailable("it is neither a folder nor a zip archive")
    try:
        yield files
    finally:
        files.close()


def _files_below(folder: str, prefix: str, members: Expansion, depth: int) -> Iterator[tuple[str, int]]:
    if depth > DEEPEST:
        raise Unavailable(f"folders are nested more than {DEEPEST} levels deep")
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            members.add_member()
            key = prefix + entry.name
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                yield from _files_below(entry.path, f"{key}/", members, depth + 1)
            elif stat.S_ISREG(found.st_mode):
                yield key, found.st_size
            else:
                kind = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "no file"
                raise Unavailable(f"{key!r} is {kind}")
