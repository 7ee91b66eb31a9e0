"""What is found first along collections: the same as a plain search through lists."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.digest import canonical_json
from provstore.errors import QueryError
from provstore.operations.registry.queries.narrowing import ranges_of
from provstore.query import matches, parse_where
from provstore.query.narrow import needed, needed_fields
from provstore.store import collections, data_id_walk, datasets, facts
from provstore.store import conditions as sql
from provstore.store.data_id_values import Lead
from provstore.store.dataset_names import DatasetNames
from provstore.store.first_found import MOST_STRETCHES, Rows, stretches

from .rows import NOW, dataset_row, store_in_memory

COLLECTIONS = {"r1": "RUN", "r2": "RUN", "r3": "RUN", "t1": "TAGGED", "t2": "TAGGED", "c": "CALIBRATION"}

entries = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["image", "file"]),
        "run": st.sampled_from(["r1", "r2", "r3"]),
        "data_id": st.sampled_from([{}, {"n": 1}, {"n": 2}, {"n": 2, "m": 1}]),
        "path": st.sampled_from(["a", "b"]),
        "size": st.integers(0, 3),
        "version": st.none() | st.sampled_from(["1.0.0", "1.10.0", "2.0.0"]),
        "status": st.sampled_from(["valid", "valid", "deleted", "replaced"]),
        "tags": st.sets(st.sampled_from(["t1", "t2", "c"])),
        "untagged": st.sets(st.sampled_from(["t1", "t2", "c"])),
        "inside": st.just(False) | st.just(False) | st.booleans(),
    }
)


@pytest.fixture(scope="module")
def conn():
    """A store in memory, with collections."""
    with store_in_memory() as conn:
        yield conn


def add(conn, kind, row):
    conn.execute(facts.INSERT[kind], facts.VALUES[kind](row))
    if kind == "dataset":
        conn.execute(facts.INSERT_VALUES, {"type": row["type"], "data_ids": canonical_json([row["data_id"]])})


def filled(conn, many):
    """The store with these datasets and no others; each with its id."""
    for table in ("dataset_deletion", "tag_removal", "tag", "dataset", "data_id_value"):
        conn.execute(f"DELETE FROM {table}")
    for number, entry in enumerate(many):
        entry["id"] = f"d{number:03d}"
        columns = {name: entry[name] for name in ("id", "type", "run", "path", "size", "version")}
        role = "out/part" if entry["inside"] else "out"
        add(conn, "dataset", dataset_row(**columns, data_id=canonical_json(entry["data_id"]), role=role))
        if entry["status"] == "deleted":
            add(conn, "dataset_deletion", {"dataset": entry["id"], "deleted": NOW, "user": "u", "kept_bytes": 0})
        if entry["status"] == "replaced":
            add(conn, "dataset", dataset_row(id=f"n{number}", type="other", run="other", replaces=entry["id"]))
        for name in entry["tags"]:
            tag = {"id": f"{name}{number}", "collection": name, "dataset": entry["id"], "tagged": NOW}
            add(conn, "tag", {**tag, "valid_from": None, "valid_to": None})
            if name in entry["untagged"]:
                add(conn, "tag_removal", {"tag": tag["id"], "removed": NOW})


def searched(many, type, collections, status, find_first):
    """By going through lists: the newest of each identity in the first collection that has one."""
    there = [entry for entry in many if entry["type"] == type and not entry["inside"]]
    there = [entry for entry in there if status in ("all", entry["status"])]
    if collections is None:
        return there
    taken = {}
    for name in collections:
        held = [entry for entry in there if entry["run"] == name or name in entry["tags"] - entry["untagged"]]
        here = {}
        for entry in reversed(held):
            identity = (canonical_json(entry["data_id"]), entry["path"] if type == "file" else "")
            here.setdefault(identity, []).append(entry)
        for identity, found in here.items():
            if find_first:  # for which of a CALIBRATION collection's time nobody says
                taken.setdefault(identity, found if COLLECTIONS[name] == "CALIBRATION" else found[:1])
            else:
                taken.update({entry["id"]: [entry] for entry in found})
    return [entry for found in taken.values() for entry in found]


WHERES = [
    "",
    "n = 2",
    "dataset.size > 1",
    "n in (1..2) and m = NULL",
    "dataset.run = 'r1' and dataset.size > 0",
    "dataset.size in (0..2:2) and n != 2 and dataset.size < 2",
    "dataset.version > '1.0.0'",
    "dataset.version in ('1.0.0', :nothing) and dataset.size >= 1",
    "dataset.version = NULL or dataset.size = 3",
]
ORDERS = [
    [],
    ["-dataset.size"],
    ["dataset.size", "-n"],
    ["n"],
    ["-n", "dataset.size"],
    ["-dataset.id"],
    ["n", "-m"],
    ["dataset.run", "-dataset.size"],
    ["-dataset.run"],
    ["-dataset.path", "dataset.run"],
]
BIND = {"nothing": None}


class Asked(NamedTuple):
    """A query, and how big a search must be to be done in another way."""

    type: str
    collections: list[str] | None
    status: str
    find_first: bool
    where: str
    order: list[str]
    limit: int | None
    most_named: int = data_id_walk.MOST_NAMED
    few: int = datasets.FEW
    most_sorted: int = datasets.MOST_SORTED


def check(conn, many, asked):
    """What a query finds is what a search through lists finds, in its order."""
    filled(conn, many)
    expected = {
        entry["id"]: entry
        for entry in searched(many, asked.type, asked.collections, asked.status, asked.find_first)
        if matches(
            parse_where(asked.where),
            {**entry["data_id"], **{f"dataset.{name}": entry[name] for name in ("size", "run", "version")}},
            BIND,
        )
    }
    found = found_by_query(conn, asked)
    number = len(expected) if asked.limit is None else min(asked.limit, len(expected))
    assert len(found) == len(set(found)) == number
    assert set(found) <= set(expected)
    keys = [sorted_by(expected[id], asked.order) for id in expected]
    if asked.order:
        assert [sorted_by(expected[id], asked.order) for id in found] == sorted(keys)[:number]


def test_an_order_with_a_limit_reads_what_is_read_without(conn):
    """A condition just as deep as SQLite can read: going along the order is a question within a question."""
    add_images(conn, runs=1)
    order, parameters = sql.ordered(["visit"], DatasetNames({"visit": "number"}))

    def number(depth, leads):
        condition = sql.Condition("1 = (" * depth + "1" + ")" * depth, parameters.values)
        wanted = datasets.Wanted("valid", condition, {}, None, False, {}, order, 3, leads)
        try:
            return len(datasets.found(conn, "image", wanted))
        except QueryError:
            return None

    plain = [number(depth, []) for depth in range(1, 60)]

    assert plain[0] == 3
    assert plain[-1] is None
    assert [number(depth, leads_of(["visit"])) for depth in range(1, 60)] == plain


def found_by_query(conn, asked):
    """Ids that the store finds."""
    names = DatasetNames({"n": "number", "m": "number"})
    tree = parse_where(asked.where)
    terms, parameters = sql.ordered(asked.order, names)
    condition = sql.compiled(tree, names, BIND)
    condition = condition._replace(values={**condition.values, **parameters.values})
    named = None if asked.collections is None else [(name, COLLECTIONS[name]) for name in asked.collections]
    wanted = datasets.Wanted(
        asked.status, condition, needed(tree, BIND), named, asked.find_first, {}, terms, asked.limit,
        leads_of(asked.order), needed_fields(tree, BIND), ranges_of(tree, BIND, names),
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data_id_walk, "MOST_NAMED", asked.most_named)
        patch.setattr(datasets, "FEW", asked.few)
        patch.setattr(datasets, "MOST_SORTED", asked.most_sorted)
        return [row[0] for row in datasets.found(conn, asked.type, wanted)]


@settings(max_examples=300, deadline=None)
@given(
    many=st.lists(entries, max_size=12),
    type=st.sampled_from(["image", "file"]),
    collections=st.none() | st.lists(st.sampled_from(sorted(COLLECTIONS)), unique=True, max_size=4),
    status=st.sampled_from(["valid", "all", "deleted"]),
    find_first=st.booleans(),
    where=st.sampled_from(WHERES),
    order=st.sampled_from(ORDERS),
    limit=st.none() | st.integers(1, 4),
    most=st.sampled_from([0, data_id_walk.MOST_NAMED]),
)
def test_a_query_finds_what_a_search_finds(
    conn, *, many, type, collections, status, find_first, where, order, limit, most
):
    """In RUN, TAGGED and CALIBRATION collections, with find-first before the condition, an order and a limit.

    Where there is much, indexes are gone along; where there is little, all of it is sorted.
    """
    find_first = find_first and collections is not None
    check(conn, many, Asked(type, collections, status, find_first, where, order, limit, most, most_sorted=most))


images = entries.map(lambda entry: {**entry, "type": "image"})


@settings(max_examples=300, deadline=None)
@given(
    many=st.lists(images, min_size=3, max_size=12),
    runs=st.permutations(["r1", "r2", "r3"]),
    number=st.integers(1, 3),
    status=st.sampled_from(["valid", "all"]),
    where=st.sampled_from(WHERES),
    order=st.sampled_from(ORDERS),
    run_after_run=st.booleans(),
)
def test_many_runs_are_searched_as_few_are(conn, *, many, runs, number, status, where, order, run_after_run):
    """Recorded one after the other, or among each other; searched in that order, against it, or in another one."""
    if run_after_run:
        many = sorted(many, key=lambda entry: entry["run"])
    check(conn, many, Asked("image", runs[:number], status, True, where, order, None, few=0))


@settings(max_examples=200, deadline=None)
@given(
    many=st.lists(
        images.flatmap(
            lambda entry: st.builds(lambda n, m: {**entry, "data_id": {"m": m, "n": n}}, *[st.integers(1, 3)] * 2)
        ),
        min_size=6,
        max_size=12,
    ),
    first=st.booleans(),
    where=st.sampled_from(WHERES),
    order=st.sampled_from([["n"], ["-n", "m"], ["m", "-n"], ["n", "-m", "dataset.size"], ["-m", "dataset.size"]]),
    limit=st.integers(3, 8),
    most_named=st.integers(1, 3),
)
def test_an_order_by_dimensions_is_gone_along(conn, *, many, first, where, order, limit, most_named):
    """However many data IDs have one value of the first of them: then the second one is gone along inside."""
    runs = ["r2", "r1", "r3"] if first else None
    check(conn, many, Asked("image", runs, "valid", first, where, order, limit, most_named, few=0))


def leads_of(order):
    """The dimensions that an order begins with, as queries say them."""
    terms = itertools.takewhile(lambda term: "." not in term, order)
    return [Lead(term.removeprefix("-"), term.startswith("-")) for term in terms]


def sorted_by(entry, order):
    """What an entry is sorted by; what is missing is the smallest."""
    keys = []
    for term in order:
        dimensions = {name: entry["data_id"].get(name, 0) for name in ("n", "m")}
        texts = {f"dataset.{name}": ord(entry[name][-1]) for name in ("run", "path")}
        values = {**dimensions, **texts, "dataset.size": entry["size"], "dataset.id": int(entry["id"][1:])}
        value = values[term.removeprefix("-")]
        keys.append(-value if term.startswith("-") else value)
    return tuple(keys)


@given(ends=st.lists(st.integers(0, 20), max_size=8))
def test_stretches_hold_all_collections_in_their_order(ends):
    """Each stretch goes from newer to older rows or back, and those that follow each other make one."""
    rows = [Rows(place, end - 1, end) for place, end in enumerate(ends)]
    found = stretches(rows)

    assert [place for one in found for place in range(one.first, one.last + 1)] == list(range(len(ends)))
    for one in found:
        inside = rows[one.first : one.last + 1]
        assert (one.begin, one.end) == (min(row.begin for row in inside), max(row.end for row in inside))
        newest = inside if one.is_newest_first else inside[::-1]
        assert all(a.begin > b.end for a, b in itertools.pairwise(newest))


def test_a_chain_in_the_order_of_recording_is_one_stretch():
    """And so is one in the opposite order; a run that was put to its head is another one."""
    rows = [Rows(place, 10 * place, 10 * place + 9) for place in range(1000)]

    assert [one.is_newest_first for one in stretches(rows)] == [False]
    assert [one.is_newest_first for one in stretches(rows[::-1])] == [True]
    assert len(stretches([rows[500], *rows[:500], *rows[501:]])) <= MOST_STRETCHES


def test_a_chain_is_searched_in_its_order(conn):
    """Chains within chains are replaced by what they hold, each once; a circle ends."""
    for name, type in {**COLLECTIONS, "all": "CHAINED", "some": "CHAINED"}.items():
        add(conn, "collection", {"name": name, "type": type, "created": NOW, "description": ""})
    held = [("all", "r2", 5), ("all", "some", 2), ("some", "t1", -3), ("some", "r2", 0), ("some", "all", 9)]
    for chain, child, position in held:
        row = {"id": f"{chain}{child}", "chain": chain, "child": child, "position": position, "added": NOW}
        add(conn, "chain_member", row)

    assert [found.name for found in collections.flattened(conn, ["all"])] == ["t1", "r2"]
    assert [found.name for found in collections.flattened(conn, ["r2", "all"])] == ["r2", "t1"]


def steps(conn, runs, **changes):
    """SQLite's instructions for a query with a limit of 3, over so many runs of 20 images each."""
    add_images(conn, runs)
    where = parse_where(changes.pop("where", ""))
    names = DatasetNames({"band": "text", "detector": "number", "visit": "number"})
    order = changes.pop("order", [])
    terms, parameters = sql.ordered(order, names)
    condition = sql.compiled(where, names, {})
    condition = condition._replace(values={**condition.values, **parameters.values})
    named = [(f"r{run}", "RUN") for run in range(runs)] if changes.pop("named", True) else None
    wanted = datasets.Wanted(
        "valid", condition, needed(where, {}), named, named is not None, {}, terms, 3, leads_of(order)
    )
    count = 0

    def one_more():
        nonlocal count
        count += 10
        return 0

    conn.set_progress_handler(one_more, 10)
    try:
        assert len(datasets.found(conn, "image", wanted._replace(**changes))) == 3
    finally:
        conn.set_progress_handler(None, 0)
    return count


