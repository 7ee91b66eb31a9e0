"""What a runner leaves behind when it is killed: the watchdog ends it, and if need be the next run."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from provstore.executors import orphans, processes
from provstore.executors.local import LocalExecutor
from provstore.executors.orphans import end_orphans, find_orphans

from .conftest import PATH, PYTHON, Bench, eventually, linux_only, living

RUNNER = """
import json, os, sys
from provstore.executors.local import LocalExecutor
from provstore.ports import Job
running, name, script, count = sys.argv[1:]
executor = LocalExecutor(running)
for number in range(int(count)):
    folder = os.path.join(running, str(number))
    os.makedirs(folder, exist_ok=True)
    execution = f"{name}-{number}"
    with open(folder + "/task.json", "w") as file: json.dump({"execution": execution}, file)
    environment = {"PATH": os.environ["PATH"], "PROVSTORE_EXECUTION": execution}
    executor.start(Job(execution, ("sh", "-c", script), "/", environment, folder, None))
print(executor._watchdog.pid, flush=True)
while executor.wait(None): pass
executor.close()
"""
GRANDCHILDREN = """
trap '' TERM INT HUP
sleep 100 &
setsid sh -c 'sleep 100 & sleep 101' &
(setsid sleep 102 >/dev/null 2>&1 &)
(env -i sleep 103.$NUMBER &)
setsid sh -c 'env -i sleep 103.$0; :' $NUMBER &
env -i sleep 103.$NUMBER
"""
MARKED, NAMELESS = 7, 3  # processes of each job; each `sleep 103` carries no mark


class Runner:
    """A runner in a process of its own."""

    def __init__(self, running: Path, script: str, count: int = 1) -> None:
        self.running = str(running)
        self.name = f"runner-{os.getpid()}-{time.time_ns()}"
        self.nameless = f"sleep 103.{time.time_ns()}"
        script = f"NUMBER={self.nameless.partition('.')[2]}\n{script}"
        command = [PYTHON, "-c", RUNNER, str(running), self.name, script, str(count)]
        environment = {**os.environ, "PATH": PATH}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True)
        assert self.process.stdout is not None
        self.watchdog = int(self.process.stdout.readline())

    def living(self) -> list[str]:
        return living(self.name)

    def kill(self, *, watchdog_first: bool = False) -> None:
        if watchdog_first:
            os.kill(self.watchdog, signal.SIGKILL)
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.communicate()
        end_orphans(self.running)


def called(command: str) -> list[int]:
    return [pid for pid in processes.table() if processes.command_of(pid) == command]


def gone(pid: int) -> bool:
    process = processes.table().get(pid)
    return process is None or process.zombie


def end(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


@linux_only
def test_killed_runner(tmp_path: Path) -> None:
    """Within a second of the runner's SIGKILL all that its jobs had started is gone, and the watchdog too."""
    with Runner(tmp_path, GRANDCHILDREN, count=3) as runner:
        assert eventually(lambda: len(runner.living()) == 3 * MARKED)
        assert eventually(lambda: len(called(runner.nameless)) == 3 * NAMELESS)
        nameless = called(runner.nameless)
        runner.kill()
        killed = time.monotonic()

        assert eventually(lambda: runner.living() == [] and gone(runner.watchdog) and all(map(gone, nameless)), 1.0)
        assert time.monotonic() - killed < 1.0


def test_runner_that_ends_by_itself(tmp_path: Path) -> None:
    """A runner that ends properly takes its watchdog with it, and its standard output closes then."""
    with Runner(tmp_path, "exit 0") as runner:
        assert runner.process.stdout is not None
        assert runner.process.stdout.read() == b""
        assert runner.process.wait(5) == 0
        assert gone(runner.watchdog)


@linux_only
def test_output_closes_when_the_runner_is_killed(tmp_path: Path) -> None:
    """Neither the watchdog nor a job holds the runner's standard output."""
    with Runner(tmp_path, "sleep 100") as runner:
        before = time.monotonic()
        runner.kill()
        assert runner.process.stdout is not None
        assert runner.process.stdout.read() == b""
        assert time.monotonic() - before < 1
        assert eventually(lambda: runner.living() == [] and gone(runner.watchdog))


