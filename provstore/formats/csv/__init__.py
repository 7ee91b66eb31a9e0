"""The format `csv`: a table of texts, RFC 4180 and its relatives.

Rules: the delimiter (``, ; tab |``), quotes, line ends, a newline at the end, a byte order mark and the encoding
(UTF-8, or UTF-16 and 32 with a mark) do not count. The cells do, as text: ``1.0``, ``1`` and ``01`` are three, blanks
around them count, an empty cell is not a missing one, and so do the order of records and columns, blank lines, and
line ends within quotes. Where the delimiter is in doubt it counts (`provstore.formats.csv.layout`). A quote that does
not end, or is followed by text, is an error.
"""

from __future__ import annotations

from itertools import chain, islice, zip_longest

from provstore.formats.csv.compare import differences_of_tables, is_header
from provstore.formats.csv.layout import NAMES, differences_of_layout, table_of
from provstore.formats.csv.rows import encoded, text_from_row
from provstore.plugin import Difference, Format, Hasher, Preview, Unavailable, hookimpl, name_of, shown
from provstore.plugin.trees import limited

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

DESCRIBED = 1 << 25
"""Bytes of a file, up to which its records are counted to be described."""
LINES, COLUMNS, CELL = 20, 12, 24
"""Of a preview: records, cells of a record, characters of a cell."""


class Csv(Format):
    """A table of texts, as a list of records, each a list of texts."""

    name = "csv"
    suffixes = (".csv", ".tsv", ".tab")
    python_type = list

    def read(self, path: Path, component: str | None = None, **parameters: object) -> list[list[str]]:
        """All records; the first may be a header. A blank line is a record without cells.

        Raises:
            LookupError: A component or a parameter was asked for; there are none.
            ValueError: The file is no text, or its quotes do not fit.
        """
        if component is not None or parameters:
            raise LookupError(f"csv has no {component or ', '.join(parameters)}")
        try:
            return list(chain.from_iterable(table_of(path).blocks()))
        except Unavailable as error:
            raise ValueError(str(error)) from error

    def write(self, value: object, path: Path) -> None:
        """Writes records in UTF-8, with commas, or with tabs for the endings ``.tsv`` and ``.tab``.

        Raises:
            TypeError: No list of lists of texts.
        """
        rows = _checked(value)
        # A table of uneven records has commas in any case: of all delimiters, a reader tries that first.
        is_even = len({len(row) for row in rows}) == 1
        delimiter = "\t" if is_even and name_of(path).lower().endswith((".tsv", ".tab")) else ","
        with path.open("w", encoding="utf-8", newline="") as file:
            file.writelines(text_from_row(row, delimiter) for row in rows)

    def digest(self, path: Path) -> str:
        """Of the cells, see the rules above.

        Raises:
            Unavailable: No text, or quotes that do not fit.
        """
        table = table_of(path)
        return Hasher().stream(map(encoded, table.blocks())).add(table.doubt).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Columns by the names in the header, records by their position; then how the files are written.

        With a tolerance, cells that both read as numbers are compared as such.
        """
        left, right = table_of(a), table_of(b)
        yield from limited(differences_of_tables(left, right, tolerance))
        yield from differences_of_layout(left, right)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """Size, header and delimiter; the records of a large file are not counted."""
        table = table_of(path)
        rows = chain.from_iterable(table.blocks())
        first = next(rows, [])
        header: JSON = [shown(cell) for cell in first] if is_header(first) else None
        count = {"rows": sum(1 for _ in rows) + bool(first)} if path.stat().st_size <= DESCRIBED else {}
        return {**count, "columns": len(first), "header": header, "delimiter": NAMES[table.delimiter]}

    def preview(self, path: Path) -> Preview:
        """The first records, as columns."""
        rows = list(islice(chain.from_iterable(table_of(path).blocks()), LINES + 1))
        return Preview("text", _aligned(rows).encode("utf-8", "replace") or b"(no records)")


def _checked(value: object) -> list[Sequence[str]]:
    """Records that can be written.

    Raises:
        TypeError: Something else.
    """
    if not isinstance(value, list):
        raise TypeError(f"found {type(value).__name__}, expected a list of lists of texts")
    for number, row in enumerate(value):
        if not isinstance(row, (list, tuple)):
            raise TypeError(f"record {number}: found {type(row).__name__}, expected a list of texts")
        for cell in row:
            if not isinstance(cell, str):
                raise TypeError(f"record {number}: found {type(cell).__name__} {shown(cell)}, expected a text")
    return value


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """The first records with their cells below each other."""
    kept = [[_cut(cell) for cell in row[:COLUMNS]] + ["…"] * (len(row) > COLUMNS) for row in rows[:LINES]]
    widths = [max(map(len, column)) for column in zip_longest(*kept, fillvalue="")]
    lines = ["  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=False)).rstrip() for row in kept]
    return "\n".join(lines + ["…"] * (len(rows) > LINES))


def _cut(cell: str) -> str:
    text = shown(cell)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Csv()]
