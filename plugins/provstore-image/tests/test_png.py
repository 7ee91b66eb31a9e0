"""PNG: pixels and what is said of them count; how they are packed does not."""

import io
import itertools
import os
import struct
import tracemalloc
import zlib

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from png_files import SIGNATURE, chunk, ihdr, packed, pixels_stream, png
from png_pairs import (
    COLOURS,
    DIFFERENT,
    EQUAL,
    GREY16,
    NOTHING_TO_NAME,
    PLACES,
    RANDOM,
    RGB,
    RGB16,
    RGBA,
    SMALL,
    animation,
    by_pillow,
    changed,
    iccp,
    phys,
    plte,
    ztxt,
)
from provstore_image import Png

from provstore.plugin import STORAGE, VALUES, Tolerance, Unavailable
from provstore.testing import FormatContract

FORMAT = Png()


def written(tmp_path, contents):
    paths = []
    for content in contents:
        paths.append(tmp_path / f"{len(list(tmp_path.iterdir()))}.png")
        paths[-1].write_bytes(content)
    return paths


class TestPng(FormatContract):
    @pytest.fixture
    def format(self):
        return Png()

    @pytest.fixture
    def equal(self, tmp_path):
        return written(tmp_path, (png(RGB16, 16, filter=4), png(RGB16, 16, filter=None, interlaced=True)))

    @pytest.fixture
    def different(self, tmp_path):
        return written(tmp_path, (png(RGB16, 16), png(changed(RGB16), 16)))


@pytest.mark.parametrize("name", EQUAL)
def test_equal_pictures_are_equal_however_they_are_packed(tmp_path, name):
    """One digest, and a comparison that names what differs in storage only."""
    a, b = written(tmp_path, EQUAL[name]())
    found = list(FORMAT.diff(a, b))

    assert FORMAT.digest(a) == FORMAT.digest(b)
    assert {difference.kind for difference in found} <= {STORAGE}
    assert found or name in NOTHING_TO_NAME


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_pictures_differ_in_digest_and_comparison(tmp_path, name):
    """What changes a pixel, or its meaning, counts."""
    a, b = written(tmp_path, DIFFERENT[name]())

    assert FORMAT.digest(a) != FORMAT.digest(b)
    assert [difference for difference in FORMAT.diff(a, b) if difference.counts]


@pytest.mark.parametrize("colour", [0, 2, 4, 6])
@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (7, 9), (13, 17)])
def test_every_kind_of_pixel_is_read_as_it_was_written(tmp_path, colour, shape):
    """All depths, filters, and both orders of rows give the samples back, bit for bit."""
    samples = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    for bits in (1, 2, 4, 8, 16) if colour == 0 else (8, 16):
        values = RANDOM.integers(0, 1 << bits, (*shape, samples)).astype("u2" if bits == 16 else "u1")
        for filter, interlaced in itertools.product((0, 1, 2, 3, 4, None), (False, True)):
            (path,) = written(tmp_path, [png(values, bits, colour, filter=filter, interlaced=interlaced)])
            found = FORMAT.read(path).reshape(values.shape)

            assert found.dtype == values.dtype
            assert (found == values).all()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays.arrays(
        st.sampled_from(["u1", "u2", "?"]),
        st.one_of(
            st.tuples(st.integers(1, 6), st.integers(1, 9)),
            st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 4)),
        ),
    )
)
def test_an_array_that_is_written_is_read_again(tmp_path, values):
    """For all types of samples that PNG has."""
    if values.dtype == bool and values.ndim == 3:
        values = values[:, :, 0]
    path = tmp_path / "a.png"
    FORMAT.write(values, path)
    expected = values[:, :, 0] if values.ndim == 3 and values.shape[2] == 1 else values

    assert numpy.array_equal(FORMAT.read(path), expected)
    with Image.open(path) as seen:
        assert seen.size == values.shape[1::-1]


def test_a_palette_is_read_as_its_colours(tmp_path):
    """Red, green, blue and alpha for each pixel."""
    (path,) = written(tmp_path, [png(PLACES, 2, 3, before=plte(COLOURS) + chunk(b"tRNS", b"\x80"))])
    colours = numpy.array([(*colour, 0x80 if place == 0 else 255) for place, colour in enumerate(COLOURS)], "u1")

    assert (FORMAT.read(path) == colours[PLACES[:, :, 0]]).all()


