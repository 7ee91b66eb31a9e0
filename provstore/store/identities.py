"""Datasets by their dataset type and data ID, many at a time: what is known already, and what lies where they go.

What was replaced or deleted is nowhere, but where it is asked for, and where its bytes still lie (`of_bytes`).
"""

from __future__ import annotations

import json
import sqlite3

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

IN_RUN = """
    SELECT d.data_id, d.id, d.path FROM json_each(:data_ids) AS w CROSS JOIN dataset AS d ON d.data_id = w.value
     WHERE d.type = :type AND +d.run = :run AND instr(d.role, '/') = 0
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
"""
IN_RUNS = """
    SELECT d.data_id, d.run, d.id, d.digest
      FROM json_each(:data_ids) AS w CROSS JOIN dataset AS d ON d.data_id = w.value
     WHERE d.type = :type AND +d.run IN (SELECT value FROM json_each(:runs)) AND instr(d.role, '/') = 0
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
     ORDER BY d.rowid
"""
LIVING_AT = """
    SELECT d.id, d.path, d.type, d.data_id FROM json_each(:paths) AS p CROSS JOIN dataset AS d ON d.path = p.value
     WHERE d.role = '' AND d.run <> 'sources' AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS l
                        WHERE l.path = d.path AND l.rowid > d.rowid AND l.role = '' AND l.run <> 'sources'
                          AND l.location = 'project')
"""
LIVING_INSIDE = """
    SELECT d.id, d.path, d.type, d.data_id
      FROM json_each(:paths) AS p CROSS JOIN dataset AS d ON d.path > p.value || '/' AND d.path < p.value || '0'
     WHERE d.role = '' AND d.run <> 'sources' AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS l
                        WHERE l.path = d.path AND l.rowid > d.rowid AND l.role = '' AND l.run <> 'sources'
                          AND l.location = 'project')
"""
LAST_DELETED = """
    SELECT d.id FROM dataset AS d
     WHERE d.data_id = :data_id AND d.type = :type AND +d.run IN (SELECT value FROM json_each(:runs))
       AND instr(d.role, '/') = 0 AND EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY d.rowid DESC LIMIT 1
"""
OF_BYTES = """
    SELECT d.id, d.path, d.type, d.data_id FROM dataset AS d
     WHERE d.path = :path AND d.digest = :digest AND d.run <> 'sources'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id AND x.kept_bytes = 1)
     ORDER BY d.rowid DESC
"""


SHARING = """
    SELECT o.id FROM dataset AS d CROSS JOIN dataset AS o ON o.path = d.path AND o.digest = d.digest
     WHERE d.id = :dataset AND o.id <> d.id AND o.role = '' AND o.run <> 'sources' AND o.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = o.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = o.id)
     ORDER BY o.rowid DESC
"""


class Placed(NamedTuple):
    """A dataset that is at a place."""

    id: str
    path: str
    type: str
    data_id: str


def in_run(conn: sqlite3.Connection, run: str, type: str, data_ids: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Which of these data IDs (canonical JSON) a RUN collection holds: each with the id and the path of its dataset."""
    asked = {"run": run, "type": type, "data_ids": json.dumps(list(data_ids))}
    return {data_id: (id, path) for data_id, id, path in conn.execute(IN_RUN, asked)}


def found_first(
    conn: sqlite3.Connection, runs: Sequence[str], type: str, data_ids: Iterable[str]
) -> dict[str, tuple[str, str]]:
    """Which of these data IDs are found along RUN collections: each with id and digest of what is found first."""
    asked = {"type": type, "runs": json.dumps(list(runs)), "data_ids": json.dumps(list(data_ids))}
    places = {run: place for place, run in enumerate(runs)}
    if not places:
        return {}
    found: dict[str, tuple[int, tuple[str, str]]] = {}
    for data_id, run, id, digest in conn.execute(IN_RUNS, asked):
        if data_id not in found or places[run] <= found[data_id][0]:
            found[data_id] = places[run], (id, digest)
    return {data_id: dataset for data_id, (_, dataset) in found.items()}


def last_deleted(conn: sqlite3.Connection, runs: Sequence[str], type: str, data_id: str) -> str | None:
    """Id of the last dataset of a type and data ID of RUN collections that was deleted; None: there is none."""
    row = conn.execute(LAST_DELETED, {"runs": json.dumps(list(runs)), "type": type, "data_id": data_id}).fetchone()
    return None if row is None else str(row[0])


def in_the_way(conn: sqlite3.Connection, paths: Sequence[str]) -> Iterator[tuple[str, Placed]]:
    """(path, dataset) of each registered dataset that lives at one of these paths, around one, or inside of one."""
    wanted = set(paths)
    around: dict[str, str] = {}
    for path in paths:
        folder = path
        while folder and folder not in around:
            around[folder] = path
            folder = folder.rpartition("/")[0]
    for row in conn.execute(LIVING_AT, {"paths": json.dumps(list(around))}):
        placed = Placed(*row)
        yield (placed.path if placed.path in wanted else around[placed.path]), placed
    for row in conn.execute(LIVING_INSIDE, {"paths": json.dumps(list(paths))}):
        placed = Placed(*row)
        folder = placed.path
        while folder not in wanted:
            folder = folder.rpartition("/")[0]
        yield folder, placed


def of_bytes(conn: sqlite3.Connection, path: str, digest: str) -> list[Placed]:
    """Datasets of these bytes that were recorded at a path, the last first; not what was only read there.

    One that was deleted is among them, unless its bytes were to stay: a RUN collection leaves its files when it goes.
    """
    return [Placed(*row) for row in conn.execute(OF_BYTES, {"path": path, "digest": digest})]


def sharing(conn: sqlite3.Connection, dataset: str) -> list[str]:
    """Other living datasets that have the bytes of this one at its path, the last first."""
    return [row[0] for row in conn.execute(SHARING, {"dataset": dataset})]
