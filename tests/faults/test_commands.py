"""A task cannot hurt the runner, whatever its command does; what it made is recorded only if all went well."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from e2e.project import Project, stage

from faults.aftermath import claim_repaired, claim_sound

Tally = Callable[[str, int], None]

TAKES_ALL = """import os
try:
    while True: os.open("/dev/null", 0)
except OSError: pass"""

HARMLESS = {
    "reads its standard input": "cat; cat; cat > b.txt; echo x > b.txt",
    "prints what is no text": r"printf '\377\376\000\200\033]0;title\007\n'; printf '\377' >&2; echo x > b.txt",
    "closes its standard streams": "exec >&- 2>&- <&-; echo x > b.txt",
    "prints to the terminal": "(echo x > /dev/tty) 2> /dev/null || true; echo x > b.txt",
    "works in another session": "setsid -w sh -c 'echo x > b.txt'",
    "controls jobs": "set -m; sleep 0 & wait; echo x > b.txt",
    "becomes another program": "exec sh -c 'echo x > b.txt'",
    "goes elsewhere": 'here="$PWD"; cd /; echo x > "$here/b.txt"',
    "takes all descriptors": f"python3 -c '{TAKES_ALL}'; echo x > b.txt",
    "starts many processes": "for n in $(seq 200); do (:) & done; wait; echo x > b.txt",
    "starts many in sessions of their own": "for n in $(seq 50); do (setsid true &) ; done; sleep 0.5; echo x > b.txt",
    "is deaf to all signals": "trap '' INT TERM HUP QUIT USR1 ALRM PIPE TSTP; echo x > b.txt",
    "spoils its description": 'echo x > "$PROVSTORE_TASK"; echo x > b.txt',
    "removes its log": 'echo x; rm "${PROVSTORE_TASK%/*}/log"; echo x > b.txt',
    "has a mask": "umask 777; echo x > b.txt; chmod 644 b.txt",
    "has no environment": "exec env -i /bin/sh -c 'echo x > b.txt'",
}
"""Commands that are strange, but do what they are to do."""

FAILING = {
    "kills its group": ("echo x > b.txt; kill 0", "ended by signal 15"),
    "kills its group for good": ("echo x > b.txt; kill -9 0", "ended by signal 9"),
    "kills itself": ("echo x > b.txt; kill -SEGV $$", "ended by signal 11"),
    "removes its input": ("rm a.txt; echo x > b.txt", "input {}/a.txt changed while it ran"),
    "edits its input": ("echo 2 >> a.txt; echo x > b.txt", "input {}/a.txt changed while it ran"),
    "replaces its input by a copy": (
        "cp -p a.txt a; mv a a.txt; echo x > b.txt",
        "input {}/a.txt changed while it ran",
    ),
    "replaces its input by a link": ("ln -sf b.txt a.txt; echo x > b.txt", "input {}/a.txt changed while it ran"),
    "makes nothing": ("true", "output {}/b.txt was not made"),
    "makes a pipe": ("mkfifo b.txt", "b.txt"),
    "makes a link to itself": ("ln -s b.txt b.txt", "b.txt"),
    "makes a link to elsewhere": ("ln -s /dev/zero b.txt", "leads out of the project"),
    "makes a link to nowhere": ("ln -s nowhere b.txt", "b.txt"),
    "leaves something running": ("sleep 1000 & echo x > b.txt", "left running: pid "),
    "leaves something deaf running": ("(trap '' TERM INT; sleep 1000) & echo x > b.txt", "left running: pid "),
    "leaves a daemon": ("(setsid sleep 1000 > /dev/null 2>&1 &) ; echo x > b.txt", "left running: pid "),
    "leaves a crowd": ("for n in $(seq 60); do sleep 1000 & done; echo x > b.txt", "left running: pid "),
    "has no such program": ("echo x > b.txt; no-such-program", "exit status 127"),
    "prints a flood and fails": ("yes | head -c 3000000; echo x > b.txt; exit 7", "exit status 7"),
}
"""Commands whose result is not recorded → what is said of them."""


def project_of(folder: Path, script: str) -> Project:
    """A project with an unruly task, which a file `tame` tames, and one that has nothing to do with it."""
    return project_of_all(folder, {"go": script})


def project_of_all(folder: Path, scripts: Mapping[str, str]) -> Project:
    """One with many unruly tasks, each in a folder of its own, and one that has nothing to do with them."""
    text = stage("other", "sleep 0.05; cat o.txt > c.txt", "o.txt", "c.txt")
    files = {"o.txt": "2\n"}
    for name, script in scripts.items():
        place = "" if name == "go" else f"{name}/"
        tamed = f'if test -e "$PROVSTORE_ROOT/tame"; then cat a.txt > b.txt; exit 0; fi\n{script}'
        text += stage(name, tamed, f"{place}a.txt", f"{place}b.txt", f"cwd = {json.dumps(place)}" if place else "")
        files[f"{place}a.txt"] = "1\n"
    return Project(folder, {"Pipelinefile.toml": text, **files})


def claim_tamed(project: Project, names: Iterable[str] = ("go",)) -> None:
    """The next plain run with tame commands makes all right."""
    project.write("tame")
    wanted = {name: project.read(name).encode() for name in ("Pipelinefile.toml", "o.txt", "tame")}
    for name in names:
        place = "" if name == "go" else f"{name}/"
        if project.exists(f"{place}a.txt"):
            project.remove(f"{place}a.txt")
        project.write(f"{place}a.txt", "end\n")
        wanted.update({f"{place}a.txt": b"end\n", f"{place}b.txt": b"end\n"})
    claim_repaired(project, {**wanted, "c.txt": b"2\n"})


def slug(name: str) -> str:
    """A stage's name."""
    return name.replace(" ", "-")


