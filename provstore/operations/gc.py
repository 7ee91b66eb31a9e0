"""Frees objects that nothing needs: older versions that no search finds, and what a kill left behind.

Facts are never touched. The order is safe at every step: the rows of all that is freed go in one transaction, then the
files that no row knows; whoever is killed in between leaves files, and the next call removes them.
"""

from __future__ import annotations

import contextlib
import time

from provstore.errors import FileError, StoreDamagedError, StoreUnwritableError
from provstore.events import Remark
from provstore.model.values import utc_text
from provstore.noun import NamedTuple
from provstore.store import history, memory, needed, shrink
from provstore.store.connection import RECOVER, explained, transaction, undone
from provstore.store.needed import Amount, FreedObject, FreedVersion, Keep
from provstore.store.objects import ObjectFile, remove_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace

NOTHING = Amount(0, 0)


class GcRequest(NamedTuple):
    """What a user wants freed.

    Attributes:
        dry_run: Only say what would be freed.
        age: Seconds; what was made within them is kept.
        versions: So many last versions of each path are kept.
        wait: Wait for a run of this project to end; else give up.
        every: The report names every object, not only the first `shown` datasets.
        shown: Datasets that the report names.
    """

    dry_run: bool = False
    age: float = 0.0
    versions: int = 0
    wait: bool = True
    every: bool = False
    shown: int = 20


class GcReport(NamedTuple):
    """What was freed, or would be.

    Attributes:
        freed: How many objects, with `files`.
        versions: Datasets whose bytes are freed, the first of them.
        number: Datasets whose bytes are freed; what belongs to none counts as one.
        objects: Every object that is freed; empty unless it was asked for.
        files: Object files that no row knows.
        kept, by: How many objects are kept, and by what; one that is needed by several counts for each.
        shrunk: Bytes by which the store's file got smaller.
    """

    dry_run: bool
    freed: Amount
    versions: Sequence[FreedVersion] = ()
    number: int = 0
    objects: Sequence[FreedObject] = ()
    files: Sequence[ObjectFile] = ()
    kept: Amount = NOTHING
    by: Mapping[str, Amount] = {}
    shrunk: int = 0


def gc(project: Project, request: GcRequest, observe: Observer) -> GcReport:
    """Frees what nothing needs. Waits while a run holds the project; a preview waits for nobody.

    Raises:
        PipelinefileError: The Pipelinefile can't be read, so that nobody knows what it needs.
        FileError: A file of the pipeline can't be read.
        StoreLockedError: A run holds the project, and waiting was not wanted.
        StoreDamagedError: Its facts can't tell what is needed.
    """
    if project.store is None:
        return GcReport(request.dry_run, NOTHING)
    if request.dry_run:
        return _Collection(project, project.store, request, observe).preview()
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted

    with hold(project.root, "provstore gc", "free its objects", observe, wait=request.wait):
        project.renew_store()
        end_interrupted(project, observe)
        return _Collection(project, project.store, request, observe).free()


class _Around(NamedTuple):
    """What is needed for the workspace's sake, as it was found before the store's file was locked.

    Attributes:
        lying: (path, digest or semantic digest of what lies there); None where that can't be told.
        executions: Those whose outputs the present tasks may want back.
    """

    lying: Sequence[tuple[str, str | None]]
    executions: set[str]


