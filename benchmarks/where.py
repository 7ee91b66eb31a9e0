"""Where the time of a cold run goes: start-up, reading, expanding, judging, and what the runner does for one task.

    python benchmarks/where.py                              # 1,000 layered tasks, one at a time
    python benchmarks/where.py --shape wide --jobs 2

Every part is timed by a clock around the function that does it, in the runner's own thread; what a part calls is taken
out of it. Waiting is what is left for the commands. The table is for reading, never for a test: the clocks cost a
little themselves.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from shapes import SHAPES, work, write_sources
from tools import stages_file

PARTS = (
    ("read the Pipelinefile", "provstore.project", "Project", "pipeline"),
    ("expand", "provstore.project", "Project", "_expand"),
    ("judge all tasks", "provstore.operations.verdicts", "Verdicts", "judge"),
    ("judge a task again", "provstore.operations.verdicts", "Verdicts", "judge_again"),
    ("prepare a task", "provstore.operations.engine", None, "prepare"),
    ("start its process (posix_spawn)", "provstore.executors.local", "LocalExecutor", "_spawn"),
    ("wait for commands", "provstore.executors.local", "LocalExecutor", "_sleep"),
    ("notice what ended", "provstore.executors.local", "LocalExecutor", "_look"),
    ("judge and record an end", "provstore.operations.engine", None, "conclude"),
    ("write to the store", "provstore.store.ledger", "Ledger", "write"),
)
"""What it is called, module, class, function."""


class Clock:
    """Time by part, what a part calls not counted."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {name: 0.0 for name, *_ in PARTS}
        self._inside: list[float] = []

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, timed."""

        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            self._inside.append(0.0)
            try:
                return function(*arguments, **named)
            finally:
                seconds = time.perf_counter() - began
                self.spent[name] += seconds - self._inside.pop()
                if self._inside:
                    self._inside[-1] += seconds

        return timed


def profile(jobs: int) -> None:
    """Runs the project in the present folder and prints the table's rows. Called in a fresh interpreter."""
    import importlib

    began = time.perf_counter()
    clock = Clock()
    for name, module, kind, function in PARTS:
        found = importlib.import_module(module)
        owner = found if kind is None else getattr(found, kind)
        setattr(owner, function, clock.around(name, getattr(owner, function)))
    from provstore.operations.run import RunRequest, run
    from provstore.project import Project

    imported = time.perf_counter()
    with Project.find(".") as project:
        report = run(project, RunRequest(jobs=jobs), lambda event: None)
    ended = time.perf_counter()
    never = [name for name, seconds in clock.spent.items() if not seconds]
    if never:
        raise SystemExit(f"never called, so it must have another name by now: {', '.join(never)}")
    tasks = report.summary["executed"]
    rest = ended - imported - sum(clock.spent.values())
    own = resource.getrusage(resource.RUSAGE_SELF)
    print("| part | ms in all | µs for one task |\n| --- | ---: | ---: |")
    for name, seconds in (("import", imported - began), *clock.spent.items(), ("all else", rest)):
        print(f"| {name} | {seconds * 1e3:.0f} | {seconds / tasks * 1e6:.0f} |")
    print(f"| **all of it** | {(ended - began) * 1e3:.0f} | {(ended - began) / tasks * 1e6:.0f} |")
    print(f"\nThe runner's own processor time: {own.ru_utime + own.ru_stime:.2f} s for {tasks} tasks.")


def main() -> None:
    """Makes the work in a temporary folder and profiles it there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="layered")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.here:
        profile(said.jobs)
        return
    with tempfile.TemporaryDirectory() as folder:
        chosen = work(said.shape, said.tasks)
        write_sources(folder, chosen)
        with open(os.path.join(folder, "Pipelinefile.toml"), "w", encoding="utf-8") as file:
            file.write(stages_file(chosen))
        again = [sys.executable, os.path.abspath(__file__), "--here", "--jobs", str(said.jobs)]
        subprocess.run(again, cwd=folder, check=True)


if __name__ == "__main__":
    main()
