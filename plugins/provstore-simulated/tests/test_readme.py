"""The example of the README: typed in order in an empty folder, it prints what the page shows."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from importlib.metadata import metadata
from pathlib import Path

BLOCK = re.compile(r"(?:^<!-- file: (?P<name>\S+) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
CHANGING = (
    (re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{1,12}){1,4}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d{2}-\d{2}\b"), "<date>"),
    (re.compile(r"\b\d+\.\d+ s\b"), "<seconds>"),
    (re.compile(r"\bblake3:[0-9a-f]{12}"), "<digest>"),  # FITS files of other versions of astropy may differ
    (re.compile(r" +"), " "),
)
"""What differs from one call to the next, and what stands for it."""


def page() -> str:
    """The README: beside these tests, else as the package has it that is installed."""
    file = Path(__file__).parents[1] / "README.md"
    return file.read_text(encoding="utf-8") if file.exists() else str(metadata("provstore-simulated").get_payload())


def alike(output: str) -> str:
    """The output without what differs from one call to the next."""
    for pattern, name in CHANGING:
        output = pattern.sub(name, output)
    return output


def typed(folder: Path, command: str) -> str:
    """What a command prints, with a line ``[STATUS]`` where it ends with another one than 0."""
    (folder / "home").mkdir(exist_ok=True)
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env={"PATH": path, "HOME": str(folder / "home"), "LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout.replace(str(folder), "…") + (f"[{done.returncode}]\n" if done.returncode else "")


def test_the_example_is_what_happens(tmp_path: Path) -> None:
    """Two exposures by six detectors are ingested, found, read and subtracted, and the lineage leads to their files."""
    count = 0
    for block in BLOCK.finditer(page()):
        if block["name"]:
            file = tmp_path / block["name"]
            file.parent.mkdir(exist_ok=True)
            file.write_text(block["body"], encoding="utf-8")
        elif block["language"] == "console":
            for part in re.split(r"^\$ ", block["body"], flags=re.M)[1:]:
                command, _, shown = part.partition("\n")
                printed = typed(tmp_path, command)
                count += 1

                assert alike(printed) == alike(shown), f"$ {command}"
    assert count > 10
