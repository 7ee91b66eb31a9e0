"""Checks data IDs that people and programs give: the dimensions that a dataset type has, each with a value it can have.

Rules: a data ID holds exactly the dimensions of its type. What else these require or imply (the instrument of a visit)
may be given too: it is compared with what is recorded of the visit, and not kept.
"""

from __future__ import annotations

from provstore.errors import UsageError
from provstore.model.values import nearest, spelled
from provstore.operations.registry.dimensions.values import listed_value, values_of
from provstore.store import dimensions as recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from provstore.model.dimensions import Definition, Dimensions
    from provstore.model.values import Value
    from provstore.operations.registry.types.definitions import TypeDefinition

    Ask: TypeAlias = Callable[..., Any]
    """`Store.ask` or `Adding.ask`."""


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
        self._values = {name: values_of(dimensions, name, is_written=is_written) for name in self._known}
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
        """What is recorded of each value, and of what that implies, may not contradict the others.

        Raises:
            UsageError: It does.
        """
        known = dict(found)
        waiting = [name for name in found if name in self._dimensions]
        while waiting:
            name = waiting.pop(0)
            sure = {*self._own, *known}.difference(set(found).difference(self._own))
            key = [part for part in self._dimensions.required([name]) if part in sure]
            rows = [
                row for row in self._recorded(name, known[name]) if all(row.get(part) == known[part] for part in key)
            ]
            agreeing = [row for row in rows if _agree(row, known)]
            if rows and not agreeing:
                raise self._contradiction(name, known, rows[0])
            if len(agreeing) == 1:
                news = {part: value for part, value in agreeing[0].items() if part not in known and value is not None}
                known.update(news)
                waiting += [part for part in news if not found.keys().isdisjoint(self._dimensions.implied([part]))]

    def _recorded(self, name: str, value: Value) -> list[dict[str, Any]]:
        """What records say of a value: its key, and what it implies."""
        assert self._ask is not None, "nothing is compared without a store"
        implied = self._dimensions[name].implies
        return [
            {**row.key, **{part: value for part, value in row.record.items() if part in implied}}
            for row in self._ask(recorded.records_of_value, name, value)
        ]

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