def test_strange_commands_may_do_their_work(tmp_path: Path, tally: Tally) -> None:
    """What they made is recorded, no other task is disturbed, and the next run has nothing to do."""
    scripts = {slug(name): script for name, script in HARMLESS.items()}
    project = project_of_all(tmp_path / "p", scripts)
    try:
        done = project.run("-j2", "-k", status=None)
        assert done.outcomes == dict.fromkeys([*scripts, "other"], "executed"), done.err
        assert {project.read(f"{name}/b.txt") for name in scripts} == {"x\n"}
        assert project.run().report["run"] is None
        claim_tamed(project, scripts)
        tally("strange commands that do their work", len(scripts))
    finally:
        project.kill_all()


def test_commands_that_went_wrong_are_not_believed(tmp_path: Path, tally: Tally) -> None:
    """Each task fails and says why; nothing is left running or in an output's place; the other one succeeds."""
    scripts = {slug(name): script for name, (script, _) in FAILING.items()}
    project = project_of_all(tmp_path / "p", scripts)
    try:
        done = project.run("-j2", "-k", status=1)
        assert done.outcomes == {**dict.fromkeys(scripts, "failed"), "other": "executed"}
        said = dict(project.rows("SELECT stage, message FROM execution WHERE outcome <> 'succeeded'"))
        for name, (_, message) in FAILING.items():
            assert message.format(slug(name)) in said[slug(name)], name
            assert not project.exists(f"{slug(name)}/b.txt")
        assert len(done.err) < 100_000
        assert project.rows("SELECT stage FROM execution WHERE outcome = 'succeeded'") == [("other",)]
        claim_tamed(project, scripts)
        tally("commands that go wrong", len(scripts))
    finally:
        project.kill_all()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL],
                         ids=lambda number: number.name)  # fmt: skip
@pytest.mark.parametrize("whom", ["$PPID", "-$(ps -o pgid= -p $PPID | tr -d ' ')"], ids=["runner", "group"])
def test_a_command_that_signals_the_runner(tmp_path: Path, whom: str, number: signal.Signals, tally: Tally) -> None:
    """Is a signal like any other: cancelled, or after SIGKILL interrupted; the next run repairs all."""
    if "ps" in whom and shutil.which("ps") is None:
        pytest.skip("ps is not there")
    project = project_of(tmp_path / "p", f"echo x > b.txt; kill -{number.name[3:]} {whom}; sleep 1000")
    try:
        done = project.finish(project.start("run"), None)
        assert done.status in ({-9} if number == signal.SIGKILL else {128 + number})
        project.wait_for(lambda: not project.alive())
        claim_tamed(project)
        tally("commands that signal the runner", 1)
    finally:
        project.kill_all()


OWN = {
    "running": ".provstore/running",
    "slot": '"${PROVSTORE_TASK%/*}"',
    "lock": ".provstore/lock",
    "objects": ".provstore/objects",
}


