"""Which dataset is meant: by its id, the beginning of one, or an alias."""

from __future__ import annotations

from provstore.errors import UnknownIdError
from provstore.operations.identify import IS_ID, NO_STORE, refuse_under_way
from provstore.store import records, registered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.store.adding import Connection
    from provstore.store.store import Store


def dataset_id(store: Store | None, text: str) -> str:
    """The id of a dataset that is known.

    Raises:
        UnknownIdError: Nothing is known by this name, or several ids begin so.
    """
    if store is None:
        raise UnknownIdError(f"{text}: {NO_STORE}")
    return store.ask(known_id, "dataset", text)


def known_id(conn: Connection, kind: str, text: str) -> str:
    """The id of a dataset or an execution.

    Args:
        kind: "dataset" or "execution".

    Raises:
        UnknownIdError: There is none, or several begin so.
    """
    wanted = _behind_aliases(conn, text) if kind == "dataset" else text
    prefix = wanted.lower()
    found = records.ids_with_prefix(conn, kind, prefix) if IS_ID.fullmatch(prefix) else []
    if prefix in found:
        return prefix
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(f"  {id}" for id in found)
        raise UnknownIdError(f"{text}: several {kind}s have an id that begins so\n{listed}", hint="type more of it")
    if kind == "execution":
        refuse_under_way(conn, text)
    also = " or alias" if kind == "dataset" else ""
    raise UnknownIdError(f"{text or repr(text)}: no {kind} has this id{also}", hint=f"'provstore {kind} ls' lists them")


def known_ids(conn: Connection, texts: Sequence[str]) -> list[str]:
    """Ids of datasets, each once."""
    return list(dict.fromkeys(known_id(conn, "dataset", text) for text in texts))


def _behind_aliases(conn: Connection, text: str) -> str:
    """What an alias stands for in the end; any other text is itself. Two stores that were merged may have a cycle."""
    seen = {text}
    while (target := registered.alias_target(conn, text)) is not None:
        if target in seen:
            raise UnknownIdError(f"{text}: this alias stands for itself", hint="supersede it")
        seen.add(target)
        text = target
    return text
