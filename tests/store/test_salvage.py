"""What is whole in a damaged store is in the new one, equal and in order; what is not whole is not."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from functools import cache

import pytest

from provstore.digest import digest_bytes
from provstore.store import migrate, salvage
from provstore.store.fsck import problems
from provstore.store.pages import Pages
from provstore.store.store import Store

from . import chain
from .rows import NOW, add_execution, run_row

NUMBER = 40
LATER = 1_800_000_100.0
FACTS = ("run", "run_code", "run_end", "execution", "dataset", "collection", "chain_member")


PIPELINEFILE = digest_bytes(b"# a Pipelinefile")


@pytest.fixture(scope="module")
def effort(request):
    """How many times as much damage as usual."""
    return int(request.config.getoption("--faults"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a store with runs, long and short facts, and objects in the table and in files."""
    folder = tmp_path_factory.mktemp("salvage") / ".provstore"
    folder.mkdir()
    path = str(folder / "store.db")
    migrate.create(path, 1_800_000_000.0, "s")
    noise = random.Random(0)
    with Store(path) as store:
        ledger = store.ledger()
        for number in range(4):
            run = f"0199{number:04d}-0000-7000-8000-{number:012d}"
            store.objects.keep_bytes(PIPELINEFILE, b"# a Pipelinefile")
            ledger.add_run(run_row(id=run), {"Pipelinefile.toml": PIPELINEFILE})
            ledger.add_collection("main/1", "main", NOW)
            for content in (f"text {number}".encode() * 400, noise.randbytes(40_000), noise.randbytes(20_000)):
                store.objects.keep_bytes(digest_bytes(content), content)
            for task in range(NUMBER // 4):
                name = f"{number}-{task}"
                command = "é" * noise.choice((3, 30, 300, 6000))
                kind = {"outcome": "failed", "exit_status": 1} if task == 3 else {}
                makes = [] if kind else [(f"out/{name}", name.encode())]
                outputs = f'[["o","out/{name}",""]]'
                reads = [(f"in/{name}", b"i"), ("in/all", b"a")]
                add_execution(
                    ledger, run, reads=reads, makes=makes, outputs=outputs, command=command, key=f"k{name}", **kind
                )
                ledger.write({}, {})
            ledger.add("run_end", {"run": run, "ended": NOW, "outcome": "failed", "summary": "{}"})
        ledger.write({}, {})
    return folder


@cache
def known(path):
    """The facts of a store that does not change, and where they lie."""
    return facts_of(path), where(path)


def facts_of(path):
    """(kind, subject) → canonical JSON of every recorded fact, in order; read without provstore."""
    with closing(chain.opened(path)) as conn:
        return {
            (kind, subject): chain.content(conn, kind, subject)
            for kind, subject in conn.execute("SELECT kind, subject FROM record ORDER BY position").fetchall()
        }


def salvaged(folder, tmp_path, data, objects=True):
    """The new store made from damaged bytes, and what was said of it. It passes `fsck`, and its chain holds."""
    place = tmp_path / ".provstore"
    place.mkdir(exist_ok=True)
    (place / "damaged").write_bytes(data)
    kept = str(folder / "objects") if objects else str(place / "none")
    for old in ("store.db", "objects"):
        if os.path.lexists(place / old):
            os.unlink(place / old)
    os.symlink(kept, place / "objects")
    source = salvage.Source(str(place / "damaged"), "store.db.damaged-1", "blake3:" + "0" * 64, kept)
    said = salvage.build(source, str(place / "store.db"), LATER)
    with Store(str(place / "store.db")) as store:
        assert list(problems(store, objects=True)) == []
    with closing(chain.opened(place / "store.db")) as conn:
        assert chain.broken(conn) == []
        assert chain.unrecorded(conn) == set()
    return place / "store.db", said


def where(path):
    """(kind, subject) → the pages that hold a fact and its record; overflow pages count for all."""
    rows: dict[str, list[tuple[int, tuple]]] = {}
    with open(path, "rb") as file:
        pages = Pages(file.fileno())
        for number in range(2, pages.number + 1):
            for cell in pages.page(number).cells:
                for value in cell.values:
                    if isinstance(value, str) and 0 < len(value) < 60:
                        rows.setdefault(value, []).append((number, cell.values))
        overflow = {n for n in range(1, pages.number + 1) if pages._overflow[n // 8] & 1 << n % 8}
    return {name: {number for number, _ in found} | overflow for name, found in rows.items()}


def claim_law(folder, tmp_path, data, touched):
    """Facts of untouched pages are there, equal and in their order; nothing is there that was not."""
    before, pages = known(folder / "store.db")
    path, said = salvaged(folder, tmp_path, data)
    after = {name: text for name, text in facts_of(path).items() if name[0] != "recovery"}

    assert {name: before.get(name) for name in after} == after
    safe = {(kind, subject) for kind, subject in before if not pages[subject] & touched}
    assert safe <= set(after)
    assert sum(said.kept.values()) == len(after)
    lost = {(kind, subject) for kind, subject, _ in said.lost}
    assert not lost & set(after)
    if said.is_complete and not said.unproved:
        assert list(after) == list(before)
    return after, said


def test_a_sound_store_is_taken_over_whole(folder, tmp_path):
    """All facts in their order with the same digests, all objects; the store keeps its id."""
    before = facts_of(folder / "store.db")
    path, said = salvaged(folder, tmp_path, (folder / "store.db").read_bytes())
    with closing(chain.opened(folder / "store.db")) as old, closing(chain.opened(path)) as new:
        same = "SELECT position, origin, kind, subject, digest FROM record WHERE kind <> 'recovery' ORDER BY position"
        objects = "SELECT digest, size, content FROM object ORDER BY digest"
        assert list(old.execute(same)) == list(new.execute(same))
        assert list(old.execute(objects)) == list(new.execute(objects))
        assert list(old.execute("SELECT id FROM store")) == list(new.execute("SELECT id FROM store"))
    after = facts_of(path)

    assert list(after)[:-1] == list(before)
    assert said.is_complete
    assert not said.unproved


def test_noise_loses_only_what_it_hits(folder, tmp_path, effort):
    """4 KiB at random places, several at once."""
    good = (folder / "store.db").read_bytes()
    noise = random.Random(2)
    for _ in range(6 * effort):
        data, touched = bytearray(good), set()
        for _ in range(noise.randrange(1, 6)):
            place = noise.randrange(len(good) - 4096)
            data[place : place + 4096] = noise.randbytes(4096)
            touched |= {place // 4096 + 1, place // 4096 + 2}
        claim_law(folder, tmp_path, bytes(data), touched)


def test_a_flipped_bit_loses_at_most_one_fact(folder, tmp_path, effort):
    """Wherever it is: in a header, a pointer, a record, a value."""
    good = (folder / "store.db").read_bytes()
    number = len(facts_of(folder / "store.db"))
    noise = random.Random(3)
    for _ in range(12 * effort):
        place = noise.randrange(len(good))
        data = bytearray(good)
        data[place] ^= 1 << noise.randrange(8)
        after, said = claim_law(folder, tmp_path, bytes(data), {place // 4096 + 1})

        assert len(after) >= number - 1
        assert len(after) == number or not said.is_complete


def test_a_cut_file_keeps_what_is_left(folder, tmp_path, effort):
    """Cut at any multiple of 512 bytes."""
    good = (folder / "store.db").read_bytes()
    noise = random.Random(4)
    for _ in range(6 * effort):
        end = noise.randrange(1, len(good) // 512) * 512
        _, said = claim_law(folder, tmp_path, good[:end], set(range(end // 4096 + 1, len(good) // 4096 + 1)))

        assert not said.is_complete


def test_the_first_page_is_not_needed(folder, tmp_path):
    """Nothing is lost with it."""
    good = (folder / "store.db").read_bytes()
    after, said = claim_law(folder, tmp_path, os.urandom(4096) + good[4096:], {1})

    assert said.is_complete
    assert list(after) == list(facts_of(folder / "store.db"))


def test_inner_pages_are_not_needed(folder, tmp_path):
    """All of those that lead to others are overwritten at once."""
    data = bytearray((folder / "store.db").read_bytes())
    inner = [place for place in range(4096, len(data), 4096) if data[place] == 5]
    for place in inner:
        data[place : place + 4096] = os.urandom(4096)
    after, said = claim_law(folder, tmp_path, bytes(data), {place // 4096 + 1 for place in inner})

    assert inner
    assert said.is_complete
    assert list(after) == list(facts_of(folder / "store.db"))


def pages_of(folder, *tables):
    with closing(chain.opened(folder / "store.db")) as conn:
        try:
            wanted = [conn.execute("SELECT pageno FROM dbstat WHERE name = ?", (table,)).fetchall() for table in tables]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite has no table dbstat")
    return [number for rows in wanted for (number,) in rows]


def overwritten(folder, pages):
    data = bytearray((folder / "store.db").read_bytes())
    for number in pages:
        data[(number - 1) * 4096 : number * 4096] = os.urandom(4096)
    return bytes(data)


def test_facts_without_any_record_are_kept_as_unproved(folder, tmp_path):
    """All records are gone: nothing proves the facts, but none of them is lost, and they are in their order."""
    before = facts_of(folder / "store.db")
    touched = pages_of(folder, "record")
    path, said = salvaged(folder, tmp_path, overwritten(folder, touched))
    after = {name: text for name, text in facts_of(path).items() if name[0] != "recovery"}

    assert after == before
    assert sum(said.unproved.values()) == len(before)
    for kind in FACTS:
        assert [name for name in after if name[0] == kind] == [name for name in before if name[0] == kind]


def test_facts_without_their_record_come_where_they_were(folder, tmp_path):
    """Some records are gone: what was recorded later still comes later, so that the last success is the last."""
    before = facts_of(folder / "store.db")
    touched = pages_of(folder, "record")[1:2]
    path, said = salvaged(folder, tmp_path, overwritten(folder, touched))
    after = [name for name in facts_of(path) if name[0] == "execution"]

    assert sum(said.unproved.values()) > 0
    assert after == [name for name in before if name[0] == "execution"]


def test_usage_is_read_from_its_index(folder, tmp_path):
    """The table's pages are gone, and nothing is lost: the index holds it all once more, and digests prove it."""
    after, said = claim_law(folder, tmp_path, overwritten(folder, pages_of(folder, "usage")), {1})

    assert said.is_complete
    assert after == facts_of(folder / "store.db")


def test_a_fact_that_was_changed_is_lost_and_named(folder, tmp_path):
    """By somebody with `sqlite3`, in a file that is whole."""
    (tmp_path / "changed.db").write_bytes((folder / "store.db").read_bytes())
    with closing(sqlite3.connect(tmp_path / "changed.db")) as conn:
        (dataset,) = conn.execute("SELECT id FROM dataset WHERE path = 'in/all'").fetchone()
        (made,) = conn.execute("SELECT execution FROM dataset WHERE path = 'out/1-1'").fetchone()
        conn.execute("UPDATE dataset SET size = size + 1 WHERE id = ?", (dataset,))
        conn.execute("UPDATE dataset SET path = 'out/other' WHERE execution = ?", (made,))
        conn.commit()
    path, said = salvaged(folder, tmp_path, (tmp_path / "changed.db").read_bytes())
    with closing(chain.opened(path)) as conn:
        (kept, unproved, lost) = conn.execute("SELECT kept, unproved, lost FROM recovery").fetchone()

    assert {(kind, subject) for kind, subject, _ in said.lost} == {("dataset", dataset), ("execution", made)}
    assert json.loads(lost) == [list(entry) for entry in said.lost]
    assert (kept, unproved) == (len(facts_of(folder / "store.db")) - 2, 0)


@pytest.mark.parametrize("column", ["digest", "chain", "subject", "kind", "origin"])
def test_a_damaged_record_does_not_lose_its_fact(folder, tmp_path, column):
    """The fact's own digest, or the chain, says that it is whole."""
    (tmp_path / "changed.db").write_bytes((folder / "store.db").read_bytes())
    with closing(sqlite3.connect(tmp_path / "changed.db")) as conn:
        conn.execute(f"UPDATE record SET {column} = {column} || 'x' WHERE position = 20")
        conn.commit()
    before = facts_of(folder / "store.db")
    path, said = salvaged(folder, tmp_path, (tmp_path / "changed.db").read_bytes())
    after = facts_of(path)

    assert list(after)[:-1] == list(before)
    assert said.is_complete
    assert not said.unproved


def test_a_recovered_store_can_be_recovered(folder, tmp_path):
    """What the first recovery noted is kept by the second."""
    path, _ = salvaged(folder, tmp_path, overwritten(folder, pages_of(folder, "record")[1:2]))
    first = facts_of(path)
    path, said = salvaged(folder, tmp_path, os.urandom(4096) + path.read_bytes()[4096:])

    assert list(facts_of(path))[:-1] == list(first)
    assert said.is_complete


@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(20_000), bytes(range(256)) * 100])
def test_of_what_is_no_store_nothing_is_taken(folder, tmp_path, content):
    """But a new store is made, and what lies in files of objects is known to it."""
    path, said = salvaged(folder, tmp_path, content)

    assert [kind for kind, _ in facts_of(path)] == ["recovery"]
    assert not said.is_complete
    assert said.objects == 4


def test_of_another_programs_database_nothing_is_taken(folder, tmp_path):
    """Though its rows may have as many columns of the same types."""
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn:
        for number, columns in enumerate(("a, b, c", "a, b, c, d", "a, b, c, d, e", "a, b, c, d, e, f")):
            conn.execute(f"CREATE TABLE t{number} ({columns})")
            marks = ", ".join("?" * len(columns.split(", ")))
            conn.executemany(f"INSERT INTO t{number} VALUES ({marks})", [["word"] * len(columns.split(", "))] * 50)
        conn.commit()
    path, said = salvaged(folder, tmp_path, (tmp_path / "other.db").read_bytes())

    assert [kind for kind, _ in facts_of(path)] == ["recovery"]
    assert not said.is_complete
