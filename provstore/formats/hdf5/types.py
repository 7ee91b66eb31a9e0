"""Types of HDF5: what each is called, and how its values are read.

Rules: the class counts, the number of bits, the sign, the names of fields and their order, the names and values of an
enumeration, the length of a string of fixed length and its character set, and whether a length is fixed. Byte order,
offsets, padding (of numbers, records and strings) do not.
"""

from __future__ import annotations

import json
from functools import cache

from provstore.formats.hdf5.kinds import Fixed, Flat, Kind, Pointer, Ragged, Record, Region, Text
from provstore.plugin import Unavailable, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

DEEPEST = 32
"""Types may be nested so far."""
FLOATS = {  # bits: sign, exponent, its size, mantissa, its size; and the bias of the exponent
    16: ((15, 10, 5, 0, 10), 15),
    32: ((31, 23, 8, 0, 23), 127),
    64: ((63, 52, 11, 0, 52), 1023),
}
X87 = (80, (79, 64, 15, 0, 64), 16383)
"""What C calls long double on most machines: 80 bits, in 12 or 16 bytes of which the rest is never set."""


def kind_of(type_id: Any, depth: int = 0) -> Kind:
    """What is known of a type of h5py.

    Raises:
        Unavailable: A type that can't be read.
    """
    from h5py import h5t

    if depth > DEEPEST:
        raise Unavailable(f"types are nested more than {DEEPEST} deep")
    makers: dict[int, Callable[[Any, int], Kind]] = {
        h5t.INTEGER: _integer,
        h5t.FLOAT: _float,
        h5t.BITFIELD: _bits,
        h5t.TIME: _time,
        h5t.STRING: _string,
        h5t.OPAQUE: _opaque,
        h5t.ENUM: _enumeration,
        h5t.REFERENCE: _reference,
        h5t.COMPOUND: _record,
        h5t.ARRAY: _array,
        h5t.VLEN: _ragged,
        getattr(h5t, "COMPLEX", -2): _complex,  # since HDF5 2.0
    }
    maker = makers.get(type_id.get_class())
    if maker is None:
        raise Unavailable(f"found a type of the class {type_id.get_class()}, which is not known")
    return maker(type_id, depth)


def _order(type_id: Any) -> str:
    from h5py import h5t

    return ">" if type_id.get_order() == h5t.ORDER_BE else "<"


def _numpy(code: str) -> tuple[Any, Any]:
    """A type of numpy by its code, and that of HDF5 which is laid down alike."""
    import numpy
    from h5py import h5t

    dtype = numpy.dtype(code)
    return dtype, h5t.py_create(dtype)


def _container(bits: int) -> int:
    """Bytes of the smallest number that machines have for so many bits."""
    for size in (1, 2, 4, 8):
        if bits <= 8 * size:
            return size
    raise Unavailable(f"found integers of {bits} bits; more than 64 can't be read")


def _sized(name: str, type_id: Any) -> str:
    """The name of a type of numbers, with the bytes it takes where these are more than its bits need."""
    bits, size = type_id.get_precision(), type_id.get_size()
    return f"{name}{bits}" if bits == 8 * size else f"{name}{bits} in {size} bytes"


def _integer(type_id: Any, depth: int) -> Kind:
    from h5py import h5t

    del depth
    is_signed = type_id.get_sign() != h5t.SGN_NONE
    size = _container(type_id.get_precision())
    # In the byte order of the file: numpy turns bytes faster than HDF5 does.
    dtype, memory = _numpy(f"{_order(type_id)}{'i' if is_signed else 'u'}{size}")
    return Flat(_sized("int" if is_signed else "uint", type_id), dtype, memory)


def _bits(type_id: Any, depth: int) -> Kind:
    from h5py import h5t

    del depth
    known = {
        1: (h5t.STD_B8LE, h5t.STD_B8BE),
        2: (h5t.STD_B16LE, h5t.STD_B16BE),
        4: (h5t.STD_B32LE, h5t.STD_B32BE),
        8: (h5t.STD_B64LE, h5t.STD_B64BE),
    }
    size = type_id.get_size()
    if not any(map(type_id.equal, known.get(size, ()))):
        raise Unavailable(f"found bits in {size} bytes of a type that is not known")
    dtype, _ = _numpy(f"{_order(type_id)}u{size}")
    return Flat(f"bits{8 * size}", dtype, type_id)


