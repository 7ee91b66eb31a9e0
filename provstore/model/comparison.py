"""What came of comparing two pieces of data: how far they are equal, and where they differ. Plain values, for JSON."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from provstore.model.values import JSON

IDENTICAL = "identical"
"""Byte for byte."""
EQUIVALENT = "equivalent"
"""Equal as data, by the semantic digests; the bytes differ."""
WITHIN_TOLERANCE = "within tolerance"
"""Not equal, but nothing is farther apart than was allowed."""
DIFFERENT = "different"

VERDICTS = (IDENTICAL, EQUIVALENT, WITHIN_TOLERANCE, DIFFERENT)


class Numbers(NamedTuple):
    """How far apart the values of one place are; as `provstore.plugin.Numbers`."""

    count: int  # type: ignore[assignment]
    total: int
    absolute: float | None
    relative: float | None
    ulps: int | None
    first: tuple[int, ...]
    nan_gained: int = 0
    nan_lost: int = 0


class Difference(NamedTuple):
    """One place in which two pieces of data differ; as `provstore.plugin.Difference`.

    Attributes:
        counts: It makes them differ as data.
    """

    kind: str
    counts: bool
    place: tuple[str, ...]
    what: str
    a: str = ""
    b: str = ""
    numbers: Numbers | None = None


class Comparison(NamedTuple):
    """Two files or directories, compared.

    Attributes:
        verdict: One of `VERDICTS`.
        format: Name of the format that compared them; "bytes" where their bytes decided.
        differences: Those that count, in the order of the format, then those that don't.
        unavailable: Why the format could not say more, so that the bytes decided; "" where it could.
        digests: Semantic digests of the first and the second (``hdf5/1:<hex>``); None where none was taken.
        truncated: There are more differences than are listed.
    """

    verdict: str
    format: str
    differences: tuple[Difference, ...] = ()
    unavailable: str = ""
    digests: tuple[str | None, str | None] = (None, None)
    truncated: bool = False

    @property
    def is_equal(self) -> bool:
        """Nothing in which they differ counts."""
        return self.verdict != DIFFERENT

    def to_json(self) -> dict[str, JSON]:
        """All of it, for another process and for records."""
        return {**self._asdict(), "differences": [_to_json(entry) for entry in self.differences]}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Comparison:
        """The same, back again."""
        differences = tuple([_difference_from(entry) for entry in found["differences"]])
        return cls(**{**found, "differences": differences, "digests": tuple(found["digests"])})


def _to_json(entry: Difference) -> dict[str, JSON]:
    return {**entry._asdict(), "numbers": entry.numbers and entry.numbers._asdict()}


def _difference_from(found: Mapping[str, Any]) -> Difference:
    numbers = found["numbers"]
    if numbers is not None:
        numbers = Numbers(**{**numbers, "first": tuple(numbers["first"])})
    return Difference(**{**found, "place": tuple(found["place"]), "numbers": numbers})
