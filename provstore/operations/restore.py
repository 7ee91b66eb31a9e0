"""Puts a recorded version of a file or a directory back.

Nothing is recorded by it but what lies there now. What lay there before is kept first, so that no version is
ever lost by going back to another one.
"""

from __future__ import annotations

import os
import shlex

from provstore.errors import UnknownIdError, UsageError
from provstore.events import Remark
from provstore.model.files import TOOL_FOLDERS
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.operations.attempt import Circumstances
from provstore.operations.circumstances import user_name
from provstore.operations.identify import NO_STORE, RUN_FIRST
from provstore.operations.protect import protect
from provstore.operations.secrets import Secrets
from provstore.operations.versions import in_a_directory, recorded
from provstore.store import records
from provstore.store.history import Made
from provstore.store.proof import prove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.store import Store

PUT_BACK, THERE, NOT_KEPT = "restored", "already there", "not kept"
TAG = "blake3:"


class RestoreRequest(NamedTuple):
    """What a user wants back.

    Attributes:
        text: PATH or PATH@ID.
        current: Folder that paths are relative to.
        to: Another place for it; None: its own.
    """

    text: str
    current: str
    to: str | None = None


class RestoreReport(NamedTuple):
    """What became of it.

    Attributes:
        path: Of the version, relative to the project.
        to: Where it was to be put: relative to the project, absolute outside of it.
        dataset, digest: The version.
        outcome: "restored", "already there", or "not kept": its bytes are not at hand.
    """

    path: str
    to: str
    dataset: str
    digest: str
    outcome: str


class _Version(NamedTuple):
    """A recorded version of a path; `ids` are what it may be called by."""

    made: Made
    ids: tuple[str, ...]
    by_task: bool
    created: str


def restore(project: Project, request: RestoreRequest, observe: Observer) -> RestoreReport:
    """Puts a version back. Waits while another run holds the project.

    Raises:
        UnknownIdError: The store knows no such version, or several.
        UsageError: It can't be put there, or there is no store.
        FileError: The place can't be written, or lies behind a link that leaves the project.
        StoreDamagedError: The version's record is not what was recorded.
    """
    from provstore.operations.announced import clear
    from provstore.operations.hold import hold
    from provstore.operations.interrupted import end_interrupted

    store = project.store
    if store is None:
        raise UsageError(f"{request.text}: {NO_STORE}", hint=RUN_FIRST)
    version, target = _wanted(project, store, request)
    running = os.path.join(project.folder, "running")
    with hold(project.root, f"provstore restore {shlex.quote(request.text)}", "restore its files", observe) as lock:
        project.renew_store()
        store = project.store or store
        end_interrupted(project, observe)
        if lock.waited:  # the last version may be another one by now
            version, target = _wanted(project, store, request)
        os.makedirs(running, exist_ok=True)  # should this be killed, the next run cleans up behind it
        try:
            outcome = _put(project, store, version.made, target, observe)
        finally:
            clear(project.root, project.store, running)
    return RestoreReport(version.made.path, target, version.made.dataset, version.made.digest, outcome)


def _wanted(project: Project, store: Store, request: RestoreRequest) -> tuple[_Version, str]:
    """The version, whose record is as it was written, and where it goes."""
    version = _version_of(project, store, request)
    prove(store, "dataset", version.made.dataset)
    return version, _target(project, request, version.made)


# --- which version ----------------------------------------------------------------------------------------


def _version_of(project: Project, store: Store, request: RestoreRequest) -> _Version:
    """The version that ``PATH`` or ``PATH@ID`` names; a path that is known as a whole is no ``PATH@ID``."""
    path = _inside(project, request.current, request.text)
    versions = _versions(store, path)
    if versions:
        return _latest(project, store, path, versions)
    before, at, id = request.text.rpartition("@")
    if at and before:
        path = _inside(project, request.current, before)
        versions = _versions(store, path)
    if not versions:
        raise UnknownIdError(f"{path}: the store knows no version of it", hint=_near(project, store, path))
    return _named(path, versions, id)


def _inside(project: Project, current: str, path: str) -> str:
    from provstore.project import relative_path

    return relative_path(project.root, current, path or ".")


def _near(project: Project, store: Store, path: str) -> str:
    plan = project.plan({}).plan
    near = nearest(path, (made for task in range(len(plan.tasks)) for made in plan.outputs(task)))
    return f"did you mean '{near}'?" if near else ""


def _versions(store: Store, path: str) -> list[_Version]:
    """Every version of a path, newest first; of a file in a recorded directory: those in the directory's versions.

    Of one that a task made with its directory, and that was recorded by itself since another read it: both.
    """
    rows = store.ask(records.versions, path)
    found = [_version(row, Made(path, "", row["digest"], row["kind"], bool(row["executable"]), row["id"]))
             for row in rows]  # fmt: skip
    if found and not any(version.by_task for version in found):
        return found
    known = {row["execution"] for row in rows}
    parts = [version for version in _parts(store, path) if known.isdisjoint(version.ids)]
    return sorted([*found, *parts], key=lambda version: version.created, reverse=True) if parts else found


