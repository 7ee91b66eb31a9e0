"""The values of two tables side by side, whatever the batches in which each of them comes."""

from __future__ import annotations

from provstore_parquet.comparing import ColumnComparison, are_comparable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from provstore.plugin import Difference, Tolerance
    from provstore_parquet.table import Table


def keyed_columns(table: Table) -> dict[tuple[str, ...], int]:
    """Positions of columns by name; of several with one name, the second is ("name", "2")."""
    found: dict[tuple[str, ...], int] = {}
    counts: dict[str, int] = {}
    for position, name in enumerate(table.names):
        counts[name] = counts.get(name, 0) + 1
        found[(name,) if counts[name] == 1 else (name, str(counts[name]))] = position
    return found


def value_differences(a: Table, b: Table, tolerance: Tolerance | None) -> Iterator[Difference]:
    """Of each column that both have, in the rows that both have."""
    left, right = keyed_columns(a), keyed_columns(b)
    keys_of = {position: key for key, position in left.items()}
    for group in a.groups():
        keys = [keys_of[position] for position in group if keys_of[position] in right]
        keys = [key for key in keys if are_comparable(a.plain_type_of(left[key]), b.plain_type_of(right[key]))]
        if keys:
            yield from _differences_of(a, b, keys, (left, right), tolerance)


def _differences_of(
    a: Table,
    b: Table,
    keys: list[tuple[str, ...]],
    columns: tuple[dict[tuple[str, ...], int], dict[tuple[str, ...], int]],
    tolerance: Tolerance | None,
) -> Iterator[Difference]:
    import numpy

    left, right = ([side[key] for key in keys] for side in columns)
    comparisons = [
        ColumnComparison(a.plain_type_of(i), b.plain_type_of(j), key, tolerance)
        for key, i, j in zip(keys, left, right, strict=True)
    ]
    start = 0
    for arrays_a, arrays_b in aligned(a.batches(left), b.batches(right)):
        rows = numpy.arange(start, start + len(arrays_a[0]))
        for comparison, array_a, array_b in zip(comparisons, arrays_a, arrays_b, strict=True):
            comparison.add(array_a, array_b, rows)
        start += len(rows)
    for comparison in comparisons:
        yield from comparison.differences()


def aligned(a: Iterator[list[Any]], b: Iterator[list[Any]]) -> Iterator[tuple[list[Any], list[Any]]]:
    """Batches of two tables cut at the same rows, until one of them ends."""
    left = right = None
    while True:
        left = left or next(a, None)
        right = right or next(b, None)
        if left is None or right is None:
            return
        length = min(len(left[0]), len(right[0]))
        yield [array.slice(0, length) for array in left], [array.slice(0, length) for array in right]
        left, right = _rest(left, length), _rest(right, length)


def _rest(arrays: list[Any], start: int) -> list[Any] | None:
    return [array.slice(start) for array in arrays] if len(arrays[0]) > start else None
