"""Data IDs that records allow: the joined SQL finds what nested loops over the records find."""

from __future__ import annotations

import itertools
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore import sky
from provstore.digest import canonical_json
from provstore.model.dimensions import Definition, Dimensions
from provstore.operations.registry.queries.data_ids import DataIdQuery, Question
from provstore.query import matches, parse_where
from provstore.query.tree import names
from provstore.store import facts, migrate
from provstore.store.combinations import combinations

NOW = "2026-11-21T10:00:00.000000Z"
UNIVERSE = Dimensions(
    {
        "instrument": Definition("instrument", "str"),
        "band": Definition("band", "str"),
        "night": Definition("night", "int", timespan=True),
        "detector": Definition("detector", "int", ("instrument",)),
        "visit": Definition(
            "visit", "int", ("instrument",), ("band",), {"seconds": "float"}, timespan=True, region=True
        ),
        "skymap": Definition("skymap", "str"),
        "tract": Definition("tract", "int", ("skymap",), region=True),
        "patch": Definition("patch", "int", ("tract",), region=True),
    }
)
REGIONS = [f"BOX({ra}, {ra + 10}, -5, {dec})" for ra in (0, 8, 16) for dec in (0, 5)]
TIMES = [None, *[f"2026-11-2{day}T00:00:00.000000Z" for day in range(1, 6)]]
SPOT = "BOX(12, 13, -5, -2)"
PARTS = (
    "band = 'r'",
    "visit in (1, 2)",
    "tract = 1",
    "visit.seconds > 10",
    "visit.seconds > 10 or detector = 1",
    "not (detector = 1)",
    "patch < 2",
    "night = 1",
    "skymap != 's'",
    f"visit.region overlaps {SPOT}",
)


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for file in sorted(Path(migrate.__file__).with_name("migrations").glob("*.sql")):
            conn.executescript(file.read_text(encoding="utf-8"))
        yield conn


@st.composite
def universes(draw):
    """Records of all dimensions: (dimension, key, implied and metadata, region, begin, end)."""
    rows = [("instrument", {"instrument": name}, {}) for name in "AB"]
    rows += [("band", {"band": name}, {}) for name in "gr"]
    rows += [("skymap", {"skymap": name}, {}) for name in "st"]
    numbers = st.integers(1, 3)
    for instrument, number in draw(st.sets(st.tuples(st.sampled_from("AB"), numbers), max_size=4)):
        rows.append(("detector", {"instrument": instrument, "detector": number}, {}))
    for instrument, number in draw(st.sets(st.tuples(st.sampled_from("AB"), numbers), max_size=4)):
        said = {"band": draw(st.sampled_from("gr")), "seconds": draw(st.sampled_from([5.0, 20.0, None]))}
        rows.append(("visit", {"instrument": instrument, "visit": number}, said))
    tracts = draw(st.sets(st.tuples(st.sampled_from("st"), numbers), max_size=3))
    rows += [("tract", {"skymap": skymap, "tract": number}, {}) for skymap, number in tracts]
    for skymap, number in tracts:
        for patch in draw(st.sets(numbers, max_size=2)):
            rows.append(("patch", {"skymap": skymap, "tract": number, "patch": patch}, {}))
    rows += [("night", {"night": number}, {}) for number in draw(st.sets(numbers, max_size=2))]
    return [complete(draw, *row) for row in rows]


def complete(draw, dimension, key, said):
    """A record with region and time span, where its dimension has them."""
    definition = UNIVERSE[dimension]
    region = draw(st.sampled_from([None, *REGIONS])) if definition.region else None
    begin, end = sorted(draw(st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES))), key=lambda time: time or "")
    span = (begin, end) if definition.timespan else (None, None)
    return dimension, key, {name: value for name, value in said.items() if value is not None}, region, *span


