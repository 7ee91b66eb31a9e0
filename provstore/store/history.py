"""What `decide` asks of the past: successes and attempts by key, and the material of a task's last success.

"Last" is the order in which facts were recorded (rowid), never a comparison of times.
"""

from __future__ import annotations

import sqlite3

from provstore.model.verdict import Attempt, Material, Success
from provstore.noun import NamedTuple
from provstore.store.connection import only_row

SUCCESS = """
    SELECT s.execution, s.accepted
      FROM (SELECT e.id AS execution, 0 AS accepted,
                   (SELECT position FROM record WHERE subject = e.id AND kind = 'execution') AS position
              FROM execution AS e
             WHERE e.rowid = (SELECT max(rowid) FROM execution WHERE key = :key AND outcome = 'succeeded')
             UNION ALL
            SELECT e.id, 1, (SELECT position FROM record WHERE subject = a.id AND kind = 'acceptance')
              FROM acceptance AS a JOIN execution AS e ON e.id = a.execution AND e.outcome = 'succeeded'
             WHERE a.rowid = (SELECT max(rowid) FROM acceptance WHERE key = :key)) AS s
     ORDER BY s.position DESC LIMIT 1
"""
SUCCESSES = """
    SELECT id FROM execution WHERE key = ? AND outcome = 'succeeded' ORDER BY rowid DESC LIMIT 10
"""
PAST = """
    SELECT 0, id, outcome, message FROM execution
     WHERE rowid = (SELECT max(rowid) FROM execution WHERE key = :key)
     UNION ALL
    SELECT 1, execution, '', '' FROM acceptance WHERE rowid = (SELECT max(rowid) FROM acceptance WHERE key = :key)
"""
LAST_SUCCESS = """
    SELECT id FROM execution
     WHERE stage = ? AND data_id = ? AND outcome = 'succeeded' ORDER BY rowid DESC LIMIT 1
"""
MAKER = """
    SELECT e.id FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.id = ? AND e.stage = ? AND e.data_id = ? AND e.outcome = 'succeeded'
"""
IS_MADE = """
    SELECT 1 FROM dataset
     WHERE path = ? AND ? IN (digest || iif(executable, '+x', ''), semantic_digest || iif(executable, '+x', ''))
       AND execution IS NOT NULL
     LIMIT 1
"""
MADE = """
    SELECT path, coalesce(semantic_digest, digest) || iif(executable, '+x', ''), digest, kind, executable, id
      FROM dataset WHERE execution = ? AND role <> ''  -- what it has registered besides has none
"""
MATERIAL = "SELECT command, shell, cwd, params, environment, outputs FROM execution WHERE id = ?"
READ = """
    SELECT u.role, d.path, coalesce(d.semantic_digest, d.digest) || iif(d.executable, '+x', '')
      FROM usage AS u JOIN dataset AS d ON d.id = u.dataset
     WHERE u.execution = ? ORDER BY u.role, u.position
"""
DATASET_ROW = """
    SELECT id, type, data_id, run, path, kind, executable, size, digest, execution, role FROM dataset WHERE id = ?
"""
DATASET_OF = """
    SELECT id FROM dataset AS d
     WHERE path = ? AND digest = ? AND executable = ?
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY rowid DESC LIMIT 1
"""
KNOWN = """
    SELECT id, semantic_digest FROM dataset AS d
     WHERE path = ? AND digest = ? AND executable = ?
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY rowid DESC LIMIT 1
"""
PATHS_SINCE = """
    SELECT d.path FROM record AS f CROSS JOIN dataset AS d ON d.id = f.subject
     WHERE f.position > ? AND f.kind = 'dataset'
"""
ANY_TYPE = "SELECT 1 FROM dataset_type LIMIT 1"
ANY_DATASET = "SELECT 1 FROM dataset LIMIT 1"
SECONDS = """
    SELECT (julianday(ended) - julianday(started)) * 86400.0 FROM execution
     WHERE stage = ? AND data_id = ? AND outcome = 'succeeded' AND run IS NOT NULL ORDER BY rowid DESC LIMIT 1
"""
IS_RECORDED = "SELECT outcome FROM execution WHERE id = ?"


class Past(NamedTuple):
    """What there was with a key: the last attempt, however it ended, and whether a person accepted outputs for it."""

    attempt: Attempt | None
    is_accepted: bool


def success(conn: sqlite3.Connection, key: str, outputs: list[str]) -> Success | None:
    """The last successful execution with a key, with the identities of what it made at `outputs`.

    What a person has accepted for the key since is one, too.
    """
    row = conn.execute(SUCCESS, {"key": key}).fetchone()
    if row is None:
        return None
    made = {path: identity for path, identity, *_ in conn.execute(MADE, row[:1])}
    return Success(row[0], tuple(made.get(path, "") for path in outputs), bool(row[1]))


