"""JPEG: the decoded pixels and what is said of them count; how they are packed does not."""

import io
import struct

import numpy
import pytest
from PIL import Image
from provstore_image import Jpeg

from provstore.plugin import STORAGE, Unavailable
from provstore.testing import FormatContract

FORMAT = Jpeg()
RANDOM = numpy.random.default_rng(22)
SMOOTH = (numpy.add.outer(numpy.arange(40), numpy.arange(56))[:, :, None] * (1, 2, 1) % 256).astype("u1")


def jpeg(values=SMOOTH, mode="RGB", **how):
    buffer = io.BytesIO()
    Image.fromarray(values).convert(mode).save(buffer, "JPEG", **how)
    return buffer.getvalue()


def segment(marker, content):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(content) + 2) + content


def with_segment(data, marker, content):
    """The file with a segment behind its JFIF header."""
    return data[:20] + segment(marker, content) + data[20:]


def with_thumbnail(content):
    """The file with a small picture in its JFIF header."""
    data = jpeg()
    return data[:2] + segment(0xE0, data[6:18] + content) + data[20:]


def exif(**tags):
    found = Image.Exif()
    numbers = {"orientation": 274, "software": 305, "time": 306, "maker": 271}
    for name, value in tags.items():
        if name == "original":
            found.get_ifd(34665)[36867] = value
        else:
            found[numbers[name]] = value
    return found


def changed():
    found = SMOOTH.copy()
    found[3, 3] += 20
    return found


def big_endian(data):
    """The same EXIF data in the other byte order."""
    found = Image.Exif()
    found.load(data)
    found.endian = ">" if found.endian == "<" else "<"
    return found.tobytes()


EXIF = exif(orientation=6, maker="me").tobytes()
EQUAL = {
    "optimised": lambda: (jpeg(), jpeg(optimize=True)),
    "progressive": lambda: (jpeg(), jpeg(progressive=True)),
    "progressive grey": lambda: (jpeg(mode="L"), jpeg(mode="L", progressive=True)),
    "CMYK, optimised": lambda: (jpeg(mode="CMYK"), jpeg(mode="CMYK", optimize=True)),
    "restart markers": lambda: (jpeg(), jpeg(restart_marker_blocks=2)),
    "software": lambda: (jpeg(exif=exif(maker="m")), jpeg(exif=exif(maker="m", software="s"))),
    "time of change": lambda: (jpeg(exif=exif(time="2026", maker="m")), jpeg(exif=exif(time="2027", maker="m"))),
    "byte order of EXIF": lambda: (jpeg(exif=EXIF), jpeg(exif=big_endian(EXIF))),
    "version of JFIF": lambda: (jpeg(), jpeg().replace(b"JFIF\0\1\1", b"JFIF\0\1\2")),
    "zeros behind the end": lambda: (jpeg(), jpeg() + bytes(5)),
    "filled markers": lambda: (jpeg(), jpeg()[:20] + b"\xff" + jpeg()[20:]),
}
DIFFERENT = {
    "pixels": lambda: (jpeg(), jpeg(changed())),
    "quality": lambda: (jpeg(quality=90), jpeg(quality=60)),
    "grey and RGB": lambda: (jpeg(SMOOTH[:, :, :1].repeat(3, 2), "L"), jpeg(SMOOTH[:, :, :1].repeat(3, 2))),
    "size": lambda: (jpeg(), jpeg(SMOOTH[:-1])),
    "resolution": lambda: (jpeg(dpi=(72, 72)), jpeg(dpi=(300, 300))),
    "no resolution": lambda: (jpeg(), jpeg(dpi=(72, 72))),
    "orientation": lambda: (jpeg(exif=exif(orientation=1)), jpeg(exif=exif(orientation=6))),
    "time of the photograph": lambda: (jpeg(exif=exif(original="2026")), jpeg(exif=exif(original="2027"))),
    "colour profile": lambda: (jpeg(icc_profile=b"one" * 99), jpeg(icc_profile=b"two" * 99)),
    "no colour profile": lambda: (jpeg(), jpeg(icc_profile=b"one" * 99)),
    "comment": lambda: (jpeg(comment="one"), jpeg(comment="two")),
    "XMP": lambda: (jpeg(xmp=b"<one/>"), jpeg(xmp=b"<two/>")),
    "application data": lambda: (jpeg(), with_segment(jpeg(), 0xED, b"Photoshop 3.0\0")),
    "EXIF that can't be read": lambda: (
        with_segment(jpeg(), 0xE1, b"Exif\0\0garbage"),
        with_segment(jpeg(), 0xE1, b"Exif\0\0rubbish"),
    ),
    "a second EXIF": lambda: (
        jpeg(exif=EXIF),
        with_segment(jpeg(exif=EXIF), 0xE1, b"Exif\0\0" + exif(orientation=3).tobytes()[6:]),
    ),
    "small picture in JFIF": lambda: (with_thumbnail(b"\1\1abc"), with_thumbnail(b"\1\1abd")),
    "part of a colour profile twice": lambda: (
        with_segment(jpeg(icc_profile=b"one"), 0xE2, b"ICC_PROFILE\0\1\1two"),
        with_segment(jpeg(icc_profile=b"one"), 0xE2, b"ICC_PROFILE\0\1\1few"),
    ),
}


