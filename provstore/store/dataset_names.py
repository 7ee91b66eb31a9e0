"""The names in a query of datasets: dimensions of data IDs, what their records say, and fields of the datasets.

A dataset's data ID has the dimensions of its type. What these require or imply, and their metadata, time spans and
regions, is in the records of dimensions. The record that belongs to a dataset is the one with its key, where all values
of the key are known; else the only one that has its value and what is known of its key; where several have, none.
"""

from __future__ import annotations

from provstore.digest import canonical_json
from provstore.model.dimensions import Dimensions
from provstore.store.condition_names import ANY_KIND, KINDS, OPEN_BEGIN, OPEN_END, path_of, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.query.check import Kind
    from provstore.store.condition_names import Bind

FIELDS: dict[str, tuple[str, Kind]] = {
    "created": ("d.created", "time"),
    "format": ("d.format", "text"),
    "id": ("d.id", "text"),
    "iteration": ("d.iteration", "number"),
    "kind": ("d.kind", "text"),
    "name": ("d.name", "text"),
    "owner": ("d.owner", "text"),
    "owner_type": ("d.owner_type", "text"),
    "path": ("d.path", "text"),
    "run": ("d.run", "text"),
    "size": ("d.size", "number"),
    "type": ("d.type", "text"),
    "version": ("d.version", "text"),
}
"""What a dataset has besides its data ID, asked for as ``dataset.field``."""

OF_TYPE = "CASE WHEN d.type = {} THEN {} END"
BY_KEY = "(SELECT {0} FROM dimension_record AS r WHERE r.dimension = {1} AND r.key = {2})"
BY_VALUE = """(SELECT CASE WHEN count(*) = 1 THEN max({0}) END
    FROM dimension_record AS r INDEXED BY dimension_record_value WHERE r.dimension = {1} AND r.value = {2}{3})"""
SAME_PART = " AND json_extract(r.key, {0}) IS coalesce({1}, json_extract(r.key, {0}))"
KEY = "'{{' || {} || '}}'"
KEY_PART = "{} || json_quote({})"
KNOWN = "{} IS NOT NULL"
EITHER = "CASE WHEN {} THEN {} ELSE {} END"
FIRST_OF = "coalesce({})"
NOTHING = "NULL"
COLUMNS: dict[str, tuple[str, Kind]] = {
    "region": ("r.region", "region"),
    "timespan": ("1", "time span"),
    "begin": ("r.time_begin", "time"),
    "end": ("r.time_end", "time"),
}
"""What records have in columns of their own."""


