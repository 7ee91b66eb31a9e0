"""The project of `provstore.testing`, with what tests of provstore itself claim of every command.

Every call claims that no traceback is shown, that the store is one file afterwards, and that no process of the
project lives on.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from provstore.testing import project as testing
from provstore.testing.project import PATIENCE, PROVSTORE, Done, ended, task_name

from .forked import NAME_SIZE, ForkServer

__all__ = ["MARK", "PATIENCE", "PROVSTORE", "TRACED", "Done", "Project", "stage", "task_name"]

MARK = "PROVSTORE_TEST_MARK"
TRACED = 'echo "$PROVSTORE_STAGE" >> "$TRACE"; '
"""Begins a command whose executions are counted by themselves, not by what the store says."""

BESIDE_THE_STORE = {".gitignore", "lock", "locked", "objects", "failed"}
"""What may lie in `.provstore` at rest; `failed` holds what failed tasks wrote, `locked` is memory of the lock file."""


FORKS = ForkServer()


class Project(testing.Project):
    """A project in `folder`, which is made; with traces of what was executed, and claims of what is left at rest.

    Args:
        files: Path → text or bytes; a path that ends in "/" is an empty folder.
    """

    def __init__(self, folder: Path, files: Mapping[str, str | bytes], *, home: Path | None = None) -> None:
        super().__init__(folder, files, home=home)
        self.mark = uuid.uuid4().hex
        self.trace = folder.parent / f"trace-{self.mark}"
        self.environment |= {"TRACE": str(self.trace), MARK: self.mark}

    # --- commands -------------------------------------------------------------------------------------

    def provstore(self, *words: str, status: int | None = 0, **how: Any) -> Done:
        """Runs a command to its end, with all that is claimed of each; in a fork, where nothing speaks against it."""
        done = self.forked(words, status, **how) or super().provstore(*words, status=status, **how)
        self.claim_rest()
        return done

    def traced(self, tracer: Sequence[str], *words: str) -> Done:
        """Runs a command that a tracer follows (``strace -o log``); in a fork, from its own first step on."""
        return self.forked(words, None, tracer=tracer) or self.finish(self.start(*words, before=tracer), None)

    def forked(
        self,
        words: tuple[str, ...],
        status: int | None,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str | None] | None = None,
        tracer: Sequence[str] = (),
        **how: Any,
    ) -> Done | None:
        """How a command ended in a fork; None: it has to be started."""
        if how:
            return None
        environment = self._environment_with(env)
        found = FORKS.run(words, cwd or self.root, environment, name=self.mark, seconds=PATIENCE, tracer=tracer)
        return ended(words, *found, status) if found else None

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
        """Processes that carry this project's mark, but zombies: in their variables, or a fork as its name."""
        variable, name = f"{MARK}={self.mark}".encode(), f"({self.mark[:NAME_SIZE]}".encode()
        found = []
        for entry in os.listdir("/proc") if os.path.isdir("/proc") else ():
            if entry.isdigit():
                called, _, more = _bytes_of(f"/proc/{entry}/stat").rpartition(b")")
                is_own = called.endswith(name) or variable in _bytes_of(f"/proc/{entry}/environ")
                if is_own and more.split()[:1] not in ([], [b"Z"]):
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


def stage(name: str, run: str, inputs: str = "", outputs: str = "", more: str = "") -> str:
    """A stage of a Pipelinefile: its inputs and outputs are the names between spaces; its executions are traced."""
    script = json.dumps(TRACED + run, ensure_ascii=False)
    read, made = json.dumps(inputs.split()), json.dumps(outputs.split())
    return f"[stages.{name}]\nrun = {script}\ninputs = {read}\noutputs = {made}\n{more}\n"


def _bytes_of(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
