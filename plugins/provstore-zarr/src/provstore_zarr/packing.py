"""How large packed chunks are once unpacked, told before they are.

Rules: a chunk that unpacks to more than a chunk of its array has is refused, as zarr would unpack all of it. Where that
can't be told it is refused as well: packed twice, within a codec that hides it, without its size (zstd), or by a codec
that tells none (`SECRET`). Of texts and objects, all that is unpacked is held against `Expansion`.
"""

from __future__ import annotations

import bz2
import json
import lzma
import math
import struct
import zlib

from provstore.plugin import Unavailable
from provstore_zarr.hierarchy import chunk_shape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from provstore_zarr.files import Files
    from provstore_zarr.hierarchy import Node

HEAD = 64
"""Bytes at the start of a chunk in which blosc, lz4 and zstd tell its size."""
PIECE = 1 << 20
"""Bytes that are unpacked in one go, and forgotten."""
LARGEST_FILE = 1 << 31
"""Bytes of a chunk that is unpacked to be measured."""
SLACK = 1 << 16
"""Bytes that a chunk may have beyond its values: for checksums, lengths, and headers."""
OBJECTS = 1 << 28
"""Bytes of a chunk of texts or objects, whose length is not known beforehand."""
SECRET = ("pcodec", "zfpy")
"""Codecs that do not tell what they unpack to."""
NOWHERE = (1 << 64) - 1
"""The place of a chunk that is not in its shard."""


def check_chunks(files: Files, node: Node, itemsize: int, is_object: bool) -> None:
    """Looks at all chunks of an array.

    Raises:
        Unavailable: One of them is refused.
    """
    shape, codecs, is_sharded = _innermost(node)
    name = _packer(codecs)
    if name is None:
        return
    limit = OBJECTS if is_object else 2 * math.prod(shape) * itemsize + SLACK
    wanted = HEAD if name in ("blosc", "lz4", "zstd") else LARGEST_FILE
    for key in node.chunks:
        places = _places_in_shard(files, node, key, shape) if is_sharded else [(0, files.sizes[key])]
        for start, length in places:
            part = files.piece(key, start, min(length, wanted))
            size = SIZES[name](part, limit)
            if is_object:
                files.expansion.add(size)
            if size > limit:
                raise Unavailable(f"the chunk {key!r} expands to more than {limit:,} bytes, the limit for its array")


def _innermost(node: Node) -> tuple[tuple[int, ...], list[dict[str, Any]], bool]:
    """Shape and codecs of what is packed as one, those of a shard's chunks where there are shards."""
    metadata, shape = node.metadata, chunk_shape(node.metadata)
    if node.version == 2:
        found = [*(metadata.get("filters") or ()), metadata.get("compressor")]
        return shape, [codec for codec in found if codec is not None], False
    codecs = _as_mappings(metadata)
    sharding = [codec for codec in codecs if codec["name"] == "sharding_indexed"]
    if not sharding:
        return shape, codecs, False
    inner = sharding[0].get("configuration") or {}
    within = _as_mappings(inner)
    if len(codecs) > 1 or any(codec["name"] == "sharding_indexed" for codec in within):
        raise Unavailable(f"the array {node.path!r} has shards within other codecs, or within shards")
    return tuple(inner["chunk_shape"]), within, True


def _as_mappings(metadata: dict[str, Any]) -> list[dict[str, Any]]:
    return [codec if isinstance(codec, dict) else {"name": codec} for codec in metadata.get("codecs") or ()]


def _packer(codecs: list[dict[str, Any]]) -> str | None:
    """The codec that packs, None if none does; it is the last, but for a checksum behind the chunk."""
    full = [str(codec.get("name", codec.get("id"))) for codec in codecs]
    while full and full[-1] == "crc32c" and codecs[0].get("name"):  # in Zarr 3; that of numcodecs stands in front
        full.pop()
    names = [name.removeprefix("numcodecs.") for name in full]
    found = [name for name in names if name in SIZES or name in SECRET]
    if not found:
        return None
    if len(found) > 1 or names[-1] != found[0] or found[0] in SECRET:
        raise Unavailable(f"the size of chunks packed by {', '.join(names)} can't be told beforehand")
    return found[0]


