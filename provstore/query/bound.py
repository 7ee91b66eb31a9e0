"""What a ``:name`` stands for. Values come from whoever asks, so each is looked at before it is used."""

from __future__ import annotations

from provstore.query.place import listed, nearest, query_error
from provstore.query.tree import BoundName, Range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime
    from typing import Literal as OneOf
    from typing import TypeGuard

    from provstore.query.node import Node
    from provstore.query.tree import Bind, Bound, Scalar

_NUMPY = frozenset("biufU")
"""Kinds of numpy's scalars that are numbers, truth values or texts. (Its times have units, and are refused.)"""
LISTS = (list, tuple, set, frozenset, range)


def bound(text: str, node: BoundName, bind: Bind) -> Bound:
    """The value that was given, as it is.

    Raises:
        QueryError: There is none.
    """
    try:
        return bind[node.name]
    except KeyError:
        message = f"':{node.name}' has no value, bound are: {listed(bind)}"
        raise query_error(text, node.at, message, nearest(node.name, bind)) from None


def scalars(text: str, node: BoundName, bind: Bind) -> list[Scalar]:
    """What a ``:name`` inside of a list stands for: several values, or one."""
    value = bound(text, node, bind)
    return [scalar(text, node, each) for each in (value if is_list(value) else (value,))]


def in_list(item: Node, bind: Bind) -> Node:
    """What stands inside of IN; for a name bound to a `range` what ``a..b:stride`` gives, which costs no memory.

    An empty one stays a list without values.
    """
    values = bind.get(item.name) if isinstance(item, BoundName) else None
    if not isinstance(values, range) or not values:
        return item
    first, last = sorted((values[0], values[-1]))
    return Range(item.at, first, last, abs(values.step))


def is_list(value: object) -> TypeGuard[Iterable[Scalar]]:
    """Whether a value is several, such as a list or an array of numpy."""
    return isinstance(value, LISTS) or bool(getattr(value, "ndim", 0))


def scalar(text: str, node: BoundName, value: object) -> Scalar:
    """One value; a time in UTC, None for what is no number, and what is of numpy as Python has it.

    Raises:
        QueryError: It is a list, or of another kind.
    """
    if getattr(getattr(value, "dtype", None), "kind", "") in _NUMPY and not is_list(value):
        value = value.item()  # type: ignore[attr-defined]
    if value is None or isinstance(value, (str, int, float)):
        return value if value == value else None  # noqa: PLR0124  only NaN differs from itself
    from datetime import date
    from uuid import UUID

    from provstore.model.values import whole_number

    if (number := whole_number(value)) is not None:
        return number  # one of numpy
    if isinstance(value, date):
        return _moment(text, node, value)
    if isinstance(value, UUID):
        return str(value)  # as ids are spelled
    if is_list(value):
        message = f"':{node.name}' is a list, which may stand inside IN ( ) only"
        raise query_error(text, node.at, message)
    found = type(value).__name__
    raise query_error(text, node.at, f"':{node.name}' is a {found}, expected text, a number or a time")


def _moment(text: str, node: BoundName, value: date) -> datetime:
    from provstore.query.times import moment_of

    try:
        return moment_of(value)
    except OverflowError:
        message = f"':{node.name}' is {value.isoformat()}, which is in no year of UTC from 1 to 9999"
        raise query_error(text, node.at, message) from None


def kind(value: Scalar) -> OneOf["number", "text", "boolean", "time"]:
    """What a value is, in the words of `check`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "time"
