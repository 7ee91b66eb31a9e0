"""Signals, closed pipes, floods, and a second run beside the first."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from e2e.project import PROVSTORE, TRACED, Project, stage

from faults.aftermath import claim_repaired, outputs_of_a_clean_run

Tally = Callable[[str, int], None]
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
MANY = (
    "[dimensions]\nn = '1..12'\n[stages.first]\n"
    f"run = '''{TRACED} cat a.txt > {{outputs}}'''\ninputs = ['a.txt']\noutputs = ['first.txt']\n"
    "[stages.go]\ndimensions = ['n']\n"
    f"run = '''{TRACED} sleep 0.01; cat first.txt > {{outputs}}; echo {{n}} >> {{outputs}}'''\n"
    "inputs = ['first.txt']\noutputs = ['out/{n}']\n"
    "[stages.last]\nrun = 'cat {inputs} > {outputs}'\ninputs = ['out/{n}']\noutputs = ['last.txt']\n"
)
WAITS = "echo half > b.txt; touch started; while test ! -e go; do sleep 0.02; done; echo whole > b.txt"
FILES = {
    "Pipelinefile.toml": stage("go", WAITS, "a.txt", "b.txt") + stage("then", "cat b.txt > c.txt", "b.txt", "c.txt"),
    "a.txt": "1\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project whose first task waits for a file `go`."""
    project = Project(tmp_path / "p", FILES)
    yield project
    project.kill_all()


def started(project: Project, *words: str, **how: object) -> subprocess.Popen[bytes]:
    """A run whose first task is at work."""
    process = project.start("run", "--json", *words, **how)  # type: ignore[arg-type]
    project.wait_for(lambda: project.exists("started"))
    return process


def hears_signals(process: subprocess.Popen[bytes]) -> bool:
    """Whether provstore itself is at work in a process: before, Python starts, and dies of a signal as it likes."""
    if process.poll() is not None:
        return True
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = status.partition("SigCgt:")[2].split()
    return bool(caught) and bool(int(caught[0], 16) & 1 << signal.SIGHUP - 1)


def state_of(pid: int) -> str:
    """A process's state by the kernel: R, S, T, Z …"""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def waiting(project: Project, *words: str) -> subprocess.Popen[bytes]:
    """A run that says that it waits for another."""
    with open(project.root.parent / "said", "wb") as file:
        process = project.start("run", *words, stderr=file.fileno())
    project.wait_for(lambda: "waiting for another run" in said(project))
    return process


def said(project: Project) -> str:
    """What the run that waits wrote to its standard error."""
    return (project.root.parent / "said").read_text()


@pytest.mark.parametrize(("number", "status"), STATUS.items(), ids=lambda v: str(int(v)))
def test_a_signal_ends_the_whole_task(project: Project, number: int, status: int) -> None:
    """It is recorded as cancelled, nothing is left running, what it wrote is put away; the next run goes on."""
    process = started(project)
    process.send_signal(number)
    done = project.finish(process, status)
    project.claim_rest()
    assert done.outcomes == {"go": "cancelled", "then": "blocked"} or set(done.outcomes.values()) == {"cancelled"}
    assert done.report["outcome"] == "cancelled"
    assert project.rows("SELECT stage, outcome FROM execution") == [("go", "cancelled")]
    assert project.rows("SELECT outcome FROM run_end") == [("cancelled",)]
    assert not project.exists("b.txt")
    assert (project.failed_folder("go") / "b.txt").read_text() == "half\n"
    project.write("go")
    assert project.run().executed == ["go", "then"]
    assert project.run().report["run"] is None


def test_a_cancelled_task_gets_its_last_good_version_back(project: Project) -> None:
    """Known as out of date."""
    project.write("go")
    project.run()
    for name in ("go", "started"):
        project.remove(name)
    project.write("a.txt", "2\n")
    process = started(project)
    process.send_signal(signal.SIGINT)
    project.finish(process, 130)
    assert project.read("b.txt") == "whole\n"
    assert project.status().outcomes["go"] == "stale"


