"""One attempt to run a task: preparing its place, judging how it ended, recording it.

A result is recorded only if the command ended with 0, nothing it started still runs, every declared output
exists and is of the declared kind, and no input changed meanwhile.
"""

from __future__ import annotations

import json
import os
import time
from typing import NamedTuple

from provstore.errors import FileError, naming
from provstore.model.files import TOOL_FOLDERS, Content, DirectoryMemo, Memo
from provstore.model.values import new_id, utc_text
from provstore.operations import recording
from provstore.operations.outputs import Aside, Outputs
from provstore.ports import Finished, Job
from provstore.store import history
from provstore.store.facts import ExecutionFact
from provstore.store.ledger import SOURCES
from provstore.store.memory import TaskMemo
from provstore.watch.durable import write_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provstore.model.task import Output, Work
    from provstore.model.values import DataId
    from provstore.operations.recording import Begun
    from provstore.operations.secrets import Secrets
    from provstore.store.facts import Row
    from provstore.store.ledger import Ledger
    from provstore.store.store import Store
    from provstore.watch.workspace import Workspace

LONGEST_ARGUMENT = 120_000
"""Bytes: Linux refuses a single argument beyond 128 KiB, so a longer script goes into a file."""


class Circumstances(NamedTuple):
    """What all attempts of a run share.

    Attributes:
        root: Absolute path of the project.
        objects_limit: Outputs above this many bytes are not kept; None: all are.
        environment: What the runner itself was given.
        secrets: What no record may show.
        tell: Gets remarks for the user.
    """

    root: str
    run: str
    collection: str
    owner: str
    objects_limit: int | None
    store: Store
    ledger: Ledger
    workspace: Workspace
    outputs: Outputs
    environment: Mapping[str, str]
    secrets: Secrets
    tell: Callable[[str], None]


class Ready(NamedTuple):
    """A task that is to be run now.

    Attributes:
        looks: What was seen at each input when its key was made.
    """

    stage: str
    data_id: DataId
    data_id_text: str
    key: str
    work: Work
    looks: Sequence[Memo | DirectoryMemo | None]
    attempt: int


class Underway(NamedTuple):
    """A task whose command runs.

    Attributes:
        folder: Where its log is.
        aside: What was moved, or copied, out of the way.
        usage: What it reads, as (role, position within the role, dataset): noted before it may change.
    """

    ready: Ready
    begun: Begun
    row: Row
    folder: str
    aside: Sequence[Aside]
    usage: Sequence[tuple[str, int, str]]


class Conclusion(NamedTuple):
    """How an attempt ended.

    Attributes:
        outcome: As in the table `execution`.
        made: Identities of the outputs, after a success.
    """

    outcome: str
    message: str
    made: tuple[str, ...]


def prepare(around: Circumstances, ready: Ready, folder: str) -> tuple[Underway, Job]:
    """Makes a task's place ready: its outputs out of the way, its folders made, its description written.

    Args:
        folder: Absolute path of a folder for this attempt alone.

    Raises:
        FileError: An output can't be moved, or would lie outside of the project.
    """
    begun = recording.Begun(
        new_id(), around.run, ready.stage, ready.data_id_text, ready.key, ready.attempt, time.time()
    )
    row = recording.execution_row(begun, ready.work)
    usage = _usage(around, ready)
    os.makedirs(folder, exist_ok=True)
    aside = {
        output.path: os.path.join(folder, f"aside-{begun.id}", str(number))
        for number, output in enumerate(ready.work.outputs)
        if os.path.lexists(around.workspace.full(output.path))
    }
    write_description(around, ready, row, folder, aside)
    if aside:
        write_out([os.path.join(folder, "task.json")])  # before the moves it tells of: a power cut must leave both
    moved: list[Aside] = []
    try:
        for output in ready.work.outputs:
            entry = clear(around, output.path, aside.get(output.path), keep=ready.work.keep, cache=ready.work.cache)
            if entry is not None:
                moved.append(entry)
    except BaseException:
        if not ready.work.keep:
            around.outputs.put_back({}, moved, [entry.path for entry in moved], lambda path, identity: True)
        raise
    argv = _argv(ready.work, folder)
    environment = {
        **around.environment,
        "PROVSTORE_STAGE": ready.stage,
        "PROVSTORE_EXECUTION": begun.id,
        "PROVSTORE_ROOT": around.root,
        "PROVSTORE_TASK": os.path.join(folder, "task.json"),
    }
    cwd = os.path.join(around.root, ready.work.cwd) if ready.work.cwd else around.root
    job = Job(begun.id, argv, cwd, environment, folder, ready.work.timeout)
    return Underway(ready, begun, row, folder, moved, usage), job


