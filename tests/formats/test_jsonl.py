"""The format jsonl: pairs of texts that are equal as data, and pairs that are not."""

from __future__ import annotations

import pytest

from formats.agreement import are_equal, differences, storage
from provstore.formats.jsonl import JsonLines
from provstore.plugin import STRUCTURE, Unavailable
from provstore.testing import FormatContract

JSONL = JsonLines()

EQUAL = {
    "key order": (b'{"a": 1, "b": 2}\n', b'{"b": 2, "a": 1}\n', {"key order or spelling"}),
    "white space": (b"[1,2]\n", b" [1, 2] \n", {"key order or spelling"}),
    "line ends": (b"1\n2\n", b"1\r\n2\r\n", {"line ends"}),
    "end of the last line": (b"1\n2", b"1\n2\n", {"line ends"}),
    "blank lines at the end": (b"1\n", b"1\n\n \n", {"line ends"}),
    "byte order mark": (b"1\n", b"\xef\xbb\xbf1\n", {"byte order mark"}),
    "number": (b"1.0\n", b"1e0\n", {"key order or spelling"}),
}
DIFFERENT = {
    "order": (b"1\n2\n", b"2\n1\n"),
    "one more": (b"1\n", b"1\n1\n"),
    "list and lines": (b"[1, 2]\n", b"1\n2\n"),
    "nothing and an empty list": (b"", b"[]\n"),
    "nothing and null": (b"", b"null\n"),
    "integer and float": (b"1\n1\n", b"1\n1.0\n"),
    "line separator in a text": ('"a\u2028b"\n'.encode(), b'"ab"\n'),
}
REFUSED = {
    "blank line": (b"1\n\n2\n", "line 2 is blank"),
    "two values": (b"1\n1 2\n", "line 2, column 3"),
    "a value over two lines": (b"1\n[1,\n2]\n", "line 2"),
    "cut": (b'1\n{"a":\n', "line 2, column 6: Expecting value"),
    "two keys": (b'1\n{"a": 1, "a": 2}\n', "line 2: .*'a' is there twice"),
    "not UTF-8": (b'1\n"\xe9"\n', "line 2 is not UTF-8"),
    "deep": (b"1\n" + b"[" * 100_000, "line 2: nested too deep"),
}


class TestContract(FormatContract):
    """What every format keeps to."""

    @pytest.fixture
    def format(self):
        return JSONL

    @pytest.fixture
    def equal(self, tmp_path):
        return files(tmp_path / "equal", b'{"a": 1, "b": 2}\n[1.50]\n', b'{"b": 2, "a": 1}\r\n[1.5]')

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path / "different", b"1\n2\n", b"1\n3\n")


def files(folder, *contents):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.jsonl" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


@pytest.mark.parametrize(("a", "b", "what"), EQUAL.values(), ids=EQUAL)
def test_what_is_written_otherwise_is_equal(a, b, what):
    """And it is told in what the two differ."""
    assert are_equal(JSONL, a, b)
    assert storage(JSONL, a, b) == what


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_looks_alike_is_different(a, b):
    """By digest and by comparison."""
    assert not are_equal(JSONL, a, b)


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(tmp_path, data, reason):
    """With its line."""
    (path,) = files(tmp_path, data)
    with pytest.raises(Unavailable, match=reason):
        JSONL.digest(path)


def test_a_difference_has_its_line():
    """And how many lines there are."""
    value, lines = differences(JSONL, b'1\n{"a": 1}\n', b'1\n{"a": 2}\n3\n')

    assert (value.place, value.what) == (("line 2", "a"), "value")
    assert (lines.kind, lines.what, lines.a, lines.b) == (STRUCTURE, "number of lines", "2", "3")


def test_what_is_no_list_is_not_written(tmp_path):
    """A mapping is no list of its keys."""
    with pytest.raises(TypeError):
        JSONL.write({"a": 1}, tmp_path / "a.jsonl")
