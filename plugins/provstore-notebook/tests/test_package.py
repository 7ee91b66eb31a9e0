"""The package as provstore finds it."""

import subprocess
import sys
from importlib.metadata import entry_points

import provstore_notebook

HEAVY = "import sys, provstore_notebook; print(*sorted({'numpy', 'PIL', 'nbformat', 'jsonschema'} & set(sys.modules)))"


def test_it_is_offered_under_the_entry_point_of_provstore():
    """Installed is plugged in."""
    (found,) = [entry for entry in entry_points(group="provstore") if entry.value == "provstore_notebook"]

    assert found.load() is provstore_notebook


def test_it_offers_its_formats():
    """By name, and the endings that they take."""
    formats = provstore_notebook.provstore_formats()

    assert [format.name for format in formats] == ["notebook", "notebook-sources", "notebook-outputs"]
    assert sorted(suffix for format in formats for suffix in format.suffixes) == [".ipynb"]


def test_no_heavy_library_is_imported_before_it_is_needed():
    """provstore starts fast, whatever is plugged in."""
    found = subprocess.run([sys.executable, "-c", HEAVY], capture_output=True, check=True, text=True)

    assert found.stdout.strip() == ""
