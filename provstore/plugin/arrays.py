"""Arrays of numpy: one spelling of their types and bytes for digests, and how far two of them are apart.

Rules: byte order, padding, alignment and order in memory do not count; 0.0 and -0.0 are two values; every NaN is the
same. Nothing here holds more than a few blocks of a big array in memory.
"""

from __future__ import annotations

import sys

from provstore.plugin.difference import STRUCTURE, VALUES, Difference, Numbers, Tolerance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from provstore.model.values import JSON

BLOCK = 1 << 23
"""Bytes of an array that are looked at in one go."""
NUMBERS = "biufc"
"""Kinds of types that can be compared with each other as numbers."""


# --- one spelling -----------------------------------------------------------------------------------------


def type_name(dtype: Any) -> str:
    """A type without byte order and padding: "float64", "S10", "datetime64[ns]", "{x:float32,y:(3,)int16}"."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return f"({','.join(map(str, shape))}){type_name(base)}"
    if dtype.names is not None:
        fields = [f"{_escaped(name)}:{type_name(dtype.fields[name][0])}" for name in dtype.names]
        return f"{{{','.join(fields)}}}"
    if dtype.kind in "SUV":
        return f"{dtype.kind}{dtype.itemsize // 4 if dtype.kind == 'U' else dtype.itemsize}"
    return str(dtype.name)


def _escaped(name: str) -> str:
    return "".join([f"\\{character}" if character in "\\{}:,()" else character for character in name])


def blocks(values: Any) -> Iterator[Any]:
    """The values of an array in C order, as flat arrays of at most `BLOCK` bytes, or of one value."""
    import numpy

    values = numpy.asanyarray(values)
    if not values.size:
        return
    length = max(1, BLOCK // max(1, values.dtype.itemsize))
    if values.flags.c_contiguous:
        flat = values.reshape(-1)
        for start in range(0, flat.size, length):
            yield flat[start : start + length]
    else:
        yield from _rows(values, length)


def _rows(values: Any, length: int) -> Iterator[Any]:
    """The same for an array that lies otherwise in memory: as many rows at a time as make up `length` values."""
    row = values[0].size
    if values.ndim > 1 and row > length:
        for part in values:
            yield from _rows(part, length)
        return
    rows = max(1, length // max(1, row))
    for start in range(0, len(values), rows):
        yield values[start : start + rows].reshape(-1)


def canonical(block: Any) -> memoryview:
    """The bytes of an array without Python objects, little endian, packed, in C order, with one spelling of NaN."""
    if not (block.size and block.dtype.itemsize):
        return memoryview(b"")
    return memoryview(_clean(block).reshape(-1).view("u1"))


def _clean(block: Any) -> Any:
    """An array of the same values whose bytes are their one spelling."""
    import numpy

    if block.dtype.names is not None:
        return _packed(block)
    if block.dtype.byteorder == ">" or not numpy.little_endian:
        block = block.astype(block.dtype.newbyteorder("<"))
    block = numpy.ascontiguousarray(block)
    if block.dtype.kind in "fc":
        return _one_nan(block)
    return block.view("u1") != 0 if block.dtype.kind == "b" else block


def _packed(block: Any) -> Any:
    """Records without padding, their fields in order; the very array where that is what it has."""
    import numpy

    if block.flags.c_contiguous and _is_in_one_spelling(block.dtype) and not _has_nan(block):
        return block
    fields = [_clean(block[name]) for name in block.dtype.names]
    kinds = [(f"f{number}", field.dtype, field.shape[block.ndim :]) for number, field in enumerate(fields)]
    packed = numpy.empty(block.shape, kinds)
    for number, field in enumerate(fields):
        packed[f"f{number}"] = field
    return packed


def _is_in_one_spelling(dtype: Any) -> bool:
    """Little endian, without padding, and of types that have one spelling but for NaN."""
    if dtype.subdtype is not None:
        return _is_in_one_spelling(dtype.base)
    if dtype.names is None:
        is_long = dtype.kind in "fc" and dtype.name not in ("float16", "float32", "float64", "complex64", "complex128")
        return dtype.isnative and sys.byteorder == "little" and dtype.kind != "b" and not is_long
    end = 0
    for name in dtype.names:
        field, offset = dtype.fields[name][:2]
        if offset != end or not _is_in_one_spelling(field):
            return False
        end += field.itemsize
    return bool(end == dtype.itemsize)


def _has_nan(block: Any) -> bool:
    """Of records: a number in a field is none."""
    import numpy

    if block.dtype.names is not None:
        return any(_has_nan(block[name]) for name in block.dtype.names)
    return block.dtype.kind in "fc" and bool(block.size) and bool(numpy.isnan(block.max()))


def _one_nan(block: Any) -> Any:
    """Numbers of which every NaN is the same; the very array where there is none."""
    import numpy

    parts = block.reshape(-1).view(block.real.dtype) if block.dtype.kind == "c" else block.reshape(-1)
    is_long = parts.dtype.itemsize > 8
    if not block.size or not (is_long or numpy.isnan(parts.max())):  # the largest of numbers with a NaN is NaN
        return block
    parts = parts.copy()
    parts[numpy.isnan(parts)] = numpy.nan
    if is_long:  # of the sixteen bytes of an x87 number, six are never set
        bytes_of = parts.view("u1").reshape(-1, parts.dtype.itemsize)
        if numpy.finfo(parts.dtype).nmant == 63:
            bytes_of[:, 10:] = 0
    return parts.view(block.dtype).reshape(block.shape)


# --- how far apart ----------------------------------------------------------------------------------------


class ArrayComparison:
    """Compares two arrays of one shape, block by block.

    Give it the blocks of both in C order, by `add`; then `differences` says what there was. Records are compared
    field by field: those that both have.

    Args:
        shape: Of both arrays.
        place: For the `Difference`.
        tolerance: What is within it is no difference.
    """

    def __init__(self, shape: tuple[int, ...], place: tuple[str, ...], tolerance: Tolerance | None = None) -> None:
        self._shape, self._place, self._tolerance = shape, place, tolerance or Tolerance()
        self._done = self._count = self._gained = self._lost = 0
        self._absolute, self._relative, self._ulps = 0.0, 0.0, 0
        self._is_exact = self._are_numbers = self._are_floats = True
        self._first = -1
        self._texts = ("", "")
        self._fields: dict[str, ArrayComparison] = {}

    def add(self, a: Any, b: Any) -> None:
        """Compares the next values of both, arrays of one length and any type.

        Values of kinds that can't be compared (a text and a number) are passed over: their types differ already.
        """
        import numpy

        a, b = a.reshape(-1), b.reshape(-1)
        if a.dtype.names is not None and b.dtype.names is not None:
            self._add_fields(a, b)
            return
        if not _are_comparable(a.dtype, b.dtype):
            return
        differ = self._differing(a, b)
        count = int(numpy.count_nonzero(differ))
        if count:
            where = numpy.flatnonzero(differ)
            if self._first < 0:
                self._first = self._done + int(where[0])
                self._texts = (shown_number(a[where[0]]), shown_number(b[where[0]]))
            self._count += count
        self._done += a.size

    def _add_fields(self, a: Any, b: Any) -> None:
        for name in a.dtype.names:
            if name in b.dtype.names:
                self._add_field(name, a[name], b[name])

    def _add_field(self, name: str, a: Any, b: Any) -> None:
        if a.shape != b.shape:
            return
        if name not in self._fields:
            shape = (*self._shape, *a.shape[1:])
            self._fields[name] = ArrayComparison(shape, (*self._place, name), self._tolerance)
        self._fields[name].add(a, b)

    def _differing(self, a: Any, b: Any) -> Any:
        if a.dtype.kind == b.dtype.kind == "b":
            a, b = _clean(a), _clean(b)  # a truth value may be any byte but 0
        if a.dtype.kind in NUMBERS:
            return self._differing_numbers(a, b)
        self._are_numbers = False
        if a.dtype.hasobject or b.dtype.hasobject:
            return _differing_objects(a, b)
        if a.dtype.kind == "V":
            return _differing_bytes(a, b)
        if a.dtype.kind in "mM":
            import numpy

            return (a != b) & ~(numpy.isnat(a) & numpy.isnat(b))
        return a != b

    def _differing_numbers(self, a: Any, b: Any) -> Any:
        import numpy

        if a.dtype.kind == "c" or b.dtype.kind == "c":
            return self._differing_complex(a, b)
        is_float = a.dtype.kind == "f" or b.dtype.kind == "f"
        self._are_floats = self._are_floats and is_float
        with numpy.errstate(all="ignore"):
            differ = a != b
            if is_float:
                in_a, in_b = numpy.isnan(a), numpy.isnan(b)
                differ &= ~(in_a & in_b)
                if not self._tolerance.absolute:
                    differ |= (a == 0) & (b == 0) & (numpy.signbit(a) != numpy.signbit(b))
                gained, lost = in_b & ~in_a, in_a & ~in_b
            else:
                gained = lost = numpy.zeros(a.shape, bool)
            if not differ.any():
                return differ
            pairs = differ & ~gained & ~lost
            beyond = self._beyond(a[pairs], b[pairs])
            differ = differ.copy()
            differ[pairs] = beyond
            self._gained += int(gained.sum())
            self._lost += int(lost.sum())
            return differ

    def _differing_complex(self, a: Any, b: Any) -> Any:
        """By their real and imaginary parts; a number of which one part is NaN is counted once."""
        import numpy

        wide, before = numpy.result_type(a, b), (self._gained, self._lost)
        a, b = a.astype(wide), b.astype(wide)
        differ = self._differing_numbers(a.real, b.real) | self._differing_numbers(a.imag, b.imag)
        in_a, in_b = numpy.isnan(a), numpy.isnan(b)
        self._gained = before[0] + int(numpy.count_nonzero(in_b & ~in_a))
        self._lost = before[1] + int(numpy.count_nonzero(in_a & ~in_b))
        return differ

    def _beyond(self, a: Any, b: Any) -> Any:
        """Which pairs of numbers are farther apart than the tolerance; the largest distances are noted."""
        import numpy

        distance, largest = _distances(a, b), numpy.maximum(_magnitude(a), _magnitude(b))
        bound = self._tolerance.absolute + self._tolerance.relative * largest
        beyond = ~(distance <= bound) if self._tolerance != (0.0, 0.0) else numpy.ones(a.shape, bool)
        beyond |= numpy.isinf(largest) & (a != b)
        if beyond.any():
            known = distance[beyond]
            known = known[numpy.isfinite(known)]
            self._is_exact = self._is_exact and known.size == int(beyond.sum())
            if known.size:
                self._absolute = max(self._absolute, float(known.max()))
                relative = distance[beyond] / largest[beyond]
                relative = relative[numpy.isfinite(relative)]
                self._relative = max(self._relative, float(relative.max()) if relative.size else 0.0)
            if self._are_floats:
                self._ulps = max(self._ulps, _ulps(a[beyond], b[beyond]))
        return beyond

    def differences(self) -> Iterator[Difference]:
        """The difference of the values, if there is one; of records one for each field that differs."""
        for field in self._fields.values():
            yield from field.differences()
        if not self._count:
            return
        is_single = self._done == 1 and not self._shape and not self._are_numbers  # there is nothing to be counted
        yield Difference(VALUES, self._place, "values", *self._texts, None if is_single else self._numbers())

    def _numbers(self) -> Numbers:
        first, rest = [], self._first
        for length in reversed(self._shape):
            rest, index = divmod(rest, length)
            first.append(index)
        measured = self._are_numbers and self._is_exact
        return Numbers(
            self._count,
            self._done,
            self._absolute if measured else None,
            self._relative if measured else None,
            self._ulps if self._are_numbers and self._are_floats else None,
            tuple(reversed(first)),
            self._gained,
            self._lost,
        )


def _are_comparable(a: Any, b: Any) -> bool:
    """Two types of which one value can be equal to one of the other."""
    if a.hasobject or b.hasobject:
        return (a.names is None) == (b.names is None)
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return True
    if a.kind != b.kind or a.names is not None or b.names is not None:
        return False
    return a.itemsize == b.itemsize if a.kind == "V" else type_name(a) == type_name(b) or a.kind in "SU"


def _differing_bytes(a: Any, b: Any) -> Any:
    """Of values that are so many bytes of an unknown meaning."""
    import numpy

    if not a.dtype.itemsize:
        return numpy.zeros(a.shape, bool)
    bytes_a, bytes_b = (numpy.ascontiguousarray(values).view("u1").reshape(len(values), -1) for values in (a, b))
    return (bytes_a != bytes_b).any(axis=1)


def _differing_objects(a: Any, b: Any) -> Any:
    """By the digest of each pair: what a digest tells apart is different, and nothing else."""
    import numpy

    return numpy.array([_are_different(x, y) for x, y in zip(a, b, strict=True)], bool)


def _are_different(a: Any, b: Any) -> bool:
    if type(a) is type(b) and type(a) in (str, bytes):
        return bool(a != b)
    return _digest_of(a) != _digest_of(b)


def _digest_of(value: Any) -> str:
    import numpy

    from provstore.plugin.hasher import Hasher

    if hasattr(value, "dtype"):
        return Hasher().array(numpy.asarray(value)).digest
    return Hasher().add(value).digest


def _magnitude(values: Any) -> Any:
    import numpy

    return numpy.abs(values.astype(numpy.float64, copy=False))


def _distances(a: Any, b: Any) -> Any:
    """Distances as float64; those of integers are exact before they are made that."""
    import numpy

    if a.dtype.kind in "biu" and b.dtype.kind in "biu":
        wide = numpy.result_type(a, b)
        if wide.kind in "iub":
            a, b = a.astype(wide if wide.kind != "b" else "u1"), b.astype(wide if wide.kind != "b" else "u1")
            unsigned = a.dtype.str.replace("i", "u")
            larger, smaller = numpy.maximum(a, b).view(unsigned), numpy.minimum(a, b).view(unsigned)
            return (larger - smaller).astype(numpy.float64)
    wide = numpy.promote_types(numpy.result_type(a, b), numpy.float64)
    return numpy.abs(a.astype(wide) - b.astype(wide)).astype(numpy.float64)


def _ulps(a: Any, b: Any) -> int:
    """The largest distance in units in the last place, counted in the coarser type of the two."""
    import numpy

    narrow = min((a.dtype, b.dtype), key=lambda dtype: dtype.itemsize if dtype.kind == "f" else 99)
    if narrow.itemsize > 8:
        narrow = numpy.dtype("f8")
    size = narrow.itemsize
    steps = []
    for values in (a, b):
        bits = values.astype(f"<f{size}").view(f"<i{size}").astype("<i8")
        smallest = -(1 << (8 * size - 1))
        steps.append(numpy.where(bits < 0, smallest - bits, bits))
    larger, smaller = numpy.maximum(*steps), numpy.minimum(*steps)
    return int((larger.view("<u8") - smaller.view("<u8")).max(initial=0))


def shown_number(value: Any) -> str:
    """One value, for a person, with all its digits."""
    text = value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
    return text if len(text) <= 60 else text[:59] + "…"


def compare_arrays(
    a: Any, b: Any, place: tuple[str, ...] = (), tolerance: Tolerance | None = None
) -> Iterable[Difference]:
    """How two numpy arrays differ: their shapes, their types, their values.

    It agrees with `Hasher.array`: without a tolerance, nothing is found if and only if the digests are equal. They
    may be mapped into memory: a bounded part is read at a time.
    """
    if a.shape != b.shape:
        yield Difference(STRUCTURE, place, "shape", _shape_text(a.shape), _shape_text(b.shape))
    if type_name(a.dtype) != type_name(b.dtype):
        yield Difference(STRUCTURE, place, "type", type_name(a.dtype), type_name(b.dtype))
    if a.shape == b.shape:
        comparison = ArrayComparison(a.shape, place, tolerance)
        for part_a, part_b in _pairs(a, b):
            comparison.add(part_a, part_b)
        yield from comparison.differences()


def in_step(a: Iterable[Any], b: Iterable[Any]) -> Iterator[tuple[Any, Any]]:
    """The values of two sources of blocks, of one length in all, cut at the same places.

    For `ArrayComparison`, where two files are stored in blocks of other lengths.

    Raises:
        ValueError: One of the two ends before the other.
    """
    left, right = iter(a), iter(b)
    block_a = block_b = None
    while True:
        block_a = _next_of(left) if block_a is None else block_a
        block_b = _next_of(right) if block_b is None else block_b
        if block_a is None or block_b is None:
            break
        length = min(block_a.size, block_b.size)
        yield block_a[:length], block_b[:length]
        block_a = block_a[length:] if length < block_a.size else None
        block_b = block_b[length:] if length < block_b.size else None
    if block_a is not None or block_b is not None:
        raise ValueError("one of two arrays ends before the other")


def _next_of(blocks: Iterator[Any]) -> Any:
    """The next block, flat, or None; those without values are passed over."""
    return next((block.reshape(-1) for block in blocks if block.size), None)


def _pairs(a: Any, b: Any) -> Iterator[tuple[Any, Any]]:
    """Blocks of two arrays of one shape, cut at the same places."""
    if not a.size:
        return
    length = max(1, BLOCK // max(a.dtype.itemsize, b.dtype.itemsize, 1))
    if a.flags.c_contiguous and b.flags.c_contiguous:
        a, b = a.reshape(-1), b.reshape(-1)
        for start in range(0, a.size, length):
            yield a[start : start + length], b[start : start + length]
    else:
        yield from zip(_rows(a, length), _rows(b, length), strict=True)


def _shape_text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def describe_array(values: Any) -> dict[str, JSON]:
    """Type, shape and size of an array; nothing of it is read."""
    return {"type": type_name(values.dtype), "shape": list(values.shape), "bytes": int(values.nbytes)}
