"""Ranges of time, half open: `begin` is in it, `end` is not; None is open. Times are as the store spells them.

Texts of times stand in the order of the times, so that nothing here has to read one.
"""

from __future__ import annotations

from datetime import date

from provstore.errors import UsageError
from provstore.model.ranges import FIRST, LAST, contains, overlap, spelled_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from provstore.model.ranges import Range as Range  # noqa: PLC0414 - for others to import from here

    Moment: TypeAlias = "str | date | None"

__all__ = ["checked_range", "contains", "overlap", "spelled_range", "without"]


def without(whole: Range, cut: Range) -> list[Range]:
    """What is left of a range when another one is cut out of it: nothing, one part or two."""
    if not overlap(whole, cut):
        return [whole]
    left: list[Range] = []
    if (whole[0] or FIRST) < (cut[0] or FIRST):
        left.append((whole[0], cut[0]))
    if (cut[1] or LAST) < (whole[1] or LAST):
        left.append((cut[1], whole[1]))
    return left


def checked_range(begin: Moment, end: Moment, *, may_be_moment: bool = False) -> Range:
    """The range from one time to another; None is open.

    Args:
        may_be_moment: Both may be one and the same time.

    Raises:
        UsageError: One is no time, or nothing is between them.
    """
    first, last = _canonical("begin", begin), _canonical("end", end)
    if first is not None and last is not None and (first > last or (first == last and not may_be_moment)):
        raise UsageError(f"found the range from {first} to {last}, expected its begin before its end")
    return first, last


def _canonical(what: str, moment: Moment) -> str | None:
    from provstore.query.times import canonical, moment_of

    if moment is None:
        return None
    try:
        if isinstance(moment, date):
            return canonical(moment_of(moment).isoformat())
        if isinstance(moment, str):
            return canonical(moment)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{what}: {error}", hint="times are of ISO 8601, such as 2026-11-21T10:00:00Z") from None
    raise UsageError(f"{what}: found {moment!r}, expected a time such as '2026-11-21T10:00:00Z', or None")
