"""Whether the registry is concerned by what a run makes; most runs make nothing that it has to know of."""

from __future__ import annotations

from provstore.errors import PipelinefileError
from provstore.store import history

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from provstore.errors import Problem
    from provstore.model.task import Plan
    from provstore.operations.assess import Assessment
    from provstore.project import Project
    from provstore.store.ledger import Registrar


def concerns_registry(project: Project, plan: Plan) -> bool:
    """There are dimensions, or dataset types that are declared or registered.

    Asked by every run that executes something, so that what registers is imported only where it is needed.
    """
    if plan.settings.declares_types or any(stage.dimensions for stage in plan.stages):
        return True
    return project.store is not None and project.store.ask(history.has_types)


def type_problems(project: Project, found: Assessment, *, register: bool) -> Sequence[Problem]:
    """Why a run would be refused for the dataset types that it makes; see `of_run.problems_of_types`."""
    has_work = bool(found.active or found.selection.unresolved)
    if not has_work or not concerns_registry(project, found.plan):
        return ()
    from provstore.operations.registry.types.of_run import problems_of_types

    return problems_of_types(project, found, register=register)


def refuse_types(project: Project, found: Assessment, *, register: bool) -> None:
    """Refuses a run whose dataset types can't be recorded.

    Args:
        register: Types that are not registered are to be.

    Raises:
        PipelinefileError: All that is wrong, each with the place of the output.
    """
    problems = type_problems(project, found, register=register)
    if problems:
        raise PipelinefileError(problems)


def registrar_for(project: Project, found: Assessment, *, register_all: bool = False) -> Registrar | None:
    """What takes note of all that is recorded; None: nothing has to. Only while holding the lock.

    Args:
        register_all: Register all dataset types that are to be made, now.
    """
    if not concerns_registry(project, found.plan):
        return None
    from provstore.operations.registry.types import of_run

    if register_all:
        of_run.register_all(project, found)
    return of_run.registrar_of(project, found)
