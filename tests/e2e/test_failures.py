"""When a task fails: nothing is lost, nothing half-written counts, and the next run knows."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from .project import TRACED, Project, stage


def chain_of(*, first: str) -> str:
    """A failing stage in front of one that needs it, beside two that don't."""
    return (
        stage("first", first, "a.txt", "b.txt")
        + stage("second", "cat b.txt > c.txt", "b.txt", "c.txt")
        + stage("aside", "cat a.txt > d.txt", "a.txt", "d.txt")
        + stage("beside", "cat d.txt > e.txt", "d.txt", "e.txt")
    )


WORKING = "cat a.txt > b.txt"
FAILING = "echo half > b.txt; echo a word to the user; exit 7"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose first stage has worked, and fails from now on."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": chain_of(first=WORKING), "a.txt": "one\n"})
    project.run()
    project.write("Pipelinefile.toml", chain_of(first=FAILING))
    return project


def test_a_failure_puts_the_last_good_version_back(project: Project) -> None:
    """What was half-written lies in `failed`, the good version is in its place and known as out of date."""
    done = project.run(status=1)
    assert done.outcomes["first"] == "failed"
    assert done.report["outcome"] == "failed"
    assert project.read("b.txt") == "one\n"
    assert (project.failed_folder("first") / "b.txt").read_text() == "half\n"
    assert "a word to the user" in done.err
    assert "exit status 7" in done.err
    assert project.status().outcomes["first"] == "failed"


def test_the_next_run_says_that_it_failed_and_tries_again(project: Project) -> None:
    """State `failed` with the way it ended; after the repair the chain goes on."""
    project.run(status=1)
    assert "last attempt failed: exit status 7" in project.status().reasons("first")
    assert project.run(status=1).outcomes["first"] == "failed"
    assert project.count()["first"] == 3
    project.write("Pipelinefile.toml", chain_of(first="sed s/o/0/ a.txt > b.txt"))
    assert project.run().executed == ["first", "second"]
    assert project.read("c.txt") == "0ne\n"


def test_undoing_a_failed_change_runs_nothing(project: Project) -> None:
    """The good version is back already, so that the old command finds everything fresh."""
    project.run(status=1)
    project.write("Pipelinefile.toml", chain_of(first=WORKING))
    assert project.run().executed == []
    assert project.count()["first"] == 2


def test_a_failure_blocks_and_cancels(tmp_path: Path) -> None:
    """Without -k: what depends on it is blocked, what was not started cancelled; with -k the others are done."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": chain_of(first=FAILING), "a.txt": "one\n"})
    done = project.run("-j1", status=1)
    assert done.outcomes["second"] == "blocked"
    assert sorted(done.outcomes.values()).count("failed") == 1
    assert done.outcomes["beside"] in ("cancelled", "executed")
    done = project.run("-j1", "-k", status=1)
    assert done.outcomes == {
        "first": "failed",
        "second": "blocked",
        "aside": done.outcomes["aside"],
        "beside": "executed",
    }
    assert done.report["summary"]["blocked"] == 1
    assert not project.exists("c.txt")


def test_failed_first_attempt_leaves_nothing_in_place(tmp_path: Path) -> None:
    """With no good version before, the output's place is empty."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", FAILING, "a.txt", "b.txt"), "a.txt": ""})
    project.run(status=1)
    assert not project.exists("b.txt")
    assert (project.failed_folder("go") / "b.txt").exists()


def test_a_hand_edited_output_survives_a_failure(project: Project) -> None:
    """Bytes that nobody else has are in the store, and the last good version is in its place."""
    project.write("b.txt", "by hand\n")
    done = project.run(status=1)
    assert "kept" in done.err
    assert project.read("b.txt") == "one\n"
    assert project.rows("SELECT count(*) FROM object WHERE content = CAST('by hand\n' AS BLOB)") == [(1,)]


