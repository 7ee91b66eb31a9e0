"""The format `jsonl`: JSON values, one a line (JSON Lines, ndjson).

Rules: each line as in the format `json`; the order of the lines counts. A blank line before the end is an error, since
some readers pass over it and some do not. One line after the other is read, so that memory does not grow.
"""

from __future__ import annotations

import codecs
import json
from functools import partial
from itertools import chain, islice, zip_longest

from provstore.formats.json import canonical, check_keys, describe_value, differences_of_encoding, first_lines, parse
from provstore.plugin import (
    STORAGE,
    STRUCTURE,
    Difference,
    Format,
    Hasher,
    Preview,
    Unavailable,
    compare_trees,
    hookimpl,
)
from provstore.plugin.trees import limited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import Any, TypeVar

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

    Read = TypeVar("Read")

LINES = 20
"""Values of a preview."""
END = object()
"""After the last value of the shorter of two files."""
LONGEST = 1 << 28
"""Bytes of a line, at most."""


class JsonLines(Format):
    """JSON values, one a line, as a list."""

    name = "jsonl"
    suffixes = (".jsonl", ".ndjson")
    python_type = list

    def read(self, path: Path, component: str | None = None, **parameters: object) -> list[Any]:
        """All values in their order.

        Raises:
            LookupError: A component or a parameter was asked for; there are none.
            ValueError: A line is no JSON, or has two keys of one name in one place.
        """
        if component is not None or parameters:
            raise LookupError(f"jsonl has no {component or ', '.join(parameters)}")
        try:
            return list(values_of(path, exact=False))
        except Unavailable as error:
            raise ValueError(str(error)) from error

    def write(self, value: object, path: Path) -> None:
        """Writes each value on a line of its own.

        Raises:
            TypeError: No list; or a value that JSON does not have, or a key that is no text.
            ValueError: NaN or an infinity, or a value that contains itself.
        """
        if not isinstance(value, list):
            raise TypeError(f"found {type(value).__name__}, expected a list")
        with path.open("wb") as file:
            for entry in value:
                text = json.dumps(entry, ensure_ascii=False, allow_nan=False)
                check_keys(entry)
                file.write(f"{text}\n".encode("utf-8", "backslashreplace"))

    def digest(self, path: Path) -> str:
        """Of the values in their order.

        Raises:
            Unavailable: A line is no JSON, has two keys of one name, or is nested too deep.
        """
        return Hasher().stream(chain.from_iterable((line, b"\n") for line in _read(path, canonical))).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Line by line."""
        are_equal = True
        for entry in limited(_differences_of_lines(a, b, tolerance)):
            are_equal = False
            yield entry
        if are_equal:
            yield from _differences_of_writing(a, b)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """What the first value is."""
        first = next(values_of(path), None)
        return {"bytes": path.stat().st_size, "first": describe_value(first)}

    def preview(self, path: Path) -> Preview:
        """The first lines."""
        values = islice(values_of(path, exact=False), LINES + 1)
        lines = [json.dumps(value, ensure_ascii=False) for value in values]
        more = ["…"] if len(lines) > LINES else []
        return Preview("text", first_lines("\n".join([*lines[:LINES], *more])) or b"(no lines)")


def _lines_of(path: Path) -> Iterator[bytes]:
    """Lines with their ends; the first without a byte order mark.

    Raises:
        Unavailable: One is too long.
    """
    with path.open("rb") as file:
        line = file.readline(LONGEST).removeprefix(codecs.BOM_UTF8)
        while line:
            if len(line) == LONGEST:
                raise Unavailable(f"a line of more than {LONGEST:,} bytes")
            yield line
            line = file.readline(LONGEST)


def values_of(path: Path, exact: bool = True) -> Iterator[Any]:
    """The values of a file, see `_read`."""
    return _read(path, partial(parse, exact=exact))


def _read(path: Path, read: Callable[[str], Read]) -> Iterator[Read]:
    """What a function makes of each line.

    Raises:
        Unavailable: Naming the line: it is blank, and not the last; it is not UTF-8; it is no JSON.
    """
    blank = 0
    for number, line in enumerate(_lines_of(path), 1):
        if not line.strip(b" \t\r\n"):
            blank = blank or number
            continue
        if blank:
            raise Unavailable(f"line {blank} is blank")
        try:
            yield read(line.decode().rstrip("\r\n"))
        except UnicodeDecodeError as error:
            raise Unavailable(f"line {number} is not UTF-8") from error
        except Unavailable as error:
            raise Unavailable(f"line {number}: {error}".replace(": line 1, column", ", column")) from error


def _differences_of_lines(a: Path, b: Path, tolerance: Tolerance | None) -> Iterator[Difference]:
    left_more = right_more = number = 0
    for number, (left, right) in enumerate(zip_longest(values_of(a), values_of(b), fillvalue=END), 1):
        if left is END:
            right_more += 1
        elif right is END:
            left_more += 1
        else:
            yield from compare_trees(left, right, (f"line {number}",), tolerance)
    if left_more or right_more:
        yield Difference(STRUCTURE, (), "number of lines", f"{number - right_more:,}", f"{number - left_more:,}")


def _differences_of_writing(a: Path, b: Path) -> Iterator[Difference]:
    """In what two files of the same values differ, as far as it can be told without reading all of them at once."""
    with a.open("rb") as file_a, b.open("rb") as file_b:
        yield from differences_of_encoding(file_a.read(3) + b"[]", file_b.read(3) + b"[]")
    for left, right in zip(_lines_of(a), _lines_of(b), strict=False):
        if left.rstrip(b"\r\n") != right.rstrip(b"\r\n"):
            yield Difference(STORAGE, (), "key order or spelling")
            return
    for left, right in zip_longest(_lines_of(a), _lines_of(b)):
        if left != right:
            yield Difference(STORAGE, (), "line ends")
            return


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [JsonLines()]
