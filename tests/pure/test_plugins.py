"""Plug-ins: found, checked, typed; one that can't be used is named and harms nobody else."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provstore import hookspecs, plugin
from provstore.errors import PluginError
from provstore.formats import BUILT_IN
from provstore.formats.bytes import Bytes
from provstore.plugin import Format, Unavailable
from provstore.plugins import MODULES, Plugins

HEAD = """
from provstore.plugin import Format, hookimpl

class Made(Format):
    name = {name!r}
    suffixes = {suffixes!r}
    python_type = str

    def read(self, path, component=None, **parameters):
        return path.read_text()

    def write(self, value, path):
        path.write_text(value)

@hookimpl
def provstore_formats():
    return [Made()]
"""


def offering(name: str, *suffixes: str) -> str:
    """Text of a plug-in with one format."""
    return HEAD.format(name=name, suffixes=suffixes)


class Tools:
    """A project folder with plug-ins."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def load(self, choices: dict[str, str] | None = None, **texts: str) -> Plugins:
        """Plug-ins from files of these names, with these texts."""
        for name, text in texts.items():
            (self.root / f"{name}.py").write_text(text, encoding="utf-8")
        return Plugins(str(self.root), [f"{name}.py" for name in texts], choices or {})


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tools]:
    """An empty project; modules that are loaded in it are forgotten afterwards, and leave nothing behind."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    before = set(sys.modules), list(sys.path), sys.dont_write_bytecode
    yield Tools(tmp_path)
    for name in set(sys.modules) - before[0]:
        del sys.modules[name]

    assert (sys.path, sys.dont_write_bytecode) == before[1:]
    assert not list(tmp_path.rglob("__pycache__"))


def test_formats_of_provstore_come_through_the_same_hook(tools: Tools) -> None:
    """`bytes` is a plug-in like any other, and what a file is when nobody claims its ending."""
    found = tools.load(lines=offering("lines", ".lst"))

    assert [entry.name for entry in found.plugged if entry.origin == "provstore"] == list(MODULES)
    assert [entry.name for entry in found.plugged if entry.origin.startswith("file")] == ["lines.py"]
    assert set(BUILT_IN) <= set(found.formats())
    assert found.format_of("a.lst", None).name == "lines"
    assert found.format_of("a.dat", None).name == "bytes"
    assert found.format_of("a.lst", "bytes").name == "bytes"


BROKEN = {
    "no such module": ("import no_such_module_here", "ModuleNotFoundError"),
    "no Python": ("def", "SyntaxError"),
    "ends the process": ("raise SystemExit(3)", "SystemExit"),
    "unknown hook": (offering("x").replace("provstore_formats", "provstore_fromats"), "unknown hook"),
    "unknown argument": (offering("x").replace("provstore_formats()", "provstore_formats(more)"), "more"),
    "raises": (offering("x").replace("return [Made()]", "return 1 / 0"), "ZeroDivisionError"),
    "no list": (offering("x").replace("return [Made()]", "return 7"), "TypeError"),
    "no format": (offering("x").replace("return [Made()]", "return ['x']"), "'x'"),
    "abstract": (offering("x").replace("def write", "def wright"), "TypeError"),
    "name": (offering("my format"), "letters, digits and '-'"),
    "no name": (offering("x").replace("name = 'x'", ""), "has no 'name'"),
    "suffix": (offering("x", "lst"), "suffix 'lst'"),
    "upper suffix": (offering("x", ".LST"), "suffix '.LST'"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_plugin_that_can_not_be_used_is_named(tools: Tools, fault: str) -> None:
    """With the reason, once; those before and behind it work."""
    text, reason = BROKEN[fault]
    found = tools.load(first=offering("first", ".1"), broken=text, last=offering("last", ".2"))

    assert [(failure.name, failure.origin) for failure in found.failures] == [("broken.py", "file broken.py")]
    assert reason in found.failures[0].reason
    assert {*BUILT_IN, "first", "last"} <= set(found.formats())
    assert "x" not in found.formats()
    with pytest.raises(PluginError, match=r"no format 'x'") as caught:
        found.format_of("a", "x")
    assert "broken.py" in caught.value.hint


def test_a_missing_file_is_a_failure_not_an_exception(tools: Tools) -> None:
    """Named in the Pipelinefile and not there."""
    found = Plugins(str(tools.root), ["nowhere/x.py", "no_module_of_this_name"], {})

    assert [failure.name for failure in found.failures] == ["nowhere/x.py", "no_module_of_this_name"]


def test_modules_and_folders_of_the_project(tools: Tools) -> None:
    """A dotted module below the root, and a folder with an __init__.py."""
    for folder, name in (("pack", "one"), ("other", "two")):
        (tools.root / folder).mkdir()
        (tools.root / folder / "__init__.py").write_text(offering(name))
    found = Plugins(str(tools.root), ["pack", "./other/"], {})

    assert found.failures == []
    assert {"one", "two"} <= set(found.formats())


def test_two_formats_of_one_name_are_an_error(tools: Tools) -> None:
    """It names both plug-ins, with where they come from; no choice of suffixes helps."""
    found = tools.load({".a": "same"}, one=offering("same", ".a"), two=offering("same", ".b"))
    with pytest.raises(PluginError, match=r"format same: one.py \(file one.py\) and two.py \(file two.py\)"):
        found.formats()


def test_two_formats_of_one_suffix_are_an_error_unless_it_is_chosen(tools: Tools) -> None:
    """The error names both; `[formats]` decides."""
    texts = {"one": offering("one", ".a"), "two": offering("two", ".a")}
    with pytest.raises(PluginError, match=r"suffix \.a: one.py \(file one.py\) and two.py") as caught:
        tools.load(**texts).formats()

    assert caught.value.hint == 'choose in the Pipelinefile: [formats] ".a" = "two"'
    assert tools.load({".a": "two"}, **texts).format_of("x.a", None).name == "two"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.zz", "short"),
        ("a.long.zz", "long"),
        ("a.b.zz", "long"),
        ("A.LONG.ZZ", "long"),
        ("d.zz/x", "bytes"),
        ("d.zz/", "short"),
        ("zz", "bytes"),
    ],
)
def test_the_longest_suffix_wins(tools: Tools, path: str, name: str) -> None:
    """Whatever the case of the letters, of a file and of a directory; the ending of a folder above does not count."""
    found = tools.load(short=offering("short", ".zz"), long=offering("long", ".long.zz", ".b.zz"))

    assert found.format_of(path, None).name == name


def test_an_unknown_format_suggests_the_nearest(tools: Tools) -> None:
    """A mistyped name is found by what it is like."""
    with pytest.raises(PluginError) as caught:
        tools.load().format_of("a", "byte")

    assert caught.value.hint == "did you mean 'bytes'?"


def test_projects_do_not_share_plugins(tmp_path: Path, tools: Tools) -> None:
    """A manager belongs to one project: files of one name in two of them are two modules."""
    other = tmp_path / "other"
    other.mkdir()
    here, there = tools.load(f=offering("here")), Tools(other).load(f=offering("there"))

    assert "there" not in here.formats()
    assert "here" not in there.formats()


# --- hooks ------------------------------------------------------------------------------------------------


def hooks() -> list[str]:
    return [name for name in vars(hookspecs) if name.startswith("provstore_")]


@pytest.mark.parametrize("name", hooks())
def test_a_hook_is_documented(name: str) -> None:
    """When it is called and in which thread, what a failure does, and since when; in fifteen to thirty lines."""
    text = inspect.getdoc(getattr(hookspecs, name)) or ""

    assert 14 <= len(text.splitlines()) <= 30
    for word in ("Called", "thread", "Since 0.1"):
        assert word in text, word
    assert "raise" in text


def test_the_promise_is_what_it_says() -> None:
    """`provstore.plugin` has every name of its list, and the example in its text works."""
    assert all(hasattr(plugin, name) for name in plugin.__all__)
    example = "\n".join(line[4:] for line in (plugin.__doc__ or "").splitlines() if line.startswith("    "))
    space: dict[str, object] = {"__name__": "example"}
    exec(example, space)
    (made,) = space["provstore_formats"]()  # type: ignore[operator]

    assert isinstance(made, Format)
    assert made.name == "lines"


# --- bytes ------------------------------------------------------------------------------------------------


@given(st.binary())
def test_bytes_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Any bytes, none included."""
    path = tmp_path_factory.getbasetemp() / "bytes"
    Bytes().write(data, path)

    assert Bytes().read(path) == data


def test_bytes_are_only_bytes(tmp_path: Path) -> None:
    """Text is refused before anything is written; there are no components; the byte digest is left to decide."""
    with pytest.raises(TypeError, match="found str, expected bytes"):
        Bytes().write("text", tmp_path / "x")
    with pytest.raises(LookupError, match="header"):
        Bytes().read(tmp_path / "x", "header")
    with pytest.raises(LookupError, match="rows"):
        Bytes().read(tmp_path / "x", rows=3)
    with pytest.raises(Unavailable):
        Bytes().digest(tmp_path / "x")

    assert not (tmp_path / "x").exists()
    assert not Bytes().has_digest
    assert isinstance(pickle.loads(pickle.dumps(Bytes())), Bytes)
