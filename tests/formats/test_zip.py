"""The format `zip`: members by their names, and traps."""

from __future__ import annotations

import io
import json
import os
import stat
import struct
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.formats.zip import Zip
from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Difference, Format, Tolerance, Unavailable
from provstore.plugin.inner import formats_at_work
from provstore.testing import FormatContract

FILES = {"a.txt": b"one\n" * 20, "folder/b.bin": bytes(range(256)), "c": b""}
EARLY, LATE = (1980, 1, 1, 0, 0, 0), (2024, 2, 29, 23, 59, 58)


def member(name, data=b"x", *, mode=stat.S_IFREG | 0o644, time=EARLY, method=8, system=3, comment=b"", extra=b""):
    """A member for `archive`."""
    info = zipfile.ZipInfo(name, time)
    info.external_attr, info.create_system, info.compress_type = mode << 16, system, method
    info.comment, info.extra = comment, extra
    return info, data


def archive(members, comment=b""):
    """A zip file by Python's library."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        for info, data in members:
            target.writestr(info, data, info.compress_type)
        target.comment = comment
    return file.getvalue()


def files(**changes):
    """The files of all tests, each as a member with these properties."""
    return [member(name, data, **changes) for name, data in FILES.items()]


class Pipe(io.RawIOBase):
    """A stream that can't be gone back in: sizes have to follow the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def streamed():
    """Sizes behind the data."""
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", 8) as target:
        for name, data in FILES.items():
            target.writestr(name, data)
    return pipe.data


