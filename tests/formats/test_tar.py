"""The format `tar`: members by their names, in all variants, and traps."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import subprocess
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.formats.tar import Tar
from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Difference, Unavailable
from provstore.testing import FormatContract

FILES = {"a.txt": b"one\n" * 200, "folder/b.bin": bytes(range(256)), "c": b""}
VARIANTS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


def member(name, data=b"", kind=tarfile.REGTYPE, **properties):
    """A member for `archive`."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(data)
    for key, value in properties.items():
        setattr(info, key, value)
    return info, data


def files(**properties):
    """The files of all tests, each as a member with these properties."""
    return [member(name, data, **properties) for name, data in FILES.items()]


def archive(members, variant="pax", **options):
    """A tar archive by Python's library."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=VARIANTS[variant], **options) as target:
        for info, data in members:
            target.addfile(info, io.BytesIO(data))
    return file.getvalue()


def base():
    return archive(files())


def write(tmp_path, data, name="x.tar"):
    """A file in a folder of its own."""
    folder = tmp_path / str(len(list(tmp_path.iterdir())))
    folder.mkdir()
    path = folder / name
    path.write_bytes(data)
    return path


def edited(data, offset, new):
    """The archive with other bytes in its first header, whose checksum is made right again."""
    found = bytearray(data)
    found[offset : offset + len(new)] = new
    found[148:156] = b"        "
    found[148:156] = b"%06o\0 " % sum(found[:512])
    return bytes(found)


def extended(records, kind=b"x", raw=None):
    """An extended header by hand."""
    data = raw if raw is not None else b"".join(record(*pair) for pair in records)
    info = tarfile.TarInfo("header")
    info.type, info.size = kind, len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


def record(key, value):
    """A record of an extended header."""
    rest = f" {key}={value}\n".encode()
    length = len(rest)
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


class TestTar(FormatContract):
    @pytest.fixture
    def format(self):
        return Tar()

    @pytest.fixture
    def equal(self, tmp_path):
        return write(tmp_path, base()), write(tmp_path, gzip.compress(archive(reversed(files(mtime=7)))), "x.tar.gz")

    @pytest.fixture
    def different(self, tmp_path):
        return write(tmp_path, base()), write(tmp_path, archive([*files()[:2], member("c", b"\0")]))


class TestTarWithXz(TestTar):
    @pytest.fixture
    def equal(self, tmp_path):
        return write(tmp_path, lzma.compress(base()), "x.txz"), write(tmp_path, bz2.compress(base()), "x.tbz2")


LONG = "long/" * 60 + "name"


def long(variant):
    """A name of 300 characters, and a link to it."""
    return archive([member(LONG, b"x"), member("l", kind=tarfile.SYMTYPE, linkname=LONG)], variant)


EQUAL = {
    "times": (base(), archive(files(mtime=1234567890))),
    "times with fractions": (base(), archive(files(mtime=1234567890.5))),
    "negative times": (base(), archive(files(mtime=-5), "gnu")),
    "owner": (base(), archive(files(uid=1000, gid=1000, uname="somebody", gname="others"))),
    "large owner": (base(), archive(files(uid=1 << 40), "gnu")),
    "order": (base(), archive(reversed(files()))),
    "ustar": (base(), archive(files(), "ustar")),
    "gnu": (base(), archive(files(), "gnu")),
    "other bits of the mode": (base(), archive(files(mode=0o600))),
    "bits of the group": (base(), archive(files(mode=0o654))),
    "bits that change the user": (base(), archive(files(mode=0o6644))),
    "gzip": (base(), gzip.compress(base())),
    "two gzip streams": (base(), gzip.compress(base()[:700]) + gzip.compress(base()[700:])),
    "bzip2": (base(), bz2.compress(base())),
    "xz": (base(), lzma.compress(base())),
    "more zeros": (base(), base() + bytes(10240)),
    "fewer zeros": (base(), base().rstrip(b"\0") + bytes(-len(base().rstrip(b"\0")) % 512 + 1024)),
    "dots": (base(), archive([member(f"./{name}", data) for name, data in FILES.items()])),
    "root": (base(), archive([member("./", kind=tarfile.DIRTYPE), *files()])),
    "implied directory": (base(), archive([member("folder", kind=tarfile.DIRTYPE, mode=0o700), *files()])),
    "implied directory at the end": (base(), archive([*files(), member("./folder/", kind=tarfile.DIRTYPE)])),
    "contiguous file": (base(), archive([*files()[:2], member("c", kind=tarfile.CONTTYPE)])),
    "file of the first variant": (base(), archive([*files()[:2], member("c", kind=tarfile.AREGTYPE)])),
    "long names": (long("gnu"), long("pax")),
    "times in an extended header": (base(), extended([("atime", "1"), ("ctime", "2.5")]) + base()),
    "access rules in an extended header": (base(), extended([("SCHILY.acl.access", "user::rw-")]) + base()),
    "security in an extended header": (base(), extended([("SCHILY.xattr.security.selinux", "x")]) + base()),
    "owner for all": (base(), extended([("uname", "x")], b"g") + base()),
    "a record that is taken back": (base(), extended([("comment", "x"), ("comment", "")]) + base()),
    "name in an extended header": (base(), extended([("path", "a.txt")]) + edited(base(), 0, b"other")),
    "size in an extended header": (base(), extended([("size", "800")]) + edited(base(), 124, b"%011o\0" % 0)),
    "size in binary": (base(), edited(base(), 124, b"\x80" + (800).to_bytes(11, "big"))),
    "size with spaces": (base(), edited(base(), 124, b"      1440  ")),
    "other text behind a name": (base(), edited(base(), 0, b"a.txt\0other")),
    "slash for a directory": (
        archive([member("d", kind=tarfile.DIRTYPE)]), edited(archive([member("d", kind=tarfile.AREGTYPE)]), 0, b"d/"),
    ),
    "size of a directory": (
        archive([member("d", kind=tarfile.DIRTYPE), *files()]),
        edited(archive([member("d", kind=tarfile.DIRTYPE), *files()]), 124, b"%011o\0" % 4096),
    ),
    "hard links in another order": (
        archive([member("p", b"x"), member("q", kind=tarfile.LNKTYPE, linkname="p"),
                 member("r", kind=tarfile.LNKTYPE, linkname="p")]),
        archive([member("r", b"x"), member("q", kind=tarfile.LNKTYPE, linkname="./r"),
                 member("p", kind=tarfile.LNKTYPE, linkname="q")]),
    ),
}  # fmt: skip
LINK, HARD = {"kind": tarfile.SYMTYPE}, {"kind": tarfile.LNKTYPE}
DIFFERENT = {
    "content": (base(), archive([member("a.txt", b"two\n" * 200), *files()[1:]]), VALUES),
    "size": (base(), archive([member("a.txt", b"one\n" * 199), *files()[1:]]), VALUES),
    "name": (base(), archive([member("b.txt", FILES["a.txt"]), *files()[1:]]), STRUCTURE),
    "a member more": (base(), archive([*files(), member("d")]), STRUCTURE),
    "a member less": (base(), archive(files()[:2]), STRUCTURE),
    "empty directory": (base(), archive([*files(), member("d", kind=tarfile.DIRTYPE)]), STRUCTURE),
    "directory in the place of a file": (base(), archive([*files()[:2], member("c", kind=tarfile.DIRTYPE)]), STRUCTURE),
    "executable bit": (base(), archive([member("a.txt", FILES["a.txt"], mode=0o755), *files()[1:]]), METADATA),
    "link for a file": (base(), archive([*files()[:2], member("c", linkname="a.txt", **LINK)]), STRUCTURE),
    "hard link for a file": (base(), archive([*files()[:2], member("c", linkname="a.txt", **HARD)]), STRUCTURE),
    "target of a link": (
        archive([member("l", linkname="a", **LINK)]), archive([member("l", linkname="./a", **LINK)]), STRUCTURE,
    ),
    "target of a hard link": (
        archive([*files(), member("l", linkname="c", **HARD)]),
        archive([*files(), member("l", linkname="a.txt", **HARD)]),
        STRUCTURE,
    ),
    "kind of a link": (
        archive([*files(), member("l", linkname="c", **HARD)]), archive([*files(), member("l", linkname="c", **LINK)]),
        STRUCTURE,
    ),
    "numbers of a device": (
        archive([member("d", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)]),
        archive([member("d", kind=tarfile.CHRTYPE, devmajor=1, devminor=5)]), STRUCTURE,
    ),
    "kind of a device": (
        archive([member("d", kind=tarfile.CHRTYPE, devmajor=1, devminor=3)]),
        archive([member("d", kind=tarfile.BLKTYPE, devmajor=1, devminor=3)]), STRUCTURE,
    ),
    "named pipe": (base(), archive([*files()[:2], member("c", kind=tarfile.FIFOTYPE)]), STRUCTURE),
    "comment on the archive": (base(), extended([("comment", "a commit")], b"g") + base(), METADATA),
    "comment on all members but one": (
        extended([("comment", "x")], b"g") + base(),
        extended([("comment", "x")], b"g") + extended([("comment", "")]) + base(), METADATA),
    "comment on a member": (base(), extended([("comment", "by me")]) + base(), METADATA),
    "attribute of a user": (base(), extended([("SCHILY.xattr.user.origin", "x")]) + base(), METADATA),
    "nothing in it": (base(), archive([]), STRUCTURE),
    "content of a file with two names": (
        archive([member("p", b"x"), member("q", linkname="p", **HARD)]),
        archive([member("q", b"y"), member("p", linkname="q", **HARD)]), VALUES,
    ),
}  # fmt: skip
REFUSED = {
    "empty file": b"",
    "one block of zeros": bytes(512),
    "no end": base().rstrip(b"\0") + bytes(-len(base().rstrip(b"\0")) % 512),
    "half an end": base().rstrip(b"\0") + bytes(-len(base().rstrip(b"\0")) % 512 + 512),
    "second block of the end cut": base().rstrip(b"\0") + bytes(-len(base().rstrip(b"\0")) % 512 + 800),
    "padding cut": base()[:-512],
    "cut in a header": base()[:700],
    "cut in a content": base()[:1000],
    "cut behind a header": base()[:512],
    "cut between members": base()[:1536],
    "damaged first header": b"x" + base()[1:],
    "damaged second header": base()[:1536] + b"x" + base()[1537:],
    "something behind the end": base() + b"x" * 512,
    "an archive behind the end": base() + base(),
    "zeros in the middle": base()[:1536] + bytes(512) + base()[1536:],
    "name twice": archive([member("a", b"x"), member("a", b"y")]),
    "name twice by a dot": archive([member("a", b"x"), member("./a", b"x")]),
    "file and directory of one name": archive([member("a", b"x"), member("a/", kind=tarfile.DIRTYPE)]),
    "absolute": archive([member("/etc/passwd")]),
    "two points": archive([member("../a")]),
    "two points inside": archive([member("a/../b")]),
    "backslash": archive([member("a\\b")]),
    "drive": archive([member("C:a")]),
    "no name": archive([member(".")]),
    "zero in a name": extended([("path", "a\0b")]) + base(),
    "long name": archive([member("x" * 40000)], "gnu"),
    "volume": archive([member("a", kind=b"V")]),
    "part of a volume": archive([member("a", kind=b"M")]),
    "directory of a backup": archive([member("a", kind=b"D")]),
    "unknown kind": archive([member("a", kind=b"Z")]),
    "negative size": edited(base(), 124, b"\xff" * 12),
    "negative size of a block": edited(base(), 124, b"\xff" * 10 + b"\xfe\x00"),
    "huge size": edited(base(), 124, b"\x80" + (1 << 80).to_bytes(11, "big")),
    "size that is no number": edited(base(), 124, b"12x"),
    "negative number in octal": edited(base(), 124, b"-0000000007\0"),
    "comment for some": archive([member("z")], "ustar")[:512] + extended([("comment", "x")], b"g") + base(),
    "size for all": extended([("size", "1")], b"g") + base(),
    "name for all": extended([("path", "x")], b"g") + base(),
    "negative size in an extended header": extended([("size", "-512")]) + base(),
    "huge extended header": edited(extended([("a", "b")]), 124, b"77777777777\0") + base(),
    "large extended header": extended([("comment", "x" * (1 << 20))]) + base(),
    "extended header without a member": extended([("comment", "x")]) + bytes(10240),
    "a chain of extended headers": extended([("comment", "x")]) * 1000 + base(),
    "record too long": extended([], raw=b"99 path=x\n") + base(),
    "record too short": extended([], raw=b"3 path=x\n") + base(),
    "record of length nothing": extended([], raw=b"0 path=x\n") + base(),
    "record without length": extended([], raw=b"path=x\n") + base(),
    "directory with a content": edited(archive([member("d", b"x", kind=tarfile.AREGTYPE)]), 0, b"d/"),
    "sparse parts that overlap": extended(
        [("GNU.sparse.size", "900"), ("GNU.sparse.map", "0,500,400,300")]) + base(),
    "sparse parts beyond the file": extended([("GNU.sparse.size", "700"), ("GNU.sparse.map", "0,800")]) + base(),
    "sparse parts that are missing": extended([("GNU.sparse.size", "900"), ("GNU.sparse.map", "0,500")]) + base(),
    "sparse file without a size": extended([("GNU.sparse.map", "0,800")]) + base(),
    "sparse file of another way": extended(
        [("GNU.sparse.realsize", "900"), ("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")]) + base(),
    "sparse file without its list": extended(
        [("GNU.sparse.realsize", "900"), ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]) + base(),
    "cut gzip": gzip.compress(base())[:-5],
    "checksum of gzip": gzip.compress(base())[:-8] + bytes(8),
    "something behind gzip": gzip.compress(base()) + b"x",
    "something behind bzip2": bz2.compress(base()) + b"x",
    "cut bzip2": bz2.compress(base())[:-5],
    "something behind xz": lzma.compress(base()) + b"xxxx",
    "cut xz": lzma.compress(base())[:-5],
    "gzip of something else": gzip.compress(b"no archive" * 100),
    "gzip twice": gzip.compress(gzip.compress(base())),
}  # fmt: skip


@pytest.mark.parametrize("name", EQUAL)
def test_how_members_are_stored_does_not_count(tmp_path, name):
    """The digest is the same, and a comparison finds storage only."""
    a, b = (write(tmp_path, data) for data in EQUAL[name])

    assert Tar().digest(a) == Tar().digest(b)
    assert {entry.kind for entry in Tar().diff(a, b)} <= {STORAGE}


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_members_are_counts(tmp_path, name):
    """The digest is another, and a comparison says what kind of difference it is."""
    one, other, kind = DIFFERENT[name]
    a, b = write(tmp_path, one), write(tmp_path, other)

    assert Tar().digest(a) != Tar().digest(b)
    assert kind in {entry.kind for entry in Tar().diff(a, b) if entry.counts}


@pytest.mark.parametrize("name", REFUSED)
def test_doubtful_archives_are_refused(tmp_path, name):
    """No digest and no comparison: bytes decide."""
    path = write(tmp_path, REFUSED[name])
    with pytest.raises(Unavailable, match=r"\w+ \w+"):
        Tar().digest(path)
    with pytest.raises(Unavailable):
        list(Tar().diff(path, write(tmp_path, base())))


def test_bombs_are_refused(tmp_path, monkeypatch):
    """Compressed zeros, and holes of sparse files, before they are read."""
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1 << 20)
    zeros = gzip.compress(archive([member("a", bytes(1 << 22))]))
    hole = extended([("GNU.sparse.size", str(1 << 60)), ("GNU.sparse.map", "0,800")]) + base()
    for data in (zeros, hole):
        with pytest.raises(Unavailable, match="expands to more than"):
            Tar().digest(write(tmp_path, data))


def test_a_list_of_parts_is_not_read_without_end(tmp_path):
    """Neither by a count that is too large, nor by lines that do not end."""
    said = [("GNU.sparse.realsize", "900"), ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0")]
    for listing in (b"99999999\n", b"1" * 4096, b"3\n" + b"1\n" * 4):
        with pytest.raises(Unavailable, match=r"list of the parts|damaged|do not fit"):
            Tar().digest(write(tmp_path, extended(said) + archive([member("a", listing.ljust(1 << 13, b"\0"))])))


def test_a_comparison_names_what_is_stored_differently(tmp_path):
    """In words for a person."""
    a = write(tmp_path, archive(files(), "ustar"))
    b = write(tmp_path, bz2.compress(archive(reversed(files(mtime=1, uid=1, mode=0o600)), "gnu")))

    assert {entry.what for entry in Tar().diff(a, b)} >= {"times", "owner", "mode", "order", "compression", "format"}


def test_a_file_with_two_names_is_compared_by_its_content(tmp_path):
    """Under whichever of its names it is stored."""
    one, other, _ = DIFFERENT["content of a file with two names"]

    assert [entry for entry in Tar().diff(write(tmp_path, one), write(tmp_path, other)) if entry.counts] == [
        Difference(VALUES, ("p",), "bytes, from offset 0 on", "1 bytes", "1 bytes")
    ]


def test_links_that_lead_elsewhere_are_texts(tmp_path):
    """They count, and are not followed; nor do links in a circle harm."""
    outside = tmp_path / "outside"
    outside.write_bytes(b"secret")
    links = [member("s", linkname=str(outside), **LINK), member("h", linkname="../outside", **HARD)]
    circle = [member("p", linkname="q", **HARD), member("q", linkname="p", **HARD), member("r", linkname="r", **HARD)]
    a, b = write(tmp_path, archive(links)), write(tmp_path, archive(circle))

    assert Tar().read(a) == {}
    assert len({Tar().digest(path) for path in (a, b)}) == 2
    assert list(Tar().diff(b, b)) == []


def test_nothing_is_unpacked_by_its_own_name(tmp_path, monkeypatch):
    """A digest touches no disk, wherever it is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.mkdtemp", lambda *arguments, **options: pytest.fail("it made a folder"))
    path = write(tmp_path, base())
    before = sorted(tmp_path.rglob("*"))
    Tar().digest(path)

    assert sorted(tmp_path.rglob("*")) == before


