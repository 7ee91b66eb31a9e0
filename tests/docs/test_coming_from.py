"""Who knows another tool and types what its page says sees what the page shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import click
import pytest

from provstore import Store
from provstore.cli.group import root

from .page import BLOCK, ROOT, Reader, alike, links, steps

PAGES = sorted((ROOT / "docs" / "coming-from").glob("*.md"))
THEIRS = ("make",)
"""Commands of other tools that pages type; a page is skipped where they are not installed."""
OF_PLUGINS = ("ingest-simulated",)
SECTIONS = (
    "Their words and ours",
    "An example",
    "What is different in kind",
    "What we don't have",
    "Moving a project over",
)
PROGRAM = re.compile(r"^<!-- program: (\S+) -->\n```python\n(.*?)^```$", re.M | re.S)
MINUTES = re.compile(r"\b\d{4}-\d{2}-\d{2}(T| )\d{2}:\d{2}Z")
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def compared(output: str) -> str:
    """The output without what differs from one call to the next, times to the minute included."""
    return alike(MINUTES.sub("2000-01-01 00:00:00Z", output))


@each_page
def test_commands_print_what_the_page_shows(page: Path, tmp_path: Path) -> None:
    """Each file written, each command typed, in order, in an empty folder."""
    text = page.read_text(encoding="utf-8")
    missing = [name for name in THEIRS if f"\n$ {name} " in text and shutil.which(name) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    folder = tmp_path / "project"
    folder.mkdir()
    played = list(Reader(folder).play(text))

    assert len(played) > 5
    for step, printed in played:
        assert compared(printed) == compared(step.output), f"$ {step.command}"


def options_of(command: click.Command) -> set[str]:
    """Every option of a command, in all of its spellings."""
    return {spelling for param in command.params for spelling in (*param.opts, *param.secondary_opts)}


@each_page
def test_commands_that_a_page_names_exist(page: Path) -> None:
    """With the options that stand behind them, in tables and in prose: `provstore NAME [NAME] --option`."""
    top = click.Context(root, info_name="provstore")
    prose = BLOCK.sub("", page.read_text(encoding="utf-8"))
    spans = [words.split() for words in re.findall(r"`provstore ([a-z][^`]*)`", prose)]

    assert spans
    for name, *rest in spans:
        command = root.get_command(top, name)
        if command is None and name in OF_PLUGINS:
            continue
        assert command is not None, name
        if isinstance(command, click.Group) and rest and rest[0].isalpha():
            inner = command.get_command(click.Context(command, parent=top), rest[0])
            assert inner is not None, f"{name} {rest[0]}"
            command = inner
        named = {word for word in rest if re.fullmatch(r"--[a-z][a-z-]*|-[a-zA-Z]", word)}
        assert named <= options_of(command), " ".join([name, *rest])


@each_page
def test_a_page_answers_all_questions(page: Path) -> None:
    """Words, an example, differences, what is missing, and the way over: the same sections, in one order."""
    sections = re.findall(r"^## (.*)$", page.read_text(encoding="utf-8"), re.M)

    assert tuple(sections) == SECTIONS


@each_page
def test_a_page_is_in_the_index(page: Path) -> None:
    """Whoever opens docs/README.md finds all of them."""
    index = links((ROOT / "docs" / "README.md").read_text(encoding="utf-8"))

    assert f"coming-from/{page.name}" in index


REGISTRY = """
class DataRegistry:
    def __init__(self, **where):
        pass

    def get_table_values(self, table, columns):
        rows = {
            "execution": [(1, "first", "Stage 1", None), (2, "second", None, "here")],
            "dependency": [(2, 10)],
        }[table]
        return {f"{table}.{name}": list(values) for name, values in zip(columns, zip(*rows))}

    def find_datasets(self, property_names):
        return {"dataset.dataset_id": [11], "keyword.keyword": ["simulation"]}

    def simple_query(self):
        shared = {"owner": "ann", "owner_type": "user", "version_string": "1.2.0", "description": None, "url": None}
        shared |= {"contact_email": None, "register_date": "2026-01-02", "status": 1, "is_overwritable": False}
        shared |= {"location_type": "dataregistry"}
        return [
            {**shared, "dataset_id": 10, "execution_id": 1, "name": "a", "relative_path": "a", "path": "theirs/a"},
            {**shared, "dataset_id": 11, "execution_id": 2, "name": "b", "relative_path": "b", "path": "theirs/b"},
            {**shared, "dataset_id": 9, "execution_id": 1, "name": "b", "relative_path": "b", "path": "", "status": 3},
            {**shared, "dataset_id": 12, "execution_id": 2, "name": "c", "relative_path": "c", "path": "far",
             "location_type": "external", "url": "https://example.org/c"},
        ]
