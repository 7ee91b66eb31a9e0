"""The format `tar`: members by their names, compressed (gzip, bzip2, xz) or not.

What counts beside what `archive` says: symbolic links by their target as it is written, hard links by the name of the
member that they stand for, devices by their numbers, pipes; records of extended headers that are no times, names,
sizes or owners, and nothing that a system says for itself (METADATA: comments, attributes of users). Sparse files
count as what they expand to. What does not count: owner, group, times, all bits of the mode but the owner's executable
one (not even those that change the user: they mean nothing without the owner), the variant (v7, ustar, GNU, pax),
compression, padding behind the end.
Refused, beside what `archive` says: a damaged header, an end that is missing or cut, anything behind it, members of
other kinds (parts of backups of GNU tar), parts of sparse files that overlap, extended headers that say something of
only those members that follow.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from functools import partial

from provstore.formats.archive import DIRECTORY, FILE, HARD_LINK, SYMLINK, Archive, Member, Reader, safe_name
from provstore.formats.compression import PIECE, gzip_header, kind_of, unpacked
from provstore.formats.contents import printable
from provstore.formats.tar_headers import (
    BLOCK,
    LOCAL_KEYS,
    STORAGE_KEYS,
    ZEROS,
    Header,
    Sparse,
    decimal,
    extended_records,
    listed_segments,
    number,
    old_segments,
    read_header,
)
from provstore.plugin import Expansion, Format, Unavailable, hookimpl, name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import BinaryIO

COMPRESSED = {".gz": "gz", ".tgz": "gz", ".bz2": "bz2", ".tbz2": "bz2", ".xz": "xz", ".txz": "xz"}
KINDS = {
    b"1": HARD_LINK, b"2": SYMLINK, b"3": "character device", b"4": "block device", b"5": DIRECTORY, b"6": "named pipe",
}  # fmt: skip
"""What members are that have no data."""
FILES = (b"0", b"\0", b"7")
SYSTEMS = ("SCHILY.", "RHT.", "LIBARCHIVE.")
"""How the keys of extended headers begin that systems made up."""
LARGEST_HEADER = 1 << 20
"""Bytes of an extended header or a long name."""
RECORD = 20 * BLOCK
"""Bytes that an archive is filled up to, usually: half of a small one may lack nothing but zeros, and is cut."""
RECORDS = (BLOCK, 2 * BLOCK, 4 * BLOCK, 8 * BLOCK, 16 * BLOCK)
"""Of which multiples a smaller archive may be made up."""
MOST_HEADERS = 8
"""Headers for one member."""


class Tar(Archive):
    """A tar archive: a dict from names to bytes."""

    name = "tar"
    suffixes = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")

    @contextmanager
    def opened(self, path: Path, expansion: Expansion) -> Iterator[Reader]:
        """Opens the archive, whatever compresses it: its beginning says so, not its name."""
        with path.open("rb") as file:
            yield TarReader(file, expansion)

    def write_members(self, members: Mapping[str, bytes], path: Path) -> None:
        """Writes the files, compressed as the name says."""
        import tarfile
        from io import BytesIO

        ending = os.path.splitext(name_of(path).lower())[1]
        with (
            packed_for_writing(path, COMPRESSED.get(ending, "")) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive,
        ):
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, BytesIO(data))


@contextmanager
def packed_for_writing(path: Path, kind: str) -> Iterator[BinaryIO]:
    """Opens a file whose bytes are compressed as they are written, without time and name."""
    import bz2
    import gzip
    import lzma

    with path.open("wb") as file:
        if not kind:
            yield file
        elif kind == "gz":
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            with (bz2 if kind == "bz2" else lzma).open(file, "wb") as packed:
                yield packed


class Stream:
    """The bytes of an archive from the beginning to the end.

    Args:
        file: The archive.
        kind: How it is compressed; "" for not at all, then what is skipped is not read.
        expansion: Counts what comes out of a compressed one.
    """

    def __init__(self, file: BinaryIO, kind: str, expansion: Expansion) -> None:
        self._pieces = unpacked(file, kind, expansion) if kind else iter(partial(file.read, PIECE), b"")
        self._file = None if kind else file
        self._piece, self._at = b"", 0
        self.position = 0

    def some(self, size: int) -> bytes:
        """The next bytes, at least one and at most so many; none at the end."""
        if self._at == len(self._piece):
            self._piece, self._at = next(self._pieces, b""), 0
        found = self._piece[self._at : self._at + size]
        self._at += len(found)
        self.position += len(found)
        return found

    def read(self, size: int) -> bytes:
        """So many bytes; fewer at the end."""
        found = self.some(size)
        while len(found) < size and (more := self.some(size - len(found))):
            found += more
        return found

    def pieces(self, size: int) -> Iterator[bytes]:
        """So many bytes, piece by piece.

        Raises:
            Unavailable: There are fewer.
        """
        while size:
            piece = self.some(size)
            if not piece:
                raise Unavailable("the archive is cut")
            size -= len(piece)
            yield piece

    def skip(self, size: int) -> None:
        """Goes on behind so many bytes."""
        here = min(size, len(self._piece) - self._at)
        self._at += here
        self.position += here
        if self._file is not None and size - here > PIECE:
            target = self._file.tell() + size - here
            if target > os.fstat(self._file.fileno()).st_size:
                raise Unavailable("the archive is cut")
            self._file.seek(target)
            self.position += size - here
        else:
            for _ in self.pieces(size - here):
                pass


class TarReader(Reader):
    """A tar archive that is open."""

    def __init__(self, file: BinaryIO, expansion: Expansion) -> None:
        self._expansion = expansion
        self._kind = kind_of(file)
        self._storage = {"compression": self._kind}
        if self._kind == "gzip":
            self._storage.update(gzip_header(file)[0])
        self.is_packed = bool(self._kind)
        self._stream = Stream(file, self._kind, expansion)
        self._global: dict[str, str] = {}
        self._has_members = False

    def metadata(self) -> Mapping[str, str]:
        """What extended headers for all members say, and counts."""
        return {key: value for key, value in self._global.items() if not STORAGE_KEYS.fullmatch(key)}

    def storage(self) -> Mapping[str, str]:
        """Compression and padding."""
        return self._storage

    def members(self) -> Iterator[Member]:
        """All members, to the end, which is checked."""
        while (headers := self._next_headers()) is not None:
            header, records = headers
            sparse = self._old_sparse(header) if header.kind == b"S" else None
            has_data = header.kind in FILES or sparse is not None
            end = self._stream.position + (-(-header.size // BLOCK) * BLOCK if has_data else 0)
            if header.kind in FILES:
                sparse = self._sparse(header, records)
            yield self._member(header, records, sparse)
            self._stream.skip(end - self._stream.position)
        self._check_end()

    def _next_headers(self) -> tuple[Header, list[tuple[str, str]]] | None:
        """The header of the next member, and what the headers before it say; None at the end."""
        records: list[tuple[str, str]] = []
        for _ in range(MOST_HEADERS):
            block = self._stream.read(BLOCK)
            if not block:
                raise Unavailable("the end of the archive is missing")
            if block == ZEROS:
                if records:
                    raise Unavailable("the archive ends behind an extended header")
                return None
            header = read_header(block)
            if header.kind in (b"L", b"K"):
                key = "path" if header.kind == b"L" else "linkpath"
                records.append((key, decoded(self._data_of(header).rstrip(b"\0"))))
            elif header.kind in (b"x", b"X"):
                records.extend(extended_records(self._data_of(header)))
            elif header.kind == b"g":
                self._add_global(extended_records(self._data_of(header)))
            else:
                self._has_members = True
                return replaced(header, records), records
        raise Unavailable(f"a member has more than {MOST_HEADERS} headers")

    def _data_of(self, header: Header) -> bytes:
        """The content of a header that has one."""
        if header.size > LARGEST_HEADER:
            raise Unavailable(f"an extended header is larger than {LARGEST_HEADER:,} bytes")
        data = b"".join(self._stream.pieces(header.size))
        self._stream.skip(-header.size % BLOCK)
        return data

    def _add_global(self, records: Iterator[tuple[str, str]]) -> None:
        for key, value in records:
            if key in LOCAL_KEYS or key.startswith("GNU.sparse."):
                raise Unavailable(f"an extended header says {key} for all members")
            if self._has_members and value != self._global.get(key, "") and not STORAGE_KEYS.fullmatch(key):
                raise Unavailable(f"an extended header says {printable(key)} for some of the members only")
            self._global[key] = value
            if not value:
                del self._global[key]

    def _check_end(self) -> None:
        """A second block of zeros, and nothing else behind it but the padding of a record."""
        padding = self._stream.read(BLOCK)
        end = self._stream.position
        if len(padding) < BLOCK:
            raise Unavailable("the end of the archive is cut")
        while padding:
            if padding.strip(b"\0"):
                raise Unavailable("something else follows the end of the archive")
            padding = self._stream.some(PIECE)
        size = self._stream.position
        is_whole = any(size % record == 0 and size - end < record for record in RECORDS)
        if size % BLOCK or (size < RECORD and not is_whole):
            raise Unavailable("the padding behind the end of the archive is cut")
        self._storage["padding"] = str(size)

    # --- members --------------------------------------------------------------------------------------

    def _member(self, header: Header, records: list[tuple[str, str]], sparse: Sparse | None) -> Member:
        name = safe_name(decoded(header.name))
        counting = {key: value for key, value in records if not STORAGE_KEYS.fullmatch(key)}
        metadata = tuple((key, value) for key, value in counting.items() if value or key in self._global)
        storage = partial(storage_of, header, records)
        pieces: Callable[[], Iterator[bytes]]
        if sparse is not None:
            self._expansion.add(max(0, sparse.size - header.size))
            pieces, size = partial(self._sparse_pieces, sparse), sparse.size
        elif header.kind in FILES and not header.name.endswith(b"/"):
            pieces, size = partial(self._stream.pieces, header.size), header.size
        else:
            kind, target = self._kind_and_target(header)
            return Member(name, kind, tuple, target=target, metadata=metadata, storage=storage)
        return Member(name, FILE, pieces, size, bool(header.mode & stat.S_IXUSR), "", metadata, storage)

    def _kind_and_target(self, header: Header) -> tuple[str, str]:
        """What a member without data is, and to what it leads."""
        if header.kind in FILES:  # before ustar, a slash at the end was the only sign of a directory
            if header.size:
                raise Unavailable("a directory has a content")
            return DIRECTORY, ""
        if header.kind not in KINDS:
            raise Unavailable(f"a member is of the kind {decoded(header.kind)!r}, which is not known here")
        kind, target = KINDS[header.kind], ""
        if kind == SYMLINK:
            target = decoded(header.link)
        elif kind == HARD_LINK:
            target = linked_name(decoded(header.link))
        elif header.kind in (b"3", b"4"):
            target = f"{header.device[0]}:{header.device[1]}"
        return kind, target

    def _sparse(self, header: Header, records: list[tuple[str, str]]) -> Sparse | None:
        """How a sparse file is laid out, told in one of three ways by extended headers; None for other files."""
        said = dict(records)
        if not any(key.startswith("GNU.sparse.") for key in said):
            return None
        size = decimal(said.get("GNU.sparse.realsize") or said.get("GNU.sparse.size", ""))
        if "GNU.sparse.major" in said:
            if (said["GNU.sparse.major"], said.get("GNU.sparse.minor")) != ("1", "0"):
                raise Unavailable("a sparse file is stored in a way which is not known here")
            start = self._stream.position
            numbers = self._listed_numbers()
            return Sparse(size, listed_segments(numbers)).check(header.size - (self._stream.position - start))
        if "GNU.sparse.map" in said:
            numbers = [decimal(value) for value in said["GNU.sparse.map"].split(",") if value]
        else:
            numbers = [decimal(value) for key, value in records if key in ("GNU.sparse.offset", "GNU.sparse.numbytes")]
        return Sparse(size, listed_segments(numbers)).check(header.size)

    def _old_sparse(self, header: Header) -> Sparse:
        """As GNU tar did it first: parts are listed in the header, and in blocks behind it."""
        segments = [*old_segments(header.block, 386, 4)]
        goes_on = header.block[482]
        while goes_on:
            block = self._stream.read(BLOCK)
            if len(block) < BLOCK:
                raise Unavailable("the archive is cut")
            segments.extend(old_segments(block, 0, 21))
            goes_on = block[504]
            listed_segments([0, 0] * len(segments))
        return Sparse(number(header.block[483:495]), tuple(segments)).check(header.size)

    def _listed_numbers(self) -> list[int]:
        """The list of parts before the data: how many there are, then offset and length of each, a line for each."""
        lines: list[bytes] = [b""]
        wanted = 1
        while len(lines) <= wanted:
            block = self._stream.read(BLOCK)
            if len(block) < BLOCK:
                raise Unavailable("the archive is cut")
            first, *rest = block.split(b"\n")
            lines[-1] += first
            lines += rest
            if wanted == 1 and len(lines) > 1:
                wanted += 2 * decimal(decoded(lines[0]))
            if len(lines[-1]) > BLOCK or wanted > 1_000_000:
                raise Unavailable("the list of the parts of a sparse file is damaged, or too long")
        return [decimal(decoded(line)) for line in lines[1:wanted]]

    def _sparse_pieces(self, sparse: Sparse) -> Iterator[bytes]:
        """The file as it was: parts and zeros."""
        done = 0
        for offset, length in (*sparse.segments, (sparse.size, 0)):
            yield from zeros(offset - done)
            yield from self._stream.pieces(length)
            done = offset + length


def zeros(size: int) -> Iterator[bytes]:
    """So many zeros."""
    piece = bytes(min(size, PIECE))
    while size:
        yield piece[:size]
        size -= min(size, PIECE)


def replaced(header: Header, records: list[tuple[str, str]]) -> Header:
    """A header, with what headers before it say instead."""
    for key, value in records:
        if not value:
            continue
        raw = value.encode("utf-8", "surrogateescape")
        if key in ("path", "GNU.sparse.name"):
            header = header._replace(name=raw)
        elif key == "linkpath":
            header = header._replace(link=raw)
        elif key == "size":
            header = header._replace(size=decimal(value))
    return header


def linked_name(name: str) -> str:
    """The member that a hard link stands for; text as it is where that is no member's name."""
    try:
        return safe_name(name)
    except Unavailable:
        return name


def decoded(raw: bytes) -> str:
    """Text, of which bytes that are no UTF-8 are kept."""
    return raw.decode("utf-8", "surrogateescape")


def storage_of(header: Header, records: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What headers say of a member that does not count."""
    said = dict(records)
    yield "times", " ".join([said.get("mtime", header.times()), said.get("atime", ""), said.get("ctime", "")])
    yield "owner", " ".join([header.owner(), *(said.get(key, "") for key in ("uid", "gid", "uname", "gname"))])
    yield "mode", oct(header.mode & ~stat.S_IXUSR)
    yield "format", "pax" if records and header.format == "ustar" else header.format
    yield "sparse", header.kind.decode("latin-1") + " ".join(key for key in said if key.startswith("GNU.sparse."))
    of_systems = [record for record in sorted(said.items()) if record[0].startswith(SYSTEMS)]
    yield "extended headers", str([record for record in of_systems if STORAGE_KEYS.fullmatch(record[0])])


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Tar()]
