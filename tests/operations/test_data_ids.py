"""Data IDs that people give: those of a dataset type, with values that its dimensions can have."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.errors import UsageError
from provstore.model.dimensions import Definition, Dimensions
from provstore.operations.registry.create import create
from provstore.operations.registry.types.data_ids import checked, from_words
from provstore.operations.registry.types.definitions import TypeDefinition
from provstore.operations.registry.types.of_run import RunRegistrar
from provstore.store.adding import adding
from provstore.store.dimensions import RecordRow, records_of_value
from provstore.store.facts import ExecutionFact

DIMENSIONS = Dimensions(
    {
        "instrument": Definition("instrument", "str"),
        "band": Definition("band", "str", values=("g", "r")),
        "visit": Definition("visit", "int", requires=("instrument",), implies=("band",)),
        "detector": Definition("detector", "int"),
        "depth": Definition("depth", values=(0.5, 1.0)),
        "any": Definition("any"),
        "part": Definition("part", "str"),
    }
)
IMAGE = TypeDefinition("image", ("visit", "detector"), "hdf5")
LABELS = TypeDefinition("labels", ("any", "depth", "band"), "json")
VISIT = RecordRow("visit", {"instrument": "HSC", "visit": 101}, 101, {"band": "r"}, None, None, None)


def asking(*rows: RecordRow) -> Callable[..., Any]:
    """A store in which these records are."""

    def ask(question: object, dimension: str, value: object) -> list[RecordRow]:
        assert question is records_of_value
        return [row for row in rows if (row.dimension, row.value) == (dimension, value)]

    return ask


@given(st.permutations(["visit", "detector"]), st.integers(-(2**63), 2**63 - 1), st.integers(0, 99))
def test_a_data_id_holds_the_dimensions_of_its_type_in_their_order(names: list[str], visit: int, detector: int) -> None:
    """In whatever order they are given."""
    values = {"visit": visit, "detector": detector}
    found = checked(DIMENSIONS, IMAGE, {name: values[name] for name in names})

    assert list(found.items()) == [("visit", visit), ("detector", detector)]


@given(
    st.one_of(st.integers(-(2**63), 2**63 - 1), st.text(min_size=1).filter(str.isprintable)),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from(["g", "r"]),
)  # fmt: skip
def test_what_is_checked_once_passes_again_as_it_is(label: object, depth: float, band: str) -> None:
    """Checking changes nothing of what is right."""
    once = checked(DIMENSIONS, LABELS, {"any": label, "depth": depth, "band": band})

    assert checked(DIMENSIONS, LABELS, once) == once == {"any": label, "depth": depth, "band": band}


def test_a_text_of_another_class_is_kept_as_a_text() -> None:
    """numpy has texts of its own, which are spelled otherwise."""

    class Text(str):
        __slots__ = ()

    parts = TypeDefinition("parts", ("part", "band"), "json")
    found = checked(DIMENSIONS, parts, {"part": Text("a"), "band": Text("g")})

    assert [(value, type(value)) for value in found.values()] == [("a", str), ("g", str)]


@given(st.integers(-(2**63), 2**63 - 1), st.text("abc=_ 01é-", min_size=1), st.sampled_from([0.5, 1.0]))
def test_words_say_what_values_are_spelled_as(visit: int, part: str, depth: float) -> None:
    """Reading is the inverse of writing, by what the dimension's values are."""
    words = [f"visit={visit}", f"part={part}", f"depth={depth}"]

    assert from_words(DIMENSIONS, IMAGE, words) == {"visit": visit, "part": part, "depth": depth}


@pytest.mark.parametrize(
    ("said", "texts"),
    [
        ({"visit": 101}, ["image", "lacks 'detector'", "visit, detector"]),
        ({}, ["lacks 'visit', 'detector'"]),
        ({"vist": 101, "detector": 3}, ["'vist'", "expected visit, detector"]),
        ({"visit": 101, "detector": 3, "part": "a"}, ["'part' is no dimension of it"]),
        ({"visit": "101", "detector": 3}, ["visit='101'", "found text, expected a whole number"]),
        ({"visit": 101.0, "detector": 3}, ["visit=101.0", "found float"]),
        ({"visit": True, "detector": 3}, ["visit=True", "found bool"]),
        ({"visit": None, "detector": 3}, ["visit=None"]),
        ({"visit": 2**63, "detector": 3}, ["beyond 64 bits"]),
        ({"visit": 1, "detector": 3, "band": "q"}, ["band='q'", "'g', 'r'"]),
        ({"visit": 1, "detector": 3, "instrument": 7}, ["instrument=7", "expected text"]),
        ({"visit": 1, "detector": 3, "instrument": ""}, ["instrument=''"]),
        ({"visit": 1, "detector": 3, 5: 1}, ["no dimension 5"]),
        (7, ["found 7, expected dimensions"]),
    ],
)
def test_what_is_wrong_is_said_with_what_was_expected(said: Any, texts: list[str]) -> None:
    """The type, the dimension, what was found."""
    with pytest.raises(UsageError) as caught:
        checked(DIMENSIONS, IMAGE, said)

    assert all(text in caught.value.message for text in texts), caught.value.message


def test_a_misspelt_dimension_is_named() -> None:
    """The nearest one is the hint."""
    with pytest.raises(UsageError) as caught:
        checked(DIMENSIONS, IMAGE, {"vist": 101, "detector": 3})

    assert caught.value.hint == "did you mean 'visit'?"


