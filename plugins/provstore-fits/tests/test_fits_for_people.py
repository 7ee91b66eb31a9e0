"""The format fits: what is said of differences, what is read and shown, and memory."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from tempfile import mkdtemp

import numpy
import pytest
from astropy.io import fits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from provstore_fits.content import contents_of
from provstore_fits.format import Fits
from provstore_fits.scaling import decoding

from provstore.plugin import METADATA, STORAGE, STRUCTURE, VALUES, Tolerance, Unavailable

FORMAT = Fits()
PIXELS = numpy.arange(600, dtype="i2").reshape(20, 30)


def hdus(pixels=PIXELS, kind=fits.ImageHDU, cards=(("EXPTIME", 12.5, "[s]"), ("OBJECT", "M31")), date="2026-01-01"):
    """An empty primary HDU, an image and a catalogue."""
    columns = [
        fits.Column("id", "J", array=numpy.arange(4)),
        fits.Column("flux", "2E", unit="Jy", array=numpy.arange(8.0).reshape(4, 2)),
        fits.Column("name", "5A", array=["ab", "c", "", "de"]),
    ]
    return fits.HDUList([
        fits.PrimaryHDU(header=fits.Header([("DATE", date), ("DATE-OBS", "2026-01-02")])),
        kind(pixels, fits.Header([*cards, ("BUNIT", "ct")]), name="SCI"),
        fits.BinTableHDU.from_columns(columns, name="CAT"),
    ])  # fmt: skip


@pytest.fixture
def written(tmp_path):
    def write(*lists) -> list[Path]:
        folder = Path(mkdtemp(dir=tmp_path))
        paths = [folder / f"{number}.fits" for number in range(len(lists))]
        for path, value in zip(paths, lists, strict=True):
            value.writeto(path, checksum=path.name == "1.fits")
        return paths

    return write


def found(a, b, tolerance=None):
    return {(entry.kind, entry.place, entry.what) for entry in FORMAT.diff(a, b, tolerance)}


# --- differences ------------------------------------------------------------------------------------------


def test_it_is_said_in_what_equal_files_differ(written):
    """Dates, checksums, compression, the order of cards."""
    other = hdus(kind=fits.CompImageHDU, cards=(("OBJECT", "M31"), ("EXPTIME", 12.5, "[s]")), date="2026-02-02")

    said = found(*written(hdus(), other))
    assert {what for _, _, what in said} == {"creation date", "checksum", "compression", "card order"}
    assert {kind for kind, _, _ in said} == {STORAGE}
    assert (STORAGE, ("1 SCI",), "compression") in said


def test_scaling_is_said_to_be_storage(written):
    """Scaled integers and floats of the same values."""
    scaled = hdus()
    scaled[1].header["BSCALE"] = 2.0
    a, b = written(hdus(PIXELS.astype("f4") * 2), hdus())
    with b.open("r+b") as file:
        data = file.read()
        start = data.find(b"OBJECT  =")
        file.seek(start)
        file.write(b"BSCALE  = 2.0".ljust(80))
    with a.open("r+b") as file:
        file.seek(a.read_bytes().find(b"OBJECT  ="))
        file.write(b" " * 80)

    assert (STORAGE, ("1 SCI",), "scaling") in found(a, b)
    assert FORMAT.digest(a) == FORMAT.digest(b)


def test_a_card_is_named_where_it_differs(written):
    """With its two values, and apart from its comment."""
    a, b = written(hdus(), hdus(cards=(("EXPTIME", 12.75, "[h]"), ("OBJECT", "M31"))))

    counting = [entry for entry in FORMAT.diff(a, b) if entry.counts]
    assert [(entry.kind, entry.what, entry.a, entry.b) for entry in counting] == [
        (METADATA, "card EXPTIME", "12.5", "12.75"),
        (METADATA, "comment of EXPTIME", "[s]", "[h]"),
    ]


def test_pixels_are_measured(written):
    """Count, distance and the first index."""
    other = PIXELS.copy()
    other[3, 4] += 7
    (entry,) = [entry for entry in FORMAT.diff(*written(hdus(), hdus(other))) if entry.counts]

    assert (entry.kind, entry.place) == (VALUES, ("1 SCI",))
    assert (entry.numbers.count, entry.numbers.absolute, entry.numbers.first) == (1, 7.0, (3, 4))


def test_cells_are_measured_by_column(written):
    """At the place of the column, with row and element."""
    other = hdus()
    other[2].data["flux"][2, 1] += 0.5
    (entry,) = [entry for entry in FORMAT.diff(*written(hdus(), other)) if entry.counts]

    assert (entry.kind, entry.place, entry.numbers.first) == (VALUES, ("2 CAT", "flux"), (2, 1))


def test_a_text_is_shown_where_it_differs(written):
    """As text, not as numbers."""
    other = hdus()
    other[2].data["name"][1] = "x"
    (entry,) = [entry for entry in FORMAT.diff(*written(hdus(), other)) if entry.counts]

    assert (entry.place, entry.a, entry.b) == (("2 CAT", "name"), "c", "x")


def test_a_tolerance_holds_for_pixels_cells_and_cards(written):
    """What is near enough is not told."""
    other = hdus(PIXELS.astype("f4") * (1 + 1e-6), cards=(("EXPTIME", 12.500001, "[s]"), ("OBJECT", "M31")))
    other[2].data["flux"] *= 1 + 1e-6
    a, b = written(hdus(PIXELS.astype("f4")), other)

    assert {kind for kind, _, _ in found(a, b)} >= {VALUES, METADATA}
    assert {kind for kind, _, _ in found(a, b, Tolerance(relative=1e-4))} == {STORAGE}


def test_columns_are_compared_by_name(written):
    """One that is missing does not make all others differ."""
    other = hdus()
    other[2] = fits.BinTableHDU.from_columns(other[2].columns[1:], name="CAT")
    said = {entry for entry in found(*written(hdus(), other)) if entry[0] in (STRUCTURE, VALUES)}

    assert said == {(STRUCTURE, ("2 CAT",), "columns")}


def test_an_hdu_that_one_file_lacks_is_named(written):
    """By its place in the file that has it."""
    assert (STRUCTURE, ("2 CAT",), "missing") in found(*written(hdus(), fits.HDUList(hdus()[:2])))


# --- reading ----------------------------------------------------------------------------------------------


def test_components_are_headers_and_data(written):
    """By number and by name; a header behind a dot."""
    (path,) = written(hdus())

    assert FORMAT.components(path) == ("header", "0", "1", "2", "SCI", "CAT")
    assert FORMAT.read(path, "header")["DATE-OBS"] == "2026-01-02"
    assert (FORMAT.read(path, "SCI") == PIXELS).all()
    assert FORMAT.read(path, "1.header")["BUNIT"] == "ct"
    assert FORMAT.read(path, "0") is None
    assert list(FORMAT.read(path, "CAT")["id"]) == [0, 1, 2, 3]
    with pytest.raises(LookupError):
        FORMAT.read(path, "7")


def test_all_that_was_read_stays_readable_without_the_file(written):
    """Nothing of it is read on demand."""
    (path,) = written(hdus(kind=fits.CompImageHDU))
    value = FORMAT.read(path)
    path.unlink()

    assert (value["SCI"].data == PIXELS).all()
    assert list(value["CAT"].data["name"]) == ["ab", "c", "", "de"]


def test_what_is_no_list_of_hdus_is_not_written(tmp_path):
    """An array says less than a file does."""
    with pytest.raises(TypeError):
        FORMAT.write(PIXELS, tmp_path / "x.fits")


def test_a_description_comes_from_the_headers(written):
    """Type, shape and unit; columns with their units; what was looked at."""
    facts = FORMAT.describe(written(hdus(kind=fits.CompImageHDU))[0])

    assert facts["header"] == {"DATE-OBS": "2026-01-02"}
    assert facts["hdus"][1] | {"cards": 0} == {
        "name": "1 SCI", "kind": "compressed image", "cards": 0, "type": "int16", "shape": [20, 30], "unit": "ct",
    }  # fmt: skip
    assert facts["hdus"][2]["columns"] == {"id": "int32", "flux": "float32 (2) [Jy]", "name": "text of 5"}


def test_a_preview_is_a_picture_of_the_first_image(written):
    """Its last row on top, bright where it is bright; with text for a terminal."""
    preview = FORMAT.preview(written(hdus())[0])
    width, height = struct.unpack(">II", preview.data[16:24])
    start = preview.data.find(b"IDAT")
    (length,) = struct.unpack(">I", preview.data[start - 4 : start])
    rows = numpy.frombuffer(zlib.decompress(preview.data[start + 4 : start + 4 + length]), "u1").reshape(height, -1)

    assert (preview.kind, width, height) == ("png", 30, 20)
    assert rows[0, -1] > rows[-1, 1]
    assert preview.text.splitlines()[:3] == [
        "0: no data", "1 SCI: image, int16, 20×30", "2 CAT: table, 4 rows: id, flux, name",
    ]  # fmt: skip
    assert "ab" in preview.text


@pytest.mark.parametrize("pixels", [numpy.full((5, 5), numpy.nan), numpy.zeros((3, 400)), numpy.zeros((2, 3, 700))])
def test_any_image_has_a_preview(pixels, written):
    """Without contrast, without numbers, cubes; never larger than a small picture."""
    preview = FORMAT.preview(written(hdus(pixels))[0])

    assert preview.kind == "png"
    assert max(struct.unpack(">II", preview.data[16:24])) <= 256


def test_a_table_alone_has_a_preview_in_text(written):
    """Names and first rows."""
    preview = FORMAT.preview(written(fits.HDUList([fits.PrimaryHDU(), hdus()[2]]))[0])

    assert preview.kind == "text"
    assert "id\tflux\tname" in preview.data.decode()


# --- decoding ---------------------------------------------------------------------------------------------


def test_blocks_do_not_change_a_digest(written, monkeypatch):
    """However few pixels or rows are decoded at a time."""
    paths = written(hdus(), hdus(kind=fits.CompImageHDU))
    whole = FORMAT.digest(paths[0])
    monkeypatch.setattr("provstore_fits.images.BLOCK", 100)
    monkeypatch.setattr("provstore_fits.tables.BLOCK", 50)

    assert [FORMAT.digest(path) for path in paths] == [whole] * 2


def test_a_picture_that_expands_too_far_is_refused(written, monkeypatch):
    """By its header, before a tile is unpacked."""
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1000)
    monkeypatch.setattr("provstore.plugin.limits.RATIO", 0)
    for method in (FORMAT.digest, FORMAT.read, FORMAT.preview):
        with pytest.raises(Unavailable, match="expands to more"):
            method(written(hdus(kind=fits.CompImageHDU))[0])


def test_variable_length_arrays_that_share_all_their_values_are_bounded(tmp_path, monkeypatch):
    """A row of eight bytes can name megabytes."""
    values = numpy.empty(1000, object)
    values[:] = [numpy.zeros(1, "i4")] * 999 + [numpy.zeros(1000, "i4")]
    path = tmp_path / "x.fits"
    fits.BinTableHDU.from_columns([fits.Column("v", "PJ()", array=values)]).writeto(path)
    data = path.read_bytes()
    rows = data.rfind(b"END" + b" " * 77) // 2880 * 2880 + 2880
    path.write_bytes(data[:rows] + numpy.array([[1000, 999 * 4]] * 1000, ">i4").tobytes() + data[rows + 8000 :])
    FORMAT.digest(path)
    monkeypatch.setattr("provstore.plugin.limits.FREE", 1 << 20)
    with pytest.raises(Unavailable, match="expands to more"):
        FORMAT.digest(path)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["u1", "i2", "i4"]),
    st.sampled_from([1, 1.0, 0.5, 2.0, -1.0, 0.01, 3]),
    st.sampled_from([0, 0.0, 32768, -128, 2**31, 12.25, -7]),
    st.sampled_from([None, 5]),
    st.lists(st.integers(0, 255), min_size=2, max_size=9),
)
def test_images_decode_as_astropy_decodes_them(dtype, scale, zero, blank, values):
    """But where two stored values would become one, and where astropy fails (a blank among signed bytes)."""
    stored = numpy.array([values], dtype)
    target = io.BytesIO()
    hdu = fits.PrimaryHDU(stored)
    cards = {"BSCALE": scale, "BZERO": zero} | ({} if blank is None else {"BLANK": blank})
    hdu.writeto(target)
    data = target.getvalue()
    extra = b"".join(f"{name:8}= {value}".encode().ljust(80) for name, value in cards.items())
    end = data.find(b"END" + b" " * 77)
    data = (data[:end] + extra + b"END").ljust(2880) + data[2880:]
    kind = decoding(hdu.header["BITPIX"], scale, zero, blank)
    assume(not (kind.type == "int8 with blank -123" or (kind.type == "float64" and dtype != "i4")))
    expected = fits.open(io.BytesIO(data))[0].data
    got = kind.decode(stored.astype(stored.dtype.newbyteorder(">")))

    assert kind.type.split(" ")[0] == expected.dtype.name
    assert numpy.array_equal(got, expected, equal_nan=expected.dtype.kind == "f")


def test_tables_decode_as_astropy_decodes_them(written):
    """Cell by cell."""
    (path,) = written(hdus())
    table = contents_of(path)[2].data
    block = next(table.blocks(10))
    expected = fits.getdata(path, 2)

    assert (block[0][0].reshape(-1) == expected["id"]).all()
    assert (block[1][0] == expected["flux"]).all()
    assert [text.decode() for text in block[2][0].reshape(-1)] == list(expected["name"])
