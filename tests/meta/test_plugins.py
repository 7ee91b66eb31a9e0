"""What plug-ins of this repository import, and that each hook has a page, a plug-in and a test."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from provstore import hookspecs
from provstore.formats import BUILT_IN, KNOWN_PACKAGES

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
PACKAGES = sorted(file.parent for file in PLUGINS.glob("*/pyproject.toml"))
IMPORTERS = ("import_module", "__import__", "importorskip")
FOR_ALL = {"provstore.plugin"}
FOR_TESTS = {*FOR_ALL, "provstore.testing"}
HOOKS = [name for name in vars(hookspecs) if name.startswith("provstore_")]

each_package = pytest.mark.parametrize("package", PACKAGES, ids=lambda package: str(package.name))
each_hook = pytest.mark.parametrize("hook", HOOKS)


def imported(source: str) -> Iterator[str]:
    """Modules of provstore that a text imports, by import statements or by name; parts of its packages not told apart.

    ``from provstore.plugin import x`` is ``provstore.plugin``; ``from provstore import plugin`` too.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "provstore":
            yield from (f"provstore.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in IMPORTERS and node.args:
            yield ast.unparse(node.args[0]).strip("'")


def strangers(source: str, allowed: set[str]) -> list[str]:
    """Modules of provstore that a text imports and may not."""
    ours = [name for name in imported(source) if name.partition(".")[0] == "provstore"]
    return [name for name in ours if ".".join(name.split(".")[:2]) not in allowed]


@each_package
def test_a_plugin_imports_the_promise_and_nothing_else(package: Path) -> None:
    """`provstore.plugin`; tests `provstore.testing` as well."""
    found = [
        f"{file.relative_to(ROOT)}: {name}"
        for folder, allowed in (("src", FOR_ALL), ("tests", FOR_TESTS))
        for file in sorted((package / folder).rglob("*.py"))
        for name in strangers(file.read_text(encoding="utf-8"), allowed)
    ]

    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "import provstore",
        "import provstore.digest",
        "from provstore import digest",
        "from provstore.model.values import JSON",
        "def late():\n    from provstore.formats import bytes",
        "import importlib\nimportlib.import_module('provstore.store')",
    ],
)
def test_an_import_of_anything_else_is_found(source: str) -> None:
    """However it is written."""
    assert strangers(source, FOR_TESTS)


@pytest.mark.parametrize("source", ["from provstore.plugin import Format", "from provstore import plugin", "import os"])
def test_an_import_of_the_promise_is_fine(source: str) -> None:
    """No false alarms."""
    assert not strangers(source, FOR_ALL)


@each_package
def test_a_package_is_one_to_copy(package: Path) -> None:
    """An entry point, a README, the license of the whole, types, tests; and provstore without an upper bound."""
    project = tomllib.loads((package / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = list(project["entry-points"]["provstore"].values())

    assert project["name"] == package.name
    assert project["license"] == "BSD-3-Clause"
    assert (project["readme"], project["requires-python"]) == ("README.md", ">=3.11")
    assert "provstore" in project["dependencies"]
    assert any(requirement.startswith("pytest") for requirement in project["optional-dependencies"]["test"])
    assert (package / "README.md").exists()
    assert modules
    for module in modules:
        folder = package / "src" / module.partition(":")[0].partition(".")[0]
        assert (folder / "py.typed").exists()
    assert list((package / "tests").glob("test_*.py"))


@each_hook
def test_a_hook_has_a_page_an_implementation_and_a_test(hook: str) -> None:
    """A hook that nothing shipped uses is not shipped."""
    mark = re.compile(rf"@hookimpl\s+def {hook}\(")
    folders = [*PLUGINS.glob("*/src"), *(ROOT / "provstore" / name for name in ("formats", "executors", "exporters"))]
    tests = [*(ROOT / "tests").rglob("*.py"), *PLUGINS.glob("*/tests/*.py")]

    assert f"\n## {hook}\n" in (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    assert [file for folder in folders for file in folder.rglob("*.py") if mark.search(file.read_text("utf-8"))]
    assert [file for file in tests if hook in file.read_text("utf-8") and file != Path(__file__)]


def test_every_package_is_in_the_index() -> None:
    """Whoever opens plugins/README.md finds all of them."""
    index = (PLUGINS / "README.md").read_text(encoding="utf-8")

    assert [package.name for package in PACKAGES if f"]({package.name}/" not in index] == []


def test_what_is_said_of_our_packages_is_what_they_offer() -> None:
    """The table by which a message says what to install names packages that are here, and no format twice."""
    assert {package.name for package in KNOWN_PACKAGES.values()} <= {package.name for package in PACKAGES}
    assert not KNOWN_PACKAGES.keys() & BUILT_IN.keys()
