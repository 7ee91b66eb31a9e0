"""What a lock file says: of each task its key and what it made, and what they read besides.

A lock holds for everybody: no times, no hosts, no ids of records, nothing of one machine.
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from provstore.model.files import RecordedContent

    TaskId: TypeAlias = "tuple[str, str]"
    """(stage, data ID as canonical JSON)."""

FROZEN = "frozen"
"""In the place of the key of a task that is frozen: what it made counts, whatever it was made from."""


class LockedTask(NamedTuple):
    """A task that was fresh.

    Attributes:
        data_id: Canonical JSON.
        key: Its key, made without the values of secret variables, which are another digest in every store; or `FROZEN`.
        outputs: Sorted by path.
    """

    stage: str
    data_id: str
    key: str
    outputs: tuple[RecordedContent, ...]


class Lock(NamedTuple):
    """All that a lock file says.

    Attributes:
        tasks: By stage and data ID.
        inputs: What the tasks read that is no output as such, by path: sources, and files within an output.
    """

    tasks: Mapping[TaskId, LockedTask]
    inputs: Mapping[str, RecordedContent]

    def of(self, stage: str, data_id: str) -> LockedTask | None:
        """What is locked of a task; None: nothing is."""
        return self.tasks.get((stage, data_id))


EMPTY = Lock({}, {})
