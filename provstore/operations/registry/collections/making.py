"""Making and listing collections."""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.noun import NamedTuple
from provstore.operations.registry.names import WILD, pattern_of
from provstore.operations.registry.transact import (
    checked_collection,
    collection_named,
    has_store,
    readable,
    transaction,
)
from provstore.operations.registry.writing import unobserved
from provstore.store import collections, facts
from provstore.store.connection import explained

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.events import Observer
    from provstore.operations.registry.transact import Transaction
    from provstore.project import Project
    from provstore.store.collections import Collection
    from provstore.store.store import Store


class Listed(NamedTuple):
    """A collection as it is shown.

    Attributes:
        children: Of a CHAINED one, in the order in which they are searched.
    """

    name: str
    type: str
    children: tuple[str, ...]
    description: str
    created: str


def register(
    project: Project, name: str, type: str = "TAGGED", description: str = "", observe: Observer = unobserved
) -> Listed:
    """Makes a collection; one that is there and of this type is left as it is.

    Raises:
        UsageError: The name can't be, there is no such type, or the collection is of another one.
    """
    checked_collection(name)
    if type not in collections.TYPES:
        raise UsageError(f"{name}: found type '{type}', expected {', '.join(collections.TYPES)}")
    _check_description(description)
    with transaction(project, f"provstore collection create {name}", observe, makes_store=True) as call:
        made(call, name, type, description)
        return listed(call.store, collection_named(call.store, name))


def _check_description(text: object) -> None:
    if not isinstance(text, str):
        raise UsageError(f"description: found {text!r}, expected text")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"description: {text!r} is not UTF-8") from None


def made(call: Transaction, name: str, type: str, description: str = "") -> None:
    """Makes a collection where there is none, inside of a call; one that was removed comes back empty.

    Raises:
        UsageError: It is of another type, or was.
    """
    conn = call.store.conn
    type_here = facts.collection_type(conn, name)
    if type_here is None:
        call.add("collection", {"name": name, "type": type, "created": call.now, "description": description})
        return
    if type_here != type:
        was = "is" if collections.one(conn, name) else "was once"
        raise UsageError(f"{name}: this collection {was} of type {type_here}, and can't be of type {type}")
    call.adding.bring_back(name, call.now)


def listed(store: Store, collection: Collection) -> Listed:
    """A collection with its children."""
    is_chain = collection.type == collections.CHAINED
    children = tuple(collections.children(store.conn, collection.name)) if is_chain else ()
    return Listed(collection.name, collection.type, children, collection.description, collection.created)


def query_collections(
    project: Project, globs: Sequence[str] = ("*",), types: Sequence[str] | None = None, *, flatten: bool = False
) -> list[Listed]:
    """Collections in the order of the globs, each once; those of one glob by name.

    Args:
        globs: Of their names; `*` and `?` are wild cards.
        types: Only those of one of them; None: of any.
        flatten: In the place of a chain, what is searched for it, in that order.

    Raises:
        UsageError: There is no such type, or no collection of a name without wild cards.
    """
    for glob in globs:
        if not isinstance(glob, str):
            raise UsageError(f"collection: found {glob!r}, expected a name or a glob")
    for type in types or ():
        if type not in collections.TYPES:
            raise UsageError(f"found type '{type}', expected {', '.join(collections.TYPES)}")
    names = [glob for glob in globs if not WILD.search(glob)]
    if not names and not has_store(project):
        return []
    store = readable(project)
    with explained(store.path):
        for name in names:
            collection_named(store, name)
        matching = dict.fromkeys(found for glob in globs for found in _matching(store, glob))
        found = [collection for collection in matching if types is None or collection.type in types]
        if flatten:
            found = collections.searched(store.conn, found)
        return [listed(store, collection) for collection in found]


def _matching(store: Store, glob: str) -> list[Collection]:
    pattern = pattern_of(glob)
    return [collection for collection in collections.every(store.conn) if pattern.fullmatch(collection.name)]
