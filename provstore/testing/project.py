"""A project built from a dict of files, and the installed `provstore` in the hands of somebody with an empty home.

Every call claims that no traceback is shown.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

PROVSTORE = str(Path(sysconfig.get_path("scripts")) / "provstore")
PATIENCE = 60
"""Seconds for one command."""


class Done(NamedTuple):
    """How a command ended.

    Attributes:
        status: Its exit status; below 0, the signal that ended it.
        out, err: What it printed.
    """

    status: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What it printed with ``--json``."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def outcomes(self) -> dict[str, str]:
        """Outcome, or state, of each task by its name; after ``run --json`` or ``status --json``."""
        return {task_name(task): task.get("outcome") or task["state"] for task in self.report["tasks"]}

    @property
    def executed(self) -> list[str]:
        """Names of the tasks that were executed, sorted; after ``run --json``."""
        return sorted(name for name, outcome in self.outcomes.items() if outcome == "executed")

    @property
    def restored(self) -> list[str]:
        """Names of the tasks whose outputs were restored, sorted; after ``run --json``."""
        return sorted(name for name, outcome in self.outcomes.items() if outcome == "restored")

    def reasons(self, task: str) -> list[str]:
        """Texts of a task's reasons."""
        found = next(entry for entry in self.report["tasks"] if task_name(entry) == task)
        return [reason["text"] for reason in found["reasons"]]


class Project:
    """A project in a folder, which is made.

    Args:
        files: Path → text or bytes; a path that ends in "/" is an empty folder.
        home: The home of whoever types; else an empty one beside the folder.

    Attributes:
        root: The folder.
        environment: All variables that commands see.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, str | bytes] | None = None, *, home: Path | None = None
    ) -> None:
        self.root = folder
        self.home = home or folder.parent / "home"
        self.home.mkdir(exist_ok=True)
        path = os.pathsep.join([os.path.dirname(PROVSTORE), os.environ.get("PATH", os.defpath)])
        self.environment = {"PATH": path, "HOME": str(self.home), "LANG": "C.UTF-8"}
        self.root.mkdir(parents=True, exist_ok=True)
        for name, content in (files or {}).items():
            self.write(name, content)

    # --- files ----------------------------------------------------------------------------------------

    def write(self, path: str, content: str | bytes = "") -> None:
        """Writes a file, and the folders above it."""
        full = self.root / path
        if path.endswith("/"):
            full.mkdir(parents=True, exist_ok=True)
            return
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path: str) -> str:
        """Text of a file."""
        return (self.root / path).read_text(encoding="utf-8")

    def exists(self, path: str) -> bool:
        """There is something at the path, a broken link included."""
        return os.path.lexists(self.root / path)

    def remove(self, path: str) -> None:
        """Removes a file, or a folder with all that is in it."""
        full = self.root / path
        if full.is_dir() and not full.is_symlink():
            shutil.rmtree(full)
        else:
            full.unlink()

    def files(self) -> dict[str, bytes]:
        """Every file outside of `.provstore`, by path."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".provstore" not in path.relative_to(self.root).parts
        }

    # --- commands -------------------------------------------------------------------------------------

    def start(
        self,
        *words: str,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        before: Sequence[str] = (),
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Starts a command. `before`: words before it, such as ``setpriv``; `env`: None takes a variable away."""
        return subprocess.Popen(
            [*before, PROVSTORE, *words],
            cwd=cwd or self.root,
            env=self._environment_with(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[bytes], status: int | None = 0) -> Done:
        """Waits for a command; None: it may end with any status."""
        out, err = process.communicate(timeout=PATIENCE)
        return ended(process.args, process.returncode, out, err, status)

    def _environment_with(self, env: Mapping[str, str | None] | None) -> dict[str, str]:
        """What a command sees; of `env`, None takes a variable away."""
        changed = {**self.environment, **(env or {})}
        return {name: value for name, value in changed.items() if value is not None}

    def provstore(self, *words: str, status: int | None = 0, **how: Any) -> Done:  # noqa: ANN401
        """Runs a command to its end: ``project.provstore("run", "-j2")``.

        Args:
            status: The exit status that it has to end with; None: any.
            how: See `start`.
        """
        return self.finish(self.start(*words, **how), status)

    def json(self, *words: str, status: int | None = 0, **how: Any) -> dict[str, Any]:  # noqa: ANN401
        """What a command prints with ``--json``: ``project.json("status")``."""
        return self.provstore(*words, "--json", status=status, **how).report


def task_name(task: Mapping[str, Any]) -> str:
    """A task of a report as the command line spells it."""
    values = ",".join(f"{name}={value}" for name, value in task["data_id"].items())
    return f"{task['stage']}@{values}" if values else str(task["stage"])


def ended(words: object, found: int, out: bytes | None, err: bytes | None, status: int | None) -> Done:
    """How a command ended, with what is claimed of each: no traceback, and the exit status, where one is given."""
    done = Done(found, _text(out), _text(err))
    shown = f"{words!r} ended with {done.status}\n{done.out}\n{done.err}"
    assert "Traceback" not in done.err, shown
    assert "error[internal]" not in done.err, shown
    assert status is None or done.status == status, shown
    return done


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "backslashreplace")
