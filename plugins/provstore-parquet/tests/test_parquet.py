"""The format `parquet` by pairs of files that pyarrow and pandas write."""

import datetime
import decimal
import json

import numpy
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from provstore_parquet import Parquet

from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Tolerance
from provstore.testing import FormatContract

PARQUET = Parquet()
NAN = float("nan")
PRICE = decimal.Decimal("-1.25")
OTHER_NAN = numpy.array([0x7FF8000000000001], "u8").view("f8")[0]
COLUMNS = {
    "id": pa.array(range(12), pa.int64()),
    "mass": pa.array([1.5, None, NAN, -0.0, 0.0, float("inf")] * 2, pa.float64()),
    "half": pa.array(numpy.arange(12, dtype="f2")),
    "name": pa.array(["a", None, "", "é", "a\0b", "long " * 50] * 2, pa.string()),
    "raw": pa.array([b"\xff", None, b""] * 4, pa.binary()),
    "code": pa.array([b"ab", None, b"cd"] * 4, pa.binary(2)),
    "kind": pa.array(["x", "y", None] * 4).dictionary_encode(),
    "flag": pa.array([True, None, False] * 4),
    "price": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-3")] * 4, pa.decimal128(10, 2)),
    "day": pa.array([datetime.date(2020, 1, 1), None, datetime.date(1, 1, 1)] * 4),
    "clock": pa.array([datetime.time(1, 2, 3), None, datetime.time(0)] * 4),
    "when": pa.array([0, None, -1] * 4, pa.timestamp("us", "Europe/Berlin")),
    "took": pa.array([0, None, -1] * 4, pa.duration("ms")),
    "list": pa.array([[1, None], None, []] * 4, pa.list_(pa.int32())),
    "texts": pa.array([["a", None], None, []] * 4, pa.list_(pa.string())),
    "pair": pa.array([[1, 2], None, [3, None]] * 4, pa.list_(pa.int8(), 2)),
    "struct": pa.array([{"x": 1, "y": [1.0]}, None, {"x": None, "y": None}] * 4),
    "map": pa.array([[("k", 1), ("l", None)], None, []] * 4, pa.map_(pa.string(), pa.int32())),
    "maps": pa.array([[[("k", 1)], None], None, []] * 4, pa.list_(pa.map_(pa.string(), pa.int32()))),
    "nothing": pa.nulls(12),
}
TABLE = pa.table(COLUMNS).replace_schema_metadata({"origin": "test"})

WRITTEN_OTHERWISE = {
    "row groups": {"row_group_size": 5},
    "row groups of one": {"row_group_size": 1},
    "zstd": {"compression": "zstd", "compression_level": 9},
    "gzip": {"compression": "gzip"},
    "brotli": {"compression": "brotli"},
    "no codec": {"compression": "none"},
    "codecs by column": {"compression": {"id": "zstd", "name": "gzip"}},
    "no dictionary": {"use_dictionary": False},
    "dictionary that overflows": {"dictionary_pagesize_limit": 1, "data_page_size": 1, "write_batch_size": 1},
    "byte stream split": {"use_dictionary": False, "use_byte_stream_split": ["mass", "id"]},
    "delta": {"use_dictionary": False, "column_encoding": {"id": "DELTA_BINARY_PACKED", "name": "DELTA_BYTE_ARRAY"}},
    "small pages": {"data_page_size": 1, "write_batch_size": 1},
    "no statistics": {"write_statistics": False},
    "version 2.4": {"version": "2.4"},
    "version 1.0": {"version": "1.0"},
    "data pages 2.0": {"data_page_version": "2.0"},
    "page index": {"write_page_index": True},
    "checksums": {"write_page_checksum": True},
    "decimals as integers": {"store_decimal_as_integer": True},
    "names of elements": {"use_compliant_nested_type": False},
    "sorting columns": {"sorting_columns": [pq.SortingColumn(0)]},
}


def file_of(tmp_path, name, table, **options):
    path = tmp_path / f"{name}.parquet"
    pq.write_table(table, path, **options)
    return path


