"""Data IDs in the order that the remembered plan knows; whatever is in its place, they can be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from provstore.store.data_ids import DataIds, read_all

TEXT = '{"a":1,"z":2}'


def order(stages: str, facts: str) -> list[str]:
    """Names of the data ID of a task of stage "s", where this is what a plan says."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE plan (stages TEXT, stage_facts TEXT)")
        conn.execute("INSERT INTO plan VALUES (?, ?)", (stages, facts))
        return list(DataIds(conn).read("s", TEXT))


def test_the_declared_order_counts() -> None:
    """Of this stage, not of another one."""
    assert order("r\ns\n", '\n[["z","a"],false,false,[]]\n') == ["z", "a"]
    assert order("s\nr\n", '\n[["z","a"],false,false,[]]\n') == ["a", "z"]


@pytest.mark.parametrize(
    "facts", ["\n", "", "{\n", "[[[1]],false,false,[]]\n", "[7,false,false,[]]\n", '[["z"],false,false,[]]\n', "[1]\n"]
)
def test_an_order_that_does_not_fit_does_not_count(facts: str) -> None:
    """A plan may be about other dimensions, or be damaged; nothing is lost by it."""
    assert order("s\n", facts) == ["a", "z"]


def test_without_a_plan_names_are_as_recorded() -> None:
    """So it is in a store that only holds what others did."""
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.execute("CREATE TABLE plan (stages TEXT, stage_facts TEXT)")

        assert [list(found) for found in read_all(conn, [("s", TEXT), (None, "{}")])] == [["a", "z"], []]
