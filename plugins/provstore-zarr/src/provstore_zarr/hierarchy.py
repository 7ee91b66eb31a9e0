"""Groups and arrays of a store, by their metadata; no chunk is read.

Rules: what counts is which groups and arrays there are, their attributes, and of arrays type, shape and names of
dimensions. The metadata of each group and array are read where they belong: a consolidated copy is never looked at.
Names of dimensions are one thing, be they those of Zarr 3 or, in Zarr 2, the attribute ``_ARRAY_DIMENSIONS``. A node
counts if all above it are groups of the same Zarr version. Some readers open one that has no such group above it, so
that a store with one is refused; below an array there are no nodes. What else lies in the store belongs to nobody
("other files").
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from provstore.plugin import Unavailable
from provstore_zarr.codecs import check_codecs
from provstore_zarr.files import LARGEST_METADATA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from provstore_zarr.files import Files

DIMENSIONS = "_ARRAY_DIMENSIONS"
"""The attribute by which xarray names dimensions in Zarr 2."""
METADATA = ("zarr.json", ".zarray", ".zgroup", ".zattrs", ".zmetadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A group or an array.

    Attributes:
        path: Within the store, "" for its root.
        version: Of Zarr, 2 or 3.
        metadata: As they stand in the file, without attributes.
        attributes: Without names of dimensions.
        dimensions: Their names; None where there are none.
        chunks: Keys of the files with its chunks; empty for a group.
    """

    path: str
    version: int
    is_array: bool
    metadata: dict[str, Any]
    attributes: dict[str, Any]
    dimensions: list[str | None] | None = None
    chunks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """All groups and arrays of a store.

    Attributes:
        nodes: By path, those above before those below.
        others: Keys of files that belong to none of them.
        consolidated: A copy of all metadata is kept as well.
    """

    nodes: dict[str, Node]
    others: tuple[str, ...] = ()
    consolidated: bool = False
    version: int = field(default=3)


def read_hierarchy(files: Files) -> Hierarchy:
    """All nodes of a store.

    Raises:
        Unavailable: There is none at its root, one is not reached from there, metadata can't be read, or a codec is
            refused.
    """
    versions = [version for version, names in ((3, ["zarr.json"]), (2, [".zarray", ".zgroup"])) if _any(files, names)]
    if not versions:
        raise Unavailable("there is neither zarr.json nor .zgroup nor .zarray in it")
    version = versions[0]
    nodes: dict[str, Node] = {}
    used: set[str] = set()
    by_folder = _by_folder(files)
    for folder in sorted(by_folder, key=lambda path: path.split("/") if path else []):
        above = folder.rpartition("/")[0]
        if folder and (above not in nodes or nodes[above].is_array):
            continue
        node = _node(files, folder, version, by_folder)
        if node is not None:
            nodes[folder] = node
            names = {2: METADATA[1:4], 3: METADATA[:1]}[version]
            used.update(f"{folder}/{name}".lstrip("/") for name in names)
            used.update(node.chunks)
    _check_reached(by_folder, nodes)
    others = tuple(key for key in files.sizes if key not in used and key != ".zmetadata")
    consolidated = ".zmetadata" in files.sizes or "consolidated_metadata" in nodes[""].metadata
    return Hierarchy(nodes, others, consolidated, version)


def _check_reached(folders: Iterable[str], nodes: dict[str, Node]) -> None:
    """Each folder with metadata is a node, or lies within an array."""
    for folder in folders:
        nearest = folder
        while nearest and nearest not in nodes:
            nearest = nearest.rpartition("/")[0]
        if nearest != folder and not nodes[nearest].is_array:
            raise Unavailable(f"there is a group or an array in {folder!r}, with no group of the same Zarr above it")


def _any(files: Files, names: list[str]) -> bool:
    return any(name in files.sizes for name in names)


def _by_folder(files: Files) -> dict[str, list[str]]:
    """Keys by each folder that has metadata, which is a node perhaps."""
    folders: dict[str, list[str]] = {}
    for key in files.sizes:
        folder, _, name = key.rpartition("/")
        if name in ("zarr.json", ".zarray", ".zgroup"):
            folders.setdefault(folder, [])
    for key in files.sizes:
        folder = key.rpartition("/")[0]
        while folder and folder not in folders:
            folder = folder.rpartition("/")[0]
        if folder in folders:
            folders[folder].append(key)
    return folders


def _node(files: Files, folder: str, version: int, by_folder: dict[str, list[str]]) -> Node | None:
    prefix = f"{folder}/" if folder else ""
    if version == 3:
        found = _json(files, f"{prefix}zarr.json")
        if found is None:
            return None
        attributes = found.pop("attributes", None) or {}
        is_array = _node_type(found, prefix) == "array"
    else:
        array, group = _json(files, f"{prefix}.zarray"), _json(files, f"{prefix}.zgroup")
        if array is None and group is None:
            return None
        if array is not None and group is not None:
            raise Unavailable(f"{folder or 'the root'!r} is a group and an array")
        found, is_array = array or group or {}, array is not None
        attributes = _json(files, f"{prefix}.zattrs") or {}
    if found.get("zarr_format") != version or not isinstance(attributes, dict):
        raise Unavailable(f"the metadata of {folder or 'the root'!r} are not those of Zarr {version}")
    if not is_array:
        return Node(path=folder, version=version, is_array=False, metadata=found, attributes=attributes)
    return _array_node(folder, found, attributes, by_folder[folder])


