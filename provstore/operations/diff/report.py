"""What `diff` answers, as plain data: for faces, and for other operations.

A comparison of two contents is a `DiffReport`; one of two records is a `RecordsReport`, which lists a `Change` for
everything in which they differ.
"""

from __future__ import annotations

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.model.comparison import Comparison
    from provstore.model.values import JSON

COMMAND, PARAM, ENV, INPUT, OUTPUT = "command", "param", "env", "input", "output"
CODE, HOST, OUTCOME, CONTENT = "code", "host", "outcome", "content"
ORDER = (OUTCOME, PARAM, ENV, COMMAND, CODE, INPUT, HOST, OUTPUT, CONTENT)
"""What a change may be of, in the order in which changes are told: causes before what came of them."""

UNEXPLAINED = "nothing recorded differs: not reproducible"
"""What is said of an output that differs although everything it was made of is equal."""


class DiffRequest(NamedTuple):
    """What to compare, and how.

    Attributes:
        a, b: As typed; see `provstore.operations.diff.words`. Without `b`: against the one before; without both: the
            last two runs.
        format: Name of the format of both contents; None: what each of them has.
        tolerance: How far two numbers may be apart: (absolute, relative).
        patch: Show line by line what changed in the code between two commits.
        blame: A path: say where its versions, `a` and `b`, part.
    """

    a: str | None = None
    b: str | None = None
    format: str | None = None
    tolerance: tuple[float, float] | None = None
    patch: bool = False
    blame: str | None = None


class DiffReport(NamedTuple):
    """How two contents differ.

    Attributes:
        kind: "file": two files or directories on the disk; "dataset": one of them at least is a recorded version.
        a, b: A file as it was typed; the id of a dataset.
        remarks: What a person should know besides.
        headings: Of each version: what it is, for a person; none of two files.
        text: The difference of two texts, as `diff -u` shows it, where their format says no more than that.
        changes: Where the bytes are not at hand: what is known to differ by digests alone.
    """

    kind: str
    a: str
    b: str
    comparison: Comparison
    remarks: tuple[str, ...]
    headings: tuple[str, ...] = ()
    text: str = ""
    changes: tuple[Change, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Nothing that counts differs."""
        return self.comparison.is_equal


class Change(NamedTuple):
    """One thing in which two records differ.

    Attributes:
        what: One of `ORDER`.
        name: Of what it is: a parameter, a variable, a path, "commit", "python".
        a, b: What each has; None: it has none. Of a file its digest, with "+x" where it is executable.
        role: Of an input or an output.
        tasks: Of two runs, or of two lineages: the tasks in which it is so; none where it is of the runs themselves.
        text: The difference of two texts, as `diff -u` shows it.
        comparison: The difference of two contents, as their format tells it.
        inside: Of a directory: its files that differ; of two commits: files that changed between them; of an output
            that nothing explains: what differed in the circumstances.
        remark: What else there is to say, such as why there is no more.
    """

    what: str
    name: str
    a: JSON
    b: JSON
    role: str = ""
    tasks: tuple[str, ...] = ()
    text: str = ""
    comparison: Comparison | None = None
    inside: tuple[Change, ...] = ()
    remark: str = ""


class Side(NamedTuple):
    """One of two records.

    Attributes:
        id: Whole id.
        short: As far as it has to be typed.
        name: The task of an execution; the words of a run; the path of a dataset.
        started: When; of a dataset, when it was recorded.
        outcome: "" where it has none.
    """

    id: str
    short: str
    name: str
    started: str
    outcome: str


class RecordsReport(NamedTuple):
    """How two runs or two executions differ, or where two lineages part.

    Attributes:
        kind: "run" or "execution"; "dataset" for the lineages of two versions.
        differences: In the order of `ORDER`.
        only_a, only_b: Of two runs: tasks that only one of them executed.
        path: Of two lineages: of what they are.
        walked: Of two lineages: pairs of executions that were looked at.
        remarks: What a person should know besides.
    """

    kind: str
    a: Side
    b: Side
    differences: Sequence[Change]
    only_a: Sequence[str] = ()
    only_b: Sequence[str] = ()
    path: str = ""
    walked: int = 0
    remarks: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """Nothing differs."""
        return not (self.differences or self.only_a or self.only_b)
