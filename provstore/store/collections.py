"""Collections as the facts leave them: what there is, what each holds, and what is found in them.

Rules: what was taken out (of a chain, of a TAGGED or CALIBRATION collection) has a row that says so, and is not seen
here. A collection that was removed is a child of the chain `REMOVED`, until it is registered again. Nothing here
writes. A store that was merged may hold what no call makes, such as chains in a circle: each question ends.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.noun import NamedTuple
from provstore.store import facts
from provstore.store.facts import REMOVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

RUN, TAGGED, CHAINED, CALIBRATION = "RUN", "TAGGED", "CHAINED", "CALIBRATION"
TYPES = (RUN, TAGGED, CHAINED, CALIBRATION)

UNTYPED = "file"
"""Dataset type of what nobody gave one: such datasets are told apart by their paths as well."""

ALL = """
    SELECT c.name, c.type, c.created, c.description FROM collection AS c
     WHERE c.name <> :removed
       AND NOT EXISTS (SELECT 1 FROM chain_member AS m
                        WHERE m.child = c.name AND m.chain = :removed
                          AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id))
     ORDER BY c.name
"""
ONE = "SELECT name, type, created, description FROM collection WHERE name = ?"
MEMBERS = """
    SELECT m.id, m.child, m.position FROM chain_member AS m
     WHERE m.chain = ? AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
     ORDER BY m.position, m.id DESC
"""
CHILDREN = """
    SELECT c.name, c.type, c.created, c.description
      FROM chain_member AS m CROSS JOIN collection AS c ON c.name = m.child
     WHERE m.chain = :chain AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
       AND NOT EXISTS (  -- removed in one of two stores that were merged, and chained in the other
           SELECT 1 FROM chain_member AS r WHERE r.child = m.child AND r.chain = :removed
              AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = r.id))
     ORDER BY m.position, m.id DESC
"""
MEMBERSHIPS = """
    SELECT m.id, m.chain FROM chain_member AS m
     WHERE m.child = ? AND NOT EXISTS (SELECT 1 FROM chain_removal AS x WHERE x.member = m.id)
     ORDER BY m.rowid
"""
TAGS = """
    SELECT t.id, t.collection, d.id, d.type, d.data_id, d.path, t.valid_from, t.valid_to
      FROM tag AS t CROSS JOIN dataset AS d ON d.id = t.dataset
     WHERE t.collection = ? AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
     ORDER BY t.rowid
"""
TAGS_OF_TYPE = """
    SELECT t.id, t.collection, d.id, d.type, d.data_id, d.path, t.valid_from, t.valid_to
      FROM tag AS t CROSS JOIN dataset AS d ON d.id = t.dataset
     WHERE t.collection = ? AND d.type = ? AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
     ORDER BY t.rowid
"""
TAGS_OF_IDENTITY = """
    SELECT t.id, t.collection, d.id, d.type, d.data_id, d.path, t.valid_from, t.valid_to
      FROM dataset AS d CROSS JOIN tag AS t ON t.collection = ? AND t.dataset = d.id
     WHERE d.type = ? AND d.data_id = ? AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY t.rowid
"""
TAGS_OF_RUN = """
    SELECT t.id, t.collection, d.id, d.type, d.data_id, d.path, t.valid_from, t.valid_to
      FROM dataset AS d CROSS JOIN tag AS t ON t.dataset = d.id
     WHERE d.run = ? AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
     ORDER BY t.rowid
"""
DATASETS_OF_RUN = """
    SELECT d.id FROM dataset AS d
     WHERE d.run = ? AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY d.rowid
"""
RUN_UNDER_WAY = """
    SELECT r.id FROM run AS r
     WHERE r.rowid = (SELECT max(rowid) FROM run) AND r.collection = ?
       AND NOT EXISTS (SELECT 1 FROM run_end AS e WHERE e.run = r.id)
"""
HOLDS_TYPE = """
    SELECT 1 FROM tag AS t CROSS JOIN dataset AS d ON d.id = t.dataset
     WHERE t.collection = ? AND d.type = ? AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id) LIMIT 1
