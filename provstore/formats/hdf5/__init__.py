"""The format `hdf5`: files of the Hierarchical Data Format 5, as h5py, PyTables, pandas and netCDF4 write them.

What counts: links (names, kinds, and to which object a hard link leads), types, shapes, values, attributes, comments;
of references the path that they point to; of external and soft links, virtual datasets and external files what they
name, for they are never followed. 0.0 and -0.0 differ, NaNs are one.

What does not count: order of objects and attributes, times, chunks, filters, checksums, fill values (where nothing
shows them), the largest shape, byte order, padding of records and strings, versions of file format and library, the
user block, how space is allocated. What was never written is equal to its fill value.

By module: `files` opens, `links` walks, `types` and `kinds` say what values are, `values` reads them in order,
`content` is what an object says, `digest` digests and `compare` compares that, `storage` is what does not count,
`nested` reads and writes dictionaries, `outline` describes.
"""

from __future__ import annotations

import os

from provstore.plugin import Format, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from provstore.model.values import JSON
    from provstore.plugin import Difference, Preview, Tolerance


class Hdf5(Format):
    """HDF5 files, as nested dictionaries (see `nested`).

    The endings ``.hdf`` and ``.nc`` are not claimed: many such files are HDF4 and classic netCDF.
    """

    name = "hdf5"
    suffixes = (".h5", ".hdf5", ".he5", ".nc4")
    python_type = dict

    def read(self, path: Path, component: str | None = None, **parameters: object) -> Any:
        """A dictionary; of a component, an array or a dictionary.

        Args:
            component: Names of links with ``/`` between them; with ``@`` at the end, the attributes.

        Raises:
            LookupError: There is no such component, or a parameter was given; there are none.
            ValueError: Values lie in other files.
        """
        from provstore.formats.hdf5.files import opened
        from provstore.formats.hdf5.nested import ATTRIBUTES, Reader, encoded

        if parameters:
            raise LookupError(f"hdf5 has no parameter {', '.join(parameters)}")
        with opened(path) as file:
            reader = Reader(file, _limit(path))
            if component is None:
                return reader.read()
            names = [encoded(name) for name in component.removesuffix(ATTRIBUTES).split("/") if name]
            number = reader.find(names)
            return reader.attributes(number) if component.endswith(ATTRIBUTES) else reader.read(number)

    def write(self, value: object, path: Path) -> None:
        """Writes a nested dictionary: what `read` returns.

        Raises:
            TypeError: It is none, or holds a value that no dataset can.
            ValueError: A key is no name of a link.
        """
        if not isinstance(value, dict):
            raise TypeError(f"found {type(value).__name__}, expected dict")
        import h5py

        from provstore.formats.hdf5.nested import write_nested

        with h5py.File(path, "w") as file:
            write_nested(file, value)

    def digest(self, path: Path) -> str:
        """See the rules of this package."""
        from provstore.formats.hdf5.digest import digest_file

        return digest_file(path)

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """Object by object, from the root outwards."""
        from provstore.formats.hdf5.compare import compare_files

        return compare_files(a, b, tolerance)

    def components(self, path: Path) -> Sequence[str]:
        """The paths of datasets, groups and types, without the leading ``/``."""
        from provstore.formats.hdf5.files import opened
        from provstore.formats.hdf5.nested import paths_of

        with opened(path) as file:
            return paths_of(file, _limit(path))

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """What is in the file; no values of datasets."""
        from provstore.formats.hdf5.files import opened
        from provstore.formats.hdf5.outline import describe_file

        with opened(path) as file:
            return describe_file(file, _limit(path))

    def preview(self, path: Path) -> Preview:
        """The first objects, one on each line."""
        from provstore.formats.hdf5.files import opened
        from provstore.formats.hdf5.outline import preview_file

        with opened(path) as file:
            return preview_file(file, _limit(path))


def _limit(path: Path) -> Any:
    from provstore.plugin import Expansion

    return Expansion(os.stat(path).st_size, "the file")


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Hdf5()]
