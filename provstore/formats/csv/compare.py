"""Where two tables differ: columns by the names in the header, records by their position.

What both have is compared record by record, in bounded memory. Only where one has more records than the other are the
records of both remembered, as eight bytes each, to find those that were added or taken out.
"""

from __future__ import annotations

from array import array
from itertools import chain, islice, zip_longest

from provstore.formats.csv.layout import NAMES
from provstore.plugin import STRUCTURE, VALUES, Difference
from provstore.plugin.runs import ALIGNED, changed_runs
from provstore.plugin.trees import PairComparison, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from provstore.formats.csv.layout import Table
    from provstore.plugin import Tolerance


def is_header(row: Sequence[str]) -> bool:
    """The first record names the columns: all are there, each once, and none is a number."""
    return bool(row) and len(set(row)) == len(row) and not any(not cell.strip() or _is_number(cell) for cell in row)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def differences_of_tables(a: Table, b: Table, tolerance: Tolerance | None) -> Iterator[Difference]:
    """What two tables differ in that counts."""
    found = None
    for found in _differences_of_cells(a, b, tolerance):
        yield found
    if a.doubt != b.doubt and (found is None or a.delimiter != b.delimiter):
        left, right = (NAMES[table.delimiter] + (" (in doubt)" if table.doubt else "") for table in (a, b))
        yield Difference(STRUCTURE, (), "delimiter", left, right)


def _differences_of_cells(a: Table, b: Table, tolerance: Tolerance | None) -> Iterator[Difference]:
    header_a, header_b = _header(a), _header(b)
    if header_a and header_b:
        yield from _differences_of_headers(header_a, header_b)
    columns = Columns(header_a, header_b) if header_a and header_b else Columns((), ())
    rows = Rows(columns, tolerance)
    rows.compare(_records(a, columns), _records(b, columns), 0)
    if rows.more_a or rows.more_b:
        rows = Rows(columns, tolerance)
        yield from _differences_of_counts(a, b, columns, rows)
    yield from rows.differences()


def _header(table: Table) -> tuple[str, ...]:
    """The names of the columns; () where there are none."""
    first = next(_all_records(table), [])
    return tuple(first) if is_header(first) else ()


def _all_records(table: Table) -> Iterator[list[str]]:
    return chain.from_iterable(table.blocks())


def _records(table: Table, columns: Columns) -> Iterator[list[str]]:
    """Records without the header, where both tables have one."""
    return islice(_all_records(table), 1 if columns.have_names else 0, None)


def _differences_of_headers(a: Sequence[str], b: Sequence[str]) -> Iterator[Difference]:
    for name in a:
        if name not in b:
            yield Difference(STRUCTURE, (f"column {name}",), "missing", "column")
    for name in b:
        if name not in a:
            yield Difference(STRUCTURE, (f"column {name}",), "added", "", "column")
    common_a, common_b = [name for name in a if name in b], [name for name in b if name in a]
    if common_a != common_b:
        yield Difference(STRUCTURE, (), "order of columns", shown(", ".join(a)), shown(", ".join(b)))