def _time(type_id: Any, depth: int) -> Kind:
    from h5py import h5t

    del depth
    size = type_id.get_size()
    known = {"<": (h5t.UNIX_D32LE, h5t.UNIX_D64LE), ">": (h5t.UNIX_D32BE, h5t.UNIX_D64BE)}
    for order, types in known.items():
        if any(map(type_id.equal, types)):
            dtype, _ = _numpy(f"{order}i{size}")
            return Flat(f"time{8 * size}", dtype, type_id)  # HDF5 converts times to nothing, not even to other times
    raise Unavailable(f"found times in {size} bytes of a type that is not known")


def _float(type_id: Any, depth: int) -> Kind:
    from h5py import h5t

    del depth
    bits, fields, bias = type_id.get_precision(), type_id.get_fields(), type_id.get_ebias()
    if FLOATS.get(bits) == (fields, bias) and type_id.get_size() * 8 == bits:
        is_plain = type_id.get_order() in (h5t.ORDER_LE, h5t.ORDER_BE)
        return Flat(f"float{bits}", *_numpy(f"{_order(type_id) if is_plain else '<'}f{bits // 8}"))
    if (bits, fields, bias) == X87:
        return Flat("long double", *_numpy(_wide_code(64, 15)))
    _sign, _place, exponent, _start, mantissa = fields
    layout = "-".join(map(str, (*fields, type_id.get_offset(), bias, type_id.get_norm())))
    return Flat(f"{_sized('float', type_id)} ({layout})", *_numpy(_wide_code(mantissa, exponent)))


def _wide_code(mantissa: int, exponent: int) -> str:
    """The code of the smallest type of numpy that holds numbers of so many bits without loss."""
    for size, most in ((4, (23, 8)), (8, (52, 11))):
        if mantissa <= most[0] and exponent <= most[1]:
            return f"f{size}"
    if mantissa <= 64 and exponent <= 15:
        return "g"
    raise Unavailable(f"found floating point numbers with {mantissa} bits after the point, more than can be read")


def _complex(type_id: Any, depth: int) -> Kind:
    part = kind_of(type_id.get_super(), depth + 1)
    codes = {"float32": "c8", "float64": "c16", "long double": "G"}
    if part.name not in codes:
        raise Unavailable(f"found complex numbers of {part.name}")
    import numpy

    # A class of its own; most files have records of the fields r and i instead.
    dtype = numpy.dtype(_order(type_id) + codes[part.name])
    return Flat(f"complex of {part.name}", dtype, type_id)


def _string(type_id: Any, depth: int) -> Kind:
    import numpy
    from h5py import h5t

    del depth
    characters = {h5t.CSET_ASCII: "ascii", h5t.CSET_UTF8: "utf-8"}.get(type_id.get_cset(), "other")
    if type_id.is_variable_str():
        return Text(f"text {characters}", numpy.dtype("O"), h5t.PYTHON_OBJECT)
    size = type_id.get_size()
    memory = h5t.C_S1.copy()
    memory.set_size(size)
    memory.set_strpad(h5t.STR_NULLPAD)
    memory.set_cset(type_id.get_cset())
    return Flat(f"text of {size} bytes {characters}", numpy.dtype(f"S{size}"), memory)


def _opaque(type_id: Any, depth: int) -> Kind:
    import numpy

    del depth
    tag, size = type_id.get_tag(), type_id.get_size()
    if tag.startswith(b"NUMPY:"):  # as h5py writes times
        try:
            dtype = numpy.dtype(tag[6:].decode("ascii"))
        except (TypeError, ValueError):
            dtype = numpy.dtype("V1")
        if dtype.kind in "mM" and dtype.itemsize == size:
            return Flat(type_name(dtype), dtype, type_id)
    return Flat(f"opaque of {size} bytes {_quoted(tag)}", numpy.dtype(f"V{size}"), type_id)


def _enumeration(type_id: Any, depth: int) -> Kind:
    base = kind_of(type_id.get_super(), depth + 1)
    numbers = range(type_id.get_nmembers())
    members = sorted((type_id.get_member_name(number), type_id.get_member_value(number)) for number in numbers)
    texts = [f"{_quoted(name)}={value}" for name, value in members]
    name = f"enumeration of {base.name} {{{', '.join(texts)}}}"
    if members == [(b"FALSE", 0), (b"TRUE", 1)] and base.name == "int8":
        name = "bool"
    # Read as it is where that can be: HDF5 makes one value of all that have no name.
    is_alike = (
        base.dtype.itemsize == type_id.get_size() and type_id.get_super().get_precision() == 8 * type_id.get_size()
    )
    return Flat(name, base.dtype, type_id if is_alike else base.memory)


