"""Ranges of time, half open: `begin` is in it, `end` is not; None is open. Times are as the store spells them.

Texts of times stand in the order of the times, so that nothing here has to read one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    Range: TypeAlias = "tuple[str | None, str | None]"

ANY_TIME: Range = (None, None)

FIRST, LAST = "", "~"
"""Texts before and after those of all times."""


def overlap(one: Range, other: Range) -> bool:
    """Some moment is in both."""
    return (one[0] or FIRST) < (other[1] or LAST) and (other[0] or FIRST) < (one[1] or LAST)


def contains(whole: Range, begin: str) -> bool:
    """A moment is in the range."""
    return (whole[0] or FIRST) <= begin < (whole[1] or LAST)


def is_valid_in(whole: Range, span: Range) -> bool:
    """What holds for a range does so at some time of `span`, which may be a moment: twice the same time."""
    if span[0] is not None and span[0] == span[1]:
        return contains(whole, span[0])
    return overlap(whole, span)


def common(one: Range, other: Range) -> Range | None:
    """The time that is in both; None: there is none. A range may be a moment: twice the same time."""
    if one == other:
        return one
    begin = max(one[0] or FIRST, other[0] or FIRST)
    end = min(one[1] or LAST, other[1] or LAST)
    if begin > end or (begin == end and not (_is_moment(other) and is_valid_in(one, other))
                       and not (_is_moment(one) and is_valid_in(other, one))):  # fmt: skip
        return None
    return (begin or None, None if end == LAST else end)


def _is_moment(whole: Range) -> bool:
    return whole[0] is not None and whole[0] == whole[1]


def spelled_range(whole: Range) -> str:
    """A range as people read it, such that "valid for" can stand before it; a moment by itself."""
    begin, end = [None if time is None else time.replace(".000000Z", "Z") for time in whole]
    if begin is None:
        return "all times" if end is None else f"all times before {end}"
    if end is None:
        return f"{begin} and later"
    return begin if begin == end else f"{begin} until {end}"
