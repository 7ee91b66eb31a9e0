"""Records of dimensions side by side: the part of a statement that joins them, and where each dimension's value stands.

Rule 1: a value is told by whatever names it: the data ID of a dataset, the key of a record that requires it, a record
that implies it; all that tell it must agree, and one that might is not enough, unless a data ID says that they belong
together. Only a dimension that nothing tells goes through its own records. Rule 2:
regions, and time spans, of dimensions that have nothing to do with each other must overlap. Rule 3: fragments stand in
this file, values are bound.
"""

from __future__ import annotations

import json

from provstore.noun import NamedTuple
from provstore.store.condition_names import OPEN_BEGIN, OPEN_END, path_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.model.dimensions import Definition, Dimensions
    from provstore.model.values import Value
    from provstore.store.condition_names import Parameter

DATA_IDS = "CROSS JOIN json_each(:data_ids) AS k"
ALL_RECORDS = "CROSS JOIN dimension_record AS r{0} ON r{0}.dimension = {1}"
OF_VALUES = "CROSS JOIN dimension_record AS r{0} INDEXED BY dimension_record_value ON r{0}.dimension = {1}"
LISTED = """CROSS JOIN (
    SELECT dimension, key, value, record, time_begin, time_end, region, box FROM dimension_record
     WHERE dimension = {1}
     UNION ALL
    SELECT {1}, NULL, j.value, '{{}}', NULL, NULL, NULL, NULL FROM json_each({2}) AS j
     WHERE NOT EXISTS (SELECT 1 FROM dimension_record AS o WHERE o.dimension = {1} AND o.value = j.value)
) AS r{0}"""
AND_VALUE = " AND r{0}.value = {1}"
AND_VALUES = " AND r{0}.value IN (SELECT value FROM json_each({1}))"
AND_KEYS = " AND r{0}.key IN (SELECT value FROM json_each(:keys))"
AND_PART = " AND coalesce({2}, json_extract(r{0}.key, {1})) = json_extract(r{0}.key, {1})"
NEAR = """CROSS JOIN sky AS s{0} ON s{0}.dimension = {2}
    AND s{0}.x_min <= json_extract(r{1}.box, '$[1]') AND s{0}.x_max >= json_extract(r{1}.box, '$[0]')
    AND s{0}.y_min <= json_extract(r{1}.box, '$[3]') AND s{0}.y_max >= json_extract(r{1}.box, '$[2]')
    AND s{0}.z_min <= json_extract(r{1}.box, '$[5]') AND s{0}.z_max >= json_extract(r{1}.box, '$[4]')
    CROSS JOIN dimension_record AS r{0} ON r{0}.dimension = {2} AND r{0}.key = s{0}.key"""
WITHIN = """CROSS JOIN sky AS s{0} ON s{0}.dimension = {1}
    AND s{0}.x_min <= {3} AND s{0}.x_max >= {2} AND s{0}.y_min <= {5} AND s{0}.y_max >= {4}
    AND s{0}.z_min <= {7} AND s{0}.z_max >= {6}
    CROSS JOIN dimension_record AS r{0} ON r{0}.dimension = {1} AND r{0}.key = s{0}.key"""
# Without the name of the index SQLite would look through all records of the dimension for each row.
THEIR_RECORD = """LEFT JOIN dimension_record AS r{0} INDEXED BY dimension_record_value
    ON r{0}.dimension = {1} AND r{0}.value = {2}"""
OF_DATA_ID, OF_KEY, OF_RECORD = (
    "json_extract(k.value, {1})",
    "json_extract(r{0}.key, {1})",
    "json_extract(r{0}.record, {1})",
)
OWN_VALUE = "r{0}.value"
FIRST_OF = "coalesce({})"
AGREES = "coalesce({0}, {1}) IS {1}"
SAME, AMONG, KNOWN = "{} = {}", "{} IN (SELECT value FROM json_each({}))", "{} IS NOT NULL"
OVERLAP = "provstore_overlap(r{0}.region, r{1}.region)"
AT_ONCE = "r{0}.key IS NOT NULL AND r{1}.key IS NOT NULL AND {2} < {3} AND {4} < {5}"
HAS_RECORD = "r{}.key IS NOT NULL"
WHILE_ALL = "{} AND max({}) < min({})"
TIME_BEGIN, TIME_END = "r{}.time_begin", "r{}.time_end"
DATASET_OF = "provstore_data_id({})"


