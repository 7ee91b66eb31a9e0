"""The format toml: pairs of texts that are equal as data, and pairs that are not."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.agreement import are_equal, differences, storage
from provstore.formats.toml import Toml
from provstore.plugin import STRUCTURE, VALUES, Tolerance, Unavailable
from provstore.testing import FormatContract

TOML = Toml()

EQUAL = {
    "comments": ("a = 1", "# one\na = 1 # two\n"),
    "white space": ("a=1", "  a  =  1  \n\n"),
    "key order": ("a = 1\nb = 2", "b = 2\na = 1"),
    "table order": ("[a]\nx = 1\n[b]\ny = 2", "[b]\ny = 2\n[a]\nx = 1"),
    "inline table": ("[a]\nx = 1", "a = {x = 1}"),
    "dotted keys": ("[a]\nb.c = 1", "a.b.c = 1"),
    "quoted keys": ("a = 1", '"a" = 1'),
    "list of tables": ("[[a]]\nx = 1\n[[a]]\nx = 2", "a = [{x = 1}, {x = 2}]"),
    "long list": ("a = [1, 2]", "a = [\n  1,\n  2, # last\n]"),
    "hexadecimal": ("a = 16", "a = 0x10"),
    "binary and octal": ("a = 0b1000", "a = 0o10"),
    "underscores": ("a = 1000", "a = 1_000"),
    "plus": ("a = 1", "a = +1"),
    "negative zero of integers": ("a = 0", "a = -0"),
    "zeros at the end": ("a = 1.0", "a = 1.000"),
    "exponent": ("a = 1e3", "a = 1_000.0"),
    "not a number": ("a = nan", "a = -nan"),
    "infinity": ("a = inf", "a = +inf"),
    "literal text": ('a = "x"', "a = 'x'"),
    "long text": ('a = "x\\ny"', 'a = """\nx\ny"""'),
    "folded text": ('a = "x y"', 'a = """x \\\n   y"""'),
    "escapes": ('a = "é"', 'a = "\\u00e9"'),
    "line ends": ("a = 1\nb = 2\n", "a = 1\r\nb = 2\r\n"),
    "byte order mark": ("a = 1", "\ufeffa = 1"),
    "blank in a time": ("a = 2020-01-02T03:04:05Z", "a = 2020-01-02 03:04:05z"),
    "zeros of a second": ("a = 03:04:05.5", "a = 03:04:05.500"),
    "many zeros of a second": ("a = 03:04:05.5", "a = 03:04:05.50000000"),
}
DIFFERENT = {
    "integer and float": ("a = 1", "a = 1.0"),
    "zeros": ("a = 0.0", "a = -0.0"),
    "number and text": ("a = 1", 'a = "1"'),
    "true and its text": ("a = true", 'a = "true"'),
    "true and one": ("a = true", "a = 1"),
    "digits": ("a = 0.1", "a = 0.1000000000000000055511151231257827"),
    "big integers": ("a = 9007199254740992", "a = 9007199254740993"),
    "infinite by overflow": ("a = 1e999", "a = inf"),
    "signs": ("a = inf", "a = -inf"),
    "empty table": ("", "[a]"),
    "table and list of one": ("[a]\nx = 1", "[[a]]\nx = 1"),
    "date and text": ("a = 2020-01-02", 'a = "2020-01-02"'),
    "date and midnight": ("a = 2020-01-02", "a = 2020-01-02T00:00:00"),
    "local and offset": ("a = 2020-01-02T03:04:05", "a = 2020-01-02T03:04:05Z"),
    "the same moment elsewhere": ("a = 2020-01-02T03:04:05Z", "a = 2020-01-02T04:04:05+01:00"),
    "time and text": ("a = 03:04:05", 'a = "03:04:05"'),
    "microseconds": ("a = 03:04:05.000001", "a = 03:04:05.000002"),
    "order of a list": ("a = [1, 2]", "a = [2, 1]"),
    "order of tables in a list": ("[[a]]\nx = 1\n[[a]]\nx = 2", "[[a]]\nx = 2\n[[a]]\nx = 1"),
    "dotted and quoted": ("a.b = 1", '"a.b" = 1'),
    "letter case": ("a = 1", "A = 1"),
    "comment in a text": ('a = "x"', 'a = "x # y"'),
    "blanks in a long text": ('a = """x"""', 'a = """x """'),
}
REFUSED = {
    "two keys": (b"a = 1\na = 2", "overwrite"),
    "a table twice": (b"[a]\n[a]", "line 2"),
    "cut": (b"a = [1, 2", "line 1|end of document"),
    "no value": (b"a =", "line 1|end of document"),
    "not UTF-8": (b'a = "\xe9"', "byte 5 is no UTF-8"),
    "UTF-16": ("a = 1".encode("utf-16"), "no UTF-8"),
    "half a pair": (b'a = "\\ud800"', "."),
    "nanoseconds": (b"b = 1\na = 2020-01-02T03:04:05.123456789Z", "line 2: a time with more than six digits"),
    "a fine time": (b"a = [03:04:05.1234567]", "line 1: a time"),
    "a fine time behind a blank": (b"a = 2020-01-02 03:04:05.1234567", "line 1: a time"),
    "deep lists": (b"a = " + b"[" * 100_000 + b"]" * 100_000, "."),
    "deep tables": (b"a = " + b"{a=" * 100_000 + b"1" + b"}" * 100_000, "."),
    "deep keys": (b"b = 1\n" + b".".join([b"a"] * 100_000) + b" = 1", "line 2: a key of more than a hundred parts"),
    "deep quoted keys": (b" . ".join([b'"a"'] * 200) + b" = 1", "line 1: a key of more"),
    "deep headers": (b"[" + b".".join([b"a"] * 200) + b"]", "line 1: a key of more"),
    "a million digits": (b"a = " + b"1" * 1_000_000, "digits"),
    "a far exponent": (b"a = 1e99999999999999999999", "exponent"),
}


class TestContract(FormatContract):
    """What every format keeps to."""

    @pytest.fixture
    def format(self):
        return TOML

    @pytest.fixture
    def equal(self, tmp_path):
        return files(
            tmp_path / "equal",
            'b = "x"\n[a]\nx = [1, 2.50]\ny = 2020-01-02\n',
            "a = {y = 2020-01-02, x = [1, 2.5]}\nb = 'x'",
        )

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path / "different", "a = 1", "a = 1.0")


def files(folder, *texts):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.toml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


@pytest.mark.parametrize(("a", "b"), EQUAL.values(), ids=EQUAL)
def test_what_is_written_otherwise_is_equal(a, b):
    """And it is told in what the two differ."""
    assert are_equal(TOML, a.encode(), b.encode())
    assert storage(TOML, a.encode(), b.encode())


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_looks_alike_is_different(a, b):
    """By digest and by comparison."""
    assert not are_equal(TOML, a.encode(), b.encode())


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(tmp_path, data, reason):
    """Soon, and with the place where the reader knows it."""
    (path,) = files(tmp_path, data)
    with pytest.raises(Unavailable, match=reason):
        TOML.digest(path)


def test_a_time_in_a_text_may_be_fine(tmp_path):
    """Nothing is cut off from a text."""
    for path in files(tmp_path, 'a = "2020-01-02T03:04:05.123456789Z"', 'a = "2020-01-02 03:04:05.123456789"'):
        assert TOML.digest(path)


@pytest.mark.parametrize(
    ("a", "b", "place", "what", "kind"),
    [
        ("[a]\nb = 1", "[a]\nb = 2", ("a", "b"), "value", VALUES),
        ("a = 1", "a = '1'", ("a",), "type", VALUES),
        ("a = 1", "a = 1\nb = 2", ("b",), "added", STRUCTURE),
        ("a = 0x" + "f" * 9999, "a = 1", ("a",), "value", VALUES),
    ],
)
def test_a_difference_has_its_place(a, b, place, what, kind):
    """From the outside to the inside; integers too long to be shown are cut."""
    (entry,) = differences(TOML, a.encode(), b.encode())

    assert (entry.place, entry.what, entry.kind) == (place, what, kind)
    assert max(len(entry.a), len(entry.b)) <= 80


def test_a_tolerance_is_for_numbers():
    """And never for times."""
    near = Tolerance(1e9, 1.0)

    assert not [entry for entry in differences(TOML, b"a = 1.0", b"a = 1.1", near) if entry.counts]
    assert [entry for entry in differences(TOML, b"a = 2020-01-02", b"a = 2020-01-03", near) if entry.counts]


@pytest.mark.parametrize("value", [[1], "a", {"a": None}, {"a": {1, 2}}])
def test_what_toml_does_not_have_is_not_written(tmp_path, value):
    """None, above all."""
    with pytest.raises(TypeError):
        TOML.write(value, tmp_path / "a.toml")


SCALARS = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates() | st.times() | st.datetimes(timezones=st.sampled_from([None, datetime.UTC]))
)  # fmt: skip
TABLES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"])), SCALARS | st.lists(SCALARS, max_size=3), max_size=3
)


@settings(max_examples=40)
@given(TABLES)
def test_what_is_written_is_equal_in_any_order_of_keys(table):
    """As the library writes it."""
    import tomli_w

    turned = dict(reversed(table.items()))

    assert are_equal(TOML, tomli_w.dumps(table).encode(), tomli_w.dumps(turned, multiline_strings=True).encode())