def test_a_task_that_ignores_the_signal_gets_five_seconds(tmp_path: Path) -> None:
    """Then it is killed, with all that it had started."""
    text = stage("go", "trap '' INT TERM; touch started; while :; do sleep 1; done", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    process = started(project)
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    project.finish(process, 143)
    project.claim_rest()
    assert time.monotonic() - began > 4
    assert project.rows("SELECT outcome FROM execution") == [("cancelled",)]


def test_a_second_ctrl_c_kills(tmp_path: Path) -> None:
    """At once: no five seconds of grace, in one of three attempts at least, as the machine may be busy."""
    # The signal ends `sleep` as well, which must not be the end of the script.
    text = stage("go", "trap 'touch heard' INT TERM; touch started; while :; do sleep 0.1 || :; done", "", "b.txt")
    seconds = []
    for number in range(3):
        project = Project(tmp_path / f"p{number}", {"Pipelinefile.toml": text})
        process = started(project)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        project.wait_for(lambda project=project: project.exists("heard"))
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        project.finish(process, 130)
        project.claim_rest()
        seconds.append(time.monotonic() - began)
        if seconds[-1] < 4:
            return
    raise AssertionError(f"took {seconds}")


def test_nohup_is_respected(project: Project) -> None:
    """Under `nohup` the end of the terminal does not end the run."""
    process = started(project, before=["nohup"])
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    project.write("go")
    assert project.finish(process, 0).executed == ["go", "then"]


@pytest.mark.parametrize("to_group", [False, True], ids=["alone", "group"])
@pytest.mark.parametrize(("number", "status"), STATUS.items(), ids=lambda v: str(int(v)))
def test_a_signal_at_any_moment_leaves_order(
    tmp_path: Path, number: int, status: int, to_group: bool, effort: int, tally: Tally
) -> None:
    """To the runner or to its whole group: the status tells it, nothing runs on, and the next run does the rest."""
    wanted = outputs_of_a_clean_run(tmp_path / "clean", {"Pipelinefile.toml": MANY, "a.txt": "end\n"})
    project = Project(tmp_path / "p", {"Pipelinefile.toml": MANY, "a.txt": "0\n"})
    chance = random.Random(number * 2 + to_group)
    for turn in range(4 * effort):
        project.write("a.txt", f"{turn}\n")
        process = project.start("run", "-j3", "--json")
        project.wait_for(lambda process=process: hears_signals(process))
        time.sleep(chance.choice([0.02, 0.1, 0.3]) * chance.random())
        if process.poll() is None:
            (os.killpg if to_group else os.kill)(process.pid, number)
        done = project.finish(process, None)
        project.claim_rest()
        assert done.status in (0, status), done
        tally("signals to a run at a random moment", done.status != 0)
        assert done.status or set(done.outcomes.values()) <= {"executed", "fresh", "restored"}, "came too late"
        if done.status and done.out:
            assert done.report["outcome"] == "cancelled"
            how = project.rows("SELECT outcome, message FROM execution WHERE outcome NOT IN ('succeeded', 'cancelled')")
            assert set(done.outcomes.values()) <= {"executed", "fresh", "restored", "cancelled", "blocked"}, how
        if project.store.exists():
            assert project.rows("SELECT count(*) FROM run WHERE id NOT IN (SELECT run FROM run_end)") == [(0,)]
            assert set(project.rows("SELECT outcome FROM execution")) <= {("succeeded",), ("cancelled",)}
    project.write("a.txt", "end\n")
    claim_repaired(project, wanted)


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda v: v.name)
def test_a_signal_at_each_step_of_writing(tmp_path: Path, number: signal.Signals, effort: int, tally: Tally) -> None:
    """Each time that the runner writes, renames, syncs or removes: up to the last one, order is kept."""
    text = stage("go", "cat a.txt > b.txt", "a.txt", "b.txt") + stage("then", "cat b.txt > c.txt", "b.txt", "c.txt")
    wanted = outputs_of_a_clean_run(tmp_path / "clean", {"Pipelinefile.toml": text, "a.txt": "end\n"})
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "0\n"})
    calls = "pwrite64,rename,fdatasync,fsync,unlink,mkdir,rmdir"
    log = tmp_path / "strace"
    traced = ["strace", "-qq", "-o", str(log), "-e", f"trace={calls}"]
    project.run()
    project.write("a.txt", "1\n")
    project.run(before=traced)
    steps = len(log.read_text().splitlines())
    assert steps > 10
    step = max(1, steps // (6 * effort))
    for turn in range(step, steps + step, step):
        project.write("a.txt", f"{turn + 1}\n")
        injected = ["-e", f"inject={calls}:signal={number.name}:when={turn}"]
        done = project.finish(project.start("run", before=[*traced, *injected]), None)
        assert done.status in (0, STATUS[number]), done
        project.claim_rest()
        tally("signals to a run at a step of its writing", done.status != 0)
    project.write("a.txt", "end\n")
    claim_repaired(project, wanted)


@pytest.mark.parametrize(("number", "status"), STATUS.items(), ids=lambda v: str(int(v)))
def test_a_question_ends_by_a_signal_too(project: Project, number: int, status: int) -> None:
    """Whatever a command waits for: no traceback, and the exit status tells the signal."""
    project.write("go")
    project.run()
    process = project.start("status", "-f", "endless.toml", before=["sh", "-c", 'mkfifo endless.toml; exec "$@"', "-"])
    project.wait_for(lambda: project.exists("endless.toml") and hears_signals(process))
    time.sleep(0.1)
    process.send_signal(number)
    done = project.finish(process, None)
    assert done.out == ""
    assert done.status in (status, 2)
    project.claim_rest()


@pytest.mark.parametrize(("number", "status"), STATUS.items(), ids=lambda v: str(int(v)))
def test_a_signal_while_a_version_is_put_back(tmp_path: Path, number: int, status: int, tally: Tally) -> None:
    """By `run` and by `restore`: the output is whole or not there, and nothing lies about."""
    made = "mkdir big; for n in 1 2 3 4 5 6 7 8; do { head -c 3000000 /dev/zero; echo $n; } > big/$n; done"
    text = stage("go", made, "", "big/")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.run()
    wanted = project.files()
    scratch = project.root / ".provstore" / "running" / "scratch"
    for words in (["run"], ["restore", "big"]):
        if project.exists("big"):
            project.remove("big")
        process = project.start(*words)
        project.wait_for(lambda process=process: process.poll() is not None or scratch.exists())
        process.send_signal(number)
        done = project.finish(process, None)
        assert done.status in (0, status), done
        project.claim_rest()
        assert not project.exists("big") or project.files() == wanted
        tally("signals while a version is put back", done.status != 0)
    assert claim_repaired(project, wanted).executed == []


def test_a_stopped_run_goes_on(project: Project) -> None:
    """SIGSTOP, SIGTSTP (Ctrl-Z) and SIGCONT to the runner change nothing but the time."""
    process = started(project)
    for number in (signal.SIGTSTP, signal.SIGSTOP):
        process.send_signal(number)
        time.sleep(0.1)
        process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGSTOP)
    project.wait_for(lambda: state_of(process.pid) == "T")
    project.write("go")
    time.sleep(0.2)
    process.send_signal(signal.SIGCONT)
    assert project.finish(process).executed == ["go", "then"]
    project.claim_rest()


