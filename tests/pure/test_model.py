"""The small things that everything is made of."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.digest import canonical_json
from provstore.errors import Problem
from provstore.model import values as module
from provstore.model.dimensions import Definition, Dimensions
from provstore.model.remembered import plan_from, text_of
from provstore.model.task import Output, Plan, PlannedStage, Search, Settings, Task, Unresolved, Work
from provstore.model.values import data_id_text, new_id, spelled, task_name, utc_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
VALUES = st.text() | st.integers() | st.floats(allow_nan=False) | st.booleans()
DATA_IDS = st.dictionaries(st.sampled_from(["visit", "detector", "band", "Z"]), VALUES).map(
    lambda found: tuple(found.items())
)


# --- ids ----------------------------------------------------------------------------------------------


def test_an_id_is_a_uuid_of_version_7():
    """In the spelling that every library understands, of the variant of RFC 9562."""
    for _ in range(200):
        text = new_id()
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", text)
        assert str(uuid.UUID(text)) == text


def test_ids_are_never_the_same():
    """Ten thousand within a few milliseconds."""
    assert len({new_id() for _ in range(10_000)}) == 10_000


@given(st.lists(st.integers(0, 2**48 - 1), min_size=2, max_size=2, unique=True))
def test_ids_sort_by_the_millisecond_they_were_made_in(moments):
    """And hold it in their first twelve digits."""
    with pytest.MonkeyPatch.context() as patch:
        ids = []
        for moment in moments:
            patch.setattr(module.time, "time_ns", lambda moment=moment: moment * 1_000_000)
            ids.append(new_id())

    assert (ids[0] < ids[1]) == (moments[0] < moments[1])
    assert [int(text.replace("-", "")[:12], 16) for text in ids] == moments


def test_all_bits_of_an_id_that_may_be_random_are():
    """74 of them; only version and variant are fixed beside the time."""
    found = [uuid.UUID(new_id()).int for _ in range(300)]
    varying = 0
    for number in found:
        varying |= number ^ found[0]

    noise = (0xFFF << 64) | ((1 << 62) - 1)
    assert varying & noise == noise
    assert varying & ((0xF << 76) | (0x3 << 62)) == 0


# --- times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000000Z"),
        (0.5, "1970-01-01T00:00:00.500000Z"),
        (1_800_000_000.25, "2027-01-15T08:00:00.250000Z"),
        (1_800_000_000 - 1e-6, "2027-01-15T07:59:59.999999Z"),
        (-0.5, "1969-12-31T23:59:59.500000Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"),
    ],
)
def test_a_time_is_utc_with_microseconds(seconds, text):
    """Always of the same length, so that it sorts as text."""
    assert utc_text(seconds) == text


@given(st.lists(st.floats(0, 4e9), min_size=2, max_size=2))
def test_times_sort_as_text(moments):
    """And are those that the standard library reads back, to the microsecond."""
    early, late = sorted(moments)

    assert utc_text(early) <= utc_text(late)
    read = datetime.fromisoformat(utc_text(early))
    assert read.tzinfo == UTC
    assert -1e-5 < early - read.timestamp() < 1e-5


# --- values, data IDs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (1, "1"), (1.5, "1.5"), ("a b", "a b"), ("", ""), (None, "None"),
     ([1, "ä"], '[1, "ä"]'), ({"a": True}, '{"a": true}'), ((1, 2), "[1, 2]")],
)  # fmt: skip
def test_values_are_spelled_for_commands(value, text):
    """Booleans as TOML and the shell write them."""
    assert spelled(value) == text


def test_a_task_is_named_as_the_command_line_spells_it():
    """In the order of its stage's dimensions; alone where there are none."""
    assert task_name("a", ()) == "a"
    assert task_name("a", (("visit", 101), ("band", "r"), ("ok", True))) == "a@visit=101,band=r,ok=true"


@given(DATA_IDS)
def test_the_order_of_dimensions_does_not_count(data_id):
    """One data ID has one text, and the text is JSON."""
    text = data_id_text(data_id)

    assert text == data_id_text(data_id[::-1])
    assert json.loads(text) == dict(data_id)


def test_no_dimensions_are_an_empty_table():
    """As the documentation says."""
    assert data_id_text(()) == "{}"


