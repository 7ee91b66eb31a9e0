"""Values of a dimension in the order of what its records say of them: visits by ``visit.exposure_time``.

So an order by what only records have is gone along as one by the values themselves: record after record, and from each
to its data IDs. Rule: only where all data IDs with one value of the dimension belong to one record, or all to none.
"""

from __future__ import annotations

import json

from provstore.noun import NamedTuple
from provstore.store.condition_names import path_of
from provstore.store.record_jumps import MOST_RECORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from provstore.model.values import Value
    from provstore.store.condition_names import Parameter

NUMBER_OF_RECORDS = """
    SELECT count(*) FROM (
        SELECT 1 FROM json_each(:dimensions) AS n CROSS JOIN dimension_record AS r ON r.dimension = n.value
         LIMIT :most + 1)
"""
HAVE_ONE_RECORD = """
    SELECT NOT EXISTS (
        SELECT 1 FROM dimension_record AS r INDEXED BY dimension_record_value
         WHERE r.dimension = :dimension GROUP BY r.value HAVING count(*) > 1)
       AND NOT EXISTS (
        SELECT 1 FROM data_id_value AS v
         WHERE v.type = :type AND v.dimension = :dimension AND v.kind NOT IN ('integer', 'text'))
"""
IS_THE_SAME = """
    SELECT coalesce(min(value) = max(value), 1) FROM (
        SELECT coalesce(json_extract(r.key, :path), json_extract(r.record, :path)) AS value
          FROM json_each(:dimensions) AS n CROSS JOIN dimension_record AS r ON r.dimension = n.value
         UNION ALL
        SELECT v.value FROM data_id_value AS v WHERE v.type = :type AND v.dimension = :part)
"""
# Without the name of the index SQLite would look through all records of the dimension for each value.
UPWARDS = """
    SELECT /* said */ 1, json_quote(v.value) FROM data_id_value AS v
      LEFT JOIN dimension_record AS r INDEXED BY dimension_record_value
        ON r.dimension = :dimension AND r.value = v.value
     WHERE v.type = :type AND v.dimension = :dimension ORDER BY 1, v.value
"""
DOWNWARDS = """
    SELECT /* said */ 1, json_quote(v.value) FROM data_id_value AS v
      LEFT JOIN dimension_record AS r INDEXED BY dimension_record_value
        ON r.dimension = :dimension AND r.value = v.value
     WHERE v.type = :type AND v.dimension = :dimension ORDER BY 1 DESC, v.value
"""
KEYS = """
    SELECT r.key /* said */ FROM dimension_record AS r WHERE r.dimension = :dimension ORDER BY /* order */ r.key
"""
SAID = ", {}"
ASCENDING, DESCENDING = "{} ASC, ", "{} DESC, "
LARGEST_GROUP = 1024


class Said(NamedTuple):
    """What the records of a dimension say.

    Attributes:
        sql: Of the record `r`.
        values: Its parameters.
        parts: What the dimension requires → the dimensions whose records tell it of a data ID, this one among them.
    """

    sql: str
    values: Mapping[str, Parameter]
    parts: Mapping[str, Sequence[str]]


def is_certain(conn: sqlite3.Connection, type: str, dimension: str, said: Said) -> bool:
    """All data IDs of a type that have one value of a dimension belong to one record, or to none; and these are few.

    Where each required part of a key is the same everywhere (there is one instrument), nothing else in a data ID can
    speak against the record of its value.
    """
    asked = {"type": type, "dimension": dimension}
    tellers = json.dumps(sorted({dimension}.union(*said.parts.values())))
    number = conn.execute(NUMBER_OF_RECORDS, {"dimensions": tellers, "most": MOST_RECORDS}).fetchone()[0]
    if number > MOST_RECORDS:
        return False
    for part, others in said.parts.items():
        among = {"dimensions": json.dumps(others), "part": part, "path": path_of(part)}
        if not conn.execute(IS_THE_SAME, {**asked, **among}).fetchone()[0]:
            return False
    return bool(conn.execute(HAVE_ONE_RECORD, asked).fetchone()[0])


def values(
    conn: sqlite3.Connection, type: str, dimension: str, said: Said, only: frozenset[str] | None, *, downwards: bool
) -> Iterator[tuple[Value | None, str]]:
    """What is said of each value in the data IDs of a type, in this order, and the value as it stands in data IDs.

    Args:
        only: The only values that are asked for, as JSON; None: all.
    """
    question = (DOWNWARDS if downwards else UPWARDS).replace("/* said */ 1", said.sql)
    for told, text in conn.execute(question, {"type": type, "dimension": dimension, **said.values}):
        if only is None or text in only:
            yield told, text


class RecordLead(NamedTuple):
    """What combinations of records are sorted by, as the records of one dimension say it.

    Attributes:
        dimension: In each combination there is one record of it.
        terms: Of the order, from its beginning on, each with whether it goes downwards.
    """

    dimension: str
    terms: Sequence[tuple[Said, bool]]


def keys(conn: sqlite3.Connection, lead: RecordLead) -> Iterator[list[list[str]]]:
    """Keys of all records of a dimension in their order, those of equal ones together: few at first, then more."""
    order = [(DESCENDING if down else ASCENDING).format(said.sql) for said, down in lead.terms]
    columns = [SAID.format(said.sql) for said, _ in lead.terms]
    question = KEYS.replace("/* said */", "".join(columns)).replace("/* order */", "".join(order))
    asked: dict[str, Parameter] = {"dimension": lead.dimension}
    for said, _ in lead.terms:
        asked.update(said.values)
    return grouped((tuple(told), key) for key, *told in conn.execute(question, asked))


def grouped(found: Iterable[tuple[Hashable, str]]) -> Iterator[list[list[str]]]:
    """Texts that come in the order of what is said of them, equal ones together: few groups at first, then more."""
    size = 1
    group: dict[Hashable, list[str]] = {}
    for told, text in found:
        if told not in group and len(group) == size:
            yield list(group.values())
            size, group = min(size * 4, LARGEST_GROUP), {}
        group.setdefault(told, []).append(text)
    if group:
        yield list(group.values())