def _parts(store: Store, path: str) -> list[_Version]:
    """The versions of a file in those of the nearest recorded directory that had it."""
    folder, slash, name = path.rpartition("/")
    while slash:
        found = [
            _version(row, made)
            for row in store.ask(records.versions, folder)
            if row["kind"] == "directory"
            for made in _members(store, row, path, name)
        ]
        if found:
            return found
        folder, slash, last = folder.rpartition("/")
        name = f"{last}/{name}"
    return []


def _members(store: Store, row: dict[str, Any], path: str, name: str) -> Iterator[Made]:
    """The file of a name in a recorded directory, if its list of files is kept."""
    try:
        entries = store.objects.entries(row["digest"])
    except KeyError:
        return
    for entry in entries:
        if entry.path == name and entry.kind in ("file", "executable"):
            yield Made(path, "", entry.digest, "file", entry.kind == "executable", row["id"])


def _version(row: dict[str, Any], made: Made) -> _Version:
    ids = tuple(id for id in (row["id"], row["execution"], row["run"], made.digest, row["digest"]) if id)
    return _Version(made, ids, row["execution"] is not None, row["created"])


def _latest(project: Project, store: Store, path: str, versions: Sequence[_Version]) -> _Version:
    """What the last success of its task made; else the last that any task made; else the last that is known."""
    made = [version for version in versions if version.by_task]
    known = (recorded(project, store, path) or in_a_directory(project, store, path)) if made else None
    expected = known.expected.dataset if known is not None and known.expected is not None else None
    return next((version for version in made if version.made.dataset == expected), (made or versions)[0])


def _named(path: str, versions: Sequence[_Version], id: str) -> _Version:
    """The version that an id, or the beginning of one, belongs to. Several with one content are one."""
    wanted = id.lower()
    found = [
        version
        for version in versions
        if wanted and any(known.startswith(wanted) or known.startswith(TAG + wanted) for known in version.ids)
    ]
    contents = {(version.made.digest, version.made.kind, version.made.executable) for version in found}
    if len(contents) == 1:
        return found[0]
    listed = "\n".join(_listed(version) for version in found or versions)
    problem = (
        "several versions have an id that begins so" if found else "no version has an id that begins so; known are"
    )
    raise UnknownIdError(f"{path}@{id}: {problem}\n{listed}", hint="name one of these")


def _listed(version: _Version) -> str:
    return f"  {version.made.dataset}  {version.created}  {version.made.digest[: len(TAG) + 12]}"


# --- where to, and how ------------------------------------------------------------------------------------


def _target(project: Project, request: RestoreRequest, made: Made) -> str:
    """Where the version goes: relative to the project, or absolute outside of it.

    Raises:
        UsageError: A directory would be replaced, or the store itself.
    """
    if request.to is None:
        target = made.path
        full = os.path.join(project.root, target)
    else:
        full = os.path.normpath(os.path.join(os.path.realpath(request.current), request.to))
        inside = full.startswith(project.root.rstrip("/") + "/")
        target = os.path.relpath(full, project.root) if inside else full
        if os.path.isdir(full):
            raise UsageError(f"--to {request.to}: this is a directory, expected a name that is free or a file's")
        if not inside and os.path.lexists(full):
            raise UsageError(f"--to {request.to}: this exists, and lies outside of the project: it could not be kept")
    if target.partition("/")[0] in TOOL_FOLDERS or f"{project.root}/".startswith(full + "/"):
        raise UsageError(f"{target}: nothing is restored there")
    return target


def _put(project: Project, store: Store, made: Made, target: str, observe: Observer) -> str:
    """Puts the version in its place; what lies there is kept, and that is written, before it is replaced."""
    from provstore.operations.outputs import Outputs

    workspace, ledger = project.workspace(), store.ledger()
    # A place outside of the project was named by the user, and is free: it may be anywhere.
    outputs = Outputs(os.sep if target.startswith("/") else project.root, project.folder, workspace, store.objects)
    look = workspace.look(target)
    if look is not None:
        content, _ = workspace.read(target)
        if (content.digest, content.kind, content.executable) == (made.digest, made.kind, made.executable):
            return THERE
    if not store.objects.has_all(made.digest, made.kind):
        return NOT_KEPT
    if look is not None:
        around = Circumstances(
            project.root,
            run="",
            collection="",
            owner=user_name(),
            objects_limit=None,
            store=store,
            ledger=ledger,
            workspace=workspace,
            outputs=outputs,
            environment={},
            secrets=Secrets((), {}),
            tell=lambda text: observe(Remark(text)),
        )
        protect(around, target, look, even_if_recorded=True)
        ledger.write({}, {})
    if not outputs.restore(made._replace(path=target)):
        return NOT_KEPT
    if not target.startswith("/"):
        workspace.look(target)
        workspace.settle(wait=True)
    ledger.write(*workspace.take_noted())
    return PUT_BACK
