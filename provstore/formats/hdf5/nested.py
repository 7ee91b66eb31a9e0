"""HDF5 files as nested dictionaries, read and written.

Rules: a group is a dictionary; its attributes are under ``"@"``. A dataset is a numpy array, a scalar one a numpy
scalar or a text; the attributes of the dataset ``flux`` are beside it, under ``"flux@"``. A second link to an object
is the same Python object. Soft and external links are `h5py.SoftLink` and `h5py.ExternalLink`, never followed; a
dataset without a value is a `h5py.Empty`, a type with a name of its own a `numpy.dtype`. Strings of any length are
texts, in arrays of objects whose dtype says their character set. References are the paths that they point to, in
arrays whose dtype is `h5py.ref_dtype`; inside of other values they can be read, but not written.
"""

from __future__ import annotations

from typing import NamedTuple

from provstore.formats.hdf5.content import attributes_of, dataset_of
from provstore.formats.hdf5.files import has_filters
from provstore.formats.hdf5.kinds import Pointer
from provstore.formats.hdf5.links import EXTERNAL, HARD, ROOT, Link, Places, Visit, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.formats.hdf5.content import Array
    from provstore.plugin import Expansion

MOST_COMPONENTS = 10_000
DEEPEST_COMPONENT = 100
ATTRIBUTES = "@"
"""After the name of a dataset, or alone for the group itself: the key of attributes."""


def decoded(name: bytes) -> str:
    """A name as a key; bytes that are no UTF-8 come back by `encoded`."""
    return name.decode("utf-8", "surrogateescape")


def encoded(name: str) -> bytes:
    """The bytes of a name."""
    return name.encode("utf-8", "surrogateescape")


# --- reading ----------------------------------------------------------------------------------------------


def paths_of(file: Any, limit: Expansion) -> list[str]:
    """The paths of the objects but the root: of the first `MOST_COMPONENTS`, while they are not nested too deep."""
    places = Places(file)
    found: list[str] = []
    for visit in walk(file, places, limit):
        names = places.names(visit.number)
        if len(found) == MOST_COMPONENTS or len(names) > DEEPEST_COMPONENT:
            break
        found.append("/".join(map(decoded, names)))
    return found[1:]


