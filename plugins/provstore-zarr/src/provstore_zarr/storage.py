"""How a store keeps its arrays: what never counts."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Hierarchy, Node


def storage_of(files: Files, hierarchy: Hierarchy) -> dict[str, str]:
    """How the store as a whole is kept: a word or two for each aspect, and a text that is equal where it is."""
    return {
        "container": type(files).__name__.lower(),
        "format version": str(hierarchy.version),
        "consolidated metadata": "yes" if hierarchy.consolidated else "no",
        "other files": ", ".join(hierarchy.others),
    }


def storage_of_array(node: Node) -> dict[str, str]:
    """How an array is kept."""
    metadata = node.metadata
    is_old = node.version == 2
    codecs = metadata.get("codecs") or [*(metadata.get("filters") or ()), metadata.get("compressor")]
    grid = metadata.get("chunks") if is_old else metadata["chunk_grid"]["configuration"]["chunk_shape"]
    return {
        "chunking": json.dumps(grid) + "".join(_inner_chunks(codecs)),
        "compression": json.dumps(codecs, sort_keys=True),
        "order": str(metadata.get("order", "C")),
        "fill value": json.dumps(metadata.get("fill_value"), sort_keys=True),
        "chunk keys": json.dumps(metadata.get("chunk_key_encoding", metadata.get("dimension_separator", "."))),
        "written chunks": str(len(node.chunks)),
        "type in the file": json.dumps(metadata.get("dtype", metadata.get("data_type")), sort_keys=True),
    }


def _inner_chunks(codecs: list[Any]) -> list[str]:
    """The chunks within shards."""
    settings = [codec.get("configuration") or {} for codec in codecs if isinstance(codec, dict)]
    return [f" of {json.dumps(found['chunk_shape'])}" for found in settings if "chunk_shape" in found]
