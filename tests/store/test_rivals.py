"""What two stores put into one collection by themselves: united, it holds what one store would hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import StoreError
from provstore.model.ranges import overlap
from provstore.model.values import new_id
from provstore.store import collections, facts
from provstore.store.collections import identity_of
from provstore.store.rivals import rivals

from .rows import NOW, dataset_row, store_in_memory
from .test_unite import claim_sound, made, merge, opened

DAYS = [None, *[f"2026-11-2{day}T00:00:00.000000Z" for day in range(1, 4)]]
TYPES = {"best": "TAGGED", "flats": "CALIBRATION"}
ALWAYS = (None, None)

spans = st.tuples(st.sampled_from(DAYS), st.sampled_from(DAYS)).filter(lambda span: (span[0] or "") < (span[1] or "~"))
places = st.just(("best", ALWAYS)) | st.tuples(st.just("flats"), spans)
entries = st.tuples(places, st.sampled_from(["flat", "file"]), st.integers(1, 2), st.sampled_from("pq"))


@pytest.fixture(scope="module")
def conn():
    """A store in memory."""
    with store_in_memory() as conn:
        yield conn


def add(conn, kind, row):
    conn.execute(facts.INSERT[kind], facts.VALUES[kind](row))


def tag_row(id, collection, dataset, span=ALWAYS):
    return {"id": id, "collection": collection, "dataset": dataset, "valid_from": span[0], "valid_to": span[1],
            "tagged": NOW}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=8), st.permutations(range(8)))
def test_what_came_first_stays_whatever_came_in_first(conn, many, order):
    """Tags, in any order, of TAGGED and CALIBRATION collections: those remain that one store would have taken."""
    for table in ("tag", "dataset"):
        conn.execute(f"DELETE FROM {table}")
    staying = []
    for number, ((collection, span), type, n, path) in enumerate(many):
        what = collection, identity_of(type, f'{{"n":{n}}}', path)
        if not any(what == other and overlap(span, there) for _, other, there in staying):
            staying.append((f"t{number}", what, span))
    for number in [place for place in order if place < len(many)]:
        (collection, span), type, n, path = many[number]
        add(conn, "dataset", dataset_row(path, id=f"d{number}", type=type, data_id=f'{{"n":{n}}}'))
        add(conn, "tag", tag_row(f"t{number}", collection, f"d{number}", span))
    tags = [f"t{number}" for number in order if number < len(many)]

    assert {rival.tag for rival in rivals(conn, tags)} == {*tags} - {tag for tag, *_ in staying}


def put_in(folder, collection, n, span=ALWAYS):
    """A new dataset in a collection; its id."""
    with opened(folder) as store:
        ledger = store.ledger()
        for name, kind in {"r": "RUN", **TYPES}.items():
            if collections.one(store.conn, name) is None:
                ledger.add("collection", {"name": name, "type": kind, "created": NOW, "description": ""})
        row = dataset_row(f"flats/{n}", run="r", type="flat", data_id=f'{{"n":{n}}}', role="out")
        ledger.add("dataset", row)
        ledger.add("tag", tag_row(new_id(), collection, row["id"], span))
        ledger.write({}, {})
        return row["id"]


def held(folder):
    with opened(folder) as store:
        return {(name, tag.dataset) for name in TYPES for tag in collections.tags(store.conn, name)}


def test_stores_that_are_merged_to_and_fro_hold_the_same(tmp_path):
    """The later of two is taken out and named, in both; what both can hold, both hold; and they come to rest."""
    one, two = made(tmp_path / "a"), made(tmp_path / "b")
    first = put_in(one, "best", 1)
    out = put_in(two, "best", 1), put_in(one, "flats", 1, (DAYS[1], None))
    early = put_in(two, "flats", 1, (None, DAYS[1]))
    other = put_in(two, "best", 2)
    late = put_in(two, "flats", 1, (DAYS[2], DAYS[3]))
    taken = merge(one, two)
    merge(two, one)

    assert [(rival.collection, rival.dataset, rival.staying) for rival in taken.rivals] == [
        ("best", out[0], first),
        ("flats", late, out[1]),
    ]
    assert held(one) == held(two) == {("best", first), ("best", other), ("flats", out[1]), ("flats", early)}
    assert not merge(one, two).is_anything
    claim_sound(one)
    claim_sound(two)


def test_what_a_cut_has_left_is_as_old_as_the_whole(tmp_path):
    """A dataset that was valid for all times stays beside one that came before the cut, and the times are told."""
    one, two = made(tmp_path / "a"), made(tmp_path / "b")
    first = put_in(one, "flats", 1)
    later = put_in(two, "flats", 1, (DAYS[1], DAYS[2]))
    with opened(one) as store:
        ledger, (whole,) = store.ledger(), collections.tags(store.conn, "flats")
        ledger.add("tag_removal", {"tag": whole.id, "removed": NOW})
        for left in ((None, DAYS[2]), (DAYS[3], None)):
            ledger.add("tag", tag_row(new_id(), "flats", first, left))
        ledger.write({}, {})
    taken = merge(one, two)
    merge(two, one)

    assert [rival[2:] for rival in taken.rivals] == [(later, DAYS[1], DAYS[2], first)]
    assert held(one) == held(two) == {("flats", first)}
    claim_sound(two)


def test_collections_of_other_types_are_not_merged(tmp_path):
    """A chain can't be a TAGGED collection elsewhere: that is said before anything is added, on both sides."""
    one, two = made(tmp_path / "a"), made(tmp_path / "b")
    put_in(one, "best", 1)
    with opened(two) as store:
        ledger = store.ledger()
        ledger.add_collection("best/1", "best", NOW)
        ledger.write({}, {})
    for folder, other in ((one, two), (two, one)):
        before = (folder / "store.db").read_bytes()
        with pytest.raises(StoreError, match="collection best is of type"):
            merge(folder, other)

        assert (folder / "store.db").read_bytes() == before
        claim_sound(folder)
