"""What a search would find, told without a file: the same as when there is one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.model.task import Search
from provstore.watch.find import find, would_find

NAMES = st.sampled_from(["a", "b", ".a", "ab", "a.b", ".git"])
PARTS = st.one_of(
    NAMES.map(lambda name: ("name", name)),
    st.sampled_from([("pattern", "**"), ("pattern", "a.*"), ("field", "/"), ("field", "a/b"), ("field", "/b")]),
)


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_a_search_would_find_what_it_finds(parts: list[tuple[str, str]], names: list[str]) -> None:
    """One file in a tree of folders: found by `find` if and only if it would be."""
    search = Search(tuple(parts), False, ())
    path = "/".join(names)
    with tempfile.TemporaryDirectory() as root:
        full = Path(root, path)
        full.parent.mkdir(parents=True, exist_ok=True)
        full.touch()
        found = find(root, search)

    assert would_find(search, path) == (found == [path])


@pytest.mark.parametrize(("path", "expected"), [("made/x", False), ("raw/x", True), ("/raw/x", False)])
def test_what_stages_make_is_not_found(path: str, expected: bool) -> None:
    """Leftovers are no sources."""
    search = Search((("field", "/"), ("field", "/")), False, ("made/.*",))

    assert would_find(search, path) == expected
