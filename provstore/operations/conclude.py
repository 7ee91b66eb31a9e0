"""After a task ran: judging how its attempt ended, recording it, cleaning up behind a failure.

A result is recorded only if the command ended with 0, nothing it started still runs, every declared output
exists and is of the declared kind, and no input changed meanwhile.
"""

from __future__ import annotations

import os

from provstore.apart.client import StoppedError
from provstore.errors import FileError
from provstore.model.files import TOOL_FOLDERS, Content, DirectoryMemo, Memo
from provstore.operations import recording
from provstore.operations.announced import undo_all
from provstore.operations.attempt import Circumstances, Conclusion, Ready, Underway
from provstore.operations.retract import put_registered_away
from provstore.store import history
from provstore.store.facts import ExecutionFact
from provstore.store.memory import TaskMemo
from provstore.store.underway import was_told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.task import Output, Work
    from provstore.ports import Finished
    from provstore.store.facts import Row


def conclude(around: Circumstances, underway: Underway, finished: Finished, printed: str) -> Conclusion:
    """Judges how an attempt ended, and hands its record to the ledger.

    Args:
        printed: Absolute path of the file with what the command printed.
    """
    ready = underway.ready
    has_registered = was_told(underway.folder)
    if has_registered:
        undo_all(around.root, around.store, os.path.dirname(underway.folder), underway.execution)
        around.ledger.notice_registered()
    outcome, message = outcome_of(finished)
    message = around.secrets.out_of(message)
    contents: list[tuple[Output, Content, Memo | DirectoryMemo]] = []
    try:
        if not message:
            outcome, message = _check_inputs(around, ready)
        if not message:
            contents, message = collect(around, ready.work)
            outcome = "failed" if message else "succeeded"
    except StoppedError:
        outcome, message = "cancelled", "stopped while what it had made was read"
    if not message and not keep(around, ready.work, contents):
        outcome, message = "failed", "an output changed after the command had ended"
    log = _kept_log(around, printed, finished.log_size)
    row = recording.ended(underway.row, finished, outcome, message, log)
    if outcome != "succeeded":
        around.ledger.add_execution(ExecutionFact(row, underway.usage, ()), ready.stage, None)
        clean_up(around, underway, has_registered=has_registered)
        if has_registered:
            around.ledger.write({}, {})  # before another attempt: what this one has registered is deleted with it
        return Conclusion(outcome, message, ())
    made = record_outputs(around, contents, row)
    identities = tuple(content.identity for _, content, _ in contents)
    memo = TaskMemo(ready.key, underway.execution, " ".join(identities))
    around.ledger.add_execution(ExecutionFact(row, underway.usage, made), ready.stage, memo)
    _record_equalities(around, underway, contents, made)
    _record_metrics(around, contents, made)
    return Conclusion("succeeded", "", identities)


def clean_up(around: Circumstances, underway: Underway, *, has_registered: bool) -> None:
    """After a failure: what was written is put away, the last good version comes back.

    Args:
        has_registered: The command has registered something, which is put away as well.

    Where the command has made that impossible, the user is told, and what was moved aside is kept.
    """
    ready, execution = underway.ready, underway.execution
    paths = [output.path for output in ready.work.outputs]
    last = around.store.ask(history.last_success, ready.stage, ready.data_id_text)
    good = around.store.ask(history.made_by, last) if last is not None else {}
    try:
        if has_registered:
            declared = {*paths, *(path for _, path in ready.work.inputs)}
            task = os.path.join(underway.folder, "task.json")
            put_registered_away(around.store, around.outputs, execution, task, declared)
        around.outputs.put_away(paths, execution)
        around.outputs.put_back(
            good, underway.aside, paths, lambda path, identity: around.store.ask(history.is_made, path, identity)
        )
    except FileError as error:
        around.outputs.save_aside(os.path.join(underway.folder, f"aside-{execution}"), execution)
        around.tell(f"{error.message}; what was there before is in .provstore/failed/{execution}")


def outcome_of(finished: Finished) -> tuple[str, str]:
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


def collect(around: Circumstances, work: Work) -> tuple[list[tuple[Output, Content, Memo | DirectoryMemo]], str]:
    """Reads what was made; with a message where something was not."""
    contents = []
    keeper = around.store.objects if work.cache and around.objects_limit is None else None
    for output in work.outputs:
        if around.outputs.is_linked(output.path):
            message = where_it_leads(around.root, output.path)
            if message:
                return [], message
        try:
            content, memo = around.workspace.read(output.path, keeper)
        except FileError as error:
            is_there = os.path.lexists(around.workspace.full(output.path))
            return [], error.message if is_there else f"output {output.path} was not made"
        if output.directory and content.kind != "directory":
            return [], f"output {output.path} is a file, declared as a directory"
        contents.append((output, content, memo))
    return contents, ""


def where_it_leads(root: str, path: str) -> str:
    """Why an output can't be a link, or lie behind one; "" if it may.

    Args:
        root: Absolute path of the project.
    """
    real = os.path.realpath(os.path.join(root, path))
    if not real.startswith(root.rstrip("/") + "/"):
        return f"output {path} is a symbolic link that leads out of the project"
    if os.path.relpath(real, root).partition(os.sep)[0] in TOOL_FOLDERS:
        return f"output {path} is a symbolic link into a folder that is not for outputs"
    return ""


def keep(around: Circumstances, work: Work, contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]]) -> bool:
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


def _record_equalities(
    around: Circumstances,
    underway: Underway,
    contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]],
    made: Sequence[Row],
) -> None:
    """Puts down what was ignored where an output is equal as data to the version that it replaced, in other bytes."""
    before = {entry.path: entry for entry in underway.aside}
    for (output, content, _), row in zip(contents, made, strict=True):
        old = before.get(output.path)
        if old is None or old.dataset is None or content.semantic is None or old.identity != content.identity:
            continue
        if around.workspace.semantics is None or around.ledger.row_of(old.dataset)["digest"] == content.digest:
            continue
        new = around.workspace.full(output.path)
        ignored = around.workspace.semantics().ignored(output.path, content.format, old.place, new)
        around.ledger.add("equality", recording.equality_row(str(row["id"]), old.dataset, ignored, str(row["created"])))


def _record_metrics(
    around: Circumstances, contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]], made: Sequence[Row]
) -> None:
    """Puts down the measures in what is marked as a metric; a file that has none is named in a remark."""
    if around.workspace.semantics is None:
        return
    for (output, _, memo), row in zip(contents, made, strict=True):
        if not output.metric:
            continue
        full = around.workspace.full(output.path)
        found = around.workspace.semantics().measures(output.path, full, str(row["format"]))
        if found is not None and around.workspace.looks_like(output.path, memo):  # else it is not what was recorded
            around.ledger.add("metric", recording.metric_row(str(row["id"]), found, str(row["created"])))


def record_outputs(
    around: Circumstances, contents: Sequence[tuple[Output, Content, Memo | DirectoryMemo]], row: Row
) -> list[Row]:
    """Rows of what an execution made; from now on these datasets are what lies there."""
    place = recording.Place(around.collection, around.owner, str(row["ended"]))
    made = []
    for output, content, memo in contents:
        dataset = recording.output_row(output, content, place, row)
        around.workspace.assign(output.path, memo, around.ledger.expect_dataset(dataset))
        made.append(dataset)
    return made
