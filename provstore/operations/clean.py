"""Removes outputs that the store can restore: those of tasks, or those that no task makes any more.

Rules: only what an execution made is removed, to the byte, and only when every byte of it is kept; all else is left,
and said to be. A file, or a directory as a whole, goes by one rename, so that a kill leaves it whole or gone. No link
is followed. Nothing is recorded: the next run puts back what it needs.
"""

from __future__ import annotations

import contextlib
import os

from provstore.errors import FileError, UsageError
from provstore.model.files import TOOL_FOLDERS
from provstore.noun import NamedTuple
from provstore.operations.announced import clear
from provstore.operations.outputs import Outputs
from provstore.operations.targets import Targets, select
from provstore.store import leavings
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.events import Observer
    from provstore.model.files import Content, DirectoryMemo, Memo
    from provstore.model.task import Plan
    from provstore.project import Project
    from provstore.store.store import Store

RESTORABLE, DEAD = "restorable", "no task makes it any more"
NAMED = 3
"""Files of a directory that a reason names."""


class CleanRequest(NamedTuple):
    """What a person wants removed.

    Attributes:
        targets: Whose outputs; without any: those of all tasks.
        dead: Instead those that no task makes any more.
        dry_run: Only say what would be removed.
        wait: Wait for a run of this project to end; else give up.
    """

    targets: Targets = Targets()
    dead: bool = False
    dry_run: bool = False
    wait: bool = True


class Removed(NamedTuple):
    """An output that was removed; `bytes` of a directory are those of all its files."""

    path: str
    bytes: int
    reason: str


class Left(NamedTuple):
    """An output that is still there, and why."""

    path: str
    reason: str


class CleanReport(NamedTuple):
    """What was removed, or would be.

    Attributes:
        folders: Folders that were removed because nothing else was in them.
        unknown: Stages that were asked for whose tasks are not known: what they made is left.
    """

    dry_run: bool
    dead: bool
    removed: Sequence[Removed] = ()
    left: Sequence[Left] = ()
    folders: Sequence[str] = ()
    unknown: Sequence[str] = ()
    remarks: Sequence[str] = ()

    @property
    def bytes(self) -> int:
        """Bytes of all that was removed."""
        return sum(entry.bytes for entry in self.removed)


def clean(project: Project, request: CleanRequest, observe: Observer) -> CleanReport:
    """Removes outputs that can be restored. Waits while a run holds the project; a preview waits for nobody.

    Raises:
        UsageError: `dead` with targets, or while it is not known what all tasks make.
        PipelinefileError, TargetError: The Pipelinefile is wrong, or a target names nothing.
        StoreLockedError: A run holds the project, and waiting was not wanted.
        StoreDamagedError: The record of an output is not what was recorded.
    """
    if request.dead and request.targets.texts:
        raise UsageError("found targets beside --dead, expected one of them", hint="what is dead has no task to name")
    if request.dry_run or project.store is None:
        return _Cleaning(project, request).go_through()
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted

    with hold(project.root, "provstore clean", "remove its outputs", observe, wait=request.wait):
        project.renew_store()
        end_interrupted(project, observe)
        project.forget_pipeline()
        return _Cleaning(project, request).go_through()


