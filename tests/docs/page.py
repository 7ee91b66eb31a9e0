"""A page of documentation as a script: its files are written, its commands typed, its output compared.

A block after ``<!-- file: NAME -->`` is a file; ``<!-- append: NAME -->`` adds to one. A block of ``console`` holds
commands after ``$``, each with what it prints, standard output and standard error as a terminal mixes them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds for one command

BLOCK = re.compile(
    r"(?:^<!-- (?P<kind>file|append): (?P<name>\S+) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S
)
CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{1,12}){1,4}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}[T ]\d{2}:?\d{2}:?\d{2}(\.\d+)?(Z| UTC)?"), "<time>"),
    (re.compile(r"\bprocess \d+ since [\d:]+"), "process <pid> since <time>"),
    (re.compile(r"\b\d+(\.\d+)? (ms|s)\b"), "<seconds>"),
)
"""What differs from one call to the next, and what stands for it when outputs are compared."""


class Step(NamedTuple):
    """One command of a page, and what the page says that it prints; or a file (`command` is empty)."""

    command: str
    output: str
    name: str = ""
    append: bool = False


def steps(text: str) -> Iterator[Step]:
    """Files and commands of a page, in order."""
    for block in BLOCK.finditer(text):
        if block["kind"]:
            yield Step("", block["body"], block["name"], block["kind"] == "append")
        elif block["language"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.M)[1:]:
                command, _, output = part.partition("\n")
                yield Step(command, output)


def alike(output: str) -> str:
    """The output without what differs from one call to the next."""
    for pattern, name in CHANGING:
        output = pattern.sub(name, output)
    return re.sub(r" +", " ", output)


class Reader:
    """Somebody who does what a page says, in a folder of their own, with an empty home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder.parent / "home"
        home.mkdir(exist_ok=True)
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
        self._environment = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}

    def write(self, step: Step) -> None:
        """Makes a file, or adds to it."""
        file = self.folder / step.name
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if step.append else "w", encoding="utf-8") as opened:
            opened.write(step.output)

    def type(self, command: str) -> str:
        """What a command prints, with a line ``[STATUS]`` where it ends with another one than 0."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert "Traceback" not in done.stdout, done.stdout
        return done.stdout.replace(str(self.folder), "…") + (f"[{done.returncode}]\n" if done.returncode else "")

    def play(self, text: str) -> Iterator[tuple[Step, str]]:
        """Each command of a page with what it really prints."""
        for step in steps(text):
            if step.command:
                yield step, self.type(step.command)
            else:
                self.write(step)


def links(text: str) -> list[str]:
    """Targets of the links in a page that lead to a place in this repository."""
    prose = BLOCK.sub("", text)
    return [target for target in re.findall(r"\]\(([^)\s]+)\)", prose) if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """What a link may name after ``#``: the headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
