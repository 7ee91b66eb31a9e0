"""The first rows of a table as text."""

from __future__ import annotations

from provstore.plugin import shown
from provstore_parquet.arrays import value_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore_parquet.table import Table

ROWS, COLUMNS, WIDTH = 20, 12, 24


def preview_text(table: Table) -> str:
    """Names, types and the first rows, in columns."""
    count = len(table.names)
    columns = [_column(table, i) for i in range(min(COLUMNS, count))]
    lines = [f"{table.rows:,} rows × {count:,} columns", ""]
    widths = [max(map(len, column), default=0) for column in columns]
    for cells in zip(*columns, strict=True):
        padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
        lines.append("  ".join(padded).rstrip())
    if table.rows > ROWS:
        lines.append("…")
    if count > COLUMNS:
        lines.append(f"… and {count - COLUMNS:,} more columns")
    return "\n".join(lines) + "\n"


def _column(table: Table, column: int) -> list[str]:
    """Name, type and first values of a column, each at most `WIDTH` characters."""
    group = next(group for group in table.groups() if column in group)
    cells = [table.names[column], table.type_of(column)]
    for found in table.batches(group):
        array = found[group.index(column)].slice(0, ROWS - len(cells) + 2)
        cells += [value_text(value) for value in array]
        if len(cells) >= ROWS + 2:
            break
    return [_cut(cell) for cell in cells]


def _cut(text: str) -> str:
    text = shown(text)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