def put(conn, rows):
    """The store with these records and no others."""
    for table in ("dimension_record", "sky", "dataset"):
        conn.execute(f"DELETE FROM {table}")
    for dimension, key, said, region, begin, end in rows:
        box = canonical_json(list(sky.box(region))) if region else None
        row = {
            "dimension": dimension, "key": canonical_json(key), "value": key[dimension], "record": canonical_json(said),
            "time_begin": begin, "time_end": end, "region": region, "box": box, "inserted": NOW,
        }  # fmt: skip
        conn.execute(facts.INSERT["dimension_record"], facts.VALUES["dimension_record"](row))
        if region:
            fill_sky(conn, dimension, row["key"], json.loads(box))


def fill_sky(conn, dimension, key, box):
    if not conn.execute("SELECT 1 FROM sky WHERE dimension = ? AND key = ?", (dimension, key)).fetchone():
        columns = "x_min, x_max, y_min, y_max, z_min, z_max, dimension, key"
        conn.execute(f"INSERT INTO sky ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*box, dimension, key))


def asked(conn, query, types=()):
    """What a query finds, as tuples in the order of the result's dimensions."""
    question = Question(UNIVERSE, types, {}, query, parse_where(query.where))
    return question.result, combinations(conn, question.join, question.wanted(conn)._replace(limit=query.limit))


def oracle(rows, query):
    """The same by loops: one record of each dimension involved, which have to go together."""
    tree = parse_where(query.where.replace(f"visit.region overlaps {SPOT}", "visit.touches = true"))
    named = [name.partition(".")[0] for name in names(tree)]
    involved = UNIVERSE.required([*query.dimensions, *query.data_id, *named])
    records = [[row for row in rows if row[0] == dimension] for dimension in involved]
    found = set()
    for chosen in itertools.product(*records):
        values = together(chosen)
        if values is None or any(values[name] != value for name, value in query.data_id.items()):
            continue
        for dimension, _, said, region, *_ in chosen:
            values.update({f"{dimension}.{name}": value for name, value in said.items()})
            values[f"{dimension}.touches"] = region is not None and sky.overlap(region, SPOT)
        if matches(tree, values):
            found.add(tuple(values[name] for name in UNIVERSE.required(query.dimensions)))
    return found


def together(chosen):
    """The values of records that go together; None: they don't."""
    values = {}
    for dimension, key, said, *_ in chosen:
        own = {**key, **{name: said[name] for name in UNIVERSE[dimension].implies if name in said}}
        if any(values.setdefault(name, value) != value for name, value in own.items()):
            return None
    for one, other in itertools.combinations(chosen, 2):
        if one[0] in UNIVERSE.required([other[0]]) or other[0] in UNIVERSE.required([one[0]]):
            continue
        if {one[0], other[0]} == {"visit", "tract"} and any(row[0] == "patch" for row in chosen):
            continue  # the patch is more precise
        if (
            UNIVERSE[one[0]].region
            and UNIVERSE[other[0]].region
            and not (one[3] and other[3] and sky.overlap(one[3], other[3]))
        ):
            return None
        if UNIVERSE[one[0]].timespan and UNIVERSE[other[0]].timespan and not at_once(one, other):
            return None
    return values


def at_once(one, other):
    return (one[4] or "") < (other[5] or "~") and (other[4] or "") < (one[5] or "~")


DIMENSIONS = st.lists(st.sampled_from(UNIVERSE.names()), min_size=1, max_size=3, unique=True)
GIVEN = st.sampled_from([{}, {}, {"tract": 1}, {"skymap": "s", "tract": 2}, {"instrument": "A"}, {"band": "g"}])
WHERE = st.lists(st.sampled_from(PARTS), max_size=2).map(" and ".join)


@settings(max_examples=150, deadline=None)
@given(universes(), DIMENSIONS, GIVEN, WHERE)
def test_the_join_finds_what_loops_find(conn, rows, dimensions, given, where):
    """Required, implied and given values, regions and time spans: each combination that is allowed, and each once."""
    put(conn, rows)
    query = DataIdQuery(dimensions, where, given)
    _, found = asked(conn, query)

    assert set(found) == oracle(rows, query)
    assert len(set(found)) == len(found)
    assert len(asked(conn, query._replace(limit=2))[1]) == min(2, len(found))
