"""Reads what somebody says of values of a dimension: each record with its fields checked, all mistakes at once.

No disk, no store: what is wrong with a record in itself is known from the definition of its dimension.
"""

from __future__ import annotations

import math

from provstore import sky
from provstore.digest import canonical_json
from provstore.errors import UsageError
from provstore.model.values import nearest, whole_number
from provstore.noun import NamedTuple
from provstore.operations.registry.dimensions.values import checker, is_unicode, listed_value
from provstore.operations.registry.ranges import checked_range

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from provstore.model.dimensions import Dimensions, Label
    from provstore.model.values import JSON, Value

SHOWN = 20
"""Mistakes that a message names; the others are counted."""
SPAN = ("begin", "end")
KINDS = {"int": "a whole number", "float": "a number", "str": "text", "bool": "true or false"}


class Said(NamedTuple):
    """What is said of one value.

    Attributes:
        place: Where it is said, for messages: "record 3", "visits.csv:4".
        key: The dimensions that it requires and its own, each with its value.
        record: Implied dimensions and metadata that are known.
        begin, end: As the store spells times.
        region: In its one spelling.
        silent: Fields of which nothing is said, not even that they are missing.
    """

    place: str
    key: Mapping[str, Label]
    record: Mapping[str, Value]
    begin: str | None
    end: str | None
    region: str | None
    silent: frozenset[str]

    @property
    def key_text(self) -> str:
        """Its key as the store spells it."""
        return canonical_json(self.key)

    @property
    def fields(self) -> dict[str, JSON]:
        """All that is known besides the key."""
        more = {"begin": self.begin, "end": self.end, "region": self.region}
        return {**self.record, **{name: value for name, value in more.items() if value is not None}}


