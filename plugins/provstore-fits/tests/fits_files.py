"""Files of FITS: as astropy writes them, and of bytes of one's own."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from tempfile import mkdtemp

import numpy
from astropy.io import fits

RANDOM = numpy.random.default_rng(1)
COUNTS = RANDOM.integers(-1000, 1000, (20, 30)).astype("i2")
SMOOTH = RANDOM.normal(100, 5, (20, 30)).astype("f4")
CARDS = [("OBJECT", "M31", "what it is"), ("EXPTIME", 12.5, "[s] how long"), ("DATE-OBS", "2026-01-02", "start")]


def data_of(*hdus, edit=None) -> bytes:
    """What astropy writes; `edit` takes the bytes."""
    target = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fits.HDUList([*hdus]).writeto(target, output_verify="silentfix")
    data = target.getvalue()
    return edit(data) if edit else data


def primary(*cards, data=None) -> fits.PrimaryHDU:
    return fits.PrimaryHDU(data, fits.Header([*cards]))


def image(data, *cards, kind=fits.ImageHDU, **options) -> bytes:
    """An image in an extension."""
    return data_of(primary(), kind(data, fits.Header([*cards]), **options))


def compressed(data, *cards, **options) -> bytes:
    return image(data, *cards, kind=fits.CompImageHDU, **options)


def scaled(stored, *cards) -> bytes:
    """Stored integers, with cards that scale them written behind astropy's back."""
    return with_cards(image(stored), *cards)


def with_cards(data: bytes, *cards: str, last=True) -> bytes:
    """Further cards, as they stand, at the end of the last header (or of the first)."""
    end = b"END" + b" " * 77
    start = data.rfind(end) if last else data.find(end)
    begin = start
    after = start + 80
    text = b"".join(card.encode().ljust(80) for card in cards)
    stop = -(-after // 2880) * 2880
    header_start = data.rfind(b"XTENSION", 0, start) if last else 0
    body = data[header_start:begin] + text + end
    return data[:header_start] + body.ljust(-(-len(body) // 2880) * 2880) + data[stop:]


def header(*cards: str) -> bytes:
    """A primary header without data, of cards as they stand, behind the mandatory ones."""
    first = ["SIMPLE  =                    T", "BITPIX  =                    8", "NAXIS   =                    0"]
    return raw_header(*first, *cards)


def raw_header(*cards: str) -> bytes:
    text = b"".join(card.encode().ljust(80) for card in [*cards, "END"])
    return text.ljust(-(-len(text) // 2880) * 2880)


def table(*columns, kind=fits.BinTableHDU, cards=()) -> bytes:
    return data_of(primary(), kind.from_columns([*columns], fits.Header([*cards])))


def column(name="x", form="J", values=(1, 2, 3), **options) -> fits.Column:
    return fits.Column(name, form, array=numpy.asarray(values) if form[-1] not in "A)" else values, **options)


def replaced(old: bytes, new: bytes):
    """An edit of bytes that are there once."""

    def edit(data: bytes) -> bytes:
        assert data.count(old) == 1, data.count(old)
        assert len(old) == len(new)
        return data.replace(old, new)

    return edit


def ragged(*rows) -> numpy.ndarray:
    values = numpy.empty(len(rows), object)
    values[:] = [numpy.asarray(row, "i4") for row in rows]
    return values


def heap(*descriptors: tuple[int, int], values: bytes, more=b"", form="1PJ(3)") -> bytes:
    """A table of one column of variable-length arrays, with a heap of one's own."""
    wide = ">i8" if "Q" in form else ">i4"
    rows = numpy.array(descriptors, wide).tobytes()
    start = len(rows) + len(more)
    body = rows + more + values
    cards = [
        "XTENSION= 'BINTABLE'", "BITPIX  = 8", "NAXIS   = 2", f"NAXIS1  = {len(rows) // len(descriptors)}",
        f"NAXIS2  = {len(descriptors)}", f"PCOUNT  = {len(body) - len(rows)}", "GCOUNT  = 1", "TFIELDS = 1",
        "TTYPE1  = 'x'", f"TFORM1  = '{form}'", f"THEAP   = {start}",
    ]  # fmt: skip
    return header() + raw_header(*cards) + body.ljust(-(-len(body) // 2880) * 2880, b"\0")


def ints(*values) -> bytes:
    return numpy.array(values, ">i4").tobytes()


def packed_primary(data, *cards) -> bytes:
    """As fpack does: an empty primary HDU, and the primary image compressed behind it."""
    found = compressed(data, *cards)
    start = found.find(b"ZTENSION=")
    card = b"ZSIMPLE =                    T / file does conform to FITS standard".ljust(80)
    return found[:start] + card + found[start + 80 :]


def files(folder, *contents) -> list[Path]:
    """New files in a folder of their own."""
    folder = Path(mkdtemp(dir=folder))
    paths = [folder / f"{number}.fits" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths
