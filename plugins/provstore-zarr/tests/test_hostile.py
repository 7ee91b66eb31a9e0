"""Stores that are damaged, or made to do harm: each ends in a clear exception, and none runs code."""

import bz2
import gzip
import json
import lzma
import os
import pickle
import struct
import warnings
import zipfile
import zlib

import numcodecs
import numpy
import pytest
import zarr
from provstore_zarr import Zarr
from provstore_zarr.files import opened_files
from provstore_zarr.hierarchy import Node
from provstore_zarr.packing import check_chunks

from provstore.plugin import Expansion, Unavailable

ZARR = Zarr()
ARRAY = numpy.arange(100, dtype="i8").reshape(10, 10)


@pytest.fixture
def path(tmp_path):
    """A store of Zarr 2 with one array, in chunks that are not packed."""
    root = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=2)
    root.create_array("x", data=ARRAY, chunks=(5, 10), compressors=None)
    return tmp_path / "a.zarr"


def change(path, **values):
    """Changes what the metadata of the array say."""
    file = path / "x" / ".zarray"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


class Harm:
    def __reduce__(self):
        return os.mkdir, (os.environ["HARM"],)


def test_pickles_are_refused_by_name_and_never_run(path, tmp_path, monkeypatch):
    """Neither by digest nor by any other question."""
    monkeypatch.setenv("HARM", str(tmp_path / "harm"))
    change(path, dtype="|O", filters=[{"id": "pickle"}], fill_value=None)
    (path / "x" / "0.0").write_bytes(pickle.dumps([Harm()]))
    for ask in (ZARR.digest, ZARR.read, ZARR.describe, ZARR.preview, lambda path: list(ZARR.diff(path, path))):
        with pytest.raises(Unavailable, match="'pickle' is refused: it can run code"):
            ask(path)

    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("name", ["pickle", "numcodecs.pickle", "my-own"])
def test_codecs_that_are_not_known_are_refused_in_shards_as_well(tmp_path, name):
    """With their name."""
    zarr.create_array(str(tmp_path / "a.zarr"), data=ARRAY, chunks=(5, 5), shards=(10, 10))
    file = tmp_path / "a.zarr" / "zarr.json"
    said = json.loads(file.read_text())
    said["codecs"][0]["configuration"]["codecs"].append({"name": name})
    file.write_text(json.dumps(said))
    with pytest.raises(Unavailable, match=f"the codec '{name}' is refused"):
        ZARR.digest(tmp_path / "a.zarr")


@pytest.mark.parametrize("codec", [
    {"id": "astype", "encode_dtype": "|u1", "decode_dtype": "<U2000"},
    {"id": "fixedscaleoffset", "scale": 1, "offset": 0, "dtype": "<U2000", "astype": "|u1"},
])  # fmt: skip
def test_codecs_that_make_texts_of_numbers_are_refused(path, codec):
    """Each byte of a chunk would be thousands."""
    change(path, filters=[codec])
    with pytest.raises(Unavailable, match="makes values of the type '<U2000'"):
        ZARR.digest(path)


@pytest.mark.parametrize("codec", ["pcodec", "zfpy"])
def test_codecs_that_tell_no_size_are_refused(path, codec):
    """Whether they are installed or not."""
    metadata = {"zarr_format": 2, "shape": [10], "chunks": [10], "compressor": {"id": codec}}
    node = Node(path="x", version=2, is_array=True, metadata=metadata, attributes={}, chunks=("x/0",))
    with opened_files(path) as files, pytest.raises(Unavailable, match="can't be told beforehand"):
        check_chunks(files, node, 8, is_object=False)


def test_a_long_fill_value_of_a_large_array_is_refused(tmp_path):
    """It would stand in every place."""
    path = tmp_path / "a.zarr"
    zarr.create_array(str(path), shape=(10**6,), chunks=(10**5,), dtype=str, fill_value="x" * 1000)
    for ask in (ZARR.digest, ZARR.read, lambda path: list(ZARR.diff(path, path))):
        with pytest.raises(Unavailable, match="expands to more than"):
            ask(path)


@pytest.mark.parametrize("version", [2, 3])
@pytest.mark.parametrize("where", ["a/b", "x"])
def test_arrays_that_are_not_reached_are_refused(tmp_path, version, where):
    """Zarr reads them by their path, with no group above or of another version: what they hold would not count."""
    path = tmp_path / "a.zarr"
    zarr.create_group(str(path), zarr_format=version if where == "a/b" else 5 - version)
    (path / where).mkdir(parents=True)
    zarr.create_array(str(tmp_path / "b.zarr"), data=ARRAY, zarr_format=version)
    name = "zarr.json" if version == 3 else ".zarray"
    (path / where / name).write_bytes((tmp_path / "b.zarr" / name).read_bytes())
    with pytest.raises(Unavailable, match=f"in '{where}', with no group of the same Zarr above it"):
        ZARR.digest(path)


