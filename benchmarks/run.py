"""provstore beside ninja, make, doit and a plain shell script, on the same work.

    python benchmarks/run.py                               # all shapes, 1000 tasks, 5 rounds
    python benchmarks/run.py --shape wide --tasks 5000 --rounds 3 --write docs/benchmarks.md

In each round every scenario is run by tool after tool, in fresh folders, so that a busy moment of the machine
hits all alike; the tables show medians. After every command the outputs are compared with those of the first
tool byte for byte. A command that fails, or outputs that differ, end the whole with exit status 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from measure import FailedError, Measure, floor, measured
from shapes import SHAPES, Work, outputs, work, write_source, write_sources
from tools import TOOLS, Tool, installed

SETTLE = 0.03  # seconds between a change and what came before: well over a tick of any file system's clock
REFERENCE = "ninja"

Key = tuple[str, str]
"""(scenario, tool)"""


class Scenario(NamedTuple):
    """One situation in which a tool is called.

    Attributes:
        prepare: (folder, work, round) → changes the sources.
        jobs: Tasks at once.
        cold: Nothing was made yet, in a folder of its own; else it follows the scenario before.
    """

    name: str
    prepare: Callable[[str, Work, int], None]
    jobs: int
    cold: bool


def nothing(folder: str, work: Work, number: int) -> None:
    """Leaves everything as it is."""


def change_one(folder: str, work: Work, number: int) -> None:
    """Gives the first source other bytes."""
    write_source(folder, work.sources[0], f"changed in round {number}")


def touch_all(folder: str, work: Work, number: int) -> None:
    """Gives every source a new time and leaves its bytes."""
    for source in work.sources:
        os.utime(os.path.join(folder, source))


SCENARIOS = (
    Scenario("cold, -j1", nothing, 1, cold=True),
    Scenario("nothing to do", nothing, 1, cold=False),
    Scenario("one source changed", change_one, 1, cold=False),
    Scenario("all sources touched", touch_all, 1, cold=False),
    Scenario("cold, -j2", nothing, 2, cold=True),
)


class Rounds:
    """Runs one shape with some tools, again and again, and keeps all measures."""

    def __init__(self, work: Work, tools: list[Tool], base: str) -> None:
        self.work = work
        self.tools = [tool for tool in tools if tool.serves(work)]
        self.base = base
        self.measures: dict[Key, list[Measure]] = {}

    def of(self, tool: Tool) -> Iterator[Measure]:
        """All measures of one tool."""
        for (_, name), measures in self.measures.items():
            if name == tool.name:
                yield from measures

    def run_round(self, number: int) -> None:
        """Every scenario with every tool, once."""
        folders: dict[str, str] = {}
        for scenario in SCENARIOS:
            expected: list[bytes | None] | None = None
            for tool in self.tools:
                if scenario.jobs > 1 and not tool.parallel:
                    continue
                if scenario.cold:
                    folders[tool.name] = self._fresh_folder(tool, folders.get(tool.name))
                folder = folders[tool.name]
                time.sleep(SETTLE)
                scenario.prepare(folder, self.work, number)
                time.sleep(SETTLE)
                measure = measured(tool.command(scenario.jobs), folder)
                self.measures.setdefault((scenario.name, tool.name), []).append(measure)
                found = outputs(folder, self.work)
                expected = found if expected is None else expected
                self._compare(scenario, tool, found, expected)
        for folder in folders.values():
            shutil.rmtree(folder)

    def _fresh_folder(self, tool: Tool, former: str | None) -> str:
        """A new folder with the sources and the tool's file; the former one goes."""
        if former is not None:
            shutil.rmtree(former)
        folder = tempfile.mkdtemp(dir=self.base)
        write_sources(folder, self.work)
        with open(os.path.join(folder, tool.file), "w", encoding="utf-8") as file:
            file.write(tool.write(self.work))
        return folder

    def _compare(self, scenario: Scenario, tool: Tool, found: list[bytes | None], expected: list[bytes | None]) -> None:
        """Raises FailedError, naming the first output that is missing or has other bytes."""
        for step, ours, theirs in zip(self.work.steps, found, expected, strict=True):
            if ours is None or ours != theirs:
                what = "is missing" if ours is None else f"is not what {self.tools[0].name} made"
                raise FailedError(f"{scenario.name}, {tool.name}: {step.output} {what}")


def median(measures: list[Measure]) -> float:
    """Median wall time in seconds."""
    return statistics.median(measure.seconds for measure in measures)


