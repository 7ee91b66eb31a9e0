"""Files are taken in with data IDs that somebody gives, whatever their names are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from provstore import Store
from provstore.api import Dataset
from provstore.errors import FileError, UsageError
from provstore.watch import small

PIPELINE = """
[dimensions]
visit = { type = "int" }

[datasets.raw]
dimensions = ["visit"]
format = "text"
path = "raw/{visit}.txt"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, with two files beside it, and somebody in it."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pipelinefile.toml").write_text(PIPELINE, encoding="utf-8")
    for name in ("one.dat", "two [*].dat"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    monkeypatch.chdir(project)
    return project


def test_names_of_files_mean_nothing(folder: Path) -> None:
    """Neither the template of the type nor wild cards: the data ID is what was said."""
    with Store.open() as store:
        report = store.ingest_files([("../two [*].dat", {"visit": 2}), (Path("../one.dat"), {"visit": 1})], "raw")

        assert [dataset.data_id for dataset in report.ingested] == [{"visit": 2}, {"visit": 1}]
        assert store.get("raw", visit=2) == "two [*].dat"
    assert sorted(file.name for file in (folder / "raw").iterdir()) == ["1.txt", "2.txt"]


@pytest.mark.parametrize(
    ("files", "kind", "said"),
    [
        ([("../one.dat", {"visit": 1}), ("../two [*].dat", {"visit": 1})], UsageError, "visit=1"),
        ([("../one.dat", {"visit": 1}), ("../one.dat", {"visit": 2})], UsageError, "twice"),
        ([("../one.dat", {"visit": 1}), ("../*.dat", {"visit": 2})], FileError, "no such file"),
        ([("../one.dat", {"visit": 1}), ("../two [*].dat", {"visit": "2"})], UsageError, "whole number"),
        ([("../one.dat", {"visit": 1}), ("../two [*].dat", {})], UsageError, "visit"),
        ([("../one.dat", {"visit": 1}), ("../two [*].dat", {"visit": 2, "band": "r"})], UsageError, "band"),
    ],
)
def test_one_mistake_refuses_all(
    folder: Path, files: list[tuple[str, dict[str, int | str]]], kind: type[Exception], said: str
) -> None:
    """Neither a file nor a dataset of the others is left."""
    with Store.open() as store:
        with pytest.raises(kind, match=said):
            store.ingest_files(files, "raw")

        assert store.query_datasets("*") == []
    assert not (folder / "raw").exists()


def test_no_files_are_no_mistake(folder: Path) -> None:
    """An empty report."""
    with Store.open() as store:
        report = store.ingest_files([], "raw")

    assert (report.run, report.ingested) == (None, ())
    assert not (folder / "raw").exists()


def test_what_is_known_is_passed_over_on_request(folder: Path) -> None:
    """And an error without it."""
    files = [("../one.dat", {"visit": 1})]
    with Store.open() as store:
        store.ingest_files(files, "raw", run="first")

        assert store.ingest_files(files, "raw", run="first", skip_existing=True).skipped == ("../one.dat",)
        with pytest.raises(UsageError, match="this is dataset"):
            store.ingest_files(files, "raw", run="first")


def test_another_pipelinefile_names_the_project(folder: Path) -> None:
    """As `-f` does on the command line; what follows # selects targets there, and nothing here."""
    (folder / "other.toml").write_text(PIPELINE.replace("raw/", "bare/"), encoding="utf-8")
    with Store.open(file="other.toml#all") as store:
        store.ingest_files([("../one.dat", {"visit": 1})], "raw")

    assert (folder / "bare/1.txt").exists()


@pytest.mark.parametrize("transfer", ["direct", "copy"])
def test_many_files_are_recorded_as_each_alone(folder: Path, monkeypatch: pytest.MonkeyPatch, transfer: str) -> None:
    """By two processes as by one, whatever the names are; and every record is proved when it is asked for."""
    monkeypatch.setattr(small, "PAYS", 2)
    monkeypatch.setattr(small, "processors", lambda: 2)
    names = ["a.dat", "100 %s %(path)s.dat", "\u00e9 \U0001f600.dat", "'quoted\".dat", "run"]
    files = []
    for visit, name in enumerate(names):
        (folder.parent / name).write_bytes(name.encode() * visit)
        files.append((f"../{name}", {"visit": visit}))
    (folder.parent / "run").chmod(0o700)

    def told(datasets: list[Dataset]) -> list[Dataset]:
        return [dataclasses.replace(dataset, id="", created="", run="") for dataset in datasets]

    with Store.open() as store:
        alone = [store.ingest_files([file], "raw", transfer=transfer, run="alone").ingested[0] for file in files]
        many = store.ingest_files(files, "raw", transfer=transfer, run="many").ingested

        assert told(list(many)) == told(alone)
        assert list(store.query_datasets("raw", collections="many", order_by="visit")) == list(many)