@pytest.mark.parametrize(
    ("command", "declared", "message"),
    [
        ("true", '"b.txt"', "output b.txt was not made"),
        ("echo x > elsewhere.txt; rm elsewhere.txt", '"b.txt"', "output b.txt was not made"),
        ("echo x > folder", '"folder/"', "declared as a directory"),
        ("mkfifo deep/b", '"deep/b"', "expected a file or a directory"),
        ("ln -s /etc/passwd b.txt", '"b.txt"', "leads out of the project"),
        ("ln -s nowhere b.txt", '"b.txt"', "b.txt"),
    ],
)
def test_a_wrong_or_missing_output_is_a_failure(tmp_path: Path, command: str, declared: str, message: str) -> None:
    """Exit status 0 is not enough."""
    text = f"[stages.go]\nrun = '''{command}'''\noutputs = [{declared}]\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=1)
    assert done.outcomes == {"go": "failed"}
    assert message in done.err
    assert project.rows("SELECT count(*) FROM dataset") == [(0,)]


def test_an_output_of_an_earlier_time_does_not_count(tmp_path: Path) -> None:
    """The command succeeds but does not rewrite its output: nothing is recorded as made now."""
    text = stage("go", "test -e no || cp a.txt b.txt", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    project.write("no")
    project.write("a.txt", "2\n")
    assert "was not made" in project.run(status=1).err
    assert project.read("b.txt") == "1\n"
    assert project.status().outcomes["go"] == "failed"


def test_outputs_are_out_of_the_way_before_the_start(tmp_path: Path) -> None:
    """The command does not see what it made before, nor does a late writer to the old file reach the new one."""
    text = stage("go", "test ! -e b.txt; cat a.txt > b.txt", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    project.write("a.txt", "2\n")
    with (project.root / "b.txt").open("a") as late:
        project.run()
        late.write("too late\n")
    assert project.read("b.txt") == "2\n"


def test_keep_leaves_the_outputs_in_place(tmp_path: Path) -> None:
    """A stage that adds to its output finds it; after a failure the last good version is back all the same."""
    text = stage("go", "cat a.txt >> b.txt; test ! -e no", "a.txt", "b.txt", "keep = true")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    project.run()
    project.write("a.txt", "2\n")
    project.run()
    assert project.read("b.txt") == "1\n2\n"
    project.write("a.txt", "3\n")
    project.write("no")
    project.run(status=1)
    assert project.read("b.txt") == "1\n2\n"
    project.remove("no")
    project.run()
    assert project.read("b.txt") == "1\n2\n3\n"


def test_retries(tmp_path: Path) -> None:
    """A task may fail as often as `retries` says; every attempt is recorded, and starts in a clean place."""
    command = "test ! -e b.txt; echo x > b.txt; echo >> tries; test $(wc -l < tries) -gt 2"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", command, "", "b.txt", "retries = 2")})
    done = project.run()
    assert done.executed == ["go"]
    assert done.err.count("trying again") == 2
    assert project.count() == {"go": 3}
    sql = "SELECT attempt, outcome FROM execution ORDER BY id"
    assert project.rows(sql) == [(1, "failed"), (2, "failed"), (3, "succeeded")]
    assert done.report["summary"]["executed"] == 1
    assert done.report["summary"]["failed"] == 0


def test_retries_end(tmp_path: Path) -> None:
    """And not more often."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "exit 1", "", "b.txt", "retries = 1")})
    project.run(status=1)
    assert project.count() == {"go": 2}


AT_WORK = """
mkdir -p ../at-work ../tries; : > ../at-work/{n}; ls ../at-work | wc -l >> ../counts
sleep 0.02; rm ../at-work/{n}; echo >> ../tries/{n}
if test $(wc -l < ../tries/{n}) -gt 2; then echo x > {outputs}; fi
"""


def test_retries_never_run_more_tasks_at_once_than_were_asked_for(tmp_path: Path) -> None:
    """A task that ended with 0 and made nothing has given its place to another one before that is known."""
    text = f"[dimensions]\nn = '1..12'\n[stages.go]\ndimensions = ['n']\nrun = '''{AT_WORK}'''\n"
    text += "outputs = ['out/{n}.txt']\nretries = 2\n"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run("-j3")

    counts = [int(line) for line in (tmp_path / "counts").read_text().split()]
    assert len(done.executed) == 12
    assert len(counts) == 36
    assert max(counts) <= 3


def test_one_at_a_time_nothing_starts_after_a_failure(tmp_path: Path) -> None:
    """Not even after one that shows only when its outputs are looked for."""
    text = stage("a", ": > ran-a", "", "a.txt") + stage("b", "echo b > b.txt", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run("-j1", status=1)

    assert done.outcomes == {"a": "failed", "b": "cancelled"}
    assert not project.exists("b.txt")


def test_a_timeout_ends_a_command(tmp_path: Path) -> None:
    """It is recorded as timed out, with all it had started."""
    text = stage("go", "sleep 100 & sleep 100; echo x > b.txt", "", "b.txt", 'timeout = "0.3s"')
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    began = time.monotonic()
    done = project.run(status=1)
    assert time.monotonic() - began < 5
    assert "timeout" in done.err
    assert project.rows("SELECT outcome FROM execution") == [("timed-out",)]
    assert project.status().outcomes["go"] == "failed"


def test_a_timeout_ends_a_command_that_ignores_sigterm(tmp_path: Path) -> None:
    """After five seconds of grace it is killed."""
    text = stage("go", "trap '' TERM; while :; do sleep 1; done", "", "b.txt", "timeout = 0.3")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    began = time.monotonic()
    project.run(status=1)
    assert 5 < time.monotonic() - began < 9
    assert project.rows("SELECT outcome FROM execution") == [("timed-out",)]


def test_a_command_that_edits_its_own_input_is_tainted(tmp_path: Path) -> None:
    """It counts as failed, is not fresh afterwards, and nothing of it is recorded as made."""
    text = stage("go", "cp a.txt b.txt; echo more >> a.txt", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    done = project.run(status=1)
    assert "input a.txt changed while it ran" in done.err
    assert project.rows("SELECT outcome FROM execution") == [("tainted",)]
    assert project.rows("SELECT count(*) FROM dataset WHERE execution IS NOT NULL") == [(0,)]
    assert not project.exists("b.txt")
    project.provstore("check", status=1)


def test_an_input_edited_meanwhile_taints(tmp_path: Path) -> None:
    """Also with size and mtime put back: ctime tells."""
    text = stage("go", "cp a.txt b.txt; touch started; until test -e go; do sleep 0.02; done", "a.txt", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a.txt": "1\n"})
    process = project.start("run")
    project.wait_for(lambda: project.exists("started"))
    stat = (project.root / "a.txt").stat()
    project.write("a.txt", "2\n")
    os.utime(project.root / "a.txt", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    project.write("go")
    assert "changed while it ran" in project.finish(process, 1).err
    assert project.rows("SELECT outcome FROM execution") == [("tainted",)]
    project.run()
    assert project.read("b.txt") == "2\n"


def test_an_edit_between_two_tasks_is_seen_by_the_second(tmp_path: Path) -> None:
    """A task is decided anew just before it starts."""
    text = stage("one", "echo changed > d.txt; echo 1 > b.txt", "", "b.txt")
    text += stage("two", "cat b.txt d.txt > c.txt", "b.txt d.txt", "c.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "d.txt": "before\n"})
    project.run("-j1")
    assert project.read("c.txt") == "1\nchanged\n"
    assert project.run().report["run"] is None


@pytest.mark.parametrize("daemon", ["sleep 97 &", "setsid sleep 97 &", "(setsid nohup sleep 97 >/dev/null 2>&1 &)"])
def test_a_background_process_makes_the_task_fail_by_name(tmp_path: Path, daemon: str) -> None:
    """It is ended, and named with its pid and command."""
    text = stage("go", f"echo x > b.txt; {daemon}\nsleep 0.1", "", "b.txt")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    done = project.run(status=1)
    assert "left running: pid" in done.err
    assert "sleep 97" in done.err
    assert project.rows("SELECT outcome FROM execution") == [("failed",)]


def test_a_command_that_ends_by_a_signal(tmp_path: Path) -> None:
    """The signal is recorded."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "kill -9 $$", "", "b.txt")})
    assert "signal 9" in project.run(status=1).err
    assert project.rows("SELECT signal, exit_status FROM execution") == [(9, None)]


def test_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    """By name, for a shell's script and without a shell."""
    text = '[stages.go]\nargv = ["no-such-program"]\noutputs = ["b"]\n'
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text})
    assert "no-such-program" in project.run(status=1).err
    project.write("Pipelinefile.toml", stage("go", "no-such-program", "", "b"))
    assert "no-such-program" in project.run(status=1).err


