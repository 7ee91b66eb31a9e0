"""What a command meets, and what is known of it when it has ended."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provstore.executors import processes
from provstore.executors.local import BYTES_OF_MAXRSS, LocalExecutor

from .conftest import PATH, PYTHON, Bench, eventually, linux_only


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_exit_status(bench: Bench, status: int) -> None:
    """A command's exit status is reported as it is."""
    finished = bench.run(f"exit {status}")

    assert (finished.exit_status, finished.signal, finished.error) == (status, None, "")
    assert (finished.timed_out, finished.stopped, finished.survivors) == (False, False, ())


def test_signal(bench: Bench) -> None:
    """A command that a signal ended has that signal and no exit status."""
    finished = bench.run("kill -SEGV $$")

    assert (finished.exit_status, finished.signal, finished.error) == (None, signal.SIGSEGV, "")


def test_times_and_usage(bench: Bench) -> None:
    """Start, end, processor time and memory are those of the job."""
    before = time.time()
    job = bench.job(PYTHON, "-c", "b = bytearray(80_000_000); sum(range(3_000_000))")
    bench.executor.start(job)
    finished = bench.one()

    assert before <= finished.started < finished.ended <= time.time()
    assert 0.01 < finished.cpu_seconds < 10
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_MAXRSS  # Linux counts the moment before exec
    assert 80_000_000 < finished.peak_memory < 400_000_000 + own


def test_usage_is_per_job(bench: Bench) -> None:
    """Of two jobs that run at once, only the busy one is charged with processor time."""
    busy = bench.job(PYTHON, "-c", "sum(range(10_000_000))", slot="busy")
    bench.executor.start(busy)
    idle = bench.start("sleep 0.05", slot="idle")
    found = {finished.execution: finished for finished in (bench.one(), bench.one())}

    assert found[busy.execution].cpu_seconds > 0.1
    assert found[idle.execution].cpu_seconds < 0.1


def test_parallel(bench: Bench) -> None:
    """Jobs that were started together run together, and each is reported once, as it ends."""
    slow = bench.start("sleep 0.4", slot="slow")
    quick = [bench.start("sleep 0.1", slot=str(number)) for number in range(6)]
    started = time.monotonic()
    ended = []
    while len(ended) < 7:
        ended += [finished.execution for finished in bench.executor.wait(None)]

    assert time.monotonic() - started < 1.5
    assert sorted(ended) == sorted(job.execution for job in [slow, *quick])
    assert ended[-1] == slow.execution
    assert not bench.executor.wait(None)


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (("pyhton-", "x"), "no such program: 'pyhton-'"),
        (("./missing",), "no such program: './missing'"),
        (("./plain.txt",), "not executable: './plain.txt'"),
        (("./folder",), "a folder, not a program: './folder'"),
        (("./nothing.sh",), "not a program, and without a '#!' line: './nothing.sh'"),
        (("./stranger.sh",), "can't start './stranger.sh': the interpreter that it names does not exist"),
        (("sh", "-c", "a\0b"), "can't start 'sh': embedded null byte"),
        (("sh", "-c", "x" * 10_000_000), "its arguments and environment are longer than the system allows"),
        (("",), "no such program: ''"),
        ((), "no command"),
    ],
)
def test_not_started(bench: Bench, argv: tuple[str, ...], error: str) -> None:
    """What can't be started is a report with a plain text, never an exception."""
    (bench.root / "folder").mkdir()
    for name, text, mode in (
        ("plain.txt", "", 0o644),
        ("nothing.sh", "true\n", 0o755),
        ("stranger.sh", "#!/no/such/shell\n", 0o755),
    ):
        (bench.root / name).write_text(text)
        (bench.root / name).chmod(mode)
    job = bench.job(*argv)
    bench.executor.start(job)
    finished = bench.one()

    assert error in finished.error
    assert (finished.execution, finished.exit_status, finished.signal) == (job.execution, None, None)


