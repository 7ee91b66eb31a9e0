"""What an object says: its attributes and, of a dataset, its type, shape and values.

Rules: attributes are told apart by name, type, shape and values, whatever their order. Of a dataset whose values lie
elsewhere (in other files, or in other datasets) it counts where; they are never read. A type that was given a name of
its own counts as a link to it. `_NCProperties`, in which netCDF notes the versions of libraries, does not count; the
entries of `REFERENCE_LIST` (the users of a dimension scale) have no order.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from provstore.formats.hdf5 import values
from provstore.formats.hdf5.files import has_filters
from provstore.formats.hdf5.links import ROOT, Places, shown_name
from provstore.formats.hdf5.selections import describe_selection
from provstore.formats.hdf5.types import kind_of
from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.formats.hdf5.kinds import Kind
    from provstore.plugin import Expansion

LIBRARY_VERSIONS = b"_NCProperties"
USERS_OF_SCALE = b"REFERENCE_LIST"
COMMENT = 13
"""The number of the message in an object's header that holds its comment."""
MOST_MAPPINGS = 100_000
"""A virtual dataset of more parts is not looked at."""


@dataclass(slots=True)
class Array:
    """An array in a file: the value of an attribute, or of a dataset.

    Attributes:
        id: Open, of h5py's low level.
        kind: Of its values.
        shape: None where it has no value at all, which is not the same as an array without elements.
        type_address: Of the type in the file that it uses; 0 for one of its own.
        elsewhere: Where the values lie, if not here: files, or the parts of a virtual dataset.
    """

    id: Any
    kind: Kind
    shape: tuple[int, ...] | None
    type_address: int
    elsewhere: list[Any]

    @property
    def has_references(self) -> bool:
        """What it says can only be told once the whole file was walked through."""
        return self.kind.has_references or self.type_address != 0

    def description(self, places: Places) -> list[Any]:
        """Type and shape and all else but the values, in plain values."""
        shape = None if self.shape is None else list(self.shape)
        return [self.kind.name, shape, named_type(self, places), self.elsewhere]

    @property
    def has_values(self) -> bool:
        """There is something to be read."""
        return self.shape is not None and not self.elsewhere and prod(self.shape) > 0


def named_type(array: Array, places: Places) -> str | None:
    """The path of the type that an array uses; None for a type without a name."""
    return (places.path(array.type_address) or "gone") if array.type_address else None


def _type_address(type_id: Any) -> int:
    from h5py import h5o

    return int(h5o.get_info(type_id).addr) if type_id.committed() else 0


def comment_of(info: Any, number: int, places: Places) -> bytes:
    """The comment of an object; empty where it has none."""
    # By its path, as `h5py.h5o.get_comment` returns memory that was never set. Nearly no object has one.
    has_one = info.hdr.mesg.present >> COMMENT & 1
    found: bytes = places.file.get_comment(b"/" + b"/".join(places.names(number))) if has_one else b""
    return found


# --- attributes -------------------------------------------------------------------------------------------


def attributes_of(id: Any, number: int) -> list[tuple[bytes, Array]]:
    """The attributes of an object, in order of their names.

    Args:
        number: Of the object; only the root group has attributes that do not count.
    """
    from h5py import h5a

    if not h5a.get_num_attrs(id):
        return []
    names: list[bytes] = []
    h5a.iterate(id, names.append)
    ignored = LIBRARY_VERSIONS if number == ROOT else None
    return [(name, _attribute(id, name)) for name in sorted(names) if name != ignored]


def _attribute(id: Any, name: bytes) -> Array:
    from h5py import h5a

    found = h5a.open(id, name)
    type_id = found.get_type()
    try:
        kind = kind_of(type_id)
    except Unavailable as error:
        raise Unavailable(f"attribute {shown_name(name)}: {error}") from error
    return Array(found, kind, _shape(found.get_space()), _type_address(type_id), [])


