"""Pairs of PNG files: equal ones that are packed differently, and different ones that look alike."""

import io
import struct
import zlib

import numpy
import pytest
from PIL import Image, PngImagePlugin
from png_files import SIGNATURE, chunk, ihdr, pixels_stream, png

RANDOM = numpy.random.default_rng(20)
GREY = RANDOM.integers(0, 256, (11, 13, 1), dtype="u1")
RGB = RANDOM.integers(0, 256, (11, 13, 3), dtype="u1")
RGBA = RANDOM.integers(0, 256, (11, 13, 4), dtype="u1")
RGB16 = RANDOM.integers(0, 65536, (11, 13, 3), dtype="u2")
GREY16 = RGB16[:, :, :1]
PLACES = RANDOM.integers(0, 4, (11, 13, 1), dtype="u1")
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (9, 9, 9)]


def plte(colours):
    return chunk(b"PLTE", b"".join(map(bytes, colours)))


def phys(across, down, unit=1):
    return chunk(b"pHYs", struct.pack(">IIB", across, down, unit))


def text(keyword, value):
    return chunk(b"tEXt", keyword.encode() + b"\0" + value.encode("latin-1"))


def ztxt(keyword, value, level=9):
    return chunk(b"zTXt", keyword.encode() + b"\0\0" + zlib.compress(value.encode("latin-1"), level))


def itxt(keyword, value, *, is_packed=False, language="", translated=""):
    data = zlib.compress(value.encode()) if is_packed else value.encode()
    middle = f"\0{language}\0{translated}\0".encode()
    return chunk(b"iTXt", keyword.encode() + b"\0" + bytes([is_packed]) + middle + data)


def iccp(profile, level=6, name=b"p"):
    return chunk(b"iCCP", name + b"\0\0" + zlib.compress(profile, level))


def exif(order=">", *, orientation=1, software=b"a\0", time=b"2026:01:01 00:00:00\0", original=b"2020\0"):
    """EXIF data of five tags in either byte order."""
    mark = b"MM" if order == ">" else b"II"
    behind = 8 + 2 + 4 * 12 + 4
    more, entries = b"", []
    for tag, value in ((305, software), (306, time)):
        entries.append((tag, 2, len(value), struct.pack(f"{order}I", behind + len(more)) if len(value) > 4 else
                        value.ljust(4, b"\0")))  # fmt: skip
        more += value if len(value) > 4 else b""
    inner = behind + len(more)
    more += struct.pack(f"{order}HHHII", 1, 36867, 2, len(original), inner + 2 + 12 + 4) + bytes(4) + original
    entries.insert(0, (274, 3, 1, struct.pack(f"{order}HH", orientation, 0)))
    entries.append((34665, 4, 1, struct.pack(f"{order}I", inner)))
    head = mark + struct.pack(f"{order}HIH", 42, 8, len(entries))
    return head + b"".join(struct.pack(f"{order}HHI", *e[:3]) + e[3] for e in entries) + bytes(4) + more


def by_pillow(values, mode=None, **how):
    buffer = io.BytesIO()
    Image.fromarray(values.squeeze(), mode).save(buffer, "PNG", **how)
    return buffer.getvalue()


def info(**texts):
    found = PngImagePlugin.PngInfo()
    for keyword, value in texts.items():
        found.add_text(keyword.replace("_", " "), value)
    return found


def figure(colour="red", **how):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(2, 1), dpi=60)
    drawn.subplots().plot([1, 3, 2], color=colour)
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", **how)
    return buffer.getvalue()


def animation(*frames, plays=0, default=True):
    """An animated PNG; a frame is (values, delay as a pair, left, top, disposal, blending)."""
    whole, number = frames[0][0], 0
    out = chunk(b"acTL", struct.pack(">II", len(frames), plays))
    for position, (values, delay, *more) in enumerate(frames):
        left, top, disposal, blending = [*more, 0, 0, 0, 0][:4]
        rows, columns = values.shape[:2]
        rules = struct.pack(">5I2H2B", number, columns, rows, left, top, *delay, disposal, blending)
        out += chunk(b"fcTL", rules)
        number += 1
        stream = pixels_stream(values, 8)
        if position == 0:
            out += chunk(b"IDAT", stream)
        else:
            out += chunk(b"fdAT", struct.pack(">I", number) + stream)
            number += 1
    return SIGNATURE + ihdr(whole.shape[1], whole.shape[0]) + out + chunk(b"IEND")