def table(rounds: Rounds, memory_floor: int) -> Iterator[str]:
    """One shape's medians as a Markdown table: seconds, and the ratio to the reference in parentheses."""
    names = [scenario.name for scenario in SCENARIOS]
    yield f"| tool | {' | '.join(names)} | peak memory, MiB |"
    yield f"| --- |{' ---: |' * (len(names) + 1)}"
    for tool in rounds.tools:
        cells = [cell(rounds.measures, name, tool.name) for name in names]
        peak = max(measure.peak_memory for measure in rounds.of(tool))
        memory = f"{peak / 2**20:.0f}" if peak > 1.05 * memory_floor else f"≤ {memory_floor / 2**20:.0f}"
        yield f"| {tool.name} | {' | '.join(cells)} | {memory} |"


def cell(measures: dict[Key, list[Measure]], scenario: str, tool: str) -> str:
    """``0.123 (4.5)``: seconds and ratio; a dash where the tool can't do it."""
    if (scenario, tool) not in measures:
        return "–"
    seconds = median(measures[scenario, tool])
    if (scenario, REFERENCE) not in measures:
        return f"{seconds:.3f}"
    return f"{seconds:.3f} ({seconds / median(measures[scenario, REFERENCE]):.1f})"


def version(tool: Tool) -> str:
    """First line of what the tool says about itself; empty for the shell, which says nothing."""
    if tool.name == "shell":
        return ""
    words = tool.command(1)[: 3 if tool.name == "doit" else 1]
    answer = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    return f"{tool.name.partition(' ')[0]}: {answer.stdout.partition(chr(10))[0].strip()}"


def page(arguments: argparse.Namespace, finished: dict[str, Rounds], memory_floor: int) -> str:
    """The whole report, a Markdown page."""
    tools = {version(tool) for rounds in finished.values() for tool in rounds.tools}
    lines = [
        "# Benchmarks",
        "",
        f"Made by `python benchmarks/run.py {shlex.join(sys.argv[1:])}`; what is measured,"
        " and how, stands in `benchmarks/README.md`. Seconds, medians; in parentheses the ratio to ninja.",
        "",
        f"- {platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors,"
        f" Python {platform.python_version()}",
        *(f"- {name}" for name in sorted(tools - {""})),
    ]
    for shape, rounds in finished.items():
        lines += ["", f"## {shape}: {len(rounds.work.steps)} tasks", "", *table(rounds, memory_floor)]
    return "\n".join(lines) + "\n"


def parsed(words: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", action="append", choices=SHAPES, help="only this shape; may be repeated")
    parser.add_argument("--tasks", type=int, default=1000, help="tasks in each shape (1000)")
    parser.add_argument("--rounds", type=int, default=5, help="times that everything is run (5)")
    parser.add_argument("--tool", action="append", choices=sorted({name.partition(" ")[0] for name in TOOLS}))
    parser.add_argument("--form", choices=("dimension", "stages", "both"), default="both", help="of provstore's file")
    parser.add_argument("--folder", help="where the work is done (the system's temporary folder)")
    parser.add_argument("--write", metavar="FILE", help="also write the report to this file")
    return parser.parse_args(words)


def chosen(arguments: argparse.Namespace) -> list[Tool]:
    """The tools to run; one that is not installed is named on standard error, or an error when asked for."""
    tools = []
    for tool in TOOLS.values():
        name, _, form = tool.name.partition(" ")
        wanted = not arguments.tool or name in arguments.tool
        if not wanted or (form and arguments.form not in ("both", form.strip("()"))):
            continue
        if installed(tool):
            tools.append(tool)
        elif arguments.tool:
            raise SystemExit(f"{name} is not installed")
        else:
            print(f"{name} is not installed: left out", file=sys.stderr)
    return tools


def main(words: list[str] | None = None) -> None:
    """Runs what the command line asks for and prints the report."""
    arguments = parsed(words)
    tools = chosen(arguments)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        memory_floor = floor(base)
        finished = {shape: Rounds(work(shape, arguments.tasks), tools, base) for shape in arguments.shape or SHAPES}
        try:
            for number in range(1, arguments.rounds + 1):
                for shape, rounds in finished.items():
                    print(f"round {number} of {arguments.rounds}: {shape}", file=sys.stderr)
                    rounds.run_round(number)
        except FailedError as error:
            raise SystemExit(f"FAILED: {error}") from None
        report = page(arguments, finished, memory_floor)
    print(report, end="")
    if arguments.write:
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write(report)


if __name__ == "__main__":
    main()
