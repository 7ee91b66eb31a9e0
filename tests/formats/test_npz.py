"""The format npz: archives of arrays that are equal as data, and archives that are not."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from tempfile import mkdtemp

import numpy
import pytest

from provstore.formats.npz import Npz
from provstore.plugin import STORAGE, Unavailable
from provstore.testing import FormatContract

NPZ = Npz()
ARRAY = numpy.arange(12.0).reshape(3, 4)


def member(array, order="C", version=None) -> bytes:
    """A .npy."""
    target = io.BytesIO()
    numpy.lib.format.write_array(target, numpy.asarray(array, order=order), version, allow_pickle=True)
    return target.getvalue()


def archive(*members, method=zipfile.ZIP_STORED, time=(2026, 1, 2, 3, 4, 6), comment=b"") -> bytes:
    """A zip of members by their whole names, in this order."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as file:
        file.comment = comment
        for name, data in members:
            file.writestr(zipfile.ZipInfo(name, time), data, method)
    return target.getvalue()


def saved(save, **arrays) -> bytes:
    """What numpy writes."""
    target = io.BytesIO()
    save(target, **arrays)
    return target.getvalue()


A, B = ("a.npy", member(ARRAY)), ("b.npy", member([1, 2]))
BASE = archive(A, B)

EQUAL = {
    "compression": saved(numpy.savez_compressed, a=ARRAY, b=[1, 2]),
    "numpy's own": saved(numpy.savez, a=ARRAY, b=[1, 2]),
    "order": archive(B, A),
    "times": archive(A, B, time=(1999, 9, 9, 9, 9, 8)),
    "bzip2": archive(A, B, method=zipfile.ZIP_BZIP2),
    "lzma": archive(A, B, method=zipfile.ZIP_LZMA),
    "comment": archive(A, B, comment=b"made by hand"),
    "Fortran order": archive(("a.npy", member(ARRAY, "F")), B),
    "Fortran order, compressed": archive(("a.npy", member(ARRAY, "F")), B, method=zipfile.ZIP_DEFLATED),
    "byte order": archive(("a.npy", member(ARRAY.astype(">f8"))), B),
    "header version": archive(("a.npy", member(ARRAY, version=(2, 0))), B),
}
DIFFERENT = {
    "a value": archive(("a.npy", member(numpy.where(ARRAY == 11, 11.5, ARRAY))), B),
    "a type": archive(("a.npy", member(ARRAY.astype("f4"))), B),
    "a shape": archive(("a.npy", member(ARRAY.reshape(4, 3))), B),
    "transposed": archive(("a.npy", member(ARRAY.T)), B),
    "a name": archive(("A.npy", A[1]), B),
    "names exchanged": archive(("b.npy", A[1]), ("a.npy", B[1])),
    "one array less": archive(A),
    "one array more": archive(A, B, ("c.npy", B[1])),
    "an empty array more": archive(A, B, ("c.npy", member([]))),
    "no arrays": archive(),
    "a name in a folder": archive(("x/a.npy", A[1]), B),
    "the sign of a zero": archive(("a.npy", member(numpy.where(ARRAY == 0, -0.0, ARRAY))), B),
}


def bomb(size: int) -> bytes:
    """A member that announces, and is, so many zeros."""
    header = member(numpy.zeros(0, "u1")).replace(b"(0,), }" + b" " * 10, f"({size},), }}".encode().ljust(17))
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        file.open("a.npy", "w", force_zip64=True) as packed,
    ):
        packed.write(header)
        for _ in range(0, size, 1 << 22):
            packed.write(bytes(1 << 22))
    return target.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data
    return data.replace(old, new)