def _places_in_shard(files: Files, node: Node, key: str, shape: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Start and length of each packed chunk of a shard, by the index at one of its ends."""
    settings = _as_mappings(node.metadata)[0]["configuration"]
    index_codecs = [codec["name"] for codec in _as_mappings({"codecs": settings.get("index_codecs")})]
    if index_codecs not in (["bytes"], ["bytes", "crc32c"]) or '"big"' in json.dumps(settings["index_codecs"]):
        raise Unavailable(f"the array {node.path!r} has shards with an index by {', '.join(index_codecs)}")
    shard = chunk_shape(node.metadata)
    count = math.prod(-(-outer // inner) for outer, inner in zip(shard, shape, strict=True))
    size = 16 * count + (4 if len(index_codecs) > 1 else 0)
    if files.sizes[key] < size:
        raise Unavailable(f"the shard {key!r} has {files.sizes[key]} bytes, its index alone {size}")
    start = 0 if settings.get("index_location") == "start" else files.sizes[key] - size
    for place, length in struct.iter_unpack("<QQ", files.piece(key, start, 16 * count)):
        if place != NOWHERE:
            yield place, length


# --- sizes ------------------------------------------------------------------------------------------------


def _size_of_blosc(data: bytes, limit: int) -> int:
    return int.from_bytes(data[4:8], "little")


def _size_of_lz4(data: bytes, limit: int) -> int:
    return int.from_bytes(data[:4], "little")


def _size_of_zstd(data: bytes, limit: int) -> int:
    """Source: RFC 8878, section 3.1.1.1."""
    if data[:4] != b"\x28\xb5\x2f\xfd":
        return 0  # zarr refuses it
    flags = data[4]
    is_single, size_flag = bool(flags & 0x20), flags >> 6
    width = (1 if is_single else 0, 2, 4, 8)[size_flag]
    start = 5 + (0 if is_single else 1) + (0, 1, 2, 4)[flags & 3]
    if not width:
        raise Unavailable("a chunk packed by zstd does not say its size")
    return int.from_bytes(data[start : start + width], "little") + (256 if width == 2 else 0)


def _size_of_zlib(data: bytes, limit: int) -> int:
    """Of zlib or gzip, which may have several members."""
    size = 0
    while data and size <= limit:
        stream, rest = zlib.decompressobj(47), data
        while rest and not stream.eof and size <= limit:
            try:
                size += len(stream.decompress(rest, PIECE))
            except zlib.error:
                return size  # zarr refuses it
            rest = stream.unconsumed_tail
        data = stream.unused_data
    return size


def _size_by(new: Callable[[], Any]) -> Callable[[bytes, int], int]:
    """The same for bz2 and lzma, whose streams keep what they did not take."""

    def size_of(data: bytes, limit: int) -> int:
        size = 0
        while data and size <= limit:
            stream = new()
            size += len(stream.decompress(data, PIECE))
            while not stream.eof and not stream.needs_input and size <= limit:
                size += len(stream.decompress(b"", PIECE))
            data = stream.unused_data
        return size

    return size_of


SIZES: dict[str, Callable[[bytes, int], int]] = {
    "blosc": _size_of_blosc,
    "lz4": _size_of_lz4,
    "zstd": _size_of_zstd,
    "zlib": _size_of_zlib,
    "gzip": _size_of_zlib,
    "bz2": _size_by(bz2.BZ2Decompressor),
    "lzma": _size_by(lzma.LZMADecompressor),
}
"""By the name of a codec that packs: bytes that come out of a chunk, or some number beyond the limit."""
