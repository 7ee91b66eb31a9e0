"""Formats that provstore brings along. Each offers itself by the hook that plug-ins use."""

from __future__ import annotations

from provstore.noun import NamedTuple

BUILT_IN = {
    "bytes": (),
    "text": (".txt", ".md"),
    "json": (".json", ".geojson"),
    "jsonl": (".jsonl", ".ndjson"),
    "toml": (".toml",),
    "csv": (".csv", ".tsv", ".tab"),
    "npy": (".npy",),
    "npz": (".npz",),
    "hdf5": (".h5", ".hdf5", ".he5", ".nc4"),
    "gzip": (".gz",),
    "zip": (".zip",),
    "tar": (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz"),
}
"""Modules of this package, each with the endings that its format claims.

Whoever only asks for the format of a name looks here, and need not import them; a test holds the two together.
"""

BYTES_DECIDE = frozenset({"bytes", "text"})
"""Those without a digest of their own."""


class Package(NamedTuple):
    """A package of ours that brings a format; it has to be installed.

    Attributes:
        suffixes: Endings that the format claims.
    """

    name: str
    suffixes: tuple[str, ...]


KNOWN_PACKAGES = {
    "fits": Package("provstore-fits", (".fits", ".fit", ".fts", ".fits.fz")),
    "parquet": Package("provstore-parquet", (".parquet", ".pq")),
    "png": Package("provstore-image", (".png",)),
    "jpeg": Package("provstore-image", (".jpg", ".jpeg")),
    "tiff": Package("provstore-image", (".tif", ".tiff")),
    "notebook": Package("provstore-notebook", (".ipynb",)),
    "notebook-sources": Package("provstore-notebook", ()),
    "notebook-outputs": Package("provstore-notebook", ()),
    "zarr": Package("provstore-zarr", (".zarr",)),
}
"""Formats by name that people can get from us, so that a message can say how."""
