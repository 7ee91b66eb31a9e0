"""Nothing outlives its command: timeouts, `stop`, `kill`, and what a command leaves behind."""

from __future__ import annotations

import os
import signal
import time

import pytest

from provstore.executors import local, processes

from .conftest import PYTHON, Bench, eventually, linux_only

DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
for number in range(3): os.close(number)
os.chdir("/")
time.sleep(100)
"""
TIDY = """
import signal, sys, time
def clean(*_):
    time.sleep(0.4)
    print("clean")
    sys.exit()
signal.signal(signal.SIGTERM, clean)
print("up", flush=True)
time.sleep(20)
"""
DAEMON_WITHOUT_ENVIRONMENT = DAEMON.replace("time.sleep(100)", "os.execve('/bin/sleep', ['sleep', '100'], {})")


def test_timeout(bench: Bench) -> None:
    """A job that takes too long is asked to end, and has the time to do so."""
    started = time.monotonic()
    finished = bench.run("trap 'sleep 0.2; echo bye; exit 3' TERM; sleep 20 & wait", timeout=0.2)

    assert time.monotonic() - started < 3
    assert finished.timed_out
    assert not finished.stopped
    assert (finished.exit_status, finished.survivors) == (3, ())
    assert bench.log() == b"bye\n"


def test_timeout_of_the_deaf(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that ignores SIGTERM is killed after the grace, with all it has started."""
    monkeypatch.setattr(local, "GRACE", 0.3)
    started = time.monotonic()
    finished = bench.run("trap '' TERM; setsid sleep 100 & sleep 100 & sleep 100", timeout=0.2)

    assert 0.5 <= time.monotonic() - started < 3
    assert (finished.timed_out, finished.signal) == (True, signal.SIGKILL)
    assert bench.living() == []


def test_grace_is_five_seconds() -> None:
    """The documented time between the request to end and the kill."""
    assert local.GRACE == 5.0


