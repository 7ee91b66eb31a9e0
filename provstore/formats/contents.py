"""What lies in a container, compared by the format of its name; without one, or where it can't read it, as bytes."""

from __future__ import annotations

import os
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from provstore.plugin import VALUES, Difference, under_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from provstore.plugin import Format, Tolerance

LONGEST_NAME = 60
"""Characters of a name that a temporary file keeps, its end: a system takes 255 bytes."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="provstore-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def write_pieces(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a new file, its folder included."""
    path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        for piece in pieces:
            file.write(piece)


def name_on_disk(name: str) -> str:
    """A name of which a file can be: the end of what the container calls it, where its ending is."""
    return os.path.basename(name)[-LONGEST_NAME:].lstrip(".") or "content"


def digest_by(inner: Format | None, path: Path, name: str) -> str:
    """The semantic digest of a content, as ``NAME/VERSION:<digest>``; "" where there is none, and its bytes count."""
    if inner is None or not inner.has_digest:
        return ""
    try:
        with under_name(name):
            return f"{inner.name}/{inner.version}:{inner.digest(path)}"
    except MemoryError:
        raise
    except Exception:  # whatever a format raises, see `Format`
        return ""


def differences_by(
    inner: Format | None, a: Path, b: Path, name: str, tolerance: Tolerance | None
) -> list[Difference] | None:
    """What a format finds between two contents; None where there is none, or where it can't compare them."""
    if inner is None:
        return None
    try:
        with under_name(name):
            return list(inner.diff(a, b, tolerance))
    except MemoryError:
        raise
    except Exception:
        return None


def inside_place(place: tuple[str, ...], differences: Iterable[Difference]) -> Iterator[Difference]:
    """The same differences, their places seen from outside."""
    return (found._replace(place=(*place, *found.place)) for found in differences)


def is_exact(tolerance: Tolerance | None) -> bool:
    """Nothing is tolerated, so that a comparison has to agree with the digests."""
    return tolerance is None or tolerance == (0.0, 0.0)


def compare_bytes(a: Iterable[bytes], b: Iterable[bytes], place: tuple[str, ...] = ()) -> Iterator[Difference]:
    """How two contents differ as bytes: their sizes, and where they first do. Both are read to their ends."""
    sizes = [0, 0]

    def counted(pieces: Iterable[bytes], which: int) -> Iterator[bytes]:
        for piece in pieces:
            sizes[which] += len(piece)
            yield piece

    left, right = counted(a, 0), counted(b, 1)
    first = first_difference(left, right)
    for _ in chain(left, right):
        pass
    if first is not None:
        yield Difference(
            VALUES, place, f"bytes, from offset {first:,} on", f"{sizes[0]:,} bytes", f"{sizes[1]:,} bytes"
        )


def first_difference(a: Iterator[bytes], b: Iterator[bytes]) -> int | None:
    """The first offset at which two streams differ; None: nowhere."""
    left = right = b""
    offset = 0
    while True:
        left, right = left or next(a, b""), right or next(b, b"")
        length = min(len(left), len(right))
        if not length:
            return offset if left or right else None
        if left[:length] != right[:length]:
            return offset + next(at for at in range(length) if left[at] != right[at])
        offset += length
        left, right = left[length:], right[length:]


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file, piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            yield piece


def printable(text: str) -> str:
    """A name as it can be printed: what would move a terminal's cursor, or is no UTF-8, is escaped."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