def wide():
    """Every member with wide numbers."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", 8) as target:
        for name, data in FILES.items():
            with target.open(name, "w", force_zip64=True) as stream:
                stream.write(data)
    return file.getvalue()


def wide_end(data):
    """The same archive, its end with wide numbers."""
    end = data.rindex(b"PK\5\6")
    _, _, _, _, count, size, offset, _ = struct.unpack_from("<4s4H2LH", data, end)
    new = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    return data[:end] + new + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)


def edited(data, where, offset, code, value):
    """The archive with one number changed in its first local header ("PK34"), directory entry or end."""
    found = bytearray(data)
    at = data.rindex(where) if where == b"PK\5\6" else data.index(where)
    struct.pack_into(code, found, at + offset, value)
    return bytes(found)


def unicode_path(raw, name):
    """The extra field that tells a name in UTF-8."""
    content = b"\1" + struct.pack("<L", zlib.crc32(raw)) + name.encode()
    return struct.pack("<2H", 0x7075, len(content)) + content


def renamed(data, old, new):
    """The archive with a name of the same length changed everywhere."""
    assert len(old) == len(new)
    return data.replace(old, new)


ONE = archive([member("a", b"x" * 100)])


class TestZip(FormatContract):
    @pytest.fixture
    def format(self):
        return Zip()

    @pytest.fixture
    def equal(self, tmp_path):
        a, b = tmp_path / "a.zip", tmp_path / "b.zip"
        a.write_bytes(archive(files()))
        b.write_bytes(archive(reversed(files(time=LATE, method=0))))
        return a, b

    @pytest.fixture
    def different(self, tmp_path):
        a, b = tmp_path / "a.zip", tmp_path / "c.zip"
        a.write_bytes(archive(files()))
        b.write_bytes(archive([member("a.txt", b"one\n" * 19 + b"two\n"), *files()[1:]]))
        return a, b


def base():
    return archive(files())


EQUAL = {
    "times": archive(files(time=LATE)),
    "order": archive(reversed(files())),
    "stored": archive(files(method=0)),
    "bzip2": archive(files(method=12)),
    "lzma": archive(files(method=14)),
    "mode without the executable bit": archive(files(mode=stat.S_IFREG | 0o400)),
    "mode for the group to execute": archive(files(mode=stat.S_IFREG | 0o654)),
    "mode without a type": archive(files(mode=0o600)),
    "no mode": archive(files(mode=0, system=0)),
    "a mode of another system": archive(files(mode=0o777, system=0)),
    "times in extra fields": archive(files(extra=struct.pack("<2HBL", 0x5455, 5, 1, 99))),
    "owner in extra fields": archive(files(extra=struct.pack("<2H3B", 0x7875, 3, 1, 0, 0))),
    "unknown extra fields": archive(files(extra=struct.pack("<2HL", 0xABCD, 4, 99))),
    "padding in extra fields": archive(files(extra=b"\0\0\0")),
    "implied directory": archive([member("folder/", b"", mode=stat.S_IFDIR | 0o755), *files()]),
    "the directory itself": archive([member("./", b"", mode=stat.S_IFDIR | 0o755), *files()]),
    "implied directory at the end": archive([*files(), member("folder/", b"", mode=stat.S_IFDIR | 0o700)]),
    "names with a dot": archive([member(f"./{name}", data) for name, data in FILES.items()]),
    "names with two slashes": archive([member(name.replace("/", "//"), data) for name, data in FILES.items()]),
    "sizes behind the data": streamed(),
    "wide numbers": wide(),
    "wide end": wide_end(base()),
    "wide numbers and end": wide_end(wide()),
    "version": edited(base(), b"PK\1\2", 4, "<B", 63),
    "text flag": edited(base(), b"PK\1\2", 36, "<H", 1),
}
DIFFERENT = {
    "content": (archive([member("a.txt", b"two\n" * 20), *files()[1:]]), VALUES),
    "name": (archive([member("b.txt", FILES["a.txt"]), *files()[1:]]), STRUCTURE),
    "case of a name": (archive([member("A.txt", FILES["a.txt"]), *files()[1:]]), STRUCTURE),
    "a member more": (archive([*files(), member("d")]), STRUCTURE),
    "a member less": (archive(files()[1:]), STRUCTURE),
    "two contents exchanged": (archive([member("a.txt", b""), member("c", FILES["a.txt"]), files()[1]]), VALUES),
    "empty directory": (archive([*files(), member("d/", b"", mode=stat.S_IFDIR | 0o755)]), STRUCTURE),
    "empty directory in another": (archive([*files(), member("folder/d/", b"")]), STRUCTURE),
    "empty directory in the place of an empty file": (archive([*files()[:2], member("c/", b"")]), STRUCTURE),
    "executable bit": (archive([member("a.txt", FILES["a.txt"], mode=0o100755), *files()[1:]]), METADATA),
    "executable bit from a Mac": (
        archive([member("a.txt", FILES["a.txt"], mode=0o100755, system=19), *files()[1:]]), METADATA,
    ),
    "link": (archive([member("a.txt", b"c", mode=stat.S_IFLNK | 0o777), *files()[1:]]), STRUCTURE),
    "named pipe": (archive([*files()[:2], member("c", b"", mode=stat.S_IFIFO | 0o644)]), STRUCTURE),
    "comment on the archive": (archive(files(), b"made for you"), METADATA),
    "comment on a member": (archive([member("a.txt", FILES["a.txt"], comment=b"new"), *files()[1:]]), METADATA),
    "data before the archive": (b"#!/usr/bin/env python3\n" + base(), METADATA),
    "nothing in it": (archive([]), STRUCTURE),
    "another spelling of a letter": (archive([*files(), member("e\u0301")]), STRUCTURE),
}  # fmt: skip
REFUSED = {
    "name twice": renamed(archive([member("a"), member("b", b"y")]), b"b", b"a"),
    "name twice by a dot": archive([member("a"), member("./a", b"y")]),
    "file and directory of one name": archive([member("a"), member("a/", b"")]),
    "absolute": archive([member("/etc/passwd")]),
    "two points": archive([member("../a")]),
    "two points inside": archive([member("a/../../b")]),
    "two points at the end": archive([member("a/..")]),
    "backslash": renamed(archive([member("a-b")]), b"a-b", b"a\\b"),
    "drive": archive([member("C:a")]),
    "zero in a name": renamed(archive([member("a-b")]), b"a-b", b"a\0b"),
    "no name": renamed(archive([member("a")]), b"a", b"."),
    "name is no UTF-8": renamed(archive([member("\u00e9")]), b"\xc3\xa9", b"\xc3\x28"),
    "encrypted": edited(edited(ONE, b"PK\1\2", 8, "<H", 1), b"PK\3\4", 6, "<H", 1),
    "encrypted in the directory only": edited(ONE, b"PK\1\2", 8, "<H", 1),
    "strongly encrypted": edited(ONE, b"PK\1\2", 8, "<H", 65),
    "encrypted before the data only": edited(ONE, b"PK\3\4", 6, "<H", 1),
    "patch": edited(ONE, b"PK\1\2", 8, "<H", 32),
    "unknown method": edited(edited(ONE, b"PK\1\2", 10, "<H", 93), b"PK\3\4", 8, "<H", 93),
    "two methods": edited(ONE, b"PK\1\2", 10, "<H", 0),
    "checksum": edited(ONE, b"PK\1\2", 16, "<L", 7),
    "size too small": edited(edited(ONE, b"PK\1\2", 24, "<L", 99), b"PK\3\4", 22, "<L", 99),
    "size too large": edited(edited(ONE, b"PK\1\2", 24, "<L", 101), b"PK\3\4", 22, "<L", 101),
    "size none": edited(edited(ONE, b"PK\1\2", 24, "<L", 0), b"PK\3\4", 22, "<L", 0),
    "two sizes": edited(ONE, b"PK\3\4", 22, "<L", 99),
    "packed size too small": edited(edited(ONE, b"PK\1\2", 20, "<L", 3), b"PK\3\4", 18, "<L", 3),
    "packed size into the directory": edited(edited(ONE, b"PK\1\2", 20, "<L", 90), b"PK\3\4", 18, "<L", 90),
    "offset": edited(ONE, b"PK\1\2", 42, "<L", 1),
    "offset behind the file": edited(ONE, b"PK\1\2", 42, "<L", 1 << 30),
    "two names": edited(ONE, b"PK\3\4", 30, "<B", ord("b")),
    "wide number missing": edited(ONE, b"PK\1\2", 24, "<L", 2**32 - 1),
    "disk of a member": edited(ONE, b"PK\1\2", 34, "<H", 1),
    "disk": edited(ONE, b"PK\5\6", 4, "<H", 1),
    "fewer members": edited(edited(ONE, b"PK\5\6", 10, "<H", 0), b"PK\5\6", 8, "<H", 0),
    "more members": edited(edited(ONE, b"PK\5\6", 10, "<H", 2), b"PK\5\6", 8, "<H", 2),
    "size of the directory": edited(ONE, b"PK\5\6", 12, "<L", 1 << 30),
    "offset of the directory": edited(ONE, b"PK\5\6", 16, "<L", 1 << 30),
    "length of a name": edited(ONE, b"PK\1\2", 28, "<H", 60000),
    "two ends that differ": wide_end(ONE)[:-22] + ONE[-22:-12] + struct.pack("<2LH", 1, 1, 0),
    "wide end damaged": wide_end(ONE).replace(b"PK\6\6", b"PK\6\5"),
    "something behind the end": ONE + b"x",
    "zeros behind the end": ONE + bytes(100),
    "an end in the comment": archive([member("a")], struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0, 0, 0, 0, 0)),
    "a directory with a content": archive([member("a/", b"x")]),
    "cut": ONE[:-10],
    "empty file": b"",
    "no zip": b"PK\3\4" + bytes(100),
}


def write(tmp_path, data, name="x.zip"):
    """A file in a folder of its own."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("name", EQUAL)
