"""The likeliest mistakes in a Pipelinefile, each with the message that a person gets."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provstore.errors import PipelinefileError
from provstore.model.pipeline import Pipeline
from provstore.pipelinefile.read import read_pipelinefile

from .samples import DESIGN, EVERYTHING

HEAD = """\
[params]
seed = 42
threshold = 5.0
cosmology.omega_m = 0.31
[dimensions]
visit = [101, 102]
band = ["g", "r"]
night = { from = "raw/{night}.fits" }
[datasets.flat]
path = "flat_{visit}.fits"
[datasets.loose]
format = "csv"
[stages.calibrate]
"""
"""What comes next stands in line 14."""


def mistakes():
    """Text and message of each case in mistakes.txt."""
    cases = (Path(__file__).parent / "mistakes.txt").read_text(encoding="utf-8").partition("\n\n")[2]
    in_stage, _, whole = cases.partition("\n====\n\n")
    for start, blocks in ((HEAD, in_stage), ("", whole)):
        for block in blocks.strip().split("\n\n"):
            text, _, message = block.partition("\n--> ")
            yield pytest.param(start + text, message, id=text.replace("\n", "; "))


@pytest.mark.parametrize(("text", "message"), list(mistakes()))
def test_a_mistake_gives_one_message(project, text, message):
    """File, line, subject, what was found and what was expected; and nothing else is complained of."""
    assert project.problems(text) == [message]


def test_all_that_is_wrong_is_said_at_once(project):
    """Problems of all sections and all files, sorted by file and line."""
    project.write("a/P.toml", '[stages.x]\nrun = "{nothing}"\n[stages.y]\nargv = 5')

    assert project.problems(
        '[project]\ninclude = ["a/P.toml"]\ndefault = ["z"]\n[dimensions]\nd = 1\n[stages.x]\nretries = "two"\n'
    ) == [
        "Pipelinefile.toml:3: [project]: default: unknown stage or subset 'z' (there is 'x', 'y')",
        "Pipelinefile.toml:5: dimension 'd': found 1, expected an array of values, a range such as '0..3', or a table",
        "Pipelinefile.toml:6: stage 'x': has no command, expected 'run' or 'argv'",
        "Pipelinefile.toml:7: stage 'x': retries: found 'two', expected a whole number, at least 0",
        "a/P.toml:1: stage 'x': is declared in Pipelinefile.toml:6 too (choose another name)",
        "a/P.toml:2: stage 'x': run: '{nothing}' is no placeholder (write '{{nothing}}' for the text itself)",
        "a/P.toml:4: stage 'y': argv: found 5, expected an array of program and arguments",
    ]


def test_syntax_errors_of_several_files_come_together(project):
    """Each with file, line and column; what may follow from them is not guessed at."""
    project.write("a.toml", "x = 'a").write("b.toml", b"\n\xff").write("c.json", '{"a": }').write("d.json", "[]")

    assert project.problems(
        '[project]\ninclude = ["a.toml", "b.toml"]\nparams_files = ["c.json", "d.json"]\ndefault = ["unknown"]'
    ) == [
        'a.toml:1:7: this is no TOML: Expected "\'"',
        "b.toml:2:1: found the byte 0xff, which is no UTF-8 (save the file as UTF-8)",
        "c.json:1:7: this is no JSON: Expecting value",
        "d.json:1: found an array, expected an object of parameters",
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbf", ":1:1: found a byte order mark, expected UTF-8 without one (save the file as plain UTF-8)"),
        (b"a = 1\n[x]\nb = '\xe4'", ":3:6: found the byte 0xe4, which is no UTF-8 (save the file as UTF-8)"),
        ("a = 1".encode("utf-16"), ":1:1: found the byte 0xff, which is no UTF-8 (save the file as UTF-8)"),
        (b"a = " + b"[" * 100_000, ": values are nested too deeply"),
        (b"a = " + b"9" * 5000, r": holds a value that can't be read: Exceeds the limit \(4300 digits\).*"),
        (b"[params]\na = 0x" + b"f" * 5000, r":2: param 'a': found a number beyond 64 bits \(write it in quotes\)"),
        (b"[params]\n" + b".".join([b"a"] * 900) + b" = 1", r":2: param '(a\.)+a?…': is nested more than 32 deep"),
        (b"[params]\na = " + b"[" * 40 + b"]" * 40, ":2: param 'a': is nested more than 32 deep"),
        (
            b'[stages.a]\nrun = "a\\u0000"',
            ":2: stage 'a': run: found text with a NUL character, which nothing can carry",
        ),
        (b'[stages."a\\u0000"]\nrun = "a"', r":1: stage 'a\\x00': found a name that is not made of .*"),
        (b'[stages.a]\nrun = "a"\noutputs.a = "x\\u0000"', ":3: stage 'a': outputs.a: found text with a NUL.*"),
    ],
)
def test_whatever_the_bytes(project, content, message):
    """What can't be a Pipelinefile is one problem."""
    pattern = message if "\\" in message or "*" in message else re.escape(message)

    (problem,) = project.write("Pipelinefile.toml", content).problems()
    assert re.fullmatch(f"Pipelinefile.toml{pattern}", problem)


