"""What plug-ins offer besides formats: found, checked, typed; one that fails is named and harms nobody else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from provstore.errors import PluginError, UsageError
from provstore.events import Remark, RunEnded, RunStarted, TaskEnded, TaskStarted
from provstore.model.drawing import Drawing, Edge, Node
from provstore.offers.commands import commands
from provstore.offers.executors import executors, maker_of
from provstore.offers.exporters import exporter_for_suffix, exporter_of, exporters
from provstore.offers.observers import Observers
from provstore.operations.exporters import exported
from provstore.plugin import Exporter
from provstore.plugins import Plugins
from provstore.ports import Job
from provstore.testing import FakeExecutor

if TYPE_CHECKING:
    from provstore.events import Event

HEAD = "import sys\nfrom provstore.plugin import *\n"
EXECUTOR = HEAD + "@hookimpl\ndef provstore_executors():\n    return {{{name!r}: lambda folder, local: {made}}}\n"
EXPORTER = HEAD + (
    "class Made(Exporter):\n    name, suffixes = {name!r}, {suffixes!r}\n"
    "    def export(self, drawing):\n        return {made}\n"
    "@hookimpl\ndef provstore_exporters():\n    return [Made()]\n"
)
COMMAND = HEAD + "@hookimpl\ndef provstore_commands(group):\n    group.commands[{name!r}] = {made!r}\n"
OBSERVER = HEAD + "@hookimpl\ndef {hook}(event, root):\n    {body}\n"

JOB = Job("e", ("true",), "/", {}, "/nowhere", None)
DRAWING = Drawing("p", [Node("a", "", "", (), ())], [Edge("a", "a", ())])


@pytest.fixture
def load(tmp_path: Path) -> Iterator[object]:
    """Plug-ins from files of these names, with these texts."""
    before = set(sys.modules)

    def loaded(**texts: str) -> Plugins:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return Plugins(str(tmp_path), [f"{name}.py" for name in texts], {})

    yield loaded
    for name in set(sys.modules) - before:
        del sys.modules[name]


def failed(plugins: Plugins) -> list[str]:
    """Names of plug-ins of the project that were noted as failed."""
    return [failure.name for failure in plugins.failures if failure.origin.startswith("file")]


# --- executors --------------------------------------------------------------------------------------------


def test_the_local_executor_comes_through_the_hook(load) -> None:
    """It is the one that a plug-in gets, too."""
    fake = FakeExecutor()

    assert list(executors(load())) == ["local"]
    maker_of(load(), "local")("/nowhere", lambda: fake).start(JOB)
    assert fake.started == [JOB]


def test_an_executor_of_a_plugin_gets_the_folder_and_the_local_one(load) -> None:
    """What it makes is used."""
    plugins = load(mine=EXECUTOR.format(name="mine", made="sys.modules['given'].take(folder, local)"))
    fake = FakeExecutor()
    sys.modules["given"] = SimpleNamespace(take=lambda folder, local: (folder == "/nowhere") and local())  # type: ignore[assignment]
    made = maker_of(plugins, "mine")("/nowhere", lambda: fake)
    made.start(JOB)

    assert [finished.execution for finished in made.wait(None)] == ["e"]
    made.stop(15)
    made.kill()
    made.close()
    assert (fake.signals, fake.closed) == ([15, 9], True)


def test_an_unknown_executor_suggests_the_nearest(load) -> None:
    """Or lists what there is."""
    plugins = load(mine=EXECUTOR.format(name="cluster", made="None"))
    with pytest.raises(UsageError) as near:
        maker_of(plugins, "clusters")
    with pytest.raises(UsageError) as far:
        maker_of(plugins, "x")

    assert near.value.hint == "did you mean 'cluster'?"
    assert far.value.hint.startswith("there are local, cluster")


@pytest.mark.parametrize("made", ["1 / 0", "None", "3"])
def test_an_executor_that_fails_is_named(load, made: str) -> None:
    """Whether making it fails or using it."""
    plugins = load(mine=EXECUTOR.format(name="bad", made=made))
    with pytest.raises(PluginError, match=r"executor bad of plug-in mine.py \(file mine.py\): "):
        maker_of(plugins, "bad")("/nowhere", FakeExecutor).start(JOB)


@pytest.mark.parametrize(
    "text",
    [
        EXECUTOR.format(name="local", made="None"),
        EXECUTOR.format(name="my executor", made="None"),
        HEAD + "@hookimpl\ndef provstore_executors():\n    return {'x': 7}\n",
        HEAD + "@hookimpl\ndef provstore_executors():\n    return 7\n",
        HEAD + "@hookimpl\ndef provstore_executors():\n    sys.exit(7)\n",
    ],
)
def test_what_is_no_executor_is_noted_and_left_out(load, text: str) -> None:
    """A name of provstore's own, a name that is none, what is no function, what fails; others go on."""
    plugins = load(bad=text, good=EXECUTOR.format(name="good", made="None"))

    assert set(executors(plugins)) == {"local", "good"}
    assert failed(plugins) == ["bad.py"]


