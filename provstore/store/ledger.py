"""What happened and is not yet written: one transaction for all that ended within a tenth of a second.

Facts wait here in memory, so that no write lock is held between transactions and other programs (a task
that registers a dataset, say) can write in between.
"""

from __future__ import annotations

import posixpath
import sqlite3

from provstore.model.values import new_id
from provstore.store import facts, history, memory
from provstore.store.connection import explained, transaction
from provstore.store.memory import TaskMemo
from provstore.store.retracted import retract

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol, TypeVar

    from provstore.model.files import DirectoryMemo, Memo
    from provstore.model.remembered import PlanText
    from provstore.store.adding import Adding
    from provstore.store.facts import ExecutionFact, Row, RunFact
    from provstore.store.objects import Objects

    M = TypeVar("M", Memo, DirectoryMemo)

    class Registrar(Protocol):
        """Takes note of executions while they are recorded."""

        def add(self, added: Adding, executions: Sequence[ExecutionFact]) -> None:
            """Adds facts: in the transaction in which these are recorded, and before them."""

        def written(self, executions: Sequence[ExecutionFact]) -> None:
            """The transaction was written."""


INTERVAL = 0.1
"""Seconds that a finished task waits at most for its record."""

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
"""Endings that stand behind another one."""

SOURCES = "sources"
"""RUN collection of what nobody made."""


