"""Opening HDF5 files: for reading only, without locks, and without looking at any other file."""

from __future__ import annotations

from contextlib import contextmanager

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

CACHE = 1 << 25
"""Bytes of unpacked chunks that HDF5 keeps of a dataset, where it is read in parts smaller than a chunk."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """An open `h5py.h5f.FileID`.

    A file that its writer never closed (SWMR) is read as it is on disk.

    Raises:
        Unavailable: It is no HDF5 file, or not a whole one.
    """
    import h5py

    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        try:
            file = h5py.File(path, "r", swmr=True, locking=False)
        except OSError:
            raise Unavailable(f"no HDF5 file: {error}") from error
    try:
        yield file.id
    finally:
        file.close()


def has_filters(dataset: Any) -> None:
    """Makes sure that the filters which packed a dataset are there, with those of `hdf5plugin` where it is installed.

    Raises:
        Unavailable: One is not; the text names it.
    """
    from h5py import h5z

    properties = dataset.get_create_plist()
    for number in range(properties.get_nfilters()):
        code, _flags, _values, name = properties.get_filter(number)
        if not h5z.filter_avail(code) and not _from_plugins(code):
            text = name.decode("utf-8", "backslashreplace") or "without a name"
            raise Unavailable(f"the filter {code} ({text}) is not installed; the package hdf5plugin has many")


def _from_plugins(code: int) -> bool:
    """The filter is there once the package that has many of them is imported."""
    from importlib import import_module

    from h5py import h5z

    try:
        import_module("hdf5plugin")
    except ImportError:
        return False
    return bool(h5z.filter_avail(code))


def with_cache(dataset: Any, size: int) -> Any:
    """The same dataset, with room for `size` bytes of unpacked chunks, so that each is unpacked only once."""
    from h5py import h5d, h5p

    access = h5p.create(h5p.DATASET_ACCESS)
    access.set_chunk_cache(10_007, size, 0.75)  # a prime number of places
    return h5d.open(dataset, b".", access)