def _node_type(metadata: dict[str, Any], prefix: str) -> str:
    kind = metadata.get("node_type")
    if kind not in ("array", "group"):
        raise Unavailable(f"{prefix}zarr.json has the node type {kind!r}, expected 'array' or 'group'")
    return str(kind)


def _array_node(folder: str, metadata: dict[str, Any], attributes: dict[str, Any], keys: list[str]) -> Node:
    shape = metadata.get("shape")
    if not isinstance(shape, list) or not all(type(length) is int and length >= 0 for length in shape):
        raise Unavailable(f"the array {folder!r} has the shape {shape!r}")
    if metadata.get("storage_transformers"):
        raise Unavailable(f"the array {folder!r} has storage transformers, which are not supported")
    check_codecs(metadata)
    version = int(metadata["zarr_format"])
    dimensions = metadata.get("dimension_names")
    named = attributes.get(DIMENSIONS)
    if version == 2 and isinstance(named, list) and len(named) == len(shape):
        dimensions = named
        attributes = {key: value for key, value in attributes.items() if key != DIMENSIONS}
    if not any(dimensions or ()):
        dimensions = None
    chunks = _chunk_keys(folder, metadata, keys)
    return Node(
        path=folder, version=version, is_array=True, metadata=metadata,
        attributes=attributes, dimensions=dimensions, chunks=chunks,
    )  # fmt: skip


# --- chunks -----------------------------------------------------------------------------------------------


def chunk_shape(metadata: dict[str, Any]) -> tuple[int, ...]:
    """Shape of what is in one file: a chunk, or a shard.

    Raises:
        Unavailable: It is no shape, or the grid is not regular.
    """
    found = metadata.get("chunks")
    if metadata["zarr_format"] == 3:
        grid = metadata.get("chunk_grid") or {}
        if grid.get("name") != "regular":
            raise Unavailable(f"the chunk grid {grid.get('name')!r} is not supported")
        found = (grid.get("configuration") or {}).get("chunk_shape")
    if not isinstance(found, list) or len(found) != len(metadata["shape"]):
        raise Unavailable(f"found chunks of the shape {found!r} in an array of the shape {metadata['shape']}")
    if not all(type(length) is int and length > 0 for length in found):
        raise Unavailable(f"found chunks of the shape {found!r}")
    return tuple(found)


def _chunk_keys(folder: str, metadata: dict[str, Any], keys: list[str]) -> tuple[str, ...]:
    """The keys that are of chunks within the array's shape.

    Raises:
        Unavailable: A folder lies where a chunk would be: zarr would take the chunk for one that was never written.
    """
    shape, chunks = metadata["shape"], chunk_shape(metadata)
    counts = [-(-length // chunk) for length, chunk in zip(shape, chunks, strict=True)]
    start, separator = _key_encoding(metadata)
    prefix = f"{folder}/" if folder else ""
    found = []
    for key in keys:
        name = key[len(prefix) :]
        if _is_chunk(name, start, separator, counts):
            found.append(key)
        elif "/" in name and any(_is_chunk(part, start, separator, counts) for part in _folders_of(name)):
            raise Unavailable(f"there is a folder in the place of a chunk, with {key!r}")
    return tuple(found)


def _folders_of(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _is_chunk(name: str, start: str, separator: str, counts: list[int]) -> bool:
    if not counts:
        return name == (start or "0")
    if not name.startswith(start + separator if start else ""):
        return False
    parts = name[len(start + separator) if start else 0 :].split(separator)
    if len(parts) != len(counts) or not all(re.fullmatch("0|[1-9][0-9]{0,17}", part) for part in parts):
        return False
    return all(int(part) < count for part, count in zip(parts, counts, strict=True))


def _key_encoding(metadata: dict[str, Any]) -> tuple[str, str]:
    """What stands in front of the numbers of a chunk, and between them."""
    if metadata["zarr_format"] == 2:
        return "", str(metadata.get("dimension_separator") or ".")
    encoding = metadata.get("chunk_key_encoding") or {}
    settings = encoding.get("configuration") or {}
    if encoding.get("name") == "default":
        return "c", str(settings.get("separator") or "/")
    if encoding.get("name") == "v2":
        return "", str(settings.get("separator") or ".")
    raise Unavailable(f"the encoding {encoding.get('name')!r} of chunk keys is not supported")


# --- JSON -------------------------------------------------------------------------------------------------


def _json(files: Files, key: str) -> dict[str, Any] | None:
    if key not in files.sizes:
        return None
    if files.sizes[key] > LARGEST_METADATA:
        raise Unavailable(f"{key} has {files.sizes[key]:,} bytes, the limit is {LARGEST_METADATA:,}")
    try:
        found = json.loads(files.read(key), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"{key} can't be read: {error}") from error
    if not isinstance(found, dict):
        raise Unavailable(f"{key} is not a JSON object")
    return found


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found
