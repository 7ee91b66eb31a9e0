"""The format `zarr` of provstore: hierarchies of arrays in Zarr stores, by zarr."""

from __future__ import annotations

from provstore.plugin import Format, hookimpl
from provstore_zarr.format import Zarr

__all__ = ["Zarr", "provstore_formats"]


@hookimpl
def provstore_formats() -> list[Format]:
    """The format of this package."""
    return [Zarr()]
