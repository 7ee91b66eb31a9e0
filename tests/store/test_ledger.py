"""Facts: all or nothing, added and never changed, each chained to the one before."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore.digest import digest_bytes
from provstore.errors import StoreError
from provstore.model.files import DirectoryMemo, Memo
from provstore.model.remembered import PlanText
from provstore.store import facts, history, memory, migrate
from provstore.store.connection import BEGIN, COMMIT, transaction
from provstore.store.ledger import name_of
from provstore.store.memory import TaskMemo
from provstore.store.store import Store

from . import chain
from .rows import NOW, add_execution, begin, dataset_row, execution_row

PLAN = PlanText(*["" for _ in PlanText._fields])
MEMO = Memo(1, 2, 3, 4, 5, "blake3:f", None)
FOLDER = DirectoryMemo("blake3:s", "blake3:d", None, "{}")


def count(path):
    """Rows of every table, as another program sees them."""
    with closing(sqlite3.connect(path)) as conn:
        names = [name for (name,) in conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: found for name in names if (found := conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0])}


def fill(ledger, executions=3):
    """A run with all kinds of facts."""
    run = begin(ledger)
    for number in range(executions):
        reads = [("in/a", b"same"), ("in/b", b"%d" % number)]
        makes = [(f"out/{number}/{part}", b"%d" % number) for part in "xy"]
        add_execution(ledger, run, reads=reads, makes=makes, data_id=f'{{"n":{number}}}', key=f"blake3:{number}")
    add_execution(ledger, run, outcome="failed", exit_status=None, signal=9, cpu_seconds=None, key="blake3:f")
    ledger.add("run_code", {"run": run, "commit_id": "c", "branch": None, "dirty": 1, "diff_digest": "blake3:d"})
    ledger.add("run_end", {"run": run, "ended": NOW, "outcome": "failed", "summary": '{"executed":3}'})
    return run


def test_nothing_is_written_before_it_is_asked_for(path, store):
    """Other programs can write in between; nobody sees half a run."""
    before = path.read_bytes()
    ledger = store.ledger()
    assert ledger.is_empty
    fill(ledger)
    ledger.remember_task("s", "{}", TaskMemo("k", "e", ""))
    ledger.remember_plan("f", PLAN, ["w"])

    assert not ledger.is_empty
    assert path.read_bytes() == before


@pytest.mark.parametrize("statement", [BEGIN, COMMIT])
def test_an_interrupt_leaves_no_transaction_open(store, statement):
    """The next one would find it, and could not begin."""

    class Interrupted:
        def execute(self, sql):
            if sql == statement == BEGIN:
                store.conn.execute(sql)
            if sql == statement:
                raise KeyboardInterrupt
            store.conn.execute(sql)

    store.ledger()
    with pytest.raises(KeyboardInterrupt), transaction(Interrupted()):
        pass

    assert not store.conn.in_transaction


def test_all_that_waits_is_one_transaction(store):
    """And is nothing afterwards: writing again changes nothing."""
    statements = []
    store.conn.set_trace_callback(statements.append)
    ledger = store.ledger()
    fill(ledger)
    store.objects.keep_bytes(digest_bytes(b"object"), b"object")
    ledger.write({"f": MEMO}, {"d": FOLDER})
    store.conn.set_trace_callback(None)

    assert [text for text in statements if text.split()[0] in ("BEGIN", "COMMIT", "ROLLBACK")] == [
        "BEGIN IMMEDIATE", "COMMIT",
    ]  # fmt: skip
    assert ledger.is_empty
    before = count(store.path)
    ledger.write({}, {})
    assert count(store.path) == before


def test_what_was_written_can_be_asked_for(store):
    """The last success of a key, its material, its datasets, and what is remembered."""
    ledger = store.ledger()
    fill(ledger)
    ledger.write({"f": MEMO}, {"d": FOLDER})
    found = store.ask(history.success, "blake3:1", ["out/1/y", "out/1/x", "never"])

    assert found.outputs == (digest_bytes(b"1"), digest_bytes(b"1"), "")
    assert store.ask(history.success, "blake3:f", []) is None
    assert store.ask(history.past, "blake3:f").attempt.outcome == "failed"
    assert store.ask(history.last_success, "s", '{"n":2}') == store.ask(history.success, "blake3:2", []).execution
    assert [entry[:2] for entry in store.ask(history.material, found.execution).inputs] == [
        ("in", "in/a"),
        ("in", "in/b"),
    ]
    assert store.ask(memory.file_memos) == {"f": (*MEMO, "f")}
    assert store.ask(memory.directory_memos) == {"d": FOLDER}
    assert set(store.ask(memory.task_memos)) == {("s", f'{{"n":{n}}}') for n in range(3)}


def failing_at(conn, statement):
    """Makes SQLite refuse the first statement that begins like this."""

    def authorize(action, first, second, *_):
        wanted = action == sqlite3.SQLITE_INSERT and first == statement
        return sqlite3.SQLITE_DENY if wanted else sqlite3.SQLITE_OK

    conn.set_authorizer(authorize)


@pytest.mark.parametrize(
    "table",
    ["collection", "chain_member", "object", "run", "run_source", "dataset", "usage", "execution", "record",
     "file_memo", "directory_memo", "task_memo", "plan", "plan_task"],
)  # fmt: skip
def test_a_failure_writes_nothing_and_loses_nothing(tmp_path, table):
    """Wherever it strikes: all goes on waiting, and the next attempt writes all of it once."""
    path = tmp_path / "store.db"
    migrate.create(str(path), 0, "s")
    with Store(str(path)) as store:
        empty = count(path)
        failing_at(store.conn, table)
        ledger = store.ledger()
        fill(ledger)
        store.objects.keep_bytes(digest_bytes(b"object"), b"object")
        ledger.remember_plan("f", PLAN, ["w"])
        with pytest.raises(StoreError, match=r"store\.db: not authorized"):
            ledger.write({"f": MEMO}, {"d": FOLDER})
        assert count(path) == empty
        assert not ledger.is_empty
        assert store.objects.has(digest_bytes(b"object"))

        store.conn.set_authorizer(None)
        ledger.write({"f": MEMO}, {"d": FOLDER})
        found = count(path)
        assert [found[name] for name in ("run", "execution", "usage", "record", "plan_task", "object")] == [
            1, 4, 6, 15, 1, 1,
        ]  # fmt: skip
        with closing(chain.opened(path)) as conn:
            assert chain.broken(conn) == []


def test_a_busy_store_is_waited_for(path):
    """Another program's transaction takes milliseconds."""
    with Store(str(path)) as store, closing(sqlite3.connect(path, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.rollback)
        timer.start()
        ledger = store.ledger()
        fill(ledger)
        ledger.write({}, {})
        timer.join()
    assert count(path)["run"] == 1


# --- the chain ----------------------------------------------------------------------------------------


def test_the_chain_can_be_worked_out_from_the_tables_alone(path, store):
    """Executions with usage and datasets, runs, their ends, and sources; over several transactions."""
    for _ in range(3):
        ledger = store.ledger()
        fill(ledger)
        ledger.write({}, {})
    with closing(chain.opened(path)) as conn:
        assert chain.broken(conn) == []
        assert chain.unrecorded(conn) == set()
        positions = [row[0] for row in conn.execute("SELECT position FROM record ORDER BY position")]
        assert positions == list(range(1, len(positions) + 1))
        assert (
            conn.execute("SELECT DISTINCT origin FROM record").fetchall()
            == conn.execute("SELECT id FROM store").fetchall()
        )


@given(
    texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), min_size=3, max_size=3),
    number=st.floats(0, 1e9),
    whole=st.integers(0, 2**62),
)
def test_any_value_survives_the_way_into_the_table(texts, number, whole):
    """A digest is over what was given; the tables give the same back, to the last bit."""
    row = execution_row(None, message=texts[0], name=texts[1], command=texts[2], cpu_seconds=number, peak_memory=whole)
    conn = sqlite3.connect(":memory:", isolation_level=None)
    with closing(conn):
        for sql in migrate.migrations().values():
            conn.executescript(sql)
        conn.execute("INSERT INTO store VALUES ('o', 'c', 'p')")
        facts.Chain(conn).add("execution", facts.ExecutionFact(row, (), ()))

        assert chain.broken(conn) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE execution SET message = 'better' WHERE rowid = 1",
        "UPDATE execution SET outcome = 'succeeded' WHERE outcome = 'failed'",
        "UPDATE dataset SET digest = 'blake3:0' WHERE execution IS NOT NULL AND rowid = 3",
        "UPDATE dataset SET path = 'other' WHERE execution IS NULL AND rowid = 1",
        "UPDATE usage SET position = 9 WHERE position = 1",
        "DELETE FROM usage WHERE position = 0",
        "UPDATE run SET user = 'somebody'",
        "UPDATE run_end SET outcome = 'succeeded'",
        "UPDATE run_code SET dirty = 0",
        "DELETE FROM record WHERE position = 2",
        "UPDATE record SET digest = 'blake3:0' WHERE position = 2",
        "UPDATE record SET chain = 'blake3:0' WHERE position = 2",
    ],
)
def test_every_change_of_history_breaks_the_chain(path, change):
    """The oracle notices: the chain is worth something."""
    with Store(str(path)) as store:
        ledger = store.ledger()
        fill(ledger)
        ledger.write({}, {})
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute(change).rowcount > 0
        conn.commit()
        assert chain.broken(conn)


