"""What is started without a shell does what the shell would have done."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from provstore.executors.plain import NO_PROGRAMS, plain_command
from provstore.ports import Job

from .conftest import PATH, PYTHON, Bench

SHOW = f"""#!{PYTHON}
import os, sys
print([os.path.basename(sys.argv[0]), *sys.argv[1:]], sys.stdin.read() if os.fstat(0).st_size else "")
print("to the log", file=sys.stderr)
"""
"""A program that prints its words and what it was given to read."""

ORDINARY = [
    *(
        "show",
        "a",
        "b.txt",
        "-x",
        "--name=value",
        "in.txt",
        "out.txt",
        "1",
        "2",
        "x=1",
        "%1",
        "a%b",
        "@",
        "+",
        ":",
        ",",
    ),
    *("/", " ", " ", " ", "  ", "\t", "\n", " < ", " > ", ".", "echo", "exit", "if"),
]
SPECIAL = [
    *(">", "<", ">>", " 2>", "&", ";", "|", "'", '"', "\\", "$", "$x", "*", "?", "[", "~", "#", "(", ")", "{a,b}", "!"),
    *("`", "é", "\r"),
]
PIECES = st.one_of(*[st.sampled_from(ORDINARY)] * 7, st.sampled_from(SPECIAL))
SCRIPTS = st.lists(PIECES, min_size=1, max_size=9).map(lambda pieces: "show " + "".join(pieces))


def job_of(script: str, cwd: Path, **environment: str) -> Job:
    return Job("e", ("sh", "-e", "-c", script), str(cwd), {"PATH": PATH, **environment}, str(cwd), None)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for `PATH` with the program `show`."""
    folder = tmp_path_factory.mktemp("bin")
    (folder / "show").write_text(SHOW, encoding="utf-8")
    (folder / "show").chmod(0o755)
    return folder


def left(folder: Path) -> dict[str, bytes]:
    """What lies in a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@given(SCRIPTS)
@example("show < in.txt > out.txt")
@example("show a 2 > out.txt")
@example("show a 2> out.txt")
@example("show a < missing.txt > out.txt")
@example("show > no/folder.txt")
@example("show --a=b c=d %1 , @ : +\n")
@example("\n show a\n\n")
def test_what_a_plain_command_does_is_what_the_shell_does(
    tmp_path_factory: pytest.TempPathFactory, programs: Path, script: str
) -> None:
    """Its words, what it reads, what it writes, and how it ends: for all that is taken to be one."""
    here, there = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("shell")
    for folder in (here, there):
        (folder / "in.txt").write_text("read\n", encoding="utf-8")
    job = job_of(script, here)._replace(environment={"PATH": f"{programs}:{PATH}"})
    plain = plain_command(job, "/bin/sh")
    if plain is None:
        return
    by_shell = subprocess.run(
        job.argv, cwd=there, env=job.environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    opened = []
    try:
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        if plain.input is not None:
            streams["stdin"] = os.open(here / plain.input, os.O_RDONLY)
            opened.append(streams["stdin"])
        if plain.output is not None:
            streams["stdout"] = os.open(here / plain.output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            opened.append(streams["stdout"])
    except OSError:
        assert by_shell.returncode != 0  # and then the shell is asked
        return
    try:
        alone = subprocess.run(
            plain.words,
            executable=plain.program,
            cwd=here,
            env=job.environment,
            stderr=subprocess.PIPE,
            check=False,
            **streams,
        )
    finally:
        for descriptor in opened:
            os.close(descriptor)

    assert (alone.returncode, alone.stdout or b"", alone.stderr) == (
        by_shell.returncode,
        by_shell.stdout,
        by_shell.stderr,
    )
    assert left(here) == left(there)


@pytest.mark.parametrize(
    "script",
    [
        "show a",
        "show a b > c",
        "show < a > b",
        "  show\ta \n",
        "./show",
        "/bin/show -x --y=z",
        "cksum a b > made/c.txt",
    ],
)
def test_one_plain_command_needs_no_shell(script: str, tmp_path: Path, programs: Path) -> None:
    """The common case is recognised: else the law above would say nothing."""
    job = job_of(script, tmp_path)._replace(environment={"PATH": f"{programs}:{PATH}"})

    assert plain_command(job, "/bin/sh") is not None


@pytest.mark.parametrize(
    "script",
    ["", " ", "show 'a'", 'show "a"', "show $a", "show *", "show a?", "show [a]", "show ~", "show #a", "show a\nshow b",
     "show a; show b", "show a & ", "show a | show b", "show a >> b", "show a >& b", "show a >| b", "show a 2> b",
     "a=1 show", "show a > b > c", "show > b < a", "show (a)", "show {a,b}", "!show", "show \\a", "show `a`", "show é",
     "show a\r", "echo a", "exit", "test -f a", "[ -f a ]", ". a", "no-such-program a", "%1", "time show"],
)  # fmt: skip
def test_all_else_is_the_shells(script: str, tmp_path: Path, programs: Path) -> None:
    """Quotes, variables, patterns, pipes, several commands, builtins, and what is not there."""
    job = job_of(script, tmp_path)._replace(environment={"PATH": f"{programs}:{PATH}"})

    assert plain_command(job, "/bin/sh") is None


def test_no_builtin_or_keyword_of_the_shells_here_is_taken_for_a_program(tmp_path: Path) -> None:
    """Asked of bash itself; dash and others have fewer."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("bash is not installed")
    known = subprocess.run([bash, "-c", "compgen -bk"], capture_output=True, text=True, check=True).stdout.split()

    assert len(known) > 50
    assert [name for name in known if plain_command(job_of(f"{name} a", tmp_path), "/bin/sh") is not None] == []
    assert set(known) - NO_PROGRAMS <= {"!", "{", "}", "[[", "]]"}


