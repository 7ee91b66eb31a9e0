"""Before a record is shown or used: is it what was recorded?"""

from __future__ import annotations

import sqlite3

from provstore.digest import digest_json
from provstore.errors import StoreDamagedError
from provstore.store import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.store.store import Store

RECORD = "SELECT position, digest FROM record WHERE subject = ? AND kind = ?"
MAKER = "SELECT execution FROM dataset WHERE id = ?"
RUN_OF = "SELECT run FROM execution WHERE id = ?"
HINT = "'provstore fsck' lists all damage, 'provstore recover' writes a new store with all that is whole"
OPTIONAL = ("run_code", "run_end")
"""Facts that a run may have."""


def prove(store: Store, kind: str, subject: str) -> None:
    """Claims that a run, an execution or a dataset is what was recorded, and what is shown with it too.

    Args:
        kind: "run", "execution" or "dataset".

    Raises:
        StoreDamagedError: It is not.
    """
    prove_all(store, kind, (subject,))


def prove_all(store: Store, kind: str, subjects: Iterable[str]) -> None:
    """The same for several; what proves many of them is looked at once.

    Raises:
        StoreDamagedError: One of them is not.
    """
    proved = set()
    for subject in subjects:
        for part, id in store.ask(_proofs, kind, subject):
            if (part, id) in proved:
                continue
            wrong = store.ask(_wrong, part, id)
            if wrong:
                raise StoreDamagedError(f"{store.path}: {wrong}", hint=HINT)
            proved.add((part, id))


def _proofs(conn: sqlite3.Connection, kind: str, subject: str) -> list[tuple[str, str]]:
    """The facts that a record's answer is made of."""
    if kind == "dataset":
        if conn.execute(RECORD, (subject, kind)).fetchone():
            return [(kind, subject)]
        row = conn.execute(MAKER, (subject,)).fetchone()
        return [(kind, subject)] if row is None or row[0] is None else [("execution", row[0])]
    found = [(kind, subject)]
    if kind == "execution":
        row = conn.execute(RUN_OF, (subject,)).fetchone()
        if row is None or row[0] is None or facts.read(conn, "run", row[0]) is None:
            return found
        found.append(("run", row[0]))
    run = found[-1][1]
    return [*found, *((part, run) for part in OPTIONAL if facts.read(conn, part, run) is not None)]


def _wrong(conn: sqlite3.Connection, kind: str, subject: str) -> str:
    """What is wrong with one fact; "" when nothing is."""
    row = conn.execute(RECORD, (subject, kind)).fetchone()
    if row is None:
        return f"{kind} {subject}: no record proves it"
    fact = facts.read(conn, kind, subject)
    if fact is None:
        return f"{kind} {subject} (record {row[0]}) is missing"
    try:
        whole = digest_json(facts.content_of(kind, fact)) == row[1]
    except (TypeError, ValueError):  # a number may have become bytes
        whole = False
    return "" if whole else f"{kind} {subject} (record {row[0]}) is not what was recorded"
