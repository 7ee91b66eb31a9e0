"""Chains of other stores, as merges noted them: put into words, made again, and checked.

A merge appends what was new in the other store's order, and then the row of `merge` itself. That row holds the whole
chain of the other store in few words: ranges of positions here, and `[origin, digest]` of each record that is not
here. So the other's chain can be made again link by link from what is here, and must end as it ended there.

The other store may have merged a third one before. Such a row came along among what was new; its positions are those
of the *other's* records, so it is checked against the other's chain, once that has been made again.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.digest import canonical_json, digest_json
from provstore.noun import NamedTuple
from provstore.store.facts import next_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    Record: TypeAlias = "tuple[str, str]"
    """(origin, digest): all of a record that a chain is made of."""

MERGES = """
    SELECT r.digest, m.id, m.store, m.added, m.records, m.chain
      FROM merge AS m CROSS JOIN record AS r ON r.subject = m.id AND r.kind = 'merge'
"""
RECOVERIES = """
    SELECT r.digest FROM recovery AS y CROSS JOIN record AS r ON r.subject = y.id AND r.kind = 'recovery'
"""
CHAIN = "SELECT origin, digest FROM record ORDER BY position"


class MergeFault(NamedTuple):
    """A merge whose other chain can't be made again.

    Attributes:
        merge: Its id.
        text: What is wrong.
    """

    merge: str
    text: str


class _Merge(NamedTuple):
    """A row of `merge`; its columns."""

    id: str
    store: str
    added: int
    records: str
    chain: str


def in_words(places: Iterable[int | Record]) -> str:
    """A chain as the column `merge.records` holds it.

    Args:
        places: Position of each record here; (origin, digest) of one that is not here.
    """
    words: list[list[int | str]] = []
    for place in places:
        last = words[-1][1] if words else None
        if not isinstance(place, int):
            words.append([*place])
        elif isinstance(last, int) and last + 1 == place:
            words[-1][1] = place
        else:
            words.append([place, place])
    return canonical_json(words)


def faults(conn: sqlite3.Connection) -> Iterator[MergeFault]:
    """The merges whose other chain can't be made again from what is here.

    A recovery may number records anew, since some are lost: what it left of the merges before it proves nothing any
    more, and is no fault.
    """
    merges = {row[0]: _Merge(*row[1:]) for row in conn.execute(MERGES)}
    if not merges:
        return
    recoveries = {digest for (digest,) in conn.execute(RECOVERIES)}
    checked: set[str] = set()
    replay = _Replay()
    waiting: list[Sequence[Record]] = [conn.execute(CHAIN).fetchall()]
    while waiting:
        chain = waiting.pop()
        last_recovery = max((number for number, (_, digest) in enumerate(chain) if digest in recoveries), default=-1)
        for place, merge in _merges_done_there(chain, merges):
            if merge.id in checked:
                continue
            checked.add(merge.id)
            other, text = _other_chain(merge, chain, place)
            text = text or replay.wrong_end(merge, other)
            if not text:
                waiting.append(other)
            elif place > last_recovery:
                yield MergeFault(merge.id, text)


def _merges_done_there(chain: Sequence[Record], merges: Mapping[str, _Merge]) -> Iterator[tuple[int, _Merge]]:
    """(index, merge) of the merges that the chain's own store did, the last first; not those that came by one."""
    place = len(chain) - 1
    while place >= 0:
        merge = merges.get(chain[place][1])
        if merge is not None:
            yield place, merge
            place -= max(merge.added, 0)
        place -= 1


def _other_chain(merge: _Merge, chain: Sequence[Record], place: int) -> tuple[list[Record], str]:
    """The other store's chain by a merge's words, and what is wrong with these."""
    other: list[Record] = []
    for word in json.loads(merge.records):
        match word:
            case [int(first), int(last)] if 1 <= first <= last <= place:
                other += chain[first - 1 : last]
            case [str(origin), str(digest)]:
                other.append((origin, digest))
            case _:
                return [], f"names records {canonical_json(word)}, and has {place} before it"
    return other, ""


class _Replay:
    """Makes chains again, each from where it parts with the last one of the same store: they grow at their end."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Sequence[Record], str]] = {}

    def wrong_end(self, merge: _Merge, other: Sequence[Record]) -> str:
        """What is wrong with a chain's end; "" when nothing is."""
        known, link = self._last.get(merge.store, ((), ""))
        if not known or other[: len(known)] != known:
            known, link = (), digest_json({"store": json.loads(merge.store)})
        for origin, digest in other[len(known) :]:
            link = next_link(link, origin, digest)
        if link != merge.chain:
            return f"the other store's chain, made again, ends with {link}, expected {merge.chain}"
        self._last[merge.store] = (other, link)
        return ""
