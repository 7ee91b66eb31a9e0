"""What a Pipelinefile comes to: a plan of tasks, each a stage at one data ID."""

from __future__ import annotations

from functools import cache

from provstore.digest import digest_text
from provstore.model.values import data_id_from, task_name
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from provstore.model.files import RecordedContent
    from provstore.model.values import JSON, DataId


class Task(NamedTuple):
    """A stage at one data ID, as far as deciding needs it. Its position in the plan is its number.

    Attributes:
        stage: Number of its stage in `Plan.stages`.
        data_id: Canonical JSON.
        static: Digest of all of its key's material but the identities of its inputs.
        inputs, outputs: Numbers of paths in `Plan.paths`, in order of declaration.
        upstream: Positions of the tasks that make its inputs, ascending; all below its own.
    """

    stage: int
    data_id: str
    static: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    upstream: Sequence[int]


class PlannedStage(NamedTuple):
    """What all tasks of a stage share.

    Attributes:
        after: Names of stages whose tasks must have ended before its tasks start.
    """

    name: str
    dimensions: Sequence[str]
    always: bool
    frozen: bool
    after: Sequence[str]


class Unresolved(NamedTuple):
    """A stage whose tasks are not known before another stage is fresh.

    Attributes:
        dimension: It is found in the output directory of the stage `gate`.
        upstream: Stages whose outputs it may read, as far as their templates tell.
        outputs: Templates of what it makes.
    """

    stage: str
    dimension: str
    gate: str
    upstream: Sequence[str] = ()
    outputs: Sequence[str] = ()


class LookedUp(NamedTuple):
    """A dataset that is an input because it was found in the registry; `content` has the path that was recorded."""

    dataset: str
    content: RecordedContent


class Output(NamedTuple):
    """One declared output.

    Attributes:
        directory: It was declared with a trailing ``/``, so it must be a directory.
        metric: Its measures are recorded.
    """

    role: str
    path: str
    directory: bool
    format: str
    dataset_type: str
    metric: bool = False


class Work(NamedTuple):
    """What it takes to run a task and to record that; loaded only for tasks that run or are explained.

    Attributes:
        argv: Program and arguments as they are started; for a script, the shell's words and the script.
        command: What a person would read: the rendered script, or the arguments quoted for a shell.
        shell: The shell's words with spaces between; "" without a shell.
        cwd: Relative to the project's root; "" is the root.
        params: The parameters it depends on, by full name.
        environment: The variables it depends on; None: not set.
        inputs: (role, path), in order of declaration, then natural order.
        gathered: Roles that stand for any number of paths.
        timeout: Seconds for one attempt; None: no limit.
        retries: Further attempts after a failure.
        cpu: Processors it takes.
        memory: Bytes it takes; 0: not said.
        cache: The outputs' bytes are kept.
        keep: Outputs stay in their place while it runs.
        recorded: Path of an input → the one at which it was recorded, where that is another; see `LookedUp`. `argv`
            and `command` have the latter, so that neither keys nor records depend on where bytes lie.
        started: `argv` with the former; empty: the same.
    """

    argv: tuple[str, ...]
    command: str
    shell: str
    cwd: str
    params: Mapping[str, JSON]
    environment: Mapping[str, str | None]
    inputs: tuple[tuple[str, str], ...]
    gathered: tuple[str, ...]
    outputs: tuple[Output, ...]
    timeout: float | None
    retries: int
    cpu: float
    memory: int
    cache: bool
    keep: bool
    description: str
    recorded: Mapping[str, str] = {}
    started: tuple[str, ...] = ()

    def to_json(self) -> str:
        """As the store remembers it."""
        return _encoder()(self)

    @classmethod
    def from_json(cls, text: str) -> Work:
        """The inverse of `to_json`."""
        import json

        work = cls(*json.loads(text))
        return work._replace(
            argv=tuple(work.argv),
            inputs=tuple((role, path) for role, path in work.inputs),
            gathered=tuple(work.gathered),
            outputs=tuple(Output(*fields) for fields in work.outputs),
            started=tuple(work.started),
        )


