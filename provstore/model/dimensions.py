"""What dimensions are, and which belong to which: the axes by which data are labelled.

A dimension may *require* others, which are part of its key (a visit is one of an instrument), and *imply* others, whose
values are known once its own is (the band of a visit).
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeAlias

    from provstore.model.pipeline import Dimension
    from provstore.model.values import JSON

    Label: TypeAlias = "int | str"
    """A value of a dimension."""


class Definition(NamedTuple):
    """What a dimension is.

    Attributes:
        type: "int" or "str": what its values are. None: either.
        requires: Dimensions that are part of its key.
        implies: Dimensions whose values its records hold.
        metadata: Name → "int", "float", "str" or "bool" of what else its records hold.
        timespan: Its records have a begin and an end.
        region: Its records have a region on the sky.
        values: The only values that it has; empty: any.
    """

    name: str
    type: str | None = None
    requires: tuple[str, ...] = ()
    implies: tuple[str, ...] = ()
    metadata: Mapping[str, str] = {}
    timespan: bool = False
    region: bool = False
    values: tuple[JSON, ...] = ()

    @property
    def says_more(self) -> bool:
        """Its records have metadata, a time span or a region, which no data ID tells."""
        return bool(self.metadata) or self.timespan or self.region

    def to_json(self) -> dict[str, JSON]:
        """What of it is recorded: all but its name and its values, which may change from day to day."""
        return {
            "type": self.type,
            "requires": list(self.requires),
            "implies": list(self.implies),
            "metadata": dict(self.metadata),
            "timespan": self.timespan,
            "region": self.region,
        }


def from_json(name: str, said: Mapping[str, JSON]) -> Definition:
    """A definition that was recorded."""
    metadata = said.get("metadata")
    return Definition(
        name,
        None if said.get("type") is None else str(said["type"]),
        _names(said.get("requires")),
        _names(said.get("implies")),
        {str(field): str(kind) for field, kind in metadata.items()} if isinstance(metadata, dict) else {},
        bool(said.get("timespan")),
        bool(said.get("region")),
    )


def declared(dimension: Dimension) -> Definition:
    """What a Pipelinefile says."""
    said = dimension.definition
    values = dimension.values or ()
    kinds = {{int: "int", str: "str"}.get(type(value)) for value in values}  # None for numbers and truth values
    kind = dimension.type or (kinds.pop() if len(kinds) == 1 else None)
    return from_json(dimension.name, {**said, "type": kind})._replace(values=values)


def _names(said: JSON) -> tuple[str, ...]:
    return tuple(str(name) for name in said) if isinstance(said, (list, tuple)) else ()


class Dimensions:
    """All dimensions that there are."""

    def __init__(self, definitions: Mapping[str, Definition]) -> None:
        self._definitions = definitions

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._definitions

    def __getitem__(self, name: str) -> Definition:
        return self._definitions[name]

    def names(self) -> list[str]:
        """Names, sorted."""
        return sorted(self._definitions)

    def required(self, names: Iterable[str]) -> tuple[str, ...]:
        """These dimensions and all that they require, each behind those that it requires itself."""
        found: dict[str, None] = {}

        def add(name: str) -> None:
            if name in found:
                return
            definition = self._definitions.get(name)
            for other in definition.requires if definition else ():
                add(other)
            found[name] = None

        for name in names:
            add(name)
        return tuple(found)

    def timed(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of these dimensions whose records say when, without those that another of them requires or implies."""
        having = [name for name in names if name in self and self[name].timespan]
        linked = [(name, {*self.required([name]), *self.implied([name])}) for name in having]
        return tuple([name for name in having if not any(name in others and name != other for other, others in linked)])

    def implied(self, names: Iterable[str]) -> tuple[str, ...]:
        """What these dimensions and those that they require imply, in however many steps, without themselves."""
        required = self.required(names)
        found: dict[str, None] = {}
        waiting = list(required)
        while waiting:
            definition = self._definitions.get(waiting.pop(0))
            for other in self.required(definition.implies) if definition else ():
                if other not in found and other not in required:
                    found[other] = None
                    waiting.append(other)
        return tuple(found)
