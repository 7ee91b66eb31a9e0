"""What archives (zip, tar) have in common: named members, of which each counts once, in whatever order.

Of a member count its name, its kind, a file's content and executable bit, a link's target, a device's numbers, and
what somebody wrote about it (`Member.metadata`). A directory counts only where the archive has nothing in it: others
are implied by what they hold. What is said of the archive as a whole counts as well (`Reader.metadata`).
Times, owners, other bits of the mode, order, compression and the variant of the format do not.

Contents count as bytes, whatever lies in them: archives in archives are not opened.

Refused is what tools understand in different ways, or what is a trap: names twice, absolute names, names with ".."
or backslashes, drives; and what has too many members or expands too far. Nothing is unpacked under its own name, and
links are never followed.
"""

from __future__ import annotations

import os
import re
from abc import abstractmethod
from collections import Counter, defaultdict
from functools import lru_cache
from typing import NamedTuple

from provstore.formats.contents import printable
from provstore.plugin import Expansion, Format, Hasher, Preview, Unavailable, digest_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin import Difference, Tolerance

FILE, DIRECTORY, SYMLINK, HARD_LINK = "file", "directory", "symbolic link", "hard link"

LONGEST_NAME = 1 << 15
"""Characters of a name: eight times what a system can open."""
DIRECTORIES = 1_000_000
"""That hold something, at most."""
READ = 1 << 30
"""Bytes that `read` gives at once, at most; single members may be larger."""
LINES = 30
"""Members that a preview shows."""
FIRST = 10
"""Names that a description shows."""

DRIVE = re.compile(r"[A-Za-z]:")


class Member(NamedTuple):
    """One entry of an archive.

    Attributes:
        name: As `safe_name` gives it; "" for the archive's own root.
        kind: `FILE`, `DIRECTORY`, `SYMLINK`, `HARD_LINK`, or another word.
        pieces: Reads the content, which is checked then; only until the next member is asked for.
        size: Of the content.
        executable: Its owner may run it.
        target: Of a link, as text; of a device, its numbers.
        metadata: What counts beside all that, as (word, value).
        storage: Gives what does not, as (word, value): ("times", "…").
    """

    name: str
    kind: str
    pieces: Callable[[], Iterable[bytes]]
    size: int = 0
    executable: bool = False
    target: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    storage: Callable[[], Iterable[tuple[str, str]]] = tuple


class Reader:
    """An archive that is open: it gives its members one after the other.

    Attributes:
        is_packed: To get at a later member, all before it are read.
    """

    is_packed = False

    def metadata(self) -> Mapping[str, str]:
        """What is said of the archive as a whole, and counts. Asked for after the last member."""
        return {}

    def storage(self) -> Mapping[str, str]:
        """What is said of the archive as a whole, and does not count. Asked for after the last member."""
        return {}

    @abstractmethod
    def members(self) -> Iterator[Member]:
        """All entries in their order. Contents that are not asked for are not read where that can be avoided."""


def safe_name(name: str) -> str:
    """A member's name in its one spelling: "./a//b/" is "a/b", and "." is "".

    Raises:
        Unavailable: It may mean another place than one in the archive, or not the same to all.
    """
    reason = ""
    if name.startswith("/") or DRIVE.match(name):
        reason = "is absolute"
    elif "\\" in name:
        reason = "has a backslash"
    elif "\0" in name:
        reason = "has a zero character"
    elif len(name) > LONGEST_NAME:
        reason = f"is longer than {LONGEST_NAME:,} characters"
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        reason = 'has ".."'
    if reason:
        raise Unavailable(f"the name {printable(name[:100])!r} {reason}")
    return "/".join(parts)


def distinct(
    members: Iterable[Member], expansion: Expansion, seen: MutableMapping[bytes, bytes] | None = None
) -> Iterator[Member]:
    """The same members, but for the root, and counted.

    Args:
        seen: Has or gets the digests of the names that came before.

    Raises:
        Unavailable: A name comes twice, or there are too many.
    """
    seen = {} if seen is None else seen
    for member in members:
        expansion.add_member()
        if not member.name:
            if member.kind != DIRECTORY:
                raise Unavailable("a member has no name")
            continue
        key = name_digest(member.name)
        if key in seen:
            raise Unavailable(f"the name {printable(member.name)!r} comes twice")
        seen[key] = b""
        yield member


@lru_cache(maxsize=1024)
def name_digest(name: str) -> bytes:
    """Stands for a name in little memory: of a million names, no two have the same."""
    return bytes.fromhex(digest_bytes(name.encode("utf-8", "surrogateescape")).rpartition(":")[2])[:16]


