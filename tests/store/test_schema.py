"""The store's file: what a fresh one is, and what is said of one that is not."""

from __future__ import annotations

import random
import re
import sqlite3
from contextlib import closing

import pytest

from provstore import __version__
from provstore.errors import (
    SchemaTooNewError,
    StoreDamagedError,
    StoreError,
    StoreForeignError,
    StoreLockedError,
    StoreUnwritableError,
)
from provstore.store import history, memory, migrate, records
from provstore.store.connection import APPLICATION_ID, connect, explained
from provstore.store.store import Store

from .rows import add_execution, begin

SHADOWS = {"sky_node", "sky_parent", "sky_rowid"}
"""Tables in which SQLite keeps an R*Tree: they are its own, and no STRICT ones."""


def plain(path):
    return closing(sqlite3.connect(path, isolation_level=None))


def value(path, question):
    with plain(path) as conn:
        return conn.execute(question).fetchone()[0]


# --- a fresh store ------------------------------------------------------------------------------------


def test_a_fresh_store_is_of_the_newest_schema(path):
    """The constant that saves listing a folder agrees with the folder."""
    assert max(migrate.migrations()) == len(migrate.migrations()) == migrate.NEWEST
    assert value(path, "PRAGMA user_version") == migrate.NEWEST


def test_a_fresh_store_says_whose_it_is(path):
    """`file` and other programs know it by its application id; one row says who made it."""
    assert value(path, "PRAGMA application_id") == APPLICATION_ID == int.from_bytes(b"prov", "big")
    with plain(path) as conn:
        assert conn.execute("SELECT created, provstore FROM store").fetchall() == [
            ("2027-01-15T08:00:00.000000Z", __version__)
        ]


def tables(path):
    with plain(path) as conn:
        return conn.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").fetchall()


def test_every_table_is_strict_and_singular_with_a_comment(path):
    """The schema is documentation. The R*Tree `sky` and the tables in which SQLite keeps it can't be STRICT."""
    assert len(tables(path)) > 15
    assert {name for name, _ in tables(path) if name.startswith("sky")} == {"sky", *SHADOWS}
    for name, sql in tables(path):
        if name in SHADOWS:
            continue
        assert name == "sky" or re.search(r"\)\s*STRICT\b", sql), name
        assert sql.splitlines()[1].strip().startswith("-- "), name
        assert name == "alias" or not name.endswith("s"), name


def test_every_view_has_a_comment_and_can_be_asked(path):
    """Those that people are told to use."""
    with plain(path) as conn:
        views = conn.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'").fetchall()
        assert {"v_dataset", "v_execution", "v_lineage"} <= {name for name, _ in views}
        for name, sql in views:
            assert sql.splitlines()[1].strip().startswith("-- "), name
            assert conn.execute(f"SELECT * FROM {name}").fetchall() == []


def test_a_fresh_store_is_whole(path):
    """By SQLite's own checks."""
    with plain(path) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        assert conn.execute("PRAGMA encoding").fetchone() == ("UTF-8",)


def test_a_store_is_one_file(path):
    """Nothing is left beside it, neither after it was made nor after it was used."""
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]
    with Store(str(path)) as store:
        ledger = store.ledger()
        begin(ledger)
        ledger.write({}, {})
    assert [file.name for file in path.parent.iterdir()] == ["store.db"]


def test_leftovers_of_a_killed_creation_are_in_nobodys_way(tmp_path):
    """Half a store under its first name, and its journal."""
    (tmp_path / "store.db.new").write_bytes(b"half")
    (tmp_path / "store.db.new-journal").write_bytes(b"half")
    migrate.create(str(tmp_path / "store.db"), 0, "s")

    assert [file.name for file in tmp_path.iterdir()] == ["store.db"]
    Store(str(tmp_path / "store.db")).close()


