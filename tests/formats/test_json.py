"""The format json: pairs of texts that are equal as data, and pairs that are not."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.agreement import are_equal, differences, storage
from provstore.formats.json import Json
from provstore.plugin import STRUCTURE, VALUES, Tolerance, Unavailable
from provstore.testing import FormatContract

JSON = Json()

EQUAL = {
    "key order": ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', {"key order"}),
    "key order inside": ('[{"a": {"x": 1, "y": [2]}}]', '[{"a": {"y": [2], "x": 1}}]', {"key order"}),
    "white space": ('{"a":[1,2]}', '{\n  "a": [\n    1,\n    2\n  ]\n}\n', {"white space"}),
    "line ends": ('{\n"a": 1}', '{\r\n"a": 1}', {"white space"}),
    "blanks around": ("1", " \t\r\n1\n", {"white space"}),
    "escapes": ('"\\u00e9"', '"é"', {"escapes"}),
    "escaped key": ('{"\\u0061": 1}', '{"a": 1}', {"escapes"}),
    "solidus": ('"a\\/b"', '"a/b"', {"escapes"}),
    "pair of surrogates": ('"\\ud83d\\ude00"', '"😀"', {"escapes"}),
    "escapes in upper case": ('"\\u00E9"', '"\\u00e9"', {"escapes"}),
    "lone surrogate": ('"\\ud800"', ' "\\uD800"', {"escapes", "white space"}),
    "zeros at the end": ("1.0", "1.00", {"spelling of numbers"}),
    "exponents": ("[1e0, 1E+2, 1.5e-3]", "[1.0, 100.0, 0.0015]", {"spelling of numbers"}),
    "exponent against fraction": ("1e2", "100.0", {"spelling of numbers"}),
    "nothing with an exponent": ("0.0", "0e5", {"spelling of numbers"}),
    "nothing below nothing": ("-0.0", "-0e-7", {"spelling of numbers"}),
    "small and large numbers": (
        "[1e-7, 1e22, 1e30]",
        "[0.0000001, 1" + "0" * 22 + ".0, 0.1e31]",
        {"spelling of numbers"},
    ),
    "an escaped colon": ('{"\\u003a": ":"}', '{":": "\\u003A"}', {"escapes"}),
    "a mark of the spelling": ('["\x7f1", "\x7fs"]', '["\\u007f1", "\\u007Fs"]', {"escapes"}),
    "integers below nothing": ('["-0",-0,-1]', '["-0", -0, -1]', {"white space"}),
    "far exponents": ("10e400", "1.0e401", {"spelling of numbers"}),
    "quotes in a text": ('{"a": "{\\"b\\": 1}"}', '{"a":"{\\u0022b\\u0022: 1}"}', {"escapes", "white space"}),
}
DIFFERENT = {
    "integer and float": ("1", "1.0"),
    "integer and exponent": ("100", "1e2"),
    "zeros": ("0.0", "-0.0"),
    "zero and its negative": ("0", "-0"),
    "negative zero as integer and float": ("-0", "-0.0"),
    "big integers": ("9007199254740992", "9007199254740993"),
    "bigger integers": ("1" + "0" * 400, "1" + "0" * 399 + "1"),
    "floats that Python reads as one": ("0.1", "0.1000000000000000055511151231257827"),
    "floats that Python reads as infinite": ("1e400", "1e401"),
    "infinite by overflow": ("1e999", "Infinity"),
    "digits of an integral float": ("9007199254740992.0", "9007199254740993.0"),
    "number and text": ("1", '"1"'),
    "true and one": ("true", "1"),
    "true and its text": ("true", '"true"'),
    "null and false": ("null", "false"),
    "null and none": ('{"a": null}', "{}"),
    "null and empty": ("null", '""'),
    "empty list and mapping": ("[]", "{}"),
    "list and value": ("[1]", "1"),
    "order of a list": ("[1, 2]", "[2, 1]"),
    "nesting": ("[[1], 2]", "[1, [2]]"),
    "nesting of nothing": ("[[], []]", "[[[]]]"),
    "list of lists": ("[[1, 2], [3, 4]]", "[[1, 2, 3], [4]]"),
    "one more": ("[1]", "[1, 1]"),
    "letter case of a key": ('{"a": 1}', '{"A": 1}'),
    "key and value": ('{"a": "b"}', '{"b": "a"}'),
    "numbers as keys": ('{"1": 1}', '{"1.0": 1}'),
    "composed and decomposed": ('"é"', '"e\u0301"'),
    "blank in a text": ('"a b"', '"a  b"'),
    "line end in a text": ('"a\\nb"', '"a\\r\\nb"'),
    "escaped escape": ('"\\\\u0061"', '"a"'),
    "lone surrogates": ('"\\ud800"', '"\\ud801"'),
    "lone surrogate and question mark": ('"\\ud800"', '"?"'),
    "not a number and its text": ("NaN", '"NaN"'),
    "not a number and null": ("NaN", "null"),
    "infinities": ("Infinity", "-Infinity"),
    "byte order mark in a text": ('"a"', '"\ufeffa"'),
    "a number and its spelling": ("1.5", '"\x7f1.5"'),
    "negative zero and its spelling": ("-0", '"\x7fi-0"'),
    "texts that begin with a mark": ('"\x7f"', '"\x7fs"'),
    "long numbers": ("0." + "1" * 30, "0." + "1" * 29 + "2"),
    "NUL": ('"a"', '"a\\u0000"'),
    "records": ('[{"a": 1}, {"a": 2}]', '[{"a": 2}, {"a": 1}]'),
}
REFUSED = {
    "two keys of one name": ('{"a": 1, "a": 1}', "the outermost mapping: the key 'a' is there twice"),
    "two keys inside": ('{"x": [1, {"b": {"c": 1, "d": 2, "c": 3}}]}', r"x\[1\].b: the key 'c' is there twice"),
    "two keys, one escaped": ('{"a": 1, "\\u0061": 2}', "the key 'a' is there twice"),
    "two keys in what is replaced": ('{"a": {"b": 1, "b": 2}, "a": 1}', "the key 'b' is there twice"),
    "two keys with colons in them": ('{"a": 1, "a": ":"}', "the key 'a' is there twice"),
    "two keys and an escaped colon": ('{"a": 1, "a": "\\u003a"}', "the key 'a' is there twice"),
    "nothing": ("", "line 1, column 1"),
    "blanks": (" \n", "line 2"),
    "text after the value": ("{}\n{}", "line 2, column 1"),
    "cut": ('{"a": [1, 2', "line 1, column"),
    "cut text": ('"abc', "line 1, column 1"),
    "comma at the end": ("[1, 2,]", "line 1, column"),
    "comment": ("[1] // one", "line 1"),
    "single quotes": ("{'a': 1}", "line 1"),
    "leading zero": ("01", "line 1"),
    "control character": ('"a\nb"', "line 1"),
    "a million digits": ("1" * 1_000_000, "1,000,000 digits"),
    "a far exponent": ("1e99999999999999999999", "exponent"),
    "deep lists": ("[" * 100_000 + "]" * 100_000, "nested"),
    "deep mappings": ('{"a":' * 100_000 + "1" + "}" * 100_000, "nested"),
    "deep and never closed": ("[" * 1_000_000, "nested"),
    "somewhat deep": ("[" * 300 + "]" * 300, "nested more than 200"),
}


class TestContract(FormatContract):
    """What every format keeps to."""

    @pytest.fixture
    def format(self):
        return JSON

    @pytest.fixture
    def equal(self, tmp_path):
        return files(tmp_path, '{"a": [1, 2.50, null], "b": "\\u00e9"}', '{"b": "é", "a": [1, 2.5, null]}\n')

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path / "different", '{"a": 1}', '{"a": 1.0}')


def files(folder, *texts):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.json" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


@pytest.mark.parametrize(("a", "b", "what"), EQUAL.values(), ids=EQUAL)
def test_what_is_written_otherwise_is_equal(a, b, what):
    """And it is told in what the two differ."""
    assert are_equal(JSON, a.encode(), b.encode())
    assert storage(JSON, a.encode(), b.encode()) == what


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_looks_alike_is_different(a, b):
    """By digest and by comparison, alone and within others."""
    assert not are_equal(JSON, a.encode(), b.encode())
    assert not are_equal(JSON, f'[0, {{"k": {a}}}]'.encode(), f'[0, {{"k": {b}}}]'.encode())
    assert not are_equal(JSON, f"[{a}]".encode(), f"[{b}]".encode())


@pytest.mark.parametrize(
    "encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
def test_an_encoding_does_not_count(encoding):
    """UTF-8, 16 and 32, with a byte order mark or none."""
    text = '{"é": "😀"}'

    assert are_equal(JSON, text.encode(), text.encode(encoding))
    assert storage(JSON, text.encode(), text.encode(encoding)) - {"byte order mark"} in (set(), {"encoding"})
    assert storage(JSON, text.encode(), text.encode(encoding))


@pytest.mark.parametrize(("text", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(tmp_path, text, reason):
    """By digest and reading, soon, and with the place."""
    (path,) = files(tmp_path, text)
    with pytest.raises(Unavailable, match=reason):
        JSON.digest(path)
    if reason in ("exponent", "nested more than 200"):  # where an ordinary reader has no trouble
        return
    with pytest.raises(ValueError, match=reason):
        JSON.read(path)


@pytest.mark.parametrize("data", [b'"\xe9"', b'"\xff\xfe"', b"\xff", b"\x00", b'"\xed\xa0\x80"'])
def test_what_is_not_unicode_is_refused(tmp_path, data):
    """Latin 1, say; nobody guesses."""
    (path,) = files(tmp_path, data)

    with pytest.raises(Unavailable):
        JSON.digest(path)


def test_brackets_in_texts_are_no_levels():
    """However they are escaped."""
    text = json.dumps(["[" * 300, '"[{' * 300, "\\" * 3 + '"' + "[" * 300, "\n["])

    assert are_equal(JSON, text.encode(), f" {text}".encode())


def test_what_is_too_deep_for_a_digest_is_so_for_a_comparison(tmp_path):
    """It says so, as the digest does."""
    a, b = files(tmp_path, "[" * 300 + "1" + "]" * 300, "1")

    with pytest.raises(Unavailable, match="nested more than 200"):
        list(JSON.diff(a, b))


def test_an_integer_of_some_thousand_digits_is_exact():
    """As many as Python reads; a sign is none of them."""
    assert not are_equal(JSON, b"-" + b"1" * 4300, b"-" + b"1" * 4299 + b"2")
    assert not are_equal(JSON, b"1" * 4300, b"1" * 4299 + b"2")


def test_a_float_of_any_digits_is_exact():
    """In a moment."""
    assert not are_equal(JSON, b"0." + b"1" * 100_000, b"0." + b"1" * 99_999 + b"2")


@pytest.mark.parametrize(
    ("a", "b", "place", "what", "kind"),
    [
        ('{"a": {"b": 1}}', '{"a": {"b": 2}}', ("a", "b"), "value", VALUES),
        ('{"a": 1}', '{"a": "1"}', ("a",), "type", VALUES),
        ('{"a": 1}', '{"a": 1, "b": 2}', ("b",), "added", STRUCTURE),
        ('{"a": 1, "b": 2}', '{"a": 1}', ("b",), "missing", STRUCTURE),
        ('[{"a": 1}, {"a": 2}]', '[{"a": 1}, {"a": 3}]', ("[1]", "a"), "value", VALUES),
        ("[1, 2]", "[1, 2, 3]", (), "length", STRUCTURE),
    ],
)
def test_a_difference_has_its_place(a, b, place, what, kind):
    """From the outside to the inside."""
    (entry,) = differences(JSON, a.encode(), b.encode())

    assert (entry.place, entry.what, entry.kind) == (place, what, kind)


def test_a_list_of_numbers_is_one_difference():
    """With count, the first place and the largest distance; so is a list of such lists."""
    a, b = [[0.0, 1.0], [2.0, 3.0]], [[0.0, 1.5], [2.0, 1.0]]
    (entry,) = differences(JSON, json.dumps({"m": a}).encode(), json.dumps({"m": b}).encode())

    assert entry.place == ("m",)
    assert entry.numbers[:4] == (2, 4, 2.0, pytest.approx(2 / 3))
    assert entry.numbers.first == (0, 1)


def test_many_differences_are_counted():
    """The first thousand one by one, the others as a number."""
    a, b = ([{"k": number + shift} for number in range(3000)] for shift in (0, 1))
    found = differences(JSON, json.dumps(a).encode(), json.dumps(b).encode())

    assert len(found) == 1001
    assert found[-1].what == "2,000 more"


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "is_near"),
    [
        ("1.0", "1.001", Tolerance(0.01), True),
        ("1.0", "1.1", Tolerance(0.01), False),
        ("[100, 200]", "[101, 201]", Tolerance(0.0, 0.02), True),
        ("1", "1.0", Tolerance(), True),
        ("0.0", "-0.0", Tolerance(0.1), True),
        ("1e400", "2e400", Tolerance(0.1, 0.1), False),
        ("1" + "0" * 400, "2" + "0" * 400, Tolerance(0.1, 0.9), False),
        ("NaN", "1.0", Tolerance(1e9, 1.0), False),
        ("true", "1", Tolerance(1e9, 1.0), False),
        ('"1"', '"1.0"', Tolerance(1e9, 1.0), False),
    ],
)
def test_a_tolerance_is_for_numbers(a, b, tolerance, is_near):
    """Far ones are never near, whatever a float makes of them."""
    found = differences(JSON, a.encode(), b.encode(), tolerance)

    assert any(entry.counts for entry in found) != is_near


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, [1, math.nan]])
def test_what_json_does_not_have_is_not_written(tmp_path, value):
    """Other readers would refuse the file."""
    with pytest.raises(ValueError, match="JSON"):
        JSON.write(value, tmp_path / "a.json")


@pytest.mark.parametrize("value", [{1: 2}, {"a": [{None: 1}]}, {1, 2}, b"", [object()], {"a": 1j}])
def test_what_would_change_is_not_written(tmp_path, value):
    """Keys that are no texts, and types that come back as others or not at all."""
    with pytest.raises(TypeError):
        JSON.write(value, tmp_path / "a.json")


def test_what_is_written_can_be_read_by_people(tmp_path):
    """Indented, characters as they are, keys in their order, a newline at the end."""
    JSON.write({"z": [1], "a": "é"}, tmp_path / "a.json")

    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "z": [\n    1\n  ],\n  "a": "é"\n}\n'


def test_a_large_file_has_a_short_preview(tmp_path):
    """And a description of its outermost value."""
    (path,) = files(tmp_path, json.dumps({f"key {number}": "x" * 300 for number in range(100)}))
    lines = JSON.preview(path).data.decode().splitlines()

    assert len(lines) == 31
    assert max(map(len, lines)) <= 120
    assert JSON.describe(path)["length"] == 100


# --- laws ---------------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES_ = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(max_examples=40)
@given(VALUES_)
def test_how_a_value_is_dumped_does_not_count(value):
    """Indented or not, sorted or not, in ASCII or not."""
    a = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    b = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True).encode("utf-8", "backslashreplace")

    assert are_equal(JSON, a, b)


@settings(max_examples=40)
@given(VALUES_, VALUES_)
def test_values_are_equal_if_their_sorted_texts_are(a, b):
    """Nothing else is."""
    texts = [json.dumps(value, sort_keys=True) for value in (a, b)]

    assert are_equal(JSON, texts[0].encode(), texts[1].encode()) == (texts[0] == texts[1])
