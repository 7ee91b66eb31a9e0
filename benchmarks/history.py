"""Questions to a store of a million executions."""

from __future__ import annotations

import os
import subprocess
import sys

from measure import measured
from results import Key, Results
from special import repeated
from tools import provstore_command

TASKS = 1_000  # of each run in the store
MAKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "million.py")
WORK = "history"
PATH = f"made/{TASKS - 1:05d}.txt"
STAGE = f"s{TASKS // 2:05d}"
SQL = {
    "sql: v_lineage of one path": f"SELECT * FROM v_lineage WHERE output_path = '{PATH}' LIMIT 10",
    "sql: v_dataset of one path": f"SELECT * FROM v_dataset WHERE path = '{PATH}' ORDER BY created DESC LIMIT 10",
    "sql: v_execution of one stage": f"SELECT * FROM v_execution WHERE stage = '{STAGE}' ORDER BY id DESC LIMIT 10",
}
NAMED = {
    "log": ("log",),
    "log -n 20": ("log", "-n", "20"),
    "logs STAGE": ("logs", STAGE),
    "why PATH": ("why", PATH),
    "lineage PATH": ("lineage", PATH),
    "history PATH": ("history", PATH),
    "diff PATH": ("diff", PATH),
    "diff STAGE": ("diff", STAGE),
    "diff": ("diff",),
    "diff --blame PATH": ("diff", "--blame", PATH),
}
"""Those that this provstore does not have are remarks."""

EXECUTION = "SELECT id FROM execution ORDER BY rowid DESC LIMIT 1"
RUN = "SELECT id FROM run ORDER BY rowid DESC LIMIT 1"


def commands() -> set[str]:
    """The commands that `provstore --help` lists."""
    done = subprocess.run(provstore_command("--help"), capture_output=True, text=True, check=True)
    _, _, listed = done.stdout.partition("Commands:\n")
    return {line.split()[0] for line in listed.splitlines() if line.strip()}


def answer(folder: str, question: str) -> str:
    """The one value that a question to the store gives."""
    command = provstore_command("-C", folder, "sql", question)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]


def history(results: Results, base: str, executions: int, rounds: int) -> None:
    """Makes a store of so many executions and asks it; each command by itself, again and again."""
    folder = os.path.join(base, "history")
    made = measured([sys.executable, MAKER, folder, "--executions", str(executions), "--tasks", str(TASKS)], base)
    size = os.path.getsize(os.path.join(folder, ".provstore", "store.db"))
    results.facts["history"] = f"{size / 2**20:.0f} MiB, made in {made.seconds:.0f} s"
    asked = {
        **NAMED,
        "show EXECUTION": ("show", answer(folder, EXECUTION)),
        "show RUN": ("show", answer(folder, RUN)),
        **{name: ("sql", question) for name, question in SQL.items()},
    }
    known = commands()
    for name, words in asked.items():
        if words[0] not in known:
            results.remarks.append(f"`{words[0]}`: this provstore has no such command yet.")
            continue
        key = Key(WORK, executions, "provstore", name)
        # `why` and its like may end with 1: nothing was ever made in this folder, so its files are missing.
        for _ in range(rounds):
            results.add(key, measured(provstore_command(*words), folder, fine=(0, 1)))
    repeated(results, Key(WORK, executions, "python -c pass", "start"), [sys.executable, "-c", "pass"], base, rounds)
