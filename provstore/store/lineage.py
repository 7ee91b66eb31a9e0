"""What data came from, and what came from them: the graph of datasets and executions, walked in SQL.

Two facts lead from one to the other: an execution used a dataset, and an execution made one. A third link is found
here: a directory that no execution made, but whose files were made (several tasks write into one folder, another
reads the folder), came from these files.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.digest import digest_bytes, entries_from_manifest
from provstore.noun import NamedTuple
from provstore.store.data_ids import DataIds
from provstore.store.memory import is_whole
from provstore.store.registered import may_be_under_way

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from typing import TypeAlias

    from provstore.model.values import JSON

    Node: TypeAlias = tuple[str, str]
    """DATASET or EXECUTION, and the id."""

DATASET, EXECUTION = "dataset", "execution"

UP = """
    WITH RECURSIVE walk (kind, id, steps) AS (
        SELECT json_extract(r.value, '$[0]'), json_extract(r.value, '$[1]'), json_extract(r.value, '$[2]')
          FROM json_each(:roots) AS r
         UNION
        SELECT 'execution', d.execution, w.steps + (:depth IS NOT NULL)
          FROM walk AS w CROSS JOIN dataset AS d ON d.id = w.id
         WHERE w.kind = 'dataset' AND d.execution IS NOT NULL AND (:depth IS NULL OR w.steps < :depth)
         UNION
        SELECT 'dataset', u.dataset, w.steps
          FROM walk AS w CROSS JOIN usage AS u ON u.execution = w.id
         WHERE w.kind = 'execution'
    )
    SELECT kind, id, min(steps) FROM walk GROUP BY kind, id
"""
DOWN = """
    WITH RECURSIVE walk (kind, id, steps) AS (
        SELECT json_extract(r.value, '$[0]'), json_extract(r.value, '$[1]'), json_extract(r.value, '$[2]')
          FROM json_each(:roots) AS r
         UNION
        SELECT 'execution', e.id, w.steps + (:depth IS NOT NULL)
          FROM walk AS w CROSS JOIN usage AS u ON u.dataset = w.id CROSS JOIN execution AS e ON e.id = u.execution
         WHERE w.kind = 'dataset' AND e.outcome = 'succeeded' AND (:depth IS NULL OR w.steps < :depth)
         UNION
        SELECT 'dataset', d.id, w.steps
          FROM walk AS w CROSS JOIN dataset AS d ON d.execution = w.id
         WHERE w.kind = 'execution'
    )
    SELECT kind, id, min(steps) FROM walk GROUP BY kind, id
"""
DATASETS = """
    SELECT d.rowid, d.id, d.path, d.type, d.data_id, d.digest, d.execution, d.kind, d.role
      FROM json_each(:ids) AS r CROSS JOIN dataset AS d ON d.id = r.value ORDER BY d.rowid
"""
EXECUTIONS = """
    SELECT e.id, e.stage, e.data_id, e.outcome, e.started, e.run IS NULL AND e.name = 'accepted',
           e.name
      FROM json_each(:ids) AS r CROSS JOIN execution AS e ON e.id = r.value ORDER BY e.rowid
"""
USED = """
    SELECT u.dataset, u.execution, u.role
      FROM json_each(:ids) AS r CROSS JOIN usage AS u ON u.execution = r.value ORDER BY r.key, u.role, u.position
"""
INSIDE = """
    WITH RECURSIVE inside (path) AS (
        SELECT min(path) FROM dataset WHERE path > :folder || '/' AND path < :folder || '0'
         UNION ALL
        SELECT (SELECT min(n.path) FROM dataset AS n WHERE n.path > i.path AND n.path < :folder || '0')
          FROM inside AS i WHERE i.path IS NOT NULL
    )
    SELECT d.rowid, d.id, d.path, d.type, d.data_id, d.digest, d.execution, d.kind, d.role
      FROM inside AS i
      CROSS JOIN dataset AS d
        ON d.rowid = (SELECT max(v.rowid) FROM dataset AS v WHERE v.path = i.path AND v.rowid < :before)
     ORDER BY d.rowid
"""
WITH_DIGEST = """
    SELECT d.rowid, d.id, d.path, d.type, d.data_id, d.digest, d.execution, d.kind, d.role
      FROM dataset AS d
     WHERE d.path = :path AND d.digest = :digest AND d.rowid < :before ORDER BY d.rowid DESC LIMIT 1