def test_how_members_are_stored_does_not_count(tmp_path, name):
    """The digest is the same, and a comparison finds storage only."""
    a, b = write(tmp_path, base()), write(tmp_path, EQUAL[name])

    assert Zip().digest(a) == Zip().digest(b)
    assert {entry.kind for entry in Zip().diff(a, b)} <= {STORAGE}
    assert Zip().read(a) == Zip().read(b)


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_members_are_counts(tmp_path, name):
    """The digest is another, and a comparison says what kind of difference it is."""
    data, kind = DIFFERENT[name]
    a, b = write(tmp_path, base()), write(tmp_path, data)

    assert Zip().digest(a) != Zip().digest(b)
    assert kind in {entry.kind for entry in Zip().diff(a, b) if entry.counts}


@pytest.mark.parametrize("name", REFUSED)
def test_doubtful_archives_are_refused(tmp_path, name):
    """No digest and no comparison: bytes decide."""
    path = write(tmp_path, REFUSED[name])
    with pytest.raises(Unavailable, match=r"\w+ \w+"):
        Zip().digest(path)
    with pytest.raises(Unavailable):
        list(Zip().diff(path, write(tmp_path, base())))


def test_members_on_top_of_each_other_are_refused(tmp_path):
    """Many members that share the same packed bytes make a bomb without a container in it (D. Fifield, 2019)."""
    data = archive([member("a", b"x" * 1000)])
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    twice = data[:end] + data[start:end].replace(b"a", b"b")
    shared = twice + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * (end - start), start, 0)
    inner = archive([member("b", b"y" * 50, method=0)])
    inner_start = inner.index(b"PK\1\2")
    whole = archive([member("a", inner[:inner_start], method=0)])
    start, end = whole.index(b"PK\1\2"), whole.index(b"PK\5\6")
    second = edited(inner[inner_start : inner.index(b"PK\5\6")], b"PK\1\2", 42, "<L", 31)
    size = end - start + len(second)
    quoted = whole[:end] + second + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, size, start, 0)
    one = archive([member("ab")])
    other = archive([member("ab", extra=unicode_path(b"ab", "c"))])
    start, end = one.index(b"PK\1\2"), one.index(b"PK\5\6")
    second = other[other.index(b"PK\1\2") : other.index(b"PK\5\6")]
    size = end - start + len(second)
    named = one[:end] + second + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, size, start, 0)
    for found in (shared, quoted, named):
        with zipfile.ZipFile(io.BytesIO(found)) as readable:
            assert len(readable.namelist()) == 2
        with pytest.raises(Unavailable, match=r"lie at one place|lies on top|described in two ways"):
            Zip().digest(write(tmp_path, found))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    """By what it says of its size; if it lies, by that."""
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1 << 20)
    bomb = archive([member("a", bytes(1 << 22))])
    lying = edited(edited(bomb, b"PK\1\2", 24, "<L", 10), b"PK\3\4", 22, "<L", 10)
    with pytest.raises(Unavailable, match="expands to more than"):
        Zip().digest(write(tmp_path, bomb))
    with pytest.raises(Unavailable, match="another size"):
        Zip().digest(write(tmp_path, lying))