def test_a_store_that_cannot_be_made_is_an_error_that_names_it(tmp_path):
    """The folder is missing."""
    with pytest.raises(StoreUnwritableError, match=r"none/store\.db\.new"):
        migrate.create(str(tmp_path / "none/store.db"), 0, "s")


@pytest.mark.parametrize("name", ["a b", "a?b", "a#b", "a%41b", "é", "a'b"])
def test_a_store_may_lie_in_any_folder(tmp_path, name):
    """What means something in an address is escaped."""
    (tmp_path / name).mkdir()
    migrate.create(str(tmp_path / name / "store.db"), 0, "s")
    Store(str(tmp_path / name / "store.db")).close()

    assert [file.name for file in (tmp_path / name).iterdir()] == ["store.db"]


# --- settings -----------------------------------------------------------------------------------------


def test_a_connection_is_set_up_for_safety(store):
    """Foreign keys, no trust in a foreign schema, full synchronisation, and no writing until it is asked for."""
    settings = {
        name: store.conn.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("foreign_keys", "trusted_schema", "synchronous", "cell_size_check", "query_only", "journal_mode")
    }

    assert settings == {
        "foreign_keys": 1, "trusted_schema": 0, "synchronous": 3, "cell_size_check": 1, "query_only": 1,
        "journal_mode": "delete",
    }  # fmt: skip


def test_a_store_that_was_opened_for_questions_cannot_be_written(store):
    """Not by a mistake of ours either."""
    with pytest.raises(StoreUnwritableError), explained(store.path):
        store.conn.execute("DELETE FROM plan")


def test_a_fact_cannot_refer_to_one_that_is_not_there(store):
    """Foreign keys hold."""
    ledger = store.ledger()
    add_execution(ledger, "no-run")

    with pytest.raises(StoreError, match="FOREIGN KEY"):
        ledger.write({}, {})


def test_a_column_takes_only_its_type(store):
    """STRICT tables."""
    ledger = store.ledger()
    begin(ledger, arguments=b"bytes")

    with pytest.raises(StoreError, match="cannot store BLOB value in TEXT column"):
        ledger.write({}, {})


# --- versions -----------------------------------------------------------------------------------------


def test_a_newer_schema_is_refused_naming_both_numbers_and_versions(path):
    """And nothing is touched."""
    with Store(str(path)) as store:
        ledger = store.ledger()
        begin(ledger, provstore="9.9.9")
        ledger.write({}, {})
    with plain(path) as conn:
        conn.execute(f"PRAGMA user_version = {migrate.NEWEST + 41}")
    before = path.read_bytes()

    with pytest.raises(SchemaTooNewError) as caught:
        Store(str(path))
    message = caught.value.message
    assert message.startswith(f"{path}: ")
    assert f"schema {migrate.NEWEST + 41} (" in message
    assert "provstore 9.9.9" in message
    assert message.endswith(f"provstore {__version__} knows up to {migrate.NEWEST}")
    assert caught.value.exit_status == 3
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 1


def test_a_newer_schema_without_the_tables_of_today_is_refused_too(path):
    """It may have been rewritten from the ground up."""
    with plain(path) as conn:
        conn.execute("PRAGMA writable_schema = ON")
        conn.execute("DELETE FROM sqlite_schema WHERE type IN ('view', 'index')")
        conn.execute("UPDATE sqlite_schema SET name = 'a_run', tbl_name = 'a_run' WHERE name = 'run'")
        conn.execute(f"PRAGMA user_version = {migrate.NEWEST + 1}")

    with pytest.raises(StoreError):
        Store(str(path))


def test_a_migration_that_fails_changes_nothing(path, monkeypatch):
    """Whole or not at all: a first half that works is taken back."""
    newest = migrate.NEWEST
    before = path.read_bytes()
    monkeypatch.setattr(migrate, "NEWEST", newest + 1)
    broken = "CREATE TABLE more (id TEXT) STRICT; CREATE TABLE run (id TEXT) STRICT;"
    known = {**migrate.migrations(), newest + 1: broken}
    monkeypatch.setattr(migrate, "migrations", lambda: known)

    with pytest.raises(StoreError, match="run already exists"):
        Store(str(path))
    assert path.read_bytes() == before
    assert value(path, "PRAGMA user_version") == newest