def add_images(conn, runs):
    """The store with so many runs of 20 images each, and nothing else."""
    for table in ("dataset", "data_id_value"):
        conn.execute(f"DELETE FROM {table}")
    for run in range(runs):
        for number in range(20):
            data_id = canonical_json({"band": "gr"[run % 2], "detector": number % 5, "visit": run * 4 + number // 5})
            created = NOW.replace("10:00:00", f"10:00:{number:02d}").replace("2026", str(1000 + run))
            row = dataset_row(
                id=f"{run}-{number}", created=created, type="image", run=f"r{run}", data_id=data_id, role="out"
            )
            add(conn, "dataset", row)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"named": False},
        {"find_first": False},
        {"where": "visit in (11, 13, 15) and band = 'r'"},
        {"where": "visit = 7 and detector > 1"},
        {"where": "visit in (1..9:2)", "named": False},
        {"collections": [("r3", "RUN")]},
        {"collections": [("r3", "RUN")], "find_first": False},
        {"where": "dataset.size > 0"},
        {"order": ["-visit"]},
        {"order": ["visit", "-detector"], "named": False},
        {"order": ["-dataset.created"], "named": False},
        {"order": ["dataset.id"], "named": False},
        {"order": ["-dataset.run"], "named": False},
        {"order": ["-visit"], "collections": [("r3", "RUN"), ("r5", "RUN")]},
    ],
)
def test_a_limit_bounds_the_work(conn, asked):
    """Four times as many datasets cost nothing but a look at each collection: SQLite counts its steps."""
    looks = 50 * 300 if not asked.keys() & {"named", "find_first", "collections"} else 0

    assert steps(conn, 400, **dict(asked)) <= 1.2 * steps(conn, 100, **dict(asked)) + 500 + looks
