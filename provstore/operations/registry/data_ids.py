"""Checks data IDs that people and programs give: the dimensions that a dataset type has, each with a value it can have.

Rules: a data ID holds exactly the dimensions of its type. What else these require or imply (the instrument of a visit)
may be given too: it is compared with what is recorded of the visit, and not kept.
"""

from __future__ import annotations

import contextlib

from provstore.errors import UsageError
from provstore.model.values import nearest, spelled, whole_number
from provstore.noun import NamedTuple
from provstore.store import dimensions as recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from provstore.model.dimensions import Definition, Dimensions
    from provstore.model.values import Value
    from provstore.operations.registry.types import TypeDefinition

    Ask: TypeAlias = Callable[..., Any]
    """`Store.ask` or `Adding.ask`."""

LISTED = 20
"""Values that a message lists."""

KINDS = {"int": "a whole number", "str": "text", None: "a whole number or text"}


def checked(
    dimensions: Dimensions,
    definition: TypeDefinition,
    given: Mapping[str, object],
    ask: Ask | None = None,
    *,
    is_written: bool = True,
) -> dict[str, Value]:
    """The data ID of a dataset, in the order in which its type declares the dimensions. Of many, see `Checking`.

    Args:
        given: Dimension → value, as somebody gave it.
        ask: Asks the store; without it nothing is compared with what is recorded.
        is_written: A dimension with listed values has no others; who only looks may ask for one of former times.

    Raises:
        UsageError: A dimension is missing or unknown, a value is not what its dimension has, or what is recorded of
            the values contradicts.
    """
    return Checking(dimensions, definition, ask, is_written=is_written)(given)


class Checking:
    """Checks many data IDs of one dataset type; see `checked`."""

    def __init__(
        self, dimensions: Dimensions, definition: TypeDefinition, ask: Ask | None = None, *, is_written: bool = True
    ) -> None:
        self._type, self._own, self._ask = definition.name, definition.dimensions, ask
        self._dimensions = dimensions
        self._required = dimensions.required(definition.dimensions)
        self._known = (*self._required, *dimensions.implied(definition.dimensions))
        self._values = {name: _values(dimensions, name, is_written=is_written) for name in self._known}
        implied = [other for name in self._known if name in dimensions for other in dimensions[name].implies]
        self._compared = {*implied, *self._known}.difference(set(self._own).difference(implied)) if ask else set()

    def __call__(self, given: Mapping[str, object]) -> dict[str, Value]:
        """The data ID.

        Raises:
            UsageError: As `checked`.
        """
        return self.parted(given)[0]

    def parted(self, given: Mapping[str, object]) -> tuple[dict[str, Value], dict[str, Value]]:
        """The data ID, and what was given of the dimensions that these require or imply.

        Raises:
            UsageError: As `checked`.
        """
        try:
            names = list(given)
        except TypeError:
            raise UsageError(f"{self._type}: data ID: found {given!r}, expected dimensions and values") from None
        for name in names:
            if name not in self._values:
                raise self._unknown(name)
        found = {name: self._values[name].checked(self._type, given[name]) for name in names}
        missing = [name for name in self._own if name not in found]
        if missing:
            raise UsageError(
                f"{self._type}: its data ID lacks {', '.join(map(repr, missing))}, expected {spelled_names(self._own)}"
            )
        if not self._compared.isdisjoint(found):
            self._compare(found)
        own = {name: found.pop(name) for name in self._own}
        return own, found

    def _unknown(self, name: object) -> UsageError:
        near = nearest(str(name), self._known)
        hint = f"did you mean '{near}'?" if near else ""
        if name in self._dimensions:
            return UsageError(f"{self._type}: {name!r} is no dimension of it, expected {spelled_names(self._own)}")
        return UsageError(
            f"{self._type}: there is no dimension {name!r}, expected {spelled_names(self._own)}", hint=hint
        )

    def _compare(self, found: Mapping[str, Value]) -> None:
        """What is recorded of each value may not contradict the others.

        Raises:
            UsageError: It does.
        """
        assert self._ask is not None, "nothing is compared without a store"
        for name in found:
            if name not in self._dimensions:
                continue
            implied = self._dimensions[name].implies
            rows = [
                {**row.key, **{part: value for part, value in row.record.items() if part in implied}}
                for row in self._ask(recorded.records_of_value, name, found[name])
            ]
            key = [part for part in self._dimensions.required([name]) if part in self._own]
            rows = [row for row in rows if all(row.get(part) == found[part] for part in key)]
            if rows and not any(_agree(row, found) for row in rows):
                raise self._contradiction(name, found, rows[0])

    def _contradiction(self, name: str, found: Mapping[str, Value], row: Mapping[str, Any]) -> UsageError:
        other = next(part for part in found if part in row and row[part] is not None and row[part] != found[part])
        return UsageError(
            f"{self._type}: found {other}={spelled(found[other])}, but {name}={spelled(found[name])} is recorded with "
            f"{other}={spelled(row[other])}",
            hint=f"'provstore dimension show {name}' shows what is recorded",
        )


