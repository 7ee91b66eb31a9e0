"""Dimensions and their records, by the Python API and by the command."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from provstore import Store
from provstore.errors import MissingLibraryError, PipelinefileError, QueryError, UsageError
from provstore.pipelinefile import check_dimensions
from provstore.query import tokens
from provstore.store.fsck import problems
from provstore.store.store import Store as StoreFile

from .project import Project

PIPELINEFILE = """
[dimensions]
band = ["g", "r", "i"]
instrument = { type = "str" }
[dimensions.visit]
type = "int"
requires = ["instrument"]
implies = ["band"]
metadata = { exposure_time = "float", airmass = "float", target = "str", guided = "bool", number = "int" }
timespan = true
region = true
[dimensions.detector]
type = "int"
requires = ["instrument"]
metadata = { raft = "str" }
[dimensions.exposure_part]
type = "str"
requires = ["visit", "detector"]
"""
VISIT = {"instrument": "HSC", "visit": 6320, "band": "i", "exposure_time": 30.0, "begin": "2026-01-01",
         "end": "2026-01-01T00:00:30", "region": "CIRCLE(150.1, 2.2, 0.75)"}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "Pipelinefile.toml").write_text(PIPELINEFILE)
    return tmp_path


@pytest.fixture
def store(folder):
    with Store.open(folder) as store:
        yield store


def keys(found):
    return [tuple(record.data_id.values()) for record in found]


def visits(numbers, **more):
    return [{**VISIT, "visit": number, **more} for number in numbers]


# --- insert -------------------------------------------------------------------------------------------------


def test_a_record_comes_back_as_it_was_inserted(store):
    """Times and regions in their one spelling, what is not known as None, whole numbers as floats where so declared."""
    assert store.insert_dimension("visit", [{**VISIT, "exposure_time": 30, "target": None}]) == 1
    [record] = store.query_dimension_records("visit")

    assert record.data_id == {"instrument": "HSC", "visit": 6320}
    assert record.fields == {
        "band": "i", "exposure_time": 30.0, "airmass": None, "target": None, "guided": None, "number": None
    }  # fmt: skip
    assert isinstance(record["exposure_time"], float)
    assert (record.begin, record.end) == ("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:30.000000Z")
    assert record.region == record["region"] == "CIRCLE(150.1, 2.2, 0.75)"
    assert store.insert_dimension("visit", [record.to_dict()]) == 0
    with pytest.raises(KeyError):
        record["exposure"]
    with StoreFile(os.path.join(store.root, ".provstore", "store.db")) as file:
        assert list(problems(file, objects=True)) == []


def test_the_same_record_again_is_no_error(store):
    """In whatever spelling, and with less said of it; twice in one call, too."""
    store.insert_dimension("visit", VISIT)
    again = {
        **VISIT,
        "exposure_time": 30,
        "begin": datetime(2026, 1, 1, tzinfo=UTC),
        "region": "circle( 150.1 ,2.2,.75)",
    }

    assert store.insert_dimension("visit", [VISIT, again, {"instrument": "HSC", "visit": 6320}]) == 0
    assert store.insert_dimension("visit", [*visits([1, 1]), VISIT]) == 1


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("band", "r", "band is 'r', recorded: 'i'"),
        ("exposure_time", 31, "exposure_time is 31.0, recorded: 30.0"),
        ("exposure_time", None, "exposure_time is missing, recorded: 30.0"),
        ("airmass", 1.5, "airmass is 1.5, recorded: missing"),
        ("begin", None, "begin is missing, recorded: '2026-01-01T00:00:00.000000Z'"),
        ("region", "POINT(1, 2)", "region is 'POINT(1, 2)', recorded: 'CIRCLE(150.1, 2.2, 0.75)'"),
    ],
)
def test_a_contradicting_record_is_refused_with_what_differs(store, field, value, text):
    """Nothing of that call is inserted."""
    store.insert_dimension("visit", VISIT)
    with pytest.raises(UsageError) as caught:
        store.insert_dimension("visit", [*visits([7, 8]), {**VISIT, field: value}])

    assert caught.value.message == f"record 3: instrument=HSC, visit=6320: {text}"
    assert keys(store.query_dimension_records("visit")) == [("HSC", 6320)]


def test_two_records_of_one_call_may_not_contradict_each_other(store, folder):
    """The message names both; in a project without a store none is left behind with something in it."""
    with pytest.raises(UsageError, match="record 2: instrument=HSC, visit=1: band is 'r', record 1: 'i'"):
        store.insert_dimension("visit", [*visits([1]), *visits([1], band="r")])
    assert store.query_dimension_records("visit") == []


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"visit": "6320"}, "record 1: visit='6320': found text, expected a whole number"),
        ({"visit": True}, "record 1: visit=True: found bool, expected a whole number"),
        ({"visit": 2**63}, "found a number beyond 64 bits"),
        ({"visit": None}, "record 1: lacks 'visit', by which 'visit' is known"),
        ({"instrument": 7}, "record 1: instrument=7: found int, expected text"),
        ({"instrument": ""}, "record 1: instrument=''"),
        ({"band": "z"}, "record 1: band='z': found a value that is not listed, expected one of 'g', 'r', 'i'"),
        ({"exposure_time": "30"}, "record 1: exposure_time: found '30', expected a number"),
        ({"exposure_time": float("nan")}, "record 1: exposure_time: found nan, expected a number"),
        ({"exposure_time": True}, "record 1: exposure_time: found True, expected a number"),
        ({"number": 1.5}, "record 1: number: found 1.5, expected a whole number"),
        ({"guided": 1}, "record 1: guided: found 1, expected true or false"),
        ({"target": 5}, "record 1: target: found 5, expected text"),
        ({"target": "\ud800"}, "record 1: target: found '\\ud800', which is not UTF-8"),
        ({"target": "a\0b"}, "record 1: target: found 'a\\x00b', in which \\0 ends the text"),
        ({"region": 5}, "record 1: region: found 5, expected text such as"),
        ({"region": "CIRCLE(1, 91, 1)"}, "record 1: region: found the declination 91, expected -90 to 90 degrees"),
        ({"begin": "2026-02-01"}, "record 1: found the range from 2026-02-01"),
        ({"begin": "yesterday"}, "record 1: begin: "),
        ({"exposure_tim": 1}, "record 1: dimension 'visit' has no field 'exposure_tim', expected instrument, visit"),
        ({"timespan": None}, "record 1: found the field 'timespan' (write 'begin' and 'end')"),
        ({5: 1}, "record 1: dimension 'visit' has no field 5"),
    ],
)
def test_what_a_field_can_not_hold_is_refused_with_its_place(store, folder, changes, text):
    """Before anything is made."""
    with pytest.raises(UsageError) as caught:
        store.insert_dimension("visit", [{**VISIT, **changes}])

    assert text in caught.value.message
    assert not (folder / ".provstore").exists()


def test_all_mistakes_are_named_at_once_and_many_are_counted(store):
    """Each with its record."""
    with pytest.raises(UsageError) as caught:
        store.insert_dimension("visit", [*visits(range(30), band="z"), "visit", {"visit": 1}])
    lines = caught.value.message.split("\n")

    assert len(lines) == 21
    assert lines[19].startswith("record 20: band='z'")
    assert lines[20] == "and 12 more"


@pytest.mark.parametrize("given", [3, None, "visit=1", b"visit"])
def test_what_is_no_list_of_records_is_refused(store, given):
    """With what was found."""
    with pytest.raises(UsageError, match=r"visit: found .*, expected records"):
        store.insert_dimension("visit", given)


def test_a_name_of_a_dimension_is_text(store):
    """Whatever else is given is none that there is."""
    with pytest.raises(UsageError, match=r"\['visit'\]: there is no such dimension"):
        store.insert_dimension(["visit"], [VISIT])


class Several:
    """As an array of numpy: it says that it has an index, and has none."""

    def __index__(self):
        raise TypeError("only integer scalar arrays can be converted to a scalar index")


@pytest.mark.parametrize("field", ["visit", "number"])
def test_an_array_is_no_whole_number(store, field):
    """It is refused as any other value that is none."""
    with pytest.raises(UsageError, match="expected a whole number"):
        store.insert_dimension("visit", [{**VISIT, field: Several()}])


def test_an_unknown_dimension_is_refused_with_the_nearest(store):
    """Those that the Pipelinefile declares."""
    with pytest.raises(UsageError, match="vist: there is no such dimension") as caught:
        store.insert_dimension("vist", [])
    assert caught.value.hint == "did you mean 'visit'?"


def test_what_a_record_names_gets_a_record_by_itself(store):
    """Where nothing else could be said of it; each once."""
    store.insert_dimension("visit", visits([1, 2]))
    store.insert_dimension("visit", visits([1], instrument="LSST", band="g"))

    assert keys(store.query_dimension_records("instrument")) == [("HSC",), ("LSST",)]
    assert keys(store.query_dimension_records("band")) == [("g",), ("i",)]


def test_a_value_of_a_dimension_with_metadata_has_to_be_known(store):
    """A part requires a visit and a detector."""
    part = {"instrument": "HSC", "visit": 1, "detector": 2, "exposure_part": "a"}
    store.insert_dimension("visit", visits([1]))
    with pytest.raises(UsageError) as caught:
        store.insert_dimension("exposure_part", [part])
    assert caught.value.message == (
        "record 1: there is no record of instrument=HSC, detector=2, and dimension 'detector' has metadata"
    )
    assert store.query_dimension_records("exposure_part") == []
    store.insert_dimension("detector", {"instrument": "HSC", "detector": 2, "raft": "R22"})

    assert store.insert_dimension("exposure_part", part) == 1


def test_a_value_is_the_same_for_each_instrument_and_not_for_another_type(store):
    """A key is all that a dimension requires; names may hold anything."""
    name = "a b,'\"{}é\\"
    store.insert_dimension("detector", [{"instrument": name, "detector": 1, "raft": "x"},
                                        {"instrument": "HSC", "detector": 1, "raft": "y"}])  # fmt: skip

    assert [record["raft"] for record in store.query_dimension_records("detector", bind={"n": name},
                                                                       where="instrument = :n")] == ["x"]  # fmt: skip


# --- definitions that change --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ('requires = ["instrument"]\nmetadata = { raft', 'requires = []\nmetadata = { raft',
         "it requires nothing, recorded: instrument"),
        ('type = "int"\nrequires = ["instrument"]\nmetadata', 'type = "str"\nrequires = ["instrument"]\nmetadata',
         "its type is str, recorded are values of type int"),
        ('raft = "str"', 'raft = "int"', "the type of raft is int, recorded: str"),
    ],
)  # fmt: skip
def test_a_definition_that_contradicts_records_is_refused(store, folder, before, after, text):
    """It says what differs; the records stay as they were."""
    store.insert_dimension("detector", {"instrument": "HSC", "detector": 1, "raft": "y"})
    store.close()
    (folder / "Pipelinefile.toml").write_text(PIPELINEFILE.replace(before, after))
    key = {"instrument": "HSC"} if "requires = []" not in after else {}
    record = {**key, "detector": "2" if 'type = "str"' in after else 2, "raft": 5 if "raft" in before[:4] else "z"}
    with Store.open(folder) as changed, pytest.raises(UsageError) as caught:
        changed.insert_dimension("detector", [record])

    assert caught.value.message == f"dimension 'detector' is not what its records say: {text}"


def test_a_definition_may_get_more_fields(store, folder):
    """Records from before have nothing in them."""
    store.insert_dimension("detector", {"instrument": "HSC", "detector": 1, "raft": "y"})
    store.close()
    (folder / "Pipelinefile.toml").write_text(PIPELINEFILE.replace('raft = "str"', 'raft = "str", vendor = "str"'))
    with Store.open(folder) as changed:
        changed.insert_dimension("detector", {"instrument": "HSC", "detector": 2, "raft": "y", "vendor": "e2v"})
        found = changed.query_dimension_records("detector", order_by="vendor")

        assert [(record["detector"], record["vendor"]) for record in found] == [(1, None), (2, "e2v")]


def test_what_was_recorded_of_a_dimension_holds_without_the_pipelinefile(store, folder):
    """A dimension that is not declared any more can still be asked for, and filled."""
    store.insert_dimension("detector", {"instrument": "HSC", "detector": 1, "raft": "y"})
    store.close()
    (folder / "Pipelinefile.toml").write_text("")
    with Store.open(folder) as later:
        later.insert_dimension("detector", {"instrument": "HSC", "detector": 2, "raft": "y"})

        assert keys(later.query_dimension_records("detector")) == [("HSC", 1), ("HSC", 2)]


def test_names_of_metadata_are_no_names_of_dimensions(folder):
    """Each name in a record means one thing; records can still be asked for."""
    faulty = PIPELINEFILE.replace('raft = "str"', 'raft = "str", instrument = "int", region = "str"')
    with Store.open(folder) as store:
        store.insert_dimension("instrument", {"instrument": "HSC"})
    (folder / "Pipelinefile.toml").write_text(faulty)
    with Store.open(folder) as store:
        with pytest.raises(PipelinefileError) as caught:
            store.insert_dimension("detector", {"instrument": "HSC", "detector": 1})

        assert "dimension 'detector': metadata: 'instrument' is a dimension that records name" in caught.value.message
        assert "'region' is a field that records may have anyway" in caught.value.message
        assert keys(store.query_dimension_records("instrument")) == [("HSC",)]


LISTED = """
[dimensions]
flag = [true, false]
alpha = [0.5, 1.0]
[stages.fit]
dimensions = ["flag", "alpha"]
run = "echo {flag} {alpha} > {outputs.fit}"
outputs.fit = "fit/{flag}_{alpha}.txt"
"""


def test_truth_values_and_numbers_are_values_of_dimensions(tmp_path):
    """What a run records of them is sound, and is found as what it is."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": LISTED})
    project.provstore("run")
    project.provstore("dimension", "insert", "flag", "flag=true")
    with Store.open(project.root) as store:
        known = store.insert_dimension("flag", [{"flag": True}, {"flag": False}])
        records = store.query_dimension_records("alpha", "alpha < 1")
        found = store.query_data_ids(["flag", "alpha"], "flag = TRUE and alpha > 0.6", datasets="fit.fit")
        dataset = store.find_dataset("fit.fit", found[0])

    assert project.provstore("fsck").out.startswith("the store is sound")
    assert known == 0
    assert keys(records) == [(0.5,)]
    assert found == [{"flag": True, "alpha": 1.0}]
    assert found[0]["flag"] is True
    assert dataset.path == "fit/true_1.0.txt"


