"""Dataset types: registered by hand or on first use, and kept to from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provstore import Store
from provstore.api.nouns import DatasetType
from provstore.errors import PipelinefileError, UsageError

from .project import Project

DECLARED = """
[project]
owner = "ann"

[dimensions]
band = ["g", "r"]
visit = { from = "raw/{visit:03d}_{band}.json" }
[dimensions.tract]
type = "int"
requires = ["skymap"]
[dimensions.skymap]
type = "str"
[dimensions.exposure]
type = "int"
metadata = { seconds = "float" }

[datasets.image]
dimensions = ["band", "visit"]
path = "img/{visit:03d}_{band}.json"
description = "An image"
"""
STAGE = """
[stages.cal]
dimensions = ["visit", "band"]
run = "cp {inputs.raw} {outputs.image}; echo {visit} > {outputs.log}"
inputs.raw = "raw/{visit:03d}_{band}.json"
outputs.image = { dataset = "image" }
outputs.log = "log/{visit}_{band}.txt"
"""
EXPLICIT = '[registry]\nregister = "explicit"\n'
RAW = {f"raw/00{visit}_{band}.json": "{}" for visit in (1, 2) for band in "gr"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A project with dimensions and a declared dataset type, and without stages."""
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "Pipelinefile.toml").write_text(DECLARED)
    with Store.create(folder) as made:
        yield made


def write(store: Store, text: str) -> None:
    """Another Pipelinefile."""
    (Path(store.root) / "Pipelinefile.toml").write_text(text)


def register(store: Store, path: str, **said: Any) -> str:
    """Registers a file of its own."""
    (Path(store.root) / path).parent.mkdir(parents=True, exist_ok=True)
    (Path(store.root) / path).write_text("{}")
    return store.register_dataset(path, **said)


def rows(store: Store, sql: str) -> list[Any]:
    """What the store holds."""
    return Project(Path(store.root), {}).rows(sql)


# --- by hand ---------------------------------------------------------------------------------------------------


def test_a_type_that_was_registered_is_known(store: Store) -> None:
    """With what was said of it."""
    made = store.register_dataset_type("metrics.v1", ["visit"], "json", "./m//{visit}.json", "Numbers")

    expected = DatasetType(
        name="metrics.v1", dimensions=("visit",), format="json", path="m/{visit}.json", description="Numbers"
    )
    assert made == expected
    assert store.query_dataset_types("metrics.*") == [expected]


def test_the_same_definition_again_is_no_error(store: Store) -> None:
    """The order of dimensions is no difference, and what is not said either."""
    first = store.register_dataset_type("m", ["visit", "band"], "json", "m/{visit}_{band}.json", "Numbers")

    assert store.register_dataset_type("m", ["band", "visit"], "json") == first
    assert store.register_dataset_type("m", ("visit", "band"), "json", "m/{visit}_{band}.json") == first
    assert rows(store, "SELECT count(*) FROM dataset_type") == [(1,)]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ((["visit"], "json"), "found the dimensions visit, registered are band, visit"),
        (([], "json"), "found the dimensions none, registered are band, visit"),
        ((["visit", "band"], "csv"), "found the format 'csv', registered is 'json'"),
        ((["visit", "band"], "json", "n/{visit}_{band}.json"), "found the path 'n/{visit}_{band}.json'"),
    ],
)
def test_another_definition_is_refused(store: Store, said: tuple[Any, ...], text: str) -> None:
    """It says what differs, and nothing changes."""
    first = store.register_dataset_type("m", ["visit", "band"], "json", "m/{visit}_{band}.json")
    with pytest.raises(UsageError) as caught:
        store.register_dataset_type("m", *said)

    assert text in caught.value.message
    assert store.query_dataset_types("m") == [first]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ((["visit"], "json"), "found the dimensions visit, declared are band, visit"),
        ((["visit", "band"], "json", "other/{visit}_{band}.json"), "declared at Pipelinefile.toml:17 is"),
    ],
)
def test_what_the_pipelinefile_declares_is_not_registered_otherwise(store: Store, said: Any, text: str) -> None:
    """Two definitions under one name would contradict each other at the next run."""
    with pytest.raises(UsageError) as caught:
        store.register_dataset_type("image", *said)

    assert text in caught.value.message
    assert rows(store, "SELECT * FROM dataset_type") == []


