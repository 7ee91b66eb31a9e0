"""A `where` over datasets that names what only the records of dimensions know: SQL and plain Python find the same."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore import sky
from provstore.digest import canonical_json
from provstore.model.dimensions import Definition, Dimensions
from provstore.operations.registry.queries.jumps import needed
from provstore.operations.registry.queries.leads import Records, leads
from provstore.operations.registry.queries.names import QueryNames
from provstore.query import matches, names, parse_where
from provstore.query.times import moment
from provstore.store import conditions, data_id_walk, datasets, facts
from provstore.store.dataset_names import DatasetNames

from .rows import NOW, dataset_row, store_in_memory

DIMENSIONS = Dimensions(
    {
        "instrument": Definition("instrument", "str"),
        "filter": Definition("filter", "str", requires=("instrument",), implies=("band",)),
        "band": Definition("band", "str"),
        "visit": Definition(
            "visit",
            "int",
            requires=("instrument",),
            implies=("filter",),
            metadata={"airmass": "float", "target": "str", "good": "bool", "seq": "int"},
            timespan=True,
            region=True,
        ),
        "detector": Definition("detector", "int", requires=("instrument",), metadata={"purpose": "str", "seq": "int"}),
        "skymap": Definition("skymap", "str"),
        "tract": Definition("tract", "int", requires=("skymap",), region=True),
        "patch": Definition("patch", "int", requires=("skymap", "tract"), metadata={"seq": "int"}),
    }
)
KINDS = {name: "number" if DIMENSIONS[name].type == "int" else "text" for name in DIMENSIONS.names()}
OWN = (
    ("detector", "visit"),
    ("visit",),
    ("instrument", "visit", "detector"),
    ("tract", "visit"),
    ("patch", "tract"),
    ("band", "detector"),
    ("filter",),
)
"""Dimensions of the types that are asked for."""
BARE = ("airmass", "target", "good", "timespan", "begin", "end")
"""Fields that one dimension alone has."""
REGIONS = (
    "CIRCLE(0, 0, 1)",
    "CIRCLE(359.5, 0, 1)",
    "BOX(350, 10, -1, 1)",
    "POLYGON(0, 0, 10, 0, 5, 10)",
    "POINT(0, 90)",
)
DAYS = tuple(f"2026-11-2{day}T00:00:00.000000Z" for day in range(1, 6))


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with store_in_memory() as conn:
        yield conn


# --- random stores --------------------------------------------------------------------------------------------

values = {
    "instrument": st.sampled_from(["HSC", "L\"S'", "é\n"]),
    "filter": st.sampled_from(["HSC-I", "g"]),
    "band": st.sampled_from(["i", "g", ""]),
    "visit": st.integers(1, 3),
    "detector": st.integers(0, 1),
    "skymap": st.sampled_from(["rings", "cells"]),
    "tract": st.integers(0, 1),
    "patch": st.integers(0, 1),
}
fields = {
    "float": st.none() | st.sampled_from([0.5, 1.0, -2.25, 1e300, 0.0]),
    "str": st.none() | st.sampled_from(["a", "A", "it's", "", "*", "2026-11-22", "1"]),
    "bool": st.none() | st.booleans(),
    "int": st.none() | st.integers(-3, 3) | st.just(2**62),
}
spans = st.tuples(st.none() | st.integers(0, 2), st.none() | st.integers(3, 4)).map(
    lambda ends: tuple(None if end is None else DAYS[end] for end in ends)
)


@st.composite
def records(draw, name):
    """A record of a dimension; what it does not say is missing."""
    definition = DIMENSIONS[name]
    key = {each: draw(values[each]) for each in DIMENSIONS.required([name])}
    said = {each: draw(values[each]) for each in definition.implies if draw(st.integers(0, 4))}
    said.update({field: draw(fields[kind]) for field, kind in definition.metadata.items()})
    return {
        "dimension": name,
        "key": canonical_json(key),
        "value": key[name],
        "record": {field: value for field, value in said.items() if value is not None},
        "span": draw(spans) if definition.timespan else (None, None),
        "region": draw(st.none() | st.sampled_from(REGIONS)) if definition.region else None,
    }


def insert(conn, made, data_ids):
    """The store with these records and datasets and no others; ids of the datasets, in their order."""
    for table in ("dataset", "data_id_value", "dimension_record", "sky"):
        conn.execute(f"DELETE FROM {table}")
    for record in made:
        region = record["region"]
        row = {
            **{name: record[name] for name in ("dimension", "key", "value", "region")},
            "record": canonical_json(record["record"]),
            "time_begin": record["span"][0],
            "time_end": record["span"][1],
            "box": None if region is None else canonical_json(list(sky.box(region))),
            "inserted": NOW,
        }
        conn.execute(facts.INSERT["dimension_record"], facts.VALUES["dimension_record"](row))
        conn.execute(facts.INSERT_SKY, (row["dimension"], row["key"]))
    rows = [dataset_row(type="image", data_id=canonical_json(data_id)) for data_id in data_ids]
    conn.executemany(facts.INSERT["dataset"], map(facts.VALUES["dataset"], rows))
    said = canonical_json([row["data_id"] for row in rows])
    conn.execute(facts.INSERT_VALUES, {"type": "image", "data_ids": said})
    return [row["id"] for row in rows]


# --- what it means --------------------------------------------------------------------------------------------


class Meaning:
    """All names of one dataset with their values, told by going through all records."""

    def __init__(self, made, data_id):
        self.made, self.data_id = made, data_id
        reached = dict.fromkeys([*data_id, *DIMENSIONS.required(data_id), *DIMENSIONS.implied(data_id)])
        self.reached = sorted(reached, key=lambda name: (name not in data_id, list(reached).index(name)))

    def of_value(self, dimension, value):
        return [each for each in self.made if (each["dimension"], each["value"]) == (dimension, value)]

    def holders(self, name):
        return [
            other
            for other in self.reached
            if name != other and name in (*DIMENSIONS.required([other]), *DIMENSIONS[other].implies)
        ]

    def known(self, name, without):
        """A part of a key: from the data ID, or from the one record of something else in the data ID."""
        if name in self.data_id:
            return self.data_id[name]
        for other in self.holders(name):
            if other in self.data_id and other != without:
                found = [
                    each for each in self.made if (each["dimension"], each["value"]) == (other, self.data_id[other])
                ]
                if len(found) == 1 and (value := said(found[0], name)) is not None:
                    return value
        return None

    def record(self, dimension):
        own = self.value(dimension)
        parts = {name: self.known(name, dimension) for name in DIMENSIONS.required([dimension]) if name != dimension}
        found = [
            each
            for each in self.of_value(dimension, own)
            if all(value in (None, said(each, name)) for name, value in parts.items())
        ]
        return found[0] if len(found) == 1 else None

    def value(self, name):
        if name in self.data_id:
            return self.data_id[name]
        for other in self.holders(name):
            record = self.record(other)
            if record is not None and (value := said(record, name)) is not None:
                return value
        return None

    def all(self):
        found = {name: self.value(name) for name in self.reached}
        for name in self.reached:
            record = self.record(name)
            if record is not None:
                begin, end = (None if end is None else moment(end) for end in record["span"])
                more = {"region": record["region"], "timespan": record["span"], "begin": begin, "end": end}
                more.update({other: said(record, other) for other in self.reached if other != name})
                more.update(record["record"])
                found.update({f"{name}.{field}": value for field, value in more.items()})
        return {**{field: found.get(f"visit.{field}") for field in BARE}, **found}


def said(record, name):
    return {**json.loads(record["key"]), **record["record"]}.get(name)


# --- random conditions ----------------------------------------------------------------------------------------

numbers = st.recursive(
    st.sampled_from(
        ["visit", "detector", "tract", "visit.seq", "detector.seq", "patch.seq", "visit.airmass", "airmass", ":low"]
    )
    | st.sampled_from(["0", "1", "2", "-3", "0.5", "1e300", "4611686018427387904"]),
    lambda parts: (
        st.builds("({} {} {})".format, parts, st.sampled_from("+-*/"), parts) | st.builds("-{}".format, parts)
    ),
    max_leaves=3,
)
texts = st.sampled_from(
    [
        "instrument",
        "band",
        "filter",
        "skymap",
        "visit.target",
        "target",
        "visit.filter",
        "filter.band",
        "detector.purpose",
    ]
)
quoted = st.sampled_from(["'HSC'", "'i'", "'g'", "'it''s'", "''", "'*'", "'a'", "'HSC-I'", ":word", "'rings'"])
moments = st.sampled_from([*(f"T'{day}'" for day in DAYS), "T'2026-11-21T12:00+02:00'", ":when"])
written = st.builds("({}, {})".format, st.sampled_from([f"T'{DAYS[n]}'" for n in range(2)] + ["NULL", ":none"]),
                    st.sampled_from([f"T'{DAYS[n]}'" for n in range(2, 5)] + ["null", ":none"]))  # fmt: skip
in_time = st.one_of(
    st.sampled_from(["visit.timespan", "timespan"]),
    written,
    st.builds(
        "({}, {})".format, st.sampled_from(["visit.begin", "T'2026-11-22'"]), st.sampled_from(["visit.end", "NULL"])
    ),
)
on_the_sky = st.one_of(
    st.sampled_from(["visit.region", "tract.region", *REGIONS]),
    st.builds("CIRCLE({}, {}, {})".format, st.sampled_from(["0", "visit", ":low", "180 * 2"]),
              st.sampled_from(["0", "visit.airmass", "detector"]), st.sampled_from(["1", "visit.seq", "1/60"])),
)  # fmt: skip
operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
simple = st.one_of(
    st.builds("{} {} {}".format, numbers, operators, numbers),
    st.builds("{} {} {}".format, texts, operators, texts | quoted),
    st.builds("{} in ({}..{}:2, {})".format, numbers, st.integers(-4, 0), st.integers(0, 3), st.integers(0, 2)),
    st.builds("{} not in ({}, :words)".format, texts, quoted),
    st.builds("{} {} NULL".format, numbers | texts | st.sampled_from(["visit.region", "timespan", "visit.end"]),
              st.sampled_from(["=", "!="])),
    st.builds("NULL {} {}".format, st.sampled_from(["=", "!="]), texts),
    st.builds("good {} {}".format, st.sampled_from(["=", "!="]), st.sampled_from(["TRUE", "false"])),
    st.builds("GLOB({}, {})".format, texts, st.sampled_from(["'*'", "'?'", "'H*'", "'[*]'", ":word"])),
    st.builds("{} {} {}".format, st.sampled_from(["visit.begin", "visit.end", "begin", "end"]), operators, moments),
    st.builds("{} OVERLAPS {}".format, in_time, in_time),
    st.builds("{} overlaps {}".format, in_time, moments),
    st.builds("overlaps({}, {})".format, moments, in_time),
    st.builds("{} OVERLAPS {}".format, on_the_sky, on_the_sky | st.just(":region")),
)  # fmt: skip
wheres = st.recursive(
    simple,
    lambda parts: st.one_of(
        st.builds("{} and {}".format, parts, parts),
        st.builds("({} or {})".format, parts, parts),
        st.builds("not ({})".format, parts),
    ),
    max_leaves=4,
)
BIND = {"low": 1, "word": "g", "words": ["i", "HSC", "it's"], "none": None, "when": "2026-11-22T00:00:00Z",
        "region": "circle(0.0, +0, 1)"}  # fmt: skip


def usable(text, own):
    """The condition, if all its names are there for these dimensions."""
    tree = parse_where(text)
    known = DatasetNames({name: KINDS[name] for name in own}, DIMENSIONS).kinds
    return all(name in known for name in names(tree))


@st.composite
def cases(draw):
    own = draw(st.sampled_from(OWN))
    made = [record for name in DIMENSIONS.names() for record in draw(st.lists(records(name), max_size=3))]
    unique = {(record["dimension"], record["key"]): record for record in made}
    data_ids = draw(st.lists(st.fixed_dictionaries({name: values[name] for name in own}), max_size=5))
    where = draw(wheres.filter(lambda text: usable(text, own)))
    return own, list(unique.values()), data_ids, where


@settings(max_examples=200, deadline=None)
@given(case=cases(), always=st.booleans())
def test_the_sql_finds_what_plain_python_finds(conn, case, always):
    """Whatever the condition and the records: implied and required dimensions, metadata, regions, time spans.

    The search jumps over the data IDs that the records exclude; it passes over nothing that is meant.
    """
    own, made, data_ids, where = case
    tree = parse_where(where)
    ids = insert(conn, made, data_ids)
    expected = [
        id for id, data_id in zip(ids, data_ids, strict=True) if matches(tree, Meaning(made, data_id).all(), BIND, sky)
    ]
    known = DatasetNames({name: KINDS[name] for name in own}, DIMENSIONS, always=own if always else ())
    condition = conditions.compiled(tree, known, BIND)
    asked = QueryNames(known, DIMENSIONS, {"image": frozenset(own)} if always else {})
    jumps = asked.needed("image", needed(SimpleNamespace(conn=conn), tree, BIND, asked))
    wanted = datasets.Wanted("all", condition, jumps, None, False, {}, (), None)

    assert sorted(row[0] for row in datasets.found(conn, "image", wanted)) == sorted(expected)


ORDERS = (
    "airmass",
    "-airmass",
    "visit.seq",
    "-target",
    "begin",
    "-visit.end",
    "band",
    "-band",
    "visit.band",
    "instrument",
    "-visit.instrument",
    "filter",
    "detector.seq",
    "-detector.purpose",
    "patch.seq",
    "skymap",
    "visit",
    "-detector",
    "dataset.size",
)


def of_one_instrument(made, data_ids):
    """The same of one instrument, so that a value has one record at most."""
    kept = {}
    for record in made:
        key = {**json.loads(record["key"])}
        key.update({name: "HSC" for name in key if name == "instrument"})
        value = "HSC" if record["dimension"] == "instrument" else record["value"]
        kept[record["dimension"], canonical_json(key)] = {**record, "key": canonical_json(key), "value": value}
    return list(kept.values()), [
        {name: "HSC" if name == "instrument" else value for name, value in data_id.items()} for data_id in data_ids
    ]


def rank(value):
    """What is missing is the smallest, then come numbers, then texts and times."""
    return (0, 0) if value is None else (1, value) if isinstance(value, (int, float)) else (2, value)


def ids_along(conn, own, where, terms, limit, most):
    """Ids that a query with an order and a limit finds, as if there were much in the store."""
    known = DatasetNames({name: KINDS[name] for name in own}, DIMENSIONS, always=own)
    order, parameters = conditions.ordered(terms, known)
    condition = conditions.compiled(parse_where(where), known, BIND)
    condition = condition._replace(values={**condition.values, **parameters.values})
    gone_along = leads(terms, own.__contains__, known.home, Records(DIMENSIONS, known.tellers))
    wanted = datasets.Wanted("all", condition, {}, None, False, {}, order, limit, gone_along)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_id_walk, "MOST_NAMED", most)
        return [row[0] for row in datasets.found(conn, "image", wanted)]


@settings(max_examples=150, deadline=None)
@given(
    case=cases(),
    terms=st.lists(st.sampled_from(ORDERS), min_size=1, max_size=2, unique_by=lambda term: term.strip("-")),
    limit=st.integers(1, 4),
    most=st.integers(1, 3),
)
def test_an_order_is_gone_along_records(conn, case, terms, limit, most):
    """With a limit, records are gone along in their order, and of each its data IDs; that is the order of plain Python.

    Where a value has several records, or something else in a data ID speaks against its record, all is sorted.
    """
    own, made, data_ids, where = case
    made, data_ids = of_one_instrument(made, data_ids) if most > 1 else (made, data_ids)
    tree = parse_where(where)
    known = DatasetNames({name: KINDS[name] for name in own}, DIMENSIONS, always=own)
    terms = [term for term in terms if term.removeprefix("-") in known.kinds]
    ids = insert(conn, made, data_ids)
    values = {
        id: {**Meaning(made, data_id).all(), "dataset.size": 1} for id, data_id in zip(ids, data_ids, strict=True)
    }
    expected = [id for id in ids if matches(tree, values[id], BIND, sky)]
    keys = {id: [rank(values[id].get(term.removeprefix("-"))) for term in terms] for id in ids}
    for place, term in reversed(list(enumerate(terms))):
        expected.sort(key=lambda id, place=place: keys[id][place], reverse=term.startswith("-"))
    found = ids_along(conn, own, where, terms, limit, most)

    assert [keys[id] for id in found] == [keys[id] for id in expected[:limit]]
    assert set(found) <= set(expected)


@pytest.mark.parametrize(
    "doubt", [("visit", {"instrument": "L", "visit": 1}), ("detector", {"instrument": "L", "detector": 0})]
)
def test_an_order_is_not_gone_along_where_the_record_is_in_doubt(conn, doubt):
    """Visit 1 of two instruments, or with a detector of another one, has no record, and is the smallest."""
    empty = {"span": (None, None), "region": None}
    visits = [("visit", {"instrument": "H", "visit": visit}) for visit in (1, 2)]
    made = [
        {**empty, "dimension": name, "key": canonical_json(key), "value": key[name], "record": {"airmass": -key[name]}}
        for name, key in (*visits, doubt)
    ]
    ids = insert(conn, made, [{"detector": 0, "visit": 1}, {"detector": 1, "visit": 2}])

    assert ids_along(conn, ("detector", "visit"), "", ["-airmass"], 2, 1) == ids[::-1]


def test_what_is_known_of_a_key_tells_records_apart(conn):
    """Patch 0 of tract 1 is not that of tract 0; in two sky maps it might be either, and is neither."""
    keys = [{"skymap": "a", "tract": 0}, {"skymap": "a", "tract": 1}, {"skymap": "b", "tract": 1}]
    empty = {"dimension": "patch", "value": 0, "span": (None, None), "region": None}
    made = [{**empty, "key": canonical_json({**key, "patch": 0}), "record": {"seq": at}} for at, key in enumerate(keys)]
    ids = insert(conn, made, [{"patch": 0, "tract": 0}, {"patch": 0, "tract": 1}])
    known = DatasetNames({"patch": "number", "tract": "number"}, DIMENSIONS)

    for where, expected in (("patch.seq = 0", ids[:1]), ("patch.seq = NULL", ids[1:]), ("patch.seq >= 0", ids[:1])):
        condition = conditions.compiled(parse_where(where), known, {})
        wanted = datasets.Wanted("all", condition, {}, None, False, {}, (), None)
        assert [row[0] for row in datasets.found(conn, "image", wanted)] == expected
