"""What is there to be found: what tasks make, and sources on the disk; never what is left over.

A file that a stage would make, but that none of today's tasks does, is left over from another time. It is no
source, wherever a template or a glob would match it.
"""

from __future__ import annotations

from provstore.model.task import Search, digest_of_found
from provstore.noun import NamedTuple
from provstore.pipelinefile.templates import Axis, Field, Matcher, fields, is_pattern, natural_key, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from provstore.model.pipeline import Dimension, Pipeline
    from provstore.model.values import Value
    from provstore.pipelinefile.links import Links


class Candidate(NamedTuple):
    """A path that belongs to a template, with the values found in it, in the order of the template's `fields`."""

    values: tuple[Value, ...]
    path: str


class Catalogue:
    """Finds the paths that belong to a template.

    Args:
        find: Sorted paths of sources that fit a search.

    Attributes:
        searches: All that was looked for on the disk, each with the digest of what was found.
    """

    def __init__(self, pipeline: Pipeline, links: Links, find: Callable[[Search], Sequence[str]]) -> None:
        self._axes = axes(pipeline)
        self._links, self._find = links, find
        self._made: dict[str, list[str]] = {}
        self._candidates: dict[tuple[str, str], list[Candidate]] = {}
        self._indexes: dict[tuple[str, str, tuple[str, ...]], dict[tuple[Value, ...], list[str]]] = {}
        self.searches: dict[Search, str] = {}

    def add(self, stage: str, outputs: Iterable[str]) -> None:
        """Enters what a task of a stage makes. Before that stage's outputs are asked for."""
        self._made.setdefault(stage, []).extend(outputs)

    def matching(self, template: str, reader: str) -> list[Candidate]:
        """All paths that belong to a template, in natural order, but not those that the stage `reader` makes."""
        makers = dict.fromkeys(made.stage for made, how in self._links.meeting(template) if how == "same")
        key = (template, reader if reader in makers else "")
        if key in self._candidates:
            return self._candidates[key]
        matcher = Matcher(template, self._axes)
        paths = dict.fromkeys([path for name in makers if name != reader for path in self._made.get(name, ())])
        paths.update(dict.fromkeys(self._sources(template, matcher)))
        names = fields(template)
        found = [
            Candidate(tuple([values[name] for name in names]), path)
            for path in paths
            if (values := matcher.match(path)) is not None
        ]
        if is_pattern(template):  # else no two paths have the same values
            found.sort(key=lambda entry: natural_key(entry.path))
        found.sort(key=lambda entry: [natural_key(value) for value in entry.values])
        self._candidates[key] = found
        return found

    def gathered(self, template: str, values: Mapping[str, Value], reader: str) -> list[str]:
        """Paths that belong to a template and agree with `values` where they share dimensions."""
        names = tuple(name for name in fields(template) if name in values)
        key = (template, reader, names)
        if key not in self._indexes:
            index = self._indexes[key] = {}
            places = [fields(template).index(name) for name in names]
            for candidate in self.matching(template, reader):
                index.setdefault(tuple([candidate.values[i] for i in places]), []).append(candidate.path)
        return self._indexes[key].get(tuple(values[name] for name in names), [])

    def _sources(self, template: str, matcher: Matcher) -> Sequence[str]:
        leftovers = {
            Matcher(made.template, self._axes, glob=False).regex
            for made, how in self._links.meeting(template)
            if how == "same"
        }
        if matcher.regex in leftovers:  # whatever is there that no task makes is left over
            return ()
        search = Search(tuple(matcher.parts), not is_pattern(template), tuple(sorted(leftovers)))
        found = self._find(search)
        self.searches[search] = digest_of_found(found)
        return found


def axes(pipeline: Pipeline) -> dict[str, Axis]:
    """A dimension's found values are integers if it says so, or if some template writes them as such."""
    integers = set()
    templates = [spec.template for stage in pipeline.stages.values() for spec in (*stage.inputs, *stage.outputs)]
    templates += [dimension.pattern for dimension in pipeline.dimensions.values() if dimension.pattern]
    for template in dict.fromkeys(templates):
        if "{" in template:
            integers |= {piece.name for piece in parse(template) if isinstance(piece, Field) and piece.is_integer}
    return {name: Axis(found.values, _is_integer(found, integers)) for name, found in pipeline.dimensions.items()}


def _is_integer(dimension: Dimension, integers: set[str]) -> bool:
    return dimension.type == "int" if dimension.type is not None else dimension.name in integers
