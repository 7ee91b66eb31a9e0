"""The format fits: files that are cut, that lie about themselves, or that expand without end."""

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
    files,
    header,
    heap,
    image,
    ints,
    raw_header,
    scaled,
    table,
    with_cards,
)
from provstore_fits.format import Fits

from provstore.plugin import Unavailable

FORMAT = Fits()
BASE = image(SMOOTH, *CARDS)
J = [column()]
BINTABLE = ["XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2"]
TILED = header() + raw_header(
    *BINTABLE, "NAXIS1  = 8", "NAXIS2  = 0", "PCOUNT  = 0", "GCOUNT  = 1", "TFIELDS = 1", "TTYPE1  = 'COMPRESSED_DATA'",
    "TFORM1  = '1PB(1)'", "ZIMAGE  = T", "ZBITPIX = 16", "ZNAXIS  = 2", "ZNAXIS1 = {0}", "ZNAXIS2 = {0}",
    "ZTILE1  = {1}",
    "ZCMPTYPE= 'RICE_1'",
)  # fmt: skip


def tiled(side: int, tile: int) -> bytes:
    """A compressed image that announces a size."""
    return TILED.replace(b"{0}   ", str(side).encode().ljust(6)).replace(b"{1}   ", str(tile).encode().ljust(6))


def emptied(data: bytes, skip: int = 0) -> bytes:
    """A file whose last data, from a place on, are nothing."""
    end = data.rfind(b"END" + b" " * 77)
    start = -(-(end + 80) // 2880) * 2880 + skip
    return data[:start] + bytes(len(data) - start)


HOSTILE = {
    "nothing": b"",
    "no FITS": b"hello" * 1000,
    "a short file": b"SIMPLE  =                    T",
    "half": BASE[: len(BASE) // 2],
    "cut by a byte": BASE[:-1],
    "cut by a block": BASE[:-2880],
    "cut in a later header": BASE[: 2880 + 1000],
    "a header without END": header().replace(b"END", b"   "),
    "a header without end": header().replace(b"END", b"   ") * 50,
    "something behind END": header()[:-3] + b"abc",
    "something behind the last HDU": BASE + b"abc".ljust(2880),
    "control characters in a card": header("X       = 'a\tb'"),
    "SIMPLE = F": header().replace(b"  T", b"  F"),
    "BITPIX of 7": header().replace(b"    8", b"    7"),
    "NAXIS of text": header().replace(b"   0", b" 'a'"),
    "a negative NAXIS": header().replace(b"  0", b" -1"),
    "a huge NAXIS": header().replace(b"      0", b"9999999"),
    "NAXIS1 missing": header().replace(b"  0", b"  1"),
    "NAXIS1 twice": image(COUNTS).replace(b"NAXIS2  =                   20", b"NAXIS1  =                   20"),
    "NAXIS1 a second time": with_cards(BASE, "NAXIS1  = 30"),
    "a huge image": (
        raw_header("SIMPLE  = T", "BITPIX  = -64", "NAXIS   = 2", "NAXIS1  = 1000000000", "NAXIS2  = 1000000000")),
    "an impossible image": raw_header("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 1", f"NAXIS1  = {10**40}"),
    "random groups": raw_header(
        "SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 0", "NAXIS2  = 1", "GROUPS  = T",
        "PCOUNT  = 1", "GCOUNT  = 1"),
    "an unknown extension": header() + raw_header("XTENSION= 'DUMP'", "BITPIX  = 8", "NAXIS   = 0"),
    "a compressed table": with_cards(table(*J), "ZTABLE  = T"),
    "a scale of zero": scaled(COUNTS, "BSCALE  = 0.0"),
    "a scale of text": scaled(COUNTS, "BSCALE  = '2'"),
    "a blank of text": scaled(COUNTS, "BLANK   = '2'"),
    "a scale that makes one of several": scaled(COUNTS, "BSCALE  = 1E-30", "BZERO   = 1"),
    "large integers, scaled": scaled(numpy.array([2**62, 2**62 + 1]), "BSCALE  = 2.0"),
    "a form that is none": table(*J).replace(b"'J       '", b"'Z       '"),
    "a form with a tail": table(*J).replace(b"'J       '", b"'Jabc    '"),
    "columns wider than a row": table(*J).replace(b"'J       '", b"'999999J '"),
    "columns narrower than a row": table(*J).replace(b"'J       '", b"'I       '"),
    "more columns than there are": (
        table(*J).replace(b"TFIELDS =                    1", b"TFIELDS =                  999")),
    "too many columns": table(*J).replace(b"TFIELDS =                    1", b"TFIELDS =           1000000000"),
    "a heap outside of the file": heap((1000, 0), values=ints(1)),
    "a heap before its start": heap((1, -4), values=ints(1)),
    "a negative length": heap((-1, 0), values=ints(1)),
    "lengths that overflow": heap((2**62, 2**62), values=ints(1), form="1QJ(1)"),
    "dimensions that do not fit": (
        table(column(form="6J", values=[range(6)], dim="(2,3)")).replace(b"'(2,3)   '", b"'(2,4)   '")),
    "neither true nor false": table(column(form="L", values=[True])).replace(b"T" + bytes(99), b"x" + bytes(99)),
    "an ASCII number that is none": (
        table(column(form="I5", values=[123]), kind=fits.TableHDU).replace(b"  123", b"  1x3")),
    "a compressed image of gigabytes": tiled(10**5, 1000),
    "a compressed image without its tiles": tiled(100, 100),
    "a compressed image with empty tiles": emptied(compressed(COUNTS)),
    "a compressed image with damaged tiles": emptied(compressed(COUNTS, compression_type="GZIP_1"), 160),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_hostile_is_refused(case, tmp_path):
    """With words, and without reading what is not there."""
    (path,) = files(tmp_path, HOSTILE[case])
    with pytest.raises((Unavailable, ValueError, OSError), match=r"\w"):
        FORMAT.digest(path)
