"""Reads rows out of the pages of a SQLite file without SQLite, which gives up at the first page that is damaged.

Rules: nothing in the file is believed. Neither the header nor the inner pages of a b-tree are needed: each leaf page is
read for itself, and every number in it is checked before it is used. What is not whole is passed over; whether a
row is true is not known here. Source: https://sqlite.org/fileformat2.html, sections 1.6 and 2.1.
"""

from __future__ import annotations

import os
import re
import struct

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Value: TypeAlias = "int | float | str | bytes | None"

SIZES = (4096, 512, 1024, 2048, 8192, 16384, 32768, 65536)
"""Sizes that pages can have; first that of provstore's stores."""

SAMPLE = 512
"""Pages that are looked at to find the size of all."""

MAGIC = b"SQLite format 3\0"

TABLE_LEAF, INDEX_LEAF, INDEX_INNER, TABLE_INNER = 0x0D, 0x0A, 0x02, 0x05
HEAD = {TABLE_LEAF: 8, INDEX_LEAF: 8, INDEX_INNER: 12, TABLE_INNER: 12}
"""Bytes of the header of each kind of page."""

SMALLEST = 6
"""Bytes that a cell takes at least, with the pointer to it."""

INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""Serial type of an integer → its bytes."""


class Cell(NamedTuple):
    """One row, or one entry of an index.

    Attributes:
        rowid: None in an index, and in a table without rowids; 0 where it could not be read.
        end: Where in its page it ends.
    """

    is_index: bool
    rowid: int | None
    values: tuple[Value, ...]
    end: int


class Page(NamedTuple):
    """What was found on a page.

    Attributes:
        is_whole: All that its header promises is there, and nothing is unaccounted for.
        ends_well: Its last cell ends where the page does, as in most pages.
    """

    cells: tuple[Cell, ...]
    is_whole: bool
    ends_well: bool


class _WrongError(Exception):
    """The bytes can't be what they were taken for."""


