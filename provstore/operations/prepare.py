"""Before a task runs: its outputs out of the way, its folders made, its description written, what it reads noted."""

from __future__ import annotations

import os
import time

from provstore.errors import FileError
from provstore.model.values import new_id, utc_text
from provstore.operations import recording
from provstore.operations.attempt import Circumstances, Ready, Underway
from provstore.operations.job import argv_for, environment_for, write_description
from provstore.operations.outputs import Aside
from provstore.operations.protect import protect
from provstore.ports import Job
from provstore.store import registered
from provstore.store.ledger import SOURCES
from provstore.watch.durable import write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.files import DirectoryMemo, Memo
    from provstore.model.task import Work
    from provstore.store.facts import Row


def prepare(around: Circumstances, ready: Ready, folder: str) -> tuple[Underway, Job]:
    """Makes a task's place ready: its outputs out of the way, its folders made, its description written.

    Args:
        folder: Absolute path of a folder for this attempt alone.

    Raises:
        FileError: An output can't be moved, or would lie outside of the project.
    """
    work, execution = ready.work, new_id()
    begun = recording.Begun(
        execution, around.run, ready.stage, ready.data_id_text, ready.key, ready.attempt, time.time()
    )
    row = recording.execution_row(begun, work)
    usage = usage_of(around, ready)
    aside = {
        output.path: f"aside-{execution}/{number}"
        for number, output in enumerate(work.outputs)
        if os.path.lexists(around.workspace.full(output.path))
    }
    description = f"{folder}/task.json"
    _write_description(around, ready, row, description, aside)
    if aside:
        write_out([description])  # before the moves it tells of: a power cut must leave both
    moved = _clear_all(around, work, folder, aside)
    environment = environment_for(around.environment, ready.stage, execution, around.root, description)
    cwd = os.path.join(around.root, work.cwd) if work.cwd else around.root
    job = Job(execution, argv_for(work, folder), cwd, environment, folder, work.timeout)
    return Underway(ready, execution, row, folder, moved, usage), job


def _clear_all(around: Circumstances, work: Work, folder: str, aside: Mapping[str, str]) -> list[Aside]:
    """Moves all outputs out of the way, or none."""
    moved: list[Aside] = []
    try:
        for output in work.outputs:
            place = aside.get(output.path)
            entry = _clear(around, output.path, place and f"{folder}/{place}", keep=work.keep, cache=work.cache)
            if entry is not None:
                moved.append(entry)
    except BaseException:
        if not work.keep:
            around.outputs.put_back({}, moved, [entry.path for entry in moved], lambda path, identity: True)
        raise
    return moved


def _write_description(around: Circumstances, ready: Ready, row: Row, path: str, aside: Mapping[str, str]) -> None:
    """Writes `task.json`: for the command what is promised to it, for a later run what it takes to clean up."""
    more = {
        "execution": row["id"],
        "record": row,
        "aside": aside,
        "secrets": around.secrets.names,
        "files": around.files,
    }
    write_description(ready.work, ready.stage, ready.data_id, path, more)


def _clear(around: Circumstances, path: str, place: str | None, *, keep: bool, cache: bool) -> Aside | None:
    """Moves an output out of the way, or copies it if the command goes on with it.

    Bytes that the store does not hold are kept first, and the user is told.

    Args:
        place: Where it goes; None: nothing was there.
    """
    around.outputs.check_place(path)
    around.outputs.make_folder(path)
    if place is None:
        return None
    look = around.workspace.look(path)
    if look is None:  # a symbolic link to nowhere
        return around.outputs.move_aside(path, "", place)
    protect(around, path, look, cache=cache, even_if_recorded=keep)
    dataset = around.workspace.dataset_of(path, look.identity)
    aside = around.outputs.copy_aside if keep else around.outputs.move_aside
    return aside(path, look.identity, place)._replace(dataset=dataset)


def usage_of(around: Circumstances, ready: Ready) -> list[tuple[str, int, str]]:
    """What the execution reads, as (role, position within the role, dataset).

    Raises:
        FileError: An input has changed since it was looked at.
    """
    usage: list[tuple[str, int, str]] = []
    count: dict[str, int] = {}
    outdated = around.ledger.registered
    for (role, path), look in zip(ready.work.inputs, ready.looks, strict=True):
        dataset = look.dataset if look is not None and path not in outdated else None
        if path in around.looked_up:
            dataset = around.looked_up[path].dataset
        if dataset is None and look is not None:
            dataset = _dataset_at(around, path, look)
            if dataset is None:
                raise FileError(f"input {path} changed while it was looked at", hint="run again")
        if dataset is not None:
            number = count[role] = count.get(role, -1) + 1
            usage.append((role, number, dataset))
    return usage


def _dataset_at(around: Circumstances, path: str, look: Memo | DirectoryMemo) -> str | None:
    """The dataset that lies at a path, recorded now if nobody made it; None if it changed since it was looked at."""
    known = around.workspace.dataset_of(path, look.identity)  # whether it has changed is asked after the command
    if known is not None and path not in around.ledger.registered:
        return known
    content = around.workspace.content(path, look)
    if content is None:
        return None
    dataset = around.ledger.dataset_with(path, content.digest, content.executable)
    if dataset is None:
        external = path.startswith(("/", "../"))
        place = recording.Place(SOURCES, around.owner, utc_text(time.time()), external)
        row = recording.source_row(path, content, place)
        around_it = around.workspace.directory_around(path) or _registered_around(around, path)
        if around_it is not None:
            folder, directory = around_it
            row = recording.member_row(row, folder, around.ledger.row_of(directory))
        dataset = around.ledger.add_dataset(row)
    around.workspace.assign(path, look, dataset)
    return dataset


def _registered_around(around: Circumstances, path: str) -> tuple[str, str] | None:
    """The directory around a path that a task of this run has registered, and its dataset."""
    folder = os.path.dirname(path)
    while folder and folder not in around.ledger.registered:
        folder = os.path.dirname(folder) if folder != "/" else ""
    living = around.store.ask(registered.living_at, folder) if folder else None
    return (folder, living.id) if living is not None and living.path == folder else None