@linux_only
def test_runner_without_a_proper_end(tmp_path: Path) -> None:
    """The watchdog also works for a runner that just stops, without a signal."""
    folder = tmp_path / "0"
    folder.mkdir()
    name = f"careless-{os.getpid()}-{time.time_ns()}"
    (folder / "task.json").write_text(f'{{"execution": "{name}"}}')
    script = f"""
import os
from provstore.executors.local import LocalExecutor
from provstore.ports import Job
LocalExecutor({str(tmp_path)!r}).start(
    Job({name!r}, ("sleep", "100"), "/", {{"PROVSTORE_EXECUTION": {name!r}}}, {str(folder)!r}, None)
)
os._exit(0)
"""
    subprocess.run([PYTHON, "-c", script], check=True)

    assert eventually(lambda: living(name) == [])


def test_watchdog_is_modest(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog sits in its own session and in /, holds nothing of the project but the lock on the folder
    of jobs, carries no mark, and is no survivor of any job."""
    monkeypatch.setenv(processes.MARK, "of-an-outer-run")
    assert bench.run("true").survivors == ()
    watchdog = bench.executor._watchdog
    assert watchdog is not None
    assert os.getsid(watchdog.pid) == watchdog.pid
    assert processes.execution_of(watchdog.pid) == ""
    if processes.HAS_PROC:
        held = {os.readlink(f"/proc/{watchdog.pid}/fd/{name}") for name in os.listdir(f"/proc/{watchdog.pid}/fd")}
        assert eventually(lambda: os.readlink(f"/proc/{watchdog.pid}/cwd") == "/")
        assert {name for name in held if not name.startswith("pipe:")} == {"/dev/null", str(bench.running)}


@linux_only
def test_watchdog_outlives_signals(tmp_path: Path) -> None:
    """INT, TERM and HUP to the watchdog change nothing."""
    with Runner(tmp_path, "sleep 100") as runner:
        time.sleep(0.1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(runner.watchdog, number)
        runner.kill()

        assert eventually(lambda: runner.living() == [] and gone(runner.watchdog), 1.0)


@linux_only
def test_last_watchdog_spares_the_next_runner(bench: Bench, tmp_path: Path) -> None:
    """A run that starts in the same folders the moment its predecessor is killed keeps all its jobs."""
    for _ in range(5):
        bench.executor.close()
        with Runner(bench.running, "sleep 100", count=3) as runner:
            runner.kill()
            bench.executor = LocalExecutor(str(bench.running))
            assert bench.run("sleep 0.3", slot="next").exit_status == 0
            assert eventually(lambda runner=runner: runner.living() == [])


@linux_only
def test_next_run_finds_orphans(tmp_path: Path) -> None:
    """Orphans that no watchdog ended are found, with their execution and command, and ended."""
    with Runner(tmp_path, GRANDCHILDREN, count=2) as runner:
        assert eventually(lambda: len(runner.living()) == 2 * MARKED)
        assert eventually(lambda: len(called(runner.nameless)) == 2 * NAMELESS)
        runner.kill(watchdog_first=True)
        found = find_orphans(str(tmp_path))
        assert len(found) == 2 * (MARKED + NAMELESS)
        assert {orphan.execution for orphan in found} == {f"{runner.name}-0", f"{runner.name}-1"}
        assert {"sleep 101", "sleep 102", runner.nameless} < {orphan.command for orphan in found}

        assert {orphan.pid for orphan in end_orphans(str(tmp_path))} >= {orphan.pid for orphan in found}
        assert runner.living() == []
        assert find_orphans(str(tmp_path)) == end_orphans(str(tmp_path)) == []


@linux_only
def test_orphan_without_a_process_record(tmp_path: Path) -> None:
    """A runner that died between the start of a job and its record left an orphan all the same."""
    with Runner(tmp_path, "setsid sleep 100 & sleep 101") as runner:
        assert eventually(lambda: len(runner.living()) == 3)
        runner.kill(watchdog_first=True)
        (tmp_path / "0" / "process").unlink()

        assert len(end_orphans(str(tmp_path))) == 3
        assert runner.living() == []


@linux_only
def test_strangers_are_spared(tmp_path: Path) -> None:
    """A process that has the recorded process id, but not the execution's mark, is never touched."""
    stranger = subprocess.Popen(["sleep", "100"], start_new_session=True)
    other = subprocess.Popen(["sleep", "100"], env={"PROVSTORE_EXECUTION": "e-10"})
    try:
        folder = tmp_path / "0"
        folder.mkdir()
        (folder / "task.json").write_text('{"execution": "e-1"}')
        (folder / "process").write_text(f"{processes.boot_id()} {stranger.pid} {time.time()}\n")
        assert end_orphans(str(tmp_path)) == []
        assert stranger.poll() is None
        assert other.poll() is None
    finally:
        end([stranger.pid, other.pid])
        stranger.wait()
        other.wait()


@linux_only
def test_never_itself(tmp_path: Path) -> None:
    """A process that carries the mark itself, and looks for orphans, finds neither itself nor what it runs in."""
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "task.json").write_text('{"execution": "outer"}')
    code = f"from provstore.executors.orphans import end_orphans; print(end_orphans({str(tmp_path)!r}))"
    environment = {**os.environ, "PROVSTORE_EXECUTION": "outer"}
    done = subprocess.run(
        ["sh", "-c", '"$@"; :', "-", PYTHON, "-c", code], env=environment, capture_output=True, check=True
    )

    assert done.stdout == b"[]\n"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"7", b'{"execution": 7}', b'{"execution": ""}', b"\xff\xfe", b'{"other": "x"}', b"null"],
)
def test_broken_folders(tmp_path: Path, content: bytes) -> None:
    """Whatever a folder of jobs holds, what can't be identified is left alone and nothing raises."""
    folder = tmp_path / "0"
    folder.mkdir()
    (folder / "task.json").write_bytes(content)
    (folder / "process").write_bytes(content)
    (tmp_path / "a file").write_bytes(content)

    assert end_orphans(str(tmp_path)) == []
    assert find_orphans(str(tmp_path / "missing")) == []


