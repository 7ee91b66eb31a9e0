"""How fast a semantic digest is, beside reading the arrays alone, and how much memory it takes.

python benchmarks/formats.py [MEGABYTES] [--folder FOLDER]

Each kind of file is written once. Then digest and plain reading take turns, so that both meet the same machine; times
are medians of wall time with a warm page cache. Memory is what a process of its own has at its highest, beyond what it
had when everything was imported. Formats whose libraries are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

ROUNDS = 5
MEASURE = "--peak-of"
"""First argument of the process that measures memory."""


class Case(NamedTuple):
    """One kind of file.

    Attributes:
        format: Module and class of the format.
        write: Writes an array of floats to a file.
        read: Reads all arrays of a file into memory.
    """

    format: str
    suffix: str
    write: Callable[[Any, Path], object]
    read: Callable[[Path], object]


def write_npz(method: str) -> Callable[[Any, Path], object]:
    def write(array: Any, path: Path) -> None:
        import numpy

        getattr(numpy, method)(path, a=array)

    return write


def read_npz(path: Path) -> object:
    import numpy

    with numpy.load(path) as arrays:
        return arrays["a"]


def save_npy(array: Any, path: Path) -> None:
    import numpy

    numpy.save(path, array)


def save_fortran(array: Any, path: Path) -> None:
    import numpy

    numpy.save(path, numpy.asfortranarray(array))


def load_npy(path: Path) -> object:
    import numpy

    return numpy.load(path)


def write_hdf5(**options: object) -> Callable[[Any, Path], object]:
    def write(array: Any, path: Path) -> None:
        import h5py

        with h5py.File(path, "w") as file:
            file.create_dataset("a", data=array, **options)

    return write


def read_hdf5(path: Path) -> object:
    import h5py

    with h5py.File(path) as file:
        return file["a"][...]


def write_fits(array: Any, path: Path) -> None:
    from astropy.io import fits

    fits.writeto(path, array.astype("f4"))


def write_tiles(array: Any, path: Path) -> None:
    from astropy.io import fits

    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU((array * 1000).astype("i2"))]).writeto(path)


def write_table(array: Any, path: Path) -> None:
    from astropy.io import fits

    columns = [fits.Column(f"c{number}", "D", array=values) for number, values in enumerate(array.reshape(8, -1))]
    fits.BinTableHDU.from_columns(columns).writeto(path)


def read_fits(path: Path) -> object:
    from astropy.io import fits

    with fits.open(path, memmap=False) as hdus:
        data = hdus[-1].data
        return [data[name] + 0 for name in data.names] if hasattr(data, "names") else data + 0  # native byte order


def write_parquet(array: Any, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    columns = {f"c{number}": values for number, values in enumerate(array.reshape(8, -1))}
    pyarrow.parquet.write_table(pyarrow.table(columns), path)


def read_parquet(path: Path) -> object:
    import pyarrow.parquet

    return pyarrow.parquet.read_table(path)


def write_zarr(array: Any, path: Path) -> None:
    import zarr

    zarr.create_array(str(path), data=array, chunks=(256, 256))


def read_zarr(path: Path) -> object:
    import zarr

    return zarr.open_array(str(path), mode="r")[...]


NPY, NPZ, HDF5 = "provstore.formats.npy:Npy", "provstore.formats.npz:Npz", "provstore.formats.hdf5:Hdf5"
FITS = "provstore_fits.format:Fits"
CASES = {
    "npy": Case(NPY, ".npy", save_npy, load_npy),
    "npy, Fortran order": Case(NPY, ".npy", save_fortran, load_npy),
    "npz": Case(NPZ, ".npz", write_npz("savez"), read_npz),
    "npz, compressed": Case(NPZ, ".npz", write_npz("savez_compressed"), read_npz),
    "hdf5, contiguous": Case(HDF5, ".h5", write_hdf5(), read_hdf5),
    "hdf5, chunks with gzip": Case(HDF5, ".h5", write_hdf5(chunks=(256, 256), compression="gzip"), read_hdf5),
    "fits, image": Case(FITS, ".fits", write_fits, read_fits),
    "fits, tiles with RICE": Case(FITS, ".fits", write_tiles, read_fits),
    "fits, table": Case(FITS, ".fits", write_table, read_fits),
    "parquet": Case("provstore_parquet.format:Parquet", ".parquet", write_parquet, read_parquet),
    "zarr": Case("provstore_zarr.format:Zarr", ".zarr", write_zarr, read_zarr),
}


def format_of(case: Case) -> Any:
    """The format itself.

    Raises:
        ImportError: It, or its library, is not installed.
    """
    module, name = case.format.split(":")
    return getattr(importlib.import_module(module), name)()


def timed(function: Callable[[Path], object], path: Path) -> float:
    """Seconds."""
    start = time.perf_counter()
    function(path)
    return time.perf_counter() - start


def peak_of(name: str, path: Path) -> int:
    """Bytes that a digest takes at its highest, in a process of its own."""
    found = subprocess.run(
        [sys.executable, __file__, MEASURE, name, str(path)], stdout=subprocess.PIPE, text=True, check=True
    )
    return int(found.stdout)


def print_peak(name: str, path: Path) -> None:
    """What that process does. The first digest of a small file has imported what a digest needs."""
    case = CASES[name]
    form = format_of(case)
    import numpy

    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / f"small{case.suffix}"
        case.write(numpy.zeros((256, 256)), small)
        form.digest(small)
    before = highest()
    form.digest(path)
    print(highest() - before)


def highest() -> int:
    """Bytes of memory that this process had at its highest, since its program was started: not so `getrusage`."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024


def measure(name: str, case: Case, array: Any, folder: Path) -> str:
    """One line of the table."""
    form = format_of(case)
    path = folder / f"data{case.suffix}"
    case.write(array, path)
    form.digest(path)
    pairs = [(timed(form.digest, path), timed(case.read, path)) for _ in range(ROUNDS)]
    digest, read = (statistics.median(times) for times in zip(*pairs, strict=True))
    peak = peak_of(name, path)
    return f"{name:<24}{digest:>9.3f}{read:>9.3f}{read / digest:>9.2f}{peak / 2**20:>9.0f}"


def main() -> None:
    """Prints one line for each kind of file."""
    if sys.argv[1:2] == [MEASURE]:
        print_peak(sys.argv[2], Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n", maxsplit=1)[0])
    parser.add_argument("megabytes", type=int, nargs="?", default=256, help="of each array")
    parser.add_argument("--folder", default=None, help="where the files are written")
    arguments = parser.parse_args()
    import numpy

    side = int((arguments.megabytes * 2**20 / 8) ** 0.5) // 8 * 8
    array = numpy.round(numpy.random.default_rng(1).normal(0, 10, (side, side)), 2)
    print(f"{arguments.megabytes} MiB on {os.cpu_count()} processors, seconds; memory in MiB")
    print(f"{'':<24}{'digest':>9}{'reading':>9}{'speed':>9}{'memory':>9}")
    for name, case in CASES.items():
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
            try:
                print(measure(name, case, array, Path(folder)), flush=True)
            except ImportError as error:
                print(f"{name:<24}{error}")


if __name__ == "__main__":
    main()
