"""What is asked of datasets and executions that people record: what there is, what lives, what was said of it since.

A dataset lives until it is replaced or deleted. One that somebody registered has no role: what tasks made has one, and
what they only read is in the collection `sources`. Of several that were put at one path, each into a newer RUN
collection, the last lies there; the others live in their collections, and their bytes are kept objects.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.digest import canonical_json
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

DATASETS = """
    SELECT d.id, d.type, d.data_id, d.run, d.path, d.kind, d.size, d.digest, d.semantic_digest, d.format, d.created,
           d.execution, d.name, d.version, d.owner, d.owner_type, d.description,
           CASE WHEN EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id) THEN 'deleted'
                WHEN EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id) THEN 'replaced'
                ELSE 'valid' END AS status,
           d.iteration, d.replaces, d.metadata, d.location, d.url, d.contact, d.overwritable
      FROM json_each(:ids) AS r CROSS JOIN dataset AS d ON d.id = r.value ORDER BY r.key
"""
WHOLE_ROW = "SELECT * FROM dataset WHERE id = ?"
KEYWORDS = """
    SELECT substr(subject, 38) FROM record
     WHERE subject > :dataset || ' ' AND subject < :dataset || '!' AND kind = 'keyword' ORDER BY subject
"""
KEYWORDS_OF_ALL = """
    SELECT r.value, substr(k.subject, 38)
      FROM (SELECT DISTINCT value FROM json_each(:ids)) AS r CROSS JOIN record AS k
     WHERE k.subject > r.value || ' ' AND k.subject < r.value || '!' AND k.kind = 'keyword' ORDER BY k.subject
"""
CHANGES = "SELECT id, field, value, changed, user FROM dataset_change WHERE dataset = ? ORDER BY rowid"
CHANGED_OF_ALL = """
    SELECT DISTINCT c.dataset FROM json_each(:ids) AS r CROSS JOIN dataset_change AS c ON c.dataset = r.value
"""
DELETION = "SELECT deleted, user, kept_bytes FROM dataset_deletion WHERE dataset = ?"
LIVING_AT = """
    SELECT d.id, d.path, d.name, d.version, d.owner, d.kind
      FROM json_each(:paths) AS p CROSS JOIN dataset AS d ON d.path = p.value
     WHERE d.role = '' AND d.run <> 'sources' AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS l
                        WHERE l.path = d.path AND l.rowid > d.rowid AND l.role = '' AND l.run <> 'sources'
                          AND l.location = 'project')
     ORDER BY p.key
"""
LIVING_INSIDE = """
    SELECT d.id, d.path, d.name, d.version, d.owner, d.kind FROM dataset AS d
     WHERE d.path > :path || '/' AND d.path < :path || '0'
       AND d.role = '' AND d.run <> 'sources' AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS l
                        WHERE l.path = d.path AND l.rowid > d.rowid AND l.role = '' AND l.run <> 'sources'
                          AND l.location = 'project')
     LIMIT 1
"""
LIVING_CALLED = """
    SELECT d.id, d.path, d.name, d.version, d.owner, d.kind FROM dataset AS d
     WHERE d.name = :name AND d.version = :version AND d.owner = :owner AND d.owner_type = :owner_type
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
     LIMIT 1
"""
USED_VERSIONS = """
    SELECT DISTINCT version FROM dataset
     WHERE name = :name AND version IS NOT NULL AND owner = :owner AND owner_type = :owner_type
"""
MAKER_OF = """
    SELECT d.execution FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND d.digest = :digest AND e.outcome = 'succeeded' ORDER BY d.rowid DESC LIMIT 1
"""
PLACES_OF = """
    SELECT DISTINCT d.path FROM dataset AS d JOIN record AS f ON f.subject = d.id AND f.kind = 'dataset'
     WHERE d.execution = :execution AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id) ORDER BY d.rowid
"""
FORMER_OF_TASK = """
    SELECT d.id, d.iteration FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND d.role = '' AND d.run <> 'sources' AND d.location = 'project'
       AND e.stage = :stage AND e.data_id = :data_id AND e.run IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
     ORDER BY d.rowid DESC LIMIT 1
