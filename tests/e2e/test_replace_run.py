"""`run --replace-run`: a new run takes the place of the last one, and what becomes of that one's data."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore import Store

from .project import Done, Project

PIPELINE = """
[dimensions]
n = [1, 2]
[stages.make]
dimensions = ["n"]
run = "cat source > {outputs.made}; echo {n} >> {outputs.made}"
inputs = ["source"]
outputs.made = "made/{n}.txt"
[stages.other]
run = "echo other > {outputs[0]}"
outputs = ["other.txt"]
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """After one run that made all three files."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": PIPELINE, "source": "s\n"})
    project.run()
    return project


def chain(project: Project, name: str = "main") -> list[str]:
    (found,) = project.json("collection", "ls", name)["collections"]
    return list(found["children"])


def living(project: Project, run: str) -> list[str]:
    """Paths of the datasets in a RUN collection that were not deleted."""
    return [path for (path,) in project.rows(
        f"SELECT path FROM dataset d WHERE run = '{run}' AND NOT EXISTS (SELECT 1 FROM dataset_deletion x "
        "WHERE x.dataset = d.id) ORDER BY path")]  # fmt: skip


def replace(project: Project, *words: str, status: int = 0) -> Done:
    project.write("source", project.read("source") + "more\n")
    return project.run("--replace-run", *words, status=status)


def test_the_new_run_takes_the_place_of_the_last_one(project: Project) -> None:
    """Only its own datasets are found then; the former ones stay in their RUN collection."""
    (former,) = chain(project)
    done = project.run("--force", "--replace-run")
    (new,) = chain(project)

    assert new != former
    assert f"{former} was replaced in main" in done.err
    assert done.report["replaced"] == {"collection": former, "outcome": "replaced", "deleted": 0}
    assert living(project, former) == living(project, new) == ["made/1.txt", "made/2.txt", "other.txt"]


def test_what_is_up_to_date_is_not_lost(project: Project) -> None:
    """A result that the new run did not make again is still found, whatever is to be pruned, and stays fresh."""
    (former,) = chain(project)
    done = replace(project, "--prune-replaced", "purge")
    new, behind = chain(project)

    assert done.report["replaced"] == {"collection": former, "outcome": "kept", "deleted": 2}
    assert behind == former
    assert (
        f"{former} stays in main, behind the new run: it holds a dataset that this run did not make again" in done.err
    )
    assert living(project, former) == ["other.txt"]
    assert living(project, new) == ["made/1.txt", "made/2.txt"]
    assert project.run().report["run"] is None
    with Store.open(project.root) as store:
        found = store.find_dataset("other.output0")
    assert found is not None
    assert project.provstore("fsck")


def test_unstore_deletes_data_and_purge_the_collection_too(project: Project) -> None:
    """What is deleted stays in its RUN collection with this status; what is purged is gone from the list."""
    (first,) = chain(project)
    unstored = project.run("--force", "--replace-run", "--prune-replaced", "unstore")
    (second,) = chain(project)
    deleted = project.json("dataset", "ls", "--status", "deleted", "--collection", first)["datasets"]
    done = project.run("--force", "--replace-run", "--prune-replaced", "purge")

    assert {entry["path"] for entry in deleted} == {"made/1.txt", "made/2.txt", "other.txt"}
    assert living(project, first) == []
    assert unstored.report["replaced"] == {"collection": first, "outcome": "replaced", "deleted": 3}
    assert f"{second} was replaced, and removed" in done.err
    assert done.report["replaced"] == {"collection": second, "outcome": "removed", "deleted": 3}
    names = [entry["name"] for entry in project.json("collection", "ls", "main/*")["collections"]]
    assert names == [first, *chain(project)]
    assert project.run().report["run"] is None
    assert project.provstore("fsck")


@pytest.mark.parametrize("prune", ["unstore", "purge"])
def test_what_something_refers_to_is_refused_before_anything_runs(project: Project, prune: str) -> None:
    """A dataset in a TAGGED collection, and for purge another chain, keep a run from being pruned."""
    (former,) = chain(project)
    before = project.rows("SELECT count(*) FROM run")
    with Store.open(project.root) as store:
        if prune == "unstore":
            store.register_collection("best", "TAGGED")
            found = store.find_dataset("other.output0")
            assert found is not None
            store.associate("best", [found])
        else:
            store.register_collection("all", "CHAINED")
            store.redefine("all", [former])
    text = project.run("--force", "--replace-run", "--prune-replaced", prune, status=2).err

    assert f"{former} can't be pruned, as something refers to it" in text
    assert project.rows("SELECT count(*) FROM run") == before
    assert chain(project) == [former]


def test_a_run_that_fails_replaces_nothing(project: Project) -> None:
    """The former run and its data stay as they are; the failed one stands before it."""
    (former,) = chain(project)
    project.write("Pipelinefile.toml", PIPELINE.replace("cat source", "cat source; exit 3"))
    done = project.run("--replace-run", "--prune-replaced", "purge", status=1)

    assert f"{former} was not replaced, as this run has not succeeded" in done.err
    assert done.report["replaced"] is None
    assert chain(project)[1:] == [former]
    assert len(living(project, former)) == 3


def test_without_anything_to_do_or_to_replace_it_says_so(project: Project) -> None:
    """A run with nothing to do replaces nothing; where no run is at the head, a remark says that."""
    (former,) = chain(project)
    done = project.run("--replace-run")
    other = project.run("--force", "other", "-o", "mine", "--replace-run")

    assert "no run was replaced, as there is nothing to do" in done.err
    assert done.report["replaced"] is None
    assert chain(project) == [former]
    assert "mine has no run at its head that could be replaced" in other.err
    assert len(chain(project, "mine")) == 1
    assert "found without --replace-run" in project.run("--prune-replaced", "purge", status=2).err


def test_what_was_registered_by_hand_is_never_pruned(project: Project) -> None:
    """A dataset that somebody put into the run's collection stays, and so does the collection."""
    (former,) = chain(project)
    project.write("mine.txt", "mine\n")
    with Store.open(project.root) as store:
        store.register_dataset("mine.txt", collection=former)
    project.run("--force", "--replace-run", "--prune-replaced", "purge")

    assert chain(project)[1:] == [former]
    assert living(project, former) == ["mine.txt"]
