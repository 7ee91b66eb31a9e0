"""The page of promises names every promise, and tests that exist."""

from __future__ import annotations

import re

from .page import ROOT

PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISES = 22


def test_every_promise_is_there_with_its_tests() -> None:
    """All of them, in order; each names at least one test."""
    parts = re.split(r"^\*\*(\d+)\. ", PAGE, flags=re.MULTILINE)[1:]
    texts = dict(zip(parts[::2], parts[1::2], strict=True))

    assert list(texts) == [str(number) for number in range(1, PROMISES + 1)]
    assert [number for number, text in texts.items() if "`test_" not in text] == []


def test_every_test_that_is_named_exists() -> None:
    """A renamed or removed test is noticed."""
    sources = [file.read_text(encoding="utf-8") for file in (ROOT / "tests").rglob("test_*.py")]
    defined = {name for source in sources for name in re.findall(r"def (test_\w+)", source)}
    files = {file.name for file in (ROOT / "tests").rglob("test_*.py")}

    assert set(re.findall(r"`(test_\w+)`", PAGE)) - defined == set()
    assert set(re.findall(r"`(test_\w+\.py)`", PAGE)) - files == set()


def test_the_figures_were_measured() -> None:
    """The table was written by the command that it names, and says nothing of a broken promise."""
    block = PAGE.partition("<!-- begin: figures")[2].partition("<!-- end: figures -->")[0]
    rows = re.findall(r"^\| (.+) \| ([\d,]+) \| (\d+) \|$", block, flags=re.MULTILINE)

    assert "tests/faults/figures.py" in block
    assert len(rows) > 20
    assert {broken for *_, broken in rows} == {"0"}
