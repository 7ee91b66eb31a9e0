"""Is the store what was written?"""

from __future__ import annotations

from collections import Counter

from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project
    from provstore.store.fsck import Problem


class FsckReport(NamedTuple):
    """What was checked, and what is wrong.

    Attributes:
        records: Records of the chain.
        objects: Kept objects, in the store and beside it.
        size: Their bytes.
        unknown: Files of objects that the store does not know: what a killed run leaves, which `gc` takes away.
        problems: Everything that is wrong, in the order of the checks.
    """

    records: int
    objects: int
    size: int
    unknown: int
    problems: tuple[Problem, ...]


def fsck(project: Project, *, objects: bool) -> FsckReport | None:
    """Checks the store of a project and writes nothing; None where there is no store yet.

    Args:
        objects: Read every object that lies in a file, too.
    """
    from provstore.store.fsck import problems

    if project.store is None:
        return None
    counted: Counter[str] = Counter()
    found = tuple(problems(project.store, objects=objects, counted=counted))
    return FsckReport(counted["records"], counted["objects"], counted["bytes"], counted["unknown"], found)