@pytest.mark.parametrize(("one", "other"), [(1, "1"), (1, 1.0), (1, True), ("é", "e\u0301"), ("a", "A")])
def test_different_values_are_different_data_ids(one, other):
    """Types and both normal forms of Unicode are kept apart."""
    assert data_id_text((("x", one),)) != data_id_text((("x", other),))


# --- canonical JSON -----------------------------------------------------------------------------------


@given(JSON)
def test_canonical_json_is_json_and_a_fixed_point(value):
    """Reading and writing it again changes nothing."""
    text = canonical_json(value)

    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


@given(st.dictionaries(st.text(), JSON))
def test_the_order_of_keys_does_not_count(table):
    """At any depth, since each table is written by the same rule."""
    turned = dict(reversed(table.items()))

    assert canonical_json({"inner": table}) == canonical_json({"inner": turned})


def test_canonical_json_has_no_space_and_keeps_characters():
    """So that its bytes can be written down in a specification."""
    assert canonical_json({"b": [1, 2.5, None], "a": "ä\n☃"}) == '{"a":"ä\\n☃","b":[1,2.5,null]}'


# --- what is remembered -------------------------------------------------------------------------------

WORK = Work(("sh", "-c", "x"), "x", "sh -c", "", {"a": [1]}, {"H": None}, (("i", "p"),), ("i",),
            (Output("o", "q", False, "", "s.o"),), None, 1, 0.5, 0, True, False, "d")  # fmt: skip
PLAN = Plan(
    [PlannedStage("s", ["x"], False, True, ["t"])],
    ["p", "q"],
    [Task(0, '{"x":1}', "blake3:1", [0], [1], [])],
    {"Pipelinefile.toml": "blake3:2"},
    {"H": ""},
    [(Search([("name", "p"), ("field", "a\\\n/")], True, ["[^/]+", ""]), "blake3:3")],
    ["g"],
    [Unresolved("u", "x", "g", ["v"], ["u/{x}"])],
    ["a remark"],
    "blake3:4",
    Settings(["s"], {"n": ["s"]}, 0, None, ["TOKEN"], ["tools/x.py"], {".dat": "bytes"}, True),
    {"p": "hdf5"},
)


def test_work_and_plan_survive_being_remembered():
    """What comes back is equal, and hashable where it was."""
    assert Work.from_json(WORK.to_json()) == WORK
    again = plan_from(text_of(PLAN))
    assert again._replace(tasks=list(again.tasks), stages=list(again.stages)) == PLAN
    assert again.name(0) == "s@x=1"
    assert (PLAN.inputs(0), PLAN.outputs(0), PLAN.data_id(0)) == (["p"], ["q"], (("x", 1),))


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_paths_of_any_characters_survive_being_remembered(paths):
    """Newlines and backslashes too, by which lines end and begin there; no path holds a NUL."""
    plan = PLAN._replace(paths=paths, remarks=paths, gates=paths)
    again = plan_from(text_of(plan))

    assert (again.paths, again.remarks, again.gates) == (paths, paths, paths)


# --- problems -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (Problem("P.toml", 14, "stage 'a'", "unknown key 'b'", "did you mean 'c'?"),
         "P.toml:14: stage 'a': unknown key 'b' (did you mean 'c'?)"),
        (Problem("P.toml", 0, "", "not UTF-8"), "P.toml: not UTF-8"),
    ],
)  # fmt: skip
def test_a_problem_says_where_what_and_what_now(problem, text):
    """What is not known is left out."""
    assert str(problem) == text


# --- dimensions ---------------------------------------------------------------------------------------


def test_what_says_when_most_precisely_says_when():
    """A dimension that another one requires or implies, in however many steps, says no more of the time than that."""
    definitions = [
        Definition("night", timespan=True),
        Definition("group", implies=("night",)),
        Definition("exposure", requires=("group",), timespan=True),
        Definition("visit", requires=("exposure",), timespan=True),
        Definition("alarm", timespan=True),
        Definition("detector"),
    ]
    universe = Dimensions({definition.name: definition for definition in definitions})

    assert universe.timed(["night", "exposure", "visit", "detector", "alarm"]) == ("visit", "alarm")
    assert universe.timed(["night", "detector", "exposure"]) == ("exposure",)
    assert universe.timed(["night", "unknown"]) == ("night",)
    assert universe.timed(["detector"]) == ()
