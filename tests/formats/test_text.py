"""The format text: what a comparison shows, and that the bytes decide."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.agreement import differences
from provstore.formats.text import Text
from provstore.plugin import STRUCTURE, VALUES, Tolerance, Unavailable
from provstore.testing import FormatContractByBytes

TEXT = Text()
LONG = [f"line {number}" for number in range(1, 100)]


class TestContract(FormatContractByBytes):
    """What every format without a digest of its own keeps to."""

    @pytest.fixture
    def format(self):
        return TEXT

    @pytest.fixture
    def different(self, tmp_path):
        one, other = tmp_path / "a.txt", tmp_path / "b.txt"
        one.write_bytes(b"a\nb\n")
        other.write_bytes(b"a\r\nb\r\n")
        return one, other


def lines(*texts):
    return "".join(f"{text}\n" for text in texts).encode()


TOLD = {
    "a line": (lines("a", "b", "c"), lines("a", "x", "c"), [(VALUES, ("line 2",), "text", "b\n", "x\n")]),
    "a line added": (lines("a", "c"), lines("a", "b", "c"), [(STRUCTURE, ("line 2",), "added", "", "b\n")]),
    "a line missing": (lines("a", "b", "c"), lines("a", "c"), [(STRUCTURE, ("line 2",), "missing", "b\n", "")]),
    "some lines": (
        lines("a", "b", "c"),
        lines("a", "x", "y"),
        [(VALUES, ("lines 2 to 3",), "text", "b\nc\n", "x\ny\n")],
    ),
    "two places": (
        lines(*LONG),
        lines("new", *LONG[:49], "other", *LONG[50:]),
        [(STRUCTURE, ("line 1",), "added", "", "new\n"), (VALUES, ("line 50",), "text", "line 50\n", "other\n")],
    ),
    "line ends": (b"a\nb\n", b"a\r\nb\r\n", [(VALUES, (), "line ends", "2 LF", "2 CRLF")]),
    "some line ends": (b"a\nb\n", b"a\r\nb\n", [(VALUES, (), "line ends", "2 LF", "1 LF, 1 CRLF")]),
    "mixed line ends": (b"a\nb\r\n", b"a\r\nb\n", [(VALUES, (), "line ends", "1 LF, 1 CRLF", "1 LF, 1 CRLF")]),
    "byte order mark": (b"a\n", b"\xef\xbb\xbfa\n", [(VALUES, (), "byte order mark", "no", "yes")]),
    "end of the last line": (
        b"a\n",
        b"a",
        [(STRUCTURE, ("line 2",), "missing", "\n", ""), (VALUES, (), "line ends", "1 LF", "none")],
    ),
    "nothing": (b"", b"a", [(VALUES, ("line 1",), "text", "\n", "a\n")]),
    "composed": ("é\n".encode(), "e\u0301\n".encode(), [(VALUES, ("line 1",), "text", "é\n", "e\u0301\n")]),
}


@pytest.mark.parametrize(("a", "b", "expected"), TOLD.values(), ids=TOLD)
def test_a_difference_has_its_line(a, b, expected):
    """And all that differs in the bytes is told."""
    assert [tuple(entry[:5]) for entry in differences(TEXT, a, b)] == expected


def test_a_tolerance_makes_nothing_equal():
    """Text is text."""
    assert differences(TEXT, b"1.0\n", b"1.1\n", Tolerance(1.0))


def test_many_changes_are_counted():
    """Some hundred one by one, the others as a number."""
    a, b = ([f"{text}{number // 2}" if number % 2 else str(number) for number in range(1000)] for text in "ab")
    found = differences(TEXT, lines(*a), lines(*b))

    assert len(found) == 201
    assert found[-1].what == "300 more"


def test_long_texts_are_compared_soon():
    """Line by line where they have as many lines, else as one run; the best alignment would take hours."""
    a, b = ["same", "a"] * 20_000, ["same", "b"] * 20_000

    assert differences(TEXT, lines(*a), lines(*b))[0].place == ("line 2",)
    assert differences(TEXT, lines(*a), lines(*b, "c"))[0].place == ("lines 2 to 40000",)


@pytest.mark.parametrize("data", [b"a\n\xe9\n", b"\xff\xfea\x00"])
def test_what_is_not_utf8_is_refused(tmp_path, data):
    """With its line."""
    path = tmp_path / "a.txt"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"line [12] is not UTF-8"):
        TEXT.read(path)
    with pytest.raises(Unavailable, match=r"line [12] is not UTF-8"):
        differences(TEXT, data, b"a")


def test_a_description_counts_lines(tmp_path):
    """Also one without an end."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\r\nb\r\nc")

    assert TEXT.describe(path) == {"lines": 3, "line ends": "2 CRLF"}


def test_a_preview_is_short(tmp_path):
    """Thirty lines of moderate length."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 10_000 + b"\n" + lines(*LONG))
    shown = TEXT.preview(path).data.decode().splitlines()

    assert len(shown) == 31
    assert max(map(len, shown)) == 120


@settings(max_examples=60)
@given(*[st.text(st.sampled_from("ab\r\n\ufeff\x0c\u2028"), max_size=8)] * 2)
def test_something_is_found_if_the_bytes_differ(a, b):
    """And only then; all of it counts."""
    found = differences(TEXT, a.encode(), b.encode())

    assert bool(found) == (a != b)
    assert all(entry.counts for entry in found)
