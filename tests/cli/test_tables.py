"""Tables that fit the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provstore.cli.tables import NARROWEST, TIGHTEST, table

IDS = ("01a20429-7b63-719a-8b61", "01a20429-7b63-74")
PATHS = ("images/of/a/long/night/101_03.fits", "x.fits")


def test_an_id_is_never_cut() -> None:
    """Half of an id names nothing; what stands beside it is cut instead."""
    lines = table(("id", "path"), list(zip(IDS, PATHS, strict=True)), 40, whole=frozenset({0})).splitlines()

    assert [line.split()[0] for line in lines[1:]] == list(IDS)
    assert lines[1].endswith("…")
    assert max(map(len, lines)) == 40


@given(
    widths=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    width=st.integers(10, 120),
    whole=st.frozensets(st.integers(0, 5)),
)
def test_a_table_fits_where_it_can(widths: list[int], width: int, whole: frozenset[int]) -> None:
    """Columns are cut to just the width; never below four letters, nor those that are to stay whole."""
    cells = ["x" * columns for columns in widths]
    line = table([""] * len(cells), [cells], width, whole=whole).splitlines()[1]
    shown = line.split("  ")
    least = [len(cell) if column in whole else min(len(cell), TIGHTEST) for column, cell in enumerate(cells)]

    assert all(len(cell) >= columns for cell, columns in zip(shown, least, strict=True))
    if sum(least) + 2 * (len(cells) - 1) <= width:
        assert len(line) == min(width, len("  ".join(cells)))
    else:
        assert all(len(cell) in (len(full), NARROWEST) for cell, full in zip(shown, cells, strict=True))
