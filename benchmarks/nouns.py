"""What nouns cost: named tuples of three makes, and frozen data classes. Behind decision 0012.

    python benchmarks/nouns.py

All have nine fields, as `provstore.model.task.Task` has. Figures are the best of several repeats.
"""

from __future__ import annotations

import timeit
import typing
from dataclasses import make_dataclass

from provstore import noun

MADE = 100_000  # nouns in one repeat
DEFINED = 100  # classes in one repeat
REPEATS = 7


class AsTuple(noun.NamedTuple):
    """Nine fields, as a named tuple."""

    a: int
    b: int
    c: int
    d: int
    e: int
    f: int
    g: int
    h: int
    i: int


FIELDS = dict.fromkeys("abcdefghi", int)
DEFINITIONS = {
    "provstore.noun": lambda: type(AsTuple)("N", (noun.NamedTuple,), {"__annotations__": FIELDS}),
    "typing.NamedTuple": lambda: typing.NamedTuple("N", FIELDS.items()),
    "frozen data class": lambda: make_dataclass("N", FIELDS, frozen=True, slots=True),
}
"""Each defines a noun."""

AsClass = make_dataclass("AsClass", list("abcdefghi"), frozen=True, slots=True)


def nanoseconds(noun: type) -> float:
    """Time to make one."""
    best = min(timeit.repeat("noun(1, 2, 3, 4, 5, 6, 7, 8, 9)", globals={"noun": noun}, number=MADE, repeat=REPEATS))
    return best / MADE * 1e9


def main() -> None:
    """Prints what making one costs, and what defining a class of them does."""
    as_tuple, as_class = nanoseconds(AsTuple), nanoseconds(AsClass)
    print(f"named tuple        {as_tuple:6.0f} ns")
    print(f"frozen data class  {as_class:6.0f} ns  ({as_class / as_tuple:.1f} times as long)")
    for name, define in DEFINITIONS.items():
        best = min(timeit.repeat(define, number=DEFINED, repeat=REPEATS)) / DEFINED
        print(f"defining one: {name:18} {best * 1e6:6.0f} µs")


if __name__ == "__main__":
    main()