@pytest.mark.parametrize("what", OWN.values(), ids=OWN)
def test_a_command_that_removes_what_is_not_its_own(tmp_path: Path, what: str, tally: Tally) -> None:
    """Of provstore's own files: one plain message at most; the next runs work."""
    project = project_of(tmp_path / "p", f"rm -rf {what}; echo x > b.txt; echo said")
    done = project.finish(project.start("run", "-j2", "-k"), None)
    assert done.status in (0, 1, 3), done
    assert project.alive() == []
    assert project.finish(project.start("run", "-k"), None).status in (0, 1, 3)
    claim_tamed(project)
    tally("commands that remove provstore's own files", 1)


def test_a_command_that_removes_the_store(tmp_path: Path, tally: Tally) -> None:
    """No traceback and no success is reported that nothing remembers; the next run starts a store anew."""
    project = project_of(tmp_path / "p", "rm -rf .provstore; echo x > b.txt")
    done = project.finish(project.start("run", "--json"), None)
    assert done.status in (1, 3), done
    project.write("tame")
    project.run()
    assert project.run().report["run"] is None
    claim_sound(project)
    tally("commands that remove provstore's own files", 1)


FLOODS = {
    "in one go": "python3 -c 'import os; part = b\"x\" * (1 << 20)\nfor n in range(200): os.write(1, part)'",
    "in short lines": "yes 2> /dev/null | head -c 200000000",
    "in one long line of nothing": "head -c 200000000 /dev/zero",
}


def peak_memory(project: Project, status: int) -> int:
    """Most bytes of memory that a run had, or one of the programs it started."""
    process = project.start("run", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, ended, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(ended)
    assert process.returncode == status
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize(("flood", "status"), [*((flood, 0) for flood in FLOODS), ("in one long line of nothing", 1)],
                         ids=lambda value: slug(str(value)))  # fmt: skip
def test_a_flood_of_200_megabytes_costs_bounded_memory(tmp_path: Path, flood: str, status: int, tally: Tally) -> None:
    """The runner is about as small as one whose task prints nothing, also where it shows the end of the log."""
    quiet = project_of(tmp_path / "quiet", f"echo x > b.txt; exit {status}")
    loud = project_of(tmp_path / "loud", f"{FLOODS[flood]}; echo x > b.txt; exit {status}")
    before = peak_memory(quiet, status)
    try:
        assert peak_memory(loud, status) < before + 50_000_000
        assert loud.rows("SELECT log_size FROM execution WHERE stage = 'go'")[0][0] >= 200_000_000
        loud.claim_rest()
        tally("floods of 200 MB", 1)
    finally:
        shutil.rmtree(loud.root)


def test_a_flood_that_is_interrupted_ends_at_once(tmp_path: Path) -> None:
    """Ctrl-C in the middle of an endless flood: nothing runs on, and the next run works."""
    project = project_of(tmp_path / "p", "touch started; echo x > b.txt; yes | head -c 50000000; sleep 1000")
    process = project.start("run")
    project.wait_for(lambda: project.exists("started"))
    process.send_signal(signal.SIGINT)
    project.finish(process, 130)
    assert project.alive() == []
    assert project.rows("SELECT outcome FROM run_end") == [("cancelled",)]
    project.claim_rest()
    project.remove("started")
    claim_tamed(project)


def test_twenty_survivors_are_named_and_all_are_ended(tmp_path: Path) -> None:
    """A message need not name a crowd."""
    project = project_of(tmp_path / "p", FAILING["leaves a crowd"][0])
    done = project.run("go", status=1)
    assert 1 <= len(re.findall(r"pid \d+ \(sleep 1000\)", done.err)) <= 20
    assert project.alive() == []


def test_no_daemon_is_overlooked_where_many_tasks_run_at_once(tmp_path: Path, effort: int, tally: Tally) -> None:
    """Each is noticed, at whichever moment of its start the command ends; none of the tasks succeeds."""
    script = "(setsid sleep 1000 > /dev/null 2>&1 &) ; echo x > {outputs}"
    text = f"[dimensions]\nn = '1..{24 * effort}'\n[stages.go]\ndimensions = ['n']\nresources = {{ cpu = 0.1 }}\n"
    text += f"run = '{script}'\noutputs = ['out/{{n}}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    try:
        done = project.run("-j6", "-k", status=1)
        assert set(done.outcomes.values()) == {"failed"}
        tally("tasks whose background process outlives them", 24 * effort)
    finally:
        project.kill_all()
