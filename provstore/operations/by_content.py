"""Which recorded version has the content of what lies at a path that the store does not know: for `why` and `lineage`.

A file that was renamed or copied is known by its bytes, one that was compressed or written anew by its data, and one
that was taken out of a recorded directory by what is remembered of that.
"""

from __future__ import annotations

import os

from provstore.noun import NamedTuple
from provstore.operations import versions
from provstore.store import origins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.operations.versions import Present
    from provstore.project import Project
    from provstore.store.origins import Version
    from provstore.store.store import Store

BYTES, MODE, DATA = "bytes", "mode", "data"
"""In what two contents agree: all; all but the executable bit; the data, as their format sees them."""

COMPARED = 5
"""So many paths are looked at for which of them has these bytes as its last version."""

READ = 100_000
"""A directory with more files is not read to find out whether the store knows its content."""

TOO_BIG = f"a directory of more than {READ:,} files that the store does not know: its content is not looked up"


class Alike(NamedTuple):
    """What has the content of a file.

    Attributes:
        version: The version that says most: made by a task rather than a source, its path's last rather than an older.
        agrees: "bytes", "mode" or "data".
        expected: What should lie at the path of `version`.
        elsewhere: Other paths with the same content, the newest first.
    """

    version: Version
    agrees: str
    expected: Version
    elsewhere: tuple[str, ...]


def find_alike(project: Project, store: Store, path: str, there: Present) -> Alike | None:
    """The recorded version with the content of what lies at `path`; None where the store knows none.

    Nothing is no content to know a file by: an empty file is like any other empty one.
    """
    if not there.size:
        return None
    found, agrees = store.ask(origins.with_bytes, there.digest), BYTES
    if there.kind == "file":
        found += _members(project, store, there.digest)
    if not found and there.semantic is not None:
        found, agrees = store.ask(origins.with_data, there.semantic), DATA
    alike = of_the_kind(found, there)
    if not alike:
        return None
    paths = other_paths(alike, path)
    latest = {near: _expected(project, store, near) for near in paths[:COMPARED]}
    best = min(alike, key=lambda version: (version.execution is None, version != latest.get(version.path)))
    expected = latest.get(best.path) or _expected(project, store, best.path) or best
    if agrees == BYTES and best.executable != there.executable:
        agrees = MODE
    return Alike(best, agrees, expected, tuple(other for other in paths if other != best.path))


def is_too_big(project: Project, path: str) -> bool:
    """Whether a directory has more files than anybody would want to be read for a question."""
    number = 0
    for _, _, names in os.walk(os.path.join(project.root, path)):
        number += len(names)
        if number > READ:
            return True
    return False


def of_the_kind(found: Sequence[Version], there: Present) -> list[Version]:
    """Those of the same kind; with the same executable bit, if there is any."""
    same = [version for version in found if version.kind == there.kind]
    return [version for version in same if version.executable == there.executable] or same


def other_paths(found: Sequence[Version], but: str) -> tuple[str, ...]:
    """The paths of versions, each once, without one of them."""
    return tuple(path for path in dict.fromkeys(version.path for version in found) if path != but)


def _members(project: Project, store: Store, digest: str) -> list[Version]:
    """Files with these bytes in recorded directories, as these lie, or last lay, in the project.

    There is no index of what was in directories, only what is remembered of each: an older version of a directory is
    not found.
    """
    found = []
    for path in store.ask(origins.members_with, digest):
        inside = versions.in_a_directory(project, store, path)
        if inside is not None:
            found += [version for version in inside.versions() if version.digest == digest][:1]
    return found


def _expected(project: Project, store: Store, path: str) -> Version | None:
    known = versions.recorded(project, store, path) or versions.in_a_directory(project, store, path)
    return None if known is None else known.expected
