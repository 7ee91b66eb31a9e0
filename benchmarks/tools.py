"""How each tool is told what to do: its file, and the command line that brings everything up to date."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import NamedTuple

from measure import FailedError, measured
from shapes import Work, outputs, work, write_sources

ANY = 10**9


class Tool(NamedTuple):
    """One tool, or one way to use it.

    Attributes:
        name: As the tables show it; the first word is the program.
        file: Name of the file that describes the work.
        write: Work → the file's text.
        command: Number of parallel tasks → command line.
        prepare: Command line to call once in a fresh folder, before what is measured; () for none.
        parallel: It can run more than one task at once.
        serves: Work that it can describe.
        most: Tasks beyond which it is not run: it would take too long.
        rounds: So often at most.
        version: Words after the program that make it say its version; () for one that can't.
    """

    name: str
    file: str
    write: Callable[[Work], str]
    command: Callable[[int], list[str]]
    prepare: tuple[str, ...] = ()
    parallel: bool = True
    serves: Callable[[Work], bool] = lambda work: True
    most: int = ANY
    rounds: int = ANY
    version: tuple[str, ...] = ("--version",)

    @property
    def program(self) -> str:
        """The name on the command line of the benchmark; both forms of provstore have one."""
        return self.name.partition(" ")[0]


def program(name: str) -> str:
    """Full path of a program: beside this interpreter, else along PATH; the bare name where it is nowhere."""
    beside = shutil.which(name, path=os.path.dirname(sys.executable))
    return beside or shutil.which(name) or name


def lists(work: Work) -> list[tuple[str, list[str], str, str]]:
    """(name, inputs, output, command) of each step, for files that are programs."""
    return [(step.name, list(step.inputs), step.output, step.command) for step in work.steps]


def ninja_file(work: Work) -> str:
    """`build.ninja`: one rule that runs what it is given."""
    edges = [f"build {step.output}: sh {' '.join(step.inputs)}\n  command = {step.command}\n" for step in work.steps]
    return "rule sh\n  command = $command\n" + "".join(edges)


def makefile(work: Work) -> str:
    """`Makefile`: one rule for each step."""
    rules = [f"{step.output}: {' '.join(step.inputs)}\n\t@{step.command}\n" for step in work.steps]
    return f".PHONY: all-steps\nall-steps: {' '.join(step.output for step in work.steps)}\n" + "".join(rules)


def tupfile(work: Work) -> str:
    """`Tupfile`: one line for each step."""
    return "".join(f": {' '.join(step.inputs)} |> {step.command} |> {step.output}\n" for step in work.steps)


def dodo_file(work: Work) -> str:
    """`dodo.py` for doit: one sub-task for each step."""
    tasks = [
        {"name": step.name, "actions": [step.command], "file_dep": list(step.inputs), "targets": [step.output]}
        for step in work.steps
    ]
    return f"import json\n\n\ndef task_step():\n    yield from json.loads({json.dumps(json.dumps(tasks))})\n"


def snakefile(work: Work) -> str:
    """`Snakefile`: one rule for each step, and the first asks for all."""
    targets = ", ".join(json.dumps(step.output) for step in work.steps)
    rules = [
        f"rule {step.name}_:\n    input: {', '.join(json.dumps(path) for path in step.inputs)}\n"
        f"    output: {json.dumps(step.output)}\n    shell: {json.dumps(step.command)}\n"
        for step in work.steps
    ]
    return f"rule everything:\n    input: {targets}\n\n" + "\n".join(rules)


def dvc_file(work: Work) -> str:
    """`dvc.yaml`: one stage for each step."""
    stages = [
        f"  {step.name}:\n    cmd: {json.dumps(step.command)}\n    deps: {json.dumps(step.inputs)}\n"
        f"    outs: {json.dumps([step.output])}\n"
        for step in work.steps
    ]
    return "stages:\n" + "".join(stages)


def sconstruct(work: Work) -> str:
    """`SConstruct`: one command for each step; content decides, as it does by default."""
    return (
        "import json\n\nenv = Environment()\n"
        f"for _, inputs, output, command in json.loads({json.dumps(json.dumps(lists(work)))}):\n"
        "    env.Command(output, inputs, command)\n"
    )


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


def provstore_command(*words: str) -> list[str]:
    """The `provstore` that belongs to this interpreter."""
    return [program("provstore"), *words]


def provstore_run(jobs: int) -> list[str]:
    """Bring everything up to date."""
    return provstore_command("run", "-j", str(jobs))


def doit_command(jobs: int) -> list[str]:
    """doit starts worker processes for two tasks and more only."""
    return [program("doit"), "-v", "0", *(["-n", str(jobs)] if jobs > 1 else [])]


DIMENSION = Tool(
    "provstore (dimension)", "Pipelinefile.toml", lambda work: DIMENSION_FILE, provstore_run,
    serves=lambda work: work.dimension,
)  # fmt: skip
STAGES = Tool("provstore (stages)", "Pipelinefile.toml", stages_file, provstore_run, most=30_000)
PEERS = (
    Tool("shell", "script.sh", shell_script, lambda jobs: ["/bin/sh", "script.sh"], parallel=False, most=1_000,
         version=()),
    Tool("ninja", "build.ninja", ninja_file, lambda jobs: [program("ninja"), "--quiet", "-j", str(jobs)]),
    Tool("make", "Makefile", makefile, lambda jobs: [program("make"), "--silent", "-j", str(jobs)], most=1_000),
    Tool("tup", "Tupfile", tupfile, lambda jobs: [program("tup"), "--quiet", f"-j{jobs}"], most=1_000,
         prepare=(program("tup"), "init")),
    Tool("doit", "dodo.py", dodo_file, doit_command, most=10_000),
    Tool("scons", "SConstruct", sconstruct, lambda jobs: [program("scons"), "-Q", "-s", "-j", str(jobs)], most=1_000,
         rounds=1),
    Tool("snakemake", "Snakefile", snakefile,
         lambda jobs: [program("snakemake"), "--quiet", "all", "--cores", str(jobs)], most=1_000, rounds=1),
    Tool("dvc", "dvc.yaml", dvc_file, lambda jobs: [program("dvc"), "repro", "--quiet"], most=1_000, rounds=1,
         prepare=(program("dvc"), "init", "--no-scm", "--quiet"), parallel=False),
)  # fmt: skip
TOOLS = {tool.name: tool for tool in (*PEERS, DIMENSION, STAGES)}


def fresh_folder(base: str, tool: Tool, work: Work) -> str:
    """A new folder with the sources and the tool's file, in which nothing was made yet."""
    folder = tempfile.mkdtemp(dir=base)
    write_sources(folder, work)
    with open(os.path.join(folder, tool.file), "w", encoding="utf-8") as file:
        file.write(tool.write(work))
    if tool.prepare:
        measured(list(tool.prepare), folder)
    return folder


def unusable(tool: Tool, base: str) -> str:
    """Why a tool can't be used here; "" when it does a small piece of work as it should."""
    name = tool.command(1)[0]
    if shutil.which(name) is None:
        return "not installed"
    small = work("wide", 2)
    try:
        folder = fresh_folder(base, tool, small)
        measured(tool.command(1), folder)
    except FailedError as error:
        return f"does not work here: {str(error).strip().splitlines()[-1]}"
    return "" if None not in outputs(folder, small) else "does not make its outputs"


def version(tool: Tool) -> str:
    """First line of what a tool says about itself; "" for one that says nothing."""
    if not tool.version:
        return ""
    answer = subprocess.run([tool.command(1)[0], *tool.version], capture_output=True, text=True, check=False)
    lines = [line.strip() for line in answer.stdout.splitlines() if any(char.isdigit() for char in line)]
    return lines[0].removeprefix(tool.program).strip() if lines else ""
