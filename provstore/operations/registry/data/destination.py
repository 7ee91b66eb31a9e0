"""The RUN collection that a call records into: the one that is named, that of the task's run, or a new one."""

from __future__ import annotations

import time

from provstore.errors import UsageError
from provstore.model.values import utc_text
from provstore.noun import NamedTuple
from provstore.operations.registry.transact import checked_collection
from provstore.operations.registry.writing import task_run_collection
from provstore.store import collections, facts
from provstore.store.ledger import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project
    from provstore.store.adding import Adding
    from provstore.store.store import Store

MANUAL, CHAIN = "manual", "main"
"""Where the collections of calls stand that name none, and the chain that gets them at its head."""


class Destination(NamedTuple):
    """A RUN collection that gets datasets.

    Attributes:
        chain: Gets it at its head; None: no chain does.
        is_new: It was made for this call alone, so that nothing is in it.
    """

    run: str
    chain: str | None = None
    is_new: bool = False

    def make(self, added: Adding, now: str) -> None:
        """Makes it where it is missing."""
        added.add_run_collection(self.run, now, self.chain)


def destination(project: Project, store: Store, named: str | None) -> Destination:
    """Where a call records.

    Args:
        named: A RUN collection, made if missing; None: that of the run whose task this is, else a new one.

    Raises:
        UsageError: It is of another type, or holds what nobody made.
    """
    if named is None:
        of_task = task_run_collection(project)
        if of_task is not None:
            return Destination(of_task)
        chain = store.ask(collections.one, CHAIN)
        if chain is not None and chain.type != collections.CHAINED:
            raise UsageError(
                f"collection '{CHAIN}': its type is {chain.type}, expected CHAINED", hint="name a RUN: run"
            )
        return Destination(_free_name(store), CHAIN, is_new=True)
    run = checked_collection(named)
    if run == SOURCES:
        raise UsageError(f"collection '{SOURCES}': it holds what nobody made; name another one")
    found = store.ask(facts.collection_type, run)
    if found not in (None, collections.RUN):
        raise UsageError(f"collection '{run}': its type is {found}, expected RUN", hint="name another one")
    return Destination(run)


def _free_name(store: Store) -> str:
    """The time, or the next millisecond that no call has yet."""
    now = time.time()
    while True:
        name = f"{MANUAL}/{utc_text(now).replace(':', '')[:-4]}Z"
        if store.ask(facts.collection_type, name) is None:
            return name
        now += 0.001
