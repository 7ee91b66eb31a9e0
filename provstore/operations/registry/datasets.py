"""Records of datasets, as `--json` and the Python API give them, and which to list."""

from __future__ import annotations

import json
import os
from operator import itemgetter

from provstore.errors import PipelinefileError, UsageError
from provstore.noun import NamedTuple
from provstore.operations.registry.bulk import uncollected
from provstore.operations.registry.references import dataset_id
from provstore.store import registered
from provstore.store.datasets import declared
from provstore.store.proof import prove, prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.store import Store

STATUSES = ("valid", "replaced", "deleted", "all")


class DatasetRecord(NamedTuple):
    """A dataset as it is now; fields as in `provstore.api.Dataset`."""

    id: str
    type: str
    data_id: Mapping[str, JSON]
    run: str
    path: str
    kind: str
    size: int
    digest: str
    semantic_digest: str | None
    format: str
    created: str
    execution: str | None
    name: str
    version: str | None
    owner: str
    owner_type: str
    description: str
    status: str
    iteration: int
    replaces: str | None
    keywords: tuple[str, ...]
    metadata: Mapping[str, JSON]
    location: str
    url: str | None
    contact: str | None
    overwritable: bool


class Change(NamedTuple):
    """What was said of a dataset since it was recorded.

    Attributes:
        field: "description", "url" or "metadata".
        value: From then on.
        before: Until then.
        changed: UTC, ISO 8601.
    """

    field: str
    value: JSON
    before: JSON
    changed: str
    user: str


_fields_of = itemgetter(*DatasetRecord._fields)
"""What takes the values of a record in their order: there may be a hundred thousand."""


class DatasetsReport(NamedTuple):
    """Datasets, newest first."""

    datasets: Sequence[DatasetRecord]


class DatasetReport(NamedTuple):
    """One dataset with what happened to it.

    Attributes:
        deleted: When and by whom; None: it was not.
    """

    dataset: DatasetRecord
    changes: Sequence[Change]
    deleted: Mapping[str, Any] | None


def records_of(project: Project, store: Store, ids: Iterable[str]) -> list[DatasetRecord]:
    """The records of datasets that are there, each proved."""
    wanted = list(ids)
    with uncollected(len(wanted)):
        prove_all(store, "dataset", wanted)
        rows = store.ask(registered.datasets, wanted)
        orders = {
            type: dimensions_in_order(project, store, type)
            for type in {row["type"] for row in rows if len(row["data_id"]) > 1}
        }
        for row in rows:
            row["keywords"] = tuple(row["keywords"])
            row["data_id"] = _in_order(row["data_id"], orders.get(row["type"], ()))
        return [DatasetRecord._make(_fields_of(row)) for row in rows]


def dimensions_in_order(project: Project, store: Store, type: str) -> Sequence[str]:
    """The dimensions of a type as people read them: as its definition names them, or the stage that it is called after.

    Nothing where neither is known: then names are sorted, as in the store.
    """
    definition = store.ask(declared, type)
    if definition is not None:
        return definition[0]
    try:
        stage = project.pipeline({}).stages.get(type.rpartition(".")[0])
    except PipelinefileError:  # who asks the store did not ask about that
        return ()
    return () if stage is None else stage.dimensions


def _in_order(data_id: Mapping[str, JSON], dimensions: Sequence[str]) -> Mapping[str, JSON]:
    return {name: data_id[name] for name in dimensions} if set(dimensions) == data_id.keys() else data_id


def new_record(row: Mapping[str, Any], data_id: Mapping[str, JSON]) -> DatasetRecord:
    """The record of a dataset whose row was just written, and of which nothing else is said."""
    more = {
        **row,
        "data_id": dict(data_id),
        "metadata": {},
        "status": "valid",
        "keywords": (),
        "overwritable": bool(row["overwritable"]),
    }
    return DatasetRecord._make(_fields_of(more))


def dataset(project: Project, text: str) -> DatasetReport:
    """One dataset, by its id, the beginning of one, or an alias.

    Raises:
        UnknownIdError: There is none, or several ids begin so.
        StoreDamagedError: It is not what was recorded.
    """
    id = dataset_id(project.store, text)
    store = project.store
    assert store is not None  # the id was found in it
    prove(store, "dataset", id)
    return DatasetReport(records_of(project, store, [id])[0], _changes(store, id), store.ask(registered.deletion, id))


def _changes(store: Store, id: str) -> list[Change]:
    now = dict(store.ask(registered.whole_row, id))
    now["metadata"] = json.loads(now["metadata"])
    found = []
    for row in store.ask(registered.changes, id):
        field = row["field"]
        found.append(Change(field, row["value"], now.get(field), row["changed"], row["user"]))
        now[field] = row["value"]
    return found


def has_data(record: DatasetRecord) -> bool:
    """It has data of its own, here or outside of the project; else only what is known of it was recorded."""
    return record.location == "project" or is_outside(record.path)


def is_outside(path: str) -> bool:
    """Data at a path lie outside of the project, or were recorded as if they did."""
    return path.startswith(("/", "../"))


def place_of_dataset(project: Project, text: str) -> str:
    """Absolute path of where a dataset lies, or lay.

    Raises:
        UnknownIdError: There is none, or several ids begin so.
        UsageError: It was recorded without data.
    """
    record = dataset(project, text).dataset
    if not has_data(record):
        where = f": see {record.url or record.contact}" if record.url or record.contact else ""
        raise UsageError(f"dataset {record.id}: it was recorded without data{where}")
    return os.path.normpath(os.path.join(project.root, record.path))