def test_what_is_declared_need_not_be_said_again(store: Store) -> None:
    """Path and description are those of the Pipelinefile."""
    made = store.register_dataset_type("image", ["visit", "band"], "json")

    assert (made.path, made.description) == ("img/{visit:03d}_{band}.json", "An image")


@pytest.mark.parametrize(
    ("name", "dimensions", "format", "path", "text"),
    [
        ("a b", ["visit"], "json", None, "expected identifiers with dots"),
        ("a..b", ["visit"], "json", None, "expected identifiers with dots"),
        ("", ["visit"], "json", None, "expected identifiers with dots"),
        ("file", ["visit"], "json", None, "datasets without a type"),
        ("m", ["vist"], "json", None, "there is no dimension 'vist'"),
        ("m", ["visit", "visit"], "json", None, "'visit' is there twice"),
        ("m", "visit", "json", None, "expected a list of names"),
        ("m", [5], "json", None, "there is no dimension 5"),
        ("m", None, "json", None, "expected a list of names"),
        ("m", b"visit", "json", None, "expected a list of names"),
        ("m", [["visit"]], "json", None, "there is no dimension ['visit']"),
        ("m", ["visit"], "jsn", None, "jsn"),
        ("m", ["visit"], "", None, "expected the name of a format"),
        ("m", ["visit"], "json", "m/{band}.json", "the field '{band}', its dimensions are visit"),
        ("m", ["visit"], "json", "m/{visit.json", "'{'"),
        ("m", ["visit"], "json", "m/{visit:q}.json", "can't write the values"),
        ("m", ["visit"], "json", "../m/{visit}.json", "no data may lie there"),
        ("m", ["visit"], "json", "/m/{visit}.json", "no data may lie there"),
        ("m", ["visit"], "json", ".provstore/{visit}.json", "store"),
        ("m", ["visit"], "json", ".git/{visit}.json", "no data may lie there"),
        ("m", ["visit"], "json", "", "empty"),
        ("m", ["visit"], "json", "a\0b", "expected one relative"),
        ("m", ["visit"], "json", 5, "expected one relative"),
    ],
)
def test_what_can_be_no_type_is_refused(
    store: Store, name: Any, dimensions: Any, format: Any, path: Any, text: str
) -> None:
    """It says what was found, and nothing is recorded."""
    with pytest.raises(UsageError) as caught:
        store.register_dataset_type(name, dimensions, format, path)

    assert text in caught.value.message
    assert store.query_dataset_types() == []


def test_dimensions_of_a_registered_type_are_recorded_with_it(store: Store) -> None:
    """Also those that it requires: they are known when no Pipelinefile declares them any more."""
    store.register_dataset_type("sky", ["tract"], "json")
    write(store, '[project]\nname = "other"\n')
    again = store.register_dataset_type("sky2", ["skymap", "tract"], "json", "{skymap}/{tract:04d}.json")

    assert again.dimensions == ("skymap", "tract")
    assert store.register_dataset_type("sky", ["tract"], "json").name == "sky"


# --- data of a type ---------------------------------------------------------------------------------------------


def test_a_dataset_of_a_declared_type_registers_it(store: Store) -> None:
    """With the dimensions and the format of the Pipelinefile; its values become records."""
    id = register(store, "x.dat", dataset_type="image", data_id={"visit": 7, "band": "g"})
    found = store.get_dataset(id)

    assert (found.type, found.data_id, found.format) == ("image", {"visit": 7, "band": "g"}, "json")
    assert [kind.name for kind in store.query_dataset_types()] == ["image"]
    assert sorted(rows(store, "SELECT dimension, value FROM dimension_record")) == [("band", "g"), ("visit", 7)]


