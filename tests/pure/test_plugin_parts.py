"""Small parts that formats are made of: limits of expansion, and the format of what lies inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.formats.bytes import Bytes
from provstore.formats.text import Text
from provstore.plugin import Expansion, Unavailable, inner_format, limits, name_of
from provstore.plugin.inner import formats_at_work


def test_a_small_file_may_expand_to_some_size():
    """However small it is."""
    expansion = Expansion(10, "the archive")
    expansion.add(limits.FREE)
    with pytest.raises(Unavailable, match=r"the archive expands to more than 268,435,456 bytes"):
        expansion.add(1)


def test_a_large_file_may_expand_to_a_multiple_of_it():
    """And not beyond."""
    expansion = Expansion(limits.FREE, "x")
    for _ in range(limits.RATIO):
        expansion.add(limits.FREE)
    with pytest.raises(Unavailable, match="x expands"):
        expansion.add(1)


def test_an_archive_has_a_limit_of_entries(monkeypatch):
    """Empty ones take time, too."""
    monkeypatch.setattr(limits, "MEMBERS", 2)
    expansion = Expansion(10, "x")
    expansion.add_member()
    expansion.add_member()
    with pytest.raises(Unavailable, match="more than 2 entries"):
        expansion.add_member()


def test_a_container_finds_the_format_of_what_is_in_it():
    """While provstore lets it work, and the name of the file that it is asked about; otherwise it knows nothing."""
    text = Text()
    with formats_at_work(lambda name: text if name.endswith(".txt") else None, "data.txt.gz"):
        assert inner_format("a.txt") is text
        assert inner_format("a.dat") is None
        assert name_of(Path("objects/ab12")) == "data.txt.gz"
        with formats_at_work(lambda name: Bytes()):
            assert isinstance(inner_format("a.txt"), Bytes)
        assert inner_format("a.txt") is text

    assert inner_format("a.txt") is None
    assert name_of(Path("objects/ab12")) == "ab12"
