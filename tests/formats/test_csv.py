"""The format csv: pairs of tables that are equal as data, and pairs that are not."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formats.agreement import are_equal, differences, storage
from provstore.formats.csv import Csv, layout
from provstore.formats.csv.rows import encoded
from provstore.plugin import STRUCTURE, VALUES, Tolerance, Unavailable
from provstore.testing import FormatContract

CSV = Csv()
TABLE = "id,mass,note\n1,2.50,a b\n2,3.5,\n"


def written(rows, **dialect):
    """What the standard library writes."""
    target = io.StringIO()
    csv.writer(target, **dialect).writerows(rows)
    return target.getvalue()


ROWS = [["id", "note"], ["1", "a;b"], ["2", "c,d"], ["3", 'say "x"'], ["4", "two\nlines"], ["5", "a\tb|c"], ["6", " "]]
EQUAL = {
    "semicolons": (TABLE, TABLE.replace(",", ";"), {"delimiter"}),
    "tabs": (TABLE, TABLE.replace(",", "\t"), {"delimiter"}),
    "bars": (TABLE.replace(",", ";"), TABLE.replace(",", "|"), {"delimiter"}),
    "Windows": (TABLE, TABLE.replace("\n", "\r\n"), {"line ends"}),
    "old Macintosh": (TABLE, TABLE.replace("\n", "\r"), {"line ends"}),
    "mixed line ends": (TABLE, TABLE.replace("\n", "\r\n", 1), {"line ends"}),
    "no newline at the end": (TABLE, TABLE.removesuffix("\n"), {"final newline"}),
    "byte order mark": (TABLE, "\ufeff" + TABLE, {"byte order mark"}),
    "quotes": (TABLE, '"id","mass","note"\n"1","2.50","a b"\n"2","3.5",""\n', {"quoting"}),
    "some quotes": (TABLE, TABLE.replace("2.50", '"2.50"'), {"quoting"}),
    "quoted header after a mark": (TABLE, "\ufeff" + TABLE.replace("id", '"id"'), {"byte order mark", "quoting"}),
    "everything": (
        TABLE,
        '\ufeff"id";mass;note\r\n1;2.50;a b\r\n2;3.5;""',
        {
            "delimiter",
            "quoting",
            "line ends",
            "byte order mark",
            "final newline",
        },
    ),
    "special cells, semicolons": (written(ROWS), written(ROWS, delimiter=";"), {"delimiter"}),
    "special cells, tabs": (written(ROWS), written(ROWS, delimiter="\t"), {"delimiter"}),
    "special cells, quoted": (written(ROWS), written(ROWS, quoting=csv.QUOTE_ALL), {"quoting"}),
    "special cells, Unix": (written(ROWS), written(ROWS, lineterminator="\n"), {"line ends"}),
    "decimal commas": ("x;y\n1,5;2,5\n", "x\ty\n1,5\t2,5\n", {"delimiter"}),
    "one column": ("x\n1\n2\n", '"x"\r\n"1"\r\n"2"', {"quoting", "line ends", "final newline"}),
    "one column with semicolons": ("x\na;b\n", 'x\n"a;b"\n', {"quoting"}),
    "one column with commas in quotes": ('x\n"a,b"\n', '"x"\n"a,b"\n', {"quoting"}),
    "uneven, quoted": ("a,b\n1\n", 'a,"b"\n1\n', {"quoting"}),
    "blank lines": ("a,b\n\n1,2\n", "a;b\r\n\r\n1;2\r\n", {"delimiter", "line ends"}),
    "nothing, marked": ("", "\ufeff", {"byte order mark"}),
    "quote in a cell": ('a,5" pipe\nb,c\n', 'a,"5"" pipe"\nb,c\n', {"quoting"}),
    "line separator in a cell": ("a,b\u2028c\x0bd\x85\n", 'a,"b\u2028c\x0bd\x85"\n', {"quoting"}),
    "NUL": ("a,b\0c\n", 'a,"b\0c"\n', {"quoting"}),
}
DIFFERENT = {
    "zeros at the end": ("a,b\n1.0,x\n", "a,b\n1,x\n"),
    "zero in front": ("a,b\n01,x\n", "a,b\n1,x\n"),
    "exponents": ("a,b\n1e3,x\n", "a,b\n1000,x\n"),
    "sign": ("a,b\n+1,x\n", "a,b\n1,x\n"),
    "letter case": ("a,b\ntrue,x\n", "a,b\nTRUE,x\n"),
    "blank in front": ("a,b\n1,x\n", "a, b\n1,x\n"),
    "blank behind": ("a,b\n1,x\n", "a,b\n1,x \n"),
    "blank before quotes": ('a,b\n1,"x"\n', 'a,b\n1, "x"\n'),
    "empty and missing": ("a,b\n1,\n", "a,b\n1\n"),
    "one more empty cell": ("a,b\n1,2\n", "a,b\n1,2,\n"),
    "one more column": ("a,b\n1,2\n", "a,b,\n1,2,\n"),
    "empty line and empty cell": ("a\n\n", 'a\n""\n'),
    "blank line at the end": ("a,b\n1,2\n", "a,b\n1,2\n\n"),
    "blank line between": ("a,b\n1,2\n", "a,b\n\n1,2\n"),
    "line end that became two": ("a,b\r\n1,2\r\n", "a,b\r\r\n1,2\r\r\n"),
    "nothing and a blank line": ("", "\n"),
    "order of rows": ("a,b\n1,2\n3,4\n", "a,b\n3,4\n1,2\n"),
    "order of columns": ("a,b\n1,2\n", "b,a\n2,1\n"),
    "header and values": ("a,b\n1,2\n", "b,a\n1,2\n"),
    "a row twice": ("a,b\n1,2\n", "a,b\n1,2\n1,2\n"),
    "border of cells": ("a,b\n12,3\n", "a,b\n1,23\n"),
    "border of rows": ("a\nb\nc\n", "a\nbc\n\n"),
    "delimiter in a cell": ('x,y\n"a,b",c\n', "x,y\na,b;c\n"),
    "one column and two": ("x\na;b\n", "x\na,b\n"),
    "one column and two, quoted": ('x\n"a,b"\n', "x\na,b\n"),
    "semicolons in one column, commas in two": ('"x"\n"a;b"\n', "x\na,b\n"),
    "uneven with other delimiters": ("a,b\n1\n", "a;b\n1\n"),
    "decimal commas taken for delimiters": ("1,5;2,5\n", '1,"5;2",5\n'),
    "a quote within another reading": ('"a";";1"\n', "a,;1\n"),
    "two delimiters that fit": ("a,b;c\nd,e;f\n", 'a;"b;c"\nd;"e;f"\n'),
    "transposed": ("1,2\n3,4\n", "1,3\n2,4\n"),
    "line end in a cell": ('a,"b\nc"\n', 'a,"b\r\nc"\n'),
    "quote and none": ('a,"b""c"\n', "a,bc\n"),
    "other quotes": ("a,'b'\n", "a,b\n"),
    "comment": ("a,b\n1,2\n", "#c,d\na,b\n1,2\n"),
    "composed": ("a,é\n", "a,e\u0301\n"),
    "marked twice": ("\ufeffa,b\n", "\ufeff\ufeffa,b\n"),
    "NUL": ("a,b\n", "a,b\0\n"),
    "unit separator": ("a,b\n", "a\x1fb,\n"),
    "no-break blank": ("a b,c\n", "a\xa0b,c\n"),
    "not a number": ("a,b\n1,NaN\n", "a,b\n1,nan\n"),
    "big integers": ("a,b\n1,9007199254740992\n", "a,b\n1,9007199254740993\n"),
    "backslash": ("a,b\\n\n", "a,b\n"),
}
REFUSED = {
    "quote that does not end": (b'a,b\n1,2\n3,"4\n5,6\n', "line 3: a quote that does not end"),
    "quote that does not end, at the end": (b'a,b\n1,"', "line 2: a quote that does not end"),
    "text after a quote": (b'a,b\n1,"2"3\n', "line 2: text between a closing quote"),
    "Latin 1": (b"a,b\n1,2\n3,\xe9\n", "line 3 is not UTF-8"),
    "cut character": (b"a,b\n1,\xc3", "line 2 is not UTF-8"),
    "cut UTF-16": (b"\xff\xfea\x00,\x00b", "not UTF-16"),
    "half a pair": (b"\xff\xfe\x00\xd8a\x00", "not UTF-16"),
}


class TestContract(FormatContract):
    """What every format keeps to."""

    @pytest.fixture
    def format(self):
        return CSV

    @pytest.fixture
    def equal(self, tmp_path):
        return files(tmp_path / "equal", TABLE, TABLE.replace(",", ";").replace("\n", "\r\n"))

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path / "different", TABLE, TABLE.replace("2.50", "2.5"))


def files(folder, *texts):
    folder.mkdir(exist_ok=True)
    paths = [folder / f"{number}.csv" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return paths


@pytest.mark.parametrize(("a", "b", "what"), EQUAL.values(), ids=EQUAL)
def test_what_is_written_otherwise_is_equal(a, b, what):
    """And it is told in what the two differ."""
    assert are_equal(CSV, a.encode(), b.encode())
    assert storage(CSV, a.encode(), b.encode()) == what


@pytest.mark.parametrize(("a", "b"), DIFFERENT.values(), ids=DIFFERENT)
def test_what_looks_alike_is_different(a, b):
    """By digest and by comparison."""
    assert not are_equal(CSV, a.encode(), b.encode())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_an_encoding_with_a_mark_does_not_count(encoding):
    """It is told."""
    text = "a,é\n1,😀\n"

    assert are_equal(CSV, text.encode(), text.encode(encoding))
    assert storage(CSV, text.encode(), text.encode(encoding)) - {"encoding"} == {"byte order mark"}


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_says_why(tmp_path, data, reason):
    """By digest and reading, with the line in which the record begins."""
    (path,) = files(tmp_path, data)
    with pytest.raises(Unavailable, match=reason):
        CSV.digest(path)
    with pytest.raises(ValueError, match=reason):
        CSV.read(path)


def test_a_fault_behind_many_records_has_its_line(tmp_path):
    """Also where records go over several lines."""
    (path,) = files(tmp_path, 'a,"b\nc"\n' * 30_000 + 'a,"b')
    with pytest.raises(Unavailable, match="line 60001: a quote that does not end"):
        CSV.digest(path)


def test_a_long_cell_is_read_and_the_limit_of_the_library_stays(tmp_path):
    """It is one for all of the process."""
    before = csv.field_size_limit()
    (path,) = files(tmp_path, "a,b\n" + "x" * 300_000 + ",y\n")
    rows = CSV.read(path)
    CSV.digest(path)

    assert len(rows[1][0]) == 300_000
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("text", [",", "a", '"'])
def test_an_endless_line_is_refused(tmp_path, monkeypatch, text):
    """Or an endless cell: before memory is full."""
    monkeypatch.setattr("provstore.formats.csv.rows.LONGEST", 1000)
    (path,) = files(tmp_path, text + ("x\n" * 1000 if text == '"' else text * 1000))
    with pytest.raises(Unavailable, match="more than"):
        CSV.digest(path)


def test_many_blank_lines_are_read_soon(tmp_path):
    """Not one by one in the search for the first record."""
    a, b = files(tmp_path, "\n" * 20_000, "\n" * 20_001)

    assert CSV.digest(a) != CSV.digest(b)


def test_blank_lines_before_the_first_record_hide_no_delimiter(tmp_path):
    """Whatever their ends, and more than are read in one go."""
    blank = "\r\n" * 600_000
    a, b = files(tmp_path, f"{blank}a;b\n1;2\n", f"{blank}a,b\n1,2\n")

    assert [layout.table_of(path).delimiter for path in (a, b)] == [";", ","]


def test_a_cell_that_looks_like_a_blank_record_is_none():
    """Nor beside one."""
    assert not are_equal(CSV, b"\x1dD\n\n", b"\n\n")
    assert not are_equal(CSV, b"\x1dD\n\n", b"\n\x1dD\n")


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ([["a;b"], ["c;d"]], "a.csv"),
        ([["a", "b"], ["1"]], "a.tsv"),
        ([["x"], ["a", "b"]], "a.tsv"),
        ([["x"], ["a\tb"]], "a.tsv"),
        ([[""], []], "a.csv"),
        ([["\ufeffa", "b"]], "a.csv"),
        ([["a", "b\rc"]], "a.tab"),
        ([], "a.csv"),
    ],
)
def test_what_is_written_is_read_back(tmp_path, rows, name):
    """Whatever a reader might take for the delimiter is put into quotes."""
    CSV.write(rows, tmp_path / name)

    assert CSV.read(tmp_path / name) == rows


def test_tables_for_tabs_have_tabs(tmp_path):
    """By their ending."""
    CSV.write([["a", "b"]], tmp_path / "a.tsv")

    assert (tmp_path / "a.tsv").read_text() == "a\tb\n"


@pytest.mark.parametrize("value", ["a", {"a": 1}, [1], ["a"], [["a", 1]], [["a", None]], [[b""]]])
def test_what_is_no_table_of_texts_is_not_written(tmp_path, value):
    """Nobody guesses how a number is to be written."""
    with pytest.raises(TypeError):
        CSV.write(value, tmp_path / "a.csv")


# --- differences --------------------------------------------------------------------------------------

HEAD = "id,mass,note\n"


def table(*rows):
    return HEAD + "".join(f"{row}\n" for row in rows)


LONG = [f"{number},{number / 4},x" for number in range(100)]
TOLD = {
    "a value": (table("1,2,x", "2,3,y"), table("1,2,x", "2,4,y"), [(VALUES, ("column mass",), "values", "3", "4")]),
    "a column missing": ("a,b,c\n1,2,3\n", "a,c\n1,3\n", [(STRUCTURE, ("column b",), "missing", "column", "")]),
    "a column added": ("a,c\n1,3\n", "a,b,c\n1,2,3\n", [(STRUCTURE, ("column b",), "added", "", "column")]),
    "a column elsewhere": ("a,b\n1,2\n", "b,a\n2,1\n", [(STRUCTURE, (), "order of columns", "a, b", "b, a")]),
    "a row added": (
        table(*LONG),
        table(*LONG[:7], "n,e,w", *LONG[7:]),
        [(STRUCTURE, ("row 8",), "added", "", "1 row")],
    ),
    "rows missing": (
        table(*LONG),
        table(*LONG[:7], *LONG[9:]),
        [(STRUCTURE, ("rows 8 to 9",), "missing", "2 rows", "")],
    ),
    "a row added and a value": (
        table(*LONG),
        table("n,e,w", *LONG[:50], "50,0,x", *LONG[51:]),
        [(STRUCTURE, ("row 1",), "added", "", "1 row"), (VALUES, ("column mass",), "values", "12.5", "0")],
    ),
    "no header": ("1,2\n3,4\n", "1,2\n3,5\n", [(VALUES, ("column 2",), "values", "4", "5")]),
    "a cell missing": ("a,b\n1,2\n", "a,b\n1\n", [(STRUCTURE, ("row 1",), "number of cells", "2", "1")]),
    "cells beyond": ("a,b\n1,2,3\n", "a,b\n1,2,4\n", [(STRUCTURE, ("row 1",), "cells beyond the header", "3", "3")]),
}  # fmt: skip


@pytest.mark.parametrize(("a", "b", "expected"), TOLD.values(), ids=TOLD)
def test_a_difference_has_its_place(a, b, expected):
    """By the name of the column, and the number of the row below the header."""
    found = [entry for entry in differences(CSV, a.encode(), b.encode()) if entry.counts]

    assert [tuple(entry[:5]) for entry in found] == expected


def test_a_column_is_one_difference():
    """With count, the first row from 0 and, of texts that read as numbers, the largest distance."""
    a, b = (table(*[f"{n},{n + shift * (n > 3)},x" for n in range(10)]) for shift in (0, 2))
    (entry,) = differences(CSV, a.encode(), b.encode())

    assert entry.numbers[:3] == (6, 10, 2.0)
    assert entry.numbers.first == (4,)


@pytest.mark.parametrize(
    ("a", "b", "tolerance", "is_near"),
    [
        ("1.0", "1", Tolerance(), True),
        ("1.0", "1.01", Tolerance(0.1), True),
        ("1.0", "1.2", Tolerance(0.1), False),
        ("100", "101", Tolerance(0.0, 0.02), True),
        ("x", "y", Tolerance(9.0), False),
        ("", "0", Tolerance(9.0), False),
        ("nan", "NaN", Tolerance(), True),
        ("1_0", "10", Tolerance(9.0), False),
        ("9007199254740992", "9007199254740993", Tolerance(), False),
        ("1e400", "2e400", Tolerance(1.0, 1.0), False),
        ("inf", "1e999", Tolerance(1.0), False),
        ("sNaN", "1", Tolerance(1.0), False),
    ],
)
def test_a_tolerance_is_for_cells_that_read_as_numbers(a, b, tolerance, is_near):
    """Exactly: not as the floats that they would be."""
    texts = [table(f"1,{cell},x").encode() for cell in (a, b)]
    found = [entry for entry in differences(CSV, *texts, tolerance) if entry.counts]

    assert (not found) == is_near


def test_many_columns_that_differ_are_counted():
    """The first thousand one by one."""
    a, b = (",".join([text] * 2000) + "\n" for text in ("x", "y"))

    assert len([entry for entry in differences(CSV, a.encode(), b.encode()) if entry.counts]) == 1001


def test_long_tables_with_other_counts_are_compared_in_the_end():
    """Where no alignment is looked for."""
    a, b = "".join(f"{n},a\n" for n in range(9000)), "".join(f"{n},b\n" for n in range(9001))
    (entry,) = differences(CSV, a.encode(), b.encode())

    assert (entry.place, entry.a, entry.b) == (("rows 1 to 9000",), "9,000 rows", "9,001 rows")


# --- for people ---------------------------------------------------------------------------------------


def test_a_description_names_the_columns(tmp_path):
    """Where the first record is a header."""
    headed, bare = files(tmp_path, TABLE, "1;2\n3;4\n")

    assert CSV.describe(headed) == {"rows": 3, "columns": 3, "header": ["id", "mass", "note"], "delimiter": ","}
    assert CSV.describe(bare) == {"rows": 2, "columns": 2, "header": None, "delimiter": ";"}


def test_a_preview_is_aligned(tmp_path):
    """Cells below each other, long ones cut."""
    (path,) = files(tmp_path, TABLE + "3," + "x" * 99 + ",y\n")

    assert CSV.preview(path).data.decode() == (
        f"id  mass{' ' * 20}  note\n1   2.50{' ' * 20}  a b\n2   3.5\n3   {'x' * 23}…  y"
    )


# --- laws ---------------------------------------------------------------------------------------------

CELLS = st.text(st.sampled_from('ab1,;\t|" \r\n\x1c\x1d\x1e\x1fAéB\u2028\0\ufeff'), max_size=4)
RECORDS = st.lists(st.lists(CELLS, max_size=3), max_size=4)


@given(RECORDS, RECORDS)
def test_no_two_tables_have_the_same_bytes(a, b):
    """Those that are hashed."""
    assert (encoded(a) == encoded(b)) == (a == b)


@given(RECORDS, st.integers(0, 4))
def test_how_records_are_cut_into_blocks_does_not_count(rows, cut):
    """Neither do blocks without any record."""
    assert encoded(rows) == b"".join(encoded(part) for part in (rows[:cut], rows[cut:]) if part)


FEW = settings(max_examples=40)
"""For laws about files: to write them takes time."""


@FEW
@given(RECORDS, st.sampled_from([".csv", ".tsv"]))
def test_any_table_of_texts_is_read_back(rows, suffix):
    """As it was."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        CSV.write(rows, path)

        assert CSV.read(path) == rows


@FEW
@given(RECORDS, RECORDS)
def test_a_comparison_agrees_with_the_digest(a, b):
    """For any two tables, whichever way they are written."""
    texts = [written(rows, lineterminator="\n", quoting=csv.QUOTE_ALL).encode() for rows in (a, b)]

    assert are_equal(CSV, *texts) == (a == b)


@FEW
@given(*[st.text(st.sampled_from('ab1,;"\n\r\t'), max_size=12)] * 2)
def test_a_comparison_agrees_with_the_digest_of_any_text(a, b):
    """Where both can be read."""
    try:
        same = are_equal(CSV, a.encode(), b.encode())
    except Unavailable:
        return

    assert same or a != b