"""
UNDER_WAY = """
    SELECT 1 FROM record AS f JOIN record AS b ON b.kind = 'run' AND b.position < f.position
     WHERE f.subject = ? AND f.kind = 'dataset' AND NOT EXISTS (SELECT 1 FROM run_end AS n WHERE n.run = b.subject)
     LIMIT 1
"""
UNRECORDED = """
    SELECT DISTINCT d.execution FROM dataset AS d
     WHERE d.execution >= :prefix AND d.execution < :prefix || '~'
       AND NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = d.execution)
     LIMIT 5
"""
UNRECORDED_SINCE = """
    SELECT DISTINCT d.execution FROM record AS b JOIN record AS f ON f.position > b.position AND f.kind = 'dataset'
      CROSS JOIN dataset AS d ON d.id = f.subject
     WHERE b.subject = ? AND b.kind = 'run' AND d.execution IS NOT NULL
       AND NOT EXISTS (SELECT 1 FROM execution AS e WHERE e.id = d.execution)
"""
LIVING_SUCCESSOR = """
    WITH RECURSIVE later (id) AS (
        SELECT id FROM dataset WHERE replaces = :dataset
        UNION SELECT d.id FROM later AS l CROSS JOIN dataset AS d ON d.replaces = l.id
    )
    SELECT l.id FROM later AS l
     WHERE NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = l.id)
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = l.id)
"""
ALIAS = "SELECT target FROM alias WHERE name = ? ORDER BY rowid DESC LIMIT 1"
ALIASES = "SELECT name, target FROM alias AS a WHERE rowid = (SELECT max(rowid) FROM alias WHERE name = a.name)"
EXECUTION_OUTCOME = "SELECT outcome FROM execution WHERE id = ?"
EXECUTIONS = """
    SELECT e.id, e.run, e.stage, e.data_id, e.name, e.description, e.site, e.configuration, e.started, e.ended,
           e.outcome
      FROM json_each(:ids) AS r CROSS JOIN execution AS e ON e.id = r.value ORDER BY r.key
"""
INPUTS = "SELECT dataset FROM usage WHERE execution = ? ORDER BY role, position"
OUTPUTS = "SELECT id FROM dataset WHERE execution = ? ORDER BY rowid"
LAST_EXECUTIONS = """
    SELECT id FROM execution WHERE :every OR (run IS NULL AND stage IS NULL) ORDER BY rowid DESC LIMIT :limit
"""
LIST = """
    SELECT d.id FROM dataset AS d
     WHERE (:type IS NULL OR d.type GLOB :type)
       AND (:owner IS NULL OR d.owner = :owner)
       AND NOT EXISTS (SELECT 1 FROM json_each(:keywords) AS w
                        WHERE NOT EXISTS (SELECT 1 FROM keyword AS k WHERE k.word = w.value AND k.dataset = d.id))
       AND (:names IS NULL OR d.run IN (SELECT value FROM json_each(:names))
            OR EXISTS (SELECT 1 FROM tag AS t
                        WHERE t.dataset = d.id AND t.collection IN (SELECT value FROM json_each(:names))
                          AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)))
       AND (:status = 'all'
            OR :status = CASE WHEN EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id) THEN 'deleted'
                              WHEN EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id) THEN 'replaced'
                              ELSE 'valid' END)
     ORDER BY d.rowid DESC LIMIT :limit