"""
"""What the program of the page calls of the data registry, with the tables' columns of its version 1.10."""


def run_program(page: str, folder: Path) -> None:
    """Runs the program that a page has for those who move over."""
    ((name, text),) = PROGRAM.findall((ROOT / "docs" / "coming-from" / page).read_text(encoding="utf-8"))
    (folder / name).write_text(text, encoding="utf-8")
    printed = Reader(folder).type(f"PYTHONPATH=. python {name}")

    assert printed == ""


def test_a_data_registry_is_taken_over(tmp_path: Path) -> None:
    """Executions, what they read, and living datasets with names, versions, owners, keywords and data."""
    folder = tmp_path / "project"
    (folder / "theirs").mkdir(parents=True)
    for name in ("a", "b"):
        (folder / "theirs" / name).write_text(name, encoding="utf-8")
    (folder / "dataregistry.py").write_text(REGISTRY, encoding="utf-8")
    run_program("data-registry.md", folder)

    with Store.open(folder) as store:
        a, b, c = store.query_datasets("*", order_by="dataset.name")
        assert (a.name, a.version, a.owner, a.path) == ("a", "1.2.0", "ann", "a")
        assert (b.keywords, b.metadata["dataset_id"], (folder / "b").read_text()) == (("simulation",), 11, "b")
        assert (c.location, c.url) == ("external", "https://example.org/c")
        second = store.get_execution(b.execution or "")
        assert (second.name, second.site, second.inputs) == ("second", "here", (a.id,))


BUTLER = """
import enum
import os
from types import SimpleNamespace as Some

CollectionType = enum.Enum("CollectionType", "RUN TAGGED CHAINED CALIBRATION")
KINDS = [("run/1", "RUN"), ("run/2", "RUN"), ("best", "TAGGED"), ("calib", "CALIBRATION"), ("all", "CHAINED")]


def ref(detector):
    return Some(id=f"theirs-{detector}", dataId=Some(required={"instrument": "Cam", "detector": detector}))


class Butler:
    @classmethod
    def from_config(cls, repo):
        return cls()

    @property
    def collections(self):
        children = ("best", "calib", "run/2")
        infos = [Some(name=name, type=CollectionType[kind], children=children) for name, kind in KINDS]
        return Some(query_info=lambda glob: infos)

    def query_datasets(self, name, collection, *, limit, explain):
        return [ref(number) for number in {"run/1": (1, 2), "run/2": (3,), "best": (2, 3)}[collection]]

    def getURI(self, found):
        return Some(ospath=os.path.abspath(f"theirs/{found.dataId.required['detector']}.json"))
"""
"""What the program of the page calls of the Butler."""


def test_a_butler_repository_is_taken_over(tmp_path: Path) -> None:
    """Runs with their datasets, which stay where they are; tags, chains, and calibrations to be filled."""
    folder = tmp_path / "project"
    (folder / "theirs").mkdir(parents=True)
    for number in (1, 2, 3):
        (folder / f"theirs/{number}.json").write_text(f'{{"rms": {number}}}', encoding="utf-8")
    for package in ("lsst", "lsst/daf"):
        (folder / package).mkdir()
    (folder / "lsst/daf/butler.py").write_text(BUTLER, encoding="utf-8")
    page = (ROOT / "docs" / "coming-from" / "butler.md").read_text(encoding="utf-8")
    file = next(step for step in steps(page) if step.name == "Pipelinefile.toml")
    (folder / file.name).write_text(file.output, encoding="utf-8")
    run_program("butler.md", folder)

    with Store.open(folder) as store:
        assert {one.name: (one.type, one.children) for one in store.query_collections("*")}.items() >= {
            "run/1": ("RUN", ()),
            "best": ("TAGGED", ()),
            "calib": ("CALIBRATION", ()),
            "all": ("CHAINED", ("best", "calib", "run/2")),
        }.items()
        found = store.query_datasets("metrics", collections="best", order_by="detector")
        assert [(dataset.data_id["detector"], dataset.run) for dataset in found] == [(2, "run/1"), (3, "run/2")]
        assert store.get("metrics", instrument="Cam", detector=1, collections="run/1") == {"rms": 1}
