"""What was promised of speed, row by row, and whether it holds. Pure functions of the results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from results import Key, Results
from scenarios import BARE
from shapes import SHAPES, work
from special import FILES

DIMENSION, STAGES = "provstore (dimension)", "provstore (stages)"
OWN = {"wide": DIMENSION, "layered": STAGES, "chain": STAGES}
"""The form of provstore's file by which a shape is judged: as a person, or a generator, would write it."""

EACH_TASK = 0.003  # seconds for each task that runs
SAME = 1.15  # times its own: what counts as the same in the noise of a machine
MEMORY = {1_000: 45, 10_000: 100, 100_000: 300}  # MB
LINEAR = 1.25  # a task at the largest N may cost so many times what it costs at the smallest N of the row
QUESTION = 0.1  # seconds
BIG_FILE_NOTHING = 1.15


class Row(NamedTuple):
    """One target.

    Attributes:
        holds: None where a measure is missing.
    """

    work: str
    target: str
    measured: str
    holds: bool | None


def ms(seconds: float) -> str:
    """A time as people read it."""
    return f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def ratio_row(results: Results, work: str, key: Key, most: float, reference: Key, name: str) -> Row:
    """`key` takes at most `most` times as long as `reference`."""
    ours, theirs = results.seconds(key), results.seconds(reference)
    target = f"{most:g} × {name}" if most >= 0.1 else f"1/{1 / most:.0f} of {name}"
    if ours is None or theirs is None:
        return Row(work, target, "not measured", None)
    found = ours / theirs
    shown = f"{found:.2f}" if found >= 0.1 else f"1/{1 / found:.0f}"
    return Row(work, target, f"{shown} ({ms(ours)} : {ms(theirs)})", found <= most)


def limit_row(results: Results, work: str, key: Key, limit: float, target: str) -> Row:
    """`key` takes at most `limit` seconds."""
    ours = results.seconds(key)
    if ours is None:
        return Row(work, target, "not measured", None)
    return Row(work, target, ms(ours), ours <= limit)


def rows(results: Results) -> list[Row]:
    """Every target."""
    return [
        *starting(results),
        *nothing_to_do(results),
        *changes(results),
        *cold(results),
        *files(results),
        *questions(results),
        *memory(results),
    ]


def starting(results: Results) -> Iterator[Row]:
    """Against a bare interpreter."""
    bare = Key("start", 0, BARE, "start")
    version = Key("start", 0, "provstore --version", "start")
    yield ratio_row(results, "`--version`", version, 3, bare, f"`{BARE}`")
    ten = Key("wide", 10, DIMENSION, "nothing to do")
    yield ratio_row(results, "10 tasks, nothing to do", ten, 3, ten._replace(tool=BARE), f"`{BARE}`")


def nothing_to_do(results: Results) -> Iterator[Row]:
    """Against a bare interpreter, ninja, doit, Snakemake and DVC."""
    for shape in ("layered", "wide"):
        bare = Key(shape, 1_000, BARE, "nothing to do")
        for scenario in ("nothing to do", "status", "check", "run -n"):
            own = Key(shape, 1_000, OWN[shape], scenario)
            yield ratio_row(results, f"1,000 {shape}, {scenario}", own, 4, bare, f"`{BARE}`")
        own = Key(shape, 1_000, OWN[shape], "nothing to do")
        yield _against(results, own, 0.25, "doit")
    own = Key("layered", 1_000, STAGES, "nothing to do")
    yield _against(results, own, 1 / 50, "snakemake")
    yield _against(results, own, 1 / 300, "dvc")
    for shape in SHAPES:
        yield _against(results, Key(shape, 10_000, OWN[shape], "nothing to do"), 4, "ninja")
    yield _against(results, Key("wide", 10_000, DIMENSION, "nothing to do"), 0.12, "doit")
    yield _against(results, Key("wide", 100_000, DIMENSION, "nothing to do"), 5, "ninja")


def _against(results: Results, own: Key, most: float, tool: str) -> Row:
    """The same work and scenario by another tool."""
    return ratio_row(
        results, f"{own.tasks:,} {own.work}, {own.scenario}", own, most, own._replace(tool=tool), f"{tool}'s"
    )


def changes(results: Results) -> Iterator[Row]:
    """Against its own run with nothing to do."""
    for shape, tasks in (("layered", 1_000), ("layered", 10_000), ("wide", 1_000), ("wide", 10_000)):
        yield one_changed(results, shape, tasks)
    for shape, tasks in (("layered", 1_000), ("wide", 1_000), ("wide", 10_000)):
        own = Key(shape, tasks, OWN[shape], "nothing to do")
        for scenario, most in (("all files touched", 1.5), ("again, after the touch", SAME)):
            key = own._replace(scenario=scenario)
            yield ratio_row(results, f"{tasks:,} {shape}, {scenario}", key, most, own, "nothing to do")
    yield comment(results, 10_000)


def one_changed(results: Results, shape: str, tasks: int) -> Row:
    """Its own no-op and 3 ms for each task that runs."""
    own = Key(shape, tasks, OWN[shape], "nothing to do")
    no_op, ours = results.seconds(own), results.seconds(own._replace(scenario="one source changed"))
    name, target = f"{tasks:,} {shape}, one source changed", "nothing to do + 3 ms for each task that runs"
    if no_op is None or ours is None:
        return Row(name, target, "not measured", None)
    _, ran = work(shape, tasks).changed_source()
    allowed = no_op + ran * EACH_TASK
    shown = f"{ms(ours)}; {ms(no_op)} + {ran} × 3 ms = {ms(allowed)}"
    return Row(name, target, shown, ours <= allowed)


