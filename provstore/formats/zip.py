"""The format `zip`: members by their names.

What counts beside what `archive` says: comments on the archive and on members (METADATA), and what stands before the
first member, as in archives that unpack themselves (METADATA). Executable bits and links count where the mode of Unix
is recorded. What does not count: times, order, method and level, extra fields, the system, other bits of the mode, how
names are encoded, wide numbers (zip64), sizes behind the data, gaps between members.
Refused, beside what `archive` says: encrypted members, methods that Python does not know, sizes and checksums that lie,
members on top of each other, archives of several parts, with two directories, or with something behind the end.
"""

from __future__ import annotations

import stat
import struct
from bisect import bisect_right
from contextlib import contextmanager
from functools import partial

from provstore.formats.archive import DIRECTORY, FILE, LONGEST_NAME, SYMLINK, Archive, Member, Reader, safe_name
from provstore.formats.compression import MEMORY, PIECE, Feed, Inflater, stream_of
from provstore.formats.contents import printable
from provstore.formats.zip_directory import (
    ENCRYPTED,
    EXTRA_64,
    EXTRA_NAME,
    LOCAL,
    PATCH,
    SIZES_FOLLOW,
    WIDE,
    ZipEntry,
    read_directory,
)
from provstore.plugin import Expansion, Format, Hasher, Unavailable, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from provstore.formats.compression import Unpacker

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
METHODS = {STORED: "stored", DEFLATED: "deflate", BZIP2: "bzip2", LZMA: "lzma"}
EXTRA_WORDS = {
    0x5455: "times", 0x000A: "times", 0x5855: "times", 0x7855: "owner", 0x7875: "owner", EXTRA_64: "", EXTRA_NAME: "",
}  # fmt: skip
"""What extra fields are about, by id; others are "extra fields"."""


class Zip(Archive):
    """A zip archive: a dict from names to bytes."""

    name = "zip"
    suffixes = (".zip",)

    @contextmanager
    def opened(self, path: Path, expansion: Expansion) -> Iterator[Reader]:
        """Opens the archive and reads its directory."""
        with path.open("rb") as file:
            yield ZipReader(file, expansion)

    def write_members(self, members: Mapping[str, bytes], path: Path) -> None:
        """Writes the files."""
        import zipfile

        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                info = zipfile.ZipInfo(name)
                info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
                archive.writestr(info, data, zipfile.ZIP_DEFLATED, 6)


class ZipReader(Reader):
    """A zip archive that is open."""

    def __init__(self, file: BinaryIO, expansion: Expansion) -> None:
        self._file, self._expansion = file, expansion
        self._directory = read_directory(file)
        self._starts: list[int] = []

    def metadata(self) -> Mapping[str, str]:
        """The comment, and the digest of what stands before the first member."""
        found = {}
        if self._directory.comment:
            found["comment"] = self._directory.comment.decode("utf-8", "surrogateescape")
        first = min([self._directory.start, *self._starts[:1]])
        if first:
            self._file.seek(0)
            feed = Feed(self._file, first)
            found["data before the archive"] = Hasher().stream(iter(lambda: feed.take(PIECE), b"")).digest
        return found

    def members(self) -> Iterator[Member]:
        """All that the directory names."""
        for size, offset in self._directory.places():
            self._expansion.add(size)
            self._starts.append(offset)
        self._starts.sort()
        for entry in self._directory.entries():
            yield self._member(entry)

    def _member(self, entry: ZipEntry) -> Member:
        metadata = (("comment", entry.comment),) if entry.comment else ()
        storage = partial(storage_of, entry)
        if entry.flags & (ENCRYPTED | PATCH):
            raise Unavailable(f"the member {printable(entry.name)!r} is encrypted")
        content = MemberContent(self._file, entry, self._end_of(entry.offset))
        name, kind = safe_name(entry.name), stat.S_IFMT(entry.mode)
        if entry.name.endswith("/"):
            if entry.size:
                raise Unavailable(f"the directory {printable(name)!r} has a content")
            return Member(name, DIRECTORY, content.pieces, metadata=metadata, storage=storage)
        if kind == stat.S_IFLNK:
            return Member(name, SYMLINK, tuple, target=content.text(), metadata=metadata, storage=storage)
        word = FILE if kind in (0, stat.S_IFREG) else f"special file {kind >> 12}"
        is_executable = bool(entry.mode & stat.S_IXUSR)
        return Member(name, word, content.pieces, entry.size, is_executable, "", metadata, storage)

    def _end_of(self, offset: int) -> int:
        """Where what begins at an offset has to end: where the next member begins, or the directory."""
        following = bisect_right(self._starts, offset)
        if following > 1 and self._starts[following - 2] == offset:
            raise Unavailable("two members of the zip file lie at one place")
        return self._starts[following] if following < len(self._starts) else self._directory.start


