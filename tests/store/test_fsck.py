"""`fsck`: a store that was written by provstore is sound, and for each check there is a store that fails it alone."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from provstore.digest import canonical_json, digest_bytes, manifest_text
from provstore.errors import StoreDamagedError
from provstore.model.files import DirectoryMemo, Memo
from provstore.model.remembered import PlanText
from provstore.model.values import new_id
from provstore.store import facts, memory
from provstore.store.connection import transaction
from provstore.store.facts import ExecutionFact
from provstore.store.fsck import CHECKS, SLUGS, problems
from provstore.store.memory import TaskMemo, sealed
from provstore.store.objects import INSIDE
from provstore.store.proof import prove
from provstore.store.store import Store

from . import chain
from .rows import NOW, add_execution, dataset_row, execution_row, run_row

PIPELINEFILE = b"[stages.s]\n"
BIG = b"big" * INSIDE
MANIFEST = manifest_text([]).encode()


def fill(store):
    """A run with facts of all kinds, objects inside and beside, and memory."""
    ledger = store.ledger()
    row = run_row()
    ledger.add_run(row, {"Pipelinefile.toml": digest_bytes(PIPELINEFILE)})
    ledger.add_collection("main/1", "main", NOW)
    for data in (PIPELINEFILE, b"log", BIG, MANIFEST):
        store.objects.keep_bytes(digest_bytes(data), data)
    reads, makes = [("in/a", b"a")], [("out/big", BIG)]
    log = digest_bytes(b"log")
    first = add_execution(ledger, row["id"], reads=reads, makes=makes, log=log, log_size=3, data_id='{"visit":1}')
    folder = dataset_row("out/d", MANIFEST, kind="directory", execution=first["id"])
    ledger.add_dataset({**folder, "execution": None})
    add_execution(ledger, row["id"], outcome="failed", exit_status=None, signal=9, key="blake3:f", ended=None)
    ledger.add("run_code", {"run": row["id"], "commit_id": "c", "branch": None, "dirty": 1, "diff_digest": "blake3:d"})
    ledger.add("run_end", {"run": row["id"], "ended": NOW, "outcome": "failed", "summary": '{"executed":1}'})
    ledger.remember_plan("f", PlanText(*PlanText._fields), ["w"])
    source = ledger.dataset_with("in/a", digest_bytes(b"a"), False)
    memo = Memo(1, 2, 3, 4, 5, digest_bytes(b"a"), source)
    ledger.write({"in/a": memo}, {"out/d": DirectoryMemo("blake3:s", digest_bytes(MANIFEST), folder["id"], "{}")})


@pytest.fixture
def filled(store):
    fill(store)
    return store


def found(store, **how):
    return list(problems(store, objects=True, **how))


def slugs(store):
    return {problem.check for problem in found(store)}


def change(store, *statements):
    """Changes a store as somebody with `sqlite3` would."""
    with closing(sqlite3.connect(store.path)) as conn, conn:
        for statement in statements:
            conn.execute(statement)


def add(store, table, /, **row):
    """Adds a fact in good order, whatever it says."""
    store.ledger()
    store.conn.execute("PRAGMA foreign_keys = OFF")
    with transaction(store.conn):
        facts.Chain(store.conn).add(table, row)


def add_dataset(**changes):
    return lambda store: add(store, "dataset", **dataset_row(**{"path": "x", **changes}))


def add_executed(**changes):
    def do(store):
        store.ledger()
        store.conn.execute("PRAGMA foreign_keys = OFF")
        run = store.conn.execute("SELECT id FROM run").fetchone()[0]
        with transaction(store.conn):
            facts.Chain(store.conn).add("execution", ExecutionFact(execution_row(**{"run": run, **changes}), [], []))

    return do


def changed(*statements):
    return lambda store: change(store, *statements)


def add_member_of_run(store):
    add(store, "chain_member", id="m", chain="main/1", child="sources", position=0, added=NOW)


def made_by_failure(store):
    failed = store.conn.execute("SELECT id FROM execution WHERE outcome = 'failed'").fetchone()[0]
    add(store, "dataset", **dataset_row(path="x", execution=failed))


SCHEMA = "UPDATE sqlite_schema SET sql = replace(sql, 'work       TEXT {}', 'work       TEXT {}')"


def sql_null(store):
    """A row that the table forbids, with a seal that fits."""
    row = sealed((9, None))
    change(store, "PRAGMA writable_schema = ON", SCHEMA.format("NOT NULL", "        "))
    with closing(sqlite3.connect(store.path)) as conn, conn:
        conn.execute("INSERT INTO plan_task (position, work, seal) VALUES (?, ?, ?)", row)
    change(store, "PRAGMA writable_schema = ON", SCHEMA.format("        ", "NOT NULL"))


def keep_as_directory(data):
    def do(store):
        add_dataset(kind="directory", digest=digest_bytes(data))(store)
        with closing(sqlite3.connect(store.path)) as conn, conn:
            conn.execute(facts.INSERT_OBJECT, (digest_bytes(data), len(data), data))

    return do


def remember(**row):
    def do(store):
        with closing(sqlite3.connect(store.path)) as conn, conn:
            memory.put_tasks(conn, {("s", "{}"): TaskMemo(**row)})

    return do


def remember_failure(store):
    failed = store.conn.execute("SELECT id FROM execution WHERE outcome = 'failed'").fetchone()[0]
    remember(key="k", execution=failed, outputs="")(store)


def lose_page(store):
    """The first page of the table of runs is noise."""
    (root,) = store.conn.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'run'").fetchone()
    with open(store.path, "r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)


def unknown_kind(store):
    """A record in good order, of a kind that there is not."""
    position, link = store.conn.execute(facts.LAST_RECORD).fetchone()
    with closing(sqlite3.connect(store.path)) as conn, conn:
        row = (position + 1, "s", "riddle", "r", "blake3:r", facts.next_link(link, "s", "blake3:r"))
        conn.execute(facts.INSERT_RECORD, row)


def merge_row(store, /, **changes):
    """A merge in good order with a copy of this store that was made before."""
    first = facts.first_link(store.conn)
    (end,) = store.conn.execute("SELECT chain FROM record WHERE position = 3").fetchone()
    known = canonical_json(facts.store_row(store.conn))
    assert first != end
    row = {"id": new_id(), "merged": NOW, "user": "u", "host": "h", "source": "/s", "store": known, "added": 0}
    return {**row, "records": "[[1,3]]", "chain": end, **changes}


def add_merge(**changes):
    return lambda store: add(store, "merge", **merge_row(store, **changes))


def adding(table, **row):
    return lambda store: add(store, table, **row)


TAG = {"id": "t", "collection": "sources", "dataset": "d", "valid_from": None, "valid_to": None, "tagged": NOW}


def add_tag(**changes):
    """A tag of a dataset that is there, in a collection for tags unless another one is named."""

    def do(store):
        if "collection" not in changes:
            add(store, "collection", name="best", type="TAGGED", created=NOW, description="")
        (dataset,) = store.conn.execute("SELECT id FROM dataset LIMIT 1").fetchone()
        add(store, "tag", **{**TAG, "collection": "best", "dataset": dataset, **changes})

    return do


DIMENSION = {"id": "d", "name": "visit", "definition": '{"type":"int"}', "registered": NOW}
RECORD = {"dimension": "visit", "key": '{"visit":1}', "value": 1, "record": "{}", "time_begin": None, "time_end": None,
          "region": "POINT(0, 0)", "box": "[0.5,1.0,-0.25,0.25,-0.25,0.25]", "inserted": NOW}  # fmt: skip


def add_record(*statements, **changes):
    """A dimension and one record of it, which may be changed before and after it is added."""

    def do(store):
        add(store, "dimension", **DIMENSION)
        add(store, "dimension_record", **{**RECORD, **changes})
        change(store, *statements)

    return do


LAST = "(SELECT max(position) FROM record)"
FAILING = {
    "sqlite": sql_null,
    "schema": changed("DROP INDEX dataset_name"),
    "chain-gap": changed(f"UPDATE record SET position = position + 1 WHERE position = {LAST}"),
    "chain-broken": changed(f"UPDATE record SET chain = 'blake3:0' WHERE position = {LAST}"),
    "record-damaged": changed("UPDATE execution SET command = 'false' WHERE outcome = 'succeeded'"),
    "wrong-json": add_dataset(metadata='{"b": 1}'),
    "unrecorded": changed(f"INSERT INTO collection VALUES ('c', 'RUN', '{NOW}', '')"),
    "missing-fact": add_dataset(replaces="nothing"),
    "memory-damaged": changed("UPDATE file_memo SET inode = inode + 1"),
    "object-damaged": changed("UPDATE object SET content = X'6c6f68' WHERE size = 3"),
    "wrong-manifest": keep_as_directory(b'[["a"]]'),
    "merged-chain-broken": add_merge(records="[[1,2]]"),
    "wrong-path": add_dataset(path="../x"),
    "wrong-digest": add_dataset(digest="blake3:" + 64 * "G"),
    "wrong-semantic-digest": add_dataset(semantic_digest="csv:1"),
    "wrong-kind": add_dataset(kind="fifo"),
    "wrong-location": add_dataset(location="here"),
    "wrong-number": add_dataset(size=-1),
    "wrong-outcome": add_executed(outcome="great"),
    "failed-success": add_executed(exit_status=1),
    "made-by-failure": made_by_failure,
    "wrong-type-of-collection": add_member_of_run,
    "wrong-time": add_dataset(created="2026-11-21 10:00:00"),
    "missing-text": add_executed(log=digest_bytes(b"gone")),
    "wrong-memory": remember_failure,
    "wrong-sky": add_record("DELETE FROM sky"),
    "wrong-values": changed("INSERT INTO data_id_value VALUES ('t', 'visit', 1, 'integer')"),
}
"""Slug → makes a sound store one that fails this check and no other."""

ALSO = {
    "path not normal": ("wrong-path", add_dataset(path="a//b")),
    "absolute path": ("wrong-path", add_dataset(path="/etc/x")),
    "no path": ("wrong-path", add_dataset(path="")),
    "digest with a flag": ("wrong-digest", add_dataset(digest=digest_bytes(b"") + "+x")),
    "neither yes nor no": ("wrong-number", add_dataset(executable=2)),
    "no attempt": ("wrong-number", add_executed(attempt=0)),
    "killed success": ("failed-success", add_executed(exit_status=None, signal=9)),
    "JSON of another kind": ("wrong-json", add_dataset(data_id="[]")),
    "no JSON": ("wrong-json", add_dataset(data_id="{")),
    "keys out of order": ("wrong-json", add_dataset(data_id='{"b":1,"a":1}')),
    "deep JSON": ("wrong-json", add_dataset(metadata="[" * 100_000)),
    "no end": ("wrong-time", add_executed(ended="later")),
    "configuration not kept": ("missing-text", add_executed(configuration=digest_bytes(b"gone"))),
    "run of nobody": ("missing-fact", add_executed(run="nothing")),
    "collection of nobody": ("missing-fact", add_dataset(run="nothing")),
    "memory of nothing": ("missing-fact", remember(key="k", execution="nothing", outputs="")),
    "deletion without record": ("unrecorded", changed(
        f"INSERT INTO dataset_deletion SELECT id, '{NOW}', 'u', 1 FROM dataset LIMIT 1")),
    "removal of no member": ("missing-fact", adding("chain_removal", member="nothing", removed=NOW)),
    "removal of no tag": ("missing-fact", adding("tag_removal", tag="nothing", removed=NOW)),
    "tag of nothing": ("missing-fact", add_tag(dataset="nothing")),
    "tag in no collection": ("missing-fact", add_tag(collection="nothing")),
    "tag in a run": ("wrong-type-of-collection", add_tag(collection="main/1")),
    "tag for no time": ("wrong-time", add_tag(valid_to="tomorrow")),
    "tag without record": ("unrecorded", changed(
        f"INSERT INTO collection VALUES ('t', 'TAGGED', '{NOW}', '')",
        f"INSERT INTO tag SELECT 't', 't', id, NULL, NULL, '{NOW}' FROM dataset LIMIT 1")),
    "word without record": ("unrecorded", changed("INSERT INTO keyword SELECT id, 'w' FROM dataset LIMIT 1")),
    "dimension without record": ("unrecorded", changed(
        f"INSERT INTO dimension VALUES ('d', 'visit', '{{}}', '{NOW}')")),
    "record of a value without record": ("unrecorded", lambda store: (
        add(store, "dimension", **DIMENSION), change(store, f"INSERT INTO dimension_record VALUES "
            f"('visit', '{{}}', 1, '{{}}', NULL, NULL, NULL, NULL, '{NOW}')"))),
    "type without record": ("unrecorded", changed(
        f"INSERT INTO dataset_type VALUES ('t', '[]', 'bytes', NULL, '', '{NOW}')")),
    "record of no dimension": ("missing-fact", add_record(dimension="night")),
    "other value": ("record-damaged", add_record("UPDATE dimension_record SET value = 2")),
    "key in disorder": ("wrong-json", add_record(key='{"visit": 1}')),
    "no definition": ("wrong-json", adding("dimension", **{**DIMENSION, "definition": "int"})),
    "span of no time": ("wrong-time", add_record(time_begin="later")),
    "box elsewhere": ("wrong-sky", add_record("UPDATE sky SET x_min = 0.25")),
    "box of another record": ("wrong-sky", add_record("UPDATE sky SET key = 'x'")),
    "box of nothing": ("wrong-sky", add_record("INSERT INTO sky VALUES (9, 0, 1, 0, 1, 0, 1, 'visit', 'x')")),
    "region without a box": ("wrong-sky", add_record(box=None)),
    "node of the sky": ("sqlite", add_record("UPDATE sky_rowid SET nodeno = 7")),
    "fact is gone": ("record-damaged", changed("DELETE FROM run_end")),
    "record of no kind": ("record-damaged", unknown_kind),
    "merge of records to come": ("merged-chain-broken", add_merge(records="[[1,300]]")),
    "merge of nothing": ("merged-chain-broken", add_merge(records="[[0,3]]")),
    "merge of riddles": ("merged-chain-broken", add_merge(records='[[1,"x"],7,{}]')),
    "merge of another store": ("merged-chain-broken", add_merge(store='{"created":"","id":"t","provstore":""}')),
    "merge of another record": ("merged-chain-broken", add_merge(records='[[1,2],["s","blake3:x"]]')),
    "another store": ("chain-broken", changed("UPDATE store SET created = '2020-01-01T00:00:00.000000Z'")),
    "two stores": ("schema", changed(f"INSERT INTO store VALUES ('t', '{NOW}', '0')")),
    "view": ("schema", changed("DROP VIEW v_lineage")),
    "size of an object": ("object-damaged", changed("UPDATE object SET size = 4 WHERE size = 3")),
    "file of an object": ("object-damaged", lambda store: os.unlink(big_file(store))),
    "longer file": ("object-damaged", lambda store: append(big_file(store), b"x")),
    "other file": ("object-damaged", lambda store: flip(big_file(store))),
    "folder for a file": ("object-damaged", lambda store: (os.unlink(big_file(store)), os.mkdir(big_file(store)))),
    "FIFO for a file": ("object-damaged", lambda store: (os.unlink(big_file(store)), os.mkfifo(big_file(store)))),
    "manifest is a number": ("wrong-manifest", keep_as_directory(b"1")),
    "manifest is no text": ("wrong-manifest", keep_as_directory(b"\xff")),
    **{f"memory of {table}": ("memory-damaged", changed(f"UPDATE {table} SET seal = seal + 1"))
       for table in ("file_memo", "directory_memo", "task_memo", "plan", "plan_task")},
}  # fmt: skip


def big_file(store):
    name = digest_bytes(BIG).partition(":")[2]
    return os.path.join(os.path.dirname(store.path), "objects", name[:2], name[2:])


def append(path, data):
    os.chmod(path, 0o644)
    with open(path, "ab") as file:
        file.write(data)


def flip(path):
    os.chmod(path, 0o644)
    with open(path, "r+b") as file:
        file.write(b"B")


# --- claims ---------------------------------------------------------------------------------------------


def test_a_store_that_provstore_wrote_is_sound(filled):
    """Whatever kinds of facts, objects and memory are in it; nothing is written by looking."""
    before = os.stat(filled.path)
    assert found(filled) == []
    assert chain.broken(filled.conn) == []
    after = os.stat(filled.path)

    assert (before.st_mtime_ns, before.st_ctime_ns) == (after.st_mtime_ns, after.st_ctime_ns)


def test_a_merge_whose_chain_can_be_made_again_is_sound(filled):
    """The other store's chain follows from what is here."""
    add_merge()(filled)

    assert found(filled) == []