class _Collection:
    """One call of `gc`."""

    def __init__(self, project: Project, store: Store, request: GcRequest, observe: Observer) -> None:
        self._project, self._store, self._request, self._observe = project, store, request, observe
        self._conn = store.conn

    def preview(self) -> GcReport:
        """Says what would be freed; nothing is written."""
        around = self._look_around()
        self._store.ledger()  # temporary tables count as writing
        with explained(self._store.path), undone(self._conn):
            return self._judge(around)

    def free(self) -> GcReport:
        """Frees it."""
        around = self._look_around()
        self._store.ledger()
        with explained(self._store.path):
            with transaction(self._conn):
                report = self._judge(around)
                if report.freed.objects:
                    needed.free(self._conn)
            if report.freed.objects:
                for file in self._loose_files():
                    remove_file(file)
        return report._replace(shrunk=self._shrink())

    # --- what is needed -----------------------------------------------------------------------------------

    def _look_around(self) -> _Around:
        _check(self._store)
        workspace = self._project.workspace()
        executions = set(self._present_executions(workspace))
        looked = [(path, self._identity(workspace, path)) for path in self._store.ask(needed.kept_paths)]
        lying = [(path, identity) for path, identity in looked if identity != ""]
        return _Around(lying, executions)

    def _present_executions(self, workspace: Workspace) -> Iterator[str]:
        """Successes of the tasks that there are now: the last of each, and those that serve it as things are."""
        from provstore.operations.verdicts import Verdicts

        planned = self._project.plan({})
        plan = planned.plan
        verdicts = Verdicts(plan, workspace, self._store, planned.work)
        verdicts.judge(range(len(plan.tasks)), frozenset())
        yield from (success.execution for success in verdicts.success.values())
        remembered = self._store.ask(memory.task_memos)
        for position, task in enumerate(plan.tasks):
            name = (plan.stage_of(position).name, task.data_id)
            if name in remembered:
                yield remembered[name].execution
            last = self._store.ask(history.last_success, *name)
            if last is not None:
                yield last

    def _identity(self, workspace: Workspace, path: str) -> str | None:
        """Digest of what lies at a path, or semantic digest; "": nothing does; None: that can't be told."""
        if workspace.remembers(path) and not self._store.ask(memory.is_sound, path):
            workspace.forget(path)
        try:
            return workspace.identity(path).removesuffix("+x")
        except FileError as error:
            self._observe(Remark(f"{error.message}; every version of it is kept"))
            return None

    def _judge(self, around: _Around) -> GcReport:
        """Fills the tables of what is needed and what is not."""
        age = self._request.age
        since = utc_text(max(time.time() - age, 0.0)) if age else None
        needed.judge(self._conn, around.lying, around.executions, Keep(since, self._request.versions))
        fault = self._look_into_directories()
        if fault:
            self._observe(Remark(f"nothing is freed: {fault}"))
            needed.need_everything(self._conn)
        for directory, path, dataset, made in needed.settle(self._conn):
            with contextlib.suppress(KeyError):
                entries = self._store.objects.entries_if_kept(directory) or ()
                names = [(f"{path}/{entry.path}", dataset, made, entry.digest) for entry in entries]
                needed.name_members(self._conn, names)
        return self._report(() if fault else tuple(self._loose_files()))

    def _look_into_directories(self) -> str:
        """Needs what is in needed directories; says which can't be read."""
        for directory in needed.needed_directories(self._conn):
            try:
                entries = self._store.objects.entries_if_kept(directory) or ()
            except KeyError:
                return f"the list of a directory's files is damaged: {directory}"
            needed.put_members(self._conn, directory, (entry.digest for entry in entries if entry.digest))
        return ""

    def _report(self, files: Sequence[ObjectFile]) -> GcReport:
        amount, number = needed.freed_amount(self._conn)
        kept, by = needed.kept_amount(self._conn)
        return GcReport(
            self._request.dry_run,
            Amount(amount.objects + len(files), amount.bytes + sum(file.size for file in files)),
            needed.freed_versions(self._conn, self._request.shown),
            number,
            needed.freed(self._conn) if self._request.every else (),
            files,
            kept,
            by,
        )

    # --- files --------------------------------------------------------------------------------------------

    def _loose_files(self) -> Iterator[ObjectFile]:
        """Object files that no row knows and nothing needs; what was being written when a run was killed."""
        for file in self._store.objects.files():
            if not file.digest or not needed.is_accounted_for(self._conn, file.digest):
                yield file

    def _shrink(self) -> int:
        """Gives free pages back to the file system."""
        try:
            with explained(self._store.path):
                return shrink.shrink(self._conn)
        except StoreUnwritableError as error:
            self._observe(Remark(f"what was freed stays free inside of the store's file: {error.message}"))
            return 0


HARMLESS = frozenset(
    {"object-damaged", "wrong-manifest", "missing-text", "memory-damaged", "wrong-memory", "unrecorded"}
)
"""What may be wrong with a store that can tell all the same what is needed."""


def _check(store: Store) -> None:
    """Refuses a store whose facts can't tell what is needed.

    Raises:
        StoreDamagedError: Something is wrong with them.
    """
    from provstore.store.fsck import problems

    for problem in problems(store, objects=False):
        if problem.check not in HARMLESS:
            raise StoreDamagedError(
                f"{store.path}: nothing is freed, as the store is damaged: {problem.subject}: {problem.text}",
                hint=RECOVER,
            )
