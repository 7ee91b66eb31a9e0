"""Checks declared paths: of inputs, outputs, dataset types and dimensions.

Rules: a path is normalised once, here, and has one spelling everywhere: POSIX, relative to the project's root.
Nothing here looks at the disk; what needs expanded tasks (a missing input, two tasks with one output) is
`expand`'s.
"""

from __future__ import annotations

import posixpath
import re

from provstore.model.files import TOOL_FOLDERS
from provstore.model.pipeline import PathSpec
from provstore.noun import NamedTuple
from provstore.pipelinefile import expect, templates
from provstore.pipelinefile.expect import UnexpectedError, UnknownNameError, found, quoted
from provstore.pipelinefile.types import check_type, type_of_output, types_by_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from provstore.model.pipeline import DatasetType, Dimension
    from provstore.pipelinefile.tables import Keys, Table

STORE = ".provstore"
"""Folders that no output may lie in."""

PATH_KEYS: Keys = {
    "path": expect.text,
    "dataset": expect.text,
    "format": expect.text,
    "description": expect.text,
    "calibration": expect.flag,
    "metric": expect.flag,
    "metadata": expect.plain,
}
EXTRA_KEYS = ("calibration", "metric", "metadata")
"""Those that go into `PathSpec.extra`."""

_CONFUSED = {
    "file": "path",
    "filename": "path",
    "dir": "path",
    "folder": "path",
    "type": "dataset",
    "desc": "description",
}
_ROLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPED = re.compile(r"\[([*?\[])\]")
_SIMPLE = re.compile(r"(?:[\w-][\w.-]*/)*[\w-][\w.-]*(?<!\.)", re.ASCII)
_SHAPE = "a path or a table with 'path' or 'dataset'"


class Normal(NamedTuple):
    """A path in its one spelling.

    Attributes:
        directory: It was written with a trailing ``/``.
        external: It lies outside of the project.
    """

    path: str
    directory: bool
    external: bool


