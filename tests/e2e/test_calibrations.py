"""Calibrations in queries: each for its time, as `find_dataset` and the inputs of stages have them."""

from __future__ import annotations

import pytest

from provstore import Store
from provstore.errors import UnknownIdError, UsageError

from .project import Project

PIPELINEFILE = """
[dimensions]
detector = [1, 2, 3, 4]
[dimensions.night]
type = "int"
timespan = true
[dimensions.exposure]
type = "int"
implies = ["night"]
timespan = true
[datasets.bias]
dimensions = ["detector"]
format = "json"
[datasets.raw]
dimensions = ["exposure", "detector"]
format = "json"
path = "raw/{exposure}_{detector}.json"
"""
ONE, TWO, THREE, FOUR, FIVE = [f"2020-01-01T0{hour}:00:00Z" for hour in range(1, 6)]
NIGHT = (("begin", ONE), ("end", FIVE))
CALIB = "calib"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Four exposures, an hour each; biases of two runs, some of them certified for times that end with an hour."""
    project = Project(tmp_path_factory.mktemp("calib"), {"Pipelinefile.toml": PIPELINEFILE})
    hours = [ONE, TWO, THREE, FOUR, FIVE]
    with Store.create(project.root) as store:
        store.insert_dimension("night", [{"night": 1, **dict(NIGHT)}])
        exposures = [{"exposure": n, "night": 1, "begin": hours[n], "end": hours[n + 1]} for n in range(4)]
        store.insert_dimension("exposure", exposures)
        old = bias(store, "old", 2), bias(store, "old", 3)
        new = bias(store, "new", 2), bias(store, "new", 3)
        bias(store, "new", 4)
        store.register_collection(CALIB, "CALIBRATION")
        store.certify(CALIB, [old[0]], TWO, FOUR)
        store.certify(CALIB, [old[1]], ONE, THREE)
        store.certify(CALIB, new, FOUR, None)
        store.put({}, "raw", exposure=1, detector=2, run="raws")
        yield store


def bias(store, run, detector):
    """The id of a new bias."""
    about = {"dataset_type": "bias", "data_id": {"detector": detector}, "collection": run, "location": "meta"}
    return store.register_dataset(f"{run}/{detector}", **about)


def pairs(found):
    return sorted((data_id["exposure"], data_id["detector"]) for data_id in found)


def test_data_ids_are_those_at_whose_time_there_is_a_calibration(store):
    """Also where the condition alone brings the time in; another collection has what it has for all times."""
    both = {"datasets": "bias", "collections": CALIB}
    found = store.query_data_ids(["exposure", "detector"], **both)

    assert pairs(found) == [(0, 3), (1, 2), (1, 3), (2, 2), (3, 2), (3, 3)]
    assert [d["detector"] for d in store.query_data_ids("detector", "exposure = 0", **both)] == [3]
    assert len(store.query_data_ids("detector", "night = 1", **both)) == len(store.query_data_ids("detector", **both))
    assert pairs(store.query_data_ids(["exposure", "detector"], "night = 1", **both)) == pairs(found)
    both["collections"] = [CALIB, "new"]
    assert len(store.query_data_ids(["exposure", "detector"], **both)) == 4 * 3


def test_a_calibration_is_found_by_what_it_is_for(store):
    """The bias of an exposure is the one of its time, the same as data IDs are told; only calibrations have a time."""
    asked = [(exposure, detector) for exposure in range(4) for detector in (2, 3)]
    there = pairs(store.query_data_ids(["exposure", "detector"], datasets="bias", collections=CALIB))
    found = {pair: store.find_dataset("bias", exposure=pair[0], detector=pair[1], collections=CALIB) for pair in asked}

    assert sorted(pair for pair in asked if found[pair] is not None) == there
    assert [found[2, 2].run, found[3, 2].run, found[1, 3].run] == ["old", "new", "old"]
    for data_id, said in (
        ({"exposure": 9}, "there is no record of exposure=9"),
        ({"exposre": 1}, "no dimension 'exposre'"),
        ({"exposure": 1, "night": 2}, "there is no record of exposure=1, night=2 that would say for which time"),
    ):
        with pytest.raises(UsageError, match=said):
            store.find_dataset("bias", {"detector": 2, **data_id}, collections=CALIB)
    with pytest.raises(UsageError, match="'exposure' is no dimension of it"):
        store.get("bias", detector=2, exposure=1, collections="new")
    with pytest.raises(UnknownIdError, match="for this time in calib"):
        store.get("bias", detector=2, exposure=0, collections=CALIB)


def test_a_data_id_without_calibration_at_its_time_is_explained(store):
    """The sentence names the dimensions whose time counts."""
    store.register_collection("late", "CALIBRATION")
    store.certify("late", [store.find_dataset("bias", detector=2, collections="old")], "2030-01-01")
    found = store.query_data_ids(["exposure", "detector"], datasets="bias", collections="late")

    assert not found
    assert found.explain().endswith("go together for exposure, detector, at the time of exposure")


def test_what_is_found_first_may_be_a_calibration(store):
    """One of a data ID is found; several are an error that lists them, where one of them is a result."""
    first = store.query_datasets("bias", collections=["new", CALIB])
    alone = store.query_datasets("bias", "detector = 4", collections=[CALIB, "new"])

    assert {(found.run, found.data_id["detector"]) for found in [*first, *alone]} == {("new", n) for n in (2, 3, 4)}
    with pytest.raises(UsageError, match=r"calib: found several of bias {\"detector\":2}(.|\n)*old/2(.|\n)*new/2"):
        store.query_datasets("bias", "detector = 2", collections=CALIB)
    assert "detector = 1" in store.query_datasets("bias", "detector = 1", collections=CALIB).explain()
    assert len(store.query_datasets("bias", collections=CALIB, find_first=False)) == 4


def test_calibrations_in_a_chain_are_in_nobody_elses_way(store):
    """A chain with a CALIBRATION collection finds first, with any status, what that has none of."""
    store.register_collection("all", "CHAINED")
    store.redefine("all", [CALIB, "raws"])

    assert [found.run for found in store.query_datasets("raw", collections="all", status="all")] == ["raws"]
    with pytest.raises(UsageError, match="with status 'all' nothing is found first in a CALIBRATION collection"):
        store.query_datasets("bias", collections="all", status="all")


def test_a_calibration_that_was_deleted_is_explained(store):
    """A collection whose only dataset was deleted has none, and the sentence says so."""
    store.register_collection("gone", "CALIBRATION")
    former = bias(store, "former", 1)
    store.certify("gone", [former])
    store.delete_dataset(former)

    assert "status 'all' shows the others" in store.query_datasets("bias", collections="gone").explain()
    assert store.query_data_ids("detector", datasets="bias", collections="gone") == []
