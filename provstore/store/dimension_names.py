"""The names in a query of one dimension's records: what these hold, with the dimension before it or without."""

from __future__ import annotations

from provstore.store.condition_names import KINDS, OPEN_BEGIN, OPEN_END, path_of, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.dimensions import Dimensions
    from provstore.query.check import Kind
    from provstore.store.condition_names import Bind

COLUMNS: dict[str, tuple[str, Kind]] = {
    "region": ("r.region", "region"),
    "begin": ("r.time_begin", "time"),
    "end": ("r.time_end", "time"),
    "timespan": ("1", "time span"),
}
"""What has a column of its own."""
OWN_VALUE = {
    "number": "CASE WHEN typeof(r.value) = 'integer' THEN r.value END",
    "text": "CASE WHEN typeof(r.value) = 'text' THEN r.value END",
}


class DimensionNames:
    """Names for rows of the table `dimension_record`, which the query calls `r`.

    Attributes:
        dimension: The one whose records they are.
        key: What it requires, and itself.
    """

    def __init__(self, dimensions: Dimensions, dimension: str) -> None:
        definition = dimensions[dimension]
        self.dimension, self.key = dimension, dimensions.required([dimension])
        related = (*self.key, *definition.implies)
        types = {name: dimensions[name].type if name in dimensions else None for name in related}
        self._fields: dict[str, Kind | None] = {name: KINDS.get(type or "") for name, type in types.items()}
        self._fields.update({name: KINDS.get(type) for name, type in definition.metadata.items()})
        columns = (*(("region",) if definition.region else ()), *(("begin", "end", "timespan") * definition.timespan))
        self._columns = {name for name in columns if name not in self._fields}
        self._fields.update({name: COLUMNS[name][1] for name in self._columns})
        self._kinds = {**self._fields, **{f"{dimension}.{name}": kind for name, kind in self._fields.items()}}

    @property
    def kinds(self) -> Mapping[str, Kind | None]:
        """All names, and what their values are."""
        return self._kinds

    @property
    def ambiguous(self) -> Mapping[str, Sequence[str]]:
        """None: all names are of one dimension."""
        return {}

    def value(self, name: str, kind: Kind | None, bind: Bind) -> str:
        """The SQL of a value."""
        field = name.rpartition(".")[2]
        if field in self._columns:
            return COLUMNS[field][0]
        if field == self.dimension and self._fields[field] is not None:
            return OWN_VALUE.get(kind or "", "r.value")
        return taken("r.key" if field in self.key else "r.record", bind(path_of(field)), kind)

    def span(self, name: str, bind: Bind) -> tuple[str, str]:
        """The SQL of the time span's ends; a record without either is open on both sides."""
        return OPEN_BEGIN.format("r.time_begin"), OPEN_END.format("r.time_end")
