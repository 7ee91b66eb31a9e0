"""Where two files differ: their links, objects, attributes and values, object by object from the root outwards."""

from __future__ import annotations

import os
from collections import deque
from typing import NamedTuple

from provstore.formats.hdf5 import storage
from provstore.formats.hdf5.arrays import Side, compare_attributes, compare_values
from provstore.formats.hdf5.content import attributes_of, comment_of, dataset_of
from provstore.formats.hdf5.files import opened
from provstore.formats.hdf5.links import EXTERNAL, HARD, ROOT, Link, kind_of_object, links_of, open_object, shown_name
from provstore.formats.hdf5.types import kind_of
from provstore.plugin import METADATA, STRUCTURE, Difference, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from provstore.plugin import Tolerance


class Pair(NamedTuple):
    """Two groups, and a hard link in each that has the same name.

    Attributes:
        place: Names of the links that lead to the objects at their ends.
        a, b: The groups, open.
        links: In them.
        numbers: Of the objects at their ends.
    """

    place: tuple[str, ...]
    a: Any
    b: Any
    links: tuple[Link, Link]
    numbers: tuple[int, int]


class Found(NamedTuple):
    """An object of one of the files.

    Attributes:
        id: Open.
        info: What HDF5 tells of it.
        number: Of the walk.
        side: The file.
    """

    id: Any
    info: Any
    number: int
    side: Side


def compare_files(a: Path, b: Path, tolerance: Tolerance | None) -> Iterator[Difference]:
    """All differences between two files.

    Raises:
        Unavailable: One of them can't be read in full.
    """
    with opened(a) as file_a, opened(b) as file_b:
        facts = storage.of_file(file_a), storage.of_file(file_b)
        yield from storage.differences((), *facts)
        has_version = facts[0]["library version"] != facts[1]["library version"]
        sides = Side.of(file_a, os.stat(a).st_size), Side.of(file_b, os.stat(b).st_size)
        yield from Comparison(*sides, tolerance, has_version=has_version).differences()


class Comparison:
    """Compares the objects of two files pair by pair.

    Args:
        has_version: It is known that other versions of the library wrote them, and need not be said again.
    """

    def __init__(self, a: Side, b: Side, tolerance: Tolerance | None, *, has_version: bool) -> None:
        self._a, self._b, self._tolerance, self._has_version = a, b, tolerance, has_version
        self._waiting: deque[Pair] = deque()
        self._seen: set[tuple[int, int]] = set()
        self._alike: set[tuple[int, int]] = {(ROOT, ROOT)}

    def differences(self) -> Iterator[Difference]:
        """All of them."""
        self._seen.add((ROOT, ROOT))
        yield from self._objects((), _root(self._a), _root(self._b))
        while self._waiting:
            pair = self._waiting.popleft()
            a = Found(*open_object(pair.a, pair.links[0]), pair.numbers[0], self._a)
            b = Found(*open_object(pair.b, pair.links[1]), pair.numbers[1], self._b)
            yield from self._objects(pair.place, a, b)

    def _objects(self, place: tuple[str, ...], a: Found, b: Found) -> Iterator[Difference]:
        kinds = kind_of_object(a.id), kind_of_object(b.id)
        if kinds[0] != kinds[1]:
            yield Difference(STRUCTURE, place, "kind of object", *kinds)
            return
        comments = [shown_name(comment_of(each.info, each.number, each.side.places)) for each in (a, b)]
        if comments[0] != comments[1]:
            yield Difference(METADATA, place, "comment", shown(comments[0]), shown(comments[1]))
        attributes = [attributes_of(each.id, each.number) if each.info.num_attrs else [] for each in (a, b)]
        yield from compare_attributes(place, (attributes[0], a.side), (attributes[1], b.side), self._tolerance)
        yield from storage.differences(place, storage.of_object(a.id, a.info), storage.of_object(b.id, b.info))
        yield from self._versions(a, b)
        if kinds[0] == "group":
            yield from self._groups(place, a, b)
        elif kinds[0] == "dataset":
            arrays = dataset_of(a.id), dataset_of(b.id)
            yield from compare_values(place, (arrays[0], a.side), (arrays[1], b.side), self._tolerance)
        else:
            yield from _compare_types(place, a.id, b.id)

    def _versions(self, a: Found, b: Found) -> Iterator[Difference]:
        """Of the library, by the first two objects in which it shows: for the whole file."""
        if not self._has_version:
            found = list(storage.differences((), storage.header_version(a.info), storage.header_version(b.info)))
            self._has_version = bool(found)
            yield from found

    def _groups(self, place: tuple[str, ...], a: Found, b: Found) -> Iterator[Difference]:
        links_a, links_b = links_of(a.id), links_of(b.id)
        yield from storage.differences(place, storage.order_of_links(links_a), storage.order_of_links(links_b))
        of_a, of_b = ({link.name: link for link in links} for links in (links_a, links_b))
        for name in sorted({*of_a, *of_b}):
            inner = (*place, shown_name(name))
            if name not in of_b:
                yield Difference(STRUCTURE, inner, "missing", _told(of_a[name], self._a), "")
            elif name not in of_a:
                yield Difference(STRUCTURE, inner, "added", "", _told(of_b[name], self._b))
            elif of_a[name].kind == of_b[name].kind == HARD:
                yield from self._hard_links(inner, a, b, (of_a[name], of_b[name]))
            elif (of_a[name].kind, of_a[name].target) != (of_b[name].kind, of_b[name].target):
                yield Difference(STRUCTURE, inner, "link", _told(of_a[name], self._a), _told(of_b[name], self._b))

    def _hard_links(self, place: tuple[str, ...], a: Found, b: Found, links: tuple[Link, Link]) -> Iterator[Difference]:
        numbers = self._a.places.known(links[0].address), self._b.places.known(links[1].address)
        if not self._lead_alike(a.number, b.number, links[0].name, numbers):
            yield Difference(STRUCTURE, place, "link", _told(links[0], self._a), _told(links[1], self._b))
        if numbers not in self._seen:
            self._seen.add(numbers)
            self._waiting.append(Pair(place, a.id, b.id, links, numbers))

    def _lead_alike(self, group_a: int, group_b: int, name: bytes, numbers: tuple[int, int]) -> bool:
        """The links of a name in two groups lead to objects that have the same path."""
        places = self._a.places, self._b.places
        are_first = places[0].is_first(numbers[0], group_a, name) and places[1].is_first(numbers[1], group_b, name)
        if are_first and (group_a, group_b) in self._alike:
            self._alike.add(numbers)  # to compare all names of both would take long where groups are nested deep
            return True
        return places[0].names(numbers[0]) == places[1].names(numbers[1])


def _root(side: Side) -> Found:
    from h5py import h5o

    root = h5o.open(side.file, b"/")
    return Found(root, h5o.get_info(root), ROOT, side)


def _compare_types(place: tuple[str, ...], a: Any, b: Any) -> Iterator[Difference]:
    """Two types that have names of their own."""
    names = kind_of(a).name, kind_of(b).name
    if names[0] != names[1]:
        yield Difference(STRUCTURE, place, "type", shown(names[0]), shown(names[1]))
    yield from storage.differences(place, storage.of_type(a), storage.of_type(b))


def _told(link: Link, side: Side) -> str:
    """Where a link leads, for a person."""
    if link.kind == HARD:
        return shown(f"the object {side.places.path(link.address)}")
    target = " : ".join(map(shown_name, link.target))
    return shown(f"{'external' if link.kind == EXTERNAL else 'soft'} link to {target}")
