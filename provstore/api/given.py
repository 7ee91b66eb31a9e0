"""What people hand to calls of `Store`, as the operations take it: names for nouns, one in the place of several.

Rules: what it can't be is an error that says what was found and what was expected. Nothing is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from provstore.api.nouns import Collection, DatasetType
from provstore.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.operations.registry.collections.calibrations import Span


def name_of(what: str, given: object) -> str:
    """The name of a collection or a dataset type; a text is one.

    Args:
        what: What is named, for messages.
    """
    if isinstance(given, (Collection, DatasetType)):
        return given.name
    if isinstance(given, str):
        return in_utf8(what, given)
    raise UsageError(f"{what}: found {given!r}, expected a name")


def in_utf8(what: str, text: str) -> str:
    """A text as it is, if it can be in a store at all: Python's may hold half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{what}: found {text!r}, expected a text that UTF-8 has") from None
    return text


def names_of(what: str, given: object) -> tuple[str, ...]:
    """The names of one or several."""
    return tuple([name_of(what, one) for one in several(what, given)])


def several(what: str, given: object) -> tuple[Any, ...]:
    """One or several as several: a text, or what `Store` has returned, is one."""
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        return tuple(given)
    if given is None or isinstance(given, (bytes, Mapping, int, float)):
        raise UsageError(f"{what}: found {given!r}, expected one or a list of them")
    return (given,)


def data_id_of(data_id: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """One data ID of what was given as such and as keyword arguments.

    Raises:
        UsageError: It is no mapping, or the two contradict each other.
    """
    if data_id is not None and not isinstance(data_id, Mapping):
        raise UsageError(f"data ID: found {data_id!r}, expected dimensions and values: {{'visit': 101}}")
    given = dict(data_id or {})
    for name, value in values.items():
        if name in given and given[name] != value:
            raise UsageError(f"{name}: found {given[name]!r} in data_id and {value!r} beside it, expected one value")
        given[name] = value
    return given


def span_of(timespan: object) -> Span | None:
    """A range of time of (begin, end)."""
    from provstore.operations.registry.collections.calibrations import Span

    if timespan is None:
        return None
    if not isinstance(timespan, (tuple, list)) or len(timespan) != len(Span._fields):
        raise UsageError(f"timespan: found {timespan!r}, expected (begin, end); None is open")
    return Span(*timespan)