def test_a_dimension_may_be_called_as_a_field_that_its_records_lack(folder):
    """Regions of a country are no regions on the sky; a key word could not be asked for, nor could one name of two."""
    (folder / "Pipelinefile.toml").write_text('[dimensions]\nregion = { type = "str" }\n')
    with Store.open(folder) as store:
        store.insert_dimension("region", {"region": "north"})

        assert keys(store.query_dimension_records("region", "region = 'north'")) == [("north",)]
    for name, definition, text in (
        ("Null", "{}", "'Null': the name is a key word of conditions"),
        ("region", "{ region = true }", "'region' is a field of its records and a dimension that they name"),
        ("visit", '{ requires = ["end"], timespan = true }', "'end' is a field of its records and a dimension"),
    ):
        (folder / "Pipelinefile.toml").write_text(f"[dimensions]\nend = {{}}\n{name} = {definition}\n")
        with Store.open(folder) as store, pytest.raises(PipelinefileError, match=text):
            store.insert_dimension("visit", {"visit": 1})


def test_no_key_word_of_conditions_is_a_name():
    """The Pipelinefile refuses just those that the language has."""
    assert {word.upper() for word in check_dimensions.KEYWORDS} == tokens.KEYWORDS


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"where": 5}, "where: found 5, expected a condition as text"),
        ({"where": b"visit = 1"}, "where: found b'visit = 1', expected a condition as text"),
        ({"bind": ["v"]}, "bind: found ['v'], expected names with values"),
        ({"bind": {1: 2}}, "bind: found 1, expected a name"),
        ({"order_by": 5}, "order_by: found 5, expected"),
        ({"order_by": [None]}, "order_by: found None, expected a name"),
        ({"limit": 2**63}, "limit: found 9223372036854775808, expected a whole number"),
    ],
)
def test_what_is_of_another_type_than_a_query_has_is_refused(store, asked, text):
    """In each of the three queries with a condition."""
    store.insert_dimension("instrument", {"instrument": "HSC"})

    for query in (
        lambda: store.query_dimension_records("visit", **asked),
        lambda: store.query_data_ids("visit", **asked),
        lambda: store.query_datasets("*", **asked),
    ):
        with pytest.raises(UsageError, match=re.escape(text)):
            query()