def test_deep_names_are_read_quickly(tmp_path):
    """Each of its folders is counted once."""
    names = ["d/" * 1500 + str(number) for number in range(50)]
    a = write(tmp_path, archive([member(name, b"x") for name in names], "gnu"))
    b = write(tmp_path, archive([member("d/" * 1499, kind=tarfile.DIRTYPE), *[member(name, b"x") for name in names]]))

    assert Tar().digest(a) == Tar().digest(b)


def test_names_that_are_no_utf_8_keep_their_bytes(tmp_path):
    """Two of them are not one, and can be shown."""
    a, b = (write(tmp_path, edited(archive([member("a")]), 0, name)) for name in (b"\xff", b"\xfe"))
    assert Tar().digest(a) != Tar().digest(b)
    assert Tar().preview(a).data.decode().endswith("\\udcff")
    assert [entry.place for entry in Tar().diff(a, b) if entry.counts] == [("\\udcfe",), ("\\udcff",)]


def test_a_large_archive_is_described_by_its_beginning(tmp_path, monkeypatch):
    """If it is compressed; members behind the limit are not waited for."""
    monkeypatch.setattr("provstore.formats.archive.GLANCE", 100)
    members = [member(str(number), b"x" * 60) for number in range(9)]
    assert Tar().describe(write(tmp_path, archive(members)))["files"] == 9
    described = Tar().describe(write(tmp_path, gzip.compress(archive(members))))

    assert (described["files"], described["complete"]) == (2, False)