def successes(conn: sqlite3.Connection, key: str, outputs: list[str]) -> list[Success]:
    """The last ten successful executions with a key, the newest first; see `success`."""
    found = []
    for (execution,) in conn.execute(SUCCESSES, (key,)).fetchall():
        made = {path: identity for path, identity, *_ in conn.execute(MADE, (execution,))}
        found.append(Success(execution, tuple(made.get(path, "") for path in outputs)))
    return found


def past(conn: sqlite3.Connection, key: str) -> Past:
    """What there was with a key, in one question: a first run asks it for every task."""
    attempt, is_accepted = None, False
    for accepted, *found in conn.execute(PAST, {"key": key}):
        if accepted:
            is_accepted = True
        else:
            attempt = Attempt(*found)
    return Past(attempt, is_accepted)


def has_types(conn: sqlite3.Connection) -> bool:
    """A dataset type is registered."""
    return conn.execute(ANY_TYPE).fetchone() is not None


def has_no_dataset(conn: sqlite3.Connection) -> bool:
    """Nothing was ever recorded."""
    return conn.execute(ANY_DATASET).fetchone() is None


def paths_since(conn: sqlite3.Connection, position: int) -> list[str]:
    """Paths of the datasets that were recorded by themselves after a place in the chain."""
    return [row[0] for row in conn.execute(PATHS_SINCE, (position,))]


def last_success(conn: sqlite3.Connection, stage: str, data_id: str) -> str | None:
    """Id of the last successful execution of a task, whatever its key."""
    row = conn.execute(LAST_SUCCESS, (stage, data_id)).fetchone()
    return None if row is None else row[0]


def maker(conn: sqlite3.Connection, dataset: str, stage: str, data_id: str) -> str | None:
    """The success of a task that made a dataset; None when something else did."""
    row = conn.execute(MAKER, (dataset, stage, data_id)).fetchone()
    return None if row is None else row[0]


def is_made(conn: sqlite3.Connection, path: str, identity: str) -> bool:
    """Some execution made this content at this path; the identity may be that of the bytes or of the data."""
    return conn.execute(IS_MADE, (path, identity)).fetchone() is not None


class Made(NamedTuple):
    """One dataset that an execution made."""

    path: str
    identity: str
    digest: str
    kind: str
    executable: bool
    dataset: str


def made_by(conn: sqlite3.Connection, execution: str) -> dict[str, Made]:
    """What an execution made, by path."""
    return {row[0]: Made(*row) for row in conn.execute(MADE, (execution,))}


def material(conn: sqlite3.Connection, execution: str) -> Material:
    """What the key of an execution was made of."""
    import json  # takes 2 ms, and tasks that are fresh have no use for it

    command, shell, cwd, params, environment, outputs = only_row(conn, MATERIAL, (execution,))
    return Material(
        command,
        shell,
        cwd,
        json.loads(params),
        json.loads(environment),
        tuple(conn.execute(READ, (execution,))),
        tuple((role, path, form) for role, path, form in json.loads(outputs)),
    )


def dataset_row(conn: sqlite3.Connection, dataset: str) -> dict[str, str | int | float | None]:
    """What it is, where, and what made it: the columns of a dataset that say so."""
    names = ("id", "type", "data_id", "run", "path", "kind", "executable", "size", "digest", "execution", "role")
    return dict(zip(names, only_row(conn, DATASET_ROW, (dataset,)), strict=True))


def dataset_with(conn: sqlite3.Connection, path: str, digest: str, executable: bool) -> str | None:
    """The dataset last recorded with this content at this path."""
    row = conn.execute(DATASET_OF, (path, digest, int(executable))).fetchone()
    return None if row is None else row[0]


def known(conn: sqlite3.Connection, path: str, digest: str, executable: bool) -> tuple[str, str | None] | None:
    """The dataset last recorded with these bytes at this path, and its semantic digest; None when there is none."""
    row: tuple[str, str | None] | None = conn.execute(KNOWN, (path, digest, int(executable))).fetchone()
    return row


def seconds(conn: sqlite3.Connection, stage: str, data_id: str) -> float | None:
    """How long the last success of a task took."""
    row = conn.execute(SECONDS, (stage, data_id)).fetchone()
    return None if row is None else row[0]


def outcome_of(conn: sqlite3.Connection, execution: str) -> str | None:
    """Outcome of an execution; None when it was never recorded."""
    row = conn.execute(IS_RECORDED, (execution,)).fetchone()
    return None if row is None else row[0]
