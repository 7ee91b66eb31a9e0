"""What lies in the workspace: identities of files and directories, read only when a look is not enough.

An *identity* is what decides whether two contents count as one: a digest, with ``+x`` behind it for an
executable file. The workspace remembers what it read (`Memo`); the store keeps that memory between runs.
"""

from __future__ import annotations

import os
import stat
import time
from functools import cached_property

from provstore.digest import Entry, digest_bytes, manifest_text
from provstore.errors import FileError
from provstore.model.files import Content, DirectoryMemo, Memo
from provstore.noun import NamedTuple
from provstore.watch.reading import READINGS, SETTLE_LIMIT, read_file, unreadable
from provstore.watch.signature import NEVER, Signature, is_executable, settles_at, signature_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provstore.model.files import FileRow
    from provstore.ports import Keeper, Semantics
    from provstore.watch.directory import Listing
    from provstore.watch.durable import Outgoing


class Unsettled(NamedTuple):
    """What was read too soon after its last change to be trusted.

    Attributes:
        moment: From when on (nanoseconds since 1970) a reading can be trusted.
        digest: Of the bytes that were read.
    """

    moment: int
    memo: Memo | DirectoryMemo
    digest: str


class Workspace:
    """The files of a project.

    Args:
        root: Absolute path of the project.
        files, directories: What is remembered, by path; taken over, and kept up to date.

    Attributes:
        fine_device: A device on which any two changes can be told apart (`stamps`); None while none is known.
        semantics: Gives what knows the meaning of files, and is asked about each that is read; None: only bytes count.
    """

    def __init__(self, root: str, files: dict[str, FileRow], directories: dict[str, DirectoryMemo]) -> None:
        self._prefix = root.rstrip("/") + "/"
        self._remembered = files
        self._files: dict[str, Memo] = {}
        self._directories = directories
        self._noted: set[str] = set()
        self._unsettled: dict[str, Unsettled] = {}
        self._contents: dict[str, Content] = {}
        self.fine_device: int | None = None
        self.semantics: Callable[[], Semantics] | None = None

    def full(self, path: str) -> str:
        """The path as the operating system takes it."""
        return path if path.startswith("/") else self._prefix + path

    def look(self, path: str) -> Memo | DirectoryMemo | None:
        """What lies at a path now; None where nothing does. Reads it only if it looks otherwise than remembered.

        Raises:
            FileError: It can't be read, or is neither a file nor a directory.
        """
        status = self._status(path)
        if status is None:
            return None
        memo = self._known_file(path)
        return memo if memo is not None and _looks_like(status, memo) else self._look_closer(path, status)

    def identity(self, path: str) -> str:
        """Identity of what lies at a path; "" where nothing does.

        As `look`, but without a noun for what looks as remembered: thousands of files do.
        """
        status = self._status(path)
        if status is None:
            return ""
        known = self._remembered.get(path) or self._files.get(path)
        if known is not None and _looks_like(status, known):
            return known[5]
        return self._look_closer(path, status).identity

    def _status(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(path if path[0] == "/" else self._prefix + path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, ValueError) as error:
            raise unreadable(path, error) from error

    def _look_closer(self, path: str, status: os.stat_result) -> Memo | DirectoryMemo:
        if stat.S_ISDIR(status.st_mode):
            return self._look_into(path)
        return self._read_file(path, status)[1]

    @cached_property
    def _outgoing(self) -> Outgoing:
        """Files that were read; imported here, as most runs read none."""
        from provstore.watch.durable import Outgoing

        return Outgoing()

    def _listing(self, path: str) -> Listing:
        from provstore.watch.directory import Listing

        return Listing(self.full(path), path)

    def _known_file(self, path: str) -> Memo | None:
        """What is remembered of a file. It becomes a noun when it is first asked for: few of them ever are."""
        row = self._remembered.pop(path, None)
        if row is not None:
            self._files[path] = Memo(*row[:7])
        return self._files.get(path)

    def content(self, path: str, memo: Memo | DirectoryMemo) -> Content | None:
        """What `memo` stands for, without bytes and entries; None when the path holds something else by now."""
        known = self._contents.get(path)
        if known is not None and known.identity == memo.identity:
            return known
        try:
            content, _ = self.read(path)
        except FileError:
            return None
        return content if content.identity == memo.identity else None

    def dataset_of(self, path: str, identity: str) -> str | None:
        """The dataset with that identity that is known to lie at a path; from memory alone."""
        known = self._memo(path)
        return known.dataset if known is not None and known.identity == identity else None

    def _memo(self, path: str) -> Memo | DirectoryMemo | None:
        """What is known of a path, which may have changed since."""
        known: Memo | DirectoryMemo | None = self._known_file(path) or self._directories.get(path)
        return self._unsettled[path].memo if known is None and path in self._unsettled else known

    def directory_around(self, path: str) -> tuple[str, str] | None:
        """The nearest directory around a path that is a dataset, and that dataset; from memory alone."""
        folder = os.path.dirname(path)
        while folder:
            known = self._memo(folder)
            if isinstance(known, DirectoryMemo) and known.dataset is not None:
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

    def read(self, path: str, keeper: Keeper | None = None) -> tuple[Content, Memo | DirectoryMemo]:
        """Reads what lies at a path, whatever is remembered.

        Args:
            keeper: Keeps bytes that `Content` does not hold while they are read: those of a big file and of the
                files in a directory, as far as they are read. It gets none of what never stops changing.

        Raises:
            FileError: Nothing is there, or it can't be read.
        """
        try:
            status = os.stat(self.full(path))
        except OSError as error:
            raise unreadable(path, error) from error
        if stat.S_ISDIR(status.st_mode):
            return self._read_directory(path, self._listing(path), keeper)
        return self._read_file(path, status, keeper)

    def assign(self, path: str, memo: Memo | DirectoryMemo, dataset: str) -> None:
        """Remembers which dataset it is that lies at a path, as long as what is remembered of it is `memo`.

        What it holds need no longer be known: only who records a dataset asks for that.
        """
        self._contents.pop(path, None)
        known: Memo | DirectoryMemo | None
        if isinstance(memo, Memo):
            known = self._known_file(path)
            if known is not None and known[:6] == memo[:6]:
                self._files[path] = known._replace(dataset=dataset)
                self._noted.add(path)
        else:
            known = self._directories.get(path)
            if known is not None and known[:2] == memo[:2]:
                self._directories[path] = known._replace(dataset=dataset)
                self._noted.add(path)
        unsettled = self._unsettled.get(path)
        if unsettled is not None and unsettled.memo[:-1] == memo[:-1]:
            self._unsettled[path] = unsettled._replace(memo=unsettled.memo._replace(dataset=dataset))

    def remembers(self, path: str) -> bool:
        """Something is known of a file that was not learnt just now."""
        return path not in self._noted and self._known_file(path) is not None

    def forget(self, path: str) -> None:
        """Takes a path out of memory: it was removed or is about to be rewritten."""
        self._remembered.pop(path, None)
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
        for path, (moment, memo, digest) in list(self._unsettled.items()):
            if moment > now:
                if not wait or moment - now > SETTLE_LIMIT:
                    continue
                time.sleep((moment - now) / 1e9 + 1e-6)
                now = time.time_ns()
            try:
                again = self.look(path)
            except FileError:
                continue  # somebody is at work on it: whoever needs it next will read it
            content = self._contents.get(path)
            is_same = again is not None and content is not None and content.digest == digest
            if again is not None and is_same and again.identity == memo.identity and memo.dataset is not None:
                self.assign(path, again, memo.dataset)

    def take_noted(self) -> tuple[Mapping[str, Memo], Mapping[str, DirectoryMemo]]:
        """What was learnt since the last call, for the store to keep: true of the disk as well."""
        files = {path: self._files[path] for path in self._noted if path in self._files}
        directories = {path: self._directories[path] for path in self._noted if path in self._directories}
        self._noted.clear()
        self._outgoing.wait()
        return files, directories

    @property
    def has_news(self) -> bool:
        """Something was learnt that the store does not have yet."""
        return bool(self._noted)

    def _read_file(self, path: str, status: os.stat_result, keeper: Keeper | None = None) -> tuple[Content, Memo]:
        full = self.full(path)
        for number in range(READINGS):
            try:
                reading = read_file(full, status.st_mode, signature_of(status), self.fine_device, keeper)
            except OSError as error:
                raise unreadable(path, error) from error
            signature = reading.signature
            content = Content("file", signature.size, reading.digest, is_executable(reading.mode), reading.data)
            content, dataset, was_read = self._meaning(path, full, content)
            is_still = not was_read or _looks_still(full, signature)
            if is_still or number == READINGS - 1:
                break
            os.close(reading.descriptor)  # it was changed after its bytes were read, before its meaning was
            status = self._status(path) or status
        if not is_still:
            content, dataset = content._replace(semantic=None), None
        memo = Memo(*signature, content.identity, dataset)
        self.forget(path)
        self._contents[path] = content._replace(data=None)
        moment = settles_at(signature, self.fine_device) if is_still else NEVER
        if reading.began > moment:
            self._files[path] = memo
            self._noted.add(path)
            self._outgoing.take(full, reading.descriptor)
        else:
            self._unsettled[path] = Unsettled(moment, memo, content.digest)
            os.close(reading.descriptor)
        return content, memo

    def _meaning(self, path: str, full: str, content: Content) -> tuple[Content, str | None, bool]:
        """What was read, with what it means; the dataset with these bytes, if known; whether its format has read it.

        What is equal as data and has other bytes is another dataset.
        """
        before = self._memo(path)
        if self.semantics is None:
            return content, self.dataset_of(path, content.identity), False
        meaning = self.semantics().of(path, full, content, before.identity if before is not None else "")
        content = content._replace(format=meaning.format, semantic=meaning.digest)
        dataset = meaning.dataset
        if dataset is None and meaning.digest is None:
            dataset = self.dataset_of(path, content.identity)
        return content, dataset, meaning.was_read

    def _look_into(self, path: str) -> DirectoryMemo:
        listing = self._listing(path)
        known = self._directories.get(path)
        if known is not None and known.signature == listing.signature:
            return known
        return self._read_directory(path, listing)[1]

    def _read_directory(
        self, path: str, listing: Listing, keeper: Keeper | None = None
    ) -> tuple[Content, DirectoryMemo]:
        import json  # takes 2 ms, and looking takes none

        from provstore.watch.members import MemberReader

        known = self._memo(path)
        remembered = json.loads(known.members) if isinstance(known, DirectoryMemo) else {}
        members = MemberReader(listing, self.fine_device, self._outgoing, keeper).read(remembered)
        data = manifest_text(members.entries).encode()
        size = sum([size for _, _, _, size in members.entries])
        entries = tuple(map(Entry._make, members.entries))
        content = Content("directory", size, digest_bytes(data), False, data, entries)
        content, dataset, was_read = self._meaning(path, self.full(path), content)
        is_still = not was_read or self._listing(path).signature == listing.signature
        if not is_still:
            content, dataset = content._replace(semantic=None), None
        memo = DirectoryMemo(listing.signature, content.identity, dataset, json.dumps(members.memory))
        self.forget(path)
        self._contents[path] = content._replace(data=None, entries=())
        moment = members.settles if is_still else NEVER
        if members.began > moment:
            self._directories[path] = memo
            self._noted.add(path)
        else:
            self._unsettled[path] = Unsettled(moment, memo, content.digest)
        return content, memo


def _looks_still(full: str, signature: Signature) -> bool:
    """A file looks as it did."""
    try:
        return signature_of(os.stat(full)) == signature
    except OSError:
        return False


def _looks_like(status: os.stat_result, known: FileRow | Memo) -> bool:
    """The signature of a file is the one that is remembered, a `Memo` or its values; see `signature_of`."""
    return (
        known[2] == status.st_size
        and known[4] == status.st_ctime_ns
        and known[3] == status.st_mtime_ns
        and known[1] == status.st_ino
        and known[0] == status.st_dev
    )
