"""Rows of what happened: from nouns to facts."""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.store.ledger import name_of
from provstore.store.memory import ACCEPTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.files import Content
    from provstore.model.measures import Measures
    from provstore.model.task import Output, Work
    from provstore.ports import Finished
    from provstore.store.facts import Row


class Begun(NamedTuple):
    """An execution when it starts."""

    id: str
    run: str
    stage: str
    data_id: str
    key: str
    attempt: int
    started: float


def execution_row(begun: Begun, work: Work) -> dict[str, str | int | float | None]:
    """The row of an execution as it starts; what ended it is filled in by `ended`."""
    return {
        "id": begun.id,
        "run": begun.run,
        "stage": begun.stage,
        "data_id": begun.data_id,
        "key": begun.key,
        "command": work.command,
        "shell": work.shell,
        "cwd": work.cwd,
        "params": canonical_json(work.params) if work.params else "{}",
        "environment": canonical_json(work.environment) if work.environment else "{}",
        "outputs": canonical_json([[output.role, output.path, output.format] for output in work.outputs]),
        "started": utc_text(begun.started),
        "ended": None,
        "outcome": "interrupted",
        "exit_status": None,
        "signal": None,
        "message": "the run was killed",
        "cpu_seconds": None,
        "peak_memory": None,
        "log": None,
        "log_size": 0,
        "attempt": begun.attempt,
        "name": begun.stage,
        "description": work.description,
        "site": None,
        "configuration": None,
    }


def lost_row(execution: str, now: float) -> Row:
    """The row of an execution of a killed run of which nothing is left but what it had registered."""
    unknown = ("run", "stage", "key", "ended", "exit_status", "signal", "cpu_seconds", "peak_memory", "log", "site")
    nothing = {**dict.fromkeys(unknown), "configuration": None, "log_size": 0, "attempt": 1}
    empty = dict.fromkeys(("command", "shell", "cwd", "description"), "")
    objects = {**dict.fromkeys(("data_id", "params", "environment"), "{}"), "outputs": "[]"}
    told = {"outcome": "interrupted", "message": "the run was killed", "name": "interrupted"}
    return {"id": execution, "started": utc_text(now), **nothing, **empty, **objects, **told}


def accepted_row(begun: Begun, work: Work) -> Row:
    """The row of an execution that never was: a person says that what lies there is what the task makes.

    Nothing ran, so there is no run; nor a key, as no execution with it succeeded: an acceptance says which it is for.
    """
    by_hand = {"run": None, "key": None, "ended": utc_text(begun.started), "outcome": "succeeded", "message": ""}
    return {**execution_row(begun, work), **by_hand, "name": ACCEPTED}


def acceptance_row(begun: Begun, execution: str, user: str, message: str) -> Row:
    """Row of a person's word that the outputs of an execution are right for a task with its present key.

    Args:
        execution: Whose outputs are taken.
    """
    return {
        "id": new_id(),
        "stage": begun.stage,
        "data_id": begun.data_id,
        "key": begun.key,
        "execution": execution,
        "user": user,
        "accepted": utc_text(begun.started),
        "message": message,
    }


def ended(row: Row, finished: Finished, outcome: str, message: str, log: str | None) -> Row:
    """The row of an execution that has ended."""
    return {
        **row,
        "started": utc_text(finished.started),
        "ended": utc_text(finished.ended),
        "outcome": outcome,
        "exit_status": finished.exit_status,
        "signal": finished.signal,
        "message": message,
        "cpu_seconds": finished.cpu_seconds,
        "peak_memory": finished.peak_memory,
        "log": log,
        "log_size": finished.log_size,
    }


class Place(NamedTuple):
    """What a dataset gets from its circumstances."""

    run_collection: str
    owner: str
    created: str
    external: bool = False


UNKNOWN_KIND = "file"
"""Dataset type of what no stage declares as an output."""


def source_row(path: str, content: Content, place: Place) -> Row:
    """Row of a dataset that nobody made."""
    return {
        "id": new_id(),
        "type": UNKNOWN_KIND,
        "data_id": "{}",
        "run": place.run_collection,
        "path": path,
        "kind": content.kind,
        "executable": int(content.executable),
        "size": content.size,
        "digest": content.digest,
        "semantic_digest": content.semantic,
        "format": content.format,
        "created": place.created,
        "execution": None,
        "role": "",
        "name": name_of(path),
        "version": None,
        "owner": place.owner,
        "owner_type": "user",
        "description": "",
        "location": "external" if place.external else "project",
        "url": None,
        "contact": None,
        "overwritable": 0,
        "iteration": 0,
        "replaces": None,
        "metadata": "{}",
    }


def equality_row(dataset: str, other: str, ignored: Sequence[str], recorded: str) -> Row:
    """Row of what is equal as data to another dataset, in other bytes."""
    return {
        "id": new_id(),
        "dataset": dataset,
        "other": other,
        "ignored": canonical_json(list(ignored)),
        "recorded": recorded,
    }


def metric_row(dataset: str, measures: Measures, recorded: str) -> Row:
    """Row of the measures that were read from a dataset."""
    return {"id": new_id(), "dataset": dataset, "measures": canonical_json(measures), "recorded": recorded}


def member_row(row: Row, folder: str, directory: Row) -> Row:
    """Row of a file that was read from inside a directory: made by whoever made that."""
    if directory["execution"] is None:
        return row
    inside = str(row["path"])[len(folder) + 1 :]
    shared = {name: directory[name] for name in ("type", "data_id", "run", "execution")}
    return {**row, **shared, "role": f"{directory['role']}/{inside}"}


def output_row(output: Output, content: Content, place: Place, execution: Mapping[str, object]) -> Row:
    """Row of a dataset that an execution made."""
    return {
        **source_row(output.path, content, place),
        "type": output.dataset_type,
        "data_id": str(execution["data_id"]),
        "format": output.format or content.format,
        "execution": str(execution["id"]),
        "role": output.role,
        "description": "",
    }
