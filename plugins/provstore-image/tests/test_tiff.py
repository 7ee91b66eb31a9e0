"""TIFF: pages, pixels of any type and tags count; how they are packed does not."""

import io
import struct
import zlib
from functools import partial

import numpy
import pytest
from PIL import Image
from provstore_image import Tiff

from provstore.plugin import STORAGE, Unavailable
from provstore.testing import FormatContract

FORMAT = Tiff()
RANDOM = numpy.random.default_rng(21)
RGB = RANDOM.integers(0, 256, (70, 90, 3), dtype="u1")
GREY16 = RANDOM.integers(0, 65536, (70, 90), dtype="u2")
FLOATS = RANDOM.random((70, 90), dtype="f4")


def by_pillow(values, mode=None, **how):
    image = Image.fromarray(values)
    image = image.quantize(40) if mode == "P" else image.convert(mode) if mode else image
    buffer = io.BytesIO()
    image.save(buffer, "TIFF", **how)
    return buffer.getvalue()


def by_tifffile(values, *, byteorder="<", bigtiff=False, **how):
    tifffile = pytest.importorskip("tifffile")
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, byteorder=byteorder, bigtiff=bigtiff, **how)
    return buffer.getvalue()


def by_hand(tags, pixels, *, order="<", is_big=False, following=0):
    """A TIFF file of one strip: `tags` are number: (type, values); the strip's place and size are added."""
    size = len(pixels)
    tags = {256: (3, [4]), 257: (3, [2]), 258: (3, [8]), 262: (3, [1]), 273: (4, [16]), 279: (4, [size]), **tags}
    forms = {1: "B", 2: "s", 3: "H", 4: "I", 5: "I", 7: "s", 11: "f", 12: "d", 16: "Q"}
    room, where = (8, "Q") if is_big else (4, "I")
    start = 16 + size + size % 2
    length = (8 + 20 * len(tags) + 8) if is_big else (2 + 12 * len(tags) + 4)
    entries, more = b"", b""
    for tag in sorted(tags):
        kind, values = tags[tag]
        if kind in (2, 7):
            data, count = values, len(values)
        else:
            data, count = struct.pack(f"{order}{len(values)}{forms[kind]}", *values), len(values) // (1 + (kind == 5))
        if len(data) > room:
            data, more = struct.pack(f"{order}{where}", start + length + len(more)), more + data
        entries += struct.pack(f"{order}HH{where}", tag, kind, count) + data.ljust(room, b"\0")
    mark = b"II" if order == "<" else b"MM"
    head = mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, start) if is_big else struct.pack(f"{order}HI", 42, start))
    counter = struct.pack(f"{order}{'Q' if is_big else 'H'}", len(tags))
    behind = struct.pack(f"{order}{where}", following)
    return head.ljust(16, b"\0") + pixels.ljust(start - 16, b"\0") + counter + entries + behind + more


def pages(*values, **how):
    buffer = io.BytesIO()
    images = [Image.fromarray(value) for value in values]
    images[0].save(buffer, "TIFF", save_all=True, append_images=images[1:], **how)
    return buffer.getvalue()