class Paths:
    """Reads paths for one root and one set of dimensions and dataset types.

    Attributes:
        root: Absolute path of the project.
        sources: Files that the pipeline was read from, which no stage may write.
    """

    def __init__(
        self,
        root: str,
        dimensions: Mapping[str, Dimension],
        types: Mapping[str, DatasetType],
        sources: Iterable[str] = (),
    ) -> None:
        self.root, self.dimensions, self.types, self.sources = root, dimensions, types, frozenset(sources)
        self._by_path = types_by_path(types.values())

    def inputs(self, stage: Table) -> tuple[PathSpec, ...]:
        """A stage's inputs, without those that have a problem."""
        return self._declared(stage, "inputs")

    def outputs(self, stage: Table, dimensions: Sequence[str], inputs: Sequence[PathSpec]) -> tuple[PathSpec, ...]:
        """A stage's outputs, without those that have a problem; what only an output must be is checked too."""
        specs = []
        read = {_literal(spec.template): spec.role for spec in inputs}
        written: dict[str, str] = {}
        for spec in self._declared(stage, "outputs"):
            try:
                self._check_output(spec, dimensions, read, written)
                self._check_type(stage.path[-1], spec, dimensions)
            except UnexpectedError as error:
                stage.inner("outputs", {}).note_error(spec.role, error, near=spec.template)
            written[spec.template] = spec.role
            specs.append(spec)
        return tuple(specs)

    def _check_type(self, stage: str, spec: PathSpec, dimensions: Sequence[str]) -> None:
        """An output is what its dataset type says, if that is declared."""
        kind = self.types.get(type_of_output(stage, spec, self._by_path)) if self.types else None
        if kind is not None:
            check_type(spec, kind, dimensions)

    def _declared(self, stage: Table, side: str) -> tuple[PathSpec, ...]:
        value = stage.values.get(side)
        if value is None:
            return ()
        if isinstance(value, str):
            value = [value]
        if isinstance(value, list):
            value = {str(position): element for position, element in enumerate(value)}
            named = False
        elif isinstance(value, dict):
            named = True
        else:
            stage.note(side, f"found {found(value)}, expected a table of names and paths, or an array of paths")
            return ()
        table = stage.inner(side, value)
        specs = []
        for role, declared in value.items():
            try:
                if named and not _ROLE.fullmatch(role):
                    raise UnexpectedError("found a name that is not made of letters, digits and '_'")
                spec = self._spec(table, role, declared, side)
                if spec is not None:
                    specs.append(spec)
            except UnexpectedError as error:
                table.note_error(role, error, near=declared if isinstance(declared, str) else "")
        return tuple(specs)

    def _spec(self, table: Table, role: str, declared: object, side: str) -> PathSpec | None:
        """One input or output; None where a key of its table has a problem that leaves no path.

        Raises:
            UnexpectedError: It is no path, or a path that can't be.
        """
        if isinstance(declared, str) and not table.source.folder and is_simple(declared):
            return PathSpec(role, declared)
        values: dict[str, Any] = {}
        if isinstance(declared, str):
            written: str | None = expect.text(declared)
        elif isinstance(declared, dict):
            values = table.inner(role, declared).read(PATH_KEYS, _CONFUSED)
            written = self._written(values, declared, side)
        elif isinstance(declared, list):
            raise UnexpectedError(f"found an array, expected {_SHAPE}", "give each path a name of its own")
        else:
            raise UnexpectedError(f"found {found(declared)}, expected {_SHAPE}")
        if written is None:
            return None
        type_ = self.types.get(values.get("dataset", ""))
        folder = "" if type_ else table.source.folder
        is_placed = type_ is None or type_.path is not None
        normal = self.normal(written, folder) if is_placed else Normal("", False, False)
        if "{" in normal.path or "}" in normal.path:
            self.fields(normal.path)
        if values.get("metric"):
            _check_metric(side, normal)
        if values.get("calibration") and (side != "inputs" or "dataset" not in values):
            raise UnexpectedError("has 'calibration', which is for inputs that name a 'dataset'")
        return PathSpec(
            role=role,
            template=normal.path if side == "inputs" else _literal(normal.path),
            directory=normal.directory,
            external=normal.external,
            dataset=values.get("dataset"),
            format=values.get("format", type_.format if type_ else None),
            description=values.get("description", ""),
            extra={key: values[key] for key in EXTRA_KEYS if key in values} if values else {},
        )

    def _written(self, values: Mapping[str, Any], declared: Mapping[str, object], side: str) -> str | None:
        """The path of a table that has ``path`` or ``dataset``; None where a problem of it is noted.

        An input may be of a type that has none: it is looked up (`pipelinefile.lookups`).
        """
        if "path" in declared and "dataset" in declared:
            raise UnexpectedError("has both 'path' and 'dataset', expected one of them")
        if "path" in values:
            return str(values["path"])
        if "dataset" not in values:
            if declared.keys() - PATH_KEYS.keys() or "path" in declared or "dataset" in declared:
                return None
            raise UnexpectedError("has neither 'path' nor 'dataset'")
        name = values["dataset"]
        type_ = self.types.get(name)
        if type_ is None:
            raise UnknownNameError(f"unknown dataset type {quoted(name)}", name, self.types)
        if type_.path is None and side == "inputs":
            return ""
        if type_.path is None:
            raise UnexpectedError(f"dataset type {quoted(name)} has no path", f"give [datasets.{name}] a 'path'")
        return type_.path

    def normal(self, written: str, folder: str) -> Normal:
        """The one spelling of a path as somebody wrote it in a file of `folder`.

        Raises:
            UnexpectedError: Empty, in the store, or the project itself.
        """
        if not written:
            raise UnexpectedError("found an empty path")
        if written.startswith("~/"):
            raise UnexpectedError(f"path {quoted(written)} begins with '~', which is not expanded", "write it in full")
        path = normalised(escaped(folder), written)
        if too_long := templates.too_long(path):
            raise UnexpectedError(f"path {quoted(written)} {too_long}")
        if path[0] in "./":
            path = self._placed(path, written)
        return Normal(path, written.endswith(("/", "/.")), path.startswith(("/", "../")))

    def _placed(self, path: str, written: str) -> str:
        """A path that may lead out of the project: relative where it comes back in, else as it is."""
        whole, root = normalised(self.root, path), self.root.rstrip("/")
        if f"{root}/".startswith(f"{whole.rstrip('/')}/"):
            raise UnexpectedError(
                f"path {quoted(written)} is the project's own folder or holds it", "name what is meant in it"
            )
        if not whole.startswith(f"{root}/"):
            return path
        inside = whole.removeprefix(f"{root}/")
        if inside.split("/", 1)[0] == STORE:
            raise UnexpectedError(f"path {quoted(written)} lies in the store", "no stage may read or write it")
        return inside

    def fields(self, template: str) -> tuple[str, ...]:
        """The dimensions in a path, all of them declared.

        Raises:
            UnexpectedError: The template can't be read, or names what is no dimension.
        """
        try:
            pieces = templates.parse(template)
        except templates.TemplateError as error:
            raise UnexpectedError(str(error)) from None
        named = [piece for piece in pieces if isinstance(piece, templates.Field)]
        for name, spec in named:
            dimension = self.dimensions.get(name)
            if dimension is None:
                raise UnknownNameError(
                    f"path {quoted(template)} has the field '{{{name}}}', which is no dimension", name, self.dimensions
                )
            if spec and not expect.writes(spec, samples(dimension)):
                raise UnexpectedError(
                    f"path {quoted(template)} has a format that can't write the values of {quoted(name)}"
                )
        return tuple(dict.fromkeys(name for name, _ in named))

    def _check_output(
        self, spec: PathSpec, dimensions: Sequence[str], read: Mapping[str, str], written: Mapping[str, str]
    ) -> None:
        """What only an output must be; `read` and `written` map the stage's other templates to their roles."""
        path, shown = spec.template, quoted(spec.template)
        if spec.external:
            hint = "write it into the project" if not path.startswith("/") else "write it relative to the Pipelinefile"
            raise UnexpectedError(f"path {shown} leaves the project", hint)
        if path.split("/", 1)[0] in TOOL_FOLDERS:
            raise UnexpectedError(f"path {shown} lies in '{path.split('/', 1)[0]}/', which is not for outputs")
        if path in self.sources:
            raise UnexpectedError(f"path {shown} is a file that describes the pipeline")
        if path in written:
            raise UnexpectedError(f"path {shown} is output {quoted(written[path])} too")
        if path in read:
            raise UnexpectedError(
                f"path {shown} is input {quoted(read[path])} too", "a stage can't read what it writes; use another path"
            )
        if dimensions or "{" in path:
            self._check_grain(path, dimensions)

    def _check_grain(self, path: str, dimensions: Sequence[str]) -> None:
        """An output has exactly the dimensions of its stage, so that each task writes files of its own."""
        known = set(templates.fields(path))
        for name in dimensions:
            if name not in known and name in self.dimensions:
                raise UnexpectedError(
                    f"path {quoted(path)} lacks the dimension {quoted(name)}, so all its tasks would write one file",
                    f"put {{{name}}} into it",
                )
        for name in known:
            if name not in dimensions:
                raise UnexpectedError(
                    f"path {quoted(path)} has the field '{{{name}}}', which is none of the stage's dimensions",
                    f"add {quoted(name)} to 'dimensions'",
                )