SMALL = RGB[2:6, 3:8]
EQUAL = {
    "compression level": lambda: (by_pillow(RGB, compress_level=0), by_pillow(RGB, compress_level=9)),
    "optimised": lambda: (by_pillow(RGB), by_pillow(RGB, optimize=True)),
    "filters": lambda: (png(RGB, filter=0), png(RGB, filter=4)),
    "a filter for each row": lambda: (png(RGB, filter=1), png(RGB, filter=None)),
    "interlacing": lambda: (png(RGB), png(RGB, interlaced=True)),
    "interlacing of 16 bits": lambda: (png(RGB16, 16), png(RGB16, 16, filter=None, interlaced=True)),
    "interlacing of 1 bit": lambda: (png(GREY & 1, 1, 0), png(GREY & 1, 1, 0, interlaced=True)),
    "how the stream is cut": lambda: (png(RGB), png(RGB, cut=17)),
    "order of chunks": lambda: (
        png(RGB, before=chunk(b"gAMA", struct.pack(">I", 45455)) + phys(1, 1)),
        png(RGB, before=phys(1, 1) + chunk(b"gAMA", struct.pack(">I", 45455))),
    ),
    "texts behind or before": lambda: (png(RGB, before=text("Title", "x")), png(RGB, after=text("Title", "x"))),
    "order of texts": lambda: (
        png(RGB, before=text("Title", "x") + text("Author", "y")),
        png(RGB, before=text("Author", "y") + text("Title", "x")),
    ),
    "a text is packed": lambda: (png(RGB, before=text("Title", "xé")), png(RGB, before=ztxt("Title", "xé"))),
    "a text in UTF-8": lambda: (png(RGB, before=text("Title", "xé")), png(RGB, before=itxt("Title", "xé"))),
    "a text in UTF-8, packed": lambda: (
        png(RGB, before=itxt("Title", "√")),
        png(RGB, before=itxt("Title", "√", is_packed=True)),
    ),
    "software": lambda: (by_pillow(RGB), by_pillow(RGB, pnginfo=info(Software="Matplotlib version3.1"))),
    "software of another version": lambda: (
        png(RGB, before=text("Software", "Matplotlib version3.1")),
        png(RGB, before=text("Software", "Matplotlib version3.2")),
    ),
    "creation time": lambda: (png(RGB, before=text("Creation Time", "today")), png(RGB)),
    "times of ImageMagick": lambda: (
        png(RGB, after=text("date:create", "1") + text("date:modify", "1") + text("date:timestamp", "1")),
        png(RGB, after=text("date:create", "2") + text("date:modify", "2") + text("date:timestamp", "2")),
    ),
    "time of the last change": lambda: (
        png(RGB, before=chunk(b"tIME", bytes([7, 234, 1, 1, 1, 1, 1]))),
        png(RGB, before=chunk(b"tIME", bytes([7, 235, 1, 1, 1, 1, 1]))),
    ),
    "no time of the last change": lambda: (png(RGB, before=chunk(b"tIME", bytes([7, 234, 1, 1, 1, 1, 1]))), png(RGB)),
    "packing of a profile": lambda: (
        png(RGB, before=iccp(b"profile" * 50, 1)),
        png(RGB, before=iccp(b"profile" * 50, 9)),
    ),
    "order of a palette": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(3 - PLACES, 8, 3, before=plte(COLOURS[::-1])),
    ),
    "unused colours": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(PLACES, 8, 3, before=plte([*COLOURS, (1, 2, 3)])),
    ),
    "bits of a palette": lambda: (
        png(PLACES, 2, 3, before=plte(COLOURS)),
        png(PLACES, 8, 3, before=plte(COLOURS)),
    ),
    "a palette's transparency that is none": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(PLACES, 8, 3, before=plte(COLOURS) + chunk(b"tRNS", b"\xff\xff")),
    ),
    "a palette's transparency in another order": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS) + chunk(b"tRNS", bytes([0, 1, 2, 3]))),
        png(3 - PLACES, 8, 3, before=plte(COLOURS[::-1]) + chunk(b"tRNS", bytes([3, 2, 1, 0]))),
    ),
    "a palette's background in another place": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS) + chunk(b"bKGD", b"\0")),
        png(3 - PLACES, 8, 3, before=plte(COLOURS[::-1]) + chunk(b"bKGD", b"\3")),
    ),
    "byte order of EXIF": lambda: (
        png(RGB, before=chunk(b"eXIf", exif("<"))),
        png(RGB, before=chunk(b"eXIf", exif(">"))),
    ),
    "writer of EXIF": lambda: (
        png(RGB, before=chunk(b"eXIf", exif(software=b"a longer name\0"))),
        png(RGB, before=chunk(b"eXIf", exif(time=b"1999\0"))),
    ),
    "a delay, shortened": lambda: (
        animation((RGB, (10, 100)), (SMALL, (1, 10))),
        animation((RGB, (1, 10)), (SMALL, (10, 0))),
    ),
    "zeros behind the end": lambda: (png(RGB), png(RGB) + bytes(9)),
    "figures of two versions": lambda: (figure(), figure(metadata={"Software": "Matplotlib 99"})),
    "figures with a time": lambda: (figure(metadata={"Creation Time": "now"}), figure(metadata={"Software": None})),
    "Pillow and a hand": lambda: (by_pillow(RGBA), png(RGBA, 8, 6, filter=2)),
    "Pillow and a hand, 16 bits": lambda: (by_pillow(GREY16), png(GREY16, 16, 0, filter=3)),
}

