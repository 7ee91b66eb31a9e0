"""The benchmark gives every tool the same work, says so when one does not do it, and shows what fails as failing."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
MODULES = ("measure", "results", "shapes", "tools", "scenarios", "special", "history", "targets", "growth", "report",
           "plot", "plan", "run", "million")  # fmt: skip
CHEAP = ("ninja", "make", "tup", "shell")
TASKS = 5
BARE = "python -c pass"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The modules of the benchmark, imported as its own command does."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    modules = SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    yield modules
    modules.measure.LAUNCH.stop()
    for name in MODULES:
        sys.modules.pop(name, None)


def made_by(bench: Any, name: str, shape: str, folder: Path) -> list[bytes | None]:
    """What one tool makes of a shape in a fresh folder."""
    tool, work = bench.tools.TOOLS[name], bench.shapes.work(shape, TASKS)
    reason = bench.tools.unusable(tool, str(folder))
    if reason:
        pytest.skip(f"{name}: {reason}")
    place = bench.tools.fresh_folder(str(folder), tool, work)
    bench.measure.measured(tool.command(1), place)
    found: list[bytes | None] = bench.shapes.outputs(place, work)
    return found


def rounds_of(bench: Any, tools: list[Any], folder: Path) -> Any:
    """Rounds of a chain with all scenarios."""
    work = bench.shapes.work("chain", TASKS)
    results = bench.results.Results()
    return bench.scenarios.Rounds(work, TASKS, tools, bench.scenarios.SCENARIOS, str(folder), results)


@pytest.mark.parametrize("shape", ["wide", "chain", "layered"])
@pytest.mark.parametrize("name", CHEAP)
def test_every_tool_makes_the_same_bytes(bench: Any, tmp_path: Path, shape: str, name: str) -> None:
    """Each tool makes every output, equal to what the plain script makes."""
    made = made_by(bench, name, shape, tmp_path)

    assert None not in made
    assert len(made) >= TASKS
    assert made == made_by(bench, "shell", shape, tmp_path)


@pytest.mark.parametrize("shape", ["wide", "chain", "layered"])
def test_work_is_a_graph_in_order(bench: Any, shape: str) -> None:
    """Every step reads sources and outputs of earlier steps only, and each output is made once."""
    work = bench.shapes.work(shape, 30)
    known = set(work.sources)
    for step in work.steps:
        assert set(step.inputs) <= known
        assert step.output not in known
        known.add(step.output)


@pytest.mark.parametrize(("shape", "follow"), [("wide", 2), ("chain", 50), ("layered", 1)])
def test_the_changed_source_is_followed_by_so_many_steps(bench: Any, shape: str, follow: int) -> None:
    """The number by which 'one source changed' is judged is that of the steps whose inputs change."""
    work = bench.shapes.work(shape, 50 if shape != "layered" else 1000)
    source, count = work.changed_source()
    changed = {source}
    for step in work.steps:
        if changed & set(step.inputs):
            changed.add(step.output)

    assert len(changed) - 1 == count == follow


def test_a_command_that_fails_ends_the_benchmark(bench: Any, tmp_path: Path) -> None:
    """The error names exit status and message; no figure is made of a failure."""
    with pytest.raises(bench.measure.FailedError, match=r"(?s)exit status 3.*no such luck"):
        bench.measure.measured(["/bin/sh", "-c", "echo no such luck; exit 3"], str(tmp_path))


def test_a_command_that_takes_too_long_is_ended(bench: Any, tmp_path: Path) -> None:
    """With all that it started; what it took is no figure."""
    with pytest.raises(bench.measure.TooLongError, match="ended after 0 s"):
        bench.measure.measured(["/bin/sh", "-c", "sleep 60 & sleep 60"], str(tmp_path), limit=0.2)


def test_memory_is_that_of_the_command(bench: Any, tmp_path: Path) -> None:
    """A small program is small, however much the benchmark itself holds."""
    held = bytearray(b"x" * (200 << 20))

    small = bench.measure.measured(["/bin/true"], str(tmp_path)).peak_memory
    large = bench.measure.measured([sys.executable, "-c", "b'x' * (100 << 20)"], str(tmp_path)).peak_memory

    assert small < 30 << 20 < 100 << 20 < large < len(held)


def test_an_output_that_differs_ends_the_benchmark(bench: Any, tmp_path: Path) -> None:
    """A tool that leaves a step out is found by its missing output, whatever its exit status."""
    lazy = bench.tools.TOOLS["shell"]._replace(name="lazy", write=lambda work: "true\n")

    with pytest.raises(bench.measure.FailedError, match=r"cold, -j1, lazy: made/00000.txt is missing"):
        rounds_of(bench, [bench.tools.TOOLS["shell"], lazy], tmp_path).run_round(1)


def test_a_tool_takes_part_as_often_as_it_says(bench: Any, tmp_path: Path) -> None:
    """One that is slow runs in the first round only, and not at all with more tasks than it can do."""
    shell = bench.tools.TOOLS["shell"]
    once, never = shell._replace(name="once", rounds=1), shell._replace(name="never", most=TASKS - 1)
    rounds = rounds_of(bench, [shell, once, never], tmp_path)
    for number in (1, 2):
        rounds.run_round(number)

    counts = {key.tool: len(found) for key, found in rounds.results.measures.items() if key.scenario == "cold, -j1"}
    assert counts == {"shell": 2, "once": 1}
    assert list(tmp_path.iterdir()) == []


def test_results_are_the_same_after_they_were_saved(bench: Any) -> None:
    """What was measured can be rendered again without measuring."""
    results = bench.results.Results()
    results.add(bench.results.Key("wide", 10, "ninja", "nothing to do"), bench.measure.Measure(0.1, 0.2, 3))
    results.command, results.facts["machine"] = "python benchmarks/run.py", "m"
    results.remarks.append("r")

    saved = results.to_json()
    again = bench.results.Results.from_json(saved)

    assert again.to_json() == saved
    assert again.measures == results.measures


def test_a_target_that_is_missed_is_shown_as_missed(bench: Any) -> None:
    """Above the limit is a plain no, at the limit a yes, and what was not measured is neither."""
    results = bench.results.Results()
    rows = {}
    for seconds in (0.03, 0.031):
        for tool, value in ((BARE, 0.01), ("provstore (dimension)", seconds)):
            key = bench.results.Key("wide", 10, tool, "nothing to do")
            results.measures[key] = [bench.measure.Measure(value, value, 1)]
        rows[seconds] = next(row for row in bench.targets.rows(results) if row.work.startswith("10 tasks"))
    version = next(row for row in bench.targets.rows(results) if row.work == "`--version`")

    assert [rows[0.03].holds, rows[0.031].holds, version.holds] == [True, False, None]
    text = bench.report.page(results, "")
    assert "| 10 tasks, nothing to do | 3 × `python -c pass` | 3.10 (31.0 ms : 10.0 ms) | **no** |" in text
    assert "0 of " in text


def test_the_cost_of_a_task_is_the_slope(bench: Any) -> None:
    """Points on a straight line give its start and its slope."""
    line = bench.growth.line_through([(n, 0.05 + 0.00002 * n) for n in (100, 1000, 10_000)])

    assert line.start == pytest.approx(0.05)
    assert line.each == pytest.approx(0.00002)


def test_the_full_plan_measures_every_target(bench: Any) -> None:
    """Each row of the targets finds its measures, so none is left out of the page by a slip of a name."""
    results = bench.results.Results()
    key, one = bench.results.Key, bench.measure.Measure(0.1, 0.1, 1 << 20)
    for block in bench.plan.FULL:
        for tool in bench.tools.TOOLS.values():
            dimension = block.shape == "wide" or "dimension" not in tool.name
            if block.wants(tool) and block.tasks <= tool.most and dimension:
                for scenario in block.scenarios:
                    results.add(key(block.shape, block.tasks, tool.name, scenario.name), one)
        results.add(key(block.shape, block.tasks, BARE, "nothing to do"), one)
    results.add(key("start", 0, BARE, "start"), one)
    results.add(key("start", 0, "provstore --version", "start"), one)
    results.add(key("layered", 10_000, "tomllib", "one parse"), one)
    special = ("one file", "a directory", "big output", "`log`")

    missing = [row for row in bench.targets.rows(results) if row.holds is None and not row.work.startswith(special)]

    assert missing == []


def test_the_store_of_many_executions_is_sound(bench: Any, tmp_path: Path) -> None:
    """What the maker writes passes `fsck` with its objects, and the questions find what was recorded."""
    folder = str(tmp_path / "history")
    bench.million.make(folder, executions=1000, tasks=300)
    provstore = bench.tools.provstore_command("-C", folder)

    def asked(*words: str) -> str:
        done = subprocess.run([*provstore, *words], capture_output=True, text=True, check=True)
        return done.stdout

    assert "the store is sound" in asked("fsck", "--objects")
    assert json.loads(asked("sql", "--json", "SELECT count(*) AS n FROM execution")) == [{"n": 1000}]
    runs = json.loads(asked("log", "--json"))["runs"]
    assert [run["summary"]["executed"] for run in runs] == [100, 300, 300, 300]
    assert asked("logs", "s00299").endswith("1 line of 3\n")


def test_the_command_writes_page_and_plot(bench: Any, tmp_path: Path) -> None:
    """One command line gives a Markdown page with targets and a table for each shape; saved measures give it again."""
    page, again, saved = tmp_path / "page.md", tmp_path / "again.md", tmp_path / "measures.json"
    run = [sys.executable, str(BENCHMARKS / "run.py")]
    sizes = [word for tasks in (3, TASKS, 8) for word in ("--tasks", str(tasks))]
    words = ["--shape", "wide", *sizes, "--rounds", "1", "--tool", "shell", "--tool", "ninja"]
    made = subprocess.run(
        [*run, *words, "--write", str(page), "--results", str(saved)], capture_output=True, text=True, check=False
    )

    assert made.returncode == 0, made.stderr
    assert page.read_text(encoding="utf-8") == made.stdout
    assert "## Targets" in made.stdout
    assert "## wide, 5 tasks" in made.stdout
    assert "| shell | " in made.stdout
    subprocess.run([*run, "--render", str(saved), "--write", str(again)], capture_output=True, text=True, check=True)
    assert again.read_text(encoding="utf-8").replace("again.svg", "page.svg") == made.stdout


@pytest.mark.parametrize("jobs", [1, 2])
def test_where_the_time_goes_is_found_in_every_part(jobs: int) -> None:
    """Each part's function still has that name and is still called: the command fails if one is not."""
    command = [sys.executable, str(BENCHMARKS / "where.py"), "--tasks", "30", "--jobs", str(jobs)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    assert "for 30 tasks" in done.stdout
    assert "| write to the store |" in done.stdout
