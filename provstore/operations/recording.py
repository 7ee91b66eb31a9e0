"""Rows of what happened: from nouns to facts."""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.store.ledger import name_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.files import Content
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
