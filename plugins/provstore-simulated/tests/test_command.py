"""`provstore ingest-simulated` on the command line: what it takes in, what it refuses, and what it prints."""

from __future__ import annotations

import pytest

from provstore.testing import Project

PIPELINE = """
[dimensions]
exposure = { type = "int" }
detector = "1..6"

[datasets.rawexp]
dimensions = ["exposure", "detector"]
format = "bytes"
path = "raw/{exposure}_{detector}.fits"
"""
FIRST, SECOND = "../sky/sim_exposure_000001_array_1.fits", "../sky/sim_exposure_000001_array_2.fits"


@pytest.fixture
def survey(project: Project) -> Project:
    """A project with two simulated files beside it, and one that is something else."""
    project.write("Pipelinefile.toml", PIPELINE)
    for name, content in ((FIRST, "one"), (SECOND, "two"), ("../sky/notes.txt", "three")):
        project.write(name, content)
    return project


def data_ids(project: Project) -> list[dict[str, int]]:
    """Of all images that the store knows."""
    found = project.json("data-id", "exposure", "detector", "--datasets", "rawexp")["data_ids"]
    return sorted(found, key=lambda data_id: str(sorted(data_id.items())))


def nothing_is_left(project: Project) -> bool:
    """Neither a file nor a dataset."""
    listed = project.json("dataset", "ls", "*")["datasets"]
    return not project.exists("raw") and not listed


def test_files_are_linked_and_found(survey: Project) -> None:
    """By links unless something else is said; a file that does not match is named, and is no obstacle."""
    done = survey.provstore("ingest-simulated", "../sky")

    assert (survey.root / "raw/1_2.fits").is_symlink()
    assert survey.read("raw/1_2.fits") == "two"
    assert data_ids(survey) == [{"exposure": 1, "detector": 1}, {"exposure": 1, "detector": 2}]
    assert done.err == "does not match: ../sky/notes.txt\n"


def test_the_report_has_datasets_as_provstore_has_them(survey: Project) -> None:
    """The collection, what was taken in, what does not match, what was known."""
    words = ("ingest-simulated", "../sky", "--run", "sim/1", "--transfer", "copy")
    first = survey.json(*words)
    second = survey.json(*words, "--skip-existing")

    assert (first["run"], first["unmatched"], first["skipped"]) == ("sim/1", ["../sky/notes.txt"], [])
    assert [dataset["path"] for dataset in first["ingested"]] == ["raw/1_1.fits", "raw/1_2.fits"]
    assert survey.json("dataset", "show", first["ingested"][0]["id"])["data_id"] == {"exposure": 1, "detector": 1}
    assert (second["ingested"], second["skipped"]) == ([], [FIRST, SECOND])


def test_a_dry_run_takes_nothing(survey: Project) -> None:
    """It says which file would become what, and leaves no store."""
    before = survey.files()
    report = survey.json("ingest-simulated", "../sky", "--dry-run")
    said = survey.provstore("ingest-simulated", "-n", FIRST).out

    assert report["files"][0] == {"path": FIRST, "data_id": {"exposure": 1, "detector": 1}}
    assert said == f"exposure=1, detector=1  {FIRST}\n1 would be ingested as rawexp\n"
    assert survey.files() == before
    assert not survey.exists(".provstore")


def test_names_are_any_bytes(survey: Project) -> None:
    """Also those that no terminal and no JSON has: they are spelled out, and do no harm."""
    survey.write("../sky/\x1b[31m\udcff.fits")
    said = survey.provstore("ingest-simulated", "../sky")
    report = survey.json("ingest-simulated", "../sky", "-n")

    assert "\x1b" not in said.err
    assert "../sky/\x1b[31m\udcff.fits" in report["unmatched"]


def test_what_is_known_is_refused_as_a_whole(survey: Project) -> None:
    """The new file among the known ones is not taken in, either."""
    survey.provstore("ingest-simulated", FIRST, "--run", "sim/1")
    done = survey.provstore("ingest-simulated", "../sky", "--run", "sim/1", status=2)

    assert FIRST in done.err
    assert data_ids(survey) == [{"exposure": 1, "detector": 1}]
    assert not survey.exists("raw/1_2.fits")


def test_a_detector_that_there_is_not_is_refused(survey: Project) -> None:
    """Before anything is placed: the other files are not taken in, either."""
    survey.write("../sky/sim_exposure_000001_array_7.fits")
    done = survey.provstore("ingest-simulated", "../sky", status=2)

    assert "detector=7" in done.err
    assert nothing_is_left(survey)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--regex", "array_(", FIRST), "is no regular expression"),
        (("--regex", r"array_(\d)", FIRST), "names no dimension"),
        (("--regex", r"array_(?P<detector>\d)", FIRST), "exposure"),
        (("--regex", r"exposure_(?P<visit>\d+)_array_(?P<detector>\d)", FIRST), "visit"),
        (("--type", "rawexpo", FIRST), "rawexp"),
        (("--transfer", "teleport", FIRST), "symlink"),
        (("../nowhere",), "nowhere"),
        (("-C", "nowhere", FIRST), "nowhere"),
        ((), "FILE"),
    ],
)
def test_mistakes_are_named(survey: Project, words: tuple[str, ...], said: str) -> None:
    """With exit status 2, and nothing is left behind."""
    done = survey.provstore("ingest-simulated", *words, status=2)

    assert said in done.err
    assert nothing_is_left(survey)


def test_nothing_that_matches_is_no_success(survey: Project) -> None:
    """Exit status 1, and every file is counted."""
    done = survey.provstore("ingest-simulated", "--regex", r"(?P<exposure>x)$", "../sky", status=1)

    assert done.out == "0 ingested as rawexp\n"
    assert done.err.count("does not match: ") == 3


def test_the_project_is_found_as_by_other_commands(survey: Project) -> None:
    """By `-C` before and after the command, which add up; paths are relative to the current folder."""
    survey.provstore("-C", "..", "ingest-simulated", "-C", survey.root.name, FIRST)
    survey.provstore("ingest-simulated", "-f", "Pipelinefile.toml", SECOND)

    assert data_ids(survey) == [{"exposure": 1, "detector": 1}, {"exposure": 1, "detector": 2}]


def test_the_command_is_listed(survey: Project) -> None:
    """In the help, with its own behind it; and its plug-in by `provstore plugins`."""
    assert "ingest-simulated" in survey.provstore("--help").out
    assert "(?P<exposure>" in survey.provstore("ingest-simulated", "--help").out
    assert survey.provstore("plugins").out.count("command ingest-simulated") == 1
