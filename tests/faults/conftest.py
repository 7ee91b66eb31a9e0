"""How many faults are tried, and the count of those that were.

`--faults N` tries N times as many; `--figures FILE` writes the counts, for docs/promises.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

FIGURES: Counter[str] = Counter()


@pytest.fixture(scope="session")
def effort(request: pytest.FixtureRequest) -> int:
    """How many times as many faults to try as in a usual run."""
    return int(request.config.getoption("--faults"))


@pytest.fixture(scope="session")
def tally() -> Callable[[str, int], None]:
    """Counts faults that were really tried: `tally("kills of a run at a random moment", 1)`."""

    def count(what: str, number: int = 1) -> None:
        FIGURES[what] += number

    return count


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Writes the counts."""
    path = session.config.getoption("--figures")
    if path:
        Path(path).write_text(json.dumps(dict(sorted(FIGURES.items())), indent=2) + "\n", encoding="utf-8")
