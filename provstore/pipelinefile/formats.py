"""The formats that a Pipelinefile declares: which path has which, and where each name stands."""

from __future__ import annotations

from provstore.errors import Problem
from provstore.noun import NamedTuple
from provstore.pipelinefile.catalogue import axes
from provstore.pipelinefile.templates import Matcher, TemplateError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from provstore.model.pipeline import PathSpec, Pipeline, Place, Stage


class NamedFormat(NamedTuple):
    """One place of a Pipelinefile in which a format is named.

    Attributes:
        subject: For a message: "stage 'calibrate'", "dataset 'flat'", "[formats]".
        is_asked_for: A stage, or the choice for an ending, asks for it. What `[datasets]` say is a description: it
            stands in projects of people who need not have every package.
    """

    name: str
    file: str
    line: int
    subject: str
    is_asked_for: bool = True

    def problem(self, text: str, hint: str) -> Problem:
        """What is wrong with it, for the user."""
        return Problem(self.file, self.line, self.subject, text, hint)


def named_formats(pipeline: Pipeline) -> Iterator[NamedFormat]:
    """Every format that is named, with its place."""
    for suffix, name in pipeline.format_choices.items():
        place = pipeline.format_places[suffix]
        yield NamedFormat(name, place.file, place.line_of(suffix), f'[formats] "{suffix}"')
    for kind in pipeline.dataset_types.values():
        if kind.format is not None:
            place = kind.place
            yield NamedFormat(kind.format, place.file, place.line_of("format"), f"dataset '{kind.name}'", False)
    for stage in pipeline.stages.values():
        for side, specs in (("inputs", stage.inputs), ("outputs", stage.outputs)):
            for spec in specs:
                if spec.format is not None and spec.dataset is None:
                    place = stage.place
                    line = place.line_of(side, spec.role, "format")
                    yield NamedFormat(spec.format, place.file, line, f"stage '{stage.name}', {side}.{spec.role}")


class DeclaredFormats:
    """The declared format of each path that has one: a path has one format, whoever reads or makes it.

    Attributes:
        found: Path → name of its format.
        problems: Paths for which two are declared.
    """

    def __init__(self, pipeline: Pipeline) -> None:
        self._types = {kind.path: kind.format for kind in pipeline.dataset_types.values() if kind.format is not None}
        self._roles = {stage.name: self._roles_of(stage) for stage in pipeline.stages.values()}
        self._by: dict[str, Place] = {}
        self.found: dict[str, str] = {}
        self.problems: list[Problem] = []

    def _roles_of(self, stage: Stage) -> dict[tuple[str, str], str]:
        """(side, role) → format, of those that declare one, which in most stages none does."""
        sides: dict[str, tuple[PathSpec, ...]] = {"inputs": stage.inputs, "outputs": stage.outputs}
        formats = {
            (side, spec.role): spec.format or self._types.get(spec.template)
            for side, specs in sides.items()
            for spec in specs
        }
        return {place: name for place, name in formats.items() if name is not None}

    def add(self, stage: Stage, read: Iterable[tuple[str, str]], made: Iterable[tuple[str, str]]) -> None:
        """Enters what one task reads and makes, as (role, path)."""
        roles = self._roles[stage.name]
        if not roles:
            return
        for side, pairs in (("inputs", read), ("outputs", made)):
            for role, path in pairs:
                name = roles.get((side, role))
                if name is not None:
                    self._enter(stage, side, role, path, name)

    def _enter(self, stage: Stage, side: str, role: str, path: str, name: str) -> None:
        other = self.found.setdefault(path, name)
        first = self._by.setdefault(path, stage.place)
        if other != name:
            line = stage.place.line_of(side, role, "format")
            text = f"'{path}' has the format '{name}' here, and '{other}' at {first.file}:{first.line}"
            hint = "a file has one format: declare the same in both places, or in one of them"
            self.problems.append(Problem(stage.place.file, line, f"stage '{stage.name}'", text, hint))


def format_for(pipeline: Pipeline, paths: Sequence[str]) -> str | None:
    """The format that is declared for a file by a template that fits it, whether or not a task has that path today.

    Args:
        paths: The file as a template may spell it: relative to the project, absolute.
    """
    known = axes(pipeline)
    stages = pipeline.stages.values()
    kinds = [(kind.path, kind.format, False) for kind in pipeline.dataset_types.values() if kind.path is not None]
    outputs = [(spec.template, spec.format, False) for stage in stages for spec in stage.outputs]
    inputs = [(spec.template, spec.format, True) for stage in stages for spec in stage.inputs]
    for template, name, glob in outputs + inputs + kinds:
        if name is not None:
            try:
                matcher = Matcher(template, known, glob=glob)
            except TemplateError:  # it writes no path for some value, and whoever plans will say so
                continue
            if any(matcher.match(path) is not None for path in paths):
                return name
    return None
