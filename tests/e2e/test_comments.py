"""A Pipelinefile that reads otherwise and says the same: nothing is planned anew, and nothing old is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from e2e.project import Project

FILES = {
    "Pipelinefile.toml": "[params]\np = 1\n[stages.s]\nrun = 'cat {inputs.a} > {outputs.b}'\n"
    "inputs.a = 'a'\noutputs.b = 'b'\nparams = ['p']\n",
    "a": "1\n",
}
COMMENT = "# What follows was written by hand.\n"
PROBE = """
import sys
from provstore.cli.main import run_command
run_command(["run"])
wanted = ("provstore.pipelinefile.", "tomli")
print("modules", *[name for name in sys.modules if name.startswith(wanted)], file=sys.stderr)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project that is up to date, its Pipelinefile then given a comment in front."""
    made = Project(tmp_path / "p", FILES)
    made.run()
    made.write("Pipelinefile.toml", COMMENT + FILES["Pipelinefile.toml"])
    return made


def imported(project: Project) -> list[str]:
    """What of the reading of Pipelinefiles a run imports."""
    done = subprocess.run([sys.executable, "-c", PROBE], cwd=project.root, capture_output=True, text=True, check=True)
    return done.stderr.rstrip("\n").rpartition("\n")[2].split()[1:]


def test_a_comment_is_read_and_not_planned(project: Project) -> None:
    """The file is parsed once; the next run does not even do that, and writes nothing."""
    assert "provstore.pipelinefile.toml" in (first := imported(project))
    assert not {"provstore.pipelinefile.check", "provstore.pipelinefile.expand"} & set(first)

    before = project.store_bytes()
    assert imported(project) == []
    assert project.store_bytes() == before


def test_the_record_holds_the_text_that_was_read(project: Project) -> None:
    """Also where the plan was remembered from another text."""
    project.write("a", "2\n")
    run = project.run().report["run"]

    assert COMMENT.strip() in project.provstore("show", run, "--pipelinefile").out
    assert imported(project) == []
    assert project.run().report["run"] is None


def test_a_message_names_the_new_line(project: Project) -> None:
    """Not that of the text from which the plan was made."""
    project.remove("a")

    assert "Pipelinefile.toml:6: stage 's': input 'a' is missing" in project.run(status=2).err


def test_a_change_behind_a_comment_is_a_change(project: Project) -> None:
    """Of a value, or of a value's type alone."""
    for value, reason in (("2", "param p: 1 → 2"), ("2.0", "param p: 2 → 2.0")):
        text = project.read("Pipelinefile.toml")
        project.write("Pipelinefile.toml", COMMENT + text.replace(text.split("p = ")[1].split("\n")[0], value, 1))
        assert reason in project.status().reasons("s")
        project.run()


def test_a_comment_that_breaks_the_file_is_said(project: Project) -> None:
    """A remembered plan does not stand in for a file that is none."""
    project.write("Pipelinefile.toml", COMMENT + FILES["Pipelinefile.toml"] + "oops")

    assert "Pipelinefile.toml:9:5: this is no TOML" in project.run(status=2).err


def test_on_a_read_only_checkout_nothing_is_remembered(project: Project) -> None:
    """And nothing is amiss: the file is read once more by each run."""
    before = project.store_bytes()
    project.status()
    project.run("-n")

    assert project.store_bytes() == before
    assert project.run().report["run"] is None