class Ledger:
    """Collects facts and writes them in groups.

    Args:
        path: The store's file, for messages.
        conn: Opened for writing.
        objects: What it keeps is written with the facts that need it.

    Attributes:
        registrar: Adds to each transaction what the executions in it bring with them.
        registered: Paths at which tasks have registered something since: what is remembered of them may be outdated.
    """

    def __init__(self, path: str, conn: sqlite3.Connection, objects: Objects) -> None:
        self._path, self._conn, self._objects = path, conn, objects
        self._collections: list[tuple[str, str, str, str]] = []
        self._members: list[tuple[str, str, str]] = []
        self._facts: list[tuple[str, Row | ExecutionFact | RunFact]] = []
        self._unwritten: dict[tuple[str, str, bool], str] = {}
        with explained(path):
            self._paths: set[str] | None = set() if history.has_no_dataset(conn) else None
            self._position = facts.last_position(conn)
        self.registered: set[str] = set()
        self._rows: dict[str, Row] = {}
        self._tasks: dict[tuple[str, str], TaskMemo] = {}
        self._plan: tuple[str, PlanText, Iterable[str] | None] | None = None
        self.registrar: Registrar | None = None

    @property
    def is_empty(self) -> bool:
        """No fact is waiting."""
        return not (self._facts or self._collections)

    def add(self, table: str, row: Row) -> None:
        """Adds a fact of one row."""
        self._facts.append((table, row))

    def add_collection(self, name: str, chain: str, now: str) -> None:
        """Adds a RUN collection at the head of a CHAINED one, which is made if it is missing."""
        self._collections += [(chain, "CHAINED", now, ""), (name, "RUN", now, "")]
        self._members.append((chain, name, now))

    def add_run(self, row: Row, sources: Mapping[str, str]) -> None:
        """Adds a run and the digests of the files it read, by path."""
        self.add_sources(str(row["started"]))
        self._facts.append(("run", facts.RunFact(row, sorted(sources.items()))))

    def add_sources(self, now: str) -> None:
        """Adds the collection of what nobody made, where there is none yet."""
        self._collections.append((SOURCES, "RUN", now, "What nobody made: inputs, edits by hand"))

    def add_execution(self, fact: ExecutionFact, stage: str, memo: TaskMemo | None) -> None:
        """Adds an execution; with `memo` as its task's last success."""
        self._facts.append(("execution", fact))
        if memo is not None:
            self._tasks[stage, str(fact.row["data_id"])] = memo

    def remember_task(self, stage: str, data_id: str, memo: TaskMemo) -> None:
        """Remembers a success that was found in the past, not made now."""
        self._tasks[stage, data_id] = memo

    def dataset_with(self, path: str, digest: str, executable: bool) -> str | None:
        """The dataset with this content at this path, written or not; None when there is none yet."""
        waiting = self._unwritten.get((path, digest, executable))
        if waiting is not None:
            return waiting
        if self._paths is not None and path not in self._paths:  # the first run need not ask for each of its sources
            return None
        with explained(self._path):
            return history.dataset_with(self._conn, path, digest, executable)

    def add_dataset(self, row: Row) -> str:
        """Adds a dataset that no execution made, and returns its id."""
        self._facts.append(("dataset", row))
        return self.expect_dataset(row)

    def expect_dataset(self, row: Row) -> str:
        """Makes a dataset that waits in an execution known to `dataset_with`."""
        dataset = str(row["id"])
        if self._paths is not None:
            self._paths.add(str(row["path"]))
        self._unwritten[str(row["path"]), str(row["digest"]), bool(row["executable"])] = dataset
        self._rows[dataset] = row
        return dataset

    def row_of(self, dataset: str) -> Row:
        """The row of a dataset, written or not."""
        known = self._rows.get(dataset)
        if known is not None:
            return known
        with explained(self._path):
            return history.dataset_row(self._conn, dataset)

    def notice_registered(self) -> None:
        """Finds out what tasks have registered since the last time."""
        with explained(self._path):
            self._notice_registered()

    def _notice_registered(self) -> None:
        last = facts.last_position(self._conn)
        if last > self._position:
            self.registered.update(history.paths_since(self._conn, self._position))
            self._position = last
            self._paths = None

    def remember_plan(self, fingerprint: str, content: PlanText, works: Iterable[str] | None) -> None:
        """Remembers a plan with the next transaction; see `memory.put_plan`. A second try asks for the works again."""
        self._plan = (fingerprint, content, works)

    def write(self, files: Mapping[str, Memo], directories: Mapping[str, DirectoryMemo]) -> None:
        """Writes all that waits, and what was learnt of the files, in one transaction.

        Raises:
            StoreError: It could not be written; everything goes on waiting.
        """
        executions = self._executions()
        with explained(self._path), transaction(self._conn):
            self._conn.executemany(facts.KEEP_OBJECT, self._objects.pending.values())
            self._conn.executemany(facts.PUT_OBJECT, self._objects.replaced())
            self._notice_registered()
            if executions:
                self._register(executions)
            position = self._write_facts() if self._facts or self._collections else self._position
            memory.put_memos(self._conn, self._without_registered(files), self._without_registered(directories))
            memory.put_tasks(self._conn, self._tasks)
            if self._plan is not None:
                memory.put_plan(self._conn, *self._plan)
        self._position = position
        if self.registrar is not None and executions:
            self.registrar.written(executions)
        self._forget_written()

    def _executions(self) -> list[ExecutionFact]:
        """Those that wait, where somebody wants to know."""
        if self.registrar is None:
            return []
        return [fact for _, fact in self._facts if isinstance(fact, facts.ExecutionFact)]

    def _register(self, executions: Sequence[ExecutionFact]) -> None:
        """What they bring with them."""
        from provstore.store.adding import Adding

        if self.registrar is not None:
            self.registrar.add(Adding(self._conn, self._objects), executions)

    def _without_registered(self, memos: Mapping[str, M]) -> Mapping[str, M]:
        """Memos that do not say which dataset lies where a task has registered one: the next look finds that out."""
        outdated = self.registered & memos.keys()
        return {**memos, **{path: memos[path]._replace(dataset=None) for path in outdated}} if outdated else memos

    def _write_facts(self) -> int:
        """Returns the position of the last record."""
        chain = facts.Chain(self._conn)
        for name, kind, created, description in self._collections:
            if facts.collection_type(self._conn, name) is None:
                new: Row = {"name": name, "type": kind, "created": created, "description": description}
                chain.add("collection", new)
            else:
                chain.bring_back(name, created)
        for parent, child, added in self._members:
            position = facts.head_of(self._conn, parent)
            member: Row = {"id": new_id(), "chain": parent, "child": child, "position": position, "added": added}
            chain.add("chain_member", member)
        for kind, fact in self._facts:
            chain.add(kind, fact)
            if isinstance(fact, facts.ExecutionFact) and fact.row["outcome"] != "succeeded":
                retract(self._conn, chain, fact.row)
        return chain.position

    def _forget_written(self) -> None:
        self._objects.forget_pending()
        self._collections.clear()
        self._members.clear()
        self._facts.clear()
        self._unwritten.clear()
        self._rows.clear()
        self._tasks.clear()
        self._plan = None


def name_of(path: str) -> str:
    """A dataset's name where none is given: the last part of its path without its ending."""
    stem, ending = posixpath.splitext(path.rstrip("/").rpartition("/")[2])
    return posixpath.splitext(stem)[0] if ending.lower() in COMPRESSED else stem
