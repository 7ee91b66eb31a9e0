"""Every version that the store knows of a path."""

from __future__ import annotations

import shlex
from itertools import islice

from provstore.errors import UnknownIdError
from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.store import lineage as graph
from provstore.store.origins import UNDER_WAY
from provstore.store.proof import prove_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.model.values import JSON
    from provstore.project import Project
    from provstore.store.origins import Version


class VersionLine(NamedTuple):
    """One version.

    Attributes:
        stage, data_id: The task that made it; None and nothing where nobody is known.
        size: Bytes.
        change: How it differs from the version before it: "first", "bytes", "data" (its bytes differ, its data do
            not), "mode" (the executable bit), or "" for not at all.
        current: It lies there now.
        kept: Its bytes can be restored.
        gathered: A directory that no task made as a whole, with files in it that tasks made.
        is_under_way: The task that registered it has not ended.
    """

    dataset: str
    digest: str
    size: int
    created: str
    execution: str | None
    run: str | None
    stage: str | None
    data_id: Mapping[str, JSON]
    change: str
    current: bool
    kept: bool
    gathered: bool = False
    is_under_way: bool = False


class HistoryReport(NamedTuple):
    """Versions of a path, newest first.

    Attributes:
        path: As the project spells it.
        is_made: A task made one of them, so that the others were made by hand.
        is_there: Something lies there now.
        more: There are older versions.
    """

    path: str
    versions: Sequence[VersionLine]
    is_made: bool
    is_there: bool
    more: bool
    remarks: Sequence[str]


def history(project: Project, current: str, path: str, limit: int | None) -> HistoryReport:
    """Every version of a path.

    Args:
        current: Folder that `path` is relative to.
        limit: So many at most, the newest; None: all.

    Raises:
        UnknownIdError: The store knows none.
        UsageError: There is no store, or the path names no file.
        FileError: What lies there can't be read.
        StoreDamagedError: A version's record is not what was recorded.
    """
    store = versions.store_of(project, path)
    known = versions.known(project, current, path)
    if known.expected is None:
        hint = f"provstore why {shlex.quote(known.path)} looks for its content at other paths"
        raise UnknownIdError(f"{known.path}: the store knows no version of it", hint=hint)
    there = versions.present(project, store, known.path)
    lying = versions.lying_there(there, known)
    wanted = None if limit is None else limit + 1
    found = list(islice(known.versions(), wanted))
    shown = found if limit is None else found[:limit]
    prove_all(store, "dataset", [version.dataset for version in shown])
    gathered = store.ask(graph.gathered, [version.dataset for version in shown])
    lines = [
        VersionLine(
            version.dataset, version.digest, version.size, version.created, version.execution, version.run,
            version.stage, version.data_id, _change(version, before), version == lying,
            store.objects.has_all(version.digest, version.kind), version.dataset in gathered,
            version.outcome == UNDER_WAY,
        )
        for version, before in zip(shown, [*found[1:], None], strict=False)
    ]  # fmt: skip
    is_made = known.expected.execution is not None
    more = len(found) > len(shown)
    return HistoryReport(known.path, lines, is_made, there is not None, more, project.take_remarks())


def _change(version: Version, before: Version | None) -> str:
    if before is None:
        return "first"
    if version.digest != before.digest or version.kind != before.kind:
        return "data" if version.semantic is not None and version.semantic == before.semantic else "bytes"
    return "mode" if version.executable != before.executable else ""