class Subject(NamedTuple):
    """What a question for data IDs is about.

    Attributes:
        dimensions: All that are involved, each behind those that it requires.
        given: Dimension → the only values that it can have.
        fields: Dimensions of whose records more than the key is asked for.
        boxes: Dimension → a box on the unit sphere that its region has to touch.
        source: Dimensions of the data IDs that come in as `:data_ids`; None: none come in.
        together: Groups of dimensions that data belong to at once, so that they need not overlap.
        timed: Dimensions whose time spans say for which time something is asked for; empty: for any.
        lead: A dimension whose records come in batches, by their keys in `:keys`; None: all come at once.
    """

    dimensions: Sequence[str]
    given: Mapping[str, Sequence[Value]]
    fields: frozenset[str]
    boxes: Mapping[str, Sequence[float]]
    source: Sequence[str] | None
    together: Sequence[frozenset[str]]
    timed: Sequence[str] = ()
    lead: str | None = None


class RecordJoin:
    """Joins the records of the dimensions that a question is about.

    Attributes:
        joins: What stands behind FROM, in this order.
        conditions: What has to be true beside it.
        values: Their parameters.
    """

    def __init__(self, universe: Dimensions, subject: Subject) -> None:
        self.joins: list[str] = []
        self.conditions: list[str] = []
        self.values: dict[str, Parameter] = {}
        self._universe, self._subject = universe, subject
        self._told: dict[str, list[str]] = {}
        self._by_records: dict[str, list[str]] = {}
        self._records: dict[str, int] = {}
        self._near = _pairs(universe, subject, "region")
        self._at_once = _pairs(universe, subject, "timespan")
        self._build()

    def bind(self, value: Parameter) -> str:
        """The name of a parameter with this value."""
        self.values[f"j{len(self.values)}"] = value
        return f":j{len(self.values) - 1}"

    def value(self, dimension: str) -> str:
        """The SQL of a dimension's value; NULL where nothing tells it."""
        return _first(self._told.get(dimension, ()))

    def record(self, dimension: str) -> int | None:
        """The number of a dimension's record; None: it is not joined."""
        return self._records.get(dimension)

    def tellers(self, name: str) -> list[str]:
        """The dimensions involved whose records tell the value of another one."""
        return [other for other in self._subject.dimensions if name in self._linked(other)]

    def data_id(self, dimensions: Iterable[str]) -> str:
        """The SQL of the text of a dataset's data ID."""
        parts = [part for name in dimensions for part in (self.bind(name), self.value(name))]
        return DATASET_OF.format(", ".join(parts))

    def known(self, dimensions: Iterable[str]) -> list[str]:
        """Conditions: these dimensions have values."""
        return [KNOWN.format(self.value(name)) for name in dimensions]

    @property
    def timed(self) -> Sequence[str]:
        """See `Subject`."""
        return self._subject.timed

    def at_time(self, begin: str, end: str) -> str:
        """The condition that a range has a moment in common with the time of the data ID: what all records share.

        Args:
            begin, end: The SQL of its ends, which are NULL where it is open.
        """
        numbers = [self._records[name] for name in self.timed]
        begins = [begin, *[TIME_BEGIN.format(number) for number in numbers]]
        ends = [end, *[TIME_END.format(number) for number in numbers]]
        return WHILE_ALL.format(
            " AND ".join([HAS_RECORD.format(number) for number in numbers]),
            ", ".join([OPEN_BEGIN.format(sql) for sql in begins]),
            ", ".join([OPEN_END.format(sql) for sql in ends]),
        )

    # --- how it is made -------------------------------------------------------------------------------------

    def _build(self) -> None:
        if self._subject.source is not None:
            self.joins.append(DATA_IDS)
            for name in self._subject.source:
                self._tell(name, OF_DATA_ID.format("", self.bind(path_of(name))))
        for name in self._order():
            self._place(name)
        self._agree()
        for name, values in self._subject.given.items():
            self.conditions.append(AMONG.format(self.value(name), self.bind(json.dumps(list(values)))))
        self._overlap()

    def _agree(self) -> None:
        """All that tell a value say the same, or nothing where a data ID holds that together."""
        for name, told in self._told.items():
            firm = self._by_records.get(name, ())
            said = _first([sql for sql in told if sql not in firm] or told)
            if len(told) > 1:
                self.conditions += [(SAME if sql in firm else AGREES).format(sql, said) for sql in told]

    def _order(self) -> list[str]:
        """Those that tell others before these, and those with given values before the rest."""
        found: dict[str, None] = {}
        waiting: set[str] = set()

        def add(name: str) -> None:
            if name in found or name in waiting:
                return
            waiting.add(name)
            for other in self._subject.dimensions:
                if name in self._linked(other):
                    add(other)
            found[name] = None

        lead, limited = self._subject.lead, {*self._subject.given, *self._subject.boxes}
        for name in sorted(self._subject.dimensions, key=lambda name: (name != lead, name not in limited)):
            add(name)
        return list(found)

    def _linked(self, dimension: str) -> list[str]:
        """Dimensions involved whose values the records of this one tell."""
        if dimension not in self._universe:
            return []
        others = (*self._universe.required([dimension]), *self._universe[dimension].implies)
        return [name for name in others if name != dimension and name in self._subject.dimensions]

    def _tell(self, dimension: str, sql: str) -> None:
        self._told.setdefault(dimension, []).append(sql)

    def _place(self, name: str) -> None:
        if name not in self._universe:
            return
        number = len(self._records)
        if name not in self._told:
            self._records[name] = number
            self._all_records(name, number)
            self._tell(name, OWN_VALUE.format(number))
        elif self._needs_record(name):
            self._records[name] = number
            join = THEIR_RECORD.format(number, self.bind(name), self.value(name))
            self.joins.append(join + self._same_key(name, number))
        else:
            return
        key = self._universe.required([name])
        for other in self._linked(name):
            sql = (OF_KEY if other in key else OF_RECORD).format(number, self.bind(path_of(other)))
            self._tell(other, sql)
            if other not in key and name not in (self._subject.source or ()):
                self._by_records.setdefault(other, []).append(sql)

    def _needs_record(self, name: str) -> bool:
        overlaps = any(name in pair for pair in (*self._near, *self._at_once))
        is_asked = name in self._subject.fields or name in self._subject.timed
        return overlaps or is_asked or bool(self._linked(name))

    def _all_records(self, name: str, number: int) -> None:
        definition = self._universe[name]
        if name == self._subject.lead:
            self.joins.append(ALL_RECORDS.format(number, self.bind(name)) + AND_KEYS.format(number))
            return
        given = self._subject.given.get(name)
        beside = [self._records[other] for pair in self._near if name in pair for other in pair
                  if other != name and other in self._records]  # fmt: skip
        if beside and given is None:
            self.joins.append(NEAR.format(number, beside[0], self.bind(name)) + self._same_key(name, number))
            return
        if name in self._subject.boxes and given is None:
            sides = [self.bind(side) for side in self._subject.boxes[name]]
            self.joins.append(WITHIN.format(number, self.bind(name), *sides) + self._same_key(name, number))
            return
        if definition.values and not definition.requires:
            listed = self.bind(json.dumps(list(definition.values)))
            self.joins.append(LISTED.format(number, self.bind(name), listed))
            return
        join = (ALL_RECORDS if given is None else OF_VALUES).format(number, self.bind(name))
        if given is not None:
            one = AND_VALUE if len(given) == 1 else AND_VALUES
            join += one.format(number, self.bind(given[0] if len(given) == 1 else json.dumps(list(given))))
        self.joins.append(join + self._same_key(name, number))

    def _same_key(self, name: str, number: int) -> str:
        """What is known already of what a dimension requires is what stands in the key of its record."""
        required = [other for other in self._universe.required([name]) if other != name and other in self._told]
        return "".join([AND_PART.format(number, self.bind(path_of(other)), self.value(other)) for other in required])

    def _overlap(self) -> None:
        for a, b in self._near:
            self.conditions.append(OVERLAP.format(self._records[a], self._records[b]))
        for a, b in self._at_once:
            first, second = self._records[a], self._records[b]
            begins = [OPEN_BEGIN.format(TIME_BEGIN.format(number)) for number in (first, second)]
            ends = [OPEN_END.format(TIME_END.format(number)) for number in (first, second)]
            self.conditions.append(AT_ONCE.format(first, second, begins[0], ends[1], begins[1], ends[0]))


def _first(told: Sequence[str]) -> str:
    """The SQL of the first of some values that is not missing."""
    return FIRST_OF.format(", ".join(told)) if len(told) > 1 else told[0] if told else "NULL"


def _pairs(universe: Dimensions, subject: Subject, what: str) -> list[tuple[str, str]]:
    """Dimensions with regions (or time spans) that must overlap.

    Of those that require each other only the most precise counts: a patch, not the tract that it is a part of.
    """
    having = [name for name in subject.dimensions if name in universe and _has(universe[name], what)]
    having = [name for name in having if not any(name in universe.required([o]) for o in having if o != name)]
    return [
        (a, b)
        for place, a in enumerate(having)
        for b in having[place + 1 :]
        if not any({a, b} <= group for group in subject.together)
        and b not in universe.implied([a])
        and a not in universe.implied([b])
    ]


def _has(definition: Definition, what: str) -> bool:
    return bool(definition.region if what == "region" else definition.timespan)
