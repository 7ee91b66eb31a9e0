"""Puts verdicts down in the store: each a fact of its own, about the execution whose work was done again.

Convenience, not proof of anything by itself: where the store can't be written the verdicts are told all the same.
"""

from __future__ import annotations

import time

from provstore import __version__
from provstore.digest import canonical_json
from provstore.errors import StoreError
from provstore.model.values import new_id, utc_text
from provstore.operations.circumstances import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from provstore.model.comparison import Comparison
    from provstore.model.values import JSON
    from provstore.model.verification import OutputVerdict, TaskVerdict
    from provstore.store.store import Store

INTERVAL = 5.0
"""Seconds after which what has ended is written: a verification may take a night."""
DIFFERENCES = 20
"""Of each output, that are put down."""
LONGEST_TEXT = 400


class Recorder:
    """Writes verdicts in groups. Takes no lock but that of each transaction, so that a run goes on meanwhile.

    Args:
        store: None: nothing is recorded.
        tolerance: As in the request.
        tell: Gets remarks for the user.

    Attributes:
        has_recorded: Something was written.
    """

    def __init__(self, store: Store | None, tolerance: tuple[float, float] | None, tell: Callable[[str], None]) -> None:
        self._store, self._tolerance, self._tell = store, tolerance, tell
        self._waiting: list[dict[str, str]] = []
        self._due = time.monotonic() + INTERVAL
        self._machine = machine() if store is not None else {}
        self.has_recorded = False

    def add(self, task: TaskVerdict) -> None:
        """Takes a verdict; that on a task whose command was not started says nothing about an execution."""
        if self._store is None or task.execution is None or task.seconds is None:
            return
        self._waiting.append(
            {
                "id": new_id(),
                "execution": task.execution,
                "verified": utc_text(time.time()),
                "verdict": task.verdict,
                "host": self._machine["host"],
                "user": self._machine["user"],
                "details": canonical_json(self._details(task)),
            }
        )

    def _details(self, task: TaskVerdict) -> dict[str, JSON]:
        return {
            "message": task.message,
            "undeclared": list(task.undeclared),
            "outputs": [_output(output) for output in task.outputs],
            "seconds": round(task.seconds or 0.0, 3),
            "tolerance": None if self._tolerance is None else dict(zip(("atol", "rtol"), self._tolerance, strict=True)),
            "provstore": __version__,
            "python": self._machine["python"],
            "system": self._machine["system"],
        }

    def write_if_due(self) -> None:
        """Writes what waits, from time to time."""
        if time.monotonic() >= self._due:
            self.write()

    def write(self) -> None:
        """Writes what waits. Where that can't be, nothing more is recorded, and the user is told."""
        self._due = time.monotonic() + INTERVAL
        if self._store is None or not self._waiting:
            return
        try:
            if self._store.is_replaced:
                raise StoreError(f"{self._store.path}: is another file by now")
            ledger = self._store.ledger()
            for row in self._waiting:
                ledger.add("verification", row)
            ledger.write({}, {})
        except StoreError as error:
            self._tell(f"verdicts are not recorded: {error.message}")
            self._store = None
        else:
            self.has_recorded = True
        self._waiting.clear()


def _output(output: OutputVerdict) -> dict[str, JSON]:
    return {
        "path": output.path,
        "verdict": output.verdict,
        "expected": output.expected,
        "found": output.found,
        "message": output.message,
        "differences": _differences(output.comparison),
    }


def _differences(found: Comparison | None) -> list[JSON]:
    if found is None:
        return []
    return [
        {
            "kind": entry.kind,
            "place": [_cut(part) for part in entry.place],
            "what": _cut(entry.what),
            "a": _cut(entry.a),
            "b": _cut(entry.b),
        }
        for entry in found.differences[:DIFFERENCES]
    ]


def _cut(text: str) -> str:
    """A text that UTF-8 can hold (JSON has texts that it can't), and not a long one."""
    text = text.encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
