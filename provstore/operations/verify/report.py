"""What a verification is asked for, and what came of it."""

from __future__ import annotations

from provstore.model.verification import GOOD, VERDICTS
from provstore.noun import NamedTuple
from provstore.operations.targets import Targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.verification import TaskVerdict


class VerifyRequest(NamedTuple):
    """What a user wants verified, and how.

    Attributes:
        jobs: Tasks at once; 0: as many as there are processors.
        tolerance: How far two numbers may be apart: (absolute, relative); None: not at all.
        sample: Only so many of the tasks, at random; 0: all.
        seed: Repeats the choice of a sample; None: another one each time.
        record: Put the verdicts down in the store.
        locked: Compare with `Pipelinefile.lock` instead of with the store.
        scratch: Folder in which the scratch folder is made; "": the system's for temporary files.
        keep_scratch: Leave the scratch folder, and say where it is.
        estimate: The observer wants to know how long tasks took when they were run.
    """

    targets: Targets = Targets(everything=True)
    jobs: int = 0
    tolerance: tuple[float, float] | None = None
    sample: int = 0
    seed: int | None = None
    record: bool = True
    locked: bool = False
    scratch: str = ""
    keep_scratch: bool = False
    estimate: bool = False


class Sample(NamedTuple):
    """A choice at random.

    Attributes:
        size: Tasks that were chosen.
        of: Tasks among which.
        seed: Repeats the choice, as long as there are the same tasks.
    """

    size: int
    of: int
    seed: int


class VerifyReport(NamedTuple):
    """What came of doing the work again.

    Attributes:
        tasks: Those that ended, in the order of the plan.
        cancelled: Number of tasks that a signal kept from being verified.
        signal: What ended it; 0: nothing did.
        sample: The choice, where only some were to be verified.
        recorded: The verdicts are in the store.
        scratch: The scratch folder that was kept; "" for none.
    """

    tasks: tuple[TaskVerdict, ...]
    cancelled: int = 0
    signal: int = 0
    sample: Sample | None = None
    recorded: bool = False
    scratch: str = ""

    @property
    def is_good(self) -> bool:
        """Everything was verified, and nothing differs that counts."""
        return not self.cancelled and all(task.verdict in GOOD for task in self.tasks)

    @property
    def summary(self) -> dict[str, int]:
        """Number of tasks by verdict."""
        counts = dict.fromkeys(VERDICTS, 0)
        for task in self.tasks:
            counts[task.verdict] += 1
        return counts