"""
CHANGEABLE = ("description", "url", "metadata")


class Living(NamedTuple):
    """A dataset that stands in the way of another."""

    id: str
    path: str
    name: str
    version: str | None
    owner: str
    kind: str


class Wanted(NamedTuple):
    """Which datasets to list, newest first.

    Attributes:
        type: A glob.
        collections: RUN, TAGGED and CALIBRATION collections; None: wherever they are.
        keywords: All of them.
        status: "valid", "replaced", "deleted" or "all".
        limit: -1: all.
    """

    type: str | None = None
    collections: Sequence[str] | None = None
    owner: str | None = None
    keywords: Sequence[str] = ()
    status: str = "valid"
    limit: int = -1


def datasets(conn: sqlite3.Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The records of datasets as they are now, in the order of their ids; what is not there is left out."""
    wanted = {"ids": json.dumps(list(ids))}
    words: dict[str, list[str]] = {}
    for id, word in conn.execute(KEYWORDS_OF_ALL, wanted):
        words.setdefault(id, []).append(word)
    changed_ones = {id for (id,) in conn.execute(CHANGED_OF_ALL, wanted)}
    cursor = conn.execute(DATASETS, wanted)
    names = [column[0] for column in cursor.description]
    found = []
    for values in cursor.fetchall():
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        row["data_id"], row["metadata"] = json.loads(row["data_id"]), json.loads(row["metadata"])
        row["overwritable"] = bool(row["overwritable"])
        row["keywords"] = words.get(row["id"], [])
        if row["id"] in changed_ones:
            row.update(changed(conn, row["id"]))
        found.append(row)
    return found


def whole_row(conn: sqlite3.Connection, dataset: str) -> dict[str, Any]:
    """A dataset's row as it was recorded."""
    cursor = conn.execute(WHOLE_ROW, (dataset,))
    names = [column[0] for column in cursor.description]
    return dict(zip(names, cursor.fetchone(), strict=True))


def row_as_it_is(conn: sqlite3.Connection, dataset: str) -> dict[str, Any]:
    """A dataset's row with what was said of it since it was recorded."""
    now = datasets(conn, [dataset])[0]
    said = {field: now[field] for field in ("description", "url")}
    return {**whole_row(conn, dataset), **said, "metadata": canonical_json(now["metadata"])}


def keywords(conn: sqlite3.Connection, dataset: str) -> list[str]:
    """Keywords of a dataset, sorted."""
    return [row[0] for row in conn.execute(KEYWORDS, {"dataset": dataset})]


def changes(conn: sqlite3.Connection, dataset: str) -> list[dict[str, Any]]:
    """Changes of what is not identity, the first one first."""
    names = ("id", "field", "value", "changed", "user")
    rows = [dict(zip(names, row, strict=True)) for row in conn.execute(CHANGES, (dataset,))]
    return [{**row, "value": json.loads(row["value"])} for row in rows]


def changed(conn: sqlite3.Connection, dataset: str) -> dict[str, Any]:
    """Field → the value that holds now, of the fields that were changed."""
    return {row["field"]: row["value"] for row in changes(conn, dataset) if row["field"] in CHANGEABLE}


def deletion(conn: sqlite3.Connection, dataset: str) -> dict[str, Any] | None:
    """When and by whom a dataset was deleted; None: it was not."""
    row = conn.execute(DELETION, (dataset,)).fetchone()
    return None if row is None else {"deleted": row[0], "user": row[1], "kept_bytes": bool(row[2])}


def living_at(conn: sqlite3.Connection, path: str) -> Living | None:
    """The registered dataset that lives at a path, around it or inside of it."""
    parts = path.split("/")
    around = ["/".join(parts[:number]) for number in range(len(parts), 0, -1)]
    row = conn.execute(LIVING_AT, {"paths": json.dumps(around)}).fetchone()
    if row is None:
        row = conn.execute(LIVING_INSIDE, {"path": path}).fetchone()
    return None if row is None else Living(*row)


def living_called(conn: sqlite3.Connection, name: str, version: str, owner: str, owner_type: str) -> Living | None:
    """The living dataset with a name, a version and an owner."""
    asked = {"name": name, "version": version, "owner": owner, "owner_type": owner_type}
    row = conn.execute(LIVING_CALLED, asked).fetchone()
    return None if row is None else Living(*row)


def living_successor(conn: sqlite3.Connection, dataset: str) -> str | None:
    """The living dataset that has taken the place of a replaced one, be it by way of others."""
    row = conn.execute(LIVING_SUCCESSOR, {"dataset": dataset}).fetchone()
    return None if row is None else str(row[0])