@pytest.mark.parametrize(
    ("data_id", "text"),
    [
        (None, "lacks 'band', 'visit'"),
        ({"visit": 7}, "lacks 'band'"),
        ({"visit": 7, "band": "g", "tract": 1}, "'tract' is no dimension of it"),
        ({"visit": "7", "band": "g"}, "visit='7': found text, expected a whole number"),
        ({"visit": 7, "band": "q"}, "expected one of 'g', 'r'"),
    ],
)
def test_a_dataset_has_the_data_id_of_its_type(store: Store, data_id: Any, text: str) -> None:
    """Any other one is refused, and nothing is recorded."""
    with pytest.raises(UsageError) as caught:
        register(store, "x.json", dataset_type="image", data_id=data_id)

    assert text in caught.value.message
    assert store.query_datasets() == []
    assert store.query_dataset_types() == []


def test_a_dataset_of_a_type_of_which_nothing_is_known_has_any_data_id(store: Store) -> None:
    """What its values are of declared dimensions is recorded all the same."""
    id = register(store, "x.json", dataset_type="free.kind", data_id={"visit": 7, "night": "a"})

    assert store.get_dataset(id).data_id == {"visit": 7, "night": "a"}
    assert rows(store, "SELECT dimension, value FROM dimension_record") == [("visit", 7)]


def test_what_a_dimension_requires_may_be_said_and_is_not_kept(store: Store) -> None:
    """From then on it is recorded, and a contradiction is an error."""
    store.register_dataset_type("sky", ["tract"], "json")
    id = register(store, "x.json", dataset_type="sky", data_id={"tract": 5, "skymap": "rings"})
    with pytest.raises(UsageError, match="tract=5 is recorded with skymap=rings"):
        register(store, "y.json", dataset_type="sky", data_id={"tract": 5, "skymap": "squares"})

    assert store.get_dataset(id).data_id == {"tract": 5}


def test_what_is_said_of_other_dimensions_gets_a_record_by_itself(store: Store) -> None:
    """By `put` and `ingest` as well: the values are given, if not kept; what then contradicts them is refused."""
    write(store, DECLARED + '[dimensions.shot]\ntype = "int"\nimplies = ["band"]\n')
    for name, dimension in (("map", "tract"), ("shots", "shot")):
        store.register_dataset_type(name, [dimension], "json", f"{name}/{{{dimension}}}.json")
    store.put({}, "map", tract=5, skymap="rings")
    store.put_many([({}, {"shot": 1, "band": "g"})], "shots")
    (Path(store.root) / "shot_2.json").write_text("{}")
    store.ingest(Path(store.root) / "shot_2.json", "shots", template="shot_{shot}.json", data_id={"band": "r"})

    assert [dict(record.data_id) for record in store.query_dimension_records("skymap")] == [{"skymap": "rings"}]
    assert [record["band"] for record in store.query_dimension_records("shot")] == ["g", "r"]
    with pytest.raises(UsageError, match="found band=r, but shot=1 is recorded with band=g"):
        store.put({}, "shots", {"shot": 1, "band": "r"}, run="other")


def test_what_follows_in_several_steps_is_compared_as_well(store: Store) -> None:
    """A visit has a filter, the filter a band: the band of another filter contradicts the visit, given alone or not."""
    glasses = '[dimensions.camera]\n[dimensions.filter]\nrequires = ["camera"]\nimplies = ["band"]\n'
    shot = '[dimensions.shot]\ntype = "int"\nimplies = ["filter"]\nmetadata = { seeing = "float" }\n'
    write(store, DECLARED + glasses + shot)
    glass = [{"camera": "A", "filter": "G1", "band": "g"}, {"camera": "B", "filter": "G1", "band": "r"}]
    store.insert_dimension("filter", glass)
    store.insert_dimension("shot", [{"shot": 1, "filter": "G1"}])
    store.register_dataset_type("shots", ["camera", "shot"], "json")

    assert store.put({}, "shots", camera="A", shot=1, band="g").data_id == {"camera": "A", "shot": 1}
    assert store.put({}, "shots", camera="B", shot=1, band="r").data_id == {"camera": "B", "shot": 1}
    for camera, more in (("A", {"band": "r"}), ("B", {"band": "g"}), ("A", {"band": "r", "filter": "G1"})):
        with pytest.raises(UsageError, match=r"found band=., but filter=G1 is recorded with (camera=., )?band=."):
            store.put({}, "shots", {"camera": camera, "shot": 1}, **more, run="other")
    assert store.find_dataset("shots", camera="A", shot=1, band="g") is not None


