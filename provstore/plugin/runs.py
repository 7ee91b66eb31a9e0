"""Which runs of two sequences (lines, records) differ, in a time that is bounded."""

from __future__ import annotations

from itertools import takewhile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

ALIGNED = 4000
"""Elements between the first and the last change, up to which the best alignment is looked for: it takes the square."""


def changed_runs(a: Sequence[Hashable], b: Sequence[Hashable]) -> Iterator[tuple[range, range]]:
    """Positions in the first and, in their place, in the second; of what was only added or taken out, one is empty.

    Sequences that differ give at least one run. In long ones that were changed in many places, elements are compared
    by their position or, if one is longer than the other, all that lies between the first and the last change is one
    run.
    """
    start = _common(iter(a), iter(b))
    end = min(_common(reversed(a), reversed(b)), len(a) - start, len(b) - start)
    middle_a, middle_b = range(start, len(a) - end), range(start, len(b) - end)
    if max(len(middle_a), len(middle_b)) <= ALIGNED:
        yield from _aligned(a, b, middle_a, middle_b)
    elif len(middle_a) == len(middle_b):
        for position in middle_a:
            if a[position] != b[position]:
                yield range(position, position + 1), range(position, position + 1)
    else:
        yield middle_a, middle_b


def _common(a: Iterator[Hashable], b: Iterator[Hashable]) -> int:
    """How many elements of both are the same, up to the first that are not."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))


def _aligned(
    a: Sequence[Hashable], b: Sequence[Hashable], places_a: range, places_b: range
) -> Iterator[tuple[range, range]]:
    from difflib import SequenceMatcher

    part_a, part_b = ([values[place] for place in places] for values, places in ((a, places_a), (b, places_b)))
    for tag, start_a, end_a, start_b, end_b in SequenceMatcher(None, part_a, part_b).get_opcodes():
        if tag != "equal":
            yield places_a[start_a:end_a], places_b[start_b:end_b]
