"""The names in a query of data IDs: dimensions, and what the records of dimensions say.

A name brings in the dimension that it is of. So there are two steps: which names there are and what they involve is
known from the definitions; their SQL is known when the records are joined (`record_join`).
"""

from __future__ import annotations

from provstore.store.condition_names import KINDS, OPEN_BEGIN, OPEN_END, path_of, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.query.check import Kind
    from provstore.store.condition_names import Bind
    from provstore.store.record_join import RecordJoin

COLUMNS = {"region": "r{}.region", "begin": "r{}.time_begin", "end": "r{}.time_end"}
COLUMN_KINDS: dict[str, Kind] = {"region": "region", "timespan": "time span", "begin": "time", "end": "time"}
KEY, RECORD, BEGIN, END = "r{}.key", "r{}.record", "r{}.time_begin", "r{}.time_end"
IF_THERE = "CASE WHEN {} IS NOT NULL THEN {} END"
OF_KIND = {
    "number": "CASE WHEN typeof({0}) IN ('integer', 'real') THEN {0} END",
    "text": "CASE WHEN typeof({0}) = 'text' THEN {0} END",
}


class RecordNames:
    """Names for data IDs.

    Args:
        universe: All dimensions.
        own: Dimensions that come with datasets, and are defined nowhere else: what their values are.
        near: Dimensions whose fields may be named without the dimension, where no other of these has such a field.
    """

    def __init__(self, universe: Dimensions, own: Mapping[str, Kind | None], near: Iterable[str]) -> None:
        self._universe = universe
        self._kinds: dict[str, Kind | None] = dict(own)
        self._fields: dict[str, tuple[str, str]] = {}
        self._ambiguous: dict[str, list[str]] = {}
        self._join: RecordJoin | None = None
        for name in universe.names():
            type = universe[name].type
            self._kinds[name] = None if type is None else KINDS[type]
        for name in universe.names():
            self._add_fields(name)
        self._add_bare_fields([name for name in universe.names() if name in set(near)])

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """All names, and what their values are."""
        return self._kinds

    @property
    def ambiguous(self) -> Mapping[str, Sequence[str]]:
        """Fields that several dimensions have → their full names."""
        return self._ambiguous

    def involved(self, names: Iterable[str]) -> tuple[set[str], set[str]]:
        """The dimensions that some names bring in, and those of them whose records are asked for more than the key."""
        fields = {self._fields[name][0] for name in names if name in self._fields}
        return {name for name in names if name in self._kinds and name not in self._fields} | fields, fields

    def home(self, field: str) -> str:
        """The dimension that a field is of."""
        return self._fields[field][0]

    def joined(self, join: RecordJoin) -> None:
        """From now on names have SQL: that of these records."""
        self._join = join

    def value(self, name: str, kind: Kind | None, bind: Bind) -> str:
        """The SQL of a value."""
        assert self._join is not None, "records are joined before names get their SQL"
        if name not in self._fields:
            sql = self._join.value(name)
            return sql if self._kinds[name] == kind else OF_KIND.get(kind or "", "{}").format(sql)
        dimension, field = self._fields[name]
        number = self._join.record(dimension)
        definition = self._universe[dimension]
        if field in COLUMNS and field not in definition.metadata:
            return COLUMNS[field].format(number)
        if field == "timespan" and field not in definition.metadata:
            return IF_THERE.format(KEY.format(number), 1)  # open ends are no missing span
        column = KEY if field in self._universe.required([dimension]) else RECORD
        return taken(column.format(number), bind(path_of(field)), kind)

    def span(self, name: str, bind: Bind) -> tuple[str, str]:
        """The SQL of a time span's ends."""
        assert self._join is not None, "records are joined before names get their SQL"
        number = self._join.record(self._fields[name][0])
        begin, end = OPEN_BEGIN.format(BEGIN.format(number)), OPEN_END.format(END.format(number))
        return IF_THERE.format(KEY.format(number), begin), IF_THERE.format(KEY.format(number), end)

    def _add_fields(self, dimension: str) -> None:
        for field, kind in self._fields_of(dimension).items():
            self._kinds[f"{dimension}.{field}"] = kind
            self._fields[f"{dimension}.{field}"] = dimension, field

    def _fields_of(self, dimension: str) -> dict[str, Kind | None]:
        """What the records of a dimension hold besides its own value."""
        definition = self._universe[dimension]
        linked = (*self._universe.required([dimension]), *definition.implies)
        found: dict[str, Kind | None] = {name: self._kinds.get(name) for name in linked if name != dimension}
        found.update({name: COLUMN_KINDS[name] for name in ("region",) if definition.region})
        found.update({name: COLUMN_KINDS[name] for name in ("timespan", "begin", "end") if definition.timespan})
        found.update({name: KINDS.get(type) for name, type in definition.metadata.items()})
        return found

    def _add_bare_fields(self, dimensions: Sequence[str]) -> None:
        homes: dict[str, list[str]] = {}
        for dimension in dimensions:
            for field in self._fields_of(dimension):
                if field not in self._kinds:
                    homes.setdefault(field, []).append(dimension)
        for field, found in homes.items():
            if len(found) == 1:
                self._kinds[field] = self._kinds[f"{found[0]}.{field}"]
                self._fields[field] = found[0], field
            else:
                self._ambiguous[field] = [f"{dimension}.{field}" for dimension in found]
