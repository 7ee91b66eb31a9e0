"""The records of a table: read from a file, written to one, and as bytes for a digest."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from itertools import islice

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

PIECE = 1 << 20
CELLS = 4_000
"""Of a block of records, roughly."""
LONGEST = 1 << 24
"""Characters of a line and of a cell, at most: more is a quote that does not end, or no table."""
SPECIAL = re.compile('[,;\t|"\r\n\ufeff]')
"""What a cell is put into quotes for: whatever the reader might take for the delimiter, and not only the one in use."""
FAILURES = (csv.Error, UnicodeError)
"""What reading may end with."""
BLANK = ["\x1dD"]
"""Stands for a record without cells."""
FAULTS = {
    "unexpected end of data": "a quote that does not end",
    "field larger than field limit": f"a cell of more than {LONGEST:,} characters, or a quote that does not end",
    "expected after": "text between a closing quote and the delimiter",
}
"""What the standard library says → what is meant."""


# --- reading ----------------------------------------------------------------------------------------------


def blocks(path: Path, encoding: str, delimiter: str) -> Iterator[list[list[str]]]:
    """All records of a file, some at a time, so that memory does not grow; a blank line is a record without cells.

    Raises:
        Unavailable: Naming the line: no text, or quotes that do not fit.
    """
    try:
        yield from attempted(path, encoding, delimiter)
    except FAILURES as error:
        raise Unavailable(_fault(path, encoding, delimiter, error)) from error


def attempted(path: Path, encoding: str, delimiter: str, start: int = 0) -> Iterator[list[list[str]]]:
    """The same, where it does not matter in which line a fault is.

    The first record comes alone, so that to look at it costs little.

    Args:
        start: So many characters are left out.

    Raises:
        FAILURES: Any of them.
    """
    with path.open(encoding=encoding, newline="") as file:
        while start:
            start -= len(file.read(min(start, PIECE)))
        reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
        count = 1
        while rows := _next(reader, count):
            yield rows
            count = max(1, CELLS // max(1, len(rows[-1])))


def blank_start(path: Path, encoding: str) -> int:
    """Characters before the first line that is not blank; 0 where they are none."""
    start = 0
    try:
        with path.open(encoding=encoding, newline="") as file:
            while piece := file.read(PIECE):
                rest = piece.lstrip("\r\n")
                start += len(piece) - len(rest)
                if rest:
                    break
    except UnicodeError:
        return 0
    return start


def _lines(file: TextIO) -> Iterator[str]:
    while line := file.readline(LONGEST):
        if len(line) == LONGEST:
            raise Unavailable(f"a line of more than {LONGEST:,} characters")
        yield line


def _next(reader: Iterator[list[str]], count: int) -> list[list[str]]:
    with _long_cells():
        return list(islice(reader, count))


@contextmanager
def _long_cells() -> Iterator[None]:
    """The limit of `csv` is one for the whole process: it is put back as soon as some records are read."""
    before = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _fault(path: Path, encoding: str, delimiter: str, error: Exception) -> str:
    """What is wrong with a file that could not be read, and in which line the record begins."""
    if isinstance(error, UnicodeError):
        return f"line {_undecodable_line(path, encoding)} is not {encoding.removesuffix('-sig').upper()}"
    line = 0
    with path.open(encoding=encoding, newline="") as file:
        reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
        try:
            while _next(reader, 1):
                line = reader.line_num
        except csv.Error:
            pass
    words = next((words for part, words in FAULTS.items() if part in str(error)), str(error))
    return f"line {line + 1}: {words}"


def _undecodable_line(path: Path, encoding: str) -> int:
    with path.open(encoding=encoding, errors="replace", newline="") as file:
        for number, line in enumerate(file, 1):
            if "\ufffd" in line:
                return number
    return 1


# --- writing ----------------------------------------------------------------------------------------------


def text_from_row(row: Sequence[str], delimiter: str) -> str:
    """A record as it is written, with its line end."""
    if len(row) == 1 and not row[0]:
        return '""\n'  # otherwise it would be a blank line, which has no cells
    return delimiter.join([_quoted(cell) if SPECIAL.search(cell) else cell for cell in row]) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


# --- for a digest -----------------------------------------------------------------------------------------


def encoded(rows: Sequence[Sequence[str]]) -> bytes:
    r"""Records as bytes, so that no two different sequences of records come to the same.

    Cells are divided by ``\x1f`` and records are ended by ``\x1e``. Where one of the two is in a cell, it becomes
    ``\x1dB`` or ``\x1dA``, and ``\x1d`` becomes ``\x1dC``; a record without cells is ``\x1dD``. How the records are
    cut into blocks does not count.
    """
    blank = rows.count([])
    if blank:
        rows = [row or BLANK for row in rows]
    text = "\x1e".join(map("\x1f".join, rows)) + "\x1e"  # ten times as fast as a call for each record
    is_plain = text.count("\x1e") == len(rows) and text.count("\x1f") == sum(map(len, rows)) - len(rows)
    if is_plain and text.count("\x1d") == blank:
        return text.encode()
    return "".join(map(_escaped_row, rows)).encode()


def _escaped_row(row: Sequence[str]) -> str:
    if row is BLANK:
        return "\x1dD\x1e"
    cells = [cell.replace("\x1d", "\x1dC").replace("\x1e", "\x1dA").replace("\x1f", "\x1dB") for cell in row]
    return "\x1f".join(cells) + "\x1e"
