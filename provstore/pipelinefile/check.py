"""From the tables of all files to a `Pipeline`, or to all that is wrong in them.

Rules: every check of the text is made before anything is returned or raised, so that all problems come at once.
No check reads the disk. The main file says what the project is called, what is run by default and how the store
works; what included files say of that holds where they are used by themselves. All else is joined.
"""

from __future__ import annotations

import re

from provstore.errors import PipelinefileError
from provstore.model.pipeline import Pipeline
from provstore.pipelinefile import expect
from provstore.pipelinefile.check_dimensions import check_datasets, check_dimensions, first_cycle
from provstore.pipelinefile.check_params import check_params
from provstore.pipelinefile.check_paths import Paths, normalised
from provstore.pipelinefile.check_stages import NAME, STAGE_KEYS, Known, check_stage
from provstore.pipelinefile.expect import UnexpectedError, UnknownNameError, found, quoted
from provstore.pipelinefile.tables import Table, spot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from provstore.errors import Problem
    from provstore.model.pipeline import Stage
    from provstore.pipelinefile.tables import Document, Keys

PROJECT_KEYS: Keys = {
    "name": expect.text,
    "description": expect.text,
    "default": expect.names,
    "include": expect.names,
    "plugins": expect.names,
    "params_files": expect.names,
    "shell": expect.shell,
    "secret_env": expect.variables,
    "owner": expect.text,
}
STORE_KEYS: Keys = {"objects": expect.objects_limit}


def _layout(value: object) -> str:
    """Where registered data lie, by owner."""
    layout = expect.text(value)
    if "{relpath}" not in layout or "{" in re.sub(r"\{(relpath|owner|owner_type)\}", "", layout):
        raise UnexpectedError(f"found {found(value)}, expected a path of {{relpath}}, {{owner}} and {{owner_type}}")
    return layout


def _register(value: object) -> str:
    """Whether unknown dataset types are registered by themselves."""
    if value not in ("auto", "explicit"):
        raise UnexpectedError(f"found {found(value)}, expected 'auto' or 'explicit'")
    return str(value)


REGISTRY_KEYS: Keys = {"layout": _layout, "register": _register}
SECTIONS = ("project", "params", "dimensions", "datasets", "stages", "subsets", "store", "formats", "registry")

_CONFUSED_SECTIONS = (
    dict.fromkeys(("stage", "task", "tasks", "rule", "rules", "step", "steps", "job", "jobs"), "stages.NAME")
    | dict.fromkeys(("param", "parameters", "vars", "variables", "config"), "params")
    | dict.fromkeys(("matrix", "axes", "wildcards"), "dimensions")
    | dict.fromkeys(("dataset", "data", "types"), "datasets.NAME")
    | dict.fromkeys(("groups", "targets", "aliases"), "subsets")
    | {"provstore": "project", "pipeline": "project", "plugins": "project", "format": "formats"}
)
_CONFUSED_PROJECT = {
    "title": "name",
    "targets": "default",
    "defaults": "default",
    "includes": "include",
    "params_file": "params_files",
    "secrets": "secret_env",
}
_SELECTION = re.compile(r"[@/<>~&|()*#]|\.")
"""What makes a word a target of another kind than a plain name; a path may have just a dot."""