class DatasetNames:
    """Names for rows of the table `dataset`, which the query calls `d`.

    Args:
        own: Dimensions that may stand in the data IDs, and what their values are.
        always: Those of them that stand in all of the data IDs.
        dimensions: All that there are.
        types: Dataset types that may stand before ``.dataset.field``; None: any.
        asked: Names that the query uses.
    """

    def __init__(
        self,
        own: Mapping[str, Kind | None],
        dimensions: Dimensions | None = None,
        *,
        always: Iterable[str] = (),
        types: Iterable[str] | None = None,
        asked: Iterable[str] = (),
    ) -> None:
        self._own, self._always = own, frozenset(always)
        self._dimensions = dimensions if dimensions is not None else Dimensions({})
        all_names = (*own, *self._dimensions.required(own), *self._dimensions.implied(own))
        self._names = tuple(dict.fromkeys(all_names))
        self._kinds = {name: own[name] if name in own else self._kind(name) for name in self._names}
        self._fields: dict[str, tuple[str, str]] = {}
        self._ambiguous: dict[str, list[str]] = {}
        self._add_fields()
        self._kinds.update({f"dataset.{name}": kind for name, (_, kind) in FIELDS.items()})
        self._add_fields_of_types(asked, None if types is None else frozenset(types))

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """All names, and what their values are."""
        return self._kinds

    @property
    def ambiguous(self) -> Mapping[str, Sequence[str]]:
        """Fields that several dimensions have → their full names."""
        return self._ambiguous

    def value(self, name: str, kind: Kind | None, bind: Bind) -> str:
        """The SQL of a value."""
        first, _, rest = name.partition(".")
        if first == "dataset":
            return FIELDS[rest][0]
        if rest.startswith("dataset."):
            return OF_TYPE.format(bind(first), FIELDS[rest.partition(".")[2]][0])
        if name not in self._fields:
            return self._value(name, kind, bind)
        dimension, field = self._fields[name]
        return self._of_record(dimension, self._column(dimension, field, kind, bind), bind)

    def span(self, name: str, bind: Bind) -> tuple[str, str]:
        """The SQL of a time span's ends."""
        dimension, _ = self._fields[name]
        begin, end = OPEN_BEGIN.format("r.time_begin"), OPEN_END.format("r.time_end")
        return self._of_record(dimension, begin, bind), self._of_record(dimension, end, bind)

    def stands_alone(self, name: str) -> bool:
        """A dimension whose values are those in the data IDs: no record has one instead."""
        return name in self._own and not self._carriers(name, ())

    def home(self, name: str) -> str | None:
        """The dimension in data IDs whose records have the values of a name; None: others may have them as well."""
        if name in self._fields:
            dimension = self._fields[name][0]
        else:
            carriers = [] if name in self._own else self._carriers(name, ())
            dimension = carriers[0] if len(carriers) == 1 else name
        return dimension if dimension != name and dimension in self._own else None

    def tellers(self, name: str) -> list[str]:
        """The dimensions in data IDs whose records tell another one."""
        return [other for other in self._carriers(name, ()) if other in self._own]

    # --- which names there are ------------------------------------------------------------------------------

    def _kind(self, dimension: str) -> Kind | None:
        type = self._dimensions[dimension].type if dimension in self._dimensions else None
        return None if type is None else KINDS[type]

    def _fields_of(self, dimension: str) -> dict[str, Kind | None]:
        """What the records of a dimension hold besides its own value."""
        if dimension not in self._dimensions:
            return {}
        definition = self._dimensions[dimension]
        found: dict[str, Kind | None] = {name: KINDS.get(type) for name, type in definition.metadata.items()}
        found.update({name: COLUMNS[name][1] for name in ("region",) if definition.region})
        found.update({name: COLUMNS[name][1] for name in ("timespan", "begin", "end") if definition.timespan})
        return found

    def _add_fields(self) -> None:
        """``dimension.field`` for all of them, and ``field`` where one dimension has it."""
        homes: dict[str, list[str]] = {}
        for dimension in self._names:
            fields = self._fields_of(dimension)
            for field in fields:
                homes.setdefault(field, []).append(dimension)
            for other in self._linked(dimension):
                fields.setdefault(other, self._kinds[other])
            for field, kind in fields.items():
                self._kinds[f"{dimension}.{field}"] = kind
                self._fields[f"{dimension}.{field}"] = dimension, field
        for field, dimensions in homes.items():
            if field in self._names:
                continue
            if len(dimensions) == 1:
                self._kinds[field] = self._kinds[f"{dimensions[0]}.{field}"]
                self._fields[field] = dimensions[0], field
            else:
                self._ambiguous[field] = [f"{dimension}.{field}" for dimension in dimensions]

    def _linked(self, dimension: str) -> list[str]:
        """Other dimensions whose values the records of one hold."""
        if dimension not in self._dimensions:
            return []
        required = self._dimensions.required([dimension])
        return [name for name in (*required, *self._dimensions[dimension].implies) if name != dimension]

    def _add_fields_of_types(self, asked: Iterable[str], types: frozenset[str] | None) -> None:
        for name in asked:
            type, _, field = name.partition(".dataset.")
            if field in FIELDS and "." not in type and type != "dataset" and (types is None or type in types):
                self._kinds[name] = FIELDS[field][1]

    # --- their SQL ------------------------------------------------------------------------------------------

    def _value(self, name: str, kind: Kind | None, bind: Bind, busy: tuple[str, ...] = ()) -> str:
        """A dimension's value: from the data ID, else from the records that hold it."""
        found = [taken("d.data_id", bind(path_of(name)), kind)] if name in self._own else []
        if name not in self._always:
            for carrier in self._carriers(name, busy):
                column = self._column(carrier, name, kind, bind)
                found.append(self._of_record(carrier, column, bind, (*busy, name)))
        return _first_of(found)

    def _carriers(self, name: str, busy: tuple[str, ...]) -> list[str]:
        """Dimensions whose records hold the value of another one; those in the data IDs first."""
        found = [other for other in self._names if other not in busy and name in self._linked(other)]
        return sorted(found, key=lambda other: other not in self._own)

    def _column(self, dimension: str, field: str, kind: Kind | None, bind: Bind) -> str:
        """Where a field stands in the dimension's record `r`."""
        if field in COLUMNS and field not in (*self._dimensions[dimension].metadata, *self._linked(dimension)):
            return COLUMNS[field][0]
        in_key = field in self._dimensions.required([dimension])
        return taken("r.key" if in_key else "r.record", bind(path_of(field)), kind)

    def _of_record(self, dimension: str, column: str, bind: Bind, busy: tuple[str, ...] = ()) -> str:
        """What stands in a column of the record that belongs to the dataset."""
        value = self._value(dimension, None, bind, busy)
        named = bind(dimension)
        required = [name for name in self._dimensions.required([dimension]) if name != dimension]
        parts = {name: self._key_part(name, dimension, bind) for name in required}
        known = {name: sql for name, sql in parts.items() if sql != NOTHING}
        same = "".join([SAME_PART.format(bind(path_of(name)), sql) for name, sql in known.items()])
        by_value = BY_VALUE.format(column, named, value, same)
        if len(known) < len(required):
            return by_value
        by_key = BY_KEY.format(column, named, self._key({**known, dimension: value}, bind))
        unsure = [KNOWN.format(sql) for name, sql in known.items() if name not in self._always]
        return EITHER.format(" AND ".join(unsure), by_key, by_value) if unsure else by_key

    def _key(self, values: Mapping[str, str], bind: Bind) -> str:
        """The text of a key: canonical JSON."""
        parts = []
        for place, name in enumerate(sorted(values)):
            begin = ("," if place else "") + canonical_json(name) + ":"
            parts.append(KEY_PART.format(bind(begin), values[name]))
        return KEY.format(" || ".join(parts))

    def _key_part(self, name: str, dimension: str, bind: Bind) -> str:
        """What a record has to have in its key: from the data ID, else from what others in it require."""
        path = bind(path_of(name))
        found = [ANY_KIND.format("d.data_id", path)] if name in self._own else []
        if name not in self._always:
            for other in self._carriers(name, (dimension,)):
                if other in self._own:
                    value = ANY_KIND.format("d.data_id", bind(path_of(other)))
                    column = self._column(other, name, None, bind)
                    found.append(BY_VALUE.format(column, bind(other), value, ""))
        return _first_of(found)


def _first_of(found: list[str]) -> str:
    return FIRST_OF.format(", ".join(found)) if len(found) > 1 else found[0] if found else NOTHING
