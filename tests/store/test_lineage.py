"""The walk in SQL finds what a walk in plain Python finds, over random histories."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.store import lineage
from provstore.store.lineage import DATASET, EXECUTION, Lineage

MIGRATIONS = Path(lineage.__file__).parent / "migrations"
DATASET_ROW = (
    "INSERT INTO dataset SELECT :id, 'file', '{}', 'r', :id, 'file', 0, 0, 'blake3:' || :id, NULL, 'bytes', '', "
    ":execution, '0', '', NULL, '', 'user', '', 'project', NULL, NULL, 0, 0, NULL, '{}'"
)
EXECUTION_ROW = (
    "INSERT INTO execution SELECT :id, NULL, 's', '{}', NULL, '', '', '', '{}', '{}', '[]', '', NULL, :outcome, 0, "
    "NULL, '', NULL, NULL, NULL, 0, 1, '', '', NULL, NULL"
)


class Step(NamedTuple):
    """An execution: which datasets it read, how many it made (none if it failed)."""

    read: frozenset[int]
    made: int
    failed: bool


@st.composite
def histories(draw: st.DrawFn) -> list[Step]:
    """Executions, each of which reads datasets that were there before: three sources, then those that were made."""
    steps = []
    there = 3
    for _ in range(draw(st.integers(0, 7))):
        failed = draw(st.booleans()) and draw(st.booleans())
        made = 0 if failed else draw(st.integers(0, 2))
        steps.append(Step(draw(st.frozensets(st.integers(0, there - 1), max_size=4)), made, failed))
        there += made
    return steps


def edges(steps: list[Step]) -> Iterator[tuple[str, str]]:
    """From d<number> to e<number> and on, in the direction of data; attempts that failed are left out."""
    there = 3
    for number, step in enumerate(steps):
        if not step.failed:
            yield from ((f"d{read}", f"e{number}") for read in step.read)
        yield from ((f"e{number}", f"d{there + made}") for made in range(step.made))
        there += step.made


def store_of(steps: list[Step]) -> sqlite3.Connection:
    """A store with this history."""
    conn = sqlite3.connect(":memory:")
    for file in sorted(MIGRATIONS.glob("*.sql")):
        conn.executescript(file.read_text(encoding="utf-8"))
    conn.executemany(DATASET_ROW, [{"id": f"d{source}", "execution": None} for source in range(3)])
    there = 3
    for number, step in enumerate(steps):
        outcome = "failed" if step.failed else "succeeded"
        conn.execute(EXECUTION_ROW, {"id": f"e{number}", "outcome": outcome})
        conn.executemany(
            "INSERT INTO usage VALUES (?, 'i', ?, ?)",
            [(f"e{number}", place, f"d{read}") for place, read in enumerate(sorted(step.read))],
        )
        conn.executemany(
            DATASET_ROW, [{"id": f"d{there + made}", "execution": f"e{number}"} for made in range(step.made)]
        )
        there += step.made
    return conn


def model(links: set[tuple[str, str]], root: str, depth: int | None, *, down: bool) -> set[str]:
    """Every node on a way of so many executions from the root, by trying all ways one step further."""
    towards = links if down else {(there, here) for here, there in links}
    reached = {(root, int(root[0] == "e"))}
    while True:
        further = {
            (there, count + (there[0] == "e"))
            for node, count in reached
            for here, there in towards
            if here == node and (depth is None or count + (there[0] == "e") <= depth)
        }
        if further <= reached:
            return {node for node, _ in reached}
        reached |= further


def node_of(name: str) -> tuple[str, str]:
    """As the walk spells it."""
    return (DATASET if name[0] == "d" else EXECUTION), name


def names(found: Lineage) -> list[str]:
    assert not found.missing
    return [node.id for node in (*found.datasets, *found.executions)]


def every_node(steps: list[Step]) -> list[str]:
    count = 3 + sum(step.made for step in steps)
    return [f"d{number}" for number in range(count)] + [f"e{n}" for n, step in enumerate(steps) if not step.failed]


@settings(max_examples=150, deadline=None)
@given(histories(), st.data())
def test_the_walk_is_that_of_the_model(steps: list[Step], data: st.DataObject) -> None:
    """From any node, up and down, to any depth: these nodes, each once, and every edge between them."""
    links = set(edges(steps))
    root = data.draw(st.sampled_from(every_node(steps)))
    depth = data.draw(st.none() | st.integers(1, 4))
    with closing(store_of(steps)) as conn:
        up = lineage.ancestors(conn, [node_of(root)], depth)
        down = lineage.descendants(conn, [node_of(root)], depth, parts=True)

    for found, is_down in ((up, False), (down, True)):
        expected = model(links, root, depth, down=is_down)
        assert sorted(names(found)) == sorted(expected)
        between = {(here, there) for here, there in links if here in expected and there in expected}
        assert sorted((link.source, link.target) for link in found.links) == sorted(between)


@settings(max_examples=50, deadline=None)
@given(histories())
def test_up_and_down_are_each_others_reverse(steps: list[Step]) -> None:
    """What a node came from is all from which it came: one is above the other just when that is below the first."""
    with closing(store_of(steps)) as conn:
        above = {name: set(names(lineage.ancestors(conn, [node_of(name)], None))) for name in every_node(steps)}
        below = {
            name: set(names(lineage.descendants(conn, [node_of(name)], None, parts=True))) for name in every_node(steps)
        }

    assert {(a, b) for b, some in above.items() for a in some} == {(a, b) for a, some in below.items() for b in some}