def _reference(type_id: Any, depth: int) -> Kind:
    import numpy
    from h5py import h5t

    del depth
    if type_id.equal(h5t.STD_REF_OBJ):
        return Pointer("reference", numpy.dtype("u8"), h5t.STD_REF_OBJ)
    if type_id.equal(h5t.STD_REF_DSETREG):
        return Region("reference to a region", numpy.dtype("O"), h5t.PYTHON_OBJECT)
    raise Unavailable("found references of the kind that HDF5 1.12 introduced; they can't be read")


def _array(type_id: Any, depth: int) -> Kind:
    import numpy
    from h5py import h5t

    base = kind_of(type_id.get_super(), depth + 1)
    shape = tuple(type_id.get_array_dims())
    dtype = numpy.dtype((base.dtype, shape))
    return Fixed(
        f"({base.name})[{','.join(map(str, shape))}]", dtype, h5t.array_create(base.memory, shape), base, shape
    )


def _ragged(type_id: Any, depth: int) -> Kind:
    import numpy
    from h5py import h5t

    base = kind_of(type_id.get_super(), depth + 1)
    is_turned = base.dtype.str[0] == ">" and _forgets_order()
    return Ragged(f"({base.name})[any]", numpy.dtype("O"), h5t.PYTHON_OBJECT, base, is_turned)


@cache
def _forgets_order() -> bool:
    """Of h5py: it gives big endian arrays of any length as if they were little endian, as 3.16 does."""
    import h5py
    import numpy
    from h5py import h5s, h5t

    with h5py.File("order", "w", driver="core", backing_store=False) as file:  # in memory only
        written = file.create_dataset("x", (1,), h5py.vlen_dtype(numpy.dtype(">i4")))
        written[0] = numpy.array([1], ">i4")
        found = numpy.empty(1, "O")
        written.id.read(h5s.ALL, h5s.ALL, found, h5t.PYTHON_OBJECT)
    return bool(found[0][0] != 1)


def _record(type_id: Any, depth: int) -> Kind:
    import numpy
    from h5py import h5t

    numbers = sorted(range(type_id.get_nmembers()), key=type_id.get_member_offset)
    names = [type_id.get_member_name(number) for number in numbers]
    types = [type_id.get_member_type(number) for number in numbers]
    kinds = [kind_of(each, depth + 1) for each in types]
    found = _complex_of_fields(names, kinds)
    if found is not None:
        return found
    offsets, size = _offsets(type_id, numbers, types, kinds)
    memory = h5t.create(h5t.COMPOUND, size)
    for name, kind, offset in zip(names, kinds, offsets, strict=True):
        memory.insert(name, offset, kind.memory)
    fields: dict[str, Any] = {"names": [f"f{number}" for number in numbers], "formats": [kind.dtype for kind in kinds]}
    dtype: Any = numpy.dtype({**fields, "offsets": offsets, "itemsize": size})  # type: ignore[call-overload]
    texts = [f"{_quoted(name)}: {kind.name}" for name, kind in zip(names, kinds, strict=True)]
    # Programs other than numpy see the fields in the order in which they were added, whatever their places are.
    order = "" if numbers == sorted(numbers) else f" in the order {numbers}"
    fields_of = tuple((_quoted(name), kind) for name, kind in zip(names, kinds, strict=True))
    return Record(f"{{{', '.join(texts)}}}{order}", dtype, memory, fields_of)


def _offsets(type_id: Any, numbers: list[int], types: list[Any], kinds: list[Kind]) -> tuple[list[int], int]:
    """Where the fields lie in memory, and the size of a record: as in the file where that can be, which saves time."""
    if all(kind.dtype.itemsize == each.get_size() for kind, each in zip(kinds, types, strict=True)):
        return [type_id.get_member_offset(number) for number in numbers], type_id.get_size()
    offsets, size = [], 0
    for kind in kinds:
        offsets.append(size)
        size += kind.dtype.itemsize
    return offsets, size


def _complex_of_fields(names: list[bytes], kinds: list[Kind]) -> Kind | None:
    """Complex numbers as h5py and PyTables write them: records of the real part r and the imaginary part i."""
    if names != [b"r", b"i"] or kinds[0].name != kinds[1].name:
        return None
    code = {"float32": "c8", "float64": "c16", "long double": "G"}.get(kinds[0].name)
    if code is None:
        return None
    dtype, memory = _numpy(("" if code == "G" else kinds[0].dtype.str[0]) + code)
    return Flat(f"complex{8 * dtype.itemsize}", dtype, memory)


def _quoted(name: bytes) -> str:
    """A name in the text of a type: bare where that can't be mistaken."""
    text = name.decode("utf-8", "surrogateescape")
    return text if text.isidentifier() else json.dumps(text)
