"""Files in the hands of formats: `diff`, `describe` and `preview`, inside and outside of a project."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from provstore.cli.main import run_command

from .project import PROVSTORE, Done, Project

ONE = {"name": "Vega", "mass": [2.1, 2.2], "deep": {"x": 1}}
NAME = "a\nb\x1b[31mü.json"
OTHER = {**ONE, "mass": [2.1, 2.3]}
PLUGIN = '''
from provstore.plugin import Difference, Format, Hasher, Preview, hookimpl
class Letters(Format):
    """Letters, whatever their order."""
    name = "letters"
    suffixes = (".letters",)
    python_type = str
    def read(self, path, component=None, **parameters):
        text = path.read_text()
        if "!" in text:
            import os
            os.abort()
        return "".join(sorted(text))
    def write(self, value, path):
        path.write_text(value)
    def digest(self, path):
        return Hasher().add(self.read(path)).digest
    def describe(self, path):
        return {"number": len(self.read(path)), "tree": {"a": [1, 2], "b": [{"c": None}]}}
    def diff(self, a, b, tolerance=None):
        if self.read(a) != self.read(b):
            yield Difference("values", ("letters",), "letters", self.read(a), self.read(b))
        else:
            yield Difference("storage", (), "order")
    def preview(self, path):
        return Preview("svg", b"<svg/>", self.read(path) + "\\nsecond\\tline\\x1b[2J")
@hookimpl
def provstore_formats():
    return [Letters()]
'''


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A folder that is no project."""
    project = Project(
        tmp_path_factory.mktemp("outside") / "p",
        {
            "one.json": json.dumps(ONE),
            "again.json": json.dumps(dict(reversed(ONE.items())), indent=1),
            "other.json": json.dumps(OTHER),
            "bad.json": "{",
            "nights/a": "1",
            "plain": "x",
            NAME: json.dumps(ONE),
        },
    )
    os.mkfifo(project.root / "pipe")
    return project


def call(project: Project, *words: str, status: int = 0) -> Done:
    """A command in this process, which takes less time; formats work in another one all the same."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        found = run_command([*words, "-C", str(project.root)])
    assert found == status, err.getvalue()
    return Done(found, out.getvalue(), err.getvalue())


def diff(project: Project, *words: str, status: int = 0) -> Done:
    return call(project, "diff", *words, status=status)


# --- diff -------------------------------------------------------------------------------------------------


def test_a_difference_is_no_failure_unless_that_is_asked(files: Project) -> None:
    """By the exit status: 1 for what differs, and not for what is equal as data."""
    assert diff(files, "one.json", "other.json", "--json").report["verdict"] == "different"
    assert (
        files.provstore("diff", "one.json", "other.json", "--json", "--exit-code", status=1).report["a"] == "one.json"
    )
    assert diff(files, "one.json", "again.json", "--json", "--exit-code").report["verdict"] == "equivalent"


def test_the_text_says_in_what_they_differ(files: Project) -> None:
    """A headline, and a line for each difference at its place; without --exit-code the status is 0."""
    said = diff(files, "one.json", "other.json").out
    assert said.startswith("different as json data: 1 difference of values")
    assert "\n  mass" in said
    assert "2.2 → 2.3" in said


def test_a_file_that_does_not_parse_is_compared_by_its_bytes(files: Project) -> None:
    """It says why, and never that it is equal."""
    done = diff(files, "one.json", "bad.json")

    assert done.out.startswith("different in bytes\nsemantic: unavailable: the second file: ")
    assert diff(files, "one.json", "bad.json", "--json").report["unavailable"].startswith("the second file: ")


def test_files_of_two_formats_are_compared_by_their_bytes(files: Project) -> None:
    """With a remark that names both."""
    done = diff(files, "one.json", "plain")

    assert done.out.startswith("different in bytes")
    assert "remark: one.json is json, plain is bytes: their bytes are compared; --format NAME" in done.err


def test_what_cannot_be_compared_is_refused(files: Project) -> None:
    """With exit status 2; a pipe is not waited for."""
    done = diff(files, "pipe", "one.json", status=2)

    assert done.err == "error[usage]: pipe: found a named pipe, expected a file or a directory\n"
    assert done.out == ""


def test_names_cannot_steer_the_terminal(files: Project) -> None:
    """Neither in a report nor in a message."""
    assert call(files, "describe", NAME).out.splitlines()[0] == "a\\nb\\x1b[31mü.json"
    done = diff(files, NAME, "plain", "--json")
    assert done.report["a"] == NAME
    assert "a\\nb\\x1b[31mü.json is json" in done.err


def test_on_a_terminal_lines_fit_and_have_colour(files: Project) -> None:
    """The verdict, and the kinds."""
    long = {f"key {number}": "word " * 30 for number in range(3)}
    files.write("long.json", json.dumps(long))
    shown = typed(files, "diff", "long.json", "one.json")

    assert "\x1b[31mdifferent\x1b[0m" in shown
    assert 50 < max(map(len, re.sub("\x1b\\[[0-9;]*m", "", shown).splitlines())) <= 60


def typed(project: Project, *words: str) -> str:
    """What a command prints on a terminal of 60 columns."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    how = {**project.environment, "TERM": "xterm-256color"}
    process = subprocess.Popen([PROVSTORE, *words], cwd=project.root, stdout=slave, stdin=slave, env=how)
    os.close(slave)
    pieces = []
    try:
        while piece := os.read(master, 1 << 16):
            pieces.append(piece)
    except OSError:  # so Linux says that nobody writes any more
        pass
    os.close(master)
    assert process.wait(60) == 0
    return b"".join(pieces).decode()