def test_archives_in_archives_are_bytes(tmp_path):
    """They are not opened, so that nothing expands twice; how they are stored counts."""
    inner = [archive(files(time=time)) for time in (EARLY, LATE)]
    a, b = (write(tmp_path, archive([member("x.zip", data)])) for data in inner)
    with formats_at_work(lambda name: Zip() if name.endswith(".zip") else None):
        assert Zip().digest(a) != Zip().digest(b)
        found = list(Zip().diff(a, b))

    assert (STORAGE, ("x.zip",), "times") in {entry[:3] for entry in found}
    assert [entry.place for entry in found if entry.counts] == [("x.zip",)]


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    """Directories that are only implied are counted as well."""
    monkeypatch.setattr("provstore.plugin.limits.MEMBERS", 5)
    monkeypatch.setattr("provstore.formats.archive.DIRECTORIES", 5)
    with pytest.raises(Unavailable, match="more than 5 entries"):
        Zip().digest(write(tmp_path, archive([member(str(number)) for number in range(6)])))
    with pytest.raises(Unavailable, match="more than 5 directories"):
        Zip().digest(write(tmp_path, archive([member("1/2/3/4/5/6/7")])))


def test_names_are_texts_whatever_their_encoding(tmp_path):
    """In the code page of the first PCs, in UTF-8, or in a field of their own."""
    utf_8 = archive([member("\u00e9")])
    plain = renamed(archive([member("ab")]), b"ab", b"\x82a")
    old = archive([member("a")]).replace(b"a", b"\x82")
    field = archive([member("ab", extra=unicode_path(b"ab", "\u00e9"))])
    stale = archive([member("ab", extra=unicode_path(b"cd", "\u00e9"))])
    digests = [Zip().digest(write(tmp_path, data)) for data in (utf_8, old, field, plain, stale)]

    assert digests[0] == digests[1] == digests[2]
    assert len(set(digests)) == 3
    assert Zip().components(write(tmp_path, stale)) == ["ab"]


