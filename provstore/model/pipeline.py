"""What a Pipelinefile says, after every check: plain nouns, no file, no TOML.

Paths are POSIX text relative to the project's root, normalised (no ``./``, no ``//``, no trailing ``/``).
An input outside of the project keeps its leading ``../`` or ``/``.
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from provstore.model.values import JSON, Value

    class Lined(Protocol):
        """A file that was read, and can tell the lines of its keys."""

        file: str

        def line_of(self, keys: tuple[str, ...]) -> int:
            """The line of a key, or of the innermost table above it that has one; 0 where none has."""


class Place(NamedTuple):
    """Where in a Pipelinefile something stands.

    To find the line takes as long as to check the stage, and only messages want it: so it is found when asked for.

    Attributes:
        source: The file.
        keys: The keys that lead to it: ("stages", "a").
    """

    source: Lined
    keys: tuple[str, ...]

    @property
    def file(self) -> str:
        """Relative to the project's root, as a user would type it there."""
        return self.source.file

    @property
    def line(self) -> int:
        """Its line, from 1; 0 when it can't be told."""
        return self.source.line_of(self.keys)

    def line_of(self, *keys: str) -> int:
        """The line of a key inside of it; its own where there is no such key."""
        return self.source.line_of(self.keys + keys)


class Dimension(NamedTuple):
    """An axis that labels data.

    Exactly one of `values` and `pattern` says where its values come from.

    Attributes:
        values: Listed values or those of a range, in their order; None when they are found.
        pattern: Path template whose matching files give the values; normalised like any path.
        type: "int" or "str": what a value found in a path becomes. None: "int" when all listed values
            are integers, else text.
        definition: The rest of the table (requires, implies, metadata, timespan, region), as written.
    """

    name: str
    place: Place
    values: tuple[Value, ...] | None = None
    pattern: str | None = None
    type: str | None = None
    definition: Mapping[str, JSON] = {}


class DatasetType(NamedTuple):
    """A named kind of data (`[datasets.NAME]`).

    Attributes:
        path: Path template, normalised; None when only the registry knows where its data lie.
        dimensions: As declared, else the fields of `path` in their order.
    """

    name: str
    path: str | None
    dimensions: tuple[str, ...]
    format: str | None
    description: str
    place: Place


class Lookup(NamedTuple):
    """How an input is looked up in the registry.

    Attributes:
        type: Name of the dataset type.
        dimensions: Of the type.
        known: Dimensions of the stage.
        calibration: It is the dataset that is valid at the time of the task's data ID.
        gathers: Its type has dimensions of which a task's data ID tells nothing: it stands for any number of datasets.
    """

    type: str
    dimensions: tuple[str, ...]
    known: tuple[str, ...]
    calibration: bool
    gathers: bool


class PathSpec(NamedTuple):
    """One declared input or output of a stage.

    Attributes:
        role: Its name, or "0", "1", … where inputs or outputs are a plain array.
        template: Normalised path with ``{dimension}`` fields; in an input possibly with glob characters.
        directory: It was written with a trailing ``/``, so it must be a directory.
        external: It lies outside of the project (inputs only).
        dataset: Name of the dataset type it was declared by, else None.
        extra: Other keys of its table: `metric` of an output, and what later versions of provstore read.
        lookup: It has no template but is looked up in the registry (inputs only); see `pipelinefile.lookups`.
    """

    role: str
    template: str
    directory: bool = False
    external: bool = False
    dataset: str | None = None
    format: str | None = None
    description: str = ""
    extra: Mapping[str, JSON] = {}
    lookup: Lookup | None = None


class Resources(NamedTuple):
    """What one task of a stage takes of the machine.

    Attributes:
        cpu: Processors, >= 0; 1 unless said otherwise.
        memory: Bytes, >= 0; 0 means "not said".
    """

    cpu: float = 1
    memory: int = 0


class Stage(NamedTuple):
    """One named step.

    Exactly one of `run` and `argv` is set.

    Attributes:
        run: Script for the shell, with placeholders.
        argv: Program and arguments, with placeholders.
        shell: The command that gets the script as its last argument, as words: ("sh", "-e", "-c").
        params: Full names of the parameters it lists or its command names, sorted. A name may be that
            of a table: then all below it count.
        env: Names of environment variables it depends on, sorted.
        timeout: Seconds for one attempt, > 0; None: no limit.
        where: Narrows the data IDs (language of `provstore.query`); empty: all.
        folder: Folder of the file that declares it, relative to the root; "" is the root.
        cwd: Folder in which its command runs, relative to the root; "" is the root.
    """

    name: str
    place: Place
    description: str = ""
    dimensions: tuple[str, ...] = ()
    run: str | None = None
    argv: tuple[str, ...] | None = None
    shell: tuple[str, ...] = ("sh", "-e", "-c")
    inputs: tuple[PathSpec, ...] = ()
    outputs: tuple[PathSpec, ...] = ()
    params: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    timeout: float | None = None
    retries: int = 0
    where: str = ""
    after: tuple[str, ...] = ()
    always: bool = False
    frozen: bool = False
    cache: bool = True
    keep: bool = False
    folder: str = ""
    cwd: str = ""
    resources: Resources = Resources()


class Pipeline(NamedTuple):
    """All that a Pipelinefile and the files it includes declare.

    Attributes:
        file: The main Pipelinefile, relative to the root.
        default: Targets of a bare `provstore run`; empty: everything.
        params: Leaves by their full dotted name, after files of parameters; overrides (`-P`) not yet.
        objects_limit: Outputs above this many bytes are not kept; None: all are; 0: none.
        format_choices: Suffix → format, from `[formats]`.
        format_places: Suffix → where that table stands, with the suffix as its key.
        secret_env: Names of environment variables whose values are recorded as digests only.
        registry: The `[registry]` table, as written and checked.
        sources: Every file that was read → its digest: the pipeline is the same while these are.
        meaning: Digest of what these files say, comments and layout aside.
    """

    file: str
    name: str = ""
    description: str = ""
    owner: str | None = None
    default: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    secret_env: tuple[str, ...] = ()
    params: Mapping[str, JSON] = {}
    dimensions: Mapping[str, Dimension] = {}
    dataset_types: Mapping[str, DatasetType] = {}
    stages: Mapping[str, Stage] = {}
    subsets: Mapping[str, tuple[str, ...]] = {}
    objects_limit: int | None = None
    format_choices: Mapping[str, str] = {}
    format_places: Mapping[str, Place] = {}
    registry: Mapping[str, JSON] = {}
    sources: Mapping[str, str] = {}
    meaning: str = ""
