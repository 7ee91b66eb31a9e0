"""Thousands of fresh tasks are judged by a short way; it has to say what the long one says."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provstore.digest import digest_bytes, digest_text
from provstore.model.files import Memo
from provstore.model.remembered import plan_from, text_of
from provstore.model.task import Plan, PlannedStage, Settings, Task, Work
from provstore.operations.verdicts import Verdicts
from provstore.store import memory, migrate
from provstore.store.memory import TaskMemo
from provstore.watch.workspace import Workspace

PATHS = ["a", "b", "x", "y", "z", "w"]
TASKS = (
    # inputs, outputs, upstream
    ([0], [2], []),
    ([2], [3], [0]),
    ([2, 1], [4, 5], [0]),
    ([], [], []),
    ([4], [], [2]),
)
WORK = Work((), "", "", "", {}, {}, (), (), (), None, 0, 1, 0, True, False, "")

FILES = st.sampled_from(["as remembered", "looks otherwise", "not remembered", "missing"])
MEMOS = st.sampled_from(["of this key", "of another key", "of other outputs", "none"])
STAGES = st.sampled_from(["", "", "", "always", "frozen"])

EXECUTION = """
    INSERT INTO execution (id, data_id, command, shell, cwd, params, environment, outputs, started, outcome, message,
                           log_size, attempt, name, description)
    VALUES ('e', '{}', '', '', '', '{}', '{}', '[]', '', 'succeeded', '', 0, 1, '', '')
"""


def plan_of(kinds: list[str]) -> Plan:
    """Five tasks, each of a stage of its own."""
    stages = [PlannedStage(f"s{n}", (), kind == "always", kind == "frozen", ()) for n, kind in enumerate(kinds)]
    tasks = [Task(n, "{}", f"blake3:{n}", *links) for n, links in enumerate(TASKS)]
    return Plan(stages, PATHS, tasks, {}, {}, [], [], [], [], "", Settings([], {}, None, None))


def work_of(position: int) -> Work:
    """What a task takes; only its inputs count here."""
    return WORK._replace(inputs=tuple((str(number), PATHS[number]) for number in TASKS[position][0]))


@pytest.fixture(scope="module")
def conn():
    """A store with the one execution that everything remembered refers to."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for sql in migrate.migrations().values():
            conn.executescript(sql)
        conn.execute(EXECUTION)
        yield conn


@given(
    files=st.tuples(*[FILES] * len(PATHS)),
    memos=st.tuples(*[MEMOS] * len(TASKS)),
    kinds=st.lists(STAGES, min_size=len(TASKS), max_size=len(TASKS)),
    forced=st.frozensets(st.integers(0, len(TASKS) - 1), max_size=1),
)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_short_way_says_what_the_long_one_says(tmp_path, conn, files, memos, kinds, forced):
    """For every task the same state with the same reasons, and the same inputs are missing."""
    identity, rows = lay_out(tmp_path, files)
    conn.execute("DELETE FROM task_memo")
    memory.put_tasks(conn, dict(remembered(memos, identity)))
    store = SimpleNamespace(ask=lambda question, *given: question(conn, *given), objects=None)
    plan = plan_of(kinds)
    short, long = (
        Verdicts(each, Workspace(str(tmp_path), dict(rows), {}), store, work_of)
        for each in (plan_from(text_of(plan)), plan)
    )

    short.judge(range(len(TASKS)), forced)
    long.judge(range(len(TASKS)), forced)

    assert [short.of[n] for n in range(len(TASKS))] == [long.of[n] for n in range(len(TASKS))]
    assert short.missing == long.missing


def test_fresh_tasks_are_judged_without_a_noun_for_each(tmp_path, conn, monkeypatch):
    """The long way is for what has to run: of what is fresh nothing is noted."""
    identity, rows = lay_out(tmp_path, ["as remembered"] * len(PATHS))
    conn.execute("DELETE FROM task_memo")
    memory.put_tasks(conn, dict(remembered(["of this key"] * len(TASKS), identity)))
    store = SimpleNamespace(ask=lambda question, *given: question(conn, *given), objects=None)
    plan = plan_from(text_of(plan_of([""] * len(TASKS))))
    verdicts = Verdicts(plan, Workspace(str(tmp_path), rows, {}), store, work_of)
    monkeypatch.setattr(verdicts, "judge_one", None)

    verdicts.judge(range(len(TASKS)), frozenset())

    assert dict(verdicts.of) == {}
    assert verdicts.of[0].state == "fresh"


def test_of_many_tasks_that_must_run_little_is_kept(tmp_path, conn):
    """They share a verdict; what was seen of their files, and their keys, are found anew when each of them starts."""
    _, rows = lay_out(tmp_path, ["as remembered"] * len(PATHS))
    conn.execute("DELETE FROM task_memo")
    store = SimpleNamespace(ask=lambda question, *given: question(conn, *given), objects=None)
    verdicts = Verdicts(plan_of([""] * len(TASKS)), Workspace(str(tmp_path), rows, {}), store, work_of)

    verdicts.judge(range(len(TASKS)), frozenset())

    new = [verdict for verdict in verdicts.of.values() if verdict.state == "new"]
    assert all(verdict is new[0] for verdict in new)
    assert (verdicts.look, verdicts.key) == ({}, {})


def lay_out(folder, files):
    """Writes the files; returns what lies at each path and what is remembered of it."""
    identity, rows = {}, {}
    for path, state in zip(PATHS, files, strict=True):
        full = folder / path
        full.unlink(missing_ok=True)
        identity[path] = ""
        if state == "missing":
            continue
        full.write_text(path)
        os.utime(full, (1_000_000_000, 1_000_000_000))
        seen = full.stat()
        identity[path] = digest_bytes(path.encode())
        if state != "not remembered":
            mtime = seen.st_mtime_ns + (state == "looks otherwise")
            row = (seen.st_dev, seen.st_ino, seen.st_size, mtime, seen.st_ctime_ns)
            rows[path] = (*Memo(*row, identity[path], None), path)
    return identity, rows


def remembered(memos, identity):
    """Each task's last success."""
    for position, (kind, (inputs, outputs, _)) in enumerate(zip(memos, TASKS, strict=True)):
        key = digest_text("\n".join([f"blake3:{position}", *(identity[PATHS[number]] for number in inputs)]))
        made = " ".join(digest_bytes(PATHS[number].encode()) for number in outputs)
        if kind == "of another key":
            key = digest_text("another")
        if kind == "of other outputs":
            made = " ".join(digest_text("other") for _ in outputs)
        if kind != "none":
            yield (f"s{position}", "{}"), TaskMemo(key, "e", made)
