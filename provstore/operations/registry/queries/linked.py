"""Which dimensions link those of a question, although nobody names them."""

from __future__ import annotations

import itertools

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from provstore.model.dimensions import Dimensions


def linked(universe: Dimensions, names: Iterable[str], together: Sequence[frozenset[str]]) -> tuple[str, ...]:
    """These dimensions, and those by which they go together.

    That is what two of them imply, each by itself (a visit and a filter have one band), and what stands between two
    of which one implies the other in more than one step.

    Args:
        names: With all that they require.
        together: Groups of dimensions that data belong to at once, so that nothing else has to link them.
    """
    found = dict.fromkeys(names)
    for pair in itertools.combinations(tuple(found), 2):
        if not any({*pair} <= group for group in together):
            found.update(dict.fromkeys(universe.required(_in_common(universe, *pair))))
    return _connected(universe, found)


def _in_common(universe: Dimensions, a: str, b: str) -> list[str]:
    """What both imply, and the steps that lead to it; nothing where one of them tells the other."""
    of_a, of_b = _tells(universe, a), _tells(universe, b)
    if a in of_b or b in of_a:
        return []
    both = {*universe.required([a])} & {*universe.required([b])}
    common = {*universe.implied([a])} & {*universe.implied([b])} - {*universe.implied(both)}
    return [name for name in sorted(of_a | of_b) if common & {name, *_tells(universe, name)}]


def _connected(universe: Dimensions, names: Iterable[str]) -> tuple[str, ...]:
    """These dimensions, and those by which one of them implies another in more than one step."""
    found = dict.fromkeys(names)

    def says(name: str) -> set[str]:
        return {*universe.required([name]), *(universe[name].implies if name in universe else ())} - {name}

    while True:
        untold = {name for name in found if not any(name in says(other) for other in found)}
        between = [o for o in universe.implied(found) if o not in found and _tells(universe, o) & untold]
        if not between:
            return tuple(found)
        found.update(dict.fromkeys(universe.required(between[:1])))


def _tells(universe: Dimensions, name: str) -> set[str]:
    """All that follows from a dimension's value."""
    return {*universe.required([name]), *universe.implied([name])} - {name}
