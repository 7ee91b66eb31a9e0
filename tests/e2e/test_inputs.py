"""Inputs that are looked up in the registry: which dataset a task reads, and when that makes it stale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provstore import Store

from .project import Done, Project, task_name

JANUARY, FEBRUARY = ("2026-01-01", "2026-02-01"), ("2026-02-01", None)
PIPELINE = """
[dimensions]
detector = [1, 2]
[dimensions.visit]
type = "int"
timespan = true

[datasets.flat]
dimensions = ["detector"]
path = "calib/flat_{detector}.txt"

[stages.clean]
dimensions = ["visit", "detector"]
run = "cat {inputs.raw} {inputs.flat} > {outputs.image}"
inputs.raw = "raw/{visit}_{detector}.txt"
inputs.flat = { dataset = "flat", calibration = true }
outputs.image = "clean/{visit}_{detector}.txt"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two visits by two detectors; for each detector a flat of January and one of February, at paths of their own."""
    raw = {f"raw/{visit}_{detector}.txt": f"raw {visit} {detector}\n" for visit in (1, 2) for detector in (1, 2)}
    project = Project(tmp_path / "p", {"Pipelinefile.toml": PIPELINE, **raw})
    with Store.open(project.root) as store:
        store.insert_dimension("visit", [
            {"visit": 1, "begin": "2026-01-10T00:00:00Z", "end": "2026-01-10T01:00:00Z"},
            {"visit": 2, "begin": "2026-02-10T00:00:00Z", "end": "2026-02-10T01:00:00Z"},
        ])  # fmt: skip
        store.register_collection("calib", "CALIBRATION")
        for detector in (1, 2):
            for month, span in (("january", JANUARY), ("february", FEBRUARY)):
                flat = register(project, store, f"{month}/flat_{detector}.txt", f"{month} {detector}\n", detector)
                store.certify("calib", [flat], *span)
    return project


def register(project: Project, store: Store, path: str, text: str, detector: int) -> str:
    """Registers a flat; returns its id."""
    project.write(path, text)
    return store.register_dataset(path, dataset_type="flat", data_id={"detector": detector})


def stale(project: Project, *words: str) -> dict[str, list[str]]:
    """Task that is not fresh → the reasons."""
    tasks = project.json("status", *words)["tasks"]
    return {
        task_name(task): [reason["text"] for reason in task["reasons"]] for task in tasks if task["state"] != "fresh"
    }


def executed(done: Done) -> list[str]:
    return [task_name(task) for task in done.report["tasks"] if task["outcome"] == "executed"]


def used(project: Project, image: str) -> list[str]:
    """What the last execution that made an image has read as its flat, by path."""
    return [row[0] for row in project.rows(
        "SELECT d.path FROM usage u JOIN dataset d ON d.id = u.dataset WHERE u.role = 'flat' AND u.execution = "
        f"(SELECT execution FROM dataset WHERE path = '{image}' ORDER BY rowid DESC LIMIT 1)")]  # fmt: skip


def test_each_task_gets_the_calibration_that_is_valid_for_it(project: Project) -> None:
    """A visit of January is cleaned with the flat of January, which is what is recorded as used."""
    project.run("-i", "calib")

    assert project.read("clean/1_2.txt") == "raw 1 2\njanuary 2\n"
    assert project.read("clean/2_1.txt") == "raw 2 1\nfebruary 1\n"
    assert used(project, "clean/1_2.txt") == ["january/flat_2.txt"]
    assert stale(project, "-i", "calib") == {}
    assert project.provstore("check", "-i", "calib")
    assert project.json("verify", "-i", "calib", "--no-record")["ok"]


def test_why_says_from_which_collection_an_input_came(project: Project) -> None:
    """And of which type it is: at its path there may be several, recorded one after the other."""
    project.run("-i", "calib")
    flat = next(entry for entry in project.json("why", "clean/1_2.txt")["inputs"] if entry["role"] == "flat")

    assert (flat["type"], flat["run"], flat["origin"]) == ("flat", "registered", None)
    assert "january/flat_2.txt  flat in registered\n" in project.provstore("why", "clean/1_2.txt").out


def test_certify_makes_exactly_those_tasks_stale_whose_input_it_changed(project: Project) -> None:
    """Where another flat is valid from now on, its tasks are stale, and say which input changed."""
    project.run("-i", "calib")
    with Store.open(project.root) as store:
        store.decertify("calib", "flat", "2026-02-01", None, data_ids=[{"detector": 1}])
        better = register(project, store, "better.txt", "better 1\n", 1)
        store.certify("calib", [better], begin="2026-02-01", end=None)

    assert stale(project, "-i", "calib") == {
        "clean@visit=2,detector=1": ["input better.txt added", "input february/flat_1.txt removed", "command changed"]
    }
    assert executed(project.run("-i", "calib")) == ["clean@visit=2,detector=1"]
    assert project.read("clean/2_1.txt") == "raw 2 1\nbetter 1\n"


def test_without_a_valid_calibration_nothing_runs(project: Project) -> None:
    """Nothing is run where a task has none: the message names type, data ID, collection and time."""
    with Store.open(project.root) as store:
        store.decertify("calib", "flat", "2026-02-10T00:00:00Z", "2026-02-11")
    text = project.run("-i", "calib", status=2).err

    assert "Pipelinefile.toml:16: stage 'clean': input 'flat': found no flat detector=1 in calib" in text
    assert "valid for 2026-02-10T00:00:00Z" in text
    assert "january/flat_1.txt" in text
    assert not (project.root / "clean").exists()


def test_several_valid_calibrations_are_an_error_that_lists_them(project: Project) -> None:
    """A visit over the turn of the month has two flats: nobody guesses."""
    project.write("raw/3_1.txt", "raw\n")
    with Store.open(project.root) as store:
        store.insert_dimension("visit", {"visit": 3, "begin": "2026-01-31T23:00:00Z", "end": "2026-02-01T01:00:00Z"})
    text = project.run("-i", "calib", status=2).err

    assert "calib has several of flat detector=1" in text
    assert "january/flat_1.txt" in text
    assert "february/flat_1.txt" in text


def test_a_record_without_begin_and_end_does_not_say_which_calibration(project: Project) -> None:
    """Where a visit may be of any time, several flats are valid, and the message says what is missing."""
    project.write("raw/3_1.txt", "raw 3 1\n")
    with Store.open(project.root) as store:
        store.insert_dimension("visit", {"visit": 3})
    text = project.run("-i", "calib", status=2).err

    assert "calib has several of flat detector=1" in text
    assert "the record of its visit has neither begin nor end" in text


def test_a_task_of_no_time_gets_what_is_valid_at_any_time(project: Project) -> None:
    """Where none of its dimensions has a time span, the only calibration of its data ID is meant; of several, none."""
    pipeline = PIPELINE.replace('dimensions = ["visit", "detector"]', 'dimensions = ["detector"]')
    pipeline = pipeline.replace('inputs.raw = "raw/{visit}_{detector}.txt"\n', "").replace("{inputs.raw} ", "")
    project.write("Pipelinefile.toml", pipeline.replace("clean/{visit}_", "clean/"))
    text = project.run("-i", "calib", status=2).err
    with Store.open(project.root) as store:
        store.decertify("calib", "flat", *FEBRUARY)
    project.run("-i", "calib")

    assert "calib has several of flat detector=1, expected one: january/flat_1.txt for 2026-01-01T00:00:00Z" in text
    assert "say 'timespan = true' of a dimension of the stage" in text
    assert project.read("clean/2.txt") == "january 2\n"


def test_a_visit_without_record_has_no_calibration(project: Project) -> None:
    """The message names the dimension that lacks a record, once for each value."""
    project.write("raw/7_1.txt", "raw\n")
    project.write("raw/7_2.txt", "raw\n")
    text = project.run("-i", "calib", status=2).err

    assert text.count("dimension 'visit' has no record of visit=7") == 1


def test_collections_are_searched_in_their_order(project: Project) -> None:
    """The first that has a valid one decides; chains are searched for what they hold; without -i it is `main`."""
    with Store.open(project.root) as store:
        store.register_collection("mine", "CALIBRATION")
        store.certify("mine", [register(project, store, "mine.txt", "mine\n", 1)])
        store.register_collection("all", "CHAINED")
        store.redefine("all", ["calib", "mine"])

    assert "holds no CALIBRATION collection" in project.run(status=2).err
    assert "did you mean 'calib'?" in project.run("-i", "calip", status=2).err
    project.run("-i", "all")
    assert project.read("clean/1_1.txt") == "raw 1 1\njanuary 1\n"
    project.run("-i", "mine,all")
    assert project.read("clean/1_1.txt") == "raw 1 1\nmine\n"
    assert project.read("clean/1_2.txt") == "raw 1 2\njanuary 2\n"
    with Store.open(project.root) as store:
        store.extend("main", ["all"])
    assert [task["outcome"] for task in project.run().report["tasks"]] == ["restored", "fresh", "restored", "fresh"]
    assert project.read("clean/1_1.txt") == "raw 1 1\njanuary 1\n"


OVERWRITTEN = """
[dimensions]
visit = { type = "int", timespan = true }
[params]
level = 1
[datasets.flat]
path = "calib/flat.txt"
[stages.flat]
run = "echo flat {params.level} > {outputs.flat}"
outputs.flat = { dataset = "flat" }
[stages.clean]
dimensions = ["visit"]
run = "cat {inputs.raw} {inputs.flat} > {outputs.image}"
inputs.raw = "raw/{visit}.txt"
inputs.flat = { dataset = "flat", calibration = true }
outputs.image = "clean/{visit}.txt"
"""


def test_a_calibration_whose_file_was_overwritten_is_read_from_a_copy(tmp_path: Path) -> None:
    """Two versions of one path, each valid for its month: a task reads the recorded one; no key depends on where."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": OVERWRITTEN, "raw/1.txt": "raw\n", "raw/2.txt": "raw\n"})
    with Store.open(project.root) as store:
        store.register_collection("calib", "CALIBRATION")
        for visit, month in ((1, "01"), (2, "02")):
            span = {"begin": f"2026-{month}-10T00:00:00Z", "end": f"2026-{month}-10T01:00:00Z"}
            store.insert_dimension("visit", {"visit": visit, **span})
    for level, span in ((1, JANUARY), (2, FEBRUARY)):
        calibrate(project, level)
        with Store.open(project.root) as store:
            found = store.find_dataset("flat")
            assert found is not None
            store.certify("calib", [found], *span)
    project.run("-i", "calib")

    assert [project.read(f"clean/{visit}.txt") for visit in (1, 2)] == ["raw\nflat 1\n", "raw\nflat 2\n"]
    assert used(project, "clean/1.txt") == ["calib/flat.txt"]
    assert project.json("verify", "-i", "calib", "clean")["ok"]
    project.provstore("lock", "-i", "calib")
    assert project.provstore("check", "--locked", "-i", "calib")
    assert project.json("verify", "--locked", "-i", "calib")["ok"]
    assert "calib/flat.txt" in project.provstore("graph", "--tasks", "-i", "calib", "clean").out
    calibrate(project, 3)
    assert stale(project, "-i", "calib") == {}
    project.write("calib/flat.txt", "by hand\n")
    assert [task for task in stale(project, "-i", "calib") if task.startswith("clean")] == []