def written(tmp_path, contents):
    paths = []
    for content in contents:
        paths.append(tmp_path / f"{len(list(tmp_path.iterdir()))}.jpg")
        paths[-1].write_bytes(content)
    return paths


class TestJpeg(FormatContract):
    roundtrips = False

    @pytest.fixture
    def format(self):
        return Jpeg()

    @pytest.fixture
    def equal(self, tmp_path):
        return written(tmp_path, (jpeg(), jpeg(progressive=True)))

    @pytest.fixture
    def different(self, tmp_path):
        return written(tmp_path, (jpeg(), jpeg(changed())))


@pytest.mark.parametrize("name", EQUAL)
def test_equal_pictures_are_equal_however_they_are_packed(tmp_path, name):
    """One digest, and a comparison that names what differs in storage only."""
    a, b = written(tmp_path, EQUAL[name]())

    assert a.read_bytes() != b.read_bytes()
    assert FORMAT.digest(a) == FORMAT.digest(b)
    assert {difference.kind for difference in FORMAT.diff(a, b)} <= {STORAGE}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_pictures_differ_in_digest_and_comparison(tmp_path, name):
    """What changes a pixel, or its meaning, counts."""
    a, b = written(tmp_path, DIFFERENT[name]())

    assert FORMAT.digest(a) != FORMAT.digest(b)
    assert [difference for difference in FORMAT.diff(a, b) if difference.counts]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_pixels_are_those_of_pillow(tmp_path, mode):
    """In every mode that JPEG has."""
    (path,) = written(tmp_path, [jpeg(mode=mode)])
    with Image.open(path) as image:
        expected = numpy.asarray(image)

    assert (FORMAT.read(path) == expected).all()


def header(width, height, *, bits=8, samples=3, marker=0xC0):
    """The file with another header."""
    data = jpeg()
    place = data.index(b"\xff\xc0")
    return data[:place] + b"\xff" + bytes([marker]) + data[place + 2 : place + 4] + struct.pack(
        ">BHHB", bits, height, width, samples) + data[place + 10 :]  # fmt: skip


HOSTILE = {
    "nothing": (b"", "no JPEG"),
    "a start alone": (b"\xff\xd8\xff", "cut"),
    "no end": (jpeg()[:-2], "cut"),
    "cut in its pixels": (jpeg()[:-60], "cut"),
    "cut, and ended": (jpeg()[:-400] + b"\xff\xd9", "."),
    "something behind the end": (jpeg() + b"hidden", "behind the end"),
    "a bomb": (header(65535, 65535), "expands"),
    "no height": (header(56, 0), "56×0"),
    "12 bits": (header(56, 40, bits=12), "12 bits"),
    "lossless": (header(56, 40, marker=0xC3), "no frame"),
    "two headers": (with_segment(jpeg(), 0xC0, jpeg()[jpeg().index(b"\xff\xc0") + 4 :][:15]), "no frame"),
    "two samples": (header(56, 40, samples=2), "2 samples"),
    "a segment beyond the end": (jpeg()[:20] + b"\xff\xfe\xff\xff" + b"x", "cut"),
    "no pixels": (jpeg()[:20] + b"\xff\xd9", "no frame"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path, name):
    """No digest, whatever it looks like, and a text that says why."""
    content, reason = HOSTILE[name]
    (path,) = written(tmp_path, [content])

    with pytest.raises(Unavailable, match=reason):
        FORMAT.digest(path)


def test_an_array_is_written_nearly_as_it_is(tmp_path):
    """JPEG loses little of a smooth picture."""
    values = SMOOTH // 2 + 40
    FORMAT.write(values, tmp_path / "a.jpg")
    FORMAT.write(values[:, :, 0], tmp_path / "b.jpg")

    assert numpy.abs(FORMAT.read(tmp_path / "a.jpg").astype(int) - values).mean() < 5
    assert FORMAT.read(tmp_path / "b.jpg").shape == (40, 56)


@pytest.mark.parametrize("value", [numpy.zeros((2, 2), "u2"), numpy.zeros((2, 2, 4), "u1"), "text"])
def test_what_jpeg_does_not_have_is_not_written(tmp_path, value):
    """A TypeError, before anything is made of it."""
    with pytest.raises(TypeError):
        FORMAT.write(value, tmp_path / "a.jpg")