@pytest.mark.parametrize("name", ["SIGPIPE", "SIGWINCH", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGQUIT", "SIGXCPU"])
def test_any_other_signal_is_harmless_or_like_a_kill(project: Project, name: str) -> None:
    """Where it ends the runner, the watchdog ends the task, and a plain run repairs all."""
    files = project.files()
    wanted = {**files, "go": b"", "started": b"", "b.txt": b"whole\n", "c.txt": b"whole\n"}
    process = started(project)
    process.send_signal(getattr(signal, name))
    if name in ("SIGPIPE", "SIGWINCH"):
        time.sleep(0.1)
        project.write("go")
        assert project.finish(process, 0).executed == ["go", "then"]
        return
    project.finish(process, -getattr(signal, name))
    project.wait_for(lambda: not project.alive())
    project.write("go")
    claim_repaired(project, wanted)


# --- output ---------------------------------------------------------------------------------------------


def test_standard_input_is_empty(tmp_path: Path) -> None:
    """A command that reads it finds its end, whatever the user's terminal says."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "cat > b.txt", "", "b.txt")})
    process = subprocess.run(
        [PROVSTORE, "run"], cwd=project.root, env=project.environment, input=b"typed", capture_output=True, check=True
    )
    assert b"executed" in process.stderr
    assert project.read("b.txt") == ""


def test_a_flood_of_output_costs_bounded_memory(tmp_path: Path) -> None:
    """50 MB of lines: all of it is kept, and the runner stays small."""
    text = stage("go", "yes 'a line of the flood' | head -c 50000000; echo x > b.txt", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    project.provstore("run", before=["prlimit", "--data=50000000"])
    assert project.rows("SELECT log_size FROM execution") == [(50_000_000,)]
    kept = [path.stat().st_size for path in (project.root / ".provstore" / "objects").rglob("*") if path.is_file()]
    assert kept == [50_000_000]


def test_bytes_that_are_no_text_are_shown_and_kept(tmp_path: Path) -> None:
    """Invalid UTF-8, zeros and one endless line: no traceback, and the log holds each byte."""
    text = stage("go", r"printf 'good \377\376\000\200 bad'; head -c 200000 /dev/zero; exit 1", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=1)
    assert "exit status 1" in done.err
    assert len(done.err) < 100_000
    assert project.rows("SELECT log_size FROM execution") == [(200_000 + len(b"good \377\376\000\200 bad"),)]


def test_a_closed_standard_output_changes_nothing(tmp_path: Path) -> None:
    """`| head -1` ends neither the run nor the questions, and their exit status is theirs."""
    text = "[dimensions]\nn = '1..300'\n[stages.go]\ndimensions = ['n']\n"
    text += "run = 'echo {n} > {outputs}; test {n} != 300'\noutputs = ['out/{n}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    for words, expected in (
        (["status", "--json"], 0),
        (["check", "--json"], 1),
        (["run", "-k", "-j2"], 1),
        (["run", "-k", "--json"], 1),
    ):
        shell = ["sh", "-c", 'exec 3>&1; { "$@" 2>&1; echo $? >&3; } | head -1 > /dev/null', "sh", PROVSTORE, *words]
        done = subprocess.run(shell, cwd=project.root, env=project.environment, capture_output=True, check=True)
        assert done.stdout.decode().strip() == str(expected), words
        assert done.stderr == b""
    project.claim_rest()
    assert project.rows("SELECT count(*) FROM execution WHERE outcome = 'succeeded'") == [(299,)]


@pytest.mark.parametrize("gone", ["stdout", "stderr", "both"])
def test_a_reader_that_is_gone_from_the_start_changes_nothing(tmp_path: Path, gone: str, tally: Tally) -> None:
    """Exit status and state are those of a run that somebody reads, also where click reads the words."""
    text = stage("go", "cat a.txt > b.txt; echo said", "a.txt", "b.txt") + stage("no", "echo x; false", "", "c.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "[params]\nx = 1\n" + text, "a.txt": "1\n"})
    for words, expected in (
        (["run", "-k"], 1),
        (["run", "go"], 0),
        (["run", "go", "--force", "-P", "x=2"], 0),
        (["status"], 0),
        (["run", "-n", "-P", "x=2"], 0),
        (["check", "--json"], 1),
        (["log"], 0),
        (["logs", "go"], 0),
        (["sql", "SELECT * FROM execution"], 0),
        (["nonsense"], 2),
        (["run", "nonsense"], 2),
        (["--help"], 0),
    ):
        reader, writer = os.pipe()
        os.close(reader)
        out = writer if gone != "stderr" else subprocess.PIPE
        err = writer if gone != "stdout" else subprocess.PIPE
        try:
            project.finish(project.start(*words, stdout=out, stderr=err), expected)
        finally:
            os.close(writer)
        tally("commands whose output nobody reads", 1)
    project.claim_rest()
    assert project.rows("SELECT stage, outcome, log_size FROM execution ORDER BY rowid") in (
        [("go", "succeeded", 5), ("no", "failed", 2), ("go", "succeeded", 5)],
        [("no", "failed", 2), ("go", "succeeded", 5), ("go", "succeeded", 5)],
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full is not there")
def test_an_output_that_takes_nothing_is_said_and_changes_nothing(tmp_path: Path, tally: Tally) -> None:
    """/dev/full: what was to be printed is lost, which is exit status 3; what was to be done is done."""
    text = stage("go", "cat a.txt > b.txt; echo said", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    with open("/dev/full", "wb") as full:
        done = project.finish(project.start("run", "--json", stdout=full.fileno()), 3)
        assert "standard output can't be written" in done.err
        assert project.read("b.txt") == "1\n"
        for words in (["status"], ["log"], ["logs", "go"], ["sql", "SELECT 1"], ["show", "go"], ["--help"]):
            done = project.finish(project.start(*words, stdout=full.fileno()), None)
            assert (done.status, "can't be written" in done.err) in ((3, True), (2, False)), (words, done)
            tally("commands whose output is full", 1)
        for words, expected in ((["run", "--force"], 0), (["run", "-k", "nonsense"], 2), (["nonsense"], 2)):
            project.finish(project.start(*words, stderr=full.fileno()), expected)
            tally("commands whose output is full", 1)
        assert project.finish(project.start("log", "--json", stderr=full.fileno()), 0).out
    assert project.rows("SELECT outcome FROM run_end") == [("succeeded",)] * 2
    assert project.run().report["run"] is None


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_descriptors_change_nothing(tmp_path: Path, closed: str) -> None:
    """A run from cron or a daemon may have no standard streams at all."""
    text = stage("go", "cat a.txt > b.txt; echo said", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    for words, expected in (("run", 0), ("run", 0), ("status", 0), ("run nothing", 2)):
        command = f'"{PROVSTORE}" {words} {closed}'
        done = subprocess.run(["sh", "-c", command], cwd=project.root, env=project.environment, check=False)
        assert done.returncode == expected, words
    assert project.read("b.txt") == "1\n"
    assert project.rows("SELECT log_size FROM execution") == [(5,)]
    project.claim_rest()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding(tmp_path: Path, encoding: str) -> None:
    """Arrows and umlauts are shown as well as they can be; no traceback."""
    text = "[params]\nx = 1\n" + stage("gö", "echo {params.x} > b.txt", "", "b.txt")
    text = text.replace("[stages.gö]", '[stages."gö"]') if "gö" in text else text
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text.replace("gö", "go"), "ü.txt": ""})
    project.run(env={"PYTHONIOENCODING": encoding})
    for words in (["status", "-P", "x=2"], ["status", "--json", "-P", "x=2"], ["run", "-P", "x='→ü'"], ["run", "ü"]):
        done = project.provstore(*words, status=None, env={"PYTHONIOENCODING": encoding})

        assert done.status in (0, 2), done.err
        assert done.out or done.err


# --- two at once ----------------------------------------------------------------------------------------


def test_a_second_run_gives_up_with_no_wait(project: Project) -> None:
    """Exit status 3, and it says who holds the project."""
    process = started(project)
    done = project.finish(project.start("run", "--no-wait"), 3)
    assert f"process {process.pid} since" in done.err
    assert "provstore run --json" in done.err
    project.write("go")
    assert project.finish(process).executed == ["go", "then"]
    assert project.run("--no-wait").report["run"] is None


def test_a_second_run_waits_and_does_nothing_twice(project: Project) -> None:
    """It says for whom it waits, and finds all done."""
    process = started(project)
    second = waiting(project, "--json")
    assert f"waiting for another run of this project: process {process.pid}" in said(project)
    project.write("go")
    project.finish(process)
    done = project.finish(second)
    assert set(done.outcomes.values()) == {"fresh"}
    assert project.count() == {"go": 1, "then": 1}
    project.claim_rest()


def test_many_runs_at_once(tmp_path: Path) -> None:
    """Five runs from nothing: each task is executed once, and all end well."""
    text = "[dimensions]\nn = '1..20'\n[stages.go]\ndimensions = ['n']\n"
    text += f"run = '''{TRACED} echo {{n}} > {{outputs}}'''\noutputs = ['out/{{n}}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    processes = [project.start("run", "--json") for _ in range(5)]
    for process in processes:
        assert project.finish(process).report["outcome"] == "succeeded"
    assert project.count() == {"go": 20}
    project.claim_rest()


def test_questions_are_answered_while_a_run_is_under_way(project: Project) -> None:
    """`status`, `check` and `run -n` neither wait nor disturb."""
    process = started(project)
    for words in (["status"], ["status", "--json"], ["run", "-n"], ["check"]):
        project.finish(project.start(*words), None)
    project.write("go")
    assert project.finish(process).executed == ["go", "then"]
    project.claim_rest()


@pytest.mark.parametrize(("number", "status"), STATUS.items(), ids=lambda v: str(int(v)))
def test_a_waiting_run_can_be_interrupted(project: Project, number: int, status: int, tally: Tally) -> None:
    """While it waits for another: its own exit status, and the other goes on."""
    process = started(project)
    second = waiting(project)
    second.send_signal(number)
    assert project.finish(second, status).out == ""
    tally("signals to a run that waits", 1)
    project.write("go")
    assert project.finish(process).executed == ["go", "then"]
    project.claim_rest()


def test_jobs_run_at_once_and_no_more_than_asked(tmp_path: Path) -> None:
    """-j2: two at a time, never three; -j1: one."""
    text = "[dimensions]\nn = '1..6'\n[stages.go]\ndimensions = ['n']\nresources = { cpu = 1 }\n"
    text += "run = '''mkdir -p on; touch on/{n}; sleep 0.15; ls on | wc -l > {outputs}; rm on/{n}'''\n"
    text += "outputs = ['out/{n}']\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    most = []
    for jobs in (1, 2, 2, 2):  # a busy machine may let two tasks pass one after the other
        project.run("--force", f"-j{jobs}")
        most.append(max(int(path.read_text()) for path in (project.root / "out").iterdir()))
    assert most[0] == 1
    assert max(most) == min(2, len(os.sched_getaffinity(0)))


def test_a_runs_own_lines(tmp_path: Path) -> None:
    """Without a terminal: one plain line for a start and for an end, no colour, results apart from messages."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "touch b.txt", "", "b.txt")})
    done = project.provstore("run")
    assert done.out == ""
    assert re.search(r"^done +go  \d+\.\d s", done.err, re.MULTILINE)
    assert done.err.endswith("succeeded: 1 executed\n")
    assert "\x1b" not in done.err
    assert json.loads(project.run().out)["run"] is None
