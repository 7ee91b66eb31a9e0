"""`provstore` commands that are forked from a process which has imported provstore once: in half of the time or less.

A test that is about the start itself, or that holds a process in its hands, starts it (`Project.start`).
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from provstore.testing.project import PROVSTORE

from .fork_server import REQUEST_SIZE

SERVER = Path(__file__).with_name("fork_server.py")
LANGUAGE = {"LANG": "C.UTF-8"}
"""Of all variables that decide how an interpreter starts, the servers have this one: who changes any, starts."""

SEEDS = ("1", "2")
"""How the servers hash texts, which decides the order of sets: what depends on it differs from command to command."""

NAME_SIZE = 15
"""Characters of the name of a process that the system keeps."""

PATIENCE_AT_THE_END = 5
"""Seconds in which a server ends; but where a command of it has not ended, that is left alone as a started one is."""


class ForkServer:
    """The servers of this process, asked in turn; each is started when it is first asked, and ends with this process.

    Called from any thread.
    """

    def __init__(self) -> None:
        self._choosing = threading.Lock()
        self._seeds = itertools.cycle(SEEDS)
        self._sockets: dict[str, socket.socket] = {}

    def run(
        self,
        words: Sequence[str],
        folder: Path | str,
        environment: Mapping[str, str],
        *,
        name: str,
        seconds: float,
        tracer: Sequence[str] = (),
    ) -> tuple[int, bytes, bytes] | None:
        """Runs a command to its end, which may take so many seconds.

        Args:
            name: What the process is called, and those that it forks: a fork's variables are not in ``/proc``.
            tracer: Words of a program that follows it, if they are followed by ``-p`` and its process.

        Returns:
            Its exit status (below 0: the signal that ended it) and what it printed. None: it was not run and has to be
            started, as a fork would not be the same here, or as the tracer may not follow a process that runs already.
        """
        facts = {
            "words": [PROVSTORE, *words],
            "folder": os.path.abspath(folder),
            "environment": {**environment},
            "name": name[:NAME_SIZE],
            "tracer": [*tracer],
        }
        request = json.dumps(facts).encode()
        decisive = {name: text for name, text in environment.items() if name.startswith(("PYTHON", "LANG", "LC_"))}
        if sys.platform != "linux" or decisive != LANGUAGE or len(request) > REQUEST_SIZE:
            return None
        with ExitStack() as stack:
            pipes = [os.pipe() for _ in range(3)]
            read_ends = [stack.enter_context(open(reader, "rb", buffering=0)).fileno() for reader, _ in pipes]
            write_ends = [stack.enter_context(open(writer, "wb", buffering=0)) for _, writer in pipes]
            socket.send_fds(self._connection(), [request], [file.fileno() for file in write_ends])
            for file in write_ends:
                file.close()
            out, err, status = _read_to_their_ends(read_ends, words, seconds)
        assert status or tracer, f"nobody told how {words} ended"
        return (int(status), out, err) if status else None

    def _connection(self) -> socket.socket:
        with self._choosing:
            seed = next(self._seeds)
            if seed not in self._sockets:
                self._sockets[seed] = self._start(seed)
            return self._sockets[seed]

    def _start(self, seed: str) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            number = theirs.fileno()
            process = subprocess.Popen(
                [sys.executable, str(SERVER), str(number)],
                env={"PATH": os.defpath, **LANGUAGE, "PYTHONHASHSEED": seed},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,  # as those of its forks, for which it makes `sys.stdout` here
                stderr=subprocess.PIPE,
                pass_fds=[number],
            )
        process.wait()  # the server is the child of nobody here: a test may look at all of its children
        atexit.register(_stop, process, ours)
        return ours


def _stop(server: subprocess.Popen[bytes], connection: socket.socket) -> None:
    """Ends the server, which reads the end of its requests."""
    connection.close()
    with suppress(subprocess.TimeoutExpired):
        server.communicate(timeout=PATIENCE_AT_THE_END)


def _read_to_their_ends(pipes: Sequence[int], words: Sequence[str], seconds: float) -> list[bytes]:
    """All that comes out of some pipes."""
    found: dict[int, list[bytes]] = {pipe: [] for pipe in pipes}
    until = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for pipe in pipes:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(until - time.monotonic())
            if not ready:
                raise subprocess.TimeoutExpired([PROVSTORE, *words], seconds)
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                found[key.fd].append(data)
                if not data:
                    selector.unregister(key.fd)
    return [b"".join(parts) for parts in found.values()]