@pytest.mark.parametrize("ending", Tar.suffixes)
def test_what_is_written_is_compressed_as_its_name_says(tmp_path, ending):
    """Always to the same bytes, and tarfile can read it."""
    one, other = tmp_path / f"1{ending}", tmp_path / f"2{ending}"
    Tar().write(FILES, one)
    Tar().write(dict(reversed(FILES.items())), other)
    assert one.read_bytes() == other.read_bytes()
    assert Tar().read(one) == FILES
    with tarfile.open(
        one, f"r:{ {'.tar': '', '.tgz': 'gz', '.tbz2': 'bz2', '.txz': 'xz'}.get(ending, ending[5:]) }"
    ) as found:
        assert sorted(found.getnames()) == sorted(FILES)


# --- GNU tar ----------------------------------------------------------------------------------------------

GNU_TAR = shutil.which("tar")


@pytest.fixture
def tree(tmp_path):
    """Files of many kinds."""
    top = tmp_path / "tree"
    (top / "d/e").mkdir(parents=True)
    (top / "empty").mkdir()
    (top / "a").write_bytes(b"one")
    (top / "d/b").write_bytes(b"two")
    (top / "d/b").chmod(0o755)
    (top / ("n" * 120)).write_bytes(b"three")
    os.link(top / "a", top / "d/link")
    (top / "s").symlink_to("../" * 40 + "x")
    with (top / "holes").open("wb") as file:
        for number in range(40):
            file.seek(number * 65536)
            file.write(b"%d" % number)
        file.truncate(3 << 20)
    return top