def test_a_merge_before_a_recovery_proves_nothing_any_more(filled):
    """Records that a recovery lost leave gaps that are closed: positions from before mean nothing."""
    add_merge(records="[[1,2]]")(filled)
    row = {"id": new_id(), "recovered": NOW, "source": "s", "source_digest": "", "kept": 1, "unproved": 0, "lost": "[]"}
    add(filled, "recovery", **row)

    assert found(filled) == []


def test_a_store_with_records_of_dimensions_is_sound(filled):
    """The index of regions rounds outwards, and holds just their boxes."""
    add_record()(filled)
    for visit in range(2, 60):
        box = f"[0.{visit}1234567,0.{visit}2345678,-0.{visit}1111111,0.0,0.123456789012,0.2]"
        key = f'{{"visit":{visit}}}'
        add(filled, "dimension_record", **{**RECORD, "key": key, "value": visit, "box": box})

    assert found(filled) == []


def test_an_empty_store_is_sound(store):
    """Nothing was recorded, nothing is wrong."""
    assert found(store) == []


@pytest.mark.parametrize("slug", FAILING)
def test_a_check_finds_its_fault(filled, slug):
    """Each check has a store that fails it and no other."""
    FAILING[slug](filled)

    assert slugs(filled) == {slug}


@pytest.mark.parametrize("name", ALSO)
def test_a_fault_is_found_by_its_check(filled, name):
    """Other faults of the same kinds."""
    slug, damage = ALSO[name]
    damage(filled)

    assert slugs(filled) == {slug}


