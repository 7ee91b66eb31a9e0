"""The headers of a tar archive: what stands before each member, in all variants that are in use.

Source of the layout: POSIX.1-2024 (pax: ustar and pax), and the manual of GNU tar ("Basic Tar Format", "Storing Sparse
Files"). The module `tarfile` is not used, since it takes a damaged header for the end, and keeps all it has seen.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
ZEROS = bytes(BLOCK)
OCTAL = re.compile(rb"[0-7]*")
DECIMAL = re.compile(r"[0-9]{1,19}")
SEGMENTS = 1 << 18
"""Parts of a sparse file, at most."""

LOCAL_KEYS = ("path", "linkpath", "size")
"""Of extended headers: they replace what is in the header, and make sense for a single member only."""
STORAGE_KEYS = re.compile(
    r"path|linkpath|size|uid|gid|uname|gname|[amc]time|charset|hdrcharset|GNU\.sparse\..*|GNU\.(volume|dumpdir).*"
    r"|LIBARCHIVE\.(creationtime|symlinktype)|SCHILY\.(dev|ino|nlink|devmajor|devminor|filetype|realsize|offs|fflags)"
    r"|SCHILY\.acl\..*|RHT\.security\..*|(SCHILY|LIBARCHIVE)\.xattr\.(security|system|trusted|com\.apple)\..*"
)
"""Of extended headers: names, sizes, times, owners, and what a system says for itself. Others count."""


class Header(NamedTuple):
    """The block before a member.

    Attributes:
        kind: One byte that says what the member is: b"0" a file, b"5" a directory, and so on.
        size: Of the data that follow.
        format: "v7", "ustar" or "gnu".
        device: Two numbers.
        block: All of it.
    """

    name: bytes
    kind: bytes
    size: int
    mode: int
    link: bytes
    format: str
    device: tuple[int, int]
    block: bytes

    def times(self) -> str:
        """As it is written, or as a number if it is one."""
        try:
            return str(number(self.block[136:148]))
        except Unavailable:
            return repr(self.block[136:148])

    def owner(self) -> str:
        """Numbers and names, as they are written."""
        fields = (self.block[start:end] for start, end in ((108, 116), (116, 124), (265, 297), (297, 329)))
        return b" ".join(text(field).strip() for field in fields).decode("utf-8", "surrogateescape")


def read_header(block: bytes) -> Header:
    """Reads a header.

    Raises:
        Unavailable: It is damaged.
    """
    if len(block) < BLOCK:
        raise Unavailable("the archive is cut")
    if number(block[148:156]) not in checksums(block):
        raise Unavailable("this is no tar archive, or a header is damaged")
    magic, name = block[257:265], text(block[:100])
    format = "gnu" if magic == b"ustar  \0" else "ustar" if magic.startswith(b"ustar") else "v7"
    if format == "ustar":
        prefix = text(block[345 : 476 if block[508:] == b"tar\0" else 500])  # star keeps times behind a shorter one
        name = prefix + b"/" + name if prefix else name
    size = number(block[124:136])
    if size < 0:
        raise Unavailable("a member has a negative size")
    device = (number(block[329:337]), number(block[337:345])) if block[156:157] in b"34" else (0, 0)
    return Header(name, block[156:157], size, number(block[100:108]), text(block[157:257]), format, device, block)


def checksums(block: bytes) -> tuple[int, int]:
    """The sum of all bytes, the field of the sum itself taken for spaces; some old tools took bytes as signed."""
    rest = block[:148] + b" " * 8 + block[156:]
    unsigned = sum(rest)
    return unsigned, unsigned if rest.isascii() else unsigned - 256 * sum(byte > 127 for byte in rest)


def text(field: bytes) -> bytes:
    """A field up to its first zero."""
    return field.partition(b"\0")[0]


def number(field: bytes) -> int:
    """A field in octal digits, or as GNU tar writes large numbers: in binary, marked by the first bit."""
    if field[0] & 0x80:
        value = int.from_bytes(field, "big")
        bits = 8 * len(field)
        return value - (1 << bits) if field[0] & 0x40 else value - (1 << (bits - 1))
    digits = text(field).strip(b" ")
    if not OCTAL.fullmatch(digits):
        raise Unavailable("this is no tar archive, or a header is damaged")
    return int(digits or b"0", 8)


# --- extended headers -------------------------------------------------------------------------------------


def extended_records(data: bytes) -> Iterator[tuple[str, str]]:
    """The records of an extended header of POSIX, each "LENGTH KEY=VALUE" and a line end.

    Raises:
        Unavailable: They are damaged.
    """
    at = 0
    while at < len(data):
        digits, space, _ = data[at : at + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = data[at + len(digits) + 1 : at + length]
        key, equals, value = record[:-1].partition(b"=")
        if at + length > len(data) or not equals or record[-1:] != b"\n" or not key:
            raise Unavailable("an extended header is damaged")
        yield key.decode("utf-8", "surrogateescape"), value.decode("utf-8", "surrogateescape")
        at += length


def decimal(value: str) -> int:
    """A number in an extended header."""
    if not DECIMAL.fullmatch(value):
        raise Unavailable("an extended header is damaged")
    return int(value)


# --- sparse files -----------------------------------------------------------------------------------------


class Sparse(NamedTuple):
    """A file of which the archive has parts only; zeros are between them.

    Attributes:
        size: Of the file.
        segments: Offset and length of each part that is there, in order.
    """

    size: int
    segments: tuple[tuple[int, int], ...]

    def check(self, stored: int) -> Sparse:
        """The parts are in order, inside of the file, and make up what is stored.

        Raises:
            Unavailable: They do not.
        """
        end = 0
        for offset, length in self.segments:
            if offset < end or length < 0:
                raise Unavailable("the parts of a sparse file overlap")
            end = offset + length
        if end > self.size or sum(length for _, length in self.segments) != stored:
            raise Unavailable("the parts of a sparse file do not fit its size")
        return self


def old_segments(block: bytes, start: int, count: int) -> Iterator[tuple[int, int]]:
    """Parts of a sparse file as the first variant of GNU tar lists them: in the header, and in blocks behind it."""
    for at in range(start, start + 24 * count, 24):
        if block[at : at + 24].strip(b"\0"):
            yield number(block[at : at + 12]), number(block[at + 12 : at + 24])


def listed_segments(numbers: list[int]) -> tuple[tuple[int, int], ...]:
    """Pairs of offset and length from a list of numbers."""
    if len(numbers) % 2 or len(numbers) > 2 * SEGMENTS:
        raise Unavailable("the list of the parts of a sparse file is damaged, or too long")
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))
