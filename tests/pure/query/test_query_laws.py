"""Laws of the `where` language, over random expressions."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import QueryError
from provstore.query import bound_names, matches, names, parse_where, printed
from provstore.query.tree import AllOf, AnyOf, Expression, Not

from .query_trees import BINDS, NUMBERS, TEXTS, Sql, conditions, expressions, rows, simple

VOCABULARY = """
visit band 1 2.5 'r' T'2026-11-21' :x = != < <= > >= == <> AND or NOT IN ( ) , .. : + - * / % NULL TRUE
GLOB OVERLAPS CIRCLE POLYGON ' " é
"""
WORDS = st.sampled_from([*VOCABULARY.split(), "\n"])


@pytest.fixture(scope="module")
def sqlite():
    """A database in memory: the reading of SQL that everybody knows."""
    with contextlib.closing(sqlite3.connect(":memory:")) as conn:
        yield conn


def answer(conn, condition, row):
    """Whether SQLite finds the row: true only, neither false nor unknown."""
    sql = Sql(condition)
    columns = ", ".join(f'{sql.bound(value)} AS "{name}"' for name, value in row.items())
    found = conn.execute(f"SELECT 1 FROM (SELECT {columns}) WHERE {sql.text}", sql.values)
    return found.fetchone() is not None


@given(expressions)
def test_what_is_printed_parses_to_the_same_tree(tree):
    """parse(printed(t)) == t."""
    again = parse_where(printed(tree))

    assert again == tree
    assert hash(again) == hash(tree)
    assert printed(again) == printed(tree)


@given(expressions, st.randoms())
def test_spacing_is_not_meaning(tree, random):
    """White space between words may be any."""
    parts = printed(tree).split("'")  # of which every other one stands inside of quotes
    parts[::2] = [part.replace(" ", random.choice(["  ", "\n", "\t "])) for part in parts[::2]]

    assert parse_where("'".join(parts)) == tree


@settings(max_examples=400)
@given(condition=conditions, row=rows)
def test_a_match_is_what_sqlite_finds(sqlite, condition, row):
    """The evaluator and SQLite agree on every condition and row, missing values included."""
    tree = parse_where(printed(Expression("", condition)))

    assert matches(tree, row, BINDS) == answer(sqlite, condition, row)


@given(simple, simple, rows)
def test_de_morgan_holds_for_unknown_values_too(a, b, row):
    """NOT (a AND b) is NOT a OR NOT b, also where neither is true or false."""
    left = Not(0, AllOf(0, (a, b)))
    right = AnyOf(0, (Not(0, a), Not(0, b)))

    for one, other in ((left, right), (Not(0, left), Not(0, right))):
        assert matches(Expression("", one), row, BINDS) == matches(Expression("", other), row, BINDS)


@given(conditions, rows)
def test_only_what_is_named_can_matter(condition, row):
    """Values under other names change nothing."""
    tree = Expression("", condition)
    needed = {name: value for name, value in row.items() if name in names(tree)}

    assert names(tree) <= {*NUMBERS, *TEXTS, "flag"}
    assert bound_names(tree) <= set(BINDS)
    assert matches(tree, needed, BINDS) == matches(tree, row, BINDS)


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_a_tree_or_an_error_with_its_place(text):
    """No text gives anything else than a tree that can be printed, or a QueryError that points into the text."""
    tree, error = None, None
    try:
        tree = parse_where(text)
    except QueryError as caught:
        error = caught

    if error is None:
        assert parse_where(printed(tree)) == tree
    else:
        line = int(error.message.split()[1].rstrip(","))
        assert error.text == text
        assert 1 <= error.column <= len(text.split("\n")[line - 1]) + 1
        assert error.message.startswith(f"line {line}, column {error.column}: ")