def test_a_store_is_upgraded_with_all_it_holds(path, monkeypatch):
    """Next to a backup of what it was."""
    with Store(str(path)) as store:
        ledger = store.ledger()
        run = begin(ledger)
        ledger.write({}, {})
    before, newest = path.read_bytes(), migrate.NEWEST
    monkeypatch.setattr(migrate, "NEWEST", newest + 1)
    known = {**migrate.migrations(), newest + 1: "CREATE TABLE more (id TEXT) STRICT;"}
    monkeypatch.setattr(migrate, "migrations", lambda: known)
    with Store(str(path)) as store:
        assert store.conn.execute("SELECT id FROM run").fetchall() == [(run,)]
        assert store.conn.execute("SELECT * FROM more").fetchall() == []
        assert migrate.schema_version(store.conn) == newest + 1
    names = sorted(file.name for file in path.parent.iterdir())
    assert len(names) == 2
    backup = path.parent / names[1]
    assert names[1].startswith("store.db.before-")
    with plain(backup) as copy, plain(path) as conn:
        assert copy.execute("SELECT id FROM run").fetchall() == conn.execute("SELECT id FROM run").fetchall()
        assert copy.execute("PRAGMA user_version").fetchone() == (newest,)
    assert len(before) == backup.stat().st_size


# --- what is no store ---------------------------------------------------------------------------------


def every_question(path):
    """Opens a store and asks it for all it knows."""
    with Store(str(path)) as store:
        store.objects.has("blake3:x")
        for question in (memory.plan, memory.file_memos, memory.directory_memos, memory.task_memos):
            store.ask(question)
        store.ask(history.success, "k", ["p"])
        store.ask(history.dataset_with, "p", "d", False)
        for found in store.ask(records.runs, -1):
            store.ask(records.run, found["id"])
        for found in store.ask(records.executions_of_stage, "s", -1):
            store.ask(records.execution, found["id"])
            store.ask(history.material, found["id"])
        ledger = store.ledger()
        ledger.dataset_with("p", "d", False)
        begin(ledger)
        ledger.write({}, {})


def test_an_empty_file_is_damaged(path):
    """SQLite would take it for a new database."""
    path.write_bytes(b"")

    with pytest.raises(StoreDamagedError, match=r"store\.db: the file is empty, expected a store"):
        Store(str(path))
    assert path.read_bytes() == b""


@pytest.mark.parametrize("data", [b"x", b"hello\n" * 100, b"\0" * 4096, b"SQLite format 3\0", bytes(range(256)) * 99])
def test_what_is_no_sqlite_file_is_foreign(path, data):
    """Whatever its length; it stays as it is."""
    path.write_bytes(data)

    with pytest.raises((StoreForeignError, StoreDamagedError), match=r"store\.db: "):
        every_question(path)
    assert path.read_bytes() == data


def test_another_programs_database_is_foreign(tmp_path):
    """It says which id was found and which was expected."""
    path = tmp_path / "store.db"
    with plain(path) as conn:
        conn.execute("CREATE TABLE moz_places (id)")
        conn.execute("PRAGMA application_id = 42")

    with pytest.raises(StoreForeignError, match=r"application id 0x2a, expected 0x70726f76"):
        Store(str(path))


def test_a_folder_in_the_place_of_a_store_is_an_error(tmp_path):
    """That names it."""
    (tmp_path / "store.db").mkdir()

    with pytest.raises(StoreError, match=r"store\.db"):
        Store(str(tmp_path / "store.db"))


