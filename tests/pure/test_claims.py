"""Which format a file has, without importing any."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from provstore.claims import Claims, has_packages
from provstore.errors import PluginError
from provstore.formats import BUILT_IN, BYTES_DECIDE


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_table_of_formats_says_what_their_modules_say(name: str) -> None:
    """The name, the endings, and whether the format has a digest of its own."""
    (format,) = importlib.import_module(f"provstore.formats.{name}").provstore_formats()

    assert (format.name, format.suffixes) == (name, BUILT_IN[name])
    assert format.has_digest == (name not in BYTES_DECIDE)


@pytest.mark.parametrize(
    ("path", "name"),
    [("a/b.csv", "csv"), ("B.TAR.GZ", "tar"), ("x.csv.gz", "gzip"), ("a.csv/b", "bytes"), ("d.zip/", "zip"),
     ("csv", "bytes"), ("a.txt", "text"), (".json", "json"), ("a.", "bytes"), ("a.b.h5", "hdf5")],
)  # fmt: skip
def test_the_longest_ending_decides(tmp_path: Path, path: str, name: str) -> None:
    """Of the last part of the path, whatever the case; a declared format goes before it."""
    claims = Claims(str(tmp_path), (), {})

    assert claims.name_of(path) == name
    assert claims.name_of(path, "fits") == "fits"


def test_the_pipelinefile_chooses(tmp_path: Path) -> None:
    """Before what is claimed."""
    claims = Claims(str(tmp_path), (), {".csv": "bytes", ".obs.csv": "text"})

    assert [claims.name_of(path) for path in ("a.csv", "a.obs.csv", "a.tsv")] == ["bytes", "text", "csv"]


def test_unknown_names_are_told_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package to install, or a name that is like it; built-in ones pass without a look at plug-ins."""
    claims = Claims(str(tmp_path), (), {})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [])
    monkeypatch.setattr("provstore.claims.has_packages", lambda: False)
    wrong = claims.check({1: "csv", 2: "fits", 3: "jsn"})

    assert [where for where, _ in wrong] == [2, 3]
    assert [error.hint for _, error in wrong] == [
        "it comes with a package: pip install provstore-fits",
        "did you mean 'json'?",
    ]
    assert all(isinstance(error, PluginError) for _, error in wrong)


@pytest.mark.parametrize(
    ("entries", "found"),
    [("[console_scripts]\nprovstore = x:y\n", False), ("[provstore]\nfits = provstore_fits\n", True), (None, False)],
)
def test_packages_with_plugins_are_found_without_importing_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: str | None, found: bool
) -> None:
    """By a look at what packages say of themselves."""
    folder = tmp_path / "x-1.0.dist-info"
    folder.mkdir()
    if entries is not None:
        (folder / "entry_points.txt").write_text(entries)
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere"), ""])
    monkeypatch.chdir(tmp_path / "x-1.0.dist-info")

    assert has_packages() is found
