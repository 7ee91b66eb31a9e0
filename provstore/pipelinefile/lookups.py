"""Inputs that are looked up in the registry, by dataset type and data ID, instead of lying at a path.

An input that names a dataset type is the output of the stage that makes data of this type, if there is one. Else it is
looked up where the type has no path, or collections to look in are named, and always where it is a calibration.
"""

from __future__ import annotations

from provstore.digest import digest_text
from provstore.model.dimensions import Dimensions, declared
from provstore.model.pipeline import Lookup
from provstore.pipelinefile.types import type_of_output, types_by_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Protocol

    from provstore.model.pipeline import PathSpec, Pipeline, Stage
    from provstore.model.task import LookedUp
    from provstore.model.values import JSON, Value

    class Finder(Protocol):
        """Finds the datasets that inputs are."""

        def data_ids(self, type: str) -> Iterable[Mapping[str, JSON]]:
            """Data IDs of all datasets of a type in the collections that are searched."""

        def find(self, lookup: Lookup, data_id: Mapping[str, Value]) -> Sequence[LookedUp]:
            """The datasets that an input of a task is: one, or what it gathers in natural order.

            Raises:
                LookupFault: There is none, or nobody can say which.
            """

        def place(self, found: LookedUp, *, is_made: bool) -> str:
            """Where a task reads a dataset.

            Args:
                is_made: A task may write to its path.

            Raises:
                LookupFault: What was recorded is nowhere at hand.
            """


NOWHERE = ".provstore/running/not found"
"""Folder that never is, for the path of an input without a dataset: a missing input, if its task is asked for."""


class LookupFault(Exception):  # noqa: N818 - becomes a problem of the Pipelinefile
    """No dataset can be the input; the message says why."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.text, self.hint = text, hint


def with_lookups(pipeline: Pipeline, *, is_named: bool) -> Pipeline:
    """The pipeline with all inputs marked that are looked up.

    Args:
        is_named: Somebody has named the collections to look in.
    """
    kinds = pipeline.dataset_types
    if not kinds:
        return pipeline
    paths = types_by_path(kinds.values())
    made = {type_of_output(stage.name, spec, paths) for stage in pipeline.stages.values() for spec in stage.outputs}
    related = Dimensions({name: declared(dimension) for name, dimension in pipeline.dimensions.items()})

    def marked(stage: Stage, spec: PathSpec) -> PathSpec:
        kind = kinds.get(spec.dataset or "")
        is_calibration = bool(spec.extra.get("calibration"))
        if kind is None or not (is_calibration or kind.path is None or (is_named and kind.name not in made)):
            return spec
        derived = {*related.required(stage.dimensions), *related.implied(stage.dimensions)}
        gathers = not derived.issuperset(kind.dimensions)
        lookup = Lookup(kind.name, kind.dimensions, stage.dimensions, is_calibration, gathers)
        return spec._replace(template="", external=False, directory=False, lookup=lookup)

    stages = {
        name: stage._replace(inputs=tuple([marked(stage, spec) for spec in stage.inputs]))
        for name, stage in pipeline.stages.items()
    }
    return pipeline._replace(stages=stages)


def has_lookups(pipeline: Pipeline) -> bool:
    """Some input is marked so."""
    return bool(pipeline.dataset_types) and any(
        spec.lookup is not None for stage in pipeline.stages.values() for spec in stage.inputs
    )


class Lookups:
    """Looks up the inputs of a plan's tasks.

    Args:
        finder: None: there is none to ask, and each input is told by its type alone.
        is_made: Says of a path whether a task writes to it, around it or into it.

    Attributes:
        found: What lies at each path, where that was looked up.
        unfound: Path at which nothing lies → why, and what to do.
    """

    def __init__(self, finder: Finder | None, is_made: Callable[[str], bool]) -> None:
        self._finder, self._is_made = finder, is_made
        self._places: dict[str, str | LookupFault] = {}
        self.found: dict[str, LookedUp] = {}
        self.unfound: dict[str, tuple[str, str]] = {}

    def data_ids(self, type: str) -> list[Mapping[str, JSON]]:
        """Data IDs of all datasets of a type."""
        return list(self._finder.data_ids(type)) if self._finder is not None else []

    def paths(self, lookup: Lookup, values: Mapping[str, Value]) -> list[str]:
        """Where a task finds an input; where it finds none, a path at which nothing lies."""
        if self._finder is None:
            return [f"({lookup.type})"]
        places = []
        try:
            for found in self._finder.find(lookup, values):
                places.append(self._place(self._finder, found))
        except LookupFault as fault:
            places = [f"{NOWHERE}/{digest_text(fault.text)}"]
            self.unfound[places[0]] = (fault.text, fault.hint)
        return places

    def _place(self, finder: Finder, found: LookedUp) -> str:
        """Asked once for each dataset: thousands of tasks may read it, and it may have to be read for the answer."""
        known = self._places.get(found.dataset)
        if known is None:
            try:
                known = finder.place(found, is_made=self._is_made(found.content.path))
                self.found[known] = found
            except LookupFault as fault:
                known = fault
            self._places[found.dataset] = known
        if isinstance(known, LookupFault):
            raise known
        return known

    def recorded(self, paths: list[str]) -> list[str]:
        """The same with the paths at which datasets were recorded: where their bytes lie is no part of a key."""
        if not self.found:
            return paths
        return [self.found[path].content.path if path in self.found else path for path in paths]
