"""Ids on the command line: shortened to any unambiguous prefix, and as short as that when they are shown."""

from __future__ import annotations

import os
import re

from provstore.errors import UnknownIdError
from provstore.store import records, registered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from provstore.store.adding import Connection
    from provstore.store.store import Store

RECORDS = ("run", "execution", "dataset")
IS_ID = re.compile(r"[0-9a-f][0-9a-f-]{0,35}")
SHORTEST = 8
NO_STORE = "nothing was recorded yet"
RUN_FIRST = "'provstore run' makes the store"


def identify(store: Store | None, text: str) -> tuple[str, str]:
    """What an id or the beginning of one stands for.

    Returns:
        "run", "execution" or "dataset", and the whole id.

    Raises:
        UnknownIdError: No record begins so, or several do.
    """
    if store is None:
        raise UnknownIdError(f"{text}: {NO_STORE}", hint=RUN_FIRST)
    found = records_like(store, text)
    if not found:
        store.ask(refuse_under_way, text)
        raise UnknownIdError(f"{text}: no run, execution or dataset has an id that begins so", hint=_WHERE)
    exact = [entry for entry in found if entry[1] == text.lower()]
    if len(exact or found) > 1:
        listed = "\n".join(f"  {kind.ljust(9)}  {id}" for kind, id in found)
        raise UnknownIdError(f"{text}: several ids begin so\n{listed}", hint="type more of it")
    return (exact or found)[0]


def refuse_under_way(conn: Connection, text: str) -> None:
    """Says of an execution that is not known that it is under way, if it is.

    Raises:
        UnknownIdError: It is.
    """
    prefix = text.lower()
    if prefix == os.environ.get("PROVSTORE_EXECUTION") or (
        IS_ID.fullmatch(prefix) and registered.executions_under_way(conn, prefix)
    ):
        raise UnknownIdError(f"{text}: this execution is under way: it is recorded when the task has ended")


def records_like(store: Store, text: str) -> list[tuple[str, str]]:
    """Records whose ids begin with a text, as "run", "execution" or "dataset" and the whole id; not all if many."""
    prefix = text.lower()
    if not IS_ID.fullmatch(prefix):
        return []
    return [(kind, id) for kind in RECORDS for id in store.ask(records.ids_with_prefix, kind, prefix)]


_WHERE = "'provstore log' shows the runs, 'provstore show RUN' their executions"


def shortener(store: Store) -> Callable[[str], str]:
    """A function that shortens ids as far as `identify` still understands them."""

    def shortened(id: str) -> str:
        # Whatever begins like an id stands next to it in the alphabet: one question, however many ids there are.
        shared = max((_shared(id, other) for other in store.ask(records.neighbours, id)), default=0)
        length = max(SHORTEST, shared + 1)
        if id[length - 1 : length] == "-":
            length += 1
        return id[:length]

    return shortened


def short_ids(store: Store | None, ids: Iterable[str]) -> dict[str, str]:
    """Each of these ids → as much of it as `identify` needs."""
    if store is None:
        return {}
    shortened = shortener(store)
    return {id: shortened(id) for id in ids}


def _shared(id: str, other: str) -> int:
    """Characters at their beginnings in which two ids agree."""
    for position, (ours, theirs) in enumerate(zip(id, other, strict=False)):
        if ours != theirs:
            return position
    return min(len(id), len(other))
