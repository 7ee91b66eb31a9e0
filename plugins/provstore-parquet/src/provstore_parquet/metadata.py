"""What a file says of its table and columns, apart from names and types.

Rules: every key counts, of the table and of each column, with the exceptions of `IGNORED` (what the writer notes for
itself) and `IGNORED_OF_COLUMNS`, and the versions of libraries in what pandas notes (`IGNORED_OF_PANDAS`). The order of
keys does not count.
"""

from __future__ import annotations

import json

from provstore_parquet.column_types import KNOWN_BY_PARQUET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

IGNORED = ("ARROW:schema", "org.apache.spark.version")
"""Keys of the table: Arrow's copy of the schema, which is looked at as the schema; the version of a writer."""
IGNORED_OF_PANDAS = ("creator", "pandas_version")
"""Of what pandas notes under its key: who wrote it. The rest (index, types of columns) counts, unless it is empty."""
IGNORED_OF_COLUMNS = ("_PL_CATEGORICAL", "_PL_CATEGORICAL2")
"""Keys of columns: that polars had the text as a dictionary, which is a container."""


def table_metadata(found: Mapping[bytes, bytes] | None) -> dict[str, Any]:
    """The keys of a table that count, with what pandas notes taken apart."""
    texts = _as_texts(found)
    for key in IGNORED:
        texts.pop(key, None)
    if "pandas" not in texts:
        return texts
    return {**texts, "pandas": _of_pandas(texts["pandas"])}


def _of_pandas(text: str) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(found, dict):
        # pandas and fastparquet note other things that are empty ("attributes", "partition_columns")
        return {key: value for key, value in found.items() if key not in IGNORED_OF_PANDAS and value not in ({}, [])}
    return found


def field_metadata(field: Any) -> dict[str, Any]:
    """Keys of a column and of what is nested in it, as a tree: ``{"keys": {...}, "fields": {"0 name": {...}}}``.

    Only what has keys is in it. An extension type is its name and its parameters, whether pyarrow knows it or not.
    """
    import pyarrow as pa

    keys, kind = _as_texts(field.metadata), field.type
    for key in IGNORED_OF_COLUMNS:
        keys.pop(key, None)
    if isinstance(kind, pa.BaseExtensionType):
        keys["ARROW:extension:name"] = kind.extension_name
        keys["ARROW:extension:metadata"] = _text(_parameters(kind))
        kind = kind.storage_type
    if keys.get("ARROW:extension:name") in KNOWN_BY_PARQUET:
        del keys["ARROW:extension:name"]
        keys.pop("ARROW:extension:metadata", None)
    nested = {f"{i} {_name(kind, i)}": field_metadata(kind.field(i)) for i in range(kind.num_fields)}
    nested = {name: found for name, found in nested.items() if found}
    return {**({"keys": keys} if keys else {}), **({"fields": nested} if nested else {})}


def _name(kind: Any, position: int) -> str:
    """Names count in structs only."""
    import pyarrow as pa

    return str(kind.field(position).name) if pa.types.is_struct(kind) else ""


def _parameters(kind: Any) -> bytes:
    serialize = getattr(kind, "__arrow_ext_serialize__", None)
    if serialize is not None:
        return bytes(serialize())
    return str(kind).encode()  # one of pyarrow's own: its text has all its parameters


def _as_texts(found: Mapping[bytes, bytes] | None) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in (found or {}).items()}


def _text(value: bytes) -> str:
    return value.decode("utf-8", "surrogateescape")
