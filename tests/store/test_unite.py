"""Merging stores: laws over any history of branches, and what must not come in."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provstore.digest import digest_bytes
from provstore.errors import StoreDamagedError, StoreError
from provstore.model.values import new_id
from provstore.store import facts, migrate, records, salvage
from provstore.store.connection import transaction
from provstore.store.fsck import problems
from provstore.store.objects import INSIDE
from provstore.store.proof import prove
from provstore.store.store import Store
from provstore.store.unite import Other, copied, unite

from . import chain
from .rows import NOW, add_execution, dataset_row, run_row
from .test_upgrades import store_of_schema

NUMBERS = count()
LOG = b"printed"


def row():
    """What is known of a merge before it."""
    return {"id": new_id(), "merged": NOW, "user": "u", "host": "h", "source": "x"}


def made(folder):
    """A new store in a folder of its own."""
    folder.mkdir(parents=True)
    migrate.create(str(folder / "store.db"), 1_800_000_000.0, new_id())
    return folder


def opened(folder):
    return Store(str(folder / "store.db"))


def run(folder, data=None, **changes):
    """A run that read a source and made a file, in a collection of its own; its id."""
    with opened(folder) as store:
        ledger, number = store.ledger(), next(NUMBERS)
        begun = run_row()
        data = data if data is not None else b"%d" % number
        for kept in (b"[stages.s]", LOG, data):
            store.objects.keep_bytes(digest_bytes(kept), kept)
        ledger.add_run(begun, {"Pipelinefile.toml": digest_bytes(b"[stages.s]")})
        ledger.add_collection(begun["collection"], "main", NOW)
        how = {"reads": [("in/a", b"a")], "makes": [("out/a", data)], "log": digest_bytes(LOG), "log_size": len(LOG)}
        add_execution(ledger, begun["id"], **{**how, **changes})
        ledger.add("run_end", {"run": begun["id"], "ended": NOW, "outcome": "succeeded", "summary": "{}"})
        ledger.write({}, {})
        return begun["id"]


def merge(folder, other):
    """Merges the other folder's store into that of the first."""
    scratch = folder.parent / f"scratch-{next(NUMBERS)}"
    scratch.mkdir()
    with copied(str(other / "store.db"), str(scratch)) as theirs, opened(folder) as store:
        return unite(store, Other(theirs, str(other / "store.db"), str(other / "objects")), row())


def known(folder):
    """(kind, subject, digest) of every record but merges; what each store names by itself counts by its name."""
    with opened(folder) as store:
        found = set(store.conn.execute("SELECT kind, subject, digest FROM record WHERE kind <> 'merge'"))
    return {(kind, subject, "" if kind == "collection" else digest) for kind, subject, digest in found}


def claim_sound(folder):
    """Nothing is wrong with the store, by our own checks and by those of somebody with `sqlite3`."""
    with opened(folder) as store:
        assert list(problems(store, objects=True)) == []
        assert chain.broken(store.conn) == []
        assert chain.unrecorded(store.conn) == set()


