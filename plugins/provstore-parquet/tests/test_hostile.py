"""Files that are damaged, or made to do harm: each ends in a clear exception."""

import numpy
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from provstore_parquet import Parquet
from provstore_parquet.arrays import value_text

from provstore.plugin import Expansion, Unavailable

PARQUET = Parquet()
TABLE = pa.table({"x": range(1000), "name": ["a", "b"] * 500})


@pytest.fixture
def path(tmp_path):
    """A file that is whole, with checksums of its pages."""
    pq.write_table(TABLE, tmp_path / "a.parquet", row_group_size=300, compression="none")
    return tmp_path / "a.parquet"


@pytest.mark.parametrize("cut", [0, 3, 4, 8, 100, -1, -4, -8, -100])
def test_what_was_cut_is_refused(path, cut):
    """The end of a file says where all else is."""
    path.write_bytes(path.read_bytes()[:cut])
    for ask in (PARQUET.digest, PARQUET.describe, PARQUET.read, PARQUET.preview):
        with pytest.raises(Exception, match=r"."):
            ask(path)


def test_other_files_are_refused(tmp_path):
    """Folders, nothing, zeros, and what is only marked as Parquet at both ends."""
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "zeros.parquet").write_bytes(bytes(1000))
    (tmp_path / "marks.parquet").write_bytes(b"PAR1" + b"\xff" * 100 + b"\x64\0\0\0PAR1")
    (tmp_path / "length.parquet").write_bytes(b"PAR1" + bytes(100) + b"\xff\xff\xff\x7fPAR1")
    for name in ("folder", "missing", "zeros", "marks", "length"):
        with pytest.raises(Exception, match=r"."):
            PARQUET.digest(tmp_path / f"{name}.parquet")


def test_encrypted_files_are_refused(path):
    """By what stands at their end."""
    path.write_bytes(b"PARE" + path.read_bytes()[4:-4] + b"PARE")
    with pytest.raises(Exception, match=r"."):
        PARQUET.digest(path)


def constants(count):
    return numpy.zeros(count, "i4")


def texts_of(text, count):
    return pa.DictionaryArray.from_arrays(pa.array(constants(count)), pa.array([text]))


class LowLimit(Expansion):
    """As in earnest, but for files of some megabytes."""

    def __init__(self, size, what):
        super().__init__(size, what)
        self.limit = max(1 << 22, 100 * size)


MANY = 1_000_000
BOMBS = {
    "nulls": lambda: pa.nulls(MANY, pa.int64()),
    "numbers": lambda: pa.array(numpy.zeros(MANY)),
    "texts": lambda: texts_of("x" * 10_000, 10_000),
    "lists": lambda: pa.ListArray.from_arrays(pa.array([0, MANY], pa.int32()), pa.nulls(MANY, pa.int64())),
    "bytes": lambda: pa.array([bytes(10_000_000)]),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_small_file_of_many_rows_is_refused(tmp_path, monkeypatch, bomb):
    """Before they are in memory: repetitions take no space."""
    monkeypatch.setattr("provstore_parquet.table.Expansion", LowLimit)
    path = tmp_path / "bomb.parquet"
    table = pa.table({"x": BOMBS[bomb]()})
    pq.write_table(table, path, compression="zstd", use_dictionary=bomb in ("texts", "numbers"), write_statistics=False)
    assert path.stat().st_size < 40_000
    for ask in (PARQUET.digest, PARQUET.read, lambda path: list(PARQUET.diff(path, path))):
        with pytest.raises(Unavailable, match="expands to more than"):
            ask(path)


def test_texts_are_not_written_out_whatever_arrow_is_told_of_them(tmp_path):
    """A dictionary of Parquet need not be one of Arrow."""
    path = tmp_path / "bomb.parquet"
    pq.write_table(pa.table({"x": texts_of("x" * 900_000, 100_000)}), path, compression="zstd", store_schema=False)
    for ask in (PARQUET.digest, PARQUET.read):
        with pytest.raises(Unavailable, match="expands to more than"):
            ask(path)


def test_a_list_that_repeats_a_long_text_is_refused(tmp_path):
    """All of it is in one row, so that no batch is small enough."""
    path = tmp_path / "bomb.parquet"
    lists = pa.ListArray.from_arrays(pa.array([0, 1000], pa.int32()), texts_of("x" * 900_000, 1000))
    pq.write_table(pa.table({"x": lists}), path, compression="zstd")
    for ask in (PARQUET.digest, PARQUET.read, PARQUET.preview):
        with pytest.raises(Unavailable, match="expands to more than"):
            ask(path)


@pytest.mark.parametrize("depth", [70, 95, 1000])
def test_columns_beyond_all_depth_are_refused(tmp_path, depth):
    """By pyarrow or by us, before Python's own limit."""
    kind = pa.int8()
    for _ in range(depth):
        kind = pa.struct([("a", kind)])
    pq.write_table(pa.table({"x": pa.nulls(1, kind)}), tmp_path / "a.parquet")
    for ask in (PARQUET.digest, PARQUET.describe, PARQUET.preview):
        with pytest.raises(Exception, match="deep"):
            ask(tmp_path / "a.parquet")


LARGE = {
    "text": (["é" * 100_000], pa.string(), "éé"),
    "bytes": ([b"z" * 100_000], pa.binary(), "b'zz"),
    "list": ([[7] * 100_000], pa.list_(pa.int64()), "a value of 80"),
    "struct": ([{"x": ["z" * 100_000]}], pa.struct([("x", pa.list_(pa.string()))]), "a value of 10"),
    "map": ([[("k", "z" * 100_000)]], pa.map_(pa.string(), pa.string()), "a value of 10"),
}


@pytest.mark.parametrize("name", LARGE)
def test_of_a_large_value_only_some_is_shown(tmp_path, name):
    """Python's own values take many times the space."""
    values, kind, expected = LARGE[name]
    (array,) = pa.chunked_array([values], kind).chunks

    assert value_text(array[0]).startswith(expected)
    assert len(value_text(array[0])) < 70_000
    assert value_text(pa.array([None], kind)[0]) == "null"


def test_text_that_is_not_utf8_has_a_digest_and_can_be_shown(tmp_path):
    """Writers do not always look."""
    for name, data in (("a", b"\xff"), ("b", b"\xfe")):
        array = pa.StringArray.from_buffers(1, pa.py_buffer(numpy.array([0, 1], "i4")), pa.py_buffer(data))
        pq.write_table(pa.table({"x": array}), tmp_path / f"{name}.parquet")
    a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"

    assert PARQUET.digest(a) != PARQUET.digest(b)
    assert [found.what for found in PARQUET.diff(a, b) if found.counts] == ["values"]
    assert PARQUET.preview(a).data


def test_a_damaged_page_is_never_equal(path):
    """Values have no checksum, but are other values; the rest is refused."""
    data, expected = path.read_bytes(), PARQUET.digest(path)
    where = data.index((500).to_bytes(8, "little"))
    path.write_bytes(data[:where] + b"\xff" + data[where + 1 :])
    try:
        found = PARQUET.digest(path)
    except Exception as error:
        assert str(error)  # noqa: PT017
    else:
        assert found != expected
