"""Names that may stand on the command line, for shells that complete them."""

from __future__ import annotations

import json

from provstore.errors import PipelinefileError
from provstore.model.task import PlannedStage, Settings
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
    stages, *_, settings = json.loads(row[1])
    return [*(PlannedStage(*fields).name for fields in stages), *Settings(*settings).subsets]