class Reader:
    """Reads the objects of an open file.

    Args:
        limit: For what is read.
    """

    def __init__(self, file: Any, limit: Expansion) -> None:
        self._limit = limit
        self._places = Places(file)
        self._visits: list[Visit] = list(walk(file, self._places, limit))

    def read(self, number: int = ROOT) -> Any:
        """The value of an object, with all that is in it."""
        found: dict[int, Any] = {}
        waiting = [number]
        while waiting:
            number_now = waiting.pop()
            if number_now in found:
                continue
            visit = self._visits[number_now]
            found[number_now] = self._value(visit)
            waiting += [self._places.known(link.address) for link in visit.links if link.kind == HARD]
        for each, value in found.items():
            for link in self._visits[each].links:
                self._put(found, value, link)
        return found[number]

    def attributes(self, number: int) -> dict[str, Any]:
        """Those of an object."""
        visit = self._visits[number]
        found = attributes_of(visit.id, -1) if visit.info.num_attrs else []
        return {decoded(name): self._array(array, is_attribute=True) for name, array in found}

    def find(self, names: list[bytes]) -> int:
        """The object that links with these names lead to.

        Raises:
            LookupError: There is none.
        """
        number = ROOT
        for name in names:
            links = {link.name: link for link in self._visits[number].links if link.kind == HARD}
            if name not in links:
                raise LookupError(f"there is no {decoded(b'/'.join(names))!r}")
            number = self._places.known(links[name].address)
        return number

    def _value(self, visit: Visit) -> Any:
        from h5py import h5d, h5t

        if isinstance(visit.id, h5d.DatasetID):
            return self._array(dataset_of(visit.id), is_attribute=False)
        if isinstance(visit.id, h5t.TypeID):
            return visit.id.dtype
        attributes = self.attributes(visit.number)
        return {ATTRIBUTES: attributes} if attributes else {}

    def _put(self, found: dict[int, Any], group: dict[str, Any], link: Link) -> None:
        """Adds what a link leads to, and the attributes of a dataset."""
        import h5py

        name = decoded(link.name)
        if name.endswith(ATTRIBUTES):
            raise ValueError(f"the name {name!r} can't be told from that of attributes")
        if link.kind == EXTERNAL:
            group[name] = h5py.ExternalLink(*map(decoded, link.target))
        elif link.kind != HARD:
            group[name] = h5py.SoftLink(decoded(link.target[0]))
        else:
            number = self._places.known(link.address)
            group[name] = found[number]
            attributes = {} if isinstance(found[number], dict) else self.attributes(number)
            if attributes:
                group[name + ATTRIBUTES] = attributes

    def _array(self, array: Array, *, is_attribute: bool) -> Any:
        import h5py

        if array.elsewhere:
            raise ValueError("the values of a dataset lie elsewhere, and links are not followed")
        if array.shape is None:
            return h5py.Empty(_types(array)[0])
        self._limit.add(array.id.get_space().get_simple_extent_npoints() * array.kind.dtype.itemsize)
        if not is_attribute:
            has_filters(array.id)
        if array.kind.has_references:
            return self._references(array, is_attribute)
        return _plain(_read(array, is_attribute))

    def _references(self, array: Array, is_attribute: bool) -> Any:
        """An array of the paths that references point to."""
        import h5py
        import numpy

        is_simple = isinstance(array.kind, Pointer)
        dtype = h5py.ref_dtype if is_simple else numpy.dtype("O", metadata={"references": "inside"})
        block = _read(array, is_attribute, is_own=True)
        count = len(block.reshape(-1, *block.shape[len(array.shape or ()) :]))
        rows = array.kind.rows(block.reshape(count, *block.shape[len(array.shape or ()) :]), self._places)
        found = numpy.empty(count, dtype)
        for index, row in enumerate(rows):
            found[index] = row
        return found.reshape(array.shape)


def _types(array: Array) -> tuple[Any, Any]:
    """The types of numpy and HDF5 for an array: those of h5py, or those of this package for what h5py can't read."""
    from h5py import h5t

    is_odd = array.id.get_type().get_class() in (h5t.BITFIELD, h5t.TIME)
    try:
        return (array.kind.dtype, array.kind.memory) if is_odd else (array.id.dtype, None)
    except TypeError:
        return array.kind.named_dtype, array.kind.memory


def _read(array: Array, is_attribute: bool, *, is_own: bool = False) -> Any:
    """All values of an array.

    Args:
        is_own: By the type of this package.
    """
    import numpy
    from h5py import h5s

    dtype, memory = (array.kind.dtype, array.kind.memory) if is_own else _types(array)
    found = numpy.empty(array.shape or (), dtype)
    if not found.size:
        return found
    if is_attribute:
        array.id.read(found, memory)
    else:
        array.id.read(h5s.ALL, h5s.ALL, found, memory)
    return found


def _plain(found: Any) -> Any:
    """An array as it is; of one value without axes, the value, where its type can be told from it."""
    import h5py

    strings = h5py.check_string_dtype(found.dtype)
    if strings is not None and strings.length is None:
        texts = found.reshape(-1)
        for index, value in enumerate(texts):
            texts[index] = value if isinstance(value, str) else decoded(value)
        if found.shape == () and strings.encoding == "utf-8":
            return found[()]
    is_plain = found.dtype.metadata is None and found.dtype.names is None and not found.dtype.hasobject
    return found[()] if found.shape == () and is_plain else found


# --- writing ----------------------------------------------------------------------------------------------


class Task(NamedTuple):
    """A dictionary that is to be written into a group."""

    group: Any
    value: Mapping[str, Any]