def test_a_store_that_is_gone_is_an_error(tmp_path):
    """Nothing is made in its place."""
    with pytest.raises(StoreError, match=r"store\.db"):
        connect(str(tmp_path / "store.db"))
    assert not list(tmp_path.iterdir())


@pytest.fixture
def filled(path):
    """The bytes of a store with some history."""
    with Store(str(path)) as store:
        ledger = store.ledger()
        run = begin(ledger)
        for number in range(60):
            add_execution(ledger, run, reads=[("in", b"%d" % number)], makes=[(f"out/{number}", b"%d" % number)])
        ledger.write({}, {})
    return path.read_bytes()


def test_a_cut_store_never_gives_a_traceback(path, filled):
    """At any length: a store error, or, where the cut took nothing that was asked for, an answer."""
    for size in [*range(0, 101, 20), *range(512, len(filled), max(1, len(filled) // 60))]:
        path.write_bytes(filled[:size])
        with pytest.raises(StoreError, match=r"store\.db"):
            every_question(path)


def test_a_store_with_garbage_in_it_never_gives_a_traceback(path, filled):
    """What SQLite notices is a store error; what it does not notice is `fsck`'s to find."""
    chance = random.Random(4711)
    errors = []
    for _ in range(150):
        data = bytearray(filled)
        start = chance.randrange(len(data))
        length = chance.choice([1, 16, 4096])
        data[start : start + length] = chance.randbytes(length)
        path.write_bytes(data)
        try:
            every_question(path)
        except StoreError as error:
            errors.append(error)
        for file in path.parent.iterdir():
            file.unlink()
    assert len(errors) > 10
    assert all("store.db" in error.message and error.hint for error in errors)


# --- errors of the machine ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("SQLITE_FULL", StoreUnwritableError), ("SQLITE_IOERR_WRITE", StoreUnwritableError),
        ("SQLITE_READONLY_DBMOVED", StoreUnwritableError), ("SQLITE_CANTOPEN", StoreUnwritableError),
        ("SQLITE_BUSY", StoreLockedError), ("SQLITE_LOCKED", StoreLockedError), ("SQLITE_NOTADB", StoreForeignError),
        ("SQLITE_CORRUPT", StoreDamagedError), ("SQLITE_CORRUPT_INDEX", StoreDamagedError),
    ],
)  # fmt: skip
def test_each_error_of_sqlite_is_one_of_ours(name, expected):
    """That names the file, says what to do, and ends with 3."""
    fault = sqlite3.OperationalError("what SQLite said")
    fault.sqlite_errorname = name
    with pytest.raises(StoreError) as caught, explained("/p/store.db"):
        raise fault

    assert type(caught.value) is expected
    assert caught.value.message.startswith("/p/store.db: ")
    assert caught.value.hint
    assert caught.value.exit_status == 3
    assert caught.value.__cause__ is fault


def test_an_error_of_the_system_names_the_file_it_is_about():
    """Which may be another than the store."""
    with pytest.raises(StoreUnwritableError, match="/p/objects/ab: No space left on device"), explained("/p/store.db"):
        raise OSError(28, "No space left on device", "/p/objects/ab")


def test_a_full_disk_is_said_and_the_store_stays(path, store):
    """SQLite's own limit on pages stands for the disk; afterwards all is as before, and there is room again."""
    ledger = store.ledger()
    run = begin(ledger)
    ledger.write({}, {})
    before = path.read_bytes()
    pages = store.conn.execute("PRAGMA page_count").fetchone()[0]
    store.conn.execute(f"PRAGMA max_page_count = {pages}")
    add_execution(ledger, run, message="x" * 100_000)
    with pytest.raises(StoreUnwritableError, match="full"):
        ledger.write({}, {})
    assert path.read_bytes() == before

    store.conn.execute("PRAGMA max_page_count = 1000000")
    ledger.write({}, {})
    assert store.conn.execute("SELECT count(*) FROM execution").fetchone() == (1,)
