"""What persons took for right although no execution with the task's key made it, and whose outputs those are.

The message of an acceptance is what the person said, on one line; the lines below are the reasons why the task was
not fresh: what had changed since the execution whose outputs were taken.
"""

from __future__ import annotations

import sqlite3

from provstore.noun import NamedTuple
from provstore.store import history
from provstore.store.memory import ACCEPTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

MAKERS = """
    SELECT e.id FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND e.outcome = 'succeeded'
       AND coalesce(d.semantic_digest, d.digest) || iif(d.executable, '+x', '') = :identity
     ORDER BY e.stage = :stage AND e.data_id = :data_id DESC, d.rowid DESC
"""
OF_EXECUTION = """
    SELECT id, execution, key, user, accepted, message FROM acceptance WHERE execution = ? ORDER BY rowid DESC
"""


class Acceptance(NamedTuple):
    """One acceptance.

    Attributes:
        execution: Whose outputs were taken.
        key: For which they count as its result.
        message: What the person said; may be empty.
        changed: What had changed since that execution: texts of reasons.
    """

    id: str
    execution: str
    key: str
    user: str
    accepted: str
    message: str
    changed: tuple[str, ...]


def is_by_hand(run: str | None, name: str) -> bool:
    """Says of an execution that nothing ran: a person put there what the task makes, and accepted it."""
    return run is None and name == ACCEPTED


def text_of(message: str, changed: Sequence[str]) -> str:
    """Message and reasons as an acceptance holds them."""
    return "\n".join([" ".join(message.split()), *(" ".join(text.split()) for text in changed)])


def of_execution(conn: sqlite3.Connection, execution: str) -> list[Acceptance]:
    """Every acceptance of an execution's outputs, newest first."""
    found = []
    for id, made_by, key, user, accepted, text in conn.execute(OF_EXECUTION, (execution,)):
        message, *changed = text.split("\n")
        found.append(Acceptance(id, made_by, key, user, accepted, message, tuple(changed)))
    return found


def maker(conn: sqlite3.Connection, stage: str, data_id: str, outputs: Sequence[tuple[str, str]]) -> str | None:
    """The last success that made all of these outputs, (path, identity): if there is one, of this very task.

    Of a task without outputs: its last success.
    """
    if not outputs:
        return history.last_success(conn, stage, data_id)
    path, identity = outputs[0]
    rows = conn.execute(MAKERS, {"path": path, "identity": identity, "stage": stage, "data_id": data_id})
    for (execution,) in rows:
        made = history.made_by(conn, execution)
        if all(path in made and made[path].identity == identity for path, identity in outputs):
            found: str = execution
            return found
    return None
