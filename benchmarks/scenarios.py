"""The situations in which every tool is called, and the rounds in which that happens.

Rules: in each round every scenario is run by tool after tool, each in a folder of its own, so that a busy moment of
the machine hits all alike; the order of the tools turns from round to round. After every scenario all outputs are
compared with those of the first tool, byte for byte.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from measure import FailedError, TooLongError, measured
from results import Key, Results
from shapes import Work, outputs, write_source
from tools import Tool, fresh_folder, provstore_command

SETTLE = 0.03  # seconds between a change and what came before: well over a tick of any file system's clock

BARE = "python -c pass"
"""As the tables show a bare interpreter start; measured in turn with the tools that have nothing to do."""


class Scenario(NamedTuple):
    """One situation in which a tool is called.

    Attributes:
        prepare: (folder, work, tool's file, round) → changes the folder.
        jobs: Tasks at once.
        cold: Nothing was made yet, in a folder of its own; else it follows the scenario before.
        repeats: So often in a row, where a call leaves everything as it was.
        question: Words after "provstore"; other tools have no such command. (): every tool's own command.
    """

    name: str
    prepare: Callable[[str, Work, str, int], None]
    jobs: int = 1
    cold: bool = False
    repeats: int = 1
    question: tuple[str, ...] = ()


def nothing(folder: str, work: Work, file: str, number: int) -> None:
    """Leaves everything as it is."""


def change_one(folder: str, work: Work, file: str, number: int) -> None:
    """Gives the source from which the fewest steps follow other bytes."""
    source, _ = work.changed_source()
    write_source(folder, source, f"changed in round {number}")


def add_comment(folder: str, work: Work, file: str, number: int) -> None:
    """Adds a comment to the tool's file; every tool here has the same sign for it."""
    with open(os.path.join(folder, file), "a", encoding="utf-8") as text:
        text.write(f"\n# a remark in round {number}\n")


def touch_all(folder: str, work: Work, file: str, number: int) -> None:
    """Gives every source and every output one new time and leaves its bytes."""
    now = time.time_ns()
    for path in (*work.sources, *(step.output for step in work.steps)):
        os.utime(os.path.join(folder, path), ns=(now, now))


COLD_J2 = Scenario("cold, -j2", nothing, jobs=2, cold=True)
COLD_J1 = Scenario("cold, -j1", nothing, cold=True)
NOTHING = Scenario("nothing to do", nothing, repeats=5)
STATUS = Scenario("status", nothing, repeats=3, question=("status",))
CHECK = Scenario("check", nothing, repeats=3, question=("check",))
DRY_RUN = Scenario("run -n", nothing, repeats=3, question=("run", "-n"))
ONE_CHANGED = Scenario("one source changed", change_one)
COMMENT = Scenario("a comment added", add_comment)
TOUCHED = Scenario("all files touched", touch_all)
AFTER_TOUCH = Scenario("again, after the touch", nothing, repeats=3)
QUESTIONS = (STATUS, CHECK, DRY_RUN)
SCENARIOS = (COLD_J2, COLD_J1, NOTHING, *QUESTIONS, ONE_CHANGED, COMMENT, TOUCHED, AFTER_TOUCH)
"""In the order in which they follow each other."""


class Rounds:
    """Runs one work with some tools, again and again."""

    def __init__(
        self, work: Work, tasks: int, tools: Iterable[Tool], scenarios: Iterable[Scenario], base: str, results: Results
    ) -> None:
        self.work, self.tasks = work, tasks
        self.tools = [tool for tool in tools if tool.serves(work) and tasks <= tool.most]
        self.scenarios = tuple(scenarios)
        self.base = base
        self.results = results

    def run_round(self, number: int) -> None:
        """Every scenario with every tool that takes part in this round.

        Raises:
            FailedError: A tool failed, or did not make what it should.
        """
        turn = number % max(1, len(self.tools))
        tools = [tool for tool in (*self.tools[turn:], *self.tools[:turn]) if number <= tool.rounds]
        folders: dict[str, str] = {}
        for scenario in self.scenarios:
            taking_part = [tool for tool in tools if _applies(scenario, tool)]
            if scenario.cold:
                for tool in taking_part:
                    self._remove(folders.pop(tool.name, None))
                    folders[tool.name] = fresh_folder(self.base, tool, self.work)
            self._run(scenario, [tool for tool in taking_part if tool.name in folders], folders, number)
        for folder in folders.values():
            self._remove(folder)

    def _run(self, scenario: Scenario, tools: Iterable[Tool], folders: dict[str, str], number: int) -> None:
        """One scenario: the change with every tool, then tool after tool, then the comparison."""
        for tool in tools:
            scenario.prepare(folders[tool.name], self.work, tool.file, number)
        for repeat in range(scenario.repeats):
            for tool in tools:
                if repeat == 0 or tool.rounds > 1:  # once is enough of what takes very long
                    self._measure(scenario, tool, folders)
            if scenario is NOTHING:
                bare = Key(self.work.shape, self.tasks, BARE, scenario.name)
                self.results.add(bare, measured([sys.executable, "-c", "pass"], self.base))
        expected: list[bytes | None] | None = None
        for tool in tools:
            if tool.name in folders:
                found = outputs(folders[tool.name], self.work)
                expected = found if expected is None else expected
                self._compare(scenario, tool, found, expected)

    def _measure(self, scenario: Scenario, tool: Tool, folders: dict[str, str]) -> None:
        """One call. A tool that takes too long is out for the rest of the round."""
        if tool.name not in folders:
            return
        time.sleep(SETTLE)
        command = provstore_command(*scenario.question) if scenario.question else tool.command(scenario.jobs)
        try:
            measure = measured(command, folders[tool.name])
        except TooLongError as error:
            self.results.remarks.append(f"{self.work.shape}, {self.tasks} tasks, {scenario.name}: {error}.")
            self._remove(folders.pop(tool.name))
        else:
            self.results.add(Key(self.work.shape, self.tasks, tool.name, scenario.name), measure)

    def _compare(self, scenario: Scenario, tool: Tool, found: list[bytes | None], expected: list[bytes | None]) -> None:
        """Raises FailedError, naming the first output that is missing or has other bytes."""
        for step, ours, theirs in zip(self.work.steps, found, expected, strict=True):
            if ours is None or ours != theirs:
                what = "is missing" if ours is None else "is not what the first tool made"
                raise FailedError(f"{scenario.name}, {tool.name}: {step.output} {what}")

    def _remove(self, folder: str | None) -> None:
        if folder is not None:
            shutil.rmtree(folder)


def _applies(scenario: Scenario, tool: Tool) -> bool:
    if scenario.question:
        return tool.program == "provstore"
    return scenario.jobs == 1 or tool.parallel
