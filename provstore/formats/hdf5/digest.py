"""The semantic digest of a file: of all its objects, in the order of the walk, with what each says and links to.

Rules: the type, shape, values, attributes and comment of each object count, and the names, kinds and targets of its
links; a second link to an object is told by the number of that object.
"""

from __future__ import annotations

import os

from provstore.formats.hdf5.content import (
    attribute_rows,
    attributes_of,
    comment_of,
    dataset_of,
    read_attribute,
    read_blocks,
)
from provstore.formats.hdf5.files import opened
from provstore.formats.hdf5.links import HARD, Link, Places, Visit, shown_name, walk
from provstore.formats.hdf5.types import kind_of
from provstore.plugin import Expansion, Hasher, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from provstore.formats.hdf5.content import Array


def digest_file(path: Path) -> str:
    """The digest of a file.

    Raises:
        Unavailable: It can't be read, or not in full; the text names the object.
    """
    with opened(path) as file:
        return FileDigest(file, os.stat(path).st_size).digest()


class FileDigest:
    """Digests the objects of an open file one by one, and then all of them."""

    def __init__(self, file: Any, size: int) -> None:
        self._file, self._size = file, size
        self._limit = Expansion(size, "the file")
        self._places = Places(file)

    def digest(self) -> str:
        """The digest of the file."""
        found: list[str | None] = []
        later: list[Visit] = []
        for visit in walk(self._file, self._places, self._limit):
            # What references point to is known when the walk has come to its end.
            digest = self._of_object(visit, is_walking=True)
            if digest is None:
                later.append(visit)
            found.append(digest)
        for visit in later:
            found[visit.number] = self._of_object(visit, is_walking=False)
        return Hasher().add(found).digest

    def _of_object(self, visit: Visit, *, is_walking: bool) -> str | None:
        """The digest of an object; None where it needs the end of the walk."""
        try:
            return self._of(visit, is_walking)
        except Exception as error:
            path = "/" + "/".join(map(shown_name, self._places.names(visit.number)))
            raise Unavailable(f"{path}: {error}") from error

    def _of(self, visit: Visit, is_walking: bool) -> str | None:
        from h5py import h5d, h5t

        attributes = attributes_of(visit.id, visit.number) if visit.info.num_attrs else []
        dataset = dataset_of(visit.id) if isinstance(visit.id, h5d.DatasetID) else None
        if is_walking and any(array.has_references for array in (*dict(attributes).values(), dataset) if array):
            return None
        hasher = Hasher().add(comment_of(visit.info, visit.number, self._places), len(attributes))
        for name, array in attributes:
            self._add_attribute(hasher.add(name), name, array)
        if dataset is not None:
            self._add_dataset(hasher.add("dataset"), dataset)
        elif isinstance(visit.id, h5t.TypeID):
            hasher.add("type", kind_of(visit.id).name)
        else:
            hasher.add("group", [self._link(link) for link in visit.links])
        return hasher.digest

    def _add_attribute(self, hasher: Hasher, name: bytes, array: Array) -> None:
        hasher.add(array.description(self._places))
        if array.has_values and array.kind.is_flat:
            hasher.part(read_attribute(array, self._limit))
        elif array.has_values:
            hasher.add(attribute_rows(name, array, self._places, self._limit))

    def _add_dataset(self, hasher: Hasher, array: Array) -> None:
        hasher.add(array.description(self._places))
        if array.has_values:
            for block in read_blocks(array, self._size, self._limit):
                array.kind.hash_into(hasher, block, self._places)

    def _link(self, link: Link) -> list[Any]:
        if link.kind == HARD:
            return [link.name, self._places.number(link.address)]
        return [link.name, *link.target]
