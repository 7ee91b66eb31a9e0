"""Targets that name tasks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import TargetError
from provstore.model.values import task_name
from provstore.query import parse_task

dimensions = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)


def quoted(value):
    return "'" + value.replace("'", "''") + "'"


@given(st.dictionaries(dimensions, st.text(), min_size=1, max_size=4))
def test_quoted_values_may_be_any_text(values):
    """What is put in quotes comes back as it was."""
    text = "stage@" + ",".join(f"{name}={quoted(value)}" for name, value in values.items())

    assert parse_task(text) == ("stage", values)


@given(st.dictionaries(dimensions, st.integers() | st.from_regex(r"[A-Za-z0-9_.=+-]+", fullmatch=True), max_size=4))
def test_what_is_shown_of_a_task_can_be_given_back(values):
    """The name that status shows of a task with plain values is a target."""
    shown = task_name("b.1-x", tuple(values.items()))

    assert parse_task(shown) == ("b.1-x", {name: str(value) for name, value in values.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("calibrate", ("calibrate", {})),
        ("calibrate@visit=101,detector=3", ("calibrate", {"visit": "101", "detector": "3"})),
        (" calibrate @ visit = 101 , part = a b ", ("calibrate", {"visit": "101", "part": "a b"})),
        ("c@part='a,b',name=it's", ("c", {"part": "a,b", "name": "it's"})),
        ("c@part='',path=a/b=c@d", ("c", {"part": "", "path": "a/b=c@d"})),
    ],
)
def test_tasks(text, expected):
    """Values are text, cut at commas, without the space around them."""
    assert parse_task(text) == expected


@pytest.mark.parametrize(
    ("text", "column", "message", "hint"),
    [
        ("", 1, "found no stage", ""),
        ("@visit=1", 1, "found no stage", ""),
        ("a b", 3, "found 'b', expected '@'", ""),
        ("out/a", 4, "found '/', expected '@'", ""),
        ("a..b@visit=1", 2, "found '.', expected '@'", ""),
        ("a@", 3, "found the end, expected DIMENSION=VALUE", ""),
        ("a@visit", 3, "found 'visit', expected DIMENSION=VALUE", ""),
        ("a@1=2", 3, "found '1=2'", ""),
        ("a@v=1,", 7, "found the end", ""),
        ("a@v=1,,w=2", 7, "found ','", ""),
        ("a@part=x,y", 10, "found 'y'", "part='a,b'"),
        ("a@v=1,v=2", 7, "'v' has two values", ""),
        ("a@v=", 5, "'v' has no value", "''"),
        ("a@v=,w=1", 5, "'v' has no value", "''"),
        ("a@v='x", 5, "no end", ""),
        ("a@v='x'y", 8, "found 'y', expected a comma", ""),
    ],
)
def test_a_mistake_is_named_with_its_place(text, column, message, hint):
    """Column and caret, what was found and expected."""
    with pytest.raises(TargetError) as caught:
        parse_task(text)

    assert f"column {column}: " in caught.value.message
    assert message in caught.value.message
    assert hint in caught.value.hint
