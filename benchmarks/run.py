"""provstore beside ninja, make, tup, doit, SCons, Snakemake, DVC and a plain shell script, on the same work.

    python benchmarks/run.py --write docs/benchmarks.md        # all of it, about half an hour
    python benchmarks/run.py --quick                           # a first table, within three minutes
    python benchmarks/run.py --shape wide --tasks 5000 --rounds 3 --tool provstore --tool ninja

A command that fails, or outputs that differ, end the whole with exit status 1.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Sequence

import history
import plan
import plot
import special
from measure import LAUNCH, FailedError
from report import page, registry_section, with_registry
from results import Results
from shapes import SHAPES
from tools import TOOLS, Tool, unusable, version

MINUTES = 60.0
QUICK_MINUTES = 2.5
SPECIAL = ("start", "parse", "big-file", "directory", "outputs", "history")


def parsed(words: list[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, one round, no history of a million")
    parser.add_argument("--shape", action="append", choices=SHAPES, help="only this shape; may be repeated")
    parser.add_argument("--tasks", action="append", type=int, help="only this many tasks; may be repeated")
    parser.add_argument("--rounds", type=int, default=3, help="of each shape and size that is asked for (3)")
    parser.add_argument("--tool", action="append", choices=sorted({tool.program for tool in TOOLS.values()}))
    parser.add_argument("--special", action="append", choices=(*SPECIAL, "none"), help="only these special cases")
    parser.add_argument("--minutes", type=float, help=f"begin nothing new after this time ({MINUTES:g})")
    parser.add_argument("--folder", help="where the work is done (the system's temporary folder)")
    parser.add_argument("--write", metavar="FILE", help="write the page to this file, and the plot beside it")
    parser.add_argument("--results", metavar="FILE", help="also write every measure to this file, as JSON")
    parser.add_argument("--render", metavar="FILE", help="measure nothing: make the page from such a file")
    return parser.parse_args(words)


def chosen(names: Sequence[str] | None, base: str, results: Results) -> list[Tool]:
    """The tools that work here and are wanted; why the others are not there is a remark."""
    tools = []
    for tool in TOOLS.values():
        if names and tool.program not in names:
            continue
        reason = unusable(tool, base)
        if reason:
            results.remarks.append(f"{tool.name}: {reason}.")
            print(f"left out: {tool.name}: {reason}", file=sys.stderr)
        else:
            tools.append(tool)
    return tools


def describe(results: Results, tools: Sequence[Tool]) -> None:
    """The machine and the tools."""
    results.facts["machine"] = (
        f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors,"
        f" Python {platform.python_version()}"
    )
    for tool in tools:
        if said := version(tool):
            results.facts[tool.program] = said


def blocks_for(arguments: argparse.Namespace) -> Sequence[plan.Block]:
    """What to run: what was asked for, else the quick or the full plan."""
    if arguments.tasks or (arguments.shape and not arguments.quick):
        return plan.custom(arguments.shape, arguments.tasks or [1000], arguments.rounds)
    blocks = plan.QUICK if arguments.quick else plan.FULL
    return [block for block in blocks if not arguments.shape or block.shape in arguments.shape]


def special_cases(arguments: argparse.Namespace, results: Results, base: str) -> dict[str, Callable[[], None]]:
    """The special cases that are asked for; with sizes by which the quick ones end soon."""
    quick: bool = arguments.quick
    every: dict[str, Callable[[], None]] = {
        "start": lambda: special.start(results, base, 20),
        "parse": lambda: special.parse(results, base, 10_000, 3),
        "big-file": lambda: special.big_file(results, base, 256 if quick else 4096, 2 if quick else 3),
        "directory": lambda: special.directory(results, base, 2_000 if quick else special.FILES, 2 if quick else 3),
        "outputs": lambda: special.outputs(results, base, 64 if quick else 1024, 1 if quick else 3),
        "history": lambda: history.history(results, base, 10_000 if quick else 1_000_000, 5),
    }
    wanted = arguments.special or ([] if arguments.tasks or arguments.shape else SPECIAL)
    return {name: case for name, case in every.items() if name in wanted}


def measure(arguments: argparse.Namespace) -> Results:
    """Runs all that was asked for, special cases first: they are short."""
    results = Results()
    minutes = arguments.minutes or (QUICK_MINUTES if arguments.quick else MINUTES)
    deadline = time.monotonic() + 60 * minutes
    with tempfile.TemporaryDirectory(dir=arguments.folder) as base:
        tools = chosen(arguments.tool, base, results)
        describe(results, tools)
        for name, case in special_cases(arguments, results, base).items():
            if time.monotonic() > deadline:
                results.remarks.append(f"special case {name}: left out, the time was over.")
                continue
            print(f"{time.strftime('%H:%M:%S')} {name}", file=sys.stderr)
            case()
        if arguments.special and not arguments.tasks and not arguments.shape:
            return results
        plan.run_blocks(blocks_for(arguments), tools, base, results, deadline)
    return results


def write_page(results: Results, arguments: argparse.Namespace) -> str:
    """The page, and its picture beside it where there is something to draw."""
    picture = ""
    if arguments.write and plot.has_lines(results):
        picture = os.path.splitext(arguments.write)[0] + ".svg"
        try:
            plot.draw(results, picture)
        except ImportError:
            print("matplotlib is not installed: no plot", file=sys.stderr)
            picture = ""
    text = page(results, os.path.basename(picture))
    if arguments.write:
        if os.path.exists(arguments.write):
            with open(arguments.write, encoding="utf-8") as file:
                text = with_registry(text, registry_section(file.read()))
        with open(arguments.write, "w", encoding="utf-8") as file:
            file.write(text)
    return text


def main(words: list[str] | None = None) -> None:
    """Runs what the command line asks for and prints the report."""
    arguments = parsed(words)
    if arguments.render:
        with open(arguments.render, encoding="utf-8") as file:
            results = Results.from_json(file.read())
    else:
        try:
            results = measure(arguments)
        except FailedError as error:
            raise SystemExit(f"FAILED: {error}") from None
        finally:
            LAUNCH.stop()
        results.command = f"python benchmarks/run.py {shlex.join(words or sys.argv[1:])}".strip()
    if arguments.results:
        with open(arguments.results, "w", encoding="utf-8") as file:
            file.write(results.to_json())
    print(write_page(results, arguments), end="")
    if any(remark.startswith(plan.FAILED) for remark in results.remarks):
        raise SystemExit("a tool has failed: see the remarks")


if __name__ == "__main__":
    main()