def test_a_number_of_numpy_may_be_bound(store):
    """As it may stand in a record: whatever has an index is a whole number."""
    numpy = pytest.importorskip("numpy")
    store.insert_dimension("visit", VISIT)
    visit = numpy.int64(VISIT["visit"])

    assert len(store.query_dimension_records("visit", "visit = :v", bind={"v": visit})) == 1
    assert len(store.query_dimension_records("visit", "visit in (:v)", bind={"v": [visit]})) == 1


def test_a_value_gets_a_record_by_itself_only_where_nothing_else_could_be_said(store):
    """A record never changes: one of a visit, made when data of it are met, would keep out what is known of it."""
    Path(store.root, "data.txt").write_text("x")
    store.register_dataset("data.txt", data_id={"instrument": "HSC", "visit": 6320, "exposure_part": "a"})
    assert keys(store.query_dimension_records("instrument")) == [("HSC",)]
    assert store.query_dimension_records("visit") == []

    assert store.insert_dimension("visit", VISIT) == 1


# --- questions ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    (folder / "Pipelinefile.toml").write_text(PIPELINEFILE)
    with Store.create(folder) as store:
        store.insert_dimension("visit", [
            {"instrument": "HSC", "visit": 2, "band": "i", "exposure_time": 30.0, "begin": "2026-01-01",
             "end": "2026-01-02", "region": "CIRCLE(150, 2, 1)", "guided": True},
            {"instrument": "HSC", "visit": 10, "band": "r", "exposure_time": 60.0, "begin": "2026-01-02",
             "region": "BOX(359, 1, -1, 1)", "guided": False},
            {"instrument": "LSST", "visit": 2, "exposure_time": 15.0, "region": "CIRCLE(10, 90, 1)", "target": "pole"},
            {"instrument": "LSST", "visit": 3},
        ])  # fmt: skip
        yield store


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", [("HSC", 2), ("HSC", 10), ("LSST", 2), ("LSST", 3)]),
        ("visit = 2", [("HSC", 2), ("LSST", 2)]),
        ("visit in (2..9)", [("HSC", 2), ("LSST", 2), ("LSST", 3)]),
        ("visit.visit = 10", [("HSC", 10)]),
        ("instrument = 'LSST' and exposure_time > 10", [("LSST", 2)]),
        ("band = 'i' or visit.band = 'r'", [("HSC", 2), ("HSC", 10)]),
        ("band = NULL", [("LSST", 2), ("LSST", 3)]),
        ("not band = 'i'", [("HSC", 10)]),
        ("guided = TRUE", [("HSC", 2)]),
        ("exposure_time * 2 >= 60 and GLOB(instrument, 'H?C')", [("HSC", 2), ("HSC", 10)]),
        ("begin >= T'2026-01-02'", [("HSC", 10)]),
        ("end = NULL", [("HSC", 10), ("LSST", 2), ("LSST", 3)]),
        ("timespan OVERLAPS (T'2026-01-01', T'2026-01-02') and band != NULL", [("HSC", 2)]),
        ("region OVERLAPS POINT(150.5, 2)", [("HSC", 2)]),
        ("visit.region OVERLAPS CIRCLE(0, 0, 0.1)", [("HSC", 10)]),
        ("region OVERLAPS BOX(190, 200, 89.5, 90)", [("LSST", 2)]),
        ("not region OVERLAPS BOX(0, 360, -90, 90)", []),
    ],
)
def test_a_query_of_records_finds(filled, where, expected):
    """What fulfils the condition, by instrument and number."""
    assert keys(filled.query_dimension_records("visit", where)) == expected


