"""How fast files are ingested, and how much of that is the recording; beside it the Rubin Butler, if it is installed.

    python benchmarks/ingest.py FOLDER [--files 100000] [--butler PYTHON]

The files have 80 bytes each, and stay where they are (`direct`), so that nothing is copied. "recorded" is what is done
in the transaction for each row: its digest, its link in the chain, both rows, all indexes. "ingested" is the whole
call: names matched, data IDs checked, files read and digested (by a second process meanwhile, where there are two
processors), records of dimensions, rows, commit, and the datasets as Python objects. "worked" is the same by the time
that this process was at work, which other programs on the machine disturb less.

PYTHON is an interpreter with `lsst-daf-butler`: it ingests the same files with `transfer="direct"` into a repository
on SQLite. The Butler reads no file and keeps no digest, so that its work is the smaller one; its dimension records are
inserted before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import time

from provstore import Store
from provstore.store.adding import Adding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.store.facts import Row

PIPELINEFILE = """
[project]
name = "survey"
[dimensions.detector]
type = "int"
[dimensions.visit]
type = "int"
[datasets.raw]
dimensions = ["visit", "detector"]
format = "bytes"
"""
DETECTORS = 100

BUTLER = """
import sys, time
from lsst.daf.butler import Butler, DataCoordinate, DatasetRef, DatasetType, FileDataset
folder, files, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
butler = Butler.from_config(Butler.makeRepo(folder), writeable=True)
butler.registry.insertDimensionData("instrument", {"name": "Cam", "detector_max": number, "visit_max": number})
detectors = [{"instrument": "Cam", "id": id, "full_name": str(id)} for id in range(number)]
butler.registry.insertDimensionData("detector", *detectors)
kind = DatasetType("raw", ("instrument", "detector"), "StructuredDataDict", universe=butler.dimensions)
butler.registry.registerDatasetType(kind)
butler.registry.registerRun("run")
start = time.perf_counter()
datasets = []
for id in range(number):
    where = DataCoordinate.standardize({"instrument": "Cam", "detector": id}, universe=butler.dimensions)
    path = f"{files}/{id // 100}_{id % 100:03d}.json"
    datasets.append(FileDataset(path=path, refs=[DatasetRef(kind, where, run="run")]))
butler.ingest(*datasets, transfer="direct", record_validation_info=False)
print(time.perf_counter() - start)
"""


def main() -> None:
    """Makes the files, and measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("folder")
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--butler", metavar="PYTHON")
    asked = parser.parse_args()
    folder = os.path.abspath(asked.folder)
    files = os.path.join(folder, "incoming")
    make_files(files, asked.files)
    times = provstore(os.path.join(folder, "provstore"), files)
    print("provstore ", *[f"{what} {asked.files / seconds:8,.0f}/s " for what, seconds in times.items()])
    if asked.butler:
        seconds = butler(asked.butler, os.path.join(folder, "butler"), files, asked.files)
        print(f"Butler     ingested {asked.files / seconds:8,.0f}/s")


def make_files(folder: str, number: int) -> None:
    """Makes them, where they are not there yet."""
    os.makedirs(folder, exist_ok=True)
    for place in range(number):
        path = f"{folder}/{place // DETECTORS}_{place % DETECTORS:03d}.json"
        if not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(b"%079d\n" % place)


def provstore(root: str, files: str) -> dict[str, float]:
    """Seconds of the whole call, of this process's work in it, and of the recording, also of the work in that."""
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(root)
    with open(os.path.join(root, "Pipelinefile.toml"), "w", encoding="utf-8") as file:
        file.write(PIPELINEFILE)
    recording: list[tuple[float, float]] = []
    add_many = Adding.add_many

    def timed(self: Adding, kind: str, rows: Sequence[Row], shared: Row = {}) -> None:  # noqa: B006
        start, worked = time.perf_counter(), time.process_time()
        add_many(self, kind, rows, shared)
        recording.append((time.perf_counter() - start, time.process_time() - worked))

    Adding.add_many = timed  # type: ignore[method-assign]
    with Store.create(root) as store:
        start, worked = time.perf_counter(), time.process_time()
        store.ingest(f"{files}/*", "raw", template="{visit}_{detector:03d}.json", transfer="direct")
        ingested, worked = time.perf_counter() - start, time.process_time() - worked
    recorded, recording_worked = map(sum, zip(*recording, strict=True))
    return {"ingested": ingested, "worked": worked, "recorded": recorded, "worked on that": recording_worked}


def butler(python: str, root: str, files: str, number: int) -> float:
    """Seconds that the Butler takes."""
    shutil.rmtree(root, ignore_errors=True)
    done = subprocess.run(
        [python, "-c", BUTLER, root, files, str(number)], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