@pytest.mark.parametrize("argv", [("bash", "-e", "-c", "ls"), ("sh", "-c", "ls"), ("sh", "-eu", "-c", "ls"), ("ls",)])
def test_another_shell_is_used_as_it_is(argv: tuple[str, ...], tmp_path: Path) -> None:
    """Only the default one is known to do nothing else."""
    assert plain_command(job_of("ls", tmp_path)._replace(argv=argv), "/bin/sh") is None
    assert plain_command(job_of("ls", tmp_path), "/opt/tools/sh") is None


def test_a_function_in_the_environment_goes_first(tmp_path: Path) -> None:
    """bash, where it is `sh`, takes functions from there: any name may be one."""
    assert plain_command(job_of("ls", tmp_path), "/bin/sh") is not None
    assert plain_command(job_of("ls", tmp_path, **{"BASH_FUNC_ls%%": "() { echo mine; }"}), "/bin/sh") is None


def test_a_named_pipe_does_not_hold_up_the_runner(tmp_path: Path) -> None:
    """Opening one waits for the other side: that is for the shell to do."""
    os.mkfifo(tmp_path / "pipe")

    assert plain_command(job_of("ls > pipe", tmp_path), "/bin/sh") is None
    assert plain_command(job_of("ls < pipe", tmp_path), "/bin/sh") is None
    assert plain_command(job_of("ls > /dev/null", tmp_path), "/bin/sh") is None


def test_a_program_is_looked_for_anew_each_time(bench: Bench) -> None:
    """A task may have made it in a folder that comes first."""
    folder = bench.root / "bin"
    folder.mkdir()
    environment = {"PATH": f"{folder}:{PATH}"}
    bench.run("cat nothing", environment=environment)
    before = bench.log()
    (folder / "cat").write_text("#!/bin/sh\necho mine\n")
    (folder / "cat").chmod(0o755)
    bench.run("cat nothing", environment=environment)

    assert b"nothing" in before
    assert bench.log() == b"mine\n"


def test_what_goes_wrong_is_said_by_the_shell(bench: Bench) -> None:
    """A folder that is not there, a file that can't be executed, one without a first line."""
    (bench.root / "text").write_text("echo from a script without a first line\n")
    (bench.root / "text").chmod(0o755)
    script = bench.run("./text a")
    said = bench.log()
    folder = bench.run("cat /dev/null > no/such/folder")

    assert (script.exit_status, said) == (0, b"from a script without a first line\n")
    assert folder.exit_status == 2
    assert b"no/such/folder" in bench.log()


def test_the_command_is_the_jobs_own_process_with_the_jobs_files(bench: Bench) -> None:
    """Output in its file, errors in the log, the folder as PWD names it, and its own process group."""
    inner = bench.root / "inner"
    inner.mkdir()
    program = bench.root / "show"
    program.write_text(
        f"#!{PYTHON}\nimport os, sys\nprint(os.getpgrp() == os.getpid(), os.environ['PWD'] == os.getcwd())\n"
        "print(sys.stdin.read(), end='', file=sys.stderr)\n"
    )
    program.chmod(0o755)
    (inner / "in").write_text("read\n")
    finished = bench.run("../show < in > out", cwd=inner, environment={"PATH": PATH, "PWD": str(bench.root)})

    assert finished.exit_status == 0
    assert (inner / "out").read_text() == "True True\n"
    assert bench.log() == b"read\n"


@pytest.mark.parametrize("said", [{}, {"PWD": "/"}, {"PWD": "."}], ids=["no PWD", "another", "relative"])
@pytest.mark.parametrize("search", ["", "bin", "./bin"])
def test_a_command_is_told_where_it_is_as_by_a_shell(said: dict[str, str], search: str, bench: Bench) -> None:
    """Whatever the runner was told (cron tells nothing), and under the name by which `PATH` leads to it."""
    (bench.root / "bin").mkdir()
    for place in ("show", "bin/show"):
        (bench.root / place).write_text('#!/bin/sh\necho "$0" "$PWD"\n')
        (bench.root / place).chmod(0o755)
    told = []
    for script in ("show > out", "show > 'out'"):
        assert bench.run(script, environment={"PATH": f"{search}:{PATH}", **said}).exit_status == 0
        told.append((bench.root / "out").read_text())

    assert told[0] == told[1]
    assert str(bench.root) in told[0]
