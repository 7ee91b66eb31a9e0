"""A `where` over recorded datasets: the SQL finds what plain Python finds, and no text of a query becomes SQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pure.query.query_trees import BINDS, conditions, integers, rows, texts

from provstore.digest import canonical_json
from provstore.errors import QueryError
from provstore.query import matches, names, parse_where, printed
from provstore.query.narrow import needed, passed_over
from provstore.query.tree import Expression
from provstore.store import conditions as sql
from provstore.store import datasets, facts
from provstore.store.dataset_names import DatasetNames

from .rows import NOW, dataset_row, store_in_memory

KINDS = {
    **dict.fromkeys(("visit", "detector", "airmass"), "number"),
    **dict.fromkeys(("band", "skymap", "target"), "text"),
    "flag": "boolean",
}
PLAIN = {"visit.airmass": "airmass", "image.visit.target": "target"}


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with store_in_memory() as conn:
        yield conn


def filled(conn, data_ids, **changes):
    """The store with these data IDs and no others; ids of the datasets, in their order."""
    conn.execute("DELETE FROM dataset")
    made = [dataset_row(type="image", data_id=canonical_json(values), **changes) for values in data_ids]
    conn.executemany(facts.INSERT["dataset"], map(facts.VALUES["dataset"], made))
    return [row["id"] for row in made]


def found(conn, text, *, kinds=KINDS, bind=BINDS, jumps=True, **changes):
    """Ids of what a `where` finds."""
    tree = parse_where(text)
    wanted = datasets.Wanted(
        "all",
        sql.compiled(tree, DatasetNames(kinds, asked=names(tree)), bind),
        needed(tree, bind) if jumps else {},
        None,
        False,
        {},
        (),
        None,
    )
    return [row[0] for row in datasets.found(conn, "image", wanted._replace(**changes))]


def as_data_id(row):
    return {PLAIN.get(name, name): value for name, value in row.items() if value is not None}


def text_of(condition):
    text = printed(Expression("", condition))
    for name, plain in PLAIN.items():
        text = text.replace(name, plain)
    return text


@settings(max_examples=300, deadline=None)
@given(condition=conditions, many=st.lists(rows.map(as_data_id), max_size=6), known=st.booleans(), jumps=st.booleans())
def test_the_sql_finds_what_plain_python_finds(conn, condition, many, known, jumps):
    """Whatever the `where`, whether the kinds of dimensions are known or not, with and without jumps."""
    text = text_of(condition)
    ids = filled(conn, many)
    expected = {id for id, values in zip(ids, many, strict=True) if matches(parse_where(text), values, BINDS)}

    assert sorted(found(conn, text, kinds=KINDS if known else dict.fromkeys(KINDS), jumps=jumps)) == sorted(expected)


PARTS = st.one_of(
    st.builds("{} = {}".format, st.sampled_from(["visit", "detector"]), integers),
    st.builds("visit in ({}..{}:2, {})".format, st.integers(-9, 0), st.integers(0, 9), integers),
    st.builds("band in ('{}', 'b')".format, st.sampled_from(["a", "", "a*"])),
    st.just("visit in (:many)"),
    st.just("band = :name"),
)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(PARTS, min_size=1, max_size=3), many=st.lists(rows.map(as_data_id), max_size=30))
@example(["visit = 1"], [{"visit": 1}, {"visit": 1, "z": 1}, {"visit": 10}, {"visit": 1.0}, {"visit": True}])
def test_a_jump_passes_over_nothing_that_is_meant(conn, parts, many):
    """Conditions on single dimensions find the same with jumps over the index and without."""
    text = " and ".join(parts)
    filled(conn, many)

    assert sorted(found(conn, text)) == sorted(found(conn, text, jumps=False))


def test_each_of_many_is_found_by_its_number(conn):
    """Numbers stand in the order of their texts: 3 behind 30; with one dimension, and with another one in front."""
    for other in ({}, {"band": "r"}, {"band": None}):
        ids = filled(conn, [{"visit": number, **other} for number in range(120)])

        assert [found(conn, f"visit = {number}") for number in range(120)] == [[id] for id in ids]
        assert sorted(found(conn, "visit in (3..119:7)")) == sorted(ids[3::7])


@given(st.dictionaries(st.sampled_from("abc"), integers | texts, max_size=3), integers, st.sampled_from("abc"))
def test_a_jump_goes_forward(values, number, name):
    """What is passed over leads to a text that does not stand before it: a search ends."""
    text = canonical_json(values)
    beyond = passed_over(text, needed(parse_where(f"{name} = {number}"), {}))

    assert (beyond is None) == (values.get(name) == number)
    assert beyond is None or beyond >= text


FRAGMENTS = re.compile(
    r"CASE|WHEN|THEN|END|json_type|json_extract|json_each|typeof|provstore_\w+|CAST|AS|REAL|INTEGER|SELECT|value|FROM"
    r"|IN|IS|NOT|NULL|AND|OR|GLOB|BETWEEN|d\.\w+|'(integer|real|text|true|false)'|:[vo]\d+|[-()=<>+*/%,.\s]|\b[01]\b"
)
HOSTILE = [
    "x'; DROP TABLE dataset; --",
    "')",
    '"',
    "1 OR 1=1",
    "' OR '1'='1",
    "?1",
    ":v0",
    "/* where */ 1",
    "{0}",
    "%s",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_an_injection_is_a_value(conn, text):
    """In a text, in a list, in a pattern and bound: it is compared, and finds the dataset whose value it is."""
    ids = filled(conn, [{"band": text}, {"band": "r"}])
    quoted = "'" + text.replace("'", "''") + "'"

    for where in (f"band = {quoted}", f"band in ({quoted})", f"GLOB(band, {quoted})", "band = :x", "band in (:x)"):
        assert found(conn, where, bind={"x": text}) == ids[:1]
        compiled = sql.compiled(parse_where(where), DatasetNames(KINDS), {"x": text})
        assert FRAGMENTS.sub("", compiled.sql) == ""
    assert conn.execute("SELECT count(*) FROM dataset").fetchone() == (2,)


@settings(max_examples=200)
@given(conditions)
def test_no_value_is_in_the_sql(condition):
    """The SQL of any `where` consists of fragments that stand in the code, and of names of parameters."""
    compiled = sql.compiled(parse_where(text_of(condition)), DatasetNames(KINDS), BINDS)

    assert FRAGMENTS.sub("", compiled.sql) == ""


@pytest.mark.parametrize("name", ["x; DROP", 'x"', "visit)", "dataset.rowid", "dataset.nothing", "sqlite_master.name"])
def test_a_name_that_is_none_is_an_error(name):
    """Columns of the table that are not offered, and what is no name at all."""
    with pytest.raises(QueryError):
        sql.compiled(parse_where(f"{name} = 1"), DatasetNames(KINDS), {})
    with pytest.raises(QueryError):
        sql.ordered([name], DatasetNames(KINDS))


@pytest.mark.parametrize(
    ("text", "bind", "message"),
    [
        ("visit = 'a'", {}, "column 7: a number is compared with text"),
        ("visit = :x", {"x": "101"}, "column 7: a number is compared with text"),
        ("visit in (1, :x)", {"x": [1, "a"]}, "column 14: a number is compared with text"),
        ("visit = :x", {"x": [1]}, "column 9: ':x' is a list"),
        ("visit = :x", {"y": 1}, "column 9: ':x' has no value, bound are: y"),
        ("visit = :x", {"x": 2**63}, "column 9: the number 9223372036854775808 is beyond 64 bits"),
        ("visit in (:x)", {"x": [2**63]}, "beyond 64 bits"),
        ("band = :x", {"x": "\udcff"}, "is no Unicode"),
        ("band = :x", {"x": object()}, "':x' is a object"),
        ("vist = 1", {}, "column 1: there is no name 'vist', names are: airmass, band, dataset.created"),
        ("size = 1", {}, "there is no name 'size'"),
        ("dataset.created > :x", {"x": "yesterday"}, "column 19: 'yesterday' is no time"),
        ("dataset.created > 'x'", {}, "a time is compared with text"),
        ("dataset.size = 'x'", {}, "a number is compared with text"),
        ("GLOB(dataset.size, 'x')", {}, "GLOB is for text"),
        ("GLOB(band, :x)", {"x": 1}, "GLOB needs a text"),
        ("GLOB(band, :x)", {"x": "*" * 60_000}, "the pattern is longer than 50000 bytes"),
        ("visit.region overlaps CIRCLE(1, 2, 3)", {}, "there is no name 'visit.region'"),
        ("POINT(1, 95) overlaps CIRCLE(1, 2, 3)", {}, "column 1: found the declination 95"),
    ],
)
def test_what_has_no_meaning_is_an_error_with_its_place(text, bind, message):
    """Kinds are known before anything is read, those of bound values too."""
    with pytest.raises(QueryError, match=re.escape(message)):
        sql.compiled(parse_where(text), DatasetNames(KINDS), bind)


@pytest.mark.parametrize(
    ("text", "bind"),
    [
        ("dataset.created = T'2026-11-21T10:00:00'", {}),
        ("dataset.created >= T'2026-11-21' and dataset.created < T'2026-11-22'", {}),
        ("dataset.created in (T'2026-11-21T12:00+02:00')", {}),
        ("dataset.created = :t", {"t": datetime(2026, 11, 21, 10, tzinfo=UTC)}),
        ("dataset.created = :t", {"t": "2026-11-21T10:00:00Z"}),
        ("dataset.created in (:t)", {"t": [NOW, datetime(2020, 1, 1)]}),
        ("night < T'2026-11-22' and night in (T'2026-11-21')", {}),
        ("dataset.size = 1 and dataset.size * 2 + 1 = 3", {}),
        ("dataset.version = NULL and dataset.owner = 'u' and dataset.run = 'sources'", {}),
        ("image.dataset.size in (1..3)", {}),
        ("visit = 101 and visit / 2 = 50.5 and -visit % 100 = -1", {}),
        ("GLOB(night, '2026-*-2?') and not GLOB(night, '[2]*')", {}),
        ("visit in (:none) or visit = 101", {"none": []}),
        ("visit not in (:none)", {"none": []}),
        (" or ".join(["visit = 1"] * 3000 + ["visit = 101"]), {}),
        ("visit in (" + ", ".join(map(str, range(40_000))) + ")", {}),
        ("visit in (:x) and not visit in (:y)", {"x": range(10**12), "y": range(100, -(10**12), -1)}),
        ("visit < :x", {"x": float("inf")}),
        ("visit in (:x)", {"x": [float("inf"), 101]}),
        ("not GLOB(night, :x) and not GLOB(night, '*\0')", {"x": "2026-11-21\0x"}),
        ("not night in (:x) and night in ('x\0', :x, '2026-11-21')", {"x": ["2026-11-21\0"]}),
        ("not (night = 'x' and band in (:x))", {"x": ["\0"]}),
    ],
)
def test_true_of_the_dataset(conn, text, bind):
    """Times however they are spelled, fields of datasets, three parts, bound lists, and conditions of any length.

    A text with a NUL is no other text, though SQLite's GLOB and JSON read no further.
    """
    ids = filled(conn, [{"visit": 101, "night": "2026-11-21"}])

    assert found(conn, text, kinds={"visit": "number", "night": "text", "band": "text"}, bind=bind) == ids


@pytest.mark.parametrize(
    "text", ["visit" + " + 0" * 90 + " = 1", "visit" + " * 1" * 90 + " = 1", "visit - 1 - 0 - (0 - 1) + 2 * 3 = 7",
             "not (" * 10 + "visit = 1" + ")" * 10, "1 = " + "-(" * 48 + "visit" + ")" * 48,
             "visit = " + "2 * (1 - (1 + (0 * " * 7 + "visit" + ")))" * 7 + " + 1"]
)  # fmt: skip
def test_long_sums_and_some_parentheses_are_read(conn, text):
    """Signs and products in a row are no depth, and are still read from the left."""
    ids = filled(conn, [{"visit": 1}])

    assert matches(parse_where(text), {"visit": 1})
    assert found(conn, text) == ids


@pytest.mark.parametrize("depth", [10, 60])
def test_conditions_stand_deep_inside_of_each_other(conn, depth):
    """AND, OR and NOT, in turn, each in parentheses behind something: SQLite's own limit is thirty of them."""
    ids = filled(conn, [{"visit": 1}])
    text = "visit = 1"
    for level in range(depth):
        text = (f"visit = 2 or ({text})", f"visit = 1 and ({text})")[level % 2]

    assert matches(parse_where(text), {"visit": 1})
    assert found(conn, text) == ids
    assert found(conn, "not (" * 40 + text.replace("= 2", "= 3") + ")" * 40 if depth == 10 else text) == ids


def test_what_is_too_deep_for_sqlite_is_an_error_of_the_query(conn):
    """Not one of the store, which is not damaged."""
    filled(conn, [{"visit": 1}])

    with pytest.raises(QueryError, match="nested deeper"):
        found(conn, "visit = " + "(2 / " * 32 + "visit" + ")" * 32)


def test_another_kind_is_missing(conn):
    """Where a dimension is a number here and a text there, each condition sees those of its own kind."""
    ids = filled(conn, [{"visit": 1}, {"visit": "1"}, {"visit": True}, {}])
    mixed = {"visit": None}

    assert found(conn, "visit = 1", kinds=mixed) == ids[:1]
    assert found(conn, "visit = '1'", kinds=mixed) == ids[1:2]
    assert found(conn, "visit = TRUE", kinds=mixed) == ids[2:3]
    assert found(conn, "visit != 5", kinds=mixed) == ids[:1]
    assert found(conn, "visit = NULL", kinds=mixed) == ids[3:]
