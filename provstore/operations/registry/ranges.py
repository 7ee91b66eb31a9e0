"""Ranges of time, half open: `begin` is in it, `end` is not; None is open. Times are as the store spells them.

Texts of times stand in the order of the times, so that nothing here has to read one.
"""

from __future__ import annotations

from datetime import datetime

from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Range: TypeAlias = "tuple[str | None, str | None]"
    Moment: TypeAlias = "str | datetime | None"

FIRST, LAST = "", "~"
"""Texts before and after those of all times."""


def overlap(one: Range, other: Range) -> bool:
    """Some moment is in both."""
    return (one[0] or FIRST) < (other[1] or LAST) and (other[0] or FIRST) < (one[1] or LAST)


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


def contains(whole: Range, begin: str) -> bool:
    """A moment is in the range."""
    return (whole[0] or FIRST) <= begin < (whole[1] or LAST)


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
    from provstore.query.times import canonical, in_utc

    if moment is None:
        return None
    try:
        if isinstance(moment, datetime):
            return canonical(in_utc(moment).isoformat())
        if isinstance(moment, str):
            return canonical(moment)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{what}: {error}", hint="times are of ISO 8601, such as 2026-11-21T10:00:00Z") from None
    raise UsageError(f"{what}: found {moment!r}, expected a time such as '2026-11-21T10:00:00Z', or None")


def spelled_range(whole: Range) -> str:
    """A range as people read it."""
    return f"[{whole[0] or '…'}, {whole[1] or '…'})"
