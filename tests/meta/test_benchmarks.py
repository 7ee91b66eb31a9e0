"""The benchmark gives every tool the same work, and says so when one does not do it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
CHEAP = ("ninja", "make", "shell")
TASKS = 5


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of the benchmark, imported as its own command does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import measure
    import run
    import shapes
    import tools

    yield type("Bench", (), {"measure": measure, "run": run, "shapes": shapes, "tools": tools})
    for name in ("measure", "run", "shapes", "tools"):
        sys.modules.pop(name, None)


def made_by(bench: Any, name: str, shape: str, folder: Path) -> list[bytes | None]:
    """What one tool makes of a shape in a fresh folder."""
    tool, work = bench.tools.TOOLS[name], bench.shapes.work(shape, TASKS)
    if not bench.tools.installed(tool):
        pytest.skip(f"{name} is not installed")
    bench.shapes.write_sources(str(folder), work)
    (folder / tool.file).write_text(tool.write(work), encoding="utf-8")
    bench.measure.measured(tool.command(1), str(folder))
    found: list[bytes | None] = bench.shapes.outputs(str(folder), work)
    return found


@pytest.mark.parametrize("shape", ["wide", "chain", "layered"])
@pytest.mark.parametrize("name", CHEAP)
def test_every_tool_makes_the_same_bytes(bench: Any, tmp_path: Path, shape: str, name: str) -> None:
    """Each tool makes every output, equal to what the plain script makes."""
    (tmp_path / "tool").mkdir()
    (tmp_path / "script").mkdir()

    made = made_by(bench, name, shape, tmp_path / "tool")

    assert None not in made
    assert len(made) >= TASKS
    assert made == made_by(bench, "shell", shape, tmp_path / "script")


@pytest.mark.parametrize("shape", ["wide", "chain", "layered"])
def test_work_is_a_graph_in_order(bench: Any, shape: str) -> None:
    """Every step reads sources and outputs of earlier steps only, and each output is made once."""
    work = bench.shapes.work(shape, 30)
    known = set(work.sources)
    for step in work.steps:
        assert set(step.inputs) <= known
        assert step.output not in known
        known.add(step.output)


def test_a_command_that_fails_ends_the_benchmark(bench: Any, tmp_path: Path) -> None:
    """The error names exit status and message; no figure is made of a failure."""
    with pytest.raises(bench.measure.FailedError, match=r"(?s)exit status 3.*no such luck"):
        bench.measure.measured(["/bin/sh", "-c", "echo no such luck; exit 3"], str(tmp_path))


def test_an_output_that_differs_ends_the_benchmark(bench: Any, tmp_path: Path) -> None:
    """A tool that leaves a step out is found by its missing output, whatever its exit status."""
    lazy = bench.tools.TOOLS["shell"]._replace(name="lazy", write=lambda work: "true\n")
    rounds = bench.run.Rounds(bench.shapes.work("chain", TASKS), [bench.tools.TOOLS["shell"], lazy], str(tmp_path))

    with pytest.raises(bench.measure.FailedError, match=r"cold, -j1, lazy: made/00000.txt is missing"):
        rounds.run_round(1)


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """One command line gives a Markdown page with a table for each shape."""
    page = tmp_path / "page.md"
    words = ["--shape", "chain", "--tasks", str(TASKS), "--rounds", "1", "--tool", "shell", "--write", str(page)]
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), *words], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert page.read_text(encoding="utf-8") == done.stdout
    assert "## chain: 5 tasks" in done.stdout
    assert "| shell | 0." in done.stdout