# --- datasets -----------------------------------------------------------------------------------------


def test_one_content_at_one_path_is_one_dataset(store):
    """Before and after it was written; another content, path or executable bit is another."""
    ledger = store.ledger()
    begin(ledger)
    row = dataset_row("p", b"x")
    digest = row["digest"]
    assert ledger.dataset_with("p", digest, False) is None
    assert ledger.add_dataset(row) == row["id"]
    assert ledger.dataset_with("p", digest, False) == row["id"]
    ledger.write({}, {})

    assert ledger.dataset_with("p", digest, False) == row["id"]
    assert ledger.dataset_with("q", digest, False) is None
    assert ledger.dataset_with("p", digest, True) is None
    assert ledger.dataset_with("p", digest_bytes(b"y"), False) is None


def test_the_last_of_several_equal_datasets_counts(store):
    """By the order in which they were recorded."""
    ledger = store.ledger()
    run = begin(ledger)
    first = add_execution(ledger, run, makes=[("p", b"x")])
    second = add_execution(ledger, run, makes=[("p", b"x")])
    ledger.write({}, {})
    made = store.ask(history.made_by, second["id"])["p"].dataset

    assert ledger.dataset_with("p", digest_bytes(b"x"), False) == made
    assert store.ask(history.made_by, first["id"])["p"].dataset != made
    assert store.ask(history.success, "blake3:k", ["p"]).execution == second["id"]


