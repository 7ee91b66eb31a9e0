"""`run --replace-run`: a new run takes the place of the one at the head of its chain, whose data may be pruned.

Rules: all refusals come before anything runs, and it happens with the end of a run that succeeded, in the same
transaction. What the new run did not make again, as it was up to date, is still somebody's result: it is never pruned,
and the former run stays in the chain behind the new one while it holds such. Files in the project are left alone.
"""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.events import Remark
from provstore.noun import NamedTuple
from provstore.operations.circumstances import user_name
from provstore.operations.lock.present import folders_of
from provstore.operations.registry.collections.removing import Removal, referrers, removal_facts
from provstore.operations.report import Replacement
from provstore.store import collections, replaced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from provstore.events import Observer
    from provstore.model.task import Plan
    from provstore.store.facts import Row
    from provstore.store.replaced import Living
    from provstore.store.store import Store

UNSTORE, PURGE = "unstore", "purge"
PRUNING = (UNSTORE, PURGE)


class Former(NamedTuple):
    """The run that is to be replaced.

    Attributes:
        name: Its RUN collection.
        chain: The chain that it is at the head of.
        prune: "unstore" (its data are deleted), "purge" (so is the collection) or "".
    """

    name: str
    chain: str
    prune: str


class Replaced(NamedTuple):
    """What takes a former run out of the way, what becomes of it (None: nothing), and a sentence about that."""

    facts: tuple[tuple[str, Row], ...]
    replacement: Replacement | None
    remark: str


def former_run(store: Store | None, chain: str, prune: str, observe: Observer) -> Former | None:
    """The run at the head of a chain; None, with a remark: there is none to be replaced.

    Raises:
        UsageError: It is to be pruned, and something refers to it.
    """
    children = [] if store is None else collections.children(store.conn, chain)
    if store is None or not children or not replaced.is_of_run(store.conn, children[0]):
        observe(Remark(f"{chain} has no run at its head that could be replaced"))
        return None
    former = Former(children[0], chain, prune)
    shown = _referrers(store, former)
    if shown:
        raise UsageError(
            f"--prune-replaced {prune}: {former.name} can't be pruned, as something refers to it:{shown}",
            hint="take it out of these, or leave out --prune-replaced; nothing was run",
        )
    return former


def _referrers(store: Store, former: Former) -> str:
    """What keeps a run from being pruned, as lines of a message; "": nothing does."""
    if not former.prune:
        return ""
    tags = collections.tags_of_run(store.conn, former.name)
    chains = _other_chains(store, former) if former.prune == PURGE else ()
    return referrers(chains, tags)


def _other_chains(store: Store, former: Former) -> tuple[str, ...]:
    found = dict.fromkeys(chain for _, chain in collections.memberships(store.conn, former.name))
    return tuple(chain for chain in found if chain != former.chain)


def replaced_by(store: Store, former: Former, new: str, plan: Plan, now: str) -> Replaced:
    """What is to be recorded of a former run at the end of the one that takes its place.

    Args:
        new: RUN collection of the latter, all of whose datasets are written.
        now: As the store spells times.
    """
    if _referrers(store, former):  # a task has tagged its data meanwhile
        return Replaced((), None, f"{former.name} was not replaced: something refers to it by now")
    old = replaced.living(store.conn, former.name)
    again = {entry.path for entry in replaced.living(store.conn, new)}
    staying = [entry for entry in old if not _is_in(entry.path, again) and _is_result(entry, plan)]
    if staying:
        going = [entry for entry in old if entry not in staying] if former.prune else []
        kept = Replacement(former.name, "kept", len(going))
        return Replaced(tuple(_deletions(going, now)), kept, _says_what_stays(former, len(staying)))
    if former.prune == PURGE:
        report = Removal(False, former.name, collections.RUN, len(old), (former.chain,), ())
        removed = Replacement(former.name, "removed", len(old))
        return Replaced(tuple(removal_facts(store, report, now)), removed, f"{former.name} was replaced, and removed")
    links = [member for member, chain in collections.memberships(store.conn, former.name) if chain == former.chain]
    unlinked: list[tuple[str, Row]] = [("chain_removal", {"member": member, "removed": now}) for member in links]
    going = old if former.prune else []
    gone = Replacement(former.name, "replaced", len(going))
    what = f", and its {'dataset' if len(going) == 1 else f'{len(going)} datasets'} deleted" if going else ""
    return Replaced((*unlinked, *_deletions(going, now)), gone, f"{former.name} was replaced in {former.chain}{what}")


def _is_result(entry: Living, plan: Plan) -> bool:
    """It was put there by hand, or is what a present task makes or reads."""
    return not entry.is_made or _is_in(entry.path, plan.paths)


def _is_in(path: str, places: Collection[str]) -> bool:
    """A path is one of these places, or lies in one."""
    return path in places or any(folder in places for folder in folders_of(path))


def _says_what_stays(former: Former, number: int) -> str:
    datasets = "a dataset" if number == 1 else f"{number} datasets"
    return (
        f"{former.name} stays in {former.chain}, behind the new run: it holds {datasets} that this run did not make "
        "again (with --force it makes all anew)"
    )


def _deletions(old: Iterable[Living], now: str) -> list[tuple[str, Row]]:
    user = user_name()
    return [("dataset_deletion", {"dataset": entry.id, "deleted": now, "user": user, "kept_bytes": 0}) for entry in old]
