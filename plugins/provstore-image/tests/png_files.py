"""PNG files made by hand, chunk by chunk, for the tests: Pillow writes only some of what PNG has."""

import struct
import zlib

import numpy

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(name, content=b""):
    """One chunk with its CRC."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def ihdr(width, height, bits=8, colour=2, interlaced=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlaced))


def packed(row, bits):
    """The bytes of a row of samples, (columns, samples)."""
    if bits == 16:
        return row.astype(">u2").tobytes()
    if bits == 8:
        return row.astype("u1").tobytes()
    ones = (row.reshape(-1, 1) >> numpy.arange(bits - 1, -1, -1)) & 1
    return numpy.packbits(ones.astype("u1").reshape(-1)).tobytes()


def filtered(lines, kind, pixel):
    """Rows with a filter: 0 none, 1 sub, 2 up, 3 average, 4 Paeth, None: another for each row. As the standard says."""
    above, out = bytes(len(lines[0])), b""
    for number, line in enumerate(lines):
        which = number % 5 if kind is None else kind
        coded = bytearray()
        for place, byte in enumerate(line):
            left = line[place - pixel] if place >= pixel else 0
            corner = above[place - pixel] if place >= pixel else 0
            expected = (0, left, above[place], (left + above[place]) // 2, paeth(left, above[place], corner))[which]
            coded.append((byte - expected) % 256)
        out += bytes([which]) + bytes(coded)
        above = line
    return out


def paeth(left, above, corner):
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))


def pixels_stream(values, bits, *, filter=0, level=6, interlaced=False):
    """The compressed stream of an array of (rows, columns, samples)."""
    pixel = max(1, bits * values.shape[2] // 8)
    parts = [values[y::down, x::across] for x, y, across, down in PASSES] if interlaced else [values]
    raw = b"".join(filtered([packed(row, bits) for row in part], filter, pixel) for part in parts if part.size)
    return zlib.compress(raw, level)


def png(values, bits=8, colour=2, *, before=b"", after=b"", cut=0, **how):
    """A PNG file of an array of (rows, columns, samples).

    Args:
        values: Samples as they are stored.
        bits, colour: Of the header.
        before, after: Other chunks, between the header and the pixels, and behind them.
        cut: Bytes of a chunk of pixels; 0: one chunk.
        how: For `pixels_stream`.
    """
    stream = pixels_stream(values, bits, **how)
    step = cut or len(stream)
    idat = b"".join(chunk(b"IDAT", stream[start : start + step]) for start in range(0, len(stream), step))
    head = ihdr(values.shape[1], values.shape[0], bits, colour, int(how.get("interlaced", False)))
    return SIGNATURE + head + before + idat + after + chunk(b"IEND")