@pytest.mark.parametrize("where", ["x/0.0", "README", "sub"])
@pytest.mark.parametrize("target", ["outside", "loop"])
def test_links_are_refused(path, tmp_path, where, target):
    """Wherever they stand, and wherever they lead."""
    (tmp_path / "outside").mkdir()
    link = path / where
    link.unlink(missing_ok=True)
    link.symlink_to(tmp_path / "outside" if target == "outside" else path)
    with pytest.raises(Unavailable, match="is a symbolic link"):
        ZARR.digest(path)


def test_a_pipe_in_the_store_is_refused(path):
    """To open it would wait for ever."""
    (path / "x" / "0.0").unlink()
    os.mkfifo(path / "x" / "0.0")
    with pytest.raises(Unavailable, match="is no file"):
        ZARR.digest(path)


def test_a_huge_array_of_nothing_is_refused(path):
    """Of some bytes of metadata."""
    change(path, shape=[10**9, 10**9])
    with pytest.raises(Unavailable, match="expands to more than"):
        ZARR.digest(path)
    with pytest.raises(Unavailable, match="expands to more than"):
        ZARR.read(path)
    assert ZARR.describe(path)["arrays"]["x"]["shape"] == [10**9, 10**9]


def test_a_huge_chunk_of_a_small_array_is_refused(path):
    """It would be decoded as a whole."""
    change(path, chunks=[10**9, 10**9])
    with pytest.raises(Unavailable, match="expands to more than"):
        ZARR.digest(path)


ZEROS = bytes(1_000_000)
BOMBS = {
    "zlib": lambda: zlib.compress(ZEROS),
    "gzip": lambda: gzip.compress(b"") + gzip.compress(ZEROS),
    "bz2": lambda: bz2.compress(ZEROS),
    "lzma": lambda: lzma.compress(ZEROS),
    "lz4": lambda: (1 << 30).to_bytes(4, "little") + bytes(100),
    "zstd": lambda: numcodecs.Zstd().encode(ZEROS),
    "blosc": lambda: numcodecs.Blosc().encode(ZEROS),
}


@pytest.mark.parametrize("codec", BOMBS)
def test_a_chunk_that_expands_beyond_its_size_is_refused(path, codec):
    """Before all of it is in memory."""
    change(path, compressor={"id": codec})
    (path / "x" / "0.0").write_bytes(BOMBS[codec]())
    with pytest.raises(Unavailable, match=r"chunk 'x/0\.0' expands to more than"):
        ZARR.digest(path)


def test_a_checksum_behind_a_chunk_does_not_hide_its_size(tmp_path):
    """In Zarr 3 it is a codec of its own; one of numcodecs that stands in front does, and is refused."""
    codecs = [zarr.codecs.ZstdCodec(), zarr.codecs.Crc32cCodec()]
    zarr.create_array(str(tmp_path / "a.zarr"), data=ARRAY, compressors=codecs)
    file = tmp_path / "a.zarr" / "zarr.json"
    ZARR.digest(tmp_path / "a.zarr")
    said = json.loads(file.read_text())
    said["codecs"][-1] = {"name": "numcodecs.crc32c", "configuration": {}}
    file.write_text(json.dumps(said))
    with pytest.raises(Unavailable, match="can't be told beforehand"):
        ZARR.digest(tmp_path / "a.zarr")


def test_a_shard_with_a_chunk_that_expands_is_refused(tmp_path):
    """Its chunks are looked at one by one."""
    path = tmp_path / "a.zarr"
    zarr.create_array(str(path), data=ARRAY, chunks=(5, 5), shards=(10, 10))
    bomb = numcodecs.Zstd().encode(ZEROS)
    index = struct.pack("<8Q", 0, len(bomb), *[(1 << 64) - 1] * 6)
    checksum = numcodecs.CRC32C(location="end").encode(index)
    (path / "c" / "0" / "0").write_bytes(bomb + bytes(checksum))
    with pytest.raises(Unavailable, match="chunk 'c/0/0' expands to more than"):
        ZARR.digest(path)


