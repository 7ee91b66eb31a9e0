"""How the data of a file are laid down: what differs there is told, and never counts."""

from __future__ import annotations

from provstore.formats.hdf5.types import kind_of
from provstore.plugin import STORAGE, Difference

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.formats.hdf5.links import Link

CHECKSUM = 3
"""The filter fletcher32."""
LAYOUTS = {0: "compact", 1: "contiguous", 2: "chunks", 3: "virtual"}


def differences(place: tuple[str, ...], a: dict[str, str], b: dict[str, str]) -> Iterator[Difference]:
    """Those of two tables of facts."""
    for what in [*a, *(what for what in b if what not in a)]:
        if a.get(what, "") != b.get(what, ""):
            yield Difference(STORAGE, place, what, a.get(what, ""), b.get(what, ""))


def of_file(file: Any) -> dict[str, str]:
    """Facts about a file."""
    properties = file.get_create_plist()
    version = properties.get_version()[0]
    return {"library version": f"superblock {version}", "user block": f"{properties.get_userblock()} bytes"}


def of_object(id: Any, info: Any) -> dict[str, str]:
    """Facts about any object, but for `header_version`: it is the same for all that a library writes."""
    times = {name: getattr(info, name, 0) for name in ("btime", "ctime", "mtime", "atime")}
    facts = {"creation times": " ".join(f"{name} {time}" for name, time in times.items() if time)}
    order = _order_of_attributes(id) if info.num_attrs else ""
    if order:
        facts["attribute order"] = order
    return facts


def header_version(info: Any) -> dict[str, str]:
    """Of the header of an object."""
    version = getattr(info.hdr, "version", None)
    return {} if version is None else {"library version": f"object header {version}"}


def _order_of_attributes(id: Any) -> str:
    from h5py import h5a

    order: list[tuple[int, bytes]] = []

    def note(name: bytes, info: Any) -> None:
        if info.corder_valid:
            order.append((info.corder, name))

    h5a.iterate(id, note, info=True)
    return _listed(name for _number, name in sorted(order))


def order_of_links(links: list[Link]) -> dict[str, str]:
    """The names of a group's links in the order of their creation, where that is recorded."""
    order = sorted((link.created, link.name) for link in links if link.created is not None)
    return {"object order": _listed(name for _number, name in order)} if order else {}


def _listed(names: Any) -> str:
    from provstore.formats.hdf5.links import shown_name

    return ", ".join(map(shown_name, names))


def of_dataset(id: Any, kind: Any) -> dict[str, str]:
    """Facts about a dataset whose values lie in the file."""
    from provstore.formats.hdf5.content import fill_value

    properties = id.get_create_plist()
    layout = LAYOUTS.get(properties.get_layout(), "other")
    if layout == "chunks":
        layout += " " + "×".join(map(str, properties.get_chunk()))
    filters = [properties.get_filter(number) for number in range(properties.get_nfilters())]
    names = [(code, " ".join([_filter_name(code, name), *map(str, values)])) for code, _flags, values, name in filters]
    space = id.get_space()
    fill = fill_value(properties, kind)
    return {
        "chunking": layout,
        "compression": ", ".join(text for code, text in names if code != CHECKSUM),
        "checksum": ", ".join(text for code, text in names if code == CHECKSUM),
        "maximum shape": str(space.get_simple_extent_dims(maxdims=True)),
        "fill value": fill.hex() if fill is not None else "",
        **of_type(id.get_type()),
    }


def _filter_name(code: int, name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace") or f"filter {code}"


def of_type(type_id: Any) -> dict[str, str]:
    """Byte order and padding of a type."""
    return {"byte order": " ".join(dict.fromkeys(_orders(type_id))), "padding": " ".join(_paddings(type_id))}


def _inside(type_id: Any) -> list[Any]:
    """The types that a type is made of."""
    from h5py import h5t

    kind = type_id.get_class()
    if kind == h5t.COMPOUND:
        return [type_id.get_member_type(number) for number in range(type_id.get_nmembers())]
    if kind in (h5t.ARRAY, h5t.VLEN, h5t.ENUM, getattr(h5t, "COMPLEX", -2)):
        return [type_id.get_super()]
    return []


def _orders(type_id: Any) -> Iterator[str]:
    from h5py import h5t

    if type_id.get_class() in (h5t.INTEGER, h5t.FLOAT, h5t.BITFIELD, h5t.TIME) and type_id.get_size() > 1:
        is_big = kind_of(type_id).dtype.str[0] == ">" if type_id.get_class() == h5t.TIME else _is_big(type_id)
        yield "big endian" if is_big else "little endian"
    for part in _inside(type_id):
        yield from _orders(part)


def _is_big(type_id: Any) -> bool:
    from h5py import h5t

    return bool(type_id.get_order() == h5t.ORDER_BE)


def _paddings(type_id: Any) -> Iterator[str]:
    from h5py import h5t

    kind = type_id.get_class()
    if kind == h5t.COMPOUND:
        offsets = [type_id.get_member_offset(number) for number in range(type_id.get_nmembers())]
        yield f"fields at {offsets} of {type_id.get_size()}"
    elif kind == h5t.STRING:
        yield f"strings of kind {type_id.get_strpad()}"
    elif kind in (h5t.INTEGER, h5t.FLOAT, h5t.BITFIELD):
        start = type_id.get_offset() if kind != h5t.BITFIELD else 0
        yield f"numbers at {start} of {type_id.get_size()}"
    for part in _inside(type_id):
        yield from _paddings(part)
