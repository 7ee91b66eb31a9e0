"""Measures: what is read of a file's values, and what a person sees of them."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.apart.measures import LONGEST, MOST, measures_in
from provstore.model.measures import NOT_FINITE, change, number_of, shown
from provstore.plugin import Unavailable

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NAMES = st.text(st.characters(exclude_characters=".", exclude_categories=["Cs"]), min_size=1, max_size=5)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))


@pytest.mark.parametrize(
    ("value", "measures"),
    [
        ({"accuracy": 0.93, "n": 3}, {"accuracy": 0.93, "n": 3}),
        ({"test": {"f1": 1, "ok": True}}, {"test.f1": 1, "test.ok": True}),
        ({"folds": [0.1, {"loss": 2}]}, {"folds.0": 0.1, "folds.1.loss": 2}),
        ([{"loss": 2}, {"loss": 1}], {"0.loss": 2, "1.loss": 1}),
        ({"a": None, "b": [], "c": {}}, {}),
        ({"a": math.nan, "b": -math.inf}, {"a": "nan", "b": "-inf"}),
        ({"n": 10**400}, {"n": 10**400}),
        ({"day": datetime.date(2026, 11, 22)}, {"day": "2026-11-22"}),
        ({"\ud800": "\ud800"}, {"\\ud800": "\\ud800"}),
        (0.5, {"score": 0.5}),
        ("0.5\n", {"score": 0.5}),
        ("done", {"score": "done"}),
        ({}, {}),
    ],
)
def test_levels_become_names_with_dots(value: Any, measures: dict[str, Any]) -> None:
    """Numbers, texts and truths; null and what is empty are none."""
    assert measures_in(value, "score") == measures


@pytest.mark.parametrize(
    ("rows", "measures"),
    [
        ("name,value|accuracy,0.93|n,3", {"accuracy": 0.93, "n": 3}),
        ("metric,Value|accuracy,0.93", {"accuracy": 0.93}),
        ("accuracy,0.93|n,3", {"accuracy": 0.93, "n": 3}),
        ("accuracy,loss|0.93,1e-3", {"accuracy": 0.93, "loss": 0.001}),
        ("class,f1,n|cat,0.5,3|dog,0.25,4", {"cat.f1": 0.5, "cat.n": 3, "dog.f1": 0.25, "dog.n": 4}),
        ("threshold,f1|0.1,0.5|0.2,0.25", {"0.1.f1": 0.5, "0.2.f1": 0.25}),
        (
            "city,month,low|Rome,Jan,3|Rome,Feb,4|Oslo,Jan,-7",
            {"Rome.Jan.low": 3, "Rome.Feb.low": 4, "Oslo.Jan.low": -7},
        ),
        ("epoch,loss,f1|1,2,3|1,3,4", {"0.epoch": 1, "0.loss": 2, "0.f1": 3, "1.epoch": 1, "1.loss": 3, "1.f1": 4}),
        ("epoch,loss|1,2|1,3", {"0.epoch": 1, "0.loss": 2, "1.epoch": 1, "1.loss": 3}),
        ("a,b,c,d|,true,NaN, x ", {"b": True, "c": "nan", "d": "x"}),
        ("a,b|+1,-.5", {"a": 1, "b": -0.5}),
        ("a,b||1,2", {"a": 1, "b": 2}),
        ("a,b", {}),
        ("1_0,2", {"1_0": 2}),
    ],
)
def test_a_table_becomes_names_by_its_shape(rows: str, measures: dict[str, Any]) -> None:
    """Names and values; one row; rows by their first column; rows by their number."""
    table = [line.split(",") if line else [] for line in rows.split("|")]

    assert measures_in(table, "score") == measures


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a.b": 1, "a": {"b": 2}}, "two measures have the name 'a.b'"),
        (dict.fromkeys(map(str, range(MOST + 1)), 1), "more than 1,000 measures"),
        ({"a": "x" * (LONGEST + 1)}, "'a' is a text of more than 1,000 characters"),
        ({"a" * (LONGEST + 1): 1}, "has more than 1,000 characters"),
        ({"a": object()}, "'a' is a builtins.object, expected a number, a text or a truth"),
        (b"\0", "its format is bytes, which has no measures"),
        ([["a", "b"], ["1"]], "row 2 has 1 cells, expected 2 as in the first one"),
        ([["1", "2", "3"], ["4", "5", "6"]], "its first row does not name the columns"),
    ],
)
def test_a_file_is_read_whole_or_not_at_all(value: Any, reason: str) -> None:
    """What is too much, or no measure, is named."""
    with pytest.raises(Unavailable) as refused:
        measures_in(value, "score")

    assert reason in str(refused.value)


def test_as_many_as_are_allowed_are_read() -> None:
    """The bound itself is within."""
    assert len(measures_in([0] * MOST, "score")) == MOST


@given(TREES)
def test_measures_are_what_json_can_write(value: Any) -> None:
    """Whatever was read: names and values survive a way through canonical JSON, and every number is there."""
    try:
        found = measures_in(value, "score")
    except Unavailable:
        return

    assert json.loads(json.dumps(found, allow_nan=False, ensure_ascii=False).encode()) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456789, "0.123457"), (3, "3"), (123456789012, "123456789012"), (10**20, "1e+20"), (-(10**400), "-(more"),
        (True, "true"), ("x", "x"), (None, "-"), (1e-9, "1e-09"), ("nan", "nan"),
    ],
)  # fmt: skip
def test_a_person_sees_six_digits(value: Any, text: str) -> None:
    """Integers of usual size whole."""
    assert shown(value).startswith(text)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (1, 3, (2, 2.0)), (-2, -1, (1, 0.5)), (0, 1, (1, None)), ("nan", 1, (None, None)), (True, 2, (None, None)),
        (None, 1, (None, None)), (1e308, -1e308, (None, None)), (10**400, 1, (None, None)),
        (10**20, 10**20 + 1, (1, 1e-20)),
    ],
)  # fmt: skip
def test_a_change_is_told_where_it_is_a_number(a: Any, b: Any, expected: tuple[Any, Any]) -> None:
    """Absolute, and as a part of the first."""
    assert change(a, b) == expected


def test_what_is_not_finite_is_no_number_to_draw() -> None:
    """Nor are truths and texts."""
    values: list[Any] = [*NOT_FINITE, True, math.inf, math.nan, 10**400]

    assert [number_of(value) for value in values] == [None] * 7