def counting(a, b, tolerance=None):
    return [found for found in PARQUET.diff(a, b, tolerance) if found.counts]


class TestContract(FormatContract):
    @pytest.fixture
    def format(self):
        return PARQUET

    @pytest.fixture
    def equal(self, tmp_path):
        return file_of(tmp_path, "a", TABLE), file_of(tmp_path, "b", TABLE, row_group_size=5, compression="zstd")

    @pytest.fixture
    def different(self, tmp_path):
        column = pa.array([*range(11), 12])
        return file_of(tmp_path, "c", TABLE), file_of(tmp_path, "d", TABLE.set_column(0, "id", column))


@pytest.mark.parametrize("how", WRITTEN_OTHERWISE)
def test_how_a_table_is_written_does_not_count(tmp_path, how):
    """Options of the writer leave the digest alone, and are told as storage."""
    a, b = file_of(tmp_path, "a", TABLE), file_of(tmp_path, "b", TABLE, **WRITTEN_OTHERWISE[how])

    assert PARQUET.digest(a) == PARQUET.digest(b)
    assert {found.kind for found in PARQUET.diff(a, b)} <= {STORAGE}


SAME = {
    "large text": (["a", None], pa.large_string(), ["a", None], pa.string()),
    "text view": (["a", None], pa.string_view(), ["a", None], pa.string()),
    "large bytes": ([b"a", None], pa.large_binary(), [b"a", None], pa.binary()),
    "dictionary": (["a", None, "a"], pa.dictionary(pa.int8(), pa.string()), ["a", None, "a"], pa.string()),
    "dictionary of other indices": (
        ["a", "b"], pa.dictionary(pa.int8(), pa.string()), ["a", "b"], pa.dictionary(pa.int32(), pa.large_string()),
    ),
    "large list": ([[1], None, []], pa.large_list(pa.int8()), [[1], None, []], pa.list_(pa.int8())),
    "list of fixed length": ([[1, 2], None], pa.list_(pa.int8(), 2), [[1, 2], None], pa.list_(pa.int8())),
    "name of elements": ([[1]], pa.list_(pa.field("item", pa.int8())), [[1]], pa.list_(pa.field("x", pa.int8()))),
    "dictionary in a list": ([["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string())), [["a"]], pa.list_(pa.string())),
    "decimal of more bytes": ([PRICE, None], pa.decimal256(7, 2), [PRICE, None], pa.decimal128(7, 2)),
    "decimal of fewer bytes": ([PRICE, None], pa.decimal32(7, 2), [PRICE, None], pa.decimal64(7, 2)),
    "decimals in a list": ([[PRICE], []], pa.list_(pa.decimal256(7, 2)), [[PRICE], []], pa.list_(pa.decimal128(7, 2))),
    "NaNs": ([NAN, 1.0], pa.float64(), [OTHER_NAN, 1.0], pa.float64()),
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_what_is_equal_as_data_has_one_digest(tmp_path, name):
    """Containers of Arrow do not count, nor do the bits of a NaN."""
    left, left_type, right, right_type = SAME[name]
    a = file_of(tmp_path, "a", pa.table({"x": pa.array(left, left_type)}))
    b = file_of(tmp_path, "b", pa.table({"x": pa.array(right, right_type)}))

    assert PARQUET.digest(a) == PARQUET.digest(b)
    assert not counting(a, b)


I64, TEXT = pa.int64(), pa.string()
UNEQUAL = {
    "value": ([1, 2], I64, [1, 3], I64),
    "order of rows": ([1, 2], I64, [2, 1], I64),
    "rows": ([1, 2], I64, [1, 2, 2], I64),
    "width": ([1, 2], I64, [1, 2], pa.int32()),
    "sign": ([1, 2], I64, [1, 2], pa.uint64()),
    "number or float": ([1, 2], I64, [1.0, 2.0], pa.float64()),
    "number or text": ([1, 2], I64, ["1", "2"], TEXT),
    "precision of floats": ([1.0], pa.float64(), [1.0], pa.float32()),
    "last bit": ([1.0], pa.float64(), [numpy.nextafter(1.0, 2)], pa.float64()),
    "sign of zero": ([0.0], pa.float64(), [-0.0], pa.float64()),
    "sign of half a zero": (numpy.array([0.0], "f2"), pa.float16(), numpy.array([-0.0], "f2"), pa.float16()),
    "null or NaN": ([None, 1.0], pa.float64(), [NAN, 1.0], pa.float64()),
    "null or zero": ([None, 1], I64, [0, 1], I64),
    "null or false": ([None], pa.bool_(), [False], pa.bool_()),
    "null or empty text": ([None], TEXT, [""], TEXT),
    "null or the text null": ([None], TEXT, ["null"], TEXT),
    "place of the null": ([None, 1, 1], I64, [1, None, 1], I64),
    "text": (["a"], TEXT, ["A"], TEXT),
    "normal forms": (["é"], TEXT, ["e\u0301"], TEXT),
    "cut of texts": (["ab", "c"], TEXT, ["a", "bc"], TEXT),
    "trailing null character": (["a"], TEXT, ["a\0"], TEXT),
    "text or bytes": (["a"], TEXT, [b"a"], pa.binary()),
    "bytes of fixed length": ([b"ab"], pa.binary(2), [b"ab"], pa.binary()),
    "unit of times": ([1000], pa.timestamp("ms"), [1000], pa.timestamp("us")),
    "same time in another unit": ([1], pa.timestamp("ms"), [1000], pa.timestamp("us")),
    "zone": ([1], pa.timestamp("us", "UTC"), [1], pa.timestamp("us", "Europe/Berlin")),
    "no zone": ([1], pa.timestamp("us"), [1], pa.timestamp("us", "UTC")),
    "time": ([1], pa.timestamp("us"), [2], pa.timestamp("us")),
    "day or number": ([1], pa.date32(), [1], pa.int32()),
    "duration or number": ([1], pa.duration("us"), [1], I64),
    "precision": ([decimal.Decimal("1.1")], pa.decimal128(10, 2), [decimal.Decimal("1.1")], pa.decimal128(11, 2)),
    "scale": ([decimal.Decimal("1.1")], pa.decimal128(10, 2), [decimal.Decimal("1.1")], pa.decimal128(10, 3)),
    "decimal": ([decimal.Decimal("1.1")], pa.decimal128(10, 2), [decimal.Decimal("1.11")], pa.decimal128(10, 2)),
    "decimal beyond floats": (
        [decimal.Decimal("12345678901234567890.1")], pa.decimal128(30, 1),
        [decimal.Decimal("12345678901234567890.2")], pa.decimal128(30, 1),
    ),
    "null or empty list": ([None], pa.list_(I64), [[]], pa.list_(I64)),
    "empty list or list of null": ([[]], pa.list_(I64), [[None]], pa.list_(I64)),
    "cut of lists": ([[1, 2], [3]], pa.list_(I64), [[1], [2, 3]], pa.list_(I64)),
    "order in a list": ([[1, 2]], pa.list_(I64), [[2, 1]], pa.list_(I64)),
    "nested null": ([[[1], None]], pa.list_(pa.list_(I64)), [[[1], []]], pa.list_(pa.list_(I64))),
    "null or struct of nulls": ([None], pa.struct({"x": I64}), [{"x": None}], pa.struct({"x": I64})),
    "name in a struct": ([{"x": 1}], pa.struct({"x": I64}), [{"y": 1}], pa.struct({"y": I64})),
    "value in a struct": ([{"x": 1}], pa.struct({"x": I64}), [{"x": 2}], pa.struct({"x": I64})),
    "order in a struct": (
        [{"x": 1, "y": 1}], pa.struct([("x", I64), ("y", I64)]),
        [{"x": 1, "y": 1}], pa.struct([("y", I64), ("x", I64)]),
    ),
    "value in a map": ([[("k", 1)]], pa.map_(TEXT, I64), [[("k", 2)]], pa.map_(TEXT, I64)),
    "order in a map": ([[("k", 1), ("l", 1)]], pa.map_(TEXT, I64), [[("l", 1), ("k", 1)]], pa.map_(TEXT, I64)),
    "map or list": (
        [[("k", 1)]], pa.map_(TEXT, I64),
        [[{"key": "k", "value": 1}]], pa.list_(pa.struct([pa.field("key", TEXT, False), pa.field("value", I64)])),
    ),
    "elements that are never null": (
        [[1]], pa.list_(pa.field("element", I64, False)), [[1]], pa.list_(pa.field("element", I64, True)),
    ),
    "values of a dictionary": (
        ["a", "b"], pa.dictionary(pa.int8(), TEXT), ["a", "c"], pa.dictionary(pa.int8(), TEXT),
    ),
    "json or text": (["{}"], pa.json_(), ["{}"], TEXT),
    "uuid or bytes": ([b"0" * 16], pa.uuid(), [b"0" * 16], pa.binary(16)),
}  # fmt: skip


@pytest.mark.parametrize("name", UNEQUAL)
def test_the_least_change_of_values_and_types_counts(tmp_path, name):
    """Each of these pairs looks alike, has two digests, and a difference that says which column."""
    left, left_type, right, right_type = UNEQUAL[name]
    a = file_of(tmp_path, "a", pa.table({"x": pa.array(left, left_type)}))
    b = file_of(tmp_path, "b", pa.table({"x": pa.array(right, right_type)}))

    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert counting(a, b)


def schema(*fields, **metadata):
    return pa.schema(fields, metadata or None)


ONE, ROW = pa.field("x", I64), [pa.array([1])]
SCHEMAS = {
    "name": (schema(ONE), schema(pa.field("y", I64)), STRUCTURE),
    "nulls allowed": (schema(ONE), schema(pa.field("x", I64, False)), STRUCTURE),
    "key of the table": (schema(ONE, unit="kg"), schema(ONE, unit="g"), METADATA),
    "missing key": (schema(ONE, unit="kg"), schema(ONE), METADATA),
    "key of a column": (schema(ONE.with_metadata({"unit": "m"})), schema(ONE), METADATA),
    "field id": (schema(ONE.with_metadata({"PARQUET:field_id": "1"})), schema(ONE), METADATA),
    "extension": (schema(ONE.with_metadata({"ARROW:extension:name": "degrees"})), schema(ONE), METADATA),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_what_is_said_of_columns_counts(tmp_path, name):
    """Names, nullability and metadata, each with the kind of difference that it is."""
    left, right, kind = SCHEMAS[name]
    a = file_of(tmp_path, "a", pa.Table.from_arrays(ROW, schema=left))
    b = file_of(tmp_path, "b", pa.Table.from_arrays(ROW, schema=right))

    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert {found.kind for found in counting(a, b)} == {kind}


def test_a_time_of_utc_is_not_one_of_anywhere(tmp_path):
    """Only Parquet's own schema tells them apart."""
    table = pa.table({"x": pa.array([1], pa.time64("us"))})
    a, b = file_of(tmp_path, "a", table), file_of(tmp_path, "b", table, write_time_adjusted_to_utc=True)

    assert PARQUET.digest(a) != PARQUET.digest(b)
    (found,) = counting(a, b)
    assert (found.kind, found.a, found.b) == (STRUCTURE, "time64[us]", "time64[us] [UTC]")


def test_the_order_of_columns_counts(tmp_path):
    """The values of both are compared all the same, and are equal."""
    a = file_of(tmp_path, "a", pa.table({"x": [1], "y": [2]}))
    b = file_of(tmp_path, "b", pa.table({"y": [2], "x": [1]}))

    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert [(found.what, found.a, found.b) for found in counting(a, b)] == [("order of columns", "x, y", "y, x")]


def test_keys_of_the_table_in_another_order_are_equal(tmp_path):
    """They are a mapping."""
    a = file_of(tmp_path, "a", TABLE.replace_schema_metadata({"p": "1", "q": "2"}))
    b = file_of(tmp_path, "b", TABLE.replace_schema_metadata({"q": "2", "p": "1"}))

    assert PARQUET.digest(a) == PARQUET.digest(b)


def test_columns_of_one_name_and_names_with_dots_are_kept_apart(tmp_path):
    """Choosing by name would mix them up."""
    names = ["x", "x", "s", "s.y", ""]
    arrays = [pa.array([1]), pa.array([2]), pa.array([{"y": 3}]), pa.array([4]), pa.array([5])]
    a = file_of(tmp_path, "a", pa.Table.from_arrays(arrays, names=names))
    b = file_of(tmp_path, "b", pa.Table.from_arrays([*arrays[:3], pa.array([9]), arrays[4]], names=names))

    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert [found.place for found in counting(a, b)] == [("s.y",)]
    assert PARQUET.components(a) == ["s", "s.y", ""]
    assert PARQUET.read(a, "s").column_names == ["s"]


@pytest.mark.parametrize("columns", [{}, {"x": pa.array([], I64)}, {"x": pa.array([], pa.list_(TEXT))}])
def test_tables_without_rows_have_a_digest(tmp_path, columns):
    """So have those without columns; they are equal to themselves and to nothing else."""
    a, b = file_of(tmp_path, "a", pa.table(columns)), file_of(tmp_path, "b", pa.table({"z": [1]}))

    assert PARQUET.digest(a) == PARQUET.digest(a)
    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert counting(a, b)
    assert PARQUET.preview(a).data


def test_dictionaries_in_lists_may_be_others_in_each_row_group(tmp_path):
    """Arrow can't have two of them in one batch."""
    values = [[text] for text in "abcdef"]
    kind = pa.list_(pa.dictionary(pa.int8(), TEXT))
    a = file_of(tmp_path, "a", pa.table({"x": pa.array(values, kind)}), row_group_size=2)
    b = file_of(tmp_path, "b", pa.table({"x": values}))

    assert PARQUET.digest(a) == PARQUET.digest(b)
    assert not counting(a, b)


def test_categories_of_polars_are_a_container(tmp_path):
    """It notes them with the column."""
    kind = pa.dictionary(pa.uint32(), pa.large_string())
    field = pa.field("x", kind, metadata={"_PL_CATEGORICAL2": "0;0;u32;"})
    a = file_of(tmp_path, "a", pa.Table.from_arrays([pa.array(["u"], kind)], schema=pa.schema([field])))
    b = file_of(tmp_path, "b", pa.table({"x": ["u"]}))

    assert PARQUET.digest(a) == PARQUET.digest(b)


# --- pandas -----------------------------------------------------------------------------------------------


def test_versions_of_pandas_do_not_count_but_its_index_does(tmp_path):
    """Pandas notes its own version and that of pyarrow beside what the index is."""
    frame = pandas.DataFrame({"x": [1.0, 2.0], "key": ["a", "b"]})
    frame.to_parquet(tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    said = json.loads(table.schema.metadata[b"pandas"])
    said |= {"pandas_version": "1.0.0", "creator": {"library": "fastparquet", "version": "0.1"}}
    b = file_of(tmp_path, "b", table.replace_schema_metadata({"pandas": json.dumps(said)}))
    frame.set_index("key").to_parquet(tmp_path / "c.parquet")

    assert PARQUET.digest(tmp_path / "a.parquet") == PARQUET.digest(b)
    assert PARQUET.digest(tmp_path / "a.parquet") != PARQUET.digest(tmp_path / "c.parquet")
    assert [found.what for found in PARQUET.diff(tmp_path / "a.parquet", b) if found.what == "writer's metadata"]


# --- differences ------------------------------------------------------------------------------------------


def test_a_difference_of_numbers_says_how_far_and_in_which_row(tmp_path):
    """Whatever the row groups of both."""
    values = numpy.arange(1000.0)
    changed = values.copy()
    changed[[700, 900]] += [0.5, 0.25]
    a = file_of(tmp_path, "a", pa.table({"x": values}), row_group_size=300)
    b = file_of(tmp_path, "b", pa.table({"x": changed}), row_group_size=77)
    (found,) = counting(a, b)

    assert (found.kind, found.place, found.a, found.b) == (VALUES, ("x",), "700.0", "700.5")
    assert found.numbers[:4] == (2, 1000, 0.5, 0.5 / 700.5)
    assert found.numbers.first == (700,)
    assert not counting(a, b, Tolerance(absolute=0.5))


def test_nested_values_are_told_by_their_row(tmp_path):
    """A list may be as long in both and differ within."""
    a = file_of(tmp_path, "a", pa.table({"x": [[1, 2], [], [3, 4], [5]]}))
    b = file_of(tmp_path, "b", pa.table({"x": [[1, 2], [], [3, 5], [5, 6]]}))
    lengths, values = counting(a, b)

    assert (lengths.what, lengths.numbers.first, lengths.a, lengths.b) == ("lengths", (3,), "1", "2")
    assert (values.what, values.numbers.first, values.a, values.b) == ("values", (2,), "4", "5")


def test_changes_of_nulls_are_told_apart_from_values(tmp_path):
    """Nulls are none of the numbers."""
    a, b = file_of(tmp_path, "a", pa.table({"x": [1, 2, None]})), file_of(tmp_path, "b", pa.table({"x": [1, None, 3]}))
    (found,) = counting(a, b)

    assert (found.what, found.a, found.b, found.numbers.count, found.numbers.first) == ("nulls", "2", "null", 2, (1,))


def test_decimals_have_a_tolerance(tmp_path):
    """And a distance."""
    kind = pa.decimal128(10, 2)
    a = file_of(tmp_path, "a", pa.table({"x": pa.array([decimal.Decimal("1.00")], kind)}))
    b = file_of(tmp_path, "b", pa.table({"x": pa.array([decimal.Decimal("1.25")], kind)}))
    (found,) = counting(a, b)

    assert found.numbers.absolute == 0.25
    assert not counting(a, b, Tolerance(absolute=0.25))
    assert counting(a, b, Tolerance(absolute=0.2))


def test_rows_that_were_added_are_told_with_what_is_before_them(tmp_path):
    """Values are compared as far as both go."""
    a, b = file_of(tmp_path, "a", pa.table({"x": [1, 2]})), file_of(tmp_path, "b", pa.table({"x": [1, 2, 3]}))

    assert [(found.kind, found.what, found.a, found.b) for found in counting(a, b)] == [(STRUCTURE, "rows", "2", "3")]


# --- read, describe ---------------------------------------------------------------------------------------


def test_columns_and_rows_can_be_chosen(tmp_path):
    """By parameters; a column is a component as well."""
    path = file_of(tmp_path, "a", TABLE, row_group_size=5)

    assert PARQUET.read(path, "id", rows=(4, 6)).to_pydict() == {"id": [4, 5]}
    assert PARQUET.read(path, columns=["name", "id"]).column_names == ["id", "name"]
    assert PARQUET.read(path, rows=[10, 99]).num_rows == 2
    for wrong in ({"rows": "1:2"}, {"rows": (1,)}, {"columns": "id"}, {"columns": ["no"]}):
        with pytest.raises(LookupError):
            PARQUET.read(path, **wrong)


def test_a_description_needs_no_values(tmp_path):
    """All of it is in the end of the file."""
    path = file_of(tmp_path, "a", TABLE)
    found = PARQUET.describe(path)

    assert (found["rows"], found["row groups"], found["codec"]) == (12, 1, "SNAPPY")
    assert ["struct", "struct<'x': int64, 'y': list<float64>>"] in found["columns"]


def test_another_value_is_not_written(tmp_path):
    """Only tables of pyarrow are."""
    with pytest.raises(TypeError, match="found dict"):
        PARQUET.write({"x": [1]}, tmp_path / "x.parquet")
