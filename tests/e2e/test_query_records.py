"""Queries of datasets by what is known of their dimensions: implied bands, exposure times, regions, time spans."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provstore import Store, sky
from provstore.errors import MissingLibraryError, QueryError

from .project import Project

PIPELINEFILE = """
[dimensions]
instrument = ["HSC", "LSSTCam"]
band = ["g", "r", "i"]
detector = "0..3"
skymap = ["rings"]
[dimensions.visit]
type = "int"
requires = ["instrument"]
implies = ["band"]
metadata = { exposure_time = "float", airmass = "float", target = "str", good = "bool", seq = "int" }
timespan = true
region = true
[dimensions.exposure]
type = "int"
requires = ["instrument"]
metadata = { airmass = "float" }
[dimensions.tract]
type = "int"
requires = ["skymap"]
region = true

[datasets.image]
dimensions = ["visit", "detector"]
format = "json"
path = "image/{visit}_{detector:02d}.json"
[datasets.warp]
dimensions = ["tract", "visit"]
format = "json"
path = "warp/{tract}_{visit}.json"
[datasets.raw]
dimensions = ["exposure", "visit"]
format = "json"
path = "raw/{exposure}_{visit}.json"
"""
BANDS = ("g", "r", "i")


def visit(number: int) -> dict[str, object]:
    """What is known of a visit: three bands in turn, an hour each, along the equator across RA 0."""
    at = number - 101
    return {
        "instrument": "HSC",
        "visit": number,
        "band": BANDS[at % 3],
        "exposure_time": 30.0 + at,
        "airmass": None if at == 5 else 1.0 + at / 10,
        "target": "it's M31" if at % 2 else "Ω",
        "good": at != 2,
        "seq": at - 3,
        "begin": f"2026-11-21T0{at}:00:00Z",
        "end": None if at == 8 else f"2026-11-21T0{at + 1}:00:00Z",
        "region": None if at == 7 else f"CIRCLE({(at * 2 - 4) % 360}, 0, 0.75)",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project of dimensions and types, without stages."""
    return Project(tmp_path_factory.mktemp("records") / "p", {"Pipelinefile.toml": PIPELINEFILE})


@pytest.fixture(scope="module")
def store(project):
    """Nine visits that are known, and one of which nothing is known; two detectors of each; two tracts."""
    with Store.create(project.root) as store:
        store.insert_dimension("visit", [visit(number) for number in range(101, 110)])
        store.insert_dimension("tract", [
            {"skymap": "rings", "tract": 1, "region": "BOX(358.9, 1.1, -1, 1)"},
            {"skymap": "rings", "tract": 2, "region": "POLYGON(4.5, -1, 9, -1, 9, 1, 4.5, 1)"},
        ])  # fmt: skip
        store.put_many(
            [({}, {"visit": number, "detector": at}) for number in range(101, 111) for at in (0, 1)], "image"
        )
        store.put_many(
            [({}, {"tract": tract, "visit": number}) for tract in (1, 2) for number in range(101, 106)], "warp"
        )
        yield store


