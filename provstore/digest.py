"""Same? Digests of bytes, files and directories.

Rules: a digest is text with its algorithm in front, ``blake3:<64 hex digits>``. A directory's digest is that
of its manifest, which is kept like any other bytes. The encodings are a contract: `tests/golden/digests.json`
holds vectors; a new encoding gets a new tag.
"""

from __future__ import annotations

import json
import os
from typing import NamedTuple

from blake3 import blake3

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAG = "blake3:"
CHUNK = 1 << 20
MANY_BYTES = 1 << 24
"""From here on a file is read by several threads; below, starting them costs more than they save."""


def canonical_json(value: object) -> str:
    """The one spelling of a JSON value: sorted keys, no white space, characters as they are."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest_bytes(data: bytes | bytearray | memoryview) -> str:
    """Digest of bytes in memory."""
    return TAG + blake3(data).hexdigest()


def digest_text(text: str) -> str:
    """Digest of a text's UTF-8 bytes (file names that are not UTF-8 keep their bytes)."""
    return TAG + blake3(text.encode("utf-8", "surrogateescape")).hexdigest()


def digest_json(value: object) -> str:
    """Digest of a value's canonical JSON."""
    return digest_text(canonical_json(value))


SALTED = "salted-"
"""Before the digest that stands for a secret value."""


def digest_of_variable(value: str | None) -> str:
    """Digest of an environment variable's value; "" when it is not set."""
    return "" if value is None else digest_text(value)


def digest_descriptor(descriptor: int, size: int) -> str:
    """Digest of what an open file holds from its present position on, in bounded memory.

    Args:
        descriptor: Open for reading.
        size: Bytes expected; only decides how the file is read.
    """
    # Not mapped into memory: should somebody cut the file meanwhile, that would be the end of this process.
    hasher = blake3(max_threads=blake3.AUTO) if size >= MANY_BYTES else blake3()
    while data := os.read(descriptor, CHUNK):
        hasher.update(data)
    return TAG + hasher.hexdigest()


class Entry(NamedTuple):
    """One line of a directory's manifest.

    Attributes:
        path: Relative to the directory, POSIX.
        kind: "file", "executable", "link" or "empty" (a directory with nothing in it).
        digest: Of the file's bytes, or of the link's target text; "" for an empty directory.
        size: Bytes; 0 for links and empty directories.
    """

    path: str
    kind: str
    digest: str
    size: int


def manifest_text(entries: Iterable[Entry]) -> str:
    """The manifest as it is digested and kept: canonical JSON of [path, kind, digest, size], sorted by path."""
    ordered = sorted(entries, key=lambda entry: os.fsencode(entry.path))
    return canonical_json([list(entry) for entry in ordered])


def entries_from_manifest(text: str) -> Sequence[Entry]:
    """The entries of a kept manifest, in its order."""
    return [Entry(path, kind, digest, size) for path, kind, digest, size in json.loads(text)]