def test_a_picture_larger_than_a_band_is_read_whole(tmp_path):
    """Where one band ends and the next begins, filters go on."""
    values = RANDOM.integers(0, 256, (1000, 800, 3), dtype="u1")
    a, b = written(tmp_path, (by_pillow(values), by_pillow(changed(values, (999, 799, 2)))))
    (found,) = [difference for difference in FORMAT.diff(a, b) if difference.counts]

    assert (FORMAT.read(a) == values).all()
    assert found.kind == VALUES
    assert found.numbers.first == (999, 799, 2)
    assert found.numbers.count == 1


def test_a_tolerance_is_for_pixels(tmp_path):
    """What is within it is no difference."""
    a, b = written(tmp_path, (png(RGB), png(changed(RGB, by=3))))

    assert not [difference for difference in FORMAT.diff(a, b, Tolerance(absolute=3.0)) if difference.counts]
    assert [difference for difference in FORMAT.diff(a, b, Tolerance(absolute=0.5)) if difference.counts]


def test_frames_of_an_animation_can_be_read(tmp_path):
    """One by one where they differ in size."""
    (path,) = written(tmp_path, [animation((RGB, (1, 10)), (SMALL, (1, 10)))])

    assert list(FORMAT.components(path)) == ["metadata", "frame 0", "frame 1"]
    assert (FORMAT.read(path, "frame 1") == SMALL).all()
    with pytest.raises(ValueError, match="frame 0"):
        FORMAT.read(path)


def test_an_animation_of_pillow_is_read(tmp_path):
    """Its frames are those that Pillow wrote."""
    path = tmp_path / "a.png"
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)

    assert FORMAT.describe(path)["frames"] == 2
    assert FORMAT.read(path).shape == (2, *RGB.shape)


def huge(width, height):
    """A header of many pixels, all black, in few bytes."""
    stream = zlib.compressobj(9)
    row = bytes(1 + width)
    data = b"".join(stream.compress(row) for _ in range(min(height, 50))) + stream.flush()
    return SIGNATURE + ihdr(width, height, 8, 0) + chunk(b"IDAT", data) + chunk(b"IEND")


def damaged(data, place):
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