EIGHT = bytes(range(8))
HAND = partial(by_hand, pixels=EIGHT)
EQUAL = {
    "deflate": lambda: (by_pillow(RGB), by_pillow(RGB, compression="tiff_deflate")),
    "LZW": lambda: (by_pillow(RGB), by_pillow(RGB, compression="tiff_lzw")),
    "LZW with a predictor": lambda: (by_pillow(RGB), by_pillow(RGB, compression="tiff_lzw", tiffinfo={317: 2})),
    "PackBits": lambda: (by_pillow(RGB), by_pillow(RGB, compression="packbits")),
    "strips": lambda: (by_pillow(RGB), by_pillow(RGB, compression="tiff_lzw", strip_size=999)),
    "fax": lambda: (by_pillow(RGB, "1"), by_pillow(RGB, "1", compression="group4")),
    "fax with white as zero": lambda: (
        by_pillow(RGB, "1"),
        by_pillow(RGB, "1", compression="group4", tiffinfo={262: 0}),
    ),
    "older fax": lambda: (by_pillow(RGB, "1"), by_pillow(RGB, "1", compression="group3")),
    "BigTIFF": lambda: (by_pillow(GREY16), by_pillow(GREY16, big_tiff=True)),
    "deflate of 16 bits": lambda: (by_pillow(GREY16), by_pillow(GREY16, compression="tiff_deflate")),
    "LZW of floats": lambda: (by_pillow(FLOATS), by_pillow(FLOATS, compression="tiff_lzw")),
    "a palette": lambda: (by_pillow(RGB, "P"), by_pillow(RGB, "P", compression="tiff_lzw")),
    "black or white as zero": lambda: (by_pillow(RGB, "L"), by_pillow(RGB, "L", tiffinfo={262: 0})),
    "software": lambda: (by_pillow(RGB), by_pillow(RGB, software="another")),
    "time": lambda: (by_pillow(RGB, date_time="2026:01:01 00:00:00"), by_pillow(RGB, date_time="2027:01:01 00:00:00")),
    "host": lambda: (by_pillow(RGB), by_pillow(RGB, tiffinfo={316: "here"})),
    "orientation as usual": lambda: (by_pillow(RGB), by_pillow(RGB, tiffinfo={274: 1})),
    "pages, packed": lambda: (pages(RGB, 255 - RGB), pages(RGB, 255 - RGB, compression="tiff_deflate")),
    "byte order": lambda: (by_tifffile(GREY16), by_tifffile(GREY16, byteorder=">")),
    "byte order of float64": lambda: (
        by_tifffile(FLOATS.astype("f8")),
        by_tifffile(FLOATS.astype("f8"), byteorder=">"),
    ),
    "tiles": lambda: (by_tifffile(RGB, photometric="rgb"), by_tifffile(RGB, photometric="rgb", tile=(32, 48))),
    "planes": lambda: (
        by_tifffile(RGB, photometric="rgb", metadata=None),
        by_tifffile(numpy.ascontiguousarray(RGB.transpose(2, 0, 1)), photometric="rgb", planarconfig="separate",
                    metadata=None),
    ),
    "predictor of floats": lambda: (
        by_pillow(FLOATS),
        by_pillow(FLOATS, compression="tiff_lzw", tiffinfo={317: 3}),
    ),
    "predictor of 16 bits": lambda: (
        by_tifffile(GREY16, rowsperstrip=9),
        by_tifffile(GREY16, compression="zlib", predictor=True, byteorder=">", bigtiff=True),
    ),
    "16 bits of colour": lambda: (
        by_tifffile(RGB.astype("u2") * 257, photometric="rgb"),
        by_tifffile(RGB.astype("u2") * 257, photometric="rgb", compression="zlib", bigtiff=True),
    ),
    "LZMA": lambda: (by_tifffile(FLOATS), by_tifffile(FLOATS, compression="lzma")),
    "resolution in lowest terms": lambda: (HAND({282: (5, [72, 1])}), HAND({282: (5, [720, 10])})),
    "square pixels of which no more is known": lambda: (
        HAND({}),
        HAND({282: (5, [1, 1]), 283: (5, [1, 1]), 296: (3, [1])}),
    ),
    "width of an integer": lambda: (HAND({320000 % 65536: (3, [7])}), HAND({320000 % 65536: (4, [7])})),
    "order of bytes, by hand": lambda: (HAND({282: (5, [3, 2])}), HAND({282: (5, [3, 2])}, order=">", is_big=True)),
    "order of bits": lambda: (
        HAND({}),
        by_hand({266: (3, [2])}, bytes(int(f"{value:08b}"[::-1], 2) for value in EIGHT)),
    ),
    "values that hold anyway": lambda: (HAND({}), HAND({254: (4, [0]), 274: (3, [1]), 296: (3, [2]), 284: (3, [1])})),
    "the end of a text": lambda: (HAND({315: (2, b"me\0")}), HAND({315: (2, b"me\0\0")})),
    "deflate by two numbers": lambda: (
        by_hand({259: (3, [8])}, zlib.compress(EIGHT)),
        by_hand({259: (3, [32946])}, zlib.compress(EIGHT)),
    ),
}  # fmt: skip


