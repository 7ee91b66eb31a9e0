"""The format `bytes`: what a file is when nothing more is known of it.

Rules: it has no digest of its own, so the bytes decide; every difference of them counts.
"""

from __future__ import annotations

from provstore.plugin import STRUCTURE, VALUES, Difference, Format, Numbers, Preview, hookimpl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from provstore.model.values import JSON
    from provstore.plugin import Tolerance

PIECE = 1 << 20
SHOWN = 256
"""Bytes of a preview."""
ROW = 16
"""Bytes of a line of it."""


class Bytes(Format):
    """Bytes as they are. It has no digest of its own: the byte digest decides."""

    name = "bytes"
    python_type = bytes

    def read(self, path: Path, component: str | None = None, **parameters: object) -> bytes:
        """The whole file.

        Raises:
            LookupError: A component or a parameter was asked for; bytes have none.
        """
        if component is not None or parameters:
            raise LookupError(f"bytes have no {component or ', '.join(parameters)}")
        return path.read_bytes()

    def write(self, value: object, path: Path) -> None:
        """Writes bytes.

        Raises:
            TypeError: The value is something else.
        """
        if not isinstance(value, bytes):
            raise TypeError(f"found {type(value).__name__}, expected bytes")
        path.write_bytes(value)

    def diff(self, a: Path, b: Path, tolerance: Tolerance | None = None) -> Iterator[Difference]:
        """The sizes, and how many bytes differ from which offset on, as far as both files go."""
        del tolerance
        sizes = a.stat().st_size, b.stat().st_size
        if sizes[0] != sizes[1]:
            yield Difference(STRUCTURE, (), "size", f"{sizes[0]:,} bytes", f"{sizes[1]:,} bytes")
        count, first, shown = _compare(a, b)
        if count:
            numbers = Numbers(count, min(sizes), None, None, None, (first,))
            yield Difference(VALUES, (f"byte {first}",), "bytes", shown[0], shown[1], numbers)

    def describe(self, path: Path) -> Mapping[str, JSON]:
        """The size."""
        return {"bytes": path.stat().st_size}

    def preview(self, path: Path) -> Preview:
        """The first bytes in hexadecimal and, where they are printable, as characters."""
        with path.open("rb") as file:
            data = file.read(SHOWN)
            has_more = bool(file.read(1))
        rows = [_row(start, data[start : start + ROW]) for start in range(0, len(data), ROW)]
        return Preview("text", "\n".join([*rows, *(["…"] if has_more else [])] or ["(empty)"]).encode())


def _compare(a: Path, b: Path) -> tuple[int, int, tuple[str, str]]:
    """How many bytes differ where both files have some, the offset of the first, and what both have from there on."""
    count, first, done = 0, -1, 0
    shown = "", ""
    with a.open("rb") as file_a, b.open("rb") as file_b:
        while True:
            left, right = file_a.read(PIECE), file_b.read(PIECE)
            length = min(len(left), len(right))
            left, right = left[:length], right[:length]
            if not length:
                return count, first, shown
            if left != right:
                # As two long numbers: as fast as numpy, whose import alone takes longer than most comparisons.
                differing = (int.from_bytes(left, "big") ^ int.from_bytes(right, "big")).to_bytes(length, "big")
                if first < 0:
                    place = length - len(differing.lstrip(b"\0"))
                    first, shown = done + place, (left[place : place + 8].hex(" "), right[place : place + 8].hex(" "))
                count += length - differing.count(0)
            done += length


def _row(start: int, data: bytes) -> str:
    """One line of a preview: offset, bytes, characters."""
    characters = "".join([chr(byte) if 32 <= byte < 127 else "." for byte in data])
    return f"{start:08x}  {data.hex(' '):{3 * ROW - 1}}  {characters}"


@hookimpl
def provstore_formats() -> list[Format]:
    """The format itself."""
    return [Bytes()]
