"""SQL lives in ``provstore/store/``, as named and complete constants that compile and search instead of scanning.

A constant is checked as SQLite would run it: against a fresh store made by the migrations, with every named
parameter bound to NULL. The wording of query plans is SQLite's own and has changed before (3.36 dropped
"TABLE" from it); only its first word and the table's name are read.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from provstore.store import needed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "provstore"
STORE = PACKAGE / "store"

BIG_TABLES = frozenset({"execution", "dataset", "usage", "record", "object"})
"""Those that grow with every run: a question that reads one from end to end gets slower for ever."""

WHOLE_TABLE: dict[str, str] = {
    "datasets.BY_ID": "walks the ids in their order, and stops at the limit",
    "facts.LAST_RECORD": "walks the key from its end and stops after one row",
    "history.ANY_DATASET": "stops after one row",
    "registered.LAST_EXECUTIONS": "walks from the newest, and stops at the limit",
    "registered.LIST": "walks from the newest, and stops at the limit",
}
"""module.CONSTANT → why it may read a big table without a search. An entry without need is an error."""

WHOLE_STORE = {
    "checks": "fsck reads everything",
    "fsck": "it reads everything",
    "needed": "gc looks at everything",
    "merges": "fsck reads everything",
    "salvage": "recover reads everything",
    "sift": "as salvage",
    "told": "git shows a store from its first record to its last",
    "unite": "merge reads everything",
}
"""Module → why all of its questions may read big tables without a search."""

SQL = re.compile(
    r"\bSELECT\b[\s\S]*\bFROM\b|\bINSERT (OR \w+ )?INTO\b|\bUPDATE \w+\s+SET\b|\bDELETE FROM\b|\bPRAGMA \w"
    r"|\b(CREATE|DROP) (TEMP |UNIQUE )*(TABLE|VIEW|INDEX|TRIGGER)\b"
)
QUESTION = re.compile(r"\s*(--[^\n]*\n\s*)*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\b")
ALIAS = re.compile(r"(?:\bFROM|\bJOIN|,)\s+(\w+)\s+(?:AS\s+)?(\w+)", re.IGNORECASE)


class Constant(NamedTuple):
    """One upper-case SQL constant of the store, or one entry of a table of them."""

    name: str
    sql: str


def docstrings(tree: ast.AST) -> set[int]:
    """Ids of the nodes that are documentation: strings that stand alone."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def texts(source: str) -> Iterator[tuple[int, str, bool]]:
    """(line, text, is a piece of an f-string) of every string in a module but its documentation."""
    tree = ast.parse(source)
    documentation = docstrings(tree)
    pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value, id(node) in pieces


def constants(module: str, source: str) -> list[Constant]:
    """The SQL questions among a module's upper-case names; PRAGMA and BEGIN have no plan."""
    found = []
    for node in ast.parse(source).body:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or node.value is None:
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if not (isinstance(target, ast.Name) and target.id.isupper()):
            continue
        strings = [part.value for part in ast.walk(node.value) if isinstance(part, ast.Constant)]
        questions = [text for text in strings if isinstance(text, str) and QUESTION.match(text)]
        many = len(questions) > 1
        found += [
            Constant(f"{module}.{target.id}{f'[{index}]' if many else ''}", text)
            for index, text in enumerate(questions)
        ]
    return found


def store_constants() -> list[Constant]:
    """The SQL questions of the whole store."""
    files = sorted(STORE.rglob("*.py"))
    return [constant for file in files for constant in constants(file.stem, file.read_text(encoding="utf-8"))]


def fresh_store() -> sqlite3.Connection:
    """A store in memory, as the migrations make it, with the temporary tables of `gc`."""
    conn = sqlite3.connect(":memory:")
    for file in sorted((STORE / "migrations").glob("*.sql")):
        conn.executescript(file.read_text(encoding="utf-8"))
    for table in needed.TEMPORARY:
        conn.execute(table)
    return conn


