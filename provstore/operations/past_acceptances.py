"""Who took the outputs of an execution for right: for every answer that shows that execution."""

from __future__ import annotations

from provstore.store import acceptances
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from provstore.store.store import Store


def acceptances_of(store: Store, execution: str) -> list[dict[str, Any]]:
    """Every acceptance of what an execution made, newest first: values for JSON, of proved records.

    Raises:
        StoreDamagedError: One is not what was recorded.
    """
    found = store.ask(acceptances.of_execution, execution)
    prove_all(store, "acceptance", [acceptance.id for acceptance in found])
    return [{**acceptance._asdict(), "changed": list(acceptance.changed)} for acceptance in found]
