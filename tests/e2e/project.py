"""A project built from a dict of files, and the installed `provstore` in the hands of somebody with an empty home.

Every call claims that no traceback is shown, that the store is one file afterwards, and that no process of the
project lives on.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sysconfig
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

PROVSTORE = str(Path(sysconfig.get_path("scripts")) / "provstore")
PATIENCE = 60  # seconds for one command
MARK = "PROVSTORE_TEST_MARK"
TRACED = 'echo "$PROVSTORE_STAGE" >> "$TRACE"; '
"""Begins a command whose executions are counted by themselves, not by what the store says."""

BESIDE_THE_STORE = {".gitignore", "lock", "objects", "failed"}
"""What may lie in `.provstore` at rest; `failed` holds what failed tasks wrote."""


class Done(NamedTuple):
    """How a command ended."""

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
        """Outcome, or state, of each task by its name."""
        return {task_name(task): task.get("outcome") or task["state"] for task in self.report["tasks"]}

    @property
    def executed(self) -> list[str]:
        """Names of the tasks that were executed, sorted."""
        return sorted(name for name, outcome in self.outcomes.items() if outcome == "executed")

    @property
    def restored(self) -> list[str]:
        """Names of the tasks whose outputs were restored, sorted."""
        return sorted(name for name, outcome in self.outcomes.items() if outcome == "restored")

    def reasons(self, task: str) -> list[str]:
        """Texts of a task's reasons."""
        found = next(entry for entry in self.report["tasks"] if task_name(entry) == task)
        return [reason["text"] for reason in found["reasons"]]


class Project:
    """A project in `folder`, which is made.

    Args:
        files: Path → text or bytes; a path that ends in "/" is an empty folder.
    """

    def __init__(self, folder: Path, files: Mapping[str, str | bytes], *, home: Path | None = None) -> None:
        self.root = folder
        self.mark = uuid.uuid4().hex
        self.home = home or folder.parent / "home"
        self.home.mkdir(exist_ok=True)
        self.trace = folder.parent / f"trace-{self.mark}"
        path = os.pathsep.join([os.path.dirname(PROVSTORE), os.environ.get("PATH", os.defpath)])
        self.environment = {
            "PATH": path,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TRACE": str(self.trace),
            MARK: self.mark,
        }
        self.root.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            self.write(name, content)

    # --- files ----------------------------------------------------------------------------------------

    def write(self, path: str, content: str | bytes = "") -> None:
        full = self.root / path
        if path.endswith("/"):
            full.mkdir(parents=True, exist_ok=True)
            return
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read(self, path: str) -> str:
        return (self.root / path).read_text(encoding="utf-8")

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.root / path)

    def remove(self, path: str) -> None:
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
        changed = {**self.environment, **(env or {})}
        environment = {name: value for name, value in changed.items() if value is not None}
        return subprocess.Popen(
            [*before, PROVSTORE, *words],
            cwd=cwd or self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
        )

    def finish(self, process: subprocess.Popen[bytes], status: int | None = 0) -> Done:
        """Waits for a command; None: it may end with any status."""
        out, err = process.communicate(timeout=PATIENCE)
        done = Done(process.returncode, _text(out), _text(err))
        shown = f"{process.args!r} ended with {done.status}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err, shown
        assert "error[internal]" not in done.err, shown
        assert status is None or done.status == status, shown
        return done

    def provstore(self, *words: str, status: int | None = 0, **how: Any) -> Done:
        """Runs a command to its end, with all that is claimed of each."""
        done = self.finish(self.start(*words, **how), status)
        self.claim_rest()
        return done

    def run(self, *words: str, status: int | None = 0, **how: Any) -> Done:
        """``provstore run --json``."""
        return self.provstore("run", "--json", *words, status=status, **how)

    def status(self, *words: str, **how: Any) -> Done:
        """``provstore status --json``."""
        return self.provstore("status", "--json", *words, **how)

    def wait_for(self, happened: Callable[[], bool], seconds: float = 20.0) -> None:
        """Waits until something has happened."""
        until = time.monotonic() + seconds
        while not happened():
            assert time.monotonic() < until, "waited in vain"
            time.sleep(0.005)

    # --- claims ---------------------------------------------------------------------------------------

    def claim_rest(self) -> None:
        """At rest: the store is one file, nothing lies about, nothing runs."""
        folder = self.root / ".provstore"
        if folder.is_dir():
            stray = {name for name in os.listdir(folder) if name not in BESIDE_THE_STORE and name != "store.db"}
            assert not stray, f"left in .provstore: {stray}"
        assert self.alive() == []
        left = [path for path in self.root.rglob("*.provstore") if re.search(r"\.\d+\.provstore$", path.name)]
        assert left == []

    def alive(self) -> list[int]:
        """Processes that carry this project's mark, but zombies."""
        wanted = f"{MARK}={self.mark}".encode()
        found = []
        for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
            if entry.isdigit() and wanted in _bytes_of(f"/proc/{entry}/environ"):
                state = _bytes_of(f"/proc/{entry}/stat").rpartition(b")")[2].split()
                if state and state[0] != b"Z":
                    found.append(int(entry))
        return found

    def kill_all(self) -> None:
        """Ends whatever a broken test left running."""
        for pid in self.alive():
            with suppress(ProcessLookupError):  # it may have ended, or been ended, meanwhile
                os.kill(pid, signal.SIGKILL)

    # --- what was recorded ----------------------------------------------------------------------------

    @property
    def store(self) -> Path:
        return self.root / ".provstore" / "store.db"

    def store_bytes(self) -> bytes:
        return self.store.read_bytes()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Answer of a question to the store."""
        with closing(sqlite3.connect(f"file:{self.store}?mode=rw", uri=True)) as conn:
            return list(conn.execute(sql))

    def count(self) -> dict[str, int]:
        """How often the command of each stage was really executed, by its own traces."""
        text = self.trace.read_text(encoding="utf-8") if self.trace.exists() else ""
        return dict(Counter(text.splitlines()))

    def failed_folder(self, stage: str) -> Path:
        """Where the last failed execution of a stage has left what it wrote."""
        sql = f"SELECT id FROM execution WHERE stage = '{stage}' AND outcome <> 'succeeded' ORDER BY id DESC LIMIT 1"
        return self.root / ".provstore" / "failed" / str(self.rows(sql)[0][0])


def task_name(task: Mapping[str, Any]) -> str:
    """A task of a report as the command line spells it."""
    values = ",".join(f"{name}={value}" for name, value in task["data_id"].items())
    return f"{task['stage']}@{values}" if values else str(task["stage"])


def stage(name: str, run: str, inputs: str = "", outputs: str = "", more: str = "") -> str:
    """A stage of a Pipelinefile: its inputs and outputs are the names between spaces; its executions are traced."""
    script = json.dumps(TRACED + run, ensure_ascii=False)
    read, made = json.dumps(inputs.split()), json.dumps(outputs.split())
    return f"[stages.{name}]\nrun = {script}\ninputs = {read}\noutputs = {made}\n{more}\n"


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "backslashreplace")


def _bytes_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
