"""The objects of a file, and the links between them.

Rules: objects are visited from the root outwards, level by level, each group's links in the order of the bytes of
their names. An object is visited once: at the shortest path that leads to it, of several the first. So cycles end, a
second link to an object is told from a copy of it, and the order depends on nothing but the links. Links into other
files, and soft links, are never followed. Nothing here is recursive: groups may be nested as deep as they like.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.plugin import Expansion

HARD, SOFT, EXTERNAL = 0, 1, 64
"""Types of links, as HDF5 numbers them."""
ROOT = 0
"""Number of the root group."""


def shown_name(name: bytes) -> str:
    """A name for a person; bytes that are no UTF-8 are written as such."""
    return name.decode("utf-8", "backslashreplace")


class Link(NamedTuple):
    """A link in a group.

    Attributes:
        name: Its bytes.
        kind: `HARD`, `SOFT` or `EXTERNAL`.
        address: Of the object in the file, for a hard link.
        target: What a soft or external link says, as it is written there.
        created: Its number in the order of creation; None where that is not recorded.
    """

    name: bytes
    kind: int
    address: int
    target: tuple[bytes, ...]
    created: int | None


class Visit(NamedTuple):
    """An object at its first path.

    Attributes:
        number: In the order of visits, from 0.
        id: The open object of h5py.
        info: What HDF5 tells of it (`h5py.h5o.ObjInfo`).
        links: Of a group, in order of their names.
    """

    number: int
    id: Any
    info: Any
    links: list[Link]


class Places:
    """At which path each object of an open file is: by its address, or by its number."""

    def __init__(self, file: Any) -> None:
        self.file = file
        self._numbers: dict[int, int] = {}
        self._first: list[tuple[int, bytes]] = []

    def add(self, address: int, parent: int, name: bytes) -> int | None:
        """Notes where an object was met first; its number, or None if it is known."""
        if address in self._numbers:
            return None
        number = self._numbers[address] = len(self._first)
        self._first.append((parent, name))
        return number

    def number(self, address: int) -> int | None:
        """The number of an object; None for one to which no path leads."""
        return self._numbers.get(address)

    def address_of(self, reference: Any) -> int:
        """The address to which a reference of h5py points: 0 for nothing, -1 for an object that is gone."""
        from h5py import h5o, h5r

        if not reference:
            return 0
        try:
            return int(h5o.get_info(h5r.dereference(reference, self.file)).addr)
        except (OSError, ValueError, RuntimeError, KeyError):
            return -1

    def known(self, address: int) -> int:
        """The number of an object that a link of the file leads to."""
        return self._numbers[address]

    def is_first(self, number: int, parent: int, name: bytes) -> bool:
        """The first path of an object ends with the link of this name in this group."""
        return self._first[number] == (parent, name)

    def names(self, number: int) -> tuple[bytes, ...]:
        """The names of the links from the root to an object."""
        names = []
        while number != ROOT:
            number, name = self._first[number]
            names.append(name)
        return tuple(reversed(names))

    def path(self, address: int) -> str | None:
        """The first path of an object, for a person: "/images/flux"; None for one to which none leads."""
        number = self.number(address)
        return None if number is None else "/" + "/".join(map(shown_name, self.names(number)))


def links_of(group: Any) -> list[Link]:
    """The links of an open group, in order of their names.

    Raises:
        Unavailable: A link of a kind that only the program knows that wrote it.
    """
    found: list[tuple[bytes, int, int, int | None]] = []

    def note(name: bytes, info: Any) -> None:  # h5py uses the object `info` again for the next link
        found.append((name, info.type, info.u, info.corder if info.corder_valid else None))

    group.links.iterate(note, info=True)
    return [_link(group, *facts) for facts in sorted(found)]


def _link(group: Any, name: bytes, kind: int, address: int, created: int | None) -> Link:
    if kind == HARD:
        return Link(name, HARD, address, (), created)
    if kind == SOFT:
        return Link(name, SOFT, 0, (group.links.get_val(name),), created)
    if kind == EXTERNAL:
        return Link(name, EXTERNAL, 0, tuple(group.links.get_val(name)), created)
    raise Unavailable(f"the link {shown_name(name)} is of the type {kind}, which HDF5 does not define")


def kind_of_object(id: Any) -> str:
    """One of "group", "dataset", and "type": one that was given a name of its own."""
    from h5py import h5d, h5t

    return "dataset" if isinstance(id, h5d.DatasetID) else "type" if isinstance(id, h5t.TypeID) else "group"


def open_object(group: Any, link: Link) -> tuple[Any, Any]:
    """The object at the end of a hard link, open, and what HDF5 tells of it.

    Raises:
        Unavailable: The name leads to another object (a damaged file may have "." or "a/b" as a name).
    """
    from h5py import h5o

    found = h5o.open(group, link.name)
    info = h5o.get_info(found)
    if info.addr != link.address:
        raise Unavailable(f"the link {shown_name(link.name)!r} leads elsewhere than it says")
    return found, info


def walk(file: Any, places: Places, limit: Expansion) -> Iterator[Visit]:
    """Visits each object of a file once; `places` learns where they are.

    A group stays open until all that it links to has been visited.

    Args:
        limit: Counts objects and links.
    """
    from h5py import h5g, h5o

    root = h5o.open(file, b"/")
    root_info = h5o.get_info(root)
    places.add(root_info.addr, ROOT, b"/")
    waiting: deque[tuple[int, Any, Link | None]] = deque([(ROOT, root, None)])
    while waiting:
        number, parent, link = waiting.popleft()
        found, info = (parent, root_info) if link is None else open_object(parent, link)
        links = links_of(found) if isinstance(found, h5g.GroupID) else []
        for each in links:
            limit.add_member()
            if each.kind == HARD:
                new = places.add(each.address, number, each.name)
                if new is not None:
                    waiting.append((new, found, each))
        yield Visit(number, found, info, links)
