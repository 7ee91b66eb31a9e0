"""Rows are read from pages as SQLite reads them, and damage never raises."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing, contextmanager

import pytest

from provstore.store.pages import SIZES, Pages, shape

COLUMNS = (("TEXT", False), ("INTEGER", True), ("REAL", True), ("BLOB", True))
SHAPE = shape(COLUMNS, is_index=False)
PAIRS = shape((("TEXT", False), ("INTEGER", False)), is_index=True)
SECOND = b"x" * 9
"""What an overflow page holds behind the number of the next one."""


def rows(number, seed=0):
    """Rows whose values have every length and sign."""
    noise = random.Random(seed)
    for rowid in range(1, number + 1):
        letters = "é" * noise.choice((0, 1, 40, 57, 58, 63, 64, 300, 9000 if rowid % 20 == 0 else 5))
        whole = noise.choice((None, 0, 1, -1, 127, -129, 1 << 20, -(1 << 40), (1 << 63) - 1, -(1 << 63)))
        blob = noise.choice((None, noise.randbytes(noise.randrange(70)), noise.randbytes(5000)))
        yield rowid * noise.choice((1, 1000)) * 1001 + rowid, f"row {rowid} {letters}", whole, noise.random(), blob


def made(path, size=4096, number=200):
    """A file with a table, one without rowids, an index, and rows that were deleted; its rows."""
    wanted = dict.fromkeys(rows(number))
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute(f"PRAGMA page_size = {size}")
        conn.execute("CREATE TABLE t (a TEXT NOT NULL, b INTEGER, c REAL, d BLOB) STRICT")
        conn.execute("CREATE TABLE w (a TEXT NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b)) STRICT, WITHOUT ROWID")
        conn.execute("CREATE INDEX i ON t (a)")
        conn.execute("BEGIN")
        for row in wanted:
            conn.execute("INSERT OR REPLACE INTO t (rowid, a, b, c, d) VALUES (?, ?, ?, ?, ?)", row)
        conn.executemany("INSERT INTO w VALUES (?, ?)", [(f"pair {n}" + "x" * (n % 700), n) for n in range(number)])
        conn.execute("COMMIT")
        conn.execute("DELETE FROM t WHERE rowid % 5 = 0")
        return set(conn.execute("SELECT rowid, * FROM t")), set(conn.execute("SELECT * FROM w"))


@contextmanager
def opened(path):
    with open(path, "rb") as file:
        yield Pages(file.fileno())


def found(cells):
    return {(cell.rowid, *cell.values) for cell in cells if not cell.is_index and len(cell.values) == len(COLUMNS)}


def pairs(cells):
    return {cell.values for cell in cells if cell.is_index}


@pytest.mark.parametrize("size", SIZES)
def test_every_row_is_found_whatever_the_size_of_pages(tmp_path, size):
    """Long ones on overflow pages too; the size is found without the header."""
    table, without_rowid = made(tmp_path / "a.db", size)
    with open(tmp_path / "a.db", "r+b") as file:
        file.write(os.urandom(100))
    with opened(tmp_path / "a.db") as pages:
        cells = list(pages.whole())

    assert pages.size == size
    assert found(cells) >= table
    assert pairs(cells) >= without_rowid


def test_pages_of_sqlite_are_whole(tmp_path):
    """What SQLite itself has written is never taken for damaged."""
    made(tmp_path / "a.db")
    with opened(tmp_path / "a.db") as pages:
        list(pages.whole())
        kinds = [os.pread(pages._descriptor, 1, (number - 1) * pages.size)[0] for number in range(2, pages.number + 1)]
        broken = [n for n, kind in enumerate(kinds, 2) if kind in (2, 5, 10, 13) and not pages.page(n).is_whole]

    assert broken == []


@pytest.mark.parametrize("byte", range(8))
def test_rows_are_found_without_the_header_of_their_page(tmp_path, byte):
    """Whichever byte of it is damaged, on every page at once; with their rowids."""
    table, without_rowid = made(tmp_path / "a.db", number=30)
    data = bytearray((tmp_path / "a.db").read_bytes())
    with opened(tmp_path / "a.db") as pages:
        leaves = [n for n in range(2, pages.number + 1) if data[(n - 1) * 4096] in (10, 13) and pages.page(n).cells]
    for number in leaves:
        data[(number - 1) * 4096 + byte] ^= 0x41
    (tmp_path / "a.db").write_bytes(data)
    with opened(tmp_path / "a.db") as pages:
        cells = [*pages.whole(), *pages.scraps([SHAPE, PAIRS])]

    assert found(cells) >= table
    assert pairs(cells) >= without_rowid


def test_damage_never_raises_and_never_adds_bytes_that_were_not_there(tmp_path):
    """Noise, zeros, cut and swapped pages: what is found whole in page headers is mostly what was there."""
    table, _ = made(tmp_path / "a.db")
    good = (tmp_path / "a.db").read_bytes()
    noise = random.Random(1)
    for _ in range(15):
        data = bytearray(good)
        for _ in range(noise.randrange(1, 30)):
            place, length = noise.randrange(len(data)), noise.choice((1, 2, 100, 4096))
            data[place : place + length] = noise.choice((noise.randbytes(length), bytes(length)))[: len(data) - place]
        (tmp_path / "b.db").write_bytes(data[: noise.randrange(len(data)) if noise.random() < 0.3 else len(data)])
        with opened(tmp_path / "b.db") as pages:
            cells = [*pages.whole(), *pages.scraps([SHAPE, PAIRS])]

        assert len(found(cells) - table) <= len(table)


def test_a_chain_of_overflow_pages_that_bites_its_tail_ends(tmp_path):
    """And one that leaves the file; the row is not there then."""
    with closing(sqlite3.connect(tmp_path / "a.db")) as conn:
        conn.execute("CREATE TABLE t (a TEXT NOT NULL, b INTEGER, c REAL, d BLOB) STRICT")
        conn.execute("INSERT INTO t VALUES (?, 1, 1.5, NULL)", ("x" * 50000,))
        conn.commit()
    good = (tmp_path / "a.db").read_bytes()
    second = next(n for n in range(3, len(good) // 4096 + 1) if good[(n - 1) * 4096 + 4 :][:9] == SECOND)
    for following in (second, 1, 0, 1 << 30):
        data = bytearray(good)
        data[(second - 1) * 4096 : (second - 1) * 4096 + 4] = following.to_bytes(4, "big")
        (tmp_path / "a.db").write_bytes(data)
        with opened(tmp_path / "a.db") as pages:
            assert found(pages.whole()) == set()


@pytest.mark.parametrize("content", [b"", b"x", b"SQLite format 3\0", bytes(4096), bytes(10000), b"\x0e" * 9999])
def test_what_is_no_database_holds_nothing(tmp_path, content):
    """However short or uniform."""
    (tmp_path / "a.db").write_bytes(content)
    with opened(tmp_path / "a.db") as pages:
        assert [*pages.whole(), *pages.scraps([SHAPE, PAIRS])] == []
