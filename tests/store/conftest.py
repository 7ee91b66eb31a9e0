"""A fresh store in a folder of its own."""

from __future__ import annotations

import pytest

from provstore.store import migrate
from provstore.store.store import Store


@pytest.fixture
def path(tmp_path):
    """Of a store that was just made; the folder holds nothing else."""
    folder = tmp_path / ".provstore"
    folder.mkdir()
    migrate.create(str(folder / "store.db"), 1_800_000_000.0, "s")
    return folder / "store.db"


@pytest.fixture
def store(path):
    with Store(str(path)) as opened:
        yield opened
    assert not [name.name for name in path.parent.iterdir() if "journal" in name.name or "-wal" in name.name]
