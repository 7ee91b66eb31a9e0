"""What is recorded of dimensions: what they are, and their records."""

from __future__ import annotations

import json

from provstore.digest import canonical_json
from provstore.model.dimensions import Definition, from_json
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from provstore.model.dimensions import Label
    from provstore.model.values import JSON

DEFINITIONS = """
    SELECT name, definition FROM dimension AS d
     WHERE rowid = (SELECT max(rowid) FROM dimension WHERE name = d.name) ORDER BY name
"""
KNOWN = """
    SELECT j.value FROM json_each(:keys) AS j
     WHERE EXISTS (SELECT 1 FROM dimension_record AS r WHERE r.dimension = :dimension AND r.key = j.value)
"""
ONE = """
    SELECT dimension, key, value, record, time_begin, time_end, region FROM dimension_record
     WHERE dimension = :dimension AND key = :key
"""
OF_VALUE = """
    SELECT dimension, key, value, record, time_begin, time_end, region FROM dimension_record
     WHERE dimension = :dimension AND value = :value ORDER BY key
"""
WITH_KEYS = """
    SELECT r.dimension, r.key, r.value, r.record, r.time_begin, r.time_end, r.region
      FROM json_each(:keys) AS j CROSS JOIN dimension_record AS r ON r.dimension = :dimension AND r.key = j.value
"""
HAS_RECORDS = "SELECT EXISTS (SELECT 1 FROM dimension_record WHERE dimension = :dimension)"
LABELLED = """
    SELECT DISTINCT data_id FROM dataset
     WHERE type IN (SELECT v.type FROM data_id_value AS v WHERE v.dimension = :dimension)
       AND data_id GLOB '{*}' AND json_valid(data_id)
"""
VALUE_TYPES = "SELECT DISTINCT typeof(value) FROM dimension_record WHERE dimension = :dimension"
NUMBER = "SELECT dimension, count(*) FROM dimension_record GROUP BY dimension"


class RecordRow(NamedTuple):
    """What is recorded of one value of a dimension.

    Attributes:
        key: The dimensions that it requires and its own, each with its value.
        value: Its own value.
        record: Implied dimensions and metadata; what is not known is not there.
        begin, end: As the store spells times; None is open.
        region: In its one spelling; None: it has none.
    """

    dimension: str
    key: Mapping[str, Label]
    value: Label
    record: Mapping[str, JSON]
    begin: str | None
    end: str | None
    region: str | None

    @property
    def fields(self) -> dict[str, JSON]:
        """All that is known besides the key."""
        more = {"begin": self.begin, "end": self.end, "region": self.region}
        return {**self.record, **{name: value for name, value in more.items() if value is not None}}


def record(conn: sqlite3.Connection, dimension: str, key: Mapping[str, JSON]) -> RecordRow | None:
    """What is recorded of one value; None: nothing.

    Args:
        key: The dimensions that it requires and its own, each with its value.
    """
    row = conn.execute(ONE, {"dimension": dimension, "key": canonical_json(key)}).fetchone()
    return None if row is None else record_from(row)


def records_of_value(conn: sqlite3.Connection, dimension: str, value: Label) -> list[RecordRow]:
    """What is recorded of a value: several records where it is one of several instruments, say."""
    return [record_from(row) for row in conn.execute(OF_VALUE, {"dimension": dimension, "value": value})]


def records_with_keys(conn: sqlite3.Connection, dimension: str, keys: Iterable[str]) -> dict[str, RecordRow]:
    """The records that there are of these keys (canonical JSON)."""
    asked = {"dimension": dimension, "keys": json.dumps(list(keys))}
    return {row[1]: record_from(row) for row in conn.execute(WITH_KEYS, asked)}


def has_records(conn: sqlite3.Connection, dimension: str) -> bool:
    """Some value of a dimension has a record."""
    return bool(conn.execute(HAS_RECORDS, {"dimension": dimension}).fetchone()[0])


def labelled_with(conn: sqlite3.Connection, dimension: str) -> list[dict[str, JSON]]:
    """The data IDs of all types of which some dataset is labelled with a dimension."""
    return [json.loads(text) for (text,) in conn.execute(LABELLED, {"dimension": dimension})]


def value_types(conn: sqlite3.Connection, dimension: str) -> set[str]:
    """How SQLite stores the values of a dimension that have records: "integer", "text", both, or none."""
    return {row[0] for row in conn.execute(VALUE_TYPES, {"dimension": dimension})}


def kept_value(value: JSON) -> JSON:
    """A record's own value as its column holds it: truth values are 0 and 1 there, as its digest has to say too."""
    return int(value) if isinstance(value, bool) else value


def numbers(conn: sqlite3.Connection) -> dict[str, int]:
    """Dimension → number of its records."""
    return dict(conn.execute(NUMBER).fetchall())


def record_from(row: tuple[str, str, Label, str, str | None, str | None, str | None]) -> RecordRow:
    """A record out of its columns."""
    return RecordRow(row[0], json.loads(row[1]), row[2], json.loads(row[3]), *row[4:])


def definitions(conn: sqlite3.Connection) -> dict[str, Definition]:
    """What each dimension was defined as last."""
    return {name: from_json(name, json.loads(text)) for name, text in conn.execute(DEFINITIONS)}


def known(conn: sqlite3.Connection, dimension: str, keys: Iterable[str]) -> set[str]:
    """Those of these keys (canonical JSON) of which there is a record."""
    asked = {"dimension": dimension, "keys": json.dumps(list(keys))}
    return {row[0] for row in conn.execute(KNOWN, asked)}