def test_by_ps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc a process is known by its id, this boot and its start; its group and children go with it."""
    monkeypatch.setattr(processes, "HAS_PROC", False)
    job = subprocess.Popen(["sh", "-c", "sleep 100 & sleep 100"], start_new_session=True)
    try:
        assert eventually(lambda: sum(p.group == job.pid for p in processes.table().values()) == 3)
        folder = tmp_path / "0"
        folder.mkdir()
        (folder / "task.json").write_text('{"execution": "by-ps"}')
        record = folder / "process"
        for text in (
            f"another-boot {job.pid} {time.time()}",
            f"{processes.boot_id()} {job.pid} {time.time() - 3600}",
            "nonsense",
        ):
            record.write_text(text)
            assert find_orphans(str(tmp_path)) == []
        record.write_text(f"{processes.boot_id()} {job.pid} {time.time()}\n")
        found = find_orphans(str(tmp_path))
        assert [orphan.command for orphan in found] == ["sh -c sleep 100 & sleep 100", "sleep 100", "sleep 100"]
        assert len(end_orphans(str(tmp_path))) == 3
    finally:
        job.kill()
        job.wait()


def test_gives_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that can't be ended does not hold up the next run for ever."""
    monkeypatch.setattr(orphans, "SECONDS_TO_END", 0.1)
    monkeypatch.setattr(orphans, "find_orphans", lambda running: [orphans.Orphan("e", 2**22 + 1, "stuck")])

    assert [orphan.command for orphan in end_orphans(str(tmp_path))] == ["stuck"]
