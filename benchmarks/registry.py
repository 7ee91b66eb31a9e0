"""A project whose store holds a million datasets in a thousand runs, and how long the questions about it take.

    python benchmarks/registry.py FOLDER [--datasets 1000000] [--runs 1000] [--shape again|different]
    python benchmarks/registry.py FOLDER --write docs/benchmarks.md   # both shapes, and the section of that page

Two shapes: "again" has a thousand data IDs, which every run made again; in "different" no data ID occurs twice.
Written by the product's own code, fact by fact, so that `provstore fsck` passes on it. No image was ever there; files
`steps/0.txt` to `steps/100.txt`, each made from the one before it, are there and registered by hand.
Writing to the disk is not waited for, and indexes are built at the end.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import subprocess
import sys
import time
from typing import Any, NamedTuple

from million import FIRST_RUN, HASTE, drop_indexes, id_at
from report import REGISTRY, table, with_registry
from targets import ms
from tools import provstore_command

from provstore import Store
from provstore.digest import canonical_json, digest_text
from provstore.model.dimensions import declared
from provstore.model.values import utc_text
from provstore.operations.lineage import LineageRequest, lineage
from provstore.project import Project
from provstore.store import migrate
from provstore.store.connection import transaction
from provstore.store.facts import Chain
from provstore.store.store import Store as StoreFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from provstore.model.dimensions import Definition
    from provstore.operations.lineage import LineageReport
    from provstore.store.facts import Row

PIPELINEFILE = """
[project]
name = "survey"

[dimensions.instrument]
[dimensions.band]
[dimensions.detector]
type = "int"
requires = ["instrument"]
[dimensions.visit]
type = "int"
requires = ["instrument"]
implies = ["band"]
metadata = { exposure_time = "float" }
timespan = true
region = true
[dimensions.skymap]
[dimensions.tract]
type = "int"
requires = ["skymap"]
region = true