def comment(results: Results, tasks: int) -> Row:
    """Its own no-op and one parse."""
    own = Key("layered", tasks, STAGES, "nothing to do")
    parts = (
        results.seconds(own._replace(scenario="a comment added")),
        results.seconds(own),
        results.seconds(Key("layered", tasks, "tomllib", "one parse")),
        results.seconds(own._replace(tool=BARE)),
    )
    name, target = f"a comment added, {tasks:,} stages", "nothing to do + one parse by `tomllib`"
    if None in parts:
        return Row(name, target, "not measured", None)
    ours, no_op, parse, bare = (part or 0.0 for part in parts)
    allowed = no_op + parse - bare
    return Row(name, target, f"{ms(ours)}; {ms(no_op)} + {ms(parse - bare)} = {ms(allowed)}", ours <= allowed)


def cold(results: Results) -> Iterator[Row]:
    """Against ninja with the same -j; and a task costs the same however many there are."""
    for tasks in (1_000, 10_000):
        for shape in SHAPES:
            for scenario in ("cold, -j1", "cold, -j2"):
                yield _against(results, Key(shape, tasks, OWN[shape], scenario), 1.3, "ninja")
    for shape in SHAPES:
        yield linear(results, shape, "cold, -j2")
    yield linear(results, "wide", "nothing to do")


def linear(results: Results, shape: str, scenario: str) -> Row:
    """The cost of a task at the most tasks that were measured, against that at 1,000 tasks."""
    name, target = f"{shape}, {scenario}: a task's cost", f"at most {LINEAR:g} times that at 1,000 tasks"
    costs = {
        key.tasks: (results.seconds(key) or 0.0) / key.tasks
        for key in results.keys(shape)
        if key.tool == OWN[shape] and key.scenario == scenario and key.tasks >= 1_000
    }
    if len(costs) < 2:
        return Row(name, target, "not measured", None)
    least, most = min(costs), max(costs)
    found = costs[most] / costs[least]
    shown = f"{found:.2f} times at {most:,} ({costs[least] * 1e6:.0f} → {costs[most] * 1e6:.0f} µs)"
    return Row(name, target, shown, found <= LINEAR)


def files(results: Results) -> Iterator[Row]:
    """Big files and many."""
    for key in sorted(
        {key._replace(tool="", scenario="") for key in results.keys("big file")} or {Key("big file", 4096, "", "")}
    ):
        own = key._replace(tool="provstore", scenario="first digest")
        name = f"one file of {key.tasks / 1024:g} GiB"
        yield ratio_row(results, f"{name}, first digest", own, 1.2, own._replace(tool="b3sum"), "`b3sum`")
        own = own._replace(scenario="nothing to do")
        small = own._replace(tool="provstore, a small file")
        yield ratio_row(results, f"{name}, nothing to do", own, BIG_FILE_NOTHING, small, "with a small file")
    for count in sorted({key.tasks for key in results.keys("directory")} or {FILES}):
        own = Key("directory", count, "provstore", "first digest")
        name = f"a directory of {count:,} files"
        yield ratio_row(results, f"{name}, first digest", own, 1.5, own._replace(tool="loop"), "a loop that reads")
        own = own._replace(scenario="nothing to do")
        yield ratio_row(results, f"{name}, nothing to do", own, 2, own._replace(tool="loop"), "a loop that stats")
    yield from big_outputs(results)


def big_outputs(results: Results) -> Iterator[Row]:
    """What keeping a big output costs beyond recording it."""
    found = {(key.work, key.tasks) for key in results.measures if key.work.startswith("big output")}
    for name, mib in sorted(found or {("big output, here", 1024)}):
        kept = results.seconds(Key(name, mib, "provstore, objects = all", "cold"))
        recorded = results.seconds(Key(name, mib, "provstore, objects = none", "cold"))
        copied = results.seconds(Key(name, mib, "loop", "copy and digest"))
        reflinks = name.endswith(("btrfs", "xfs"))
        target = "as when it is not kept" if reflinks else "at most one copy with its digest by a loop more"
        if kept is None or recorded is None or copied is None:
            yield Row(f"{name}, {mib} MiB", target, "not measured", None)
            continue
        allowed = recorded * SAME if reflinks else recorded + copied
        shown = f"{ms(kept)}; not kept {ms(recorded)}, copy {ms(copied)}"
        yield Row(f"{name}, {mib} MiB", target, shown, kept <= allowed)


def questions(results: Results) -> Iterator[Row]:
    """Questions to a long history."""
    keys = [key for key in results.keys("history") if key.tool == "provstore"]
    for key in keys or [Key("history", 1_000_000, "provstore", "log")]:
        yield limit_row(results, f"`{key.scenario}`, {key.tasks:,} executions", key, QUESTION, f"{QUESTION:g} s")


def memory(results: Results) -> Iterator[Row]:
    """The most that provstore's largest process took, over all scenarios and shapes."""
    for tasks, limit in MEMORY.items():
        peaks = {
            key: results.peak_memory(key) or 0
            for key in results.measures
            if key.tasks == tasks and key.tool == OWN.get(key.work)
        }
        yield memory_row(tasks, limit, peaks.items())


def memory_row(tasks: int, limit: int, peaks: Iterable[tuple[Key, int]]) -> Row:
    """The most of all, and in which scenario it was."""
    name, target = f"peak memory, {tasks:,} tasks", f"{limit} MB"
    most = max(peaks, key=lambda entry: entry[1], default=None)
    if most is None:
        return Row(name, target, "not measured", None)
    key, peak = most
    return Row(name, target, f"{peak / 1e6:.0f} MB ({key.work}, {key.scenario})", peak <= limit * 1e6)
