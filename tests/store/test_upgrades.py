"""Each migration on a store of the schema before it: facts stay as they were, memory may go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from provstore.errors import StoreDamagedError, StoreUnwritableError
from provstore.store import data_id_values, facts, memory, migrate
from provstore.store.fsck import problems
from provstore.store.ledger import Ledger
from provstore.store.store import Store

from .rows import dataset_row
from .test_fsck import fill

FACTS = "SELECT position, origin, kind, subject, digest, chain FROM record ORDER BY position"


def store_of_schema(number, folder, monkeypatch):
    """The path of a store with facts of all kinds and what is remembered of files, as that schema's program left it."""
    path = str(folder / "store.db")
    with monkeypatch.context() as then:
        known = {key: sql for key, sql in migrate.migrations().items() if key <= number}
        then.setattr(migrate, "NEWEST", number)
        then.setattr(migrate, "migrations", lambda: known)
        then.setattr(Ledger, "remember_plan", lambda *_: None)
        then.setattr(facts, "INSERT_VALUES", "SELECT :type, :data_ids")  # none of them remembered these
        migrate.create(path, 1_800_000_000.0, "s")
        with Store(path) as store:
            fill(store)
            ledger = store.ledger()
            ledger.add_dataset(dataset_row("labelled", b"a", type="image", data_id='{"detector":"a","visit":1}'))
            ledger.write({}, {})
    return path


def test_schema_2_takes_over_all_facts_and_forgets_the_plan(tmp_path, monkeypatch):
    """What is remembered of files and tasks stays; the plan, whose form is another, is worked out by the next run."""
    path = store_of_schema(1, tmp_path, monkeypatch)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("INSERT INTO plan (id, fingerprint, content, seal) VALUES (1, 'f', '[]', 0)")
        conn.execute("INSERT INTO plan_task (position, work, seal) VALUES (0, '[]', 0)")
        before = conn.execute(FACTS).fetchall()

    with Store(path) as store:
        assert migrate.schema_version(store.conn) == migrate.NEWEST
        assert store.conn.execute(FACTS).fetchall() == before
        assert store.ask(memory.plan) is None
        assert store.ask(memory.work, 0) is None
        assert set(store.ask(memory.file_memos)) == {"in/a"}
        assert len(store.ask(memory.task_memos)) == 1
        assert list(problems(store, objects=True)) == []


@pytest.mark.parametrize("number", range(1, migrate.NEWEST))
def test_the_data_ids_of_each_older_schema_can_be_asked_for(number, tmp_path, monkeypatch):
    """The values of all dimensions are known, as if today's program had recorded them."""
    path = store_of_schema(number, tmp_path, monkeypatch)

    with Store(path) as store:
        assert data_id_values.is_known(store.conn, "image", "visit")
        assert data_id_values.allowed(store.conn, "image", {}, 9) == ['{"detector":"a","visit":1}']
        assert list(problems(store, objects=True)) == []


def test_an_older_store_that_cannot_be_written_answers_all_the_same(tmp_path, monkeypatch):
    """On a read-only checkout: from a copy in memory, to which nothing can be added, and the file stays as it is."""
    path = store_of_schema(1, tmp_path, monkeypatch)
    before = Path(path).read_bytes()
    monkeypatch.setattr("os.access", lambda *_: False)

    with Store(path) as store:
        assert migrate.schema_version(store.conn) == migrate.NEWEST
        assert set(store.ask(memory.file_memos)) == {"in/a"}
        assert list(problems(store, objects=True)) == []
        with pytest.raises(StoreUnwritableError, match="can't be written"):
            store.ledger()
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["store.db"]
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize("number", range(1, migrate.NEWEST))
def test_a_store_of_today_whose_number_was_damaged_is_not_migrated_once_more(number, path):
    """A migration drops tables: one flipped bit in the header must not cost what is in them."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute(f"PRAGMA user_version = {number}")
    before = Path(path).read_bytes()
    with pytest.raises(StoreDamagedError, match="its tables are later"):
        Store(str(path))

    assert Path(path).read_bytes() == before
    assert [file.name for file in Path(path).parent.iterdir()] == ["store.db"]
