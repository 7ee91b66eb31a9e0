"""Checks `[stages]`: every key of a stage, and that each name in it is the name of something."""

from __future__ import annotations

import re

from provstore.model.pipeline import Resources, Stage
from provstore.noun import NamedTuple
from provstore.pipelinefile import expect, placeholders
from provstore.pipelinefile.check_paths import Paths, normalised, samples
from provstore.pipelinefile.expect import UnexpectedError, UnknownNameError, found, quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from typing import Any

    from provstore.model.pipeline import PathSpec
    from provstore.model.values import JSON
    from provstore.pipelinefile.placeholders import Placeholder
    from provstore.pipelinefile.tables import Keys, Table

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*")
"""Names of stages and subsets: what targets such as ``a..c`` and ``a@visit=1`` can be built from."""


def _anything(value: object) -> object:
    """Inputs and outputs, which `check_paths` reads."""
    return value


def _call(value: object) -> object:
    """Python functions as stages."""
    raise UnexpectedError("there is no 'call' yet, expected 'run' or 'argv'")


STAGE_KEYS: Keys = {
    "description": expect.text,
    "dimensions": expect.names,
    "run": expect.script,
    "argv": expect.argv,
    "call": _call,
    "inputs": _anything,
    "outputs": _anything,
    "params": expect.names,
    "env": expect.variables,
    "timeout": expect.duration,
    "retries": expect.count,
    "where": expect.text,
    "after": expect.names,
    "always": expect.flag,
    "frozen": expect.flag,
    "cache": expect.flag,
    "keep": expect.flag,
    "cwd": expect.text,
    "resources": _anything,
}
RESOURCE_KEYS: Keys = {"cpu": expect.amount, "memory": expect.size}
_PLAIN = ("description", "run", "argv", "env", "timeout", "retries", "always", "frozen", "cache", "keep")
"""Keys whose checked value is the stage's field."""

_CONFUSED = (
    dict.fromkeys(("cmd", "command", "commands", "script", "shell", "sh", "exec"), "run")
    | dict.fromkeys(("input", "in", "deps", "dependencies", "sources"), "inputs")
    | dict.fromkeys(("output", "out", "outs", "targets", "products"), "outputs")
    | dict.fromkeys(("matrix", "foreach", "for_each", "wildcards", "dims", "dimension"), "dimensions")
    | dict.fromkeys(("param", "parameters"), "params")
    | dict.fromkeys(("environment", "envs", "envvars"), "env")
    | dict.fromkeys(("depends_on", "depends", "needs", "before"), "after")
    | dict.fromkeys(("cpu", "cpus", "cores", "threads", "memory", "mem"), "resources")
    | {"desc": "description", "doc": "description", "retry": "retries", "workdir": "cwd", "wdir": "cwd"}
    | {"args": "argv", "time": "timeout", "always_changed": "always", "persist": "keep", "condition": "where"}
)
_CONFUSED_RESOURCES = dict.fromkeys(("cpus", "cores", "threads"), "cpu") | dict.fromkeys(("mem", "ram"), "memory")


class Known(NamedTuple):
    """What the stages of all files may name.

    Attributes:
        params: Leaves by full name.
        param_tables: Full names of the tables above them.
        stages: Names of all stages.
    """

    paths: Paths
    params: Mapping[str, JSON]
    param_tables: Collection[str]
    stages: Collection[str]


def check_stage(table: Table, name: str, shell: tuple[str, ...], known: Known) -> Stage:
    """One stage; what is wrong in it is noted and left out."""
    if not NAME.fullmatch(name):
        table.note_whole("found a name that is not made of letters, digits, '_', '-' and single dots")
    checked = table.read(STAGE_KEYS, _CONFUSED)
    _check_command_is_one(table)
    dimensions = _dimensions(table, checked.get("dimensions", ()), known)
    inputs = known.paths.inputs(table)
    outputs = known.paths.outputs(table, dimensions, inputs)
    commands = _Commands(table, dimensions, inputs, outputs, known)
    params = commands.check() | _listed_params(table, checked.get("params", ()), known)
    fields = {key: checked[key] for key in _PLAIN if key in checked}
    if "resources" in checked:
        fields["resources"] = _resources(table, checked["resources"])
    return Stage(
        name=name,
        dimensions=dimensions,
        shell=shell,
        inputs=inputs,
        outputs=outputs,
        params=tuple(sorted(params)),
        where=_where(table, checked.get("where", ""), dimensions),
        after=_after(table, checked.get("after", ()), name, known),
        folder=table.source.folder,
        cwd=_cwd(table, checked.get("cwd", "")),
        place=table.place(),
        **fields,
    )


