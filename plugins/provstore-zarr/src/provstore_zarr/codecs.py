"""Which codecs are let decode data. One that is not listed here is never run: some can run code from the file."""

from __future__ import annotations

from provstore.plugin import Unavailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NUMBERS = ("astype", "bitround", "bytes", "cast_value", "delta", "fixedscaleoffset", "quantize", "scale_offset")
ORDER = ("packbits", "reshape", "sharding_indexed", "shuffle", "transpose")
PACKERS = ("blosc", "bz2", "gzip", "lz4", "lzma", "pcodec", "zfpy", "zlib", "zstd")
CHECKSUMS = ("adler32", "crc32", "crc32c", "fletcher32", "jenkins_lookup3")
OBJECTS = ("base64", "categorize", "json2", "msgpack2", "vlen-array", "vlen-bytes", "vlen-utf8")
KNOWN = frozenset(NUMBERS + ORDER + PACKERS + CHECKSUMS + OBJECTS)
"""Codecs of zarr and numcodecs that only compute. `pickle`, which runs code, is not among them."""


def check_codecs(metadata: dict[str, Any]) -> None:
    """Looks at all codecs of an array, those of shards included.

    Raises:
        Unavailable: One of them is not known to be harmless.
    """
    for name in codec_names(metadata):
        short = name.removeprefix("numcodecs.")
        if short not in KNOWN:
            why = "it can run code" if short == "pickle" else "it is not among those that provstore lets run"
            raise Unavailable(f"the codec {name!r} is refused: {why}")


def codec_names(metadata: dict[str, Any]) -> list[str]:
    """Names of all codecs, in order."""
    if metadata.get("zarr_format") == 2:
        found = [*(metadata.get("filters") or ()), metadata.get("compressor")]
        return [str(codec["id"]) for codec in found if codec is not None]
    return list(_names_within(metadata.get("codecs") or ()))


def _names_within(codecs: Any) -> Iterator[str]:
    for codec in codecs:
        if isinstance(codec, str):
            yield codec
            continue
        yield str(codec["name"])
        inner = codec.get("configuration") or {}
        for key in ("codecs", "index_codecs"):
            yield from _names_within(inner.get(key) or ())
