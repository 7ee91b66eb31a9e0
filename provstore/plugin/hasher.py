"""Digests of structured values: equal for what is equal as data, and for nothing else.

Each value is written as a letter for its type, its length, and its content, so that no two different sequences of
values come to the same bytes. The encoding is a contract (`tests/golden/digests.json`): a change of it raises the
version of every format that uses it.
"""

from __future__ import annotations

import datetime
import struct
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from functools import lru_cache

from blake3 import blake3

from provstore.digest import TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, TypeAlias

    Plain: TypeAlias = (
        "bool | int | float | Decimal | str | bytes | datetime.date | datetime.time | datetime.timedelta"
        " | list[Any] | tuple[Any, ...] | Mapping[str, Any] | None"
    )

NAN = b"\x00\x00\x00\x00\x00\x00\xf8\x7f"
"""The one spelling of what is no number: NaNs with other bits are the same."""
DEEPEST = 200
"""Levels of values in each other. A limit of our own: Python's depends on who calls, and on its version."""
FULL = 1 << 16
"""Bytes of small values that are collected before they are hashed: a call for each takes longer than the hash."""
SHORT = 64
"""Characters of a key, from which on it is not worth remembering."""
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
"""Arithmetic that never rounds."""
_eight_bytes = struct.Struct("<Q").pack
_float_bytes = struct.Struct("<d").pack


class Hasher:
    """Digests the values that it is given, one after the other.

    ``1``, ``1.0``, ``True`` and ``"1"`` are four values; ``0.0`` and ``-0.0`` are two; every NaN is the same; the
    order of a mapping's keys does not count; a list and a tuple are one kind of thing.

    Memory does not grow with what is added; arrays and streams of bytes may come in parts.
    """

    def __init__(self) -> None:
        self._hash = blake3(max_threads=blake3.AUTO)
        self._waiting = bytearray()

    @property
    def digest(self) -> str:
        """Digest of all that was added so far: ``blake3:`` and 64 hex digits."""
        self._flush()
        return TAG + self._hash.hexdigest()

    def add(self, *values: Plain) -> Hasher:
        """Adds values, each with all that is in it.

        Raises:
            TypeError: A value of a kind that has no encoding, or a key that is no text.
            RecursionError: It is nested more than `DEEPEST` levels, or contains itself.
        """
        for value in values:
            self._add(value, DEEPEST)
        return self

    def stream(self, pieces: Iterable[bytes | memoryview]) -> Hasher:
        """Adds the bytes of all pieces as one value: how they were cut does not count, and memory does not grow.

        It is not the value ``bytes`` of `add`, whose length is known beforehand.
        """
        inner, size = blake3(max_threads=blake3.AUTO), 0
        for piece in pieces:
            inner.update(piece)
            size += len(piece)
        self._put(b"s", _eight_bytes(size) + inner.digest())
        return self

    def array(self, values: Any) -> Hasher:
        """Adds a numpy array (or what `numpy.asarray` takes): its type, its shape and its values.

        Byte order, alignment and order in memory do not count. It may be mapped into memory: a bounded part is
        read at a time.

        Raises:
            TypeError: An array of Python objects that are neither texts, bytes, numbers nor arrays.
        """
        from provstore.plugin.arrays import blocks, type_name

        self.begin_array(type_name(values.dtype), values.shape)
        for block in blocks(values):
            self.part(block)
        return self

    def begin_array(self, type_name: str, shape: Iterable[int]) -> Hasher:
        """Says of which type and shape the array is whose values follow by `part`, in C order."""
        # A letter of its own: after a list of the same content, the bytes of the values could pass for other values.
        self._put(b"a", b"")
        return self.add(type_name, list(shape))

    def part(self, block: Any) -> None:
        """Adds the next values of an array that was begun, a numpy array of any shape, in C order.

        How an array is cut into parts does not count.
        """
        from provstore.plugin.arrays import canonical

        if block.dtype.hasobject:
            for value in block.reshape(-1).tolist():
                self._object(value)
        elif block.size:
            self._flush()
            self._hash.update(canonical(block))

    def _object(self, value: Any) -> None:
        """An element of an array of Python objects."""
        if hasattr(value, "dtype") and hasattr(value, "reshape"):
            self.array(value)
        else:
            self.add(value.item() if hasattr(value, "item") else value)

    def _add(self, value: Any, depth: int) -> None:
        """Adds a value that may have `depth` levels."""
        if not depth:
            raise RecursionError(f"nested more than {DEEPEST} levels deep")
        encoding = ENCODE.get(type(value))
        if encoding is not None:
            letter, encode = encoding
            content = encode(value)
            self._waiting += letter + _eight_bytes(len(content)) + content  # a call of `_put` would take as long again
            if len(self._waiting) > FULL:
                self._flush()
        elif isinstance(value, (list, tuple)):
            self._put(b"l", _eight_bytes(len(value)))
            for element in value:
                self._add(element, depth - 1)
        elif hasattr(value, "keys"):
            self._mapping(value, depth)
        else:
            self._other(value)

    def _mapping(self, value: Mapping[str, Any], depth: int) -> None:
        for kind in set(map(type, value)):
            if not issubclass(kind, str):
                raise TypeError(f"found a key of the type {kind.__name__}, expected text")
        self._put(b"m", _eight_bytes(len(value)))
        for key in sorted(value):  # by code point, which is the order of their bytes in UTF-8
            self._waiting += _short_key(key) if len(key) < SHORT else _piece(b"u", _utf8(key))
            self._add(value[key], depth - 1)

    def _other(self, value: Any) -> None:
        """Of a class below one that has an encoding: a float of numpy, a time of a library of its own."""
        for kind, (letter, encode) in ENCODE.items():
            if isinstance(value, kind):
                self._put(letter, encode(value))
                return
        raise TypeError(f"found a {type(value).__name__}, which has no digest; expected plain values")

    def _put(self, letter: bytes, content: bytes) -> None:
        self._waiting += _piece(letter, content)
        if len(self._waiting) > FULL:
            self._flush()

    def _flush(self) -> None:
        self._hash.update(self._waiting)
        self._waiting.clear()


