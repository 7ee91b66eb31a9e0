"""The directory at the end of a zip file: what members it names, where they lie, and what it says of them.

Source of the layout: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.4. The module `zipfile` is not used, since it
forgives what this has to refuse: sizes that lie, names cut at a zero, members on top of each other.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

END = struct.Struct("<4s4H2LH")
"""End of the directory: signature, disk, its disk, members here, members, size, offset, length of the comment."""
END64 = struct.Struct("<4sQ2H2L4Q")
"""The same with wide numbers: signature, its own size, versions, disk, and so on to the offset."""
LOCATOR = struct.Struct("<4sLQL")
"""Where `END64` is: signature, disk, offset, number of disks. It stands right before `END`."""
ENTRY = struct.Struct("<4s2B3H2H3L5H2L")
"""A member: signature, version, system, version needed, flags, method, time, date, checksum, packed size, size, lengths
of name, extra fields and comment, disk, internal attributes, external attributes, offset."""
LOCAL = struct.Struct("<4s5H3L2H")
"""Before a member's data: signature, version needed, flags, method, time, date, checksum, packed size, size, lengths of
name and extra fields."""

ENCRYPTED = 1 | 1 << 6 | 1 << 13
"""Flags: encrypted, strongly encrypted, its local header masked."""
PATCH = 1 << 5
SIZES_FOLLOW = 1 << 3
UTF_8 = 1 << 11
NARROW, WIDE = 0xFFFF, 0xFFFFFFFF
"""Stand for a number that is told elsewhere, because it is too large."""
LARGEST = 1 << 28
"""Bytes of a directory: of a million members, with names of two hundred characters."""
EXTRA_64, EXTRA_NAME = 0x0001, 0x7075
"""Ids of extra fields: wide numbers, and a name in UTF-8."""


class ZipEntry(NamedTuple):
    """What the directory says of a member.

    Attributes:
        name: As it is written there, not checked.
        raw_name: Its bytes, as they have to stand before the data as well.
        offset: Of the local header, in the file.
        mode: Permissions and type as Unix has them; 0 from other systems.
        extra: Extra fields by id.
    """

    name: str
    raw_name: bytes
    comment: str
    offset: int
    size: int
    packed_size: int
    checksum: int
    method: int
    flags: int
    time: tuple[int, int]
    system: int
    mode: int
    extra: tuple[tuple[int, bytes], ...]


class Directory(NamedTuple):
    """The directory of a zip file.

    Attributes:
        start: Offset in the file.
        shift: What all offsets in the file lack, because something was put before it later.
        members: How many there are.
        data: The entries as they are in the file.
        comment: On the archive.
    """

    start: int
    shift: int
    members: int
    data: bytes
    comment: bytes

    def places(self) -> Iterator[tuple[int, int]]:
        """Size of the content and offset of all members, in its order.

        Raises:
            Unavailable: It is damaged, or has what is not understood here.
        """
        for fields, _, extra, _ in self._records():
            size, _, offset, _ = wide_numbers(extra, (fields[10], fields[9], fields[17], fields[14]))
            yield size, offset + self.shift

    def entries(self) -> Iterator[ZipEntry]:
        """All members, in its order.

        Raises:
            Unavailable: It is damaged, or has what is not understood here.
        """
        for fields, raw_name, raw_extra, raw_comment in self._records():
            _, _, system, _, flags, method, time, date, checksum, packed_size, size = fields[:11]
            disk, _, attributes, offset = fields[14:]
            size, packed_size, offset, disk = wide_numbers(raw_extra, (size, packed_size, offset, disk))
            if disk:
                raise Unavailable("the zip file is one of several parts")
            extra = tuple(extra_fields(raw_extra))
            is_unix = system in (3, 19)  # 19: macOS
            yield ZipEntry(
                name_in(raw_name, flags, extra), raw_name, decoded(raw_comment, flags, "surrogateescape"),
                offset + self.shift, size, packed_size, checksum, method, flags, (date, time),
                system, attributes >> 16 if is_unix else 0, extra,
            )  # fmt: skip

    def _records(self) -> Iterator[tuple[tuple[Any, ...], bytes, bytes, bytes]]:
        """Fields, name, extra fields and comment of each member."""
        at = 0
        for _ in range(self.members):
            if at + ENTRY.size > len(self.data):
                raise Unavailable("the directory of the zip file is cut")
            fields = ENTRY.unpack_from(self.data, at)
            if fields[0] != b"PK\1\2":
                raise Unavailable("the directory of the zip file is damaged")
            name = at + ENTRY.size
            extra = name + fields[11]
            comment = extra + fields[12]
            at = comment + fields[13]
            if at > len(self.data):
                raise Unavailable("the directory of the zip file is cut")
            yield fields, self.data[name:extra], self.data[extra:comment], self.data[comment:at]
        if at != len(self.data):
            raise Unavailable("the directory of the zip file has more members than it says")


def extra_fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Extra fields as (id, content); what does not make up a whole one at the end is padding, which some tools use."""
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack_from("<2H", data, at)
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def wide_numbers(extra: bytes, numbers: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Size, packed size, offset and disk, those that did not fit from the extra field that has them."""
    size, packed_size, offset, disk = numbers
    if WIDE not in (size, packed_size, offset) and disk != NARROW:
        return numbers
    wide = [content for kind, content in extra_fields(extra) if kind == EXTRA_64]
    if len(wide) != 1:
        raise Unavailable("a member of the zip file does not tell its size, or does so twice")
    found, at = [], 0
    for number, code, limit in zip(numbers, "QQQL", (WIDE, WIDE, WIDE, NARROW), strict=True):
        if number != limit:
            found.append(number)
            continue
        length = struct.calcsize(f"<{code}")
        if at + length > len(wide[0]):
            raise Unavailable("a member of the zip file does not tell its size")
        found.append(struct.unpack_from(f"<{code}", wide[0], at)[0])
        at += length
    return found[0], found[1], found[2], found[3]


def name_in(raw: bytes, flags: int, extra: tuple[tuple[int, bytes], ...]) -> str:
    """A member's name: a field of its own may say it in UTF-8, if it was made for this very name."""
    import zlib

    for kind, content in extra:
        if kind == EXTRA_NAME and content[:1] == b"\1" and len(content) >= 5:
            checksum = struct.unpack_from("<L", content, 1)[0]
            if checksum == zlib.crc32(raw):
                return decoded(content[5:], UTF_8)
    return decoded(raw, flags)


def decoded(raw: bytes, flags: int, errors: str = "strict") -> str:
    """Text in UTF-8, if the flags say so, else in the code page of the first PCs."""
    try:
        return raw.decode("utf-8", errors) if flags & UTF_8 else raw.decode("cp437")
    except UnicodeDecodeError:
        raise Unavailable(f"the name {raw[:100]!r} is no UTF-8") from None


# --- where it is ------------------------------------------------------------------------------------------


def read_directory(file: BinaryIO) -> Directory:
    """Finds and reads the directory of a zip file.

    Raises:
        Unavailable: There is none, or more than one; it is one of several parts; its numbers do not fit.
    """
    file.seek(0, 2)
    size = file.tell()
    end, comment = find_end(file, size)
    file.seek(end)
    _, disk, start_disk, here, count, length, offset, _ = END.unpack(file.read(END.size))
    limit = end
    found = find_end64(file, end)
    if found is not None:
        limit, wide = found
        narrow = (disk, start_disk, here, count, length, offset)
        limits = (NARROW, NARROW, NARROW, NARROW, WIDE, WIDE)
        if any(a not in (b, most) for a, b, most in zip(narrow, wide, limits, strict=True)):
            raise Unavailable("the zip file has two directories, which differ")
        disk, start_disk, here, count, length, offset = wide
    if disk or start_disk or here != count:
        raise Unavailable("the zip file is one of several parts")
    start = limit - length
    if start < 0 or offset > start:
        raise Unavailable("the directory of the zip file is not where it should be")
    if length > LARGEST:
        raise Unavailable(f"the directory of the zip file is larger than {LARGEST:,} bytes")
    file.seek(start)
    return Directory(start, start - offset, count, file.read(length), comment)


def find_end(file: BinaryIO, size: int) -> tuple[int, bytes]:
    """Offset of the end of the directory, and the comment behind it, which fills the file to its last byte."""
    tail_start = max(0, size - END.size - NARROW)
    file.seek(tail_start)
    tail = file.read(END.size + NARROW)
    found = []
    at = tail.find(b"PK\5\6")
    while at >= 0:
        comment = tail[at + END.size :]
        if at + END.size <= len(tail) and struct.unpack_from("<H", tail, at + 20)[0] == len(comment):
            found.append((tail_start + at, comment))
        at = tail.find(b"PK\5\6", at + 1)
    if not found:
        raise Unavailable("this is no zip file, or its end is missing")
    if len(found) > 1:
        raise Unavailable("the zip file has two ends, and may be read in two ways")
    return found[0]


def find_end64(file: BinaryIO, end: int) -> tuple[int, tuple[int, ...]] | None:
    """Offset of the end with wide numbers, and the six of them; None where there is none."""
    if end < LOCATOR.size + END64.size:
        return None
    file.seek(end - LOCATOR.size)
    signature, disk, offset, disks = LOCATOR.unpack(file.read(LOCATOR.size))
    if signature != b"PK\6\7":
        return None
    if disk or disks > 1:
        raise Unavailable("the zip file is one of several parts")
    last = end - LOCATOR.size - END64.size
    for at in (last, offset):  # with something put before the file, the offset is wrong; with extra data, the first is
        if 0 <= at <= last:
            file.seek(at)
            found = END64.unpack(file.read(END64.size))
            if found[0] == b"PK\6\6" and at + 12 + found[1] == end - LOCATOR.size:
                return at, found[4:]
    raise Unavailable("the end of the zip file's directory is damaged")
