"""Fixtures for tests of plug-ins: ``pytest_plugins = ["provstore.testing.fixtures"]`` in the topmost `conftest.py`."""

from __future__ import annotations

import pytest

from provstore.testing.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project folder, with the installed `provstore`: see `provstore.testing.Project`."""
    return Project(tmp_path / "project")
