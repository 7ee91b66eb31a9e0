"""The chain, worked out from the tables alone: what anybody with `sqlite3` and BLAKE3 can do.

Nothing in here uses provstore: it is the second opinion.
"""

from __future__ import annotations

import json
import sqlite3

from blake3 import blake3

KEY = {
    "run": "id", "run_code": "run", "run_end": "run", "execution": "id", "dataset": "id", "collection": "name",
    "chain_removal": "member", "tag": "id", "tag_removal": "tag",
    "dataset_deletion": "dataset", "dataset_change": "id", "alias": "id",
    "chain_member": "id", "equality": "id", "acceptance": "id", "verification": "id", "metric": "id", "merge": "id",
    "recovery": "id", "dataset_type": "name", "dimension": "id",
    "keyword": "dataset || ' ' || word", "dimension_record": "dimension || ' ' || key",
}  # fmt: skip


def digest(text):
    return "blake3:" + blake3(text.encode()).hexdigest()


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def rows(conn, sql, *parameters):
    cursor = conn.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def content(conn, kind, subject):
    """The canonical JSON of a fact."""
    (row,) = rows(conn, f"SELECT * FROM {kind} WHERE {KEY[kind]} = ?", subject)
    if kind == "run":
        sources = rows(conn, "SELECT file, digest FROM run_source WHERE run = ? ORDER BY file", subject)
        return canonical({"run": row, "run_source": [list(source.values()) for source in sources]})
    if kind != "execution":
        return canonical({kind: row})
    usage = rows(conn, "SELECT role, position, dataset FROM usage WHERE execution = ? ORDER BY role, position", subject)
    made = rows(
        conn,
        "SELECT * FROM dataset WHERE execution = ? AND id NOT IN (SELECT subject FROM record WHERE kind = 'dataset')"
        " ORDER BY rowid",
        subject,
    )
    return canonical({"execution": row, "usage": [list(used.values()) for used in usage], "dataset": made})


def broken(conn):
    """Positions of the records that don't fit what the tables hold, or their predecessor."""
    (store,) = rows(conn, "SELECT * FROM store")
    found, link, expected = [], digest(canonical({"store": store})), 1
    for record in rows(conn, "SELECT * FROM record ORDER BY position"):
        own = digest(content(conn, record["kind"], record["subject"]))
        link = digest(f"{link} {record['origin']} {own}")
        if (record["position"], record["digest"], record["chain"]) != (expected, own, link):
            found.append(record["position"])
        link, expected = record["chain"], expected + 1
    return found


def unrecorded(conn):
    """Facts without a record: (table, id)."""
    recorded = set(conn.execute("SELECT kind, subject FROM record"))
    facts = {(kind, subject) for kind, key in KEY.items() for (subject,) in conn.execute(f"SELECT {key} FROM {kind}")}
    made = {("dataset", d) for (d,) in conn.execute("SELECT id FROM dataset WHERE execution IS NOT NULL")}
    return facts - made - recorded


def opened(path):
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True)
