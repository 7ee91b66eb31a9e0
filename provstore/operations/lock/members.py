"""What lies in folders that tasks make, as far as a lock file knows it.

Two things tell: files in such a folder that tasks read, and the values of tasks, written into the templates by which
they were found. So tasks are known although the folder in which they are found is not here.
"""

from __future__ import annotations

import json
import os

from provstore.operations.lock.present import folders_of
from provstore.pipelinefile.links import searched
from provstore.pipelinefile.templates import TemplateError, fields, is_pattern, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from provstore.model.lock import Lock
    from provstore.project import Project


def locked_directories(lock: Lock) -> list[str]:
    """Paths of all directories that tasks make."""
    return [output.path for task in lock.tasks.values() for output in task.outputs if output.kind == "directory"]


def absent_members(project: Project, lock: Lock) -> dict[str, Sequence[str]]:
    """What a lock knows of the directories that tasks make and that are not here: see `Project.imagined`."""
    directories = locked_directories(lock)
    return locked_members(
        project, lock, {path for path in directories if not os.path.lexists(os.path.join(project.root, path))}
    )


def locked_members(project: Project, lock: Lock, directories: Collection[str]) -> dict[str, Sequence[str]]:
    """What lies in directories, by each of which something is known: see `Project.imagined`."""
    if not directories:
        return {}
    read = [path + ("/" if dataset.kind == "directory" else "") for path, dataset in lock.inputs.items()]
    found: dict[str, dict[str, None]] = {}
    for path in (*read, *_searched_paths(project, lock)):
        for folder in folders_of(path):
            if folder in directories:
                found.setdefault(folder, {})[path[len(folder) + 1 :]] = None
    return {folder: list(members) for folder, members in found.items()}


def _searched_paths(project: Project, lock: Lock) -> Iterator[str]:
    """The paths by which the tasks were found, as their values tell them."""
    pipeline = project.pipeline({})
    templates = {
        name: [
            template
            for template in dict.fromkeys(searched(stage, pipeline))
            if not is_pattern(template) and set(fields(template)) <= set(stage.dimensions)
        ]
        for name, stage in pipeline.stages.items()
        if stage.dimensions
    }
    for stage, data_id in lock.tasks:
        values = json.loads(data_id) if templates.get(stage) else {}
        for template in templates.get(stage, ()):
            if set(fields(template)) <= values.keys():  # else it had other dimensions then
                try:
                    yield write(template, values)
                except TemplateError:  # another type of values
                    continue
