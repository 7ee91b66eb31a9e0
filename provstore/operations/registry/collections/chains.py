"""CHAINED collections: others in an order, in which they are searched. Never in a circle, never one twice."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.model.values import new_id
from provstore.noun import NamedTuple
from provstore.operations.registry.collections.making import made
from provstore.operations.registry.transact import checked_collection, collection_named, transaction
from provstore.operations.registry.writing import unobserved
from provstore.store import collections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.events import Observer
    from provstore.operations.registry.transact import Transaction
    from provstore.project import Project
    from provstore.store.facts import Row

REDEFINE, PREPEND, EXTEND, REMOVE = "redefine", "prepend", "extend", "remove"


class ChainReport(NamedTuple):
    """What became of a chain.

    Attributes:
        before, children: In the order in which they are searched.
    """

    name: str
    before: tuple[str, ...]
    children: tuple[str, ...]


def change_chain(
    project: Project, name: str, how: str, named: Sequence[str], *, make: bool = False, observe: Observer = unobserved
) -> ChainReport:
    """Changes which collections a chain holds, and in which order.

    Args:
        how: `REDEFINE`: these and no others; `PREPEND`, `EXTEND`: these in front of the others, or behind them, also
            those that it held elsewhere; `REMOVE`: no longer these, whether it held them or not.
        named: Collections, in the order in which they are to be searched.
        make: Make the chain where there is none; not to remove.

    Raises:
        UsageError: A collection is not there, is named twice, or would hold itself; or `name` is no chain.
    """
    checked_collection(name)
    twice = next((child for place, child in enumerate(named) if child in named[:place]), None)
    if twice is not None and how != REMOVE:
        raise UsageError(f"{name}: found {twice} twice, expected each collection once")
    makes_store = make and not named
    with transaction(project, f"provstore collection chain {name}", observe, makes_store=makes_store) as call:
        if make and how != REMOVE and collections.one(call.store.conn, name) is None:
            made(call, name, collections.CHAINED)
        collection_named(call.store, name, collections.CHAINED)
        for child in named:
            collection_named(call.store, child)
            if how != REMOVE:
                _refuse_circle(call, name, child)
        before = collections.children(call.store.conn, name)
        after = children_after(before, how, named)
        if after != before:
            _write(call, name, how, named)
        return ChainReport(name, tuple(before), tuple(after))


def children_after(before: Sequence[str], how: str, named: Sequence[str]) -> list[str]:
    """Children of a chain after a change; see `change_chain`."""
    others = [child for child in before if child not in named]
    return {
        REDEFINE: [*named],
        PREPEND: [*named, *others],
        EXTEND: [*others, *named],
        REMOVE: others,
    }[how]


def _refuse_circle(call: Transaction, name: str, child: str) -> None:
    way = collections.way_down(call.store.conn, child, name)
    if way:
        raise UsageError(f"{name}: can't hold {child}, as it would hold itself: {' > '.join([name, *way])}")


def _write(call: Transaction, name: str, how: str, named: Sequence[str]) -> None:
    """Adds the facts of a change that is one."""
    there = collections.members(call.store.conn, name)
    staying = [member.position for member in there if how != REDEFINE and member.child not in named]
    for member in there:
        if how == REDEFINE or member.child in named:
            call.add("chain_removal", {"member": member.id, "removed": call.now})
    if how == REMOVE:
        return
    first = min(staying, default=0) - len(named) if how == PREPEND else max(staying, default=-1) + 1
    for position, child in enumerate(named, first):
        row: Row = {"id": new_id(), "chain": name, "child": child, "position": position, "added": call.now}
        call.add("chain_member", row)
