"""Before a record is shown or used: is it what was recorded?"""

from __future__ import annotations

import json
import sqlite3

from provstore.digest import digest_json
from provstore.errors import StoreDamagedError
from provstore.store import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provstore.store.facts import ExecutionFact, Row, RunFact
    from provstore.store.store import Store

RECORDS = """
    SELECT r.value, c.position, c.digest
      FROM json_each(:ids) AS r CROSS JOIN record AS c ON c.subject = r.value WHERE c.kind = :kind
"""
MAKERS = """
    SELECT r.value, d.execution, EXISTS (SELECT 1 FROM record WHERE subject = r.value AND kind = 'dataset')
      FROM json_each(:ids) AS r LEFT JOIN dataset AS d ON d.id = r.value ORDER BY r.key
"""
CHANGES = "SELECT c.id FROM json_each(:ids) AS r CROSS JOIN dataset_change AS c ON c.dataset = r.value"
DELETIONS = "SELECT x.dataset FROM json_each(:ids) AS r CROSS JOIN dataset_deletion AS x ON x.dataset = r.value"
RUNS_OF = """
    SELECT DISTINCT e.run FROM json_each(:ids) AS r CROSS JOIN execution AS e ON e.id = r.value WHERE e.run IS NOT NULL
"""
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
    wrong = store.ask(_wrong, kind, list(dict.fromkeys(subjects)))
    if wrong:
        raise StoreDamagedError(f"{store.path}: {wrong}", hint=HINT)


def _wrong(conn: sqlite3.Connection, kind: str, subjects: Sequence[str]) -> str:
    """The first thing that is wrong; "" when nothing is."""
    for part, ids in _proofs(conn, kind, subjects):
        records = {row[0]: row[1:] for row in conn.execute(RECORDS, {"ids": json.dumps(ids), "kind": part})}
        found = _facts(conn, part, ids)
        for id in ids:
            wrong = _wrong_fact(f"{part} {id}", part, found.get(id), records.get(id))
            if wrong:
                return wrong
    return ""


def _proofs(conn: sqlite3.Connection, kind: str, subjects: Sequence[str]) -> list[tuple[str, list[str]]]:
    """The facts that the answers about records are made of: their kind and ids."""
    wanted = {"ids": json.dumps(subjects)}
    if kind == "dataset":  # what was recorded with the execution that made it is proved with that
        own: list[str] = []
        makers: dict[str, None] = {}
        for id, maker, is_recorded in conn.execute(MAKERS, wanted):
            if is_recorded or maker is None:
                own.append(id)
            else:
                makers[maker] = None
        said = [row[0] for row in conn.execute(CHANGES, wanted)]
        gone = [row[0] for row in conn.execute(DELETIONS, wanted)]
        return [("dataset", own), ("execution", list(makers)), ("dataset_change", said), ("dataset_deletion", gone)]
    runs = list(subjects)
    found = [(kind, runs)]
    if kind == "execution":
        runs = [run for (run,) in conn.execute(RUNS_OF, wanted) if facts.read(conn, "run", run) is not None]
        found.append(("run", runs))
    for part in OPTIONAL:
        found.append((part, [run for run in runs if facts.read(conn, part, run) is not None]))
    return found


def _facts(conn: sqlite3.Connection, kind: str, ids: Sequence[str]) -> Mapping[str, Row | ExecutionFact | RunFact]:
    if kind == "execution":
        return facts.read_executions(conn, ids)
    if kind == "dataset":
        return facts.read_datasets(conn, ids)
    found = {id: facts.read(conn, kind, id) for id in ids}
    return {id: fact for id, fact in found.items() if fact is not None}


def _wrong_fact(
    name: str, kind: str, fact: Row | ExecutionFact | RunFact | None, record: tuple[int, str] | None
) -> str:
    """What is wrong with one fact; "" when nothing is."""
    if record is None:
        return f"{name}: no record proves it"
    position, digest = record
    if fact is None:
        return f"{name} (record {position}) is missing"
    try:
        whole = digest_json(facts.content_of(kind, fact)) == digest
    except (TypeError, ValueError):  # a number may have become bytes
        whole = False
    return "" if whole else f"{name} (record {position}) is not what was recorded"
