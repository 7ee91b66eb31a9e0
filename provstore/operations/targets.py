"""What a command is about: targets on the command line → tasks of the plan."""

from __future__ import annotations

import os

from provstore.errors import TargetError
from provstore.model.values import nearest
from provstore.noun import NamedTuple
from provstore.project import relative_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from provstore.model.task import Plan


LISTED = 20
"""Stages that a message names."""


class Targets(NamedTuple):
    """What was asked for.

    Attributes:
        texts: As given on the command line; empty: the Pipelinefile's default.
        current: Folder that paths are relative to.
        downstream: Add all that needs what was named.
        only: Leave out what is upstream.
        everything: Without texts, all tasks instead of the default: what `status` and `check` are about.
    """

    texts: tuple[str, ...] = ()
    current: str = "."
    downstream: bool = False
    only: bool = False
    everything: bool = False


class Selection(NamedTuple):
    """The tasks a command is about.

    Attributes:
        named: Positions that were asked for.
        positions: These and all they need, ascending; like `named` often a range, as there may be a hundred thousand.
        unresolved: Stages asked for whose tasks are not known yet.
    """

    named: Collection[int]
    positions: Sequence[int]
    unresolved: frozenset[str]


def select(plan: Plan, targets: Targets, root: str) -> Selection:
    """The tasks that targets stand for.

    Raises:
        TargetError: One of them names nothing.
    """
    texts = targets.texts
    if not texts and not targets.everything:
        texts, targets = tuple(plan.settings.default), targets._replace(current=root)
    if not texts:
        everything = range(len(plan.tasks))
        return Selection(everything, everything, frozenset(entry.stage for entry in plan.unresolved))
    named: set[int] = set()
    stages: set[str] = set()
    for text in texts:
        found = _one(plan, text, targets, root)
        stages |= found[0]
        named |= found[1]
    if targets.downstream:
        named |= _downstream(plan, named)
        stages |= _stages_downstream(plan, stages | {plan.stage_of(number).name for number in named})
    waiting = {entry.stage: entry.gate for entry in plan.unresolved}
    unresolved = frozenset(stage for stage in stages if stage in waiting)
    if targets.only:
        _claim_known(unresolved, waiting, {plan.stage_of(number).name for number in named})
        return Selection(frozenset(named), sorted(named), unresolved)
    unresolved, sources = _needed_by(plan, unresolved)
    return Selection(frozenset(named), with_upstream(plan, named | _tasks_of(plan, sources)), unresolved)


def _needed_by(plan: Plan, stages: Iterable[str]) -> tuple[frozenset[str], set[str]]:
    """All unresolved stages that some need, with these, and the other stages that any of them needs."""
    waiting = {entry.stage: entry for entry in plan.unresolved}
    pending = list(stages)
    unresolved, sources = set(pending), set()
    while pending:
        entry = waiting[pending.pop()]
        for source in (*entry.upstream, entry.gate):
            if source not in waiting:
                sources.add(source)
            elif source not in unresolved:
                unresolved.add(source)
                pending.append(source)
    return frozenset(unresolved), sources


def _claim_known(unresolved: Iterable[str], waiting: Mapping[str, str], running: set[str]) -> None:
    """Refuses a stage whose tasks only come to light by a stage that is left out."""
    for stage in sorted(unresolved):
        if waiting[stage] not in running:
            raise TargetError(
                f"{stage}: its tasks are known once {waiting[stage]} is fresh",
                hint="run that first, or leave out --only",
            )


def _one(plan: Plan, text: str, targets: Targets, root: str) -> tuple[set[str], set[int]]:
    """Stages and tasks that one target stands for."""
    if not text:  # as from a variable that is not set; as a path it would be everything
        raise _unknown(plan, text, os.path.relpath(os.path.realpath(targets.current), root))
    names = {stage.name for stage in plan.stages}
    if text in names:
        return {text}, _tasks_of(plan, {text})
    if text in plan.settings.subsets or _is_selection(text, plan, targets, root):
        stages = set(_selected(plan, text))
        return stages, _tasks_of(plan, stages)
    if "@" in text and text.partition("@")[0] in names:
        unresolved = {entry.stage for entry in plan.unresolved}.intersection([text.partition("@")[0]])
        return unresolved, _tasks_with(plan, text)
    path = relative_path(root, targets.current, text)
    tasks, stages = _makers_of(plan, path), _waiting_makers_of(plan, path)
    if tasks or stages:
        return stages, tasks
    raise _unknown(plan, text, os.path.relpath(os.path.realpath(targets.current), root))


def _is_selection(text: str, plan: Plan, targets: Targets, root: str) -> bool:
    """It has an operator of the selections, and is no output whose name happens to hold one."""
    from provstore.query import is_selection

    if "/" in text or not is_selection(text):
        return False
    return not _makers_of(plan, relative_path(root, targets.current, text))


