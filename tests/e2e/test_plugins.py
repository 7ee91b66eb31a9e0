"""Plug-ins on the command line: commands, executors, exporters and observers of a project, and new packages."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .project import PROVSTORE, Project, stage

PLUGIN = '''
import click, os
from provstore.plugin import Exporter, hookimpl

class Echo:
    """Puts `echo` before each command."""

    def __init__(self, inner):
        self.inner = inner
        self.wait, self.stop, self.kill, self.close = inner.wait, inner.stop, inner.kill, inner.close

    def start(self, job):
        self.inner.start(job._replace(argv=("sh", "-c", "echo before; exec \\"$@\\"", "sh", *job.argv)))

@hookimpl
def provstore_executors():
    return {"echo": lambda folder, local: Echo(local()), "broken": lambda folder, local: 1 / 0}

class Count(Exporter):
    name, suffixes, is_text = "count", (".count",), False

    def export(self, drawing):
        return b"%d\\n" % len(drawing.nodes)

@hookimpl
def provstore_exporters():
    return [Count()]

@hookimpl
def provstore_commands(group):
    @group.command()
    @click.option("--status", type=int, default=0)
    @click.pass_context
    def greet(ctx, status):
        """Say hello to whoever asks."""
        click.echo(f"hello {ctx.obj['folder']}")
        return status

@hookimpl
def provstore_task_finished(event):
    with open(os.environ["HEARD"], "a") as file:
        file.write(event.task + " " + event.outcome + "\\n")
'''
FILES = {
    "Pipelinefile.toml": '[project]\nplugins = ["tools/mine.py"]\n' + stage("a", "echo a > a.txt", "", "a.txt"),
    "tools/mine.py": PLUGIN,
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    found = Project(tmp_path / "p", FILES)
    found.environment["HEARD"] = str(tmp_path / "heard")
    return found


# --- commands ---------------------------------------------------------------------------------------------


def test_a_command_of_a_plugin_is_one_like_ours(project: Project) -> None:
    """In the help, with help of its own, found from outside by -C, with its own exit status."""
    root = str(project.root)

    assert "greet  Say hello to whoever asks." in project.provstore("--help").out
    assert "greet" in project.provstore("-C", root, "--help", cwd=project.root.parent).out
    assert "--status" in project.provstore("greet", "--help").out
    assert project.provstore("greet").out == "hello None\n"
    assert project.provstore("-C", root, "greet", "--status", "7", cwd=project.root.parent, status=7).out == (
        f"hello {root}\n"
    )


def test_outside_of_the_project_there_is_no_such_command(project: Project) -> None:
    """Nor in its help; inside, a mistyped one is suggested."""
    outside = project.root.parent

    assert "greet" not in project.provstore("--help", cwd=outside).out
    assert "there is no command 'greet'" in project.provstore("greet", cwd=outside, status=2).err
    assert "did you mean 'greet'?" in project.provstore("gret", status=2).err


def test_a_plugin_that_fails_at_its_commands_is_named_and_the_rest_goes_on(project: Project) -> None:
    """On standard error, where commands are listed; a name of ours is refused likewise; other commands are silent."""
    project.write(
        "tools/bad.py", "from provstore.plugin import hookimpl\n@hookimpl\ndef provstore_commands(group): 1 / 0"
    )
    project.write("tools/bold.py", PLUGIN.replace("def greet", "def run"))
    text = FILES["Pipelinefile.toml"].replace('"tools/mine.py"', '"tools/mine.py", "tools/bad.py", "tools/bold.py"')
    project.write("Pipelinefile.toml", text)
    done = project.provstore("--help")

    assert "greet" in done.out
    assert "plug-in tools/bad.py (file tools/bad.py): ZeroDivisionError" in done.err
    assert "plug-in tools/bold.py (file tools/bold.py): command run: provstore has one of this name" in done.err
    assert project.provstore("greet").err == ""
    assert project.provstore("status").err == ""


def test_a_command_of_a_plugin_that_fails_is_no_fault_of_ours(project: Project) -> None:
    """What it raises is an error that names the command; what it returns besides numbers is a success."""
    project.write("tools/mine.py", PLUGIN.replace("return status", "return status and 1 / 0 or 'done'"))
    done = project.provstore("greet", "--status", "1", status=None)

    assert done.status not in (0, 70)
    assert "command greet of a plug-in: ZeroDivisionError" in done.err
    assert project.provstore("greet").status == 0


@pytest.mark.parametrize("text", ["[[[", '[project]\nplugins = ["missing.py"]\n'])
def test_help_works_whatever_is_wrong(project: Project, text: str) -> None:
    """A Pipelinefile that can't be read, a plug-in that is not there."""
    project.write("Pipelinefile.toml", text)

    assert "bring targets up to date" in project.provstore("-C", "nowhere", "--help").out
    assert "bring targets up to date" in project.provstore("--help").out


def test_our_own_commands_do_not_look_for_plugins(project: Project) -> None:
    """Their help included: nothing of a plug-in is imported."""
    project.write("tools/mine.py", "open('imported', 'w')\n" + PLUGIN)
    for words in (("run", "--help"), ("log",), ("--version",), ("sql", "SELECT 1")):
        project.provstore(*words, status=None)

    assert not project.exists("imported")


