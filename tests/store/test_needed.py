"""Which objects are needed: the SQL says the same as a model in plain Python, over random histories.

The model reads nothing of the store: it is told what happened, and applies the rules one dataset at a time.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.store import migrate, needed
from provstore.store.needed import Keep
from provstore.store.shrink import SHRINKABLE, shrink

from .rows import dataset_row, execution_row, run_row

RUNS = ("sources", "r1", "r2", "r3", "r4")
CHAINS = ("main", "all", "other")
TAGGED, CALIBRATION = ("best", "good"), ("calib",)
DIGESTS = tuple(f"blake3:{letter}" for letter in "abcdefghij")
PATHS = ("p", "q", "r")
TIMES = tuple(f"2026-11-0{day}T00:00:00.000000Z" for day in range(1, 6))
INSERT_DATASET = (
    "INSERT INTO dataset VALUES (:id, :type, :data_id, :run, :path, :kind, :executable, :size, :digest, "
    ":semantic_digest, :format, :created, :execution, :role, :name, :version, :owner, :owner_type, :description, "
    ":location, :url, :contact, :overwritable, :iteration, :replaces, :metadata)"
)


class Dataset(NamedTuple):
    run: str
    type: str
    path: str
    role: str
    digest: str
    created: str
    execution: str | None


class History(NamedTuple):
    """What happened; datasets and executions are numbers."""

    datasets: list[Dataset]
    deleted: dict[int, int]
    chains: list[tuple[str, str, int, bool]]
    tags: list[tuple[str, int, bool]]
    logs: list[str]
    lying: dict[str, str | None]
    executions: set[str]
    keep: Keep
    objects: set[str]


datasets = st.builds(
    Dataset,
    st.sampled_from(RUNS),
    st.sampled_from(["image", "file"]),
    st.sampled_from(PATHS),
    st.sampled_from(["", "o"]),
    st.sampled_from(DIGESTS),
    st.sampled_from(TIMES),
    st.sampled_from([None, "e0", "e1"]),
)


@st.composite
def histories(draw: Any) -> History:
    """Random runs, deletions, chains in chains, tags, removals of both, a workspace and wishes."""
    made = draw(st.lists(datasets, max_size=14))
    some = st.integers(0, len(made) - 1) if made else st.nothing()
    later = {chain: (*RUNS, *TAGGED, *CALIBRATION, *CHAINS[number + 1 :]) for number, chain in enumerate(CHAINS)}
    members = []
    for chain in CHAINS:
        children = draw(st.lists(st.sampled_from(later[chain]), unique=True, max_size=6))
        members += [(chain, child, draw(st.integers(-9, 9)), draw(st.booleans())) for child in children]
    return History(
        made,
        draw(st.dictionaries(some, st.integers(0, 1), max_size=3)) if made else {},
        members,
        draw(st.lists(st.tuples(st.sampled_from(TAGGED + CALIBRATION), some, st.booleans()), max_size=5))
        if made
        else [],
        draw(st.lists(st.sampled_from(DIGESTS), max_size=2)),
        draw(st.dictionaries(st.sampled_from(PATHS), st.sampled_from((None, *DIGESTS)), max_size=3)),
        draw(st.sets(st.sampled_from(["e0", "e1"]))),
        Keep(draw(st.sampled_from((None, *TIMES))), draw(st.integers(0, 3))),
        draw(st.sets(st.sampled_from(DIGESTS))),
    )


# --- the model --------------------------------------------------------------------------------------------


def searched(history: History, chain: str) -> list[str]:
    """What a search along a chain looks into, in order; of two children at one position, the later one first."""
    members = sorted((position, -number, child)
                     for number, (name, child, position, removed) in enumerate(history.chains)
                     if name == chain and not removed)  # fmt: skip
    found: list[str] = []
    for _, _, child in members:
        is_chain = any(name == child and not removed for name, _, _, removed in history.chains)
        found += searched(history, child) if is_chain else [child]
    return list(dict.fromkeys(found))


def members_of(history: History, collection: str) -> list[Dataset]:
    """What a search finds in one collection; a CALIBRATION collection needs a time to be searched for."""
    if collection in TAGGED:
        numbers = [dataset for name, dataset, removed in history.tags if name == collection and not removed]
    else:
        numbers = [number for number, dataset in enumerate(history.datasets) if dataset.run == collection]
    return [history.datasets[number] for number in numbers if number not in history.deleted]


def model(history: History) -> dict[str, set[str]]:
    """Digests that are needed, by what needs them."""
    alive = [dataset for number, dataset in enumerate(history.datasets) if number not in history.deleted]
    collections = {history.datasets[number].digest for number, kept in history.deleted.items() if kept}
    chained = {child for _, child, _, removed in history.chains if not removed}
    collections |= {dataset.digest for dataset in alive if dataset.run == "sources" or dataset.run not in chained}
    for chain in {name for name, *_, removed in history.chains if not removed}:
        seen: set[tuple[str, ...]] = set()
        for collection in searched(history, chain):
            here = members_of(history, collection)
            collections |= {entry.digest for entry in here if (entry.type, entry.path, entry.role) not in seen}
            seen |= {(entry.type, entry.path, entry.role) for entry in here}
    keep = {entry.digest for entry in history.datasets if history.keep.since and entry.created >= history.keep.since}
    for path in PATHS:
        versions = [entry.digest for entry in history.datasets[::-1] if entry.path == path]
        keep |= set(list(dict.fromkeys(versions))[: history.keep.versions])
    lying = {entry.digest for entry in history.datasets
             if entry.path in history.lying and history.lying[entry.path] in (None, entry.digest)}  # fmt: skip
    return {
        "workspace": lying | {entry.digest for entry in history.datasets if entry.execution in history.executions},
        "tags": {history.datasets[dataset].digest for _, dataset, removed in history.tags if not removed},
        "collections": collections,
        "keep": keep,
        "history": set(history.logs),
    }


# --- the store --------------------------------------------------------------------------------------------


def store_of(history: History) -> sqlite3.Connection:
    """A store in memory in which all of it is recorded."""
    conn = sqlite3.connect(":memory:", isolation_level=None)
    for sql in migrate.migrations().values():
        conn.executescript(sql)
    kinds = {"RUN": RUNS, "CHAINED": CHAINS, "TAGGED": TAGGED, "CALIBRATION": CALIBRATION}
    names = [(name, kind, "", "") for kind, several in kinds.items() for name in several]
    conn.executemany("INSERT INTO collection VALUES (?, ?, ?, ?)", names)
    run = run_row()
    columns = ", ".join(f":{name}" for name in run)
    conn.execute(f"INSERT INTO run ({', '.join(run)}) VALUES ({columns})", run)
    logs: list[str | None] = [*history.logs, None, None]
    for number, log in enumerate(logs):
        row = execution_row(run["id"], id=f"e{number}", log=log)
        conn.execute(f"INSERT INTO execution VALUES ({', '.join(f':{name}' for name in row)})", row)
    for number, entry in enumerate(history.datasets):
        conn.execute(INSERT_DATASET, dataset_row(id=f"d{number}", **entry._asdict()))
    conn.executemany("INSERT INTO dataset_deletion VALUES (?, '', 'u', ?)",
                     [(f"d{number}", kept) for number, kept in history.deleted.items()])  # fmt: skip
    for number, (chain, child, position, removed) in enumerate(history.chains):
        member = f"m{number:02}"  # sorts by time, as ids do
        conn.execute("INSERT INTO chain_member VALUES (?, ?, ?, ?, '')", (member, chain, child, position))
        conn.execute("INSERT INTO chain_removal SELECT ?, '' WHERE ?", (member, removed))
    for number, (collection, dataset, removed) in enumerate(history.tags):
        conn.execute("INSERT INTO tag VALUES (?, ?, ?, NULL, NULL, '')", (f"t{number}", collection, f"d{dataset}"))
        conn.execute("INSERT INTO tag_removal SELECT ?, '' WHERE ?", (f"t{number}", removed))
    conn.executemany("INSERT INTO object VALUES (?, 1, x'00')", [(digest,) for digest in history.objects])
    return conn


def judged(conn: sqlite3.Connection, history: History) -> None:
    needed.judge(conn, list(history.lying.items()), history.executions, history.keep)


@settings(max_examples=100, deadline=None)
@given(histories())
def test_the_sql_needs_what_the_model_needs(history: History) -> None:
    """By each reason, whatever was recorded; and just what nothing needs is freed."""
    wanted = model(history)
    with closing(store_of(history)) as conn:
        judged(conn, history)
        found = {why: {row[0] for row in conn.execute("SELECT digest FROM need WHERE why = ?", (why,))}
                 for why in wanted}  # fmt: skip
        assert found == wanted

        needed.settle(conn)
        of_all = set().union(*wanted.values())
        freed = needed.freed(conn)
        assert {entry.digest for entry in freed} == history.objects - of_all
        amount, by = needed.kept_amount(conn)
        assert amount.objects == len(history.objects & of_all)
        assert {why: part.objects for why, part in by.items()} == {
            why: len(digests & history.objects) for why, digests in wanted.items() if digests & history.objects
        }
        facts = conn.execute("SELECT * FROM dataset").fetchall()
        needed.free(conn)
        left = {row[0] for row in conn.execute("SELECT digest FROM object")}
        assert left == history.objects & of_all
        assert conn.execute("SELECT * FROM dataset").fetchall() == facts


@settings(max_examples=40, deadline=None)
@given(histories())
def test_freeing_again_frees_nothing(history: History) -> None:
    """What is needed does not depend on what is kept."""
    with closing(store_of(history)) as conn:
        for attempt in range(2):
            judged(conn, history)
            needed.settle(conn)
            assert attempt == 0 or needed.freed_amount(conn)[0].objects == 0
            needed.free(conn)


@settings(max_examples=40, deadline=None)
@given(histories(), st.sampled_from(DIGESTS))
def test_what_is_freed_is_named(history: History, digest: str) -> None:
    """By the dataset that was recorded last with these bytes; the sums are those of the list."""
    with closing(store_of(history)) as conn:
        judged(conn, history)
        needed.settle(conn)
        last = {entry.digest: f"d{number}" for number, entry in enumerate(history.datasets)}
        freed = needed.freed(conn)
        assert all(entry.dataset == last.get(entry.digest) for entry in freed)
        amount, datasets = needed.freed_amount(conn)
        versions = needed.freed_versions(conn, 100)
        assert amount == (len(freed), sum(entry.size for entry in freed))
        assert (sum(entry.objects for entry in versions), len(versions)) == (len(freed), datasets)


def test_chains_that_hold_each_other_are_searched_to_their_end() -> None:
    """No store should hold such; one that does is no endless search, and loses nothing by it."""
    members = [("main", "all", 0, False), ("all", "main", 0, False), ("all", "r1", 1, False)]
    one = Dataset("r1", "file", "p", "", "blake3:a", TIMES[0], None)
    history = History([one], {}, members, [], [], {}, set(), Keep(), {"blake3:a"})
    with closing(store_of(history)) as conn:
        judged(conn, history)
        assert conn.execute("SELECT digest, why FROM need").fetchall() == [("blake3:a", "collections")]


def test_a_recovery_that_lost_facts_leaves_what_no_dataset_refers_to() -> None:
    """It may belong to what was lost: rows of objects and files of them; what a dataset names is judged as ever."""
    old, new = (Dataset(run, "file", "p", "", f"blake3:{run}", TIMES[0], None) for run in ("r1", "r2"))
    members = [("main", "r2", 0, False), ("main", "r1", 1, False)]
    history = History([old, new], {}, members, [], [], {}, set(), Keep(), {"blake3:r1", "blake3:r2", "blake3:x"})
    for lost, kept in (("[]", {"blake3:r2"}), ('[["dataset","d9","blake3:z"]]', {"blake3:r2", "blake3:x"})):
        with closing(store_of(history)) as conn:
            conn.execute("INSERT INTO recovery VALUES ('c', '', '', '', 1, 0, ?)", (lost,))
            judged(conn, history)
            needed.settle(conn)
            needed.free(conn)
            assert {row[0] for row in conn.execute("SELECT digest FROM object")} == kept
            assert needed.is_accounted_for(conn, "blake3:y") == (len(kept) == 2)
            assert not needed.is_accounted_for(conn, "blake3:r1")


# --- the file gets smaller --------------------------------------------------------------------------------


def rows_in_order(conn: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return conn.execute("SELECT rowid, id FROM dataset ORDER BY rowid").fetchall()


@pytest.mark.parametrize("bytes_each", [1_500, 20_000])
def test_a_smaller_file_has_its_rows_in_the_same_order_under_the_same_numbers(tmp_path: Path, bytes_each: int) -> None:
    """ "Last" is a row's number: it must be the same before and after, gaps included."""
    path = tmp_path / "store.db"
    migrate.create(str(path), 1_800_000_000.0, "s")
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        conn.execute("BEGIN")
        conn.execute("INSERT INTO collection VALUES ('r1', 'RUN', '', '')")
        for number in range(1000 if bytes_each == 1_500 else 200):
            conn.execute("INSERT INTO object VALUES (?, ?, zeroblob(?))", (str(number), bytes_each, bytes_each))
            conn.execute(INSERT_DATASET, dataset_row(run="r1", path=f"{number}"))
        conn.execute("DELETE FROM dataset WHERE rowid % 7 = 3")
        conn.execute("COMMIT")
        before, size = rows_in_order(conn), path.stat().st_size
        conn.execute("DELETE FROM object")

        shrunk = shrink(conn)
        assert shrunk == size - path.stat().st_size > 0
        assert rows_in_order(conn) == before
        assert conn.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_file_that_is_nearly_full_is_left_alone(tmp_path: Path) -> None:
    """Less than a quarter free: what is recorded next goes there. So is one that was not made for it."""
    for made_for_it, rows in ((True, 10), (False, 100)):
        path = tmp_path / f"{made_for_it}.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            if made_for_it:
                conn.execute(SHRINKABLE)
            conn.execute("CREATE TABLE t (x BLOB)")
            conn.execute("BEGIN")
            conn.executemany("INSERT INTO t VALUES (zeroblob(4000))", [()] * 100)
            conn.execute("COMMIT")
            conn.execute("DELETE FROM t WHERE rowid <= ?", (rows,))
            size = path.stat().st_size
            assert shrink(conn) == 0
            assert path.stat().st_size == size
