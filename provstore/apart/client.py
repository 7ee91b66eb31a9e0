"""Asks formats: each question goes to a process apart, which is started with the first one and ends with its asker.

A file may end its reader (a library in C that trusts it), or take all memory: that is then the answer, and the next
question goes to a new process.
"""

from __future__ import annotations

import json
import os
import sys

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any

    from provstore.claims import Claims
    from provstore.model.comparison import Comparison

START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from provstore.apart.worker import serve; serve()"
CHUNK = 1 << 16
PATIENCE = 100
"""Milliseconds between two looks at whether the one that asks still wants an answer."""


class Digested(NamedTuple):
    """What the format of a file says of its content.

    Attributes:
        format: Its name.
        digest: Semantic digest, ``NAME/VERSION:<hex>``; None where there is none.
        reason: Why there is none although the format has one for other files; else "".
    """

    format: str
    digest: str | None
    reason: str


class AskingError(Exception):
    """A question has no answer; the text says why."""


class StoppedError(Exception):
    """Whoever asked wants no answer any more: the run was told to end."""


class Apart:
    """A process in which the formats of one project work. A context manager; called from one thread.

    Args:
        claims: Whose plug-ins it has.
        while_waiting: Called some times a second while a format works. What it raises ends the process.
    """

    def __init__(self, claims: Claims, while_waiting: Callable[[], None] | None = None) -> None:
        self._claims, self._while_waiting = claims, while_waiting
        self._pid = 0
        self._requests = self._answers = -1

    def __enter__(self) -> Apart:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def digest(self, full: str, name: str, format: str) -> Digested:
        """Semantic digest of a file or directory. Where it can't be told, `reason` says why.

        Args:
            full: Absolute path.
            name: The name by which the project knows it; its ending may count.
            format: Name of its format.
        """
        try:
            found = self.ask("digest", path=full, name=name, format=format)
        except AskingError as error:
            return Digested(format, None, str(error))
        return Digested(found["format"], found["digest"], found["reason"])

    def compare(
        self, a: str, b: str, name: str, format: str, tolerance: tuple[float, float] | None = None
    ) -> Comparison:
        """How two files or directories differ. Where the format ends its reader, their bytes are compared.

        Args:
            a, b: Absolute paths.
            name: See `digest`; "": each has its own.
            tolerance: How far two numbers may be apart: (absolute, relative), as `provstore.plugin.Tolerance`.

        Raises:
            AskingError: Not even the bytes can be compared: a file can't be read, say.
        """
        from provstore.model.comparison import IDENTICAL, Comparison

        try:
            found = self.ask("compare", a=a, b=b, name=name, format=format, tolerance=tolerance)
        except AskingError as error:
            found = self.ask("compare", a=a, b=b, name=name, format="bytes", tolerance=None)
            reason = "" if found["verdict"] == IDENTICAL else str(error)
            found |= {"format": format, "unavailable": reason}
        return Comparison.from_json(found)

    def ask(self, question: str, **arguments: object) -> dict[str, Any]:
        """Any of the questions that `provstore.apart.worker` answers.

        Raises:
            AskingError: The format can't say it of this file, or the file has ended its reader.
            Exception: What `while_waiting` raised.
        """
        if not self._pid:
            self._start()
        request = json.dumps([question, arguments]).encode() + b"\n"
        try:
            _write_all(self._requests, request)
            answer = self._read_line()
        except BaseException:
            self.close()
            raise
        if not answer:
            raise AskingError(self._how_it_ended())
        found: dict[str, Any] = json.loads(answer)
        if "error" in found:
            raise AskingError(found["error"])
        return found

    def _start(self) -> None:
        requests, self._requests = os.pipe()
        self._answers, answers = os.pipe()
        setup = json.dumps([self._claims.root, self._claims.named, self._claims.choices])
        paths = json.dumps([os.path.abspath(path) for path in sys.path])
        command = [sys.executable or "python3", "-P", "-B", "-c", START, paths, setup]
        actions: Sequence[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_DUP2, requests, 0),
            (os.POSIX_SPAWN_DUP2, answers, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            self._pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
        except OSError as error:  # of an interpreter that this user can't start a second time, say
            self.close()
            raise AskingError(f"no process can be started to read it: {error.strerror}") from error
        finally:
            os.close(requests)
            os.close(answers)

    def _read_line(self) -> bytes:
        pieces = []
        self._wait()
        while piece := os.read(self._answers, CHUNK):
            pieces.append(piece)
            if piece.endswith(b"\n"):
                return b"".join(pieces)
        return b""

    def _wait(self) -> None:
        """Until there is something to read."""
        if self._while_waiting is None:
            return
        import select

        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while not poll.poll(PATIENCE):
            self._while_waiting()

    def _how_it_ended(self) -> str:
        import signal

        pid, self._pid = self._pid, 0
        _, status = os.waitpid(pid, 0)
        self.close()
        code = os.waitstatus_to_exitcode(status)
        if code >= 0:
            return f"the process that reads it ended with status {code}"
        return f"the process that reads it was ended by {signal.Signals(-code).name}"

    def close(self) -> None:
        """Ends the process, whatever it does."""
        import signal

        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0
        for descriptor in (self._requests, self._answers):
            if descriptor >= 0:
                os.close(descriptor)
        self._requests = self._answers = -1


def _write_all(descriptor: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(descriptor, data) :]
    except BrokenPipeError:  # it has ended, which shows when its answer is read
        pass