[datasets.image]
dimensions = ["visit", "detector"]
format = "bytes"
path = "images/{visit}_{detector}.dat"
"""
BETWEEN_RUNS = 3600.0
INSTRUMENT, SKYMAP = "HSC", "rings"
DETECTORS = {"again": 20, "different": 100}
TRACTS = 1000
STEPS = 100
AT_MOST = 0.05
ROUNDS = 5
SHAPES_SAID = "In `again` a thousand data IDs were made by every run; in `different` no data ID occurs twice."
CHANCE = random.Random(7)


class Size(NamedTuple):
    """How much there is.

    Attributes:
        shape: "again" or "different".
        visits: Of each run.
    """

    shape: str
    datasets: int
    runs: int

    @property
    def detectors(self) -> int:
        return DETECTORS[self.shape]

    @property
    def visits(self) -> int:
        return max(1, self.datasets // self.runs // self.detectors)

    def visits_of(self, run: int) -> range:
        """The visits that a run made."""
        first = 1 if self.shape == "again" else 1 + run * self.visits
        return range(first, first + self.visits)

    @property
    def last_visit(self) -> int:
        return self.visits_of(self.runs - 1)[-1]


def dataset_row(run: str, type: str, data_id: dict[str, int], path: str, moment: float) -> Row:
    """A file that a run made."""
    now = utc_text(moment)
    return {
        "id": id_at(moment), "type": type, "data_id": canonical_json(data_id), "run": run, "path": path,
        "kind": "file", "executable": 0, "size": 1000 + int(moment) % 1000, "digest": digest_text(f"{path} {now}"),
        "semantic_digest": None, "format": "bytes", "created": now, "execution": None, "role": "", "name": type,
        "version": None, "owner": "someone", "owner_type": "user", "description": "", "location": "project",
        "url": None, "contact": None, "overwritable": 0, "iteration": 0, "replaces": None, "metadata": "{}",
    }  # fmt: skip


def add_runs(chain: Chain, size: Size) -> None:
    """All images, run after run; the runs stand in the chain `main`, newest first."""
    now = utc_text(FIRST_RUN)
    chain.add("collection", {"name": "main", "type": "CHAINED", "created": now, "description": ""})
    for number in range(size.runs):
        begun = FIRST_RUN + number * BETWEEN_RUNS
        run = f"main/{number:06d}"
        chain.add("collection", {"name": run, "type": "RUN", "created": utc_text(begun), "description": ""})
        member = {"id": id_at(begun), "chain": "main", "child": run, "position": -number, "added": utc_text(begun)}
        chain.add("chain_member", member)
        for visit in size.visits_of(number):
            for detector in range(1, size.detectors + 1):
                data_id = {"detector": detector, "visit": visit}
                path = f"images/{visit}_{detector}.dat"
                chain.add("dataset", dataset_row(run, "image", data_id, path, begun + detector))


def circle(ra: float, dec: float, radius: float) -> dict[str, str]:
    """A region, and the box around it."""
    from provstore import sky

    region = sky.canonical(f"CIRCLE({ra:.4f}, {dec:.4f}, {radius})")
    return {"region": region, "box": canonical_json(list(sky.box(region)))}


def record(dimension: str, key: dict[str, int | str], **said: object) -> Row:
    """A record of a dimension."""
    row = {"dimension": dimension, "key": canonical_json(key), "value": key[dimension], "record": "{}",
           "time_begin": None, "time_end": None, "region": None, "box": None,
           "inserted": utc_text(FIRST_RUN)}  # fmt: skip
    return {**row, **said}  # type: ignore[dict-item]


def definition_row(definition: Definition) -> Row:
    """What a dimension is."""
    return {"id": id_at(FIRST_RUN), "name": definition.name, "definition": canonical_json(definition.to_json()),
            "registered": utc_text(FIRST_RUN)}  # fmt: skip


def add_records(chain: Chain, size: Size) -> None:
    """Records of all dimensions: visits and tracts lie all over the sky."""
    now = utc_text(FIRST_RUN)
    chain.add("dataset_type", {"name": "image", "dimensions": '["visit","detector"]', "format": "bytes",
                               "path": "images/{visit}_{detector}.dat", "description": "",
                               "registered": now})  # fmt: skip
    chain.add("dimension_record", record("instrument", {"instrument": INSTRUMENT}))
    chain.add("dimension_record", record("skymap", {"skymap": SKYMAP}))
    for band in "grizy":
        chain.add("dimension_record", record("band", {"band": band}))
    for detector in range(1, size.detectors + 1):
        chain.add("dimension_record", record("detector", {"instrument": INSTRUMENT, "detector": detector}))
    for visit in range(1, size.last_visit + 1):
        begin = FIRST_RUN + visit * 60
        said = {"band": "grizy"[visit % 5], "exposure_time": 30.0 + visit % 3}
        where = circle(CHANCE.uniform(0, 360), CHANCE.uniform(-90, 90), 0.75)
        chain.add("dimension_record", record(
            "visit", {"instrument": INSTRUMENT, "visit": visit}, record=canonical_json(said),
            time_begin=utc_text(begin), time_end=utc_text(begin + 30), **where))  # fmt: skip
    for tract in range(TRACTS):
        where = circle(tract * 360 / TRACTS, CHANCE.uniform(-90, 90), 1.0)
        chain.add("dimension_record", record("tract", {"skymap": SKYMAP, "tract": tract}, **where))


def make(folder: str, size: Size) -> str:
    """Makes the project and its store, and returns the store's path."""
    os.makedirs(os.path.join(folder, ".provstore"))
    with open(os.path.join(folder, "Pipelinefile.toml"), "w", encoding="utf-8") as file:
        file.write(PIPELINEFILE)
    path = os.path.join(folder, ".provstore", "store.db")
    migrate.create(path, FIRST_RUN, id_at(FIRST_RUN))
    with StoreFile(path) as store:
        store.ledger()  # opens it for writing
        for setting in HASTE:
            store.conn.execute(setting)
        indexes = drop_indexes(store.conn)
        with transaction(store.conn), Project(folder) as project:
            chain = Chain(store.conn)
            for dimension in project.pipeline({}).dimensions.values():
                chain.add("dimension", definition_row(declared(dimension)))
            add_records(chain, size)
            add_runs(chain, size)
        for sql in indexes:
            store.conn.execute(sql)
    add_steps(folder)
    return path