def test_missing_folders(bench: Bench) -> None:
    """A working folder or a folder for the job that does not exist is named."""
    bench.executor.start(bench.job("true", cwd=bench.root / "gone"))
    assert "no such working folder" in bench.one().error

    bench.executor.start(bench.job("true")._replace(folder=str(bench.running / "missing")))
    assert str(bench.running / "missing") in bench.one().error


def test_nothing_of_the_folder_is_run_by_accident(bench: Bench) -> None:
    """A program without a slash is looked up along PATH only, not in the working folder."""
    program = bench.root / "here"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    bench.executor.start(bench.job("here"))

    assert bench.one().error == "no such program: 'here'"


def test_program_along_the_jobs_path(bench: Bench) -> None:
    """The job's own PATH decides, relative folders in it count from its working folder, and a program
    that was missing is looked for again."""
    environment = {"PATH": f"tools:{PATH}"}
    bench.executor.start(bench.job("mine", environment=environment))
    assert bench.one().error == "no such program: 'mine'"

    (bench.root / "tools").mkdir()
    program = bench.root / "tools" / "mine"
    program.write_text("#!/bin/sh\necho mine\n")
    bench.executor.start(bench.job("mine", environment=environment))
    assert "not executable" in bench.one().error

    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    bench.executor.start(bench.job("mine", environment=environment))
    assert (bench.one().exit_status, bench.log()) == (0, b"mine\n")


def test_standard_input_is_empty(bench: Bench) -> None:
    """A command that reads its standard input sees its end at once."""
    assert bench.run("wc -c").exit_status == 0
    assert bench.log().split() == [b"0"]


def test_log_is_one_stream(bench: Bench) -> None:
    """Standard output and error are one stream in their order, of any bytes, and its size is reported."""
    finished = bench.run(r"echo one; echo two >&2; printf '\377\376\000'; echo three")

    assert bench.log() == b"one\ntwo\n\xff\xfe\x00three\n"
    assert finished.log_size == len(bench.log())


def test_flood(bench: Bench) -> None:
    """Output of any size costs the runner no memory."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    finished = bench.run("head -c 60000000 /dev/zero")

    assert finished.log_size == 60_000_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 10_000


def test_log_of_the_next_job(bench: Bench) -> None:
    """A folder's next job begins with an empty log, also after one that printed nothing or was not started."""
    for script, expected in (("echo long long", b"long long\n"), ("echo x", b"x\n"), (":", b""), ("echo y", b"y\n")):
        finished = bench.run(script)
        assert bench.log() == expected
        assert finished.log_size == len(expected)
    bench.executor.start(bench.job("no-such-program"))
    assert bench.one().log_size == 0
    assert bench.log() == b""


def test_log_that_was_taken_away(bench: Bench) -> None:
    """A log that was moved away stays what it was; the next job gets a new one. A removed one has no size."""
    bench.run("echo first")
    os.rename(bench.running / "0" / "log", bench.root / "kept")
    bench.run("echo second")

    assert (bench.root / "kept").read_bytes() == b"first\n"
    assert bench.log() == b"second\n"
    assert bench.run('echo third; rm "$PWD/running/0/log"').log_size == 0
    bench.run("echo fourth")
    assert bench.log() == b"fourth\n"


def test_log_is_never_written_through_a_link(bench: Bench) -> None:
    """A job that puts a link in the place of its log does not make the next one overwrite the target."""
    precious = bench.root / "precious"
    precious.write_text("precious")
    bench.run("ln -sf ../../precious running/0/log")
    bench.run("echo next")

    assert precious.read_text() == "precious"
    assert bench.log() == b"next\n"


def test_many_folders(bench: Bench) -> None:
    """A caller that uses each folder once does not run out of descriptors."""
    before = len(os.listdir("/dev/fd"))
    for number in range(150):
        assert bench.run(":", slot=str(number)).exit_status == 0

    assert len(os.listdir("/dev/fd")) - before < 140