def test_a_missing_input_is_an_error_before_anything_runs(tmp_path: Path) -> None:
    """With file, line, stage, and the nearest name."""
    text = stage("one", "touch b", "", "b") + stage("two", "cat data.txt > c", "data.txt", "c")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "date.txt": ""})
    done = project.run(status=2)
    assert "Pipelinefile.toml:8: stage 'two': input 'data.txt' is missing" in done.err
    assert "did you mean 'date.txt'?" in done.err
    assert project.count() == {}
    assert not project.exists(".provstore")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[stages.a]\nrun = 'x'\nouputs = ['b']\n", "did you mean 'outputs'?"),
        ("[stages.a]\nrun = 'x'\noutputs = ['b']\n[stages.b]\nrun = 'x'\noutputs = ['b']\n", "also an output of"),
        ("[stages.a]\nrun = 'x'\noutputs = ['d']\n[stages.b]\nrun = 'x'\noutputs = ['d/b']\n", "lies inside"),
        ("[stages.a]\nrun = 'x'\ninputs=['b']\noutputs = ['c']\n[stages.b]\nrun = 'x'\ninputs=['c']\noutputs = ['b']\n",
         "a cycle"),
        ("[stages.a]\nrun = 'x'\noutputs = ['../b']\n", "leaves the project"),
        ("[stages.a]\nrun = 'x'\noutputs = ['/b']\n", "leaves the project"),
        ("[stages.a]\nrun = 'x'\noutputs = ['.provstore/b']\n", "store"),
        ("[stages.a]\nrun = 'x'\ninputs = ['.provstore/store.db']\n", "store"),
        ("[stages.a]\nrun = 'x {inputs.nope}'\n", "nope"),
        ("[stages.a]\nrun = 'x {word}'\n", "{{word}}"),
        ("[stages.a]\nrun = 'x'\nargv = ['x']\n", "argv"),
        ("[stages.a]\noutputs = ['x']\n", "run"),
        ("[stages", "Pipelinefile.toml:1"),
        ("\x00\x01", "Pipelinefile.toml"),
    ],
)  # fmt: skip
def test_errors_of_the_pipelinefile_come_before_the_first_command(tmp_path: Path, text: str, message: str) -> None:
    """Exit status 2, the place, no traceback, and nothing was made."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": "[stages.fine]\nrun = 'touch f'\n" + text})
    for words in (["run"], ["status"], ["check"], ["run", "-n"]):
        done = project.provstore(*words, status=2)
        assert message in done.err.replace("Pipelinefile.toml:3", "Pipelinefile.toml:1")
    assert set(os.listdir(project.root)) == {"Pipelinefile.toml"}


def test_a_pipelinefile_that_is_not_utf8(tmp_path: Path) -> None:
    """One message with the file's name."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": b"[stages.a]\nrun = '\xff\xfe'\n"})
    assert "Pipelinefile.toml" in project.run(status=2).err


