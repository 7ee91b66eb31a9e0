"""All that was measured: by work, number of tasks, tool and scenario."""

from __future__ import annotations

import json
import statistics
from typing import NamedTuple

from measure import Measure


class Key(NamedTuple):
    """What a measure is of.

    Attributes:
        work: A shape, or the name of a special case.
        tasks: Their number; of a special case with files: their number, or their size in MiB.
        tool: As the tables show it.
        scenario: What had happened before, or what is asked.
    """

    work: str
    tasks: int
    tool: str
    scenario: str


class Results:
    """Measures, and what else is said about them.

    Attributes:
        measures: In the order in which they were taken.
        command: Line that made them.
        facts: What the page tells of the machine, the tools and the work; texts and numbers by name.
        remarks: What could not be measured and why, in sentences.
    """

    def __init__(self) -> None:
        self.measures: dict[Key, list[Measure]] = {}
        self.command = ""
        self.facts: dict[str, str | float] = {}
        self.remarks: list[str] = []

    def add(self, key: Key, measure: Measure) -> None:
        """Adds one measure."""
        self.measures.setdefault(key, []).append(measure)

    def seconds(self, key: Key) -> float | None:
        """Median wall time; None where nothing was measured."""
        found = self.measures.get(key)
        return None if found is None else statistics.median(measure.seconds for measure in found)

    def cpu_seconds(self, key: Key) -> float | None:
        """Median of user and system time."""
        found = self.measures.get(key)
        return None if found is None else statistics.median(measure.cpu_seconds for measure in found)

    def peak_memory(self, key: Key) -> int | None:
        """Bytes, the most of all rounds."""
        found = self.measures.get(key)
        return None if found is None else max(measure.peak_memory for measure in found)

    def keys(self, work: str, tasks: int | None = None) -> list[Key]:
        """What was measured of a work."""
        return [key for key in self.measures if key.work == work and tasks in (None, key.tasks)]

    def to_json(self) -> str:
        """Everything, to be rendered again without measuring."""
        measures = [[*key, [list(measure) for measure in found]] for key, found in self.measures.items()]
        saved = {"command": self.command, "facts": self.facts, "remarks": self.remarks, "measures": measures}
        return json.dumps(saved, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Results:
        """The inverse of `to_json`."""
        saved = json.loads(text)
        results = cls()
        for *key, found in saved["measures"]:
            results.measures[Key(*key)] = [Measure(*measure) for measure in found]
        results.command, results.facts, results.remarks = saved["command"], saved["facts"], saved["remarks"]
        return results
