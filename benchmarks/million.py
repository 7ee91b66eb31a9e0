"""A project whose store holds a million executions: what the questions are asked of in the benchmark.

    python benchmarks/million.py FOLDER [--executions 1000000] [--tasks 1000]

Written by the product's own code, fact by fact, so that `provstore fsck` passes on it. It is a layered project of
`--tasks` stages that was run again and again, a run an hour, each time with other bytes in all its sources; the
commands were never started. Writing to the disk is not waited for, and indexes are built at the end.
"""

from __future__ import annotations

import argparse
import os
import random
import sqlite3
import sys
import time
from typing import NamedTuple

from shapes import Step, layered
from tools import stages_file

from provstore.digest import digest_bytes
from provstore.model.files import Content
from provstore.model.task import Output, Work
from provstore.model.values import utc_text
from provstore.operations import recording
from provstore.ports import Finished
from provstore.project import Project
from provstore.store import migrate
from provstore.store.facts import ExecutionFact
from provstore.store.ledger import SOURCES, Ledger
from provstore.store.memory import TaskMemo
from provstore.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.store.facts import Row

FIRST_RUN = 1_600_000_000.0
BETWEEN_RUNS = 3600.0
SECONDS = 0.5  # that each execution took
CHANCE = random.Random(7)
INDEXES = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
HASTE = (
    "PRAGMA journal_mode = OFF",
    "PRAGMA synchronous = OFF",
    "PRAGMA cache_size = -1000000",  # KiB
    "PRAGMA foreign_keys = OFF",  # what is written is in order; `fsck` looks again
)


class Version(NamedTuple):
    """A path's newest dataset."""

    id: str
    digest: str


def id_at(moment: float) -> str:
    """An id as `new_id` makes them, at a time that is not now."""
    noise = CHANCE.getrandbits(74)
    number = (int(moment * 1000) << 80) | (0x7 << 76) | ((noise >> 62) << 64) | (0x2 << 62) | (noise & (1 << 62) - 1)
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def text_content(text: str) -> Content:
    """A small file with this text."""
    data = text.encode()
    return Content("file", len(data), digest_bytes(data), False, data)


def work_of(step: Step) -> Work:
    """What a stage of this step has the store record."""
    outputs = (Output("0", step.output, False, "", step.name),)
    inputs = tuple((str(position), path) for position, path in enumerate(step.inputs))
    return Work(
        argv=("sh", "-e", "-c", step.command), command=step.command, shell="sh -e -c", cwd="", params={},
        environment={}, inputs=inputs, gathered=(), outputs=outputs, timeout=None, retries=0, cpu=1, memory=0,
        cache=True, keep=False, description="",
    )  # fmt: skip


