"""What the values of a dimension can be: of which kind, and where they are listed, which."""

from __future__ import annotations

import contextlib

from provstore.errors import UsageError
from provstore.model.values import spelled, whole_number
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from provstore.model.dimensions import Definition, Dimensions
    from provstore.model.values import Value

LISTED = 20
"""Values that a message lists."""

KINDS = {"int": "a whole number", "str": "text", None: "a whole number or text"}


class Values(NamedTuple):
    """What the values of a dimension are.

    Attributes:
        kind: "int" or "str"; None: either.
        listed: The only ones that there are, each with its type, as True is equal to 1; None: any.
    """

    name: str
    kind: str | None
    values: Sequence[Value]
    listed: frozenset[tuple[object, Value]] | None

    def checked(self, of: str, given: object) -> Value:
        """A value as it is kept.

        Args:
            of: The dataset type, for messages.

        Raises:
            UsageError: It is none of this dimension.
        """
        if type(given) is int and -(2**63) <= given < 2**63 and not self.values and self.kind != "str":
            return given  # as most are, of hundreds of thousands
        value = self._plain(of, given)
        if self.listed is not None and (type(value), value) not in self.listed:
            more = f", … ({len(self.values) - LISTED} more)" if len(self.values) > LISTED else ""
            shown = ", ".join(map(repr, self.values[:LISTED])) + more
            raise UsageError(f"{of}: {self.name}={value!r}: found a value that is not listed, expected one of {shown}")
        return value

    def _plain(self, of: str, given: object) -> Value:
        if self.values and type(given) is type(self.values[0]):  # all are of one type, which may be float or bool
            return given
        if isinstance(given, str) and self.kind != "int":
            if not given or "\0" in given or not is_unicode(given):
                raise UsageError(f"{of}: {self.name}={given!r}: found what no name can hold, expected text")
            return str(given)  # numpy has texts of its own
        number = whole_number(given)
        if self.kind != "str" and number is not None:
            if not -(2**63) <= number < 2**63:
                raise UsageError(f"{of}: {self.name}={given!r}: found a number beyond 64 bits, expected a smaller one")
            return number
        kind = "text" if isinstance(given, str) else type(given).__name__
        raise UsageError(f"{of}: {self.name}={given!r}: found {kind}, expected {KINDS[self.kind]}")


def is_unicode(text: str) -> bool:
    """The text holds no halves of characters, which neither a file nor the store can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def values_of(dimensions: Dimensions, name: str, *, is_written: bool) -> Values:
    """What the values of a dimension are; anything, of a name that is none.

    Args:
        is_written: A dimension with listed values has no others; who only looks may ask for one of former times.
    """
    if name not in dimensions:
        return Values(name, None, (), None)
    definition: Definition = dimensions[name]
    plain: Sequence[Any] = definition.values
    only = frozenset([(type(value), value) for value in plain]) if plain and is_written else None
    return Values(name, definition.type, plain, only)


def listed_value(definition: Definition | None, text: str) -> Value | None:
    """The listed value of a dimension that a text is the spelling of; None: there is none."""
    plain: Sequence[Any] = definition.values if definition is not None else ()
    return next((value for value in plain if spelled(value) == text), None)


def checker(dimensions: Dimensions, name: str) -> Callable[[str, object], Value]:
    """What gives a value that is written of a dimension as it is kept; takes what it is for (for messages), and it.

    It raises a UsageError where it is no value of this dimension.
    """
    return values_of(dimensions, name, is_written=True).checked


def possible(dimensions: Dimensions, given: Mapping[str, object]) -> dict[str, Value]:
    """Those of these values that their dimensions can have, as they are kept; of a name that is no dimension, none.

    A dataset of a type of which nothing is known may be labelled with anything; a record of a dimension holds no such.
    """
    found: dict[str, Value] = {}
    for name, value in given.items():
        if name in dimensions:
            with contextlib.suppress(UsageError):
                found[name] = checker(dimensions, name)("", value)
    return found