def write_nested(file: Any, value: Mapping[str, Any]) -> None:
    """Writes a nested dictionary into an open, empty `h5py.File`.

    Raises:
        TypeError: It holds a value that no dataset can.
        ValueError: A key that is no name.
    """
    Writer(file).write(value)


class Writer:
    """Writes dictionaries one after the other, and references when all else is there."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._made: dict[int, Any] = {}
        self._waiting: list[Task] = []
        self._references: list[tuple[Any, Any]] = []

    def write(self, value: Mapping[str, Any]) -> None:
        """Writes all of a dictionary."""
        self._made[id(value)] = self._file
        self._waiting.append(Task(self._file, value))
        while self._waiting:
            task = self._waiting.pop()
            for name, each in task.value.items():
                _check_name(name)
                if not name.endswith(ATTRIBUTES):
                    self._object(task.group, name, each)
            for name, each in task.value.items():
                if name.endswith(ATTRIBUTES):
                    target = task.group[encoded(name[:-1])] if name != ATTRIBUTES else task.group
                    self._attributes(target, each)
        for target, paths in self._references:
            self._point(target, paths)

    def _object(self, group: Any, name: str, value: Any) -> None:
        import h5py
        import numpy

        key = encoded(name)
        if id(value) in self._made:
            group[key] = self._made[id(value)]
        elif hasattr(value, "items"):
            self._made[id(value)] = group.create_group(key)
            self._waiting.append(Task(self._made[id(value)], value))
        elif isinstance(value, (h5py.SoftLink, h5py.ExternalLink, numpy.dtype)):
            group[key] = value
        else:
            made = self._dataset(group, key, value)
            if isinstance(value, numpy.ndarray):
                self._made[id(value)] = made

    def _dataset(self, group: Any, key: bytes, value: Any) -> Any:
        import h5py

        data = _writable(value)
        if not isinstance(data, h5py.Empty) and h5py.check_ref_dtype(data.dtype) is not None:
            made = group.create_dataset(key, data.shape, data.dtype)
            self._references.append((made, data))
            return made
        return group.create_dataset(key, data=data, dtype=data.dtype)

    def _attributes(self, target: Any, values: Mapping[str, Any]) -> None:
        import h5py

        for name, value in values.items():
            data = _writable(value)
            if not isinstance(data, h5py.Empty) and h5py.check_ref_dtype(data.dtype) is not None:
                self._references.append(((target, name), data))
            else:
                target.attrs.create(encoded(name), data, dtype=data.dtype)

    def _point(self, target: Any, paths: Any) -> None:
        """Writes references, now that what they point to is there."""
        import h5py
        import numpy

        found = numpy.empty(paths.shape, h5py.ref_dtype)
        for index in numpy.ndindex(paths.shape):
            path = paths[index]
            found[index] = self._file[path].ref if isinstance(path, str) else h5py.Reference()
        if isinstance(target, tuple):
            owner, name = target
            owner.attrs.create(encoded(name), found, dtype=h5py.ref_dtype)
        else:
            target[...] = found


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name == ".":
        raise ValueError(f"found the key {name!r}, expected the name of a link: text without /")


def _writable(value: Any) -> Any:
    """A value as an array that h5py can write."""
    import h5py
    import numpy

    if isinstance(value, h5py.Empty):
        return value
    if isinstance(value, str):
        return numpy.array(value, h5py.string_dtype())
    data = numpy.asarray(value)
    if data.dtype.kind == "U":
        return data.astype(h5py.string_dtype())
    if data.dtype.kind in "mM":
        return data.astype(h5py.opaque_dtype(data.dtype))
    metadata: Mapping[str, Any] = data.dtype.metadata or {}
    if "references" in metadata:
        raise TypeError("found references inside of other values; they can't be written")
    if data.dtype.kind == "O" and not metadata:
        if not all(isinstance(each, str) for each in data.reshape(-1)):
            raise TypeError(f"found {type(value).__name__}, expected numbers, texts, arrays of them, or a mapping")
        return data.astype(h5py.string_dtype())
    return data
