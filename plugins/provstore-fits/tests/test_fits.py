"""The format fits: pairs of files that are equal as data, and pairs that are not, as astropy writes them."""

from __future__ import annotations

import numpy
import pytest
from astropy.io import fits
from fits_files import (
    CARDS,
    COUNTS,
    SMOOTH,
    column,
    compressed,
    data_of,
    files,
    header,
    heap,
    image,
    ints,
    packed_primary,
    primary,
    ragged,
    raw_header,
    scaled,
    table,
    with_cards,
)
from provstore_fits.format import Fits

from provstore.testing import FormatContract

FORMAT = Fits()
NAN_IMAGE = SMOOTH.copy()
NAN_IMAGE[3, 4] = numpy.nan
OTHER_NAN = NAN_IMAGE.copy()
OTHER_NAN.view("u4")[3, 4] |= 1 << 31 | 77
BLANK = COUNTS.copy()
BLANK[3, 4] = -32768
OTHER_BLANK = COUNTS.copy()
OTHER_BLANK[3, 4] = 12345
FLOAT_OF_BLANK = COUNTS.astype("f4")
FLOAT_OF_BLANK[3, 4] = numpy.nan
LONG = "a long text with 'quotes' that goes on and on, " * 4
BASE = image(SMOOTH, *CARDS)
J = [column()]

