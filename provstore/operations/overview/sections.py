"""The nouns that an overview is made of, one for each section of the page."""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.values import JSON


class Code(NamedTuple):
    """State of the code in git.

    Attributes:
        branch: None: detached.
        dirty: Files that git tracks differ from the commit.
    """

    commit: str
    branch: str | None
    dirty: bool


class Made(NamedTuple):
    """Where, when and of what an overview was made.

    Attributes:
        project: Its name; where it has none, that of its folder.
        when: UTC text.
        targets: As typed; empty: all of the pipeline.
        code: None: it is not in git, or git can't say.
    """

    project: str
    description: str
    when: str
    user: str
    host: str
    system: str
    provstore: str
    targets: tuple[str, ...]
    code: Code | None


# --- tasks ------------------------------------------------------------------------------------------------


class TaskItem(NamedTuple):
    """One task of a group; `name` as the command line spells it."""

    name: str
    outputs: tuple[str, ...]


class TaskGroup(NamedTuple):
    """Tasks of one stage with the same state for the same reasons.

    Attributes:
        size: Number of tasks; `items` may be fewer.
    """

    state: str
    reasons: tuple[str, ...]
    size: int
    items: tuple[TaskItem, ...]


class StageTasks(NamedTuple):
    """The tasks of one stage.

    Attributes:
        counts: Number of tasks by state, without zeros.
        groups: Those that need something first.
        left_out: Number of tasks that stand in no group, for there are too many.
    """

    stage: str
    description: str
    counts: Mapping[str, int]
    groups: tuple[TaskGroup, ...]
    left_out: int


# --- runs -------------------------------------------------------------------------------------------------


class Executed(NamedTuple):
    """One execution of a run.

    Attributes:
        start: Seconds after the start of the run.
        seconds: Its duration; None: nobody knows.
        attempt: 1, 2, … within the run.
    """

    short: str
    task: str
    outcome: str
    start: float
    seconds: float | None
    attempt: int
    message: str


class StageTime(NamedTuple):
    """What a stage took in a run: number of executions, those that failed, and seconds in all and of the longest."""

    stage: str
    executions: int
    failed: int
    seconds: float
    longest: float


class LastRun(NamedTuple):
    """The last run.

    Attributes:
        ended, outcome: None: it is under way, or was killed.
        seconds: From its start to its end, or to that of the last execution that is recorded.
        summary: Number of tasks by outcome.
        params: Overrides by `-P`.
        executed: In the order of their start; where there are too many, those that failed and the longest.
        left_out: Number of the others.
    """

    id: str
    short: str
    started: str
    ended: str | None
    outcome: str | None
    seconds: float
    arguments: tuple[str, ...]
    summary: Mapping[str, int]
    params: Mapping[str, JSON]
    user: str
    host: str
    system: str
    python: str
    provstore: str
    code: Code | None
    executed: tuple[Executed, ...]
    left_out: int
    stages: tuple[StageTime, ...]


class Failure(NamedTuple):
    """An attempt that failed or was cut short, of a task that has not been tried again since.

    Attributes:
        log: The end of what it printed, without secrets; None: no longer kept, or damaged.
        before: Bytes that it printed before that.
        inputs: (role, path) of what it had read.
        more_inputs: Number of further ones.
        files: Folder with what it had written, relative to the project; "" where nothing is left of it.
    """

    execution: str
    short: str
    stage: str
    task: str
    outcome: str
    message: str
    exit_status: int | None
    signal: int | None
    command: str
    started: str
    seconds: float | None
    log: bytes | None
    before: int
    inputs: tuple[tuple[str, str], ...]
    more_inputs: int
    files: str


class Failures(NamedTuple):
    """All that failed or was cut short; `left_out` is the number of tasks that are not told of."""

    shown: tuple[Failure, ...]
    left_out: int


# --- results ----------------------------------------------------------------------------------------------


class Picture(NamedTuple):
    """How a result looks.

    Attributes:
        kind: "text", or the media type of a picture.
        data: UTF-8 for text.
    """

    kind: str
    data: bytes


class Result(NamedTuple):
    """An output that no other task reads.

    Attributes:
        state: Of its task.
        exists: Something lies at its path.
        size, digest, created: Of the recorded version that should lie there; None: none is recorded.
        note: Why there is no picture of it, if there could be one.
    """

    path: str
    task: str
    state: str
    exists: bool
    kind: str
    size: int | None
    digest: str | None
    created: str | None
    picture: Picture | None
    note: str


class Results(NamedTuple):
    """Results in the order of the plan.

    Attributes:
        to_come: Number of those that were never made.
        left_out: Number of those that were not looked at, for there are too many.
    """

    shown: tuple[Result, ...]
    to_come: int
    left_out: int


class Verified(NamedTuple):
    """A task whose work was done again and compared; `verdict` as in the table `verification`."""

    task: str
    verdict: str
    verified: str
    host: str
    user: str
    message: str


class Measure(NamedTuple):
    """One number that was read from an output, and what it was before; `before` is None where it was not there."""

    path: str
    name: str
    value: JSON
    before: JSON
    recorded: str