# --- the store ------------------------------------------------------------------------------------------

SIMPLE = {"Pipelinefile.toml": stage("go", "cat a.txt > b.txt", "a.txt", "b.txt"), "a.txt": "1\n"}


def foreign() -> bytes:
    """Another program's SQLite file."""
    import sqlite3

    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE t (x)")
    return conn.serialize()


@pytest.mark.parametrize("kind", ["empty", "foreign", "text", "cut", "cut-to-a-page", "folder", "wiped"])
def test_a_store_that_is_none_is_exit_status_3(tmp_path: Path, kind: str) -> None:
    """One clear message that names the file; the file is left as it is, and nothing runs."""
    project = Project(tmp_path / "p", SIMPLE)
    project.run()
    whole = project.store_bytes()
    broken = {
        "empty": b"",
        "foreign": foreign(),
        "text": b"this is no database at all" * 100,
        "cut": whole[: len(whole) // 2 + 100],
        "cut-to-a-page": whole[:4096],
        "wiped": whole[:4096] + bytes(len(whole) - 4096),
    }
    project.store.unlink()
    if kind == "folder":
        project.store.mkdir()
    else:
        project.store.write_bytes(broken[kind])
    project.write("a.txt", "2\n")
    for words in (["run"], ["status"], ["check"], ["run", "-n"]):
        done = project.provstore(*words, status=3)
        assert "store.db" in done.err
        assert "hint:" in done.err
    if kind != "folder":
        assert project.store_bytes() == broken[kind]
    assert project.count() == {"go": 1}


@pytest.mark.parametrize("kept", [0, 100, 4095, 5000])
def test_a_store_cut_anywhere_is_never_a_traceback(tmp_path: Path, kept: int) -> None:
    """Whatever is left of it."""
    project = Project(tmp_path / "p", SIMPLE)
    project.run()
    project.store.write_bytes(project.store_bytes()[:kept])
    assert "store.db" in project.run(status=3).err


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    """With both numbers, and unchanged."""
    project = Project(tmp_path / "p", SIMPLE)
    project.run()
    data = bytearray(project.store_bytes())
    data[60:64] = (99).to_bytes(4, "big")  # user_version, by SQLite's file format
    project.store.write_bytes(data)
    done = project.run(status=3)
    assert "99" in done.err
    assert project.store_bytes() == data


@pytest.fixture
def small_disk(tmp_path: Path) -> object:
    """A file system of 3 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a tmpfs")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_exit_status_3_and_the_next_run_goes_on(small_disk: Path, tmp_path: Path) -> None:
    """One message with the file's name; what had ended is kept, and after the repair the rest is done."""
    count = 30
    text = "[dimensions]\nn = '1..30'\n[stages.go]\ndimensions = ['n']\n"
    text += f"run = '''{TRACED} yes {{n}} | head -c 60000 > {{outputs[0]}}'''\noutputs = ['out/{{n}}']\n"
    (tmp_path / "home").mkdir()
    project = Project(small_disk / "p", {"Pipelinefile.toml": text}, home=tmp_path / "home")
    project.trace = tmp_path / "trace"
    project.environment["TRACE"] = str(project.trace)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(1_200_000))
    done = project.finish(project.start("run", "-j2"), None)
    assert done.status in (1, 3)
    assert "No space left" in done.err or "disk" in done.err
    assert project.alive() == []
    ballast.unlink()
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    project.run()
    assert project.run().report["run"] is None
    assert {path.name for path in (project.root / "out").iterdir()} == {str(n) for n in range(1, count + 1)}
    assert project.count()["go"] < 2 * count