@pytest.mark.skipif(not GNU_TAR, reason="there is no tar on this machine")
@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"], ["--format=oldgnu"], ["--format=gnu", "-S"], ["--format=pax"], ["--format=pax", "-z"],
        ["--format=pax", "-S", "--sparse-version=0.0"], ["--format=pax", "-S", "--sparse-version=0.1"],
        ["--format=pax", "-S", "--sparse-version=1.0"], ["--format=gnu", "--sort=name"], ["--format=gnu", "-b1"],
        ["--format=posix", "--mtime=2001-01-01", "--owner=nobody:99", "--numeric-owner"], ["-j"], ["-J"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_all_variants_of_gnu_tar_are_one(tmp_path, tree, options):
    """The same tree, with holes or without, sorted or not, has the digest that it has by Python's library."""
    one, other = tmp_path / "1.tar", tmp_path / "2.tar"
    with tarfile.open(one, "w") as target:
        target.add(tree, ".")
    names = ["."] if "--sort=name" in options else sorted(os.listdir(tree), reverse=True)
    made = subprocess.run([GNU_TAR, "-C", tree, *options, "-cf", other, *names], capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"this tar can't do that: {made.stderr.decode()[:80]}")

    assert Tar().digest(one) == Tar().digest(other)
    assert not [entry for entry in Tar().diff(one, other) if entry.counts]


# --- laws -------------------------------------------------------------------------------------------------

NAMES = st.text("ab\u00e9. ", min_size=1, max_size=3).filter(lambda name: name.strip(".") != "")
CONTENTS = st.dictionaries(NAMES, st.binary(max_size=20), max_size=4)


@settings(max_examples=40, deadline=None)
@given(CONTENTS, CONTENTS, st.randoms(use_true_random=False), st.sampled_from(sorted(VARIANTS)))
def test_digests_are_equal_for_equal_files_only(tmp_path_factory, one, other, random, variant):
    """Whatever the order and the variant; and a comparison agrees."""
    folder = tmp_path_factory.mktemp("law")
    pairs = list(one.items())
    random.shuffle(pairs)
    (folder / "a").write_bytes(archive([member(*pair) for pair in one.items()]))
    (folder / "b").write_bytes(archive([member(*pair) for pair in pairs], variant))
    (folder / "c").write_bytes(archive([member(*pair) for pair in other.items()]))
    a, b, c = (folder / name for name in "abc")

    assert Tar().digest(a) == Tar().digest(b)
    assert (Tar().digest(a) == Tar().digest(c)) == (one == other)
    assert bool([entry for entry in Tar().diff(a, c) if entry.counts]) == (one != other)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_changed_byte_is_never_a_crash(tmp_path_factory, data):
    """It is refused, or something else that can be read."""
    whole = bytearray(extended([("comment", "x"), ("path", "y")]) + base().rstrip(b"\0") + bytes(1024))
    whole += bytes(-len(whole) % 512)
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    path = tmp_path_factory.mktemp("byte") / "x.tar"
    path.write_bytes(whole)
    try:
        assert Tar().digest(path)
    except Unavailable as error:
        assert str(error)  # noqa: PT017 - both are right
