"""Results → `docs/benchmarks.md`. Pure functions to text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from growth import SCENARIOS as GROWING
from growth import SHAPE, TOOLS, Line, memory_line, time_line
from results import Key, Results
from scenarios import SCENARIOS
from shapes import SHAPES
from targets import Row, ms, rows

REFERENCE = "ninja"
REGISTRY = "## The registry"
NEXT = "\n## "
LAST = "\n## Not measured\n"
NAMES = [scenario.name for scenario in SCENARIOS]
HOLDS = {True: "yes", False: "**no**", None: "–"}


def table(head: Sequence[str], lines: Sequence[Sequence[str]], left: int = 1) -> Iterator[str]:
    """A Markdown table; the first `left` columns are text."""
    yield f"| {' | '.join(head)} |"
    yield "| " + " | ".join("---" if number < left else "---:" for number in range(len(head))) + " |"
    for line in lines:
        yield f"| {' | '.join(line)} |"


def page(results: Results, plot: str) -> str:
    """The whole report.

    Args:
        plot: Name of the picture beside the page; "" for none.
    """
    judged = rows(results)
    lines = [
        "# Benchmarks",
        "",
        f"Made by `{results.command}`, which makes every figure of this page again but those of the registry; what"
        " is measured, and how, stands in `benchmarks/README.md`. Times are wall times, medians over the rounds.",
        "",
        *(f"- {name}: {value}" for name, value in results.facts.items()),
        "",
        "## Targets",
        "",
        summary(judged),
        "",
        *table(("work", "at most", "measured", "holds"), [target_line(row) for row in judged], left=4),
    ]
    for shape in ("layered", "wide", "chain"):
        for tasks in sorted({key.tasks for key in results.keys(shape)}):
            if any(key.tool == REFERENCE or key.tool.startswith("provstore") for key in results.keys(shape, tasks)):
                lines += ["", f"## {shape}, {tasks:,} tasks", "", *shape_table(results, shape, tasks)]
    lines += growth_section(results, plot)
    lines += special_section(results)
    if results.remarks:
        lines += ["", "## Not measured", "", *(f"- {remark}" for remark in results.remarks)]
    return "\n".join(lines) + "\n"


def registry_section(text: str) -> str:
    """The section that `registry.py` has put into a page; "" where there is none."""
    _, mark, rest = text.partition(f"\n{REGISTRY}\n")
    return f"{REGISTRY}\n{rest.partition(NEXT)[0]}".rstrip("\n") + "\n" if mark else ""


def with_registry(text: str, section: str) -> str:
    """A page with this section, in place of the one that it has."""
    former = registry_section(text)
    bare = text.replace(former, "") if former else text
    head, mark, rest = bare.partition(LAST)
    return "\n\n".join(part.strip("\n") for part in (head, section, mark + rest) if part.strip("\n")) + "\n"


def summary(judged: Sequence[Row]) -> str:
    """How many hold."""
    found = [row.holds for row in judged]
    missing = f", {found.count(None)} were not measured" if None in found else ""
    return f"{found.count(True)} of {len(found)} hold, {found.count(False)} do not{missing}."


def target_line(row: Row) -> tuple[str, ...]:
    """One target."""
    return row.work, row.target, row.measured, HOLDS[row.holds]


def shape_table(results: Results, shape: str, tasks: int) -> Iterator[str]:
    """One work's medians in seconds with the ratio to ninja, CPU seconds, and the most memory."""
    keys = results.keys(shape, tasks)
    names = [name for name in NAMES if any(key.scenario == name for key in keys)]
    head = ("seconds (× ninja)", *names, "CPU, cold -j1", "CPU, nothing to do", "peak memory, MB")
    tools = dict.fromkeys(key.tool for key in sorted(keys, key=lambda key: not key.tool.startswith("provstore")))
    yield from table(head, [shape_line(results, Key(shape, tasks, tool, ""), names) for tool in tools])


def shape_line(results: Results, key: Key, names: Sequence[str]) -> list[str]:
    """One tool's row."""
    cells = [cell(results, key._replace(scenario=name)) for name in names]
    used = [results.cpu_seconds(key._replace(scenario=name)) for name in ("cold, -j1", "nothing to do")]
    peak = max(results.peak_memory(key._replace(scenario=name)) or 0 for name in names)
    return [key.tool, *cells, *("–" if value is None else f"{value:.3f}" for value in used), f"{peak / 1e6:.0f}"]


def cell(results: Results, key: Key) -> str:
    """``0.123 (4.5)``: seconds and ratio, to a tenth or two digits; a dash where the tool was not run."""
    seconds, theirs = results.seconds(key), results.seconds(key._replace(tool=REFERENCE))
    if seconds is None:
        return "–"
    if theirs is None:
        return f"{seconds:.3f}"
    ratio = seconds / theirs
    return f"{seconds:.3f} ({ratio:.1f})" if ratio >= 1 else f"{seconds:.3f} ({ratio:.2g})"


def growth_section(results: Results, plot: str) -> list[str]:
    """Time and memory against the number of tasks, with the constant for each task."""
    lines = []
    for tool in TOOLS:
        for scenario in GROWING:
            time = time_line(results, tool, scenario)
            memory = memory_line(results, tool, scenario)
            if time is not None and memory is not None:
                lines.append((tool, scenario, line_text(time), *memory_text(memory), sizes(time)))
    if not lines:
        return []
    head = ("tool", "scenario", "time", "memory", "each task", "measured at")
    picture = ["", f"![Time and memory against the number of tasks]({plot})"] if plot else []
    explained = f"Shape `{SHAPE}`; straight lines through all sizes that were measured, relative errors weighed alike."
    return ["", "## Growth", "", explained, *picture, "", *table(head, lines, left=2)]


def line_text(line: Line) -> str:
    """``0.051 s + 41 µs × N``."""
    return f"{line.start:.3f} s + {line.each * 1e6:,.1f} µs × N"


def memory_text(line: Line) -> tuple[str, str]:
    """``14 MB`` and ``310 B``."""
    return f"{line.start / 1e6:.0f} MB", f"{max(0.0, line.each):,.0f} B"


def sizes(line: Line) -> str:
    """``100–10,000``."""
    return f"{line.points[0][0]:,}–{line.points[-1][0]:,}"


def special_section(results: Results) -> list[str]:
    """What is no shape: start, files, history."""
    keys = [key for key in results.measures if key.work not in SHAPES or key.tool == "tomllib"]
    if not keys:
        return []
    lines = [special_line(results, key) for key in keys]
    head = ("work", "size", "tool", "scenario", "time", "CPU", "peak memory, MB")
    return ["", "## Special cases", "", *table(head, lines, left=4)]


def special_line(results: Results, key: Key) -> tuple[str, ...]:
    """One measure of a special case."""
    unit = " MiB" if key.work.startswith("big") else ""
    size = f"{key.tasks:,}{unit}" if key.tasks else ""
    seconds, cpu, peak = results.seconds(key), results.cpu_seconds(key), results.peak_memory(key)
    return (
        key.work, size, key.tool, key.scenario, ms(seconds or 0.0), ms(cpu or 0.0), f"{(peak or 0) / 1e6:.0f}",
    )  # fmt: skip
