"""The format `parquet` of provstore: tables in Parquet files, by pyarrow."""

from __future__ import annotations

from provstore.plugin import Format, hookimpl
from provstore_parquet.format import Parquet

__all__ = ["Parquet", "provstore_formats"]


@hookimpl
def provstore_formats() -> list[Format]:
    """The format of this package."""
    return [Parquet()]
