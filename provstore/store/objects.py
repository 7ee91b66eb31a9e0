"""Objects: the bytes that are kept, by digest, so that they can be restored.

Small ones lie in the store's table `object`, bigger ones in files `.provstore/objects/ab/cdef…`. An object
file is complete from its first moment (written under another name, synchronised, renamed) and never
changes; its row is written afterwards, in the transaction of the fact that needs it.
"""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import stat

from provstore.digest import Entry, digest_bytes, digest_descriptor, entries_from_manifest
from provstore.errors import DISK_FAULTS, StoreError, error_from_os, naming
from provstore.noun import NamedTuple
from provstore.store.connection import explained, roll_back

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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


class _Fresh:
    """A file that is being written, and may become an object.

    Attributes:
        digest: What it is to be kept as; "": it is not to be kept.
    """

    def __init__(self, path: str, descriptor: int) -> None:
        self._path = path
        self.descriptor = descriptor
        self.digest = ""

    def write(self, data: bytes | memoryview) -> None:
        """Adds bytes; an error names this file, not the one that they come from."""
        with _written(self._path):
            _write_all(self.descriptor, data)


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
        self._replaced: set[str] = set()
        self._made: list[str] | None = None
        self.pending: dict[str, tuple[str, int, bytes | None]] = {}

    def keep_bytes_of(self, digest: str, data: bytes) -> None:
        """Keeps bytes if they are those of the digest."""
        if digest_bytes(data) == digest:
            self.keep_bytes(digest, data)

    def keep_bytes(self, digest: str, data: bytes) -> None:
        """Keeps bytes that are in memory."""
        if digest in self.pending:
            return
        if len(data) <= INSIDE:  # whether the store has them is found out when they are written
            self._take(digest, len(data), data)
            return
        if self.has(digest):
            return
        with self._fresh_file() as fresh:
            fresh.write(data)
            fresh.digest = digest
        self._take(digest, len(data), None)

    def take_in(self, descriptor: int, size: int, is_unchanged: Callable[[], bool]) -> str:
        """Digests an open file and keeps its bytes in one pass: see `ports.Keeper`.

        A reflink takes the bytes of one moment and leaves none of them in memory; so they are read from the file
        itself afterwards, and who has written to it in between has changed how it looks. The caller sees to it
        that such a change can be seen. Without reflinks what is digested is what is written, whatever happens.
        """
        with self._fresh_file() as fresh:
            each = None if clone(descriptor, fresh.descriptor) else fresh.write
            digest = digest_descriptor(descriptor, size, each)
            is_known = self.has(digest)
            if is_unchanged() and not is_known:
                fresh.digest = digest
        if fresh.digest:
            self._take(digest, size, None)
        return digest

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
        with naming(path), open(path, "rb") as source, self._fresh_file() as fresh:
            if _digest_of_copy(source.fileno(), fresh.descriptor, size, fresh.write) == digest:
                fresh.digest = digest
        if not fresh.digest:
            return False
        self._take(digest, size, None)
        return True

    def _take(self, digest: str, size: int, data: bytes | None) -> None:
        self.pending[digest] = (digest, size, data)
        if digest in self._damaged:
            self._damaged.discard(digest)
            self._replaced.add(digest)

    def replaced(self) -> list[tuple[str, int, bytes | None]]:
        """What of `pending` takes the place of a row whose bytes are lost or damaged."""
        return [row for digest, row in self.pending.items() if digest in self._replaced]

    def forget_pending(self) -> None:
        """All of `pending` is written."""
        self.pending.clear()
        self._replaced.clear()

    @contextlib.contextmanager
    def tentative(self) -> Iterator[None]:
        """What is kept inside goes again after an error, unless a row knows of it. Only while holding the lock."""
        made: list[str] = []
        self._made = made
        try:
            yield
        except BaseException:
            roll_back(self._conn)  # an interrupt may have come before the transaction could
            self.forget_pending()
            with contextlib.suppress(StoreError, OSError):  # nobody knows what there are rows of: all stays
                for digest in made:
                    if self._row(HAS, digest) is None:
                        _remove(self._path(digest))
            raise
        finally:
            self._made = None

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
        """Writes an object to a new file, and digests what it writes.

        Args:
            target: Absolute path of a file that does not exist; the caller moves it to its place.

        Returns:
            False when the object is not kept or damaged.
        """
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o777 if executable else 0o666)
        try:
            with naming(target):
                whole = self._pour(digest, descriptor) == digest
            if not whole:
                self._damaged.add(digest)
            return whole
        finally:
            os.close(descriptor)

    def _pour(self, digest: str, descriptor: int) -> str:
        """Copies an object into an open file, and returns the digest of what that holds; "": it is not kept."""
        try:
            data = self._inside(digest)
        except KeyError:
            return ""
        if data is not None:
            _write_all(descriptor, data)
            return digest_bytes(data)
        try:
            with open(self._path(digest), "rb") as source:
                size = os.fstat(source.fileno()).st_size
                return _digest_of_copy(source.fileno(), descriptor, size, lambda piece: _write_all(descriptor, piece))
        except FileNotFoundError:
            return ""

    def _inside(self, digest: str) -> bytes | None:
        """The bytes of an object in the table; None when they lie in a file; KeyError when it is unknown."""
        if digest in self.pending:
            return self.pending[digest][2]
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
    def _fresh_file(self) -> Iterator[_Fresh]:
        """A new file that becomes an object when the block ends well and has set its digest, else is removed."""
        name = f"{self._folder}/{os.getpid()}{NEW}"
        with explained(self._store):
            make_lasting_folder(self._folder)
            descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o444)
        fresh = _Fresh(name, descriptor)
        is_object = False
        try:
            yield fresh
            if fresh.digest:
                path = self._path(fresh.digest)
                with _written(name):
                    os.fsync(descriptor)
                    make_lasting_folder(os.path.dirname(path))
                    if self._made is not None and not os.path.lexists(path):
                        self._made.append(fresh.digest)
                    os.rename(name, path)
                    is_object = True
                    synchronise_folder(os.path.dirname(path))
        finally:
            os.close(descriptor)
            if not is_object:
                with contextlib.suppress(OSError):
                    os.unlink(name)


@contextlib.contextmanager
def _written(path: str) -> Iterator[None]:
    """What the operating system says of an object is not taken for what it says of the file that is read for it."""
    try:
        yield
    except OSError as error:
        raise error_from_os(error, path) from error


def remove_file(file: ObjectFile) -> None:
    """Removes a file that no row knows, and its folder with the last one."""
    if file.digest:
        _remove(file.path)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(file.path)


def _remove(path: str) -> None:
    """Removes an object's file, and its folder with the last one."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(path))


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


def clone(source: int, target: int) -> bool:
    """Makes a reflink where both lie on one file system that can."""
    import fcntl

    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def _digest_of_copy(source: int, target: int, size: int, write: Callable[[memoryview], None]) -> str:
    """Fills an empty file with the bytes of another one, and returns the digest of what it holds then."""
    if clone(source, target):
        return digest_descriptor(target, size)
    return digest_descriptor(source, size, write)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