def _argv(work: Work, folder: str) -> tuple[str, ...]:
    """The command to start; a script that is too long for an argument is put into a file."""
    if not work.shell or len(work.argv[-1]) * 4 < LONGEST_ARGUMENT or work.argv[-2] != "-c":
        return work.argv
    if len(work.argv[-1].encode()) < LONGEST_ARGUMENT:
        return work.argv
    script = os.path.join(folder, "script")
    with naming(script), open(script, "w", encoding="utf-8") as file:
        file.write(work.argv[-1])
    return (*work.argv[:-2], script)


def write_description(around: Circumstances, ready: Ready, row: Row, folder: str, aside: dict[str, str]) -> None:
    """Writes `task.json`: for the command what DESIGN promises, for a later run what it takes to clean up."""
    from provstore.pipelinefile.render import seen_from

    work = ready.work
    inputs: dict[str, str | list[str]] = {role: [] for role in work.gathered}
    for role, path in work.inputs:
        place = seen_from(work.cwd, path)
        listed = inputs.setdefault(role, place)
        if isinstance(listed, list):
            listed.append(place)
    description = {
        "stage": ready.stage,
        "data_id": dict(ready.data_id),
        "inputs": inputs,
        "outputs": {output.role: seen_from(work.cwd, output.path) for output in work.outputs},
        "params": work.params,
        "execution": row["id"],
        "record": row,
        "aside": {path: os.path.relpath(place, folder) for path, place in aside.items()},
        "secrets": around.secrets.names,
    }
    write_in_place(os.path.join(folder, "task.json"), json.dumps(description, ensure_ascii=False).encode())


