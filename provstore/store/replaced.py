"""What is in the RUN collection of a run whose place another run takes."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

IS_OF_RUN = "SELECT EXISTS (SELECT 1 FROM run WHERE collection = ?)"
LIVING = """
    SELECT d.id, d.path, coalesce(r.collection = d.run, 0)
      FROM dataset AS d LEFT JOIN execution AS e ON e.id = d.execution LEFT JOIN run AS r ON r.id = e.run
     WHERE d.run = ? AND NOT EXISTS (SELECT 1 FROM dataset_deletion AS x WHERE x.dataset = d.id)
     ORDER BY d.rowid
"""


class Living(NamedTuple):
    """A dataset that was not deleted; `is_made`: a task of the run that the collection belongs to has made it."""

    id: str
    path: str
    is_made: int


def is_of_run(conn: sqlite3.Connection, collection: str) -> bool:
    """A run has recorded into this RUN collection of its own."""
    return bool(conn.execute(IS_OF_RUN, (collection,)).fetchone()[0])


def living(conn: sqlite3.Connection, collection: str) -> list[Living]:
    """Datasets of a RUN collection that were not deleted."""
    return [Living(*row) for row in conn.execute(LIVING, (collection,))]
