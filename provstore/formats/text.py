"""The format `text`: characters in UTF-8.

Rules: it has no digest of its own, so the bytes decide, and every difference of them counts: line ends and a byte
order mark as well. A comparison shows what was changed, line by line.
"""

from __future__ import annotations

import codecs

from provstore.plugin import STRUCTURE, VALUES, Difference, Format, Preview, Unavailable, hookimpl
from provstore.plugin.runs import changed_runs
from provstore.plugin.trees import limited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

LINES, WIDTH = 30, 120
"""Of a preview."""
PIECE = 1 << 20
SHOWN, LONGEST = 20, 400
"""Lines of one changed place that are shown, and characters of each."""
HUNKS = 200
"""Changed places that are shown one by one."""


class Text(Format):
    """Text in UTF-8. It has no digest of its own: the byte digest decides."""

    name = "text"
    suffixes = (".txt", ".md")
    python_type = str

    def read(self, path: Path, component: str | None = None, **parameters: object) -> str:
        """All characters, line ends as they are, without a byte order mark.

        Raises:
            LookupError: A component or a parameter was asked for; there are none.
            ValueError: The file is not UTF-8.
        """
        if component is not None or parameters:
            raise LookupError(f"text has no {component or ', '.join(parameters)}")
        try:
            return text_of(path.read_bytes())
        except Unavailable as error:
            raise ValueError(str(error)) from error

    def write(self, value: object, path: Path) -> None:
        """Writes characters as they are.

        Raises:
            TypeError: The value is no text.
        """
        if not isinstance(value, str):
            raise TypeError(f"found {type(value).__name__}, expected text")
        path.write_bytes(value.encode())

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """The changed lines, each run of them as one difference; a tolerance makes none of it equal.

        Raises:
            Unavailable: One of the two is not UTF-8.
        """
        del tolerance
        bytes_a, bytes_b = a.read_bytes(), b.read_bytes()
        if bytes_a == bytes_b:
            return
        yield from limited(_differences(bytes_a, bytes_b), HUNKS)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """How many lines, and how those at the beginning end."""
        lines, last, first = 0, b"\n", None
        with path.open("rb") as file:
            while data := file.read(PIECE):
                first = data if first is None else first
                lines, last = lines + data.count(b"\n"), data[-1:]
        return {"lines": lines + (last != b"\n"), "line ends": _shown_ends(_line_ends(first or b""))}

    def preview(self, path: Path) -> Preview:
        """The first lines."""
        with path.open("rb") as file:
            data = file.read(LINES * WIDTH * 16)
        text = data.decode("utf-8-sig", "replace")
        lines = [line if len(line) <= WIDTH else line[: WIDTH - 1] + "…" for line in text.splitlines()]
        more = ["…"] if len(lines) > LINES else []
        return Preview("text", "\n".join([*lines[:LINES], *more]).encode() or b"(empty)")


def text_of(data: bytes) -> str:
    """Characters of UTF-8, without a byte order mark.

    Raises:
        Unavailable: It is something else.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unavailable(f"line {line} is not UTF-8 (byte {error.start})") from error


# --- comparing --------------------------------------------------------------------------------------------


def _differences(a: bytes, b: bytes) -> Iterator[Difference]:
    """What two files that differ in their bytes differ in: at least one difference, and all of them count."""
    text_a, text_b = text_of(a), text_of(b)
    marks = a.startswith(codecs.BOM_UTF8), b.startswith(codecs.BOM_UTF8)
    if marks[0] != marks[1]:
        yield Difference(VALUES, (), "byte order mark", "yes" if marks[0] else "no", "yes" if marks[1] else "no")
    lines_a, lines_b = _lines(text_a), _lines(text_b)
    yield from _differences_of_lines(lines_a, lines_b)
    ends_a, ends_b = _line_ends(a), _line_ends(b)
    if ends_a.keys() != ends_b.keys() or (lines_a == lines_b and marks[0] == marks[1]):
        yield Difference(VALUES, (), "line ends", _shown_ends(ends_a), _shown_ends(ends_b))


def _lines(text: str) -> list[str]:
    """Lines without their ends. A text that ends in a line end has an empty last one."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _line_ends(data: bytes) -> dict[str, int]:
    """How often each of the three stands in the data."""
    crlf = data.count(b"\r\n")
    counts = {"LF": data.count(b"\n") - crlf, "CRLF": crlf, "CR": data.count(b"\r") - crlf}
    return {kind: count for kind, count in counts.items() if count}


def _shown_ends(ends: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in ends.items()) or "none"


def _differences_of_lines(a: Sequence[str], b: Sequence[str]) -> Iterator[Difference]:
    """Each run of lines that was changed, added or taken out."""
    for left, right in changed_runs(a, b):
        yield _hunk(left, a[left.start : left.stop], b[right.start : right.stop])


def _hunk(lines: range, a: Sequence[str], b: Sequence[str]) -> Difference:
    """One run: lines of the first file, and what the second has in their place."""
    first, last = lines.start + 1, lines.stop
    place = f"lines {first} to {last}" if last > first else f"line {first}"
    what = "text" if a and b else "missing" if a else "added"
    kind = VALUES if len(a) == len(b) else STRUCTURE
    return Difference(kind, (place,), what, _shown_lines(a), _shown_lines(b))


def _shown_lines(lines: Sequence[str]) -> str:
    """Lines, each with its end: whoever shows a difference with line ends in it shows it as `diff -u` does."""
    cut = [line if len(line) <= LONGEST else line[: LONGEST - 1] + "…" for line in lines[:SHOWN]]
    more = [f"… and {len(lines) - SHOWN:,} more"] if len(lines) > SHOWN else []
    return "".join([f"{line}\n" for line in [*cut, *more]])


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Text()]
