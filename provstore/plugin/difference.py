"""Differences between two files: of which kind, where, and how large."""

from __future__ import annotations

from typing import NamedTuple

BYTES = "bytes only"
"""The files are equal as data; only their bytes differ, and the format can't say in what."""
STORAGE = "storage"
"""How the data are laid down, and when: chunks, compression, order, times of creation. Never counts."""
METADATA = "metadata"
"""What is said of the data: attributes, header cards, key-value pairs."""
STRUCTURE = "structure"
"""What there is: names, links, shapes, types, columns."""
VALUES = "values"
"""The data themselves."""

KINDS = (STRUCTURE, VALUES, METADATA, STORAGE, BYTES)
"""All kinds, in the order in which they are listed."""


class Tolerance(NamedTuple):
    """How far two numbers may be apart and still count as equal: by ``absolute + relative * max(abs(a), abs(b))``.

    It is for the comparison of two files only; a digest is never rounded. What is no number to one of them (NaN)
    has to be none to the other.
    """

    absolute: float = 0.0
    relative: float = 0.0


class Numbers(NamedTuple):
    """How two sets of numbers of one shape differ.

    Attributes:
        count: Of places at which they differ (by more than the tolerance, where there is one).
        total: Of all places.
        absolute: The largest distance; None where it can't be told (of infinities).
        relative: The largest distance, divided by the larger of the two absolute values.
        ulps: The largest distance in units in the last place; None for what is no floating point number.
        first: Index of the first place that differs, from 0, in C order.
        nan_gained: Places at which the second file has NaN and the first has a number.
        nan_lost: The other way round.
    """

    count: int  # type: ignore[assignment]  # nobody counts the values of this tuple
    total: int
    absolute: float | None
    relative: float | None
    ulps: int | None
    first: tuple[int, ...]
    nan_gained: int = 0
    nan_lost: int = 0


class Difference(NamedTuple):
    """One place in which two files differ.

    Attributes:
        kind: One of `KINDS`. `STORAGE` and `BYTES` do not count: files that differ in nothing else are equal as
            data, and have one semantic digest. The others count.
        place: Where, from the outside to the inside: ``("images", "flux")``, ``("row 3", "mass")``; ``()``: the file.
        what: In a word or two, what differs there: "chunking", "type", "shape", "attribute unit", "missing".
        a, b: What the first and the second file have there, in short, for a person; "" for nothing.
        numbers: For values that are numbers, how far they are apart; `a` and `b` are then those of the first place.
    """

    kind: str
    place: tuple[str, ...]
    what: str
    a: str = ""
    b: str = ""
    numbers: Numbers | None = None

    @property
    def counts(self) -> bool:
        """The files are not equal as data."""
        return self.kind not in (STORAGE, BYTES)