def changed(values, place=(5, 6)):
    found = values.copy()
    bits = found.view(f"u{found.itemsize}")
    bits[place] ^= bits.dtype.type(1)
    return found


DIFFERENT = {
    "pixels that are not square": lambda: (HAND({}), HAND({282: (5, [2, 1]), 283: (5, [1, 1]), 296: (3, [1])})),
    "one pixel": lambda: (by_pillow(RGB), by_pillow(changed(RGB))),
    "one pixel, packed otherwise": lambda: (by_pillow(RGB), by_pillow(changed(RGB), compression="tiff_lzw")),
    "the lowest bit of 16": lambda: (by_pillow(GREY16), by_pillow(changed(GREY16))),
    "the lowest bit of 16, RGB": lambda: (
        by_tifffile(RGB.astype("u2"), photometric="rgb"),
        by_tifffile(changed(RGB.astype("u2"), (5, 6, 0)), photometric="rgb"),
    ),
    "the lowest bit of float32": lambda: (by_pillow(FLOATS), by_pillow(changed(FLOATS))),
    "the lowest bit of float64": lambda: (
        by_tifffile(FLOATS.astype("f8")),
        by_tifffile(changed(FLOATS.astype("f8"))),
    ),
    "minus zero": lambda: (by_tifffile(FLOATS * 0), by_tifffile(FLOATS * -0.0)),
    "signed or not": lambda: (by_tifffile(GREY16), by_tifffile(GREY16.view("i2"))),
    "8 or 16 bits": lambda: (by_tifffile(RGB[:, :, 0]), by_tifffile(RGB[:, :, 0].astype("u2"))),
    "float32 or float64": lambda: (by_tifffile(FLOATS), by_tifffile(FLOATS.astype("f8"))),
    "order of pages": lambda: (pages(RGB, 255 - RGB), pages(255 - RGB, RGB)),
    "a page more": lambda: (pages(RGB), pages(RGB, RGB)),
    "a page of another size": lambda: (pages(RGB, RGB), pages(RGB, RGB[1:])),
    "resolution": lambda: (by_pillow(RGB, dpi=(72, 72)), by_pillow(RGB, dpi=(300, 300))),
    "no resolution": lambda: (by_pillow(RGB), by_pillow(RGB, dpi=(72, 72))),
    "unit of resolution": lambda: (
        by_pillow(RGB, x_resolution=1.0, y_resolution=1.0, resolution_unit=2),
        by_pillow(RGB, x_resolution=1.0, y_resolution=1.0, resolution_unit=3),
    ),
    "description": lambda: (by_pillow(RGB, description="one"), by_pillow(RGB, description="two")),
    "artist": lambda: (by_pillow(RGB), by_pillow(RGB, artist="me")),
    "copyright": lambda: (by_pillow(RGB), by_pillow(RGB, copyright="mine")),
    "orientation": lambda: (by_pillow(RGB), by_pillow(RGB, tiffinfo={274: 6})),
    "colour profile": lambda: (by_pillow(RGB, icc_profile=b"one"), by_pillow(RGB, icc_profile=b"two")),
    "GeoTIFF": lambda: (
        HAND({33550: (12, [1.0, 1.0, 0.0])}),
        HAND({33550: (12, [1.0, 2.0, 0.0])}),
    ),
    "GeoTIFF's keys": lambda: (HAND({34735: (3, [1, 1, 0, 1])}), HAND({34735: (3, [1, 1, 0, 2])})),
    "a tag that nobody knows": lambda: (HAND({}), HAND({65000: (2, b"x\0")})),
    "an extra sample's meaning": lambda: (
        by_hand({258: (3, [8, 8]), 277: (3, [2]), 338: (3, [1])}, bytes(16)),
        by_hand({258: (3, [8, 8]), 277: (3, [2]), 338: (3, [2])}, bytes(16)),
    ),
    "time of the photograph": lambda: (
        by_pillow(RGB, exif=exif("2020:01:01 00:00:00")),
        by_pillow(RGB, exif=exif("2020:01:02 00:00:00")),
    ),
    "CMYK or RGBA": lambda: (by_pillow(RGB, "CMYK"), by_pillow(RGB, "RGBA")),
    "grey or RGB": lambda: (by_pillow(RGB, "L"), by_pillow(RGB, "RGB")),
    "turned": lambda: (by_pillow(GREY16), by_pillow(GREY16.reshape(90, 70))),
    "a colour of a palette": lambda: (
        HAND({262: (3, [3]), 320: (3, [*range(768)])}),
        HAND({262: (3, [3]), 320: (3, [1, *range(1, 768)])}),
    ),
}


