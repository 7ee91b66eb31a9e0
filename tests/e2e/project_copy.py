"""A copy of a project of this repository, and the installed `provstore` command in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sysconfig.get_path("scripts")
MADE = shutil.ignore_patterns(".provstore", "out", "my-first-pipeline", "__pycache__")  # what a run leaves behind
PATIENCE = 120  # seconds for one command


class Copy:
    """A project in a folder of its own, used by somebody with an empty home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder.parent / "home"
        home.mkdir(exist_ok=True)
        path = os.pathsep.join([SCRIPTS, os.environ.get("PATH", os.defpath)])
        self.environment = {"PATH": path, "HOME": str(home), "LANG": "C.UTF-8"}

    def shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """What a person types, in the project's folder."""
        return self._finished(["sh", "-c", command], self.environment)

    def provstore(self, *words: str, status: int = 0, **environment: str) -> str:
        """Standard output of a command that ends with `status`."""
        done = self._finished([str(Path(SCRIPTS) / "provstore"), *words], self.environment | environment)
        assert done.returncode == status, f"{words} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _finished(self, words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            check=False,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )

    def report(self, *words: str, status: int = 0, **environment: str) -> dict[str, Any]:
        """What a command says with ``--json``."""
        report = json.loads(self.provstore(*words, "--json", status=status, **environment))
        assert isinstance(report, dict)
        return report

    def asked(self, query: str) -> list[dict[str, Any]]:
        """Rows of the answer to a question to the store."""
        rows = json.loads(self.provstore("sql", query, "--json"))
        assert isinstance(rows, list)
        return rows

    def executed(self, *words: str, **environment: str) -> list[str]:
        """Names of the tasks that ``provstore run`` with these words executes, sorted."""
        tasks = self.report("run", *words, **environment)["tasks"]
        return sorted(task_name(task) for task in tasks if task["outcome"] == "executed")

    def store(self) -> bytes:
        """The store's file."""
        return (self.folder / ".provstore" / "store.db").read_bytes()

    def text(self, path: str) -> str:
        """A file of the project."""
        return (self.folder / path).read_text(encoding="utf-8")

    def append(self, path: str, text: str) -> None:
        """Adds to a file of the project."""
        with (self.folder / path).open("a", encoding="utf-8") as file:
            file.write(text)


def task_name(task: dict[str, Any]) -> str:
    """A task of a report as the command line spells it."""
    values = ",".join(f"{name}={value}" for name, value in task["data_id"].items())
    return f"{task['stage']}@{values}" if values else str(task["stage"])
