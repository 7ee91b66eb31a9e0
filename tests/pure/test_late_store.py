"""What commands of plug-ins call is offered to them without being loaded for all others."""

from __future__ import annotations

import subprocess
import sys

import pytest

import provstore
from provstore import plugin


def test_plug_ins_have_the_store_of_programs() -> None:
    """One class, so that what takes one takes the other."""
    assert plugin.Store is provstore.Store


def test_formats_do_not_load_it() -> None:
    """What imports `provstore.plugin` alone does not import the API, nor SQLite."""
    code = "import sys, provstore.plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"provstore.api", "provstore.project", "sqlite3"} & set(loaded)


def test_other_names_are_still_mistakes() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="no attribute 'Storage'"):
        plugin.Storage  # noqa: B018 - reading it is what is tested
