"""Tables of datasets: what they show and what they leave out."""

from __future__ import annotations

from pathlib import Path

from provstore import Store
from provstore.cli.dataset_text import datasets_text
from provstore.operations.identify import short_ids
from provstore.operations.registry.queries.datasets import Query, list_datasets
from provstore.store.lock import RunLock

from .project import Project


def shown(store: Store) -> list[str]:
    project = store._project
    report = list_datasets(project, Query()).report
    return datasets_text(report, short_ids(project.store, [record.id for record in report.datasets]), None).splitlines()


def test_a_table_has_only_columns_that_say_something(tmp_path: Path) -> None:
    """Files without type and version have an id and a path; the rest comes when some dataset has it."""
    with Store.create(tmp_path) as store:
        (tmp_path / "a.txt").write_text("a")
        (tmp_path / "b.txt").write_text("b")
        store.register_dataset("a.txt")
        plain = shown(store)[0].split()
        store.register_dataset("b.txt", "1.0.0", dataset_type="note", data_id={"visit": 3}, owner="ann")
        full = shown(store)[0]

    assert plain == ["id", "path"]
    assert full.split() == ["id", "type", "data", "ID", "name", "version", "owner", "path"]


def test_ids_in_a_table_name_one_dataset_each(tmp_path: Path) -> None:
    """What was recorded within one moment has ids that begin alike; as much is shown as tells them apart."""
    with Store.create(tmp_path) as store:
        for number in range(20):
            (tmp_path / f"{number}.txt").write_text(str(number))
            store.register_dataset(f"{number}.txt")
        ids = [line.split()[0] for line in shown(store)[1:]]

        assert len({store.get_dataset(id).path for id in ids}) == 20


STAGE = """
[dimensions]
visit = [7]
band = ["r"]
[stages.make]
dimensions = ["visit", "band"]
run = "echo {visit} > {outputs.image}"
outputs.image = "{visit}_{band}.txt"
"""


def test_dimensions_are_named_in_the_order_of_the_stage(tmp_path: Path) -> None:
    """Of a type that is called after a stage; they are sorted where no stage is called so any more."""
    project = Project(tmp_path, {"Pipelinefile.toml": STAGE})
    project.run()
    with Store.open(tmp_path) as store:
        known = shown(store)
        (type,) = store.query_dataset_types("make.*")
    project.write("Pipelinefile.toml", "")
    with Store.open(tmp_path) as store:
        unknown = shown(store)

    assert "visit=7, band=r" in known[1]
    assert type.dimensions == ("visit", "band")
    assert "band=r, visit=7" in unknown[1]


def test_where_to_work_may_be_said_before_behind_and_after_a_group(tmp_path: Path) -> None:
    """`-C` adds up, in front of the group, behind it and behind its command; of `-f` the last one counts."""
    (tmp_path / "a").mkdir()
    project = Project(tmp_path / "a" / "p", {"Pipelinefile.toml": "[dimensions]\nvisit = [7]\n"})
    for words in (
        ("-C", "a", "dimension", "-C", "p", "ls"),
        ("dimension", "-C", "a", "ls", "-C", "p"),
        ("dimension", "-f", "a/p/Pipelinefile.toml", "ls"),
        ("-f", "none.toml", "type", "-C", "a", "-f", "p/Pipelinefile.toml", "ls"),
        ("dataset", "-C", "a/p", "ls"),
        ("execution", "-C", "a/p", "ls"),
    ):
        assert project.provstore(*words, cwd=tmp_path)


def test_a_deletion_can_be_looked_at_before(tmp_path: Path) -> None:
    """`-n` says what would go, and nothing goes; like any question it does not wait for a run."""
    project = Project(tmp_path, {"Pipelinefile.toml": "", "a.txt": "a"})
    id = project.provstore("dataset", "register", "a.txt").out.strip()
    run = RunLock(str(tmp_path / ".provstore" / "lock"), "a run", wait=False, on_wait=print)
    said = project.provstore("dataset", "delete", "-n", id).out
    run.release()
    there = (tmp_path / "a.txt").exists()
    project.provstore("dataset", "delete", id)

    assert said == f"would delete {id}, would remove a.txt\n"
    assert there
    assert not (tmp_path / "a.txt").exists()


def test_why_says_what_a_file_is(tmp_path: Path) -> None:
    """Beside what made it: the name and version that a person gave it, and its type and data ID."""
    project = Project(tmp_path, {"Pipelinefile.toml": "", "a.txt": "a"})
    project.provstore("dataset", "register", "a.txt", "1.2.0", "--type", "note", "--data-id", "visit=3")

    assert "  is        'a' 1.2.0, note visit=3\n" in project.provstore("why", "a.txt").out
