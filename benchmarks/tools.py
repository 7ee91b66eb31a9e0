"""How each tool is told what to do: its file, and the command line that brings everything up to date."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import NamedTuple

from shapes import Work


class Tool(NamedTuple):
    """One tool, or one way to use it.

    Attributes:
        file: Name of the file that describes the work.
        write: Work → the file's text.
        command: Number of parallel tasks → command line.
        parallel: It can run more than one task at once.
        serves: Work that it can describe.
    """

    name: str
    file: str
    write: Callable[[Work], str]
    command: Callable[[int], list[str]]
    parallel: bool = True
    serves: Callable[[Work], bool] = lambda work: True


def program(name: str) -> str | None:
    """Full path of a program: beside this interpreter, else along PATH."""
    return shutil.which(name, path=os.path.dirname(sys.executable)) or shutil.which(name)


def ninja_file(work: Work) -> str:
    """`build.ninja`: one rule that runs what it is given."""
    edges = [f"build {step.output}: sh {' '.join(step.inputs)}\n  command = {step.command}\n" for step in work.steps]
    return "rule sh\n  command = $command\n" + "".join(edges)


def makefile(work: Work) -> str:
    """`Makefile`: one rule for each step."""
    rules = [f"{step.output}: {' '.join(step.inputs)}\n\t@{step.command}\n" for step in work.steps]
    return f".PHONY: all-steps\nall-steps: {' '.join(step.output for step in work.steps)}\n" + "".join(rules)


def dodo_file(work: Work) -> str:
    """`dodo.py` for doit: one sub-task for each step."""
    tasks = [
        {"name": step.name, "actions": [step.command], "file_dep": list(step.inputs), "targets": [step.output]}
        for step in work.steps
    ]
    return f"import json\n\n\ndef task_step():\n    yield from json.loads({json.dumps(json.dumps(tasks))})\n"


def shell_script(work: Work) -> str:
    """All commands, one after the other: what the work costs without any tool."""
    return "set -e\n" + "".join(f"{step.command}\n" for step in work.steps)


def stages_file(work: Work) -> str:
    """`Pipelinefile.toml` with one stage for each step."""
    stages = [
        f"[stages.{step.name}]\nrun = {json.dumps(step.command)}\n"
        f"inputs = {json.dumps(step.inputs)}\noutputs = {json.dumps([step.output])}\n"
        for step in work.steps
    ]
    return "\n".join(stages)


DIMENSION_FILE = """\
[dimensions]
n = { from = "src/{n}.txt" }

[stages.each]
dimensions = ["n"]
run = "cksum {inputs.source} > {outputs.made}"
inputs.source = "src/{n}.txt"
outputs.made = "made/{n}.txt"

[stages.all]
run = "cat made/*.txt | cksum > {outputs.all}"
inputs.made = "made/{n}.txt"
outputs.all = "all.txt"
"""
"""The shape `wide` as a person would write it: one stage with a dimension, and one that gathers."""


def provstore_command(jobs: int) -> list[str]:
    """The `provstore` that belongs to this interpreter."""
    return [program("provstore") or "provstore", "run", "-j", str(jobs)]


def doit_command(jobs: int) -> list[str]:
    """doit starts worker processes for two tasks and more only."""
    return [sys.executable, "-m", "doit", "-v", "0", *(["-n", str(jobs)] if jobs > 1 else [])]


PROVSTORE = (
    Tool(
        "provstore (dimension)",
        "Pipelinefile.toml",
        lambda work: DIMENSION_FILE,
        provstore_command,
        serves=lambda work: work.dimension,
    ),
    Tool("provstore (stages)", "Pipelinefile.toml", stages_file, provstore_command),
)
OTHERS = (
    Tool("ninja", "build.ninja", ninja_file, lambda jobs: [program("ninja") or "ninja", "--quiet", "-j", str(jobs)]),
    Tool("make", "Makefile", makefile, lambda jobs: [program("make") or "make", "--silent", "-j", str(jobs)]),
    Tool("doit", "dodo.py", dodo_file, doit_command),
    Tool("shell", "script.sh", shell_script, lambda jobs: ["/bin/sh", "script.sh"], parallel=False),
)
TOOLS = {tool.name: tool for tool in (*OTHERS, *PROVSTORE)}


def installed(tool: Tool) -> bool:
    """Whether it can be called here."""
    if tool.name == "doit":
        return importlib.util.find_spec("doit") is not None
    return program(os.path.basename(tool.command(1)[0])) is not None