def _shape(space: Any) -> tuple[int, ...] | None:
    from h5py import h5s

    return None if space.get_simple_extent_type() == h5s.NULL else tuple(space.get_simple_extent_dims())


def read_attribute(array: Array, limit: Expansion) -> Any:
    """The values of an attribute, as a block."""
    import numpy

    count = prod(array.shape or ())
    limit.add(count * array.kind.dtype.itemsize)
    found = numpy.empty(count, array.kind.dtype)
    array.id.read(found, array.kind.memory)
    limit.add(array.kind.held(found))
    return found


def is_list_of_users(name: bytes, array: Array) -> bool:
    """The attribute is what dimension scales note of the datasets that use them: a set, in the order of writing."""
    return name == USERS_OF_SCALE and array.kind.name.startswith("{dataset: reference, dimension: ")


def attribute_rows(name: bytes, array: Array, places: Places, limit: Expansion) -> list[Any]:
    """The values of an attribute, each as a plain value; in a fixed order where they have none."""
    rows = array.kind.rows(read_attribute(array, limit), places)
    return sorted(rows, key=repr) if is_list_of_users(name, array) else rows


# --- datasets ---------------------------------------------------------------------------------------------


def dataset_of(id: Any) -> Array:
    """What a dataset is; none of its values is read, and no other file opened."""
    from h5py import h5d

    type_id, properties = id.get_type(), id.get_create_plist()
    kind, address = kind_of(type_id), _type_address(type_id)
    if properties.get_layout() == getattr(h5d, "VIRTUAL", -1):
        return Array(id, kind, _virtual_shape(properties), address, _virtual(properties, kind))
    files = [list(properties.get_external(number)) for number in range(properties.get_external_count())]
    return Array(id, kind, _shape(id.get_space()), address, ["external", files] if files else [])


def _virtual_shape(properties: Any) -> tuple[int, ...]:
    """By its mappings: to ask the dataset would make HDF5 look for the files."""
    return tuple(properties.get_virtual_vspace(0).get_simple_extent_dims()) if properties.get_virtual_count() else ()


def _virtual(properties: Any, kind: Kind) -> list[Any]:
    count = properties.get_virtual_count()
    if count > MOST_MAPPINGS:
        raise Unavailable(f"a virtual dataset has {count:,} parts, more than {MOST_MAPPINGS:,}")
    mappings = [
        [
            properties.get_virtual_filename(number),
            properties.get_virtual_dsetname(number),
            describe_selection(properties.get_virtual_vspace(number)),
            describe_selection(properties.get_virtual_srcspace(number)),
        ]
        for number in range(count)
    ]
    # The fill value is a value here: it shows wherever no part has one.
    return ["virtual", mappings, fill_value(properties, kind)]


def fill_value(properties: Any, kind: Kind) -> bytes | None:
    """The value of what was never written, in its one spelling; None where none was chosen, or it is no number."""
    import numpy
    from h5py import h5d

    if kind.dtype.kind not in "iufc" or properties.fill_value_defined() != h5d.FILL_VALUE_USER_DEFINED:
        return None
    found = numpy.zeros(1, kind.dtype)
    properties.get_fill_value(found)
    row: bytes = kind.rows(found, Places(None))[0]
    return row


def read_blocks(array: Array, file_size: int, limit: Expansion) -> Iterator[Any]:
    """The values of a dataset in C order, block by block; see `values.blocks`.

    Raises:
        Unavailable: They are more than a file of this size may hold, or packed by a filter that is not there.
    """
    size, chunk = array.kind.dtype.itemsize, values.chunk_of(array.id)
    # A chunk is unpacked as a whole, however few of its values belong to the dataset.
    limit.add(max(prod(array.shape or ()), prod(chunk or (0,))) * size)
    has_filters(array.id)
    for block in values.blocks(array.id, array.kind, file_size):
        limit.add(array.kind.held(block))
        yield block
