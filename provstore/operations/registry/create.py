"""Makes a project for what is recorded by hand: a Pipelinefile without stages, and an empty store."""

from __future__ import annotations

import json
import os

from provstore.errors import error_from_os
from provstore.operations.registry.writing import unobserved, writing
from provstore.project import PIPELINEFILE, Project

TEXT = """\
# Datasets of this project are recorded by hand; stages that make some may follow. All paths are relative to this file.

[project]
name = {name}
"""


def create(folder: str) -> Project:
    """Makes what is missing of a project, and never overwrites anything.

    Args:
        folder: Absolute.

    Raises:
        FileError, StoreError: It can't be made.
    """
    path = os.path.join(folder, PIPELINEFILE)
    try:
        os.makedirs(folder, exist_ok=True)
        if not os.path.lexists(path):
            name = os.path.basename(os.path.realpath(folder)).encode("utf-8", "replace").decode()
            with open(path, "x", encoding="utf-8") as file:
                file.write(TEXT.format(name=json.dumps(name, ensure_ascii=False)))
    except OSError as error:
        raise error_from_os(error, path) from error
    project = Project(os.path.realpath(folder))
    try:
        if project.store is None:
            with writing(project, "create", "make a store", unobserved):
                pass
    except BaseException:
        project.close()
        raise
    return project