def test_a_disk_that_is_full_from_the_start(small_disk: Path, tmp_path: Path) -> None:
    """The store itself can't be made: exit status 3, nothing was run."""
    (tmp_path / "home").mkdir()
    project = Project(small_disk / "p", SIMPLE, home=tmp_path / "home")
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))
    project.trace = tmp_path / "trace"
    project.environment["TRACE"] = str(project.trace)
    done = project.run(status=3)
    assert "store.db" in done.err or ".provstore" in done.err
    assert project.count() == {}
    (small_disk / "ballast").unlink()
    assert project.run().executed == ["go"]


def test_a_store_that_may_not_be_written(tmp_path: Path) -> None:
    """`.provstore` in the way as a file: one message, exit status 3."""
    project = Project(tmp_path / "p", {**SIMPLE, ".provstore": "a file"})
    assert ".provstore" in project.run(status=3).err


# --- commands and files that behave badly ---------------------------------------------------------------


def test_a_tainted_attempt_is_tried_again_with_what_is_there_now(tmp_path: Path) -> None:
    """The retry is judged by the input that it really read."""
    command = "test -e once || { touch once; echo more >> a.txt; }; cp a.txt b.txt"
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", command, "a.txt", "b.txt", "retries = 1"),
                                       "a.txt": "1\n"})  # fmt: skip
    project.run(status=None)
    project.run()
    assert project.read("b.txt") == "1\nmore\n"
    assert project.rows("SELECT count(*) FROM execution WHERE outcome = 'tainted'")[0][0] >= 1
    assert project.run().report["run"] is None
    project.write("a.txt", "1\n")
    assert project.run().executed == ["go"]


@pytest.mark.parametrize("objects", ["all", "none"])
def test_an_output_that_has_no_place_costs_the_others_nothing(tmp_path: Path, objects: str) -> None:
    """A file lies where an output's folder is to be: the task fails, and its other outputs are where they were."""
    text = f"[store]\nobjects = '{objects}'\n" + stage("go", "cat a > b; cat a > f/x", "a", "b f/x")
    project = Project(tmp_path / "p", {"Pipelinefile.toml": text, "a": "1\n"})
    project.run()
    project.remove("f")
    project.write("f", "in the way\n")
    project.write("a", "2\n")
    done = project.run(status=1)
    assert "f/x" in done.err
    assert project.read("b") == "1\n"
    assert project.read("f") == "in the way\n"
    project.remove("f")
    project.run()
    assert project.read("f/x") == "2\n"


