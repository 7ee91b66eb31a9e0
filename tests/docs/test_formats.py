"""The page on formats has every format, and says what the program does."""

from __future__ import annotations

import re

import pytest

from provstore.formats import BUILT_IN, KNOWN_PACKAGES
from provstore.model.comparison import VERDICTS
from provstore.plugin import KINDS

from .page import ROOT

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
ROWS = {name: rest for name, rest in re.findall(r"^\| `([^`]+)` \|(.*)$", PAGE, re.M)}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_format_is_in_the_table_with_its_endings(name: str) -> None:
    """Those that provstore brings along."""
    files = ROWS[name].partition("|")[0]

    assert re.findall(r"`([^`]+)`", files) == list(BUILT_IN[name])


@pytest.mark.parametrize("name", KNOWN_PACKAGES)
def test_every_package_of_ours_is_named(name: str) -> None:
    """With the formats that it brings."""
    assert f"`{name}`" in PAGE
    assert KNOWN_PACKAGES[name].name in PAGE


@pytest.mark.parametrize("word", [*VERDICTS, *KINDS])
def test_every_verdict_and_kind_is_explained(word: str) -> None:
    """In a table."""
    assert word in ROWS