NOTHING_TO_NAME = {"zeros behind the end"}
"""Pairs of which no more is said than that their bytes differ."""


def changed(values, place=(5, 6, 0), by=1):
    found = values.copy()
    found[place] ^= by
    return found


DIFFERENT = {
    "one pixel": lambda: (png(RGB), png(changed(RGB))),
    "one alpha": lambda: (png(RGBA, 8, 6), png(changed(RGBA, (5, 6, 3)), 8, 6)),
    "a colour below full transparency": lambda: (
        png(RGBA * (1, 1, 1, 0), 8, 6),
        png(changed(RGBA) * (1, 1, 1, 0), 8, 6),
    ),
    "the lowest bit of 16, grey": lambda: (png(GREY16, 16, 0), png(changed(GREY16), 16, 0)),
    "the lowest bit of 16, RGB": lambda: (png(RGB16, 16), png(changed(RGB16), 16)),
    "the lowest bit of 16, interlaced": lambda: (
        png(RGB16, 16, interlaced=True),
        png(changed(RGB16), 16, interlaced=True),
    ),
    "8 and 16 bits": lambda: (png(RGB), png(RGB * numpy.uint16(257), 16)),
    "1 and 8 bits": lambda: (png(GREY & 1, 1, 0), png((GREY & 1) * 255, 8, 0)),
    "2 and 4 bits of grey": lambda: (png(GREY & 3, 2, 0), png((GREY & 3) * 5, 4, 0)),
    "grey and RGB": lambda: (png(GREY, 8, 0), png(GREY.repeat(3, 2))),
    "RGB and opaque RGBA": lambda: (
        png(RGB),
        png(numpy.concatenate([RGB, numpy.full((11, 13, 1), 255, "u1")], 2), 8, 6),
    ),
    "palette and RGB": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(numpy.array(COLOURS, "u1")[PLACES[:, :, 0]]),
    ),
    "a colour of a palette": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(PLACES, 8, 3, before=plte([*COLOURS[:3], (9, 9, 10)])),
    ),
    "the transparency of a palette": lambda: (
        png(PLACES, 8, 3, before=plte(COLOURS)),
        png(PLACES, 8, 3, before=plte(COLOURS) + chunk(b"tRNS", b"\xff\xfe")),
    ),
    "a transparent colour": lambda: (png(RGB), png(RGB, before=chunk(b"tRNS", bytes(6)))),
    "turned": lambda: (png(RGB), png(RGB.transpose(1, 0, 2))),
    "the same samples in another shape": lambda: (png(RGB), png(RGB.reshape(13, 11, 3))),
    "a row more": lambda: (png(RGB[:-1]), png(RGB)),
    "gamma": lambda: (png(RGB), png(RGB, before=chunk(b"gAMA", struct.pack(">I", 45455)))),
    "another gamma": lambda: (
        png(RGB, before=chunk(b"gAMA", struct.pack(">I", 45455))),
        png(RGB, before=chunk(b"gAMA", struct.pack(">I", 45456))),
    ),
    "chromaticities": lambda: (
        png(RGB, before=chunk(b"cHRM", struct.pack(">8I", *range(8)))),
        png(RGB, before=chunk(b"cHRM", struct.pack(">8I", *range(1, 9)))),
    ),
    "rendering intent": lambda: (png(RGB, before=chunk(b"sRGB", b"\0")), png(RGB, before=chunk(b"sRGB", b"\1"))),
    "colour profile": lambda: (png(RGB, before=iccp(b"one")), png(RGB, before=iccp(b"two"))),
    "coding-independent code points": lambda: (png(RGB), png(RGB, before=chunk(b"cICP", bytes([9, 16, 0, 1])))),
    "significant bits": lambda: (png(RGB), png(RGB, before=chunk(b"sBIT", bytes([5, 6, 5])))),
    "background": lambda: (png(RGB), png(RGB, before=chunk(b"bKGD", bytes(6)))),
    "resolution": lambda: (png(RGB, before=phys(2835, 2835)), png(RGB, before=phys(5670, 5670))),
    "no resolution": lambda: (by_pillow(RGB), by_pillow(RGB, dpi=(72, 72))),
    "unit of resolution": lambda: (png(RGB, before=phys(3, 2, 0)), png(RGB, before=phys(3, 2, 1))),
    "a text": lambda: (by_pillow(RGB, pnginfo=info(Title="x")), by_pillow(RGB, pnginfo=info(Title="y"))),
    "a keyword": lambda: (png(RGB, before=text("Title", "x")), png(RGB, before=text("Author", "x"))),
    "a text that is missing": lambda: (png(RGB), png(RGB, before=text("Comment", "x"))),
    "order of texts of one keyword": lambda: (
        png(RGB, before=text("Comment", "x") + text("Comment", "y")),
        png(RGB, before=text("Comment", "y") + text("Comment", "x")),
    ),
    "language of a text": lambda: (
        png(RGB, before=itxt("Title", "x")),
        png(RGB, before=itxt("Title", "x", language="de")),
    ),
    "orientation": lambda: (
        png(RGB, before=chunk(b"eXIf", exif())),
        png(RGB, before=chunk(b"eXIf", exif(orientation=6))),
    ),
    "time of the photograph": lambda: (
        png(RGB, before=chunk(b"eXIf", exif(original=b"2020:01:01\0"))),
        png(RGB, before=chunk(b"eXIf", exif(original=b"2020:01:02\0"))),
    ),
    "a chunk that nobody knows": lambda: (png(RGB), png(RGB, before=chunk(b"orNT", b"\1"))),
    "an animation and its first frame": lambda: (png(RGB), animation((RGB, (1, 10)), (SMALL, (1, 10)))),
    "a frame's pixel": lambda: (
        animation((RGB, (1, 10)), (SMALL, (1, 10))),
        animation((RGB, (1, 10)), (changed(SMALL, (1, 1, 1)), (1, 10))),
    ),
    "a delay": lambda: (
        animation((RGB, (1, 10)), (SMALL, (1, 10))),
        animation((RGB, (1, 10)), (SMALL, (1, 11))),
    ),
    "a frame's place": lambda: (
        animation((RGB, (1, 10)), (SMALL, (1, 10), 1, 2)),
        animation((RGB, (1, 10)), (SMALL, (1, 10), 2, 1)),
    ),
    "a frame's blending": lambda: (
        animation((RGB, (1, 10)), (SMALL, (1, 10), 0, 0, 0, 0)),
        animation((RGB, (1, 10)), (SMALL, (1, 10), 0, 0, 0, 1)),
    ),
    "how often it plays": lambda: (animation((RGB, (1, 10))), animation((RGB, (1, 10)), plays=1)),
    "order of frames": lambda: (
        animation((RGB, (1, 9)), (SMALL, (1, 9)), (SMALL[::-1], (1, 9))),
        animation((RGB, (1, 9)), (SMALL[::-1], (1, 9)), (SMALL, (1, 9))),
    ),
    "figures of two colours": lambda: (figure("red"), figure("#fe0000")),
    "figures with a title of their own": lambda: (figure(), figure(metadata={"Title": "x"})),
}
