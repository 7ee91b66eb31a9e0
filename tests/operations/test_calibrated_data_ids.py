"""Data IDs of which there are calibrations: what a CALIBRATION collection holds counts for its time only."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store.rows import store_in_memory

from provstore.digest import canonical_json
from provstore.model.dimensions import Definition, Dimensions
from provstore.operations.registry.queries.data_ids import DataIdQuery, Question
from provstore.operations.registry.types.definitions import TypeDefinition
from provstore.query import parse_where
from provstore.store import facts
from provstore.store.combinations import combinations

NOW = "2026-11-21T10:00:00.000000Z"
TIMES = [None, *[f"2026-11-2{day}T00:00:00.000000Z" for day in range(1, 5)]]
UNIVERSE = Dimensions(
    {
        "detector": Definition("detector", "int"),
        "night": Definition("night", "int", timespan=True),
        "visit": Definition("visit", "int", implies=("night",), timespan=True),
        "alarm": Definition("alarm", "int", timespan=True),
    }
)
DETECTORS = dict.fromkeys((1, 2, 3, 4), (None, None))
FLAT = TypeDefinition("flat", ("detector",), "json", None, "")
COLLECTIONS = {"r": "RUN", "t": "TAGGED", "c": "CALIBRATION"}

spans = st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES)).filter(lambda span: reaches(*span))
certified = st.lists(st.tuples(st.sampled_from("ccct"), st.sampled_from([False, False, True]), spans), max_size=2)
flats = st.lists(st.tuples(st.integers(1, 4), st.sampled_from("rsss"), certified), min_size=1, max_size=6)
nights = st.fixed_dictionaries(dict.fromkeys((1, 2, 3), spans))
records = st.fixed_dictionaries({"night": nights, "visit": nights, "alarm": st.fixed_dictionaries({1: spans})})


def reaches(begin, end):
    return (begin or "") < (end or "~")


def at_once(*spans):
    """All of these ranges have a moment in common."""
    return reaches(max(begin or "" for begin, _ in spans), min(end or "~" for _, end in spans))


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with store_in_memory() as conn:
        yield conn


def add(conn, kind, row):
    conn.execute(facts.INSERT[kind], facts.VALUES[kind](row))


def put(conn, said, many):
    """The store with these records and flats, and no others."""
    for table in ("dimension_record", "tag_removal", "tag", "dataset", "data_id_value"):
        conn.execute(f"DELETE FROM {table}")
    for dimension, values in {"detector": DETECTORS, **said}.items():
        for value, (begin, end) in values.items():
            row = {"dimension": dimension, "key": canonical_json({dimension: value}), "value": value, "inserted": NOW}
            record = canonical_json({"night": value} if dimension == "visit" else {})
            more = {"record": record, "time_begin": begin, "time_end": end, "region": None, "box": None}
            add(conn, "dimension_record", {**row, **more})
    for number, (detector, run, tags) in enumerate(many):
        add(conn, "dataset", flat(number, detector, run))
        for place, (collection, is_gone, (begin, end)) in enumerate(tags):
            tag = {"id": f"{number}-{place}", "collection": collection, "dataset": f"d{number}", "tagged": NOW}
            ends = (None, None) if collection == "t" else (begin, end)
            add(conn, "tag", {**tag, "valid_from": ends[0], "valid_to": ends[1]})
            if is_gone:
                add(conn, "tag_removal", {"tag": tag["id"], "removed": NOW})


def flat(number, detector, run):
    return {
        "id": f"d{number}", "type": "flat", "data_id": canonical_json({"detector": detector}), "run": run,
        "path": f"flats/{number}", "kind": "file", "executable": 0, "size": 1, "digest": "blake3:x",
        "semantic_digest": None, "format": "json", "created": NOW, "execution": None, "role": "", "name": "a",
        "version": None, "owner": "u", "owner_type": "user", "description": "", "location": "project", "url": None,
        "contact": None, "overwritable": 0, "iteration": 0, "replaces": None, "metadata": "{}",
    }  # fmt: skip


def loops(said, many, dimensions, names):
    """By loops over records: those for whose time one of the collections has a flat."""
    records = {"detector": DETECTORS, **said}
    # A visit implies its night, so that it says more precisely when; other time spans have to overlap.
    timed = [name for name in dimensions if name in said and not (name == "night" and "visit" in dimensions)]
    found = set()
    for values in itertools.product(*[records[name] for name in dimensions]):
        data_id = dict(zip(dimensions, values, strict=True))
        if data_id.get("visit", data_id.get("night")) != data_id.get("night", data_id.get("visit")):
            continue
        spans = [records[name][data_id[name]] for name in timed]
        overlapping = [name for name in dimensions if name in said]
        pairs = [pair for pair in itertools.combinations(overlapping, 2) if {*pair} != {"visit", "night"}]
        if not all(at_once(*[records[name][data_id[name]] for name in pair]) for pair in pairs):
            continue
        if any(is_there(entry, data_id["detector"], names, spans) for entry in many):
            found.add(values)
    return found


def is_there(entry, detector, names, spans):
    """A flat of this detector is in one of the collections; in a CALIBRATION collection for this time."""
    own, run, tags = entry
    held = [(collection, span) for collection, is_gone, span in tags if collection in names and not is_gone]
    return own == detector and (
        run in names or any(collection == "t" or at_once(span, *spans) for collection, span in held)
    )


@settings(max_examples=40, deadline=None)
@given(
    records, flats, st.sets(st.sampled_from(["visit", "night", "alarm"])), st.sets(st.sampled_from("rtccc"), min_size=1)
)
def test_a_calibration_is_there_for_the_time_for_which_it_is_certified(conn, said, many, timed, names):
    """With a visit, a night and more: joined with the time of their records; without any, whatever time it is for."""
    dimensions = ["detector", *sorted(timed)]
    put(conn, said, many)
    searched = [(name, COLLECTIONS[name]) for name in sorted(names)]
    question = Question(UNIVERSE, [FLAT], {}, DataIdQuery(dimensions), parse_where(""), searched)
    found = combinations(conn, question.join, question.wanted(conn))

    assert [*question.result] == dimensions
    assert {*found} == loops(said, many, dimensions, names)
