"""The format `gzip`: a compressed file counts as what it holds.

What counts: the content, by the format of its name without ".gz" (the rows of "table.csv.gz" are CSV); where that
format has no digest of its own, or can't read it, the content's bytes. Which of the two it was is a part of the
digest, with the name and version of the inner format.
What does not: times, names, comments and the system in the header, the level, how many streams one after the other
make up the content, zeros behind it.
Refused: wrong checksums and lengths, a cut stream, anything else behind it, an empty file, and what expands to far
more than its size.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import NamedTuple

from provstore.formats.compression import expansion_for, gzip_header, inside, unpacked
from provstore.formats.contents import (
    compare_bytes,
    differences_by,
    digest_by,
    is_exact,
    name_on_disk,
    pieces_of,
    printable,
    temporary_folder,
    write_pieces,
)
from provstore.plugin import (
    STORAGE,
    STRUCTURE,
    Difference,
    Format,
    Hasher,
    Preview,
    Unavailable,
    hookimpl,
    inner_format,
    name_of,
    shown,
    under_name,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin import Expansion, Tolerance

LEVEL = 6
"""Of compression, where this writes: higher ones take twice the time for a hundredth of the size."""
MODERATE = 1 << 24
"""Bytes of a file that is unpacked only to be looked at."""
SHOWN = 2000
"""Bytes of a content without a preview of its own that are looked at, for one."""


class Gzip(Format):
    """What a gzip file holds, read and written by the format of its name without ".gz", else as bytes."""

    name = "gzip"
    suffixes = (".gz",)
    python_type = object

    def read(self, path: Path, component: str | None = None, **parameters: object) -> object:
        """The value of the content as its own format reads it, else its bytes.

        Raises:
            LookupError: The inner format has no such component or parameter; bytes have none.
        """
        packed = packed_file(path)
        if packed.inner is None:
            if component is not None or parameters:
                raise LookupError(f"the content has no {component or ', '.join(parameters)}")
            return b"".join(packed.pieces())
        with packed.unpacked() as content:
            return packed.inner.read(content, component, **parameters)

    def write(self, value: object, path: Path) -> None:
        """Compresses what the inner format writes, always to the same bytes.

        Raises:
            TypeError: The value is not one of the inner format; without one, it is no bytes.
        """
        name = inner_name(path)
        inner = inner_format(name)
        if inner is None:
            if not isinstance(value, bytes):
                raise TypeError(f"found {type(value).__name__}, expected bytes")
            write_gzip(path, [value])
            return
        if not inner.accepts(value):
            raise TypeError(f"found {type(value).__name__}, which the format {inner.name} can't write")
        with temporary_folder() as folder, under_name(name):
            content = folder / name_on_disk(name)
            inner.write(value, content)
            write_gzip(path, pieces_of(content))

    def digest(self, path: Path) -> str:
        """Of the content, see above."""
        packed = packed_file(path)
        if not packed.has_digest:
            return Hasher().add("bytes").stream(packed.pieces()).digest
        with packed.unpacked() as content:
            found = packed.digest_of(content)
            if found:
                return Hasher().add("inner", found).digest
            return Hasher().add("bytes").stream(pieces_of(content)).digest

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterable[Difference]:
        """By the inner format, else as bytes; then in what the two are stored differently."""
        left, right = packed_file(a), packed_file(b)
        if left.has_digest or right.has_digest:
            with left.unpacked() as one, right.unpacked() as other:
                kinds = left.digest_of(one), right.digest_of(other)
                of_bytes = list(compare_bytes(pieces_of(one), pieces_of(other)))
                found = differences_by(left.inner, one, other, left.name, tolerance) if all(kinds) else None
            yield from semantic_differences(kinds, found, of_bytes, tolerance)
        else:
            of_bytes = list(compare_bytes(left.pieces(), right.pieces()))
            yield from of_bytes
        yield from storage_differences(a, b, are_same=not of_bytes)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """Name of the inner format, sizes, what the header says, and the description by the inner format.

        A large file is not unpacked for it, and described without the size and description of its content.
        """
        packed = packed_file(path)
        with path.open("rb") as file:
            header, _ = gzip_header(file)
        facts: dict[str, JSON] = {"content": packed.inner.name if packed.inner else "bytes", "packed": packed.size}
        if header.get("file name"):
            facts["file name"] = printable(header["file name"])
        if packed.size <= MODERATE:
            with packed.unpacked() as content:
                facts["unpacked"] = os.path.getsize(content)
                if packed.inner is not None:
                    facts["description"] = dict(packed.inner.describe(content))
        return facts

    def components(self, path: Path) -> Sequence[str]:
        """Those of the inner format; bytes have none."""
        packed = packed_file(path)
        if packed.inner is None:
            return ()
        with packed.unpacked() as content:
            return packed.inner.components(content)

    def preview(self, path: Path) -> Preview:
        """That of the inner format; else the first lines, if the content is text.

        Raises:
            Unavailable: The inner format has none, the content is no text, or it is too large to be unpacked for it.
        """
        packed = packed_file(path)
        if packed.inner is None:
            return text_preview(packed)
        if packed.size > MODERATE:
            raise Unavailable("the file is too large to be unpacked for a preview")
        with packed.unpacked() as content:
            return packed.inner.preview(content)


# --- what it holds ----------------------------------------------------------------------------------------


class Packed(NamedTuple):
    """A gzip file and what its name tells.

    Attributes:
        path: The file.
        size: Of the file.
        name: Of the content.
        inner: The format for that name; None: bytes.
        expansion: Counts what comes out of the file.
    """

    path: Path
    size: int
    name: str
    inner: Format | None
    expansion: Expansion

    @property
    def has_digest(self) -> bool:
        """The content counts by a digest of its format, if it can be read; else its bytes do."""
        return self.inner is not None and self.inner.has_digest

    def pieces(self) -> Iterator[bytes]:
        """The content, piece by piece, checked to its end."""
        with self.path.open("rb") as file:
            yield from unpacked(file, "gzip", self.expansion)

    @contextmanager
    def unpacked(self) -> Iterator[Path]:
        """The content as a temporary file, while its format reads it; what expands in there shares the limit."""
        with temporary_folder() as folder:
            content = folder / name_on_disk(self.name)
            write_pieces(content, self.pieces())
            with inside(self.expansion), under_name(self.name):
                yield content

    def digest_of(self, content: Path) -> str:
        """What the inner format says of the unpacked content, as ``NAME/VERSION:<digest>``; "" if its bytes count."""
        with inside(self.expansion):
            return digest_by(self.inner, content, self.name)


def packed_file(path: Path) -> Packed:
    """The file and what its name tells."""
    name, size = inner_name(path), os.path.getsize(path)
    return Packed(path, size, name, inner_format(name), expansion_for(size, "the gzip file"))


def inner_name(path: Path) -> str:
    """The name of the content: that of the file without ".gz"; "content" where it ends otherwise."""
    name = os.path.basename(name_of(path))
    return name[: -len(".gz")] if name.lower().endswith(".gz") and len(name) > len(".gz") else "content"


def write_gzip(path: Path, pieces: Iterable[bytes]) -> None:
    """Compresses, without time and name."""
    import gzip

    with path.open("wb") as file, gzip.GzipFile("", "wb", LEVEL, file, mtime=0) as packed:
        for piece in pieces:
            packed.write(piece)


def text_preview(packed: Packed) -> Preview:
    """The first lines of a content that is text."""
    import codecs

    start = next(packed.pieces(), b"")[:SHOWN]
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        raise Unavailable("the content is no text") from None
    lines = [printable(line) for line in text.splitlines()[:30]]
    if not any(lines):
        raise Unavailable("the content is empty")
    return Preview("text", "\n".join(lines).encode())


# --- how two differ ---------------------------------------------------------------------------------------


def semantic_differences(
    kinds: tuple[str, str], found: list[Difference] | None, bytes_differ: list[Difference], tolerance: Tolerance | None
) -> Iterator[Difference]:
    """What counts between two contents of which one at least has an inner format, in agreement with `Gzip.digest`.

    Args:
        kinds: What the inner format says each is, as ``NAME/VERSION:<digest>``; "" for bytes.
        found: What it finds between them; None if it can't tell.
        bytes_differ: What there is between their bytes.
    """
    read_as = [kind.partition(":")[0] or "bytes" for kind in kinds]
    if read_as[0] != read_as[1]:
        yield Difference(STRUCTURE, (), "read as", read_as[0], read_as[1])
        yield from bytes_differ
    elif kinds[0] == kinds[1] and kinds[0]:
        yield from found or ()
    elif found is None or (is_exact(tolerance) and not any(entry.counts for entry in found)):
        yield from bytes_differ
    else:
        yield from found


def storage_differences(a: Path, b: Path, are_same: bool) -> Iterator[Difference]:
    """In what two files are stored differently.

    Args:
        are_same: Their contents are the same bytes, so that it is the compression that makes the difference.
    """
    headers, sizes = [], []
    for path in (a, b):
        with path.open("rb") as file:
            words, length = gzip_header(file)
        headers.append(words)
        sizes.append(os.path.getsize(path) - length)
    for word in {**headers[0], **headers[1]}:
        one, other = (shown(printable(words.get(word, ""))) for words in headers)
        if headers[0].get(word) != headers[1].get(word):
            yield Difference(STORAGE, (), word, one, other)
    if are_same and sizes[0] != sizes[1]:
        yield Difference(STORAGE, (), "compression", f"{sizes[0]:,} bytes", f"{sizes[1]:,} bytes")


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Gzip()]