# --- describe, preview ------------------------------------------------------------------------------------


def test_describe_says_what_a_file_is(files: Project) -> None:
    """Format, size, digests, and the format's facts."""
    report = call(files, "describe", "one.json", "--json").report

    assert list(report) == [
        "path", "kind", "format", "size", "digest", "semantic", "unavailable", "facts", "components",
    ]  # fmt: skip
    assert report["digest"].startswith("blake3:")
    assert report["semantic"].startswith("json/1:")
    assert report["semantic"] == call(files, "describe", "again.json", "--json").report["semantic"]
    assert report["facts"]
    assert report["size"] == len(json.dumps(ONE))


def test_describe_says_why_there_is_no_semantic_digest(files: Project) -> None:
    """Of a file that does not parse; a directory has none either, and no reason for it."""
    lines = call(files, "describe", "bad.json").out.splitlines()
    assert any("semantic" in line and "unavailable: " in line for line in lines)
    report = call(files, "describe", "nights", "--json").report
    assert (report["kind"], report["format"], report["semantic"]) == ("directory", "bytes", None)
    assert report["facts"] == {"files": 1}


def test_preview_shows_text(files: Project) -> None:
    """And writes it; the ending of the file has to fit."""
    said = call(files, "preview", "one.json").out
    call(files, "preview", "one.json", "-o", "shown.txt")

    assert "Vega" in said
    assert files.read("shown.txt") == said
    assert "expected the ending .txt" in call(files, "preview", "one.json", "-o", "x.png", status=2).err
    assert "found the ending '.jpg'" in call(files, "preview", "one.json", "-o", "x.jpg", status=2).err
    assert not files.exists("x.png")
    files.write("words.txt", "x")
    assert "the file itself" in call(files, "preview", "words.txt", "-o", "./words.txt", status=2).err


def test_preview_of_what_does_not_parse_shows_its_bytes(files: Project) -> None:
    """With a remark that says why."""
    done = call(files, "preview", "bad.json")

    assert done.out
    assert "bad.json: as json it has no preview: " in done.err
    assert "nights: a directory has no preview" in call(files, "preview", "nights", status=2).err


# --- in a project -----------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a plug-in, a choice by ending, and declared formats."""
    text = """
[project]
plugins = ["letters.py"]
[formats]
".lst" = "letters"
[dimensions]
n = "1..2"
[stages.make]
dimensions = ["n"]
run = "true"
outputs.x = { path = "out/{n}.dat", format = "letters" }
"""
    files = {"Pipelinefile.toml": text, "letters.py": PLUGIN, "sub/": "",
             "a.lst": "abc", "b.lst": "cba", "c.lst": "abd", "bad.lst": "!",
             "out/1.dat": "xy", "out/2.dat": "yx"}  # fmt: skip
    return Project(tmp_path / "p", files)


def test_the_project_says_which_formats_there_are(project: Project) -> None:
    """By ending and by its declared paths, also seen from another folder."""
    assert "abc → abd" in diff(project, "a.lst", "c.lst").out
    below = project.provstore("diff", "../out/1.dat", "../out/2.dat", cwd=project.root / "sub")
    assert below.out == "equivalent: equal as letters data, except: order\n  storage: order\n"


def test_a_file_that_ends_its_reader_gives_a_message(project: Project) -> None:
    """Its bytes decide, and it says what happened."""
    done = project.provstore("diff", "a.lst", "bad.lst")
    assert done.out.startswith(
        "different in bytes\nsemantic: unavailable: the process that reads it was ended by SIGABRT"
    )
    assert "unavailable: the process that reads it" in call(project, "describe", "bad.lst").out


def test_pictures_are_written_and_their_text_is_shown(project: Project) -> None:
    """On the terminal the text, harmless."""
    assert call(project, "preview", "a.lst").out == "abc\nsecond  line\\x1b[2J\n"
    call(project, "preview", "a.lst", "-o", "sub/a.svg")
    call(project, "preview", "a.lst", "-o", "sub/a.txt")
    assert project.read("sub/a.svg") == "<svg/>"
    assert project.read("sub/a.txt").startswith("abc\n")
    assert "expected the ending .svg" in call(project, "preview", "a.lst", "-o", "a.png", status=2).err


def test_facts_are_shown_as_a_tree(project: Project) -> None:
    """Mappings and lists of mappings below their names, lists of values on a line."""
    lines = call(project, "describe", "a.lst").out.splitlines()

    assert lines[0] == "a.lst"
    start = lines.index("  content")
    assert lines[start + 1 :] == [
        "    number  3", "    tree", "      a  1, 2", "      b", "        [0]", "          c  -",
    ]  # fmt: skip


def test_a_damaged_store_is_no_reason_not_to_compare(project: Project) -> None:
    """Files are compared as they lie there; but a wrong Pipelinefile is one, as it says what the formats are."""
    project.write(".provstore/store.db", "no store")
    done = subprocess.run([PROVSTORE, "diff", "a.lst", "b.lst"], cwd=project.root, env=project.environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout.startswith("equivalent")
    (project.root / ".provstore" / "store.db").unlink()
    project.write("Pipelinefile.toml", "x")
    assert "Pipelinefile.toml:1" in diff(project, "a.lst", "b.lst", status=2).err
