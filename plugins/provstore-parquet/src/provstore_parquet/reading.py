"""Reading a table, or some of its columns and rows, for a program."""

from __future__ import annotations

from provstore_parquet.table import opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any


def read_table(path: Path, component: str | None, parameters: Mapping[str, object]) -> Any:
    """A `pyarrow.Table`, see `Parquet.read`."""
    for name in parameters:
        if name not in ("columns", "rows"):
            raise LookupError(f"found the parameter {name!r}, expected 'columns' or 'rows'")
    names = _names(component, parameters.get("columns"))
    with opened(path) as table:
        missing = [name for name in names or () if name not in table.names]
        if missing:
            raise LookupError(f"there is no column {missing[0]!r}")
        table.check_declared()
        found = table.read([i for i, name in enumerate(table.names) if names is None or name in names])
        rows = _rows(parameters.get("rows"), found.num_rows)
        return found if rows is None else found.slice(rows[0], max(0, rows[1] - rows[0]))


def _names(component: str | None, columns: object) -> list[str] | None:
    if component is not None:
        return [component]
    if columns is None:
        return None
    if isinstance(columns, str) or not isinstance(columns, (list, tuple)):
        raise LookupError(f"found columns={columns!r}, expected a list of names")
    return [str(name) for name in columns]


def _rows(rows: object, count: int) -> tuple[int, int] | None:
    if rows is None:
        return None
    if not (isinstance(rows, (list, tuple)) and len(rows) == 2 and all(type(row) is int and row >= 0 for row in rows)):
        raise LookupError(f"found rows={rows!r}, expected (start, stop)")
    return rows[0], min(rows[1], count)
