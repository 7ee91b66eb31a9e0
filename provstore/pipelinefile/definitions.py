"""What dimensions are, as far as a whole Pipelinefile tells."""

from __future__ import annotations

from provstore.model.dimensions import declared
from provstore.pipelinefile.catalogue import axes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from provstore.model.dimensions import Definition
    from provstore.model.pipeline import Pipeline


def definitions(pipeline: Pipeline) -> dict[str, Definition]:
    """What each declared dimension is. The values of one that is found in paths are what its templates make of them."""
    known = axes(pipeline)
    found = {}
    for name, dimension in pipeline.dimensions.items():
        definition = declared(dimension)
        if definition.type is None and known[name].is_integer:
            definition = definition._replace(type="int")
        elif definition.type is None and dimension.pattern is not None:
            definition = definition._replace(type="str")
        found[name] = definition
    return found