def test_every_check_has_a_store_that_fails_it():
    """Who adds a check adds the store. What can't be read is noise, and noise has more than one face."""
    assert set(SLUGS) == {*FAILING, "unreadable"}
    assert set(CHECKS) <= set(FAILING)


def test_every_check_is_documented():
    """The table in the documentation is that of the code."""
    page = (Path(__file__).parents[2] / "docs" / "errors.md").read_text(encoding="utf-8")

    assert "".join(f"| `{slug}` | {meaning} |\n" for slug, meaning in SLUGS.items()) in page


def test_a_page_of_noise_hides_nothing_else(filled):
    """What can't be read is said, and the other checks are made all the same."""
    change(filled, "UPDATE object SET content = X'6c6f68' WHERE size = 3")
    lose_page(filled)

    assert slugs(filled) >= {"unreadable", "record-damaged", "object-damaged"}


TABLES = ("store", "record", "run", "run_source", "run_code", "run_end", "execution", "dataset", "usage", "collection",
          "chain_member", "object", "file_memo", "directory_memo", "task_memo", "plan", "plan_task")  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_guarded(filled, path, table):
    """Whichever value is changed, in whichever table, it is found."""
    whole = path.read_bytes()
    columns = [row[1] for row in filled.conn.execute(f"PRAGMA table_info({table})")]
    for column in columns:
        if (table, column) == ("plan", "id"):
            continue  # the table takes no other
        (value,) = filled.conn.execute(f"SELECT {column} FROM {table}").fetchone()
        with closing(sqlite3.connect(path)) as conn, conn:
            conn.execute(f"UPDATE {table} SET {column} = {other(value)} WHERE {column} IS ?", (value,))

        assert found(filled), column
        path.write_bytes(whole)