def _piece(letter: bytes, content: bytes) -> bytes:
    return letter + _eight_bytes(len(content)) + content


@lru_cache(maxsize=1024)
def _short_key(key: str) -> bytes:
    """A key, as the text that it is; the same few come again and again."""
    return _piece(b"u", _utf8(key))


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a pair
        return text.encode("utf-8", "surrogatepass")


def _of_float(value: float) -> bytes:
    return _float_bytes(value) if value == value else NAN  # noqa: PLR0124 - NaN only


def _of_int(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)


def _of_decimal(value: Decimal) -> bytes:
    """As a number: 1.0 and 1.00 are one, 0.0 and -0.0 are two, and neither is the integer 1."""
    return b"NaN" if value.is_nan() else str(EXACT.normalize(value)).encode()


ENCODE: dict[type, tuple[bytes, Callable[[Any], bytes]]] = {
    type(None): (b"0", lambda value: b""),
    bool: (b"t", lambda value: b"1" if value else b"0"),
    int: (b"i", _of_int),
    float: (b"f", _of_float),
    Decimal: (b"d", _of_decimal),
    str: (b"u", _utf8),
    bytes: (b"b", lambda value: value),
    datetime.datetime: (b"T", lambda value: value.isoformat().encode()),
    datetime.date: (b"D", lambda value: value.isoformat().encode()),
    datetime.time: (b"C", lambda value: value.isoformat().encode()),
    datetime.timedelta: (b"P", lambda value: str(value // datetime.timedelta(microseconds=1)).encode()),
}
"""By type: its letter, and the content. `bool` stands before `int`, `datetime` before `date`: these are such, too."""
