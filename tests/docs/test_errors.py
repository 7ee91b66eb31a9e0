"""The examples in docs/errors.md are what the program really says."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from .page import ROOT, Reader, alike

PIPELINEFILE = """
[params]
seed = 1
[stages.sort]
run = "sort {inputs.names} > {outputs.sorted}"
inputs.names = "names.txt"
outputs.sorted = "sorted.txt"
"""
WRONG = '[stages.sort]\nrun = "sort {inputs.names}"\ninput = "names.txt"\n'


def nothing(reader: Reader) -> None:
    del reader


def wrong_pipelinefile(reader: Reader) -> None:
    (reader.folder / "Pipelinefile.toml").write_text(WRONG, encoding="utf-8")


def pipe(reader: Reader) -> None:
    reader.type("rm names.txt && mkfifo names.txt")


def cut(reader: Reader) -> None:
    reader.type("provstore run && truncate -s 5000 .provstore/store.db")


def foreign(reader: Reader) -> None:
    reader.type("provstore run && echo hello > .provstore/store.db")


def newer(reader: Reader) -> None:
    reader.type("provstore run")
    with closing(sqlite3.connect(reader.folder / ".provstore" / "store.db")) as conn:
        conn.execute("PRAGMA user_version = 99")


CASES: dict[str, tuple[Callable[[Reader], None], str]] = {
    "usage": (nothing, "provstore run -P sed=2"),
    "unknown-target": (nothing, "provstore run srot"),
    "unknown-id": (lambda reader: print(reader.type("provstore run")), "provstore show ffff"),
    "no-project": (nothing, "provstore -C / status"),
    "pipelinefile": (wrong_pipelinefile, "provstore run"),
    "query": (nothing, "provstore run '(sort'"),
    "file": (pipe, "provstore run"),
    "store-damaged": (cut, "provstore status"),
    "store-foreign": (foreign, "provstore status"),
    "schema-too-new": (newer, "provstore status"),
}


@pytest.mark.parametrize("slug", CASES)
def test_an_example_is_what_the_program_says(slug: str, tmp_path: Path) -> None:
    """Message, hint and exit status."""
    text = (ROOT / "docs" / "errors.toml").read_text(encoding="utf-8")
    status = re.search(rf"^## {slug}\n.*?Exit status (\d)", page(), re.M | re.S)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "Pipelinefile.toml").write_text(PIPELINEFILE, encoding="utf-8")
    (folder / "names.txt").write_text("b\na\n", encoding="utf-8")
    reader = Reader(folder)
    prepare, command = CASES[slug]
    prepare(reader)
    printed = reader.type(command)

    assert status is not None
    assert alike(printed) == alike(f"{tomllib.loads(text)[slug]['message'].strip()}\n[{status[1]}]\n")


def page() -> str:
    return (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")


def test_every_slug_has_a_message_and_a_remedy() -> None:
    """And the page has a section for each, with both."""
    examples = tomllib.loads((ROOT / "docs" / "errors.toml").read_text(encoding="utf-8"))

    assert examples.keys() == set(re.findall(r"^## ([\w-]+)$", page(), re.M))
    assert all(example.keys() == {"message", "remedy"} for example in examples.values())
