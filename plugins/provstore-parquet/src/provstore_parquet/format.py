"""The format `parquet`: a table in a Parquet file.

What counts: names, order and types of columns, and whether they allow nulls; the number and order of rows; all values;
metadata of the table and of columns. What does not: row groups, pages, codecs, encodings, dictionaries, statistics,
filters and indexes, checksums, the version of the format, who wrote it. `column_types`, `metadata` and `digesting` have
the rules in detail.
"""

from __future__ import annotations

from provstore.plugin import METADATA, STRUCTURE, Difference, Format, Hasher, Preview, Tolerance, compare_trees, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from provstore_parquet.table import Table


class Parquet(Format):
    """Tables in Parquet files, as `pyarrow.Table`."""

    name = "parquet"
    suffixes = (".parquet", ".pq")
    python_type = "pyarrow.lib.Table"

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """The table, or one column of it as a table.

        Args:
            component: The name of a column.
            parameters: ``columns``: names of those to read, in the order of the file. ``rows``: (start, stop).

        Raises:
            LookupError: There is no such column or parameter.
            Unavailable: The table expands to more than the limit for the file's size.
        """
        from provstore_parquet.reading import read_table

        return read_table(path, component, parameters)

    def write(self, value: object, path: Path) -> None:
        """Writes a `pyarrow.Table`, as pyarrow does by default.

        Raises:
            TypeError: The value is something else.
        """
        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected a pyarrow.Table")
        import os

        import pyarrow.parquet

        pyarrow.parquet.write_table(value, os.fspath(path))

    def digest(self, path: Path) -> str:
        """Of schema, values and metadata; values are read once, some columns at a time, in bounded memory."""
        from provstore_parquet.digesting import ColumnDigest
        from provstore_parquet.table import opened

        with opened(path) as table:
            table.check_declared()
            hasher = Hasher().add("table", table.rows, table.metadata)
            for group in table.groups():
                digests = [ColumnDigest(table.plain_type_of(column)) for column in group]
                for arrays in table.batches(group):
                    for found, array in zip(digests, arrays, strict=True):
                        found.add(array)
                for column, found in zip(group, digests, strict=True):
                    hasher.add(table.names[column], table.type_of(column), table.metadata_of(column), found.digest)
            return hasher.digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Of schema, rows, values of each column, metadata, and storage."""
        from provstore_parquet.comparing_tables import value_differences
        from provstore_parquet.storage import storage_differences
        from provstore_parquet.table import opened

        with opened(a) as left, opened(b) as right:
            left.check_declared()
            right.check_declared()
            found = [*_schema_differences(left, right), *value_differences(left, right, tolerance)]
            found += compare_trees(left.metadata, right.metadata, ("metadata",), kind=METADATA)
            yield from found
            yield from storage_differences(left, right, is_equal=not found)

    def describe(self, path: Path) -> dict[str, Any]:
        """Rows, columns with their types, how they are stored, who wrote it; from the file's end alone."""
        from provstore_parquet.storage import storage_of
        from provstore_parquet.table import opened

        with opened(path) as table:
            storage = storage_of(table)
            return {
                "rows": table.rows,
                "columns": [[name, table.type_of(i)] for i, name in enumerate(table.names)],
                "row groups": table.file.metadata.num_row_groups,
                "codec": storage["codec"],
                "writer": storage["writer"],
                "metadata": sorted(table.metadata),
            }

    def components(self, path: Path) -> Sequence[str]:
        """Names of columns that no other has."""
        from provstore_parquet.table import opened

        with opened(path) as table:
            return [name for name in table.names if table.names.count(name) == 1]

    def preview(self, path: Path) -> Preview:
        """The first rows of the first columns, aligned."""
        from provstore_parquet.preview import preview_text
        from provstore_parquet.table import opened

        with opened(path) as table:
            table.check_declared()
            return Preview("text", preview_text(table).encode("utf-8", "replace"))


def _schema_differences(a: Table, b: Table) -> Iterator[Difference]:
    """Columns that only one has, their order, types and metadata; the number of rows."""
    from provstore_parquet.comparing_tables import keyed_columns

    left, right = keyed_columns(a), keyed_columns(b)
    for key in [*left, *(key for key in right if key not in left)]:
        if key not in right:
            yield Difference(STRUCTURE, key, "missing", a.type_of(left[key]), "")
        elif key not in left:
            yield Difference(STRUCTURE, key, "added", "", b.type_of(right[key]))
        else:
            types = a.type_of(left[key]), b.type_of(right[key])
            if types[0] != types[1]:
                yield Difference(STRUCTURE, key, "type", *types)
            said = a.metadata_of(left[key]), b.metadata_of(right[key])
            yield from compare_trees(*said, (*key, "metadata"), kind=METADATA)
    common = [[key for key in side if key in other] for side, other in ((left, right), (right, left))]
    if common[0] != common[1]:
        orders = [shown(", ".join(key[0] for key in keys)) for keys in common]
        yield Difference(STRUCTURE, (), "order of columns", orders[0], orders[1])
    if a.rows != b.rows:
        yield Difference(STRUCTURE, (), "rows", str(a.rows), str(b.rows))
