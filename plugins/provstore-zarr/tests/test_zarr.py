"""The format `zarr` by pairs of stores that zarr writes."""

import itertools
import json
import shutil
import warnings
import zipfile

import numpy
import pytest
import zarr
from provstore_zarr import Zarr

from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Tolerance
from provstore.testing import FormatContract

ZARR = Zarr()
NAN = float("nan")
VALUES_2D = numpy.arange(600, dtype="f4").reshape(20, 30)


def store(tmp_path, name, fill, version=3, **attributes):
    """A store with a group at its root, to which `fill` adds something."""
    path = tmp_path / f"{name}.zarr"
    root = zarr.open_group(str(path), mode="w", zarr_format=version)
    root.attrs.update(attributes)
    fill(root)
    return path


def one(tmp_path, name, values=VALUES_2D, version=3, attributes=None, **options):
    """A store with one array "x"."""

    def fill(root):
        data = numpy.asarray(values)
        kind = str if data.dtype.kind == "O" else data.dtype
        array = root.create_array("x", shape=data.shape, dtype=kind, attributes=attributes or {}, **options)
        array[...] = data

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that Zarr 3 has no specification for yet
        return store(tmp_path, name, fill, version)


def counting(a, b, tolerance=None):
    return [found for found in ZARR.diff(a, b, tolerance) if found.counts]


class TestContract(FormatContract):
    @pytest.fixture
    def format(self):
        return ZARR

    @pytest.fixture
    def equal(self, tmp_path):
        said = {"unit": "m", "nested": {"a": [1, 2.5, None]}}
        names = {"dimension_names": ("y", "x"), "attributes": said}
        return one(tmp_path, "a", chunks=(7, 30), **names), one(tmp_path, "b", chunks=(20, 4), **names)

    @pytest.fixture
    def different(self, tmp_path):
        changed = VALUES_2D.copy()
        changed[19, 29] = numpy.nextafter(changed[19, 29], numpy.float32(0))
        return one(tmp_path, "c"), one(tmp_path, "d", changed)


class TestContractOfArchives(FormatContract):
    roundtrips = False  # a folder is written, which is another ending

    @pytest.fixture
    def format(self):
        return ZARR

    @pytest.fixture
    def equal(self, tmp_path):
        return zipped(one(tmp_path, "a", chunks=(7, 30))), zipped(one(tmp_path, "b", chunks=(20, 4)))

    @pytest.fixture
    def different(self, tmp_path):
        return zipped(one(tmp_path, "c")), zipped(one(tmp_path, "d", VALUES_2D + 1))


def zipped(path):
    return path.parent / shutil.make_archive(str(path), "zip", path)


WRITTEN_OTHERWISE = {
    "chunks": {"chunks": (3, 4)},
    "one chunk": {"chunks": (20, 30)},
    "chunks beyond the end": {"chunks": (64, 64)},
    "tall chunks": {"chunks": (20, 1)},
    "shards": {"chunks": (2, 5), "shards": (10, 15)},
    "no codec": {"compressors": None},
    "gzip": {"compressors": zarr.codecs.GzipCodec(level=9)},
    "blosc": {"compressors": zarr.codecs.BloscCodec(cname="lz4hc", shuffle="bitshuffle")},
    "zstd with checksum": {"compressors": zarr.codecs.ZstdCodec(level=3, checksum=True)},
    "two codecs": {"compressors": [zarr.codecs.GzipCodec(), zarr.codecs.Crc32cCodec()]},
    "transposed": {"filters": [zarr.codecs.TransposeCodec(order=(1, 0))]},
    "big endian": {"serializer": zarr.codecs.BytesCodec(endian="big")},
    "fill value": {"fill_value": 7},
    "keys of chunks": {"chunk_key_encoding": {"name": "v2", "separator": "."}},
    "version 2": {"version": 2, "chunks": (4, 30)},
    "version 2, order F": {"version": 2, "chunks": (4, 30), "order": "F"},
    "version 2, slashes": {"version": 2, "chunks": (4, 30), "chunk_key_encoding": {"name": "v2", "separator": "/"}},
}


