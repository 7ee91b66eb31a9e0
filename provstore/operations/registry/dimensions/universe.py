"""All dimensions of a project, and the values that get records by themselves.

A dimension is what the Pipelinefile says; of those that it does not name, what was recorded of them last.
"""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.model.dimensions import Dimensions
from provstore.model.values import nearest, new_id
from provstore.operations.registry.dimensions.redefinition import refuse_contradiction
from provstore.operations.registry.dimensions.values import possible
from provstore.pipelinefile.definitions import definitions
from provstore.query.place import listed
from provstore.store import dimensions as recorded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from typing import Any

    from provstore.model.dimensions import Definition
    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection


def universe(project: Project, conn: Connection | None) -> Dimensions:
    """All dimensions of a project.

    Args:
        conn: Of its store; None: it has none.
    """
    found: dict[str, Definition] = {} if conn is None else recorded.definitions(conn)
    return Dimensions({**found, **definitions(project.pipeline({}))})


def universe_in_words(project: Project, conn: Connection | None) -> Dimensions:
    """The same for words of the command line: ``visit=1`` is text where a dimension says no type and has text alone.

    So it is with values that are found in paths.
    """
    found = universe(project, conn)
    if conn is None:
        return found
    definitions = {name: found[name] for name in found.names()}
    for name, definition in definitions.items():
        if definition.type is None and not definition.values and recorded.value_types(conn, name) == {"text"}:
            definitions[name] = definition._replace(type="str")
    return Dimensions(definitions)


def nearest_dimension(name: object, known: Collection[str]) -> str:
    """A hint for a name that is none of the known dimensions."""
    if not known:
        return "the Pipelinefile declares them in [dimensions]"
    near = nearest(str(name), known)
    return f"did you mean '{near}'?" if near else f"dimensions are: {listed(known)}"


class Noting:
    """Makes records of the values in data IDs, where nothing else could be said of them. For one transaction.

    A value gets its record when it is first met, if what it requires and implies is in the data ID too. One of which
    more may be known (metadata, a time span, a region, a band) waits for somebody who says it: a record never changes.
    """

    def __init__(
        self, adding: Adding, dimensions: Dimensions, now: str, known: set[tuple[str, str]] | None = None
    ) -> None:
        """`known`: (dimension, key) of records that there are already; what is met is entered."""
        self._adding, self._dimensions, self._now = adding, dimensions, now
        self._known: set[tuple[str, str]] = set() if known is None else known
        self._defined: Mapping[str, Definition] | None = None

    def note(self, data_ids: Iterable[Mapping[str, JSON]]) -> None:
        """Adds what is not known yet; with the first record of a dimension, those of all datasets that it labels."""
        wanted: dict[str, dict[str, dict[str, Any]]] = {}
        parts: dict[str, tuple[str, ...]] = {}
        met: set[tuple[object, ...]] = set()  # of a hundred thousand data IDs, few values are met for the first time
        for data_id in data_ids:
            for name in data_id:
                if name not in parts:
                    parts[name] = self._parts(name)
                values = (name, *[data_id.get(part) for part in parts[name]])
                if values in met:
                    continue
                met.add(values)
                if (row := self._row(name, data_id)) is not None and (name, row["key"]) not in self._known:
                    wanted.setdefault(name, {})[row["key"]] = row
        first = [name for name in wanted if not self._adding.ask(recorded.has_records, name)]
        for name, rows in wanted.items():
            there = self._adding.ask(recorded.known, name, rows)
            self._known.update([(name, key) for key in rows])
            new = [row for key, row in rows.items() if key not in there]
            if new:
                self.define(name)
                self._adding.add_many("dimension_record", new)
        for name in first:  # an older provstore made no records, and a dimension may be declared behind its datasets
            labelled = self._adding.ask(recorded.labelled_with, name)
            self.note(possible(self._dimensions, data_id) for data_id in labelled)

    def _parts(self, name: str) -> tuple[str, ...]:
        """Dimensions that the record of a value is made of."""
        implied = self._dimensions[name].implies if name in self._dimensions else ()
        return (*self._dimensions.required([name]), *implied)

    def define(self, name: str) -> None:
        """Records what a dimension is, unless that is what was recorded of it last.

        Raises:
            UsageError: Its records contradict.
        """
        if self._defined is None:
            self._defined = dict(self._adding.ask(recorded.definitions))
        definition = self._dimensions[name]
        before = self._defined.get(name)
        if before is None or before.to_json() != definition.to_json():
            if before is not None:
                refuse_contradiction(self._adding, before, definition)
            text = canonical_json(definition.to_json())
            self._adding.add("dimension", {"id": new_id(), "name": name, "definition": text, "registered": self._now})
            self._defined = {**self._defined, name: definition}

    def _row(self, name: str, data_id: Mapping[str, JSON]) -> dict[str, Any] | None:
        """The record of a value; None where none is to be made by itself."""
        if name not in self._dimensions or self._dimensions[name].says_more:
            return None
        implied = {other: data_id.get(other) for other in self._dimensions[name].implies}
        key = {other: data_id.get(other) for other in self._dimensions.required([name])}
        if None in key.values() or None in implied.values():
            return None
        return {
            "dimension": name,
            "key": canonical_json(key),
            "value": recorded.kept_value(key[name]),
            "record": canonical_json(implied),
            "time_begin": None,
            "time_end": None,
            "region": None,
            "box": None,
            "inserted": self._now,
        }
