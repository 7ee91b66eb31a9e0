"""Do two Pipelinefiles come to the same tasks? For whoever changes one and wants no result to change.

Rules: a task is the same if all of its key is but the content of its inputs: both are expanded with the files that
lie on the disk now. Nothing is run, no store is opened, and there need be no outputs.
"""

from __future__ import annotations

import os

from provstore.decide import differences
from provstore.digest import SALTED
from provstore.model.values import longest_ending, task_name
from provstore.model.verdict import Material, Reason
from provstore.noun import NamedTuple
from provstore.operations.refactor.old_pipelinefile import calling, read_old

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from provstore.model.pipeline import Pipeline, Stage
    from provstore.model.task import Plan
    from provstore.model.values import DataId
    from provstore.operations.refactor.old_pipelinefile import OldPipelinefile
    from provstore.pipelinefile.render import Works
    from provstore.pipelinefile.tables import Document


class TaskId(NamedTuple):
    """A task by what it is called."""

    stage: str
    data_id: DataId

    @property
    def name(self) -> str:
        """As the command line spells it."""
        return task_name(self.stage, self.data_id)


class Changed(NamedTuple):
    """A task of both whose key is not the same.

    Attributes:
        before, now: What it is called in each.
        reasons: What differs, as `decide` says it.
        commands: The command in each, where they differ; else empty.
    """

    before: TaskId
    now: TaskId
    reasons: tuple[Reason, ...]
    commands: tuple[str, ...]


class RefactorReport(NamedTuple):
    """In what two Pipelinefiles differ.

    Attributes:
        same: Number of tasks that are the same, under the same name or another one.
        renamed: (old, new) of those that have another name.
        removed, added: Tasks that only the old one has, or only the new one.
        declared: (stage, what differs) of stages that have no task to compare in either, and are declared otherwise.
        remarks: What differs and is no part of any key, and what could not be compared.
    """

    same: int
    renamed: tuple[tuple[TaskId, TaskId], ...]
    changed: tuple[Changed, ...]
    removed: tuple[TaskId, ...]
    added: tuple[TaskId, ...]
    declared: tuple[tuple[str, tuple[str, ...]], ...]
    remarks: tuple[str, ...]

    @property
    def is_same(self) -> bool:
        """All that determines results is the same."""
        return not (self.changed or self.removed or self.added or self.declared)


class Expanded(NamedTuple):
    """A Pipelinefile and what it comes to."""

    pipeline: Pipeline
    plan: Plan
    works: Works

    def id_of(self, position: int) -> TaskId:
        """What a task is called."""
        return TaskId(self.plan.stage_of(position).name, self.plan.data_id(position))

    def formats_of(self, position: int) -> tuple[str, ...]:
        """Formats of a task's inputs, as far as they are declared: they say what counts as a change."""
        plan = self.plan
        choices = plan.settings.format_choices
        if not plan.formats and not choices:
            return ()
        return tuple([plan.formats.get(path) or longest_ending(path, choices) or "" for path in plan.inputs(position)])

    def mark_of(self, position: int) -> tuple[str, tuple[str, ...]]:
        """Equal for tasks that are the same."""
        formats = self.formats_of(position)
        return self.plan.tasks[position].static, formats if any(formats) else ()

    def material(self, position: int) -> Material:
        """What a key is made of; of its inputs, the formats stand where their contents would."""
        work, formats = self.works[position], self.formats_of(position) or ("",) * len(self.plan.tasks[position].inputs)
        return Material(
            work.command,
            work.shell,
            work.cwd,
            work.params,
            work.environment,
            tuple([(role, path, form) for (role, path), form in zip(work.inputs, formats, strict=True)]),
            tuple([(output.role, output.path, output.format) for output in work.outputs]),
        )


def refactor(root: str, file: str, old: OldPipelinefile) -> RefactorReport:
    """Compares a Pipelinefile with the one that a project has.

    Args:
        root: Absolute path of the project.
        file: Its Pipelinefile, relative to that.

    Raises:
        PipelinefileError: One of them is wrong; problems of the other one have its name.
    """
    from provstore.pipelinefile.read import read_document

    with calling(file, old.name):
        before = _expand(root, read_old(root, file, old))
    return compare(before, _expand(root, read_document(root, file)))


def _expand(root: str, document: Document) -> Expanded:
    from provstore.pipelinefile.check import check
    from provstore.pipelinefile.expand import expand
    from provstore.pipelinefile.lookups import with_lookups
    from provstore.watch.find import find

    pipeline = with_lookups(check(root, document), is_named=False)
    # The values are the same for both; that of a secret shows only that it is one.
    environment = {**os.environ, **{name: f"{SALTED}{name}" for name in pipeline.secret_env if name in os.environ}}
    return Expanded(pipeline, *expand(pipeline, lambda search: find(root, search), environment))


# --- comparing --------------------------------------------------------------------------------------------


def compare(old: Expanded, new: Expanded) -> RefactorReport:
    """In what two expanded Pipelinefiles differ."""
    pairs, removed, added = _paired(old, new)
    renamed, changed, same = [], [], 0
    for before, now in pairs:
        if old.mark_of(before) != new.mark_of(now):
            changed.append(_changed(old, before, new, now))
            continue
        same += 1
        if old.id_of(before) != new.id_of(now):
            renamed.append((old.id_of(before), new.id_of(now)))
    return RefactorReport(
        same,
        tuple(renamed),
        tuple(changed),
        tuple([old.id_of(position) for position in removed]),
        tuple([new.id_of(position) for position in added]),
        tuple(_declared_otherwise(old, new)),
        tuple(_remarks(old, new, {before.stage: now.stage for before, now in renamed})),
    )


