"""How the values of one column differ between two tables, from arrays of both that come one after the other.

It agrees with `ColumnDigest`: without a tolerance, something is found exactly if the digests differ.
"""

from __future__ import annotations

from provstore.plugin import VALUES, ArrayComparison, Difference, Numbers, Tolerance, shown
from provstore_parquet import arrays
from provstore_parquet.column_types import is_list, is_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

ENDLESS = 1 << 62
"""The length of an array whose length is not known beforehand."""


class ColumnComparison:
    """Compares two columns of plain types that can be compared, see `are_comparable`.

    Args:
        a, b: Their types.
        place: For differences.
    """

    def __init__(self, a: Any, b: Any, place: tuple[str, ...], tolerance: Tolerance | None = None) -> None:
        import pyarrow as pa

        self._kind, self._is_list, self._is_struct = a, is_list(a), pa.types.is_struct(a)
        self._nulls = Places(place, "nulls")
        self._lengths = Places(place, "lengths")
        self._fields = []
        if self._is_list or self._is_struct:
            for i in range(a.num_fields):
                left, right = a.field(i), b.field(i)
                inner = (*place, left.name) if self._is_struct else place
                self._fields.append(ColumnComparison(left.type, right.type, inner, tolerance))
        self._values: NumberComparison | ExactComparison
        if are_numbers(a, b):
            self._values = NumberComparison(place, tolerance)
        else:
            self._values = ExactComparison(place, tolerance or Tolerance())

    def add(self, a: Any, b: Any, rows: Any) -> None:
        """Compares the next values.

        Args:
            a, b: Arrays of one length.
            rows: In which row of the table each of them is, a numpy array.
        """
        if a.null_count or b.null_count:
            in_a, in_b = arrays.null_mask(a), arrays.null_mask(b)
            self._nulls.add(in_a != in_b, rows, lambda i: (_as_text(a[i]), _as_text(b[i])))
            a, b, rows = _chosen(a, b, rows, ~(in_a | in_b))
        self._nulls.total += len(rows)
        if self._is_struct:
            for field, left, right in zip(self._fields, a.flatten(), b.flatten(), strict=True):
                field.add(left, right, rows)
        elif self._is_list:
            self._add_lists(a, b, rows)
        elif len(rows):
            self._values.add(a, b, rows)

    def _add_lists(self, a: Any, b: Any, rows: Any) -> None:
        import numpy

        in_a, in_b = arrays.lengths(a), arrays.lengths(b)
        differ = in_a != in_b
        self._lengths.add(differ, rows, lambda i: (str(in_a[i]), str(in_b[i])))
        if differ.any():
            a, b, rows = _chosen(a, b, rows, ~differ)
            in_a = in_a[~differ]
        self._fields[0].add(a.flatten(), b.flatten(), numpy.repeat(rows, in_a))

    def differences(self) -> Iterator[Difference]:
        """What was found: of nulls, of lengths, of values, and of what is nested."""
        yield from self._nulls.differences()
        yield from self._lengths.differences()
        if not self._fields:
            yield from self._values.differences()
        for field in self._fields:
            yield from field.differences()


class Places:
    """Counts the places of one kind at which two columns differ.

    Attributes:
        total: Of all places that were looked at.
    """

    def __init__(self, place: tuple[str, ...], what: str) -> None:
        self._place, self._what = place, what
        self._count, self._first = 0, -1
        self._texts = ("", "")
        self.total = 0

    def add(self, differ: Any, rows: Any, texts: Callable[[int], tuple[str, str]]) -> None:
        """Counts those that are true; `texts` gives what both columns have at one of them."""
        import numpy

        count = int(numpy.count_nonzero(differ))
        self.total += count
        if count and self._first < 0:
            position = int(numpy.argmax(differ))
            self._first, self._texts = int(rows[position]), texts(position)
        self._count += count

    def differences(self, absolute: float | None = None, relative: float | None = None) -> Iterator[Difference]:
        """One, if any place differs."""
        if self._count:
            numbers = Numbers(self._count, max(self.total, self._count), absolute, relative, None, (self._first,))
            yield Difference(VALUES, self._place, self._what, *self._texts, numbers=numbers)


