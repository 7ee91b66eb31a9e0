"""Which stages may make what a stage looks for? Known from templates alone, before there are data IDs."""

from __future__ import annotations

from provstore.noun import NamedTuple
from provstore.pipelinefile.overlap import Relation, relation, shape
from provstore.pipelinefile.templates import fields, is_pattern, is_plain, unescaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from provstore.model.pipeline import Lookup, PathSpec, Pipeline, Stage


class Made(NamedTuple):
    """One declared output of a stage."""

    stage: str
    template: str
    shape: tuple[str, ...]


class Links:
    """All outputs of a pipeline, ready to be asked for those that a template may meet.

    Outputs without fields are looked up by name, so that ten thousand stages with one file each cost no more
    than ten thousand look-ups.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._literal: dict[tuple[str, ...], Made] = {}
        self._above_literal: dict[tuple[str, ...], list[Made]] = {}
        self._patterned: list[Made] = []
        for stage in pipeline.stages.values():
            for output in stage.outputs:
                made = Made(stage.name, output.template, shape(output.template, glob=False))
                if fields(output.template):
                    self._patterned.append(made)
                    continue
                self._literal.setdefault(made.shape, made)
                for depth in range(1, len(made.shape)):
                    self._above_literal.setdefault(made.shape[:depth], []).append(made)

    def meeting(self, template: str) -> Iterator[tuple[Made, Relation]]:
        """Outputs that the input `template` may name ("same"), lie in ("below"), or contain ("above")."""
        wanted = shape(template, glob=True)
        for made in self._patterned:
            found = relation(wanted, made.shape)
            if found != "none":
                yield made, found
        if fields(template) or is_pattern(template):
            for made in self._literal.values():
                found = relation(wanted, made.shape)
                if found != "none":
                    yield made, found
            return
        if wanted in self._literal:
            yield self._literal[wanted], "same"
        for depth in range(1, len(wanted)):
            if wanted[:depth] in self._literal:
                yield self._literal[wanted[:depth]], "below"
        for made in self._above_literal.get(wanted, ()):
            yield made, "above"


def searched(stage: Stage, pipeline: Pipeline) -> Iterator[str]:
    """Templates that decide which tasks a stage has and what they gather: patterned inputs, found dimensions."""
    for name in stage.dimensions:
        pattern = pipeline.dimensions[name].pattern
        if pattern is not None:
            yield pattern
    for spec in stage.inputs:
        if not is_plain(spec.template) and is_searched(spec):
            yield spec.template


def is_searched(spec: PathSpec) -> bool:
    """The files of this input are found, not named."""
    return bool(fields(spec.template)) or is_pattern(spec.template)


def is_gathered(spec: PathSpec, stage: Stage) -> bool:
    """An input that stands for any number of paths: a glob, or dimensions that the stage does not have."""
    if spec.lookup is not None:
        return spec.lookup.gathers
    if is_plain(spec.template):
        return False
    return is_pattern(spec.template) or not set(fields(spec.template)) <= set(stage.dimensions)


class Read(NamedTuple):
    """How an input becomes paths.

    Attributes:
        how: "named" (`template` is the path), "written" (with the task's values), "gathered" or "looked up".
    """

    role: str
    template: str
    how: str
    lookup: Lookup | None = None


def reads(stage: Stage) -> list[Read]:
    """All inputs of a stage in the order of their roles, so that none need be parsed again for each task."""
    found = []
    for spec in sorted(stage.inputs, key=lambda spec: spec.role):
        if spec.lookup is not None:
            found.append(Read(spec.role, "", "looked up", spec.lookup))
        elif is_plain(spec.template):
            found.append(Read(spec.role, spec.template, "named"))
        elif not is_searched(spec):
            found.append(Read(spec.role, unescaped(spec.template), "named"))
        else:
            found.append(Read(spec.role, spec.template, "gathered" if is_gathered(spec, stage) else "written"))
    return found


def gates(pipeline: Pipeline, links: Links) -> dict[str, dict[str, str]]:
    """Stages that look into the output directories of others.

    Returns:
        Stage → the stage whose output it is → what is found there: a dimension, or the input's template.
    """
    found: dict[str, dict[str, str]] = {}
    for stage in pipeline.stages.values():
        for template in searched(stage, pipeline):
            for made, how in links.meeting(template):
                if how == "below" and made.stage != stage.name:
                    found.setdefault(stage.name, {}).setdefault(made.stage, ", ".join(fields(template)) or template)
    return found


def unresolved(
    pipeline: Pipeline, links: Links, gated: Mapping[str, Mapping[str, str]], settled: frozenset[str] | None
) -> dict[str, tuple[str, str]]:
    """Stages whose tasks can't be known yet: a gate is not settled, or they read what such a stage makes.

    Args:
        settled: Gates that are fresh; None: all are taken to be.

    Returns:
        Stage → (what is found, in the outputs of which stage).
    """
    if settled is None or not gated:
        return {}
    waiting: dict[str, tuple[str, str]] = {}
    for name, found in gated.items():
        for gate, what in found.items():
            if gate not in settled:
                waiting.setdefault(name, (what, gate))
    readers: dict[str, set[str]] = {}
    for stage in pipeline.stages.values():
        looked = {made.stage for template in searched(stage, pipeline) for made, _ in links.meeting(template)}
        for source in looked.union(sources_of(stage, links), stage.after):
            readers.setdefault(source, set()).add(stage.name)
    pending = list(waiting)
    while pending:
        source = pending.pop()
        for reader in sorted(readers.get(source, ())):
            if reader not in waiting:
                waiting[reader] = waiting[source]
                pending.append(reader)
    return waiting


def sources_of(stage: Stage, links: Links) -> set[str]:
    """Stages whose outputs the inputs of a stage may be."""
    return {made.stage for spec in stage.inputs for made, _ in links.meeting(spec.template)}
