"""What provstore costs is counted, not timed: system calls and SQL statements, for one task more.

Counts are the same on a busy machine and on an idle one. Each is taken of two sizes of the same work, so that what a
command costs in any case drops out, and what is left is the cost of one task. A figure here may only be raised with a
reason in the commit that does it; `benchmarks/` says what the counts mean in seconds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

FEW, MANY = 20, 60
STRACE = shutil.which("strace")

PROBE = """
import os, sqlite3, sys
connect = sqlite3.connect
statements = []
def counted(*arguments, **settings):
    connection = connect(*arguments, **settings)
    connection.set_trace_callback(statements.append)
    return connection
sqlite3.connect = counted
if "-j1" in sys.argv:
    from provstore.operations import engine
    engine.INTERVAL = 3600.0  # one transaction: how many there are depends on how fast the machine is
    engine.device_with_fine_stamps = lambda scratch: os.stat(".").st_dev  # what is traced is too slow to find that out
from provstore.cli.main import run_command
status = run_command(sys.argv[1:])
verbs = [text.split()[0] for text in statements if not text.startswith("--")]
print(" ".join(["statements", *verbs]), file=sys.stderr)
sys.exit(status)
"""

WIDE = """
[dimensions]
n = { from = "in/{n}.txt" }

[stages.copy]
dimensions = ["n"]
run = "cat {inputs.source} > {outputs.copy}"
inputs.source = "in/{n}.txt"
outputs.copy = "out/{n}.txt"
"""


def chain(tasks: int) -> str:
    """A stage for each task; each reads what the one before it made."""
    stages = [
        f'[stages.s{number}]\nrun = "cat {{inputs}} > {{outputs}}"\n'
        f'inputs = ["{f"out/{number - 1}.txt" if number else "in/0.txt"}"]\noutputs = ["out/{number}.txt"]\n'
        for number in range(tasks)
    ]
    return "\n".join(stages)


def project(folder: Path, shape: str, tasks: int) -> Path:
    """A project of so many tasks that never ran; its files are older than any clock's tick."""
    (folder / "in").mkdir(parents=True)
    (folder / "Pipelinefile.toml").write_text(WIDE if shape == "wide" else chain(tasks), encoding="utf-8")
    for number in range(tasks if shape == "wide" else 1):
        source = folder / "in" / f"{number}.txt"
        source.write_text(f"{number}\n", encoding="utf-8")
        os.utime(source, (1_700_000_000, 1_700_000_000))
    return folder


def provstore(folder: Path, *words: str, under: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Runs a command, which has to succeed."""
    command = [*under, sys.executable, "-c", PROBE, *words]
    environment = {**os.environ, "PATH": "/usr/bin:/bin"}  # a longer one has a task's program looked for longer
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


def statements(folder: Path, *words: str) -> Counter[str]:
    """SQL statements of a command, by their first word."""
    last = provstore(folder, *words).stderr.rstrip().rpartition("\n")[2].split()
    assert last[:1] == ["statements"], last
    return Counter(last[1:])


def system_calls(folder: Path, *words: str) -> Counter[str]:
    """System calls of a command's own process, by name: those of the tasks are not among them."""
    if STRACE is None:
        pytest.skip("strace is not installed")
    log = folder.parent / f"{folder.name}.strace"
    provstore(folder, *words, under=(STRACE, "-qq", "-o", str(log)))
    found: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        name = line.partition("(")[0]
        if name.isidentifier():
            found[name] += 1
    return found


def up_to_date(folder: Path, shape: str, tasks: int) -> Path:
    """The same project when everything was made and its files have settled."""
    project(folder, shape, tasks)
    for _ in range(2):
        provstore(folder, "run", "-j1")
    return folder


def per_task(few: Counter[str], many: Counter[str]) -> dict[str, float]:
    """What one task more costs, by name."""
    return {name: (many[name] - few[name]) / (MANY - FEW) for name in many}


@pytest.mark.parametrize("shape", ["wide", "chain"])
@pytest.mark.parametrize("words", [("run",), ("status",), ("check",), ("run", "-n")], ids=" ".join)
def test_questions_with_nothing_to_do_do_not_depend_on_the_number_of_tasks(
    tmp_path: Path, shape: str, words: tuple[str, ...]
) -> None:
    """The store is asked for everything at once."""
    few = statements(up_to_date(tmp_path / "few", shape, FEW), *words)
    many = statements(up_to_date(tmp_path / "many", shape, MANY), *words)

    assert few == many
    assert sum(few.values()) <= STATEMENTS_OF_NOTHING
    assert not few.keys() & {"INSERT", "UPDATE", "DELETE", "BEGIN"}


@pytest.mark.parametrize("words", [("run",), ("status",), ("check",), ("run", "-n")], ids=" ".join)
def test_with_nothing_to_do_each_file_is_looked_at_once(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A chain has a file for each task more: one call of `stat`; the store's pages are the rest."""
    few = system_calls(up_to_date(tmp_path / "few", "chain", FEW), *words)
    many = system_calls(up_to_date(tmp_path / "many", "chain", MANY), *words)
    costs = per_task(few, many)

    assert costs.pop("newfstatat", 0) + costs.pop("stat", 0) == 1
    assert few["openat"] == many["openat"]
    assert sum(costs.values()) <= CALLS_OF_NOTHING


@pytest.mark.parametrize("shape", ["wide", "chain"])
def test_statements_of_a_task_that_runs(tmp_path: Path, shape: str) -> None:
    """What is recorded of one task: an execution, its datasets and usages, their records, and memory of them."""
    costs = per_task(
        statements(project(tmp_path / "few", shape, FEW), "run", "-j1"),
        statements(project(tmp_path / "many", shape, MANY), "run", "-j1"),
    )

    assert sum(costs.values()) <= STATEMENTS[shape], costs


@pytest.mark.parametrize("shape", ["wide", "chain"])
def test_system_calls_of_a_task_that_runs(tmp_path: Path, shape: str) -> None:
    """What the runner asks of the kernel for one task: its outputs, its log, its start and end, and its record."""
    costs = per_task(
        system_calls(project(tmp_path / "few", shape, FEW), "run", "-j1"),
        system_calls(project(tmp_path / "many", shape, MANY), "run", "-j1"),
    )
    costs.pop("poll", None)  # one or two, as the runner has to wait for the task or not: that depends on the machine

    assert sum(costs.values()) <= CALLS[shape], costs


def test_the_counts_see_a_task_more(tmp_path: Path) -> None:
    """A count that misses what it counts would pass for ever."""
    few = project(tmp_path / "few", "wide", FEW)

    assert statements(few, "run", "-j1")["INSERT"] >= 3 * FEW
    assert system_calls(project(tmp_path / "many", "wide", FEW), "run", "-j1")["wait4"] >= FEW


STATEMENTS_OF_NOTHING = 30
CALLS_OF_NOTHING = 1
STATEMENTS = {"wide": 18, "chain": 9}
"""One for each dataset notes the values in its data ID. In "wide" each task has a value of its own, whose record takes
two: the row, and its own record."""
CALLS = {"wide": 87, "chain": 77}
