"""Where two plain values, two columns of text and two sequences differ."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.plugin import (
    BYTES,
    KINDS,
    METADATA,
    STORAGE,
    STRUCTURE,
    VALUES,
    Difference,
    Hasher,
    Tolerance,
    compare_texts,
    compare_trees,
    shown,
)
from provstore.plugin import runs as module
from provstore.plugin.runs import changed_runs
from provstore.plugin.trees import LONGEST, is_near, limited

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]),
    st.sampled_from([Decimal(text) for text in ("0", "-0", "1", "1.0", "NaN", "1e999")]),
    st.text("ab", max_size=2),
    st.binary(max_size=1),
    st.sampled_from([datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC), datetime.date(2020, 1, 2)]),
)
TREES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3)
)


@given(TREES, TREES)
def test_a_difference_is_found_exactly_if_the_digests_differ(a, b):
    """The law of all formats, for plain values."""
    assert bool(list(compare_trees(a, b))) == (Hasher().add(a).digest != Hasher().add(b).digest)


@given(TREES, TREES)
def test_a_comparison_works_both_ways(a, b):
    """As many differences, at the same places."""
    assert {entry.place for entry in compare_trees(a, b)} == {entry.place for entry in compare_trees(b, a)}


@pytest.mark.parametrize("tolerance", [None, Tolerance(), Tolerance(1e-9, 1e-9)])
@given(a=TREES)
def test_a_value_is_equal_to_itself(tolerance, a):
    """With a tolerance as well."""
    assert list(compare_trees(a, a, (), tolerance)) == []


TOLD = [
    (1, 2, (VALUES, (), "value", "1", "2")),
    (1, 1.0, (VALUES, (), "type", "1 (int)", "1.0 (float)")),
    (1, "1", (VALUES, (), "type", "1 (int)", "1 (text)")),
    (None, {}, (VALUES, (), "type", "None (null)", "{} (mapping)")),
    ({"a": 1}, {}, (STRUCTURE, ("a",), "missing", "1", "")),
    ({}, {"a": [1]}, (STRUCTURE, ("a",), "added", "", "[1]")),
    ([1], [1, 2], (STRUCTURE, (), "length", "1", "2")),
    ([{"a": 1}], [{"a": 2}], (VALUES, ("[0]", "a"), "value", "1", "2")),
    ([1, 2, 3], [1, 5, 6], (VALUES, (), "values", "2", "5")),
    ([[1, 2], [3, 4]], [[1, 2], [3, 5]], (VALUES, (), "values", "4", "5")),
    ([1, "a"], [1.0, "a"], (VALUES, (), "values", "1 (int)", "1.0 (float)")),
    (Decimal("1.50"), Decimal("1.6"), (VALUES, (), "value", "1.50", "1.6")),
]


@pytest.mark.parametrize(("a", "b", "expected"), TOLD)
def test_a_difference_is_told_with_its_place(a, b, expected):
    """And what both have there."""
    (entry,) = compare_trees(a, b)

    assert entry[:5] == expected


def test_what_is_said_of_data_is_metadata():
    """Where the caller says so: also what only one of the two has."""
    found = list(compare_trees({"a": 1, "b": 2}, {"a": 2}, ("x",), None, METADATA))

    assert [(entry.kind, entry.place) for entry in found] == [(METADATA, ("x", "a")), (METADATA, ("x", "b"))]


def test_numbers_are_measured():
    """Largest distances, the first place, changes of NaN."""
    (entry,) = compare_trees([1.0, 2.0, math.nan, 4.0], [1.0, 3.0, 3.0, math.nan])

    assert entry.numbers == (3, 4, 1.0, pytest.approx(1 / 3), None, (1,), 1, 1)


@pytest.mark.parametrize(
    ("a", "b"), [([1.0, "a"], [2.0, "b"]), ([math.inf], [1.0]), ([10**400], [1]), ([Decimal("1e400")], [Decimal(1)])]
)
def test_what_cannot_be_measured_has_no_distance(a, b):
    """Texts among the numbers, infinities, numbers beyond all floats."""
    (entry,) = compare_trees(a, b)

    assert entry.numbers.count == len(a)
    assert entry.numbers.absolute is entry.numbers.relative is None


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "expected"),
    [
        (1.0, 1.1, Tolerance(0.2), True),
        (1.0, 1.3, Tolerance(0.2), False),
        (100, 101, Tolerance(0.0, 0.01), True),
        (100, 102, Tolerance(0.0, 0.01), False),
        (-1.0, 1.0, Tolerance(2.0), True),
        (1, 1.0, Tolerance(), True),
        (0.0, -0.0, Tolerance(), False),
        (0.0, -0.0, Tolerance(0.0, 0.1), False),
        (0.0, -0.0, Tolerance(1e-300), True),
        (math.nan, math.nan, Tolerance(), True),
        (math.nan, 1.0, Tolerance(9.0, 9.0), False),
        (math.inf, math.inf, Tolerance(), True),
        (math.inf, -math.inf, Tolerance(9.0, 9.0), False),
        (math.inf, 1e308, Tolerance(9.0, 9.0), False),
        (10**400, 10**400 + 1, Tolerance(9.0, 9.0), False),
        (2**53, 2**53 + 1, Tolerance(), False),
        (2**53, 2**53 + 1, Tolerance(1.0), True),
        (Decimal("0.1"), 0.1, Tolerance(), False),
        (numpy.int64(2**53 + 1), 2**53, Tolerance(), False),
        (numpy.float32(0.5), 0.5, Tolerance(), True),
    ],
)
def test_numbers_are_near_if_their_exact_distance_is_small(a, b, tolerance, expected):
    """Not that of the floats that they might be; NaN is near NaN only."""
    assert is_near(a, b, tolerance) == is_near(b, a, tolerance) == expected


def test_texts_are_compared_as_one_column():
    """With a tolerance, those that read as numbers as such."""
    a, b = ["1.0", "x", "2.0"], ["1", "y", "2.5"]
    (entry,) = compare_texts(a, b, ("column c",))
    (near,) = compare_texts(a, b, (), Tolerance(0.6))

    assert (entry.place, entry.a, entry.b, entry.numbers.count, entry.numbers.first) == (
        ("column c",),
        "1.0",
        "1",
        3,
        (0,),
    )
    assert (near.a, near.b, near.numbers.count, near.numbers.total, near.numbers.first) == ("x", "y", 1, 3, (1,))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a\nb\r\tc\0", "a\\nb\\r\\tc\\x00"),
        ("x" * 1000, "x" * (LONGEST - 1) + "…"),
        ([2**20000], f"[{hex(2**20000)[:20]}…]"),
        (Decimal("1.50"), "1.50"),
        ([Decimal("1.50")], "[1.50]"),
        ("\ud800", "\\ud800"),
    ],
)
def test_a_value_is_shown_on_one_line(value, expected):
    """Nothing in it does harm to a terminal, and it is not long."""
    assert shown(value) == expected


def test_a_large_value_is_shown_in_part():
    """Without the time and the memory that all of it takes."""
    endless = []
    endless.append(endless)

    assert len(shown([list(range(1000))] * 1000)) <= LONGEST
    assert len(shown({str(number): endless for number in range(1000)})) <= LONGEST


def test_beyond_a_limit_differences_are_counted_by_kind():
    """So that no file fills the screen, and whether they count is kept."""
    entries = [Difference(VALUES, (), "a")] * 3 + [Difference(STORAGE, (), "b")] * 2
    found = list(limited(entries, 2))

    assert found == [*entries[:2], Difference(VALUES, (), "1 more"), Difference(STORAGE, (), "2 more")]
    assert [entry.counts for entry in found] == [True, True, True, False]


@pytest.mark.parametrize("kind", KINDS)
def test_all_kinds_but_two_count(kind):
    """How data are laid down is no part of them."""
    assert Difference(kind, (), "x").counts == (kind not in (STORAGE, BYTES))


# --- runs ---------------------------------------------------------------------------------------------

SEQUENCES = st.lists(st.sampled_from("abc"), max_size=12)


@pytest.mark.parametrize("aligned", [0, 3, 100])
@given(a=SEQUENCES, b=SEQUENCES)
def test_a_sequence_can_be_made_of_another_by_its_runs(aligned, a, b):
    """Runs are in order; what lies between them is the same in both, however long they are."""
    before, module.ALIGNED = module.ALIGNED, aligned
    try:
        runs = list(changed_runs(a, b))
    finally:
        module.ALIGNED = before
    made, done = [], 0
    for left, right in runs:
        made += a[done : left.start] + b[right.start : right.stop]
        done = left.stop

    assert made + a[done:] == b
    assert bool(runs) == (a != b)
    assert all(a[left.start : left.stop] != b[right.start : right.stop] for left, right in runs)


def test_lists_of_many_levels_are_compared_soon():
    """Not each level as a whole once more, in search of a shape."""
    a, b = 1, 2
    for _ in range(150):
        a, b = [a, [a] if a == 1 else 0], [b, [b] if b == 2 else 0]

    assert len(list(compare_trees(a, b))) == 2
    assert list(compare_trees(a, a)) == []