def _paired(old: Expanded, new: Expanded) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Which task of one is which of the other, in the order of the new one; and those that only one has.

    A task of the same name that is the same comes first; then one that is the same; then one of the same name; then
    one that makes the same files.
    """
    likenesses: list[Callable[[Expanded, int], object]] = [
        lambda side, position: (side.id_of(position), side.mark_of(position)),
        lambda side, position: side.mark_of(position),
        lambda side, position: side.id_of(position),
        lambda side, position: frozenset(side.plan.outputs(position)),
    ]
    left, right = list(range(len(old.plan.tasks))), list(range(len(new.plan.tasks)))
    pairs: list[tuple[int, int]] = []
    for likeness in likenesses:
        waiting: dict[object, list[int]] = {}
        for position in reversed(left):
            like = likeness(old, position)
            if like:  # tasks without outputs are not alike in that
                waiting.setdefault(like, []).append(position)
        found = [(waiting[like].pop(), position) for position in right if waiting.get(like := likeness(new, position))]
        pairs += found
        paired_left, paired_right = {pair[0] for pair in found}, {pair[1] for pair in found}
        left = [position for position in left if position not in paired_left]
        right = [position for position in right if position not in paired_right]
    return sorted(pairs, key=lambda pair: pair[1]), left, right


def _changed(old: Expanded, before: int, new: Expanded, now: int) -> Changed:
    one, other = old.material(before), new.material(now)
    reasons = tuple(_reasons(one, other))
    commands = (one.command, other.command) if one.command != other.command else ()
    return Changed(old.id_of(before), new.id_of(now), reasons, commands)


def _reasons(old: Material, new: Material) -> Iterator[Reason]:
    """What makes the keys differ; where only the format of an input does, that is said instead of its content."""
    formats = {(role, path): form for role, path, form in old.inputs}
    yield from differences(_without_formats(old), _without_formats(new))
    for role, path, form in new.inputs:
        before = formats.get((role, path), form)
        if before != form:
            text = f"format of input {path}: {before or 'by its ending'} → {form or 'by its ending'}"
            yield Reason("input", path, text)


def _without_formats(material: Material) -> Material:
    return material._replace(inputs=tuple([(role, path, "") for role, path, _ in material.inputs]))


# --- what no task shows -----------------------------------------------------------------------------------

DECLARED = ("dimensions", "run", "argv", "shell", "inputs", "outputs", "params", "env", "where", "cwd", "folder")
"""What a stage declares that determines results, once it has tasks."""

SETTINGS = ("always", "frozen", "after", "keep", "cache", "timeout", "retries", "resources")
"""What a stage declares that is no part of a key."""


def _declared_otherwise(old: Expanded, new: Expanded) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Stages without a task in either: their commands are not known yet, but what they are made of can be compared."""
    with_tasks = {side.plan.stage_of(position).name for side in (old, new) for position in range(len(side.plan.tasks))}
    stages, others = old.pipeline.stages, new.pipeline.stages
    for name in dict.fromkeys([*stages, *others]):
        if name in with_tasks:
            continue
        if name not in others:
            yield name, ("no longer declared",)
        elif name not in stages:
            yield name, ("added",)
        else:
            found = [key for key in DECLARED if _said(stages[name], key) != _said(others[name], key)]
            found += _params(old.pipeline, new.pipeline, stages[name], others[name])
            if found:
                yield name, tuple([f"{what} changed" for what in found])


def _said(stage: Stage, key: str) -> object:
    """What a stage says under a key; descriptions, and the order of inputs and outputs, do not count."""
    value = getattr(stage, key)
    if key in ("inputs", "outputs"):
        return sorted((spec.role, spec.template, spec.directory, spec.format or "") for spec in value)
    return value


def _params(old: Pipeline, new: Pipeline, before: Stage, now: Stage) -> list[str]:
    from provstore.pipelinefile.render import parameters

    one, other = parameters(old, before), parameters(new, now)
    return [f"param {name}" for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _remarks(old: Expanded, new: Expanded, renamed: Mapping[str, str]) -> Iterator[str]:
    """What is no part of a key, and may matter all the same.

    Args:
        renamed: Stages by their old names.
    """
    for name, stage in old.pipeline.stages.items():
        other = new.pipeline.stages.get(renamed.get(name, name))
        for key in SETTINGS if other is not None else ():
            before, now = _setting(stage, key, renamed), _setting(other, key, {})
            if before != now:
                yield f"stage '{name}': {key} differs, which is no part of a key: {_shown(before)} → {_shown(now)}"
    for key in ("default", "plugins", "objects_limit"):
        before, now = getattr(old.pipeline, key), getattr(new.pipeline, key)
        if before != now:
            yield f"[project] {key} differs: {_shown(before)} → {_shown(now)}"
    yield from dict.fromkeys([*_without_tasks(old.plan.remarks), *_without_tasks(new.plan.remarks)])


def _setting(stage: Stage | None, key: str, renamed: Mapping[str, str]) -> object:
    value = getattr(stage, key)
    return sorted(renamed.get(name, name) for name in value) if key == "after" else value


def _without_tasks(remarks: Iterable[str]) -> Sequence[str]:
    """That a stage has no tasks with the files that are there: then only what it declares is compared."""
    return [remark for remark in remarks if "has no tasks" in remark]


def _shown(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return ", ".join(map(str, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else "none" if value is None else str(value)