EQUAL = {
    # headers
    "date": (image(SMOOTH, *CARDS, ("DATE", "2026-01-01")), image(SMOOTH, *CARDS, ("DATE", "2026-01-02"))),
    "no date": (BASE, image(SMOOTH, *CARDS, ("DATE", "2026-01-02", "written"))),
    "checksum": (BASE, with_cards(BASE, "CHECKSUM= 'abcdefghijklmnop'", "DATASUM = '12345'")),
    "card order": (BASE, image(SMOOTH, *CARDS[::-1])),
    "place of a comment": (
        image(SMOOTH, ("COMMENT", "one"), *CARDS, ("COMMENT", "two")),
        image(SMOOTH, *CARDS, ("COMMENT", "one"), ("COMMENT", "two"))),
    "blank cards": (BASE, with_cards(BASE, "", "", "")),
    "many blank cards": (BASE, with_cards(BASE, *[""] * 100)),
    "how a float is written": (header("X       = 1.0 / y"), header("X       =               1.000E+00 / y")),
    "an exponent with D": (header("X       = 1.5D3"), header("X       = 1500.0")),
    "spaces around a value": (header("X       = 12/y"), header("X       =                   12 /    y")),
    "spaces behind a text": (header("X       = 'ab'"), header("X       = 'ab      '")),
    "plus": (header("X       = +12"), header("X       = 12")),
    "text cut elsewhere": (
        header("X       = 'abcdef'"), header("X       = 'abc&'", "CONTINUE  'de&'", "CONTINUE  'f'")),
    "long texts announced": (
        image(SMOOTH, ("X", LONG)), with_cards(image(SMOOTH, ("X", LONG)), "LONGSTRN= 'OGIP 1.0'")),
    "HIERARCH for a short keyword": (header("X       = 12"), header("HIERARCH X = 12")),
    "spaces in HIERARCH": (header("HIERARCH ESO DET NAME = 12"), header("HIERARCH ESO DET NAME= 12")),
    "EXTEND": (header(), header("EXTEND  =                    T")),
    "comment of NAXIS": (header(), raw_header("SIMPLE  = T / x", "BITPIX  = 8 / y", "NAXIS   = 0 / z")),
    "bits of no data": (header(), raw_header("SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 0")),
    "comment of EXTNAME": (image(SMOOTH, name="SCI"), image(SMOOTH, ("EXTNAME", "SCI", "other"))),
    "blocks behind the end": (BASE, BASE + bytes(2880 * 2)),
    "NULs behind END": (header(), header()[:320] + bytes(2560)),
    # images
    "bits of NaN": (image(NAN_IMAGE), image(OTHER_NAN)),
    "scale one": (image(COUNTS), scaled(COUNTS, "BSCALE  = 1.0", "BZERO   = 0.0")),
    "scale one of floats": (BASE, with_cards(BASE, "BSCALE  = 1", "BZERO   = 0")),
    "offset of unsigned, as integer and float": (
        scaled(COUNTS, "BZERO   = 32768"), scaled(COUNTS, "BZERO   = 32768.0", "BSCALE  = 1.0")),
    "scaled integers and floats": (scaled(COUNTS, "BSCALE  = 0.5"), image(COUNTS.astype("f4") / 2)),
    "scaled and shifted, as astropy reads it": (
        scaled(COUNTS, "BSCALE  = 0.01", "BZERO   = 12.3"),
        image(COUNTS.astype("f4") * numpy.float32(0.01) + numpy.float32(12.3))),
    "scaled otherwise": (scaled(COUNTS, "BSCALE  = 2.0"), scaled(COUNTS * 2 // 2, "BSCALE  = 2", "BZERO   = 0")),
    "other scale, other integers": (
        scaled(COUNTS, "BSCALE  = 4.0"), scaled((COUNTS * 2).astype("i2"), "BSCALE  = 2.0")),
    "wide integers and doubles": (scaled(COUNTS.astype("i4"), "BSCALE  = 0.5"), image(COUNTS.astype("f8") / 2)),
    "longest integers and doubles": (scaled(COUNTS.astype("i8"), "BSCALE  = 0.5"), image(COUNTS.astype("f8") / 2)),
    "blank and NaN": (scaled(BLANK, "BLANK   = -32768"), image(FLOAT_OF_BLANK)),
    "another blank": (scaled(BLANK, "BLANK   = -32768"), scaled(OTHER_BLANK, "BLANK   = 12345")),
    "blank, scaled": (
        scaled(BLANK, "BLANK   = -32768", "BSCALE  = 0.5"), image(FLOAT_OF_BLANK / 2)),
    # compression
    "RICE": (image(COUNTS, *CARDS), compressed(COUNTS, *CARDS)),
    "GZIP": (image(COUNTS), compressed(COUNTS, compression_type="GZIP_1")),
    "GZIP_2 and other tiles": (image(COUNTS), compressed(COUNTS, compression_type="GZIP_2", tile_shape=(7, 11))),
    "PLIO": (image(numpy.abs(COUNTS)), compressed(numpy.abs(COUNTS), compression_type="PLIO_1")),
    "HCOMPRESS without loss": (
        image(COUNTS), compressed(COUNTS, compression_type="HCOMPRESS_1", tile_shape=(20, 30), hcomp_scale=0)),
    "no compression in tiles": (image(COUNTS), compressed(COUNTS, compression_type="NOCOMPRESS")),
    "floats without loss": (
        image(NAN_IMAGE), compressed(NAN_IMAGE, compression_type="GZIP_2", quantize_level=0.0)),
    "doubles without loss": (
        image(SMOOTH.astype("f8")), compressed(SMOOTH.astype("f8"), compression_type="GZIP_1", quantize_level=0.0)),
    "compressed, with a name": (image(COUNTS, name="SCI"), compressed(COUNTS, name="SCI")),
    "compressed unsigned": (image(COUNTS.astype("u2")), compressed(COUNTS.astype("u2"))),
    "compressed bytes": (image(COUNTS.astype("u1")), compressed(COUNTS.astype("u1"))),
    "compressed wide integers": (image(COUNTS.astype("i4")), compressed(COUNTS.astype("i4"))),
    "compressed unsigned wide integers": (image(COUNTS.astype("u4")), compressed(COUNTS.astype("u4"))),
    "a compressed cube": (
        image(COUNTS.reshape(4, 5, 30)), compressed(COUNTS.reshape(4, 5, 30), tile_shape=(1, 2, 30))),
    "compressed and scaled": (
        scaled(COUNTS, "BSCALE  = 0.5"), with_cards(compressed(COUNTS), "BSCALE  = 0.5")),
    "a compressed primary image": (
        data_of(primary(*CARDS, data=COUNTS)), packed_primary(COUNTS, *CARDS)),
    # tables
    "form without its number": (table(*J), table(*J).replace(b"'J       '", b"'1J      '")),
    "what fills up a text": (
        table(column(form="5A", values=["ab", "c"])),
        table(column(form="5A", values=["ab", "c"]), cards=()).replace(b"ab\0\0\0c\0\0\0\0", b"ab   c\0x  ")),
    "form of texts": (
        table(column(form="10A", values=["abcdefghij"])).replace(b"'10A     '", b"'10A5    '"),
        table(column(form="10A", values=numpy.array([["abcde", "fghij"]]), dim="(5,2)"))),
    "unused bits": (
        table(column(form="3X", values=[[True, False, True]])),
        table(column(form="3X", values=[[True, False, True]])).replace(b"\xa0" + bytes(99), b"\xbf" + bytes(99))),
    "bits of NaN in a column": (
        table(column(form="D", values=[1.0, numpy.nan])),
        table(column(form="D", values=[1.0, numpy.nan]))
            .replace(b"\x7f\xf8" + bytes(5), b"\xff\xf8" + bytes(4) + b"\1")),
    "scaled column": (
        with_cards(table(*J), "TSCAL1  = 0.5", "TZERO1  = 1"), table(column(form="D", values=[1.5, 2, 2.5]))),
    "scale one of a column": (table(*J), with_cards(table(*J), "TSCAL1  = 1.0", "TZERO1  = 0.0")),
    "another value for nothing": (
        with_cards(table(column(values=[1, -1, 3])), "TNULL1  = -1"),
        with_cards(table(column(values=[1, 99, 3])), "TNULL1  = 99")),
    "nothing in a scaled column": (
        with_cards(table(column(values=[1, -1, 3])), "TNULL1  = -1", "TSCAL1  = 0.5"),
        table(column(form="D", values=[0.5, numpy.nan, 1.5]))),
    "heap order": (
        heap((2, 0), (1, 8), values=ints(1, 2, 3)), heap((2, 4), (1, 0), values=ints(3, 1, 2))),
    "gaps in a heap": (
        heap((2, 0), (1, 8), values=ints(1, 2, 3)), heap((2, 4), (1, 20), values=ints(9, 1, 2, 9, 9, 3))),
    "a gap before a heap": (
        heap((2, 0), (1, 8), values=ints(1, 2, 3)), heap((2, 0), (1, 8), values=ints(1, 2, 3), more=b"gapp")),
    "a shared heap": (
        heap((2, 0), (2, 8), values=ints(1, 2, 1, 2)), heap((2, 0), (2, 0), values=ints(1, 2))),
    "where nothing lies": (heap((0, 0), (1, 0), values=ints(1)), heap((0, 4), (1, 0), values=ints(1))),
    "long descriptors": (
        heap((2, 0), (1, 8), values=ints(1, 2, 3)), heap((2, 0), (1, 8), values=ints(1, 2, 3), form="1QJ(3)")),
    "announced maximum of a length": (
        heap((2, 0), (1, 8), values=ints(1, 2, 3)), heap((2, 0), (1, 8), values=ints(1, 2, 3), form="PJ(99)")),
    "order of cards in a table": (
        table(*J, cards=[("A", 1), ("B", 2)]), table(*J, cards=[("B", 2), ("A", 1)])),
    "how an ASCII table writes a number": (
        table(column(form="F8.3", values=[1.5, 2.25]), kind=fits.TableHDU),
        table(column(form="E15.7", values=[1.5, 2.25]), kind=fits.TableHDU)),
}  # fmt: skip

DIFFERENT = {
    # headers
    "another date": (BASE, image(SMOOTH, *CARDS[:2], ("DATE-OBS", "2026-01-03", "start"))),
    "DATE-END": (BASE, image(SMOOTH, *CARDS, ("DATE-END", "2026-01-02"))),
    "value": (BASE, image(SMOOTH, CARDS[0], ("EXPTIME", 12.500000001, "[s] how long"), CARDS[2])),
    "comment of a card": (BASE, image(SMOOTH, CARDS[0], ("EXPTIME", 12.5, "[h] how long"), CARDS[2])),
    "card missing": (BASE, image(SMOOTH, *CARDS[:2])),
    "unit": (image(SMOOTH, ("BUNIT", "Jy")), image(SMOOTH, ("BUNIT", "mJy"))),
    "integer and float": (header("X       = 1"), header("X       = 1.0")),
    "number and text": (header("X       = 1"), header("X       = '1'")),
    "truth and text": (header("X       = T"), header("X       = 'T'")),
    "truth and integer": (header("X       = T"), header("X       = 1")),
    "complex": (header("X       = (1.0, 2.0)"), header("X       = (1.0, 2.5)")),
    "undefined and empty": (header("X       ="), header("X       = ''")),
    "sign of zero": (header("X       = 0.0"), header("X       = -0.0")),
    "case of a text": (header("X       = 'a'"), header("X       = 'A'")),
    "spaces before a text": (header("X       = 'a'"), header("X       = ' a'")),
    "value and commentary": (header("X       = 12"), header("X         12")),
    "commentary": (header("X         12"), header("X         13")),
    "HISTORY": (image(SMOOTH, ("HISTORY", "one")), image(SMOOTH, ("HISTORY", "two"))),
    "order of HISTORY": (
        image(SMOOTH, ("HISTORY", "one"), ("HISTORY", "two")), image(SMOOTH, ("HISTORY", "two"), ("HISTORY", "one"))),
    "HISTORY and COMMENT": (image(SMOOTH, ("HISTORY", "one")), image(SMOOTH, ("COMMENT", "one"))),
    "text in a blank card": (image(SMOOTH, ("", "one")), image(SMOOTH, ("", "two"))),
    "order of duplicates": (header("X       = 1", "X       = 2"), header("X       = 2", "X       = 1")),
    "a duplicate": (header("X       = 1", "X       = 1"), header("X       = 1")),
    "end of a long text": (image(SMOOTH, ("X", LONG + "a")), image(SMOOTH, ("X", LONG + "b"))),
    "HIERARCH": (header("HIERARCH ESO DET NAME = 12"), header("HIERARCH ESO DET NAME = 13")),
    "record-valued cards": (header("DP1     = 'AXIS.1: 2'"), header("DP1     = 'AXIS.1: 3'")),
    "name": (image(SMOOTH, name="SCI"), image(SMOOTH, name="ERR")),
    "version of a name": (image(SMOOTH, name="SCI", ver=1), image(SMOOTH, name="SCI", ver=2)),
    "order of HDUs": (
        data_of(primary(), fits.ImageHDU(SMOOTH, name="A"), fits.ImageHDU(SMOOTH + 1, name="B")),
        data_of(primary(), fits.ImageHDU(SMOOTH + 1, name="B"), fits.ImageHDU(SMOOTH, name="A"))),
    "one HDU more": (BASE, data_of(primary(), fits.ImageHDU(SMOOTH, fits.Header(CARDS)), fits.ImageHDU())),
    "primary and extension": (data_of(primary(data=SMOOTH)), image(SMOOTH)),
    "header of the primary HDU": (BASE, data_of(primary(("X", 1)), fits.ImageHDU(SMOOTH, fits.Header(CARDS)))),
    # images
    "exchanged pixels, which DATASUM does not see": (
        image(COUNTS.astype("i4")), image(COUNTS.astype("i4")[::-1].copy())),
    "one pixel": (image(COUNTS), image(numpy.where(COUNTS[19, 29] == COUNTS, COUNTS + 1, COUNTS).astype("i2"))),
    "shape": (image(COUNTS), image(COUNTS.reshape(30, 20))),
    "an axis of one": (image(COUNTS), image(COUNTS[None])),
    "type": (image(COUNTS), image(COUNTS.astype("i4"))),
    "integers and floats": (image(COUNTS), image(COUNTS.astype("f4"))),
    "floats and doubles": (image(SMOOTH), image(SMOOTH.astype("f8"))),
    "signed and unsigned": (image(numpy.abs(COUNTS)), image(numpy.abs(COUNTS).astype("u2"))),
    "sign of a zero pixel": (image(numpy.zeros((2, 2))), image(-numpy.zeros((2, 2)))),
    "scale": (scaled(COUNTS, "BSCALE  = 2.0"), scaled(COUNTS, "BSCALE  = 2.5")),
    "zero": (scaled(COUNTS, "BZERO   = 2.0"), scaled(COUNTS, "BZERO   = 2.5")),
    "scale of floats": (BASE, with_cards(BASE, "BSCALE  = 2.0")),
    "blank and its value": (image(BLANK), scaled(BLANK, "BLANK   = -32768")),
    "another pixel is blank": (
        scaled(BLANK, "BLANK   = -32768"), scaled(BLANK.T.copy().reshape(20, 30), "BLANK   = -32768")),
    "blank of unsigned": (scaled(COUNTS, "BZERO   = 32768"), scaled(COUNTS, "BZERO   = 32768", "BLANK   = 5")),
    "BLANK of floats": (BASE, with_cards(BASE, "BLANK   = 5")),
    "narrow scaled integers that float32 makes one": (
        scaled(COUNTS, "BZERO   = 1.0E9"), scaled(COUNTS + numpy.int16(1), "BZERO   = 1.0E9")),
    "NaN and number": (image(SMOOTH), image(NAN_IMAGE)),
    "no data and empty": (image(None), image(numpy.zeros((0, 3), "u1"))),
    "compressed pixels": (compressed(COUNTS), compressed(COUNTS[::-1].copy())),
    "header of a compressed image": (compressed(COUNTS, ("X", 1)), compressed(COUNTS, ("X", 2))),
    "compressed with loss": (image(SMOOTH), compressed(SMOOTH, quantize_level=4)),
    "a compressed extension and a primary image": (compressed(COUNTS), packed_primary(COUNTS)),
    # tables
    "column name": (table(column("x")), table(column("X"))),
    "column unit": (table(column(unit="s")), table(column(unit="ms"))),
    "column display": (table(column(disp="I5")), table(column(disp="I6"))),
    "column comment": (table(*J), table(*J).replace(b"TTYPE1  = 'x       '   ", b"TTYPE1  = 'x       ' /y")),
    "column type": (table(column(form="J")), table(column(form="K"))),
    "column of numbers and text": (table(column(form="J", values=[1])), table(column(form="4A", values=["\0\0\0\1"]))),
    "column order": (table(column("a"), column("b")), table(column("b"), column("a"))),
    "exchanged columns": (
        table(column("a", values=[1, 2, 3]), column("b", values=[3, 2, 1])),
        table(column("a", values=[3, 2, 1]), column("b", values=[1, 2, 3]))),
    "column value": (table(column(values=[1, 2, 3])), table(column(values=[1, 2, 4]))),
    "row order": (table(column(values=[1, 2, 3])), table(column(values=[3, 2, 1]))),
    "a row more": (table(column(values=[1, 2, 3])), table(column(values=[1, 2, 3, 0]))),
    "no rows": (table(column(values=[])), table(column(form="E", values=[]))),
    "dimensions": (
        table(column(form="6J", values=[range(6)], dim="(2,3)")),
        table(column(form="6J", values=[range(6)], dim="(3,2)"))),
    "no dimensions": (
        table(column(form="6J", values=[range(6)], dim="(2,3)")), table(column(form="6J", values=[range(6)]))),
    "rows and repeats": (table(column(form="2J", values=[[1, 2]])), table(column(form="J", values=[1, 2]))),
    "truth": (table(column(form="L", values=[True, False])), table(column(form="L", values=[True, True]))),
    "truth and nothing": (
        table(column(form="L", values=[True, False])),
        table(column(form="L", values=[True, False])).replace(b"TF\0", b"T\0\0")),
    "a bit": (table(column(form="9X", values=[[True] * 9])), table(column(form="9X", values=[[True] * 8 + [False]]))),
    "bits and bytes": (table(column(form="8X", values=[[True] * 8])), table(column(form="B", values=[255]))),
    "text": (table(column(form="5A", values=["ab"])), table(column(form="5A", values=["aB"]))),
    "width of a text": (table(column(form="5A", values=["ab"])), table(column(form="6A", values=["ab"]))),
    "space before a text": (table(column(form="5A", values=["ab"])), table(column(form="5A", values=[" ab"]))),
    "complex column": (table(column(form="C", values=[1 + 2j])), table(column(form="C", values=[1 + 3j]))),
    "unsigned column": (
        table(column(form="J", values=[1])), table(column(form="J", values=numpy.array([1], "u4"), bzero=2**31))),
    "column scale": (with_cards(table(*J), "TSCAL1  = 2.0"), with_cards(table(*J), "TSCAL1  = 4.0")),
    "scale of a float column": (
        table(column(form="E", values=[1.0])), with_cards(table(column(form="E", values=[1.0])), "TSCAL1  = 2.0")),
    "nothing": (table(column(values=[1, -1, 3])), with_cards(table(column(values=[1, -1, 3])), "TNULL1  = -1")),
    "which is nothing": (
        with_cards(table(column(values=[1, -1, 3])), "TNULL1  = -1"),
        with_cards(table(column(values=[-1, 1, 3])), "TNULL1  = -1")),
    "nothing and zero": (
        with_cards(table(column(values=[1, -1, 3])), "TNULL1  = -1"),
        with_cards(table(column(values=[1, 0, 3])), "TNULL1  = -1")),
    "variable-length values": (
        table(column(form="PJ()", values=ragged([1, 2], [3]))), table(column(form="PJ()", values=ragged([1, 2], [4])))),
    "where variable-length arrays are cut": (
        table(column(form="PJ()", values=ragged([1, 2], [3]))), table(column(form="PJ()", values=ragged([1], [2, 3])))),
    "variable and fixed length": (
        table(column(form="PJ()", values=ragged([1, 2], [3, 4]))), table(column(form="2J", values=[[1, 2], [3, 4]]))),
    "type of variable-length arrays": (
        heap((1, 0), values=bytes(4)), heap((1, 0), values=bytes(4), form="1PE(3)")),
    "ASCII and binary": (
        table(column(form="I5", values=[1, 2]), kind=fits.TableHDU), table(column(form="K", values=[1, 2]))),
    "ASCII value": (
        table(column(form="F8.3", values=[1.5]), kind=fits.TableHDU),
        table(column(form="F8.3", values=[1.501]), kind=fits.TableHDU)),
    "ASCII text": (
        table(column(form="A5", values=["ab"]), kind=fits.TableHDU),
        table(column(form="A5", values=["ac"]), kind=fits.TableHDU)),
    "ASCII integer and float": (
        table(column(form="I5", values=[1]), kind=fits.TableHDU),
        table(column(form="F5.1", values=[1.0]), kind=fits.TableHDU)),
    "table and image": (table(*J), image(COUNTS)),
}  # fmt: skip


class TestFits(FormatContract):
    @pytest.fixture
    def format(self):
        return Fits()

    @pytest.fixture
    def equal(self, tmp_path):
        several = [data_of(
            primary(("DATE", f"2026-01-0{day}"), *CARDS),
            fits.ImageHDU(SMOOTH, name="SCI"),
            kind(COUNTS, name="MASK"),
            fits.BinTableHDU.from_columns([column(), column("t", "5A", ["ab", "c", ""])], name="CAT"),
        ) for day, kind in ((1, fits.ImageHDU), (2, fits.CompImageHDU))]  # fmt: skip
        return files(tmp_path, *several)

    @pytest.fixture
    def different(self, tmp_path):
        return files(tmp_path, *DIFFERENT["one pixel"])


@pytest.mark.parametrize("case", EQUAL)
def test_what_is_written_differently_is_equal(case, tmp_path):
    """The digest is one, and nothing that counts is found."""
    a, b = files(tmp_path, *EQUAL[case])

    assert FORMAT.digest(a) == FORMAT.digest(b)
    assert [entry for entry in FORMAT.diff(a, b) if entry.counts] == []


@pytest.mark.parametrize("case", set(EQUAL) - {"scaled otherwise"})
def test_pairs_of_equal_files_have_different_bytes(case):
    """Else they would prove nothing."""
    assert EQUAL[case][0] != EQUAL[case][1]


@pytest.mark.parametrize("case", DIFFERENT)
def test_what_looks_alike_is_different(case, tmp_path):
    """The digests are two, and a difference that counts is found."""
    a, b = files(tmp_path, *DIFFERENT[case])

    assert FORMAT.digest(a) != FORMAT.digest(b)
    assert [entry for entry in FORMAT.diff(a, b) if entry.counts]
