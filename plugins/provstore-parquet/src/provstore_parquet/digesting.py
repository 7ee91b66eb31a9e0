"""Digests of columns, from arrays that come one after the other; how they were cut does not count.

Rules: a value under a null does not count, but the null does; a null list, an empty list and a list of a null are three
values; NaNs are one, 0.0 and -0.0 are two (`Hasher.part`).
"""

from __future__ import annotations

from provstore.plugin import Hasher
from provstore_parquet import arrays
from provstore_parquet.column_types import is_list, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ColumnDigest:
    """Digest of the values of one column, with all that is nested in it.

    It keeps apart what would otherwise depend on the cuts: positions of nulls, lengths, values, nested columns.

    Args:
        kind: A plain type, see `plain_type`.
    """

    def __init__(self, kind: Any) -> None:
        import pyarrow as pa

        self._count = 0
        self._nulls, self._lengths, self._values = Hasher(), Hasher(), Hasher()
        self._is_text, self._is_list, self._is_struct = is_text(kind), is_list(kind), pa.types.is_struct(kind)
        self._is_null = pa.types.is_null(kind)
        nested = [kind.field(i) for i in range(kind.num_fields)] if self._is_list or self._is_struct else []
        self._fields = [ColumnDigest(field.type) for field in nested]

    def add(self, array: Any) -> None:
        """Adds the next values, an array of the plain type."""
        start, self._count = self._count, self._count + len(array)
        if self._is_null:
            return
        if array.null_count:
            self._nulls.part(arrays.null_mask(array).nonzero()[0] + start)
            array = array.drop_null()
        if self._is_struct:
            for field, part in zip(self._fields, array.flatten(), strict=True):
                field.add(part)
        elif self._is_list:
            self._lengths.part(arrays.lengths(array))
            self._fields[0].add(array.flatten())
        elif self._is_text:
            self._lengths.part(arrays.lengths(array))
            self._values.part(_bytes(arrays.content(array)))
        else:
            self._values.part(arrays.values(array))

    @property
    def digest(self) -> str:
        """Of all values that were added."""
        own = [self._nulls.digest, self._lengths.digest, self._values.digest]
        return Hasher().add(self._count, own, [field.digest for field in self._fields]).digest


def _bytes(content: memoryview) -> Any:
    import numpy

    return numpy.frombuffer(content, "u1")
