"""What differs between two things that a user names: two files or directories."""

from __future__ import annotations

from provstore.claims import DEFAULT
from provstore.model.comparison import IDENTICAL
from provstore.noun import NamedTuple
from provstore.operations.files import Formats, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.comparison import Comparison
    from provstore.operations.files import Named


class DiffRequest(NamedTuple):
    """What to compare, and how.

    Attributes:
        a, b: As typed.
        format: Name of the format of both; None: what each of them has.
        tolerance: How far two numbers may be apart: (absolute, relative).
    """

    a: str
    b: str
    format: str | None = None
    tolerance: tuple[float, float] | None = None


class DiffReport(NamedTuple):
    """How two things differ.

    Attributes:
        kind: "file": the two are files or directories.
        remarks: What a person should know besides.
    """

    kind: str
    a: str
    b: str
    comparison: Comparison
    remarks: tuple[str, ...]


def diff(folder: str, file: str | None, request: DiffRequest) -> DiffReport:
    """How two files or directories differ.

    Args:
        folder: What paths are relative to; the project that it lies in says which formats there are.
        file: The Pipelinefile, where another one than the project's own was named.

    Raises:
        UsageError: One of them is not there, or is neither a file nor a directory.
        FileError: One of them can't be read.
        PluginError: There is no format of that name.
        PipelinefileError: It is wrong, so that the formats of the project are not known.
    """
    a, b = named(folder, request.a), named(folder, request.b)
    with Formats(folder, file) as formats:
        format = _format_of_both(formats, a, b, request.format)
        comparison = formats.compare(a, b, format, request.tolerance)
        remarks = () if comparison.verdict == IDENTICAL else tuple(formats.remarks)  # then no format was needed
        return DiffReport("file", a.path, b.path, comparison, remarks)


def _format_of_both(formats: Formats, a: Named, b: Named, wanted: str | None) -> str:
    """The format that both have; `bytes` where they have two."""
    first, second = formats.of(a, wanted), formats.of(b, wanted)
    if first == second:
        return first
    formats.remark(
        f"{a.path} is {first}, {b.path} is {second}: their bytes are compared; --format NAME reads both as such"
    )
    return DEFAULT