def test_working_folder(bench: Bench) -> None:
    """A command works in its folder, and the runner's own does not change."""
    folder = bench.root / "a folder\n"
    folder.mkdir()
    (folder / "script").write_text("#!/bin/sh\npwd -P; touch made\n")
    (folder / "script").chmod(0o755)
    here = os.getcwd()
    bench.executor.start(bench.job("./script", cwd=folder))

    assert bench.one().exit_status == 0
    assert bench.log() == os.fsencode(os.path.realpath(folder)) + b"\n"
    assert os.getcwd() == here


def test_environment_is_exactly_what_is_given(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the runner's own environment reaches a command."""
    monkeypatch.setenv("SECRET", "of the runner")
    environment = {"A": "1", "B": "zwei\nzeilen", "C": ""}
    code = "import os, json; print(json.dumps(dict(os.environ)))"
    bench.executor.start(bench.job(PYTHON, "-c", code, environment=environment))
    bench.one()
    found = json.loads(bench.log())
    found.pop("LC_CTYPE", None)  # which Python itself sets

    assert found == environment


def test_inherited_descriptors(tmp_path: Path) -> None:
    """A command has its three standard descriptors and nothing that the runner inherited or opened."""
    leak, other = os.pipe()
    os.set_inheritable(leak, True)
    bench = Bench(tmp_path)
    try:
        bench.executor.start(bench.job("ls", "/proc/self/fd" if sys.platform == "linux" else "/dev/fd"))
        bench.one()
    finally:
        bench.executor.close()
        os.close(leak)
        os.close(other)

    assert bench.log().split() == [b"0", b"1", b"2", b"3"]  # 3 is the listing itself


def test_standard_descriptors_that_were_closed(tmp_path: Path) -> None:
    """A runner that was started without standard descriptors gives its commands the right ones."""
    (tmp_path / "0").mkdir()
    script = f"""
import os
for number in (0, 1, 2): os.close(number)
from provstore.executors.local import LocalExecutor
from provstore.ports import Job
executor = LocalExecutor({str(tmp_path)!r})
executor.start(Job("e", ("sh", "-c", "wc -c; echo err >&2"), "/", {{"PATH": {PATH!r}}}, {str(tmp_path / "0")!r}, None))
finished = executor.wait(None)
executor.close()
os._exit(finished[0].exit_status)
"""
    assert subprocess.run([PYTHON, "-c", script], check=False).returncode == 0
    assert (tmp_path / "0" / "log").read_bytes().split() == [b"0", b"err"]


@linux_only
def test_signals_are_at_their_default(bench: Bench) -> None:
    """What Python or the runner's parent ignores or blocks, a command does not."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    try:
        bench.executor.start(bench.job("cat", "/proc/self/status"))  # without a shell, which would reset its mask
        bench.one()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    masks = [line.split()[1] for line in bench.log().splitlines() if line.startswith((b"SigBlk", b"SigIgn", b"SigCgt"))]
    assert [int(mask, 16) & 0x7FFFFFFF for mask in masks] == [0, 0, 0]  # without the C library's own, 32 and 33


def test_ignored_child_signal(tmp_path: Path) -> None:
    """A runner whose parent ignores SIGCHLD still learns how its jobs end, and goes on ignoring it afterwards."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        bench = Bench(tmp_path)
        assert bench.run("exit 3").exit_status == 3
        bench.executor.close()
        assert signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_process_file(bench: Bench) -> None:
    """`process` names boot, process and start while the job runs, and nothing afterwards."""
    bench.start("echo $$; exec sleep 5")
    path = bench.running / "0" / "process"
    assert eventually(bench.log)
    boot, pid, started = path.read_text().split()
    bench.executor.kill()
    bench.one()

    assert boot == processes.boot_id()
    assert int(pid) == int(bench.log())
    assert 0 <= time.time() - float(started) < 10
    assert path.read_text().split() == []


def test_wait_returns_in_time(bench: Bench) -> None:
    """`wait` returns at once when nothing runs, and after its seconds when nothing ends; it sleeps meanwhile."""
    started = time.monotonic()
    assert not bench.executor.wait(10)
    assert time.monotonic() - started < 1

    bench.start("sleep 20")
    started, used = time.monotonic(), time.process_time()
    assert not bench.executor.wait(0.3)
    assert 0.29 < time.monotonic() - started < 1
    assert time.process_time() - used < 0.1
    assert not bench.executor.wait(0)
    bench.executor.kill()
    assert bench.one().signal == signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_interrupt_wait(bench: Bench, number: int) -> None:
    """A signal whose handler only sets a flag ends `wait` at once, also one that came just before."""
    seen: list[int] = []
    before = signal.signal(number, lambda number, frame: seen.append(number))
    other = subprocess.Popen(["sh", "-c", f"sleep 0.2; kill -{int(number)} {os.getpid()}"])
    try:
        bench.start("sleep 20")
        started = time.monotonic()
        assert not bench.executor.wait(10)
        assert time.monotonic() - started < 3
        os.kill(os.getpid(), number)
        assert not bench.executor.wait(10)
        assert time.monotonic() - started < 3
    finally:
        signal.signal(number, before)
        other.wait()
    assert seen == [number, number]
    bench.executor.kill()
    bench.one()


def test_wake(bench: Bench) -> None:
    """`wake` ends the next `wait`, however often it was called."""
    bench.start("sleep 20")
    for _ in range(100_000):
        bench.executor.wake()
    started = time.monotonic()
    while time.monotonic() - started < 3 and not bench.executor.wait(0.5):
        if time.monotonic() - started > 0.5:
            break
    assert not bench.executor.wait(0.01)
    bench.executor.kill()
    bench.one()


def test_wakeup_descriptor_is_given_back(tmp_path: Path) -> None:
    """After `close` the wake-up descriptor is what it was, and every descriptor is closed."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    descriptors = sorted(os.listdir("/dev/fd"))
    signal.set_wakeup_fd(write)
    bench = Bench(tmp_path)
    bench.run("true")
    bench.executor.close()

    assert signal.set_wakeup_fd(-1) == write
    assert sorted(os.listdir("/dev/fd")) == descriptors
    os.close(read)
    os.close(write)


def test_other_children_are_left_alone(bench: Bench) -> None:
    """A process that something else in the runner has started is neither ended nor waited for nor blamed."""
    other = subprocess.Popen(["sleep", "0.3"])
    short = subprocess.Popen(["sh", "-c", "exit 5"])
    finished = bench.run("sleep 0.1")

    assert (finished.exit_status, finished.survivors) == (0, ())
    assert short.wait() == 5
    assert other.wait() == 0


def test_reaped_by_somebody_else(bench: Bench) -> None:
    """A job whose exit status something else has taken is reported as an error."""
    bench.start("exit 0")
    (process,) = (pid for pid in [int((bench.running / "0" / "process").read_text().split()[1])])
    os.waitpid(process, 0)
    finished = bench.one()

    assert finished.exit_status is None
    assert "exit status is lost" in finished.error


def test_closes_what_still_runs(tmp_path: Path) -> None:
    """`close` ends what should not be running any more."""
    bench = Bench(tmp_path)
    bench.start("sleep 100 & setsid sleep 100 & sleep 100")
    assert eventually(lambda: len(bench.living()) == 4)
    bench.executor.close()

    assert bench.living() == []


def test_made_anew(tmp_path: Path) -> None:
    """A second executor works where a first one has been closed."""
    for _ in range(2):
        executor = LocalExecutor(str(tmp_path))
        executor.close()
    assert os.listdir(tmp_path) == []