def _check_metric(side: str, normal: Normal) -> None:
    """Only a file that a stage makes is read as a metric."""
    if side == "inputs":
        raise UnexpectedError("has 'metric', which is for outputs", "mark the output of the stage that makes it")
    if normal.directory:
        raise UnexpectedError(f"path {quoted(normal.path + '/')} is a folder, expected a file for a metric",
                              "let the stage write its measures into a file of their own")  # fmt: skip


def is_simple(written: str) -> bool:
    """A path in the project in its one spelling, without fields and whatever else needs a closer look."""
    return len(written) <= templates.LONGEST_NAME and _SIMPLE.fullmatch(written) is not None


def samples(dimension: Dimension) -> tuple[Any, ...]:
    """Values to try a format on."""
    if dimension.values:
        return dimension.values[:1]
    return {"int": (1,), "str": ("x",)}.get(dimension.type or "", (1, "x"))


def normalised(folder: str, written: str) -> str:
    """A path relative to a folder without ``./``, ``..``, ``//`` and trailing ``/``, as far as text alone can tell."""
    path = f"{folder}/{written}" if folder and not written.startswith("/") else written
    if "//" in path or "./" in path or path.endswith(("/", ".")):
        path = posixpath.normpath(path)
        return f"/{path.lstrip('/')}" if path.startswith("/") else path
    return path


def escaped(folder: str) -> str:
    """A folder's name as text of a template that means just this name."""
    if not folder:
        return folder
    return re.sub(r"([*?\[])", r"[\1]", folder.replace("{", "{{").replace("}", "}}"))


def _literal(template: str) -> str:
    """An output's template: no glob, so that ``[*]`` is the character itself, as ``*`` is."""
    return _ESCAPED.sub(r"\1", template) if "[" in template else template
