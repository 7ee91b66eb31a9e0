"""The structure of TIFF: directories of tags. EXIF data, in whatever file, have the same structure.

Rules: byte order, the order and place of what is written, and the width of an integer do not count; a rational number
is its value; text ends at its last NUL. Offsets are never followed out of the file, and a directory is read once.

Source: TIFF 6.0, section 2; the BigTIFF design; Exif 2.32, section 4.6.
"""

from __future__ import annotations

import struct
from math import gcd
from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, BinaryIO

KINDS = {1: "B", 2: "s", 3: "H", 4: "I", 5: "II", 6: "b", 7: "s", 8: "h", 9: "i", 10: "ii", 11: "f", 12: "d",
         13: "I", 16: "Q", 17: "q", 18: "Q"}  # fmt: skip
"""Number of a type: how its values are packed. 2 is text, 7 bytes, 5 and 10 rational, 13 and 18 offsets."""
EXIF, GPS, INTEROPERABILITY, SUB_PAGES = 34665, 34853, 40965, 330
DIRECTORIES = {EXIF: "exif", GPS: "gps", INTEROPERABILITY: "interoperability"}
"""Tags whose value is the place of another directory."""
WRITTEN_BY = {11: "software", 305: "software", 306: "time", 316: "host"}
"""Tags that say by what and when a file was written: ProcessingSoftware, Software, DateTime, HostComputer.
They never count. The times of a photograph (DateTimeOriginal, DateTimeDigitized) are others, and count."""
LATE = {36880: "time", 37520: "time"}
"""What belongs to DateTime in the EXIF directory: OffsetTime and SubSecTime. They don't count either."""
DEPTH = 8
"""Directories in directories, at most."""
LARGEST = 1 << 26
"""Bytes of one value, at most."""


class Entry(NamedTuple):
    """One tag of a directory: the number of its type, how many values, and where they are, from the file's start."""

    kind: int
    length: int
    offset: int


Directory = dict[int, Entry]


