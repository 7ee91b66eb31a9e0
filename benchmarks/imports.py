"""What importing a module costs: behind the decisions on dependencies and on named tuples.

    python benchmarks/imports.py                     # the modules that decision records speak of
    python benchmarks/imports.py typer rustworkx     # others, where they are installed

Each figure is the median wall time of a fresh interpreter that imports the module and ends; rounds are
interleaved, so that a busy moment hits all modules alike. The first line is a bare interpreter.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import time

MODULES = (
    "argparse",
    "click",
    "dataclasses",
    "typing",
    "collections",
    "json",
    "sqlite3",
    "tomllib",
    "subprocess",
    "importlib.metadata",
    "blake3",
    "pluggy",
    "networkx",
    "graphlib",
    "graphviz",
    "h5py",
    "numpy",
    "rich.live",
    "rich.table",
    "tomli_w",
)


def seconds(module: str) -> float:
    """Wall time of one interpreter that imports `module`; an empty name imports nothing."""
    code = f"import {module}" if module else "pass"
    begin = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-c", code], os.environ)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    elapsed = time.perf_counter() - begin
    if status != 0:
        raise SystemExit(f"{code}: exit status {status}")
    return elapsed


def modules_loaded(module: str) -> int:
    """How many modules an interpreter holds after the import."""
    code = f"{f'import {module}' if module else 'pass'}; import sys; print(len(sys.modules))"
    with os.popen(f'"{sys.executable}" -I -c "{code}"') as answer:
        return int(answer.read())


def main() -> None:
    """Prints one line for each module, the cheapest first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help="modules to import, each in a fresh interpreter")
    parser.add_argument("--rounds", type=int, default=20, help="interpreters for each module (20)")
    arguments = parser.parse_args()
    missing = [name for name in arguments.modules if importlib.util.find_spec(name.partition(".")[0]) is None]
    for name in missing:
        print(f"{name}: not installed", file=sys.stderr)
    names = ["", *(name for name in arguments.modules if name not in missing)]
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(arguments.rounds):
        for name in names:
            times[name].append(seconds(name))
    bare = statistics.median(times[""])
    print(f"{'import':<20} {'ms':>7} {'over bare':>10} {'modules':>8}")
    for name in sorted(names, key=lambda name: statistics.median(times[name])):
        median = statistics.median(times[name])
        print(f"{name or '(nothing)':<20} {median * 1e3:7.1f} {(median - bare) * 1e3:10.1f} {modules_loaded(name):8}")


if __name__ == "__main__":
    main()