class _Cleaning:
    """One look at the outputs that are asked about."""

    def __init__(self, project: Project, request: CleanRequest) -> None:
        self._project, self._request = project, request
        self._plan = self._known_plan()
        project.declare_formats(self._plan)
        self._workspace = project.workspace()
        self._aside = os.path.join(project.folder, "running", "clean")
        self._removed: list[Removed] = []
        self._left: list[Left] = []
        self._unknown: list[str] = []
        self._remarks: list[str] = []

    def go_through(self) -> CleanReport:
        """Removes what can be; only while holding the lock, but for a preview."""
        request = self._request
        folders: list[str] = []
        try:
            for path, is_frozen in self._dead() if request.dead else self._outputs():
                self._look_at(path, is_frozen=is_frozen)
            if not request.dry_run:
                folders = self._remove_empty_folders()
        finally:
            if not request.dry_run:
                clear(self._project.root, self._project.store, os.path.dirname(self._aside))
        remarks = (*self._remarks, *self._project.take_remarks())
        return CleanReport(request.dry_run, request.dead, self._removed, self._left, folders, self._unknown, remarks)

    def _known_plan(self) -> Plan:
        """The plan: with tasks that were found in an output directory where that is there.

        For what is dead only such tasks count as known that a run would not find to be others.
        """
        if not self._request.dead:
            plan = self._project.plan({}).plan
            there = frozenset(gate for gate in plan.gates if self._is_there(plan, gate))
            return plan if len(there) == len(plan.gates) else self._project.plan({}, there).plan
        from provstore.operations.assess import assess

        return assess(self._project, Targets(everything=True), {}).plan

    def _is_there(self, plan: Plan, stage: str) -> bool:
        """Something lies at every output of a stage."""
        made = (
            path for task in range(len(plan.tasks)) if plan.stage_of(task).name == stage for path in plan.outputs(task)
        )
        return all(os.path.lexists(os.path.join(self._project.root, path)) for path in made)

    # --- which ----------------------------------------------------------------------------------------------

    def _outputs(self) -> Iterator[tuple[str, bool]]:
        """(path, is of a frozen stage) of each output that was asked for."""
        plan = self._plan
        targets = self._request.targets._replace(everything=True)
        selection = select(plan, targets, self._project.root)
        for entry in plan.unresolved:
            if entry.stage in selection.unresolved:
                self._unknown.append(entry.stage)
                self._remarks.append(
                    f"the tasks of {entry.stage} are known once {entry.gate} is fresh: what they made is left"
                )
        for position in sorted(selection.named):
            is_frozen = plan.stage_of(position).frozen
            for path in plan.outputs(position):
                yield path, is_frozen

    def _dead(self) -> Iterator[tuple[str, bool]]:
        """(path, False) of what lies about that an execution made, and that no task makes or reads any more.

        What is in a directory that an execution made goes with that directory, or stays with it.

        Raises:
            UsageError: It is not known what all tasks make.
        """
        plan, store = self._plan, self._project.store
        for entry in plan.unresolved:
            raise UsageError(
                f"--dead: the tasks of {entry.stage} are known once {entry.gate} is fresh, and what they make then",
                hint=f"bring it up to date first: provstore run {entry.gate}",
            )
        used = _Used(plan)
        made: set[str] = set()
        if store is None:
            return
        for path in store.ask(leavings.paths):
            if path.startswith(("/", "../")) or path.partition("/")[0] in TOOL_FOLDERS:
                continue
            if not made.isdisjoint(_above(path)) or store.ask(leavings.last_made, path) is None:
                continue
            made.add(path)
            if not used.has(path):
                yield path, False

    # --- what becomes of one --------------------------------------------------------------------------------

    def _look_at(self, path: str, *, is_frozen: bool) -> None:
        """Removes what lies at a path, or says why it is left; where nothing lies, there is nothing to say."""
        if not os.path.lexists(self._workspace.full(path)):
            return
        found = None
        try:
            found, reason = self._judge(path, is_frozen=is_frozen)
            if found is not None and not self._request.dry_run:
                reason = self._remove(path, found[1])
        except FileError as error:
            reason = error.message.removeprefix(f"{path}: ")
        if found is None or reason:
            self._left.append(Left(path, reason))
        else:
            self._removed.append(Removed(path, found[0].size, DEAD if self._request.dead else RESTORABLE))

    def _judge(self, path: str, *, is_frozen: bool) -> tuple[tuple[Content, Memo | DirectoryMemo] | None, str]:
        """What lies at a path, as it was read just now, if it can be restored; else why it can't."""
        store, workspace = self._project.store, self._workspace
        if store is None:
            return None, "nothing was ever recorded"
        if is_frozen:
            return None, "its stage is frozen"
        if Outputs(self._project.root, self._project.folder, workspace, store.objects).is_linked(path):
            return None, "a symbolic link, or behind one"
        content, memo = workspace.read(path)
        dataset = store.ask(leavings.made_exactly, path, content.digest, content.kind, content.executable)
        if dataset is None:
            return None, _strange(store, path, content)
        prove(store, "dataset", dataset)
        if not store.objects.holds(content.digest, content.kind):
            return None, "its bytes are not kept"
        return (content, memo), ""

    def _remove(self, path: str, memo: Memo | DirectoryMemo) -> str:
        """Removes what was read just now; returns why it is left after all, or ""."""
        store = self._project.store
        assert store is not None, "what is removed is recorded"
        if not self._workspace.looks_like(path, memo):
            return "changed just now"
        outputs = Outputs(self._project.root, self._project.folder, self._workspace, store.objects)
        outputs.move_aside(path, memo.identity, f"{self._aside}/{len(self._removed)}")
        return ""

    def _remove_empty_folders(self) -> list[str]:
        """Removes the folders that held nothing but what was removed; not one in which a command is to run."""
        kept = {stage.cwd for stage in self._project.pipeline({}).stages.values()}
        kept.add(os.path.relpath(os.path.realpath(self._request.targets.current), self._project.root))
        gone: list[str] = []
        for path in self._removed:
            for folder in _above(path.path):
                if folder in kept:
                    break
                try:
                    os.rmdir(self._workspace.full(folder))
                except OSError:  # something else is in it, or it is gone already
                    break
                gone.append(folder)
        return gone


class _Used:
    """What the tasks that there are, and the Pipelinefile itself, make or read: paths, and the folders above them."""

    def __init__(self, plan: Plan) -> None:
        self._paths = {*plan.paths, *plan.files, *plan.settings.plugins}
        self._folders = {folder for path in self._paths for folder in _above(path)}

    def has(self, path: str) -> bool:
        """It is one of them, lies in one of them, or one of them lies in it."""
        return path in self._paths or path in self._folders or not self._paths.isdisjoint(_above(path))


def _above(path: str) -> list[str]:
    """The folders that a path lies in, the nearest first."""
    found = []
    while "/" in path.strip("/"):
        path = path.rpartition("/")[0]
        found.append(path)
    return found


def _strange(store: Store, path: str, content: Content) -> str:
    """In what that which lies at a path is not what was made there."""
    last = store.ask(leavings.last_made, path)
    if last is None:
        return "no task made it"
    if content.kind != "directory" or last[1] != "directory":
        return "changed since it was made"
    recorded = None
    with contextlib.suppress(KeyError):
        recorded = store.objects.entries_if_kept(last[0])
    if recorded is None:
        return "changed since it was made"
    before = {entry.path: entry[1:] for entry in recorded}
    now = {entry.path: entry[1:] for entry in content.entries}
    names = [name for name in now if now[name] != before.get(name)]
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        return f"holds what was not made in it: {', '.join(names[:NAMED])}{more}"
    return "some of what was made in it is missing"