def exif(original):
    found = Image.Exif()
    found.get_ifd(34665)[36867] = original
    return found.tobytes()


def written(tmp_path, contents):
    paths = []
    for content in contents:
        paths.append(tmp_path / f"{len(list(tmp_path.iterdir()))}.tif")
        paths[-1].write_bytes(content)
    return paths


class TestTiff(FormatContract):
    @pytest.fixture
    def format(self):
        return Tiff()

    @pytest.fixture
    def equal(self, tmp_path):
        return written(tmp_path, (by_pillow(GREY16), by_pillow(GREY16, compression="tiff_lzw", strip_size=999)))

    @pytest.fixture
    def different(self, tmp_path):
        return written(tmp_path, (by_pillow(GREY16), by_pillow(changed(GREY16))))


@pytest.mark.parametrize("name", EQUAL)
def test_equal_pictures_are_equal_however_they_are_packed(tmp_path, name):
    """One digest, and a comparison that names what differs in storage only."""
    a, b = written(tmp_path, EQUAL[name]())
    found = list(FORMAT.diff(a, b))

    assert FORMAT.digest(a) == FORMAT.digest(b)
    assert {difference.kind for difference in found} <= {STORAGE}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_pictures_differ_in_digest_and_comparison(tmp_path, name):
    """What changes a pixel, or its meaning, counts."""
    a, b = written(tmp_path, DIFFERENT[name]())

    assert FORMAT.digest(a) != FORMAT.digest(b)
    assert [difference for difference in FORMAT.diff(a, b) if difference.counts]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "CMYK", "I", "F"])
def test_every_mode_is_read_as_pillow_reads_it(tmp_path, mode):
    """Whatever the compression."""
    for how in ({}, {"compression": "tiff_lzw"}, {"compression": "packbits"}, {"compression": "tiff_deflate"}):
        path = tmp_path / "a.tif"
        path.write_bytes(by_pillow(RGB, mode, **how))
        with Image.open(path) as image:
            expected = numpy.asarray(image)

        assert (FORMAT.read(path) == expected).all()


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "YCbCr"])
def test_jpeg_data_count_as_they_are_decoded(tmp_path, mode):
    """As Pillow decodes them, strip by strip."""
    (path,) = written(tmp_path, [by_pillow(RGB, mode, compression="jpeg", strip_size=8000)])
    with Image.open(path) as image:
        expected = numpy.asarray(image)

    assert (FORMAT.read(path) == expected).all()


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8", "f2", "f4", "f8", "c8", "c16"])
def test_every_type_is_read_as_tifffile_wrote_it(tmp_path, kind):
    """Grey, colours and many samples, and as it is written here it is read by others."""
    tifffile = pytest.importorskip("tifffile")
    for shape in ((9, 7), (9, 7, 3), (9, 7, 5)):
        values = (RANDOM.random(shape) * 200).astype(kind)
        how = {"photometric": "rgb"} if shape[2:] == (3,) else {"planarconfig": "contig"} if shape[2:] else {}
        (path,) = written(tmp_path, [by_tifffile(values, byteorder=">", **how)])
        FORMAT.write(values, tmp_path / "w.tif")
        found = FORMAT.read(path)

        assert found.dtype == values.dtype
        assert (found == values).all()
        assert (tifffile.imread(tmp_path / "w.tif") == values).all()
        assert (FORMAT.read(tmp_path / "w.tif") == values).all()
        (tmp_path / "w.tif").unlink()


