"""Many facts at once are the facts that are added one by one, to the last link of the chain."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from provstore.store import facts, identities, migrate
from provstore.store.checks import CHECKS
from provstore.store.connection import transaction
from provstore.store.store import Store

from .rows import NOW, dataset_row

SCHEMA = Path(migrate.__file__).with_name("schema.sql").read_text(encoding="utf-8")
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
DATA_IDS = [
    '{"visit":1}',
    '{"band":"a\\"b","visit":1}',
    '{"a":1.5}',
    '{"a":null}',
    '{"a":[1]}',
    '{"a":true}',
    "{}",
    "{x",
]
"""Also what no data ID is: a merge may bring it."""
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "path": TEXTS,
            "name": TEXTS,
            "size": st.integers(0, 2**62),
            "semantic_digest": st.none() | TEXTS,
            "metadata": st.sampled_from(["{}", '{"a":1.5}']),
            "type": st.sampled_from(["image", "100 %s"]),
            "data_id": st.sampled_from(DATA_IDS),
        }
    ),
    max_size=6,
)


def written(add, rows):
    """Datasets and records of a store to which facts were added."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        conn.executescript(SCHEMA)
        conn.execute("INSERT INTO store (id, created, provstore) VALUES ('s', '2026', '0.1')")
        with transaction(conn):
            chain = facts.Chain(conn)
            chain.add("collection", {"name": "sources", "type": "RUN", "created": NOW, "description": ""})
            add(chain, rows)
            chain.add("collection", {"name": "after", "type": "RUN", "created": NOW, "description": ""})
        assert conn.execute(CHECKS["wrong-values"].sql).fetchall() == []
        tables = ("dataset", "record", "data_id_value")
        return [conn.execute(f"SELECT * FROM {table}").fetchall() for table in tables]


@given(ROWS, st.sets(st.sampled_from(["path", "size", "semantic_digest", "type", "data_id", "url"])))
def test_many_at_once_are_the_same_as_one_by_one(changes, shared):
    """Rows, digests, links and what is remembered of values are equal, also where columns are shared by all rows."""
    changes = [{**change, **{column: changes[0].get(column) for column in shared}} for change in changes]
    rows = [dataset_row(id=f"{number:036x}", **change) for number, change in enumerate(changes)]

    def one_by_one(chain, rows):
        for row in rows:
            chain.add("dataset", row)

    def at_once(chain, rows):
        own = [{column: value for column, value in row.items() if column not in shared} for row in rows]
        chain.add_many("dataset", own, {column: rows[0][column] for column in shared} if rows else {})

    assert written(at_once, rows) == written(one_by_one, rows)


def test_found_first_is_what_stands_first_in_the_first_collection(store):
    """Of two in one collection the last recorded; what was deleted is not found."""
    with Store(store.path) as opened:
        opened.ledger()
        with transaction(opened.conn):
            chain = facts.Chain(opened.conn)
            for name in ("new", "old"):
                chain.add("collection", {"name": name, "type": "RUN", "created": NOW, "description": ""})
            made = {
                name: dataset_row(type="raw", data_id='{"visit":1}', run=run, path=name)
                for name, run in (("gone", "new"), ("first", "new"), ("last", "new"), ("older", "old"))
            }
            chain.add_many("dataset", list(made.values()))
            deletion = {"dataset": made["gone"]["id"], "deleted": NOW, "user": "u", "kept_bytes": 0}
            chain.add("dataset_deletion", deletion)
        asked = ["raw", ['{"visit":1}', '{"visit":2}']]

        assert identities.found_first(opened.conn, ["new", "old"], *asked)['{"visit":1}'][0] == made["last"]["id"]
        assert identities.found_first(opened.conn, ["old", "new"], *asked)['{"visit":1}'][0] == made["older"]["id"]
        assert identities.found_first(opened.conn, [], *asked) == {}
