"""What a failed execution has registered is taken back, in the transaction that records the execution.

Rules: nothing is removed; each of its datasets is deleted by a fact. What one of them had replaced comes back as its
successor: the same in all but id, iteration and time; the aliases that stood for it stand for that.
"""

from __future__ import annotations

import sqlite3
import time

from provstore.model.values import new_id, utc_text
from provstore.noun import NamedTuple
from provstore.store import registered
from provstore.store.history import Made

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.store.facts import Chain, Row

REGISTERED_BY = """
    SELECT d.id, coalesce((SELECT user FROM run WHERE id = :run), d.owner)
      FROM dataset AS d JOIN record AS f ON f.subject = d.id AND f.kind = 'dataset'
     WHERE d.execution = :execution AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY d.rowid
"""
REPLACED_BY = """
    WITH RECURSIVE before (last, iteration, id) AS (
        SELECT d.id, d.iteration, d.replaces FROM dataset AS d
         WHERE d.execution = :execution AND d.replaces IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM dataset AS n WHERE n.replaces = d.id)
           AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
         UNION ALL
        SELECT b.last, b.iteration, d.replaces FROM before AS b CROSS JOIN dataset AS d ON d.id = b.id
         WHERE d.execution = :execution AND d.replaces IS NOT NULL
    )
    SELECT b.last, b.iteration, d.id
      FROM before AS b CROSS JOIN dataset AS d ON d.id = b.id
     WHERE d.execution IS NOT :execution
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
"""


LAST_BEFORE = """
    SELECT d.path, '', d.digest, d.kind, d.executable, d.id FROM dataset AS d
     WHERE d.path = :path AND d.execution IS NOT :execution AND d.run <> 'sources' AND d.location = 'project'
       AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY d.rowid DESC LIMIT 1
"""


class Replaced(NamedTuple):
    """A dataset that an execution has replaced.

    Attributes:
        last, iteration: What stands in its place now: of that execution.
    """

    last: str
    iteration: int
    id: str


def last_before(conn: sqlite3.Connection, path: str, execution: str) -> Made | None:
    """What an execution has found at a path at which it has registered something; None: nothing that is recorded."""
    row = conn.execute(LAST_BEFORE, {"path": path, "execution": execution}).fetchone()
    return None if row is None else Made(*row)


def retract(conn: sqlite3.Connection, chain: Chain, execution: Row) -> None:
    """Adds what takes back all that a failed execution has registered."""
    asked = {"execution": execution["id"], "run": execution["run"]}
    now = utc_text(time.time())
    replaced = [Replaced(*found) for found in conn.execute(REPLACED_BY, asked)]
    for dataset, user in conn.execute(REGISTERED_BY, asked).fetchall():
        chain.add("dataset_deletion", {"dataset": dataset, "deleted": now, "user": user, "kept_bytes": 0})
    for old in replaced:
        row = registered.row_as_it_is(conn, old.id)
        row |= {"id": new_id(), "replaces": old.last, "iteration": old.iteration + 1, "created": now}
        chain.add("dataset", row)
        for word in registered.keywords(conn, old.id):
            chain.add("keyword", {"dataset": row["id"], "word": word})
        for name, target in registered.aliases(conn).items():
            if target == old.id:
                chain.add("alias", {"id": new_id(), "name": name, "target": row["id"], "created": now})