def test_records_are_sorted_and_counted(filled):
    """What is missing is the smallest; behind the names that are given, by the key."""
    found = filled.query_dimension_records("visit", order_by=["-exposure_time", "visit"], limit=3)

    assert keys(found) == [("HSC", 10), ("HSC", 2), ("LSST", 2)]
    assert filled.query_dimension_records("visit", limit=0) == []


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("visut = 1", "there is no name 'visut'"),
        ("dataset.size = 1", "there is no name 'dataset.size'"),
        ("visit = '2'", "a number is compared with text"),
        ("region = 'x'", "OVERLAPS"),
        ("visit", "found a value alone"),
        ("visit = ", "found the end, expected a name or a value"),
    ],
)
def test_a_faulty_query_of_records_is_refused(filled, where, text):
    """With the place in it, also where nothing would be found."""
    with pytest.raises(QueryError, match=text):
        filled.query_dimension_records("visit", where, limit=0)


@pytest.mark.parametrize("order", ["visut", "-region", ["band", "-band"]])
def test_a_faulty_order_is_refused(filled, order):
    """Unknown names, such as have no order, and such as stand there twice."""
    with pytest.raises(QueryError):
        filled.query_dimension_records("visit", order_by=order)


@pytest.mark.parametrize(
    ("said", "text"),
    [({"where": 3}, "where: found 3"), ({"order_by": [3]}, "order_by: found 3"), ({"bind": [1]}, "bind: found")],
)
def test_a_query_of_records_is_text(filled, said, text):
    """What is of another type is refused as what it is; no order is none."""
    with pytest.raises(UsageError, match=text):
        filled.query_dimension_records("visit", **said)

    assert filled.query_dimension_records("visit", order_by=None, limit=1)