"""
NEXT_VERSION = "SELECT min(rowid) FROM dataset WHERE path = :path AND rowid > :after"
GATHERED = """
    SELECT d.rowid, d.id, d.path, d.type, d.data_id, d.digest, d.execution, d.kind, d.role
      FROM dataset AS d
     WHERE d.path = :folder AND d.kind = 'directory' AND d.execution IS NULL ORDER BY d.rowid
"""
OF_ONE_EXECUTION = """
    SELECT d.rowid, d.id, d.path, d.type, d.data_id, d.digest, d.execution, d.kind, d.role
      FROM dataset AS d WHERE d.execution = :execution ORDER BY d.rowid
"""
SAME_BYTES = """
    SELECT s.id FROM dataset AS d JOIN dataset AS s ON s.path = d.path AND s.digest = d.digest
     WHERE d.id = ? AND s.executable = d.executable ORDER BY s.rowid
"""
MANIFEST = "SELECT content FROM object WHERE digest = ?"
MEMBERS = "SELECT path, signature, identity, dataset, members, seal FROM directory_memo WHERE path = ?"


class DatasetNode(NamedTuple):
    """A dataset in a lineage.

    Attributes:
        number: Where it stands in the order in which datasets were recorded.
    """

    number: int
    id: str
    path: str
    type: str
    data_id: Mapping[str, JSON]
    digest: str
    execution: str | None
    kind: str
    role: str


class ExecutionNode(NamedTuple):
    """An execution in a lineage.

    Attributes:
        by_hand: Nothing ran: a person accepted what lay there as what the task makes.
        name: What a person has called it, who registered it.
    """

    id: str
    stage: str | None
    data_id: Mapping[str, JSON]
    outcome: str
    started: str
    by_hand: bool
    name: str = ""


class Link(NamedTuple):
    """From one node's id to another's, in the direction in which data flow."""

    source: str
    target: str
    role: str


class Lineage(NamedTuple):
    """Nodes in the order in which they were recorded, each once, and all links between them.

    Attributes:
        missing: What others name and is not in the store: it is damaged.
    """

    datasets: Sequence[DatasetNode]
    executions: Sequence[ExecutionNode]
    links: Sequence[Link]
    missing: Sequence[Node]


def ancestors(conn: sqlite3.Connection, roots: Sequence[Node], depth: int | None) -> Lineage:
    """All that some nodes came from, with these nodes.

    Args:
        depth: Executions that a way has at most, a root counted; None: as many as there are.
    """
    return _walked(conn, UP, roots, depth)


def descendants(
    conn: sqlite3.Connection, roots: Sequence[Node], depth: int | None, *, parts: bool, inside: str = ""
) -> Lineage:
    """All that came from some nodes, with these nodes. Attempts that did not succeed made nothing.

    Args:
        depth: As in `ancestors`.
        parts: What was read from inside a directory came from the directory.
        inside: Of that only what lies below this path; "": all.
    """
    return _walked(conn, DOWN, roots, depth, parts=parts, inside=inside)


def _walked(
    conn: sqlite3.Connection,
    question: str,
    roots: Sequence[Node],
    depth: int | None,
    *,
    parts: bool = False,
    inside: str = "",
) -> Lineage:
    down = question == DOWN
    links: dict[Link, None] = {}
    steps: dict[Node, int] = {}
    fresh = [(kind, id, int(kind == EXECUTION and depth is not None)) for kind, id in roots]
    if down:
        for link in _pieces(conn, roots, parts=parts, inside=inside):
            links[link] = None
            fresh.append((DATASET, link.target, 0))
    directories = _Directories(conn)
    while fresh:
        changed = []
        for kind, id, count in conn.execute(question, {"roots": json.dumps(fresh), "depth": depth}):
            if count < steps.get((kind, id), count + 1):
                steps[kind, id] = count
                if kind == DATASET:
                    changed.append(id)
        fresh = []
        for link in directories.around(changed) if down else directories.made_of(changed):
            links[link] = None
            here, there = (link.source, link.target) if down else (link.target, link.source)
            if steps[DATASET, here] < steps.get((DATASET, there), steps[DATASET, here] + 1):
                fresh.append((DATASET, there, steps[DATASET, here]))
    return _between(conn, steps, links)


def datasets(conn: sqlite3.Connection, ids: Iterable[str]) -> list[DatasetNode]:
    """Datasets by their ids, in the order in which they were recorded."""
    return [_dataset(row) for row in conn.execute(DATASETS, {"ids": json.dumps(sorted(ids))})]


def executions(conn: sqlite3.Connection, ids: Iterable[str]) -> list[ExecutionNode]:
    """Executions by their ids, in the order in which they were recorded."""
    found = conn.execute(EXECUTIONS, {"ids": json.dumps(sorted(ids))})
    data_ids = DataIds(conn)
    return [
        ExecutionNode(id, stage, data_ids.read(stage, data_id), outcome, started, bool(by_hand), name)
        for id, stage, data_id, outcome, started, by_hand, name in found
    ]


def _under_way(conn: sqlite3.Connection, found: Iterable[DatasetNode], recorded: Container[str]) -> set[str]:
    """Executions that are recorded when they have ended, and have registered something before."""
    waiting = [node for node in found if node.execution is not None and node.execution not in recorded]
    return {str(node.execution) for node in waiting if may_be_under_way(conn, node.id)}


def gathered(conn: sqlite3.Connection, ids: Sequence[str]) -> set[str]:
    """Those of the datasets that are directories which no execution made as a whole, with made files in them."""
    return {link.target for link in _Directories(conn).made_of(ids)}


def parts(conn: sqlite3.Connection, ids: Sequence[str]) -> list[Link]:
    """Links from made files to those of the datasets that are directories which no execution made as a whole."""
    return _Directories(conn).made_of(ids)


def same_bytes(conn: sqlite3.Connection, dataset: str) -> list[str]:
    """The datasets of one path with the bytes of this one, itself among them."""
    return [row[0] for row in conn.execute(SAME_BYTES, (dataset,))]


def _between(conn: sqlite3.Connection, nodes: Iterable[Node], more: Iterable[Link]) -> Lineage:
    """The nodes with all that leads from one to another: what was used, what was made, and these links."""
    ids: dict[str, set[str]] = {DATASET: set(), EXECUTION: set()}
    for kind, id in nodes:
        ids[kind].add(id)
    found = datasets(conn, ids[DATASET])
    ran = executions(conn, ids[EXECUTION])
    used = conn.execute(USED, {"ids": json.dumps([execution.id for execution in ran])})
    links = [Link(*row) for row in used if row[0] in ids[DATASET]]
    ids[EXECUTION] -= _under_way(conn, found, {execution.id for execution in ran})
    links += [Link(node.execution, node.id, node.role) for node in found if node.execution in ids[EXECUTION]]
    there = {node.id for node in found} | {node.id for node in ran}
    missing = [(kind, id) for kind, some in ids.items() for id in sorted(some - there)]
    return Lineage(found, ran, tuple(dict.fromkeys([*links, *more])), missing)


def _pieces(conn: sqlite3.Connection, roots: Sequence[Node], *, parts: bool, inside: str) -> list[Link]:
    """Links to what was made in one piece with a dataset: files read from inside a directory, the directory of a file.

    Between other nodes none are needed, as the execution that made both stands between them.
    """
    found = []
    for root in datasets(conn, [id for kind, id in roots if kind == DATASET]):
        made = [] if root.execution is None else conn.execute(OF_ONE_EXECUTION, {"execution": root.execution})
        for other in map(_dataset, made):
            if parts and other.path.startswith((inside or root.path) + "/"):
                found.append(Link(root.id, other.id, other.path[len(root.path) + 1 :]))
            elif root.path.startswith(other.path + "/"):
                found.append(Link(root.id, other.id, root.path[len(other.path) + 1 :]))
    return found


class _Directories:
    """Directories that no execution made, and the made files of which they consist.

    Which version of a file lay in one is known for certain while it lies there unchanged, from what is remembered of
    its files; else it is the last that was recorded before the directory was.
    """

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn
        self._gathered: dict[str, list[DatasetNode]] = {}
        self._remembered: dict[str, tuple[str, Mapping[str, str]]] = {}

    def made_of(self, ids: Sequence[str]) -> list[Link]:
        """Links from made files to those of the datasets that are such directories."""
        return [
            Link(part.id, whole.id, part.path[len(whole.path) + 1 :])
            for whole in datasets(self._conn, ids)
            if whole.kind == "directory" and whole.execution is None
            for part in self._parts_of(whole)
        ]

    def around(self, ids: Sequence[str]) -> list[Link]:
        """Links from those of the datasets that are made files to such directories."""
        found = []
        for part in datasets(self._conn, ids):
            for folder in _folders(part.path) if part.execution is not None else ():
                wholes = [whole for whole in self._at(folder) if whole.number > part.number]
                if wholes and not self._has_a_directory_below(folder, part):
                    found += [Link(part.id, id, part.path[len(folder) + 1 :]) for id in self._holding(part, wholes)]
        return found

    def _holding(self, part: DatasetNode, wholes: Sequence[DatasetNode]) -> list[str]:
        """Those of the later versions of a folder in which this version of the file lay."""
        next_version = self._conn.execute(NEXT_VERSION, {"path": part.path, "after": part.number}).fetchone()[0]
        found = []
        for whole in wholes:
            digests = self._digests(whole) if part.kind == "file" else None
            if digests is not None:
                name = part.path[len(whole.path) + 1 :]
                if digests.get(name) == part.digest and self._with_digest(part, part.digest, whole) == part:
                    found.append(whole.id)
            elif next_version is None or whole.number < next_version:
                found.append(whole.id)
        return found

    def _parts_of(self, whole: DatasetNode) -> list[DatasetNode]:
        """The versions of made files that lay in it when it was recorded; a made directory stands for its files."""
        digests = self._digests(whole)
        found: dict[str, DatasetNode] = {}
        for row in self._conn.execute(INSIDE, {"folder": whole.path, "before": whole.number}).fetchall():
            part: DatasetNode | None = _dataset(row)
            if part is not None and part.kind == "file" and digests is not None:
                digest = digests.get(part.path[len(whole.path) + 1 :], "")
                part = part if part.digest == digest else self._with_digest(part, digest, whole)
            if part is not None and part.execution is not None:
                found[part.path] = part
        return [part for part in found.values() if not self._has_a_directory_below(whole.path, part)]

    def _has_a_directory_below(self, folder: str, part: DatasetNode) -> bool:
        """A file was made with a directory around it that lies in the folder: it is there as a part of that."""
        if "/" not in part.path[len(folder) + 1 :]:
            return False
        made = map(_dataset, self._conn.execute(OF_ONE_EXECUTION, {"execution": part.execution}))
        return any(part.path.startswith(other.path + "/") and other.path.startswith(folder + "/") for other in made)

    def _with_digest(self, part: DatasetNode, digest: str, whole: DatasetNode) -> DatasetNode | None:
        """The last version of a path with these bytes before a directory around it was recorded."""
        row = self._conn.execute(WITH_DIGEST, {"path": part.path, "digest": digest, "before": whole.number}).fetchone()
        return None if row is None else _dataset(row)

    def _at(self, folder: str) -> list[DatasetNode]:
        if folder not in self._gathered:
            self._gathered[folder] = [_dataset(row) for row in self._conn.execute(GATHERED, {"folder": folder})]
        return self._gathered[folder]

    def _digests(self, whole: DatasetNode) -> Mapping[str, str] | None:
        """Digests of the files in a directory, if what is remembered of its path is this version of it."""
        if whole.path not in self._remembered:
            row = self._conn.execute(MEMBERS, (whole.path,)).fetchone()
            is_known = row is not None and row[3] is not None and is_whole(row)
            members = json.loads(row[4]) if is_known else {}
            digests = {name: str(member[-1]) for name, member in members.items()}
            self._remembered[whole.path] = (row[3] if is_known else "", digests)
        dataset, known = self._remembered[whole.path]
        return known if dataset == whole.id else self._kept(whole)

    def _kept(self, whole: DatasetNode) -> Mapping[str, str] | None:
        """The same from the directory's manifest, if the store keeps it and it is whole."""
        row = self._conn.execute(MANIFEST, (whole.digest,)).fetchone()
        if row is None or row[0] is None or digest_bytes(bytes(row[0])) != whole.digest:
            return None
        return {entry.path: entry.digest for entry in entries_from_manifest(bytes(row[0]).decode())}


def _folders(path: str) -> list[str]:
    """The folders around a path, from the outermost."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts)) if parts[count - 1]]


def _dataset(row: Sequence[int | str | None]) -> DatasetNode:
    node = DatasetNode(*row)  # type: ignore[arg-type]
    return node._replace(data_id=json.loads(str(row[4])))
