"""What is asked of a format for any two files: its digest and its comparison agree."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from provstore.plugin import STORAGE, Difference, Format


def are_equal(format: Format, a: bytes, b: bytes, suffix: str = "") -> bool:
    """Two contents are equal as data; a difference that counts is found exactly if they are not."""
    with TemporaryDirectory() as folder:
        one, other = Path(folder) / f"a{suffix}", Path(folder) / f"b{suffix}"
        one.write_bytes(a)
        other.write_bytes(b)
        same = format.digest(one) == format.digest(other)
        counting = [entry for entry in format.diff(one, other) if entry.counts]
        counting_back = [entry for entry in format.diff(other, one) if entry.counts]

        assert same == (not counting) == (not counting_back), (a, b, counting)

        return same


def differences(format: Format, a: bytes, b: bytes, *arguments: object) -> list[Difference]:
    """All differences of two contents."""
    with TemporaryDirectory() as folder:
        one, other = Path(folder) / f"a{suffix_of(format)}", Path(folder) / f"b{suffix_of(format)}"
        one.write_bytes(a)
        other.write_bytes(b)
        return list(format.diff(one, other, *arguments))


def storage(format: Format, a: bytes, b: bytes) -> set[str]:
    """In what two contents differ that are equal as data."""
    return {entry.what for entry in differences(format, a, b) if entry.kind == STORAGE}


def suffix_of(format: Format) -> str:
    return format.suffixes[0] if format.suffixes else ""
