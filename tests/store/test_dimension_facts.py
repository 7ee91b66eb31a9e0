"""Dimensions, their records and dataset types in stores that are damaged, recovered and merged."""

from __future__ import annotations

import os
import random
from contextlib import closing

import pytest

from provstore.store import facts, migrate, salvage
from provstore.store.connection import transaction
from provstore.store.fsck import problems
from provstore.store.store import Store

from . import chain
from .rows import NOW
from .test_unite import made, merge, opened

NUMBER = 120
"""Records: more than one node of the R*Tree holds."""
EARLIER = "2020-01-01T00:00:00.000000Z"


def definition(name="visit", **changes):
    return {"id": f"id-{name}", "name": name, "definition": '{"type":"int"}', "registered": NOW, **changes}


def record(visit, **changes):
    low = visit / 1000
    box = f"[{low},{low + 0.001},0.25,0.5,-0.5,-0.25]"
    row = {"dimension": "visit", "key": f'{{"visit":{visit}}}', "value": visit, "record": '{"band":"i"}',
           "time_begin": NOW, "time_end": None, "region": f"POINT({visit}, 0)", "box": box,
           "inserted": NOW}  # fmt: skip
    return {**row, **changes}


def dataset_type(name, **changes):
    row = {
        "name": name,
        "dimensions": '["visit"]',
        "format": "json",
        "path": None,
        "description": "",
        "registered": NOW,
    }
    return {**row, **changes}


def add(folder, *named):
    """Adds facts to a store."""
    with opened(folder) as store:
        store.ledger()
        with transaction(store.conn):
            added = facts.Chain(store.conn)
            for kind, row in named:
                added.add(kind, row)


def fill(folder):
    """Definitions, a type, and records of numbers and of texts."""
    add(folder, ("dimension", definition(id="0199aaaa-0000-7000-8000-000000000001")),
        ("dimension", definition("filter", id="0199aaaa-0000-7000-8000-000000000002")),
        ("dataset_type", dataset_type("image.raw", path="raw/{visit}.json")),
        *(("dimension_record", record(visit)) for visit in range(1, NUMBER)),
        ("dimension_record", {**record(1), "dimension": "filter", "key": '{"filter":"a b {}"}', "value": "a b {}",
                              "region": None, "box": None}))  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return fill(made(tmp_path_factory.mktemp("dimensions") / "whole"))


def sky_of(folder):
    with opened(folder) as store:
        return set(store.conn.execute("SELECT dimension, key FROM sky"))


def facts_in(path):
    with closing(chain.opened(path)) as conn:
        return {
            (kind, subject): chain.content(conn, kind, subject)
            for kind, subject in conn.execute("SELECT kind, subject FROM record").fetchall()
        }


def recovered(folder, data, tmp_path):
    """What `recover` makes of a file; the new store is sound, and its chain holds."""
    place = tmp_path / "new"
    place.mkdir()
    (place / "damaged").write_bytes(data)
    source = salvage.Source(str(place / "damaged"), "store.db.damaged-1", "blake3:" + "0" * 64, str(place / "none"))
    said = salvage.build(source, str(place / "store.db"), 1_800_000_100.0)
    with Store(str(place / "store.db")) as store:
        assert list(problems(store, objects=True)) == []
    with closing(chain.opened(place / "store.db")) as conn:
        assert chain.broken(conn) == []
        assert chain.unrecorded(conn) == set()
    return place, said


# --- recover ------------------------------------------------------------------------------------------------


def test_all_facts_of_dimensions_are_recovered_and_the_index_is_made_anew(whole, tmp_path):
    """Without a first page SQLite reads nothing; of the R*Tree's own tables nothing is taken for a fact."""
    data = bytearray((whole / "store.db").read_bytes())
    data[:4096] = bytes(4096)
    place, said = recovered(whole, bytes(data), tmp_path)
    before = facts_in(whole / "store.db")

    assert dict(said.kept) == {"dimension": 2, "dataset_type": 1, "dimension_record": NUMBER}
    assert said.unproved == {}
    assert said.lost == ()
    assert {name: fact for name, fact in facts_in(place / "store.db").items() if name[0] != "recovery"} == before
    assert len(sky_of(place)) == NUMBER - 1


