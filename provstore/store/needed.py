"""Which objects are needed, and by what.

Rules: an object is needed when anything needs it; what can't be judged is needed. Everything is worked out in
temporary tables, so that a hundred thousand objects cost little memory; nothing here writes to the store but
`free`, which deletes rows of `object` and nothing else. "Last" is the order in which facts were recorded (rowid).

A chain is searched as `find_dataset` searches it: a dataset is found when no collection that stands before its own
holds one of the same dataset type, data ID, path and role. What was deleted is not found; a TAGGED collection holds
what is tagged; a CALIBRATION collection holds nothing for everyone, so that it hides nothing.
"""

from __future__ import annotations

import sqlite3

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

WORKSPACE, TAGS, COLLECTIONS, KEEP, HISTORY, DAMAGE = "workspace", "tags", "collections", "keep", "history", "damage"
REASONS = (WORKSPACE, TAGS, COLLECTIONS, KEEP, HISTORY, DAMAGE)
"""What may need an object; the last: something is damaged that might have said so."""

TEMPORARY = (
    "CREATE TEMP TABLE lying (path TEXT PRIMARY KEY, identity TEXT) WITHOUT ROWID",
    "CREATE TEMP TABLE present (execution TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE search (chain TEXT, place INTEGER, collection TEXT, PRIMARY KEY (chain, place)) WITHOUT ROWID",
    "CREATE TEMP TABLE need (digest TEXT, why TEXT, PRIMARY KEY (digest, why)) WITHOUT ROWID",
    "CREATE TEMP TABLE freed (digest TEXT PRIMARY KEY, size INTEGER, path TEXT, dataset TEXT, made TEXT) WITHOUT ROWID",
)
FORGET = (
    "DROP TABLE IF EXISTS temp.lying",
    "DROP TABLE IF EXISTS temp.present",
    "DROP TABLE IF EXISTS temp.search",
    "DROP TABLE IF EXISTS temp.need",
    "DROP TABLE IF EXISTS temp.freed",
)

KEPT_PATHS = """
    SELECT DISTINCT d.path FROM dataset AS d WHERE EXISTS (SELECT 1 FROM object AS o WHERE o.digest = d.digest)
"""
PUT_LYING = "INSERT OR REPLACE INTO lying (path, identity) VALUES (?, ?)"
PUT_PRESENT = "INSERT OR IGNORE INTO present (execution) VALUES (?)"
PUT_SEARCH = "INSERT INTO search (chain, place, collection) VALUES (?, ?, ?)"
MEMBERS = """
    SELECT m.chain, m.child FROM chain_member AS m
     WHERE NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
     ORDER BY m.chain, m.position, m.id DESC  -- two stores that were merged have children at one position
"""

LIES_HERE = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT d.digest, 'workspace' FROM lying AS l JOIN dataset AS d ON d.path = l.path
     WHERE l.identity IS NULL OR l.identity IN (d.digest, d.semantic_digest)
"""
MADE_LAST = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT d.digest, 'workspace' FROM present AS p JOIN dataset AS d ON d.execution = p.execution
"""
TAGGED = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT d.digest, 'tags' FROM tag AS t JOIN dataset AS d ON d.id = t.dataset
     WHERE NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
"""
IN_NO_CHAIN = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT d.digest, 'collections' FROM dataset AS d
     WHERE (d.run = 'sources'
            OR NOT EXISTS (SELECT 1 FROM chain_member AS m
                            WHERE m.child = d.run
                              AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)))
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
"""
FOUND_FIRST = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT ranked.digest, 'collections'
      FROM (SELECT f.digest, f.place,
                   min(f.place) OVER (PARTITION BY f.chain, f.type, f.data_id, f.path, f.role) AS first
              FROM (SELECT s.chain, s.place, d.type, d.data_id, d.path, d.role, d.digest
                      FROM search AS s JOIN dataset AS d ON d.run = s.collection
                     WHERE NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
                     UNION ALL
                    SELECT s.chain, s.place, d.type, d.data_id, d.path, d.role, d.digest
                      FROM search AS s JOIN collection AS c ON c.name = s.collection AND c.type = 'TAGGED'
                      JOIN tag AS t ON t.collection = s.collection JOIN dataset AS d ON d.id = t.dataset
                     WHERE NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
                       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)) AS f) AS ranked
     WHERE ranked.place = ranked.first