def used_versions(conn: sqlite3.Connection, name: str, owner: str, owner_type: str) -> list[str]:
    """Versions that were ever given to a name of an owner."""
    asked = {"name": name, "owner": owner, "owner_type": owner_type}
    return [row[0] for row in conn.execute(USED_VERSIONS, asked)]


def maker_of(conn: sqlite3.Connection, path: str, digest: str) -> str | None:
    """The last success that made these bytes at a path."""
    row = conn.execute(MAKER_OF, {"path": path, "digest": digest}).fetchone()
    return None if row is None else row[0]


def may_be_under_way(conn: sqlite3.Connection, dataset: str) -> bool:
    """Whether a dataset whose execution is not recorded may be that of a task under way: its run has not ended."""
    return conn.execute(UNDER_WAY, (dataset,)).fetchone() is not None


def executions_under_way(conn: sqlite3.Connection, prefix: str) -> list[str]:
    """Ids that begin so of tasks that have registered something and are not recorded yet; five at most."""
    return [row[0] for row in conn.execute(UNRECORDED, {"prefix": prefix})]


def unrecorded_since(conn: sqlite3.Connection, run: str) -> list[str]:
    """Executions that are not recorded, of what was registered since a run began."""
    return [row[0] for row in conn.execute(UNRECORDED_SINCE, (run,))]


def former_of_task(conn: sqlite3.Connection, path: str, stage: str, data_id: str) -> tuple[str, int] | None:
    """Id and iteration of the living dataset at a path that a former execution of a task has registered."""
    found: tuple[str, int] | None = conn.execute(
        FORMER_OF_TASK, {"path": path, "stage": stage, "data_id": data_id}
    ).fetchone()
    return found


def places_of(conn: sqlite3.Connection, execution: str) -> list[str]:
    """Paths of what was registered as made by an execution, apart from its outputs."""
    return [row[0] for row in conn.execute(PLACES_OF, {"execution": execution})]


def alias_target(conn: sqlite3.Connection, name: str) -> str | None:
    """What an alias stands for: an id or another alias."""
    row = conn.execute(ALIAS, (name,)).fetchone()
    return None if row is None else row[0]


def aliases(conn: sqlite3.Connection) -> dict[str, str]:
    """Every alias → what it stands for."""
    return dict(conn.execute(ALIASES))


def outcome(conn: sqlite3.Connection, execution: str) -> str | None:
    """How an execution ended; None: there is none of this id."""
    row = conn.execute(EXECUTION_OUTCOME, (execution,)).fetchone()
    return None if row is None else row[0]


def executions(conn: sqlite3.Connection, ids: Iterable[str]) -> list[dict[str, Any]]:
    """The records of executions, with the ids of what they read and made."""
    cursor = conn.execute(EXECUTIONS, {"ids": json.dumps(list(ids))})
    names = [column[0] for column in cursor.description]
    found = []
    for values in cursor.fetchall():
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        row["data_id"] = json.loads(row["data_id"])
        row["inputs"] = [id for (id,) in conn.execute(INPUTS, (row["id"],))]
        row["outputs"] = [id for (id,) in conn.execute(OUTPUTS, (row["id"],))]
        found.append(row)
    return found


def last_executions(conn: sqlite3.Connection, limit: int, *, every: bool) -> list[str]:
    """Ids of executions, newest first: those registered by hand, or all."""
    return [row[0] for row in conn.execute(LAST_EXECUTIONS, {"limit": limit, "every": every})]


def wanted(conn: sqlite3.Connection, asked: Wanted) -> list[str]:
    """Ids of the datasets that are asked for, newest first."""
    names = None if asked.collections is None else json.dumps(list(asked.collections))
    values = {
        "type": asked.type,
        "names": names,
        "owner": asked.owner,
        "keywords": json.dumps(list(asked.keywords)),
        "status": asked.status,
        "limit": asked.limit,
    }
    return [row[0] for row in conn.execute(LIST, values)]
