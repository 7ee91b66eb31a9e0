"""What the page about dimensions shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provstore import Store

from .page import ROOT

PAGE = (ROOT / "docs" / "dimensions.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first block of a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.S)
    assert found is not None
    return found[1]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The Pipelinefile, the calls in Python, and the CSV file."""
    from provstore.operations.registry.dimensions.files import insert_file
    from provstore.project import Project

    (tmp_path / "Pipelinefile.toml").write_text(block("toml"))
    (tmp_path / "visits.csv").write_text(block("text"))
    monkeypatch.chdir(tmp_path)
    exec(compile(block("python"), "docs/dimensions.md", "exec"), {})
    with Project.find(str(tmp_path)) as project:
        insert_file(project, "visit", "visits.csv")

    assert capsys.readouterr().out == "{'instrument': 'HSC', 'visit': 6320} 30.0 CIRCLE(150.1, 2.2, 0.75)\n"
    with Store.open() as store:
        assert [record["visit"] for record in store.query_dimension_records("visit")] == [6320, 6322, 6330, 6332]
        assert [record["instrument"] for record in store.query_dimension_records("instrument")] == ["HSC"]
