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

TYPES = ("dtype", "astype", "encode_dtype", "decode_dtype")
"""Settings that name a type of numpy."""
WIDEST = 32
"""Bytes of a value that a codec makes, at most."""


def check_codecs(metadata: dict[str, Any]) -> None:
    """Looks at all codecs of an array, those of shards included.

    Raises:
        Unavailable: One of them is not known to be harmless.
    """
    for name, settings in _codecs(metadata):
        short = name.removeprefix("numcodecs.")
        if short not in KNOWN:
            why = "it can run code" if short == "pickle" else "it is not among those that provstore lets run"
            raise Unavailable(f"the codec {name!r} is refused: {why}")
        _check_types(name, settings)


def _check_types(name: str, settings: dict[str, Any]) -> None:
    """No codec may make wide values: a text of a thousand letters of one byte."""
    import numpy

    for key in TYPES:
        found = settings.get(key)
        if isinstance(found, str) and numpy.dtype(found).itemsize > WIDEST:
            raise Unavailable(f"the codec {name!r} is refused: it makes values of the type {found!r}")


def codec_names(metadata: dict[str, Any]) -> list[str]:
    """Names of all codecs, in order."""
    return [name for name, _ in _codecs(metadata)]


def _codecs(metadata: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Names and settings of all codecs, in order."""
    if metadata.get("zarr_format") != 2:
        yield from _codecs_within(metadata.get("codecs") or ())
        return
    for codec in [*(metadata.get("filters") or ()), metadata.get("compressor")]:
        if codec is not None:
            yield str(codec["id"]), codec


def _codecs_within(codecs: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    for codec in codecs:
        if isinstance(codec, str):
            yield codec, {}
            continue
        settings = codec.get("configuration") or {}
        yield str(codec["name"]), settings
        for key in ("codecs", "index_codecs"):
            yield from _codecs_within(settings.get(key) or ())