class History:
    """Writes run after run into a store."""

    def __init__(self, ledger: Ledger, store: Store, tasks: int) -> None:
        self._ledger, self._store = ledger, store
        project = layered(tasks)
        self._sources = project.sources
        self._works = [(step, work_of(step)) for step in project.steps]
        self._newest: dict[str, Version] = {}

    def add_run(self, number: int, executions: int) -> None:
        """A run in which the first `executions` tasks ran and succeeded."""
        started = FIRST_RUN + number * BETWEEN_RUNS
        run, now = id_at(started), utc_text(started)
        collection = f"main/{number:06d}"
        place = recording.Place(collection, "someone", now)
        self._ledger.add_collection(collection, "main", now)
        self._ledger.add_run(run_row(run, now, collection), {})
        for path in self._sources:
            self._add_source(path, number, place._replace(run_collection=SOURCES), started)
        for position, (step, work) in enumerate(self._works[:executions]):
            begun = started + position * SECONDS
            self._add_execution(run, step, work, place, begun, number)
        ended = utc_text(started + executions * SECONDS)
        summary = f'{{"executed":{executions}}}'
        self._ledger.add("run_end", {"run": run, "ended": ended, "outcome": "succeeded", "summary": summary})
        self._ledger.write({}, {})

    def _add_source(self, path: str, number: int, place: recording.Place, moment: float) -> None:
        content = text_content(f"{path} as of {number}\n")
        row = {**recording.source_row(path, content, place), "id": id_at(moment)}
        self._newest[path] = Version(self._ledger.add_dataset(row), content.digest)

    def _add_execution(
        self, run: str, step: Step, work: Work, place: recording.Place, begun: float, number: int
    ) -> None:
        execution = id_at(begun)
        used = [self._newest[path] for path in step.inputs]
        key = digest_bytes("\n".join((step.command, *(version.digest for version in used))).encode())
        start = recording.Begun(execution, run, step.name, "{}", key, 1, begun)
        log = self._keep(f"{step.name}: 1 line of {number % 10}\n")
        finished = Finished(
            execution=execution, exit_status=0, signal=None, error="", timed_out=False, stopped=False, survivors=(),
            started=begun, ended=begun + SECONDS, cpu_seconds=0.4, peak_memory=5 << 20, log_size=len(log),
        )  # fmt: skip
        row = recording.ended(recording.execution_row(start, work), finished, "succeeded", "", digest_bytes(log))
        printed = f"{step.output} of run {number}\n"
        self._keep(printed)
        made = text_content(printed)
        created = place._replace(created=utc_text(begun + SECONDS))
        output: Row = {**recording.output_row(work.outputs[0], made, created, row), "id": id_at(begun + SECONDS)}
        self._newest[step.output] = Version(str(output["id"]), made.digest)
        usage = [(role, 0, version.id) for (role, _), version in zip(work.inputs, used, strict=True)]
        memo = TaskMemo(key, execution, made.digest)
        self._ledger.add_execution(ExecutionFact(row, usage, [output]), step.name, memo)

    def _keep(self, text: str) -> bytes:
        data = text.encode()
        self._store.objects.keep_bytes(digest_bytes(data), data)
        return data


def run_row(run: str, now: str, collection: str) -> Row:
    """A row of `run`."""
    return {
        "id": run, "started": now, "arguments": '["run"]', "params": "{}", "collection": collection, "user": "someone",
        "host": "somewhere", "system": "Linux 6.1 x86_64", "python": "3.11", "provstore": "0.1.0",
    }  # fmt: skip


def drop_indexes(conn: sqlite3.Connection) -> list[str]:
    """Drops all indexes but those of keys, and returns what makes them again; `record_subject` stays, it is asked."""
    found = [(name, sql) for name, sql in conn.execute(INDEXES).fetchall() if name != "record_subject"]
    for name, _ in found:
        conn.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def make(folder: str, executions: int, tasks: int) -> str:
    """Makes the project and its store, and returns the store's path; the number of executions is exact."""
    os.makedirs(os.path.join(folder, ".provstore"))
    with open(os.path.join(folder, "Pipelinefile.toml"), "w", encoding="utf-8") as file:
        file.write(stages_file(layered(tasks)))
    path = os.path.join(folder, ".provstore", "store.db")
    migrate.create(path, FIRST_RUN, id_at(FIRST_RUN))
    with Store(path) as store:
        ledger = store.ledger()
        for setting in HASTE:
            store.conn.execute(setting)
        indexes = drop_indexes(store.conn)
        history = History(ledger, store, tasks)
        for number, left in enumerate(range(executions, 0, -tasks)):
            history.add_run(number + 1, min(left, tasks))
        for sql in indexes:
            store.conn.execute(sql)
    remember_plan(folder)
    return path


def remember_plan(folder: str) -> None:
    """Remembers what the Pipelinefile comes to, as every run does."""
    with Project.find(folder) as project:
        assert project.store is not None
        ledger = project.store.ledger()
        project.plan({}).remember(ledger)
        ledger.write({}, {})


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a folder that does not exist yet")
    parser.add_argument("--executions", type=int, default=1_000_000)
    parser.add_argument("--tasks", type=int, default=1000, help="in each run; the last may have fewer (1000)")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    path = make(arguments.folder, arguments.executions, arguments.tasks)
    size = os.path.getsize(path) / 2**20
    print(f"{path}: {arguments.executions} executions, {size:.0f} MiB, {time.perf_counter() - begin:.0f} s",
          file=sys.stderr)  # fmt: skip


if __name__ == "__main__":
    main()
