"""A process that has imported provstore once, and runs each command that is asked for in a fork of itself.

Rule 1: a command that is forked sees what one sees that is started (tests/e2e/test_forked.py); whoever can't have that
here starts it (`forked.py` decides).
Rule 2: nothing of a command is left behind in the server: it imports, before the first one, and forks.

Started with the number of a socket as its only word. Each packet that comes is a request of JSON, with three pipes: two
for what the command prints, one for its exit status. The server ends when there is nobody left to ask it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import provstore

REQUEST_SIZE = 100_000
"""Bytes of the longest request: a packet of the socket has to hold it."""

FIRST_FREE = 3
"""The number of the first file behind the standard streams."""

LATE = (
    "ctypes",
    "difflib",
    "importlib.metadata",
    "importlib.resources",
    "logging",
    "resource",
    "textwrap",
    "traceback",
)
"""Modules of Python that most commands import late, from inside of functions."""


def serve(asked: socket.socket) -> None:
    """Forks for each request, until there is nobody left to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # those who wait for commands are waited for by nobody
    while True:
        request, pipes, _, _ = socket.recv_fds(asked, REQUEST_SIZE, 3)
        if not request:
            return
        if os.fork() == 0:
            run(json.loads(request), pipes)
        for pipe in pipes:
            os.close(pipe)


def run(request: dict[str, Any], pipes: list[int]) -> None:
    """Runs a command in one more fork, and tells how it ended; nothing, where the tracer can't follow it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    out, err, told = pipes
    ready, go = os.pipe()
    command = os.fork()
    if command == 0:
        os.close(go)
        Path("/proc/self/comm").write_text(request["name"], encoding="utf-8")
        os.read(ready, 1)
        become(request, out, err)
    os.close(out)
    os.close(err)
    tracer = follow(command, request["tracer"]) if request["tracer"] else None
    if tracer == 0:
        os.kill(command, signal.SIGKILL)
        os._exit(0)
    os.close(go)
    status = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
    if tracer is not None:
        os.waitpid(tracer, 0)  # what it has to say is complete then
    os.write(told, b"%d" % status)
    os._exit(0)


def follow(command: int, tracer: list[str]) -> int:
    """Starts a tracer of a process, and returns its process once it follows; 0: it ended at once."""
    words = [*tracer, "-p", str(command)]
    quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    started = os.posix_spawn(words[0], words, os.environ, file_actions=quiet)
    while "\nTracerPid:\t0\n" in Path(f"/proc/{command}/status").read_text(encoding="utf-8"):
        if os.waitpid(started, os.WNOHANG)[0]:
            return 0
        time.sleep(0.001)
    return started


def become(request: dict[str, Any], out: int, err: int) -> None:
    """Turns this process into the command."""
    os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(FIRST_FREE, max(map(int, os.listdir("/proc/self/fd"))) + 1)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    sys.argv = request["words"]
    sys.path[0] = os.path.dirname(sys.argv[0])  # where the program lies, as for any script

    from provstore.cli.main import main

    main()


def import_everything() -> None:
    """Imports all modules that commands may need; but the pages of `serve`, and what is for the tests of plug-ins."""
    for name in LATE:
        importlib.import_module(name)
    folder = Path(provstore.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder.parent).with_suffix("").parts
        if parts[1] not in ("testing", "web"):
            importlib.import_module(".".join(part for part in parts if part != "__init__"))
    gc.collect()
    gc.freeze()  # what is never looked at again is shared by all forks


if __name__ == "__main__":
    if os.fork() > 0:
        os._exit(0)  # whoever started this waits for it
    os.setsid()  # Ctrl-C is for the tests, which may still need a command to clean up
    os.chdir("/")  # nothing is held that a test unmounts or deletes
    import_everything()
    serve(socket.socket(fileno=int(sys.argv[1])))