def test_samples_of_twelve_bits_are_read(tmp_path):
    """Two of them in three bytes."""
    (path,) = written(tmp_path, [by_hand({256: (3, [2]), 257: (3, [1]), 258: (3, [12])}, b"\x12\x3a\xbc")])

    assert FORMAT.read(path).tolist() == [[0x123, 0xABC]]


def test_pages_are_an_axis(tmp_path):
    """Where they are alike; each can be read alone."""
    values = numpy.stack([RGB, 255 - RGB])
    path = tmp_path / "a.tif"
    FORMAT.write(values, path)

    assert (FORMAT.read(path) == values).all()
    assert (FORMAT.read(path, "frame 1") == values[1]).all()
    assert FORMAT.describe(path)["frames"] == 2


def test_pages_below_a_page_count(tmp_path):
    """The reduced pictures of a pyramid, say."""
    tifffile = pytest.importorskip("tifffile")
    paths = []
    for last in (1, 2):
        paths.append(tmp_path / f"{last}.tif")
        with tifffile.TiffWriter(paths[-1]) as file:
            file.write(GREY16, subifds=1, metadata=None)
            file.write(changed(GREY16[::2, ::2], (last, last)), subfiletype=1, metadata=None)

    assert FORMAT.describe(paths[0])["frames"] == 2
    assert FORMAT.digest(paths[0]) != FORMAT.digest(paths[1])


def cyclic():
    """A file whose last page says that the first one follows."""
    data = by_pillow(RGB)
    place = struct.unpack("<I", data[4:8])[0]
    count = struct.unpack("<H", data[place : place + 2])[0]
    end = place + 2 + 12 * count
    return data[:end] + struct.pack("<I", place) + data[end + 4 :]


