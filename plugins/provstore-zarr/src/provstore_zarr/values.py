"""Stores as Python values: nested mappings of arrays, and back."""

from __future__ import annotations

import os

from provstore_zarr.blocks import Array
from provstore_zarr.hierarchy import DIMENSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Hierarchy, Node


def read_value(files: Files, hierarchy: Hierarchy, path: str) -> Any:
    """A group or an array with all that is in it.

    A group is a mapping: arrays and groups by name, its attributes under "@", those of its array "flux" under "flux@",
    names of dimensions among them as ``_ARRAY_DIMENSIONS``. An array is a numpy array; if it is the root of the store,
    a mapping with "" for the array, and "@" if it has attributes.
    """
    node = hierarchy.nodes[path]
    if node.is_array:
        value = _array(files, node)
        attributes = _attributes(node)
        return {"": value, "@": attributes} if attributes and not path else value
    found: dict[str, Any] = {}
    if node.attributes:
        found["@"] = node.attributes
    prefix = f"{path}/" if path else ""
    for inner, child in hierarchy.nodes.items():
        name = inner.removeprefix(prefix)
        if not inner or not inner.startswith(prefix) or "/" in name:
            continue
        found[name] = read_value(files, hierarchy, inner)
        if child.is_array and _attributes(child):
            found[f"{name}@"] = _attributes(child)
    return found


def _array(files: Files, node: Node) -> Any:
    array = Array(files, node)
    array.check_size()
    return array.whole()


def _attributes(node: Node) -> dict[str, Any]:
    names = {DIMENSIONS: node.dimensions} if node.dimensions else {}
    return {**node.attributes, **names}


def write_value(value: Any, path: Path) -> None:
    """Writes what `read_value` gives, as Zarr 3.

    Raises:
        TypeError: There is something else in it.
    """
    from zarr.storage import LocalStore

    store = LocalStore(os.fspath(path))
    if not isinstance(value, dict):
        _write_array(store, "", value, {})
    elif "" in value:
        _write_array(store, "", value[""], value.get("@", {}))
    else:
        _write_group(store, "", value)


def _write_group(store: Any, path: str, value: Mapping[str, Any]) -> None:
    import zarr

    zarr.create_group(store, path=path or None, attributes=dict(value.get("@", {})), zarr_format=3)
    for name, child in value.items():
        if not isinstance(name, str) or "/" in name:
            raise TypeError(f"found the name {name!r}, expected text without '/'")
        if name == "@" or (name.endswith("@") and name[:-1] in value):
            continue
        inner = f"{path}/{name}" if path else name
        if isinstance(child, dict):
            _write_group(store, inner, child)
        else:
            _write_array(store, inner, child, value.get(f"{name}@", {}))


def _write_array(store: Any, path: str, value: Any, attributes: Mapping[str, Any]) -> None:
    import numpy
    import zarr

    if not hasattr(value, "dtype"):
        raise TypeError(f"found {type(value).__name__} at {path!r}, expected a mapping or a numpy array")
    attributes = dict(attributes)
    names = attributes.pop(DIMENSIONS, None)
    values = numpy.asarray(value)
    if values.dtype.kind == "O":
        values = values.astype(numpy.dtypes.StringDType()) if hasattr(numpy.dtypes, "StringDType") else values
    array = zarr.create_array(
        store, name=path or None, shape=values.shape, dtype=values.dtype,
        attributes=attributes, dimension_names=names, zarr_format=3,
    )  # fmt: skip
    array[...] = values