def other(value):
    """Another value of the same type, as SQL."""
    if isinstance(value, (int, float)):
        return str(value + 1000)
    return "X'00'" if isinstance(value, bytes) else "'2'"


def test_a_damaged_record_is_named_by_what_it_is(filled):
    """Id, task and record of an execution; the path of a dataset."""
    change(filled, "UPDATE execution SET message = 'x' WHERE outcome = 'succeeded'",
           "UPDATE dataset SET owner = 'x' WHERE path = 'in/a'")  # fmt: skip
    second, first = sorted(found(filled), key=lambda problem: problem.subject.startswith("dataset"))
    (execution,) = filled.conn.execute("SELECT id FROM execution WHERE outcome = 'succeeded'").fetchone()

    assert first.subject.endswith(" of in/a (record 6)")
    assert second.subject == f"execution {execution} of s@visit=1 (record 7)"


def test_what_a_recovery_lost_is_no_fault(filled):
    """A reference to a fact that could not be saved is what the recovery says it is."""
    add(filled, "dataset", **dataset_row(path="x", replaces="gone"))
    add_executed(log="blake3:gone")(filled)
    assert slugs(filled) == {"missing-fact", "missing-text"}
    add(filled, "recovery", id="r", recovered=NOW, source="store.db.damaged", source_digest="blake3:x", kept=1,
        unproved=0, lost='[["dataset","gone","blake3:g"],["object","blake3:gone","blake3:gone"]]')  # fmt: skip

    assert found(filled) == []