def _check_command_is_one(table: Table) -> None:
    """Exactly one of `run` and `argv` is there; nothing is said where a misspelt key may be the command."""
    values = table.values
    if "run" in values and "argv" in values:
        table.note_whole("has both 'run' and 'argv', expected one of them", key="argv")
    if "run" not in values and "argv" not in values and STAGE_KEYS.keys() - {"call"} >= values.keys():
        table.note_whole("has no command, expected 'run' or 'argv'")


def _dimensions(table: Table, names: Sequence[str], known: Known) -> tuple[str, ...]:
    declared = known.paths.dimensions
    for name in names:
        if name not in declared:
            error = UnknownNameError(f"unknown dimension {quoted(name)}", name, declared)
            table.note_error("dimensions", error, near=name)
    return tuple(names)


def _listed_params(table: Table, names: Sequence[str], known: Known) -> set[str]:
    for name in names:
        if name not in known.params and name not in known.param_tables:
            choices = [*known.params, *known.param_tables]
            table.note_error("params", UnknownNameError(f"unknown param {quoted(name)}", name, choices), near=name)
    return set(names)


def _after(table: Table, names: Sequence[str], stage: str, known: Known) -> tuple[str, ...]:
    for name in names:
        if name == stage:
            table.note("after", "names the stage itself")
        elif name not in known.stages:
            table.note_error("after", UnknownNameError(f"unknown stage {quoted(name)}", name, known.stages), near=name)
    return tuple(names)


def _where(table: Table, where: str, dimensions: Sequence[str]) -> str:
    """A condition on the stage's own dimensions, in the language of `provstore.query`."""
    if not where.strip():
        return ""
    from provstore.errors import QueryError
    from provstore.query import bound_names, names, parse_where

    try:
        tree = parse_where(where)
    except QueryError as error:
        table.note("where", error.message.partition("\n")[0], error.hint)
        return where
    for name in sorted(bound_names(tree)):
        table.note("where", f"':{name}' stands for a value that nothing gives here")
    for name in sorted(names(tree)):
        if name.split(".")[0] not in dimensions:
            text = f"{quoted(name)} is none of the stage's dimensions"
            table.note_error("where", UnknownNameError(text, name, dimensions))
    return where


def _cwd(table: Table, written: str) -> str:
    folder = table.source.folder
    if not written:
        return folder
    cwd = normalised(folder, written)
    if cwd.startswith(("/", "../")) or cwd == "..":
        table.note("cwd", f"folder {quoted(written)} lies outside of the project")
    return "" if cwd == "." else cwd


def _resources(table: Table, value: object) -> Resources:
    if not isinstance(value, dict):
        table.note("resources", f"found {found(value)}, expected a table such as {{ cpu = 4, memory = '8GiB' }}")
        return Resources()
    return Resources(**table.inner("resources", value).read(RESOURCE_KEYS, _CONFUSED_RESOURCES))


