"""Asking for data IDs as people do: `store.query_data_ids` and `provstore data-id`."""

from __future__ import annotations

import json

import pytest

from provstore import Store
from provstore.errors import QueryError, UsageError

from .project import Project

PIPELINEFILE = """
[dimensions]
band = ["g", "r", "i"]
[dimensions.instrument]
[dimensions.detector]
type = "int"
requires = ["instrument"]
[dimensions.visit]
type = "int"
requires = ["instrument"]
implies = ["band"]
metadata = { exposure_time = "float" }
region = true
[dimensions.skymap]
[dimensions.tract]
type = "int"
requires = ["skymap"]
region = true

[datasets.image]
dimensions = ["visit", "detector"]
format = "json"
path = "images/{visit}_{detector}.json"
[datasets.coadd]
dimensions = ["tract", "band"]
format = "json"
path = "coadds/{tract}_{band}.json"
"""
NEAR_TRACT = [2, 3, 4]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Six visits along the equator, of which three overlap tract 9697; images of some detectors; one coadd."""
    project = Project(tmp_path_factory.mktemp("sky"), {"Pipelinefile.toml": PIPELINEFILE})
    with Store.create(project.root) as store:
        store.insert_dimension(
            "visit",
            [
                {"instrument": "HSC", "visit": n, "band": "gri"[n % 3], "exposure_time": 30.0 + n,
                 "region": f"CIRCLE({n * 1.5}, 2.2, 0.75)"}
                for n in range(1, 7)
            ],
        )  # fmt: skip
        store.insert_dimension("detector", [{"instrument": "HSC", "detector": n} for n in (20, 21, 22, 23)])
        store.insert_dimension("tract", [{"skymap": "rings", "tract": 9697, "region": "BOX(3, 6, 0, 5)"}])
        store.put_many([({}, {"visit": v, "detector": d}) for v in (2, 3, 6) for d in (21, 23)], "image", run="first")
        store.put({}, "image", visit=4, detector=22, run="second")
        store.put({}, "coadd", tract=9697, band="r")
    return project


@pytest.fixture(scope="module")
def store(project):
    """It, open."""
    with Store.open(project.root) as store:
        yield store


def visits(found):
    return sorted({data_id["visit"] for data_id in found})


def test_records_are_combined_where_they_go_together(store):
    """A visit has one band; with detectors every pair of one instrument; each with all that it requires."""
    pairs = store.query_data_ids(["visit", "band"])

    assert {(d["visit"], d["band"]) for d in pairs} == {(n, "gri"[n % 3]) for n in range(1, 7)}
    assert list(pairs[0]) == ["instrument", "visit", "band"]
    assert len(store.query_data_ids(["detector", "visit"])) == 24
    assert store.query_data_ids("skymap") == [{"skymap": "rings"}]


def test_what_a_value_or_a_condition_names_is_joined(store):
    """A tract leaves the visits that overlap it, given as a value, a keyword or in the condition."""
    given = store.query_data_ids("visit", data_id={"tract": 9697, "skymap": "rings"})

    assert visits(given) == NEAR_TRACT
    assert visits(store.query_data_ids("visit", tract=9697)) == NEAR_TRACT
    assert visits(store.query_data_ids("visit", "tract = 9697", skymap="rings")) == NEAR_TRACT
    assert visits(store.query_data_ids("visit", "tract.region OVERLAPS visit.region")) == NEAR_TRACT
    assert visits(store.query_data_ids("visit", "not (visit.region OVERLAPS tract.region)")) == [1, 5, 6]
    assert visits(store.query_data_ids("visit", "visit.region OVERLAPS CIRCLE(9, 2, 0.1)")) == [6]
    assert visits(store.query_data_ids("visit", "band = 'i' and exposure_time > 33")) == [5]


def test_datasets_leave_what_exists(store):
    """With dataset types only what there are datasets of, of each of them, and in these collections."""
    asked = {"where": "tract = 9697 and detector in (20..22)", "skymap": "rings", "datasets": "image"}
    found = store.query_data_ids(["visit", "detector"], **asked)

    assert [(d["visit"], d["detector"]) for d in found] == [(2, 21), (3, 21), (4, 22)]
    assert visits(store.query_data_ids("visit", datasets="image", collections="second")) == [4]
    assert visits(store.query_data_ids("visit", datasets=["coadd", "image"])) == [4]
    assert visits(store.query_data_ids("visit", datasets="image", order_by="-visit", limit=1)) == [6]


def test_a_dataset_whose_value_has_no_record_is_found(store, tmp_path):
    """A dimension with metadata gets no record by itself; its datasets are there all the same."""
    with Store.create(tmp_path) as other:
        for n in (1, 2):
            other.register_dataset(f"a{n}", location="meta", dataset_type="note", data_id={"night": n, "who": "ann"})

        assert other.query_data_ids(["night"], datasets="note") == [{"night": 1}, {"night": 2}]
        assert other.query_data_ids(["night"], "night > 1 and who = 'ann'", datasets="note") == [{"night": 2}]


def test_an_order_and_a_limit(store):
    """Implied dimensions and metadata can be sorted by; a limit of 0 only checks."""
    found = store.query_data_ids("visit", order_by=["-band", "exposure_time"])

    assert [d["visit"] for d in found] == [1, 4, 2, 5, 3, 6]
    assert store.query_data_ids("visit", order_by="-visit.exposure_time", limit=2) == found[-1:] + found[-3:-2]
    assert store.query_data_ids("visit", limit=0) == []
    with pytest.raises(QueryError, match="no name 'vist'"):
        store.query_data_ids("visit", "vist = 1", limit=0)


@pytest.mark.parametrize(
    ("dimensions", "asked", "error", "message"),
    [
        ("visti", {}, UsageError, "visti: there is no such dimension"),
        ([], {}, UsageError, "found no dimension"),
        ("visit", {"vsit": 1}, UsageError, "vsit: there is no such dimension"),
        ("visit", {"visit": "1"}, UsageError, "found text, expected a whole number"),
        ("visit", {"band": 1}, UsageError, "expected text"),
        ("visit", {"band": None}, UsageError, "band=None"),
        ("visit", {"data_id": {"band": "r"}, "band": "g"}, UsageError, "band: found 'r'"),
        ("visit", {"where": "visit = 'a'"}, QueryError, "number"),
        ("visit", {"where": "visit ="}, QueryError, "column 8"),
        ("visit", {"where": "visit = :x"}, QueryError, "':x' has no value"),
        ("visit", {"where": "dataset.run = 'x'"}, QueryError, "no name 'dataset.run'"),
        ("visit", {"where": "region overlaps CIRCLE(1, 2, 3)", "tract": 1}, QueryError, "ambiguous"),
        ("visit", {"order_by": "tract"}, QueryError, "ambiguous"),
        ("visit", {"order_by": "visit.region"}, QueryError, "no order"),
        ("visit", {"order_by": "vist", "limit": 2}, QueryError, "no name 'vist'"),
        ("visit", {"datasets": "imgae"}, UsageError, "no such dataset type"),
        ("visit", {"datasets": "image", "collections": "nowhere"}, UsageError, "no such collection"),
        ("visit", {"collections": "main"}, UsageError, "no dataset type"),
        ("visit", {"limit": -1}, UsageError, "limit"),
    ],
)
def test_what_is_wrong_is_said(store, dimensions, asked, error, message):
    """Names, values and orders that can mean nothing are errors, whatever is recorded."""
    with pytest.raises(error) as raised:
        store.query_data_ids(dimensions, **asked)

    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("dimensions", "asked", "why"),
    [
        ("visit", {"where": "band = 'g' and exposure_time > 100"}, "no data ID fulfils: exposure_time > 100"),
        ("visit", {"where": "band = 'g' and visit = 1"}, "each condition holds for some"),
        ("visit", {"tract": 1}, "tract=1"),
        ("visit", {"datasets": "image", "collections": "second", "where": "visit = 3"}, "visit = 3"),
        ("visit", {"limit": 0}, "limit 0"),
    ],
)
def test_nothing_found_is_explained(store, dimensions, asked, why):
    """An empty result says what excluded everything."""
    found = store.query_data_ids(dimensions, **asked)

    assert not found
    assert why in found.explain()


def test_the_command(project):
    """A table with a column for each dimension; JSON; why nothing was found, on standard error; exit status 2."""
    where = ("--where", "tract = 9697", "--datasets", "image")
    shown = project.provstore("data-id", "visit", "detector", *where, "--order-by=-visit,detector", "-n", "2")
    nothing = project.provstore("data-id", "visit", "--data-id", "band=i", "--where", "visit < 2", "--json")

    assert shown.out.splitlines() == ["instrument  visit  detector", "HSC             4        22",
                                      "HSC             3        21"]  # fmt: skip
    assert json.loads(nothing.out) == {"data_ids": []}
    assert "visit < 2" in nothing.err
    assert "did you mean 'visit'?" in project.provstore("data-id", "visit", "vsit=1", status=2).err


def test_the_first_record_of_a_dimension_brings_those_of_all_that_it_labels(tmp_path):
    """Data that are older than the dimension's declaration, or than records; what it can't have gets none."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "", "a": "1", "b": "2"})
    with Store.open(project.root) as store:
        store.register_dataset("a", dataset_type="night", data_id={"day": 3})
        store.register_dataset("b", dataset_type="night", data_id={"day": "fourth"})
    declared = '[dimensions.day]\ntype = "int"\n[datasets.log]\ndimensions = ["day"]\nformat = "json"\n'
    project.write("Pipelinefile.toml", declared)
    with Store.open(project.root) as store:
        store.put({}, "log", day=5)

        assert [found["day"] for found in store.query_data_ids("day", order_by="day")] == [3, 5]
    project.provstore("fsck")