def test_what_a_user_added_is_left_alone(filled):
    """Tables, indexes and views of somebody who asks the store his own questions."""
    change(filled, "CREATE TABLE mine (x)", "CREATE VIEW v_mine AS SELECT * FROM dataset",
           "CREATE INDEX mine_x ON dataset (size)", "ANALYZE")  # fmt: skip

    assert found(filled) == []


def test_text_that_is_no_utf8_is_a_fault_and_no_exception(filled):
    """In a fact, in a record and in what is remembered."""
    change(filled, "UPDATE execution SET command = CAST(X'ff00fe' AS TEXT)",
           "UPDATE record SET subject = CAST(X'ff' AS TEXT) WHERE position = 3",
           "UPDATE file_memo SET identity = CAST(X'ff' AS TEXT)")  # fmt: skip

    assert slugs(filled) >= {"record-damaged", "memory-damaged", "unrecorded"}


def test_a_store_is_checked_while_somebody_writes(filled):
    """An open transaction of a run neither stops the check nor is stopped by it."""
    with closing(sqlite3.connect(filled.path, isolation_level=None)) as conn:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("DELETE FROM plan")
        assert found(filled) == []
        conn.execute("COMMIT")


def test_files_of_objects_that_no_row_knows_are_counted(filled):
    """A killed run leaves them; they are no fault."""
    path = os.path.join(os.path.dirname(filled.path), "objects", "ab", 62 * "c")
    os.makedirs(os.path.dirname(path))
    os.close(os.open(path, os.O_CREAT))
    counted = Counter()
    assert found(filled, counted=counted) == []
    assert counted["unknown"] == 1
    assert (counted["objects"], counted["beside"], counted["bytes beside"]) == (4, 1, len(BIG))