def test_two_executors_of_one_name_are_an_error_that_names_both(load) -> None:
    """For whoever asks for one, and for nobody else."""
    text = EXECUTOR.format(name="same", made="None")
    plugins = load(one=text, two=text)

    with pytest.raises(PluginError, match=r"executor same: one.py \(file one.py\) and two.py"):
        maker_of(plugins, "same")
    assert maker_of(plugins, "local")
    assert len(executors(plugins).clashes()) == 1


# --- exporters --------------------------------------------------------------------------------------------


def test_our_exporters_come_through_the_hook(load) -> None:
    """All forms but JSON, which is no exporter's; each makes something of a drawing."""
    found = exporters(load())

    assert list(found) == ["text", "dot", "svg", "png", "mermaid"]
    for name in ("text", "dot", "mermaid"):
        assert b"a" in exported(exporter_of(load(), name), DRAWING)


def test_an_exporter_is_found_by_name_and_by_ending(load) -> None:
    """That of a plug-in as well as ours."""
    plugins = load(mine=EXPORTER.format(name="mine", suffixes=(".my", ".mine"), made="drawing.title.encode()"))

    assert exported(exporter_of(plugins, "mine"), DRAWING) == b"p"
    assert exporter_for_suffix(plugins, ".my").name == exporter_for_suffix(plugins, ".mine").name == "mine"
    assert exporter_for_suffix(plugins, ".gv").name == "dot"
    with pytest.raises(UsageError, match="there is no format 'mein'"):
        exporter_of(plugins, "mein")
    with pytest.raises(UsageError) as caught:
        exporter_for_suffix(plugins, ".xyz")
    assert ".mine, .json" in caught.value.hint


@pytest.mark.parametrize("made", ["1 / 0", "'text'", "None"])
def test_an_exporter_that_fails_is_named(load, made: str) -> None:
    """So is one that gives anything but bytes."""
    plugins = load(mine=EXPORTER.format(name="bad", suffixes=(), made=made))
    with pytest.raises(PluginError, match="exporter bad: "):
        exported(exporter_of(plugins, "bad"), DRAWING)


@pytest.mark.parametrize(
    "text",
    [
        EXPORTER.format(name="dot", suffixes=(), made="b''"),
        EXPORTER.format(name="json", suffixes=(), made="b''"),
        EXPORTER.format(name="my form", suffixes=(), made="b''"),
        EXPORTER.format(name="bad", suffixes=("my",), made="b''"),
        HEAD + "@hookimpl\ndef provstore_exporters():\n    return ['dot']\n",
        EXPORTER.format(name="like", suffixes=(), made="b''").replace("(Exporter)", ""),
        HEAD + "@hookimpl\ndef provstore_exporters():\n    return 1 / 0\n",
    ],
)
def test_what_is_no_exporter_is_noted_and_left_out(load, text: str) -> None:
    """A name of provstore's own, names and endings that are none, another object, what fails."""
    plugins = load(bad=text)

    assert list(exporters(plugins)) == ["text", "dot", "svg", "png", "mermaid"]
    assert failed(plugins) == ["bad.py"]
    assert exporter_of(plugins, "dot").suffixes == (".dot", ".gv")


def test_an_ending_of_ours_stays_ours(load) -> None:
    """The exporter is still found by its name."""
    plugins = load(mine=EXPORTER.format(name="mine", suffixes=(".svg", ".json", ".my"), made="b''"))

    assert exporter_for_suffix(plugins, ".svg").name == "svg"
    assert [failure.reason.partition(":")[0] for failure in plugins.failures] == ["ending .svg", "ending .json"]
    assert exporter_for_suffix(plugins, ".my").name == exporter_of(plugins, "mine").name


