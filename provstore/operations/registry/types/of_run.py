"""What a run brings into the registry: dataset types on their first use, and the values in its data IDs.

Rules: what can't be is refused before anything runs; what is recorded goes into the transaction that records the
executions. A run that makes no declared type and has no dimensions asks nothing and reads no Pipelinefile for this.
"""

from __future__ import annotations

import json
import time

from provstore.errors import Problem
from provstore.model.dimensions import Dimensions
from provstore.model.remembered import stage_names
from provstore.model.values import nearest, utc_text
from provstore.noun import NamedTuple
from provstore.operations.registry.dimensions.universe import Noting
from provstore.operations.registry.types.definitions import (
    ANOTHER_NAME,
    TypeDefinition,
    add_type,
    declared_type,
    difference,
    format_of_type,
    is_explicit,
    registered_type,
)
from provstore.pipelinefile.definitions import definitions
from provstore.pipelinefile.types import type_of_output, types_by_path
from provstore.store import datasets
from provstore.store.adding import adding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from provstore.model.pipeline import PathSpec, Stage
    from provstore.operations.assess import Assessment
    from provstore.project import Project
    from provstore.store.adding import Adding, Connection
    from provstore.store.facts import ExecutionFact

REGISTER_ALL = "if that is no typing error: 'provstore run --register-dataset-types'"


class _Made(NamedTuple):
    """A dataset type that a stage makes.

    Attributes:
        says_format: The Pipelinefile names its format; else it is what the ending of the path claims.
    """

    definition: TypeDefinition
    stage: Stage
    role: str
    is_declared: bool
    says_format: bool

    def problem(self, text: str, hint: str) -> Problem:
        """What is wrong with it, at the output that is of this type."""
        place = self.stage.place
        line = place.line_of("outputs", self.role)
        return Problem(place.file, line, f"stage '{self.stage.name}'", f"outputs.{self.role}: {text}", hint)


def problems_of_types(project: Project, found: Assessment, *, register: bool) -> list[Problem]:
    """What of the dataset types that are to be made can't be recorded.

    Args:
        register: Types that are not registered are to be, whatever `[registry] register` says.
    """
    if not found.plan.settings.declares_types and not _may_clash(project, found):
        return []
    problems = []
    for made in _made_by(project, _stages_of(found)):
        recorded = None if project.store is None else project.store.ask(registered_type, made.definition.name)
        if recorded is not None:
            alike = made.definition if made.says_format else made.definition._replace(format=recorded.format)
            different = difference(alike, recorded)
            if different:
                problems.append(made.problem(f"dataset type '{recorded.name}': {different}", ANOTHER_NAME))
        elif made.is_declared and is_explicit(project) and not register:
            problems.append(_unregistered(project, made))
    return problems


def _may_clash(project: Project, found: Assessment) -> bool:
    """A type was registered under the name that an output has by its stage: ``calibrate.image``."""
    if project.store is None:
        return False
    registered = project.store.ask(datasets.registered_types)
    stages = _stages_of(found) if registered else set()
    return any(name.rpartition(".")[0] in stages for name in registered)


def _unregistered(project: Project, made: _Made) -> Problem:
    name = made.definition.name
    near = nearest(name, project.store.ask(datasets.registered_types)) if project.store is not None else ""
    meant = f"did you mean '{near}'? " if near else ""
    text = f"dataset type '{name}' is not registered, and [registry] register is 'explicit'"
    return made.problem(text, f"{meant}{REGISTER_ALL}")


def _stages_of(found: Assessment) -> set[str]:
    """Names of the stages that may run."""
    names = stage_names(found.plan)
    return {names[position] for position in found.active} | set(found.selection.unresolved)


def _made_by(project: Project, stages: Iterable[str]) -> list[_Made]:
    """Every dataset type that these stages make, with the output that is of it."""
    pipeline = project.pipeline({})
    by_path = types_by_path(pipeline.dataset_types.values())
    wanted = set(stages)
    return [
        _made(project, stage, spec, type_of_output(stage.name, spec, by_path))
        for stage in pipeline.stages.values()
        if stage.name in wanted
        for spec in stage.outputs
    ]


def _made(project: Project, stage: Stage, spec: PathSpec, name: str) -> _Made:
    kind = project.pipeline({}).dataset_types.get(name)
    if kind is not None:
        format = kind.format or spec.format
        definition = declared_type(kind, format or format_of_type(project.claims, kind, spec.template))
        return _Made(definition, stage, spec.role, is_declared=True, says_format=format is not None)
    definition = TypeDefinition(name, stage.dimensions, spec.format or "", spec.template)
    return _Made(definition, stage, spec.role, is_declared=False, says_format=spec.format is not None)


def register_all(project: Project, found: Assessment) -> None:
    """Registers the dataset types that are to be made, before anything runs. Only while holding the lock."""
    assert project.store is not None, "the caller has made it"
    if found.plan.settings.declares_types:
        with adding(project.store) as added:
            for made in _made_by(project, _stages_of(found)):
                if made.is_declared:
                    _register(added, made.definition, Dimensions(definitions(project.pipeline({}))))


def _register(added: Adding, definition: TypeDefinition, dimensions: Dimensions) -> None:
    """Registers a type, unless somebody did: a task that runs may register one, too."""
    if added.ask(registered_type, definition.name) is None:
        add_type(added, definition, dimensions)


class RunRegistrar:
    """Registers types and values while executions are recorded, each once; see `store.ledger.Registrar`."""

    def __init__(self, dimensions: Dimensions, types: Sequence[TypeDefinition], conn: Connection) -> None:
        self._dimensions = dimensions
        registered = set(datasets.registered_types(conn)) if types else set()
        self._types = {kind.name: kind for kind in types if kind.name not in registered}
        self._known: set[tuple[str, str]] = set()
        self._data_ids: set[str] = {"{}"}
        self._trying = self._known

    def add(self, added: Adding, executions: Sequence[ExecutionFact]) -> None:
        """Adds what these bring with them that is not there yet."""
        for fact in executions if self._types else ():
            for row in fact.made:
                kind = self._types.get(str(row["type"]))
                if kind is not None:
                    _register(added, kind, self._dimensions)
        texts = {str(fact.row["data_id"]) for fact in executions} - self._data_ids
        if texts:
            self._trying = set(self._known)
            Noting(added, self._dimensions, utc_text(time.time()), self._trying).note(map(json.loads, sorted(texts)))

    def written(self, executions: Sequence[ExecutionFact]) -> None:
        """It is in the store now: these need not be looked at again."""
        self._known = self._trying
        self._data_ids.update(str(fact.row["data_id"]) for fact in executions)
        for fact in executions if self._types else ():
            for row in fact.made:
                self._types.pop(str(row["type"]), None)


def registrar_of(project: Project, found: Assessment) -> RunRegistrar | None:
    """What registers for a run; None: it has nothing to register."""
    stages = found.plan.stages
    if not found.plan.settings.declares_types and not any(stage.dimensions for stage in stages):
        return None
    assert project.store is not None, "the caller has made it"
    types = [made.definition for made in _made_by(project, _all_stages(found)) if made.is_declared]
    return project.store.ask(lambda conn: RunRegistrar(Dimensions(definitions(project.pipeline({}))), types, conn))


def _all_stages(found: Assessment) -> list[str]:
    return [stage.name for stage in found.plan.stages] if found.plan.settings.declares_types else []