def add_steps(folder: str) -> None:
    """Files that were made from each other, one step after the other."""
    os.makedirs(os.path.join(folder, "steps"))
    with Store.open(folder) as store:
        before: list[str] = []
        for number in range(STEPS + 1):
            path = f"steps/{number}.txt"
            with open(os.path.join(folder, path), "w", encoding="utf-8") as file:
                file.write(f"{number}\n")
            execution = store.register_execution(f"step-{number}", input_datasets=before)
            before = [store.register_dataset(path, execution_id=execution)]


def questions(size: Size) -> list[tuple[str, Callable[[Store], Sequence[object]]]]:
    """Each query with a limit, as it is printed, and what asks it."""
    visit, run = size.last_visit // 2, f"main/{size.runs // 2:06d}"
    wheres = (
        "", f"visit = {visit}", f"visit in ({visit}..{visit + 20}:2) and band = 'i'",
        f"visit > {visit} and visit < {visit + 3}", "band = 'i'", "visit.exposure_time > 31",
        "visit.region OVERLAPS CIRCLE(10, 10, 3)", f"dataset.run = '{run}'", "dataset.created > T'2020-10-20'",
        f"dataset.path = 'images/{visit}_3.dat'", "dataset.size > 5000", "dataset.version >= '1.0.0'",
    )  # fmt: skip
    orders = (
        "-visit",
        "visit",
        "detector",
        ["detector", "-visit"],
        "-dataset.created",
        "dataset.created",
        "dataset.id",
        "band",
        "-visit.exposure_time",
        ["visit.begin", "detector"],
        "-dataset.size",
        "dataset.run",
    )
    asked: list[dict[str, Any]] = [{"where": where} for where in wheres] + [{"order_by": order} for order in orders]
    asked += [{"where": wheres[2], "order_by": "-visit"}, {"where": wheres[4], "order_by": "-dataset.created"}]
    asked += [{**one, "collections": "main"} for one in asked] + [{"collections": run}]
    found: list[tuple[str, Callable[[Store], Sequence[object]]]] = [
        (f"query_datasets {one}", functools.partial(Store.query_datasets, type="image", limit=10, **one))
        for one in asked
    ]
    pairs = ["visit", "detector"]
    combined: list[dict[str, Any]] = [
        {"dimensions": "visit", "data_id": {"tract": 70, "skymap": SKYMAP}},
        {"dimensions": pairs, "where": "tract = 70 and detector in (10..12)", "skymap": SKYMAP, "datasets": "image"},
        {"dimensions": pairs, "datasets": "image", "order_by": "-visit"},
        {"dimensions": pairs, "datasets": "image", "order_by": ["band", "-visit"]},
        {"dimensions": pairs, "order_by": "-visit.begin"},
        {"dimensions": ["visit", "tract"], "order_by": ["visit", "-tract"]},
    ]
    return [
        *found,
        *[(f"query_data_ids {o}", functools.partial(Store.query_data_ids, limit=10, **o)) for o in combined],
    ]


def ask_lineage(project: Project) -> LineageReport:
    """All that the last of the steps was made from."""
    return lineage(project, LineageRequest(f"steps/{STEPS}.txt", project.root))


def commands(size: Size) -> list[tuple[str, ...]]:
    """Whole commands."""
    visit = size.last_visit // 2
    where = f"visit in ({visit}..{visit + 20}:2) and band = 'i'"
    listed = ("dataset", "ls", "image", "--where", where, "--collection", "main", "--find-first", "--limit", "10")
    return [
        listed,
        (*listed, "--order-by=-visit"),
        ("data-id", "visit", "detector", "tract=70", f"skymap={SKYMAP}", "--datasets", "image", "--limit", "10"),
        ("collection", "ls", "main/0005*"),
        ("lineage", f"steps/{STEPS}.txt"),
    ]