def visits(store, where, type="image", **more):
    """Visits of the datasets that a query finds, those of image for detector 0 only."""
    found = store.query_datasets(type, where, **more)
    return [dataset.data_id["visit"] for dataset in found if dataset.data_id.get("detector", 0) == 0]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("visit in (101..120:2) and band = 'i'", [103, 109]),
        ("visit.band = 'i'", [103, 106, 109]),
        ("instrument = 'HSC'", range(101, 110)),
        ("instrument = 'LSSTCam'", []),
        ("band = NULL", [110]),
        ("band != 'g'", [102, 103, 105, 106, 108, 109]),
        ("not band = 'g'", [102, 103, 105, 106, 108, 109]),
        ("visit.exposure_time > 36", [108, 109]),
        ("exposure_time > 36 and airmass != NULL", [108, 109]),
        ("airmass = NULL", [106, 110]),
        ("visit.airmass * 10 % 2 = 0 or visit.seq % 2 = -1 and seq < 0", [101, 103]),
        ("visit.target = 'it''s M31'", [102, 104, 106, 108]),
        ("GLOB(target, '*M?1') and GLOB(band, '[gr]') or target = 'Ω' and band = 'r'", [105]),
        ("good = FALSE", [103]),
        ("good != TRUE", [103]),
        ("visit.begin >= T'2026-11-21T06:00' and visit.end < T'2026-11-22'", [107, 108]),
        ("visit.end = NULL", [109, 110]),
        ("visit.timespan OVERLAPS (T'2026-11-21T02:00:00', T'2026-11-21T04:00:00')", [103, 104]),
        ("timespan overlaps (NULL, T'2026-11-21T00:00:01')", [101]),
        ("(T'2026-11-21T07:30', NULL) OVERLAPS visit.timespan", [108, 109]),
        ("visit.timespan OVERLAPS T'2026-11-21T02:00:00'", [103]),
        ("OVERLAPS(T'2030-01-01', visit.timespan)", [109]),
        ("not visit.timespan OVERLAPS (T'2026-11-21T01:00:00', NULL)", [101]),
        ("visit.timespan OVERLAPS (visit.begin, visit.end) and seq < 0", [101, 102, 103]),
        ("visit.region OVERLAPS CIRCLE(0, 0, 1)", [103]),
        ("visit.region OVERLAPS CIRCLE(0.0, 0, 1.5) and detector = 0", [102, 103, 104]),
        ("visit.region overlaps box(359, 1, -1, 1)", [103]),
        ("POINT(358, 0.5) OVERLAPS visit.region", [102]),
        ("visit.region OVERLAPS POLYGON(3, -1, 7, -1, 7, 1, 3, 1)", [105, 106]),
        ("NOT visit.region OVERLAPS BOX(350, 9, -1, 1)", [109]),
        ("visit.region = NULL", [108, 110]),
        ("visit.region OVERLAPS CIRCLE(visit.seq * 2 + 2, 0, 1/60) and seq < -1", [101, 102]),
        ("POINT(1, 2) overlaps CIRCLE(1, 2, 0) and visit = 110", [110]),
        ("POINT(1, 2) overlaps CIRCLE(9, 9, 1)", []),
        ("instrument != NULL and dataset.size > 0 and visit < 103", [101, 102]),
    ],
)  # fmt: skip
def test_what_the_records_say_can_be_asked_for(store, where, expected):
    """Implied and required dimensions, metadata, time spans (half open) and regions; what is missing is unknown."""
    assert sorted(visits(store, where)) == list(expected)


def test_regions_of_two_dimensions_are_compared(store):
    """A warp's visit and its tract; and with a region that is bound."""
    found = store.query_datasets("warp", "tract.region OVERLAPS visit.region", order_by=["tract", "visit"])

    assert [tuple(dataset.data_id.values()) for dataset in found] == [(1, 103), (2, 105)]
    where = "tract.region OVERLAPS visit.region and visit.region overlaps :region"
    assert visits(store, where, "warp", bind={"region": "POINT(4, 0)"}) == [105]


def test_binds_stand_in_regions_and_time_spans(store):
    """Numbers, times as text and as `datetime`, and None for an open end."""
    bind = {
        "ra": 360,
        "r": 0.75,
        "t": datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
        "u": "2026-11-21T02:00:00Z",
        "n": None,
    }

    assert visits(store, "visit.region OVERLAPS CIRCLE(:ra, 0, :r * 2 / 2)", bind=bind) == [103]
    assert sorted(visits(store, "timespan OVERLAPS (:t, :u)", bind=bind)) == [102]
    assert sorted(visits(store, "timespan OVERLAPS (:n, :u)", bind=bind)) == [101, 102]
    assert visits(store, "timespan OVERLAPS :u", bind=bind) == [103]
    assert visits(store, "visit.region OVERLAPS :n or visit.region OVERLAPS POINT(:n, 1)", bind=bind) == []


