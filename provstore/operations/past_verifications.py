"""Recorded verifications of an execution, for the answers that tell of it."""

from __future__ import annotations

from provstore.store import verifications
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.store.store import Store

TOLD = 20
"""Verifications of one execution that are told at most: it may be verified each night."""


def verifications_of(store: Store, execution: str, limit: int = TOLD) -> list[dict[str, Any]]:
    """The last verifications of an execution, newest first: values for JSON, of proved records.

    Raises:
        StoreDamagedError: One is not what was recorded.
    """
    found = store.ask(verifications.of_execution, execution, limit)
    prove_all(store, "verification", [verification.id for verification in found])
    return [verification._asdict() for verification in found]