@pytest.mark.parametrize("value", ["abc", True, 1.5])
def test_what_a_dimension_can_not_have_is_no_record_of_it(store: Store, value: Any) -> None:
    """A dataset of which no type is known may be labelled so all the same, and the store stays sound."""
    id = register(store, "x.json", dataset_type="odd", data_id={"tract": value, "skymap": "rings", "band": "z"})

    assert store.get_dataset(id).data_id["tract"] == value
    assert rows(store, "SELECT dimension, value FROM dimension_record") == [("skymap", "rings")]
    assert "sound" in Project(Path(store.root), {}).provstore("fsck").out


def test_a_number_that_no_query_could_tell_labels_nothing(store: Store) -> None:
    """SQLite knows numbers beyond 64 bits only roughly: the dataset is refused, and nothing of it is recorded."""
    with pytest.raises(UsageError, match="tract: found a number beyond 64 bits"):
        register(store, "x.json", dataset_type="odd", data_id={"tract": 2**70})

    assert rows(store, "SELECT id FROM dataset") == []


def test_whole_numbers_of_numpy_are_values(store: Store) -> None:
    """Of datasets that are registered by hand, and where they are looked for."""
    numpy = pytest.importorskip("numpy")
    store.register_dataset_type("seen", ["tract"], "json")
    id = register(store, "x.json", dataset_type="seen", data_id={"tract": numpy.int64(5)})
    found = store.find_dataset("seen", {"tract": numpy.int8(5)})

    assert found is not None
    assert found.id == id
    assert type(found.data_id["tract"]) is int


def test_a_dimension_with_metadata_gets_no_record_by_itself(store: Store) -> None:
    """Somebody has to say what they are; a dataset without is no error."""
    store.register_dataset_type("frame", ["exposure"], "json")
    register(store, "x.json", dataset_type="frame", data_id={"exposure": 5})

    assert rows(store, "SELECT * FROM dimension_record") == []


def test_a_changed_declaration_is_refused_where_data_are_recorded(store: Store) -> None:
    """Where dimensions or format are not those that are registered; a changed path concerns new data alone."""
    register(store, "x.json", dataset_type="image", data_id={"visit": 7, "band": "g"})
    write(store, DECLARED.replace("img/", "images/").replace("An image", "Another"))
    register(store, "y.json", dataset_type="image", data_id={"visit": 8, "band": "g"})
    shown = store.query_dataset_types("image")[0]
    write(store, DECLARED + 'format = "text"\n')
    with pytest.raises(UsageError, match="found the format 'text', registered is 'json'"):
        register(store, "z.json", dataset_type="image", data_id={"visit": 9, "band": "g"})

    assert (shown.path, shown.description) == ("images/{visit:03d}_{band}.json", "Another")
    assert len(store.query_datasets("image")) == 2


def test_explicit_registration_refuses_unknown_types(store: Store) -> None:
    """Declared or not, until they are registered; data without a type are nobody's typing error."""
    write(store, DECLARED + EXPLICIT)
    label = {"visit": 7, "band": "g"}
    for name in ("image", "imgae"):
        with pytest.raises(UsageError, match=f"{name}: this dataset type is not registered"):
            register(store, "x.json", dataset_type=name, data_id=label)
    store.register_dataset_type("image", ["visit", "band"], "json")

    assert register(store, "x.json", dataset_type="image", data_id=label)
    assert register(store, "y.json")


