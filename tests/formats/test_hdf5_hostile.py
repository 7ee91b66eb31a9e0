"""HDF5 files that are large, damaged, or made to do harm; and how values are read in order."""

from __future__ import annotations

import itertools

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.formats.hdf5 import Hdf5, values
from provstore.plugin import Tolerance, Unavailable

DEPTH = 1_200


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.h5"


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of a few values, so that small files are read as large ones are."""
    monkeypatch.setattr(values, "BLOCK", 64)
    monkeypatch.setattr(values, "SPILLED", 256)


def written(path, make, **options):
    with h5py.File(path, "w", **options) as file:
        make(file)
    return path


# --- order ------------------------------------------------------------------------------------------------

SHAPES = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple)


@given(shape=SHAPES, chunk=st.lists(st.integers(1, 9), min_size=4, max_size=4), most=st.integers(1, 40))
def test_parts_cover_a_box_once_in_c_order(shape, chunk, most):
    """Whatever the shape, the chunks and the size of parts."""
    whole = values.Box((0,) * len(shape), shape)
    found = []
    for part in values.parts(whole, *values.cut(whole, most, tuple(chunk[: len(shape)]))):
        assert part.size <= most
        found += itertools.product(*(range(a, a + n) for a, n in zip(part.start, part.shape, strict=True)))

    assert found == list(np.ndindex(shape))


@settings(max_examples=40, deadline=None)
@given(shape=SHAPES, chunk=st.lists(st.integers(1, 9), min_size=4, max_size=4), is_packed=st.booleans())
def test_chunks_do_not_change_the_order_of_values(tmp_path_factory, shape, chunk, is_packed):
    """Values come in C order for every shape of chunks, also where they go through a file."""
    numbers = np.arange(np.prod(shape), dtype="f8").reshape(shape)
    chunks = tuple(map(min, chunk, shape))
    path = tmp_path_factory.mktemp("order") / "a.h5"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(values, "BLOCK", 64)
        patch.setattr(values, "SPILLED", 256)
        written(path, lambda file: file.create_dataset("x", data=numbers, chunks=chunks, shuffle=is_packed))
        with h5py.File(path) as file:
            kind = values_kind(file["x"].id)
            found = np.concatenate([block.copy() for block in values.blocks(file["x"].id, kind, 1000)])

    assert found.tolist() == list(range(numbers.size))


def values_kind(dataset):
    """The kind of the values of a dataset."""
    from provstore.formats.hdf5.types import kind_of

    return kind_of(dataset.get_type())


def test_columns_go_through_a_file(path, small_blocks):
    """Chunks at odds with the order of values are not unpacked again for each block."""
    written(path, lambda file: file.create_dataset("x", data=np.zeros((64, 64)), chunks=(64, 1)))
    with h5py.File(path) as file:
        dataset = Counting(file["x"].id)
        list(values.blocks(dataset, values_kind(file["x"].id), 1000))

    assert dataset.chunks_read <= 2 * 64


class Counting:
    """A dataset of chunks of one column that counts how many of them are read."""

    def __init__(self, dataset):
        self._dataset, self.chunks_read = dataset, 0

    def __getattr__(self, name):
        return getattr(self._dataset, name)

    def read(self, memory, space, found, kind):
        start, end = space.get_select_bounds()
        self.chunks_read += end[1] - start[1] + 1
        self._dataset.read(memory, space, found, kind)


@pytest.mark.parametrize("dtype", [h5py.string_dtype(), h5py.vlen_dtype(np.dtype("i4"))])
def test_blocks_of_objects_do_not_count(tmp_path, small_blocks, dtype):
    """Strings and arrays of any length have one digest, however they are cut and chunked."""
    rows = ["text"] * 300 if h5py.check_string_dtype(dtype) else [[1, 2]] * 300
    digests = set()
    for number, chunks in enumerate([None, (7,), (300,)]):
        path = tmp_path / f"{number}.h5"

        def make(file, chunks=chunks):
            found = file.create_dataset("x", (300,), dtype, chunks=chunks)
            for index, row in enumerate(rows):
                found[index] = row

        digests.add(Hdf5().digest(written(path, make)))

    assert len(digests) == 1


def test_what_was_never_written_or_filled_is_zero(path, small_blocks):
    """HDF5 leaves memory as it is there, which must not get into the digest."""

    def make(file):
        found = file.create_dataset("x", (64,), "f8", chunks=(8,), fill_time="never")
        found[8:16] = 7

    written(path, make)
    with h5py.File(path) as file:
        dataset = file["x"].id
        found = np.concatenate([block.copy() for block in values.blocks(dataset, values_kind(dataset), 1000)])

    assert found.tolist() == [0.0] * 8 + [7.0] * 8 + [0.0] * 48


# --- hostile ----------------------------------------------------------------------------------------------


def test_groups_may_be_nested_deep(path):
    """No part of the format is recursive."""

    def make(file):
        group = file.id
        for _ in range(DEPTH):
            group = h5py.h5g.create(group, b"g")

    written(path, make)
    fmt = Hdf5()
    fmt.read(path)

    assert fmt.digest(path)
    assert list(fmt.diff(path, path)) == []
    assert fmt.describe(path)["groups"] == DEPTH + 1
    assert fmt.components(path)


@pytest.mark.parametrize(
    "options",
    [
        {"shape": (10**6, 10**6), "chunks": (1000, 1000)},
        {"shape": (10,), "chunks": (4 * 10**8,), "maxshape": (None,), "compression": "gzip"},
    ],
    ids=["shape", "chunk"],
)
def test_declared_sizes_are_limited(path, options):
    """A small file that says it holds far more than its size is refused at once, and can be described."""
    written(path, lambda file: file.create_dataset("x", dtype="f8", **options))
    with pytest.raises(Unavailable, match=r"/x: the file expands to more than"):
        Hdf5().digest(path)

    assert Hdf5().describe(path)["datasets"] == 1


def test_nothing_is_followed_out_of_a_file(tmp_path, path):
    """External links, raw files and sources of virtual datasets count by name, whatever they hold."""
    secret, source = tmp_path / "secret", tmp_path / "source.h5"
    layout = h5py.VirtualLayout((10,), "f8", maxshape=(None,))
    outer = h5py.VirtualSource(source, "d", (10,), maxshape=(None,))
    layout[: h5py.h5s.UNLIMITED] = outer[: h5py.h5s.UNLIMITED]

    def make(file):
        file.create_dataset("raw", (4,), "u1", external=[(str(secret), 0, 4)])
        file.create_virtual_dataset("virtual", layout)
        file["link"] = h5py.ExternalLink(source, "/d")

    written(path, make)
    before = Hdf5().digest(path)
    secret.write_bytes(b"abcd")
    written(source, lambda file: file.create_dataset("d", data=np.ones(20), maxshape=(None,)))

    assert Hdf5().digest(path) == before
    assert list(Hdf5().diff(path, path)) == []
    with pytest.raises(ValueError, match="links are not followed"):
        Hdf5().read(path)


def test_a_filter_that_is_missing_is_named(path):
    """So that the user knows what to install."""

    def make(file):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_chunk((4,))
        properties.set_filter(31999, h5py.h5z.FLAG_OPTIONAL, (1,))
        space = h5py.h5s.create_simple((4,))
        found = h5py.h5d.create(file.id, b"x", h5py.h5t.STD_I32LE, space, properties)
        found.write_direct_chunk((0,), bytes(16))

    with pytest.raises(Unavailable, match=r"/x: the filter 31999 .* is not installed"):
        Hdf5().digest(written(path, make))


def test_what_is_cut_is_refused(path, tmp_path):
    """At every length."""
    written(path, lambda file: file.create_dataset("g/x", data=np.arange(50), chunks=(10,), compression="gzip"))
    data, cut = path.read_bytes(), tmp_path / "cut.h5"
    for length in range(0, len(data), 97):
        cut.write_bytes(data[:length])
        with pytest.raises(Exception, match=r"."):
            Hdf5().digest(cut)


def test_a_file_that_its_writer_left_open_is_read(path, tmp_path):
    """As it is on disk (SWMR), without locks."""
    file = h5py.File(path, "w", libver="latest")
    file["x"] = np.arange(3)
    file.swmr_mode = True
    copy = tmp_path / "copy.h5"
    copy.write_bytes(path.read_bytes())
    file.close()

    assert Hdf5().digest(copy) == Hdf5().digest(path)


def test_names_need_not_be_utf8(path):
    """Their bytes count, and come back."""
    written(path, lambda file: h5py.h5g.create(file.id, b"\xff\xfe"))
    found = Hdf5().read(path)
    Hdf5().write(found, path.with_name("b.h5"))

    assert list(found) == ["\udcff\udcfe"]
    assert Hdf5().digest(path.with_name("b.h5")) == Hdf5().digest(path)
    assert Hdf5().diff(path, path.with_name("b.h5")) is not None


def test_a_reference_to_what_is_gone_is_no_null(tmp_path):
    """Dangling and null references are two things, and neither raises."""

    def make(*references):
        def write(file):
            file["gone"] = 1
            made = {"gone": file["gone"].ref, "null": h5py.Reference()}
            file["x"] = np.array([made[name] for name in references], h5py.ref_dtype)
            del file["gone"]

        return write

    paths = [written(tmp_path / f"{name}.h5", make(name)) for name in ("gone", "null")]

    assert Hdf5().digest(paths[0]) != Hdf5().digest(paths[1])


# --- comparison and values --------------------------------------------------------------------------------


def test_values_are_measured(tmp_path):
    """Count, distances, first place and NaN, for datasets of any chunks."""
    one = np.arange(24.0).reshape(4, 6)
    other = one.copy()
    other[1, 2], other[3, 3] = 8.5, np.nan
    a = written(tmp_path / "a.h5", lambda file: file.create_dataset("g/x", data=one))
    b = written(tmp_path / "b.h5", lambda file: file.create_dataset("g/x", data=other, chunks=(3, 4)))
    (entry,) = [entry for entry in Hdf5().diff(a, b) if entry.counts]

    assert entry.place == ("g", "x")
    assert entry.numbers[:3] == (2, 24, 0.5)
    assert entry.numbers.first == (1, 2)
    assert entry.numbers.nan_gained == 1


def test_what_is_within_a_tolerance_is_not_told(tmp_path):
    """In datasets, fields and attributes."""

    def make(shift):
        def write(file):
            file["x"] = np.arange(3.0) + shift
            file["r"] = np.array([(1, 2.0 + shift)], [("n", "i4"), ("v", "f8")])
            file.attrs["a"] = 1 + shift

        return write

    a, b = (written(tmp_path / f"{shift}.h5", make(shift)) for shift in (0.0, 1e-9))

    assert [entry.place for entry in Hdf5().diff(a, b) if entry.counts] == [(), ("r", "v"), ("x",)]
    assert [entry for entry in Hdf5().diff(a, b, Tolerance(absolute=1e-6)) if entry.counts] == []


def test_values_of_all_kinds_come_back(tmp_path, path):
    """What was read is written with the same types, links and attributes."""

    def make(file):
        file["g/x"], file["scalar"], file["text"] = np.arange(4, dtype=">i2"), np.float32(2), "ä"
        file["ascii"] = np.array(["a", ""], h5py.string_dtype("ascii"))
        file["bool"], file["complex"], file["none"] = [True, False], [1j], h5py.Empty("f4")
        file["fixed"] = np.array([b"a"], h5py.string_dtype("utf-8", 3))
        file["enum"] = np.array([1], h5py.enum_dtype({"A": 1}, "u1"))
        file["soft"], file["out"] = h5py.SoftLink("/g/x"), h5py.ExternalLink("b.h5", "/x")
        file["again"], file["g/up"], file["type"] = file["g/x"], file["g"], np.dtype("f4")
        file["refs"] = np.array([file["g/x"].ref, h5py.Reference()], h5py.ref_dtype)
        file["g/x"].attrs["unit"], file.attrs["n"] = "Jy", np.int8(3)
        file["time"] = np.array([1], "M8[s]").astype(h5py.opaque_dtype(np.dtype("M8[s]")))

    written(path, make)
    found = Hdf5().read(path)
    Hdf5().write(found, tmp_path / "b.h5")

    assert [entry for entry in Hdf5().diff(path, tmp_path / "b.h5") if entry.counts] == []
    assert found["g"]["x@"] == {"unit": "Jy"}
    assert found["@"] == {"n": 3}
    assert found["again"] is found["g"]["x"]
    assert found["refs"].tolist() == ["/again", None]


@pytest.mark.parametrize("value", [{"x": object()}, {"x": {"y": {1, 2}}}, [1]], ids=["object", "set", "list"])
def test_what_no_dataset_can_hold_is_refused(path, value):
    """By its type."""
    with pytest.raises(TypeError):
        Hdf5().write(value, path)
