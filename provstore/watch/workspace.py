"""What lies in the workspace: identities of files and directories, read only when a look is not enough.

An *identity* is what decides whether two contents count as one: a digest, with ``+x`` behind it for an
executable file. The workspace remembers what it read (`Memo`); the store keeps that memory between runs.
"""

from __future__ import annotations

import json
import os
import stat
import time
from typing import NamedTuple

from provstore.digest import Entry, digest_bytes, digest_descriptor, digest_text, manifest_text
from provstore.errors import FileError
from provstore.model.files import SMALL, TOOL_FOLDERS, Content, DirectoryMemo, Memo
from provstore.watch.durable import write_out
from provstore.watch.links import Links
from provstore.watch.signature import Signature, is_executable, settles_at, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Member(NamedTuple):
    """One thing in a directory, as a walk finds it."""

    path: str
    signature: Signature
    kind: str


class Workspace:
    """The files of a project.

    Args:
        root: Absolute path of the project.
        files, directories: What is remembered, by path; taken over, and kept up to date.
    """

    def __init__(self, root: str, files: dict[str, Memo], directories: dict[str, DirectoryMemo]) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._files = files
        self._directories = directories
        self._noted: set[str] = set()
        self._unsettled: dict[str, tuple[int, Memo | DirectoryMemo]] = {}
        self._contents: dict[str, Content] = {}
        self._read_members: list[str] = []

    def full(self, path: str) -> str:
        """The path as the operating system takes it."""
        return path if path.startswith("/") else self._prefix + path

    def look(self, path: str) -> Memo | DirectoryMemo | None:
        """What lies at a path now; None where nothing does. Reads it only if it looks otherwise than remembered.

        Raises:
            FileError: It can't be read, or is neither a file nor a directory.
        """
        try:
            status = os.stat(path if path[0] == "/" else self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(path, error) from error
        memo = self._files.get(path)
        if (
            memo is not None
            and memo[2] == status.st_size
            and memo[4] == status.st_ctime_ns
            and memo[3] == status.st_mtime_ns
            and memo[1] == status.st_ino
            and memo[0] == status.st_dev
        ):
            return memo
        if stat.S_ISDIR(status.st_mode):
            return self._look_into(path)
        return self._read_file(path)[1]

    def identity(self, path: str) -> str:
        """Identity of what lies at a path; "" where nothing does."""
        memo = self.look(path)
        return "" if memo is None else memo.identity

    def content(self, path: str, memo: Memo | DirectoryMemo) -> Content | None:
        """What `memo` stands for, without the bytes of files; None when the path holds something else by now."""
        known = self._contents.get(path)
        if known is not None and known.identity == memo.identity:
            return known
        try:
            content, _ = self.read(path)
        except FileError:
            return None
        return content if content.identity == memo.identity else None

    def directory_around(self, path: str) -> tuple[str, str] | None:
        """The nearest directory around a path that is a dataset, and that dataset; from memory alone."""
        folder = os.path.dirname(path)
        while folder:
            known = self._directories.get(folder) or self._unsettled.get(folder, (0, None))[1]
            if known is not None and known.dataset is not None:
                return folder, known.dataset
            folder = os.path.dirname(folder) if folder != "/" else ""
        return None

    def looks_like(self, path: str, memo: Memo | DirectoryMemo | None) -> bool:
        """Whether a path was left alone since `memo` was made. Read again is only what then had changed just before."""
        try:
            now = self.look(path)
        except FileError:
            return False
        if now is None or memo is None:
            return now is memo
        return now.signature == memo.signature and now.identity == memo.identity

    def read(self, path: str) -> tuple[Content, Memo | DirectoryMemo]:
        """Reads what lies at a path, whatever is remembered.

        Raises:
            FileError: Nothing is there, or it can't be read.
        """
        try:
            status = os.stat(self.full(path))
        except OSError as error:
            raise _unreadable(path, error) from error
        if stat.S_ISDIR(status.st_mode):
            return self._read_directory(path, list(self._walk(path)))
        return self._read_file(path)

    def assign(self, path: str, memo: Memo | DirectoryMemo, dataset: str) -> None:
        """Remembers which dataset it is that lies at a path, as long as what is remembered of it is `memo`."""
        known: Memo | DirectoryMemo | None
        if isinstance(memo, Memo):
            known = self._files.get(path)
            if known is not None and known[:6] == memo[:6]:
                self._files[path] = known._replace(dataset=dataset)
                self._noted.add(path)
        else:
            known = self._directories.get(path)
            if known is not None and known[:2] == memo[:2]:
                self._directories[path] = known._replace(dataset=dataset)
                self._noted.add(path)
        moment, unsettled = self._unsettled.get(path, (0, None))
        if unsettled is not None and unsettled.signature == memo.signature and unsettled.identity == memo.identity:
            self._unsettled[path] = (moment, unsettled._replace(dataset=dataset))

    def remembers(self, path: str) -> bool:
        """Something is known of a file that was not learnt just now."""
        return path not in self._noted and path in self._files

    def forget(self, path: str) -> None:
        """Takes a path out of memory: it was removed or is about to be rewritten."""
        self._files.pop(path, None)
        self._directories.pop(path, None)
        self._unsettled.pop(path, None)
        self._contents.pop(path, None)

    def settle(self, *, wait: bool) -> None:
        """Reads what had changed just before it was read once more, so that it can be trusted.

        Args:
            wait: Sleep until the clock has moved on (some milliseconds); else leave out what is too new.
        """
        now = time.time_ns()
        for path, (moment, memo) in list(self._unsettled.items()):
            if moment > now:
                if not wait or moment - now > SETTLE_LIMIT:
                    continue
                time.sleep((moment - now) / 1e9 + 1e-6)
                now = time.time_ns()
            try:
                again = self.look(path)
            except FileError:
                continue  # somebody is at work on it: whoever needs it next will read it
            if again is not None and again.identity == memo.identity and memo.dataset is not None:
                self.assign(path, again, memo.dataset)

    def take_noted(self) -> tuple[Mapping[str, Memo], Mapping[str, DirectoryMemo]]:
        """What was learnt since the last call, for the store to keep: true of the disk as well."""
        files = {path: self._files[path] for path in self._noted if path in self._files}
        directories = {path: self._directories[path] for path in self._noted if path in self._directories}
        self._noted.clear()
        write_out([*map(self.full, files), *self._read_members])
        self._read_members.clear()
        return files, directories

    @property
    def has_news(self) -> bool:
        """Something was learnt that the store does not have yet."""
        return bool(self._noted)

    def _read_file(self, path: str) -> tuple[Content, Memo]:
        try:
            content, signature, began = _content_of_file(self.full(path))
        except OSError as error:
            raise _unreadable(path, error) from error
        memo = Memo(*signature, content.identity, self._dataset_of(path, content.identity))
        self.forget(path)
        self._contents[path] = content._replace(data=None)
        moment = settles_at(signature)
        if began > moment:
            self._files[path] = memo
            self._noted.add(path)
        else:
            self._unsettled[path] = (moment, memo)
        return content, memo

    def _dataset_of(self, path: str, identity: str) -> str | None:
        for known in (self._files.get(path), self._directories.get(path), self._unsettled.get(path, (0, None))[1]):
            if known is not None and known.identity == identity:
                return known.dataset
        return None

    def _look_into(self, path: str) -> DirectoryMemo:
        members = list(self._walk(path))
        known = self._directories.get(path)
        if known is not None and known.signature == _signature_of_members(members):
            return known
        return self._read_directory(path, members)[1]

    def _read_directory(self, path: str, members: list[Member]) -> tuple[Content, DirectoryMemo]:
        known = self._directories.get(path) or self._unsettled.get(path, (0, None))[1]
        remembered = json.loads(known.members) if isinstance(known, DirectoryMemo) else {}
        started = time.time_ns()
        entries, memory, newest = [], {}, 0
        for member in members:
            began = time.time_ns()
            entry = self._entry(path, member, remembered.get(member.path))
            entries.append(entry)
            settled = settles_at(member.signature)
            newest = max(newest, settled)
            if member.kind in ("file", "executable") and began > settled:
                memory[member.path] = [*member.signature, entry.digest]
        text = manifest_text(entries)
        data = text.encode()
        size = sum(entry.size for entry in entries)
        content = Content("directory", size, digest_bytes(data), False, data, tuple(entries))
        dataset = self._dataset_of(path, content.identity)
        memo = DirectoryMemo(_signature_of_members(members), content.identity, dataset, json.dumps(memory))
        self.forget(path)
        if started > newest:
            self._directories[path] = memo
            self._noted.add(path)
        else:
            self._unsettled[path] = (newest, memo)
        return content, memo

    def _entry(self, folder: str, member: Member, remembered: list[int | str] | None) -> Entry:
        full = f"{self.full(folder)}/{member.path}"
        if member.kind == "empty":
            return Entry(member.path, "empty", "", 0)
        try:
            if member.kind == "link":
                return Entry(member.path, "link", digest_text(os.readlink(full)), 0)
            if remembered is not None and tuple(remembered[:5]) == member.signature:
                return Entry(member.path, member.kind, str(remembered[5]), member.signature.size)
            content = _content_of_file(full)[0]
            self._read_members.append(full)
        except OSError as error:
            raise _unreadable(f"{folder}/{member.path}", error) from error
        return Entry(member.path, member.kind, content.digest, content.size)

    def _walk(self, path: str) -> Iterator[Member]:
        """All files, links and empty folders below a directory, in an order that depends on names alone.

        What links lead to outside of the directory is among them, see `Links`.
        """
        full = self.full(path)
        links = Links(full)
        pending = [("", False)]
        while pending:
            below, is_linked = pending.pop()
            try:
                with os.scandir(f"{full}/{below}") as found:
                    names = sorted(found, key=lambda entry: entry.name, reverse=True)
                if not names and below:
                    _check_name(f"{path}/{below[:-1]}")
                    yield Member(below[:-1], signature_of(os.stat(f"{full}/{below}")), "empty")
                for entry in names:
                    member = below + entry.name
                    target = links.target(f"{full}/{member}") if entry.is_symlink() else None
                    if is_linked and entry.name in TOOL_FOLDERS:
                        continue
                    if entry.is_dir(follow_symlinks=False) or (target and stat.S_ISDIR(target.st_mode)):
                        pending.append((member + "/", is_linked or target is not None))
                    else:
                        yield _member(f"{path}/{member}", member, target or entry.stat(follow_symlinks=False))
            except OSError as error:  # also where something vanishes while it is looked at
                raise _unreadable(f"{path}/{below}".rstrip("/"), error) from error


READINGS = 5
SETTLE_LIMIT = 100_000_000
"""Nanoseconds to wait at most until a file can be trusted; one from the future is read each time instead."""


def _check_name(path: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise FileError(f"{path!r}: the file name is not UTF-8", hint="rename the file") from None


def _member(path: str, member: str, status: os.stat_result) -> Member:
    _check_name(path)
    if stat.S_ISLNK(status.st_mode):
        return Member(member, signature_of(status), "link")
    if not stat.S_ISREG(status.st_mode):
        raise FileError(f"{path}: found a {_kind_of(status)}, expected a file, a link or a directory")
    return Member(member, signature_of(status), "executable" if is_executable(status) else "file")


def _signature_of_members(members: list[Member]) -> str:
    lines = [f"{kind} {' '.join(map(str, signature))} {path}\0" for path, signature, kind in members]
    return digest_text("".join(lines))


def _content_of_file(full: str) -> tuple[Content, Signature, int]:
    """Reads a file that may be changing: again, until it looks the same before and after.

    One that never stops changing is given up after some readings; its last time stamp is then newer than
    the beginning of the reading, so that it is not trusted.

    Returns:
        Its content, how it looked, and the moment (nanoseconds) at which reading it began.
    """
    descriptor = os.open(full, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        for attempt in range(READINGS):
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, f"found a {_kind_of(status)}, expected a file or a directory")
            before = signature_of(status)
            if before.size > SMALL:
                rest = settles_at(before) - time.time_ns()
                if 0 < rest <= SETTLE_LIMIT:
                    time.sleep(rest / 1e9)
            began = time.time_ns()
            os.lseek(descriptor, 0, os.SEEK_SET)
            data: bytes | None = None
            if before.size <= SMALL:
                data = _read_all(descriptor, before.size)
                digest = digest_bytes(data)
            else:
                digest = digest_descriptor(descriptor, before.size)
            if signature_of(os.fstat(descriptor)) == before or attempt == READINGS - 1:
                break
        return Content("file", before.size, digest, is_executable(status), data), before, began
    finally:
        os.close(descriptor)


def _read_all(descriptor: int, size: int) -> bytes:
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    pieces = [data]
    while data:
        data = os.read(descriptor, SMALL)
        pieces.append(data)
    return b"".join(pieces)


def _kind_of(status: os.stat_result) -> str:
    names = {stat.S_IFIFO: "named pipe", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return names.get(stat.S_IFMT(status.st_mode), "directory" if stat.S_ISDIR(status.st_mode) else "special file")


def _unreadable(path: str, error: Exception) -> FileError:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return FileError(f"{path}: can't be read: {reason}", hint="give permission to read it, or replace it")
