"""What is in an array of Arrow of a plain type: nulls, lengths and values, without what lies in memory beside them.

All functions respect slices: an array may begin and end in the midst of its buffers.
"""

from __future__ import annotations

from provstore_parquet.column_types import is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LARGE = 1 << 16
"""Bytes of a value beyond which only some of it is shown."""


def null_mask(array: Any) -> Any:
    """Where the nulls are, as a numpy array of bool."""
    return array.is_null().to_numpy(zero_copy_only=False)


def without_nulls(array: Any) -> Any:
    """The values that are there; the very array where all are."""
    return array.drop_null() if array.null_count else array


def lengths(array: Any) -> Any:
    """Lengths of lists, texts or bytes, as int64; of an array without nulls."""
    import numpy

    return numpy.diff(_offsets(array)).astype(numpy.int64, copy=False)


def content(array: Any) -> memoryview:
    """All texts or bytes one after the other; of an array without nulls."""
    data, offsets = array.buffers()[2], _offsets(array)
    if data is None or not len(array):
        return memoryview(b"")
    return memoryview(data)[int(offsets[0]) : int(offsets[-1])]


def _offsets(array: Any) -> Any:
    import numpy
    import pyarrow as pa

    types = pa.types
    is_large = any(is_it(array.type) for is_it in (types.is_large_list, types.is_large_string, types.is_large_binary))
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return numpy.zeros(len(array) + 1, numpy.int64)
    width = 8 if is_large else 4
    return numpy.frombuffer(buffer, f"<i{width}", len(array) + 1, array.offset * width)


def values(array: Any) -> Any:
    """Values of a fixed width as a numpy array: numbers as such, all else as records of bytes; without nulls."""
    import numpy
    import pyarrow as pa

    if pa.types.is_boolean(array.type):
        return array.to_numpy(zero_copy_only=False)
    width = array.type.byte_width
    name = _number_type(array.type)
    buffer = array.buffers()[1]
    if buffer is None or not len(array) or not width:
        return numpy.zeros(len(array), name or f"V{width}")
    found = numpy.frombuffer(buffer, "u1", len(array) * width, array.offset * width)
    return found.view(name or f"V{width}")


def _number_type(kind: Any) -> str | None:
    import pyarrow as pa

    if pa.types.is_floating(kind):
        return f"<f{kind.byte_width}"
    if pa.types.is_integer(kind):
        return f"<{'u' if pa.types.is_unsigned_integer(kind) else 'i'}{kind.byte_width}"
    return None


def value_text(value: Any) -> str:
    """One value of Arrow, for a person; "null" for none. A large one is cut before it is made a value of Python."""
    import pyarrow as pa

    if not value.is_valid:
        return "null"
    if is_text(value.type) and value.as_buffer().size > LARGE:
        start = value.as_buffer().slice(0, LARGE).to_pybytes()
        is_bytes = pa.types.is_binary(value.type) or pa.types.is_large_binary(value.type)
        return f"{start!r}…" if is_bytes else start.decode("utf-8", "replace") + "…"
    if pa.types.is_nested(value.type) and (size := pa.repeat(value, 1).nbytes) > LARGE:
        return f"a value of {size:,} bytes"
    try:
        return str(value.as_py())
    except UnicodeDecodeError:
        return repr(value.as_buffer().to_pybytes()) if hasattr(value, "as_buffer") else "text that is not UTF-8"
    except (ValueError, OverflowError):  # a time that Python does not have
        return repr(value)