class Measured(NamedTuple):
    """What was asked, and how long it took: the best of some times.

    Attributes:
        found: How many; None: a command.
    """

    text: str
    seconds: float
    found: int | None


def measured(folder: str, size: Size) -> Iterator[Measured]:
    """Each query and each command; the first call imports what it needs, and does not count."""
    with Store.open(folder) as store:
        for text, ask in questions(size):
            found = len(ask(store))
            yield Measured(text, best(functools.partial(ask, store)), found)
    project = Project.find(folder)
    yield Measured(
        f"lineage of {STEPS} steps", best(lambda: ask_lineage(project)), len(ask_lineage(project).executions)
    )
    for words in commands(size):
        run = functools.partial(
            subprocess.run, provstore_command(*words), cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        yield Measured(f"provstore {' '.join(words)}", best(run), None)


def best(ask: Callable[[], object]) -> float:
    """Seconds of the fastest of some calls."""
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        ask()
        times.append(time.perf_counter() - begin)
    return min(times)


def lines(folder: str, size: Size) -> list[Measured]:
    """All measures, each printed as soon as it is known; the store is made where there is none."""
    path = os.path.join(folder, ".provstore", "store.db")
    if not os.path.exists(path):
        begin = time.perf_counter()
        make(folder, size)
        print(f"{path}: made in {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    found = []
    for one in measured(folder, size):
        print(f"{one.seconds * 1000:8.1f} ms  {'' if one.found is None else one.found:3} {one.text}", flush=True)
        found.append(one)
    return found


def section(by_shape: dict[str, list[Measured]], size: Size) -> str:
    """The section of the page."""
    texts = [
        REGISTRY, "",
        f"{size.datasets:,} datasets of one type in {size.runs:,} RUN collections, which stand in the chain `main`;"
        " made and asked by `python benchmarks/registry.py FOLDER --write docs/benchmarks.md`, the best of"
        f" {ROUNDS} calls. {SHAPES_SAID} Each call of the Python API has a limit of 10, and is to take"
        f" {ms(AT_MOST)} at most.",
    ]  # fmt: skip
    for shape, found in by_shape.items():
        calls = [one for one in found if one.found is not None]
        late = [one for one in calls if one.seconds > AT_MOST]
        texts += ["", f"### {shape}: {len(calls) - len(late)} of {len(calls)} calls hold", ""]
        head = ("asked", "found", "time", "holds")
        texts += table(head, [page_line(one) for one in found])
    return "\n".join(texts) + "\n"


def page_line(one: Measured) -> tuple[str, ...]:
    """One measure on the page."""
    if one.found is None:
        return f"`{one.text}`", "", ms(one.seconds), "–"
    return f"`{one.text}`", str(one.found), ms(one.seconds), "yes" if one.seconds <= AT_MOST else "**no**"


def write(page: str, text: str) -> None:
    """Puts the section into the page, in place of the one that is there."""
    with open(page, encoding="utf-8") as file:
        there = file.read()
    with open(page, "w", encoding="utf-8") as file:
        file.write(with_registry(there, text))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="where the projects are, or are to be made: one folder for each shape")
    parser.add_argument("--datasets", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--shape", choices=tuple(DETECTORS), help="only this one")
    parser.add_argument("--write", metavar="PAGE", help="put the figures into this page")
    arguments = parser.parse_args()
    by_shape = {}
    for shape in (arguments.shape,) if arguments.shape else DETECTORS:
        size = Size(shape, arguments.datasets, arguments.runs)
        by_shape[shape] = lines(os.path.join(arguments.folder, shape), size)
    if arguments.write:
        write(arguments.write, section(by_shape, size))


if __name__ == "__main__":
    main()
