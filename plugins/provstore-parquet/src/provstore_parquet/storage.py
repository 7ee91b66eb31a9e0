"""How a table is stored, and how two files differ in that: what never counts."""

from __future__ import annotations

from provstore.plugin import STORAGE, Difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore_parquet.table import Table

MANY = 1000
"""Row groups that are looked at."""


def storage_of(table: Table) -> dict[str, str]:
    """How the table is stored: a word or two for each aspect, and a text that is equal where it is."""
    metadata = table.file.metadata
    groups = [metadata.row_group(i) for i in range(min(MANY, metadata.num_row_groups))]
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    schema = table.schema
    return {
        "row groups": " ".join(str(group.num_rows) for group in groups),
        "codec": _all(chunk.compression for chunk in chunks),
        "encoding": _all("+".join(sorted(set(chunk.encodings))) for chunk in chunks),
        "statistics": _all("yes" if chunk.is_stats_set else "no" for chunk in chunks),
        "page index": _all("yes" if chunk.has_column_index or chunk.has_offset_index else "no" for chunk in chunks),
        "bloom filters": _all("yes" if getattr(chunk, "bloom_filter_offset", None) else "no" for chunk in chunks),
        "physical types": _all(chunk.physical_type for chunk in chunks),
        "containers": " ".join(str(field.type) for field in schema),
        "format version": metadata.format_version,
        "writer": metadata.created_by or "",
        "writer's metadata": _ignored_metadata(table),
        "size": str(sum(chunk.total_uncompressed_size for chunk in chunks)),
    }


def _all(found: Any) -> str:
    """Values of all chunks in order, those that repeat once."""
    return ", ".join(dict.fromkeys(found))


def _ignored_metadata(table: Table) -> str:
    """The keys that don't count (but for the copy of the schema, whose order and text is the writer's)."""
    raw = table.file.metadata.metadata or {}
    kept = sorted((key, value) for key, value in raw.items() if key != b"ARROW:schema")
    return f"{b'ARROW:schema' in raw} {kept}"


def storage_differences(a: Table, b: Table, is_equal: bool) -> Iterator[Difference]:
    """One for each aspect in which they differ.

    Args:
        is_equal: The tables are equal as data; the keys that count, and the size, say something only then.
    """
    left, right = storage_of(a), storage_of(b)
    for what in left:
        if left[what] == right[what] or (what in ("size", "writer's metadata") and not is_equal):
            continue
        texts = ("", "") if what == "writer's metadata" else (_short(left[what]), _short(right[what]))
        yield Difference(STORAGE, (), what, *texts)


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"
