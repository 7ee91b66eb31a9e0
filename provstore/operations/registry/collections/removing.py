"""Removing collections. Nothing is removed while something refers to it."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.circumstances import user_name
from provstore.operations.registry.transact import collection_named, readable, transaction
from provstore.operations.registry.writing import unobserved
from provstore.store import collections, facts
from provstore.store.connection import explained
from provstore.store.ledger import SOURCES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.events import Observer
    from provstore.project import Project
    from provstore.store.collections import Tag
    from provstore.store.facts import Row
    from provstore.store.store import Store

NAMED = 10
"""Referrers of a collection that an error names; the others are counted."""


class Removal(NamedTuple):
    """What the removal of a collection does, or would do.

    Attributes:
        dry_run: It was not done.
        datasets: Of a RUN collection, the datasets that are deleted with it; of others, how many it lets go.
        chains: Chains that it is taken out of.
        tags: (collection, dataset) of those of its datasets that are taken out of TAGGED and CALIBRATION ones.
    """

    dry_run: bool
    name: str
    type: str
    datasets: int
    chains: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]


def remove(
    project: Project, name: str, *, unlink: bool = False, dry_run: bool = False, observe: Observer = unobserved
) -> Removal:
    """Removes a collection: it is not seen any more, and holds nothing. The facts of what it held stay.

    The datasets of a RUN collection are deleted with it: their records stay, their files in the project are left
    alone, and `gc` frees the bytes that nothing else needs.

    Args:
        unlink: Take it, and the datasets of a RUN collection, out of the collections that hold them.
        dry_run: Only say what would be done.

    Raises:
        UsageError: There is no such collection, it can't be removed, or something refers to it; nothing was changed.
    """
    if dry_run:
        store = readable(project)
        with explained(store.path):
            return _removal(store, name, unlink=unlink)
    with transaction(project, f"provstore collection remove {name}", observe) as call:
        report = _removal(call.store, name, unlink=unlink)
        for fact in removal_facts(call.store, report, call.now):
            call.add(*fact)
        return report._replace(dry_run=False)


def _removal(store: Store, name: str, *, unlink: bool) -> Removal:
    """What is to be done, if it can be."""
    conn = store.conn
    collection = collection_named(store, name)
    if name == SOURCES:
        raise UsageError(f"{name}: can't be removed: it holds what nobody made")
    chains = tuple(dict.fromkeys(chain for _, chain in collections.memberships(conn, name)))
    tags: list[Tag] = []
    if collection.type == collections.RUN:
        run = collections.run_under_way(conn, name)
        if run is not None:
            raise UsageError(f"{name}: can't be removed: run {run}, whose collection it is, is under way")
        tags = collections.tags_of_run(conn, name)
        number = len(collections.datasets_of_run(conn, name))
    else:
        number = len({tag.dataset for tag in collections.tags(conn, name)})
    tagged = tuple(dict.fromkeys((tag.collection, tag.dataset) for tag in tags))
    report = Removal(True, name, collection.type, number, chains, tagged)
    if not unlink and (chains or tags):
        _refuse(report, tags)
    return report


def _refuse(report: Removal, tags: Sequence[Tag]) -> None:
    raise UsageError(
        f"{report.name}: not removed, as something refers to it:{referrers(report.chains, tags)}",
        hint="unlink it (--unlink) to take it out of these as well",
    )


def referrers(chains: Sequence[str], tags: Sequence[Tag]) -> str:
    """What refers to a collection, as lines of a message; "": nothing does."""
    found = [f"chain {chain}" for chain in chains]
    found += dict.fromkeys(f"collection {tag.collection} holds {tag.path} (dataset {tag.dataset})" for tag in tags)
    more = f"\n  and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return "".join(f"\n  {text}" for text in found[:NAMED]) + more


def removal_facts(store: Store, report: Removal, now: str) -> Iterator[tuple[str, Row]]:
    """What is to be recorded when a collection is removed.

    Args:
        now: As the store spells times.
    """
    conn = store.conn
    for member, _ in collections.memberships(conn, report.name):
        yield "chain_removal", {"member": member, "removed": now}
    if report.type == collections.RUN:
        for tag in collections.tags_of_run(conn, report.name):
            yield "tag_removal", {"tag": tag.id, "removed": now}
        user = user_name()
        for dataset in collections.datasets_of_run(conn, report.name):
            yield "dataset_deletion", {"dataset": dataset, "deleted": now, "user": user, "kept_bytes": 0}
    yield from _held_by(store, report.name, now)
    if facts.collection_type(conn, facts.REMOVED) is None:
        row = {"name": facts.REMOVED, "type": collections.CHAINED, "created": now, "description": ABOUT_REMOVED}
        yield "collection", row
    yield "chain_member", _last_member(store, report.name, now)


ABOUT_REMOVED = "Collections that were removed"


def _held_by(store: Store, name: str, now: str) -> Iterator[tuple[str, Row]]:
    """What takes out all that a collection holds."""
    for member in collections.members(store.conn, name):
        yield "chain_removal", {"member": member.id, "removed": now}
    for tag in collections.tags(store.conn, name):
        yield "tag_removal", {"tag": tag.id, "removed": now}


def _last_member(store: Store, name: str, now: str) -> Row:
    from provstore.model.values import new_id

    there = collections.members(store.conn, facts.REMOVED)
    position = max((member.position for member in there), default=-1) + 1
    return {"id": new_id(), "chain": facts.REMOVED, "child": name, "position": position, "added": now}