def test_whoever_looks_for_a_dataset_names_the_data_id_of_its_type(store: Store) -> None:
    """What goes with it may be said; what is missing or wrong is an error and not an empty answer."""
    store.register_dataset_type("sky", ["tract"], "json")
    id = register(store, "x.json", dataset_type="sky", data_id={"tract": 5, "skymap": "rings"}, collection="r")
    found = store.find_dataset("sky", {"tract": 5, "skymap": "rings"}, collections="r")

    assert found is not None
    assert found.id == id
    assert store.find_dataset("sky", {"tract": 6}, collections="r") is None
    assert store.find_dataset("image", {"visit": 1, "band": "of old"}, collections="r") is None
    for wrong in ({}, {"tract": "5"}, {"tract": 5, "visit": 1}, {"tract": 5, "skymap": "squares"}):
        with pytest.raises(UsageError):
            store.find_dataset("sky", wrong, collections="r")


# --- what runs make ---------------------------------------------------------------------------------------------


def test_a_run_registers_the_types_and_the_values_of_what_it_makes(tmp_path: Path) -> None:
    """With the executions; a run with nothing to do adds nothing."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + STAGE, **RAW})
    project.run()
    found = {kind["name"]: kind for kind in project.provstore("type", "ls", "--json").report["types"]}
    before = project.store_bytes()
    project.run()

    assert project.rows("SELECT name, dimensions, format FROM dataset_type") == [("image", '["band","visit"]', "json")]
    assert (found["cal.log"]["dimensions"], found["cal.log"]["format"]) == (["visit", "band"], "text")
    records = [("band", "g"), ("band", "r"), ("visit", 1), ("visit", 2)]
    assert project.rows("SELECT dimension, value FROM dimension_record ORDER BY 1, 2") == records
    assert project.store_bytes() == before
    project.provstore("fsck")


def test_an_output_with_the_path_of_a_type_is_of_that_type(tmp_path: Path) -> None:
    """It is registered like one that names it."""
    stage = STAGE.replace('{ dataset = "image" }', '"img/{visit:03d}_{band}.json"')
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + stage, **RAW})
    project.run()

    assert project.rows("SELECT name, format FROM dataset_type") == [("image", "json")]
    assert project.rows("SELECT count(*) FROM dataset WHERE type = 'image'") == [(4,)]


@pytest.mark.parametrize(
    ("stage", "text"),
    [
        (
            STAGE.replace('{ dataset = "image" }', '{ path = "img/{visit:03d}_{band}.json", format = "csv" }'),
            "format 'csv', but dataset type 'image' has the format 'json'",
        ),
        (
            '[stages.one]\nrun = "touch {outputs.image}"\noutputs.image = { dataset = "image" }\n',
            "which is none of the stage's dimensions",
        ),
        (
            '[datasets.free]\ndimensions = ["visit"]\npath = "free.json"\n'
            '[stages.one]\nrun = "touch {outputs.all}"\noutputs.all = { dataset = "free" }\n',
            "dataset type 'free' has the dimension visit, the stage has no dimensions",
        ),
    ],
)
def test_an_output_is_what_its_type_says(tmp_path: Path, stage: str, text: str) -> None:
    """Else the Pipelinefile is wrong, and nothing is run."""
    declared = DECLARED + 'format = "json"\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": declared + stage, **RAW})
    done = project.provstore("run", status=2)

    assert text in done.err
    assert not project.store.exists()


def test_explicit_registration_refuses_a_run_before_anything_runs(tmp_path: Path) -> None:
    """`run`, `run -n`; `status` and `check` say that it would be; with the flag all are registered, then run."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + STAGE + EXPLICIT, **RAW})
    refused = project.provstore("run", status=2)
    planned = project.provstore("run", "-n", status=2)
    shown = project.provstore("status")
    store_was_made = project.store.exists()
    project.provstore("run", "-n", "--register-dataset-types")
    project.provstore("run", "--register-dataset-types")

    text = "Pipelinefile.toml:26: stage 'cal': outputs.image: dataset type 'image' is not registered"
    assert text in refused.err
    assert "--register-dataset-types" in refused.err
    assert text in planned.err
    assert f"run would be refused: {text}" in shown.out
    assert not store_was_made
    assert project.rows("SELECT name FROM dataset_type") == [("image",)]
    project.write("raw/003_g.json", "{}")
    assert project.run().report["summary"]["executed"] == 1


