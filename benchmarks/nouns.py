"""What making a noun costs: named tuple or frozen data class. Behind decision 0012.

    python benchmarks/nouns.py

Both have nine fields, as `provstore.model.task.Task` has. Figures are the best of several repeats.
"""

from __future__ import annotations

import timeit
from dataclasses import make_dataclass
from typing import NamedTuple

MADE = 100_000  # nouns in one repeat
REPEATS = 7


class AsTuple(NamedTuple):
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


AsClass = make_dataclass("AsClass", list("abcdefghi"), frozen=True, slots=True)


def nanoseconds(noun: type) -> float:
    """Time to make one."""
    best = min(timeit.repeat("noun(1, 2, 3, 4, 5, 6, 7, 8, 9)", globals={"noun": noun}, number=MADE, repeat=REPEATS))
    return best / MADE * 1e9


def main() -> None:
    """Prints both and their ratio."""
    as_tuple, as_class = nanoseconds(AsTuple), nanoseconds(AsClass)
    print(f"named tuple        {as_tuple:6.0f} ns")
    print(f"frozen data class  {as_class:6.0f} ns  ({as_class / as_tuple:.1f} times as long)")


if __name__ == "__main__":
    main()
