"""In what two files or directories on the disk differ."""

from __future__ import annotations

from provstore.claims import DEFAULT
from provstore.model.comparison import IDENTICAL
from provstore.operations.diff.report import DiffReport
from provstore.operations.files import Formats, named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.operations.files import Named


def diff_files(
    folder: str, file: str | None, paths: tuple[str, str], format: str | None, tolerance: tuple[float, float] | None
) -> DiffReport:
    """How two files or directories differ. No store is needed, and what it holds does not count.

    Args:
        folder: What paths are relative to; the project that it lies in says which formats there are.
        file: The Pipelinefile, where another one than the project's own was named.
        format, tolerance: As of `DiffRequest`.

    Raises:
        UsageError: One of them is not there, or is neither a file nor a directory.
        FileError: One of them can't be read.
        PluginError: There is no format of that name.
        PipelinefileError: It is wrong, so that the formats of the project are not known.
    """
    a, b = (named(folder, path) for path in paths)
    with Formats(folder, file) as formats:
        both = _format_of_both(formats, a, b, format)
        comparison = formats.compare(a, b, both, tolerance)
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