class NumberComparison:
    """Numbers without nulls, by `ArrayComparison`."""

    def __init__(self, place: tuple[str, ...], tolerance: Tolerance | None) -> None:
        self._arrays = ArrayComparison((ENDLESS,), place, tolerance)
        self._done, self._first = 0, -1

    def add(self, a: Any, b: Any, rows: Any) -> None:
        """Compares arrays of one length."""
        self._arrays.add(arrays.values(a), arrays.values(b))
        if self._first < 0:
            for found in self._arrays.differences():
                # what it counts are values; a person looks for the row
                self._first = int(rows[found.numbers.first[0] - self._done]) if found.numbers else 0
        self._done += len(rows)

    def differences(self) -> Iterator[Difference]:
        """One, if there is any."""
        for found in self._arrays.differences():
            numbers = found.numbers._replace(first=(self._first,)) if found.numbers else None
            yield found._replace(numbers=numbers)


class ExactComparison:
    """Texts, bytes, times and decimals without nulls; a tolerance is for decimals only."""

    def __init__(self, place: tuple[str, ...], tolerance: Tolerance) -> None:
        self._places, self._tolerance = Places(place, "values"), tolerance
        self._are_decimals = False
        self._absolute, self._relative = 0.0, 0.0

    def add(self, a: Any, b: Any, rows: Any) -> None:
        """Compares arrays of one length."""
        import pyarrow as pa

        differ = _differing(a, b)
        if differ.any() and pa.types.is_decimal(a.type):
            self._are_decimals = True
            differ = self._beyond(a, b, differ)
        self._places.add(differ, rows, lambda i: (_as_text(a[i]), _as_text(b[i])))
        self._places.total += len(rows) - int(differ.sum())

    def _beyond(self, a: Any, b: Any, differ: Any) -> Any:
        """Which of the decimals that differ are farther apart than the tolerance; the largest distances are noted."""
        import numpy

        left, right = (array.cast("float64").to_numpy(zero_copy_only=False) for array in (a, b))
        distance, largest = numpy.abs(left - right), numpy.maximum(numpy.abs(left), numpy.abs(right))
        if self._tolerance != (0.0, 0.0):
            differ = differ & (distance > self._tolerance.absolute + self._tolerance.relative * largest)
        if differ.any():
            self._absolute = max(self._absolute, float(distance[differ].max()))
            self._relative = max(self._relative, float((distance[differ] / largest[differ]).max()))
        return differ

    def differences(self) -> Iterator[Difference]:
        """One, if there is any."""
        far = (self._absolute, self._relative) if self._are_decimals else (None, None)
        yield from self._places.differences(*far)


def _differing(a: Any, b: Any) -> Any:
    """Which texts, bytes, times or decimals differ, as a numpy array."""
    if is_text(a.type):
        import pyarrow.compute

        if a.type != b.type:
            wide = "large_binary"
            a, b = a.cast(wide), b.cast(wide)
        return pyarrow.compute.not_equal(a, b).to_numpy(zero_copy_only=False)
    width = a.type.byte_width
    left, right = (arrays.values(array).view("u1").reshape(-1, width) for array in (a, b))
    return (left != right).any(axis=1)


def are_numbers(a: Any, b: Any) -> bool:
    """Both are numbers or truth values, which are compared as numbers."""
    import pyarrow as pa

    return all(pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind) for kind in (a, b))


def are_comparable(a: Any, b: Any) -> bool:
    """Values of two plain types can be told apart: numbers of any type, or the very same type."""
    import pyarrow as pa

    if are_numbers(a, b):
        return True
    if is_text(a) and is_text(b):
        return (a in (pa.binary(), pa.large_binary())) == (b in (pa.binary(), pa.large_binary()))
    if is_list(a) and is_list(b):
        return are_comparable(a.field(0).type, b.field(0).type)
    if pa.types.is_struct(a) and pa.types.is_struct(b):
        fields = range(a.num_fields)
        return a.num_fields == b.num_fields and all(
            a.field(i).name == b.field(i).name and are_comparable(a.field(i).type, b.field(i).type) for i in fields
        )
    return bool(a == b)


def _chosen(a: Any, b: Any, rows: Any, mask: Any) -> tuple[Any, Any, Any]:
    import pyarrow as pa

    chosen = pa.array(mask)
    return a.filter(chosen), b.filter(chosen), rows[mask]


def _as_text(value: Any) -> str:
    return shown(arrays.value_text(value))
