"""A store as text: what was recorded in good order and makes no sense is shown by its id."""

from __future__ import annotations

import pytest

from provstore.cli.store_text import SAID, store_text
from provstore.store.told import Told


@pytest.mark.parametrize("kind", SAID)
def test_a_fact_that_makes_no_sense_has_its_id(kind: str) -> None:
    """Columns are missing, or hold something else."""
    shown = [list(store_text([Told(kind, "i\x1bd", row)])) for row in ({}, {"data_id": "[" * 100_000, "stage": "s"})]

    assert shown == [[f"{kind} i\\x1bd"]] * 2
