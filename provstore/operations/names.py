"""Names that may stand on the command line, for shells that complete them."""

from __future__ import annotations

from provstore.errors import PipelinefileError
from provstore.model.remembered import plan_from
from provstore.store import memory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.project import Project


def target_names(project: Project) -> list[str]:
    """Stages and subsets as the Pipelinefile has them; while it is wrong, as they were in the last run."""
    try:
        pipeline = project.pipeline({})
    except PipelinefileError:
        return _remembered(project)
    return [*pipeline.stages, *pipeline.subsets]


def _remembered(project: Project) -> list[str]:
    row = project.store.ask(memory.plan) if project.store is not None else None
    if row is None:
        return []
    plan = plan_from(row[1])
    return [*(stage.name for stage in plan.stages), *plan.settings.subsets]
