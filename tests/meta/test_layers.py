"""Imports go down: each room of the package may use itself and what lies below it, never above or beside.

A room is a module or a package directly under ``provstore/``. Every import statement counts, wherever it
stands: at the top, inside a function, and under TYPE_CHECKING. The last is a decision: a type from above
ties a room to its user as firmly as a value does, and a seam that needs one belongs in `ports` or `model`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "provstore"

LINES: tuple[tuple[str, ...], ...] = (
    ("testing",),  # fakes and contract suites: for tests and authors of plug-ins, so nothing of ours uses it
    ("__init__", "__main__"),  # what `import provstore` and `python -m provstore` are
    ("cli",),
    ("api",),  # what Python programs call
    ("web",),  # pages: below the command line, which writes one as a file
    ("operations",),
    ("project",),
    ("finder",),  # finds the datasets that inputs of tasks are
    ("semantics",),
    ("apart",),  # formats at work in a process apart
    ("claims",),
    ("offers",),  # what plug-ins offer besides formats
    ("plugins",),
    ("store", "formats", "executors", "exporters", "watch"),
    ("hookspecs",),
    ("plugin",),  # what a plug-in's author imports: below the adapters, since built-in formats are plug-ins
    ("ports", "events"),
    ("pipelinefile",),
    ("graph",),
    ("decide",),
    ("schedule",),
    ("query",),
    ("model",),
    ("sky",),  # regions, and the only room for the library that compares them
    ("errors", "digest"),
    ("noun",),
)
"""From the top down; rooms on one line are siblings."""

OFFERED = {("plugin", "provstore.api")}
"""(room, module above it) that it hands on, late: commands of plug-ins call it. Decision 0042."""

FOR_ALL = {"__version__"}
"""Names of the package itself that any room may import: text, made before anything else is."""

LIBRARIES: dict[str, set[str]] = {
    "networkx": {"graph"},
    "click": {"cli", "hookspecs"},  # the argument of a hook is a group of commands
    "rich": {"cli"},
    "jinja2": {"web"},
    "sqlite3": {"store"},
    "h5py": {"formats"},
    "blake3": {"digest", "plugin"},
    "numpy": {"plugin", "formats"},
    "lsst": {"sky"},
}
"""Library → the only rooms that import it; for types as well."""


class Import(NamedTuple):
    """One imported module.

    Attributes:
        module: Full dotted name; for ``from provstore import x`` it is ``provstore.x``.
    """

    line: int
    module: str


def imports(source: str, package: str) -> list[Import]:
    """Every import in a module's text; `package` is what relative ones start from."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [Import(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package.split(".")
            start = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            if module == "provstore":
                found += [Import(node.lineno, f"provstore.{alias.name}") for alias in node.names]
            else:
                found.append(Import(node.lineno, module))
    return found


def height(room: str) -> int:
    """Line of a room, counted from the bottom; the name of a room without a line raises StopIteration."""
    return next(len(LINES) - index for index, line in enumerate(LINES) if room in line)


def faults(room: str, source: str, package: str) -> list[str]:
    """What a module of `room` imports that it may not, as ``line: sentence``."""
    found = []
    for line, module in imports(source, package):
        first, _, rest = module.partition(".")
        other = rest.partition(".")[0]
        if first in LIBRARIES and room not in LIBRARIES[first]:
            found.append(f"{line}: {room} imports {first}, which is for {', '.join(sorted(LIBRARIES[first]))}")
        elif (room, module) in OFFERED:
            continue
        elif first == "provstore" and other not in {room, *FOR_ALL} and height(other or "__init__") >= height(room):
            found.append(f"{line}: {room} imports {module}, which is not below it")
    return found


def modules() -> list[tuple[str, Path]]:
    """(room, file) of every module of the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return [(file.relative_to(PACKAGE).parts[0].removesuffix(".py"), file) for file in files]


def package_of(file: Path) -> str:
    """Dotted name of the package that a file belongs to."""
    return ".".join(file.parent.relative_to(ROOT).parts)


def test_every_room_has_exactly_one_line() -> None:
    """A module or package that is new must be given its line here before anything else passes."""
    placed = [room for line in LINES for room in line]
    rooms = {room for room, _ in modules()}

    assert not rooms - set(placed), "without a line in LINES"
    assert len(placed) == len(set(placed))


def test_imports_go_down_only() -> None:
    """No module imports what lies above or beside its room, and each library has its rooms."""
    found = [
        f"{file.relative_to(ROOT)}:{fault}"
        for room, file in modules()
        for fault in faults(room, file.read_text(encoding="utf-8"), package_of(file))
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("model", "from provstore.store import records"),
        ("model", "from provstore import store"),
        ("model", "import provstore.store.records"),
        ("model", "import provstore"),
        ("store", "from provstore.formats import text"),
        ("store", "def late():\n    import provstore.formats\n"),
        ("store", "if TYPE_CHECKING:\n    from provstore.project import Project\n"),
        ("store", "from ..formats import text"),
        ("operations", "import networkx as nx"),
        ("project", "from click.testing import CliRunner"),
        ("operations", "if TYPE_CHECKING:\n    from sqlite3 import Connection\n"),
        ("operations", "def late():\n    from rich.live import Live\n"),
        ("store", "from provstore.testing import FakeClock"),
    ],
)
def test_an_import_that_does_not_go_down_is_found(room: str, source: str) -> None:
    """Upwards and sideways, at the top, in a function or for a type, absolute or relative: each is a fault."""
    found = faults(room, source, f"provstore.{room}")

    assert len(found) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("model", "from provstore.model.values import JSON"),
        ("model", "from provstore.errors import UsageError"),
        ("model", "from . import values"),
        ("store", "from provstore import __version__, ports"),
        ("store", "import sqlite3, os.path"),
        ("cli", "from provstore.operations import run\nimport click"),
    ],
)
def test_an_import_of_oneself_or_from_below_is_fine(room: str, source: str) -> None:
    """The check has no false alarms on the forms that the package uses."""
    assert faults(room, source, f"provstore.{room}") == []