def test_a_link_counts_by_its_target(tmp_path):
    """As text; it is not followed, wherever it leads, and it is no file for a reader."""
    link = stat.S_IFLNK | 0o777
    targets = (b"a", b"b", b"../../etc/passwd", b"\xff")
    paths = [write(tmp_path, archive([member("l", target, mode=link)])) for target in targets]

    assert len({Zip().digest(path) for path in paths}) == 4
    assert Zip().read(paths[2]) == {}
    assert list(Zip().diff(*paths[:2])) == [
        Difference(STRUCTURE, ("l",), "target", "a", "b"), Difference(STORAGE, (), "compression"),
    ][:1]  # fmt: skip


def test_a_file_is_compared_by_the_format_of_its_name(tmp_path):
    """Places are those inside; a tolerance goes to it; what is equal to it has other bytes all the same."""

    class Number(Format):
        name, python_type = "number", float

        def read(self, path, component=None, **parameters):
            return float(path.read_text())

        def write(self, value, path):
            path.write_text(str(value))

        def diff(self, a, b, tolerance=None):
            one, other = self.read(a), self.read(b)
            if one != other and not (tolerance and abs(one - other) <= tolerance.absolute):
                yield Difference(VALUES, ("it",), "value", str(one), str(other))

    def packed(text):
        return write(tmp_path, archive([member("d/x.num", text)]))

    a, b, same, none = packed(b"1"), packed(b"2"), packed(b"1.0"), packed(b"no number")
    with formats_at_work(lambda name: Number() if name == "x.num" else None):
        assert [entry[:3] for entry in Zip().diff(a, b)] == [(VALUES, ("d/x.num", "it"), "value")]
        assert [entry for entry in Zip().diff(a, b, Tolerance(absolute=1.0)) if entry.counts] == []
        assert [entry[:3] for entry in Zip().diff(a, same) if entry.counts] == [
            (VALUES, ("d/x.num",), "bytes, from offset 1 on")
        ]
        assert [entry.what for entry in Zip().diff(a, none) if entry.counts] == ["bytes, from offset 0 on"]


def test_large_contents_are_compared_by_size(tmp_path, monkeypatch):
    """Without being unpacked to the disk."""
    monkeypatch.setattr("provstore.formats.archive_comparison.MODERATE", 10)
    a, b = (write(tmp_path, archive([member("a", data), member("b", data[:5])])) for data in (b"x" * 11, b"y" * 12))

    assert [entry[1:5] for entry in Zip().diff(a, b) if entry.counts] == [
        (("a",), "bytes", "11 bytes", "12 bytes"), (("b",), "bytes, from offset 0 on", "5 bytes", "5 bytes"),
    ]  # fmt: skip


def test_a_reader_gives_one_file_alone(tmp_path):
    """By its name; an unsafe archive gives none."""
    path = write(tmp_path, base())
    assert Zip().read(path) == FILES
    assert Zip().read(path, "folder/b.bin") == FILES["folder/b.bin"]
    with pytest.raises(Unavailable):
        Zip().read(write(tmp_path, REFUSED["name twice"]), "a")
    for name in ("folder", "folder/", "b.bin"):
        with pytest.raises(LookupError):
            Zip().read(path, name)


