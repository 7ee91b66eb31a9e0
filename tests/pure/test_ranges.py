"""Ranges of time: what two have in common, and what is valid at some time of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provstore.model.ranges import common, contains, is_valid_in, overlap, spelled_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.ranges import Range

MOMENTS = [f"2026-01-0{day}T00:00:00.000000Z" for day in range(1, 8)]
RANGES = st.tuples(st.none() | st.sampled_from(MOMENTS), st.none() | st.sampled_from(MOMENTS)).filter(
    lambda whole: whole[0] is None or whole[1] is None or whole[0] <= whole[1]
)


def moments(whole: Range) -> set[str]:
    """All moments of a range, which is one moment where both its ends are the same."""
    return {moment for moment in MOMENTS if contains(whole, moment) or whole == (moment, moment)}


@given(RANGES, RANGES)
def test_what_two_ranges_have_in_common_is_in_both(one: Range, other: Range) -> None:
    """It holds exactly the moments of both, whichever stands first; where there are none, it is None."""
    found = common(one, other)

    assert found == common(other, one)
    assert (moments(found) if found is not None else set()) == moments(one) & moments(other)


@given(RANGES.filter(lambda whole: whole[0] is None or whole[0] != whole[1]), RANGES)
def test_what_is_valid_in_a_span_has_a_time_in_common_with_it(whole: Range, span: Range) -> None:
    """A range is valid in a span, or at a moment, if and only if there is a time that is in both."""
    assert is_valid_in(whole, span) == (common(whole, span) is not None)
    if span[0] is None or span[0] != span[1]:
        assert is_valid_in(whole, span) == overlap(whole, span)


def test_a_range_is_spelled_in_words() -> None:
    """A message says "valid for" and a range, whichever of its ends is open; whole seconds have no fraction."""
    first, second = "2026-01-01T00:00:00.000000Z", "2026-02-01T12:30:00.250000Z"

    assert spelled_range((first, second)) == "2026-01-01T00:00:00Z until 2026-02-01T12:30:00.250000Z"
    assert spelled_range((first, None)) == "2026-01-01T00:00:00Z and later"
    assert spelled_range((None, first)) == "all times before 2026-01-01T00:00:00Z"
    assert spelled_range((None, None)) == "all times"
    assert spelled_range((first, first)) == "2026-01-01T00:00:00Z"