@pytest.mark.parametrize("limit", [-1, True, "3"])
def test_a_limit_is_a_whole_number(filled, limit):
    """0 or more."""
    with pytest.raises(UsageError, match="limit: found"):
        filled.query_dimension_records("visit", limit=limit)


def test_without_the_library_regions_are_refused_and_the_rest_goes_on(store, monkeypatch):
    """The hint says how to install it."""
    monkeypatch.setitem(sys.modules, "lsst", None)
    monkeypatch.setattr("provstore.sky._shape", __import__("provstore.sky").sky._shape.__wrapped__)
    plain = {name: value for name, value in VISIT.items() if name != "region"}
    store.insert_dimension("visit", {**plain, "visit": 1})
    with pytest.raises(MissingLibraryError, match="lsst-sphgeom") as caught:
        store.insert_dimension("visit", VISIT)

    assert caught.value.hint == "pip install 'provstore[sky]'"
    assert keys(store.query_dimension_records("visit")) == [("HSC", 1)]


def test_ten_thousand_records_are_inserted_in_one_go(store):
    """And found again."""
    begun = time.perf_counter()
    number = store.insert_dimension(
        "visit", [{**VISIT, "visit": visit, "region": f"CIRCLE({visit / 30}, 2, 1)"} for visit in range(10_000)]
    )
    print(f"{time.perf_counter() - begun:.2f} s for ten thousand records")

    assert number == 10_000
    assert len(store.query_dimension_records("visit", "region OVERLAPS CIRCLE(10, 2, 0.5)")) > 10


