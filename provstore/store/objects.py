"""Objects: the bytes that are kept, by digest, so that they can be restored.

Small ones lie in the store's table `object`, bigger ones in files `.provstore/objects/ab/cdef…`. An object
file is complete from its first moment (written under another name, synchronised, renamed) and never
changes; its row is written afterwards, in the transaction of the fact that needs it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3

from provstore.digest import Entry, digest_bytes, digest_descriptor, entries_from_manifest
from provstore.store.connection import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

INSIDE = 1 << 15
"""Bytes up to which an object lies in the table: one row instead of one file and one synchronisation."""

FICLONE = 0x40049409
"""Linux's ioctl for a reflink: shares the blocks until one side is written."""

NEW = ".new"
"""Ending of an object that is being written."""

COPY_CHUNK = 1 << 22
HAS = "SELECT content IS NOT NULL FROM object WHERE digest = ?"
CONTENT = "SELECT content FROM object WHERE digest = ?"


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
            self.pending[digest] = (len(data), data)
            return
        with self._fresh_file(digest) as descriptor:
            _write_all(descriptor, data)
        self.pending[digest] = (len(data), None)

    def keep_file(self, digest: str, path: str, size: int) -> bool:
        """Keeps a file's bytes: by a reflink where the file system can, else by a copy.

        Returns:
            False when the file no longer holds what `digest` says; nothing is kept then.
        """
        if self.has(digest):
            return True
        if size <= INSIDE:
            with open(path, "rb") as small:
                data = small.read()
            if digest_bytes(data) != digest:
                return False
            self.pending[digest] = (len(data), data)
            return True
        try:
            with open(path, "rb") as source, self._fresh_file(digest) as descriptor:
                _clone_or_copy(source.fileno(), descriptor)
                os.lseek(descriptor, 0, os.SEEK_SET)
                if digest_descriptor(descriptor, size) != digest:
                    raise _ChangedError
        except _ChangedError:
            return False
        self.pending[digest] = (size, None)
        return True

    def remove_leftovers(self) -> None:
        """Removes what a killed run had begun to keep. Only while holding the lock."""
        with contextlib.suppress(FileNotFoundError):
            for name in os.listdir(self._folder):
                if name.endswith(NEW):
                    os.unlink(f"{self._folder}/{name}")

    def has(self, digest: str) -> bool:
        """The bytes are at hand."""
        if digest in self.pending:
            return True
        row = self._row(HAS, digest)
        return row is not None and (bool(row[0]) or os.path.exists(self._path(digest)))

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
            raise KeyError(digest)
        return data

    def pieces(self, digest: str, start: int = 0) -> Iterator[bytes]:
        """The bytes of an object from `start` on, in pieces that fit into memory; they are not checked.

        Raises:
            KeyError: They are not kept.
        """
        data = self._inside(digest)
        if data is not None:
            yield data[start:]
            return
        try:
            with open(self._path(digest), "rb") as file:
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
            size = self._pour(digest, descriptor)
            os.lseek(descriptor, 0, os.SEEK_SET)
            return size >= 0 and digest_descriptor(descriptor, size) == digest
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
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o444)
        try:
            yield descriptor
            os.fsync(descriptor)
            os.rename(fresh, path)
            _synchronise_folder(os.path.dirname(path))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(fresh)
            raise
        finally:
            os.close(descriptor)


def _synchronise_folder(folder: str) -> None:
    """A rename survives a power cut only when its folder was synchronised."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


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