# --- what counts ------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """What counts of a member, but for its name.

    Attributes:
        content: Digest of its bytes.
    """

    kind: str
    executable: bool
    target: str
    metadata: tuple[tuple[str, str], ...]
    size: int
    content: str

    @classmethod
    def of(cls, member: Member) -> Entry:
        """Reads the member's content. A link to a member has nothing of its own but that."""
        if member.kind == HARD_LINK:
            return cls(HARD_LINK, False, member.target, (), 0, "")
        content = Hasher().stream(member.pieces()).digest
        metadata = tuple(sorted(member.metadata))
        return cls(member.kind, member.executable, member.target, metadata, member.size, content)

    @property
    def short(self) -> bytes:
        """Stands for all this in little memory."""
        return bytes.fromhex(Hasher().add(self).digest.rpartition(":")[2])


class Inventory:
    """All that counts in an archive, and the digest of it: little is kept of each member.

    Args:
        entries: Gets what counts of each, by name, for a comparison.

    Attributes:
        members: What stands for each, by the digest of its name.
        stored_as: See `Contents`.
        order: Stands for the order of the names, in this process.
        storage: What does not count, by word: a sum over all members, whatever their order, in this process.
    """

    def __init__(self, entries: dict[str, Entry] | None = None) -> None:
        self._entries = entries
        self._directories: list[str] = []
        self._occupied: set[bytes] = set()
        self._links: dict[str, str] = {}
        self.members: dict[bytes, bytes] = {}
        self.stored_as: dict[str, str] = {}
        self.order = 0
        self.storage: Counter[str] = Counter()

    def add(self, member: Member) -> None:
        """Reads the next member."""
        self._occupy(member.name)
        entry = Entry.of(member)
        if member.kind == DIRECTORY:
            self._directories.append(member.name)
        elif member.kind == HARD_LINK:
            # A link to a link leads to the file at once: links come after what they stand for.
            entry = entry._replace(target=self._links.get(member.target, member.target))
            self._links[member.name] = entry.target
        self._put(member.name, entry)
        if self._entries is not None:
            self.order = hash((self.order, member.name))
            for word, value in member.storage():
                self.storage[word] += hash((member.name, value))

    def _put(self, name: str, entry: Entry) -> None:
        self.members[name_digest(name)] = entry.short
        if self._entries is not None:
            self._entries[name] = entry

    def _occupy(self, name: str) -> None:
        """Notes that the directories above a member hold something."""
        while True:
            name, slash, _ = name.rpartition("/")
            if not slash:
                return
            key = name_digest(name)
            if key in self._occupied:
                return
            if len(self._occupied) == DIRECTORIES:
                raise Unavailable(f"the archive has more than {DIRECTORIES:,} directories")
            self._occupied.add(key)

    def finish(self, metadata: Mapping[str, str]) -> str:
        """The digest of all; what is implied by others is gone from then on, and names of one file are in order."""
        for name in self._directories:
            key = name_digest(name)
            if key in self._occupied:
                del self.members[key]
                if self._entries is not None:
                    del self._entries[name]
        self._settle_links()
        return Hasher().add(dict(metadata)).stream(key + self.members[key] for key in sorted(self.members)).digest

    def _settle_links(self) -> None:
        """Of the names of one file, the first by the alphabet is the file's: not the first that came to the archive."""
        groups = defaultdict(list)
        for name, target in self._links.items():
            if target not in self._links and name_digest(target) in self.members:
                groups[target].append(name)
        for stored, names in groups.items():
            first = min(names)
            if first > stored:
                continue
            self.stored_as[first] = stored
            self.members[name_digest(first)] = self.members[name_digest(stored)]
            if self._entries is not None:
                self._entries[first] = self._entries[stored]
            for name in (stored, *names):
                if name != first:
                    self._put(name, Entry(HARD_LINK, False, first, (), 0, ""))


