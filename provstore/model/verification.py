"""What came of doing the work of tasks again: how far the outputs are what was recorded. Plain values."""

from __future__ import annotations

from provstore.model.comparison import VERDICTS as COMPARED
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.comparison import Comparison
    from provstore.model.values import DataId

FAILED = "failed"
"""The command failed, an output is missing, or nothing is recorded that could be compared with."""
VERDICTS = (*COMPARED, FAILED)
"""From the best to the worst: a task has the worst verdict of its outputs."""
EXACT = frozenset(VERDICTS[:2])
"""The outputs are the recorded ones, as far as any task that reads them can tell."""
GOOD = frozenset(VERDICTS[:3])


class OutputVerdict(NamedTuple):
    """One output that was made again.

    Attributes:
        verdict: One of `VERDICTS`.
        expected, found: Digests of the bytes; None where there are none.
        message: What there is to say besides: why it can't be compared, that it is missing.
        comparison: In what the two differ; None: their bytes are not both at hand, or they are identical.
    """

    path: str
    verdict: str
    expected: str | None
    found: str | None
    message: str = ""
    comparison: Comparison | None = None


class TaskVerdict(NamedTuple):
    """One task whose work was done again.

    Attributes:
        verdict: The worst of its outputs.
        execution: The recorded execution whose results were compared with; None: there is none.
        seconds: How long the command took; None: it was not started.
        message: Why it failed.
        undeclared: Paths of the project that it seems to read without declaring them.
        folder: The scratch folder that was kept; "" for none.
    """

    stage: str
    data_id: DataId
    verdict: str
    outputs: tuple[OutputVerdict, ...] = ()
    execution: str | None = None
    seconds: float | None = None
    message: str = ""
    undeclared: tuple[str, ...] = ()
    folder: str = ""

    @property
    def is_good(self) -> bool:
        """Nothing differs that counts."""
        return self.verdict in GOOD


def worst(outputs: Sequence[OutputVerdict]) -> str:
    """The verdict of a task with these outputs; one without any has nothing that could differ."""
    return max((output.verdict for output in outputs), key=VERDICTS.index, default=VERDICTS[0])


class Verification(NamedTuple):
    """A recorded verdict.

    Attributes:
        verified: UTC, ISO 8601.
        details: As `operations.verify.record` writes them.
    """

    id: str
    verified: str
    verdict: str
    host: str
    user: str
    details: Mapping[str, object]
