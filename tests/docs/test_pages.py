"""What pages say of the program and of each other is true."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from urllib.parse import unquote

import pytest

from provstore.errors import PipelinefileError
from provstore.model.pipeline import Stage
from provstore.model.verdict import STATES
from provstore.pipelinefile.check_stages import STAGE_KEYS
from provstore.pipelinefile.read import read_pipelinefile

from .page import BLOCK, ROOT, anchors, links

PAGES = sorted(
    file
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "examples/**/*.md",
        "plugins/**/*.md",
        "data/*.md",
        "changes/*.md",
        "benchmarks/*.md",
    )
    for file in ROOT.glob(pattern)
    if not {".venv", "out", "my-first-pipeline"} & set(file.relative_to(ROOT).parts)
)
NAME = re.compile(r"`([a-z -]+)`")
SECTION = re.compile(r"^## ([a-z -]+)\n(.*?)(?=^## |\Z)", re.M | re.S)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    """``docs/generate.py`` as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


def test_what_is_generated_is_up_to_date(generate: ModuleType) -> None:
    """Commands, errors, schema and life cycle are those of the program: else run ``python docs/generate.py``."""
    old = [path.name for path, text in generate.pages().items() if path.read_text(encoding="utf-8") != text]

    assert old == []


def test_only_what_stands_between_marks_is_replaced(generate: ModuleType) -> None:
    """What is written by hand before and after stays as it is."""
    page = f"a\n{generate.BEGIN.format('x')}old{generate.END.format('x')}\nb\n"

    assert generate.replaced(page, "x", "new\n") == page.replace("old", "new\n")
    with pytest.raises(ValueError, match="no marks 'y'"):
        generate.replaced(page, "y", "new")


def test_every_table_and_column_of_the_schema_has_its_row(generate: ModuleType) -> None:
    """None is passed over because its line is written in another way."""
    sql, page = generate.schema_sql(), (ROOT / "docs" / "schema.md").read_text(encoding="utf-8")
    for table, body in re.findall(r"^CREATE TABLE (\w+) \((.*?)^\)", sql, re.M | re.S):
        section = page.partition(f"\n### {table}\n")[2].partition("\n### ")[0]
        columns = re.findall(r"^    ([a-z_]+) ", body, re.M)
        assert columns
        assert re.findall(r"^\| `([a-z_]+)` \|", section, re.M) == columns, table


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    """Files and headings of this repository that a page links to exist."""
    for target in links(page.read_text(encoding="utf-8")):
        name, _, anchor = unquote(target).partition("#")
        other = Path(os.path.normpath(page.parent / name)) if name else page
        assert other.exists(), target
        if anchor:
            assert anchor in anchors(other.read_text(encoding="utf-8")), target


def test_every_page_is_in_the_index() -> None:
    """Whoever opens docs/README.md finds all of them."""
    index = set(links((ROOT / "docs" / "README.md").read_text(encoding="utf-8")))
    pages = {file.name for file in (ROOT / "docs").glob("*.md")} - {"README.md"}

    assert pages <= index


REFERENCE = (ROOT / "docs" / "pipelinefile.md").read_text(encoding="utf-8")
EXAMPLES = [block["body"] for block in BLOCK.finditer(REFERENCE) if block["language"] == "toml"]
BESIDE = {
    "params.toml": "omega_l = 0.69\n",
    "calib/Pipelinefile.toml": '[stages.flats]\nrun = "true"\n',
}
"""Files that examples of the reference name."""


def read(text: str, folder: Path) -> dict[str, Stage]:
    for name, content in {**BESIDE, "Pipelinefile.toml": text}.items():
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return dict(read_pipelinefile(str(folder), "Pipelinefile.toml").stages)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_reference_is_a_pipelinefile(number: int, tmp_path: Path) -> None:
    """Each block of TOML is a whole file that is read without a complaint."""
    try:
        assert read(EXAMPLES[number], tmp_path)
    except PipelinefileError as error:
        pytest.fail(f"{EXAMPLES[number]}\n{error.message}")


@pytest.mark.parametrize("key", sorted(STAGE_KEYS.keys() - {"call"}))
def test_every_key_of_a_stage_is_in_the_reference(key: str) -> None:
    """In the table of stages."""
    section = REFERENCE.partition("\n## Stages\n")[2].partition("\n### ")[0]

    assert re.search(rf"^\| `{key}` \|", section, re.M)


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_in_the_reference(state: str) -> None:
    """With what it means."""
    assert f"| `{state}` |" in REFERENCE


def test_the_placeholders_of_the_reference_become_what_it_says(tmp_path: Path) -> None:
    """The example of placeholders, run for detector 3."""
    from provstore.pipelinefile.placeholders import Values, render_script

    text = next(example for example in EXAMPLES if "[stages.show]" in example)
    stage = read(text, tmp_path)["show"]
    params = read_pipelinefile(str(tmp_path), "Pipelinefile.toml").params
    assert stage.run is not None
    rendered = render_script(stage.run, Values({}, {"said": ["out/03.txt"]}, params, {"detector": 3})).splitlines()
    said = re.findall(r"`(echo .*?)`", REFERENCE)

    assert [rendered[0], rendered[2]] == said
    assert rendered[1] == "awk '{print $1}' out/03.txt"


def test_each_json_has_its_row() -> None:
    """What a command gives with ``--json`` is a contract: the page says what is in it."""
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    table = page.partition("\n## JSON\n")[2].partition("\n## ")[0]
    described = {name.split(" --")[0] for row in re.findall(r"^\| (.*?) \|", table, re.M) for name in NAME.findall(row)}
    offered = {name for name, options in SECTION.findall(page) if "| `--json` |" in options}

    assert offered - described == {"metrics show"}, "its row is that of `metrics`, which it is"