class MemberContent:
    """The content of a member, which is checked while it is read.

    Args:
        file: The archive.
        entry: What the directory says.
        end: Where it has to end.
    """

    def __init__(self, file: BinaryIO, entry: ZipEntry, end: int) -> None:
        self._file, self._entry, self._end = file, entry, end
        self._done = 0

    def _wrong(self, what: str) -> Unavailable:
        return Unavailable(f"the member {printable(self._entry.name)!r} {what}")

    def text(self) -> str:
        """A link's target."""
        if self._entry.size > LONGEST_NAME:
            raise self._wrong(f"is a link to more than {LONGEST_NAME:,} characters")
        return b"".join(self.pieces()).decode("utf-8", "surrogateescape")

    def pieces(self) -> Iterator[bytes]:
        """The content.

        Raises:
            Unavailable: Its size or checksum is not what the directory says, or it lies on top of something else.
        """
        import zlib

        start = self._start()
        if start + self._entry.packed_size > self._end:
            raise self._wrong("lies on top of what follows")
        self._file.seek(start)
        feed = Feed(self._file, self._entry.packed_size)
        checksum, self._done = 0, 0
        for piece in self._unpacked(feed):
            checksum = zlib.crc32(piece, checksum)
            yield piece
        if self._done != self._entry.size or not feed.is_at_end():
            raise self._wrong("has another size than the directory says")
        if checksum != self._entry.checksum:
            raise self._wrong("has another checksum than the directory says")

    def _start(self) -> int:
        """Where the data begin; what stands before them has to agree with the directory."""
        entry = self._entry
        self._file.seek(entry.offset)
        header = self._file.read(LOCAL.size)
        if len(header) < LOCAL.size or header[:4] != b"PK\3\4":
            raise self._wrong("is not where the directory says")
        fields: tuple[int, ...] = LOCAL.unpack(header)[2:]
        flags, method, _, _, _, packed_size, size, name_length, extra_length = fields
        agrees = self._file.read(name_length) == entry.raw_name and method == entry.method
        for here, there in ((packed_size, entry.packed_size), (size, entry.size)):
            agrees = agrees and (here in (there, WIDE) or bool(flags & SIZES_FOLLOW))
        if not agrees or (flags ^ entry.flags) & (ENCRYPTED | PATCH):
            raise self._wrong("is described in two ways")
        return entry.offset + LOCAL.size + name_length + extra_length

    def _count(self, size: int) -> None:
        self._done += size
        if self._done > self._entry.size:
            raise self._wrong("has another size than the directory says")

    def _unpacked(self, feed: Feed) -> Iterator[bytes]:
        method = self._entry.method
        if method not in METHODS:
            raise self._wrong(f"is packed by method {method}, which is not known here")
        if method != STORED:
            yield from stream_of(self._unpacker(method, feed), feed, self._count)
            return
        while piece := feed.take(PIECE):
            self._count(len(piece))
            yield piece

    def _unpacker(self, method: int, feed: Feed) -> Unpacker:
        import bz2

        if method == LZMA:
            return self._lzma(feed)
        return Inflater(-15) if method == DEFLATED else bz2.BZ2Decompressor()

    def _lzma(self, feed: Feed) -> Unpacker:
        """A stream of LZMA, as APPNOTE 5.8 has it: version, length of properties, properties, data with an end mark."""
        import lzma

        header = feed.take(9)
        if len(header) < 9 or header[2:4] != b"\5\0" or header[4] >= 9 * 5 * 5:
            raise self._wrong("is damaged")
        rest, lc = divmod(header[4], 9)
        pb, lp = divmod(rest, 5)
        memory = struct.unpack_from("<L", header, 5)[0]
        if memory > MEMORY:
            raise self._wrong(f"needs more than {MEMORY:,} bytes of memory")
        if not self._entry.flags & 2:
            raise self._wrong("is packed by LZMA without an end mark, which is not known here")
        chain = [{"id": lzma.FILTER_LZMA1, "lc": lc, "lp": lp, "pb": pb, "dict_size": memory}]
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=chain)


def storage_of(entry: ZipEntry) -> Iterator[tuple[str, str]]:
    """What the directory says of a member that does not count."""
    yield "times", str(entry.time)
    yield "compression", f"{METHODS.get(entry.method)} {entry.packed_size}"
    yield "mode", oct(entry.mode & ~stat.S_IXUSR)
    yield "system", str(entry.system)
    yield "flags", str(entry.flags)
    for kind, content in entry.extra:
        word = EXTRA_WORDS.get(kind, "extra fields")
        if word:
            yield word, f"{kind} {content.hex()}"


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Zip()]