# --- executors --------------------------------------------------------------------------------------------


def test_tasks_run_where_they_are_told_to(project: Project) -> None:
    """By the executor of a plug-in; what it made is fresh for all others."""
    project.run("--executor", "echo")

    assert project.provstore("logs", "a").out == "before\n"
    assert project.run("--executor", "local").executed == []


def test_an_executor_that_there_is_none_of_runs_nothing(project: Project) -> None:
    """Exit status 2, the nearest name, also when there is nothing to do."""
    done = project.provstore("run", "--executor", "ecko", status=2)

    assert "there is no executor 'ecko'" in done.err
    assert "did you mean 'echo'?" in done.err
    project.run()
    project.provstore("run", "--executor", "ecko", status=2)
    assert project.count() == {"a": 1}


def test_an_executor_that_fails_is_named_and_the_next_run_goes_on(project: Project) -> None:
    """No traceback, no fault of provstore's; nothing is left that a next run would stumble over."""
    done = project.provstore("run", "--executor", "broken", status=None)

    assert done.status != 0
    assert "executor broken of plug-in tools/mine.py" in done.err
    assert project.run().executed == ["a"]


# --- exporters --------------------------------------------------------------------------------------------


def test_a_drawing_in_the_form_of_a_plugin(project: Project) -> None:
    """By name and by ending."""
    project.provstore("graph", "-o", "x.count")

    assert project.provstore("graph", "--format", "count").out == "1\n"
    assert project.read("x.count") == "1\n"


@pytest.mark.parametrize("words", [("--format", "cuont"), ("-o", "x.cuont")], ids=" ".join)
def test_a_form_that_there_is_none_of_is_an_error(project: Project, words: tuple[str, ...]) -> None:
    """With what there is."""
    assert "count" in project.provstore("graph", *words, status=2).err
    assert not project.exists("x.cuont")


# --- observers --------------------------------------------------------------------------------------------


def test_an_observer_hears_of_a_run_and_not_of_one_with_nothing_to_do(project: Project) -> None:
    """The second run imports no plug-in at all."""
    project.run()
    project.write("tools/mine.py", "open('imported', 'w')\n" + PLUGIN)
    project.run()

    assert Path(project.environment["HEARD"]).read_text() == "a executed\n"
    assert not project.exists("imported")


def test_an_observer_that_fails_changes_nothing_of_the_run(project: Project) -> None:
    """Same outcome, same exit status, JSON that can be read; one line says so."""
    done = project.run(env={"HEARD": "/no/such/folder/heard"})

    assert done.executed == ["a"]
    assert done.err.count("plug-in tools/mine.py (file tools/mine.py) failed") == 1


PROBE = """
import sys
from provstore import claims
claims.has_packages = lambda: False
from provstore.cli.main import run_command
status = run_command(["run"])
print("modules", *sorted(sys.modules), file=sys.stderr)
sys.exit(status)
"""


def test_a_run_without_plugins_does_not_pay_for_them(tmp_path: Path) -> None:
    """Though it has something to do, the machinery of plug-ins is not imported."""
    project = Project(tmp_path / "p", {"Pipelinefile.toml": stage("a", "echo a > a.dat", "", "a.dat")})
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stderr.rpartition("modules")[2].split()

    assert project.exists("a.dat")
    assert not {"pluggy", "importlib.metadata", "provstore.plugins", "provstore.offers"} & set(loaded)


def test_a_hook_is_called_once_in_each_process(project: Project) -> None:
    """However often the process has to know formats."""
    counting = '\n@hookimpl\ndef provstore_formats():\n    open("calls", "a").write(f"{os.getpid()} ")\n    return []\n'
    project.write("tools/mine.py", PLUGIN + counting)
    project.run("--executor", "echo")
    called = project.read("calls").split()

    assert len(called) == len(set(called)) > 0


# --- listing and new --------------------------------------------------------------------------------------


def test_plugins_lists_all_that_is_offered(project: Project) -> None:
    """In words, and as JSON."""
    offers = {plugin["name"]: plugin["others"] for plugin in project.json("plugins")["plugins"]}

    assert offers["local"] == ["executor local"]
    assert offers["tools/mine.py"] == [
        "executor echo", "executor broken", "exporter count", "command greet", "observer of runs",
    ]  # fmt: skip
    assert "observer of runs" in project.provstore("plugins").out


def test_new_works_elsewhere(project: Project) -> None:
    """`-C`, before the command or after it; a second one of the name is refused."""
    project.write("a/")
    for words in (("-C", "a", "plugins", "new", "one"), ("plugins", "new", "two", "-C", "a")):
        project.provstore(*words)

    assert project.exists("a/provstore-one/README.md")
    assert project.exists("a/provstore-two/README.md")
    assert "something of this name" in project.provstore("plugins", "new", "two", "-C", "a", status=2).err


def test_completion_knows_commands_of_plugins(project: Project) -> None:
    """And says nothing on standard error."""
    words = {"_PROVSTORE_COMPLETE": "bash_complete", "COMP_WORDS": "provstore gre", "COMP_CWORD": "1"}
    done = subprocess.run(
        [PROVSTORE], cwd=project.root, env={**project.environment, **words}, capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "plain,greet"
    assert done.stderr == ""