def _selected(plan: Plan, text: str) -> frozenset[str]:
    from provstore import graph
    from provstore.query import parse_selection, select

    upstream = stage_links(plan)
    return select(
        parse_selection(text),
        list(upstream),
        plan.settings.subsets,
        lambda stage: graph.ancestors(upstream, stage),
        lambda stage: graph.descendants(upstream, stage),
    )


def stage_links(plan: Plan) -> dict[str, list[str]]:
    """Stage → the stages it takes data from (and those that it must come after), in the order of the file."""
    links: dict[str, set[str]] = {stage.name: set(stage.after) for stage in plan.stages}
    for number, task in enumerate(plan.tasks):
        links[plan.stage_of(number).name].update(plan.stage_of(source).name for source in task.upstream)
    for entry in plan.unresolved:
        links[entry.stage].update(entry.upstream or [entry.gate])
    order = {stage.name: number for number, stage in enumerate(plan.stages)}
    return {stage: sorted(sources - {stage}, key=order.__getitem__) for stage, sources in links.items()}


def _tasks_of(plan: Plan, stages: set[str]) -> set[int]:
    return {number for number in range(len(plan.tasks)) if plan.stage_of(number).name in stages}


def _tasks_with(plan: Plan, text: str) -> set[int]:
    """Tasks of a stage with given values: ``calibrate@visit=101``."""
    from provstore.model.values import spelled
    from provstore.query import parse_task

    stage, wanted = parse_task(text)
    dimensions = next(entry.dimensions for entry in plan.stages if entry.name == stage)
    for name in wanted:
        if name not in dimensions:
            raise TargetError(
                f"{text}: stage '{stage}' has no dimension '{name}'",
                hint="its dimensions are: " + (", ".join(dimensions) or "none"),
            )
    tasks = {
        number
        for number in _tasks_of(plan, {stage})
        if all(spelled(value) == wanted[name] for name, value in plan.data_id(number) if name in wanted)
    }
    if not tasks and stage not in {entry.stage for entry in plan.unresolved}:
        import json

        known = {name: sorted({spelled(json.loads(plan.tasks[n].data_id)[name]) for n in _tasks_of(plan, {stage})})
                 for name in wanted}  # fmt: skip
        listed = "; ".join(f"{name}: {', '.join(values[:10])}{' …' if len(values) > 10 else ''}"
                           for name, values in known.items())  # fmt: skip
        raise TargetError(f"{text}: stage '{stage}' has no such task", hint=f"values are: {listed}")
    return tasks


def _makers_of(plan: Plan, path: str) -> set[int]:
    """Tasks that make a path, the directory it lies in, or something in it."""
    return {
        position
        for position, task in enumerate(plan.tasks)
        for made in (plan.paths[number] for number in task.outputs)
        if path in (made, ".") or path.startswith(made + "/") or made.startswith(path + "/")
    }


def _waiting_makers_of(plan: Plan, path: str) -> set[str]:
    """Stages whose tasks are not known yet and that may make a path, or something in it."""
    from provstore.pipelinefile.overlap import relation, shape

    wanted = tuple(path.split("/"))
    return {
        entry.stage
        for entry in plan.unresolved
        if any(relation(wanted, shape(template, glob=False)) != "none" for template in entry.outputs)
    }


def with_upstream(plan: Plan, named: Iterable[int]) -> list[int]:
    """The tasks and all that they need, ascending."""
    found = set(named)
    pending = list(found)
    while pending:
        for source in plan.tasks[pending.pop()].upstream:
            if source not in found:
                found.add(source)
                pending.append(source)
    return sorted(found)


def _downstream(plan: Plan, named: set[int]) -> set[int]:
    """All that needs one of the tasks. Makers stand before those who read, so one pass is enough."""
    found = set(named)
    for number, task in enumerate(plan.tasks):
        if not found.isdisjoint(task.upstream):
            found.add(number)
    return found


def _stages_downstream(plan: Plan, stages: set[str]) -> set[str]:
    from provstore import graph

    upstream = stage_links(plan)
    return {below for stage in stages for below in graph.descendants(upstream, stage)}


def _unknown(plan: Plan, text: str, current: str) -> TargetError:
    """What to say of a text that names nothing.

    Args:
        current: Folder that paths are relative to, relative to the project.
    """
    names: Sequence[str] = [stage.name for stage in plan.stages] + list(plan.settings.subsets)
    outputs = [os.path.relpath(plan.paths[number], current) for task in plan.tasks for number in task.outputs]
    near = nearest(text, [*names, *outputs])
    stages = ", ".join(names[:LISTED]) + (" …" if len(names) > LISTED else "")
    hint = f"did you mean '{near}'?" if near else f"stages are: {stages or 'none'}"
    shown = os.path.normpath(text) if text else "''"
    return TargetError(f"{shown}: no stage, subset, task or output has this name", hint=hint)