"""
TYPE_IS_KNOWN = "SELECT 1 FROM dataset WHERE type = ? LIMIT 1"
SUBJECTS = """
    SELECT d.id, d.type, d.data_id, d.path,
           EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
      FROM json_each(?) AS r CROSS JOIN dataset AS d ON d.id = r.value ORDER BY r.key
"""
FOUND_IN_RUNS = """
    SELECT d.run, d.id, d.path FROM dataset AS d
     WHERE d.type = :type AND d.data_id = :data_id AND +d.run IN (SELECT value FROM json_each(:names))
       AND instr(d.role, '/') = 0  -- what lies inside of a directory is found with it
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
       AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
     ORDER BY d.rowid
"""
FOUND_BY_TAG = """
    SELECT t.id, t.collection, d.id, d.type, d.data_id, d.path, t.valid_from, t.valid_to
      FROM dataset AS d CROSS JOIN tag AS t ON t.dataset = d.id
     WHERE d.type = :type AND d.data_id = :data_id AND +t.collection IN (SELECT value FROM json_each(:names))
       AND NOT EXISTS (SELECT 1 FROM tag_removal AS x WHERE x.tag = t.id)
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY t.rowid
"""


class Collection(NamedTuple):
    """A named set of datasets."""

    name: str
    type: str
    created: str
    description: str


class Member(NamedTuple):
    """A child of a chain; `id` is that of the fact."""

    id: str
    child: str
    position: int


class Subject(NamedTuple):
    """A dataset, as far as collections look at it."""

    id: str
    type: str
    data_id: str
    path: str
    is_deleted: int

    @property
    def identity(self) -> tuple[str, ...]:
        """What a TAGGED collection holds one of."""
        return identity_of(self.type, self.data_id, self.path)


class Tag(NamedTuple):
    """A dataset in a TAGGED collection, or in a CALIBRATION collection for the time [begin, end).

    Attributes:
        id: Of the fact.
        begin, end: As the store spells times; None is open, and both are None in a TAGGED collection.
    """

    id: str
    collection: str
    dataset: str
    type: str
    data_id: str
    path: str
    begin: str | None
    end: str | None

    @property
    def identity(self) -> tuple[str, ...]:
        """See `Subject.identity`."""
        return identity_of(self.type, self.data_id, self.path)


class Found(NamedTuple):
    """A dataset that answers a search, by the collection it was found in; begin and end are those of its tag."""

    collection: str
    dataset: str
    path: str
    begin: str | None = None
    end: str | None = None


def identity_of(type: str, data_id: str, path: str) -> tuple[str, ...]:
    """What a dataset is one of: its type and data ID; where nobody gave it a type, its path as well."""
    return (type, data_id, path) if type == UNTYPED else (type, data_id)


def every(conn: sqlite3.Connection) -> list[Collection]:
    """All collections, by name."""
    return [Collection(*row) for row in conn.execute(ALL, {"removed": REMOVED})]


def one(conn: sqlite3.Connection, name: str) -> Collection | None:
    """The collection of a name; None when there is none, or it was removed."""
    row = conn.execute(ONE, (name,)).fetchone()
    if row is None or name == REMOVED or facts.removals_of(conn, name):
        return None
    return Collection(*row)


def members(conn: sqlite3.Connection, chain: str) -> list[Member]:
    """What makes the children of a chain, in the order in which they are searched."""
    return [Member(*row) for row in conn.execute(MEMBERS, (chain,))]


def children(conn: sqlite3.Connection, chain: str) -> list[str]:
    """Names of a chain's children, each once, in the order in which they are searched."""
    return list(dict.fromkeys(child.name for child in _children(conn, chain)))


def _children(conn: sqlite3.Connection, chain: str) -> list[Collection]:
    return [Collection(*row) for row in conn.execute(CHILDREN, {"chain": chain, "removed": REMOVED})]


def memberships(conn: sqlite3.Connection, name: str) -> list[tuple[str, str]]:
    """(id of the fact, chain) for each chain that a collection is a child of."""
    return [(member, chain) for member, chain in conn.execute(MEMBERSHIPS, (name,)) if chain != REMOVED]


def flattened(conn: sqlite3.Connection, names: Sequence[str]) -> list[Collection]:
    """The collections that are searched for those of some names; what is not there is passed over. See `searched`."""
    return searched(conn, [collection for name in names if (collection := one(conn, name)) is not None])


