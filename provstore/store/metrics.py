"""Measures that were read from outputs, with the executions that made these. Rows become `Made`.

"Last" is the order in which facts were recorded (rowid), as in `provstore.store.history`; in a store with merges that
of time, as in `provstore.store.records`.
"""

from __future__ import annotations

import json
import sqlite3

from provstore.noun import NamedTuple
from provstore.store.acceptances import is_by_hand
from provstore.store.data_ids import DataIds
from provstore.store.records import any_merge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from provstore.model.measures import Measures
    from provstore.model.values import JSON

    Place: TypeAlias = int | str
    """Of an execution among all: its row; in a store with merges its id."""

LAST_SUCCESSES = """
    SELECT e.id
      FROM json_each(:tasks) AS t
      JOIN execution AS e ON e.rowid IN (
             SELECT i.rowid FROM execution AS i
              WHERE i.stage = json_extract(t.value, '$[0]') AND i.data_id = json_extract(t.value, '$[1]')
                AND i.outcome = 'succeeded' AND i.rowid < :bound
              ORDER BY i.rowid DESC LIMIT :each)
     ORDER BY e.rowid DESC LIMIT :limit
"""
LAST_SUCCESSES_BY_TIME = """
    SELECT e.id
      FROM json_each(:tasks) AS t
      JOIN execution AS e ON e.id IN (
             SELECT i.id FROM execution AS i
              WHERE i.stage = json_extract(t.value, '$[0]') AND i.data_id = json_extract(t.value, '$[1]')
                AND i.outcome = 'succeeded' AND i.id < :bound
              ORDER BY i.id DESC LIMIT :each)
     ORDER BY e.id DESC LIMIT :limit
"""
MAKERS_OF_PATH = """
    SELECT d.execution FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND e.rowid < :bound ORDER BY e.rowid DESC
"""
MAKERS_OF_PATH_BY_TIME = """
    SELECT d.execution FROM dataset AS d JOIN execution AS e ON e.id = d.execution
     WHERE d.path = :path AND e.id < :bound ORDER BY e.id DESC
"""
MADE = """
    SELECT d.id, d.path, d.role, d.format, d.digest, d.kind, e.id, e.run, e.stage, e.data_id, e.params, d.created,
           c.commit_id, c.dirty, m.id AS metric, m.measures, e.name
      FROM execution AS e
      JOIN dataset AS d ON d.execution = e.id
      LEFT JOIN run_code AS c ON c.run = e.run
      LEFT JOIN metric AS m ON m.dataset = d.id
     WHERE e.id IN (SELECT value FROM json_each(:executions))
     ORDER BY e.rowid DESC, d.rowid, m.rowid
"""
PARAMS_OF_RUNS = """
    SELECT e.run, e.params, min(e.id) FROM execution AS e
     WHERE e.run IN (SELECT value FROM json_each(:runs)) AND e.params <> '{}'
     GROUP BY e.run, e.params
"""
OVERRIDES = "SELECT id, params FROM run WHERE id IN (SELECT value FROM json_each(:runs)) AND params <> '{}'"
MAKER = "SELECT execution FROM dataset WHERE id = :dataset"
EXECUTIONS_OF_RUN = "SELECT min(rowid), max(rowid) + 1 FROM execution WHERE run = :run"
EXECUTIONS_OF_RUN_BY_TIME = "SELECT min(id), max(id) || '~' FROM execution WHERE run = :run"
PLACE = "SELECT rowid FROM execution WHERE id = :execution"
NEWEST, NEWEST_BY_TIME = (1 << 63) - 1, "~"
"""Bounds that leave nothing out: behind every row, and behind every id."""


class Made(NamedTuple):
    """One recorded output, and what is known of its measures.

    Attributes:
        format: Name of its format.
        created: When it was recorded.
        params: That its execution depends on; itself.
        commit: Of the run; None where there is no git.
        dirty: Files that git tracks differed from the commit.
        metric: Id of the fact with its measures; None: they were not recorded.
        by_hand: A person put it there and accepted it; nothing ran.
    """

    dataset: str
    path: str
    role: str
    format: str
    digest: str
    kind: str
    execution: str
    run: str | None
    stage: str | None
    data_id: dict[str, JSON]
    params: dict[str, JSON]
    created: str
    commit: str | None
    dirty: bool
    metric: str | None
    measures: Measures | None
    by_hand: bool


