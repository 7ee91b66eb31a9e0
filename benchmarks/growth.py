"""How time and memory grow with the number of tasks: a straight line through what was measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from results import Key, Results

SHAPE = "wide"
SCENARIOS = ("cold, -j2", "cold, -j1", "nothing to do", "status", "one source changed", "a comment added",
             "all files touched")  # fmt: skip
TOOLS = ("provstore (dimension)", "provstore (stages)", "ninja", "doit")


class Line(NamedTuple):
    """value = start + each × tasks.

    Attributes:
        points: (tasks, value) that it was drawn through, ascending.
    """

    start: float
    each: float
    points: tuple[tuple[int, float], ...]


def line_through(points: Sequence[tuple[int, float]]) -> Line:
    """Least squares of the relative errors, so that small N count as much as large ones; two points at least."""
    weights = [1 / value**2 for _, value in points]
    total = sum(weights)
    mean_n = sum(w * n for w, (n, _) in zip(weights, points, strict=True)) / total
    mean_t = sum(w * t for w, (_, t) in zip(weights, points, strict=True)) / total
    spread = sum(w * (n - mean_n) ** 2 for w, (n, _) in zip(weights, points, strict=True))
    together = sum(w * (n - mean_n) * (t - mean_t) for w, (n, t) in zip(weights, points, strict=True))
    each = together / spread
    return Line(mean_t - each * mean_n, each, tuple(points))


def points_of(
    results: Results, tool: str, scenario: str, value: Callable[[Key], float | None]
) -> list[tuple[int, float]]:
    """(tasks, value) of a tool in a scenario, ascending."""
    keys = [key for key in results.keys(SHAPE) if key.tool == tool and key.scenario == scenario]
    found = {key.tasks: value(key) for key in keys}
    return [(tasks, number) for tasks, number in sorted(found.items()) if number]


def time_line(results: Results, tool: str, scenario: str) -> Line | None:
    """Wall time against tasks; None with fewer than three sizes."""
    points = points_of(results, tool, scenario, results.seconds)
    return line_through(points) if len(points) > 2 else None


def memory_line(results: Results, tool: str, scenario: str) -> Line | None:
    """Peak memory in bytes against tasks; None with fewer than three sizes."""
    points = points_of(results, tool, scenario, results.peak_memory)
    return line_through(points) if len(points) > 2 else None
