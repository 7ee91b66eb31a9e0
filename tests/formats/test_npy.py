"""The format npy: pairs of files that are equal as data, and pairs that are not."""

from __future__ import annotations

import io
import pickle
import struct
from pathlib import Path
from tempfile import mkdtemp

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from provstore.formats.npy import Npy
from provstore.plugin import STORAGE, VALUES, Difference, Hasher, Tolerance, Unavailable, compare_arrays
from provstore.testing import FormatContract

format_ = numpy.lib.format
NPY = Npy()


def raw(header: str, body: bytes = b"", version: tuple[int, int] = (1, 0), length: int | None = None) -> bytes:
    """A file with a header of one's own."""
    text = header.encode()
    packed = struct.pack("<H" if version == (1, 0) else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes(version) + packed + text + body


def written(array: numpy.ndarray, version: tuple[int, int] | None = None) -> bytes:
    """What numpy writes."""
    target = io.BytesIO()
    format_.write_array(target, array, version)
    return target.getvalue()


def header_of(descr: object, shape: object, order: object = False) -> str:
    return repr({"descr": descr, "fortran_order": order, "shape": shape})


TABLE = numpy.arange(24.0).reshape(2, 3, 4)
NAN = numpy.array([1.0, numpy.nan])
OTHER_NAN = numpy.array([1.0, 0.0])
OTHER_NAN.view("u8")[1] = 0x7FF8000000000001
RECORD = numpy.dtype([("a", "i2"), ("b", "f8", (2,)), ("c", "S3")])
RECORDS = numpy.zeros(3, RECORD)
RECORDS["a"], RECORDS["b"], RECORDS["c"] = [1, 2, 3], 0.5, b"xy"
ALIGNED = RECORDS.astype(numpy.dtype(RECORD.descr, align=True))
TITLED = RECORDS.view(numpy.dtype([(("Title", "a"), "i2"), ("b", "f8", (2,)), ("c", "S3")]))
FLAGS = numpy.array([1, 0, 1], "u1")
COMPLEX = numpy.array([complex(1, numpy.nan), 2j])
OTHER_COMPLEX = COMPLEX.copy()
OTHER_COMPLEX.view("u8")[1] ^= 1 << 63
NESTED = numpy.zeros(2, [("p", [("x", "f4"), ("y", ">f4")]), ("q", "?")])

EQUAL = {
    "byte order": (written(TABLE), written(TABLE.astype(">f8"))),
    "Fortran order": (written(TABLE), written(numpy.asfortranarray(TABLE))),
    "Fortran order and byte order": (written(TABLE.astype("i4")), written(numpy.asfortranarray(TABLE.astype(">i4")))),
    "version 2 of the header": (written(TABLE), written(TABLE, (2, 0))),
    "version 3 of the header": (written(TABLE), written(TABLE, (3, 0))),
    "padding of the header": (written(NAN), raw(header_of("<f8", (2,)), NAN.tobytes())),
    "keys of the header in another order": (
        written(NAN), raw("{'shape': (2,), 'descr': '<f8', 'fortran_order': False}", NAN.tobytes())),
    "Python 2's integers": (
        written(NAN), raw("{'descr': '<f8', 'fortran_order': False, 'shape': (2L,), }", NAN.tobytes())),
    "bits of NaN": (written(NAN), written(OTHER_NAN)),
    "bits of NaN in half precision": (
        written(NAN.astype("f2")), written(numpy.array([0x3C00, 0x7E01], "u2").view("f2"))),
    "bits of NaN in a complex number": (written(COMPLEX), written(OTHER_COMPLEX)),
    "alignment": (written(RECORDS), written(ALIGNED)),
    "titles": (written(RECORDS), written(TITLED)),
    "byte order of one field": (
        written(RECORDS), written(RECORDS.astype([("a", ">i2"), ("b", "f8", (2,)), ("c", "S3")]))),
    "byte order in nested fields": (
        written(NESTED), written(NESTED.astype([("p", [("x", ">f4"), ("y", "<f4")]), ("q", "?")]))),
    "bytes of truth": (written(FLAGS.view("?")), raw(header_of("|b1", (3,)), b"\x02\x00\xff")),
    "bytes of truth in a record": (
        raw(header_of([("t", "|b1")], (2,)), b"\x01\x00"), raw(header_of([("t", "|b1")], (2,)), b"\x07\x00")),
    "byte order of times": (
        written(numpy.array(["2026-01-02"], "<M8[ns]")), written(numpy.array(["2026-01-02"], ">M8[ns]"))),
    "byte order of text": (written(numpy.array(["é", "x"], "<U2")), written(numpy.array(["é", "x"], ">U2"))),
    "byte order of nothing": (written(numpy.zeros((0, 3), "<f8")), written(numpy.zeros((0, 3), ">f8"))),
    "byte order of a scalar": (written(numpy.array(3, "<i4")), written(numpy.array(3, ">i4"))),
    "byte order of extended precision": (
        written(numpy.array([1, numpy.nan], "<f16")), written(numpy.array([1, numpy.nan], ">f16"))),
}  # fmt: skip

DIFFERENT = {
    "type": (numpy.arange(3, dtype="i4"), numpy.arange(3, dtype="i8")),
    "width": (numpy.ones(2, "f4"), numpy.ones(2, "f8")),
    "sign": (numpy.ones(2, "i2"), numpy.ones(2, "u2")),
    "same bytes, other type": (numpy.zeros(2, "f4"), numpy.zeros(2, "i4")),
    "shape": (TABLE, TABLE.reshape(3, 2, 4)),
    "a further dimension": (NAN, NAN[None]),
    "scalar and one": (numpy.array(1.0), numpy.array([1.0])),
    "transposed": (TABLE[0], TABLE[0].T),
    "transposed and of the same shape": (numpy.arange(9.0).reshape(3, 3), numpy.arange(9.0).reshape(3, 3).T),
    "empty shapes": (numpy.zeros((0, 3)), numpy.zeros((3, 0))),
    "empty types": (numpy.zeros(0, "f4"), numpy.zeros(0, "f8")),
    "last value": (TABLE, numpy.where(TABLE == 23, 23.000000001, TABLE)),
    "last bit": (numpy.ones(2), numpy.nextafter(numpy.ones(2), 2)),
    "sign of zero": (numpy.array([0.0]), numpy.array([-0.0])),
    "sign of an imaginary zero": (numpy.array([complex(1, 0)]), numpy.array([complex(1, -0.0)])),
    "NaN and infinity": (NAN, numpy.array([1.0, numpy.inf])),
    "NaN and number": (NAN, numpy.array([1.0, 2.0])),
    "big integers": (numpy.array([2**53]), numpy.array([2**53 + 1])),
    "order of fields": (RECORDS, numpy.array([row[::-1] for row in RECORDS.tolist()], RECORD.descr[::-1])),
    "name of a field": (RECORDS, RECORDS.view([("A", "i2"), ("b", "f8", (2,)), ("c", "S3")])),
    "type of a field": (RECORDS, RECORDS.view([("a", "u2"), ("b", "f8", (2,)), ("c", "S3")])),
    "fields and plain": (numpy.zeros(2, [("a", "f8")]), numpy.zeros(2)),
    "fields and a dimension": (numpy.zeros(2, [("a", "f8"), ("b", "f8")]), numpy.zeros((2, 2))),
    "subarray and fields": (numpy.zeros(2, [("a", "f8", (1,))]), numpy.zeros(2, [("a", "f8")])),
    "value of a field": (RECORDS, numpy.array([*RECORDS[:2].tolist(), (3, [0.5, 0.25], b"xy")], RECORD)),
    "unit of times": (numpy.array(["2026"], "M8[s]"), numpy.array(["2026"], "M8[ms]")),
    "times and spans": (numpy.array([5], "M8[s]"), numpy.array([5], "m8[s]")),
    "times and integers": (numpy.array([5], "M8[s]"), numpy.array([5])),
    "no time": (numpy.array(["NaT"], "M8[s]"), numpy.array([0], "M8[s]")),
    "width of text": (numpy.array([b"ab"], "S2"), numpy.array([b"ab"], "S3")),
    "text and bytes": (numpy.array(["ab"]), numpy.array([b"ab"])),
    "space at the end": (numpy.array(["a "], "U2"), numpy.array(["a"], "U2")),
    "bytes and nothing known": (numpy.array([b"ab"], "S2"), numpy.array([b"ab"], "S2").view("V2")),
    "bytes of nothing known": (numpy.array([b"ab"]).view("V2"), numpy.array([b"ac"]).view("V2")),
    "truth and number": (numpy.array([True]), numpy.array([1], "u1")),
    "real and complex": (numpy.ones(2), numpy.ones(2, complex)),
    "imaginary part": (numpy.ones(2, complex), numpy.array([1, 1 + 1e-9j])),
}  # fmt: skip

HOSTILE = {
    "nothing": b"",
    "a magic text alone": b"\x93NUMPY\x01\x00",
    "version 4": raw(header_of("<f8", (1,)), bytes(8), (4, 0)),
    "a header that is longer than the file": raw(header_of("<f8", (1,)), length=60_000),
    "a header bomb": raw(" " * 100_000, version=(2, 0)),
    "an announced header of gigabytes": raw("", version=(2, 0), length=2**32 - 1),
    "deep nesting": raw("(" * 4000 + ")" * 4000),
    "deep types": raw(header_of("<f8", (1,)).replace("'<f8'", "[('a'," * 400 + "'f8'" + ")]" * 400)),
    "code": raw("{'descr': __import__('os').getcwd(), 'fortran_order': False, 'shape': (1,)}", bytes(8)),
    "a list": raw("[1, 2]"),
    "a missing key": raw("{'descr': '<f8', 'shape': (1,)}", bytes(8)),
    "a further key": raw("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'x': 1}", bytes(8)),
    "a huge shape": raw(header_of("<f8", (10**15,)), bytes(8)),
    "a shape beyond all integers": raw(header_of("<f8", (2**40, 2**40)), bytes(8)),
    "a huge shape of nothing": raw(header_of("|V0", (10**15,)), b"x"),
    "a negative shape": raw(header_of("<f8", (-1,)), bytes(8)),
    "two negative lengths": raw(header_of("<f8", (-1, -1)), bytes(8)),
    "a shape of truth": raw(header_of("<f8", (True,)), bytes(8)),
    "a shape as a list": raw(header_of("<f8", [1]), bytes(8)),
    "too many dimensions": raw(header_of("<f8", (1,) * 65), bytes(8)),
    "an order that is a number": raw(header_of("<f8", (1,), 1), bytes(8)),
    "no type": raw(header_of("nonsense", (1,)), bytes(8)),
    "a subarray as a type": raw(header_of("(2,)f8", (1,)), bytes(16)),
    "too few values": raw(header_of("<f8", (3,)), bytes(16)),
    "too many values": raw(header_of("<f8", (1,)), bytes(16)),
    "two arrays": written(NAN) + written(NAN),
    "objects": raw(header_of("|O", (1,)), pickle.dumps([1])),
    "objects in a field": raw(header_of([("a", "<f8"), ("b", "|O")], (1,)), bytes(16)),
    "null bytes in the header": raw("\0" * 20),
}  # fmt: skip


class TestNpy(FormatContract):
    @pytest.fixture
    def format(self):
        return Npy()

    @pytest.fixture
    def equal(self, tmp_path):
        return files(tmp_path, *EQUAL["Fortran order and byte order"])

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path, *map(written, DIFFERENT["last value"]))


