"""To which execution what lies at a path is attributed, where several have made it."""

from __future__ import annotations

from provstore.store import history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from provstore.operations.attempt import Circumstances


def attribute(around: Circumstances, outputs: Iterable[str], execution: str) -> None:
    """Takes what lies at a fresh task's outputs for what its success made, also where another made it again since.

    So what reads it came from the sources that are there now: sources go from a to b and back to a, and the task
    makes the same of both. Content decides: where the bytes differ, which other rules took for equal, nothing changes.
    """
    made = around.store.ask(history.made_by, execution)
    for path in outputs:
        look = around.workspace.look(path)
        if look is None or look.dataset is None or path not in made or look.dataset == made[path].dataset:
            continue
        row = around.ledger.row_of(look.dataset)
        if (row["digest"], bool(row["executable"])) == (made[path].digest, bool(made[path].executable)):
            around.workspace.assign(path, look, made[path].dataset)
