"""What a lock file says: of each task its key and what it made, and what they read besides.

A lock holds for everybody: no times, no hosts, no ids of records, nothing of one machine.
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    TaskId: TypeAlias = "tuple[str, str]"
    """(stage, data ID as canonical JSON)."""

FROZEN = "frozen"
"""In the place of the key of a task that is frozen: what it made counts, whatever it was made from."""


class LockedDataset(NamedTuple):
    """One file or directory, as it was when the task that read or made it was fresh.

    Attributes:
        path: As the Pipelinefile comes to: relative to the project, unless it lies outside.
        kind: "file" or "directory".
        executable: A file that may be executed.
        digest: Of its bytes; of a directory: of its manifest.
        semantic: Its semantic digest; None: the bytes decide.
    """

    path: str
    kind: str
    executable: bool
    digest: str
    semantic: str | None

    @property
    def identity(self) -> str:
        """What decides whether two contents count as one, as in `Content.identity`."""
        digest = self.semantic or self.digest
        return digest + "+x" if self.executable else digest


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
    outputs: tuple[LockedDataset, ...]


class Lock(NamedTuple):
    """All that a lock file says.

    Attributes:
        tasks: By stage and data ID.
        inputs: What the tasks read that is no output as such, by path: sources, and files within an output.
    """

    tasks: Mapping[TaskId, LockedTask]
    inputs: Mapping[str, LockedDataset]

    def of(self, stage: str, data_id: str) -> LockedTask | None:
        """What is locked of a task; None: nothing is."""
        return self.tasks.get((stage, data_id))


EMPTY = Lock({}, {})