class _Commands:
    """The placeholders of one stage's command."""

    def __init__(
        self,
        table: Table,
        dimensions: Sequence[str],
        inputs: Sequence[PathSpec],
        outputs: Sequence[PathSpec],
        known: Known,
    ) -> None:
        self.table, self.dimensions, self.known = table, dimensions, known
        self.specs = {"inputs": inputs, "outputs": outputs}

    def check(self) -> set[str]:
        """Notes what names nothing; returns the parameters that the command names."""
        params = set()
        for key, text in self._texts():
            for placeholder in placeholders.names(text):
                try:
                    self._check(placeholder)
                except UnexpectedError as error:
                    self.table.note_error(key, error, near=placeholder.text)
                if placeholder.name == "params" and placeholder.attribute:
                    params.add(placeholder.attribute)
        return params

    def _texts(self) -> list[tuple[str, str]]:
        run, argv = self.table.values.get("run"), self.table.values.get("argv")
        texts = [("run", run)] if isinstance(run, str) else []
        if isinstance(argv, list):
            texts += [("argv", word) for word in argv if isinstance(word, str)]
        return texts

    def _check(self, placeholder: Placeholder) -> None:
        name = placeholder.name
        tries: Sequence[Any] = ("x",)
        if name in self.specs:
            self._check_path(placeholder, self.specs[name])
        elif name == "params":
            tries = self._param(placeholder)
        elif name in self.dimensions and placeholder.attribute is None:
            dimension = self.known.paths.dimensions.get(name)
            tries = samples(dimension) if dimension else ()
        else:
            raise self._unknown(placeholder)
        if placeholder.format and tries and not expect.writes(placeholder.format, tries):
            raise UnexpectedError(f"'{placeholder.text}' has a format that can't write {found(tries[0])}")

    def _check_path(self, placeholder: Placeholder, specs: Sequence[PathSpec]) -> None:
        name, attribute = placeholder.name, placeholder.attribute
        declared = self.table.values.get(name)
        if attribute is None:
            if not declared:
                raise UnexpectedError(f"'{placeholder.text}' stands for nothing, as the stage has no {name}")
            return
        if any(spec.role == attribute for spec in specs):
            return
        if isinstance(declared, dict) and attribute in declared:
            return  # it has a problem of its own
        kind = name.removesuffix("s")
        raise UnknownNameError(
            f"'{placeholder.text}' is no {kind} of the stage", attribute, [spec.role for spec in specs]
        )

    def _param(self, placeholder: Placeholder) -> Sequence[JSON]:
        """The parameter's value, as the words that it becomes."""
        params, name = self.known.params, placeholder.attribute
        if name is None:
            raise UnexpectedError(f"'{placeholder.text}' names no parameter", "write '{params.NAME}'")
        if name in self.known.param_tables:
            below = next((param for param in params if param.startswith(f"{name}.")), f"{name}.NAME")
            raise UnexpectedError(f"'{placeholder.text}' is a table of parameters", f"write '{{params.{below}}}'")
        if name not in params:
            raise UnknownNameError(f"'{placeholder.text}' is no parameter", name, params)
        value = params[name]
        words = value if isinstance(value, (list, tuple)) else [value]
        return [word for word in words if isinstance(word, (str, int, float))]

    def _unknown(self, placeholder: Placeholder) -> UnexpectedError:
        """A word in braces that is no placeholder: likely a slip, else text that needs doubled braces."""
        name, text = placeholder.name, placeholder.text
        literal = f"write '{{{text}}}' for the text itself"
        if name in self.dimensions:
            return UnexpectedError(f"'{text}' asks for a part of a dimension's value, which has none", literal)
        if name in self.known.paths.dimensions:
            return UnexpectedError(
                f"'{text}' is a dimension, but none of the stage's", f"add {quoted(name)} to 'dimensions', or {literal}"
            )
        nearest = self._nearest(name)
        hint = f"did you mean '{{{nearest}}}'? Or {literal}" if nearest else literal
        return UnexpectedError(f"'{text}' is no placeholder", hint)

    def _nearest(self, name: str) -> str | None:
        """What the word may have meant: what is called so, else what is spelt nearly so."""
        choices = [f"{side}.{spec.role}" for side, specs in self.specs.items() for spec in specs]
        choices += [f"params.{param}" for param in self.known.params]
        for choice in choices:
            if choice.partition(".")[2] == name:
                return choice
        return self.table.nearest(name, [*choices, "inputs", "outputs", *self.dimensions])
