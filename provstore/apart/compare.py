"""How two files or directories differ: in bytes, and by a format as data.

Rules, in this order:

1. Equal bytes are "identical"; no format is asked.
2. Equal semantic digests are "equivalent"; the format says in what the files differ all the same.
3. Where the digests differ, or the format has none, the format says where: "different". If a tolerance leaves nothing
   of what it says without one: "within tolerance".
4. A format that can't read one of the files says nothing of them: then their bytes are compared, with the reason.
   Such files are never "equivalent".
5. Of a directory without a format of its own the bytes decide; in what its files differ, their formats say.
6. A format that contradicts itself is not believed where it says "equal".

Pure but for reading the two.
"""

from __future__ import annotations

from functools import partial
from math import isfinite

from provstore.apart.contents import differences, first_spot
from provstore.apart.worker import reason_of, semantic_digest
from provstore.formats.bytes import Bytes
from provstore.model import comparison as model
from provstore.model.comparison import DIFFERENT, EQUIVALENT, IDENTICAL, WITHIN_TOLERANCE, Comparison
from provstore.noun import NamedTuple
from provstore.plugin import BYTES
from provstore.plugin.inner import inner_format, under_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from provstore.apart.contents import Spot
    from provstore.plugin import Difference, Format, Numbers, Tolerance

    Digests = tuple[str | None, str | None]

LISTED_AT_MOST = 1_000
"""Differences that count, and as many of the others; there may be millions."""
LONGEST_TEXT = 10_000
"""Characters of what a format says of one place."""


def compare(format: Format, a: Path, b: Path, tolerance: Tolerance | None = None) -> Comparison:
    """How two files or directories differ.

    Args:
        format: Of both.
        tolerance: What is within it is no difference.

    Raises:
        OSError: One of them can't be read.
        Unavailable: In a directory lies what is neither file, link nor folder.
    """
    pair = _Pair(format, a, b, tolerance)
    spot = first_spot(a, b)
    if spot is None:
        return Comparison(IDENTICAL, format.name)
    if isinstance(format, Bytes):
        return _by_bytes(pair, "")
    digests, reason = _digests(pair)
    if reason:
        return _by_bytes(pair, reason)
    try:
        found = _listed(map(_plain, format.diff(a, b, tolerance)))
    except Exception as error:
        if _are_equal(digests):
            only = _bytes_only(spot, f"in what, the format can't say: {reason_of(error)}")
            return Comparison(EQUIVALENT, format.name, (only,), "", digests)
        return _by_bytes(pair, reason_of(error))._replace(digests=digests)
    return _judged(pair, found, digests, spot)


class _Pair(NamedTuple):
    """What is compared, and by what."""

    format: Format
    a: Path
    b: Path
    tolerance: Tolerance | None

    def differs_without_tolerance(self) -> bool:
        """The format finds something that counts, were it not for the tolerance."""
        try:
            return self.tolerance is not None and any(entry.counts for entry in self.format.diff(self.a, self.b))
        except Exception:
            return False


def _digests(pair: _Pair) -> tuple[Digests, str]:
    """The digests of both, None for a format without one; and why they can't be told, else ""."""
    if not pair.format.has_digest:
        return (None, None), ""
    digests, reasons = [], []
    for which, path in (("the first file", pair.a), ("the second file", pair.b)):
        try:
            digests.append(semantic_digest(pair.format, path))
        except Exception as error:
            reasons.append((which, reason_of(error)))
    if not reasons:
        return (digests[0], digests[1]), ""
    if len({reason for _, reason in reasons}) < len(reasons):
        return (None, None), f"both files: {reasons[0][1]}"
    return (None, None), "; ".join([f"{which}: {reason}" for which, reason in reasons])


def _are_equal(digests: Digests) -> bool:
    return digests[0] is not None and digests[0] == digests[1]


class _Listed(NamedTuple):
    """What a format said."""

    counting: tuple[model.Difference, ...]
    others: tuple[model.Difference, ...]
    truncated: bool


def _listed(found: Iterable[model.Difference]) -> _Listed:
    """The first differences of both sorts: those that don't count must not crowd out those that do."""
    counting: list[model.Difference] = []
    others: list[model.Difference] = []
    truncated = False
    for entry in found:
        entries = counting if entry.counts else others
        if len(entries) < LISTED_AT_MOST:
            entries.append(entry)
            continue
        truncated = True
        if entry.counts:
            break
    return _Listed(tuple(counting), tuple(others), truncated)


def _judged(pair: _Pair, found: _Listed, digests: Digests, spot: Spot) -> Comparison:
    """The verdict on files that differ in bytes, from what the format said."""
    entries, unavailable = found.counting + found.others, ""
    if found.counting:
        verdict = DIFFERENT
        if _are_equal(digests):
            unavailable = "the digests are equal, but the format finds differences: they are not trusted"
    elif _are_equal(digests):
        verdict = EQUIVALENT
        entries = entries or (_bytes_only(spot),)
    elif pair.differs_without_tolerance():
        verdict = WITHIN_TOLERANCE
    else:
        verdict = DIFFERENT
        entries += (_bytes_only(spot, f"in what, the format {pair.format.name} does not say"),)
    return Comparison(verdict, pair.format.name, entries, unavailable, digests, found.truncated)


def _bytes_only(spot: Spot, more: str = "") -> model.Difference:
    return model.Difference(BYTES, False, (), f"bytes ({more})" if more else "bytes", spot.a, spot.b)


def _by_bytes(pair: _Pair, reason: str) -> Comparison:
    """The comparison of what is known to differ in bytes, and of which no format can say more."""
    if pair.a.is_dir() or pair.b.is_dir():
        found = _listed(differences(pair.a, pair.b, partial(_differences_of_members, pair.tolerance)))
    else:
        found = _listed(map(_plain, Bytes().diff(pair.a, pair.b)))
    entries = found.counting + found.others
    return Comparison(DIFFERENT, pair.format.name, entries, reason, (None, None), found.truncated)


def _differences_of_members(tolerance: Tolerance | None, a: Path, b: Path) -> tuple[model.Difference, ...]:
    """In what two files in directories differ: each by its own format, though the bytes of a directory decide."""
    format = inner_format(a.name) or Bytes()
    with under_name(a.name):
        return compare(format, a, b, tolerance).differences


def _plain(entry: Difference) -> model.Difference:
    """As the model has it, with texts of bounded length: a plug-in may say whatever it likes."""
    place = tuple([_cut(str(part)) for part in entry.place])
    numbers = _plain_numbers(entry.numbers) if entry.numbers is not None else None
    return model.Difference(
        entry.kind, entry.counts, place, _cut(str(entry.what)), _cut(str(entry.a)), _cut(str(entry.b)), numbers
    )


def _plain_numbers(found: Numbers) -> model.Numbers:
    """Those of numpy as Python's own; what JSON has no word for is not known."""
    absolute, relative = [
        float(value) if value is not None and isfinite(value) else None for value in (found.absolute, found.relative)
    ]
    return model.Numbers(
        int(found.count),
        int(found.total),
        absolute,
        relative,
        None if found.ulps is None else int(found.ulps),
        tuple(map(int, found.first)),
        int(found.nan_gained),
        int(found.nan_lost),
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