def test_a_collection_is_put_at_the_head_of_its_chain(store):
    """The newest run is searched first."""
    ledger = store.ledger()
    for number in (1, 2, 3):
        ledger.add_collection(f"main/{number}", "main", NOW)
        ledger.write({}, {})
    members = store.conn.execute("SELECT child FROM chain_member WHERE chain = 'main' ORDER BY position").fetchall()

    assert members == [("main/3",), ("main/2",), ("main/1",)]


def test_a_plan_takes_the_place_of_the_one_before(store):
    """With all its works, which may be fewer."""
    ledger = store.ledger()
    ledger.remember_plan("one", PLAN, ["a", "b", "c"])
    ledger.write({}, {})
    ledger.remember_plan("two", PLAN._replace(meaning="m"), ["d"])
    ledger.write({}, {})

    assert store.ask(memory.plan) == ("two", PLAN._replace(meaning="m"))
    assert store.ask(memory.work, 0) == "d"
    assert store.conn.execute("SELECT count(*) FROM plan_task").fetchone() == (1,)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b.csv", "b"),
        ("b.tar.gz", "b"),
        ("v1.2_stars.csv", "v1.2_stars"),
        (".hidden", ".hidden"),
        ("dir/", "dir"),
        ("x", "x"),
        ("../up.txt", "up"),
    ],
)
def test_a_dataset_is_named_after_its_file(path, name):
    """Without its ending; how it is packed stands behind that."""
    assert name_of(path) == name