def test_whoever_looks_may_ask_for_a_value_of_former_times() -> None:
    """A list that was shortened hides no data."""
    label = {"any": 1, "depth": 0.5, "band": "q"}

    assert checked(DIMENSIONS, LABELS, label, is_written=False) == label


def test_numbers_of_numpy_are_numbers() -> None:
    """Whatever is a whole number becomes one of Python's."""
    numpy = pytest.importorskip("numpy")
    found = checked(DIMENSIONS, IMAGE, {"visit": numpy.int64(101), "detector": numpy.uint8(3)})

    assert found == {"visit": 101, "detector": 3}
    assert {type(value) for value in found.values()} == {int}


def test_a_truth_value_is_no_listed_number() -> None:
    """1, 1.0 and True are equal in Python, and not here."""
    ones = Dimensions({"n": Definition("n", "int", values=(0, 1)), "flag": Definition("flag", values=(True, False))})
    kind = TypeDefinition("kind", ("n", "flag"), "json")

    assert checked(ones, kind, {"n": 1, "flag": True}) == {"n": 1, "flag": True}
    for wrong in ({"n": True, "flag": True}, {"n": 1, "flag": 1}, {"n": 1.0, "flag": True}):
        with pytest.raises(UsageError, match="expected"):
            checked(ones, kind, wrong)


# --- what belongs to the dimensions ----------------------------------------------------------------------------


def test_what_a_dimension_requires_and_implies_is_compared_and_not_kept() -> None:
    """An instrument and a band may be said of a visit."""
    said = {"visit": 101, "detector": 3, "instrument": "HSC", "band": "r"}

    assert checked(DIMENSIONS, IMAGE, said, asking(VISIT)) == {"visit": 101, "detector": 3}


@pytest.mark.parametrize(("name", "value"), [("instrument", "LSST"), ("band", "g")])
def test_a_contradiction_to_what_is_recorded_is_an_error(name: str, value: str) -> None:
    """It says both."""
    with pytest.raises(UsageError) as caught:
        checked(DIMENSIONS, IMAGE, {"visit": 101, "detector": 3, name: value}, asking(VISIT))

    assert f"found {name}={value}, but visit=101 is recorded with {name}=" in caught.value.message


def test_what_is_not_recorded_contradicts_nothing() -> None:
    """Another visit, one of which the band is not known, and a visit of several instruments."""
    said = {"visit": 101, "detector": 3, "instrument": "LSST", "band": "g"}
    of_lsst = VISIT._replace(key={"instrument": "LSST", "visit": 101}, record={})

    assert checked(DIMENSIONS, IMAGE, {**said, "visit": 102}, asking(VISIT))["visit"] == 102
    assert checked(DIMENSIONS, IMAGE, said, asking(VISIT, of_lsst))["visit"] == 101


def test_a_type_with_the_required_dimension_tells_its_values_apart() -> None:
    """Visit 101 of another instrument is another visit, of which nothing is recorded."""
    whole = TypeDefinition("whole", ("instrument", "visit", "band"), "json")
    said = {"instrument": "LSST", "visit": 101, "band": "g"}

    assert checked(DIMENSIONS, whole, said, asking(VISIT)) == said
    with pytest.raises(UsageError, match="band=r"):
        checked(DIMENSIONS, whole, {**said, "instrument": "HSC"}, asking(VISIT))


# --- words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["visit"], "found 'visit', expected DIMENSION=VALUE"),
        (["=1"], "found '=1', expected DIMENSION=VALUE"),
        (["visit=x"], "visit='x': found text, expected a whole number"),
        (["visit=007"], "visit='007'"),
        (["visit=١"], "expected a whole number"),
        (["visit=1", "visit=2"], "'visit' is there twice"),
    ],
)
def test_words_that_are_no_values_are_errors(words: list[str], text: str) -> None:
    """Each says which word, and what was expected."""
    with pytest.raises(UsageError) as caught:
        from_words(DIMENSIONS, IMAGE, words)

    assert text in caught.value.message


def test_words_of_unknown_dimensions_are_numbers_where_they_look_so() -> None:
    """Of what nobody declared nothing better is known."""
    found = from_words(DIMENSIONS, None, ["tract=9697", "name=a=b", "x=07", "any=12", f"y={'9' * 30}"])

    assert found == {"tract": 9697, "name": "a=b", "x": "07", "any": 12, "y": "9" * 30}


# --- records of values -----------------------------------------------------------------------------------------


def test_values_of_a_transaction_that_was_not_written_are_recorded_by_the_next(tmp_path: Path) -> None:
    """What was met is known only once it is in the store; then it is not asked for again."""
    with create(str(tmp_path / "p")) as project:
        store = project.writable_store(0.0)
        registrar = RunRegistrar(DIMENSIONS, (), store.conn)
        execution = ExecutionFact({"data_id": '{"detector":3}'}, (), ())
        with suppress(KeyError), adding(store) as added:
            registrar.add(added, [execution])
            raise KeyError("no transaction")
        counts = []
        for _ in range(3):
            with adding(store) as added:
                registrar.add(added, [execution])
            registrar.written([execution])
            counts.append(store.conn.execute("SELECT count(*) FROM dimension_record").fetchone()[0])

    assert counts == [1, 1, 1]