def _agree(row: Mapping[str, Any], found: Mapping[str, Value]) -> bool:
    """Nothing that is recorded of a value says otherwise; what is not recorded says nothing."""
    return all(row.get(name) is None or row[name] == value for name, value in found.items())


def spelled_names(names: Sequence[str]) -> str:
    """Dimensions as messages list them."""
    return ", ".join(names) or "no dimensions"


class _Values(NamedTuple):
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
            return given
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


def _values(dimensions: Dimensions, name: str, *, is_written: bool) -> _Values:
    if name not in dimensions:
        return _Values(name, None, (), None)
    definition: Definition = dimensions[name]
    plain: Sequence[Any] = definition.values
    only = frozenset([(type(value), value) for value in plain]) if plain and is_written else None
    return _Values(name, definition.type, plain, only)


def from_words(dimensions: Dimensions, definition: TypeDefinition | None, words: Iterable[str]) -> dict[str, Value]:
    """What words of the command line say (``visit=101``): text becomes what the dimension's values are.

    Args:
        definition: For messages; None: a type of which nothing is known.

    Raises:
        UsageError: A word is not of this form, a dimension is named twice, or its values can't be that.
    """
    found: dict[str, Value] = {}
    of = f"{definition.name}: " if definition is not None else ""
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{of}found {word!r}, expected DIMENSION=VALUE")
        if name in found:
            raise UsageError(f"{of}dimension '{name}' is there twice: '{name}={spelled(found[name])}' and {word!r}")
        known = dimensions[name] if name in dimensions else None  # noqa: SIM401 - it has no `get`
        found[name] = _from_text(of, known, name, text)
    return found


def listed_value(definition: Definition | None, text: str) -> Value | None:
    """The listed value of a dimension that a text is the spelling of; None: there is none."""
    plain: Sequence[Any] = definition.values if definition is not None else ()
    return next((value for value in plain if spelled(value) == text), None)


def _from_text(of: str, definition: Definition | None, name: str, text: str) -> Value:
    listed = listed_value(definition, text)
    if listed is not None:
        return listed
    type = definition.type if definition is not None else None
    number = _whole_number(text)
    if type == "int" and number is None:
        raise UsageError(f"{of}{name}={text!r}: found text, expected a whole number such as 101")
    return text if type == "str" or number is None else number


def _whole_number(text: str) -> int | None:
    """The number that a text is the usual spelling of."""
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20):
        return None
    number = int(text)
    return number if str(number) == text and -(2**63) <= number < 2**63 else None


def checker(dimensions: Dimensions, name: str) -> Callable[[str, object], Value]:
    """What gives a value that is written of a dimension as it is kept; takes what it is for (for messages), and it.

    It raises a UsageError where it is no value of this dimension.
    """
    return _values(dimensions, name, is_written=True).checked


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