class Archive(Format):
    """The format of archives: all but how members are found in the file, and written to one."""

    python_type = dict

    @abstractmethod
    def opened(self, path: Path, expansion: Expansion) -> AbstractContextManager[Reader]:
        """Opens an archive."""

    @abstractmethod
    def write_members(self, members: Mapping[str, bytes], path: Path) -> None:
        """Writes files of these names, which are safe and in order, always to the same bytes."""

    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The files as a dict from name to bytes, or one of them. Links, bits and empty directories are left out.

        Raises:
            LookupError: There is no such file.
            ValueError: All together are too large; single ones can be read.
        """
        if parameters:
            raise LookupError(f"archives have no {', '.join(parameters)}")
        found = self._files(path, component)
        if component is None:
            return found
        if component not in found:
            raise LookupError(f"no file {component!r} in the archive")
        return found[component]

    def _files(self, path: Path, only: str | None) -> dict[str, bytes]:
        """The contents of all files, or of one."""
        found, total = {}, 0
        expansion = self.expansion(path)
        with self.opened(path, expansion) as reader:
            for member in distinct(reader.members(), expansion):
                if member.kind != FILE or only not in (None, member.name):
                    continue
                total += member.size
                if only is None and total > READ:
                    raise ValueError(f"the files are larger than {READ:,} bytes together; read them one by one")
                found[member.name] = b"".join(member.pieces())
        return found

    def write(self, value: object, path: Path) -> None:
        """Writes files, sorted by name, not executable, without times.

        Raises:
            TypeError: It is no mapping from names to bytes.
            ValueError: A name can't be one of a file, or two are the same.
        """
        if not isinstance(value, dict) or not all(isinstance(data, bytes) for data in value.values()):
            raise TypeError("expected a dict of bytes by name")
        members = {}
        for name in value:
            if not isinstance(name, str):
                raise TypeError(f"found the name {name!r}, expected text")
            try:
                safe = safe_name(name)
            except Unavailable as error:
                raise ValueError(str(error)) from None
            if not safe or name.endswith("/") or safe in members:
                raise ValueError(f"{name!r} is no name for a file here")
            members[safe] = value[name]
        self.write_members(dict(sorted(members.items())), path)

    def expansion(self, path: Path) -> Expansion:
        """Counts what comes out of the file."""
        from provstore.formats.compression import expansion_for

        return expansion_for(os.path.getsize(path), "the archive")

    def inventory(self, path: Path, expansion: Expansion, entries: dict[str, Entry] | None = None) -> Contents:
        """Reads all of an archive."""
        found = Inventory(entries)
        with self.opened(path, expansion) as reader:
            for member in distinct(reader.members(), expansion, found.members):
                found.add(member)
            metadata = reader.metadata()
            storage = {**reader.storage(), "order": str(found.order)}
        digest = found.finish(metadata)
        storage.update({word: str(total) for word, total in found.storage.items()})
        return Contents(digest, entries or {}, found.stored_as, metadata, storage)

    def digest(self, path: Path) -> str:
        """Of all members, see above."""
        return self.inventory(path, self.expansion(path)).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterable[Difference]:
        """Members that only one has, then what differs of each; contents by their own formats."""
        from provstore.formats.archive_comparison import compare

        return compare(self, a, b, tolerance)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """Number of files and of other members, size of all files, and the first names.

        A compressed tar is read up to a limit only; "complete" is then false.
        """
        kinds: Counter[str] = Counter()
        names: list[JSON] = []
        total, is_complete = 0, True
        for member, is_cheap in self.glance(path):
            is_complete = is_cheap
            kinds[member.kind] += 1
            total += member.size
            if len(names) < FIRST:
                names.append(printable(member.name))
        facts: dict[str, JSON] = {"files": kinds.pop(FILE, 0), "size": total}
        if kinds:
            facts["others"] = dict(sorted(kinds.items()))
        facts["first"] = names
        if not is_complete:
            facts["complete"] = False
        return facts

    def glance(self, path: Path) -> Iterator[tuple[Member, bool]]:
        """Members without their contents, and whether the next one can be had for a moderate cost."""
        expansion = self.expansion(path)
        seen = 0
        with self.opened(path, expansion) as reader:
            for member in distinct(reader.members(), expansion):
                seen += member.size
                is_cheap = not reader.is_packed or seen < GLANCE
                yield member, is_cheap
                if not is_cheap:
                    return

    def components(self, path: Path) -> Sequence[str]:
        """The names of all files."""
        expansion = self.expansion(path)
        with self.opened(path, expansion) as reader:
            return [member.name for member in distinct(reader.members(), expansion) if member.kind == FILE]

    def preview(self, path: Path) -> Preview:
        """The first members, as a list."""
        lines: list[str] = []
        for member, is_cheap in self.glance(path):
            if len(lines) == LINES:
                lines.append("…")
                break
            lines.append(line_of(member))
            if not is_cheap:
                lines.append("…")
        return Preview("text", ("\n".join(lines) or "(empty)").encode())


GLANCE = 1 << 26
"""Bytes of a compressed tar that are read to list its members."""


class Contents(NamedTuple):
    """What an archive holds, and how.

    Attributes:
        digest: Of all that counts.
        entries: By name, where they were asked for.
        stored_as: Of a file with several names, the one under which it is in the archive, by the one in `entries`.
        metadata: Of the whole.
        storage: What does not count, by word.
    """

    digest: str
    entries: Mapping[str, Entry]
    stored_as: Mapping[str, str]
    metadata: Mapping[str, str]
    storage: Mapping[str, str]


def line_of(member: Member) -> str:
    """A member in a list."""
    name = printable(member.name)
    if member.kind == DIRECTORY:
        return f"{'':>15}  {name}/"
    if member.kind == FILE:
        return f"{member.size:>15,}  {name}{'*' if member.executable else ''}"
    return f"{member.kind:>15}  {name} -> {printable(member.target)}"