def calibrate(project: Project, level: int) -> None:
    """Makes another flat at the same path."""
    project.write("Pipelinefile.toml", re.sub("level = .", f"level = {level}", project.read("Pipelinefile.toml")))
    project.run("flat", "-i", "calib")


def test_an_input_that_is_read_from_a_copy_has_a_name_as_long_as_may_be(tmp_path: Path) -> None:
    """The copy has no longer one before it is whole."""
    name = "n" * 251 + ".dat"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": f"""
[datasets.flat]
path = "{name}"
[stages.copy]
run = "cat {{inputs.flat}} > {{outputs.copy}}"
inputs.flat = {{ dataset = "flat" }}
outputs.copy = "copy"
"""})  # fmt: skip
    with Store.open(project.root) as store:
        store.put(b"one", "flat", run="first")
        store.put(b"two", "flat", run="second")
    project.run("-i", "first")

    assert (project.read("copy"), project.read(name)) == ("one", "two")


# --- inputs that are no calibrations ------------------------------------------------------------------------------

PLAIN = """
[dimensions]
visit = { type = "int", implies = ["band"] }
band = ["g", "r"]
detector = {}

[datasets.raw]
dimensions = ["visit", "detector"]
[datasets.sky]
dimensions = ["band"]
path = "sky/{band}.txt"