def test_whatever_page_is_damaged_nothing_is_made_up(whole, tmp_path):
    """What is there after a recovery was there before, equal."""
    data = (whole / "store.db").read_bytes()
    before = facts_in(whole / "store.db")
    chance = random.Random(5)
    for number in range(12):
        damaged = bytearray(data)
        start = chance.randrange(4096, len(data) - 4096)
        damaged[start : start + 4096] = chance.randbytes(4096)
        (tmp_path / str(number)).mkdir()
        place, _ = recovered(whole, bytes(damaged), tmp_path / str(number))
        after = {name: fact for name, fact in facts_in(place / "store.db").items() if name[0] != "recovery"}

        assert after.items() <= before.items()
        os.unlink(place / "store.db")


def test_facts_without_records_are_kept_as_unproved_and_as_what_they_are(whole, tmp_path):
    """A definition looks like an alias, and a record like an entry of an index."""
    folder = tmp_path / "beside"
    made(folder)
    with opened(folder) as store:
        store.ledger()
        with transaction(store.conn):
            for kind, row in (
                ("dimension", definition(id="0199aaaa-0000-7000-8000-000000000001")),
                ("dataset_type", dataset_type("image")),
                ("dimension_record", record(1)),
            ):
                store.conn.execute(facts.INSERT[kind], facts.VALUES[kind](row))
    _, said = recovered(folder, (folder / "store.db").read_bytes(), tmp_path)

    assert said.unproved == {"dimension": 1, "dataset_type": 1, "dimension_record": 1}


# --- merge --------------------------------------------------------------------------------------------------


def test_a_merge_brings_records_and_their_regions(tmp_path):
    """What is here already comes in once, also when it was recorded at another time."""
    here, there = made(tmp_path / "a"), made(tmp_path / "b")
    add(
        here, ("dimension", definition(id="here")), ("dimension_record", record(1)), ("dataset_type", dataset_type("t"))
    )
    fill(there)
    add(there, ("dataset_type", dataset_type("t", registered=EARLIER)))
    taken = merge(here, there)

    assert taken.facts == {"dimension": 2, "dimension_record": NUMBER - 1, "dataset_type": 1}
    assert taken.kept == []
    assert len(sky_of(here)) == NUMBER - 1
    with opened(here) as store:
        assert list(problems(store, objects=True)) == []


def test_the_same_record_at_another_time_is_no_remark_and_another_one_is(tmp_path):
    """Two clones that met one value by themselves agree; where they say two things, what is here stays."""
    here, there = made(tmp_path / "a"), made(tmp_path / "b")
    add(here, ("dimension", definition()), ("dimension_record", record(1)), ("dimension_record", record(2)))
    add(there, ("dimension", definition()), ("dimension_record", record(1, inserted=EARLIER)),
        ("dimension_record", record(2, record='{"band":"r"}')), ("dimension_record", record(3)))  # fmt: skip
    taken = merge(here, there)

    assert taken.kept == [("dimension_record", 'visit {"visit":2}')]
    assert taken.facts == {"dimension_record": 1}
    with opened(here) as store:
        assert list(problems(store, objects=True)) == []


# --- upgrades -----------------------------------------------------------------------------------------------


def test_an_older_store_gets_the_tables_of_dimensions(tmp_path, monkeypatch):
    """Schema 4 had some of them, empty."""
    from .test_upgrades import store_of_schema

    store_of_schema(4, tmp_path, monkeypatch)
    add(tmp_path, ("dimension", definition()), ("dimension_record", record(1)))
    with opened(tmp_path) as store:
        assert migrate.schema_version(store.conn) == migrate.NEWEST
        assert list(problems(store, objects=True)) == []
    assert sky_of(tmp_path) == {("visit", '{"visit":1}')}