@cache
def _encoder() -> Callable[[object], str]:
    """Made once: a plan has thousands of works."""
    import json

    return json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Search(NamedTuple):
    """A look for source files on the disk, so that it can be repeated without the Pipelinefile.

    Attributes:
        parts: Segments of a path, each ("name", literal), ("pattern", regular expression or "**"), or what most
            patterns come to: ("field", what a name begins with, "/", what it ends with), which has at least one
            character between the two and, where it begins with nothing, no dot there.
        folders: Folders match too.
        leftovers: Regular expressions of what stages make: what fits one of them is no source.
    """

    parts: Sequence[tuple[str, str]]
    folders: bool
    leftovers: Sequence[str]


def digest_of_found(paths: Iterable[str]) -> str:
    """Digest of what a search has found, in its order; no path holds a NUL."""
    return digest_text("\0".join(paths))


class Settings(NamedTuple):
    """What the Pipelinefile says about the whole project, as far as runs need it.

    Attributes:
        default: Targets of a bare `run`; empty: everything.
        objects_limit: Outputs above this many bytes are not kept; None: all are.
        owner: Owner of what is recorded; None: the user.
        secret_env: Variables whose values are recorded as salted digests.
        plugins: Plug-ins that it names.
        format_choices: Suffix → name of a format.
        declares_types: There are dataset types of its own.
    """

    default: Sequence[str]
    subsets: Mapping[str, Sequence[str]]
    objects_limit: int | None
    owner: str | None
    secret_env: Sequence[str] = ()
    plugins: Sequence[str] = ()
    format_choices: Mapping[str, str] = {}
    declares_types: bool = False


class Plan(NamedTuple):
    """All tasks of a Pipelinefile, in an order in which makers stand before those who read.

    It holds while `files`, `environment` and `searches` give the same again and the stages `gates` are fresh.

    Attributes:
        paths: Every path that a task reads or makes, each once.
        files: Every file of the Pipelinefile → its digest.
        environment: Every variable that a stage depends on → digest of its value; "" when not set.
        searches: What was looked for on the disk, each with the digest of what was found.
        gates: Stages in whose output directories something was found.
        unresolved: Stages that the plan can't hold before their gate is fresh.
        remarks: What a person should know ("stage 'x' has no tasks: …").
        meaning: Digest of what the files of the Pipelinefile say, comments and layout aside.
        formats: Declared format of each path that has one.
        looked_up: Path → the dataset that was found in the registry and is read there. A plan with any is not
            remembered: collections change.
        unfound: Path of an input for which nothing was found → why, and what to do.
    """

    stages: Sequence[PlannedStage]
    paths: Sequence[str]
    tasks: Sequence[Task]
    files: Mapping[str, str]
    environment: Mapping[str, str]
    searches: Sequence[tuple[Search, str]]
    gates: Sequence[str]
    unresolved: Sequence[Unresolved]
    remarks: Sequence[str]
    meaning: str
    settings: Settings
    formats: Mapping[str, str] = {}
    looked_up: Mapping[str, LookedUp] = {}
    unfound: Mapping[str, tuple[str, str]] = {}

    def stage_of(self, position: int) -> PlannedStage:
        """The stage of a task."""
        return self.stages[self.tasks[position].stage]

    def data_id(self, position: int) -> DataId:
        """Data ID of a task, in the order of its stage's dimensions."""
        task = self.tasks[position]
        return data_id_from(task.data_id, self.stages[task.stage].dimensions)

    def name(self, position: int) -> str:
        """A task as the command line spells it."""
        return task_name(self.stage_of(position).name, self.data_id(position))

    def inputs(self, position: int) -> list[str]:
        """Paths that a task reads."""
        return [self.paths[number] for number in self.tasks[position].inputs]

    def known_as(self, path: str) -> str:
        """The path by which people know what a task reads at a path."""
        return self.looked_up[path].content.path if path in self.looked_up else path

    def outputs(self, position: int) -> list[str]:
        """Paths that a task makes."""
        return [self.paths[number] for number in self.tasks[position].outputs]