def test_results_are_sorted_by_what_the_records_say(store):
    """Downwards and upwards, several; what is missing is the smallest."""
    assert visits(store, "detector = 0", order_by="-exposure_time", limit=2) == [109, 108]
    assert visits(store, "detector = 0", order_by=["visit.band", "-visit.begin"], limit=4) == [110, 107, 104, 101]
    assert visits(store, "", order_by=["airmass", "visit"])[:3] == [106, 110, 101]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("visit.airmass = 'x'", "column 15: a number is compared with text"),
        ("exposure_time = '30'", "a number is compared with text"),
        ("good = 1", "a truth value is compared with a number"),
        ("visit.exposre_time = 1", "did you mean 'visit.exposure_time'"),
        ("skymap = 'rings'", "there is no name 'skymap'"),
        ("visit.region OVERLAPS visit.timespan", "column 14: a region overlaps regions"),
        ("visit.region OVERLAPS (T'2026-11-21', NULL)", "a region overlaps regions"),
        ("visit.timespan OVERLAPS POINT(1, 2)", "a region overlaps regions"),
        ("visit.region = visit.region", "expected OVERLAPS"),
        ("visit.timespan < T'2026-11-21'", "expected OVERLAPS"),
        ("visit.region OVERLAPS CIRCLE(0, 91, 1)", "column 23: found the declination 91"),
        ("visit.region OVERLAPS CIRCLE(0, 0, -1)", "column 23: CIRCLE: found the radius -1"),
        ("visit.region OVERLAPS POLYGON(0, 0, 0, 1, 1, 0)", "column 23: POLYGON: its corners are clockwise"),
        ("visit.region OVERLAPS 'POINT(1, 2)'", "column 23: OVERLAPS needs regions"),
        ("visit.region OVERLAPS target", "column 23: OVERLAPS needs regions"),
        ("visit.timespan OVERLAPS (T'2026-11-22', T'2026-11-21')", "column 25: the time span from"),
        ("visit.timespan OVERLAPS (T'2026-11-22', T'2026-11-22')", "column 25: the time span from"),
        ("T'2026-11-22' OVERLAPS T'2026-11-22'", "OVERLAPS needs"),
    ],
)
def test_what_has_no_meaning_is_an_error_with_its_place(store, where, message):
    """Kinds are known from the definitions, before anything is read."""
    with pytest.raises(QueryError) as caught:
        store.query_datasets("image", where, limit=0)

    assert message in f"{caught.value.message} {caught.value.hint}"


def test_a_field_of_several_dimensions_is_ambiguous(store):
    """The message lists which ones it may be, in conditions and in orders."""
    store.put({}, "raw", exposure=1, visit=101)
    for asked in ({"where": "airmass > 1"}, {"order_by": "-airmass"}):
        with pytest.raises(QueryError, match=r"'airmass' is ambiguous, it may be: exposure\.airmass, visit\.airmass"):
            store.query_datasets("raw", **asked)
    for name, kind in (("visit.region", "region"), ("visit.timespan", "time span")):
        with pytest.raises(QueryError, match=f"'{name}' is a {kind}, which has no order"):
            store.query_datasets("raw", order_by=name)
    assert len(store.query_datasets("raw", "visit.airmass = 1 and exposure.airmass = NULL")) == 1


def test_nothing_found_is_explained_by_records_too(store):
    """The part of the condition that excludes everything is named as it is asked."""
    why = store.query_datasets("image", "band = 'i' and visit.airmass > 9").explain()

    assert why == "no dataset of type 'image' fulfils: visit.airmass > 9"


def test_without_the_library_regions_are_an_error_that_says_what_to_install(store, monkeypatch):
    """Time spans and all else go on."""
    sky._shape.cache_clear()
    monkeypatch.setitem(sys.modules, "lsst", None)

    with pytest.raises(MissingLibraryError, match="lsst-sphgeom") as caught:
        store.query_datasets("image", "visit.region OVERLAPS POINT(1, 2)")
    assert "provstore[sky]" in caught.value.hint
    assert visits(store, "visit.timespan OVERLAPS T'2026-11-21T02:00'") == [103]


def test_the_command_line_asks_alike(project, store):
    """With a table, and with an error that shows its place."""
    words = ("dataset", "ls", "image", "--where")
    found = project.json(*words, "visit.region OVERLAPS CIRCLE(0, 0, 1) and detector = 1", "--order-by=-exposure_time")
    failed = project.provstore(*words, "visit.region OVERLAPS CIRCLE(0, 91, 1)", status=2)

    assert [entry["data_id"] for entry in found["datasets"]] == [{"detector": 1, "visit": 103}]
    assert "\n  visit.region OVERLAPS CIRCLE(0, 91, 1)\n                        ^\n" in failed.err


def test_the_conditions_of_the_page_are_understood(store):
    """Each line of the page's block about records."""
    text = (Path(__file__).resolve().parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
    lines = text.split("```text\n")[2].partition("```")[0].splitlines()

    assert len(lines) == 5
    for line in lines:
        store.query_datasets("warp", line, bind={"midnight": "2026-11-22"})