"""
KEPT_ON_DELETION = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT d.digest, 'collections' FROM dataset_deletion AS x JOIN dataset AS d ON d.id = x.dataset
     WHERE x.kept_bytes = 1
"""
MADE_SINCE = """
    INSERT OR IGNORE INTO need (digest, why) SELECT digest, 'keep' FROM dataset WHERE created >= ?
"""
LAST_VERSIONS = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT ranked.digest, 'keep'
      FROM (SELECT v.digest, row_number() OVER (PARTITION BY v.path ORDER BY v.last DESC) AS number
              FROM (SELECT path, digest, max(rowid) AS last FROM dataset GROUP BY path, digest) AS v) AS ranked
     WHERE ranked.number <= ?
"""
TEXTS = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT log, 'history' FROM execution WHERE log IS NOT NULL
     UNION SELECT configuration, 'history' FROM execution WHERE configuration IS NOT NULL
     UNION SELECT digest, 'history' FROM run_source
     UNION SELECT diff_digest, 'history' FROM run_code WHERE diff_digest IS NOT NULL
"""
NEEDED_DIRECTORIES = """
    SELECT DISTINCT n.digest FROM need AS n
     WHERE EXISTS (SELECT 1 FROM dataset AS d WHERE d.digest = n.digest AND d.kind = 'directory')
"""
NEEDED_MEMBER = "INSERT OR IGNORE INTO need (digest, why) SELECT ?, n.why FROM need AS n WHERE n.digest = ?"
EVERYTHING = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT digest, 'damage' FROM object WHERE digest NOT IN (SELECT digest FROM need)
"""
IN_DOUBT = """
    INSERT OR IGNORE INTO need (digest, why)
    SELECT digest, 'damage' FROM object AS o
     WHERE EXISTS (SELECT 1 FROM recovery WHERE lost <> '[]')
       AND NOT EXISTS (SELECT 1 FROM dataset AS d WHERE d.digest = o.digest)
       AND digest NOT IN (SELECT digest FROM need)
"""
IS_ACCOUNTED_FOR = """
    SELECT EXISTS (SELECT 1 FROM need WHERE digest = :digest)
        OR EXISTS (SELECT 1 FROM object WHERE digest = :digest)
        OR (EXISTS (SELECT 1 FROM recovery WHERE lost <> '[]')
            AND NOT EXISTS (SELECT 1 FROM dataset WHERE digest = :digest))
"""

NOT_NEEDED = """
    INSERT INTO freed (digest, size) SELECT digest, size FROM object WHERE digest NOT IN (SELECT digest FROM need)
"""
NAME_DATASETS = """
    UPDATE freed SET (path, dataset, made) = (SELECT d.path, d.id, d.created FROM dataset AS d
                                               WHERE d.digest = freed.digest ORDER BY d.rowid DESC LIMIT 1)
"""
FREED_DIRECTORIES = """
    SELECT f.digest, d.path, d.id, d.created FROM freed AS f JOIN dataset AS d ON d.id = f.dataset
     WHERE d.kind = 'directory'
"""
NAME_MEMBER = "UPDATE freed SET path = ?, dataset = ?, made = ? WHERE digest = ? AND path IS NULL"
FREED = "SELECT digest, size, path, dataset, made FROM freed ORDER BY path, made, digest"
FREED_VERSIONS = """
    SELECT d.path, f.dataset, f.made, count(*), sum(f.size)
      FROM freed AS f LEFT JOIN dataset AS d ON d.id = f.dataset
     GROUP BY f.dataset ORDER BY d.path, f.made, f.dataset LIMIT ?
"""
FREED_SUM = (
    "SELECT count(*), coalesce(sum(size), 0), count(DISTINCT dataset) + coalesce(max(dataset IS NULL), 0) FROM freed"
)
KEPT_SUM = """
    SELECT count(*), coalesce(sum(size), 0) FROM object WHERE digest NOT IN (SELECT digest FROM freed)
"""
KEPT_BY = """
    SELECT n.why, count(*), sum(o.size) FROM need AS n JOIN object AS o ON o.digest = n.digest GROUP BY n.why