[stages.sum]
dimensions = ["visit"]
run = "cat {inputs.raw} {inputs.sky} > {outputs.sum}"
inputs.raw = { dataset = "raw" }
inputs.sky = { dataset = "sky" }
outputs.sum = "sum/{visit}.txt"
"""


@pytest.fixture
def plain(tmp_path: Path) -> Project:
    """Raw data of two visits, known to the registry alone, and a sky for each band at its path."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": PLAIN, "sky/g.txt": "g\n", "sky/r.txt": "r\n"})
    with Store.open(project.root) as store:
        for visit, band in ((1, "g"), (2, "r")):
            store.insert_dimension("visit", {"visit": visit, "band": band})
            for detector in ("b", "a"):
                add(
                    project,
                    store,
                    "raw",
                    f"in/{visit}{detector}",
                    f"{visit}{detector}\n",
                    visit=visit,
                    detector=detector,
                )
    return project


def add(project: Project, store: Store, kind: str, path: str, text: str, **data_id: int | str) -> str:
    """Registers data in a RUN collection that is named after the first folder of its path."""
    project.write(path, text)
    return store.register_dataset(path, dataset_type=kind, data_id=data_id, collection=path.partition("/")[0])


def test_what_has_no_path_is_found_in_the_registry(plain: Project) -> None:
    """The datasets say which tasks there are, and are gathered in order; what has a path lies there."""
    plain.provstore("collection", "chain", "main", "in", "--extend")
    with Store.open(plain.root) as store:
        for band in "gr":
            add(plain, store, "sky", f"old/{band}.txt", f"old {band}\n", band=band)
    assert executed(plain.run()) == ["sum@visit=1", "sum@visit=2"]
    assert plain.read("sum/2.txt") == "2a\n2b\ng\nr\n"  # at paths, all values of what is no dimension of the stage
    done = plain.run("-i", "in,old")

    assert executed(done) == ["sum@visit=1", "sum@visit=2"]
    assert [plain.read(f"sum/{visit}.txt") for visit in (1, 2)] == ["1a\n1b\nold g\n", "2a\n2b\nold r\n"]


