"""What users of a data registry do, from one end to the other: replace many times, delete, use again, ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore import Store
from provstore.cli.dataset_text import datasets_text
from provstore.errors import DataNotKeptError, UsageError
from provstore.operations.registry.queries.datasets import Query, list_datasets

from .project import Project


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new project; beside it a file and a directory to take in."""
    (tmp_path / "directory").mkdir()
    (tmp_path / "directory" / "a.txt").write_text("a")
    (tmp_path / "file").write_text("b")
    with Store.create(tmp_path / "p") as made:
        yield made


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_place_is_free_when_the_last_of_many_iterations_is_deleted(store: Store, tmp_path: Path, kind: str) -> None:
    """Iterations of the next dataset begin anew, and the place is taken until that is deleted as well."""
    ids = [store.register_dataset("my/data", "0.0.1", name="A", old_location=tmp_path / kind, overwritable=True)]
    for iteration in range(1, 5):
        ids.append(store.replace_dataset(ids[-1], old_location=tmp_path / kind, description=f"no. {iteration}"))
        now = store.get_dataset(ids[-1])
        assert (now.iteration, now.replaces, now.status, now.path) == (iteration, ids[-2], "valid", "my/data")
    store.delete_dataset(ids[-1])
    gone = (Path(store.root) / "my" / "data").exists()
    next = store.register_dataset("my/data/", "0.0.1", name="A", old_location=tmp_path / kind, overwritable=True)
    with pytest.raises(UsageError, match=next):
        store.register_dataset("./my//data", "0.0.2", name="B", old_location=tmp_path / kind)

    assert not gone
    assert store.get_dataset(next).iteration == 0
    assert [dataset.id for dataset in store.query_datasets()] == [next]
    assert {dataset.status for dataset in store.query_datasets(status="all")} == {"valid", "replaced", "deleted"}
    Project(Path(store.root), {}).provstore("fsck")


def test_what_was_replaced_says_by_what(store: Store) -> None:
    """An alias stays with its dataset; whoever replaces that again reads which one has its place now, if any."""
    first = store.register_dataset("idea", location="meta", overwritable=True)
    store.alias("plan", first)
    last = store.replace_dataset(store.replace_dataset("plan"))
    with pytest.raises(UsageError, match="it was replaced") as replaced:
        store.replace_dataset("plan")
    store.delete_dataset(last)
    with pytest.raises(UsageError, match="it was replaced") as nowhere:
        store.replace_dataset("plan")

    assert replaced.value.hint == f"dataset {last} has taken its place"
    assert not nowhere.value.hint


def test_what_is_external_stays_where_it_can_be_had(store: Store) -> None:
    """Replacing takes the last way to the data away no more than modifying does."""
    id = store.register_dataset("far", location="external", url="https://a.org", overwritable=True)
    with pytest.raises(UsageError, match="needs a url or a contact"):
        store.replace_dataset(id, url=" ")
    by_mail = store.replace_dataset(id, url="", contact="ann")

    assert store.get_dataset(by_mail).contact == "ann"
    assert store.get_dataset(by_mail).iteration == 1


def test_several_keywords_are_all_asked_for(store: Store) -> None:
    """On the command line as in Python, with a condition and without; in any case."""
    for name, words in [("1", ["simulation"]), ("2", ["Simulation", "Observation"]), ("3", ["observation"])]:
        store.register_dataset(name, location="meta", keywords=words)
    project = store._project
    words = ["simulation", "observation"]
    in_python = [[dataset.path for dataset in store.query_datasets(keywords=asked)] for asked in (words, "OBSERVATION")]
    both = [
        [dataset.path for dataset in list_datasets(project, Query(where=where, keywords=words)).report.datasets]
        for where in ("", "dataset.size = 0")
    ]
    why = list_datasets(project, Query(keywords=["simulation", "other"])).why
    ls = Project(Path(store.root), {}).provstore
    found = ls("dataset", "ls", "--keyword", "SIMULATION", "--keyword", "observation", "--json").report

    assert both == [["2"], ["2"]]
    assert in_python == [["2"], ["2", "3"]]
    assert why == "no dataset has the keyword 'other'"
    assert [dataset["path"] for dataset in found["datasets"]] == ["2"]


def test_a_name_that_the_path_does_not_say_is_listed(store: Store) -> None:
    """Also where no dataset has a version."""
    store.register_dataset("a/1.txt", location="meta", name="The first")
    listed = list_datasets(store._project, Query()).report

    assert "The first" in datasets_text(listed, {}, None)


def test_a_configuration_is_kept_whole(store: Store, tmp_path: Path) -> None:
    """Its text comes back when its file is gone; what has none says so, and what was lost is no fault of ours."""
    text = "seed: 1\n" + "é" * 50_000
    (tmp_path / "run.yaml").write_text(text)
    id = store.register_execution("sim", configuration=tmp_path / "run.yaml")
    (tmp_path / "run.yaml").unlink()
    bare = store.register_execution("bare")
    project = Project(Path(store.root), {})
    shown = project.provstore("execution", "show", id, "--configuration").out
    report = project.provstore("execution", "show", id, "--configuration", "--json").report
    with pytest.raises(UsageError, match="without a configuration"):
        store.execution_configuration(bare)

    assert store.execution_configuration(store.get_execution(id)) == shown == text
    assert report == {"id": id, "text": text}
    store.close()
    shutil.rmtree(project.root / ".provstore" / "objects")
    with Store.open(project.root) as again, pytest.raises(DataNotKeptError, match="is not kept any more"):
        again.execution_configuration(id)


def test_an_execution_is_called_what_its_person_called_it(store: Store, tmp_path: Path) -> None:
    """No stage has made the data; the name is shown as text only, whatever is in it."""
    made = store.register_execution("stage 1 \u202e<b>", site="NERSC")
    store.register_dataset("data", old_location=tmp_path / "file", execution_id=made)
    lineage = Project(Path(store.root), {}).provstore
    svg = lineage("lineage", "data", "--down", "--format", "svg").out

    assert r"by stage 1 \u202e<b> on" in lineage("lineage", "data").out
    assert "<b>" not in svg
    assert lineage("show", made).out.splitlines()[1:3] == [r"  name     stage 1 \u202e<b>", "  site     NERSC"]


def test_an_execution_that_only_ended_is_asked_when_it_began(store: Store) -> None:
    """Without a start it began now, which is after any end that has passed."""
    with pytest.raises(UsageError, match="expected a time not before") as refused:
        store.register_execution("late", ended="2020-01-01")

    assert "say when" in refused.value.hint


def test_a_store_that_was_closed_says_so(tmp_path: Path) -> None:
    """It is not opened again unawares: nobody would close it."""
    with Store.create(tmp_path / "closed") as store:
        pass
    store.close()

    with pytest.raises(UsageError, match="this store was closed"):
        store.query_collections()
    assert store.root == str(tmp_path / "closed")
