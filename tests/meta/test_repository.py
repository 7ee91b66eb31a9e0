"""What must hold of the repository as a whole: its files, its decisions, its words, its tools."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
HEADINGS = ["Context", "Options", "Choice", "Cost"]

MACHINE_PATH = re.compile(r"(?<![\w.~})/-])/(?:root|work|tmp|home/\w+)/[\w.~-]")
MAY_NAME_MACHINE_PATHS = {
    "tests/meta/test_repository.py",  # this file says what is looked for
}
LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pylock.toml"}


def tracked() -> list[Path]:
    """Files that git tracks or would track; all files where this is no git checkout."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(words, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs git and a checkout")
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def text_of(file: Path) -> str:
    """A file's text; empty for one that is no text."""
    data = file.read_bytes()
    return "" if b"\0" in data[:8192] else data.decode("utf-8", "replace")


def test_no_file_names_a_path_of_a_developers_machine() -> None:
    """What runs here runs elsewhere: no file points into somebody's folders."""
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for file in tracked()
        if file.relative_to(ROOT).as_posix() not in MAY_NAME_MACHINE_PATHS
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]

    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", ["cd /tmp/x", 'open("/root/a")', "see /home/jo/b", "'/work/main'"])
def test_a_path_of_a_machine_is_recognised(line: str) -> None:
    """The pattern finds paths in prose and in code."""
    assert MACHINE_PATH.search(line)


@pytest.mark.parametrize("line", ["/work/", "out/tmp/x", "$PWD/tmp/x", "{root}/tmp/x", "https://a.org/work/x"])
def test_other_paths_are_left_alone(line: str) -> None:
    """Relative paths, addresses and a bare name in .gitignore are nobody's machine."""
    assert not MACHINE_PATH.search(line)


def test_there_is_no_lock_file_of_an_installer() -> None:
    """Lock files name a package index, which is the user's own choice."""
    assert not [file for file in tracked() if file.name in LOCK_FILES]


def decision_files() -> list[Path]:
    """Every decision record, in order."""
    return sorted(DECISIONS.glob("*.md"))


@pytest.mark.parametrize("file", decision_files(), ids=lambda file: str(file.stem))
def test_a_decision_has_its_four_parts(file: Path) -> None:
    """Context, options, choice and cost, in this order, each with text."""
    text = file.read_text(encoding="utf-8")
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)

    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])
    assert re.match(rf"# {file.name[:4]}: \S", text)


def test_decisions_are_numbered_without_gaps() -> None:
    """The number is how others refer to a decision."""
    numbers = [file.name[:4] for file in decision_files()]

    assert numbers == [f"{number:04d}" for number in range(len(numbers))]


def dependencies() -> list[str]:
    """Names of the packages that provstore needs when it runs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [re.split(r"[^\w-]", requirement)[0] for requirement in project["dependencies"]]


@pytest.mark.parametrize("name", dependencies())
def test_a_dependency_has_its_decision(name: str) -> None:
    """Whoever asks what a package is for finds a page named after it."""
    assert [file for file in decision_files() if file.stem[5:] == name]


def test_news_fragments_are_named_as_agreed() -> None:
    """`<topic>.<kind>.md`, so that a release can sort them."""
    names = {file.name for file in (ROOT / "changes").iterdir()} - {"README.md"}
    agreed = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(added|changed|fixed|removed|security)\.md")

    assert not [name for name in names if not agreed.fullmatch(name)]


def slugs() -> set[str]:
    """The slug of every error class."""
    tree = ast.parse((ROOT / "provstore" / "errors.py").read_text(encoding="utf-8"))
    values = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "slug"
    ]
    return {value.value for value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def test_every_error_has_its_place_in_the_documentation() -> None:
    """Each slug is the heading of a section of docs/errors.md, so that the anchor `#slug` exists."""
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ `?([\w-]+)`?\s*$", text, re.MULTILINE)

    assert slugs() <= set(headings)


def run_tool(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of this environment on the repository; skips where it is not installed."""
    if importlib.util.find_spec(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed: pip install -e '.[test]'")
    return subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("words", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)], ids=" ".join)
def test_a_tool_finds_nothing(words: tuple[str, ...]) -> None:
    """Style, layout and types (mypy is strict by pyproject.toml) are as agreed."""
    done = run_tool(*words)

    assert done.returncode == 0, done.stdout + done.stderr
