"""A new plug-in: what is written, and what is refused. That it installs and works, `tests/docs` finds out."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from provstore.errors import UsageError
from provstore.operations.new_plugin import new_plugin


def texts(folder: Path) -> dict[str, str]:
    """Every file by its path."""
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.parametrize("name", ["star-list", "provstore-star-list"])
def test_a_new_plugin_is_a_package_that_can_be_read(tmp_path: Path, name: str) -> None:
    """Every word is filled in, the Python is Python, and the entry point leads to the module."""
    report = new_plugin(str(tmp_path), name, "stars", ".st.gz")
    made = texts(tmp_path)
    config = tomllib.loads(made["provstore-star-list/pyproject.toml"])["project"]

    assert report.folder == "provstore-star-list"
    assert config["entry-points"]["provstore"] == {"stars": "provstore_star_list"}
    assert "provstore-star-list/src/provstore_star_list/__init__.py" in made
    assert 'suffixes = (".st.gz",)' in made["provstore-star-list/src/provstore_star_list/__init__.py"]
    for path, text in made.items():
        assert not [word for word in ("package", "module", "format", "class", "suffix") if f"@{word}@" in path + text]
        if path.endswith(".py"):
            ast.parse(text)


def test_the_format_is_named_after_the_plugin_and_its_ending_after_the_format(tmp_path: Path) -> None:
    """Unless they are given."""
    assert new_plugin(str(tmp_path), "one", None, None)[1:] == ("one", ".one")
    assert new_plugin(str(tmp_path), "two", "pair", None)[1:] == ("pair", ".pair")


REFUSED = [
    ("Upper", None, None, "name 'Upper'"),
    ("my_list", None, None, "name 'my_list'"),
    ("1st", None, None, "name '1st'"),
    ("a/b", None, None, "name 'a/b'"),
    ("..", None, None, "name '..'"),
    ("", None, None, "name ''"),
    ("ends-", None, None, "name 'ends-'"),
    ("line\n", None, None, "name 'line"),
    ("x" * 99, None, None, "name 'xxx"),
    ("taken", None, None, "there is something of this name"),
    ("fits", "x", ".x", "there is a package of this name"),
    ("x", "fits", ".x", "format fits: there is one of this name"),
    ("json", None, None, "format json: there is one of this name"),
    ("x", None, "csv", "--suffix 'csv'"),
    ("x", None, ".C", r"--suffix '\.C'"),
    ("x", None, "./y", "--suffix"),
    ("x", None, ".csv", r"suffix \.csv: it belongs to the format csv"),
    ("x", None, ".ipynb", r"suffix \.ipynb: it belongs to the format notebook"),
    ("x", "../y", None, "format '../y'"),
]


@pytest.mark.parametrize(("name", "form", "suffix", "problem"), REFUSED)
def test_a_name_that_can_not_be_is_refused(
    tmp_path: Path, name: str, form: str | None, suffix: str | None, problem: str
) -> None:
    """With what is wrong with it; nothing is written."""
    (tmp_path / "provstore-taken").mkdir()
    (tmp_path / "provstore-taken" / "file").write_text("precious")
    with pytest.raises(UsageError, match=problem):
        new_plugin(str(tmp_path), name, form, suffix)

    assert texts(tmp_path) == {"provstore-taken/file": "precious"}
