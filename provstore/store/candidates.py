"""What collections hold of a dataset type, with all that an input of a task needs to know of it."""

from __future__ import annotations

import json

from provstore.model.files import RecordedContent
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping
    from typing import Any

    from provstore.model.values import JSON

IN_RUNS = """
    SELECT d.run, d.data_id, NULL, NULL, d.id, d.path, d.kind, d.executable, d.digest, d.semantic_digest
      FROM json_each(:names) AS c CROSS JOIN dataset AS d ON d.run = c.value AND d.type = :type
     WHERE instr(d.role, '/') = 0  -- what lies inside of a directory is found with it
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
     ORDER BY d.rowid
"""
BY_TAG = """
    SELECT t.collection, d.data_id, t.valid_from, t.valid_to, d.id, d.path, d.kind, d.executable, d.digest,
           d.semantic_digest
      FROM json_each(:names) AS c CROSS JOIN tag AS t ON t.collection = c.value
     CROSS JOIN dataset AS d ON d.id = t.dataset
     WHERE d.type = :type AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY t.rowid
"""
RECORDS = "SELECT key, record, time_begin, time_end FROM dimension_record WHERE dimension = ? AND value = ?"


class Candidate(NamedTuple):
    """A dataset in a collection.

    Attributes:
        begin, end: The time for which a CALIBRATION collection holds it; None is open.
        content: What was recorded, and at which path.
    """

    collection: str
    data_id: Mapping[str, JSON]
    begin: str | None
    end: str | None
    dataset: str
    content: RecordedContent


class Record(NamedTuple):
    """A record of a dimension's value: `key` with what it requires, `implied` with metadata, and its time span."""

    key: Mapping[str, JSON]
    implied: Mapping[str, JSON]
    begin: str | None
    end: str | None


def candidates(conn: sqlite3.Connection, collections: Iterable[str], type: str) -> list[Candidate]:
    """All datasets of a type in RUN, TAGGED and CALIBRATION collections, in the order of their addition.

    In a RUN collection it is the last recorded of each data ID at each path.
    """
    asked = {"names": json.dumps(list(collections)), "type": type}
    last = {(row[0], row[1], row[5]): row for row in conn.execute(IN_RUNS, asked)}
    return [_candidate(row) for row in (*last.values(), *conn.execute(BY_TAG, asked))]


def _candidate(row: tuple[Any, ...]) -> Candidate:
    collection, data_id, begin, end, dataset, path, kind, executable, digest, semantic = row
    content = RecordedContent(path, kind, bool(executable), digest, semantic)
    return Candidate(collection, json.loads(data_id), begin, end, dataset, content)


def records(conn: sqlite3.Connection, dimension: str, value: JSON) -> list[Record]:
    """Records of a dimension's value: several where it has them for several values of what it requires."""
    found = conn.execute(RECORDS, (dimension, value))
    return [Record(json.loads(key), json.loads(record), begin, end) for key, record, begin, end in found]