"""
FREE = "DELETE FROM object WHERE digest IN (SELECT digest FROM freed)"


class Keep(NamedTuple):
    """What a user wants kept beyond what is needed.

    Attributes:
        since: What was made at this time or later, as the store spells times; None: nothing for its age.
        versions: So many last versions of each path.
    """

    since: str | None = None
    versions: int = 0


class FreedObject(NamedTuple):
    """An object that nothing needs; `path`, `dataset` and `made` are those of the last dataset with these bytes."""

    digest: str
    size: int
    path: str | None
    dataset: str | None
    made: str | None


class FreedVersion(NamedTuple):
    """The objects of one dataset that nothing needs; `path` is None for those that no dataset refers to."""

    path: str | None
    dataset: str | None
    made: str | None
    objects: int
    bytes: int


class Amount(NamedTuple):
    """How many objects, and how many bytes in all."""

    objects: int
    bytes: int


def kept_paths(conn: sqlite3.Connection) -> list[str]:
    """Every path of which some version is kept."""
    return [row[0] for row in conn.execute(KEPT_PATHS)]


def judge(
    conn: sqlite3.Connection, lying: Iterable[tuple[str, str | None]], executions: Iterable[str], keep: Keep
) -> None:
    """Works out which objects are needed, but for what is in directories.

    Args:
        lying: What lies in the workspace: (path, digest or semantic digest); None where that can't be told.
        executions: Those whose outputs the present tasks may want back.
    """
    for statement in (*FORGET, *TEMPORARY):
        conn.execute(statement)
    conn.executemany(PUT_LYING, lying)
    conn.executemany(PUT_PRESENT, ((execution,) for execution in executions))
    conn.executemany(PUT_SEARCH, _search_orders(conn))
    for rule in (LIES_HERE, MADE_LAST, TAGGED, IN_NO_CHAIN, FOUND_FIRST, KEPT_ON_DELETION, TEXTS):
        conn.execute(rule)
    if keep.since is not None:
        conn.execute(MADE_SINCE, (keep.since,))
    if keep.versions:
        conn.execute(LAST_VERSIONS, (keep.versions,))


def _search_orders(conn: sqlite3.Connection) -> Iterator[tuple[str, int, str]]:
    """(chain, place, collection): what a search along each chain looks into, chains in it dissolved."""
    children: dict[str, list[str]] = {}
    for chain, child in conn.execute(MEMBERS):
        children.setdefault(chain, []).append(child)
    for chain in children:
        seen, place = {chain}, 0
        left = children[chain][::-1]
        while left:
            collection = left.pop()
            if collection in seen:
                continue
            seen.add(collection)
            if collection in children:
                left += children[collection][::-1]
            else:
                yield chain, place, collection
                place += 1


def needed_directories(conn: sqlite3.Connection) -> list[str]:
    """Digests of directories that are needed."""
    return [row[0] for row in conn.execute(NEEDED_DIRECTORIES)]


def put_members(conn: sqlite3.Connection, directory: str, members: Iterable[str]) -> None:
    """Says what is in a directory: it is needed by all that need the directory."""
    conn.executemany(NEEDED_MEMBER, [(member, directory) for member in members])


def need_everything(conn: sqlite3.Connection) -> None:
    """Nothing that is kept may be freed."""
    conn.execute(EVERYTHING)


def settle(conn: sqlite3.Connection) -> list[tuple[str, str, str, str]]:
    """Works out what is not needed, once all members are put.

    Where a recovery has lost facts, what no dataset refers to may belong to one of those.

    Returns:
        (digest, path, dataset, made) of directories that are not needed, for `name_members`.
    """
    conn.execute(IN_DOUBT)
    conn.execute(NOT_NEEDED)
    conn.execute(NAME_DATASETS)
    return list(conn.execute(FREED_DIRECTORIES))


def name_members(conn: sqlite3.Connection, members: Iterable[tuple[str, str, str, str]]) -> None:
    """Names objects that are known only from the directory they were in: (path, dataset, made, digest)."""
    conn.executemany(NAME_MEMBER, members)


def freed(conn: sqlite3.Connection) -> Sequence[FreedObject]:
    """All that is not needed, by path."""
    return [FreedObject._make(row) for row in conn.execute(FREED)]


def freed_versions(conn: sqlite3.Connection, limit: int) -> Sequence[FreedVersion]:
    """The same by dataset, the first so many."""
    return [FreedVersion._make(row) for row in conn.execute(FREED_VERSIONS, (limit,))]


def freed_amount(conn: sqlite3.Connection) -> tuple[Amount, int]:
    """How much is not needed, and of how many datasets."""
    objects, size, datasets = conn.execute(FREED_SUM).fetchone()
    return Amount(objects, size), datasets


def kept_amount(conn: sqlite3.Connection) -> tuple[Amount, Mapping[str, Amount]]:
    """How much is kept, and by what; an object may be needed by several."""
    by = {why: Amount(objects, size) for why, objects, size in conn.execute(KEPT_BY)}
    return Amount._make(conn.execute(KEPT_SUM).fetchone()), {why: by[why] for why in REASONS if why in by}


def is_accounted_for(conn: sqlite3.Connection, digest: str) -> bool:
    """A row knows the object, or something needs it, or what it belongs to may be lost."""
    return bool(conn.execute(IS_ACCOUNTED_FOR, {"digest": digest}).fetchone()[0])


def free(conn: sqlite3.Connection) -> None:
    """Deletes the rows of all that is not needed; their files are left to whoever looks for files without rows."""
    conn.execute(FREE)
