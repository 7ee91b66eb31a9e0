"""What is said wrongly to `put`, `get` and `ingest` is refused by an error that says what was found and expected."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from provstore import Store
from provstore.errors import DataDeletedError, FileError, UnknownIdError, UsageError

PIPELINE = """
[project]
plugins = ["tools/keyed.py"]

[dimensions]
visit = { type = "int" }
target = {}

[datasets.metrics]
dimensions = ["visit"]
format = "json"

[datasets.raw]
dimensions = ["visit"]
format = "text"
path = "raw*[1]/{visit:03d}.txt"

[datasets.seen]
dimensions = ["target"]
format = "text"

[datasets.keyed]
dimensions = ["visit"]
format = "keyed"
"""

KEYED = """
from provstore.plugin import Format, hookimpl

class Keyed(Format):
    name = "keyed"
    python_type = dict
    def read(self, path, component=None, **parameters):
        return {}[component]
    def write(self, value, path):
        path.write_text(value["unit"])

@hookimpl
def provstore_formats():
    return [Keyed()]
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A new project, in which the test works, with files beside it."""
    root, incoming = tmp_path / "p", tmp_path / "in"
    (root / "tools").mkdir(parents=True)
    incoming.mkdir()
    (root / "Pipelinefile.toml").write_text(PIPELINE)
    (root / "tools" / "keyed.py").write_text(KEYED)
    (incoming / "1.txt").write_text("one")
    monkeypatch.chdir(root)
    with Store.create(root) as made:
        yield made


@pytest.mark.parametrize("wrong", [None, 3, b"metrics", ["metrics"], object()])
def test_what_is_no_name_is_said(store: Store, wrong: Any) -> None:
    """Of a dataset type and of a collection, in every call; nothing is recorded."""
    store.put(1, "metrics", visit=1, run="first")
    before = store.query_collections()

    with pytest.raises(UsageError, match="dataset type: found "):
        store.put(1, wrong, visit=2)
    with pytest.raises(UsageError, match="dataset: found "):
        store.get(wrong, visit=1)
    with pytest.raises(UsageError, match="dataset type: found "):
        store.ingest("../in/1.txt", wrong)
    if wrong is not None:
        with pytest.raises(UsageError, match="run: found "):
            store.put(1, "metrics", visit=2, run=wrong)
    assert store.query_collections() == before


@pytest.mark.parametrize("wrong", [None, 3, b"1.txt", [None], [b"1.txt"]])
def test_what_is_no_file_is_said(store: Store, wrong: Any) -> None:
    """Whether one file is given or several."""
    with pytest.raises(UsageError, match="found"):
        store.ingest(wrong, "raw", template="{visit}.txt")


@pytest.mark.parametrize("wrong", [None, 3, "ab", [("1.txt",)], [("1.txt", 3)], [("1.txt", None)], {"1.txt": {}}])
def test_pairs_are_a_thing_and_its_data_id(store: Store, wrong: Any) -> None:
    """Else they are refused, also where the data ID of a file is none."""
    with pytest.raises(UsageError, match="found"):
        store.put_many(wrong, "metrics")
    with pytest.raises(UsageError, match="found"):
        store.ingest_files(wrong, "raw")


def test_one_file_has_one_data_id_however_it_is_spelled(store: Store) -> None:
    """Else it would be two datasets of one file."""
    with pytest.raises(UsageError, match="twice"):
        store.ingest_files([("../in/1.txt", {"visit": 1}), ("../in/./1.txt", {"visit": 2})], "raw")


def test_what_get_takes_is_checked(store: Store) -> None:
    """Collections, a time span, parameters; and a dataset is named alone."""
    made = store.put(1, "metrics", visit=1)
    store.alias("mine", made)
    wrong: Any
    for wrong in (3, "ab", ("2026-01-01",), ("a", "b", "c")):
        with pytest.raises(UsageError, match="timespan: found"):
            store.get("metrics", visit=1, timespan=wrong)
    for wrong in (3, "rows", {1: 2}):
        with pytest.raises(UsageError, match="parameters: found"):
            store.get("metrics", visit=1, parameters=wrong)

    with pytest.raises(UsageError, match="collections: found"):
        store.get("metrics", visit=1, collections=[])
    for named in (made, made.id, "mine"):
        with pytest.raises(UsageError, match=f"this is dataset {made.id}, found a data ID"):
            store.get(named, visit=1)


def test_what_was_deleted_is_said_by_its_data_id_too(store: Store) -> None:
    """Unless there is another one: then that is found."""
    made = store.put(1, "metrics", visit=1)
    newer = store.put(2, "metrics", visit=1)
    store.delete_dataset(newer)

    assert store.get("metrics", visit=1) == 1
    store.delete_dataset(made)
    with pytest.raises(DataDeletedError, match=newer.id):
        store.get("metrics", visit=1)
    with pytest.raises(DataDeletedError, match=made.id):
        store.get("metrics", visit=1, collections=made.run)
    with pytest.raises(UnknownIdError, match="metrics visit=2"):
        store.get("metrics", visit=2)


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("", "found ''"),
        (3, "found 3"),
        ("{visit:q}.txt", "can't write whole numbers"),
        ("{target:d}.txt", "no dimension"),
    ],
)
def test_a_template_that_fits_nothing_is_a_mistake(store: Store, template: Any, said: str) -> None:
    """Not a reason to name every file as one that does not fit."""
    with pytest.raises(UsageError, match=said):
        store.ingest("../in/1.txt", "raw", template=template)


def test_the_path_of_a_type_is_taken_letter_for_letter(store: Store, tmp_path: Path) -> None:
    """Also where it has `*` and `[`, which are a glob in a template."""
    for folder in ("rawX1", "raw*[1]"):
        (tmp_path / "in" / folder).mkdir()
        (tmp_path / "in" / folder / "007.txt").write_text(folder)
    report = store.ingest([tmp_path / "in" / "rawX1" / "007.txt", tmp_path / "in" / "raw*[1]" / "007.txt"], "raw")

    assert [os.path.basename(os.path.dirname(name)) for name in report.unmatched] == ["rawX1"]
    assert store.get("raw", visit=7) == "raw*[1]"
    assert len(store.ingest("../in/raw*/*.txt", "raw", template="raw?1/{visit:03d}.txt").ingested) == 1


def test_a_name_that_no_template_writes_does_not_fit(store: Store, tmp_path: Path) -> None:
    """One that is not UTF-8; the others are taken."""
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff.txt")).write_text("x")
    report = store.ingest("../in/*.txt", "seen", template="{target}.txt")

    assert [found.data_id for found in report.ingested] == [{"target": "1"}]
    assert len(report.unmatched) == 1


def test_a_mistake_in_a_files_data_id_names_the_file(store: Store, tmp_path: Path) -> None:
    """Among a thousand files it could not be found else."""
    with pytest.raises(UsageError, match=r"in/1\.txt: raw: its data ID lacks 'visit'"):
        store.ingest("../in/1.txt", "raw", template="1.txt")
    with pytest.raises(UsageError, match=r"in/1\.txt: its name says visit=1, found visit='1'"):
        store.ingest("../in/1.txt", "raw", template="{visit}.txt", data_id={"visit": "1"})


@pytest.mark.parametrize(("file", "error"), [("../in/1.txt", UsageError), ("visit=1", FileError)])
def test_what_the_names_do_not_say_can_be_said_of_all_files(store: Store, file: str, error: type[Exception]) -> None:
    """The hint of a file without a value, and of a value where files stand, tells how."""
    with pytest.raises(error) as caught:
        store.ingest(file, "raw", template="1.txt")

    assert "--data-id NAME=VALUE" in caught.value.hint


def test_no_dataset_gets_a_name_with_control_characters(store: Store) -> None:
    """As none does that is registered by hand."""
    with pytest.raises(UsageError, match="no control character"):
        store.put("x", "seen", target="a\nb")

    assert not Path("seen").exists()
    assert store.get(store.put("x", "seen", target="é ü")) == "x"


def test_a_missing_key_is_named_as_what_it_is(store: Store) -> None:
    """The key alone would be no sentence."""
    with pytest.raises(UsageError, match=r"keyed visit=1: format keyed: keyed/1: can't be written: KeyError: 'unit'"):
        store.put({}, "keyed", visit=1)
    store.put({"unit": "m"}, "keyed", visit=1)
    with pytest.raises(UsageError, match="KeyError: 'gain'"):
        store.get("keyed.gain", visit=1)
