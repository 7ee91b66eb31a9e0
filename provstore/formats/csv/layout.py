"""How a table lies in its file: encoding, line ends, delimiter.

The delimiter is chosen among ``, ; tab |``, in this order, by what a person would look at:

1. the first that divides every record (blank lines apart) into the same number of cells, of more than one;
2. where there is none, the first that divides the first record;
3. where there is none either, the file has one column.

Delimiters within quotes divide nothing. More than one may fit, or none at all: then the choice is in doubt, and such a
file is never equal to one with another delimiter, nor to one that is different if it is read with another of those that
fit.
"""

from __future__ import annotations

import codecs
import re
from itertools import chain
from typing import NamedTuple

from provstore.formats.csv.rows import FAILURES, PIECE, attempted, blank_start, blocks, encoded
from provstore.plugin import STORAGE, Difference, Hasher, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELIMITERS = (",", ";", "\t", "|")
BROKEN = re.compile('[,;\t|]"|"[,;\t|]')
"""A quote next to a delimiter."""
NAMES = {",": ",", ";": ";", "\t": "tab", "|": "|"}
"""For people."""
MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",  # before UTF-16, whose mark begins with the same bytes
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""Byte order mark → encoding."""


def encoding_of(path: Path) -> str:
    """UTF-8, or what the byte order mark says."""
    with path.open("rb") as file:
        start = file.read(4)
    return next((encoding for mark, encoding in MARKS.items() if start.startswith(mark)), "utf-8")


class Table:
    """A file and how to read it.

    Args:
        doubt: "" where no other delimiter can be meant; otherwise it counts as data. None: it is told by whether all
            records have the same number of cells.
    """

    def __init__(self, path: Path, encoding: str, delimiter: str, doubt: str | None) -> None:
        self.path, self.encoding, self.delimiter = path, encoding, delimiter
        self._doubt = doubt

    def blocks(self) -> Iterator[list[list[str]]]:
        """All records in their order, some thousand cells at a time.

        Raises:
            Unavailable: Naming the line: no text, or quotes that do not fit.
        """
        widths: set[int] = set()
        for rows in blocks(self.path, self.encoding, self.delimiter):
            widths.update(map(len, rows))
            yield rows
        if self._doubt is None:
            self._doubt = "" if len(widths - {0}) < 2 else self.delimiter

    @property
    def doubt(self) -> str:
        """What counts as data of the choice: nothing where no other can be meant. Costs no time after `blocks`."""
        for _ in self.blocks() if self._doubt is None else ():
            pass
        return self._doubt or ""


def table_of(path: Path) -> Table:
    """Chooses how to read a file, by the rule above.

    The file is read up to its first record; as a whole only if there are several delimiters in that.
    """
    encoding = encoding_of(path)
    start = blank_start(path, encoding)
    splitting = [delimiter for delimiter in DELIMITERS if _width(path, encoding, delimiter, start) > 1]
    if len(splitting) < 2:
        return Table(path, encoding, splitting[0] if splitting else ",", None)
    fitting = [delimiter for delimiter in splitting if _is_even(path, encoding, delimiter)]
    fitting = [delimiter for delimiter in fitting if not _breaks_quotes(path, encoding, delimiter)] or fitting
    if not fitting:
        return Table(path, encoding, splitting[0], splitting[0])
    others = [Hasher().stream(map(encoded, blocks(path, encoding, other))).digest for other in fitting[1:]]
    return Table(path, encoding, fitting[0], " ".join([fitting[0], *others]) if others else "")


def _width(path: Path, encoding: str, delimiter: str, start: int) -> int:
    """Cells of the first record that is not blank, from a character on; 0 where there is none that can be read."""
    try:
        return next((len(row) for rows in attempted(path, encoding, delimiter, start) for row in rows if row), 0)
    except (*FAILURES, Unavailable):
        return 0


def _is_even(path: Path, encoding: str, delimiter: str) -> bool:
    """All records that are not blank have the same number of cells."""
    widths: set[int] = set()
    try:
        for rows in attempted(path, encoding, delimiter):
            widths.update(map(len, rows))
            if len(widths - {0}) > 1:
                return False
    except (*FAILURES, Unavailable):
        return False
    return True


def _breaks_quotes(path: Path, encoding: str, delimiter: str) -> bool:
    """There is a quote next to another delimiter in a cell: it was meant to begin or to end one."""
    rows = chain.from_iterable(blocks(path, encoding, delimiter))
    return any('"' in cell and BROKEN.search(cell) for row in rows for cell in row)


# --- what does not count ----------------------------------------------------------------------------------


class Writing(NamedTuple):
    """How the characters of a table are written down."""

    ends: dict[str, int]
    quotes: int
    has_final_end: bool


def _writing_of(table: Table) -> Writing:
    ends = {"LF": 0, "CRLF": 0, "CR": 0}
    quotes, last = 0, ""
    with table.path.open(encoding=table.encoding, newline="") as file:
        while piece := file.read(PIECE):
            crlf = piece.count("\r\n") + (last == "\r" and piece[0] == "\n")
            ends["CRLF"] += crlf
            ends["LF"] += piece.count("\n") - crlf
            ends["CR"] += piece.count("\r")
            quotes += piece.count('"')
            last = piece[-1]
    ends["CR"] -= ends["CRLF"]
    return Writing({kind: count for kind, count in ends.items() if count}, quotes, last in ("\n", "\r", ""))


def differences_of_layout(a: Table, b: Table) -> Iterator[Difference]:
    """In what two tables differ that does not count."""
    if a.delimiter != b.delimiter and a.doubt == b.doubt:
        yield Difference(STORAGE, (), "delimiter", NAMES[a.delimiter], NAMES[b.delimiter])
    plain_a, plain_b = (table.encoding.removesuffix("-sig").upper() for table in (a, b))
    if plain_a != plain_b:
        yield Difference(STORAGE, (), "encoding", plain_a, plain_b)
    if (a.encoding == "utf-8") != (b.encoding == "utf-8"):
        marks = ("no", "yes") if a.encoding == "utf-8" else ("yes", "no")
        yield Difference(STORAGE, (), "byte order mark", marks[0], marks[1])
    left, right = _writing_of(a), _writing_of(b)
    if left.ends.keys() != right.ends.keys():
        yield Difference(STORAGE, (), "line ends", " and ".join(left.ends), " and ".join(right.ends))
    if left.quotes != right.quotes:
        yield Difference(STORAGE, (), "quoting", f"{left.quotes:,} quotes", f"{right.quotes:,} quotes")
    if left.has_final_end != right.has_final_end:
        ends = ("yes", "no") if left.has_final_end else ("no", "yes")
        yield Difference(STORAGE, (), "final newline", ends[0], ends[1])
