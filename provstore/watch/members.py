"""The files of a directory: which of them have to be read, and reading these, thousands by two processes."""

from __future__ import annotations

import os
import stat
import time
from collections import deque

from provstore.digest import digest_text
from provstore.model.files import SMALL
from provstore.noun import NamedTuple
from provstore.watch.durable import write_out
from provstore.watch.readers import BATCH, PAYS, SecondReader, processors, read_as_seen
from provstore.watch.reading import read_file, unreadable
from provstore.watch.signature import COARSE_TICK, Signature, is_executable, settles_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.errors import FileError
    from provstore.ports import Keeper
    from provstore.watch.directory import Listing
    from provstore.watch.durable import Outgoing


class Members(NamedTuple):
    """What is in a directory, as it was read.

    Attributes:
        entries: The values of an `Entry` for each, in the order of the walk.
        memory: By path, the numbers of the `Signature` and the digest of each file that need not be read again
            while it looks the same.
        began: The moment (nanoseconds) at which reading began.
        settles: The moment after which such a reading of all of them can be trusted.
    """

    entries: Sequence[tuple[str, str, str, int]]
    memory: Mapping[str, Sequence[int | str]]
    began: int
    settles: int


class MemberReader:
    """Reads the files of a directory, those that look otherwise than remembered.

    Args:
        fine_device: See `settles_at`.
        outgoing: Gets what was read and is to be remembered.
        keeper: Keeps the bytes of what is read.
    """

    def __init__(self, listing: Listing, fine_device: int | None, outgoing: Outgoing, keeper: Keeper | None) -> None:
        self._listing = listing
        self._fine_device = fine_device
        self._outgoing = outgoing
        self._keeper = keeper
        self._began = time.time_ns()
        self._is_old = listing.newest() + COARSE_TICK < self._began  # then no member has to be asked
        self._looks: list[list[int]] = []
        self._settles: list[int] = []
        self._entries: list[tuple[str, str, str, int]] = []
        self._memory: dict[str, Sequence[int | str]] = {}

    def read(self, remembered: Mapping[str, Sequence[int | str]]) -> Members:
        """Reads.

        Raises:
            FileError: One can't be read.
        """
        unknown = []
        for place, (path, mode, look) in enumerate(self._listing.members()):
            known = remembered.get(path)
            settles = 0 if self._is_old else settles_at(Signature(*look), self._fine_device)
            self._looks.append(look)
            self._settles.append(settles)
            if not stat.S_ISREG(mode):
                self._entries.append(self._other_entry(path, mode))
                continue
            kind = "executable" if is_executable(mode) else "file"
            if known is not None and known[:-1] == look:
                self._entries.append((path, kind, str(known[-1]), look[2]))
                if self._began > settles:
                    self._memory[path] = known
            else:
                self._entries.append((path, kind, "", 0))  # its place
                unknown.append(place)
        self._read_unknown(unknown)
        return Members(self._entries, self._memory, self._began, max(self._settles, default=0))

    def _read_unknown(self, places: list[int]) -> None:
        small: list[int] = []
        others: list[int] = []
        for place in places:
            is_small = self._keeper is None and self._looks[place][2] <= SMALL
            (small if is_small else others).append(place)
        if len(small) >= PAYS and processors() > 1:
            self._read_by_two(small)
        else:
            self._read_small(small)
        for place in others:
            self._read_as_it_is(place)

    def _read_by_two(self, places: list[int]) -> None:
        """Reads from the beginning; a second process gets as many from the end as it can read meanwhile."""
        batches = deque(places[start : start + BATCH] for start in range(0, len(places), BATCH))
        second = SecondReader()
        try:
            while batches or second.is_at_work:
                while second.has_room and len(batches) > 1:
                    batch = batches.pop()
                    second.hand_over(batch, [self._full(place) for place in batch])
                self._read_small(batches.popleft() if batches else ())
                while second.has_answered(wait=not batches):
                    self._take_answers(second)
        finally:
            second.close()

    def _take_answers(self, second: SecondReader) -> None:
        known, others = [], []
        for place, look, digest in second.answers():
            if look != self._looks[place]:
                others.append(place)
            elif self._note(place, digest, look[2], self._began):
                known.append(self._full(place))
        write_out(known)
        self._read_small(others)

    def _read_small(self, places: Iterable[int]) -> None:
        """Reads small files that are expected to look as they did in the walk."""
        for place in places:
            look, full = self._looks[place], self._full(place)
            began = time.time_ns()
            try:
                found = read_as_seen(full, look)
            except OSError as error:
                raise self._unreadable(place, error) from error
            if found is None:
                self._read_as_it_is(place)
            elif self._note(place, found[0], look[2], began):
                self._outgoing.take(full, found[1])
            else:
                os.close(found[1])

    def _read_as_it_is(self, place: int) -> None:
        """Reads a file of any size, also one that changes meanwhile, and keeps its bytes."""
        mode, signature, full = self._listing.mode(place), Signature(*self._looks[place]), self._full(place)
        try:
            reading = read_file(full, mode, signature, self._fine_device, self._keeper)
        except OSError as error:
            raise self._unreadable(place, error) from error
        if self._keeper is not None and reading.data is not None:
            self._keeper.keep_bytes(reading.digest, reading.data)
        if self._note(place, reading.digest, reading.signature.size, reading.began):
            self._outgoing.take(full, reading.descriptor)
        else:
            os.close(reading.descriptor)

    def _note(self, place: int, digest: str, size: int, began: int) -> bool:
        """Puts down what was read.

        Returns:
            Whether it may be remembered: then the file has to be written out.
        """
        path, kind, _, _ = self._entries[place]
        self._entries[place] = (path, kind, digest, size)
        if began <= self._settles[place]:
            return False
        self._memory[path] = [*self._looks[place], digest]
        return True

    def _full(self, place: int) -> str:
        return f"{self._listing.full}/{self._listing.paths[place]}"

    def _other_entry(self, path: str, mode: int) -> tuple[str, str, str, int]:
        """Of what is no file: a link, or an empty folder."""
        if not stat.S_ISLNK(mode):
            return path, "empty", "", 0
        try:
            return path, "link", digest_text(os.readlink(f"{self._listing.full}/{path}")), 0
        except OSError as error:
            raise unreadable(f"{self._listing.path}/{path}", error) from error

    def _unreadable(self, place: int, error: OSError) -> FileError:
        return unreadable(f"{self._listing.path}/{self._listing.paths[place]}", error)
