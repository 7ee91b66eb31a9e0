"""Compressed streams (gzip, bzip2, xz): what they hold, piece by piece.

Rules: a stream is followed to its end, or it is refused. Checksums and lengths must be right; several streams one
after the other are one content; after the last one there may be zeros, and nothing else. Headers say nothing of the
content. What comes out is counted by an `Expansion` before it is handed on, also over containers in containers.
"""

from __future__ import annotations

import struct
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from provstore.plugin import Expansion, Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

STEP = 1 << 14
"""Packed bytes that are unpacked in one go: what follows the end of a stream is copied, so it has to be little."""
PIECE = 1 << 20
"""Unpacked bytes that are handed on in one go, at most."""
MEMORY = 1 << 28
"""Bytes that xz may take for its dictionary: four times as many as its highest level needs."""

MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
"""How a file of each kind begins."""

_shared: ContextVar[Expansion | None] = ContextVar("shared", default=None)


def expansion_for(size: int, what: str) -> Expansion:
    """The count for a packed file of this size, or that of the container in which it lies."""
    return _shared.get() or Expansion(size, what)


@contextmanager
def inside(expansion: Expansion) -> Iterator[None]:
    """Makes containers in a container share its count: what expands twice has one limit."""
    token = _shared.set(expansion)
    try:
        yield
    finally:
        _shared.reset(token)


class Unpacker(Protocol):
    """What the decompressors of the standard library have in common, as `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """The end of the stream was seen."""

    @property
    def needs_input(self) -> bool:
        """There is no more to come from what it was given."""

    @property
    def unused_data(self) -> bytes:
        """What it was given beyond the end of the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """The next bytes, at most so many."""


class Inflater:
    """`zlib` with the methods of an `Unpacker`.

    Args:
        bits: As for `zlib.decompressobj`: 31 for gzip, with its header and checksum; -15 for the bare stream.
    """

    def __init__(self, bits: int) -> None:
        import zlib

        self._zlib = zlib.decompressobj(bits)
        self._was_cut = False

    @property
    def eof(self) -> bool:
        """See `Unpacker`."""
        return self._zlib.eof

    @property
    def needs_input(self) -> bool:
        """See `Unpacker`."""
        return not (self._was_cut or self._zlib.eof)

    @property
    def unused_data(self) -> bytes:
        """See `Unpacker`."""
        return self._zlib.unused_data

    def decompress(self, data: bytes, max_length: int = 0) -> bytes:
        """See `Unpacker`."""
        piece = self._zlib.decompress(self._zlib.unconsumed_tail + data, max_length)
        self._was_cut = len(piece) == max_length
        return piece


def kind_of(file: BinaryIO) -> str:
    """Of which kind a file is by its beginning: "gzip", "bzip2", "xz", or "" for none. The file stays where it is."""
    start = file.read(6)
    file.seek(-len(start), 1)
    return next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), "")


def unpacked(file: BinaryIO, kind: str, expansion: Expansion) -> Iterator[bytes]:
    """The content of a compressed file from its present position to its end.

    Raises:
        Unavailable: It is damaged or cut, something else follows, or it expands too far.
    """
    magic = next(magic for magic, name in MAGIC.items() if name == kind)
    feed = Feed(file)
    if not feed.starts_with(magic):
        raise Unavailable(f"this is no {kind} file")
    while not feed.is_at_end():
        if not feed.starts_with(magic):
            raise Unavailable(f"something else follows the {kind} stream, at byte {feed.position:,}")
        expansion.add_member()
        yield from stream_of(unpacker(kind), feed, expansion.add)
        feed.skip_zeros()


def unpacker(kind: str) -> Unpacker:
    """A decompressor for one stream: "gzip", "bzip2", "xz"."""
    import bz2
    import lzma

    makers: dict[str, Callable[[], Unpacker]] = {
        "gzip": lambda: Inflater(31),
        "bzip2": bz2.BZ2Decompressor,
        "xz": lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY),
    }
    return makers[kind]()


def stream_of(unpacker: Unpacker, feed: Feed, count: Callable[[int], object]) -> Iterator[bytes]:
    """What one stream holds; the feed stands behind it at the end.

    Args:
        count: Gets the size of each piece before it is handed on; raises where it is too much.
    """
    import lzma
    import zlib

    while not unpacker.eof:
        packed = feed.take(STEP) if unpacker.needs_input else b""
        was_hungry = unpacker.needs_input
        try:
            piece = unpacker.decompress(packed, PIECE)
        except (zlib.error, OSError, EOFError, lzma.LZMAError) as error:
            raise Unavailable(f"the packed data are damaged: {error}") from None
        if was_hungry and not packed and not piece and not unpacker.eof:
            raise Unavailable("the packed data end too early")
        count(len(piece))
        if piece:
            yield piece
    feed.give_back(len(unpacker.unused_data))


class Feed:
    """Packed bytes, some at a time, of which some can be given back.

    Args:
        file: Read from its present position on.
        size: No more than so many bytes of it; None: all.
    """

    def __init__(self, file: BinaryIO, size: int | None = None) -> None:
        self._file, self._left = file, size
        self._chunk, self._at = b"", 0
        self._start = file.tell()

    @property
    def position(self) -> int:
        """Of the next byte, in the file."""
        return self._start + self._at

    def _fill(self) -> None:
        if self._at < len(self._chunk):
            return
        self._start += len(self._chunk)
        self._chunk, self._at = self._file.read(PIECE if self._left is None else min(PIECE, self._left)), 0
        if self._left is not None:
            self._left -= len(self._chunk)

    def take(self, size: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        self._fill()
        piece = self._chunk[self._at : self._at + size]
        self._at += len(piece)
        return piece

    def give_back(self, size: int) -> None:
        """So many of the bytes that were taken last come again."""
        self._at -= size

    def is_at_end(self) -> bool:
        """There is nothing more."""
        self._fill()
        return self._at == len(self._chunk)

    def starts_with(self, magic: bytes) -> bool:
        """Whether the next bytes are these."""
        if len(self._chunk) - self._at < len(magic):
            rest = self._file.read(PIECE if self._left is None else min(PIECE, self._left))
            if self._left is not None:
                self._left -= len(rest)
            self._start += self._at
            self._chunk, self._at = self._chunk[self._at :] + rest, 0
        return self._chunk.startswith(magic, self._at)

    def skip_zeros(self) -> None:
        """Goes on to the next byte that is not zero."""
        while not self.is_at_end():
            rest = self._chunk[self._at : self._at + STEP]
            zeros = len(rest) - len(rest.lstrip(b"\0"))
            self._at += zeros
            if zeros < len(rest):
                return


def gzip_header(file: BinaryIO) -> tuple[dict[str, str], int]:
    """What the header of the first stream says, none of which counts (time, name, comment and the like), and its size.

    The file stays where it is. What can't be read is left out: it is for the eyes, `unpacked` checks the header.
    """
    start = file.read(1 << 16)
    file.seek(-len(start), 1)
    if len(start) < 10:
        return {}, 0
    flags, time, level, system = struct.unpack_from("<BIBB", start, 3)
    words = {"header time": str(time), "compression level": str(level), "operating system": str(system)}
    at = 10
    if flags & 4 and len(start) >= 12:
        length = struct.unpack_from("<H", start, 10)[0]
        words["extra field"] = start[12 : 12 + length].hex()
        at += 2 + length
    for bit, word in ((8, "file name"), (16, "header comment")):
        if flags & bit:
            text, _, _ = start[at:].partition(b"\0")
            words[word] = text.decode("latin-1")
            at += len(text) + 1
    return words, at + (2 if flags & 2 else 0)