def test_files_that_are_none(project):
    """A file that is missing, a folder, a pipe: each is said of the key that names it."""
    (project.folder / "folder").mkdir()
    os.mkfifo(project.folder / "pipe")

    assert project.problems('[project]\ninclude = ["no.toml", "folder", "pipe", "/etc/x", "", "a\\u0000"]') == [
        "Pipelinefile.toml:2: [project]: include: found text with a NUL character, which nothing can carry"
    ]
    assert project.problems('[project]\nplugins = [""]') == [
        "Pipelinefile.toml:2: [project]: plugins: found an empty name, expected that of a file or a module"
    ]
    assert project.problems('[project]\ninclude = [\n"no.toml",\n"folder",\n"pipe",\n"/etc/x",\n""]') == [
        "Pipelinefile.toml:2: [project]: include: file '/etc/x' lies outside of the project",
        "Pipelinefile.toml:2: [project]: include: found an empty path",
        "Pipelinefile.toml:3: [project]: include: file 'no.toml' does not exist",
        "Pipelinefile.toml:4: [project]: include: file 'folder' is a folder, expected a file",
        "Pipelinefile.toml:5: [project]: include: file 'pipe' is a device or pipe, expected a file",
    ]


def test_the_main_file_may_be_none(project):
    """Then it is named itself, without a line."""
    assert project.problems() == ["Pipelinefile.toml: does not exist"]

    (project.folder / "Pipelinefile.toml").mkdir()
    assert project.problems() == ["Pipelinefile.toml: is a folder, expected a file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read(project):
    """The system's own reason is given."""
    project.write("Pipelinefile.toml", "")
    (project.folder / "Pipelinefile.toml").chmod(0)

    assert project.problems() == ["Pipelinefile.toml: can't be read: Permission denied"]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "null", '"\\ud800"', "1e999", "12345678901234567890"])
def test_json_that_no_store_can_hold(project, value):
    """JSON can spell what is no parameter."""
    project.write("p.json", f'{{"a": {value}}}')

    (problem,) = project.problems('[project]\nparams_files = ["p.json"]')
    assert problem.startswith("p.json: param 'a': found ")


def test_thousands_of_problems_are_told_in_time(project):
    """Suggestions and exact lines are for the first hundred; the rest is said without."""
    text = "".join(f'[stages.s{i}]\nrun = "{{params.x}}"\nafter = ["t{i}"]\nouputs = []\n' for i in range(3000))

    assert len(project.problems(text)) == 9000


PIECES = [
    b"", b"\xff", b"\0", b"\n", b"=", b"[", b"]", b"{", b"}", b'"', b"'", b".", b"..", b"#", b"/", b"../", b"*",
    b"{visit}", b"{params.seed:d}", b"{{", b":", b"5", b"-1", b"true", b"nan", b"2026-01-01", b"[[1], {a = 2}]",
    b"{ path = 5 }", b"\\u0000", b"\\ud800", b"[stages.x]", b"[params]", b'"a"', b"argv = []\n", b"where = 'visit'\n",
]  # fmt: skip
VALUES = [
    "5",
    "-0.5",
    "true",
    "nan",
    "2026-01-01",
    "''",
    "'x'",
    "'{x}'",
    "'0..3'",
    "[]",
    "[1, 'a']",
    "['a', 'a']",
    "{}",
]
VALUES += [
    "{ path = 'a' }",
    "{ from = 'a' }",
    "{ a = { b = [] } }",
    "[[]]",
    "'../x'",
    "'/'",
    "'.'",
    "99999999999999999999",
]


def outcome(content):
    """Reads bytes as a Pipelinefile; anything but a pipeline or problems fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "Pipelinefile.toml"), "wb") as file:
            file.write(content)
        try:
            return read_pipelinefile(folder, "Pipelinefile.toml")
        except PipelinefileError as error:
            str(error).encode()
            return error


@settings(max_examples=1500, deadline=None)
@given(
    st.sampled_from([DESIGN, EVERYTHING]),
    st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4),
)
def test_no_bytes_give_anything_but_a_pipeline_or_problems(text, edits):
    """A good file with bytes cut out and put in."""
    content = text.encode()
    for place, length, piece in edits:
        content = content[:place] + piece + content[place + length :]

    assert isinstance(outcome(content), (Pipeline, PipelinefileError))


@settings(max_examples=1500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 200), st.sampled_from(VALUES)), min_size=1, max_size=5))
def test_no_value_gives_anything_but_a_pipeline_or_problems(edits):
    """A good file in which values of some keys are of another kind; the file stays TOML, so every check sees them."""
    lines = EVERYTHING.split("\n")
    keys = [number for number, line in enumerate(lines) if " = " in line]
    for place, value in edits:
        number = keys[place % len(keys)]
        lines[number] = f"{lines[number].partition(' = ')[0]} = {value}"
    result = outcome("\n".join(lines).encode())

    if isinstance(result, PipelinefileError):
        assert all(0 < problem.line <= len(lines) for problem in result.problems)
        assert "no TOML" not in str(result)
