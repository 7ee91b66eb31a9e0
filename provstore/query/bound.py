"""What a ``:name`` stands for. Values come from whoever asks, so each is looked at before it is used."""

from __future__ import annotations

from provstore.query.place import listed, nearest, query_error

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal as OneOf

    from provstore.query.tree import Bind, Bound, BoundName, Scalar

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
    return [scalar(text, node, each) for each in (value if isinstance(value, LISTS) else (value,))]


def scalar(text: str, node: BoundName, value: object) -> Scalar:
    """One value; a time in UTC, and None for what is no number.

    Raises:
        QueryError: It is a list, or of another kind.
    """
    if value is None or isinstance(value, (str, int, float)):
        return value if value == value else None  # noqa: PLR0124  only NaN differs from itself
    from datetime import datetime

    from provstore.model.values import whole_number

    if (number := whole_number(value)) is not None:
        return number  # one of numpy
    if isinstance(value, datetime):
        from provstore.query.times import in_utc

        return in_utc(value)
    if isinstance(value, LISTS):
        message = f"':{node.name}' is a list, which may stand inside IN ( ) only"
        raise query_error(text, node.at, message)
    found = type(value).__name__
    raise query_error(text, node.at, f"':{node.name}' is a {found}, expected text, a number or a time")


def kind(value: Scalar) -> OneOf["number", "text", "boolean", "time"]:
    """What a value is, in the words of `check`."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "time"
