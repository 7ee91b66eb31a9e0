"""The format `gzip`: the content counts, and nothing that is said around it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import struct
import tempfile
import zlib

import pytest

from provstore.formats.gzip import Gzip
from provstore.plugin import STORAGE, STRUCTURE, VALUES, Difference, Format, Hasher, Tolerance, Unavailable
from provstore.plugin.inner import formats_at_work
from provstore.testing import FormatContract

TEXT = b"a,b\n1,2\n" * 50


def packed(data=TEXT, level=9, time=0, name=""):
    """A gzip stream by Python's library."""
    file = io.BytesIO()
    with gzip.GzipFile(name, "wb", level, file, time) as stream:
        stream.write(data)
    return file.getvalue()


def by_hand(data=TEXT, flags=0, fields=b"", level=0, system=3, reserved=8):
    """A gzip stream with any header."""
    body = zlib.compressobj(6, zlib.DEFLATED, -15)
    stream = body.compress(data) + body.flush()
    header = b"\x1f\x8b" + bytes([reserved, flags]) + struct.pack("<I", 7) + bytes([level, system]) + fields
    return header + stream + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


def with_header_checksum(data=TEXT):
    """A header with a checksum of its own."""
    start = by_hand(data, flags=2)
    return start[:10] + struct.pack("<H", zlib.crc32(start[:10]) & 0xFFFF) + start[10:]


class Sorted(Format):
    """JSON, of which the order of keys does not count; it changes nothing in what it reads."""

    name = "sorted"
    suffixes = (".json",)
    python_type = dict

    def read(self, path, component=None, **parameters):
        if parameters:
            raise LookupError("no parameters")
        value = json.loads(path.read_text())
        return value if component is None else value[component]

    def write(self, value, path):
        path.write_text(json.dumps(value))

    def digest(self, path):
        return Hasher().add(self.read(path)).digest

    def diff(self, a, b, tolerance=None):
        left, right = self.read(a), self.read(b)
        if list(left) != list(right):
            yield Difference(STORAGE, (), "key order")
        for key in sorted({*left, *right}):
            one, other = left.get(key), right.get(key)
            if one != other and not (tolerance and abs(one - other) <= tolerance.absolute):
                yield Difference(VALUES, (key,), "value", str(one), str(other))

    def components(self, path):
        return list(self.read(path))

    def describe(self, path):
        return {"keys": len(self.read(path))}


class Shouting(Sorted):
    """The same, in another version."""

    version = 2


def find(name):
    """The formats of a project that has two."""
    return Sorted() if name.endswith(".json") else Gzip() if name.endswith(".gz") else None


