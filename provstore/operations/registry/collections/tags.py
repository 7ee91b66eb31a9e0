"""TAGGED collections: any datasets, one of each dataset type and data ID."""

from __future__ import annotations

import json

from provstore.errors import UsageError
from provstore.model.values import new_id
from provstore.noun import NamedTuple
from provstore.operations.registry.names import spelled_dataset
from provstore.operations.registry.transact import collection_named, subjects, transaction
from provstore.operations.registry.writing import unobserved
from provstore.store import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.events import Observer
    from provstore.operations.registry.transact import Transaction
    from provstore.project import Project
    from provstore.store.collections import Subject


class TagReport(NamedTuple):
    """What became of datasets that were to be put into a collection, or taken out.

    Attributes:
        changed: Those that were put in or taken out.
        unchanged: Those that were in it before, or were not in it.
    """

    name: str
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]


def associate(project: Project, name: str, datasets: Sequence[str], observe: Observer = unobserved) -> TagReport:
    """Puts datasets into a TAGGED collection; those that are in it stay there.

    Raises:
        UsageError: There is no such collection, it is of another type, a dataset was deleted, or it would hold two of
            one dataset type and data ID. None was put in then.
        UnknownIdError: A dataset is not known.
    """
    with transaction(project, f"provstore collection associate {name}", observe) as call:
        collection_named(call.store, name, collections.TAGGED)
        found = subjects(call.store, datasets)
        new = [subject for subject in found if not _holds(call, name, subject)]
        taken: dict[tuple[str, ...], Subject] = {}
        for subject in new:
            other = taken.setdefault(subject.identity, subject)
            if other is not subject:
                raise UsageError(f"{name}: can't hold both {spelled(subject)} and {spelled(other)}", hint=ONE)
        for subject in new:
            add_tag(call, name, subject.id, None, None)
        added = [subject.id for subject in new]
        return TagReport(name, tuple(added), tuple([subject.id for subject in found if subject.id not in added]))


ONE = "a TAGGED collection holds one of each dataset type and data ID; nothing was changed"


def _holds(call: Transaction, name: str, subject: Subject) -> bool:
    """It is in the collection; another one of its identity is an error."""
    for tag in collections.tags_like(call.store.conn, name, subject):
        if tag.dataset == subject.id:
            return True
        raise UsageError(
            f"{name}: can't hold {spelled(subject)}: it holds dataset {tag.dataset} ({tag.path}) of this type and "
            f"data ID",
            hint=ONE,
        )
    return False


def spelled(subject: Subject) -> str:
    """A dataset as messages name it."""
    return f"dataset {subject.id} ({spelled_dataset(subject.type, json.loads(subject.data_id))}, {subject.path})"


def add_tag(call: Transaction, name: str, dataset: str, begin: str | None, end: str | None) -> None:
    """Adds the fact that a dataset is in a collection; see `collections.Tag`."""
    row = {"collection": name, "dataset": dataset, "valid_from": begin, "valid_to": end, "tagged": call.now}
    call.add("tag", {"id": new_id(), **row})


def disassociate(project: Project, name: str, datasets: Sequence[str], observe: Observer = unobserved) -> TagReport:
    """Takes datasets out of a TAGGED collection; those that are not in it are passed over.

    Raises:
        UsageError: There is no such collection, or it is of another type.
        UnknownIdError: A dataset is not known.
    """
    with transaction(project, f"provstore collection disassociate {name}", observe) as call:
        collection_named(call.store, name, collections.TAGGED)
        wanted = [subject.id for subject in subjects(call.store, datasets, deleted=True)]
        taken = []
        for tag in collections.tags(call.store.conn, name):
            if tag.dataset in wanted:
                call.add("tag_removal", {"tag": tag.id, "removed": call.now})
                taken.append(tag.dataset)
        return TagReport(
            name,
            tuple([dataset for dataset in wanted if dataset in taken]),
            tuple([dataset for dataset in wanted if dataset not in taken]),
        )