class Pages:
    """The pages of a file, each read when it is asked for.

    Args:
        descriptor: Of an open file; positions are never changed.

    Attributes:
        size: Bytes of a page, found by trying.
        number: Of pages, a cut one at the end included.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._bytes = os.fstat(descriptor).st_size
        self._set_size(max(SIZES, key=self._good_bytes))

    def _set_size(self, size: int) -> None:
        self.size, self.number = size, -(-self._bytes // size)
        self._overflow = bytearray(self.number // 8 + 1)

    def _good_bytes(self, size: int) -> int:
        """How many bytes make sense, were pages of this size."""
        self._set_size(size)
        step = max(1, self.number // SAMPLE)
        return sum(size for number in range(2, self.number + 1, step) if self.page(number).ends_well) * step

    def missing_bytes(self) -> int:
        """How many bytes the file should have beyond its end, as its header has it; 0 where that can't be."""
        header = self._read(1, 100)
        pages = int.from_bytes(header[28:32], "big")
        is_told = header[:16] == MAGIC and header[24:28] == header[92:96]
        return max(0, pages * self.size - self._bytes) if is_told else 0

    def whole(self) -> Iterator[Cell]:
        """The cells of all pages, as the pages' own headers find them. Damaged ones are passed over."""
        for number in range(2, self.number + 1):
            yield from self.page(number).cells

    def scraps(self, shapes: Iterable[Shape]) -> Iterator[Cell]:
        """What looks like a row on pages that are not whole, wherever in the page it lies. To be asked after `whole`.

        Args:
            shapes: Of the rows that are looked for.
        """
        patterns = list(shapes)
        for number in range(2, self.number + 1):
            if self._overflow[number // 8] & 1 << number % 8 or self.page(number).is_whole:
                continue
            data = self._read(number, 2 * self.size)
            if data.strip(b"\0"):
                for shape in patterns:
                    yield from self._scraps_of(data, shape)

    def _scraps_of(self, data: bytes, shape: Shape) -> Iterator[Cell]:
        start = -1
        while found := shape.pattern.search(data, start + 1, self.size + 300):
            start = found.start()
            try:
                types, head = _types(data, start)
                payload = head + sum(_width(kind) for kind in types)
                values = _values(self._payload(data, start, payload, shape.is_index), types, head)
            except _WrongError:
                continue
            yield Cell(shape.is_index, None if shape.is_index else _rowid_before(data, start, payload), values, 0)

    # --- one page -------------------------------------------------------------------------------------

    def page(self, number: int) -> Page:
        """What is on a page; `number` counts from 1."""
        data = self._read(number, self.size)
        if len(data) < 8 or data[0] not in HEAD:
            return Page((), False, False)
        head = HEAD[data[0]]
        count, begin = struct.unpack_from(">HH", data, 3)
        cells, used, is_whole = [], data[7], len(data) == self.size
        end = 0
        for index in range(min(count, (self.size - head) // SMALLEST)):
            try:
                cell, start = self._cell(data, head + 2 * index)
            except _WrongError:
                is_whole = False
                continue
            if data[0] != TABLE_INNER:
                cells.append(cell)
            end = max(end, cell.end)
            used += max(4, cell.end - start)
        is_whole = (
            is_whole and count * SMALLEST <= self.size and used + _free_bytes(data) == self.size - (begin or 65536)
        )
        return Page(tuple(cells), is_whole, end == self.size)

    def _cell(self, data: bytes, pointer: int) -> tuple[Cell, int]:
        """The cell that a pointer leads to, and where it begins."""
        if pointer + 2 > len(data):
            raise _WrongError
        start = place = int.from_bytes(data[pointer : pointer + 2], "big")
        if data[0] in (TABLE_INNER, INDEX_INNER):
            if int.from_bytes(data[place : place + 4], "big") > self.number:
                raise _WrongError
            place += 4
        if data[0] == TABLE_INNER:
            return Cell(False, 0, (), _varint(data, place)[1]), start
        payload, place = _varint(data, place)
        is_index = data[0] != TABLE_LEAF
        number, place = (0, place) if is_index else _varint(data, place)
        types, head = _types(data, place)
        if head + sum(_width(kind) for kind in types) != payload:
            raise _WrongError
        local = self._local(payload, is_index)
        values = _values(self._payload(data, place, payload, is_index), types, head)
        end = place + local + (4 if local < payload else 0)
        return Cell(is_index, None if is_index else _signed(number), values, end), start

    def _local(self, payload: int, is_index: bool) -> int:
        """How many bytes of a payload lie on the page itself."""
        most = (self.size - 12) * 64 // 255 - 23 if is_index else self.size - 35
        if payload <= most:
            return payload
        least = (self.size - 12) * 32 // 255 - 23
        local = least + (payload - least) % (self.size - 4)
        return local if local <= most else least

    def _payload(self, data: bytes, start: int, payload: int, is_index: bool) -> bytes:
        """The bytes of a row, those on overflow pages too; these are noted."""
        local = self._local(payload, is_index)
        if payload > self._bytes or start + local > len(data):
            raise _WrongError
        if local == payload:
            return data[start : start + payload]
        parts, left, seen = [data[start : start + local]], payload - local, set[int]()
        following = int.from_bytes(data[start + local : start + local + 4], "big")
        while left > 0:
            if not 2 <= following <= self.number or following in seen:
                raise _WrongError
            seen.add(following)
            page = self._read(following, self.size)
            part = page[4 : 4 + left]
            if len(part) < min(left, self.size - 4):
                raise _WrongError
            parts.append(part)
            left -= len(part)
            following = int.from_bytes(page[:4], "big")
        for number in seen:
            self._overflow[number // 8] |= 1 << number % 8
        return b"".join(parts)

    def _read(self, number: int, size: int) -> bytes:
        """Bytes from the beginning of a page on; what can't be read is as if it were not there."""
        try:
            return os.pread(self._descriptor, size, (number - 1) * self.size)
        except OSError:
            return b""


# --- the parts of a cell ----------------------------------------------------------------------------------


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of one to nine bytes, and the place behind it."""
    value = 0
    for index in range(9):
        if place >= len(data):
            raise _WrongError
        byte = data[place]
        place += 1
        if index == 8:
            return value << 8 | byte, place
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return value, place


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


def _types(data: bytes, start: int) -> tuple[list[int], int]:
    """The serial types of a record, and the length of the head that holds them."""
    head, place = _varint(data, start)
    if not place - start < head <= len(data) - start:
        raise _WrongError
    types = []
    while place < start + head:
        kind, place = _varint(data, place)
        types.append(kind)
    if place != start + head:
        raise _WrongError
    return types, head


def _width(kind: int) -> int:
    """Bytes of a value of a serial type."""
    if kind >= 12:
        return (kind - 12) // 2
    if kind in (10, 11):
        raise _WrongError
    return 8 if kind == 7 else INTEGERS.get(kind, 0)


def _values(payload: bytes, types: list[int], place: int) -> tuple[Value, ...]:
    values = []
    for kind in types:
        width = _width(kind)
        values.append(_value(kind, payload[place : place + width]))
        place += width
    return tuple(values)


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        number: float = struct.unpack(">d", data)[0]
        return number
    if kind < 7:
        return int.from_bytes(data, "big", signed=True)
    if kind % 2 == 0:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise _WrongError from None


def _free_bytes(data: bytes) -> int:
    """Bytes of a page's list of free blocks."""
    total, block = 0, int.from_bytes(data[1:3], "big")
    while block and block + 4 <= len(data):
        following, size = struct.unpack_from(">HH", data, block)
        total += size
        if following <= block:
            break
        block = following
    return total


# --- rows without a page that leads to them ---------------------------------------------------------------


class Shape(NamedTuple):
    """How the head of a table's rows looks.

    Attributes:
        is_index: The table has no rowids.
    """

    pattern: re.Pattern[bytes]
    is_index: bool


ODD, EVEN = (b"".join(rb"\x%02x" % number for number in range(start, 128, 2)) for start in (1, 0))
CODES = {
    "TEXT": rb"(?:[%s]|[\x81-\xff][\x80-\xff]?[%s])" % (ODD[24:], ODD),
    "BLOB": rb"(?:[%s]|[\x81-\xff][\x80-\xff]?[%s])" % (EVEN[24:], EVEN),
    "INTEGER": rb"[\x01-\x06\x08\x09]",
    "REAL": rb"[\x01-\x09]",
    "ROWID": rb"\x00",
}
CODES["ANY"] = rb"(?:%s|%s)" % (CODES["INTEGER"], CODES["TEXT"])  # a value of a dimension
"""Type of a column → its serial types, as a pattern; "ROWID" is an integer that is the row's own number."""


def shape(columns: Iterable[tuple[str, bool]], *, is_index: bool) -> Shape:
    """How the head of a table's rows looks.

    Args:
        columns: (type, may be NULL) in the order in which they are stored.
    """
    codes = [b"(?:\\x00|%s)" % CODES[kind] if optional else CODES[kind] for kind, optional in columns]
    length = rb"[\x%02x-\x%02x]" % (len(codes) + 1, 3 * len(codes) + 1)
    return Shape(re.compile(length + b"".join(codes), re.DOTALL), is_index)


def _rowid_before(data: bytes, start: int, payload: int) -> int:
    """The rowid that stands before a record, behind the payload's size; 0 where there is none."""
    size = _as_varint(payload)
    for length in range(1, 10):
        begin = start - length
        if begin < len(size):
            break
        try:
            rowid, end = _varint(data, begin)
        except _WrongError:
            break
        if end == start and data[begin - len(size) : begin] == size:
            return _signed(rowid)
    return 0


def _as_varint(value: int) -> bytes:
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