def check(root: str, document: Document) -> Pipeline:
    """The pipeline that the files declare together.

    Args:
        root: Absolute path of the project.

    Raises:
        PipelinefileError: All that is wrong.
    """
    problems: list[Problem] = []
    pipeline = _Files(root, document, problems).pipeline()
    if problems:
        raise PipelinefileError(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    return pipeline


class _Files:
    """All files of one pipeline, section by section."""

    def __init__(self, root: str, document: Document, problems: list[Problem]) -> None:
        self.root, self.document, self.problems = root, document, problems
        self.sources = document.sources
        self.sections: dict[str, list[Table]] = {name: [] for name in SECTIONS}
        for source in self.sources:
            self._divide(Table(source, (), source.tables, "", problems))
        self.params_tables = [Table(source, (), source.tables, "", problems) for source in document.params_files]

    def _divide(self, top: Table) -> None:
        """Puts each section of a file to its like; notes what is no section."""
        for name, value in top.values.items():
            if name not in SECTIONS:
                _note_unknown_section(top, name, value)
            elif isinstance(value, dict):
                self.sections[name].append(Table(top.source, (name,), value, f"[{name}]", self.problems))
            else:
                hint = "write [stages.NAME]" if name == "stages" else f"write [{name}]"
                top.note_whole(f"{name}: found {found(value)}, expected a table", hint, key=name)

    def pipeline(self) -> Pipeline:
        """The pipeline, in which whatever has a problem is left out."""
        projects = [(table, table.read(PROJECT_KEYS, _CONFUSED_PROJECT)) for table in self.sections["project"]]
        main = next((values for table, values in projects if table.source is self.sources[0]), {})
        params = check_params([*self.sections["params"], *self.params_tables])
        dimensions = check_dimensions(self.sections["dimensions"], self.root)
        types = check_datasets(self.sections["datasets"], Paths(self.root, dimensions, {}))
        paths = Paths(self.root, dimensions, types, self.document.digests)
        stages = self._stages(projects, paths, params.leaves, params.tables)
        subsets = self._subsets(stages)
        made = {spec.template for stage in stages.values() for spec in stage.outputs}
        for table, values in projects:
            targets = [target for target in values.get("default", ()) if target not in made]
            self._check_default(table, targets, {*stages, *subsets})
        return Pipeline(
            file=self.sources[0].file,
            name=main.get("name", ""),
            description=main.get("description", ""),
            owner=main.get("owner"),
            default=main.get("default", ()),
            plugins=tuple(dict.fromkeys(name for table, values in projects for name in _plugins(table, values))),
            secret_env=tuple(sorted({name for _, values in projects for name in values.get("secret_env", ())})),
            params=params.leaves,
            dimensions=dimensions,
            dataset_types=types,
            stages=stages,
            subsets=subsets,
            objects_limit=self._of_main("store", STORE_KEYS).get("objects"),
            format_choices=self._formats(),
            format_places={suffix: table.place() for table in self.sections["formats"] for suffix in table.values},
            registry=self._of_main("registry", REGISTRY_KEYS),
            sources=self.document.digests,
            meaning=("" if self.problems else self.document.meaning()) or "",
        )

    def _of_main(self, section: str, keys: Keys) -> dict[str, Any]:
        """A section that is checked in every file, and counts in the main one."""
        read = [(table.source, table.read(keys, {})) for table in self.sections[section]]
        return next((values for source, values in read if source is self.sources[0]), {})

    def _stages(
        self,
        projects: Sequence[tuple[Table, Mapping[str, Any]]],
        paths: Paths,
        params: Mapping[str, Any],
        param_tables: Mapping[str, Any],
    ) -> dict[str, Stage]:
        shells = {table.source.file: values["shell"] for table, values in projects if "shell" in values}
        main = shells.get(self.sources[0].file, ("sh", "-e", "-c"))
        names = {name for section in self.sections["stages"] for name in section.values}
        known = Known(paths, params, param_tables, names)
        stages: dict[str, Stage] = {}
        for section in self.sections["stages"]:
            shell = shells.get(section.source.file, main)
            for name, table in section.members("stage", "a table", "a stage has a name: write [stages.NAME]"):
                stage = check_stage(table, name, shell, known)
                first = stages.setdefault(name, stage)
                if first is not stage:
                    table.note_whole(f"is declared in {spot(first.place)} too", "choose another name")
        return stages

    def _subsets(self, stages: Mapping[str, Stage]) -> dict[str, tuple[str, ...]]:
        known = set(stages).union(*(section.values for section in self.sections["subsets"]))
        subsets: dict[str, tuple[str, ...]] = {}
        tables: dict[str, Table] = {}
        for section in self.sections["subsets"]:
            for name, value in section.values.items():
                table = section.member(name, {}, "subset")
                members = _members(table, name, value, known)
                if name in stages:
                    table.note_whole("is the name of a stage too", "choose another name")
                if subsets.setdefault(name, members) is not members:
                    table.note_whole(f"is declared in {spot(tables[name].place())} too")
                tables.setdefault(name, table)
        graph = {name: [member for member in members if member in subsets] for name, members in subsets.items()}
        if cycle := first_cycle(graph):
            tables[cycle[0]].note_whole(f"contains itself: {' → '.join(cycle)}")
        return subsets

    def _check_default(self, table: Table, targets: Sequence[str], known: set[str]) -> None:
        for target in targets:
            try:
                _check_target(target, known)
            except UnexpectedError as error:
                table.note_error("default", error, near=target)

    def _formats(self) -> dict[str, str]:
        choices: dict[str, str] = {}
        for table in self.sections["formats"]:
            for suffix, name in table.values.items():
                if not isinstance(name, str) or not name:
                    hint = f"write '\"{suffix}.…\"' with quotes around it" if isinstance(name, dict) else ""
                    table.note(suffix or "''", f"found {found(name)}, expected the name of a format", hint)
                elif not suffix.startswith(".") or suffix != suffix.lower():
                    table.note(suffix or "''", 'expected an ending in lower case, such as ".dat"')
                elif choices.setdefault(suffix, name) != name:
                    table.note(suffix, f"found {quoted(name)}, but another file chooses {quoted(choices[suffix])}")
        return choices


def _note_unknown_section(top: Table, name: str, value: object) -> None:
    """A table or key that stands where only sections do."""
    if isinstance(value, (dict, list)):
        meant = _CONFUSED_SECTIONS.get(name.lower()) or top.nearest(name.lower(), SECTIONS)
        top.note_whole(f"unknown table {quoted(name)}", f"did you mean [{meant}]?" if meant else "", key=name)
        return
    home = "[project]" if name in PROJECT_KEYS else "[stages.NAME]" if name in STAGE_KEYS else ""
    top.note_whole(f"unknown key {quoted(name)}", f"it belongs in {home}" if home else "", key=name)


def _members(table: Table, name: str, value: object, known: set[str]) -> tuple[str, ...]:
    """A subset's members: stages, other subsets, or selections such as ``a..c``."""
    if not NAME.fullmatch(name):
        table.note_whole("found a name that is not made of letters, digits, '_', '-' and single dots")
    try:
        members = expect.names(value)
    except UnexpectedError as error:
        table.note_whole(error.text, error.hint)
        return ()
    for member in members:
        try:
            if NAME.fullmatch(member) and member not in known:  # a name with a dot is no path here
                raise _unknown(member, known)
            _check_target(member, known)
        except UnknownNameError as error:
            table.note_whole(error.text, table.suggestion(error.name, error.choices))
        except UnexpectedError as error:
            table.note_whole(error.text, error.hint)
    return members


def _check_target(text: str, known: set[str]) -> None:
    """A name is that of a stage or subset, a selection can be read; of tasks and paths more is known later.

    Raises:
        UnexpectedError: It is not.
    """
    from provstore.errors import QueryError
    from provstore.query import is_selection, parse_selection, selected_names

    if text in known:
        return
    if not _SELECTION.search(text):
        raise _unknown(text, known)
    if not is_selection(text):
        return
    try:
        names = selected_names(parse_selection(text))
    except QueryError as error:
        raise UnexpectedError(f"{quoted(text)}: {error.message.partition(chr(10))[0]}", error.hint) from None
    for name in sorted(names - known):
        raise _unknown(name, known)


def _unknown(name: str, known: set[str]) -> UnknownNameError:
    return UnknownNameError(f"unknown stage or subset {quoted(name)}", name, known)


def _plugins(table: Table, values: Mapping[str, Any]) -> list[str]:
    """Plug-ins as the root sees them: files by their path, modules by their name."""
    plugins = []
    for written in values.get("plugins", ()):
        if not written:
            table.note("plugins", "found an empty name, expected that of a file or a module")
        if not written.endswith(".py") and "/" not in written:
            plugins.append(written)
            continue
        path = normalised(table.source.folder, written)
        if path.startswith(("/", "../")):
            table.note("plugins", f"file {quoted(written)} lies outside of the project", near=written)
        plugins.append(path)
    return plugins