def test_more_than_fits_is_not_read_at_once(tmp_path, monkeypatch):
    """But one by one."""
    monkeypatch.setattr("provstore.formats.archive.READ", 300)
    path = write(tmp_path, base())
    with pytest.raises(ValueError, match="one by one"):
        Zip().read(path)

    assert Zip().read(path, "folder/b.bin") == FILES["folder/b.bin"]


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ([], TypeError), ({"a": "text"}, TypeError), ({1: b""}, TypeError), ({"../a": b""}, ValueError),
        ({"a": b"", "./a": b""}, ValueError), ({"a/": b""}, ValueError), ({"": b""}, ValueError),
    ],
)  # fmt: skip
def test_only_files_with_safe_names_are_written(tmp_path, value, error):
    """What would be refused when it is read is not written."""
    with pytest.raises(error):
        Zip().write(value, tmp_path / "x.zip")


def test_writing_is_reproducible(tmp_path):
    """The order of the keys does not matter."""
    one, other = tmp_path / "1.zip", tmp_path / "2.zip"
    Zip().write(FILES, one)
    Zip().write(dict(reversed(FILES.items())), other)

    assert one.read_bytes() == other.read_bytes()


NAMES = st.text("ab\u00e9. ", min_size=1, max_size=3).filter(lambda name: name.strip(".") != "")


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(NAMES, st.binary(max_size=20), max_size=5),
    st.dictionaries(NAMES, st.binary(max_size=20), max_size=5),
    st.randoms(use_true_random=False), st.sampled_from([0, 8, 12]),
)  # fmt: skip
def test_digests_are_equal_for_equal_files_only(tmp_path_factory, one, other, random, method):
    """Whatever the order and the method; and a comparison agrees."""
    folder = tmp_path_factory.mktemp("law")
    pairs = list(one.items())
    random.shuffle(pairs)
    for name, members in (("a", one.items()), ("b", pairs), ("c", other.items())):
        method_here = method if name == "b" else 8
        (folder / name).write_bytes(archive([member(*pair, method=method_here) for pair in members]))
    a, b, c = (folder / name for name in "abc")

    assert Zip().digest(a) == Zip().digest(b)
    assert (Zip().digest(a) == Zip().digest(c)) == (one == other)
    assert not [entry for entry in Zip().diff(a, b) if entry.counts]
    assert bool([entry for entry in Zip().diff(a, c) if entry.counts]) == (one != other)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_changed_byte_is_never_a_crash_and_never_another_content(tmp_path_factory, data):
    """It is refused, or what counts is read as Python's library reads it."""
    whole = bytearray(base())
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("byte") / "x.zip"
    path.write_bytes(whole)
    try:
        found = Zip().read(path)
    except Unavailable:
        return
    try:
        readable = zipfile.ZipFile(path)
    except NotImplementedError:  # of a version that has not been seen yet; it is the contents that count here
        return
    with readable:
        infos = [info for info in readable.infolist() if info.external_attr >> 28 in (0, 8) or info.create_system != 3]
        assert found == {os.path.normpath(info.filename): readable.read(info) for info in infos if not info.is_dir()}


def test_a_description_and_a_preview_show_no_control_characters(tmp_path):
    """A terminal is left alone; names are listed with sizes."""
    path = write(tmp_path, archive([member("a\x1b[2Jb", b"12345", mode=0o100755), member("l", b"a", mode=0o120777)]))
    text = Zip().preview(path).data.decode()

    assert [line.strip() for line in text.splitlines()] == ["5  a\\x1b[2Jb*", "symbolic link  l -> a"]
    assert json.loads(json.dumps(Zip().describe(path))) == {
        "files": 1, "size": 5, "others": {"symbolic link": 1}, "first": ["a\\x1b[2Jb", "l"],
    }  # fmt: skip


def test_a_long_list_is_cut(tmp_path):
    """A preview has some thirty lines."""
    path = write(tmp_path, archive([member(f"{number:03}") for number in range(100)]))

    assert len(Zip().preview(path).data.splitlines()) == 31