def with_flag(data: bytes) -> bytes:
    """All members said to be encrypted."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = changed.find(signature)
        while start >= 0:
            changed[start + offset] |= 1
            start = changed.find(signature, start + 4)
    return bytes(changed)


def twice() -> bytes:
    with pytest.warns(UserWarning, match="Duplicate"):
        return archive(A, B, A)


OBJECTS = archive(("a.npy", member(numpy.array([{}, 1]))))
HOSTILE = {
    "nothing": b"",
    "half": BASE[: len(BASE) // 2],
    "without the end": BASE[:-30],
    "no zip": b"hello" * 100,
    "objects": OBJECTS,
    "a member that is no .npy": archive(A, ("b.txt", b"x")),
    "a member without ending": archive(A, ("b", B[1])),
    "an empty member": archive(A, ("b.npy", b"")),
    "a member that is cut": archive(A, ("b.npy", B[1][:-4])),
    "a member with more": archive(A, ("b.npy", B[1] + b"x")),
    "a member of something else": archive(A, ("b.npy", b"PK\x03\x04 and so on")),
    "a folder": archive(A, ("b/", b"")),
    "a name that leads out": archive(A, ("../b.npy", B[1])),
    "a name that leads out later": archive(A, ("x/../../b.npy", B[1])),
    "a name from the root": archive(A, ("/b.npy", B[1])),
    "a name with backslashes": archive(A, ("..\\b.npy", B[1])),
    "encrypted": with_flag(BASE),
    "damaged values": patched(BASE, struct.pack("<d", 7.0), struct.pack("<d", 7.5)),
}


@pytest.fixture
def written(tmp_path):
    def write(*contents):
        folder = Path(mkdtemp(dir=tmp_path))
        paths = [folder / f"{number}.npz" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return paths

    return write


class TestNpz(FormatContract):
    @pytest.fixture
    def format(self):
        return Npz()

    @pytest.fixture
    def equal(self, written):
        return written(archive(B, ("a.npy", member(ARRAY, "F"))), EQUAL["compression"])

    @pytest.fixture
    def different(self, written):
        return written(BASE, DIFFERENT["a value"])


@pytest.mark.parametrize("case", EQUAL)
def test_what_is_written_differently_is_equal(case, written):
    """The digest is one, and nothing that counts is found."""
    a, b = written(BASE, EQUAL[case])

    assert a.read_bytes() != b.read_bytes()
    assert NPZ.digest(a) == NPZ.digest(b)
    assert [entry for entry in NPZ.diff(a, b) if entry.counts] == []


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_looks_alike_is_different(case, written):
    """The digests are two, and a difference that counts is found."""
    a, b = written(BASE, DIFFERENT[case])

    assert NPZ.digest(a) != NPZ.digest(b)
    assert [entry for entry in NPZ.diff(a, b) if entry.counts]


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_hostile_is_refused(case, written):
    """With words."""
    (path,) = written(HOSTILE[case])
    for method in (NPZ.digest, NPZ.read):
        with pytest.raises((Unavailable, zipfile.BadZipFile), match=r"\w"):
            method(path)


def test_a_name_twice_is_refused(written):
    """Whichever of the two a reader takes."""
    (path,) = written(twice())
    with pytest.raises(Unavailable, match="two members are named"):
        NPZ.digest(path)


@pytest.mark.parametrize("method", [NPZ.digest, NPZ.read, NPZ.describe, NPZ.preview])
def test_a_bomb_is_refused_before_it_is_read(method, written, monkeypatch):
    """What the directory announces is counted, not what came out."""
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1 << 20)
    (path,) = written(bomb(1 << 24))
    monkeypatch.setattr(zipfile.ZipFile, "open", None)
    with pytest.raises(Unavailable, match="expands to more than"):
        method(path)


def test_large_members_are_read_in_blocks(written, monkeypatch):
    """However few values at a time: the digest is the same."""
    paths = written(BASE, EQUAL["Fortran order, compressed"])
    whole = NPZ.digest(paths[0])
    monkeypatch.setattr("provstore.formats.npy_layout.BLOCK", 16)

    assert [NPZ.digest(path) for path in paths] == [whole] * 2


def test_it_is_said_in_what_equal_archives_differ(written):
    """Order, compression, times, and how each array is stored."""
    other = archive(B, ("a.npy", member(ARRAY, "F")), method=zipfile.ZIP_LZMA, time=(1999, 9, 9, 9, 9, 8))
    found = {(entry.kind, entry.what) for entry in NPZ.diff(*written(BASE, other))}

    assert found == {(STORAGE, what) for what in ("order", "compression", "times", "order in memory")}


def test_an_array_is_named_where_it_differs(written):
    """By its name in the archive."""
    (found,) = NPZ.diff(*written(BASE, DIFFERENT["a value"]))

    assert (found.place, found.numbers.first, found.numbers.absolute) == (("a",), (2, 3), 0.5)


def test_a_component_is_one_array(written):
    """By its name, folders and all."""
    (path,) = written(DIFFERENT["a name in a folder"])

    assert NPZ.components(path) == ("x/a", "b")
    assert (NPZ.read(path, "x/a") == ARRAY).all()


@pytest.mark.parametrize("name", ["file", "a b", "x/y", "é"])
def test_any_name_of_an_array_can_be_written(name, tmp_path):
    """Also those that numpy.savez has for itself."""
    path = tmp_path / "x.npz"
    NPZ.write({name: ARRAY}, path)

    assert NPZ.components(path) == (name,)
    with numpy.load(path) as found:
        assert (found[name] == ARRAY).all()


@pytest.mark.parametrize("value", [[1], {"a": [1]}, {"../a": ARRAY}, {1: ARRAY}, {"a": numpy.array([{}])}])
def test_what_are_no_arrays_by_name_is_not_written(value, tmp_path):
    """A name that leads out would be refused when it is read."""
    with pytest.raises(TypeError):
        NPZ.write(value, tmp_path / "x.npz")


def test_writing_gives_the_same_bytes_again(tmp_path):
    """No time gets into them."""
    paths = [tmp_path / name for name in ("a.npz", "b.npz")]
    for path in paths:
        NPZ.write({"a": ARRAY}, path)

    assert paths[0].read_bytes() == paths[1].read_bytes()