def test_without_objects_files_are_looked_at_but_not_read(filled):
    """Size and presence are free; reading all bytes is asked for."""
    flip(big_file(filled))
    assert list(problems(filled, objects=False)) == []
    append(big_file(filled), b"x")

    assert [problem.check for problem in problems(filled, objects=False)] == ["object-damaged"]
    assert list(problems(filled, objects=False, files=False)) == []


def test_what_is_shown_is_proved(filled):
    """A run, an execution and a dataset; a damaged one is an error that names the record."""
    ids = {kind: filled.conn.execute(f"SELECT id FROM {kind} ORDER BY rowid").fetchone()[0]
           for kind in ("run", "execution", "dataset")}  # fmt: skip
    for kind, id in ids.items():
        prove(filled, kind, id)
    change(filled, "UPDATE execution SET cpu_seconds = 1 WHERE outcome = 'succeeded'",
           "UPDATE run_end SET outcome = 'succeeded'", "UPDATE dataset SET size = 7")  # fmt: skip

    for kind, id in ids.items():
        with pytest.raises(StoreDamagedError, match=r"\(record \d+\) is not what was recorded"):
            prove(filled, kind, id)


def test_what_no_record_proves_is_not_shown(filled):
    """Nor a dataset whose execution is damaged, nor one that was put in by hand."""
    (made,) = filled.conn.execute("SELECT id FROM dataset WHERE execution IS NOT NULL").fetchone()
    prove(filled, "dataset", made)
    change(filled, "UPDATE dataset SET id = 'mine' WHERE path = 'in/a'", "UPDATE execution SET message = 'x'")

    for dataset in (made, "mine"):
        with pytest.raises(StoreDamagedError):
            prove(filled, "dataset", dataset)


def test_a_store_that_may_not_be_written_is_checked(filled):
    """Read-only, in a folder that is read-only."""
    os.chmod(filled.path, 0o444)
    with Store(filled.path) as again:
        assert found(again) == []
