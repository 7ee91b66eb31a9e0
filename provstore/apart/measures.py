"""What a format gives for a file → its measures: names, with dots between their levels, and plain values.

Rules:

1. Mappings and lists are levels; the entries of a list have the numbers 0, 1, 2 … as their names. What is no mapping
   and no list at the top has the file's name without its ending; a text there is read as in a table.
2. A list of rows of texts is a table (`csv`). Where the second of two columns is called "value", or there is no header,
   the first one has the names. A table of one row below its header has the names of its columns. Of more rows, each is
   a level: by its first cell, and as many texts behind that as it takes to tell all rows apart, else by its number.
3. In a table, a text that is a number is a number, and "true" and "false" are truths. An empty cell is no measure, and
   neither is null.
4. A file is read whole or not at all: one with too many measures, or with something that is none, is refused.

Pure.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence

from provstore.model.measures import NO_MEASURES
from provstore.plugin.format import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from provstore.model.measures import Measures
    from provstore.model.values import Value

LARGEST = 1 << 22
"""Bytes of a file of measures."""
MOST = 1_000
"""Measures of one file."""
LONGEST = 1_000
"""Characters of a name or a text."""
INTEGER = re.compile(r"[+-]?[0-9]{1,4300}")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
TRUTHS = {"true": True, "false": False}
VALUE = "value"


def measures_in(value: object, stem: str) -> Measures:
    """The measures in what a format has read.

    Args:
        stem: The file's name without its ending.

    Raises:
        Unavailable: There are too many, or something is no measure.
    """
    found: Measures = {}
    entries = _of_table(value) if _is_table(value) else _of_tree(value, "", stem)
    for written, entry in entries:
        name = _encodable(written)
        if len(found) == MOST:
            raise Unavailable(f"it has more than {MOST:,} measures")
        if name in found:
            raise Unavailable(f"two measures have the name {_quoted(name)}")
        if len(name) > LONGEST:
            raise Unavailable(f"the name of a measure, {_quoted(name)}, has more than {LONGEST:,} characters")
        found[name] = entry
    return found


def _of_tree(value: object, name: str, stem: str) -> Iterator[tuple[str, Value]]:
    """Measures of mappings and lists, in their order."""
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _of_tree(entry, f"{name}.{key}" if name else str(key), stem)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        for number, entry in enumerate(value):
            yield from _of_tree(entry, f"{name}.{number}" if name else str(number), stem)
    elif isinstance(value, str) and not name:
        yield stem, _value_of(value.strip(), stem)
    elif value is not None:
        yield name or stem, _plain(value, name or stem)


def _plain(value: object, name: str) -> Value:
    """A single value as JSON has it."""
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, bytes):
        raise Unavailable(NO_MEASURES)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise Unavailable(f"{_quoted(name)} is a {kind}, expected a number, a text or a truth")


def _text(text: str, name: str) -> str:
    if len(text) > LONGEST:
        raise Unavailable(f"{_quoted(name)} is a text of more than {LONGEST:,} characters")
    return _encodable(text)


def _encodable(text: str) -> str:
    """Halves of pairs, which UTF-8 does not have, are spelled out."""
    return text.encode("utf-8", "backslashreplace").decode()


def _quoted(name: str) -> str:
    return f"'{name if len(name) <= 40 else name[:39] + '…'}'"


# --- tables -----------------------------------------------------------------------------------------------


def _is_table(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(row, (list, tuple)) and all(isinstance(cell, str) for cell in row) for row in value)
        and any(value)
    )


def _of_table(value: object) -> Iterator[tuple[str, Value]]:
    """Measures of a table, in the order of its cells."""
    if not isinstance(value, list):
        raise AssertionError("no table")
    rows = [row for row in value if row]  # without blank lines
    width = len(rows[0])
    for number, row in enumerate(rows[1:], 2):
        if len(row) != width:
            raise Unavailable(f"row {number} has {len(row)} cells, expected {width} as in the first one")
    header, body = (rows[0], rows[1:]) if _is_header(rows[0]) else (None, rows)
    if width == 2 and (header is None or header[1].strip().lower() == VALUE):
        return _named(body)
    if header is None:
        raise Unavailable("its first row does not name the columns: it has a number, an empty cell or a name twice")
    if len(body) == 1:
        return _cells(header, body[0], "")
    return _rows(header, body)


def _is_header(row: Sequence[str]) -> bool:
    """All cells are there, each once, and none is a number."""
    return len(set(row)) == len(row) and not any(not cell.strip() or NUMBER.fullmatch(cell.strip()) for cell in row)


def _named(rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, Value]]:
    for name, cell in rows:
        yield from _cells((name,), (cell,), "")


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, Value]]:
    columns = _naming(rows)
    for number, row in enumerate(rows):
        prefix = ".".join(row[:columns]) if columns else str(number)
        yield from _cells(header[columns:], row[columns:], f"{prefix}.")


def _naming(rows: Sequence[Sequence[str]]) -> int:
    """How many cells at its beginning name a row; 0: none tell all rows apart."""
    for columns in range(1, len(rows[0]) if rows else 0):
        cells = [row[columns - 1].strip() for row in rows]
        if not all(cells) or (columns > 1 and any(NUMBER.fullmatch(cell) for cell in cells)):
            return 0
        if len({tuple(row[:columns]) for row in rows}) == len(rows):
            return columns
    return 0


def _cells(names: Sequence[str], cells: Sequence[str], prefix: str) -> Iterator[tuple[str, Value]]:
    for name, cell in zip(names, cells, strict=True):
        text = cell.strip()
        if text:
            yield prefix + name, _value_of(text, prefix + name)


def _value_of(text: str, name: str) -> Value:
    if INTEGER.fullmatch(text):
        return int(text)
    if NUMBER.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else str(number)
    return TRUTHS[text.lower()] if text.lower() in TRUTHS else _text(text, name)