class Columns:
    """Which cells of two records belong together.

    Args:
        a, b: The headers; both empty where the tables have none: then cells are compared by their position.
    """

    def __init__(self, a: Sequence[str], b: Sequence[str]) -> None:
        self.have_names = bool(a)
        self.width_a, self.width_b = len(a), len(b)
        where = {name: column for column, name in enumerate(b)}
        self._pairs = [(name, column, where[name]) for column, name in enumerate(a) if name in where]
        self._are_same = tuple(a) == tuple(b)

    def cells(self, a: Sequence[str], b: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        """Name of the column, and the cells of both records, where both have one."""
        if not self.have_names:
            for column, (left, right) in enumerate(zip(a, b, strict=False), 1):
                yield f"column {column}", left, right
        for name, in_a, in_b in self._pairs:
            if in_a < len(a) and in_b < len(b):
                yield f"column {name}", a[in_a], b[in_b]

    def are_alike(self, a: Sequence[str], b: Sequence[str]) -> bool:
        """Two records have the same number of cells, columns apart that only one table has."""
        if not self.have_names:
            return len(a) == len(b)
        return len(a) - self.width_a == len(b) - self.width_b and a[self.width_a :] == b[self.width_b :]

    def keys(self, records: Iterator[list[str]], is_first: bool) -> array[int]:
        """A number for each record, the same for records of the same cells in the common columns."""
        if self._are_same:
            return array("q", (hash(tuple(record)) for record in records))
        places = [in_a if is_first else in_b for _, in_a, in_b in self._pairs]
        return array("q", (hash(tuple([record[i] for i in places if i < len(record)])) for record in records))


class Rows:
    """Compares records, pair by pair.

    Attributes:
        more_a, more_b: Records that only one of the two has at its end.
    """

    def __init__(self, columns: Columns, tolerance: Tolerance | None) -> None:
        self._columns, self._tolerance = columns, tolerance
        self._compared: dict[str, PairComparison] = {}
        self._total = self._uneven = 0
        self._first_uneven: tuple[int, Sequence[str], Sequence[str]] = 0, (), ()
        self.more_a = self.more_b = 0

    def compare(self, a: Iterator[list[str]], b: Iterator[list[str]], start: int) -> None:
        """Compares what follows in both tables, where `start` records of the first went before."""
        for number, (left, right) in enumerate(zip_longest(a, b), start):
            if left is None:
                self.more_b += 1
            elif right is None:
                self.more_a += 1
            else:
                self._total += 1
                if left != right:
                    self._compare_pair(number, left, right)

    def _compare_pair(self, number: int, a: list[str], b: list[str]) -> None:
        if not self._columns.are_alike(a, b):
            if not self._uneven:
                self._first_uneven = number, a, b
            self._uneven += 1
        for place, left, right in self._columns.cells(a, b):
            if left != right:
                if place not in self._compared:
                    self._compared[place] = PairComparison((place,), self._tolerance, VALUES, 0, are_texts=True)
                self._compared[place].add(left, right, (number,))

    def differences(self) -> Iterator[Difference]:
        """One difference for each column, and one for records that have not the same number of cells."""
        if self._uneven:
            number, a, b = self._first_uneven
            what = "number of cells" if len(a) != len(b) else "cells beyond the header"
            place = f"row {number + 1}" + (f" and {self._uneven - 1:,} more" if self._uneven > 1 else "")
            yield Difference(STRUCTURE, (place,), what, f"{len(a)}", f"{len(b)}")
        for comparison in self._compared.values():
            comparison.total = self._total
            yield from comparison.differences()


def _differences_of_counts(a: Table, b: Table, columns: Columns, rows: Rows) -> Iterator[Difference]:
    """Records that were added and taken out; those that were changed are given to `rows`."""
    keys_a, keys_b = columns.keys(_records(a, columns), True), columns.keys(_records(b, columns), False)
    records_a, records_b, done_a, done_b = _records(a, columns), _records(b, columns), 0, 0
    for left, right in changed_runs(keys_a, keys_b):
        if len(left) == len(right) <= ALIGNED:
            changed_a = islice(records_a, left.start - done_a, left.stop - done_a)
            changed_b = islice(records_b, right.start - done_b, right.stop - done_b)
            rows.compare(changed_a, changed_b, left.start)
            done_a, done_b = left.stop, right.stop
        else:
            yield _difference_of_runs(left, right)


def _difference_of_runs(a: range, b: range) -> Difference:
    run = a or b
    place = f"rows {run.start + 1} to {run.stop}" if len(run) > 1 else f"row {run.start + 1}"
    what = "rows" if a and b else "missing" if a else "added"
    counts = [f"{len(run):,} row{'s' * (len(run) > 1)}" if run else "" for run in (a, b)]
    return Difference(STRUCTURE, (place,), what, counts[0], counts[1])
