"""The work that every tool is given: plain commands on small files, in three shapes.

Rules: the same shape and number always give the same files and commands; a command writes only its output;
what it writes depends on its inputs alone, so the bytes are equal whichever tool ran it.
"""

from __future__ import annotations

import os
import random
from typing import NamedTuple

SOURCE_SIZE = 1024  # bytes in each source file
SHAPES = ("wide", "chain", "layered")
INPUTS = 3  # of each task of `layered`


class Step(NamedTuple):
    """One command.

    Attributes:
        inputs: Relative paths that it reads.
        output: Relative path that it makes.
        command: Text for `sh`.
    """

    name: str
    inputs: tuple[str, ...]
    output: str
    command: str


class Work(NamedTuple):
    """All that a tool has to do.

    Attributes:
        sources: Relative paths of files that are there before.
        steps: In an order in which a script could run them.
        dimension: Every step but the last is the same command on another number, so that one stage with a
            dimension says it all.
    """

    shape: str
    sources: tuple[str, ...]
    steps: tuple[Step, ...]
    dimension: bool

    def changed_source(self) -> tuple[str, int]:
        """The source from which the fewest steps follow, one at least, and their number: what a small edit costs."""
        readers: dict[str, list[Step]] = {}
        for step in self.steps:
            for path in step.inputs:
                readers.setdefault(path, []).append(step)
        best, fewest = "", len(self.steps) + 1
        for source in self.sources:
            found: set[str] = set()
            waiting = [source]
            while waiting and len(found) < fewest:
                new = [step.output for step in readers.get(waiting.pop(), ()) if step.output not in found]
                found.update(new)
                waiting += new
            if 0 < len(found) < fewest:
                best, fewest = source, len(found)
        return best, fewest


def digits(number: int) -> str:
    """A number as it stands in file names."""
    return f"{number:05d}"


def checksums(number: int, inputs: tuple[str, ...]) -> Step:
    """The step `number`: checksums of its inputs, into a file of its own."""
    output = f"made/{digits(number)}.txt"
    return Step(f"s{digits(number)}", inputs, output, f"cksum {' '.join(inputs)} > {output}")


def wide(tasks: int) -> Work:
    """`tasks` independent steps with a source each, and one that reads all they make."""
    sources = tuple(f"src/{digits(number)}.txt" for number in range(tasks))
    steps = [checksums(number, (source,)) for number, source in enumerate(sources)]
    made = tuple(step.output for step in steps)
    return Work(
        "wide", sources, (*steps, Step("all", made, "all.txt", "cat made/*.txt | cksum > all.txt")), dimension=True
    )


def chain(tasks: int) -> Work:
    """Each step reads what the one before it made."""
    source = f"src/{digits(0)}.txt"
    steps = [checksums(0, (source,))]
    while len(steps) < tasks:
        steps.append(checksums(len(steps), (steps[-1].output,)))
    return Work("chain", (source,), tuple(steps), dimension=False)


def layered(tasks: int) -> Work:
    """Ten layers; each step reads `INPUTS` files of the layer before, drawn at random from a fixed seed."""
    dice = random.Random(42)
    width = max(INPUTS, tasks // 10)
    sources = tuple(f"src/{digits(number)}.txt" for number in range(width))
    steps: list[Step] = []
    below: tuple[str, ...] = sources
    while len(steps) < tasks:
        layer = [
            checksums(number, tuple(sorted(dice.sample(below, min(INPUTS, len(below))))))
            for number in range(len(steps), min(len(steps) + width, tasks))
        ]
        steps += layer
        below = tuple(step.output for step in layer)
    return Work("layered", sources, tuple(steps), dimension=False)


def work(shape: str, tasks: int) -> Work:
    """The work of a shape, by name."""
    return {"wide": wide, "chain": chain, "layered": layered}[shape](tasks)


def write_sources(folder: str, work: Work) -> None:
    """Makes the source files, each with bytes of its own."""
    os.makedirs(os.path.join(folder, "src"))
    os.makedirs(os.path.join(folder, "made"))
    for source in work.sources:
        write_source(folder, source, source)


def write_source(folder: str, source: str, seed: str) -> None:
    """Fills one source file with bytes that follow from `seed`."""
    with open(os.path.join(folder, source), "wb") as file:
        file.write(random.Random(seed).randbytes(SOURCE_SIZE))


def outputs(folder: str, work: Work) -> list[bytes | None]:
    """What each step made; None where it made nothing."""
    found: list[bytes | None] = []
    for step in work.steps:
        try:
            with open(os.path.join(folder, step.output), "rb") as file:
                found.append(file.read())
        except FileNotFoundError:
            found.append(None)
    return found
