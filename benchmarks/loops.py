"""Plain loops: what the work costs a Python program that does nothing else. Measured beside provstore.

python benchmarks/loops.py read FOLDER     # reads every file and takes its BLAKE3, in one thread
python benchmarks/loops.py stat FOLDER     # lists every folder and looks at every file
python benchmarks/loops.py copy FROM TO    # copies a file, digests it in the same pass, waits for the disk
"""

from __future__ import annotations

import os
import sys

PIECE = 16 << 20  # so large that several threads pay for BLAKE3


def stat(folder: str) -> int:
    """Bytes in all files below a folder."""
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            total += stat(entry.path) if entry.is_dir(follow_symlinks=False) else entry.stat().st_size
    return total


def read(folder: str) -> int:
    """Bytes in all files below a folder, each of them read and digested."""
    from blake3 import blake3

    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += read(entry.path)
                continue
            with open(entry.path, "rb", buffering=0) as file:
                data = file.read()
            blake3(data).hexdigest()
            total += len(data)
    return total


def copy(source: str, target: str) -> int:
    """Bytes copied; BLAKE3 uses all processors, as provstore may."""
    from blake3 import blake3

    hasher, total = blake3(max_threads=blake3.AUTO), 0
    with open(source, "rb", buffering=0) as reading, open(target, "wb", buffering=0) as writing:
        while piece := reading.read(PIECE):
            hasher.update(piece)
            writing.write(piece)
            total += len(piece)
    return total


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["read", folder]:
            print(read(folder))
        case ["stat", folder]:
            print(stat(folder))
        case ["copy", source, target]:
            print(copy(source, target))
        case _:
            sys.exit(__doc__)
