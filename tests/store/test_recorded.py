"""What real runs record: the chain holds by the second opinion, and the file is one file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing

import pytest

from . import chain

PIPELINE = '''\
[params]
seed = 1
[dimensions]
n = "1..2"
[stages.zip]
dimensions = ["n"]
run = """
cat {inputs.z} {inputs.a} > {outputs.y}
echo {params.seed} > {outputs.b}
mkdir -p d/{n}/e; cp {inputs.a} d/{n}/é
"""
inputs.z = "z.txt"
inputs.a = "a.txt"
outputs.y = "y/{n}"
outputs.b = "b/{n}"
outputs.a = "d/{n}/"
env = ["SOME", "NOTHING"]
[stages.join]
argv = ["sh", "-c", "cat \\"$@\\" > joined; echo out; echo err >&2", "sh", "{inputs}"]
inputs = ["z.txt", "a.txt", "1", "2", "3", "4", "5", "6", "7", "8", "y/{n}", "b/1", "d/1"]
outputs = ["joined"]
[stages.fail]
run = "echo broken; exit 3"
outputs.o = "never"
retries = 1
'''
FILES = ["z.txt", "a.txt", *"12345678"]
CALL = "import sys; sys.argv[0] = 'provstore'; from provstore.cli.main import main; main()"


def provstore(root, *words, **environment):
    """Status, and the report that it printed."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("PROVSTORE")}
    done = subprocess.run(
        [sys.executable, "-c", CALL, *words, "--json"],
        cwd=root, check=False, capture_output=True, text=True,
        env={**known, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "internal" not in done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """After several runs: a failure, a change of a parameter, a hand-edited output, a restored one."""
    root = tmp_path_factory.mktemp("project")
    (root / "Pipelinefile.toml").write_text(PIPELINE)
    for name in FILES:
        (root / name).write_text(name)
    if shutil.which("git"):
        names = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
        identity = ["-c", "user.name=n", "-c", "user.email=e"]
        for words in (["init", "-q"], ["add", "a.txt"], [*identity, "commit", "-qm", "first"]):
            subprocess.run(["git", *words], cwd=root, env=names, check=True)
    assert provstore(root, "run", "-k", SOME="value")[0] == 1
    (root / "a.txt").write_text("changed")
    assert provstore(root, "run", "-k", "-P", "seed=2")[0] == 1
    (root / "y/1").write_text("by hand")
    (root / "b/1").unlink()
    assert provstore(root, "run", "join", "-P", "seed=2")[0] == 0
    return root


@pytest.fixture
def conn(root):
    with closing(chain.opened(root / ".provstore/store.db")) as opened:
        yield opened


def test_the_chain_of_real_runs_can_be_worked_out_from_the_tables_alone(conn):
    """Every fact has its record, and every record its fact."""
    assert chain.broken(conn) == []
    assert chain.unrecorded(conn) == set()


def test_there_is_something_of_every_kind(conn):
    """Else the claim above would be about little."""
    kinds = {kind for (kind,) in conn.execute("SELECT DISTINCT kind FROM record")}
    assert kinds >= {"run", "run_end", "execution", "dataset"} | ({"run_code"} if shutil.which("git") else set())
    outcomes = dict(conn.execute("SELECT outcome, count(*) FROM execution GROUP BY outcome"))
    assert outcomes["failed"] >= 2
    assert outcomes["succeeded"] >= 5
    assert conn.execute("SELECT count(*) FROM usage WHERE position > 0").fetchone()[0] > 0
    assert {kind for (kind,) in conn.execute("SELECT DISTINCT kind FROM dataset")} == {"file", "directory"}
    assert conn.execute("SELECT count(*) FROM dataset WHERE executable").fetchone()[0] == 0


def test_the_store_is_whole_and_one_file(root, conn):
    """By SQLite's checks; no journal is left."""
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert not [name for name in os.listdir(root / ".provstore") if name.startswith("store.db-")]


def test_every_time_and_id_has_its_spelling(conn):
    """UTC with a Z, and ids that sort by time: those of later facts are greater."""
    for table, column in (("run", "started"), ("run_end", "ended"), ("execution", "started"), ("dataset", "created")):
        for (text,) in conn.execute(f"SELECT {column} FROM {table}"):
            assert len(text) == len("2026-11-21T10:00:00.000000Z")
            assert text.endswith("Z")
    ids = [row[0] for row in conn.execute("SELECT id FROM run ORDER BY rowid")]
    assert ids == sorted(ids)


def test_json_columns_are_canonical(conn):
    """As the schema says."""
    for table, column in (("run", "arguments"), ("run", "params"), ("run_end", "summary"), ("execution", "params"),
                          ("execution", "environment"), ("execution", "outputs"), ("dataset", "data_id")):  # fmt: skip
        for (text,) in conn.execute(f"SELECT {column} FROM {table}"):
            assert chain.canonical(json.loads(text)) == text


def test_reasons_name_what_changed_and_nothing_else(root):
    """Inputs and outputs that are declared in another order than that of their names are no reason."""
    _, report = provstore(root, "status", "zip", SOME="value")

    expected = ["param seed: 2 → 1", "env SOME: not set → value", "command changed"]
    assert [[reason["text"] for reason in task["reasons"]] for task in report["tasks"]] == [expected, expected]


def test_declaring_in_another_order_changes_nothing(root):
    """What is up to date stays so."""
    lines = PIPELINE.splitlines(keepends=True)
    swap = {'inputs.z = "z.txt"\n': 'inputs.a = "a.txt"\n', 'outputs.y = "y/{n}"\n': 'outputs.a = "d/{n}/"\n'}
    swap |= {new: old for old, new in swap.items()}
    before = (root / "Pipelinefile.toml").read_text()
    (root / "Pipelinefile.toml").write_text(
        "".join(swap.get(line, line) for line in lines).replace("seed = 1", "seed = 2")
    )
    try:
        status, report = provstore(root, "check", "zip", "join")
    finally:
        (root / "Pipelinefile.toml").write_text(before)

    assert (status, report["ok"]) == (0, True)
