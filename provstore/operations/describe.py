"""What a file is: its format, its digests, and what the format says of it."""

from __future__ import annotations

from provstore.apart.client import AskingError
from provstore.claims import DEFAULT
from provstore.noun import NamedTuple
from provstore.operations.files import Formats, named
from provstore.watch.workspace import Workspace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from provstore.model.files import Content
    from provstore.model.values import JSON
    from provstore.operations.files import Named


class DescribeReport(NamedTuple):
    """A file or directory.

    Attributes:
        path: As typed.
        kind: "file" or "directory".
        format: Name of its format.
        size: Bytes; of a directory: of all its files.
        digest: Of its bytes.
        semantic: Semantic digest, ``NAME/VERSION:<hex>``; None where there is none.
        unavailable: Why there is none although the format has one for other files; else "".
        facts: What the format says of it, in the order in which a person reads it.
        silent: Why the format says nothing of it; else "".
        components: Names of the parts that can be read alone.
        remarks: What a person should know besides.
    """

    path: str
    kind: str
    format: str
    size: int
    digest: str
    semantic: str | None
    unavailable: str
    facts: Mapping[str, JSON]
    silent: str
    components: tuple[str, ...]
    remarks: tuple[str, ...]


def describe(folder: str, file: str | None, path: str, format: str | None) -> DescribeReport:
    """What a file is.

    Args:
        folder, file: See `provstore.operations.diff`.
        format: Name of its format; None: what it has where it lies.

    Raises:
        ProvstoreError: As in `provstore.operations.diff`.
    """
    found = named(folder, path)
    content, _ = Workspace(folder, {}, {}).read(found.path or found.full)
    with Formats(folder, file) as formats:
        name = formats.of(found, format)
        digested = formats.apart.digest(found.full, found.path, name)
        facts, components, silent = _said(formats, found, name, content)
        return DescribeReport(
            found.path, content.kind, name, content.size, content.digest, digested.digest, digested.reason,
            facts, silent, components, tuple(formats.remarks),
        )  # fmt: skip


def _said(
    formats: Formats, found: Named, name: str, content: Content
) -> tuple[Mapping[str, JSON], tuple[str, ...], str]:
    """Facts and components, and why there are none."""
    if content.kind == "directory" and name == DEFAULT:
        return {"files": sum(entry.kind != "empty" for entry in content.entries)}, (), ""
    try:
        said = formats.apart.ask("describe", path=found.full, name=found.path, format=name)
    except AskingError as error:
        return {}, (), str(error)
    return said["facts"], tuple(said["components"]), ""