def test_two_exporters_of_one_ending_are_an_error_that_names_both(load) -> None:
    """For whoever goes by the ending."""
    one, two = (EXPORTER.format(name=name, suffixes=(".same",), made="b''") for name in ("one", "two"))
    plugins = load(one=one, two=two)

    with pytest.raises(PluginError, match=r"ending \.same: one.py .* and two.py"):
        exporter_for_suffix(plugins, ".same")
    assert isinstance(exporter_of(plugins, "two"), Exporter)


# --- commands ---------------------------------------------------------------------------------------------


def offered(plugins: Plugins):
    return commands(plugins, lambda: SimpleNamespace(commands={}), ["run"])


def test_a_command_belongs_to_the_one_plugin_that_has_it(load) -> None:
    """A name of ours is refused, a name that two have belongs to neither, what fails is left out; all are named."""
    plugins = load(
        mine=COMMAND.format(name="mine", made="command"),
        bold=COMMAND.format(name="run", made="other"),
        one=COMMAND.format(name="same", made="1"),
        two=COMMAND.format(name="same", made="2"),
        bad=COMMAND.format(name="bad", made=1).replace("= 1", "= 1 / 0"),
    )
    found = offered(plugins)

    assert found.unique() == {"mine": "command"}
    assert found.clashes() == [
        "command same: one.py (file one.py) and two.py (file two.py) both have one of this name; take one of them out"
    ]
    assert sorted(failed(plugins)) == ["bad.py", "bold.py"]


# --- observers --------------------------------------------------------------------------------------------

EVENTS: list[Event] = [
    RunStarted("r", 1, {"a": 1.0}),
    TaskStarted("a", "e", (), 1, "/log"),
    TaskEnded("a", "e", "executed", 0.1, "", b"", False, 1),
    RunEnded("r", "succeeded"),
]
HOOKS = ["provstore_run_started", "provstore_task_started", "provstore_task_finished", "provstore_run_finished"]


@pytest.mark.parametrize("position", range(4), ids=HOOKS)
def test_an_observer_hears_its_events(load, position: int) -> None:
    """Each event at its hook, once, with the project's root; the built-in observer hears all, and first."""
    body = "sys.modules['heard'].append((event, root))"
    plugins = load(mine=OBSERVER.format(hook=HOOKS[position], body=body))
    heard: list[object] = []
    sys.modules["heard"] = heard  # type: ignore[assignment]
    observer = Observers(plugins, "/root", heard.append)
    for event in EVENTS:
        observer(event)

    expected: list[object] = [*EVENTS]
    expected.insert(position + 1, (EVENTS[position], "/root"))
    assert heard == expected


@pytest.mark.parametrize("body", ["1 / 0", "sys.exit(3)", "raise AssertionError"])
def test_an_observer_that_fails_is_reported_once_and_does_no_harm(load, body: str) -> None:
    """It hears nothing more; others hear everything."""
    heard: list[object] = []
    sys.modules["heard"] = heard  # type: ignore[assignment]
    plugins = load(
        bad=OBSERVER.format(hook=HOOKS[1], body=body),
        good=OBSERVER.format(hook=HOOKS[1], body="sys.modules['heard'].append('good')"),
    )
    said: list[Event] = []
    observer = Observers(plugins, "/", said.append)
    observer(EVENTS[1])
    observer(EVENTS[1])

    assert heard == ["good", "good"]
    assert [type(event) for event in said] == [TaskStarted, Remark, TaskStarted]
    assert "plug-in bad.py (file bad.py) failed" in str(said[1])


def test_an_observer_can_neither_change_what_others_hear_nor_what_is_printed(load, capsys) -> None:
    """The noun with a mapping in it is a copy; standard output belongs to the report."""
    plugins = load(mine=OBSERVER.format(hook=HOOKS[0], body="event.seconds.clear(); print('hello')"))
    started = RunStarted("r", 1, {"a": 1.0})
    Observers(plugins, "/", lambda event: None)(started)

    assert started.seconds == {"a": 1.0}
    assert capsys.readouterr() == ("", "hello\n")
