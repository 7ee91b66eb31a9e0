"""The tasks of each stage, those together that are in the same state for the same reasons."""

from __future__ import annotations

from provstore.model.values import task_name
from provstore.model.verdict import FRESH, STATES
from provstore.operations.graph import WORST_FIRST
from provstore.operations.overview.sections import StageTasks, TaskGroup, TaskItem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provstore.operations.status import Alike, Group, StatusReport
    from provstore.project import Project

MOST_ITEMS = 3000
"""Tasks that are named; a page with more of them opens slowly. Those that need something come first."""


def stages(project: Project, report: StatusReport) -> tuple[StageTasks, ...]:
    """The tasks of all stages, in the order of the plan."""
    members: dict[Alike, list[int]] = {}
    kinds: dict[Group, Alike] = {}  # thousands of tasks share a few groups
    for number, group in enumerate(report.groups):
        alike = kinds.get(group)
        if alike is None:
            alike = kinds[group] = group.alike
        members.setdefault(alike, []).append(number)
    named = _named(members)
    by_stage: dict[str, list[Alike]] = {}
    for alike in members:
        by_stage.setdefault(alike.stage, []).append(alike)
    declared = project.pipeline({}).stages
    return tuple(
        StageTasks(
            stage,
            declared[stage].description if stage in declared else "",
            _counts(groups, members),
            tuple(_group(report, group, members[group], named[group]) for group in _worst_first(groups, named)),
            sum(len(members[group]) for group in groups if not named[group]),
        )
        for stage, groups in by_stage.items()
    )


def _named(members: Mapping[Alike, Sequence[int]]) -> dict[Alike, int]:
    """How many tasks of each group are named: small groups first, so that each stage has some."""
    room, found = MOST_ITEMS, {}
    for group in sorted(members, key=lambda group: (group.state == FRESH, len(members[group]))):
        found[group] = min(room, len(members[group]))
        room -= found[group]
    return found


def _worst_first(groups: Sequence[Alike], named: Mapping[Alike, int]) -> list[Alike]:
    return sorted((group for group in groups if named[group]), key=lambda group: WORST_FIRST.index(group.state))


def _counts(groups: Sequence[Alike], members: Mapping[Alike, Sequence[int]]) -> dict[str, int]:
    counts = dict.fromkeys(STATES, 0)
    for group in groups:
        counts[group.state] += len(members[group])
    return {state: count for state, count in counts.items() if count}


def _group(report: StatusReport, group: Alike, numbers: Sequence[int], named: int) -> TaskGroup:
    items = []
    for number in numbers[:named]:
        task = report.tasks[number]
        items.append(TaskItem(task_name(task.stage, task.data_id), task.outputs))
    return TaskGroup(group.state, group.reasons, len(numbers), tuple(items))
