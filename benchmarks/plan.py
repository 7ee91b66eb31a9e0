"""What is run, in which order: blocks of one work each. The important ones come first, for when time runs out."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from measure import FailedError
from results import Results
from scenarios import (
    AFTER_TOUCH,
    COLD_J1,
    COLD_J2,
    COMMENT,
    NOTHING,
    ONE_CHANGED,
    QUESTIONS,
    SCENARIOS,
    TOUCHED,
    Rounds,
    Scenario,
)
from shapes import SHAPES, work
from tools import Tool

FAILED = "FAILED"
"""Beginning of a remark about a tool that did not do its work."""


class Block(NamedTuple):
    """One work, with those tools that can do it and are wanted.

    Attributes:
        tools: Names of programs, or of one form of provstore's file; () for all.
        rounds: So often; some tools take part in the first only.
    """

    shape: str
    tasks: int
    rounds: int
    scenarios: tuple[Scenario, ...]
    tools: tuple[str, ...] = ()

    def wants(self, tool: Tool) -> bool:
        """This tool is one of those; whether it can do the work is not asked."""
        return not self.tools or tool.program in self.tools or tool.name in self.tools


COLD_AND_NOTHING = (COLD_J2, COLD_J1, NOTHING)
QUICK_TOOLS = ("provstore", "ninja", "make", "tup", "doit", "scons", "shell")
SLOW_TOOLS = ("snakemake", "dvc")
AS_A_PERSON = ("provstore (dimension)", "ninja")

FULL = (
    Block("wide", 10, 5, COLD_AND_NOTHING, AS_A_PERSON),
    Block("layered", 1_000, 3, SCENARIOS, QUICK_TOOLS),
    Block("wide", 1_000, 3, SCENARIOS, QUICK_TOOLS),
    Block("chain", 1_000, 3, COLD_AND_NOTHING, ("provstore", "ninja", "make", "doit")),
    Block("wide", 10_000, 1, (COLD_J2, COLD_J1, NOTHING, ONE_CHANGED, TOUCHED, AFTER_TOUCH), AS_A_PERSON),
    Block("wide", 10_000, 1, (COLD_J1, NOTHING), ("doit",)),
    Block("layered", 10_000, 1, (COLD_J2, COLD_J1, NOTHING, *QUESTIONS, ONE_CHANGED, COMMENT), ("provstore", "ninja")),
    Block("chain", 10_000, 1, COLD_AND_NOTHING, ("provstore", "ninja")),
    Block("wide", 100, 3, SCENARIOS, (*AS_A_PERSON, "doit")),
    Block("wide", 300, 3, SCENARIOS, (*AS_A_PERSON, "doit")),
    Block("wide", 3_000, 1, SCENARIOS, (*AS_A_PERSON, "doit")),
    Block("wide", 30_000, 1, (COLD_J2, NOTHING, ONE_CHANGED), AS_A_PERSON),
    Block("layered", 1_000, 1, (COLD_J1, NOTHING), SLOW_TOOLS),
    Block("wide", 100_000, 1, (COLD_J2, NOTHING, ONE_CHANGED), AS_A_PERSON),
)
"""What `docs/benchmarks.md` is made of."""

QUICK = (
    Block("wide", 10, 3, COLD_AND_NOTHING, ("provstore", "ninja")),
    Block("layered", 1_000, 1, SCENARIOS, ("provstore", "ninja", "doit", "make", "tup")),
    Block("wide", 1_000, 1, SCENARIOS, ("provstore", "ninja", "doit")),
    Block("chain", 1_000, 1, COLD_AND_NOTHING, ("provstore", "ninja")),
    Block("wide", 100, 1, SCENARIOS, ("provstore", "ninja", "doit")),
    Block("wide", 300, 1, SCENARIOS, ("provstore", "ninja", "doit")),
)
"""A first look, within three minutes."""


def custom(shapes: Sequence[str], sizes: Sequence[int], rounds: int) -> list[Block]:
    """A block for each shape and size that was asked for, with every scenario."""
    return [Block(shape, tasks, rounds, SCENARIOS) for shape in shapes or SHAPES for tasks in sizes]


def run_blocks(blocks: Iterable[Block], tools: Sequence[Tool], base: str, results: Results, deadline: float) -> None:
    """Runs block after block until all are done or the time is over; what is left out is a remark.

    Args:
        deadline: On the clock of `time.monotonic`.

    A tool that fails, or does not make what it should, ends its block and is a remark that begins with `FAILED`.
    """
    for block in blocks:
        chosen = [tool for tool in tools if block.wants(tool)]
        rounds = Rounds(work(block.shape, block.tasks), block.tasks, chosen, block.scenarios, base, results)
        most = min(block.rounds, max((tool.rounds for tool in rounds.tools), default=0))
        for number in range(1, most + 1):
            name = f"{block.shape}, {block.tasks} tasks, round {number} of {most}"
            if time.monotonic() > deadline:
                results.remarks.append(f"{name}: left out, the time was over.")
                continue
            print(f"{time.strftime('%H:%M:%S')} {name}: {', '.join(tool.name for tool in rounds.tools)}",
                  file=sys.stderr)  # fmt: skip
            try:
                rounds.run_round(number)
            except FailedError as error:  # hours of other measures are not thrown away for it
                results.remarks.append(f"{FAILED} {name}: {error}")
                break