class Mistakes:
    """What is wrong, each with its place."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    def add(self, text: str, hint: str = "") -> None:
        """One thing that is wrong; `text` begins with its place."""
        self._texts.append(f"{text} ({hint})" if hint else text)

    def refuse(self, hint: str = "") -> None:
        """Ends here if anything is wrong.

        Raises:
            UsageError: It is.
        """
        if not self._texts:
            return
        more = [f"and {len(self._texts) - SHOWN} more"] if len(self._texts) > SHOWN else []
        raise UsageError("\n".join([*self._texts[:SHOWN], *more]), hint=hint)


class Reader:
    """Reads records of one dimension."""

    def __init__(self, dimensions: Dimensions, name: str) -> None:
        definition = dimensions[name]
        self.name = name
        self.key = dimensions.required([name])
        self.implied = definition.implies
        labels = {other: checker(dimensions, other) for other in (*self.key, *self.implied)}
        self._checks: dict[str, Callable[[str, Any], Any]] = {
            **labels,
            **{field: _checked_metadata(kind) for field, kind in definition.metadata.items()},
            **({"region": _checked_region} if definition.region else {}),
        }
        self._fields = (*self._checks, *(SPAN if definition.timespan else ()))

    def read_all(self, given: Iterable[object], places: Sequence[str] | None) -> list[Said]:
        """All records.

        Args:
            places: Where each is said; None: they are counted from 1.

        Raises:
            UsageError: All that is wrong.
        """
        mistakes = Mistakes()
        found = [
            self._read(record, f"record {number}" if places is None else places[number - 1], mistakes)
            for number, record in enumerate(given, 1)
        ]
        mistakes.refuse()
        return [said for said in found if said is not None]

    def _read(self, given: object, place: str, mistakes: Mistakes) -> Said | None:
        """One record; None where something is wrong with it."""
        from collections.abc import Mapping as AnyMapping

        if not isinstance(given, AnyMapping):
            mistakes.add(f"{place}: found {_shown(given)}, expected names with values")
            return None
        values: dict[str, Any] = {}
        is_right = True
        for field, value in given.items():
            try:
                if field not in self._fields:
                    raise self._unknown(place, field)
                if value is not None and field in self._checks:
                    values[field] = self._checks[field](place, value)
            except UsageError as error:
                mistakes.add(error.message, error.hint)
                is_right = False
            except ValueError as error:
                mistakes.add(f"{place}: {field}: {error}")
                is_right = False
        missing = [other for other in self.key if given.get(other) is None]
        if missing:
            mistakes.add(f"{place}: lacks {', '.join(map(repr, missing))}, by which '{self.name}' is known")
        span = self._span(given, place, mistakes)
        if missing or span is None or not is_right:
            return None
        record = {field: values[field] for field in values if field not in self.key and field != "region"}
        silent = frozenset(field for field in self._fields if field not in given)
        key = {other: values[other] for other in self.key}
        region = None if "region" in key else values.get("region")
        return Said(place, key, record, *span, region, silent)

    def _span(self, given: Mapping[str, Any], place: str, mistakes: Mistakes) -> tuple[str | None, str | None] | None:
        """Begin and end; None where they are wrong."""
        if not set(SPAN) <= set(self._fields):
            return None, None
        try:
            return checked_range(given.get("begin"), given.get("end"))
        except UsageError as error:
            mistakes.add(f"{place}: {error.message}", error.hint)
            return None

    def _unknown(self, place: str, field: object) -> UsageError:
        if field == "timespan" and set(SPAN) <= set(self._fields):
            return UsageError(f"{place}: found the field 'timespan'", hint="write 'begin' and 'end'")
        near = nearest(str(field), self._fields)
        hint = f"did you mean '{near}'?" if near else ""
        expected = ", ".join(self._fields)
        return UsageError(f"{place}: dimension '{self.name}' has no field {field!r}, expected {expected}", hint=hint)


def _checked_metadata(kind: str) -> Callable[[str, Any], Value]:
    """What gives a value of a type as it is kept."""

    def checked(of: str, value: Any) -> Value:  # noqa: ANN401 - what somebody gave
        del of
        found = _plain(kind, value)
        if found is None:
            raise ValueError(f"found {_shown(value)}, expected {KINDS[kind]}")
        return found

    return checked


def _plain(kind: str, value: Any) -> Value | None:  # noqa: ANN401 - what somebody gave
    """A value as JSON has it; None where it is of another type. Numbers may be those of numpy."""
    if kind == "str":
        if isinstance(value, str) and not is_unicode(value):
            raise ValueError(f"found {_shown(value)}, which is not UTF-8")
        if isinstance(value, str) and "\0" in value:
            raise ValueError(f"found {_shown(value)}, in which \\0 ends the text")
        return value if isinstance(value, str) else None
    is_truth = isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    if kind == "bool" or is_truth:
        return bool(value) if is_truth and kind == "bool" else None
    if isinstance(value, (str, bytes)):
        return None
    if kind == "int":
        number = whole_number(value)
        return number if number is not None and -(2**63) <= number < 2**63 else None
    try:
        real = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return real if math.isfinite(real) else None


def _checked_region(of: str, value: Any) -> str:  # noqa: ANN401 - what somebody gave
    del of
    if not isinstance(value, str):
        raise ValueError(f"found {_shown(value)}, expected text such as 'CIRCLE(150.1, 2.2, 0.75)'")
    return sky.canonical(value)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"


# --- out of text ----------------------------------------------------------------------------------------------


def from_texts(dimensions: Dimensions, name: str, texts: Mapping[str, str]) -> dict[str, JSON]:
    """A record whose values are texts, as in a CSV file or on the command line: each becomes what its field holds.

    An empty text is a missing value. What can't be read as what it should be stays text, and is refused as that.
    """
    definition = dimensions[name]
    related = (*dimensions.required([name]), *definition.implies)
    types = {other: dimensions[other].type if other in dimensions else None for other in related}
    kinds: dict[str, str | None] = {**{field: kind for field, kind in definition.metadata.items()}, **types}
    found: dict[str, JSON] = {}
    for field, text in texts.items():
        listed = listed_value(dimensions[field], text) if field in related and field in dimensions else None
        found[field] = _from_text(kinds.get(field, "str"), text) if listed is None else listed
    return found


def _from_text(kind: str | None, text: str) -> JSON:
    """A value; `kind` None: of a dimension without a type, whose whole numbers are such."""
    if not text:
        return None
    try:
        if kind in ("int", None) and not text.startswith("+") and "_" not in text:
            return int(text) if kind == "int" or str(int(text)) == text else text
        if kind == "float" and "_" not in text:
            return float(text)
    except ValueError:
        return text
    truth = {"true": True, "false": False}
    return truth.get(text.lower(), text) if kind == "bool" else text
