"""Data IDs that records allow: the joined SQL finds what nested loops over the records find."""

from __future__ import annotations

import itertools
import json
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.rows import dataset_row, store_in_memory

from provstore import sky
from provstore.digest import canonical_json
from provstore.model.dimensions import Definition, Dimensions
from provstore.operations.registry.queries.data_ids import DataIdQuery, Question
from provstore.operations.registry.types.definitions import TypeDefinition
from provstore.query import matches, parse_where
from provstore.query.tree import names
from provstore.store import combinations as combined
from provstore.store import data_id_walk, facts
from provstore.store.combinations import combinations

NOW = "2026-11-21T10:00:00.000000Z"
UNIVERSE = Dimensions(
    {
        "instrument": Definition("instrument", "str"),
        "band": Definition("band", "str"),
        "night": Definition("night", "int", timespan=True),
        "detector": Definition("detector", "int", ("instrument",)),
        "filter": Definition("filter", "int", implies=("band",)),
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
    "visit.timespan != NULL",
    f"visit.region overlaps {SPOT}",
)


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with store_in_memory() as conn:
        yield conn


@st.composite
def universes(draw):
    """Records of all dimensions: (dimension, key, implied and metadata, region, begin, end)."""
    rows = [("instrument", {"instrument": name}, {}) for name in "AB"]
    rows += [("band", {"band": name}, {}) for name in "gr"]
    rows += [("skymap", {"skymap": name}, {}) for name in "st"]
    numbers = st.integers(1, 3)
    for instrument, number in sorted(draw(st.sets(st.tuples(st.sampled_from("AB"), numbers), max_size=4))):
        rows.append(("detector", {"instrument": instrument, "detector": number}, {}))
    for instrument, number in sorted(draw(st.sets(st.tuples(st.sampled_from("AB"), numbers), max_size=4))):
        said = {"band": draw(st.sampled_from(["g", "r", None])), "seconds": draw(st.sampled_from([5.0, 20.0, None]))}
        rows.append(("visit", {"instrument": instrument, "visit": number}, said))
    tracts = sorted(draw(st.sets(st.tuples(st.sampled_from("st"), numbers), max_size=3)))
    rows += [("tract", {"skymap": skymap, "tract": number}, {}) for skymap, number in tracts]
    for skymap, number in tracts:
        for patch in draw(st.sets(numbers, max_size=2)):
            rows.append(("patch", {"skymap": skymap, "tract": number, "patch": patch}, {}))
    bands = draw(st.lists(st.sampled_from(["g", "r", None]), max_size=3))
    rows += [("filter", {"filter": number}, {"band": band}) for number, band in enumerate(bands)]
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
    for table in ("dimension_record", "sky", "dataset", "data_id_value"):
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
    """The same by loops, with all values: one record of each dimension involved, which have to go together."""
    tree = parse_where(query.where.replace(f"visit.region overlaps {SPOT}", "visit.touches = true"))
    named = [name.partition(".")[0] for name in names(tree)]
    involved = UNIVERSE.required([*query.dimensions, *query.data_id, *named])
    records = [[row for row in rows if row[0] == dimension] for dimension in involved]
    found = {}
    for chosen in itertools.product(*records):
        values = together(chosen)
        if values is None or any(values[name] != value for name, value in query.data_id.items()):
            continue
        for dimension, _, said, region, begin, _ in chosen:
            values.update({f"{dimension}.{name}": value for name, value in {**said, "begin": begin}.items()})
            values[f"{dimension}.timespan"] = "a record has one"
            values[f"{dimension}.touches"] = region is not None and sky.overlap(region, SPOT)
        if matches(tree, values):
            found[tuple(values[name] for name in UNIVERSE.required(query.dimensions))] = values
    return found


def together(chosen):
    """The values of records that go together; None: they don't, or it is not known."""
    values = {}
    for dimension, key, said, *_ in chosen:
        own = {**key, **{name: said.get(name) for name in UNIVERSE[dimension].implies}}
        if any(name in values and (value is None or values[name] != value) for name, value in own.items()):
            return None
        values.update(own)
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

    assert set(found) == set(oracle(rows, query))
    assert len(set(found)) == len(found)
    assert len(asked(conn, query._replace(limit=2))[1]) == min(2, len(found))


FIELDS = {"visit": ["visit.seconds", "visit.begin", "visit.band", "band"], "night": ["night.begin"], "filter": ["band"]}


@st.composite
def orders(draw, dimensions):
    """What data IDs with some dimensions can be sorted by."""
    result = UNIVERSE.required(dimensions)
    known = [*result, *(field for name in result for field in FIELDS.get(name, ()))]
    terms = draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
    return [draw(st.sampled_from(["", "-"])) + term for term in terms]


def sort_key(values, terms):
    """What is missing is the smallest."""
    said = [values.get(term.removeprefix("-")) for term in terms]
    return [(value is not None, 0 if value is None else value) for value in said]


def in_order(found, terms):
    """The keys of what was found, sorted."""
    keys = [sort_key(values, terms) for values in found]
    for place, term in reversed(list(enumerate(terms))):
        keys.sort(key=itemgetter(place), reverse=term.startswith("-"))
    return keys


ASKED_FOR = DIMENSIONS.flatmap(lambda names: st.tuples(st.just(names), orders(names)))


@settings(max_examples=100, deadline=None)
@given(universes(), ASKED_FOR, WHERE, st.integers(1, 5))
def test_an_order_is_gone_along_the_records_of_one_dimension(conn, rows, asked_for, where, limit):
    """With a limit, batch after batch: what is found first is what stands first among all."""
    dimensions, terms = asked_for
    put(conn, rows)
    query = DataIdQuery(dimensions, where, order_by=terms, limit=limit)
    all_of_them = oracle(rows, query)
    _, found = asked(conn, query)

    assert len(set(found)) == len(found)
    keys = in_order(all_of_them.values(), terms)
    assert [sort_key(all_of_them[data_id], terms) for data_id in found] == keys[:limit]


@settings(max_examples=60, deadline=None)
@given(universes(), st.sampled_from(FIELDS["visit"]), st.sampled_from(["", "-"]), st.integers(1, 4), st.booleans())
def test_an_order_of_data_ids_is_gone_along_records(conn, rows, field, downwards, limit, of_one):
    """Those of datasets, by what the record of a visit says: as if all of them were sorted."""
    rows = [row for row in rows if not of_one or row[1].get("instrument") != "B"]
    put(conn, rows)
    put_datasets(conn, [{"detector": detector, "visit": visit} for visit in range(1, 5) for detector in range(1, 4)])
    type = TypeDefinition("image", ("detector", "visit"), "bytes", None, "")
    query = DataIdQuery(["visit", "detector"], order_by=[f"{downwards}{field}", "visit", "-detector"], limit=limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_id_walk, "MOST_NAMED", 3)
        _, found = asked(conn, query, [type])
        patch.setattr(combined, "known_leads", lambda *_: [])
        _, plain = asked(conn, query._replace(limit=None), [type])

    assert found == plain[:limit]


def put_datasets(conn, data_ids):
    """Datasets of the type `image`."""
    for data_id in map(canonical_json, data_ids):
        row = dataset_row(type="image", data_id=data_id)
        conn.execute(facts.INSERT["dataset"], facts.VALUES["dataset"](row))
        conn.execute(facts.INSERT_VALUES, {"type": "image", "data_ids": canonical_json([data_id])})
