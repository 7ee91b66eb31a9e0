"""A command that tests fork sees what one sees that is started: what is claimed of the one is true of the other."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from . import forked
from .project import FORKS, Project

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each command is started")

SEE = """
import json, os, sys, time
import click
from provstore.plugin import hookimpl

@hookimpl
def provstore_commands(group):
    group.command()(see)

@click.argument("word")
def see(word):
    kept = ("SigBlk", "SigIgn", "SigCgt", "Seccomp", "NoNewPrivs", "Umask", "Uid", "Groups")
    seen = {
        "words": [word, *sys.argv], "path": sys.path, "prefix": sys.prefix, "flags": repr(sys.flags),
        "folder": os.getcwd(), "environment": dict(os.environ), "typed": sys.stdin.read(),
        "files": {number: os.path.exists(f"/proc/self/fd/{number}") for number in range(64)},
        "leads": [os.getpid() == os.getsid(0), os.getpid() == os.getpgrp()],
        "streams": [[stream.encoding, stream.errors, stream.line_buffering, stream.seekable(), stream.isatty()]
                    for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "status": [line for line in open("/proc/self/status") if line.startswith(kept)],
    }
    print(json.dumps(seen, sort_keys=True))
    print("told", file=sys.stderr)
    if word == "whence":
        server = os.getppid()
        print(json.dumps([hash("text"), os.readlink(f"/proc/{server}/cwd"), os.getsid(server)]))
    sys.stdout.flush()
    if word == "hang":
        time.sleep(60)
    if word == "end":
        os.kill(os.getpid(), 9)
    return 7
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {"Pipelinefile.toml": '[project]\nplugins = ["see.py"]\n', "see.py": SEE, "sub/": ""}
    return Project(tmp_path / "p", files)


def test_a_fork_sees_what_a_start_sees(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words, paths, variables, streams, files, signals and rights, and how it ends; in a folder that is relative."""
    monkeypatch.chdir(project.root)
    words, folder, env = ("see", "w\xe4"), Path("sub"), {"MORE": "\xe4\udcff", "PATH": None}
    started = project.finish(project.start(*words, cwd=folder, env=env), 7)
    forked = project.forked(words, 7, cwd=folder, env=env)

    assert forked is not None
    assert json.loads(forked.out) == json.loads(started.out)
    assert forked == started


@pytest.mark.parametrize(
    "env", [{"LANG": "C"}, {"LC_ALL": "C"}, {"PYTHONPATH": "sub"}, dict.fromkeys("AB", "x" * 60_000)]
)
def test_what_a_fork_can_not_show_is_started(env: dict[str, str], project: Project) -> None:
    """Variables that decide how an interpreter starts; and more than a request may hold."""
    assert project.forked(("status",), 0, env=env) is None
    project.provstore("status", env=env)


def test_what_a_tracer_may_not_follow_is_started(project: Project) -> None:
    """As where only children may be traced; nothing of the fork has been done then."""
    refuses = str(shutil.which("false"))

    assert project.forked(("run",), None, tracer=[refuses]) is None
    assert not project.store.exists()


def test_the_end_of_a_command_is_told(project: Project) -> None:
    """A signal too, and what had been printed until then."""
    done = project.forked(("see", "end"), -9)

    assert done is not None
    assert (json.loads(done.out)["words"][0], done.err) == ("end", "told\n")


def test_commands_hash_texts_in_turns(project: Project) -> None:
    """So that what one writes in the order of a set is not what the next one writes; each time anew the same turns."""
    done = [project.forked(("see", "whence"), 7) for _ in range(4)]
    hashes = [json.loads(one.out.splitlines()[1])[0] for one in done if one is not None]

    assert hashes == hashes[:2] * 2
    assert hashes[0] != hashes[1]


def test_a_server_is_in_nobodys_way(project: Project) -> None:
    """It lies in no folder of a test; Ctrl-C, which is for the tests, does not reach it."""
    done = project.forked(("see", "whence"), 7)

    assert done is not None
    _, folder, session = json.loads(done.out.splitlines()[1])
    assert folder == "/"
    assert session != os.getsid(0)


def test_a_fork_that_hangs_is_seen_and_can_be_ended(project: Project) -> None:
    """As one that is started, by what it has of the project; nobody waits for it any longer than is said."""
    with pytest.raises(subprocess.TimeoutExpired):
        FORKS.run(("see", "hang"), project.root, project.environment, name=project.mark, seconds=0.2)
    project.wait_for(lambda: project.alive() != [])
    project.kill_all()

    project.wait_for(lambda: project.alive() == [])


def test_the_end_of_the_tests_waits_for_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """What hangs then hangs as what is started does, without them."""
    monkeypatch.setattr(forked, "PATIENCE_AT_THE_END", 0.1)
    ours, theirs = socket.socketpair()
    with theirs, subprocess.Popen(["sleep", "60"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        forked._stop(server, ours)
        lives = server.poll() is None
        server.kill()

    assert lives