def test_timeout_leaves_other_jobs_alone(bench: Bench) -> None:
    """Only the job whose time is over is ended."""
    late = bench.start("sleep 20", slot="late", timeout=0.1)
    other = bench.start("sleep 0.5", slot="other", timeout=20)
    found = {finished.execution: finished for finished in (bench.one(), bench.one())}

    assert found[late.execution].timed_out
    assert (found[other.execution].timed_out, found[other.execution].exit_status) == (False, 0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stop(bench: Bench, number: int) -> None:
    """`stop` sends its signal to all groups; a command that handles it may clean up, children too."""
    handler = f"trap 'echo got; exit 0' {int(number)}; echo ready; while :; do sleep 0.05 || :; done"
    # A shell lets what it starts in the background ignore SIGINT; a pipeline does not.
    bench.start(f"trap : {int(number)}; ({handler}) >&2 | ({handler}) >&2", slot="a")
    bench.executor.start(bench.job("sleep", "20", slot="b"))
    assert eventually(lambda: bench.log("a").count(b"ready") == 2)
    bench.executor.stop(number)
    found = {finished.exit_status: finished for finished in (bench.one(), bench.one())}

    assert all(finished.stopped for finished in found.values())
    assert found[None].signal == number
    assert found[0].survivors == ()
    assert eventually(lambda: bench.log("a").count(b"got") == 2)


def test_rest_of_a_stopped_group_has_the_grace_too(bench: Bench) -> None:
    """When the shell ends at once, its children still may clean up before they are killed."""
    code = TIDY
    bench.executor.start(bench.job("sh", "-c", '"$1" -c "$2" & wait', "-", PYTHON, code))
    assert eventually(lambda: b"up" in bench.log())
    bench.executor.stop(signal.SIGTERM)
    finished = bench.one()

    assert (finished.stopped, finished.survivors) == (True, ())
    assert b"clean" in bench.log()


@linux_only
def test_stop_asks_daemons_too(bench: Bench) -> None:
    """What has left the group of a stopped job is asked to end as soon as it is known, not killed after the grace."""
    started = time.monotonic()
    bench.start("setsid sleep 100 & echo up; sleep 100")
    assert eventually(lambda: bench.log() and len(bench.living()) == 3)
    bench.executor.stop(signal.SIGTERM)
    finished = bench.one()

    assert time.monotonic() - started < 2
    assert (finished.signal, finished.survivors) == (signal.SIGTERM, ())


def test_stop_of_the_deaf_ends_in_kill(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second `stop` does not put off the end, nothing that ignores the first one lives on."""
    monkeypatch.setattr(local, "GRACE", 0.3)
    bench.start("trap '' TERM; echo up; sleep 100 & setsid sleep 100 & sleep 100")
    assert eventually(bench.log)
    bench.executor.stop(signal.SIGTERM)
    started = time.monotonic()
    time.sleep(0.2)
    bench.executor.stop(signal.SIGTERM)
    finished = bench.one()

    assert time.monotonic() - started < 1
    assert (finished.stopped, finished.signal, bench.living()) == (True, signal.SIGKILL, [])


def test_kill(bench: Bench) -> None:
    """`kill` ends everything at once, daemons too."""
    bench.executor.start(
        bench.job("sh", "-c", '"$1" -c "$2"; trap "" TERM INT; echo up; sleep 100', "-", PYTHON, DAEMON)
    )
    assert eventually(bench.log)
    started = time.monotonic()
    bench.executor.kill()
    finished = bench.one()

    assert time.monotonic() - started < 1
    assert (finished.stopped, finished.signal) == (True, signal.SIGKILL)
    assert bench.living() == []


def test_background_process(bench: Bench) -> None:
    """A process that stays in the group when the command has ended is named and ended."""
    finished = bench.run("sleep 100 & echo $!")
    pid = int(bench.log())

    assert finished.exit_status == 0
    assert finished.survivors == (f"pid {pid} (sleep 100)",)
    assert bench.living() == []


def test_deaf_background_process(bench: Bench) -> None:
    """A survivor that ignores SIGTERM is killed soon; it gets no long grace."""
    started = time.monotonic()
    finished = bench.run("(trap '' TERM; echo up; sleep 100; sleep 100) & while ! grep -q up running/0/log; do :; done")

    assert time.monotonic() - started < 2
    assert len(finished.survivors) == 2
    assert bench.living() == []


@linux_only
@pytest.mark.parametrize("code", [DAEMON, DAEMON_WITHOUT_ENVIRONMENT], ids=["marked", "without environment"])
def test_daemon(bench: Bench, code: str) -> None:
    """A daemon by the book (two forks, own session, closed descriptors) is found, named and ended, even if
    it has cleared its environment."""
    pid_file = bench.root / "pid"
    code = code.replace("for number", f"open({str(pid_file)!r}, 'w').write(str(os.getpid()))\nfor number")
    bench.executor.start(bench.job(PYTHON, "-c", code))
    finished = bench.one()
    assert eventually(pid_file.exists)
    pid = int(pid_file.read_text())

    assert len(finished.survivors) == 1
    assert finished.survivors[0].startswith(f"pid {pid} (")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@linux_only
def test_own_session(bench: Bench) -> None:
    """A process in a session of its own is found, with what it has started itself."""
    finished = bench.run("setsid sh -c 'sleep 100 & sleep 101' & sleep 0.1")

    assert sorted(name.partition("(")[2] for name in finished.survivors) == [
        "sh -c sleep 100 & sleep 101)",
        "sleep 100)",
        "sleep 101)",
    ]
    assert bench.living() == []


@linux_only
def test_survivor_is_the_right_jobs(bench: Bench) -> None:
    """Of jobs that run at once, the one that left a process behind is blamed; the daemons of one that still
    runs are left alone until it ends."""
    keeps = bench.start(
        "setsid sh -c 'sleep 0.6; echo done >made' & sleep 0.1; while [ ! -s made ]; do sleep 0.02; done", slot="a"
    )
    leaves = bench.start("setsid sleep 100 & sleep 0.1", slot="b")
    clean = bench.start("sleep 0.2", slot="c")
    found = {finished.execution: finished for finished in (bench.one(), bench.one(), bench.one())}

    assert found[keeps.execution].survivors == found[clean.execution].survivors == ()
    assert len(found[leaves.execution].survivors) == 1


@linux_only
def test_nameless_survivor_beside_other_jobs(bench: Bench) -> None:
    """A daemon without environment is ended, and blamed on the last job at the latest."""
    bench.executor.start(bench.job(PYTHON, "-c", DAEMON_WITHOUT_ENVIRONMENT, slot="a"))
    bench.start("sleep 0.5", slot="b")
    survivors = [*bench.one().survivors, *bench.one().survivors]

    assert len(survivors) == 1
    assert "sleep 100" in survivors[0]


@pytest.mark.parametrize(
    "script",
    [
        "seq 100000 | sort -r | head -1",
        "yes | head -1",
        "sleep 0.01 & sleep 0.005",
        "(sleep 0.01; echo late) &",
        "setsid true &",
    ],
)
def test_pipelines_are_not_blamed(bench: Bench, script: str) -> None:
    """What ends a moment after the shell does not make a task fail."""
    for _ in range(20):
        finished = bench.run(script)
        assert (finished.exit_status, finished.survivors) == (0, ())


@linux_only
def test_ended_daemons_do_not_pile_up(bench: Bench) -> None:
    """Daemons that end while their command runs are reaped at once, not left as zombies."""
    bench.start("for i in 1 2 3 4 5; do (setsid sleep 0.1 &) ; done; sleep 20")
    bench.executor.wait(0.6)
    zombies = [p for p in processes.table().values() if p.zombie and p.parent == os.getpid()]
    assert zombies == []
    bench.executor.kill()
    bench.one()


def test_next_log_is_out_of_reach(bench: Bench) -> None:
    """After survivors the folder's next job has a new log file, whatever still holds the old one."""
    bench.run(":")
    kept = bench.running / "0" / "log"
    inode = kept.stat().st_ino
    bench.run("echo a")
    assert kept.stat().st_ino == inode
    with kept.open("ab") as stray:
        bench.run("sleep 100 &")
        bench.run("echo b")
        stray.write(b"stray")
    assert bench.log() == b"b\n"


def test_survivor_of_a_failing_command(bench: Bench) -> None:
    """A command that fails and leaves something behind has both told."""
    finished = bench.run("sleep 100 & exit 4")

    assert finished.exit_status == 4
    assert len(finished.survivors) == 1


def test_kill_while_survivors_end(bench: Bench) -> None:
    """A job whose command had ended by itself when `kill` came is not clean if something was left of it."""
    bench.start("sleep 100 &")
    assert not bench.executor.wait(0.02)
    bench.executor.kill()
    finished = bench.one()

    assert finished.exit_status == 0
    assert finished.stopped or finished.survivors


def test_fork_bomb_ends(bench: Bench) -> None:
    """Something that forks as fast as it can is ended all the same."""
    script = "f() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do setsid sleep 50 & done; }; f"
    finished = bench.run(script)

    assert len(finished.survivors) == local.SURVIVORS_NAMED
    assert bench.living() == []