def last_successes(
    conn: sqlite3.Connection,
    tasks: Iterable[tuple[str, str]],
    limit: int,
    *,
    bound: Place | None = None,
    each: int = -1,
) -> list[str]:
    """The last executions of tasks that succeeded, newest first.

    Args:
        tasks: (stage, data ID as canonical JSON).
        limit: So many at most; -1: all.
        bound: Only those in front of this place; None: all.
        each: So many of one task at most; -1: all.
    """
    question, newest = (LAST_SUCCESSES_BY_TIME, NEWEST_BY_TIME) if any_merge(conn) else (LAST_SUCCESSES, NEWEST)
    values = {"tasks": json.dumps(list(tasks)), "limit": limit, "bound": newest if bound is None else bound}
    return [row[0] for row in conn.execute(question, {**values, "each": limit if each < 0 else each})]


def makers_of_path(conn: sqlite3.Connection, path: str, bound: Place | None = None) -> list[str]:
    """The executions that made something at a path, newest first; `bound` as in `last_successes`."""
    question, newest = (MAKERS_OF_PATH_BY_TIME, NEWEST_BY_TIME) if any_merge(conn) else (MAKERS_OF_PATH, NEWEST)
    rows = conn.execute(question, {"path": path, "bound": newest if bound is None else bound})
    return list(dict.fromkeys([row[0] for row in rows]))


def made(conn: sqlite3.Connection, executions: Sequence[str]) -> list[Made]:
    """All that executions made, newest execution first."""
    data_ids = DataIds(conn)
    found: dict[str, Made] = {}
    for row in conn.execute(MADE, {"executions": json.dumps(executions)}):
        entry = Made(*row)
        found.setdefault(
            entry.dataset,
            entry._replace(
                data_id=data_ids.read(entry.stage, row[9]),
                params=json.loads(row[10]),
                dirty=bool(entry.dirty),
                measures=None if row[15] is None else json.loads(row[15]),
                by_hand=is_by_hand(entry.run, row[16]),
            ),
        )
    return list(found.values())


def params_of_runs(conn: sqlite3.Connection, runs: Iterable[str]) -> dict[str, dict[str, str]]:
    """The parameters that the executions of runs depended on; in a run each has one value.

    Returns:
        Run → parameters as JSON → an execution that has recorded them.
    """
    found: dict[str, dict[str, str]] = {}
    for run, params, execution in conn.execute(PARAMS_OF_RUNS, {"runs": json.dumps(list(runs))}):
        found.setdefault(run, {})[params] = execution
    return found


def overrides(conn: sqlite3.Connection, runs: Iterable[str]) -> dict[str, dict[str, str]]:
    """Run → the parameters that were given for it by `-P`, as they were typed."""
    rows = conn.execute(OVERRIDES, {"runs": json.dumps(list(runs))})
    return {run: json.loads(params) for run, params in rows}


def maker(conn: sqlite3.Connection, dataset: str) -> str | None:
    """The execution that made a dataset."""
    row = conn.execute(MAKER, {"dataset": dataset}).fetchone()
    return None if row is None else row[0]


def span_of_run(conn: sqlite3.Connection, run: str) -> tuple[Place, Place] | None:
    """The place of a run's first execution, and the one behind its last; None: it has none."""
    question = EXECUTIONS_OF_RUN_BY_TIME if any_merge(conn) else EXECUTIONS_OF_RUN
    first, behind = conn.execute(question, {"run": run}).fetchone()
    return None if first is None else (first, behind)


def place(conn: sqlite3.Connection, execution: str) -> Place:
    """The place of an execution; 0 where there is none of this id."""
    if any_merge(conn):
        return execution
    row = conn.execute(PLACE, {"execution": execution}).fetchone()
    return 0 if row is None else row[0]
