"""Small builders of what is recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from provstore.digest import digest_bytes
from provstore.model.values import new_id
from provstore.store import migrate
from provstore.store.facts import ExecutionFact
from provstore.store.memory import TaskMemo

NOW = "2026-11-21T10:00:00.000000Z"


@contextmanager
def store_in_memory() -> Iterator[sqlite3.Connection]:
    """An empty store of the newest schema, which lies nowhere."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        for sql in migrate.migrations().values():
            conn.executescript(sql)
        yield conn


def run_row(**changes):
    return {
        "id": new_id(),
        "started": NOW,
        "arguments": '["run"]',
        "params": "{}",
        "collection": "main/1",
        "user": "u",
        "host": "h",
        "system": "s",
        "python": "3.11",
        "provstore": "0.1",
        **changes,
    }


def dataset_row(path="out/a", data=b"x", **changes):
    return {
        "id": new_id(),
        "type": "file",
        "data_id": "{}",
        "run": "sources",
        "path": path,
        "kind": "file",
        "executable": 0,
        "size": len(data),
        "digest": digest_bytes(data),
        "semantic_digest": None,
        "format": "bytes",
        "created": NOW,
        "execution": None,
        "role": "",
        "name": "a",
        "version": None,
        "owner": "u",
        "owner_type": "user",
        "description": "",
        "location": "project",
        "url": None,
        "contact": None,
        "overwritable": 0,
        "iteration": 0,
        "replaces": None,
        "metadata": "{}",
        **changes,
    }


def execution_row(run, **changes):
    return {
        "id": new_id(),
        "run": run,
        "stage": "s",
        "data_id": "{}",
        "key": "blake3:k",
        "command": "true",
        "shell": "sh -c",
        "cwd": "",
        "params": '{"é":1}',
        "environment": '{"A":null}',
        "outputs": '[["o","out/a",""]]',
        "started": NOW,
        "ended": NOW,
        "outcome": "succeeded",
        "exit_status": 0,
        "signal": None,
        "message": "",
        "cpu_seconds": 0.1 + 0.2,
        "peak_memory": 12345,
        "log": None,
        "log_size": 0,
        "attempt": 1,
        "name": "s",
        "description": "",
        "site": None,
        "configuration": None,
        **changes,
    }


def begin(ledger, **changes):
    """A run with its collection; its id."""
    row = run_row(**changes)
    ledger.add_run(row, {"Pipelinefile.toml": "blake3:p"})
    ledger.add_collection("main/1", "main", NOW)
    return row["id"]


def add_execution(ledger, run, *, reads=(), makes=(), **changes):
    """An execution that read some sources and made some files; its row."""
    row = execution_row(run, **changes)
    usage = []
    for position, (path, data) in enumerate(reads):
        source = ledger.dataset_with(path, digest_bytes(data), False) or ledger.add_dataset(dataset_row(path, data))
        usage.append(("in", position, source))
    made = [dataset_row(path, data, execution=row["id"], run="main/1", role="o") for path, data in makes]
    for entry in made:
        ledger.expect_dataset(entry)
    memo = TaskMemo(row["key"], row["id"], " ".join(entry["digest"] for entry in made))
    ledger.add_execution(ExecutionFact(row, usage, made), row["stage"], memo if row["outcome"] == "succeeded" else None)
    return row
