"""One call that is about collections: one transaction, in a project that nobody else is changing (`writing`)."""

from __future__ import annotations

import contextlib
import os
import time

from provstore.errors import UsageError
from provstore.model.values import nearest, utc_text
from provstore.noun import NamedTuple
from provstore.operations.registry.names import checked_name
from provstore.operations.registry.references import known_ids
from provstore.operations.registry.writing import writing
from provstore.store import collections
from provstore.store.adding import adding
from provstore.store.facts import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.adding import Adding
    from provstore.store.collections import Collection, Subject
    from provstore.store.facts import Row
    from provstore.store.store import Store


CHANGE = "change its collections"


class Transaction(NamedTuple):
    """A call that is under way, inside of its transaction.

    Attributes:
        adding: Takes the facts that it adds.
        now: When it was made, as the store spells times.
    """

    store: Store
    adding: Adding
    now: str

    def add(self, kind: str, row: Row) -> None:
        """Adds a fact."""
        self.adding.add(kind, row)


@contextlib.contextmanager
def transaction(
    project: Project, command: str, observe: Observer, *, makes_store: bool = False
) -> Iterator[Transaction]:
    """One transaction: what is added inside is there as a whole, or not at all after an error.

    Args:
        command: What is done, for whoever waits meanwhile.
        makes_store: In a project without a store one is made; else that is an error.

    Raises:
        UsageError: There is no store.
        StoreError: The store can't be used or written.
    """
    if not makes_store:
        readable(project)
    with writing(project, command, CHANGE, observe) as store, adding(store) as facts:
        yield Transaction(store, facts, utc_text(time.time()))


def has_store(project: Project) -> bool:
    """Something was recorded in the project, by this process or by another one."""
    return project.store is not None or os.path.lexists(project.store_path)


def readable(project: Project) -> Store:
    """The store, for questions.

    Raises:
        UsageError: There is none yet.
    """
    if not has_store(project):
        raise UsageError(f"{project.root}: nothing was recorded yet", hint="'provstore run' makes the store")
    project.renew_store()
    return project.store or project.writable_store(time.time())


def collection_named(store: Store, name: str, *types: str) -> Collection:
    """A collection that is to be there, and of one of these types.

    Raises:
        UsageError: It is not.
    """
    checked_name("collection", name)
    found = collections.one(store.conn, name)
    if found is None:
        near = nearest(name, [other.name for other in collections.every(store.conn)])
        hint = f"did you mean '{near}'?" if near else "'provstore collection ls' shows all"
        raise UsageError(f"{name}: there is no such collection", hint=hint)
    if types and found.type not in types:
        raise UsageError(f"{name}: this collection is of type {found.type}, expected {' or '.join(types)}")
    return found


def checked_collection(name: str) -> str:
    """A name that a collection may have.

    Raises:
        UsageError: None can be called so.
    """
    if checked_name("collection", name) == REMOVED:
        raise UsageError(f"{name}: this name stands for the collections that were removed", hint="choose another")
    return name


def subjects(store: Store, named: Sequence[str], *, deleted: bool = False) -> list[Subject]:
    """Datasets by their ids or aliases, each once.

    Args:
        deleted: One that was deleted will do, too.

    Raises:
        UnknownIdError: One is not known.
        UsageError: One was deleted.
    """
    found = collections.subjects(store.conn, known_ids(store.conn, named))
    for subject in found:
        if subject.is_deleted and not deleted:
            raise UsageError(f"dataset {subject.id} ({subject.path}) was deleted")
    return found
