"""Objects: the bytes that are kept, by digest, so that they can be restored.

Small ones lie in the store's table `object`, bigger ones in files `.provstore/objects/ab/cdef…`. An object
file is complete from its first moment (written under another name, synchronised, renamed) and never
changes; its row is written afterwards, in the transaction of the fact that needs it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sqlite3
import stat
from typing import NamedTuple

from provstore.digest import Entry, digest_bytes, digest_descriptor, entries_from_manifest
from provstore.errors import DISK_FAULTS, naming
from provstore.store.connection import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

INSIDE = 1 << 15
"""Bytes up to which an object lies in the table: one row instead of one file and one synchronisation."""

FICLONE = 0x40049409
"""Linux's ioctl for a reflink: shares the blocks until one side is written."""

NEW = ".new"
"""Ending of an object that is being written."""

COPY_CHUNK = 1 << 22
HAS = "SELECT content IS NOT NULL FROM object WHERE digest = ?"
CONTENT = "SELECT content FROM object WHERE digest = ?"
FOLDER_NAME, FILE_NAME = re.compile("[0-9a-f]{2}"), re.compile("[0-9a-f]{62}")


class ObjectFile(NamedTuple):
    """A file in `.provstore/objects`.

    Attributes:
        path: Absolute.
        digest: Of the object that it is; "" where it was begun and not finished.
        size: Bytes.
    """

    path: str
    digest: str
    size: int


class _ChangedError(Exception):
    """A file is not what it was when it was digested."""


class Objects:
    """Keeps bytes and gives them back.

    Args:
        folder: Absolute path of `.provstore/objects`.
        conn: For reading; what is new waits in `pending` until the ledger writes it.
        store: The file that `conn` reads, for messages.
    """

    def __init__(self, folder: str, conn: sqlite3.Connection, store: str) -> None:
        self._folder = folder
        self._conn = conn
        self._store = store
        self._damaged: set[str] = set()
        self.pending: dict[str, tuple[int, bytes | None]] = {}

    def keep_bytes_of(self, digest: str, data: bytes) -> None:
        """Keeps bytes if they are those of the digest."""
        if digest_bytes(data) == digest:
            self.keep_bytes(digest, data)

    def keep_bytes(self, digest: str, data: bytes) -> None:
        """Keeps bytes that are in memory."""
        if self.has(digest):
            return
        if len(data) <= INSIDE:
            self._take(digest, len(data), data)
            return
        with self._fresh_file(digest) as descriptor:
            _write_all(descriptor, data)
        self._take(digest, len(data), None)

    def keep_file(self, digest: str, path: str, size: int) -> bool:
        """Keeps a file's bytes: by a reflink where the file system can, else by a copy.

        Returns:
            False when the file no longer holds what `digest` says; nothing is kept then.
        """
        if self.has(digest):
            return True
        if size <= INSIDE:
            with naming(path), open(path, "rb") as small:
                data = small.read()
            if digest_bytes(data) != digest:
                return False
            self._take(digest, len(data), data)
            return True
        try:
            with open(path, "rb") as source, self._fresh_file(digest) as descriptor:
                _clone_or_copy(source.fileno(), descriptor)
                os.lseek(descriptor, 0, os.SEEK_SET)
                if digest_descriptor(descriptor, size) != digest:
                    raise _ChangedError
        except _ChangedError:
            return False
        self._take(digest, size, None)
        return True

    def _take(self, digest: str, size: int, data: bytes | None) -> None:
        self.pending[digest] = (size, data)
        self._damaged.discard(digest)

    def remove_leftovers(self) -> None:
        """Removes what a killed run had begun to keep. Only while holding the lock."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                if name.endswith(NEW):
                    os.unlink(f"{self._folder}/{name}")

    def files(self) -> Iterator[ObjectFile]:
        """Every file of an object, those that no row knows too. Who lists them may remove them meanwhile."""
        for name in _names_in(self._folder):
            folder = f"{self._folder}/{name}"
            if name.endswith(NEW):
                yield from _regular(folder, "")
            elif FOLDER_NAME.fullmatch(name):
                for rest in _names_in(folder):
                    if FILE_NAME.fullmatch(rest):
                        yield from _regular(f"{folder}/{rest}", f"blake3:{name}{rest}")

    def has(self, digest: str) -> bool:
        """The bytes are at hand."""
        if digest in self.pending:
            return True
        if digest in self._damaged:
            return False
        row = self._row(HAS, digest)
        return row is not None and (bool(row[0]) or os.path.isfile(self._path(digest)))

    def holds(self, digest: str, kind: str) -> bool:
        """The same as `has_all`, but every byte is read: what is damaged is not at hand from now on."""
        if not self.has_all(digest, kind):
            return False
        entries = self.entries(digest) if kind == "directory" else ()
        members = [entry.digest for entry in entries if entry.kind != "empty"]
        return all([self._is_whole(part) for part in (digest, *members)])

    def _is_whole(self, digest: str) -> bool:
        try:
            for _ in self.pieces(digest):
                return True  # they were checked before the first
        except KeyError:
            return False
        return True

    def has_all(self, digest: str, kind: str) -> bool:
        """The bytes are at hand; of a directory: those of every file in it."""
        if not self.has(digest):
            return False
        if kind != "directory":
            return True
        try:
            entries = self.entries(digest)
        except KeyError:
            return False
        return all(self.has(entry.digest) for entry in entries if entry.kind in ("file", "executable", "link"))

    def entries(self, digest: str) -> Iterable[Entry]:
        """What a directory holds, from its kept manifest.

        Raises:
            KeyError: It is not kept, or damaged.
        """
        return entries_from_manifest(self.read(digest).decode())

    def entries_if_kept(self, digest: str) -> Sequence[Entry] | None:
        """What a directory holds; None where its manifest is not kept. One that only lacks its row counts as kept.

        Raises:
            KeyError: It is damaged: what is in the directory can't be told.
        """
        row = self._row(CONTENT, digest)
        data = None if row is None else row[0]
        if data is None:
            try:
                with open(self._path(digest), "rb") as file:
                    data = file.read()
            except FileNotFoundError:
                if row is None:
                    return None
                raise KeyError(digest) from None
        if digest_bytes(data) != digest:
            raise KeyError(digest)
        try:
            return entries_from_manifest(data.decode())
        except (ValueError, TypeError):
            raise KeyError(digest) from None

    def read(self, digest: str) -> bytes:
        """The bytes of an object, in memory.

        Raises:
            KeyError: They are not kept, or damaged.
        """
        data = self._inside(digest)
        if data is None:
            try:
                with open(self._path(digest), "rb") as file:
                    data = file.read()
            except FileNotFoundError:
                raise KeyError(digest) from None
        if digest_bytes(data) != digest:
            self._damaged.add(digest)
            raise KeyError(digest)
        return data

    def pieces(self, digest: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start` on, in pieces that fit into memory; they are checked before.

        Raises:
            KeyError: They are not kept, or damaged.
        """
        data = self._inside(digest)
        if data is not None:
            if digest_bytes(data) != digest:
                self._damaged.add(digest)
                raise KeyError(digest)
            yield data[start:]
            return
        try:
            with open(self._path(digest), "rb") as file:
                if digest_descriptor(file.fileno(), os.fstat(file.fileno()).st_size) != digest:
                    self._damaged.add(digest)
                    raise KeyError(digest)
                file.seek(start)
                while piece := file.read(COPY_CHUNK):
                    yield piece
        except FileNotFoundError:
            raise KeyError(digest) from None

    def write_to(self, digest: str, target: str, *, executable: bool) -> bool:
        """Writes an object to a new file, and reads it again.

        Args:
            target: Absolute path of a file that does not exist; the caller moves it to its place.

        Returns:
            False when the object is not kept or damaged.
        """
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o777 if executable else 0o666)
        try:
            with naming(target):
                size = self._pour(digest, descriptor)
                os.lseek(descriptor, 0, os.SEEK_SET)
                whole = size >= 0 and digest_descriptor(descriptor, size) == digest
            if not whole:
                self._damaged.add(digest)
            return whole
        finally:
            os.close(descriptor)

    def _pour(self, digest: str, descriptor: int) -> int:
        """Copies an object into an open file; -1 when it is not kept."""
        try:
            data = self._inside(digest)
        except KeyError:
            return -1
        if data is not None:
            _write_all(descriptor, data)
            return len(data)
        try:
            with open(self._path(digest), "rb") as source:
                _clone_or_copy(source.fileno(), descriptor)
        except FileNotFoundError:
            return -1
        return os.fstat(descriptor).st_size

    def _inside(self, digest: str) -> bytes | None:
        """The bytes of an object in the table; None when they lie in a file; KeyError when it is unknown."""
        if digest in self.pending:
            return self.pending[digest][1]
        row = self._row(CONTENT, digest)
        if row is None:
            raise KeyError(digest)
        return row[0]

    def _row(self, question: str, digest: str) -> tuple[bytes | None] | None:
        with explained(self._store):
            row: tuple[bytes | None] | None = self._conn.execute(question, (digest,)).fetchone()
            return row

    def _path(self, digest: str) -> str:
        name = digest.partition(":")[2]
        return f"{self._folder}/{name[:2]}/{name[2:]}"

    @contextlib.contextmanager
    def _fresh_file(self, digest: str) -> Iterator[int]:
        """An open file that becomes the object when the block ends well."""
        path = self._path(digest)
        fresh = f"{self._folder}/{os.getpid()}{NEW}"
        with explained(self._store):
            make_lasting_folder(os.path.dirname(path))
            descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o444)
        try:
            with naming(fresh):
                yield descriptor
                os.fsync(descriptor)
            os.rename(fresh, path)
            synchronise_folder(os.path.dirname(path))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        finally:
            os.close(descriptor)


