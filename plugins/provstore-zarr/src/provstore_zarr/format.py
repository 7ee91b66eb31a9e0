"""The format `zarr`: a hierarchy of arrays in a folder, or in a zip archive, of Zarr 2 or 3.

What counts: which groups and arrays there are; attributes; type, shape, names of dimensions and values of arrays. What
does not: chunks, shards, codecs, filters, byte order, order in memory, the fill value as far as no value depends on it,
consolidated metadata, keys of chunks, the version of Zarr, and files that are no part of the hierarchy.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager

from provstore.plugin import Difference, Format, Preview, Tolerance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Hierarchy

LINES = 30


class Zarr(Format):
    """Zarr stores, as nested mappings of numpy arrays; see `values.read_value`."""

    name = "zarr"
    suffixes = (".zarr", ".zarr.zip")
    python_type = (dict, "numpy.ndarray")

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """The store, or one of its groups or arrays.

        Raises:
            LookupError: There is no such component; parameters there are none.
            Unavailable: It expands to more than the limit for its size, or has a codec that is refused.
        """
        from provstore_zarr.values import read_value

        if parameters:
            raise LookupError(f"zarr has no parameter {next(iter(parameters))!r}")
        with _opened(path) as (files, hierarchy):
            if component is not None and component not in hierarchy.nodes:
                raise LookupError(f"there is no group or array {component!r}")
            return read_value(files, hierarchy, component or "")

    def write(self, value: object, path: Path) -> None:
        """Writes what `read` gives to a new folder, as Zarr 3.

        Raises:
            TypeError: The value is something else.
        """
        if not self.accepts(value):
            raise TypeError(f"found {type(value).__name__}, expected a dict or a numpy array")
        from provstore_zarr.values import write_value

        write_value(value, path)

    def digest(self, path: Path) -> str:
        """Of all groups and arrays; every chunk is decoded once, in bounded memory."""
        from provstore_zarr.digesting import digest_of

        with _opened(path) as (files, hierarchy):
            return digest_of(files, hierarchy)

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Of nodes, attributes, dimensions, values, and storage."""
        from provstore_zarr.comparing import Side, differences

        with _opened(a) as left, _opened(b) as right:
            yield from differences(Side(*left), Side(*right), tolerance)

    def describe(self, path: Path) -> dict[str, Any]:
        """The tree, and attributes; no chunk is read."""
        with _opened(path) as (files, hierarchy):
            return {
                "version": hierarchy.version,
                "arrays": {path or "/": _facts(files, hierarchy, path) for path in _arrays(hierarchy)},
                "groups": [path or "/" for path, node in hierarchy.nodes.items() if not node.is_array],
                "attributes": {path or "/": node.attributes for path, node in hierarchy.nodes.items()},
            }

    def components(self, path: Path) -> Sequence[str]:
        """Paths of all groups and arrays below the root."""
        with _opened(path) as (_, hierarchy):
            return [path for path in hierarchy.nodes if path]

    def preview(self, path: Path) -> Preview:
        """The tree of groups and arrays."""
        with _opened(path) as (files, hierarchy):
            lines = [_line(files, hierarchy, path) for path in hierarchy.nodes][: LINES + 1]
            if len(hierarchy.nodes) > LINES:
                lines[LINES:] = [f"… and {len(hierarchy.nodes) - LINES:,} more"]
            return Preview("text", "".join(f"{line}\n" for line in lines).encode("utf-8", "replace"))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Files, Hierarchy]]:
    from provstore_zarr.files import opened_files
    from provstore_zarr.hierarchy import read_hierarchy

    with opened_files(path) as files, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what other programs than zarr can't read: it can
        yield files, read_hierarchy(files)


def _arrays(hierarchy: Hierarchy) -> list[str]:
    return [path for path, node in hierarchy.nodes.items() if node.is_array]


def _facts(files: Files, hierarchy: Hierarchy, path: str) -> dict[str, Any]:
    from provstore_zarr.blocks import Array
    from provstore_zarr.codecs import codec_names
    from provstore_zarr.hierarchy import chunk_shape

    node = hierarchy.nodes[path]
    array = Array(files, node)
    facts = {
        "type": array.type,
        "shape": list(array.shape),
        "chunks": list(chunk_shape(node.metadata)),
        "codecs": codec_names(node.metadata),
    }
    return {**facts, "dimensions": node.dimensions} if node.dimensions else facts


def _line(files: Files, hierarchy: Hierarchy, path: str) -> str:
    node = hierarchy.nodes[path]
    indent, name = "  " * (path.count("/") + 1 if path else 0), path.rpartition("/")[2] or "/"
    keys = f"  @ {', '.join(node.attributes)}" if node.attributes else ""
    if not node.is_array:
        return f"{indent}{name}{keys}"[:160]
    from provstore_zarr.blocks import Array

    array = Array(files, node)
    names = node.dimensions or [None] * len(array.shape)
    shape = " × ".join(
        f"{name}={length}" if name else f"{length}" for name, length in zip(names, array.shape, strict=True)
    )
    return f"{indent}{name}  {array.type}  {shape or 'scalar'}{keys}"[:160]