def tables_by_alias(conn: sqlite3.Connection, sql: str) -> dict[str, set[str]]:
    """What a name in the plan may stand for; the plan shows aliases, those inside a view as well."""
    views = conn.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'view'").fetchall()
    involved = [sql, *(text for name, text in views if re.search(rf"\b{name}\b", sql))]
    tables: dict[str, set[str]] = {}
    for text in involved:
        for table, alias in ALIAS.findall(text):
            tables.setdefault(alias, set()).add(table)
    return tables


def scanned(conn: sqlite3.Connection, sql: str) -> set[str]:
    """The big tables that a statement reads from end to end.

    Raises:
        sqlite3.Error: The statement does not compile.
    """
    parameters = dict.fromkeys(re.findall(r":(\w+)", sql))
    count = len(re.findall(r"\?", sql))
    plan = conn.execute(f"EXPLAIN QUERY PLAN {sql}", parameters or (None,) * count).fetchall()
    names = [words[1] for *_, detail in plan if (words := detail.split())[0] == "SCAN"]
    aliases = tables_by_alias(conn, sql)
    return {table for name in names for table in {name, *aliases.get(name, ())} & BIG_TABLES}


@pytest.mark.parametrize("constant", store_constants(), ids=lambda constant: str(constant.name))
def test_a_constant_compiles_and_searches(constant: Constant) -> None:
    """Each SQL constant is one statement that a fresh store understands, and finds its rows by an index."""
    with closing(fresh_store()) as conn:
        tables = scanned(conn, constant.sql)

    allowed = constant.name in WHOLE_TABLE
    if constant.name.partition(".")[0] in WHOLE_STORE:
        return
    assert bool(tables) == allowed, f"{constant.name} reads all of {sorted(tables)}; allowed: {allowed}"


def test_the_list_of_whole_table_reads_names_constants() -> None:
    """Who renames or removes a constant cleans up the list."""
    assert set(WHOLE_TABLE) <= {constant.name for constant in store_constants()}


def test_sql_text_stands_in_the_store_only() -> None:
    """No other room holds a statement, and so none breaks when the schema changes."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if STORE not in file.parents
        for line, text, _ in texts(file.read_text(encoding="utf-8"))
        if SQL.search(text)
    ]

    assert not found, "\n".join(found)


def test_no_statement_is_pasted_together() -> None:
    """Values are bound and statements complete. PRAGMA is the exception: SQLite takes no parameter there."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, text, in_pieces in texts(file.read_text(encoding="utf-8"))
        if in_pieces and SQL.search(text.replace("PRAGMA ", ""))
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("SELECT id FROM execution WHERE key = :key AND outcome = 'succeeded'", set()),
        ("SELECT e.id FROM execution AS e WHERE e.message = :message", {"execution"}),
        ("SELECT digest FROM object", {"object"}),
        ("SELECT output FROM v_lineage WHERE input_role = ?", {"usage"}),
        ("DELETE FROM object WHERE size > :size", {"object"}),
    ],
)
def test_a_scan_is_seen_through_aliases_and_views(sql: str, tables: set[str]) -> None:
    """The check finds a whole-table read however the table is called in the statement."""
    with closing(fresh_store()) as conn:
        assert scanned(conn, sql) >= tables
        assert bool(scanned(conn, sql)) == bool(tables)


def test_constants_are_found_however_they_stand() -> None:
    """Plain, annotated and in a table; not PRAGMA, not lower case, not documentation."""
    source = 'A = "SELECT 1"\nB: str = """\n  INSERT INTO t VALUES (1)"""\nC = {"x": "SELECT 1", "y": "SELECT 2"}\n'
    source += 'D = "PRAGMA user_version"\nlower = "SELECT 1"\n"""SELECT 1 FROM documentation"""\n'

    assert [constant.name for constant in constants("m", source)] == ["m.A", "m.B", "m.C[0]", "m.C[1]"]
    found = [text.strip() for _, text, _ in texts(source) if SQL.search(text)]
    assert found == ["INSERT INTO t VALUES (1)", "PRAGMA user_version"]