def remove_file(file: ObjectFile) -> None:
    """Removes a file that no row knows, and its folder with the last one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file.path)
    if file.digest:
        with contextlib.suppress(OSError):
            os.rmdir(os.path.dirname(file.path))


def _names_in(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _regular(path: str, digest: str) -> Iterator[ObjectFile]:
    with contextlib.suppress(FileNotFoundError):
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode):
            yield ObjectFile(path, digest, status.st_size)


def make_lasting_folder(folder: str) -> None:
    """Makes a folder, and those above it, that a power cut leaves there."""
    if not os.path.isdir(folder):
        above = os.path.dirname(folder)
        make_lasting_folder(above)
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder)
        synchronise_folder(above)


def synchronise_folder(folder: str) -> None:
    """What was made in, or renamed into, a folder survives a power cut only when the folder was synchronised.

    Some file systems can't do that; they have their own ways.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with naming(folder):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        if error.errno in DISK_FAULTS:
            raise


def _clone_or_copy(source: int, target: int) -> None:
    """A reflink where both lie on one file system that can, else a copy inside the kernel, else by hand."""
    import fcntl

    try:
        fcntl.ioctl(target, FICLONE, source)
        return
    except OSError:
        pass
    if hasattr(os, "copy_file_range"):
        try:
            while os.copy_file_range(source, target, 1 << 30):
                pass
            return
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
    os.lseek(source, 0, os.SEEK_SET)
    os.lseek(target, 0, os.SEEK_SET)
    os.ftruncate(target, 0)
    while data := os.read(source, COPY_CHUNK):
        _write_all(target, data)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
