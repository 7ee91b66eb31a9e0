"""A Parquet file as a table that is read in bounded memory.

Rules: nothing is read before what the file declares is held against `Expansion`, since a few bytes can stand for
billions of rows; batches are as long as fits into `BATCH` by the widest value that a column can repeat.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager

from provstore.plugin import Expansion, Unavailable
from provstore_parquet.column_types import is_list, is_text, plain_type, type_text
from provstore_parquet.metadata import field_metadata, table_metadata

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

BATCH = 1 << 23
"""Bytes that a batch of one column should have in memory."""
LARGEST_ROW = 1 << 28
"""Bytes of a column in one row beyond which its texts are not written out before they are counted."""
MOST_ROWS = 1 << 20
"""Rows of a batch, at most."""
TOGETHER = 8
"""Columns that are decoded at the same time: as many as keep a machine busy, few enough for tables of thousands."""
BUFFER = 1 << 20
"""Bytes of a column that are read from the disk in one go."""
WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 8}
"""Bytes of a value in memory, by its physical type."""


class Table:
    """An open file.

    Attributes:
        file: The `pyarrow.parquet.ParquetFile`.
        schema: Of Arrow.
        rows: Their number.
        names: Of the columns; several may have one name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.file = _parquet_file(path)
        self.schema = self.file.schema_arrow
        self.rows: int = self.file.metadata.num_rows
        self.names: list[str] = list(self.schema.names)
        self._leaves = _leaves_of(self.file.schema, self.schema)
        # pyarrow chooses columns by name, and "a" is to it also what is in front of the dot of "a.b"
        self._has_plain_names = len(set(self.names)) == len(self.names) and not any("." in name for name in self.names)

    def type_of(self, column: int) -> str:
        """The spelling of a column's type, with what only Parquet tells of it ("text [JSON, …]")."""
        found = type_text(self.schema.field(column))
        marks = [self._logical(leaf) for leaf in self._leaves[column]]
        return f"{found} [{', '.join(marks)}]" if any(marks) else found

    def _logical(self, leaf: int) -> str:
        """What a text is more than text (pyarrow's version decides whether Arrow's type tells); "UTC" of a time."""
        logical = self.file.schema.column(leaf).logical_type
        name = str(logical.type)
        if name == "TIME":
            return "UTC" if json.loads(logical.to_json()).get("isAdjustedToUTC") else ""
        return name if name in ("JSON", "BSON", "UUID", "ENUM", "GEOMETRY", "GEOGRAPHY", "VARIANT", "INTERVAL") else ""

    @property
    def metadata(self) -> dict[str, Any]:
        """The keys of the table that count."""
        return table_metadata(self.file.metadata.metadata)

    def metadata_of(self, column: int) -> dict[str, Any]:
        """The keys of a column that count."""
        return field_metadata(self.schema.field(column))

    def plain_type_of(self, column: int) -> Any:
        """The type of the arrays that `batches` gives."""
        return plain_type(self.schema.field(column).type)

    # --- values ---------------------------------------------------------------------------------------

    def check_declared(self) -> None:
        """Holds what the file says of its size against the limits.

        Raises:
            Unavailable: It expands to more than the limit for its size.
        """
        expansion = self._expansion()
        metadata = self.file.metadata
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            for leaf in range(row_group.num_columns):
                chunk = row_group.column(leaf)
                expansion.add(max(chunk.num_values * self._width(leaf), chunk.total_uncompressed_size, 0))

    def batches(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        """The values of some columns, as arrays of their plain types; all of one batch have one length.

        Raises:
            Unavailable: They are more than the limit for the file's size.
        """
        expansion, kinds = self._expansion(), [self.plain_type_of(column) for column in columns]
        for batch in self._read(columns):
            for array in batch:
                expansion.add(decoded_size(array))
            yield [array.cast(kind) for array, kind in zip(batch, kinds, strict=True)]

    def read(self, columns: Sequence[int]) -> Any:
        """Some columns as they are, as a table of Arrow.

        Raises:
            Unavailable: They are more than the limit for the file's size.
        """
        import pyarrow as pa

        expansion, schema = self._expansion(), pa.schema([self.schema.field(column) for column in columns])
        batches = []
        for arrays in self._read(columns) if columns else ():
            for array in arrays:
                expansion.add(decoded_size(array))
            typed = [array.cast(kind) for array, kind in zip(arrays, schema.types, strict=True)]
            batches.append(pa.RecordBatch.from_arrays(typed, schema=schema))
        return pa.Table.from_batches(batches, schema).replace_schema_metadata(self.schema.metadata)

    def groups(self) -> list[list[int]]:
        """All columns, those together that are to be read together."""
        count = len(self.names)
        together = TOGETHER if self._has_plain_names else max(1, count)
        return [list(range(start, min(start + together, count))) for start in range(0, count, together)]

    def _read(self, columns: Sequence[int]) -> Iterator[list[Any]]:
        """The columns as they are in the file."""
        chosen = [self.names[column] for column in columns] if self._has_plain_names else None
        leaves = [leaf for column in columns for leaf in self._leaves[column]]
        sizes = [self._size_in_row(leaf) for leaf in leaves]
        length = max(1, min(MOST_ROWS, BATCH // max([usual for usual, _ in sizes], default=1)))
        file = self._without_texts([leaf for leaf, (_, most) in zip(leaves, sizes, strict=True) if most > LARGEST_ROW])
        for group in range(file.num_row_groups):  # one by one: no batch has two dictionaries, which pyarrow can't nest
            for batch in file.iter_batches(batch_size=length, row_groups=[group], columns=chosen):
                yield [batch.column(self.names[column] if chosen else column) for column in columns]

    def _size_in_row(self, leaf: int) -> tuple[int, int]:
        """Bytes that a leaf may have in a usual row, and the most that texts of a list may have in one row.

        By the widest value of a row group's dictionary, which a few bytes can put into every place.
        """
        metadata, usual, most = self.file.metadata, 1, 0
        is_repeated = self.file.schema.column(leaf).max_repetition_level > 0
        for group in range(metadata.num_row_groups):
            row_group = metadata.row_group(group)
            chunk, width = row_group.column(leaf), self._width(leaf)
            if chunk.physical_type == "BYTE_ARRAY":
                longest = self._longest(group, leaf)
                width = max(chunk.total_uncompressed_size // max(1, chunk.num_values), longest)
                most = max(most, longest * chunk.num_values if is_repeated else 0)
            usual = max(usual, -(-chunk.num_values // max(1, row_group.num_rows)) * width)
        return usual, most

    def _longest(self, group: int, leaf: int) -> int:
        """Bytes of the longest text in the dictionary of a row group, 0 without one: it may stand in every row."""
        import pyarrow.compute

        chunk = self.file.metadata.row_group(group).column(leaf)
        if not chunk.has_dictionary_page or chunk.total_uncompressed_size * chunk.num_values < BATCH:
            return 0
        file = self._without_texts([leaf])
        for batch in file.iter_batches(batch_size=1, row_groups=[group], columns=[chunk.path_in_schema]):
            found = [
                pyarrow.compute.max(pyarrow.compute.binary_length(part.dictionary)) for part in _dictionaries(batch)
            ]
            return max([length.as_py() or 0 for length in found], default=0)
        return 0

    def _without_texts(self, leaves: Sequence[int]) -> Any:
        """The file, of which some leaves are read as dictionaries and not written out."""
        if not leaves:
            return self.file
        names = [self.file.schema.column(leaf).path for leaf in leaves]
        return _parquet_file(self._path, read_dictionary=names, metadata=self.file.metadata)

    def _width(self, leaf: int) -> int:
        column = self.file.schema.column(leaf)
        return WIDTHS.get(column.physical_type) or max(1, column.length)

    def _expansion(self) -> Expansion:
        return Expansion(os.path.getsize(self._path), "the table")


@contextmanager
def opened(path: Path) -> Iterator[Table]:
    """A file as a table.

    Raises:
        Unavailable: It is encrypted.
        pyarrow.ArrowException: It is no Parquet file, or is damaged.
    """
    table = Table(path)
    try:
        yield table
    finally:
        table.file.close()


def _parquet_file(path: Path, **options: Any) -> Any:
    import pyarrow.parquet

    if not os.path.isfile(path):
        raise Unavailable("it is no file")
    return pyarrow.parquet.ParquetFile(os.fspath(path), pre_buffer=False, buffer_size=BUFFER, **options)


def _leaves_of(schema: Any, arrow: Any) -> list[list[int]]:
    """For each column the positions of its leaves, in the order in which Parquet counts them."""
    found, start = [], 0
    for field in arrow:
        count = _count_leaves(field.type)
        found.append(list(range(start, start + count)))
        start += count
    if start != len(schema):
        raise Unavailable("the schemas of Arrow and of Parquet in the file do not agree")
    return found


def _count_leaves(kind: Any) -> int:
    plain = plain_type(kind)
    if not plain.num_fields:
        return 1
    return sum(_count_leaves(plain.field(i).type) for i in range(plain.num_fields))


def _dictionaries(batch: Any) -> list[Any]:
    """The dictionary arrays of texts in a batch and in what is nested in it."""
    import pyarrow as pa

    parts = [part for array in batch.columns for part in _parts(array)]
    return [part for part in parts if pa.types.is_dictionary(part.type) and is_text(part.type.value_type)]


def decoded_size(array: Any) -> int:
    """Bytes that an array has once its dictionaries are written out; they are not for this."""
    import pyarrow as pa
    import pyarrow.compute

    size = int(array.nbytes)
    for part in _parts(array):
        if pa.types.is_dictionary(part.type) and is_text(part.type.value_type) and len(part):
            lengths = pyarrow.compute.binary_length(part.dictionary).cast("int64")
            size += pyarrow.compute.sum(lengths.take(part.indices)).as_py() or 0
    return size


def _parts(array: Any) -> Iterator[Any]:
    """An array and all that are nested in it, as far as the array reaches."""
    import pyarrow as pa

    yield array
    if isinstance(array, pa.ExtensionArray):
        yield from _parts(array.storage)
    elif pa.types.is_struct(array.type):
        for part in array.flatten():
            yield from _parts(part)
    elif pa.types.is_map(array.type):
        yield from _parts(array.keys)
        yield from _parts(array.items)
    elif is_list(array.type):
        yield from _parts(array.flatten())
