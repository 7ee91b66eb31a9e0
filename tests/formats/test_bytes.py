"""The format bytes: what a comparison shows, and that the bytes decide."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.agreement import differences
from provstore.formats import bytes as module
from provstore.formats.bytes import Bytes
from provstore.plugin import STRUCTURE, VALUES
from provstore.testing import FormatContractByBytes

BYTES = Bytes()


class TestContract(FormatContractByBytes):
    """What every format without a digest of its own keeps to."""

    @pytest.fixture
    def format(self):
        return BYTES

    @pytest.fixture
    def different(self, tmp_path):
        one, other = tmp_path / "a", tmp_path / "b"
        one.write_bytes(b"\x00\xff\n")
        other.write_bytes(b"\x00\xfe\n")
        return one, other


def test_bytes_are_counted_and_the_first_is_shown(monkeypatch):
    """Also where the files are read in many pieces."""
    monkeypatch.setattr(module, "PIECE", 3)
    (entry,) = differences(BYTES, b"0123456789", b"0123x5678y")

    assert entry[:5] == (VALUES, ("byte 4",), "bytes", "34 35", "78 35")
    assert entry.numbers[:2] == (2, 10)
    assert entry.numbers.first == (4,)


def test_numpy_is_not_imported(monkeypatch, tmp_path):
    """That would take longer than most comparisons."""
    monkeypatch.setitem(sys.modules, "numpy", None)
    a, b = tmp_path / "a", tmp_path / "b"
    a.write_bytes(b"\x00abc")
    b.write_bytes(b"\x00axc")

    assert [entry.place for entry in BYTES.diff(a, b)] == [("byte 2",)]


def test_sizes_are_told_beside_what_both_have():
    """A file that only goes on differs in its size."""
    (size,) = differences(BYTES, b"ab", b"abc")
    both = differences(BYTES, b"ab", b"xbc")

    assert size[:5] == (STRUCTURE, (), "size", "2 bytes", "3 bytes")
    assert [entry.what for entry in both] == ["size", "bytes"]


def test_a_preview_is_in_hexadecimal(tmp_path):
    """With the characters that can be printed."""
    (tmp_path / "a").write_bytes(bytes(range(60, 80)))
    (tmp_path / "b").write_bytes(bytes(1000))

    assert BYTES.preview(tmp_path / "a").data.decode().splitlines() == [
        "00000000  3c 3d 3e 3f 40 41 42 43 44 45 46 47 48 49 4a 4b  <=>?@ABCDEFGHIJK",
        f"00000010  4c 4d 4e 4f{' ' * 36}  LMNO",
    ]
    assert BYTES.preview(tmp_path / "b").data.decode().splitlines()[16:] == ["…"]


@settings(max_examples=60)
@given(st.binary(max_size=20), st.binary(max_size=20))
def test_something_is_found_if_the_bytes_differ(a, b):
    """And only then; all of it counts."""
    found = differences(BYTES, a, b)

    assert bool(found) == (a != b)
    assert all(entry.counts for entry in found)
