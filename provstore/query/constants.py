"""What can be told of regions and time spans without any row: those that are written, bound or calculated."""

from __future__ import annotations

from typing import Protocol

from provstore.query.bound import bound, scalar
from provstore.query.node import walk
from provstore.query.place import query_error
from provstore.query.tree import BoundName, Name, Region, Time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.query.node import Node
    from provstore.query.tree import Bind, Scalar, TimeSpan

FIRST, LAST = "", "~"
"""Texts before and after those of all times: the ends of time spans that are open."""


class Sky(Protocol):
    """What knows regions; `provstore.sky` does. Both raise `ValueError` for what is none."""

    def canonical(self, text: str) -> str:
        """The one spelling of a region."""

    def overlap(self, a: str, b: str) -> bool:
        """Two regions have a place in common."""


def is_constant(node: Node) -> bool:
    """No name is in it."""
    return not any(isinstance(part, Name) for part in walk(node))


def region(text: str, node: Node, bind: Bind, sky: Sky) -> str | None:
    """The text of a constant region; None if something in it is missing.

    Raises:
        QueryError: There is no such region.
    """
    from provstore.query.evaluate import computed

    try:
        if isinstance(node, Region):
            return region_of(node.shape, [computed(text, argument, bind) for argument in node.arguments], sky)
        found = computed(text, node, bind)
        return None if found is None else sky.canonical(str(found))
    except (ValueError, OverflowError) as error:
        raise query_error(text, node.at, str(error)) from None


def region_of(shape: str, numbers: list[object], sky: Sky) -> str | None:
    """A region out of its numbers; None if one is missing.

    Raises:
        ValueError: There is no such region.
        OverflowError: One is too large a number.
    """
    given = [repr(float(number)) for number in numbers if isinstance(number, (int, float))]
    return sky.canonical(f"{shape}({', '.join(given)})") if len(given) == len(numbers) else None


def moment(text: str, node: Node, bind: Bind) -> str | None:
    """A constant time as the store spells it; None for NULL.

    Raises:
        QueryError: It is no time.
    """
    if isinstance(node, Time):
        return node.text
    value = scalar(text, node, bound(text, node, bind)) if isinstance(node, BoundName) else None
    try:
        return None if value is None else spelled_moment(value)
    except ValueError as error:
        raise query_error(text, node.at, str(error)) from None


def spelled_moment(value: Scalar) -> str:
    """A time, or the text of one, as the store spells it.

    Raises:
        ValueError: It is none.
    """
    from provstore.query.times import canonical

    if value is None or isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no time")
    return canonical(value if isinstance(value, str) else value.isoformat())


def is_moment(text: str) -> bool:
    """A text says a time."""
    try:
        return bool(spelled_moment(text))
    except ValueError:
        return False


def check_span(text: str, node: TimeSpan, bind: Bind) -> None:
    """Refuses a constant time span in which no time is.

    Raises:
        QueryError: It ends where it begins, or before.
    """
    if not is_constant(node):
        return
    begin, end = moment(text, node.begin, bind), moment(text, node.end, bind)
    if begin is not None and end is not None and begin >= end:
        raise query_error(text, node.at, f"the time span from {begin} to {end} has no time in it")
