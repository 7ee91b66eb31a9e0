"""Values of secret variables stay out of all that is recorded."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from provstore.operations import secrets
from provstore.operations.secrets import Secrets

from .project import Project

TEXT = """
[project]
secret_env = ["TOKEN", "KEY", "UNSET", "EMPTY"]
[stages.shown]
run = '''echo begin "$TOKEN" end; echo "$TOKEN$TOKEN" >&2; printf %s "$KEY"; echo done > o'''
outputs = ["o"]
[stages.broken]
run = '''echo "the $TOKEN is wrong"; exit 3'''
outputs = ["p"]
retries = 1
[stages.lingering]
run = '''sh -c "sleep 60; : $TOKEN" & exit 0'''
outputs = []
"""
VALUES = {"TOKEN": "hunter2 \u00e9", "KEY": "-----BEGIN-----\nAAAABBBBCCCC\n-----END-----", "EMPTY": ""}
LEAKS = [part.encode() for part in ("hunter2", "AAAABBBBCCCC", "BEGIN-----")]


def everything(project: Project) -> bytes:
    """All bytes below `.provstore`."""
    files = [path for path in (project.root / ".provstore").rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files)


def test_no_log_holds_a_secret(tmp_path: Path) -> None:
    """Neither the log of a success nor of a failure, nor a message, nor what the run shows."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": TEXT})

    done = project.run("-k", status=1, env=VALUES)

    shown = project.provstore("logs", "shown").out
    assert "begin *** end" in shown
    assert "******" in shown
    assert "the *** is wrong" in done.err
    assert [row for (row,) in project.rows("SELECT message FROM execution WHERE stage = 'lingering'") if "***" in row]
    for leak in LEAKS:
        assert leak not in everything(project)
        assert leak not in (done.out + done.err).encode()


def test_a_long_log_is_searched_to_its_end(tmp_path: Path) -> None:
    """A secret that begins in one piece of a big log and ends in the next is hidden as well."""
    run = (
        "i=0; while test $i -lt 40; do head -c 65521 /dev/zero | tr '\\\\0' x; printf %s \"$TOKEN\"; i=$((i + 1)); done"
    )
    text = f"[project]\nsecret_env = ['TOKEN']\n[stages.a]\nrun = {json.dumps(run)}\noutputs = []\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})

    project.run(env={"TOKEN": "s3cr3t" * 40})

    log = project.provstore("logs", "a").out
    assert log.count("***") == 40
    assert b"s3cr3t" not in everything(project)


def test_who_follows_a_running_task_sees_no_secret(tmp_path: Path) -> None:
    """Also somebody in whose environment the variable is not set."""
    text = (
        "[project]\nsecret_env = ['TOKEN']\n[stages.a]\n"
        "run = 'echo $TOKEN; touch started; until test -e go; do sleep 0.02; done'\noutputs = []\n"
    )
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    try:
        process = project.start("run", env={"TOKEN": "hunter2"})
        project.wait_for(lambda: project.exists("started"))
        follower = project.start("logs", "-f", "a")
        assert "hunter2" not in project.finish(project.start("logs", "a")).out
        project.write("go")
        project.finish(process)
        assert project.finish(follower).out == "***\n"
    finally:
        project.kill_all()


@given(st.lists(st.sampled_from([b"ab", b"abc", b"a", b"b", b"c", b"xyz"]), max_size=30), st.integers(1, 9))
def test_pieces_make_no_difference(words: list[bytes], size: int) -> None:
    """However a text is cut into pieces, the same is hidden as in the whole, longest secrets first."""
    text = b"".join(words)
    hider = Secrets(["A", "B"], {"A": "ab", "B": "abc"})
    pieces = [text[at : at + size] for at in range(0, len(text), size)]

    hidden = b"".join(hider._hidden(pieces))

    assert hidden == text.replace(b"abc", secrets.HIDDEN).replace(b"ab", secrets.HIDDEN)
