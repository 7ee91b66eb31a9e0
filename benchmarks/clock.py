"""How coarse the file system's clock is: behind decision 0013.

    python benchmarks/clock.py [--folder FOLDER]

Writes file after file for a while and looks at their times only at the end, since some kernels give a finer
time stamp to a file that was looked at since its last change. Two files with one stamp were written within
one tick of the clock: had they been one file, its second content would look like the first.
"""

from __future__ import annotations

import argparse
import itertools
import os
import tempfile
import time

DURATION = 0.5  # seconds


def stamps(folder: str) -> list[int]:
    """The ctime of each file, in the order in which they were written, in nanoseconds."""
    end = time.monotonic() + DURATION
    paths: list[str] = []
    while time.monotonic() < end:
        paths.append(os.path.join(folder, str(len(paths))))
        with open(paths[-1], "w", encoding="ascii") as file:
            file.write("x")
    return [os.stat(path).st_ctime_ns for path in paths]


def main() -> None:
    """Prints how many files share a time stamp with the one before, and the smallest step of the clock."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="a folder on the file system to look at (the temporary folder)")
    with tempfile.TemporaryDirectory(dir=parser.parse_args().folder) as folder:
        found = stamps(folder)
    steps = [later - earlier for earlier, later in itertools.pairwise(found)]
    print(f"{len(found)} files in {DURATION} s")
    print(f"{sum(step == 0 for step in steps) / len(steps):.1%} share the time stamp of the one before")
    print(f"smallest step: {min(step for step in steps if step > 0) / 1e6:.4f} ms")


if __name__ == "__main__":
    main()