GOOD = png(RGB, before=phys(1, 1))
HOSTILE = {
    "nothing": (b"", "no PNG"),
    "a signature alone": (SIGNATURE, "cut"),
    "no end": (GOOD[:-12], "cut"),
    "cut in its pixels": (GOOD[:200], "cut"),
    "a wrong CRC of the header": (damaged(GOOD, 17), "CRC"),
    "a wrong CRC of pixels": (damaged(GOOD, 300), "CRC"),
    "something behind the end": (GOOD + b"hidden", "behind the end"),
    "a pixel too few": (SIGNATURE + ihdr(13, 12) + GOOD[33:], "too early"),
    "a row too many": (SIGNATURE + ihdr(13, 10) + GOOD[33:], "more pixels"),
    "an unknown critical chunk": (png(RGB, before=chunk(b"ABCD")), "not known"),
    "no pixels": (SIGNATURE + ihdr(3, 3) + chunk(b"IEND"), "no pixels"),
    "two headers": (png(RGB, before=ihdr(13, 11)), "2 times"),
    "pixels in two places": (
        SIGNATURE + ihdr(13, 11) + chunk(b"IDAT") + phys(1, 1) + chunk(b"IDAT") + chunk(b"IEND"),
        "do not follow",
    ),
    "an unknown filter": (
        SIGNATURE + ihdr(1, 1) + chunk(b"IDAT", zlib.compress(b"\x09abc")) + chunk(b"IEND"),
        "damaged",
    ),
    "no stream": (SIGNATURE + ihdr(1, 1) + chunk(b"IDAT", b"garbage") + chunk(b"IEND"), "damaged"),
    "a bomb of pixels": (huge(60_000, 60_000), "expands"),
    "the largest header": (SIGNATURE + ihdr((1 << 31) - 1, (1 << 31) - 1) + GOOD[33:], "expands"),
    "no width": (SIGNATURE + ihdr(0, 1) + GOOD[33:], "0×1"),
    "3 bits": (SIGNATURE + ihdr(13, 11, 3) + GOOD[33:], "none of PNG"),
    "a bomb in a text": (png(RGB, before=ztxt("a", "0" * (1 << 27))), "more than"),
    "a bomb in a profile": (png(RGB, before=iccp(bytes(1 << 27))), "more than"),
    "a profile that is none": (png(RGB, before=chunk(b"iCCP", b"x\0\0garbage")), "damaged"),
    "a place outside of the palette": (png(PLACES, 8, 3, before=plte(COLOURS[:2])), "does not have"),
    "no palette": (png(PLACES, 8, 3), "palette"),
    "a length beyond the file": (SIGNATURE + struct.pack(">I4s", 1 << 31, b"IDAT"), "cut"),
    "a frame larger than the picture": (animation((SMALL, (1, 1)), (RGB, (1, 1))), "larger"),
    "frames in the wrong order": (
        animation((RGB, (1, 10)), (SMALL, (1, 10))).replace(
            chunk(b"fdAT", struct.pack(">I", 2) + pixels_stream(SMALL, 8)),
            chunk(b"fdAT", struct.pack(">I", 3) + pixels_stream(SMALL, 8)),
        ),
        "missing",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_picture_is_refused_with_a_reason(tmp_path, name):
    """No digest, whatever it looks like, and a text that says why."""
    content, reason = HOSTILE[name]
    (path,) = written(tmp_path, [content])

    with pytest.raises(Unavailable, match=reason):
        FORMAT.digest(path)


def test_packed_texts_and_pixels_count_together(tmp_path):
    """Each of them may be below the limit."""
    text = ztxt("a", "0" * 7_000_000, level=1)
    (path,) = written(tmp_path, [SIGNATURE + ihdr(16_000, 16_000, 8, 0) + text * 2 + GOOD[33:]])

    with pytest.raises(Unavailable, match="expands"):
        FORMAT.digest(path)


def test_a_description_reads_no_pixels(tmp_path):
    """It is given for a file whose pixels are damaged."""
    (path,) = written(tmp_path, [damaged(GOOD, 300)])

    assert FORMAT.describe(path) == {
        "size": "13×11",
        "colours": "RGB",
        "bits": 8,
        "type": "uint8",
        "samples": 3,
        "frames": 1,
        "resolution": "1×1 per metre",
    }


@pytest.mark.parametrize("values", [RGB16, GREY16, numpy.zeros((1, 3000, 1), "u1"), RGBA, RANDOM.random((5, 5))])
def test_a_preview_is_small(tmp_path, values):
    """At most 400 pixels wide and high, with marks for a terminal."""
    if values.dtype.kind == "f":
        values = (values * 65535).astype("u2")
    path = tmp_path / "a.png"
    FORMAT.write(values, path)
    found = FORMAT.preview(path)

    assert max(Image.open(io.BytesIO(found.data)).size) <= 400
    assert len(found.data) < 100_000
    assert len(found.text.splitlines()) <= 21
    assert max(map(len, found.text.splitlines()[1:]), default=0) <= 60


@pytest.mark.parametrize(
    "value", [numpy.zeros((2, 2, 5), "u1"), numpy.zeros((2, 2), "f8"), "text", numpy.zeros(3, "u1")]
)
def test_what_png_does_not_have_is_not_written(tmp_path, value):
    """A TypeError, before anything is made of it."""
    with pytest.raises(TypeError):
        FORMAT.write(value, tmp_path / "a.png")


def test_a_picture_of_pillow_is_written(tmp_path):
    """As well as an array."""
    FORMAT.write(Image.fromarray(RGB), tmp_path / "a.png")

    assert (FORMAT.read(tmp_path / "a.png") == RGB).all()


def test_memory_is_bounded(tmp_path):
    """A band of a picture is decoded at a time."""
    path = tmp_path / "a.png"
    FORMAT.write(numpy.tile(RGB, (300, 200, 1)), path)
    tracemalloc.start()
    FORMAT.digest(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert os.path.getsize(path) < 3300 * 2600
    assert peak < 5 * (1 << 22) < 3300 * 2600 * 3


def test_a_row_of_bytes_is_packed_as_the_tests_say():
    """Two samples of four bits are one byte."""
    assert packed(numpy.array([[1], [15]]), 4) == b"\x1f"
