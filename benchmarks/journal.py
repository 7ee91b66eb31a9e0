"""What a commit costs in each of SQLite's journal modes: behind decision 0010.

    python benchmarks/journal.py [--folder FOLDER] [--rows 60] [--commits 200]

The folder should lie on the file system that matters: a temporary folder in memory says nothing about a
disk. Modes are interleaved in blocks, so that a busy moment hits all alike. The last column is the share
of a run's time that goes into commits when there is one every 0.1 s, as provstore groups them.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import tempfile
import time

MODES = (("DELETE", "EXTRA"), ("DELETE", "FULL"), ("TRUNCATE", "FULL"), ("WAL", "FULL"), ("WAL", "NORMAL"))
BLOCK = 20  # commits in a row before the next mode has its turn
INTERVAL = 0.1  # seconds between grouped commits


def opened(folder: str, journal: str, synchronous: str) -> sqlite3.Connection:
    """A new database in `folder`, with one table shaped like a record: an id, an indexed key, some text."""
    conn = sqlite3.connect(os.path.join(folder, f"{journal}-{synchronous}.db"), isolation_level=None)
    conn.execute(f"PRAGMA journal_mode = {journal}")
    conn.execute(f"PRAGMA synchronous = {synchronous}")
    conn.execute("CREATE TABLE fact (id TEXT PRIMARY KEY, task TEXT NOT NULL, content TEXT NOT NULL) STRICT")
    conn.execute("CREATE INDEX fact_task ON fact (task)")
    return conn


def commit_seconds(conn: sqlite3.Connection, first: int, rows: int) -> float:
    """Time of one transaction that adds `rows` rows, ids from `first` on."""
    facts = [(f"{number:032x}", f"stage-{number % 97}", "x" * 300) for number in range(first, first + rows)]
    begin = time.perf_counter()
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany("INSERT INTO fact VALUES (?, ?, ?)", facts)
    conn.execute("COMMIT")
    return time.perf_counter() - begin


def main() -> None:
    """Prints one line for each mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", help="where the databases are made (the system's temporary folder)")
    parser.add_argument("--rows", type=int, default=60, help="rows in one commit (60)")
    parser.add_argument("--commits", type=int, default=200, help="commits in each mode (200)")
    arguments = parser.parse_args()
    times: dict[tuple[str, str], list[float]] = {mode: [] for mode in MODES}
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        connections = {mode: opened(folder, *mode) for mode in MODES}
        for start in range(0, arguments.commits, BLOCK):
            for mode, conn in connections.items():
                for number in range(start, min(start + BLOCK, arguments.commits)):
                    times[mode].append(commit_seconds(conn, number * arguments.rows, arguments.rows))
        for conn in connections.values():
            conn.close()
    print(f"SQLite {sqlite3.sqlite_version}, {arguments.rows} rows in a commit")
    print(f"{'journal':<9} {'synchronous':<12} {'median ms':>9} {'p95 ms':>8} {'one per 0.1 s':>14}")
    for (journal, synchronous), measured in times.items():
        median, p95 = statistics.median(measured), statistics.quantiles(measured, n=20)[-1]
        share = f"{median / INTERVAL:.1%}"
        print(f"{journal:<9} {synchronous:<12} {median * 1e3:9.2f} {p95 * 1e3:8.2f} {share:>14}")


if __name__ == "__main__":
    main()