def searched(conn: sqlite3.Connection, named: Sequence[Collection]) -> list[Collection]:
    """The collections that are searched for these, first to last, each once; chains are replaced by their children."""
    found: dict[str, Collection] = {}
    waiting = list(reversed(named))
    while waiting:
        collection = waiting.pop()
        if collection.name in found:
            continue
        found[collection.name] = collection
        if collection.type == CHAINED:
            waiting += reversed(_children(conn, collection.name))
    return [collection for collection in found.values() if collection.type != CHAINED]


def way_down(conn: sqlite3.Connection, above: str, below: str) -> list[str]:
    """Names from one collection down to another that it holds, both included; empty: it does not hold it."""
    waiting, seen = [[above]], set()
    while waiting:
        way = waiting.pop()
        if way[-1] == below:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            waiting += [[*way, child] for child in children(conn, way[-1])]
    return []


def tags(conn: sqlite3.Connection, collection: str, type: str | None = None) -> list[Tag]:
    """What a TAGGED or CALIBRATION collection holds, of one dataset type or of all, in the order of its addition."""
    rows = conn.execute(TAGS, (collection,)) if type is None else conn.execute(TAGS_OF_TYPE, (collection, type))
    return [Tag(*row) for row in rows]


def tags_like(conn: sqlite3.Connection, collection: str, subject: Subject) -> list[Tag]:
    """What a collection holds of a dataset's identity; what was deleted is passed over."""
    found = [Tag(*row) for row in conn.execute(TAGS_OF_IDENTITY, (collection, subject.type, subject.data_id))]
    return [tag for tag in found if tag.identity == subject.identity]


def tags_of_run(conn: sqlite3.Connection, run: str) -> list[Tag]:
    """Where datasets of a RUN collection are tagged."""
    return [Tag(*row) for row in conn.execute(TAGS_OF_RUN, (run,))]


def datasets_of_run(conn: sqlite3.Connection, run: str) -> list[str]:
    """Datasets of a RUN collection that were not deleted."""
    return [row[0] for row in conn.execute(DATASETS_OF_RUN, (run,))]


def run_under_way(conn: sqlite3.Connection, collection: str) -> str | None:
    """The run that has not ended and whose own collection this is."""
    row = conn.execute(RUN_UNDER_WAY, (collection,)).fetchone()
    return None if row is None else row[0]


def holds_type(conn: sqlite3.Connection, collection: str, type: str) -> bool:
    """A TAGGED or CALIBRATION collection holds something of this type."""
    return conn.execute(HOLDS_TYPE, (collection, type)).fetchone() is not None


def type_is_known(conn: sqlite3.Connection, type: str) -> bool:
    """There is a dataset of this type, or was."""
    return conn.execute(TYPE_IS_KNOWN, (type,)).fetchone() is not None


def subjects(conn: sqlite3.Connection, datasets: Sequence[str]) -> list[Subject]:
    """Datasets by their ids, in that order."""
    return [Subject(*row) for row in conn.execute(SUBJECTS, (json.dumps(datasets),))]


def search(conn: sqlite3.Connection, leaves: Sequence[Collection], type: str, data_id: str) -> list[list[Found]]:
    """All that is of a type and data ID in these collections, in their order; an empty list for each without any.

    In a RUN collection it is the last recorded at each path, unless that was replaced. What was deleted is nowhere.
    """
    asked = {"type": type, "data_id": data_id, "names": json.dumps([leaf.name for leaf in leaves])}
    found: dict[str, dict[str, Found]] = {leaf.name: {} for leaf in leaves}
    for run, dataset, path in conn.execute(FOUND_IN_RUNS, asked):
        found[run][path] = Found(run, dataset, path)
    calibrations = {leaf.name for leaf in leaves if leaf.type == CALIBRATION}
    for row in conn.execute(FOUND_BY_TAG, asked):
        tag = Tag(*row)
        key = tag.id if tag.collection in calibrations else tag.path
        found[tag.collection][key] = Found(tag.collection, tag.dataset, tag.path, tag.begin, tag.end)
    return [list(found[leaf.name].values()) for leaf in leaves]