@pytest.mark.parametrize("command", ["rm -rf .provstore", "rm .provstore/store.db", "rm -r .provstore/running"])
def test_a_command_that_destroys_the_store(tmp_path: Path, command: str) -> None:
    """No traceback, nothing left running, no success that is not recorded; and the next run works."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", f"{command}; echo x > b", "", "b")})
    done = project.finish(project.start("run"), None)
    assert done.status in (0, 1, 2, 3)
    assert project.alive() == []
    if done.status == 0:
        assert project.rows("SELECT outcome FROM execution") == [("succeeded",)]
    project.write("Pipelinefile.toml", stage("go", "echo y > b", "", "b"))
    project.run()
    assert project.run().report["run"] is None


@pytest.mark.parametrize("where", ["inputs", "glob", "directory"])
def test_what_is_neither_file_nor_directory_is_refused(tmp_path: Path, where: str) -> None:
    """A named pipe as an input is an error by name; nothing waits for somebody to write into it."""
    path = {"inputs": "in/pipe", "glob": "in/*", "directory": "in"}[where]
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "touch b", path, "b"), "in/": ""})
    os.mkfifo(project.root / "in" / "pipe")
    done = project.provstore("run", status=None)
    assert done.status in (1, 2)
    assert "in/" in done.err


def test_a_device_is_no_input(tmp_path: Path) -> None:
    """/dev/zero would never end."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "touch b", "/dev/zero", "b")})
    assert "/dev/zero" in project.run(status=2).err


def test_links_as_inputs(tmp_path: Path) -> None:
    """What they point to counts; one that goes round in circles is an error."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "cat l > b", "l", "b"), "a": "1\n", "c": "2\n"})
    (project.root / "l").symlink_to("a")
    project.run()
    project.write("a", "3\n")
    assert project.run().executed == ["go"]
    (project.root / "l").unlink()
    (project.root / "l").symlink_to("c")
    assert project.run().executed == ["go"]
    (project.root / "l").unlink()
    (project.root / "l").symlink_to("l")
    assert "'l'" in project.run(status=2).err or "l:" in project.run(status=2).err


def test_a_run_within_a_run_of_the_same_project_does_not_wait_for_itself(tmp_path: Path) -> None:
    """The command fails at once instead of hanging for ever."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "provstore run; touch b", "", "b")})
    try:
        done = project.run(status=1)
    finally:
        project.kill_all()
    assert "would wait for its own end" in done.err


def test_a_run_within_a_run_of_another_project(tmp_path: Path) -> None:
    """Is nothing special, and leaves no process that counts as the outer task's."""
    inner = Project(tmp_path / "inner", {"Pipelinefile.toml": stage("deep", "echo 1 > deep", "", "deep")})
    outer = Project(
        tmp_path / "outer", {"Pipelinefile.toml": stage("go", "provstore -C ../inner run; cp ../inner/deep b", "", "b")}
    )
    outer.run()
    assert outer.read("b") == "1\n"
    assert inner.run().report["run"] is None


def test_an_output_may_change_between_file_and_directory(tmp_path: Path) -> None:
    """Both ways, by a run and by a restore."""
    project = Project(
        tmp_path / "p", {"Pipelinefile.toml": stage("go", "sh -e script", "script", "b"), "script": "echo 1 > b"}
    )
    project.run()
    project.write("script", "mkdir b; echo 2 > b/c")
    project.run()
    assert project.read("b/c") == "2\n"
    project.write("script", "echo 1 > b")
    assert project.run().restored == ["go"]
    assert project.read("b") == "1\n"
    project.write("script", "mkdir b; echo 2 > b/c")
    assert project.run().restored == ["go"]
    assert project.read("b/c") == "2\n"


def test_a_large_file_that_is_cut_while_it_is_read(tmp_path: Path) -> None:
    """Whoever truncates an input while provstore reads it does not end provstore."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("go", "true", "big"), "big": ""})
    for seconds in (0.1, 0.15, 0.2, 0.3):
        os.truncate(project.root / "big", 1 << 31)
        process = project.start("status")
        time.sleep(seconds)
        os.truncate(project.root / "big", 0)
        assert project.finish(process, None).status in (0, 2)
    project.run()
    assert project.run().report["run"] is None