HOSTILE = {
    "nothing": (b"", "cut"),
    "no TIFF": (b"II\0\0" + bytes(99), "no TIFF"),
    "a header alone": (b"II*\0\x08\0\0\0", "cut"),
    "no page": (b"II*\0" + bytes(20), "no page"),
    "a directory outside of the file": (b"II*\0\xff\xff\xff\x7f", "cut"),
    "a circle": (cyclic(), "second time"),
    "a circle of sub-pages": (HAND({330: (4, [24])}), "second time"),
    "a circle of EXIF": (HAND({34665: (4, [24])}), "second time"),
    "a cut strip": (by_hand({279: (4, [7])}, EIGHT), "expected 8"),
    "a strip outside of the file": (by_hand({273: (4, [1 << 30])}, EIGHT), "cut"),
    "a strip that is missing": (by_hand({273: (4, [0]), 259: (3, [8])}, EIGHT), "not in the file"),
    "too few strips": (by_hand({278: (3, [1])}, EIGHT), "expected more"),
    "damaged deflate": (by_hand({259: (3, [8])}, EIGHT), "damaged"),
    "damaged LZW": (by_hand({259: (3, [5])}, b"\xff" * 8), "decoded|bytes, expected"),
    "an unknown compression": (by_hand({259: (3, [34712])}, EIGHT), "34712"),
    "an unknown kind of samples": (by_hand({262: (3, [77])}, EIGHT), "kind 77"),
    "samples of two sizes": (by_hand({258: (3, [5, 6, 5]), 277: (3, [3])}, EIGHT), "different types"),
    "samples of 17 bits": (by_hand({258: (3, [17])}, EIGHT), "uint17"),
    "a bomb of a header": (by_hand({256: (4, [1 << 30]), 257: (4, [1 << 30]), 259: (3, [8])}, EIGHT), "expands"),
    "a bomb of tiles": (
        by_hand({322: (4, [1 << 20]), 323: (4, [1 << 20]), 324: (4, [16]), 325: (4, [8]), 259: (3, [8])}, EIGHT),
        "expands",
    ),
    "a value beyond all limits": (HAND({65000: (7, b"x" * 9)}).replace(b"\xe8\xfd\7\0\x09\0\0\0",
                                                                    b"\xe8\xfd\7\0\xff\xff\xff\x7f"), "limit"),
    "a value of no type": (HAND({65000: (3, [1])}).replace(b"\xe8\xfd\3\0", b"\xe8\xfd\x63\0"), "type 99"),
    "a palette that is too short": (HAND({262: (3, [3]), 320: (3, [1, 2, 3])}), "palette"),
    "a volume": (HAND({32997: (4, [3])}), "volumes"),
    "tiles of a volume": (HAND({32998: (4, [16])}), "volumes"),
    "pictures without pages, by ImageJ": (HAND({270: (2, b"ImageJ=1.11a\nimages=3\n\0")}), "more pictures than pages"),
    "pictures without pages, by tifffile": (
        by_tifffile(numpy.stack([GREY16, GREY16]), truncate=True),
        "more pictures than pages",
    ),
    "pictures without pages, by MetaMorph": (HAND({33629: (5, [1, 1])}), "more pictures than pages"),
    "colours at another resolution": (by_hand({262: (3, [6]), 258: (3, [8] * 3), 277: (3, [3])}, bytes(24)),
                                      "another resolution"),
    "no pixels": (by_hand({256: (3, [0])}, EIGHT), "0×2"),
    "a predictor that is not known": (by_hand({259: (3, [8]), 317: (3, [9])}, zlib.compress(EIGHT)), "predictor 9"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path, name):
    """No digest, whatever it looks like, and a text that says why."""
    content, reason = HOSTILE[name]
    (path,) = written(tmp_path, [content])

    with pytest.raises(Unavailable, match=reason):
        FORMAT.digest(path)


def test_every_cut_is_noticed(tmp_path):
    """Wherever a file ends too early, it has no digest, or another."""
    whole = by_pillow(RGB[:9, :9], compression="tiff_lzw", description="what is this")
    (path,) = written(tmp_path, [whole])
    expected = FORMAT.digest(path)
    for length in range(0, len(whole) - 1, 5):
        path.write_bytes(whole[:length])
        try:
            found = FORMAT.digest(path)
        except Unavailable:
            found = ""

        assert found != expected


def test_a_resolution_is_described(tmp_path):
    """With its unit."""
    (path,) = written(tmp_path, [by_pillow(RGB, dpi=(300, 300))])

    assert FORMAT.describe(path)["resolution"] == "300×300 per inch"


@pytest.mark.parametrize("values", [(3, [1]), (5, []), (5, [1, 0]), (5, [1, 2, 3, 4]), (7, b"ab"), (2, b"x\0")])
def test_a_resolution_that_is_none_is_no_error(tmp_path, values):
    """The rest is described."""
    (path,) = written(tmp_path, [HAND({282: values, 283: values, 296: (2, b"inch\0")})])

    assert FORMAT.describe(path)["size"] == "4×2"


@pytest.mark.parametrize("value", [numpy.zeros(3), numpy.zeros((2, 2), "M8[s]"), "text", numpy.zeros((0, 2))])
def test_what_tiff_does_not_have_is_not_written(tmp_path, value):
    """A TypeError, before anything is made of it."""
    with pytest.raises(TypeError):
        FORMAT.write(value, tmp_path / "a.tif")