class TagFile:
    """Reads directories and values from a file, or from EXIF data.

    Args:
        file: Open for reading bytes; a TIFF header stands at its start.
        size: Of all of it, in bytes.

    Raises:
        Unavailable: It does not start as TIFF does.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self.size = file, size
        self._seen: set[int] = set()
        head = self.bytes_at(0, 8)
        self.order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        number = struct.unpack(f"{self.order or '<'}H", head[2:4])[0]
        if not self.order or number not in (42, 43):
            raise Unavailable("no TIFF: it does not start as one")
        self.is_big = number == 43
        self._first = self._unpack("Q", 8)[0] if self.is_big else self._unpack("I", 4)[0]

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes of the file.

        Raises:
            Unavailable: They would end behind the end of the file.
        """
        if offset + length > self.size:
            raise Unavailable(f"the file is cut: {length:,} bytes at {offset:,} are missing")
        self._file.seek(offset)
        data = self._file.read(length)
        if len(data) != length:
            raise Unavailable(f"the file is cut: {length:,} bytes at {offset:,} are missing")
        return data

    def _unpack(self, form: str, offset: int) -> tuple[Any, ...]:
        form = self.order + form
        return struct.unpack(form, self.bytes_at(offset, struct.calcsize(form)))

    def directories(self, offset: int | None = None) -> Iterator[Directory]:
        """The directories of a chain in order; the file's own without `offset`.

        Raises:
            Unavailable: A directory is reached a second time, is cut, or has a tag twice.
        """
        offset = self._first if offset is None else offset
        while offset:
            if offset in self._seen:
                raise Unavailable(f"the directory at {offset:,} is reached a second time")
            self._seen.add(offset)
            directory, offset = self._directory(offset)
            yield directory

    def _directory(self, offset: int) -> tuple[Directory, int]:
        """A directory, and where the next one is."""
        form, counter, start = ("HHQQ", "Q", 8) if self.is_big else ("HHII", "H", 2)
        count = self._unpack(counter, offset)[0]
        if count > 65_535:
            raise Unavailable(f"the directory at {offset:,} has {count:,} tags")
        form = self.order + form
        inline = struct.calcsize(form[:-1])
        length = struct.calcsize(form)
        data = self.bytes_at(offset + start, count * length)
        directory: Directory = {}
        for number, (tag, kind, values, place) in enumerate(struct.iter_unpack(form, data)):
            if tag in directory:
                raise Unavailable(f"the directory at {offset:,} has the tag {tag} twice")
            where = offset + start + number * length + inline if _size(kind, values) <= length - inline else place
            directory[tag] = Entry(kind, values, where)
        return directory, self._unpack("Q" if self.is_big else "I", offset + start + count * length)[0]

    # --- values -----------------------------------------------------------------------------------------

    def value(self, entry: Entry) -> Any:
        """The value of a tag: text, bytes, or a list of numbers; a rational number is a list of two.

        Raises:
            Unavailable: It has no known type, is cut, or is too large.
        """
        if entry.kind not in KINDS:
            raise Unavailable(f"found a value of the type {entry.kind}, which TIFF does not have")
        size = _size(entry.kind, entry.length)
        if size > LARGEST:
            raise Unavailable(f"found a value of {size:,} bytes, the limit is {LARGEST:,}")
        data = self.bytes_at(entry.offset, size)
        if entry.kind == 2:
            return data.rstrip(b"\0").decode("utf-8", "surrogateescape")
        if entry.kind in (1, 7) and entry.length != 1:
            return data
        if entry.kind == 7:
            return list(data)
        form = KINDS[entry.kind]
        numbers = struct.unpack(f"{self.order}{entry.length * len(form)}{form[0]}", data)
        return (
            [_reduced(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
            if len(form) == 2
            else [*numbers]
        )

    def number(self, directory: Directory, tag: int, default: int) -> int:
        """The value of a tag that is one integer."""
        return self.numbers(directory, tag, [default])[0]

    def numbers(self, directory: Directory, tag: int, default: list[int]) -> list[int]:
        """The values of a tag that are integers.

        Raises:
            Unavailable: They are none.
        """
        if tag not in directory:
            return default
        found = self.value(directory[tag])
        found = list(found) if isinstance(found, bytes) else found
        if not isinstance(found, list) or not found or not all(isinstance(value, int) for value in found):
            raise Unavailable(f"the tag {tag} is no integer")
        return found

    def plain(self, directory: Directory, leave_out: Mapping[int, Any], depth: int = 0) -> dict[str, Any]:
        """All tags of a directory by number, but those to leave out, with the directories that they point to."""
        if depth > DEPTH:
            raise Unavailable(f"directories are nested more than {DEPTH} deep")
        found: dict[str, Any] = {}
        for tag in sorted(directory):
            if tag in leave_out:
                continue
            if tag in DIRECTORIES:
                inner = [self.plain(inner, LATE, depth + 1) for inner in self._inner(directory[tag])]
                found[DIRECTORIES[tag]] = inner[0] if len(inner) == 1 else inner
            else:
                found[str(tag)] = self.value(directory[tag])
        return found

    def _inner(self, entry: Entry) -> Iterator[Directory]:
        for offset in self.value(entry):
            if offset in self._seen:
                raise Unavailable(f"the directory at {offset:,} is reached a second time")
            self._seen.add(offset)
            yield self._directory(offset)[0]

    def texts(self, directory: Directory, tags: Mapping[int, str]) -> dict[str, str]:
        """The values of some tags as text, by what they are called."""
        return {name: str(self.value(directory[tag])) for tag, name in tags.items() if tag in directory}


def _size(kind: int, count: int) -> int:
    return struct.calcsize(f"={KINDS.get(kind, 'Q')}") * count


def _reduced(numerator: int, denominator: int) -> list[int]:
    """A rational number in lowest terms: 720/10 is 72/1."""
    shared = gcd(numerator, denominator) or 1
    return [numerator // shared, denominator // shared]