@pytest.mark.parametrize("filters", [[{"id": "zlib"}], [{"id": "zstd"}, {"id": "base64"}]])
def test_what_is_packed_where_it_can_not_be_measured_is_refused(path, filters):
    """Twice, or within another codec."""
    change(path, filters=filters, compressor={"id": "zlib"} if len(filters) < 2 else None)
    with pytest.raises(Unavailable, match="can't be told beforehand"):
        ZARR.digest(path)


@pytest.mark.parametrize("cut", [0, 1, 100, 399])
def test_a_chunk_that_was_cut_is_not_the_fill_value(path, cut):
    """Unlike one that is missing."""
    chunk = path / "x" / "0.0"
    chunk.write_bytes(chunk.read_bytes()[:cut])
    with pytest.raises(Exception, match=r"."):
        ZARR.digest(path)


@pytest.mark.parametrize("compressor", [{"id": "zlib", "level": 1}, {"id": "blosc"}, {"id": "zstd"}, {"id": "crc32"}])
def test_a_chunk_that_is_noise_is_not_the_fill_value(path, compressor):
    """Whatever its codec."""
    change(path, compressor=compressor)
    (path / "x" / "0.0").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(Exception, match=r"."):
        ZARR.digest(path)


def test_a_folder_in_the_place_of_a_chunk_is_refused(path):
    """Zarr would take it for a chunk that was never written."""
    (path / "x" / "0.0").unlink()
    (path / "x" / "0.0").mkdir()
    (path / "x" / "0.0" / "0").write_bytes(b"")
    with pytest.raises(Unavailable, match="a folder in the place of a chunk"):
        ZARR.digest(path)


METADATA = {
    "no JSON": b"{",
    "not UTF-8": b'{"a": "\xff"}',
    "a list": b"[]",
    "nothing": b"",
    "deep": b"[" * 100_000,
    "twice a key": b'{"zarr_format": 2, "zarr_format": 2}',
    "no shape": b'{"zarr_format": 2}',
    "other version": b'{"zarr_format": 9}',
    "shape of text": b'{"zarr_format": 2, "shape": "x"}',
    "negative shape": b'{"zarr_format": 2, "shape": [-1], "chunks": [1]}',
    "chunks of nothing": b'{"zarr_format": 2, "shape": [1], "chunks": [0]}',
    "other dimensions": b'{"zarr_format": 2, "shape": [1, 1], "chunks": [1]}',
    "no type": b'{"zarr_format": 2, "shape": [1], "chunks": [1]}',
    "codec of text": b'{"zarr_format": 2, "shape": [1], "chunks": [1], "compressor": "x"}',
}


@pytest.mark.parametrize("name", METADATA)
def test_metadata_that_can_not_be_read_are_refused(path, name):
    """With a reason."""
    (path / "x" / ".zarray").write_bytes(METADATA[name])
    for ask in (ZARR.digest, lambda path: list(ZARR.diff(path, path))):
        with pytest.raises(Exception, match=r"."):
            ask(path)


def test_a_store_without_a_root_is_refused(tmp_path):
    """So is a file that is no archive, and nothing at all."""
    (tmp_path / "a.zarr").mkdir()
    for name in ("a.zarr", "b.zarr"):
        with pytest.raises(Unavailable, match="neither"):
            ZARR.digest(tmp_path / name)


def test_folders_beyond_all_depth_are_refused(tmp_path):
    """Before Python's own limit."""
    folder = tmp_path / "a.zarr"
    for _ in range(150):
        folder.mkdir()
        (folder / ".zgroup").write_text('{"zarr_format": 2}')
        folder = folder / "g"
    with pytest.raises(Unavailable, match="nested more than"):
        ZARR.digest(tmp_path / "a.zarr")


class LowLimit(Expansion):
    """As in earnest, but for archives of some megabytes."""

    def __init__(self, size, what):
        super().__init__(size, what)
        self.limit = max(1 << 22, 100 * size)


def test_an_archive_that_expands_is_refused(tmp_path, monkeypatch):
    """And so is one that has a name twice."""
    monkeypatch.setattr("provstore_zarr.files.Expansion", LowLimit)
    bomb, twice = tmp_path / "bomb.zarr.zip", tmp_path / "twice.zarr.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
        archive.writestr("zeros", bytes(5_000_000))
    with warnings.catch_warnings(), zipfile.ZipFile(twice, "w") as archive:
        warnings.simplefilter("ignore")
        for _ in range(2):
            archive.writestr(".zgroup", '{"zarr_format": 2}')
    with pytest.raises(Unavailable, match="expands to more than"):
        ZARR.digest(bomb)
    with pytest.raises(Unavailable, match="two entries"):
        ZARR.digest(twice)