def file_of(tmp_path, data, name="x.gz"):
    """A file in a folder of its own."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    path = folder / name
    path.write_bytes(data)
    return path


class TestGzip(FormatContract):
    @pytest.fixture
    def format(self):
        return Gzip()

    @pytest.fixture
    def equal(self, tmp_path):
        return file_of(tmp_path, packed()), file_of(tmp_path, packed(level=1, time=99, name="other"))

    @pytest.fixture
    def different(self, tmp_path):
        return file_of(tmp_path, packed()), file_of(tmp_path, packed(TEXT[:-1]))


EQUAL = {
    "time": packed(time=1234567890),
    "name": packed(name="data.csv"),
    "fast": packed(level=1),
    "not compressed": packed(level=0),
    "two streams": packed(TEXT[:100]) + packed(TEXT[100:]),
    "an empty stream before": packed(b"") + packed(),
    "an empty stream behind": packed() + packed(b""),
    "many streams": b"".join(packed(TEXT[at : at + 7]) for at in range(0, len(TEXT), 7)),
    "zeros behind": packed() + bytes(1000),
    "zeros between streams": packed(TEXT[:100]) + bytes(30) + packed(TEXT[100:]),
    "system": by_hand(system=0),
    "text flag": by_hand(flags=1),
    "extra field": by_hand(flags=4, fields=b"\x04\x00abcd"),
    "name by hand": by_hand(flags=8, fields=b"data.csv\0"),
    "comment": by_hand(flags=16, fields=b"made by hand\0"),
    "extra field, name and comment": by_hand(flags=28, fields=b"\x02\x00abn\0c\0"),
    "header checksum": with_header_checksum(),
}
DIFFERENT = {
    "empty": packed(b""),
    "a byte less": packed(TEXT[:-1]),
    "a byte more": packed(TEXT + b"\0"),
    "another byte": packed(b"b" + TEXT[1:]),
    "line ends": packed(TEXT.replace(b"\n", b"\r\n")),
    "twice": packed() + packed(),
    "streams in another order": packed(TEXT[100:]) + packed(TEXT[:100]),
    "packed twice": packed(packed()),
}
REFUSED = {
    "empty file": b"",
    "zeros only": bytes(512),
    "header only": packed()[:10],
    "cut in the header": packed(name="data.csv")[:12],
    "cut in the data": packed()[:-20],
    "cut in the checksum": packed()[:-6],
    "cut by one byte": packed()[:-1],
    "wrong checksum": packed()[:-8] + b"abcd" + packed()[-4:],
    "wrong length": packed()[:-4] + b"abcd",
    "garbage behind": packed() + b"garbage",
    "garbage behind zeros": packed() + bytes(600) + b"x",
    "a cut stream behind": packed() + packed()[:-3],
    "another method": by_hand(reserved=7),
    "reserved flags": by_hand(flags=0xE0),
    "wrong header checksum": with_header_checksum()[:10] + b"xy" + with_header_checksum()[12:],
    "bzip2": bz2.compress(TEXT),
    "zlib": zlib.compress(TEXT),
    "not compressed": TEXT,
}


@pytest.mark.parametrize("name", EQUAL)
def test_what_a_stream_says_around_its_content_does_not_count(tmp_path, name):
    """Header, level and the number of streams leave the digest alone, and a comparison finds storage only."""
    a, b = file_of(tmp_path, packed()), file_of(tmp_path, EQUAL[name])

    assert Gzip().digest(a) == Gzip().digest(b)
    assert {entry.kind for entry in Gzip().diff(a, b)} <= {STORAGE}


@pytest.mark.parametrize("name", DIFFERENT)
def test_each_byte_of_the_content_counts(tmp_path, name):
    """Another content has another digest, and a comparison says so."""
    a, b = file_of(tmp_path, packed()), file_of(tmp_path, DIFFERENT[name])

    assert Gzip().digest(a) != Gzip().digest(b)
    assert [entry.kind for entry in Gzip().diff(a, b) if entry.counts] == [VALUES]


@pytest.mark.parametrize("name", REFUSED)
def test_a_damaged_stream_is_refused(tmp_path, name):
    """It has no digest, is not read and not compared: its bytes decide."""
    path = file_of(tmp_path, REFUSED[name])
    for refused in (Gzip().digest, Gzip().read, lambda path: list(Gzip().diff(path, file_of(tmp_path, packed())))):
        with pytest.raises(Unavailable, match=r"\w+ \w+"):
            refused(path)


def test_a_comparison_names_what_is_stored_differently(tmp_path):
    """Time, name and level, in words for a person."""
    a = file_of(tmp_path, packed(time=1, name="a", level=1))
    b = file_of(tmp_path, packed(time=2, name="b", level=9))

    assert {(entry.what, entry.a, entry.b) for entry in Gzip().diff(a, b)} >= {
        ("header time", "1", "2"), ("file name", "a", "b"), ("compression level", "4", "2"),
    }  # fmt: skip


def test_bytes_that_differ_are_told_with_sizes_and_offset(tmp_path):
    """So that a person finds the place."""
    a, b = file_of(tmp_path, packed(b"abcd")), file_of(tmp_path, packed(b"abXdefgh"))

    assert Difference(VALUES, (), "bytes, from offset 2 on", "4 bytes", "8 bytes") in list(Gzip().diff(a, b))


def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch):
    """More than the limit for its size never comes out, also from many streams, and from one inside of another."""
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1 << 20)
    zeros = packed(bytes(1 << 20))
    for data, name in ((packed(bytes(1 << 22)), "x.gz"), (zeros * 4, "x.gz"), (packed(zeros), "x.json.gz.gz")):
        path = file_of(tmp_path, data, name)
        limit = pytest.raises(Unavailable, match="expands to more than")
        if name == "x.gz":
            with limit:
                Gzip().digest(path)
        else:
            with formats_at_work(find):
                assert Gzip().digest(path) == Hasher().add("bytes").stream([zeros]).digest


def test_too_many_streams_are_refused(tmp_path, monkeypatch):
    """Each costs time, also an empty one."""
    monkeypatch.setattr("provstore.plugin.limits.MEMBERS", 5)
    with pytest.raises(Unavailable, match="more than 5 entries"):
        Gzip().digest(file_of(tmp_path, packed(b"") * 6))


# --- by the format of its content -------------------------------------------------------------------------


def of_json(tmp_path, text, name="x.json.gz"):
    """A packed JSON text."""
    return file_of(tmp_path, packed(text.encode()), name)


def test_the_inner_format_decides_what_is_equal(tmp_path):
    """Keys in another order are equal in a .json.gz, and are not where nothing is known of the content."""
    a, b = of_json(tmp_path, '{"a": 1, "b": 2}'), of_json(tmp_path, '{"b": 2, "a": 1}')
    assert Gzip().digest(a) != Gzip().digest(b)
    with formats_at_work(find):
        assert Gzip().digest(a) == Gzip().digest(b)
        assert [(entry.kind, entry.what) for entry in Gzip().diff(a, b)] == [(STORAGE, "key order")]


def test_the_inner_format_says_where_contents_differ(tmp_path):
    """Its places are those inside; what is within the tolerance is no difference."""
    a, b = of_json(tmp_path, '{"a": 1, "b": 2}'), of_json(tmp_path, '{"a": 1, "b": 2.5}')
    with formats_at_work(find):
        assert list(Gzip().diff(a, b)) == [Difference(VALUES, ("b",), "value", "2", "2.5")]
        assert list(Gzip().diff(a, b, Tolerance(absolute=1.0))) == []


def test_the_name_that_the_project_knows_decides(tmp_path):
    """A kept version lies under its digest; its name is told."""
    a, b = of_json(tmp_path, '{"a": 1, "b": 2}', "a1b2c3"), of_json(tmp_path, '{"b": 2, "a": 1}', "d4e5f6")
    with formats_at_work(find, "some/folder/x.json.GZ"):
        assert Gzip().digest(a) == Gzip().digest(b)
        assert {entry.kind for entry in Gzip().diff(a, b)} == {STORAGE}


def test_a_gzip_in_a_gzip_is_followed(tmp_path):
    """Each level by its own name."""
    a = file_of(tmp_path, packed(packed(b'{"a": 1, "b": 2}')), "x.json.gz.gz")
    b = file_of(tmp_path, packed(packed(b'{"b": 2, "a": 1}', time=7)), "x.json.gz.gz")
    with formats_at_work(find):
        assert Gzip().digest(a) == Gzip().digest(b)
        assert not any(entry.counts for entry in Gzip().diff(a, b))
        assert Gzip().read(a) == {"a": 1, "b": 2}


def test_what_the_inner_format_does_not_find_is_told_by_bytes(tmp_path, monkeypatch):
    """Digests that differ have a difference that counts, also where the inner comparison finds none, or fails."""
    a, b = of_json(tmp_path, '{"a": 1}'), of_json(tmp_path, '{"a": 2}')
    for diff in (lambda *arguments: [], lambda *arguments: 1 / 0):
        monkeypatch.setattr(Sorted, "diff", diff)
        with formats_at_work(find):
            assert [entry.what for entry in Gzip().diff(a, b) if entry.counts] == ["bytes, from offset 6 on"]


def test_a_content_that_does_not_parse_counts_by_its_bytes(tmp_path):
    """It is neither equal to one that does, nor to another that does not."""
    good, bad = of_json(tmp_path, "{}"), of_json(tmp_path, "{")
    same, other = file_of(tmp_path, packed(b"{", time=5), "x.json.gz"), of_json(tmp_path, "{[")
    with formats_at_work(find):
        assert len({Gzip().digest(path) for path in (good, bad, same, other)}) == 3
        assert Gzip().digest(bad) == Gzip().digest(same)
        assert [entry.what for entry in Gzip().diff(good, bad)][:2] == ["read as", "bytes, from offset 1 on"]
        assert [entry.kind for entry in Gzip().diff(bad, other) if entry.counts] == [VALUES]
        assert not any(entry.counts for entry in Gzip().diff(bad, same))


def test_digests_by_different_formats_are_never_equal(tmp_path):
    """Another format, or another version of its rules, makes another digest, and a comparison says what it is."""
    text = '{"a": 1}'
    path, unknown = of_json(tmp_path, text), of_json(tmp_path, text, "x.dat.gz")
    with formats_at_work(find):
        digest = Gzip().digest(path)
        assert digest != Gzip().digest(unknown)
        assert [(entry.kind, entry.a, entry.b) for entry in Gzip().diff(path, unknown) if entry.counts] == [
            (STRUCTURE, "sorted/1", "bytes")
        ]
    with formats_at_work(lambda name: Shouting()):
        assert digest != Gzip().digest(path)


def test_values_of_the_inner_format_are_read_and_written(tmp_path):
    """Whole and by component; always to the same bytes."""
    path, again = tmp_path / "x.json.gz", tmp_path / "y.json.gz"
    with formats_at_work(find):
        Gzip().write({"a": 1}, path)
        Gzip().write({"a": 1}, again)
        assert Gzip().read(path) == {"a": 1}
        assert Gzip().read(path, "a") == 1
        assert Gzip().components(path) == ["a"]
        assert Gzip().describe(path)["description"] == {"keys": 1}
        with pytest.raises(TypeError, match="sorted"):
            Gzip().write(b"bytes", path)
    with pytest.raises(TypeError, match="expected bytes"):
        Gzip().write({}, path)

    assert path.read_bytes() == again.read_bytes()


def test_nothing_stays_in_the_temporary_folder(tmp_path, monkeypatch):
    """Whether the content could be read or not."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    with formats_at_work(find):
        for data in (b"{}", b"{", b"["):
            Gzip().digest(file_of(tmp_path, packed(data), "x.json.gz"))
        with pytest.raises(Unavailable):
            Gzip().digest(file_of(tmp_path, packed(b"{}")[:-3], "x.json.gz"))

    assert list(scratch.iterdir()) == []


def test_a_disk_that_is_full_is_not_taken_for_a_content_that_can_not_be_read(tmp_path, monkeypatch):
    """No digest then: it would be one by bytes, of the same content."""

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("provstore.formats.gzip.write_pieces", full)
    path = of_json(tmp_path, "{}")
    with formats_at_work(find), pytest.raises(OSError, match="No space"):
        Gzip().digest(path)


def test_names_that_no_file_can_have_do_no_harm(tmp_path):
    """The content's name comes from the project, and may be as long as it likes; the temporary file's is short."""
    path = of_json(tmp_path, "{}", "x")
    for name in ("y" * 300 + ".json.gz", "\U0001f600" * 200 + ".json.gz", "../../x.json.gz", "..json.gz", ".json.gz"):
        with formats_at_work(find, name):
            assert Gzip().digest(path) == Hasher().add("inner", f"sorted/1:{Hasher().add({}).digest}").digest


def test_a_preview_shows_no_control_characters(tmp_path):
    """A terminal is left alone."""
    path = file_of(tmp_path, packed(b"one\n\x1b[2Jtwo\n"), "x.gz")

    assert Gzip().preview(path).data == b"one\n\\x1b[2Jtwo"
