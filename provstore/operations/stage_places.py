"""Where the stages of a project are declared: for what points at a line of a Pipelinefile."""

from __future__ import annotations

import os

from provstore.errors import ProvstoreError
from provstore.noun import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class StagePlace(NamedTuple):
    """The line at which a stage is declared.

    Attributes:
        file: Absolute path of its Pipelinefile, which may be an included one.
        line: From 1; 0 where it can't be told.
    """

    file: str
    line: int


def stage_places(root: str, file: str, names: Iterable[str]) -> dict[str, StagePlace]:
    """The places of these stages, by name; of a stage that is no longer declared there is none.

    Nothing where the Pipelinefile is wrong: that is for whoever needs more of it to say.

    Args:
        root: Absolute path of the project.
        file: Its Pipelinefile, relative to that.
    """
    from provstore.pipelinefile.read import read_pipelinefile

    try:
        stages = read_pipelinefile(root, file).stages
    except ProvstoreError:
        return {}
    places = {name: stages[name].place for name in names if name in stages}
    return {name: StagePlace(os.path.join(root, place.file), place.line) for name, place in places.items()}
