"""Ids on the command line: as short as they can be, and no shorter."""

from __future__ import annotations

import random

import pytest
from store.rows import dataset_row, execution_row, run_row

from provstore.operations.identify import identify, shortener
from provstore.store import facts, migrate
from provstore.store.store import WRITABLE, Store

DICE = random.Random(3)


def alike(count):
    """Ids that begin like each other, as those of one run do."""
    first = f"0193{DICE.getrandbits(16):04x}"
    return [
        f"{first}-{DICE.getrandbits(4):04x}-7{DICE.getrandbits(3):03x}-8{DICE.getrandbits(12):03x}-{n:012x}"
        for n in range(count)
    ]


@pytest.fixture
def store(tmp_path):
    """A store with runs, executions and datasets whose ids are alike."""
    path = str(tmp_path / "store.db")
    migrate.create(path, 0.0, "00000000-0000-7000-8000-000000000000")
    with Store(path) as store:
        store.conn.execute(WRITABLE)
        chain = facts.Chain(store.conn)
        for name in ("sources", "main/1"):
            chain.add("collection", {"name": name, "type": "RUN", "created": "2026", "description": ""})
        for run, execution, dataset in zip(alike(30), alike(30) + alike(0), alike(30), strict=True):
            chain.add("run", facts.RunFact(run_row(id=run), []))
            fact = facts.ExecutionFact(execution_row(run, id=execution), [], [])
            chain.add("execution", fact)
            chain.add("dataset", dataset_row(id=dataset))
        yield store


def all_ids(store):
    return [id for table in ("run", "execution", "dataset") for (id,) in store.conn.execute(f"SELECT id FROM {table}")]


def test_a_shortened_id_is_the_shortest_that_is_understood(store):
    """It stands for its record alone, does not end with a dash, and one character less would not do."""
    shortened = shortener(store)
    ids = all_ids(store)
    for id in ids:
        short = shortened(id)

        assert identify(store, short)[1] == id
        assert not short.endswith("-")
        one_less = short[:-1].rstrip("-")
        assert len(one_less) < 8 or sum(other.startswith(one_less) for other in ids) > 1


def test_shortening_asks_one_question(store):
    """However many ids begin alike: a list of a thousand runs is a thousand questions, not a hundred thousand."""
    asked = []
    shortened = shortener(store)
    id = all_ids(store)[7]
    store.conn.set_trace_callback(asked.append)

    shortened(id)

    assert len(asked) == 1