def test_a_run_with_another_definition_is_refused(tmp_path: Path) -> None:
    """Before anything runs; it says what differs and what to do."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + STAGE, **RAW})
    project.run()
    before = project.store_bytes()
    fewer = DECLARED.replace('["band", "visit"]', '["visit"]').replace("_{band}.json", ".json")
    stage = STAGE.replace('"visit", "band"', '"visit"').replace("_{band}", "")
    project.write("Pipelinefile.toml", fewer + stage)
    project.write("raw/001.json", "{}")
    done = project.provstore("run", status=2)

    assert "outputs.image: dataset type 'image': found the dimensions visit, registered are band, visit" in done.err
    assert "choose another name" in done.err
    assert project.store_bytes() == before


def test_a_type_that_was_registered_under_the_name_of_an_output_holds_for_it(tmp_path: Path) -> None:
    """Nobody declared it, but datasets of one type have one kind of data ID."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + STAGE, **RAW})
    project.provstore("type", "register", "cal.log", "--dimensions", "visit", "--format", "text")
    done = project.provstore("run", status=2)

    assert "outputs.log: dataset type 'cal.log': found the dimensions band, visit, registered are visit" in done.err


def test_what_is_accepted_registers_its_type(tmp_path: Path) -> None:
    """As if it had been made."""
    made = {path.replace("raw", "img"): text for path, text in RAW.items()}
    logs = {f"log/{visit}_{band}.txt": "x" for visit in (1, 2) for band in "gr"}
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED + STAGE, **RAW, **made, **logs})
    project.provstore("accept", "cal", "-m", "made before")

    assert project.rows("SELECT name FROM dataset_type") == [("image",)]
    assert project.rows("SELECT count(*) FROM dimension_record") == [(4,)]


# --- the command line -------------------------------------------------------------------------------------------


def test_a_type_is_registered_on_the_command_line(tmp_path: Path) -> None:
    """Prints the name, or all of it."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED})
    words = ["type", "register", "m", "--dimensions", "visit, band", "--format", "json"]
    first = project.provstore(*words, "--path", "m/{visit}_{band}.json", "--description", "Numbers")
    again = project.provstore(*words, "--json").report
    shown = project.provstore("type", "show", "m").out
    unused = project.provstore("type", "show", "image", status=2)
    wrong = project.provstore("type", "register", "m", "--format", "json", status=2)

    assert first.out == "m\n"
    assert again == {
        "name": "m", "dimensions": ["visit", "band"], "format": "json", "path": "m/{visit}_{band}.json",
        "description": "Numbers",
    }  # fmt: skip
    assert "description  Numbers" in shown
    assert "Pipelinefile.toml:17 declares it" in unused.err
    assert "registered are band, visit" in wrong.err


def test_words_of_a_data_id_are_what_the_dimensions_are(tmp_path: Path) -> None:
    """A number is text where the dimension has texts."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": DECLARED, "x.json": "{}"})
    project.provstore("type", "register", "sky", "--dimensions", "skymap,tract", "--format", "json")
    words = ["--type", "sky", "--data-id", "skymap=7", "--data-id", "tract=5"]
    made = project.provstore("dataset", "register", "x.json", *words, "--json").report
    wrong = project.provstore("dataset", "register", "y.json", *words[:-1], "tract", status=2)

    assert made["data_id"] == {"skymap": "7", "tract": 5}
    assert "found 'tract', expected DIMENSION=VALUE" in wrong.err


def test_no_type_has_the_name_of_what_has_none(tmp_path: Path) -> None:
    """In a Pipelinefile, too."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": '[datasets.file]\nformat = "csv"\n'})

    assert "dataset 'file': this name is that of datasets without a type" in project.provstore("run", status=2).err


def test_a_pipelinefile_that_is_wrong_hides_no_types(store: Store) -> None:
    """Whoever asks the store did not ask about that; whoever writes is told."""
    store.register_dataset_type("m", ["visit"], "json")
    write(store, "[stages.x]\n")
    with Store.open(store.root) as opened:
        found = opened.query_dataset_types()
        with pytest.raises(PipelinefileError):
            opened.register_dataset_type("n", ["visit"], "json")

    assert [kind.name for kind in found] == ["m"]