def files(folder, *contents):
    """New files in a folder of their own."""
    folder = Path(mkdtemp(dir=folder))
    paths = [folder / f"{number}.npy" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def counting(a, b, tolerance=None) -> list[Difference]:
    return [entry for entry in NPY.diff(a, b, tolerance) if entry.counts]


@pytest.mark.parametrize("case", EQUAL)
def test_what_is_written_differently_is_equal(case, tmp_path):
    """The digest is one, and nothing that counts is found."""
    a, b = files(tmp_path, *EQUAL[case])

    assert a.read_bytes() != b.read_bytes()
    assert NPY.digest(a) == NPY.digest(b)
    assert counting(a, b) == []


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_looks_alike_is_different(case, tmp_path):
    """The digests are two, and a difference that counts is found."""
    a, b = files(tmp_path, *map(written, DIFFERENT[case]))

    assert NPY.digest(a) != NPY.digest(b)
    assert counting(a, b)


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_hostile_is_refused(case, tmp_path):
    """With words, and without reading what is not there."""
    (path,) = files(tmp_path, HOSTILE[case])
    for method in (NPY.digest, NPY.read, NPY.describe, NPY.preview):
        with pytest.raises(Unavailable, match=r"\w"):
            method(path)


def test_objects_are_named_as_the_reason(tmp_path):
    """So that the user knows what to change."""
    (path,) = files(tmp_path, HOSTILE["objects"])
    with pytest.raises(Unavailable, match="Python objects"):
        NPY.digest(path)


@pytest.mark.parametrize(
    ("case", "what"),
    [
        ("byte order", ["byte order"]),
        ("Fortran order", ["order in memory"]),
        ("version 2 of the header", ["header version"]),
        ("padding of the header", ["padding"]),
        ("alignment", ["alignment"]),
    ],
)  # fmt: skip
def test_it_is_said_in_what_equal_files_differ(case, what, tmp_path):
    """In terms of how they are stored."""
    a, b = files(tmp_path, *EQUAL[case])

    found = [(entry.kind, entry.what) for entry in NPY.diff(a, b)]
    assert [(STORAGE, name) for name in what] == [
        entry for entry in found if entry[1] != "padding" or "padding" in what
    ]


def test_a_difference_is_measured(tmp_path):
    """Count, distances and the first index; NaNs that came and went."""
    other = TABLE.copy()
    other[1, 2, 3], other[0, 0, 1] = numpy.nan, 1.5
    (found,) = counting(*files(tmp_path, written(TABLE), written(numpy.asfortranarray(other))))

    assert found.numbers == (2, 24, 0.5, 0.5 / 1.5, 2**51, (0, 0, 1), 1, 0)


def test_records_are_compared_by_field(tmp_path):
    """One difference for each field that differs, at its place."""
    other = RECORDS.copy()
    other["b"][1, 1] = 0.75
    (found,) = counting(*files(tmp_path, written(RECORDS), written(other)))

    assert (found.kind, found.place, found.numbers.first) == (VALUES, ("b",), (1, 1))


def test_a_tolerance_holds_for_fields_too(tmp_path):
    """What is near enough is not told."""
    other = RECORDS.copy()
    other["b"] += 1e-9

    assert counting(*files(tmp_path, written(RECORDS), written(other)), Tolerance(relative=1e-6)) == []


@pytest.mark.parametrize("shape", [(7, 5), (5, 7), (2, 3, 4, 5), (1, 9), (9, 1), (3, 100), (100, 3), (4, 1, 6)])
@pytest.mark.parametrize("panel", [8, 40, 96, 1000])
def test_transposing_in_small_pieces_changes_nothing(shape, panel, tmp_path, monkeypatch):
    """Whatever fits in a panel: a few values, a row, a few rows."""
    monkeypatch.setattr("provstore.formats.npy_layout.PANEL", panel)
    monkeypatch.setattr("provstore.formats.npy_layout.PIECE", panel // 2)
    monkeypatch.setattr("provstore.formats.npy_layout.TILE", 3)
    array = numpy.random.default_rng(1).random(shape)
    (path,) = files(tmp_path, written(numpy.asfortranarray(array)))

    assert NPY.digest(path) == Hasher().array(array).digest


def test_a_digest_does_not_depend_on_blocks(tmp_path, monkeypatch):
    """However few values are read at a time."""
    a, b = files(tmp_path, written(TABLE), written(numpy.asfortranarray(TABLE)))
    whole = NPY.digest(a)
    monkeypatch.setattr("provstore.formats.npy_layout.BLOCK", 24)
    monkeypatch.setattr("provstore.plugin.arrays.BLOCK", 40)

    assert NPY.digest(a) == NPY.digest(b) == whole
    assert counting(a, b) == []


def test_the_first_difference_is_found_in_any_block(tmp_path, monkeypatch):
    """Its index is that in the whole array."""
    monkeypatch.setattr("provstore.formats.npy_layout.BLOCK", 40)
    (found,) = counting(*files(tmp_path, *map(written, DIFFERENT["last value"])))

    assert found.numbers.first == (1, 2, 3)


def test_texts_without_length_are_equal_by_shape(tmp_path):
    """They take no bytes."""
    contents = [raw(header_of("|S0", shape), b"") for shape in ((3,), (3,), (4,))]
    a, b, c = files(tmp_path, *contents)

    assert NPY.digest(a) == NPY.digest(b) != NPY.digest(c)
    assert counting(a, c)


@pytest.mark.parametrize(
    "value",
    [[1], numpy.ma.masked_array([1, 2], [True, False]), numpy.array([{}])],
)  # fmt: skip
def test_what_is_no_plain_array_is_not_written(value, tmp_path):
    """A mask would be lost, an object pickled."""
    with pytest.raises(TypeError):
        NPY.write(value, tmp_path / "x.npy")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_comparison_agrees_with_the_digest_of_any_arrays(data):
    """A difference that counts is found exactly if the digests differ."""
    dtypes = st.sampled_from(["i1", ">i4", "u8", "f2", ">f4", "f8", "c8", "?", "S2", "U1", "M8[s]", "i4,f4"])
    shape = data.draw(arrays.array_shapes(min_dims=0, max_dims=2, max_side=3, min_side=0))
    draw = [data.draw(arrays.arrays(data.draw(dtypes), shape)) for _ in range(2)]
    same = data.draw(st.booleans())
    a, b = draw[0], draw[0].copy(order="F") if same else draw[1]

    found = [entry for entry in compare_arrays(a, b) if entry.counts]
    assert bool(found) == (Hasher().array(a).digest != Hasher().array(b).digest)


@pytest.mark.parametrize("shape", [(20, 300), (3, 40, 5), (1, 7, 9), (5, 2, 3, 4)])
def test_long_rows_are_turned_by_a_file(shape, tmp_path, monkeypatch):
    """Where few values of a column would lie together in the file."""
    values = numpy.arange(numpy.prod(shape)).reshape(shape)
    monkeypatch.setattr("provstore.formats.npy_layout.PANEL", 64)
    monkeypatch.setattr("provstore.formats.npy_layout.LARGEST_PANEL", 64)
    a, b = files(tmp_path, written(values), written(numpy.asfortranarray(values)))

    assert Npy().digest(a) == Npy().digest(b)