# --- the command line ---------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "p", {"Pipelinefile.toml": PIPELINEFILE})


CSV = """instrument,visit,band,exposure_time,guided,begin,region
HSC,1,i,30,true,2026-01-01,"CIRCLE(150.1, 2.2, 0.75)"

HSC,2,r,,,,
"""


def test_the_command_line_inserts_and_shows(project):
    """From CSV, from JSON, from what `show` prints, and from the words of the command line."""
    project.write("visits.csv", CSV)
    assert project.provstore("dimension", "insert", "visit", "visits.csv").out == "visit: 2 records inserted\n"
    words = ("instrument=HSC", "visit=3", "exposure_time=15", "target=M 31=x", "airmass=")
    assert project.json("dimension", "insert", "visit", *words) == {"dimension": "visit", "inserted": 1, "known": 0}
    shown = project.json("dimension", "show", "visit")
    project.write("again.json", json.dumps(shown))
    project.write("lines.jsonl", "\n".join(map(json.dumps, shown["records"])) + "\n\n")
    for file in ("again.json", "lines.jsonl"):
        done = project.provstore("dimension", "insert", "visit", file)
        assert done.out == "visit: 0 records inserted, 3 known already\n"

    assert {name: value for name, value in shown.items() if name != "records"} == {
        "name": "visit", "type": "int", "requires": ["instrument"], "implies": ["band"], "timespan": True,
        "metadata": {"exposure_time": "float", "airmass": "float", "target": "str", "guided": "bool", "number": "int"},
        "region": True, "values": [],
    }  # fmt: skip
    assert shown["records"][0] == {
        "instrument": "HSC", "visit": 1, "band": "i", "exposure_time": 30.0, "airmass": None, "target": None,
        "guided": True, "number": None, "begin": "2026-01-01T00:00:00.000000Z", "end": None,
        "region": "CIRCLE(150.1, 2.2, 0.75)",
    }  # fmt: skip
    first = project.json("dimension", "show", "visit", "--order-by=band", "--order-by=airmass,-visit", "-n", "1")
    assert [record["visit"] for record in first["records"]] == [3]
    text = project.provstore("dimension", "show", "visit", "--where", "visit > 1", "--order-by", "-visit").out
    assert text.splitlines()[-3:] == [
        "instrument  visit  band  exposure_time  target",
        "HSC             3                 15.0  M 31=x",
        "HSC             2  r",
    ]
    (visit,) = (line for line in project.json("dimension", "ls")["dimensions"] if line["name"] == "visit")
    assert visit["number"] == 3
    assert project.provstore("dimension", "ls").out.splitlines()[-1].split()[:4] == [
        "visit",
        "int",
        "instrument",
        "band",
    ]
    assert project.provstore("fsck").out.startswith("the store is sound")
    assert project.provstore("sql", "SELECT dimension FROM sky").out.splitlines() == ["dimension", "visit"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("insert", "visit", "visits.csv"), "visits.csv:4: visit='two': found text, expected a whole number"),
        (("insert", "visit", "short.csv"), "short.csv:2: found 1 values, expected 2"),
        (("insert", "visit", "twice.csv"), "twice.csv:1: found the names 'visit', 'visit', expected each once"),
        (("insert", "visit", "lines.jsonl"), "lines.jsonl:2: this is no JSON"),
        (("insert", "visit", "empty.json"), "empty.json: it is empty"),
        (("insert", "visit", "latin.csv"), "latin.csv: byte 1 is not UTF-8"),
        (("insert", "visit", "missing.csv"), "missing.csv: No such file or directory"),
        (("insert", "visit", "visit=1", "visit=2"), "field 'visit' is there twice"),
        (("insert", "visit", "visit=1", "x"), "found 'x', expected FIELD=VALUE, or one file"),
        (("show", "vist"), "did you mean 'visit'?"),
        (("show", "visit", "--where", "visut = 1"), "there is no name 'visut'"),
    ],
)  # fmt: skip
def test_what_is_wrong_on_the_command_line_is_said(project, words, text):
    """With file and line, before a store is made; exit status 2."""
    project.write("visits.csv", CSV.replace("HSC,2", "HSC,two"))
    project.write("short.csv", "instrument,visit\nHSC\n")
    project.write("twice.csv", "visit,visit\n1,2\n")
    project.write("lines.jsonl", '{"instrument": "HSC", "visit": 1}\n{"instrument"\n')
    project.write("empty.json", " \n")
    project.write("latin.csv", b"\xe9")
    done = project.provstore("dimension", *words, status=2)

    assert text in done.err
    assert not (project.root / ".provstore").exists()


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ("visit = 1 and band = 'i'", "no record fulfils: visit = 1"),
        ("visit = :none", "no record fulfils: visit = :none"),
        ("visit = 6320 and exposure_time > 50", "each condition holds for some record, but all of them hold for none"),
    ],
)
def test_no_record_is_explained(store, folder, where, why):
    """What excluded all is said by `explain`, and on standard error, where what is found does not stand."""
    store.insert_dimension("visit", [VISIT, {**VISIT, "visit": 6322, "exposure_time": 60.0}])
    found = store.query_dimension_records("visit", where, bind={"none": 1})

    assert found == []
    assert found.explain() == why
    assert store.query_dimension_records("visit", limit=0).explain() == "limit 0 asks for nothing"
    assert store.query_dimension_records("detector").explain() == "there is no record of the dimension 'detector'"
    assert store.query_dimension_records("visit").explain() == "found 2 records"
    if ":" not in where:
        shown = Project(folder, {}).provstore("dimension", "show", "visit", "--where", where, "--json")
        assert json.loads(shown.out)["records"] == []
        assert shown.err == f"{why}\n"
