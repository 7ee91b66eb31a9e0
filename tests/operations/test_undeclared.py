"""What a log complains of is named if the project has it and the scratch folder has not; nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from provstore.operations.verify.undeclared import NAMED_AT_MOST, Rooms, sentence, undeclared

HERE, THERE = "hidden/x.csv", "declared.csv"


@pytest.fixture
def rooms(tmp_path: Path) -> Rooms:
    """A project with `HERE` and more, and a scratch folder with `THERE`; the command works in `sub`."""
    project, scratch = tmp_path / "project", tmp_path / "scratch/project"
    for name in (HERE, THERE, "two words.txt", "sub/lib/tool.py", "sub/lib/pack/__init__.py", "made.txt", ".git/HEAD"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside/x.csv").touch()
    for name in (THERE, "sub/run.py"):
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).touch()
    return Rooms(str(project), str(scratch), "sub", ["made.txt"], ["", "sub", "sub/lib"])


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("cat: ../hidden/x.csv: No such file or directory", HERE),
        ("cat: '../two words.txt': No such file or directory", "two words.txt"),
        ("cat: ../two words.txt: No such file or directory", "two words.txt"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '../hidden/x.csv'", HERE),
        ("OSError: ../hidden/x.csv not found.", HERE),
        ('Error in file("../hidden/x.csv") : cannot open the connection', HERE),
        ("sh: 1: ../hidden/x.csv: not found", HERE),
        ("FATAL: unable to open `../hidden/x.csv'", HERE),
        ("ModuleNotFoundError: No module named 'tool'", "sub/lib/tool.py"),
        ("ModuleNotFoundError: No module named 'pack.inner'", "sub/lib/pack/__init__.py"),
        ("fatal: not a git repository (or any of the parent directories): .git", ""),
        ("cat: ../declared.csv: No such file or directory", ""),
        ("cat: ../made.txt: No such file or directory", ""),
        ("reading ../hidden/x.csv", ""),
        ("cat: ../nowhere.txt: No such file or directory", ""),
        ("cat: ../../../../etc/passwd: No such file or directory", ""),
        ("cat: : No such file or directory", ""),
        ("cat: .: No such file or directory", ""),
        ("cat: '../hidden/*.csv': No such file or directory", HERE),
        ("cat: '../hidden/***': No such file or directory", ""),
        ("cat: '../*/*.csv': No such file or directory", ""),
        ("cat: ../../beside/x.csv: No such file or directory", "../beside/x.csv"),
        ("cat: /hidden/x.csv: No such file or directory", ""),
        ("cat: \0: No such file or directory", ""),
    ],
)
def test_a_complaint_names_a_file(rooms: Rooms, line: str, named: str) -> None:
    """In the ways in which programs say it; what is declared, made by the task itself, or nowhere, is not named."""
    assert undeclared(line.encode(), rooms) == ((named,) if named else ())


def test_an_absolute_path_in_the_scratch_folder_is_one_of_the_project(rooms: Rooms) -> None:
    """Python says where it looked for a script."""
    line = f"python3: can't open file '{rooms.scratch}/{HERE}': [Errno 2] No such file or directory"

    assert undeclared(line.encode(), rooms) == (HERE,)


def test_from_the_root_git_is_named(rooms: Rooms) -> None:
    """The folder of a tool is never declared; a command that asks it depends on more than its inputs."""
    line = b"fatal: not a git repository (or any of the parent directories): .git"

    assert undeclared(line, rooms._replace(cwd="")) == (".git",)


def test_what_another_task_makes_is_named_though_it_does_not_lie_there(rooms: Rooms) -> None:
    """On a clean checkout no output lies in the project."""
    line = b"cat: ../other.txt: No such file or directory"

    assert undeclared(line, rooms) == ()
    assert undeclared(line, rooms._replace(known={"other.txt"})) == ("other.txt",)


def test_a_log_of_anything_is_read(rooms: Rooms) -> None:
    """Bytes that are no text, lines without end, thousands of names: an answer all the same, and a short one."""
    for number in range(3 * NAMED_AT_MOST):
        (Path(rooms.project) / f"n{number}").touch()
    lines = b"\n".join(b"cat: ../n%d: No such file or directory" % number for number in range(3 * NAMED_AT_MOST))

    assert undeclared(b"\xff\xfe not found " + b"'" * 100_000, rooms) == ()
    assert len(undeclared(lines, rooms)) == NAMED_AT_MOST


def test_one_and_several_are_told() -> None:
    """In a sentence."""
    assert sentence(["a"]) == "reads a, which is not declared as an input"
    assert sentence(["a", "b"]) == "reads a, b, which are not declared as inputs"
