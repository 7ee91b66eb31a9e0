"""What is in a directory, and how it looks: found in one walk that opens no file."""

from __future__ import annotations

import os
import stat
from array import array
from operator import attrgetter

from provstore.digest import digest_bytes
from provstore.errors import FileError
from provstore.model.files import TOOL_FOLDERS
from provstore.watch.links import Links
from provstore.watch.reading import kind_of, unreadable
from provstore.watch.signature import LARGEST, NEVER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 6
"""Numbers that are noted of each member: its mode, and what makes a `Signature`."""


class Listing:
    """All files, links and empty folders below a directory, in an order that depends on names alone.

    What links lead to outside of the directory is among them, see `Links`. A directory of many files is walked
    in each run that has nothing to do: so the numbers of all of them stand in one list, and no object is made
    for a member until one is to be read.

    Attributes:
        full: Absolute path of the directory.
        path: The same for messages.
        paths: Relative to the directory, POSIX.
        signature: Digest of all that was found: equal to an earlier one if nothing looks otherwise.
    """

    def __init__(self, full: str, path: str) -> None:
        """Walks.

        Raises:
            FileError: Something can't be listed, has a name that is not UTF-8, or is neither file, link nor folder.
        """
        self.full, self.path = full, path
        self._links = Links(full)
        self._numbers: list[int] = []
        self.paths: list[str] = []
        pending = [("", False)]
        while pending:
            below, is_linked = pending.pop()
            try:
                self._add_folder(below, is_linked, pending)
            except OSError as error:  # also where something vanishes while it is looked at
                raise unreadable(f"{path}/{below}".rstrip("/"), error) from error
        self.signature = self._digest()

    def members(self) -> Iterator[tuple[str, int, list[int]]]:
        """Path, mode and the numbers of the `Signature` of each."""
        numbers = self._numbers
        for place, path in enumerate(self.paths):
            start = place * WIDTH
            yield path, numbers[start], numbers[start + 1 : start + WIDTH]

    def mode(self, place: int) -> int:
        """Of the member with that number."""
        return self._numbers[place * WIDTH]

    def newest(self) -> int:
        """The last time stamp of all; `NEVER` where a number is beyond what the store can hold."""
        if not self._numbers:
            return 0
        if max(self._numbers) > LARGEST or min(self._numbers) < -LARGEST:
            return NEVER
        return max(*self._numbers[4::WIDTH], *self._numbers[5::WIDTH])

    def _add_folder(self, below: str, is_linked: bool, pending: list[tuple[str, bool]]) -> None:
        paths, numbers = self.paths, self._numbers
        with os.scandir(f"{self.full}/{below}") as found:
            entries = sorted(found, key=attrgetter("name"), reverse=True)
        if not entries and below:
            self._add(below[:-1], os.stat(f"{self.full}/{below}"))
        for entry in entries:
            if not is_linked and entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                paths.append(below + entry.name)
                numbers += (status.st_mode, status.st_dev, status.st_ino, status.st_size,
                            status.st_mtime_ns, status.st_ctime_ns)  # fmt: skip
            elif not (is_linked and entry.name in TOOL_FOLDERS):
                self._add_other(below, entry, is_linked, pending)

    def _add_other(self, below: str, entry: os.DirEntry[str], is_linked: bool, pending: list[tuple[str, bool]]) -> None:
        """Adds what is no plain file, or reached by a link; a folder is walked later."""
        member = below + entry.name
        target = self._links.target(f"{self.full}/{member}") if entry.is_symlink() else None
        if entry.is_dir(follow_symlinks=False) or (target and stat.S_ISDIR(target.st_mode)):
            pending.append((member + "/", is_linked or target is not None))
            return
        status = target or entry.stat(follow_symlinks=False)
        if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
            found = kind_of(status.st_mode)
            raise FileError(f"{self.path}/{member}: found a {found}, expected a file, a link or a directory")
        self._add(member, status)

    def _add(self, member: str, status: os.stat_result) -> None:
        self.paths.append(member)
        self._numbers += (status.st_mode, status.st_dev, status.st_ino, status.st_size,
                          status.st_mtime_ns, status.st_ctime_ns)  # fmt: skip

    def _digest(self) -> str:
        try:
            names = "\0".join(self.paths).encode()
        except UnicodeEncodeError:
            wrong = next(path for path in self.paths if not _is_utf8(path))
            raise FileError(f"{f'{self.path}/{wrong}'!r}: the file name is not UTF-8", hint="rename the file") from None
        try:
            numbers = array("q", self._numbers).tobytes()
        except OverflowError:  # tmpfs and btrfs know years after 2262, NFS inodes beyond 2**63
            numbers = repr(self._numbers).encode()
        return digest_bytes(b"%d\0%b\0%b" % (len(self.paths), names, numbers))


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