def test_another_dataset_at_the_head_of_the_collections_makes_its_tasks_stale(plain: Project) -> None:
    """What is found first decides, and only the task that reads it is stale."""
    with Store.open(plain.root) as store:
        for band in "gr":
            add(plain, store, "sky", f"old/{band}.txt", f"old {band}\n", band=band)
        plain.run("-i", "old,in")
        add(plain, store, "sky", "new/r.txt", "new r\n", band="r")

    assert stale(plain, "-i", "old,in") == {}
    assert list(stale(plain, "-i", "new,old,in")) == ["sum@visit=2"]
    assert plain.json("run", "-n", "-i", "new,old,in") == plain.json("status", "-i", "new,old,in")
    assert executed(plain.run("-i", "new,old,in")) == ["sum@visit=2"]


def test_nothing_found_is_a_missing_input_of_the_tasks_that_are_asked_for(plain: Project) -> None:
    """The message names dataset type, data ID and collections; what needs none of it runs."""
    more = '[stages.other]\nrun = "echo > {outputs[0]}"\noutputs = ["other"]\n'
    plain.write("Pipelinefile.toml", PLAIN + more)

    assert "input 'sky': found no sky band=g in in" in plain.run("-i", "in", status=2).err
    assert executed(plain.run("other", "-i", "in")) == ["other"]
    assert plain.provstore("gc", "-n")
    with Store.open(plain.root) as store:
        add(plain, store, "sky", "old/g.txt", "old\n", band="g")
        again = add(plain, store, "sky", "old/r.txt", "old\n", band="r")
        store.delete_dataset(again)
    assert "found no sky band=r in in, old" in plain.run("-i", "in,old", status=2).err


def test_recorded_bytes_that_are_nowhere_are_refused_before_anything_runs(plain: Project) -> None:
    """A file that was changed and whose bytes are not kept: the message names dataset and path."""
    plain.write("Pipelinefile.toml", '[store]\nobjects = "none"\n' + PLAIN)
    with Store.open(plain.root) as store:
        for band in "gr":
            sky = add(plain, store, "sky", f"old/{band}.txt", f"old {band}\n", band=band)
    plain.write("old/r.txt", "by hand\n")
    text = plain.run("-i", "in,old", status=2).err

    assert f"dataset {sky} was recorded at old/r.txt, which holds something else by now" in text
    assert not (plain.root / "sum").exists()


def test_values_of_another_type_are_named(plain: Project) -> None:
    """A number in the registry is no text in a path: the message says which type is where."""
    pipeline = PLAIN.replace('type = "int", implies = ["band"]', "").replace('["band"]', "[]").replace("/{band}", "/g")
    pipeline = pipeline.replace('dimensions = ["visit"]\n', 'dimensions = ["visit"]\ninputs.list = "list/{visit}"\n')
    plain.write("list/1")
    plain.write("Pipelinefile.toml", pipeline)
    text = plain.provstore("run", "-i", "in", status=2).err

    assert "'visit' is 1, here '1' (say which 'type' the dimension 'visit' has)" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            'inputs.x = { path = "x", calibration = true }',
            "has 'calibration', which is for inputs that name a 'dataset'",
        ),
        ('inputs.x = { dataset = "raw", calibration = true }', "found no raw: main holds no CALIBRATION collection"),
        ('inputs.x = { dataset = "rav" }', "unknown dataset type 'rav'"),
        ('outputs.x = { dataset = "raw" }', "dataset type 'raw' has no path"),
    ],
)
def test_an_input_that_can_not_be_looked_up_is_refused(plain: Project, words: str, message: str) -> None:
    """A mistake in the Pipelinefile has its place."""
    stage = f'[stages.other]\nrun = "true"\n{words}\n'
    plain.write("Pipelinefile.toml", PLAIN + stage)
    text = plain.provstore("run", "other", status=2).err

    assert message in text
    assert f"Pipelinefile.toml:{len(PLAIN.splitlines()) + 3}: stage 'other'" in text