STEPS = st.lists(
    st.tuples(st.sampled_from(["run", "merge", "merge", "copy"]), st.integers(0, 2), st.integers(0, 2)), max_size=7
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_history_of_branches_comes_to_one_set_of_facts(tmp_path, steps):
    """Stores that run, are copied and are merged in any order have the union in the end, proved, and come to rest."""
    top = tmp_path / str(next(NUMBERS))
    folders = [made(top / str(number)) for number in range(3)]
    for what, one, other in steps:
        if what == "run":
            run(folders[one])
        elif one != other and what == "copy" and known(folders[other]) <= known(folders[one]):
            shutil.copy(folders[one] / "store.db", folders[other] / "store.db")
        elif one != other:
            merge(folders[one], folders[other])
    everything = set().union(*map(known, folders))
    for one, other in [(0, 1), (0, 2), (1, 0), (2, 0)]:
        merge(folders[one], folders[other])

    for folder in folders:
        assert known(folder) == everything
        claim_sound(folder)
    assert not any(merge(one, other).is_anything for one in folders for other in folders)


def test_both_sides_answer_as_before(tmp_path):
    """Runs, executions, lineage and collections of both are found, and every record that is shown is proved."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    mine, other = run(ours), run(theirs)
    taken = merge(ours, theirs)

    assert Counter(taken.facts) == {"run": 1, "execution": 1, "dataset": 2, "chain_member": 1,
                                    "run_end": 1}  # fmt: skip
    with opened(ours) as store:
        assert {entry["id"] for entry in store.ask(records.runs, -1)} == {mine, other}
        lineage = store.conn.execute("SELECT input_path, output_path FROM v_lineage").fetchall()
        assert lineage == [("in/a", "out/a")] * 2
        members = store.conn.execute("SELECT child FROM chain_member WHERE chain = 'main'").fetchall()
        assert len(members) == 2
        for kind, subject in store.conn.execute("SELECT kind, subject FROM record").fetchall():
            if kind in ("run", "execution", "dataset"):
                prove(store, kind, subject)


def id_of(folder):
    """The id of the store in a folder."""
    with opened(folder) as store:
        return facts.store_row(store.conn)["id"]


def test_each_record_keeps_its_origin(tmp_path):
    """What was recorded elsewhere says so for ever, also after a merge of a merge."""
    folders = [made(tmp_path / name) for name in "abc"]
    for folder in folders:
        run(folder)
    merge(folders[1], folders[0])
    merge(folders[2], folders[1])
    with opened(folders[2]) as store:
        origins = store.conn.execute("SELECT DISTINCT origin FROM record").fetchall()
    ids = [id_of(folder) for folder in folders]

    assert sorted(origin for (origin,) in origins) == sorted(ids)
    claim_sound(folders[2])


def test_nothing_new_writes_nothing(tmp_path):
    """A merge that finds nothing leaves the file as it is, to the byte."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(theirs)
    merge(ours, theirs)
    before = (ours / "store.db").read_bytes()

    assert not merge(ours, theirs).is_anything
    assert (ours / "store.db").read_bytes() == before


def test_the_other_file_is_not_touched(tmp_path):
    """Neither its bytes nor its times; nothing is left beside it."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(theirs)
    before = (theirs / "store.db").read_bytes(), (theirs / "store.db").stat().st_mtime_ns
    merge(ours, theirs)

    assert ((theirs / "store.db").read_bytes(), (theirs / "store.db").stat().st_mtime_ns) == before
    assert [path.name for path in theirs.iterdir()] == ["store.db"]


def test_big_objects_come_along(tmp_path):
    """Files beside the other store are copied and digested; those that are not there, or damaged, are counted."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    contents = [b"%d" % number * INSIDE * 2 for number in range(3)]
    for content in contents:
        run(theirs, content)
    paths = [theirs / "objects" / digest_bytes(content)[7:9] / digest_bytes(content)[9:] for content in contents]
    paths[1].unlink()
    paths[2].chmod(0o644)
    paths[2].write_bytes(contents[0])
    taken = merge(ours, theirs)
    with opened(ours) as store:
        kept = [store.objects.has(digest_bytes(content)) for content in contents]

    assert (kept, taken.missing) == ([True, False, False], 2)
    claim_sound(ours)


def test_a_log_that_did_not_come_along_is_no_damage(tmp_path):
    """The facts came in without some of their bytes, which the merge has said."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    log = b"long" * INSIDE
    with opened(theirs) as store:
        store.objects.keep_bytes(digest_bytes(log), log)
        ledger = store.ledger()
        ledger.write({}, {})
    run(theirs, log=digest_bytes(log), log_size=len(log))
    shutil.rmtree(theirs / "objects")

    assert merge(ours, theirs).missing == 1
    claim_sound(ours)


def test_an_unfinished_run_of_the_other_is_left_to_it(tmp_path):
    """It goes on there: its end comes with the next merge, and is not made up here."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    with opened(theirs) as store:
        ledger, begun = store.ledger(), run_row()
        store.objects.keep_bytes(digest_bytes(b"x"), b"x")
        ledger.add_run(begun, {"Pipelinefile.toml": digest_bytes(b"x")})
        ledger.write({}, {})
    merge(ours, theirs)
    with opened(ours) as store:
        assert store.ask(records.last_run_without_end) is None
    with opened(theirs) as store:
        assert store.ask(records.last_run_without_end) == begun["id"]
        ledger = store.ledger()
        ledger.add("run_end", {"run": begun["id"], "ended": NOW, "outcome": "succeeded", "summary": "{}"})
        ledger.write({}, {})

    assert merge(ours, theirs).facts == {"run_end": 1}


def test_what_both_ended_is_left_as_it_is_here(tmp_path):
    """Two copies may each have ended one run; each keeps what it said, and knows the other's chain all the same."""
    ours = made(tmp_path / "a")
    begun = run_row()
    with opened(ours) as store:
        store.objects.keep_bytes(digest_bytes(b"x"), b"x")
        ledger = store.ledger()
        ledger.add_run(begun, {"Pipelinefile.toml": digest_bytes(b"x")})
        ledger.write({}, {})
    theirs = Path(shutil.copytree(ours, tmp_path / "b"))
    for folder, outcome in ((ours, "interrupted"), (theirs, "succeeded")):
        with opened(folder) as store:
            ledger = store.ledger()
            ledger.add("run_end", {"run": begun["id"], "ended": NOW, "outcome": outcome, "summary": "{}"})
            ledger.write({}, {})
    run(theirs)
    taken = merge(ours, theirs)

    assert taken.kept == [("run_end", begun["id"])]
    with opened(ours) as store:
        assert store.ask(records.run, begun["id"])["outcome"] == "interrupted"
    claim_sound(ours)


# --- what must not come in ----------------------------------------------------------------------------------


DAMAGE = {
    "a changed fact": "UPDATE execution SET command = 'rm -rf /'",
    "a fact without record": f"INSERT INTO collection VALUES ('c', 'RUN', '{NOW}', '')",
    "a changed chain": "UPDATE record SET chain = 'blake3:0' WHERE position = 2",
    "a changed store": "UPDATE store SET id = 'me'",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_store_is_refused_as_a_whole(tmp_path, damage):
    """The message names the other file; ours is as it was."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(theirs)
    with closing(sqlite3.connect(theirs / "store.db")) as conn, conn:
        conn.execute(DAMAGE[damage])
    before = (ours / "store.db").read_bytes()
    with pytest.raises(StoreDamagedError, match=str(theirs / "store.db")):
        merge(ours, theirs)

    assert (ours / "store.db").read_bytes() == before


def test_two_stores_that_contradict_each_other_are_not_merged(tmp_path):
    """One dataset can't be made by two executions: somebody forged one of the two in good order."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(ours)
    with opened(ours) as store:
        (dataset,) = store.conn.execute("SELECT id FROM dataset WHERE execution IS NOT NULL").fetchone()
    with opened(theirs) as store:
        ledger = store.ledger()
        ledger.add_run(run_row(), {})
        ledger.add_dataset(dataset_row(id=dataset))
        ledger.write({}, {})
    before = known(ours)
    with pytest.raises(StoreError, match=f"not merged: dataset {dataset}"):
        merge(ours, theirs)

    assert known(ours) == before
    claim_sound(ours)


def test_objects_of_forged_bytes_do_not_come_in(tmp_path):
    """An object is taken only when its bytes are those of its digest; the facts come in without it."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(theirs, b"true")
    with closing(sqlite3.connect(theirs / "store.db")) as conn, conn:
        conn.execute("UPDATE object SET content = X'66616b65' WHERE digest = ?", (digest_bytes(b"true"),))
    taken = merge(ours, theirs)

    assert taken.missing == 1
    with opened(ours) as store:
        assert not store.objects.has(digest_bytes(b"true"))
    claim_sound(ours)


def test_a_merge_is_whole_or_not_at_all(tmp_path, monkeypatch):
    """What goes wrong at the end undoes all of it."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(theirs)
    before = known(ours)

    monkeypatch.setattr(facts, "KEEP_OBJECT", "INSERT INTO nowhere VALUES (?, ?, ?)")
    with pytest.raises(StoreError):
        merge(ours, theirs)

    assert known(ours) == before


def test_a_recovered_store_can_be_merged(tmp_path):
    """What it lost is said to be lost in the union, too, and is no damage; what this one still has is back."""
    ours = made(tmp_path / "a")
    run(ours)
    theirs = Path(shutil.copytree(ours, tmp_path / "b"))
    with opened(theirs) as store:
        store.ledger()
        lost = {"id": new_id(), "recovered": NOW, "source": "s", "source_digest": "", "kept": 0, "unproved": 0}
        with transaction(store.conn):
            facts.Chain(store.conn).add("recovery", {**lost, "lost": '[["dataset","gone","blake3:0"]]'})
            facts.Chain(store.conn).add("dataset", dataset_row(replaces=None, path="later"))
    taken = merge(ours, theirs)

    assert taken.facts == {"recovery": 1, "dataset": 1}
    claim_sound(ours)


@pytest.mark.parametrize("schema", [1, 2, 3])
def test_an_older_store_is_brought_up_to_date_in_a_copy(tmp_path, monkeypatch, schema):
    """Its facts come in; the file stays of its schema, and nothing lies beside it."""
    ours, theirs = made(tmp_path / "a"), tmp_path / "b"
    theirs.mkdir()
    store_of_schema(schema, theirs, monkeypatch)
    before = (theirs / "store.db").read_bytes()
    merge(ours, theirs)

    assert (theirs / "store.db").read_bytes() == before
    assert {path.name for path in theirs.iterdir()} == {"store.db", "objects"}
    claim_sound(ours)


# --- what is left of a union that was damaged -------------------------------------------------------------


def recovered(folder, scratch):
    """The store that `recover` would make of a damaged one; how that went."""
    scratch.mkdir()
    source = salvage.Source(str(folder / "store.db"), "store.db.damaged", "", str(folder / "objects"))
    return salvage.build(source, str(scratch / "store.db"), 1_800_000_100.0)


def test_a_union_that_is_recovered_whole_still_proves_the_other_chain(tmp_path):
    """Records keep their places and their origins."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(ours)
    run(theirs)
    merge(ours, theirs)
    before = origins(ours)
    assert recovered(ours, tmp_path / "c").is_complete
    claim_sound(tmp_path / "c")

    assert origins(tmp_path / "c")[: len(before)] == before


def origins(folder):
    with opened(folder) as store:
        return store.conn.execute("SELECT kind, subject, origin FROM record ORDER BY position").fetchall()


def test_what_a_recovery_lost_comes_back_from_the_other_store(tmp_path):
    """A fact of the other store is damaged here: recovering names it, the next merge brings it again."""
    ours, theirs = made(tmp_path / "a"), made(tmp_path / "b")
    run(ours)
    run(theirs)
    merge(ours, theirs)
    everything = known(ours)
    with closing(sqlite3.connect(ours / "store.db")) as conn, conn:
        conn.execute("UPDATE execution SET command = 'x' WHERE rowid = 2")
    assert [entry[0] for entry in recovered(ours, tmp_path / "c").lost] == ["execution"]
    claim_sound(tmp_path / "c")
    merge(tmp_path / "c", theirs)

    assert {entry for entry in known(tmp_path / "c") if entry[0] != "recovery"} == everything
    claim_sound(tmp_path / "c")