@pytest.mark.parametrize("how", WRITTEN_OTHERWISE)
def test_how_an_array_is_stored_does_not_count(tmp_path, how):
    """Options of the writer leave the digest alone, and are told as storage."""
    a, b = one(tmp_path, "a", chunks=(10, 10)), one(tmp_path, "b", **WRITTEN_OTHERWISE[how])

    assert ZARR.digest(a) == ZARR.digest(b)
    assert {found.kind for found in ZARR.diff(a, b)} == {STORAGE}


KINDS = {
    "bool": numpy.array([True, False]),
    "int8": numpy.array([-1, 2], "i1"),
    "uint64": numpy.array([1, 2**64 - 1], "u8"),
    "half": numpy.array([1, NAN], "f2"),
    "complex": numpy.array([1j, NAN]),
    "bytes": numpy.array([b"ab", b"c"], "S3"),
    "text of fixed length": numpy.array(["ab", "é"], "U3"),
    "text": numpy.array(["ab", "", "é", "a\0"], object),
    "times": numpy.array([1, "NaT"], "M8[ns]"),
    "durations": numpy.array([1, 2], "m8[s]"),
    "records": numpy.array([(1, 2.5), (3, NAN)], [("n", "i2"), ("x", "f8")]),
    "scalar": numpy.array(4.5),
    "nothing": numpy.zeros((0, 3)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_versions_two_and_three_are_equal(tmp_path, kind):
    """For all types that both have."""
    a, b = one(tmp_path, "a", KINDS[kind], 3), one(tmp_path, "b", KINDS[kind], 2)

    assert ZARR.digest(a) == ZARR.digest(b)
    assert not counting(a, b)
    assert ZARR.preview(a).data


@pytest.mark.parametrize("version", [2, 3])
def test_chunks_that_were_never_written_equal_their_fill_value(tmp_path, version):
    """Written or not, it is what is read."""

    def fill(root, is_written):
        array = root.create_array("x", shape=(10, 10), chunks=(5, 5), dtype="i4", fill_value=3, config={
            "write_empty_chunks": True})  # fmt: skip
        array[:5] = 1
        if is_written:
            array[5:] = 3

    a = store(tmp_path, "a", lambda root: fill(root, False), version)
    b = store(tmp_path, "b", lambda root: fill(root, True), version)

    assert ZARR.digest(a) == ZARR.digest(b)
    assert [found.what for found in ZARR.diff(a, b)] == ["written chunks"]


def test_another_fill_value_counts_where_it_is_read(tmp_path):
    """Chunks that were not written change with it."""

    def fill(root, value):
        root.create_array("x", shape=(10,), chunks=(5,), dtype="i4", fill_value=value)[:5] = 1

    a, b = store(tmp_path, "a", lambda root: fill(root, 3)), store(tmp_path, "b", lambda root: fill(root, 4))

    assert ZARR.digest(a) != ZARR.digest(b)
    assert [(found.kind, found.a, found.b) for found in counting(a, b)] == [(VALUES, "3", "4")]


UNEQUAL = {
    "value": (numpy.array([1, 2]), numpy.array([1, 3])),
    "width": (numpy.array([1], "i4"), numpy.array([1], "i8")),
    "sign": (numpy.array([1], "i4"), numpy.array([1], "u4")),
    "integer or float": (numpy.array([1], "i4"), numpy.array([1], "f4")),
    "truth value": (numpy.array([1], "u1"), numpy.array([1], "?")),
    "shape": (numpy.zeros((2, 3)), numpy.zeros((3, 2))),
    "axes": (numpy.zeros((1, 3)), numpy.zeros(3)),
    "scalar": (numpy.zeros(()), numpy.zeros(1)),
    "sign of zero": (numpy.array([0.0]), numpy.array([-0.0])),
    "NaN": (numpy.array([0.0]), numpy.array([NAN])),
    "empty": (numpy.zeros((0, 3)), numpy.zeros((0, 4))),
    "text": (numpy.array(["a", "b"], object), numpy.array(["a", "c"], object)),
    "cut of texts": (numpy.array(["ab", "c"], object), numpy.array(["a", "bc"], object)),
    "text of fixed length": (numpy.array(["a"], "U1"), numpy.array(["a"], "U2")),
    "text or bytes": (numpy.array(["a"], "U1"), numpy.array([b"a"], "S1")),
    "unit of time": (numpy.array([1], "M8[s]"), numpy.array([1], "M8[ms]")),
    "name of a field": (numpy.array([(1,)], [("a", "i4")]), numpy.array([(1,)], [("b", "i4")])),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_the_least_change_of_an_array_counts(tmp_path, name):
    """Of its type, its shape or its values."""
    a, b = (one(tmp_path, key, values) for key, values in zip("ab", UNEQUAL[name], strict=True))

    assert ZARR.digest(a) != ZARR.digest(b)
    assert counting(a, b)


def test_arrays_of_any_two_types_can_be_compared(tmp_path):
    """Values are, where it makes sense; the types always are."""
    arrays = {kind: numpy.resize(values, 3) for kind, values in KINDS.items() if values.ndim and values.size}
    paths = [one(tmp_path, str(number), values) for number, values in enumerate(arrays.values())]
    for a, b in itertools.permutations(paths, 2):
        assert "type" in {found.what for found in counting(a, b)}


SAID = {
    "value": ({"n": 1}, {"n": 2}),
    "type": ({"n": 1}, {"n": 1.0}),
    "truth": ({"n": 1}, {"n": True}),
    "null": ({"n": None}, {}),
    "nested": ({"n": {"a": [1]}}, {"n": {"a": [2]}}),
    "order in a list": ({"n": [1, 2]}, {"n": [2, 1]}),
    "key": ({"n": 1}, {"m": 1}),
}


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("name", SAID)
def test_attributes_count(tmp_path, name, version):
    """Those of a group and those of an array."""
    for number, make in enumerate((
        lambda key, said: store(tmp_path, key, lambda root: None, version, **said),
        lambda key, said: one(tmp_path, key, version=version, attributes=said),
    )):  # fmt: skip
        a, b = (make(f"{key}{number}", said) for key, said in zip("ab", SAID[name], strict=True))

        assert ZARR.digest(a) != ZARR.digest(b)
        assert {found.kind for found in counting(a, b)} == {METADATA}


def test_the_order_of_attributes_does_not_count(tmp_path):
    """They are a mapping."""
    a = store(tmp_path, "a", lambda root: None, p=1, q=2)
    b = store(tmp_path, "b", lambda root: None, q=2, p=1)

    assert ZARR.digest(a) == ZARR.digest(b)


def test_names_of_dimensions_count_and_are_one_in_both_versions(tmp_path):
    """In Zarr 2 xarray keeps them as an attribute."""
    a = one(tmp_path, "a", dimension_names=("y", "x"))
    b = one(tmp_path, "b", version=2, attributes={"_ARRAY_DIMENSIONS": ["y", "x"]})
    c, d = one(tmp_path, "c", dimension_names=("y", "z")), one(tmp_path, "d")

    assert ZARR.digest(a) == ZARR.digest(b)
    assert not counting(a, b)
    assert len({ZARR.digest(path) for path in (a, c, d)}) == 3
    assert [found.what for found in counting(a, c)] == ["dimension names"]


def test_groups_and_names_count(tmp_path):
    """An empty group is something, and a name is one."""

    def named(name):
        return lambda root: root.create_group(name)

    a, b = store(tmp_path, "a", named("one")), store(tmp_path, "b", named("two"))
    c = store(tmp_path, "c", lambda root: None)

    assert len({ZARR.digest(path) for path in (a, b, c)}) == 3
    assert [(found.kind, found.place, found.what) for found in counting(a, b)] == [
        (STRUCTURE, ("one",), "missing"),
        (STRUCTURE, ("two",), "added"),
    ]


@pytest.mark.parametrize("version", [2, 3])
def test_consolidated_metadata_and_other_files_do_not_count(tmp_path, version):
    """They are told as storage. A copy that is out of date is never looked at."""
    a, b = one(tmp_path, "a", version=version), one(tmp_path, "b", version=version)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        zarr.consolidate_metadata(str(b))
    zarr.open_group(str(a), mode="r+", use_consolidated=False)["x"].attrs["late"] = 1
    zarr.open_group(str(b), mode="r+", use_consolidated=False)["x"].attrs["late"] = 1
    (b / "README").write_text("hello")
    (b / "x" / "notes").mkdir()
    (b / "x" / "notes" / "zarr.json").write_text("not even JSON")
    (b / "more").mkdir()
    (b / "more" / "file").write_text("")

    assert ZARR.digest(a) == ZARR.digest(b)
    assert [found.what for found in ZARR.diff(a, b)] == ["consolidated metadata", "other files"]


def test_chunks_outside_of_the_shape_do_not_count(tmp_path):
    """An array that was made smaller may leave some."""
    a, b = one(tmp_path, "a", chunks=(10, 10)), one(tmp_path, "b", chunks=(10, 10))
    shutil.copy(b / "x" / "c" / "0" / "0", b / "x" / "c" / "0" / "7")

    assert ZARR.digest(a) == ZARR.digest(b)
    assert [found.what for found in ZARR.diff(a, b)] == ["other files"]


def test_an_archive_is_equal_to_its_folder(tmp_path):
    """Packed or not, whatever the order and times of its entries."""
    a = one(tmp_path, "a", chunks=(10, 10))
    packed = tmp_path / "b.zarr.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(a.rglob("*"), reverse=True):
            if file.is_file():
                archive.write(file, file.relative_to(a))

    assert ZARR.digest(a) == ZARR.digest(packed)
    assert [found.what for found in ZARR.diff(a, packed)] == ["container"]


def test_a_difference_says_where_and_how_far(tmp_path):
    """Whatever the chunks of both."""
    changed = VALUES_2D.copy()
    changed[7, 3] += 0.5
    a, b = one(tmp_path, "a", chunks=(10, 10)), one(tmp_path, "b", changed, chunks=(3, 7))
    (found,) = counting(a, b)

    assert (found.kind, found.place, found.numbers.count, found.numbers.first) == (VALUES, ("x",), 1, (7, 3))
    assert found.numbers.absolute == 0.5
    assert not counting(a, b, Tolerance(absolute=0.5))


def test_a_row_of_chunks_that_is_too_large_goes_through_a_file(tmp_path, monkeypatch):
    """With the same digest."""
    from provstore_zarr import blocks

    paths = [one(tmp_path, "a", chunks=(3, 4)), one(tmp_path, "b", chunks=(20, 7)), one(tmp_path, "c", chunks=(20, 30))]
    expected = ZARR.digest(paths[0])
    monkeypatch.setattr(blocks, "BLOCK", 256)
    monkeypatch.setattr(blocks, "LARGEST", 512)

    assert {ZARR.digest(path) for path in paths} == {expected}


def test_groups_are_read_with_attributes_and_written_back(tmp_path):
    """Under "@", those of arrays beside them."""

    def fill(root):
        inner = root.create_group("inner", attributes={"k": 1})
        inner.create_array("x", data=VALUES_2D, dimension_names=("y", "x"), attributes={"unit": "m"})
        inner.create_array("names", data=numpy.array(["a", "é"], object).astype(numpy.dtypes.StringDType()))

    a = store(tmp_path, "a", fill, title="t")
    found = ZARR.read(a)
    ZARR.write(found, tmp_path / "b.zarr")

    assert found["@"] == {"title": "t"}
    assert found["inner"]["x@"] == {"unit": "m", "_ARRAY_DIMENSIONS": ["y", "x"]}
    assert found["inner"]["names"].tolist() == ["a", "é"]
    assert numpy.array_equal(ZARR.read(a, "inner/x"), VALUES_2D)
    assert ZARR.digest(tmp_path / "b.zarr") == ZARR.digest(a)


def test_an_array_may_be_the_root(tmp_path):
    """It is read as one, and written back."""
    zarr.create_array(str(tmp_path / "a.zarr"), data=VALUES_2D)
    zarr.create_array(str(tmp_path / "b.zarr"), data=VALUES_2D, attributes={"unit": "m"})
    for number, name in enumerate("ab"):
        ZARR.write(ZARR.read(tmp_path / f"{name}.zarr"), tmp_path / f"{number}.zarr")

        assert ZARR.digest(tmp_path / f"{number}.zarr") == ZARR.digest(tmp_path / f"{name}.zarr")
    assert ZARR.components(tmp_path / "a.zarr") == []


def test_objects_without_pickle_are_compared_by_value(tmp_path):
    """Zarr 2 has codecs for objects that run no code."""
    path = one(tmp_path, "a", numpy.array(["a", "b"], object), 2)
    said = json.loads((path / "x" / ".zarray").read_text())

    assert said["filters"] == [{"id": "vlen-utf8"}]
    assert ZARR.describe(path)["arrays"]["x"]["type"] == "text"
