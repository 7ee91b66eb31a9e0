"""Start-up is counted, not timed: which modules a command may not import.

A module that is imported is paid for at every call, and a count is the same on every machine. What each
costs is measured by ``benchmarks/imports.py``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = frozenset(
    {"networkx", "numpy", "h5py", "pluggy", "rich", "graphviz", "importlib.metadata", "asyncio", "subprocess"}
)

SLOW = frozenset({"typing", "re", "enum", "json", "contextlib", "shutil", "signal", "tempfile", "random", "array"})
"""Modules of the standard library that take as much together as starting Python; each belongs where it is needed."""

IDLE = HEAVY | SLOW | {"click", "dataclasses", "tomllib", "tomli"}
"""What a command does without that finds nothing to do."""

PIPELINEFILE = """
[stages.copy]
run = "cp {inputs.text} {outputs.copy}"
inputs.text = "text.txt"
outputs.copy = "copy.txt"
"""

DIMENSION = """
[dimensions]
n = { from = "{n}.txt" }

[stages.copy]
dimensions = ["n"]
run = "cp {inputs.text} {outputs.copy}"
inputs.text = "{n}.txt"
outputs.copy = "made/{n}.txt"

[stages.all]
run = "cat {inputs.copies} > {outputs.all}"
inputs.copies = "made/{n}.txt"
outputs.all = "all"
"""

PROBE = """
import sys
from provstore.cli.main import run_command
status = run_command(sys.argv[1:])
print("modules", *sorted(sys.modules), file=sys.stderr)
sys.exit(status)
"""


class Case(NamedTuple):
    """A command line and the modules that it must do without."""

    words: tuple[str, ...]
    without: frozenset[str]


CASES = (
    Case(("--version",), IDLE | {"sqlite3", "collections", "functools", "provstore.store", "provstore.noun"}),
    Case(("run",), IDLE),
    Case(("run", "-j4"), IDLE),
    Case(("run", "-n"), IDLE),
    Case(("status",), IDLE),
    Case(("check",), IDLE),
)
"""Each is called in a project that is up to date."""


def call(folder: Path, *words: str, code: str = PROBE) -> subprocess.CompletedProcess[str]:
    """Runs provstore in `folder` by a fresh interpreter, without a terminal."""
    return subprocess.run([sys.executable, "-c", code, *words], cwd=folder, capture_output=True, text=True, check=False)


def modules_after(folder: Path, words: tuple[str, ...]) -> set[str]:
    """What the interpreter held when the command had ended well."""
    done = call(folder, *words)
    last = done.stderr.rstrip().rpartition("\n")[2].split()
    assert done.returncode == 0, done.stderr
    assert last[:1] == ["modules"], done.stderr
    return set(last[1:])


@pytest.fixture(scope="module", params=[PIPELINEFILE, DIMENSION], ids=["stage", "dimension"])
def fresh_project(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """A project of one stage, or of a dimension that is found, up to date, its files settled."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "Pipelinefile.toml").write_text(request.param, encoding="utf-8")
    for name in ("text.txt", "more.txt"):
        (folder / name).write_text("text\n", encoding="utf-8")
    for _ in range(2):  # the second remembers what the first found changed too lately
        done = call(folder, "run")
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("case", CASES, ids=lambda case: " ".join(case.words))
def test_a_command_does_not_import_what_it_does_not_need(fresh_project: Path, case: Case) -> None:
    """With nothing to do, a command imports none of the modules that only work needs."""
    loaded = modules_after(fresh_project, case.words)

    assert not loaded & case.without


MODULES_OF_OURS = 38
"""So many modules of the package a run with nothing to do imports at most: each takes a seventh of a millisecond.

One of them only where something has to be looked for.
"""


def test_a_run_with_nothing_to_do_imports_few_modules_of_ours(fresh_project: Path) -> None:
    """Who needs one more imports it where it is used, or raises the number here with a reason."""
    loaded = [name for name in modules_after(fresh_project, ("run",)) if name.split(".")[0] == "provstore"]

    assert len(loaded) <= MODULES_OF_OURS, sorted(loaded)


def test_the_probe_sees_imports(tmp_path: Path) -> None:
    """The list of modules holds what was imported, so that an empty finding means something."""
    done = call(tmp_path, code=PROBE.replace("import sys\n", "import sys, graphlib\n", 1))

    assert "graphlib" in done.stderr.rpartition("modules")[2].split()