def test_words_mean_text_where_a_dimension_was_found_in_paths(tmp_path):
    """As its records say: a value that is found in paths is text, unless its dimension is of another type."""
    made = '[dimensions.visit]\n[stages.cal]\ndimensions = ["visit"]\nrun = "cat in/{visit} > out/{visit}"\n'
    text = made + 'inputs = ["in/{visit}"]\noutputs.out = "out/{visit}"\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "in/1": "one", "in/02": "two"})
    project.run()

    assert project.provstore("dataset", "get", "cal.out", "visit=1").out == "one"
    assert project.provstore("data-id", "visit=1", "visit").out.split() == ["visit", "1"]


def test_a_type_without_dimensions_goes_with_every_data_id(tmp_path):
    """One dataset of it is enough for all; once it is deleted, or in no collection that is searched, none is left."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": PIPELINEFILE + "[datasets.setup]\ndimensions = []\n"})
    with Store.create(project.root) as store:
        store.insert_dimension("detector", [{"instrument": "HSC", "detector": n} for n in (20, 21)])
        store.register_dataset("setup.txt", location="meta", dataset_type="setup", collection="first")
        two = store.register_dataset("setup2.txt", location="meta", dataset_type="setup", collection="second")
        store.delete_dataset(two)
        asked = [
            store.query_data_ids("detector", datasets="setup", collections=name) for name in ("first", "second", [])
        ]
        everywhere = store.query_datasets("setup", collections=[])

    assert [len(found) for found in asked] == [2, 0, 0]
    assert asked[1].explain() == "no data IDs with setup in second go together for detector"
    assert asked[2].explain() == everywhere.explain() == "no collection is searched: the list of them is empty"