def write_in_place(path: str, data: bytes) -> None:
    """Writes a small file over an older one, with spaces behind if that was longer.

    A file that is cut to nothing first is written to the disk at once by ext4 when it is closed, which would
    cost more than all else that is done for a task.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        with naming(path):
            data = data.ljust(os.fstat(descriptor).st_size)
            done = 0
            while done < len(data):  # a disk that gets full takes a part
                done += os.pwrite(descriptor, data[done:], done)
    finally:
        os.close(descriptor)


def clear(around: Circumstances, path: str, place: str | None, *, keep: bool, cache: bool) -> Aside | None:
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
    aside = around.outputs.copy_aside if keep else around.outputs.move_aside
    return aside(path, look.identity, place)


def protect(
    around: Circumstances,
    path: str,
    look: Memo | DirectoryMemo,
    *,
    cache: bool = True,
    even_if_recorded: bool = False,
) -> None:
    """Keeps what lies at a path unless the store holds it, or need not: what a person put there is never lost.

    Args:
        cache: What the task makes is to be kept; else that a task made it is enough.
    """
    if look.dataset is not None and not even_if_recorded and _is_safe(around, look.dataset, cache):
        return
    content, memo = around.workspace.read(path)
    known = around.ledger.dataset_with(path, content.digest, content.executable)
    safe = known is not None and _is_safe(around, known, cache)
    if known is not None and safe and not even_if_recorded:
        around.workspace.assign(path, memo, known)
        return
    if not around.outputs.keep(path, content):
        raise FileError(f"{path}: changes while provstore reads it", hint="see who writes to it, and run again")
    if known is None:
        place = recording.Place(SOURCES, around.owner, utc_text(time.time()))
        around.workspace.assign(path, memo, around.ledger.add_dataset(recording.source_row(path, content, place)))
    if not safe and (known is None or around.ledger.row_of(known)["execution"] is None):
        short = content.digest[: len("blake3:") + 12]
        around.tell(f"{path} holds what no task made; it is kept: provstore restore '{path}@{short}'")
    if known is None or around.store.objects.pending:
        around.ledger.write({}, {})  # before it is moved: a kill must not find these bytes in memory only


def _is_safe(around: Circumstances, dataset: str, cache: bool) -> bool:
    """Its bytes are kept, or a task made it whose outputs are not to be kept.

    Not so a source that was only read, nor what `gc` has freed and somebody has put back.
    """
    row, limit = around.ledger.row_of(dataset), around.objects_limit
    is_to_be_kept = cache and (limit is None or int(str(row["size"])) <= limit)
    digest, kind = str(row["digest"]), str(row["kind"])
    if row["execution"] is not None:  # a task can make it again, should the kept bytes be damaged
        return not is_to_be_kept or around.store.objects.has_all(digest, kind)
    return around.store.objects.holds(digest, kind)


def conclude(around: Circumstances, underway: Underway, finished: Finished, printed: str) -> Conclusion:
    """Judges how an attempt ended, and hands its record to the ledger.

    Args:
        printed: Absolute path of the file with what the command printed.
    """
    ready = underway.ready
    outcome, message = _outcome_of(finished)
    message = around.secrets.out_of(message)
    contents: list[tuple[Output, Content, Memo | DirectoryMemo]] = []
    if not message:
        outcome, message = _check_inputs(around, ready)
    if not message:
        contents, message = _collect(around, ready.work)
        outcome = "failed" if message else "succeeded"
    if not message and not _keep(around, ready.work, contents):
        outcome, message = "failed", "an output changed after the command had ended"
    log = _kept_log(around, printed, finished.log_size)
    row = recording.ended(underway.row, finished, outcome, message, log)
    if outcome != "succeeded":
        around.ledger.add_execution(ExecutionFact(row, underway.usage, ()), ready.stage, None)
        clean_up(around, underway)
        return Conclusion(outcome, message, ())
    made = _record_outputs(around, contents, row)
    identities = tuple(content.identity for _, content, _ in contents)
    memo = TaskMemo(ready.key, underway.begun.id, " ".join(identities))
    around.ledger.add_execution(ExecutionFact(row, underway.usage, made), ready.stage, memo)
    return Conclusion("succeeded", "", identities)


def clean_up(around: Circumstances, underway: Underway) -> None:
    """After a failure: what was written is put away, the last good version comes back.

    Where the command has made that impossible, the user is told, and what was moved aside is kept.
    """
    ready, execution = underway.ready, underway.begun.id
    paths = [output.path for output in ready.work.outputs]
    last = around.store.ask(history.last_success, ready.stage, ready.data_id_text)
    good = around.store.ask(history.made_by, last) if last is not None else {}
    try:
        around.outputs.put_away(paths, execution)
        around.outputs.put_back(
            good, underway.aside, paths, lambda path, identity: around.store.ask(history.is_made, path, identity)
        )
    except FileError as error:
        around.outputs.save_aside(os.path.join(underway.folder, f"aside-{execution}"), execution)
        around.tell(f"{error.message}; what was there before is in .provstore/failed/{execution}")


def _outcome_of(finished: Finished) -> tuple[str, str]:
    """Outcome and message as far as the command itself tells; no message: it ended with 0."""
    if finished.stopped:
        return "cancelled", "stopped"
    if finished.error:
        return "failed", finished.error
    if finished.timed_out:
        return "timed-out", "took longer than its timeout"
    if finished.signal is not None:
        return "failed", f"ended by signal {finished.signal}"
    if finished.exit_status:
        return "failed", f"exit status {finished.exit_status}"
    if finished.survivors:
        return "failed", f"left running: {', '.join(finished.survivors)}; it was ended"
    return "succeeded", ""


def _check_inputs(around: Circumstances, ready: Ready) -> tuple[str, str]:
    for (_, path), look in zip(ready.work.inputs, ready.looks, strict=True):
        if not around.workspace.looks_like(path, look):
            return "tainted", f"input {path} changed while it ran"
    return "succeeded", ""


def _collect(around: Circumstances, work: Work) -> tuple[list[tuple[Output, Content, Memo | DirectoryMemo]], str]:
    """Reads what was made; with a message where something was not."""
    contents = []
    for output in work.outputs:
        full = around.workspace.full(output.path)
        if not os.path.lexists(full):
            return [], f"output {output.path} was not made"
        real = os.path.realpath(full)
        if not real.startswith(around.root.rstrip("/") + "/"):
            return [], f"output {output.path} is a symbolic link that leads out of the project"
        if os.path.relpath(real, around.root).partition(os.sep)[0] in TOOL_FOLDERS:
            return [], f"output {output.path} is a symbolic link into a folder that is not for outputs"
        try:
            content, memo = around.workspace.read(output.path)
        except FileError as error:
            return [], error.message
        if output.directory and content.kind != "directory":
            return [], f"output {output.path} is a file, declared as a directory"
        contents.append((output, content, memo))
    return contents, ""


def _keep(around: Circumstances, work: Work, contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]]) -> bool:
    """Keeps the bytes of what was made, as far as the Pipelinefile wants that."""
    if not work.cache:
        return True
    limit = around.objects_limit
    return all(
        around.outputs.keep(output.path, content)
        for output, content, _ in contents
        if limit is None or content.size <= limit
    )


def _kept_log(around: Circumstances, path: str, size: int) -> str | None:
    """Keeps what the command printed, of any size, and returns its digest."""
    if not size:
        return None
    from provstore.digest import digest_descriptor

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        digest = digest_descriptor(descriptor, size)
    finally:
        os.close(descriptor)
    return digest if around.store.objects.keep_file(digest, path, size) else None


def _usage(around: Circumstances, ready: Ready) -> list[tuple[str, int, str]]:
    """What the execution reads, as (role, position within the role, dataset).

    Raises:
        FileError: An input has changed since it was looked at.
    """
    usage: list[tuple[str, int, str]] = []
    count: dict[str, int] = {}
    for (role, path), look in zip(ready.work.inputs, ready.looks, strict=True):
        dataset = look.dataset if look is not None else None
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
    known = around.workspace.look(path)
    if known is not None and known.dataset is not None and known.identity == look.identity:
        return known.dataset
    content = around.workspace.content(path, look)
    if content is None:
        return None
    dataset = around.ledger.dataset_with(path, content.digest, content.executable)
    if dataset is None:
        external = path.startswith(("/", "../"))
        place = recording.Place(SOURCES, around.owner, utc_text(time.time()), external)
        row = recording.source_row(path, content, place)
        around_it = around.workspace.directory_around(path)
        if around_it is not None:
            folder, directory = around_it
            row = recording.member_row(row, folder, around.ledger.row_of(directory))
        dataset = around.ledger.add_dataset(row)
    around.workspace.assign(path, look, dataset)
    return dataset


def _record_outputs(
    around: Circumstances, contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]], row: Row
) -> list[Row]:
    place = recording.Place(around.collection, around.owner, str(row["ended"]))
    made = []
    for output, content, memo in contents:
        dataset = recording.output_row(output, content, place, row)
        around.workspace.assign(output.path, memo, around.ledger.expect_dataset(dataset))
        made.append(dataset)
    return made
